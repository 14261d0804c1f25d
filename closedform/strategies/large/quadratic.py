"""Quadratic losses with numbers: many unknowns, many terms, or the rows of a table; one exact solve.

The sums over rows are exact moments; the stationarity equations H a = -g are solved over Q by FLINT, and the signs of
H's eigenvalues say what the solution is. Certificate ``critical_points`` by ``linear``: the kernel takes the moments of
the columns itself.
"""

from __future__ import annotations

from closedform.algebra import bridge
from closedform.attempt import Attempt
from closedform.budget import Budget
from closedform.enclosures.certified import listing
from closedform.kernel.reading import Json
from closedform.stationarity.large.quadratic import QuadraticLoss
from closedform.stationarity.system import System
from closedform.strategies.ending import concluded
from closedform.strategies.linear_equations import solutions

name = "quadratic loss"
example = {
    "loss": "sum(i, 1, n, (y[i] - a - b*x[i])^2)",
    "unknowns": ["a", "b"],
    "data": {"x": [1, 2, 3, 4], "y": [1, 3, 2, 5]},
}
counterexample = {"loss": "sum(i, 1, n, (y[i] - exp(b*x[i]))^2)", "unknowns": ["b"], "data": {"x": [1, 2], "y": [1, 3]}}


def declines(system: System) -> str | None:
    """A sentence when the loss was not read as a quadratic form, else None."""
    return None if isinstance(system, QuadraticLoss) else "the loss is no quadratic form with numbers, or a small one"


def attempt(system: QuadraticLoss, budget: Budget) -> Attempt:
    """The one solution, or the family, or that there is none."""
    evidence: dict[str, Json] = {"method": "linear", "precision": "400"}
    found = solutions(
        system.unknowns,
        system.hessian,
        system.right,
        lambda point: bridge.sympy_rational(system.value(point)),
        lambda point: listing(system.statement, [point], 1, evidence, budget.digits),
        budget.digits,
    )
    return concluded(name, system, found, budget)
