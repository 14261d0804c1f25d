"""What the closed form costs against gradient descent: predicted from symbols, and measured in one run.

Flop counts are the textbook ones, a multiplication and an addition counted as two: the Gram matrix by symmetry n k^2,
X'y 2 n k, Cholesky k^3/3 (Golub and Van Loan, *Matrix Computations*, 4th ed., sections 4.2 and 5.3); one gradient
4 n k. Gradient descent with the best fixed step shrinks the error by (kappa - 1)/(kappa + 1) a step, kappa the
condition number of X'X, the square of that of X (Nesterov, *Introductory Lectures*, theorem 2.1.15).
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np

from closedform.emit.least_squares import solve
from closedform.errors import CallError

MEASURE_BYTES = 1 << 30  # of X; a larger one is measured on fewer rows and scaled linearly, which is then said
ACCURACY = 1e-6


@dataclass(frozen=True)
class Cost:
    """Predicted flops and bytes of the closed form and of gradient descent, for n rows, k columns, a condition of X."""

    n: int
    k: int
    condition: float
    closed_flops: float
    closed_memory: float  # bytes beside the data
    step_flops: float
    steps: float  # to shrink the error by ``ACCURACY``
    descent_memory: float

    @property
    def descent_flops(self) -> float:
        return self.steps * self.step_flops

    @property
    def crossover(self) -> float:
        """The condition number of X above which the closed form takes fewer flops than gradient descent."""
        steps = self.closed_flops / self.step_flops
        # steps = ln(1/eps) / ln((K+1)/(K-1)) with K = condition^2, solved for K.
        rate = math.exp(math.log(1 / ACCURACY) / steps) if steps > 0.02 else math.inf
        return math.sqrt((rate + 1) / (rate - 1)) if math.isfinite(rate) and rate > 1 else 1.0


def predict(n: float, k: float, condition: float = 1e3) -> Cost:
    """The predicted cost of least squares.

    >>> c = predict(1e6, 100, 1e3)
    >>> f"{c.closed_flops:.3g} {c.step_flops:.3g} {c.steps:.3g}"
    '1.02e+10 4e+08 6.91e+06'
    """
    for name, value in (("n", n), ("k", k)):
        if not (value >= 1 and value == int(value)):
            raise CallError(f"{name} = {value:g} must be a whole number of at least 1")
    if n < k:
        raise CallError(f"n = {n:g} rows cannot determine k = {k:g} coefficients; n must be at least k")
    if not 1 <= condition < math.inf:
        raise CallError(f"condition = {condition:g} must be a number of at least 1")
    kappa = condition**2
    rate = math.log1p(2 / (kappa - 1)) if kappa > 1 else math.inf
    steps = max(1.0, math.log(1 / ACCURACY) / rate)
    return Cost(
        int(n),
        int(k),
        condition,
        n * k**2 + 2 * n * k + k**3 / 3,
        8 * (k**2 + 2 * k),
        4 * n * k,
        steps,
        8 * (n + 2 * k),
    )


@dataclass(frozen=True)
class Measured:
    """Seconds in one run on the same data: the closed form, one gradient step, and what that makes for all steps."""

    rows: int  # measured on this many; scaled to n when fewer
    closed_seconds: float
    step_seconds: float
    steps_run: int
    error_closed: float  # relative, against the coefficients the data were made with (no noise)
    error_descent: float  # after ``steps_run`` steps


def measure(cost: Cost, seconds: float = 20.0, seed: int = 0) -> Measured:
    """Make data with the asked condition number, run both, and time them; at most about ``seconds``."""
    rows = int(max(cost.k, min(cost.n, MEASURE_BYTES // (8 * cost.k))))
    random = np.random.default_rng(seed)
    X = random.standard_normal((rows, cost.k))
    R = np.linalg.cholesky(X.T @ X)
    turn = np.linalg.qr(random.standard_normal((cost.k, cost.k)))[0]
    spread = np.geomspace(1.0, 1.0 / cost.condition, cost.k)
    X = X @ np.linalg.solve(R.T, (turn * spread) @ turn.T)  # orthonormal columns, then the wanted singular values
    truth = random.standard_normal(cost.k)
    y = X @ truth
    started = time.perf_counter()
    closed = solve(X, y).coefficients
    closed_seconds = time.perf_counter() - started
    step = 2 / (1 + 1 / cost.condition**2)  # 2 / (largest + smallest eigenvalue of X'X)
    a, run = np.zeros(cost.k), 0
    started = time.perf_counter()
    while run < cost.steps and (run < 3 or time.perf_counter() - started < seconds / 2):
        a -= step * (X.T @ (X @ a - y))
        run += 1
    step_seconds = (time.perf_counter() - started) / run
    grow, size = cost.n / rows, float(np.linalg.norm(truth))
    return Measured(
        rows,
        closed_seconds * grow,
        step_seconds * grow,
        run,
        float(np.linalg.norm(closed - truth)) / size,
        float(np.linalg.norm(a - truth)) / size,
    )


def describe(cost: Cost, measured: Measured | None) -> str:
    """The comparison as a table for a terminal."""
    lines = [
        f"least squares, n = {cost.n:,} rows, k = {cost.k:,} columns, condition number of X = {cost.condition:g}",
        "",
        f"{'':22}{'closed form':>20}{'gradient descent':>24}",
        f"{'order':22}{'O(n k^2 + k^3)':>20}{'O(n k) a step':>24}",
        f"{'flops':22}{cost.closed_flops:>20.3g}{f'{cost.step_flops:.3g} x {cost.steps:.3g}':>24}",
        f"{'flops in all':22}{cost.closed_flops:>20.3g}{cost.descent_flops:>24.3g}",
        f"{'memory beside data':22}{_bytes(cost.closed_memory):>20}{_bytes(cost.descent_memory):>24}",
    ]
    if measured is not None:
        total = measured.step_seconds * cost.steps
        lines += [
            f"{'measured seconds':22}{measured.closed_seconds:>20.3g}{f'{measured.step_seconds:.3g} a step':>24}",
            f"{'seconds in all':22}{measured.closed_seconds:>20.3g}{f'{total:.3g} (extrapolated)':>24}"
            if measured.steps_run < cost.steps
            else f"{'seconds in all':22}{measured.closed_seconds:>20.3g}{total:>24.3g}",
            f"{'relative error':22}{measured.error_closed:>20.1e}"
            f"{f'{measured.error_descent:.1e} after {measured.steps_run}':>24}",
        ]
        if measured.rows < cost.n:
            lines.append(f"(measured on {measured.rows:,} rows and scaled by {cost.n / measured.rows:.3g})")
    lines += [
        "",
        f"Steps are those that shrink the error by {ACCURACY:g} with the best fixed step: ln(1/eps)/ln((K+1)/(K-1)),",
        f"K = condition^2. In flops the closed form wins when the condition number of X is above {cost.crossover:.3g}.",
    ]
    return "\n".join(lines)


def _bytes(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"
