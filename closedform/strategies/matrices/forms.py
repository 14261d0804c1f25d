"""Quadratic forms read off polynomials in words: ``x'Ax + 2c'x + d``, and ellipsoids."""

from __future__ import annotations

from fractions import Fraction

from closedform.algebra.noncommutative import polynomial as w
from closedform.algebra.noncommutative.derivative import differentiate
from closedform.algebra.noncommutative.facts import definite, sign
from closedform.algebra.noncommutative.functions import content, divide_mono, inverse
from closedform.algebra.noncommutative.letters import ONE, Unsupported
from closedform.algebra.noncommutative.polynomial import Poly
from closedform.algebra.noncommutative.solve import collect, identity_multiple
from closedform.algebra.noncommutative.substitution import substitute
from closedform.algebra.noncommutative.text import display
from closedform.frozen import record
from closedform.stationarity.matrix import Constraint, MatrixSystem


def quadratic(p: Poly, system: MatrixSystem, u: str) -> tuple[Poly, Poly, Poly] | None:
    """(A, c, d) with p = x'Ax + 2 c'x + d, A symmetric; None where the scalar is not of this form."""
    x = system.unknown(u)
    found = collect(differentiate(p, {u: x})[u], u, x.rows, x.cols)
    if found is None or found.flipped or found.entrywise is not None or len(found.plain) > 1:
        return None
    a = w.zeros(x.rows, x.rows)
    if found.plain:
        left, right = found.plain[0]
        s = identity_multiple(right)
        if s is None:
            return None
        a = w.scale(left * s, Fraction(1, 2))
    rest = substitute(p, {u: w.zeros(x.rows, x.cols)})
    return a, w.scale(found.rest, Fraction(1, 2)), rest


@record
class Ellipsoid:
    """(x - centre)' metric (x - centre) = size (or at most size: ``filled``), metric positive definite."""

    metric: Poly
    centre: Poly
    size: Poly
    filled: bool
    conditions: tuple[str, ...]


def ellipsoid(c: Constraint, system: MatrixSystem, u: str) -> Ellipsoid | None:
    """The ellipsoid that a constraint on one column says, with the conditions under which it is one."""
    if c.kind not in ("zero", "atmost") or not c.left.scalar or system.shape(u)[1] != ONE:
        return None
    left = without_root(c.left, system)
    try:
        found = quadratic(left, system, u) if left is not None else None
    except Unsupported:
        return None
    if found is None or found[0].zero:
        return None
    a, b, d = found
    if c.kind == "zero" and definite(a, system.facts) is None:
        a, b, d = -a, -b, -d
    level = definite(a, system.facts)
    if level is None or not level.strict:
        return None
    centre = -(inverse(a) * b)
    size = w.product(b.T, inverse(a), b) - d
    k, m = content(a)
    if sign(Poly(ONE, ONE, {(m, ()): abs(k)}), system.facts) == 2:
        a, size = divide_mono(a, abs(k), m), divide_mono(size, abs(k), m)
    positive = sign(size, system.facts)
    if positive is not None and positive <= 0:
        return None
    more = () if positive == 2 else (f"{display(size)} > 0",)
    return Ellipsoid(a, centre, size, c.kind == "atmost", (*level.conditions, *more))


def without_root(p: Poly, system: MatrixSystem) -> Poly | None:
    """``sqrt(t) - r`` as ``t - r^2``, for an r that is known to be positive; a polynomial without roots as it is."""
    roots = [(m, c) for (m, _), c in p.terms.items() if any(e.denominator == 2 for _, e in m)]
    if not roots:
        return p
    if len(roots) != 1:
        return None
    m, c = roots[0]
    root = Poly(ONE, ONE, {(m, ()): c})
    r = root - p
    return root * root - r * r if c > 0 and sign(r, system.facts) == 2 else None
