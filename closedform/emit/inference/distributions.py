"""Tail probabilities of Student's t, of F and of the normal distribution, and quantiles of t, right to the last digits.

Each is a regularised incomplete beta function (DLMF 8.17; Abramowitz and Stegun 26.5.27, 26.6.2) or erfc in FLINT's ball
arithmetic: the precision is raised until the proved radius is below half a unit of double precision, in far tails too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from statistics import NormalDist

from flint import arb, ctx

_PRECISIONS = (128, 256, 512, 1024)
_UNIT = 2.0**-53


def student_two_sided(t: float, degrees: float) -> float:
    """P(|T| >= |t|) of Student's T, of a normal variable when ``degrees`` is infinite; nan without degrees of freedom.

    >>> student_two_sided(1.0, 1)
    0.5
    """
    if math.isnan(t) or not degrees > 0:
        return math.nan
    if math.isinf(t):
        return 0.0
    if math.isinf(degrees):
        return _rounded(lambda: (abs(arb(t)) / arb(2).sqrt()).erfc())
    return _tail(degrees, lambda: arb(t) ** 2, degrees / 2, 0.5)


def fisher_upper(f: float, numerator: float, denominator: float) -> float:
    """P(F >= f) of the F distribution; nan where one of the degrees of freedom is missing.

    >>> fisher_upper(1.0, 2, 2)
    0.5
    """
    if math.isnan(f) or not (numerator > 0 and denominator > 0):
        return math.nan
    if f <= 0:
        return 1.0
    return 0.0 if math.isinf(f) else _tail(denominator, lambda: arb(f) * numerator, denominator / 2, numerator / 2)


@lru_cache(maxsize=64)
def student_quantile(level: float, degrees: float) -> float:
    """The t with P(|T| <= t) = ``level``: Newton's method for log P(|T| >= t) as a function of log t.

    That function is concave, so the steps are monotone after the first one.

    >>> round(student_quantile(0.95, 10), 12)
    2.228138851986
    """
    if not 0 < level < 1 or not degrees > 0:
        return math.nan
    tail = 1 - level
    t = NormalDist().inv_cdf(1 - tail / 2)
    for _ in range(100):
        p = student_two_sided(t, degrees)
        step = (math.log(p) - math.log(tail)) * p / (2 * t * _density(t, degrees))
        t *= math.exp(max(-2.0, min(2.0, step)))
        if abs(step) < 4 * _UNIT:
            break
    return t


def _density(t: float, degrees: float) -> float:
    """Student's density, to the few digits that a Newton step needs."""
    if degrees > 1e8:
        return math.exp(-t * t / 2) / math.sqrt(2 * math.pi)
    constant = math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2)
    return math.exp(constant - (degrees + 1) / 2 * math.log1p(t * t / degrees)) / math.sqrt(degrees * math.pi)


def _tail(rest: float, other: Callable[[], arb], a: float, b: float) -> float:
    """I_x(a, b) at x = rest/(rest + other), by the complement where x is near one and the value is not small."""

    def value() -> arb:
        part = other()
        whole = rest + part
        if part < rest * 1e-3 and (above := 1 - (part / whole).beta_lower(b, a, 1)) > 0.1:
            return above
        return (rest / whole).beta_lower(a, b, 1)

    return _rounded(value)


def _rounded(value: Callable[[], arb]) -> float:
    """The nearest double, as nearly as the last precision tells it."""
    for precision in _PRECISIONS:
        with ctx.workprec(precision):
            ball = value()
            middle = ball.mid()
            if ball.is_finite() and ball.rad() <= abs(middle) * _UNIT:
                return float(middle)
    return math.nan
