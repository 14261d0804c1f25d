"""Groebner bases modulo a prime, in graded reverse lexicographic order: Faugere's F4 on NumPy rows.

A monomial is one integer ``degree * 2^(B n) - sum(exponent_i * 2^(B i))``: products are sums and the integer order is
grevlex. Each round takes the critical pairs of least degree (Gebauer and Moeller's criteria, J. Symb. Comp. 6 (1988)), adds
the reducers of every monomial in sight, and reduces all rows at once (Faugere, J. Pure Appl. Algebra 139 (1999)).

Guaranteed: the result is a reduced Groebner basis of the ideal generated modulo p. What that says about the rational
ideal is for the caller: a prime may be unlucky.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from flint import nmod_mat

from closedform.algebra.later import np
from closedform.budget import Budget

BITS = 12  # of one exponent, the top one a guard
Row = tuple[list[int], "np.ndarray"]  # monomials from the leading one down; coefficients, the first 1


class Monomials:
    """Packing of exponent vectors of ``n`` unknowns into integers."""

    def __init__(self, n: int) -> None:
        self.n, self.width = n, BITS * n
        self.mask = (1 << self.width) - 1
        self.guards = sum(1 << (BITS * i + BITS - 1) for i in range(n))
        self.one = 0

    def pack(self, exponents: Iterable[int]) -> int:
        e = [int(v) for v in exponents]
        if max(e, default=0) >= 1 << (BITS - 2):
            raise OverflowError("an exponent is too large")
        return (sum(e) << self.width) - sum(v << (BITS * i) for i, v in enumerate(e))

    def packed(self, m: int) -> int:
        return -m & self.mask

    def unpack(self, m: int) -> tuple[int, ...]:
        e = -m & self.mask
        return tuple((e >> (BITS * i)) & ((1 << BITS) - 1) for i in range(self.n))

    def degree(self, m: int) -> int:
        return (m + (-m & self.mask)) >> self.width

    def divides(self, a: int, b: int) -> bool:
        return ((self.packed(b) | self.guards) - self.packed(a)) & self.guards == self.guards

    def lcm(self, a: int, b: int) -> int:
        """The larger exponent of each unknown, all fields at once; their sum is the residue modulo 2^BITS - 1."""
        u, v = self.packed(a), self.packed(b)
        larger = ((u | self.guards) - v) & self.guards
        chosen = larger - (larger >> (BITS - 1))
        e = (u & chosen) | (v & ~chosen)
        degree = e % ((1 << BITS) - 1)
        return (degree << self.width) - e


@dataclass
class _Basis:
    ring: Monomials
    p: int
    rows: list[Row] = field(default_factory=list[Row])
    active: list[int] = field(default_factory=list[int])  # indices whose leading monomial no other one divides
    pairs: list[tuple[int, int, int, int]] = field(
        default_factory=list[tuple[int, int, int, int]]
    )  # (degree, lcm, i, j)

    def lead(self, i: int) -> int:
        return self.rows[i][0][0]

    def add(self, row: Row) -> None:
        """Append an element and update the pairs by Gebauer and Moeller's criteria."""
        ring, h = self.ring, len(self.rows)
        self.rows.append(row)
        lead = row[0][0]
        divides = ring.divides
        lcms = {i: ring.lcm(lead, self.lead(i)) for i in self.active}
        kept = [
            pair
            for pair in self.pairs
            if not (
                divides(lead, pair[1])
                and self._lcm(lcms, pair[2], lead) != pair[1]
                and self._lcm(lcms, pair[3], lead) != pair[1]
            )
        ]
        order = sorted(self.active, key=lambda i: (lcms[i], lcms[i] != lead + self.lead(i)))
        chosen: list[int] = []
        packed_chosen: list[int] = []
        guards = ring.guards
        for i in order:
            target = ring.packed(lcms[i]) | guards
            if any((target - c) & guards == guards for c in packed_chosen):
                continue
            chosen.append(i)
            packed_chosen.append(ring.packed(lcms[i]))
        for i in chosen:
            if lcms[i] != lead + self.lead(i):  # coprime leading monomials reduce to zero
                kept.append((ring.degree(lcms[i]), lcms[i], i, h))
        self.pairs = kept
        self.active = [i for i in self.active if not divides(lead, self.lead(i))]
        self.active.append(h)

    def _lcm(self, known: dict[int, int], i: int, lead: int) -> int:
        if i not in known:
            known[i] = self.ring.lcm(lead, self.lead(i))
        return known[i]


def groebner(
    system: list[dict[tuple[int, ...], int]],
    n: int,
    p: int,
    budget: Budget,
    cap: int = 60_000_000,
    enough: Callable[[Monomials, list[Row]], bool] | None = None,
) -> tuple[Monomials, list[Row]]:
    """The reduced grevlex Groebner basis modulo ``p`` of polynomials given as {exponents: coefficient}.

    When rounds bring nothing new, ``enough`` is asked whether the elements so far are a basis already (it must know).
    Raises ``OutOfTime`` at the budget's end and ``MemoryError`` when a matrix would have more than ``cap`` entries.
    """
    ring = Monomials(n)
    basis = _Basis(ring, p)
    start = [_row({ring.pack(e): int(c) % p for e, c in f.items()}, p) for f in system]
    todo = sorted((r for r in start if r[0]), key=lambda r: (ring.degree(r[0][0]), r[0][0]))
    for row in _reduce(ring, [], todo, p, budget, cap):
        basis.add(row)
    idle = 0
    while basis.pairs:
        budget.check()
        least = min(pair[0] for pair in basis.pairs)
        batch = [pair for pair in basis.pairs if pair[0] == least]
        basis.pairs = [pair for pair in basis.pairs if pair[0] != least]
        heads: dict[int, dict[int, None]] = {}
        for _, lcm, i, j in batch:
            heads.setdefault(lcm, {}).update({i: None, j: None})
        pivots, rows = list[Row](), list[Row]()
        for lcm, members in heads.items():
            for k, i in enumerate(members):
                shift = lcm - basis.lead(i)
                monomials, c = basis.rows[i]
                (rows if k else pivots).append(([m + shift for m in monomials], c))
        reducers = [basis.rows[i] for i in basis.active]
        new = _reduce(ring, reducers, rows, p, budget, cap, pivots)
        for row in new:
            basis.add(row)
            if ring.degree(row[0][0]) == 0:
                return ring, [row]
        idle = 0 if new else idle + 1
        if enough is not None and idle in (2, 6) and basis.pairs:
            so_far = _interreduce(ring, [basis.rows[i] for i in basis.active], p)
            if enough(ring, so_far):
                return ring, so_far
    final = [basis.rows[i] for i in basis.active]
    return ring, _interreduce(ring, final, p)


