"""The whole course of a function of one real variable: where it rises and falls, its extrema, ends, limits, least value.

Stops are the places where the slope vanishes, the kinks where it changes sign, and the ends of the domain that belong
to it; between neighbouring stops the sign of the slope is known. At every other end the limit is proved
(``growth.py``). The least value is attained when a stop has a value that is no larger than all others and all limits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from flint import arb, ctx

from closedform.budget import Budget
from closedform.enclosures.line.cells import Line, Mark
from closedform.enclosures.line.circles import drift, has_circular, period_of
from closedform.enclosures.line.constants import Const
from closedform.enclosures.line.expansion import expansion
from closedform.enclosures.line.functions import Unclear, has_switch, identically_zero, put
from closedform.enclosures.line.spots import BITS, FINE, Spot
from closedform.enclosures.line.stops import Role, Shape, Stop
from closedform.enclosures.line.ties import equal_values, symmetric
from closedform.enclosures.line.zeros import TAILS, inward, signs_between, zeros
from closedform.kernel.expressions import tree as kernel
from closedform.kernel.expressions.derivatives import differentiate
from closedform.kernel.expressions.tree import MINUS, Tree, add, mul, power
from closedform.kernel.reading import Refused

State = Literal["attained", "not attained", "unbounded", "open"]


@dataclass
class Escape:
    """An end that does not belong to the domain: the limit of the loss there."""

    where: Spot | None  # None: infinity
    way: int  # 1: towards larger, -1: towards smaller x
    limit: Literal["number", "+oo", "-oo", "unknown"]
    ball: arb | None = None
    exact: Const | None = None


@dataclass
class Extreme:
    """The least (or greatest) value: ``stops`` attain it when ``state`` is "attained"; else where it escapes to."""

    state: State = "open"
    stops: list[Stop] = field(default_factory=list[Stop])
    value: arb | None = None
    escape: Escape | None = None
    why: str = ""


@dataclass
class Landscape:
    """``complete``: every stop is listed (modulo the ``period`` where there is one). ``open`` says what was not decided."""

    x: str
    stops: list[Stop] = field(default_factory=list[Stop])
    escapes: list[Escape] = field(default_factory=list[Escape])
    open: list[str] = field(default_factory=list[str])
    period: Tree | None = None
    drift: Tree | None = None  # the loss grows by this times the period
    least: Extreme = field(default_factory=Extreme)
    greatest: Extreme = field(default_factory=Extreme)
    empty: bool = False  # it is proved that no place of the line belongs to the domain

    @property
    def complete(self) -> bool:
        return not self.open


def landscape(loss: Tree, line: Line, budget: Budget, period: Tree | None = None) -> Landscape:
    """The landscape of a loss on the cells of a line; with ``period`` the line is one period, its ends no ends.

    >>> from closedform.problem import read
    >>> from closedform.enclosures.line.functions import from_node
    >>> loss = from_node(read("abs(x - 1) + x^2/4", unknowns=["x"]).loss)
    >>> found = landscape(loss, Line("x", Budget.of(5)), Budget.of(5))
    >>> [(s.role, s.shape, float(s.spot.at().mid())) for s in found.stops], found.least.state
    ([('kink', 'minimum', 1.0)], 'attained')
    """
    with ctx.workprec(BITS):
        return _Survey(loss, line, budget, period).made()


class _Survey:
    def __init__(self, loss: Tree, line: Line, budget: Budget, period: Tree | None) -> None:
        self.loss, self.line, self.budget, self.x = loss, line, budget, line.x
        self.out = Landscape(line.x, period=period)
        self.trees = dict[int, Tree]()
        self.slopes = dict[int, Tree]()
        self.signs = dict[int, list[int]]()

    def made(self) -> Landscape:
        self.line.cut_switches(self.loss)
        inner = dict[int, list[Stop]]()
        for i, alive in enumerate(self.line.cells):
            if alive:
                self.budget.check()
                inner[i] = self._on_cell(i)
        for i in range(len(self.line.cells)):
            self.out.stops += inner.get(i, [])
            if i < len(self.line.marks):
                self._at_mark(i)
        self._infinity()
        self._flats()
        self.out.empty = not any(self.line.cells) and all(m.inside is False for m in self.line.marks)
        for way, extreme in ((1, self.out.least), (-1, self.out.greatest)):
            self._extreme(way, extreme)
        return self.out

    # -- stops -------------------------------------------------------------------------------------------------------

    def _on_cell(self, i: int) -> list[Stop]:
        tree = self.line.smooth(self.loss, i)
        try:
            slope = differentiate(tree, self.x)
        except Refused as fault:
            raise Unclear(str(fault)) from fault
        self.trees[i], self.slopes[i] = tree, slope
        low, high = self.line.ends(i)
        found = zeros(slope, self.x, low, high, self.budget)
        if found.everywhere:
            self.signs[i] = [0]
            return [Stop(low, "flat", None, None, "unknown", True, tree, until=high)]
        if not found.complete:
            self.out.open.append(found.why)
        signs = signs_between(slope, self.x, low, found.spots, high)
        if 0 in signs:
            self.out.open.append("the sign of the slope on an interval")
        self.signs[i] = signs
        return [
            Stop(s, "critical", b, a, _shape(b, a) if found.complete else "unknown", True, tree)
            for s, b, a in zip(found.spots, signs, signs[1:], strict=False)
        ]

    def _at_mark(self, k: int) -> None:
        mark, left, right = self.line.marks[k], self.line.cells[k], self.line.cells[k + 1]
        if self.out.period is not None and k in (0, len(self.line.marks) - 1):
            return
        if mark.inside is None and (left or right):
            self.out.open.append("whether a place at the edge belongs to the domain")
        if not mark.inside:
            for i, way in ((k, 1), (k + 1, -1)):
                if self.line.cells[i] and self.signs[i] != [0]:
                    self.out.escapes.append(self._limit(i, mark, way))
            if mark.inside is None and not (left or right):
                self.out.open.append("whether an isolated place belongs to the domain")
            return
        before = self.signs[k][-1] if left else None
        after = self.signs[k + 1][0] if right else None
        try:
            here = mark.resolved(self.loss)
        except Unclear:
            here = self.trees.get(k, self.trees.get(k + 1, self.loss))
        if not left and not right:
            self.out.stops.append(Stop(mark.spot, "isolated", None, None, "both", False, here, mark))
            return
        slopes = [self.slopes[i] for i in (k, k + 1) if self.line.cells[i]]
        stationary = all(mark.sign_of(g) == 0 for g in slopes)
        shape = self._shape_at(k, mark, here, before, after)
        if left and right and not stationary and shape == "neither":
            return
        role: Role = "end" if not (left and right) else "critical" if stationary else "kink"
        self.out.stops.append(Stop(mark.spot, role, before, after, shape, stationary, here, mark))

    def _shape_at(self, k: int, mark: Mark, here: Tree, before: int | None, after: int | None) -> Shape:
        """By the slopes beside it, and by the jump where the function is not continuous."""
        if not _jumps(self.loss):
            return _shape(before, after)
        sides = list[int]()  # of the loss beside the place compared with its value there: 1 above, -1 below
        for i, slope, way in ((k, before, -1), (k + 1, after, 1)):
            if slope is None:
                continue
            gap = add(self.trees[i], mul(MINUS, here))
            jump = 0 if identically_zero(gap) else mark.sign_of(gap)
            if jump is None:
                self.out.open.append("whether the loss jumps")
                return "unknown"
            if jump:  # the one-sided limit is not taken on
                ball = mark.value(self.trees[i])
                kind = "unknown" if ball is None else "number"
                self.out.escapes.append(Escape(mark.spot, -way, kind, ball))
            sides.append(jump or slope * way)
        if all(s > 0 for s in sides):
            return "minimum"
        return "maximum" if all(s < 0 for s in sides) else "neither" if 0 not in sides else "unknown"

    def _flats(self) -> None:
        """Neighbouring constant pieces become one stop, with the slopes beside it; single stops at its ends go."""
        out, stops = list[Stop](), self.out.stops
        flat = [s for s in stops if s.role == "flat"]
        if not flat:
            return
        i = 0
        while i < len(stops):
            s = stops[i]
            if s.role != "flat":
                out.append(s)
                i += 1
                continue
            j = i + 1
            while j < len(stops) and (stops[j].role == "flat" or (stops[j].before == 0 and stops[j].after == 0)):
                j += 1
            last = next(t for t in reversed(stops[i:j]) if t.role == "flat")
            previous = out.pop() if out and out[-1].after == 0 else None
            following = stops[j] if j < len(stops) and stops[j].before == 0 else None
            s.before = previous.before if previous is not None else self._beside(s.spot, -1)
            s.after = following.after if following is not None else self._beside(last.until, 1)
            s.until, s.shape = last.until, _shape(s.before, s.after) if not _jumps(self.loss) else "unknown"
            s.mark = None
            out.append(s)
            i = j + (following is not None)
        self.out.stops = out

    def _beside(self, end: Spot | None, way: int) -> int | None:
        for k, mark in enumerate(self.line.marks):
            if mark.spot is end:
                i = k if way < 0 else k + 1
                return self.signs[i][-1 if way < 0 else 0] if self.line.cells[i] else None
        return None

    # -- limits ------------------------------------------------------------------------------------------------------

    def _infinity(self) -> None:
        for i, way in ((0, -1), (len(self.line.cells) - 1, 1)):
            if self.line.cells[i] and i in self.trees and self.signs[i] != [0]:  # a constant is taken on
                tree = self.trees[i] if way > 0 else put(self.trees[i], {self.x: mul(MINUS, self.x)})
                self.out.escapes.append(self._grown(tree, None, None, way))

    def _limit(self, i: int, mark: Mark, way: int) -> Escape:
        """At a finite end of a cell that is not in the domain."""
        tree, spot = self.trees[i], mark.spot
        ball = mark.value(tree)
        if ball is not None and ball.rad() < arb(2) ** -40 * (1 + abs(ball.mid())):
            return Escape(spot, way, "number", ball)
        if spot.rational is not None:
            found = self._grown(inward(tree, self.x, spot.rational, way), None, spot, way)
            if found.limit != "unknown":
                return found
        for gap in mark.zeros:
            sign = self._sign_beside(gap, i)
            if sign:
                near = arb(spot.at().mid(), arb(2) ** -10)
                small: Tree = mul(kernel.fmpq(sign), power("t", MINUS))
                found = self._grown(put(tree, {gap: small}), {self.x: near}, spot, way, "t")
                if found.limit != "unknown":
                    return found
        return Escape(spot, way, "unknown")

    def _sign_beside(self, gap: Tree, i: int) -> int:
        from_probe = self.line.smooth(gap, i)
        low, high = self.line.ends(i)
        return (signs_between(from_probe, self.x, low, [], high) or [0])[0] if not has_switch(from_probe) else 0

    def _grown(self, tree: Tree, fixed: dict[str, arb] | None, spot: Spot | None, way: int, t: str = "") -> Escape:
        for start in TAILS:
            try:
                kind, ball, exact = expansion(tree, t or self.x, start, fixed).limit()
            except Unclear:
                continue
            return Escape(spot, way, kind, ball, exact)  # type: ignore[arg-type]
        return Escape(spot, way, "unknown")

    # -- least and greatest ------------------------------------------------------------------------------------------

    def _extreme(self, way: int, out: Extreme) -> None:
        """The least value for ``way`` 1, the greatest for -1."""
        sink, wanted = ("-oo", "minimum") if way > 0 else ("+oo", "maximum")
        for e in self.out.escapes:
            if e.limit == sink:
                out.state, out.escape = "unbounded", e
                return
        if self.out.open or any(s.shape == "unknown" for s in self.out.stops):
            out.why = (self.out.open or ["the shape at a place"])[0]
            return
        if any(e.limit == "unknown" for e in self.out.escapes):
            out.why = "a limit at an end"
            return
        best = [s for s in self.out.stops if s.shape in (wanted, "both") or s.role == "flat"]
        limits = [e for e in self.out.escapes if e.limit == "number"]
        try:
            best = self._best(best, way)
            if limits and (not best or self._below(limits, best[0], way)):
                lowest = min(
                    limits, key=lambda e: way * e.ball.mid() if e.ball is not None else arb(0)
                )  # exact middles
                out.state, out.escape, out.value = "not attained", lowest, lowest.ball
            elif best:
                out.state, out.stops, out.value = "attained", best, best[0].value()
            elif not self.out.stops and not self.out.escapes:
                out.why = "the domain is empty"
        except Unclear as open_:
            out.why = str(open_)

    def _best(self, stops: list[Stop], way: int) -> list[Stop]:
        """The stops with the least value (greatest for -1), ties proved; raises ``Unclear``."""
        best = list[Stop]()
        for s in stops:
            order = self._order(s, best[0], way) if best else -1
            if order < 0:
                best = [s]
            elif order == 0:
                best.append(s)
        return best

    def _order(self, a: Stop, b: Stop, way: int) -> int:
        for bits in FINE[:3]:
            u, v = a.value(bits), b.value(bits)
            if u is None or v is None:
                raise Unclear("a value of the loss")
            if u < v:
                return -way
            if u > v:
                return way
            if u.is_exact() and v.is_exact() and u == v:
                return 0
            if bits > 100 and (equal_values(a, b) or symmetric(self.loss, a, b, self.out.stops, self.x)):
                return 0
        raise Unclear("whether two values of the loss are equal")

    def _below(self, limits: list[Escape], stop: Stop, way: int) -> bool:
        """Is a limit less than the value at the stop? Not when they are equal; raises ``Unclear``."""
        for e in limits:
            for bits in FINE[:3]:
                value, ball = stop.value(bits), e.ball
                if value is None or ball is None:
                    raise Unclear("a value of the loss")
                if e.exact is not None:
                    with ctx.workprec(bits + 40):
                        ball = e.exact.ball()
                if way * ball < way * value:
                    return True
                if way * ball > way * value:
                    break
                if bits > 100 and e.exact is not None and stop.spot is not None and stop.spot.exact is not None:
                    at = put(stop.tree, {self.x: stop.spot.exact})
                    if identically_zero(add(at, mul(MINUS, e.exact.tree()))):
                        break
            else:
                raise Unclear("whether the least value is that of a limit")
        return False


def _shape(before: int | None, after: int | None) -> Shape:
    falls = before is None or before < 0
    rises = after is None or after > 0
    if falls and rises:
        return "minimum"
    if (before is None or before > 0) and (after is None or after < 0):
        return "maximum"
    return "neither"


def _jumps(tree: Tree) -> bool:
    """May it be discontinuous inside its domain?"""
    return isinstance(tree, tuple) and (tree[0] in ("piecewise", "sign") or any(_jumps(a) for a in tree[1:]))


def period_of_loss(loss: Tree, gaps: Sequence[Tree], x: str) -> tuple[Tree, Tree] | None:
    """(period, drift) where the loss is drift*x plus a periodic function and all the gaps are periodic; else None."""
    if not has_circular(loss, x):
        return None
    parts = drift(loss, x)
    if parts is None:
        return None
    period = period_of([parts[0], *gaps], x)
    return None if period is None else (period, parts[1])
