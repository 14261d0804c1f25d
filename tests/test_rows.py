"""Losses over the rows of a table are never written out row by row: exact moments, and balls for whole columns."""

from __future__ import annotations

import random
import time
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from flint import arb, ctx, fmpq, fmpq_mat

import closedform as cf
from closedform import problem as problems
from closedform.kernel.expressions.balls import evaluate
from closedform.kernel.expressions.derivatives import differentiate
from closedform.kernel.expressions.jets import jet
from closedform.kernel.expressions.tree import read
from closedform.ladder import attempts
from closedform.stationarity.large.row_loss import RowLoss, row_loss

ETA = ["+", "a", ["*", "b", ["@", "x", "i"]], ["*", "c", ["@", "z", "i"]]]
BODIES = [
    ["log", ["+", "1", ["exp", ETA]]],
    ["+", ["log", ["+", "1", ["exp", ETA]]], ["*", "-1", ["@", "y", "i"], "a"], ["*", "-1", ["@", "y", "i"], "b"]],
    ["*", ["+", "a", ["*", "b", ["@", "x", "i"]]], ["+", "b", ["*", "c", "i"]], ["exp", ["*", "c", ["@", "z", "i"]]]],
    ["^", ["+", "2", ["cosh", ETA]], ["*", "b", ["@", "x", "i"]]],
    ["*", "a", ["@", "x", ["+", "i", "-1"]], ["@", "x", "i"], "b"],
    ["sum", "j", "1", "3", ["*", ["@", "x", "j"], ["@", "z", "i"], ["^", "a", "3"]]],
    "3",
]


@pytest.mark.parametrize("body", BODIES)
def test_jets_of_a_sum_are_those_of_its_rows(body) -> None:
    """Against the symbolic derivatives of each row, evaluated on their own."""
    draw = random.Random(1)
    columns = {c: [fmpq(draw.randint(-900, 900), 1000) for _ in range(30)] for c in "xyz"}
    at = {"a": arb(1) / 3, "b": arb(2) / 7, "c": -arb(1) / 5}
    names = list(at)
    with ctx.workprec(150):
        whole = jet(read(["sum", "i", "2", "30", body]), {u: k for k, u in enumerate(names)}, at, columns)
        rows = [(read(body), {**at, "i": arb(i)}) for i in range(2, 31)]
        assert whole.value.overlaps(sum((evaluate(t, v, columns) for t, v in rows), arb(0)))
        for k, u in enumerate(names):
            slope = sum((evaluate(differentiate(t, u), v, columns) for t, v in rows), arb(0))
            assert whole.first.get(k, arb(0)).overlaps(slope)
            for m, w in enumerate(names[k:], k):
                bend = (evaluate(differentiate(differentiate(t, u), w), v, columns) for t, v in rows)
                assert whole.second.get((k, m), arb(0)).overlaps(sum(bend, arb(0)))


