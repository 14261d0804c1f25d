"""Kinds of the critical points of an exponential system: inertia in balls, convexity, and what happens at infinity."""

from __future__ import annotations

from typing import Any

import flint
from flint import arb, fmpq, fmpz, fmpz_poly

from closedform.algebra.roots import isolate_real
from closedform.frozen import record
from closedform.kernel.algebra.exponentials import Field, Quotient
from closedform.kernel.expressions import balls
from closedform.kernel.expressions import tree as kernel
from closedform.kernel.expressions.convexity import CONVEX, curvature
from closedform.kernel.expressions.derivatives import differentiate
from closedform.kernel.expressions.tree import Tree
from closedform.kernel.reading import Refused
from closedform.points import Kind
from closedform.statement import columns_of
from closedform.strategies.exponentials.division import coefficients, dense, substituted
from closedform.strategies.exponentials.field import ExponentialSystem
from closedform.strategies.exponentials.points import RealSolution, rational_generators, value_at
from closedform.strategies.networks.limits import Limits, limits_of


def hessian(where: ExponentialSystem) -> list[list[Tree]]:
    names = [u.name for u in where.system.unknowns]
    if where.loss is None:
        return []
    first = [differentiate(where.loss, u) for u in names]
    return [[differentiate(first[max(i, j)], names[min(i, j)]) for j in range(len(names))] for i in range(len(names))]


def inertia(rows: list[list[arb]]) -> tuple[int, int, int] | None:
    """Numbers of positive, negative and zero eigenvalues of a symmetric ball matrix by elimination; None when open.

    Sylvester's law of inertia: symmetric elimination with nonzero diagonal pivots keeps the signs.
    """
    rows = [list(r) for r in rows]
    signs = [0, 0]
    while rows:
        pivots = [i for i in range(len(rows)) if rows[i][i] > 0 or rows[i][i] < 0]
        if not pivots:
            if len(rows) == 2 and (rows[0][1] * rows[1][0] > rows[0][0] * rows[1][1]):
                return signs[0] + 1, signs[1] + 1, 0  # a negative determinant
            return None
        k = max(pivots, key=lambda i: abs(float(rows[i][i].mid())))
        signs[0 if rows[k][k] > 0 else 1] += 1
        rest = [i for i in range(len(rows)) if i != k]
        rows = [[rows[i][j] - rows[i][k] * rows[k][j] / rows[k][k] for j in rest] for i in rest]
    return signs[0], signs[1], 0


def sign(p: Any, fld: Field) -> int:
    """1 or -1 when the polynomial has this sign wherever its generators are positive; 0 when that is not shown."""
    plain = fld.sign(p)
    used = [n for n, d in zip(fld.names, p.degrees(), strict=True) if d > 0]
    if plain or len(used) != 1 or used[0] not in fld.positive:
        return plain
    f = dense(p, used[0], fld)
    if any(not z < 0 and z != 0 for z, _ in isolate_real(f)):
        return 0
    return 1 if f.leading_coefficient() > 0 else -1


def is_convex(where: ExponentialSystem) -> bool:
    """Whether the loss is proved convex on the whole space: by composition rules or the second derivative's sign."""
    if where.loss is None:
        return False
    unknowns = {u.name for u in where.system.unknowns}
    if _convex_by_terms(where.loss, where, unknowns, 1):
        return True
    try:
        if curvature(where.loss, unknowns, {}, columns_of(where.system.problem)) == CONVEX:
            return True
    except Refused:
        pass
    if len(unknowns) == 1 and where.of[next(iter(unknowns))] is not None:
        second = differentiate(differentiate(where.loss, next(iter(unknowns))), next(iter(unknowns)))
        try:
            above, below = where.field.quotient(second, {})
        except Refused:
            return False
        return sign(above, where.field) * sign(below, where.field) == 1
    return False


def _convex_by_terms(tree: Tree, where: ExponentialSystem, unknowns: set[str], factor: int) -> bool:
    """Whether factor (1 or -1) times the tree is a sum of convex terms, symbols of known sign included.

    Convex are affine forms, positive sums of exponentials, and the logarithm of such a sum over one exponential.
    """
    fld = where.field
    if not kernel.free_names(tree) & unknowns:
        return True
    if isinstance(tree, str):
        return True
    if not isinstance(tree, tuple):
        return False
    if tree[0] == "+":
        return all(_convex_by_terms(a, where, unknowns, factor) for a in tree[1:])
    if tree[0] == "sum":
        return False
    try:
        if tree[0] == "*":
            free = [a for a in tree[1:] if kernel.free_names(a) & unknowns]
            rest = kernel.mul(*(a for a in tree[1:] if not kernel.free_names(a) & unknowns))
            if len(free) == 1:
                if _affine(free[0], unknowns):
                    return True
                above, below = fld.quotient(rest, {})
                way = fld.sign(above) * fld.sign(below)
                return way != 0 and _convex_by_terms(free[0], where, unknowns, factor * way)
        if _affine(tree, unknowns):
            return True
        log = tree[0] == "log"
        above, below = fld.quotient(tree[1] if log else tree, {})
    except Refused:
        return False
    if fld.sign(above) != 1 or fld.sign(below) != 1:
        return False
    if log and factor < 0:
        above, below = below, above
    return (log or factor > 0) and _exponents(below, where) == 1


