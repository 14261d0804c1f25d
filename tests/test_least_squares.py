"""The emitted least-squares solver, its estimator and its cost model."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq, fmpq_mat
from hypothesis import given, settings
from hypothesis import strategies as st

from closedform.emit.estimator import LeastSquaresRegressor
from closedform.emit.least_squares import solve, solve_blocks
from closedform.emit.linear.moments import Moments
from closedform.errors import CallError, InputError
from closedform.stories import cost


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
        return ((X[i : i + 137], y[i : i + 137], None) for i in range(0, 1000, 137))

    np.testing.assert_allclose(solve_blocks(chunks).coefficients, solve(X, y).coefficients, rtol=1e-12)


def test_states_merge_like_numbers_add():
    rng = np.random.default_rng(5)
    X, y = rng.integers(-9, 9, size=(40, 3)).astype(float), rng.integers(-9, 9, size=(40, 1)).astype(float)
    whole, parts = Moments.of(X, y), Moments.of(X[:11], y[:11]) + Moments.of(X[11:], y[11:])
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
    steps, random = cost.predict(400, 5, 5.0).steps, np.random.default_rng(0)
    turn = np.linalg.qr(random.standard_normal((5, 5)))[0]
    X = np.linalg.qr(random.standard_normal((400, 5)))[0] @ ((turn * np.geomspace(1, 1 / 5, 5)) @ turn.T)
    truth, a = random.standard_normal(5), np.zeros(5)
    for _ in range(int(np.ceil(steps))):
        a -= 2 / (1 + 1 / 25) * (X.T @ (X @ a - X @ truth))  # 2 / (largest + smallest eigenvalue of X'X)
    assert np.linalg.norm(a - truth) < 10 * cost.ACCURACY * np.linalg.norm(truth)


@pytest.mark.parametrize("bad", [(0, 1, 10), (5, 10, 10), (10, 2, 0.5), (1.5, 1, 2)])
def test_cost_refuses_what_makes_no_sense(bad):
    with pytest.raises(CallError):
        cost.predict(*bad)


DESIGNS = {
    # (columns, with an intercept, rank without it, relation): the relation is made by hand in each design
    "one-hot levels": (lambda r, n: np.eye(3)[np.arange(n) % 3], True, 2, "x3 = 1 - x1 - x2"),
    "levels of a tenth": (lambda r, n: 0.1 * np.eye(3)[np.arange(n) % 3], True, 2, "x3 = 0.1 - x1 - x2"),
    "a constant": (lambda r, n: np.column_stack([r.normal(size=n), np.full(n, 0.1)]), True, 1, "x2 = 0.1"),
    "ones beside levels": (
        lambda r, n: np.column_stack([np.ones(n), np.eye(2)[np.arange(n) % 2]]),
        False,
        2,
        "x3 = x1 - x2",
    ),
    "a triple": (lambda r, n: np.outer(r.normal(size=n), [1.0, 3.0]), False, 1, "x2 = 3*x1"),
    "shares": (
        lambda r, n: (lambda s: np.column_stack([s, 1 - s.sum(axis=1)]))(r.random((n, 2)) / 2),
        True,
        2,
        "x3 = 1 - x1 - x2",
    ),
    "a sum far from zero": (
        lambda r, n: (lambda a: np.column_stack([a, a[:, 0] + a[:, 1]]))(r.normal(size=(n, 2)) + np.array([1e8, 0])),
        True,
        2,
        "x3 = x1 + x2",
    ),
    "a column of zeros": (lambda r, n: np.column_stack([r.normal(size=n), np.zeros(n)]), False, 1, "x2 = 0"),
}


def _fitted(way, X, y, intercept):
    """Rank, relations and fitted values by one of the three ways."""
    if way == "solve_blocks":
        blocks = [(X[:20], y[:20, None], None), (X[20:], y[20:, None], None)]
        fit = solve_blocks(lambda: blocks, intercept=intercept)
        a = fit.coefficients[:, 0]
        return fit.rank, fit.dependent, (X - X[0]) @ a + (X[0] @ a + fit.intercept)
    model = LeastSquaresRegressor(fit_intercept=intercept)
    if way == "fit":
        model.fit(X, y)
    else:
        for part in np.array_split(np.arange(len(X)), 3):
            model.partial_fit(X[part], y[part])
    return model.rank_, model.dependent_, model.predict(X)


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("way", ["fit", "partial_fit", "solve_blocks"])
def test_dependent_columns_are_found_named_and_predicted_well(name, way):
    make, intercept, rank, relation = DESIGNS[name]
    rng = np.random.default_rng(11)
    X = make(rng, 60)
    y = X @ rng.normal(size=X.shape[1]) / max(1.0, np.abs(X).max()) + rng.normal(size=60)
    full = np.column_stack([X - X.mean(axis=0), np.ones(60)]) if intercept else X
    want = full @ np.linalg.lstsq(full, y, rcond=1e-10 if "far" not in name else 1e-7)[0]
    with pytest.warns(RuntimeWarning, match=f"rank {rank} of {X.shape[1]}"):
        found, dependent, got = _fitted(way, X, y, intercept)
    assert found == rank
    assert dependent == (relation,)
    np.testing.assert_allclose(got, want, atol=1e-6 if "far" in name else 1e-10)


def test_an_offset_costs_no_digits():
    rng = np.random.default_rng(12)
    Z = np.round(rng.normal(size=(400, 3)) * 2**20) / 2**20  # so that 1e8 + Z is exact in double precision
    y = Z @ [1.0, -2.0, 0.5] + 0.1 * rng.normal(size=400)
    X = Z + np.array([1e8, -3e7, 0.0])
    near = LeastSquaresRegressor().fit(Z, y)
    far, parts = LeastSquaresRegressor().fit(X, y), LeastSquaresRegressor()
    for rows in np.array_split(np.argsort(X[:, 0]), 5):  # sorted, as time stamps are
        parts.partial_fit(X[rows], y[rows])
    np.testing.assert_allclose(far.coef_, near.coef_, rtol=1e-13)
    np.testing.assert_allclose(parts.coef_, near.coef_, rtol=1e-11)
    np.testing.assert_allclose(parts.predict(X), near.predict(Z), atol=1e-12)


def test_fit_then_partial_fit_goes_on_from_the_fit():
    rng = np.random.default_rng(13)
    X, y = rng.normal(size=(80, 3)), rng.normal(size=(80, 2))
    w = rng.random(80)
    model = LeastSquaresRegressor(ridge=[0.1, 2.0]).fit(X[:50], y[:50], sample_weight=w[:50])
    model.partial_fit(X[50:], y[50:], sample_weight=w[50:])
    whole = LeastSquaresRegressor(ridge=[0.1, 2.0]).fit(X, y, sample_weight=w)
    np.testing.assert_allclose(model.coef_, whole.coef_, rtol=1e-10)
    root = np.sqrt(w)[:, None]
    design = np.hstack([np.ones((80, 1)), X])
    for j, ridge in enumerate((0.1, 2.0)):  # the normal equations, intercept not penalised
        G = (design * root).T @ (design * root) + np.diag([0, ridge, ridge, ridge])
        np.testing.assert_allclose(whole.coef_[j], np.linalg.solve(G, design.T @ (w * y[:, j]))[1:], rtol=1e-9)
    one = LeastSquaresRegressor().fit(X, y)
    with pytest.raises(InputError, match="1 outputs"):
        one.partial_fit(X, y[:, 0])


def test_sparse_rows_and_single_precision():
    sparse = pytest.importorskip("scipy.sparse")
    rng = np.random.default_rng(14)
    X = rng.normal(size=(50, 4)) * (rng.random((50, 4)) < 0.4)
    y = rng.normal(size=50)
    dense, thin = (
        LeastSquaresRegressor(ridge=0.2).fit(X, y),
        LeastSquaresRegressor(ridge=0.2).fit(sparse.csr_matrix(X), y),
    )
    np.testing.assert_allclose(thin.coef_, dense.coef_, rtol=1e-10)
    np.testing.assert_allclose(thin.predict(sparse.csr_matrix(X)), dense.predict(X), rtol=1e-9)
    exact = LeastSquaresRegressor().fit(sparse.csr_matrix(X), X @ [1.0, -2.0, 0.5, 3.0] + 1).statistics()
    assert exact.sigma < 1e-14  # the residuals are taken from the rows, not from the sums
    s, t = (LeastSquaresRegressor().fit(M, y).statistics() for M in (X, sparse.csr_matrix(X)))
    np.testing.assert_allclose(t.p_values, s.p_values, rtol=1e-9)
    single = LeastSquaresRegressor().fit(X.astype(np.float32), y.astype(np.float32))
    assert single.coef_.dtype == np.float32
    assert single.predict(X.astype(np.float32)).dtype == np.float32


def test_the_estimator_needs_no_scikit_learn():
    program = """
