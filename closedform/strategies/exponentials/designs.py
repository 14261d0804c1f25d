"""The design behind a logistic loss, and its number of complex critical points counted in two independent ways."""

from __future__ import annotations

from flint import fmpq, fmpz_mpoly

from closedform.algebra.designs import Point, critical_count, distinct
from closedform.attempt import Finding, finding
from closedform.kernel.claims.descent_direction import summands
from closedform.kernel.reading import Refused
from closedform.strategies.exponentials.field import ExponentialSystem

MAX_POINTS = 60


def design(where: ExponentialSystem) -> list[Point] | None:
    """The points x, in exponents of the generators, when the loss is made of logarithms of 1 + t^x and linear parts."""
    fld = where.field
    if where.loss is None or any(how is None for how in where.of.values()):
        return None
    indices = [fld.names.index(n) for n in where.generators]
    out = list[Point]()
    try:
        for _, part, values in summands(where.loss, fmpq(1), {}, fld):
            factors = part[1:] if isinstance(part, tuple) and part[0] == "*" else (part,)
            inside = [a[1] for a in factors if isinstance(a, tuple) and a[0] == "log" and not isinstance(a[1], fmpq)]
            if not inside:
                continue
            above, below = fld.quotient(inside[0], values)
            for p in (above, below):
                x = _binomial(p, indices)
                if x is None:
                    return None
                out.append(x)
    except Refused:
        return None
    return distinct(out) or None


def _binomial(p: fmpz_mpoly, indices: list[int]) -> Point | None:
    """The x of c*t^a*(1 + t^x), zero for a single term; None for anything else."""
    exponents = [tuple(int(m[i]) for i in indices) for m in p.monoms()]
    if len(exponents) == 1:
        return (0,) * len(indices)
    others = {tuple(int(e) for i, e in enumerate(m) if i not in indices) for m in p.monoms()}
    if len(exponents) != 2 or p.coeffs()[0] != p.coeffs()[1] or len(others) != 1:
        return None
    return tuple(a - b for a, b in zip(*exponents, strict=True))


def three_on_a_line(points: list[Point] | None) -> bool:
    """Whether the design is an intercept and three values of one feature, in some coordinates of the plane.

    Then every positive root t of the eliminant is a critical point. With s < 0 each probability q_x would lie
    outside of [0, 1], above 1 for all x on one side of a threshold; but n_x q_x - k_x is orthogonal to (1) and (x),
    so its signs alternate over the three points. Hence s > 0, and by strict convexity there is exactly one such t.
    """
    if points is None or len(points) != 3 or len(points[0]) != 2:
        return False
    (a, b), (c, d), (e, f) = points
    return (c - a) * (f - b) == (d - b) * (e - a) and a * d != b * c


def about_design(where: ExponentialSystem, total: int | None) -> list[Finding]:
    """The Euler characteristic of the design beside the number of complex critical points that was computed."""
    points = design(where)
    if points is None or total is None or len(points) > MAX_POINTS:
        return []
    count = critical_count(points)
    if count is None:
        return []
    if total == count:
        return [finding("generic count of a design", points=len(points), count=count, found=total)]
    return [finding("generic count of a design", points=len(points), count=count, found=total)]
