"""Equality constraints that give an unknown: put it in, solve the problem without the constraint, and put it back.

A constraint that is linear in an unknown, with a coefficient that has one sign on the domain, describes that unknown as a
function of the others; the critical points on the constraint are those of the loss with it put in. Other constraints
stay with their Lagrange multipliers, which the stationarity system holds.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy as sp

from closedform.algebra import bridge
from closedform.attempt import Attempt, finding
from closedform.budget import Budget
from closedform.calculus.signs import KnownSigns
from closedform.expression import Node, substitute
from closedform.stationarity.scalar import Stationarity, stationarity
from closedform.stationarity.system import Reduction
from closedform.strategies.reductions.lifted import lifted

name = "a constraint gives an unknown"
example = {
    "loss": "-(a*log(p) + b*log(q)) subject to p + q = 1",
    "unknowns": ["p", "q"],
    "assumptions": ["p>0", "q>0", "a>0", "b>0"],
}
counterexample = {"loss": "x + y subject to x^2 + y^2 = 1", "unknowns": ["x", "y"]}


def declines(system: Stationarity) -> str | None:
    """A sentence when there is no equality constraint, or none gives an unknown, else None."""
    if system.constrained is None:
        return "there is no equality constraint"
    if system.constrained.data is not None or system.constrained.level == "sum":
        return "constraints on sums over data stay with their multipliers"
    if _solved(system) is None:
        return "no constraint is linear in an unknown with a coefficient that cannot vanish"
    return None


def _solved(system: Stationarity) -> tuple[Any, Any, Node] | None:
    """An unknown, its value, and the constraint that gives it."""
    problem = system.constrained
    if problem is None:
        return None
    table = {s.name: s for s in (*system.unknowns, *system.parameters)}
    facts = KnownSigns(system.relations)
    for node in bridge.flat_relations((*problem.constraints, *problem.relations)):
        if node.head != "=":
            continue
        left, right = (bridge.to_sympy(c, table) for c in node.children)
        h = sp.expand(left - right)
        for u in reversed(system.unknowns):
            if u.name in problem.unknowns and u in h.free_symbols and h.is_polynomial(u) and sp.degree(h, u) == 1:
                a, b = sp.Poly(h, u).all_coeffs()
                if facts.sign(a) in (1, -1):
                    return u, sp.cancel(-b / a), node
    return None


def reduce(system: Stationarity, budget: Budget) -> Reduction:
    """The problem without that unknown and that constraint; its bounds become bounds of the others."""
    budget.check()
    found, problem = _solved(system), system.constrained
    if found is None or problem is None or problem.loss is None:
        raise ValueError("no constraint gives an unknown")
    u, value, used = found
    put = {u.name: bridge.from_sympy(value)}
    flat = [n for n in bridge.flat_relations((*problem.relations, *problem.constraints)) if n != used]
    smaller = replace(
        problem,
        loss=substitute(problem.loss, put),
        unknowns=tuple(n for n in problem.unknowns if n != u.name),
        relations=tuple(substitute(n, put) for n in flat),
        constraints=(),
        catalogue=None,
    )

    def lift(attempts: tuple[Attempt, ...]) -> Attempt:
        inner = attempts[0]
        points = tuple(lifted(p, {u: value}, problem.unknowns, budget.digits) for p in inner.points)
        statement = finding("a constraint gives an unknown", unknown=u, value=value)
        return replace(inner, strategy=name, points=points, findings=(statement, *inner.findings))

    return Reduction(name, (stationarity(smaller),), lift)
