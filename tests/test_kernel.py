"""The kernel's frame: strict reading, its own calculus, whole documents. Each claim kind has a test file of its own."""

from __future__ import annotations

import json
import subprocess
import sys

import mpmath
import pytest
import sympy
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from closedform.kernel import Certificate, Refused, check_certificate, check_document
from closedform.kernel.document import seal
from closedform.kernel.expressions import balls
from closedform.kernel.expressions import tree as ex
from closedform.kernel.expressions.derivatives import DERIVATIVES, differentiate
from closedform.kernel.process import check_text
from closedform.kernel.reading import decimal, fields, integer, rational

LEAVES = st.one_of(
    st.sampled_from(["x", "y"]), st.fractions(-9, 9, max_denominator=9).map(lambda f: fmpq(f.numerator, f.denominator))
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["+", "*"]), inner, inner),
        st.tuples(st.just("^"), inner, st.integers(1, 3).map(fmpq)),
        st.tuples(st.sampled_from(["exp", "sin", "cos", "tanh", "atan"]), inner),
    ),
    max_leaves=8,
)


@given(TREES)
def test_what_is_written_reads_back(tree):
    assert ex.read(json.loads(json.dumps(ex.write(tree)))) == tree


def to_sympy(tree):
    if isinstance(tree, fmpq):
        return sympy.Rational(int(tree.p), int(tree.q))
    if isinstance(tree, str):
        return sympy.Symbol(tree)
    build = {"+": sympy.Add, "*": sympy.Mul, "^": sympy.Pow}.get(tree[0]) or getattr(sympy, tree[0])
    return build(*(to_sympy(a) for a in tree[1:]))


@settings(deadline=None)
@given(TREES)
def test_derivatives_agree_with_sympy(tree):
    want = sympy.diff(to_sympy(tree), sympy.Symbol("x")).subs({"x": sympy.Rational(1, 3), "y": sympy.Rational(-2, 7)})
    got = balls.evaluate(differentiate(tree, "x"), {"x": arb(fmpq(1, 3)), "y": arb(fmpq(-2, 7))})
    if not got.is_finite():
        return  # a value past what doubles' worth of ball can hold
    with mpmath.workdps(30):
        value = mpmath.mpf(str(sympy.N(want, 30)))
        middle, radius = (mpmath.mpf(part.str(30, radius=False)) for part in (got.mid(), got.rad()))
        assert abs(middle - value) <= radius * mpmath.mpf("1.01") + mpmath.mpf("1e-10") * (1 + abs(value))


@pytest.mark.parametrize("head", sorted(DERIVATIVES))
def test_every_derivative_agrees_with_a_difference_quotient(head):
    at, h = fmpq(2, 5), fmpq(1, 2**12)
    exact = balls.evaluate(differentiate((head, "x"), "x"), {"x": arb(at)})
    ahead, behind = (balls.evaluate((head, "x"), {"x": arb(at + s * h)}) for s in (1, -1))
    assert abs(float((ahead - behind) / (2 * arb(h))) - float(exact)) < 1e-4 * (1 + abs(float(exact)))


def test_sums_over_columns():
    tree = ex.read(["sum", "i", "1", "n", ["*", ["@", "x", "i"], "b"]])
    got = balls.evaluate(differentiate(tree, "b"), {"b": arb(2), "n": arb(3)}, {"x": [fmpq(1), fmpq(2), fmpq(5)]})
    assert got == 8


@pytest.mark.parametrize(
    "bad",
    [
        ["exp"],
        ["exp", "1", "2"],
        ["system", "x"],
        [],
        {"a": 1},
        3,
        None,
        "1/0",
        "--1",
        "x y",
        ["+"],
        [["+"], "1"],
        "__import__('os')",
    ],
)
def test_what_is_no_expression_is_refused(bad):
    with pytest.raises(Refused):
        ex.read(bad)


def test_depth_is_bounded():
    deep = "x"
    for _ in range(5000):
        deep = ["exp", deep]
    with pytest.raises(Refused, match="deep"):
        ex.read(deep)


def test_numbers_are_exact_text():
    assert rational("-3/6", "q") == fmpq(-1, 2)
    assert decimal("-1.25e-2", "d") == fmpq(-1, 80)
    assert integer("12", "i", 0, 20) == 12
    for bad in ("1.5", "0x10", " 1", "1e3", "٣", ""):
        with pytest.raises(Refused):
            rational(bad, "q")
    for bad in (1, 1.0, True, None, "1e999999999", "nan", "inf"):
        with pytest.raises(Refused):
            decimal(bad, "d")


def test_objects_have_exactly_the_keys_they_should():
    with pytest.raises(Refused, match="unknown key 'b'"):
        fields({"a": 1, "b": 2}, ("a",))
    with pytest.raises(Refused, match="missing key 'a'"):
        fields({}, ("a",))


@pytest.mark.parametrize(
    "bad",
    [
        None,
        [],
        {},
        {"format": 1},
        {"format": True, "statement": {}, "claim": {}, "evidence": {}},
        {"format": 2, "statement": {}, "claim": {}, "evidence": {}},
        {"format": 1, "statement": [], "claim": {}, "evidence": {}},
    ],
)
def test_malformed_certificates_are_refused(bad):
    with pytest.raises(Refused):
        check_certificate(bad)


def test_a_seal_notices_every_change():
    document = {"format": 1, "value": "1.5", "list": [{"n": "2"}]}
    document["seal"] = seal(document)
    assert all(f.accepted for f in check_document(document))
    for key in ("format", "value", "list"):
        assert not all(f.accepted for f in check_document({**document, key: "changed"}))


