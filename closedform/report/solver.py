"""``report.solver()`` and ``report.gradient_function()``: the emitted code, called with values by the names of the problem."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from closedform.emit.execution import executed
from closedform.emit.iterative.source import Iteration
from closedform.emit.iterative.trees import NoCode
from closedform.errors import CallError, ConditionError, InputError
from closedform.frozen import FrozenMap, record
from closedform.ladder.verdict import SEARCHED
from closedform.points import SOUGHT
from closedform.problem import Problem
from closedform.report.record import Computed, ReportRecord

CLOSED = "the closed form"
R = TypeVar("R", bound=ReportRecord)

MOST_WORK = 2e7  # entries times unknowns squared, beyond which the iteration is left to the user
MOST_SEARCHED = 2e5  # ... where it starts from many places


class SolverResult(dict[str, Any]):
    """The unknowns by name; also ``iterations``, ``converged``, ``loss`` and ``gradient_norm``, as entries and attributes."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


def solver_of(report: ReportRecord) -> Solver:
    """The closed form of the optimum where there is one without cases, else an iteration; ``CallError`` where neither."""
    try:
        code: Iteration | None = iteration_of(report.problem)
        reason = ""
    except NoCode as fault:
        code, reason = None, str(fault)
    closed = None
    if report.verdict.minimiser == "closed":
        try:
            closed = importlib.import_module("closedform.report.function").function_of(report, sought=True)
        except CallError:
            closed = None
    if code is None and closed is None:
        raise CallError(f"there is no solver: {reason}")
    return Solver(report.problem, code, closed, "" if report.formula is None else report.formula.numpy, _known(report))


def _known(report: ReportRecord) -> tuple[tuple[float, ...], ...]:
    """Where to start on the problem's own data: as the caller said, and at the least of the points that were found."""
    names, out = report.problem.unknowns, list[tuple[float, ...]]()
    if all(u in report.problem.start for u in names):
        out.append(tuple(float(Fraction(report.problem.start[u])) for u in names))
    best = next(
        (p for kind in SOUGHT[report.problem.sense] for p in report.critical_points.raw if p.kind == kind), None
    )
    if best is not None and best.numeric is not None and not report.problem.parameters:
        out.append(tuple(float(best.numeric[u]) for u in names))
    for found in report.verdict.about(SEARCHED):
        if all(u in found["point"] for u in names):
            out.append(tuple(float(found["point"][u]) for u in names))
    return tuple(out)


def gradient_of(report: ReportRecord) -> GradientFunction:
    """The derived gradient as a function of arrays and numbers; ``CallError`` where there is no code for it."""
    try:
        return GradientFunction(report.problem, iteration_of(report.problem, smooth=False))
    except NoCode as fault:
        raise CallError(f"there is no code for the gradient: {fault}") from None


def iteration_of(problem: Problem, *, smooth: bool = True) -> Iteration:
    """The emitted iteration; without ``smooth`` kinks stay as they are, for the gradient that holds beside them."""
    level = "matrix" if problem.level == "matrix" else "scalar"
    return importlib.import_module(f"closedform.emit.iterative.{level}").iteration(problem, smooth=smooth)


def own_values(problem: Problem) -> dict[str, Any]:
    """The numbers that the problem itself holds: its columns, or its arrays."""
    if problem.data is not None and problem.data.exact:
        return {k: np.array([float(v) for v in c]) for k, c in problem.data.columns.items()}
    return dict(problem.arrays)


