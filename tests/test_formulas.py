"""Root formulas of degree three and four in symbols, against the roots of numbers (NumPy's eigenvalues)."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import closedform as cf


def real(coefficients: list[float]) -> list[float]:
    return sorted(z.real for z in np.roots(coefficients) if abs(z.imag) < 1e-7)


def given(formula: Callable[..., Any], **values: float) -> list[float]:
    try:
        return sorted(np.atleast_1d(formula(**values)["x"]))
    except cf.ConditionError:
        return []


def test_a_quartic_in_symbols_has_all_its_real_roots() -> None:
    """With four real roots Ferrari's formula by principal roots passes through complex numbers: none was listed."""
    report = cf.derive(equations=["x^4 + p*x^2 + q*x + r"], unknowns=["x"])
    assert (report.verdict.outcome, report.complete) == ("closed", True)
    formula = report.function()
    several = set[int]()
    for p, q, r in itertools.product((-5, -2, 3), (-3, -1, 2), (-4, 1, 5)):
        wanted = real([1, 0, p, q, r])
        several.add(len(wanted))
        assert given(formula, p=p, q=q, r=r) == pytest.approx(wanted, abs=1e-6)
    assert several == {0, 2, 4}
    assert given(formula, p=-5, q=0, r=4) == pytest.approx([-2, -1, 1, 2])


def test_exponentials_of_three_real_roots() -> None:
    """y^3 - 3y + 1 has two positive roots; a condition that the proof of another point needs is not asked of them."""
    formula = cf.derive(equations=["exp(3*x) + p*exp(x) + q"], unknowns=["x"]).function()
    wanted = sorted(np.log([y for y in real([1, 0, -3, 1]) if y > 0]))
    assert given(formula, p=-3, q=1) == pytest.approx(wanted)
