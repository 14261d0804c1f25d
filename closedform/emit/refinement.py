"""Refinement of a least-squares solution with residuals in twice the working precision, for small problems.

Steps on the augmented system r + X a = y, X' r = 0 (Bjoerck 1967, *Iterative refinement of linear least squares
solutions*, BIT 7; Higham, *Accuracy and Stability*, 2nd ed., section 20.5), residuals by error-free products (Dekker
1971) and exact summation.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from closedform.emit.moments import Block

Array = NDArray[np.float64]


def refine_extended(whole: Block, a: Array, intercept: Array | None) -> tuple[Array, Array | None]:
    """Coefficients and intercept after four steps; ``intercept`` is None where the design has no column of ones.

    The columns must be independent in working precision; the caller has decided that.
    """
    X, y, weights = whole
    if intercept is not None:
        X, a = np.hstack([np.ones((len(X), 1)), X]), np.vstack([intercept, a])
    if weights is not None:
        root = np.sqrt(weights)[:, None]  # rounded: a relative error of eps in a weight, as the weights themselves have
        X, y = X * root, y * root
    scale = 1 / np.linalg.norm(X, axis=0)
    Q, R = np.linalg.qr(X * scale)
    low = np.zeros_like(a)
    r = y - X @ a
    for _ in range(4):
        f = _residual_twice(X, y, a, low, r)
        g = -_product_twice(X.T, r)
        h = np.linalg.solve(R.T, scale[:, None] * g)
        projected = Q.T @ f
        step = scale[:, None] * np.linalg.solve(R, projected - h)
        change = f - Q @ (projected - h)
        high = a + step
        low = low + (step - (high - a))
        a, r = high, r + change
    out = a + low
    return (out, None) if intercept is None else (out[1:], out[0])


def _split(a: Array) -> tuple[Array, Array]:
    c = 134217729.0 * a  # 2^27 + 1 (Dekker 1971)
    high = c - (c - a)
    return high, a - high


def _two_product(a: Array, b: Array) -> tuple[Array, Array]:
    p = a * b
    ah, al = _split(a)
    bh, bl = _split(b)
    return p, ((ah * bh - p) + ah * bl + al * bh) + al * bl


def _product_twice(A: Array, B: Array) -> Array:
    """A @ B, each entry as if summed in twice the working precision and then rounded."""
    out = np.zeros((A.shape[0], B.shape[1]))
    for i in range(A.shape[0]):
        for j in range(B.shape[1]):
            p, e = _two_product(A[i], B[:, j])
            out[i, j] = math.fsum([*p, *e])
    return out


def _residual_twice(X: Array, y: Array, a: Array, low: Array, r: Array) -> Array:
    """y - r - X (a + low), each entry rounded once."""
    out = np.zeros_like(y)
    for i in range(len(X)):
        for j in range(y.shape[1]):
            p, e = _two_product(X[i], a[:, j])
            out[i, j] = -math.fsum([*p, *e, *(X[i] * low[:, j]), float(r[i, j]), -float(y[i, j])])
    return out
