"""The sufficient statistics of linear least squares, mergeable in any order: sums, or moments about the mean.

About the mean the state loses nothing to an offset (time stamps around 1e8): a block is centred at its own mean, and
two states are merged by the difference of their means (Chan, Golub and LeVeque 1983, *Algorithms for computing the
sample variance*), which are kept as unevaluated sums of two doubles. Memory is O((k + m)^2) whatever the number of rows.
"""

# a capital letter is a matrix, which a later step may replace
# pyright: reportConstantRedefinition=false

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from closedform.errors import InputError
from closedform.frozen import record

Array = NDArray[np.float64]
SMALLEST, LARGEST = 1e-280, 1e280  # of a sum of squares: beyond, products of sums lose digits or overflow

Block = tuple[Array, Array, Array | None]  # X, Y and the weights of the rows, None for ones


@record
class Moments:
    """``a + b`` is the state of the rows of both. Without ``centred`` the moments are about zero and the means are zero.

    ``gram`` is k x k, ``moment`` k x m, ``square`` m: sums of w x x', w x y', w y^2 about the means ``centre`` (X) and
    ``level`` (Y), each with its low part; ``low`` equals ``high`` for the columns of X that have one value only.
    ``used`` is the number of rows whose weight is positive, ``log_weight`` the sum of the logarithms of those weights.

    >>> X, y = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]]), np.array([[1.0], [2.0], [4.0]])
    >>> whole, parts = Moments.of(X, y), Moments.of(X[:1], y[:1]) + Moments.of(X[1:], y[1:])
    >>> bool(np.array_equal(whole.gram, parts.gram)), parts.rows
    (True, 3)
    """

    gram: Array
    moment: Array
    square: Array
    rows: int
    weight: float
    centre: Array
    centre_low: Array
    level: Array
    level_low: Array
    low: Array
    high: Array
    centred: bool
    used: int
    log_weight: float

    @staticmethod
    def of(X: Array, Y: Array, weights: Array | None = None, centred: bool = False) -> Moments:
        """The state of a block of rows."""
        Y = Y if Y.ndim > 1 else Y.reshape(-1, 1)
        rows, (k, m) = len(X), (X.shape[1], Y.shape[1])
        total = float(rows) if weights is None else float(np.sum(weights))
        if weights is not None and not (weights > 0).all():  # what does not count must not show either
            X, Y, weights = X[weights > 0], Y[weights > 0], weights[weights > 0]
        n = len(X)
        low, high = np.full(k, -np.inf), np.full(k, np.inf)
        centre, level, rest_x, rest_y = np.zeros(k), np.zeros(m), np.zeros(k), np.zeros(m)
        same = _constant(X) if n else np.zeros(k, dtype=bool)
        if n:
            low[same] = high[same] = X[0, same]
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused below
            if centred and n and total > 0:
                centre, X, rest_x = _centred(X, weights, total, same)
                level, Y, rest_y = _centred(Y, weights, total, _constant(Y))
            left = X if weights is None else X * weights[:, None]
            right = Y if weights is None else Y * weights[:, None]
            gram, moment = left.T @ X, left.T @ Y
            square = np.einsum("ij,ij->j", right, Y)
            if centred:  # what the rounded mean left over
                gram = gram - total * np.outer(rest_x, rest_x)
                moment = moment - total * np.outer(rest_x, rest_y)
                square = np.maximum(square - total * rest_y**2, 0.0)
        used, logs = weight_count(weights, n)
        state = Moments(
            gram, moment, square, rows, total, centre, rest_x, level, rest_y, low, high, centred, used, logs
        )
        flat = same & (centred | (low == 0))
        if not (n and total > 0):
            return state
        return state.checked(~flat, ~_constant(Y) if centred else (Y != 0).any(axis=0))

    def checked(
        self, varying_x: NDArray[np.bool_] | None = None, varying_y: NDArray[np.bool_] | None = None
    ) -> Moments:
        """The state itself; raises ``InputError`` where a sum of squares is not finite, or vanishes and should not.

        ``varying`` are the columns whose squares must not vanish.
        """
        for name, squares, varying in (("X", np.diag(self.gram), varying_x), ("y", self.square, varying_y)):
            wrong = ~(squares < LARGEST)
            what = "has entries that are not finite, or so large that their squares overflow; remove them, or"
            if not wrong.any() and varying is not None:
                wrong = varying & (squares < SMALLEST)
                what = "has entries so close to each other or to zero that their squares vanish;"
            if wrong.any():
                where = f"column {int(np.argmax(wrong)) + 1} of {name}" if len(squares) > 1 else name
                raise InputError(f"{where} {what} scale the column")
        return self

    def __add__(self, other: Moments) -> Moments:
        if self.gram.shape != other.gram.shape or self.moment.shape != other.moment.shape:
            raise InputError(
                f"a state of {self.gram.shape[0]} columns and {self.moment.shape[1]} outputs cannot be merged with one of "
                f"{other.gram.shape[0]} and {other.moment.shape[1]}"
            )
        if not other.used or not self.used:  # rows that do not count
            return replace(self if self.used else other, rows=self.rows + other.rows)
        gram, moment, square = self.gram + other.gram, self.moment + other.moment, self.square + other.square
        weight = self.weight + other.weight
        same = (self.low == other.low) & (self.high == other.high) & (self.low == self.high)
        low, high = np.where(same, self.low, -np.inf), np.where(same, self.high, np.inf)
        out = replace(
            self,
            gram=gram,
            moment=moment,
            square=square,
            rows=self.rows + other.rows,
            weight=weight,
            low=low,
            high=high,
            used=self.used + other.used,
            log_weight=self.log_weight + other.log_weight,
        )
        if not self.centred or weight == 0:
            return out
        share, joint = other.weight / weight, self.weight * other.weight / weight
        apart_x = (other.centre - self.centre) + (other.centre_low - self.centre_low)
        apart_y = (other.level - self.level) + (other.level_low - self.level_low)
        centre, centre_low = _two_sum(self.centre, self.centre_low + share * apart_x)
        level, level_low = _two_sum(self.level, self.level_low + share * apart_y)
        return replace(
            out,
            gram=gram + joint * np.outer(apart_x, apart_x),
            moment=moment + joint * np.outer(apart_x, apart_y),
            square=square + joint * apart_y**2,
            centre=centre,
            centre_low=centre_low,
            level=level,
            level_low=level_low,
        )

    @property
    def constant(self) -> NDArray[np.bool_]:
        """Which columns of X have one value only, by exact comparison."""
        return self.low == self.high

    def about_mean(self, X: Array, Y: Array) -> tuple[Array, Array]:
        """Rows centred at the means, both parts of them."""
        if not self.centred:
            return X, Y
        A, B = X - self.centre, Y - self.level
        A -= self.centre_low
        B -= self.level_low
        return A, B


def weight_count(weights: Array | None, rows: int) -> tuple[int, float]:
    """How many weights are positive, and the sum of their logarithms."""
    if weights is None:
        return rows, 0.0
    positive = weights[weights > 0]
    return len(positive), float(np.sum(np.log(positive)))


def _constant(A: Array) -> NDArray[np.bool_]:
    """The columns with one value only, by exact comparison; most are told by three rows."""
    out = (A[0] == A[-1]) & (A[0] == A[len(A) // 2])
    out[out] = (A[:, out] == A[0, out]).all(axis=0)
    return out


def _centred(A: Array, weights: Array | None, total: float, same: NDArray[np.bool_]) -> tuple[Array, Array, Array]:
    """The mean as a double, the rows less it, and what it lacks; the mean of a constant column is that constant."""
    mean = (A.sum(axis=0) if weights is None else weights @ A) / total
    mean = np.where(same, A[0], mean)
    rest = A - mean
    return mean, rest, (rest.sum(axis=0) if weights is None else weights @ rest) / total


def _two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """a + b and its rounding error (Knuth)."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)
