"""Trees evaluated in balls, real or complex: at every point of the given balls the value lies in the ball returned.

A ball that is not finite says that the value may be undefined at some point; it stays so in everything built on it,
also where a factor zero or an exponent zero would swallow it: what is written must be defined.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial, reduce
from operator import mul
from typing import Any

from flint import acb, arb, ctx, fmpq, fmpz

from closedform.kernel.expressions.rows import Columns, entry, fold, in_blocks, in_rows
from closedform.kernel.expressions.tree import MAX_TERMS, Tree, as_integer
from closedform.kernel.reading import Refused, refuse

MAX_POWER = 2**40


def _besseli(n: arb, z: arb) -> arb:
    return z.bessel_i(n)


def _besselj(n: arb, z: arb) -> arb:
    return z.bessel_j(n)


def _lambertw(z: arb, k: arb | None = None) -> arb:
    return z.lambertw(0 if k is None else _index(k))


def _trigamma(z: arb) -> arb:
    return arb(2).zeta(z)


# The functions that FLINT calls as we do.
_SAME = ("exp", "log", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan")
_REAL_TOO = ("sinh", "cosh", "tanh", "atan2", "gamma", "digamma", "erf", "erfc", "erfinv", "zeta")
_REAL: dict[str, Callable[..., arb]] = {
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


def evaluate(tree: Tree, values: Mapping[str, arb], columns: Columns | None = None) -> arb:
    """The real value, at FLINT's current precision; ``columns`` binds the names under ``@`` to exact entries."""
    return _walk(tree, values, columns or {}, arb, _REAL)


def operation(head: str, exponent: fmpq | None = None) -> Callable[..., arb]:
    """What ``evaluate`` does at a node, on balls; of a power with a rational ``exponent``. Refused over rows."""
    if head == "^":
        act = _to_the if exponent is None else _raising(exponent)
    else:
        act = _REAL[head] if head in _REAL else refuse(f"{head} is no function of balls alone")
    return lambda *balls: _or_none(arb, act(*balls))


def evaluate_complex(tree: Tree, values: Mapping[str, acb]) -> acb:
    """The principal value of an expression in radicals, exponentials and circular functions."""
    return _walk(tree, values, {}, acb, _COMPLEX)


def _walk(tree: Tree, values: Mapping[str, Any], columns: Columns, number: Any, table: Mapping[str, Any]) -> Any:
    if isinstance(tree, fmpq):
        return number(tree)
    if isinstance(tree, str):
        return values[tree] if tree in values else refuse(f"no value for {tree}")
    head, args = str(tree[0]), tree[1:]
    if head in ("sum", "prod"):
        low, high = (_index(_walk(a, values, columns, number, table)) for a in args[1:3])
        if not -1 <= high - low <= MAX_TERMS:
            refuse("a sum has too many terms, or its limits run backwards")
        total = number(0 if head == "sum" else 1)
        index = str(args[0])
        for body, own in in_blocks(args[3], index, low, high, columns, number):
            total = fold(head, total, _walk(body, {**values, **own}, columns, number, table), own[index])
        return total
    if head == "@":
        places = in_rows(_index, _walk(args[1], values, columns, number, table))
        return in_rows(number, in_rows(partial(entry, columns, str(args[0])), places))
    if head == "^" and isinstance(args[1], fmpq):
        return _finite(in_rows(_raising(args[1]), _walk(args[0], values, columns, number, table)), number)
    balls = [_walk(a, values, columns, number, table) for a in args]
    if head == "+":
        return sum(balls[1:], balls[0])
    if head == "*":
        return reduce(mul, balls)
    if head == "^":
        out = in_rows(_to_the if number is arb else pow, *balls)
    elif head in table:
        out = in_rows(table[head], *balls)
    else:
        refuse(f"{head} has no {'real' if number is arb else 'complex'} value here")
    return _finite(out, number)


def _finite(value: Any, number: Any) -> Any:
    """The value, not a number wherever it is not finite."""
    return in_rows(partial(_or_none, number), value)


def _or_none(number: Any, ball: Any) -> Any:
    return ball if ball.is_finite() else number("nan")


def _to_the(base: arb, exponent: arb) -> arb:
    return (base.log() * exponent).exp()


def _index(ball: arb | acb) -> int:
    integer = ball.unique_fmpz()
    return int(integer) if integer is not None else refuse("an index is not an integer")


def _raising(exponent: fmpq) -> Callable[[Any], Any]:
    """The power with a rational exponent, the principal one."""
    whole = as_integer(exponent)
    small = abs(exponent.p) <= MAX_POWER and exponent.q <= MAX_POWER

    def power(ball: Any) -> Any:
        if not ball.is_finite() or not small:
            return ball * arb("nan")
        if isinstance(ball, acb):
            return ball ** fmpz(whole) if whole is not None else ball ** acb(exponent)
        if whole is not None and whole > 0 and ball.mid().is_zero():  # FLINT's power of a ball centred at zero is nan
            return _by_squaring(ball, whole)
        if whole is not None:
            return ball ** fmpz(whole)
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
                ball = acb(evaluate(tree, {k: v.real for k, v in values.items()}))
            if not ball.contains(0) and ball.is_finite():
                return True
        return False
    finally:
        ctx.prec = before
