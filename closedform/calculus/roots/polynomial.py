"""Roots of one polynomial whose coefficients are expressions: formulas up to degree four, binomials, compositions.

The lists are over-complete: they hold every root, real or not, for generic coefficients; which of them are real and in
the domain is for the caller to find out. What has no formula comes back as an obstacle. For rational coefficients see
``closedform.algebra.radicals``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import gcd
from typing import Any

import sympy as sp
from flint import arb

from closedform.budget import Budget, working_bits
from closedform.calculus.roots import algebraic as algebraic_roots
from closedform.calculus.roots import formulas
from closedform.calculus.roots import rational as rational_roots
from closedform.calculus.roots.rational import RealRoots
from closedform.frozen import record

MAX_OPS = 4_000  # of one formula; past this it helps nobody


@record
class Obstacle:
    """A factor that was not solved: ``equation`` = 0 in ``variable``, which stands for ``meaning`` of the unknown."""

    equation: Any
    variable: Any
    meaning: Any
    reason: str = ""


@record
class Placeholder:
    """A symbol that stands for the real roots of a polynomial without formulas here: ``polynomial`` = 0 in ``variable``.

    ``ball`` is the one root meant when the coefficients are rational, None when it stands for all of them;
    ``evidence`` says what is known of expressions for it.
    """

    symbol: Any
    polynomial: Any
    variable: Any
    meaning: Any
    ball: arb | None = None
    evidence: RealRoots | None = None


@record
class Named:
    """A symbol for a formula that counts only where its guards, relations between the parameters, hold."""

    symbol: Any
    value: Any
    guards: tuple[Any, ...]


def guarded(value: Any, *guards: Any) -> ExactRoots:
    """One value that counts where the guards hold; nothing where one of them is false."""
    if sp.false in guards:
        return ExactRoots()
    left = tuple(g for g in guards if g != sp.true)
    if not any(g.free_symbols for g in left):
        return ExactRoots((value,))
    symbol = sp.Dummy("v", real=True)
    return ExactRoots((symbol,), named=(Named(symbol, value, left),))


@record
class ExactRoots:
    """``values`` holds every root that is not one of an obstacle's; some values may not be roots in the domain.

    Values may contain the symbols of ``placeholders``. With symbols in the equation the list is complete wherever none of
    ``exceptions`` vanishes, and a value counts only where its ``guards`` hold (a step was reversible only there).
    ``loose`` says that a step may have added values that are no roots, beyond those that guards exclude; ``turns_cut``
    that only some turns of an angle were followed.
    """

    values: tuple[Any, ...] = ()
    obstacles: tuple[Obstacle, ...] = ()
    everywhere: bool = False  # the equation is an identity
    placeholders: tuple[Placeholder, ...] = ()
    evidence: tuple[RealRoots, ...] = ()  # rational polynomials met on the way, solved or not
    exceptions: tuple[Any, ...] = ()
    named: tuple[Named, ...] = ()  # symbols in the values that stand for formulas with guards; see ``resolved``
    guards: tuple[tuple[Any, ...], ...] = ()  # of each value, once resolved
    loose: bool = False
    turns_cut: bool = False

    def __or__(self, other: ExactRoots) -> ExactRoots:
        values = dict.fromkeys((*self.values, *other.values))
        return ExactRoots(
            tuple(values),
            (*self.obstacles, *other.obstacles),
            self.everywhere or other.everywhere,
            (*self.placeholders, *other.placeholders),
            (*self.evidence, *other.evidence),
            tuple(dict.fromkeys((*self.exceptions, *other.exceptions))),
            tuple(dict.fromkeys((*self.named, *other.named))),
            loose=self.loose or other.loose,
            turns_cut=self.turns_cut or other.turns_cut,
        )

    def resolved(self) -> ExactRoots:
        """With the formulas written out in place of their symbols, and each value's guards."""
        if not self.named:
            return self
        table = {n.symbol: n for n in self.named}
        values, guards = list[Any](), list[tuple[Any, ...]]()
        for v in self.values:
            needed: dict[Any, None] = {}
            while used := [table[s] for s in v.free_symbols & table.keys()]:
                v = v.subs({n.symbol: n.value for n in used})
                needed |= dict[Any, None].fromkeys(g for n in used for g in n.guards)
            while any(g.free_symbols & table.keys() for g in needed):
                needed = {g.subs({n.symbol: n.value for n in self.named}): None for g in needed}
            if sp.false in needed:
                continue
            values.append(v)
            guards.append(tuple(g for g in needed if g != sp.true))
        exceptions = tuple(e.subs({n.symbol: n.value for n in reversed(self.named)}) for e in self.exceptions)
        return replace(self, values=tuple(values), guards=tuple(guards), exceptions=exceptions, named=())

    def with_values(self, values: Iterable[Any]) -> ExactRoots:
        return replace(self, values=tuple(dict.fromkeys(values)))


