"""Losses whose terms are least at the same points: bounds of every term from its form, and where all of them are met.

Squares and absolute values are at least zero, circular functions lie between -1 and 1, exponentials and roots are increasing; so each
expression has bounds with the equations under which they are met. If the equations of the lower bound of the loss have
a common solution, the solutions are exactly the global minimisers. Nothing is said about other critical points.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from typing import Any, cast

import sympy as sp

from closedform.algebra.sampling import Sample, real_ball
from closedform.attempt import Attempt, finding
from closedform.budget import Budget, working_bits
from closedform.calculus.bounds import bounds_of
from closedform.frozen import FrozenMap, record
from closedform.stationarity.scalar import Stationarity
from closedform.strategies.ending import Evidence, Found, FoundPoint, concluded
from closedform.strategies.translates import period_in

name = "every term at its least"
example = {"loss": "-20*exp(-1/5*sqrt((x^2 + y^2)/2)) - exp((cos(2*pi*x) + cos(2*pi*y))/2)"}
counterexample = {"loss": "exp(x) - 2*x"}
share = 0.2

MAX_WAYS = 64

Way = frozenset[Any]  # expressions that must be zero, and congruences that must hold, together


@record
class _Turn:
    """``argument`` is a multiple of 2*pi."""

    argument: Any


@record
class _Bound:
    """A bound and the ways in which it is met: each a set of conditions; None where there is no bound known."""

    value: Any
    ways: tuple[Way, ...]


@record
class _Range:
    low: _Bound | None
    high: _Bound | None


def declines(system: Stationarity) -> str | None:
    """A sentence when there are symbols beside the unknowns or no circular function, exponential or kink, else None."""
    if system.loss is None or system.parameters or system.loss.free_symbols - set(system.unknowns):
        return "there is no loss in the unknowns alone"
    if len(system.unknowns) > 8 or sp.count_ops(system.loss) > 400:
        return "the loss is too large to be taken apart by terms"
    if system.loss.is_polynomial(*system.unknowns):
        return "polynomials have strategies of their own"
    return None


def attempt(system: Stationarity, budget: Budget) -> Attempt:
    """ "partial" with all global minimisers, or failed when no bound is met."""
    own, loss = set(system.unknowns), system.loss
    if loss is None:
        return Attempt(name, "declined", str(declines(system)))
    bound = _range(sp.expand_mul(loss, deep=False), own).low
    if bound is None:
        return Attempt(name, "declined", "some term has no lower bound that is plain from its form")
    points, periods = dict[tuple[Any, ...], None](), dict[str, Any]()
    for way in bound.ways:
        budget.check()
        found = _solutions(way, system, periods)
        if found is None:
            return Attempt(name, "failed", "the conditions under which the terms are least were not all solved")
        for p in found:
            points[tuple(p[u] for u in system.unknowns)] = None
    met = tuple(FoundPoint(dict(zip(system.unknowns, p, strict=True)), kind="global minimum") for p in points)
    if not met or not all(_meets(system, p, bound.value, budget) for p in points):
        return Attempt(name, "failed", "the terms are not least at a common point that was found")
    record = Evidence(finding("bounds of the terms", value=bound.value), finding("nothing about other points"))
    if periods:
        record.say("translates of each unknown", shifts=tuple(FrozenMap({u: periods[u]}) for u in sorted(periods)))
    return concluded(
        name, system, Found(met, record=record, open="the other critical points were not looked for"), budget
    )


def _range(e: Any, own: set[Any]) -> _Range:
    """Bounds of an expression over all real values of the unknowns."""
    nothing = _Range(None, None)
    if not e.free_symbols & own:
        here = _Bound(e, (frozenset(),))
        return _Range(here, here) if e.is_real else nothing
    if isinstance(e, sp.Add):
        parts = [_range(a, own) for a in e.args]
        return _Range(_sum([p.low for p in parts]), _sum([p.high for p in parts]))
    if isinstance(e, sp.Mul):
        c, rest = e.as_independent(*own, as_Add=False)
        if c != 1:
            inner = _range(rest, own)
            if not c.is_real or not (c.is_positive or c.is_negative):
                return nothing
            low, high = (inner.low, inner.high) if c.is_positive else (inner.high, inner.low)
            return _Range(_scaled(low, c), _scaled(high, c))
        return _product([_range(a, own) for a in e.args])
    if isinstance(e, (sp.cos, sp.sin)):
        shift = sp.S.Zero if isinstance(e, sp.cos) else sp.pi / 2
        u = e.args[0] - shift
        return _Range(_Bound(-sp.S.One, (frozenset({_Turn(u - sp.pi)}),)), _Bound(sp.S.One, (frozenset({_Turn(u)}),)))
    if isinstance(e, sp.Abs):
        return _Range(_Bound(sp.S.Zero, (frozenset({e.args[0]}),)), None)
    if isinstance(e, sp.exp):
        inner = _range(e.args[0], own)
        low = _mapped(inner.low, sp.exp) or _Bound(sp.S.Zero, ())  # a bound that is met nowhere
        return _Range(low, _mapped(inner.high, sp.exp))
    if isinstance(e, sp.Pow) and e.exp.is_Rational and e.exp > 0:
        inner = _range(e.base, own)
        whole = e.exp.is_Integer
        if whole and e.exp % 2 == 0:
            if inner.low is not None and inner.low.value.is_nonnegative:
                return _Range(_mapped(inner.low, lambda v: v**e.exp), _mapped(inner.high, lambda v: v**e.exp))
            top = None
            if (
                inner.low is not None
                and inner.high is not None
                and sp.simplify(inner.low.value + inner.high.value) == 0
            ):
                top = _Bound(inner.high.value**e.exp, inner.low.ways + inner.high.ways)
            return _Range(_Bound(sp.S.Zero, (frozenset({e.base}),)), top)
        if whole or (inner.low is not None and inner.low.value.is_nonnegative):
            return _Range(_mapped(inner.low, lambda v: v**e.exp), _mapped(inner.high, lambda v: v**e.exp))
        return _Range(_Bound(sp.S.Zero, (frozenset({e.base}),)), None)
    return nothing


def _sum(bounds: Sequence[_Bound | None]) -> _Bound | None:
    known = [b for b in bounds if b is not None]
    if len(known) < len(bounds):
        return None
    return _met(sp.Add(*(b.value for b in known)), [b.ways for b in known])


def _met(value: Any, parts: Sequence[tuple[Way, ...]]) -> _Bound | None:
    ways = dict[Way, None]()
    for choice in product(*parts):
        ways[frozenset[Any]().union(*choice)] = None
        if len(ways) > MAX_WAYS:
            return None
    return _Bound(value, tuple(ways))


def _scaled(b: _Bound | None, c: Any) -> _Bound | None:
    return replace(b, value=b.value * c) if b is not None else None


def _mapped(b: _Bound | None, f: Callable[[Any], Any]) -> _Bound | None:
    return replace(b, value=f(b.value)) if b is not None else None


def _product(factors: list[_Range]) -> _Range:
    """Factors that are never negative, or lie between -m and m: bounds of their product."""
    low, high = list[_Bound](), list[_Bound]()  # extremes of each factor
    signed = False
    for f in factors:
        if f.low is not None and f.low.value.is_nonnegative:
            low.append(f.low)
        elif f.low is not None and f.high is not None and sp.simplify(f.low.value + f.high.value) == 0:
            signed = True
            low.append(f.low)
        else:
            return _Range(None, None)
        if f.high is not None:
            high.append(f.high)
    top = bottom = None
    if len(high) == len(factors):
        size = sp.Mul(*(h.value for h in high))
        for sign in (1, -1):
            ways = dict[Way, None]()
            for choice in product(*((h, l) if l.value.is_negative else (h,) for h, l in zip(high, low, strict=True))):
                parity = sp.prod([1 if b.value.is_positive else -1 for b in choice])
                met = _met(size, [b.ways for b in choice]) if parity == sign else None
                ways |= dict.fromkeys(met.ways) if met is not None else {}
            if ways and len(ways) <= MAX_WAYS:
                top, bottom = (_Bound(size, tuple(ways)), bottom) if sign == 1 else (top, _Bound(-size, tuple(ways)))
    if not signed:  # never negative: zero where a factor is zero, else the product of the least values
        zero = [b for b in low if b.value == 0]
        bottom = (
            _Bound(sp.S.Zero, tuple(w for b in zero for w in b.ways))
            if zero
            else _met(sp.Mul(*(b.value for b in low)), [b.ways for b in low])
        )
    return _Range(bottom, top)


def _solutions(way: Way, system: Stationarity, periods: dict[str, Any]) -> list[dict[Any, Any]] | None:
    """All points of the domain that meet the conditions; None where they were not all found."""
    zero = [sp.expand(c) for c in way if not isinstance(c, _Turn)]
    turns = [c for c in way if isinstance(c, _Turn)]
    points: list[dict[Any, Any]] = [{}]
    progress = True
    while progress and points:
        progress = False
        after = list[dict[Any, Any]]()
        for p in points:
            step = _one_more(p, zero, turns, system, periods)
            progress = progress or step is not None
            after += step if step is not None else [p]
        points = after
        if len(points) > MAX_WAYS:
            return None
    if any(len(p) < len(system.unknowns) for p in points):
        return None
    out = list[dict[Any, Any]]()
    for p in points:
        tests = [sp.simplify(z.subs(p)) == 0 for z in zero] + [
            sp.simplify(t.argument.subs(p) / (2 * sp.pi)).is_integer is True for t in turns
        ]
        if all(tests) and _inside(p, system):
            out.append(p)
    return out


def _one_more(
    p: dict[Any, Any], zero: list[Any], turns: list[_Turn], system: Stationarity, periods: dict[str, Any]
) -> list[dict[Any, Any]] | None:
    """The point with one more unknown, from a condition in which it is the only one left and linear."""
    for z in zero:
        left = sp.expand(z.subs(p))
        names = left.free_symbols & set(system.unknowns)
        if len(names) == 1:
            (x,) = names
            base = left
            while isinstance(base, sp.Pow):
                base = base.base
            factors = sp.factor_list(base, x)[1] if base.is_polynomial(x) else []
            if not factors or any(sp.degree(f, x) > 2 for f, _ in factors):
                continue
            return [{**p, x: r} for f, _ in factors for r in sp.roots(f, x) if r.is_real]
        if not names and sp.simplify(left) != 0:
            return []
    for t in turns:
        u = sp.expand(t.argument.subs(p))
        names = u.free_symbols & set(system.unknowns)
        if len(names) != 1:
            continue
        (x,) = names
        if not u.is_polynomial(x) or sp.degree(u, x) != 1:
            continue
        a, b = sp.Poly(u, x).all_coeffs()
        low, high = bounds_of(x, system.relations)
        if low is None or high is None or not (low.is_number and high.is_number):
            if any(z.has(x) for z in zero):
                continue  # an equation will give it
            if any(r.has(x) for r in system.relations):
                return None
            period = period_in(system, x)
            turns_in_period = None if period is None else sp.simplify(period * sp.Abs(a) / (2 * sp.pi))
            if turns_in_period is None or not turns_in_period.is_Integer or not 0 < turns_in_period <= MAX_WAYS:
                return None
            periods[x.name] = period
            return [{**p, x: sp.simplify((2 * sp.pi * k - b) / a)} for k in range(int(turns_in_period))]
        first, last = sorted(((a * low + b) / (2 * sp.pi), (a * high + b) / (2 * sp.pi)), key=float)
        if float(last) - float(first) > MAX_WAYS:
            return None
        return [
            {**p, x: sp.simplify((2 * sp.pi * k - b) / a)}
            for k in range(int(sp.floor(first)), int(sp.ceiling(last)) + 1)
        ]
    return None


def _inside(p: dict[Any, Any], system: Stationarity) -> bool:
    for r in system.relations:
        if r.free_symbols & set(system.unknowns):
            gap = sp.simplify(r.lhs.subs(p) - r.rhs.subs(p))
            holds = {
                ">": gap.is_positive,
                ">=": gap.is_nonnegative,
                "<": gap.is_negative,
                "<=": gap.is_nonpositive,
                "!=": gap.is_nonzero,
            }
            if holds.get(r.rel_op) is not True:
                return False
    return True


def _meets(system: Stationarity, values: tuple[Any, ...], least: Any, budget: Budget) -> bool:
    """May the loss there be its bound, in balls?"""
    loss = cast(Any, system.loss).subs(dict(zip(system.unknowns, values, strict=True)), simultaneous=True)
    gap = real_ball(loss - least, Sample({}, {}), working_bits(budget.digits))
    return gap is not None and bool(gap.contains(0))
