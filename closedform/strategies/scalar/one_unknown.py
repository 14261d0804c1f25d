"""One unknown, with parameters: isolate it by changes of variable, and judge the candidates.

The candidates of ``calculus.inversion`` are over-complete: over numbers each is held against the equation and the domain
in balls, with parameters each gets its conditions in ``strategies.formula``. A polynomial of degree five or more that
stands in the way is decided by Galois theory (for this data, or over the field of the parameters).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Literal

import sympy as sp
from flint import Ordering, fmpq_mpoly_ctx
from sympy import Expr

from closedform.algebra import bridge
from closedform.algebra.galois.family import decide_family
from closedform.attempt import Attempt, Finding, finding
from closedform.budget import Budget
from closedform.calculus.bounds import bounds_of
from closedform.calculus.roots.inversion import real_roots
from closedform.calculus.roots.polynomial import ExactRoots, Placeholder
from closedform.calculus.signs import KnownSigns
from closedform.frozen import FrozenMap
from closedform.kernel.algebra.rational import generators
from closedform.points import Kind
from closedform.stationarity.candidates import Judge, TestedCandidate, prove
from closedform.stationarity.conditions import Opaque
from closedform.stationarity.scalar import Stationarity
from closedform.stationarity.second_order import shape
from closedform.strategies.answer import numbers_only
from closedform.strategies.ending import Evidence, Found, FoundPoint, concluded
from closedform.strategies.formula import Candidate, Candidates, formula_answer

name = "one unknown by changes of variable"
TURNS = "turns"
MAX_CASES = 12
example = {"loss": "n*lam - S*log(lam)", "unknowns": ["lam"], "assumptions": ["lam>0", "n>0", "S>0"]}
counterexample = {"loss": "x^2 + y^2 + x*y^3", "unknowns": ["x", "y"]}


def declines(system: Stationarity) -> str | None:
    """A sentence when there is more than one unknown or a case distinction, else None."""
    if len(system.unknowns) != 1 or len(system.equations) != 1:
        return "there is more than one unknown"
    if system.kind in ("piecewise", "sum"):
        return f"the equation is of kind {system.kind}"
    if sp.count_ops(system.equations[0]) > 2_500:
        return "the equation is too large for changes of variable"
    return None


def attempt(system: Stationarity, budget: Budget) -> Attempt:
    """Solved with every candidate judged, not_closed with a proof, or failed with the equation that resisted."""
    x = system.unknowns[0]
    facts = KnownSigns(system.relations)
    found = real_roots(system.equations[0], x, facts, budget=budget, period=_length(_period(system)))
    if found.everywhere:
        return Attempt(name, "failed", "the gradient is zero everywhere")
    if not numbers_only(system) and not found.placeholders:
        if found.obstacles:
            return Attempt(name, "failed", f"{found.obstacles[0].equation} = 0: {found.obstacles[0].reason}"[:300])
        return _for_all_data(system, found, facts, budget)
    judge = Judge(system, budget)
    if not judge.samples:
        return Attempt(name, "failed", "no admissible values of the parameters were found")
    judged = judge.judge_all([{x: v} for v in found.values], found.placeholders)
    budget.check()
    if found.obstacles:
        reason = f"{found.obstacles[0].equation} = 0: {found.obstacles[0].reason}"
        return Attempt(name, "failed", reason[:300])
    behind = {placeholder.symbol for placeholder in found.placeholders}
    if any("unknown" in j.words and not j.sometimes and j.point[x].free_symbols & behind for j in judged):
        return Attempt(
            name, "failed", "it is open whether the roots of a polynomial on the way are real and in the domain"
        )
    if any(j.sometimes for j in judged):
        return _OneUnknownAnswer(system, facts, found, judge, budget).with_points(judged)
    if _period(system) or found.turns_cut:
        return Attempt(name, "failed", "only one turn of the circular functions was looked at")
    if not judge.numeric or not all(j.never for j in judged):
        return Attempt(name, "failed", "it is open whether a candidate is real, in the domain and a solution")
    record = Evidence(finding("no zero in the domain", what="gradient", why="changes of variable keep every root"))
    return concluded(name, system, Found((), True, record), budget)


def _for_all_data(system: Stationarity, found: ExactRoots, facts: KnownSigns, budget: Budget) -> Attempt:
    """The answer in symbols: also where a leading coefficient vanishes, each such case with its own formulas."""
    x = system.unknowns[0]
    period = _period(system)
    turns = found.turns_cut or (system.equations[0].has(sp.sin, sp.cos, sp.tan) and _turns_open(system, x))
    period = TURNS if found.turns_cut else period  # the points of one period are not all
    items = [Candidate({x: v}, g) for v, g in zip(found.values, found.guards or [()] * len(found.values), strict=True)]
    cases = _Cases(x, budget, _length(_period(system)))
    left = [e for e in cases.split(found.exceptions, system.equations[0], facts, 0) if e is not None]
    items += cases.items
    candidates = Candidates(
        tuple(items),
        tuple(left),
        found.loose or cases.loose,
        complete=not (period or turns),
        why="the changes of variable keep every root",
        findings=_about_turns(period, left),
    )
    try:
        return formula_answer(name, system, candidates, budget)
    except Opaque as reason:
        return Attempt(name, "failed", str(reason))


def _period(system: Stationarity) -> Expr | Literal["", "turns"]:
    """The loss's period (``TURNS`` where it has none, though its circular functions do) on an unbounded domain."""
    x = system.unknowns[0]
    loss = system.loss if system.loss is not None else system.equations[0]
    circular = [f for f in loss.atoms(sp.sin, sp.cos, sp.tan) if x in f.free_symbols]
    low, high = bounds_of(x, system.relations)
    if not circular or (low is not None and high is not None):
        return ""
    try:
        return sp.periodicity(loss, x) or TURNS
    except (NotImplementedError, ValueError):
        return TURNS