def table(rows: int, features: int, seed: int = 3) -> tuple[dict[str, list[str]], np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    x = np.round(draw.standard_normal((rows, features)), 3)
    y = np.round(x @ draw.standard_normal(features) + draw.standard_normal(rows), 3)
    data = {f"x{j}": [f"{v:.3f}" for v in x[:, j]] for j in range(features)}
    return {**data, "y": [f"{v:.3f}" for v in y]}, x, y


def exactly(x: np.ndarray, y: np.ndarray) -> list[Fraction]:
    """The exact normal equations of the decimals, solved by FLINT; the intercept comes first."""
    whole = [[1000, *(round(float(v) * 1000) for v in row)] for row in x]
    gram = fmpq_mat([[sum(r[i] * r[j] for r in whole) for j in range(len(whole[0]))] for i in range(len(whole[0]))])
    side = [sum(r[i] * round(float(v) * 1000) for r, v in zip(whole, y, strict=True)) for i in range(len(whole[0]))]
    return [Fraction(int(v.p), int(v.q)) for v in gram.solve(fmpq_mat([[s] for s in side])).entries()]


def test_a_wide_table_has_its_exact_least_squares_in_seconds() -> None:
    data, x, y = table(300, 40)
    started = time.process_time()
    report = cf.derive("ols", data=data, target="y")
    assert time.process_time() - started < 30  # this process alone; it was minutes, and undecided
    (point,) = report.critical_points
    assert [Fraction(int(v.p), int(v.q)) for v in point.exact.values()] == exactly(x, y)
    assert (report.verdict.outcome, report.complete, point.kind) == ("closed", True, "global minimum")
    assert cf.verify(report)
    assert report.verdict.statements[0].trust == "proved"


def test_dependent_columns_have_a_family_of_exact_minimisers() -> None:
    report = cf.derive("ols", data={"x1": [1, 2, 3, 4], "x2": [2, 4, 6, 8], "y": [1, 3, 2, 4]}, target="y")
    (point,) = report.critical_points
    assert "free" in point.note
    assert (report.verdict.outcome, point.kind) == ("closed", "global minimum")


def test_a_quadratic_in_many_unknowns_is_one_exact_solve() -> None:
    """sum_i i (a_i - 1)^2 + (a_i - a_(i+1))^2 is least where every a_i is 1."""
    terms = [f"{i}*(a{i} - 1)^2" for i in range(1, 41)] + [f"(a{i} - a{i + 1})^2" for i in range(1, 40)]
    report = cf.derive(" + ".join(terms))
    (point,) = report.critical_points
    assert set(map(str, point.exact.values())) == {"1"}
    assert report.attempts[0].strategy == "quadratic loss"


def test_a_whole_number_among_the_unknowns_is_no_matter_of_gradients() -> None:
    report = cf.derive("sum(i, 1, n, (x[i] - 2*m)^2)", unknowns=["m"], assumptions=["m integer"], data={"x": [1, 2, 4]})
    assert all(a.strategy != "quadratic loss" for a in report.attempts)


def fitted(family: str, rows: int, features: int, seed: int = 5) -> tuple[dict[str, list[str]], np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    x = np.round(draw.standard_normal((rows, features)), 3)
    eta = x @ draw.standard_normal(features) / 2
    y = draw.random(rows) < 1 / (1 + np.exp(-eta)) if family == "logistic" else draw.poisson(np.exp(eta))
    data = {f"x{j}": [f"{v:.3f}" for v in x[:, j]] for j in range(features)}
    return {**data, "y": [str(int(v)) for v in y]}, x, y.astype(float)


@pytest.mark.parametrize("family", ["logistic", "poisson_regression"])
def test_a_generalised_linear_model_has_thirty_proved_digits(family: str) -> None:
    """The gradient of the exact decimals, row by row in mpmath, is within its rounding of zero at the point."""
    data, x, y = fitted(family, 400, 3)
    report = cf.derive(family, data=data, target="y")
    (point,) = report.critical_points
    assert (report.complete, point.kind) == (True, "global minimum")
    assert all(float(r) < 1e-28 for r in point.radius.values())
    assert report.verdict.statements[0].trust == "proved"
    with mpmath.workdps(50):
        b = [mpmath.mpf(v) for v in point.numeric.values()]
        total = [mpmath.mpf(0)] * 4
        for row, label in zip(x, y, strict=True):
            z = [mpmath.mpf(1), *(mpmath.mpf(f"{v:.3f}") for v in row)]
            eta = mpmath.fdot(b, z)
            mean = 1 / (1 + mpmath.exp(-eta)) if family == "logistic" else mpmath.exp(eta)
            total = [t + (mean - label) * c for t, c in zip(total, z, strict=True)]
        assert all(abs(t) < mpmath.mpf("1e-25") for t in total)


def test_rows_that_repeat_are_few_rows() -> None:
    """A thousand rows of one binary feature: log odds, a closed form."""
    data = {"x": [k % 2 for k in range(1000)], "y": [int(k % 5 < 2) if k % 2 else int(k % 7 < 3) for k in range(1000)]}
    first, _ = next(attempts.readings(problems.read("logistic", data=data, target="y")))
    assert not isinstance(first, RowLoss)


def test_statistics_come_before_rows() -> None:
    """sum_i lam - x_i log(lam) is closed whatever the number of rows: the mean."""
    problem = problems.read(
        "sum(i, 1, n, lam - x[i]*log(lam))", unknowns=["lam"], data={"x": [str(k * k % 1009) for k in range(2000)]}
    )
    assert row_loss(problem) is None


@pytest.mark.parametrize("count", [40, 41])
def test_the_median_of_a_table_is_its_median(count: int) -> None:
    """An odd number has one median, an even number an interval of them (every textbook)."""
    values = [(7 * k * k + 3) % 1009 for k in range(count)]
    report = cf.derive("median", data={"x": [f"{v}/10" if v % 2 else str(v) for v in values]})
    exact = sorted(Fraction(v, 10) if v % 2 else Fraction(v) for v in values)
    low, high = exact[(count - 1) // 2], exact[count // 2]
    found = [Fraction(str(p.exact["m"])) for p in report.critical_points]
    assert found == ([low] if low == high else [low, high])
    assert (report.verdict.outcome, report.complete) == ("closed", True)
    assert Fraction(str(report.critical_points[0].loss)) == sum(abs(v - low) for v in exact)


def test_quantiles_and_parabolas_with_kinks() -> None:
    """The 1/4 quantile by the pinball loss; and |x - c_i| with a parabola, against a fine search."""
    places = [k * k % 97 for k in range(30)]
    pinball = " + ".join(f"max((x - {c})*3/4, ({c} - x)/4)" for c in places)
    (point,) = cf.derive(pinball).critical_points
    assert int(str(point.exact["x"])) == sorted(places)[7]  # 7.5 of 30 lie below the 1/4 quantile
    bent = " + ".join(f"|x - {c}|" for c in places) + " + (x - 10)^2"
    (point,) = cf.derive(bent).critical_points
    grid = np.linspace(0, 97, 97 * 64 + 1)
    heights = np.abs(grid[:, None] - np.array(places)).sum(axis=1) + (grid - 10) ** 2
    assert abs(float(point.exact["x"]) - grid[heights.argmin()]) < 1 / 64


def test_a_loss_of_kinks_that_falls_for_ever_has_no_minimum() -> None:
    report = cf.derive(" + ".join(f"|x - {k}|" for k in range(12)) + " - 20*x")
    assert report.verdict.outcome == "no_critical_point"
    assert cf.derive(" + ".join(f"|x - {k}|" for k in range(12)) + " - 12*x").verdict.outcome != "no_critical_point"
