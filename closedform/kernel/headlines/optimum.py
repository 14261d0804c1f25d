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
from closedform.kernel.headlines.reported_points import ReportedPoint
from closedform.kernel.reading import Refused, refuse


def worth(question: Consequences, points: list[ReportedPoint], whole: bool) -> Iterator[Ruling]:
    """Which points are called global: by convexity, or as the best of a complete list, where there is a best."""
    for point in points:
        kind = str(point.claimed.get("kind"))
        if not kind.startswith("global"):
            continue
        if kind not in ("global minimum", "global maximum"):
            yield point.finding("kind", REFUSED, "it is no kind of a point")
            continue
        up = kind == "global maximum"
        sought = up == question.maximised
        rivals = [_compare(point, other, up, points) for other in points if other is not point]
        if -1 in rivals:
            yield point.finding("kind", REFUSED, "another listed point is better")
        elif why := _why_best(point, up, whole and None not in rivals):
            point.proved_best = sought
            yield point.finding("kind", COVERED, f"{kind}: {why}")
        else:
            yield point.finding("kind", SEALED, f"{kind}: nothing here proves it")


def _why_best(point: ReportedPoint, up: bool, best: bool) -> str:
    """A reason why the loss is highest (``up``) or least at the point, "" where none is found."""
    question = point.question
    sought = up == question.maximised
    sign = ONE if sought else MINUS
    if not point.known:
        return ""
    if question.convex(point.where, sign):
        return "the loss is concave" if up else "the loss is convex"
    if sought and point.squares_vanish():
        return "the loss is a sum of squares that are zero there"
    value = _number(point.exact_value())
    height = value if value is not None else point.value()
    if best and height is not None and attained(question, sign, height):
        return f"the loss is {'highest' if up else 'least'} at a critical point, and none is better"
    if sought and value is not None and question.never_less(-value if up else value):
        return "the loss is nowhere better than its value there"
    return ""


def _number(value: Tree | None) -> fmpq | None:
    """The rational number that an expression is, where it reduces to one."""
    with contextlib.suppress(Refused, ArithmeticError, ValueError, RecursionError):
        _, (reduced,) = build([value if value is not None else refuse("it has no value")])
        if reduced.top.is_constant() and reduced.bottom.is_constant():
            zero = reduced.top.is_zero()
            return fmpq(0) if zero else fmpq(reduced.top.leading_coefficient() / reduced.bottom.leading_coefficient())
    return None


def _compare(point: ReportedPoint, other: ReportedPoint, up: bool, points: list[ReportedPoint]) -> int | None:
    """1 where the place is better, 0 where both are equal, -1 where the other is better; None where it is open."""
    a, b = point.value(), other.value()
    if a is None or b is None:
        return None
    gap = a - b if up else b - a
    if gap > 0 or gap < 0:
        return 1 if gap > 0 else -1
    u, v = point.exact_value(), other.exact_value()
    return 0 if (u is not None and v is not None and agree(u, v, [], {})) or _mirrored(point, other, points) else None


def _mirrored(point: ReportedPoint, other: ReportedPoint, points: list[ReportedPoint]) -> bool:
    """Whether the loss is even, and of a complete list only the place can be the other's mirror image."""
    question, image = point.question, [-b for b in other.ball]
    near = [p for p in points if not p.ball or all(a.overlaps(b) for a, b in zip(p.ball, image, strict=True))]
    if question.loss is None or question.domain is None or len(near) != 1 or near[0] is not point:
        return False
    with contextlib.suppress(Refused, ArithmeticError, ValueError):
        turned = substitute(question.loss, {x: mul(MINUS, x) for x in question.unknowns})
        even = agree(question.loss, turned, question.unknowns, question.columns)
        return bool(even) and question.given.inside(image)
    return False