def with_iteration(report: R) -> R:
    """The report with what its solver's iteration finds on its own data, where no formula of the optimum is known.

    Observed, never proved: kept only where the iteration converged, to no worse a loss than that of a point listed.
    """
    problem, data = report.problem, own_values(report.problem)
    size = sum(np.size(v) for v in data.values())
    entries = sum(np.size(report.problem.arrays.get(u, ())) for u in problem.unknowns) or len(problem.unknowns)
    known = report.verdict.minimiser in ("closed", "no_critical_point") or report.formula is not None
    if not data or known or report.verdict.outcome in ("closed", "no_critical_point"):
        return report
    try:
        solver = solver_of(report)
        once = "reweighted" in solver.method
        within = size * entries**2 <= (MOST_WORK if once else MOST_SEARCHED)
        found = solver() if solver.closed is None and within else None
    except (CallError, ConditionError, InputError, ArithmeticError):
        return report
    if found is None:
        return report
    sign = 1.0 if problem.sense == "min" else -1.0
    numbers = {u: np.asarray(found[u], dtype=float).tolist() for u in problem.unknowns}
    reached = [float(p.loss) for p in report.critical_points.raw if p.loss is not None and _is_number(p.loss)]
    worse = bool(reached) and sign * found.loss > min(sign * v for v in reached) + 1e-6 * (1 + abs(found.loss))
    if worse or (report.critical_points and not found.converged):
        return report
    computed = Computed(FrozenMap(numbers), found.loss, iterations=found.iterations, converged=found.converged)
    return replace(report, computed=computed)


def _is_number(value: object) -> bool:
    try:
        return math.isfinite(float(value))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False


@record
class EmittedCode:
    """Emitted code with the values of the problem's own."""

    problem: Problem
    code: Iteration

    @cached_property
    def functions(self) -> Mapping[str, Callable[..., Any]]:
        return executed(self.code.source)

    def values(self, given: Mapping[str, Any]) -> list[Any]:
        """The values in the order of the code's arguments; raises ``CallError`` for one that is missing."""
        known = {
            **own_values(self.problem),
            **{k: v.toarray() if hasattr(v, "toarray") else v for k, v in given.items()},
        }
        if self.problem.level == "matrix":
            known = {**self._sizes(known), **known}
        missing = [n for n, _ in self.code.arguments if n not in known]
        if missing:
            raise CallError(f"the solver needs {', '.join(missing)}")
        return [known[n] for n, _ in self.code.arguments]

    def _sizes(self, known: Mapping[str, Any]) -> dict[str, int]:
        """The sizes that the arrays show, those of unknowns too."""
        measure = importlib.import_module("closedform.reading.matrices.arrays").measure
        shapes = self.problem.shapes
        arrays = {k: np.asarray(v, dtype=float) for k, v in known.items() if k in shapes}
        try:
            return measure({k: a for k, a in arrays.items() if 0 < a.ndim < 3}, shapes)
        except InputError as fault:
            raise ConditionError(str(fault)) from None

    def data(self, given: Mapping[str, Any]) -> tuple[Any, ...]:
        """What ``loss``, ``gradient`` and ``hessian`` take beside the unknowns."""
        return self.functions["given"](*self.values(given))

    def split(self, theta: np.ndarray, data: tuple[Any, ...]) -> dict[str, Any]:
        """The unknowns by name, in their shapes."""
        if self.problem.level == "matrix":
            return dict(self.functions["split"](theta, *data))
        return dict(zip(self.code.unknowns, theta, strict=True))

    def joined(self, given: Mapping[str, Any]) -> np.ndarray:
        """The unknowns side by side; raises ``CallError`` for one that is missing."""
        missing = [u for u in self.code.unknowns if u not in given]
        if missing:
            raise CallError(f"the gradient needs a value of {', '.join(missing)}")
        return np.concatenate([np.asarray(given[u], dtype=float).ravel() for u in self.code.unknowns])


@record
class GradientFunction:
    """``g(W1=W1, W2=W2, X=X, Y=Y) -> {"W1": array, "W2": array}``; values that the problem has itself need not be given.

    ``hessian`` gives the second derivatives as one matrix over all entries of the unknowns, in their order, rows first.
    """

    problem: Problem
    code: Iteration

    @property
    def source(self) -> str:
        """Python source with ``loss``, ``gradient`` and ``hessian`` that stands alone."""
        return self.code.source

    def __call__(self, **given: Any) -> dict[str, Any]:
        own, data, theta = self._on_data(given)
        return own.split(own.functions["gradient"](theta, *data), data)

    def loss(self, **given: Any) -> float:
        own, data, theta = self._on_data(given)
        return float(own.functions["loss"](theta, *data))

    def hessian(self, **given: Any) -> np.ndarray:
        own, data, theta = self._on_data(given)
        if "hessian" not in own.functions:
            raise CallError("there is no code for the Hessian of this loss")
        return np.asarray(own.functions["hessian"](theta, *data))

    def _on_data(self, given: Mapping[str, Any]) -> tuple[EmittedCode, tuple[Any, ...], np.ndarray]:
        own = EmittedCode(self.problem, self.code)
        columns = {k: v for k, v in given.items() if self.problem.data is None or k not in self.code.unknowns}
        try:
            return own, own.data(columns), own.joined(given)
        except (ValueError, TypeError) as fault:
            raise ConditionError(str(fault)) from None


