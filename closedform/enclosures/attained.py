"""Why a smooth loss on the whole space takes a least value: its points of small loss lie in a bounded set.

Three forms are read. A quotient N/D with D > 0 everywhere has a value at most v exactly where N - v*D <= 0, which is a
bounded set when that polynomial tends to infinity. A loss that is a parabola in one unknown, opening upwards for all
values of the others, is least over that unknown at the vertex: what is left is a loss in the others. A sum of terms
p*exp(-q) with polynomials p and q, each q tending to infinity, vanishes at infinity (q outgrows the logarithm of any
polynomial; S. Lojasiewicz, *Ensembles semi-analytiques*, 1965): a negative value is met in a bounded set only.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import sympy as sp
from flint import arb, ctx

from closedform.algebra import bridge
from closedform.attempt import Finding, finding
from closedform.budget import Budget
from closedform.calculus.bounds import floor_of
from closedform.enclosures.coercive import grows

MAX_OPS = 600


def attains(loss: Any, unknowns: Sequence[Any], value: arb, budget: Budget) -> Finding | None:
    """Why the loss, which takes ``value`` somewhere, has a least value on the whole space; None where it is not shown.

    >>> x, y = sp.symbols("x y", real=True)
    >>> attains(sp.expand((x**2 - y)**2 + (x - 1)**2), (x, y), arb(0), Budget.of(5)).about["unknown"]
    'y'
    >>> attains(x/(1 + x**2 + y**2), (x, y), arb(-1)/2, Budget.of(5)).theorem
    'small in a bounded set'
    >>> attains(x**2*y**2 - 2*x*y + x**2, (x, y), arb(-1)/2, Budget.of(5)) is None
    True
    """
    if sp.count_ops(loss) > MAX_OPS:
        return None
    if loss.is_rational_function(*unknowns):
        return _rational(loss, tuple(unknowns), value, budget)
    vanishing = _vanishing(loss, unknowns, budget)
    if vanishing is not None and value < vanishing:
        return finding("exponentials vanish far out")
    return None


def _rational(loss: Any, unknowns: tuple[Any, ...], value: arb, budget: Budget) -> Finding | None:
    top, bottom = (sp.expand(p) for p in sp.fraction(sp.together(loss)))
    if unknowns and floor_of(bottom, unknowns) is None:
        top, bottom = -top, -bottom
    least = floor_of(bottom, unknowns)
    if not unknowns or least is None or not least.is_positive:
        return None
    if not all(c.is_Rational for p in (top, bottom) for c in sp.Poly(p, *unknowns).coeffs()):
        return None
    above = _rational_above(value)
    if above is not None and grows(sp.expand(top - above * bottom), unknowns, budget):
        return finding("tends to infinity") if bottom.is_number else finding("small in a bounded set")
    if not bottom.is_number:
        return None
    for u in unknowns:
        others = tuple(v for v in unknowns if v != u)
        if not others or sp.degree(top, u) != 2:
            continue
        a, b, c = (top.coeff(u, k) for k in (2, 1, 0))
        opens = floor_of(a, others)
        if opens is None or not opens.is_positive:
            continue
        left = sp.cancel((c - b**2 / (4 * a)) / bottom)
        found = _rational(left, others, value, budget)
        if found is not None:
            return finding("at the vertex", unknown=u.name, reason=found)
    return None


def _rational_above(value: arb) -> Any:
    """A rational number a little larger than the value: the set of smaller loss is then not empty."""
    with ctx.workprec(60):
        top = arb(value).upper()
    return sp.Rational(Fraction(float(top)).limit_denominator(1000)) + sp.Rational(1, 100) if top.is_finite() else None


def _vanishing(loss: Any, unknowns: Sequence[Any], budget: Budget) -> arb | None:
    """The limit at infinity of a constant plus terms p*exp(-q), or None."""
    constant = arb(0)
    for term in sp.Add.make_args(sp.expand(loss)):
        if not term.free_symbols & set(unknowns):
            if not isinstance(term, sp.Rational):
                return None
            constant += arb(bridge.flint_rational(term))
            continue
        powers, rest = sp.S.Zero, sp.S.One
        for f in sp.Mul.make_args(term):
            if isinstance(f, sp.exp):
                powers += f.args[0]
            else:
                rest *= f
        if not rest.is_polynomial(*unknowns) or not powers.is_polynomial(*unknowns):
            return None
        if grows(-sp.expand(powers), unknowns, budget) is None:
            return None
    return constant
