"""Medians and their kin: a convex loss of one unknown with many kinks, by sorting them.

Between two neighbouring kinks the slope is a line that rises (or stays), and at a kink it jumps up: the minimum lies
where the slope changes its sign, and is one point, or an interval on which the slope is zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from flint import fmpq

from closedform.algebra import bridge
from closedform.algebra.bridge import text
from closedform.attempt import Attempt
from closedform.budget import Budget
from closedform.stationarity.large.kinked_line import KinkedLine, Kinks
from closedform.stationarity.system import System
from closedform.strategies.ending import Evidence, Found, FoundPoint, concluded

name = "sorted kinks"
example = {"loss": "sum(i, 1, n, abs(x[i] - m))", "unknowns": ["m"], "data": {"x": [k * k % 101 for k in range(41)]}}
counterexample = {"loss": "|1 - m| + |2 - m| + |9 - 3*m|"}


def declines(system: System) -> str | None:
    """A sentence when the loss was not read as many kinks on a line, else None."""
    return None if isinstance(system, KinkedLine) else "the loss is no convex sum of many kinks on a line"


def attempt(system: KinkedLine, budget: Budget) -> Attempt:
    """The minimiser, or the ends of the interval of them."""
    (x,), kinks = system.unknowns, system.kinks
    steep = sum(kinks.weights.values(), fmpq(0))
    if kinks.bend == 0 and abs(kinks.slope) == steep:
        return Attempt(name, "failed", "the loss is constant on a ray")
    record = Evidence()
    record.say("convex with sorted kinks", count=len(kinks.weights))
    if kinks.bend == 0 and abs(kinks.slope) > steep:
        none = "the slope has the same sign everywhere"
        return concluded(name, system, Found((), True, record, none=none), budget)
    low, high = minimisers(kinks)
    loss = bridge.sympy_rational(kinks.value(low))
    if low == high:
        note = "a kink" if low in kinks.weights else ""
        return concluded(name, system, Found((_minimum(x, low, loss, note),), True, record), budget)
    ends = bridge.sympy_rational(low), bridge.sympy_rational(high)
    record.say("constant on an interval", low=ends[0], high=ends[1], kind="global minimum")
    note = f"any value in [{text(ends[0])}, {text(ends[1])}]"
    points = tuple(_minimum(x, end, loss, note) for end in (low, high))
    return concluded(name, system, Found(points, True, record), budget)


def _minimum(x: Any, value: fmpq, loss: Any, note: str) -> FoundPoint:
    return FoundPoint(
        {x: bridge.sympy_rational(value)}, kind="global minimum", loss=loss, expression_class="piecewise", note=note
    )


def minimisers(kinks: Kinks) -> tuple[fmpq, fmpq]:
    """The ends of the set where a convex loss that falls first and rises at last is least.

    >>> minimisers(Kinks(weights={fmpq(1): fmpq(1), fmpq(2): fmpq(1), fmpq(9): fmpq(3)}))
    (9, 9)
    >>> minimisers(Kinks(weights={fmpq(k): fmpq(1) for k in (1, 2, 4, 9)}))
    (2, 4)
    """
    mirrored = {-at: weight for at, weight in kinks.weights.items()}
    return _first(kinks.bend, kinks.slope, kinks.weights), -_first(kinks.bend, -kinks.slope, mirrored)


def _first(bend: fmpq, slope: fmpq, weights: Mapping[fmpq, fmpq]) -> fmpq:
    """The first place from which on the loss does not fall."""
    slope -= sum(weights.values(), fmpq(0))  # less bend * x, before the first kink
    places = sorted(weights)
    for before, after in pairwise([None, *places, None]):
        if before is not None:
            slope += 2 * weights[before]
        zero = -slope / bend if bend > 0 else None
        if zero is None and slope >= 0 and before is not None:
            return before
        if zero is not None:
            at = zero if before is None else max(zero, before)
            if after is None or at < after:
                return at
    raise ArithmeticError("the loss falls without end")
