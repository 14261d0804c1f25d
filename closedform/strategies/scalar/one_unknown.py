"""One unknown, with parameters: isolate it by changes of variable, and judge the candidates (one solver, so past 450 lines).

The candidates of ``calculus.inversion`` are over-complete; each is evaluated at random admissible data, the gradient is
proved to vanish by the kernel where its reduction suffices, and what is dropped is dropped by a proved sign or listed
as a condition. A polynomial of degree five or more that stands in the way is decided by Galois theory (for this data,
or over the field of the parameters).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import sympy as sp
from flint import Ordering, fmpq, fmpq_mpoly_ctx

from closedform.algebra.bridge import text
from closedform.algebra.galois.family import decide_family
from closedform.algebra.sampling import real_ball
from closedform.attempt import Attempt, Finding, finding, shifted
from closedform.budget import Budget
from closedform.calculus import rational_roots
from closedform.calculus.inversion import bounds_of, real_roots
from closedform.calculus.polynomial_roots import Roots, Stand
from closedform.calculus.signs import Facts
from closedform.frozen import FrozenMap
from closedform.kernel.certificate import Certificate
from closedform.points import CLASSES, CriticalPoint, Kind
from closedform.stationarity.candidates import Judge, Judged, decimals, expression_class, prove
from closedform.stationarity.conditions import Opaque
from closedform.stationarity.scalar import Stationarity
from closedform.stationarity.second_order import connected, local_kind, numeric_kind, shape
from closedform.strategies.answer import numbers_only
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
    facts = Facts(system.relations)
    found = real_roots(system.equations[0], x, facts, budget=budget)
    if found.everywhere:
        return Attempt(name, "failed", "the gradient is zero everywhere")
    if not numbers_only(system) and not found.stands:
        if found.obstacles:
            return Attempt(name, "failed", f"{found.obstacles[0].equation} = 0: {found.obstacles[0].reason}"[:300])
        return _for_all_data(system, found, facts, budget)
    judge = Judge(system, budget)
    if not judge.samples:
        return Attempt(name, "failed", "no admissible values of the parameters were found")
    judged = judge.judge_all([{x: v} for v in found.values], found.stands)
    kept = [j for j in judged if j.sometimes]
    budget.check()
    if found.obstacles:
        reason = f"{found.obstacles[0].equation} = 0: {found.obstacles[0].reason}"
        return Attempt(name, "failed", reason[:300])
    behind = {stand.symbol for stand in found.stands}
    if any("unknown" in j.words and not j.sometimes and j.point[x].free_symbols & behind for j in judged):
        return Attempt(
            name, "failed", "it is open whether the roots of a polynomial on the way are real and in the domain"
        )
    answer = _Answer(system, facts, found, judge, budget)
    clamped = answer.clamped()
    if clamped is not None:
        return clamped
    if not kept:
        return answer.without_points(judged)
    return answer.with_points(judged, kept)


def _for_all_data(system: Stationarity, found: Roots, facts: Facts, budget: Budget) -> Attempt:
    """The answer in symbols: also where a leading coefficient vanishes, each such case with its own formulas."""
    x = system.unknowns[0]
    period = _period(system)
    turns = system.equations[0].has(sp.sin, sp.cos, sp.tan) and _turns_open(system, x)
    items = [Candidate({x: v}, g) for v, g in zip(found.values, found.guards or [()] * len(found.values), strict=True)]
    cases = _Cases(x, budget)
    left = [e for e in cases.split(found.exceptions, system.equations[0], facts, 0) if e is not None]
    items += cases.items
    candidates = Candidates(
        tuple(items),
        tuple(left),
        found.loose or cases.loose,
        complete=not (period or turns),
        why="the changes of variable keep every root",
        findings=_about_turns(period),
    )
    try:
        return formula_answer(name, system, candidates, budget)
    except Opaque as reason:
        return Attempt(name, "failed", str(reason))


def _period(system: Stationarity) -> str:
    """The loss's period (``TURNS`` where it has none, though its circular functions do) on an unbounded domain."""
    x = system.unknowns[0]
    loss = system.loss if system.loss is not None else system.equations[0]
    circular = [f for f in loss.atoms(sp.sin, sp.cos, sp.tan) if x in f.free_symbols]
    low, high = bounds_of(x, system.relations)
    if not circular or (low is not None and high is not None):
        return ""
    try:
        return str(sp.periodicity(loss, x) or "") or TURNS
    except (NotImplementedError, ValueError):
        return TURNS


