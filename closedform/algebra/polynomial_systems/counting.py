"""Evidence that a system has no more zeros than standard monomials: multiples of its equations that reduce the rest.

``kernel.algebra.standard_monomials`` states and proves the bound. The multiples of at most one degree span too little where
zeros lie at infinity. So the combinations whose terms of highest degree cancel are added to the equations, exactly, until
all monomials of some degree reduce (Lazard, EUROCAL 1983; Ding, Buchmann, Mohamed and others, SCC 2008). What is new, and
what is needed, is seen modulo a prime.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from math import comb, lcm
from typing import cast

import numpy as np
from flint import Ordering, fmpq_mat, fmpq_mpoly, fmpq_mpoly_ctx, fmpz_mat, nmod_mat

from closedform.algebra.polynomial_systems.lift import Terms
from closedform.budget import Budget
from closedform.errors import OutOfTime
from closedform.kernel.algebra.standard_monomials import DIGITS, PRIME, primitive, without_content
from closedform.kernel.claims.zeros.complex_zeros import without_solved
from closedform.kernel.reading import Json

Exponents = tuple[int, ...]
Combination = list[tuple[int, Exponents, int]]  # of an earlier one, times a monomial and a factor, each
Multiple = tuple[int, Exponents]  # the place of a polynomial, and the monomial that it is multiplied by

MAX_COLUMNS = 1_300  # monomials of one degree and less
MAX_ENTRIES = 6_000_000  # of a matrix
MAX_BITS = 4_000  # of a coefficient
SECONDS, SHARE = 20.0, 0.25  # at most, and of the time left


def multiples(
    system: Sequence[Terms],
    eliminated: Sequence[tuple[int, Terms, int]],
    kept: Sequence[int],
    standard: Sequence[Exponents],
    budget: Budget,
) -> dict[str, Json] | None:
    """What the kernel's method ``multiples`` reads, for the standard monomials given (in the unknowns kept); or None."""
    total, k = len(kept) + len(eliminated), len(kept)
    if k < 1:
        return None
    solved, left = solved_for(system, eliminated, total)
    if solved is None:
        return None
    word = partial(_word, kept=kept, total=total)
    reduced = [{tuple(e[i] for i in kept): c for e, c in primitive(f).items()} for f in left]
    try:
        found = _Combinations(reduced, k).reducing(set(standard), budget.share(min(SECONDS, SHARE * budget.remaining)))
    except OutOfTime:
        found = None
    if found is None:
        return None
    consequences, factors = found
    return {
        "method": "multiples",
        "solved": solved,
        "standard": " ".join(map(word, standard)),
        "consequences": [" ".join(f"{i}:{word(a)}:{c}" for i, a, c in terms) for terms in consequences],
        "multiples": [" ".join(map(word, own)) for own in factors],
    }


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


# -- combinations of lower degree ----------------------------------------------------------------------------------


@dataclass
class _Cancelled:
    """A combination of multiples of one degree whose terms of that degree cancel, modulo the prime."""

    last: Multiple
    others: list[Multiple]  # independent in the terms that cancel
    degree: int
    line: np.ndarray  # the terms left


