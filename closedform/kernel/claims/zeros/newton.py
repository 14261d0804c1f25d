"""Critical points by Newton's test: a box that its step does not leave has one zero."""

from __future__ import annotations

from flint import arb, arb_mat, fmpq

from closedform.kernel.algebra.inertia import inertia
from closedform.kernel.claims.critical_points import Proved, Given, Point, apart
from closedform.kernel.expressions.balls import evaluate
from closedform.kernel.expressions.jets import Jet, jet
from closedform.kernel.reading import Json, decimal, fields, refuse, sequence


def found(given: Given, points: list[Point], evidence: dict[str, Json]) -> Proved:
    """Each point has a box of its own, at least as wide as its radius."""
    jacobians = dict[int, list[list[arb]]]()
    hints = sequence(evidence.get("points", [{} for _ in points]), "points")
    for point, hint in zip(points, hints, strict=True):
        wide = fields(fields(hint, (), ("box",)).get("box", point.claimed["radius"]), tuple(given.unknowns))
        jacobians[id(point)] = by_newton(given, point, [decimal(wide[x], x) for x in given.unknowns])
        if "exact" in point.claimed:
            refuse("Newton's test knows no exact values")
    if any(not apart(p.ball, q.ball) for i, p in enumerate(points) for q in points[:i]):
        refuse("two of the points may be the same")
    return Proved(lambda point: inertia(jacobians[id(point)]) or inertia_at(given, point.ball))


def system(given: Given, box: list[arb], jacobian: bool) -> tuple[list[arb], list[list[arb]]]:
    """The functions that must vanish, and their Jacobian, on a box."""
    k, values = len(given.unknowns), dict(zip(given.unknowns, box, strict=True))
    place = {x: i for i, x in enumerate(given.unknowns)}
    if given.loss is not None:
        whole = jet(given.loss, place, values, given.columns, jacobian)
        return [whole.first.get(i, arb(0)) for i in range(k)], _hessian(whole, k) if jacobian else []
    if not jacobian:
        return [evaluate(e, values, given.columns) for e in given.equations], []
    jets = [jet(e, place, values, given.columns) for e in given.equations]
    return [j.value for j in jets], [[j.first.get(i, arb(0)) for i in range(k)] for j in jets]


def _hessian(whole: Jet, k: int) -> list[list[arb]]:
    return [[whole.second.get((min(i, j), max(i, j)), arb(0)) for j in range(k)] for i in range(k)]


def by_newton(given: Given, point: Point, radii: list[fmpq]) -> list[list[arb]]:
    """Enclose the one zero within ``radii`` of the centre in the point's ball; the Jacobian on that box.

    Refused where Newton's step shows none.
    """
    middle = [arb(c) for c in point.centre]
    _, jacobian = system(given, [arb(c, r) for c, r in zip(middle, map(arb, radii), strict=True)], True)
    values, _ = system(given, middle, False)
    step = arb_mat(jacobian).solve(arb_mat([[v] for v in values])).entries()  # an error where it is not square
    if not all(bool(abs(s) < arb(r)) for s, r in zip(step, radii, strict=True)):
        refuse("Newton's step leaves the box")
    point.ball = [m - s for m, s in zip(middle, step, strict=True)]
    if not point.holds(point.ball):
        refuse("the zero is not proved to lie within the radius")
    return jacobian


def inertia_at(given: Given, ball: list[arb]) -> tuple[int, int, int] | None:
    """The signs of the Hessian of the loss, the same at every point of the ball; None where they are open."""
    return inertia(system(given, ball, True)[1])
