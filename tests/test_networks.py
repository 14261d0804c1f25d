"""Networks: as wide as their data they have a formula. Least values are held against NumPy's least squares.

A network's outputs on the rows are combinations of the activations of its units, so the least loss of a wide one is the
squared distance of the targets from the span of many random activations: ``least`` computes that in floating point.
"""

from __future__ import annotations

import copy
import importlib.util
import random
import sys
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import sympy as sp

import closedform as cf
from closedform import problem as problems
from closedform.budget import Budget
from closedform.kernel import Refused, check_certificate
from closedform.stationarity.text.text_only import text_only
from closedform.strategies.networks import patterns, width

ACTIVATIONS = {
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "softplus": lambda z: np.log1p(np.exp(z)),
    "relu": lambda z: np.maximum(z, 0),
}


def least(data, act, bias):
    """The squared distance of the targets from the span of 400 random units."""
    x = np.array([v for k, v in data.items() if k != "y"], dtype=float).T
    y = np.array(data["y"], dtype=float)
    rng = np.random.default_rng(7)
    weights = rng.normal(0, 1, (x.shape[1], 400)) * rng.choice([0.1, 0.5, 2], 400)
    units = ACTIVATIONS[act](x @ weights + (rng.normal(0, 4, 400) if bias else 0))
    residual = y - units @ np.linalg.lstsq(units, y, rcond=1e-11)[0]
    return float(residual @ residual)


def output(report, data, hidden, act, bias):
    """The loss at the point listed, evaluated anew."""
    point = report.critical_points[0]
    at = {u: float(v) for u, v in point.numeric.items()}
    x = np.array([v for k, v in data.items() if k != "y"], dtype=float).T
    out = np.zeros(len(x))
    for j in range(1, hidden + 1):
        z = sum(at[f"w{j}_{f + 1}"] * x[:, f] for f in range(x.shape[1])) + (at[f"b{j}"] if bias else 0)
        out += at[f"v{j}"] * ACTIVATIONS[act](z)
    return float(((np.array(data["y"]) - out) ** 2).sum())


def table(source):
    rows, features = source.randint(2, 6), source.randint(1, 2)
    data = {f"x{f}": [source.randint(-4, 6) for _ in range(rows)] for f in range(features)}
    return {**data, "y": [source.randint(-9, 9) for _ in range(rows)]}, rows


@pytest.mark.parametrize("seed", [*range(11), pytest.param(11, marks=pytest.mark.slow)])  # 11: twenty seconds of CPU
def test_a_network_as_wide_as_its_data_has_a_global_minimiser_in_closed_form(seed):
    source = random.Random(seed)
    data, rows = table(source)
    act, bias, hidden = list(ACTIVATIONS)[seed % 4], seed % 3 > 0, max(2, rows + source.randint(0, 2))
    report = cf.derive("nn", data=data, target="y", hidden=hidden, activation=act, bias=bias, timeout=40)
    assert report.verdict.outcome == "partly_closed"
    assert report.verdict.minimiser == "closed"
    assert not report.complete
    point = report.critical_points[0]
    assert point.kind == "global minimum"
    assert abs(float(point.loss) - least(data, act, bias)) < 1e-6
    assert abs(float(point.loss) - output(report, data, hidden, act, bias)) < 1e-6
    assert cf.verify(report)


def nn(x, y, **keywords):
    return cf.derive("nn", data={"x": x, "y": y}, target="y", timeout=40, **keywords)


@pytest.mark.parametrize(
    ("x", "y", "act", "bias", "loss"),
    [
        ([1, 2, 2, 2], [5, 1, 2, 6], "sigmoid", True, 14),  # (1, 2, 6) about their mean 3
        ([-1, 0, 1], [0, 0, 1], "sigmoid", False, Fraction(1, 6)),  # sigmoid(-z) + sigmoid(z) = 2*sigmoid(0)
        ([-1, 1], [3, 1], "tanh", False, 8),  # tanh is odd: the odd part of y is left, y less (1, -1)
        ([0, 1], [3, 1], "tanh", False, 9),  # tanh(0) = 0
        ([1, 2, 3], [2, 1, 5], "relu", False, Fraction(59, 14)),  # relu(w*x) = x*relu(w) for x > 0: least squares on x
    ],
)
def test_equal_inputs_and_odd_activations_leave_the_exact_least_loss(x, y, act, bias, loss):
    report = nn(x, y, hidden=len(x), activation=act, bias=bias)
    assert report.verdict.minimiser == "closed"
    assert sp.Rational(report.critical_points[0].loss) == sp.Rational(loss)


