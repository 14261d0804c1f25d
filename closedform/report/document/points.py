"""A critical point in words: where it is, how high the loss is there, of which kind it is."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from itertools import combinations

from closedform.points import CriticalPoint
from closedform.problem import Problem
from closedform.report.document.blocks import Equation, Inline, Line, Math
from closedform.report.document.textbook import conditions, textbook
from closedform.report.expressions import text_of
from closedform.report.numbers import loss_at

PLAIN = 6  # characters of a fraction that is shown without decimals
OPERATORS = ("=", "!=", "<", "<=", ">", ">=")
STRICT = ("<", ">")
MOST_ALTERNATIVES = 12  # that are held against each other
MOST_CONDITIONS = 120  # characters of the conditions of a point in the short report
LONG = 40  # characters of an exact value after which its decimals are easier to read


def names_of(point: CriticalPoint) -> list[str]:
    return list(point.exact or point.numeric or ())


def together(points: Sequence[CriticalPoint]) -> list[list[CriticalPoint]]:
    """The points by what they are written as: one expression may be a point of several kinds, each under its conditions.

    >>> least, greatest = (CriticalPoint(kind=k) for k in ("global minimum", "global maximum"))
    >>> [[p.kind for p in cases] for cases in together([least, greatest])]
    [['global minimum', 'global maximum']]
    """
    out = dict[object, list[CriticalPoint]]()
    for p in points:
        key = tuple((u, text_of(v)) for u, v in (p.exact or p.numeric or {}).items())
        out.setdefault(key, []).append(p)
    return list(out.values())


def when(problem: Problem, cases: Sequence[CriticalPoint]) -> str:
    """``when a > 0 and b != 0 or a = 0``; empty where one has no conditions, and short where they are long."""
    alternatives = alternately([tuple(conditions(problem, p.conditions)) for p in cases])
    parts = [" and ".join(each) for each in alternatives]
    if not all(parts):
        return ""
    if any(len(each) > MOST_CONDITIONS for each in parts):
        return "when the conditions hold that the full report lists"
    return f"when {' or when '.join(parts)}"


def alternately(cases: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The alternatives, those put together that differ in one comparison: ``b > 0`` or ``b = 0`` is ``b >= 0``.

    >>> alternately([("b > 0", "a > 0"), ("b > 0", "a = 0"), ("b = 0", "a > 0")])
    [('b > 0', 'a >= 0'), ('b >= 0', 'a > 0')]
    """
    now = list(dict.fromkeys(cases))
    while len(now) <= MOST_ALTERNATIVES:
        merged, used = list[tuple[str, ...]](), set[int]()
        for (i, one), (j, other) in combinations(enumerate(now), 2):
            left, right = [c for c in one if c not in other], [c for c in other if c not in one]
            if len(left) == len(right) == 1 and len(one) == len(other) and (weak := _either(left[0], right[0])):
                merged.append(tuple(weak if c == left[0] else c for c in one))
                used |= {i, j}
        if not merged:
            break
        now = list(dict.fromkeys([*merged, *(c for i, c in enumerate(now) if i not in used)]))
    return [c for c in now if not any(set(d) < set(c) for d in now)]


def _either(one: str, other: str) -> str:
    """The comparison that holds where one of two with the same sides does, empty where there is none."""
    for first, second in ((one, other), (other, one)):
        left, op, right = _sides(first)
        again = _sides(second)
        if again[1] == "=" and op in STRICT and {left, right} == {again[0], again[2]}:
            return f"{left} {op}= {right}"
        if op == "<" and again == (left, ">", right):
            return f"{left} != {right}"
    return ""


def _sides(comparison: str) -> tuple[str, str, str]:
    left, _, rest = comparison.partition(" ")
    while rest and rest.split(" ", 1)[0] not in OPERATORS:
        more, _, rest = rest.partition(" ")
        left = f"{left} {more}"
    op, _, right = rest.partition(" ")
    return left, op, right


def coordinate(point: CriticalPoint, unknown: str, digits: int | None = None, whole: bool = False) -> Inline:
    """``unknown = exact ≈ decimal``; an exact value too long for a sentence is left out, unless the ``whole`` is wanted."""
    exact = point.exact.get(unknown) if point.exact else None
    decimal = point.numeric.get(unknown) if point.numeric else None
    radius = point.radius.get(unknown) if point.radius else None
    if exact is not None and text_of(exact) == unknown:
        return f"any {unknown}"
    if exact is not None and _is_plain(exact):
        return Equation(unknown, exact)
    if digits is not None and decimal is not None:
        shown = exact if whole or exact is None or len(text_of(exact)) <= 2 * LONG else None
        return Equation(unknown, shown, shortened(decimal, digits), None)
    return Equation(unknown, textbook(exact), decimal, radius)


