"""Critical points of one unknown with a rational gradient: the real roots of its numerator, all of them."""

from __future__ import annotations

from collections.abc import Callable

from flint import acb, arb, ctx, fmpz_poly

from closedform.kernel.algebra.polynomials import divides, enclosed_roots
from closedform.kernel.algebra.rational import Quotient, dense, value_at
from closedform.kernel.claims.critical_points import Proved, Given, Point, exact_values
from closedform.kernel.claims.zeros.rational_gradient import poles, quotients, vanishing
from closedform.kernel.reading import Json, refuse


def found(given: Given, points: list[Point], evidence: dict[str, Json]) -> Proved:
    """Every real root of the numerator is one claimed point or outside the domain."""
    whole = [f for f in quotients(given) if not f.top.is_zero()]
    if len(given.unknowns) != 1 or not whole:
        refuse("roots are listed for one unknown and an equation that is not zero everywhere")
    common = whole[0].top
    for f in whole[1:]:
        common = common.gcd(f.top)
    left, total, factors = list(points), 0, dict[int, fmpz_poly]()
    zero, every = poles(given)
    for factor, _ in dense(common).factor()[1]:
        if any(divides(factor, dense(p)) for p in zero):
            continue  # at complex roots, too, the problem has no value as it is written
        vanishes = vanishing(given, _on(factor))
        for ball in enclosed_roots(factor):
            total += 1
            if not ball.imag.is_zero() or not given.inside([ball.real], vanishes):
                continue
            owner = next((p for p in left if p.holds([ball.real])), None)
            if owner is None:
                refuse(f"the real root near {ball.real.str(15, radius=False)} is not among the points")
            owner.ball, owner.vanishes, factors[id(owner)] = [ball.real], vanishes, factor
            left.remove(owner)
    if left:
        refuse(f"{len(left)} of the points are no roots, or the same one twice")
    for point in points:
        if "exact" in point.claimed:
            _prove_exact(given, point)
    return Proved(
        lambda p: _inertia(whole[0], factors[id(p)], p), total if every and not given.relations else None, True
    )


def _on(factor: fmpz_poly) -> Callable[[Quotient], bool]:
    """What is zero at every root of an irreducible polynomial; where the top is, in lowest terms, the bottom is not."""
    return lambda f: divides(factor, dense(f.top))


def _prove_exact(given: Given, point: Point) -> None:
    """Refused unless the exact value is the root that the point stands for."""
    exact = exact_values(point, given.unknowns)
    if any(value_at(f.top, exact) != 0 for f in quotients(given)):
        refuse("the exact values are no critical point")
    if not point.holds([arb(v) for v in exact]):
        refuse("the exact point is not within the radius")


def _inertia(f: Quotient, factor: fmpz_poly, point: Point) -> tuple[int, int, int] | None:
    """The sign of the derivative of f at the root of the factor: that of the numerator's over the denominator."""
    slope = f.top.derivative(0)
    if divides(factor, dense(slope)):
        return (0, 0, 1)
    for bits in (ctx.prec, 8 * ctx.prec):
        with ctx.workprec(bits):
            (root,) = [r.real for r in enclosed_roots(factor) if r.overlaps(acb(point.ball[0]))]
            rate = value_at(slope, [root], arb) / value_at(f.bottom, [root], arb)
            if rate > 0 or rate < 0:
                return (1, 0, 0) if rate > 0 else (0, 1, 0)
    return None
