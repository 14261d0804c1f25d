"""Linear equations over Q, solved by FLINT: one solution, an affine family of them, or a contradiction.

Where they are the gradient of a quadratic loss, the signs of its eigenvalues say what the solution is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sympy as sp
from flint import arb, ctx, fmpq, fmpq_mat

from closedform.algebra import bridge
from closedform.attempt import finding
from closedform.budget import working_bits
from closedform.enclosures.certified import ListedPoint
from closedform.kernel.algebra.inertia import inertia as inertia_of
from closedform.kernel.certificate import Certificate
from closedform.points import Kind
from closedform.strategies.ending import Evidence, Found, FoundPoint

Certify = Callable[[ListedPoint], Certificate | None]


def solutions(
    unknowns: Sequence[Any],
    matrix: fmpq_mat,
    right: fmpq_mat,
    value: Callable[[fmpq_mat], Any] | None,
    certify: Certify,
    digits: int,
) -> Found:
    """All solutions of ``matrix * unknowns = right``; ``value`` is the loss of which this is the gradient, if it is one."""
    signs = _inertia(matrix) if value is not None else None
    if not (signs is not None and signs[2] == 0) and matrix.rank() < len(unknowns):
        return _family(unknowns, matrix, right, value, signs)
    solution = matrix.solve(right)
    exact = {u: bridge.sympy_rational(v) for u, v in zip(unknowns, solution.entries(), strict=True)}
    with ctx.workprec(working_bits(digits)):
        balls = {u.name: arb(v) for u, v in zip(unknowns, solution.entries(), strict=True)}
    record, index = Evidence(), None
    certificate = certify(ListedPoint(balls, signs, {u.name: v for u, v in exact.items()}))
    if certificate is not None:
        index = record.say("regular linear gradient", certificate=certificate)
    kind: Kind = "unclassified"
    if signs is not None:
        kind = "global minimum" if not signs[1] else "global maximum" if not signs[0] else "saddle"
    if kind == "global minimum":
        record.say("positive definite quadratic")
    loss = value(solution) if value is not None else None
    return Found((FoundPoint(exact, balls, kind, signs, 1, loss, certificate=index),), True, record, complex=1)


def _inertia(matrix: fmpq_mat) -> tuple[int, int, int] | None:
    """In balls, which is quick; exactly where an eigenvalue may be zero."""
    rows = matrix.tolist()
    with ctx.workprec(400):
        return inertia_of([[arb(v) for v in row] for row in rows]) or inertia_of(rows)


def _family(
    unknowns: Sequence[Any],
    matrix: fmpq_mat,
    right: fmpq_mat,
    value: Callable[[fmpq_mat], Any] | None,
    signs: tuple[int, int, int] | None,
) -> Found:
    n = len(unknowns)
    augmented = [[*row, b] for row, b in zip(matrix.tolist(), right.entries(), strict=True)]
    reduced, rank = fmpq_mat(augmented).rref()
    pivots = [next(j for j in range(n + 1) if reduced[i, j] != 0) for i in range(rank)]
    if n in pivots:
        record = Evidence(finding("linear equations contradict each other"))
        return Found((), True, record, none="the equations contradict each other")
    free = [j for j in range(n) if j not in pivots]
    one = {p: reduced[i, n] for i, p in enumerate(pivots)}  # the solution where the free unknowns are zero
    exact = dict[Any, Any](zip(unknowns, unknowns, strict=True))
    for i, p in enumerate(pivots):
        exact[unknowns[p]] = sp.Add(
            bridge.sympy_rational(one[p]), *(-bridge.sympy_rational(reduced[i, j]) * unknowns[j] for j in free)
        )
    loss = value(fmpq_mat([[one.get(j, fmpq(0))] for j in range(n)])) if value is not None else None
    record = Evidence(finding("affine family", dimension=len(free)))
    kind: Kind = "degenerate"
    if signs is not None and signs[1] == 0:
        kind = "global minimum"
        record.say("positive semidefinite quadratic")
    note = f"a family: {', '.join(unknowns[j].name for j in free)} free"
    return Found((FoundPoint(exact, None, kind, signs, loss=loss, note=note),), True, record)
