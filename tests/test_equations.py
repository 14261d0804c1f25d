"""One equation in one unknown: compositions, Lambert, cases, integers, factors. Expected values by hand or by mpmath.

Most are from SymPy's own tests (sympy/solvers/tests/test_solvers.py), with the solutions counted anew.
"""

from __future__ import annotations

import pytest
import sympy as sp

import closedform as cf
from closedform.calculus.roots.inversion import composition


def answer(equation, *assumptions):
    found = cf.derive(equations=[equation], assumptions=list(assumptions), timeout=40)
    assert not found.refused, found.refused
    return found


def solutions(report):
    return [round(float(next(iter(p.numeric.values()))), 6) for p in report.critical_points]


@pytest.mark.parametrize(
    ("equation", "assumptions", "expected"),
    [
        ("(x^2 + x)*exp(x^2 + x) - 1", (), [-1.40396, 0.40396]),  # W(1) = x^2 + x
        ("(log(x) + 3*x)^2 - 2*(log(x) + 3*x) - 2", (), [0.236535, 0.93359]),  # 3*x + log(x) = 1 +- sqrt(3)
        ("x^x - 2", ("x>0",), [1.55961]),
        ("x^x - 3/4", (), [0.153517, 0.636263]),  # both branches of W
        ("x^(2/x) - 2", (), [2.0, 4.0]),
        ("binomial(x, 2) - 3", (), [-2.0, 3.0]),
        ("Piecewise((x, x<1), (x^2, True))", (), [0.0]),
        ("Piecewise((x^2 - 2, x<1), (3 - x, True))", (), [-1.414214, 3.0]),  # it jumps at 1 without a zero
        ("sign(x - 1)*(x^2 + 1)", (), [1.0]),
        ("(n - 1)*(n + 2)*(2*n - 1)", ("n>0", "n integer"), [1.0]),
        ("2^n - 8", ("n integer",), [3.0]),
    ],
)
def test_every_solution_has_its_formula(equation, assumptions, expected):
    report = answer(equation, *assumptions)
    assert report.verdict.outcome == "closed"
    assert report.complete
    assert solutions(report) == expected


def test_no_solution_is_an_integer():
    assert answer("(n - 1/2)*(n^2 - 2)", "n integer").verdict.outcome == "no_critical_point"


def test_a_factor_whose_zeros_another_has_does_not_spoil_the_period():
    report = answer("x^2*sin(x)")
    assert report.verdict.outcome == "closed"
    assert any("period 2*pi" in s.text for s in report.verdict.statements)
    assert [str(p.exact["x"]) for p in report.critical_points] == ["0", "pi"]


def test_a_sum_of_which_the_equation_is_a_function():
    x = sp.Symbol("x", real=True)
    h, t, f = composition(sp.exp(x**2 + x) - 3 * x**2 - 3 * x, x) or (None, None, None)
    assert h == x**2 + x
    assert sp.expand(f - sp.exp(t) + 3 * t) == 0
    assert composition(x + sp.exp(x), x) is None


def test_a_zero_outside_of_the_domain_is_no_exception():
    """The truncated exponential: 2*x*t - 5*t + 3*x + 5 with t = exp(x) vanishes at x = 0, where the loss has no value."""
    report = cf.derive("-5*log(x) + 2*x + 5*log(1 - exp(-x))", assumptions=["x>0"], timeout=40)
    assert report.verdict.outcome == "not_closed"
    (point,) = report.critical_points
    assert point.kind == "global minimum"
    assert point.numeric["x"].startswith("1.2299332")


def test_the_form_of_a_loss_tells_the_least_where_a_limit_is_as_low():
    report = cf.derive("x^2*log(x)^2", timeout=40)  # also 0 as x -> 0
    assert [(str(p.exact["x"]), p.kind) for p in report.critical_points] == [
        ("exp(-1)", "local maximum"),
        ("1", "global minimum"),
    ]
