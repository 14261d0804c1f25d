"""One unknown and numbers only: what a strategy found, completed by the proved landscape of the loss on its line.

Formulas and completeness come from different sides: strategies find expressions, ``enclosures.line`` proves which points
there are, of which kind, and what the loss does at the ends of its domain. A formula is kept where it is the number
that the line encloses; a point without a formula keeps its decimals.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flint import arb, ctx

from closedform.algebra import bridge
from closedform.algebra.later import sp
from closedform.algebra.roots import decimal_text
from closedform.attempt import Attempt, Finding, finding
from closedform.budget import Budget, working_bits
from closedform.enclosures.line.circles import period_of
from closedform.enclosures.line.functions import Unclear, from_node
from closedform.enclosures.line.landscape import Escape, Landscape
from closedform.enclosures.line.spots import Spot
from closedform.enclosures.line.stops import Stop
from closedform.enclosures.line.whole import landscape_of, solutions_of
from closedform.errors import OutOfTime
from closedform.frozen import FrozenMap
from closedform.kernel.expressions import tree as kernel
from closedform.kernel.reading import Refused
from closedform.points import LEAST_KINDS, CriticalPoint, Kind, largest_class
from closedform.stationarity.location import real_value
from closedform.stationarity.text.exponential_rows import ExponentialRows
from closedform.stationarity.text.polynomial_line import PolynomialLine
from closedform.stationarity.text.system import TextSystem
from closedform.strategies.answer import answer, numbers_only
from closedform.strategies.ending import expression_class
from closedform.strategies.withdrawn import without_list_certificates

if TYPE_CHECKING:
    from closedform.stationarity.scalar import Stationarity

FORMULAS = "closedform.enclosures.line.formulas"
SHARE = 0.4  # of the time left
OPEN = ("further points are open", "turns are not listed", "translates by the period")  # what the line settles


def completed(system: Stationarity | TextSystem, found: Attempt, budget: Budget) -> Attempt:
    """The attempt with the whole line's truth; unchanged where the line is not one, or was not decided."""
    if len(system.unknowns) != 1 or not numbers_only(system) or system.constrained is not None:
        return found
    if any(u.is_integer for u in system.unknowns):
        return found
    part = budget.share(SHARE * budget.remaining)
    try:
        if system.loss is None:
            return _Solutions(system, found, budget).attempt(part)
        return _Landscape(system, found, budget).attempt(part)
    except (Unclear, OutOfTime, Refused, ArithmeticError, ValueError, RecursionError):
        return found


