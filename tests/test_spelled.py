"""Expressions of our own: spelled as SymPy spells the same value, and SymPy's to who asks for them."""

from __future__ import annotations

import pickle

import pytest
import sympy as sp
from flint import arb, fmpq, fmpq_poly
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import closedform as cf
from closedform.algebra import bridge
from closedform.algebra.roots import decimal_text
from closedform.algebra.spelled import Spelled, spelled_decimal, spelled_number, spelled_polynomial, spelled_product
from closedform.attempt import Attempt
from closedform.audit import audit
from closedform.budget import Budget
from closedform.frozen import FrozenMap
from closedform.points import CriticalPoint
from closedform.problem import read
from closedform.stationarity.scalar import stationarity
from closedform.stationarity.text.polynomial_line import polynomial_line

X = sp.Symbol("x", real=True)
FRACTIONS = st.fractions(-12, 12, max_denominator=6)
POLYNOMIALS = st.lists(st.one_of(st.just(0), FRACTIONS), min_size=2, max_size=7)


def rational(value) -> sp.Rational:
    return sp.Rational(value.numerator, value.denominator)


def flint(value) -> fmpq:
    return fmpq(value.numerator, value.denominator)


@settings(deadline=None)
@given(POLYNOMIALS)
def test_polynomials_are_spelled_as_sympy_spells_them(coefficients):
    expected = sp.Add(*(rational(c) * X**k for k, c in enumerate(coefficients)))
    f = fmpq_poly([flint(c) for c in coefficients])
    assert str(spelled_polynomial(f, "x")) == bridge.text(expected)
    assert spelled_polynomial(f, "x").sympy == expected
    assume(f.degree() > 0)
    top, bottom = sp.fraction(sp.together(expected))
    assert str(spelled_product(f, "x")) == bridge.text(top / bottom)


@settings(deadline=None)
@given(FRACTIONS, FRACTIONS, st.sampled_from([2, 3, 5, 6, 7, 10, 2311]))
def test_numbers_are_spelled_as_sympy_spells_them(a, b, d):
    expected = rational(a) + rational(b) * sp.sqrt(d)
    assert str(spelled_number(flint(a), flint(b), d)) == bridge.text(expected)
    assert spelled_number(flint(a), flint(b), d).sympy == expected


@settings(deadline=None)
@given(st.floats(-1e9, 1e9, allow_nan=False), st.sampled_from([7, 20]))
def test_decimals_are_spelled_as_sympy_spells_them(value, digits):
    text = decimal_text(arb(value), digits)[0]
    spelled = spelled_decimal(text)
    assert spelled is None or (str(spelled) == str(sp.Float(text, 20)) and spelled.sympy == sp.Float(text, 20))


def test_what_a_user_is_given_is_sympy():
    report = cf.derive("x**4 - x**2")
    point = report.critical_points[0]
    assert point.exact["x"] == -sp.sqrt(2) / 2
    assert isinstance(point.exact["x"], sp.Expr)
    assert isinstance(point.loss, sp.Rational)
    assert report.gradient["x"] == 4 * X**3 - 2 * X
    assert isinstance(report.hessian[0][0], sp.Expr)
    assert isinstance(report.equations[0], sp.Expr)
    assert pickle.loads(pickle.dumps(report)).critical_points[0].exact == point.exact
    assert [p.kind for p in report.critical_points.minima] == ["global minimum"] * 2
    assert isinstance(cf.derive("x^6/6 - x^2/2 - x").critical_points[0].loss, sp.Float)


def test_ours_does_what_sympys_does():
    ours = Spelled("x**2 - 1", ("x",))
    assert ours.subs(X, 3) == 8
    assert ours == X**2 - 1
    assert (X**2 - 1) - ours == 0
    assert sp.diff(ours, X) == 2 * X
    assert ours + 1 == X**2
    assert pickle.loads(pickle.dumps(ours)) == ours


@pytest.mark.parametrize(
    "loss", ["x^4 - x^2", "x^6/6 - x^2/2 - x", "x^3 - 3*x + 2", "-x^5/5 + x/7", "0.1*x^4 - 0.3*x^3", "x*x^2 - 3*x/2"]
)
def test_the_system_is_that_of_the_expressions(loss):
    problem = read(loss)
    line, whole = polynomial_line(problem), stationarity(problem)
    assert line is not None
    for ours, theirs in (
        *zip(line.gradient, whole.gradient, strict=True),
        *zip(line.equations, whole.equations, strict=True),
    ):
        assert ours.sympy == theirs
        assert str(ours) == bridge.text(theirs)
    assert line.outline().kind == whole.kind
    assert line.in_symbols.loss == whole.loss


@pytest.mark.parametrize(
    ("loss", "options"),
    [
        ("x*(x^2 - 1)", {}),
        ("x^4 - x^2", {"assumptions": ["x > 0"]}),
        ("x^4 - a*x^2", {"unknowns": ["x"]}),
        ("x^4 - sqrt(2)*x", {}),
        ("x^4 + 1/x", {}),
        ("x^4 + y^4", {}),
    ],
)
def test_other_losses_are_left_to_the_expressions(loss, options):
    assert polynomial_line(read(loss, **options)) is None


@pytest.mark.parametrize(
    ("points", "why"),
    [
        ([("0", "local maximum")], "0.7071067812 is not listed"),
        ([("0", "global minimum")], "no global minimum"),
        ([("-1", "local minimum")], "no critical point"),
    ],
)
def test_the_audit_of_a_polynomial_misses_nothing(points, why):
    listed = tuple(
        CriticalPoint(numeric=FrozenMap({"x": v}), radius=FrozenMap({"x": "1e-20"}), kind=k) for v, k in points
    )
    said = Attempt("a guess", "solved", points=listed, complete=True)
    found = audit(read("x^4 - x^2"), said, Budget.of(5))
    assert found.outcome != "solved"
    assert any(why in fault for fault in found.faults), found.faults


def test_tuples_made_of_shown_ones_hold_expressions_too():
    equations = cf.derive("x^4 - x^2").equations
    for made in (equations + (), () + equations, equations * 1, 1 * equations):  # noqa: RUF005
        assert type(made) is tuple
        assert isinstance(made[0], sp.Expr)
