"""Rows in blocks of Dask, anywhere: the parts of a pass go to the blocks and only small sums come back (extra ``scale``).

The state, the refinement and the statistics of least squares are those of ``least_squares.py``; logistic regression is
here too: Newton's method with gradients and Hessians summed over the blocks. Where a client of ``distributed`` is
current the work is done on its cluster, else in threads of this process.
"""

# a capital letter is a matrix, which a later step may replace
# pyright: reportConstantRedefinition=false

from __future__ import annotations

import importlib
import math
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from closedform.emit.linear.moments import Block, Moments
from closedform.emit.linear.passes import Rows, State
from closedform.emit.linear.rank import EPSILON
from closedform.emit.linear.rows import as_columns, as_weights
from closedform.errors import CallError, InputError
from closedform.frozen import record
from closedform.reading.data.handed import is_dask

Array = NDArray[np.float64]
T = TypeVar("T")

ARITY = 8  # parts that are joined by one task
MOST_STEPS = 50
ENOUGH = 1e-10  # of the loss: a decrement below it, in quadratic convergence, is nothing after one more step
APART = 1e-6  # a margin that no rounding makes
_NO_NUMBERS = ("complex", "object", "str", "<U", "category", "datetime", "timedelta")


@record
class DaskRows:
    """Rows whose ``parts`` are delayed blocks; ``names`` are those of the columns where a frame gave them."""

    parts: tuple[Any, ...]
    names: tuple[str, ...] | None
    flat: bool  # whether y had one dimension

    def total(self, part: Callable[[Block], T], join: Callable[[T, T], T]) -> T | None:
        """One task for each block and a tree of joins; what comes back is the last join."""
        dask = _dask()
        shared, several = dask.delayed(part, pure=False), dask.delayed(_merged)
        layer = [dask.delayed(_applied)(shared, block) for block in self.parts]
        while len(layer) > 1:
            layer = [several(join, layer[i : i + ARITY]) for i in range(0, len(layer), ARITY)]
        return layer[0].compute() if layer else None


def _dask() -> Any:
    try:
        return importlib.import_module("dask")
    except ImportError:
        raise InputError("rows on a cluster need Dask: pip install 'closedform[scale]'") from None


def _applied(part: Callable[[Block], T], block: Block) -> T:
    return part(block)


def _merged(join: Callable[[T, T], T], parts: list[T]) -> T:
    out = parts[0]
    for part in parts[1:]:
        out = join(out, part)
    return out


def rows_of(X: Any, y: Any, weights: Any = None) -> DaskRows:
    """The blocks of collections of Dask, side by side.

    Arrays in chunks of columns are put together, with a warning; y and weights follow the rows of X. Raises
    ``InputError`` where the collections do not fit each other.
    """
    dask = _dask()
    named = {"X": X, "y": y, **({} if weights is None else {"the weights": weights})}
    for name, value in named.items():
        if not is_dask(value):
            raise InputError(f"X is a collection of Dask and {name} is not; make {name} one too, with the same chunks")
        wrong = next((str(kind) for kind in _kinds(value) if str(kind).startswith(_NO_NUMBERS)), "")
        if wrong:
            raise InputError(f"{name} has entries of the type {wrong}, which are no real numbers")
    if hasattr(X, "rechunk"):
        if X.ndim != 2:
            raise InputError(f"X has {X.ndim} dimensions; rows and columns are two")
        if len(X.chunks[1]) > 1:
            warnings.warn(
                f"X is in {len(X.chunks[1])} chunks of columns and is rechunked to whole rows, which moves all data; "
                "X.rechunk({1: -1}).persist() does it once",
                RuntimeWarning,
                stacklevel=3,
            )
            X = X.rechunk({1: -1})
    lengths, columns = _lengths(X), [X, *(v for k, v in named.items() if k != "X")]
    for at, (name, value) in enumerate(list(named.items())[1:], 1):
        if not hasattr(value, "rechunk"):
            continue
        if value.ndim == 2 and len(value.chunks[1]) > 1:
            value = value.rechunk({1: -1})
        if lengths is not None and not np.isnan(value.shape[0]):
            if value.shape[0] != sum(lengths):
                raise InputError(f"X has {sum(lengths)} rows and {name} has {value.shape[0]}")
            value = value.rechunk({0: lengths})
        columns[at] = value
    delayed = [np.asarray(c.to_delayed(), dtype=object).ravel().tolist() for c in columns]
    if len({len(d) for d in delayed}) > 1:
        counts = ", ".join(f"{name} {len(d)}" for name, d in zip(named, delayed, strict=True))
        raise InputError(f"the collections have different numbers of blocks ({counts}); give them the same divisions")
    names = None if hasattr(X, "rechunk") else tuple(map(str, X.columns))
    block = dask.delayed(_block)
    return DaskRows(tuple(block(*parts) for parts in zip(*delayed, strict=True)), names, getattr(y, "ndim", 1) == 1)


