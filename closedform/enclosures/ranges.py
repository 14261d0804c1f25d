"""The values that an expression can take on a box whose sides may be infinite: natural interval extension, outward.

The two ends are points of FLINT's precision, plus or minus infinity among them. Every value that the expression has at a
point of the box lies between them; ``everywhere`` says besides that it is defined, finite and continuous on the whole
closed box. (R. E. Moore, *Interval Analysis*, 1966; zero times infinity is zero, as the ends are limits.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from flint import arb, ctx, fmpq

from closedform.frozen import record
from closedform.kernel.expressions.balls import evaluate
from closedform.kernel.expressions.tree import Tree, as_integer
from closedform.kernel.reading import Refused

PRECISION = 96
INFINITE = arb("inf")


@record
class Range:
    """All values lie between ``low`` and ``high``; ``everywhere``: continuous on the whole box."""

    low: arb
    high: arb
    everywhere: bool = True

    @property
    def bounded(self) -> bool:
        return bool(self.low.is_finite()) and bool(self.high.is_finite())

    def excludes_zero(self) -> bool:
        return bool(self.low > 0) or bool(self.high < 0)


def line() -> Range:
    """All real numbers.

    >>> line().bounded
    False
    """
    return Range(-INFINITE, INFINITE)


def between(low: arb | int | None, high: arb | int | None) -> Range:
    """The numbers from ``low`` to ``high``; None at an end means that there is no bound.

    >>> between(0, None).bounded
    False
    """
    return Range(-INFINITE if low is None else arb(low).lower(), INFINITE if high is None else arb(high).upper())


def range_of(tree: Tree, sides: Mapping[str, Range]) -> Range:
    """The values of a kernel tree on the box; the whole line where there is no rule for a part of it.

    >>> from closedform.kernel.expressions.tree import read
    >>> found = range_of(read(["+", ["^", "x", "2"], ["*", "-1", ["cos", "x"]]]), {"x": line()})
    >>> found.low, found.everywhere
    (-1.00000000000000, True)
    """
    with ctx.workprec(PRECISION):
        return _range(tree, sides)


_NOWHERE = Range(-INFINITE, INFINITE, False)


def _range(tree: Tree, sides: Mapping[str, Range]) -> Range:
    if isinstance(tree, fmpq):
        return _ends(arb(tree))
    if isinstance(tree, str):
        return sides.get(tree, _NOWHERE)
    head, args = str(tree[0]), tree[1:]
    if head == "@":
        return _NOWHERE
    if head in ("sum", "prod"):
        return _indexed(head, args, sides)
    if head == "^":
        return _power(args[0], args[1], sides)
    parts = [_range(a, sides) for a in args]
    everywhere = all(p.everywhere for p in parts)
    if head == "+":
        return Range(_sum([p.low for p in parts], -1), _sum([p.high for p in parts], 1), everywhere)
    if head == "*":
        return _product(parts)
    if head in ("max", "min"):
        pick = max if head == "max" else min
        return Range(_extreme(pick, [p.low for p in parts]), _extreme(pick, [p.high for p in parts]), everywhere)
    if head in ("pi", "e"):
        return _ends(evaluate(tree, {}))
    rule = _RULES.get(head)
    return rule(parts[0]) if rule is not None and len(parts) == 1 else _NOWHERE


def _ends(ball: arb) -> Range:
    return Range(ball.lower(), ball.upper())


def _extreme(pick: Callable[[list[arb]], arb], values: list[arb]) -> arb:
    best = values[0]
    for v in values[1:]:
        best = v if bool(v > best if pick is max else v < best) else best
    return best


def _sum(ends: Sequence[arb], side: int) -> arb:
    if any(not e.is_finite() and bool(e * side > 0) for e in ends):
        return INFINITE * side
    total = sum(ends[1:], ends[0])
    return total.upper() if side > 0 else total.lower()


def _times(a: arb, b: arb) -> arb:
    return arb(0) if a.is_zero() or b.is_zero() else a * b


def _product(parts: Sequence[Range]) -> Range:
    out = parts[0]
    for p in parts[1:]:
        corners = [_times(a, b) for a in (out.low, out.high) for b in (p.low, p.high)]
        out = Range(
            _extreme(min, [c.lower() if c.is_finite() else c for c in corners]),
            _extreme(max, [c.upper() if c.is_finite() else c for c in corners]),
            out.everywhere and p.everywhere,
        )
    return out


def _indexed(head: str, args: tuple[Tree, ...], sides: Mapping[str, Range]) -> Range:
    try:
        low, high = (as_integer(a) for a in args[1:3])
        if low is None or high is None or high - low > 5_000:
            return _NOWHERE
        index = str(args[0])
        parts = list[Range]()
        for i in range(low, high + 1):
            parts.append(_range(args[3], {**sides, index: _ends(arb(i))}))
            if head == "sum" and parts[-1] == _NOWHERE:
                return _NOWHERE  # no other term says more
    except (Refused, ArithmeticError, ValueError):
        return _NOWHERE
    if not parts:
        return _ends(arb(0 if head == "sum" else 1))
    if head == "prod":
        return _product(parts)
    return Range(_sum([p.low for p in parts], -1), _sum([p.high for p in parts], 1), all(p.everywhere for p in parts))


def _power(base: Tree, exponent: Tree, sides: Mapping[str, Range]) -> Range:
    u = _range(base, sides)
    whole = as_integer(exponent)
    if whole is not None and whole >= 0:
        return _whole_power(u, whole)
    if whole is not None:
        return _reciprocal(_whole_power(u, -whole))
    if isinstance(exponent, fmpq):
        if bool(u.high < 0):
            return _NOWHERE
        inside = Range(_extreme(max, [u.low, arb(0)]), u.high, u.everywhere and bool(u.low >= 0))
        power = arb(abs(exponent))
        out = Range(_monomial(inside.low, power).lower(), _monomial(inside.high, power).upper(), inside.everywhere)
        return out if exponent > 0 else _reciprocal(out)
    return _exp(_product([_range(exponent, sides), _log(u)]))


def _monomial(x: arb, power: arb) -> arb:
    return x if x.is_zero() or not x.is_finite() else (x.log() * power).exp()


def _whole_power(u: Range, n: int) -> Range:
    def at(x: arb) -> arb:
        if not x.is_finite():
            return x if n % 2 else abs(x)
        out = arb(1)
        for _ in range(n):
            out = out * x
        return out

    if n == 0:
        return Range(arb(1), arb(1), u.everywhere)
    low, high = (at(u.low), at(u.high)) if n < 200 else (-INFINITE, INFINITE)
    if n % 2:
        return Range(_down(low), _up(high), u.everywhere)
    if n >= 200:
        return Range(arb(0), INFINITE, u.everywhere)
    straddles = bool(u.low <= 0) and bool(u.high >= 0)
    least = arb(0) if straddles else _extreme(min, [_down(low), _down(high)])
    return Range(least, _extreme(max, [_up(low), _up(high)]), u.everywhere)


def _down(x: arb) -> arb:
    return x.lower() if x.is_finite() else x


def _up(x: arb) -> arb:
    return x.upper() if x.is_finite() else x


def _reciprocal(u: Range) -> Range:
    if bool(u.low > 0) or bool(u.high < 0):
        ends = [arb(0) if not e.is_finite() else 1 / e for e in (u.high, u.low)]
        return Range(_down(ends[0]), _up(ends[1]), u.everywhere)
    if bool(u.low >= 0):
        return (
            Range(arb(0) if not u.high.is_finite() else _down(1 / u.high), INFINITE, False) if u.high > 0 else _NOWHERE
        )
    if bool(u.high <= 0):
        return Range(-INFINITE, arb(0) if not u.low.is_finite() else _up(1 / u.low), False)
    return _NOWHERE


def _rising(f: Callable[[arb], arb], at_minus: arb, at_plus: arb) -> Callable[[Range], Range]:
    """A continuous increasing function on the line with its limits."""

    def rule(u: Range) -> Range:
        low = f(u.low) if u.low.is_finite() else (at_minus if u.low < 0 else at_plus)
        high = f(u.high) if u.high.is_finite() else (at_plus if u.high > 0 else at_minus)
        return Range(
            _down(low) if not low.is_nan() else at_minus, _up(high) if not high.is_nan() else at_plus, u.everywhere
        )

    return rule


_exp = _rising(arb.exp, arb(0), INFINITE)


def _log(u: Range) -> Range:
    if bool(u.high <= 0):
        return _NOWHERE
    low = _down(u.low.log()) if bool(u.low > 0) and u.low.is_finite() else -INFINITE
    return Range(low, _up(u.high.log()) if u.high.is_finite() else INFINITE, u.everywhere and bool(u.low > 0))


def _sqrt(u: Range) -> Range:
    if bool(u.high < 0):
        return _NOWHERE
    low = _extreme(max, [u.low, arb(0)])
    high = _up(u.high.sqrt()) if u.high.is_finite() else INFINITE
    return Range(_down(low.sqrt()), high, u.everywhere and bool(u.low >= 0))


def _even(f: Callable[[arb], arb]) -> Callable[[Range], Range]:
    """An even function that rises with the size of its argument, to infinity."""

    def rule(u: Range) -> Range:
        ends = [f(abs(e)) if e.is_finite() else INFINITE for e in (u.low, u.high)]
        straddles = bool(u.low <= 0) and bool(u.high >= 0)
        least = _down(f(arb(0))) if straddles else _extreme(min, [_down(e) for e in ends])
        return Range(least, _extreme(max, [_up(e) for e in ends]), u.everywhere)

    return rule


def _circular(f: Callable[[arb], arb]) -> Callable[[Range], Range]:
    def rule(u: Range) -> Range:
        out = Range(arb(-1), arb(1), u.everywhere)
        if not u.bounded:
            return out
        ball = f(u.low.union(u.high))
        return Range(_extreme(max, [arb(-1), ball.lower()]), _extreme(min, [arb(1), ball.upper()]), u.everywhere)

    return rule


def _arc(f: Callable[[arb], arb], side: int) -> Callable[[Range], Range]:
    def rule(u: Range) -> Range:
        inside = bool(u.low >= -1) and bool(u.high <= 1)
        ends = [f(_extreme(min, [_extreme(max, [e, arb(-1)]), arb(1)])) for e in (u.low, u.high)]
        low, high = ends if side > 0 else reversed(ends)
        return Range(_down(low), _up(high), u.everywhere and inside)

    return rule


def _loggamma(u: Range) -> Range:
    if bool(u.low > 0) and bool(u.low >= arb("1.47")):
        return Range(_down(u.low.lgamma()), _up(u.high.lgamma()) if u.high.is_finite() else INFINITE, u.everywhere)
    if bool(u.low >= 0):  # its least value, -0.1214862905..., is at 1.4616...
        ends = [e.lgamma() if e.is_finite() and bool(e > 0) else INFINITE for e in (u.low, u.high)]
        return Range(arb("-0.12148629054"), _extreme(max, [_up(e) for e in ends]), u.everywhere and bool(u.low > 0))
    return _NOWHERE


def _on_positive(f: Callable[[arb], arb], at_zero: arb, at_infinity: arb) -> Callable[[Range], Range]:
    """A monotone function on the positive numbers with its limits."""

    def rule(u: Range) -> Range:
        if not bool(u.low >= 0):
            return _NOWHERE
        a = at_zero if u.low.is_zero() else f(u.low) if u.low.is_finite() else at_infinity
        b = f(u.high) if u.high.is_finite() and bool(u.high > 0) else at_infinity
        low, high = (a, b) if bool(at_zero < at_infinity) else (b, a)
        return Range(_down(low), _up(high), u.everywhere and bool(u.low > 0))

    return rule


def _sign(u: Range) -> Range:
    low, high = (arb(-1) if bool(u.low <= 0) else arb(1)), (arb(1) if bool(u.high >= 0) else arb(-1))
    return Range(low, high, u.everywhere and u.excludes_zero())


def _lambertw(u: Range) -> Range:
    edge = -(arb(-1).exp())
    if not bool(u.low > edge):
        return Range(arb(-1), _up(u.high.lambertw()) if u.high.is_finite() and bool(u.high > edge) else INFINITE, False)
    return Range(_down(u.low.lambertw()), _up(u.high.lambertw()) if u.high.is_finite() else INFINITE, u.everywhere)


def _falling(f: Callable[[arb], arb], at_minus: arb, at_plus: arb) -> Callable[[Range], Range]:
    rule = _rising(lambda x: -f(x), -at_minus, -at_plus)

    def turned(u: Range) -> Range:
        out = rule(u)
        return Range(-out.high, -out.low, out.everywhere)

    return turned


_QUARTER = arb(fmpq(1570796326794896620, 10**18))  # a little more than a quarter turn
_RULES: dict[str, Callable[[Range], Range]] = {
    "exp": _exp,
    "log": _log,
    "sqrt": _sqrt,
    "abs": _even(abs),
    "cosh": _even(arb.cosh),
    "sinh": _rising(arb.sinh, -INFINITE, INFINITE),
    "tanh": _rising(arb.tanh, arb(-1), arb(1)),
    "atan": _rising(arb.atan, -_QUARTER, _QUARTER),
    "erf": _rising(arb.erf, arb(-1), arb(1)),
    "erfc": _falling(arb.erfc, arb(2), arb(0)),
    "asin": _arc(arb.asin, 1),
    "acos": _arc(arb.acos, -1),
    "sin": _circular(arb.sin),
    "cos": _circular(arb.cos),
    "sign": _sign,
    "loggamma": _loggamma,
    "digamma": _on_positive(arb.digamma, -INFINITE, INFINITE),
    "trigamma": _on_positive(lambda x: arb(2).zeta(x), INFINITE, arb(0)),
    "lambertw": _lambertw,
}