def _exponents(p: Any, where: ExponentialSystem) -> int:
    """How many different products of the generators to solve for stand in the polynomial."""
    indices = [where.field.names.index(n) for n in where.generators]
    return len({tuple(int(m[i]) for i in indices) for m in p.monoms()})


def _affine(tree: Tree, unknowns: set[str]) -> bool:
    """Whether the tree is affine in the unknowns, with any coefficients free of them."""
    if not kernel.free_names(tree) & unknowns or isinstance(tree, str):
        return True
    if not isinstance(tree, tuple) or tree[0] not in ("+", "*"):
        return False
    if tree[0] == "+":
        return all(_affine(a, unknowns) for a in tree[1:])
    free = [a for a in tree[1:] if kernel.free_names(a) & unknowns]
    return len(free) == 1 and _affine(free[0], unknowns)


@record
class Ends:
    """The loss as a function of one exponential, linear unknowns minimised out: which way it goes at both ends.

    ``low`` and ``high`` are its limits as t goes to 0 and to infinity: a rational, "+", "-" (infinite), or None where
    only ``falls``/``rises`` is known (it decreases from the left end, and increases towards the right one).
    """

    low: fmpq | str | None
    high: fmpq | str | None
    falls: bool
    rises: bool
    symmetric: bool = False


def ends(where: ExponentialSystem) -> Ends | None:
    """The behaviour at both ends when one exponential is left after minimising out an unknown in which the loss is a
    strictly convex parabola; None when that is not the situation."""
    fld = where.field
    exponentials = [u for u, how in where.of.items() if how is not None]
    others = [u for u, how in where.of.items() if how is None]
    if where.loss is None or len(exponentials) != 1 or len(others) > 1 or where.parameters:
        return None
    how = where.of[exponentials[0]]
    t = how[0] if how is not None else ""
    slope = where.quotients[[u.name for u in where.system.unknowns].index(exponentials[0])] if not others else None
    try:
        whole: Quotient | None = fld.quotient(where.loss, {})
    except Refused:
        whole = None
    if others:
        v = others[0]
        above, below = where.quotients[[u.name for u in where.system.unknowns].index(v)]
        parts = coefficients(above, v, fld)
        if whole is None or len(parts) != 2 or sign(parts[1], fld) * sign(below, fld) != 1:
            return None
        value = (-parts[0], parts[1])
        i = fld.names.index(v)
        up, down = whole[0].degrees()[i], whole[1].degrees()[i]
        whole = fld.reduced(
            substituted(whole[0], v, value, fld) * value[1] ** down,
            substituted(whole[1], v, value, fld) * value[1] ** up,
        )
    if whole is not None:
        f, g = dense(whole[0], t, fld), dense(whole[1], t, fld)
        mirrored = f.coeffs()[::-1], g.coeffs()[::-1]
        symmetric = fmpz_poly(mirrored[0]) * g * _shift(g, f) == fmpz_poly(mirrored[1]) * f * _shift(f, g)
        return Ends(_limit(f, g, False), _limit(f, g, True), False, False, symmetric)
    if slope is None or how is None:
        return None
    f, g = dense(slope[0], t, fld), dense(slope[1], t, fld)
    way = 1 if how[1] > 0 else -1
    first = _trailing(f) * _trailing(g) * way
    last = f.leading_coefficient() * g.leading_coefficient() * way
    return Ends(None, None, bool(first < 0), bool(last > 0))


def _shift(f: fmpz_poly, g: fmpz_poly) -> fmpz_poly:
    return fmpz_poly([0] * max(0, g.degree() - f.degree()) + [1])


def _trailing(f: fmpz_poly) -> fmpz:
    return next(c for c in f.coeffs() if c != 0)


def _limit(f: fmpz_poly, g: fmpz_poly, at_infinity: bool) -> fmpq | str:
    if f.is_zero():
        return fmpq(0)
    if at_infinity:
        difference, ratio = f.degree() - g.degree(), fmpq(f.leading_coefficient(), g.leading_coefficient())
    else:
        low = [next(i for i, c in enumerate(p.coeffs()) if c != 0) for p in (f, g)]
        difference, ratio = low[1] - low[0], fmpq(_trailing(f), _trailing(g))
    return ("+" if ratio > 0 else "-") if difference > 0 else ratio if difference == 0 else fmpq(0)


@record
class SolutionKinds:
    """Kinds for the solutions, in order, and what is known of the global minimum."""

    kinds: tuple[tuple[Kind, tuple[int, int, int] | None], ...]
    attained: bool | None  # a global minimum exists among the points; None when open
    infimum: fmpq | str | None  # when not attained: the limit that is below every critical value


