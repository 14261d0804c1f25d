"""The quotient by a zero-dimensional ideal modulo a prime: standard monomials, multiplication, and a univariate form.

From a reduced Groebner basis come the standard monomials (their number D counts zeros with multiplicity) and the
normal form of every product with an unknown (Faugere, Gianni, Lazard, Mora, J. Symb. Comp. 16 (1993)). For a linear
form u that separates, powers of u are a basis when every zero is simple: u has a minimal polynomial q of degree D and
every unknown is a polynomial in u (Rouillier, AAECC 9 (1999)).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from flint import nmod_mat, nmod_poly

from closedform.algebra.later import np
from closedform.algebra.polynomial_systems.basis import Monomials, Row
from closedform.budget import Budget

MAX_DIMENSION = 1500
HALF, LOW = 16, (1 << 16) - 1


@dataclass
class QuotientAlgebra:
    """``products[i][j]`` is the normal form of x_i times the j-th standard monomial, over Z/p."""

    p: int
    standard: list[int]
    products: list[np.ndarray]

    @property
    def dimension(self) -> int:
        return len(self.standard)

    def times(self, v: np.ndarray, matrix: np.ndarray) -> np.ndarray:
        return _apply(v, matrix, self.p)

    def matrix(self, form: tuple[int, ...]) -> np.ndarray:
        """Multiplication by the linear form, rows being images."""
        total = np.zeros((self.dimension, self.dimension), dtype=np.int64)
        for c, m in zip(form, self.products, strict=True):
            if c:
                total = (total + c % self.p * m) % self.p
        return total

    def powers(self, matrix: np.ndarray, count: int) -> list[np.ndarray]:
        """1, u, u^2, ... as vectors."""
        v = np.zeros(self.dimension, dtype=np.int64)
        v[0] = 1
        out = [v]
        halves = [(matrix >> HALF).astype(float), (matrix & LOW).astype(float)]
        for _ in range(count):
            # Sums of products of halves stay below 2^53: floats are exact, and quicker than integers.
            high, low = out[-1] >> HALF, out[-1] & LOW
            top, bottom = (
                np.stack([high, low]).astype(float) @ halves[0],
                np.stack([high, low]).astype(float) @ halves[1],
            )
            middle = (top[1] + bottom[0]).astype(np.int64) % self.p
            v = (top[0].astype(np.int64) % self.p << HALF) + middle
            out.append(((v % self.p << HALF) + bottom[1].astype(np.int64)) % self.p)
        return out

    def unknown(self, i: int) -> np.ndarray:
        return self.products[i][0]


def _apply(v: np.ndarray, matrix: np.ndarray, p: int) -> np.ndarray:
    where = np.flatnonzero(v)
    return (v[where, None] * matrix[where] % p).sum(axis=0) % p


def dimension(leading: list[tuple[int, ...]], n: int) -> int:
    """The dimension of the zero set from its leading exponents: -1 when empty (Cox, Little, O'Shea, 9.1)."""
    if any(not any(e) for e in leading):
        return -1
    supports = {frozenset(i for i, v in enumerate(e) if v) for e in leading}
    minimal = [s for s in supports if not any(t < s for t in supports)]
    singles = {next(iter(s)) for s in minimal if len(s) == 1}
    rest = [s for s in minimal if len(s) > 1]
    inside = sorted(set(range(n)) - singles)
    for size in range(len(inside) + 1):  # the least number of unknowns that meets every leading monomial
        for chosen in itertools.combinations(inside, size):
            if all(s & set(chosen) for s in rest):
                return n - len(singles) - size
    return 0


def quotient(ring: Monomials, basis: list[Row], p: int, budget: Budget) -> QuotientAlgebra | None:
    """The quotient, or None when its dimension is infinite or past ``MAX_DIMENSION``."""
    n = ring.n
    units = [ring.pack([int(i == j) for j in range(n)]) for i in range(n)]
    leads = [ring.packed(row[0][0]) for row in basis]
    guards = ring.guards
    standard = list[int]()
    layer = {ring.one}
    while layer:
        inside = [m for m in layer if not any(((ring.packed(m) | guards) - e) & guards == guards for e in leads)]
        standard.extend(inside)
        if len(standard) > MAX_DIMENSION:
            return None
        layer = {m + u for m in inside for u in units}
    standard.sort()
    at = {m: k for k, m in enumerate(standard)}
    size = len(standard)
    products = [np.zeros((size, size), dtype=np.int64) for _ in range(n)]
    owners: dict[int, list[tuple[int, int]]] = {}
    for i, u in enumerate(units):
        for j, m in enumerate(standard):
            if m + u in at:
                products[i][j, at[m + u]] = 1
            else:
                owners.setdefault(m + u, []).append((i, j))
    tails = {row[0][0]: row for row in basis}
    forms: dict[int, np.ndarray] = {}
    for count, m in enumerate(sorted(owners)):
        if count % 64 == 0:
            budget.check()
        if m in tails:
            monomials, c = tails[m]
            v = np.zeros(size, dtype=np.int64)
            for t, a in zip(monomials[1:], c[1:], strict=True):
                v[at[t]] = (p - int(a)) % p
        else:
            i = next(i for i in range(n) if m - units[i] in forms)
            v = _apply(forms[m - units[i]], products[i], p)
        forms[m] = v
        for i, j in owners[m]:
            products[i][j] = v
    return QuotientAlgebra(p, standard, products)


@dataclass
class Univariate:
    """``q`` is squarefree of degree D and x_i = coordinates[i](u) for u the linear ``form``, modulo p."""

    form: tuple[int, ...]
    q: nmod_poly
    coordinates: list[nmod_poly]


def univariate(quotient: QuotientAlgebra, budget: Budget) -> Univariate | None:
    """A univariate form, or None when some zero is multiple (or no form tried separates)."""
    size, p, n = quotient.dimension, quotient.p, len(quotient.products)
    for form in candidate_forms(n):
        budget.check()
        powers = quotient.powers(quotient.matrix(form), size)
        matrix = nmod_mat(size, size, np.stack(powers[:size], axis=1).ravel().tolist(), p)
        sides = np.stack([powers[size], *(quotient.unknown(i) for i in range(n))], axis=1)
        try:
            found = matrix.solve(nmod_mat(size, n + 1, sides.ravel().tolist(), p))
        except ZeroDivisionError:
            continue
        columns = np.array([int(v) for v in found.entries()], dtype=np.int64).reshape(size, n + 1)
        q = nmod_poly([int(-v) % p for v in columns[:, 0]] + [1], p)
        if q.gcd(q.derivative()).degree() > 0:
            return None
        return Univariate(form, q, [nmod_poly(columns[:, i + 1].tolist(), p) for i in range(n)])
    return None


def minimal_polynomial(quotient: QuotientAlgebra, i: int) -> nmod_poly:
    """The minimal polynomial of the unknown x_i in the quotient, modulo p."""
    p, size = quotient.p, quotient.dimension
    powers = quotient.powers(quotient.products[i], size)
    table = nmod_mat(size, size + 1, np.stack(powers, axis=1).ravel().tolist(), p)
    echelon, rank = table.rref()
    column = [int(echelon[k, rank]) for k in range(rank)]
    return nmod_poly([(p - c) % p for c in column] + [1], p)


def candidate_forms(n: int) -> Iterator[tuple[int, ...]]:
    """Linear forms with small coefficients, the simplest first."""
    yield from (tuple(int(i == j) for j in range(n)) for i in reversed(range(n)))
    rng = np.random.default_rng(0)
    forms = (tuple(int(v) for v in rng.integers(-k, k + 1, n)) for k in (1, 2, 3, 5, 10, 30, 100, 1000) for _ in "ab")
    yield from (f for f in forms if any(f))


def is_basis(
    ring: Monomials, rows: list[Row], system: list[dict[tuple[int, ...], int]], p: int, budget: Budget
) -> bool:
    """Whether elements of the ideal are a Groebner basis, shown by as many distinct zeros as standard monomials.

    The number of standard monomials bounds the zeros from above for any elements of the ideal; the univariate form read
    off them, substituted into the equations, shows that many. Where zeros are multiple the answer is False.
    """
    if dimension([ring.unpack(row[0][0]) for row in rows], ring.n) != 0:
        return False
    small = quotient(ring, rows, p, budget)
    found = univariate(small, budget) if small is not None and small.dimension <= 300 else None
    if found is None:
        return False
    u = sum((v * c for v, c in zip(found.coordinates, found.form, strict=True)), nmod_poly([0], p))
    known: dict[tuple[int, ...], nmod_poly] = {(0,) * ring.n: nmod_poly([1], p)}

    def monomial(e: tuple[int, ...]) -> nmod_poly:
        if e not in known:
            i = next(i for i in reversed(range(len(e))) if e[i])
            known[e] = monomial((*e[:i], e[i] - 1, *e[i + 1 :])) * found.coordinates[i] % found.q
        return known[e]

    return ((u - nmod_poly([0, 1], p)) % found.q).is_zero() and all(
        sum((monomial(e) * (c % p) for e, c in f.items()), nmod_poly([0], p)).is_zero() for f in system
    )
