"""A spot: one real number that is known exactly, or as the one zero of a function in a ball, refinable at will."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from flint import arb, ctx, fmpq, fmpz_poly

from closedform.algebra.roots import exact as dyadic
from closedform.algebra.roots import isolate_real
from closedform.enclosures.line.functions import Unclear, taylor, value, vanishes
from closedform.kernel.algebra import tower
from closedform.kernel.algebra.rational import quotient
from closedform.kernel.expressions import tree as kernel
from closedform.kernel.expressions.balls import evaluate
from closedform.kernel.expressions.derivatives import differentiate
from closedform.kernel.expressions.tree import MINUS, Tree, add, mul
from closedform.kernel.reading import Refused
from closedform.stationarity.location import integer_coefficients

BITS = 96  # of searching
FINE = (128, 320, 1000, 2600)  # of decisions
MAX_EXACT = 10**12  # denominators of rational numbers that are tried


class Spot:
    """A number given by ``exact`` (a tree without names), by ``poly`` (irreducible over Z, index of the real root), or by
    ``defining``: (f, k) where the k-th derivative of f has exactly one zero in ``ball`` and its derivative none.
    """

    def __init__(
        self,
        x: str,
        ball: arb,
        *,
        exact: Tree | None = None,
        poly: tuple[fmpz_poly, int] | None = None,
        defining: tuple[Tree, int] | None = None,
        multiplicity: int | None = 1,
    ) -> None:
        self.x, self.ball, self.exact, self.poly, self.defining = x, ball, exact, poly, defining
        self.multiplicity = multiplicity
        self.formula: Any = None  # a SymPy expression proved to be this number (formulas.py)
        self.best, self.bits = ball, 0
        if poly is not None and poly[0].degree() == 1:
            self.exact = fmpq(-poly[0][0], poly[0][1])
        self._vanish = dict[Tree, bool]()

    @staticmethod
    def at_number(x: str, exact: Tree) -> Spot:
        with ctx.workprec(BITS):
            return Spot(x, evaluate(exact, {}), exact=exact)

    @property
    def rational(self) -> fmpq | None:
        return self.exact if isinstance(self.exact, fmpq) else None

    def at(self, bits: int = BITS) -> arb:
        """A ball around the number with about so many bits after the point."""
        if bits <= self.bits:
            return self.best
        with ctx.workprec(bits + 40):
            if self.exact is not None:
                self.best = evaluate(self.exact, {})
            elif self.poly is not None:
                self.best = isolate_real(self.poly[0], bits + 40)[self.poly[1]][0]
            elif self.defining is not None:
                self.best = self._newton(bits)
        self.bits = bits
        return self.best

    def _newton(self, bits: int) -> arb:
        assert self.defining is not None
        f, k = self.defining
        where, small = self.best, arb(2) ** -bits
        for _ in range(400):
            if where.rad() <= small:
                break
            slope = taylor(f, self.x, where, k + 2)[k + 1] * (k + 1)
            middle = arb(where.mid())
            step = middle - taylor(f, self.x, middle, k + 1)[k] / slope
            closer = step.intersection(where) if step.is_finite() and step.overlaps(where) else where
            if not closer.rad() < where.rad() * arb("0.9"):  # the slope is too wide here: halve by signs
                closer = self._halved(f, k, where)
            if closer is None or not closer.rad() < where.rad():
                break
            where = closer
        return where

    def _halved(self, f: Tree, k: int, where: arb) -> arb | None:
        """The half of a ball that holds the one zero of the k-th derivative, which is monotone there."""
        ends = (where.lower(), arb(where.mid()), where.upper())
        low, middle, high = (taylor(f, self.x, arb(p), k + 1)[k] for p in ends)
        for a, b, p, q in ((low, middle, *ends[:2]), (middle, high, *ends[1:])):
            if (a < 0 and b > 0) or (a > 0 and b < 0):
                return arb((p + q) / 2, ((q - p) / 2).upper())
        return None

    def is_zero_of(self, tree: Tree) -> bool:
        """Proved: the tree is exactly zero here."""
        if tree not in self._vanish:
            self._vanish[tree] = self._zero_of(tree)
        return self._vanish[tree]

    def _zero_of(self, tree: Tree) -> bool:
        if self.defining is not None and self.defining == (tree, 0):
            return True
        if self.poly is not None and self.exact is None:
            top = polynomial_of(tree, self.x)
            return top is not None and (top % self.poly[0]).is_zero()
        return self.exact is not None and vanishes(tree, self.x, self.exact)

    def sign_of(self, tree: Tree) -> int | None:
        """The sign of a function here; 0 only when proved; None where it is open or the function has no value."""
        for bits in FINE[:3]:
            with ctx.workprec(bits + 40):
                ball = value(tree, self.x, self.at(bits))
            if ball > 0:
                return 1
            if ball < 0:
                return -1
            if ball.is_zero():
                return 0
            if bits > 200 and self.is_zero_of(tree):
                return 0
        return None

    def less(self, other: Spot) -> bool | None:
        """Whether this number is less than the other one; None when they are proved equal; raises ``Unclear``."""
        for bits in FINE:
            a, b = self.at(bits), other.at(bits)
            if a < b:
                return True
            if a > b:
                return False
            if bits > 200 and self._equals(other):
                return None
        raise Unclear("the order of two points")

    def _equals(self, other: Spot) -> bool:
        for a, b in ((self, other), (other, self)):
            if a.exact is not None and b.exact is not None:
                return tower.is_zero(add(a.exact, mul(MINUS, b.exact)))
            if a.poly is not None and b.poly is not None and a.exact is None and b.exact is None:
                return a.poly[0] == b.poly[0] and a.poly[1] == b.poly[1]
            if b.poly is not None and a.exact is not None:
                inside = isolate_real(b.poly[0], 320)[b.poly[1]][0].overlaps(a.at(320))
                return inside and a.is_zero_of(_tree_of(b.poly[0], a.x))
            if b.defining is not None and b.ball.contains(a.at(320)):
                f, k = b.defining
                if (k == 0 and a.is_zero_of(f)) or a.defining == b.defining:
                    return True
        return False

    def identified(self) -> Spot:
        """With its exact value where that is a simple number and proved."""
        if self.exact is not None or self.poly is not None or self.defining is None:
            return self
        f, k = self.defining
        for guess in guesses(self.at(256)):
            if self.takes(guess, [derivative(f, self.x, k)]):
                break
        return self

    def takes(self, guess: Tree, trees: list[Tree]) -> bool:
        """Take the number as exact value if it lies in the isolating ball and all the trees vanish at it, proved."""
        with ctx.workprec(200):
            try:
                inside = self.ball.contains(evaluate(guess, {}))
            except (Refused, ValueError, ArithmeticError):
                return False
        if inside and all(vanishes(t, self.x, guess) for t in trees):
            self.exact, self.bits = guess, 0
            return True
        return False


def derivative(f: Tree, x: str, k: int) -> Tree:
    for _ in range(k):
        f = differentiate(f, x)
    return f


def _tree_of(poly: fmpz_poly, x: str) -> Tree:
    return add(*(mul(fmpq(c), kernel.power(x, fmpq(i))) for i, c in enumerate(poly.coeffs()) if c != 0))


def polynomial_of(tree: Tree, x: str) -> fmpz_poly | None:
    """The numerator of a rational function over Q; None for any other tree."""
    try:
        top = quotient(tree, [x], {}).top
        return fmpz_poly([0]) if top.is_zero() else fmpz_poly(integer_coefficients(top))
    except (Refused, ValueError, ArithmeticError, IndexError):
        return None


def guesses(ball: arb) -> Iterator[Tree]:
    """Simple numbers in a small ball: p/q, pi*p/q, sqrt(p/q), log(p/q), e^(p/q)."""
    with ctx.workprec(300):
        plain = simple(ball)
        if plain is not None:
            yield plain
        turn = simple(ball / arb.pi(), 1000)
        if turn is not None:
            yield mul(turn, ("pi",))
        square = simple(ball * ball, 10**6)
        if square is not None and square > 0:
            yield mul(fmpq(1 if ball > 0 else -1), ("sqrt", square))
        if abs(ball) < 40:
            grown = simple(ball.exp(), 10**6)
            if grown is not None and grown > 0 and grown != 1:
                yield ("log", grown)
        if ball > 0:
            logged = simple(ball.log(), 100)
            if logged is not None and logged != 0:
                yield ("exp", logged)


def simple(ball: arb, most: int = MAX_EXACT) -> fmpq | None:
    """The one rational with a small denominator in a ball of high accuracy, or None."""
    if not ball.is_finite() or ball.rad() > arb(2) ** -100:
        return None
    middle = dyadic(ball.mid())
    near = Fraction(int(middle.p), int(middle.q)).limit_denominator(most)
    found = fmpq(near.numerator, near.denominator)
    return found if ball.contains(arb(found)) else None


def between(low: arb | None, high: arb | None) -> fmpq:
    """A rational with few digits strictly between two balls, low < high; None is infinity."""
    if low is None and high is None:
        return fmpq(0)
    if low is None:
        assert high is not None
        return fmpq(high.floor().lower().floor().unique_fmpz() or dyadic(high.lower().mid()).floor()) - 1
    if high is None:
        return -between(None, -low)
    a, b = dyadic(low.upper().mid()), dyadic(high.lower().mid())
    if not a < b:
        raise Unclear("two points that were not told apart")
    if a < 0 < b:
        return fmpq(0)
    scale, third = fmpq(1), (b - a) / 3
    while scale > third:
        scale /= 2
    while scale * 2 < third:
        scale *= 2
    return ((a + b) / 2 / scale).floor() * scale if a < fmpq(((a + b) / 2 / scale).floor()) * scale < b else (a + b) / 2