import sys
sys.modules["sklearn"] = None
import numpy as np
from closedform import CallError, InputError, LeastSquaresRegressor

X, y = np.arange(12.0).reshape(6, 2) ** 2, np.arange(6.0)
model = LeastSquaresRegressor(ridge=[0.1, 2.0]).fit(X, np.column_stack([y, y]), sample_weight=y + 1)
model.partial_fit(X, np.column_stack([y, -y]))
assert model.predict(X).shape == (6, 2) and model.score(X, np.column_stack([y, y])) < 1
single = LeastSquaresRegressor().fit(X.astype(np.float32), y)
assert single.coef_.dtype == single.predict(X.astype(np.float32)).dtype == np.float32
assert repr(single) == "LeastSquaresRegressor(ridge=0.0, fit_intercept=True)"

class Frame:
    columns = ["u", "v"]
    __array__ = lambda self, dtype=None, copy=None: X
    shape = X.shape
    __len__ = lambda self: 6
named = LeastSquaresRegressor().fit(Frame(), y)
assert list(named.feature_names_in_) == ["u", "v"] and named.statistics().names == ("intercept", "u", "v")
other = Frame()
other.columns = ["v", "u"]
for wrong, said in (
    (lambda: named.predict(other), "the columns are v, u"),
    (lambda: LeastSquaresRegressor().predict(X), "not fitted"),
    (lambda: model.partial_fit(X, y), "1 outputs"),
    (lambda: LeastSquaresRegressor().fit(X[:, 0], y), "shape (6,)"),
    (lambda: LeastSquaresRegressor().fit(X, y[:3]), "X is 6 x 2 and y is 3"),
    (lambda: LeastSquaresRegressor(ridge="a").fit(X, y), "not a number"),
):
    try:
        wrong()
    except (CallError, InputError) as fault:
        assert said in str(fault), fault
    else:
        raise AssertionError(said)
