"""Where the minimum of a loss of numbers can be: inside, and on the faces, edges and corners of its domain.

A point of the domain has one set of active closed inequalities. On the stratum where exactly these (and the equality
constraints) hold, a minimiser is a point at which the gradients of the loss and of the active constraints are linearly
dependent (F. John, *Extremum problems with inequalities as subsidiary conditions*, 1948): that covers the points of
Karush, Kuhn and Tucker and those where the constraints' own gradients are dependent, without multipliers. Constraints that
give an unknown are put in; what is left is a smaller loss, or equations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations, permutations, product
from typing import Any

import sympy as sp
from flint import arb, arb_mat

from closedform.algebra import bridge
from closedform.algebra.sampling import Sample, real_ball, tree_of
from closedform.attempt import Finding, finding
from closedform.budget import Budget
from closedform.calculus.bounds import end_of
from closedform.enclosures.coercive import grows
from closedform.enclosures.ranges import Range, between, line, range_of
from closedform.frozen import FrozenMap, record
from closedform.kernel.algebra.inertia import inertia
from closedform.kernel.reading import Refused
from closedform.stationarity.scalar import Stationarity, alone, smaller

MAX_STRATA = 130
MAX_MINORS = 20


@record
class Feasible:
    """A loss over the points where ``equal`` vanish, ``closed`` are at least zero and the ``open`` relations hold."""

    unknowns: tuple[Any, ...]
    loss: Any
    equal: tuple[Any, ...]
    closed: tuple[Any, ...]
    open: tuple[Any, ...]

    @staticmethod
    def of(system: Stationarity) -> Feasible | None:
        """The loss, constraints, bounds and box of a system; None without a loss, or where it cannot be written."""
        problem = system.constrained or system.problem
        loss, unknowns, equal = system.loss, system.unknowns, list[Any]()
        if system.constrained is not None:
            if problem.loss is None or problem.data is not None or problem.level == "sum":
                return None
            table = {s.name: s for s in (*system.unknowns, *system.parameters)}
            unknowns = tuple(u for u in system.unknowns if u.name in problem.unknowns)
            try:
                loss = bridge.to_sympy(problem.loss, table)
                for node in bridge.flat_relations((*problem.constraints, *problem.relations)):
                    if node.head == "=":
                        left, right = (bridge.to_sympy(c, table) for c in node.children)
                        if (left - right).free_symbols & set(unknowns):
                            equal.append(_simple(left - right, unknowns))
            except bridge.NoTranslation:
                return None
        if loss is None:
            return None
        closed, strict = list[Any](), list[Any]()
        for r in (*system.relations, *_box(system, unknowns)):
            if not r.free_symbols & set(unknowns):
                continue
            if r.rel_op in ("<=", ">="):
                closed.append(_simple(r.lhs - r.rhs if r.rel_op == ">=" else r.rhs - r.lhs, unknowns))
            else:
                strict.append(r)
        return Feasible(unknowns, loss, tuple(dict.fromkeys(equal)), tuple(dict.fromkeys(closed)), tuple(strict))

    def relations(self, inside: bool = True) -> tuple[Any, ...]:
        """The inequalities as relations; ``inside``: the closed ones strictly."""
        make = sp.Gt if inside else sp.Ge
        return (*(make(g, 0, evaluate=False) for g in self.closed), *self.open)


def _box(system: Stationarity, unknowns: Sequence[Any]) -> list[Any]:
    out = list[Any]()
    for u in unknowns:
        for side, make in zip(system.problem.box.get(u.name, ()), (sp.Ge, sp.Le), strict=False):
            value = sp.sympify(sp.Rational(side)) if side not in ("oo", "-oo") else None
            if value is not None:
                out.append(make(u, value, evaluate=False))
    return out


def _simple(e: Any, unknowns: Sequence[Any]) -> Any:
    """The expression without positive numbers before it."""
    e = sp.expand(e) if e.is_polynomial(*unknowns) else e
    return sp.sympify(e)


@record
class Stratum:
    """Where the constraints numbered in ``active`` are zero (``equal`` always): ``values`` of the unknowns they give.

    ``system`` holds what is left to solve for in the others; None at a corner, where ``values`` are numbers.
    ``constant``: the loss is one number on all of the stratum.
    """

    active: tuple[int, ...]
    values: Mapping[Any, Any]
    system: Stationarity | None
    constant: bool = False


def strata(system: Stationarity, feasible: Feasible, budget: Budget) -> list[Stratum] | None:
    """Every stratum that may hold a minimiser, the inside first; None where there are too many or one cannot be written."""
    n, out = len(feasible.unknowns), list[Stratum]()
    system = replace(system, problem=replace(system.problem, box=FrozenMap()))  # the box is among the constraints now
    for size in range(max(0, n - len(feasible.equal)) + 1):
        for active in combinations(range(len(feasible.closed)), size):
            budget.check()
            found = _stratum(system, feasible, active)
            if found is None:
                return None
            out += found
            if len(out) > MAX_STRATA:
                return None
    return out


def _stratum(system: Stationarity, feasible: Feasible, active: tuple[int, ...]) -> list[Stratum] | None:
    """The stratum as a list of one, or empty where no point can lie on it."""
    held = [*feasible.equal, *(feasible.closed[i] for i in active)]
    values, left = put_in(held, feasible.unknowns)
    if values is None:
        return []
    rest = tuple(u for u in feasible.unknowns if u not in values)
    others = [g for i, g in enumerate(feasible.closed) if i not in active]
    corner = not rest or len(left) >= len(rest)
    make = sp.Ge if corner else sp.Gt
    relations = list[Any]()
    for r in (*(alone(make(g, 0, evaluate=False), feasible.unknowns) for g in others), *feasible.open):
        gap = sp.expand((r.lhs - r.rhs).subs(values, simultaneous=True)) if values else r.lhs - r.rhs
        holds = _decided(gap, r.rel_op)
        if holds is False:
            return []
        if holds is None:
            relations.append(r if not values else alone(sp.Rel(gap, 0, r.rel_op, evaluate=False), rest))
    if not rest:
        return [Stratum(active, values, None)]
    loss = feasible.loss.subs(values, simultaneous=True) if values else feasible.loss
    nonzero = tuple(
        h for h in ((e.subs(values) if values else e) for e in system.nonzero) if h.free_symbols & set(rest)
    )
    if loss.has(sp.zoo, sp.nan, sp.oo) or any(e.subs(values) == 0 for e in system.nonzero):
        return []
    if not left:
        if not loss.free_symbols & set(rest):
            empty = smaller(system, rest, (sp.S.Zero,), relations=tuple(relations), nonzero=nonzero)
            return [Stratum(active, values, empty, True)]
        equations = tuple(_numerator(sp.diff(loss, u)) for u in rest)
        own = smaller(system, rest, equations, loss=loss, relations=tuple(relations), nonzero=nonzero)
        return [Stratum(active, values, own)]
    equations = dependent(loss, left, rest)
    if equations is None:
        return None
    own = smaller(system, rest, equations, relations=tuple(relations), nonzero=nonzero)
    return [Stratum(active, values, own)]


def _numerator(e: Any) -> Any:
    return sp.numer(sp.together(e)) if sp.count_ops(e) < 1_500 else e


def _decided(gap: Any, sign: str) -> bool | None:
    if gap.free_symbols:
        return None
    if not gap.is_number or gap.is_real is False:
        return False
    zero = bool(sp.simplify(gap) == 0)
    if zero:
        return sign in (">=", "<=")
    positive = bool(gap > 0)
    return True if sign == "!=" else positive == (sign in (">", ">="))


def put_in(held: Sequence[Any], unknowns: Sequence[Any]) -> tuple[dict[Any, Any] | None, list[Any]]:
    """Values of unknowns that constraints give with a number before them, and the constraints that are left.

    None for the values where the constraints contradict each other.

    >>> x, y = sp.symbols("x y", real=True)
    >>> put_in([x + y - 1, x - y], [x, y])
    ({y: 1/2, x: 1/2}, [])
    """
    values: dict[Any, Any] = {}
    left = [sp.sympify(h) for h in held]
    while True:
        chosen: tuple[Any, Any, Any] | None = None
        rest = list[Any]()
        for h in left:
            h = sp.expand(h.subs(values, simultaneous=True)) if values else h
            if not h.free_symbols & set(unknowns):
                if h.free_symbols or sp.simplify(h) != 0:
                    return None, []
                continue
            rest.append(h)
        left = rest
        for h in sorted(left, key=sp.count_ops):
            for u in reversed([u for u in unknowns if u in h.free_symbols]):
                if h.is_polynomial(u) and sp.degree(h, u) == 1 and sp.diff(h, u).is_number:
                    chosen = (u, h, sp.expand(u - h / sp.diff(h, u)))
                    break
            if chosen is not None:
                break
        if chosen is None:
            return values, left
        u, h, value = chosen
        left.remove(h)
        values = {k: sp.expand(v.subs(u, value)) for k, v in values.items()}
        values[u] = value


def dependent(loss: Any, held: Sequence[Any], unknowns: Sequence[Any]) -> tuple[Any, ...] | None:
    """Equations of the points on ``held`` where its gradients and that of the loss are linearly dependent; None if too many.

    >>> x, y = sp.symbols("x y", real=True)
    >>> dependent(x, [y**2 - x**3], [x, y])
    (x**3 - y**2, -2*y)
    """
    held = [_squarefree(h, unknowns) for h in held]
    m, n = len(held), len(unknowns)
    if m >= n:
        return tuple(held)
    rows = sp.Matrix([[sp.diff(f, u) for u in unknowns] for f in (loss, *held)])
    chosen = list(combinations(range(n), m + 1))
    if len(chosen) > MAX_MINORS:
        return None
    minors = (_numerator(rows.extract(list(range(m + 1)), list(c)).det(method="berkowitz")) for c in chosen)
    return (*held, *(e for e in dict.fromkeys(sp.expand(d) for d in minors) if e != 0))


def _squarefree(h: Any, unknowns: Sequence[Any]) -> Any:
    if not h.is_polynomial(*unknowns):
        return h
    return sp.Mul(*(f for f, _ in sp.factor_list(h, *unknowns)[1]))


# -- what is known of the whole set -------------------------------------------------------------------------------


def bounds_of(feasible: Feasible) -> dict[Any, tuple[Any, Any]]:
    """Bounds of each unknown, exactly, that the constraints imply: each is solved for the powers that stand in one term.

    >>> x, y = sp.symbols("x y", real=True)
    >>> bounds_of(Feasible((x, y), x, (y**2 - x**3,), (1 - y,), ()))
    {x: (0, None), y: (None, 1)}
    """
    bounds: dict[Any, tuple[Any, Any]] = {
        u: (sp.S.Zero if u.is_nonnegative else None, sp.S.Zero if u.is_nonpositive else None) for u in feasible.unknowns
    }
    gaps = [*feasible.closed, *feasible.equal, *(-h for h in feasible.equal)]
    gaps += [r.lhs - r.rhs if r.rel_op == ">" else r.rhs - r.lhs for r in feasible.open if r.rel_op in (">", "<")]
    parts = list[tuple[Any, int, Any, Any]]()  # c*u^k + rest >= 0
    for g in gaps:
        terms = sp.Add.make_args(sp.expand(g))
        for u in feasible.unknowns:
            own = [t for t in terms if u in t.free_symbols]
            c, power = own[0].as_independent(u, as_Add=False) if len(own) == 1 else (None, None)
            base, k = power.as_base_exp() if power is not None else (None, sp.S.Zero)
            if c is not None and base == u and c.is_number and k.is_Integer and k > 0:
                parts.append((u, int(k), c, sp.Add(*(t for t in terms if t is not own[0]))))
    for _ in range(3 + len(feasible.unknowns)):
        before = dict(bounds)
        for u, k, c, rest in parts:
            most = end_of(rest, bounds, 1)
            if most is not None:
                bounds[u] = _within(bounds[u], k, c, -most / c)
        if bounds == before:
            break
    return bounds


def _within(old: tuple[Any, Any], k: int, c: Any, limit: Any) -> tuple[Any, Any]:
    """The old bounds of u with u^k >= limit (c > 0) or u^k <= limit (c < 0) besides."""
    low, high = old
    if k % 2:
        root = limit if k == 1 else sp.real_root(limit, k)
        if c > 0:
            return (root if low is None or bool(root > low) else low), high
        return low, (root if high is None or bool(root < high) else high)
    if c < 0 and limit.is_nonnegative:
        root = limit ** sp.Rational(1, k)
        low = -root if low is None or bool(-root > low) else low
        high = root if high is None or bool(root < high) else high
    return low, high


def sides_of(feasible: Feasible) -> dict[str, Range]:
    """The bounds of ``bounds_of`` as ranges in balls."""
    return {u.name: between(_ball(low), _ball(high)) for u, (low, high) in bounds_of(feasible).items()}


def _ball(value: Any) -> arb | None:
    return None if value is None else real_ball(value, Sample({}, {}), 120)


def ranges(e: Any, sides: Mapping[str, Range]) -> Range:
    """The values of a SymPy expression on a box, the whole line where it cannot be written."""
    try:
        return range_of(tree_of(e), sides)
    except (bridge.NoTranslation, Refused, ValueError):
        found = line()
        return Range(found.low, found.high, False)


def bounded(feasible: Feasible, budget: Budget) -> Finding | None:
    """Why the set is compact and the loss continuous on it; None where that is not shown."""
    sides = sides_of(feasible)
    if not all(s.bounded for s in sides.values()):
        growing = next(
            (
                g
                for g in (*(-c for c in feasible.closed), *feasible.equal, *(-h for h in feasible.equal))
                if grows(g, feasible.unknowns, budget)
            ),
            None,
        )
        if growing is None:
            return None
    for r in feasible.open:
        gap = ranges(r.lhs - r.rhs, sides)
        if not (gap.high < 0 if r.rel_op == "<" else gap.low > 0 if r.rel_op == ">" else gap.excludes_zero()):
            return None
    if not ranges(feasible.loss, sides).everywhere:
        return None
    return finding("a compact domain")


def attains(feasible: Feasible, budget: Budget) -> Finding | None:
    """Why the loss has a least value on the set, if the set has a point at all; None where that is not shown."""
    reason = bounded(feasible, budget)
    if reason is not None:
        return reason
    sides = sides_of(feasible)
    if any(r.rel_op in ("<", ">", "!=") for r in feasible.open) or not ranges(feasible.loss, sides).everywhere:
        return None
    found = grows(feasible.loss, feasible.unknowns, budget)
    return None if found is None else finding("a closed domain", reason=finding("grows without end", reason=found))


# -- what is known of a point --------------------------------------------------------------------------------------


@record
class Edge:
    """First and second order at a point of a stratum: multipliers of the active inequalities, inertia along the stratum."""

    multipliers: tuple[arb, ...]  # of the inequalities in ``active``
    inertia: tuple[int, int, int] | None

    @property
    def pushes_in(self) -> bool:
        """Are all multipliers proved positive, so that the loss rises from the edge into the domain?"""
        return all(bool(m > 0) for m in self.multipliers)

    @property
    def leads_away(self) -> bool:
        """Is a multiplier proved negative, so that the loss falls from the edge into the domain?"""
        return any(bool(m < 0) for m in self.multipliers)


def at_edge(feasible: Feasible, active: Sequence[int], at: Mapping[str, arb], bits: int) -> Edge | None:
    """The multipliers and the inertia of the Lagrange function's Hessian on the tangent space of the active constraints.

    grad f = sum of multipliers times the gradients; the bordered matrix [[H, J'], [J, 0]] has the inertia of H on the
    kernel of J plus (m, m, 0) (Gould 1985). None where the gradients of the active constraints may be dependent.
    """
    held = [*(feasible.closed[i] for i in active), *feasible.equal]
    here, m = Sample(dict(at), {}), len(held)
    unknowns = feasible.unknowns

    def balls(rows: Sequence[Sequence[Any]]) -> list[list[arb]] | None:
        out = [[real_ball(e, here, bits) for e in row] for row in rows]
        return (
            None if any(b is None for row in out for b in row) else [[b for b in row if b is not None] for row in out]
        )

    slope = balls([[sp.diff(feasible.loss, u) for u in unknowns]])
    jacobian = balls([[sp.diff(h, u) for u in unknowns] for h in held])
    if slope is None or jacobian is None:
        return None
    multipliers = list[arb]()
    if m:
        j, g = arb_mat(jacobian), arb_mat([[v] for v in slope[0]])
        try:
            multipliers = list((j * j.transpose()).solve(j * g).entries())
        except ZeroDivisionError:
            return None
        if not all(v.is_finite() for v in multipliers):
            return None
    hessians = [balls([[sp.diff(f, u, v) for v in unknowns] for u in unknowns]) for f in (feasible.loss, *held)]
    if any(h is None for h in hessians):
        return Edge(tuple(multipliers[: len(active)]), None)
    n = len(unknowns)
    whole = [[arb(0)] * (n + m) for _ in range(n + m)]
    for i in range(n):
        for k in range(n):
            entry = hessians[0][i][k] if hessians[0] else arb(0)
            for c, h in zip(multipliers, hessians[1:], strict=True):
                entry = entry - c * (h[i][k] if h else arb(0))
            whole[i][k] = entry
        for c in range(m):
            whole[i][n + c] = whole[n + c][i] = jacobian[c][i]
    signs = inertia(whole)
    along = (signs[0] - m, signs[1] - m, signs[2]) if signs is not None else None
    return Edge(tuple(multipliers[: len(active)]), along if along is None or min(along) >= 0 else None)


def mirrored(loss: Any, unknowns: Sequence[Any], one: Mapping[str, arb], other: Mapping[str, arb]) -> bool:
    """Are two places of a complete list images of each other under signs and exchanges that leave the loss as it is?

    >>> x, y = sp.symbols("x y", real=True)
    >>> mirrored(x**2 - x*y, (x, y), {"x": arb(1), "y": arb(2)}, {"x": arb(-1), "y": arb(-2)})
    True
    """
    if len(unknowns) > 3 or sp.count_ops(loss) > 200:
        return False
    for order in permutations(unknowns):
        for signs in product((1, -1), repeat=len(unknowns)):
            image = {u: s * v for u, s, v in zip(unknowns, signs, order, strict=True)}
            if not all(
                (one[v.name] * s).overlaps(other[u.name]) for u, s, v in zip(unknowns, signs, order, strict=True)
            ):
                continue
            if sp.expand(loss.subs(image, simultaneous=True) - loss) == 0:
                return True
    return False
