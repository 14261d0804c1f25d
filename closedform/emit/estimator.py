"""Ridge and ordinary least squares with scikit-learn's conventions, fitted by the closed form.

Separate from ``least_squares.py`` because it subclasses scikit-learn's bases where scikit-learn is installed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from closedform.emit.least_squares import GramState, LeastSquares, as_columns, solve, solve_state
from closedform.errors import CallError, InputError

try:
    from sklearn.base import BaseEstimator, RegressorMixin
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError:  # the conventions hold without it; only sklearn's own tooling is then missing
    BaseEstimator = RegressorMixin = object  # type: ignore[assignment,misc]
    check_is_fitted = validate_data = None  # type: ignore[assignment]


class LeastSquaresRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc,valid-type]
    """Minimise ||y - X coef - intercept||^2 + ridge ||coef||^2 by its formula; nothing is iterated to convergence.

    ``fit`` is the accurate path (``least_squares.solve``). ``partial_fit`` merges a chunk of rows into the state
    (X'X, X'y, y'y, n) and solves from the state alone: memory O(k^2), and accurate while the condition number of X
    is below about 1e6, because the residuals of earlier chunks are gone.

    >>> model = LeastSquaresRegressor().fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    >>> [round(float(v), 12) for v in (model.intercept_, model.coef_[0])]
    [1.0, 2.0]
    """

    def __init__(self, ridge: float = 0.0, fit_intercept: bool = True) -> None:
        self.ridge = ridge
        self.fit_intercept = fit_intercept

    def fit(self, X: Any, y: Any) -> LeastSquaresRegressor:
        """Fit to all rows at once; X is n x k, y is n or n x m."""
        A, b = self._validated(X, y, reset=True)
        self._check_ridge()
        shape = b.shape
        b = b.reshape(len(b), -1)
        if self.fit_intercept:
            # Centring eliminates the intercept exactly and leaves it out of the penalty.
            centre, level = A.mean(axis=0), b.mean(axis=0)
            result = solve(A - centre, b - level, ridge=self.ridge)
            intercept = level - centre @ result.coefficients
        else:
            result, intercept = solve(A, b, ridge=self.ridge), np.zeros(b.shape[1])
        self._state: GramState | None = None
        return self._keep(result, intercept, shape)

    def partial_fit(self, X: Any, y: Any) -> LeastSquaresRegressor:
        """Merge a chunk of rows into the state and solve again."""
        A, b = self._validated(X, y, reset=getattr(self, "_state", None) is None)
        self._check_ridge()
        shape = b.shape
        b = b.reshape(len(b), -1)
        rows = np.hstack([np.ones((len(A), 1)), A]) if self.fit_intercept else A
        state = GramState.of(rows, b)
        earlier = getattr(self, "_state", None)
        merged = state if earlier is None else earlier + state
        self._state = merged
        penalty = np.full(rows.shape[1], float(self.ridge))
        if self.fit_intercept:
            penalty[0] = 0.0
        result = solve_state(merged, penalty)
        intercept = result.coefficients[0] if self.fit_intercept else np.zeros(b.shape[1])
        slopes = result.coefficients[1:] if self.fit_intercept else result.coefficients
        return self._keep(result, intercept, shape, slopes)

    def predict(self, X: Any) -> np.ndarray:
        """X coef + intercept, shaped as y was."""
        if check_is_fitted is not None and validate_data is not None:
            check_is_fitted(self)
            A = validate_data(self, X, reset=False, dtype=np.float64)
        else:
            A = np.asarray(X, dtype=np.float64)
        return A @ self.coef_.T + self.intercept_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.target_tags.multi_output = True
        tags.target_tags.single_output = True
        return tags

    def _keep(
        self, result: LeastSquares, intercept: np.ndarray, shape: tuple[int, ...], slopes: np.ndarray | None = None
    ) -> LeastSquaresRegressor:
        slopes = result.coefficients if slopes is None else slopes
        flat = len(shape) == 1
        self.coef_ = slopes[:, 0] if flat else slopes.T
        self.intercept_ = float(intercept[0]) if flat else intercept
        self.rank_, self.condition_, self.method_ = result.rank, result.condition, result.method
        if not hasattr(self, "n_features_in_"):
            self.n_features_in_ = len(slopes)
        return self

    def _validated(self, X: Any, y: Any, reset: bool) -> tuple[np.ndarray, np.ndarray]:
        if validate_data is not None:
            return validate_data(self, X, y, reset=reset, dtype=np.float64, multi_output=True, y_numeric=True)
        A, b = as_columns(X, y)
        if not reset and A.shape[1] != self.n_features_in_:
            raise InputError(f"X has {A.shape[1]} features; the earlier chunks had {self.n_features_in_}")
        return A, b.reshape(np.shape(y))

    def _check_ridge(self) -> None:
        if not self.ridge >= 0:
            raise CallError(f"ridge = {self.ridge} must not be negative")
