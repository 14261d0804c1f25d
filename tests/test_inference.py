"""Statistics of a fit against statsmodels, NIST's certified values, and what does not exist."""

from __future__ import annotations

import json
import math
from pathlib import Path

import mpmath
import numpy as np
import pytest

from closedform import CallError, InputError, LeastSquaresRegressor, derive
from closedform.emit.inference.distributions import fisher_upper, student_quantile, student_two_sided

REFERENCE = Path(__file__).parent / "reference"
CASES = json.loads((REFERENCE / "statsmodels.json").read_text())["cases"]


def table():
    """The design, response and weights that the reference values are about."""
    i = np.arange(40)
    X = np.column_stack([i % 7 - 3 + (i % 5) / 4, (i * i % 11) / 3, (3 * i) % 13 - 6.0])
    return X, 2 + X[:, 0] - X[:, 1] / 2 + ((37 * i) % 17 - 8) / 5 * (1 + i % 3), 1.0 + i % 4


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("way", ["fit", "partial_fit"])
def test_every_statistic_is_that_of_statsmodels(name, way):
    X, y, w = table()
    weights = w if name.startswith("WLS") else None
    kind = next((word for word in name.split() if word.startswith("HC")), "nonrobust")
    model = LeastSquaresRegressor(fit_intercept="through zero" not in name)
    if way == "fit":
        model.fit(X, y, weights)
    else:
        for rows in (slice(0, 11), slice(11, 40)):
            model.partial_fit(X[rows], y[rows], None if weights is None else weights[rows])
    s = model.statistics(X, y, weights, covariance=kind, student="normal" not in name)
    got = {
        "bse": s.standard_errors,
        "t": s.t_values,
        "p": s.p_values,
        "ci": s.intervals,
        "r2": s.r_squared,
        "adj": s.adjusted_r_squared,
        "F": s.f_value,
        "pF": s.f_p_value if "normal" not in name else CASES[name]["pF"],  # statsmodels takes chi^2 there
        "llf": s.log_likelihood,
        "aic": s.aic,
        "bic": s.bic,
        "scale": s.sigma**2,
        "cov01": s.covariance[0, 1],
    }
    for key, want in CASES[name].items():
        np.testing.assert_allclose(got[key], want, rtol=1e-10, err_msg=key)


# Certified by NIST, Statistical Reference Datasets, linear regression: standard deviations of the coefficients, the
# residual standard deviation, R^2, F.
CERTIFIED = {
    "norris": (["0.232818234301152", "0.429796848199937E-03"], "0.884796396144373", "0.999993745883712", "5436385.54079785"),
    "noint1": (["0.165289256198347E-01"], "3.56753034006338", "0.999365492298663", "15750.2500000000"),
    "longley": (
        [
            "890420.383607373",
            "84.9149257747669",
            "0.334910077722432E-01",
            "0.488399681651699",
            "0.214274163161675",
            "0.226073200069370",
            "455.478499142212",
        ],
        "304.854073561965",
        "0.995479004577296",
        "330.285339234588",
    ),
    "wampler4": (
        [
            "215232.624678170",
            "236355.173469681",
            "77934.3524331583",
            "10147.5507550350",
            "564.566512170752",
            "11.2324854679312",
        ],
        "236014.502379268",
        "0.957478440825662",
        "67.5524458240122",
    ),
}  # fmt: skip


def nist(name):
    data = np.loadtxt(REFERENCE / "nist" / f"{name}.csv", delimiter=",", skiprows=1)
    X, y = data[:, :-1], data[:, -1]
    return (np.column_stack([X[:, 0] ** d for d in range(1, 6)]) if name.startswith("wampler") else X), y


@pytest.mark.parametrize("name", CERTIFIED)
def test_nist_certifies_the_standard_deviations(name):
    X, y = nist(name)
    s = LeastSquaresRegressor(fit_intercept=name != "noint1").fit(X, y).statistics()
    errors, sigma, r_squared, f = CERTIFIED[name]
    np.testing.assert_allclose(s.standard_errors, [float(v) for v in errors], rtol=3e-13)
    np.testing.assert_allclose([s.sigma, s.r_squared], [float(sigma), float(r_squared)], rtol=3e-13)
    np.testing.assert_allclose(s.f_value, float(f), rtol=3e-10 if name == "norris" else 1e-12)


