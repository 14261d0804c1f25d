"""Documents with a false headline, whose certificates are all true: the headline is never called covered.

Each was tried before the check that stops it was written; most were then called covered.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest
from flint import fmpq

import closedform as cf
from closedform.kernel import check_certificate, check_document
from closedform.kernel.algebra.exponentials import Field
from closedform.kernel.algebra.matrices import HEADS
from closedform.kernel.document import seal
from closedform.kernel.expressions.derivatives import differentiate
from closedform.kernel.expressions.infix import infix
from closedform.kernel.expressions.tree import read
from closedform.kernel.reading import Refused
from closedform.kernel.ruling import COVERED, REFUSED

Doc = dict[str, Any]


def certificate(statement: Doc, claim: Doc, evidence: Doc | None = None) -> Doc:
    """A certificate, which is true: the kernel accepts it."""
    out = {"format": 1, "statement": statement, "claim": claim, "evidence": evidence or {}}
    assert check_certificate(out)
    return out


def report(tree: Any, certificates: list[Doc], points: list[Doc], outcome: str = "closed", **more: Any) -> Doc:
    """A report about a loss in x whose list of points is called complete."""
    problem: Doc = {
        "loss": infix(read(tree)),
        "tree": tree,
        "sense": "min",
        "unknowns": ["x"],
        "parameters": [],
        "domain": {"x": "real"},
        "assumptions": [],
        "constraints": [],
        "shapes": {},
    }
    return {
        "problem": {**problem, **more.pop("problem", {})},
        "stationarity": more.pop("stationarity", {"gradient": {}}),
        "verdict": {"outcome": outcome, "minimiser": more.pop("minimiser", None), "statements": []},
        "critical_points": points,
        "complete": True,
        "counts": {},
        "certificates": certificates,
        **more,
    }


def words(doc: Doc) -> dict[str, str]:
    """The word of each place; REFUSED wherever it was said."""
    findings = check_document({**doc, "seal": seal(doc)})
    return {f.place: f.word for f in sorted(findings, key=lambda f: f.word == REFUSED)}


def square(tree: Any) -> Any:
    return ["^", tree, "2"]


def at(x: str, **more: Any) -> Doc:
    """A point of a report; a whole number with its decimals, as a certificate lists it."""
    numbers = {"numeric": {"x": x}, "radius": {"x": "0"}} if x.lstrip("-").isdigit() else {}
    return {"exact": {"x": x}, "kind": "unclassified", **numbers, **more}


def roots(tree: Any, points: list[Doc], inside: Doc | None = None, **statement: Any) -> Doc:
    """All real roots of the derivative of a loss in x."""
    claim = {"kind": "critical_points", "complete": True, "points": points}
    evidence = {"method": "roots", "precision": "100", **({"inside": inside} if inside else {})}
    return certificate({"loss": tree, "unknowns": ["x"], **statement}, claim, evidence)


def rational(x: str) -> Doc:
    return {"numeric": {"x": x}, "radius": {"x": "0"}, "exact": {"x": x}}


T = [{"form": ["x"], "name": "t", "scale": "1"}]
TWO_WELLS = ["+", square("x"), ["^", "x", "-2"]]
LINE = ["+", ["*", "a", square("x")], ["*", "b", "x"]]
AT_VERTEX = ["*", "-1/2", "b", ["^", "a", "-1"]]


def formula(tree: Any, point: Any, assumptions: list[Any], conditions: list[Any], parameters: tuple[str, ...]) -> Doc:
    statement = {"loss": tree, "unknowns": ["x"], "parameters": list(parameters), "assumptions": assumptions}
    claim = {"kind": "critical_point_formula", "point": {"x": point}, "conditions": conditions}
    return certificate(statement, claim)


# -- false documents, each with the place that must not be covered ----------------------------------------------------


def one_of_two_wells() -> Doc:
    """x^2 + 1/x^2 is convex on either side of the pole, and least at 1 and at -1."""
    proof = formula(TWO_WELLS, "1", [["!=", "x", "0"]], [], ())
    return report(TWO_WELLS, [proof], [at("1")], problem={"domain": {"x": "x != 0"}})


def an_eliminant_on_half_the_line() -> Doc:
    """x^2*e^x has the critical points 0 and -2; none is positive."""
    tree = ["*", square("x"), ["exp", "x"]]
    factors = [[["1", ["1", "0"]]], [["1", ["0", "1"]]], [["1", ["0", "1"]], ["2", ["0", "0"]]]]
    proof = certificate(
        {"loss": tree, "unknowns": ["x"], "relations": [[">", "x", "0"]]},
        {"kind": "exponential_eliminant", "substitution": T, "names": ["x"], "polynomial": [["1", ["0", "0"]]]},
        {"cofactors": [[["1", ["0", "0"]]]], "nonvanishing": factors},
    )
    return report(tree, [proof], [], "no_critical_point")


def a_minimum_where_the_loss_is_not_defined() -> Doc:
    """x^4/4 - 4x^3/3 + 3x^2/2 is least at 3, where the loss, as written, has no value: it has no minimum."""
    quartic = ["+", ["*", "1/4", ["^", "x", "4"]], ["*", "-4/3", ["^", "x", "3"]], ["*", "3/2", square("x")]]
    gap = ["+", "x", "-3"]
    tree = ["*", quartic, gap, ["^", gap, "-1"]]
    points = [at("0", kind="global minimum"), at("1", kind="local maximum")]
    return report(tree, [roots(tree, [rational("0"), rational("1")])], points)


def a_loss_whose_logarithm_counts_for_nothing() -> Doc:
    """(x + 1)^2 + 0*log(x) has no critical point; (x + 1)^2 has one."""
    other = ["+", square(["+", "x", "1"]), ["*", ["@", "z", "1"], ["log", "x"]]]
    proof = roots(other, [], {"x": "1"}, columns={"z": ["0"]})
    return report(square(["+", "x", "1"]), [proof], [], "no_critical_point")


def a_minimum_on_the_edge() -> Doc:
    """e^x where x >= 0 is least at 0."""
    claim = {"kind": "descent_direction", "substitution": T, "names": [], "direction": {"x": "-1"}}
    proof = certificate({"loss": ["exp", "x"], "unknowns": ["x"]}, claim)
    return report(["exp", "x"], [proof], [], "no_critical_point", problem={"domain": {"x": "x >= 0"}})


def a_minimum_on_the_edge_of_a_root() -> Doc:
    """sqrt(x) is least at 0."""
    proof = certificate(
        {"loss": ["sqrt", "x"], "unknowns": ["x"]},
        {"kind": "critical_points", "complete": True, "points": [], "box": {"x": ["1", "1"]}},
        {"method": "none", "precision": "100", "complete": {"method": "cover", "leaves": "E"}},
    )
    doc = report(["sqrt", "x"], [proof], [], "no_critical_point", problem={"domain": {"x": "x >= 1, x <= 1"}})
    return doc


def an_assumption_that_the_document_does_not_make() -> Doc:
    """a*x^2 + b*x has a minimum where a > 0 only."""
    proof = formula(LINE, AT_VERTEX, [[">", "a", "0"]], [], ("a", "b"))
    return report(LINE, [proof], [at("-b/(2*a)", kind="global minimum")], problem={"parameters": ["a", "b"]})


def a_condition_that_is_another() -> Doc:
    proof = formula(LINE, AT_VERTEX, [], [["!=", "a", "0"]], ("a", "b"))
    return report(LINE, [proof], [at("-b/(2*a)", conditions=["b != 0"])], problem={"parameters": ["a", "b"]})


def a_family_listed_for_one_sign() -> Doc:
    """There is a critical point for a < 0 too."""
    proof = formula(LINE, AT_VERTEX, [], [["!=", "a", "0"]], ("a", "b"))
    return report(LINE, [proof], [at("-b/(2*a)", conditions=["a > 0"])], problem={"parameters": ["a", "b"]})


def a_family_listed_under_a_condition_that_never_holds() -> Doc:
    proof = formula(LINE, AT_VERTEX, [], [["!=", "a", "0"]], ("a", "b"))
    point = at("-b/(2*a)", conditions=["a > 0", "a < 0"])
    return report(LINE, [proof], [point], problem={"parameters": ["a", "b"]})


def one_root_of_three() -> Doc:
    """x^4/4 - a*x^2/2 has the critical points 0 and two roots of a."""
    tree = ["+", ["*", "1/4", ["^", "x", "4"]], ["*", "-1/2", "a", square("x")]]
    return report(tree, [formula(tree, "0", [], [], ("a",))], [at("0")], problem={"parameters": ["a"]})


def one_root_where_the_data_may_cancel() -> Doc:
    """sum(z)*x^2/2 is stationary everywhere where the data add up to zero."""
    tree = ["*", "1/2", ["sum", "i", "1", "n", ["@", "z", "i"]], square("x")]
    proof = formula(tree, "0", [], [], ("n", "z"))
    return report(tree, [proof], [at("0")], problem={"parameters": ["n", "z"]})


def a_minimum_outside_the_domain() -> Doc:
    """x^2 - 2*a*x where x > 0 has no critical point for a < 0."""
    tree = ["+", square("x"), ["*", "-2", "a", "x"]]
    proof = formula(tree, "a", [], [], ("a",))
    points = [at("a", kind="global minimum")]
    return report(tree, [proof], points, problem={"parameters": ["a"], "domain": {"x": "x > 0"}})


def a_constraint_that_is_not_obeyed() -> Doc:
    """x^2 subject to x = 1 is least at 1."""
    points = [at("0", kind="global minimum")]
    return report(square("x"), [roots(square("x"), [rational("0")])], points, problem={"constraints": ["x = 1"]})


def partly_closed_where_all_is_closed() -> Doc:
    return report(square("x"), [roots(square("x"), [rational("0")])], [at("0")], "partly_closed")


def solvable_by_a_list_of_roots() -> Doc:
    doc = cf.galois("x^5 - x - 1").to_dict()
    doc["solvable"] = doc["factors"][0]["solvable"] = True
    doc["factors"][0]["certificate"] = cf.roots("x^5 - x - 1").to_dict()["certificates"][0]
    return doc


def solvable_by_no_root_at_all() -> Doc:
    doc = solvable_by_a_list_of_roots()
    claim = {"kind": "radicals", "let": [], "roots": []}
    doc["factors"][0]["certificate"] = certificate({"polynomial": ["-1", "-1", "0", "0", "0", "1"]}, claim)
    return doc


def a_family_without_roots_in_radicals() -> Doc:
    return {"format": 1, "polynomial": "x^5 - x - a", "unknown": "x", "solvable": True, "roots": [], "certificates": []}


def a_family_with_one_root_of_six() -> Doc:
    """(x - a)*(x^5 - x - a) is not solvable."""
    line = ["+", "x", ["*", "-1", "a"]]
    quintic = ["+", ["^", "x", "5"], ["*", "-1", "x"], ["*", "-1", "a"]]
    statement = {"equations": [["*", line, quintic]], "unknowns": ["x"], "parameters": ["a"], "assumptions": []}
    proof = certificate(statement, {"kind": "critical_point_formula", "point": {"x": "a"}, "conditions": []})
    doc = {"format": 1, "polynomial": "(x - a)*(x^5 - x - a)", "unknown": "x", "solvable": True}
    return {**doc, "roots": [{"exact": "a"}], "certificates": [proof]}


def one_root_listed_for_two() -> Doc:
    """a and b are the roots of (x - a)*(x - b)."""
    product = ["*", *(["+", "x", ["*", "-1", p]] for p in "ab")]
    statement = {"equations": [product], "unknowns": ["x"], "parameters": ["a", "b"], "assumptions": []}
    proof = certificate(statement, {"kind": "critical_point_formula", "point": {"x": "a"}, "conditions": []})
    doc = {"format": 1, "polynomial": "(x - a)*(x - b)", "unknown": "x", "solvable": True}
    return {**doc, "roots": [{"exact": "a"}, {"exact": "a"}], "certificates": [proof]}


def a_proof_about_the_other_factor() -> Doc:
    """x^5 - 2 is solvable."""
    doc = cf.galois("(x^5 - x - 1)*(x^5 - 2)").to_dict()
    hard, easy = sorted(doc["factors"], key=lambda f: f["solvable"])
    easy.update(solvable=False, certificate=hard["certificate"])
    return {**doc, "factors": [easy, hard]}


def a_family_by_the_wrong_name() -> Doc:
    """The roots a of a^5 - a - x have no formula; x is a^5 - a."""
    proof = certificate(
        {},
        {
            "kind": "unsolvable_family",
            "unknown": "a",
            "parameters": ["x"],
            "polynomial": ["+", ["^", "a", "5"], ["*", "-1", "a"], ["*", "-1", "x"]],
        },
        {"at": {"x": "1"}, "proof": {"types": [{"prime": "2", "degrees": ["2", "3"]}]}},
    )
    doc = {"format": 1, "polynomial": "a^5 - a - x", "unknown": "x", "solvable": False}
    return {**doc, "roots": [{"exact": None}], "certificates": [proof]}


def two_kinds_at_once() -> Doc:
    doc = cf.galois("x^5 - x - 1").to_dict()
    false = report(square("x"), [], [at("7", kind="global minimum")])
    return {**false, **{k: v for k, v in doc.items() if k != "seal"}}


# -- kinks -------------------------------------------------------------------------------------------------------------


def distances(*places: str) -> Any:
    return ["+", *(["abs", ["+", "x", f"-{p}"]] for p in places)]


def a_point_beside_the_median() -> Doc:
    return report(distances("1", "3", "7"), [], [at("4", kind="global minimum", loss="7")])


def one_of_many_medians() -> Doc:
    """|x - 1| + |x - 3| is least from 1 to 3."""
    return report(distances("1", "3"), [], [at("2", kind="global minimum")])


def an_end_of_the_medians() -> Doc:
    return report(distances("1", "3"), [], [at("1", kind="global minimum")])


def a_peak() -> Doc:
    """-|x| is greatest at 0."""
    return report(["*", "-1", ["abs", "x"]], [], [at("0", kind="global minimum")])


def a_kink_beside_a_well() -> Doc:
    """|x| - x^2/2 rises to both sides of 0 and falls without end."""
    return report(["+", ["abs", "x"], ["*", "-1/2", square("x")]], [], [at("0", kind="global minimum")])


def a_median_outside_the_domain() -> Doc:
    problem = {"domain": {"x": "x > 4"}}
    return report(distances("1", "3", "7"), [], [at("3", kind="global minimum")], problem=problem)


# -- matrices ----------------------------------------------------------------------------------------------------------

RESIDUAL = ["+", ["*", "X", "a"], ["*", "-1", "y"]]
OLS = ["^", ["norm", RESIDUAL], "2"]
LEAST = ["*", ["inv", ["*", ["transpose", "X"], "X"]], ["transpose", "X"], "y"]
SHAPES: Doc = {"X": ["n", "k"], "y": ["n", "1"], "a": ["k", "1"]}


def stationary(loss: Any, formula: list[Any], shapes: Doc = SHAPES, **more: Any) -> Doc:
    unknowns = [x for x, _ in formula]
    statement = {"loss": loss, "unknowns": unknowns, "shapes": shapes, "properties": {}, "constraints": [], **more}
    claim = {"kind": "matrix_stationary", "formula": formula}
    return certificate(statement, claim, {"tall": [["n", "k"]]})


def about_matrices(loss: Any, proof: Doc, shapes: Doc = SHAPES) -> Doc:
    formula = {x: infix(read(tree, heads=HEADS)) for x, tree in proof["claim"]["formula"]}
    problem = {
        "loss": infix(read(loss, heads=HEADS)),
        "tree": loss,
        "unknowns": list(formula),
        "parameters": sorted(shapes.keys() - formula.keys()),
        "domain": dict.fromkeys(formula, "real"),
        "shapes": shapes,
    }
    doc = report("0", [proof], [], minimiser="closed", problem=problem)
    return {**doc, "formula": {"unknown": formula}}


def a_formula_for_orthogonal_data() -> Doc:
    """a = X'*y is least squares where X'*X is the identity."""
    proof = stationary(OLS, [["a", ["*", ["transpose", "X"], "y"]]], properties={"X": ["orth"]})
    return about_matrices(OLS, proof)


def a_formula_for_one_row() -> Doc:
    """a = y/x is least squares with one number a side."""
    ones = {x: ["1", "1"] for x in SHAPES}
    statement = {"loss": OLS, "unknowns": ["a"], "shapes": ones, "properties": {}, "constraints": []}
    claim = {"kind": "matrix_stationary", "formula": [["a", ["*", ["inv", "X"], "y"]]]}
    return about_matrices(OLS, certificate(statement, claim, {"tall": []}))


def a_sum_of_two_unknowns() -> Doc:
    """Only a + b is determined."""
    both = ["+", ["*", "X", "a"], ["*", "X", "b"], ["*", "-1", "y"]]
    loss = ["^", ["norm", both], "2"]
    shapes = {**SHAPES, "b": ["k", "1"]}
    return about_matrices(loss, stationary(loss, [["a", LEAST], ["b", ["zeros", "k", "1"]]], shapes), shapes)


def a_quartic_in_two_factors() -> Doc:
    """||a*b' - Y||^2 has more critical points than a = b = 0."""
    loss = ["^", ["norm", ["+", ["*", "a", ["transpose", "b"]], ["*", "-1", "Y"]]], "2"]
    shapes = {"a": ["n", "1"], "b": ["k", "1"], "Y": ["n", "k"]}
    proof = stationary(loss, [["a", ["zeros", "n", "1"]], ["b", ["zeros", "k", "1"]]], shapes)
    return about_matrices(loss, proof, shapes)


