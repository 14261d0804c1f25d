"""``closedform cost``: a loss's own closed form against gradient descent on it, predicted by counting and measured here.

The closed form is the emitted program, with the loss's own penalty and constraints; its flops are counted from it
(``emit/flops.py``). One step of gradient descent is the program of the gradient. The number of steps is that of the best
fixed step on a quadratic loss, ln(1/eps)/ln((K+1)/(K-1)) with K the condition number of its Hessian (Nesterov,
*Introductory Lectures on Convex Optimization*, theorem 2.1.15), which is measured on the data that are made.
"""

from __future__ import annotations

import json
import math
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np

from closedform.derive import derive
from closedform.emit.flops import count
from closedform.emit.source import Source, compiled, identifier
from closedform.errors import CallError
from closedform.expression import scalar_names
from closedform.frozen import record
from closedform.reading.language import parse
from closedform.report.evaluate import evaluate
from closedform.stationarity.matrix import MatrixSystem, matrix_system
from closedform.strategies.matrices.observed import drawn

MEASURED_NUMBERS = 1 << 23  # of all data together: seconds; larger ones are measured on fewer rows, which is then said
HESSIAN = 400  # unknown entries up to which the Hessian is looked at
ACCURACY = 1e-6


@record
class Descent:
    """Gradient descent on the same loss: flops of a step, the Hessian's condition number, steps to shrink by 1e-6."""

    step_flops: float
    condition: float
    steps: float
    step_seconds: float

    @property
    def flops(self) -> float:
        return self.steps * self.step_flops


@record
class Measured:
    """One run of the closed form: the sizes it was run at (smaller ones where the data would not fit), and seconds."""

    sizes: dict[str, int]
    seconds: float
    scaled_seconds: float  # by predicted flops, to the sizes that were asked for


@record
class Comparison:
    """The predicted cost, and what one run took."""

    name: str
    formula: str
    sizes: dict[str, int]
    order: str
    predicted: dict[str, float]
    gradient_descent: Descent | None
    measured: Measured

    def to_dict(self) -> dict[str, Any]:
        return {
            "format": 1,
            "loss": self.name,
            "formula": self.formula,
            "sizes": self.sizes,
            "order": self.order,
            "predicted": self.predicted,
            "gradient_descent": None if self.gradient_descent is None else asdict(self.gradient_descent),
            "measured": asdict(self.measured),
        }

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), indent=2)

    def to_text(self) -> str:
        down, run = self.gradient_descent, self.measured
        sizes = ", ".join(f"{k} = {v:,}" for k, v in self.sizes.items())
        rows = [
            ("order", self.order, "" if down is None else "a gradient a step"),
            (
                "flops",
                f"{self.predicted['flops']:.3g}",
                "" if down is None else f"{down.step_flops:.3g} x {down.steps:.3g}",
            ),
            ("flops in all", f"{self.predicted['flops']:.3g}", "" if down is None else f"{down.flops:.3g}"),
            ("memory beside data", _bytes(8 * self.predicted["memory"]), ""),
            (
                "measured seconds",
                f"{run.scaled_seconds:.3g}",
                "" if down is None else f"{down.step_seconds:.3g} a step",
            ),
        ]
        wide = max(20, max(len(r[1]) for r in rows) + 2)
        lines = [f"{self.name}: {self.formula}", f"at {sizes}", "", f"{'':20}{'closed form':>{wide}}"]
        if down is not None:
            lines[-1] += f"{'gradient descent':>24}"
        lines += [f"{a:20}{b:>{wide}}{c:>24}".rstrip() for a, b, c in rows]
        if run.sizes != self.sizes:
            at = ", ".join(f"{k} = {v:,}" for k, v in run.sizes.items())
            lines.append(f"(run at {at}, {run.seconds:.3g} s, and scaled by the predicted flops)")
        if down is not None:
            lines += [
                "",
                f"Steps are those that shrink the error by {ACCURACY:g} with the best fixed step: ln(1/eps)/ln((K+1)/(K-1)),",
                f"K = {down.condition:.3g}, the condition number of the Hessian at these data.",
            ]
        else:
            lines += ["", "Gradient descent is compared where the loss is quadratic and has no constraints."]
        return "\n".join(lines) + "\n"

    def __str__(self) -> str:
        return self.to_text()


