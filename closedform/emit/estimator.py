"""Ridge and ordinary least squares with scikit-learn's conventions, fitted by the closed form.

Separate from ``least_squares.py`` because it subclasses scikit-learn's bases where scikit-learn is installed.
"""

# a capital letter is a matrix, which a later step may replace
# pyright: reportConstantRedefinition=false

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from closedform.emit.inference.statistics import FitStatistics, statistics
from closedform.emit.least_squares import SMALL, LeastSquares, solve_blocks, solve_moments, with_residual
from closedform.emit.linear import cluster
from closedform.emit.linear.moments import Block, Moments, weight_count
from closedform.emit.linear.passes import Rows, Scored, State, Stream, scores
from closedform.emit.linear.rows import as_columns, as_weights, penalties
from closedform.errors import CallError, InputError
from closedform.reading.data.handed import is_dask


class _Parameters:
    """What a user of the estimator alone needs of scikit-learn's base."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return {key: getattr(self, key) for key in ("ridge", "fit_intercept")}

    def set_params(self, **params: Any) -> Any:
        for key, value in params.items():
            if key not in self.get_params():
                raise CallError(f"there is no parameter {key}; ridge and fit_intercept are")
            setattr(self, key, value)
        return self

    def __repr__(self) -> str:
        inside = ", ".join(f"{key}={value!r}" for key, value in self.get_params().items())
        return f"{type(self).__name__}({inside})"


class _Nothing:
    """In the place of a mixin: ``score`` is the estimator's own."""


try:
    from sklearn.base import BaseEstimator, RegressorMixin
    from sklearn.utils.validation import check_is_fitted, validate_data

    WITH_SKLEARN = True
except ImportError:  # the conventions hold without it; only sklearn's own tooling is then missing
    WITH_SKLEARN = False
    if TYPE_CHECKING:
        raise  # what follows is checked against scikit-learn's own
    BaseEstimator, RegressorMixin = _Parameters, _Nothing

BLOCK_BYTES = 8 << 20


class WeightError(InputError, ValueError):
    """Sample weights that do not fit the rows; a ``ValueError`` too, as scikit-learn's conventions ask."""


