"""Several unknowns over numbers: branches, curves, constraints, boxes, kinks. Expected values by hand unless said otherwise."""

from __future__ import annotations

import json

import pytest

import closedform as cf


def answer(loss=None, **options):
    found = cf.derive(loss, timeout=40, **options)
    assert not found.refused, found.refused
    return json.loads(found.to_json())


def points(said):
    return sorted((p["kind"], *(round(float(v), 6) for v in p["numeric"].values())) for p in said["critical_points"])


@pytest.mark.parametrize("loss", ["(exp(x*y)-1)^2 + (x-1)^2", "cosh(x*y) + (x-1)^2"])
@pytest.mark.parametrize("order", ["x,y", "y,x"])
def test_a_factor_that_holds_another_unknown_is_a_branch(loss, order):
    said = answer(loss, unknowns=order.split(","))
    assert said["verdict"]["outcome"] == "closed"
    assert said["complete"]
    (point,) = said["critical_points"]
    assert point["exact"] == {u: {"x": "1", "y": "0"}[u] for u in order.split(",")}
    assert point["kind"] == "global minimum"


def test_a_circle_is_a_curve_with_its_condition():
    said = answer("(x^2+y^2-1)^2", unknowns=["x", "y"])
    curves = [p for p in said["critical_points"] if p["numeric"] is None]
    assert len(curves) == 2
    assert said["counts"]["real"] is None
    assert said["verdict"]["outcome"] == "closed"
    single = [p["exact"] for p in said["critical_points"] if p["numeric"] is not None]
    assert single == [{"x": "0", "y": "0"}]


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("x subject to y^2 = x^3", [("global minimum", 0.0, 0.0)]),  # the constraint's gradient vanishes at the cusp
        ("x + y subject to x^2+y^2 = 2", [("global minimum", -1.0, -1.0), ("local maximum", 1.0, 1.0)]),
        ("(x-3)^2 + y^2 subject to x^2+y^2 <= 1", [("global minimum", 1.0, 0.0)]),
    ],
)
def test_points_of_john(loss, expected):
    said = answer(loss, unknowns=["x", "y"])
    assert said["complete"]
    assert points(said) == expected


def test_six_hump_camel_in_its_box():
    """15 critical points inside, two global minima: literature values (Dixon and Szego 1978)."""
    said = answer("(4-2.1*x^2+x^4/3)*x^2+x*y+(-4+4*y^2)*y^2", unknowns=["x", "y"], box="x=-3:3,y=-2:2")
    least = [p for p in points(said) if p[0] == "global minimum"]
    assert least == [("global minimum", -0.089842, 0.712656), ("global minimum", 0.089842, -0.712656)]
    assert said["complete"]


def test_mccormick_has_formulas_for_every_turn_in_its_box():
    said = answer("sin(x+y)+(x-y)^2-1.5*x+2.5*y+1", unknowns=["x", "y"], box="x=-1.5:4,y=-3:4")
    assert said["verdict"]["outcome"] == "closed"
    assert points(said)[0] == ("global minimum", -0.547198, -1.547198)


@pytest.mark.parametrize(
    ("loss", "assumptions"),
    [("-log(x)-log(y)-log(1-x-y)", ["x>0", "y>0", "x+y<1"]), ("1/x+1/y+x*y", ["x>0", "y>0"])],
)
def test_convex_as_it_stands_or_in_logarithms(loss, assumptions):
    said = answer(loss, unknowns=["x", "y"], assumptions=assumptions)
    assert [p["kind"] for p in said["critical_points"]] == ["global minimum"]


def test_kinks_meet_in_a_minimum():
    said = answer("abs(x)+abs(y)+x^2*y^2", unknowns=["x", "y"])
    assert said["complete"]
    assert points(said) == [("global minimum", 0.0, 0.0)]


def test_a_fall_without_end_is_said():
    said = answer("-4*x^2*y - x*y - y", unknowns=["x", "y"], assumptions=["x>=-2", "y<=4"])
    assert any("unbounded below" in s["text"] for s in said["verdict"]["statements"])
    assert said["verdict"]["minimiser"] is None


def test_what_is_left_in_one_unknown_is_solved_along_its_line():
    """x*y = 4 leaves x^3*exp(4/x) + 8*exp(x) = 0, which no change of variable solves: x = -2 is its only zero."""
    said = answer("x^2*exp(y)+y^2*exp(x)", unknowns=["x", "y"])
    assert said["verdict"]["outcome"] == "closed"
    assert points(said) == [("global minimum", 0.0, 0.0), ("saddle", -2.0, -2.0)]


def test_the_weibull_fit_is_proved_global_through_its_profile():
    """Shape 2.12345698, scale 5.11266898 by SciPy's weibull_min.fit with the location held at 0."""
    said = answer("weibull", data={"time": [2, 3, 5, 8]})
    assert said["complete"]
    assert points(said) == [("global minimum", 2.123457, 5.112669)]


@pytest.mark.parametrize(
    ("loss", "assumptions", "expected"),
    [
        ("-4*x^(3/2)", [], [("global maximum", 0.0)]),
        ("x^3 - x^4", ["x>=0"], [("global maximum", 0.75), ("local minimum", 0.0)]),
    ],
)
def test_an_end_where_the_slope_vanishes_is_listed(loss, assumptions, expected):
    assert points(answer(loss, assumptions=assumptions)) == expected


def test_a_stationary_point_on_an_edge_is_listed_though_no_minimum():
    loss = "-3*x**2 - 2*x*y**2 + 2*x*y - 5*y**2"  # its gradient is zero at (-2, -2), by hand
    said = answer(loss, unknowns=["x", "y"], assumptions=["x<=4", "y>=-2", "y<=4"])
    assert said["complete"]
    assert (-2.0, -2.0) in [p[1:] for p in points(said)]


def test_multipliers_are_told_as_data():
    """By hand: at (1, 1) the gradient (2, 2) is 2 times (1, 1), the gradient of x*y."""
    report = cf.derive("x^2+y^2 subject to x*y>=1, x+2*y>=3", unknowns=["x", "y"])
    (about,) = report.verdict.about("multipliers")
    assert about["points"] == (({"x": "1", "y": "1"}, {"x*y - 1": "2", "x + 2*y - 3": "0"}),)
