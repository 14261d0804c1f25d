"""The audit refutes what the text of a problem contradicts, and nothing that is true.

Each planted claim is one that a version of closedform made (the smallest input of its kind); the truths are theirs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import sympy as sp

from closedform import derive
from closedform.attempt import Attempt, finding
from closedform.audit import audit, claims
from closedform.budget import Budget
from closedform.frozen import FrozenMap
from closedform.ladder.verdict import coherent
from closedform.points import CriticalPoint
from closedform.problem import read

x, y = sp.symbols("x y", real=True)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a search finds does not depend on how busy the machine is."""
    monkeypatch.setattr(claims, "SEARCH", 20.0)


def point(exact: dict[str, Any] | None = None, numeric: dict[str, str] | None = None, **more: Any) -> CriticalPoint:
    return CriticalPoint(
        exact=None if exact is None else FrozenMap({k: sp.sympify(v) for k, v in exact.items()}),
        numeric=None if numeric is None else FrozenMap(numeric),
        radius=None if numeric is None else FrozenMap(dict.fromkeys(numeric, "1e-12")),
        **more,
    )


def said(loss: str | None, *points: CriticalPoint, **call: Any) -> Attempt:
    complete = bool(call.pop("complete", False))
    return audit(read(loss, **call), Attempt("claimed", "solved", points=points, complete=complete), Budget.of(5))


FALSE = [
    # (loss, equations, assumptions, the point claimed, a word of the reason)
    ("x^2 - 2*x", None, [], point({"x": 2}), "slope"),
    (None, ["2^x - 8"], [], point({"x": sp.log(8)}), "not zero"),
    (None, ["sqrt(5 - x^2)"], [], point({"x": 3}), "square root"),
    (None, ["(exp(2*x) - 3*exp(x) + 2)/(exp(x) - 1)"], [], point({"x": 0}), "denominator"),
    ("log(x)^2 + x*0", None, [], point({"x": -1}), "logarithm"),
    ("x^2 - 2*x", None, ["x >= 2"], point({"x": 1}), "does not hold"),
    ("x^2 - 2*x", None, ["x < 1"], point({"x": 1}, kind="global minimum"), "does not hold"),
    ("x^2 - 2*x", None, ["x <= 3"], point({"x": 3}, kind="boundary minimum"), "falls towards the inside"),
    ("x^2 - 2*x", None, ["x >= 3"], point({"x": 4}, kind="boundary minimum"), "slope"),
    ("x^3 - 3*x", None, [], point({"x": -1}, kind="local minimum"), "negative eigenvalue"),
    ("x^3 - 3*x", None, [], point({"x": 1}, kind="saddle"), "definite"),
    ("x^3 - 3*x", None, [], point({"x": 1}, kind="local minimum", inertia=(0, 1, 0)), "signs"),
    ("abs(x - 1) + x^2/8", None, [], point({"x": 0}), "slope"),
    ("max(x, -2*x) + x/2", None, [], point({"x": 1}), "slope"),
    ("x^2 - 3*x", None, ["x integer"], point({"x": sp.Rational(3, 2)}), "integer"),
    ("x^2 + x*sqrt(x - 1)", None, [], point({"x": 0}), "square root"),
    ("Piecewise((x^2, x < 1), (3*x - 2, True))", None, [], point({"x": 2}), "slope"),
]


@pytest.mark.parametrize(("loss", "equations", "assumptions", "claimed", "word"), FALSE)
def test_a_false_point_is_withdrawn(
    loss: str | None, equations: list[str] | None, assumptions: list[str], claimed: CriticalPoint, word: str
) -> None:
    left = said(loss, claimed, equations=equations, assumptions=assumptions, unknowns=["x"])
    assert left.outcome in ("failed", "enclosed")
    assert not left.complete
    assert not left.findings or left.findings[0].trust == "observed"
    assert word in str(left.faults)