def polynomial_roots(equation: Any, x: Any, meaning: Any = None, budget: Budget | None = None) -> ExactRoots:
    """Formulas for the roots of a polynomial in x whose coefficients do not contain x.

    >>> x, a = sp.Symbol("x", real=True), sp.Symbol("a", positive=True)
    >>> polynomial_roots(x**2 - a, x).values
    (-sqrt(a), sqrt(a))
    """
    meaning = x if meaning is None else meaning
    split, contents = _factors(equation, x)
    found = ExactRoots(exceptions=tuple(contents))
    for factor in split:
        found |= _irreducible(factor, x, meaning, budget or Budget.of(10))
    return found


def _over_rationals(poly: Any, x: Any, meaning: Any, budget: Budget) -> ExactRoots:
    """The real roots of an irreducible polynomial over Q: in radicals, or as symbols that stand for them."""
    found = rational_roots.real_roots(rational_roots.to_flint(poly), working_bits(budget.digits), budget)
    listed = [(ball, exact, found) for ball, exact in zip(found.balls, found.exact, strict=True)]
    return _listed(listed, (found,), poly.as_expr(), x, meaning)


def _listed(
    found: list[tuple[arb, Any | None, RealRoots]], evidence: tuple[RealRoots, ...], equation: Any, x: Any, meaning: Any
) -> ExactRoots:
    """Each root by its expression, or by a symbol that stands for it."""
    values, placeholders = list[Any](), list[Placeholder]()
    for ball, exact, known in found:
        if exact is None:
            placeholders.append(Placeholder(_placeholder_symbol(bool(ball > 0)), equation, x, meaning, ball, known))
        values.append(placeholders[-1].symbol if exact is None else exact)
    return ExactRoots(tuple(values), placeholders=tuple(placeholders), evidence=evidence)


def _placeholder_symbol(positive: bool) -> Any:
    """A name of its own: the kernel tells names apart by their text."""
    return sp.Symbol(f"_root{sp.Dummy().dummy_index}", **({"positive": True} if positive else {"real": True}))


def _factors(equation: Any, x: Any) -> tuple[list[Any], list[Any]]:
    """The distinct factors that contain x, and those of parameters alone: where one vanishes, so does the equation."""
    try:
        _, pairs = sp.factor_list(sp.expand(equation))
    except (sp.PolynomialError, NotImplementedError):
        pairs = [(equation, 1)]
    factors = [f for f, _ in pairs if x in f.free_symbols]
    if any(not f.is_polynomial(x) for f in factors):
        return [equation], []
    return factors, [f for f, _ in pairs if x not in f.free_symbols and f.free_symbols]


def _irreducible(equation: Any, x: Any, meaning: Any, budget: Budget) -> ExactRoots:
    found = _solved(equation, x, meaning, budget)
    lead = sp.Poly(equation, x).LC()
    return found if not lead.free_symbols else found | ExactRoots(exceptions=(lead,))


