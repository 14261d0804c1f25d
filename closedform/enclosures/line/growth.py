"""Growth at infinity, proved: a function as a sum of balls times powers of x, log x and exp of such, for all x >= T.

``expansion(tree, x, T)`` gives a ``Growth``: for every x >= T the value is a sum of c_k * g_k(x) with c_k in its
coefficient (exact, or a ball) and g_k = exp(q(x)) * x^a * log(x)^b. Small parts of a function that is composed are cut
off by Taylor's theorem with the remainder as a ball; a bounded oscillating factor (sin, cos) is the ball [-1, 1]. So the
sign of a sum whose greatest term is not swallowed by the others, and its limit, are decided by a finite computation.
Monomials are ordered as in a Hardy field; what is not decided raises ``Unclear``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cmp_to_key

from flint import arb, fmpq, fmpz

from closedform.enclosures.line.functions import Unclear, taylor
from closedform.kernel.expression import ONE, ZERO, Tree, evaluate, free_names, head_of, mul, power
from closedform.kernel.reading import Refused

KEPT = 6  # terms before the rest is put into one ball
ORDER = 4  # of Taylor expansions of small parts


class Const:
    """An exact real number: a polynomial over Q in atoms (log 2, pi, ...). Equal ones may differ in form."""

    __slots__ = ("terms",)

    def __init__(self, terms: Mapping[tuple[Tree, ...], fmpq]) -> None:
        self.terms = {k: c for k, c in terms.items() if c != 0}

    @staticmethod
    def of(c: fmpq | int) -> Const:
        return Const({(): fmpq(c)})

    def __add__(self, other: Const) -> Const:
        out = dict(self.terms)
        for k, c in other.terms.items():
            out[k] = out.get(k, ZERO) + c
        return Const(out)

    def __mul__(self, other: Const) -> Const:
        out = dict[tuple[Tree, ...], fmpq]()
        for k, c in self.terms.items():
            for j, d in other.terms.items():
                key = tuple(sorted((*k, *j), key=repr))
                out[key] = out.get(key, ZERO) + c * d
        return Const(out)

    def scaled(self, c: fmpq) -> Const:
        return Const({k: c * v for k, v in self.terms.items()})

    @property
    def rational(self) -> fmpq | None:
        return self.terms.get((), ZERO) if all(k == () for k in self.terms) else None

    @property
    def key(self) -> tuple[object, ...]:
        return tuple(sorted(((repr(k), str(c)) for k, c in self.terms.items())))

    def ball(self) -> arb:
        out = arb(0)
        for k, c in self.terms.items():
            out += arb(c) * evaluate(mul(*k), {}) if k else arb(c)
        return out

    def tree(self) -> Tree:
        from_terms = [mul(c, *k) for k, c in self.terms.items()]
        return ("+", *from_terms) if len(from_terms) > 1 else from_terms[0] if from_terms else ZERO


Coefficient = Const | arb


def _ball(c: Coefficient) -> arb:
    return c.ball() if isinstance(c, Const) else c


def _plus(a: Coefficient, b: Coefficient) -> Coefficient:
    return a + b if isinstance(a, Const) and isinstance(b, Const) else _ball(a) + _ball(b)


def _times(a: Coefficient, b: Coefficient) -> Coefficient:
    if isinstance(a, Const) and isinstance(b, Const):
        return a * b
    if (isinstance(a, Const) and not a.terms) or (isinstance(b, Const) and not b.terms):
        return Const({})
    return _ball(a) * _ball(b)


def _is_zero(c: Coefficient) -> bool:
    return not c.terms if isinstance(c, Const) else bool(c.is_zero())


def sign_of_coefficient(c: Coefficient) -> int:
    """1, -1 or 0; raises ``Unclear`` where the ball contains zero and is not exactly zero."""
    ball = _ball(c)
    if _is_zero(c):
        return 0
    if ball > 0:
        return 1
    if ball < 0:
        return -1
    raise Unclear("the sign of a leading coefficient")


@dataclass(frozen=True)
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


def _spread(low: arb | int, high: arb | int) -> arb:
    return arb(low).union(arb(high))


class Growth:
    """Terms in falling order; no exact zeros among the coefficients. Valid for all x >= ``t``."""

    def __init__(self, terms: Sequence[tuple[Coefficient, Monomial]], t: arb) -> None:
        merged = dict[tuple[object, ...], tuple[Coefficient, Monomial]]()
        for c, g in terms:
            old = merged.get(g.key)
            merged[g.key] = (c if old is None else _plus(old[0], c), g)
        kept = [(c, g) for c, g in merged.values() if not _is_zero(c)]
        kept.sort(key=cmp_to_key(lambda p, r: -_compare(p[1], r[1])))
        self.t = t
        self.terms = kept if len(kept) <= KEPT else self._cut(kept)

    def _cut(self, terms: list[tuple[Coefficient, Monomial]]) -> list[tuple[Coefficient, Monomial]]:
        """The rest in one ball times the last monomial kept."""
        c, last = terms[KEPT - 1]
        rest = arb(0)
        for d, g in terms[KEPT:]:
            rest += abs(_ball(d)).upper() * self._most(g * last.to(fmpq(-1)))
        return [*terms[: KEPT - 1], (_ball(c) + _spread(-rest, rest), last)]

    def _most(self, g: Monomial) -> arb:
        """An upper bound of a monomial that tends to zero, on [t, oo)."""
        if not g.falls(self.t):
            raise Unclear("a remainder is not yet falling")
        return g.at(self.t).upper()

    def __add__(self, other: Growth) -> Growth:
        return Growth([*self.terms, *other.terms], self.t)

    def __mul__(self, other: Growth) -> Growth:
        return Growth([(_times(c, d), g * h) for c, g in self.terms for d, h in other.terms], self.t)

    def scaled(self, c: Coefficient) -> Growth:
        return Growth([(_times(c, d), g) for d, g in self.terms], self.t)

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
            total += abs(_ball(c)).upper() * (1 if g.size() == 0 else self._most(g))
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
        scale: Coefficient = Const.of(1 / own) if own is not None and own != 0 else 1 / _ball(c)
        if isinstance(c, Const):
            return c, g, Growth([(_times(d, scale), h * down) for d, h in rest], self.t)
        return c, g, Growth([(_times(d, scale), h * down) for d, h in rest], self.t)

    def sign(self) -> int:
        """The one sign on all of [t, oo), 0 for the zero function; raises ``Unclear``."""
        if not self.terms:
            return 0
        c, _, r = self.lead()
        if not r.bound() < 1:
            raise Unclear("the greatest term does not yet prevail")
        return sign_of_coefficient(c)

    def sign_in_the_end(self) -> int:
        """The sign for all x that are large enough."""
        return sign_of_coefficient(self.terms[0][0]) if self.terms else 0

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
        return "number", _ball(c), c if isinstance(c, Const) else None

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
        last = taylor(("^", "u", k), "u", 1 + _spread(-rho, rho), ORDER + 1)[ORDER]
        body = self.composed([*series, last], r) if r.terms else self.constant(1)
        return Growth([(_times(d, _power(c, k)), h * g.to(k)) for d, h in body.terms], self.t)

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
        last = _spread(-rho, rho).exp() / 24
        body = self.composed([*series, last], small) if small.terms else self.constant(1)
        factor: Coefficient = Const.of(1) if _is_zero(c) else _exp_of(c)
        return Growth([(_times(d, factor), h * front) for d, h in body.terms], self.t)

    def _collapsed(self) -> Growth:
        """exp of what falls faster than any -x^d with d <= 4: a ball times exp(-x^d)."""
        for c, d in ((1, 4), (1, 2), (1, 1), (fmpq(1, 4), 1), (fmpq(1, 8), fmpq(1, 2))):
            slow = Growth([(Const.of(fmpq(c)), Monomial((), Const.of(fmpq(d)), ZERO))], self.t)
            try:
                if (self + slow).sign() < 0:
                    front = Monomial(((fmpq(d), 0, Const.of(-fmpq(c))),), Const({}), ZERO)
                    return Growth([(_spread(0, 1), front)], self.t)
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
        terms: list[tuple[Coefficient, Monomial]] = [
            (k, Monomial((), Const.of(d), fmpq(e))) for d, e, k in g.q
        ]
        terms.append((g.a, Monomial((), Const({}), ONE)))
        own = c.rational if isinstance(c, Const) else None
        terms.append((_log_of(own) if own is not None else _ball(c).log(), UNIT))
        series: list[Coefficient] = [Const.of(0), Const.of(1), Const.of(fmpq(-1, 2)), Const.of(fmpq(1, 3))]
        last = taylor(("log", "u"), "u", 1 + _spread(-rho, rho), ORDER + 1)[ORDER]
        out = Growth(terms, self.t)
        return out + self.composed([*series, last], r) if r.terms else out

    def through(self, head: str) -> Growth:
        """An analytic function of what tends to a number in its domain."""
        big, c, small = self.parts()
        if big.terms:
            raise Unclear(f"{head} of what grows")
        rho = small.bound()
        at = _ball(c)
        if _is_zero(c) and head in _AT_ZERO:
            series: list[Coefficient] = [Const.of(k) for k in _AT_ZERO[head]]
        else:
            series = list(taylor((head, "u"), "u", at, ORDER))
        last = taylor((head, "u"), "u", at + _spread(-rho, rho), ORDER + 1)[ORDER]
        if not all(_ball(k).is_finite() for k in (*series, last)):
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


def _power(c: Coefficient, k: fmpq) -> Coefficient:
    own = c.rational if isinstance(c, Const) else None
    if own is not None and k.q == 1 and abs(k) < 64:
        return Const.of(own ** int(k.p))
    if own is not None and own > 0:
        if own == 1:
            return Const.of(1)
        whole, over = own.p.root(int(k.q)), own.q.root(int(k.q))
        if whole ** int(k.q) == own.p and over ** int(k.q) == own.q and abs(k.p) < 64:
            return Const.of(fmpq(whole, over) ** int(k.p))
        return Const({(power(own, k),): ONE})
    ball = _ball(c)
    return ball ** fmpz(int(k.p)) if k.q == 1 else (ball.log() * arb(k)).exp()


def _exp_of(c: Coefficient) -> Coefficient:
    if isinstance(c, Const):
        return Const({(("exp", c.tree()),): ONE})
    return c.exp()


def _log_of(c: fmpq) -> Const:
    """log of a positive rational in logarithms of primes, so that log 4 = 2*log 2."""
    if c == 1:
        return Const({})
    if c.p.bit_length() > 60 or c.q.bit_length() > 60:
        return Const({(("log", c),): ONE})
    out = Const({})
    for n, way in ((c.p, 1), (c.q, -1)):
        for p, e in fmpz(n).factor():
            out = out + Const({(("log", fmpq(p)),): fmpq(way * int(e))})
    return out


# -- expressions ---------------------------------------------------------------------------------------------------


def expansion(tree: Tree, x: str, t: int, fixed: Mapping[str, arb] | None = None) -> Growth:
    """The growth of a tree for x -> +oo, valid on [t, oo), t >= 3; ``fixed`` names stay in their balls. Raises ``Unclear``."""
    try:
        return _grow(tree, x, Growth([], arb(t)), fixed or {})
    except (Refused, ArithmeticError, ValueError, OverflowError) as fault:
        raise Unclear(f"growth: {fault}") from fault


def constant_of(tree: Tree) -> Const:
    """A tree without names as an exact constant; raises ``Unclear``."""
    try:
        found = _number(tree)
    except (Refused, ArithmeticError, ValueError) as fault:
        raise Unclear(str(fault)) from fault
    if not isinstance(found, Const):
        raise Unclear("a constant")
    return found


def _number(tree: Tree) -> Coefficient:
    if isinstance(tree, fmpq):
        return Const.of(tree)
    if head_of(tree) == "log" and isinstance(tree, tuple) and isinstance(tree[1], fmpq) and tree[1] > 0:
        return _log_of(tree[1])
    if isinstance(tree, tuple) and tree[0] in ("+", "*"):
        parts = [_number(a) for a in tree[1:]]
        out = parts[0]
        for p in parts[1:]:
            out = _plus(out, p) if tree[0] == "+" else _times(out, p)
        return out
    ball = evaluate(tree, {})
    if not ball.is_finite():
        raise Unclear("a constant without a value")
    return Const({(tree,): ONE})


def _grow(tree: Tree, x: str, zero: Growth, fixed: Mapping[str, arb]) -> Growth:
    if isinstance(tree, fmpq) or x not in free_names(tree):
        names = set[str]() if isinstance(tree, fmpq) else free_names(tree)
        return zero.constant(_in_balls(tree, fixed) if names else _number(tree))
    if isinstance(tree, str):
        return Growth([(Const.of(1), X)], zero.t)
    head, args = str(tree[0]), tree[1:]
    if head == "^" and x in free_names(args[1]):
        return (_grow(args[1], x, zero, fixed) * _grow(args[0], x, zero, fixed).log()).exp()
    if head == "^":
        base = _grow(args[0], x, zero, fixed)
        if isinstance(args[1], fmpq):
            return base.to(args[1])
        return base.log().scaled(_in_balls(args[1], fixed) if free_names(args[1]) else _number(args[1])).exp()
    parts = [_grow(a, x, zero, fixed) for a in args]
    if head == "+":
        return sum(parts[1:], parts[0])
    if head == "*":
        out = parts[0]
        for p in parts[1:]:
            out = out * p
        return out
    if head == "exp":
        return parts[0].exp()
    if head == "log":
        return parts[0].log()
    if head == "sqrt":
        return parts[0].to(fmpq(1, 2))
    if len(parts) != 1:
        raise Unclear(f"{head} at infinity")
    return _function(head, parts[0])


def _in_balls(tree: Tree, fixed: Mapping[str, arb]) -> arb:
    ball = evaluate(tree, fixed)
    if not ball.is_finite():
        raise Unclear("a value near by")
    return ball


def _function(head: str, u: Growth) -> Growth:
    big, _, _ = u.parts()
    if not big.terms:
        if head in ("asin", "acos"):
            return _arc(head, u)
        if head in ("digamma", "gamma", "loggamma", "trigamma"):
            return _gamma_near(head, u)
        return u.through(head)
    if head in ("sin", "cos"):
        return u.constant(_spread(-1, 1))
    s = u.sign()
    if head in ("sinh", "cosh"):
        e, f = u.exp(), u.scaled(Const.of(-1)).exp()
        return (e + f.scaled(Const.of(-1 if head == "sinh" else 1))).scaled(Const.of(fmpq(1, 2)))
    up = u.scaled(Const.of(s))
    if head == "tanh":
        e = up.scaled(Const.of(-2)).exp()
        one = u.constant(1)
        return ((one + e.scaled(Const.of(-1))) * (one + e).to(fmpq(-1))).scaled(Const.of(s))
    if head == "atan":
        half = u.constant(Const({(("pi",),): fmpq(1, 2)}))
        return (half + up.to(fmpq(-1)).through("atan").scaled(Const.of(-1))).scaled(Const.of(s))
    if head in ("erf", "erfc"):
        inverse = up.to(fmpq(-1))
        square = inverse * inverse
        body = u.constant(1) + square.scaled(Const.of(fmpq(-1, 2))) + (square * square).scaled(_spread(0, fmpq(3, 4)))
        down = (up * up).scaled(Const.of(-1)).exp()
        tail = (down * inverse * body).scaled(1 / arb.pi().sqrt())  # erfc(|u|): Abramowitz and Stegun 7.1.23
        if head == "erfc":
            return tail if s > 0 else u.constant(2) + tail.scaled(Const.of(-1))
        return (u.constant(1) + tail.scaled(Const.of(-1))).scaled(Const.of(s))
    if s > 0 and head in ("loggamma", "gamma", "digamma", "trigamma"):
        return _stirling(head, u)
    raise Unclear(f"{head} at infinity")


def _stirling(head: str, u: Growth) -> Growth:
    """Stirling's series with the remainder between two of its sums (Abramowitz and Stegun 6.1.42, 6.3.18, 6.4.11)."""
    i = u.to(fmpq(-1))

    def q(p: int, n: int) -> Const:
        return Const.of(fmpq(p, n))

    if head in ("loggamma", "gamma"):
        log = u.log()
        root = u.constant((2 * arb.pi()).log() / 2)
        out = (u + u.constant(q(-1, 2))) * log + u.scaled(Const.of(-1)) + root + i.scaled(q(1, 12))
        out = out + (i * i * i).scaled(_spread(fmpq(-1, 360), 0))
        return out if head == "loggamma" else out.exp()
    if head == "digamma":
        out = u.log() + i.scaled(q(-1, 2)) + (i * i).scaled(q(-1, 12))
        return out + (i * i * i * i).scaled(_spread(0, fmpq(1, 120)))
    out = i + (i * i).scaled(q(1, 2)) + (i * i * i).scaled(q(1, 6))
    return out + (i * i * i * i * i).scaled(_spread(fmpq(-1, 30), 0))