TRUE = [
    ("x^2 - 2*x", None, [], point({"x": 1}, kind="global minimum", inertia=(1, 0, 0))),
    (None, ["2^x - 8"], [], point({"x": sp.log(8) / sp.log(2)})),
    (None, ["x*sqrt(3 - x^2)"], [], point({"x": sp.sqrt(3)})),
    ("sqrt(x)*sqrt(x) + (x + 1)^2", None, [], point({"x": 0}, kind="boundary minimum")),
    ("x^2 - 2*x", None, ["x >= 3"], point({"x": 3}, kind="boundary minimum")),
    ("x^2 - 2*x", None, ["x >= 1", "x <= 3"], point({"x": 1}, kind="global minimum")),
    ("abs(x - 1) + x^2/8", None, [], point({"x": 1}, kind="global minimum")),
    ("max(x, -2*x) + x/2", None, [], point({"x": 0}, kind="global minimum")),
    ("sqrt(abs(x))", None, [], point({"x": 0}, kind="global minimum")),
    ("x^2 - 3*x", None, ["x integer"], point({"x": 2}, kind="global minimum")),
    ("x^4", None, [], point({"x": 0}, kind="global minimum")),
    ("x^3", None, [], point({"x": 0}, kind="degenerate")),
    ("Piecewise((x^2, x < 1), (3*x - 2, True))", None, [], point({"x": 0}, kind="global minimum")),
    ("(x - 1)^2*(x^2 + 1)^(1/3)", None, [], point({"x": 1}, kind="global minimum")),
    # three real roots by complex radicals (casus irreducibilis)
    ("x^4/4 - 15*x^2/2 - 4*x", None, [], point({"x": 4}, kind="global minimum")),
]


@pytest.mark.parametrize(("loss", "equations", "assumptions", "claimed"), TRUE)
def test_a_true_point_passes(
    loss: str | None, equations: list[str] | None, assumptions: list[str], claimed: CriticalPoint
) -> None:
    left = said(loss, claimed, equations=equations, assumptions=assumptions, unknowns=["x"])
    assert not left.faults
    assert left.outcome == "solved"


def test_the_cusp_has_no_multipliers_and_passes() -> None:
    """min x subject to y^2 = x^3 is at (0, 0), where the constraint's slope vanishes: a Fritz John point."""
    left = said("x subject to y^2 = x^3", point({"x": 0, "y": 0}, kind="global minimum"), unknowns=["x", "y"])
    assert left.outcome == "solved"


def test_multipliers_of_a_disk() -> None:
    claims = [point({"x": 1, "y": 0}, kind="boundary minimum"), point({"x": 0, "y": 1}, kind="boundary minimum")]
    true, false = (said("(x-3)^2 + y^2 subject to x^2+y^2<=1", c, unknowns=["x", "y"]) for c in claims)
    assert true.outcome == "solved"
    assert "slope" in str(false.faults)


def test_numbers_that_miss_their_exact_form_are_replaced() -> None:
    left = said("x^2 - 2*x", point({"x": 1}, {"x": "1.5"}), unknowns=["x"])
    assert left.outcome == "solved"
    assert left.points[0].numeric is not None
    assert float(left.points[0].numeric["x"]) == 1
    assert "miss the exact form" in str(left.faults)


def test_an_exact_form_that_misses_true_numbers_is_dropped() -> None:
    left = said("x^2 - 2*x", point({"x": 2}, {"x": "1"}), unknowns=["x"])
    assert left.outcome == "enclosed"
    assert left.points[0].exact is None
    assert left.points[0].numeric == {"x": "1"}


def test_a_global_minimum_is_not_beaten_by_a_listed_point() -> None:
    claims = (point({"x": 1}, kind="global minimum"), point({"x": -2}, kind="local minimum"))
    left = said("3*x^4 + 4*x^3 - 12*x^2", *claims, unknowns=["x"])
    assert "another point of the list beats it" in str(left.faults)
    assert [p.kind for p in left.points] == ["unclassified", "local minimum"]