@dataclass
class _Combinations:
    """The equations in ``k`` unknowns, and combinations of their multiples, all exact."""

    polynomials: list[Terms]
    k: int
    how: list[Combination] = field(default_factory=list[Combination])  # each combination, in those before it
    spanning: dict[int, list[Multiple]] = field(
        default_factory=dict[int, list[Multiple]]
    )  # independent multiples of each degree

    def __post_init__(self) -> None:
        self.equations = len(self.polynomials)
        self.degrees = [_degree(f) for f in self.polynomials]
        # Factors with which a polynomial gives what the multiples before it give, and so do all multiples of those.
        self.dependent = [list[Exponents]() if f else [(0,) * self.k] for f in self.polynomials]

    def reducing(
        self, standard: set[Exponents], budget: Budget
    ) -> tuple[list[Combination], list[list[Exponents]]] | None:
        """The combinations needed and factors for each polynomial, so that the multiples reduce all but the standard
        monomials; None where they do not within the limits."""
        least = max((sum(b) + 1 for b in standard), default=0)  # of x_i b
        d = max(min(self.degrees), 0)
        while (size := comb(self.k + d, d)) <= MAX_COLUMNS and d < len(DIGITS):
            lower = self._lower(d, budget)
            if lower is None:
                return None
            if lower < d:
                d = lower
                continue
            if d >= least and sum(map(len, self.spanning.values())) == size - len(standard):
                return self._needed()
            d += 1
        return None

    def _lower(self, d: int, budget: Budget) -> int | None:
        """Add the combinations of degree below ``d`` that multiples of degree d give; their least degree, else d.

        None where they are too large.
        """
        self.spanning = {e: own for e, own in self.spanning.items() if e < d}
        rows = [
            (i, a)
            for i, (degree, dependent) in enumerate(zip(self.degrees, self.dependent, strict=True))
            for a in _monomials(self.k, d - degree)
            if not any(all(u <= v for u, v in zip(b, a, strict=True)) for b in dependent)
        ]
        new = self._new(rows, d, budget) if rows else []
        if new is None:
            return None
        for found in new:
            budget.check()
            terms = self._exact(found, d)
            if terms is None:
                return None
            self.how.append(terms)
            self.degrees.append(_degree(self.polynomials[-1]))
            self.dependent.append([])
        return min((self.degrees[-1 - j] for j in range(len(new))), default=d)

    def _new(self, rows: list[Multiple], d: int, budget: Budget) -> list[_Cancelled] | None:
        """What the multiples of degree d, and those of lower degree, do not reduce to zero."""
        highest, below = _monomials(self.k, d), [m for e in reversed(range(d)) for m in _monomials(self.k, e)]
        if len(rows) * (len(highest) + len(below)) > MAX_ENTRIES:
            return None
        table = self._table(rows, [*highest, *below])
        budget.check()
        pivots, echelon = _echelon(table[:, : len(highest)].T)
        self.spanning[d] = [rows[j] for j in pivots]
        rest = sorted(set(range(len(rows))) - set(pivots))
        for i, a in (rows[j] for j in rest):
            self.dependent[i].append(a)
        if not rest or not below:
            return []
        budget.check()
        low = table[:, len(highest) :]
        lines = (low[rest] - _product(echelon[:, rest].T, low[pivots])) % PRIME
        cancelled = list[_Cancelled]()
        for j, line in zip(rest, lines, strict=True):
            if np.any(line):
                others = [rows[pivots[n]] for n in np.flatnonzero(echelon[:, j])]
                cancelled.append(_Cancelled(rows[j], others, sum(below[int(np.flatnonzero(line)[0])]), line))
        if not cancelled:
            return []
        cancelled.sort(key=lambda c: (c.degree, len(c.others)))
        budget.check()
        known = self._table([row for e in range(d) for row in self.spanning.get(e, [])], below)
        independent, _ = _echelon(np.vstack([known, *(c.line[None] for c in cancelled)]).T)
        return [cancelled[j - len(known)] for j in independent if j >= len(known)]

    def _exact(self, found: _Cancelled, d: int) -> Combination | None:
        """Append the combination, over the integers; its terms. None where it is too large."""
        highest = _monomials(self.k, d)
        columns, _ = _echelon(self._table(found.others, highest))
        rows = [self._multiple(row) for row in (*found.others, found.last)]
        n, total = len(found.others), Terms()
        square = [[row.get(highest[j], 0) for row in rows] for j in columns]
        terms = [(*found.last, 1)]
        if n:
            left, right = fmpz_mat([line[:n] for line in square]), fmpz_mat([line[n:] for line in square])
            solution = cast(fmpq_mat, left.solve(right))  # which python-flint's stubs do not say
            values = [solution[i, 0] for i in range(n)]
            scale = lcm(*(int(v.q) for v in values))
            terms = [(*row, -int((v * scale).p)) for row, v in zip(found.others, values, strict=True)]
            terms.append((*found.last, scale))
        for row, (_, _, c) in zip(rows, terms, strict=True):
            for e, v in row.items():
                total[e] = total.get(e, 0) + c * v
        combination = without_content(total)
        if _degree(combination) >= d or max(c.bit_length() for c in combination.values()) > MAX_BITS:
            return None
        self.polynomials.append(combination)
        return terms

    def _multiple(self, row: Multiple) -> Terms:
        i, a = row
        return {_times(a, e): c for e, c in self.polynomials[i].items()}

    def _table(self, rows: list[Multiple], columns: list[Exponents]) -> np.ndarray:
        at = {m: j for j, m in enumerate(columns)}
        residues = {i: {e: c % PRIME for e, c in self.polynomials[i].items()} for i in {i for i, _ in rows}}
        table = np.zeros((len(rows), len(columns)), dtype=np.int64)
        for line, (i, a) in zip(table, rows, strict=True):
            for e, c in residues[i].items():
                j = at.get(_times(a, e))
                if j is not None:
                    line[j] = c
        return table

    def _needed(self) -> tuple[list[Combination], list[list[Exponents]]]:
        """The combinations that the spanning multiples rest on, numbered anew, and the factors of each polynomial."""
        rows = [row for own in self.spanning.values() for row in own]
        needed = {i for i, _ in rows}
        for i in reversed(range(self.equations, len(self.polynomials))):
            if i in needed:
                needed |= {j for j, _, _ in self.how[i - self.equations]}
        kept = [*range(self.equations), *sorted(i for i in needed if i >= self.equations)]
        place = {i: n for n, i in enumerate(kept)}
        how = [[(place[j], a, c) for j, a, c in self.how[i - self.equations]] for i in kept[self.equations :]]
        return how, [[a for j, a in rows if j == i] for i in kept]


def _degree(f: Terms) -> int:
    return max(map(sum, f), default=-1)


@lru_cache(maxsize=256)
def _monomials(k: int, d: int) -> list[Exponents]:
    """Those of degree d in k unknowns."""
    return list(_of_degree(k, d))


def _of_degree(k: int, d: int) -> Iterator[Exponents]:
    if k == 1 and d >= 0:
        yield (d,)
        return
    for v in reversed(range(d + 1)):
        yield from ((v, *rest) for rest in _of_degree(k - 1, d - v))


def _product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return _array(_matrix(a) * _matrix(b))


def _echelon(table: np.ndarray) -> tuple[list[int], np.ndarray]:
    """The columns of the pivots of the reduced echelon form modulo the prime, and its rows that are not zero."""
    if not table.size:
        return [], np.zeros((0, table.shape[1]), dtype=np.int64)
    echelon, rank = _matrix(table).rref()
    entries = _array(echelon)[:rank]
    return [int(np.flatnonzero(line)[0]) for line in entries], entries


def _matrix(table: np.ndarray) -> nmod_mat:
    height, width = table.shape
    return nmod_mat(height, width, table.ravel().tolist(), PRIME)


def _array(matrix: nmod_mat) -> np.ndarray:
    entries = np.array([int(v) for v in matrix.entries()], dtype=np.int64)
    return entries.reshape(matrix.nrows(), matrix.ncols())


def _times(a: Exponents, b: Exponents) -> Exponents:
    return tuple(u + v for u, v in zip(a, b, strict=True))
