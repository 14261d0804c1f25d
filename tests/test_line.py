"""The line engine: zeros, domains, limits and extrema of functions of one real unknown, against values known otherwise.

Zeros were checked with mpmath at 30 digits, limits and extrema by hand; the dense comparison samples the function itself.
"""

from __future__ import annotations

import math
import random

import pytest
from flint import arb, fmpq

from closedform.budget import Budget
from closedform.enclosures.line.cells import line_of
from closedform.enclosures.line.expansion import expansion
from closedform.enclosures.line.formulas import add_formulas
from closedform.enclosures.line.functions import Unclear, from_node, value
from closedform.enclosures.line.whole import landscape_of, solutions_of
from closedform.enclosures.line.zeros import zeros
from closedform.problem import read
from closedform.stationarity.domain import Domain
from closedform.stationarity.scalar import stationarity


def tree(text):
    return from_node(read(text, unknowns=["x"]).loss)


def middle(spot):
    return round(float(spot.at().mid()), 6)


def landscape(text, *assumptions):
    return landscape_of(stationarity(read(text, unknowns=["x"], assumptions=list(assumptions))), Budget.of(10))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("exp(x) - x", []),
        ("exp(x) - 3*x", [0.619061, 1.512135]),
        ("exp(x) - 1 - x", [0.0]),  # double
        ("x - sin(x)", [0.0]),  # triple
        ("x^2 + 3*sin(x)", [-1.722125, 0.0]),
        ("x^4*exp(-x) - 1/100", [-0.293831, 0.344686, 15.592272]),
        ("exp(2*x) - 2*exp(x) + 1", [0.0]),
        ("erf(x) - x/2", [-1.990233, 0.0, 1.990233]),
        ("tanh(x) - x/2", [-1.915008, 0.0, 1.915008]),
        ("2^x - 8", [3.0]),
        ("x^5 - x - 1", [1.167304]),
    ],
)
def test_all_zeros_on_the_line(text, expected):
    found = zeros(tree(text), "x", None, None, Budget.of(10))
    assert found.complete
    assert [middle(s) for s in found.spots] == expected


def test_multiplicity_of_a_zero_that_is_no_factor():
    (spot,) = zeros(tree("exp(x) - 1 - x"), "x", None, None, Budget.of(10)).spots
    assert spot.multiplicity == 2
    assert spot.exact == fmpq(0)


def test_zeros_without_end_are_never_complete():
    assert not zeros(tree("x*sin(x)"), "x", None, None, Budget.of(10)).complete
    assert not zeros(tree("sin(x^2)"), "x", None, None, Budget.of(10)).complete


@pytest.mark.parametrize(
    ("text", "sign", "limit"),
    [
        ("x^2 + 3*sin(x)", 1, math.inf),
        ("x - sqrt(x^2 + 1)", -1, 0.0),
        ("log(2^x + 1) - x*log(2)", 1, 0.0),
        ("(1 + 1/x)^x", 1, math.e),
        ("2^x - 10^x + 3^x", -1, -math.inf),
        ("loggamma(x) - x*log(x)", -1, -math.inf),
        ("exp(-x)*x^5 - 1/x", -1, 0.0),
        ("exp(-x + sin(x))", 1, 0.0),
    ],
)
def test_growth(text, sign, limit):
    growth = expansion(tree(text), "x", 1024)
    assert growth.sign() == sign
    kind, ball, _ = growth.limit()
    got = {"+oo": math.inf, "-oo": -math.inf}.get(kind)
    assert limit == (got if got is not None else pytest.approx(float(ball.mid())))


def test_what_oscillates_has_no_sign():
    with pytest.raises(Unclear):
        expansion(tree("x*sin(x)"), "x", 1024).sign()


def test_domains_keep_exactly_their_ends():
    domain = Domain.of(read("sqrt(5 - x^2) + log(log(x))", unknowns=["x"]))
    line = line_of("x", domain.own(), Budget.of(5))
    alive = [(middle(a.spot), a.inside) for a in line.marks if a.inside]
    assert alive == [(2.236068, True)]
    assert sum(line.cells) == 1


@pytest.mark.parametrize(
    ("text", "assumptions", "state", "places"),
    [
        ("x^4 - x^2", [], "attained", [-0.707107, 0.707107]),
        ("x - log(x)", ["2<=x<=3"], "attained", [2.0]),
        ("exp(-x^2)", [], "not attained", []),
        ("1/(x^2 - 2)", [], "unbounded", []),
        ("log(x^2 - 2)", [], "unbounded", []),
        ("(abs(x - 7) - 8)^2", [], "attained", [-1.0, 15.0]),
        ("sin(x)", ["0<=x<=20"], "attained", [4.712389, 10.995574, 17.27876]),
        ("x*sin(x)", [], "open", []),
        ("abs(1 - x) + abs(2 - x) + abs(9 - 3*x)", [], "attained", [3.0]),
        ("(x^2 - 2*x)^2*exp(x)", [], "attained", [0.0, 2.0]),
        ("x - sin(x)", [], "unbounded", []),
        ("x^x", [], "attained", [0.367879]),
        ("Piecewise((x + 3, x < 1), (x^2, True))", [], "unbounded", []),
        ("Piecewise((1 - x, x < 1), (x, True))", [], "not attained", []),  # 0 is approached at 1 from the left
    ],
)
def test_least_values(text, assumptions, state, places):
    found = landscape(text, *assumptions)
    assert found.least.state == state
    assert [middle(s.spot) for s in found.least.stops] == places


