"""Headlines by elimination from two derivatives, by slopes at kinks and by certificates of a least value: true and false.

Each false document has true certificates, and its headline is never called covered.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

import closedform as cf
from closedform.kernel import check_document
from closedform.kernel.document import seal
from closedform.kernel.ruling import COVERED, REFUSED

Doc = dict[str, Any]

ROWS = {"x": [1, 2, 3], "y": [2, 1, 2]}
BUMP = {"x": [1, 2, 3], "y": [0, 1, 0]}
ASKED: dict[str, Callable[[], Any]] = {
    "neuron": lambda: cf.derive("nn", data=ROWS, target="y"),
    "neuron of tanh": lambda: cf.derive("nn", data=ROWS, target="y", activation="tanh"),
    "neuron for all data": lambda: cf.derive("nn"),
    "Himmelblau": lambda: cf.derive("himmelblau"),
    "absolute values": lambda: cf.derive("|x - y| + |x + y - 2| - x/2", unknowns=["x", "y"]),
    "fall": lambda: cf.derive("((exp(x) - 2)^2 + 1/10)/(exp(3*x) + 1)"),
    "relu": lambda: cf.derive("nn", data=BUMP, target="y", activation="relu"),
    "logistic": lambda: cf.derive(
        "logistic", data={"x": [1, 2, 3, 4, 5], "z": [1, 0, 2, 1, 0], "y": [0, 1, 0, 1, 0]}, target="y", intercept=False
    ),
}


@cache
def _asked(name: str) -> Doc:
    return ASKED[name]().to_dict()


def document(name: str) -> Doc:
    return copy.deepcopy(_asked(name))


def words(doc: Doc) -> dict[str, str]:
    findings = check_document({**doc, "seal": seal(doc)})
    return {f.place: f.word for f in sorted(findings, key=lambda f: f.word == REFUSED)}


def without(name: str, number: int) -> Doc:
    """A report that leaves one of its points out, and counts the others."""
    doc = document(name)
    del doc["critical_points"][number]
    doc["counts"] = {"real": len(doc["critical_points"])}
    return doc


def kinds(doc: Doc) -> list[str]:
    return [p["kind"] for p in doc["critical_points"]]


def about(loss: str, point: Doc, **more: Any) -> Doc:
    """A report about a loss in x and y that calls a point its one minimum."""
    doc = cf.derive(loss, unknowns=["x", "y"], timeout=5).to_dict()
    verdict = {"outcome": "closed", "minimiser": "closed", "statements": []}
    listed = [{"exact": point, "kind": "global minimum", **more}]
    return {**doc, "critical_points": listed, "complete": True, "counts": {"real": 1}, "verdict": verdict}


# -- what is true --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [n for n in ASKED if n not in ("neuron for all data", "fall")])
def test_every_headline_is_covered(name: str) -> None:
    doc = document(name)
    findings = check_document({**doc, "seal": seal(doc)})
    assert {f.place for f in findings if f.headline and f.word != COVERED} == set()
    assert len(findings) > 4


# -- what is false -------------------------------------------------------------------------------------------------------


def a_neuron_without_its_saddle() -> Doc:
    doc = document("neuron")
    return without("neuron", kinds(doc).index("saddle"))


def a_neuron_without_its_minimum() -> Doc:
    doc = document("neuron")
    return without("neuron", kinds(doc).index("global minimum"))


def the_same_point_twice() -> Doc:
    doc = without("neuron", 0)
    doc["critical_points"] *= 2
    return doc


def a_coordinate_of_another_point() -> Doc:
    """Both are roots of what elimination leaves, and no common zero."""
    doc = document("Himmelblau")
    first, third = (doc["critical_points"][i] for i in (0, 2))
    for key in ("exact", "numeric", "radius"):
        first[key]["y"] = third[key]["y"]
    return doc


def a_local_minimum_above_the_limit_far_out() -> Doc:
    """The loss tends to 0 for x to infinity."""
    doc = document("fall")
    low = next(p for p in doc["critical_points"] if p["kind"] == "local minimum")
    low["kind"] = "global minimum"
    doc["verdict"]["minimiser"] = "not_closed" if low["exact"] is None else "closed"
    return doc


def a_point_that_rises_along_the_axes_alone() -> Doc:
    """|x - y| - (x + y)/4 falls without end where x = y grows."""
    return about("|x - y| - (x + y)/4 + 0*|x|", {"x": "0", "y": "0"})


def one_of_a_line_of_minima() -> Doc:
    return about("|x - y|", {"x": "0", "y": "0"})


def one_of_a_line_of_minima_of_a_square() -> Doc:
    numbers = {"numeric": {"x": "0", "y": "0"}, "radius": {"x": "0", "y": "0"}}
    return about("(x - y)^2", {"x": "0", "y": "0"}, **numbers)


def a_kink_in_a_kink() -> Doc:
    """max(|x| + |y|, 2*|x - y|) - (x + y)/2 falls along x = y/2."""
    return about("max(|x| + |y|, 2*|x - y|) - 3*(x + y)/5", {"x": "0", "y": "0"})


def beside_the_point_of_a_certificate() -> Doc:
    doc = document("relu")
    doc["critical_points"][0]["exact"] = {"v": "1/2", "w": "3/2"}
    doc["critical_points"][0]["numeric"] = {"v": "0.5", "w": "1.5"}
    return doc


def a_point_where_no_square_is_zero() -> Doc:
    doc = document("Himmelblau")
    saddle = doc["critical_points"][kinds(doc).index("saddle")]
    saddle["kind"] = "global minimum"
    return doc


def no_formula_where_a_point_has_one() -> Doc:
    """At these data one critical point has w = 0."""
    doc = document("neuron for all data")
    doc["witness"] = {"n": ["3"], "x": ["1", "2", "3"], "y": ["0", "1", "0"]}
    doc["certificates"] = cf.derive("nn", data=BUMP, target="y").to_dict()["certificates"]
    return doc


FALSE = [
    (a_neuron_without_its_saddle, "complete"),
    (a_neuron_without_its_saddle, "counts.real"),
    (a_neuron_without_its_minimum, "complete"),
    (the_same_point_twice, "complete"),
    (a_coordinate_of_another_point, "critical_points[0].exact"),
    (a_coordinate_of_another_point, "critical_points[0].numeric"),
    (a_local_minimum_above_the_limit_far_out, "verdict.minimiser"),
    (a_point_that_rises_along_the_axes_alone, "critical_points[0].exact"),
    (a_point_that_rises_along_the_axes_alone, "critical_points[0].kind"),
    (one_of_a_line_of_minima, "complete"),
    (one_of_a_line_of_minima, "verdict.outcome"),
    (one_of_a_line_of_minima_of_a_square, "complete"),
    (a_kink_in_a_kink, "critical_points[0].kind"),
    (beside_the_point_of_a_certificate, "critical_points[0].exact"),
    (beside_the_point_of_a_certificate, "critical_points[0].kind"),
    (beside_the_point_of_a_certificate, "verdict.minimiser"),
    (no_formula_where_a_point_has_one, "verdict.outcome"),
    (no_formula_where_a_point_has_one, "verdict.minimiser"),
]


@pytest.mark.parametrize(("false", "place"), FALSE, ids=lambda v: v if isinstance(v, str) else v.__name__)
def test_a_false_headline_is_not_covered(false: Callable[[], Doc], place: str) -> None:
    found = words(false())
    assert place in found, sorted(found)
    assert found[place] != COVERED


def test_a_saddle_of_squares_is_not_the_least() -> None:
    assert REFUSED in words(a_point_where_no_square_is_zero()).values()