def _length(period: Expr | Literal["", "turns"]) -> Expr | None:
    return period if isinstance(period, Expr) else None


def _about_turns(period: Expr | Literal["", "turns"], exceptions: Iterable[Any] = ()) -> tuple[Finding, ...]:
    if isinstance(period, Expr):
        return (finding("translates by the period", period=period, exceptions=tuple(exceptions)),)
    return (finding("turns are not listed"),) if period else ()


def _turns_open(system: Stationarity, x: Any) -> bool:
    low, high = bounds_of(x, system.relations)
    return low is None or high is None or bool(low.free_symbols | high.free_symbols)


class _Cases:
    """Formulas for the data at which an expression vanishes that the general ones divide by."""

    def __init__(self, x: Any, budget: Budget, period: Any) -> None:
        self.x, self.budget, self.period = x, budget, period
        self.items, self.loose = list[Candidate](), False

    def split(self, exceptions: Iterable[Any], equation: Any, facts: KnownSigns, depth: int) -> list[Any]:
        """The exceptions that were not taken apart; candidates for the others are added to ``items``."""
        left = list[Any]()
        bases = dict.fromkeys(f.as_base_exp()[0] for e in exceptions for f in sp.Mul.make_args(sp.factor(e)))
        for e in bases:
            if not e.free_symbols or e.is_nonzero or facts.sign(e) in (1, -1):
                continue
            open_ = self._case(e, equation, facts, depth) if depth <= 1 and len(self.items) <= MAX_CASES else None
            left += [e] if open_ is None else [sp.factor(e**2 + f**2) for f in open_]  # both vanish at once
        return left

    def _case(self, e: Any, equation: Any, facts: KnownSigns, depth: int) -> list[Any] | None:
        """The case that e vanishes: what is left out of it, None where it was not solved.

        e is linear in some parameter, which is put in.
        """
        for s in sorted(e.free_symbols - {self.x}, key=str):
            if not e.is_polynomial(s) or sp.degree(e, s) != 1 or sp.diff(e, s).free_symbols:
                continue
            value = sp.expand(s - e / sp.diff(e, s))
            case = sp.simplify(equation.subs(s, value))
            if case.has(sp.nan, sp.zoo, sp.I):
                return None
            if case == 0:
                return None  # everything is a root there: said as an exception
            if self.x not in case.free_symbols and not case.free_symbols:
                return []  # nothing is
            relations = [r.subs(s, value) for r in facts.relations]
            if sp.false in relations:
                return []
            inner = KnownSigns([r for r in relations if r != sp.true])
            found = real_roots(case, self.x, inner, budget=self.budget, period=self.period)
            if found.obstacles or found.placeholders or found.everywhere or found.turns_cut:
                return None
            self.loose |= found.loose
            guard = sp.Eq(e, 0, evaluate=False)
            more = _Cases(self.x, self.budget, self.period)
            left = more.split(found.exceptions, case, inner, depth + 1)
            guards = found.guards or [()] * len(found.values)
            self.items += [Candidate({self.x: v}, (guard, *g)) for v, g in zip(found.values, guards, strict=True)]
            self.items += [Candidate(c.point, (guard, *c.guards)) for c in more.items]
            return left
        return None


