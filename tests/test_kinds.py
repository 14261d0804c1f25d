"""Kinds of points by cases of the parameters, held against the polynomial at numbers (roots and signs by NumPy)."""

from __future__ import annotations

import itertools
import re
from typing import Any

import numpy as np
import pytest
import sympy as sp

import closedform as cf

GRID = (-2, -1, 0, 1, 3)


def derive(loss: str, *assumptions: str) -> Any:
    return cf.derive(loss, unknowns="x", assumptions=assumptions, timeout=60)


def holds(condition: str, values: dict[str, int]) -> bool:
    left, op, right = re.split(r" (<=|>=|!=|<|>|=) ", condition)
    sides = [
        complex(sp.sympify(s.replace("^", "**"), locals={k: sp.Integer(v) for k, v in values.items()}))
        for s in (left, right)
    ]
    gap = (sides[0] - sides[1]).real
    return {"<": gap < 0, "<=": gap <= 0, ">": gap > 0, ">=": gap >= 0, "=": gap == 0, "!=": gap != 0}[op]


def kinds_of(loss: str, values: dict[str, int]) -> dict[float, str]:
    """The critical points of a polynomial with their kinds, by the sign of its slope beside them and by its values."""
    x = sp.Symbol("x")
    f = sp.Poly(sp.sympify(loss.replace("^", "**"), locals={k: sp.Integer(v) for k, v in values.items()}), x)
    points = sorted(float(r) for r in sp.real_roots(f.diff(x), multiple=False) for r in [r[0]])
    if not points:
        return {}
    at = np.polynomial.Polynomial([float(c) for c in reversed(f.all_coeffs())])
    slope, out = at.deriv(), dict[float, str]()
    ends = [points[0] - 1, *[(p + q) / 2 for p, q in itertools.pairwise(points)], points[-1] + 1]
    for p, before, after in zip(points, ends, ends[1:], strict=False):
        way = (slope(before) < 0, slope(after) < 0)
        word = {(True, False): "local minimum", (False, True): "local maximum"}.get(way, "degenerate")
        even = f.degree() % 2 == 0
        if word == "local minimum" and even and slope(ends[-1]) > 0 and at(p) <= min(map(at, points)) + 1e-9:
            word = "global minimum"
        if word == "local maximum" and even and slope(ends[-1]) < 0 and at(p) >= max(map(at, points)) - 1e-9:
            word = "global maximum"
        out[p] = word
    return out


@pytest.mark.parametrize(
    "loss",
    [
        "a*x^4 + b*x^2",
        "x^4 + b*x^2",
        "a*x^6 + b*x^4",
        "a*x^3 + b*x^2",
        "a*x^4 + b*x^3",
        "a*x^2 + b*x",
        "x^3 + a*x",
        "a*x^4 + x",
        "x^4 + a*x",
    ],
)
def test_each_case_has_the_kind_that_the_numbers_have(loss: str) -> None:
    report = derive(loss)
    names = [n for n in ("a", "b") if n in loss]
    for numbers in itertools.product(GRID, repeat=len(names)):
        values = dict(zip(names, numbers, strict=True))
        if values.get("a", 1) == 0 and values.get("b", 1) == 0:
            continue  # left out: the loss is constant
        found = dict[float, set[str]]()
        for p in report.critical_points:
            if all(holds(c, values) for c in p.conditions):
                where = p.exact["x"]
                place = float(where.subs({s: values[s.name] for s in where.free_symbols}))
                found.setdefault(round(place, 9) + 0.0, set()).add(p.kind)
        truth = kinds_of(loss, values)
        assert found.keys() == {round(p, 9) for p in truth}, values
        for p, kind in truth.items():
            told = found[round(p, 9)]
            assert kind in told, (values, p, told)
            assert told <= {kind, kind.replace("global", "local"), "unclassified"}, (values, p, told)


def test_beyond_a_hole_a_lower_value_may_lie() -> None:
    """At x = 2 the loss would be least, -32 a, and x = -1 is lower than 0 only; also where the hole cancels from the text."""
    loss = "a*(3*x^4 - 4*x^3 - 12*x^2)"
    for report in (derive(loss, "a > 0", "x != 2"), derive(f"{loss}/(x - 2)*(x - 2)", "a > 0")):
        assert {str(p.exact["x"]): p.kind for p in report.critical_points} == {
            "0": "local maximum",
            "-1": "local minimum",
        }


def test_a_bend_under_a_condition_is_no_bend_for_all_data() -> None:
    """a*x^2 + b*x is convex for a > 0: only a point without conditions shows that a loss is not convex."""
    assert "not convex" not in derive("a*x^2 + b*x").to_text(full=True)
    assert "not convex" in derive("x^4 - (b^2 + 1)*x^2").to_text(full=True)


def test_a_quartic_with_symbols_has_its_minimum_among_the_formulas() -> None:
    report = derive("x^4 + b*x^2 + c*x")
    assert "The loss tends to infinity at both ends, so it has a global minimum" in " ".join(report.to_text().split())
    assert report.verdict.minimiser == "closed"
    assert "There is no global minimum: the loss is unbounded below." in derive("b*x^2 - x^4").to_text()
    assert "Where a < 0, the loss is unbounded below" in derive("a*x^4 + b*x^2").to_text(full=True)


def test_what_is_unbounded_has_all_its_conditions_and_no_value() -> None:
    """a*b^2*x^4 + x^2 falls for a < 0 unless b = 0; a local minimum where it falls is not what ``solver`` gives."""
    report = derive("a*b^2*x^4 + x^2")
    (falls,) = (s.text for s in report.verdict.statements if "unbounded" in s.text)
    assert "a < 0" in falls
    assert "b != 0" in falls
    solver = derive("a*x^4 + x^2").solver()
    assert solver(a=1.0).converged
    assert not solver(a=-1.0).converged


def test_a_condition_of_a_proof_keeps_both_its_sides() -> None:
    """x = a is a critical point of x^2 - 2*a*x where a != 1, also at a = 0: ``a != 1`` was read as ``a != 0``."""
    (point,) = derive("x^2 - 2*a*x", "x != 1").critical_points
    assert point.conditions == ("a != 1",)


def test_all_points_of_the_least_value_are_global_minima() -> None:
    """cos(5*sin(x)) is -1 where sin(x) = pi/5 or -pi/5: four times in a period, two of which were called local."""
    report = cf.derive("cos(5*sin(x))", timeout=20)
    least = {str(p.exact["x"]) for p in report.critical_points if p.kind == "global minimum"}
    assert least == {"asin(pi/5)", "-asin(pi/5)", "pi - asin(pi/5)", "asin(pi/5) + pi"}
    assert "local minimum" not in {p.kind for p in report.critical_points}
