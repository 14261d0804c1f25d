"""Trees as text in the language of closedform."""

from __future__ import annotations

from flint import fmpq

from closedform.kernel.expressions.tree import MINUS, Tree, head_of, power


def infix(tree: Tree, above: int = 0) -> str:
    """The tree as a person would write it; ``above`` is the rank of what it stands in."""
    if isinstance(tree, str):
        return tree
    if isinstance(tree, fmpq) or head_of(tree) == "*" or _below(tree) is not None:
        out, level = _product(tree)
    elif tree[0] == "+":
        out, level = infix(tree[1], 1), 1
        for a in tree[2:]:
            minus = _negated(a)
            out += f" + {infix(a, 1)}" if minus is None else f" - {infix(minus, 1)}"
    elif tree[0] == "^":
        out, level = f"{infix(tree[1], 4)}^{infix(tree[2], 4)}", 3
    elif tree[0] == "transpose":
        out, level = f"{infix(tree[1], 4)}'", 4
    elif tree[0] == "@":
        return f"{tree[1]}[{infix(tree[2])}]"
    else:
        return str(tree[0]) if len(tree) == 1 else f"{tree[0]}({', '.join(infix(a) for a in tree[1:])})"
    return f"({out})" if above >= level else out


def _product(tree: Tree) -> tuple[str, int]:
    """A product, a quotient or a number, with its rank."""
    minus = _negated(tree)
    if minus is not None:
        return f"-{infix(minus, 1)}", 2
    top, bottom = list[str](), list[str]()
    for a in tree[1:] if head_of(tree) == "*" and isinstance(tree, tuple) else (tree,):
        below = _below(a)
        if isinstance(a, fmpq):
            top += [str(a.p)] if a.p != 1 else []
            bottom += [str(a.q)] if a.q != 1 else []
        elif below is not None:
            bottom.append(infix(below, 2))
        else:
            top.append(infix(a, 2 if top else 1))
    if not bottom and len(top) <= 1:
        return "".join(top) or "1", 5
    return "/".join(["*".join(top) or "1", *bottom]), 2


def _below(tree: Tree) -> Tree | None:
    """What the tree is the inverse of, where it is a power with a negative number above."""
    if isinstance(tree, tuple) and tree[0] == "^" and isinstance(tree[2], fmpq) and tree[2] < 0:
        return power(tree[1], -tree[2])
    return None


def _negated(tree: Tree) -> Tree | None:
    """The tree without its minus sign, None where it has none."""
    if isinstance(tree, fmpq):
        return -tree if tree < 0 else None
    if isinstance(tree, tuple) and tree[0] == "*":
        for i, a in enumerate(tree[1:], 1):
            if isinstance(a, fmpq) and a < 0:
                rest = (*tree[1:i], *(() if a == MINUS else (-a,)), *tree[i + 1 :])
                return rest[0] if len(rest) == 1 else ("*", *rest)
    return None
