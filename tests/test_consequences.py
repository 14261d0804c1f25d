"""What the kernel concludes about a question by itself: each case was drawn so that one check alone keeps it from a false word."""

from __future__ import annotations

from typing import Any

import pytest
from flint import arb, fmpq

from closedform.kernel.certificate import Certificate
from closedform.kernel.expressions.infix import infix
from closedform.kernel.expressions.tree import MINUS, ONE, read, write
from closedform.kernel.headlines.attained import attained
from closedform.kernel.headlines.consequences import Consequences
from closedform.kernel.headlines.families import Cases
from closedform.kernel.headlines.optimum import _mirrored, _number
from closedform.kernel.headlines.reported_points import ReportedPoint
from closedform.kernel.headlines.text import parse


def asked(
    loss: str | list[str], unknowns: str = "x", parameters: str = "", domain: str = "", **more: Any
) -> Consequences:
    """The question after the least value of a loss, or after the zeros of equations; ``domain`` is the first unknown's."""
    names = [*unknowns, *parameters]
    texts = [loss] if isinstance(loss, str) else loss
    trees: list[Any] = [write(parse(text, names)) for text in texts]
    problem = {
        "loss": infix(read(trees[0])) if isinstance(loss, str) else None,
        "tree": trees[0] if isinstance(loss, str) else {"equations": trees},
        "unknowns": list(unknowns),
        "parameters": list(parameters),
        "domain": {**dict.fromkeys(unknowns, "real"), unknowns[0]: domain or "real"},
        **more,
    }
    return Consequences.of(problem, {})


LOW_AT_TWO = "x^2*(x - 1)*(x - 7/2)"  # a local minimum 0 at 0; -6 at 2, 24 at 4


@pytest.mark.parametrize(
    ("question", "best", "true"),
    [
        (asked("x^4 - x^2"), "-1/4", True),
        (asked("x^2 - y^2", "xy"), "0", False),
        (asked("(x^2 + 2)/(x^4 + 1)"), "2", False),
        (asked("x^4 + a", parameters="a"), "0", False),
        (asked("x^2", domain="x > 0"), "1", False),
        (asked("x^3 - 3*x", domain="x >= -2, x <= 3"), "-2", True),
        (asked("x^3 - 3*x", domain="x >= -5, x <= 3"), "-2", False),
        (asked("x^3 - 3*x", domain="x >= -5"), "-2", False),
        (asked("x^3 - 3*x", domain="x > -2, x <= 3"), "-2", False),
        (asked("x^3 - 3*x", domain="x >= -sqrt(4), x <= 3"), "-2", False),
        (asked("x^3 - 3*x", domain="x >= -2, x is odd"), "-2", False),
        (asked("x^2 + y", "xy", domain="x >= -2, x <= 3"), "0", False),
        (asked(LOW_AT_TWO, domain="x >= -1, x^2 <= 4"), "0", False),
        (asked(LOW_AT_TWO, domain="x >= -1, x <= 2, x <= 4"), "0", False),
        (asked(LOW_AT_TWO, domain="x >= -1, x <= 4, x <= 2"), "0", False),
        (asked("-1/x^2", domain="x >= -1, x <= 1"), "-9", False),
        (asked("x^2 + sign(x)/2", domain="x >= -1, x <= 1"), "0", False),
        (asked(["x^2"], domain="x >= -1, x <= 1"), "0", False),
        (asked("exp(x) + exp(-x) + w^2", "xw"), "2", True),
        (asked("-exp(x)"), "-5", False),
        (asked("exp(x)"), "0", False),
        # 0 is the limit for x to 0 along x*y = log(2); the one critical point is (0, 0), of value 1
        (asked("x^2 + (exp(x*y) - 2)^2", "xy"), "1", False),
    ],
)
def test_where_a_loss_is_least_at_a_critical_point(question: Consequences, best: str, true: bool) -> None:
    assert attained(question, ONE, arb(fmpq(*map(int, best.split("/"))))) is true


