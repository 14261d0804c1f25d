"""What a user of the Python package finds on a report, and SymPy's assumptions obeyed or refused."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, field, replace

import pytest
import sympy as sp

import closedform as cf
from closedform.frozen import FrozenMap, record
from closedform.problem import read
from closedform.reading.language import unparse


@pytest.fixture(scope="module")
def quartic():
    return cf.derive("x**4 - x**2")


def test_points_are_asked_for_by_kind(quartic):
    points = quartic.critical_points
    assert [round(p["x"], 6) for p in points] == [-0.707107, 0.0, 0.707107]
    assert points.minima == (points[0], points[2])
    assert points.maxima == (points[1],)
    assert points.saddles == ()
    assert points.global_minimum is points[0]
    assert points.global_maximum is None
    assert isinstance(points, tuple)


def test_points_survive_a_pickle(quartic):
    again = pickle.loads(pickle.dumps(quartic))
    assert again == quartic
    assert again.critical_points.global_minimum.numbers == quartic.critical_points.global_minimum.numbers


def test_the_solution_is_a_dictionary(quartic):
    assert quartic.solution == {"x": pytest.approx(-(0.5**0.5))}
    assert cf.derive("ols").solution == {"a": "inv(X'*X)*X'*y"}
    assert cf.derive("x^3").solution is None


def test_sympy_gets_what_its_solve_would_give(quartic):
    x = sp.Symbol("x", real=True)
    assert set(quartic.to_sympy()[0]) == {x}
    assert {s[x] for s in quartic.to_sympy()} == set(sp.solve(4 * x**3 - 2 * x, x))


def test_a_table_of_the_points(quartic):
    pytest.importorskip("pandas")
    frame = quartic.to_dataframe()
    assert list(frame.columns) == ["x", "kind", "loss", "x exactly"]
    assert list(frame["kind"]) == ["global minimum", "local maximum", "global minimum"]


def test_the_repr_is_short(quartic):
    assert repr(quartic) == "<Report closed: x**4 - x**2>"


def test_cost_and_demo_are_on_the_face():
    assert cf.cost("ols", 1000, 10).predicted["flops"] > 2 * 1000 * 100  # the Gram matrix, and more
    with pytest.raises(cf.CallError, match="there are ols, quartic"):
        cf.demo("nothing")


@pytest.mark.parametrize(
    ("assumed", "relation"),
    [
        ({"positive": True}, "x > 0"),
        ({"negative": True}, "x < 0"),
        ({"nonnegative": True}, "x >= 0"),
        ({"nonpositive": True}, "x <= 0"),
        ({"nonzero": True, "real": True}, "x != 0"),
    ],
)
def test_signs_of_symbols_are_obeyed(assumed, relation):
    problem = read(sp.Symbol("x", **assumed) ** 2)
    assert [unparse(r) for r in problem.relations] == [relation]


def test_a_positive_integer_keeps_both_words():
    problem = read(sp.Symbol("x", positive=True, integer=True) ** 2)
    assert problem.properties["x"] == frozenset({"integer"})
    assert [unparse(r) for r in problem.relations] == ["x > 0"]


@pytest.mark.parametrize(
    "assumed",
    [{"complex": True}, {"imaginary": True}, {"real": False}, {"commutative": False}, {"even": True}, {"prime": True}],
)
def test_what_cannot_be_obeyed_is_refused(assumed):
    with pytest.raises(cf.InputError, match="the symbol x"):
        read(sp.Symbol("x", **assumed) ** 2)


@record
class _Pair:
    """Two values, one made anew for each pair."""

    first: int
    rest: dict[str, int] = field(default_factory=dict[str, int])


def test_a_record_is_a_frozen_dataclass():
    pair = _Pair(1)
    assert pair == _Pair(first=1, rest={}) != _Pair(2)
    assert pair.rest is not _Pair(1).rest
    assert repr(pair) == "_Pair(first=1, rest={})"
    assert replace(pair, first=3) == _Pair(3)
    assert pickle.loads(pickle.dumps(pair)) == pair
    assert hash(_Pair(1, ())) == hash((1, ()))
    for change in (lambda: setattr(pair, "first", 2), lambda: delattr(pair, "first")):
        with pytest.raises(FrozenInstanceError, match="first"):
            change()
    with pytest.raises(TypeError, match="first"):
        _Pair()


def test_reports_are_keys_and_compare_also_with_arrays():
    """A report holds certificates (mappings) and a user's arrays; their equality and hash were faults of Python."""
    report = cf.derive("||X*a - y||^2", unknowns=["a"], data={"X": [[1.0, 2], [3, 4], [5, 7]], "y": [1.0, 2, 3]})
    again = pickle.loads(pickle.dumps(report))
    assert again == report
    assert len({report, again}) == 1
    assert cf.derive("x^2") not in {report}
    assert hash(FrozenMap({"a": 1, "b": 2})) == hash(FrozenMap({"b": 2, "a": 1}))


def test_numbers_beyond_doubles_break_nothing():
    report = cf.derive("ols", data={"x": [1, 10**400, 3], "y": [2, 3, 4]}, target="y")
    assert (report.verdict.outcome, report.faults) == ("closed", ())


def test_a_report_says_that_it_had_no_time():
    report = cf.derive("x^4 - x^2", timeout=0.001)
    assert report.verdict.outcome == "undecided"
    assert [a.outcome for a in report.attempts] == ["timeout"]
    assert "the time was up" in report.to_text().replace("\n    ", " ")
