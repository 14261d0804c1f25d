"""Roots of one polynomial whose coefficients are expressions: formulas up to degree four, binomials, compositions.

The lists are over-complete: they hold every root, real or not, for generic coefficients; which of them are real and in
the domain is for the caller to find out. What has no formula comes back as an obstacle. For rational coefficients see
``closedform.algebra.radicals``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from math import gcd
from typing import Any

import sympy as sp
from flint import arb

from closedform.budget import Budget, working_bits
from closedform.calculus.roots import algebraic as algebraic_roots
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
    if n == 2:
        return ExactRoots(_quadratic(*c))
    if n == 3:
        return _real_cubic(*c) if x.is_real and equation.free_symbols != {x} else ExactRoots(_cubic(*c))
    parts = _decomposition(poly, x)
    if len(parts) > 1:
        t = sp.Dummy("t")
        outer = _irreducible(parts[0].as_expr().subs(x, t), t, parts[1].as_expr(), budget)
        found = outer.with_values(())
        for y in outer.values:
            found |= _irreducible(sp.expand(parts[1].as_expr() - y), x, meaning, budget)
        return found
    if n == 4:
        return ExactRoots(_quartic(*c))
    if not equation.free_symbols - {x}:
        found = algebraic_roots.located(poly, meaning, working_bits(budget.digits), budget)
        if found is not None:
            known = {id(k): k for _, _, k in found}
            return _listed(found, tuple(known.values()), equation, x, meaning)
    symbol = _placeholder_symbol(x.is_positive is True)
    return ExactRoots((symbol,), placeholders=(Placeholder(symbol, equation, x, meaning),))


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


def _factored(e: Any) -> Any:
    e = sp.expand(e)
    return sp.factor(e) if len(sp.Add.make_args(e)) <= 40 else e


def _quadratic(a: Any, b: Any, c: Any) -> tuple[Any, ...]:
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


def _cubic(a: Any, b: Any, c: Any, d: Any) -> tuple[Any, ...]:
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


def _real_cubic(a: Any, b: Any, c: Any, d: Any) -> ExactRoots:
    """The real roots by cases: Cardano with real cube roots where one is simple, by cosines where three are.

    With x = y - b/(3a) and y^3 + p*y + q = 0, D = q^2/4 + p^3/27: for D >= 0 the root u + v, with u and v the real cube
    roots of -q/2 +- sqrt(D), and for D = 0 also 3q/(-2p) twice; for D < 0 the three 2*sqrt(-p/3)*cos((w + 2*pi*k)/3),
    cos(w) = 3q/(2p)*sqrt(-3/p).
    """
    shift = b / (3 * a)
    p = _factored(sp.together((3 * a * c - b**2) / (3 * a**2)))
    q = _factored(sp.together((2 * b**3 - 9 * a * b * c + 27 * a**2 * d) / (27 * a**3)))
    if p.is_zero:
        return ExactRoots((_signed_root(-q) - shift,))
    discriminant = sp.factor(sp.together(q**2 / 4 + p**3 / 27))
    up, down = (-q / 2 + s * sp.sqrt(discriminant) for s in (1, -1))
    out = guarded(_signed_root(up) + _signed_root(down) - shift, sp.Ge(discriminant, 0))
    out |= guarded(-3 * q / (2 * p) - shift, sp.Eq(discriminant, 0))
    angle = sp.acos(3 * q / (2 * p) * sp.sqrt(-3 / p))
    for k in (0, 1, 2):
        value = 2 * sp.sqrt(-p / 3) * sp.cos((angle - 2 * sp.pi * k) / 3) - shift
        out |= guarded(value, sp.Lt(discriminant, 0))
    return out


def _signed_root(u: Any) -> Any:
    """The real cube root."""
    if u.is_nonnegative:
        return sp.root(u, 3)
    return -sp.root(-u, 3) if u.is_nonpositive else _real_cube_root(u)


def _quartic(a: Any, b: Any, c: Any, d: Any, e: Any) -> tuple[Any, ...]:
    """Ferrari, through one root of the resolvent cubic; valid where that root is not zero."""
    p = _factored(c / a - 3 * b**2 / (8 * a**2))
    q = _factored(d / a - b * c / (2 * a**2) + b**3 / (8 * a**3))
    r = _factored(e / a - b * d / (4 * a**2) + b**2 * c / (16 * a**3) - 3 * b**4 / (256 * a**4))
    shift = -b / (4 * a)
    if q.is_zero:
        return tuple(shift + s * sp.sqrt(y) for y in _quadratic(sp.S.One, p, r) for s in (-1, 1))
    out = list[Any]()
    m = _cubic(sp.Integer(8), 8 * p, 2 * p**2 - 8 * r, -(q**2))[0]
    root = sp.sqrt(2 * m)
    for s in (1, -1):
        inner = sp.sqrt(-(2 * p + 2 * m + s * sp.sqrt(2) * q / sp.sqrt(m)))
        out += [shift + (s * root + u * inner) / 2 for u in (1, -1)]
    return tuple(out)


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
