"""Losses that once drew a false word, a refused certificate or a crash; expected values by hand, or by an independent search."""

from __future__ import annotations

import json

import pytest

import closedform as cf


def report(loss, **options):
    found = cf.derive(loss, timeout=20, **options)
    assert not found.details.get("refused"), found.details["refused"]
    return json.loads(found.to_json())


def minima(answer):
    return [p["exact"] for p in answer["critical_points"] if p["kind"] in ("global minimum", "boundary minimum")]


@pytest.mark.parametrize(("loss", "kind"), [
    ("5*x^2 - x", "global minimum"),  # 1/10 is no dyadic number: the kernel's rounding must be finer than the radius
    ("10^200*x^2 - 10^150*x", "global minimum"),
    ("x^2/10^200 - x", "global minimum"),  # the ball of the root is wider than 1
])  # fmt: skip
def test_size_of_the_numbers(loss, kind):
    answer = report(loss)
    assert [p["kind"] for p in answer["critical_points"]] == [kind]
    assert answer["verdict"]["statements"][0]["trust"] == "proved"


@pytest.mark.parametrize(("loss", "assumptions", "expected"), [
    ("(x - 1)^2", ["x >= 2"], [{"x": "2"}]),
    ("(x - 1)^2", ["x >= 2", "x <= 3"], [{"x": "2"}]),
    ("(x - 1)^2", ["x > 2"], []),  # the infimum is not attained
    ("x^3 - 3*x", ["x >= -3", "x <= 3"], [{"x": "-3"}]),
    ("x^3 - 3*x", ["x >= -2", "x <= 3"], [{"x": "1"}, {"x": "-2"}]),  # a tie
    ("x^2", ["x >= 0"], [{"x": "0"}]),
    ("exp(x)", ["x >= 0"], [{"x": "0"}]),
    ("x^2 + y^2", ["x + y >= 1"], [{"x": "1/2", "y": "1/2"}]),
    ("x^2 + y^2", ["x + y = 1"], [{"x": "1/2", "y": "1/2"}]),
    ("x^2 - y^2", ["x >= 0"], []),
    ("(x - 5/2)^2", ["x integer"], [{"x": "2"}, {"x": "3"}]),
    ("x^4 - 3*x^2 + x", ["x integer"], [{"x": "-1"}]),
])  # fmt: skip
def test_minima_in_the_domain(loss, assumptions, expected):
    assert minima(report(loss, assumptions=assumptions)) == expected


def test_a_pole_between_the_ends_is_no_monotone_stretch():
    assert minima(report("tan(x)", assumptions=["x >= 1", "x <= 2"])) == []
