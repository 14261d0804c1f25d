"""How an expression is written: its class, and one spelling for those that differ by order, nesting or a number before a sum."""

from __future__ import annotations

from flint import fmpq

from closedform.kernel.expressions.infix import infix
from closedform.kernel.expressions.tree import Tree, add, mul

HALF = fmpq(1, 2)
ELEMENTARY_HEADS = {"exp", "log", "e"}
CLASSES = ("rational", "radical", "elementary", "lambert_w", "special")


def class_of(tree: Tree) -> str:
    """The class of an expression as it is written."""
    if not isinstance(tree, tuple):
        return "rational"
    inner = [class_of(a) for a in tree[1:]] or ["rational"]
    own = "rational"
    if tree[0] == "sqrt" or (tree[0] == "^" and isinstance(tree[2], fmpq) and tree[2].q != 1):
        own = "radical"
    elif tree[0] == "^" and not isinstance(tree[2], fmpq):
        own = "elementary"
    elif tree[0] == "lambertw":
        own = "lambert_w"
    elif tree[0] not in ("+", "*", "^", "sum", "prod", "@"):
        own = "elementary" if tree[0] in ELEMENTARY_HEADS else "radical" if tree[0] == "I" else "special"
    return max([own, *inner], key=CLASSES.index)


def spelled(tree: Tree) -> str:
    """The text of the tree in that spelling: trees of the same text have the same value wherever it is defined."""
    return infix(_canonical(tree))


def _canonical(tree: Tree) -> Tree:
    if not isinstance(tree, tuple):
        return tree
    head, args = str(tree[0]), [_canonical(a) for a in tree[1:]]
    if head == "sqrt":
        head, args = "^", [args[0], HALF]
    if head == "^" and isinstance(args[1], fmpq) and args[1].q == 1:
        base = args[0]  # (u^a)^n is u^(a*n) for a whole n
        if isinstance(base, tuple) and base[0] == "^" and isinstance(base[2], fmpq):
            args = [base[1], base[2] * args[1]]
    if head not in ("+", "*"):
        return (head, *args)
    out = add(*args) if head == "+" else mul(*args)
    if not isinstance(out, tuple) or out[0] not in ("+", "*"):
        return out
    if out[0] == "*" and len(out) == 3 and isinstance(out[1], fmpq):
        number, rest = out[1:]
        if isinstance(rest, tuple) and rest[0] == "+":
            return _canonical(("+", *(mul(number, a) for a in rest[1:])))
    return (out[0], *sorted(out[1:], key=infix))
