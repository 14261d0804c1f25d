"""Losses that are polynomials over Q in their unknowns as they are written, sums over the rows of a table carried out.

The exact reading is the kernel's (``kernel/algebra/rational.py``): a sum over rows goes in as the moments of its columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flint import fmpq, fmpq_mpoly

from closedform.expression import Node
from closedform.kernel.algebra.rational import quotient
from closedform.kernel.expressions.tree import read
from closedform.kernel.reading import Json, Refused

MAX_DEGREE = 200


def polynomial(tree: Json, columns: Mapping[str, list[fmpq]], unknowns: Sequence[str]) -> fmpq_mpoly | None:
    """The kernel tree ``tree`` as a polynomial in ``unknowns``; None where that would be too large.

    >>> tree = ["sum", "i", "1", "2", ["^", ["+", ["@", "x", "i"], "a"], "2"]]
    >>> polynomial(tree, {"x": [fmpq(1), fmpq(2)]}, ["a"])
    2*a^2 + 6*a + 5
    """
    try:
        whole = quotient(read(tree), list(unknowns), columns)
    except Refused:
        return None
    return whole.top if whole.bottom.is_constant() else None


def degree(node: Node, unknowns: frozenset[str], indices: frozenset[str] = frozenset()) -> int | None:
    """The degree in the unknowns as written; None where the node is no polynomial over Q, or of too high a degree.

    ``indices`` are the names that run over rows.
    """
    if node.head == "name":
        return 1 if node.name in unknowns else 0 if node.name in indices else None
    if node.head in ("num", "@"):
        return 0
    if node.head in ("sum", "prod"):
        index, low, high, body = node.children
        inner = degree(body, unknowns, indices | {str(index.name)})
        if inner is None or low.number is None or high.number is None:
            return None
        return inner if node.head == "sum" else _allowed(inner * max(int(high.number - low.number) + 1, 0))
    degrees = [degree(c, unknowns, indices) for c in node.children]
    known = [d for d in degrees if d is not None]
    if node.head not in ("+", "*", "^") or len(known) < len(degrees):
        return None
    if node.head != "^":
        return max(known) if node.head == "+" else _allowed(sum(known))
    exponent = node.children[1].number
    if exponent is None or exponent.denominator != 1 or (exponent < 0 and known[0]):
        return None
    return _allowed(known[0] * max(int(exponent), 0))


def _allowed(found: int) -> int | None:
    return found if found <= MAX_DEGREE else None
