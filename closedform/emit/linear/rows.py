"""Arrays as rows of a least-squares problem: float64, conforming and finite, or one line that says what is not."""

# a capital letter is a matrix, which a later step may replace
# pyright: reportConstantRedefinition=false

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from closedform.errors import CallError, InputError

Array = NDArray[np.float64]
LEAST_WEIGHT = 1e-100


def as_columns(X: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
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
        with np.errstate(over="ignore", invalid="ignore"):
            finite = np.isfinite(np.sum(value))
        if not finite and not np.isfinite(value).all():
            place = np.argwhere(~np.isfinite(value))[0]
            raise InputError(f"{name} has an entry that is not finite at row {place[0]}; remove or impute it")
    return A, b.reshape(len(b), -1)


def as_weights(weights: ArrayLike | None, rows: int) -> Array | None:
    """Weights as a vector of finite numbers that are not negative."""
    if weights is None:
        return None
    w = _floats("weights", weights)
    if w.ndim == 0:
        w = np.full(rows, float(w))
    if w.size != rows:
        raise InputError(f"there are {w.size} weights for {rows} rows")
    w = w.reshape(-1)
    if not np.isfinite(w).all() or (w < 0).any():
        place = np.flatnonzero(~(np.isfinite(w) & (w >= 0)))[0]
        raise InputError(f"the weight of row {place} is {w[place]:g}; a weight is finite and not negative")
    if (extreme := (w > 0) & ((w < LEAST_WEIGHT) | (w > 1 / LEAST_WEIGHT))).any():
        raise InputError(
            f"the weight of row {int(np.argmax(extreme))} is {w[np.argmax(extreme)]:g}, out of the range {LEAST_WEIGHT:g} to "
            f"{1 / LEAST_WEIGHT:g}; multiply the weights by a common factor"
        )
    return w


def _floats(name: str, value: ArrayLike) -> Array:
    try:
        array = np.asarray(value)
        if np.iscomplexobj(array):
            raise InputError(f"{name} is complex; least squares here is real")
        return array.astype(np.float64, copy=False)
    except (TypeError, ValueError):
        raise InputError(f"{name} is not an array of numbers; pass rows of equal length with numbers only") from None


def _shape(a: Array) -> str:
    return " x ".join(map(str, a.shape)) or "a scalar"


def penalties(ridge: float | ArrayLike, outputs: int) -> Array:
    """The penalty of each output; raises ``CallError`` on one that is negative or not finite."""
    try:
        out = np.asarray(ridge, dtype=np.float64).reshape(-1)
    except (TypeError, ValueError):
        raise CallError(f"ridge = {str(ridge)[:40]!r} is not a number; give one, or one for each output") from None
    if out.size not in (1, outputs):
        raise CallError(f"ridge has {out.size} penalties for {outputs} outputs; give one, or one for each")
    if not (np.isfinite(out).all() and (out >= 0).all()):
        raise CallError(f"ridge = {', '.join(f'{v:g}' for v in out[:5])} must not be negative")
    return np.broadcast_to(out, (outputs,)).copy()
