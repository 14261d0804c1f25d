"""All roots of a polynomial in floating point, whatever the size of its coefficients: points, of which nothing is claimed.

Coefficients come as logarithms and directions, so that nothing overflows. The starts lie on the circles that the Newton
polygon of the logarithms gives (Bini); Ehrlich's and Aberth's iteration moves all points at once. Where rounding hides the
roots, the polynomial is given by its values at the points that were found, and its roots are sought in that form
(Fortune; Bini and Robol): floating point suffices for each round, and a few rounds reach roots of any condition.
"""

from __future__ import annotations

import cmath
import itertools
import math
from collections.abc import Callable
from typing import cast

from closedform.algebra.later import np

EIGENVALUES = 100  # up to this degree LAPACK's eigenvalues of the companion matrix are quicker
RANGE = 900.0  # binary orders of magnitude that doubles hold
ROUNDS = 60
ENTRIES = 2_000_000  # of a matrix that is held at once


def approximate(powers: list[int], logs: list[float], directions: list[complex]) -> tuple[int, np.ndarray] | None:
    """(s, w): the roots of ``sum direction_k 2^log_k x^power_k`` are about 2^s w; None when doubles cannot hold them.

    ``powers`` increase from 0. The roots of x^2 - 4:

    >>> s, w = approximate([0, 2], [2.0, 0.0], [-1, 1])
    >>> sorted((2.0**s * w.real).round(10).tolist())
    [-2.0, 2.0]
    """
    degree = powers[-1]
    s = round((logs[0] - logs[-1]) / degree)
    scaled = [value + k * s for k, value in zip(powers, logs, strict=True)]
    top = max(scaled)
    k, size, unit = np.array(powers), np.array(scaled) - top, np.array(directions, complex)
    if degree <= EIGENVALUES and size.min() > -RANGE / 2:
        monic = -unit * np.exp2(size - size[-1]) / unit[-1]
        companion = np.zeros((degree, degree), complex)
        companion.flat[degree :: degree + 1] = 1
        companion[k[:-1], -1] = monic[:-1]
        found = np.linalg.eigvals(companion if np.imag(monic).any() else np.real(companion)).astype(complex)
        if np.isfinite(found).all() and found.all():
            return s, found
    starts = _starts(powers, scaled)
    if starts is None:
        return None
    return s, _aberth(k, size, unit, starts)


def _starts(powers: list[int], logs: list[float]) -> np.ndarray | None:
    """Points on the circles of the Newton polygon, as many on each as roots are expected there."""
    hull = list[tuple[int, float]]()
    for k, value in zip(powers, logs, strict=True):
        while len(hull) > 1 and _above(hull[-2], hull[-1], (k, value)):
            hull.pop()
        hull.append((k, value))
    out = list[complex]()
    for (low, first), (high, last) in itertools.pairwise(hull):
        radius = (first - last) / (high - low)
        if abs(radius) > RANGE / 2:
            return None
        turn = 0.7 + low
        out += [cmath.rect(2.0**radius, turn + 2 * math.pi * j / (high - low)) for j in range(high - low)]
    return np.array(out)


def _above(a: tuple[int, float], b: tuple[int, float], c: tuple[int, float]) -> bool:
    """Is b on or below the chord from a to c?"""
    return (b[1] - a[1]) * (c[0] - a[0]) <= (c[1] - a[1]) * (b[0] - a[0])


def _aberth(k: np.ndarray, size: np.ndarray, unit: np.ndarray, w: np.ndarray) -> np.ndarray:
    """The points w moved towards the roots, until they stand or their values are rounding noise."""
    weights = k.astype(complex)

    def newton(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        exponent = size + k * np.log2(np.abs(z))[:, None]
        terms = np.exp2(exponent - exponent.max(axis=1)[:, None]) * unit
        terms *= np.exp(1j * np.angle(z)[:, None] * k)
        value, slope = terms.sum(axis=1), terms @ weights  # f and z f', over the largest term
        return z * value / slope, np.abs(value) < 1e-15 * np.abs(terms).sum(axis=1)

    return _iterate(newton, w)


def nodes_moved(nodes: np.ndarray, logs: np.ndarray, directions: np.ndarray) -> tuple[np.ndarray, bool] | None:
    """The roots of the monic polynomial with these values at the nodes, of which it has as many as its degree.

    A value is ``direction * 2^log``. Also whether every node was near its root, alone; None when two nodes are the same.

    >>> points, alone = nodes_moved(np.array([1.0, -1.5 + 0j]), np.log2([3, 1.75]), np.array([-1, -1]))  # x^2 - 4
    >>> sorted(points.real.round(10).tolist()), alone
    ([-2.0, 2.0], False)
    """
    n = len(nodes)
    gap = nodes[:, None] - nodes
    np.fill_diagonal(gap, 1)
    distance = np.abs(gap)
    nearest = (distance + np.diag(np.full(n, np.inf))).min(axis=1)
    if (nearest <= 2.0**-40 * np.abs(nodes)).any():
        return None
    with np.errstate(all="ignore"):
        size = np.exp2(np.minimum(logs - np.log2(distance).sum(axis=1), RANGE))
        weight = size * directions * np.exp(-1j * np.angle(gap).sum(axis=1))
    if (n * size < nearest / 4).all():
        return nodes, True
    beside = np.exp(1j * np.arange(n)) * nearest / 4
    moves = cast(np.ndarray, np.where(size < nearest / 4, weight, beside))  # NumPy's stubs leave it open

    def newton(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        near = 1 / (z[:, None] - nodes)
        terms = weight * near
        value = 1 + terms.sum(axis=1)  # the polynomial over the product of all z - node
        step = 1 / (near.sum(axis=1) - (terms * near).sum(axis=1) / value)
        return step, np.abs(value) < 4e-16 * (1 + np.abs(terms).sum(axis=1))

    return _iterate(newton, nodes - moves), False


def _iterate(newton: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]], w: np.ndarray) -> np.ndarray:
    """Aberth's iteration; ``newton`` gives f/f' at points, and where f is noise."""
    n, moving = len(w), np.arange(len(w))
    rows = max(1, ENTRIES // n)
    with np.errstate(all="ignore"):
        for _ in range(ROUNDS):
            still = np.zeros(len(moving), bool)
            for start in range(0, len(moving), rows):
                part = moving[start : start + rows]
                step, noise = newton(w[part])
                gap = w[part][:, None] - w
                gap[np.arange(len(part)), part] = np.inf
                step /= 1 - step * (1 / gap).sum(axis=1)
                long, size = np.abs(step), np.abs(w[part])
                step[~np.isfinite(step)] = 0
                step *= np.where(long > size / 2, size / (2 * long), 1)
                w[part] -= step
                still[start : start + rows] = noise | (long < 1e-15 * size)
            moving = moving[~still]
            if not len(moving):
                break
    return w
