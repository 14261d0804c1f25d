"""Several equations in several unknowns, one unknown at a time: factor, isolate, substitute, branch.

An equation that is a product branches into its factors; an equation in which an unknown stands linearly gives it where
its coefficient is not zero, and the case that it is zero is a branch of its own; an equation in a single unknown is
solved by ``inversion``. A function of several unknowns (exp(x*y), sin(x + y)) is isolated and undone, so that what was
inside it is an equation again, with branches of its own. Two equations without an easy unknown are combined by a
resultant, which joins them. Every branch keeps all solutions, so the list is over-complete; unknowns that no equation
binds stay free. Where circular functions were undone for some turns only, ``turns_cut`` says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import sympy as sp
from sympy import Expr

from closedform.budget import Budget
from closedform.calculus.bounds import bounds_of, end_of
from closedform.calculus.equations import (
    MAX_OPS,
    change_of_variable,
    factors_of,
    hidden,
    is_too_large,
    jointly_linear,
    outside,
    row_reduced,
    tidied,
    triangular,
    vanishes,
    with_plain_symbols,
)
from closedform.calculus.roots.inversion import real_roots
from closedform.calculus.roots.polynomial import ExactRoots, Obstacle, Placeholder, polynomial_roots
from closedform.calculus.roots.preimages import principal_angles
from closedform.calculus.scalar import generators
from closedform.calculus.signs import KnownSigns
from closedform.frozen import record

MAX_BRANCHES = 60


@record
class Solutions:
    """``points`` bind each unknown (a free one to itself); ``obstacles`` name what was not solved in some branch."""

    points: tuple[dict[Any, Any], ...] = ()
    obstacles: tuple[Obstacle, ...] = ()
    placeholders: tuple[Placeholder, ...] = ()
    exceptions: tuple[Any, ...] = ()  # data for which one of these vanishes may have further solutions
    turns_cut: bool = False  # only some turns of a circular function were followed
    guards: tuple[tuple[Any, ...], ...] = ()  # of each point: where the steps that gave it can be reversed
    loose: bool = False  # a step may have added points that solve nothing
    generic: bool = False  # a basis over the field of the parameters: special values may have further solutions
    turned: tuple[Any, ...] = ()  # unknowns of which one period was followed: the others are translates


class Eliminator:
    """Carries the budget, the facts and what was met on the way."""

    def __init__(
        self,
        facts: KnownSigns,
        budget: Budget,
        nonzero: Sequence[Any] = (),
        all_zeros: Callable[[Any, Any], Sequence[Any] | None] = lambda equation, unknown: None,
        periods: Mapping[Any, Any] | None = None,
    ) -> None:
        """``all_zeros`` knows more of equations in one unknown than changes of variable: all of them, or None.

        ``periods``: the system is the same for u and u + period, so that of these unknowns one period is looked at.
        """
        self.facts, self.budget, self.nonzero, self.all_zeros = facts, budget, tuple(nonzero), all_zeros
        self.reduced = False
        self.obstacles, self.placeholders = list[Obstacle](), list[Placeholder]()
        self.exceptions = list[Any]()
        self.branches = 0
        self.periods, self.turned = periods or {}, set[Any]()
        self.turns_cut = self.loose = self.generic = False
        self._already_joined = set[Any]()

    def solve(self, equations: Sequence[Any], unknowns: Sequence[Any]) -> Solutions:
        points = self._branch([*row_reduced(equations, unknowns)], tuple(unknowns))
        unique = {(tuple(p[u] for u in unknowns), p.get(GUARDS, ())): p for p in points}
        return Solutions(
            tuple({u: v for u, v in p.items() if u != GUARDS} for p in unique.values()),
            tuple(self.obstacles),
            tuple(self.placeholders),
            tuple(dict.fromkeys(self.exceptions)),
            self.turns_cut,
            tuple(p.get(GUARDS, ()) for p in unique.values()),
            self.loose,
            self.generic,
            tuple(sorted(self.turned, key=str)),
        )

    def _learned(self, found: ExactRoots, others: Sequence[Any]) -> None:
        """What solving one equation for one unknown left open."""
        self.obstacles += found.obstacles
        self.placeholders += found.placeholders
        self.loose |= found.loose
        for e in found.exceptions:
            if e.free_symbols & set(others):
                self.generic = True
            elif self.facts.sign(e) not in (1, -1):
                self.exceptions.append(e)

    def _branch(self, equations: list[Any], unknowns: tuple[Any, ...]) -> list[dict[Any, Any]]:
        """All solutions of the equations for these unknowns."""
        self.budget.check()
        self.branches += 1
        if self.branches > MAX_BRANCHES:
            self.obstacles.append(
                Obstacle(
                    equations[0] if equations else sp.S.Zero, unknowns[0] if unknowns else None, None, "too many cases"
                )
            )
            return []
        split = list[list[Any]]()
        for e in equations:
            own = set(unknowns) & e.free_symbols
            if not own:
                if not vanishes(e):
                    if e.free_symbols and self.facts.sign(e) not in (1, -1):
                        self.exceptions.append(e)  # for data where it vanishes there may be solutions
                    return []
                continue
            if is_too_large(e):
                self.obstacles.append(Obstacle(e, unknowns[0], unknowns[0], "an equation grew too large"))
                return []
            parts = self._factors(e, own)
            if not parts:
                return []
            split.append(parts)
        if not split:
            return [{u: u for u in unknowns}]
        product = next((parts for parts in split if len(parts) > 1), None)
        if product is not None:
            out = list[dict[Any, Any]]()
            for f in product:  # an equation that has the same factor then holds by itself
                rest = [p[0] if len(p) == 1 else sp.Mul(*p) for p in split if p is not product and f not in p]
                out += self._branch([f, *rest], unknowns)
            return out
        return self._step([p[0] for p in split], unknowns)

    def _factors(self, e: Any, own: set[Any]) -> list[Any]:
        """Factors with an unknown that can vanish; for data where one without an unknown does, the equation says nothing."""
        out = list[Any]()
        for f in factors_of(e):
            if isinstance(f, sp.exp) or self.facts.sign(f) in (1, -1):
                continue
            if f.free_symbols & own:
                out.append(f)
            elif f.free_symbols:
                self.exceptions.append(f)
        return out

    def _step(self, equations: list[Any], unknowns: tuple[Any, ...]) -> list[dict[Any, Any]]:
        block = self._block(equations, unknowns)
        if block is not None:
            return block
        if (
            len(unknowns) >= 3
            and any(e.free_symbols - set(unknowns) for e in equations)
            and not triangular(equations, unknowns)
        ):
            found = self._basis(equations, unknowns)
            if found is not None:
                return found
        best: tuple[float, Any, Any] | None = None
        for e in equations:
            own = [u for u in unknowns if u in e.free_symbols]
            for u in own:
                cost = self._cost(e, u, len(own))
                if cost is not None and (best is None or cost < best[0]):
                    best = (cost, e, u)
        if best is None:
            return self._combined(equations, unknowns)
        _, e, u = best
        rest = [f for f in equations if f is not e]
        others = tuple(v for v in unknowns if v != u)
        if e.is_polynomial(u) and sp.degree(e, u) == 1:
            return self._linear(e, u, rest, others)
        if set(others) & e.free_symbols or (e.has(sp.Abs, *CIRCULAR) and change_of_variable(e, u)[0] is not None):
            return self._several(e, u, rest, others)
        self.turns_cut = self.turns_cut or e.has(*CIRCULAR)
        found = real_roots(e, u, self.facts, budget=self.budget)
        if found.obstacles and (values := self.all_zeros(e, u)) is not None:
            found = ExactRoots(tuple(values))
        self._learned(found, others)
        if found.everywhere:
            self.obstacles.append(Obstacle(e, u, u, "it may hold on a whole interval"))
        guards = found.guards or [()] * len(found.values)
        return [s for v, g in zip(found.values, guards, strict=True) for s in self._with(u, v, rest, others, g)]

    def _several(self, e: Any, u: Any, rest: list[Any], others: tuple[Any, ...]) -> list[dict[Any, Any]]:
        """An equation that holds other unknowns too: a polynomial in u, or in one function of it, which is then undone."""
        h, reduced, t = change_of_variable(e, u)
        if h is None:
            self.obstacles.append(Obstacle(e, u, u, "no unknown can be isolated"))
            return []
        poly = sp.Poly(reduced, t)
        top = poly.LC()
        out = list[dict[Any, Any]]()
        if top.free_symbols & set(others) and self.facts.sign(top) not in (1, -1):
            lower = sp.expand(reduced - top * t ** poly.degree()).subs(t, h)
            out += self._branch([top, lower, *rest], (u, *others))
        found = polynomial_roots(reduced, t, h, self.budget).resolved()
        self._learned(replace(found, exceptions=tuple(e for e in found.exceptions if e != top)), others)
        if not top.free_symbols & set(others) and top.free_symbols and self.facts.sign(top) not in (1, -1):
            self.exceptions.append(top)
        for value, guards in zip(found.values, found.guards or [()] * len(found.values), strict=True):
            if h == u:
                out += self._with(u, value, rest, others, guards)
                continue
            for equation in self._undone(h, value):
                out += [_guarded(s, guards) for s in self._branch([equation, *rest], (u, *others))]
        return out

    def _undone(self, h: Any, value: Any) -> list[Any]:
        """Equations, one of which holds where h = value: what stands inside h, less its value."""
        inner = h.args[0]
        self.loose |= not isinstance(h, (sp.exp, sp.log, sp.sinh, sp.sin, sp.cos, sp.tan))
        if isinstance(h, sp.exp):
            return [] if value.is_nonpositive else [inner - sp.expand_log(sp.log(value))]
        if isinstance(h, sp.Pow):
            if h.exp.is_number and h.exp.is_positive:
                return [] if value.is_negative else [inner - value ** (1 / h.exp)]
            if h.exp.is_number:
                return [] if value.is_nonpositive else [inner - value ** (1 / h.exp)]
            if h.base.is_number and h.base.is_positive and h.base != 1:
                return [] if value.is_nonpositive else [h.exp * sp.log(h.base) - sp.log(value)]
        if isinstance(h, sp.Abs):
            return [] if value.is_negative else list(dict.fromkeys([inner - value, inner + value]))
        if isinstance(h, sp.cosh):
            return list(dict.fromkeys([inner - sp.acosh(value), inner + sp.acosh(value)]))
        if isinstance(h, (sp.sin, sp.cos, sp.tan)):
            return self._angles(h, value)
        rule = _INVERSES.get(type(h))
        if rule is not None and len(h.args) == 1:
            return [inner - rule(value)]
        self.obstacles.append(
            Obstacle(h - value, None, None, f"{type(h).__name__} has no inverse among the known functions")
        )
        return []

    def _angles(self, h: Any, value: Any) -> list[Any]:
        """Every turn that the bounds of the unknowns allow; one turn, and ``turns_cut``, where there are none."""
        inner = h.args[0]
        base, period = principal_angles(h, value)
        bounds = {u: bounds_of(u, self.facts.relations) for u in inner.free_symbols}
        low, high = end_of(inner, bounds, -1), end_of(inner, bounds, 1)
        if low is None or high is None or value.free_symbols:
            turns: Iterable[int] = range(self._turns_in_period(inner, period))
            if not value.free_symbols and len(base) == 2 and sp.simplify((base[0] - base[1]) / period).is_integer:
                base = base[:1]
        else:
            turns = range(int(sp.floor(low / period)) - 1, int(sp.ceiling(high / period)) + 2)
        if len(list(turns)) > MAX_TURNS:
            self.turns_cut = True
            turns = (0,)
        return list(dict.fromkeys(inner - b - k * period for k in turns for b in base))

    def _turns_in_period(self, inner: Any, period: Any) -> int:
        """How many turns an angle makes in a period of the system, for an angle of one unknown; else one, the others cut."""
        u = next(iter(inner.free_symbols)) if len(inner.free_symbols) == 1 else None
        if u is not None and u in self.periods:
            turns = sp.simplify(sp.diff(inner, u) * self.periods[u] / period)
            if turns.is_Integer and 0 < abs(turns) <= MAX_TURNS:
                self.turned.add(u)
                return abs(int(turns))
        self.turns_cut = True
        return 1

    def _block(self, equations: list[Any], unknowns: tuple[Any, ...]) -> list[dict[Any, Any]] | None:
        """As many equations as unknowns in them that are linear together, with a determinant proved not to vanish."""
        if not 3 <= len(unknowns) <= 7:
            return None
        for k in range(len(unknowns) - 1, 1, -1):
            for group in combinations(unknowns, k):
                linear = [e for e in equations if e.free_symbols & set(group) and jointly_linear(e, group)]
                for chosen in combinations(linear, k):
                    matrix = sp.Matrix([[sp.diff(e, u) for u in group] for e in chosen])
                    determinant = sp.factor(matrix.det(method="berkowitz"))
                    if determinant == 0 or not self._never_zero(determinant):
                        continue
                    side = sp.Matrix([-e.subs(dict.fromkeys(group, 0)) for e in chosen])
                    values = [sp.cancel(v) for v in matrix.adjugate() * side / determinant]
                    point = dict(zip(group, values, strict=True))
                    rest = [
                        sp.numer(sp.together(e.subs(point, simultaneous=True))) for e in equations if e not in chosen
                    ]
                    others = tuple(u for u in unknowns if u not in group)
                    return [
                        {**{u: tidied(v.subs(s)) for u, v in point.items()}, **s} for s in self._branch(rest, others)
                    ]
        return None

    def _never_zero(self, e: Any) -> bool:
        """Is every factor of a proved sign, or among what must not vanish?"""
        given = {sp.factor(h) for h in self.nonzero} | {sp.factor(-h) for h in self.nonzero}
        for f in sp.Mul.make_args(e):
            base = f.as_base_exp()[0]
            if self.facts.sign(base) not in (1, -1) and base not in given and sp.factor(base) not in given:
                return False
        return True

    def _basis(self, equations: list[Any], unknowns: tuple[Any, ...]) -> list[dict[Any, Any]] | None:
        """A lexicographic Groebner basis, coefficients renamed, with what must not vanish inverted."""
        if self.reduced or not 2 <= len(unknowns) <= 4 or not all(e.is_polynomial(*unknowns) for e in equations):
            return None
        if any(sp.Poly(e, *unknowns).total_degree() > 5 for e in equations):
            return None
        self.reduced = self.generic = True
        names = dict[Any, Any]()
        renamed = [with_plain_symbols(e, unknowns, names) for e in equations]
        inverse = sp.Dummy("w")
        apart = [
            with_plain_symbols(h, unknowns, names)
            for h in self.nonzero
            if h.free_symbols & set(unknowns) and h.is_polynomial(*unknowns)
        ]
        more = [inverse * sp.Mul(*apart) - 1] if apart else []
        try:
            basis = sp.groebner([*renamed, *more], *((inverse,) if more else ()), *unknowns, order="lex")
        except (sp.PolynomialError, NotImplementedError, ValueError, ZeroDivisionError):
            return None
        back = {v: k for k, v in names.items()}
        kept = [g.subs(back) for g in basis.exprs if inverse not in g.free_symbols]
        if any(not g.free_symbols & set(unknowns) for g in kept):
            return []
        return self._branch(kept, unknowns) if kept else None

    def _cost(self, e: Any, u: Any, unknown_count: int) -> float | None:
        """How hard it is to get u from e; None where it should not be tried."""
        size = sp.count_ops(e) / 50
        if e.is_polynomial(u):
            degree = float(sp.degree(e, u))
            if degree == 1:
                sure = self.facts.sign(sp.diff(e, u)) in (1, -1)
                return (0.0 if sure else 3.0) + unknown_count + size
            if unknown_count == 1:
                return 2.0 + degree + size
            return 8.0 + unknown_count + 3 * degree + size if degree <= 3 else None
        found, bare = generators(e, u)
        if unknown_count == 1:
            return 6.0 + len(found) + size
        if bare:
            return None
        h, reduced, t = change_of_variable(e, u)
        if h is None or not reduced.is_polynomial(t):
            return None
        if not isinstance(h, (sp.exp, sp.Pow, sp.Abs, sp.cosh, sp.sin, sp.cos, sp.tan, *_INVERSES)):
            return None
        fixed = not (reduced.free_symbols - {t}) & set(e.free_symbols)
        return (3.0 if fixed else 7.0) + unknown_count + 2 * float(sp.degree(reduced, t)) + size

    def _linear(self, e: Any, u: Any, rest: list[Any], others: tuple[Any, ...]) -> list[dict[Any, Any]]:
        a, b = sp.Poly(e, u).all_coeffs()
        if a.free_symbols and not a.free_symbols & set(others) and self.facts.sign(a) not in (1, -1):
            self.exceptions.append(a)
        out = self._with(u, sp.cancel(-b / a), rest, others)
        if self.facts.sign(a) not in (1, -1) and a.free_symbols & set(others):
            out += self._branch([a, b, *rest], (u, *others))
        return out

    def _with(
        self, u: Any, value: Any, rest: list[Any], others: tuple[Any, ...], guards: tuple[Any, ...] = ()
    ) -> list[dict[Any, Any]]:
        if value.has(sp.zoo, sp.nan, sp.oo):
            return []
        if any(outside(u, value)):
            return []
        reduced = [sp.numer(sp.together(f.subs(u, value))) for f in rest]
        return [
            _guarded({u: tidied(value.subs(s)), **s}, tuple(g.subs(s) for g in guards))
            for s in self._branch(reduced, others)
        ]

    def _combined(self, equations: list[Any], unknowns: tuple[Any, ...]) -> list[dict[Any, Any]]:
        """A Groebner basis, else a resultant of two equations joined to them, when no unknown can be isolated."""
        found = self._basis(equations, unknowns) if any(e.free_symbols - set(unknowns) for e in equations) else None
        if found is not None:
            return found
        best: tuple[int, Any] | None = None
        for i, e in enumerate(equations):
            for f in equations[:i]:
                for h in self._shared(e, f, unknowns):
                    key = (e, f, h)
                    if key in self._already_joined:
                        continue
                    t = sp.Dummy("t", real=True)
                    one, other = e.xreplace({h: t}), f.xreplace({h: t})
                    own = set(unknowns) if h in unknowns else set[Any]()
                    if not (one.is_polynomial(t) and other.is_polynomial(t)) or (own - {h}) & hidden(
                        one, other, unknowns
                    ):
                        continue
                    if sp.degree(one, t) * sp.degree(other, t) > 9:
                        continue
                    self._already_joined.add(key)
                    r = sp.expand(sp.resultant(one, other, t))
                    if r == 0 or sp.count_ops(r) > MAX_OPS or not r.free_symbols & set(unknowns):
                        continue
                    if best is None or sp.count_ops(r) < best[0]:
                        best = (sp.count_ops(r), r)
        if best is not None:
            return self._branch([best[1], *equations], unknowns)
        self.obstacles.append(Obstacle(equations[0], unknowns[0], unknowns[0], "no unknown can be isolated"))
        return []

    def _shared(self, e: Any, f: Any, unknowns: tuple[Any, ...]) -> list[Any]:
        """Functions of unknowns, and unknowns, in which both equations are polynomials."""
        both = e.free_symbols & f.free_symbols & set(unknowns)
        functions = [set[Any]().union(*(generators(g, u)[0] for u in both)) for g in (e, f)]
        out = sorted(functions[0] & functions[1], key=sp.count_ops)
        return [*out, *sorted(both, key=str)]


GUARDS = sp.Dummy("guards")  # under this key a point carries its guards


def _guarded(point: dict[Any, Any], guards: tuple[Any, ...]) -> dict[Any, Any]:
    """The point with more guards; a false one makes it an impossible point, which its conditions exclude."""
    return {**point, GUARDS: (*point.get(GUARDS, ()), *guards)} if guards else point


CIRCULAR = (sp.sin, sp.cos, sp.tan)
MAX_TURNS = 60


def _times_its_exponential(v: Expr) -> Expr:
    return v * sp.exp(v)


_INVERSES: dict[Any, Any] = {
    sp.log: sp.exp,
    sp.sinh: sp.asinh,
    sp.tanh: sp.atanh,
    sp.atan: sp.tan,
    sp.asin: sp.sin,
    sp.acos: sp.cos,
    sp.erf: sp.erfinv,
    sp.LambertW: _times_its_exponential,
}
