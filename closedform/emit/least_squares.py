"""Least squares from a mergeable state: Cholesky with refinement, else blocked QR, else the SVD of the small R.

State of rows seen: the Gram matrix X'X, the moments X'y, y'y and the number of rows. It is additive, so chunks of a
file, parts of a cluster or days of a stream are merged by adding; memory is k^2 whatever n is. A Gram matrix squares
the condition number, so its Cholesky solution is refined with residuals of the data themselves, and given up for a QR
factorisation when the condition number of X exceeds 1e6 (Björck, *Numerical Methods for Least Squares Problems*,
SIAM 1996, sections 2.2, 2.9 and 6.6; Higham, *Accuracy and Stability*, 2nd ed., section 20.5).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from closedform.errors import InputError

Array = NDArray[np.float64]
Chunk = tuple[Array, Array]
Chunks = Callable[[], Iterable[Chunk]]  # may be called several times: each pass reads the data again

BLOCK_BYTES = 8 << 20
GRAM_LIMIT = 1e12  # largest condition number of the Gram matrix for which refinement converges quickly
SMALL = 20_000  # entries of X up to which residuals are summed in twice the working precision
EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class GramState:
    """The sufficient statistics of linear least squares; ``a + b`` is the state of the rows of both.

    >>> X, y = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]]), np.array([1.0, 2.0, 4.0])
    >>> whole = GramState.of(X, y)
    >>> parts = GramState.of(X[:1], y[:1]) + GramState.of(X[1:], y[1:])
    >>> bool(np.array_equal(whole.gram, parts.gram)), parts.rows
    (True, 3)
    """

    gram: Array  # k x k
    moment: Array  # k x m
    square: Array  # m: the squared norms of the columns of y
    rows: int

    @staticmethod
    def of(X: Array, y: Array) -> GramState:
        Y = y.reshape(len(y), -1)
        return GramState(X.T @ X, X.T @ Y, np.einsum("ij,ij->j", Y, Y), len(X))

    def __add__(self, other: GramState) -> GramState:
        return GramState(
            self.gram + other.gram, self.moment + other.moment, self.square + other.square, self.rows + other.rows
        )

    @staticmethod
    def over(chunks: Iterable[Chunk]) -> GramState:
        """The state of all chunks; raises ``InputError`` when there is none."""
        total: GramState | None = None
        for X, y in chunks:
            state = GramState.of(X, y)
            total = state if total is None else total + state
        if total is None:
            raise InputError("no rows to fit: the data are empty")
        return total


@dataclass(frozen=True)
class LeastSquares:
    """A solution with what is known of its quality.

    ``coefficients`` is k or k x m as y was; ``condition`` estimates the 2-norm condition number of the column-scaled
    X; ``digits`` is what the perturbation bound leaves of 16; ``method`` says which factorisation was used; ``rank``
    below k means that the coefficients are the minimiser of least norm.
    """

    coefficients: Array
    condition: float
    digits: float
    method: str
    rank: int
    rows: int
    residual: Array


def solve(X: ArrayLike, y: ArrayLike, *, ridge: float = 0.0, weights: ArrayLike | None = None) -> LeastSquares:
    """Minimise ||X a - y||^2 + ridge ||a||^2 for arrays in memory; X is n x k, y is n or n x m.

    Never forms an inverse. Raises ``InputError`` on shapes that do not conform and on entries that are not finite;
    warns and gives the minimiser of least norm when X is rank deficient.

    >>> fit = solve([[1, 0], [1, 1], [1, 2]], [1, 2, 4])
    >>> fit.coefficients.round(12).tolist(), fit.rank
    ([0.833333333333, 1.5], 2)
    """
    A, b = as_columns(X, y)
    if weights is not None:
        root = np.sqrt(np.asarray(weights, dtype=np.float64).reshape(-1, 1))
        A, b = A * root, b.reshape(len(b), -1) * root
    rows = max(1, BLOCK_BYTES // (8 * max(1, A.shape[1])))

    def chunks() -> Iterable[Chunk]:
        return ((A[i : i + rows], b[i : i + rows]) for i in range(0, len(A), rows))

    result = solve_chunks(chunks, ridge=ridge, whole=(A, b))
    shape = np.shape(y)
    flat = len(shape) < 2
    return result if not flat else _flattened(result)


def _flattened(fit: LeastSquares) -> LeastSquares:
    return LeastSquares(fit.coefficients[:, 0], fit.condition, fit.digits, fit.method, fit.rank, fit.rows, fit.residual)


def as_columns(X: ArrayLike, y: ArrayLike) -> Chunk:
    """X and y as float64 arrays that conform and are finite; one line says what does not."""
    A, b = _floats("X", X), _floats("y", y)
    if A.ndim == 1:
        A = A.reshape(-1, 1)
    if A.ndim != 2 or b.ndim not in (1, 2) or len(A) != len(b):
        raise InputError(f"X is {_shape(A)} and y is {_shape(b)}: they need the same number of rows")
    if not len(A):
        raise InputError("no rows to fit: the data are empty")
    # One pass: a sum is finite only if every entry is (or it overflows, which is worth the second look).
    for name, value in (("X", A), ("y", b)):
        if not np.isfinite(np.sum(value)) and not np.isfinite(value).all():
            place = np.argwhere(~np.isfinite(value))[0]
            raise InputError(f"{name} has an entry that is not finite at row {place[0]}; remove or impute it")
    return A, b.reshape(len(b), -1)


def _floats(name: str, value: ArrayLike) -> Array:
    if np.iscomplexobj(value):
        raise InputError(f"{name} is complex; least squares here is real")
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{name} is not an array of numbers; pass rows of equal length with numbers only") from None


def _shape(a: Array) -> str:
    return " x ".join(map(str, a.shape)) or "a scalar"


def solve_chunks(chunks: Chunks, *, ridge: float = 0.0, whole: Chunk | None = None) -> LeastSquares:
    """As ``solve``, for data that are read in chunks, three passes at most; memory O(k^2 + a chunk).

    ``whole`` is the same data in memory, where they are: then no copies are made.
    """
    state = GramState.of(*whole) if whole is not None else GramState.over(chunks())
    k = len(state.gram)
    scale = 1 / np.sqrt(np.where(np.diag(state.gram) > 0, np.diag(state.gram), 1.0) + ridge)
    gram = state.gram * scale[:, None] * scale + np.diag(ridge * scale**2)
    factor = _cholesky(gram)
    condition = math.inf if factor is None else _condition(gram)
    small = whole is not None and whole[0].size <= SMALL and ridge == 0  # then accuracy costs nothing
    if factor is not None and condition < GRAM_LIMIT and not small:
        a = scale[:, None] * _factor_solve(factor, scale[:, None] * state.moment)
        for _ in range(2):
            a = a + scale[:, None] * _factor_solve(factor, scale[:, None] * _gradient(chunks, whole, a, ridge))
        root = math.sqrt(condition)
        return _result(a, root, "Cholesky of the Gram matrix, two refinement steps", k, state)
    return _by_qr(chunks, scale, ridge, state, whole)


def solve_state(state: GramState, ridge: Array) -> LeastSquares:
    """Minimise from the state alone, ``ridge`` one penalty per coefficient; no data are left to refine with.

    The condition number of X enters squared. A state that is not positive definite is solved with least norm.
    """
    k = len(state.gram)
    scale = 1 / np.sqrt(np.where(np.diag(state.gram) + ridge > 0, np.diag(state.gram) + ridge, 1.0))
    gram = (state.gram + np.diag(ridge)) * scale[:, None] * scale
    values, vectors = np.linalg.eigh(gram)
    kept = values > k * EPSILON * max(values[-1], 0.0)
    rank = int(kept.sum())
    if rank < k:  # least norm in the user's units
        values, vectors = np.linalg.eigh(state.gram + np.diag(ridge))
        kept, scale = values > k * EPSILON * max(values[-1], 0.0), np.ones(k)
    a = scale[:, None] * (
        vectors[:, kept] @ ((vectors[:, kept].T @ (scale[:, None] * state.moment)) / values[kept, None])
    )
    condition = float(math.sqrt(values[kept][-1] / values[kept][0])) if rank else math.inf
    squared = _result(a, condition**2, "eigenvectors of the Gram matrix of the state", rank, state)
    return replace(squared, condition=condition)


def _gradient(chunks: Chunks, whole: Chunk | None, a: Array, ridge: float) -> Array:
    """X'(y - X a) - ridge a, from the data themselves."""
    total = -ridge * a
    for X, y in chunks():
        total = total + X.T @ (y - X @ a)
    return total


