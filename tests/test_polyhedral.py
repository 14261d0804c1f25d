"""Convex losses that are linear between hyperplanes, against linear programs solved by SciPy (HiGHS)."""

from __future__ import annotations

import random

import numpy as np
import pytest
from scipy import optimize

import closedform as cf


def lad(rows, ys):
    """The least sum of absolute residuals of a line, as a linear program."""
    n = len(ys)
    design = np.array(rows, float)
    cost = np.concatenate([np.zeros(2), np.ones(n)])
    above, below = np.hstack([design, -np.eye(n)]), np.hstack([-design, -np.eye(n)])
    bounds = [(None, None)] * 2 + [(0, None)] * n
    return optimize.linprog(cost, np.vstack([above, below]), np.concatenate([ys, np.negative(ys)]), bounds=bounds).fun


@pytest.mark.parametrize("seed", range(3))
def test_a_line_by_least_absolute_deviations(seed):
    r = random.Random(seed)
    xs, ys = sorted(r.sample(range(12), 6)), [r.randint(-9, 9) for _ in range(6)]
    loss = " + ".join(f"|{y} - a - {x}*b|" for x, y in zip(xs, ys, strict=True))
    report = cf.derive(loss, unknowns=["a", "b"], timeout=40)
    assert report.verdict.outcome == "closed"
    assert {p.kind for p in report.critical_points} == {"global minimum"}
    assert abs(float(report.critical_points[0].loss) - lad([[1, x] for x in xs], ys)) < 1e-9


@pytest.mark.parametrize(
    ("loss", "assumptions", "expected"),
    [
        ("max(|1-a-b|, |2-a-2*b|, |2-a-3*b|, |5-a-4*b|)", [], [(-7 / 6, 4 / 3)]),  # by linprog
        ("|a - 1| + |b - 2| - a/2", ["a<=0", "b>=3"], [(0, 3)]),
        ("max(0, a - 1) + max(0, -a - 1) + |b|", [], [(-1, 0), (1, 0)]),  # an edge of minimisers
    ],
)
def test_corners(loss, assumptions, expected):
    report = cf.derive(loss, unknowns=["a", "b"], assumptions=assumptions, timeout=40)
    assert report.verdict.outcome == "closed"
    assert [(float(p.exact["a"]), float(p.exact["b"])) for p in report.critical_points] == expected


def test_a_fall_along_an_edge():
    report = cf.derive("|x - y| + |x + 2*y - 1| - 3*x", timeout=40)
    assert report.verdict.outcome == "no_critical_point"
    assert any("no lower bound" in s.text for s in report.verdict.statements)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("max(|a-1|, |b+2|) + a^2/10", (1, -2)),
        ("(a-1/4)^2 + (b-1/4)^2 + 2*|a| + |b|", (0, 0)),  # soft thresholds 1 and 1/2 exceed 1/4
        ("exp(a) + 2*|a| + |b| + b^2", (0, 0)),
    ],
)
def test_a_corner_that_smooth_terms_do_not_move(loss, expected):
    report = cf.derive(loss, unknowns=["a", "b"], timeout=40)
    assert report.complete
    assert [(p.kind, int(p.exact["a"]), int(p.exact["b"])) for p in report.critical_points] == [
        ("global minimum", *expected)
    ]
