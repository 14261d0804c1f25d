"""A domain as written against paths and boxes: where the loss escapes to within it, and whether it holds a box."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flint import arb

from closedform.algebra import bridge
from closedform.attempt import Finding, finding
from closedform.enclosures.paths import Gap, PathLimit, lowest_limit
from closedform.enclosures.ranges import Range, range_of
from closedform.expression import to_tree
from closedform.kernel.expressions import tree as kernel
from closedform.kernel.expressions.tree import MINUS, mul
from closedform.kernel.reading import Refused
from closedform.stationarity.location import Requirement
from closedform.stationarity.scalar import Stationarity

MAX_NEAR = 4


def escape(
    system: Stationarity, loss: Any, unknowns: Sequence[Any], near: Sequence[Mapping[str, arb]]
) -> PathLimit | None:
    """The lowest limit of the loss found along paths that stay in the system's domain; None where none is proved."""
    gaps = _gaps(system)
    if gaps is None:
        return None
    origin = {u.name: arb(0) for u in unknowns}
    return lowest_limit(loss, unknowns, [*near[:MAX_NEAR], origin], gaps)


def requirement_holds(r: Requirement, box: Mapping[str, Range]) -> bool:
    """Whether all of a box is proved to meet what a domain asks; what guards it is left aside."""
    if r.sums:
        return False
    try:
        gap = range_of(kernel.read(to_tree(r.gap)), box)
    except (Refused, ValueError):
        return False
    if not gap.everywhere:
        return False
    return {
        ">": gap.low > 0,
        ">=": gap.low >= 0,
        "<": gap.high < 0,
        "<=": gap.high <= 0,
        "!=": gap.excludes_zero(),
        "finite": True,
    }.get(r.op, False)


def unbounded(system: Stationarity, limit: PathLimit | None) -> Finding | None:
    """The finding that the loss is unbounded below, where the path shows it."""
    if limit is None or limit.limit != "-oo":
        return None
    return finding("unbounded below", where=along(limit, [u.name for u in system.unknowns]))


def along(limit: PathLimit, names: Sequence[str]) -> str:
    """The path in words, in a letter that is no unknown."""
    t = next(letter for letter in ("t", "s", "tau", "sigma", "_t") if letter not in names)
    path = ", ".join(f"{name} = {value.replace('t', t)}" for name, value in limit.path)
    return f" along {path} as {t} -> oo"


def _gaps(system: Stationarity) -> list[Gap] | None:
    """What the domain asks, as trees that must be positive, not negative, or not zero; None for what is none of these."""
    out = list[Gap]()
    for r in system.domain.own():
        if r.guards or r.sums or r.op not in (">", ">=", "<", "<=", "!="):
            return None
        try:
            tree = kernel.read(to_tree(r.gap))
        except (bridge.NoTranslation, Refused):
            return None
        out.append(Gap(mul(MINUS, tree) if r.op[0] == "<" else tree, r.op.replace("<", ">")))
    return out