def a_formula_under_a_constraint() -> Doc:
    """The nearest point to y is y; this one is the nearest whose entries add up to one."""
    loss, total = ["^", ["norm", ["+", "a", ["*", "-1", "y"]]], "2"], ["transpose", ["ones", "n"]]
    missing = ["+", "1", ["*", "-1", total, "y"]]
    shapes: Doc = {"a": ["n", "1"], "y": ["n", "1"]}
    statement = {"loss": loss, "unknowns": ["a"], "shapes": shapes, "properties": {}}
    claim = {
        "kind": "matrix_stationary",
        "formula": [["a", ["+", "y", ["*", ["^", "n", "-1"], ["ones", "n"], missing]]]],
    }
    constraints = [["+", ["*", total, "a"], "-1"]]
    proof = certificate({**statement, "constraints": constraints}, claim, {"tall": []})
    return about_matrices(loss, proof, shapes)


def a_hill_in_a_ditch() -> Doc:
    """||a - y||^4 - ||a - y||^2 is least where ||a - y||^2 = 1/2."""
    gap = ["norm", ["+", "a", ["*", "-1", "y"]]]
    loss = ["+", ["^", gap, "4"], ["*", "-1", ["^", gap, "2"]]]
    shapes: Doc = {"a": ["n", "1"], "y": ["n", "1"]}
    statement = {"loss": loss, "unknowns": ["a"], "shapes": shapes, "properties": {}, "constraints": []}
    proof = certificate(statement, {"kind": "matrix_stationary", "formula": [["a", "y"]]}, {"tall": []})
    return about_matrices(loss, proof, shapes)


