"""The growth of an expression for x -> +oo, function by function, with proved remainders.

A bounded oscillating factor (sin, cos of what grows) is the ball [-1, 1]. Asymptotic series with their remainders:
Abramowitz and Stegun, Handbook of Mathematical Functions (1964), 6.1.42, 6.3.18, 6.4.11, 7.1.23.
"""

from __future__ import annotations

from collections.abc import Mapping

from flint import arb, fmpq

from closedform.enclosures.line.constants import Const, is_zero, number_of
from closedform.enclosures.line.functions import Unclear
from closedform.enclosures.line.growth import Growth, X, spread
from closedform.kernel.expressions.balls import evaluate
from closedform.kernel.expressions.tree import Tree, free_names
from closedform.kernel.reading import Refused


def expansion(tree: Tree, x: str, t: int, fixed: Mapping[str, arb] | None = None) -> Growth:
    """The growth of a tree for x -> +oo, valid on [t, oo), t >= 3; ``fixed`` names stay in their balls. Raises ``Unclear``."""
    try:
        return _grow(tree, x, Growth([], arb(t)), fixed or {})
    except (Refused, ArithmeticError, ValueError, OverflowError) as fault:
        raise Unclear(f"growth: {fault}") from fault


def _grow(tree: Tree, x: str, zero: Growth, fixed: Mapping[str, arb]) -> Growth:
    if isinstance(tree, fmpq) or x not in free_names(tree):
        names = set[str]() if isinstance(tree, fmpq) else free_names(tree)
        return zero.constant(_in_balls(tree, fixed) if names else number_of(tree))
    if isinstance(tree, str):
        return Growth([(Const.of(1), X)], zero.t)
    head, args = str(tree[0]), tree[1:]
    if head == "^" and x in free_names(args[1]):
        return (_grow(args[1], x, zero, fixed) * _grow(args[0], x, zero, fixed).log()).exp()
    if head == "^":
        base = _grow(args[0], x, zero, fixed)
        if isinstance(args[1], fmpq):
            return base.to(args[1])
        return base.log().scaled(_in_balls(args[1], fixed) if free_names(args[1]) else number_of(args[1])).exp()
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
        return u.constant(spread(-1, 1))
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
        body = u.constant(1) + square.scaled(Const.of(fmpq(-1, 2))) + (square * square).scaled(spread(0, fmpq(3, 4)))
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
        out = out + (i * i * i).scaled(spread(fmpq(-1, 360), 0))
        return out if head == "loggamma" else out.exp()
    if head == "digamma":
        out = u.log() + i.scaled(q(-1, 2)) + (i * i).scaled(q(-1, 12))
        return out + (i * i * i * i).scaled(spread(0, fmpq(1, 120)))
    out = i + (i * i).scaled(q(1, 2)) + (i * i * i).scaled(q(1, 6))
    return out + (i * i * i * i * i).scaled(spread(fmpq(-1, 30), 0))


def _gamma_near(head: str, u: Growth) -> Growth:
    """At a number that is no pole, or at the pole 0 by the recurrence."""
    if not is_zero(u.parts()[1]):
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
    body = u.constant(1) + gap.scaled(Const.of(fmpq(1, 12))) + (gap * gap).scaled(spread(0, fmpq(1, 8)))
    arc = gap.scaled(Const.of(2)).to(fmpq(1, 2)) * body if gap.terms else gap  # acos(|u|)
    half = u.constant(Const({(("pi",),): fmpq(1, 2)}))
    if head == "asin":
        return (half + arc.scaled(Const.of(-1))).scaled(Const.of(own))
    return arc if own > 0 else half.scaled(Const.of(2)) + arc.scaled(Const.of(-1))