class _OneUnknownAnswer:
    """Points of numbers, with or without a formula; with parameters, only that points behind a placeholder have none."""

    def __init__(
        self, system: Stationarity, facts: KnownSigns, found: ExactRoots, judge: Judge, budget: Budget
    ) -> None:
        self.system, self.facts, self.found, self.judge, self.budget = system, facts, found, judge, budget
        self.x = system.unknowns[0]
        self.record = Evidence()

    def with_points(self, judged: list[TestedCandidate]) -> Attempt:
        placeholders = {s.symbol: s for s in self.found.placeholders}
        kept = [j for j in judged if j.sometimes]
        closed = [j for j in kept if not j.point[self.x].free_symbols & placeholders.keys()]
        open_ = [j for j in kept if j.point[self.x].free_symbols & placeholders.keys()]
        reason = self._impossible(open_, placeholders)
        if reason:
            return Attempt(name, "failed", reason)
        if not self.judge.numeric:
            return self._of_the_family(closed)
        whole = shape(self.system, self.facts)
        if whole.reason is not None:
            self.record.findings.append(whole.reason)
        periodic = TURNS if self.found.turns_cut else _period(self.system)
        sure = all(j.never for j in judged if not j.sometimes) or (whole.unique and len(kept) == 1)
        complete = sure and not periodic
        kind: Kind = "global minimum" if whole.minimum else "unclassified"
        points = [self._point(j, kind) for j in closed]
        points += [FoundPoint(balls=j.balls[0], kind=kind) for j in open_ if j.balls[0] is not None]
        self.record.findings += _about_turns(periodic)
        if complete and closed:
            self.record.say("no other point", why="the changes of variable keep every root")
        return concluded(name, self.system, Found(tuple(points), complete, self.record), self.budget)

    def _of_the_family(self, closed: list[TestedCandidate]) -> Attempt:
        """That some critical points have no formula for all data; those that have one come with their conditions."""
        record = self.record
        if not closed:
            found = tuple(record.findings), tuple(record.certificates)
            whole = shape(self.system, self.facts)
            return Attempt(
                name,
                "not_closed",
                "a polynomial in the way has no radicals",
                minimiser="not_closed" if whole.minimum else None,
                scope="formula",
                findings=found[0],
                certificates=found[1],
            )
        candidates = Candidates(
            tuple(Candidate(j.point) for j in closed),
            loose=True,
            complete=False,
            findings=tuple(record.findings),
            certificates=tuple(record.certificates),
        )
        try:
            answer = formula_answer(name, self.system, candidates, self.budget)
        except Opaque as reason:
            return Attempt(name, "failed", str(reason))
        if answer.outcome != "solved":
            return answer
        return replace(answer, outcome="partial", reason="a polynomial in the way has no radicals", minimiser=None)

    def _impossible(self, open_: list[TestedCandidate], placeholders: dict[Any, Placeholder]) -> str:
        """Record why the roots behind the placeholders have no radicals; a reason when that was not decided."""
        for symbol in dict.fromkeys(s for j in open_ for s in j.point[self.x].free_symbols & placeholders.keys()):
            placeholder = placeholders[symbol]
            if placeholder.evidence is None:
                reason = self._family(placeholder)
                if reason:
                    return reason
                continue
            if placeholder.evidence.status != "not_closed":
                return f"{placeholder.polynomial} = 0: {placeholder.evidence.reason or 'not decided'}"
            if any(c in self.record.certificates for c in placeholder.evidence.certificates):
                continue
            found = placeholder.evidence.findings
            if placeholder.meaning != self.x:
                found = tuple(replace(f, theorem="no root in radicals on the way") for f in found)
            self.record.take(found, placeholder.evidence.certificates)
            if placeholder.meaning != self.x:
                self.record.say(
                    "root without radicals on the way",
                    meaning=placeholder.meaning,
                    polynomial=placeholder.polynomial,
                    unknown=self.x,
                )
        return ""

    def _point(self, j: TestedCandidate, kind: Kind) -> FoundPoint:
        value = j.point[self.x]
        proof = prove(self.system, j.point) if self.budget.remaining > 2 else None
        point, index = FrozenMap({self.x.name: value}), None
        if proof is not None:
            index = self.record.say("the gradient vanishes", certificate=proof[0], point=point)
        else:
            self.record.say("steps that keep the solutions", point=point)
        return FoundPoint({self.x: value}, kind=kind, certificate=index)

    def _family(self, placeholder: Placeholder) -> str:
        """Record that the roots behind a placeholder have no formula in radicals in the parameters; else why that is open."""
        poly, x = placeholder.polynomial, placeholder.variable
        parameters = sorted(poly.free_symbols - {x}, key=str)
        try:
            p = sp.Poly(sp.numer(sp.together(poly)), x, *parameters)
        except sp.PolynomialError:
            return f"{poly} = 0 has coefficients that are not polynomials in the parameters"
        terms = bridge.rational_terms(p)
        if terms is None or any(not isinstance(k, sp.Symbol) for k in parameters):
            return f"{poly} = 0 has coefficients that are not rational"
        plain = "x" if x.name.startswith("_") else x.name
        names = (plain, *(k.name for k in parameters))
        if len(set(names)) != len(names):
            names = ("_x", *names[1:])
        ring = fmpq_mpoly_ctx.get(generators(names), Ordering.lex)
        f = ring.from_dict(dict(terms))
        decision = decide_family(f, names[0], names[1:], self.budget)
        if decision.solvable is not False or decision.certificate is None:
            return f"{poly} = 0: {decision.reason}"
        self.record.say(
            "no formula of the family",
            certificate=decision.certificate,
            reason=decision.reason,
            unknown=names[0],
            meaning=None if placeholder.meaning == x else placeholder.meaning,
        )
        if decision.not_elementary:
            self.record.say("monodromy is not solvable", reason=decision.not_elementary)
        return ""
