"""Exponentials as positive unknowns: with t = exp(scale*form) the derivatives of a loss are rational functions.

``exponential_eliminant`` names a polynomial that vanishes at every real critical point, with cofactors as evidence;
``descent_direction`` names a direction along which the loss falls everywhere, so that it has no critical point.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flint import acb, arb, ctx, fmpq, fmpz_mpoly, fmpz_poly

from closedform.kernel import reading
from closedform.kernel.algebra.exponentials import Field, Key
from closedform.kernel.expressions.balls import evaluate
from closedform.kernel.expressions.infix import infix
from closedform.kernel.expressions.rows import column_text
from closedform.kernel.expressions.tree import ZERO, Tree, as_integer, differentiate, mul, read, scoped
from closedform.kernel.reading import Json, fields, refuse

_CONSTANT = re.compile(r"log\([1-9][0-9]*\)|pi\(\)|e\(\)")


@dataclass
class Setting:
    """The statement with the substitution of the claim, read."""

    field: Field
    loss: Tree
    unknowns: list[str]
    words: str  # the substitution
    given: str  # what the statement adds to the loss: positive unknowns, the data


def _setting(statement: dict[str, Json], claim: dict[str, Json]) -> Setting:
    given = fields(statement, ("loss", "unknowns"), ("columns", "relations"))
    loss, unknowns = read(given["loss"]), reading.names(given["unknowns"], "unknowns")
    columns = reading.columns(given.get("columns", {}), unknowns)
    scoped(loss, set(unknowns), columns, unknowns)
    scales: dict[Key, tuple[str, fmpq]] = {}
    words = list[str]()
    for item in reading.sequence(claim["substitution"], "the substitution", 100):
        one = fields(item, ("form", "name", "scale"))
        form = tuple(sorted(reading.text(n, "a form", 200) for n in reading.sequence(one["form"], "a form", 10)))
        if form in scales:
            refuse("a form is substituted twice")
        scales[form] = (reading.name(one["name"], "a name"), reading.rational(one["scale"], "a scale"))
        words.append(f"{scales[form][0]} = exp({scales[form][1]}*{'*'.join(form)})")
    own = [reading.text(n, "a name", 200) for n in reading.sequence(claim["names"], "names", 100)]
    new = {t for t, _ in scales.values()}
    if new & {*unknowns, *columns} or any(
        n not in unknowns and not _CONSTANT.fullmatch(n) for n in (*own, *(n for form in scales for n in form))
    ):
        refuse("a generator bears a name of the problem, or a name is none of the problem's")
    if any(s == 0 for _, s in scales.values()) or not scales:
        refuse("a scale is zero, or nothing is substituted")
    field = Field(scales, own, columns)
    positive = list[str]()
    for item in reading.sequence(given.get("relations", []), "relations", 1000):
        op, x, zero = reading.sequence(item, "a relation", 3)
        if op != ">" or x not in unknowns or zero != "0":
            refuse("only unknowns that are positive are followed here")
        positive.append(str(x))
    field.positive |= {n for n in own if _CONSTANT.fullmatch(n) and n != "log(1)"} | set(positive)
    parts = [f"where {x} > 0" for x in positive] + [column_text(x, c) for x, c in columns.items()]
    return Setting(field, loss, unknowns, ", ".join(words), f" ({'; '.join(parts)})" if parts else "")


def check_eliminant(statement: dict[str, Json], claim: dict[str, Json], evidence: dict[str, Json]) -> str:
    """A polynomial vanishes at every real critical point: sum of cofactors times numerators = it times nonvanishing ones."""
    fields(claim, ("kind", "substitution", "names", "polynomial"), ("roots",))
    fields(evidence, ("cofactors", "nonvanishing"))
    setting = _setting(statement, claim)
    field, loss, unknowns, words = setting.field, setting.loss, setting.unknowns, setting.words
    goal, left = field.polynomial(claim["polynomial"]), field.one * 0
    right = goal
    for item in reading.sequence(evidence["nonvanishing"], "the nonvanishing factors", 1000):
        factor = field.polynomial(item)
        if factor.is_zero():
            refuse("a factor is zero everywhere")
        if not (field.sign(factor) or factor.is_constant() or divmod(goal, factor)[1].is_zero()):
            roots_in(field, factor, [])
        right *= factor
    cofactors = reading.sequence(evidence["cofactors"], "cofactors")
    if goal.is_zero() or len(cofactors) != len(unknowns):
        refuse("one cofactor for each unknown is needed, and a polynomial that is not zero")
    for u, c in zip(unknowns, cofactors, strict=True):
        left += field.polynomial(c) * field.quotient(differentiate(loss, u), {})[0]
    if left != right:
        refuse("the cofactors do not combine the derivatives to the polynomial")
    if goal.is_constant():
        return f"{infix(loss)} has no real critical point in {', '.join(unknowns)}{setting.given}, with {words}"
    said = (
        f"with {words}, every real critical point of {infix(loss)} in {', '.join(unknowns)}{setting.given} "
        f"has {field.infix(goal)} = 0"
    )
    if "roots" not in claim:
        return said
    if [*field.scales] != [tuple(unknowns)] or field.names[1:] or not field.polynomial(cofactors[0]).is_one():
        refuse("roots are only counted for one unknown, where every root is a critical point")
    found = roots_in(field, goal, claim["roots"])
    _defined_at(setting, claim["roots"])
    return f"{said}, and has exactly {found} such point{'' if found == 1 else 's'}, one for each given interval of {field.names[0]}"


def _defined_at(setting: Setting, intervals: Json) -> None:
    """The loss, as written, has a real value at every root: refused where balls do not show it."""
    ((_, (_, scale)),) = setting.field.scales.items()
    for low, high in (reading.sequence(i, "an interval", 2) for i in reading.sequence(intervals, "roots")):
        with ctx.workprec(400):
            t = arb(reading.decimal(low, "an end")).union(arb(reading.decimal(high, "an end")))
            values = {setting.unknowns[0]: t.log() / arb(scale)}
            if not evaluate(setting.loss, values, setting.field.columns).is_finite():
                refuse("it is open whether the loss, as written, is defined at a root")


def roots_in(field: Field, goal: fmpz_mpoly, intervals: Json) -> int:
    """The number of positive roots, when each of the disjoint positive intervals holds exactly one and none is outside."""
    if goal.is_zero():
        refuse("a polynomial is zero everywhere")
    used = [i for i, d in enumerate(goal.degrees()) if d > 0] or [0]
    if len(used) > 1 or field.names[used[0]] not in field.positive:
        refuse(f"not a polynomial in one positive generator: {field.infix(goal)[:200]}")
    dense = [0] * (goal.degrees()[used[0]] + 1)
    for m, c in zip(goal.monoms(), goal.coeffs(), strict=True):
        dense[m[used[0]]] = int(c)
    f = fmpz_poly(dense)
    f = f // f.gcd(f.derivative()) if f.degree() > 0 else f
    above = 0
    found: Any = f.complex_roots() if f.degree() > 0 else []
    for z in (acb(root) for root, _ in found):
        if z.imag.is_zero() and not (z.real < 0 or z.real.is_zero()):
            if not z.real > 0:
                refuse("the sign of a root is open")
            above += 1
    last = ZERO
    listed = [reading.sequence(i, "an interval", 2) for i in reading.sequence(intervals, "roots", 10_000)]
    for pair in listed:
        low, high = (reading.decimal(v, "an end") for v in pair)
        if not last < low <= high or not (f(low) * f(high) < 0 or (low == high and f(low) == 0)):
            refuse("the intervals are not disjoint, positive and ascending with a change of sign")
        last = high
    if len(listed) != above:
        refuse(f"{above} positive roots, {len(listed)} intervals")
    return len(listed)


def check_descent(statement: dict[str, Json], claim: dict[str, Json], evidence: dict[str, Json]) -> str:
    """The slope of the loss along the direction is negative everywhere, so it has no critical point.

    The slope of log(sum of positive exponentials) lies between the least and the largest slope of the exponents,
    strictly where these differ; linear parts and logarithms together must not rise, nor any positive exponential.
    """
    fields(claim, ("kind", "substitution", "names", "direction"))
    fields(evidence, ())
    setting = _setting(statement, claim)
    field, loss, unknowns = setting.field, setting.loss, setting.unknowns
    direction = {
        n: reading.rational(v, "a component") for n, v in reading.mapping(claim["direction"], "direction").items()
    }
    if not set(direction) <= set(unknowns):
        refuse("the direction names something that is no unknown")
    total, strict = ZERO, False
    for factor, part, values in summands(loss, fmpq(1), {}, field):
        linear, ups, downs = slopes(part, values, field, direction)
        if linear is not None:
            total += factor * linear
        elif isinstance(part, tuple) and part[0] == "log":
            total += factor * (max(ups) - min(downs) if factor > 0 else min(ups) - max(downs))
            strict = strict or min(ups) < max(ups) or min(downs) < max(downs)
        elif factor < 0 or len(downs) > 1 or max(ups) > downs[0]:
            refuse(f"a summand may rise along the direction: {infix(part)[:200]}")
        else:
            strict = strict or min(ups) < downs[0]
    if total > 0 or not (strict or total < 0):
        refuse("the loss may rise or stay along the direction")
    along = ", ".join(f"{u}: {v}" for u, v in direction.items())
    return (
        f"{infix(loss)}{setting.given} has no critical point and no minimum: "
        f"wherever it is defined it falls along the direction ({along})"
    )


def slopes(
    part: Tree, values: Mapping[str, fmpq], field: Field, direction: Mapping[str, fmpq]
) -> tuple[fmpq | None, list[fmpq], list[fmpq]]:
    """The slope of a linear part; else those of the exponents above and below in (the logarithm of) positive exponentials."""
    head, inside = (str(part[0]), part[1]) if isinstance(part, tuple) else ("", part)
    if head in ("+", "*", "") or (head == "log" and isinstance(inside, fmpq)):
        try:
            form = field.expand(part, values)
        except reading.Refused:
            form = {("", ""): ZERO}
        if all(len(k) < 2 for k in form):
            return sum((c * direction.get(k[0], ZERO) for k, c in form.items() if k), ZERO), [], []
    above, below = field.quotient(inside if head == "log" else part, values)
    if (
        field.sign(above) != 1
        or field.sign(below) != 1
        or any(len(k) != 1 for k in field.scales)
        or len(field.names) > len(field.scales)
    ):
        refuse(f"not built from positive exponentials: {infix(part)[:200]}")
    weights = [scale * direction.get(k[0], ZERO) for k, (_, scale) in field.scales.items()]
    ups, downs = (
        [sum((w * int(e) for w, e in zip(weights, m, strict=True)), ZERO) for m in p.monoms()] for p in (above, below)
    )
    return None, ups, downs


def summands(
    tree: Tree, factor: fmpq, values: dict[str, fmpq], field: Field
) -> list[tuple[fmpq, Tree, dict[str, fmpq]]]:
    """The tree as a sum of rational factors times parts, sums over rows written out."""
    if isinstance(tree, tuple) and tree[0] == "+":
        return [s for a in tree[1:] for s in summands(a, factor, values, field)]
    if isinstance(tree, tuple) and tree[0] == "*":
        rest = list[Tree]()
        for a in tree[1:]:
            number = (
                a if isinstance(a, fmpq) else field.entry(a, values) if isinstance(a, tuple) and a[0] == "@" else None
            )
            factor, rest = (factor * number, rest) if number is not None else (factor, [*rest, a])
        if factor == 0:
            return []
        return [(factor, mul(*rest), values)] if len(rest) != 1 else summands(rest[0], factor, values, field)
    if isinstance(tree, tuple) and tree[0] == "sum":
        low, high = (as_integer(field.expand(a, values).get((), ZERO)) for a in tree[2:4])
        if low is None or high is None or high - low > reading.MAX_ITEMS:
            refuse("a sum has no bounds that are numbers")
        return [
            s for i in range(low, high + 1) for s in summands(tree[4], factor, {**values, str(tree[1]): fmpq(i)}, field)
        ]
    return [(factor, tree, values)]