def _about_turns(period: str) -> tuple[Finding, ...]:
    if not period:
        return ()
    if period == TURNS:
        return (finding("turns are not listed"),)
    return (finding("translates by the period", period=period),)


def _turns_open(system: Stationarity, x: Any) -> bool:
    low, high = bounds_of(x, system.relations)
    return low is None or high is None or bool(low.free_symbols | high.free_symbols)


class _Cases:
    """Formulas for the data at which an expression vanishes that the general ones divide by."""

    def __init__(self, x: Any, budget: Budget) -> None:
        self.x, self.budget = x, budget
        self.items, self.loose = list[Candidate](), False

    def split(self, exceptions: Iterable[Any], equation: Any, facts: Facts, depth: int) -> list[Any]:
        """The exceptions that were not taken apart; candidates for the others are added to ``items``."""
        left = list[Any]()
        bases = dict.fromkeys(f.as_base_exp()[0] for e in exceptions for f in sp.Mul.make_args(sp.factor(e)))
        for e in bases:
            if not e.free_symbols or e.is_nonzero or facts.sign(e) in (1, -1):
                continue
            if depth > 1 or len(self.items) > MAX_CASES or not self._case(e, equation, facts, depth):
                left.append(e)
        return left

    def _case(self, e: Any, equation: Any, facts: Facts, depth: int) -> bool:
        """Whether the case that e vanishes was solved: e is linear in some parameter, which is put in."""
        for s in sorted(e.free_symbols - {self.x}, key=str):
            if not e.is_polynomial(s) or sp.degree(e, s) != 1 or sp.diff(e, s).free_symbols:
                continue
            value = sp.expand(s - e / sp.diff(e, s))
            case = sp.simplify(equation.subs(s, value))
            if case.has(sp.nan, sp.zoo):
                return False
            if case == 0:
                return False  # everything is a root there: said as an exception
            if self.x not in case.free_symbols and not case.free_symbols:
                return True  # nothing is
            relations = [r.subs(s, value) for r in facts.relations]
            if sp.false in relations:
                return True
            inner = Facts([r for r in relations if r != sp.true])
            found = real_roots(case, self.x, inner, budget=self.budget)
            if found.obstacles or found.stands or found.everywhere:
                return False
            self.loose |= found.loose
            guard = sp.Eq(e, 0, evaluate=False)
            more = _Cases(self.x, self.budget)
            if more.split(found.exceptions, case, inner, depth + 1):
                return False
            guards = found.guards or [()] * len(found.values)
            self.items += [Candidate({self.x: v}, (guard, *g)) for v, g in zip(found.values, guards, strict=True)]
            self.items += [Candidate(c.point, (guard, *c.guards)) for c in more.items]
            return True
        return False