def a_saddle_called_the_minimum() -> Doc:
    """||X*a - y||^2 - 2*||a||^2 is not convex."""
    loss = ["+", OLS, ["*", "-2", ["^", ["norm", "a"], "2"]]]
    inside = ["+", ["*", ["transpose", "X"], "X"], ["*", "-2", ["eye", "k"]]]
    return about_matrices(loss, stationary(loss, [["a", ["*", ["inv", inside], ["transpose", "X"], "y"]]]))


def two_diagonals_around_a_matrix() -> Doc:
    """a'*diag(w)*P*diag(v)*a is not convex for all w and v, though P and both diagonals are positive definite."""
    middle = ["*", ["diag", "w"], "P", ["transpose", ["diag", "v"]]]
    both = ["+", middle, ["*", ["diag", "v"], "P", ["diag", "w"]]]
    loss = ["+", ["*", ["transpose", "a"], *middle[1:], "a"], ["*", "-2", ["transpose", "y"], "a"]]
    shapes: Doc = {**{key: ["k", "1"] for key in "ayvw"}, "P": ["k", "k"]}
    formula = [["a", ["*", "2", ["inv", both], "y"]]]
    statement = {"loss": loss, "unknowns": ["a"], "shapes": shapes, "properties": {"P": ["spd"]}, "constraints": []}
    proof = certificate(statement, {"kind": "matrix_stationary", "formula": formula}, {"tall": []})
    doc = about_matrices(loss, proof, shapes)
    doc["problem"]["assumptions"] = ["P spd", "w > 0", "v > 0"]
    assert words(doc)["formula"] == COVERED
    return doc


def nearest(loss: Any) -> Doc:
    """A loss in a column a, with the formula y."""
    shapes: Doc = {"a": ["k", "1"], "y": ["k", "1"]}
    statement = {"loss": loss, "unknowns": ["a"], "shapes": shapes, "properties": {}, "constraints": []}
    proof = certificate(statement, {"kind": "matrix_stationary", "formula": [["a", "y"]]}, {"tall": []})
    return about_matrices(loss, proof, shapes)


def a_weight_that_vanishes_at_one_size() -> Doc:
    """(k - 5)*||a - y||^2 is zero for columns of five entries."""
    loss = ["*", ["+", "k", "-5"], ["^", ["norm", ["+", "a", ["*", "-1", "y"]]], "2"]]
    return nearest(loss)


def a_weight_that_vanishes_far_out() -> Doc:
    """(k - 100)*||a - y||^2 is zero for columns of a hundred entries."""
    loss = ["*", ["+", "k", "-100"], ["^", ["norm", ["+", "a", ["*", "-1", "y"]]], "2"]]
    return nearest(loss)


def a_metric_that_is_singular_at_one_size() -> Doc:
    """(a - y)'*(I - ones*ones'/11)*(a - y) is zero along the ones for columns of eleven entries."""
    gap = ["+", "a", ["*", "-1", "y"]]
    metric = ["+", ["eye", "k"], ["*", "-1/11", ["ones", "k"], ["transpose", ["ones", "k"]]]]
    return nearest(["*", ["transpose", gap], metric, gap])


SIGMOID = ["^", ["+", "1", ["exp", ["*", "-1", "x"]]], "-1"]


def a_lower_limit_far_out() -> Doc:
    """s^3/3 - 13*s^2/24 + s/4 of a sigmoid is lower, for x to minus infinity, than at its one local minimum, s = 3/4."""
    tree = ["+", ["*", "1/3", ["^", SIGMOID, "3"]], ["*", "-13/24", square(SIGMOID)], ["*", "1/4", SIGMOID]]
    field = Field({("x",): ("t", fmpq(1))}, [], {})
    top, _ = field.quotient(differentiate(read(tree), "x"), {})
    terms = [[str(c), [str(e) for e in m]] for m, c in zip(top.monoms(), top.coeffs(), strict=True)]
    proof = certificate(
        {"loss": tree, "unknowns": ["x"]},
        {
            "kind": "exponential_eliminant",
            "substitution": T,
            "names": [],
            "polynomial": terms,
            "roots": [["1/2", "1/2"], ["3", "3"]],
        },
        {"cofactors": [[["1", ["0"]]]], "nonvanishing": []},
    )
    points = [at("log(3)", kind="global minimum"), at("-log(2)", kind="local maximum")]
    return report(tree, [proof], points)


def a_lower_end_of_an_interval() -> Doc:
    """x^3 - 3*x is lower at -5 than at its local minimum."""
    tree = ["+", ["^", "x", "3"], ["*", "-3", "x"]]
    proof = roots(tree, [rational("-1"), rational("1")], relations=[[">=", "x", "-5"], ["<=", "x", "5"]])
    points = [at("-1", kind="local maximum"), at("1", kind="global minimum")]
    return report(tree, [proof], points, problem={"domain": {"x": "x >= -5, x <= 5"}})


def a_higher_end_of_an_interval() -> Doc:
    doc = a_lower_end_of_an_interval()
    points = [at("-1", kind="global maximum"), at("1", kind="local minimum")]
    return {**doc, "critical_points": points}


def an_unsolvable_factor_of_a_family() -> Doc:
    """The derivative x*(x^5 + a*x - 1) is zero at 0."""
    quintic = ["+", ["^", "x", "5"], ["*", "a", "x"], "-1"]
    tree = ["+", ["*", "1/7", ["^", "x", "7"]], ["*", "1/3", "a", ["^", "x", "3"]], ["*", "-1/2", square("x")]]
    claim = {"kind": "unsolvable_family", "polynomial": quintic, "unknown": "x", "parameters": ["a"]}
    proof = certificate({}, claim, {"at": {"a": "-1"}, "proof": {"types": [{"prime": "2", "degrees": ["2", "3"]}]}})
    return report(tree, [proof], [], "not_closed", problem={"parameters": ["a"]})


def a_wave_that_bends_the_loss() -> Doc:
    """x^2/2 + 2*cos(x) has two critical points besides 0."""
    tree = ["+", ["*", "1/2", square("x")], ["*", "2", ["cos", "x"]]]
    return report(tree, [], [at("0", kind="global minimum")])


def convex_for_one_sign_of_a_parameter() -> Doc:
    tree = ["*", "c", square(["+", "x", "-1"])]
    return report(
        tree, [formula(tree, "1", [], [], ("c",))], [at("1", kind="global minimum")], problem={"parameters": ["c"]}
    )


def a_minimiser_where_a_parameter_is_positive() -> Doc:
    """x = 0 is the minimum of x^4 + b*x^2 for b > 0, a maximum for b < 0."""
    tree = ["+", ["^", "x", "4"], ["*", "b", square("x")]]
    points = [at("0", conditions=["b > 0", "b != 3"], kind="global minimum")]
    proof = formula(tree, "0", [], [], ("b",))
    return report(tree, [proof], points, "partly_closed", minimiser="closed", problem={"parameters": ["b"]})


def data_of_a_certificate_for_a_parameter(**problem: Any) -> Doc:
    """The mean of the data is 3 for y = (1, 2, 6), not for all y."""
    tree = ["sum", "i", "1", "3", square(["+", "x", ["*", "-1", ["@", "y", "i"]]])]
    proof = roots(tree, [{"numeric": {"x": "3"}, "radius": {"x": "0"}}], columns={"y": ["1", "2", "6"]})
    points = [at("3", kind="global minimum", loss="14")]
    return report(tree, [proof], points, minimiser="closed", problem={"parameters": ["y"], **problem})


def data_for_a_parameter() -> Doc:
    return data_of_a_certificate_for_a_parameter(columns={"y": ["1", "2", "6"]})


def convex_by_a_parameter_that_bears_the_name_of_an_index() -> Doc:
    """The sum runs over negative numbers, whatever the parameter i is."""
    tree = ["sum", "i", "-3", "-1", ["*", "i", square(["+", "x", "-1"])]]
    points = [at("1", kind="global minimum")]
    return report(tree, [], points, problem={"parameters": ["i", "z"], "assumptions": ["i > 0"]})