class _Line:
    def __init__(self, system: Stationarity | TextSystem, found: Attempt, budget: Budget) -> None:
        self.system, self.found, self.budget = system, found, budget
        self.x = system.unknowns[0].name
        self.bits = max(333, working_bits(budget.digits))
        self.turns_in_period = 1
        self.turn = self._turn()
        self.modulo = False  # the points stand for all their translates by the period
        self.open = False  # is it open here which point is the least, so that what a strategy proved of it stays?

    def point(self, spot: Spot, kind: Kind) -> CriticalPoint:
        """The point at a spot, with the formula that a strategy found for this very number, or the line's own."""
        ball = spot.at(self.bits)
        for p in self.found.points:
            if p.exact is not None and not p.exact[self.x].free_symbols:
                turns = self._turns(p.exact[self.x], ball)
                if turns == 0 or (turns is not None and self.modulo and turns % self.turns_in_period == 0):
                    proved = self.open and kind == "local minimum" and p.kind == "global minimum"
                    return replace(p, kind=p.kind if proved else kind)
                if turns is not None and spot.exact is None:
                    value = p.exact[self.x] + turns * self.turn
                    return CriticalPoint(FrozenMap({self.x: value}), kind=kind, expression_class=p.expression_class)
        if spot.exact is not None or spot.formula is not None:
            value = spot.formula if spot.exact is None else bridge.from_tree(kernel.write(spot.exact), {})
            return CriticalPoint(
                FrozenMap({self.x: value}),
                kind=kind,
                multiplicity=spot.multiplicity,
                expression_class=expression_class((value,)),
            )
        with ctx.workprec(self.bits):
            numeric, radius = decimal_text(ball, self.budget.digits)
        return CriticalPoint(
            None, FrozenMap({self.x: numeric}), FrozenMap({self.x: radius}), kind, multiplicity=spot.multiplicity
        )

    def _turns(self, value: Any, ball: arb) -> int | None:
        """How many turns of the slope lie between a formula's number and a ball around a zero of it; None for none."""
        own = real_value(value, self.bits)
        if own is None:
            return None
        if own.overlaps(ball):
            return 0
        turn = None if self.turn is None else real_value(self.turn, self.bits)
        whole = None if turn is None else ((ball - own) / turn).unique_fmpz()
        return None if whole is None else int(whole)

    def _turn(self) -> Any:
        """The period of what must vanish, as a SymPy number, where it has one."""
        if isinstance(self.system, TextSystem):
            return None
        trees = list(self.system.equations)
        period = period_of([from_node(bridge.from_sympy(e)) for e in trees], self.x)
        if period is None:
            return None
        turn, x = bridge.from_tree(kernel.write(period), {}), self.system.unknowns[0]
        half = [e.subs(x, x + turn / 2) for e in trees]  # zeros come back where at most the sign has changed
        if any(all(sp.expand(h + s * e) == 0 for h, e in zip(half, trees, strict=True)) for s in (1, -1)):
            self.turns_in_period = 2
            return turn / 2
        return turn

    def _take_period(self, period: Any) -> None:
        """The points are listed modulo the period of the loss and its domain, which may be several turns of the slope."""
        if period is None or self.turn is None:
            return
        ratio = sp.simplify(bridge.from_tree(kernel.write(period), {}) / self.turn)
        self.modulo = bool(ratio.is_Integer and ratio > 0)
        if self.modulo:
            self.turns_in_period = int(ratio)

    def find_formulas(self, spots: Sequence[Spot], part: Budget) -> None:
        """Formulas for the spots that no strategy's formula is; those found before time ran out stay."""
        known = [p.exact[self.x] for p in self.found.points if p.exact is not None]
        known = [v for v in known if not v.free_symbols]
        missing = [s for s in spots if all(self._turns(v, s.at(self.bits)) is None for v in known)]
        decided = isinstance(self.system, ExponentialRows) and self.found.outcome == "not_closed"
        if not missing or decided or isinstance(self.system, PolynomialLine):  # Galois theory has decided those
            return
        with suppress(OutOfTime):
            importlib.import_module(FORMULAS).add_formulas(missing, part.share(SHARE * part.remaining))

    def concluded(
        self, points: list[CriticalPoint], period: Any, minimiser: Any, findings: list[Finding], what: str
    ) -> Attempt:
        found = self.found
        if len(points) != len(found.points):
            found = without_list_certificates(found)
            points = [p if p.certificate is None else replace(p, certificate=None) for p in points]
        exact = [p.exact is not None for p in points]
        kept = [s for s in found.findings if s.theorem not in OPEN]
        if not points and found.outcome == "not_closed":
            kept = []  # nothing is left that they speak of
        if period is not None and points:
            findings.append(finding("translates by the period", period=bridge.from_tree(kernel.write(period), {})))
        outcome = "no_critical_point" if not points else "solved" if all(exact) else "partial" if any(exact) else ""
        if not outcome:
            outcome = "not_closed" if found.outcome == "not_closed" else "enclosed"
        reason = f"{what} has no {'solution' if self.system.loss is None else 'critical point'} in the domain"
        shown = replace(
            found,
            outcome=outcome,
            reason=reason if not points else "" if outcome == "solved" else found.reason,
            points=tuple(points),
            complete=period is None or not points,
            minimiser=minimiser,
            scope="instance",
            expression_class=largest_class([p.expression_class for p in points]),
            findings=(*kept, *findings),
        )
        return answer(self.system, shown, self.budget)