def _solved(equation: Any, x: Any, meaning: Any, budget: Budget) -> ExactRoots:
    poly = sp.Poly(equation, x)
    c = [_tidy(k) for k in poly.all_coeffs()]
    n = len(c) - 1
    if n == 0:
        return ExactRoots()
    if n == 1:
        return ExactRoots((_tidy(-c[1] / c[0]),))
    exponents = {m for (m,) in poly.monoms()}
    if exponents == {0, n}:
        return ExactRoots(_binomial(-c[-1] / c[0], n, x))
    if min(exponents) > 0:
        return ExactRoots((sp.S.Zero,)) | _irreducible(sp.cancel(equation / x ** min(exponents)), x, meaning, budget)
    if n > 2 and rational_roots.is_rational(poly):
        return _over_rationals(poly, x, meaning, budget)
    step = gcd(*exponents)
    if step > 1:
        t = sp.Dummy("t", positive=True) if x.is_positive or (x.is_real and step % 2 == 0) else sp.Dummy("t", real=True)
        inner = _irreducible(sum(k * t ** (m // step) for (m,), k in poly.terms()), t, meaning**step, budget)
        return inner.with_values(v for y in inner.values for v in _binomial(y, step, x))
    by_cases = x.is_real and equation.free_symbols != {x}  # real parameters, of any sign
    if n == 2:
        return ExactRoots(formulas.quadratic(*c))
    if n == 3:
        return _by_cases(formulas.real_cubic(*c)) if by_cases else ExactRoots(formulas.cubic(*c))
    parts = _decomposition(poly, x)
    if len(parts) > 1:
        t = sp.Dummy("t", real=x.is_real)
        outer = _irreducible(parts[0].as_expr().subs(x, t), t, parts[1].as_expr(), budget)
        found = outer.with_values(())
        for y in outer.values:
            found |= _irreducible(sp.expand(parts[1].as_expr() - y), x, meaning, budget)
        return found
    if n == 4:
        return _by_cases(formulas.real_quartic(*c)) if by_cases else ExactRoots(formulas.quartic(*c))
    if not equation.free_symbols - {x}:
        found = algebraic_roots.located(poly, meaning, working_bits(budget.digits), budget)
        if found is not None:
            known = {id(k): k for _, _, k in found}
            return _listed(found, tuple(known.values()), equation, x, meaning)
    symbol = _placeholder_symbol(x.is_positive is True)
    return ExactRoots((symbol,), placeholders=(Placeholder(symbol, equation, x, meaning),))


def _by_cases(cases: Iterable[formulas.Case]) -> ExactRoots:
    out = ExactRoots()
    for value, guards in cases:
        out |= guarded(value, *guards)
    return out


def _decomposition(poly: Any, x: Any) -> list[Any]:
    try:
        parts = sp.decompose(poly)
    except (sp.PolynomialError, NotImplementedError, ValueError):
        return [poly]
    if len(parts) <= 2:
        return list(parts)
    inner = parts[-1]
    outer = parts[0].as_expr()
    for p in parts[1:-1]:
        outer = outer.subs(x, p.as_expr())
    return [sp.Poly(sp.expand(outer), x), inner]


def _tidy(expr: Any) -> Any:
    out = sp.factor_terms(sp.cancel(sp.together(expr))) if sp.count_ops(expr) < MAX_OPS else expr
    return out if sp.count_ops(out) <= sp.count_ops(expr) else expr


def _root(value: Any, n: int) -> Any:
    """The principal n-th root, with perfect powers taken out."""
    factored = sp.factor(value) if sp.count_ops(value) < 400 else value
    return (
        sp.powdenest(sp.root(factored, n))
        if factored.is_nonnegative is not None or factored.is_number
        else sp.root(factored, n)
    )


def _binomial(value: Any, n: int, x: Any) -> tuple[Any, ...]:
    """The real n-th roots of a real value, for odd n of a quotient as a quotient; all turns where it may not be real.

    >>> a, x = sp.symbols("a x", real=True)
    >>> _binomial(-1 / a, 3, x), _binomial(a / (a + 2), 3, x)
    ((-Abs(a)**(2/3)/a,), (Abs(a)**(1/3)*Abs(a + 2)**(2/3)*sign(a)/(a + 2),))
    """
    if value.is_zero:
        return (sp.S.Zero,)
    if n % 2 == 0:
        root = _root(value, n)
        return (root,) if x.is_positive else (-root, root)
    if value.is_nonpositive:
        return (-_root(-value, n),)
    if value.is_nonnegative or x.is_positive:
        return (_root(value, n),)
    above, below = sp.fraction(sp.together(value))
    if x.is_real and not value.is_real and below != 1 and above.is_real and below.is_real:
        turned = sp.Abs(below) ** sp.Rational(n - 1, n) / below  # one over the real root
        return tuple(r * turned for r in _binomial(above, n, x))
    if value.is_real is False:
        return tuple(_root(value, n) * sp.exp(2 * sp.pi * sp.I * sp.Rational(k, n)).rewrite(sp.cos) for k in range(n))
    return (
        (sp.sign(value) * sp.root(sp.Abs(value), n),)
        if value.is_real
        else tuple(_root(value, n) * sp.exp(2 * sp.pi * sp.I * sp.Rational(k, n)) for k in range(n))
    )
