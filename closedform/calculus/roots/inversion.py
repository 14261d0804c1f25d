"""Roots of one equation in one unknown by changes of variable, down to polynomials and the Lambert function.

The equation is split into factors; in each, the unknown is isolated through an inner function (``t = exp(b*x)``, a
logarithm, a power, a circular or special function, a linear form), radicals are eliminated, logarithms combined. Every
step keeps all roots in the domain, so the values are over-complete: which of them are roots in the domain is checked
by the caller, independently of how they were found. What no rule touches comes back as an obstacle.
"""

from __future__ import annotations

from dataclasses import replace
from math import gcd, lcm
from typing import Any

import sympy as sp
from sympy import Expr

from closedform.algebra import bridge
from closedform.budget import Budget
from closedform.calculus.roots.circular import Angles
from closedform.calculus.roots.lambert import lambert_roots
from closedform.calculus.roots.polynomial import ExactRoots, Obstacle, polynomial_roots
from closedform.calculus.scalar import generators
from closedform.calculus.signs import KnownSigns

MAX_DEPTH = 8
MAX_OPS = 2_500


def real_roots(
    equation: Any,
    x: Any,
    facts: KnownSigns,
    meaning: Any = None,
    depth: int = 0,
    budget: Budget | None = None,
    original: Any = None,
    period: Any = None,
) -> ExactRoots:
    """Candidates for the real roots of ``equation`` in x, or obstacles.

    With a period of the equation, in an unknown without bounds, the roots stand for their translates by it.

    >>> x = sp.Symbol("x", real=True)
    >>> real_roots(sp.exp(2 * x) - 3 * sp.exp(x) + 2, x, KnownSigns()).values
    (0, log(2))
    """
    meaning = x if meaning is None else meaning
    budget = budget or Budget.of(20)
    budget.check()
    if depth > MAX_DEPTH or sp.count_ops(equation) > MAX_OPS:
        return ExactRoots((), (Obstacle(equation, x, meaning, "the equation is too large"),))
    if x not in equation.free_symbols and not equation.is_zero:
        return ExactRoots(exceptions=(equation,) if equation.free_symbols else ())
    split, contents = factors(_prepared(equation, x), x)
    found = ExactRoots(exceptions=tuple(c for c in contents if facts.sign(c) not in (1, -1)))
    solver = _Solver(x, facts, meaning, depth, budget, x if original is None else original, period)
    for factor in split:
        found |= solver.solve(factor)
    composed = composition(equation, x) if found.obstacles else None
    if composed is not None:  # taking the equation apart has hidden what it is a function of
        inner, t, outer = composed
        other = solver.invert(inner, solver.again(outer, t, solver.as_meaning(inner)))
        found = found if other.obstacles else other
    found = replace(found, turns_cut=found.turns_cut or solver.turns_cut)
    return found if depth else found.resolved()


def composition(equation: Any, x: Any) -> tuple[Any, Any, Any] | None:
    """(h, t, f) where the equation is f with t = h, the largest sum in it that is not linear in x; None without one.

    >>> x = sp.Symbol("x", real=True)
    >>> composition((sp.log(x) + 3 * x) ** 2 - 2 * (sp.log(x) + 3 * x) - 2, x)
    (3*x + log(x), _t, _t**2 - 2*_t - 2)
    """
    sums = {
        e for e in sp.preorder_traversal(equation) if isinstance(e, sp.Add) and x in e.free_symbols and e != equation
    }
    for h in sorted(sums, key=lambda e: (-sp.count_ops(e), sp.default_sort_key(e))):
        if h.is_polynomial(x) and sp.degree(h, x) == 1:
            continue
        t = sp.Dummy("t", real=True)
        f = equation.xreplace({h: t})
        for term in h.args:  # multiples of the sum that were multiplied out
            c, g = term.as_coeff_Mul()
            if x in f.free_symbols and g != x:
                apart = sp.expand(f.xreplace({g: (t - h + term) / c}))
                f = f if x in apart.free_symbols else apart
        if x not in f.free_symbols:
            return h, t, f
    return None


def factors(equation: Any, x: Any) -> tuple[list[Any], list[Any]]:
    """The distinct factors of a numerator that can vanish, with x in them, no exponential; and those without x."""
    if x not in equation.free_symbols:
        return ([equation] if equation.is_zero else []), []
    numerator = sp.numer(sp.together(equation))
    whole = sp.factor(numerator) if sp.count_ops(numerator) < MAX_OPS else numerator
    out, contents = dict[Any, None](), dict[Any, None]()
    for f in sp.Mul.make_args(whole):
        base = f.base if isinstance(f, sp.Pow) and (f.exp.is_positive or x not in f.base.free_symbols) else f
        if x not in base.free_symbols and base.free_symbols and not (isinstance(f, sp.Pow) and f.exp.is_negative):
            contents[base] = None
        if x not in base.free_symbols or isinstance(base, sp.exp) or base.is_positive or base.is_negative:
            continue
        if isinstance(base, sp.Pow) and base.exp.is_number and base.exp.is_negative:
            continue
        out[base] = None
    return list(out), list(contents)


