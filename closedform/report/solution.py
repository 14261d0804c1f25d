"""The numbers of a formula at the arrays that were given."""

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
from closedform.stationarity.matrix import matrix_system
from closedform.strategies.matrices.observed import loss_function


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
