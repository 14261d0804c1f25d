"""Losses of exponentials over a table, read without SymPy: the same system as SymPy's, and no loss of another kind."""

from __future__ import annotations

import pytest
import sympy as sp

import closedform as cf
from closedform.kernel.expressions.tree import read as tree
from closedform.problem import read
from closedform.reading.language import unparse
from closedform.stationarity.scalar import stationarity
from closedform.stationarity.text.exponential_rows import exponential_rows
from closedform.stationarity.text.system import derivative_node

TABLE = {"x": ["1", "2", "-3/2"], "y": ["0", "1", "1"]}
LOSSES = [
    ("logistic", {"target": "y"}),
    ("nn", {"target": "y"}),
    ("nn", {"target": "y", "activation": "tanh", "bias": True}),
    ("sum(i, 1, n, cosh(b*x[i]) - y[i]*b)/n", {"unknowns": ["b"]}),
]


@pytest.mark.parametrize(("loss", "keywords"), LOSSES)
def test_the_derivatives_are_those_of_the_rows_written_out(loss, keywords):
    problem = read(loss, data=TABLE, **keywords)
    ours, theirs = exponential_rows(problem), stationarity(problem)
    at = {sp.Symbol(u, real=True): sp.Rational(k + 1, 3) for k, u in enumerate(problem.unknowns)}
    columns = {column: [sp.Rational(v) for v in rows] for column, rows in TABLE.items()}

    def number(shown):
        value = sp.sympify(shown).doit()
        entries = {e: columns[str(e.base)][int(e.indices[0]) - 1] for e in value.atoms(sp.Indexed)}
        return value.subs({**entries, **at, sp.Symbol("n", integer=True, positive=True): 3}, simultaneous=True).evalf(
            20
        )

    def both(shown, expected):
        assert abs(number(shown) - number(expected)) < 1e-15

    for slope, expected in zip(ours.gradient, theirs.gradient, strict=True):
        both(slope.sympy, expected)
    for row, expected_row in zip(ours.outline().hessian, theirs.outline().hessian, strict=True):
        for entry, expected in zip(row, expected_row, strict=True):
            both(entry.sympy, expected)
    assert ours.kind == theirs.kind


@pytest.mark.parametrize(
    "loss",
    [
        "sum(i, 1, n, 1/(exp(b*x[i]) - 1))",  # a pole at 0
        "sum(i, 1, n, log(exp(b*x[i]) - y[i]))",  # not everywhere real
        "sum(i, 1, n, abs(exp(b*x[i]) - y[i]))",
        "sum(i, 1, n, sin(b)*exp(b*x[i]))",
        "sum(i, 1, n, (y[i] - b*x[i])^2)",
        "sum(i, 1, n, exp(b*x[i]) - c*y[i]*b)",
    ],
)
def test_other_losses_are_left_to_others(loss):
    assert exponential_rows(read(loss, unknowns=["b"], data=TABLE)) is None


def test_bounds_leave_a_loss_to_others():
    assert (
        exponential_rows(read("sum(i, 1, n, exp(b*x[i]) - b)", unknowns=["b"], data=TABLE, assumptions=["b>0"])) is None
    )


def test_equal_factors_are_powers_but_none_cancels():
    shown = derivative_node(tree(["*", ["^", "x", "-1"], "x", "y", ["^", "x", "-1"], "y"]))
    assert unparse(shown) == "x*y**2/x**2"


def test_what_the_exponentials_leave_open_is_taken_up_without_a_second_attempt():
    report = cf.derive("logistic", data={"x": ["0.123", "1.7071", "-2.2", "0.5"], "y": [0, 1, 1, 0]}, target="y")
    tried = [a.strategy for a in report.attempts]
    assert len(tried) == len(set(tried))
    assert "timeout" not in [a.outcome for a in report.attempts]  # exponents of four decimals are eliminated by nobody
    assert report.critical_points[0].kind == "global minimum"