def affine_with_a_determinant_that_is_always_zero() -> Doc:
    """c*0*x^2: every x is a critical point."""
    tree = ["+", ["*", "c", square("x")], ["*", "-1", "c", "x", "x"]]
    points = [at("1", conditions=["c > 0"])]
    return report(tree, [formula(tree, "1", [], [], ("c",))], points, problem={"parameters": ["c"]})


def a_derivative_with_the_wrong_side_of_a_kink() -> Doc:
    tree = ["abs", ["+", "x", "-1"]]
    return report(tree, [], [], stationarity={"gradient": {"x": "sign(1 - x)"}})


def weights_of_either_sign() -> Doc:
    """(X*a - y)'*W*(X*a - y) has a saddle where W is not definite."""
    gap = ["+", ["*", "X", "a"], ["*", "-1", "y"]]
    loss = ["*", ["transpose", gap], "W", gap]
    inside = ["*", ["transpose", "X"], "W", "X"]
    formula = [["a", ["*", ["inv", inside], ["transpose", "X"], "W", "y"]]]
    shapes = {**SHAPES, "W": ["n", "n"]}
    doc = about_matrices(loss, stationary(loss, formula, shapes, properties={"W": ["sym"]}), shapes)
    return {**doc, "problem": {**doc["problem"], "assumptions": ["W sym"]}}


def the_farthest_point_of_a_sphere() -> Doc:
    """||a - y||^2 on the sphere through y is least at y, and greatest at -y."""
    loss = ["^", ["norm", ["+", "a", ["*", "-1", "y"]]], "2"]
    shapes: Doc = {"a": ["n", "1"], "y": ["n", "1"]}
    round_ = ["+", ["*", ["transpose", "a"], "a"], ["*", "-1", ["transpose", "y"], "y"]]
    statement = {"loss": loss, "unknowns": ["a"], "shapes": shapes, "properties": {}, "constraints": [round_]}
    claim = {"kind": "matrix_stationary", "formula": [["a", ["*", "-1", "y"]]]}
    doc = about_matrices(loss, certificate(statement, claim, {"tall": []}), shapes)
    return {**doc, "problem": {**doc["problem"], "constraints": ["a'*a = y'*y"]}}


def a_constraint_of_the_document_alone() -> Doc:
    doc = about_matrices(OLS, stationary(OLS, [["a", LEAST]]))
    return {**doc, "problem": {**doc["problem"], "constraints": ["ones(k)'*a = 1"]}}


def a_constraint_that_is_an_inequality() -> Doc:
    doc = about_matrices(OLS, stationary(OLS, [["a", LEAST]]))
    return {**doc, "problem": {**doc["problem"], "constraints": ["ones(k)'*a <= 1"]}}


def a_constraint_with_another_side() -> Doc:
    doc = a_formula_under_a_constraint()
    return {**doc, "problem": {**doc["problem"], "constraints": ["ones(n)'*a = 2"]}}


def a_stationary_symmetric_matrix(properties: str = "sym") -> Doc:
    """tr(C*T) - log det T is convex where T is positive definite, and on no larger set of symmetric matrices."""
    loss = ["+", ["tr", ["*", "C", "T"]], ["*", "-1", ["logdet", "T"]]]
    shapes: Doc = {"C": ["k", "k"], "T": ["k", "k"]}
    words = {"C": ["spd"], "T": [properties]}
    statement = {"loss": loss, "unknowns": ["T"], "shapes": shapes, "properties": words, "constraints": []}
    proof = certificate(statement, {"kind": "matrix_stationary", "formula": [["T", ["inv", "C"]]]}, {"tall": []})
    doc = about_matrices(loss, proof, shapes)
    problem = {**doc["problem"], "assumptions": ["C spd"], "domain": {"T": properties}}
    return {**doc, "problem": problem}


def a_symmetric_unknown_of_the_certificate_alone() -> Doc:
    """Along directions that are not symmetric nothing is shown."""
    doc = a_stationary_symmetric_matrix()
    return {**doc, "problem": {**doc["problem"], "domain": {"T": "real"}}}


def many_minimisers_where_a_matrix_is_singular() -> Doc:
    """||y - K*c||^2 + lam*c'*K*c does not change along the null space of K."""
    loss = ["+", ["^", ["norm", ["+", "y", ["*", "-1", "K", "c"]]], "2"], ["*", "lam", ["transpose", "c"], "K", "c"]]
    shapes: Doc = {"K": ["n", "n"], "y": ["n", "1"], "c": ["n", "1"]}
    inside = ["+", "K", ["*", "lam", ["eye", "n"]]]
    claim = {"kind": "matrix_stationary", "formula": [["c", ["*", ["inv", inside], "y"]]]}
    statement = {"loss": loss, "unknowns": ["c"], "shapes": shapes, "properties": {"K": ["psd"]}, "constraints": []}
    doc = about_matrices(loss, certificate(statement, claim, {"tall": []}), shapes)
    return {**doc, "problem": {**doc["problem"], "assumptions": ["K psd", "lam > 0"]}}


def a_definition_that_is_another() -> Doc:
    doc = about_matrices(OLS, stationary(OLS, [["a", LEAST]]))
    return {**doc, "formula": {"unknown": {"a": "P*X'*y where P = inv(X'*X + eye(k))"}}}


def eigenvectors(
    formula: str = "largest_eigenvectors(S, q)", *assumptions: str, metric: str = "", **problem: Any
) -> Doc:
    """The greatest trace of W'*S*W over orthonormal columns; without ``assumptions`` S is symmetric."""
    tree = ["*", "-1", ["tr", ["*", ["transpose", "W"], "S", "W"]]]
    given: Doc = {
        "loss": infix(read(tree, heads=HEADS)),
        "tree": tree,
        "unknowns": ["W"],
        "parameters": ["S"],
        "domain": {"W": "real"},
        "assumptions": list(assumptions) or ["S sym"],
        "constraints": [f"W'*{metric}W = eye(q)"],
        "shapes": {"S": ["k", "k"], "W": ["k", "q"], "D": ["k", "k"]},
    }
    doc = report("0", [], [], minimiser="closed", problem={**given, **problem})
    return {**doc, "complete": False, "formula": {"unknown": {"W": formula}}}


def eigenvectors_from_the_other_end() -> Doc:
    return eigenvectors("smallest_eigenvectors(S, q)")


def eigenvectors_of_a_matrix_that_is_not_symmetric() -> Doc:
    return eigenvectors("largest_eigenvectors(S, q)", "k > 0")


def too_few_eigenvectors() -> Doc:
    return eigenvectors("largest_eigenvectors(S, 1)")


def eigenvectors_in_no_metric() -> Doc:
    """W'*D*W = I with D indefinite bounds nothing."""
    return eigenvectors("largest_eigenvectors(S, D, q)", "S sym", "D sym", metric="D*")


def eigenvectors_in_the_wrong_metric() -> Doc:
    return eigenvectors("largest_eigenvectors(S, q)", "S sym", "D spd", metric="D*")


def eigenvectors_called_no_formula() -> Doc:
    doc = eigenvectors()
    return {**doc, "verdict": {**doc["verdict"], "outcome": "not_closed", "minimiser": "not_closed"}}


def eigenvectors_called_all() -> Doc:
    return {**eigenvectors(), "complete": True}


def eigenvectors_without_the_constraint() -> Doc:
    return eigenvectors(constraints=[])


def a_cubic_without_a_minimum() -> Doc:
    tree = ["+", ["^", "x", "3"], ["*", "-3", "x"]]
    points = [at("-1", kind="local maximum"), at("1", kind="global minimum")]
    return report(tree, [roots(tree, [rational("-1"), rational("1")])], points)


def a_ditch_between_two_slopes() -> Doc:
    """x^2/2 - x^4/4 falls without end."""
    tree = ["+", ["*", "1/2", square("x")], ["*", "-1/4", ["^", "x", "4"]]]
    listed = [rational(v) for v in ("-1", "0", "1")]
    points = [at("-1", kind="local maximum"), at("0", kind="global minimum"), at("1", kind="local maximum")]
    return report(tree, [roots(tree, listed)], points)


def the_best_of_a_list_that_is_not_complete() -> Doc:
    """x^4/4 - x^3/3 - x^2 is least at 2."""
    tree = ["+", ["*", "1/4", ["^", "x", "4"]], ["*", "-1/3", ["^", "x", "3"]], ["*", "-1", square("x")]]
    return {**report(tree, [], [at("-1", kind="global minimum")]), "complete": False}


def the_worse_of_two_minima() -> Doc:
    """x^4/4 + x^3/3 - x^2 is -8/3 at -2, and -5/12 at 1."""
    tree = ["+", ["*", "1/4", ["^", "x", "4"]], ["*", "1/3", ["^", "x", "3"]], ["*", "-1", square("x")]]
    points = [at("1", kind="global minimum"), at("-2", kind="local minimum"), at("0", kind="local maximum")]
    return report(tree, [roots(tree, [rational("-2"), rational("0"), rational("1")])], points)


def the_worse_of_two_maxima() -> Doc:
    """x^2 - x^3/3 - x^4/4 is 8/3 at -2, and 5/12 at 1."""
    tree = ["+", square("x"), ["*", "-1/3", ["^", "x", "3"]], ["*", "-1/4", ["^", "x", "4"]]]
    points = [at("1", kind="global maximum"), at("-2", kind="local maximum"), at("0", kind="local minimum")]
    proof = roots(tree, [rational("-2"), rational("0"), rational("1")])
    return report(tree, [proof], points, problem={"sense": "max"})


