"""The emitted least-squares solver, its estimator and its cost model."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq, fmpq_mat
from hypothesis import given, settings
from hypothesis import strategies as st

from closedform.emit import cost
from closedform.emit.estimator import LeastSquaresRegressor
from closedform.emit.least_squares import GramState, solve, solve_chunks
from closedform.errors import CallError, InputError


def exact(X, y):
    """The least-squares solution of the given doubles in rational arithmetic."""

    def q(v):
        f = Fraction(float(v))
        return fmpq(f.numerator, f.denominator)

    A, b = fmpq_mat([[q(v) for v in row] for row in X]), fmpq_mat([[q(v)] for v in y])
    a = (A.transpose() * A).solve(A.transpose() * b)
    return np.array([float(Fraction(int(a[i, 0].p), int(a[i, 0].q))) for i in range(X.shape[1])])


def error(got, want):
    return float(np.max(np.abs(got - want) / np.abs(want)))


def test_an_ill_conditioned_polynomial_keeps_its_digits():
    # Degree 10 on [-9, -3], as NIST's Filip: condition 1e15, where lstsq has no correct digit.
    rng = np.random.default_rng(1)
    x = np.round(np.linspace(-8.8, -3.1, 82), 5)
    X = np.vander(x, 11, increasing=True)
    y = np.round(0.8 + 0.1 * np.sin(2 * x) + 0.01 * rng.normal(size=82), 4)
    want = exact(X, y)
    assert error(solve(X, y).coefficients, want) < 1e-13
    assert error(np.linalg.lstsq(X, y, rcond=None)[0], want) > 1e-3


def test_the_gram_path_is_refined():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(30_000, 8))
    X[:, 7] = X[:, 0] + 1e-5 * X[:, 7]  # condition about 1e5, so its Gram matrix has 1e10
    truth = rng.normal(size=8)
    fit = solve(X, X @ truth)
    assert fit.method.startswith("Cholesky")
    assert error(fit.coefficients, truth) < 1e-9


def test_rank_deficiency_gives_the_least_norm_minimiser_and_says_so():
    rng = np.random.default_rng(3)
    x = rng.normal(size=50)
    X, y = np.column_stack([x, x, 2 * x]), rng.normal(size=50)
    with pytest.warns(RuntimeWarning, match="rank 1 of 3"):
        fit = solve(X, y)
    np.testing.assert_allclose(fit.coefficients, np.linalg.pinv(X) @ y, rtol=1e-10)
    assert fit.rank == 1


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.floats(0.01, 10))
def test_ridge_meets_its_stationarity_equation(seed, k, ridge):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(7, k)), rng.normal(size=7)
    a = solve(X, y, ridge=ridge).coefficients
    np.testing.assert_allclose(X.T @ (X @ a - y) + ridge * a, 0, atol=1e-10)


def test_chunks_give_what_the_whole_gives():
    rng = np.random.default_rng(4)
    X, y = rng.normal(size=(1000, 6)), rng.normal(size=(1000, 2))

    def chunks():
        return ((X[i : i + 137], y[i : i + 137]) for i in range(0, 1000, 137))

    np.testing.assert_allclose(solve_chunks(chunks).coefficients, solve(X, y).coefficients, rtol=1e-12)


def test_states_merge_like_numbers_add():
    rng = np.random.default_rng(5)
    X, y = rng.integers(-9, 9, size=(40, 3)).astype(float), rng.integers(-9, 9, size=(40, 1)).astype(float)
    whole, parts = GramState.of(X, y), GramState.of(X[:11], y[:11]) + GramState.of(X[11:], y[11:])
    assert np.array_equal(whole.gram, parts.gram)
    assert np.array_equal(whole.moment, parts.moment)


@pytest.mark.parametrize(
    ("X", "y", "said"),
    [
        (np.ones((3, 2)), np.ones(4), "same number of rows"),
        (np.empty((0, 2)), np.empty(0), "no rows"),
        ([[1.0, np.nan]], [1.0], "not finite at row 0"),
        ([[1.0], [np.inf]], [1.0, 2.0], "not finite at row 1"),
        ([["a"]], [1.0], "not an array of numbers"),
        ([[1j]], [1.0], "complex"),
    ],
)
def test_bad_data_are_one_line(X, y, said):
    with pytest.raises(InputError, match=said) as caught:
        solve(X, y)
    assert "\n" not in str(caught.value)


def test_partial_fit_agrees_with_fit():
    rng = np.random.default_rng(6)
    X = rng.normal(size=(90, 4)) + 3
    y = X @ [1.0, -2.0, 0.5, 4.0] + 7 + 0.1 * rng.normal(size=90)
    whole, parts = LeastSquaresRegressor(ridge=0.3).fit(X, y), LeastSquaresRegressor(ridge=0.3)
    for i in range(0, 90, 30):
        parts.partial_fit(X[i : i + 30], y[i : i + 30])
    np.testing.assert_allclose(parts.coef_, whole.coef_, rtol=1e-9)
    np.testing.assert_allclose(parts.predict(X), whole.predict(X), rtol=1e-9)


@pytest.mark.filterwarnings("ignore")
def test_the_estimator_keeps_the_conventions():
    checks = pytest.importorskip("sklearn.utils.estimator_checks")
    results = checks.check_estimator(LeastSquaresRegressor(), on_fail=None)
    assert [r["check_name"] for r in results if r["status"] == "failed"] == []


def test_cost_counts_what_the_textbook_counts():
    c = cost.predict(10_000, 10, 1.0)
    assert c.closed_flops == 10_000 * 100 + 2 * 10_000 * 10 + 1000 / 3
    assert c.steps == 1  # an orthonormal design: one gradient step is the answer
    assert c.step_flops == 4 * 10_000 * 10


def test_predicted_steps_are_what_gradient_descent_takes():
    c = cost.predict(400, 5, 5.0)
    measured = cost.measure(c, seconds=2)
    assert measured.steps_run == int(np.ceil(c.steps))
    assert measured.error_descent < 10 * cost.ACCURACY
    assert measured.error_closed < 1e-12
    assert "closed form" in cost.describe(c, measured)


@pytest.mark.parametrize("bad", [(0, 1, 10), (5, 10, 10), (10, 2, 0.5), (1.5, 1, 2)])
def test_cost_refuses_what_makes_no_sense(bad):
    with pytest.raises(CallError):
        cost.predict(*bad)
