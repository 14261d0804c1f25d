"""Waves with parameters: every turn within a period or a bounded domain, tangents, and sums of waves over data."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest

import closedform as cf


def derive(loss: str, unknowns: str, *assumptions: str) -> Any:
    return cf.derive(loss, unknowns=unknowns.split(","), assumptions=assumptions, timeout=20)


def values_at(report: Any, **numbers: float) -> list[float]:
    """The unknown's numbers at the given data, without the points whose conditions fail there or that are not real."""
    out = list[float]()
    for point in report.critical_points:
        (e,) = point.exact.values()
        value = complex(e.subs({s: numbers[s.name] for s in e.free_symbols}))
        out += [value.real] if abs(value.imag) < 1e-12 else []
    return sorted(out)


@pytest.mark.parametrize("equation", ["(tan(x) - a)*(sin(x) - b)", "(sin(3*x) - a)*(sin(x) - b)"])
def test_every_turn_within_the_period_is_listed(equation: str) -> None:
    """Of tan(x) = a the solution atan(a) + pi was lost, though all were said to be translates by 2*pi."""
    report = cf.derive(equations=[equation], unknowns=["x"], timeout=30)
    assert report.verdict.outcome == "closed"
    assert any("period 2*pi" in s.text for s in report.verdict.statements)

    def value(t: float) -> float:
        return eval(equation, {"a": 0.3, "b": 0.4, "x": t, "sin": math.sin, "tan": math.tan})

    steps = [2 * math.pi * (k + 0.5) / 5_000 for k in range(5_001)]
    changes = [s for s, t in pairwise(steps) if value(s) * value(t) < 0 and abs(value(s)) < 1]  # no poles
    listed = sorted({round(v % (2 * math.pi), 9) for v in values_at(report, a=0.3, b=0.4)})
    assert listed == pytest.approx(changes, abs=2e-3)


def test_an_angle_with_parameters_is_moved_only_to_where_its_inverse_function_can_be() -> None:
    """Of eight candidates for sin(t) = M/W on (-3/2, 3/2), pi - asin(M/W) >= pi/2 among them, one can lie there."""
    report = derive("-W*cos(t) - M*t", "t", "W > 0", "M > 0", "M < W", "-3/2 < t", "t < 3/2")
    assert [str(point.exact["t"]) for point in report.critical_points] == ["asin(M/W)"]
    assert report.complete


def test_homogeneous_in_sine_and_cosine_is_a_polynomial_in_the_tangent() -> None:
    """The longest ladder round a corner: tan(t)^3 = a/b."""
    (point,) = derive("a/sin(t) + b/cos(t)", "t", "0 < t", "t < pi/2", "a > 0", "b > 0").critical_points
    assert str(point.exact["t"]) == "atan(a**(1/3)/b**(1/3))"
    report = derive("2*sin(t)^2 + 3*sin(t)*cos(t)", "t")
    assert report.verdict.outcome == "closed"
    assert len(report.critical_points) == 4  # tan(2*t) = -3/2 within 2*pi


def test_a_bound_that_is_a_parameter_counts_no_turns() -> None:
    report = derive("sin(t)", "t", "t > 0", "t < T")
    assert report.verdict.outcome == "partly_closed"
    assert not any("fault" in a.reason for a in report.attempts)


def test_an_exponential_or_a_wave_of_a_difference_leaves_its_sum() -> None:
    """Gumbel's location; the mean direction of von Mises' distribution (Mardia and Jupp 2000, 5.3)."""
    x = [0.4, 1.3, -0.6]
    gumbel = derive("sum(i, 1, n, (x[i] - m)/b + exp(-(x[i] - m)/b))", "m", "b > 0").function()
    expected = -2 * math.log(sum(math.exp(-v / 2) for v in x) / 3)
    assert gumbel(x=x, n=3, b=2.0)["m"] == pytest.approx(expected)
    report = derive("-sum(i, 1, n, cos(x[i] - m))", "m", "-3/2 < m", "m < 3/2")
    direction = math.atan2(sum(map(math.sin, x)), sum(map(math.cos, x)))
    assert report.function()(x=x, n=3)["m"] == pytest.approx(direction)
