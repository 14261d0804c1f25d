"""All complex roots of a polynomial over Q, each with a proved radius, at any precision.

FLINT splits off multiple roots; a polynomial in x^k is solved in x^k. Sources of the enclosures: up to a small degree
FLINT's ``complex_roots``, from there ``discs``. A root is real exactly when its imaginary part is the exact zero. Here the
balls become decimals, every rounding outward and exact in rational arithmetic.
"""

from __future__ import annotations

import importlib
import math
from dataclasses import replace
from functools import cache
from itertools import chain, combinations
from typing import Any, cast

import flint
from flint import acb, arb, fmpq, fmpz, fmpz_poly

from closedform.algebra.newton import Unsuited
from closedform.budget import Budget
from closedform.errors import CallError
from closedform.frozen import record
from closedform.kernel.reading import decimal

MAX_DEGREE = 2_000  # FLINT's refinement is quadratic and more; past this it does not end in a minute
QUICK_DEGREE, QUICK_BITS = 24, 400  # FLINT is as quick up to this degree, divided by 1 + bits/400;
QUICK_TALL = 34  # up to this one where a coefficient has more bits than the degree: doubles hardly tell the roots apart
TALL = 1000  # degree times bits: x^10 - 2*(10^50*x - 1)^2 takes FLINT 8 s, and 0.05 s with 10^20


@record
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


def enclose(f: fmpz_poly, bits: int, budget: Budget | None = None, by_flint: bool = True) -> list[tuple[acb, int]]:
    """Disjoint balls, one for each distinct root of f, with multiplicities; relative accuracy about ``bits``.

    Real roots come first, in increasing order, with an exactly zero imaginary part. Where floating point finds no start,
    FLINT isolates the roots in a call that no budget ends; ``by_flint=False`` raises ``Unsuited`` instead.

    >>> [(round(float(z.real.mid()), 3), m) for z, m in enclose(fmpz_poly([2, -3, 0, 1]), 64)]
    [(-2.0, 1), (1.0, 2)]
    """
    budget, bits, parts = budget or Budget.of(math.inf), max(bits, 32), f.factor_squarefree()[1]
    while True:
        found = [[(z, int(m)) for z in _distinct(s, bits, budget, by_flint)] for s, m in parts]
        if not any(a.overlaps(b) for one, two in combinations(found, 2) for a, _ in one for b, _ in two):
            return sorted(chain(*found), key=lambda item: _order(item[0]))
        budget.check()
        bits *= 2  # parts have no root in common, so their balls part


def tall(f: fmpz_poly) -> bool:
    """Whether two roots may be so close that FLINT, in a call that no deadline ends, may look for them for long."""
    return f.degree() > 2 and f.degree() * f.height_bits() > TALL


def _distinct(f: fmpz_poly, bits: int, budget: Budget, by_flint: bool) -> list[acb]:
    """Disjoint balls around the roots of f, which has no multiple root."""
    zero = [acb(0)] if f[0] == 0 else []
    g, k = (f.right_shift(1) if zero else f).deflation()
    if g.degree() < 1:
        return zero
    more = bits + 2 * int(k).bit_length()
    balls = list[acb]()
    if g.degree() * (1 + more / QUICK_BITS) > (QUICK_TALL if g.height_bits() > g.degree() else QUICK_DEGREE) or tall(g):
        discs = importlib.import_module("closedform.algebra.discs")  # with NumPy, which small degrees need not wait for
        try:
            balls = discs.all_discs(g, more, budget)
        except Unsuited:
            if not by_flint:
                raise
    if not balls:
        with flint.ctx.workprec(more):
            balls = [z for z, _ in cast(list[tuple[acb, int]], g.complex_roots())]
    return zero + (balls if k == 1 else [root for y in balls for root in _radicals(y, int(k), more)])


def _radicals(y: acb, k: int, bits: int) -> list[acb]:
    """The k numbers whose k-th power is y, real and imaginary ones exactly so."""
    out = list[acb]()
    with flint.ctx.workprec(max(bits, min(y.rel_accuracy_bits(), 8 * bits)) + 16):
        if y.imag != 0:
            first = y.root(k)
            return [first * acb(*_turn(fmpq(2 * j, k))) for j in range(k)]
        size = abs(y.real).root(k)
        for j in range(k):
            cos, sin = _turn(fmpq(2 * j + (y.real < 0), k))
            out.append(acb(size * cos, size * sin))
    return out


def _turn(half_turns: fmpq) -> tuple[arb, arb]:
    sin, cos = arb.sin_cos_pi_fmpq(half_turns)
    return cos, sin


def isolate_real(f: fmpz_poly, bits: int = 64) -> list[tuple[arb, int]]:
    """Disjoint balls, one for each distinct real root of f, in increasing order, with multiplicities.

    >>> [(float(ball.mid()), m) for ball, m in isolate_real(fmpz_poly([0, 0, -3, 1]))]
    [(0.0, 2), (3.0, 1)]
    """
    return [(z.real, m) for z, m in enclose(f, bits) if z.imag == 0]