def test_a_false_loss_is_dropped() -> None:
    left = said("x^2 - 2*x", point({"x": 1}, loss=sp.Integer(1)), unknowns=["x"])
    assert left.points[0].loss is None
    assert left.outcome == "solved"


LEFT_OUT = [
    # (loss, equations, assumptions, the points claimed to be all, where another one lies)
    ("x^4 - x^2", None, [], [0], "0.7071"),
    (None, ["x^2 - 2"], [], [-sp.sqrt(2)], "1.4142"),
    ("sin(x)", None, ["x >= 0", "x <= 7"], [sp.pi / 2], "4.712"),
    ("x^4", None, [], [], "x = 0"),
    ("abs(x - 1) + x^2/8", None, [], [], "0.99999"),
    ("exp(x) - 3*x", None, ["x > 1"], [], "1.0986"),
]


@pytest.mark.parametrize(("loss", "equations", "assumptions", "claimed", "where"), LEFT_OUT)
def test_a_list_that_leaves_out_a_point_is_not_complete(
    loss: str | None, equations: list[str] | None, assumptions: list[str], claimed: list[Any], where: str
) -> None:
    call = {"equations": equations, "assumptions": assumptions, "unknowns": ["x"]}
    left = said(loss, *(point({"x": v}) for v in claimed), complete=True, **call)
    assert where in str(left.faults)
    assert (left.complete, len(left.points)) == (False, len(claimed))


def test_no_critical_point_hides_no_minimum_on_an_edge() -> None:
    problems = [read("x^2 + x", unknowns=["x"], assumptions=[bound]) for bound in ("x >= 0", "x > 0", "x <= -1")]
    claim = Attempt("claimed", "no_critical_point", complete=True)
    closed, opened, above = (audit(p, claim, Budget.of(5)) for p in problems)
    assert "x = 0, is not said" in str(closed.faults)
    assert not opened.faults
    assert "x = -1.0" in str(above.faults)


def test_a_point_left_out_in_two_unknowns() -> None:
    loss = "(x^2 + y - 11)^2 + (x + y^2 - 7)^2"
    left = said(loss, point({"x": 3, "y": 2}), complete=True, unknowns=["x", "y"])
    assert "is not listed" in str(left.faults)


def test_a_critical_point_on_a_face_is_one() -> None:
    """(0, -1) has gradient zero and lies on the edge y = -1: a list without it was called complete."""
    loss = "x^4 + 3*x^3 + 2*x^2*y + y^4 - 2*y^2"
    left = said(loss, unknowns=["x", "y"], assumptions=["x >= -2", "y >= -1"], complete=True)
    assert "is not listed" in str(left.faults)
    problem = read("x^2 + y^2 + 2*y", unknowns=["x", "y"], assumptions=["y >= -1"])
    assert "y = -1.0" in str(audit(problem, Attempt("claimed", "no_critical_point"), Budget.of(5)).faults)


@pytest.mark.parametrize(
    ("loss", "assumptions", "claimed"),
    [
        ("x^3 - 3*x", [], {"x": 1}),
        ("x^5/5 + 5*10^19*x^4 + (10^40 - 10^20 - 1)/3*x^3 - (5*10^39 + 5*10^19)*x^2", [], {"x": -(10**20)}),
        ("x^3/10^400 + x^2", [], {"x": 0}),
        ("x^2 - 2*x", ["x >= 2", "x <= 3"], {"x": 3}),
        ("x^2*y^2 + (x - 1)^2 - y", [], {"x": 1, "y": sp.Rational(1, 2)}),
        ("(x - 3)^2 + y^2 subject to x^2 + y^2 <= 1", [], {"x": 1, "y": 0}),
    ],
)
def test_a_global_minimum_is_held_against_other_places(
    loss: str, assumptions: list[str], claimed: dict[str, Any]
) -> None:
    left = said(loss, point(claimed, kind="global minimum"), assumptions=assumptions, unknowns=list(claimed))
    assert bool(left.faults) == ("subject" not in loss)


# -- what hangs together ------------------------------------------------------------------------------------------------


