"""Formulas for zeros that are enclosed: candidates by changes of variable, whole turns from the enclosure, and a proof.

The candidates of ``calculus.inversion`` for a function are all its zeros where no obstacle stands in the way (of circular
functions, all in one turn). A zero that is known to exist then equals one of them, and the only one that lies where it
lies is it; otherwise the kernel must reduce the function to zero at the candidate.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd, lcm
from typing import Any

import sympy as sp
from flint import arb, ctx, fmpq

from closedform.algebra import bridge
from closedform.algebra.sampling import tree_of
from closedform.budget import Budget
from closedform.calculus.roots.inversion import real_roots
from closedform.calculus.signs import KnownSigns
from closedform.enclosures.line.cells import value_at
from closedform.enclosures.line.functions import vanishes
from closedform.enclosures.line.spots import Spot
from closedform.errors import ClosedFormError
from closedform.frozen import record
from closedform.kernel.expressions import tree as kernel
from closedform.kernel.expressions.tree import Tree, add, mul, power
from closedform.kernel.reading import Refused
from closedform.stationarity.location import real_value

MAX_OPS = 400
FINE = 700  # bits at which candidates are told apart
FAULTS = (ClosedFormError, ArithmeticError, ValueError, TypeError, NotImplementedError, RecursionError, KeyError)


@record
class _Candidates:
    """``values`` of the unknown, or of ``inner`` modulo ``turn``; ``all``: proved to be all."""

    values: tuple[Any, ...]
    all: bool
    inner: Any = None
    turn: Any = None


def add_formulas(spots: Sequence[Spot], budget: Budget) -> None:
    """Give each spot that is a zero of a known function its ``formula``, where one is found and proved."""
    known = dict[Tree, _Candidates | None]()
    for spot in spots:
        f = _function(spot)
        if f is None or spot.exact is not None or spot.formula is not None:
            continue
        if f not in known:
            known[f] = _candidates(f, spot.x, budget)
        found = known[f]
        if found is not None:
            budget.check()
            spot.formula = _matching(spot, f, found, budget)


def _function(spot: Spot) -> Tree | None:
    """A function of which the spot is a simple zero."""
    if spot.poly is not None:
        return add(*(mul(fmpq(c), power(spot.x, fmpq(i))) for i, c in enumerate(spot.poly[0].coeffs())))
    return None if spot.defining is None or spot.defining[1] else spot.defining[0]


def _candidates(f: Tree, x: str, budget: Budget) -> _Candidates | None:
    """The zeros of a function by changes of variable; None where nothing was found."""
    symbol = sp.Symbol(x, real=True)
    try:
        expr: Any = bridge.from_tree(kernel.write(f), {x: symbol})
        if sp.count_ops(expr) > MAX_OPS:
            return None
        inner, turn, equation, unknown = _turning(expr, symbol)
        found = real_roots(equation, unknown, KnownSigns(), budget=budget)
        if found.everywhere:
            return None
        values = tuple(v for v in found.values if not v.free_symbols)
        return _Candidates(values, not (found.obstacles or found.placeholders), inner, turn) if values else None
    except (*FAULTS, Refused, bridge.NoTranslation):
        return None


def _turning(expr: Any, x: Any) -> tuple[Any, Any, Any, Any]:
    """(u, turn, equation in a symbol for u, the symbol) where all the unknowns stand in circular functions of k*u."""
    args = sorted({a.args[0] for a in expr.atoms(sp.sin, sp.cos, sp.tan) if x in a.free_symbols}, key=sp.count_ops)
    plain = (None, None, expr, x)
    if not args:
        return plain
    ratios = list[Any]()
    for a in args:
        ratio = sp.simplify(a / args[0])
        if not ratio.is_Rational:
            return plain
        ratios.append(ratio)
    unit = sp.Rational(gcd(*(int(r.p) for r in ratios)), lcm(*(int(r.q) for r in ratios)))
    inner, u = args[0] * unit, sp.Symbol("turning", real=True)
    equation = expr.xreplace(
        {
            f: f.func(r / unit * u)
            for f in expr.atoms(sp.sin, sp.cos, sp.tan)
            for a, r in zip(args, ratios, strict=True)
            if f.args[0] == a
        }
    )
    if x in equation.free_symbols:
        return plain
    return inner, 2 * sp.pi, sp.expand_trig(equation), u


def _matching(spot: Spot, f: Tree, found: _Candidates, budget: Budget) -> Any:
    """The candidate that is this zero, proved; None where there is none."""
    fits = list[Any]()
    for value in _values(spot, found, budget):
        ball = real_value(value, FINE)
        if ball is None:
            continue
        if ball.overlaps(spot.at(FINE)) and not any(sp.simplify(value - w) == 0 for w in fits):
            fits.append(value)
    if len(fits) == 1 and found.all:
        return fits[0]
    for value in sorted(fits, key=sp.count_ops):
        try:
            if vanishes(f, spot.x, tree_of(value)) and spot.ball.overlaps(spot.at(FINE)):
                return value
        except (*FAULTS, Refused, bridge.NoTranslation):
            continue
    return None


def _values(spot: Spot, found: _Candidates, budget: Budget) -> list[Any]:
    """Candidates for the unknown itself, the turns counted by the enclosure of the inner function."""
    if found.inner is None:
        return list(found.values)
    x, out = sp.Symbol(spot.x, real=True), list[Any]()
    try:
        where = value_at(spot, tree_of(found.inner), FINE)
        if where is None:
            return []
        for value in found.values:
            ball = real_value(value, FINE)
            if ball is None:
                continue
            with ctx.workprec(FINE + 40):
                turns = (where - ball) / (2 * arb.pi())
            k = turns.unique_fmpz()
            if k is None:
                continue
            level = value + int(k) * found.turn
            if found.inner.is_polynomial(x) and sp.degree(found.inner, x) == 1:
                a, b = sp.Poly(found.inner, x).all_coeffs()
                out.append(sp.expand((level - b) / a))
            else:
                out += [
                    v
                    for v in real_roots(found.inner - level, x, KnownSigns(), budget=budget).values
                    if not v.free_symbols
                ]
    except (*FAULTS, Refused, bridge.NoTranslation):
        return out
    return out