class _Answer:
    def __init__(self, system: Stationarity, facts: Facts, found: Roots, judge: Judge, budget: Budget) -> None:
        self.system, self.facts, self.found, self.judge, self.budget = system, facts, found, judge, budget
        self.x = system.unknowns[0]
        self.scope: Any = "instance" if judge.numeric else "formula"

    def without_points(self, judged: list[Judged]) -> Attempt:
        """No candidate is a critical point: proved, or left open; the edge of a closed domain is looked at."""
        if _period(self.system):
            return Attempt(name, "failed", "only one turn of the circular functions was looked at")
        sure = all(j.never for j in judged) if self.judge.numeric else all(self._excluded(j) for j in judged)
        if not sure:
            return Attempt(name, "failed", "the candidates fail at every sample, which proves nothing for all data")
        edge = self._edge()
        if edge is not None:
            return edge
        closed_ends = any(r.rel_op in (">=", "<=") and self.x in r.free_symbols for r in self.system.relations)
        if closed_ends and not self.judge.numeric:
            return Attempt(name, "failed", "no critical point inside the domain; its closed edges were not decided")
        exceptions = self.facts.exceptions([sp.factor(self.system.equations[0])], [self.x])
        said = finding(
            "no zero in the domain",
            what="gradient",
            why="changes of variable keep every root",
            exceptions=tuple(exceptions),
        )
        return Attempt(
            name,
            "no_critical_point",
            "the gradient has no real zero in the domain",
            scope=self.scope,
            complete=True,
            findings=(said,),
        )

    def _excluded(self, j: Judged) -> bool:
        """Is a candidate outside the domain for all data, by a proved sign?"""
        if not j.never:
            return False
        value = j.point[self.x]
        if any(value.has(s.symbol) for s in self.found.stands):
            return False
        if value.is_real is False or value.has(sp.zoo, sp.nan, sp.oo):
            return True
        if value.has(sp.I) or sp.count_ops(value) > 120:
            return False
        relations = [*self.system.relations]
        if self.x.is_positive:
            relations.append(sp.Gt(self.x, 0, evaluate=False))
        parameters = Facts([r for r in self.system.relations if self.x not in r.free_symbols])
        for r in relations:
            if self.x not in r.free_symbols:
                continue
            gap = (r.lhs - r.rhs) if r.rel_op in (">", ">=") else (r.rhs - r.lhs)
            sign = parameters.sign(sp.factor(gap.subs(self.x, value)))
            if sign in (-1, 0, -2) and (sign == -1 or r.rel_op in (">", "<")):
                return True
        return any(sp.simplify(e.subs(self.x, value)) == 0 for e in self.system.nonzero)

    def _edge(self) -> Attempt | None:
        """The minimum on a closed end of the domain towards which the loss falls."""
        slope = self.facts.sign((self.system.gradient or self.system.equations)[0])
        low, high = bounds_of(self.x, [r for r in self.system.relations if r.rel_op in (">=", "<=")])
        edge = low if slope == 1 else high if slope == -1 else None
        if edge is None or not any(
            r.rel_op in (">=", "<=") and self.x in r.free_symbols for r in self.system.relations
        ):
            return None
        closed = [r for r in self.system.relations if r.rel_op in (">=", "<=") and {r.lhs, r.rhs} == {self.x, edge}]
        if not closed:
            return None
        word = "rises" if slope == 1 else "falls"
        said = finding("monotone up to the edge", way=word, unknown=self.x, edge=edge)
        numeric = self.judge.coordinate(edge, self.judge.samples[0]) if self.judge.numeric else None
        shown = decimals(numeric, self.budget.digits) if numeric is not None else None
        point = CriticalPoint(
            FrozenMap({self.x.name: edge}),
            FrozenMap({self.x.name: shown[0]}) if shown else None,
            FrozenMap({self.x.name: shown[1]}) if shown else None,
            "boundary minimum",
            loss=self._loss(edge),
            expression_class=expression_class(edge),
            note="on the edge of the domain",
        )
        return Attempt(
            name,
            "solved",
            points=(point,),
            complete=True,
            minimiser="closed",
            scope=self.scope,
            expression_class=expression_class(edge),
            findings=(said,),
        )

    def clamped(self) -> Attempt | None:
        """The minimiser between closed bounds, when the gradient rises through its one zero on the whole line."""
        bounds = [r for r in self.system.relations if r.rel_op in (">=", "<=") and self.x in r.free_symbols]
        low, high = bounds_of(
            sp.Symbol(self.x.name, real=True), [r.xreplace({self.x: sp.Symbol(self.x.name, real=True)}) for r in bounds]
        )
        if (
            not bounds
            or self.judge.numeric
            or len(self.found.values) != 1
            or any({r.lhs, r.rhs} != {self.x, b} for r in bounds for b in [r.lhs if r.rhs == self.x else r.rhs])
        ):
            return None
        free = sp.Symbol(self.x.name, real=True)
        others = [r.xreplace({self.x: free}) for r in self.system.relations if r not in bounds]
        gradient = (self.system.gradient or self.system.equations)[0].xreplace({self.x: free})
        if any(free in r.free_symbols for r in others) or self.found.stands or self.system.nonzero:
            return None
        if Facts(others).sign(sp.factor(sp.diff(gradient, free))) != 1:
            return None
        value = self.found.values[0]
        if sp.simplify(gradient.subs(free, value)) != 0:
            return None
        value = sp.Max(low, value) if low is not None else value
        value = sp.Min(high, value) if high is not None else value
        said = finding("strictly convex, clipped")
        point = CriticalPoint(
            FrozenMap({self.x.name: value}),
            kind="global minimum",
            expression_class=expression_class(value),
            note="clamped to the bounds",
        )
        return Attempt(
            name,
            "solved",
            points=(point,),
            complete=True,
            minimiser="closed",
            scope=self.scope,
            expression_class=expression_class(value),
            findings=(said,),
        )

    def _loss(self, value: Any) -> Any:
        if self.system.loss is None:
            return None
        out = self.system.loss.subs(self.x, value)
        return out if sp.count_ops(out) <= 150 else None

    def with_points(self, judged: list[Judged], kept: list[Judged]) -> Attempt:
        stands = {s.symbol: s for s in self.found.stands}
        closed = [j for j in kept if not j.point[self.x].free_symbols & stands.keys()]
        open_ = [j for j in kept if j.point[self.x].free_symbols & stands.keys()]
        certificates, findings = list[Certificate](), list[Finding]()
        reason = self._impossible(open_, stands, certificates, findings)
        if reason:
            return Attempt(name, "failed", reason)
        whole = shape(self.system, self.facts)
        if whole.reason:
            findings.append(finding("shape of the loss", reason=whole.reason))
        dropped = [j for j in judged if not j.sometimes]
        complete = whole.unique and len(kept) == 1 and kept[0].always
        complete = complete or (
            all(j.never for j in dropped)
            if self.judge.numeric
            else all(j.always for j in kept) and all(self._excluded(j) for j in dropped)
        )
        periodic = _period(self.system)
        complete = complete and not periodic
        only = complete and len(kept) == 1 and connected(self.system, self.facts)
        points = [self._point(j, whole.minimum, only, certificates, findings) for j in closed]
        points += [self._unsolved(j) for j in open_ if self.judge.numeric]
        findings += _about_turns(periodic)
        if complete and closed:
            findings.append(finding("no other point", why="the changes of variable keep every root"))
        points = self._ordered(points)
        if self.judge.numeric and complete and not whole.minimum:
            points = self._along_the_line(points, kept)
        outcome = "solved" if not open_ else "partial" if closed else "not_closed"
        minima = [p for p in points if p.kind == "global minimum"]
        minimiser: Any = None
        if minima:
            minimiser = "closed" if all(p.exact is not None for p in minima) else "not_closed"
        elif outcome == "not_closed" and whole.minimum:
            minimiser = "not_closed"
        classes = [p.expression_class for p in points if p.exact is not None]
        return Attempt(
            name,
            outcome,
            points=tuple(points),
            complete=complete,
            minimiser=minimiser,
            scope=self.scope,
            expression_class=_largest(classes) if outcome == "solved" else None,
            counts=FrozenMap({"complex": None, "real": len(points) if complete and self.judge.numeric else None}),
            findings=tuple(findings),
            certificates=tuple(certificates),
            reason="" if outcome == "solved" else "a polynomial in the way has no radicals",
        )

    def _impossible(
        self, open_: list[Judged], stands: dict[Any, Any], certificates: list[Certificate], findings: list[Finding]
    ) -> str:
        """Record why the roots behind the stands have no radicals; a reason when that was not decided."""
        for symbol in dict.fromkeys(s for j in open_ for s in j.point[self.x].free_symbols & stands.keys()):
            stand = stands[symbol]
            if stand.evidence is None:
                proof = _family(stand, self.budget)
                if isinstance(proof, str):
                    return proof
                shift = len(certificates)
                certificates += proof[0]
                findings += [
                    replace(s, certificate=None if s.certificate is None else s.certificate + shift) for s in proof[1]
                ]
                continue
            if stand.evidence.status != "not_closed":
                return f"{stand.polynomial} = 0: {stand.evidence.reason or 'not decided'}"
            if any(c in certificates for c in stand.evidence.certificates):
                continue
            shift = len(certificates)
            certificates += stand.evidence.certificates
            found = shifted(stand.evidence.findings, shift)
            if stand.meaning == self.x:
                findings += found
            else:
                findings += [replace(f, theorem="no root in radicals on the way") for f in found]
                findings.append(
                    finding(
                        "root without radicals on the way",
                        meaning=stand.meaning,
                        polynomial=stand.polynomial,
                        unknown=self.x,
                    )
                )
        return ""

    def _point(
        self, j: Judged, minimum: bool, only: bool, certificates: list[Certificate], findings: list[Finding]
    ) -> CriticalPoint:
        value = j.point[self.x]
        proof = prove(self.system, j.point) if self.budget.remaining > 2 else None
        conditions = list[str]()
        index = None
        if proof is not None:
            certificates.append(proof[0])
            index = len(certificates) - 1
            if not self.judge.numeric:
                parameters = Facts([r for r in self.system.relations if self.x not in r.free_symbols])
                conditions += [f"{text(c)} != 0" for c in proof[1] if parameters.sign(c) not in (1, -1)]
            findings.append(
                finding("the gradient vanishes", "proved", certificate=index, point=FrozenMap({self.x.name: value}))
            )
        else:
            findings.append(
                finding("steps that keep the solutions", point=FrozenMap({self.x.name: value}), samples=len(j.words))
            )
        if not j.always:
            conditions += self._when(value)
            if "not" in j.words:
                conditions.append("where it satisfies the equation (squares were taken)")
        at = j.balls[0]
        if self.judge.numeric and at is not None:
            kind, inertia = numeric_kind(self.system, at, self.judge.precision)
        else:
            kind, inertia = local_kind(self.system, j.point, self.facts)
        word: Kind = kind
        if minimum or (only and kind == "local minimum"):
            word = "global minimum"
        numeric = radius = None
        if self.judge.numeric and j.balls[0] is not None:
            shown = decimals(j.balls[0][self.x.name], self.budget.digits)
            numeric, radius = FrozenMap({self.x.name: shown[0]}), FrozenMap({self.x.name: shown[1]})
        return CriticalPoint(
            FrozenMap({self.x.name: value}),
            numeric,
            radius,
            word,
            inertia,
            None,
            self._loss(value),
            expression_class(value),
            tuple(conditions),
            certificate=index,
        )

    def _when(self, value: Any) -> list[str]:
        """The domain's relations at the candidate, where they do not always hold."""
        out = list[str]()
        relations = [*self.system.relations]
        if self.x.is_positive and not any(self.x in r.free_symbols for r in relations):
            relations.append(sp.Gt(self.x, 0, evaluate=False))
        for r in relations:
            if self.x in r.free_symbols:
                out.append(f"{text(r.lhs.subs(self.x, value))} {r.rel_op} {text(r.rhs.subs(self.x, value))}"[:200])
        return out or ["where it is real"]

    def _unsolved(self, j: Judged) -> CriticalPoint:
        at = j.balls[0]
        if at is None:
            return CriticalPoint()
        shown = decimals(at[self.x.name], self.budget.digits)
        return CriticalPoint(None, FrozenMap({self.x.name: shown[0]}), FrozenMap({self.x.name: shown[1]}))

    def _ordered(self, points: list[CriticalPoint]) -> list[CriticalPoint]:
        if not self.judge.numeric:
            return points
        return sorted(points, key=lambda p: float(p.numeric[self.x.name]) if p.numeric else 0.0)

    def _along_the_line(self, points: list[CriticalPoint], kept: list[Judged]) -> list[CriticalPoint]:
        """With every zero known and no pole, the gradient's sign between zeros gives the kinds."""
        from_line = _line_kinds(self.system, kept, self.judge, self.facts)
        return points if from_line is None else [replace(p, kind=k) for p, k in zip(points, from_line, strict=True)]


