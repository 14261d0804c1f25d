"""The Galois group of a product of irreducible polynomials, where it is proved to be a direct product.

A field inside two splitting fields, Galois over Q and not Q, contains one whose group is simple: cyclic of prime order,
then the prime divides the order of the abelianised group of each, or not abelian. So the fields are disjoint where no
simple group is a quotient of two; where only C2 is, their quadratic subfields Q(sqrt(disc)) decide; and where the
discriminants have no common prime, as Q has no unramified extension (Minkowski).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations
from math import factorial, prod

from flint import fmpz, fmpz_poly

from closedform.algebra.galois.transitive import DEGREES, Permutation, transitive_groups
from closedform.frozen import record

MAX_ORDER = 2_000  # of a group whose elements are listed


@record
class Known:
    """An irreducible polynomial with the proved name, order and number of its group."""

    f: fmpz_poly
    group: str
    order: int
    transitive: str | None


@record
class Together:
    """The group of a product, and why."""

    group: str
    order: int
    reason: str


def together(factors: Sequence[Known]) -> Together | None:
    """The group of the product of different irreducible polynomials; None where it is not proved.

    >>> x = fmpz_poly([0, 1])
    >>> s5, s3 = Known(x**5 - x - 1, "S5", 120, "5T5"), Known(x**3 - 2, "S3", 6, "3T2")
    >>> together([s5, s3]).group, together([s3, Known(x**2 + 3, "C2", 2, "2T1")]).group
    ('S5 x S3', 'S3')
    """
    larger, quadratic = (
        [k for k in factors if (k.f.degree() > 2) is big and k.f.degree() > 1] for big in (True, False)
    )
    apart = all(_coprime(a, b) for a, b in combinations(larger, 2))
    if not apart and not _no_common_quotient(larger):
        return None
    inside, classes = _quadratic_subfields(larger), [_squarefree(k.f.discriminant()) for k in quadratic]
    if inside is None and not all(_coprime(a, b) for a in larger for b in quadratic):
        return None
    extra = _rank([*(inside or []), *classes]) - _rank(inside or [])
    sentences = list[str]()
    if len(larger) > 1:
        why = "their discriminants have no common prime" if apart else "no simple group is a quotient of two of theirs"
        sentences.append(f"the splitting fields of the factors are disjoint, as {why}")
    if classes:
        sentences.append(f"the quadratic factors add {extra or 'no'} independent square root{'s' * (extra > 1)}")
    names = [*(k.group for k in larger), *["C2"] * extra]
    return Together(" x ".join(names) or "C1", prod(k.order for k in larger) * 2**extra, "; ".join(sentences))


def _squarefree(d: fmpz) -> fmpz:
    """The class of d modulo squares, as a squarefree integer."""
    out = fmpz(1 if d > 0 else -1)
    for p, e in abs(d).factor():
        out *= p if e % 2 else 1
    return out


def _coprime(a: Known, b: Known) -> bool:
    """Does no prime ramify in both fields, as far as leading coefficients and discriminants show?"""
    first, second = (k.f.discriminant() * k.f.leading_coefficient() for k in (a, b))
    return abs(first.gcd(second)) == 1


def _rank(classes: Sequence[fmpz]) -> int:
    """Of classes modulo squares: Gauss elimination over the field of two elements."""
    primes = sorted({int(p) for c in classes for p, _ in abs(c).factor() if p > 1})
    rows = [sum(1 << i for i, p in enumerate((-1, *primes)) if (c < 0 if p == -1 else c % p == 0)) for c in classes]
    rank = 0
    while rows:
        row = rows.pop()
        if row:
            rank += 1
            low = row & -row
            rows = [r ^ row if r & low else r for r in rows]
    return rank


def _quadratic_subfields(factors: Sequence[Known]) -> list[fmpz] | None:
    """The one quadratic subfield of each splitting field that has any, by its discriminant; None where not known."""
    out = list[fmpz]()
    for k in factors:
        abelian = abelian_order(k)
        if abelian is None or abelian % 4 == 0:
            return None
        if abelian % 2 == 0:
            d = _squarefree(k.f.discriminant())
            if d == 1:
                return None  # a quadratic field that the discriminant does not show
            out.append(d)
    return out


def _no_common_quotient(factors: Sequence[Known]) -> bool:
    """No simple group but C2 is a quotient of two of the groups."""
    orders = [abelian_order(k) for k in factors]
    for (a, first), (b, second) in combinations(zip(factors, orders, strict=True), 2):
        if first is None or second is None:
            return False
        common = fmpz(first).gcd(fmpz(second))
        while common % 2 == 0:
            common //= 2
        if common != 1 or (_may_be_simple(a) and _may_be_simple(b)):
            return False
    inside = _quadratic_subfields(factors) if sum(o is not None and o % 2 == 0 for o in orders) > 1 else []
    return inside is not None and _rank(inside) == len(inside)


def _may_be_simple(k: Known) -> bool:
    """May the group have a quotient that is simple and not abelian? Not if its order is that of S_n, or solvable."""
    n = k.f.degree()
    if k.order == factorial(n) or n < 5:
        return False
    return not (
        k.transitive is not None and n in DEGREES and transitive_groups(n)[int(k.transitive.split("T")[1]) - 1].solvable
    )


def abelian_order(k: Known) -> int | None:
    """The order of the group modulo its commutators; None where it is not computed."""
    n = k.f.degree()
    if n <= 2:
        return n
    if k.order == factorial(n):
        return 2
    if 2 * k.order == factorial(n):
        return 1 if n >= 5 else 3
    if k.transitive is None or n not in DEGREES or k.order > MAX_ORDER:
        return None
    return k.order // _commutators(n, int(k.transitive.split("T")[1]))


@lru_cache(maxsize=256)
def _commutators(degree: int, number: int) -> int:
    """The order of the commutator subgroup: the normal closure of the commutators of the generators."""
    generators = transitive_groups(degree)[number - 1].generators
    normal = {_times(_times(_inverse(a), _inverse(b)), _times(a, b)) for a in generators for b in generators}
    while True:
        group = _closure(normal, degree)
        fresh = {_times(_times(_inverse(g), h), g) for g in generators for h in normal} - group
        if not fresh:
            return len(group)
        normal |= fresh


def _closure(generators: set[Permutation], degree: int) -> set[Permutation]:
    group: set[Permutation] = {tuple(range(degree))}
    frontier = list(group)
    while frontier:
        fresh = {_times(a, g) for a in frontier for g in generators} - group
        group |= fresh
        frontier = list(fresh)
    return group


def _times(a: Permutation, b: Permutation) -> Permutation:
    return tuple(b[i] for i in a)


def _inverse(a: Permutation) -> Permutation:
    return tuple(sorted(range(len(a)), key=lambda i: a[i]))