def test_softplus_without_a_bias_cannot_reach_four_rows_plus_minus():
    """softplus(z) - softplus(-z) = z, so x = 1, -1, 2, -2 leave one relation: 2*(y1 - y2) = y3 - y4."""
    report = nn([1, -1, 2, -2], [1, 0, 0, 0], hidden=4, activation="softplus")
    assert report.critical_points[0].loss == sp.Rational(4, 10)


def test_the_set_of_minimisers_has_its_dimension_and_the_point_its_inertia():
    report = nn([1, 2, 3], [2, 1, 5], hidden=4, bias=True)
    assert any("dimension 9" in s.text and "12 unknowns" in s.text for s in report.verdict.statements)
    assert report.critical_points[0].inertia == (3, 0, 9)


def test_deeper_networks_by_their_last_hidden_layer():
    report = nn([1, 2, 3], [2, 1, 5], hidden=3, layers=2, bias=True)
    assert report.verdict.minimiser == "closed"
    assert report.critical_points[0].loss == 0
    assert cf.verify(report)


def test_several_outputs_and_a_scaled_loss_in_text():
    units = "({a}[i] - {p}*sigmoid(w*x[i]) - {q}*sigmoid(z*x[i]))^2"
    text = f"sum(i, 1, n, {units.format(a='y', p='v1', q='v2')} + 3*{units.format(a='t', p='u1', q='u2')})/n"
    report = cf.derive(text, unknowns=["v1", "v2", "u1", "u2", "w", "z"], data={"x": [1, 2], "y": [3, 4], "t": [5, 1]})
    assert report.verdict.minimiser == "closed"
    assert report.critical_points[0].loss == 0


def test_more_unknowns_than_rows_reach_zero_exactly():
    """v*sigmoid(w + b) = 2, v*sigmoid(2w + b) = 1 at b = log(2): 2*t^2 + 2*t = 1 for t = exp(w), so v = 3 + sqrt(3)."""
    report = nn([1, 2], [2, 1], bias=True)
    point = report.critical_points[0]
    assert report.verdict.minimiser == "closed"
    assert point.loss == 0
    assert point.inertia == (2, 0, 1)
    assert sp.simplify(point.exact["v"] - 3 - sp.sqrt(3)) == 0
    assert sp.simplify(sp.exp(point.exact["w"]) - (sp.sqrt(3) - 1) / 2) == 0


def test_two_units_on_three_rows_end_with_a_global_minimum():
    report = nn([1, 2, 3], [2, 1, 5], hidden=2)
    point = report.critical_points[0]
    assert point.kind == "global minimum"
    assert point.loss == 0
    assert output(report, {"x": [1, 2, 3], "y": [2, 1, 5]}, 2, "sigmoid", False) < 1e-20
    assert cf.verify(report)


def test_a_network_without_a_minimum_still_ends_with_a_number():
    report = cf.derive("nn", data={"x": [1, 2, 3], "y": [2, 1, 5]}, target="y", hidden=2, activation="tanh", timeout=20)
    assert any("search in floating point" in s.text for s in report.verdict.statements)


def test_a_narrow_network_is_left_to_the_others():
    report = nn([1, 2, 3], [0, 1, 0])
    assert "as many units as rows" in [a.strategy for a in report.attempts]
    assert report.verdict.outcome == "partly_closed"
    assert report.complete


# -- any width, over data in symbols -----------------------------------------------------------------------------------


def texts(report):
    return [s.text for s in report.verdict.statements]


@pytest.mark.parametrize(
    ("loss", "formula"),
    [
        ("||W2*sigmoid(W1*X) - Y||^2", "W2 = Y*pinv(sigmoid(W1*X))"),
        ("||W2*tanh(W1*X) - Y||^2", "W2 = Y*pinv(tanh(W1*X))"),
        ("||sigmoid(X*W1)*W2 - Y||^2", "W2 = pinv(sigmoid(X*W1))*Y"),
        ("||Y - W2*sigmoid(W1*X + W0*ones(n)')||^2", "W2 = Y*pinv(sigmoid(W1*X + W0*ones(n)'))"),
    ],
)
def test_narrow_networks_have_no_formula_for_all_points_and_wide_ones_have_one(loss, formula):
    unknowns = [w for w in ("W0", "W1", "W2") if w in loss]
    report = cf.derive(loss, unknowns=unknowns, shapes={"X": "n,k", "Y": "n,m"} if "X*W1" in loss else {}, timeout=40)
    assert report.verdict.outcome == "not_closed"
    assert report.verdict.scope == "formula"
    assert report.verdict.minimiser == "undecided"
    assert any("every width" in t and "not of the global minimiser" in t for t in texts(report))
    assert any(formula in t for t in texts(report))
    assert all(("none of them zero" in t) == ("W0" not in loss) for t in texts(report) if "as many units" in t)
    assert cf.verify(report)


