"""Least squares from a mergeable state: Cholesky with refinement, else blocked QR, else the least norm.

The Gram matrix of the rows is additive, so chunks of a file, parts of a cluster or days of a stream are merged by
adding; memory is k^2 whatever n is. A Gram matrix squares the condition number, so its Cholesky solution is refined
with residuals of the data themselves, and given up for a QR factorisation when the condition number of X exceeds 1e6
(Bjoerck, *Numerical Methods for Least Squares Problems*, SIAM 1996, sections 2.2, 2.9 and 6.6; Higham, *Accuracy and
Stability*, 2nd ed., section 20.5). An intercept is eliminated by moments about the mean, so an offset costs no digits.
Whether columns depend on each other is decided in one place (``rank.py``), on columns scaled by their own norms.
"""

# a capital letter is a matrix, which a later step may replace
# pyright: reportConstantRedefinition=false

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from closedform.emit.linear import rank as ranks
from closedform.emit.linear.moments import Block, Moments
from closedform.emit.linear.passes import ResidualProducts, Rows, State, Stream, Triangle, Turned, added, triangles
from closedform.emit.linear.refinement import refine_extended, root_extended
from closedform.emit.linear.rows import as_columns, as_weights, penalties
from closedform.frozen import record

Array = NDArray[np.float64]
Blocks = Callable[[], Iterable[Block]]  # may be called several times: each pass reads the data again

BLOCK_BYTES = 8 << 20
GRAM_LIMIT = 1e12  # largest condition number of the Gram matrix for which refinement converges quickly
SMALL = 20_000  # entries of X up to which residuals are summed in twice the working precision
GRAM_ACCURATE = 1e4  # condition number of a Gram matrix that still gives its inverse to 11 digits
EXACT_COLUMNS = 64  # up to which the inverse is worked out in ball arithmetic
EPSILON = ranks.EPSILON


@record
class LeastSquares:
    """A solution with what is known of its quality.

    ``coefficients`` is k or k x m as y was, ``intercept`` a number or m (zero without one). ``condition`` estimates
    the condition number of the column-scaled X (about the mean where there is an intercept); ``digits`` is what the
    perturbation bound leaves of 16; ``method`` says which factorisation was used. ``rank`` (without the intercept)
    below k means that the coefficients are the minimiser of least norm and ``dependent`` says which columns depend on
    which. ``residual`` is the weighted sum of squares of each output, ``rounding`` the part of it that rounding alone can
    make (of eps^2 ||y||^2 when it comes ``from_rows``, of eps ||y||^2 when it comes from the state); ``moments`` the state.

    ``root`` (outputs without penalty only) has a row for the intercept, where there is one, and each column: root root'
    is the inverse of X'WX, of full rank or on the complement of the null space; ``estimable`` says which of these rows
    are free of the null space.
    """

    coefficients: Array
    intercept: Array
    condition: float
    digits: float
    method: str
    rank: int
    rows: int
    residual: Array
    dependent: tuple[str, ...]
    moments: Moments
    rounding: Array
    from_rows: bool
    root: Array | None
    estimable: NDArray[np.bool_]