@record
class Solver:
    """``solver(X=X, y=y) -> SolverResult``; values that the problem has itself need not be given.

    ``source`` stands alone and defines ``solve(...)``. The iteration looks for a minimum from a plain start and some random
    ones (``start=`` gives one instead, the unknowns in order): nothing is proved of what it finds.
    """

    problem: Problem
    code: Iteration | None
    closed: Callable[..., dict[str, Any]] | None
    formula: str = ""
    known: tuple[tuple[float, ...], ...] = ()  # starts on the problem's own data

    @property
    def method(self) -> str:
        return CLOSED if self.closed is not None else self.code.method if self.code is not None else ""

    @property
    def source(self) -> str:
        """Python source with ``solve``; of a closed form its own code, where it has some."""
        if self.closed is not None and self.formula:
            return self.formula
        return self.code.source if self.code is not None else ""

    def __call__(self, start: Any = None, **given: Any) -> SolverResult:
        if self.closed is not None and start is None:
            exact = self._exact(given)
            if exact is not None:
                return exact
        if self.code is None:
            raise CallError("there is no iteration for this problem, so it takes no start")
        own = EmittedCode(self.problem, self.code)
        values, starts = own.values(given), [start]
        if start is None and not given:
            starts += self.known
        found, fault = list[SolverResult](), ""
        for s in starts:
            try:
                found.append(SolverResult(own.functions["solve"](*values, start=s)))
            except (ValueError, TypeError, np.linalg.LinAlgError) as failed:
                fault = fault or str(failed) or type(failed).__name__
        if not found:
            raise ConditionError(fault)
        least = min(found, key=lambda f: f.loss).loss
        near = [f for f in found if f.loss <= least + 1e-9 * (abs(least) + 1e-12)]
        best = next((f for f in near if f.converged), near[0])
        if self.problem.sense == "max":  # the code minimises
            best["loss"] = -best["loss"]
        return best

    def _exact(self, given: Mapping[str, Any]) -> SolverResult | None:
        """The closed form's one point; None where it has several, or none at these values."""
        assert self.closed is not None
        try:
            values = self.closed(**{**own_values(self.problem), **given})
        except ConditionError:
            if self.code is None:
                raise
            return None
        shapes, measured = self.problem.shapes, self._measured(given)
        several = [np.ndim(v) for u, v in values.items() if u not in shapes and np.ndim(v) > 0]
        if several:  # of several points the least
            if measured is None or max(several) > 1:
                return None
            spread = np.broadcast_arrays(*(np.asarray(values[u], dtype=float) for u in self.problem.unknowns))
            rows = [dict(zip(self.problem.unknowns, row, strict=True)) for row in zip(*spread, strict=True)]
            sign = 1.0 if self.problem.sense == "min" else -1.0
            values = min(rows, key=lambda row: sign * measured(row)["loss"])
        out = SolverResult({u: v if u in shapes else float(v) for u, v in values.items()})
        out |= {"iterations": 0, "converged": True}
        return out if measured is None else SolverResult({**out, **measured(values)})

    def _measured(self, given: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], dict[str, float]] | None:
        """The loss and the gradient's norm at values of the unknowns; None where there is no code for them."""
        try:
            own = EmittedCode(self.problem, iteration_of(self.problem, smooth=False))
            data = own.data(given)
        except (NoCode, CallError, ConditionError, ValueError, TypeError):
            return None

        def measure_at(values: Mapping[str, Any]) -> dict[str, float]:
            theta = own.joined(values)
            slope = np.linalg.norm(own.functions["gradient"](theta, *data))
            return {"loss": float(own.functions["loss"](theta, *data)), "gradient_norm": float(slope)}

        return measure_at