def a_flat_minimum_called_the_greatest() -> Doc:
    """x^4 is least at 0, where its second derivative is 0, too."""
    return report(["^", "x", "4"], [roots(["^", "x", "4"], [rational("0")])], [at("0", kind="global maximum")])


CUBIC = ["+", ["^", "x", "3"], ["*", "-3", "x"]]


def a_point_listed_twice() -> Doc:
    """x^4/4 + x^3/3 - x^2 is least at -2, which is not listed."""
    tree = ["+", ["*", "1/4", ["^", "x", "4"]], ["*", "1/3", ["^", "x", "3"]], ["*", "-1", square("x")]]
    points = [at("0", kind="local maximum"), *(at("1", kind="global minimum") for _ in range(2))]
    return report(tree, [roots(tree, [rational("-2"), rational("0"), rational("1")])], points, minimiser="closed")


def a_condition_on_the_unknown() -> Doc:
    """x^3 - 3*x has no least value, whatever is said of x at the point."""
    points = [at("-1", kind="local maximum"), at("1", kind="global minimum", conditions=["x > 0"])]
    return report(CUBIC, [roots(CUBIC, [rational("-1"), rational("1")])], points, minimiser="closed")


def a_condition_that_is_false() -> Doc:
    return report(["*", "-1", square("x")], [], [at("0", kind="global minimum", conditions=["-1 > 0"])])


def bounded(assumption: str) -> Doc:
    """x^2 where something is assumed of x."""
    tree = square("x")
    problem = {"assumptions": [assumption]}
    points = [at("0", kind="global minimum")]
    return report(tree, [roots(tree, [rational("0")])], points, minimiser="closed", problem=problem)


def an_assumption_that_excludes_the_minimum() -> Doc:
    return bounded("x >= 1")


def an_assumption_in_words_about_the_unknown() -> Doc:
    return bounded("x is not zero")


def an_assumption_in_words_about_everything() -> Doc:
    return bounded("nothing is zero")


def a_half_integer_among_integers() -> Doc:
    tree, problem = square(["+", "x", "-1/2"]), {"assumptions": ["x is an integer"]}
    return report(tree, [], [{"exact": {"x": "1/2"}, "kind": "global minimum"}], minimiser="closed", problem=problem)


def a_word_for_matrices_about_a_number() -> Doc:
    return report(square("x"), [], [at("0", kind="global minimum")], problem={"domain": {"x": "orth"}})


def half_of_a_domain_by_an_assumption() -> Doc:
    """x^3 - 3*x where x > 0 has one critical point; the list has two."""
    points = [at("-1", kind="local maximum"), at("1", kind="local minimum")]
    proof = roots(CUBIC, [rational("-1"), rational("1")])
    return report(CUBIC, [proof], points, problem={"assumptions": ["x > 0"]})


def a_matrix_bound_by_an_assumption() -> Doc:
    tree = square(["norm", ["+", "a", ["*", "-1", "y"]]])
    shapes = {"a": ["k", "1"], "y": ["k", "1"]}
    stated = {"loss": tree, "unknowns": ["a"], "shapes": shapes, "properties": {}, "constraints": []}
    proof = certificate(stated, {"kind": "matrix_stationary", "formula": [["a", "y"]]}, {"tall": []})
    doc = about_matrices(tree, proof, shapes)
    return {**doc, "problem": {**doc["problem"], "assumptions": ["a >= 0"]}}


def eigenvectors_without_negative_entries() -> Doc:
    return eigenvectors("largest_eigenvectors(S, q)", "S sym", "W >= 0")


def eigenvectors_bound_in_words() -> Doc:
    return eigenvectors("largest_eigenvectors(S, q)", "S sym", "W has no negative entry")


def a_maximum_by_another_word() -> Doc:
    return report(square("x"), [roots(square("x"), [rational("0")])], [at("0", kind="global max")], minimiser="closed")


def a_sense_by_another_word() -> Doc:
    points, problem = [at("0", kind="global minimum")], {"sense": "maximum"}
    return report(square("x"), [roots(square("x"), [rational("0")])], points, minimiser="closed", problem=problem)


def numbers_beside_a_parameter() -> Doc:
    tree = ["+", square("x"), ["*", "-2", "a", "x"]]
    point = {"exact": {"x": "a"}, "kind": "local minimum", "numeric": {"x": "17"}, "radius": {"x": "0"}}
    return report(tree, [], [point], problem={"parameters": ["a"]})


def an_exponent_that_is_a_sum() -> Doc:
    """x^(2 + 1) has a value where x is negative, too, and x^(2 + 1) - 3*x no least one."""
    tree = ["+", ["^", "x", ["+", "2", "1"]], ["*", "-3", "x"]]
    return report(tree, [], [at("1", kind="global minimum")], minimiser="closed")


def beside(*function: str) -> Doc:
    """x^3 - 3*x with a function added and taken away that has values where x is negative, too."""
    tree = [*CUBIC, list(function), ["*", "-1", list(function)]]
    return report(tree, [], [at("1", kind="global minimum")], minimiser="closed")


def a_gamma_function() -> Doc:
    return beside("gamma", "x")


def a_digamma_function() -> Doc:
    return beside("digamma", "x")


def a_bessel_function() -> Doc:
    return beside("besseli", "0", "x")


def a_root_written_twice() -> Doc:
    """x^3/3 - a^2*x is critical at a and -a; sqrt(a^2) is a where a is positive."""
    tree = ["+", ["*", "1/3", ["^", "x", "3"]], ["*", "-1", square("a"), "x"]]
    return report(tree, [], [at("a"), at("sqrt(a^2)")], problem={"parameters": ["a"]})


def a_root_of_a_polynomial_written_twice() -> Doc:
    statement = {
        "equations": [["+", square("x"), ["*", "-1", square("a")]]],
        "unknowns": ["x"],
        "parameters": ["a"],
        "assumptions": [],
    }
    proofs = [
        certificate(statement, {"kind": "critical_point_formula", "point": {"x": v}, "conditions": []})
        for v in ("a", ["sqrt", square("a")])
    ]
    listed = [{"exact": "a"}, {"exact": "sqrt(a^2)"}]
    return {"polynomial": "x^2 - a^2", "unknown": "x", "roots": listed, "solvable": True, "certificates": proofs}


# -- a list without its points, words for other words, what nobody looks at -------------------------------------------


def a_count_of_points_that_are_not_shown() -> Doc:
    """e^x is strictly convex, and has no critical point."""
    return report(["exp", "x"], [], [{"kind": "unclassified"}], "undecided", counts={"real": 1})


def a_count_beside_a_point_on_the_edge() -> Doc:
    """(x - 1)^2 has one critical point."""
    points = [{"kind": "boundary minimum", "exact": {"x": "5"}}]
    return report(square(["+", "x", "-1"]), [], points, "undecided", counts={"real": 0})


E = "2.71828182845904523536028747135266249775724709369995"


def a_parameter_called_like_a_constant(**problem: Any) -> Doc:
    """(x - e)^2 is least at 2.718... for the constant e, and at e for a parameter."""
    numbers = {"numeric": {"x": E}, "radius": {"x": "1e-40"}}
    proof = certificate(
        {"loss": square(["+", "x", ["*", "-1", ["e"]]]), "unknowns": ["x"]},
        {"kind": "critical_points", "complete": True, "points": [numbers]},
        {"method": "newton", "precision": "300", "points": [{"box": {"x": "1e-10"}}], "complete": {"method": "convex"}},
    )
    tree = square(["+", "x", ["*", "-1", "e"]])
    return report(tree, [proof], [{**numbers, "kind": "unclassified"}], problem={"parameters": ["e"], **problem})


def a_constant_as_a_parameter() -> Doc:
    """The text reads the same."""
    return a_parameter_called_like_a_constant(tree=square(["+", "x", ["*", "-1", ["e"]]]))


def an_expression_in_another_unknown() -> Doc:
    """x = e, where e is an unknown, is no value: (x - 2.718...)^2 + e^2."""
    gap = ["+", "x", f"-{E.replace('.', '')}/1{'0' * (len(E) - 2)}"]
    return report(
        ["+", square(gap), square("e")],
        [],
        [
            {
                "exact": {"x": "e", "e": "0"},
                "numeric": {"x": E, "e": "0"},
                "radius": {"x": "1e-30", "e": "0"},
                "kind": "unclassified",
            }
        ],
        problem={"unknowns": ["x", "e"], "domain": {"x": "real", "e": "real"}},
    )


def no_formula_for_one_number(*assumptions: str) -> Doc:
    """x^5 - x - a = 0 has no formula, but x^5 - x = 0 has."""
    quintic = ["+", ["^", "x", "5"], ["*", "-1", "x"], ["*", "-1", "a"]]
    tree = ["+", ["*", "1/6", ["^", "x", "6"]], ["*", "-1/2", square("x")], ["*", "-1", "a", "x"]]
    claim = {"kind": "unsolvable_family", "polynomial": quintic, "unknown": "x", "parameters": ["a"]}
    proof = certificate({}, claim, {"at": {"a": "1"}, "proof": {"types": [{"prime": "2", "degrees": ["2", "3"]}]}})
    return report(tree, [proof], [], "not_closed", problem={"parameters": ["a"], "assumptions": list(assumptions)})


