"""Values of a polynomial at points, in balls, and Newton's method from a disc that holds one root.

For f'(z)/f(z) = 1/(z - r) + S, where S is the sum over the roots other than r, a bound of S bounds the error of a step.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

from flint import acb, acb_mat, acb_poly, arb, arb_poly, ctx, fmpz_poly

from closedform.budget import Budget

ROUNDS = 20  # of the refinement, and as many as the precision doubles
DIRECT = 60  # degree up to which Horner's rule is used
SOME = 100  # points between two looks at the clock
REAL, PAIR, FREE = "real", "pair", "free"  # on the axis; above it, for its conjugate too; anywhere


class Unsuited(Exception):
    """Floating point finds no start, or Newton's method no end."""


@dataclass(eq=False)
class RootDisc:
    """A point with the disc around it; ``radius`` is None where none is known."""

    z: acb
    kind: str
    value: acb = field(default_factory=acb)
    slope: acb = field(default_factory=acb)
    bits: int = 0  # the precision of value and slope
    radius: arb | None = None
    noise: bool = False
    alone: bool = False
    rounds: int = 0
    separated: int = 0  # the precision at which a Taylor polynomial gave it
    pull: arb = field(default_factory=arb)  # at least |S| within half the radius


class Values:
    """f and its derivatives at points, with the polynomials in balls kept for each precision.

    Horner's rule in complex boxes may lose half a binary digit with each step: beyond a small degree the terms are taken
    in rows, all points at once.
    """

    def __init__(self, f: fmpz_poly) -> None:
        self.degree, self._taylor = f.degree(), [f]
        self._real, self._complex = dict[tuple[int, int], arb_poly](), dict[tuple[int, int], acb_poly]()
        self._rows = dict[int, acb_mat]()

    def at(self, z: acb, order: int, bits: int) -> acb:
        """f^(order)(z)/order!"""
        key = (order, bits)
        with ctx.workprec(bits):
            if z.imag == 0:
                if key not in self._real:
                    self._real[key] = arb_poly(self._derivative(order))
                return acb(self._real[key](z.real))
            if key not in self._complex:
                self._complex[key] = acb_poly(self._derivative(order))
            return self._complex[key](z)

    def many(self, points: Sequence[acb], order: int, bits: int) -> list[acb]:
        """The same at several points."""
        if self.degree <= DIRECT:
            return [self.at(z, order, bits) for z in points]
        apart = [k for k, z in enumerate(points) if z.imag != 0]
        with ctx.workprec(bits):
            off_axis = dict(zip(apart, self._in_rows([points[k] for k in apart], order), strict=True))
        return [off_axis[k] if k in off_axis else self.at(z, order, bits) for k, z in enumerate(points)]

    def _in_rows(self, points: list[acb], order: int) -> list[acb]:
        if not points:
            return []
        width = math.isqrt(self.degree) + 1
        if order not in self._rows:
            terms = self._derivative(order).coeffs()
            height = -(-len(terms) // width)
            self._rows[order] = acb_mat(height, width, terms + [0] * (height * width - len(terms)))
        powers = [_powers(z, width) for z in points]
        rows = (self._rows[order] * acb_mat(width, len(points), [p[k] for k in range(width) for p in powers])).tolist()
        out = list[acb]()
        for k, p in enumerate(powers):
            total = acb(0)
            for row in reversed(rows):
                total = total * p[width] + row[k]
            out.append(total)
        return out

    def _derivative(self, order: int) -> fmpz_poly:
        while len(self._taylor) <= order:
            k = len(self._taylor)
            self._taylor.append(fmpz_poly([c // k for c in self._taylor[-1].derivative().coeffs()]))
        return self._taylor[order]


def _powers(z: acb, last: int) -> list[acb]:
    out = [acb(1), z]
    for k in range(2, last + 1):
        out.append(out[k // 2] * out[k - k // 2])
    return out


def refined(values: Values, points: list[RootDisc], bits: int, budget: Budget) -> list[acb]:
    """The roots in the discs of points that are alone, to ``bits`` relative bits."""
    roots = [_Refinement(p) for p in points]
    left = roots
    for _ in range(ROUNDS + bits.bit_length()):
        left = [r for r in left if not r.step(bits)]
        if not left:
            return [r.ball for r in roots]
        for order in (0, 1):
            for precision in {r.needed[order] for r in left}:
                part = [r for r in left if r.needed[order] == precision]
                for start in range(0, len(part), SOME):
                    budget.check()
                    some = part[start : start + SOME]
                    for r, value in zip(some, values.many([r.z for r in some], order, precision), strict=True):
                        r.values[order] = value
    raise Unsuited


class _Refinement:
    """One root on its way to the precision wanted."""

    def __init__(self, point: RootDisc) -> None:
        self.z, self.values, self.needed = point.z, [point.value, point.slope], (point.bits, point.bits)
        self.ball, self._known = point.z, 1
        self._centre, self._radius, self._pull = point.z, cast(arb, point.radius), point.pull
        noise, size = log2(point.value.rad()), log2((abs(point.slope) * abs(point.z)).mid())
        self._lost = max(0, math.ceil(noise - size) + point.bits) if noise > -math.inf else 0

    def step(self, bits: int) -> bool:
        """Newton's step from the values at z; is the ball narrow enough?"""
        with ctx.workprec(self.needed[0]):
            newton = self.values[0] / self.values[1]
            size, moved = newton.abs_upper(), self.z - newton
            push, known = size * self._pull, 0
            if push < 0.5:
                ball = _box(moved, (size * push / (1 - push)).upper())
                if 4 * ball.rad() <= self._radius:
                    self.ball, self.z, known = ball, ball.mid(), ball.rel_accuracy_bits()
            if known < self._known + 2:
                self._lost += 32
            if not known and moved.is_finite() and (moved.mid() - self._centre).abs_upper() <= self._radius / 2:
                self.z = moved.mid()
        if known >= bits:
            return True
        self._known = max(known, 1)
        wanted = min(2 * self._known, bits + 4)
        self.needed = (_whole_words(wanted + self._lost), _whole_words(wanted - self._known + self._lost))
        return False


def _whole_words(bits: int) -> int:
    return -(-(bits + 16) // 64) * 64


def _box(z: acb, radius: arb) -> acb:
    """A ball widened by a radius; one on the axis stays there."""
    if z.imag == 0:
        return acb(z.real + arb(0, radius))
    return acb(z.real + arb(0, radius), z.imag + arb(0, radius))


def is_noise(value: acb) -> bool:
    return bool(4 * value.abs_lower() < value.abs_upper())


def log2(size: arb) -> float:
    """log2 of a number at least 0."""
    mantissa, exponent = size.mid().man_exp()
    return -math.inf if mantissa == 0 else math.log2(abs(int(mantissa))) + int(exponent)
