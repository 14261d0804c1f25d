"""Steps of prime degree p >= 5 over Q or a subfield, by Lagrange resolvents computed q-adically.

Take a prime q = 1 mod p whose Frobenius is a p-cycle on every block. In the unramified extension of Q_q the roots of
a block stand in cyclic order a_0, ..., a_{p-1} and T_k = sum_i z^(ik) a_i has T_k^p in Q_q. The invariants
kappa_a = sum_i a_i a_{i+a}^2 generate the fixed field M of the p-cycles; T_k^p and T_{p-m} T_1^m are functions of
(kappa, z) on which the Galois group acts compatibly, so they are given by polynomials over Q in kappa and z, found by
interpolation over all conjugates and read off as integers (T_1^p and its like are algebraic integers). No step uses
floating point; complex values only choose which of the conjugates is printed. Source: Lagrange 1770; T8 of theory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import log2
from typing import Protocol

from flint import (
    acb,
    fmpq,
    fmpq_poly,
    fmpz,
    fmpz_mod,
    fmpz_mod_ctx,
    fmpz_mod_poly,
    fmpz_mod_poly_ctx,
    fmpz_poly,
    nmod_poly,
)

from closedform.algebra.galois.subfields import Subfield, monic_roots
from closedform.algebra.radicals.cyclotomic import Writer, absorb
from closedform.algebra.radicals.fields import Element, NumberField, constant
from closedform.algebra.radicals.terms import Unresolved, Workshop, negate, turn
from closedform.kernel.expression import MINUS, ZERO, Tree, add, mul, power

MAX_PRIMES = 20_000


class Base(Protocol):
    """A field with its embeddings, and a root of the polynomial asked for."""

    @property
    def field(self) -> NumberField: ...
    @property
    def root(self) -> Element: ...


Solve = Callable[[fmpz_poly, Workshop], Base]
Points = list[tuple[int, int, fmpz_mod]]  # (block, a, kappa_{block, a})


@dataclass(frozen=True)
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
    f: fmpz_poly, p: int, below: Subfield | None, shop: Workshop
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
            shop.budget.check()
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
            slope = _at(df, image, part, nmod_poly([0], q))
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


def _at(f: fmpz_poly, y: nmod_poly, modulus: nmod_poly, out: nmod_poly) -> nmod_poly:
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


@dataclass(frozen=True)
class Algebra:
    """Q(kappa) (x) Q(z): an element is a list of p - 1 polynomials in kappa, the coefficients of z^0 .. z^(p-2)."""

    p: int
    m: fmpz_poly
    points: Points
    local: Local
    modulus: fmpz

    def element(self, value: Callable[[int, int], fmpz_mod]) -> list[fmpq_poly]:
        """The element with value(block, k) at kappa_{block, a} and z^j, k = j/a mod p; algebraically integral."""
        p, zeta = self.p, self.local.zeta
        z = [zeta**k for k in range(p)]
        quotients = [self._quotient(kappa) for _, _, kappa in self.points]
        rows = [[value(b, j * pow(a, -1, p) % p) for j in range(1, p)] for b, a, _ in self.points]
        out = list[fmpq_poly]()
        slope = fmpq_poly(self.m.derivative())
        inverse = slope.xgcd(fmpq_poly(self.m))[1] if self.m.degree() > 1 else fmpq_poly([1])
        for v in range(p - 1):  # c_v = (Tr(x z^-v) - Tr(x z))/p
            total = self.local.ring([0])
            for row, quotient in zip(rows, quotients, strict=True):
                trace = sum(((z[-v * j % p] - z[j]) * x for j, x in enumerate(row, 1)), 0 * zeta)
                total = total + quotient * trace
            exact = fmpq_poly(_integers(list(total.coeffs()), self.modulus)) / p
            out.append((exact * inverse) % fmpq_poly(self.m) if self.m.degree() > 1 else exact)
        return out

    def rational(self, value: Callable[[int], fmpz_mod]) -> fmpq_poly:
        """As ``element`` for something that does not depend on z."""
        total = self.local.ring([0])
        for b, _, kappa in self.points:
            total = total + self._quotient(kappa) * value(b)
        exact = fmpq_poly(_integers(list(total.coeffs()), self.modulus))
        if self.m.degree() == 1:
            return exact
        return (exact * fmpq_poly(self.m.derivative()).xgcd(fmpq_poly(self.m))[1]) % fmpq_poly(self.m)

    def _quotient(self, kappa: fmpz_mod) -> fmpz_mod_poly:
        """m(X)/(X - kappa)."""
        out, carry = list[fmpz_mod](), 0 * kappa
        for c in list(self.m.coeffs())[:0:-1]:
            carry = carry * kappa + c
            out.append(carry)
        return self.local.ring([*out[::-1]])


def prime_step(f: fmpz_poly, p: int, below: Subfield | None, shop: Workshop, solve: Solve) -> list[Tree]:
    """Every root of a monic f whose blocks over ``below`` have p elements on which the group acts as an affine one."""
    n = f.degree()
    radius = max(float(abs(z).upper()) for z in monic_roots(f, 96)) + 1e-9
    size = max(log2(p * radius), 1.0)
    count = (p - 1) * n // p
    q, factors = next(suitable_primes(f, p, below, shop))
    for exponent in (2, 3, p - 1):  # sums of a_i a_{i+a}^e; below p they vanish for x^p - c and its kin
        kappa_size = log2(p * max(radius, 1.0) ** (1 + exponent) + 2)
        bits = int(
            max(p * size + (count - 1) * (kappa_size + 1), (count + 1) * (kappa_size + 1)) + 4 * log2(p * n) + 64
        )
        local = lift(f, p, q, factors, bits)
        found = _fixed_field(p, local, local.ring.modulus(), exponent)
        if found is not None:
            return _from_local(f, p, local, found, shop, solve)
    raise Unresolved("no invariant generates the fixed field of the cycles")


def _from_local(
    f: fmpz_poly, p: int, local: Local, fixed: tuple[fmpz_poly, Points], shop: Workshop, solve: Solve
) -> list[Tree]:
    blocks = range(len(local.roots))
    modulus = local.ring.modulus()
    m, points = fixed
    algebra = Algebra(p, m, points, local, modulus)
    resolvents = [local.resolvents(b, local.roots[b]) for b in blocks]
    basis = resolvents
    for shift in (0, 1, -1, 2):
        if all(w[k] != 0 for w in basis for k in range(1, p)):
            break
        moved = [[local.times(b, a, a + shift) for a in local.roots[b]] for b in blocks]
        basis = [local.resolvents(b, moved[b]) for b in blocks]
    powers = [[_powers(local, b, w, p) for w in basis[b]] for b in blocks]
    radicand = algebra.element(lambda b, k: _scalar(powers[b][k][p]))
    norm = algebra.element(lambda b, k: _scalar(local.times(b, basis[b][k], basis[b][-k % p])))
    trace = algebra.rational(lambda b: _scalar(resolvents[b][0]))
    plain = basis is resolvents
    middle = [
        algebra.element(lambda b, k, i=i: _scalar(local.times(b, resolvents[b][-i * k % p], powers[b][k][i])))
        for i in range(2 if plain else 1, (p + 1) // 2)
    ]
    base = solve(m, shop)
    field = absorb(p, base.field, shop)
    elements = [[field.at(c, base.root) for c in e] for e in (radicand, norm, *middle)]
    centre = field.at(trace, base.root)
    real_first = sorted(field.conjugates, key=lambda c: not all(shop.value(t).imag.contains(0) for t in c))
    found = list[Tree]()
    roots = monic_roots(f, 192)
    missing = set(range(len(roots)))
    for embedding in real_first:
        shop.budget.check()
        trees = _block(p, elements, centre, field, embedding, plain, shop)
        hits = list[int]()
        for tree in trees:
            value = shop.value(tree)
            hits += [i for i in missing if roots[i].overlaps(value)]
        if len(set(hits)) == p:
            found += trees
            missing -= set(hits)
        if not missing:
            return found
    raise Unresolved(f"the resolvents of a step of degree {p} do not give every root")


def _powers(local: Local, b: int, w: fmpz_mod_poly, p: int) -> list[fmpz_mod_poly]:
    out = [local.ring([1])]
    for _ in range(p):
        out.append(local.times(b, out[-1], w))
    return out


def _fixed_field(p: int, local: Local, modulus: fmpz, exponent: int) -> tuple[fmpz_poly, Points] | None:
    """The minimal polynomial of an invariant of the p-cycles, and its conjugates (block, a, value)."""
    best: tuple[fmpz_poly, Points] | None = None
    values: Points = []
    for b, roots in enumerate(local.roots):
        raised = [_powers(local, b, a, exponent)[exponent] for a in roots]
        for a in range(1, p):
            total = sum((local.times(b, roots[i], raised[(i + a) % p]) for i in range(p)), local.ring([0]))
            values.append((b, a, _scalar(total)))
    whole = local.ring([1])
    for _, _, v in values:
        whole = whole * local.ring([-v, 1])
    for m, e in _integers(list(whole.coeffs()), modulus).factor()[1]:
        points = [(b, a, v) for b, a, v in values if _is_root(m, v)]
        if e != 1 or len(points) != m.degree():
            continue
        if best is None or (m.degree(), m.height_bits()) < (best[0].degree(), best[0].height_bits()):
            best = (m, points)
    return best


def _is_root(m: fmpz_poly, v: fmpz_mod) -> bool:
    out = 0 * v
    for c in list(m.coeffs())[::-1]:
        out = out * v + c
    return out == 0


def _conjugate(p: int, element: list[Element], k: int) -> list[Element]:
    """z -> z^k."""
    out = [constant(0)] * p
    for v, c in enumerate(element):
        out[v * k % p] = out[v * k % p] + c
    return [c - out[p - 1] for c in out[: p - 1]]


def _block(
    p: int,
    elements: list[list[Element]],
    centre: Element,
    field: NumberField,
    embedding: tuple[Tree, ...],
    plain: bool,
    shop: Workshop,
) -> list[Tree]:
    tree = Writer(p, field, embedding, shop).tree
    candidates = list[tuple[bool, int, Tree, acb]]()
    for k in range(1, (p + 1) // 2 if plain else 2):
        radicand = tree(_conjugate(p, elements[0], k))
        value = shop.value(radicand)
        candidates.append((not (value.imag.contains(0) and value.real > 0), k, radicand, value))
    _, k, radicand, _ = min(candidates, key=lambda c: c[:2])
    norm = tree(_conjugate(p, elements[1], k))
    t = shop.real_root(radicand, p)
    pairs = [(tree(_conjugate(p, e, k)), tree(_conjugate(p, e, -k % p))) for e in elements[2:]]
    out = list[Tree]()
    for s in range(p):  # one formula in t, for every p-th root t of the radicand
        own = shop.next_name()
        root = shop.name(turn(fmpq(s, p), t), add(power(own, fmpq(p)), negate(radicand)))
        terms = [root, mul(norm, power(root, MINUS))] if plain else []
        for i, (first, second) in enumerate(pairs, 2 if plain else 1):
            if first != ZERO:
                terms.append(mul(first, power(root, fmpq(-i))))
            if second != ZERO:
                scale = norm ** (-i) if isinstance(norm, fmpq) else power(norm, fmpq(-i))
                terms.append(mul(second, power(root, fmpq(i)), scale))
        out.append(mul(fmpq(1, p), add(*terms, tree([centre]))))
    return out
