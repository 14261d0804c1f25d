"""Sums over data of symbolic length: sufficient statistics and exact accumulation."""

from __future__ import annotations

import importlib
import time

import numpy as np
import pytest
import sympy as sp
from flint import fmpq

import closedform as cf
from closedform import problem
from closedform.algebra.polynomial_loss import degree, polynomial
from closedform.attempt import Attempt
from closedform.budget import Budget
from closedform.calculus.sums import Statistics, indexed_sums, separate
from closedform.expression import to_tree
from closedform.reading.language import parse
from closedform.stationarity.scalar import stationarity

STRATEGIES = ("linear_system", "one_unknown", "elimination")


def solve(loss: str, unknowns: str, assumptions: tuple[str, ...] = ()) -> Attempt:
    module = importlib.import_module("closedform.strategies.reductions.sufficient_statistics")
    system = stationarity(problem.read(loss, unknowns=unknowns, assumptions=assumptions))
    said = module.declines(system)
    assert said is None, said
    reduction = module.reduce(system, Budget.of(20))
    for name in STRATEGIES:
        strategy = importlib.import_module(f"closedform.strategies.scalar.{name}")
        if strategy.declines(reduction.systems[0]) is None:
            return reduction.lift((strategy.attempt(reduction.systems[0], Budget.of(20)),))
    raise AssertionError("no strategy takes the reduced system")


@pytest.mark.parametrize(
    ("loss", "unknown", "assumptions", "expected"),
    [
        ("sum(i, 1, n, lam*x[i] - log(lam))", "lam", ("lam>0", "x>0"), "n/Sum(x[i], (i, 1, n))"),
        ("-log(prod(i, 1, n, lam*exp(-lam*x[i])))", "lam", ("lam>0", "x>0"), "n/Sum(x[i], (i, 1, n))"),
        (
            "sum(i, 1, n, k*log(lam) + (x[i]/lam)^k)",
            "lam",
            ("lam>0", "k>0", "x>0"),
            "(Sum(x[i]**k, (i, 1, n))/n)**(1/k)",
        ),
        (
            "sum(i, 1, n, w[i]*(y[i] - b*x[i])^2)",
            "b",
            ("w>0",),
            "Sum(w[i]*x[i]*y[i], (i, 1, n))/Sum(w[i]*x[i]**2, (i, 1, n))",
        ),
    ],
)
def test_estimators_from_sums(loss: str, unknown: str, assumptions: tuple[str, ...], expected: str) -> None:
    found = solve(loss, unknown, assumptions)
    assert found.outcome == "solved"
    assert found.scope == "formula"
    assert found.points[0].exact is not None
    assert str(found.points[0].exact[unknown]) == expected


def test_normal_from_a_sum_knows_cauchy_schwarz() -> None:
    found = solve("sum(i, 1, n, log(s) + (x[i] - m)^2/(2*s^2))", "m,s", ("s>0",))
    assert found.complete
    point = found.points[0].exact
    assert point is not None
    assert str(point["m"]) == "Sum(x[i], (i, 1, n))/n"
    data = [1, 2, 4]
    i = sp.Symbol("i")
    sums = {
        s: sum(s.function.subs(next(iter(s.function.atoms(sp.Indexed))), v) for v in data)
        for s in point["s"].atoms(sp.Sum)
    }
    value = point["s"].xreplace(sums)
    value = value.subs(dict.fromkeys(value.free_symbols, 3))
    assert not value.has(i)
    assert sp.simplify(value - sp.sqrt(sp.Rational(14, 9))) == 0  # the standard deviation of 1, 2, 4


def test_an_unknown_inside_the_sum_is_declined() -> None:
    module = importlib.import_module("closedform.strategies.reductions.sufficient_statistics")
    system = stationarity(problem.read("sum(i, 1, n, exp(b*x[i]) - y[i]*b*x[i])", unknowns="b"))
    assert "taken out" in module.declines(system)


