"""The fallback for smooth losses with numbers: critical points found in floating point, each then proved in balls.

Starts come from ``--start``, else from many scaled draws (separable least squares where the loss is a sum of squares,
damped Newton otherwise). A point counts only when the interval Newton test holds and the kernel repeats it. The list is
complete only where that is proved: a convex loss has one, and a stated box is covered by branch and bound.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import sympy as sp
from flint import arb, fmpq

from closedform.attempt import Attempt, NewtonStep
from closedform.budget import Budget, working_bits
from closedform.enclosures.certificates import points_certificate
from closedform.enclosures.coercive import coercive, lower_bound
from closedform.enclosures.descent import minimise
from closedform.enclosures.evaluation import Function
from closedform.enclosures.krawczyk import Enclosed, all_in_box, enclose, separate, widened
from closedform.enclosures.least import convex
from closedform.enclosures.least_squares import LastIterate, candidates, residuals_of, symmetries
from closedform.errors import OutOfTime
from closedform.kernel.reading import Json
from closedform.points import Kind
from closedform.stationarity.scalar import Stationarity
from closedform.strategies.ending import Evidence, Found, FoundPoint, concluded, height
from closedform.strategies.strata import Feasible, sides_of

name = "certified numerics"
share = 0.75
example = {"loss": "log(1 + exp(x*y)) + x^2 + y^2 - x"}
counterexample = {"loss": "a*exp(x) - x", "unknowns": ["x"]}

MAX_UNKNOWNS = 60
MAX_POINTS = 12


def declines(system: Stationarity) -> str | None:
    """A sentence when the system holds symbols, or is not smooth; else None."""
    if system.parameters:
        return "the coefficients hold parameters"
    if any(r.rel_op == "==" for r in system.relations):
        return "there are equality constraints"
    if system.kind in ("piecewise", "sum"):
        return f"the equations are {system.kind}, not smooth functions of the unknowns alone"
    if len(system.unknowns) > MAX_UNKNOWNS:
        return "there are too many unknowns"
    return None


def attempt(system: Stationarity, budget: Budget) -> Attempt:
    """Certified critical points; "enclosed", with ``complete`` only where it is proved."""
    function = Function.of(system)
    if not function.writable:
        return Attempt(name, "declined", "the loss has a part that the kernel cannot evaluate")
    if function.loss is None and len(function.equations) != len(function.names):
        return Attempt(name, "declined", "there are not as many equations as unknowns")
    with np.errstate(all="ignore"):
        return _BoxSearch(system, function, budget).attempt()


class _BoxSearch:
    def __init__(self, system: Stationarity, function: Function, budget: Budget) -> None:
        self.system, self.function, self.budget = system, function, budget
        self.names = function.names
        self.record = Evidence()

    def attempt(self) -> Attempt:
        covered = self._in_box()
        if covered is not None:
            return covered
        found = self._enclosed(self._candidates())
        if not found:
            reason = "no critical point was found and proved from the starts tried; this says nothing about whether there is one"
            return Attempt(name, "failed", reason)
        complete = self._unique(found)
        if not complete:
            self._certify(found, None, None)
        return self._answer(found, complete, unique=complete)

    # -- finding -----------------------------------------------------------------------------------------------------

    def _starts(self) -> list[np.ndarray]:
        given = self.system.problem.start
        if not given or set(given) != set(self.names):
            return []
        return [np.array([float(sp.Rational(given[x])) for x in self.names])]

    def _candidates(self) -> list[LastIterate]:
        starts = self._starts()
        slice_ = self.budget.share(self.budget.remaining * 0.5)
        if self.function.loss is not None:
            problem = residuals_of(self.function.loss, self.names, self.function.columns)
            if problem is not None and problem.rows() >= 1:
                out = candidates(problem, starts, slice_, self.budget.seed)
                if out:
                    return out
        return minimise(self.function, starts, slice_, self.budget.seed, self._sides())

    def _sides(self) -> dict[str, int]:
        """The sign that the relations give an unknown."""
        return {
            u.name: 1 if u.is_positive or u.is_nonnegative else -1
            for u in self.system.unknowns
            if u.is_positive or u.is_nonnegative or u.is_negative or u.is_nonpositive
        }

    def _enclosed(self, found: Sequence[LastIterate]) -> list[Enclosed]:
        out = list[Enclosed]()
        digits = self.budget.digits + 4
        images: list[tuple[list[int], np.ndarray]] = []
        if self.function.loss is not None and len(self.names) <= 9 and found:
            images = symmetries(self.function.loss, self.names, self.function.columns, found[0].point)
        images.sort(key=lambda image: int((image[1] < 0).sum()))
        end = self.budget.share(max(2.0, min(12.0, self.budget.remaining * 0.6)))
        most = MAX_POINTS
        for candidate in found:
            if end.remaining <= 0 or len(out) >= most:
                break
            guess = self._least_negative([float(v) for v in candidate.point], images)
            if self._known(guess, out):
                continue
            try:
                begin = time.monotonic()
                point = enclose(self.function, guess, digits, end)
                cost = time.monotonic() - begin  # the kernel repeats half of this for each point, twice
                most = max(3, min(most, int(5 / max(cost, 1e-3))))
            except OutOfTime:
                break
            if point is None or not self._inside(point):
                continue
            out = separate([*out, point])
            for order, signs in images:
                if end.remaining <= 0 or len(out) >= most:
                    break
                moved = [point.point[i] * int(s) for i, s in zip(order, signs, strict=True)]
                if self._known([float(v.mid()) for v in moved], out):
                    continue
                try:
                    image = enclose(self.function, moved, digits, end)
                except OutOfTime:
                    break
                if image is not None and self._inside(image):
                    out = separate([*out, image])
        return out

    def _least_negative(self, point: list[float], images: list[tuple[list[int], np.ndarray]]) -> list[float]:
        """The image under the symmetries with the fewest negative coordinates."""
        every = [point, *([point[i] * float(s) for i, s in zip(order, signs, strict=True)] for order, signs in images)]
        return min(every, key=lambda p: sum(v < 0 for v in p))

    def _known(self, guess: list[float], out: list[Enclosed]) -> bool:
        return any(
            all(abs(float(b.mid()) - g) <= 1e-6 * (abs(g) + 1e-12) for b, g in zip(p.point, guess, strict=True))
            for p in out
        )

    def _inside(self, point: Enclosed) -> bool:
        values = dict(zip(self.names, point.point, strict=True))
        bits = working_bits(self.budget.digits, 100)
        for r in self.system.relations:
            gap = self.function.value(r.lhs - r.rhs, values, bits)
            if gap is None or not {
                ">": gap > 0,
                ">=": not gap < 0,
                "<": gap < 0,
                "<=": not gap > 0,
                "!=": not gap.contains(0),
            }.get(r.rel_op, True):
                return False
        for h in self.system.nonzero:
            value = self.function.value(h, values, bits)
            if value is not None and value.contains(0):
                return False
        return True

    # -- proving that there are no others ------------------------------------------------------------------------------

    def _unique(self, found: list[Enclosed]) -> bool:
        """A convex loss with a positive definite Hessian at a critical point has no other one."""
        if self.function.loss is None or len(found) != 1 or found[0].inertia != (len(self.names), 0, 0):
            return False
        certificate = points_certificate(
            self.system, [found[0].point], [found[0].inertia], self.budget.digits, complete={"method": "convex"}
        )
        if certificate is None:
            return self._convex()
        self.record.say("convex with one critical point", certificate=certificate)
        return True

    def _convex(self) -> bool:
        """By composition rules beyond the kernel's: derived, with the positive definite Hessian of the one point."""
        feasible = Feasible.of(self.system)
        if feasible is None or feasible.closed or any(r.rel_op == "!=" for r in feasible.open) or self.function.columns:
            return False
        sides = sides_of(feasible)
        gaps = [r.rhs - r.lhs if r.rel_op == ">" else r.lhs - r.rhs for r in feasible.open]
        if not all(convex(g, feasible.unknowns, sides) for g in gaps):
            return False
        if not any(convex(f, feasible.unknowns, sides) for f in (feasible.loss, sp.expand(feasible.loss))):
            return False
        self.record.say("convex by composition with one critical point")
        return True

    def _in_box(self) -> Attempt | None:
        """All critical points in the stated box (or on the bounded domain), by branch and bound."""
        box = self.system.problem.box
        if not box or not set(self.names) <= set(box):
            return None
        sides = [tuple(_rational(v) for v in box[x]) for x in self.names]
        wide = [widened(low, high) for low, high in sides]
        try:
            cover = all_in_box(
                self.function, wide, self.budget.digits + 4, self.budget.share(self.budget.remaining * 0.6)
            )
        except OutOfTime:
            return None
        if cover is None:
            return None
        found = list(cover.points)
        ends: dict[str, Json] = {x: [str(low), str(high)] for x, (low, high) in zip(self.names, wide, strict=True)}
        self._certify(found, {"method": "cover", "leaves": cover.leaves}, ends)
        inside = [
            p
            for p in found
            if all(bool(b >= arb(low)) and bool(b <= arb(high)) for b, (low, high) in zip(p.point, sides, strict=True))
            and self._inside(p)
        ]
        if not self.record.certificates:
            self.record.say("no other point in the box")
        return self._answer(inside, True, unique=False)

    def _certify(self, found: list[Enclosed], complete: dict[str, Json] | None, box: dict[str, Json] | None) -> None:
        points, signs = [p.point for p in found], [p.inertia for p in found]
        certificate = points_certificate(self.system, points, signs, self.budget.digits, complete=complete, box=box)
        if certificate is None:
            return
        if complete:
            sides = tuple((x, *ends) for x, ends in self.system.problem.box.items())
            self.record.say("points of the box", certificate=certificate, box=sides, count=len(found))
        else:
            self.record.say("points within their radii", certificate=certificate, where="", count=len(found))

    # -- the result ----------------------------------------------------------------------------------------------------

    def _answer(self, found: list[Enclosed], complete: bool, unique: bool) -> Attempt:
        found = sorted(found, key=_loss)
        best = self._global(found, complete, unique)
        newton = tuple(NewtonStep(*step) for step in found[0].steps) if found else ()
        points = tuple(
            FoundPoint(
                balls=dict(zip(self.names, p.point, strict=True)),
                kind="global minimum" if k in best else _kind(p.inertia),
                inertia=p.inertia,
                loss=height(p.loss, self.budget.digits),
            )
            for k, p in enumerate(found)
        )
        reason = "certified numbers"
        if not complete:
            reason += "; that there are no other critical points is not proved"
        none = "the box holds no critical point"
        whole = Found(points, complete, self.record, open=reason, none=none, ordered=True, newton=newton)
        return concluded(name, self.system, whole, self.budget)

    def _global(self, found: list[Enclosed], complete: bool, unique: bool) -> set[int]:
        if unique:
            return {0}
        if not found or not complete or self.system.problem.box or self.system.relations or self.function.loss is None:
            return set()
        if coercive(self.system, self.budget) is None or lower_bound(self.system) is None:
            return set()
        losses = [p.loss for p in found]
        return {0} if losses[0] is not None and all(x is not None and x > losses[0] for x in losses[1:]) else set()


def _rational(text: str) -> fmpq:
    value = sp.Rational(text)
    return fmpq(int(value.p), int(value.q))


def _loss(p: Enclosed) -> float:
    return float(p.loss.mid()) if p.loss is not None and p.loss.is_finite() else np.inf


def _kind(inertia: tuple[int, int, int] | None) -> Kind:
    if inertia is None or inertia[2]:
        return "unclassified"
    return "saddle" if inertia[0] and inertia[1] else "local minimum" if inertia[0] else "local maximum"
