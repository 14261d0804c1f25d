"""Quadratic forms of orthonormal columns: the least and the greatest are at eigenvectors (Ky Fan 1949).

For a symmetric S and a positive definite D, tr(W'*S*W) where W'*D*W is the identity is least at eigenvectors of S, in the
metric D, for the least eigenvalues, and greatest at those for the greatest. Every critical point is made of eigenvectors:
S*W = D*W*L with L symmetric, which an orthogonal factor makes diagonal.
"""

from __future__ import annotations

from math import prod

from flint import fmpq

from closedform.kernel.algebra.matrices import HEADS
from closedform.kernel.expressions.infix import infix
from closedform.kernel.expressions.tree import MINUS, Tree, free_names
from closedform.kernel.headlines.consequences import Consequences
from closedform.kernel.headlines.matrices.convexity import KnownLetters, letters_of, split
from closedform.kernel.headlines.text import parse
from closedform.kernel.reading import Json, Refused, mapping

ENDS = {"largest_eigenvectors": -1, "smallest_eigenvectors": 1}  # by the sign of what is minimised


def eigenvectors(question: Consequences, claimed: Json) -> bool:
    """Whether a formula says eigenvectors of the matrix of the loss, from the end of its spectrum where that is least."""
    if question.loss is None or len(question.unknowns) != 1 or not isinstance(claimed, dict) or not question.everywhere:
        return False
    (u,), given = question.unknowns, letters_of(question)
    try:
        text = mapping(claimed.get("unknown"), "formula").get(u)
        tree = parse(str(text), (), {**HEADS, **dict.fromkeys(ENDS, -1)})
    except Refused:
        return False
    if not isinstance(tree, tuple) or tree[0] not in ENDS or len(tree) < 3 or question.properties.get(u):
        return False
    matrix, *metric, count = tree[1:]
    factors = split("*", question.minimised)
    numbers, rest = [a for a in factors if isinstance(a, fmpq)], [a for a in factors if not isinstance(a, fmpq)]
    below = [a for a in rest if isinstance(a, tuple) and a[0] == "^" and a[2] == MINUS]
    if question.constraints:
        trace = rest[0] if len(rest) == 1 else None
        inside = given.flat(trace[1]) if isinstance(trace, tuple) and trace[0] == "tr" else []
        own = _constraint(question, given)
    else:  # of one column, by its length
        inside = [f for a in rest if a not in below for f in given.flat(a)]
        base = below[0][1] if len(below) == 1 else fmpq(1)
        own = _around(given.flat(base), u, given)
        own = own if question.shapes.get(u, ["", ""])[1] == "1" else None
    middle = _around(inside, u, given)
    if not middle or own is None or len(own) > 1 or not all(map(given.spd, own)):
        return False
    if u in free_names(("*", *middle)) or middle != [given.flipped(f) for f in reversed(middle)]:
        return False
    same = given.flat(matrix) == middle and metric == own and infix(count) == question.shapes[u][1]
    return same and prod(numbers, start=fmpq(1)) * ENDS[str(tree[0])] > 0


def _around(factors: list[Tree], u: str, given: KnownLetters) -> list[Tree] | None:
    """What stands between u' and u in a product."""
    return factors[1:-1] if len(factors) > 1 and factors[-1] == u and factors[0] == given.flipped(u) else None


def _constraint(question: Consequences, given: KnownLetters) -> list[Tree] | None:
    """The metric, [] or [D], where the one constraint says that the columns are orthonormal."""
    u, terms = question.unknowns[0], split("+", question.constraints[0])
    side = question.shapes.get(u, ["", ""])[1]
    if len(question.constraints) != 1 or len(terms) != 2 or terms[1] != ("*", MINUS, ("eye", side)):
        return None
    return _around(given.flat(terms[0]), u, given)
