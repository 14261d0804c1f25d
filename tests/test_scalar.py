"""Scalar losses: gradients, signs, changes of variable, elimination, edges and kinks.

Expected values are textbook maximum-likelihood estimators and elementary calculus; each is also judged by the code in
balls, so a wrong formula cannot pass by agreeing with a wrong expectation alone.
"""

from __future__ import annotations

import importlib
from typing import Any

import pytest
import sympy as sp
from flint import fmpq

from closedform import problem
from closedform.algebra.sampling import Sample, Sampler, real_ball
from closedform.attempt import Attempt
from closedform.budget import Budget
from closedform.calculus import scalar
from closedform.calculus.roots.inversion import real_roots
from closedform.calculus.roots.polynomial import polynomial_roots
from closedform.calculus.signs import KnownSigns
from closedform.kernel.check import check_certificate
from closedform.kernel.expressions import tree as kernel
from closedform.kernel.reading import Refused
from closedform.ladder import SCALAR
from closedform.stationarity.scalar import stationarity
from closedform.strategies import least_point
from closedform.strategies.answer import answer

x = sp.Symbol("x", real=True)
u = sp.Symbol("u", positive=True)
a, b, n = sp.symbols("a b n", positive=True)


MODULES = {dotted.rpartition(".")[2]: dotted for dotted in SCALAR}


def attempt(strategy: str, loss: str, unknowns: str, assumptions: tuple[str, ...] = (), **more: Any) -> Attempt:
    module = importlib.import_module(MODULES[strategy])
    system = stationarity(problem.read(loss, unknowns=unknowns, assumptions=assumptions, **more))
    said = module.declines(system)
    assert said is None, said
    found = least_point.promoted(
        system, answer(system, module.attempt(system, Budget.of(20)), Budget.of(20)), Budget.of(20)
    )
    for certificate in found.certificates:
        check_certificate(certificate)
    return found


def values(found: Attempt) -> list[dict[str, Any]]:
    return [dict(p.exact) for p in found.points if p.exact is not None]


def plain(expr: Any) -> Any:
    """The expression over plain symbols, to compare with an expectation written without assumptions."""
    return expr.xreplace({s: sp.Symbol(s.name) for s in expr.free_symbols})


# -- the gradient and its check ----------------------------------------------------------------------------------


def test_a_planted_error_in_the_gradient_is_found() -> None:
    loss = kernel.read(["+", ["^", "x", "4"], ["*", "-1", ["exp", "x"]]])
    right = 4 * x**3 - sp.exp(x)
    sampler = Sampler([x])
    assert scalar.disagreement(loss, [right], ["x"], sampler) is None
    assert scalar.disagreement(loss, [right + sp.Rational(1, 10**12)], ["x"], sampler) == "x"


@pytest.mark.parametrize(
    ("loss", "kind"),
    [
        ("x^4 - x^2", "polynomial"),
        ("x + 1/x", "rational"),
        ("sqrt(x^2 + 1)", "algebraic"),
        ("exp(x) - 2*x", "exponential"),
        ("sin(x) + cos(2*x)", "trigonometric"),
        ("x*log(x) + x^2", "transcendental"),
        ("|x - 1|", "piecewise"),
        ("sum(i, 1, n, exp(x*z[i]))", "sum"),
    ],
)
def test_kind(loss: str, kind: str) -> None:
    assert stationarity(problem.read(loss, unknowns="x")).kind == kind


def test_outline_has_gradient_and_hessian() -> None:
    shown = stationarity(problem.read("x^4 - x^2*y")).outline()
    assert set(shown.gradient) == {"x", "y"}
    assert shown.hessian[0][1] == shown.hessian[1][0]
    assert len(shown.equations) == 2
    assert shown.kind == "polynomial"


def test_rows_of_a_table_are_accumulated_exactly() -> None:
    data = {"x": ["0.1", "0.2", "0.4"], "y": ["1", "2", "4.5"]}
    system = stationarity(problem.read("sum(i, 1, n, (y[i] - c*x[i])^2)", unknowns="c", data=data))
    assert system.equations[0] == sp.Rational(42, 100) * sp.Symbol("c", real=True) - sp.Rational(46, 10)


# -- signs -------------------------------------------------------------------------------------------------------


