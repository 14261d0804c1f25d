"""Names of Galois groups, given only where they are proved; information beside the decision, which never uses them.

Degree up to 4; A_n and S_n in any degree by Jordan's theorem (a transitive group with an r-cycle, r prime,
n/2 < r < n - 2, contains A_n) and the discriminant; soluble groups of prime degree, and A_n and S_n of degree 6 and 7,
by cycle types, the discriminant and orbits on pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial, lcm

from flint import fmpz, fmpz_poly

from closedform.algebra.galois.subfields import TooLarge, pair_orbits
from closedform.algebra.roots import isolate_real

Type = tuple[int, ...]


@dataclass(frozen=True)
class Label:
    """A proved name and order, or None twice."""

    group: str | None = None
    order: int | None = None


def even(f: fmpz_poly) -> bool:
    """Is the Galois group inside A_n, that is, is the discriminant a square?"""
    d = f.discriminant()
    return bool(d > 0 and d.is_square())


def label(f: fmpz_poly, types: dict[Type, int], solvable: bool) -> Label:
    """The proved name of the group of the irreducible f, from cycle types that were observed."""
    n = f.degree()
    seen = [tuple(sorted(t)) for t in types]
    try:
        if n <= 4:
            return _small(f)
        if solvable:
            return _prime_solvable(f, seen) if fmpz(n).is_prime() and n <= 40 else Label()
        if any(_jordan(n, t) for t in seen) or n == 5:
            return Label(f"A{n}", factorial(n) // 2) if even(f) else Label(f"S{n}", factorial(n))
        if n in (6, 7):
            return _six_seven(f, seen)
    except TooLarge:
        pass
    return Label()


def _jordan(n: int, cycles: Type) -> bool:
    return any(n < 2 * r and r < n - 2 and fmpz(r).is_prime() for r in cycles)


def _small(f: fmpz_poly) -> Label:
    n = f.degree()
    if n == 1:
        return Label("C1", 1)
    if n == 2:
        return Label("C2", 2)
    if n == 3:
        return Label("A3", 3) if even(f) else Label("S3", 6)
    a, b, c, d, e = (f[i] for i in range(4, -1, -1))
    # the resolvent cubic of the quartic, roots a(x1 x2 + x3 x4)
    cubic = fmpz_poly([4 * a * c * e - b * b * e - a * d * d, b * d - 4 * a * e, -c, 1])
    rational = sum(q.degree() == 1 for q, _ in cubic.factor()[1])
    if rational == 0:
        return Label("A4", 12) if even(f) else Label("S4", 24)
    if rational == 3:
        return Label("V4", 4)
    root = next(-q[0] / fmpz(1) for q, _ in cubic.factor()[1] if q.degree() == 1)
    disc = f.discriminant()
    # Kappe and Warren 1989: C4 exactly when both quadratics split over Q(sqrt(disc))
    first, second = root * root - 4 * a * e, b * b - 4 * a * (c - root)
    cyclic = all(v == 0 or _square(v) or _square(v * disc) for v in (first, second))
    return Label("C4", 4) if cyclic else Label("D4", 8)


def _square(v: fmpz) -> bool:
    return bool(v >= 0 and v.is_square())


def _prime_solvable(f: fmpz_poly, seen: list[Type]) -> Label:
    """C_p : C_d. Observed orders bound d from below; the common length of the orbits on pairs leaves e or 2e."""
    p = f.degree()
    if all(f[i] == 0 for i in range(1, p)):
        return _frobenius(p, p - 1)  # x^p - a, a no p-th power
    low = lcm(*(part for t in seen for part in t if part != p)) if seen else 1
    if low == p - 1:
        return _frobenius(p, low)
    e = pair_orbits(f).lengths[0] // p
    if e % 2 == 0 or low % 2 == 0:
        return _frobenius(p, 2 * e)
    if (p - 1) // (2 * e) % 2 == 1:  # a generator of C_2e is then an odd permutation
        return _frobenius(p, e if even(f) else 2 * e)
    if len(isolate_real(f)) < p:
        return _frobenius(p, 2 * e)  # complex conjugation is an element of order two
    return Label()


def _frobenius(p: int, d: int) -> Label:
    return Label(f"C{p}" if d == 1 else f"D{p}" if d == 2 else f"F{p * d}", p * d)


def _six_seven(f: fmpz_poly, seen: list[Type]) -> Label:
    n = f.degree()
    small = (
        {(1,) * 6, (1, 1, 2, 2), (2, 2, 2), (1, 1, 4), (1, 5), (6,), (3, 3)}
        if n == 6
        else {(1,) * 7, (1, 1, 1, 2, 2), (1, 3, 3), (1, 2, 4), (7,)}
    )
    if any(t not in small for t in seen):  # neither PGL(2,5) nor PSL(3,2), so A_n or S_n, the group being insoluble
        return Label(f"A{n}", factorial(n) // 2) if even(f) else Label(f"S{n}", factorial(n))
    return Label()
