"""The numbers of a formula at the arrays that were given, and what an iteration finds on data without a formula."""

from __future__ import annotations

import math
import re
import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from closedform.errors import CallError, ConditionError, InputError
from closedform.frozen import FrozenMap
from closedform.report.function import function_of
from closedform.report.model import Report
from closedform.report.record import Computed
from closedform.report.solver import own_values, solver_of
from closedform.stationarity.matrix import matrix_system
from closedform.strategies.matrices.observed import loss_function

MOST_WORK = 2e7  # entries times unknowns squared, beyond which the iteration is left to the user
MOST_SEARCHED = 2e5  # ... where it starts from many places


def with_iteration(report: Report) -> Report:
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


def with_solution(report: Report) -> Report:
    """The report with the formula's value at the arrays of its problem: floating point, so observed, never proved.

    A condition that fails at the arrays is a note of the problem, and there are no numbers then.
    """
    arrays = report.problem.arrays
    if not arrays or report.formula is None or not report.formula.numpy:
        return report
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            values = function_of(report)(**arrays)
        except (ConditionError, CallError, InputError) as fault:
            return _noted(report, f"no numbers from the arrays: {fault}")
    for warning in heard:
        report = _noted(report, str(warning.message))
    numbers = FrozenMap({u: np.asarray(v, dtype=float).tolist() for u, v in values.items()})
    computed = Computed(numbers, _loss(report, values), _condition(report))
    return replace(report, computed=_with_statistics(computed, report))


def _with_statistics(computed: Computed, report: Report) -> Computed:
    """Of least squares: with the standard errors of the unknown's entries (None where there are none), sigma and R^2."""
    try:
        s = report.statistics()
    except (CallError, InputError):
        return computed
    errors, sigma, r_squared = (
        tuple(None if math.isnan(v) else float(v) for v in numbers)
        for numbers in (s.standard_errors, (s.sigma,), (s.r_squared,))
    )
    return replace(computed, standard_errors=errors, sigma=sigma[0], r_squared=r_squared[0])


def _noted(report: Report, note: str) -> Report:
    return replace(report, problem=replace(report.problem, notes=(*report.problem.notes, note)))


def _loss(report: Report, values: dict[str, Any]) -> float | None:
    arrays = report.problem.arrays
    data = {k: v for k, v in arrays.items() if k in report.problem.shapes}
    numbers = {k: int(v) if float(v).is_integer() else float(v) for k, v in arrays.items() if k not in data}
    try:
        value = loss_function(matrix_system(report.problem))(data, numbers, values)
    except (ValueError, TypeError, NameError, KeyError, ArithmeticError, np.linalg.LinAlgError):
        return None  # a loss without NumPy code
    return value if math.isfinite(value) else None


def _condition(report: Report) -> float | None:
    """The condition number of the designs (columns scaled to norm one) and of the arrays that the formula inverts."""
    formula, found = report.formula, list[float]()
    texts = " ".join((*formula.unknown.values(), *formula.conditions)) if formula is not None else ""
    for name, array in report.problem.arrays.items():
        if array.ndim != 2:
            continue
        inverted = re.search(rf"inv\((?:{name}\)|{name}'\*)|\b{name} has full column rank", texts)
        if inverted and array.shape[0] >= array.shape[1]:
            norms = np.linalg.norm(array, axis=0)
            norms[norms == 0] = 1.0
            s = np.linalg.svd(array / norms if array.shape[0] > array.shape[1] else array, compute_uv=False)
            found.append(float(s[0] / s[-1]) if s[-1] > 0 else 1e308)
    return max(found) if found else None