def test_over_rows_one_unit_is_a_witness_for_three():
    report = cf.derive("nn", hidden=3, bias=True, timeout=40)
    assert report.verdict.outcome == "not_closed"
    assert report.verdict.minimiser == "undecided"
    assert any("units (3)" in t for t in texts(report))


def test_one_unit_has_no_formula_for_its_minimiser():
    """Three rows and three unknowns: the loss zero is reached where 3*t^5 - 5*t^4 - ... - 5 = 0, whose group is S5."""
    report = cf.derive("nn", hidden=1, bias=True, timeout=40)
    assert report.verdict.outcome == "not_closed"
    assert report.verdict.minimiser == "not_closed"
    assert any("3*t1^5 - 5*t1^4" in t for t in texts(report))


def test_what_is_no_network_of_equal_units_is_left_alone():
    for loss, unknowns in [
        ("||W2*sigmoid(W1*X) - Y||^2 + ||W1||^2", ["W1", "W2"]),  # a penalty
        ("||W1'*sigmoid(W1*X) - Y||^2", ["W1"]),  # tied weights
        ("||W2*sigmoid(X) - Y||^2", ["W2"]),  # nothing hidden
    ]:
        assert width.network(problems.read(loss, unknowns=unknowns)) is None


# -- the kernel's claim ------------------------------------------------------------------------------------------------


def certificate(**keywords):
    report = nn([-1, 0, 1], [0, 0, 1], hidden=3, **keywords)
    return next(c for c in report.certificates if c.kind == "least_value").to_dict()


