"""The real roots of a polynomial whose coefficients are radicals of numbers, through its norm over Q."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import sympy as sp
from flint import acb, arb, fmpz_poly

from closedform.algebra.roots import enclose
from closedform.algebra.sampling import Sample, complex_ball
from closedform.attempt import finding
from closedform.budget import Budget
from closedform.calculus.roots.rational import RealRoots, is_rational, real_roots, to_flint, to_sympy

MAX_NORM = 60  # degree


def norm(poly: Any) -> Any | None:
    """A polynomial over Q that vanishes at the roots of one whose coefficients are polynomials in roots of rationals.

    >>> x = sp.Symbol("x")
    >>> norm(sp.Poly(x**2 - sp.sqrt(2), x))
    Poly(x**4 - 2, x, domain='ZZ')
    """
    x, current = poly.gen, poly.as_expr()
    roots = {p for p in current.atoms(sp.Pow) if p.exp.is_Rational and not p.exp.is_Integer}
    bases = dict[Any, int]()
    for p in roots:
        if not p.base.is_Rational:
            return None
        bases[p.base] = sp.ilcm(bases.get(p.base, 1), p.exp.q)
    degree = poly.degree()
    for base, q in bases.items():
        degree *= q
        if degree > MAX_NORM:
            return None
        t = sp.Dummy("t")
        replaced = current.xreplace({p: t ** int(p.exp * q) for p in roots if p.base == base})
        current = sp.resultant(sp.numer(sp.together(replaced)), t**q - base, t)
    whole = sp.Poly(current, x)
    return whole if not whole.is_zero and is_rational(whole) else None


def located(poly: Any, meaning: Any, bits: int, budget: Budget) -> list[tuple[arb, Any | None, RealRoots]] | None:
    """Each real root, of what ``meaning`` says: its ball, its expression (None where there is none), and what is known of its polynomial over Q.

    The roots of the norm at which the polynomial may vanish are as many as it has, and simple: so they are its roots.
    None where this does not come out.
    """
    whole = norm(poly)
    if whole is None:
        return None
    squarefree = fmpz_poly([1])
    factors = [f for f, _ in to_flint(whole).factor()[1]]
    for f in factors:
        squarefree *= f
    coefficients = [complex_ball(c, Sample({}, {}), bits) for c in poly.all_coeffs()]
    near = [z for z, _ in enclose(squarefree, bits) if _vanishes_at(coefficients, z) is not False]
    slopes = [complex_ball(c, Sample({}, {}), bits) for c in poly.diff().all_coeffs()]
    if len(near) != poly.degree() or any(_vanishes_at(slopes, z) is not False for z in near):
        return None
    out = list[tuple[arb, Any | None, RealRoots]]()
    for f in factors:
        known = real_roots(f, bits, budget)
        shown = to_sympy(f, sp.Symbol("x"))
        statement = finding("root of the norm", "derived", meaning=meaning, norm=shown, equation=poly.as_expr())
        known = replace(known, findings=(*known.findings, statement))
        for ball, exact in zip(known.balls, known.exact, strict=True):
            if any(z.imag == 0 and z.real.overlaps(ball) for z in near):
                out.append((ball, exact, known))
    real = sum(z.imag == 0 for z in near)
    out.sort(key=lambda item: item[0].mid())
    apart = all(a[0] < b[0] for a, b in pairwise(out))
    return out if apart and len(out) == real else None


def _vanishes_at(coefficients: list[acb | None], z: acb) -> bool | None:
    """False: the polynomial does not vanish at z, proved. None: it may."""
    value = acb(0)
    for c in coefficients:
        if c is None:
            return None
        value = value * z + c
    return None if value.contains(acb(0)) else False
