"""Formulas that a strategy found in symbols, and of which kind each point is, by cases where the data decide it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import Any, Literal

import sympy as sp

from closedform.attempt import Finding
from closedform.calculus.equations import simplified
from closedform.calculus.signs import KnownSigns
from closedform.frozen import FrozenMap, record
from closedform.kernel.certificate import Certificate
from closedform.points import CriticalPoint, Kind
from closedform.stationarity.candidates import expression_class
from closedform.stationarity.conditions import Conditions, solved
from closedform.stationarity.scalar import Stationarity
from closedform.stationarity.second_order import Shape, connected, ends_inwards, leading_term, local_kind, shape

Met = tuple[Any, tuple[Any, ...]]  # a candidate with its conditions
MAX_LOSS = 150  # operations of a loss that is shown
MAX_KIND = 60  # operations of a point whose kind is looked for by cases
WAYS: Mapping[Kind, Literal[1, -1]] = {"local minimum": 1, "local maximum": -1}
GLOBAL: Mapping[int, Kind] = {1: "global minimum", -1: "global maximum"}
MAX_SPLIT = 14  # operations of a second derivative whose sign makes cases


@record
class Candidate:
    """A formula for each unknown, with relations between the parameters under which it was found."""

    point: Mapping[Any, Any]
    guards: tuple[Any, ...] = ()


@record
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


class Kinds:
    """The kinds of the points among the candidates, outside of the zeros of ``exceptions``."""

    def __init__(self, system: Stationarity, found: Candidates, rules: Conditions, exceptions: Sequence[Any]) -> None:
        self.system, self.found, self.rules, self.exceptions = system, found, rules, exceptions
        lead = leading_term(system)
        self.lead = None if lead is None or lead[1] % 2 else rules.signed(lead[0])
        self._shapes = dict[tuple[tuple[Any, ...], int], bool]()

    def of_point(
        self, p: CriticalPoint, c: Candidate, conditions: tuple[Any, ...], whole: Shape, others: Sequence[Met]
    ) -> list[tuple[CriticalPoint, tuple[Any, ...]]]:
        """The point with its kind; one copy for each sign of the second derivative where that depends on the data."""
        n = len(self.system.unknowns)
        if self.system.loss is None:
            return [(p, conditions)]
        if whole.minimum:
            return [(replace(p, kind="global minimum", inertia=(n, 0, 0) if whole.unique else None), conditions)]
        self._shapes[(), 1] = False
        floor = self.found.floor
        if floor is not None and p.loss is not None and sp.count_ops(p.loss) < 60 and sp.simplify(p.loss - floor) == 0:
            return [(replace(p, kind="global minimum"), conditions)]  # a sum of squares cannot be less
        if sum(sp.count_ops(v) for v in c.point.values()) > MAX_KIND:
            return [(p, conditions)]
        put = solved(conditions)
        system = _with(self.system, put) if put else self.system
        c = Candidate({u: v.subs(put) for u, v in c.point.items()}, c.guards) if put else c
        if self._bowl(conditions):
            return [(replace(p, kind="global minimum"), conditions)]
        kind, inertia = local_kind(system, c.point, _facts(system, conditions))
        if kind != "unclassified":
            return self._by_ends(replace(p, kind=kind, inertia=inertia), c, conditions, others)
        bend = self._bend(system, c)
        if bend == 0:
            return self._flat(p, c, conditions, others)
        if bend is None:
            return [(p, conditions)]
        out = list[tuple[CriticalPoint, tuple[Any, ...]]]()
        cases: tuple[tuple[Any, Kind, tuple[int, int, int]], ...] = (
            (sp.Gt(self.rules.signed(bend), 0), "local minimum", (1, 0, 0)),
            (sp.Lt(self.rules.signed(bend), 0), "local maximum", (0, 1, 0)),
        )
        for case, word, sign in cases:
            both = self.rules.joined(conditions, [case])
            if not self.rules.possible(both):
                continue
            out += self._by_ends(replace(p, kind=word, inertia=sign), c, both, others)
        flat = self.rules.joined(conditions, [sp.Eq(self.rules.vanishing(bend), 0)])
        if self.rules.possible(flat):
            out += self._flat(p, c, flat, others)
        return out

    def _by_ends(
        self, p: CriticalPoint, c: Candidate, conditions: tuple[Any, ...], others: Sequence[Met]
    ) -> list[tuple[CriticalPoint, tuple[Any, ...]]]:
        """A local optimum, global where it is proved so; one copy for each sign of the loss far out where that depends on the data."""
        kind = self._kind(p.kind, c, conditions, others)
        way = WAYS.get(kind)
        if way is None or self.lead is None or sp.count_ops(self.lead) > MAX_SPLIT:
            return [(replace(p, kind=kind), conditions)]
        rising = self.rules.joined(conditions, [sp.Gt(way * self.lead, 0)])
        if rising == conditions or not self.rules.possible(rising):
            return [(p, conditions)]
        kind = self._kind(p.kind, c, rising, others)
        if kind == p.kind:
            return [(p, conditions)]
        out = [(replace(p, kind=kind), rising)]
        for case in (sp.Lt(way * self.lead, 0), sp.Eq(self.lead, 0)):
            both = self.rules.joined(conditions, [case])
            if self.rules.possible(both):
                out.append((replace(p, kind=self._kind(p.kind, c, both, others)), both))
        return out

    def _kind(self, kind: Kind, c: Candidate, conditions: tuple[Any, ...], others: Sequence[Met]) -> Kind:
        """Global in place of local, where the loss is convex (concave) under the conditions or no other point is lower (higher)."""
        way = WAYS.get(kind)
        if way is not None and self._bowl(conditions, way):
            return GLOBAL[way]
        return self._global(kind, c, conditions, others)

    def _bowl(self, conditions: tuple[Any, ...], way: Literal[1, -1] = 1) -> bool:
        """Is every critical point a global minimum (maximum, for ``way`` -1) under the conditions, by the shape of the loss?"""
        if (conditions, way) not in self._shapes:
            put = solved(conditions)
            system = _with(self.system, put) if put else self.system
            system = system if way == 1 else _negated(system)
            self._shapes[conditions, way] = shape(system, _facts(system, conditions)).minimum
        return self._shapes[conditions, way]

    def _flat(
        self, p: CriticalPoint, c: Candidate, conditions: tuple[Any, ...], others: Sequence[Met]
    ) -> list[tuple[CriticalPoint, tuple[Any, ...]]]:
        """The point where its second derivative vanishes, the parameter that this fixes put in; by the sign of the next derivative."""
        x, put = self.system.unknowns[0], solved(conditions)
        if p.exact is None or self.system.loss is None or (not put and any(r.rel_op == "==" for r in conditions)):
            return [(p, conditions)]
        value = simplified(p.exact[x.name].subs(put))
        system = _with(self.system, put)
        loss = system.loss
        if value.has(sp.nan, sp.zoo) or loss is None:
            return [(p, conditions)]
        least = simplified(loss.subs(x, value))
        p = replace(
            p,
            exact=FrozenMap({x.name: value}),
            inertia=(0, 0, 1),
            expression_class=expression_class(value),
            loss=least if sp.count_ops(least) <= MAX_LOSS and not least.has(sp.nan, sp.zoo) else None,
        )
        if self._bowl(conditions):
            return [(replace(p, kind="global minimum"), conditions)]
        facts = _facts(system, conditions)
        for k in range(3, 7):  # the first derivative that does not vanish tells
            bend = sp.factor(sp.diff(loss, x, k).subs(x, value))
            sign = facts.sign(bend)
            if sign == 0:
                continue
            return self._by_sign(p, c, (bend, k % 2 == 1), conditions, others)
        return [(p, conditions)]

    def _by_sign(
        self,
        p: CriticalPoint,
        c: Candidate,
        bend: tuple[Any, bool],
        conditions: tuple[Any, ...],
        others: Sequence[Met],
    ) -> list[tuple[CriticalPoint, tuple[Any, ...]]]:
        """A flat point by the sign of its first derivative that does not vanish, of odd order or not."""
        value, odd = bend
        out = list[tuple[CriticalPoint, tuple[Any, ...]]]()
        under = self.rules.under(conditions)
        kept = under.signed(value)
        if sp.count_ops(kept) > MAX_SPLIT or kept.has(sp.nan, sp.zoo):
            return [(p, conditions)]
        even: tuple[tuple[Any, Kind], ...] = ((sp.Gt(kept, 0), "local minimum"), (sp.Lt(kept, 0), "local maximum"))
        signs: tuple[tuple[Any, Kind], ...] = ((sp.Ne(kept, 0), "degenerate"),) if odd else even
        cases: tuple[tuple[Any, Kind], ...] = (*signs, (sp.Eq(under.vanishing(value), 0), "unclassified"))
        for case, word in cases:
            both = self.rules.joined(conditions, [case])
            if not self.rules.possible((*both, *(sp.Ne(e, 0) for e in self.exceptions))):
                continue
            if word == "unclassified" and len(solved(both)) > len(solved(conditions)):
                out += self._flat(p, c, both, others)
            else:
                out += self._by_ends(replace(p, kind=word), c, both, others)
        return out

    def _global(self, kind: Kind, c: Candidate, conditions: tuple[Any, ...], others: Sequence[Met]) -> Kind:
        """In one unknown, global where no other critical point is lower (higher) and the loss rises (falls) at both ends.

        The only critical point of an interval is global where it is local.
        """
        way = WAYS.get(kind)
        system = self.system
        if way is None or len(system.unknowns) != 1 or not self.found.complete or system.loss is None:
            return kind
        under = self.rules.under(conditions)
        facts = KnownSigns((*system.relations, *conditions))
        if not connected(system, facts) or any(under.decide(sp.Ne(e, 0)) is not True for e in self.exceptions):
            return kind
        there = [(d, k) for d, k in others if not any(under.decide(r) is False for r in k)]
        if not there:
            return GLOBAL[way]
        x = system.unknowns[0]
        if ends_inwards(system, facts) != way:
            return kind
        mine = system.loss.subs(x, c.point[x])
        for d, k in there:
            both = KnownSigns((*self.rules.given, *conditions, *k))
            gap = sp.simplify(way * (system.loss.subs(x, d.point[x]) - mine))
            if sp.count_ops(gap) > 80 or both.sign(sp.factor(gap)) not in (0, 1, 2):
                return kind
        return GLOBAL[way]

    def _bend(self, system: Stationarity, c: Candidate) -> Any:
        """The second derivative at a point in one unknown where it is short enough to make cases of its sign."""
        if len(system.unknowns) != 1 or system.gradient is None:
            return None
        x = system.unknowns[0]
        value = sp.factor(sp.together(sp.diff(system.gradient[0], x).subs(x, c.point[x])))
        if value == 0:
            return value
        if sp.count_ops(value) > 60 or not value.free_symbols or value.has(sp.nan, sp.zoo):
            return None
        return value if sp.count_ops(self.rules.signed(value)) <= MAX_SPLIT else None


def _facts(system: Stationarity, conditions: Sequence[Any]) -> KnownSigns:
    return KnownSigns((*system.relations, *(r for r in conditions if r.rel_op != "==")))


def _negated(system: Stationarity) -> Stationarity:
    """The system of the loss with its sign turned."""
    loss, gradient = system.loss, system.gradient
    return replace(
        system,
        loss=None if loss is None else -loss,
        gradient=None if gradient is None else tuple(-g for g in gradient),
    )


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
