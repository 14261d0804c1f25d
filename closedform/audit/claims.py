"""The audit of an attempt: which of its claims the text of the problem refutes, and what is left without them."""

from __future__ import annotations

import importlib
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from flint import arb, ctx

from closedform.algebra.bridge import nodes, text
from closedform.attempt import Attempt, finding
from closedform.audit.evaluation import Open, Undefined
from closedform.audit.exact_search import ExactSearch, exact_search
from closedform.audit.question import MINIMA, Question

if TYPE_CHECKING:
    from closedform.audit.search import Search
from closedform.budget import Budget
from closedform.frozen import FrozenMap
from closedform.points import CriticalPoint, Kind
from closedform.problem import Problem

FLOATING = "closedform.audit.search"  # it brings NumPy
GUARD = 200  # bits past the digits asked for
SEARCH = 0.3  # seconds for what a report leaves out
MAX_WORK = 10_000  # of one evaluation of the text: an audit takes about ten
MAX_TEXT = 20_000  # characters of an exact expression that is evaluated
_MANY = re.compile(  # words by which a listed point stands for others
    r"translate|period|multiples? of|every integer|all integers|any integer|any value|famil|curve|plateau|\bfree\b",
    re.IGNORECASE,
)


def audit(problem: Problem, attempt: Attempt, budget: Budget) -> Attempt:
    """The attempt without the claims that the text of the problem refutes.

    Problems on matrices and on many rows of data are not looked at, problems with symbols at random values; out of
    time, what has not been looked at passes. A withdrawn claim turns the outcome to ``enclosed`` (numbers remain) or
    ``failed``; ``faults`` lists the reasons.

    >>> from closedform.problem import read
    >>> point = CriticalPoint(numeric=FrozenMap({"x": "2"}), radius=FrozenMap({"x": "1e-9"}))
    >>> audited = audit(read("x^2 - 2*x"), Attempt("a guess", "solved", points=(point,)), Budget.of(1))
    >>> audited.outcome, audited.points, audited.faults
    ('failed', (), ('x = 2.00000 is no critical point: the slope by x is [2.0000 +/- 3e-9] there, not zero',))
    """
    if problem.level == "matrix" or _work(problem) > MAX_WORK:
        return attempt
    if problem.parameters:
        with ctx.workprec(2 * GUARD):
            share = Budget(min(budget.deadline, time.monotonic() + SEARCH), budget.digits, budget.seed)
            contradiction = importlib.import_module("closedform.audit.instances").contradiction
            why, attempt, faults = contradiction(problem, attempt, share)
        if faults:
            attempt = replace(attempt, faults=faults)
        return attempt if not why else _withdrawn(attempt, (why,), ())
    with ctx.workprec(int(budget.digits * 3.4) + GUARD):
        return _Audit(Question.of(problem), attempt, budget).done()


def _work(problem: Problem) -> int:
    """About how many operations one evaluation of the text takes, where its sums run over the rows of a table."""
    roots = (problem.loss,) if problem.loss is not None else problem.equations
    rows = problem.data.rows if problem.data is not None else 1
    return rows * sum(1 for root in roots for _ in nodes(root))


def _withdrawn(attempt: Attempt, faults: tuple[str, ...], points: tuple[CriticalPoint, ...]) -> Attempt:
    """The attempt with nothing left but the points given and the word that its claims were withdrawn."""
    statement = finding("withdrawn", "observed")
    return replace(
        attempt,
        outcome="enclosed" if points else "failed",
        reason=f"a claim was withdrawn: {'; '.join(faults)}",
        points=tuple(replace(p, certificate=None) for p in points),
        formula=None,
        complete=False,
        minimiser=None,
        expression_class=None,
        counts=FrozenMap(),
        findings=(statement,),
        certificates=(),
        faults=faults,
    )


@dataclass
class _Kept:
    """A point as it may be shown, with the balls where it lies."""

    point: CriticalPoint
    at: Mapping[str, arb] | None


