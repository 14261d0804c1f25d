"""Several unknowns: eliminate them one at a time, judge every candidate, keep families that leave an unknown free."""

from __future__ import annotations

from typing import Any

import sympy as sp

from closedform.attempt import Attempt, Finding, finding
from closedform.budget import Budget
from closedform.calculus.bounds import floor_of
from closedform.calculus.elimination import Eliminator, Solutions
from closedform.calculus.signs import Facts
from closedform.enclosures.line.whole import exact_zeros
from closedform.frozen import FrozenMap
from closedform.kernel.certificate import Certificate
from closedform.points import CLASSES, CriticalPoint, Kind
from closedform.stationarity.candidates import Judge, Judged, decimals, expression_class, prove
from closedform.stationarity.conditions import Opaque
from closedform.stationarity.families import Family, family_of
from closedform.stationarity.scalar import Stationarity
from closedform.stationarity.second_order import local_kind, numeric_kind, shape
from closedform.strategies.answer import numbers_only
from closedform.strategies.formula import Candidate, Candidates, formula_answer

name = "elimination of one unknown after another"
example = {
    "loss": "n/2*log(v) + (S2 - 2*mu*S1 + n*mu**2)/(2*v)",
    "unknowns": ["mu", "v"],
    "assumptions": ["v>0", "n>0", "S2>0", "n*S2>S1**2"],
}
counterexample = {"loss": "x^4 - x^2"}

share = 0.4  # of the time that is left: other rungs want some
MAX_UNKNOWNS = 8


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
    return None


def attempt(system: Stationarity, budget: Budget) -> Attempt:
    """Solved with every candidate judged, or failed with the case that resisted."""
    facts = Facts((*system.relations, *_box(system)))
    solver = Eliminator(facts, budget, system.nonzero, lambda e, u: exact_zeros(e, u, budget))
    found = solver.solve(system.equations, system.unknowns)
    if not numbers_only(system):
        return _for_all_data(system, found, budget)
    judge = Judge(system, budget)
    families, single, doubtful = list[Family](), list[Any](), ""
    for p in found.points:
        if (
            judge.numeric
            and any(v.free_symbols for v in p.values())
            and not any(s.symbol in v.free_symbols for s in found.stands for v in p.values())
        ):
            family = family_of(system, p)
            if isinstance(family, Family):
                families.append(family)
            elif isinstance(family, str):
                doubtful = family
            else:
                single += family
        else:
            single.append(p)
    judged = judge.judge_all(single, found.stands)
    kept = [j for j in judged if j.sometimes]
    if any(v.has(*(s.symbol for s in found.stands)) for j in kept for v in j.point.values()) if found.stands else False:
        return Attempt(name, "failed", "an unknown satisfies a polynomial of degree five or more")
    if found.obstacles:
        o = found.obstacles[0]
        return Attempt(name, "failed", f"{o.equation} = 0: {o.reason}"[:300])
    if doubtful:
        return Attempt(name, "failed", doubtful)
    if not kept and not families:
        if found.turns_cut:
            return Attempt(name, "failed", "only one turn of the circular functions was looked at")
        if any(r.rel_op in (">=", "<=") and r.free_symbols & set(system.unknowns) for r in system.relations):
            return Attempt(name, "failed", "no critical point inside the domain; its closed edges were not examined")
        if found.exceptions:
            return Attempt(name, "failed", f"no critical point unless {found.exceptions[0]} = 0")
        if not found.points or (judge.numeric and all(j.never for j in judged)):
            said = finding("elimination leaves none")
            return Attempt(
                name,
                "no_critical_point",
                "the system has no real solution in the domain",
                complete=True,
                findings=(said,),
                scope="instance" if judge.numeric else "formula",
            )
        return Attempt(name, "failed", "the candidates fail at every sample, which proves nothing for all data")
    return _answer(system, facts, judge, judged, kept, families, bool(found.exceptions), found.turns_cut, budget)


def _for_all_data(system: Stationarity, found: Solutions, budget: Budget) -> Attempt:
    """The answer in symbols, each candidate under its conditions."""
    if found.obstacles:
        o = found.obstacles[0]
        return Attempt(name, "failed", f"{o.equation} = 0: {o.reason}"[:300])
    if found.stands:
        return Attempt(name, "failed", "an unknown satisfies a polynomial of degree five or more")
    floor = _least_value(system, Facts(system.relations))
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
        for side, make in zip(system.origin.box.get(u.name, ()), (sp.Ge, sp.Le), strict=False):
            if side not in ("oo", "-oo"):
                out.append(make(u, sp.Rational(side), evaluate=False))
    return out