def test_a_perfect_fit_has_no_tests():
    s = LeastSquaresRegressor().fit(*nist("wampler1")).statistics()  # NIST certifies sigma = 0 and F infinite
    assert s.sigma == 0
    assert s.standard_errors.tolist() == [0.0] * 6
    assert np.isnan([*s.t_values, *s.p_values, s.f_value, s.log_likelihood, s.aic]).all()
    assert "no larger than the rounding of this computation" in s.notes[0]
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    s = LeastSquaresRegressor().fit(X, X @ [0.1, 0.7, -1.3]).statistics()
    assert (s.sigma, s.r_squared) == (0, pytest.approx(1))
    for offset, noise in ((0.0, 1e-12), (1e6, 1e-6), (1e8, 1e-3)):  # small beside the data, and none of it rounding
        y = np.round((X @ [0.1, 0.7, -1.3] + offset) / 1e-13) * 1e-13 if not offset else X @ [0.1, 0.7, -1.3] + offset
        s = LeastSquaresRegressor().fit(X, y + noise * rng.normal(size=300)).statistics()
        assert 0.8 * noise < s.sigma < 1.2 * noise
    far = LeastSquaresRegressor().fit(X, X @ [0.1, 0.7, -1.3] + 1e15).statistics()
    assert 0.01 < far.sigma < 0.1  # the rounding of y to eighths is uniform: 1/8/sqrt(12) = 0.036
    assert any("rounding of the data: the fit is essentially perfect" in note for note in far.notes)


def test_a_state_does_not_say_that_small_residuals_are_none():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(300, 3))
    y = X @ [1.0, 2.0, 3.0] + 1e-8 * rng.normal(size=300)
    s = LeastSquaresRegressor().partial_fit(X, y).statistics()
    assert np.isnan([s.sigma, s.f_value, s.log_likelihood, *s.standard_errors]).all()
    assert "too small for the state to tell" in s.notes[0]
    assert 0.8e-8 < LeastSquaresRegressor().fit(X, y).statistics().sigma < 1.2e-8


def test_an_ill_conditioned_design_keeps_its_standard_errors():
    x = np.round(np.linspace(-8.8, -3.1, 82), 5)  # degree 10, as NIST's Filip: condition 1e15
    y = np.round(0.8 + 0.1 * np.sin(2 * x), 4)
    X = np.vander(x, 11, increasing=True)
    with mpmath.workdps(60):
        A = mpmath.matrix(X.tolist())
        inverse = (A.T * A) ** -1
        a = inverse * (A.T * mpmath.matrix(y.tolist()))
        left = mpmath.norm(mpmath.matrix(y.tolist()) - A * a) ** 2
        want = [float(mpmath.sqrt(inverse[j, j] * left / 71)) for j in range(11)]
    for model, design in ((LeastSquaresRegressor(), X[:, 1:]), (LeastSquaresRegressor(fit_intercept=False), X)):
        np.testing.assert_allclose(model.fit(design, y).statistics().standard_errors, want, rtol=1e-12)


def test_a_tall_design_keeps_its_standard_errors():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(30_000, 4))
    X[:, 3] = X[:, 0] + 1e-5 * X[:, 3]  # the Gram matrix has condition 1e10
    y = X @ [1.0, 2.0, 3.0, 4.0] + rng.normal(size=30_000)
    s = LeastSquaresRegressor().fit(X, y).statistics()
    R = np.linalg.qr(np.column_stack([np.ones(30_000), X]), mode="r")
    want = s.sigma * np.linalg.norm(np.linalg.inv(R), axis=1)
    np.testing.assert_allclose(s.standard_errors, want, rtol=1e-10)


def test_an_offset_costs_the_statistics_nothing():
    X, y, w = table()
    X = np.round(X * 2**20) / 2**20
    near, far = LeastSquaresRegressor().fit(X, y, w), LeastSquaresRegressor().fit(X + 1e8, y, w)
    for kind in ("nonrobust", "HC3"):
        a, b = near.statistics(X, y, w, covariance=kind), far.statistics(X + 1e8, y, w, covariance=kind)
        np.testing.assert_allclose(b.standard_errors[1:], a.standard_errors[1:], rtol=1e-11)
        np.testing.assert_allclose(b.f_value, a.f_value, rtol=1e-11)