def _cholesky(gram: Array) -> Array | None:
    try:
        return np.asarray(np.linalg.cholesky(gram), dtype=np.float64)
    except np.linalg.LinAlgError:
        return None


def _condition(gram: Array) -> float:
    values = np.linalg.eigvalsh(gram)
    return float(values[-1] / values[0]) if values[0] > 0 else math.inf


def _factor_solve(lower: Array, right: Array) -> Array:
    """Solve L L' x = right. NumPy has no triangular solver; LU of a triangle does no elimination and is as stable."""
    return np.asarray(np.linalg.solve(lower.T, np.linalg.solve(lower, right)), dtype=np.float64)


def _by_qr(chunks: Chunks, scale: Array, ridge: float, state: GramState, whole: Chunk | None) -> LeastSquares:
    """R of the column-scaled [X y] by QR over blocks, then the SVD of R for rank and least norm, then refinement."""
    k = len(scale)
    small = np.zeros((0, k + state.moment.shape[1]))
    if ridge > 0:
        small = np.hstack([np.diag(math.sqrt(ridge) * scale), np.zeros_like(state.moment)])
    for X, y in chunks():
        small = np.asarray(np.linalg.qr(np.vstack([small, np.hstack([X * scale, y])]), mode="r"))
    R, right = small[:, :k], small[:, k:]
    U, s, Vt = np.linalg.svd(R, full_matrices=False)
    tolerance = max(state.rows, k) * EPSILON * (s[0] if len(s) else 0.0)
    # A column-scaled R separates badly scaled from dependent: only the second is a matter of rank.
    rank = int((s > tolerance * 0.01).sum())
    if rank < k:
        return _least_norm(R, right, scale, state, chunks, whole)
    a = scale[:, None] * (Vt.T @ ((U.T @ right) / s[:, None]))
    refined = ridge == 0 and whole is not None and whole[0].size <= SMALL
    if refined and whole is not None:
        a = _refine_extended(whole, a, scale, s, Vt)
    elif ridge == 0:
        for _ in range(2):
            a = a + scale[:, None] * (
                Vt.T @ ((Vt @ (scale[:, None] * _gradient(chunks, whole, a, 0.0))) / s[:, None] ** 2)
            )
    condition = float(s[0] / s[-1])
    method = "QR of [X y] in blocks, SVD of the small R" + (", residuals in twice the precision" if refined else "")
    return _result(a, condition, method, rank, state, EPSILON if refined else 1.0)


