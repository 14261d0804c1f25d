"""What stands at the top of a document: covered by certificates, sealed only, or refused when it contradicts them."""

from __future__ import annotations

import copy
import json
from functools import cache
from typing import Any

import pytest
from flint import fmpq

import closedform as cf
from closedform.kernel import Certificate, check_certificate, check_document
from closedform.kernel.algebra.exponentials import Field
from closedform.kernel.algebra.matrices import HEADS
from closedform.kernel.claims.matrices import Claim
from closedform.kernel.document import seal
from closedform.kernel.expressions.infix import infix
from closedform.kernel.expressions.tree import read
from closedform.kernel.headlines.attained import _limits
from closedform.kernel.headlines.matrices.convexity import KnownLetters, convex
from closedform.kernel.headlines.text import parse
from closedform.kernel.reading import Refused
from closedform.kernel.ruling import COVERED, REFUSED, SEALED

SHAPES = {"X": "n,k", "y": "n", "a": "k"}
ASKED: dict[str, Any] = {
    "valleys": lambda: cf.derive("x^4 - x^2"),
    "hill": lambda: cf.derive("maximize 5*x - x^2"),
    "quintic": lambda: cf.derive("x^6/6 - x^2/2 - x"),
    "parabola": lambda: cf.derive("(x-a)^2*b + x*c", unknowns=["x"]),
    "logistic": lambda: cf.derive(
        "logistic", data={"x": [1, 2, 3], "y": [0, 1, 1]}, target="y", intercept=False, timeout=30
    ),
    "column and coefficient x": lambda: cf.derive(
        "logistic", data={"x": [0, 0, 1, 1, 1], "y": [0, 1, 0, 1, 1]}, target="y", timeout=30
    ),
    "neuron": lambda: cf.derive("nn", data={"x": [1, 2, 3], "y": [0, 1, 0]}, target="y", timeout=30),
    "line": lambda: cf.derive("ols", data={"x": [1, 2, 3, 4], "y": [2, 3, 5, 4]}, target="y", intercept=True),
    "ols": lambda: cf.derive("ols"),
    "ridge": lambda: cf.derive("||X*a - y||^2 + lam*||a||^2", unknowns=["a"], shapes=SHAPES, assumptions=["lam>0"]),
    "multivariate": lambda: cf.derive("||X*A - Y||^2", unknowns=["A"], shapes={"X": "n,k", "A": "k,q", "Y": "n,q"}),
    "wide": lambda: cf.derive("nn", data={"x": [1, 2], "y": [0, 1]}, target="y", hidden=3, bias=True, timeout=30),
    "nested": lambda: cf.derive("x^6/6 - x^2/2 + x^3"),
    "waves": lambda: cf.derive("x^2 + 10 - 10*cos(2*pi*x)", box={"x": (-1, 1)}),
    "mean": lambda: cf.derive("sum(i, 1, n, (x[i] - m)^2)", unknowns=["m"]),
    "poisson": lambda: cf.derive("sum(i, 1, n, lam - x[i]*log(lam))", unknowns=["lam"]),
    "any logistic": lambda: cf.derive("logistic"),
    "quadratic": lambda: cf.derive("a*x^2 + b*x + c", unknowns=["x"]),
    "tie": lambda: cf.derive("x^6/6 - x^2"),  # least twice, at an irrational value
    "all but a tie": lambda: cf.derive("x^6/6 - x^2 + x/10^40"),
    "barrier": lambda: cf.derive("x - log(x)"),
    "equations": lambda: cf.derive(equations=["x^2 + y - 1", "x - y^2"], unknowns=["x", "y"]),
    "galois": lambda: cf.galois("(x^5 - x - 1)*(x^2 - 2)^2"),
    "solvable": lambda: cf.galois("x^5 - 2"),
    "radicals": lambda: cf.radicals("x^5 - 2"),
    "roots": lambda: cf.roots("x^5 - x - 1"),
}


@cache
def written(name: str) -> str:
    return ASKED[name]().to_json()


def document(name: str) -> dict[str, Any]:
    return json.loads(written(name))


def words(doc: dict[str, Any]) -> dict[str, str]:
    findings = check_document({**doc, "seal": seal(doc)})
    return {f.place: f.word for f in sorted(findings, key=lambda f: f.word == REFUSED)}