def _row(terms: dict[int, int], p: int) -> Row:
    monomials = sorted((m for m, c in terms.items() if c), reverse=True)
    c = np.array([terms[m] for m in monomials], dtype=np.int64)
    return (monomials, c * pow(int(c[0]), -1, p) % p) if monomials else ([], c)


def _reducers(ring: Monomials, known: list[Row], rows: list[Row], pivots: list[Row]) -> list[Row]:
    """``pivots`` with a multiple of a known row for every further monomial that a leading one divides."""
    guards, packed = ring.guards, ring.packed
    leads = sorted(((packed(r[0][0]), k) for k, r in enumerate(known)), key=lambda v: len(known[v[1]][0]))
    done = {r[0][0] for r in pivots}
    out = list(pivots)
    stack = [m for r in rows for m in r[0]] + [m for r in pivots for m in r[0][1:]]
    seen = set(done)
    while stack:
        m = stack.pop()
        if m in seen:
            continue
        seen.add(m)
        target = packed(m) | guards
        for lead, k in leads:
            if (target - lead) & guards == guards:
                monomials, c = known[k]
                shift = m - monomials[0]
                moved = [v + shift for v in monomials]
                out.append((moved, c))
                stack.extend(v for v in moved[1:] if v not in seen)
                break
    return out


def _reduce(
    ring: Monomials,
    known: list[Row],
    rows: list[Row],
    p: int,
    budget: Budget,
    cap: int,
    pivots: list[Row] | None = None,
) -> list[Row]:
    """The rows reduced by the known ones and among each other, new leading monomials only, least first."""
    if not rows:
        return []
    lower = _reducers(ring, known, rows, pivots or [])
    columns = sorted({m for r in rows for m in r[0]} | {m for r in lower for m in r[0]}, reverse=True)
    if len(rows) * len(columns) > cap:
        raise MemoryError(f"a matrix of {len(rows)} x {len(columns)}")
    at = {m: k for k, m in enumerate(columns)}
    dense = np.zeros((len(rows), len(columns)), dtype=np.int64)
    for k, (monomials, c) in enumerate(rows):
        dense[k, [at[m] for m in monomials]] = c
    lower.sort(key=lambda r: r[0][0], reverse=True)
    pivot_columns = np.zeros(len(columns), dtype=bool)
    for k, (monomials, c) in enumerate(lower):
        column = at[monomials[0]]
        pivot_columns[column] = True
        hit = np.flatnonzero(dense[:, column])
        if len(hit):
            if k % 64 == 0:
                budget.check()
            where = np.array([at[m] for m in monomials])
            factor = dense[hit, column]
            block = (hit[:, None], where)
            dense[block] = (dense[block] - factor[:, None] * c[None, :]) % p
    free = np.flatnonzero(~pivot_columns)
    rest = dense[:, free]
    rest = rest[np.any(rest, axis=1)]
    if not len(rest):
        return []
    budget.check()
    echelon, rank = nmod_mat(rest.shape[0], rest.shape[1], rest.ravel().tolist(), p).rref()
    size = rest.shape[1]
    entries = np.array([int(v) for v in echelon.entries()[: rank * size]], dtype=np.int64).reshape(rank, size)
    out = list[Row]()
    for line in entries[::-1]:
        where = np.flatnonzero(line)
        out.append(([columns[free[k]] for k in where], line[where]))
    return out


def _interreduce(ring: Monomials, rows: list[Row], p: int) -> list[Row]:
    """Every tail in normal form."""
    tails = [(monomials[1:], c[1:]) for monomials, c in rows]
    lower = _reducers(ring, rows, [t for t in tails if t[0]], [])
    columns = sorted({m for r in tails for m in r[0]} | {m for r in lower for m in r[0]}, reverse=True)
    at = {m: k for k, m in enumerate(columns)}
    dense = np.zeros((len(rows), len(columns)), dtype=np.int64)
    for k, (monomials, c) in enumerate(tails):
        dense[k, [at[m] for m in monomials]] = c
    for monomials, c in sorted(lower, key=lambda r: r[0][0], reverse=True):
        hit = np.flatnonzero(dense[:, at[monomials[0]]])
        if len(hit):
            block = (hit[:, None], np.array([at[m] for m in monomials]))
            dense[block] = (dense[block] - dense[hit, at[monomials[0]]][:, None] * c[None, :]) % p
    out = list[Row]()
    for (monomials, _), line in zip(rows, dense, strict=True):
        where = np.flatnonzero(line)
        out.append(([monomials[0], *(columns[k] for k in where)], np.concatenate([[1], line[where]])))
    return sorted(out, key=lambda r: r[0][0])
