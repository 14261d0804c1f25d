"""The one ending for answers with parameters (one ending whose parts call each other, so past 450 lines).

Candidates go in, what may be said of them for all data comes out.

A candidate is a formula that some steps gave. Here it gets its conditions: where the formula is real, where the domain's
requirements hold at it, where the steps that gave it were reversible. A condition goes only when the sign rules prove
it from the assumptions (``calculus.signs``); one that they refute removes the candidate; every other one is printed, as
text that reads back, and what is said of the point is said under it. Random and extreme admissible values can only
refute: an answer that fails at one of them does not leave this place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sympy as sp

from closedform.algebra.bridge import text
from closedform.attempt import Attempt, Finding, finding
from closedform.budget import Budget
from closedform.calculus.bounds import all_bounds
from closedform.calculus.signs import Facts
from closedform.frozen import FrozenMap
from closedform.kernel.certificate import Certificate
from closedform.points import LEAST_KINDS, CriticalPoint, Kind, largest_class
from closedform.stationarity.candidates import expression_class, prove
from closedform.stationarity.conditions import Conditions, shown
from closedform.stationarity.refuted import refuted
from closedform.stationarity.scalar import Stationarity
from closedform.stationarity.second_order import Shape, connected, ends_inwards, local_kind, nested_minimum, shape

_Met = tuple[Any, tuple[Any, ...]]  # a candidate with its conditions
MAX_LOSS = 150  # operations of a loss that is shown
MAX_KIND = 60  # operations of a point whose kind is looked for by cases
MAX_SPLIT = 14  # operations of a second derivative whose sign makes cases


@dataclass(frozen=True)
class Candidate:
    """A formula for each unknown, with relations between the parameters under which it was found."""

    point: Mapping[Any, Any]
    guards: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Candidates:
    """What a strategy found, and why it is all.

    Every critical point is among ``items`` wherever none of ``exceptions`` vanishes; ``loose``: some item may solve
    nothing (a square was taken). ``shape`` is what the strategy itself proved of the loss, ``why`` its argument.
    """

    items: tuple[Candidate, ...]
    exceptions: tuple[Any, ...] = ()
    loose: bool = False
    complete: bool = True
    shape: Shape = field(default_factory=Shape)
    why: str = "the steps that gave the formulas keep every solution"
    findings: tuple[Finding, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    floor: Any = None  # what the loss is nowhere less than


def formula_answer(name: str, system: Stationarity, found: Candidates, budget: Budget) -> Attempt:
    """The attempt that the candidates support: solved, no_critical_point, or failed with the reason."""
    return _Ending(name, system, found, budget).attempt()


class _Ending:
    def __init__(self, name: str, system: Stationarity, found: Candidates, budget: Budget) -> None:
        self.name, self.system, self.found, self.budget = name, system, found, budget
        self.own = set(system.unknowns)
        self.rules = Conditions(system)
        self.facts = Facts(system.relations)
        self.certificates, self.findings = [*found.certificates], list[Finding](found.findings)
        self.exceptions = self._exceptions()

    def _exceptions(self) -> list[Any]:
        """The expressions whose zeros are left out, each a factor that is not proved to differ from zero."""
        out = dict[Any, None]()
        for e in self.found.exceptions:
            for f in sp.Mul.make_args(sp.factor(e)):
                base = f.as_base_exp()[0]
                if (
                    base.free_symbols
                    and not base.free_symbols & self.own
                    and self.rules.facts.sign(base) not in (1, -1)
                ):
                    out.setdefault(-base if base.could_extract_minus_sign() else base)
        return list(out)

    # -- the attempt ------------------------------------------------------------------------------------------------

    def attempt(self) -> Attempt:
        kept = list[tuple[Candidate, tuple[Any, ...]]]()
        whole = self.found.shape if self.found.shape.minimum else shape(self.system, self.facts)
        clipped = self._clipped(whole)
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
        if whole.reason:
            self.findings.append(finding("shape of the loss", reason=whole.reason))
        if whole.unique and len(kept) == 1 and not kept[0][1]:
            self.found, self.exceptions = replace(self.found, complete=True), []
        points = list[tuple[CriticalPoint, tuple[Any, ...]]]()
        for c, conditions in kept:
            self.budget.check()
            made = self._point(c, conditions)
            if made is None:
                return Attempt(self.name, "failed", "it was not proved that a candidate solves the equations")
            p, conditions = made
            points += self._by_kind(p, c, conditions, whole, [(d, k) for d, k in kept if d is not c])
        return self._concluded(_distinct(points))

    def _concluded(self, points: list[tuple[CriticalPoint, tuple[Any, ...]]]) -> Attempt:
        wrong = refuted(self.system, points, self.rules, self.budget)
        if wrong:
            return Attempt(self.name, "failed", wrong)
        complete = self.found.complete
        if complete:
            self.findings.append(finding("no other point", why=self.found.why, exceptions=tuple(self.exceptions)))
        made = tuple(self._finished(p, conditions) for p, conditions in points)
        classes = [p.expression_class for p in made]
        least = [p for p in made if p.kind in LEAST_KINDS]
        return Attempt(
            self.name,
            "solved",
            points=made,
            complete=complete,
            minimiser="closed" if least else None,
            scope="formula",
            expression_class=largest_class(classes),
            counts=FrozenMap({"complex": None, "real": None}),
            findings=tuple(self.findings),
            certificates=tuple(self.certificates),
        )

    def _finished(self, p: CriticalPoint, conditions: Sequence[Any]) -> CriticalPoint:
        under = self.rules.under(conditions) if self.exceptions else self.rules
        said = [shown(c) for c in conditions]
        said += [f"{text(e)} != 0" for e in self.exceptions if under.decide(sp.Ne(e, 0)) is not True]
        return replace(p, conditions=tuple(dict.fromkeys(said)))

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
        said = finding("no zero in the domain", what=what, why=self.found.why, exceptions=tuple(self.exceptions))
        return Attempt(
            self.name,
            "no_critical_point",
            f"the {what} has no real zero in the domain",
            scope="formula",
            complete=True,
            findings=(*self.findings, said),
        )

    def _closed_edges(self) -> bool:
        return any(r.rel_op in (">=", "<=", "==") and r.free_symbols & self.own for r in self.system.relations)

    def _nested(self, conditions: tuple[Any, ...]) -> Shape:
        system = replace(self.system, relations=(*self.system.relations, *conditions))
        if not nested_minimum(system, Facts(system.relations)):
            return Shape()
        why = (
            "for fixed others the loss has a single dip in one unknown, and so has what remains after minimising over it, "
            "and so on: its one critical point is the global minimum"
        )
        return Shape(True, True, why)

    # -- one point --------------------------------------------------------------------------------------------------

    def _point(self, c: Candidate, conditions: tuple[Any, ...]) -> tuple[CriticalPoint, tuple[Any, ...]] | None:
        """The point with its proof; more conditions where it has to be asked whether it solves the equations."""
        system = self.system
        values = [c.point[u] for u in system.unknowns]
        free = [u.name for u in system.unknowns if c.point[u] == u]
        said = FrozenMap({u.name: c.point[u] for u in system.unknowns if c.point[u] != u})
        proof = (
            prove(system, c.point)
            if self.budget.remaining > 3 and not any(g.rel_op == "==" for g in c.guards)
            else None
        )
        index = None
        if proof is not None:
            self.certificates.append(proof[0])
            index = len(self.certificates) - 1
            conditions = self.rules.joined(conditions, [sp.Ne(e, 0) for e in proof[1] if e.free_symbols])
            self.findings.append(finding("the gradient vanishes", "proved", certificate=index, point=said))
        else:
            if self.found.loose:
                more = self.rules.solving(c.point, conditions)
                if more is None:
                    return None
                conditions = self.rules.joined(conditions, more)
            self.findings.append(finding("steps that can be reversed", point=said))
        loss = system.loss.subs(c.point, simultaneous=True) if system.loss is not None else None
        loss = loss.subs(_solved(c.guards)) if loss is not None else None
        if loss is not None and sp.count_ops(loss) < 100:
            loss = sp.simplify(loss) if not loss.has(sp.log, sp.exp) else sp.expand_log(loss)
        point = CriticalPoint(
            FrozenMap({u.name: v for u, v in zip(system.unknowns, values, strict=True)}),
            loss=loss if loss is not None and sp.count_ops(loss) <= MAX_LOSS and not loss.has(sp.nan, sp.zoo) else None,
            expression_class=expression_class(*values),
            note=f"a family: {', '.join(free)} free" if free else "",
            certificate=index,
        )
        return point, conditions

    # -- kinds ------------------------------------------------------------------------------------------------------

    def _by_kind(
        self, p: CriticalPoint, c: Candidate, conditions: tuple[Any, ...], whole: Shape, others: Sequence[_Met]
    ) -> list[tuple[CriticalPoint, tuple[Any, ...]]]:
        """The point with its kind; one copy for each sign of the second derivative where that depends on the data."""
        n = len(self.system.unknowns)
        if self.system.loss is None:
            return [(p, conditions)]
        if whole.minimum:
            return [(replace(p, kind="global minimum", inertia=(n, 0, 0) if whole.unique else None), conditions)]
        floor = self.found.floor
        if floor is not None and p.loss is not None and sp.count_ops(p.loss) < 60 and sp.simplify(p.loss - floor) == 0:
            return [(replace(p, kind="global minimum"), conditions)]  # a sum of squares cannot be less
        if sum(sp.count_ops(v) for v in c.point.values()) > MAX_KIND:
            return [(p, conditions)]
        put = _solved(conditions)
        system = _with(self.system, put) if put else self.system
        c = Candidate({u: v.subs(put) for u, v in c.point.items()}, c.guards) if put else c
        facts = Facts((*system.relations, *(r for r in conditions if r.rel_op != "==")))
        if (put or conditions) and shape(system, facts).minimum:
            return [(replace(p, kind="global minimum"), conditions)]
        kind, inertia = local_kind(system, c.point, facts)
        if kind != "unclassified":
            return [(replace(p, kind=self._global(kind, c, conditions, others), inertia=inertia), conditions)]
        bend = self._bend(system, c)
        if bend is None:
            return [(p, conditions)]
        out = list[tuple[CriticalPoint, tuple[Any, ...]]]()
        cases: tuple[tuple[Any, Kind, tuple[int, int, int]], ...] = (
            (sp.Gt(bend, 0), "local minimum", (1, 0, 0)),
            (sp.Lt(bend, 0), "local maximum", (0, 1, 0)),
        )
        for case, word, sign in cases:
            both = self.rules.joined(conditions, [case])
            if not self.rules.possible(both):
                continue
            convex = word == "local minimum" and shape(system, Facts((*system.relations, *both))).minimum
            kind = "global minimum" if convex else self._global(word, c, both, others)
            out.append((replace(p, kind=kind, inertia=sign), both))
        flat = self.rules.joined(conditions, [sp.Eq(bend, 0)])
        if self.rules.possible(flat):
            out.append((self._flat(p, flat), flat))
        return out

    def _flat(self, p: CriticalPoint, conditions: tuple[Any, ...]) -> CriticalPoint:
        """The point where its second derivative vanishes, the parameter that this fixes put in."""
        x, put = self.system.unknowns[0], _solved(conditions)
        if not put or p.exact is None or self.system.loss is None:
            return p
        value = sp.simplify(p.exact[x.name].subs(put))
        if value.has(sp.nan, sp.zoo):
            return p
        system = _with(self.system, put)
        facts = Facts(system.relations)
        kind: Kind = "unclassified"
        if shape(system, facts).minimum:
            kind = "global minimum"
        else:
            for k in range(3, 7):  # the first derivative that does not vanish tells
                sign = facts.sign(sp.simplify(sp.diff(system.loss, x, k).subs(x, value)))
                if sign in (1, -1):
                    kind = "degenerate" if k % 2 else "local minimum" if sign == 1 else "local maximum"
                if sign != 0:
                    break
        at = sp.simplify(sp.sympify(system.loss).subs(x, value))
        return replace(
            p,
            exact=FrozenMap({x.name: value}),
            kind=kind,
            inertia=(0, 0, 1),
            expression_class=expression_class(value),
            loss=at if sp.count_ops(at) <= MAX_LOSS and not at.has(sp.nan, sp.zoo) else None,
        )

    def _global(self, kind: Kind, c: Candidate, conditions: tuple[Any, ...], others: Sequence[_Met]) -> Kind:
        """In one unknown, global where no other critical point is lower (higher) and the loss rises (falls) at both ends.

        The only critical point of an interval is global where it is local.
        """
        way = {"local minimum": 1, "local maximum": -1}.get(kind)
        system = self.system
        if way is None or len(system.unknowns) != 1 or not self.found.complete or system.loss is None:
            return kind
        under = self.rules.under(conditions)
        facts = Facts((*system.relations, *conditions))
        if not connected(system, facts) or any(under.decide(sp.Ne(e, 0)) is not True for e in self.exceptions):
            return kind
        word: Kind = "global minimum" if way == 1 else "global maximum"
        there = [(d, k) for d, k in others if not any(under.decide(r) is False for r in k)]
        if not there:
            return word
        x = system.unknowns[0]
        if ends_inwards(system, facts) != way:
            return kind
        mine = system.loss.subs(x, c.point[x])
        for d, k in there:
            both = Facts((*self.rules.given, *conditions, *k))
            gap = sp.simplify(way * (system.loss.subs(x, d.point[x]) - mine))
            if sp.count_ops(gap) > 80 or both.sign(sp.factor(gap)) not in (0, 1, 2):
                return kind
        return word

    def _bend(self, system: Stationarity, c: Candidate) -> Any:
        """The second derivative at a point in one unknown where it is short enough to make cases of its sign."""
        if len(system.unknowns) != 1 or system.gradient is None:
            return None
        x = system.unknowns[0]
        value = sp.factor(sp.together(sp.diff(system.gradient[0], x).subs(x, c.point[x])))
        if sp.count_ops(value) > 60 or not value.free_symbols or value.has(sp.nan, sp.zoo):
            return None
        kept, _ = self.rules.signed(value)
        return kept if len(kept.free_symbols) > 0 and sp.count_ops(kept) <= MAX_SPLIT else None

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
        said = finding("monotone up to the edge", way=word, unknown=x, edge=edge)
        return self._on_edge(x, edge, lower, upper, "boundary minimum", said)

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
        said: Finding,
        more: tuple[Any, ...] = (),
    ) -> Attempt:
        """One point that is the minimum between bounds, under the condition that the bounds leave room."""
        room = [
            sp.Ge(h, l) if a and b else sp.Gt(h, l)
            for l, a in lower
            for h, b in upper
            if (h - l).free_symbols or not (h - l).is_nonnegative
        ]
        conditions = self.rules.joined(more, room)
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
        self.findings.append(said)
        return self._concluded([(point, conditions)])

    def _clipped(self, whole: Shape) -> Attempt | None:
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
        outer = shape(beyond, Facts(wider))
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
        said = finding("one dip, clipped")
        closed = [(b, True) for b in low], [(b, True) for b in high]
        self.found = replace(self.found, why="a slope that changes its sign once has one zero")
        return self._on_edge(x, value, *closed, "global minimum", said, conditions)


def _distinct(points: Sequence[tuple[CriticalPoint, tuple[Any, ...]]]) -> list[tuple[CriticalPoint, tuple[Any, ...]]]:
    """Without a point that another one is under the same conditions."""
    out = dict[Any, tuple[CriticalPoint, tuple[Any, ...]]]()
    for p, conditions in points:
        key = (tuple((p.exact or {}).items()), frozenset(conditions))
        if key not in out or out[key][0].kind == "unclassified":
            out[key] = (p, conditions)
    return list(out.values())


def _solved(conditions: Sequence[Any]) -> dict[Any, Any]:
    """The parameters that equalities fix, each linear in one with a number as its coefficient."""
    out = dict[Any, Any]()
    for c in conditions:
        if c.rel_op != "==":
            continue
        gap = (c.lhs - c.rhs).subs(out)
        for s in sorted(gap.free_symbols, key=str):
            if gap.is_polynomial(s) and sp.degree(gap, s) == 1 and not sp.diff(gap, s).free_symbols:
                value = sp.expand(s - gap / sp.diff(gap, s))
                out = {k: v.subs(s, value) for k, v in out.items()} | {s: value}
                break
    return out


def _with(system: Stationarity, put: Mapping[Any, Any]) -> Stationarity:
    """The system with values for some parameters."""
    loss = None if system.loss is None else sp.sympify(system.loss).subs(put)
    gradient = tuple(sp.diff(loss, u) for u in system.unknowns) if loss is not None else None
    return replace(
        system,
        loss=loss,
        gradient=gradient,
        equations=tuple(sp.numer(sp.together(e)) for e in gradient or (e.subs(put) for e in system.equations)),
        relations=tuple(r for r in (r.subs(put) for r in system.relations) if hasattr(r, "rel_op")),
        nonzero=tuple(e for e in (e.subs(put) for e in system.nonzero) if e.free_symbols & set(system.unknowns)),
    )