def put(doc: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    out = copy.deepcopy(doc)
    place: Any = out
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return out


@pytest.mark.parametrize("name", ASKED)
def test_nothing_true_is_refused(name: str) -> None:
    assert REFUSED not in words(document(name)).values()


WHOLE = [
    "valleys",
    "quintic",
    "logistic",
    "line",
    "hill",
    "ols",
    "ridge",
    "multivariate",
    "mean",
    "poisson",
    "any logistic",
    "quadratic",
    "barrier",
    "wide",
    "nested",
    "tie",
]


@pytest.mark.parametrize("name", WHOLE)
def test_every_headline_is_covered(name: str) -> None:
    findings = check_document(document(name))
    assert [f.place for f in findings if f.headline and f.word == SEALED] == []
    assert sum(f.word == COVERED for f in findings) >= 4


FIRST = ("critical_points", 0)
FORGED: list[tuple[str, tuple[Any, ...], Any, str]] = [
    ("valleys", ("problem", "loss"), "x^6 + sin(x)", "problem"),
    ("valleys", ("problem", "tree"), ["^", "x", "6"], "problem"),
    ("valleys", ("stationarity", "gradient", "x"), "4*x^3 + 2*x", "gradient by x"),
    ("valleys", ("verdict", "outcome"), "not_closed", "verdict.outcome"),
    ("valleys", ("verdict", "outcome"), "no_critical_point", "verdict.outcome"),
    ("valleys", ("verdict", "minimiser"), "not_closed", "verdict.minimiser"),
    ("valleys", ("verdict", "statements", 0, "certificate"), 7, "verdict.statements[0]"),
    ("valleys", (*FIRST, "exact", "x"), "-sqrt(3)/2", "critical_points[0].exact"),
    ("valleys", (*FIRST, "exact", "x"), "-7071067811865475244/10000000000000000000", "critical_points[0].exact"),
    ("valleys", (*FIRST, "numeric", "x"), "-0.8", "critical_points"),
    ("valleys", (*FIRST, "radius"), None, "critical_points"),
    ("valleys", (*FIRST, "kind"), "saddle", "critical_points[0].kind"),
    ("valleys", (*FIRST, "inertia"), [0, 1, 0], "critical_points[0].inertia"),
    ("valleys", (*FIRST, "loss"), "-5", "critical_points[0].loss"),
    ("valleys", (*FIRST, "loss"), "-0.2500000000000000003", "critical_points[0].loss"),
    ("valleys", ("critical_points", 1, "kind"), "global minimum", "critical_points[1].kind"),
    ("valleys", ("critical_points", 1, "kind"), "local minimum", "critical_points[1].kind"),
    ("valleys", ("critical_points",), [], "critical_points"),
    ("valleys", ("counts", "complex"), 5, "counts.complex"),
    ("valleys", ("counts", "real"), 17, "counts.real"),
    ("hill", (*FIRST, "kind"), "global minimum", "critical_points[0].kind"),
    ("hill", (*FIRST, "loss"), "-25/4", "critical_points[0].loss"),
    ("quintic", ("verdict", "outcome"), "closed", "verdict.outcome"),
    ("quintic", (*FIRST, "loss"), "-1.4269528411061604448", "critical_points[0].loss"),
    ("parabola", (*FIRST, "exact", "x"), "a + c", "critical_points[0].exact"),
    ("parabola", (*FIRST, "loss"), "a", "critical_points[0].loss"),
    ("logistic", (*FIRST, "numeric", "x"), "0.9", "critical_points[0].numeric"),
    ("logistic", ("critical_points",), [], "complete"),
    ("neuron", ("critical_points", 1, "kind"), "local minimum", "critical_points[1].kind"),
    ("neuron", ("verdict", "outcome"), "closed", "verdict.outcome"),
    ("solvable", ("solvable",), None, "solvable"),
    ("line", ("certificates", 0, "statement", "columns", "y", 0), "3", "certificates[0]"),
    ("ols", ("formula", "unknown", "a"), "inv(X'*X + eye(k))*X'*y", "formula"),
    ("ols", ("stationarity", "gradient", "a"), "2*X'*(X*a + y)", "gradient by a"),
    ("ols", ("stationarity", "gradient", "a"), "X'*(X*a - y)", "gradient by a"),
    ("ols", ("stationarity", "gradient", "a"), "(2*X'*(X*a - y))'", "gradient by a"),
    ("nested", (*FIRST, "exact", "x"), "sqrt(2)/2 - 9/4", "critical_points[0].exact"),
    ("wide", (*FIRST, "loss"), "1/100", "critical_points[0].loss"),
    ("quadratic", (*FIRST, "inertia"), [0, 1, 0], "critical_points[0].inertia"),
    ("quadratic", (*FIRST, "kind"), "local maximum", "critical_points[0].kind"),
    ("quadratic", (*FIRST, "kind"), "global maximum", "critical_points[0].kind"),
    ("galois", ("polynomial",), "x^5 - 2", "polynomial"),
    ("galois", ("factors", 0, "multiplicity"), 2, "factors"),
    ("galois", ("factors", 0, "degree"), 6, "factors"),
    ("galois", ("solvable",), True, "solvable"),
    ("radicals", ("polynomial",), "x^5 - x - 1", "polynomial"),
    ("radicals", ("solvable",), False, "solvable"),
    ("radicals", ("roots", 0, "radius"), "1e-60", "roots"),
    ("roots", ("polynomial",), "x^5 - x - 2", "polynomial"),
    ("roots", ("roots", 0, "real"), None, "roots"),
]


@pytest.mark.parametrize(("name", "path", "value", "place"), FORGED)
def test_a_false_headline_under_a_new_seal_is_refused(name: str, path: Any, value: Any, place: str) -> None:
    doc = document(name)
    assert words(put(doc, path, value))[place] == REFUSED, doc


@pytest.mark.parametrize(
    ("name", "path", "value", "place"),
    [
        ("valleys", ("verdict", "statements", 0, "text"), "x^4 - x^2 has 17 minima", "verdict.statements[0]"),
        ("ols", ("verdict", "outcome"), "partly_closed", "verdict.outcome"),
        ("ols", ("problem", "shapes", "a"), ["n", "1"], "formula"),
        ("ols", ("problem", "shapes", "y"), ["n", "2"], "formula"),
        ("ridge", ("problem", "assumptions"), [], "verdict.minimiser"),
        ("ridge", ("problem", "assumptions"), ["lam > -1"], "verdict.minimiser"),
        ("any logistic", ("stationarity", "gradient", "b"), "X'*(tanh(X*b) - y)", "gradient by b"),
        ("any logistic", ("witness", "y"), ["0", "1", "0"], "verdict.outcome"),
        ("any logistic", ("witness", "X"), ["1", "2"], "verdict.outcome"),
        ("any logistic", ("witness", "n"), ["2"], "verdict.outcome"),
        ("any logistic", ("witness",), None, "verdict.outcome"),
        ("any logistic", ("problem", "assumptions"), ["n > 3"], "verdict.outcome"),
        ("any logistic", ("problem", "domain", "b"), "b > 0", "verdict.outcome"),
        ("any logistic", ("problem", "assumptions"), ["y integer"], "verdict.outcome"),
        ("any logistic", ("problem", "assumptions"), ["X orth"], "verdict.outcome"),
        ("ols", ("problem", "domain", "a"), "a > 1", "complete"),
        ("ols", ("problem", "constraints"), ["a = ones(k)"], "verdict.minimiser"),
        ("quadratic", ("counts", "real"), 2, "counts.real"),
        ("all but a tie", ("critical_points", 2, "kind"), "global minimum", "critical_points[2].kind"),
        ("quadratic", (*FIRST, "conditions"), [], "critical_points[0].exact"),
        ("poisson", (*FIRST, "conditions"), [], "critical_points[0].exact"),
        ("poisson", (*FIRST, "conditions"), ["sum(i, 1, n, x[i]) > 0", "n > 7"], "complete"),
        ("valleys", ("stationarity", "gradient"), {"z": "0"}, "gradient by z"),
        ("galois", ("factors", 0, "group"), "A5", "factors[0].group"),
        ("radicals", ("roots", 0, "exact"), "cos(1)", "roots[0].exact"),
        ("radicals", ("roots", 0, "exact"), "cos(1)", "solvable"),
    ],
)
def test_what_nothing_proves_is_named_as_sealed_only(name: str, path: Any, value: Any, place: str) -> None:
    assert words(put(document(name), path, value))[place] == SEALED


def test_waves_are_bounded_by_their_heights() -> None:
    """Rastrigin's function in one unknown; x^2/100 + cos(x) is 1 at 0 and less beside it."""
    words_of = {p["exact"]["x"]: i for i, p in enumerate(document("waves")["critical_points"]) if p["exact"]}
    assert words(document("waves"))[f"critical_points[{words_of['0']}].kind"] == COVERED
    hill = {"exact": {"x": "0"}, "numeric": {"x": "0"}, "radius": {"x": "0"}, "kind": "global minimum"}
    tree = ["+", ["*", "1/100", ["^", "x", "2"]], ["cos", "x"]]
    problem = {**document("valleys")["problem"], "tree": tree, "loss": infix(read(tree))}
    doc = {**document("valleys"), "problem": problem, "critical_points": [hill], "certificates": []}
    assert words(doc)["critical_points[0].kind"] == REFUSED


@pytest.mark.parametrize(
    ("rest", "word"),
    [
        (["^", "y", "2"], COVERED),
        (["+", ["^", "y", "4"], ["*", "-1", ["^", "y", "2"]]], SEALED),  # there are two more critical points
    ],
)
def test_a_root_of_an_eliminant_is_one_point_where_the_loss_is_convex_in_the_rest(rest: Any, word: str) -> None:
    """(e^x - 1)^2 and a loss in y: every critical point has t = 1."""
    tree = ["+", ["^", ["+", ["exp", "x"], "-1"], "2"], rest]
    claim = {"names": ["y"], "polynomial": [["1", ["1", "0"]], ["-1", ["0", "0"]]]}
    evidence = {"cofactors": [[["1", ["0", "0"]]], []], "nonvanishing": [[["2", ["1", "0"]]]]}
    found = words(with_eliminant(tree, claim, evidence, [{"x": "0", "y": "0"}]))
    assert found["complete"] == word
    assert found["verdict.outcome"] == word


@pytest.mark.parametrize(
    ("points", "word"), [(["0", "log(2)"], COVERED), (["0", "0"], SEALED), (["log(2)"], REFUSED), (["0", "1"], SEALED)]
)
def test_an_eliminant_counts_different_points(points: list[str], word: str) -> None:
    """e^(2x)/2 - 3e^x + 2x has the derivative (t - 1)(t - 2)."""
    tree = ["+", ["*", "1/2", ["exp", ["*", "2", "x"]]], ["*", "-3", ["exp", "x"]], ["*", "2", "x"]]
    roots = [["9/10", "11/10"], ["19/10", "21/10"]]
    claim = {"names": [], "polynomial": [["1", ["2"]], ["-3", ["1"]], ["2", ["0"]]], "roots": roots}
    evidence = {"cofactors": [[["1", ["0"]]]], "nonvanishing": []}
    assert words(with_eliminant(tree, claim, evidence, [{"x": x} for x in points]))["complete"] == word


def with_eliminant(tree: Any, claim: Any, evidence: Any, points: list[dict[str, str]]) -> dict[str, Any]:
    """A report about a loss with t = exp(x), whose list of points is called complete."""
    substitution = [{"form": ["x"], "name": "t", "scale": "1"}]
    unknowns = list(points[0])
    proof = Certificate(
        {"loss": tree, "unknowns": unknowns},
        {"kind": "exponential_eliminant", "substitution": substitution, **claim},
        evidence,
    )
    assert check_certificate(proof)
    return {
        "problem": {
            "loss": infix(read(tree)),
            "tree": tree,
            "sense": "min",
            "unknowns": unknowns,
            "parameters": [],
            "domain": dict.fromkeys(unknowns, "real"),
        },
        "stationarity": {"gradient": {}},
        "verdict": {"outcome": "closed", "statements": []},
        "critical_points": [{"exact": p, "kind": "unclassified"} for p in points],
        "complete": True,
        "counts": {},
        "certificates": [proof.to_dict()],
    }


def test_a_solvable_factor_needs_its_proof() -> None:
    doc = document("galois")
    at = next(i for i, f in enumerate(doc["factors"]) if f["degree"] == 5)
    claimed = put(doc, ("factors", at, "certificate"), None)
    assert words(claimed)[f"factors[{at}].solvable"] == REFUSED
    claimed["factors"][at]["solvable"] = True
    assert words(claimed)[f"factors[{at}].solvable"] == SEALED


def test_a_statement_of_zero_is_no_way_around_the_seal() -> None:
    doc = {**document("valleys"), "statement": 0}
    assert {f.place: f.word for f in check_document(doc)}["seal"] == REFUSED
    del doc["seal"]
    assert {f.place: f.word for f in check_document(doc)}["seal"] == REFUSED


def test_the_share_is_printed() -> None:
    assert "20 of 20 headlines are covered" in str(cf.verify(document("valleys")))


@pytest.mark.parametrize(
    "text",
    [
        "x^4 - x^2",
        "x^6/6 - 2*x",
        "-5*2^(1/5)/3",
        "a - (b + c)",
        "(-x)^2",
        "-x^2",
        "1/x^(1/2)",
        "-b/(2*a)",
        "2/(x + 1)^2",
    ],
)
def test_the_print_of_a_text_is_the_text(text: str) -> None:
    assert infix(parse(text)) == text


@pytest.mark.parametrize(
    ("text", "unknowns", "true"),
    [
        ("norm(X*a - y)^2", "a", True),
        ("2*norm(X*a*B - y')^4/3 + norm(a)^2 + tr(X)", "a", True),
        ("norm(A*B - X)^2", "AB", False),
        ("-norm(X*a - y)^2", "a", False),
        ("norm(a)^3", "a", False),
        ("norm(inv(a))^2", "a", False),
        ("lam*norm(a)^2", "a", False),
        ("mu*norm(a)^2", "a", True),
        ("norm(a)^2*norm(X*a)^2", "a", False),
        ("norm(exp(a))^2", "a", False),
        ("a'*P*a", "a", True),
        ("mu*a'*X'*P*X*a - y'*a", "a", True),
        ("(X*a - y)'*P*(X*a - y)", "a", True),
        ("(X*a - y)'*diag(w)*(X*a - y)", "a", True),
        ("(X*a - y)'*diag(v)*(X*a - y)", "a", False),
        ("a'*S*a", "a", False),
        ("-a'*P*a", "a", False),
        ("a'*P*y*a'*P*y", "a", False),
        ("a'*X'*X*a", "a", True),
        ("tr(A*P*A' + A*X*inv(P)*X'*A')", "A", True),
        ("tr(A*P*A)", "A", False),
        ("tr(A'*B*P*B'*A)", "AB", False),
        ("tr(P*T) - mu*logdet(T)", "T", True),
        ("tr(P*T) - logdet(T + P)", "T", False),
        ("tr(P*S) - logdet(S)", "S", False),
        ("mu*logdet(T)", "T", False),
    ],
)
def test_a_matrix_loss_is_convex_by_how_it_is_written(text: str, unknowns: str, true: bool) -> None:
    stated = Claim({}, [], {}, {}, {"P": ["psd"], "S": ["sym"], "T": ["spd"]}, [])
    stated.shapes |= {x: ["n", "n"] for x in "APSTXB"} | {x: ["n", "1"] for x in "awvy"}
    given = KnownLetters(stated, {"mu", "w"}, {"mu"}, {"mu"})
    assert convex(parse(text, (), HEADS), set(unknowns), given) is true


@pytest.mark.parametrize("text", ["", "x +", "(x", "f(x)", "x y", "1..2", "x[1", "__import__('os')", "(" * 5000, "x/0"])
def test_what_is_no_expression_is_not_read(text: str) -> None:
    with pytest.raises(Refused):
        parse(text)


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("v^2*exp(x) - 2*v*exp(x) + 3*exp(x)/(1 + exp(x))", []),  # less than any number far out
        ("v^2 + exp(x)/(1 + exp(x))", [0, 1]),
        ("-v^2 + exp(x)/(1 + exp(x))", []),  # no least value in v
        ("v^2*(exp(x) - 1) + v", []),  # none for x < 0
        ("v^2*exp(x)/(exp(x) - 2)", []),
        ("(exp(x) + exp(-x) + v^2)/(1 + v^2)", []),  # v in the denominator: no quadratic
        ("exp(x)*v^2", [0, 0]),
    ],
)
def test_limits_of_the_least_value_in_a_second_unknown(text: str, limits: list[int]) -> None:
    field = Field({("x",): ("t", fmpq(1))}, ["v"], {})
    found = _limits(field, *field.quotient(parse(text), {}))
    assert found == limits
