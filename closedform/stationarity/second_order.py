"""Kinds of critical points where they can be proved: by the sign of the gradient on the line, by convexity, by inertia.

In one unknown, a gradient whose numerator increases strictly through the domain (its denominator keeping one sign)
vanishes at most once and changes from minus to plus, so the point is the only one and the global minimum. In several, a
Hessian that is positive semidefinite on the whole (convex) domain makes every critical point a global minimum. Else
the inertia at the point itself gives a local kind. Signs are proofs by ``calculus.signs``.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import sympy as sp
from sympy import Expr, Symbol

from closedform.algebra import bridge
from closedform.attempt import Finding, finding
from closedform.calculus.bounds import all_bounds
from closedform.calculus.roots.inversion import real_roots
from closedform.calculus.signs import KnownSigns
from closedform.frozen import record
from closedform.points import Kind
from closedform.stationarity.scalar import Stationarity, smaller

MAX_OPS = 500
MAX_MINORS = 300  # operations in a Hessian with exponentials whose minors are worked out
MAX_UNKNOWNS = 6


@record
class Shape:
    """What is proved of the loss on its whole domain: ``unique``, at most one critical point; ``minimum``, each is global."""

    unique: bool = False
    minimum: bool = False
    reason: Finding | None = None


def shape(system: Stationarity, facts: KnownSigns) -> Shape:
    """Convexity, or in one unknown the single change of sign, where the sign rules prove it."""
    if system.loss is None or system.gradient is None or _large(system.gradient):
        return Shape()
    if any(r.rel_op == "!=" and r.free_symbols & set(system.unknowns) for r in system.relations):
        return Shape()
    if not _interval(system):
        return Shape()
    if len(system.unknowns) == 1:
        return _on_the_line(system, facts)
    hessian = sp.hessian(system.loss, system.unknowns)
    if _convex_terms(system.loss, set(system.unknowns), facts):
        minors = [facts.sign(sp.factor(hessian.det(method="berkowitz")))] if hessian.shape[0] <= 4 else [None]
        return Shape(minors == [1], True, finding("convex terms"))
    if _definite(hessian, facts):
        return Shape(True, True, finding("positive leading minors"))
    if _semidefinite(hessian, facts):
        return Shape(False, True, finding("no negative minor"))
    return Shape()


def _convex_terms(loss: Expr, own: set[Symbol], facts: KnownSigns) -> bool:
    """Is every term a linear form in its own unknowns, or an even power of one with a weight that is not negative?"""
    for t in sp.Add.make_args(loss):
        c, rest = t.as_independent(*own, as_Add=False)
        base, exponent = rest.as_base_exp()
        if not _is_linear(base, own) or not (
            exponent == 1 or (exponent.is_Integer and exponent > 0 and exponent % 2 == 0)
        ):
            return False
        if exponent != 1 and facts.sign(c) not in (1, 2):
            return False
    return True


def _is_linear(e: Any, own: set[Any]) -> bool:
    return all(not sp.diff(e, u).free_symbols & own for u in own & e.free_symbols)


def connected(system: Stationarity, facts: KnownSigns) -> bool:
    """Is the domain convex, with no pole of the gradient in it, and no hole, such as x != 2 or the zero of x - 2 in (x - 2)/(x - 2)?"""
    if not _interval(system) or not all(facts.sign(e) in (1, -1) for e in system.nonzero):
        return False
    own = {u.name: u for u in system.unknowns}
    table = {**bridge.symbols(system.problem), **own}
    holes = [r for r in system.domain.requirements if r.op == "!=" and r.text_names & own.keys()]
    return all(not r.sums and facts.sign(bridge.to_sympy(r.gap, table)) in (1, -1) for r in holes)


def ends_inwards(system: Stationarity, facts: KnownSigns) -> int:
    """In one unknown with a rational slope: 1 where the loss falls inwards from both ends of its domain, -1 where it rises.

    Zero where that is not proved. The ends are open ones: infinity, or a bound that does not belong to the domain.
    """
    x = system.unknowns[0]
    lower, upper = all_bounds(x, system.relations)
    if system.gradient is None or any(closed for _, closed in (*lower, *upper)) or len(lower) > 1 or len(upper) > 1:
        return 0
    numerator, denominator = sp.fraction(sp.together(system.gradient[0]))
    if not (numerator.is_polynomial(x) and denominator.is_polynomial(x)):
        return 0
    signs = list[int]()
    for ends, way in ((lower, -1), (upper, 1)):
        out = way
        for part in (numerator, denominator):
            if ends:
                t = sp.Dummy("t", positive=True)
                tail = sp.Poly(sp.expand(part.subs(x, ends[0][0] - way * t)), t).all_coeffs()[::-1]
                sign = facts.sign(sp.factor(next(c for c in tail if c != 0)))
            else:
                p = sp.Poly(part, x)
                sign = facts.sign(p.LC())
                sign = None if sign is None else sign * (way ** int(p.degree()))
            if sign not in (1, -1):
                return 0
            out *= sign
        signs.append(out)
    return signs[0] if signs[0] == signs[1] else 0


def leading_term(system: Stationarity) -> tuple[Expr, int] | None:
    """The leading coefficient and the degree of a loss in one unknown whose slope is a polynomial on the whole line.

    Its sign is that of the loss far out. None for any other loss or domain; holes are not looked for (``connected``).
    """
    if len(system.unknowns) != 1 or system.gradient is None or system.loss is None:
        return None
    x, slope = system.unknowns[0], system.gradient[0]
    numerator, denominator = sp.fraction(sp.together(slope))
    if any(map(any, all_bounds(x, system.relations))) or not numerator.is_polynomial(x) or denominator.has(x):
        return None
    top = sp.Poly(numerator, x)
    degree = int(top.degree()) + 1
    return (sp.factor(top.LC() / (denominator * degree)), degree) if degree > 0 else None


def _interval(system: Stationarity) -> bool:
    """Are all relations on the unknowns linear in them, so that the domain is convex?"""
    for r in system.relations:
        d = r.lhs - r.rhs
        for u in set(system.unknowns) & d.free_symbols:
            if not d.is_polynomial(u) or any(sp.diff(d, u).has(v) for v in system.unknowns):
                return False
    return True


def _large(expressions: Any) -> bool:
    return _size(expressions) > MAX_OPS


def _on_the_line(system: Stationarity, facts: KnownSigns) -> Shape:
    x, g = system.unknowns[0], (system.gradient or (sp.S.Zero,))[0]
    poles = [e for e in system.nonzero if facts.sign(e) not in (1, -1)]
    if poles:
        return Shape()
    second = sp.diff(g, x)
    if facts.sign(second) == 1:
        return Shape(True, True, finding("positive second derivative"))
    if facts.sign(second) == 2:
        return Shape(False, True, finding("no negative second derivative"))
    numerator, denominator = sp.fraction(sp.together(g))
    for top, bottom in ((numerator, denominator), *_split(sp.factor(numerator), denominator, x)):
        below = facts.sign(bottom)
        rising = facts.sign(sp.diff(top, x))
        if below in (1, -1) and rising is not None and rising * below == 1:
            return Shape(True, True, finding("slope changes its sign once"))
    return Shape()


def _split(numerator: Any, denominator: Any, x: Any) -> list[tuple[Any, Any]]:
    """The numerator without factors that keep one sign, those joined to the denominator."""
    kept, moved = sp.S.One, sp.S.One
    for f in sp.Mul.make_args(numerator):
        if f.is_positive or f.is_negative:
            moved *= f
        else:
            kept *= f
    out = [(kept, denominator / moved)] if moved != 1 and x in kept.free_symbols else []
    if x.is_positive:  # a numerator that rises after division by a power of x
        out += [(sp.expand(kept / x**k), denominator / moved / x**k) for k in (1, 2)]
    return out


def _definite(hessian: Any, facts: KnownSigns) -> bool:
    n = hessian.shape[0]
    if n > MAX_UNKNOWNS or (n > 1 and hessian.has(sp.exp, sp.log) and sp.count_ops(hessian) > MAX_MINORS):
        return False
    return all(facts.sign(sp.factor(hessian[:k, :k].det(method="berkowitz"))) == 1 for k in range(1, n + 1))


def nested_minimum(system: Stationarity, facts: KnownSigns) -> bool:
    """Does minimising over one unknown after another, each a function with a single dip, give the one global minimum?

    For fixed others the loss in u has one critical point, its minimum, at a value given in closed form; what is left is
    the profile of the loss, of which the same is asked. Then the loss has one critical point, its global minimum.
    """
    if system.loss is None or len(system.unknowns) > 4 or _large([system.loss]):
        return False
    if len(system.unknowns) == 1:
        found = shape(system, facts)
        return found.unique and found.minimum
    for u in system.unknowns:
        slope = sp.diff(system.loss, u)
        own = smaller(system, (u,), (sp.numer(sp.together(slope)),), loss=system.loss, nonzero=system.nonzero)
        found = shape(own, facts)
        if not (found.unique and found.minimum):
            continue
        values = real_roots(own.equations[0], u, facts)
        if any(values.guards) or any(facts.sign(e) not in (1, -1) for e in values.exceptions):
            continue
        if values.obstacles or values.placeholders or values.turns_cut or sp.count_ops(values.values) > 120:
            continue
        inside = [v for v in values.values if not u.is_positive or facts.sign(v) == 1]
        if len(inside) != 1 or any(u in r.free_symbols and not _only_sign(r, u) for r in system.relations):
            continue
        rest = tuple(v for v in system.unknowns if v != u)
        profile = sp.expand_log(system.loss.subs(u, inside[0]))
        equations = tuple(sp.numer(sp.together(sp.diff(profile, v))) for v in rest)
        relations = tuple(r for r in system.relations if u not in r.free_symbols)
        if nested_minimum(smaller(system, rest, equations, loss=profile, relations=relations), KnownSigns(relations)):
            return True
    return False


def _only_sign(r: Any, u: Any) -> bool:
    return bool({r.lhs, r.rhs} == {u, sp.S.Zero} and u.is_positive)


def _semidefinite(hessian: Any, facts: KnownSigns) -> bool:
    n = hessian.shape[0]
    if n > 4:
        return False
    for k in range(1, n + 1):
        for rows in combinations(range(n), k):
            if facts.sign(sp.factor(hessian.extract(rows, rows).det(method="berkowitz"))) not in (0, 1, 2):
                return False
    return True


def _size(expressions: Any) -> int:
    return sum(sp.count_ops(e) for e in expressions)


def _nested(value: Any) -> bool:
    """Cube roots through complex numbers, or several roots: signs by algebra are then out of reach."""
    roots = {p for p in value.atoms(sp.Pow) if not p.exp.is_integer}
    return value.has(sp.I) or len(roots) > 3 or sp.count_ops(value) > 120


def local_kind(
    system: Stationarity, point: Mapping[Any, Any], facts: KnownSigns
) -> tuple[Kind, tuple[int, int, int] | None]:
    """The kind by the Hessian at the point where its signs are proved, else "unclassified"."""
    if system.gradient is None or system.loss is None or _large([*system.gradient, *point.values()]):
        return "unclassified", None
    n = len(system.unknowns)
    if n > 4 or any(v == k or _nested(v) for k, v in point.items()):
        return "unclassified", None
    hessian = sp.Matrix([[sp.diff(g, u) for u in system.unknowns] for g in system.gradient])
    at = hessian.subs(dict(point), simultaneous=True)
    if _large(list(at)):
        return "unclassified", None
    at = at.applyfunc(lambda e: sp.factor(sp.together(e)))
    minors = [facts.sign(sp.factor(at[:k, :k].det(method="berkowitz"))) for k in range(1, n + 1)]
    if all(m == 1 for m in minors):
        return "local minimum", (n, 0, 0)
    if all(m == (-1) ** (k + 1) for k, m in enumerate(minors)):
        return "local maximum", (0, n, 0)
    if all(m in (1, -1) for m in minors):
        signs = [b * a for a, b in zip([1, *minors], minors, strict=False) if a is not None and b is not None]
        return "saddle", (signs.count(1), signs.count(-1), 0)
    return "unclassified", None
