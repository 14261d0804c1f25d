"""Certified numerics: enclosures, covers, candidates, and what the fallback says."""

from __future__ import annotations

import math
import random
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from flint import arb, ctx, fmpq
from hypothesis import given
from hypothesis import strategies as st

from closedform.algebra.roots import decimal_text
from closedform.budget import Budget
from closedform.enclosures.coercive import coercive, lower_bound
from closedform.enclosures.evaluation import Function
from closedform.enclosures.krawczyk import all_in_box, enclose, widened
from closedform.enclosures.least_squares import candidates, residuals_of
from closedform.enclosures.tape import Tape
from closedform.expression import to_tree
from closedform.frozen import FrozenMap
from closedform.kernel import check_certificate
from closedform.kernel.expressions.jets import jet
from closedform.kernel.expressions.tree import read
from closedform.kernel.reading import Refused
from closedform.problem import Problem
from closedform.reading.data.tables import read_table
from closedform.reading.language import parse
from closedform.report.theorems.table import stated
from closedform.stationarity.scalar import Stationarity, stationarity
from closedform.strategies.scalar import certified_numerics


def function(loss: str, *names: str) -> Function:
    return Function(list(names), read(to_tree(parse(loss))), [])


def system(loss: str, *names: str, **kwargs: object) -> Stationarity:
    return stationarity(Problem(loss, parse(loss), names, **kwargs))  # type: ignore[arg-type]


@given(st.fractions(min_value=-1000, max_value=1000), st.integers(3, 30))
def test_decimals_hold_the_value(value: Fraction, digits: int) -> None:
    with ctx.workprec(200):
        exact = fmpq(value.numerator, value.denominator)
        numeric, radius = decimal_text(arb(exact), digits)
    assert abs(Fraction(numeric) - value) <= Fraction(radius)


def test_enclose_to_fifty_digits() -> None:
    """min of e^x - 2x at log 2."""
    found = enclose(function("exp(x) - 2*x", "x"), [0.5], 50, Budget.of(5))
    assert found is not None
    assert found.inertia == (1, 0, 0)
    with ctx.workprec(220):
        assert (found.point[0] - arb(2).log()).contains(0)
        assert found.point[0].rad() < arb(10) ** -50


def test_a_degenerate_point_is_not_enclosed() -> None:
    assert enclose(function("x^4", "x"), [0.1], 20, Budget.of(5)) is None


def test_the_inertia_of_a_saddle() -> None:
    found = enclose(function("x^2 - y^2 + x*y", "x", "y"), [0.3, 0.2], 20, Budget.of(5))
    assert found is not None
    assert found.inertia == (1, 1, 0)


def test_all_zeros_of_a_wave() -> None:
    """sin x = x/10 has seven solutions."""
    wave = Function(["x"], None, [read(to_tree(parse("sin(x) - x/10")))])
    cover = all_in_box(wave, [widened(fmpq(-20), fmpq(20))], 20, Budget.of(10))
    assert cover is not None
    assert len(cover.points) == 7


def test_all_in_a_box() -> None:
    cover = all_in_box(function("x^4 + y^4 - 4*x*y", "x", "y"), [widened(fmpq(-3), fmpq(3))] * 2, 20, Budget.of(20))
    assert cover is not None
    assert sorted(p.inertia for p in cover.points if p.inertia) == [(1, 1, 0), (2, 0, 0), (2, 0, 0)]


@pytest.mark.parametrize(
    ("loss", "names", "expected"),
    [
        ("(x - y)^2 + x^2 + 2*y^4 + 3", "x y", True),
        ("x^4 + y^4 - x*y", "x y", True),
        ("x^2*y^2 + x^2", "x y", False),
        ("x^4 - 3*x^2*y^2 + y^4", "x y", False),
        ("(x^2 + x*y + y^2)^2 - x", "x y", True),
    ],
)
def test_coercive(loss: str, names: str, expected: bool) -> None:
    assert (coercive(system(loss, *names.split()), Budget.of(10)) is not None) is expected


def test_lower_bounds() -> None:
    assert lower_bound(system("(x*y - 1)^2 + 2*exp(x) + 5", "x", "y")) == 5
    assert lower_bound(system("x*y + x^2", "x", "y")) is None


def table(path: Path, x: list[float], y: list[float]) -> Path:
    path.write_text("x,y\n" + "\n".join(f"{a:.6f},{b:.6f}" for a, b in zip(x, y, strict=True)) + "\n")
    return path


MODELS = [  # the shapes of NIST's nonlinear sets: (model, true values, x, tolerance)
    ("b1*(1-exp(-b2*x[i]))", {"b1": 213.8, "b2": 0.547}, np.array([1, 2, 3, 5, 7, 10.0])),
    ("b1*x[i]^b2", {"b1": 0.77, "b2": 3.86}, np.linspace(1.3, 1.7, 6)),
    (
        "b1+b2*exp(-x[i]*b4)+b3*exp(-x[i]*b5)",
        {"b1": 0.375, "b2": 1.94, "b3": -1.46, "b4": 0.0129, "b5": 0.0221},
        np.arange(0, 330, 10.0),
    ),
    ("b1/((1+exp(b2-b3*x[i]))^(1/b4))", {"b1": 699.6, "b2": 5.28, "b3": 0.76, "b4": 1.28}, np.arange(1, 16.0)),
    (
        "(b1+b2*x[i]+b3*x[i]^2)/(1+b4*x[i]+b5*x[i]^2)",
        {"b1": 1.67, "b2": -0.139, "b3": 0.0026, "b4": -0.0017, "b5": 2.2e-5},
        np.linspace(10, 370, 60),
    ),
    (
        "b1-b2*x[i]-atan(b3/(x[i]-b4))/pi",
        {"b1": 0.2, "b2": -6e-6, "b3": 1204.0, "b4": -181.0},
        np.linspace(-4868, -300, 25),
    ),
]