def _prepared(equation: Expr, x: Any) -> Expr:
    """Hyperbolic functions and powers of numbers as exponentials, logarithms and exponents expanded."""
    e = equation
    if e.has(sp.sinh, sp.cosh, sp.tanh, sp.coth):
        e = e.rewrite(sp.exp)
    e = e.replace(
        lambda p: (
            isinstance(p, sp.Pow) and x in p.exp.free_symbols and x not in p.base.free_symbols and p.base is not sp.E
        ),
        lambda p: sp.exp(p.exp * sp.log(p.base)),
    )
    e = e.replace(lambda p: isinstance(p, sp.exp) and x in p.free_symbols, lambda p: _split_exponential(p, x))
    return e.replace(
        lambda p: isinstance(p, sp.log) and x in p.free_symbols, lambda p: sp.expand_log(sp.log(sp.factor(p.args[0])))
    )


def _split_exponential(p: Any, x: Any) -> Any:
    moving, still = list[Any](), list[Any]()
    for t in sp.Add.make_args(sp.expand(p.args[0])):
        (moving if x in t.free_symbols else still).append(t)
    return sp.exp(sp.Add(*still)) * sp.exp(sp.Add(*moving))


class _Solver(Angles):
    """Changes of variable, one rule after the other, until one applies."""

    def solve(self, equation: Any) -> ExactRoots:
        x = self.x
        if x not in equation.free_symbols:
            return ExactRoots(everywhere=True)
        found, bare = generators(equation, x)
        if not found:
            return polynomial_roots(equation, x, self.meaning, self.budget)
        for rule in (
            self._single,
            self._exponentials,
            self._powers,
            self._logarithms,
            self._lambert,
            self._inner,
            self._radicals,
            self.circular,
            self._log_substitution,
        ):
            answer = rule(equation, found, bare)
            if answer is not None:
                return answer
        return ExactRoots((), (Obstacle(equation, x, self.meaning, "no change of variable makes it a polynomial"),))

    def again(self, equation: Any, x: Any, meaning: Any) -> ExactRoots:
        return real_roots(equation, x, self.facts, meaning, self.depth + 1, self.budget, self.original, self.period)

    # -- rules: each returns None when it does not apply ---------------------------------------------------------

    def _single(self, equation: Any, found: set[Any], bare: bool) -> ExactRoots | None:
        """A polynomial in one function of x."""
        if bare or len(found) != 1:
            return None
        h = next(iter(found))
        if isinstance(h, sp.exp) and h.args[0].as_independent(self.x, as_Add=False)[1] != self.x:
            pass
        t = self.variable(h)
        return self.invert(h, polynomial_roots(equation.subs(h, t), t, self.as_meaning(h), self.budget))

    def variable(self, h: Any) -> Any:
        if isinstance(h, sp.exp) or h.is_positive:
            return sp.Dummy("t", positive=True)
        return sp.Dummy("t", real=True)

    def _exponentials(self, equation: Any, found: set[Any], bare: bool) -> ExactRoots | None:
        """exp(b1*g), exp(b2*g), ... with rational ratios, or a sum of two terms."""
        if bare or not all(isinstance(h, sp.exp) for h in found):
            return None
        exponents = {h: h.args[0] for h in found}
        first = next(iter(sorted(exponents.values(), key=sp.default_sort_key)))
        ratios = bridge.rationals([sp.simplify(e / first) for e in exponents.values()])
        if ratios is not None:
            denominator = _lcm(*(r.q for r in ratios))
            step = _gcd(*(int(r * denominator) for r in ratios))
            unit = sp.exp(first * sp.Rational(step, denominator))
            t = sp.Dummy("t", positive=True)
            powers = {h: t ** int(r * denominator / step) for h, r in zip(exponents, ratios, strict=True)}
            reduced = sp.numer(sp.together(equation.xreplace(powers)))
            if self.x in reduced.free_symbols:
                return None
            return self.invert(unit, polynomial_roots(reduced, t, self.as_meaning(unit), self.budget))
        terms = sp.Add.make_args(sp.expand(equation))
        if len(terms) == 2:
            return self._two_terms(*terms)
        return None

    def _two_terms(self, a: Any, b: Any) -> ExactRoots | None:
        """a + b = 0 where both are products: their logarithms."""
        ratio = sp.powsimp(sp.expand_power_exp(-a / b))
        moving = still = sp.S.One
        for f in sp.Mul.make_args(ratio):
            if self.x in f.free_symbols:
                moving *= f
            else:
                still *= f
        if still.is_negative:
            return ExactRoots()
        logarithm = sp.S.Zero
        for f in sp.Mul.make_args(moving):
            if isinstance(f, sp.exp):
                logarithm += f.args[0]
            elif isinstance(f, sp.Pow) and f.base.is_positive:
                logarithm += f.exp * sp.log(f.base)
            elif f.is_positive:
                logarithm += sp.log(f)
            else:
                return None
        rest = sp.expand(logarithm) + sp.expand_log(sp.log(sp.factor(still)))
        if sp.count_ops(rest) > MAX_OPS or rest == sp.log(a):
            return None
        scales = (t.as_independent(self.x, as_Add=False)[0] for t in (a, b))
        lost = ExactRoots(exceptions=tuple(c for c in scales if c.free_symbols and self.facts.sign(c) not in (1, -1)))
        return lost | self.again(rest, self.x, self.meaning)

    def _powers(self, equation: Any, found: set[Any], bare: bool) -> ExactRoots | None:
        """Powers of one base x with exponents that have rational ratios, or a sum of two such terms."""
        x = self.x
        if (
            not all(isinstance(h, sp.Pow) and h.base == x and x not in h.exp.free_symbols for h in found)
            or not x.is_nonnegative
        ):
            return None
        terms = sp.Add.make_args(sp.expand(sp.powsimp(sp.expand(equation))))
        exponents, coefficients = list[Any](), list[Any]()
        for term in terms:
            still, moving = sp.powsimp(term).as_independent(x, as_Add=False)
            if moving == 1:
                exponents.append(sp.S.Zero)
            elif moving == x or (isinstance(moving, sp.Pow) and moving.base == x):
                exponents.append(moving.as_base_exp()[1])
            else:
                return None
            coefficients.append(still)
        merged = dict[Any, Any]()
        for e, c in zip(exponents, coefficients, strict=True):
            e = sp.expand(e)
            merged[e] = merged.get(e, 0) + c
        keys = sorted(merged, key=sp.default_sort_key)
        differences = [sp.expand(k - keys[0]) for k in keys]
        unit = next((d for d in differences if d != 0), None)
        if unit is None:
            return ExactRoots()
        ratios = bridge.rationals([sp.simplify(d / unit) for d in differences])
        if ratios is None:
            return None
        denominator = _lcm(*(r.q for r in ratios))
        powers = [int(r * denominator) for r in ratios]
        t = sp.Dummy("t", positive=True)
        reduced = sum(merged[k] * t ** (power - min(powers)) for k, power in zip(keys, powers, strict=True))
        inner = polynomial_roots(reduced, t, self.as_meaning(x ** (unit / denominator)), self.budget)
        out = inner.with_values(())
        if unit.free_symbols:
            out |= ExactRoots(exceptions=(unit,))
        for v in inner.values:
            if not v.is_zero:
                out |= ExactRoots((sp.powdenest(v ** (denominator / unit)),))
        return out if x.is_positive else out | ExactRoots((sp.S.Zero,))

    def _logarithms(self, equation: Any, found: set[Any], bare: bool) -> ExactRoots | None:
        """c1*log(f1) + c2*log(f2) + c = 0 with rational ratios of the c: a product."""
        if bare or len(found) < 2 or not all(isinstance(h, sp.log) for h in found):
            return None
        logs = sorted(found, key=sp.default_sort_key)
        dummies = [sp.Dummy() for _ in logs]
        linear = sp.expand(equation.subs(dict(zip(logs, dummies, strict=True))))
        if any(sp.diff(linear, d).free_symbols & {*dummies, self.x} for d in dummies):
            return None
        weights = [sp.diff(linear, d) for d in dummies]
        constant = linear.subs(dict.fromkeys(dummies, 0))
        quotients = [sp.simplify(w / weights[0]) for w in weights]
        ratios = bridge.rationals(quotients)
        lost = ExactRoots(exceptions=tuple(w for w in weights[:1] if w.free_symbols), loose=True)
        if ratios is None:
            if sp.expand(constant) == 0 and len(logs) == 2:  # w1*log f1 = -w2*log f2
                left, right = (logs[0].args[0], logs[1].args[0] ** (-quotients[1]))
                return lost | self.again(left - right, self.x, self.meaning)
            return None
        scale = _lcm(*(r.q for r in ratios))
        left = right = sp.S.One
        for r, log in zip(ratios, logs, strict=True):
            power = int(r * scale)
            left, right = (left * log.args[0] ** power, right) if power > 0 else (left, right * log.args[0] ** -power)
        return lost | self.again(
            sp.expand(left - right * sp.exp(sp.expand(-constant * scale / weights[0]))), self.x, self.meaning
        )

    def _lambert(self, equation: Any, found: set[Any], bare: bool) -> ExactRoots | None:
        values = lambert_roots(equation, self.x, found)
        if values is None:
            return None
        moving = [t.as_independent(self.x, as_Add=False)[0] for t in sp.Add.make_args(sp.expand(equation))]
        rates = [sp.diff(h.args[0], self.x) for h in found if isinstance(h, sp.exp)]
        return ExactRoots(values, exceptions=tuple(c for c in (*moving, *rates) if c.free_symbols))

    def _inner(self, equation: Any, found: set[Any], bare: bool) -> ExactRoots | None:
        """x occurs only inside one inner function, or a linear form in x makes the others simple."""
        x = self.x
        inside = set[Any]()
        for h in found:
            for e in sp.preorder_traversal(h):
                if x in e.free_symbols and e != x:
                    inside.add(e)
        for h in sorted(inside - {equation}, key=sp.count_ops, reverse=True):
            if isinstance(h, (sp.Add, sp.Mul)) and h.is_polynomial(x) and sp.degree(h, x) == 1:
                continue
            t = self.variable(h)
            reduced = equation.subs(h, t)
            if x not in reduced.free_symbols and t in reduced.free_symbols:
                return self.invert(h, self.again(reduced, t, self.as_meaning(h)))
        for h in sorted(inside, key=sp.count_ops):
            if isinstance(h, (sp.Add, sp.Mul)) and h.is_polynomial(x) and sp.degree(h, x) == 1:
                a, b = h.coeff(x, 1) if isinstance(h, sp.Add) else sp.diff(h, x), h.subs(x, 0)
                positive = h.is_positive or self.facts.is_positive(h)
                t = sp.Dummy("t", positive=True) if positive else sp.Dummy("t", real=True)
                reduced = sp.expand(sp.numer(sp.together(equation.subs(x, (t - b) / a))))
                if reduced.has(x) or _roughness(reduced, t) >= _roughness(equation, x):
                    continue
                inner = self.again(reduced, t, self.as_meaning(h))
                if a.free_symbols:
                    inner |= ExactRoots(exceptions=(a,))
                return inner.with_values(sp.factor_terms((v - b) / a) for v in inner.values)
        return None

    def _radicals(self, equation: Any, found: set[Any], bare: bool) -> ExactRoots | None:
        """Roots of polynomials in x, eliminated by resultants."""
        x = self.x
        if not all(isinstance(h, sp.Pow) and h.exp.is_Rational and h.base.is_polynomial(x) for h in found):
            return None
        degree = dict[Any, int]()
        for h in found:
            degree[h.base] = _lcm(degree.get(h.base, 1), h.exp.q)
        roots = {b: sp.Dummy("r") for b in degree}
        reduced = equation.xreplace({h: roots[h.base] ** (h.exp * degree[h.base]) for h in found})
        reduced = sp.numer(sp.together(reduced))
        for b, r in roots.items():
            if sp.degree(reduced, r) > 12 or sp.count_ops(reduced) > MAX_OPS:
                return None
            reduced = sp.resultant(reduced, r ** degree[b] - b, r)
        if reduced == 0:
            return ExactRoots(everywhere=True)
        return replace(polynomial_roots(reduced, x, self.meaning, self.budget), loose=True)

    def _log_substitution(self, equation: Any, found: set[Any], bare: bool) -> ExactRoots | None:
        """x = exp(u) when the equation holds log(x) or symbolic powers of x."""
        x = self.x
        if not x.is_positive or not any(h == sp.log(x) or (isinstance(h, sp.Pow) and h.base == x) for h in found):
            return None
        u = sp.Dummy("u", real=True)
        reduced = sp.expand(sp.powsimp(sp.expand(equation.subs(x, sp.exp(u)))))
        if reduced.has(x):
            return None
        inner = self.again(reduced, u, sp.log(self.meaning))
        return inner.with_values(_exp(v) for v in inner.values)


def _lcm(*numbers: Any) -> int:
    return lcm(*(int(k) for k in numbers))


def _gcd(*numbers: Any) -> int:
    return gcd(*(int(k) for k in numbers))


def _exp(v: Any) -> Any:
    """exp(v) with exp(W(z)) = z/W(z) carried out where v has Lambert functions."""
    out = sp.S.One
    for t in sp.Add.make_args(sp.expand(v)):
        c, w = t.as_coeff_Mul()
        out *= w.args[0] ** c / w**c if isinstance(w, sp.LambertW) and c.is_Integer else sp.exp(t)
    return sp.powsimp(out)


def _roughness(equation: Any, x: Any) -> int:
    """How many different functions and sums hold x."""
    found, bare = generators(equation, x)
    return sum(sp.count_ops(h) for h in found) + bare