def judge(found: list[RealSolution], where: ExponentialSystem, complete: bool) -> SolutionKinds:
    """The kind of every solution by the inertia of the Hessian, and the global minimum where it is proved."""
    second = hessian(where)
    columns = columns_of(where.system.problem)
    kinds = list[tuple[Kind, tuple[int, int, int] | None]]()
    losses = list[arb | None]()
    with flint.ctx.workprec(256):
        for s in found:
            try:
                signs = (
                    inertia([[balls.evaluate(e, s.unknowns, columns) for e in row] for row in second])
                    if second
                    else None
                )
                losses.append(balls.evaluate(where.loss, s.unknowns, columns) if where.loss is not None else None)
            except Refused:
                signs, _ = None, losses.append(None)
            kinds.append((_kind(signs), signs))
    if not complete or where.loss is None or where.system.relations:
        return SolutionKinds(tuple(kinds), None, None)
    if not found:
        behaviour, beyond = ends(where), limits_of(where.system)
        if behaviour is None and beyond is not None and all(v > arb(beyond.steps) for v in beyond.exponentials):
            return SolutionKinds((), False, beyond.steps)
        limits = [behaviour.low, behaviour.high] if behaviour is not None else []
        if "-" in limits:
            return SolutionKinds((), False, "-")
        numbers = [v for v in limits if isinstance(v, fmpq)]
        return (
            SolutionKinds((), False, _least(numbers)) if numbers and len(limits) == 2 else SolutionKinds((), None, None)
        )
    if is_convex(where):
        return SolutionKinds(tuple(("global minimum", k[1]) for k in kinds), True, None)
    behaviour = ends(where)
    values = [v for v in losses if v is not None]
    if behaviour is None and len(values) == len(losses):
        return _beside_limits(kinds, values, limits_of(where.system))
    if behaviour is None or len(values) < len(losses):
        return SolutionKinds(tuple(kinds), None, None)
    limits = [v for v in (behaviour.low, behaviour.high) if v is not None]
    if "-" in limits:
        return SolutionKinds(tuple(kinds), False, "-")
    rational = [v for v in limits if isinstance(v, fmpq)]
    finite = [arb(v) for v in rational]
    best = min(range(len(values)), key=lambda i: float(values[i].mid()))
    if len(limits) < 2 and not (behaviour.falls and behaviour.rises):
        return SolutionKinds(tuple(kinds), None, None)
    if finite and all(any(e < v for e in finite) for v in values):
        return SolutionKinds(tuple(kinds), False, _least([v for v in limits if isinstance(v, fmpq)]))
    if any(not values[best] < e and exact_loss(found[best], where) != v for e, v in zip(finite, rational, strict=True)):
        return SolutionKinds(tuple(kinds), None, None)
    ties = [i for i in range(len(values)) if i != best and not values[i] > values[best]]
    if ties and not behaviour.symmetric:
        return SolutionKinds(tuple(kinds), None, None)
    out = [("global minimum" if i == best or i in ties else k, s) for i, (k, s) in enumerate(kinds)]
    return SolutionKinds(tuple(out), True, None)  # type: ignore[arg-type]


def _beside_limits(
    kinds: list[tuple[Kind, tuple[int, int, int] | None]], values: list[arb], beyond: Limits | None
) -> SolutionKinds:
    """The global minimum where the one least critical value is below all limits at infinity, or the limit below all."""
    if beyond is None:
        return SolutionKinds(tuple(kinds), None, None)
    limits = [arb(beyond.steps), *beyond.exponentials]
    best = min(range(len(values)), key=lambda i: float(values[i].mid()))
    if all(values[best] < v for i, v in enumerate(values) if i != best) and all(values[best] < v for v in limits):
        out = [("global minimum" if i == best else k, s) for i, (k, s) in enumerate(kinds)]
        return SolutionKinds(tuple(out), True, None)  # type: ignore[arg-type]
    if all(limits[0] < v for v in (*values, *beyond.exponentials)):
        return SolutionKinds(tuple(kinds), False, beyond.steps)
    return SolutionKinds(tuple(kinds), None, None)


def exact_loss(s: RealSolution, where: ExponentialSystem) -> fmpq | None:
    """The loss at a point with rational generators, where it is rational in them."""
    values = rational_generators(s.branch, where)
    if where.loss is None or values is None:
        return None
    try:
        above, below = where.field.quotient(where.loss, {})
    except Refused:
        return None
    return value_at(above, values, where.field, fmpq) / value_at(below, values, where.field, fmpq)


def _least(numbers: list[fmpq]) -> fmpq:
    out = numbers[0]
    for v in numbers[1:]:
        out = v if v < out else out
    return out


def _kind(signs: tuple[int, int, int] | None) -> Kind:
    if signs is None:
        return "unclassified"
    return "saddle" if signs[0] and signs[1] else "local minimum" if signs[0] else "local maximum"
