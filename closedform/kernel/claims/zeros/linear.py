"""Critical points where the gradient is linear with rational coefficients."""

from __future__ import annotations

from flint import arb, fmpq, fmpq_mat

from closedform.kernel.algebra.inertia import inertia
from closedform.kernel.algebra.rational import value_at
from closedform.kernel.claims.critical_points import Proved, Given, Point, exact_values
from closedform.kernel.claims.zeros.rational_gradient import quotients, vanishing
from closedform.kernel.reading import Json, refuse


def found(given: Given, points: list[Point], evidence: dict[str, Json]) -> Proved:
    """The gradient is linear with rational coefficients, and has one zero, which is exact."""
    k = len(given.unknowns)
    rows, sides = list[list[fmpq]](), list[fmpq]()
    for f in quotients(given):
        if f.bottom.total_degree() > 0 or f.top.total_degree() > 1:
            refuse("the gradient is not linear")
        row, side = [fmpq(0)] * k, fmpq(0)
        for exponents, c in f.top.terms():
            if any(exponents):
                row[[int(e) for e in exponents].index(1)] = c
            else:
                side = -c
        rows.append(row)
        sides.append(side)
    exact = exact_values(points[0], given.unknowns) if len(points) == 1 else []
    if not exact or any(
        sum((a * v for a, v in zip(row, exact, strict=True)), fmpq(0)) != b for row, b in zip(rows, sides, strict=True)
    ):
        refuse("a linear system needs one exact point that solves it")
    if fmpq_mat(rows).rank() != k:
        refuse("the linear system has more than one solution")
    points[0].ball = [arb(v) for v in exact]
    points[0].vanishes = vanishing(given, lambda f: value_at(f.top, exact) == 0 != value_at(f.bottom, exact))
    if not points[0].holds(points[0].ball):
        refuse("the exact point is not within the radius")
    signs = inertia([[arb(v) for v in row] for row in rows]) or inertia(rows)
    return Proved(lambda point: signs, 1, True)
