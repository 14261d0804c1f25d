"""Obstructions for transcendental equations: which hypotheses are checked, and that closed cases are left alone."""

from __future__ import annotations

import pytest

from closedform import problem
from closedform.budget import Budget
from closedform.stationarity.scalar import stationarity
from closedform.strategies.obstructions import circular, hypertranscendental, mixed, rosenlicht


def outcome(module, loss, unknown, *assumptions):
    system = stationarity(problem.read(loss, unknowns=[unknown], assumptions=list(assumptions)))
    if module.declines(system) is not None:
        return "declined"
    return module.attempt(system, Budget.of(20)).outcome


@pytest.mark.parametrize(
    ("loss", "unknown", "assumptions"),
    [
        # Kepler's equation: Liouville 1838 already; here through Rosenlicht.
        ("E0^2/2 + e*cos(E0) - M*E0", "E0", ("0<e<1",)),
        # The proximal operator of the logistic loss.
        ("(x - a)^2/2 + log(1 + exp(x))", "x", ()),
        # An exponent a w with a parameter in it.
        ("log(1 + exp(-a*w)) + lam*w^2/2", "w", ("lam>0", "a>0")),
    ],
)
def test_equations_that_tie_y_to_its_exponential(loss, unknown, assumptions):
    assert outcome(rosenlicht, loss, unknown, *assumptions) == "not_closed"


@pytest.mark.parametrize(
    ("loss", "unknown", "assumptions"),
    [
        ("n*exp(eta) - S*eta", "eta", ("n>0", "S>0")),  # log(S/n)
        ("n*exp(t) - S*t + t^2/2", "t", ("n>0", "S>0")),  # Lambert W: S - W(n exp(S))
        ("x*log(x) - a*x", "x", ("x>0",)),  # exp(a - 1)
        ("n*log(1 + exp(b)) - k*b", "b", ("k>0", "k<n")),  # logit
        ("a*x + exp(-x)", "x", ("a>0",)),  # -log(a)
    ],
)
def test_closed_cases_are_never_called_not_closed(loss, unknown, assumptions):
    assert outcome(rosenlicht, loss, unknown, *assumptions) in ("failed", "declined")


def test_a_reducible_equation_is_not_excluded():
    # The derivative is (e^x - a)(x - e^x): one branch is log(a), so no verdict for the whole may follow.
    loss = "x*exp(x) - exp(x) - exp(2*x)/2 - a*x^2/2 + a*exp(x)"
    assert outcome(rosenlicht, loss, "x", "a>0") == "failed"


def test_digamma_equations():
    assert outcome(hypertranscendental, "loggamma(k) - (k - 1)*m", "k", "k>0") == "not_closed"
    loss = "-loggamma((nu+1)/2) + loggamma(nu/2) + log(nu)/2 + (nu+1)/2*log(1+q/nu)"
    assert outcome(hypertranscendental, loss, "nu", "nu>0", "q>0") == "not_closed"


def test_digammas_that_telescope_to_a_rational_function_are_not_excluded():
    # digamma(k + 1) - digamma(k) = 1/k
    assert outcome(hypertranscendental, "loggamma(k + 1) - loggamma(k) - k*m", "k", "k>0", "m>0") in (
        "failed",
        "declined",
    )


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("x^2/2 - sin(x)", "not_closed"),  # cos(x) = x
        ("x^2/2 + cos(x)/2 - x", "not_closed"),  # Kepler's equation
        ("x^2/2 + cos(x)", "failed"),  # zero is critical
        ("-x*cos(x) + 2*sin(x) + x", "failed"),  # the slope x*sin(x) + cos(x) + 1 is zero at pi
        ("x^2/2 - sin(x + 1)", "declined"),  # a phase
        ("x^2/2 - sin(pi*x)", "declined"),  # its period is rational
    ],
)
def test_an_unknown_inside_and_outside_of_circular_functions(loss, expected):
    assert outcome(circular, loss, "x") == expected


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("(x - 1)*exp(x) - 2*x", "failed"),  # x*e^x = 2: Lambert's W gives x
        ("x - 6*log(x) + log(1 - exp(-x))", "failed"),  # (x - 6)*e^x = -6: the truncated Poisson distribution
        ("x^2 - x - log(1 + exp(x))", "not_closed"),  # (2*x - 2)*e^x + 2*x - 1 = 0
    ],
)
def test_what_lambert_s_function_solves_is_not_called_without_a_closed_form(loss, expected):
    assert outcome(mixed, loss, "x", "x>0") == expected
