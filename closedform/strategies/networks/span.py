"""How far the output weights of a network reach: the rank at some hidden weights against the span over all of them.

Ranks are taken modulo a prime where the coefficients are rational, else in floating point: they find candidates, which
the kernel's claim ``least_value`` then proves.
"""

from __future__ import annotations

import math
import random
from functools import cached_property

from flint import arb, fmpq, fmpq_mat, nmod, nmod_mat

from closedform.algebra.later import np, sp
from closedform.budget import Budget
from closedform.frozen import record
from closedform.kernel.reading import Refused
from closedform.strategies.networks.hidden import Hidden, Weights

TRIALS = 60
STEADY = 6  # draws that do not widen the span before it counts as the whole one
PRIME = 2**61 - 1
MAX_BITS = 4_000  # of a rational coefficient
LARGEST_DENOMINATOR = 1_000  # in a relation that was seen in floating point


@record
class Draw:
    """The coefficients of the output weights at some hidden weights, one row a residual."""

    weights: Weights
    exact: fmpq_mat | None  # where they are rational
    entries: list[list[float]]

    @cached_property
    def floats(self) -> np.ndarray:
        return np.array(self.entries)

    @cached_property
    def residues(self) -> nmod_mat | None:
        if self.exact is None:
            return None
        rows = [[nmod(int(v.p), PRIME) / nmod(int(v.q), PRIME) for v in row] for row in self.exact.tolist()]
        return nmod_mat(len(rows), len(rows[0]), [int(v) for row in rows for v in row], PRIME)

    @property
    def rank(self) -> int:
        return _rank([self])

    def independent(self, transposed: bool = False) -> list[int]:
        """The places of columns (transposed: of rows) that are a basis of all of them."""
        if self.residues is not None:
            reduced, rank = (self.residues.transpose() if transposed else self.residues).rref()
            rows = [[int(v) for v in row] for row in reduced.tolist()[:rank]]
            return [next(j for j, v in enumerate(row) if v) for row in rows]
        return leading(self.floats.T if transposed else self.floats, self.rank)

    def relations(self) -> list[list[fmpq]]:
        """A basis of the vectors orthogonal to all columns: a row that depends on the independent ones, less these."""
        own = self.independent(transposed=True)
        columns, size = self.independent(), len(self.floats)
        others = [i for i in range(size) if i not in own]
        if not others:
            return []
        out = list[list[fmpq]]()
        combined = self._combined(own, others, columns)
        for k, i in enumerate(others):
            u = [fmpq(0)] * size
            u[i] = fmpq(1)
            for place, c in zip(own, combined[k], strict=True):
                u[place] = -c
            out.append(u)
        return out

    def _combined(self, own: list[int], others: list[int], columns: list[int]) -> list[list[fmpq]]:
        """The dependent rows as combinations of the independent ones."""
        if self.exact is not None:
            rows = self.exact.tolist()
            left = fmpq_mat([[rows[i][j] for i in own] for j in columns])
            right = fmpq_mat([[rows[i][j] for i in others] for j in columns])
            return [list(c) for c in left.solve(right).transpose().tolist()]
        part = self.floats[:, columns]
        return [[_rounded(float(c)) for c in row] for row in np.linalg.solve(part[own].T, part[others].T).T]


@record
class Reached:
    """A draw that fills the span of all columns, as far as draws show it, with the relations that hold in that span."""

    draw: Draw
    columns: list[int]
    relations: list[list[fmpq]]


def reached(hidden: Hidden, budget: Budget) -> Reached | str:
    """The best conditioned draw that fills the span, or how far the widest one falls short of it."""
    draws, span, widest = _draws(hidden, budget, one_fills=True)
    if not draws:
        return "no hidden weights with small exponents were found"
    if widest < span:
        more = " or more" if span > len(hidden.columns) else ""
        return f"the output weights reach {widest} of {span}{more} dimensions that the hidden units span"
    full = [d for d in draws if d.rank == span]
    best = min(full, key=lambda d: float(np.linalg.cond(d.floats[:, d.independent()])))
    return Reached(best, best.independent(), best.relations())


def spanned(hidden: Hidden, budget: Budget) -> Draw | None:
    """Draws side by side, until they stop to widen the span: its rows' relations are those of the whole span, as far as seen."""
    draws, _, _ = _draws(hidden, budget, one_fills=False)
    tables = [d.exact.tolist() for d in draws if d.exact is not None]
    if not draws or len(tables) < len(draws):
        return None
    rows = [[v for table in tables for v in table[i]] for i in range(len(hidden.squares.rows))]
    return Draw({}, fmpq_mat(rows), [[v for d in draws for v in d.entries[i]] for i in range(len(rows))])


def _draws(hidden: Hidden, budget: Budget, one_fills: bool) -> tuple[list[Draw], int, int]:
    """Draws until more of them widen the span no longer (and, if ``one_fills``, one has all of it or none can), their rank, the largest of one."""
    source, draws, steady, span, widest = random.Random(budget.seed), list[Draw](), 0, 0, 0
    for k in range(TRIALS):
        budget.check()
        draw = _drawn(hidden, source, 1 + len(hidden.squares.rows) // 2 + k // 2)
        if draw is None:
            continue
        draws.append(draw)
        if draw.exact is None and not one_fills:  # side by side they are read over Q alone
            break
        widest, whole = max(widest, draw.rank), _rank(draws)
        steady, span = (steady + 1 if whole == span else 0), whole
        if one_fills and span > len(hidden.columns):
            break
        if steady >= STEADY and (widest == span or not one_fills):
            break
    return draws, span, widest


def _drawn(hidden: Hidden, source: random.Random, size: int) -> Draw | None:
    try:
        weights = hidden.draw(source, size)
        if not hidden.smooth_at(weights):
            return None
        exact = hidden.exactly(weights)
        balls = hidden.balls(weights) if exact is None else [[arb(v) for v in row] for row in exact.tolist()]
        entries = [[float(v.mid()) for v in row] for row in balls]
    except (Refused, OverflowError):
        return None
    if not all(math.isfinite(v) for row in entries for v in row):
        return None
    if exact is not None and max(int(v.q).bit_length() for row in exact.tolist() for v in row) > MAX_BITS:
        return None
    return Draw(weights, exact, entries)


def _rank(draws: list[Draw]) -> int:
    """The rank of all columns of the draws side by side."""
    residues = [d.residues for d in draws]
    exact = [m.transpose().tolist() for m in residues if m is not None]
    if len(exact) < len(draws):
        return int(np.linalg.matrix_rank(np.hstack([d.floats for d in draws])))
    rows = [[int(v) for v in column] for block in exact for column in block]
    return nmod_mat(len(rows), len(rows[0]), [v for row in rows for v in row], PRIME).rank()


def leading(matrix: np.ndarray, count: int) -> list[int]:
    """The places of as many independent columns, the largest remainder first (Gram and Schmidt)."""
    rest, out = matrix.astype(float), list[int]()
    for _ in range(count):
        lengths = np.linalg.norm(rest, axis=0)
        lengths[out] = -1
        k = int(np.argmax(lengths))
        out.append(k)
        if lengths[k] > 0:  # else nothing is left, and any place will do
            unit = rest[:, k] / lengths[k]
            rest = rest - np.outer(unit, unit @ rest)
    return sorted(out)


def _rounded(value: float) -> fmpq:
    whole = sp.Rational(value).limit_denominator(LARGEST_DENOMINATOR)
    return fmpq(int(whole.p), int(whole.q))