def test_signs_follow_from_relations() -> None:
    s1, s2, k = sp.Symbol("s1", real=True), sp.Symbol("s2", positive=True), sp.Symbol("k", positive=True)
    facts = KnownSigns([n * s2 > s1**2, k < n, a < 1])
    assert facts.sign(s2 / n - (s1 / n) ** 2) == 1
    assert facts.sign(k / n - 1) == -1
    assert facts.sign(a * (1 - a)) == 1
    assert facts.sign(s1 + sp.sqrt(s1**2 + 4 * k)) == 1
    assert facts.sign(s1 - sp.sqrt(s1**2 + 4 * k)) == -1


def test_no_sign_is_claimed_where_both_occur() -> None:
    facts = KnownSigns([a < b])
    assert facts.sign(b - a) == 1
    assert facts.sign(2 * a - b) is None
    assert KnownSigns().sign(a - b) is None


# -- one equation ------------------------------------------------------------------------------------------------

EQUATIONS = [
    (sp.exp(2 * x) - 3 * sp.exp(x) + 2, x),
    (n * sp.exp(x) - a + x / b**2, x),
    (2**x * sp.log(2) - 2 * x, x),
    (2 * sp.log(u) / u + 1, u),
    (x / sp.sqrt(x**2 + 1) - sp.Rational(1, 2), x),
    (sp.tanh(x - a) + sp.tanh(x - b), x),
    (a / u - b * u ** (-n - 1), u),
    (sp.cos(x) + 2 * sp.cos(2 * x), x),
    (sp.log(u) + 1 + 2 * u, u),
    (sp.exp(x) - sp.pi * sp.exp(-sp.pi * x), x),
]


@pytest.mark.parametrize(("equation", "unknown"), EQUATIONS)
def test_a_real_root_is_among_the_candidates(equation: Any, unknown: Any) -> None:
    found = real_roots(equation, unknown, KnownSigns())
    assert not found.obstacles
    sample = Sampler([s for s in (a, b, n) if s in equation.free_symbols], seed=3).draw()
    assert sample is not None
    hits = 0
    for value in found.values:
        at = real_ball(value, sample)
        if at is None or (unknown.is_positive and not at > 0):
            continue
        there = real_ball(equation, Sample({**sample.values, unknown.name: at}, {}))
        hits += there is not None and there.contains(0)
    assert hits


def test_formulas_of_degree_three_and_four_hold() -> None:
    c, d = sp.symbols("c d", real=True)
    values_ = {a: sp.Rational(3, 2), b: sp.Rational(5, 7), c: sp.Rational(-11, 3), d: sp.Rational(2, 9)}
    for f, real in ((a * x**3 + b * x**2 + c * x + d, 3), (x**4 + a * x**3 + b * x**2 + c * x + d, 2)):
        found = polynomial_roots(f, x).resolved()
        cases = zip(found.values, found.guards, strict=True)
        held = [v.subs(values_) for v, guards in cases if all(g.subs(values_) for g in guards)]
        numbers = [z for z in (complex(sp.N(v, 30)) for v in held) if abs(z.imag) < 1e-9]
        assert len(numbers) == real
        assert len(held) == sp.degree(f, x)
        assert all(abs(sp.N(f.subs(values_).subs(x, z.real))) < 1e-9 for z in numbers)


def test_what_has_no_formula_is_an_obstacle_not_an_answer() -> None:
    assert real_roots(x - sp.cos(x), x, KnownSigns()).obstacles
    found = polynomial_roots(x**5 - x + a, x)
    assert len(found.placeholders) == 1
    assert found.placeholders[0].ball is None


