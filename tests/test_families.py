"""Families in symbols: lists with a formula for each case, covered as a whole, and false ones, which never are.

The true formulas are Cardano's, Viete's and the quadratic one; what is false in the others stands beside them.
"""

from __future__ import annotations

from typing import Any

import pytest
from flint import fmpq

import closedform as cf
from closedform.kernel import check_document
from closedform.kernel.algebra.relations import opposed, prove_relation
from closedform.kernel.algebra.tower import is_zero
from closedform.kernel.document import seal
from closedform.kernel.expressions.infix import infix
from closedform.kernel.expressions.tree import Relation, read, write
from closedform.kernel.headlines.text import class_of, parse
from closedform.kernel.ruling import COVERED, REFUSED

Doc = dict[str, Any]
ROOT = "sqrt(4*p**3 + 27*q**2)*sqrt(3)/18"
CARDANO = f"Abs(q/2 - {ROOT})**(1/3)*sign(-q/2 + {ROOT}) + Abs(q/2 + {ROOT})**(1/3)*sign(-q/2 - {ROOT})"
ANGLE = "acos(3*sqrt(3)*q*sqrt(-1/p)/(2*p))/3"
WAVES = [f"cos({ANGLE})", f"-cos({ANGLE} + pi/3)", f"-sin({ANGLE} + pi/6)"]
VIETE = [f"2*sqrt(3)*sqrt(-p)/3*({wave})" for wave in WAVES]
ONE, DOUBLE, THREE = "4*p**3 + 27*q**2 >= 0", "4*p**3 + 27*q**2 = 0", "4*p**3 + 27*q**2 < 0"
CUBE = [(CARDANO, [ONE]), ("-3*q/(2*p)", [DOUBLE, "p != 0"]), *((v, [THREE, "p < 0"]) for v in VIETE)]
REAL = "b**2 >= 4*a*c"
QUADRATIC = [(f"(-b {s} sqrt(b**2 - 4*a*c))/(2*a)", ["a != 0", REAL]) for s in "+-"] + [("-c/b", ["a = 0", "b != 0"])]

Points = list[tuple[str, list[str]]]


def family(asked: str, points: Points, parameters: str, minimiser: str | None = None, **more: Any) -> Doc:
    """A report about a loss, or an equation where the text has "= 0", whose list is called complete, the outcome closed."""
    text, equals, _ = asked.partition(" = 0")
    tree = parse(text, ["x", *parameters])
    problem: Doc = {
        "loss": None if equals else infix(tree),
        "tree": {"equations": [write(tree)]} if equals else write(tree),
        "unknowns": ["x"],
        "parameters": [*parameters],
        "domain": {"x": more.pop("domain", "real")},
    }
    listed = [{"exact": {"x": x}, "conditions": c, "kind": more.pop("kind", "unclassified")} for x, c in points]
    verdict = {"outcome": "closed", "minimiser": minimiser, "statements": [], **more.pop("verdict", {})}
    out: Doc = {"problem": problem, "stationarity": {"gradient": {}}, "verdict": verdict, "critical_points": listed}
    return {**out, "complete": True, "counts": {}, "certificates": [], **more}


def words(doc: Doc) -> dict[str, str]:
    findings = [f for f in check_document({**doc, "seal": seal(doc)}) if f.headline or f.word == REFUSED]
    return {f.place: f.word for f in sorted(findings, key=lambda f: f.word == REFUSED)}


TRUE = {
    "quadratic": family("a*x^2 + b*x + c = 0", QUADRATIC, "abc"),
    "cubic": family("x^3 + p*x + q = 0", CUBE, "pq"),
    "quartic loss": family("x^4/4 + p*x^2/2 + q*x", CUBE, "pq", "closed", verdict={"expression_class": "piecewise"}),
    "linear": family("a*x - b = 0", [("b/a", ["a != 0"])], "ab"),
    "two signs": family("x^2 - a = 0", [("sqrt(a)", ["a >= 0"]), ("-sqrt(a)", ["a >= 0"])], "a"),
    "odd root": family("x^3 - a = 0", [("Abs(a)**(1/3)*sign(a)", [])], "a"),
}


