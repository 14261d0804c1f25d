"""Root formulas of degree two to four: over all complex numbers, and the real roots by cases of the coefficients.

A case is a formula with its guards, relations between the parameters; the real roots are those of all cases whose guards
hold, and the formula of a case passes through real numbers alone wherever the root is real. (Cardano's formula with
principal roots is real at three real roots, too, but its parts are not.)
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import sympy as sp

from closedform.frozen import record

Case = tuple[Any, tuple[Any, ...]]


def _factored(e: Any) -> Any:
    e = sp.expand(e)
    return sp.factor(e) if len(sp.Add.make_args(e)) <= 40 else e


def quadratic(a: Any, b: Any, c: Any) -> tuple[Any, ...]:
    discriminant = _factored(b**2 - 4 * a * c)
    if not isinstance(discriminant, sp.Mul) or discriminant.is_number:
        root = sp.sqrt(discriminant)
    else:
        root = sp.sqrt(discriminant)
        if isinstance(root, sp.Pow):
            root = sp.sqrt(sp.expand(discriminant))
    low, high = (_shorter((-b + s * root) / (2 * a)) for s in (-1, 1))
    return (low, high)


def _shorter(expr: Any) -> Any:
    candidates = [expr, sp.factor_terms(expr), sp.radsimp(expr) if sp.count_ops(expr) < 60 else expr]
    return min(candidates, key=sp.count_ops)


def cubic(a: Any, b: Any, c: Any, d: Any) -> tuple[Any, ...]:
    """Cardano: -(b + C*w + D/(C*w))/(3a), w the cube roots of one; C may be any cube root that is not zero."""
    if sp.count_ops([a, b, c, d]) > 60:  # written as they stand: expanding would help nobody
        low, high = b**2 - 3 * a * c, 2 * b**3 - 9 * a * b * c + 27 * a**2 * d
        cube, w = sp.root((high + sp.sqrt(high**2 - 4 * low**3)) / 2, 3), (-1 + sp.sqrt(3) * sp.I) / 2
        return tuple(-(b + cube * u + low / (cube * u)) / (3 * a) for u in (sp.S.One, w, sp.conjugate(w)))
    low = _factored(b**2 - 3 * a * c)
    high = _factored(2 * b**3 - 9 * a * b * c + 27 * a**2 * d)
    if low.is_zero:
        base = (
            sp.root(high, 3)
            if high.is_positive
            else -sp.root(-high, 3)
            if high.is_negative
            else sp.sign(high) * sp.root(sp.Abs(high), 3)
        )
        return (-(b + base) / (3 * a),)
    inside = (high + sp.sqrt(sp.expand(high**2 - 4 * low**3))) / 2
    cube = sp.root(inside, 3)
    w = (-1 + sp.sqrt(3) * sp.I) / 2
    return tuple(-(b + cube * u + low / (cube * u)) / (3 * a) for u in (sp.S.One, w, sp.conjugate(w)))


def real_cubic(a: Any, b: Any, c: Any, d: Any) -> list[Case]:
    """The real roots by cases: Cardano with real cube roots where one is simple, by cosines where three are.

    With x = y - b/(3a) and y^3 + p*y + q = 0, D = q^2/4 + p^3/27: for D >= 0 the root u + v, with u and v the real cube
    roots of -q/2 +- sqrt(D), and for D = 0 also 3q/(-2p) twice; for D < 0 the three 2*sqrt(-p/3)*cos((w + 2*pi*k)/3),
    cos(w) = 3q/(2p)*sqrt(-3/p).
    """
    shift, p, q, discriminant = _depressed_cubic(a, b, c, d)
    first, *three = _outer_cubic_roots(shift, p, q, discriminant)
    if not three:
        return [first]
    return [first, (-3 * q / (2 * p) - shift, (sp.Eq(discriminant, 0),)), *three]


def _depressed_cubic(a: Any, b: Any, c: Any, d: Any) -> tuple[Any, Any, Any, Any]:
    """(shift, p, q, D) of a cubic: with x = y - shift it is y^3 + p*y + q = 0, and D = q^2/4 + p^3/27."""
    p = _factored(sp.together((3 * a * c - b**2) / (3 * a**2)))
    q = _factored(sp.together((2 * b**3 - 9 * a * b * c + 27 * a**2 * d) / (27 * a**3)))
    return b / (3 * a), p, q, sp.factor(sp.together(q**2 / 4 + p**3 / 27))


def _outer_cubic_roots(shift: Any, p: Any, q: Any, discriminant: Any) -> list[Case]:
    """Cardano's root where D >= 0; then, where D < 0, the largest of the three, and the other two: each with its guard."""
    if p.is_zero:
        return [(_signed_root(-q) - shift, ())]
    up, down = (-q / 2 + s * sp.sqrt(discriminant) for s in (1, -1))
    angle = sp.acos(3 * q / (2 * p) * sp.sqrt(-3 / p))
    turned = [2 * sp.sqrt(-p / 3) * sp.cos((angle - 2 * sp.pi * k) / 3) - shift for k in (0, 1, 2)]
    cardano = _signed_root(up) + _signed_root(down) - shift
    return [(cardano, (sp.Ge(discriminant, 0),)), *((value, (sp.Lt(discriminant, 0),)) for value in turned)]


def _signed_root(u: Any) -> Any:
    """The real cube root."""
    if u.is_nonnegative:
        return sp.root(u, 3)
    return -sp.root(-u, 3) if u.is_nonpositive else _real_cube_root(u)