class LeastSquaresRegressor(RegressorMixin, BaseEstimator):
    """Minimise sum w ||y - X coef - intercept||^2 + ridge ||coef||^2 by its formula; nothing is iterated to convergence.

    ``ridge`` is one penalty or one for each output. ``fit`` is the accurate path (``least_squares.solve``).
    ``partial_fit`` merges a chunk of rows into the state (moments about the mean) and solves from the state alone:
    memory O(k^2), no loss to an offset, and accurate while the condition number of the centred X is below about 1e6,
    because the residuals of earlier chunks are gone; after ``fit`` it goes on from the fit. Columns that depend on
    each other give the minimiser of least norm, with a warning that names them.

    >>> model = LeastSquaresRegressor().fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    >>> [round(float(v), 12) for v in (model.intercept_, model.coef_[0])]
    [1.0, 2.0]
    """

    def __init__(self, ridge: float | ArrayLike = 0.0, fit_intercept: bool = True) -> None:
        self.ridge = ridge
        self.fit_intercept = fit_intercept

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LeastSquaresRegressor:
        """Fit to all rows at once; X is n x k, y is n or n x m.

        SciPy's sparse matrices are never made dense (their normal equations are solved), and collections of Dask stay
        where they are: each pass over the rows goes to the blocks (``cluster.py``, extra ``scale``).
        """
        if is_dask(X):
            return self._fit_elsewhere(cluster.rows_of(X, y, sample_weight), None)
        A, b, w = self._validated(X, y, sample_weight, reset=True)
        self._state: Moments | None = None
        if _is_sparse(A):
            right = np.asarray(b, dtype=np.float64).reshape(len(b), -1)
            self._state = _sparse_moments(A, right, w, self.fit_intercept)
            fit = solve_moments(self._state, self.ridge, self._names())
            r = right - np.asarray(A.astype(np.float64) @ fit.coefficients) - fit.intercept
            squares = np.einsum("ij,ij->j", r if w is None else r * w[:, None], r)
            return self._keep(with_residual(fit, squares), b.shape, A.dtype)
        right = np.asarray(b, dtype=np.float64).reshape(len(b), -1)
        small = A.size <= SMALL
        fit = solve_blocks(
            lambda: _blocks(A, right, w),
            ridge=self.ridge,
            intercept=self.fit_intercept,
            names=self._names(),
            whole=(np.asarray(A, dtype=np.float64), right, w) if small else None,
            inference=True,
        )
        self._state = fit.moments
        return self._keep(fit, b.shape, A.dtype)

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> LeastSquaresRegressor:
        """Merge a chunk of rows into the state and solve again."""
        earlier: Moments | None = getattr(self, "_state", None)
        if earlier is not None and earlier.centred != bool(self.fit_intercept):
            raise CallError("fit_intercept was changed after rows had been seen; fit anew")
        if is_dask(X):
            if earlier is not None:
                _same_names(self, X)
            return self._fit_elsewhere(cluster.rows_of(X, y, sample_weight), earlier)
        A, b, w = self._validated(X, y, sample_weight, reset=earlier is None)
        right = b.reshape(len(b), -1).astype(np.float64)
        if earlier is not None and right.shape[1] != earlier.moment.shape[1]:
            raise InputError(f"y has {right.shape[1]} outputs; the rows before had {earlier.moment.shape[1]}")
        if _is_sparse(A):
            state = _sparse_moments(A, right, w, self.fit_intercept)
        else:
            state = Moments.of(np.asarray(A, dtype=np.float64), right, w, self.fit_intercept)
        self._state = state if earlier is None else earlier + state
        return self._keep(solve_moments(self._state, self.ridge, self._names()), b.shape, A.dtype)

    def _fit_elsewhere(self, rows: cluster.DaskRows, earlier: Moments | None) -> LeastSquaresRegressor:
        """As ``fit``, or with an earlier state as ``partial_fit``, where the rows are in blocks of Dask."""
        if earlier is None:
            if rows.names is not None:
                self.feature_names_in_ = np.array(rows.names, dtype=object)
            elif hasattr(self, "feature_names_in_"):
                del self.feature_names_in_
            fit = solve_blocks(
                rows, ridge=self.ridge, intercept=self.fit_intercept, names=self._names(), inference=True
            )
        else:
            fit = solve_moments(earlier + State(earlier.centred).of(rows), self.ridge, self._names())
        self._state = fit.moments
        return self._keep(fit, (0,) if rows.flat else (0, 0), np.float64)

    def predict(self, X: Any) -> np.ndarray:
        """X coef + intercept, shaped as y was; computed about the mean, so that an offset costs no digits.

        Of a collection of Dask an array of Dask, which nothing has computed yet.
        """
        if hasattr(self, "coef_") and is_dask(X):
            _same_names(self, X)
            if X.shape[1] != len(self._slopes):
                raise InputError(f"X has {X.shape[1]} features; the fit had {len(self._slopes)}")
            A = X if hasattr(X, "rechunk") else X.to_dask_array()
            out = (A - self._centre) @ self._slopes + self._level
            return out[:, 0] if self.coef_.ndim == 1 else out
        if not hasattr(self, "coef_") and not WITH_SKLEARN:
            raise CallError("this LeastSquaresRegressor is not fitted yet; call fit first")
        if WITH_SKLEARN:
            check_is_fitted(self)
            A = validate_data(self, X, reset=False, dtype=[np.float64, np.float32], accept_sparse="csr")
        else:
            A = _design(X)
            _same_names(self, X)
        slopes = self._slopes
        if A.shape[1] != len(slopes):
            raise InputError(f"X has {A.shape[1]} features; the fit had {len(slopes)}")
        out = np.asarray(A @ slopes) + self._intercepts if _is_sparse(A) else (A - self._centre) @ slopes + self._level
        out = out[:, 0] if self.coef_.ndim == 1 else out
        return out.astype(self.coef_.dtype, copy=False)

    def statistics(
        self,
        X: Any = None,
        y: Any = None,
        sample_weight: Any = None,
        *,
        covariance: str = "nonrobust",
        level: float = 0.95,
        student: bool = True,
        output: int | None = None,
    ) -> FitStatistics:
        """Standard errors, tests, intervals, R^2, F, the likelihood; ``print`` shows them as a table.

        ``covariance`` is "nonrobust" or "HC0" to "HC3"; those need the rows, which a fit does not keep: X, y and the
        weights again, all at once, also after ``partial_fit``. ``level`` is that of the intervals; with ``student``
        False p values are those of the normal distribution. Of several outputs ``output`` says which one.

        >>> model = LeastSquaresRegressor().fit([[0.0], [1.0], [2.0], [3.0]], [1.0, 2.0, 2.0, 4.0])
        >>> model.statistics().standard_errors.round(6).tolist()
        [0.494975, 0.264575]
        """
        if not hasattr(self, "_fit"):
            raise CallError("this LeastSquaresRegressor is not fitted yet; call fit first")
        penalty = penalties(self._fitted_ridge, len(self._level))
        if output is None and len(penalty) > 1:
            raise CallError(f"the fit has {len(penalty)} outputs; say which one: output=0 to {len(penalty) - 1}")
        if not 0 <= (output or 0) < len(penalty):
            raise CallError(f"there is no output {output}; the fit has {len(penalty)}, counted from 0")
        rows: Rows | None = None
        if X is not None and is_dask(X):
            _same_names(self, X)
            rows = cluster.rows_of(X, y, sample_weight)
        elif X is not None:
            A, b, w = self._validated(X, y, sample_weight, reset=False)
            right = np.asarray(b, dtype=np.float64).reshape(len(b), -1)
            rows = Stream(lambda: _blocks(A, right, w))
        return statistics(
            self._fit,
            self._names(),
            output=output or 0,
            penalty=float(penalty[output or 0]),
            kind=covariance,
            level=level,
            student=student,
            rows=rows,
        )

    def summary(self, *rows: Any, **options: Any) -> str:
        """The statistics as a text table, one for each output; takes what ``statistics`` takes."""
        outputs = (
            [options.pop("output")] if options.get("output") is not None else range(len(getattr(self, "_level", "1")))
        )
        found = [self.statistics(*rows, output=j, **options) for j in outputs]
        if len(found) == 1:
            return str(found[0])
        return "\n\n".join(f"output {j}: {s}" for j, s in zip(outputs, found, strict=True))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The coefficient of determination R^2, over several outputs their mean."""
        if hasattr(self, "coef_") and is_dask(X):
            _same_names(self, X)
            found = cluster.rows_of(X, y, sample_weight).total(Scored(self._centre, self._slopes, self._level), scores)
            if found is None or not found[0].used:
                raise InputError("no rows to score: the data are empty")
            left, whole = found[1], found[0].square
            return _mean_r_squared(left, whole)
        b = np.asarray(y, dtype=np.float64)
        b = b.reshape(len(b), -1)
        w = as_weights(sample_weight, len(b))
        w = np.ones(len(b)) if w is None else w
        left = w @ (b - self.predict(X).reshape(b.shape)) ** 2
        whole = w @ (b - (w @ b) / w.sum()) ** 2
        return _mean_r_squared(left, whole)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.target_tags.single_output = True
        tags.input_tags.sparse = True
        return tags

    def _names(self) -> list[str] | None:
        names = getattr(self, "feature_names_in_", None)
        return None if names is None else [str(n) for n in names]

    def _keep(self, result: LeastSquares, shape: tuple[int, ...], dtype: Any) -> LeastSquaresRegressor:
        kind = np.float32 if dtype == np.float32 else np.float64
        flat = len(shape) == 1
        self._fit, self._fitted_ridge = result, self.ridge
        self._slopes, self._intercepts = result.coefficients, result.intercept
        state = result.moments
        self._centre, self._level = state.centre, state.level + (state.level_low - state.centre_low @ self._slopes)
        self.coef_ = (result.coefficients[:, 0] if flat else result.coefficients.T).astype(kind)
        self.intercept_ = kind(result.intercept[0]) if flat else result.intercept.astype(kind)
        self.rank_, self.condition_, self.method_ = result.rank, result.condition, result.method
        self.digits_, self.dependent_ = result.digits, result.dependent
        self.n_features_in_ = len(result.coefficients)
        return self

    def _validated(self, X: Any, y: Any, weights: Any, reset: bool) -> tuple[Any, np.ndarray, np.ndarray | None]:
        if WITH_SKLEARN:
            A, b = validate_data(
                self,
                X,
                y,
                reset=reset,
                dtype=[np.float64, np.float32],
                accept_sparse="csr",
                multi_output=True,
                y_numeric=True,
            )
        else:
            A = _design(X)
            b = as_columns(np.zeros((A.shape[0], 1)) if _is_sparse(A) else A, y)[1].reshape(np.shape(y))
            if not reset and A.shape[1] != self.n_features_in_:
                raise InputError(f"X has {A.shape[1]} features; the earlier chunks had {self.n_features_in_}")
            if not reset:
                _same_names(self, X)
            elif (names := _column_names(X)) is not None:
                self.feature_names_in_ = names
            elif hasattr(self, "feature_names_in_"):
                del self.feature_names_in_
        penalties(self.ridge, b.reshape(len(b), -1).shape[1])
        try:
            w = as_weights(None if weights is None else np.asarray(weights), A.shape[0])
        except InputError as fault:
            raise WeightError(str(fault)) from None
        if w is not None and reset and not w.any():
            raise WeightError("the sample weights are all zero: there is nothing to fit")
        return A, b, w


def _design(X: Any) -> Any:
    """X as validation without scikit-learn leaves it: float32 or float64, two-dimensional, finite; sparse as CSR."""
    if _is_sparse(X):
        A = X.tocsr()
        A = A if A.dtype in (np.float32, np.float64) else A.astype(np.float64)
        as_columns(A.data.reshape(-1, 1), np.zeros(len(A.data))) if len(A.data) else None
        return A
    single = np.asarray(X).dtype == np.float32
    if np.ndim(X) != 2 or 0 in np.shape(X):
        raise InputError(f"X has the shape {np.shape(X)}; it has rows and columns, at least one of each")
    A = as_columns(X, np.zeros(len(X)))[0]
    return A.astype(np.float32) if single else A


def _column_names(X: Any) -> np.ndarray | None:
    names = getattr(X, "columns", None)
    return np.array(list(names), dtype=object) if names is not None and all(isinstance(n, str) for n in names) else None


def _same_names(model: Any, X: Any) -> None:
    names, known = _column_names(X), getattr(model, "feature_names_in_", None)
    if names is not None and known is not None and list(names) != list(known):
        raise InputError(f"the columns are {', '.join(names[:20])}; those of the fit were {', '.join(known[:20])}")


def _is_sparse(X: Any) -> bool:
    return hasattr(X, "tocsr") and hasattr(X, "toarray")


def _mean_r_squared(left: np.ndarray, whole: np.ndarray) -> float:
    return float(np.mean(np.where(whole > 0, 1 - left / np.where(whole > 0, whole, 1.0), np.where(left > 0, 0.0, 1.0))))


def _blocks(X: Any, Y: np.ndarray, weights: np.ndarray | None) -> Iterator[Block]:
    """The rows in blocks of float64; a sparse matrix is made dense a block at a time."""
    rows = max(1, BLOCK_BYTES // (8 * max(1, X.shape[1])))
    for i in range(0, X.shape[0], rows):
        part = X[i : i + rows]
        part = part.toarray() if _is_sparse(part) else part
        yield np.asarray(part, dtype=np.float64), Y[i : i + rows], None if weights is None else weights[i : i + rows]


def _sparse_moments(X: Any, Y: np.ndarray, weights: np.ndarray | None, centred: bool) -> Moments:
    """The state of a sparse matrix by its normal equations; it is never made dense, k x k results excepted."""
    Y = np.asarray(Y, dtype=np.float64)
    X = X.astype(np.float64).tocsr()
    n, k = X.shape
    w = np.ones(n) if weights is None else weights
    total = float(w.sum())
    left = X.multiply(w[:, None]).tocsr()
    gram = np.asarray((left.T @ X).toarray())
    centre, level = np.zeros(k), np.zeros(Y.shape[1])
    if centred and total > 0:
        centre, level = np.asarray(X.T @ w) / total, (w @ Y) / total
        Y = Y - level
        gram = gram - total * np.outer(centre, centre)
    moment = np.asarray(left.T @ Y)
    square = w @ Y**2
    zero, none = np.zeros(k), np.full(k, -np.inf)
    if centred:
        moment = moment - np.outer(centre, w @ Y)
    used, logs = weight_count(weights, n)
    rest = np.zeros_like(level)
    return Moments(
        gram, moment, square, n, total, centre, zero, level, rest, none, -none, centred, used, logs
    ).checked()
