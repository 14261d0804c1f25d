"""Steps of prime degree p >= 5 over Q or a subfield, by Lagrange resolvents computed q-adically.

Take a prime q = 1 mod p whose Frobenius is a p-cycle on every block. In the unramified extension of Q_q the roots of a
block b stand in cyclic order a_0, ..., a_{p-1}, and T_k = sum_i z^(ik) a_i. The Galois group, z included, permutes the
pairs (b, k), as sigma(T_{b,k}) is T_{b',k'} times a power of z. So T_k^p, T_jk T_k^(p-j) and T_-k(a) T_k(a^2) are
functions on the pairs that the group respects: over one orbit they are polynomials over Q in one of them, g, which
generates the fixed field of a pair. No root of unity is needed in that field: for p = 5 over Q it is cyclic of degree
at most 4, and real when one root is. The polynomials are found by interpolation over the orbit and read off as
integers. Then x = (T_0 + ... + T_{p-1})/p with T_j a p-th root of an element, linked to T_1 by T_j = e_j T_1^j; or, where
all roots are real, T_j + T_-j = 2 sqrt(T_j T_-j) times the cosine of a p-th part of an angle. No step uses floating
point; complex values only choose which of the conjugates is printed. Source: Lagrange 1770; Dummit 1991; T8 of theory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import log2
from typing import Protocol

from flint import fmpq_poly, fmpz, fmpz_mod, fmpz_mod_ctx, fmpz_mod_poly, fmpz_mod_poly_ctx, fmpz_poly, nmod_poly

from closedform.algebra.galois.subfields import Subfield, monic_roots
from closedform.algebra.radicals.fields import Element, NumberField, constant
from closedform.algebra.radicals.resolvents import Resolvents, roots_from
from closedform.algebra.radicals.terms import Unresolved, Workspace
from closedform.frozen import record
from closedform.kernel.expressions.tree import Tree

MAX_PRIMES = 20_000


class Base(Protocol):
    """A field with its embeddings, and a root of the polynomial asked for."""

    @property
    def field(self) -> NumberField: ...
    @property
    def root(self) -> Element: ...


Solve = Callable[[fmpz_poly, Workspace], Base]
Points = list[tuple[int, int, fmpz_mod]]  # (block b, k, g_{b, k})


@record
class Local:
    """The roots of f in one unramified extension of Z/q^N for each block, in Frobenius order."""

    p: int
    ring: fmpz_mod_poly_ctx
    moduli: list[fmpz_mod_poly]
    roots: list[list[fmpz_mod_poly]]
    zeta: fmpz_mod

    def times(self, block: int, a: fmpz_mod_poly, b: fmpz_mod_poly) -> fmpz_mod_poly:
        return a.mul_mod(b, self.moduli[block])

    def resolvents(self, block: int, roots: list[fmpz_mod_poly]) -> list[fmpz_mod_poly]:
        z = [self.zeta**k for k in range(self.p)]
        return [sum((a * z[i * k % self.p] for i, a in enumerate(roots)), self.ring([0])) for k in range(self.p)]


def suitable_primes(
    f: fmpz_poly, p: int, below: Subfield | None, workspace: Workspace
) -> Iterator[tuple[int, list[nmod_poly]]]:
    """Primes q = 1 mod p modulo which f is a product of factors of degree p, one for each block."""
    q, tried = p, 0
    while tried < MAX_PRIMES:
        q += 2 * p if q % 2 else p
        if q % p != 1:
            q = q // p * p + 1
        if q < 30 or not fmpz(q).is_prime():
            continue
        tried += 1
        if tried % 64 == 0:
            workspace.budget.check()
        factors = nmod_poly([int(c % q) for c in f.coeffs()], q).factor()[1]
        if any(e != 1 or g.degree() != p for g, e in factors):
            continue
        if below is not None:
            if below.g.denom() % q == 0:
                continue
            inverse = pow(int(below.g.denom() % q), -1, q)
            g = nmod_poly([int(c % q) * inverse % q for c in below.g.numer().coeffs()], q)
            if any((g % part).degree() > 0 for part, _ in factors):
                continue
        yield q, [part for part, _ in factors]
    raise Unresolved(f"no small prime shows a cycle of length {p} in every block")


def lift(f: fmpz_poly, p: int, q: int, factors: list[nmod_poly], bits: int) -> Local:
    """Hensel: all roots of f modulo q^N > 2^bits in Frobenius order, and a primitive p-th root of unity."""
    exponent = 1
    while q**exponent < 1 << bits:
        exponent += 1
    modulus = fmpz(q) ** exponent
    context = fmpz_mod_ctx(modulus)
    ring = fmpz_mod_poly_ctx(context)
    moduli, roots = list[fmpz_mod_poly](), list[list[fmpz_mod_poly]]()
    df = f.derivative()
    for part in factors:
        part = part / part.leading_coefficient()
        top = ring([int(c) for c in part.coeffs()])
        images, image = list[fmpz_mod_poly](), nmod_poly([0, 1], q)
        frobenius = image.pow_mod(q, part)
        for _ in range(p):
            slope = _composed(df, image, part, nmod_poly([0], q))
            common, inverse, _ = slope.xgcd(part)
            inverse = inverse / common[0]
            y, u, precision = ring([int(c) for c in image.coeffs()]), ring([int(c) for c in inverse.coeffs()]), 1
            while precision < exponent:
                y = y - (_lift_at(f, y, top, ring) * u) % top
                precision *= 2
                if precision < exponent:
                    u = (u * (ring([2]) - (_lift_at(df, y, top, ring) * u) % top)) % top
            images.append(y)
            image = image.compose_mod(frobenius, part)
        moduli.append(top)
        roots.append(images)
    base = next(w for w in range(2, q) if pow(w, (q - 1) // p, q) != 1)
    zeta = context(pow(int(base), int((q - 1) // p * fmpz(q) ** (exponent - 1)), int(modulus)))
    return Local(p, ring, moduli, roots, zeta)


def _composed(f: fmpz_poly, y: nmod_poly, modulus: nmod_poly, out: nmod_poly) -> nmod_poly:
    for c in list(f.coeffs())[::-1]:
        out = (out * y + int(c % int(y.modulus()))) % modulus
    return out


def _lift_at(f: fmpz_poly, y: fmpz_mod_poly, modulus: fmpz_mod_poly, ring: fmpz_mod_poly_ctx) -> fmpz_mod_poly:
    out = ring([0])
    for c in list(f.coeffs())[::-1]:
        out = (out * y + c) % modulus
    return out


def _scalar(a: fmpz_mod_poly) -> fmpz_mod:
    if a.degree() > 0:
        raise Unresolved("a resolvent is not invariant: the group of a step is not as expected")
    return a[0]


def _integers(values: list[fmpz_mod], modulus: fmpz) -> fmpz_poly:
    out = list[fmpz]()
    for v in values:
        c = fmpz(int(v))
        out.append(c - modulus if 2 * c > modulus else c)
    return fmpz_poly(out)


@record
class Orbit:
    """The pairs (b, k) whose g are the roots of the irreducible m."""

    p: int
    m: fmpz_poly
    points: Points
    local: Local

    def element(self, value: Callable[[int, int], fmpz_mod]) -> fmpq_poly:
        """The polynomial with value(b, k), algebraically integral, at each g_{b,k}."""
        total = self.local.ring([0])
        for b, k, g in self.points:
            total = total + _quotient(self.m, g, self.local) * value(b, k)
        exact = fmpq_poly(_integers(list(total.coeffs()), self.local.ring.modulus()))
        slope, modulus = fmpq_poly(self.m.derivative()), fmpq_poly(self.m)
        return exact if self.m.degree() == 1 else (exact * slope.xgcd(modulus)[1]) % modulus


def _quotient(m: fmpz_poly, g: fmpz_mod, local: Local) -> fmpz_mod_poly:
    """m(X)/(X - g)."""
    out, carry = list[fmpz_mod](), 0 * g
    for c in list(m.coeffs())[:0:-1]:
        carry = carry * g + c
        out.append(carry)
    return local.ring([*out[::-1]])


def prime_step(f: fmpz_poly, p: int, below: Subfield | None, workspace: Workspace, solve: Solve) -> list[Tree]:
    """Every root of a monic f whose blocks over ``below`` have p elements on which the group acts as an affine one."""
    n = f.degree()
    radius = max(1.0, *(float(abs(z).upper()) for z in monic_roots(f, 96))) + 1e-9
    count = (p - 1) * n // p
    q, factors = next(suitable_primes(f, p, below, workspace))
    for first, second in ((1, 2), (1, 3), (2, 3)):
        size = 2 * log2(p) + (first + second) * log2(radius) + 1  # of g and one
        local = lift(f, p, q, factors, int(count * size + p * log2(p * radius) + 4 * log2(p * n) + 64))
        blocks = range(len(local.roots))
        resolvents = [local.resolvents(b, local.roots[b]) for b in blocks]
        one, other = (
            [local.resolvents(b, [_powers(local, b, a, e)[e] for a in local.roots[b]]) for b in blocks]
            for e in (first, second)
        )
        values = [(b, k, _scalar(local.times(b, one[b][-k % p], other[b][k]))) for b in blocks for k in range(1, p)]
        orbit = _orbit(p, local, values, resolvents)
        if orbit is not None:
            return _over_orbit(f, orbit, resolvents, workspace, solve)
    raise Unresolved("no invariant generates the field of the resolvents")


def _powers(local: Local, b: int, w: fmpz_mod_poly, p: int) -> list[fmpz_mod_poly]:
    out = [local.ring([1])]
    for _ in range(p):
        out.append(local.times(b, out[-1], w))
    return out


def _orbit(p: int, local: Local, values: Points, resolvents: list[list[fmpz_mod_poly]]) -> Orbit | None:
    """The smallest orbit on which g takes different values and no resolvent vanishes."""
    whole = local.ring([1])
    for _, _, g in values:
        whole = whole * local.ring([-g, 1])
    found = list[Orbit]()
    for m, e in _integers(list(whole.coeffs()), local.ring.modulus()).factor()[1]:
        points = [(b, k, g) for b, k, g in values if _is_root(m, g)]
        if e == 1 and len(points) == m.degree() and all(not resolvents[b][k].is_zero() for b, k, _ in points):
            found.append(Orbit(p, m, points, local))
    return min(found, key=lambda o: (o.m.degree(), o.m.height_bits()), default=None)


def _is_root(m: fmpz_poly, v: fmpz_mod) -> bool:
    out = 0 * v
    for c in list(m.coeffs())[::-1]:
        out = out * v + c
    return out == 0


def _over_orbit(
    f: fmpz_poly, orbit: Orbit, resolvents: list[list[fmpz_mod_poly]], workspace: Workspace, solve: Solve
) -> list[Tree]:
    p, local = orbit.p, orbit.local
    powers = [[_powers(local, b, w, p) for w in resolvents[b]] for b in range(len(resolvents))]
    base = solve(orbit.m, workspace)

    def inside(value: Callable[[int, int], fmpz_mod_poly]) -> Element:
        return base.field.at(orbit.element(lambda b, k: _scalar(value(b, k))), base.root)

    def linked(j: int, sign: int) -> Element:
        """T_j T_1^(p-j), for the opposite pair where the sign is -1."""
        return inside(lambda b, k: local.times(b, resolvents[b][sign * j * k % p], powers[b][sign * k % p][p - j]))

    zero = constant(0)
    radicand = [zero, *(inside(lambda b, k, j=j: powers[b][j * k % p][p]) for j in range(1, p))]
    norm = [
        inside(lambda b, k, j=j: local.times(b, resolvents[b][j * k % p], resolvents[b][-j * k % p])) for j in range(p)
    ]
    below, across = base.field.inverse(radicand[1]), radicand[-1]
    link = [zero, *(base.field.times(linked(j, 1), below) for j in range(1, p))]
    opposite = (
        [zero, *(base.field.times(linked(j, -1), base.field.inverse(across)) for j in range(1, p))]
        if not across.is_zero()
        else []
    )
    centre = inside(lambda b, k: resolvents[b][0])
    known = Resolvents(p, base.field, centre, radicand, norm, link, opposite)
    return roots_from(f, known, workspace)