def _least_norm(
    R: Array, right: Array, scale: Array, state: GramState, chunks: Chunks, whole: Chunk | None
) -> LeastSquares:
    """The minimiser of least norm, in the user's own units (so the scaling of the columns is undone first)."""
    k = len(scale)
    U, s, Vt = np.linalg.svd(R / scale, full_matrices=False)
    kept = s > max(state.rows, k) * EPSILON * s[0] if len(s) and s[0] > 0 else np.zeros(len(s), dtype=bool)
    rank = int(kept.sum())
    warnings.warn(
        f"X has rank {rank} of {k}: every a + N z (N spans the null space) is a minimiser; the one of least norm is given",
        RuntimeWarning,
        stacklevel=4,
    )
    a = Vt[kept].T @ ((U.T @ right)[kept] / s[kept][:, None])
    condition = float(s[kept][0] / s[kept][-1]) if rank else math.inf
    return _result(a, condition, "SVD of the small R, least norm", rank, state)


def _refine_extended(whole: Chunk, a: Array, scale: Array, s: Array, Vt: Array) -> Array:
    """Two steps on the augmented system r + X a = y, X' r = 0 with residuals in twice the precision (Björck 1967)."""
    X, y = whole
    Xs = X * scale
    Q = Xs @ (Vt.T / s)  # orthonormal to working precision times the condition, enough for a correction
    low = np.zeros_like(a)
    r = y - X @ a
    for _ in range(4):
        f = _residual_twice(X, y, a, low, r)
        g = -_product_twice(X.T, r)
        h = (Vt @ (scale[:, None] * g)) / s[:, None]
        projected = Q.T @ f
        step = scale[:, None] * (Vt.T @ ((projected - h) / s[:, None]))
        change = f - Q @ (projected - h)
        high = a + step
        low = low + (step - (high - a))
        a, r = high, r + change
    return a + low


