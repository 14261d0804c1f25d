"""All complex roots of a polynomial over Q, each with a proved radius, at any precision.

Source of the enclosures: ``fmpz_poly.complex_roots`` (Arb's ``arb_fmpz_poly_complex_roots``): squarefree
decomposition, isolating balls refined to the working precision; a root is real exactly when its imaginary part is
the exact zero. Here the balls become decimals, every rounding outward and exact in rational arithmetic.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, cast

import flint
from flint import acb, arb, fmpq, fmpz, fmpz_poly

from closedform.budget import Budget
from closedform.errors import CallError

MAX_DEGREE = 2_000  # FLINT's refinement is quadratic and more; past this it does not end in a minute


@dataclass(frozen=True)
class Root:
    """One root in decimals: the true value lies within ``radius`` of ``re + im*I``; ``real`` is proved either way."""

    re: str
    im: str
    radius: str
    multiplicity: int
    real: bool

    @property
    def value(self) -> Any:
        """The decimals as a number of mpmath, real or complex, with all their digits."""
        mpmath = importlib.import_module("mpmath")  # 25 ms: for who asks for its numbers
        with mpmath.workdps(max(len(self.re), len(self.im), 15)):
            return mpmath.mpf(self.re) if self.real else mpmath.mpc(self.re, self.im)

    def __complex__(self) -> complex:
        return complex(float(self.re), float(self.im))

    def __float__(self) -> float:
        if not self.real:
            raise TypeError(f"the root {self.re} + {self.im}*I is not real")
        return float(self.re)


def enclose(f: fmpz_poly, bits: int) -> list[tuple[acb, int]]:
    """Disjoint balls, one for each distinct root of f, with multiplicities; relative accuracy about ``bits``.

    Real roots come first, in increasing order, with an exactly zero imaginary part.

    >>> [(round(float(z.real.mid()), 3), m) for z, m in enclose(fmpz_poly([2, -3, 0, 1]), 64)]
    [(-2.0, 1), (1.0, 2)]
    """
    with flint.ctx.workprec(max(bits, 32) + 16):
        parts = [(s, int(m)) for s, m in f.factor_squarefree()[1]]
        found = [(z, m) for s, m in parts for z, _ in cast(list[tuple[acb, int]], s.complex_roots())]
    return sorted(found, key=lambda item: _order(item[0]))


def isolate_real(f: fmpz_poly, bits: int = 64) -> list[tuple[arb, int]]:
    """Disjoint balls, one for each distinct real root of f, in increasing order, with multiplicities.

    >>> [(float(ball.mid()), m) for ball, m in isolate_real(fmpz_poly([0, 0, -3, 1]))]
    [(0.0, 2), (3.0, 1)]
    """
    return [(z.real, m) for z, m in enclose(f, bits) if z.imag == 0]


def _order(z: acb) -> tuple[int, float, float]:
    """Real roots first, increasing; then by real part, a conjugate pair side by side with the upper one first."""
    try:
        re, im = float(z.real.mid()), float(z.imag.mid())
    except OverflowError:
        re, im = 0.0, 0.0
    return (0, re, 0.0) if z.imag == 0 else (1, re, -im)


def exact(number: arb) -> fmpq:
    """The value of a ball without radius (a dyadic number) as a rational."""
    mantissa, exponent = number.man_exp()
    shift = int(exponent)
    if shift >= 0:
        return fmpq(mantissa << shift, 1)
    return fmpq(mantissa, fmpz(1) << -shift)


def round_ball(ball: arb, places: int) -> tuple[str, fmpq]:
    """The midpoint as a decimal with ``places`` digits behind the point, and a proved bound of |true - decimal|.

    ``places`` may be negative: the decimal is then a multiple of ``10**-places``, written with an exponent.
    """
    middle, radius = exact(ball.mid()), exact(ball.rad())
    scale = fmpq(10) ** places
    whole = (middle * scale + fmpq(1, 2)).floor()
    written = fmpq(whole) / scale
    error = abs(middle - written) + radius
    return _decimal(whole, places), error


def _decimal(whole: fmpz, places: int) -> str:
    """whole * 10**-places as text."""
    digits = str(abs(whole))
    sign = "-" if whole < 0 else ""
    if whole == 0:
        return "0"
    if 0 <= places < len(digits) + 6:
        digits = digits.rjust(places + 1, "0")
        head, tail = digits[: len(digits) - places], digits[len(digits) - places :]
        return f"{sign}{head}.{tail}" if tail else f"{sign}{head}"
    mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
    return f"{sign}{mantissa}e{len(digits) - 1 - places}"


def radius_text(bound: fmpq) -> str:
    """A decimal with two digits, at least ``bound`` and not much more.

    >>> radius_text(fmpq(1, 3)), radius_text(fmpq(0))
    ('3.4e-1', '0')
    """
    if bound == 0:
        return "0"
    size = magnitude(bound)
    scaled = (bound * fmpq(10) ** (1 - size)).ceil()
    if scaled >= 100:
        scaled, size = fmpz(10), size + 1
    head, tail = divmod(int(scaled), 10)
    return f"{head}.{tail}e{size}" if tail else f"{head}e{size}"


def magnitude(value: fmpq) -> int:
    """floor(log10(value)) for value > 0, without leaving the integers."""
    guess = len(str(value.p)) - len(str(value.q))
    while fmpq(10) ** guess > value:
        guess -= 1
    while fmpq(10) ** (guess + 1) <= value:
        guess += 1
    return guess


def rounded(z: acb, multiplicity: int, digits: int) -> Root:
    """The ball as decimals with ``digits`` significant digits (of the larger part)."""
    largest = exact(abs(z).mid())
    places = digits - 1 - magnitude(largest) if largest > 0 else digits
    re, first = round_ball(z.real, places)
    im, second = round_ball(z.imag, places)
    return Root(re, im, radius_text(first + second), multiplicity, bool(z.imag == 0))


def all_roots(f: fmpz_poly, digits: int, budget: Budget) -> tuple[Root, ...]:
    """Every complex root of f with ``digits`` significant digits and a proved radius; multiplicities proved.

    >>> [r.re for r in all_roots(fmpz_poly([-2, 0, 1]), 10, Budget.of(10))]
    ['-1.414213562', '1.414213562']
    """
    budget.check()
    if f.degree() > MAX_DEGREE:
        squarefree = [cast(fmpz_poly, s) for s, _ in f.factor_squarefree()[1]]
        if sum(s.degree() for s in squarefree) > MAX_DEGREE:
            raise CallError(
                f"enclosing all roots of a polynomial of degree {f.degree()} would not end in time; "
                f"the limit is degree {MAX_DEGREE}"
            )
    found = enclose(f, _bits(digits))
    out = [rounded(z, m, digits) for z, m in found]
    while len({(r.re, r.im) for r in out}) < len(out):  # roots closer than the digits wanted: more digits for all
        budget.check()
        digits *= 2
        found = enclose(f, _bits(digits))
        out = [rounded(z, m, digits) for z, m in found]
    return tuple(out)


def _bits(digits: int) -> int:
    return int(digits * 3.3220) + 16


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
