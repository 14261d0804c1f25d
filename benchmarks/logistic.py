"""Times of issue 4: designs, neurons, and the certified fit against scikit-learn. Run: python benchmarks/logistic.py"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from closedform import problem as problems
from closedform.budget import Budget
from closedform.stationarity.large.streamed import Streamed
from closedform.stationarity.scalar import stationarity
from closedform.strategies.exponentials import instance as exponentials
from closedform.strategies.large import logistic as logistic_fit


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    value = work()
    return time.perf_counter() - started, value


def decide(*loss: str, **keywords: Any) -> Any:
    return exponentials.attempt(stationarity(problems.read(*loss, **keywords)), Budget.of(60))


def designs() -> None:
    print("one feature, no intercept (target 2 s)")
    for m in (3, 5, 8, 12, 16, 20):
        data = {"x": list(range(1, m + 1)), "y": [i % 2 for i in range(m)]}
        seconds, answer = timed(lambda data=data: decide("logistic", data=data, target="y", intercept=False))
        print(f"  {m:3} values  degree {answer.counts.get('complex')!s:>4}  {answer.outcome:11} {seconds:6.2f} s")
    print("intercept and one feature (target 1 s with 4 levels)")
    for x in ([0, 1, 2], [0, 1, 3], [0, 1, 2, 3], [0, 2, 5, 7], [0, 1, 2, 3, 4, 5]):
        n, k = (4, 5, 6, 7, 3, 8), (1, 3, 4, 3, 2, 5)
        loss = " + ".join(f"{n[i]}*log(1 + exp(a + {v}*b)) - {k[i]}*(a + {v}*b)" for i, v in enumerate(x))
        seconds, answer = timed(lambda loss=loss: decide(loss, unknowns=["a", "b"]))
        print(f"  {x!s:20} degree {answer.counts.get('complex')!s:>4}  {answer.outcome:11} {seconds:6.2f} s")
    print("one neuron with bias on four points (target 5 s)")
    seconds, answer = timed(lambda: decide("nn", data={"x": [-1, 0, 1, 2], "y": [1, 2, 5, 6]}, target="y", bias=True))
    print(f"  degree {max(e['degree'] for e in answer.details['eliminants'])}  {answer.outcome} {seconds:6.2f} s")


def fits(rows: int = 100_000, columns: int = 50) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((rows, columns))
    y = (rng.random(rows) < 1 / (1 + np.exp(-x @ (rng.standard_normal(columns) / np.sqrt(columns))))).astype(float)
    table = {f"x{j}": x[:, j] for j in range(columns)} | {"y": y}
    problem = problems.read("logistic", data=table, target="y")
    seconds, answer = timed(lambda: logistic_fit.attempt(Streamed(problem), Budget.of(300)))
    widest = max(float(r) for r in answer.points[0].radius.values())
    print(f"certified fit of {rows:,} x {columns}: {seconds:.2f} s, radius at most {widest:.1e}")
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError:
        print("scikit-learn is not installed: nothing to compare with")
        return
    plain, _ = timed(lambda: LogisticRegression(C=np.inf, tol=1e-10, max_iter=10_000).fit(x, y))
    print(f"scikit-learn to tolerance 1e-10: {plain:.2f} s; ratio {seconds / plain:.1f} (target 10)")


if __name__ == "__main__":
    designs()
    fits()
