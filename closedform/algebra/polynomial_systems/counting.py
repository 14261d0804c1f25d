"""Evidence that a system has no more zeros than standard monomials: multiples of its equations that reduce the rest.

``kernel.algebra.standard_monomials`` states and proves the bound. Here the multiples are found: all those whose
monomials lie in a polytope around the sum of the Newton polytopes (Canny and Emiris, J. ACM 47 (2000)), less those that
hold a monomial which nothing reduces. Where zeros lie at infinity of that polytope there are none, and the answer is None.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from functools import partial
from math import lcm

import numpy as np
from flint import Ordering, fmpq_mpoly, fmpq_mpoly_ctx, nmod_mat

from closedform.algebra.polynomial_systems.lift import Terms
from closedform.budget import Budget
from closedform.kernel.algebra.standard_monomials import DIGITS, PRIME
from closedform.kernel.claims.zeros.complex_zeros import without_solved
from closedform.kernel.reading import Json

Exponents = tuple[int, ...]

MAX_COLUMNS = 800  # some tenths of a second each time that the certificate is checked
MAX_UNKNOWNS = 7


def multiples(
    system: Sequence[Terms],
    eliminated: Sequence[tuple[int, Terms, int]],
    kept: Sequence[int],
    standard: Sequence[Exponents],
    budget: Budget,
) -> dict[str, Json] | None:
    """What the kernel's method ``multiples`` reads, for the standard monomials given (in the unknowns kept); or None."""
    total, k = len(kept) + len(eliminated), len(kept)
    if not 1 <= k <= MAX_UNKNOWNS or len(system) > 3 * total:
        return None
    solved, left = solved_for(system, eliminated, total)
    if solved is None:
        return None
    reduced = [_integral(f, kept) for f in left]
    for slack in (-1, 0, 1):
        budget.check()
        factors = _all_multiples(reduced, k, slack)
        chosen = None if factors is None else _reducing(reduced, factors, set(standard), k)
        if chosen is not None:
            word = partial(_word, kept=kept, total=total)
            return {
                "method": "multiples",
                "solved": solved,
                "standard": " ".join(map(word, standard)),
                "multiples": [" ".join(map(word, own)) for own in chosen],
            }
    return None


def solved_for(
    system: Sequence[Terms], eliminated: Sequence[tuple[int, Terms, int]], total: int
) -> tuple[list[Json] | None, list[fmpq_mpoly]]:
    """Which equation was solved for which unknown, as the kernel reads it, and the equations left."""
    ring = fmpq_mpoly_ctx.get(tuple(f"x{i}" for i in range(total)), Ordering.degrevlex)
    left, solved = [ring.from_dict(f) for f in system], list[Json]()
    for x, terms, scale in eliminated:
        place = _place(left, ring.from_dict(terms) - ring.gens()[x] * scale)
        if place is None:
            return None, left
        pair: list[Json] = [str(place), str(x)]
        left, _ = without_solved(left, [pair])
        solved.append(pair)
    return solved, left


def _word(e: Exponents, kept: Sequence[int], total: int) -> str:
    exponents = dict(zip(kept, e, strict=True))
    return "".join(DIGITS[exponents.get(i, 0)] for i in range(total))


def _place(system: list[fmpq_mpoly], equation: fmpq_mpoly) -> int | None:
    """Which equation is a constant multiple of the one given."""
    for i, f in enumerate(system):
        if not f.is_zero() and f * equation.leading_coefficient() == equation * f.leading_coefficient():
            return i
    return None


def _integral(f: fmpq_mpoly, kept: Sequence[int]) -> Terms:
    scale = lcm(*(int(c.q) for c in f.coeffs()))
    return {tuple(int(e[i]) for i in kept): int((c * scale).p) for e, c in f.to_dict().items()}


