"""Where a root vanishes inside the domain the loss has no gradient: lengths of vectors, as in sums of distances.

sqrt(b) with b >= 0 everywhere is zero where b is least. At such a point z let the loss be M(x, s) with s = sqrt(b), smooth
in both, and b = (x - z)'Q(x - z) with Q positive definite: its slope in the direction d is g'd + c*sqrt(d'Qd), g and c the
derivatives of M by x and by s at (z, 0). All slopes are positive exactly when c > sqrt(g'Q^-1 g): a strict minimum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import sympy as sp

from closedform.algebra.sampling import Sample, real_ball
from closedform.attempt import Attempt, finding
from closedform.budget import Budget, working_bits
from closedform.calculus.signs import KnownSigns
from closedform.enclosures.least import convex
from closedform.points import LEAST_KINDS, CriticalPoint, Kind
from closedform.stationarity.scalar import Stationarity
from closedform.strategies.answer import SETTLED, answer
from closedform.strategies.ending import FoundPoint, pointed
from closedform.strategies.least_point import promoted
from closedform.strategies.reductions.lifted import balls_of
from closedform.strategies.strata import Feasible, ranges, sides_of

OPEN = "whether the loss is least where a root vanishes is open"


def completed(system: Stationarity, found: Attempt, budget: Budget) -> Attempt:
    """The attempt with the points at which a root vanishes looked at; unchanged where none can."""
    if system.loss is None or len(system.unknowns) < 2 or system.constrained is not None:
        return found
    roots = _vanishing(system) if found.outcome in SETTLED else []
    if not roots:
        return found
    points = _kinks(system, roots, budget) if not system.parameters else None
    if points is None:
        return _weakened(system, found)
    points = [k for k in points if all(p.exact != k.exact for p in found.points)]
    if not points:
        return found
    statement = finding("roots that vanish", roots=tuple(sp.sqrt(b) for b in roots))
    lower = [p for p in found.points if p.kind not in LEAST_KINDS or not _is_above(system, points, p)]
    kept = [replace(p, kind="local minimum") if p in lower and p.kind in LEAST_KINDS else p for p in found.points]
    everything = replace(
        found,
        outcome="solved" if found.outcome == "no_critical_point" else found.outcome,
        reason="" if found.outcome == "no_critical_point" else found.reason,
        points=(*kept, *points),
        minimiser=None,
        findings=(*found.findings, statement),
    )
    return promoted(system, answer(system, everything, budget), budget)


def _vanishing(system: Stationarity) -> list[Any]:
    """What stands under roots and is not shown to be positive, nor to be a bound of the domain."""
    facts, feasible, out = KnownSigns(system.relations), Feasible.of(system), dict[Any, None]()
    bounds = {sp.expand(r.lhs - r.rhs) for r in system.relations if r.rel_op in (">", ">=")}
    for p in system.loss.atoms(sp.Pow) if system.loss is not None else ():
        own = p.base.free_symbols & set(system.unknowns)
        if not own or not p.exp.is_Rational or not 0 < p.exp < 1:
            continue
        if facts.sign(p.base) == 1 or sp.expand(p.base) in bounds or sp.expand(p.base).is_positive:
            continue
        if feasible is not None and ranges(p.base, sides_of(feasible)).low > 0:
            continue
        out[p.base] = None
    return list(out)


def _kinks(system: Stationarity, roots: Sequence[Any], budget: Budget) -> list[CriticalPoint] | None:
    """The points where a root vanishes that are extrema; None where that is open."""
    zeros = list[tuple[Any, dict[Any, Any], Any]]()
    for base in roots:
        centre = _centre(base, system.unknowns)
        powers = set[sp.Pow]() if system.loss is None else system.loss.atoms(sp.Pow)
        if centre is None or any(p.exp != sp.S.Half for p in powers if _is_root_of(p, base)):
            return None
        z, form = centre
        height = base.subs(z)
        if height < 0 or any(z == other for _, other, _ in zeros):
            return None
        if height == 0:
            zeros.append((base, z, form))
    out = list[CriticalPoint]()
    for base, z, form in zeros:
        kind = _kind_at(system, base, z, form, budget)
        if kind is None:
            return None
        if kind:
            out.append(pointed(system, FoundPoint(z, kind=kind, note="a kink"), budget.digits))
    return out


def _is_root_of(p: Any, base: Any) -> bool:
    return bool(p.base == base and not p.exp.is_integer and 0 < p.exp < 1)


def _centre(base: Any, unknowns: tuple[Any, ...]) -> tuple[dict[Any, Any], Any] | None:
    """Where a quadratic with rational coefficients is least, and half its Hessian; None unless that is definite."""
    if not base.is_polynomial(*unknowns) or sp.Poly(base, *unknowns).total_degree() != 2:
        return None
    form = sp.hessian(base, unknowns) / 2
    if not all(c.is_Rational for c in sp.Poly(base, *unknowns).coeffs()) or form.is_positive_definite is not True:
        return None
    slope = sp.Matrix([sp.diff(base, u).subs(dict.fromkeys(unknowns, 0)) for u in unknowns])
    return dict(zip(unknowns, -(2 * form).LUsolve(slope), strict=True)), form


def _kind_at(
    system: Stationarity, base: Any, z: dict[Any, Any], form: Any, budget: Budget
) -> Kind | Literal[""] | None:
    """The kind of an extremum there, the empty text for none; None where that is open."""
    s, whole = sp.Dummy("s", nonnegative=True), system.loss
    if whole is None:
        return None
    loss = whole.xreplace({p: s ** (2 * p.exp) for p in whole.atoms(sp.Pow) if p.base == base})
    at = {**z, s: sp.S.Zero}
    gradient = sp.Matrix([sp.diff(loss, u).subs(at) for u in system.unknowns])
    weight = sp.diff(loss, s).subs(at)
    if any(v.has(sp.nan, sp.zoo, sp.oo) or not v.is_number for v in (*gradient, weight)):
        return None
    bits = working_bits(budget.digits)
    gap = (gradient.T * form.inv() * gradient)[0] - weight**2
    steep, way = (real_ball(v, Sample({}, {}), bits) for v in (gap, weight))
    if steep is None or way is None:
        return None
    if steep > 0:
        return ""
    if steep < 0 and not way.contains(0):
        return "local minimum" if way > 0 else "local maximum"
    return None


def _is_above(system: Stationarity, kinks: Sequence[CriticalPoint], p: CriticalPoint) -> bool:
    """Is the loss at all the kinks proved to be more than at the point?"""
    bits = 333
    at = balls_of(p, bits)
    here = real_ball(system.loss, Sample(dict(at), {}), bits) if at is not None else None
    values = [real_ball(system.loss, Sample(dict(balls_of(k, bits) or {}), {}), bits) for k in kinks]
    return here is not None and all(v is not None and bool(v > here) for v in values)


def _weakened(system: Stationarity, found: Attempt) -> Attempt:
    """The attempt without what a minimum at a kink would contradict."""
    if found.outcome == "no_critical_point":
        return replace(found, outcome="failed", reason=OPEN, complete=False, findings=(), certificates=())
    feasible = Feasible.of(system)
    if feasible is not None and convex(feasible.loss, feasible.unknowns, sides_of(feasible)):
        return replace(found, complete=False, outcome="partial" if found.outcome == "solved" else found.outcome)
    return replace(
        found,
        outcome="partial" if found.outcome == "solved" else found.outcome,
        reason=OPEN,
        complete=False,
        minimiser=None,
        points=tuple(replace(p, kind="local minimum") if p.kind in LEAST_KINDS else p for p in found.points),
    )