def _line_kinds(system: Stationarity, kept: list[Judged], judge: Judge, facts: Facts) -> list[Kind] | None:
    x = system.unknowns[0]
    if system.gradient is None or system.loss is None or any(facts.sign(e) not in (1, -1) for e in system.nonzero):
        return None
    low, high = bounds_of(x, system.relations)
    balls = sorted((j.balls[0][x.name] for j in kept if j.balls[0] is not None), key=lambda b: float(b.mid()))
    if len(balls) != len(kept) or any(e is not None and not e.is_number for e in (low, high)):
        return None
    mids = [sp.Rational(str(float(b.mid()))) for b in balls]
    left = (sp.Rational(str(sp.N(low, 30))) + mids[0]) / 2 if low is not None else mids[0] - 1
    right = (sp.Rational(str(sp.N(high, 30))) + mids[-1]) / 2 if high is not None else mids[-1] + 1
    between = [(a + b) / 2 for a, b in pairwise(mids)]
    signs = list[int]()
    for at in (left, *between, right):
        value = real_ball(
            system.gradient[0], judge.samples[0].with_values({x.name: fmpq(int(at.p), int(at.q))}), judge.precision
        )
        if value is None or not (value > 0 or value < 0):
            return None
        signs.append(1 if value > 0 else -1)
    kinds: list[Kind] = [
        "degenerate" if a == b else "local minimum" if a < 0 else "local maximum" for a, b in pairwise(signs)
    ]
    if signs[0] < 0 < signs[-1]:
        losses = [real_ball(system.loss, judge.samples[0].with_values({x.name: b}), judge.precision) for b in balls]
        minima = [i for i, k in enumerate(kinds) if k == "local minimum"]
        known = {i: b for i, b in enumerate(losses) if b is not None}
        if all(i in known for i in minima):
            for i in minima:
                if all(k == i or known[i] < known[k] for k in minima):
                    kinds[i] = "global minimum"
    return kinds


