"""Roots of abelian polynomials as short sums of roots of unity (Kronecker-Weber; Gauss's periods).

The conductor N and the group H of the field inside Q(z_N) are guessed from the primes that split, the coefficients on
H-periods by lattice reduction; both are only candidates until the kernel has proved the expression.
"""

from __future__ import annotations

from math import gcd

import flint
from flint import acb, arb, fmpq, fmpz, fmpz_mat, fmpz_poly, nmod_poly

from closedform.algebra.galois.subfields import monic_roots
from closedform.algebra.radicals.terms import Workspace, cosine, root_of_unity, unity
from closedform.kernel.expressions.tree import Tree, add, mul

MAX_CONDUCTOR, MAX_PHI = 1500, 160


def periods(f: fmpz_poly, workspace: Workspace) -> list[Tree] | None:
    """A sum of roots of unity for every root of the monic irreducible f; None where none, or none short, is found."""
    n = f.degree()
    order = int(f.is_cyclotomic())
    if order:
        return [unity(fmpq(k, order)) for k in range(1, order) if gcd(k, order) == 1]
    if n & (n - 1) == 0:
        return None  # square roots read better
    split = _splitting(f)
    if split is None:
        return None
    found = _field(f, split)
    if found is None:
        return None
    conductor, group = found
    cosets = _cosets(conductor, group)
    basis = _basis(conductor, group, n)
    if basis is None:
        return None
    coefficients = _coefficients(f, conductor, group, basis)
    if coefficients is None:
        return None
    out = list[Tree]()
    for g in cosets:
        workspace.budget.check()
        weights = dict[int, fmpq]()
        for k, c in zip(basis, coefficients, strict=True):
            for h in group:
                j = k * h * g % conductor
                weights[j] = weights.get(j, fmpq(0)) + c
        terms = _terms(conductor, _sparser(conductor, weights))
        if len(terms) > (2 * n + 6 if fmpz(n).is_prime() else n // 3 + 1):  # else a tower reads better
            return None
        out.append(add(*terms))
    roots = monic_roots(f, 192)
    return out if all(sum(z.overlaps(workspace.value(t)) for t in out) == 1 for z in roots) else None


def _splitting(f: fmpz_poly) -> dict[int, bool] | None:
    """Which small primes split completely; None when the factors modulo some prime differ in degree."""
    out, q, n = dict[int, bool](), 2, f.degree()
    while len(out) < 60:
        q = int(_next_prime(q))
        reduced = nmod_poly([int(c % q) for c in f.coeffs()], q)
        if reduced.gcd(reduced.derivative()).degree() > 0:
            continue
        degrees = {g.degree() for g, _ in reduced.factor()[1]}
        if len(degrees) != 1:
            return None
        out[q] = degrees == {1}
        if n > 12 and len(out) == 40:
            break
    return out


def _next_prime(q: int) -> fmpz:
    q += 1
    while not fmpz(q).is_prime():
        q += 1
    return fmpz(q)


def _field(f: fmpz_poly, split: dict[int, bool]) -> tuple[int, list[int]] | None:
    n, largest = f.degree(), 1
    disc = abs(f.discriminant())
    for p, v in disc.factor(trial_limit=2_000):
        if p > 2_000 or 2 * v < n:  # ramification e > 1 gives the discriminant a factor p^(n - n/e) at least
            continue
        r, exponent = int(p), 0
        while n % r ** (exponent + 1) == 0:
            exponent += 1
        if exponent:
            largest *= r ** (exponent + (1 if r > 2 else 2))
        elif gcd(r - 1, n) > 1:
            largest *= r
    if largest > 100 * MAX_CONDUCTOR:
        return None
    conductors = [d for d in range(3, min(largest, MAX_CONDUCTOR) + 1) if largest % d == 0 and d % 4 != 2]
    for conductor in conductors:
        phi = _phi(conductor)
        if phi % n or phi > MAX_PHI:
            continue
        group = _generated(conductor, [q % conductor for q, s in split.items() if s and conductor % q])
        q = max(split)
        while phi // len(group) > n and q < 40 * conductor:
            q = int(_next_prime(q))
            if conductor % q and _splits(f, q):
                group = _generated(conductor, [*group, q % conductor])
        members, q = set(group), conductor + 1
        while not fmpz(q).is_prime() or disc % q == 0:
            q += conductor
        if not _splits(f, q):
            continue
        if phi // len(group) == n and all(s == (q % conductor in members) for q, s in split.items() if conductor % q):
            return conductor, group
    return None


def _splits(f: fmpz_poly, q: int) -> bool:
    reduced = nmod_poly([int(c % q) for c in f.coeffs()], q)
    x = nmod_poly([0, 1], q)
    return x.pow_mod(q, reduced) == x % reduced


def _phi(n: int) -> int:
    return sum(1 for k in range(1, n + 1) if gcd(k, n) == 1)


def _generated(modulus: int, generators: list[int]) -> list[int]:
    group, frontier = {1}, [1]
    while frontier:
        fresh: set[int] = {a * g % modulus for a in frontier for g in generators} - group
        group |= fresh
        frontier = list(fresh)
    return sorted(group)


def _cosets(conductor: int, group: list[int]) -> list[int]:
    seen, out = set[int](), list[int]()
    for k in range(1, conductor):
        if gcd(k, conductor) == 1 and k not in seen:
            out.append(k)
            seen |= {k * h % conductor for h in group}
    return out


def _basis(conductor: int, group: list[int], n: int) -> list[int] | None:
    """Exponents k whose periods sum_h z^(kh) form a basis of the fixed field, shortest first."""
    modulus = fmpz_poly.cyclotomic(conductor)
    chosen, rows = list[int](), list[list[int]]()
    orbits = {min(k * h % conductor for h in group) for k in range(conductor)}
    order = sorted(orbits, key=lambda k: (len({k * h % conductor for h in group}), gcd(k, conductor) != 1, k))
    for k in order:
        exponents = [0] * conductor
        for h in group:
            exponents[k * h % conductor] += 1
        reduced = fmpz_poly(exponents) % modulus
        row = [int(reduced[i]) for i in range(modulus.degree())]
        if fmpz_mat(len(rows) + 1, len(row), [c for r in (*rows, row) for c in r]).rank() > len(rows):
            chosen.append(k)
            rows.append(row)
            if len(chosen) == n:
                return chosen
    return None


def _coefficients(f: fmpz_poly, conductor: int, group: list[int], basis: list[int]) -> list[fmpq] | None:
    """Rational numbers with sum c_k (period k) = the first root of f, by an integer relation."""
    n = len(basis)
    bits = 64 + 60 * (n + 1) + 2 * f.height_bits()
    with flint.ctx.workprec(bits + 64):
        root = monic_roots(f, bits + 32)[0]
        values = list[acb]()
        for k in basis:
            total = acb(0)
            for h in group:
                total += root_of_unity(k * h, conductor)
            values.append(total)
        return _relation(root, values, bits, 40)  # an accident would have 60 bits and more


def _relation(value: acb, basis: list[acb], bits: int, most: int) -> list[fmpq] | None:
    """Rational c with value = sum c_k basis_k by one lattice reduction; numerators of at most ``most`` bits."""
    n, scale = len(basis), arb(2) ** bits
    rows = list[list[int]]()
    for i, v in enumerate((value, *basis)):
        real, imag = (int((part * scale).mid().floor().unique_fmpz() or 0) for part in (v.real, v.imag))
        rows.append([int(i == j) for j in range(n + 1)] + [real, imag])
    short = fmpz_mat(rows).lll().table()[0]
    if short[0] == 0 or any(abs(int(c)).bit_length() > most for c in short):
        return None
    return [fmpq(-c, short[0]) for c in short[1 : n + 1]]


def _sparser(conductor: int, weights: dict[int, fmpq]) -> dict[int, fmpq]:
    """The same sum with fewer terms: roots of unity that differ by all p-th ones sum to zero."""
    primes = [int(p) for p, _ in fmpz(conductor).factor()]
    for _ in range(3):
        for p in primes:
            step, out = conductor // p, dict[int, fmpq]()
            for r in range(step):
                values = [weights.get(r + k * step, fmpq(0)) for k in range(p)]
                common = max(values, key=lambda v: (values.count(v), v == 0))
                out.update({r + k * step: v - common for k, v in enumerate(values) if v != common})
            weights = out
    return weights


def _terms(conductor: int, weights: dict[int, fmpq]) -> list[Tree]:
    out, done = list[Tree](), set[int]()
    for j in sorted(weights, key=lambda j: min(j, conductor - j)):
        c = weights[j]
        if j in done or c == 0:
            continue
        back = -j % conductor
        done |= {j, back}
        if j == 0:
            out.append(c)
        elif weights.get(back, fmpq(0)) == c and back != j:
            out.append(mul(2 * c, cosine(fmpq(j, conductor))))
        else:
            out += [
                mul(w, unity(fmpq(e, conductor))) for e, w in {j: c, back: weights.get(back, fmpq(0))}.items() if w != 0
            ]
    return out
