"""Zero testing by normal forms: what must be proved, what must not, and the claim ``critical_point_formula``.

Expected answers are identities of elementary analysis, each with the assumption that it needs; the refusals are the
same identities without it, or with a number changed.
"""

from __future__ import annotations

import pytest
import sympy
from flint import acb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from closedform.algebra.bridge import to_sympy, to_tree
from closedform.kernel import Refused, check_certificate
from closedform.kernel.algebra.tower import is_zero, prove_zero
from closedform.kernel.expressions.substitution import substitute
from closedform.kernel.expressions.tree import Tree, add, mul, power, read
from closedform.kernel.expressions.values import evaluate_complex
from closedform.reading.language import parse

ZERO = fmpq(0)
SUM = ["sum", "i", "1", "n", ["@", "x", "i"]]


def positive(*names: str) -> list[tuple[str, Tree, Tree]]:
    return [(">", n, ZERO) for n in names]


def minus(a: object, b: object) -> object:
    return ["+", a, ["*", "-1", b]]


GROWN = ["+", "1", ["^", ["log", "a"], "2"]]
PROVED = [
    (minus(["*", ["sqrt", "2"], ["sqrt", "3"]], ["sqrt", "6"]), ()),
    (minus(["sqrt", "8"], ["*", "2", ["sqrt", "2"]]), ()),
    (minus(["cos", ["*", "2/5", ["pi"]]], ["*", "1/4", ["+", ["sqrt", "5"], "-1"]]), ()),
    (minus(["sqrt", "3"], ["*", "2", ["cos", ["*", "1/6", ["pi"]]]]), ()),
    (minus(["^", "-8", "1/3"], ["+", "1", ["*", ["I"], ["sqrt", "3"]]]), ()),  # principal, not -2
    (minus(["^", ["+", "1", ["sqrt", "2"]], "-1"], ["+", ["sqrt", "2"], "-1"]), ()),
    (minus(["exp", ["log", "a"]], "a"), ()),
    (minus(["log", ["exp", "a"]], "a"), ()),
    (minus(["exp", ["+", "a", "b"]], ["*", ["exp", "a"], ["exp", "b"]]), ()),
    (minus(["log", ["*", "a", "b"]], ["+", ["log", "a"], ["log", "b"]]), ("a", "b")),
    (minus(["sqrt", ["^", "a", "2"]], "a"), ("a",)),
    (minus(["^", "a", ["+", "b", "1"]], ["*", "a", ["^", "a", "b"]]), ("a",)),
    (minus(["*", ["lambertw", "a"], ["exp", ["lambertw", "a"]]], "a"), ()),
    (minus(["log", ["lambertw", "a"]], minus(["log", "a"], ["lambertw", "a"])), ("a",)),
    (minus(["+", ["^", ["sin", "a"], "2"], ["^", ["cos", "a"], "2"]], "1"), ()),
    (minus(["sum", "i", "1", "n", minus("1", ["*", ["@", "x", "i"], "n", ["^", SUM, "-1"]])], "0"), ()),
]

UNPROVED = [
    (minus(["sqrt", ["*", GROWN, "b"]], ["*", ["sqrt", GROWN], ["sqrt", "b"]]), ()),  # a = b = -1: GROWN is 1 - pi^2
    (minus(["^", "-8", "1/3"], "-2"), ()),
    (minus(["log", ["*", "a", "b"]], ["+", ["log", "a"], ["log", "b"]]), ()),
    (minus(["sqrt", ["^", "a", "2"]], "a"), ()),
    (minus(["sqrt", ["^", "a", "2"]], ["*", "-1", "a"]), ("a",)),
    (minus(["*", ["sqrt", "a"], ["sqrt", "b"]], ["sqrt", ["*", "a", "b"]]), ()),
    (minus(["cos", ["*", "2/5", ["pi"]]], ["*", "1/4", minus("-1", ["sqrt", "5"])]), ()),
    (minus(["sqrt", "3"], ["*", "-2", ["cos", ["*", "1/6", ["pi"]]]]), ()),
    (minus(["exp", ["*", "1/2", ["log", "a"]]], ["*", "-1", ["sqrt", "a"]]), ()),
    (minus(["sum", "i", "1", "n", ["@", "x", "i"]], ["sum", "i", "1", "m", ["@", "x", "i"]]), ()),
]


@pytest.mark.parametrize(("tree", "names"), PROVED)
def test_identities_are_proved(tree: object, names: tuple[str, ...]) -> None:
    assert is_zero(read(tree), positive(*names))  # type: ignore[arg-type]


@pytest.mark.parametrize(("tree", "names"), UNPROVED)
def test_without_its_assumption_or_false_it_is_not(tree: object, names: tuple[str, ...]) -> None:
    assert not is_zero(read(tree), positive(*names))  # type: ignore[arg-type]