def _kinds(value: Any) -> list[Any]:
    kinds = getattr(value, "dtypes", None)
    return [value.dtype] if kinds is None or not hasattr(kinds, "tolist") else kinds.tolist()


def _lengths(X: Any) -> tuple[int, ...] | None:
    """The numbers of rows of the chunks, where they are known."""
    if not hasattr(X, "rechunk") or any(np.isnan(n) for n in X.chunks[0]):
        return None
    return tuple(X.chunks[0])


def _block(X: Any, y: Any, weights: Any = None) -> Block:
    """A block as NumPy arrays, checked where it is."""
    X, y = np.asarray(X), np.asarray(y)
    if len(X) == 0 == len(y):
        return np.zeros((0, X.shape[1])), np.zeros((0, 1 if y.ndim == 1 else y.shape[1])), None
    try:
        A, b = as_columns(X, y)
        return A, b, as_weights(None if weights is None else np.asarray(weights), len(A))
    except InputError as fault:
        raise InputError(f"in a block of {len(X)} rows: {fault}") from None


# -- logistic regression -----------------------------------------------------------------------------------------


@record
class LogisticFit:
    """The minimiser of sum w (log(1 + exp(eta)) - y eta) + ridge ||coefficients||^2, eta = X coefficients + intercept.

    ``standard_errors`` (from the Hessian, the intercept's first where there is one) are nan with a ridge.
    ``decrement`` is what one more Newton step would still win; ``converged`` says that this is nothing.
    """

    coefficients: Array
    intercept: float
    loss: float
    steps: int
    converged: bool
    decrement: float
    standard_errors: Array
    rows: int


def logistic(X: Any, y: Any, weights: Any = None, *, ridge: float = 0.0, intercept: bool = True) -> LogisticFit:
    """Logistic regression of labels 0 and 1 on rows in blocks of Dask, by damped Newton steps of one pass each.

    Floating point. Columns are centred and scaled first, so that offsets and units cost nothing. Raises ``InputError``
    on other labels, and where the labels are separated or columns depend on each other without a ridge (there is no
    minimiser then, or no single one); warns when it has not converged.
    """
    if not (math.isfinite(ridge) and ridge >= 0):
        raise CallError(f"ridge = {ridge:g} must not be negative")
    return logistic_on(rows_of(X, y, weights), ridge=ridge, intercept=intercept)