def test_closed_needs_a_complete_list_or_a_period() -> None:
    problem = read("x^2", unknowns=["x"])
    claim = Attempt("claimed", "solved", points=(point({"x": 0}),))
    period = finding("translates by the period", period="2*pi")
    assert coherent(problem, claim).outcome == "partial"
    assert coherent(problem, replace(claim, complete=True)).outcome == "solved"
    assert coherent(problem, replace(claim, findings=(period,))).outcome == "solved"


def test_no_list_is_no_complete_one() -> None:
    claim = Attempt("claimed", "not_closed", complete=True, scope="formula")
    assert not coherent(read("x^6/6 - x^2/2 + a*x", unknowns=["x"]), claim).complete


def test_a_family_theorem_is_not_said_of_numbers() -> None:
    claim = Attempt(
        "claimed", "not_closed", scope="formula", findings=(finding("no exp and log for all data", scope="formula"),)
    )
    left = coherent(read("x^6 - x", unknowns=["x"]), claim)
    assert (left.outcome, left.scope, left.findings) == ("failed", "instance", ())
    assert coherent(read("x^6 - a*x", unknowns=["x"]), claim) == claim


@pytest.mark.parametrize(
    ("loss", "claimed", "count"),
    [
        ("x^4 - x^2", point({"x": 0}), 3),
        ("1/x + x", point({"x": 1}), 3),
        ("exp(2*x) - x", point({"x": 0}), None),
        ("(x*y)^2", point({"x": 0, "y": y}), None),
        ("2^x - x", point({"x": 0}), None),
    ],
)
def test_complex_solutions_are_counted_for_polynomials(loss: str, claimed: CriticalPoint, count: int | None) -> None:
    claim = Attempt("claimed", "solved", points=(claimed,), complete=True, counts=FrozenMap({"complex": 3}))
    assert coherent(read(loss), claim).counts.get("complex") == count


def test_the_heading_is_as_strong_as_its_ground() -> None:
    proved, derived, equation = (
        derive(loss, equations=equations).to_text(full=True)
        for loss, equations in (("x^4 - x^2", None), ("exp(x) - 2*x", None), (None, ["x^2 - 3"]))
    )
    assert "Critical points (3, and it is proved that there are no others)" in proved
    assert "Critical points (1, and there are no others (derived))" in derived
    assert "Solutions (2" in equation
    assert "not classified" not in equation


# -- formulas in symbols ------------------------------------------------------------------------------------------------

a, b = sp.symbols("a b", real=True)
FORMULAS = [
    # (loss, assumptions, formula, conditions, kind, complete, a word of the reason or "" where nothing is to be refuted)
    ("a*x^2 + b*x", [], -b / (2 * a), (), "unclassified", True, "denominator"),
    ("a*x^2 + b*x", [], -b / (2 * a), ("a != 0",), "unclassified", True, ""),
    ("a*x^2 + b*x", [], -b / (2 * a), ("a != 0",), "global minimum", False, "no global minimum"),
    ("a*x^2 + b*x", ["a>0"], -b / (2 * a), (), "global minimum", True, ""),
    ("(x - a)^2", ["x>=0"], a, (), "unclassified", False, "does not hold"),
    ("(x - a)^2", ["x>=0"], sp.Max(a, 0), (), "global minimum", False, ""),
    ("exp(x) - a*x", [], sp.log(a), (), "unclassified", True, "no real number"),
    ("exp(x) - a*x", [], sp.log(a), ("a > 0",), "global minimum", True, ""),
    ("x^4 - a*x^2", [], 0, (), "unclassified", True, "not listed"),
    ("x^2/2 - (60 + a)*x", ["x>0"], 60 + a, (), "global minimum", False, "does not hold"),
    ("x^2 + a*x", [], a / 2, (), "unclassified", False, "slope"),
]


