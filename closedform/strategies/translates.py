"""Translations that keep a system: the same equations and the same domain, as written, after a whole number of periods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from closedform.algebra.bridge import NoTranslation, from_tree, to_sympy
from closedform.algebra.later import sp
from closedform.algebra.sampling import Sample, real_ball, tree_of
from closedform.enclosures.line.circles import period_of
from closedform.expression import RELATIONS, to_tree
from closedform.kernel.expressions import tree as kernel
from closedform.kernel.reading import Refused
from closedform.stationarity.location import Requirement

if TYPE_CHECKING:
    from closedform.stationarity.scalar import Stationarity
    from closedform.stationarity.text.system import TextSystem

BITS = 200
MAX_POINTS = 8  # that are tried


def period_in(system: Stationarity, unknown: Any) -> Any:
    """A number by which the unknown may be moved: the equations and the domain as written stay the same; None if none is seen."""
    if unknown.is_nonnegative or unknown.is_nonpositive or unknown.is_nonzero or unknown.is_integer:
        return None
    asked = [r for r in system.domain.own() if unknown.name in r.text_names]
    try:
        trees = [tree_of(e) for e in (*system.equations, *system.nonzero)]
        trees += [kernel.read(to_tree(r.gap)) for r in asked]
    except (NoTranslation, Refused, ValueError):
        return None
    if any(r.guards or r.sums for r in asked):
        return None
    period = period_of(trees, unknown.name)
    return None if period is None else from_tree(kernel.write(period), {})


def keeps(system: Stationarity | TextSystem, shift: Mapping[str, Any], points: Sequence[Mapping[str, Any]]) -> bool:
    """Does the translation keep the domain, and do the equations vanish at the points moved by it?

    The domain is decided by form: what it asks for is the same expression before and after.
    The equations are only held against the points: whoever found the translation has its proof.
    """
    table = {u.name: u for u in system.unknowns}
    return all(_is_kept(r, shift, table) for r in system.domain.own()) and not any(
        _is_refuted(system, shift, p) for p in points[:MAX_POINTS]
    )


def _is_kept(r: Requirement, shift: Mapping[str, Any], table: Mapping[str, Any]) -> bool:
    """Does it ask the same after the translation? Of "not zero" the sign does not matter."""
    if not set(shift) & r.text_names:
        return not r.guards
    if r.guards or r.sums or r.op not in RELATIONS:
        return False
    try:
        gap = to_sympy(r.gap, table)
    except (NoTranslation, ValueError):
        return False
    moved = sp.expand(gap.subs({table[u]: table[u] + by for u, by in shift.items()}, simultaneous=True))
    return sp.simplify(moved - gap) == 0 or (r.op in ("!=", "=") and sp.simplify(moved + gap) == 0)


def _is_refuted(system: Stationarity | TextSystem, shift: Mapping[str, Any], point: Mapping[str, Any]) -> bool:
    """Is the point, moved, no solution?"""
    there = {
        u: sp.sympify(point[u.name]) + sp.sympify(shift.get(u.name, 0)) for u in system.unknowns if u.name in point
    }
    if any(v.free_symbols for v in there.values()):
        return False
    values = [real_ball(e.subs(there, simultaneous=True), Sample({}, {}), BITS) for e in system.equations]
    return any(v is not None and not v.contains(0) for v in values)
