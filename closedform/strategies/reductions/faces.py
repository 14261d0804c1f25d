"""Closed inequalities, a box or equality constraints over numbers: the problem on every stratum, and the least of all.

``strategies.strata`` takes the domain apart; each stratum is a smaller problem for the same ladder. Put together: the
critical points inside, on a manifold all points of Lagrange with their kinds along it, on edges those where the loss
rises into the domain. Where a minimum exists (a compact domain, growth, convexity) it is at the point of least loss.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import sympy as sp
from flint import arb

from closedform.algebra.bridge import text
from closedform.algebra.sampling import Sample, real_ball
from closedform.attempt import Attempt, Finding, finding
from closedform.budget import Budget, working_bits
from closedform.calculus.bounds import floor_of
from closedform.enclosures.certificates import points_certificate
from closedform.enclosures.least import convex, sublevel
from closedform.frozen import FrozenMap
from closedform.points import CriticalPoint, Kind
from closedform.stationarity.scalar import Stationarity
from closedform.stationarity.system import Reduction
from closedform.strategies.ending import Evidence, Found, FoundPoint, concluded
from closedform.strategies.escapes import escape, unbounded
from closedform.strategies.reductions.lifted import balls_of
from closedform.strategies.strata import (
    Edge,
    Feasible,
    Stratum,
    at_edge,
    attains,
    bounded,
    bounds_of,
    mirrored,
    ranges,
    sides_of,
    strata,
)

name = "faces, edges and corners"
example = {"loss": "(x - 3)^2 + y^2 subject to x^2 + y^2 <= 1", "unknowns": ["x", "y"]}
counterexample = {"loss": "x^2 + y^2 - x*y", "unknowns": ["x", "y"]}


def declines(system: Stationarity) -> str | None:
    """A sentence when there are parameters, or no closed inequality and no equality constraint, else None."""
    if system.parameters:
        return "the coefficients hold parameters"
    if system.kind == "sum" or (system.problem.data is not None and system.constrained is not None):
        return "there are sums over data"
    feasible = Feasible.of(system)
    if feasible is None:
        return "there is no loss"
    if len(feasible.unknowns) < 2:
        return "there is one unknown only"
    if not feasible.closed and not feasible.equal:
        return "the domain has no closed edge"
    if any(u.is_integer for u in feasible.unknowns):
        return "an unknown is an integer"
    return None


def reduce(system: Stationarity, budget: Budget) -> Reduction:
    """One smaller system for each stratum that may hold a minimiser."""
    feasible = Feasible.of(system)
    if feasible is None:
        raise ValueError("there is no loss")
    found = strata(system, feasible, budget)
    if found is None:
        return Reduction(name, (), lambda attempts: Attempt(name, "failed", "there are too many faces and edges"))
    solved = [s for s in found if s.system is not None and not s.constant]

    def lift(attempts: tuple[Attempt, ...]) -> Attempt:
        return _FacesAnswer(
            system, feasible, found, dict(zip(map(id, solved), attempts, strict=True)), budget
        ).attempt()

    return Reduction(name, tuple(s.system for s in solved if s.system is not None), lift)


@dataclass
class _Candidate:
    active: tuple[int, ...]
    exact: dict[Any, Any] | None
    at: dict[str, arb]
    open: bool = False  # undecided by the exact strategies, rather than proved to have no expression
    least: Stratum | None = None  # the stratum that it comes from, where it is proved to be least on that
    edge: Edge | None = None
    loss: arb | None = None
    value: Any = None  # the loss, exactly
    kind: Kind = "unclassified"
    note: str = ""
    source: Stratum | None = None  # the one on which it was found by an attempt


@dataclass
class _FacesAnswer:
    system: Stationarity
    feasible: Feasible
    strata: list[Stratum]
    attempts: dict[int, Attempt]
    budget: Budget
    candidates: list[_Candidate] = field(default_factory=list[_Candidate])
    gaps: list[str] = field(default_factory=list[str])  # strata of which not every point is known
    flat: list[tuple[str, Any]] = field(
        default_factory=list[tuple[str, Any]]
    )  # strata on which the loss is constant, with its value

    @property
    def bits(self) -> int:
        return working_bits(self.budget.digits)

    def attempt(self) -> Attempt:
        for s in self.strata:
            self._collect(s)
        self.candidates = self._distinct()
        for c in self.candidates:
            self.budget.check()
            c.edge = at_edge(self.feasible, c.active, c.at, self.bits)
            c.loss = real_ball(self.feasible.loss, Sample(dict(c.at), {}), self.bits)
            if c.exact is not None:
                value = self.feasible.loss.subs(c.exact, simultaneous=True)
                c.value = sp.nsimplify(value) if value.is_Rational else value
        best, reason = self._least()
        if self.flat and not (best and self._convex()):  # else no point of them is a minimum, as none is the least
            self.gaps += [f"{where}, where the loss is constant" for where, _ in self.flat]
        for i, c in enumerate(self.candidates):
            c.kind = "global minimum" if i in best else self._kind(c)
        kept = [c for c in self.candidates if self._listed(c)]
        gaps = "; ".join(dict.fromkeys(self.gaps))
        passed = len(self.candidates) - len(kept) + len(self.flat)
        if not kept:
            return self._nothing(gaps, passed)
        parts = "the inside and every face, edge and corner of the domain" if self.feasible.closed else "the constraint"
        record = Evidence(finding("faces searched" if gaps else "every point of John", parts=parts, passed=passed))
        if best:
            record.say("global minimum", reason=reason)
        elif (way := self._downhill()) is not None:
            record.findings.append(way)
        self._certify(kept, record)
        self._grounds(kept, record)
        open_ = f"not every point of these parts of the domain is known: {gaps}" if gaps else ""
        if not open_ and any(c.open and c.exact is None for c in kept):
            open_ = "no formula was found for some of the points"
        record.findings += self._multipliers(kept)
        points = tuple(self._point(c) for c in kept)
        return concluded(name, self.system, Found(points, not gaps, record, open=open_), self.budget)

    def _grounds(self, kept: list[_Candidate], record: Evidence) -> None:
        """Why the points without a formula have none, as was found on their strata."""
        for s in {id(c.source): c.source for c in kept if c.exact is None and c.source is not None}.values():
            attempt, where = self.attempts[id(s)], f"{'where ' * bool(s.active)}{self._where(s)}"
            for f in attempt.findings:
                if f.of_no_formula:
                    proof = () if f.certificate is None else (attempt.certificates[f.certificate],)
                    claimed = replace(f, certificate=0 if proof else None, within=(where, *f.within))
                    record.take((claimed,), proof)

    # -- gathering ---------------------------------------------------------------------------------------------------

    def _collect(self, s: Stratum) -> None:
        if s.system is None:
            exact = dict(s.values)
            at = {u.name: real_ball(v, Sample({}, {}), self.bits) for u, v in exact.items()}
            self._add(s, exact, at)
            return
        if s.constant:
            self.flat.append((self._where(s), self.feasible.loss.subs(dict(s.values), simultaneous=True)))
            return
        attempt = self.attempts.get(id(s))
        if attempt is None:
            self.gaps.append(self._where(s))
            return
        known = attempt.outcome in ("solved", "partial", "not_closed", "enclosed") and attempt.complete
        if not known and attempt.outcome != "no_critical_point":
            self.gaps.append(self._where(s))
        open_ = attempt.outcome in ("enclosed", "partial") and not any(a in attempt.outcome for a in ("not_closed",))
        for p in attempt.points:
            at = self._balls(s, p)
            if at is None:
                self.gaps.append(self._where(s))
                continue
            exact = None
            if p.exact is not None and not any(v.free_symbols for v in p.exact.values()):
                inner = {u: p.exact[u.name] for u in s.system.unknowns}
                exact = {**inner, **{u: sp.expand(v.subs(inner, simultaneous=True)) for u, v in s.values.items()}}
            self._add(s, exact, at, open_, s if p.kind == "global minimum" else None, s)

    def _balls(self, s: Stratum, p: CriticalPoint) -> dict[str, arb | None] | None:
        if s.system is None or p.numeric is None or p.radius is None:
            return None
        own = {u.name for u in s.system.unknowns}
        inner = {k: b for k, b in (balls_of(p, self.bits) or {}).items() if k in own}
        if set(inner) != own:
            return None
        return {**inner, **{u.name: real_ball(v, Sample(dict(inner), {}), self.bits) for u, v in s.values.items()}}

    def _add(
        self,
        s: Stratum,
        exact: dict[Any, Any] | None,
        at: dict[str, Any],
        open_: bool = False,
        least: Stratum | None = None,
        source: Stratum | None = None,
    ) -> None:
        if any(b is None for b in at.values()):
            self.gaps.append(self._where(s))
            return
        order = [u.name for u in self.feasible.unknowns]
        self.candidates.append(_Candidate(s.active, exact, {n: at[n] for n in order}, open_, least, source=source))

    def _distinct(self) -> list[_Candidate]:
        out = list[_Candidate]()
        for c in self.candidates:
            same = next(
                (d for d in out if all(bool(c.at[k].overlaps(d.at[k])) for k in c.at)),
                None,
            )
            if same is None:
                out.append(c)
            elif same.exact is None and c.exact is not None:
                out[out.index(same)] = c
        return out

    def _where(self, s: Stratum) -> str:
        if not s.active:
            return "the constraint" if self.feasible.equal else "the inside"
        return " and ".join(f"{text(self.feasible.closed[i])} = 0" for i in s.active)

    # -- kinds -------------------------------------------------------------------------------------------------------

    def _kind(self, c: _Candidate) -> Kind:
        if c.edge is None or c.edge.inertia is None:
            return "degenerate" if c.edge is None and not c.active else "unclassified"
        plus, minus, zero = c.edge.inertia
        if zero:
            return "saddle" if plus and minus and not c.active else "unclassified"
        if c.active:
            if not c.edge.pushes_in:
                return "unclassified"
            c.note = "" if minus else "a local minimum: the loss rises along the edge and into the domain"
            return "unclassified"
        return "saddle" if plus and minus else "local maximum" if minus else "local minimum"

    def _listed(self, c: _Candidate) -> bool:
        """Inside and on a manifold every point; on an edge the minima, what may be one, and where the slope may vanish."""
        if c.kind == "global minimum" or not c.active:
            return True
        if c.edge is None:
            return False
        if all(m.contains(0) for m in c.edge.multipliers):
            return True
        if c.edge.leads_away or (c.edge.inertia is not None and c.edge.inertia[1]):
            return False
        return bool(c.note) or c.edge.inertia is None or not c.edge.pushes_in

    def _least(self) -> tuple[set[int], Finding | None]:
        """The candidates that are proved to be global minima, and why."""
        losses = [c.loss for c in self.candidates]
        if not losses or any(v is None or not v.is_finite() for v in losses):
            return set(), None
        values = [v for v in losses if v is not None]
        low = min(range(len(values)), key=lambda i: float(values[i].mid()))
        tied = [i for i in range(len(values)) if not values[i] > values[low]]
        if not all(i == low or self._equal(low, i) for i in tied):
            return set(), None
        floor, value = (
            floor_of(self.feasible.loss, self.feasible.unknowns, bounds_of(self.feasible)),
            self.candidates[low].value,
        )
        if floor is not None and value is not None and sp.simplify(value - floor) == 0:
            return set(tied), finding("nowhere less by its form")
        flat = [real_ball(sp.sympify(v), Sample({}, {}), self.bits) for _, v in self.flat]
        if any(v is None or not v > values[low] for v in flat):
            return set(), None
        if not self.gaps:
            reason = attains(self.feasible, self.budget) or self._inside_a_box(values[low])
            if reason is not None:
                return set(tied), finding("least on the faces", reason=reason)
        if self._convex() and (c := self.candidates[low]).edge is not None and (c.edge.pushes_in or self._carried(c)):
            return {low}, finding("multipliers of a convex loss")
        return set(), None

    def _carried(self, c: _Candidate) -> bool:
        """Are the multipliers not negative, in exact arithmetic at a rational point?"""
        if c.exact is None or not all(v.is_Rational for v in c.exact.values()) or len(c.active) > 6:
            return False
        held = [*(self.feasible.closed[i] for i in c.active), *self.feasible.equal]
        rows = sp.Matrix([[sp.diff(h, u).subs(c.exact) for u in self.feasible.unknowns] for h in held])
        slope = sp.Matrix([sp.diff(self.feasible.loss, u).subs(c.exact) for u in self.feasible.unknowns])
        if not all(v.is_Rational for v in (*rows, *slope)) or rows.rank() < len(held):
            return False
        multipliers = (rows * rows.T).LUsolve(rows * slope)
        return rows.T * multipliers == slope and all(m >= 0 for m in multipliers[: len(c.active)])

    def _downhill(self) -> Finding | None:
        """That the loss has no lower bound on the domain, when a path shows it."""
        near = [c.at for c in self.candidates]
        return unbounded(self.system, escape(self.system, self.feasible.loss, self.feasible.unknowns, near))

    def _equal(self, i: int, j: int) -> bool:
        one, other = self.candidates[i], self.candidates[j]
        if one.least is not None and one.least is other.least:
            return True  # both are the least value of one stratum
        a, b = one.value, other.value
        if not self.gaps and mirrored(
            self.feasible.loss, self.feasible.unknowns, self.candidates[i].at, self.candidates[j].at
        ):
            return True
        if a is None or b is None:
            return False
        return sp.count_ops(a - b) < 300 and bool(sp.simplify(a - b) == 0)

    def _inside_a_box(self, value: arb) -> Finding | None:
        """Closed domains without bounds: the loss is larger than the least candidate's outside of some box."""
        if any(r.rel_op in ("<", ">", "!=") for r in self.feasible.open):
            return None
        sides = sides_of(self.feasible)
        box = sublevel(self.feasible.loss, self.feasible.unknowns, value, sides)
        if box is None or not ranges(self.feasible.loss, box).everywhere:
            return None
        return finding("larger outside of a box")

    def _convex(self) -> bool:
        sides = sides_of(self.feasible)
        unknowns = self.feasible.unknowns
        if any(not h.is_polynomial(*unknowns) or sp.Poly(h, *unknowns).total_degree() > 1 for h in self.feasible.equal):
            return False
        gaps = [*(-g for g in self.feasible.closed)]
        gaps += [
            r.rhs - r.lhs if r.rel_op == ">" else r.lhs - r.rhs for r in self.feasible.open if r.rel_op in ("<", ">")
        ]
        if any(r.rel_op == "!=" for r in self.feasible.open):
            return False
        return all(convex(g, unknowns, sides) for g in (self.feasible.loss, *gaps))

    # -- the result --------------------------------------------------------------------------------------------------

    def _nothing(self, gaps: str, passed: int) -> Attempt:
        if gaps:
            return Attempt(name, "failed", f"not every part of the domain was solved: {gaps}")
        if bounded(self.feasible, self.budget) is not None:
            return Attempt(name, "failed", "no point satisfies the constraints")
        none = "the loss has no critical point, also on the edges of the domain"
        record = Evidence(finding("no point of any face", passed=passed))
        if (way := self._downhill()) is not None:
            record.findings.append(way)
        return concluded(name, self.system, Found((), True, record, none=none), self.budget)

    def _certify(self, kept: list[_Candidate], record: Evidence) -> None:
        inside = [c for c in kept if not c.active]
        if not inside or self.feasible.equal or self.system.loss is None:
            return
        boxes = [tuple(c.at.values()) for c in inside]
        signs = [c.edge.inertia if c.edge is not None else None for c in inside]
        certificate = points_certificate(self.system, boxes, signs, self.budget.digits)
        if certificate is not None:
            record.say("points within their radii", certificate=certificate, where=" inside", count=len(inside))

    def _point(self, c: _Candidate) -> FoundPoint:
        loss = c.value if c.value is not None and sp.count_ops(c.value) <= 150 else None
        edge = " and ".join(f"{text(self.feasible.closed[i])} = 0" for i in c.active)
        return FoundPoint(
            c.exact,
            c.at,
            c.kind,
            c.edge.inertia if c.edge is not None and not c.active and not self.feasible.equal else None,
            loss=sp.simplify(loss) if loss is not None and sp.count_ops(loss) < 60 else loss,
            note=(f"on the edge {edge}" if edge else "")
            + (f"; {c.note}" if c.note and c.kind == "unclassified" else ""),
            decided=not c.open,
        )

    def _multipliers(self, kept: list[_Candidate]) -> list[Finding]:
        def numbers(balls: Iterable[tuple[str, arb]]) -> FrozenMap[str, str]:
            return FrozenMap({k: "0" if b.contains(0) else f"{float(b.mid()):.6g}" for k, b in balls})

        rows = tuple(
            (
                numbers(c.at.items()),
                numbers((text(self.feasible.closed[i]), m) for i, m in zip(c.active, c.edge.multipliers, strict=False)),
            )
            for c in kept
            if c.edge is not None and c.active
        )
        return [finding("multipliers", "observed", points=rows)] if rows else []
