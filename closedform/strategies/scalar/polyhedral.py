"""Convex losses that are least at a corner: |.|, max and linear terms over Q, with linear inequalities, and smooth terms.

Lines by least absolute deviations, quantile regression, Chebyshev approximation, linear programs. The kinks and the
inequalities cut space into cells; the slope is linear in the direction on each, so at a corner of the arrangement the
loss is least exactly when it falls along none of the edges that leave it: these span the cells there, and it is convex.
Without smooth terms a loss that has a least value has it at a corner; with them it may, and other strategies follow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations
from math import comb
from typing import Any, Literal

import sympy as sp
from flint import arb, fmpq

from closedform.algebra.sampling import Sample, real_ball
from closedform.attempt import Attempt
from closedform.budget import Budget, working_bits
from closedform.enclosures.least import convex
from closedform.frozen import record
from closedform.stationarity.scalar import Stationarity
from closedform.strategies.ending import Evidence, Found, FoundPoint, concluded
from closedform.strategies.strata import Feasible, sides_of

name = "corners of a linear arrangement"
example = {"loss": "|1 - a - b| + |2 - a - 2*b| + |2 - a - 3*b| + |5 - a - 4*b|", "unknowns": ["a", "b"]}
counterexample = {"loss": "|x*y| + |y| + x^2", "unknowns": ["x", "y"]}

MAX_CORNERS = 6_000
MAX_BRANCHES = 60
MAX_TRIED = 8  # corners at which smooth terms are looked at
KINKS = (sp.Abs, sp.Max, sp.Min)

Vector = tuple[Fraction, ...]
Plane = tuple[Vector, Fraction]  # (a, c): where a.x + c = 0


class NotLinear(Exception):
    """Some part is not linear between hyperplanes over Q."""


@record
class Part:
    """A function that is linear between hyperplanes."""

    head: Literal["affine", "sum", "abs", "max", "min"]
    plane: Plane | None = None
    scale: Fraction = Fraction(1)
    parts: tuple[Part, ...] = ()

    def value(self, x: Vector) -> Fraction:
        if self.plane is not None:
            return _dot(self.plane[0], x) + self.plane[1]
        inner = [p.value(x) for p in self.parts]
        return self.scale * (abs(inner[0]) if self.head == "abs" else _JOINED[self.head](inner))

    def slope(self, x: Vector, way: Vector) -> Fraction:
        """The one-sided derivative at x in a direction."""
        if self.plane is not None:
            return _dot(self.plane[0], way)
        slopes = [p.slope(x, way) for p in self.parts]
        if self.head == "sum":
            return self.scale * sum(slopes, Fraction(0))
        here = [p.value(x) for p in self.parts]
        if self.head == "abs":
            return self.scale * (slopes[0] if here[0] > 0 else -slopes[0] if here[0] < 0 else abs(slopes[0]))
        rule = _JOINED[self.head]
        return self.scale * rule([s for s, v in zip(slopes, here, strict=True) if v == rule(here)])

    def branches(self) -> frozenset[Plane]:
        """Linear functions, one of which it is wherever it is smooth."""
        if self.plane is not None:
            return frozenset((self.plane,))
        inner = [p.branches() for p in self.parts]
        out = set[Plane]().union(*inner)
        if self.head == "abs":
            out |= {_scaled(p, Fraction(-1)) for p in out}
        elif self.head == "sum":
            out = {_zero(next(iter(inner[0])))}
            for more in inner:
                out = {_added(p, q) for p in out for q in more}
                if len(out) > MAX_BRANCHES:
                    raise NotLinear
        return frozenset(_scaled(p, self.scale) for p in out)

    def kinks(self) -> Iterator[Plane]:
        """Hyperplanes outside of which it is smooth."""
        for p in self.parts:
            yield from p.kinks()
        if self.head == "abs":
            yield from self.parts[0].branches()
        elif self.head in ("max", "min"):
            for p, q in combinations(self.parts, 2):
                yield from (_added(a, _scaled(b, Fraction(-1))) for a in p.branches() for b in q.branches())


def _total(values: Sequence[Fraction]) -> Fraction:
    return sum(values, Fraction(0))


_JOINED: dict[str, Callable[[Sequence[Fraction]], Fraction]] = {"sum": _total, "max": max, "min": min}


def _dot(a: Vector, b: Vector) -> Fraction:
    return sum((p * q for p, q in zip(a, b, strict=True)), Fraction(0))


def _scaled(p: Plane, c: Fraction) -> Plane:
    return tuple(c * a for a in p[0]), c * p[1]


def _added(p: Plane, q: Plane) -> Plane:
    return tuple(a + b for a, b in zip(p[0], q[0], strict=True)), p[1] + q[1]


def _zero(p: Plane) -> Plane:
    return _scaled(p, Fraction(0))


def part(e: Any, unknowns: Sequence[Any]) -> Part:
    """The expression as a function that is linear between hyperplanes; raises ``NotLinear``.

    >>> x, y = sp.symbols("x y", real=True)
    >>> part(sp.Abs(x - 1) + 2*sp.Max(x, y), [x, y]).value((Fraction(0), Fraction(3)))
    Fraction(7, 1)
    """
    if e.is_polynomial(*unknowns):
        poly = sp.Poly(e, *unknowns)
        if poly.total_degree() > 1 or not all(c.is_Rational for c in poly.coeffs()):
            raise NotLinear
        row = tuple(_fraction(poly.coeff_monomial(u)) for u in unknowns)
        return Part("affine", (row, _fraction(poly.coeff_monomial(1))))
    if isinstance(e, sp.Add):
        return Part("sum", parts=tuple(part(t, unknowns) for t in e.args))
    if isinstance(e, sp.Mul):
        c, rest = e.as_coeff_Mul()
        if not c.is_Rational or rest is e or c == 1:
            raise NotLinear
        return Part("sum", scale=_fraction(c), parts=(part(rest, unknowns),))
    heads: dict[Any, Literal["abs", "max", "min"]] = {sp.Abs: "abs", sp.Max: "max", sp.Min: "min"}
    if e.func in heads:
        return Part(heads[e.func], parts=tuple(part(a, unknowns) for a in e.args))
    raise NotLinear


def _fraction(c: Any) -> Fraction:
    return Fraction(int(c.p), int(c.q))


def declines(system: Stationarity) -> str | None:
    """A sentence when there is one unknown only, or the loss is no convex function of this kind, else None."""
    if len(system.unknowns) < 2 or system.loss is None or system.parameters or system.constrained is not None:
        return "there is one unknown only, no loss, a parameter or an equality constraint"
    if not system.loss.has(*KINKS) or system.loss.has(sp.Sum, sp.Piecewise):
        return "there are no kinks, or sums and cases beside them"
    return None if _arrangement(system) is not None else "the loss is not convex and linear between few hyperplanes"


@record
class _Arrangement:
    loss: Part
    smooth: Any  # what is added to it
    planes: tuple[Plane, ...]
    sides: tuple[Plane, ...]  # at least zero in the domain


def _arrangement(system: Stationarity) -> _Arrangement | None:
    feasible = Feasible.of(system)
    if feasible is None or feasible.open or feasible.equal:
        return None
    kinked, smooth = _split(feasible.loss, feasible.unknowns)
    try:
        loss = part(kinked, feasible.unknowns)
        sides = tuple(q for g in feasible.closed if (q := part(g, feasible.unknowns).plane) is not None)
        planes = dict.fromkeys(_normal(p) for p in (*loss.kinks(), *sides) if any(p[0]))
    except NotLinear:
        return None
    if len(sides) < len(feasible.closed) or comb(len(planes), len(system.unknowns)) > MAX_CORNERS:
        return None
    if not convex(feasible.loss, feasible.unknowns, sides_of(feasible)):
        return None
    return _Arrangement(loss, smooth, tuple(planes), sides)


def _split(loss: Any, unknowns: Sequence[Any]) -> tuple[Any, Any]:
    """The terms with kinks and the linear ones, and the smooth others."""
    terms = sp.Add.make_args(loss)
    smooth = [t for t in terms if not t.has(*KINKS) and not (t.is_polynomial(*unknowns) and _degree(t, unknowns) < 2)]
    return sp.Add(*(t for t in terms if t not in smooth)), sp.Add(*smooth)


def _degree(t: Any, unknowns: Sequence[Any]) -> int:
    return int(sp.Poly(t, *unknowns).total_degree())


def _normal(p: Plane) -> Plane:
    return _scaled(p, 1 / next(a for a in p[0] if a))


def attempt(system: Stationarity, budget: Budget) -> Attempt:
    """The corners at which the loss is least, or the edge along which it falls without end."""
    a = _arrangement(system)
    if a is None:
        return Attempt(name, "declined", "the loss is not convex and linear between few hyperplanes")
    n, corners = len(system.unknowns), dict[Vector, Fraction]()
    for chosen in combinations(a.planes, n):
        budget.check()
        x = _solution(chosen)
        if x is not None and all(_dot(p, x) + c >= 0 for p, c in a.sides):
            corners[x] = a.loss.value(x)
    if not corners:
        return Attempt(name, "failed", "the hyperplanes have no corner in the domain")
    if a.smooth != 0:
        return _with_smooth_terms(system, a, corners, budget)
    least = min(corners.values())
    best = [x for x, v in corners.items() if v == least]
    flat = list[tuple[Vector, Vector]]()
    for x in best:
        for way in _edges(a, x):
            slope = a.loss.slope(x, way)
            if slope < 0:  # it meets no corner, which would be lower: the loss falls along it for ever
                record = Evidence()
                record.say("falls along an edge", corner=_named(system, x), way=tuple(map(sp.Rational, way)))
                none = "the loss is convex and has no lower bound"
                return concluded(name, system, Found((), True, record, none=none), budget)
            if slope == 0:
                flat.append((x, way))
    if any(not any(_ahead(x, way, y) for y in best) for x, way in flat):
        return Attempt(name, "failed", "the loss is least along an unbounded edge")
    record = Evidence()
    record.say("least corners", flat=bool(flat))
    points = tuple(FoundPoint(_named(system, x), kind="global minimum") for x in best)
    return concluded(name, system, Found(points, True, record), budget)


def _with_smooth_terms(
    system: Stationarity, a: _Arrangement, corners: dict[Vector, Fraction], budget: Budget
) -> Attempt:
    """The corner that all edges leave upwards: the only minimiser."""
    bits, unknowns = working_bits(budget.digits), system.unknowns
    gradient = [sp.diff(a.smooth, u) for u in unknowns]

    def at(e: Any, x: Vector) -> arb:
        ball = real_ball(e.subs(_named(system, x)), Sample({}, {}), bits)
        return arb.nan() if ball is None else ball

    heights = {x: float((at(a.smooth, x) + _ball(v)).mid()) for x, v in corners.items()}
    for x in sorted(corners, key=lambda x: heights[x])[:MAX_TRIED]:
        budget.check()
        slopes = [at(g, x) for g in gradient]
        rises = (
            _ball(a.loss.slope(x, way)) + sum((_ball(w) * g for w, g in zip(way, slopes, strict=True)), arb(0))
            for way in _edges(a, x)
        )
        if all(bool(r > 0) for r in rises):
            record = Evidence()
            record.say("rises along every edge")
            point = FoundPoint(_named(system, x), kind="global minimum")
            return concluded(name, system, Found((point,), True, record), budget)
    return Attempt(name, "failed", "the loss is not least at one corner alone")


def _ball(v: Fraction) -> arb:
    return arb(fmpq(v.numerator, v.denominator))


def _named(system: Stationarity, x: Vector) -> dict[Any, Any]:
    return {u: sp.Rational(v.numerator, v.denominator) for u, v in zip(system.unknowns, x, strict=True)}


def _solution(planes: Sequence[Plane]) -> Vector | None:
    """The one point on as many hyperplanes as there are unknowns; None where they are dependent."""
    rows = _reduced([[*a, -c] for a, c in planes])
    n = len(planes)
    if len(rows) < n or any(not any(r[:n]) for r in rows):
        return None
    return tuple(r[n] for r in rows)


def _edges(a: _Arrangement, x: Vector) -> Iterator[Vector]:
    """The directions of all edges that leave a corner into the domain."""
    n = len(x)
    here = [p for p in a.planes if _dot(p[0], x) + p[1] == 0]
    active = [p for p in a.sides if _dot(p[0], x) + p[1] == 0]
    seen = set[Vector]()
    for chosen in combinations(here, n - 1):
        rows = _reduced([list(p[0]) for p in chosen])
        if len(rows) < n - 1:
            continue
        heads = [next(i for i, v in enumerate(r) if v) for r in rows]
        free = next(i for i in range(n) if i not in heads)
        way = [Fraction(0)] * n
        way[free] = Fraction(1)
        for h, r in zip(heads, rows, strict=True):
            way[h] = -r[free]
        for sign in (1, -1):
            turned = tuple(sign * v for v in way)
            if turned not in seen and all(_dot(p, turned) >= 0 for p, _ in active):
                seen.add(turned)
                yield turned


def _reduced(rows: list[list[Fraction]]) -> list[list[Fraction]]:
    """The nonzero rows of the reduced echelon form."""
    out = list[list[Fraction]]()
    for row in rows:
        for r in out:
            h = next(i for i, v in enumerate(r) if v)
            row = [v - row[h] * w for v, w in zip(row, r, strict=True)]
        if not any(row):
            continue
        h = next(i for i, v in enumerate(row) if v)
        row = [v / row[h] for v in row]
        out = [[v - r[h] * w for v, w in zip(r, row, strict=True)] for r in out]
        out.append(row)
    return sorted(out, key=lambda r: next(i for i, v in enumerate(r) if v))


def _ahead(x: Vector, way: Vector, y: Vector) -> bool:
    """Does y lie on the ray from x?"""
    h = next(i for i, v in enumerate(way) if v)
    t = (y[h] - x[h]) / way[h]
    return t > 0 and all(p + t * w == q for p, w, q in zip(x, way, y, strict=True))
