"""Solvers and gradients that are emitted as code: against other systems, and derivatives against finite differences.

The data are those that statsmodels ships (public domain): Spector and Mazzeo (1980), the Scottish vote of 1997 and the
executions of 1997 (Gill, *Generalized Linear Models*, 2000).
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import closedform as cf
from closedform import problem
from closedform.emit.iterative import methods
from closedform.report.solver import executed, iteration_of

SPECTOR = """\
GPA,TUCE,PSI,GRADE
2.66,20,0,0
2.89,22,0,0
3.28,24,0,0
2.92,12,0,0
4,21,0,1
2.86,17,0,0
2.76,17,0,0
2.87,21,0,0
3.03,25,0,0
3.92,29,0,1
2.63,20,0,0
3.32,23,0,0
3.57,23,0,0
3.26,25,0,1
3.53,26,0,0
2.74,19,0,0
2.75,25,0,0
2.83,19,0,0
3.12,23,1,0
3.16,25,1,1
2.06,22,1,0
3.62,28,1,1
2.89,14,1,0
3.51,26,1,0
3.54,24,1,1
2.83,27,1,1
3.39,17,1,1
2.67,24,1,0
3.65,21,1,1
4,23,1,1
3.1,21,1,0
2.39,19,1,1
"""

SCOTLAND = """\
YES,COUTAX,UNEMPF,MOR,ACT,GDP,AGE,COUTAX_FEMALEUNEMP
60.3,712,21,105,82.4,13566,12.3,14952
52.3,643,26.5,97,80.2,13566,15.3,17039.5
53.4,679,28.3,113,86.3,9611,13.9,19215.7
57,801,27.1,109,80.4,9483,13.6,21707.1
68.7,753,22,115,64.7,9265,14.6,16566
48.8,714,24.3,107,79,9555,13.8,17350.2
65.5,920,21.2,118,72.2,9611,13.3,19504
70.5,779,20.5,114,75.2,9483,14.5,15969.5
59.1,771,23.2,102,81.1,9483,14.2,17887.2
62.7,724,20.5,112,80.3,12656,13.7,14842
51.6,682,23.8,96,83,9483,14.6,16231.6
62,837,22.1,111,74.5,12656,11.6,18497.7
68.4,599,19.9,117,83.8,8298,15.1,11920.1
69.2,680,21.5,121,77.6,9265,13.7,14620
64.7,747,22.5,109,77.9,8314,14.4,16807.5
75,982,19.4,137,65.3,9483,13.3,19050.8
62.1,719,25.9,109,80.9,8298,14.9,18622.1
67.2,831,18.5,138,80.2,9483,14.6,15373.5
67.7,858,19.4,119,84.8,12656,14.3,16645.2
52.7,652,27.2,108,86.4,13566,14.6,17734.4
65.7,718,23.7,115,73.5,9483,15,17016.6
72.2,787,20.8,126,74.7,9483,14.9,16369.6
47.4,515,26.8,106,87.8,8298,15.3,13802
51.3,732,23,103,86.6,9611,13.8,16836
63.6,783,20.5,125,78.5,9483,14.1,16051.5
50.7,612,23.7,100,80.6,9033,13.3,14504.4
51.6,486,23.2,117,84.8,8298,15.9,11275.2
56.2,765,23.6,105,79.2,9483,13.7,18054
67.6,793,21.7,125,78.4,9483,14.5,17208.1
58.9,776,23,110,77.2,9265,13.6,17848
74.7,978,19.3,130,71.5,9483,15.3,18875.4
67.3,792,21.2,126,82.2,12656,15.1,16790.4
"""

PUNISHED = """\
EXECUTIONS,INCOME,PERPOVERTY,PERBLACK,VC100k96,SOUTH,DEGREE
37,34453,16.7,12.2,644,1,0.16
9,41534,12.5,20,351,1,0.27
6,35802,10.6,11.2,591,0,0.21
4,26954,18.4,16.1,524,1,0.16
3,31468,14.8,25.9,565,1,0.19
2,32552,18.8,3.5,632,0,0.25
2,40873,11.6,15.3,886,0,0.25
2,34861,13.1,30.1,997,1,0.21
1,42562,9.4,4.3,405,0,0.31
1,31900,14.3,15.4,1051,1,0.24
1,37421,8.2,8.2,537,0,0.19
1,33305,16.4,7.2,321,0,0.16
1,32108,18.4,32.1,929,1,0.18
1,45844,9.3,27.4,931,0,0.29
1,34743,10,4,435,0,0.24
1,29709,15.2,7.7,597,0,0.21
1,36777,11.7,1.8,463,0,0.25
"""


def columns(text: str) -> dict[str, list[float]]:
    rows = list(csv.DictReader(io.StringIO(text)))
    return {k: [float(r[k]) for r in rows] for k in rows[0]}


def design(text: str, target: str) -> tuple[np.ndarray, np.ndarray]:
    """The features with a column of ones first, and the target."""
    table = columns(text)
    y = np.array(table.pop(target))
    return np.column_stack([np.ones(len(y)), *table.values()]), y


# statsmodels 0.15.0: Logit, Probit and GLM(Binomial(CLogLog())), GLM(Gamma(Log())), GLM(Poisson()), each to tolerance 1e-15
GENERALISED_LINEAR = [
    (
        "logistic",
        SPECTOR,
        "GRADE",
        [-13.021346858115692, 2.8261125948893215, 0.09515766131790931, 2.3786876550933536],
    ),
    ("probit", SPECTOR, "GRADE", [-7.452319648220317, 1.6258100394515833, 0.05172894550759994, 1.426332342007149]),
    ("cloglog", SPECTOR, "GRADE", [-10.031418788347732, 2.2935526680524383, 0.04115597245713491, 1.5622758811322854]),
    (
        "gamma_regression",
        SCOTLAND,
        "YES",
        [
            5.6581271962070225,
            -0.002377040610337333,
            -0.10047729661738736,
            0.004812955883803156,
            -0.006660014122742863,
            8.173314495613516e-06,
            0.029755551340818975,
            0.00011798691323515486,
        ],
    ),
    (
        "poisson_regression",
        PUNISHED,
        "EXECUTIONS",
        [
            -4.770212977498561,
            0.00025666575728116236,
            0.07367587968841911,
            -0.09248670213461337,
            0.0001887376557126002,
            2.3108277000895807,
            -19.12765882586025,
        ],
    ),
]


@pytest.mark.parametrize(("name", "text", "target", "expected"), GENERALISED_LINEAR)
def test_generalised_linear_models_as_statsmodels_has_them(
    name: str, text: str, target: str, expected: list[float]
) -> None:
    X, y = design(text, target)
    found = executed(iteration_of(problem.read(name)).source)["solve"](X=X, y=y)
    assert found["converged"]
    assert np.allclose(found["b"], expected, rtol=1e-8, atol=0)
    assert found["iterations"] < 40


@pytest.mark.slow
def test_logistic_regression_on_a_table() -> None:
    report = cf.derive("logistic", data=columns(SPECTOR), target="GRADE", intercept=True)
    solver = report.solver()
    found = solver()
    expected = GENERALISED_LINEAR[0][3]
    assert np.allclose([found[u] for u in report.problem.unknowns], expected, rtol=1e-8)
    assert found.converged
    assert found.iterations < 12
    assert "reweighted least squares" in solver.method
    for p in report.critical_points:  # the certified enclosure says the same
        assert all(abs(found[u] - float(p.numeric[u])) < 1e-10 for u in p.numeric or {})


def test_classifiers_as_scikit_learn_has_them() -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    # scikit-learn 1.8: LogisticRegression(C=1, fit_intercept=False, solver="newton-cholesky", tol=1e-14).coef_
    X, y = datasets.load_breast_cancer(return_X_y=True)
    found = executed(iteration_of(problem.read("logistic_ridge")).source)["solve"](X=X[:, :5], y=y, lam=1 / 2)
    expected = [4.984133538807274, -0.17570653042756995, -0.5441118328477932, -0.026151642916070816, -0.510877131271641]
    assert np.allclose(found["b"], expected, rtol=1e-8)


def test_the_solver_of_a_closed_form_is_the_closed_form() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(9, 3)), rng.normal(size=9)
    solver = cf.derive("ols").solver()
    found = solver(X=X, y=y)
    assert np.allclose(found["a"], np.linalg.lstsq(X, y, rcond=None)[0], rtol=1e-12)
    assert (found.iterations, found.converged, solver.method) == (0, True, "the closed form")
    assert found.gradient_norm < 1e-12


NIST = Path("/work/shared/data/nist/nonlinear")


@pytest.mark.skipif(not NIST.exists(), reason="the corpus is not here")
def test_nonlinear_least_squares_as_nist_certifies() -> None:
    models = json.loads((NIST / "models.json").read_text())
    for name, model in models.items():
        code = iteration_of(problem.read(model["loss"], unknowns=model["unknowns"], data=str(NIST / f"{name}.csv")))
        table = columns((NIST / f"{name}.csv").read_text())
        start = [float(model["start2"][u]) for u in code.unknowns]
        found = executed(code.source)["solve"](*(table[key] for key, _ in code.arguments), start=start)
        certified = {u: float(v) for u, v in model["certified"].items()}
        assert all(abs(found[u] / v - 1) < 1e-8 for u, v in certified.items()), name


@pytest.mark.parametrize(
    "text",
    [
        "||W2*sigmoid(W1*X) - Y||^2",
        "||W2*tanh(W1*X) - Y||^2",
        "||W2*relu(W1*X) - Y||^2",
        "||W3*sigmoid(W2*tanh(W1*X)) - Y||^2",
        "||W2*softplus(W1*X + b*ones(n)') - Y||^2 + lam*||W1||^2",
        "-sum(Y .* log(sigmoid(W1*X)) + (1 - Y) .* log(1 - sigmoid(W1*X)))",
        "logdet(W1*W1' + eye(h)) - tr(inv(W1*W1' + eye(h))*C)",
    ],
)
def test_gradients_and_hessians_of_matrices_against_central_differences(text: str) -> None:
    sizes = {"X": (3, 5), "Y": (2, 5), "W1": (2, 3), "W2": (2, 2), "W3": (2, 2), "b": (2, 1), "C": (2, 2)}
    shapes = {"X": "d,n", "Y": "m,n", "W1": "h,d", "W2": "m,h", "W3": "m,m", "b": "h,1", "C": "h,h"}
    if "W3" in text:
        shapes["W2"] = "m,h"
    if "-sum" in text:
        shapes["W1"] = "m,d"
    used = {k: s for k, s in shapes.items() if k in text.replace("logdet", "")}
    unknowns = [k for k in used if k[0] in "Wb"]
    stated = problem.read(text, unknowns=unknowns, shapes=used)
    code = executed(iteration_of(stated, smooth=False).source)
    rng = np.random.default_rng(3)
    arrays: dict[str, Any] = {k: rng.uniform(0.1, 0.9, size=sizes[k]) for k in used}
    arrays |= {"h": 2, "lam": 0.3, "m": 2, "d": 3}
    data = code["given"](*(arrays[key] for key, _ in iteration_of(stated, smooth=False).arguments))
    theta = np.concatenate([rng.normal(size=sizes[u]).ravel() for u in unknowns])
    step = 1e-5
    axes = np.eye(len(theta)) * step
    slopes = [(code["loss"](theta + e, *data) - code["loss"](theta - e, *data)) / (2 * step) for e in axes]
    assert np.allclose(code["gradient"](theta, *data), slopes, rtol=1e-6, atol=1e-7)
    bends = [(code["gradient"](theta + e, *data) - code["gradient"](theta - e, *data)) / (2 * step) for e in axes]
    assert np.allclose(code["hessian"](theta, *data), bends, rtol=1e-5, atol=1e-6)


def test_the_gradient_function_takes_the_names_of_the_problem() -> None:
    report = cf.derive("||W2*sigmoid(W1*X) - Y||^2", unknowns=["W1", "W2"])
    rng = np.random.default_rng(1)
    W1, W2, X, Y = (rng.normal(size=s) for s in ((4, 3), (2, 4), (3, 7), (2, 7)))
    slopes = report.gradient_function()(W1=W1, W2=W2, X=X, Y=Y)
    S = 1 / (1 + np.exp(-W1 @ X))
    R = W2 @ S - Y
    assert np.allclose(slopes["W2"], 2 * R @ S.T, rtol=1e-12)  # by hand
    assert np.allclose(slopes["W1"], 2 * ((W2.T @ R) * S * (1 - S)) @ X.T, rtol=1e-12)
    with pytest.raises(cf.CallError, match="W2"):
        report.gradient_function()(W1=W1, X=X, Y=Y)


SCALAR = [
    ("nn", {"hidden": 2, "bias": True}),
    ("weibull", {}),
    ("gamma", {}),
    ("von_mises", {}),
    ("negative_binomial", {}),
    ("student", {}),
    ("mixture", {}),
    ("gaussian_process_noise", {}),
    ("cox", {}),
    ("zero_truncated_poisson", {}),
    ("logistic_distribution", {}),
    ("exponential_smoothing", {}),
    ("rosenbrock", {}),
    ("median", {}),
    ("two_means", {}),
]


@pytest.mark.parametrize(("name", "options"), SCALAR)
def test_scalar_derivatives_against_central_differences(name: str, options: dict[str, Any]) -> None:
    stated = problem.read(name, **options)
    code = iteration_of(stated)
    functions = executed(code.source)
    rng = np.random.default_rng(0)
    data = functions["given"](*(rng.uniform(0.6, 1.9, 7) if k in code.columns else 0.7 for k, _ in code.arguments))
    extra = (0.3,) if "rounded off" in code.method else ()
    theta = rng.uniform(0.3, 0.9, len(code.unknowns))
    step = 1e-5
    axes = np.eye(len(theta)) * step

    def of(key: str, at: np.ndarray) -> Any:
        return functions[key](at, *data, *extra)

    slopes = [(of("loss", theta + e) - of("loss", theta - e)) / (2 * step) for e in axes]
    assert np.allclose(of("gradient", theta), slopes, rtol=1e-6, atol=1e-7)
    bends = [(of("gradient", theta + e) - of("gradient", theta - e)) / (2 * step) for e in axes]
    assert np.allclose(of("hessian", theta), bends, rtol=1e-5, atol=1e-5)


def test_sums_of_shifted_and_nested_columns() -> None:
    # an autoregression by its normal equation; Cox's partial likelihood with three patients against the written-out entry
    rng = np.random.default_rng(2)
    x = rng.normal(size=12)
    found = executed(iteration_of(problem.read("sum(t, 2, n, (x[t] - a*x[t-1])^2)", unknowns="a")).source)["solve"](x)
    assert found["a"] == pytest.approx(x[1:] @ x[:-1] / (x[:-1] @ x[:-1]), rel=1e-10)
    stated = problem.read("sum(i, 1, n, log(sum(j, i, n, exp(b*x[j]))) - b*x[i])", unknowns="b")
    z = [0.3, -1.0, 0.7]
    found = executed(iteration_of(stated).source)["loss"](np.array([0.4]), np.array(z), 3)
    by_hand = sum(np.log(sum(np.exp(0.4 * v) for v in z[i:])) - 0.4 * z[i] for i in range(3))
    assert found == pytest.approx(by_hand, rel=1e-13)


def test_kinks_are_rounded_off_and_then_sharp() -> None:
    x = [1.0, 2.0, 4.0, 8.0, 16.0]
    found = cf.derive("sum(i, 1, n, abs(x[i] - m))", unknowns="m", exact=False).solver()(x=x)
    assert found["m"] == pytest.approx(4, abs=1e-8)  # the median


def test_bounds_are_kept() -> None:
    solver = cf.derive("(a - 3)^4 + (b + 1)^2 + a*b", box="a=0:1,b=0:5").solver()
    found = solver(start=[0.5, 0.5])
    assert (found["a"], found["b"]) == pytest.approx((1, 0))
    assert found.converged


def test_a_minimum_that_is_not_attained_does_not_converge() -> None:
    report = cf.derive("logistic", data={"x": [-2, -1, 1, 2], "y": [0, 0, 1, 1]}, target="y", intercept=False)
    assert report.verdict.outcome == "no_critical_point"
    assert not report.solver()().converged


@pytest.mark.parametrize(
    ("loss", "options", "said"),
    [
        ("zeta", {}, "zeta"),
        ("exp(a*b) + (a - x)^4 + b^2 subject to a <= b", {"unknowns": "a,b"}, "subject to"),
        ("logdet(S) + tr(inv(S)*C*S*C)", {"shapes": "S=k,k;C=k,k", "unknowns": "S", "assumptions": ["S spd"]}, "spd"),
    ],
)
def test_what_has_no_solver_says_why_in_one_line(loss: str, options: dict[str, Any], said: str) -> None:
    report = cf.derive(loss, timeout=3, **options)
    with pytest.raises(cf.CallError, match=said) as refused:
        report.solver()
    assert "\n" not in str(refused.value)


def test_names_never_become_code() -> None:
    # an unknown that is called like Python's words, or like what the code itself uses
    stated = problem.read("(lambda - 1)^2 + (np - 2)^2 + (theta - 3)^2 + (T1*theta - 1)^2", unknowns="lambda,np,theta")
    found = executed(iteration_of(stated).source)["solve"](0.5, start=[0, 0, 0])
    assert found["lambda"] == pytest.approx(1)
    assert found["np"] == pytest.approx(2)


def test_special_functions_of_the_emitted_code() -> None:
    # mpmath 1.3 at 30 digits
    assert methods._polygamma(0, 0.3) == pytest.approx(-3.502524222200132988966, rel=1e-13)
    assert methods._polygamma(1, 2.5) == pytest.approx(0.4903577561002348649728, rel=1e-13)
    assert methods._polygamma(2, 1.0) == pytest.approx(-2.404113806319188570799, rel=1e-13)
    assert methods._bessel_i(1, 3.0) == pytest.approx(3.953370217402609396478, rel=1e-13)
    assert methods._lambertw(5.0) == pytest.approx(1.326724665242200223635, rel=1e-13)


def test_a_report_on_data_without_a_formula_offers_the_iteration_that_was_run() -> None:
    report = cf.derive("logistic", data={"x": [1, 2, 3, 4], "y": [0, 1, 0, 1]}, target="y", intercept=False)
    told = report.computed
    assert told is not None
    assert f"iterates: {told.iterations} steps on your data" in report.to_text()
    assert told.values["x"] == pytest.approx(float(report.critical_points[0].numeric["x"]))
    closed = cf.derive("logistic", data={"x": [0, 1, 0, 1], "y": [0, 1, 1, 1]}, target="y")
    assert closed.computed is None


def test_arrays_without_a_formula_come_back_with_numbers() -> None:
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(2, 9)), rng.normal(size=(3, 9))
    shapes = {"W1": "2,2", "W2": "3,2"}
    report = cf.derive("||W2*tanh(W1*X) - Y||^2", unknowns=["W1", "W2"], data={"X": X, "Y": Y}, shapes=shapes)
    found = report.to_dict()["solution"]
    W1, W2 = np.array(found["W1"]), np.array(found["W2"])
    assert found["trust"] == "observed"
    assert found["loss"] == pytest.approx(np.sum((W2 @ np.tanh(W1 @ X) - Y) ** 2))


def test_a_plateau_is_no_minimum() -> None:
    solver = cf.derive("tanh(x)^2").solver()
    assert solver().converged
    assert not solver(start=[40.0]).converged


def test_the_squared_hinge_as_scikit_learn_has_it() -> None:
    svm = pytest.importorskip("sklearn.svm")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 3))
    y = np.sign(X[:, 0] + rng.normal(size=40))
    found = executed(iteration_of(problem.read("squared_hinge")).source)["solve"](X=X, y=y, lam=0.5)
    # C = 1/(2*lam), no intercept
    fitted = svm.LinearSVC(C=1.0, fit_intercept=False, tol=1e-12, max_iter=1_000_000).fit(X, y)
    assert np.allclose(found["b"], fitted.coef_[0], rtol=1e-8)