def test_dependent_columns_have_no_standard_errors_and_the_others_theirs():
    X, y, _ = table()
    D = np.column_stack([X, X[:, 0] + X[:, 1]])
    for fit in ("fit", "partial_fit"):
        with pytest.warns(RuntimeWarning, match="rank 3 of 4"):
            model = getattr(LeastSquaresRegressor(), fit)(D, y)
        s, whole = model.statistics(D, y, covariance="HC1"), CASES["OLS HC1"]
        assert np.isnan(s.standard_errors).tolist() == [False, True, True, False, True]
        np.testing.assert_allclose(s.standard_errors[[0, 3]], np.array(whole["bse"])[[0, 3]], rtol=1e-10)
        np.testing.assert_allclose([s.r_squared, s.log_likelihood], [whole["r2"], whole["llf"]], rtol=1e-10)
        assert any("x4 = x1 + x2" in note and "of x1, x2, x4" in note for note in s.notes)
    with pytest.warns(RuntimeWarning, match="rank 2 of 3"):  # levels and an intercept: nothing alone is determined
        s = LeastSquaresRegressor().fit(np.eye(3)[np.arange(40) % 3], y).statistics()
    assert np.isnan(s.standard_errors).all()
    assert s.model_degrees == 2
    assert not math.isnan(s.f_value)


def test_what_does_not_exist_is_said():
    X, y, _ = table()
    with pytest.warns(RuntimeWarning, match="rank"):
        few = LeastSquaresRegressor().fit(X[:3], y[:3]).statistics()
    assert "no more rows (3) than independent columns (3): no degree of freedom" in few.notes[0]
    assert np.isnan([few.sigma, few.f_value, few.log_likelihood, *few.standard_errors]).all()
    ridge = LeastSquaresRegressor(ridge=1.0).fit(X, y).statistics()
    assert "biased" in ridge.notes[0]
    assert np.isnan(ridge.standard_errors).all()
    flat = LeastSquaresRegressor().fit(X, np.full(40, 0.1)).statistics()
    assert math.isnan(flat.r_squared)
    assert any("y is constant" in note for note in flat.notes)
    assert any("about zero" in note for note in LeastSquaresRegressor(fit_intercept=False).fit(X, y).statistics().notes)


def test_robust_covariances_need_the_rows_of_the_fit():
    X, y, w = table()
    model = LeastSquaresRegressor().fit(X, y, w)
    with pytest.raises(CallError, match="HC3 needs the rows"):
        model.statistics(covariance="HC3")
    with pytest.raises(InputError, match="the fit saw 40 rows"):
        model.statistics(X[:30], y[:30], covariance="HC3")
    for other in ((X, y), (X, y + np.arange(40), w), (X * 2, y, w)):
        with pytest.raises(InputError, match="not those of the fit"):
            model.statistics(*other, covariance="HC0")
    with pytest.raises(CallError, match="one of nonrobust, HC0"):
        model.statistics(covariance="HC4")
    alone = np.column_stack([X, np.arange(40) == 7])
    model = LeastSquaresRegressor().fit(alone, y)
    s = model.statistics(alone, y, covariance="HC2")
    assert np.isnan(s.standard_errors).all()
    assert any("row 8 has leverage 1" in note for note in s.notes)
    assert not np.isnan(model.statistics(alone, y, covariance="HC1").standard_errors).any()


def test_rows_of_weight_zero_are_no_rows():
    X, y, w = table()
    more = np.vstack([X, 100 + X[:5]]), np.append(y, y[:5] - 50), np.append(w, np.zeros(5))
    a = LeastSquaresRegressor().fit(X, y, w).statistics(X, y, w, covariance="HC3")
    b = LeastSquaresRegressor().fit(*more).statistics(*more, covariance="HC3")
    assert (a.rows, a.residual_degrees) == (b.rows, b.residual_degrees) == (40, 36)
    np.testing.assert_allclose(b.p_values, a.p_values, rtol=1e-9)
    np.testing.assert_allclose([b.log_likelihood, b.bic], [a.log_likelihood, a.bic], rtol=1e-12)


def test_each_output_has_its_own():
    X, y, _ = table()
    model = LeastSquaresRegressor().fit(X, np.column_stack([y[::-1], y]))
    np.testing.assert_allclose(model.statistics(output=1).p_values, CASES["OLS"]["p"], rtol=1e-10)
    with pytest.raises(CallError, match="2 outputs; say which one"):
        model.statistics()
    assert model.summary().count("log-likelihood") == 2


