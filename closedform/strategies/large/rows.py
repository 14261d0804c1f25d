"""Smooth losses over many rows: Newton's method on whole columns, then a proof in balls over the same columns.

The loss stays one expression of a row. A point found in floating point is refined and enclosed by the interval Newton
test, which the kernel repeats on the columns; it is the only one, because the loss is convex by the kernel's rules of
composition.
"""

from __future__ import annotations

import numpy as np

from closedform.algebra.later import sp
from closedform.attempt import Attempt
from closedform.budget import Budget
from closedform.enclosures.certificates import minimum_certificate
from closedform.enclosures.descent import minimise
from closedform.enclosures.evaluation import Function
from closedform.enclosures.krawczyk import enclose
from closedform.kernel.expressions.convexity import AFFINE, CONSTANT, CONVEX, curvature
from closedform.stationarity.large.row_loss import RowLoss
from closedform.stationarity.system import System
from closedform.strategies.ending import Evidence, Found, FoundPoint, concluded, height

name = "loss over rows"
share = 0.9
example = {
    "loss": "sum(i, 1, n, log(1 + exp(a + b*x[i])) - y[i]*(a + b*x[i]))",
    "unknowns": ["a", "b"],
    "data": {"x": [str(k * k % 997 / 16) for k in range(200)], "y": [k * 7 % 3 % 2 for k in range(200)]},
}
counterexample = {"loss": "sum(i, 1, n, (y[i] - exp(b*x[i]))^2)", "unknowns": ["b"], "data": {"x": [1, 2], "y": [1, 3]}}

FOUND = "the numbers are proved; whether they have a formula is open"


def declines(system: System) -> str | None:
    """A sentence when the loss was not read as a sum over rows, or is not convex by the kernel's rules, else None."""
    if not isinstance(system, RowLoss):
        return "the loss is no smooth function of many rows"
    kind = curvature(system.tree, set(system.problem.unknowns), {}, system.columns)
    return None if kind in (CONSTANT, AFFINE, CONVEX) else "the loss is not convex by composition of convex functions"


def attempt(system: RowLoss, budget: Budget) -> Attempt:
    """The minimiser, enclosed, with the proof that it is the only critical point."""
    names = list(system.problem.unknowns)
    function = Function(names, system.tree, [], system.columns, dict(system.statement))
    start = np.array([float(sp.Rational(system.problem.start.get(x, "0"))) for x in names])
    with np.errstate(all="ignore"):
        found = minimise(function, [start], budget.share(budget.remaining * 0.4), budget.seed, {})
    point = enclose(function, [float(v) for v in found[0].point], budget.digits + 4, budget) if found else None
    if point is None or point.inertia != (len(names), 0, 0):
        reason = "no minimum was found and proved: the labels may be separable, or the columns dependent"
        return Attempt(name, "failed", reason)
    record = Evidence()
    certificate = minimum_certificate(function, point, budget.digits, only=True)
    index = record.say("convex with one critical point", certificate=certificate)
    balls = dict(zip(names, point.point, strict=True))
    least = FoundPoint(
        None, balls, "global minimum", point.inertia, loss=height(point.loss, budget.digits), certificate=index
    )
    return concluded(name, system, Found((least,), True, record, unsettled=FOUND), budget)