@pytest.mark.parametrize(
    ("model", "truth", "x"), MODELS, ids=["box", "power", "two exponentials", "richards", "rational", "arctan"]
)
def test_models_are_fitted_without_starts(model: str, truth: dict[str, float], x: np.ndarray, tmp_path: Path) -> None:
    rng = random.Random(3)
    names = {"exp": np.exp, "atan": np.arctan, "pi": math.pi, "x": x, **truth}
    clean = eval(model.replace("x[i]", "x").replace("^", "**"), {"__builtins__": {}}, names)
    y = [float(v) + 1e-4 * float(np.std(clean)) * rng.gauss(0, 1) for v in clean]
    data = read_table(str(table(tmp_path / "t.csv", list(x), y)))
    columns = {k: [fmpq(v.numerator, v.denominator) for v in c] for k, c in data.columns.items()}
    loss = read(to_tree(parse(f"sum(i, 1, {data.rows}, (y[i] - ({model}))^2)")))
    problem = residuals_of(loss, list(truth), columns)
    assert problem is not None
    with np.errstate(all="ignore"):
        found = candidates(problem, [], Budget.of(12))
    fitted = sum((a - b) ** 2 for a, b in zip(y, clean, strict=True))
    assert found
    assert found[0].loss <= 1.01 * fitted


def test_a_fit_is_certified(tmp_path: Path) -> None:
    x = [1.0, 2.0, 3.0, 5.0, 7.0, 10.0]
    data = read_table(str(table(tmp_path / "t.csv", x, [109.0, 149.0, 149.0, 191.0, 213.0, 224.0])))
    made = system("sum(i, 1, n, (y[i] - b1*(1-exp(-b2*x[i])))^2)", "b1", "b2", data=data)
    found = certified_numerics.attempt(made, Budget.of(20))
    assert found.outcome == "enclosed"
    best = found.points[0]
    assert best.numeric is not None  # NIST's BoxBOD: 213.80940889, 0.54723748542
    assert best.numeric["b1"].startswith("213.80940889")
    assert best.numeric["b2"].startswith("0.5472374854")
    assert (best.kind, best.inertia) == ("local minimum", (2, 0, 0))
    assert all(check_certificate(c) for c in found.certificates)
    assert found.newton


def test_a_convex_loss_is_complete() -> None:
    found = certified_numerics.attempt(system("exp(x) + exp(-y) + (x - y)^2 + x^2 + y", "x", "y"), Budget.of(20))
    assert (found.complete, [p.kind for p in found.points]) == (True, ["global minimum"])
    assert any(f.trust == "proved" and "convex" in stated(f).text for f in found.findings)


def test_a_box_is_covered() -> None:
    made = system("x^4 + y^4 - 4*x*y + sin(x)/10", "x", "y", box=FrozenMap({"x": ("-2", "2"), "y": ("-2", "2")}))
    found = certified_numerics.attempt(made, Budget.of(30))
    assert (found.complete, len(found.points)) == (True, 3)
    assert any(f.trust == "proved" and "no more" in stated(f).text for f in found.findings)


def test_a_start_is_used() -> None:
    made = system("sin(x) + x^2/40", "x", start=FrozenMap({"x": "5"}))
    found = certified_numerics.attempt(made, Budget.of(20))
    (x,) = (float(p.numeric["x"]) for p in found.points if p.numeric)
    assert 4 < x < 5
    assert abs(math.cos(x) + x / 20) < 1e-14


def test_nothing_is_claimed_without_a_point() -> None:
    found = certified_numerics.attempt(system("exp(x) + x + exp(y)", "x", "y"), Budget.of(5))
    assert (found.outcome, found.points, found.complete) == ("failed", (), False)


def test_parameters_are_declined() -> None:
    assert certified_numerics.declines(stationarity(Problem("", parse("a*exp(x) - x"), ("x",), parameters=("a",))))


@pytest.mark.parametrize(
    "loss",
    [
        "x^2*y - 3*x + y^4",
        "sin(x*y)*exp(x - y) + (x^2 + 1)^(1/2)",
        "log(1 + x^2 + pi*y^2)/(2 + cos(x)) - tanh(x*y)",
        "(x + 1/3)^3*e^y + atan(x)*erf(y)",
        "x^y + y^x",
    ],
)
def test_a_list_of_steps_agrees_with_the_jets(loss: str) -> None:
    """Both enclose the same derivatives: the balls of one overlap those of the other, at points and on boxes."""
    tree, names = read(to_tree(parse(loss))), ["x", "y"]
    tape, place = Tape(tree, names), {"x": 0, "y": 1}
    for width in (0, fmpq(1, 8)):
        box = [arb(fmpq(3, 4), width), arb(fmpq(5, 4), width)]
        whole = jet(tree, place, dict(zip(names, box, strict=True)), {}, True)
        first, second = tape.system(box)
        assert all(first[i].overlaps(whole.first[i]) for i in range(2))
        assert all(second[i][j].overlaps(whole.second[min(i, j), max(i, j)]) for i in range(2) for j in range(2))
        assert width or all(d.rad() < 1e-10 for row in second for d in row)


def test_steps_are_no_numbers_where_the_loss_is_undefined() -> None:
    """The slope by x of log(y) + x is 1, but not where there is no loss."""
    tape = Tape(read(to_tree(parse("log(y) + x"))), ["x", "y"])
    assert not tape.system([arb(0), arb(-1)])[0][0].is_finite()
    with pytest.raises(Refused):
        Tape(read(to_tree(parse("sum(i, 1, 3, x^i)"))), ["x"])
