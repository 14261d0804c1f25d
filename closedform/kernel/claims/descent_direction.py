"""Claim ``descent_direction``: along a direction a loss falls everywhere, so that it has no critical point."""

from __future__ import annotations

from collections.abc import Mapping

from flint import fmpq

from closedform.kernel import reading
from closedform.kernel.algebra.exponentials import Field
from closedform.kernel.claims.exponential_loss import substituted
from closedform.kernel.expressions.infix import infix
from closedform.kernel.expressions.tree import ZERO, Tree, as_integer, mul
from closedform.kernel.reading import Json, Refused, fields, mapping, rational, refuse


def check(statement: dict[str, Json], claim: dict[str, Json], evidence: dict[str, Json]) -> str:
    """The slope of the loss along the direction is negative everywhere, so it has no critical point.

    The slope of log(sum of positive exponentials) lies between the least and the largest slope of the exponents,
    strictly where these differ; linear parts and logarithms together must not rise, nor any positive exponential.
    """
    fields(claim, ("kind", "substitution", "names", "direction"))
    fields(evidence, ())
    setting = substituted(statement, claim)
    field, loss, unknowns = setting.field, setting.loss, setting.unknowns
    direction = {n: rational(v, "a component") for n, v in mapping(claim["direction"], "direction").items()}
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
        except Refused:
            form = {("", ""): ZERO}
        if all(len(k) < 2 for k in form):
            return sum((c * direction.get(k[0], ZERO) for k, c in form.items() if k), ZERO), [], []
    above, below = field.quotient(inside if head == "log" else part, values)
    if field.sign(above) != 1 or field.sign(below) != 1 or any(len(k) != 1 for k in field.scales):
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
