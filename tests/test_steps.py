"""The argument step by step: each line is checked against SymPy's own calculus."""

from __future__ import annotations

import re

import pytest
import sympy as sp

import closedform as cf


@pytest.fixture(scope="module")
def quartic():
    return cf.derive("x**4 - x**2").to_text(width=110, steps=True)


def lines(shown):
    return [line.strip() for line in shown.partition("Step by step")[2].splitlines()]


def test_each_term_is_differentiated_by_its_rule(quartic):
    x = sp.Symbol("x")
    terms = re.findall(r"the term (.*) gives (.*) \(power rule\)", quartic)
    assert [sp.diff(sp.sympify(term), x) - sp.sympify(slope) for term, slope in terms] == [0, 0]
    assert sum(sp.sympify(slope) for _, slope in terms) == 4 * x**3 - 2 * x


def test_the_gradient_is_set_to_zero_in_factors_whose_roots_are_the_points(quartic):
    assert "2*x*(2*x^2 - 1) = 0" in lines(quartic)
    assert "2*x^2 - 1 = 0 gives x = sqrt(2)/2 ≈ 0.70710678" in lines(quartic)
    assert "There are no other real critical points." in lines(quartic)


def test_points_are_classified_by_the_second_derivative_and_compared(quartic):
    """12*x^2 - 2 is 4 at +-sqrt(1/2) and -2 at 0; the loss is -1/4 and 0."""
    assert "x = 0: it is -2 < 0: local maximum" in lines(quartic)
    assert "x = sqrt(2)/2 ≈ 0.70710678: it is 4 > 0: minimum" in lines(quartic)
    assert "x = sqrt(2)/2 ≈ 0.70710678: -1/4" in lines(quartic)


def test_where_there_is_no_formula_the_chain_ends_at_the_group():
    shown = cf.derive("x^6/6 - x^2/2 - x").to_text(width=110, steps=True)
    assert "Why there is no formula." in shown
    assert "Galois group S5" in shown
    assert "Newton's method" in shown


def test_a_matrix_loss_is_told_too():
    shown = lines(cf.derive("ols").to_text(width=110, steps=True))
    assert shown[1:7] == [
        "1. Differentiate.",
        "d/da: 2*X'*(X*a - y)",
        "2. Set it to zero.",
        "2*X'*(X*a - y) = 0",
        "3. Solve for the unknown.",
        "a = inv(X'*X)*X'*y",
    ]


def test_a_change_of_variable_is_named():
    data = {"x": [1, 2, 3], "y": [0, 1, 1]}
    shown = cf.derive("logistic", data=data, target="y", intercept=False).to_text(width=110, steps=True)
    assert "With t = exp(x), every real critical point has t^5 - t^4 - 4*t^2 + t - 5 = 0." in lines(shown)


@pytest.mark.parametrize("form", ["to_html", "to_latex"])
def test_pages_have_the_steps_when_asked(form):
    report = cf.derive("x^2 - 2*x")
    assert "Step by step" in getattr(report, form)(steps=True)
    assert "Step by step" not in getattr(report, form)()