def _order(z: acb) -> tuple[int, arb | float, float]:
    """Real roots first, increasing (middles compare exactly); the others about by real part, the upper one first."""
    if z.imag == 0:
        return 0, z.real.mid(), 0.0
    try:
        return 1, float(z.real.mid()), -float(z.imag.mid())
    except OverflowError:
        return 1, 0.0, 0.0


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
    text, error, bits = _rounded(ball, places)
    return text, fmpq(error, _power_of_ten(max(places, 0)) << bits)


def _rounded(ball: arb, places: int) -> tuple[str, fmpz, int]:
    """The decimal, and the bound in units of ``2**-bits * 10**-max(places, 0)``."""
    (mantissa, exponent), (wide, shift) = ball.mid().man_exp(), ball.rad().man_exp()
    bits = max(0, -int(exponent), -int(shift))
    middle, radius = mantissa << (bits + int(exponent)), wide << (bits + int(shift))
    ten, unit = _power_of_ten(abs(places)), fmpz(1) << bits
    if places >= 0:
        middle, radius = middle * ten, radius * ten
    else:
        unit *= ten
    whole = (2 * middle + unit) // (2 * unit)
    return _decimal(whole, places), abs(middle - whole * unit) + radius, bits


@cache
def _power_of_ten(k: int) -> fmpz:
    return fmpz(10) ** k


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
    return _ratio_text(bound.p, bound.q)


def _ratio_text(above: fmpz, below: fmpz) -> str:
    if above == 0:
        return "0"
    size = _magnitude(above, below)
    more = 1 - size
    scaled = int(-((-above * _power_of_ten(more) if more > 0 else -above) // (below * _power_of_ten(max(0, -more)))))
    if scaled >= 100:
        scaled, size = 10, size + 1
    head, tail = divmod(scaled, 10)
    return f"{head}.{tail}e{size}" if tail else f"{head}e{size}"


def magnitude(value: fmpq) -> int:
    """floor(log10(value)) for value > 0, without leaving the integers."""
    return _magnitude(value.p, value.q)


def _magnitude(above: fmpz, below: fmpz) -> int:
    low = math.floor((above.bit_length() - below.bit_length() - 1) * math.log10(2) - 1e-9)
    while _at_least(above, below, low + 1):
        low += 1
    return low


def _at_least(above: fmpz, below: fmpz, size: int) -> bool:
    """above/below >= 10**size"""
    return bool(above * _power_of_ten(max(0, -size)) >= below * _power_of_ten(max(0, size)))


def rounded(z: acb, multiplicity: int, digits: int) -> Root:
    """The ball as decimals with ``digits`` significant digits (of the larger part)."""
    mantissa, exponent = abs(z).mid().man_exp()
    up, down = max(0, int(exponent)), max(0, -int(exponent))
    places = digits - 1 - _magnitude(mantissa << up, fmpz(1) << down) if mantissa else digits
    re, first, bits = _rounded(z.real, places)
    if z.imag == 0:
        im, real = "0", True
    else:
        im, second, finest = _rounded(z.imag, places)
        most = max(bits, finest)
        first, bits, real = (first << (most - bits)) + (second << (most - finest)), most, False
    radius = _ratio_text(first, _power_of_ten(max(places, 0)) << bits)
    return Root(re, im, radius, multiplicity, real)


def all_roots(f: fmpz_poly, digits: int, budget: Budget, by_flint: bool = True) -> tuple[Root, ...]:
    """Every complex root of f with ``digits`` significant digits and a proved radius; multiplicities proved.

    ``by_flint`` as for ``enclose``.

    >>> [r.re for r in all_roots(fmpz_poly([-2, 0, 1]), 10, Budget.of(10))]
    ['-1.414213562', '1.414213562']
    """
    budget.check()
    if f.degree() > MAX_DEGREE:
        squarefree = [s for s, _ in f.factor_squarefree()[1]]
        if sum(s.degree() for s in squarefree) > MAX_DEGREE:
            raise CallError(
                f"enclosing all roots of a polynomial of degree {f.degree()} would not end in time; "
                f"the limit is degree {MAX_DEGREE}"
            )
    out = _listed(f, digits, budget, by_flint)
    while _one_twice(out):  # roots closer than the digits wanted: more digits for all
        budget.check()
        digits *= 2
        out = _listed(f, digits, budget, by_flint)
    return tuple(out)


def _one_twice(roots: list[Root]) -> bool:
    """Do two roots have the same decimals, however written?"""
    alike = dict[complex, list[Root]]()
    for r in roots:
        alike.setdefault(complex(r), []).append(r)
    groups = [g for g in alike.values() if len(g) > 1]
    return any(len({(decimal(r.re, "re"), decimal(r.im, "im")) for r in g}) < len(g) for g in groups)


def _listed(f: fmpz_poly, digits: int, budget: Budget, by_flint: bool) -> list[Root]:
    out, before = list[Root](), acb(0)
    for z, m in enclose(f, _bits(digits), budget, by_flint):
        budget.check()
        # Balls of one middle, each with one root: the root of one is the conjugate of the other's.
        mirrored = z.imag < 0 and z.real.mid() == before.real.mid() and z.imag.mid() + before.imag.mid() == 0
        out.append(replace(out[-1], im=f"-{out[-1].im}") if mirrored else rounded(z, m, digits))
        before = z
    return out


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
