"""Names of Galois groups, given only where they are proved; information beside the decision, which never uses them.

Degree up to 11: the transitive groups by number (``identify``). A_n and S_n in any degree by Jordan's theorem (a
transitive group with an r-cycle, r prime, n/2 < r < n - 2, contains A_n) and the discriminant; soluble groups of prime
degree by cycle types, the discriminant and orbits on pairs; cyclic groups by their decision.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import factorial, lcm

from flint import fmpz, fmpz_poly, nmod_poly

from closedform.algebra.galois.identify import identify
from closedform.algebra.galois.subfields import TooLarge, pair_orbits
from closedform.algebra.galois.transitive import DEGREES, transitive_groups
from closedform.algebra.roots import isolate_real
from closedform.budget import Budget
from closedform.frozen import record
from closedform.kernel.claims.unsolvable import reduced_type

Type = tuple[int, ...]

LOOKED_AT = 60  # primes for cycle types; an element missed costs time, never truth
MAX_PRIME = 40  # degree
TEST_PRIMES = (10007, 10009, 10037, 10039, 10061, 10067, 10069, 10079, 10091, 10093)
NUMBER_OF_GROUPS = {  # transitive groups of degree n: 1 to 31 and the primes 37 to 47 (OEIS A002106)
    **dict(enumerate((1, 1, 2, 5, 5, 16, 7, 50, 34, 45, 8, 301, 9, 63, 104, 1954, 10, 983, 8, 1117), 1)),
    **dict(enumerate((164, 59, 7, 25000, 211, 96, 2392, 1854, 8, 5712, 12), 21)),
    37: 11,
    41: 10,
    43: 10,
    47: 6,
}


@record
class Label:
    """A proved name, order and number ("5T2"), or nothing; ``argument`` says why, a sentence for each step."""

    group: str | None = None
    order: int | None = None
    transitive: str | None = None
    argument: tuple[str, ...] = ()


def even(f: fmpz_poly) -> bool:
    """Is the Galois group inside A_n, that is, is the discriminant a square?

    It mostly is none modulo some small prime, which shows that at once.

    >>> even(fmpz_poly([-1, -3, 0, 1])), even(fmpz_poly([-2, 0, 0, 1]))
    (True, False)
    """
    n = f.degree()
    for p in TEST_PRIMES:
        g = nmod_poly(f.coeffs(), p)
        if g.degree() == n and g.derivative().degree() == n - 1:
            d = int(g.resultant(g.derivative()) / g.leading_coefficient()) * (-1) ** (n * (n - 1) // 2) % p
            if d and pow(d, (p - 1) // 2, p) != 1:
                return False
    d = f.discriminant()
    return bool(d > 0 and d.is_square())


def label(f: fmpz_poly, solvable: bool, budget: Budget) -> Label:
    """The proved name of the group of the irreducible f, of which ``solvable`` is known.

    >>> label(fmpz_poly([12, -5, 0, 0, 0, 1]), True, Budget.of(9)).transitive
    '5T2'
    """
    n = f.degree()
    if n <= 2:
        return Label(f"C{n}", n, f"{n}T1", (f"a group of degree {n}",))
    try:
        if solvable and fmpz(n).is_prime() and n > 7:
            return _prime_solvable(f, _types(f, budget)) if n <= MAX_PRIME else Label()
        if n in DEGREES:
            square = even(f)
            found = identify(f, _types(f, budget, square, solvable), square, solvable, budget)
            if found is None:
                return Label()
            return Label(found.group.name, found.group.order, found.group.label, found.steps)
        if not solvable:
            return _alternating(f, budget)
    except TooLarge:
        pass
    return Label()


def _types(f: fmpz_poly, budget: Budget, square: bool | None = None, solvable: bool = True) -> frozenset[Type]:
    """Cycle types modulo small primes, until one group is left (where parity is given) or enough primes were used."""
    n, seen = f.degree(), set[Type]()
    left = [] if square is None else [g for g in transitive_groups(n) if (g.even, g.solvable) == (square, solvable)]
    for kind in () if square is not None and len(left) <= 1 else _observed(f, budget):
        if kind not in seen:
            seen.add(kind)
            left = [g for g in left if kind in g.types]
            if square is not None and len(left) <= 1:
                break
    return frozenset(seen)


def _observed(f: fmpz_poly, budget: Budget) -> Iterator[Type]:
    """The cycle types modulo small primes, as they come."""
    p, used = fmpz(1), 0
    while used < LOOKED_AT and (p := _next_prime(p)) <= 10_000:
        found = reduced_type(f, int(p))
        if found is not None:
            budget.check()
            used += 1
            yield tuple(sorted(found))


def _next_prime(p: fmpz) -> fmpz:
    p += 1
    while not p.is_prime():
        p += 1
    return p


def _alternating(f: fmpz_poly, budget: Budget) -> Label:
    n = f.degree()
    cycle = next((r for t in _observed(f, budget) for r in t if n < 2 * r and r < n - 2 and fmpz(r).is_prime()), 0)
    if not cycle:
        return Label()
    square = even(f)
    jordan = f"a power of an element is a cycle of prime length {cycle}, so the group contains A{n} (Jordan)"
    parity = f"the discriminant is {'' if square else 'not '}a square"
    count = NUMBER_OF_GROUPS.get(n)
    number = None if count is None else f"{n}T{count - square}"
    if square:
        return Label(f"A{n}", factorial(n) // 2, number, (jordan, parity))
    return Label(f"S{n}", factorial(n), number, (jordan, parity))


def _prime_solvable(f: fmpz_poly, seen: frozenset[Type]) -> Label:
    """C_p : C_d. Observed orders bound d from below; the common length of the orbits on pairs leaves e or 2e."""
    p = f.degree()
    if all(f[i] == 0 for i in range(1, p)):
        return _frobenius(p, p - 1, f"x^{p} - a, a no power")
    low = lcm(*(part for t in seen for part in t if part != p)) if seen else 1
    if low == p - 1:
        return _frobenius(p, low, f"elements of order {low} are seen")
    e = pair_orbits(f).lengths[0] // p
    orbits = f"the orbits on pairs of roots have length {e * p}"
    if e % 2 == 0 or low % 2 == 0:
        return _frobenius(p, 2 * e, orbits)
    if (p - 1) // (2 * e) % 2 == 1:  # a generator of C_2e is then an odd permutation
        square = even(f)
        return _frobenius(
            p, e if square else 2 * e, f"{orbits}, and the discriminant is {'' if square else 'not '}a square"
        )
    if len(isolate_real(f)) < p:
        return _frobenius(p, 2 * e, f"{orbits}, and complex conjugation has order two")
    return Label()


def _frobenius(p: int, d: int, why: str) -> Label:
    number = sum(1 for k in range(1, d + 1) if (p - 1) % k == 0)
    argument = f"a solvable group of prime degree {p} is C{p} : C_d with d a divisor of {p - 1}; {why}"
    return Label(f"C{p}" if d == 1 else f"D{p}" if d == 2 else f"F{p * d}", p * d, f"{p}T{number}", (argument,))