# -- one unknown -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "unknown", "assumptions", "expected"),
    [
        ("-(k*log(p) + (n - k)*log(1 - p))", "p", ("0<p<1", "n>0", "k>0", "k<n"), "k/n"),
        ("n*lam - S*log(lam)", "lam", ("lam>0", "n>0", "S>0"), "S/n"),
        ("2*n*log(s) + S2/(2*s^2)", "s", ("s>0", "n>0", "S2>0"), "sqrt(S2/(2*n))"),
        ("a*exp(x) + b*exp(-x)", "x", ("a>0", "b>0"), "log(b/a)/2"),
        ("(x - a)^2/2 - mu*log(x)", "x", ("x>0", "mu>0"), "(a + sqrt(a**2 + 4*mu))/2"),
        ("x*log(x) - a*x", "x", ("x>0",), "exp(a - 1)"),
        ("n*k*log(lam) + T/lam^k", "lam", ("lam>0", "n>0", "k>0", "T>0"), "(T/n)**(1/k)"),
    ],
)
def test_estimators(loss: str, unknown: str, assumptions: tuple[str, ...], expected: str) -> None:
    found = attempt("one_unknown", loss, unknown, assumptions)
    assert found.outcome == "solved"
    assert found.complete
    names = {s: sp.Symbol(s, positive=True) for s in ("n", "k", "S", "S2", "mu", "a", "b", "T")}
    (value,) = (v[unknown] for v in values(found))
    wanted = sp.sympify(expected, locals=names)
    at = {s: sp.Rational(i + 3, 7) for i, s in enumerate(sorted(names.values(), key=str))}
    got = value.xreplace({s: names[s.name] for s in value.free_symbols})
    assert abs(sp.N((got - wanted).subs(at), 30)) < 1e-25
    assert found.points[0].kind == "global minimum"


def test_lambert_and_its_second_branch() -> None:
    found = attempt("one_unknown", "2^x - x^2", "x")
    assert [str(v["x"]) for v in values(found)] == [
        "-LambertW(-log(2)**2/2)/log(2)",
        "-LambertW(-log(2)**2/2, -1)/log(2)",
    ]
    assert {p.expression_class for p in found.points} == {"lambert_w"}


def test_a_family_without_radicals_is_proved() -> None:
    found = attempt("one_unknown", "x^6/6 - x^2/2 + a*x", "x")
    assert found.outcome == "not_closed"
    assert found.scope == "formula"
    assert found.findings[0].trust == "proved"
    bad = found.certificates[0].to_dict()
    bad["evidence"]["at"] = {"a": "0"}  # x^5 - x is solvable
    with pytest.raises(Refused):
        check_certificate(bad)


def test_monotone_losses_have_no_critical_point() -> None:
    assert attempt("one_unknown", "n*log(1 + exp(-t))", "t", ("n>0",)).outcome == "no_critical_point"


def test_an_edge_is_the_minimum_of_a_rising_loss() -> None:
    found = attempt("one_unknown", "n*log(b)", "b", ("b>0", "n>0", "M>0", "b>=M"))
    assert found.points[0].kind == "boundary minimum"
    assert [str(v["b"]) for v in values(found)] == ["M"]


def test_a_bounded_unknown_is_clamped() -> None:
    found = attempt("one_unknown", "(y - b*x)^2", "b", ("b>=0", "x>0"))
    (value,) = (v["b"] for v in values(found))
    for y in (-3, 5):
        assert value.subs({s: {"y": y, "x": 2}[s.name] for s in value.free_symbols}) == max(sp.Rational(y, 2), 0)


# -- polynomials over Q ------------------------------------------------------------------------------------------


def test_the_quartic_of_the_essay() -> None:
    found = attempt("univariate_polynomial", "x**4 - x**2", "x")
    assert [(str(p.exact["x"]) if p.exact else "", p.kind, str(p.loss)) for p in found.points] == [
        ("-sqrt(2)/2", "global minimum", "-1/4"),
        ("0", "local maximum", "0"),
        ("sqrt(2)/2", "global minimum", "-1/4"),
    ]
    assert dict(found.counts) == {"complex": 3, "real": 3}


def test_the_quintic_has_no_radicals_and_thirty_digits() -> None:
    found = attempt("univariate_polynomial", "x^6/6 - x^2/2 - x", "x")
    assert found.outcome == "not_closed"
    assert found.minimiser == "not_closed"
    assert found.points[0].numeric is not None
    assert found.points[0].numeric["x"].startswith("1.1673039782614186842560458998")


