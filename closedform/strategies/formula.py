"""The one ending for answers with parameters.

Candidates go in, what may be said of them for all data comes out.

A candidate is a formula that some steps gave. Here it gets its conditions: where the formula is real, where the domain's
requirements hold at it, where the steps that gave it were reversible. A condition goes only when the sign rules prove
it from the assumptions (``calculus.signs``); one that they refute removes the candidate; every other one is printed, as
text that reads back, and what is said of the point is said under it. Random and extreme admissible values can only
refute: an answer that fails at one of them does not leave this place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sympy as sp

from closedform.algebra.bridge import text
from closedform.attempt import Attempt, Finding, finding
from closedform.budget import Budget
from closedform.calculus.bounds import all_bounds
from closedform.calculus.equations import simplified
from closedform.calculus.signs import KnownSigns
from closedform.frozen import FrozenMap
from closedform.points import LEAST_KINDS, CriticalPoint, Kind, largest_class
from closedform.stationarity.candidates import expression_class, prove
from closedform.stationarity.conditions import Conditions, shown, solved
from closedform.stationarity.refuted import refuted
from closedform.stationarity.scalar import Stationarity
from closedform.stationarity.second_order import Shape, connected, leading_term, nested_minimum, shape
from closedform.strategies.kinds import MAX_LOSS, Candidate, Candidates, Kinds

MAX_SHOWN = 40  # operations of a leading coefficient whose sign is a condition


def formula_answer(name: str, system: Stationarity, found: Candidates, budget: Budget) -> Attempt:
    """The attempt that the candidates support: solved, no_critical_point, or failed with the reason."""
    return _Ending(name, system, found, budget).attempt()


class _Ending:
    def __init__(self, name: str, system: Stationarity, found: Candidates, budget: Budget) -> None:
        self.name, self.system, self.found, self.budget = name, system, found, budget
        self.own = set(system.unknowns)
        self.rules = Conditions(system)
        self.facts = KnownSigns(system.relations)
        self.certificates, self.findings = [*found.certificates], list[Finding](found.findings)
        self.exceptions = self._leaving_out(found.exceptions, self.rules)

    def _leaving_out(self, expressions: Sequence[Any], rules: Conditions) -> list[Any]:
        """The expressions whose zeros are left out, each a factor that is not proved to differ from zero."""
        out = dict[Any, None]()
        for e in expressions:
            for f in sp.Mul.make_args(sp.factor(e)):
                base = f.as_base_exp()[0]
                if base.free_symbols and not base.free_symbols & self.own and not rules.decide(sp.Ne(base, 0)):
                    out.setdefault(-base if base.could_extract_minus_sign() else base)
        return list(out)

    # -- the attempt ------------------------------------------------------------------------------------------------

    def attempt(self) -> Attempt:
        if any(p.base.is_zero for e in self.found.exceptions for p in e.atoms(sp.Pow)):
            return Attempt(self.name, "failed", "where a power of zero vanishes was not understood")
        kept = list[tuple[Candidate, tuple[Any, ...]]]()
        whole = self.found.shape if self.found.shape.minimum else shape(self.system, self.facts)
        clipped = self._clipped()
        if clipped is not None:
            return clipped
        for c in self.found.items:
            self.budget.check()
            conditions = self.rules.at(c.point, c.guards)
            if conditions is not None:
                kept.append((c, conditions))
        if not kept:
            return self._without_points()
        if not whole.minimum and len(kept) == 1 and len(self.own) > 1 and self.budget.remaining > 4:
            whole = self._nested(kept[0][1])
        if whole.reason is not None:
            self.findings.append(whole.reason)
        if whole.unique and len(kept) == 1 and not kept[0][1]:
            self.found, self.exceptions = replace(self.found, complete=True), []
        made = list[tuple[Candidate, CriticalPoint, tuple[Any, ...]]]()
        for c, conditions in kept:
            self.budget.check()
            point = self._point(c, conditions)
            if point is None:
                return Attempt(self.name, "failed", "it was not proved that a candidate solves the equations")
            if sp.false not in point[1]:  # else it solves the equations for no data
                made.append((c, *point))
        kinds = Kinds(self.system, self.found, self.rules, self.exceptions)
        points = list[tuple[CriticalPoint, tuple[Any, ...]]]()
        for c, p, conditions in made:
            self.budget.check()
            points += kinds.of_point(p, c, conditions, whole, [(d, k) for d, k in kept if d is not c])
        left_out = [sp.Ne(e, 0) for e in self.exceptions]
        met = [(p, c) for p, c in _distinct(points) if self.rules.possible((*c, *left_out))]
        return self._concluded(met) if met else self._without_points()

    def _concluded(self, points: list[tuple[CriticalPoint, tuple[Any, ...]]]) -> Attempt:
        wrong = refuted(self.system, points, self.budget)
        if wrong:
            return Attempt(self.name, "failed", wrong)
        complete = self.found.complete
        if complete:
            self.findings.append(finding("no other point", why=self.found.why, exceptions=tuple(self.exceptions)))
        made = tuple(self._finished(p, conditions) for p, conditions in points)
        classes = [p.expression_class for p in made]
        least = [p for p in made if p.kind in LEAST_KINDS]
        self.findings += self._far_out(bool(least))
        return Attempt(
            self.name,
            "solved",
            points=made,
            complete=complete,
            minimiser="closed" if least or any(f.theorem == "rises far out" for f in self.findings) else None,
            scope="formula",
            expression_class=largest_class(classes),
            counts=FrozenMap({"complex": None, "real": None}),
            findings=tuple(self.findings),
            certificates=tuple(self.certificates),
        )

    def _far_out(self, named: bool) -> list[Finding]:
        """That a polynomial in one unknown has a least value (if no point is ``named`` as such), or falls without end."""
        lead = leading_term(self.system)
        if lead is None or not connected(self.system, self.facts):
            return []
        coefficient, degree = lead
        sign = self.facts.sign(coefficient)
        falls = sp.Lt(coefficient, 0) if degree % 2 == 0 else sp.Ne(coefficient, 0)
        under = self.rules.joined((), [falls, *self.rules.asked])
        if not under:
            return [finding("unbounded below", where="")]
        out = list[Finding]()
        if not named and sign == 1 and degree % 2 == 0 and self.found.complete and not self.exceptions:
            out.append(finding("rises far out"))
        if sp.false not in under and sp.count_ops(coefficient) <= MAX_SHOWN:
            out.append(finding("falls far out", conditions=tuple(map(shown, under))))
        return out

    def _finished(self, p: CriticalPoint, conditions: Sequence[Any]) -> CriticalPoint:
        joined = self.rules.joined(conditions, [sp.Ne(e, 0) for e in self.exceptions])
        return replace(p, conditions=tuple(map(shown, joined)))

    def _without_points(self) -> Attempt:
        """Every candidate was excluded by a proved sign."""
        if not self.found.complete:
            return Attempt(self.name, "failed", "no candidate lies in the domain, and there may be others")
        if self.exceptions and len(self.own) > 1:
            return Attempt(self.name, "failed", f"no critical point unless {text(self.exceptions[0])} = 0")
        edge = self._edge()
        if edge is not None:
            return edge
        if self.system.loss is not None and self._closed_edges():
            return Attempt(
                self.name, "failed", "no critical point inside the domain; its closed edges were not decided"
            )
        what = "gradient" if self.system.loss is not None else "system"
        statement = finding("no zero in the domain", what=what, why=self.found.why, exceptions=tuple(self.exceptions))
        return Attempt(
            self.name,
            "no_critical_point",
            f"the {what} has no real zero in the domain",
            scope="formula",
            complete=True,
            findings=(*self.findings, statement),
        )

    def _closed_edges(self) -> bool:
        return any(r.rel_op in (">=", "<=", "==") and r.free_symbols & self.own for r in self.system.relations)

    def _nested(self, conditions: tuple[Any, ...]) -> Shape:
        system = replace(self.system, relations=(*self.system.relations, *conditions))
        nested = nested_minimum(system, KnownSigns(system.relations))
        return Shape(True, True, finding("one dip after another")) if nested else Shape()

    # -- one point --------------------------------------------------------------------------------------------------

    def _point(self, c: Candidate, conditions: tuple[Any, ...]) -> tuple[CriticalPoint, tuple[Any, ...]] | None:
        """The point with its proof; more conditions where it has to be asked whether it solves the equations."""
        system = self.system
        values = [c.point[u] for u in system.unknowns]
        free = [u.name for u in system.unknowns if c.point[u] == u]
        formulas = FrozenMap({u.name: c.point[u] for u in system.unknowns if c.point[u] != u})
        proof = (
            prove(system, c.point)
            if self.budget.remaining > 3 and not any(g.rel_op == "==" for g in c.guards)
            else None
        )
        index = None
        if proof is not None:
            self.certificates.append(proof[0])
            index = len(self.certificates) - 1
            open_ = self._leaving_out(proof[1], self.rules.under(conditions))
            conditions = self.rules.joined(conditions, [sp.Ne(e, 0) for e in open_])
            known = self.exceptions  # where they vanish it may be a point that is not listed
            self.exceptions = [*known, *(e for e in open_ if e not in known)]
            self.findings.append(finding("the gradient vanishes", "proved", certificate=index, point=formulas))
        else:
            if self.found.loose:
                more = self.rules.solving(c.point, conditions)
                if more is None:
                    return None
                conditions = self.rules.joined(conditions, more)
            self.findings.append(finding("steps that can be reversed", point=formulas))
        loss = system.loss.subs(c.point, simultaneous=True) if system.loss is not None else None
        loss = loss.subs(solved(c.guards)) if loss is not None else None
        if loss is not None and sp.count_ops(loss) < 100:
            loss = simplified(loss) if not loss.has(sp.log, sp.exp) else sp.expand_log(loss)
        point = CriticalPoint(
            FrozenMap({u.name: v for u, v in zip(system.unknowns, values, strict=True)}),
            loss=loss if loss is not None and sp.count_ops(loss) <= MAX_LOSS and not loss.has(sp.nan, sp.zoo) else None,
            expression_class=expression_class(*values),
            note=f"a family: {', '.join(free)} free" if free else "",
            certificate=index,
        )
        return point, conditions

    # -- edges ------------------------------------------------------------------------------------------------------

    def _edge(self) -> Attempt | None:
        """The minimum on the closed end of the domain towards which the loss falls everywhere."""
        if len(self.system.unknowns) != 1 or self.system.gradient is None or not connected(self.system, self.facts):
            return None
        x = self.system.unknowns[0]
        if any(x in r.free_symbols and x not in (r.lhs, r.rhs) for r in self.system.relations):
            return None
        slope = self.facts.sign(self.system.gradient[0])
        if slope not in (1, -1):
            return None
        lower, upper = all_bounds(x, self.system.relations)
        ends = lower if slope == 1 else upper
        edge = self._end(ends, sp.Max if slope == 1 else sp.Min)
        if edge is None:
            return None
        word = "rises" if slope == 1 else "falls"
        statement = finding("monotone up to the edge", way=word, unknown=x, edge=edge)
        return self._on_edge(x, edge, lower, upper, "boundary minimum", statement)

    def _end(self, ends: list[tuple[Any, bool]], pick: Any) -> Any:
        """The innermost bound where it is attained whatever the parameters are, else None."""
        closed = [b for b, attained in ends if attained]
        if not closed:
            return None
        edge = pick(*closed)
        way = 1 if pick is sp.Max else -1
        for b, attained in ends:
            if not attained and self.rules.facts.sign(way * (edge - b)) != 1:
                if any(self.rules.facts.sign(way * (c - b)) == 1 for c in closed):
                    continue
                return None
        return edge

    def _on_edge(
        self,
        x: Any,
        value: Any,
        lower: list[tuple[Any, bool]],
        upper: list[tuple[Any, bool]],
        kind: Kind,
        statement: Finding,
        more: tuple[Any, ...] = (),
    ) -> Attempt:
        """One point that is the minimum between bounds, under the condition that the bounds leave room."""
        room = [
            sp.Ge(h, l) if a and b else sp.Gt(h, l)
            for l, a in lower
            for h, b in upper
            if (h - l).free_symbols or not (h - l).is_nonnegative
        ]
        conditions = self.rules.joined(more, (*room, *self.rules.asked))
        if not self.rules.possible(conditions):
            return Attempt(self.name, "failed", "the bounds leave no room")
        loss = self.system.loss.subs(x, value) if self.system.loss is not None else None
        point = CriticalPoint(
            FrozenMap({x.name: value}),
            kind=kind,
            expression_class=expression_class(value),
            loss=loss if loss is not None and sp.count_ops(loss) <= MAX_LOSS else None,
            note="on the edge of the domain" if kind == "boundary minimum" else "clamped to the bounds",
        )
        self.findings.append(statement)
        return self._concluded([(point, conditions)])

    def _clipped(self) -> Attempt | None:
        """The minimiser between closed bounds, where the loss is strictly convex also beyond them."""
        system = self.system
        if len(system.unknowns) != 1 or system.gradient is None or len(self.found.items) != 1 or self.found.loose:
            return None
        (x,), (c,) = system.unknowns, self.found.items
        bounds = [r for r in system.relations if x in r.free_symbols]
        if not any(r.rel_op in (">=", "<=") for r in bounds) or any(x not in (r.lhs, r.rhs) for r in bounds):
            return None
        free = sp.Symbol(x.name, real=True)
        wider = [r.xreplace({x: free}) for r in system.relations if not (r in bounds and r.rel_op in (">=", "<="))]
        beyond = replace(
            system,
            unknowns=(free,),
            loss=system.loss.xreplace({x: free}) if system.loss is not None else None,
            gradient=tuple(g.xreplace({x: free}) for g in system.gradient),
            equations=tuple(e.xreplace({x: free}) for e in system.equations),
            nonzero=tuple(e.xreplace({x: free}) for e in system.nonzero),
            relations=tuple(wider),
        )
        outer = shape(beyond, KnownSigns(wider))
        if not (outer.unique and outer.minimum):
            return None
        conditions = self.rules.at(c.point, c.guards, closed=False)
        if conditions is None or self.exceptions:
            return None
        lower, upper = all_bounds(x, bounds)
        lower = [(b, a) for b, a in lower if (b, a) != (sp.S.Zero, True) or any(r.rel_op == ">=" for r in bounds)]
        value = c.point[x]
        low, high = [b for b, a in lower if a], [b for b, a in upper if a]
        # an open bound next to a closed one would not be attained: the closed ones must lie within the open ones
        more = [sp.Gt(b, o) for b in low for o, a in lower if not a] + [
            sp.Lt(b, o) for b in high for o, a in upper if not a
        ]
        more += [sp.Lt(b, o) for b in low for o, a in upper if not a] + [
            sp.Gt(b, o) for b in high for o, a in lower if not a
        ]
        conditions = self.rules.joined(conditions, [r for r in more if r.free_symbols])
        if any(r == sp.false for r in more):
            return None
        value = sp.Max(*low, value) if low else value
        value = sp.Min(*high, value) if high else value
        statement = finding("one dip, clipped")
        closed = [(b, True) for b in low], [(b, True) for b in high]
        self.found = replace(self.found, why="a slope that changes its sign once has one zero")
        return self._on_edge(x, value, *closed, "global minimum", statement, conditions)


def _distinct(points: Sequence[tuple[CriticalPoint, tuple[Any, ...]]]) -> list[tuple[CriticalPoint, tuple[Any, ...]]]:
    """Without a point that another one is under the same conditions."""
    out = dict[Any, tuple[CriticalPoint, tuple[Any, ...]]]()
    for p, conditions in points:
        key = (tuple((p.exact or {}).items()), frozenset(conditions))
        if key not in out or out[key][0].kind == "unclassified":
            out[key] = (p, conditions)
    return list(out.values())