@pytest.mark.parametrize("name", TRUE)
def test_a_family_is_covered(name: str) -> None:
    assert {p for p, w in words(TRUE[name]).items() if w != COVERED} == set()


def test_a_family_as_it_is_derived() -> None:
    doc = cf.derive("a*x^3 + b*x^2 + c*x + d", unknowns=["x"], timeout=30).to_dict()
    assert {p for p, w in words(doc).items() if w != COVERED} == set()


def changed(points: Points, at: int, value: str | None = None, conditions: list[str] | None = None) -> Points:
    """The list with one point changed."""
    x, c = points[at]
    return [*points[:at], (value or x, c if conditions is None else conditions), *points[at + 1 :]]


def cubic(*change: Any) -> Doc:
    return family("x^3 + p*x + q = 0", changed(CUBE, *change), "pq")


def square(*change: Any) -> Doc:
    return family("a*x^2 + b*x + c = 0", changed(QUADRATIC, *change), "abc")


def root_of(x: str, conditions: list[str], asked: str = "x^3 - a = 0", **more: Any) -> Doc:
    return family(asked, [(x, conditions)], "a", **more)


MINUS_CARDANO = CARDANO.replace("sign(-q/2 -", "sign(q/2 -")
BOTH = [("sqrt(a)", ["sqrt(-a) >= 0", "a <= 0"]), ("-sqrt(a)", ["sqrt(-a) >= 0", "a <= 0"])]
QUINTIC = "x^6/6 - x^2/2 - a*x"
FALSE: dict[str, tuple[Doc, str]] = {
    # an equation among the conditions
    "another value in the case": (square(2, "-2*c/b"), "critical_points[2].exact"),
    "under another equation": (square(2, None, ["a = 1", "b != 0"]), "critical_points[2].exact"),
    "the formula of the other case": (square(0, None, ["a = 0", REAL]), "critical_points[0].exact"),
    "an equation that never holds beside another": (square(2, None, ["a = 0", "a != 0"]), "critical_points[2].exact"),
    "the double root's double": (cubic(1, "-3*q/p"), "critical_points[1].exact"),
    "a double root without the equation": (cubic(1, None, ["p != 0"]), "critical_points[1].exact"),
    "one number for all": (
        family(QUINTIC, [("1", ["a = 0"])], "a", verdict={"outcome": "partly_closed"}, complete=False),
        "verdict.outcome",
    ),
    "a minimum for one number": (
        family(QUINTIC, [("0", ["a = 0"])], "a", "closed", complete=False, kind="global minimum"),
        "verdict.minimiser",
    ),
    # real roots of odd order
    "a sign of another": (root_of("Abs(a)**(1/3)*sign(a + 1)", []), "critical_points[0].exact"),
    "a root of another order": (root_of("Abs(a)**(1/5)*sign(a)", []), "critical_points[0].exact"),
    "an even root": (root_of("Abs(a)**(1/2)*sign(a)", [], "x^2 - a = 0"), "critical_points[0].exact"),
    "the principal root": (root_of("-(-a)**(1/3)", []), "complete"),
    "Cardano with one sign turned": (cubic(0, MINUS_CARDANO), "critical_points[0].exact"),
    "Cardano for three roots": (cubic(0, None, [THREE]), "complete"),
    # parts of angles
    "a turn by another part": (cubic(3, VIETE[1].replace("pi/3", "pi/6")), "critical_points[3].exact"),
    "one root twice": (cubic(3, VIETE[0]), "complete"),
    # that none is missing
    "without the linear case": (square(2, "-c/b", ["a = 0", "b > 0"]), "complete"),
    "for one sign": (square(0, None, ["a > 0", REAL]), "complete"),
    "without a root": (family("a*x^2 + b*x + c = 0", QUADRATIC[1:], "abc"), "complete"),
    "without the three": (family("x^3 + p*x + q = 0", CUBE[:2], "pq"), "complete"),
    "without the double one": (family("x^3 + p*x + q = 0", [CUBE[0], *CUBE[2:]], "pq"), "complete"),
    "two of three": (family("x^3 + p*x + q = 0", CUBE[:4], "pq"), "complete"),
    "a condition without a value for the others": (family("x^2 - a = 0", BOTH, "a"), "complete"),
    "a condition that fails on an open set": (root_of("a", ["Abs(a) != a"], "x - a = 0"), "complete"),
    "by its place in the domain": (root_of("a", ["a > 0"], "x - abs(a) = 0", domain="x > 0"), "complete"),
    "a zero of the gap": (root_of("0", ["a^2 > 0"], "a*x^2 - x = 0"), "complete"),
    "a list that is read in part": (root_of("sqrt(a)", ["a >= 0 or so"], "x^2 - a = 0"), "complete"),
    # that the least is among them
    "falling to both sides": (family("-x^4/4 - p*x^2/2 - q*x", CUBE, "pq", "closed"), "verdict.minimiser"),
    "falling to one side": (family("x^3/3 - a^2*x", [("a", []), ("-a", [])], "a", "closed"), "verdict.minimiser"),
    "rising for some": (family("a*x^4 + x^2/a^2", [("0", ["a != 0"])], "a", "closed"), "verdict.minimiser"),
    "not all of them": (family("x^4/4 + p*x^2/2 + q*x", CUBE[:3], "pq", "closed"), "verdict.minimiser"),
    # classes
    "a sign is no radical": (
        family("x^3 - a = 0", [("Abs(a)**(1/3)*sign(a)", [])], "a", verdict={"expression_class": "radical"}),
        "verdict.expression_class",
    ),
}


