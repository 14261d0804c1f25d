"""Angles as written: rational multiples of pi, and parts of an arc cosine."""

from __future__ import annotations

from flint import fmpq

from closedform.kernel.expressions.tree import MINUS, ONE, ZERO, Tree, mul

HALF = fmpq(1, 2)


def multiple_of(tree: Tree, atoms: tuple[str, ...]) -> fmpq | None:
    """r where the tree is r times exactly these constants."""
    found, r, todo = list[str](), ONE, [tree]
    while todo:
        t = todo.pop()
        if isinstance(t, fmpq):
            r *= t
        elif isinstance(t, tuple) and t[0] == "*":
            todo += t[1:]
        elif isinstance(t, tuple) and t[0] == "^" and isinstance(t[1], fmpq) and t[2] == MINUS and t[1] != 0:
            r /= t[1]
        elif isinstance(t, tuple) and t[0] in ("I", "pi"):
            found.append(str(t[0]))
        else:
            return None
    return r if sorted(found) == sorted(atoms) else None


def angle(tree: Tree) -> tuple[fmpq, fmpq, Tree | None] | None:
    """(t, r, a) where the tree is t pi + r acos(a), with asin(a) = pi/2 - acos(a); a is None where r is zero."""
    turn = multiple_of(tree, ("pi",))
    if turn is not None or tree == ZERO:
        return turn or ZERO, ZERO, None
    if not isinstance(tree, tuple):
        return None
    head, args = tree[0], tree[1:]
    if head in ("acos", "asin"):
        return (ZERO, ONE, args[0]) if head == "acos" else (HALF, MINUS, args[0])
    if head == "*":
        scale, inner = args[0], mul(*args[1:])
        found = angle(inner) if isinstance(scale, fmpq) else None
        return (found[0] * scale, found[1] * scale, found[2]) if found is not None and isinstance(scale, fmpq) else None
    parts = [angle(a) for a in args] if head == "+" else [None]
    found = [p for p in parts if p is not None]
    inside = [p for p in found if p[2] is not None]
    if len(found) < len(parts) or len(inside) > 1:
        return None
    turn = sum((p[0] for p in found), ZERO)
    return (turn, inside[0][1], inside[0][2]) if inside else (turn, ZERO, None)
