"""Which of the points that a report lists are proved to be the global optimum."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from flint import fmpq

from closedform.kernel.algebra.tower import build
from closedform.kernel.expressions.substitution import substitute
from closedform.kernel.expressions.tree import MINUS, ONE, Tree, mul
from closedform.kernel.ruling import COVERED, REFUSED, SEALED, Ruling
from closedform.kernel.headlines.agreement import agree
from closedform.kernel.headlines.attained import attained
from closedform.kernel.headlines.consequences import Consequences
from closedform.kernel.headlines.places import Place
from closedform.kernel.reading import Refused

LEAST = "the loss is least at a critical point, and none is lower"


def worth(question: Consequences, places: list[Place], whole: bool) -> Iterator[Ruling]:
    """Which points are called global: by convexity, or as the best of a complete list, where there is a best."""
    for place in places:
        kind = str(place.said.get("kind"))
        if not kind.startswith("global"):
            continue
        if kind not in ("global minimum", "global maximum"):
            yield place.finding("kind", REFUSED, "it is no kind of a point")
            continue
        up = kind == "global maximum"
        sought = up == question.maximised
        rivals = [_compare(place, other, up, places) for other in places if other is not place]
        if -1 in rivals:
            yield place.finding("kind", REFUSED, "another listed point is better")
        elif why := _why_best(place, up, whole and None not in rivals):
            place.proved_best = sought
            yield place.finding("kind", COVERED, f"{kind}: {why}")
        else:
            yield place.finding("kind", SEALED, f"{kind}: nothing here proves it")


def _why_best(place: Place, up: bool, best: bool) -> str:
    """A reason why the loss is highest (``up``) or least at the point, "" where none is found."""
    question = place.question
    sought = up == question.maximised
    sign = ONE if sought else MINUS
    if not place.known:
        return ""
    if question.convex(place.where, sign):
        return "the loss is concave" if up else "the loss is convex"
    height = place.value() if best else None
    if height is not None and attained(question, sign, height):
        return "the loss is highest at a critical point, and none is higher" if up else LEAST
    value = _number(place.exact_value())
    if sought and value is not None and question.never_less(-value if up else value):
        return "the loss is nowhere better than its value there"
    return ""


def _number(value: Tree | None) -> fmpq | None:
    """The rational number that an expression is, where it reduces to one."""
    if value is None:
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


def _compare(place: Place, other: Place, up: bool, places: list[Place]) -> int | None:
    """1 where the place is better, 0 where both are equal, -1 where the other is better; None where it is open."""
    a, b = place.value(), other.value()
    if a is None or b is None:
        return None
    gap = a - b if up else b - a
    if gap > 0 or gap < 0:
        return 1 if gap > 0 else -1
    u, v = place.exact_value(), other.exact_value()
    same = u is not None and v is not None and agree(u, v, [], {})
    return 0 if same or _mirrored(place, other, places) else None


def _mirrored(place: Place, other: Place, places: list[Place]) -> bool:
    """Whether the loss is even, and of a complete list only the place can be the other's mirror image."""
    question, image = place.question, [-b for b in other.ball]
    near = [p for p in places if not p.ball or all(a.overlaps(b) for a, b in zip(p.ball, image, strict=True))]
    if question.loss is None or question.domain is None or len(near) != 1 or near[0] is not place:
        return False
    with contextlib.suppress(Refused, ArithmeticError, ValueError):
        turned = substitute(question.loss, {x: mul(MINUS, x) for x in question.unknowns})
        even = agree(question.loss, turned, question.unknowns, question.columns)
        return bool(even) and question.given.inside(image)
    return False
