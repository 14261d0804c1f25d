"""Random and extreme admissible values held against formulas: they may refute what is said, never confirm it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp
from flint import arb, fmpq

from closedform.algebra.bridge import NoTranslation
from closedform.algebra.sampling import Sample, complex_ball, real_ball, tree_of
from closedform.budget import Budget
from closedform.kernel.expressions import tree as kernel
from closedform.kernel.reading import Refused
from closedform.points import CriticalPoint
from closedform.stationarity.location import compared
from closedform.stationarity.scalar import Stationarity, sampler

RANDOM, EXTREME = 40, 60
LEAST = 30  # samples at which a global minimum is held against other points
BITS = 333


def refuted(
    system: Stationarity,
    points: Sequence[tuple[CriticalPoint, tuple[Any, ...]]],
    budget: Budget,
) -> str:
    """A sentence when some point fails at admissible values that meet its conditions, else empty.

    Also when no admissible values were found at all, or none at which the conditions of any point hold: a formula that
    was nowhere evaluated claims nothing.
    """
    draw = sampler(system)
    draw.leave_out({u.name for u in system.unknowns})
    samples = [*draw.draws(RANDOM), *draw.extremes(EXTREME)]
    if not samples:
        return "no admissible values of the parameters were found"
    trial = _Trial(system)
    evaluated = False
    for p, conditions in points:
        if p.exact is None or any(r.rel_op == "==" for r in conditions if r != sp.true):
            evaluated = True  # no sample meets an equation
        if p.exact is None:
            continue
        point = {u: p.exact[u.name] for u in system.unknowns}
        trees = {u: _tree(v) for u, v in point.items() if v != u}
        asked = [(_tree(r.lhs - r.rhs), r.rel_op) for r in conditions if r != sp.true]
        if any(t is None for t in (*trees.values(), *(t for t, _ in asked))):
            evaluated = True
            continue
        met = 0
        for sample in samples:
            if budget.remaining < 1:
                evaluated = True
                break
            if not all(_holds(real_ball(t, sample, BITS), op) is True for t, op in asked):
                continue  # what the balls leave open counts as not met
            met += 1
            evaluated = True
            why = trial.fails(point, trees, sample, p.kind, met <= LEAST)
            if why:
                values = ", ".join(f"{k} = {v}" for k, v in sample.values.items())
                return f"{', '.join(f'{k} = {v}' for k, v in p.exact.items())[:200]} {why} at {values}"[:400]
    if points and not evaluated:
        return "no admissible values of the parameters were found at which the conditions of the formula hold"
    return ""


def _holds(gap: arb | None, op: str) -> bool | None:
    return None if gap is None else compared(gap, op)


class _Trial:
    def __init__(self, system: Stationarity) -> None:
        self.system = system
        self.equations = [_tree(e) for e in (system.gradient or system.equations)]
        self.relations = [
            (_tree(r.lhs - r.rhs), r.rel_op) for r in system.relations if r.free_symbols & set(system.unknowns)
        ]
        self.loss = _tree(system.loss) if system.loss is not None else None

    def fails(self, point: dict[Any, Any], trees: dict[Any, Any], sample: Sample, kind: str, least: bool) -> str:
        here = dict[str, Any]()
        for u, v in point.items():
            if v == u:
                here[u.name] = fmpq(3, 7)
        for u, v in point.items():
            if v == u:
                continue
            at = sample.with_values(here)
            ball = real_ball(trees[u], at, BITS)
            if ball is None:
                z = complex_ball(v, at, BITS + 100)
                if z is not None and not z.imag.contains(0):
                    return "is no real number"
                if z is None or not z.imag.contains(0):
                    return ""
                ball = z.real
            here[u.name] = ball
        at = sample.with_values(here)
        for tree, op in self.relations:
            if tree is not None and _holds(real_ball(tree, at, BITS), op) is False:
                return "lies outside the domain"
        if kind not in ("boundary minimum",) and not self._clamped(point):
            for tree in self.equations:
                slope = real_ball(tree, at, BITS) if tree is not None else None
                if slope is not None and not slope.contains(0):
                    return "does not solve the equations"
        if least and kind in ("global minimum", "boundary minimum", "global maximum"):
            return self._beaten(at, kind)
        return ""

    def _clamped(self, point: dict[Any, Any]) -> bool:
        return any(v.has(sp.Max, sp.Min) for v in point.values())

    def _beaten(self, at: Sample, kind: str) -> str:
        """Is there another point of the domain with a lower loss (a higher one, of a maximum)?"""
        if self.loss is None:
            return ""
        best = real_ball(self.loss, at, BITS)
        if best is None:
            return ""
        names = [u.name for u in self.system.unknowns]
        for i in range(14):
            other = dict[str, Any]()
            for k, n in enumerate(names):
                v = arb(at.values[n]).mid()
                step = (arb(1), arb(-1), arb(10) ** -3, -(arb(10) ** -3), v, -v, arb(1000), arb(-1000))[
                    (i * (k + 1)) % 8
                ]
                other[n] = v + step if i < 8 else v * (arb(2) ** (i - 11) if k == 0 else arb(2) ** (11 - i))
            there = at.with_values(other)
            if not all(t is not None and _holds(real_ball(t, there, BITS), op) is True for t, op in self.relations):
                continue
            value = real_ball(self.loss, there, BITS)
            if value is not None and (value > best if kind == "global maximum" else value < best):
                return f"is no {kind}"
        return ""


def _tree(e: Any) -> kernel.Tree | None:
    try:
        return tree_of(e)
    except (NoTranslation, Refused):
        return None
