"""A convex quadratic loss under linear constraints: the set of active ones, proved by the signs of slacks and multipliers.

For a convex loss and linear constraints a feasible point with non-negative multipliers on the active constraints is a
global minimiser (Karush-Kuhn-Tucker; Boyd and Vandenberghe 2004, section 5.5.3). Each set of active constraints gives a linear system;
with symbols the signs are proved from the assumptions. One unknown between bounds has the vertex, clipped.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import sympy as sp

from closedform.algebra.bridge import text
from closedform.attempt import Attempt, finding
from closedform.budget import Budget
from closedform.calculus.signs import KnownSigns
from closedform.stationarity.scalar import Stationarity
from closedform.strategies.ending import Evidence, Found, FoundPoint, concluded

name = "active set"
example = {"loss": "(a - 3)^2 + 2*(b - 1)^2", "unknowns": ["a", "b"], "assumptions": ["a <= b"]}
counterexample = {"loss": "x^4 - x^2"}

MAX_CONSTRAINTS, MAX_UNKNOWNS = 8, 6


def declines(system: Stationarity) -> str | None:
    """A sentence when the loss is not quadratic or the constraints are not linear and closed, else None."""
    own = set(system.unknowns)
    held = [r for r in system.relations if r.free_symbols & own]
    if not held:
        return "no constraint touches the unknowns"
    if (
        system.loss is None
        or system.gradient is None
        or system.nonzero
        or len(own) > MAX_UNKNOWNS
        or len(held) > MAX_CONSTRAINTS
    ):
        return "there is no loss, or more unknowns or constraints than are looked at"
    if any(r.rel_op not in (">=", "<=") for r in held):
        return "a constraint is strict: a minimiser on it would not be in the domain"
    for e in (*system.gradient, *(r.lhs - r.rhs for r in held)):
        if not e.is_polynomial(*system.unknowns) or sp.Poly(e, *system.unknowns).total_degree() > 1:
            return "the loss is not quadratic, or a constraint is not linear"
    return None


def attempt(system: Stationarity, budget: Budget) -> Attempt:
    """The minimiser with its active constraints, or declined when no constraint is active, or failed."""
    own, loss = system.unknowns, system.loss
    if loss is None:
        return Attempt(name, "declined", str(declines(system)))
    held = [r for r in system.relations if r.free_symbols & set(own)]
    facts = KnownSigns([r for r in system.relations if not r.free_symbols & set(own)])
    hessian = sp.hessian(loss, own)
    n = len(own)
    minors = [facts.sign(sp.factor(hessian[:k, :k].det())) for k in range(1, n + 1)]
    strict = all(m == 1 for m in minors)
    if not strict and not all(
        facts.sign(sp.factor(hessian.extract(list(c), list(c)).det())) in (0, 1, 2)
        for k in range(1, n + 1)
        for c in combinations(range(n), k)
    ):
        return Attempt(name, "failed", "convexity was not proved")
    if not strict and not system.parameters:
        return Attempt(name, "declined", "the minimiser need not be the only one: every face is looked at")
    plain = {u: sp.Symbol(u.name, real=True) for u in own}  # their signs are constraints here, not assumptions
    gradient = [g.subs(plain) for g in system.gradient or ()]
    slack = [sp.expand(((r.lhs - r.rhs) if r.rel_op == ">=" else (r.rhs - r.lhs)).subs(plain)) for r in held]
    unknowns = list(plain.values())
    for size in range(min(n, len(slack)) + 1):
        for active in combinations(range(len(slack)), size):
            budget.check()
            found = _kkt(gradient, [slack[i] for i in active], unknowns)
            if found is None:
                continue
            point, multipliers = found
            gaps = [sp.factor(s.subs(point)) for i, s in enumerate(slack) if i not in active]
            if all(facts.sign(sp.factor(v)) in (0, 1, 2) for v in (*gaps, *multipliers)):
                if not active:
                    return Attempt(name, "declined", "no constraint is active at the minimiser")
                return _answer(system, point, [slack[i] for i in active], strict, budget)
    if n == 1 and strict:
        return _clipped(system, gradient[0], slack, unknowns[0], budget)
    return Attempt(name, "failed", "no set of active constraints was proved to be the one for all data")


def _kkt(gradient: list[Any], active: list[Any], unknowns: list[Any]) -> tuple[dict[Any, Any], list[Any]] | None:
    """The point and the multipliers of the active inequalities, when their linear system has one solution."""
    names = [sp.Dummy("m", real=True) for _ in active]
    equations = [
        g - sum(m * sp.diff(c, u) for m, c in zip(names, active, strict=True))
        for g, u in zip(gradient, unknowns, strict=True)
    ]
    matrix, side = sp.linear_eq_to_matrix([*equations, *active], [*unknowns, *names])
    if matrix.det().simplify() == 0:
        return None
    values = [sp.factor(v) for v in matrix.LUsolve(side)]
    return dict(zip(unknowns, values, strict=False)), values[len(unknowns) :]


def _answer(system: Stationarity, found: dict[Any, Any], active: list[Any], strict: bool, budget: Budget) -> Attempt:
    where = ", ".join(f"{text(a)} = 0" for a in active)
    record = Evidence(finding("Karush-Kuhn-Tucker for a quadratic", active=where, strict=strict))
    point = FoundPoint(
        {u: found[plain] for u, plain in zip(system.unknowns, found, strict=True)},
        kind="boundary minimum",
        note=f"on the edge {where}",
    )
    return concluded(name, system, Found((point,), strict, record), budget)


def _clipped(system: Stationarity, slope: Any, slack: list[Any], x: Any, budget: Budget) -> Attempt:
    value = sp.factor(sp.solve(slope, x)[0])
    for s in slack:
        a, b = s.coeff(x, 1), s.coeff(x, 0)
        if not a.is_number or a == 0:
            return Attempt(name, "failed", f"the bound {text(s)} >= 0 has a symbol as its coefficient")
        value = sp.Max(value, -b / a) if a > 0 else sp.Min(value, -b / a)
    if len(slack) > 1 and not all(s.free_symbols == {x} for s in slack):
        return Attempt(name, "failed", "the order of the bounds is not known")
    point = FoundPoint({system.unknowns[0]: value}, kind="global minimum", expression_class="piecewise")
    return concluded(name, system, Found((point,), True, Evidence(finding("vertex, clipped"))), budget)
