"""Several equations in several unknowns, one unknown at a time: factor, isolate, substitute, branch.

An equation that is a product branches into its factors; an equation in which an unknown stands linearly gives it where
its coefficient is not zero, and the case that it is zero is a branch of its own; an equation in a single unknown is
solved by ``inversion``. Two polynomials without an easy unknown are reduced by a resultant, whose roots are candidates
only. Every branch keeps all solutions, so the list is over-complete; unknowns that no equation binds stay free.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import sympy as sp

from closedform.budget import Budget
from closedform.calculus.inversion import generators, real_roots
from closedform.calculus.polynomial_roots import Obstacle, Stand
from closedform.calculus.signs import Facts

MAX_BRANCHES = 60
MAX_OPS = 1_500


@dataclass(frozen=True)
class Solutions:
    """``points`` bind each unknown (a free one to itself); ``obstacles`` name what was not solved in some branch."""

    points: tuple[dict[Any, Any], ...] = ()
    obstacles: tuple[Obstacle, ...] = ()
    stands: tuple[Stand, ...] = ()
    exceptions: tuple[Any, ...] = ()  # data for which one of these vanishes may have further solutions


class Eliminator:
    """Carries the budget, the facts and what was met on the way."""

    def __init__(self, facts: Facts, budget: Budget, nonzero: Sequence[Any] = ()) -> None:
        self.facts, self.budget, self.nonzero = facts, budget, tuple(nonzero)
        self.reduced = False
        self.obstacles, self.stands = list[Obstacle](), list[Stand]()
        self.exceptions = list[Any]()
        self.branches = 0

    def solve(self, equations: Sequence[Any], unknowns: Sequence[Any]) -> Solutions:
        points = self._branch([*equations], tuple(unknowns))
        unique = {tuple(p[u] for u in unknowns): p for p in points}
        return Solutions(tuple(unique.values()), tuple(self.obstacles), tuple(self.stands), tuple(self.exceptions))

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
                if sp.simplify(e) != 0:
                    if e.free_symbols and self.facts.sign(e) not in (1, -1):
                        self.exceptions.append(e)  # for data where it vanishes there may be solutions
                    return []
                continue
            if sp.count_ops(e) > MAX_OPS:
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
        """Factors with an unknown that can vanish."""
        out = list[Any]()
        for f in factors_of(e):
            if not f.free_symbols & own or isinstance(f, sp.exp) or self.facts.sign(f) in (1, -1):
                continue
            out.append(f)
        return out

    def _step(self, equations: list[Any], unknowns: tuple[Any, ...]) -> list[dict[Any, Any]]:
        block = self._block(equations, unknowns)
        if block is not None:
            return block
        if (
            len(unknowns) >= 3
            and any(e.free_symbols - set(unknowns) for e in equations)
            and not self._triangular(equations, unknowns)
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
        found = real_roots(e, u, self.facts, budget=self.budget)
        self.obstacles += found.obstacles
        self.stands += found.stands
        return [s for v in found.values for s in self._with(u, v, rest, others)]

    def _block(self, equations: list[Any], unknowns: tuple[Any, ...]) -> list[dict[Any, Any]] | None:
        """As many equations as unknowns in them that are linear together, with a determinant proved not to vanish."""
        if not 3 <= len(unknowns) <= 7:
            return None
        for k in range(len(unknowns) - 1, 1, -1):
            for group in combinations(unknowns, k):
                linear = [e for e in equations if e.free_symbols & set(group) and _jointly_linear(e, group)]
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
                        {**{u: _tidied(v.subs(s)) for u, v in point.items()}, **s} for s in self._branch(rest, others)
                    ]
        return None

    def _triangular(self, equations: list[Any], unknowns: tuple[Any, ...]) -> bool:
        """Is there an equation in one unknown, or one that gives an unknown with a coefficient free of unknowns?"""
        for e in equations:
            own = [u for u in unknowns if u in e.free_symbols]
            if len(own) == 1 or any(
                e.is_polynomial(u) and sp.degree(e, u) == 1 and not sp.diff(e, u).free_symbols & set(unknowns)
                for u in own
            ):
                return True
        return False

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
        self.reduced = True
        names = dict[Any, Any]()
        renamed = [_renamed(e, unknowns, names) for e in equations]
        inverse = sp.Dummy("w")
        apart = [
            _renamed(h, unknowns, names)
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
            degree = sp.degree(e, u)
            if degree == 1:
                sure = self.facts.sign(sp.diff(e, u)) in (1, -1)
                return (0.0 if sure else 3.0) + unknown_count + size
            if unknown_count == 1:
                return 2.0 + degree + size
            return 8.0 + unknown_count + size if degree == 2 else None
        found, bare = generators(e, u)
        if unknown_count == 1:
            return 6.0 + len(found) + size
        if len(found) == 1 and not bare:
            return 5.0 + unknown_count + size
        if all(isinstance(h, sp.exp) for h in found) and not bare and len(found) <= 2:
            return 7.0 + unknown_count + size
        return None

    def _linear(self, e: Any, u: Any, rest: list[Any], others: tuple[Any, ...]) -> list[dict[Any, Any]]:
        a, b = sp.Poly(e, u).all_coeffs()
        out = self._with(u, sp.cancel(-b / a), rest, others)
        if self.facts.sign(a) not in (1, -1) and a.free_symbols & set(others):
            out += self._branch([a, b, *rest], (u, *others))
        return out

    def _with(self, u: Any, value: Any, rest: list[Any], others: tuple[Any, ...]) -> list[dict[Any, Any]]:
        if value.has(sp.zoo, sp.nan, sp.oo):
            return []
        if any(self._outside(u, value)):
            return []
        reduced = [sp.numer(sp.together(f.subs(u, value))) for f in rest]
        return [{u: _tidied(value.subs(s)), **s} for s in self._branch(reduced, others)]

    def _outside(self, u: Any, value: Any) -> list[bool]:
        return [
            bool(u.is_positive and value.is_nonpositive),
            bool(u.is_real and value.is_real is False and not value.has(sp.I)),
        ]

    def _combined(self, equations: list[Any], unknowns: tuple[Any, ...]) -> list[dict[Any, Any]]:
        """A Groebner basis, else a resultant of two polynomials, when no unknown can be isolated."""
        found = self._basis(equations, unknowns) if any(e.free_symbols - set(unknowns) for e in equations) else None
        if found is not None:
            return found
        for i, e in enumerate(equations):
            for f in equations[:i]:
                shared = [u for u in unknowns if u in e.free_symbols and u in f.free_symbols]
                for u in shared:
                    if (
                        not (e.is_polynomial(*unknowns) and f.is_polynomial(*unknowns))
                        or sp.degree(e, u) * sp.degree(f, u) > 9
                    ):
                        continue
                    r = sp.resultant(e, f, u)
                    if r == 0 or sp.count_ops(r) > MAX_OPS:
                        continue
                    out = list[dict[Any, Any]]()
                    rest = [g for g in equations if g is not e and g is not f]
                    for s in self._branch([r, *rest], tuple(v for v in unknowns if v != u)):
                        low = min((e, f), key=lambda g: sp.degree(g, u))
                        found = real_roots(low.subs(s), u, self.facts, budget=self.budget)
                        self.obstacles += found.obstacles
                        self.stands += found.stands
                        out += [{**s, u: v} for v in found.values]
                    return out
        self.obstacles.append(Obstacle(equations[0], unknowns[0], unknowns[0], "no unknown can be isolated"))
        return []


def _jointly_linear(e: Any, group: tuple[Any, ...]) -> bool:
    return bool(e.is_polynomial(*group)) and sp.Poly(e, *group).total_degree() <= 1


def _renamed(e: Any, unknowns: tuple[Any, ...], names: dict[Any, Any]) -> Any:
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


def _tidied(value: Any) -> Any:
    if sp.count_ops(value) > 80 or not value.free_symbols:
        return value if sp.count_ops(value) > 60 else sp.radsimp(value)
    return sp.simplify(value)


def factors_of(e: Any) -> list[Any]:
    whole = sp.factor(sp.numer(sp.together(e))) if sp.count_ops(e) < MAX_OPS else e
    out = dict[Any, None]()
    for f in sp.Mul.make_args(whole):
        out[f.base if isinstance(f, sp.Pow) and f.exp.is_Integer and f.exp > 0 else f] = None
    return [f for f in out if not (isinstance(f, sp.Pow) and f.exp.is_negative)]
