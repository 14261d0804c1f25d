"""Candidates for critical points of a smooth loss (or zeros of a system) in floating point, from many starts.

Gradient and Jacobian come from the kernel's balls at low precision (midpoints), over many rows from NumPy. From each start: for a loss, Newton's
step in the eigenbasis with negative curvature turned round, and a line search on the loss; then plain Newton steps. For a system,
Levenberg and Marquardt on the sum of squares. Nothing here is claimed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from closedform.algebra.later import np
from closedform.budget import Budget
from closedform.enclosures.evaluation import Function
from closedform.enclosures.least_squares import LastIterate, distinct
from closedform.kernel.reading import Refused

SHORT, MOST_SHORT = 1e-6, 3  # so small a part of Newton's step, so many times in a row: it creeps towards a kink


def minimise(
    function: Function, starts: Sequence[np.ndarray], budget: Budget, seed: int, sides: Mapping[str, int]
) -> list[LastIterate]:
    """Distinct points where the iteration came to rest, the least loss first."""
    rng = np.random.default_rng(seed)
    out = list[LastIterate]()
    for tried, start in enumerate(starts or _draws(function, rng, sides)):
        if (tried and budget.remaining < 0.5) or (tried >= 60 and out):
            break
        begin = np.array(start, dtype=float)
        found = _newton(function, begin, budget) if function.loss is not None else _root(function, begin, budget)
        if found is not None:
            out.append(found)
    return distinct(out)


def _draws(function: Function, rng: np.random.Generator, sides: Mapping[str, int]) -> list[np.ndarray]:
    k = len(function.names)
    signs = np.array([sides.get(x, 0) for x in function.names])
    out = list[np.ndarray]()
    for n in range(200):
        x = (
            np.zeros(k)
            if n == 0
            else rng.normal(0, 1, k)
            if n < 30
            else (rng.choice([-1.0, 1.0], k) * 10.0 ** rng.uniform(-3, 3 if n % 2 else 1.3, k))
        )
        if n == 0:
            x = np.where(signs != 0, 1.0, 0.0)
        out.append(np.where(signs > 0, np.abs(x), np.where(signs < 0, -np.abs(x), x)))
    return out


def _value_slope_curvature(function: Function, x: np.ndarray) -> tuple[float, np.ndarray, np.ndarray] | None:
    """Loss (or half the squares of a system), gradient (or values) and Hessian (or Jacobian) as floats."""
    try:
        loss, f, j = function.floats(list(x))
    except (Refused, ArithmeticError, ValueError):
        return None
    here = float(f @ f) / 2 if loss is None else loss
    return (here, f, j) if np.isfinite(here) and np.isfinite(f).all() and np.isfinite(j).all() else None


def _newton(function: Function, x: np.ndarray, budget: Budget) -> LastIterate | None:
    here = _value_slope_curvature(function, x)
    if here is None:
        return None
    steps, short = list[tuple[float, float]](), 0
    for _ in range(150):
        if budget.remaining <= 0 or short == MOST_SHORT:
            return None
        loss, g, h = here
        values, vectors = np.linalg.eigh(h)
        floor = 1e-12 * max(np.abs(values).max(), 1e-300)
        step = -vectors @ ((vectors.T @ g) / np.maximum(np.abs(values), floor))
        length, moved = 1.0, None
        size = float(np.max(np.abs(step) / (np.abs(x) + 1e-8)))
        if size < 1e-10:
            return LastIterate(x, loss, steps)
        slope = float(g @ step)
        for _ in range(40):
            trial = _value_slope_curvature(function, x + length * step)
            if trial is not None and trial[0] <= loss + 1e-4 * length * slope + 1e-14 * abs(loss):
                moved = trial
                break
            length /= 2
        if moved is None:
            return LastIterate(x, loss, steps) if size < 1e-4 else None
        x, here = x + length * step, moved
        short = short + 1 if length < SHORT else 0
        steps.append((moved[0], size * length))
        if np.max(np.abs(x)) > 1e12:
            return None
    return LastIterate(x, here[0], steps) if np.max(np.abs(here[1])) < 1e-6 * (1 + abs(here[0])) else None


def _root(function: Function, x: np.ndarray, budget: Budget) -> LastIterate | None:
    here, damping = _value_slope_curvature(function, x), 1e-3
    if here is None:
        return None
    steps = list[tuple[float, float]]()
    for _ in range(200):
        if budget.remaining <= 0:
            return None
        _, f, j = here
        scale = np.sqrt((j * j).sum(axis=0))
        scale = np.where(scale > 0, scale, 1.0)
        a = np.concatenate([j / scale, np.sqrt(damping) * np.eye(len(x))])
        step = -np.linalg.lstsq(a, np.concatenate([f, np.zeros(len(x))]), rcond=None)[0] / scale
        trial = _value_slope_curvature(function, x + step)
        size = float(np.max(np.abs(step) / (np.abs(x) + 1e-8)))
        if trial is not None and trial[0] < here[0]:
            x, here, damping = x + step, trial, max(damping / 5, 1e-18)
            steps.append((here[0], size))
            if size < 1e-9:
                return LastIterate(x, here[0], steps)
        else:
            damping *= 4
            if damping > 1e12 or size < 1e-14:
                break
    return LastIterate(x, here[0], steps) if here[0] < 1e-16 else None
