"""Kinks in several unknowns over numbers: cells on which the loss (or the equations) is smooth, each a problem of its own.

The arguments of absolute values and the differences under maxima cut the space into cells; on each, closed, one smooth
expression holds, and the ladder solves it with its faces, edges and corners. Equations: the solutions of all cells. A
loss: the smooth critical points inside the cells, and the kinks that are a local minimum in every cell that meets there.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, cast

import sympy as sp
from flint import arb

from closedform.algebra.sampling import Sample, real_ball
from closedform.attempt import Attempt, Finding, finding
from closedform.budget import Budget, working_bits
from closedform.calculus.bounds import floor_of
from closedform.calculus.scalar import derivative
from closedform.enclosures.least import convex, sublevel
from closedform.frozen import FrozenMap, record
from closedform.points import CriticalPoint, largest_class
from closedform.stationarity.scalar import Stationarity, alone, smaller
from closedform.stationarity.system import Reduction
from closedform.strategies.reductions.lifted import balls_of
from closedform.strategies.strata import Feasible, bounds_of, ranges, sides_of

name = "cells between kinks"
example = {"loss": "|x| + |y - 1| + x^2*y^2 + x", "unknowns": ["x", "y"]}
counterexample = {"loss": "x^2 + y^2", "unknowns": ["x", "y"]}

MAX_CELLS = 40
MAX_KINKS = 6
KINKS = (sp.Abs, sp.Max, sp.Min)


def declines(system: Stationarity) -> str | None:
    """A sentence when there are parameters, no kinks, or others than absolute values, maxima and minima, else None."""
    if system.parameters or system.constrained is not None:
        return "there are parameters, or constraints with multipliers"
    expressions = [system.loss] if system.loss is not None else list(system.equations)
    if not any(e.has(*KINKS) for e in expressions):
        return "there are no kinks"
    if len(system.unknowns) < 2 and system.loss is not None:
        return "there is one unknown only"
    if any(e.has(sp.Piecewise, sp.sign, sp.Heaviside, sp.Sum) for e in expressions):
        return "there are jumps, cases or sums beside the kinks"
    if len(set[Any]().union(*(e.atoms(*KINKS) for e in expressions))) > MAX_KINKS:
        return "there are too many kinks"
    return None if _cells(system) is not None else "there are too many cells"


@record
class Cell:
    """Where all ``gaps`` are at least zero the expressions are the smooth ones in ``smooth``."""

    smooth: tuple[Any, ...]
    gaps: tuple[Any, ...]


def _cells(system: Stationarity) -> list[Cell] | None:
    whole = (system.loss,) if system.loss is not None else tuple(system.equations)
    cells, done = [Cell(tuple(sp.sympify(e) for e in whole), ())], list[Cell]()
    while cells:
        cell = cells.pop()
        kink = next(
            (k for e in cell.smooth for k in sorted(e.atoms(*KINKS), key=sp.default_sort_key) if _smooth_inside(k)),
            None,
        )
        if kink is None:
            done.append(cell)
            continue
        for value, gaps in _alternatives(kink):
            own = tuple(dict.fromkeys((*cell.gaps, *gaps)))
            if not _empty(system, own):
                cells.append(Cell(tuple(e.xreplace({kink: value}) for e in cell.smooth), own))
        if len(cells) + len(done) > MAX_CELLS:
            return None
    return done


def _smooth_inside(kink: Any) -> bool:
    return not any(a.has(*KINKS) for a in kink.args)


def _alternatives(kink: Any) -> list[tuple[Any, tuple[Any, ...]]]:
    if isinstance(kink, sp.Abs):
        u = kink.args[0]
        return [(u, (sp.expand(u),)), (-u, (sp.expand(-u),))]
    side = 1 if isinstance(kink, sp.Max) else -1
    return [(a, tuple(sp.expand(side * (a - b)) for b in kink.args if b is not a)) for a in kink.args]


def _empty(system: Stationarity, gaps: tuple[Any, ...]) -> bool:
    """Has the cell no inner point, as its form or the bounds of the unknowns show?"""
    if any(g.is_number and bool(g < 0) for g in gaps):
        return True
    scaled = [_scaled(g, system.unknowns) for g in gaps]
    if any(sp.expand(g + h) == 0 for i, g in enumerate(scaled) for h in scaled[:i]):
        return True
    live = tuple(g for g in gaps if not g.is_number)
    strict = tuple(r for r in system.relations if r.rel_op in (">", "<") and r.free_symbols & set(system.unknowns))
    closed = [
        r.lhs - r.rhs if r.rel_op == ">=" else r.rhs - r.lhs for r in system.relations if r.rel_op in (">=", "<=")
    ]
    bounds = bounds_of(Feasible(system.unknowns, sp.S.Zero, (), (*live, *closed), strict))
    return any(low is not None and high is not None and bool(low >= high) for low, high in bounds.values())


def _scaled(g: Any, unknowns: tuple[Any, ...]) -> Any:
    """A polynomial divided by the size of its leading coefficient: multiples of each other become equal or opposite."""
    if g.is_number or not g.is_polynomial(*unknowns):
        return g
    return sp.expand(g / sp.Abs(sp.Poly(g, *unknowns).LC()))


def reduce(system: Stationarity, budget: Budget) -> Reduction:
    """One smooth system for each cell, closed."""
    budget.check()
    cells = _cells(system)
    if cells is None:
        raise ValueError("there are too many cells")
    systems = tuple(_of_cell(system, c) for c in cells)

    def lift(attempts: tuple[Attempt, ...]) -> Attempt:
        return _CellsAnswer(system, cells, attempts, budget).attempt()

    return Reduction(name, systems, lift)


def _of_cell(system: Stationarity, cell: Cell) -> Stationarity:
    unknowns = system.unknowns
    gaps = [g for g in cell.gaps if g.free_symbols & set(unknowns)]
    relations = (*system.relations, *(alone(sp.Ge(g, 0, evaluate=False), unknowns) for g in gaps))
    if system.loss is None:
        equations = tuple(sp.numer(sp.together(e)) for e in cell.smooth)
        return smaller(system, unknowns, equations, relations=relations, nonzero=system.nonzero)
    (loss,) = cell.smooth
    equations = tuple(sp.numer(sp.together(derivative(loss, u))) for u in unknowns)
    return smaller(system, unknowns, equations, loss=loss, relations=relations)


@dataclass
class _Located:
    point: CriticalPoint
    at: dict[str, arb]
    minimum: set[int] = field(default_factory=set[int])  # the cells in which it is a local minimum
    inside: bool = False  # inside a cell, where the loss is smooth


@dataclass
class _CellsAnswer:
    system: Stationarity
    cells: list[Cell]
    attempts: tuple[Attempt, ...]
    budget: Budget
    open: str = ""

    @property
    def bits(self) -> int:
        return working_bits(self.budget.digits)

    def attempt(self) -> Attempt:
        located = list[_Located]()
        for i, a in enumerate(self.attempts):
            if a.outcome == "no_critical_point":
                continue
            if not a.complete or a.outcome not in ("solved", "partial", "not_closed", "enclosed"):
                self.open = self.open or f"a cell was not solved to the end: {a.reason}"[:200]
            for p in a.points:
                self._add(located, i, p)
        if self.system.loss is None:
            return self._solutions(located)
        kept = [p for p in located if p.inside or self._minimum_all_round(p)]
        return self._minima(kept, len(located))

    def _add(self, located: list[_Located], i: int, p: CriticalPoint) -> None:
        at = balls_of(p, self.bits)
        if at is None or any(u.name not in at for u in self.system.unknowns):
            self.open = self.open or "a cell has a whole set of solutions"
            return
        same = next((q for q in located if all(bool(q.at[k].overlaps(at[k])) for k in q.at)), None)
        if same is None:
            same = _Located(p, {u.name: at[u.name] for u in self.system.unknowns})
            located.append(same)
        elif same.point.exact is None and p.exact is not None:
            same.point = p
        if p.kind in ("global minimum", "boundary minimum", "local minimum") or "a local minimum" in p.note:
            same.minimum.add(i)
        if all(self._gap(g, same.at) == 1 for g in self.cells[i].gaps):
            same.inside = True
            same.point = p

    def _gap(self, g: Any, at: dict[str, arb]) -> int:
        """1 or -1 where the sign is proved, else 0."""
        ball = real_ball(g, Sample(dict(at), {}), self.bits)
        return 0 if ball is None or ball.contains(0) else 1 if ball > 0 else -1

    def _minimum_all_round(self, p: _Located) -> bool:
        around = {i for i, c in enumerate(self.cells) if all(self._gap(g, p.at) >= 0 for g in c.gaps)}
        return bool(around) and around <= p.minimum

    def _solutions(self, located: list[_Located]) -> Attempt:
        complete = not self.open
        points = tuple(replace(p.point, kind="unclassified", note="") for p in located)
        statement = finding("every cell was solved", edges=False)
        if not points:
            if complete:
                return Attempt(
                    name, "no_critical_point", "no cell holds a solution", complete=True, findings=(statement,)
                )
            return Attempt(name, "failed", self.open)
        return self._with(points, complete, (statement,))

    def _minima(self, kept: list[_Located], total: int) -> Attempt:
        loss, unknowns = cast(Any, self.system.loss), self.system.unknowns
        feasible = Feasible.of(self.system)
        if not kept or feasible is None:
            return Attempt(name, "failed", self.open or "no minimum and no smooth critical point was found in any cell")
        values = [real_ball(loss, Sample(dict(p.at), {}), self.bits) for p in kept]
        known = [v for v in values if v is not None]
        findings = [finding("every cell was solved", edges=True)]
        bowl = not feasible.closed and not feasible.open and convex(loss, unknowns, sides_of(feasible))
        best, reason = self._least(feasible, kept, known, bowl) if len(known) == len(kept) else (set[int](), None)
        if best:
            findings.append(finding("global minimum", reason=reason))
        points = list[CriticalPoint]()
        for i, p in enumerate(kept):
            kind: Any = "global minimum" if i in best else p.point.kind if p.inside else "local minimum"
            if kind == "global minimum" and i not in best:
                kind = "local minimum"
            exact = p.point.exact
            value = (
                loss.subs({u: exact[u.name] for u in unknowns}, simultaneous=True)
                if exact is not None
                else p.point.loss
            )
            points.append(
                replace(
                    p.point,
                    kind=kind,
                    loss=value,
                    inertia=p.point.inertia if p.inside else None,
                    note="" if p.inside else "at a kink",
                )
            )
        # A kink may be stationary without being a minimum, where a point of John on an edge of some cell was passed over.
        every = all(any(f.about.get("passed") == 0 and not f.within for f in a.findings) for a in self.attempts)
        complete = not self.open and (bowl or (every and len(kept) == total))
        return self._with(tuple(points), complete, tuple(findings))

    def _least(
        self, feasible: Feasible, kept: list[_Located], values: list[arb], bowl: bool
    ) -> tuple[set[int], Finding | None]:
        low = min(range(len(values)), key=lambda i: float(values[i].mid()))
        tied = [i for i in range(len(values)) if not values[i] > values[low]]
        if not all(i == low or self._same(kept[low], kept[i]) for i in tied):
            return set(), None
        loss, unknowns = feasible.loss, feasible.unknowns
        floor, value = floor_of(loss, unknowns, bounds_of(feasible)), self._exact(kept[low])
        if floor is not None and value is not None and sp.simplify(value - floor) == 0:
            return set(tied), finding("nowhere less by its form")
        if bowl:
            return set(tied), finding("convex, so local is global")
        if self.open or feasible.open:
            return set(), None
        sides = sides_of(feasible)
        box = sides if all(s.bounded for s in sides.values()) else sublevel(loss, unknowns, values[low], sides)
        if box is not None and ranges(loss, box).everywhere:
            return set(tied), finding("every cell of a box")
        return set(), None

    def _exact(self, p: _Located) -> Any:
        if p.point.exact is None:
            return None
        return cast(Any, self.system.loss).subs(
            {u: p.point.exact[u.name] for u in self.system.unknowns}, simultaneous=True
        )

    def _same(self, p: _Located, q: _Located) -> bool:
        a, b = self._exact(p), self._exact(q)
        return a is not None and b is not None and sp.count_ops(a - b) < 300 and sp.simplify(a - b) == 0

    def _with(self, points: tuple[CriticalPoint, ...], complete: bool, statement: tuple[Finding, ...]) -> Attempt:
        closed = [p.exact is not None for p in points]
        outcome: Any = "solved" if all(closed) and complete else "partial" if any(closed) else "enclosed"
        least = [p for p in points if p.kind == "global minimum"]
        word: Any = None
        if least:
            word = "closed" if all(p.exact is not None for p in least) else "undecided"
        return Attempt(
            name,
            outcome,
            ""
            if outcome == "solved"
            else self.open or "that there are no other critical points at kinks is not proved",
            points=points,
            complete=complete,
            minimiser=word,
            expression_class=largest_class([p.expression_class for p in points]),
            counts=FrozenMap({"complex": None, "real": len(points) if complete else None}),
            findings=statement,
        )
