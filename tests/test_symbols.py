"""Answers in symbols: every condition is proved away or printed, and the function refuses the values that break one."""

from __future__ import annotations

import math
from typing import Any

import pytest
import sympy as sp

import closedform as cf
from closedform.calculus.bounds import bounds_of
from closedform.calculus.signs import KnownSigns
from closedform.problem import read
from closedform.stationarity.conditions import Conditions, shown
from closedform.stationarity.scalar import stationarity

a, b = sp.symbols("a b", real=True)
p = sp.Symbol("p", nonnegative=True)


def derive(loss: str, unknowns: str, *assumptions: str, **more: Any) -> Any:
    return cf.derive(loss, unknowns=unknowns.split(","), assumptions=assumptions, timeout=20, **more)


def cases(report: Any) -> set[tuple[str, str, tuple[str, ...]]]:
    return {(str(*c.exact.values()), c.kind, c.conditions) for c in report.critical_points}


def test_a_parameter_called_like_a_constant_is_a_name_in_the_function_too() -> None:
    """sqrt(I*K) of a parameter I was worked out with the imaginary unit (the peak of Haldane's rate is there)."""
    report = derive("-s/(K + s + s^2/I)", "s", "s > 0", "K > 0", "I > 0")
    assert report.function()(K=4.0, I=9.0)["s"] == pytest.approx(6)


# -- signs ---------------------------------------------------------------------------------------------------------


def test_at_least_zero_is_not_positive() -> None:
    """b*p >= p^2 with p >= 0 says nothing of b + p where p = 0 (found by the sign fuzzer)."""
    assert KnownSigns([sp.Ge(b * p, p**2, evaluate=False)]).sign(b + p) is None


def test_a_closed_bound_is_attained() -> None:
    q = sp.Symbol("q", positive=True)
    assert KnownSigns([sp.Le(q, 1, evaluate=False)]).sign(1 - q) == 2
    assert KnownSigns([sp.Lt(q, 1, evaluate=False)]).sign(1 - q) == 1


def test_a_root_may_be_zero() -> None:
    assert KnownSigns().sign(2 * sp.sqrt(p)) == 2


def test_logarithms_compare_as_their_arguments() -> None:
    q, r = sp.symbols("q r", positive=True)
    assert KnownSigns([sp.Gt(q, r, evaluate=False)]).sign(sp.log(q) - sp.log(r)) == 1


def test_the_sign_of_a_logarithm_or_a_root_may_be_given() -> None:
    """log(b) < 0 and log(b) >= 0 were held against each other by nothing, and both printed."""
    log = sp.log(b)
    assert KnownSigns([b > 0, sp.Lt(log, 0, evaluate=False)]).sign(3 * log) == -1
    assert KnownSigns([sp.Lt(log, 0, evaluate=False)]).sign(sp.log(a)) is None


def test_a_product_of_given_signs_has_a_sign() -> None:
    """|a/b| <= 1 is asked as (a + b)/b >= 0 >= (a - b)/b; where a factor that cancels may vanish, nothing follows."""
    facts = KnownSigns([sp.Ge((a + b) / b, 0), sp.Le((a - b) / b, 0), sp.Ne(b, 0)])
    assert facts.sign((a - b) * (a + b)) == -2
    assert KnownSigns([sp.Gt(a * (a + b), 0)]).sign(a / (a + b)) == 1
    c = sp.Symbol("c", real=True)
    assert KnownSigns([sp.Ge(a * c, 0), sp.Ge(b * c, 0)]).sign(a * b) is None  # c may be zero
    assert KnownSigns([sp.Gt(a * c, 0), sp.Ge(b * c, 0)]).sign(a * b) == 2


def test_several_bounds_all_hold() -> None:
    x = sp.Symbol("x", real=True)
    assert bounds_of(x, [x >= a, x > b, x < 3, x <= 7]) == (sp.Max(a, b), 3)


def test_conditions_read_back() -> None:
    assert shown(sp.Gt(50 - a, 0)) == "a < 50"


# -- cases ---------------------------------------------------------------------------------------------------------


