"""Which of the points that a report lists are proved to be the global optimum."""

from __future__ import annotations

from collections.abc import Iterator

from flint import fmpq

from closedform.kernel.algebra.tower import build
from closedform.kernel.expressions.tree import MINUS, ONE, Tree, free_names
from closedform.kernel.finding import COVERED, REFUSED, SEALED, Finding
from closedform.kernel.headlines.agreement import agree
from closedform.kernel.headlines.consequences import Question
from closedform.kernel.headlines.places import Place
from closedform.kernel.reading import Refused


def worth(question: Question, places: list[Place], whole: bool) -> Iterator[Finding]:
    """Which points are called the global optimum: by convexity, or as the least of a complete list that has a minimum."""
    word = "global maximum" if question.maximised else "global minimum"
    for place in places:
        kind = place.said.get("kind")
        if not str(kind).startswith("global"):
            continue
        rivals = [_compare(place, other) for other in places if other is not place]
        convex = place.known and question.convex(place.where, ONE if kind == word else MINUS)
        if kind != word:
            curved = "concave" if kind == "global maximum" else "convex"
            why = f"the loss is {curved}" if convex else "not the optimum that is sought"
            yield place.finding("kind", COVERED if convex else SEALED, f"{kind}: {why}")
        elif -1 in rivals:
            yield place.finding("kind", REFUSED, "another listed point is better")
        elif why := _why_best(place, convex, whole and None not in rivals):
            place.proved_best = True
            yield place.finding(
                "kind", COVERED, f"{kind}: {why if not question.maximised else why.replace('convex', 'concave')}"
            )
        else:
            yield place.finding("kind", SEALED, f"{kind}: nothing here proves it")


def _why_best(place: Place, convex: bool, least: bool) -> str:
    """A reason why the point is the global optimum, "" where none is found."""
    question, value = place.question, place.exact_value()
    if not place.known:
        return ""
    if convex:
        return "the loss is convex"
    if least and question.grows():
        return "the loss has an optimum, and no other critical point is better"
    if isinstance(value := _number(value), fmpq) and question.never_less(-value if question.maximised else value):
        return "the loss is nowhere better than its value there"
    return ""


def _number(value: Tree | None) -> fmpq | None:
    """The rational number that an expression is, where it reduces to one."""
    if value is None or free_names(value):
        return None
    try:
        _, (reduced,) = build([value])
    except (Refused, ArithmeticError, ValueError, RecursionError):
        return None
    if not reduced.top.is_constant() or not reduced.bottom.is_constant():
        return None
    return (
        fmpq(0)
        if reduced.top.is_zero()
        else fmpq(reduced.top.leading_coefficient() / reduced.bottom.leading_coefficient())
    )


def _compare(place: Place, other: Place) -> int | None:
    """1 where the place is better, 0 where both are equal, -1 where the other is better; None where it is open."""
    a, b = place.value(), other.value()
    if a is None or b is None:
        return None
    gap = a - b if place.question.maximised else b - a
    if gap > 0 or gap < 0:
        return 1 if gap > 0 else -1
    u, v = place.exact_value(), other.exact_value()
    return 0 if u is not None and v is not None and agree(u, v, [], {}) else None
