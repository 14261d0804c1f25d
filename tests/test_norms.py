"""Lengths of vectors: the loss has no gradient where one is zero, and may be least there. Expected values by hand."""

from __future__ import annotations

import pytest

import closedform as cf


def points(report):
    return [(p.kind, *(round(float(v), 6) for v in p.numeric.values())) for p in report.critical_points]


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (
            "sqrt(x^2+y^2) + x/2",
            [("global minimum", 0.0, 0.0)],
        ),  # slope 1/2 against weight 1: it was "no critical point"
        ("sqrt(x^2+y^2) + x^2 - x/2", [("global minimum", 0.0, 0.0)]),
        ("sqrt(x^2+y^2) + (x-1)^2 + (y-1)^2", [("global minimum", 0.646447, 0.646447)]),  # slope sqrt(8) > 1
        ("4*sqrt(x^2+y^2) + (x-3)^2*(x-5)^2 + y^2", [("global minimum", 2.675282, 0.0)]),  # slope 480 > 4 at zero
        # Fermat's point of a triangle without a wide angle: sqrt(1/3) above the middle of the base
        ("sqrt((x-1)^2+y^2) + sqrt((x+1)^2+y^2) + sqrt(x^2+(y-2)^2)", [("global minimum", 0.0, 0.57735)]),
    ],
)
def test_a_minimum_where_a_root_vanishes_is_found_or_excluded(loss, expected):
    report = cf.derive(loss, timeout=60)
    assert report.verdict.outcome == "closed"
    assert report.complete
    assert points(report) == expected


@pytest.mark.parametrize("loss", ["sqrt(x^2+y^2+x^4) + x/2", "(x^2+y^2)^(1/3) + x/2", "sqrt((x-a)^2+(y-b)^2) + x/2"])
def test_where_the_kink_is_not_decided_nothing_is_claimed(loss):
    report = cf.derive(loss, unknowns=["x", "y"], timeout=30)
    assert report.verdict.outcome != "no_critical_point"
    assert not report.complete
