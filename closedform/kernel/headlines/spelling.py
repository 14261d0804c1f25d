"""One spelling for expressions that differ by order, by nested sums and products, or by a number before a sum."""

from __future__ import annotations

from flint import fmpq

from closedform.kernel.expressions.infix import infix
from closedform.kernel.expressions.tree import Tree, add, mul

HALF = fmpq(1, 2)


def spelled(tree: Tree) -> str:
    """The text of the tree in that spelling: trees of the same text have the same value wherever it is defined."""
    return infix(_ordered(tree))


def _ordered(tree: Tree) -> Tree:
    if not isinstance(tree, tuple):
        return tree
    head, args = str(tree[0]), [_ordered(a) for a in tree[1:]]
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
            return _ordered(("+", *(mul(number, a) for a in rest[1:])))
    return (out[0], *sorted(out[1:], key=infix))
