"""The statistics of a report on linear least squares, from the rows of its problem."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator

import numpy as np

from closedform.emit.inference.statistics import FitStatistics, statistics
from closedform.emit.least_squares import solve_blocks
from closedform.emit.linear.moments import Block
from closedform.emit.linear.passes import Stream
from closedform.emit.linear.rows import as_weights
from closedform.errors import CallError, InputError
from closedform.problem import Problem
from closedform.strategies.large.least_squares import design_rows

_FORMULA = re.compile(
    r"inv\((\w+)'\*\1\)\*\1'\*(\w+)|inv\((\w+)'\*diag\((\w+)\)\*\3\)\*\3'\*(?:diag\(\4\)\*(\w+)|\(\4 \.\* (\w+)\))"
)


def statistics_of(problem: Problem, formula: str | None, covariance: str, level: float, student: bool) -> FitStatistics:
    """The statistics where the loss is a sum of squares over a table, or its formula that of (weighted) least squares.

    Raises ``CallError`` with the reason where it is neither.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # dependent columns are said in the notes
        if problem.arrays:
            return _of_arrays(problem, formula, covariance, level, student)
        if problem.data is None:
            raise CallError("standard errors need data: give the table or the arrays")
        try:
            rows = design_rows(problem.minimised())
            if rows.height != 1:
                raise ValueError(f"the constant column is {rows.height:g} and not 1")
            fit = rows.fit(scaled=False, inference=True)
        except (ValueError, InputError) as reason:
            raise CallError(f"these are the statistics of linear least squares, and {reason}") from None
        return statistics(
            fit,
            rows.slopes,
            penalty=float(np.max(rows.penalty, initial=0.0)),
            kind=covariance,
            level=level,
            student=student,
            rows=Stream(lambda: rows.blocks(scaled=False)),
            intercept=rows.constant or "intercept",
        )


def _of_arrays(problem: Problem, formula: str | None, covariance: str, level: float, student: bool) -> FitStatistics:
    found = _FORMULA.fullmatch(formula or "")
    if not found:
        raise CallError("these are the statistics of linear least squares, and the formula is another one")
    plain, response, design, weight, first, second = found.groups()
    given = {key: np.asarray(value, dtype=float) for key, value in problem.arrays.items()}
    X = given[plain or design]
    right = given[response or first or second].reshape(len(X), -1)
    weights = as_weights(None if weight is None else given[weight], len(X))

    def blocks() -> Iterator[Block]:
        yield X, right, weights

    if right.shape[1] > 1:
        raise CallError("y has several columns; LeastSquaresRegressor gives the statistics of each")
    fit = solve_blocks(blocks, whole=(X, right, weights), inference=True)
    unknown = problem.unknowns[0]
    names = [f"{unknown}[{j + 1}]" for j in range(X.shape[1])]
    return statistics(fit, names, kind=covariance, level=level, student=student, rows=Stream(blocks))