def test_conditions_name_what_was_inverted() -> None:
    tree = read(["+", ["*", "a", ["^", "a", "-1"]], "-1"])
    assert prove_zero(tree) == ["a"]
    assert prove_zero(tree, positive("a")) == []


def test_an_index_is_not_captured() -> None:
    with pytest.raises(Refused, match="capture"):
        substitute(read(["sum", "i", "1", "n", ["*", "i", "a"]]), {"a": "i"})


RADICALS = st.recursive(
    st.sampled_from([fmpq(2), fmpq(3), fmpq(-1), fmpq(5, 3), ("I",)]),
    lambda inner: st.one_of(
        st.tuples(st.just("+"), inner, inner),
        st.tuples(st.just("*"), inner, inner),
        st.tuples(st.just("sqrt"), inner),
        st.tuples(st.just("^"), inner, st.sampled_from([fmpq(1, 3), fmpq(2), fmpq(3, 2)])),
    ),
    max_leaves=5,
)


@settings(max_examples=60, deadline=None)
@given(RADICALS, RADICALS)
def test_nothing_is_proved_equal_that_differs_numerically(a: Tree, b: Tree) -> None:
    difference = add(a, mul(fmpq(-1), b))
    if is_zero(difference):
        assert evaluate_complex(difference, {}).contains(acb(0)) or not evaluate_complex(difference, {}).is_finite()


@settings(max_examples=40, deadline=None)
@given(RADICALS)
def test_a_square_of_a_square_root_is_itself(a: Tree) -> None:
    assert is_zero(add(power(("sqrt", a), fmpq(2)), mul(fmpq(-1), a)))


def formula(
    loss: object, point: dict[str, object], assumptions: list[object], conditions: list[object]
) -> dict[str, object]:
    return {
        "format": 1,
        "statement": {"loss": loss, "unknowns": list(point), "parameters": ["n", "S2"], "assumptions": assumptions},
        "claim": {"kind": "critical_point_formula", "point": point, "conditions": conditions},
        "evidence": {},
    }


POISSON = ["sum", "i", "1", "n", minus("lam", ["*", ["@", "x", "i"], ["log", "lam"]])]
NORMAL = ["+", ["*", "n", ["log", "s"]], ["*", "1/2", "S2", ["^", "s", "-2"]]]
ABOVE = [[">", "n", "0"], [">", SUM, "0"]]


def test_formulas_of_maximum_likelihood_are_accepted() -> None:
    mean = ["*", SUM, ["^", "n", "-1"]]
    assert "critical point" in check_certificate(formula(POISSON, {"lam": mean}, [[">", "lam", "0"]], ABOVE))
    root = ["sqrt", ["*", "S2", ["^", "n", "-1"]]]
    said = check_certificate(formula(NORMAL, {"s": root}, [], [[">", "n", "0"], [">", "S2", "0"]]))
    assert "wherever n > 0; S2 > 0" in said


@pytest.mark.parametrize(
    "false",
    [
        formula(POISSON, {"lam": ["*", SUM, ["^", "n", "-2"]]}, [], ABOVE),  # wrong power
        formula(POISSON, {"lam": ["*", SUM, ["^", "n", "-1"]]}, [], []),  # nothing says that n is not zero
        formula(NORMAL, {"s": ["sqrt", ["*", "S2", ["^", "n", "-1"]]]}, [], [[">", "n", "0"]]),
        formula(NORMAL, {"s": ["*", "s", "2"]}, [], [[">", "n", "0"]]),  # written with the unknown
        formula(NORMAL, {}, [], []),
        {**formula(POISSON, {"lam": "1"}, [], []), "evidence": {"trust": "me"}},
    ],
)
def test_false_formulas_are_refused(false: dict[str, object]) -> None:
    with pytest.raises(Refused):
        check_certificate(false)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("written", "zero"),
    [
        ("4*cos(acos(a)/3)^3 - 3*cos(acos(a)/3) - a", True),
        ("3*sin(asin(a)/3) - 4*sin(asin(a)/3)^3 - a", True),
        ("4*cos(acos(a/b)/3)^3 - 3*cos(acos(a/b)/3) - a/b", True),
        ("2*cos(acos(a)/2)^2 - 1 - a", True),
        ("4*cos((acos(a) + pi)/3)^3 - 3*cos((acos(a) + pi)/3) + a", True),  # half a turn gives -a
        ("4*cos((acos(a) + pi)/3)^3 - 3*cos((acos(a) + pi)/3) - a", False),
        ("cos(acos(a)/3) - cos((acos(a) + 2*pi)/3)", False),  # two roots of one polynomial
        ("4*cos((acos(a) + 1)/3)^3 - 3*cos((acos(a) + 1)/3) - a", False),
    ],
)
def test_parts_of_an_angle_satisfy_chebyshevs_equation(written: str, zero: bool) -> None:
    """T_n(cos t) = cos(n t)."""
    names = {n: sympy.Symbol(n) for n in "ab"}
    assert is_zero(read(to_tree(to_sympy(parse(written), names)))) is zero
