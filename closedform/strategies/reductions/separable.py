"""One unknown stands in a block of its own: solve the block, then the rest.

The loss is rest + B*g(m), where neither the rest nor B holds m, g holds no other unknown, and B is positive on the domain. Then
m is critical exactly when it is for g, also where g has kinks, and the others see g only through its value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from typing import Any

import sympy as sp

from closedform.attempt import Attempt, Finding, finding
from closedform.budget import Budget
from closedform.calculus.scalar import derivative
from closedform.calculus.signs import KnownSigns
from closedform.frozen import record
from closedform.points import LEAST_KINDS, CriticalPoint, Kind
from closedform.stationarity.scalar import Stationarity, smaller
from closedform.stationarity.system import Reduction
from closedform.strategies.ending import Evidence, Found, FoundPoint, concluded
from closedform.strategies.reductions.lifted import balls_of, with_values

name = "a block of its own"
example = {"loss": "3*log(b) + (|1 - m| + |4 - m| + |6 - m|)/b", "unknowns": ["m", "b"], "assumptions": ["b>0"]}
counterexample = {"loss": "exp(x*y) + x^2 + y^4", "unknowns": ["x", "y"]}

MAX_POINTS = 64
MAX_OPS = 200
BITS = 333
BLOCK = "block_value"  # the name of a block's value that is no number


def declines(system: Stationarity) -> str | None:
    """A sentence when no unknown stands in a block of its own, else None."""
    if len(system.unknowns) < 2 or system.loss is None or system.kind == "sum":
        return "there is one unknown only, no loss, or a sum over data"
    return None if _block(system) is not None else "no unknown stands in a block of its own"


def separates(system: Stationarity) -> bool:
    """Is the loss, over numbers, a sum of a part in one unknown and a part in the others?"""
    if declines(system) is not None or system.parameters:
        return False
    found = _block(system)
    return found is not None and not found[2].free_symbols


def _block(system: Stationarity) -> tuple[Any, Any, Any, Any] | None:
    """The unknown m, g, B and the rest."""
    facts, loss = KnownSigns(system.relations), system.loss
    if loss is None:
        return None
    small = sp.count_ops(loss) <= MAX_OPS  # larger ones are taken as they are written
    for m in system.unknowns:
        others = set(system.unknowns) - {m}
        if any(m in r.free_symbols and others & r.free_symbols for r in system.relations):
            continue
        for form in (loss, sp.expand(loss)) if small else (loss,):
            rest, dependent = form.as_independent(m, as_Add=True)
            weight, g = (sp.factor_terms(dependent) if small else dependent).as_independent(m, as_Add=False)
            if g.free_symbols & others or m not in g.free_symbols:
                continue
            sign = facts.sign(weight)
            if sign == -1:
                weight, g, sign = -weight, -g, 1
            if sign == 1 and (rest.free_symbols | weight.free_symbols) & others:
                return m, g, weight, rest
    return None


def reduce(system: Stationarity, budget: Budget) -> Reduction:
    """The block, and the rest with the block's value in it: a number where it is one, else a symbol."""
    budget.check()
    found = _block(system)
    if found is None:
        raise ValueError("no unknown stands in a block of its own")
    m, g, weight, rest = found
    others = tuple(u for u in system.unknowns if u != m)
    coupled = bool(weight.free_symbols & set(system.unknowns))
    value = sp.Symbol(BLOCK, **({"positive": True} if g.is_nonnegative else {"real": True}))
    relations = tuple(r for r in system.relations if not r.free_symbols & set(others))
    own = smaller(system, (m,), (derivative(g, m),), loss=g, relations=relations)
    statement = finding("a block of its own", unknown=m, block=g)

    def remaining(of: Any) -> Stationarity:
        loss = rest + (weight * of if coupled else 0)
        equations = tuple(sp.numer(sp.together(derivative(loss, u))) for u in others)
        kept = tuple(r for r in system.relations if m not in r.free_symbols)
        return smaller(system, others, equations, loss=loss, relations=kept)

    if not coupled or (g.free_symbols | weight.free_symbols | rest.free_symbols) - set(system.unknowns):
        return Reduction(
            name,
            (own, remaining(value)),
            lambda a: _lift(system, statement, m, a[0], [_Case(m, a[0], a[1], value, g, coupled)], budget),
        )

    def following(first: tuple[Attempt, ...]) -> tuple[Stationarity, ...]:
        """One problem for each value that the block takes at its critical points; none where one has no exact value."""
        exact = _values(g, m, first[0])
        return tuple(remaining(v) for v in dict.fromkeys(exact)) if exact is not None else ()

    def lift(attempts: tuple[Attempt, ...]) -> Attempt:
        first, exact = attempts[0], _values(g, m, attempts[0])
        if exact is None or len(exact) > MAX_POINTS:
            return Attempt(name, "failed", "the value of the block is not known exactly")
        distinct = list(dict.fromkeys(exact))
        cases = list[_Case]()
        for v, inner in zip(distinct, attempts[1:], strict=True):
            chosen = tuple(p for p, own_value in zip(first.points, exact, strict=True) if own_value == v)
            cases.append(_Case(m, replace(first, points=chosen), inner, v, g, True))
        return _lift(system, statement, m, first, cases, budget)

    return Reduction(name, (own,), lift, following)


def _values(g: Any, m: Any, first: Attempt) -> list[Any] | None:
    """The block's value at each of its critical points, exactly; None where the block was not solved to the end."""
    if first.outcome == "no_critical_point":
        return []
    if first.outcome != "solved" or not first.complete:
        return None
    out = list[Any]()
    for p in first.points:
        if p.exact is None or p.exact[m.name].free_symbols:
            return None
        out.append(sp.simplify(g.subs(m, p.exact[m.name])))
    return out


