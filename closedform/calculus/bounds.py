"""Bounds of an expression from bounds of its names, exactly: what its form shows, or None.

Used where a ball would not do: the least value of a sum of squares and waves is compared with a loss exactly, and the
turns of an angle are counted from the range of its argument.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sympy as sp

Bounds = Mapping[
    Any, tuple[Any, Any]
]  # the least and the largest value of an unknown, exactly; None where there is none


def floor_of(loss: Any, unknowns: Sequence[Any], bounds: Bounds | None = None) -> Any:
    """A number, exactly, that the loss is nowhere less than within the bounds; None where its form shows none.

    >>> x, y = sp.symbols("x y", real=True)
    >>> floor_of((x**2 - y)**2 + sp.sqrt(2)*sp.cos(x) + sp.cosh(x*y), (x, y))
    1 - sqrt(2)
    """
    return end_of(sp.sympify(loss), {u: (bounds or {}).get(u, (None, None)) for u in unknowns}, -1)


def end_of(e: Any, own: Bounds, side: int) -> Any:
    """A bound of the expression below (side -1) or above (1), as an exact number; None where its form shows none."""
    if e in own:
        return own[e][0 if side < 0 else 1]
    if not e.free_symbols & own.keys():
        return e if e.is_number and e.is_real else None
    if isinstance(e, sp.Add):
        parts = [end_of(t, own, side) for t in e.args]
        return None if any(p is None for p in parts) else sp.Add(*parts)
    if isinstance(e, sp.Mul):
        c, rest = e.as_independent(*own, as_Add=False)
        if c != 1:
            inner = end_of(rest, own, side if c.is_positive else -side) if c.is_positive or c.is_negative else None
            return None if inner is None else c * inner
        ends = [(end_of(f, own, -1), end_of(f, own, 1)) for f in e.args]
        if any(low is None or high is None for low, high in ends):
            known = all(low is not None and low.is_nonnegative for low, _ in ends)
            return sp.S.Zero if known and side < 0 else None
        sizes = [sp.Max(sp.Abs(low), sp.Abs(high)) for low, high in ends]
        return sp.S.Zero if side < 0 and all(low.is_nonnegative for low, _ in ends) else side * sp.Mul(*sizes)
    if isinstance(e, (sp.sin, sp.cos, sp.tanh, sp.erf)):
        return sp.Integer(side)
    if isinstance(e, (sp.Max, sp.Min)):
        parts = [end_of(t, own, side) for t in e.args]
        if all(p is not None for p in parts):
            return e.func(*parts)
        known = [p for p in parts if p is not None]
        useful = isinstance(e, sp.Max) == (side < 0)
        return e.func(*known) if known and useful else None
    return _end_of_function(e, own, side)


def _end_of_function(e: Any, own: Bounds, side: int) -> Any:
    if isinstance(e, sp.cosh):
        return sp.S.One if side < 0 else None
    if isinstance(e, sp.Abs) or (isinstance(e, sp.Pow) and e.exp.is_Integer and e.exp.is_even and e.exp.is_positive):
        inner = e.args[0]
        low = end_of(inner, own, -1)
        if side < 0:
            return e.func(low, *e.args[1:]) if low is not None and low.is_positive else sp.S.Zero
        high = end_of(inner, own, 1)
        return None if low is None or high is None else e.func(sp.Max(sp.Abs(low), sp.Abs(high)), *e.args[1:])
    if isinstance(e, sp.Pow) and e.exp.is_Integer and e.exp.is_odd and e.exp.is_positive:
        inner = end_of(e.base, own, side)
        return None if inner is None else inner**e.exp
    if isinstance(e, sp.exp):
        inner = end_of(e.args[0], own, side)
        return sp.exp(inner) if inner is not None else sp.S.Zero if side < 0 else None
    if isinstance(e, sp.log):
        inner = end_of(e.args[0], own, side)
        return sp.log(inner) if inner is not None and inner.is_positive else None
    if isinstance(e, sp.Pow) and e.exp.is_number:
        low, high = end_of(e.base, own, -1), end_of(e.base, own, 1)
        if e.exp.is_positive and not e.exp.is_integer:
            if side < 0:
                return low**e.exp if low is not None and low.is_positive else sp.S.Zero
            return high**e.exp if high is not None and high.is_nonnegative else None
        if e.exp.is_negative and low is not None and low.is_positive:
            if side > 0:
                return low**e.exp
            return high**e.exp if high is not None else sp.S.Zero
    return None


def bounds_of(x: Any, relations: Iterable[Any]) -> tuple[Any, Any]:
    """The greatest lower and the least upper bound of x that relations state with x alone on one side; None where none is.

    >>> x, a, b = sp.symbols("x a b", real=True)
    >>> bounds_of(x, [x >= a, x > b, x < 3, x <= 7])
    (Max(a, b), 3)
    """
    lower, upper = all_bounds(x, relations)
    return (
        sp.Max(*(b for b, _ in lower)) if lower else None,
        sp.Min(*(b for b, _ in upper)) if upper else None,
    )


def all_bounds(x: Any, relations: Iterable[Any]) -> tuple[list[tuple[Any, bool]], list[tuple[Any, bool]]]:
    """Every lower and every upper bound of x, each with whether it is attained."""
    lower, upper = dict[tuple[Any, bool], None](), dict[tuple[Any, bool], None]()
    if x.is_nonnegative:
        lower[sp.S.Zero, not x.is_positive] = None
    if x.is_nonpositive:
        upper[sp.S.Zero, not x.is_negative] = None
    for r in relations:
        if not hasattr(r, "rel_op") or r.rel_op in ("==", "!="):
            continue
        a, b, greater = r.lhs, r.rhs, r.rel_op in (">", ">=")
        if b == x:
            a, b, greater = b, a, not greater
        if a != x or x in b.free_symbols:
            continue
        (lower if greater else upper)[b, r.rel_op in (">=", "<=")] = None
    return list(lower), list(upper)
