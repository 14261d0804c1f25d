"""All complex roots of a squarefree integer polynomial in balls, isolated once and refined by Newton's step.

FLINT isolates (Arb's ``arb_fmpz_poly_complex_roots``); asking it anew for each precision costs many times the refinement.
A ball B with the one root in it is replaced by m - f(m)/f'(B), m its middle: the root lies there, since f(m) is the
distance from it times a mean of f' over B, and balls are convex.
"""

from __future__ import annotations

from functools import lru_cache
from typing import cast

from flint import acb, acb_poly, arb, ctx, fmpz_poly


def roots_at(f: fmpz_poly, bits: int) -> list[acb]:
    """Every root in a ball of its own, of radius at most 2^-bits (1 + |root|); a real one has imaginary part exactly zero.

    >>> [r.real.str(10, radius=False) for r in roots_at(fmpz_poly([-2, 0, 1]), 100)]
    ['-1.414213562', '1.414213562']
    """
    with ctx.workprec(max(bits, 64) + 20):  # FLINT's balls may be wider than asked for
        return [_refined(f, r, bits) for r in _isolated(tuple(int(c) for c in f.coeffs()))]


def real_roots_at(f: fmpz_poly, bits: int) -> list[arb]:
    """The real ones alone."""
    with ctx.workprec(max(bits, 64) + 20):
        return [_refined(f, r, bits).real for r in _isolated(tuple(int(c) for c in f.coeffs())) if r.imag.is_zero()]


def count_real(f: fmpz_poly) -> int:
    """How many roots are real."""
    return sum(1 for r in _isolated(tuple(int(c) for c in f.coeffs())) if r.imag.is_zero())


@lru_cache(maxsize=256)
def _isolated(coefficients: tuple[int, ...]) -> tuple[acb, ...]:
    with ctx.workprec(64):
        found = cast(list[tuple[acb, int]], fmpz_poly(list(coefficients)).complex_roots())
    return tuple(acb(r) for r, _ in found)


def _refined(f: fmpz_poly, ball: acb, bits: int) -> acb:
    real, extra = bool(ball.imag.is_zero()), 30 + 2 * f.degree()
    last = _bits_right(ball)
    while last < bits:
        goal = min(2 * last, bits) + 8
        with ctx.workprec(goal + extra):
            value, slope = acb_poly(f), acb_poly(f.derivative())
            middle = acb(ball.mid())
            new = middle - value(middle) / slope(ball)
            if real:
                new = acb(new.real)
        right = _bits_right(new) if new.is_finite() else 0
        if right > last:
            ball, last = new, right
        elif extra > 64 * (f.degree() + int(f.height_bits()) + bits):
            raise ArithmeticError("a root could not be refined")
        else:
            extra *= 2
    return ball


def _bits_right(ball: acb) -> int:
    """The largest b known with radius <= 2^-b (1 + |middle|), at most some more than those of the working precision."""
    if ball.is_exact():
        return 1 << 60
    with ctx.workprec(30):
        radius = abs(arb(ball.real.rad())) + abs(arb(ball.imag.rad()))
        ratio = radius / (1 + abs(ball.mid()))
        power = (ratio.log() / arb(2).log()).upper().ceil().unique_fmpz()
    return 0 if power is None else -int(power)