def test_a_parabola_is_a_minimum_or_a_maximum() -> None:
    assert cases(derive("a*x^2 + b*x", "x")) == {
        ("-b/(2*a)", "global minimum", ("a > 0",)),
        ("-b/(2*a)", "global maximum", ("a < 0",)),
    }


def test_the_pitchfork_of_a_quartic() -> None:
    found = derive("x^4 + a*x^2", "x")
    assert found.complete
    assert {("0", "global minimum", ("a > 0",)), ("0", "local maximum", ("a < 0",))} <= cases(found)
    assert sum(k == "global minimum" and c == ("a < 0",) for _, k, c in cases(found)) == 2


def test_a_leading_coefficient_may_vanish() -> None:
    """a*x - log(x) + b*x^2 with b = 0 has the critical point 1/a."""
    found = derive("a*x - log(x) + b*x^2", "x", "x>0")
    assert any(str(c.exact["x"]) == "1/a" and "b = 0" in c.conditions for c in found.critical_points)


def test_an_open_domain_keeps_its_condition() -> None:
    found = derive("n0*l - S*log(l)", "l", "0<l<50", "n0>0", "S>0")
    assert [c.conditions for c in found.critical_points] == [("50*n0 > S",)]


def test_a_convex_loss_between_bounds_is_clipped() -> None:
    (point,) = derive("(x-c)^2", "x", "x>=a", "x>=b", "x<=d").critical_points
    at = {sp.Symbol(n, real=True): v for n, v in zip("abcd", (0, 2, 5, 4), strict=True)}
    assert point.exact["x"].subs(at) == 4
    assert set(point.conditions) == {"d >= a", "d >= b"}


# -- the function --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "unknowns", "assumptions", "values"),
    [
        ("(x-a)^2", "x", ("-100<x<100",), {"a": 250.0}),
        ("a*x^2+b*x", "x", ("a>0",), {"a": -2.0, "b": 3.0}),
        ("x^3/3-(70+a)*x", "x", (), {"a": -100.0}),
        ("sum(i,1,n,(y[i]-a-b*x[i])^2)", "a,b", (), {"x": [0.1, 0.1, 0.1], "y": [1.0, 2.0, 4.0]}),
        ("n/2*log(v)+sum(i,1,n,(x[i]-m)^2)/(2*v)", "m,v", ("v>0",), {"x": [2.0, 2.0], "n": 2}),
    ],
)
def test_a_failing_condition_is_an_error(loss: str, unknowns: str, assumptions: Any, values: Any) -> None:
    """The strict Cauchy-Schwarz inequality, an assumption, and a domain: none of them passes in silence."""
    with pytest.raises(cf.ConditionError):
        derive(loss, unknowns, *assumptions).function()(**values)


def test_every_name_of_the_problem_is_taken() -> None:
    assert derive("a + (x-b)^2", "x").function()(a=1.0, b=2.0) == {"x": 2.0}


def test_a_saturated_logistic_regression_in_symbols_falls_apart_in_its_two_forms():
    """By hand: the fitted chances are y1 and y2, so the forms are their logits."""
    loss = "(1-y1)*(w1*a+w2*c)+log(1+exp(-w1*a-w2*c))+(1-y2)*(w1*b+w2*d)+log(1+exp(-w1*b-w2*d))"
    report = cf.derive(loss, unknowns=["w1", "w2"], assumptions=["0<y1<1", "0<y2<1", "a*d-b*c>0"], timeout=40)
    found = report.function()(a=1.0, b=0.0, c=0.0, d=1.0, y1=0.75, y2=0.2)
    assert abs(found["w1"] - math.log(3)) < 1e-12
    assert abs(found["w2"] + math.log(4)) < 1e-12


def test_an_entry_of_a_column_beside_its_sum():
    loss = "-n*log(lam) + lam*(sum(i,1,n,x[i]) + (m-n)*x[n])"
    report = cf.derive(loss, unknowns=["lam"], assumptions=["lam>0", "x>0", "m>n"], timeout=40)
    assert abs(report.function()(x=[1.0, 2.0, 4.0], m=5.0)["lam"] - 0.2) < 1e-12  # 3/(7 + 2*4)


