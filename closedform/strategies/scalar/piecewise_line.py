"""One unknown, a continuous loss with absolute values, maxima or cases: every piece, every kink, and which are minima.

On each smooth piece the zeros of the derivative are found exactly; at a break the one-sided derivatives decide. A loss
that falls before the first and rises after the last of these places has its global minimum among them. With symbols, a
loss that is strictly convex on each piece, with kinks that open upwards, has one minimiser, written by cases.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import sympy as sp

from closedform.algebra.bridge import text
from closedform.algebra.sampling import Sample, complex_ball, real_ball
from closedform.attempt import Attempt, finding
from closedform.budget import Budget
from closedform.calculus.pieces import Cutter, Pieces, Undecided
from closedform.calculus.roots.inversion import real_roots
from closedform.calculus.signs import KnownSigns
from closedform.frozen import record
from closedform.points import Kind, interval
from closedform.stationarity.scalar import Stationarity
from closedform.strategies.ending import Evidence, Found, FoundPoint, concluded

name = "pieces and kinks on a line"
example = {"loss": "|1 - m| + |2 - m| + |9 - 3*m|"}
counterexample = {"loss": "x^2 + exp(x)"}


def declines(system: Stationarity) -> str | None:
    """A sentence when the loss is smooth, or has several unknowns, else None."""
    if len(system.unknowns) != 1:
        return "there is more than one unknown"
    if system.kind != "piecewise" or system.loss is None:
        return "the loss has no absolute value, maximum or cases"
    if any(system.unknowns[0] in r.free_symbols for r in system.relations):
        return "the unknown is bounded"
    return None


@record
class _Extremum:
    """A minimum, maximum or other zero: a value, or the ends of an interval where the loss is constant."""

    value: Any
    kind: Kind
    kink: bool = False
    end: Any = None


def attempt(system: Stationarity, budget: Budget) -> Attempt:
    """Every local minimum and maximum of the loss on the line, or failed where an order was not proved."""
    x = system.unknowns[0]
    cutter = Cutter(x, KnownSigns(system.relations), budget)
    try:
        loss: Any = system.loss
        pieces = cutter.cut(loss)
        for left, right, b in zip(pieces.smooth, pieces.smooth[1:], pieces.breaks, strict=False):
            if sp.simplify((left - right).subs(x, b)) != 0:
                return Attempt(name, "failed", f"the loss jumps at {b}")
        if loss.free_symbols - {x}:
            return _with_symbols(system, pieces, cutter, budget)
        return _with_numbers(system, pieces, cutter, budget)
    except Undecided as open_:
        return Attempt(name, "failed", f"not decided: {open_}")


def _inside(cutter: Cutter, value: Any, low: Any, high: Any) -> bool:
    return (low is None or cutter.sign(value - low) > 0) and (high is None or cutter.sign(value - high) < 0)


def _with_numbers(system: Stationarity, pieces: Pieces, cutter: Cutter, budget: Budget) -> Attempt:
    x = system.unknowns[0]
    edges = [None, *pieces.breaks, None]
    slopes = [sp.simplify(sp.diff(s, x)) for s in pieces.smooth]
    signs = list[tuple[int, int]]()  # the sign of the slope at the left and right end of each piece
    extrema = list[_Extremum]()
    for (low, high), slope in zip(pairwise(edges), slopes, strict=True):
        if slope == 0:
            signs.append((0, 0))
            continue
        zeros = _zeros(slope, x, cutter, low, high, budget)
        marks = [low, *zeros, high]
        around = [_probe_sign(slope, x, cutter, a, b) for a, b in pairwise(marks)]
        for z, (before, after) in zip(zeros, pairwise(around), strict=True):
            extrema.append(_Extremum(z, _kind(before, after)))
        signs.append((around[0], around[-1]))
    for b, (_, before), (after, _) in zip(pieces.breaks, signs, signs[1:], strict=False):
        if before != after and (before, after) != (1, 1):
            flat = 0 in (before, after)
            if not flat:
                left, right = (
                    sp.simplify(s.subs(x, b))
                    for s in (slopes[pieces.breaks.index(b)], slopes[pieces.breaks.index(b) + 1])
                )
                extrema.append(_Extremum(b, _kind(before, after), kink=left != 0 or right != 0))
        elif before == after and before != 0 and sp.simplify(slopes[pieces.breaks.index(b)].subs(x, b)) == 0:
            extrema.append(_Extremum(b, "degenerate"))
    extrema += _flats(pieces, signs)
    attained = signs[0][0] <= 0 <= signs[-1][1]
    if not extrema:
        none = "no piece has a critical point and no break is a minimum"
        return concluded(name, system, Found((), True, Evidence(finding("monotone on each piece")), none=none), budget)
    return _report(system, pieces, extrema, attained, budget)


def _kind(before: int, after: int) -> Kind:
    return "local minimum" if before < 0 < after else "local maximum" if before > 0 > after else "degenerate"


def _zeros(slope: Any, x: Any, cutter: Cutter, low: Any, high: Any, budget: Budget) -> list[Any]:
    found = real_roots(slope, x, cutter.facts, budget=budget)
    if found.obstacles or found.placeholders or found.everywhere or slope.has(sp.sin, sp.cos, sp.tan):
        raise Undecided(f"the zeros of {slope}")  # of circular functions one turn is listed only
    real = [v for v in found.values if _is_real(v)]
    return cutter.sorted([v for v in real if _inside(cutter, v, low, high)])


def _is_real(v: Any) -> bool:
    if v.is_real is not None:
        return bool(v.is_real)
    z = complex_ball(v, Sample({}, {}))
    return real_ball(v, Sample({}, {})) is not None or (z is not None and z.imag.contains(0))


def _probe_sign(slope: Any, x: Any, cutter: Cutter, low: Any, high: Any) -> int:
    if low is None and high is None:
        probe = sp.S.Zero
    elif low is None:
        probe = high - 1
    elif high is None:
        probe = low + 1
    else:
        probe = (low + high) / 2
    return cutter.sign(slope.subs(x, probe))


def _flats(pieces: Pieces, signs: list[tuple[int, int]]) -> list[_Extremum]:
    """Maximal runs of pieces on which the loss is constant."""
    out, k, n = list[_Extremum](), 0, len(signs)
    while k < n:
        if signs[k] != (0, 0):
            k += 1
            continue
        first = k
        while k < n and signs[k] == (0, 0):
            k += 1
        low = pieces.breaks[first - 1] if first > 0 else -sp.oo
        high = pieces.breaks[k - 1] if k < n else sp.oo
        before, after = (signs[first - 1][1] if first > 0 else -1), (signs[k][0] if k < n else 1)
        if first == 0 < k < n:  # without an end on one side the other one decides
            before = -after
        elif k == n and first > 0:
            after = -before
        out.append(_Extremum(low, _kind(before, after), end=high))
    return out


def _value(system: Stationarity, at: Any) -> Any:
    loss: Any = system.loss
    return sp.simplify(loss.subs(system.unknowns[0], at)) if at not in (sp.oo, -sp.oo) else None


def _report(system: Stationarity, pieces: Pieces, extrema: list[_Extremum], attained: bool, budget: Budget) -> Attempt:
    x = system.unknowns[0]
    values = [_value(system, p.value if p.value != -sp.oo else p.end) for p in extrema]
    minima = [i for i, p in enumerate(extrema) if p.kind == "local minimum"]
    best = set[int]()
    if attained and minima:
        found = {i: real_ball(values[i], Sample({}, {}), 300) for i in minima if values[i] is not None}
        balls = {i: b for i, b in found.items() if b is not None}
        if len(balls) == len(minima):
            best = {
                i
                for i in minima
                if all(k == i or balls[i] < balls[k] or sp.simplify(values[i] - values[k]) == 0 for k in minima)
            }
    record = Evidence(finding("every extremum between the kinks", breaks=tuple(pieces.breaks)))
    points = list[FoundPoint]()
    for i, p in enumerate(extrema):
        kind: Kind = "global minimum" if i in best else p.kind
        if p.end is None:
            points.append(FoundPoint({x: p.value}, kind=kind, loss=values[i], note="a kink" if p.kink else ""))
            continue
        record.say("constant on an interval", low=p.value, high=p.end, kind=kind)
        note = f"any value in {interval(text(p.value), text(p.end))}"
        points += [
            FoundPoint({x: end}, kind=kind, loss=values[i], expression_class="piecewise", note=note)
            for end in (p.value, p.end)
            if end.is_finite
        ]
    if best:
        record.say("falls before and rises after the points")
    return concluded(name, system, Found(tuple(points), True, record), budget)


def _with_symbols(system: Stationarity, pieces: Pieces, cutter: Cutter, budget: Budget) -> Attempt:
    """One minimiser by cases, when every piece is strictly convex and every kink opens upwards."""
    x = system.unknowns[0]
    slopes = [sp.diff(s, x) for s in pieces.smooth]
    facts = cutter.facts
    for s in slopes:
        if facts.sign(sp.factor(sp.diff(s, x))) != 1:
            return Attempt(name, "failed", "strict convexity on every piece was not proved")
    for b, left, right in zip(pieces.breaks, slopes, slopes[1:], strict=False):
        if facts.sign(sp.factor((right - left).subs(x, b))) not in (0, 1, 2):
            return Attempt(name, "failed", f"it was not proved that the kink at {b} opens upwards")
    cases = list[tuple[Any, Any]]()
    edges = [None, *pieces.breaks, None]
    for (low, high), slope in zip(pairwise(edges), slopes, strict=True):
        found = real_roots(slope, x, facts, budget=budget)
        if found.obstacles or found.placeholders or len(found.values) != 1 or slope.has(sp.sin, sp.cos, sp.tan):
            return Attempt(name, "failed", f"the zero of {slope} was not found by a single formula")
        value = found.values[0]
        bounds = [sp.Gt(value, low)] if low is not None else []
        bounds += [sp.Lt(value, high)] if high is not None else []
        cases.append((value, sp.And(*bounds)))
    for k, b in enumerate(pieces.breaks):
        last = k == len(pieces.breaks) - 1
        condition = sp.true if last else sp.And(sp.Le(slopes[k].subs(x, b), 0), sp.Ge(slopes[k + 1].subs(x, b), 0))
        cases.append((b, condition))
    value = sp.Piecewise(*cases) if len(cases) > 1 else cases[0][0]
    minimiser = FoundPoint({x: value}, kind="global minimum", expression_class="piecewise")
    record = Evidence(finding("strictly convex by cases"))
    return concluded(name, system, Found((minimiser,), True, record), budget)