@record
class LeastSquaresCost:
    """Predicted flops of least squares and of gradient descent on it; ``condition`` is that of X."""

    closed_flops: float
    step_flops: float
    steps: float  # to shrink the error by ``ACCURACY``

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


def predict(n: float, k: float, condition: float = 1e3) -> LeastSquaresCost:
    """The predicted cost of least squares with n rows and k columns.

    The Gram matrix by symmetry n k^2, X'y 2 n k, Cholesky k^3/3 (Golub and Van Loan, *Matrix Computations*, 4th ed.,
    sections 4.2 and 5.3); one gradient 4 n k.

    >>> c = predict(1e6, 100, 1e3)
    >>> f"{c.closed_flops:.3g} {c.step_flops:.3g} {c.steps:.3g}"
    '1.02e+10 4e+08 6.91e+06'
    """
    _refuse_sizes(n, k, condition)
    _refuse_wide(n, k)
    return LeastSquaresCost(n * k**2 + 2 * n * k + k**3 / 3, 4 * n * k, _steps(condition**2))


def _refuse_sizes(n: float, k: float, condition: float) -> None:
    for word, value in (("n", n), ("k", k)):
        if not (value >= 1 and value == int(value)):
            raise CallError(f"{word} = {value:g} must be a whole number of at least 1")
    if not 1 <= condition < math.inf:
        raise CallError(f"condition = {condition:g} must be a number of at least 1")


def _refuse_wide(n: float, k: float) -> None:
    if n < k:
        raise CallError(f"n = {n:g} rows cannot determine k = {k:g} coefficients; n must be at least k")


def _steps(kappa: float) -> float:
    """How many steps of the best fixed size shrink the error by ``ACCURACY``, at this condition number of the Hessian."""
    rate = math.log1p(2 / (kappa - 1)) if kappa > 1 + 1e-12 else math.inf
    return max(1.0, math.log(1 / ACCURACY) / rate)


def cost(
    name: str, n: float, k: float, condition: float = 1e3, progress: Callable[[str], None] | None = None
) -> Comparison:
    """What a loss of the catalogue costs for n rows and k columns: its formula counted and run, and one gradient step.

    Data are random, with the declared properties; designs (data of n rows and k columns) have this ``condition`` number.
    Other sizes are between 1 and k. Raises ``CallError`` where the loss has no formula or the sizes make no sense.
    """
    _refuse_sizes(n, k, condition)
    report = derive(name, progress=progress)
    formula = report.formula
    if formula is None or report.problem.level != "matrix":
        raise CallError(f"{name} has no closed form in matrices ({report.verdict.outcome}): no cost to compare")
    system = matrix_system(report.problem)
    sizes = _sizes(system, int(n), int(k))
    tall = any("full column rank" in c or "has full rank" in c for c in formula.conditions)
    if tall and sizes.get("n", 0) and sizes.get("k", 0):
        _refuse_wide(n, k)
    here = _fitting(system, sizes)
    if progress is not None:
        progress("measuring")
    data = _data(system, here, condition)
    solve = compiled(formula.numpy)
    seconds = _seconds(lambda: solve(**{**here, **data}))
    flops = _value(formula.cost.get("flops", ""), sizes)
    predicted = {"flops": flops, "memory": _value(formula.cost.get("memory", ""), sizes)}
    ratio = flops / max(_value(formula.cost.get("flops", ""), here), 1.0)
    return Comparison(
        name,
        "; ".join(f"{u} = {e}" for u, e in formula.unknown.items()),
        sizes,
        formula.cost.get("order", ""),
        predicted,
        _descent(system, sizes, here, data),
        Measured(here, seconds, seconds * ratio),
    )


