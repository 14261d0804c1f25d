"""Losses that once drew a false word, a refused certificate or a crash; expected values by hand, or by an independent search."""

from __future__ import annotations

import json

import mpmath
import pytest
import sympy as sp

import closedform as cf
from closedform import problem as problems
from closedform.budget import Budget
from closedform.enclosures.coercive import _weighted
from closedform.ladder import attempts
from closedform.strategies.scalar import termwise_minimum


def report(loss, **options):
    found = cf.derive(loss, timeout=20, **options)
    assert not found.refused, found.refused
    return json.loads(found.to_json())


def minima(answer):
    return [p["exact"] for p in answer["critical_points"] if p["kind"] in ("global minimum", "boundary minimum")]


@pytest.mark.parametrize(
    ("loss", "kind"),
    [
        (
            "5*x^2 - x",
            "global minimum",
        ),  # 1/10 is no dyadic number: the kernel's rounding must be finer than the radius
        ("10^200*x^2 - 10^150*x", "global minimum"),
        ("x^2/10^200 - x", "global minimum"),  # the ball of the root is wider than 1
    ],
)
def test_size_of_the_numbers(loss, kind):
    answer = report(loss)
    assert [p["kind"] for p in answer["critical_points"]] == [kind]
    assert answer["verdict"]["statements"][0]["trust"] == "proved"


@pytest.mark.parametrize(
    ("loss", "assumptions", "expected"),
    [
        ("(x - 1)^2", ["x >= 2"], [{"x": "2"}]),
        ("(x - 1)^2", ["x >= 2", "x <= 3"], [{"x": "2"}]),
        ("(x - 1)^2", ["x > 2"], []),  # the infimum is not attained
        ("x^3 - 3*x", ["x >= -3", "x <= 3"], [{"x": "-3"}]),
        ("x^3 - 3*x", ["x >= -2", "x <= 3"], [{"x": "-2"}, {"x": "1"}]),  # a tie
        ("x^2", ["x >= 0"], [{"x": "0"}]),
        ("exp(x)", ["x >= 0"], [{"x": "0"}]),
        ("x^2 + y^2", ["x + y >= 1"], [{"x": "1/2", "y": "1/2"}]),
        ("x^2 + y^2", ["x + y = 1"], [{"x": "1/2", "y": "1/2"}]),
        ("x^2 - y^2", ["x >= 0"], []),
        ("(x - 5/2)^2", ["x integer"], [{"x": "2"}, {"x": "3"}]),
        ("x^4 - 3*x^2 + x", ["x integer"], [{"x": "-1"}]),
    ],
)
def test_minima_in_the_domain(loss, assumptions, expected):
    assert minima(report(loss, assumptions=assumptions)) == expected


def test_a_pole_between_the_ends_is_no_monotone_stretch():
    assert minima(report("tan(x)", assumptions=["x >= 1", "x <= 2"])) == []


@pytest.mark.parametrize(
    ("form", "grows"),
    [
        ("x^4 + y^2 - 2*x^2*y", False),  # zero along y = x^2
        ("x^4 + y^2 - x^2*y", True),
        ("x^6/3 - 2*x^4 + x*y + 4*y^4 - 4*y^2", True),
        ("x^4 + y^2 + x^3*y", False),
        ("x^2 + y^4 - 3*x*y^2", False),
        ("x^2*y^2", False),
        ("x^3 + y^2", False),
        ("x^2 + y^2 - 2*x*y", False),
    ],
)
def test_growth_by_weights(form, grows):
    assert _weighted(sp.Poly(sp.sympify(form.replace("^", "**")), *sp.symbols("x y"))) is grows


def test_the_best_point_of_colvilles_function_is_its_global_minimum():
    loss = (
        "100*(x1^2 - x2)^2 + (x1 - 1)^2 + (x3 - 1)^2 + 90*(x3^2 - x4)^2 + 10.1*((x2 - 1)^2 + (x4 - 1)^2) "
        "+ 19.8*(x2 - 1)*(x4 - 1)"
    )
    answer = report(loss)
    assert minima(answer) == [{"x1": "1", "x2": "1", "x3": "1", "x4": "1"}]
    assert answer["verdict"]["minimiser"] == "closed"


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("x^2 + 2*y^2 - 3/10*cos(3*pi*x)*cos(4*pi*y)", [{"x": "0", "y": "0"}]),  # Bohachevsky's second
        ("-cos(x)*cos(y)*exp(-(x-pi)^2-(y-pi)^2)", [{"x": "pi", "y": "pi"}]),  # Easom
        ("sin(pi*x)^2 + (x-1)^2", [{"x": "1"}]),
        ("x^2 + cos(x)", None),
        ("exp(x)^2 + x^2", None),
        ("exp(-x^2)", None),  # bounds that are not met together, or nowhere
    ],
)
def test_terms_that_are_least_at_one_point(loss, expected):
    system = attempts.system_of(problems.read(loss))
    attempt = termwise_minimum.attempt(system, Budget.of(20))
    if expected is None:
        assert attempt.outcome in ("failed", "declined")
        return
    assert [{k: str(v) for k, v in p.exact.items()} for p in attempt.points] == expected
    assert not attempt.complete  # only the minimisers are claimed


@pytest.mark.parametrize("rows", [(0, 1, 5), (0, 1, 3, 5, 11)])
def test_a_location_that_exists_is_not_denied(rows):
    """The three-row formula passes through complex cube roots; the five-row quintic has e among its coefficients."""
    loss = f"{len(rows)}*t + " + " + ".join(f"2*log(1 + exp({a} - t))" for a in rows)
    answer = report(loss)
    assert answer["verdict"]["outcome"] != "no_critical_point"
    (point,) = answer["critical_points"]
    t = mpmath.mpf(point["numeric"]["t"])
    assert abs(len(rows) - 2 * sum(1 / (1 + mpmath.exp(t - a)) for a in rows)) < 1e-12


def test_bounds_written_the_other_way_round():
    assert minima(report("(x - 1)^2", assumptions=["3 - x <= 0"])) == [{"x": "3"}]
    answer = report("n*log(theta)", unknowns=["theta"], assumptions=["theta>0", "n>0", "M>0", "2*theta>=M"])
    assert minima(answer) == [{"theta": "M/2"}]


def test_equations_that_share_a_circular_term():
    """McCormick's function: the difference of the two equations is linear."""
    answer = report("sin(x+y) + (x-y)^2 - 3/2*x + 5/2*y + 1", assumptions=["x>-3/2", "x<4", "y>-3", "y<4"])
    assert (answer["verdict"]["outcome"] == "closed") == answer["complete"]
    assert {"x": "1/2 - pi/3", "y": "-pi/3 - 1/2"} in [p["exact"] for p in answer["critical_points"]]
    assert len(answer["critical_points"]) == 3


def test_a_formula_outside_the_domain_is_no_minimum():
    """exp(x) is below one at the zero of the gradient for every a < 0: in x > 0 there is no critical point."""
    answer = report("3*log(1 + exp(x - a)) - x + 3*exp(x)", unknowns=["x"], assumptions=["x>0", "a<0"])
    assert answer["verdict"]["outcome"] in ("undecided", "no_critical_point")
    assert minima(answer) == []


def test_a_logistic_location_has_no_formula_for_all_data():
    """With logarithms as data the exponential of the location is algebraic: a quintic with group S5 for five rows."""
    answer = report("Sum(t - x[i] + 2*log(1 + exp(x[i] - t)), (i, 1, n))", unknowns=["t"])
    assert (answer["verdict"]["outcome"], answer["verdict"]["scope"]) == ("not_closed", "formula")