def test_a_sum_of_squares_has_no_greatest_value() -> None:
    assert not attained(asked("x^2"), MINUS, arb(0))
    assert attained(asked("x - x^2", sense="max"), ONE, arb(fmpq(1, 4)))


@pytest.mark.parametrize(
    ("question", "true"),
    [
        (asked("(x - 1)^2"), True),
        (asked("c*(x - 1)^2", parameters="c"), False),
        (asked("c*(x - 1)^2", parameters="c", assumptions=["c > 0"]), True),
        (asked("c*(x - 1)^2", parameters="c", assumptions=["c < 0"]), False),
        (asked("-c*(x - 1)^2", parameters="c", assumptions=["c > 0"]), False),
        (asked("c*(x - 1)^2", parameters="c", assumptions=["x > 0"]), False),
        (asked("(x - 1)^2 + (y - c)^2", "xy", "c"), True),
        (asked("(x - 1)^2 + c*(y - 1)^2", "xy", "c"), False),
        (asked("x^2 + y^c", "xy", "c"), False),
        (asked("Sum(c[i]*(x - y[i])^2, (i, 1, n))", parameters="cny"), False),
        (asked("Sum(c[i]*(x - y[i])^2, (i, 1, n))", parameters="cny", assumptions=["c[i] > 0"]), True),
        (asked("y^2 - x^2", "xy"), False),
        (asked("x^2 - y^2", "xy"), False),
        (asked("x^2 + 2*cos(x)"), True),
        (asked("x^2/2 + 2*cos(x)"), False),
        (asked("x^2 + 2*cos(x)^3"), False),
        (asked(["x^2"]), False),
    ],
)
def test_where_a_loss_is_convex(question: Consequences, true: bool) -> None:
    assert question.convex() is true


@pytest.mark.parametrize(
    ("question", "true"),
    [
        (asked("x^2"), True),
        (asked("x^4"), False),
        (asked("x^2 - y^2", "xy"), False),
        (asked("-log(x)"), True),
        (asked("x^2 + x^-2", domain="x != 0"), False),
        (asked("x^2", domain="x is odd"), False),
        (asked("x^2", domain="x^2 >= 1"), False),
        (asked(["x"]), False),
    ],
)
def test_where_a_loss_is_strictly_convex(question: Consequences, true: bool) -> None:
    assert question.strictly_convex() is true


@pytest.mark.parametrize(
    ("question", "least", "only"),
    [
        (asked("abs(x)"), True, True),
        (asked("abs(x) + abs(x - 1)"), True, False),
        (asked("abs(x) - x^2/2"), False, False),
        (asked("abs(x) + y", "xy"), False, False),
        (asked("abs(x)", domain="x < 1"), False, False),
        (asked("abs(x - 1)"), False, False),
        (asked(["abs(x)"]), False, False),
    ],
)
def test_where_a_kink_is_the_bottom(question: Consequences, least: bool, only: bool) -> None:
    point = dict.fromkeys(question.unknowns, fmpq(0))
    assert (question.bottom(point), question.bottom(point, strict=True)) == (least, only)
    assert not question.bottom(dict.fromkeys(question.unknowns, parse("sqrt(2) - sqrt(2)")))


@pytest.mark.parametrize(
    ("question", "degree"),
    [
        (asked("x^4 - x^2"), 3),
        (asked("x^4 - x^2 + y", "xy"), None),
        (asked("exp(x) + x^2"), None),
        (asked("a*x^4 - x^2", parameters="a"), None),
        (asked("a*x^4 - x^2", parameters="a", assumptions=["a > 0"]), 3),
        (asked(["x"]), None),
    ],
)
def test_how_many_critical_points_there_are_at_most(question: Consequences, degree: int | None) -> None:
    assert question.degree() == degree


