"""A pass over rows: one part for each block, parts joined in any order; in this process, or wherever the blocks are.

The parts are small, frozen and picklable, so that ``cluster.py`` can send them to the blocks instead of the blocks here.
"""

# a capital letter is a matrix, which a later step may replace
# pyright: reportConstantRedefinition=false

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import reduce
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from closedform.emit.linear.moments import Block, Moments
from closedform.errors import InputError
from closedform.frozen import record

Array = NDArray[np.float64]
T = TypeVar("T")


class Rows(Protocol):
    """Rows that can be passed over any number of times."""

    def total(self, part: Callable[[Block], T], join: Callable[[T, T], T]) -> T | None:
        """The parts of all blocks joined; None when there are no blocks."""
        ...


@record
class Stream:
    """Blocks that are read one after the other in this process, anew in each pass."""

    blocks: Callable[[], Iterable[Block]]

    def total(self, part: Callable[[Block], T], join: Callable[[T, T], T]) -> T | None:
        parts = map(part, self.blocks())
        first = next(parts, None)
        return None if first is None else reduce(join, parts, first)


def added(a: tuple[Array, ...], b: tuple[Array, ...]) -> tuple[Array, ...]:
    """The join of sums."""
    return tuple(x + y for x, y in zip(a, b, strict=True))


@record
class State:
    """The moments of a block; two are joined by ``+``."""

    centred: bool

    def __call__(self, block: Block) -> Moments:
        X, y, w = block
        return Moments.of(X, y, w, self.centred)

    def of(self, rows: Rows) -> Moments:
        """The state of all rows; raises ``InputError`` when there is none, or none that counts."""
        total = rows.total(self, Moments.__add__)
        if total is None or not total.rows:
            raise InputError("no rows to fit: the data are empty")
        if not total.weight > 0:
            raise InputError("the weights are all zero: there is nothing to fit")
        return total


def centred_rows(s: Moments, block: Block) -> tuple[Array, Array]:
    """Rows about the means, each times the square root of its weight."""
    X, y, w = block
    A, b = s.about_mean(X, y)
    if w is not None:
        root = np.sqrt(w)[:, None]
        A, b = A * root, b * root
    return A, b


@record
class Triangle:
    """The R of a QR factorisation of [X y], the columns of X scaled."""

    state: Moments
    scale: Array
    chosen: NDArray[np.bool_]

    def __call__(self, block: Block) -> Array:
        A, b = centred_rows(self.state, block)
        return np.asarray(np.linalg.qr(np.hstack([A * self.scale, b[:, self.chosen]]), mode="r"))


def triangles(a: Array, b: Array) -> Array:
    """The join of triangles (tall and skinny QR)."""
    return np.asarray(np.linalg.qr(np.vstack([a, b]), mode="r"))


@record
class Turned:
    """root' X'W X root: the Gram matrix of rows that are nearly orthonormal."""

    state: Moments
    root: Array

    def __call__(self, block: Block) -> tuple[Array]:
        Q = centred_rows(self.state, block)[0] @ self.root
        return (Q.T @ Q,)


@record
class ResidualProducts:
    """X'W r and the sum of w r^2 for r = y - X a, both about the means.

    Where the means are small beside the spread (``near``), X'r - centre sum(r) costs two digits at most, and no copy
    of X.
    """

    state: Moments
    a: Array
    chosen: NDArray[np.bool_]
    near: bool

    def __call__(self, block: Block) -> tuple[Array, Array]:
        s, (X, y, w) = self.state, block
        every = bool(self.chosen.all())
        if self.near:
            r = (y if every else y[:, self.chosen]) - X @ self.a - (s.level[self.chosen] - s.centre @ self.a)
        else:
            X, y = s.about_mean(X, y)
            r = (y if every else y[:, self.chosen]) - X @ self.a
        weighted = r if w is None else r * w[:, None]
        slope: Array = X.T @ weighted
        if self.near:
            slope = np.asarray(slope - np.outer(s.centre, weighted.sum(axis=0)), dtype=np.float64)
        return slope, np.einsum("ij,ij->j", weighted, r)


@record
class Scored:
    """The moments of y, and the sum of w r^2 for r = y - level - (X - centre) slopes."""

    centre: Array
    slopes: Array
    level: Array

    def __call__(self, block: Block) -> tuple[Moments, Array]:
        X, y, w = block
        if X.shape[1] != len(self.centre):
            raise InputError(f"X has {X.shape[1]} features; the fit had {len(self.centre)}")
        r = (y - self.level) - (X - self.centre) @ self.slopes
        return Moments.of(X[:, :0], y, w, True), np.einsum("ij,ij->j", r if w is None else r * w[:, None], r)


def scores(a: tuple[Moments, Array], b: tuple[Moments, Array]) -> tuple[Moments, Array]:
    """The join of ``Scored``."""
    return a[0] + b[0], a[1] + b[1]