@pytest.mark.parametrize(
    ("loss", "unknowns", "assumed"),
    [
        # isotonic regression: for y < x the minimum lies on a = b, at the mean of both (Barlow et al. 1972)
        ("(a - x)^2 + (b - y)^2 subject to a <= b", "a,b", ()),
        # for x < 0 the minimum lies on a = 0
        ("(a - x)^2 + (a - z)^2 + b^2", "a,b", ("a >= 0",)),
        # concave: the minimum is at an end, whatever p
        ("p*x - p*x^2", "x", ("p > 0", "0 <= x <= 1")),
    ],
)
def test_a_minimum_on_an_edge_that_was_not_looked_at_is_not_denied(
    loss: str, unknowns: str, assumed: tuple[str, ...]
) -> None:
    report = cf.derive(loss, unknowns=unknowns, assumptions=assumed)
    assert not report.complete or any(p.kind == "boundary minimum" for p in report.critical_points)
    assert report.verdict.minimiser != "closed" or any(p.kind == "boundary minimum" for p in report.critical_points)


def test_a_case_that_leaves_a_smaller_case_out_is_told_with_it() -> None:
    # for p = q the equation is (r - q)*x = s: one point where r != q; for p = q = r nothing is said
    report = cf.derive("(p - q)^2*x^3/3 + (r - q)*x^2/2 - s*x", unknowns="x")
    found = [
        p
        for p in report.critical_points
        if p.exact and sp.denom(sp.together(p.exact["x"])).has(sp.Symbol("r", real=True))
    ]
    q, r, s = sp.symbols("q r s", real=True)
    assert any(sp.simplify(p.exact["x"] - s / (r - q)) == 0 for p in found)


def test_clipping_between_bounds_in_symbols_is_closed() -> None:
    """The projection of c onto [max(a, b), d]; without d >= a and d >= b there is no x at all."""
    report = cf.derive("(x-c)^2", unknowns="x", assumptions=["x>=a", "x>=b", "x<=d"])
    assert report.verdict.outcome == "closed"
    assert report.verdict.minimiser == "closed"
    assert report.function()(a=0.0, b=2.0, c=5.0, d=4.0)["x"] == 4.0


def test_conditions_that_follow_from_others_are_left_out() -> None:
    """a^2 + (b^2 + c^2)^2 is not zero where a is not."""
    a, b, c = sp.symbols("a b c", real=True)
    facts = KnownSigns((sp.Ne(a, 0),))
    assert facts.sign(a**2 + b**4 + 2 * b**2 * c**2 + c**4) == 1
    assert facts.sign(b**4 + c**4) == 2
    assert KnownSigns((sp.Gt(a * b, 0),)).sign(a**2) == 1
    report = cf.derive("a*x^3 + b*x^2 + c*x", unknowns="x")
    assert max(len(p.conditions) for p in report.critical_points) == 2


def test_a_point_of_two_kinds_stands_once_with_its_conditions() -> None:
    text = " ".join(cf.derive("a*x^2 + b*x", unknowns="x").to_text().split())
    assert "1. x = -b/(2*a): global minimum when a > 0; global maximum when a < 0; loss -b^2/(4*a)" in text
    assert " 2. " not in text


@pytest.mark.parametrize(
    ("loss", "unknowns", "where"),
    [
        ("a*x", "x", "vanishes nowhere in the domain, where a != 0."),  # a = 0: every x is critical
        ("a*x^2 + b*x*y + c*y^2", "x,y", "by arithmetic alone, where 4*a*c - b^2 != 0."),  # else a line or all points
        ("a*cos(x) + b*sin(x)", "x", "where a^2 + b^2 != 0."),
        # a = 0, b = 1: |x| + x, whose slope is zero for every x < 0
        ("sqrt(x^2 + a^2) + b*x", "x", "where a^2 + b^2 + 2*b + 1 != 0 and a^2 + b^2 - 2*b + 1 != 0."),
    ],
)
def test_the_short_report_says_where_the_list_is_whole(loss: str, unknowns: str, where: str) -> None:
    assert where in " ".join(derive(loss, unknowns).to_text().split())


