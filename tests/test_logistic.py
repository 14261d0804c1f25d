"""Certified convex fits of large tables, against exact arithmetic and against a separate solver in mpmath."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from closedform import problem as problems
from closedform.budget import Budget
from closedform.stationarity.large.streamed import Streamed
from closedform.strategies.large import logistic as logistic_fit


def made(rows, columns, family="logistic", seed=1):
    rng = np.random.default_rng(seed)
    x = np.round(rng.standard_normal((rows, columns)) * 64) / 64  # dyadic, so that the floats are the data
    eta = x @ (rng.standard_normal(columns) / np.sqrt(columns))
    y = (
        (rng.random(rows) < 1 / (1 + np.exp(-eta))).astype(float)
        if family == "logistic"
        else rng.poisson(np.exp(eta / 2))
    )
    return x, np.asarray(y, dtype=float)


def fit(x, y, family="logistic", **keywords):
    data = {f"x{j}": x[:, j] for j in range(x.shape[1])} | {"y": y}
    problem = problems.read(family, data=data, target="y", **keywords)
    assert logistic_fit.declines(Streamed(problem)) is None
    return logistic_fit.attempt(Streamed(problem), Budget.of(60))


def gradient(x, y, b, family):
    """The gradient at b in 40 digits, row by row."""
    with mpmath.workdps(40):
        total = [mpmath.mpf(0)] * len(b)
        for row, label in zip(x.tolist(), y.tolist(), strict=True):
            row = [1.0, *row]
            eta = mpmath.fsum(c * v for c, v in zip(b, row, strict=True))
            mean = 1 / (1 + mpmath.exp(-eta)) if family == "logistic" else mpmath.exp(eta)
            total = [t + (mean - label) * c for t, c in zip(total, row, strict=True)]
        return total


def refined(x, y, b, family):
    """One Newton step in 40 digits with a float Hessian: within the square of the distance."""
    z = np.column_stack([np.ones(len(x)), x])
    eta = z @ np.array([float(c) for c in b])
    mean = 1 / (1 + np.exp(-eta)) if family == "logistic" else np.exp(eta)
    weight = mean * (1 - mean) if family == "logistic" else mean
    step = np.linalg.solve(z.T @ (z * weight[:, None]), np.array([float(g) for g in gradient(x, y, b, family)]))
    return [c - mpmath.mpf(float(s)) for c, s in zip(b, step, strict=True)]


@pytest.mark.parametrize("family", ["logistic", "poisson_regression"])
def test_the_minimiser_of_the_exact_sums_lies_within_the_radius(family):
    x, y = made(2_000, 3, family)
    answer = fit(x, y, family)
    (point,) = answer.points
    with mpmath.workdps(40):
        start = [mpmath.mpf(v) for v in point.numeric.values()]
        better = refined(x, y, start, family)
        for a, b, r in zip(start, better, point.radius.values(), strict=True):
            assert abs(a - b) <= mpmath.mpf(r)
            assert mpmath.mpf(r) < mpmath.mpf("1e-10")


def test_standard_errors_are_those_of_the_information_matrix():
    x, y = made(3_000, 2)
    answer = fit(x, y)
    z = np.column_stack([np.ones(len(x)), x])
    b = np.array([float(v) for v in answer.points[0].numeric.values()])
    p = 1 / (1 + np.exp(-z @ b))
    errors = np.sqrt(np.diag(np.linalg.inv(z.T @ (z * (p * (1 - p))[:, None]))))
    (given,) = (f.about["errors"] for f in answer.findings if f.theorem == "standard errors")
    given = [float(v) for v in given.values()]
    assert np.allclose(given, errors, rtol=1e-4)


def test_separable_labels_are_seen_and_proved():
    x, _ = made(5_000, 3)
    y = (x @ np.array([1.0, -2.0, 0.5]) > 0.1).astype(float)
    answer = fit(x, y)
    assert answer.outcome == "no_critical_point"
    v = [float(c.split(": ")[1]) for c in answer.findings[0].about["direction"].split(", ")]
    assert (((2 * y - 1) * (np.column_stack([np.ones(len(x)), x]) @ v)) > 0).all()


def test_a_penalty_is_part_of_the_fit():
    x, y = made(1_500, 2)
    answer = fit(x, y, lam="1/4")
    b = np.array([float(v) for v in answer.points[0].numeric.values()])
    z = np.column_stack([np.ones(len(x)), x])
    slope = z.T @ (1 / (1 + np.exp(-z @ b)) - y) + 0.5 * np.array([0.0, *b[1:]])
    assert np.abs(slope).max() < 1e-8


def test_collinear_columns_are_not_certified():
    x, y = made(800, 2)
    answer = fit(np.column_stack([x, x[:, 0]]), y)
    assert answer.outcome == "failed"


def test_other_losses_are_declined_in_a_sentence():
    x, y = made(50, 1)
    for loss in ("sum(i, 1, n, (y[i] - b*x[i])^2)", "sum(i, 1, n, log(1 + exp(b*x[i]^2 + b^2)))", "n*b^2 + exp(b)"):
        problem = problems.read(loss, unknowns=["b"], data={"x": x[:, 0], "y": y})
        reason = logistic_fit.declines(Streamed(problem))
        assert reason is not None
        assert len(reason.split()) > 3
