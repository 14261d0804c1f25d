"""Exact real numbers as polynomials over Q in atoms such as log(2) and pi; coefficients that are exact or balls."""

from __future__ import annotations

from collections.abc import Mapping

from flint import arb, fmpq, fmpz

from closedform.enclosures.line.functions import Unclear
from closedform.kernel.expressions.balls import evaluate
from closedform.kernel.expressions.tree import ONE, ZERO, Tree, head_of, mul, power
from closedform.kernel.reading import Refused


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


def ball_of(c: Coefficient) -> arb:
    return c.ball() if isinstance(c, Const) else c


def plus(a: Coefficient, b: Coefficient) -> Coefficient:
    return a + b if isinstance(a, Const) and isinstance(b, Const) else ball_of(a) + ball_of(b)


def times(a: Coefficient, b: Coefficient) -> Coefficient:
    if isinstance(a, Const) and isinstance(b, Const):
        return a * b
    if (isinstance(a, Const) and not a.terms) or (isinstance(b, Const) and not b.terms):
        return Const({})
    return ball_of(a) * ball_of(b)


def is_zero(c: Coefficient) -> bool:
    return not c.terms if isinstance(c, Const) else bool(c.is_zero())


def sign_of_coefficient(c: Coefficient) -> int:
    """1, -1 or 0; raises ``Unclear`` where the ball contains zero and is not exactly zero."""
    ball = ball_of(c)
    if is_zero(c):
        return 0
    if ball > 0:
        return 1
    if ball < 0:
        return -1
    raise Unclear("the sign of a leading coefficient")


def raised(c: Coefficient, k: fmpq) -> Coefficient:
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
    ball = ball_of(c)
    return ball ** fmpz(int(k.p)) if k.q == 1 else (ball.log() * arb(k)).exp()


def exp_of(c: Coefficient) -> Coefficient:
    if isinstance(c, Const):
        return Const({(("exp", c.tree()),): ONE})
    return c.exp()


def log_of(c: fmpq) -> Const:
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


def constant_of(tree: Tree) -> Const:
    """A tree without names as an exact constant; raises ``Unclear``."""
    try:
        found = number_of(tree)
    except (Refused, ArithmeticError, ValueError) as fault:
        raise Unclear(str(fault)) from fault
    if not isinstance(found, Const):
        raise Unclear("a constant")
    return found


def number_of(tree: Tree) -> Coefficient:
    if isinstance(tree, fmpq):
        return Const.of(tree)
    if head_of(tree) == "log" and isinstance(tree, tuple) and isinstance(tree[1], fmpq) and tree[1] > 0:
        return log_of(tree[1])
    if isinstance(tree, tuple) and tree[0] in ("+", "*"):
        parts = [number_of(a) for a in tree[1:]]
        out = parts[0]
        for p in parts[1:]:
            out = plus(out, p) if tree[0] == "+" else times(out, p)
        return out
    ball = evaluate(tree, {})
    if not ball.is_finite():
        raise Unclear("a constant without a value")
    return Const({(tree,): ONE})