def test_conditions_that_contradict_each_other_are_no_case() -> None:
    """The second derivative is 2*(a + b^2)/(x + b)^3: -b - r is the maximum, -b + r the minimum, for r^2 = a + b^2 > 0."""
    found = derive("(x^2 + a)/(x + b)", "x").critical_points
    assert {(str(p.exact["x"]), p.kind) for p in found} == {
        ("-b - sqrt(a + b**2)", "local maximum"),
        ("-b + sqrt(a + b**2)", "local minimum"),
    }
    kinds = {p.kind for p in derive("a*exp(x) + b*exp(-x)", "x").critical_points}
    assert kinds == {"global minimum", "global maximum"}  # convex for a, b > 0, concave for a, b < 0


def test_a_minimum_on_the_edge_for_other_data_is_not_denied() -> None:
    """(x - a)^(3/2) + b*x falls up to x = a + 4*b^2/9 for b < 0; for b > 0 its minimum is at the edge x = a."""
    report = derive("(x - a)^(3/2) + b*x", "x")
    assert report.verdict.minimiser == "undecided"
    assert not report.complete


@pytest.mark.parametrize("name", ["c", "gamma", "beta", "S"])
def test_a_period_holds_the_parameter_whatever_its_name(name: str) -> None:
    report = derive(f"cos({name}*x)", "x", f"{name} > 0")
    assert {(x, kind) for x, kind, _ in cases(report)} == {("0", "local maximum"), (f"pi/{name}", "local minimum")}


def test_the_turns_that_are_left_out_make_the_answer_partial() -> None:
    """tan(x) - a*x has the slope tan(x)^2 + 1 - a: each of its zeros, moved by pi, is one, and the loss has no period."""
    report = derive("tan(x) - a*x", "x")
    assert report.verdict.outcome == "partly_closed"
    assert "The 3 critical points listed have an exact expression" in " ".join(report.to_text().split())


@pytest.mark.parametrize(
    ("loss", "exceptions"),
    [
        ("x^3 + a*x*y", {"a != 0"}),  # at a = 0 every (0, y) is critical
        ("x^4 + a*x^2*y + y^2", {"a != 2", "a != -2"}),  # at a = 2 it is (x^2 + y)^2, critical on a parabola
        ("(a^2 - 4)*x^4 + (x^2 + y)^2", {"a != 2", "a != -2"}),
    ],
)
def test_data_for_which_an_equation_of_the_elimination_vanishes_are_left_out(loss: str, exceptions: set[str]) -> None:
    """A factor without unknowns was dropped: x = y = 0 was called the only critical point for all a."""
    (point,) = derive(loss, "x,y").critical_points
    assert set(point.conditions) == exceptions


def test_a_cube_root_of_a_quotient_has_both_signs() -> None:
    """x^3 = a/(a + 2): at a = -1 the real root is -1, which a principal root of a quotient does not give."""
    (point,) = derive("a*x + (a + 2)*y^2 + (a + 2)*x^2*y", "x,y").critical_points
    assert point.conditions == ("a != -2",)
    for number in (-1, -3, 4):  # x^3 = a/(a + 2) and y = -x^2/2 by hand
        x, y = (e.subs(dict.fromkeys(e.free_symbols, number)) for e in (point.exact["x"], point.exact["y"]))
        assert sp.simplify(x**3 - sp.Rational(number, number + 2)) == 0
        assert x.is_real
        assert sp.simplify(y + x**2 / 2) == 0


def test_a_power_with_a_parameter_is_read_where_it_is_real_for_all_of_them() -> None:
    # x^a at a = 2 is critical at 0, which x^(1/2) is not: what is said for every a is said of x > 0, and told so
    report = cf.derive("x^a", unknowns="x")
    assert report.verdict.outcome == "no_critical_point"
    assert list(report.to_dict()["problem"]["notes"]) == ["x**a is read where x > 0"]
    report = cf.derive("(x - 1)^a*(x + 1)", unknowns="x")
    assert not report.details.get("faults")
    assert report.complete


