"""An unknown in which the loss is strictly monotone: at a minimum it stands on the closed edge of its domain.

Where the sign of a partial derivative is proved on the whole domain and the unknown has a bound of its own on that side,
the unknown takes the bound (its multiplier is positive there) and the rest is a smaller problem. Without such a bound
there is no critical point, which other strategies report.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy as sp

from closedform.attempt import Attempt, finding
from closedform.budget import Budget
from closedform.calculus.scalar import derivative
from closedform.calculus.signs import KnownSigns
from closedform.expression import MIRRORED
from closedform.points import CriticalPoint
from closedform.stationarity.scalar import Stationarity, smaller
from closedform.stationarity.system import Reduction
from closedform.strategies.ending import Evidence, Found, FoundPoint, concluded
from closedform.strategies.reductions.lifted import lifted

name = "monotone up to the edge"
example = {"loss": "n*log(b - a)", "unknowns": ["a", "b"], "assumptions": ["n>0", "a<=m", "b>=M", "m<M"]}
counterexample = {"loss": "(x - 1)^2 + y^2", "unknowns": ["x", "y"], "assumptions": ["x>=0"]}


def declines(system: Stationarity) -> str | None:
    """A sentence when no unknown has a closed bound towards which the loss falls, else None."""
    if len(system.unknowns) < 2 or system.loss is None or system.gradient is None:
        return "there is one unknown only, or no loss"
    if not system.parameters:
        return "over numbers every face, edge and corner is looked at"
    if not any(_bounds(system, u) for u in system.unknowns):
        return "no unknown has a closed bound"
    if not _edges(system):
        return "the loss is not proved to be monotone in an unknown with a closed bound"
    return None


def _bounds(system: Stationarity, u: Any) -> dict[int, Any]:
    """Closed bounds of the unknown, free of unknowns: 1 for the lower, -1 for the upper one."""
    out = dict[int, Any]()
    for r in system.relations:
        for own, other, op in ((r.lhs, r.rhs, r.rel_op), (r.rhs, r.lhs, MIRRORED[r.rel_op])):
            if own == u and op in (">=", "<=") and not other.free_symbols & set(system.unknowns):
                out[1 if op == ">=" else -1] = other
    return out


def _edges(system: Stationarity) -> dict[Any, tuple[Any, int]]:
    """Unknowns that stand on an edge at every minimum, with that edge and the sign of the slope."""
    facts, out = KnownSigns(system.relations), dict[Any, tuple[Any, int]]()
    for u, g in zip(system.unknowns, system.gradient or (), strict=True):
        bounds = _bounds(system, u)
        slope = facts.sign(sp.factor(sp.together(g))) if bounds else None
        if slope not in (1, -1) or slope not in bounds:
            continue
        others = [r for r in system.relations if u in r.free_symbols and {r.lhs, r.rhs} != {u, bounds[slope]}]
        at_edge = [r.subs(u, bounds[slope]) for r in others]
        if all(r is sp.true or (hasattr(r, "lhs") and facts.sign(_gap(r)) in (1, 2, 0)) for r in at_edge):
            out[u] = (bounds[slope], int(slope))
    return out


def _gap(r: Any) -> Any:
    return r.lhs - r.rhs if r.rel_op in (">", ">=") else r.rhs - r.lhs


def reduce(system: Stationarity, budget: Budget) -> Reduction:
    """The problem in the other unknowns, with those on their edges put in."""
    budget.check()
    edges = _edges(system)
    values = {u: e for u, (e, _) in edges.items()}
    rest = tuple(u for u in system.unknowns if u not in edges)
    loss = system.loss.subs(values, simultaneous=True) if system.loss is not None else None
    relations = tuple(r for r in system.relations if not r.free_symbols & edges.keys())
    statement = finding(
        "monotone in unknowns up to their bounds", edges=tuple((u, e, s > 0) for u, (e, s) in edges.items())
    )

    def lift(attempts: tuple[Attempt, ...]) -> Attempt:
        if not attempts:
            point = FoundPoint(values, kind="boundary minimum", note="on the edge of the domain")
            return concluded(name, system, Found((point,), True, Evidence(statement)), budget)
        inner = attempts[0]
        if inner.outcome not in ("solved", "partial"):
            return replace(inner, strategy=name, findings=(statement, *inner.findings))
        points = tuple(_with_bounds(system, values, p) for p in inner.points)
        return replace(inner, strategy=name, points=points, findings=(statement, *inner.findings))

    if not rest or loss is None:
        return Reduction(name, (), lift)
    equations = tuple(sp.numer(sp.together(derivative(loss, u))) for u in rest)
    return Reduction(name, (smaller(system, rest, equations, loss=loss, relations=relations),), lift)


def _with_bounds(system: Stationarity, values: dict[Any, Any], p: CriticalPoint) -> CriticalPoint:
    kind = "boundary minimum" if p.kind == "global minimum" else p.kind
    whole = lifted(p, values, [u.name for u in system.unknowns])
    return replace(whole, kind=kind, inertia=None, note="on the edge of the domain")