def real_quartic(a: Any, b: Any, c: Any, d: Any, e: Any) -> list[Case]:
    """The real roots by cases, by real square roots alone: Ferrari through a positive root m of the resolvent cubic.

    With x = y - b/(4a), y^4 + p*y^2 + q*y + r = 0. For q = 0, y^2 solves a quadratic equation. Else the roots of
    8m^3 + 8p*m^2 + (2p^2 - 8r)*m - q^2 = 0 have a positive product: its simple root where its D >= 0 (the others are
    conjugate, or equal), and its largest where D < 0, are positive. Then y^4 + p*y^2 + q*y + r is the product of two
    real quadratics, y^2 -+ sqrt(2m)*y + p/2 + m +- q/(2*sqrt(2m)), and a root of one is real where its radicand is not
    negative.
    """
    shift, p, q, r = _depressed_quartic(a, b, c, d, e)
    even: list[Case] = [(shift + s * sp.sqrt(y), (sp.Eq(q, 0),)) for y in quadratic(sp.S.One, p, r) for s in (-1, 1)]
    if q.is_zero:
        return even
    resolvent = _outer_cubic_roots(*_depressed_cubic(sp.Integer(8), 8 * p, 2 * p**2 - 8 * r, -(q**2)))
    return even + [
        (value, (*guards, sp.Ne(q, 0))) for m, guards in resolvent[:2] for value in _by_resolvent(shift, p, q, m)
    ]


def _depressed_quartic(a: Any, b: Any, c: Any, d: Any, e: Any) -> tuple[Any, Any, Any, Any]:
    """(shift, p, q, r) of a quartic: with x = y + shift it is y^4 + p*y^2 + q*y + r = 0."""
    p = _factored(c / a - 3 * b**2 / (8 * a**2))
    q = _factored(d / a - b * c / (2 * a**2) + b**3 / (8 * a**3))
    r = _factored(e / a - b * d / (4 * a**2) + b**2 * c / (16 * a**3) - 3 * b**4 / (256 * a**4))
    return -b / (4 * a), p, q, r


def _by_resolvent(shift: Any, p: Any, q: Any, m: Any) -> list[Any]:
    """The four roots of a quartic by a root of its resolvent cubic that is not zero."""
    radicands = [(s, -(2 * p + 2 * m + s * sp.sqrt(2) * q / sp.sqrt(m))) for s in (1, -1)]
    return [shift + (s * sp.sqrt(2 * m) + u * sp.sqrt(inner)) / 2 for s, inner in radicands for u in (1, -1)]


def quartic(a: Any, b: Any, c: Any, d: Any, e: Any) -> tuple[Any, ...]:
    """Ferrari, through one root of the resolvent cubic; valid where that root is not zero."""
    shift, p, q, r = _depressed_quartic(a, b, c, d, e)
    if q.is_zero:
        return tuple(shift + s * sp.sqrt(y) for y in quadratic(sp.S.One, p, r) for s in (-1, 1))
    return tuple(_by_resolvent(shift, p, q, cubic(sp.Integer(8), 8 * p, 2 * p**2 - 8 * r, -(q**2))[0]))


@record
class RootFormula:
    """A formula for the generator t of a branch, positive under ``conditions``; ``note`` says what was not proved."""

    expression: Any
    conditions: tuple[str, ...] = ()
    note: str = ""


def positive_roots(c: list[Any], signs: list[int], degree: int, unique: bool) -> list[RootFormula]:
    """Formulas for the positive roots; ``unique``: each is a critical point of a strictly convex loss."""
    if degree == 1:
        value = sp.factor(-c[0] / c[1])
        sure = signs[0] * signs[1] < 0 or value.is_positive
        return [RootFormula(value, () if sure else (f"{value} > 0",))]
    changes = signs[0] * signs[degree] < 0
    if degree == 2:
        if changes:
            lead = 1 if signs[2] > 0 else -1
            return [RootFormula((-c[1] + lead * sp.sqrt(c[1] ** 2 - 4 * c[2] * c[0])) / (2 * c[2]))]
        return quadratic_roots(c)
    steps = [a * b for a, b in pairwise(signs)]
    unique = unique or (0 not in signs and sum(k < 0 for k in steps) == 1)  # Descartes: one change, one positive root
    note = (
        "" if unique else "the largest real root of the cubic; that it is the one wanted was not proved for all values"
    )
    return [RootFormula(largest_cubic_root(c), () if changes else ("the cubic has a positive root",), note)]


def quadratic_roots(c: list[Any]) -> list[RootFormula]:
    square = sp.sqrt(c[1] ** 2 - 4 * c[2] * c[0])
    return [RootFormula((-c[1] + s * square) / (2 * c[2]), ("real and positive",)) for s in (1, -1)]


def _real_cube_root(u: Any) -> Any:
    return sp.sign(u, evaluate=False) * sp.Abs(u, evaluate=False) ** sp.Rational(1, 3)


def largest_cubic_root(c: list[Any]) -> Any:
    """The largest real root of c[3] x^3 + ... + c[0], by Cardano where one root is real, by cosines where three are."""
    shift = c[2] / (3 * c[3])
    p = (3 * c[3] * c[1] - c[2] ** 2) / (3 * c[3] ** 2)
    q = (2 * c[2] ** 3 - 9 * c[3] * c[2] * c[1] + 27 * c[3] ** 2 * c[0]) / (27 * c[3] ** 3)
    d = q**2 / 4 + p**3 / 27
    three = 2 * sp.sqrt(-p / 3) * sp.cos(sp.acos(3 * q / (2 * p) * sp.sqrt(-3 / p)) / 3)
    up, down = -q / 2 + sp.sqrt(d), -q / 2 - sp.sqrt(d)
    one = _real_cube_root(up) + _real_cube_root(down)
    pieces_ = sp.Piecewise((three, sp.StrictLessThan(d, 0, evaluate=False)), (one, True), evaluate=False)
    return sp.Add(pieces_, -shift)