def test_a_whole_power_vanishes_at_zero() -> None:
    # a*x^(a - 1) = 0 at x = 0 for a = 2, 3, ..., and not for a = 1
    (found,) = cf.derive("x^a", unknowns="x", assumptions=["a integer", "a > 0"]).critical_points
    assert found.exact is not None
    assert found.exact["x"] == 0
    assert found.conditions == ("a > 1",)
    found = cf.derive("x^a + y^2", unknowns="x,y", assumptions=["a integer", "a >= 3"])
    assert [str(p.exact) for p in found.critical_points] == ["FrozenMap({'x': 0, 'y': 0})"]


def test_where_the_proof_of_a_point_divides_by_zero_the_list_is_not_called_whole() -> None:
    # at a = 1, b = 0 the loss is x^2, critical at 0; the proof of x = 0 divides by b, and the roots of b ask for a > 1
    report = cf.derive("(x^2 - b)^a", unknowns="x", assumptions=["a integer", "a >= 1"])
    assert any("b != 0" in s.exceptions for s in report.verdict.statements) or not report.complete


def test_what_the_text_asks_of_a_parameter_is_a_condition_of_every_point() -> None:
    # log(b) has no real value at b = -1: there x = 0 is no critical point, and the loss no bound that it falls below
    report = cf.derive("log(b)*x^3 + (b + 2)*x^4", unknowns="x")
    assert report.critical_points
    assert all("b > 0" in p.conditions for p in report.critical_points)
    assert not any("unbounded" in s.text for s in report.verdict.statements)


def test_odd_roots_beside_an_exponential_take_either_sign() -> None:
    # x^3*exp(x) = 2*c/b has a negative root where c/b < 0 (at b = -3, c = 2: -3.2267, by mpmath)
    report = cf.derive("b*exp(x) + c/x^2", unknowns="x")
    conditions = [" ".join(p.conditions) for p in report.critical_points]
    assert any("c/b >= 0" in c for c in conditions)
    assert any("c/b <= 0" in c for c in conditions)


def test_a_denominator_is_no_case_in_which_a_derivative_vanishes() -> None:
    # the second derivative 2*(a - 1)/(a - b) is nowhere zero for a < 0
    report = cf.derive("((a - 1)*x^2 + abs(a)*x)/(a - b)", unknowns="x", assumptions=["a < 0"])
    assert {p.kind: p.conditions for p in report.critical_points} == {
        "global minimum": ("b > a",),
        "global maximum": ("a > b",),
    }


def test_what_a_piece_asks_is_asked_where_it_counts():
    """Of cosines for three real roots their domain was asked of Cardano's root as well: genotypes' counts were refused."""
    system = stationarity(read("x^2/2 - a*x", unknowns=["x"]))
    (x,), (parameter,) = system.unknowns, system.parameters
    point = {x: sp.Piecewise((sp.acos(parameter), parameter < 1), (parameter, True))}
    asked = Conditions(system).at(point)
    assert asked
    assert all(r.subs(parameter, 5) == sp.true for r in asked)
    assert any(r.subs(parameter, -5) == sp.false for r in asked)


def test_no_case_is_listed_whose_conditions_contradict_each_other() -> None:
    """The critical points of a*x + cos(b*x): at asin(a/b)/b the second derivative -b^2*sqrt(1 - (a/b)^2) is never positive."""
    kinds = {(x, kind) for x, kind, _ in cases(derive("cos(b*x) + a*x", "x"))}
    assert ("asin(a/b)/b", "local maximum") in kinds
    assert ("asin(a/b)/b", "local minimum") not in kinds


def test_a_condition_on_a_sign_or_an_absolute_value_is_one_on_its_argument() -> None:
    """4*a*x^3 + b: for b = 0 the root is 0; "sign(b) != 0 and b != 0" was printed for the other case."""
    found = cases(derive("a*x^4 + b*x", "x"))
    assert {(kind, k) for x, kind, k in found if x != "0"} == {
        ("global minimum", ("a > 0", "b != 0")),
        ("global maximum", ("a < 0", "b != 0")),
    }
    assert ("0", "global minimum", ("b = 0", "a > 0")) in found