print("held")
"""
    run = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True)
    assert run.stdout == "held\n", run.stderr


def test_an_offset_in_the_response_costs_no_digits():
    rng = np.random.default_rng(15)
    X = rng.normal(size=(300, 3))
    y = np.round((X @ [1.0, -2.0, 0.5] + rng.normal(size=300)) * 2**20) / 2**20
    near, far, parts = LeastSquaresRegressor(), LeastSquaresRegressor(), LeastSquaresRegressor()
    near.fit(X, y), far.fit(X, y + 1e8)
    for rows in np.array_split(np.arange(300), 3):
        parts.partial_fit(X[rows], y[rows] + 1e8)
    np.testing.assert_allclose(far.coef_, near.coef_, rtol=1e-13)
    np.testing.assert_allclose(parts.coef_, near.coef_, rtol=1e-12)
    np.testing.assert_allclose(parts.statistics().standard_errors, near.statistics().standard_errors, rtol=1e-11)


def test_changes_between_chunks_are_refused_and_leave_the_fit_as_it_was():
    rng = np.random.default_rng(16)
    X, y = rng.normal(size=(30, 2)), rng.normal(size=30)
    model = LeastSquaresRegressor().fit(X, y)
    before = model.coef_.copy()
    for wrong in (
        lambda: model.partial_fit(X, np.column_stack([y, y])),
        lambda: model.partial_fit(np.column_stack([X, y]), y),
        lambda: model.partial_fit(X * np.nan, y),
        lambda: model.partial_fit(X * 1e200, y),
        lambda: model.set_params(fit_intercept=False).partial_fit(X, y),
    ):
        with pytest.raises((InputError, CallError, ValueError)):
            wrong()
        assert np.array_equal(model.coef_, before)
    model.set_params(fit_intercept=True)
    model.partial_fit(X[:5], y[:5], np.zeros(5))  # rows that do not count change nothing
    np.testing.assert_allclose(model.coef_, before, rtol=1e-12)


def test_what_double_precision_cannot_square_is_refused():
    rng = np.random.default_rng(17)
    X, y = rng.normal(size=(30, 2)), rng.normal(size=30)
    for scale, said in ((1e200, "not finite, or so large"), (1e-200, "their squares vanish")):
        with pytest.raises(InputError, match=f"column 2 of X has entries .*{said}"):
            LeastSquaresRegressor().fit(X * [1, scale], y)
        with pytest.raises(InputError, match=f"y has entries .*{said}"):
            LeastSquaresRegressor().fit(X, y * scale)
    mild = LeastSquaresRegressor().fit(X * [1, 1e-100], y)
    np.testing.assert_allclose(mild.coef_, LeastSquaresRegressor().fit(X, y).coef_ / [1, 1e-100], rtol=1e-12)


def test_rows_that_do_not_count_do_not_hide_a_constant():
    X = np.column_stack([np.arange(6.0), [3.0, 3.0, 3.0, 3.0, 9.0, 9.0]])
    with pytest.warns(RuntimeWarning, match="x2 = 3"):
        LeastSquaresRegressor().fit(X, np.arange(6.0) ** 2, [1, 1, 1, 1, 0, 0])


def test_weights_out_of_range_are_refused():
    X, y = np.arange(12.0).reshape(6, 2) ** 2, np.arange(6.0)
    for size in (1e300, 1e-300):
        with pytest.raises(InputError, match=f"the weight of row 2 is {size:g}, out of the range".replace("+", r"\+")):
            solve(X, y, weights=[1, 0, size, 1, 1, 1])
    even = solve(X, y, weights=np.full(6, 1e90))
    np.testing.assert_allclose(even.coefficients, solve(X, y).coefficients, rtol=1e-12)
