"""The one ending: candidates go in, what may be said of them comes out.

Whatever a strategy found passes here before it is shown. For problems with numbers only each point is placed, held
against the domain of the text as written, given numbers and radii for every unknown, tested for a vanishing slope, and
classified; a list is complete only when no point was left undecided. What a ball cannot decide is neither inside nor
outside: the list is then open, and the reason says so.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flint import arb, ctx

from closedform.algebra import bridge
from closedform.algebra.later import np, sp
from closedform.algebra.roots import decimal_text
from closedform.algebra.spelled import Spelled
from closedform.attempt import Attempt, finding
from closedform.budget import Budget, working_bits
from closedform.expression import Node, to_tree
from closedform.frozen import FrozenMap
from closedform.kernel.algebra.inertia import inertia as inertia_of
from closedform.kernel.expressions import tree as kernel
from closedform.kernel.expressions.derivatives import differentiate
from closedform.kernel.reading import Refused
from closedform.points import LEAST_KINDS, CriticalPoint, Kind, largest_class
from closedform.statement import columns_of
from closedform.stationarity.location import TINY, Location, Requirement, not_real
from closedform.stationarity.text.system import TextSystem
from closedform.strategies.ending import decimal, expression, is_short
from closedform.strategies.translates import keeps
from closedform.strategies.withdrawn import without_comparisons, without_list_certificates

if TYPE_CHECKING:
    from closedform.stationarity.scalar import Stationarity

SETTLED = ("solved", "partial", "not_closed", "no_critical_point", "enclosed")
SEARCHED = ("faces, edges and corners", "a constraint gives an unknown")  # these look at degenerate points as well
MAX_HESSIAN = 200_000  # entries of the Hessian times the rows of the data


def answer(system: Stationarity | TextSystem, found: Attempt, budget: Budget) -> Attempt:
    """The attempt as it may be shown: see the head of this file. Attempts that found nothing pass unchanged."""
    if found.outcome not in SETTLED or not numbers_only(system):
        return found
    if system.constrained is not None and found.strategy not in SEARCHED:  # degenerate points were not looked at (John)
        if found.outcome == "no_critical_point":
            why = "there is no point of Lagrange; points with dependent gradients of the constraints were not examined"
            return replace(found, outcome="failed", reason=why, complete=False)
        found = replace(found, complete=False)
    return _Gate(system, found, budget).attempt()


def numbers_only(system: Stationarity | TextSystem) -> bool:
    """Has the system no parameter and no data in symbols?"""
    if system.parameters:
        return False
    if isinstance(system, TextSystem):
        return True
    own = set(system.unknowns)
    for e in (system.loss, *(system.gradient or ()), *system.equations, *system.relations):
        if e is None:
            continue
        symbols = {s for s in e.free_symbols if isinstance(s, sp.Symbol) and s not in own}
        indexed = set(e.atoms(sp.IndexedBase))
        if indexed and system.problem.data is None:
            return False
        if symbols - {b.label for b in indexed}:
            return False
    return True


class _Gate:
    def __init__(self, system: Stationarity | TextSystem, found: Attempt, budget: Budget) -> None:
        self.system, self.found, self.budget = system, found, budget
        constrained = system.constrained  # its multipliers are no unknowns of the problem
        self.names = [u.name for u in system.unknowns] if constrained is None else list(constrained.unknowns)
        self.bits = max(333, working_bits(budget.digits))
        self.columns = columns_of(system.problem)
        several = len(self.names) > 1 and system.loss is not None  # else ``edges`` looks at the integers nearby
        self.whole = [u.name for u in system.unknowns if u.is_integer and u.name in self.names] if several else []
        self.loss = self._loss_node()
        self.faults = list[str]()
        self.ends = 0  # points on the edge at which the slope does not vanish
        self._derived: dict[Node, tuple[Any, ...] | None] = {}

    def _loss_node(self) -> Node | None:
        if self.system.constrained is not None:
            return self.system.constrained.loss
        if self.system.text is not None:
            return self.system.text
        if self.system.loss is None:
            return None
        try:
            return bridge.from_sympy(self.system.loss)
        except bridge.NoTranslation:
            return None

    # -- the attempt ------------------------------------------------------------------------------------------------

    def attempt(self) -> Attempt:
        points, locations = list[CriticalPoint](), list[Location]()
        for p in self.found.points:
            self.budget.check()
            shown, location = self._pass(p)
            if shown is not None:
                points.append(shown)
                locations.append(location)
        points = self._checked_least(points, locations)
        if not self._turns_hold():
            self.found = replace(self.found, findings=tuple(f for f in self.found.findings if not f.of_all_turns))
        complete = self.found.complete and not self.faults
        return self._concluded(points, complete)

    def _turns_hold(self) -> bool:
        """Do the points listed stand for all their translates: do these keep the domain, which may have taken points?"""
        exact = [p.exact for p in self.found.points if p.exact is not None]
        for f in self.found.findings:
            shifts = f.shifts(self.names)
            if not f.of_all_turns or (shifts is None and not self.system.domain.own()):
                continue
            if shifts is None or not all(keeps(self.system, s, exact) for s in shifts):
                return False
        return True

    def _pass(self, p: CriticalPoint) -> tuple[CriticalPoint | None, Location]:
        """The point with its numbers and kind, or None where it is no point of the domain."""
        p = self._without_multipliers(p)
        if p.exact is not None and any(v.free_symbols for v in p.exact.values()):
            return self._family(p, p.exact), Location(balls={})
        location = self._location(p)
        at = location.at()
        if at is None and p.exact is not None and any(not_real(v, self.bits) for v in p.exact.values()):
            return None, location
        if at is None:
            self._fault(p, "its coordinates were not evaluated")
            return (None if p.numeric is None else replace(p, kind="unclassified")), location
        if self.whole and any(not at[u].contains_integer() for u in self.whole):
            self._fault(p, "an unknown is no integer there, and other integers were not looked at")
            return None, location
        side = self.system.domain.holds(location)
        if side == "outside":
            return None, location
        if side == "unknown" and not self._by_construction(location):
            self._fault(p, "it is open whether it lies in the domain")
            return None, location
        slope = self._slope(location)
        if slope == "not" and not self._on_constraints(location):
            self._fault(p, "the slope does not vanish there")
            return None, location
        if slope == "unknown" and self._certified(p):
            slope = "zero"
        if slope == "unknown":
            self._fault(p, "it is open whether the slope vanishes there")
        numeric, radius = self._numbers(p, at)
        kind, inertia = self._kind(p, location, slope)
        self.ends += kind == "boundary minimum" and slope != "zero"
        loss = self._loss_value(p, location)
        return replace(p, numeric=numeric, radius=radius, kind=kind, inertia=inertia, loss=loss), location

    def _family(self, p: CriticalPoint, exact: Mapping[str, Any]) -> CriticalPoint | None:
        """A family, which has no numbers of its own, with the conditions under which its members lie in the domain."""
        if isinstance(self.system, TextSystem) or not self.system.domain.own():
            return p
        families = importlib.import_module("closedform.stationarity.families")  # with SymPy, which a polynomial spares
        point = {u: exact[u.name] for u in self.system.unknowns if u.name in exact}
        found: str | tuple[str, ...] | None = families.where(self.system, point)
        if isinstance(found, tuple):
            more = (c for c in found if c.replace("=", "") not in p.conditions)  # no a <= b beside a < b
            return replace(p, conditions=tuple(dict.fromkeys((*p.conditions, *more))))
        if found is not None:
            self._fault(p, found)
        return None

    def _certified(self, p: CriticalPoint) -> bool:
        """Does a certificate of the attempt prove that a critical point lies within these very decimals?

        Steep equations can leave a wide ball at a point whose radius is small; Newton's test has looked closer.
        """
        for c in self.found.certificates:
            claimed = c.claim.get("points") if c.kind == "critical_points" else None
            for statement in claimed if isinstance(claimed, list) else []:
                if (
                    isinstance(statement, dict)
                    and p.numeric is not None
                    and statement.get("numeric") == dict(p.numeric)
                ):
                    return True
        return False

    def _by_construction(self, location: Location) -> bool:
        """Is all that is open an equation or a closed bound on whose edge a reduction put the point?"""
        return self.found.strategy in SEARCHED and all(
            self._may_vanish(location, r) for r in self.system.domain.requirements if location.meets(r) == "unknown"
        )

    def _may_vanish(self, location: Location, r: Requirement) -> bool:
        """Is it an equation or closed bound that is zero to many digits, at a point that a reduction put on edges?"""
        if self.found.strategy not in SEARCHED or r.sums or r.guards or r.op not in ("=", ">=", "<="):
            return False
        gap = location.value(r.gap)
        return gap is not None and bool(gap.contains(0)) and not gap.rad() > arb(TINY)

    def _without_multipliers(self, p: CriticalPoint) -> CriticalPoint:
        if self.system.constrained is None:
            return p
        exact, numeric, radius = (
            None if m is None else FrozenMap({u: v for u, v in m.items() if u in self.names})
            for m in (p.exact, p.numeric, p.radius)
        )
        return replace(p, exact=exact, numeric=numeric, radius=radius)

    def _numbers(self, p: CriticalPoint, at: Mapping[str, arb]) -> tuple[FrozenMap[str, str], FrozenMap[str, str]]:
        """The point's own decimals where the exact value lies within them, else decimals of the exact value."""
        with ctx.workprec(self.bits):
            if p.numeric is not None and p.radius is not None and set(p.numeric) >= set(self.names):
                numeric, radius = p.numeric, p.radius
                if p.exact is None or all(arb(arb(numeric[u]), arb(radius[u])).contains(at[u]) for u in self.names):
                    return numeric, radius
            texts = {u: decimal_text(at[u], self.budget.digits) for u in self.names}
        return FrozenMap({u: n for u, (n, _) in texts.items()}), FrozenMap({u: r for u, (_, r) in texts.items()})

    def _fault(self, p: CriticalPoint, why: str) -> None:
        values = p.exact or p.numeric or {}
        self.faults.append(f"{', '.join(f'{u} = {str(v)[:60]}' for u, v in values.items())}: {why}")

    def _location(self, p: CriticalPoint) -> Location:
        if p.exact is not None:
            return Location(exact={u: expression(v) for u, v in p.exact.items()}, columns=self.columns, bits=self.bits)
        with ctx.workprec(self.bits):
            balls = {u: arb(arb(v), arb((p.radius or {})[u])) for u, v in (p.numeric or {}).items()}
        return Location(balls=balls if set(balls) >= set(self.names) else None, columns=self.columns, bits=self.bits)

    # -- slope, kind, loss ------------------------------------------------------------------------------------------

    def _slope(self, location: Location) -> str:
        """ "zero", "not", "kink" (no derivative), or "unknown"."""
        what = (
            tuple(bridge.from_sympy(e) for e in self.system.equations) if self.loss is None else self._slopes(location)
        )
        if what is None:
            return "kink"
        for part in what:
            value = location.value(part)
            if value is None:
                return "unknown" if self.loss is None else "kink"
            if not value.contains(0):
                return "not"
            if value.rad() > arb(TINY) * (1 + abs(value.mid())) and value.rad() > arb(TINY):
                return "unknown"
        return "zero"

    def _slopes(self, location: Location) -> tuple[Any, ...] | None:
        """The gradient of the loss, from the text around the point, as trees; None at a kink."""
        if self.loss is None:
            return None
        smooth = location.active(self.loss, smooth=True)
        if smooth is None:
            return None
        if smooth not in self._derived:
            try:
                tree = kernel.read(to_tree(smooth))
                self._derived[smooth] = tuple(differentiate(tree, u) for u in self.names)
            except Refused:
                gradient = self.system.gradient or ()
                self._derived[smooth] = tuple(kernel.read(bridge.to_tree(g)) for g in gradient) or None
        return self._derived[smooth]

    def _on_constraints(self, location: Location) -> bool:
        """Do the constraints that are active here carry the slope (Karush, Kuhn and Tucker), or leave it open (John)?

        Active are closed bounds and equations whose gap is proved to vanish. The multipliers are found in floating
        point: this admits a candidate, it proves nothing about a minimum.
        """
        slopes = self._slopes(location)
        rows = list[list[float]]()
        for r in self.system.domain.own():
            if r.op in (">=", "<=", "=") and not r.sums and (location.vanishes(r.gap) or self._may_vanish(location, r)):
                smooth = location.active(r.gap, smooth=True)
                if smooth is None:  # a kink of the constraint: it has no gradient
                    rows.append([float("nan")] * len(self.names))
                    continue
                tree = kernel.read(to_tree(smooth))
                rows.append(self._floats(location, [differentiate(tree, u) for u in self.names]))
        if slopes is None or not rows:
            return False
        active = np.array(rows, dtype=float).T
        slope = np.array(self._floats(location, slopes), dtype=float)
        if not (np.isfinite(active).all() and np.isfinite(slope).all()):
            return bool(np.isfinite(slope).all())  # a constraint without a gradient there
        if np.linalg.matrix_rank(active, tol=1e-9) < active.shape[1]:
            return True
        rest = slope - active @ np.linalg.lstsq(active, slope, rcond=None)[0]
        return bool(np.abs(rest).max() <= 1e-9 * (1 + np.abs(slope).max()))

    def _floats(self, location: Location, trees: Sequence[Any]) -> list[float]:
        values = [location.value(tree) for tree in trees]
        return [float(v.mid()) if v is not None else float("nan") for v in values]

    def _kind(self, p: CriticalPoint, location: Location, slope: str) -> tuple[Kind, tuple[int, int, int] | None]:
        if (
            self.loss is None
            or slope != "zero"
            or p.kind == "boundary minimum"
            or any(c.kind == "least_value" for c in self.found.certificates)
            or (self.found.strategy in SEARCHED and p.note.startswith("on the edge"))
        ):
            return p.kind, p.inertia
        found = self._inertia(location)
        if found is None or found[2]:
            return p.kind, p.inertia if found is None else found
        if self._is_held(location) and (found[0] and found[1]):
            return p.kind, p.inertia  # the Hessian speaks of steps that leave the domain as well
        local: Kind = "saddle" if found[0] and found[1] else "local minimum" if found[0] else "local maximum"
        if p.kind == "global minimum" and local == "local minimum":
            return p.kind, found
        if p.kind == "global maximum" and local == "local maximum":
            return p.kind, found
        return local, found

    def _is_held(self, location: Location) -> bool:
        """Does an equation, or a bound at which the point lies, keep it from moving in every direction?"""
        own = [r for r in self.system.domain.own() if r.op in ("=", ">=", "<=") and not r.sums]
        return any(r.op == "=" or location.vanishes(r.gap) or self._may_vanish(location, r) for r in own)

    def _inertia(self, location: Location) -> tuple[int, int, int] | None:
        n = len(self.names)
        rows = max((len(c) for c in self.columns.values()), default=1)
        slopes = self._slopes(location)
        if slopes is None or self.loss is None or n * n * rows > MAX_HESSIAN:
            return None
        tables = location.hessians(location.active(self.loss, smooth=True), slopes, self.names)
        return next((found for table in tables if (found := inertia_of(table)) is not None), None)

    def _loss_value(self, p: CriticalPoint, location: Location) -> Any:
        """The exact loss where it agrees with the loss of the text here, else its decimal value."""
        if self.loss is None:
            return p.loss
        ball = location.value(self.loss)
        if ball is None:
            return None
        if p.loss is None and p.exact is not None and self.system.loss is not None:
            value = self.system.loss.subs({u: p.exact.get(u.name, u) for u in self.system.unknowns}, simultaneous=True)
            p = replace(p, loss=value if is_short(value) else None)
        stated = None
        if p.loss is not None and not p.loss.free_symbols:
            stated = Location(exact={"loss": p.loss}, bits=self.bits).at()
        if p.loss is not None and stated is not None and stated["loss"].overlaps(ball) and not _has_decimals(p.loss):
            return p.loss
        return decimal(ball, self.budget.digits)

    # -- least values -----------------------------------------------------------------------------------------------

    def _checked_least(self, points: list[CriticalPoint], locations: Sequence[Location]) -> list[CriticalPoint]:
        """No point stays a global minimum (maximum) while another one is lower (higher); of one exact loss all are."""
        values = [
            location.value(self.loss) if self.loss is not None and location.at() else None for location in locations
        ]
        out = list[CriticalPoint]()
        for p, value in zip(points, values, strict=True):
            kind = p.kind
            if value is not None:
                others = [v for v in values if v is not None]
                if kind in LEAST_KINDS and any(v < value for v in others):
                    kind = "local minimum" if kind == "global minimum" else kind
                elif kind == "global maximum" and any(v > value for v in others):
                    kind = "local maximum"
            out.append(replace(p, kind=kind))
        least = [p for p in out if p.kind == "global minimum" and p.loss is not None and not _has_decimals(p.loss)]

        def equals(p: CriticalPoint) -> bool:
            return any(p.loss == q.loss and set(q.conditions) <= set(p.conditions) for q in least)

        return [replace(p, kind="global minimum") if p.kind == "local minimum" and equals(p) else p for p in out]

    # -- what all of it says ----------------------------------------------------------------------------------------

    def _concluded(self, points: list[CriticalPoint], complete: bool) -> Attempt:
        found = replace(self.found, points=tuple(points))
        if len(points) < len(self.found.points):
            complete = complete and not any(f.of_many_points for f in found.findings)  # the end of a set was no point
            found = without_list_certificates(without_comparisons(found))
            points = list(found.points)
        counts = dict(found.counts) if len(points) == len(self.found.points) else {}  # those of a larger list
        families = any(p.numeric is None for p in points)
        counted = counts.get("complex") is not None and counts.get("real") == len(points) and not self.faults
        counts["real"] = len(points) - self.ends if (complete or counted) and not families else None
        if self.system.kind not in ("polynomial", "rational") or families:
            counts["complex"] = None
        counts.setdefault("complex", None)
        outcome, reason = found.outcome, found.reason
        findings = found.findings
        if self.faults:
            reason = "; ".join(self.faults)[:300]
        exact = [p.exact is not None for p in points]
        if found.outcome == "no_critical_point":
            edges = len(self.names) > 1 and self._has_edges() and not any(f.of_no_value for f in findings)
            if self.loss is not None and edges:
                outcome, reason = "failed", "no critical point inside the domain; its closed edges were not examined"
        elif not points and self.found.points and not complete:
            outcome = "failed"
        elif not points and self.found.points:
            outcome = "no_critical_point" if not self._has_edges() else "failed"
            reason = reason or "the gradient has no zero in the domain"
            findings += (finding("no zero of the gradient in the domain"),)
        elif found.outcome == "solved" and not complete and not any(f.of_all_turns for f in findings):
            outcome = "partial"
            findings += (finding("further points are open", "observed"),)
        elif found.outcome == "partial" and complete and all(exact):
            outcome = "solved"
        minimiser = found.minimiser
        least = [p for p in points if p.kind in LEAST_KINDS]
        if minimiser == "closed" and not least and self.found.points:
            minimiser = None
        return replace(
            found,
            outcome=outcome,
            reason=reason,
            points=tuple(points),
            complete=complete,
            counts=FrozenMap(counts),
            findings=findings,
            minimiser=minimiser,
            expression_class=found.expression_class or largest_class([p.expression_class for p in points]),
            scope="instance",
        )

    def _has_edges(self) -> bool:
        """May a minimum lie on an edge of the domain that belongs to it?"""
        return any(r.op in (">=", "<=", "=") for r in self.system.domain.own())


def _has_decimals(value: Any) -> bool:
    return value.is_Float if isinstance(value, Spelled) else value.has(sp.Float)
