"""What an expression, as it is written, needs to have a real value."""

from __future__ import annotations

from flint import fmpq

from closedform.kernel.expressions.tree import MINUS, ONE, TWO, ZERO, Relation, Tree, add, mul, power

Binding = tuple[str, Tree, Tree]  # an index with its limits


def requirements(tree: Tree) -> list[tuple[Relation, tuple[Binding, ...]]]:
    """What must hold for the tree, as written, to have a real value: each relation with the indices that run in it."""
    out = list[tuple[Relation, tuple[Binding, ...]]]()

    def walk(t: Tree, inside: tuple[Binding, ...]) -> None:
        if not isinstance(t, tuple):
            return
        if t[0] in ("sum", "prod"):
            walk(t[2], inside)
            walk(t[3], inside)
            walk(t[4], (*inside, (str(t[1]), t[2], t[3])))
            return
        for relation in _needs(str(t[0]), t[1:]):
            if not _evident(relation):
                out.append((relation, inside))
        for a in t[2:] if t[0] == "@" else t[1:]:
            walk(a, inside)

    walk(tree, ())
    return out


def _needs(head: str, args: tuple[Tree, ...]) -> list[Relation]:
    u = args[0] if args else ZERO
    if head == "^":
        exponent = args[1]
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
        "asin": [("<=", square, ONE)],
        "acos": [("<=", square, ONE)],
        "erfinv": [("<", square, ONE)],
        "gamma": [(">", u, ZERO)],
        "loggamma": [(">", u, ZERO)],
        "digamma": [(">", u, ZERO)],
        "trigamma": [(">", u, ZERO)],
        "zeta": [(">", u, ONE)],
        "lambertw": [(">=", mul(("e",), u), MINUS)],
        "besseli": [(">", args[-1] if args else ZERO, ZERO)],
        "besselj": [(">", args[-1] if args else ZERO, ZERO)],
        "atan2": [("!=", add(*(power(a, TWO) for a in args)) if args else ZERO, ZERO)],
        "I": [("=", ONE, ZERO)],
    }
    return table.get(head, [])


def _evident(relation: Relation) -> bool:
    op, a, b = relation
    if not isinstance(a, fmpq) or not isinstance(b, fmpq):
        return False
    return {">": a > b, ">=": a >= b, "<": a < b, "<=": a <= b, "!=": a != b, "=": a == b}[op]