@record
class _Case:
    m: Any
    first: Attempt
    second: Attempt
    value: Any
    g: Any
    coupled: bool


def _lift(
    system: Stationarity, statement: Finding, m: Any, first: Attempt, cases: list[_Case], budget: Budget
) -> Attempt:
    numbers = not system.parameters
    attempts = [first, *(c.second for c in cases)]
    if first.outcome == "no_critical_point":
        return Attempt(
            name,
            "no_critical_point",
            first.reason,
            complete=True,
            findings=(statement, *_free_of_certificates(_of_part(first, m))),
        )
    known = ("solved", "no_critical_point", "not_closed", *(("partial", "enclosed") if numbers else ()))
    bad = next((a for a in attempts if a.outcome not in known or (a.outcome == "enclosed" and not a.points)), None)
    if bad is not None:
        return Attempt(name, "failed", f"a part was not solved: {bad.reason}")
    closing = None if numbers else next((a for a in attempts if a.outcome == "not_closed"), None)
    if closing is not None or all(c.second.outcome == "no_critical_point" for c in cases):
        deciding = closing or cases[0].second
        deciding = _of_part(deciding, m if deciding is first else None)
        return replace(
            deciding,
            strategy=name,
            points=(),
            complete=closing is None,
            findings=(statement, *(deciding.findings if not numbers else _free_of_certificates(deciding))),
            certificates=deciding.certificates if not numbers else (),
        )
    points = list[FoundPoint]()
    for c in cases:
        for p, q in product(c.first.points, c.second.points):
            joined = _point_of_both(system, c, p, q)
            if joined is None:
                return Attempt(name, "failed", "the value of the block is not known or not positive")
            points.append(joined)
    if len(points) > MAX_POINTS:
        return Attempt(name, "failed", f"more than {MAX_POINTS} combinations")
    record = Evidence(statement)
    if numbers:
        record.findings += _free_of_certificates(_of_part(first, m))
    else:
        for a in (_of_part(first, m), _of_part(cases[0].second, None)):
            record.take(a.findings, a.certificates)
    turns = _turns(m, system, first, cases)
    if turns:
        record.say("translates of each unknown", shifts=turns)
    whole = all(p.exact is not None for p in points)
    found = Found(
        tuple(points),
        all(a.complete for a in attempts),
        record,
        open="" if whole else "no formula was found for a part",
    )
    return concluded(name, system, found, budget)


def _turns(m: Any, system: Stationarity, first: Attempt, cases: list[_Case]) -> tuple[Mapping[str, Any], ...]:
    """By what the points stand for translates; empty where a part is neither complete nor all turns of its points.

    The other unknowns are translated alike for every value of the block, or no translates are said.
    """
    own = _turns_of(first, [m.name])
    others = [_turns_of(c.second, [u.name for u in system.unknowns if u != m]) for c in cases if c.second.points]
    if own is None or not others or any(o is None or set(o) != set(others[0] or ()) for o in others):
        return ()
    return (*own, *(others[0] or ()))


def _turns_of(a: Attempt, unknowns: list[str]) -> tuple[Mapping[str, Any], ...] | None:
    """By what the points of a part stand for translates: by nothing where all are listed; None where some may be missing."""
    if a.complete:
        return ()
    return next((s for f in a.findings if (s := f.shifts(unknowns)) is not None), None)


def _of_part(a: Attempt, m: Any) -> Attempt:
    """The attempt with its findings said of the part that they speak of: the block of m, or what is left without it."""
    part = "of the other unknowns" if m is None else f"of {m} alone"
    own = tuple(f for f in a.findings if not f.of_all_turns)  # these are said of the whole
    return replace(a, findings=tuple(replace(f, within=(part, *f.within)) for f in own))


def _free_of_certificates(a: Attempt) -> tuple[Finding, ...]:
    """What an attempt on a part derived: its certificates speak of the part, not of this loss."""
    return tuple(s for s in a.findings if s.certificate is None)


def _point_of_both(system: Stationarity, case: _Case, p: CriticalPoint, q: CriticalPoint) -> FoundPoint | None:
    both = {p.kind, q.kind}
    kind: Kind = "unclassified"
    if both <= {"global minimum", "local minimum"}:
        kind = "global minimum" if both == {"global minimum"} else "local minimum"
    elif both <= set(LEAST_KINDS):
        kind = "boundary minimum"
    if p.exact is None or q.exact is None:
        at = {**(balls_of(p, BITS) or {}), **(balls_of(q, BITS) or {})}
        known = not system.parameters and all(u.name in at for u in system.unknowns)
        return FoundPoint(balls={u.name: at[u.name] for u in system.unknowns}, kind=kind) if known else None
    put, m, value = dict[Any, Any](), case.m, case.value
    if case.coupled and isinstance(value, sp.Symbol) and value.name == BLOCK:
        put[value] = sp.simplify(case.g.subs(m, p.exact[m.name]))
        if m in put[value].free_symbols or (value.is_positive and not put[value].is_positive):
            return None
    exact = {u: p.exact[m.name] if u == m else q.exact[u.name].subs(put) for u in system.unknowns}
    conditions = (*p.conditions, *(with_values(c, {BLOCK: put.get(value, value)}) for c in q.conditions))
    return FoundPoint(exact, kind=kind, conditions=tuple(dict.fromkeys(conditions)), note=p.note or q.note)
