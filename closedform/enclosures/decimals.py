"""Balls as decimals: a text, and a radius within which the true value lies; every rounding outward."""

from __future__ import annotations

from flint import arb

from closedform.algebra.roots import exact, magnitude, radius_text, round_ball


def decimal_text(ball: arb, digits: int) -> tuple[str, str]:
    """(numeric, radius) with ``digits`` significant digits: |true - numeric| <= radius, proved.

    >>> decimal_text(arb(2).sqrt(), 8)
    ('1.4142136', '3.8e-8')
    """
    middle = abs(exact(ball.mid()))
    spread = exact(ball.rad())
    places = digits - 1 - magnitude(middle) if middle > spread and middle > 0 else digits
    numeric, bound = round_ball(ball, places)
    return numeric, radius_text(bound)