@pytest.mark.parametrize("name", FALSE)
def test_a_false_one_is_not(name: str) -> None:
    doc, place = FALSE[name]
    assert words(doc).get(place) != COVERED


@pytest.mark.parametrize(
    ("text", "found"),
    [("cos(acos(sqrt(2)/3)/3 + pi/5)", "radical"), ("cos(acos(exp(1))/3)", "elementary"), ("cos(2)", "special"),
     ("sin(pi*sqrt(2))", "special"), ("Abs(a)", "piecewise"), ("cos(acos(Abs(a))/3)", "piecewise"), ("a^(1/2)", "radical"),
     ("a^a", "elementary"), ("cos(acos(2)/3 + acos(3)/3)", "special")],
)  # fmt: skip
def test_the_class_of_an_expression(text: str, found: str) -> None:
    assert class_of(parse(text)) == found


# -- the arithmetic below ------------------------------------------------------------------------------------------------


def relation(text: str) -> Relation:
    left, op, right = text.split(" ")
    return op, parse(left), parse(right)


@pytest.mark.parametrize(
    ("text", "zero"),
    [
        ("sqrt(-a^2) - Abs(a)", False),  # i*|a|
        ("sqrt(-a^2) - I*Abs(a)", True),
        ("sqrt(a^2) - a", False),
        ("sqrt(a^2*b) - Abs(a)*sqrt(b)", True),
        ("Abs(a)^2 - a^2", True),
        ("Abs(a)^(1/3)*sign(a)*Abs(b)^(1/3)*sign(b) - Abs(a*b)^(1/3)*sign(a*b)", False),  # no new root is made for it
        ("sqrt(-2)*sqrt(-3) - sqrt(6)", False),  # the roots of two negative numbers
        ("(3 - sqrt(5))^(1/3)*(3 + sqrt(5))^(1/3) - 4^(1/3)", True),  # 9 - 5 = 4
        ("(1 - sqrt(5))^(1/3)*(1 + sqrt(5))^(1/3) - (-4)^(1/3)", False),  # only the positive root of a positive product
        ("(a - 1)^(1/3)*(a + 1)^(1/3) - (a^2 - 1)^(1/3)", False),
        ("cos(acos(a)/3 + pi/3) + cos(acos(a)/3 - pi/3) - cos(acos(a)/3)", True),
        ("cos(acos(a)/3 + pi/3) - cos(acos(a)/3 - pi/3)", False),
    ],
)
def test_what_is_zero(text: str, zero: bool) -> None:
    assert is_zero(parse(text)) == zero