def test_a_period_stands_for_its_class():
    found = landscape("sin(2*x) + cos(4*x)")
    assert found.complete
    assert found.period is not None
    assert len(found.stops) == 4  # the slope is 2*cos(2x)*(1 - 4*sin(2x))
    assert found.least.state == "attained"


@pytest.mark.parametrize(
    ("equations", "assumptions", "expected"),
    [
        (["abs(x^2 - 2*x) - 4"], [], [-1.236068, 3.236068]),
        (["abs(x + 3) - 2*abs(x - 3)"], [], [1.0, 9.0]),
        (["max(x^2, x) - 10*x - 17"], [], [-1.480741, 11.480741]),
        (["Piecewise((x, x < 1), (x^2, True))"], [], [0.0]),
        (["abs(4*x - 7) - 5", "abs(3 - 8*x) - 1"], [], [0.5]),
        (["2^x - 8"], ["x<2.5"], []),
        (["(x^2 - 1)/(x - 1)"], [], [-1.0]),
        (["sqrt(x)*(x - 2)"], [], [0.0, 2.0]),
    ],
)
def test_solutions_of_equations(equations, assumptions, expected):
    system = stationarity(read(equations=equations, unknowns=["x"], assumptions=assumptions))
    found = solutions_of(system, Budget.of(10))
    assert found.complete
    assert [middle(s) for s in found.spots] == expected


def test_against_dense_sampling():
    """The sign of the function on a grid changes exactly where zeros were listed."""
    draw = random.Random(7)
    parts = [
        "x",
        "x^2",
        "exp(x/2)",
        "exp(-x)",
        "log(x^2 + 2)",
        "atan(x)",
        "sqrt(x^2 + 3)",
        "sin(x)/3",
        "tanh(2*x)",
        "1",
    ]
    for _ in range(40):
        text = " + ".join(f"({draw.choice((-3, -2, -1, 1, 2, 4))})*{p}" for p in draw.sample(parts, 3))
        f = tree(text)
        found = zeros(f, "x", None, None, Budget.of(10))
        if not found.complete or found.everywhere:
            continue
        marks = [s.at() for s in found.spots]
        previous = None
        for k in range(-4003, 4003, 4):
            at = fmpq(k, 200)
            ball = value(f, "x", arb(at))
            sign = 1 if ball > 0 else -1 if ball < 0 else 0
            if previous is not None and sign * previous[1] < 0:
                assert any(previous[0] < m < arb(at) for m in marks), text
            previous = (arb(at), sign) if sign else previous


@pytest.mark.parametrize(
    ("text", "assumptions", "places"),
    [
        ("3*sin(x)^2 + 4*sin(x)", ["0<=x<=6"], 2),  # sin x = -2/3 twice
        ("sin(x^2)", ["-3<x<3"], 2),
        ("2*sin(x) + sin(x/2)^2", ["0<x<20"], 3),
        ("-3*abs(2*x + 2) + 2*abs(3*x + 4)", [], 1),  # constant towards -oo
    ],
)
def test_ties_are_proved(text, assumptions, places):
    found = landscape(text, *assumptions)
    assert found.least.state == "attained"
    assert len(found.least.stops) == places


def test_formulas_with_the_turns_counted():
    found = landscape("sin(2*x) + 2*cos(2*x)", "0<=x<=9")
    spots = [s.spot for s in found.stops if s.role == "critical"]
    add_formulas(spots, Budget.of(10))
    assert [str(s.formula) for s in spots[:3]] == ["atan(1/2)/2", "atan(1/2)/2 + pi/2", "atan(1/2)/2 + pi"]


def test_equal_least_values_on_two_edges_are_both_the_minimum() -> None:
    """By hand: (x^2 - 5)^(3/2) is 0 at both edges of its domain and positive elsewhere."""
    found = landscape_of(stationarity(read("(x^2 - 5)^(3/2)")), Budget.of(10))
    assert found.least.state == "attained"
    assert [round(float(s.spot.at().mid()), 9) for s in found.least.stops if s.spot] == [-2.236067977, 2.236067977]


def test_a_zero_where_newton_stalls_is_halved_by_signs() -> None:
    """The shape of a gamma sample: log(m) - digamma(m) = 1/10; by mpmath.findroot at 30 digits."""
    found = solutions_of(
        stationarity(read(equations=["digamma(m) - log(m) + 1/10"], unknowns="m", assumptions=["m>0"])),
        Budget.of(10),
    )
    (spot,) = found.spots
    assert found.complete
    assert spot.at(120).rad() < 1e-30
