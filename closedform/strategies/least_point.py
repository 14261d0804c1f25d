"""Which of the listed points is the global minimum, in several unknowns over numbers: each ground is a proof.

``promoted`` is the ending for points inside an open domain (edges: ``reductions.faces``). The grounds, in order: the loss is
nowhere less by its form; it is convex (also after x = exp(u)); the list is complete and the loss is larger than at the
best point outside of a bounded box that keeps away from the open ends.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy as sp
from flint import arb

from closedform.algebra.sampling import Sample, real_ball
from closedform.attempt import Attempt, finding
from closedform.budget import Budget
from closedform.calculus.bounds import floor_of
from closedform.enclosures.coercive import grows
from closedform.enclosures.least import convex, descends, geodesically_convex, sublevel
from closedform.points import CriticalPoint
from closedform.stationarity.scalar import Stationarity
from closedform.strategies.reductions.lifted import balls_of
from closedform.strategies.strata import Feasible, bounds_of, mirrored, ranges, sides_of

MAX_OPS = 1_500


def promoted(system: Stationarity, found: Attempt, budget: Budget) -> Attempt:
    """The attempt with its least point called the global minimum, where that is proved; otherwise unchanged."""
    if system.loss is None or system.constrained is not None or not found.points:
        return found
    if (
        any(p.kind in ("global minimum", "boundary minimum") for p in found.points)
        or sp.count_ops(system.loss) > MAX_OPS
    ):
        return found
    feasible = Feasible.of(system)
    if feasible is None or feasible.closed or system.kind == "sum" or system.origin.data is not None:
        return found
    try:
        return _Least(system, feasible, found, budget).attempt()
    except (ArithmeticError, TypeError, ValueError, NotImplementedError):
        return found


class _Least:
    def __init__(self, system: Stationarity, feasible: Feasible, found: Attempt, budget: Budget) -> None:
        self.system, self.feasible, self.found, self.budget = system, feasible, found, budget
        self.loss, self.unknowns = feasible.loss, feasible.unknowns
        self.bits = int(budget.digits * 3.4) + 120
        self.sides = sides_of(feasible)

    def attempt(self) -> Attempt:
        single = [p for p in self.found.points if p.exact is None or not any(v.free_symbols for v in p.exact.values())]
        values = [self._value(p) for p in single]
        known = [v for v in values if v is not None]
        if not single or len(known) < len(values):
            return self.found
        low = min(range(len(known)), key=lambda i: float(known[i].mid()))
        tied = [i for i in range(len(known)) if not known[i] > known[low]]
        if any(i != low and not self._same(single[low], single[i]) for i in tied):
            tied = []
        reason = self._by_form(single[low]) if tied else ""
        if not reason and tied and len(single) == len(self.found.points):
            reason = self._by_shape() or (self._by_box(known[low]) if self.found.complete else "")
        if not reason:
            return self._downhill(single)
        best = {id(single[i]) for i in tied}
        points = tuple(replace(p, kind="global minimum") if id(p) in best else p for p in self.found.points)
        least = [p for p in points if p.kind == "global minimum"]
        word: Any = "closed" if all(p.exact is not None for p in least) else self.found.minimiser
        if word is None:
            word = "not_closed" if self.found.outcome == "not_closed" else "undecided"
        return replace(
            self.found,
            points=points,
            minimiser=word,
            findings=(
                *self.found.findings,
                finding("least of the points", reason=reason),
            ),
        )

    def _downhill(self, points: list[CriticalPoint]) -> Attempt:
        """The attempt with the statement that the loss has no lower bound, when a ray from a point shows it."""
        if all(side.bounded for side in self.sides.values()):
            return self.found
        strict = [
            r.lhs - r.rhs if r.rel_op == ">" else r.rhs - r.lhs for r in self.feasible.open if r.rel_op in (">", "<")
        ]
        near = [at for p in points[:4] if (at := balls_of(p, self.bits)) is not None]
        if not self.feasible.open and ranges(self.loss, self.sides).everywhere:
            near.append({u.name: arb(0) for u in self.unknowns})
        for at in near:
            found = descends(self.loss, self.unknowns, at, strict=strict)
            if found is not None:
                return replace(
                    self.found, findings=(*self.found.findings, finding("no lower bound along a ray", reason=found))
                )
        return self.found

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

    def _by_form(self, p: CriticalPoint) -> str:
        floor, value = floor_of(self.loss, self.unknowns, bounds_of(self.feasible)), self._exact(p)
        if floor is not None and value is not None and sp.count_ops(value) < 300 and sp.simplify(value - floor) == 0:
            return "the form of the loss shows that it is nowhere less"
        return ""

    def _by_shape(self) -> str:
        strict = list(self.feasible.open)
        if any(r.rel_op == "!=" for r in strict):
            return ""
        gaps = [r.rhs - r.lhs if r.rel_op in (">", ">=") else r.lhs - r.rhs for r in strict]
        if not all(convex(g, self.unknowns, self.sides) for g in gaps):
            return ""
        if convex(self.loss, self.unknowns, self.sides) or convex(sp.expand(self.loss), self.unknowns, self.sides):
            return "the loss is convex on its convex domain, by composition of convex functions"
        if all(len(g.free_symbols) == 1 for g in gaps) and geodesically_convex(self.loss, self.unknowns, self.sides):
            return (
                "with x = exp(u) for the positive unknowns the loss is convex in u, by composition of convex functions"
            )
        return ""

    def _by_box(self, value: arb) -> str:
        opened = set[tuple[str, int]]()
        for r in self.feasible.open:
            own = r.free_symbols & set(self.unknowns)
            ends = {r.lhs, r.rhs} & set(self.unknowns)
            if len(own) != 1 or not ends or r.rel_op == "!=":
                return ""
            greater = (r.rel_op == ">") == (r.lhs in ends)
            opened.add((next(iter(ends)).name, -1 if greater else 1))
        box = sublevel(self.loss, self.unknowns, value, self.sides, frozenset(opened))
        if box is not None and ranges(self.loss, box).everywhere:
            return "outside of a bounded box in the domain the loss is larger than at a point listed, and the list is complete"
        if not self.feasible.open and ranges(self.loss, self.sides).everywhere:
            reason = grows(self.loss, self.unknowns, self.budget)
            if reason is not None:
                return f"the loss tends to infinity ({reason}), and the list is complete"
        return ""
