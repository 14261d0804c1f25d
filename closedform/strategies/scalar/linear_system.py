"""Gradients that are linear in the unknowns: one exact solution where the determinant is not zero.

Rational coefficients are solved with FLINT over Q, certificate ``critical_points`` by ``linear``; coefficients in
parameters by fraction-free elimination, with the determinant as the condition. A quadratic loss is convex exactly when
its Hessian, here a constant matrix, is positive semidefinite. A singular consistent system over Q has an affine family.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy as sp
from flint import arb, ctx, fmpq, fmpq_mat

from closedform.algebra import bridge
from closedform.algebra.bridge import text
from closedform.attempt import Attempt, Finding, finding
from closedform.budget import Budget
from closedform.calculus.signs import Facts
from closedform.frozen import FrozenMap
from closedform.kernel.certificate import Certificate
from closedform.kernel.claims.critical_points import inertia as inertia_of
from closedform.kernel.reading import Json
from closedform.points import CriticalPoint, Kind
from closedform.stationarity.candidates import Judge, decimals, expression_class
from closedform.stationarity.conditions import Opaque
from closedform.stationarity.scalar import Stationarity
from closedform.stationarity.second_order import shape
from closedform.strategies.answer import numbers_only
from closedform.strategies.formula import Candidate, Candidates, formula_answer

name = "linear system"
example = {"loss": "(1 - a - b)^2 + (2 - a - 2*b)^2 + (5 - a - 3*b)^2"}
counterexample = {"loss": "x^4 - x^2"}

MAX_SYMBOLIC = 8


def declines(system: Stationarity) -> str | None:
    """A sentence when some equation is not linear in the unknowns, else None."""
    if system.kind not in ("polynomial", "rational"):
        return f"the system is {system.kind}"
    if (
        len(system.unknowns) == 1
        and system.gradient is not None
        and not system.gradient[0].is_polynomial(*system.unknowns)
    ):
        return "the gradient is not linear"
    if len(system.equations) != len(system.unknowns):
        return "there are not as many equations as unknowns"
    if system.nonzero:  # before anything is expanded
        return "denominators depend on the unknowns"
    if len(system.unknowns) == 1 and not numbers_only(system):
        return "one unknown with parameters: the coefficient may vanish"
    for e in system.equations:
        if not e.is_polynomial(*system.unknowns):
            return "an equation is not polynomial in the unknowns"
        if sp.Poly(e, *system.unknowns).total_degree() > 1:
            return "an equation is not linear in the unknowns"
    return None


def attempt(system: Stationarity, budget: Budget) -> Attempt:
    """The one solution, or for rational coefficients the family, or that there is none."""
    unknowns = system.unknowns
    exact = system.gradient is not None and all(g.is_polynomial(*unknowns) for g in system.gradient)
    polys = [
        sp.Poly(e, *unknowns) for e in (system.gradient if exact and system.gradient is not None else system.equations)
    ]
    if not exact and system.loss is not None:  # numerators only: their matrix is not the Hessian
        system = replace(system, loss=None)
    rows = [[p.coeff_monomial(u) for u in unknowns] for p in polys]
    side = [-p.coeff_monomial(1) for p in polys]
    if all(c.is_Rational for c in (*side, *(c for row in rows for c in row))) and not system.parameters:
        return _rational(system, rows, side, budget)
    if len(unknowns) > MAX_SYMBOLIC:
        return Attempt(name, "failed", f"{len(unknowns)} unknowns with symbolic coefficients")
    return _symbolic(system, sp.Matrix(rows), sp.Matrix(side), budget)


def _flint(c: Any) -> fmpq:
    return fmpq(int(c.p), int(c.q))


def _rational(system: Stationarity, rows: list[list[Any]], side: list[Any], budget: Budget) -> Attempt:
    matrix = [[_flint(c) for c in row] for row in rows]
    right = fmpq_mat([[_flint(c)] for c in side])
    n = len(system.unknowns)
    a = fmpq_mat(matrix)
    inertia = inertia_of(matrix) if system.loss is not None else None
    if a.rank() < n:
        return _singular(system, a, right, inertia)
    solution = [a.solve(right)[i, 0] for i in range(n)] if n == 1 else _column(a.solve(right))
    exact = FrozenMap({u.name: sp.Rational(int(v.p), int(v.q)) for u, v in zip(system.unknowns, solution, strict=True)})
    with ctx.workprec(int(budget.digits * 3.4) + 120):
        shown = {u.name: decimals(arb(v), budget.digits) for u, v in zip(system.unknowns, solution, strict=True)}
    kind: Kind = "unclassified"
    if inertia is not None:
        kind = "global minimum" if inertia == (n, 0, 0) else "global maximum" if inertia == (0, n, 0) else "saddle"
    value = (
        system.loss.subs(dict(zip(system.unknowns, exact.values(), strict=True))) if system.loss is not None else None
    )
    point = CriticalPoint(
        exact,
        FrozenMap({k: v[0] for k, v in shown.items()}),
        FrozenMap({k: v[1] for k, v in shown.items()}),
        kind,
        inertia,
        1,
        value,
        "rational",
        certificate=0,
    )
    certificates, findings = _certified(system, point)
    if (
        system.relations
        and not Judge(system, budget).judge(dict(zip(system.unknowns, exact.values(), strict=True))).always
    ):
        return Attempt(name, "failed", "the one zero of the gradient lies outside the domain")
    if kind == "global minimum":
        findings += (finding("positive definite quadratic"),)
    return Attempt(
        name,
        "solved",
        points=(point,),
        complete=True,
        expression_class="rational",
        certificates=certificates,
        minimiser="closed" if kind == "global minimum" else None,
        findings=findings,
        counts=FrozenMap({"complex": 1, "real": 1}),
    )


def _column(m: fmpq_mat) -> list[fmpq]:
    return [m[i, 0] for i in range(m.nrows())]


def _certified(system: Stationarity, point: CriticalPoint) -> tuple[tuple[Certificate, ...], tuple[Finding, ...]]:
    try:
        unknowns: list[Json] = [u.name for u in system.unknowns]
        statement: dict[str, Json] = {"unknowns": unknowns}
        if system.loss is not None:
            statement["loss"] = bridge.to_tree(system.loss)
        else:
            statement["equations"] = [bridge.to_tree(e) for e in system.equations]
        if system.relations:
            statement["relations"] = [
                [r.rel_op, bridge.to_tree(r.lhs), bridge.to_tree(r.rhs)] for r in system.relations
            ]
    except bridge.NoTranslation:
        return (), ()
    item: dict[str, Json] = {
        "numeric": dict(point.numeric or {}),
        "radius": dict(point.radius or {}),
        "exact": {k: str(v) for k, v in (point.exact or {}).items()},
    }
    if point.inertia is not None:
        item["inertia"] = [str(k) for k in point.inertia]
    claim: dict[str, Json] = {
        "kind": "critical_points",
        "complete": True,
        "points": [item],
        "counts": {"real": "1", "complex": "1"},
    }
    evidence: dict[str, Json] = {"method": "linear", "precision": "400"}
    said = finding("regular linear gradient", "proved", certificate=0)
    return (Certificate(statement, claim, evidence),), (said,)


def _singular(system: Stationarity, a: fmpq_mat, right: fmpq_mat, inertia: Any) -> Attempt:
    n = len(system.unknowns)
    augmented = fmpq_mat([[*(a[i, j] for j in range(n)), right[i, 0]] for i in range(n)])
    reduced, rank = augmented.rref()
    pivots = list[int]()
    for i in range(rank):
        pivots.append(next(j for j in range(n + 1) if reduced[i, j] != 0))
    if n in pivots:
        said = finding("linear equations contradict each other")
        return Attempt(
            name, "no_critical_point", "the equations contradict each other", complete=True, findings=(said,)
        )
    exact = {u.name: u for u in system.unknowns}
    for i, p in enumerate(pivots):
        value = sp.Rational(int(reduced[i, n].p), int(reduced[i, n].q))
        for j in range(n):
            if j not in pivots:
                value -= sp.Rational(int(reduced[i, j].p), int(reduced[i, j].q)) * system.unknowns[j]
        exact[system.unknowns[p].name] = value
    free = [u.name for j, u in enumerate(system.unknowns) if j not in pivots]
    convex = inertia is not None and inertia[1] == 0
    kind: Kind = "global minimum" if convex else "degenerate"
    point = CriticalPoint(
        FrozenMap(exact),
        kind=kind,
        inertia=inertia,
        expression_class="rational",
        note=f"a family: {', '.join(free)} free",
    )
    said = [finding("affine family", dimension=len(free))]
    if convex:
        said.append(finding("positive semidefinite quadratic"))
    if system.relations:
        return Attempt(name, "failed", "a family of solutions, of which the domain cuts off a part")
    return Attempt(
        name,
        "solved",
        points=(point,),
        complete=True,
        expression_class="rational",
        minimiser="closed" if convex else None,
        findings=tuple(said),
    )


def _symbolic(system: Stationarity, a: sp.Matrix, right: sp.Matrix, budget: Budget) -> Attempt:
    determinant = sp.factor(a.det(method="berkowitz"))
    numeric = numbers_only(system)
    if determinant == 0 or (numeric and determinant.is_zero is not False):
        return Attempt(name, "failed", "the determinant is zero for all parameters, or that was not decided")
    n = len(system.unknowns)
    values = list[Any]()
    for j in range(n):  # Cramer's rule keeps each numerator polynomial
        budget.check()
        changed = a.copy()
        changed[:, j] = right
        values.append(sp.factor(changed.det(method="berkowitz") / determinant))
    if numeric:
        return _of_numbers(system, values, determinant)
    found = Candidates(
        (Candidate(dict(zip(system.unknowns, values, strict=True))),),
        (determinant,),
        why=f"the gradient is linear with determinant {text(determinant)}",
    )
    try:
        return formula_answer(name, system, found, budget)
    except Opaque as reason:
        return Attempt(name, "failed", str(reason))


def _of_numbers(system: Stationarity, values: list[Any], determinant: Any) -> Attempt:
    """The one solution where the coefficients are numbers that are not rational; its kind is found by the gate."""
    said = finding("determinant is not zero", determinant=determinant)
    klass = expression_class(*values)
    point = CriticalPoint(
        FrozenMap({u.name: v for u, v in zip(system.unknowns, values, strict=True)}), expression_class=klass
    )
    whole = shape(system, Facts(system.relations))
    if whole.minimum:
        point = replace(point, kind="global minimum")
    return Attempt(
        name,
        "solved",
        points=(point,),
        complete=True,
        expression_class=klass,
        minimiser="closed" if whole.minimum else None,
        findings=(said, *((finding("shape of the loss", reason=whole.reason),) if whole.reason else ())),
    )