def _sizes(system: MatrixSystem, n: int, k: int) -> dict[str, int]:
    """n and k as asked for, every other size between 1 and k, as the declared relations want it."""
    symbols = dict.fromkeys(s for pair in system.names.shapes.values() for p in pair for s in scalar_names(parse(p)))
    symbols |= dict.fromkeys(c.bound for c in system.constraints if c.bound.isidentifier())
    out = {s: {"n": n, "k": k}.get(s, max(1, k // 2)) for s in symbols}
    for relation in system.problem.relations:
        if len(relation.children) == 2 and relation.head in (">", ">=", "<", "<="):
            big, small = relation.children if relation.head[0] == ">" else reversed(relation.children)
            if big.name in out and small.name in out:
                out[str(big.name)] = max(out[str(big.name)], out[str(small.name)] + 1)
    return out


def _fitting(system: MatrixSystem, sizes: dict[str, int]) -> dict[str, int]:
    """The sizes, n halved until all data together fit."""
    here = dict(sizes)

    def numbers() -> float:
        pairs = [v for u, v in system.names.shapes.items() if u not in system.unknowns]
        return sum(_value(f"({r})*({c})", here) for r, c in pairs)

    while numbers() > MEASURED_NUMBERS:
        largest = max(here, key=lambda s: here[s])
        if here[largest] < 4:
            break
        here[largest] //= 2
    return here


def _data(system: MatrixSystem, sizes: dict[str, int], condition: float) -> dict[str, Any]:
    """Random data; a matrix of n rows and k columns gets singular values from 1 down to 1/condition."""
    data = drawn(system, sizes, np.random.default_rng(0))
    if data is None:
        raise CallError("no data could be made for this loss")
    for name, (rows, cols) in system.names.shapes.items():
        if (rows, cols) == ("n", "k") and name in data and sizes["n"] >= sizes["k"]:
            Q = np.linalg.qr(data[name])[0]
            turn = np.linalg.qr(np.random.default_rng(1).normal(size=(sizes["k"], sizes["k"])))[0]
            data[name] = Q @ ((turn * np.geomspace(1.0, 1.0 / condition, sizes["k"])) @ turn.T)
    return data


def _descent(system: MatrixSystem, sizes: dict[str, int], here: dict[str, int], data: dict[str, Any]) -> Descent | None:
    """Gradient descent, where the gradient is affine in the unknowns and there are no constraints."""
    quadratic = system.gradient is not None and not system.constraints and not any(map(system.flags, system.unknowns))
    if not quadratic:
        return None
    source = Source(system, "The gradient")
    outputs = {u: source.poly(g) for u, g in dict(system.gradient or {}).items()}
    for u, code in outputs.items():
        source.line(f"slope_{identifier(u)} = {code}")
    program = source.finish({u: f"slope_{identifier(u)}" for u in outputs})
    slope, shapes = compiled(program), [_shape(system, u, here) for u in system.unknowns]
    total = sum(math.prod(s) for s in shapes)

    def gradient(x: np.ndarray) -> np.ndarray:
        parts, at = dict[str, Any](), 0
        for u, s in zip(system.unknowns, shapes, strict=True):
            part = x[at : at + math.prod(s)].reshape(s)
            at += math.prod(s)
            parts[u] = part if s != (1, 1) or u in system.names.shapes else float(part[0, 0])
        found = slope(**{**here, **data, **parts})
        return np.concatenate([np.ravel(found[u]) for u in system.unknowns])

    if total > HESSIAN:
        return None
    rng = np.random.default_rng(2)
    try:
        with np.errstate(all="ignore"):
            x, zero = rng.normal(size=total), gradient(np.zeros(total))
            first, second = gradient(x) - zero, gradient(2 * x) - zero
    except ValueError:  # not defined there: not affine
        return None
    if not np.isfinite(second).all() or not np.allclose(
        second, 2 * first, rtol=1e-6, atol=1e-9 * (1 + np.abs(second).max())
    ):
        return None
    hessian = np.array([gradient(e) - zero for e in np.eye(total)])
    values = np.linalg.eigvalsh((hessian + hessian.T) / 2)
    if not values[0] > 1e-14 * values[-1]:
        return None
    kappa = float(values[-1] / values[0])
    flops = _value(count(program)["flops"], sizes)
    return Descent(flops, kappa, _steps(kappa), _seconds(lambda: gradient(x)))


def _shape(system: MatrixSystem, u: str, sizes: dict[str, int]) -> tuple[int, int]:
    rows, cols = system.shape(u)
    return int(_value(rows, sizes)), int(_value(cols, sizes))


def _value(text: str, sizes: dict[str, int]) -> float:
    """A size or a count of flops in numbers."""
    return float(evaluate(parse(text), {s: np.float64(v) for s, v in sizes.items()}, {})) if text else math.nan


def _seconds(run: Callable[[], Any]) -> float:
    """The least of up to three runs, at most about two seconds."""
    best, spent = math.inf, 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(3):
            started = time.perf_counter()
            run()
            last = time.perf_counter() - started
            best, spent = min(best, last), spent + last
            if spent > 2:
                break
    return best


def _bytes(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"
