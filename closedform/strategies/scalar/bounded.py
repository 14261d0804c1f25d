"""Every solution on a bounded domain, by branch and bound in balls; those that have a formula get it.

The box comes from the bounds of the unknowns. A leaf is dropped where an equation has no zero on it, and kept where
Newton's interval test shows exactly one (``enclosures.krawczyk``; the kernel repeats the cover). Formulas come from
elimination: where its list of candidates is complete, a zero that only one of them can be equals it; else the kernel
must reduce the equations to zero at it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import sympy as sp
from flint import arb, ctx, fmpq

from closedform.algebra import bridge
from closedform.algebra.roots import exact as dyadic
from closedform.algebra.sampling import Sample, real_ball
from closedform.attempt import Attempt
from closedform.budget import Budget, working_bits
from closedform.calculus.elimination import Eliminator
from closedform.calculus.signs import KnownSigns
from closedform.enclosures.certificates import points_certificate
from closedform.enclosures.evaluation import Function
from closedform.enclosures.krawczyk import Cover, Enclosed, all_in_box, widened
from closedform.enclosures.least import zeros_within
from closedform.enclosures.ranges import Range
from closedform.errors import ClosedFormError, OutOfTime
from closedform.kernel.reading import Json
from closedform.stationarity.candidates import prove
from closedform.stationarity.scalar import Stationarity
from closedform.strategies.ending import Evidence, Found, FoundPoint, concluded, loss_at
from closedform.strategies.strata import Feasible, sides_of

name = "every point of a bounded domain"
example = {"loss": "sin(x*y) + x^2 - y", "unknowns": ["x", "y"], "assumptions": ["-2<x", "x<2", "-2<y", "y<2"]}
counterexample = {"loss": "exp(x) - x*y + y^2", "unknowns": ["x", "y"]}

share = 0.6
MAX_UNKNOWNS = 4
MAX_OPS = 2_000
MAX_CERTIFIED = 150  # points beyond which the kernel would take too long to repeat the cover


def declines(system: Stationarity) -> str | None:
    """A sentence when there are parameters, corners, or an unknown without bounds, else None."""
    if system.parameters or system.kind in ("piecewise", "sum"):
        return "there are parameters, or the equations are not smooth"
    if len(system.unknowns) > MAX_UNKNOWNS or len(system.equations) != len(system.unknowns):
        return "there are too many unknowns, or not as many equations"
    if system.kind in ("polynomial", "rational") and len(system.unknowns) > 1:
        return "polynomial equations are solved exactly"
    if any(r.rel_op == "==" for r in system.relations) or any(u.is_integer for u in system.unknowns):
        return "there are equality constraints, or integers"
    if len(system.unknowns) > 1 and sum(sp.count_ops(e) for e in system.gradient or system.equations) > MAX_OPS:
        return "the equations are too long to be evaluated on many boxes"
    box = _box(system)
    if box is None:
        return "the domain is not bounded, nor is it shown where the solutions are"
    return "the domain is flat" if any(not s.low < s.high for s in box.values()) else None


def _box(system: Stationarity) -> dict[str, Range] | None:
    """Bounds that hold every solution: those of the domain, or such that an equation has no zero outside of them."""
    sides, equations = _sides(system), system.gradient or system.equations
    opened = set[tuple[str, int]]()  # ends where the equations may have no value: the cover keeps away from them
    for r in system.relations:
        ends = {r.lhs, r.rhs} & set(system.unknowns)
        u = next(iter(ends), None)
        if r.rel_op in (">", "<") and isinstance(u, sp.Symbol) and len(ends) == 1 and len(r.free_symbols) == 1:
            opened.add((u.name, -1 if (r.rel_op == ">") == (r.lhs == u) else 1))
    for kept in dict.fromkeys((frozenset(opened), frozenset[tuple[str, int]]())):
        found = zeros_within(equations, system.unknowns, sides, kept)
        if found is not None:
            return found
    return None


def _sides(system: Stationarity) -> dict[str, Range]:
    loss = system.loss if system.loss is not None else sp.S.Zero
    closed = list[Any]()
    for u in system.unknowns:
        box = system.problem.box.get(u.name) if not any(u in r.free_symbols for r in system.relations) else None
        for side, sign in zip(box or (), (1, -1), strict=False):
            if side not in ("oo", "-oo"):
                closed.append(sign * (u - sp.sympify(sp.Rational(side))))
    for r in system.relations:
        if r.rel_op in (">=", "<="):
            closed.append(r.lhs - r.rhs if r.rel_op == ">=" else r.rhs - r.lhs)
    strict = tuple(r for r in system.relations if r.rel_op in (">", "<"))
    return sides_of(Feasible(system.unknowns, loss, (), tuple(closed), strict))


def attempt(system: Stationarity, budget: Budget) -> Attempt:
    """All of them, complete; "failed" where one is not simple or the pieces became too many."""
    function = Function.of(system)
    if not function.writable:
        return Attempt(name, "declined", "the kernel cannot evaluate a part of it")
    wide = [widened(*_outward(s)) for s in (_box(system) or {}).values()]
    try:
        part = 0.6 if len(wide) > 1 else 0.1  # one unknown: what is left open here, the line decides
        cover = all_in_box(function, wide, budget.digits + 4, budget.share(budget.remaining * part))
    except OutOfTime:
        return Attempt(name, "failed", "the time ran out before the box was covered")
    if cover is None:
        return Attempt(name, "failed", "a zero may be multiple, or lie on a curve of zeros")
    return _Found(system, function, cover, wide, budget).attempt()


def _outward(side: Range) -> tuple[fmpq, fmpq]:
    return dyadic(side.low.lower()), dyadic(side.high.upper())


def _ends(side: Range) -> tuple[fmpq | None, fmpq | None]:
    return (
        dyadic(side.low.lower()) if side.low.is_finite() else None,
        dyadic(side.high.upper()) if side.high.is_finite() else None,
    )


def recognised(ball: arb) -> Any:
    """A short number that may lie in the ball: a fraction, one times pi, the logarithm or square root of one; or None.

    A guess only: that it is a zero has to be proved.

    >>> with ctx.workprec(200):
    ...     recognised(arb(2).log()), recognised(arb("0.75", "1e-30"))
    (log(2), 3/4)
    """
    with ctx.workprec(200):
        for turned, back in _GUESSES:
            try:
                value = turned(ball)
            except (ValueError, ZeroDivisionError):
                continue
            if not value.is_finite() or value.rad() > arb("1e-18") or abs(value) > 10**6:
                continue
            near = Fraction(str(value.mid().str(25, radius=False))).limit_denominator(MAX_BOTTOM)
            if value.overlaps(arb(near.numerator) / near.denominator):
                return back(sp.Rational(near.numerator, near.denominator), ball)
    return None


MAX_BOTTOM = 1_000
_GUESSES: tuple[tuple[Callable[[arb], arb], Callable[[Any, arb], Any]], ...] = (
    (lambda v: v, lambda q, v: q),
    (lambda v: v / arb.pi(), lambda q, v: q * sp.pi),
    (lambda v: v * v, lambda q, v: (1 if v > 0 else -1) * sp.sqrt(q)),
    (lambda v: v.exp(), lambda q, v: sp.log(q)),
)


class _Found:
    def __init__(
        self, system: Stationarity, function: Function, cover: Cover, wide: Sequence[tuple[fmpq, fmpq]], budget: Budget
    ) -> None:
        self.system, self.function, self.cover, self.wide, self.budget = system, function, cover, wide, budget
        self.names = function.names
        self.sides = dict(_sides(system).items())
        self.bits = working_bits(budget.digits)
        self.open = False  # is it open whether a point lies in the domain?

    def attempt(self) -> Attempt:
        record = Evidence()
        self._certify(record)
        guesses = [self._guessed(p) for p in self.cover.points]
        formulas, whole = self._formulas() if None in guesses else ([], False)
        found = list[tuple[Enclosed, dict[Any, Any] | None]]()
        for p, guess in zip(self.cover.points, guesses, strict=True):
            exact = guess or self._matched(p, formulas, whole)
            if self._inside(p, exact):
                found.append((p, exact))
        complete = not self.open
        record.say("covered by boxes", complete=complete)
        points = tuple(self._point(p, exact) for p, exact in found)
        open_ = "no formula was found for some of the points; that there is none is not proved"
        if complete and all(exact is not None for _, exact in found):
            open_ = ""
        none = "the bounded domain holds none"
        return concluded(name, self.system, Found(points, complete, record, open=open_, none=none), self.budget)

    def _certify(self, record: Evidence) -> None:
        points = self.cover.points
        if len(points) > MAX_CERTIFIED or self.budget.remaining < 2:
            return
        certificate = points_certificate(
            self.system,
            [p.point for p in points],
            [p.inertia for p in points],
            self.budget.digits,
            complete={"method": "cover", "leaves": self.cover.leaves},
            box={x: list[Json]([str(low), str(high)]) for x, (low, high) in zip(self.names, self.wide, strict=True)},
        )
        if certificate is not None:
            record.say("points of a box that holds the domain", certificate=certificate, count=len(points))

    def _formulas(self) -> tuple[list[tuple[dict[Any, Any], dict[str, arb]]], bool]:
        """Candidates with their balls, and whether every solution in the domain is known to be among them."""
        if self.budget.remaining < 1 or sum(sp.count_ops(e) for e in self.system.equations) > 600:
            return [], False
        share = self.budget.share(min(6.0, self.budget.remaining * 0.4))
        relations = [*self.system.relations]
        for (low, high), u in zip(self.wide, self.system.unknowns, strict=True):
            if not any(u in r.free_symbols for r in relations):
                ends = [bridge.sympy_rational(v) for v in (low, high)]
                relations += [sp.Gt(u, ends[0], evaluate=False), sp.Lt(u, ends[1], evaluate=False)]
        try:
            solver = Eliminator(KnownSigns(relations), share, self.system.nonzero)
            solved = solver.solve(self.system.equations, self.system.unknowns)
        except (
            ClosedFormError,
            NotImplementedError,
            ValueError,
            TypeError,
            ArithmeticError,
            RecursionError,
            AttributeError,
        ):
            return [], False
        out = list[tuple[dict[Any, Any], dict[str, arb]]]()
        whole = not solved.obstacles and not solved.placeholders
        for point in solved.points:
            if any(v.free_symbols for v in point.values()):
                whole = False
                continue
            at = {u.name: real_ball(v, Sample({}, {}), self.bits) for u, v in point.items()}
            balls = {k: b for k, b in at.items() if b is not None}
            if len(balls) == len(at):
                out.append((dict(point), balls))
            elif not any(v.is_real is False for v in point.values()):
                whole = False
        return out, whole and not any(e.has(sp.sin, sp.cos, sp.tan) for e in self.system.equations)

    def _matched(
        self, p: Enclosed, formulas: Sequence[tuple[dict[Any, Any], Mapping[str, arb]]], whole: bool
    ) -> dict[Any, Any] | None:
        own = dict(zip(self.names, p.point, strict=True))
        near = [f for f, at in formulas if all(bool(at[k].overlaps(own[k])) for k in own)]
        distinct = list[dict[Any, Any]]()
        for f in near:
            if not any(all(sp.simplify(f[u] - g[u]) == 0 for u in f) for g in distinct):
                distinct.append(f)
        distinct.sort(key=lambda f: sum(sp.count_ops(v) for v in f.values()))
        if whole and len(distinct) == 1:
            return distinct[0]
        for f in distinct[:3]:
            if self._is_zero(f):
                return f
        return None

    def _guessed(self, p: Enclosed) -> dict[Any, Any] | None:
        """Short numbers close by, where they are proved to be the zero."""
        guess = {u: recognised(b) for u, b in zip(self.system.unknowns, p.point, strict=True)}
        return guess if None not in guess.values() and self._is_zero(guess) else None

    def _is_zero(self, f: Mapping[Any, Any]) -> bool:
        """Do the equations vanish there, by the kernel's reduction or by simplification?"""
        if prove(self.system, f) is not None:
            return True
        equations = self.system.gradient or self.system.equations
        if sum(sp.count_ops(e) for e in equations) > 200:
            return False
        return all(sp.simplify(e.subs(dict(f), simultaneous=True)) == 0 for e in equations)

    def _inside(self, p: Enclosed, exact: Mapping[Any, Any] | None) -> bool:
        values = dict(zip(self.names, p.point, strict=True))
        for r in self.system.relations:
            gap = self.function.value(r.lhs - r.rhs, values, self.bits)
            if gap is None:
                self.open = True
                return False
            if gap.contains(0):
                at = sp.simplify((r.lhs - r.rhs).subs(dict(exact), simultaneous=True)) if exact is not None else None
                if at != 0:
                    self.open = True
                    return False
                if r.rel_op not in (">=", "<="):
                    return False
            elif not {">": gap > 0, ">=": gap > 0, "<": gap < 0, "<=": gap < 0, "!=": True}[r.rel_op]:
                return False
        for (low, high), ball in zip((_ends(s) for s in self.sides.values()), p.point, strict=True):
            if (low is not None and ball < arb(low)) or (high is not None and ball > arb(high)):
                return False
        return True

    def _point(self, p: Enclosed, exact: Mapping[Any, Any] | None) -> FoundPoint:
        loss = None
        if exact is not None:
            loss = loss_at(self.system, {u.name: v for u, v in exact.items()})
        return FoundPoint(
            exact,
            dict(zip(self.names, p.point, strict=True)),
            inertia=p.inertia if self.system.loss is not None else None,
            loss=loss,
        )
