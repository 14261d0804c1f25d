"""Logistic regression and small networks: the table of theory.md (SymPy, FLINT and PARI agreed there), and its limits."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import sympy as sp
from flint import fmpq

from closedform import problem as problems
from closedform.algebra.designs import by_counting, critical_count, distinct, one_feature, two_unknowns
from closedform.budget import Budget
from closedform.kernel import Refused, check_certificate
from closedform.report.theorems.table import stated
from closedform.stationarity.scalar import stationarity
from closedform.strategies.exponentials import formula as exponentials_symbols
from closedform.strategies.exponentials import instance as exponentials
from closedform.strategies.exponentials import separation
from closedform.strategies.exponentials.division import dense
from closedform.strategies.exponentials.field import setting
from closedform.strategies.networks.limits import limits_of
from closedform.strategies.obstructions import all_data as family
from closedform.strategies.obstructions.small_data import written_out


def system(*loss, **keywords):
    return stationarity(problems.read(*loss, **keywords))


def solve(*loss, **keywords):
    return exponentials.attempt(system(*loss, **keywords), Budget.of(30))


def rows(x, y, **keywords):
    return solve("logistic", data={"x": x, "y": y}, target="y", intercept=False, **keywords)


def neuron(x, y, **keywords):
    return solve("nn", data={"x": x, "y": y}, target="y", **keywords)


def grouped(x, n, k, intercept="a + "):
    return " + ".join(
        f"{m}*log(1 + exp({intercept}{v}*b)) - {j}*({intercept}{v}*b)" for v, m, j in zip(x, n, k, strict=True)
    )


def told(attempt, theorem, what):
    return [f.about[what] for f in attempt.findings if f.theorem == theorem]


def polynomials(attempt):
    return [sp.sympify(p.replace("^", "**")) for p in told(attempt, "irreducible over Q", "polynomial")]


t = sp.Symbol("t")


# -- the table of theory.md ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "y", "eliminant", "root"),
    [
        ([1, 2, 3], [0, 1, 1], t**5 - t**4 - 4 * t**2 + t - 5, "2.0802488583836962"),
        ([-2, -1, 1, 3], [0, 1, 0, 1], 2 * t**5 - 2 * t**4 + 2 * t**3 - 5 * t**2 + 2 * t - 5, "1.5539782967357525"),
    ],
)
def test_logistic_without_intercept_has_the_quintic_of_the_table(x, y, eliminant, root):
    answer = rows(x, y)
    assert answer.outcome == "not_closed"
    assert answer.minimiser == "not_closed"
    assert answer.complete
    assert polynomials(answer) == [eliminant]
    assert answer.counts["complex"] is None
    assert answer.counts["real"] == 1
    assert told(answer, "taken apart exactly", "total") == [5]
    (point,) = answer.points
    assert point.kind == "global minimum"
    assert abs(float(point.numeric["x"]) - float(sp.log(sp.Float(root)))) < 1e-15
    assert told(answer, "irreducible over Q", "group") == ["S5"]


def test_thirty_digits_of_beta():
    assert rows([1, 2, 3], [0, 1, 1]).points[0].numeric["x"].startswith("0.732487530010219542690986")


def test_degree_nine_has_the_symmetric_group():
    answer = rows([1, 2, 3, 4], [0, 1, 0, 1])
    assert told(answer, "taken apart exactly", "total") == [9]
    assert told(answer, "irreducible over Q", "group") == ["S9"]


def test_a_neuron_on_two_points_is_closed():
    answer = neuron([1, 2], [1, 0])
    assert answer.outcome == "solved"
    assert sp.simplify(answer.points[0].exact["w"] - sp.log(1 + sp.sqrt(2))) == 0
    assert polynomials(answer) == [t**2 - 2 * t - 1]


def test_a_neuron_on_three_points_is_partly_closed():
    answer = neuron([1, 2, 3], [0, 1, 0])
    assert answer.outcome == "partial"
    assert answer.minimiser == "not_closed"
    assert t**5 - 6 * t**4 + 7 * t**3 - 2 * t**2 + 1 in polynomials(answer)
    assert [p.kind for p in answer.points] == ["local minimum", "saddle", "global minimum"] or sorted(
        p.kind for p in answer.points
    ) == ["global minimum", "local minimum", "saddle"]
    values = sorted(float(p.numeric["w"]) for p in answer.points)
    expected = [0.0, sp.log(sp.Float("1.24263686447131727738")), sp.log(sp.Float("4.55826972434027650775"))]
    assert all(abs(a - float(b)) < 1e-15 for a, b in zip(values, expected, strict=True))


def test_the_minimum_at_zero_ties_with_the_limit_at_infinity():
    answer = neuron([1, 2, 3], [2, 1, 2])
    best = next(p for p in answer.points if p.kind == "global minimum")
    assert best.exact["v"] == sp.Rational(10, 3)
    assert best.exact["w"] == 0
    saddle = next(p for p in answer.points if p.kind == "saddle")
    assert abs(float(saddle.numeric["v"]) - 1.9037) < 1e-4
    assert abs(float(saddle.numeric["w"]) - 1.0308) < 1e-4


def test_a_network_whose_infimum_is_at_infinity():
    answer = neuron([-1, 1, 2], [3, -1, 2])
    assert answer.outcome == "no_critical_point"
    assert any("infimum 5" in stated(f).text for f in answer.findings)
    assert "no real critical point" in check_certificate(answer.certificates[0])


def test_a_tanh_neuron_has_no_real_point_off_zero():
    posed = system("nn", data={"x": [1, 2, 3], "y": [2, 1, 2]}, target="y", activation="tanh")
    answer = exponentials.attempt(posed, Budget.of(30))
    assert [dict(p.exact) for p in answer.points] == [{"v": 0, "w": 0}]
    where = setting(posed)
    (branch,) = (b for b in exponentials.taken_apart(where, Budget.of(30)).branches if b.degree(where.field) == 6)
    sextic = sp.Poly([int(c) for c in reversed(dense(branch.eliminant, branch.main, where.field).coeffs())], t)
    sextic = sextic.as_expr()
    u = sp.Symbol("u")  # palindromic: t^3 (u^3 + 3u^2 - 12u + 18) with u = t + 1/t
    reduced = sp.expand(t**3 * (u**3 + 3 * u**2 - 12 * u + 18).subs(u, t + 1 / t))
    assert sp.expand(sextic - reduced) == 0


def test_a_neuron_with_bias_has_22_complex_solutions():
    answer = neuron([-1, 0, 1, 2], [1, 2, 5, 6], bias=True)
    assert told(answer, "irreducible over Q", "polynomial") == ["a polynomial of degree 22"]
    assert [p.kind for p in answer.points] == ["global minimum"]  # below every limit at infinity
    assert told(answer, "irreducible over Q", "group") == ["S22"]


@pytest.mark.parametrize(
    ("x", "degree", "group"),
    [
        ([0, 1, 2], 3, "S3"),
        ([0, 1, 3], 5, "S5"),
        ([0, 1, 2, 3], 7, "S7"),
        ([0, 1, 2, 3, 4], 13, "S13"),
        ([0, 2, 5, 7], 21, "S21"),
    ],
)
def test_intercept_and_one_feature(x, degree, group):
    n, k = [4, 5, 6, 7, 3][: len(x)], [1, 3, 4, 3, 2][: len(x)]
    answer = solve(grouped(x, n, k), unknowns=["a", "b"])
    assert told(answer, "taken apart exactly", "total") == [degree]
    assert told(answer, "irreducible over Q", "group")[0] == group
    assert answer.outcome == ("solved" if degree <= 4 else "not_closed")
    assert any("elimination found as many" in stated(f).text for f in answer.findings)


def test_grouped_rows_with_a_cubic_are_closed():
    answer = solve(grouped([1, 2], [3, 4], [2, 1], ""), unknowns=["b"])
    assert polynomials(answer) == [7 * t**3 + 4 * t**2 - t - 4]
    assert answer.outcome == "solved"
    assert abs(sp.exp(answer.points[0].exact["b"]).evalf(20) - sp.Float(".72214592")) < 1e-7


# -- closed exceptions found by the general machinery ---------------------------------------------------------------


def counts(points):
    return [f"{c}{i}>0" for i in range(points) for c in "nk"] + [f"k{i}<n{i}" for i in range(points)]


def symbolic(x):
    return exponentials_symbols.attempt(
        system(
            grouped(x, [f"n{i}" for i in range(len(x))], [f"k{i}" for i in range(len(x))]),
            unknowns=["a", "b"],
            assumptions=counts(len(x)),
        ),
        Budget.of(30),
    )


def test_one_binary_feature_is_a_difference_of_logits():
    answer = symbolic([0, 1])
    n0, n1, k0, k1 = sp.symbols("n0 n1 k0 k1", positive=True)
    expected = sp.log(k1 * (n0 - k0) / (k0 * (n1 - k1)))
    values = {"n0": 7, "n1": 11, "k0": 2, "k1": 5}
    got = answer.points[0].exact["b"]
    at = {s: values[s.name] for s in got.free_symbols}
    assert abs(got.subs(at).evalf() - expected.subs({n0: 7, n1: 11, k0: 2, k1: 5}).evalf()) < 1e-12
    assert answer.scope == "formula"
    assert answer.minimiser == "closed"


def test_genotypes_have_one_formula_for_all_counts_and_it_agrees_with_the_instance():
    answer = symbolic([0, 1, 2])
    assert answer.outcome == "solved"
    assert told(answer, "root of a polynomial over the symbols", "degree") == [3]
    space = {}
    exec(answer.formula.numpy, space)
    for n, k in (([5, 7, 4], [1, 3, 3]), ([9, 9, 9], [8, 1, 8])):  # the second is symmetric: b = 0
        values = {f"n{i}": v for i, v in enumerate(n)} | {f"k{i}": v for i, v in enumerate(k)}
        truth = solve(grouped([0, 1, 2], n, k), unknowns=["a", "b"]).points[0].numeric
        fitted = space["solve"](**values)
        assert abs(fitted["b"] - float(truth["b"])) < 1e-12
        exact = answer.points[0].exact["b"]
        assert (
            abs(complex(exact.subs({s: values[s.name] for s in exact.free_symbols}).evalf(20)) - float(truth["b"]))
            < 1e-9
        )


def test_four_levels_have_no_formula_in_the_counts():
    answer = symbolic([0, 1, 3])
    assert answer.outcome == "not_closed"
    assert answer.scope == "formula"
    assert "no formula in radicals" in check_certificate(answer.certificates[0])


def test_a_cubic_whose_wanted_root_is_open_claims_nothing():
    """Two binary factors without interaction: three real roots of Bartlett's cubic may be positive, and which one
    leaves every probability between 0 and 1 depends on the counts (M. S. Bartlett, JRSS Suppl. 2, 1935)."""
    loss = " + ".join(
        f"n{i}*log(1 + exp({z})) - k{i}*({z})" for i, z in enumerate(("a", "a + b", "a + c", "a + b + c"))
    )
    answer = exponentials_symbols.attempt(system(loss, unknowns=["a", "b", "c"], assumptions=counts(4)), Budget.of(30))
    assert answer.outcome == "failed"
    assert not answer.points
    assert "which root of the cubic" in answer.reason


# -- no minimiser ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "data", "separable"),
    [
        ("logistic", {"x": [1, 2, 3], "y": [0, 0, 1]}, True),
        ("logistic", {"x": [1, 2, 2, 3], "y": [0, 0, 1, 1]}, True),  # quasi-separation: a tie on the threshold
        ("logistic", {"x": [1, 2, 3, 3], "y": [0, 1, 0, 1]}, False),
        ("logistic", {"x": ["0.5", "1.25", "2", "3.5"], "y": [0, 0, 1, 1]}, True),
        ("softmax", {"x": [1, 2, 3, 4, 5, 6], "y": [0, 0, 1, 1, 2, 2]}, True),
        ("softmax", {"x": [0, 1, 2, 0, 1, 2], "y": [0, 1, 2, 1, 2, 0]}, False),
        ("poisson_regression", {"x": [0, 1, 0, 1], "y": [0, 2, 0, 1]}, True),
        ("poisson_regression", {"x": [0, 1, 0, 1], "y": [1, 2, 0, 1]}, False),
    ],
)
def test_separation_is_found_exactly(loss, data, separable):
    answer = separation.attempt(system(loss, data=data, target="y"), Budget.of(20))
    assert (answer.outcome == "no_critical_point") is separable
    if separable:
        assert "no critical point and no minimum" in check_certificate(answer.certificates[0])


def test_a_direction_that_does_not_separate_is_refused():
    good = (
        separation.attempt(system("logistic", data={"x": [1, 2, 3], "y": [0, 0, 1]}, target="y"), Budget.of(20))
        .certificates[0]
        .to_dict()
    )
    for direction in ({"intercept": "1", "x": "-1"}, {"x": "1"}, {"intercept": "0"}, {}, {"z": "1"}):
        bad = copy.deepcopy(good)
        bad["claim"]["direction"] = direction
        with pytest.raises(Refused):
            check_certificate(bad)
    bad = copy.deepcopy(good)
    bad["statement"]["columns"]["y"] = ["0", "1", "0"]
    with pytest.raises(Refused):
        check_certificate(bad)


# -- formulas over all data ------------------------------------------------------------------------------------------


class Matrices:
    def __init__(self, problem):
        self.problem = problem


@pytest.mark.parametrize("loss", ["logistic", "poisson_regression"])
def test_no_formula_for_all_data_rests_on_no_conjecture(loss):
    answer = family.attempt(Matrices(problems.read(loss)), Budget.of(30))
    assert answer.outcome == "not_closed"
    assert answer.scope == "formula"
    assert not any(f.assuming for f in answer.findings)
    assert any("quadratures" in stated(f).text for f in answer.findings)


def test_matrices_are_written_out_as_scalars():
    small = written_out(problems.read("logistic"), {"n": 3, "k": 1})
    assert small.unknowns == ("b",)
    assert small.entries == {"X": ("X_1", "X_2", "X_3"), "y": ("y_1", "y_2", "y_3")}


def test_nothing_is_said_of_a_formula_where_every_witness_is_closed():
    intercept_only = problems.read("sum(i, 1, n, log(1 + exp(b)) - y[i]*b)", unknowns=["b"])
    answer = family.attempt(Matrices(intercept_only), Budget.of(10))
    assert answer.outcome == "failed"


# -- designs -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "count"),
    [([0, 1], 1), ([0, 1, 2], 3), ([0, 1, 3], 5), ([0, 1, 2, 3], 7), ([0, 1, 2, 3, 4], 13), ([0, 2, 5, 7], 21)],
)
def test_the_euler_characteristic_gives_the_degrees_of_the_table(values, count):
    assert critical_count([(1, x) for x in values]) == count


@pytest.mark.parametrize(
    "points", [[(1, 0), (1, 1), (1, 2)], [(1, 1), (1, -1), (2, 0), (1, 3)], [(2, 1), (1, 2), (1, 1)]]
)
def test_roots_of_unity_and_points_over_finite_fields_agree(points):
    assert two_unknowns(distinct(points)) == by_counting(distinct(points))


def test_one_feature_counts_distinct_roots():
    x = sp.Symbol("x")
    for values in ([1, 2, 3], [2, 4, 6], [3, 5, 9], [1, 2, 3, 4, 5, 6]):
        product = sp.Poly(sp.prod([1 + x**v for v in values]), x)
        assert one_feature(values) == sp.Poly(product.sqf_part(), x).degree()


# -- certificates that must be refused ---------------------------------------------------------------------------------


def mutated(value):
    """Every number changed, one at a time."""
    if isinstance(value, dict):
        for key, item in value.items():
            for bad in mutated(item):
                yield {**value, key: bad}
    elif isinstance(value, list):
        for i, item in enumerate(value):
            for bad in mutated(item):
                yield [*value[:i], bad, *value[i + 1 :]]
    elif isinstance(value, str) and value.lstrip("-").isdigit():
        yield str(int(value) + 1)


def test_an_eliminant_with_any_number_changed_is_refused():
    good = rows([1, 2, 3], [0, 1, 1]).certificates[0].to_dict()
    assert "exactly 1 such point" in check_certificate(good)
    for part in ("claim", "evidence"):
        for bad in mutated({k: v for k, v in good[part].items() if k != "roots"}):
            kept = {"roots": good["claim"]["roots"]} if part == "claim" else {}
            with pytest.raises(Refused):
                check_certificate({**good, part: {**kept, **bad}})


@pytest.mark.parametrize(
    "roots", [[], [["1/2", "1"]], [["2", "3"], ["4", "5"]], [["3", "2"]], [["-3", "3"]], [["2", "2.05"]]]
)
def test_wrong_lists_of_roots_are_refused(roots):
    good = rows([1, 2, 3], [0, 1, 1]).certificates[0].to_dict()
    bad = copy.deepcopy(good)
    bad["claim"]["roots"] = roots
    with pytest.raises(Refused):
        check_certificate(bad)


def test_a_factor_that_may_vanish_is_refused():
    good = rows([1, 2, 3], [0, 1, 1]).certificates[0].to_dict()
    bad = copy.deepcopy(good)
    bad["evidence"]["nonvanishing"], bad["claim"]["polynomial"] = [good["claim"]["polynomial"]], [["1", ["0"]]]
    del bad["claim"]["roots"]
    with pytest.raises(Refused):
        check_certificate(bad)


# -- what is not of this kind --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["x*exp(x) - x", "exp(exp(x)) - x", "exp(x) + exp(sqrt(2)*x) - x", "sin(x) + x^2"])
def test_other_equations_are_declined_in_a_sentence(loss):
    s = system(loss, unknowns=["x"])
    reason = exponentials.declines(s) or exponentials.attempt(s, Budget.of(10)).reason
    assert len(reason.split()) > 3


def test_many_different_exponents_are_declined_at_once():
    data = {"x": [f"{i}.{(7 * i) % 10}" for i in range(1, 200)], "y": [i % 2 for i in range(1, 200)]}
    answer = solve("logistic", data=data, target="y")
    assert answer.outcome == "declined"


def test_a_direction_is_found_among_many_rows_even_with_ties():
    rows = [[fmpq(-(i % 7)), fmpq(i % 7 - i % 5)] for i in range(1, 900)] + [[fmpq(3), fmpq(-3)], [fmpq(-2), fmpq(2)]]
    v = separation.guessed(rows, 2, Budget.of(20))
    assert v is not None
    assert all(a * v[0] + b * v[1] <= 0 for a, b in rows)
    assert separation.guessed([*rows, [fmpq(1), fmpq(5)], [fmpq(0), fmpq(-1)]], 2, Budget.of(20)) is None


@pytest.mark.parametrize(
    ("x", "y", "infimum"),
    [
        # the limits of one unit with a bias: steps, by hand; SciPy's least_squares from 250 starts comes to the same
        ([1, 2, 3], [5, 6, 1], "1/2"),  # 11/2 on the first two rows, and 1 at the jump: 1/4 + 1/4
        ([-2, -1, 2], [4, 5, 0], "1/2"),
        ([0, 1, 3], [1, 6, 1], "25/2"),
    ],
)
def test_the_infimum_of_one_unit_with_a_bias_is_a_step(x, y, infimum):
    answer = neuron(x, y, bias=True)
    assert answer.outcome == "no_critical_point"
    assert [f.about["infimum"] for f in answer.findings if f.theorem == "infimum at infinity"] == [infimum]


def test_exponentials_are_limits_of_one_unit_with_a_bias():
    # y = 3, 1, 6 at -2, 0, 2: SciPy goes on downhill to the exponential c*exp(w*x), here by least squares on a grid of w
    x, y = np.array([-2.0, 0.0, 2.0]), np.array([3.0, 1.0, 6.0])
    curves = np.exp(np.linspace(0.1, 0.6, 200_001)[:, None] * x)
    least = (y @ y - (curves @ y) ** 2 / (curves**2).sum(axis=1)).min()
    problem = problems.read("nn", data={"x": [-2, 0, 2], "y": [3, 1, 6]}, target="y", bias=True)
    found = limits_of(stationarity(problem))
    assert found is not None
    assert min(float(v.mid()) for v in found.exponentials) == pytest.approx(least, abs=1e-8)
    assert found.steps == 9  # 3^2 on the first row, then 1 and 6 at and after the jump