def no_formula_where_a_parameter_is_zero() -> Doc:
    return no_formula_for_one_number("a = 0")


def no_formula_between_two_bounds_that_meet() -> Doc:
    return no_formula_for_one_number("a >= 0", "a <= 0")


def no_formula_where_a_sign_is_zero() -> Doc:
    return no_formula_for_one_number("sign(a) > -1", "sign(a) < 1")


def no_formula_by_another_word() -> Doc:
    doc = cf.derive("x^6/6 - x^2/2 - x").to_dict()
    return {**doc, "verdict": {**doc["verdict"], "minimiser": "rational", "outcome": "open"}}


def a_degenerate_point_that_is_regular() -> Doc:
    return report(square("x"), [roots(square("x"), [rational("0")])], [at("0", kind="degenerate")])


def a_kind_of_two_words_too_many() -> Doc:
    return report(square("x"), [roots(square("x"), [rational("0")])], [at("0", kind="local global maximum")])


def numbers_for_one_unknown_more() -> Doc:
    numbers = {"numeric": {"x": "0", "y": "7"}, "radius": {"x": "0", "y": "0"}}
    return report(square("x"), [], [{"kind": "unclassified", **numbers}])


def a_loss_beside_equations() -> Doc:
    doc = cf.derive(equations=["x^2 - 1"], unknowns=["x"]).to_dict()
    return {**doc, "problem": {**doc["problem"], "loss": "x^17"}}


def an_unknown_that_is_a_parameter() -> Doc:
    return report(square("x"), [], [at("0")], problem={"parameters": ["x"]})


def a_name_that_is_nowhere_declared() -> Doc:
    return report(["*", "b", square("x")], [roots(square("x"), [rational("0")])], [at("0")])


def a_root_beside_the_roots() -> Doc:
    doc = cf.roots("x^5 - x - 1").to_dict()
    return {**doc, "roots": [*doc["roots"], {"exact": "17"}]}


def a_root_with_an_expression_that_nobody_reads() -> Doc:
    doc = cf.roots("x^2 - 2").to_dict()
    return {**doc, "roots": [{**r, "exact": "17"} for r in doc["roots"]]}


def a_factor_beside_the_factors() -> Doc:
    doc = cf.galois("x^2 - 2").to_dict()
    return {**doc, "factors": [*doc["factors"], "x - 17"]}


def the_factors_of_another_unknown() -> Doc:
    """(x^5 - x - 1)*(a - x) is not solvable in x."""
    factor = {"polynomial": "a - x", "degree": 1, "multiplicity": 1, "solvable": True, "certificate": None}
    return {"polynomial": "(x^5 - x - 1)*(a - x)", "unknown": "x", "solvable": True, "factors": [factor]}


def roots_beside_factors() -> Doc:
    return {**cf.galois("x^5 - 2").to_dict(), "roots": [{"exact": "17"}]}


def expressions_at_each_others_numbers() -> Doc:
    proofs = [
        certificate(
            {"equations": [["+", square("x"), "-2"]], "unknowns": ["x"], "parameters": [], "assumptions": []},
            {"kind": "critical_point_formula", "point": {"x": v}, "conditions": []},
        )
        for v in (["sqrt", "2"], ["*", "-1", ["sqrt", "2"]])
    ]
    doc = cf.radicals("x^2 - 2").to_dict()
    one, two = doc["roots"]
    listed = [{**one, "exact": two["exact"]}, {**two, "exact": one["exact"]}]
    return {**doc, "roots": listed, "certificates": proofs}


def a_root_of_a_family_in_numbers() -> Doc:
    doc = cf.radicals("x^2 - a").to_dict()
    return {**doc, "roots": [*doc["roots"], {"exact": None, "numeric": {"re": "17", "im": "0"}, "radius": "0"}]}


def complete_in_another_word() -> Doc:
    return {**report(square("x"), [], [at("0")]), "complete": 1}


def a_matrix_constant_that_is_a_number_of_the_data() -> Doc:
    """a = e*y for the number e of the data, and for the constant."""
    loss = ["^", ["norm", ["+", "a", ["*", "-1", ["e"], "y"]]], "2"]
    shapes: Doc = {"a": ["k", "1"], "y": ["k", "1"]}
    stated = {"loss": loss, "unknowns": ["a"], "shapes": shapes, "properties": {}, "constraints": []}
    claim = {"kind": "matrix_stationary", "formula": [["a", ["*", ["e"], "y"]]]}
    doc = about_matrices(loss, certificate(stated, claim, {"tall": []}), shapes)
    return {**doc, "problem": {**doc["problem"], "parameters": ["e", "y"]}}


def a_constraint_that_gives_the_answer() -> Doc:
    """No formula gives the logistic minimiser; under b = zeros(k) it is zero."""
    doc = cf.derive("logistic").to_dict()
    doc["problem"]["constraints"] = ["b = zeros(k)"]
    return doc


def a_witness_in_place_of_the_data() -> Doc:
    """With x = (1, 2, 3) and y = 1/2 the minimiser is b = 0; the witness has other labels."""
    row = [
        "+",
        ["log", ["+", "1", ["exp", ["*", ["@", "x", "i"], "b"]]]],
        ["*", "-1", ["@", "y", "i"], ["@", "x", "i"], "b"],
    ]
    given = {"unknowns": ["b"], "domain": {"b": "real"}, "columns": {"x": ["1", "2", "3"], "y": ["1/2"] * 3}}
    certificates = cf.derive("logistic").to_dict()["certificates"]
    doc = report(["sum", "i", "1", "3", row], certificates, [], "not_closed", problem=given, minimiser="not_closed")
    return {**doc, "complete": False, "witness": {"x": ["1", "2", "3"], "y": ["0", "1", "1"]}}


def a_root_under_a_condition_that_is_not_shown() -> Doc:
    """The root of x - a is sqrt(a^2) for a > 0 only."""
    root = ["^", square("a"), "1/2"]
    statement = {"equations": [["+", "x", ["*", "-1", "a"]]], "unknowns": ["x"], "parameters": ["a"], "assumptions": []}
    claim = {"kind": "critical_point_formula", "point": {"x": root}, "conditions": [[">", "a", "0"]]}
    doc = cf.radicals("x - a", unknown="x").to_dict()
    shown = {**doc["roots"][0], "exact": infix(read(root)), "conditions": []}
    return {**doc, "certificates": [certificate(statement, claim)], "roots": [shown]}


def an_equation_that_is_nothing_at_its_root() -> Doc:
    """(x^2 - 2)^2/(x^2 - 2) = 0 at sqrt(2) is 0/0."""
    below = ["+", square("x"), "-2"]
    equation = ["*", square(below), ["^", below, "-1"]]
    doc = report("0", [], [{"exact": {"x": "sqrt(2)"}, "kind": "unclassified"}])
    doc["problem"] |= {"tree": {"equations": [equation]}, "loss": None}
    return doc


def a_loss_that_is_defined_nowhere() -> Doc:
    """log(-1 - exp(x)) has no critical point as it has no value."""
    loss = ["log", ["+", "-1", ["*", "-1", ["exp", "x"]]]]
    return report(loss, [], [], "no_critical_point")