def _all_multiples(system: list[Terms], k: int, slack: int) -> list[list[Exponents]] | None:
    """Factors a for each equation f such that the monomials of x^a f lie in the polytope; None when they are too many."""
    weights: list[Exponents] = [w for w in itertools.product((0, 1), repeat=k) if any(w)]
    degrees = [[max((_dot(w, e) for e in f), default=0) for f in system] for w in weights]
    largest = sorted(range(len(system)), key=lambda i: -degrees[-1][i])[:k]  # a square part bounds the rest
    limits = [sum(d[i] for i in largest) + 1 - sum(w) + slack for w, d in zip(weights, degrees, strict=True)]
    out, count = list[list[Exponents]](), 0
    for i, f in enumerate(system):
        own = list[Exponents]()
        for a in _points(weights, [h - d[i] for h, d in zip(limits, degrees, strict=True)], k) if f else ():
            own.append(a)
            count += 1
            if count > 2 * MAX_COLUMNS:
                return None
        out.append(own)
    return out


def _dot(w: Exponents, e: Exponents) -> int:
    return sum(u * v for u, v in zip(w, e, strict=True))


def _points(weights: list[Exponents], limits: list[int], k: int) -> Iterator[Exponents]:
    """The exponents of at most the given weights, by depth first."""
    if min(limits) < 0:
        return
    stack: list[tuple[Exponents, list[int]]] = [((), limits)]
    while stack:
        done, left = stack.pop()
        i = len(done)
        if i == k:
            yield done
            continue
        most = min(h for w, h in zip(weights, left, strict=True) if w[i])
        for v in range(min(most, len(DIGITS) - 1) + 1):
            stack.append(((*done, v), [h - v * w[i] for w, h in zip(weights, left, strict=True)]))


def _reducing(
    system: list[Terms], factors: list[list[Exponents]], standard: set[Exponents], k: int
) -> list[list[Exponents]] | None:
    """As many of the multiples as reduce all their monomials to the standard ones; None where they do not reach."""
    units = [tuple(int(i == j) for j in range(k)) for i in range(k)]
    needed = {(0,) * k, *(_times(b, u) for b in standard for u in units)} - standard
    rows = [(i, a) for i, own in enumerate(factors) for a in own]
    while rows:
        monomials = [[_times(a, e) for e in system[i]] for i, a in rows]
        columns = sorted({m for row in monomials for m in row} - standard)
        if not needed <= set(columns) or len(columns) > MAX_COLUMNS:
            return None
        at = {m: j for j, m in enumerate([*columns, *standard])}
        table = np.zeros((len(rows), len(at)), dtype=np.int64)
        for line, (i, _), row in zip(table, rows, monomials, strict=True):
            line[[at[m] for m in row]] = [c % PRIME for c in system[i].values()]
        pivots, _ = _echelon(table[:, : len(columns)].T)
        if len(pivots) == len(columns):
            chosen = [rows[j] for j in pivots]
            return [[a for j, a in chosen if j == i] for i in range(len(system))]
        bad = _unreduced(table, len(columns))
        kept = [row for row, own in zip(rows, monomials, strict=True) if not any(columns[j] in own for j in bad)]
        if 2 * len(kept) < len(rows):  # zeros at infinity, not an edge of the polytope
            return None
        rows = kept
    return None


def _unreduced(table: np.ndarray, count: int) -> list[int]:
    """Of the first ``count`` columns those that the rows do not reduce to the columns after them."""
    pivots, echelon = _echelon(table)
    own = [j for j in pivots if j < count]
    free = np.ones(count, dtype=bool)
    free[own] = False
    lines = echelon[: len(own), :count]
    return [*np.flatnonzero(free).tolist(), *(j for j, line in zip(own, lines, strict=True) if np.any(line[free]))]


def _echelon(table: np.ndarray) -> tuple[list[int], np.ndarray]:
    height, width = table.shape
    echelon, rank = nmod_mat(height, width, table.ravel().tolist(), PRIME).rref()
    entries = np.array([int(v) for v in echelon.entries()[: rank * width]], dtype=np.int64).reshape(rank, width)
    return [int(np.flatnonzero(line)[0]) for line in entries], entries


def _times(a: Exponents, b: Exponents) -> Exponents:
    return tuple(u + v for u, v in zip(a, b, strict=True))
