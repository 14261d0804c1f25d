"""Refinement of a least-squares solution with residuals in twice the working precision, for small problems.

Steps on the augmented system r + X a = y, X' r = 0 (Bjoerck 1967, *Iterative refinement of linear least squares
solutions*, BIT 7; Higham, *Accuracy and Stability*, 2nd ed., section 20.5), residuals by error-free products (Dekker
1971) and exact summation.
"""

# a capital letter is a matrix, which a later step may replace
# pyright: reportConstantRedefinition=false

from __future__ import annotations

import math

import numpy as np
from flint import arb, arb_mat, ctx
from numpy.typing import NDArray

from closedform.emit.linear.moments import Block

Array = NDArray[np.float64]


def refine_extended(whole: Block, a: Array, intercept: Array | None) -> tuple[Array, Array | None, Array]:
    """Coefficients, intercept and residual sums of squares after four steps.

    ``intercept`` is None where the design has no column of ones.

    The columns must be independent in working precision; the caller has decided that.
    """
    X, y, weights = whole
    if intercept is not None:
        X, a = np.hstack([np.ones((len(X), 1)), X]), np.vstack([intercept, a])
    used = np.ones(len(X), dtype=bool) if weights is None else weights > 0
    X, y = X[used], y[used]
    w = np.ones((len(X), 1)) if weights is None else weights[used, None]
    root = np.sqrt(w)  # rows times it are rounded, so they are for the factors only, never for the residuals
    scale: Array = 1 / np.linalg.norm(X * root, axis=0)
    Q, R = np.linalg.qr(X * root * scale)

    def step(a: Array, low: Array, r: Array) -> tuple[Array, Array, Array]:
        f = root * _residual_twice(X, y, a, low, r)
        if weights is None:
            g = -_product_twice(X.T, r)
        else:
            first, second = _two_product(w, r)
            g = -(_product_twice(X.T, first) + _product_twice(X.T, second))
        h = np.linalg.solve(R.T, scale[:, None] * g)
        projected = Q.T @ f
        change = scale[:, None] * np.linalg.solve(R, projected - h)
        high = a + change
        return high, low + (change - (high - a)), r + (f - Q @ (projected - h)) / root

    low, r = np.zeros_like(a), y - X @ a
    for _ in range(4):
        a, low, r = step(a, low, r)
    out = a + low
    squares = np.einsum("ij,ij->j", w * r, r)
    return (out, None, squares) if intercept is None else (out[1:], out[0], squares)


def root_extended(whole: Block, centred: bool) -> Array | None:
    """The rows of the columns of X of a matrix whose product with its transpose is inv(X'WX), each entry nearly exact.

    The Cholesky factor of the Gram matrix in ball arithmetic with enough bits to square any condition number that
    double precision can show; with ``centred`` the Gram matrix is that of X with a column of ones first, whose own row
    and column are left out. None when even so the matrix is not proved positive definite.
    """
    X, _, weights = whole
    if centred:
        X = np.hstack([np.ones((len(X), 1)), X])
    p = X.shape[1]
    with ctx.workprec(384):
        rows = arb_mat(X.tolist())
        ones = [1.0] * len(X) if weights is None else weights.tolist()
        weighted = arb_mat([[arb(w) * v for v in row] for w, row in zip(ones, X.tolist(), strict=True)])
        gram = weighted.transpose() * rows
        lower = arb_mat(p, p)
        for j in range(p):
            for i in range(j, p):
                rest = gram[i, j]
                for m in range(j):
                    rest -= lower[i, m] * lower[j, m]
                if i == j and not rest > 0:
                    return None
                lower[i, j] = rest.sqrt() if i == j else rest / lower[j, j]
        root = lower.inv().transpose()
        out = np.array([[float(root[i, j].mid()) for j in range(p)] for i in range(p)])
    return out[1:, 1:] if centred else out


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