def _gamma_near(head: str, u: Growth) -> Growth:
    """At a number that is no pole, or at the pole 0 by the recurrence."""
    if not _is_zero(u.parts()[1]):
        return u.through(head)
    up = u + u.constant(1)
    if head == "gamma":
        return up.through("gamma") * u.to(fmpq(-1))
    if head == "digamma":
        return up.through("digamma") + u.to(fmpq(-1)).scaled(Const.of(-1))
    if head == "trigamma":
        return up.through("trigamma") + u.to(fmpq(-2))
    return up.through("loggamma") + u.log().scaled(Const.of(-1))


def _arc(head: str, u: Growth) -> Growth:
    """asin and acos, also at the ends of their domain: acos(1 - r) = sqrt(2 r) * (1 + r/12 + ...), 0 <= r <= 2."""
    _, c, _ = u.parts()
    own = c.rational if isinstance(c, Const) else None
    if own is None or abs(own) != 1:
        return u.through(head)
    gap = u.constant(1) + u.scaled(Const.of(-own))  # 1 - |u|, tends to 0 from above
    if gap.terms and gap.sign() < 0:
        raise Unclear(f"{head} outside of its domain")
    body = u.constant(1) + gap.scaled(Const.of(fmpq(1, 12))) + (gap * gap).scaled(_spread(0, fmpq(1, 8)))
    arc = gap.scaled(Const.of(2)).to(fmpq(1, 2)) * body if gap.terms else gap  # acos(|u|)
    half = u.constant(Const({(("pi",),): fmpq(1, 2)}))
    if head == "asin":
        return (half + arc.scaled(Const.of(-1))).scaled(Const.of(own))
    return arc if own > 0 else half.scaled(Const.of(2)) + arc.scaled(Const.of(-1))
