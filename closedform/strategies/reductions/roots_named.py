"""Roots of expressions become unknowns of their own: equations with square roots over numbers as a polynomial system.

Each root r = A^(1/q) gets a name s with s^q = A, and s >= 0. Solutions are those of the larger system, one for one, so
nothing is lost, and what squaring would add is kept out by the sign of s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import sympy as sp
from sympy import Expr, Pow, Symbol

from closedform.attempt import Attempt, finding
from closedform.budget import Budget
from closedform.frozen import FrozenMap
from closedform.points import CriticalPoint, largest_class
from closedform.stationarity.candidates import expression_class
from closedform.stationarity.scalar import Stationarity, smaller
from closedform.stationarity.system import Reduction

name = "roots as unknowns"
example = {"equations": ["sqrt(x^2 + y^2) - 5 + x", "sqrt((x - 1)^2 + y^2) - 4 + y"], "unknowns": ["x", "y"]}
counterexample = {"loss": "x^4 + y^4 - x*y", "unknowns": ["x", "y"]}

MAX_ROOTS = 4


def declines(system: Stationarity) -> str | None:
    """A sentence when there are parameters, one unknown only, or something else than roots of polynomials, else None."""
    if system.parameters or system.kind != "algebraic" or len(system.unknowns) < 2:
        return "there are parameters, one unknown only, or other functions than roots"
    if system.constrained is not None or any(u.is_integer for u in system.unknowns):
        return "there are constraints with multipliers, or integers"
    return None if _named(system) is not None else "the roots do not lead to polynomials over Q"


def _named(system: Stationarity) -> tuple[dict[Symbol, Pow], list[Expr]] | None:
    """The new unknowns with the roots they stand for, and the polynomial equations; None where it does not work out."""
    equations, names = list(system.equations), dict[Symbol, Pow]()
    extra: list[Expr] = []
    powers = [p for e in equations for p in e.atoms(Pow) if p.exp.is_Rational and not p.exp.is_Integer]
    if len({p.base for p in powers}) > MAX_ROOTS:
        return None
    for _ in range(MAX_ROOTS + 1):
        roots = [
            p
            for e in (*equations, *extra)
            for p in e.atoms(Pow)
            if p.exp.is_Rational and not p.exp.is_Integer and p.base.is_polynomial(*system.unknowns, *names)
        ]
        if not roots:
            break
        base = min((p.base for p in roots), key=sp.count_ops)
        q = sp.ilcm(1, *(p.exp.q for p in roots if p.base == base and isinstance(p.exp, sp.Rational)))
        s = Symbol(f"root_{len(names) + 1}", nonnegative=True)
        root = base ** sp.Rational(1, q)
        if not isinstance(root, Pow):
            return None
        names[s] = root
        put = {p: s ** int(p.exp * q) for p in roots if p.base == base}
        equations = [sp.numer(sp.together(e.xreplace(put))) for e in equations]
        extra = [e.xreplace(put) for e in extra] + [s**q - base]
    whole = [*equations, *extra]
    everything = (*system.unknowns, *names)
    if not names or len(names) > MAX_ROOTS or not all(e.is_polynomial(*everything) for e in whole):
        return None
    if not all(c.is_Rational for e in whole for c in sp.Poly(e, *everything).coeffs()):
        return None
    return names, whole


def reduce(system: Stationarity, budget: Budget) -> Reduction:
    """The polynomial system in the unknowns and the roots."""
    budget.check()
    found = _named(system)
    if found is None:
        raise ValueError("the roots do not lead to polynomials")
    names, equations = found
    order = [u.name for u in system.unknowns]
    below = [s for s in names if any(_divides(s, names, e) for e in (system.gradient or system.equations))]
    relations = (*system.relations, *((sp.Gt if s in below else sp.Ge)(s, 0, evaluate=False) for s in names))
    nonzero = tuple(h for e in system.nonzero if (h := _in_roots(e, names)) not in below)
    inner = smaller(system, (*system.unknowns, *names), tuple(equations), relations=relations, nonzero=nonzero)

    def lift(attempts: tuple[Attempt, ...]) -> Attempt:
        a = attempts[0]
        if any(p.exact is not None and any(v.has(*names) for v in p.exact.values()) for p in a.points):
            return Attempt(name, "failed", "a family of points is described by a root")
        statement = finding("roots as unknowns", roots=tuple(names.items()))
        points = tuple(_without(p, order) for p in a.points)
        return replace(
            a,
            strategy=name,
            points=points,
            certificates=a.certificates,
            counts=FrozenMap({"complex": None, "real": a.counts.get("real")}),
            findings=(statement, *(replace(f, within=("of that system", *f.within)) for f in a.findings)),
            expression_class=largest_class([p.expression_class for p in points]),
        )

    return Reduction(name, (inner,), lift)


def _in_roots(e: Expr, names: Mapping[Symbol, Pow]) -> Expr:
    """The expression in the new unknowns."""
    for s, root in names.items():
        powers = {p: s ** (p.exp / root.exp) for p in e.atoms(Pow) if p.base == root.base}
        e = e.xreplace(powers)
    return e


def _divides(s: Symbol, names: Mapping[Symbol, Pow], e: Expr) -> bool:
    """Does the root stand below a fraction line, so that it must not be zero?"""
    return any(p.exp.is_negative and p.base == names[s].base for p in e.atoms(Pow))


def _without(p: CriticalPoint, order: list[str]) -> CriticalPoint:
    exact, numeric, radius = (
        None if part is None else FrozenMap({u: part[u] for u in order if u in part})
        for part in (p.exact, p.numeric, p.radius)
    )
    word = expression_class(*exact.values()) if exact is not None else None
    return replace(
        p, exact=exact, numeric=numeric, radius=radius, inertia=None, kind="unclassified", expression_class=word
    )
