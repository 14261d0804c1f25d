"""What elimination leaves of a gradient: for each unknown a polynomial that is zero there, or at an exponential of it.

The derivatives are zero where their numerators are: polynomials in each unknown, or in exp(scale*unknown). Of two of
them in two names the resultant by either is a combination, so that it is zero at every common zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod

from flint import arb, ctx, fmpq, fmpz_mpoly, fmpz_poly

from closedform.kernel.algebra.exponentials import Field, dense
from closedform.kernel.algebra.polynomials import enclosed_roots
from closedform.kernel.algebra.rational import value_at
from closedform.kernel.expressions.tree import TWO, ZERO, Tree, mul
from closedform.kernel.reading import refuse

Factors = list[fmpz_poly]  # of the coordinates of a point, one each

MAX_DEGREE, BITS = 1_000, 320  # of what is left; of balls
EXPONENTIAL = ("exp", "tanh", "sinh", "cosh")


@dataclass(frozen=True)
class Coordinate:
    """A polynomial, not zero, that vanishes at exp(scale*unknown) at every critical point; at the unknown where that is 0."""

    unknown: str
    scale: fmpq
    polynomial: fmpz_poly

    def image(self, value: arb) -> arb:
        return (value * arb(self.scale)).exp() if self.scale != 0 else value

    @cached_property
    def roots(self) -> list[tuple[fmpz_poly, arb]]:
        """The real roots, where an exponential is meant the positive ones, each with its irreducible factor."""
        every = ((f, r) for f, _ in self.polynomial.factor()[1] for r in enclosed_roots(f) if r.imag.is_zero())
        return [(f, r.real) for f, r in every if self.scale == 0 or not (r.real < 0 or r.real.is_zero())]

    def hit(self, image: arb) -> Factors:
        """The factors of the roots that overlap a ball."""
        return [f for f, r in self.roots if r.overlaps(image)]


@dataclass
class Numerators:
    """Those of the derivatives, as products of the factors that may be zero, each once, in a generator for each unknown."""

    unknowns: list[str]  # those in exponents first
    scales: list[fmpq]
    tops: list[fmpz_mpoly]

    @staticmethod
    def of(written: list[Tree], unknowns: list[str]) -> Numerators:
        """Of trees without columns and sums; refused where they are no such polynomials."""
        scales = {x: _scale(written, x) for x in unknowns}
        first = [x for x in unknowns if scales[x] != 0]
        order = [*first, *(x for x in unknowns if scales[x] == 0)]
        field = Field({(x,): (f"exp {x}", scales[x]) for x in first}, order[len(first) :], {})
        tops = [field.quotient(tree, {})[0] for tree in written]
        if len(tops) != len(unknowns) or any(t.is_zero() for t in tops):
            refuse("a derivative is zero everywhere, or there is not one for each unknown")
        free = [[f for f, _ in t.factor()[1] if not field.sign(f)] for t in tops]
        return Numerators(order, [scales[x] for x in order], [prod(fs, start=field.one) for fs in free])

    @cached_property
    def coordinates(self) -> list[Coordinate]:
        """One for each unknown, of two at most, where elimination leaves one. A root of one alone is a zero."""
        out = list[Coordinate]()
        degrees = [[int(d) for d in t.degrees()] for t in self.tops]
        if len(degrees) == 1 and degrees[0][0] <= MAX_DEGREE:
            out.append(Coordinate(self.unknowns[0], self.scales[0], dense(self.tops[0], 0)))
        if len(degrees) == 2 and degrees[0][0] * degrees[1][1] + degrees[0][1] * degrees[1][0] <= MAX_DEGREE:
            for i, x in enumerate(self.unknowns):
                left = self.tops[0].resultant(self.tops[1], 1 - i)
                if not left.is_zero() and degrees[0][1 - i] + degrees[1][1 - i]:
                    out.append(Coordinate(x, self.scales[i], dense(left, i)))
        return out

    @cached_property
    def candidates(self) -> list[Factors] | None:
        """The factors of points with a root for each coordinate, all critical ones among them; None: open."""
        if not 0 < len(self.unknowns) == len(self.coordinates):
            return None
        with ctx.workprec(BITS):
            ways = [[*zip(*way, strict=True)] for way in product(*(c.roots for c in self.coordinates))]
            return [[*fs] for fs, at in ways if all(value_at(t, [*at], arb).contains(0) for t in self.tops)]


def _scale(trees: list[Tree], x: str) -> fmpq:
    """The largest number of which all that multiply x in exponents are whole multiples; 0 where it is in none."""
    out = fmpq(0)
    for tree in (t for t in trees if isinstance(t, tuple)):
        if tree[0] in EXPONENTIAL:
            form = Field({}, [], {}).expand(mul(TWO, tree[1]) if tree[0] == "tanh" else tree[1], {})
            found = form.get((x,), ZERO)
        else:
            found = _scale(list(tree[1:]), x)
        out = out.gcd(found)
    return out
