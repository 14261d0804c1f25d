"""Root formulas of degree three and four in symbols, against the roots of numbers (NumPy's eigenvalues)."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy as sp

import closedform as cf
from closedform.calculus.roots.formulas import real_quartic
from closedform.reading.language import parse
from closedform.report.admissible import relations
from closedform.report.function import ScalarFunction
from closedform.stationarity.conditions import shown


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


@pytest.mark.parametrize(
    ("values", "roots"),
    [
        ((0, -5, 0), [0.0, 5 ** (1 / 3)]),  # x*(x^3 - 5): a resolvent root vanishes, and floats made it 1e-6
        ((-6, 8, -3), [-3.0, 1.0]),  # (x - 1)^3*(x + 3)
        ((0, 0, 0), [0.0]),
        ((0, 1, -1e-4), [-1.0000333311113580, 9.99999999999e-05]),  # mpmath.polyroots at 40 digits
        ((-10, 1, -1e-8), [-3.2111393534273858, 1.00000010000002e-08, 0.10010029118542588, 3.1110390522419586]),
    ],
)
def test_a_quartic_s_function_is_right_to_the_last_digits(values: tuple[float, ...], roots: list[float]) -> None:
    p, q, r = sp.symbols("p q r", real=True)
    cases = real_quartic(sp.S.One, sp.S.Zero, p, q, r)
    points = tuple({"x": parse(sp.sstr(value))} for value, _ in cases)
    conditions = tuple(
        tuple(relations([shown(g) for g in guards] + [f"{sp.sstr(b)} >= 0" for b in _radicands(value)]))
        for value, guards in cases
    )
    found = np.atleast_1d(ScalarFunction(points, conditions)(p=values[0], q=values[1], r=values[2])["x"])
    assert sorted({float(f"{v:.14e}") for v in found}) == pytest.approx(roots, rel=1e-14, abs=0)


def _radicands(value: Any) -> list[Any]:
    return [e.base for e in value.atoms(sp.Pow) if e.exp == sp.Rational(1, 2) and e.base.free_symbols]
