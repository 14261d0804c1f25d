"""The ends of the domain and whole numbers, for one unknown over numbers whose critical points are all known.

In symbols the ends are not looked at here: an answer that names no minimum for all data says so.

Between neighbouring critical points the slope keeps its sign, so one rational in each gap gives it. Where the loss falls
inwards from every end that does not belong to the domain, its least value is attained: at a local minimum or at a
closed end. On the integers it is attained next to one of these.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any, cast

import sympy as sp
from flint import arb, fmpq

from closedform.algebra.roots import exact as dyadic
from closedform.algebra.sampling import Sample, real_ball
from closedform.attempt import Attempt, finding
from closedform.budget import Budget, working_bits
from closedform.calculus.bounds import bounds_of
from closedform.calculus.signs import KnownSigns
from closedform.frozen import FrozenMap, record
from closedform.points import LEAST_KINDS, CriticalPoint, largest_class
from closedform.stationarity.scalar import Stationarity
from closedform.strategies.ending import FoundPoint, pointed

CLOSED = (">=", "<=")
CLIPPED = ("one dip, clipped", "vertex, clipped")  # these have looked at the closed ends
_CONTINUOUS = (
    sp.exp,
    sp.log,
    sp.sin,
    sp.cos,
    sp.sinh,
    sp.cosh,
    sp.tanh,
    sp.atan,
    sp.asinh,
    sp.erf,
)  # where they are real


def bounded(system: Stationarity) -> bool:
    """Does some closed bound, or a whole number, concern the unknowns?"""
    own = set(system.unknowns)
    return any(u.is_integer for u in own) or any(r.rel_op in CLOSED and r.free_symbols & own for r in system.relations)


def completed(system: Stationarity, found: Attempt, budget: Budget) -> Attempt:
    """The attempt with a minimum on the closed edge added, or over the integers; unchanged where that was not decided.

    An integer unknown never keeps an answer over the reals: that becomes "failed".
    """
    whole = any(u.is_integer for u in system.unknowns)
    if found.outcome not in ("solved", "no_critical_point", "partial", "not_closed"):
        return found
    if system.parameters and not whole:
        return found if found.outcome == "not_closed" or _is_inside(found) else _without_edges(found)
    line = None
    if len(system.unknowns) == 1 and system.loss is not None and not system.parameters and found.complete:
        line = _LineWithEdges.of(system, found, budget)
    if whole:
        answer = _whole_solutions(system, found) if system.loss is None else line.integers() if line else None
        return answer or Attempt(
            found.strategy, "failed", "an unknown is an integer: the answer over the reals does not carry over"
        )
    return found if line is None else line.edges() or found


def _is_inside(found: Attempt) -> bool:
    """Does the answer in symbols name the minimum whatever the data: on an edge, or inside without conditions?"""
    if any(f.theorem in CLIPPED for f in found.findings) and any(p.kind in LEAST_KINDS for p in found.points):
        return True  # its conditions are the order of the bounds, without which the domain is empty
    return any(p.kind == "boundary minimum" or (p.kind == "global minimum" and not p.conditions) for p in found.points)


def _without_edges(found: Attempt) -> Attempt:
    """What is known of the points inside alone; that there is nothing to find then says nothing."""
    statement = (*found.findings, finding("edges are not listed"))
    if found.outcome == "no_critical_point":
        return Attempt(found.strategy, "failed", "a minimum on a closed edge of the domain is open")
    return replace(found, outcome="partial", minimiser="undecided", complete=False, findings=statement)


def _whole_solutions(system: Stationarity, found: Attempt) -> Attempt | None:
    """The solutions over the reals, all known, whose integer unknowns are integers; None where that is open."""
    kept = list[CriticalPoint]()
    if not found.complete:
        return None
    for p in found.points:
        verdicts = [_is_whole(p, u.name) for u in system.unknowns if u.is_integer]
        if False in verdicts:
            continue
        if None in verdicts:
            return None
        kept.append(p)
    statement = finding("solutions in integers")
    exact = all(p.exact is not None for p in kept)
    return replace(
        found,
        outcome="no_critical_point" if not kept else "solved" if exact else found.outcome,
        reason="" if kept else "no solution over the reals is an integer where one is asked for",
        points=tuple(replace(p, certificate=None) for p in kept),
        counts=FrozenMap({"complex": None, "real": len(kept)}),
        findings=(*(f for f in found.findings if f.certificate is None), statement),
        certificates=(),
        expression_class=largest_class([p.expression_class for p in kept]),
    )


def _is_whole(p: CriticalPoint, name: str) -> bool | None:
    """Is the coordinate an integer? None where that is open."""
    value = p.exact[name] if p.exact is not None else None
    if value is not None and value.is_integer is not None:
        return bool(value.is_integer)
    if p.numeric is None or p.radius is None:
        return None
    ball = arb(p.numeric[name], arb(p.radius[name]))
    near = ball.unique_fmpz()
    if near is None:
        return None if ball.contains_integer() else False
    if value is not None and sp.simplify(value - int(near)) == 0:
        return True
    return None


@record
class _LineWithEdges:
    system: Stationarity
    found: Attempt
    precision: int
    digits: int
    balls: tuple[arb, ...]  # the critical points, in order
    low: Any
    high: Any
    low_closed: bool
    high_closed: bool
    slopes: tuple[int, ...]  # the sign of the gradient in each gap

    @staticmethod
    def of(system: Stationarity, found: Attempt, budget: Budget) -> _LineWithEdges | None:
        x = system.unknowns[0]
        own = [r for r in system.relations if x in r.free_symbols]
        if any(
            x not in (r.lhs, r.rhs) or not (r.lhs.is_number or r.rhs.is_number) or r.rel_op in ("==", "!=") for r in own
        ):
            return None
        if (
            system.kind == "piecewise"
            or system.loss is None
            or any(not isinstance(f, _CONTINUOUS) for f in system.loss.atoms(sp.Function))
        ):
            return None
        inner = KnownSigns(
            [
                {">=": sp.Gt, "<=": sp.Lt}[r.rel_op](r.lhs, r.rhs, evaluate=False) if r.rel_op in CLOSED else r
                for r in own
            ]
        )
        if any(inner.sign(e) not in (1, -1) for e in system.nonzero) or system.gradient is None:
            return None
        if any(p.kind == "boundary minimum" or p.numeric is None or p.radius is None for p in found.points):
            return None
        precision = working_bits(budget.digits)
        balls = sorted(
            (arb(p.numeric[x.name], arb(p.radius[x.name])) for p in found.points if p.numeric and p.radius),
            key=lambda b: dyadic(b.mid()),
        )
        low, high = bounds_of(x, own)

        def closed(end: Any) -> bool:
            return end is not None and not any(r.rel_op in (">", "<") and end in (r.lhs, r.rhs) for r in own)

        line = _LineWithEdges(
            system, found, precision, budget.digits, tuple(balls), low, high, closed(low), closed(high), ()
        )
        marks = [line._ball_of(low), *balls, line._ball_of(high)]
        signs = list[int]()
        for a, b in pairwise(marks):
            probe = line._between(a, b)
            slope = line._value(system.gradient[0], probe) if probe is not None else None
            if slope is None or not (slope > 0 or slope < 0):
                if a is not None and b is not None and a.overlaps(b):  # a critical point on the end itself
                    signs.append(0)
                    continue
                return None
            signs.append(1 if slope > 0 else -1)
        return replace(line, slopes=tuple(signs))

    def _ball_of(self, end: Any) -> arb | None:
        return real_ball(end, Sample({}, {}), self.precision) if end is not None else None

    def _between(self, a: Any, b: Any) -> arb | None:
        if a is not None and b is not None:
            return arb((dyadic(a.mid()) + dyadic(b.mid())) / 2) if a < b else None
        if b is not None:
            return arb(dyadic(b.mid()) - 1)
        return arb(0) if a is None else arb(dyadic(a.mid()) + 1)

    def _value(self, e: Any, at: arb) -> arb | None:
        return real_ball(e, Sample(cast(Any, {self.system.unknowns[0].name: at}), {}), self.precision)

    def _attained(self) -> bool:
        """Does the loss fall inwards from each end that is not in the domain?"""
        inner = [s for s in self.slopes if s]
        return bool(inner) and (self.low_closed or inner[0] < 0) and (self.high_closed or inner[-1] > 0)

    def edges(self) -> Attempt | None:
        """With the least loss among critical points and closed ends named, when it is attained and they can be compared."""
        if not self._attained():
            return None
        x, loss = self.system.unknowns[0], cast(Any, self.system.loss)
        sides = (
            (self.low, self.low_closed, self.slopes[0], "rises from"),
            (self.high, self.high_closed, -self.slopes[-1], "falls to"),
        )
        ends = [
            pointed(
                self.system,
                FoundPoint(
                    {x: e}, kind="boundary minimum", note=f"the loss {word} this end: its multiplier is positive"
                ),
                self.digits,
            )
            for e, closed, s, word in sides
            if closed and s > 0
        ]
        old = list(self.found.points)
        everything = [*old, *ends]
        at = [self._position(p) for p in everything]
        balls: list[Any] = [self._value(loss, b) for b in at]
        if any(v is None or not v.is_finite() for v in balls):
            return None
        values = [loss.subs(x, p.exact[x.name]) if p.exact is not None else None for p in everything]
        best = [
            i
            for i, v in enumerate(balls)
            if all(i == k or v < w or (not v > w and _same(values[i], values[k])) for k, w in enumerate(balls))
        ]
        if not best:
            return None
        points = list[CriticalPoint]()
        for i, p in enumerate(everything):
            if i >= len(old):
                if i not in best:
                    continue
            elif i in best:
                p = replace(p, kind="global minimum")
            elif p.kind == "global minimum":
                p = replace(p, kind="local minimum")
            points.append(p)
        least = [everything[i] for i in best]
        statement = finding("least of the critical points and ends")
        none = self.found.outcome == "no_critical_point"
        if none and not ends:
            return None
        word: Any = "closed" if all(p.exact is not None for p in least) else self.found.minimiser
        if word is None:
            word = "not_closed" if self.found.outcome == "not_closed" else "undecided"
        return replace(
            self.found,
            outcome="solved" if none else self.found.outcome,
            reason="" if none else self.found.reason,
            points=tuple(points),
            findings=(*self.found.findings, statement),
            minimiser=word,
            expression_class=largest_class([p.expression_class for p in points]),
        )

    def _position(self, p: CriticalPoint) -> arb:
        x = self.system.unknowns[0].name
        if p.numeric is not None and p.radius is not None:
            return arb(p.numeric[x], arb(p.radius[x]))
        return self._ball_of(p.exact[x] if p.exact is not None else None) or arb(0)

    def integers(self) -> Attempt | None:
        """The integers of least loss: next to a local minimum, or at an end of the domain."""
        if not self._attained():
            return None
        x, loss = self.system.unknowns[0], cast(Any, self.system.loss)
        near = set[int]()
        marks = [b for b, s, t in zip(self.balls, self.slopes, self.slopes[1:], strict=False) if s <= 0 <= t]
        marks += [b for b in (self._ball_of(self.low), self._ball_of(self.high)) if b is not None]
        for b in marks:
            middle = dyadic(b.mid())
            floor = int(fmpq(middle).floor())
            near |= {floor - 1, floor, floor + 1, floor + 2}
        inside = [k for k in sorted(near) if self._holds(k)]
        values: dict[int, Any] = {k: self._value(loss, arb(k)) for k in inside}
        exact = {k: loss.subs(x, k) for k in inside}
        best = [
            k
            for k in inside
            if all(
                values[k] is not None
                and values[j] is not None
                and (values[k] < values[j] or sp.simplify(exact[k] - exact[j]) == 0)
                for j in inside
            )
        ]
        if not best:
            return None
        points = tuple(
            pointed(self.system, FoundPoint({x: sp.Integer(k)}, kind="global minimum"), self.digits) for k in best
        )
        statement = finding("least of the integers", unknown=x)
        return Attempt(
            self.found.strategy,
            "solved",
            points=points,
            complete=True,
            minimiser="closed",
            expression_class="rational",
            findings=(statement,),
        )

    def _holds(self, k: int) -> bool:
        below = self.low is not None and (k < self.low or (k == self.low and not self.low_closed))
        return not below and not (
            self.high is not None and (k > self.high or (k == self.high and not self.high_closed))
        )


def _same(a: Any, b: Any) -> bool:
    """Are two exact losses proved equal?"""
    return a is not None and b is not None and sp.count_ops(a - b) < 200 and sp.simplify(a - b) == 0
