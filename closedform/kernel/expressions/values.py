"""Values of trees in balls, real or complex: at every point of the given balls the value lies in the ball returned.

A ball that is not finite says that the value may be undefined at some point; it stays so in everything built on it,
also where a factor zero or an exponent zero would swallow it: what is written must be defined.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from operator import add, mul
from typing import Any

from flint import acb, arb, ctx, fmpq, fmpz

from closedform.kernel.expressions.tree import Tree, as_integer
from closedform.kernel.reading import MAX_ITEMS, Refused, refuse

MAX_POWER = 2**40


def _besseli(n: arb, z: arb) -> arb:
    return z.bessel_i(n)


def _besselj(n: arb, z: arb) -> arb:
    return z.bessel_j(n)


def _lambertw(z: arb, k: arb | None = None) -> arb:
    return z.lambertw(0 if k is None else whole(k))


def _trigamma(z: arb) -> arb:
    return arb(2).zeta(z)


# The functions that FLINT calls as we do.
_SAME = ("exp", "log", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan")
_REAL_TOO = ("sinh", "cosh", "tanh", "atan2", "gamma", "digamma", "erf", "erfc", "erfinv", "zeta")
REAL: dict[str, Callable[..., arb]] = {
    **{head: getattr(arb, head) for head in _SAME + _REAL_TOO},
    "abs": arb.__abs__,
    "sign": arb.sgn,
    "max": lambda *balls: reduce(arb.max, balls),
    "min": lambda *balls: reduce(arb.min, balls),
    "loggamma": arb.lgamma,
    "trigamma": _trigamma,
    "besseli": _besseli,
    "besselj": _besselj,
    "lambertw": _lambertw,
    "pi": arb.pi,
    "e": lambda: arb(1).exp(),
}
_COMPLEX: dict[str, Callable[..., acb]] = {
    **{head: getattr(acb, head) for head in _SAME},
    "I": lambda: acb(0, 1),
    "pi": lambda: acb(arb.pi()),
    "e": lambda: acb(arb(1).exp()),
}


def operation(head: str, exponent: fmpq | None = None) -> Callable[..., arb]:
    """What ``evaluate`` does at a node, on balls; of a power with a rational ``exponent``. Refused over rows."""
    if head == "^":
        act = _to_the if exponent is None else _raising(exponent)
    else:
        act = REAL[head] if head in REAL else refuse(f"{head} is no function of balls alone")
    return lambda *balls: finite(arb, act(*balls))


class Evaluation:
    """Trees at one point: how numbers are made, and the functions that there are."""

    def __init__(self, number: Any, table: Mapping[str, Callable[..., Any]]) -> None:
        self.number, self.table = number, table

    def value(self, tree: Tree, values: Mapping[str, Any]) -> Any:
        if isinstance(tree, fmpq):
            return self.number(tree)
        if isinstance(tree, str):
            return values[tree] if tree in values else refuse(f"no value for {tree}")
        head, args = str(tree[0]), tree[1:]
        if head in ("sum", "prod", "@"):
            return self.over_rows(head, args, values)
        if head == "^" and isinstance(args[1], fmpq):
            return self.applied(_raising(args[1]), self.value(args[0], values))
        balls = [self.value(a, values) for a in args]
        if head in ("+", "*"):
            return reduce(add if head == "+" else mul, balls)
        if head == "^":
            return self.applied(_to_the if self.number is arb else pow, *balls)
        if head not in self.table:
            refuse(f"{head} has no {'real' if self.number is arb else 'complex'} value here")
        return self.applied(self.table[head], *balls)

    def applied(self, f: Callable[..., Any], *balls: Any) -> Any:
        """The value of a function, not a number wherever it is not finite."""
        return finite(self.number, f(*balls))

    def over_rows(self, head: str, args: tuple[Tree, ...], values: Mapping[str, Any]) -> Any:
        """A sum or a product between numbers, term by term; ``balls.py`` has columns, and is quicker."""
        low, high = (whole(self.value(a, values)) for a in args[1:3]) if head != "@" else refuse("there are no columns")
        if not -1 <= high - low <= MAX_ITEMS:
            refuse("a sum has too many terms, or its limits run backwards")
        terms = (self.value(args[3], {**values, str(args[0]): self.number(i)}) for i in range(low, high + 1))
        return reduce(add if head == "sum" else mul, terms, self.number(0 if head == "sum" else 1))


def evaluate_complex(tree: Tree, values: Mapping[str, acb]) -> acb:
    """The principal value of an expression in radicals, exponentials and circular functions."""
    return Evaluation(acb, _COMPLEX).value(tree, values)


def finite(number: Any, ball: Any) -> Any:
    return ball if ball.is_finite() else number("nan")


def _to_the(base: arb, exponent: arb) -> arb:
    return (base.log() * exponent).exp()


def whole(ball: Any) -> int:
    """The integer that a ball stands for."""
    integer = ball.unique_fmpz()
    return int(integer) if integer is not None else refuse("an index is not an integer")


def _raising(exponent: fmpq) -> Callable[[Any], Any]:
    """The power with a rational exponent, the principal one."""
    times = as_integer(exponent)
    small = abs(exponent.p) <= MAX_POWER and exponent.q <= MAX_POWER

    def power(ball: Any) -> Any:
        if not ball.is_finite() or not small:
            return ball * arb("nan")
        if isinstance(ball, acb):
            return ball ** fmpz(times) if times is not None else ball ** acb(exponent)
        if times is not None and times > 0 and ball.mid().is_zero():  # FLINT's power of a ball centred at zero is nan
            return _by_squaring(ball, times)
        if times is not None:
            return ball ** fmpz(times)
        if exponent.q % 2 == 1 and ball < 0:  # the real odd root is not meant: SymPy's principal branch is complex
            refuse("a fractional power of a negative number has no real principal value")
        if exponent.q < 1_000:
            return ball.root(int(exponent.q)) ** fmpz(int(exponent.p))
        return (ball.log() * arb(exponent)).exp()

    return power


def _by_squaring(ball: arb, exponent: int) -> arb:
    out = arb(1)
    while exponent:
        out, ball, exponent = out * ball if exponent % 2 else out, ball * ball, exponent // 2
    return out


def excludes_zero(tree: Tree, values: Mapping[str, acb]) -> bool:
    """Proved in balls, at the current precision and four times it."""
    before = ctx.prec
    try:
        for precision in (before, 4 * before):
            ctx.prec = precision
            try:
                ball = evaluate_complex(tree, values)
            except Refused:
                ball = acb(Evaluation(arb, REAL).value(tree, {k: v.real for k, v in values.items()}))
            if not ball.contains(0) and ball.is_finite():
                return True
        return False
    finally:
        ctx.prec = before