FALSE = [
    (complete_in_another_word, "complete"),
    (a_matrix_constant_that_is_a_number_of_the_data, "formula"),
    (a_count_of_points_that_are_not_shown, "complete"),
    (a_count_of_points_that_are_not_shown, "counts.real"),
    (a_count_beside_a_point_on_the_edge, "counts.real"),
    (a_parameter_called_like_a_constant, "problem"),
    (a_parameter_called_like_a_constant, "critical_points[0].numeric"),
    (a_constant_as_a_parameter, "critical_points[0].numeric"),
    (an_expression_in_another_unknown, "critical_points[0].exact"),
    (no_formula_where_a_parameter_is_zero, "verdict.outcome"),
    (no_formula_between_two_bounds_that_meet, "verdict.outcome"),
    (no_formula_where_a_sign_is_zero, "verdict.outcome"),
    (no_formula_by_another_word, "verdict.outcome"),
    (no_formula_by_another_word, "verdict.minimiser"),
    (a_degenerate_point_that_is_regular, "critical_points[0].kind"),
    (a_kind_of_two_words_too_many, "critical_points[0].kind"),
    (numbers_for_one_unknown_more, "critical_points[0].numeric"),
    (a_loss_beside_equations, "problem"),
    (an_unknown_that_is_a_parameter, "critical_points[0].numeric"),
    (a_name_that_is_nowhere_declared, "critical_points[0].exact"),
    (a_root_beside_the_roots, "roots"),
    (a_root_with_an_expression_that_nobody_reads, "roots"),
    (a_factor_beside_the_factors, "factors"),
    (the_factors_of_another_unknown, "factors"),
    (the_factors_of_another_unknown, "solvable"),
    (roots_beside_factors, "solvable"),
    (expressions_at_each_others_numbers, "roots[0].exact"),
    (expressions_at_each_others_numbers, "solvable"),
    (a_root_of_a_family_in_numbers, "roots"),
    (an_exponent_that_is_a_sum, "critical_points[0].kind"),
    (an_exponent_that_is_a_sum, "complete"),
    (a_gamma_function, "critical_points[0].kind"),
    (a_gamma_function, "complete"),
    (a_digamma_function, "critical_points[0].kind"),
    (a_bessel_function, "critical_points[0].kind"),
    (a_bessel_function, "complete"),
    (a_root_written_twice, "complete"),
    (a_root_written_twice, "verdict.outcome"),
    (a_root_of_a_polynomial_written_twice, "roots"),
    (a_root_of_a_polynomial_written_twice, "solvable"),
    (a_point_listed_twice, "complete"),
    (a_point_listed_twice, "critical_points[1].kind"),
    (a_point_listed_twice, "verdict.minimiser"),
    (a_condition_on_the_unknown, "critical_points[1].kind"),
    (a_condition_on_the_unknown, "verdict.minimiser"),
    (a_condition_that_is_false, "critical_points[0].kind"),
    (an_assumption_that_excludes_the_minimum, "critical_points[0].kind"),
    (an_assumption_that_excludes_the_minimum, "verdict.minimiser"),
    (an_assumption_that_excludes_the_minimum, "verdict.outcome"),
    (an_assumption_in_words_about_the_unknown, "critical_points[0].kind"),
    (an_assumption_in_words_about_the_unknown, "verdict.outcome"),
    (an_assumption_in_words_about_everything, "critical_points[0].kind"),
    (a_half_integer_among_integers, "critical_points[0].kind"),
    (a_half_integer_among_integers, "verdict.minimiser"),
    (a_word_for_matrices_about_a_number, "critical_points[0].kind"),
    (half_of_a_domain_by_an_assumption, "complete"),
    (half_of_a_domain_by_an_assumption, "verdict.outcome"),
    (a_matrix_bound_by_an_assumption, "formula"),
    (a_matrix_bound_by_an_assumption, "verdict.minimiser"),
    (eigenvectors_without_negative_entries, "formula"),
    (eigenvectors_without_negative_entries, "verdict.minimiser"),
    (eigenvectors_bound_in_words, "formula"),
    (eigenvectors_bound_in_words, "verdict.minimiser"),
    (a_maximum_by_another_word, "critical_points[0].kind"),
    (a_maximum_by_another_word, "verdict.minimiser"),
    (a_sense_by_another_word, "problem"),
    (a_sense_by_another_word, "critical_points[0].kind"),
    (numbers_beside_a_parameter, "critical_points[0].numeric"),
    (a_point_beside_the_median, "critical_points[0].exact"),
    (a_point_beside_the_median, "critical_points[0].kind"),
    (one_of_many_medians, "complete"),
    (an_end_of_the_medians, "complete"),
    (an_end_of_the_medians, "verdict.outcome"),
    (a_peak, "critical_points[0].exact"),
    (a_peak, "critical_points[0].kind"),
    (a_kink_beside_a_well, "critical_points[0].kind"),
    (a_median_outside_the_domain, "critical_points[0].kind"),
    (a_formula_for_orthogonal_data, "problem"),
    (a_formula_for_orthogonal_data, "formula"),
    (a_formula_for_one_row, "formula"),
    (a_formula_for_one_row, "verdict.outcome"),
    (a_sum_of_two_unknowns, "complete"),
    (a_sum_of_two_unknowns, "verdict.outcome"),
    (a_quartic_in_two_factors, "complete"),
    (a_quartic_in_two_factors, "verdict.minimiser"),
    (a_hill_in_a_ditch, "complete"),
    (a_hill_in_a_ditch, "verdict.minimiser"),
    (a_saddle_called_the_minimum, "verdict.minimiser"),
    (two_diagonals_around_a_matrix, "verdict.minimiser"),
    (a_weight_that_vanishes_at_one_size, "complete"),
    (a_weight_that_vanishes_at_one_size, "verdict.outcome"),
    (a_weight_that_vanishes_far_out, "complete"),
    (a_metric_that_is_singular_at_one_size, "complete"),
    (one_of_two_wells, "complete"),
    (one_of_two_wells, "verdict.outcome"),
    (an_eliminant_on_half_the_line, "complete"),
    (an_eliminant_on_half_the_line, "verdict.outcome"),
    (a_minimum_where_the_loss_is_not_defined, "critical_points[0].kind"),
    (a_loss_whose_logarithm_counts_for_nothing, "problem"),
    (a_loss_whose_logarithm_counts_for_nothing, "complete"),
    (a_minimum_on_the_edge, "verdict.outcome"),
    (a_minimum_on_the_edge_of_a_root, "verdict.outcome"),
    (an_assumption_that_the_document_does_not_make, "critical_points[0].exact"),
    (an_assumption_that_the_document_does_not_make, "critical_points[0].kind"),
    (a_condition_that_is_another, "critical_points[0].exact"),
    (a_family_listed_for_one_sign, "complete"),
    (a_family_listed_under_a_condition_that_never_holds, "critical_points[0].exact"),
    (one_root_of_three, "complete"),
    (one_root_where_the_data_may_cancel, "complete"),
    (a_minimum_outside_the_domain, "critical_points[0].exact"),
    (a_minimum_outside_the_domain, "critical_points[0].kind"),
    (a_constraint_that_is_not_obeyed, "critical_points[0].kind"),
    (a_constraint_that_is_not_obeyed, "complete"),
    (partly_closed_where_all_is_closed, "verdict.outcome"),
    (solvable_by_a_list_of_roots, "factors[0].solvable"),
    (solvable_by_no_root_at_all, "factors[0].solvable"),
    (a_family_without_roots_in_radicals, "solvable"),
    (a_family_with_one_root_of_six, "solvable"),
    (one_root_listed_for_two, "roots"),
    (one_root_listed_for_two, "solvable"),
    (a_proof_about_the_other_factor, "factors[0].solvable"),
    (a_formula_under_a_constraint, "formula"),
    (a_formula_under_a_constraint, "verdict.minimiser"),
    (a_family_by_the_wrong_name, "solvable"),
    (two_kinds_at_once, "critical_points[0].kind"),
    (a_lower_limit_far_out, "critical_points[0].kind"),
    (a_lower_end_of_an_interval, "critical_points[1].kind"),
    (a_higher_end_of_an_interval, "critical_points[0].kind"),
    (an_unsolvable_factor_of_a_family, "verdict.outcome"),
    (a_wave_that_bends_the_loss, "complete"),
    (a_wave_that_bends_the_loss, "critical_points[0].kind"),
    (convex_for_one_sign_of_a_parameter, "critical_points[0].kind"),
    (a_minimiser_where_a_parameter_is_positive, "verdict.minimiser"),
    (data_of_a_certificate_for_a_parameter, "critical_points[0].exact"),
    (data_of_a_certificate_for_a_parameter, "complete"),
    (data_of_a_certificate_for_a_parameter, "verdict.outcome"),
    (data_for_a_parameter, "critical_points[0].exact"),
    (data_for_a_parameter, "complete"),
    (data_for_a_parameter, "verdict.outcome"),
    (convex_by_a_parameter_that_bears_the_name_of_an_index, "critical_points[0].kind"),
    (affine_with_a_determinant_that_is_always_zero, "complete"),
    (a_derivative_with_the_wrong_side_of_a_kink, "gradient by x"),
    (weights_of_either_sign, "verdict.minimiser"),
    (the_farthest_point_of_a_sphere, "verdict.minimiser"),
    (the_farthest_point_of_a_sphere, "complete"),
    (a_constraint_of_the_document_alone, "formula"),
    (a_constraint_that_is_an_inequality, "formula"),
    (a_constraint_with_another_side, "formula"),
    (a_stationary_symmetric_matrix, "verdict.minimiser"),
    (a_stationary_symmetric_matrix, "complete"),
    (a_symmetric_unknown_of_the_certificate_alone, "formula"),
    (many_minimisers_where_a_matrix_is_singular, "complete"),
    (many_minimisers_where_a_matrix_is_singular, "verdict.outcome"),
    (a_definition_that_is_another, "formula"),
    (eigenvectors_from_the_other_end, "formula"),
    (eigenvectors_of_a_matrix_that_is_not_symmetric, "formula"),
    (too_few_eigenvectors, "formula"),
    (eigenvectors_in_no_metric, "formula"),
    (eigenvectors_in_the_wrong_metric, "formula"),
    (eigenvectors_called_no_formula, "verdict.outcome"),
    (eigenvectors_called_no_formula, "verdict.minimiser"),
    (eigenvectors_called_all, "complete"),
    (eigenvectors_without_the_constraint, "formula"),
    (a_cubic_without_a_minimum, "critical_points[1].kind"),
    (a_ditch_between_two_slopes, "critical_points[1].kind"),
    (the_best_of_a_list_that_is_not_complete, "critical_points[0].kind"),
    (the_worse_of_two_minima, "critical_points[0].kind"),
    (the_worse_of_two_maxima, "critical_points[0].kind"),
    (a_flat_minimum_called_the_greatest, "critical_points[0].kind"),
    (a_constraint_that_gives_the_answer, "verdict.outcome"),
    (a_constraint_that_gives_the_answer, "verdict.minimiser"),
    (a_witness_in_place_of_the_data, "verdict.outcome"),
    (a_witness_in_place_of_the_data, "verdict.minimiser"),
    (a_root_under_a_condition_that_is_not_shown, "roots[0].exact"),
    (a_root_under_a_condition_that_is_not_shown, "roots"),
    (a_root_under_a_condition_that_is_not_shown, "solvable"),
    (an_equation_that_is_nothing_at_its_root, "critical_points[0].exact"),
    (a_loss_that_is_defined_nowhere, "complete"),
    (a_loss_that_is_defined_nowhere, "verdict.outcome"),
]


