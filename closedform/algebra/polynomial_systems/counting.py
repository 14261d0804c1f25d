"""Evidence that a system has no more zeros than standard monomials: multiples of its equations that reduce the rest.

``kernel.algebra.standard_monomials`` states and proves the bound. The multiples of at most one degree span too little where
zeros lie at infinity. So the combinations whose terms of highest degree cancel are added to the equations, exactly, until
all monomials of some degree reduce (Lazard, EUROCAL 1983; Ding, Buchmann, Mohamed and others, SCC 2008). What is new, and
what is needed, is seen modulo a prime.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from math import comb, lcm
from typing import Any

from flint import Ordering, fmpq, fmpq_mpoly, fmpq_mpoly_ctx, fmpz_mat, nmod_mat

from closedform.algebra.polynomial_systems.lift import Terms
from closedform.budget import Budget
from closedform.errors import OutOfTime
from closedform.kernel.algebra.standard_monomials import DIGITS, PRIME, blocks, primitive, without_content
from closedform.kernel.claims.zeros.complex_zeros import without_solved
from closedform.kernel.reading import MAX_DIGITS, Json

Exponents = tuple[int, ...]
Combination = list[tuple[int, Exponents, int]]  # of an earlier one, times a monomial and a factor, each
Multiple = tuple[int, Exponents]  # the position of a polynomial, and the monomial that it is multiplied by

MAX_MONOMIALS = 3_100  # of one degree and less
MAX_ENTRIES = 12_000_000  # of a matrix
MAX_BITS = 4_000  # of a coefficient
MAX_TEXT = 1_000_000  # characters, of all combinations
SECONDS, SHARE = 20.0, 0.15  # at most, and of the time left


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
    consequences = [" ".join(f"{i}:{word(a)}:{c}" for i, a, c in terms) for terms in found[0]]
    if max(map(len, consequences), default=0) > MAX_DIGITS or sum(map(len, consequences)) > MAX_TEXT:
        return None
    return {
        "method": "multiples",
        "solved": solved,
        "standard": " ".join(map(word, standard)),
        "consequences": list[Json](consequences),
        "multiples": [" ".join(map(word, own)) for own in found[1]],
    }


def solved_for(
    system: Sequence[Terms], eliminated: Sequence[tuple[int, Terms, int]], total: int
) -> tuple[list[Json] | None, list[fmpq_mpoly]]:
    """Which equation was solved for which unknown, as the kernel reads it, and the equations left."""
    ring = fmpq_mpoly_ctx.get(tuple(f"x{i}" for i in range(total)), Ordering.degrevlex)
    left, solved = [ring.from_dict(f) for f in system], list[Json]()
    for x, terms, scale in eliminated:
        position = _position(left, ring.from_dict(terms) - ring.gens()[x] * scale)
        if position is None:
            return None, left
        pair: list[Json] = [str(position), str(x)]
        left, _ = without_solved(left, [pair])
        solved.append(pair)
    return solved, left


def _word(e: Exponents, kept: Sequence[int], total: int) -> str:
    exponents = dict(zip(kept, e, strict=True))
    return "".join(DIGITS[exponents.get(i, 0)] for i in range(total))


def _position(system: list[fmpq_mpoly], equation: fmpq_mpoly) -> int | None:
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
    left: Terms


@dataclass
class _Combinations:
    """The equations in ``k`` unknowns, and combinations of their multiples, all exact."""

    polynomials: list[Terms]
    k: int
    how: list[Combination] = field(default_factory=list[Combination])  # each in the polynomials before it
    spanning: dict[int, list[Multiple]] = field(default_factory=dict[int, list[Multiple]])  # independent, by degree

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
        while (size := comb(self.k + d, d)) <= MAX_MONOMIALS and d < len(DIGITS):
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
        terms = [self._residues(row) for row in rows]
        cancelled, self.spanning[d] = list[_Cancelled](), []
        for block in blocks([[m for m in f if sum(m) == d] for f in terms]):
            budget.check()
            own = [terms[j] for j in block]
            highest, below = _columns(own, d, d), _columns(own, 0, d - 1)
            if len(own) * (len(highest) + len(below)) > MAX_ENTRIES:
                return None
            pivots, echelon = _echelon(_columns_of(own, highest))
            self.spanning[d] += [rows[block[j]] for j in pivots]
            rest = sorted(set(range(len(block))) - set(pivots))
            for j in rest:
                i, a = rows[block[j]]
                self.dependent[i].append(a)
            if not rest or not below:
                continue
            factors = nmod_mat(len(rest), len(pivots), [echelon[n, j] for j in rest for n in range(len(pivots))], PRIME)
            sums = (factors * _columns_of([own[j] for j in pivots], below).transpose()).entries()
            for n, j in enumerate(rest):
                parts = zip(below, sums[n * len(below) : (n + 1) * len(below)], strict=True)
                left = {m: c for m, v in parts if (c := (own[j].get(m, 0) - int(v)) % PRIME)}
                if left:
                    others = [rows[block[pivots[i]]] for i in range(len(pivots)) if int(factors[n, i])]
                    cancelled.append(_Cancelled(rows[block[j]], others, max(map(sum, left)), left))
        cancelled.sort(key=lambda c: (c.degree, len(c.others)))
        known = [self._residues(row) for e in range(d) for row in self.spanning.get(e, [])] if cancelled else []
        lines = [*known, *(c.left for c in cancelled)]
        new = list[int]()
        for block in blocks(lines):
            if block[-1] >= len(known):
                budget.check()
                own = [lines[j] for j in block]
                new += [block[j] - len(known) for j in _echelon(_columns_of(own, _columns(own, 0, d)))[0]]
        return [cancelled[j] for j in sorted(new) if j >= 0]

    def _exact(self, found: _Cancelled, d: int) -> Combination | None:
        """Append the combination, over the integers; its terms. None where it is too large."""
        known = [self._residues(row) for row in found.others]
        highest = _columns(known, d, d)
        columns, _ = _echelon(_columns_of(known, highest).transpose())
        rows = [self._multiple(row) for row in (*found.others, found.last)]
        n, total = len(found.others), Terms()
        square = [[row.get(highest[j], 0) for row in rows] for j in columns]
        terms = [(*found.last, 1)]
        if n:
            left: Any = fmpz_mat([line[:n] for line in square])  # the stubs do not say what ``solve`` gives
            solution = left.solve(fmpz_mat([line[n:] for line in square]))
            values: list[fmpq] = [solution[i, 0] for i in range(n)]
            scale = lcm(*(int(v.q) for v in values))
            terms = [(*row, -int((v * scale).p)) for row, v in zip(found.others, values, strict=True)]
            terms.append((*found.last, scale))
        for row, (_, _, c) in zip(rows, terms, strict=True):
            for e, v in row.items():
                total[e] = total.get(e, 0) + c * v
        combination = without_content(total)
        largest = max(c.bit_length() for c in (*combination.values(), *(c for _, _, c in terms)))
        if not 0 <= _degree(combination) < d or largest > MAX_BITS:
            return None
        self.polynomials.append(combination)
        return terms

    def _multiple(self, row: Multiple) -> Terms:
        i, a = row
        return {_times(a, e): c for e, c in self.polynomials[i].items()}

    def _residues(self, row: Multiple) -> Terms:
        return {e: c % PRIME for e, c in self._multiple(row).items()}

    def _needed(self) -> tuple[list[Combination], list[list[Exponents]]]:
        """The combinations that the spanning multiples rest on, numbered anew, and the factors of each polynomial."""
        rows = [row for own in self.spanning.values() for row in own]
        needed = {i for i, _ in rows}
        for i in reversed(range(self.equations, len(self.polynomials))):
            if i in needed:
                needed |= {j for j, _, _ in self.how[i - self.equations]}
        kept = [*range(self.equations), *sorted(i for i in needed if i >= self.equations)]
        position = {i: n for n, i in enumerate(kept)}
        how = [[(position[j], a, c) for j, a, c in self.how[i - self.equations]] for i in kept[self.equations :]]
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


def _columns(rows: Iterable[Terms], low: int, high: int) -> list[Exponents]:
    return sorted({m for f in rows for m in f if low <= sum(m) <= high})


def _columns_of(rows: Sequence[Terms], monomials: list[Exponents]) -> nmod_mat:
    """The coefficients of each row, a column."""
    at = {m: i for i, m in enumerate(monomials)}
    matrix = nmod_mat(len(monomials), len(rows), PRIME)
    for j, f in enumerate(rows):
        for m, c in f.items():
            i = at.get(m)
            if i is not None:
                matrix[i, j] = c
    return matrix


def _echelon(matrix: nmod_mat) -> tuple[list[int], nmod_mat]:
    """The reduced echelon form, after the columns of its pivots."""
    echelon, rank = matrix.rref()
    pivots, j = list[int](), 0
    for i in range(rank):
        while not int(echelon[i, j]):
            j += 1
        pivots.append(j)
        j += 1
    return pivots, echelon


def _times(a: Exponents, b: Exponents) -> Exponents:
    return tuple(u + v for u, v in zip(a, b, strict=True))