def logistic_on(rows: Rows, *, ridge: float = 0.0, intercept: bool = True) -> LogisticFit:
    """As ``logistic``, on rows anywhere."""
    s = State(intercept).of(rows)
    k = len(s.gram)
    if s.moment.shape[1] != 1:
        raise InputError(f"y has {s.moment.shape[1]} columns; the labels are one")
    spread = np.sqrt(np.where(np.diag(s.gram) > 0, np.diag(s.gram), s.weight) / s.weight)
    penalty = np.concatenate([np.zeros(int(intercept)), ridge / spread**2])
    b, size, loss, steps = np.zeros(k + int(intercept)), 1.0, math.inf, 0
    step = last = np.zeros_like(b)
    decrement, converged, hessian = math.inf, False, np.eye(len(b))
    while steps < MOST_STEPS:
        steps += 1
        total = rows.total(_Newton(s, spread, b, intercept), _newtons)
        assert total is not None
        value, gradient, hessian, margin = total
        value += float(penalty @ b**2)
        if value > loss and decrement > 1e-8 and size > 1e-6:  # too far: half of the step, from where it was taken
            size /= 2
            b = last - size * step
            continue
        if ridge == 0 and margin > APART:
            raise InputError(
                f"the labels are separated: a plane has all ones on one side and all zeros on the other "
                f"(found in step {steps}), so there is no minimiser; a ridge > 0 gives one"
            )
        gradient, hessian = gradient + 2 * penalty * b, hessian + np.diag(2 * penalty)
        values, vectors = np.linalg.eigh(hessian)
        if not values[0] > 10 * len(values) * EPSILON * values[-1]:
            raise InputError(
                "the Hessian is singular: columns depend on each other, or the labels are nearly separated, and there "
                "is no single minimiser; a ridge > 0 gives one"
            )
        if converged:
            break
        step = vectors @ ((vectors.T @ gradient) / values)
        before, decrement, loss, last, size = decrement, float(gradient @ step), value, b, 1.0
        b = b - step
        # Where labels are all but separated the decrement shrinks by a constant factor: that is no convergence.
        converged = decrement <= ENOUGH * max(1.0, loss) and decrement <= 0.1 * before
    if not converged:
        warnings.warn(
            f"not converged in {steps} Newton steps; the decrement is {decrement:.1e}", RuntimeWarning, stacklevel=3
        )
    inverse = np.linalg.inv(hessian)
    turn = np.diag(np.concatenate([np.ones(int(intercept)), 1 / spread]))
    if intercept:
        turn[0, 1:] = -s.centre / spread
    errors = np.sqrt(np.diag(turn @ inverse @ turn.T)) if ridge == 0 else np.full(len(b), np.nan)
    a = b[int(intercept) :] / spread
    level = float(b[0] - (s.centre @ a + s.centre_low @ a)) if intercept else 0.0
    return LogisticFit(a, level, loss, steps, converged, decrement, errors, s.rows)


@record
class _Newton:
    """Loss, gradient and Hessian of a block at b, and the least margin: positive where every label has its side."""

    state: Moments
    spread: Array
    b: Array
    intercept: bool

    def __call__(self, block: Block) -> tuple[float, Array, Array, float]:
        X, y, w = block
        labels = y[:, 0]
        if not ((labels == 0) | (labels == 1)).all():
            wrong = labels[(labels != 0) & (labels != 1)][0]
            raise InputError(f"the labels are 0 and 1, and one of them is {wrong:g}")
        Z = self.state.about_mean(X, y)[0] / self.spread
        if self.intercept:
            Z = np.hstack([np.ones((len(Z), 1)), Z])
        eta = Z @ self.b
        weights = np.ones(len(Z)) if w is None else w
        loss = float(weights @ (np.logaddexp(0, eta) - labels * eta))
        p = np.where(eta >= 0, 1 / (1 + np.exp(-np.abs(eta))), np.exp(-np.abs(eta)) / (1 + np.exp(-np.abs(eta))))
        root = Z * np.sqrt(weights * p * (1 - p))[:, None]
        margins = ((2 * labels - 1) * eta)[weights > 0]
        return loss, Z.T @ (weights * (p - labels)), root.T @ root, float(np.min(margins, initial=math.inf))


def _newtons(
    a: tuple[float, Array, Array, float], b: tuple[float, Array, Array, float]
) -> tuple[float, Array, Array, float]:
    return a[0] + b[0], a[1] + b[1], a[2] + b[2], min(a[3], b[3])