def test_separate_leaves_the_value_unchanged() -> None:
    i, n = sp.Symbol("i", integer=True, positive=True), sp.Symbol("n", integer=True, positive=True)
    z, t = sp.IndexedBase(sp.Symbol("z", positive=True)), sp.Symbol("t", positive=True)
    before = sp.Sum(sp.log(t * z[i] ** 2) + (z[i] - t) ** 2 / t, (i, 1, n))
    after = separate(before, [t])
    assert not any(t in s.free_symbols for s in after.atoms(sp.Sum))
    data = {z[k]: sp.Rational(k + 1, 3) for k in (1, 2, 3)}
    ends = [e.subs(n, 3).doit().subs(data).subs(t, sp.Rational(5, 4)) for e in (before, after)]
    assert abs(sp.N(ends[0] - ends[1], 30)) < 1e-25


def test_statistics_names_do_not_collide() -> None:
    i, n = sp.Symbol("i", integer=True), sp.Symbol("n", integer=True, positive=True)
    z = sp.IndexedBase("x")
    sums = indexed_sums([sp.Sum(z[i], (i, 1, n)) + sp.Sum(z[i] ** 2, (i, 1, n))])
    statistics = Statistics(sums, ["sum_x"])
    assert len({s.name for s in statistics.symbols.values()} | {"sum_x"}) == 3


def over_rows(loss: str, names: list[str], columns: dict[str, list[fmpq]]):
    node = parse(loss, (*names, *columns))
    known = degree(node, frozenset(names))
    return None if known is None else polynomial(to_tree(node), columns, names)


def test_high_degree_on_many_rows_is_quick() -> None:
    columns = {"x": [fmpq(k, 7) for k in range(82)], "y": [fmpq(k * k, 11) for k in range(82)]}
    names = [f"b{k}" for k in range(11)]
    model = " + ".join(f"b{k}*x[i]^{k}" for k in range(11))
    started = time.monotonic()
    p = over_rows(f"sum(i, 1, 82, (y[i] - ({model}))^2)", names, columns)
    assert time.monotonic() - started < 5
    assert p is not None
    assert len(p) == 78  # 66 products, 11 linear terms, 1 constant
    assert p.total_degree() == 2


def test_moments_are_the_sums_of_the_rows_one_by_one() -> None:
    columns = {"x": [fmpq(1, 3), fmpq(-2), fmpq(5, 7)], "w": [fmpq(2), fmpq(1, 2), fmpq(3)]}
    for body in ("w[{i}]*(a + b*x[{i}])^3", "{i}*x[{i}]*a - w[{i}]^2", "(a*b - x[{i}])^2/w[{i}]", "7"):
        whole = over_rows(f"sum(i, 1, 3, {body.format(i='i')})", ["a", "b"], columns)
        rows = over_rows(" + ".join(f"({body.format(i=i)})" for i in (1, 2, 3)), ["a", "b"], columns)
        assert whole is not None
        assert whole == rows


def test_what_is_no_polynomial_says_so() -> None:
    columns = {"x": [fmpq(1), fmpq(2)]}
    assert over_rows("sum(i, 1, 2, exp(a*x[i]))", ["a"], columns) is None
    assert over_rows("sum(i, 1, 2, lam*x[i])", ["a"], columns) is None
    assert over_rows("sum(i, 1, 2, x[i]/a)", ["a"], columns) is None
    assert over_rows("sum(i, 1, 3, a*x[i])", ["a"], columns) is None


def test_a_logarithm_inside_a_sum_bounds_the_unknown():
    """The Poisson likelihood of interface.md: lambda = mean(x) where that is positive; elsewhere log(lambda) is not real."""
    report = cf.derive("sum(i, 1, n, lambda - x[i]*log(lambda))", unknowns=["lambda"])
    assert report.verdict.outcome == "closed"
    (point,) = report.critical_points
    assert point.kind == "global minimum"
    assert point.conditions == ("sum(i, 1, n, x[i]) > 0",)
    assert report.function()(x=np.array([1.0, 2.0, 6.0]))["lambda"] == 3.0