def test_certificates_are_found_wherever_they_stand():
    bad = Certificate({}, {"kind": "magic"}, {}).to_dict()
    document = {"factors": [{"certificate": bad}]}
    document["seal"] = seal(document)
    assert [(f.place, f.accepted) for f in check_document(document)] == [
        ("seal", True),
        ("factors[0].certificate", False),
        ("headlines", True),  # of no kind that is known: sealed only
    ]


def run_kernel(path):
    return subprocess.run([sys.executable, "-m", "closedform.kernel", str(path)], capture_output=True, text=True)


def test_exit_codes(tmp_path):
    missing = run_kernel(tmp_path / "missing.json")
    assert (missing.returncode, missing.stdout) == (2, "")
    garbled = tmp_path / "garbled.json"
    garbled.write_text("{")
    assert run_kernel(garbled).returncode == 2
    empty = tmp_path / "empty.json"
    empty.write_text("{}")
    assert run_kernel(empty).returncode == 1  # nothing there is nothing proved


@pytest.mark.parametrize(
    ("divisor", "true"),
    [
        (["+", ["sqrt", "2"], "-1"], True),
        (["+", ["sqrt", "8"], ["*", "-2", ["sqrt", "2"]]], False),
        (["+", ["sqrt", "2"], "-1.5"], False),
    ],
)
def test_what_is_divided_by_is_proved_not_to_be_zero(divisor, true):
    """1/(sqrt(2) - 1) = 1 + sqrt(2) is a root of x^2 - 2x - 1."""
    root = {"exact": ["^", divisor, "-1"], "numeric": {"re": "2.41421", "im": "0"}, "radius": "0.0001"}
    claim = {"kind": "radicals", "let": [], "roots": [root]}
    certificate = Certificate({"polynomial": ["-1", "-2", "1"]}, claim, {})
    if true:
        assert check_certificate(certificate)
    else:
        with pytest.raises(Refused):
            check_certificate(certificate)


def nested(head, depth, leaf):
    for _ in range(depth):
        leaf = [head, leaf]
    return leaf


def claimed(loss, **evidence):
    statement = {"loss": loss, "unknowns": ["x"]}
    claim = {"kind": "critical_points", "complete": True, "points": []}
    return json.dumps(Certificate(statement, claim, {"method": "roots", "precision": "64", **evidence}).to_dict())


MANY = ["sum", "i", "1", "200000", ["sum", "j", "1", "200000", ["^", "x", "2"]]]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[" * 100_000, 2),
        ('{"a":' * 300 + "1" + "}" * 300, 2),
        ('{"format": 1, "format": 1}', 2),
        ('{"a": NaN}', 2),
        ("[1, 2]", 2),
        ('{"a": "\\ud800", "seal": "x"}', 2),
        (claimed(MANY), 1),
        (claimed(nested("exp", 300, "x")), 1),
        (claimed(["^", ["^", "x", "99999999"], "99999999"]), 1),
    ],
)
def test_hostile_files_are_answered(tmp_path, text, code):
    path = tmp_path / "hostile.json"
    path.write_text(text)
    done = run_kernel(path)
    assert done.returncode == code
    assert "Traceback" not in done.stderr


def test_past_its_time_a_document_is_unreadable():
    with pytest.raises(Refused, match="not checked within"):
        check_text(claimed(MANY).encode(), timeout=0.001)


def test_a_power_with_billions_of_terms_is_refused_before_it_is_worked_out():
    """(1 + e^x + e^y + z)^3000 has 4.5e9 terms."""
    loss = ["^", ["+", "1", ["exp", "x"], ["exp", "y"], "z"], "3000"]
    forms = [{"form": [x], "name": t, "scale": "1"} for x, t in (("x", "t"), ("y", "s"))]
    claim = {
        "kind": "exponential_eliminant",
        "substitution": forms,
        "names": ["z"],
        "polynomial": [["1", ["0", "0", "0"]]],
    }
    evidence = {"cofactors": [[], [], []], "nonvanishing": []}
    certificate = Certificate({"loss": loss, "unknowns": ["x", "y", "z"]}, claim, evidence)
    with pytest.raises(Refused, match="too large"):
        check_certificate(certificate)


def test_a_sentence_says_where_it_holds() -> None:
    """sqrt(a) is no real number where a is negative, and 1/b no number where b is 0."""
    cubic = ["+", ["*", "1/3", ["^", "x", "3"]], ["*", "-1", "a", "x"]]
    line = ["+", ["*", "b", "x"], "-1"]
    for problem, parameter, value, conditions, said in (
        (
            {"loss": cubic},
            "a",
            ["sqrt", "a"],
            [],
            "x = sqrt(a) is a critical point of x^3/3 - a*x wherever this is real",
        ),
        (
            {"equations": [line]},
            "b",
            ["^", "b", "-1"],
            [["!=", "b", "0"]],
            "x = 1/b is a solution of b*x - 1 = 0 wherever b != 0",
        ),
    ):
        stated = {**problem, "unknowns": ["x"], "parameters": [parameter], "assumptions": []}
        claim = {"kind": "critical_point_formula", "point": {"x": value}, "conditions": conditions}
        certificate = {"format": 1, "statement": stated, "claim": claim, "evidence": {}}
        assert check_certificate(certificate) == f"{said}, for {parameter} real"