def _largest(classes: list[str | None]) -> str | None:
    known = [c for c in classes if c is not None]
    return max(known, key=CLASSES.index) if known else None


def _family(stand: Stand, budget: Budget) -> tuple[list[Certificate], list[Finding]] | str:
    """Proof that the roots behind a stand have no formula in radicals in the parameters, or why that is open."""
    poly, x = stand.polynomial, stand.variable
    parameters = sorted(poly.free_symbols - {x}, key=str)
    try:
        p = sp.Poly(sp.numer(sp.together(poly)), x, *parameters)
    except sp.PolynomialError:
        return f"{poly} = 0 has coefficients that are not polynomials in the parameters"
    if not rational_roots.is_rational(p) or any(not isinstance(k, sp.Symbol) for k in parameters):
        return f"{poly} = 0 has coefficients that are not rational"
    plain = "x" if x.name.startswith("_") else x.name
    names = (plain, *(k.name for k in parameters))
    if len(set(names)) != len(names):
        names = ("_x", *names[1:])
    ring = fmpq_mpoly_ctx.get(names, Ordering.lex)
    f = ring.from_dict({m: fmpq(int(c.p), int(c.q)) for m, c in p.terms()})
    decision = decide_family(f, names[0], names[1:], budget)
    if decision.solvable is not False or decision.certificate is None:
        return f"{poly} = 0: {decision.reason}"
    findings = [
        finding(
            "no formula of the family",
            "proved",
            certificate=0,
            reason=decision.reason,
            unknown=names[0],
            meaning=None if stand.meaning == x else stand.meaning,
        )
    ]
    if decision.not_elementary:
        findings.append(finding("monodromy is not solvable", reason=decision.not_elementary))
    return [decision.certificate], findings
