"""The global minimum and maximum among the points listed, in several unknowns over numbers, or why there is no least one.

Each ground is a proof. ``promoted`` is the ending for points inside an open domain (edges: ``reductions.faces``). The grounds, in order: the loss is
nowhere less by its form; it is convex (also after x = exp(u)); the list is complete and the loss is larger than at the
best point outside of a bounded box that keeps away from the open ends, or has a least value (``enclosures.attained``).
Where there is no least point the grounds are a path along which the loss falls without end, or a complete list of the
critical points of a smooth loss on an open domain, none of which can be least.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import sympy as sp
from flint import arb

from closedform.algebra.sampling import Sample, real_ball
from closedform.attempt import Attempt, Finding, finding
from closedform.budget import Budget, working_bits
from closedform.calculus.bounds import floor_of
from closedform.enclosures.attained import attains
from closedform.enclosures.coercive import grows
from closedform.enclosures.least import convex, geodesically_convex, sublevel
from closedform.enclosures.paths import PathLimit
from closedform.enclosures.ranges import Range
from closedform.points import LEAST_KINDS, CriticalPoint, Kind
from closedform.stationarity.scalar import Stationarity
from closedform.strategies.escapes import MAX_NEAR, along, escape, requirement_holds, unbounded
from closedform.strategies.reductions.lifted import balls_of
from closedform.strategies.strata import Feasible, bounds_of, mirrored, ranges, sides_of

MAX_OPS = 1_500
NO_MINIMA = ("saddle", "local maximum", "global maximum")
SMOOTH = (sp.exp, sp.log, sp.sin, sp.cos, sp.tan, sp.sinh, sp.cosh, sp.tanh, sp.atan, sp.erf)


def promoted(system: Stationarity, found: Attempt, budget: Budget) -> Attempt:
    """The attempt with its least and greatest points so called, or with why there is no least one, where that is proved."""
    if system.loss is None or system.constrained is not None or not (found.points or _is_empty(found)):
        return found
    if sp.count_ops(system.loss) > MAX_OPS or any(u.is_integer for u in system.unknowns):
        return found
    feasible = Feasible.of(system)
    if feasible is None or feasible.closed or system.kind == "sum" or system.problem.data is not None:
        return found
    for way in (1, -1) if len(feasible.unknowns) > 1 else (1,):
        try:
            found = _Extreme(system, feasible, found, budget, way).attempt()
        except (ArithmeticError, TypeError, ValueError, NotImplementedError):
            continue
    return found


def _is_empty(found: Attempt) -> bool:
    """Is it proved that there is no critical point?"""
    return found.outcome == "no_critical_point" and found.complete


class _Extreme:
    """The least points for ``way`` 1; the greatest, which are the least of the loss with its sign turned, for -1."""

    def __init__(
        self, system: Stationarity, feasible: Feasible, found: Attempt, budget: Budget, way: Literal[1, -1] | int
    ) -> None:
        self.system, self.feasible, self.found, self.budget, self.way = system, feasible, found, budget, way
        self.loss, self.unknowns = way * feasible.loss, feasible.unknowns
        self.kind: Kind = "global minimum" if way > 0 else "global maximum"
        self.bits = working_bits(budget.digits)
        self.sides = sides_of(feasible)

    def attempt(self) -> Attempt:
        kinds = [p.kind for p in self.found.points]
        if self.way > 0 and any(k in LEAST_KINDS for k in kinds):
            return self.found
        if self.way < 0 and not (self.found.complete and "local maximum" in kinds and self._is_smooth()):
            return self.found  # at kinks only what may be a minimum is listed
        single = [p for p in self.found.points if p.exact is None or not any(v.free_symbols for v in p.exact.values())]
        values = [self._value(p) for p in single]
        known = [v for v in values if v is not None]
        if len(known) < len(values):
            return self.found
        if not single:
            return self._without_least(single, known)
        low = min(range(len(known)), key=lambda i: float(known[i].mid()))
        tied = [i for i in range(len(known)) if not known[i] > known[low]]
        if any(i != low and not self._same(single[low], single[i]) for i in tied):
            tied = []
        reason = self._by_form(single[low]) if tied else None
        if reason is None and tied and len(single) == len(self.found.points):
            reason = self._by_shape() or (self._by_box(known[low]) if self.found.complete else None)
        if reason is None:
            return self._without_least(single, known)
        best = {id(single[i]) for i in tied}
        points = tuple(replace(p, kind=self.kind) if id(p) in best else p for p in self.found.points)
        statement = finding("least of the points" if self.way > 0 else "greatest of the points", reason=reason)
        found = replace(self.found, points=points, findings=(*self.found.findings, statement))
        return replace(found, minimiser=_word(found)) if self.way > 0 else found

    def _without_least(self, points: list[CriticalPoint], values: list[arb]) -> Attempt:
        """The attempt with the statement that there is no least value, where that is proved."""
        if self.way < 0 or len(self.unknowns) < 2 or all(side.bounded for side in self.sides.values()):
            return self.found
        near = [at for p in points[:MAX_NEAR] if (at := balls_of(p, self.bits)) is not None]
        limit = escape(self.system, self.loss, self.unknowns, near)
        statement = unbounded(self.system, limit) or self._not_attained(points, values, limit)
        return self.found if statement is None else replace(self.found, findings=(*self.found.findings, statement))

    def _not_attained(self, points: list[CriticalPoint], values: list[arb], limit: PathLimit | None) -> Finding | None:
        """A least value would be taken at a critical point, all of which are listed: why it is at none of them."""
        if not self._is_smooth() or not self.found.complete or len(points) < len(self.found.points):
            return None
        lower = limit is not None and limit.ball is not None and all(limit.ball < v for v in values)
        none = all(p.kind in NO_MINIMA for p in points)
        if not none and not lower:
            return None
        where = "" if limit is None else along(limit, [u.name for u in self.unknowns])
        value = None if limit is None or limit.exact is None else limit.exact.rational
        floor = floor_of(self.loss, self.unknowns, bounds_of(self.feasible))
        if value is not None and floor is not None and sp.simplify(floor - sp.Rational(str(value))) == 0:
            return finding("infimum not attained", infimum=str(value), where=where)
        if not points:
            nowhere = any(f.of_no_value for f in self.found.findings)
            return None if nowhere else finding("no minimum without a critical point")
        return (
            finding("no critical point is a minimum")
            if none
            else finding("lower than every critical point", where=where)
        )

    def _is_smooth(self) -> bool:
        """Is the domain open, and the loss differentiable on all of it?"""
        return all(r.op in (">", "<", "!=") for r in self.system.domain.own()) and _differentiable(
            self.loss, frozenset(self.unknowns)
        )

    def _value(self, p: CriticalPoint) -> arb | None:
        at = balls_of(p, self.bits)
        return real_ball(self.loss, Sample(dict(at), {}), self.bits) if at is not None else None

    def _exact(self, p: CriticalPoint) -> Any:
        if p.exact is None:
            return None
        return self.loss.subs({u: p.exact[u.name] for u in self.unknowns}, simultaneous=True)

    def _same(self, p: CriticalPoint, q: CriticalPoint) -> bool:
        one, other = balls_of(p, self.bits), balls_of(q, self.bits)
        if self.found.complete and one and other and mirrored(self.loss, self.unknowns, one, other):
            return True
        a, b = self._exact(p), self._exact(q)
        return a is not None and b is not None and sp.count_ops(a - b) < 300 and sp.simplify(a - b) == 0

    def _by_form(self, p: CriticalPoint) -> Finding | None:
        floor, value = floor_of(self.loss, self.unknowns, bounds_of(self.feasible)), self._exact(p)
        if floor is not None and value is not None and sp.count_ops(value) < 300 and sp.simplify(value - floor) == 0:
            return finding("nowhere less by its form")
        return None

    def _by_shape(self) -> Finding | None:
        strict = list(self.feasible.open)
        if any(r.rel_op == "!=" for r in strict):
            return None
        gaps = [r.rhs - r.lhs if r.rel_op in (">", ">=") else r.lhs - r.rhs for r in strict]
        if not all(convex(g, self.unknowns, self.sides) for g in gaps):
            return None
        if convex(self.loss, self.unknowns, self.sides) or convex(sp.expand(self.loss), self.unknowns, self.sides):
            return finding("convex by composition")
        if all(len(g.free_symbols) == 1 for g in gaps) and geodesically_convex(self.loss, self.unknowns, self.sides):
            return finding("convex in logarithms")
        return None

    def _by_box(self, value: arb) -> Finding | None:
        opened = set[tuple[str, int]]()
        for r in self.feasible.open:
            own = r.free_symbols & set(self.unknowns)
            ends = {r.lhs, r.rhs} & set(self.unknowns)
            if len(own) != 1 or not ends or r.rel_op == "!=":
                return None
            greater = (r.rel_op == ">") == (r.lhs in ends)
            opened.add((next(iter(ends)).name, -1 if greater else 1))
        box = sublevel(self.loss, self.unknowns, value, self.sides, frozenset(opened))
        if box is not None and self._is_defined_on(box):
            return finding("least of a complete list", reason=finding("larger outside of a box"))
        if not self.feasible.open and self._is_defined_on(self.sides):
            reason = grows(self.loss, self.unknowns, self.budget)
            if reason is not None:
                return finding("least of a complete list", reason=finding("grows without end", reason=reason))
            reason = attains(self.loss, self.unknowns, value, self.budget)
            if reason is not None:
                return finding("least of a complete list", reason=finding("a least value", reason=reason))
        return None

    def _is_defined_on(self, box: Mapping[str, Range]) -> bool:
        """Has the loss a value on all of the box, and does all of it lie in the domain of the text as written?"""
        return ranges(self.loss, box).everywhere and all(requirement_holds(r, box) for r in self.system.domain.own())


def _word(found: Attempt) -> Any:
    """What is known of the formula of the points of least loss."""
    if all(p.exact is not None for p in found.points if p.kind == "global minimum"):
        return "closed"
    return found.minimiser or ("not_closed" if found.outcome == "not_closed" else "undecided")


def _differentiable(e: Any, unknowns: frozenset[Any]) -> bool:
    """Has the expression a gradient wherever it is defined, by the functions it is made of?"""
    if not e.free_symbols & unknowns or e in unknowns:
        return True
    if isinstance(e, sp.Pow) and not e.exp.is_Integer:
        floor = floor_of(e.base, tuple(unknowns))
        if not e.exp.is_number or not (floor is not None and floor.is_positive):
            return False
    elif not isinstance(e, (sp.Add, sp.Mul, sp.Pow, *SMOOTH)):
        return False
    return all(_differentiable(a, unknowns) for a in e.args)
