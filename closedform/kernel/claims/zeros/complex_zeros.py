"""No other critical point: as many complex zeros are shown as there can be."""

from __future__ import annotations

from collections.abc import Callable

from flint import acb, acb_mat, arb, fmpq_mpoly

from closedform.kernel.algebra.rational import value_at
from closedform.kernel.algebra.standard_monomials import without_solved
from closedform.kernel.claims.critical_points import Given, Point, apart
from closedform.kernel.claims.zeros.rational_gradient import quotients
from closedform.kernel.reading import Json, decimal, fields, refuse, sequence

Bound = Callable[[list[fmpq_mpoly], list[int]], int]  # of the zeros of equations, when some unknowns are gone


def counted(given: Given, points: list[Point], how: dict[str, Json], box: Json, bound: Bound) -> tuple[int, str]:
    """The number of complex zeros of a polynomial system, where some equations may be solved for an unknown each before."""
    if box is not None:
        refuse("a box goes with the method cover")
    gradient = quotients(given)
    if any(not f.bottom.is_constant() for f in gradient):
        refuse("the equations are not polynomial")
    system = [f.top for f in gradient]
    most = bound(*without_solved(system, how.get("solved", [])))
    others = [_complex_zero(given, system, o) for o in sequence(how.get("others", []), "others", 5000)]
    boxes = [[acb(b) for b in p.ball] for p in points] + others + [[b.conjugate() for b in z] for z in others]
    if any(not apart(u, v) for i, u in enumerate(boxes) for v in boxes[:i]):
        refuse("two of the zeros may be the same")
    if len(boxes) != most:
        refuse(f"{len(boxes)} zeros, and up to {most} are possible")
    return most, ""


def _complex_zero(given: Given, system: list[fmpq_mpoly], value: Json) -> list[acb]:
    said, k = fields(value, ("numeric", "radius")), len(given.unknowns)
    numeric, radius = fields(said["numeric"], tuple(given.unknowns)), arb(decimal(said["radius"], "radius"))
    pairs = [[arb(decimal(v, "numeric")) for v in sequence(numeric[x], "numeric", 2)] for x in given.unknowns]
    middle = [acb(re, im) for re, im in pairs]
    ball = [acb(arb(re, radius), arb(im, radius)) for re, im in pairs]
    jacobian = acb_mat([[value_at(f.derivative(i), ball, acb) for i in range(k)] for f in system])
    step = jacobian.solve(acb_mat([[value_at(f, middle, acb)] for f in system])).entries()
    if not all(bool(abs(s.real) < radius) and bool(abs(s.imag) < radius) for s in step):
        refuse("Newton's step leaves the box of a complex zero")
    return [m - s for m, s in zip(middle, step, strict=True)]
