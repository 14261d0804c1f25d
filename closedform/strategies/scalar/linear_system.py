"""Gradients that are linear in the unknowns: one exact solution where the determinant is not zero.

Rational coefficients are solved with FLINT over Q, certificate ``critical_points`` by ``linear``; coefficients in
parameters by fraction-free elimination, with the determinant as the condition. A quadratic loss is convex exactly when
its Hessian, here a constant matrix, is positive semidefinite. A singular consistent system over Q has an affine family.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy as sp
from flint import fmpq_mat

from closedform.algebra import bridge
from closedform.algebra.bridge import text
from closedform.attempt import Attempt, finding
from closedform.budget import Budget
from closedform.calculus.signs import KnownSigns
from closedform.enclosures.certificates import listed_certificate
from closedform.enclosures.certified import ListedPoint
from closedform.kernel.certificate import Certificate
from closedform.kernel.reading import Json
from closedform.points import Kind
from closedform.stationarity.conditions import Opaque
from closedform.stationarity.scalar import Stationarity
from closedform.stationarity.second_order import shape
from closedform.strategies.answer import numbers_only
from closedform.strategies.ending import Evidence, Found, FoundPoint, concluded, loss_at
from closedform.strategies.formula import Candidate, Candidates, formula_answer
from closedform.strategies.linear_equations import solutions

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


def _rational(system: Stationarity, rows: list[list[Any]], side: list[Any], budget: Budget) -> Attempt:
    evidence: dict[str, Json] = {"method": "linear", "precision": "400"}

    def value(point: fmpq_mat) -> Any:
        exact = map(bridge.sympy_rational, point.entries())
        return loss_at(system, dict(zip((u.name for u in system.unknowns), exact, strict=True)))

    def certify(point: ListedPoint) -> Certificate | None:
        try:
            relations = [[r.rel_op, bridge.to_tree(r.lhs), bridge.to_tree(r.rhs)] for r in system.relations]
        except bridge.NoTranslation:
            return None
        return listed_certificate(system, relations, [point], 1, evidence, budget.digits)

    found = solutions(
        system.unknowns,
        fmpq_mat([[bridge.flint_rational(c) for c in row] for row in rows]),
        fmpq_mat([[bridge.flint_rational(c)] for c in side]),
        value if system.loss is not None else None,
        certify,
        budget.digits,
    )
    if system.relations and any(p.balls is None for p in found.points):
        return Attempt(name, "failed", "a family of solutions, of which the domain cuts off a part")
    return concluded(name, system, found, budget)


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
    record = Evidence(finding("determinant is not zero", determinant=determinant))
    whole = shape(system, KnownSigns(system.relations))
    if whole.reason is not None:
        record.findings.append(whole.reason)
    kind: Kind = "global minimum" if whole.minimum else "unclassified"
    one = FoundPoint(dict(zip(system.unknowns, values, strict=True)), kind=kind)
    return concluded(name, system, Found((one,), True, record), budget)
