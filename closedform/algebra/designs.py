"""How many complex critical points a logistic design has for generic counts: an Euler characteristic, computed apart.

The likelihood of successes at the points x of a design lives on the torus of t = exp(beta) without the hypersurfaces
1 + t^x = 0. For generic counts the number of its complex critical points is the absolute Euler characteristic of that
complement (June Huh, *The maximum likelihood degree of a very affine variety*, Compositio Math. 149 (2013)). Nothing
here solves an equation: the characteristic comes from roots of unity, or from counting points over finite fields.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations
from math import lcm, prod

from flint import fmpz, fmpz_mat

from closedform.algebra.later import np

Point = tuple[int, ...]
MAX_GRID = 4_000_000  # points of a torus over a finite field that are counted


def distinct(points: Sequence[Point]) -> list[Point]:
    """The hypersurfaces 1 + t^x = 0: each x up to sign, zero left out, in order."""
    out = dict[Point, None]()
    for x in points:
        lead = next((c for c in x if c), 0)
        if lead:
            out[tuple(c if lead > 0 else -c for c in x)] = None
    return list(out)


def critical_count(points: Sequence[Point]) -> int | None:
    """The number of complex critical points for generic counts; None where the count would take too long.

    >>> critical_count([(1,), (2,), (3,)]), critical_count([(1, 0), (1, 1), (1, 2)])
    (5, 3)
    """
    hypersurfaces = distinct(points)
    if not hypersurfaces:
        return 0
    k = len(hypersurfaces[0])
    if k == 1:
        return one_feature([abs(x[0]) for x in hypersurfaces])
    if k == 2:
        return two_unknowns(hypersurfaces)
    return by_counting(hypersurfaces)


def one_feature(values: Sequence[int]) -> int:
    """The number of distinct roots of the product of 1 + t^x: roots of unity of even orders 2^(v+1)*odd.

    >>> one_feature([1, 2, 3, 4])
    9
    """
    orders = set[int]()
    for x in values:
        orders |= {2 * x // d for d in range(1, x + 1) if x % d == 0 and d % 2 == 1}
    return sum(_totient(n) for n in orders)


def two_unknowns(hypersurfaces: Sequence[Point]) -> int:
    """The sum of (curves through p) - 1 over the points p where at least two of the curves t^x = -1 meet.

    Each irreducible curve is a torus coset with Euler characteristic zero, so only the crossings count.

    >>> two_unknowns([(1, 0), (1, 1), (1, 2), (1, 3)])
    7
    """
    through: dict[tuple[Fraction, Fraction], set[int]] = {}
    for i, j in combinations(range(len(hypersurfaces)), 2):
        (a, b), (c, d) = hypersurfaces[i], hypersurfaces[j]
        determinant = a * d - b * c
        if determinant == 0:
            continue
        # angles (u, v) in turns: a u + b v = 1/2 + m, c u + d v = 1/2 + n, solved for all integers m, n modulo 1
        n = abs(determinant)
        for m in range(n):
            for h in range(n):
                p, q = Fraction(1, 2) + m, Fraction(1, 2) + h
                u, v = (p * d - q * b) / determinant % 1, (a * q - c * p) / determinant % 1
                through.setdefault((u, v), set()).update((i, j))
    return sum(len(s) - 1 for s in through.values())


def by_counting(hypersurfaces: Sequence[Point]) -> int | None:
    """The characteristic as the value at q = 1 of the polynomial that counts points over F_q (Katz), q = 1 mod M.

    M makes all torsion of the arrangement split: twice the least common multiple of the nonzero maximal minors.
    """
    k = len(hypersurfaces[0])
    rank = min(k, len(hypersurfaces))
    minors = {
        abs(int(fmpz_mat([[r[c] for c in columns] for r in rows]).det()))
        for size in range(1, rank + 1)
        for rows in combinations(hypersurfaces, size)
        for columns in combinations(range(k), size)
    }
    modulus = 2 * lcm(*(m for m in minors if m))
    primes, q = list[int](), modulus + 1
    while len(primes) < k + 1:
        if (q - 1) ** k > MAX_GRID:
            return None
        if fmpz(q).is_prime() and q > 2:
            primes.append(q)
        q += modulus
    counts = [_points(hypersurfaces, q) for q in primes]
    total = Fraction(0)  # Lagrange interpolation at q = 1
    for i, (p, n) in enumerate(zip(primes, counts, strict=True)):
        others = [r for j, r in enumerate(primes) if j != i]
        total += n * Fraction(prod(1 - r for r in others), prod(p - r for r in others))
    return abs(int(total)) if total.denominator == 1 else None


def _points(hypersurfaces: Sequence[Point], q: int) -> int:
    """The points of the torus over F_q on none of the hypersurfaces: exponents of a generator, added modulo q - 1."""
    k, half = len(hypersurfaces[0]), (q - 1) // 2
    grids = np.meshgrid(*[np.arange(q - 1)] * k, indexing="ij", sparse=True)
    free = np.ones((q - 1,) * k, dtype=bool)
    for x in hypersurfaces:
        exponent = sum(c * g for c, g in zip(x, grids, strict=True))
        free &= exponent % (q - 1) != half
    return int(free.sum())


def _totient(n: int) -> int:
    return int(fmpz(n).euler_phi())
