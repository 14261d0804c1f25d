"""Several unknowns: eliminate them one at a time, judge every candidate, keep families that leave an unknown free."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp

from closedform.attempt import Attempt, finding
from closedform.budget import Budget
from closedform.calculus.bounds import floor_of
from closedform.calculus.elimination import Eliminator, Solutions
from closedform.calculus.scalar import generators
from closedform.calculus.signs import KnownSigns
from closedform.enclosures.line.whole import exact_zeros
from closedform.frozen import FrozenMap
from closedform.stationarity.candidates import Judge, prove
from closedform.stationarity.conditions import Opaque
from closedform.stationarity.families import Family, family_of, largest
from closedform.stationarity.scalar import Stationarity
from closedform.stationarity.second_order import shape
from closedform.strategies.answer import numbers_only
from closedform.strategies.ending import Evidence, Found, FoundPoint, concluded, loss_at
from closedform.strategies.formula import Candidate, Candidates, formula_answer
from closedform.strategies.reductions.separable import separates
from closedform.strategies.translates import period_in

name = "elimination of one unknown after another"
example = {
    "loss": "n/2*log(v) + (S2 - 2*mu*S1 + n*mu**2)/(2*v)",
    "unknowns": ["mu", "v"],
    "assumptions": ["v>0", "n>0", "S2>0", "n*S2>S1**2"],
}
counterexample = {"loss": "x^4 - x^2"}

share = 0.4  # of the time that is left: other strategies want some
MAX_UNKNOWNS = 8
MAX_FUNCTIONS = 8  # none of them a small power of another one
MAX_POWER = 60


def declines(system: Stationarity) -> str | None:
    """A sentence when there is one unknown only, or a case distinction, else None."""
    if len(system.unknowns) < 2:
        return "there is one unknown only"
    if len(system.unknowns) > MAX_UNKNOWNS:
        return f"there are more than {MAX_UNKNOWNS} unknowns"
    if system.kind in ("piecewise", "sum"):
        return f"the system is of kind {system.kind}"
    if sum(sp.count_ops(e) for e in system.equations) > 3_000:
        return "the equations are too large to be eliminated by hand"
    if any(s.function.free_symbols & {*system.unknowns} for e in system.equations for s in e.atoms(sp.Sum)):
        return "a sum over rows of data holds an unknown"
    if _functions(system) > MAX_FUNCTIONS:
        return f"the unknowns stand in more than {MAX_FUNCTIONS} different functions"
    if system.loss is not None and system.loss.has(sp.sin, sp.cos, sp.tan) and separates(system):
        return "the loss is a sum of parts, each of which is solved with all its turns"
    return None


def _functions(system: Stationarity) -> int:
    """How many functions the unknowns stand in: roots by what is under them, exponentials that are no small powers of one."""
    found, rates = set[Any](), dict[Any, set[Any]]()
    for e in system.equations:
        for u in system.unknowns:
            for h in generators(e, u)[0]:
                if isinstance(h, sp.exp):
                    rate, of = h.args[0].as_coeff_Mul()
                    rates.setdefault(of, set()).add(abs(rate))
                else:
                    found.add(h.base if isinstance(h, sp.Pow) and h.exp.is_Rational else h)
    return len(found) + sum(_apart(r) for r in rates.values())


def _apart(rates: set[Any]) -> int:
    """One where all rates are small multiples of a common one, else their number."""
    if not all(r.is_Rational for r in rates):
        return len(rates)
    bottom = sp.ilcm(1, *(r.q for r in rates))
    step = sp.igcd(0, *(int(r * bottom) for r in rates)) or 1
    return 1 if max(r * bottom / step for r in rates) <= MAX_POWER else len(rates)


def attempt(system: Stationarity, budget: Budget) -> Attempt:
    """Solved with every candidate judged, or failed with the case that resisted."""
    facts = KnownSigns((*system.relations, *_box(system)))
    periods = _periods(system, facts)
    solver = Eliminator(facts, budget, system.nonzero, lambda e, u: exact_zeros(e, u, budget), periods)
    found = solver.solve(system.equations, system.unknowns)
    if not numbers_only(system):
        return _for_all_data(system, found, budget)
    families, single, doubtful = list[Family](), list[Any](), ""
    behind = {s.symbol for s in found.placeholders}
    for p in found.points:
        free = set[Any]().union(*(v.free_symbols for v in p.values()))
        if not free or free & behind:
            single.append(p)
            continue
        family = family_of(system, p)
        if isinstance(family, Family):
            families.append(family)
        elif isinstance(family, str):
            doubtful = family
        else:
            single += family
    judged = Judge(system, budget).judge_all(single, found.placeholders)
    kept = [j.point for j in judged if j.sometimes]
    if any(v.free_symbols & behind for p in kept for v in p.values()):
        return Attempt(name, "failed", "an unknown satisfies a polynomial of degree five or more")
    if found.obstacles:
        o = found.obstacles[0]
        return Attempt(name, "failed", f"{o.equation} = 0: {o.reason}"[:300])
    if doubtful:
        return Attempt(name, "failed", doubtful)
    families = largest(families)
    kept = [p for p in kept if not any(f.holds(p) for f in families)]
    sure = all(j.never for j in judged if not j.sometimes) and not found.exceptions and not found.turns_cut
    if not kept and not families:
        return _without_points(system, found, sure, budget)
    turns = tuple(FrozenMap({u.name: periods[u]}) for u in found.turned)
    return _with_points(system, facts, kept, families, sure, turns, budget)


def _periods(system: Stationarity, facts: KnownSigns) -> dict[Any, Any]:
    """By what the system may be translated in each unknown that no relation bounds, over numbers."""
    out = dict[Any, Any]()
    if not numbers_only(system) or not any(e.has(sp.sin, sp.cos, sp.tan) for e in system.equations):
        return out
    bounded = {s for r in facts.relations for s in r.free_symbols}
    for u in system.unknowns:
        period = None if u in bounded else period_in(system, u)
        if period is not None:
            out[u] = period
    return out


def _without_points(system: Stationarity, found: Solutions, sure: bool, budget: Budget) -> Attempt:
    if found.turns_cut:
        return Attempt(name, "failed", "only one turn of the circular functions was looked at")
    if found.exceptions:
        return Attempt(name, "failed", f"no critical point unless {found.exceptions[0]} = 0")
    if not sure:
        return Attempt(name, "failed", "it is open whether a candidate is real, in the domain and a solution")
    record = Evidence(finding("elimination leaves none"))
    none = "the system has no real solution in the domain"
    return concluded(name, system, Found((), True, record, none=none), budget)


def _for_all_data(system: Stationarity, found: Solutions, budget: Budget) -> Attempt:
    """The answer in symbols, each candidate under its conditions."""
    if found.obstacles:
        o = found.obstacles[0]
        return Attempt(name, "failed", f"{o.equation} = 0: {o.reason}"[:300])
    if found.placeholders:
        return Attempt(name, "failed", "an unknown satisfies a polynomial of degree five or more")
    floor = _least_value(system, KnownSigns(system.relations))
    candidates = Candidates(
        tuple(Candidate(p, g) for p, g in zip(found.points, found.guards, strict=True)),
        found.exceptions,
        found.loose,
        complete=not (found.turns_cut or found.generic),
        floor=floor,
        why="the elimination keeps every solution",
    )
    try:
        return formula_answer(name, system, candidates, budget)
    except Opaque as reason:
        return Attempt(name, "failed", str(reason))


def _box(system: Stationarity) -> list[Any]:
    """The sides of the box that are numbers, as bounds."""
    out = list[Any]()
    for u in system.unknowns:
        for side, make in zip(system.problem.box.get(u.name, ()), (sp.Ge, sp.Le), strict=False):
            if side not in ("oo", "-oo"):
                out.append(make(u, sp.Rational(side), evaluate=False))
    return out


def _with_points(
    system: Stationarity,
    facts: KnownSigns,
    kept: list[Mapping[Any, Any]],
    families: list[Family],
    sure: bool,
    turns: tuple[Mapping[str, Any], ...],
    budget: Budget,
) -> Attempt:
    record = Evidence()
    whole = shape(system, facts)
    if whole.reason is not None:
        record.findings.append(whole.reason)
    complete = (sure and not turns) or (whole.unique and len(kept) == 1 and not families)
    if sure and turns:
        record.say("translates of each unknown", shifts=turns)
    points = [_of_family(system, f) for f in families]
    if families:
        record.say("sets of critical points", sets=tuple(f.words for f in families))
    for p in kept:
        budget.check()
        point = FrozenMap({u.name: p[u] for u in system.unknowns})
        proof = prove(system, p) if budget.remaining > 3 else None
        index = None
        if proof is not None:
            index = record.say("the gradient vanishes", certificate=proof[0], point=point)
        else:
            record.say("steps that keep the solutions", point=point)
        points.append(FoundPoint(p, kind="global minimum" if whole.minimum else "unclassified", certificate=index))
    if complete:
        record.say("no other point", why="the elimination keeps every solution")
    return concluded(name, system, Found(tuple(points), complete, record), budget)


def _of_family(system: Stationarity, family: Family) -> FoundPoint:
    """The family as one point with free unknowns; all of it is least where the loss there is its plain lower bound."""
    floor = floor_of(system.loss, system.unknowns) if system.loss is not None else None
    loss = loss_at(system, {u.name: v for u, v in family.point.items()})
    least = loss is not None and floor is not None and sp.simplify(loss - floor) == 0
    return FoundPoint(
        family.point,
        kind="global minimum" if least else "unclassified",
        loss=loss if loss is not None and not loss.free_symbols else None,
        conditions=family.conditions,
        note=family.words,
    )


def _least_value(system: Stationarity, facts: KnownSigns) -> Any:
    """A lower bound of the loss that is plain from its form: a sum of squares with weights that are not negative."""
    if system.loss is None:
        return None
    rest = sp.S.Zero
    own = set(system.unknowns)
    for t in sp.Add.make_args(system.loss):
        if not t.free_symbols & own:
            rest += t
            continue
        c, square = t.as_independent(*own, as_Add=False)
        if not (isinstance(square, sp.Pow) and square.exp.is_Integer and square.exp % 2 == 0 and square.exp > 0):
            return None
        if facts.sign(c) not in (1, 2):
            return None
    return rest