@pytest.mark.parametrize(
    ("loss", "kinds"),
    [
        ("x^3", ["degenerate"]),
        ("-x^2", ["local maximum"]),
        ("(x-1)^4*(x+2)^2", ["global minimum", "local maximum", "global minimum"]),
        ("x + 1/x", ["local maximum", "local minimum"]),
        ("x^4 - x^2 + x/100", ["global minimum", "local maximum", "local minimum"]),
        # zeros that doubles do not tell apart, or cannot hold
        (
            "x^5/5 + 5*10^19*x^4 + (10^40 - 10^20 - 1)/3*x^3 - (5*10^39 + 5*10^19)*x^2",
            ["local maximum", "local minimum", "local maximum", "local minimum"],
        ),
        (
            "x^5/5 - 7*x^4/4 + 17*x^3/3 - 17*x^2/2 + 6*x + 10^(-20)*(x^4/4 - 2*x^3 + 11*x^2/2 - 6*x)",
            ["local maximum", "local minimum", "local maximum", "local minimum"],
        ),
        ("-x^6/6 + x^4/4 + 10^602*x^4/4 - 10^602*x^2/2", ["local maximum", "local minimum"] * 2 + ["local maximum"]),
        # and zeros that the first digits do not tell apart
        ("x^3/3 - (2*10^100 + 1)*x^2/2 + (10^200 + 10^100)*x", ["local maximum", "local minimum"]),
        ("-1/(x - 10^100 - 1) - 1/(2*(x - 10^100 - 1)^2)", ["local maximum"]),
    ],
)
def test_kinds_on_the_line(loss: str, kinds: list[str]) -> None:
    assert [p.kind for p in attempt("univariate_polynomial", loss, "x").points] == kinds


def test_no_critical_point_is_proved() -> None:
    found = attempt("univariate_polynomial", "3*x + 1", "x")
    assert found.outcome == "no_critical_point"
    assert found.certificates


# -- several unknowns --------------------------------------------------------------------------------------------


def test_linear_system_over_the_rationals_and_in_symbols() -> None:
    found = attempt("linear_system", "(1-a)^2 + (2-a-b)^2 + (4-a-2*b)^2", "a,b")
    assert values(found) == [{"a": sp.Rational(5, 6), "b": sp.Rational(3, 2)}]
    ridge = attempt("one_unknown", "Syy - 2*b*Sxy + b^2*Sxx + lam*b^2", "b", ("Sxx>0", "lam>0"))
    assert str(values(ridge)[0]["b"]) == "Sxy/(Sxx + lam)"
    assert ridge.complete


def test_singular_system_gives_the_whole_family() -> None:
    found = attempt("linear_system", "(1 - a - b)^2", "a,b")
    assert found.points[0].kind == "global minimum"
    assert "free" in found.points[0].note
    assert found.outcome == "solved"


def test_elimination_finds_every_point_of_a_quadratic_neuron() -> None:
    found = attempt("elimination", "(b**2-1)**2+((w+b)**2-4)**2", "w,b")
    assert len(found.points) == 9
    assert sum(p.kind == "global minimum" for p in found.points) == 4
    assert sum(p.kind == "saddle" for p in found.points) == 4


def test_a_circle_of_minima_is_a_family() -> None:
    found = attempt("elimination", "(x**2+y**2-1)**2", "x,y")
    families = [p for p in found.points if "free" in p.note]
    assert {p.kind for p in families} == {"global minimum"}


def test_normal_mean_and_variance() -> None:
    found = attempt(
        "elimination", "n/2*log(v) + (S2 - 2*m*S1 + n*m^2)/(2*v)", "m,v", ("v>0", "n>0", "S2>0", "n*S2>S1^2")
    )
    (point,) = values(found)
    assert str(point["m"]) == "S1/n"
    assert sp.simplify(plain(point["v"]) - sp.sympify("S2/n - S1**2/n**2")) == 0
    assert found.complete


def test_uniform_distribution_stands_on_both_edges() -> None:
    module = importlib.import_module("closedform.strategies.reductions.monotone_boundary")
    system = stationarity(problem.read("n*log(b - a)", unknowns="a,b", assumptions=["n>0", "a<=m", "b>=M", "m<M"]))
    assert module.declines(system) is None
    reduction = module.reduce(system, Budget.of(5))
    assert reduction.systems == ()
    found = reduction.lift(())
    assert {k: str(v) for k, v in values(found)[0].items()} == {"a": "m", "b": "M"}


# -- kinks -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "unknown", "minimum"),
    [
        ("|1-m|+|4-m|+|6-m|", "m", ["4"]),
        ("max(x^2, (x-2)^2)", "x", ["1"]),
        ("|1-m|+|2-m|+|7-m|+|9-m|", "m", ["2", "7"]),
        ("(2-max(0,w))**2+(3-max(0,2*w))**2+(1-max(0,-w))**2", "w", ["8/5"]),
    ],
)
def test_kinks_and_flats(loss: str, unknown: str, minimum: list[str]) -> None:
    found = attempt("piecewise_line", loss, unknown)
    assert [str(p.exact[unknown]) for p in found.points if p.kind == "global minimum" and p.exact] == minimum