def _split(a: Array) -> tuple[Array, Array]:
    c = 134217729.0 * a  # 2^27 + 1 (Dekker 1971)
    high = c - (c - a)
    return high, a - high


def _two_product(a: Array, b: Array) -> tuple[Array, Array]:
    p = a * b
    ah, al = _split(a)
    bh, bl = _split(b)
    return p, ((ah * bh - p) + ah * bl + al * bh) + al * bl


def _product_twice(A: Array, B: Array, start: Array | None = None) -> Array:
    """A @ B (+ start), each entry as if summed in twice the working precision and then rounded."""
    out = np.zeros((A.shape[0], B.shape[1])) if start is None else start.copy()
    for i in range(A.shape[0]):
        for j in range(B.shape[1]):
            p, e = _two_product(A[i], B[:, j])
            out[i, j] = math.fsum([*p, *e, float(out[i, j])])
    return out


def _residual_twice(X: Array, y: Array, a: Array, low: Array, r: Array) -> Array:
    """y - r - X (a + low), each entry rounded once."""
    out = np.zeros_like(y)
    for i in range(len(X)):
        for j in range(y.shape[1]):
            p, e = _two_product(X[i], a[:, j])
            out[i, j] = -math.fsum([*p, *e, *(X[i] * low[:, j]), float(r[i, j]), -float(y[i, j])])
    return out


def _result(a: Array, condition: float, method: str, rank: int, state: GramState, gain: float = 1.0) -> LeastSquares:
    """``gain`` is the factor by which refinement improved on the first-order bound condition * epsilon."""
    # ||y - X a||^2 by the state; good to eps ||y||^2, which is what a summary needs.
    residual = np.maximum(
        state.square - 2 * np.einsum("ij,ij->j", a, state.moment) + np.einsum("ij,ij->j", a, state.gram @ a), 0.0
    )
    error = max(EPSILON, condition * EPSILON * (gain if gain == 1.0 else condition * EPSILON))
    digits = max(0.0, -math.log10(error)) if math.isfinite(condition) else 0.0
    return LeastSquares(a, condition, digits, method, rank, state.rows, residual)


def dask_state(X: Any, y: Any) -> GramState:
    """The state of Dask arrays chunked by rows: mapped over the blocks and merged (extra ``scale``)."""
    import dask  # pyright: ignore[reportMissingImports]

    parts = [
        dask.delayed(GramState.of)(a, b) for a, b in zip(X.to_delayed().ravel(), y.to_delayed().ravel(), strict=True)
    ]
    states = dask.compute(*parts)
    total = states[0]
    for state in states[1:]:
        total = total + state
    return total
