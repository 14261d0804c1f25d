"""The numerical rank of a design, which columns depend on which, and the minimiser of least norm.

The rank is that of the columns scaled to norm one (not centred), with singular values below max(n, k) eps s_max taken as
zero: the size of the error that storing the data in double precision makes (Golub and Van Loan, *Matrix Computations*,
4th ed., 5.4.1; LAPACK's and NumPy's convention).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from closedform.frozen import record

Array = NDArray[np.float64]
EPSILON = float(np.finfo(np.float64).eps)
NEGLIGIBLE = 1e-7  # of a relation among columns of norm one
SHOWN = 5
MOST_TERMS = 12  # of a relation that is written out


@record
class Rank:
    """``rank`` of k columns; ``null`` has an orthonormal basis of the null space as rows, for columns of norm one."""

    rank: int
    null: Array
    condition: float  # of the scaled columns, over the singular values that are kept


def rank_of(R: Array, rows: int) -> Rank:
    """The rank of a design from the triangle R of its scaled columns; ``rows`` is the number of rows it came from."""
    k = R.shape[1]
    if k == 0:
        return Rank(0, np.zeros((0, 0)), 1.0)
    _, s, Vt = np.linalg.svd(R, full_matrices=True)
    s = np.concatenate([s, np.zeros(k - len(s))])
    kept = s > max(rows, k) * EPSILON * s[0]
    rank = int(kept.sum())
    return Rank(rank, Vt[rank:], float(s[0] / s[rank - 1]) if rank else np.inf)


def condition_of(gram: Array) -> float:
    """The condition number of a Gram matrix; infinite where it is not positive definite in floating point."""
    if not len(gram):
        return 1.0
    values = np.linalg.eigvalsh(gram)
    return float(values[-1] / values[0]) if values[0] > 0 else np.inf


def relations(null: Array, R: Array, centre: Array | None, names: Sequence[str]) -> tuple[str, ...]:
    """Each dependent column in terms of the columns before it, as text.

    ``null`` has the relations as rows (columns of norm one), R is the triangle of the columns themselves, less their
    means ``centre`` where there is an intercept.

    >>> R = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
    >>> relations(np.array([[0.5, 0.5, -np.sqrt(0.5)]]), R, None, ["x1", "x2", "x3"])
    ('x3 = x1 + x2',)
    """
    left, found = null.copy(), list[int]()
    for column in reversed(range(left.shape[1])):  # Gaussian elimination from the last column on
        at = int(np.argmax(np.abs(left[:, column]))) if len(left) else 0
        if not len(left) or abs(left[at, column]) < NEGLIGIBLE:
            continue
        row = left[at] / left[at, column]
        left = np.delete(left, at, axis=0)
        left = left - np.outer(left[:, column], row)
        found.append(column)
    free = [j for j in range(null.shape[1]) if j not in found]
    sizes: Array = np.linalg.norm(R, axis=0)
    sizes[sizes == 0] = 1.0
    weights = np.linalg.lstsq(R[:, free] / sizes[free], R[:, found], rcond=None)[0] / sizes[free, None]
    out = list[str]()
    for at, column in sorted(enumerate(found), key=lambda f: f[1]):
        size = np.linalg.norm(R[:, column])
        places = [
            (float(c), j)
            for c, j in zip(weights[:, at], free, strict=True)
            if abs(c) * sizes[j] > NEGLIGIBLE * size > 0
        ]
        if len(places) > MOST_TERMS:
            few = ", ".join(names[j] for _, j in places[:3])
            out.append(f"{names[column]} is a combination of {few} and {len(places) - 3} more columns")
            continue
        terms = [(c, names[j]) for c, j in places]
        if centre is not None:
            parts = [float(centre[column]), *(-c * float(centre[j]) for c, j in places)]
            if abs(sum(parts)) > NEGLIGIBLE * max(map(abs, parts)):
                terms.insert(0, (sum(parts), "1"))
        out.append(f"{names[column]} = {_sum(terms)}")
    return tuple(out)


def _sum(terms: Sequence[tuple[float, str]]) -> str:
    text = ""
    for value, what in terms:
        size = _number(abs(value))
        body = size if what == "1" else what if size == "1" else f"{size}*{what}"
        text += (" - " if value < 0 else " + ") + body if text else ("-" if value < 0 else "") + body
    return text or "0"


def _number(value: float) -> str:
    near = Fraction(value).limit_denominator(1000)
    if abs(float(near) - value) < 1e-7 * value:
        return str(near) if near.denominator in (1, 2, 3, 6, 7, 9) else f"{float(near):g}"
    return f"{value:.6g}"


def least_norm(a: Array, null: Array, norms: Array) -> Array:
    """The minimiser of least norm in the user's units among a + span of the null space; ``null`` as in ``Rank``."""
    if not len(null):
        return a
    basis = np.linalg.qr((null / norms).T)[0]
    for _ in range(2):  # twice is enough (Kahan, Parlett)
        a = a - basis @ (basis.T @ a)
    return a


def sentence(rank: int, k: int, dependent: Sequence[str]) -> str:
    """The warning of a rank-deficient design, in one sentence."""
    shown = "; ".join(dependent[:SHOWN]) + ("; ..." if len(dependent) > SHOWN else "")
    return f"X has rank {rank} of {k}{f' ({shown})' if shown else ''}: the minimiser of least norm is given"
