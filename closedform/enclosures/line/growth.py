"""Growth at infinity: sums of balls times powers of x, log x and exp of such, valid for all x >= t.

A ``Growth`` says: for every x >= t the value is a sum of c_k * g_k(x) with c_k in its coefficient (exact, or a ball) and
g_k = exp(q(x)) * x^a * log(x)^b. Small parts of a function that is composed are cut off by Taylor's theorem with the
remainder as a ball. So the sign of a sum whose greatest term is not swallowed by the others, and its limit, are decided
by a finite computation. Monomials are ordered as in a Hardy field; what is not decided raises ``Unclear``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cmp_to_key

from flint import arb, fmpq

from closedform.enclosures.line.constants import (
    Coefficient,
    Const,
    ball_of,
    exp_of,
    is_zero,
    log_of,
    plus,
    raised,
    sign_of_coefficient,
    times,
)
from closedform.enclosures.line.functions import Unclear, taylor
from closedform.frozen import record
from closedform.kernel.expressions.tree import ONE, ZERO

KEPT = 6  # terms before the rest is put into one ball
ORDER = 4  # of Taylor expansions of small parts


@record
class Monomial:
    """exp(sum of c * x^d * log(x)^e over ``q``) * x^a * log(x)^b; ``q`` in falling order of (d, e)."""

    q: tuple[tuple[fmpq, int, Const], ...]
    a: Const
    b: fmpq

    @property
    def key(self) -> tuple[object, ...]:
        return (tuple((str(d), e, c.key) for d, e, c in self.q), self.a.key, str(self.b))

    def __mul__(self, other: Monomial) -> Monomial:
        q = dict[tuple[str, int], tuple[fmpq, int, Const]]()
        for d, e, c in (*self.q, *other.q):
            old = q.get((str(d), e))
            q[str(d), e] = (d, e, c if old is None else old[2] + c)
        kept = sorted((t for t in q.values() if t[2].terms), key=lambda t: (t[0], t[1]), reverse=True)
        return Monomial(tuple(kept), self.a + other.a, self.b + other.b)

    def to(self, k: fmpq) -> Monomial:
        return Monomial(tuple((d, e, c.scaled(k)) for d, e, c in self.q), self.a.scaled(k), self.b * k)

    def size(self) -> int:
        """1 where it tends to infinity, -1 where it tends to 0, 0 for the monomial 1."""
        for c in (*(c for _, _, c in self.q), self.a, Const.of(self.b)):
            s = sign_of_coefficient(c)
            if s:
                return s
        return 0

    def at(self, t: arb) -> arb:
        log = t.log()
        exponent = self.a.ball() * log
        for d, e, c in self.q:
            exponent += c.ball() * (log * arb(d)).exp() * log**e
        out = exponent.exp()
        return out if self.b == 0 else out * (log.log() * arb(self.b)).exp()

    def falls(self, t: arb) -> bool:
        """Proved: positive and decreasing for all x >= t (t > e)."""
        terms = [(c.ball() * arb(d), d, e) for d, e, c in self.q] + [
            (c.ball() * arb(e), d, e - 1) for d, e, c in self.q if e
        ]
        terms += [(self.a.ball(), ZERO, 0), (arb(self.b), ZERO, -1)]
        terms = [u for u in terms if not u[0].is_zero()]
        if not terms:
            return False
        lead = max(terms, key=lambda u: (u[1], u[2]))
        log, total = t.log(), arb(0)
        for c, d, e in terms:
            dd, de = d - lead[1], e - lead[2]
            if dd == 0 and de == 0:
                total += c
            elif (dd <= 0 and de <= 0) or (dd < 0 and log * arb(-dd) >= de):
                total += abs(c).upper() * (log * arb(dd)).exp() * log**de
            else:
                return False
        return bool(total < 0)


UNIT = Monomial((), Const({}), ZERO)
X = Monomial((), Const.of(1), ZERO)


def _compare(g: Monomial, h: Monomial) -> int:
    return (g * h.to(fmpq(-1))).size()


def spread(low: arb | fmpq | int, high: arb | fmpq | int) -> arb:
    return arb(low).union(arb(high))


class Growth:
    """Terms in falling order; no exact zeros among the coefficients. Valid for all x >= ``t``."""

    def __init__(self, terms: Sequence[tuple[Coefficient, Monomial]], t: arb) -> None:
        merged = dict[tuple[object, ...], tuple[Coefficient, Monomial]]()
        for c, g in terms:
            old = merged.get(g.key)
            merged[g.key] = (c if old is None else plus(old[0], c), g)
        kept = [(c, g) for c, g in merged.values() if not is_zero(c)]
        kept.sort(key=cmp_to_key(lambda p, r: -_compare(p[1], r[1])))
        self.t = t
        self.terms = kept if len(kept) <= KEPT else self._cut(kept)

    def _cut(self, terms: list[tuple[Coefficient, Monomial]]) -> list[tuple[Coefficient, Monomial]]:
        """The rest in one ball times the last monomial kept."""
        c, last = terms[KEPT - 1]
        rest = arb(0)
        for d, g in terms[KEPT:]:
            rest += abs(ball_of(d)).upper() * self._most(g * last.to(fmpq(-1)))
        return [*terms[: KEPT - 1], (ball_of(c) + spread(-rest, rest), last)]

    def _most(self, g: Monomial) -> arb:
        """An upper bound of a monomial that tends to zero, on [t, oo)."""
        if not g.falls(self.t):
            raise Unclear("a remainder is not yet falling")
        return g.at(self.t).upper()

    def __add__(self, other: Growth) -> Growth:
        return Growth([*self.terms, *other.terms], self.t)

    def __mul__(self, other: Growth) -> Growth:
        return Growth([(times(c, d), g * h) for c, g in self.terms for d, h in other.terms], self.t)

    def scaled(self, c: Coefficient) -> Growth:
        return Growth([(times(c, d), g) for d, g in self.terms], self.t)

    def constant(self, c: Coefficient | int) -> Growth:
        return Growth([(Const.of(c) if isinstance(c, int) else c, UNIT)], self.t)

    def parts(self) -> tuple[Growth, Coefficient, Growth]:
        """What tends to infinity, the constant, what tends to zero."""
        big = [(c, g) for c, g in self.terms if g.size() > 0]
        flat = [c for c, g in self.terms if g.size() == 0]
        small = [(c, g) for c, g in self.terms if g.size() < 0]
        return Growth(big, self.t), flat[0] if flat else Const({}), Growth(small, self.t)

    def bound(self) -> arb:
        """Of the absolute value, where all terms are constant or tend to zero."""
        total = arb(0)
        for c, g in self.terms:
            total += abs(ball_of(c)).upper() * (1 if g.size() == 0 else self._most(g))
        return total.upper()

    def lead(self) -> tuple[Coefficient, Monomial, Growth]:
        """(c, g, r) with the value c*g*(1 + r), c not zero."""
        if not self.terms:
            raise Unclear("a function that may be zero at infinity")
        c, g = self.terms[0]
        sign_of_coefficient(c)
        rest = self.terms[1:]
        down = g.to(fmpq(-1))
        own = c.rational if isinstance(c, Const) else None
        scale: Coefficient = Const.of(1 / own) if own is not None and own != 0 else 1 / ball_of(c)
        if isinstance(c, Const):
            return c, g, Growth([(times(d, scale), h * down) for d, h in rest], self.t)
        return c, g, Growth([(times(d, scale), h * down) for d, h in rest], self.t)

    def sign(self) -> int:
        """The one sign on all of [t, oo), 0 for the zero function; raises ``Unclear``."""
        if not self.terms:
            return 0
        c, _, r = self.lead()
        if not r.bound() < 1:
            raise Unclear("the greatest term does not yet prevail")
        return sign_of_coefficient(c)

    def limit(self) -> tuple[str, arb | None, Const | None]:
        """("number", ball, exact or None), ("+oo"|"-oo", None, None); raises ``Unclear``."""
        if not self.terms:
            return "number", arb(0), Const({})
        c, g = self.terms[0]
        size = g.size()
        if size > 0:
            return ("+oo" if sign_of_coefficient(c) > 0 else "-oo"), None, None
        if size < 0:
            return "number", arb(0), Const({})
        if isinstance(c, arb) and c.rad() > arb(2) ** -20 * (1 + abs(c.mid())):
            raise Unclear("an oscillating limit")
        return "number", ball_of(c), c if isinstance(c, Const) else None

    # -- functions of it --------------------------------------------------------------------------------------------

    def composed(self, c: Sequence[Coefficient], small: Growth) -> Growth:
        """c0 + c1*s + ... with the last coefficient that of the remainder."""
        out = self.constant(c[-1])
        for k in reversed(c[:-1]):
            out = out * small + self.constant(k)
        return out

    def to(self, k: fmpq) -> Growth:
        """The power; for a whole exponent of any sign, else where it is positive."""
        if k.q == 1 and 0 < k <= 4:
            out = self
            for _ in range(int(k.p) - 1):
                out = out * self
            return out
        c, g, r = self.lead()
        if k.q != 1 and sign_of_coefficient(c) < 0:
            raise Unclear("a fractional power of a negative function")
        rho = r.bound()
        if not rho < 1:
            raise Unclear("the greatest term does not yet prevail")
        series = [Const.of(1)]
        for j in range(ORDER - 1):
            series.append(series[-1].scaled((k - j) / (j + 1)))
        last = taylor(("^", "u", k), "u", 1 + spread(-rho, rho), ORDER + 1)[ORDER]
        body = self.composed([*series, last], r) if r.terms else self.constant(1)
        return Growth([(times(d, raised(c, k)), h * g.to(k)) for d, h in body.terms], self.t)

    def exp(self) -> Growth:
        big, c, small = self.parts()
        q, a = list[tuple[fmpq, int, Const]](), Const({})
        for d, g in big.terms:
            degree = g.a.rational
            if not isinstance(d, Const) or g.q or degree is None or g.b.q != 1:
                return self._collapsed()
            if degree == 0 and g.b == 1:
                a = a + d
            else:
                q.append((degree, int(g.b.p), d))
        front = Monomial(tuple(sorted(q, key=lambda u: (u[0], u[1]), reverse=True)), a, ZERO)
        rho = small.bound()
        series = [Const.of(1), Const.of(1), Const.of(fmpq(1, 2)), Const.of(fmpq(1, 6))]
        last = spread(-rho, rho).exp() / 24
        body = self.composed([*series, last], small) if small.terms else self.constant(1)
        factor: Coefficient = Const.of(1) if is_zero(c) else exp_of(c)
        return Growth([(times(d, factor), h * front) for d, h in body.terms], self.t)

    def _collapsed(self) -> Growth:
        """exp of what falls faster than any -x^d with d <= 4: a ball times exp(-x^d)."""
        for c, d in ((1, 4), (1, 2), (1, 1), (fmpq(1, 4), 1), (fmpq(1, 8), fmpq(1, 2))):
            slow = Growth([(Const.of(fmpq(c)), Monomial((), Const.of(fmpq(d)), ZERO))], self.t)
            try:
                if (self + slow).sign() < 0:
                    front = Monomial(((fmpq(d), 0, Const.of(-fmpq(c))),), Const({}), ZERO)
                    return Growth([(spread(0, 1), front)], self.t)
            except Unclear:
                continue
        raise Unclear("an exponential of an exponential")

    def log(self) -> Growth:
        c, g, r = self.lead()
        if sign_of_coefficient(c) < 0 or g.b != 0:
            raise Unclear("a logarithm at infinity")
        rho = r.bound()
        if not rho < 1:
            raise Unclear("the greatest term does not yet prevail")
        terms: list[tuple[Coefficient, Monomial]] = [(k, Monomial((), Const.of(d), fmpq(e))) for d, e, k in g.q]
        terms.append((g.a, Monomial((), Const({}), ONE)))
        own = c.rational if isinstance(c, Const) else None
        terms.append((log_of(own) if own is not None else ball_of(c).log(), UNIT))
        series: list[Coefficient] = [Const.of(0), Const.of(1), Const.of(fmpq(-1, 2)), Const.of(fmpq(1, 3))]
        last = taylor(("log", "u"), "u", 1 + spread(-rho, rho), ORDER + 1)[ORDER]
        out = Growth(terms, self.t)
        return out + self.composed([*series, last], r) if r.terms else out

    def through(self, head: str) -> Growth:
        """An analytic function of what tends to a number in its domain."""
        big, c, small = self.parts()
        if big.terms:
            raise Unclear(f"{head} of what grows")
        rho = small.bound()
        at = ball_of(c)
        if is_zero(c) and head in _AT_ZERO:
            series: list[Coefficient] = [Const.of(k) for k in _AT_ZERO[head]]
        else:
            series = list(taylor((head, "u"), "u", at, ORDER))
        last = taylor((head, "u"), "u", at + spread(-rho, rho), ORDER + 1)[ORDER]
        if not all(ball_of(k).is_finite() for k in (*series, last)):
            raise Unclear(f"{head} at the edge of its domain")
        return self.composed([*series, last], small) if small.terms else self.constant(series[0])


_AT_ZERO: dict[str, list[fmpq]] = {
    "sin": [ZERO, ONE, ZERO, fmpq(-1, 6)],
    "cos": [ONE, ZERO, fmpq(-1, 2), ZERO],
    "tan": [ZERO, ONE, ZERO, fmpq(1, 3)],
    "atan": [ZERO, ONE, ZERO, fmpq(-1, 3)],
    "asin": [ZERO, ONE, ZERO, fmpq(1, 6)],
    "tanh": [ZERO, ONE, ZERO, fmpq(-1, 3)],
    "sinh": [ZERO, ONE, ZERO, fmpq(1, 6)],
    "cosh": [ONE, ZERO, fmpq(1, 2), ZERO],
}