@pytest.mark.parametrize(
    ("goal", "known", "holds"),
    [
        ("b != 0", ["4*a^3+27*b^2 = 0", "a != 0"], True),
        ("b > 0", ["4*a^3+27*b^2 = 0", "a != 0"], False),
        ("a < 0", ["4*a^3+27*b^2 < 0"], False),  # true, and not found
        ("a*b = 0", ["a = 0"], True),
        ("a = 0", ["a*b = 0"], False),
        ("a = 0", ["a^2 = 0"], True),
        ("1+b*sqrt(a) >= 0", ["a > 0", "1-a*b^2 >= 0"], False),  # weak bounds are not used
        ("1+b*sqrt(a) >= 0", ["a > 0", "1-a*b^2 > 0"], True),
        ("b+sqrt(a) >= 0", ["a > 0", "b^2-a > 0"], False),
        ("-1+b*sqrt(a) >= 0", ["a > 0", "1-a*b^2 > 0"], False),
    ],
)
def test_what_follows(goal: str, known: list[str], holds: bool) -> None:
    assert prove_relation(relation(goal), [*map(relation, known)]) == holds


@pytest.mark.parametrize(
    ("known", "absurd"),
    [(["a = 0", "a > 0"], True), (["a = 0", "a*b != 0"], True), (["a = 0", "a = 1"], True), (["-a^2 > 0"], True),
     (["a >= 0", "a < 0"], True), (["a >= 0", "a <= 0"], False), (["a = 0", "1/a > 0"], False), (["a = b", "a > b"], True)],
)  # fmt: skip
def test_what_cannot_be(known: list[str], absurd: bool) -> None:
    """Where the relations are not read, nothing is known of the case."""
    assert opposed([*map(relation, known)], surely=True) == absurd


def test_an_equation_says_no_more_than_it_says() -> None:
    one = [("=", "a", fmpq(1))]
    assert is_zero(read(["+", "a", "-1"]), one)
    assert not is_zero(read(["+", "a", "-2"]), one)
    assert not is_zero(read(["+", "b", "-1"]), one)


def test_a_root_that_is_not_real_is_not_counted_for_one_that_is() -> None:
    """For a < 0 the one real zero of (x^2 - a)*(x - 1) is 1, which is listed for other a only."""
    disc = "4*a*(1 - a)^2"
    points: Points = [
        ("sqrt(a)", ["a > 0", f"{disc} != 0"]),
        ("-sqrt(a)", ["a > 0", f"{disc} > 0"]),
        ("1", [f"{disc} > 0"]),
    ]
    assert words(family("(x^2 - a)*(x - 1) = 0", points, "a", domain="x^2 > 0"))["complete"] != COVERED


@pytest.mark.parametrize("condition", ["(a^2)^(1/2) != a", "(a^6)^(1/2) != a^3"])
def test_an_exception_is_no_half_line(condition: str) -> None:
    """sqrt(a^2) = a for all a >= 0, where x = a is a zero that would not be listed."""
    assert words(root_of("a", [condition], "x - a = 0"))["complete"] != COVERED


@pytest.mark.parametrize("other", ["a < 0 or so", "x > 5"])
def test_a_condition_that_is_not_read_is_not_made_up_for(other: str) -> None:
    assert words(root_of("a", ["1 > 0, 2 > 0", other], "x - a = 0"))["complete"] != COVERED


def test_weak_conditions_that_hold_with_equality_alone_are_an_equation() -> None:
    doc = family("(x^2 + a^2)*(x^5 - x - a) = 0", [("sqrt(-a^2)", ["-a^2 >= 0"])], "a", complete=False)
    assert words(doc)["verdict.outcome"] != COVERED


def test_a_family_without_members_is_not_listed() -> None:
    """x*(x - 1)*(x - 2) >= 0 is no square root's negative except at 0, 1, 2, where the derivative divides by zero."""
    (family,) = cf.derive("y^2*sqrt(x*(x - 1)*(x - 2))", timeout=30).critical_points
    assert not any("sqrt" in c for c in family.conditions)
