"""Equations in sines, cosines and tangents of multiples of one angle: polynomials in its cosine, sine or tangent."""

from __future__ import annotations

from math import gcd, lcm
from typing import Any

import sympy as sp

from closedform.algebra import bridge
from closedform.calculus.roots.polynomial import ExactRoots, polynomial_roots
from closedform.calculus.roots.preimages import Inverses


class Angles(Inverses):
    """The rules for circular functions."""

    def circular(self, equation: Any, found: set[Any], bare: bool) -> ExactRoots | None:
        """Sines and cosines of multiples of one angle: a polynomial in cos and sin, then in one of them."""
        if bare or not all(isinstance(h, (sp.sin, sp.cos, sp.tan)) for h in found):
            return None
        arguments = sorted({h.args[0] for h in found}, key=sp.default_sort_key)
        ratios = bridge.rationals([sp.simplify(a / arguments[0]) for a in arguments])
        if ratios is None:
            return None
        denominator = lcm(*(int(r.q) for r in ratios))
        step = gcd(*(int(r * denominator) for r in ratios))
        angle = sp.Dummy("q", real=True)
        unit = sp.expand(arguments[0] * sp.Rational(step, denominator))
        e = equation.xreplace(
            {
                h: h.func(angle * int(r * denominator / step))
                for h in found
                for a, r in zip(arguments, ratios, strict=True)
                if a == h.args[0]
            }
        )
        c, s = sp.Dummy("c", real=True), sp.Dummy("s", real=True)
        e = sp.expand_trig(e.rewrite(sp.tan, sp.tan)).subs({sp.tan(angle): s / c, sp.sin(angle): s, sp.cos(angle): c})
        e = sp.expand(sp.numer(sp.together(e)))
        if e.has(angle):
            return None
        poly = sp.rem(e, s**2 + c**2 - 1, s) if sp.degree(e, s) >= 2 else e
        out = ExactRoots()
        for factor in (f for f, _ in sp.factor_list(sp.expand(poly))[1] if f.free_symbols & {c, s}):
            out |= self._angle_factor(factor, c, s, unit)
        return out

    def _angle_factor(self, factor: Any, c: Any, s: Any, unit: Any) -> ExactRoots:
        if s not in factor.free_symbols:
            return self.invert(sp.cos(unit), polynomial_roots(factor, c, sp.cos(self.as_meaning(unit)), self.budget))
        if c not in factor.free_symbols:
            return self.invert(sp.sin(unit), polynomial_roots(factor, s, sp.sin(self.as_meaning(unit)), self.budget))
        p = sp.Poly(factor, s, c)
        if p.total_degree() == 1:
            a, b, d = p.coeff_monomial(c), p.coeff_monomial(s), p.coeff_monomial(1)
            middle = sp.atan2(b, a)
            spread = sp.acos(-d / sp.sqrt(a**2 + b**2)) if d != 0 else sp.pi / 2
            values = [middle + sp.pi / 2, middle - sp.pi / 2] if d == 0 else [middle + spread, middle - spread]
            if d == 0:  # the zeros of a*cos + b*sin are where its derivative is extreme
                values = [sp.atan2(a, -b), sp.atan2(-a, b)]
            out = ExactRoots(exceptions=(a**2 + b**2 + d**2,)) if (a**2 + b**2 + d**2).free_symbols else ExactRoots()
            for v in self.translates(values, 2 * sp.pi, unit):
                out |= ExactRoots((v,)) if unit == self.x else self.again(unit - v, self.x, self.meaning)
            return out
        tangent = sp.Dummy("t", real=True)
        degrees = {sum(m) for m in p.monoms()}
        if len({d % 2 for d in degrees}) == 1:  # homogeneous once 1 is c^2 + s^2: c^n times a polynomial in s/c
            n = max(degrees)
            terms = (k * tangent**i * (1 + tangent**2) ** ((n - i - j) // 2) for (i, j), k in p.terms())
            q = sp.Poly(sp.expand(sp.Add(*terms)), tangent)
            out = ExactRoots() if q.degree() == n else self.invert(sp.cos(unit), ExactRoots((sp.S.Zero,)))
            inner = polynomial_roots(q.as_expr(), tangent, sp.tan(self.as_meaning(unit)), self.budget)
            return out | self.invert(sp.tan(unit), inner)
        eliminated = sp.resultant(factor, s**2 + c**2 - 1, s)
        return ExactRoots(loose=True) | self.invert(
            sp.cos(unit), polynomial_roots(eliminated, c, sp.cos(self.as_meaning(unit)), self.budget)
        )