@pytest.mark.parametrize(("false", "place"), FALSE, ids=lambda v: v if isinstance(v, str) else v.__name__)
def test_a_false_headline_is_not_covered(false: Any, place: str) -> None:
    assert words(false()).get(place) != COVERED


NEAR = ["^", ["norm", ["+", "a", ["*", "-1", "y"]]], "2"]  # least at a = y
COLUMN: Doc = {"a": ["k", "1"], "y": ["k", "1"]}
TALL: Doc = {**COLUMN, "X": ["n", "k"]}
GRAM, OUTER = ["det", ["*", ["transpose", "X"], "X"]], ["det", ["*", "X", ["transpose", "X"]]]


def _gaps(*sizes: int) -> Any:
    return ["*", *[["+", "k", str(-j)] for j in sizes]]


# A number that is zero at some sizes or data only, the shapes and properties, and the sizes that the forger would try.
NOT_ZERO: dict[str, tuple[Any, Doc, Doc, Any]] = {
    "at size one": (["det", ["ones", "k", "k"]], COLUMN, {}, []),
    "past five sizes": (["+", ["tr", ["eye", ["+", _gaps(2, 3, 4, 5, 6), "1"]]], "-1"], COLUMN, {}, []),
    "at odd sizes": (["*", ["+", ["det", ["*", "-1", ["eye", "k"]]], "-1"], _gaps(3, 5)], COLUMN, {}, []),
    "past a number of columns": (["det", ["*", ["transpose", "X"], "X"]], {**COLUMN, "X": ["k", "9"]}, {}, []),
    "past a product": (["det", ["*", ["transpose", "X"], "X"]], {**COLUMN, "X": ["k", ["*", "3", "3"]]}, {}, []),
    "for n <= k": (OUTER, TALL, {}, [["n", "k"]]),
    "for n >= k": (GRAM, TALL, {}, []),
    "for n = k": (["*", GRAM, OUTER, _gaps(1, 2, 3)], TALL, {}, [["n", "k"]]),
    "for a reflection": (["+", ["det", "Q"], "-1"], {**COLUMN, "Q": ["k", "k"]}, {"Q": ["orth"]}, []),
}


@pytest.mark.parametrize("where", NOT_ZERO)
def test_a_formula_that_is_wrong_somewhere_has_no_certificate(where: str) -> None:
    """||a - y||^2 + c*y'*a is stationary at y where c = 0 only."""
    number, shapes, properties, tall = NOT_ZERO[where]
    loss = ["+", NEAR, ["*", number, ["transpose", "y"], "a"]]
    statement = {"loss": loss, "unknowns": ["a"], "shapes": shapes, "properties": properties, "constraints": []}
    with pytest.raises(Refused):
        certificate(statement, {"kind": "matrix_stationary", "formula": [["a", "y"]]}, {"tall": tall})


def test_an_identity_has_one_size() -> None:
    """eye(k, n) is no identity, though n times n entries of one were once read."""
    with pytest.raises(Refused, match="eye with 2 arguments"):
        stationary(
            ["^", ["norm", ["+", "T", ["*", "-1", ["eye", "k", "n"]]]], "2"],
            [["T", ["eye", "k"]]],
            {"T": ["k", "k"], "z": ["n", "k"]},
        )


def test_a_size_has_no_shape() -> None:
    loss, shapes = (
        ["^", ["norm", ["+", "T", ["*", "-1", "k"]]], "2"],
        {"T": ["n", "n"], "k": ["n", "n"], "z": ["k", "1"]},
    )
    with pytest.raises(Refused, match="a size has a shape"):
        stationary(loss, [["T", "k"]], shapes, properties={"T": ["psd"], "k": ["sym"]})


def test_a_document_writes_no_line_of_the_answer() -> None:
    """A line break or a turn of direction in a text of the document is printed as a question mark."""
    doc = report(square("x"), [], [at("0")], "closed\ncovered everything \u202e")
    assert "\ncovered everything" not in str(cf.verify({**doc, "seal": seal(doc)}))
    assert "closed?covered everything ?" in str(cf.verify({**doc, "seal": seal(doc)}))


def test_what_no_rule_reads_is_named() -> None:
    doc = {**report(square("x"), [], [at("0")]), "certified by": "nobody"}
    rest = next(f for f in check_document({**doc, "seal": seal(doc)}) if f.place == "the rest")
    assert "certified by" in rest.sentence


def test_a_family_over_an_open_set_has_no_formula() -> None:
    assert words(no_formula_for_one_number("a > 0", "a != 5"))["verdict.outcome"] == COVERED


def test_what_is_two_things_at_once_is_refused() -> None:
    assert words(two_kinds_at_once())["headlines"] == REFUSED


# -- true ones beside them: the checks above do not refuse everything -------------------------------------------------


def both_signs() -> Doc:
    proof = formula(LINE, AT_VERTEX, [], [["!=", "a", "0"]], ("a", "b"))
    points = [
        at("-b/(2*a)", conditions=["a > 0"], kind="global minimum", inertia=[1, 0, 0], loss="-b^2/(4*a)"),
        at("-b/(2*a)", conditions=["a < 0"], kind="global maximum", inertia=[0, 1, 0], loss="-b^2/(4*a)"),
    ]
    return report(LINE, [proof], points, minimiser="closed", problem={"parameters": ["a", "b"]})


def one_case_or_the_other() -> Doc:
    """(x - a)^2 is least at a, whatever the sign of a."""
    tree = square(["+", "x", ["*", "-1", "a"]])
    points = [at("a", conditions=[c], kind="global minimum", inertia=[1, 0, 0]) for c in ("a > 0", "a <= 0")]
    proof = formula(tree, "a", [], [], ("a",))
    return report(tree, [proof], points, minimiser="closed", problem={"parameters": ["a"]})


def with_its_assumption() -> Doc:
    doc = an_assumption_that_the_document_does_not_make()
    verdict = {**doc["verdict"], "minimiser": "closed"}
    return {**doc, "problem": {**doc["problem"], "assumptions": ["a > 0"]}, "verdict": verdict}


def all_three_roots() -> Doc:
    doc = one_root_of_three()
    tree = doc["problem"]["tree"]
    root = ["sqrt", "a"]
    more = [formula(tree, p, [], [], ("a",)) for p in (root, ["*", "-1", root])]
    points = [at("0"), at("sqrt(a)"), at("-sqrt(a)")]
    return {**doc, "critical_points": points, "certificates": [*doc["certificates"], *more]}


def the_median() -> Doc:
    return report(distances("1", "3", "7"), [], [at("3", kind="global minimum", loss="6")], minimiser="closed")


def of_positive_definite_matrices() -> Doc:
    return a_stationary_symmetric_matrix("spd")


TRUE = [
    eigenvectors,
    of_positive_definite_matrices,
    the_median,
    both_signs,
    one_case_or_the_other,
    with_its_assumption,
    all_three_roots,
]


@pytest.mark.parametrize("true", TRUE, ids=lambda v: v.__name__)
def test_every_headline_of_a_true_one_is_covered(true: Any) -> None:
    doc = copy.deepcopy(true())
    findings = check_document({**doc, "seal": seal(doc)})
    assert [(f.place, f.sentence) for f in findings if f.headline and f.word != COVERED] == []


def test_a_loss_of_zero_needs_squares_that_vanish() -> None:
    """Himmelblau's four minima are 0; nearly 0, or squares plus 1, is not."""
    honest = cf.derive("(x^2 + y - 11)^2 + (x + y^2 - 7)^2").to_dict()
    first = "critical_points[0].loss"
    assert honest["critical_points"][0]["loss"] == "0"
    assert words(honest)[first] == COVERED
    for stated in ("10^(-40)", "1", "-10^(-40)"):
        forged = copy.deepcopy(honest)
        forged["critical_points"][0]["loss"] = stated
        assert words(forged)[first] != COVERED
    forged = copy.deepcopy(honest)
    forged["critical_points"][1]["loss"] = "0"  # a saddle, at 104
    assert words(forged)["critical_points[1].loss"] == REFUSED


def test_a_minimiser_that_is_not_always_there_is_said_to_be_so() -> None:
    """a*x^2 + b*x has none where a < 0; (x - a)^2 always has one."""
    for true, said in ((both_signs, "closed, wherever there is one"), (one_case_or_the_other, "closed")):
        found = check_document({**true(), "seal": seal(true())})
        assert [f.sentence for f in found if f.place == "verdict.minimiser"] == [said]