def test_the_table_reads_as_one():
    X, y, _ = table()
    text = LeastSquaresRegressor().fit(X, y).summary()
    lines = text.splitlines()
    assert lines[0] == "ordinary least squares"
    # the numbers are those of the reference, rounded
    assert lines[3].split() == ["degrees", "of", "freedom", "36", "adjusted", "R^2", "0.535275"]
    assert lines[-1].split() == ["x3", "-0.0525704", "0.0924412", "-0.5687", "0.5731", "-0.24005", "0.134909"]
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize("degrees", [1, 2, 7, 40, 1e5])
@pytest.mark.parametrize("t", [1e-9, 0.3, 1.7, 12.0, 300.0])
def test_tails_are_right_to_the_last_digits(degrees, t):
    with mpmath.workdps(50):  # the integral itself, by another library's incomplete beta function
        x = mpmath.mpf(degrees) / (degrees + mpmath.mpf(t) ** 2)
        want = mpmath.betainc(mpmath.mpf(degrees) / 2, mpmath.mpf(1) / 2, 0, x, regularized=True)
    assert student_two_sided(t, degrees) == pytest.approx(float(want), rel=4e-16, abs=0)
    # F with one degree of freedom is the square of t; t*t is rounded, which the tail may magnify
    assert fisher_upper(t * t, 1, degrees) == pytest.approx(float(want), rel=1e-13 * (1 + min(degrees, t * t)), abs=0)


def test_quantiles_invert_the_tails():
    for degrees in (1, 3, 30, 1e6, math.inf):
        for level in (0.5, 0.95, 0.999999):
            assert student_two_sided(student_quantile(level, degrees), degrees) == pytest.approx(1 - level, rel=1e-13)
    assert student_quantile(0.95, 1) == pytest.approx(math.tan(math.pi * 0.475), rel=1e-15)  # Cauchy


def test_a_report_has_the_statistics_of_its_problem():
    X, y, w = table()
    columns = {f"x{j + 1}": X[:, j] for j in range(3)} | {"y": y, "w": w}
    on_table = derive("ols", data=columns, target="y", drop="w")
    s = on_table.statistics("HC3")
    assert s.names == ("intercept", "x1", "x2", "x3")
    np.testing.assert_allclose(s.p_values, CASES["OLS HC3"]["p"], rtol=1e-10)
    text = "1/2*sum(i, 1, n, w[i]*(y[i] - c - a*x1[i] - b*x2[i] - d*x3[i])^2)"
    s = derive(text, unknowns="c, a, b, d", data=columns).statistics()
    np.testing.assert_allclose(s.standard_errors, CASES["WLS"]["bse"], rtol=1e-10)
    np.testing.assert_allclose(s.log_likelihood, CASES["WLS"]["llf"], rtol=1e-10)
    on_arrays = derive("||X*a - y||^2", unknowns="a", data={"X": X, "y": y})
    shown = json.loads(on_arrays.to_json())["solution"]
    np.testing.assert_allclose(shown["standard_errors"]["a"], CASES["OLS through zero"]["bse"], rtol=1e-10)
    np.testing.assert_allclose(shown["r_squared"], CASES["OLS through zero"]["r2"], rtol=1e-10)
    s = on_arrays.statistics()
    np.testing.assert_allclose(s.p_values, CASES["OLS through zero"]["p"], rtol=1e-10)
    assert s.names == ("a[1]", "a[2]", "a[3]")
    s = derive("(X*a - y)'*diag(w)*(X*a - y)", unknowns="a", data={"X": X, "y": y, "w": w}).statistics()
    np.testing.assert_allclose(s.p_values, CASES["WLS through zero"]["p"], rtol=1e-10)
    with pytest.raises(CallError, match="need data"):
        derive("ols").statistics()
    with pytest.raises(CallError, match="linear least squares, and the summand"):
        derive("logistic", data={"x": [1, 2, 3, 4], "y": [0, 1, 0, 1]}, target="y").statistics()
    penalised = derive("ridge", data=columns, target="y", values={"lam": "0.5"}).statistics()
    assert "biased" in penalised.notes[0]
