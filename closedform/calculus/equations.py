"""Equations to be eliminated from: tidied, reduced, read for what they are polynomials or linear in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp
from sympy import Expr

from closedform.algebra import bridge
from closedform.calculus.scalar import generators

MAX_OPS = 1_500
MAX_DEGREE = 1_000


def change_of_variable(e: Any, u: Any) -> tuple[Any, Any, Any]:
    """The one function h of u in which e is a polynomial, e in a new symbol t for it, and t; or u itself."""
    found, bare = generators(e, u)
    t = sp.Dummy("t", real=True)
    if not found:
        return u, e.subs(u, t), t
    if bare:
        return None, None, None
    if len(found) == 1:
        h = next(iter(found))
        return h, e.xreplace({h: t}), t
    if not all(isinstance(h, sp.exp) for h in found):
        return None, None, None
    first = next(iter(sorted((h.args[0] for h in found), key=sp.default_sort_key)))
    ratios = bridge.rationals([sp.simplify(h.args[0] / first) for h in found])
    t = sp.Dummy("t", positive=True)
    if ratios is not None:
        bottom = sp.ilcm(1, *(r.q for r in ratios))
        step = sp.igcd(0, *(int(r * bottom) for r in ratios))
        reduced = e.xreplace({h: t ** int(r * bottom / step) for h, r in zip(found, ratios, strict=True)})
        return sp.exp(first * sp.Rational(step, bottom)), sp.numer(sp.together(reduced)), t
    one, other = sorted(found, key=sp.default_sort_key)[:2]
    a, b = sp.Dummy(), sp.Dummy()
    form = sp.Poly(e.xreplace({one: a, other: b}), a, b) if len(found) == 2 else None
    if form is None or form.total_degree() != 1 or form.coeff_monomial(1) != 0:
        return None, None, None
    whole = sp.exp(sp.expand(one.args[0] - other.args[0]))
    return whole, form.coeff_monomial(a) * t + form.coeff_monomial(b), t


def triangular(equations: list[Any], unknowns: tuple[Any, ...]) -> bool:
    """Is there an equation in one unknown, or one that gives an unknown with a coefficient free of unknowns?"""
    for e in equations:
        own = [u for u in unknowns if u in e.free_symbols]
        if len(own) == 1 or any(
            e.is_polynomial(u) and sp.degree(e, u) == 1 and not sp.diff(e, u).free_symbols & set(unknowns) for u in own
        ):
            return True
    return False


def outside(u: Any, value: Any) -> list[bool]:
    return [
        bool(u.is_positive and value.is_nonpositive),
        bool(u.is_real and value.is_real is False and not value.has(sp.I)),
    ]


def hidden(one: Any, other: Any, unknowns: tuple[Any, ...]) -> set[Any]:
    """Unknowns in which one of them is no polynomial: a resultant by another unknown would not help."""
    return {u for u in unknowns if not (one.is_polynomial(u) and other.is_polynomial(u))}


def vanishes(e: Expr) -> bool:
    """Is it zero? A number that is zero to 30 digits counts as zero: its solutions are tested at the end."""
    if e.is_number:
        value = sp.N(e, 40)
        return bool(abs(value) < sp.Float("1e-30")) if value.is_comparable else bool(sp.simplify(e) == 0)
    return bool(sp.simplify(e) == 0)


def row_reduced(equations: Sequence[Any], unknowns: Sequence[Any]) -> tuple[Any, ...]:
    """The equations, or rational combinations of them that say the same with fewer transcendental terms.

    >>> x, y = sp.symbols("x y", real=True)
    >>> row_reduced([sp.cos(x + y) + x - y, sp.cos(x + y) - x], [x, y])
    (-y/2 + cos(x + y), x - y/2)
    """
    own = set(unknowns)
    rows = [sp.expand(e).as_coefficients_dict() for e in equations]
    terms = sorted({t for row in rows for t in row}, key=sp.default_sort_key)
    hard = [t for t in terms if t.free_symbols & own and not t.is_polynomial(*own)]
    if len(rows) > 6 or len(terms) > 60 or not any(sum(t in row for row in rows) > 1 for t in hard):
        return tuple(equations)
    if not all(c.is_Rational for row in rows for c in row.values()):
        return tuple(equations)
    columns = [*hard, *(t for t in terms if t not in hard)]
    matrix = sp.Matrix([[row.get(t, 0) for t in columns] for row in rows]).rref()[0]
    reduced = [sp.Add(*(c * t for c, t in zip(matrix.row(i), columns, strict=True))) for i in range(matrix.rows)]
    return tuple(e for e in reduced if e != 0)


def jointly_linear(e: Any, group: tuple[Any, ...]) -> bool:
    return bool(e.is_polynomial(*group)) and sp.Poly(e, *group).total_degree() <= 1


def with_plain_symbols(e: Any, unknowns: tuple[Any, ...], names: dict[Any, Any]) -> Any:
    """The polynomial with every factor of a coefficient that has several terms written as one new symbol."""
    poly = sp.Poly(e, *unknowns)
    content = sp.S.Zero
    for m, c in poly.terms():
        image = sp.S.One
        for f in sp.Mul.make_args(sp.factor(c)):
            base, exponent = f.as_base_exp()
            if isinstance(base, sp.Add):
                if -base in names:
                    image *= (-names[-base]) ** exponent
                    continue
                base = names.setdefault(base, sp.Dummy("c"))
            image *= base**exponent
        content += image * sp.Mul(*(u**k for u, k in zip(unknowns, m, strict=True)))
    return content


def simplified(value: Expr) -> Expr:
    """SymPy's simplification, left out where it makes cases or roots of what may be negative out of absolute values.

    >>> a = sp.Symbol("a", real=True)
    >>> simplified(sp.sign(a) * sp.Abs(a) ** sp.Rational(1, 3)), simplified(a + a)
    (Abs(a)**(1/3)*sign(a), 2*a)
    """
    out = sp.simplify(value)
    roots = {p for m in out.atoms(sp.Abs) for p in m.atoms(sp.Pow) if not p.exp.is_integer}
    return value if out.atoms(sp.Piecewise) - value.atoms(sp.Piecewise) or roots - value.atoms(sp.Pow) else out


def tidied(value: Expr) -> Expr:
    if sp.count_ops(value) > 80 or not value.free_symbols:
        return value if sp.count_ops(value) > 60 else sp.radsimp(value)
    return simplified(value)


def is_too_large(e: Any) -> bool:
    """Has e too many operations, or two parts of high degree? SymPy's polynomials hold every power between two of them.

    >>> from sympy.abc import x, y
    >>> is_too_large(x**1001 + x + y), is_too_large(x**1001 + x + y**1001 + y)
    (False, True)
    """
    if sp.count_ops(e) > MAX_OPS:
        return True
    if _degree(e) <= MAX_DEGREE:  # nothing is multiplied out to see that
        return False
    try:
        powers = zip(*sp.Poly(sp.numer(sp.together(e))).monoms(), strict=True)
    except sp.BasePolynomialError:
        return False
    return sum(max(p) > MAX_DEGREE * max(sp.igcd(0, *p), 1) for p in powers) > 1


def _degree(e: Any) -> Any:
    """At least the degree, in each part, of the numerator over a common denominator.

    >>> from sympy.abc import x, y
    >>> _degree((x + y)**3 / (1 + x) + y)
    5
    """
    if isinstance(e, sp.Pow) and e.exp.is_Integer:
        return abs(e.exp) * _degree(e.base)
    if isinstance(e, sp.exp):
        powers: list[Any] = [sp.S.One, *(abs(a.as_coeff_Mul()[0]) for a in sp.Add.make_args(e.args[0]))]
        return max(powers) if all(p.is_Integer for p in powers) else sp.oo  # fractions share a denominator
    if isinstance(e, sp.Add) and not any(p.exp.could_extract_minus_sign() for p in e.atoms(sp.Pow)):
        return max(map(_degree, e.args))
    return sum(map(_degree, e.args)) if isinstance(e, (sp.Add, sp.Mul)) else 0 if e.is_number else 1


def factors_of(e: Any) -> list[Any]:
    whole = sp.factor(sp.numer(sp.together(e))) if sp.count_ops(e) < MAX_OPS else e
    out = dict[Any, None]()
    for f in sp.Mul.make_args(whole):
        out[f.base if isinstance(f, sp.Pow) and f.exp.is_Integer and f.exp > 0 else f] = None
    return [f for f in out if not (isinstance(f, sp.Pow) and f.exp.is_negative)]
