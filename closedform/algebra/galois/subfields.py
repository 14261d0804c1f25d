"""Subfields of Q(alpha) for an irreducible f with f(alpha) = 0, and towers of them.

For radicals and for the decision these are the calls::

    tower(f)     -> Tower               one maximal chain Q < K_1 < ... < K_r = Q(alpha); .degrees are the steps
    embedding(f, small, large) -> q     the generator of the small field as q(generator of the large one)
    pair_orbits(f) -> PairOrbits        the orbits of the Galois group on pairs of roots, proved

A ``Subfield`` is ``(h, g, blocks)``: h monic irreducible over Z, ``h(g(x)) = 0 mod f`` (checked exactly), so
``beta = g(alpha)`` generates a field of degree ``deg h``; root i and root j of f have the same g-value when their
numbers stand in one block (numbers count the roots of f in the order of ``roots.enclose``).

Algorithm: the monic polynomial with the roots ``(a + c)(b + c)``, {a, b} running over the pairs of roots, is
computed exactly from power sums and factored over Z; where it is squarefree its factors are the orbits of the group
on pairs (Soicher and McKay 1985). Every block system is an equivalence relation, hence a union of such orbits and a
join of the connected components of single ones, so all of them are found. The generator of a block system is a
symmetric function of the roots in a block, its polynomials exact by rounding balls to the only integer inside.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import flint
from flint import acb, acb_poly, fmpq, fmpq_mat, fmpq_poly, fmpq_series, fmpz, fmpz_poly, fmpz_series

from closedform.algebra.roots import enclose
from closedform.frozen import record

MAX_DEGREE = 44  # the pair polynomial of degree 946 still factors in seconds
MAX_SYSTEMS = 400  # block systems listed at most (an elementary abelian group of order 32 has 372 inside)
MAX_BITS = 1 << 17

Block = tuple[int, ...]
Blocks = tuple[Block, ...]
Pair = tuple[int, int]


class TooLarge(Exception):
    """The polynomial is past what this method can do; the message says which bound."""


@record
class PairOrbits:
    """The orbits of the Galois group on the 2-subsets of the roots of ``f``; ``shift`` makes the resolvent squarefree.

    ``lengths`` are exact. ``orbits`` (numbers of roots) is filled only where ``located`` was asked for.
    """

    shift: int
    lengths: tuple[int, ...]
    factors: tuple[fmpz_poly, ...]


@record
class Subfield:
    """Q(beta) inside Q(alpha): h monic irreducible over Z with h(beta) = 0, beta = g(alpha), and the blocks."""

    h: fmpz_poly
    g: fmpq_poly
    blocks: Blocks

    @property
    def degree(self) -> int:
        return self.h.degree()


@record
class SubfieldChain:
    """A maximal chain of fields from Q up to Q(alpha); ``fields[-1]`` is Q(alpha) itself, ``degrees`` the steps.

    Maximal means that no field lies strictly between two neighbours: the group of every step acts primitively.
    """

    fields: tuple[Subfield, ...]

    @property
    def degrees(self) -> tuple[int, ...]:
        sizes = [1, *(k.degree for k in self.fields)]
        return tuple(b // a for a, b in pairwise(sizes))


def monic(f: fmpz_poly) -> fmpz_poly:
    """The monic polynomial over Z of ``lc(f) * alpha``.

    >>> monic(fmpz_poly([3, 0, 2]))
    x^2 + 6
    """
    n, lead = f.degree(), f.leading_coefficient()
    return fmpz_poly([f[i] * lead ** (n - 1 - i) for i in range(n)] + [1])


def power_sums(f: fmpz_poly, count: int) -> list[fmpz]:
    """p_0 .. p_count of the roots of a monic f over Z, exactly (Newton's identities as a power series)."""
    old, flint.ctx.cap = flint.ctx.cap, count + 2
    try:
        derivative, reverse = list(f.derivative().coeffs())[::-1], list(f.coeffs())[::-1]
        series = fmpz_series(derivative, count + 1) / fmpz_series(reverse, count + 1)
        return [series[i] for i in range(count + 1)]
    finally:
        flint.ctx.cap = old


def from_power_sums(sums: list[fmpq], degree: int) -> fmpz_poly:
    """The monic integer polynomial of that degree with the power sums ``sums[1..degree]``."""
    old, flint.ctx.cap = flint.ctx.cap, degree + 2
    try:
        logarithm = fmpq_series([fmpq(0), *(-sums[k] / k for k in range(1, degree + 1))], 1, degree + 1)
        series = logarithm.exp()
        return fmpq_poly([series[degree - i] for i in range(degree + 1)]).numer()
    finally:
        flint.ctx.cap = old


def pair_resolvent(f: fmpz_poly, shift: int) -> fmpz_poly:
    """The polynomial of (a + shift)(b + shift) over all pairs of roots of a monic f, exactly."""
    n = f.degree()
    size = n * (n - 1) // 2
    p = power_sums(f(fmpz_poly([-shift, 1])), 2 * size)
    return from_power_sums([fmpq(p[k] * p[k] - p[2 * k], 2) for k in range(size + 1)], size)


@lru_cache(maxsize=64)
def _pair_orbits(coefficients: tuple[int, ...]) -> PairOrbits:
    f = fmpz_poly(list(coefficients))
    if f.degree() > MAX_DEGREE:
        raise TooLarge(f"orbits on pairs of roots are computed up to degree {MAX_DEGREE}")
    for shift in (1, 2, -1, 3, -2, 5, 7, -5, 11, 13):
        resolvent = pair_resolvent(f, shift)
        if resolvent.gcd(resolvent.derivative()).degree() == 0:
            factors = sorted((q for q, _ in resolvent.factor()[1]), key=fmpz_poly.degree)
            return PairOrbits(shift, tuple(q.degree() for q in factors), tuple(factors))
    raise TooLarge("no small shift makes the pair polynomial squarefree")


def pair_orbits(f: fmpz_poly) -> PairOrbits:
    """The orbits on pairs of roots of the irreducible polynomial f, as the factors of the pair polynomial.

    >>> pair_orbits(fmpz_poly([-2, 0, 0, 0, 1])).lengths
    (2, 4)
    """
    return _pair_orbits(tuple(int(c) for c in monic(f).coeffs()))


def locate(factors: tuple[fmpz_poly, ...], values: list[tuple[int, acb]]) -> list[list[int]] | None:
    """For each factor the labels of the values that are its roots; None when the balls are too wide to tell.

    The values are exactly the roots of the product of the factors, each once.
    """
    left = values
    out = list[list[int]]()
    for factor in factors[:-1]:
        inside = [(label, z) for label, z in left if factor(z).contains(acb(0))]
        if len(inside) != factor.degree():
            return None
        chosen = {label for label, _ in inside}
        out.append([label for label, _ in inside])
        left = [item for item in left if item[0] not in chosen]
    out.append([label for label, _ in left])
    return out


@lru_cache(maxsize=64)
def _reference(coefficients: tuple[int, ...]) -> list[acb]:
    return [z for z, _ in enclose(fmpz_poly(list(coefficients)), 96)]


def monic_roots(f: fmpz_poly, bits: int) -> list[acb]:
    """Balls for the roots of a squarefree f, numbered the same at every precision (as ``enclose`` does at 96 bits)."""
    reference = _reference(tuple(int(c) for c in f.coeffs()))
    if bits <= 96:
        return list(reference)
    fine = [z for z, _ in enclose(f, bits)]
    out = list[acb]()
    for k, wide in enumerate(reference):
        if not wide.overlaps(fine[k]) or any(wide.overlaps(z) for z in fine[max(0, k - 1) : k]):
            near = [z for z in fine if z.overlaps(wide)]  # ties in the order fall differently at another precision
            if len(near) != 1:
                raise TooLarge("the roots are too close together")
            out.append(near[0])
        else:
            out.append(fine[k])
    return out


def located_pairs(f: fmpz_poly) -> list[list[Pair]]:
    """The orbits on pairs of the monic irreducible f, as pairs of root numbers (i < j)."""
    orbits = pair_orbits(f)
    n = f.degree()
    every = [(i, j) for i in range(n) for j in range(i + 1, n)]
    if len(orbits.factors) == 1:
        return [every]
    bits = 96 + max(q.height_bits() for q in orbits.factors[:-1]) // 2
    while bits < MAX_BITS:
        with flint.ctx.workprec(bits):
            roots = [z + orbits.shift for z in monic_roots(f, bits)]
            found = locate(orbits.factors, [(k, roots[i] * roots[j]) for k, (i, j) in enumerate(every)])
        if found is not None:
            return [[every[k] for k in labels] for labels in found]
        bits *= 2
    raise TooLarge("the pairs of roots are too close together to be told apart")


def components(n: int, edges: list[Pair]) -> Blocks:
    """The connected components of a graph on 0..n-1, sorted."""
    parent = list(range(n))

    def find(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for i, j in edges:
        parent[find(i)] = find(j)
    groups = dict[int, list[int]]()
    for i in range(n):
        groups.setdefault(find(i), []).append(i)
    return tuple(sorted(tuple(g) for g in groups.values()))


def _join(n: int, first: Blocks, second: Blocks) -> Blocks:
    return components(n, [(b[0], i) for b in (*first, *second) for i in b[1:]])


@lru_cache(maxsize=64)
def _block_systems(coefficients: tuple[int, ...]) -> tuple[Blocks, ...]:
    f = fmpz_poly(list(coefficients))
    n = f.degree()
    if n < 4 or fmpz(n).is_prime() or len(pair_orbits(f).lengths) == 1:
        return ()
    principal = {components(n, orbit) for orbit in located_pairs(f)}
    systems = set(principal)
    frontier = list(systems)
    while frontier and len(systems) <= MAX_SYSTEMS:
        fresh = {_join(n, a, b) for a in frontier for b in principal} - systems
        systems |= fresh
        frontier = list(fresh)
    return tuple(sorted((s for s in systems if 1 < len(s) < n), key=lambda s: (len(s), s)))


def block_systems(f: fmpz_poly) -> tuple[Blocks, ...]:
    """Every nontrivial block system of the Galois group of the irreducible f on its roots, few blocks first.

    >>> block_systems(fmpz_poly([1, 0, 0, 0, 1]))
    (((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2)))
    """
    return _block_systems(tuple(int(c) for c in monic(f).coeffs()))


def _field(f: fmpz_poly, lead: fmpz, blocks: Blocks) -> Subfield:
    """The subfield of a block system of a monic f; ``lead`` scales its root back to that of the caller's polynomial."""
    n = f.degree()
    bits = 128 + 2 * f.height_bits()
    while bits < MAX_BITS:
        with flint.ctx.workprec(bits):
            roots = monic_roots(f, bits)
            best = None
            for values in _generators(roots, blocks):
                h = acb_poly.from_roots(values).unique_fmpz_poly()
                if h is None or h.gcd(h.derivative()).degree() > 0:
                    continue
                if best is None or h.height_bits() < best[0].height_bits():
                    best = (h, values)
            if best is not None:
                numerator = _interpolate(f, roots, blocks, best[1])
                if numerator is not None:
                    h = best[0]
                    modulus = fmpq_poly(f)
                    _, inverse, _ = fmpq_poly(f.derivative()).xgcd(modulus)
                    g = (fmpq_poly(numerator) * inverse) % modulus
                    if not evaluate_mod(h, g, modulus).is_zero():
                        raise ArithmeticError("a subfield failed its exact check")
                    return Subfield(h, g(fmpq_poly([0, lead])), blocks)
        bits *= 2
    raise TooLarge(f"no generator of the subfield of degree {len(blocks)} was found up to {MAX_BITS} bits ({n} roots)")


def _generators(roots: list[acb], blocks: Blocks) -> list[list[acb]]:
    """Symmetric functions of each block that may separate the blocks; simplest first."""
    out = [[sum((roots[i] for i in b[1:]), roots[b[0]]) for b in blocks]]
    for shift in (0, 1, -1, 2, 3):
        values = list[acb]()
        for b in blocks:
            product = acb(1)
            for i in b:
                product = product * (roots[i] + shift)
            values.append(product)
        out.append(values)
    return out


def _interpolate(f: fmpz_poly, roots: list[acb], blocks: Blocks, values: list[acb]) -> fmpz_poly | None:
    """sum over i of v_i * f/(x - a_i): integral, and v_i = (this)(a_i) / f'(a_i)."""
    total = acb_poly([])
    coefficients = [acb(c) for c in f.coeffs()][::-1]
    for block, value in zip(blocks, values, strict=True):
        for i in block:
            quotient, carry = list[acb](), acb(0)
            for c in coefficients[:-1]:
                carry = carry * roots[i] + c
                quotient.append(carry)
            total = total + acb_poly(quotient[::-1]) * value
    return total.unique_fmpz_poly()


def evaluate_mod(h: fmpz_poly, g: fmpq_poly, modulus: fmpq_poly) -> fmpq_poly:
    """h(g(x)) mod modulus, by Horner's rule."""
    out = fmpq_poly([])
    for c in list(h.coeffs())[::-1]:
        out = (out * g + c) % modulus
    return out


def field_of(f: fmpz_poly, blocks: Blocks) -> Subfield:
    """The subfield of one block system of the irreducible f."""
    return _field(monic(f), f.leading_coefficient(), blocks)


def refines(fine: Blocks, coarse: Blocks) -> bool:
    """Does every block of ``fine`` lie in one of ``coarse``?"""
    home = {i: k for k, b in enumerate(coarse) for i in b}
    return all(len({home[i] for i in b}) == 1 for b in fine)


def chain(f: fmpz_poly) -> tuple[Blocks, ...]:
    """The block systems of a maximal chain of fields strictly between Q and Q(alpha), from Q upward.

    Among the maximal chains, one whose largest step is smallest, and of those the one with the smallest fields first.
    """
    n = f.degree()
    systems = block_systems(f)
    best = dict[Blocks, tuple[list[int], tuple[Blocks, ...]]]()
    single: Blocks = tuple((i,) for i in range(n))
    for top in (*systems, single):  # increasing number of blocks, so everything coarser is done
        below = [s for s in systems if len(s) < len(top) and refines(top, s)]
        maximal = [s for s in below if not any(len(t) > len(s) and refines(t, s) for t in below)]
        options = [(sorted([*best[s][0], len(top) // len(s)], reverse=True), (*best[s][1], s)) for s in maximal]
        best[top] = min(options, default=([len(top)], ()), key=lambda o: o[0])
    return best[single][1]


def tower(f: fmpz_poly) -> SubfieldChain:
    """A maximal chain of fields from Q to Q(alpha); see ``SubfieldChain``. Raises ``TooLarge`` where out of reach.

    >>> t = tower(fmpz_poly([1, 0, -10, 0, 1])); t.degrees, t.fields[0].h
    ((2, 2), x^2 + (-12))
    """
    whole = Subfield(monic(f), fmpq_poly([0, f.leading_coefficient()]), tuple((i,) for i in range(f.degree())))
    return SubfieldChain((*(field_of(f, blocks) for blocks in chain(f)), whole))


def embedding(f: fmpz_poly, small: Subfield, large: Subfield) -> fmpq_poly:
    """q with g_small = q(g_large) mod f: the generator of the small field in terms of that of the large one."""
    n, modulus = f.degree(), fmpq_poly(f)
    powers, current = list[fmpq_poly](), fmpq_poly([1])
    for _ in range(large.degree):
        powers.append(current)
        current = (current * large.g) % modulus
    # the powers span a space of dimension deg(large); least squares over Q solves the consistent system exactly
    matrix = fmpq_mat(n, large.degree, [powers[j][i] for i in range(n) for j in range(large.degree)])
    right = fmpq_mat(n, 1, [small.g[i] for i in range(n)])
    solution = (matrix.transpose() * matrix).solve(matrix.transpose() * right)
    if matrix * solution != right:
        raise ValueError("the first field does not lie in the second")
    return fmpq_poly([solution[i, 0] for i in range(large.degree)])