def _is_plain(exact: object) -> bool:
    """A fraction so short that its decimals would say nothing."""
    return len(text_of(exact)) <= PLAIN and bool(getattr(exact, "is_Rational", False))


def shortened(decimal: str, digits: int) -> str:
    """A decimal text to that many significant digits, for reading only.

    >>> shortened("-0.70710678118654752440", 8), shortened("2", 8)
    ('-0.70710678', '2')
    """
    try:
        value = Decimal(decimal)
    except InvalidOperation:
        return decimal
    if len(value.as_tuple().digits) <= digits:
        return decimal
    return f"{value:.{digits}g}"


def equation(point: CriticalPoint, unknown: str, digits: int | None = None) -> Line:
    """One coordinate, exact and in decimals (all of them with their radius if no ``digits`` are given).

    Of a long fraction the decimals and the size.
    """
    size = _exactly(point, unknown, bool(point.numeric))
    if isinstance(size, str) and size:
        decimal, radius = (point.numeric or {}).get(unknown), (point.radius or {}).get(unknown)
        if digits is not None and decimal is not None:
            decimal, radius = shortened(decimal, digits), None
        return (Equation(unknown, None, decimal, radius), f", exactly {size}")
    return (coordinate(point, unknown, digits, whole=True),)


def row(point: CriticalPoint, unknown: str, digits: int | None = None) -> tuple[Inline, ...]:
    value, exact = (point.numeric or {}).get(unknown, ""), _exactly(point, unknown, bool(point.numeric))
    if digits is not None:
        return unknown, shortened(value, digits) if value else "", exact
    return unknown, value, (point.radius or {}).get(unknown, ""), exact


def _exactly(point: CriticalPoint, unknown: str, beside: bool) -> Inline:
    """The exact coordinate for a table; of a fraction too long to read, with its value ``beside`` it, the size."""
    exact = point.exact.get(unknown) if point.exact else None
    if exact is None:
        return ""
    if beside and exact.is_Rational and len(text_of(exact)) > LONG:
        above, _, below = text_of(exact).lstrip("-").partition("/")
        return f"a fraction of {len(above)} over {len(below)} digits"
    return Math(textbook(exact))


def height(problem: Problem, point: CriticalPoint, digits: int = 12) -> Line:
    """The loss at a point: exact where it is known and short, and as a certified decimal."""
    exact, decimal = point.loss, None
    if exact is not None and not exact.is_Rational and exact.is_Float:
        exact, decimal = None, shortened(str(exact), digits)
    long = exact is not None and len(text_of(exact)) > LONG
    if exact is None or long or (exact.is_number and not exact.is_Rational):
        decimal = loss_at(problem, point, digits) or decimal
    if exact is not None and (not long or (decimal is None and len(text_of(exact)) <= 3 * LONG)):
        return (Math(textbook(exact)), "" if decimal is None else f" ≈ {decimal}")
    return (f"≈ {decimal}",) if decimal is not None else ()


def description(problem: Problem, point: CriticalPoint, digits: int = 12) -> Line:
    """The kind of a point and what is known of it, the loss there with that many digits."""
    plain = "not classified" if problem.loss is not None else "a solution"
    parts: list[Inline] = [point.kind if point.kind != "unclassified" else plain]
    value = height(problem, point, digits)
    if value:
        parts += [", loss ", *value]
    if point.inertia is not None and sum(point.inertia) > 1:
        plus, minus, zero = point.inertia
        signs = [f"{k} {word}" for k, word in ((plus, "positive"), (minus, "negative"), (zero, "zero")) if k]
        parts.append(f", Hessian eigenvalues: {', '.join(signs)}")
    if point.multiplicity is not None and point.multiplicity > 1:
        parts.append(f", a solution of multiplicity {point.multiplicity}")
    if point.expression_class is None and point.exact is None:
        parts.append(", numbers only")
    return tuple(parts)


def separated(equations: Sequence[Inline]) -> Line:
    out: list[Inline] = []
    for i, e in enumerate(equations):
        out += [", ", e] if i else [e]
    return tuple(out)