def _answer(
    system: Stationarity,
    facts: Facts,
    judge: Judge,
    judged: list[Judged],
    kept: list[Judged],
    families: list[Family],
    open_cases: bool,
    turns_cut: bool,
    budget: Budget,
) -> Attempt:
    certificates, findings = list[Certificate](), list[Finding]()
    whole = shape(system, facts)
    if whole.reason:
        findings.append(finding("shape of the loss", reason=whole.reason))
    dropped = [j for j in judged if not j.sometimes]
    complete = whole.unique and len(kept) == 1 and kept[0].always and not families
    complete = (complete or all(j.never for j in dropped)) and not (open_cases or turns_cut)
    squares = floor_of(system.loss, system.unknowns) if system.loss is not None else None
    squares = _least_value(system, facts) if squares is None else squares
    points = [_of_family(system, f, squares) for f in families]
    if families:
        findings.append(finding("sets of critical points", sets=tuple(f.words for f in families)))
    for j in _distinct(kept):
        if any(f.holds(j.point) for f in families):
            continue
        budget.check()
        points.append(_point(system, judge, j, whole.minimum, facts, squares, certificates, findings, budget))
    if complete:
        findings.append(finding("no other point", why="the elimination keeps every solution"))
    classes = [p.expression_class for p in points if p.expression_class is not None]
    klass = max(classes, key=CLASSES.index) if classes else None
    minima = [p for p in points if p.kind == "global minimum"]
    if judge.numeric:
        points.sort(key=lambda p: [float(v) for v in p.numeric.values()] if p.numeric else [])
    return Attempt(
        name,
        "solved",
        points=tuple(points),
        complete=complete,
        expression_class=klass,
        minimiser="closed" if minima else None,
        scope="instance" if judge.numeric else "formula",
        findings=tuple(findings),
        certificates=tuple(certificates),
        counts=FrozenMap(
            {"complex": None, "real": len(points) if complete and judge.numeric and not families else None}
        ),
    )


def _of_family(system: Stationarity, family: Family, floor: Any) -> CriticalPoint:
    loss = system.loss.subs(family.point, simultaneous=True) if system.loss is not None else None
    loss = sp.simplify(loss) if loss is not None and sp.count_ops(loss) < 100 else loss
    kind: Kind = "unclassified"
    if loss is not None and floor is not None and sp.simplify(loss - floor) == 0:
        kind = "global minimum"
    values = [family.point[u] for u in system.unknowns]
    return CriticalPoint(
        FrozenMap({u.name: v for u, v in zip(system.unknowns, values, strict=True)}),
        kind=kind,
        loss=loss if loss is not None and not loss.free_symbols else None,
        expression_class=expression_class(*values),
        conditions=family.conditions,
        note=family.words,
    )


def _distinct(kept: list[Judged]) -> list[Judged]:
    """Without points that lie in a family of the list, which branching may repeat."""
    families = [j for j in kept if any(v == k for k, v in j.point.items())]
    out = list[Judged]()
    for j in kept:
        inside = False
        for f in families:
            if f is j:
                continue
            free = {k: j.point[k] for k, v in f.point.items() if v == k}
            if any(v == k for k, v in j.point.items()):
                continue
            try:
                inside = inside or all(sp.simplify(v.subs(free) - j.point[k]) == 0 for k, v in f.point.items())
            except (TypeError, ValueError):
                continue
        if not inside:
            out.append(j)
    return out


def _least_value(system: Stationarity, facts: Facts) -> Any:
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


def _point(
    system: Stationarity,
    judge: Judge,
    j: Judged,
    minimum: bool,
    facts: Facts,
    squares: Any,
    certificates: list[Certificate],
    findings: list[Finding],
    budget: Budget,
) -> CriticalPoint:
    free = [u.name for u, v in j.point.items() if u == v]
    proof = prove(system, j.point) if budget.remaining > 3 else None
    conditions = list[str]()
    index = None
    point = FrozenMap({u.name: j.point[u] for u in system.unknowns if j.point[u] != u})
    if proof is not None:
        certificates.append(proof[0])
        index = len(certificates) - 1
        findings.append(finding("the gradient vanishes", "proved", certificate=index, point=point))
    else:
        findings.append(finding("steps that keep the solutions", point=point, samples=len(j.words)))
    if not j.always:
        conditions.append(
            "where it is real and lies in the domain" + (" and satisfies the equations" if "not" in j.words else "")
        )
    values = [j.point[u] for u in system.unknowns]
    at = j.balls[0]
    if judge.numeric and at is not None and not free:
        kind, inertia = numeric_kind(system, at, judge.precision)
    else:
        kind, inertia = local_kind(system, j.point, facts)
    loss = system.loss.subs(j.point, simultaneous=True) if system.loss is not None else None
    if loss is not None and sp.count_ops(loss) < 100:
        loss = sp.simplify(loss) if not loss.has(sp.log, sp.exp) else sp.expand_log(loss)
    word: Kind = "global minimum" if minimum else kind
    if squares is not None and loss is not None and sp.count_ops(loss) < 60 and sp.simplify(loss - squares) == 0:
        word = "global minimum"  # a sum of squares cannot be less
    numeric = radius = None
    if judge.numeric and at is not None and not free:
        pairs = {u.name: decimals(at[u.name], budget.digits) for u in system.unknowns}
        numeric = FrozenMap({k: v[0] for k, v in pairs.items()})
        radius = FrozenMap({k: v[1] for k, v in pairs.items()})
    return CriticalPoint(
        FrozenMap({u.name: v for u, v in zip(system.unknowns, values, strict=True)}),
        numeric,
        radius,
        word,
        inertia,
        None,
        loss if loss is not None and sp.count_ops(loss) <= 150 else None,
        expression_class(*values),
        tuple(conditions),
        note=f"a family: {', '.join(free)} free" if free else "",
        certificate=index,
    )