def test_soft_threshold() -> None:
    found = attempt("piecewise_line", "(x-a)^2/2 + lam*|x|", "x", ("lam>0",))
    (value,) = (v["x"] for v in values(found))
    for at in (-3, -1, 0, 1, 3):
        got = value.subs({s: {"a": at, "lam": 2}[s.name] for s in value.free_symbols})
        assert got == sp.sign(at) * max(abs(at) - 2, 0)


def test_a_jump_is_refused() -> None:
    module = importlib.import_module("closedform.strategies.scalar.piecewise_line")
    system = stationarity(problem.read("Piecewise((x^2, x < 0), (x^2 + 1, True))", unknowns="x"))
    assert module.attempt(system, Budget.of(5)).outcome == "failed"


def test_samples_meet_their_relations() -> None:
    p, q = sp.symbols("p q", positive=True)
    sampler = Sampler([p, q, n], [p < 1, n * q > p**2])
    for sample in sampler.draws(5):
        assert 0 < sample.values["p"] < fmpq(1)
        assert sample.values["n"] * sample.values["q"] > sample.values["p"] ** 2


def test_kinds_between_irrational_ends() -> None:
    found = attempt("one_unknown", "sin(x) + sin(2*x)", "x", ("-pi<x<pi",))
    # -1.76 at x = -0.936 is less than 0, the limit at both ends, and -0.37 at the other minimum
    assert [p.kind for p in found.points] == ["local maximum", "global minimum", "local maximum", "local minimum"]
    assert found.complete


# -- constraints, profiles, blocks -------------------------------------------------------------------------------


def through(
    strategy: str, parts: tuple[str, ...], loss: str, unknowns: str, assumptions: tuple[str, ...] = ()
) -> Attempt:
    """A reduction, its systems solved by the named strategies, lifted."""
    module = importlib.import_module(MODULES[strategy])
    system = stationarity(problem.read(loss, unknowns=unknowns, assumptions=assumptions))
    assert module.declines(system) is None
    reduction = module.reduce(system, Budget.of(20))
    solvers = [importlib.import_module(MODULES[p]) for p in parts]
    systems, found = list(reduction.systems), list[Attempt]()
    while len(found) < len(systems):
        found.append(solvers[len(found)].attempt(systems[len(found)], Budget.of(20)))
        if len(found) == len(reduction.systems) and reduction.following is not None:
            systems += reduction.following(tuple(found))
    return reduction.lift(tuple(found))


def test_an_equality_constraint_is_never_ignored() -> None:
    system = stationarity(problem.read("x + 2*y subject to x^2 + y^2 = 1", unknowns="x,y"))
    assert len(system.equations) == len(system.unknowns) == 3
    assert system.loss is None
    found = attempt("polynomial_system", "x + 2*y subject to x^2 + y^2 = 1", "x,y")
    assert sorted(str(v["x"]) for v in values(found)) == ["-sqrt(5)/5", "sqrt(5)/5"]


def test_multinomial_probabilities() -> None:
    found = through(
        "linear_constraints",
        ("elimination",),
        "-(a*log(p) + b*log(q) + c*log(r)) subject to p + q + r = 1",
        "p,q,r",
        ("p>0", "q>0", "r>0", "a>0", "b>0", "c>0"),
    )
    (point,) = values(found)
    assert {k: str(v) for k, v in point.items()} == {k: f"{n}/(a + b + c)" for k, n in zip("pqr", "abc", strict=True)}
    assert found.points[0].kind == "global minimum"


def test_laplace_location_and_scale() -> None:
    found = through(
        "separable", ("piecewise_line", "one_unknown"), "3*log(b) + (|1-m| + |4-m| + |6-m|)/b", "m,b", ("b>0",)
    )
    assert [{k: str(v) for k, v in point.items()} for point in values(found)] == [{"m": "4", "b": "5/3"}]


def test_data_for_which_a_case_opens_forbid_a_claim() -> None:
    found = attempt("elimination", "x*y - a*log(x) - b*log(y)", "x,y", ("x>0", "y>0", "a>0", "b>0"))
    assert found.outcome == "failed"  # for a = b there is a curve of critical points
    assert "a - b" in found.reason