class _Solutions(_Line):
    def attempt(self, part: Budget) -> Attempt:
        line = solutions_of(self.system, part)
        if not line.complete:
            return self.found
        self._take_period(line.period)
        self.find_formulas(line.spots, part)
        points = [self.point(s, "unclassified") for s in line.spots]
        return self.concluded(points, line.period, None, [finding("every solution of the line")], "the equation")


class _Landscape(_Line):
    def attempt(self, part: Budget) -> Attempt:
        land = landscape_of(self.system, part)
        if not land.complete or any(s.role == "flat" or s.spot is None for s in land.stops):
            return self.found
        if land.least.state == "open" and any(
            s.role in ("end", "isolated") and s.shape != "maximum" for s in land.stops
        ):
            return self.found  # a minimum may lie on the edge
        least = land.least.stops if land.least.state == "attained" else []
        most = land.greatest.stops if land.greatest.state == "attained" else []
        self._take_period(land.period)
        self.open = land.least.state == "open"
        points = list[CriticalPoint]()
        self.find_formulas([s.spot for s in land.stops if s.spot is not None], part)
        for stop in land.stops:
            kind = self._kind(stop, stop in least, stop in most)
            if kind is not None and stop.spot is not None:
                points.append(self.point(stop.spot, kind))
        if land.empty:
            self.found = replace(self.found, findings=(), certificates=())
            return self.concluded([], None, None, [finding("defined nowhere", what="loss")], "the loss")
        findings = [finding("every critical point of the line"), *self._about_least(land)]
        attained = bool(least) or any(p.kind == "global minimum" for p in points)
        return self.concluded(points, land.period, self._minimiser(points, attained), findings, "the loss")

    def _kind(self, stop: Stop, least: bool, most: bool) -> Kind | None:
        """The kind to show, None for a place that is only passed on the way."""
        edge = stop.role in ("end", "isolated")
        if stop.shape in ("minimum", "both"):
            if edge and not least:
                return "local minimum" if stop.stationary else None
            return "boundary minimum" if edge else "global minimum" if least else "local minimum"
        if not stop.stationary and (edge or stop.shape != "maximum"):
            return None
        if stop.shape == "maximum":
            return "global maximum" if most else "local maximum"
        return "degenerate" if stop.shape == "neither" else "unclassified"

    def _minimiser(self, points: list[CriticalPoint], attained: bool) -> Any:
        if not attained:
            return None
        best = [p for p in points if p.kind in LEAST_KINDS]
        if best and all(p.exact is not None for p in best):
            return "closed"
        return (
            "not_closed" if self.found.outcome == "not_closed" or self.found.minimiser == "not_closed" else "undecided"
        )

    def _about_least(self, land: Landscape) -> tuple[Finding, ...]:
        least = land.least
        if least.state == "attained":
            return (finding("least beside the limits at the ends"),)
        where = self._way(least.escape) if least.escape is not None else ""
        if least.state == "unbounded":
            return (finding("unbounded below", where=where),)
        if least.state == "not attained":
            return (finding("infimum not attained", infimum=_number(least.escape), where=where),)
        return ()

    def _way(self, escape: Escape) -> str:
        if escape.where is None:
            return f" as {self.x} -> {'oo' if escape.way > 0 else '-oo'}"
        place = escape.where
        value = bridge.text(bridge.from_tree(kernel.write(place.exact), {})) if place.exact is not None else ""
        return f" as {self.x} -> {value or 'c ' + _rounded(place.at(64), 8)}"


def _number(escape: Escape | None) -> str:
    if escape is None or escape.ball is None:
        return ""
    ball: arb = escape.ball
    whole = ball.unique_fmpz()
    if whole is not None and ball.rad() < arb("1e-20"):
        return str(int(whole))
    return _rounded(ball, 12) if ball.rad() < arb("1e-13") * (1 + abs(ball.mid())) else ""


def _rounded(ball: arb, digits: int) -> str:
    return f"≈ {decimal_text(ball, digits)[0]}"
