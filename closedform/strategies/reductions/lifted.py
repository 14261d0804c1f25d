"""A point of a smaller problem as a point of the larger one: exact values and numbers for every unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sympy as sp
from flint import arb, ctx

from closedform.algebra import bridge
from closedform.algebra.roots import decimal_text
from closedform.algebra.sampling import Sample, real_ball
from closedform.budget import working_bits
from closedform.expression import substitute
from closedform.frozen import FrozenMap
from closedform.points import CLASSES, CriticalPoint
from closedform.reading.language import parse, unparse
from closedform.stationarity.candidates import expression_class

DIGITS = 30


def balls_of(p: CriticalPoint, bits: int) -> dict[str, arb] | None:
    """The coordinates that a point has, in balls: from its exact values where these are numbers, else from its decimals."""
    out = dict[str, arb]()
    if p.numeric is not None and p.radius is not None:
        with ctx.workprec(bits):
            out = {u: arb(arb(v), arb(p.radius[u])) for u, v in p.numeric.items()}
    for u, v in (p.exact or {}).items():
        sharper = real_ball(sp.sympify(v), Sample({}, {}), bits) if not sp.sympify(v).free_symbols else None
        if sharper is not None:
            out[u] = sharper
    return out or None


def lifted(p: CriticalPoint, values: Mapping[Any, Any], order: Sequence[str], digits: int = DIGITS) -> CriticalPoint:
    """``p`` with the unknowns of ``values`` (expressions in its own unknowns) besides; a ball says what an expression cannot.

    >>> x, y = sp.symbols("x y", real=True)
    >>> p = CriticalPoint(None, FrozenMap({"y": "2.0"}), FrozenMap({"y": "1e-9"}))
    >>> lifted(p, {x: y**2}, ["x", "y"]).numeric["x"][:4]
    '4.00'
    """
    bits = working_bits(digits)
    exact = None
    if p.exact is not None:
        own = dict(p.exact)
        table = {s: sp.sympify(own[s.name]) for v in values.values() for s in v.free_symbols if s.name in own}
        for u, v in values.items():
            put = v.subs(table, simultaneous=True)
            own[u.name] = sp.factor(put) if put.free_symbols and sp.count_ops(put) < 80 else put
        exact = FrozenMap({n: own[n] for n in order}) if set(order) <= set(own) else None
    numeric = radius = None
    at = balls_of(p, bits)
    if at is not None:
        sample = Sample(dict(at), {})
        for u, v in values.items():
            ball = real_ball(v, sample, bits)
            if ball is not None:
                at[u.name] = ball
        if set(order) <= set(at):
            shown = {n: decimal_text(at[n], digits) for n in order}
            numeric = FrozenMap({n: s[0] for n, s in shown.items()})
            radius = FrozenMap({n: s[1] for n, s in shown.items()})
    classes = [expression_class(v) for v in exact.values()] if exact is not None else []
    return replace(
        p,
        exact=exact,
        numeric=numeric,
        radius=radius,
        expression_class=max(classes, key=CLASSES.index) if classes else None,
    )


def with_values(condition: str, values: Mapping[str, Any]) -> str:
    """A condition with values put for whole names.

    >>> with_values("s > 2*ss", {"s": sp.Symbol("a") + 1})
    '1 + a > 2*ss'
    """
    return unparse(substitute(parse(condition), {name: bridge.from_sympy(value) for name, value in values.items()}))
