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
from closedform.attempt import Attempt, finding
from closedform.budget import Budget
from closedform.calculus.signs import Facts
from closedform.enclosures.certificates import ListedPoint, listed_certificate
from closedform.kernel.claims.critical_points import inertia as inertia_of
from closedform.kernel.reading import Json
from closedform.points import Kind
from closedform.stationarity.conditions import Opaque
from closedform.stationarity.scalar import Stationarity
from closedform.stationarity.second_order import shape
from closedform.strategies.answer import numbers_only
from closedform.strategies.ending import Found, FoundPoint, Record, concluded, loss_at
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
        return _singular(system, a, right, inertia, budget)
    solved = a.solve(right)
    values = [solved[i, 0] for i in range(n)]
    exact = {u: sp.Rational(int(v.p), int(v.q)) for u, v in zip(system.unknowns, values, strict=True)}
    named = {u.name: v for u, v in exact.items()}
    with ctx.workprec(int(budget.digits * 3.4) + 120):
        balls = {u.name: arb(v) for u, v in zip(system.unknowns, values, strict=True)}
    relations: list[Json] = []
    record = Record()
    try:
        relations = [[r.rel_op, bridge.to_tree(r.lhs), bridge.to_tree(r.rhs)] for r in system.relations]
    except bridge.NoTranslation:
        certificate = None
    else:
        evidence: dict[str, Json] = {"method": "linear", "precision": "400"}
        certificate = listed_certificate(
            system, relations, [ListedPoint(balls, inertia, named)], 1, evidence, budget.digits
        )
    if certificate is not None:
        record.say("regular linear gradient", certificate=certificate)
    kind: Kind = "unclassified"
    if inertia is not None:
        kind = "global minimum" if inertia == (n, 0, 0) else "global maximum" if inertia == (0, n, 0) else "saddle"
    if kind == "global minimum":
        record.say("positive definite quadratic")
    index = 0 if certificate is not None else None
    one = FoundPoint(exact, balls, kind, inertia, 1, loss_at(system, named), certificate=index)
    return concluded(name, system, Found((one,), True, record, complex=1), budget)


def _singular(system: Stationarity, a: fmpq_mat, right: fmpq_mat, inertia: Any, budget: Budget) -> Attempt:
    n = len(system.unknowns)
    augmented = fmpq_mat([[*(a[i, j] for j in range(n)), right[i, 0]] for i in range(n)])
    reduced, rank = augmented.rref()
    pivots = [next(j for j in range(n + 1) if reduced[i, j] != 0) for i in range(rank)]
    if n in pivots:
        record = Record(finding("linear equations contradict each other"))
        return concluded(name, system, Found((), True, record, none="the equations contradict each other"), budget)
    if system.relations:
        return Attempt(name, "failed", "a family of solutions, of which the domain cuts off a part")
    exact = dict[Any, Any](zip(system.unknowns, system.unknowns, strict=True))
    for i, p in enumerate(pivots):
        value = sp.Rational(int(reduced[i, n].p), int(reduced[i, n].q))
        for j in range(n):
            if j not in pivots:
                value -= sp.Rational(int(reduced[i, j].p), int(reduced[i, j].q)) * system.unknowns[j]
        exact[system.unknowns[p]] = value
    free = [u.name for j, u in enumerate(system.unknowns) if j not in pivots]
    convex = inertia is not None and inertia[1] == 0
    record = Record(finding("affine family", dimension=len(free)))
    if convex:
        record.say("positive semidefinite quadratic")
    kind: Kind = "global minimum" if convex else "degenerate"
    family = FoundPoint(exact, kind=kind, inertia=inertia, note=f"a family: {', '.join(free)} free")
    return concluded(name, system, Found((family,), True, record), budget)


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
        return _of_numbers(system, values, determinant, budget)
    found = Candidates(
        (Candidate(dict(zip(system.unknowns, values, strict=True))),),
        (determinant,),
        why=f"the gradient is linear with determinant {text(determinant)}",
    )
    try:
        return formula_answer(name, system, found, budget)
    except Opaque as reason:
        return Attempt(name, "failed", str(reason))


def _of_numbers(system: Stationarity, values: list[Any], determinant: Any, budget: Budget) -> Attempt:
    """The one solution where the coefficients are numbers that are not rational; its kind is found by the gate."""
    record = Record(finding("determinant is not zero", determinant=determinant))
    whole = shape(system, Facts(system.relations))
    if whole.reason:
        record.say("shape of the loss", reason=whole.reason)
    kind: Kind = "global minimum" if whole.minimum else "unclassified"
    one = FoundPoint(dict(zip(system.unknowns, values, strict=True)), kind=kind)
    return concluded(name, system, Found((one,), True, record), budget)