@dataclass
class _Audit:
    question: Question
    attempt: Attempt
    budget: Budget
    faults: list[str] = field(default_factory=list[str])  # claims that fall, and the verdict with them
    repairs: list[str] = field(default_factory=list[str])  # numbers that are replaced by true ones

    def done(self) -> Attempt:
        kept = [k for p in self.attempt.points if (k := self._point(p)) is not None]
        kept = self._searched(self._least(kept))
        points = tuple(k.point for k in kept)
        if not self.faults and not self.repairs:
            return self.attempt
        faults = (*self.faults, *self.repairs)
        if not self.faults:
            return replace(self.attempt, points=points, faults=faults)
        return _withdrawn(self.attempt, faults, points)

    # -- one point ---------------------------------------------------------------------------------------------------

    def _point(self, p: CriticalPoint) -> _Kept | None:
        """The point with what is true of it; None where it is none."""
        if self.budget.remaining <= 0:
            return _Kept(p, None)
        exact, numeric = self._exact(p), self._numeric(p)
        if exact is not None and numeric is not None and not all(exact[u].overlaps(numeric[u]) for u in exact):
            p, exact, numeric = self._settled(p, exact, numeric)
        at = exact or numeric
        if at is None:
            return _Kept(p, None)
        why = self.question.refused(at)
        if why:
            self.faults.append(f"{_coordinates(at)} is no {self._word()}: {why}")
            return None
        kind = self.question.refused(at, p.kind) or self.question.misnamed(at, p.kind, p.inertia)
        if kind:
            self.faults.append(f"{_coordinates(at)}: {kind}")
            p = replace(p, kind="unclassified", inertia=None)
        return _Kept(self._height(p, at), at)

    def _word(self) -> str:
        return "critical point" if self.question.loss is not None else "solution"

    def _exact(self, p: CriticalPoint) -> dict[str, arb] | None:
        if p.exact is None or set(p.exact) != set(self.question.unknowns):
            return None
        out = dict[str, arb]()
        for u, e in p.exact.items():
            spelling = text(e)
            ball = self.question.number(spelling, {}) if len(spelling) <= MAX_TEXT else None
            if ball is None or not ball.is_finite():
                return None
            out[u] = ball
        return out

    def _numeric(self, p: CriticalPoint) -> dict[str, arb] | None:
        if p.numeric is None or set(p.numeric) != set(self.question.unknowns):
            return None
        radius = p.radius or {}
        try:
            return {u: arb(v, radius.get(u, "0")) for u, v in p.numeric.items()}
        except ValueError:
            return None

    def _settled(
        self, p: CriticalPoint, exact: dict[str, arb], numeric: dict[str, arb]
    ) -> tuple[CriticalPoint, dict[str, arb] | None, dict[str, arb] | None]:
        """The point with its exact form or its numbers dropped where the two contradict each other."""
        if self.question.refused(exact) and not self.question.refused(numeric):
            self.faults.append(f"{_coordinates(numeric)} is not the exact form beside it")
            return replace(p, exact=None, expression_class=None), None, numeric
        self.repairs.append(f"the numbers {_coordinates(numeric)} miss the exact form beside them")
        shown = {u: b.mid().str(self.budget.digits + 2, radius=False) for u, b in exact.items()}
        radius = {u: _power_of_ten(exact[u] - arb(v), self.budget.digits) for u, v in shown.items()}
        return replace(p, numeric=FrozenMap(shown), radius=FrozenMap(radius)), exact, None

    def _height(self, p: CriticalPoint, at: Mapping[str, arb]) -> CriticalPoint:
        """The point without a loss that the text contradicts."""
        if p.loss is None:
            return p
        spelling = text(p.loss)
        claimed, true = (
            self.question.number(spelling, {}) if len(spelling) <= MAX_TEXT else None,
            self.question.height(at),
        )
        if claimed is None or true is None:
            return p
        if re.search(r"\d\.\d", spelling):  # a decimal is meant to its digits
            claimed = claimed + arb(0, 1) * (abs(claimed) + 1) / 10**9
        if claimed.overlaps(true):
            return p
        self.repairs.append(f"the loss at {_coordinates(at)} is {true.str(10)}, not {spelling[:60]}")
        return replace(p, loss=None)

    # -- the points together -----------------------------------------------------------------------------------------

    def _least(self, kept: list[_Kept]) -> list[_Kept]:
        """The points, without a global minimum or maximum that another point of the list beats."""
        heights = [self.question.height(k.at) if k.at is not None else None for k in kept]
        out = list[_Kept]()
        for k, own in zip(kept, heights, strict=True):
            sign = {"global minimum": 1, "global maximum": -1}.get(k.point.kind)
            beaten = own is not None and sign and any(h is not None and bool(h * sign < own * sign) for h in heights)
            if beaten and k.at is not None:
                self.faults.append(f"{_coordinates(k.at)} is no {k.point.kind}: another point of the list beats it")
                kind: Kind = "local minimum" if k.point.kind in MINIMA else "local maximum"
                k = _Kept(replace(k.point, kind=kind if k.point.inertia is not None else "unclassified"), k.at)
            out.append(k)
        return out

    # -- what is left out --------------------------------------------------------------------------------------------

    def _searched(self, kept: list[_Kept]) -> list[_Kept]:
        """The points after a quick search for a lower loss and for points that a complete list lacks."""
        if self.faults or any(k.at is None for k in kept):  # a family of points, or an exact form that is not read
            return kept
        budget = Budget(min(self.budget.deadline, time.monotonic() + SEARCH), self.budget.digits, self.budget.seed)
        listed = [k.at for k in kept if k.at is not None]
        search = exact_search(self.question, listed) or importlib.import_module(FLOATING).Search(
            self.question, listed, budget
        )
        try:
            self._completeness(search)
            return [self._unbeaten(search, k, kept) for k in kept]
        except (Open, Undefined):  # nothing is searched where floating point has no rule
            return kept

    def _completeness(self, search: Search | ExactSearch) -> None:
        a = self.attempt
        many = any(f.of_many_points for f in a.findings) or any(_MANY.search(p.note) for p in a.points)
        none = a.outcome == "no_critical_point"
        if not (a.complete or none) or many:
            return
        missed = search.missed()
        if missed:
            self.faults.append(f"a {self._word()} at {missed} is not listed")
        low = any(f.of_no_minimum for f in a.findings)  # then no end of the domain is a global minimum
        edge = search.edge() if none and not a.points and not low else ""
        if edge:
            self.faults.append(f"the minimum on the edge, at {edge}, is not said")

    def _unbeaten(self, search: Search | ExactSearch, k: _Kept, kept: list[_Kept]) -> _Kept:
        kind = k.point.kind
        edge = kind == "boundary minimum" and not any(o.point.kind == "global minimum" for o in kept)
        sign = -1 if kind == "global maximum" else 1
        height = self.question.height(k.at) if k.at is not None else None
        if height is None or k.at is None or not (edge or kind in ("global minimum", "global maximum")):
            return k
        beaten = search.lower(height, sign)
        if not beaten:
            return k
        self.faults.append(f"{_coordinates(k.at)} is no {kind}: {beaten}")
        return _Kept(replace(k.point, kind="unclassified"), k.at)


def _power_of_ten(ball: arb, digits: int) -> str:
    """A power of ten that no point of the ball exceeds in absolute value, at least 10^-digits."""
    k, bound = digits, arb(ball.abs_upper())
    while not bool(bound < arb(10) ** -k):
        k -= 1
    return f"1e{-k}"


def _coordinates(at: Mapping[str, arb]) -> str:
    """The coordinates in a few digits.

    >>> _coordinates({"x": arb("0.5", "1e-20")})
    'x = 0.500000'
    """
    return ", ".join(f"{u} = {b.mid().str(6, radius=False)}" for u, b in list(at.items())[:4])