@pytest.mark.parametrize(
    ("question", "found"),
    [
        (asked("x^2 - x*y + y^2", "xy"), "3"),
        (asked("x^4 + y^2", "xy"), None),
        (asked("(x + y)^2", "xy"), None),
        (asked("c*x^2", parameters="c"), "2*c"),
        (asked("x^2 + y^2 + z^2 + u^2 + v^2", "xyzuv"), None),  # more than are tried
        (asked(["x"]), None),
    ],
)
def test_the_determinant_of_an_affine_gradient(question: Consequences, found: str | None) -> None:
    tree = question.determinant()
    assert (None if tree is None else infix(tree)) == found


def test_points_that_are_all_roots() -> None:
    def complete(question: Consequences, *points: dict[str, str]) -> str:
        names = question.names
        listed = (ReportedPoint(question, "", {}, {x: parse(v, names) for x, v in p.items()}) for p in points)
        return Cases(question, [*listed]).complete()

    cubic = asked("x^3/3 - a^2*x", parameters="a")
    assert complete(cubic, {"x": "a"}, {"x": "-a"})
    assert not complete(cubic, {"x": "a"}, {"x": "a"})
    assert not complete(cubic, {"x": "a"})
    assert not complete(asked("a", parameters="a"))
    assert not complete(asked("x^4/4 - a*x + y^4", "xy", "a"), {"x": "a", "y": "a"})
    assert complete(asked(["x - a"], parameters="a"), {"x": "a"})


def test_the_sign_of_a_second_derivative() -> None:
    zero = {"x": fmpq(0), "y": fmpq(0)}
    assert asked("x^2").sign_at(zero, ()) == (1, 0, 0)
    assert asked("-x^2").sign_at(zero, ()) == (0, 1, 0)
    assert asked("x^4").sign_at(zero, ()) is None
    assert asked("x^2 - y^2", "xy").sign_at(zero, ()) is None
    assert asked(["x"]).sign_at(zero, ()) is None


def test_a_least_value() -> None:
    cubic = asked("x^3")
    assert not cubic.never_less(fmpq(-9))
    cubic.own["a"] = Certificate({}, {"kind": "least_value", "value": "3"}, {})
    assert cubic.never_less(fmpq(3))
    assert not cubic.never_less(fmpq(4))
    assert asked("x^2 - 3*cos(x)").never_less(fmpq(-3))
    assert not asked("x^2 - 3*cos(x)").never_less(fmpq(-2))
    assert not asked("x^2 + x*cos(x)").never_less(fmpq(-1))
    assert not asked("x^2 - 3*exp(x)").never_less(fmpq(-3))
    assert not asked(["x"]).never_less(fmpq(-1))


def test_an_edge() -> None:
    zero = [arb(0)]
    assert asked("x", domain="x >= 0").on_edge(zero)
    assert asked("x", domain="x is odd").on_edge(zero)
    assert not asked("x", domain="x >= -1").on_edge(zero)


@pytest.mark.parametrize(
    ("text", "value"), [("sqrt(4)/3", fmpq(2, 3)), ("0", 0), ("sqrt(2)", None), ("1/pi", None), ("a", None)]
)
def test_the_number_that_an_expression_is(text: str, value: Any) -> None:
    assert _number(parse(text)) == value


def test_the_mirror_image_of_a_point() -> None:
    def place(question: Consequences, *ball: arb) -> ReportedPoint:
        return ReportedPoint(question, "", {}, ball=list(ball))

    for question, true in (
        (asked("x^4 - x^2"), True),
        (asked("x^3 - 3*x"), False),
        (asked("x^4 - x^2", domain="x < 0"), False),
    ):
        here, there = place(question, arb(1, 0.1)), place(question, arb(-1, 0.1))
        assert _mirrored(here, there, [there, here]) is true
        far = place(question, arb(5))
        assert not _mirrored(far, there, [far, there, here])
        assert not _mirrored(far, there, [far, there])
        for other in (place(question, arb(1.05, 0.1)), place(question)):
            assert not _mirrored(here, there, [here, there, other])
