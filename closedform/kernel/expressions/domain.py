"""What suffices for an expression, as it is written, to have a real value, and what of that it cannot do without."""

from __future__ import annotations

from flint import fmpq

from closedform.kernel.expressions.tree import MINUS, ONE, TWO, ZERO, Relation, Tree, add, mul, power

Binding = tuple[str, Tree, Tree]  # an index with its limits
NECESSARY = ("log", "sqrt", "tan", "asin", "acos", "erfinv", "lambertw", "atan2")  # no real value elsewhere


def requirements(tree: Tree, necessary: bool = False) -> list[tuple[Relation, tuple[Binding, ...]]]:
    """What suffices for a real value, with the indices that run in it; ``necessary``: what holds wherever it has one."""
    out = list[tuple[Relation, tuple[Binding, ...]]]()

    def walk(t: Tree, inside: tuple[Binding, ...]) -> None:
        if not isinstance(t, tuple):
            return
        if t[0] in ("sum", "prod"):
            walk(("+", t[2], t[3]), inside)
            return walk(t[4], (*inside, (str(t[1]), t[2], t[3])))
        for relation in _needs(str(t[0]), t[1:]):
            needed = t[0] in NECESSARY or (t[0] == "^" and isinstance(_number(t[2]), fmpq))
            if (needed or not necessary) and not _evident(relation):
                out.append((relation, inside))
        for a in t[2:] if t[0] == "@" else t[1:]:
            walk(a, inside)

    walk(tree, ())
    return out


def _needs(head: str, args: tuple[Tree, ...]) -> list[Relation]:
    u = args[0] if args else ZERO
    if head == "^":
        exponent = _number(args[1])
        if not isinstance(exponent, fmpq):
            return [(">", u, ZERO)]
        if exponent.q == 1:
            return [("!=", u, ZERO)] if exponent < 0 else []
        return [(">" if exponent < 0 else ">=", u, ZERO)]
    square = power(u, TWO)
    table: dict[str, list[Relation]] = {
        "log": [(">", u, ZERO)],
        "sqrt": [(">=", u, ZERO)],
        "tan": [("!=", ("cos", u), ZERO)],
        **{f: [("<=", square, ONE)] for f in ("asin", "acos")},
        "erfinv": [("<", square, ONE)],
        **{f: [(">", u, ZERO)] for f in ("gamma", "loggamma", "digamma", "trigamma")},
        "zeta": [(">", u, ONE)],
        "lambertw": [(">=", mul(("e",), u), MINUS)],
        **{f: [(">", args[-1] if args else ZERO, ZERO)] for f in ("besseli", "besselj")},
        "atan2": [("!=", add(*(power(a, TWO) for a in args)) if args else ZERO, ZERO)],
        "I": [("=", ONE, ZERO)],
    }
    return table.get(head, [])


def _number(tree: Tree) -> Tree:
    """The tree, with sums, products and quotients of numbers worked out."""
    if isinstance(tree, tuple) and tree[0] in ("+", "*"):
        return (add if tree[0] == "+" else mul)(*map(_number, tree[1:]))
    base = _number(tree[1]) if isinstance(tree, tuple) and tree[0] == "^" and tree[2] == MINUS else ZERO
    return 1 / base if isinstance(base, fmpq) and base != 0 else tree


def _evident(relation: Relation) -> bool:
    op, a, b = relation
    if not isinstance(a, fmpq) or not isinstance(b, fmpq):
        return False
    return {">": a > b, ">=": a >= b, "<": a < b, "<=": a <= b, "!=": a != b, "=": a == b}[op]
