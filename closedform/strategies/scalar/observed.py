"""The last strategy over numbers: the least loss that a search in floating point finds, where nothing was proved of any point.

Losses with kinks, edges and constraints are searched by the simplex method of Nelder and Mead (1965) from many starts, with a
penalty for what a relation forbids. What it finds is said as observed: no point is listed, for nothing is proved of it.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import sympy as sp

from closedform.algebra.bridge import NoTranslation
from closedform.algebra.sampling import tree_of
from closedform.attempt import Attempt
from closedform.budget import Budget
from closedform.enclosures.least_squares import value
from closedform.kernel.reading import Refused
from closedform.stationarity.scalar import Stationarity, columns_of
from closedform.strategies.ending import least_seen
from closedform.strategies.escapes import escape, unbounded
from closedform.strategies.strata import Feasible

name = "the least loss observed"
last_resort = True  # only where no other strategy brought a point
share = 0.6
example = {"loss": "|x*y - 1| + |x + z| + |y - z^2| + |sin(x) - y| + |x - 3| + |z - exp(y)| + |x*z - 2|"}
counterexample = {"loss": "a*exp(x) - x", "unknowns": ["x"]}

MAX_UNKNOWNS = 20
STARTS = 600
POLISHED = 10
MOST_STEPPED = 5  # integers that are moved at once


def declines(system: Stationarity) -> str | None:
    """A sentence when there are symbols, or no loss, else None."""
    if system.parameters:
        return "the coefficients hold parameters"
    if len(system.unknowns) > MAX_UNKNOWNS:
        return "there are too many unknowns"
    if system.kind == "sum" or Feasible.of(system) is None:
        return "there is no loss in numbers"
    return None


def attempt(system: Stationarity, budget: Budget) -> Attempt:
    """ "enclosed" without points: the place and the loss are in a statement."""
    feasible = Feasible.of(system)
    measure = _measure(system, feasible) if feasible is not None else None
    if feasible is None or measure is None:
        return Attempt(name, "declined", "the loss cannot be evaluated in floating point")
    whole = np.array([bool(u.is_integer) for u in feasible.unknowns])
    with np.errstate(all="ignore"):
        found = _search(_in_integers(measure, whole), feasible, budget)
        found = _stepped(measure, whole, found, budget) if found is not None and whole.any() else found
    if found is None:
        return Attempt(name, "failed", "no point with a finite loss was met")
    point, loss = found
    downhill = bool(np.abs(point).max() > 1e7 or loss < -1e12)
    to_infinity = downhill and not whole.any()  # a path of reals need not meet integers
    way = unbounded(system, escape(system, feasible.loss, feasible.unknowns, ())) if to_infinity else None
    if way is not None:
        return Attempt(name, "enclosed", "the loss has no lower bound", findings=(way,))
    seen = {u.name: float(v) + 0.0 for u, v in zip(feasible.unknowns, point, strict=True)}
    return least_seen(name, seen, loss, downhill=downhill)


def _measure(system: Stationarity, feasible: Feasible) -> Callable[[np.ndarray], np.ndarray] | None:
    """Loss and penalty at rows of points; infinite where the loss is not defined."""
    try:
        loss = tree_of(feasible.loss)
        below = [tree_of(g) for g in feasible.closed]
        below += [
            tree_of(r.lhs - r.rhs if r.rel_op == ">" else r.rhs - r.lhs)
            for r in feasible.open
            if r.rel_op in (">", "<")
        ]
        equal = [tree_of(h) for h in feasible.equal]
    except (NoTranslation, Refused, ValueError):
        return None
    names = [u.name for u in feasible.unknowns]
    columns = {k: np.array([float(v.p) / float(v.q) for v in c]) for k, c in columns_of(system.problem).items()}

    def at(points: np.ndarray) -> np.ndarray:
        values = {x: points[:, i : i + 1] for i, x in enumerate(names)}

        def of(tree: Any) -> np.ndarray:
            out = np.asarray(value(tree, values, columns), dtype=float)
            return np.broadcast_to(
                out.reshape(len(points), -1)[:, :1] if out.size > 1 else out.reshape(1, 1), (len(points), 1)
            )[:, 0]

        total = np.where(np.isfinite(of(loss)), of(loss), np.inf)
        for g in below:
            gap = of(g)
            total = np.where(gap >= 0, total, np.inf if not equal else total + 1e4 * np.abs(gap))
        for h in equal:
            total = total + 1e5 * np.abs(of(h))
        return np.where(np.isnan(total), np.inf, total)

    try:
        at(np.zeros((1, len(names))))
    except (Refused, KeyError, TypeError, ValueError, NotImplementedError):
        return None
    return at


def _in_integers(measure: Callable[[np.ndarray], np.ndarray], whole: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """The measure at the nearest integers of the coordinates that are integers."""
    return (lambda points: measure(np.where(whole, np.rint(points), points))) if whole.any() else measure


def _stepped(
    measure: Callable[[np.ndarray], np.ndarray], whole: np.ndarray, found: tuple[np.ndarray, float], budget: Budget
) -> tuple[np.ndarray, float]:
    """Down by steps of one or two in integers, as far as they lead; the other coordinates stay."""
    point, loss = np.where(whole, np.rint(found[0]), found[0]), found[1]
    steps = np.array(list(product(*((-2, -1, 0, 1, 2) if w else (0,) for w in whole[:MOST_STEPPED]))))
    steps = np.pad(steps, ((0, 0), (0, len(whole) - steps.shape[1])))
    while budget.remaining > 0.3:
        around = measure(point + steps)
        if not around.min() < loss:
            break
        point, loss = point + steps[int(np.argmin(around))], float(around.min())
    return point, loss


def _search(
    measure: Callable[[np.ndarray], np.ndarray], feasible: Feasible, budget: Budget
) -> tuple[np.ndarray, float] | None:
    n = len(feasible.unknowns)
    rng = np.random.default_rng(budget.seed)
    starts = np.concatenate([np.zeros((1, n)), *(rng.normal(0, s, (STARTS // 4, n)) for s in (0.3, 1.0, 4.0, 20.0))])
    low, high = (np.array(side, dtype=float) for side in zip(*_bounds(feasible), strict=True))
    both = np.isfinite(low) & np.isfinite(high)
    inside = low + (high - low) * rng.uniform(0, 1, (STARTS // 2, n))
    starts = np.concatenate([starts, np.where(both, inside, rng.normal(0, 3, inside.shape))])
    starts = np.clip(starts, low, high)
    losses = measure(starts)
    order = [i for i in np.argsort(losses)[: 4 * POLISHED] if np.isfinite(losses[i])]
    best: tuple[np.ndarray, float] | None = None
    for i in order[::4]:
        point, loss = starts[i], float(losses[i])
        for _ in range(4):  # a fresh simplex leaves a stalled one
            if budget.remaining < 0.3:
                break
            point, loss = _simplex(measure, point, budget)
        if best is None or loss < best[1]:
            best = (point, loss)
    return best


def _bounds(feasible: Feasible) -> list[tuple[float, float]]:
    out = list[tuple[float, float]]()
    for u in feasible.unknowns:
        low, high = -np.inf, np.inf
        for g in feasible.closed:
            if g.free_symbols == {u} and g.is_polynomial(u) and sp.degree(g, u) == 1:
                a, b = sp.Poly(g, u).all_coeffs()
                low, high = (max(low, float(-b / a)), high) if a > 0 else (low, min(high, float(-b / a)))
        out.append((max(low, 1e-9) if u.is_positive else low, high))
    return out


def _simplex(
    measure: Callable[[np.ndarray], np.ndarray], start: np.ndarray, budget: Budget
) -> tuple[np.ndarray, float]:
    """Nelder and Mead's method from a simplex around the start."""
    n = len(start)
    corners = np.concatenate([start[None], start + np.diag(0.05 * np.abs(start) + 0.05)])
    values = measure(corners)
    for step in range(200 * n):
        order = np.argsort(values, kind="stable")
        corners, values = corners[order], values[order]
        if step % 50 == 0 and budget.remaining < 0.3:
            break
        if np.abs(corners - corners[0]).max() <= 1e-13 * (1 + np.abs(corners[0]).max()):
            break
        middle = corners[:-1].mean(axis=0)
        tries = middle + np.array([[1.0], [2.0], [0.5], [-0.5]]) * (middle - corners[-1])
        found = measure(tries)
        k = int(np.argmin(found[:2])) if found[0] < values[0] else 0
        if found[k] < values[-2]:
            corners[-1], values[-1] = tries[k], found[k]
            continue
        k = 2 if found[2] <= found[3] else 3
        if found[k] < values[-1]:
            corners[-1], values[-1] = tries[k], found[k]
            continue
        corners[1:] = corners[0] + 0.5 * (corners[1:] - corners[0])
        values[1:] = measure(corners[1:])
    best = int(np.argmin(values))
    return corners[best], float(values[best])