FORGERIES = {
    "a lower value": (lambda c: c["claim"].update(value="0"), "leave 1/6 as the least"),
    "no relation": (lambda c: c["evidence"].update(relations=[]), "leave 0 as the least"),
    "a relation that does not hold": (lambda c: c["evidence"].update(relations=[["1", "0", "0"]]), "does not hold"),
    "a relation twice": (lambda c: c["evidence"]["relations"].append(c["evidence"]["relations"][0]), "malformed"),
    "another loss": (lambda c: c["statement"]["columns"].update(y=["0", "0", "2"]), "least sum of squares"),
    "another point": (lambda c: c["claim"]["point"].update(v1="1/7"), "the loss at the point is"),
    "an unknown without a value": (lambda c: c["claim"]["point"].pop("v1"), "one value for each unknown"),
    "not affine": (lambda c: c["evidence"]["affine"].append("w1_1"), "affine"),
    "a loss that is no square": (lambda c: c["statement"].update(loss=["exp", "v1"]), "not a sum of squares"),
    "a negative weight": (
        lambda c: c["statement"].update(loss=["*", "-1", c["statement"]["loss"]]),
        "not a sum of squares",
    ),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_least_value_is_refused(forgery):
    change, reason = FORGERIES[forgery]
    good = certificate()
    assert "nowhere below 1/6" in check_certificate(good)
    change(good)
    with pytest.raises(Refused, match=reason):
        check_certificate(good)


def test_a_zero_of_all_residuals_is_proved_by_newtons_test():
    report = nn([1, 2], [2, 1], bias=True)
    good = next(c for c in report.certificates if c.kind == "least_value").to_dict()
    assert "nowhere below 0" in check_certificate(good)
    moved = copy.deepcopy(good)
    moved["claim"]["within"]["v"]["numeric"] = "4.75"
    with pytest.raises(Refused, match="Newton's step"):
        check_certificate(moved)
    vacuous = copy.deepcopy(good)
    vacuous["evidence"]["relations"] = [["1", "0"]]
    with pytest.raises(Refused, match="one number for each residual"):
        check_certificate(vacuous)


def test_enclosed_output_weights_must_lie_where_they_are_said_to():
    good = certificate(activation="softplus")
    check_certificate(good)
    first = next(iter(good["claim"]["within"].values()))
    first["numeric"] = str(Fraction(first["numeric"]) + 1)
    with pytest.raises(Refused, match="not shown to lie"):
        check_certificate(good)


@pytest.mark.parametrize(
    "text",
    [
        "-sum(Y.*log(sigmoid(W*X)) + (1-Y).*log(1-sigmoid(W*X)))",
        "sum(log(1 + exp(W*X)) - Y.*(W*X))",
    ],
)
def test_cross_entropy_is_decided_however_it_is_written(text: str) -> None:
    # theory.md: the label enters through a linear term, so monodromy speaks (T13 to T15), and no conjecture is needed
    report = cf.derive(text, unknowns="W", shapes="X=d,n;Y=m,n;W=m,d")
    assert report.verdict.outcome == report.verdict.minimiser == "not_closed"
    assert any(s.topic == "not liouvillian" and not s.assuming for s in report.verdict.statements)
    # by hand, (sigmoid(W*X) - Y)*X'
    rng = np.random.default_rng(0)
    W, X, Y = rng.normal(size=(2, 3)), rng.normal(size=(3, 4)), rng.uniform(size=(2, 4))
    slope = report.gradient_function()(W=W, X=X, Y=Y)["W"]
    assert np.allclose(slope, (1 / (1 + np.exp(-W @ X)) - Y) @ X.T, rtol=1e-12)


def test_a_sigmoid_in_a_sigmoid_is_left_at_once() -> None:
    report = cf.derive("||W3*sigmoid(W2*sigmoid(W1*X)) - Y||^2", unknowns="W1,W2,W3")
    assert report.verdict.outcome == "undecided"
    assert not any(a.outcome == "timeout" for a in report.attempts)
    assert not any("small data sets" in a.reason for a in report.attempts)


def on_a_grid(x, y, bias):
    """The least loss of one rectified unit over many places of its kink: the output weight by least squares."""
    best = (y**2).sum() if not bias else min((y**2).sum(), ((y - y.mean()) ** 2).sum())
    for side in (1, -1):
        for kink in np.linspace(-40, 40, 4001) if bias else [0.0]:
            h = np.maximum(0, side * (x - kink))
            if h @ h > 0:
                best = min(best, y @ y - (y @ h) ** 2 / (h @ h))
    return best


@pytest.mark.parametrize("bias", [False, True])
def test_one_rectified_unit_has_a_rational_global_minimum(bias: bool) -> None:
    # theory.md, T19; held against a grid of kinks, which can only be above
    source = random.Random(7)
    for _ in range(25):
        n = source.randint(2, 7)
        x, y = ([source.randint(-4, 4) for _ in range(n)] for _ in range(2))
        problem = problems.read("nn", data={"x": x, "y": y}, target="y", activation="relu", bias=bias)
        found = patterns.attempt(text_only(problem), Budget(time.monotonic() + 20, 30))
        assert found.outcome == "partial"
        (point,) = found.points
        at = {u: float(v) for u, v in (point.exact or {}).items()}
        X, Y = np.array(x, dtype=float), np.array(y, dtype=float)
        loss = ((Y - at["v"] * np.maximum(0, at["w"] * X + at.get("b", 0.0))) ** 2).sum()
        grid = on_a_grid(X, Y, bias)
        assert loss == pytest.approx(float(point.loss), abs=1e-9)
        assert grid - 0.05 * (1 + grid) <= loss <= grid + 1e-7


def test_a_rectified_unit_in_a_report() -> None:
    # the regression line 7/2 + 9/5*(x - 1/2) is positive on all rows: 4/5, by hand
    report = cf.derive("nn", data={"x": [-1, 0, 1, 2], "y": [1, 2, 5, 6]}, target="y", activation="relu", bias=True)
    assert (report.verdict.minimiser, str(report.critical_points[0].loss)) == ("closed", "4/5")


@pytest.mark.parametrize(
    ("activation", "x", "y", "least"),
    [
        # sigmoid(z) + sigmoid(-z) = 1: f(-1) + f(1) = 2*f(0), which the targets miss by 2 of norm sqrt(6)
        ("sigmoid", [-1, 0, 1, 2], [1, 2, 5, 6], "2/3"),
        # tanh is odd: f(-2) + f(2) = 0 and f(0) = 0, so half of 4^2 at least
        ("tanh", [-2, 0, 2], [0, 0, 4], "8"),
        # f(-3) + f(3) = f(-2) + f(2): the targets miss it by 2 of norm 2
        ("sigmoid", [-3, -2, 2, 3], [3, 3, 6, 4], "1"),
    ],
)
def test_two_units_reach_what_relations_of_the_rows_leave(activation, x, y, least):
    report = cf.derive("nn", data={"x": x, "y": y}, target="y", hidden=2, activation=activation)
    assert report.verdict.minimiser == "closed"
    (point,) = (p for p in report.critical_points if p.kind == "global minimum")
    assert str(point.loss) == least
    at = {u: float(v) for u, v in point.exact.items()}
    X, Y = np.array(x, dtype=float), np.array(y, dtype=float)
    units = [at[f"v{j}"] * ACTIVATIONS[activation](at[f"w{j}_1"] * X) for j in (1, 2)]
    assert ((Y - sum(units)) ** 2).sum() == pytest.approx(float(Fraction(least)), rel=1e-12)


def _table():
    path = Path(__file__).parent.parent / "benchmarks" / "small_networks.py"
    spec = importlib.util.spec_from_file_location("small_networks", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["small_networks"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.parametrize("row", _table().TABLE, ids=lambda row: row.name)
def test_the_table_of_small_networks(row):
    report, _ = _table().decided(row, 60)
    assert row.said(report), f"{row.known} ({row.origin}); found: {_table().told(report)}"