@pytest.mark.parametrize(("loss", "assumptions", "formula", "conditions", "kind", "complete", "word"), FORMULAS)
def test_a_formula_is_held_against_values(
    loss: str, assumptions: list[str], formula: Any, conditions: tuple[str, ...], kind: Any, complete: bool, word: str
) -> None:
    claimed = point({"x": formula}, conditions=conditions, kind=kind)
    left = said(loss, claimed, assumptions=assumptions, unknowns=["x"], complete=complete)
    assert bool(left.faults) == bool(word)
    assert word in str(left.faults)
    if word in ("denominator", "does not hold", "no real number"):  # a condition was missing, and is added
        assert left.outcome == "solved"
        assert len(left.points[0].conditions) == 1
    else:
        assert left.outcome == ("failed" if word else "solved")


def test_constant_data_are_a_condition() -> None:
    """The normal variance of one observation is zero, outside of v > 0: a condition, not a fault that is told."""
    i, n, data = (
        sp.Symbol("i", integer=True, positive=True),
        sp.Symbol("n", integer=True, positive=True),
        sp.IndexedBase("x"),
    )
    mean = sp.Sum(data[i], (i, 1, n)) / n
    claimed = point({"m": mean, "v": sp.Sum(data[i] ** 2, (i, 1, n)) / n - mean**2}, kind="global minimum")
    left = said("sum(i, 1, n, (x[i] - m)^2/(2*v) + log(v)/2)", claimed, unknowns=["m", "v"], assumptions=["v > 0"])
    assert left.outcome == "solved"
    assert not left.faults
    assert "> 0" in left.points[0].conditions[0]


def test_constant_features_are_a_condition() -> None:
    i, n = sp.Symbol("i", integer=True, positive=True), sp.Symbol("n", integer=True, positive=True)
    u, v = sp.IndexedBase("x"), sp.IndexedBase("y")
    sx, sy = sp.Sum(u[i], (i, 1, n)), sp.Sum(v[i], (i, 1, n))
    slope = (n * sp.Sum(u[i] * v[i], (i, 1, n)) - sx * sy) / (n * sp.Sum(u[i] ** 2, (i, 1, n)) - sx**2)
    claimed = point({"a": (sy - slope * sx) / n, "b": slope}, kind="global minimum")
    left = said("sum(i, 1, n, (y[i] - a - b*x[i])^2)", claimed, unknowns=["a", "b"])
    assert left.outcome == "solved"
    assert left.points[0].conditions == ("where it is real and lies in the domain",)


def test_a_formula_in_data_is_held_against_data() -> None:
    i, n, data = (
        sp.Symbol("i", integer=True, positive=True),
        sp.Symbol("n", integer=True, positive=True),
        sp.IndexedBase("x"),
    )
    mean = sp.Sum(data[i], (i, 1, n)) / n
    loss = "sum(i, 1, n, (x[i] - m)^2)"
    true, false = (said(loss, point({"m": m}, kind="global minimum"), unknowns=["m"]) for m in (mean, mean + 1))
    assert not true.faults
    assert "slope" in str(false.faults)


def test_given_data_are_not_drawn_again() -> None:
    """The parameters are; with other data the formula would be another."""
    report = derive("ridge", data={"x": [1, 2, 3, 4], "y": [2, 3, 5, 4]}, target="y")
    assert report.verdict.outcome == "closed"
    assert report.problem.parameters == ("lam",)


@pytest.mark.parametrize(
    ("options", "places"),
    [
        # x^2 + x - 2 vanishes at -2 and at 1, where the text divides by zero
        ({"equations": ["(x^3 - 1)/(x - 1) - 3"], "unknowns": ["x"]}, [-2.0]),
        # x^2 without its minimum, and without another place
        ({"loss": "x^3/x"}, []),
        ({"loss": "x^2*(x - 1)/(x - 1)"}, [0.0]),
    ],
)
def test_a_hole_that_cancels_is_nothing_left_out(options: dict[str, Any], places: list[float]) -> None:
    report = derive(**options)
    assert report.verdict.outcome == ("closed" if places else "no_critical_point")
    assert [p["x"] for p in report.critical_points] == places