def solve(
    X: ArrayLike,
    y: ArrayLike,
    *,
    ridge: float | ArrayLike = 0.0,
    weights: ArrayLike | None = None,
    intercept: bool = False,
    names: Sequence[str] | None = None,
) -> LeastSquares:
    """Minimise sum w (X a + c - y)^2 + ridge ||a||^2 for arrays in memory; X is n x k, y is n or n x m.

    ``ridge`` is one penalty or one for each output; an intercept c is not penalised. Never forms an inverse. Raises
    ``InputError`` on shapes that do not conform and on entries that are not finite; warns and gives the minimiser of
    least norm when X is rank deficient.

    >>> fit = solve([[1, 0], [1, 1], [1, 2]], [1, 2, 4])
    >>> fit.coefficients.round(12).tolist(), fit.rank
    ([0.833333333333, 1.5], 2)
    """
    A, b = as_columns(X, y)
    w = as_weights(weights, len(A))
    rows = max(1, BLOCK_BYTES // (8 * max(1, A.shape[1])))

    def blocks() -> Iterable[Block]:
        for i in range(0, len(A), rows):
            yield A[i : i + rows], b[i : i + rows], None if w is None else w[i : i + rows]

    fit = solve_blocks(blocks, ridge=ridge, intercept=intercept, names=names, whole=(A, b, w))
    return fit if np.ndim(y) > 1 else replace(fit, coefficients=fit.coefficients[:, 0], intercept=fit.intercept[0])


def solve_blocks(
    blocks: Blocks | Rows,
    *,
    ridge: float | ArrayLike = 0.0,
    intercept: bool = False,
    names: Sequence[str] | None = None,
    whole: Block | None = None,
    inference: bool = False,
) -> LeastSquares:
    """As ``solve``, for data that are read in blocks, five passes at most; memory O(k^2 + a block).

    ``blocks`` is called for each pass, or is a ``Rows`` that is elsewhere. ``whole`` is the same data in memory, where
    they are: then small problems are refined further. ``inference`` spends a pass on an accurate ``root`` where the Gram
    matrix alone would not give one.
    """
    rows = Stream(blocks) if callable(blocks) else blocks
    moments = State(intercept).of(rows)
    penalty = penalties(ridge, moments.moment.shape[1])
    problem = _Problem(rows, whole, moments, names, inference)
    return _by_penalty(penalty, {p: problem.fit(p, penalty == p) for p in dict.fromkeys(penalty.tolist())})


@record
class _Problem:
    rows: Rows | None  # None when only the state is left
    whole: Block | None
    moments: Moments
    names: Sequence[str] | None
    inference: bool = False

    def intercept(self, a: Array, chosen: NDArray[np.bool_]) -> Array:
        """level - centre a, the low parts of the means included."""
        s = self.moments
        return (s.level[chosen] - s.centre @ a) + (s.level_low[chosen] - s.centre_low @ a)

    def fit(self, ridge: float, chosen: NDArray[np.bool_]) -> LeastSquares:
        s, k = self.moments, len(self.moments.gram)
        moment = s.moment[:, chosen]
        diagonal = np.diag(s.gram) + ridge
        scale = 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
        gram = (s.gram + ridge * np.eye(k)) * scale[:, None] * scale
        small = self.whole is not None and self.whole[0].size <= SMALL and ridge == 0  # then accuracy costs nothing
        factor = None if small else _cholesky(gram)
        condition = math.inf if factor is None else ranks.condition_of(gram)
        if factor is None or not condition < GRAM_LIMIT or not self.surely_independent(scale, condition):
            return self.by_qr(ridge, chosen, scale, small)
        a = scale[:, None] * _factor_solve(factor, scale[:, None] * moment)
        left: Array | None = None
        for _ in range(2):
            a, left = self.refined(
                a, ridge, chosen, lambda g: scale[:, None] * _factor_solve(factor, scale[:, None] * g)
            )
        root = scale[:, None] * np.linalg.inv(factor).T
        if self.inference and ridge == 0 and condition > GRAM_ACCURATE:
            root = self.orthogonalised(root)
        method = "Cholesky of the Gram matrix, two refinement steps"
        return self.result(a, chosen, math.sqrt(condition), method, k, residual=left, root=None if ridge else root)

    def refined(
        self, a: Array, ridge: float, chosen: NDArray[np.bool_], solve: Callable[[Array], Array]
    ) -> tuple[Array, Array]:
        """One step of refinement, and the residual sums of squares after it: a quadratic in the step."""
        gradient, squares = self.gradient(a, ridge, chosen)
        step = solve(gradient)
        slope = np.einsum("ij,ij->j", step, gradient + ridge * a)
        squares = squares - 2 * slope + np.einsum("ij,ij->j", step, self.moments.gram @ step)
        return a + step, np.maximum(squares, 0.0)

    def orthogonalised(self, root: Array) -> Array:
        """The root from rows that are nearly orthonormal (CholeskyQR2; Yamamoto and others 2015, ETNA 44)."""
        total = self.data().total(Turned(self.moments, root), added)
        assert total is not None
        factor = _cholesky(total[0])
        return root if factor is None else root @ np.linalg.inv(factor).T

    def surely_independent(self, scale: Array, condition: float) -> bool:
        """Whether the Gram matrix alone shows full rank by far, also before the columns were centred."""
        s = self.moments
        if not s.centred:
            return True
        shrink = float(np.min(1 / (scale * self.norms(0.0)), initial=1.0))
        return shrink / math.sqrt(condition * max(1, len(scale))) > 100 * max(s.rows, len(scale)) * EPSILON

    def data(self) -> Rows:
        assert self.rows is not None
        return self.rows

    def norms(self, ridge: float) -> Array:
        """The norms of the columns as they came, not centred."""
        s = self.moments
        squares = np.diag(s.gram) + ridge + s.weight * (s.centre + s.centre_low) ** 2
        return np.sqrt(np.where(squares > 0, squares, 1.0))

    def gradient(self, a: Array, ridge: float, chosen: NDArray[np.bool_]) -> tuple[Array, Array]:
        """X'W(y - X a) - ridge a and the residual sums of squares, from the data themselves."""
        s = self.moments
        total = self.data().total(ResidualProducts(s, a, chosen, self.near()), added)
        assert total is not None
        return total[0] - ridge * a, total[1]

    def near(self) -> bool:
        """Whether the means are so small beside the spread that rows need not be centred for residuals."""
        s = self.moments
        spread = np.sqrt(np.where(np.diag(s.gram) > 0, np.diag(s.gram), np.inf))
        return s.centred and bool((math.sqrt(s.weight) * np.abs(s.centre) < 100 * spread).all())

    def by_qr(self, ridge: float, chosen: NDArray[np.bool_], scale: Array, small: bool) -> LeastSquares:
        """R of the scaled [X y] by QR over blocks; its SVD, or the least norm where columns depend on each other."""
        s, k = self.moments, len(scale)
        triangle = self.data().total(Triangle(s, scale, chosen), triangles)
        assert triangle is not None
        penalty = np.hstack([np.diag(math.sqrt(ridge) * scale), np.zeros((k, int(chosen.sum())))])
        triangle = triangles(penalty, triangle)  # also where there are fewer rows than columns
        R, right = triangle[:k, :k], triangle[:k, k:]
        norms = self.norms(ridge)
        decided = self.decide(R / scale / norms, norms)
        rank = decided.rank - (1 if s.centred else 0)
        if rank < k:
            return self.deficient(R, right, scale, norms, decided, chosen, ridge)
        U, sigma, Vt = np.linalg.svd(R)
        a = scale[:, None] * (Vt.T @ ((U.T @ right) / sigma[:, None]))
        condition = float(sigma[0] / sigma[-1])
        level, gain, method = None, 1.0, "QR of [X y] in blocks, SVD of the small R"
        left, root = np.sum(triangle[k:, k:] ** 2, axis=0), scale[:, None] * Vt.T / sigma
        if small and self.whole is not None and condition * EPSILON < 0.1:
            X, y, w = self.whole
            level = self.intercept(a, chosen) if s.centred else None
            a, level, left = refine_extended((X, y[:, chosen], w), a, level)
            gain, method = EPSILON, method + ", residuals in twice the precision"
            if self.inference and k <= EXACT_COLUMNS and condition > math.sqrt(GRAM_ACCURATE):
                exact = root_extended((X, y, w), s.centred)
                root = root if exact is None else exact
        elif ridge == 0:
            for _ in range(2):
                a, left = self.refined(
                    a,
                    0.0,
                    chosen,
                    lambda g: scale[:, None] * (Vt.T @ ((Vt @ (scale[:, None] * g)) / sigma[:, None] ** 2)),
                )
        else:
            left = self.gradient(a, ridge, chosen)[1]
        return self.result(
            a, chosen, condition, method, k, gain=gain, level=level, residual=left, root=None if ridge else root
        )

    def decide(self, R: Array, norms: Array) -> ranks.Rank:
        """The rank with the intercept, from the triangle of the centred columns over their norms."""
        s = self.moments
        if s.centred:
            top = np.concatenate([[1.0], math.sqrt(s.weight) * (s.centre + s.centre_low) / norms])
            R = np.where(s.constant, 0.0, R)
            R = np.vstack([top, np.hstack([np.zeros((len(R), 1)), R])])
        return ranks.rank_of(R, s.rows)

    def deficient(
        self,
        R: Array,
        right: Array,
        scale: Array,
        norms: Array,
        decided: ranks.Rank,
        chosen: NDArray[np.bool_],
        ridge: float,
    ) -> LeastSquares:
        """The minimiser of least norm in the user's units: a solution on the complement of the null space, projected."""
        s, k = self.moments, len(scale)
        names = list(self.names) if self.names is not None else [f"x{j + 1}" for j in range(k)]
        null, rank = decided.null, decided.rank
        R = np.where(s.constant, 0.0, R) if s.centred else R
        dependent = ranks.relations(
            null[:, 1:] if s.centred else null, R / scale, s.centre if s.centred else None, names
        )
        if s.centred:
            null, rank = null[:, 1:], rank - 1
        scaled = null / norms / scale  # the null space in the units of R
        complement = np.linalg.svd(scaled, full_matrices=True)[2][len(scaled) :].T
        reduced = R @ complement
        U, sigma, Vt = np.linalg.svd(reduced, full_matrices=False)
        kept = sigma > 0
        t = Vt[kept].T @ ((U.T @ right)[kept] / sigma[kept, None])
        a = ranks.least_norm(scale[:, None] * (complement @ t), null, norms)
        warnings.warn(ranks.sentence(rank, k, dependent), RuntimeWarning, stacklevel=6)
        condition = float(sigma[0] / sigma[kept][-1]) if kept.any() else 1.0
        root = scale[:, None] * (complement @ (Vt[kept].T / sigma[kept]))
        return self.result(
            a,
            chosen,
            condition,
            "SVD of the small R, least norm",
            rank,
            dependent,
            residual=self.gradient(a, 0.0, chosen)[1] if self.rows is not None else None,
            root=None if ridge else root,
            estimable=np.abs(decided.null).max(axis=0, initial=0.0) < ranks.NEGLIGIBLE,
        )

    def result(
        self,
        a: Array,
        chosen: NDArray[np.bool_],
        condition: float,
        method: str,
        rank: int,
        dependent: tuple[str, ...] = (),
        gain: float = 1.0,
        level: Array | None = None,
        residual: Array | None = None,
        root: Array | None = None,
        estimable: NDArray[np.bool_] | None = None,
    ) -> LeastSquares:
        """``gain`` is the factor by which refinement improved on the first-order bound condition * epsilon.

        Without a ``residual`` from the rows it is taken from the state, which resolves it to eps ||y||^2 only.
        """
        s = self.moments
        from_rows = residual is not None
        rounding, residual = self.resolved(a, chosen, residual)
        if root is not None and s.centred:
            first = np.concatenate([[1 / math.sqrt(s.weight)], -(s.centre + s.centre_low) @ root])
            root = np.vstack([first, np.hstack([np.zeros((len(root), 1)), root])])
        whole = len(a) + (1 if s.centred else 0)
        estimable = np.ones(whole, dtype=bool) if estimable is None else estimable
        error = max(EPSILON, condition * EPSILON * (gain if gain == 1.0 else condition * EPSILON))
        digits = max(0.0, -math.log10(error)) if math.isfinite(condition) else 0.0
        if digits < 1:
            warnings.warn(
                f"the condition number of X is {condition:.1e}: no digit of the coefficients can be trusted",
                RuntimeWarning,
                stacklevel=6,
            )
        level = self.intercept(a, chosen) if level is None else level
        return LeastSquares(
            a,
            level,
            condition,
            digits,
            method,
            rank,
            s.rows,
            residual,
            dependent,
            s,
            rounding,
            from_rows,
            root,
            estimable,
        )

    def resolved(self, a: Array, chosen: NDArray[np.bool_], residual: Array | None) -> tuple[Array, Array]:
        """What rounding can make of the residual sums of squares, and these."""
        s = self.moments
        if residual is None:
            explained = np.einsum("ij,ij->j", a, s.gram @ a)
            left = s.square[chosen] - 2 * np.einsum("ij,ij->j", a, s.moment[:, chosen]) + explained
            return 16 * (len(a) + 2) * EPSILON * (s.square[chosen] + explained), np.maximum(left, 0.0)
        return _rounding(s, a, s.square[chosen], s.weight * s.centre**2 if self.near() else 0.0), residual


def solve_moments(s: Moments, ridge: float | ArrayLike, names: Sequence[str] | None = None) -> LeastSquares:
    """Minimise from the state alone; no data are left to refine with, so the condition number of X enters squared.

    Columns that depend on each other are found, and the minimiser of least norm is given with a warning.
    """
    penalty = penalties(ridge, s.moment.shape[1])
    problem = _Problem(None, None, s, names)
    return _by_penalty(penalty, {p: _from_state(problem, p, penalty == p) for p in dict.fromkeys(penalty.tolist())})


def with_residual(fit: LeastSquares, residual: Array) -> LeastSquares:
    """A fit from a state with residual sums of squares that were taken from the rows after all."""
    s, a = fit.moments, fit.coefficients
    return replace(fit, residual=residual, rounding=_rounding(s, a, s.square, s.weight * s.centre**2), from_rows=True)


def _rounding(s: Moments, a: Array, square: Array, offset: Array | float) -> Array:
    """The residual sums of squares that rounding makes where y and each column are rounded once a row."""
    return 16 * (len(a) + 2) * EPSILON**2 * (square + (np.diag(s.gram) + offset) @ a**2)


def _by_penalty(penalty: Array, fits: dict[float, LeastSquares]) -> LeastSquares:
    """One fit of all outputs from the fits of those with one penalty; its condition is the worst of them."""
    worst = max(fits.values(), key=lambda f: f.condition)
    k, m = len(worst.coefficients), len(penalty)
    a, residual, level = np.zeros((k, m)), np.zeros(m), np.zeros(m)
    rounding, free = np.zeros(m), fits.get(0.0, worst)
    for p, fit in fits.items():
        chosen = penalty == p
        a[:, chosen], residual[chosen], level[chosen] = fit.coefficients, fit.residual, fit.intercept
        rounding[chosen] = fit.rounding
    return replace(
        worst,
        coefficients=a,
        residual=residual,
        intercept=level,
        rounding=rounding,
        root=free.root,
        estimable=free.estimable,
    )


def _from_state(problem: _Problem, ridge: float, chosen: NDArray[np.bool_]) -> LeastSquares:
    s, k = problem.moments, len(problem.moments.gram)
    diagonal = np.where(s.constant, ridge, np.diag(s.gram) + ridge) if s.centred else np.diag(s.gram) + ridge
    scale = 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    gram = (s.gram + ridge * np.eye(k)) * scale[:, None] * scale
    values, vectors = np.linalg.eigh(gram) if k else (np.zeros(0), np.zeros((0, 0)))
    values, vectors = values[::-1], vectors[:, ::-1]
    # Rounding of the data puts an error of eps norm^2 into each entry, more than eps where centring shrank a column.
    norms, size = problem.norms(ridge), max(s.rows, k) * EPSILON
    noise = (norms * scale * EPSILON) ** 2
    limit = max(size * float(values[0]) if k else 0.0, float(np.max(noise, initial=0.0)) * max(s.rows, k))
    kept = values > limit
    rank = int(kept.sum())
    root = np.sqrt(np.maximum(values, 0.0))
    R, moment = root[:, None] * vectors.T, scale[:, None] * s.moment[:, chosen]
    if rank < k:
        right = np.where(kept[:, None], vectors.T @ moment / np.where(kept, root, 1.0)[:, None], 0.0)
        null = vectors[:, ~kept].T * scale * norms
        null = np.linalg.qr(null.T)[0].T
        if s.centred:
            null = np.hstack([-(null / norms) @ (s.centre + s.centre_low)[:, None] * math.sqrt(s.weight), null])
            null = null / np.linalg.norm(null, axis=1, keepdims=True)
        decided = ranks.Rank(rank + (1 if s.centred else 0), null, math.inf)
        R = np.where(kept[:, None], R, 0.0)
        return problem.deficient(R, right, scale, norms, decided, chosen, ridge)
    a = scale[:, None] * (vectors @ ((vectors.T @ moment) / values[:, None]))
    condition = float(math.sqrt(values[0] / values[-1])) if k else 1.0
    root = scale[:, None] * vectors / np.sqrt(values)
    fit = problem.result(
        a, chosen, condition, "eigenvectors of the Gram matrix of the state", k, root=None if ridge else root
    )
    return replace(fit, digits=max(0.0, fit.digits - math.log10(max(1.0, condition))))


def _cholesky(gram: Array) -> Array | None:
    try:
        return np.asarray(np.linalg.cholesky(gram), dtype=np.float64)
    except np.linalg.LinAlgError:
        return None


def _factor_solve(lower: Array, right: Array) -> Array:
    """Solve L L' x = right. NumPy has no triangular solver; LU of a triangle does no elimination and is as stable."""
    return np.asarray(np.linalg.solve(lower.T, np.linalg.solve(lower, right)), dtype=np.float64)
