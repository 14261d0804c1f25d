"""No other critical point: as many complex zeros are shown as there can be."""

from __future__ import annotations

from collections.abc import Callable

from flint import acb, acb_mat, arb, fmpq_mpoly

from closedform.kernel.algebra.rational import value_at
from closedform.kernel.claims.critical_points import Given, Point, apart
from closedform.kernel.claims.zeros.rational_gradient import poles, quotients
from closedform.kernel.reading import Json, decimal, fields, integer, refuse, sequence

Bound = Callable[[list[fmpq_mpoly], list[int]], int]  # of the zeros of equations, when some unknowns are gone


def counted(given: Given, points: list[Point], how: dict[str, Json], box: Json, bound: Bound) -> tuple[int | None, str]:
    """The number of complex zeros of a polynomial system; None where it may, as written, have no value at one of them."""
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
    zero, every = poles(given)
    known = every and all(not value_at(p, z, acb).contains(acb(0)) for p in zero for z in boxes)
    return most if known else None, ""


def without_solved(system: list[fmpq_mpoly], value: Json) -> tuple[list[fmpq_mpoly], list[int]]:
    """The equations left and the unknowns gone, by pairs of an equation's place among those left and its linear unknown's."""
    gone = list[int]()
    for pair in sequence(value, "solved", 1000):
        i, x = (integer(v, "solved", 0, 10_000) for v in sequence(pair, "solved", 2))
        factor = system[i].derivative(x)
        if factor.is_zero() or not factor.is_constant():
            refuse("an equation is not solved for an unknown")
        gens = list(system[i].context().gens())
        gens[x] = gens[x] - system[i] / factor.leading_coefficient()
        system = [f.compose(*gens) for f in (*system[:i], *system[i + 1 :])]
        gone.append(x)
    return system, gone


def _complex_zero(given: Given, system: list[fmpq_mpoly], value: Json) -> list[acb]:
    claimed, k = fields(value, ("numeric", "radius")), len(given.unknowns)
    numeric, radius = fields(claimed["numeric"], tuple(given.unknowns)), arb(decimal(claimed["radius"], "radius"))
    pairs = [[arb(decimal(v, "numeric")) for v in sequence(numeric[x], "numeric", 2)] for x in given.unknowns]
    middle = [acb(re, im) for re, im in pairs]
    ball = [acb(arb(re, radius), arb(im, radius)) for re, im in pairs]
    jacobian = acb_mat([[value_at(f.derivative(i), ball, acb) for i in range(k)] for f in system])
    step = jacobian.solve(acb_mat([[value_at(f, middle, acb)] for f in system])).entries()
    if not all(bool(abs(s.real) < radius) and bool(abs(s.imag) < radius) for s in step):
        refuse("Newton's step leaves the box of a complex zero")
    return [m - s for m, s in zip(middle, step, strict=True)]
