"""Roots of irreducible polynomials over Q in radicals, by towers of subfields; see ``radical_roots``."""

from __future__ import annotations

import flint
from flint import acb, acb_poly, fmpq, fmpq_poly, fmpz, fmpz_poly

from closedform.algebra.galois.subfields import Subfield, TooLarge, chain, field_of, monic, monic_roots
from closedform.algebra.radicals.kummer import prime_step
from closedform.algebra.radicals.steps import RATIONALS, Field, compose, constant, relative_roots, square_part
from closedform.algebra.radicals.terms import Unresolved, Workshop, add, mul, negate, rational_root, unity
from closedform.kernel.expression import Tree

MAX_BITS = 1 << 15


def simplify(f: fmpz_poly) -> tuple[fmpz_poly, fmpq, fmpq]:
    """(g, scale, shift), g monic over Z, with roots of f = scale * (roots of g) + shift; trace removed where it divides."""
    g, scale, shift = monic(f), fmpq(1, f.leading_coefficient()), fmpq(0)
    n = g.degree()
    if g[n - 1] % n == 0 and g[n - 1] != 0:
        move = -g[n - 1] // n
        g, shift = g(fmpz_poly([move, 1])), scale * move
    common = fmpz(0)
    for k in range(n):
        common = common.gcd(g[k])
    if common > 1:
        for prime, _ in common.factor() if common.bit_length() < 200 else ():
            while all(g[k] % prime ** (n - k) == 0 for k in range(n)):
                g = fmpz_poly([g[k] // prime ** (n - k) for k in range(n)] + [1])
                scale *= prime
    return g, scale, shift


def solve(f: fmpz_poly, shop: Workshop) -> list[Tree]:
    """A tree for every root of the irreducible f, in the order of ``monic_roots(monic(f))``."""
    shop.budget.check()
    g, scale, shift = simplify(f)
    trees = [add(mul(scale, t), shift) if (scale, shift) != (1, 0) else t for t in _monic(g, shop)]
    return in_order(f, trees, shop)


def in_order(f: fmpz_poly, trees: list[Tree], shop: Workshop) -> list[Tree]:
    """The trees in the order of ``monic_roots(f)``; each root exactly once."""
    for bits in (192, 768, 3072):
        roots = monic_roots(f, bits)
        found = dict[int, Tree]()
        for tree in trees:
            value = shop.value(tree, bits)
            hit = [i for i, z in enumerate(roots) if z.overlaps(value)]
            if len(hit) == 1:
                found.setdefault(hit[0], tree)
        if len(found) == len(roots):
            return [found[i] for i in range(len(roots))]
    raise Unresolved("the expressions found do not match the roots one by one")


def _monic(f: fmpz_poly, shop: Workshop) -> list[Tree]:
    n = f.degree()
    rational = [constant(fmpq(c)) for c in f.coeffs()]
    if n <= 2:
        return relative_roots(rational, RATIONALS, shop)
    if all(f[k] == 0 for k in range(1, n)):
        return binomial(f, shop)
    try:
        blocks = chain(f)
    except TooLarge as fault:
        raise Unresolved(str(fault)) from fault
    if not blocks:
        if n <= 4:
            return relative_roots(rational, RATIONALS, shop)
        if fmpz(n).is_prime():
            return prime_step(f, n, None, shop, solve)
        raise Unresolved(f"no step for a primitive group of degree {n}")
    below = field_of(f, blocks[-1])
    if n // below.degree <= 4:
        return _over(f, below, shop)
    if fmpz(n // below.degree).is_prime():
        return prime_step(f, n // below.degree, below, shop, solve)
    raise Unresolved(f"no step of relative degree {n // below.degree}")


def binomial(f: fmpz_poly, shop: Workshop) -> list[Tree]:
    n = f.degree()
    t = shop.root(fmpq(-f[0]), n)
    return [shop.name(mul(unity(fmpq(k, n)), t), fmpq_poly(f)) for k in range(n)]


def _over(f: fmpz_poly, below: Subfield, shop: Workshop) -> list[Tree]:
    """One step of degree at most 4 over a subfield that is solved first."""
    g = relative_polynomial(f, below)
    out = list[Tree]()
    if below.degree == 2:  # written with the square root itself, which the kernel knows
        h = below.h
        disc = fmpq(h[1] * h[1] - 4 * h[0])
        r = square_part(disc)
        d, point = disc / (r * r), fmpq_poly([-fmpq(h[1]) / 2, r / 2])
        modulus = fmpq_poly([-d, 0, 1])
        g = [compose(c, point, modulus) for c in g]
        root = rational_root(d, 2)
        fields = [Field(modulus, root), Field(modulus, negate(root))]
    else:
        modulus = fmpq_poly(below.h)
        trees = solve(below.h, shop)
        fields = [Field(modulus, t if isinstance(t, (str, fmpq)) else shop.name(t, modulus)) for t in trees]
    for field in fields:
        shop.budget.check()
        out += relative_roots(g, field, shop)
    return out


def relative_polynomial(f: fmpz_poly, below: Subfield) -> list[fmpq_poly]:
    """The monic polynomial of alpha over Q(beta), its coefficients as polynomials in beta modulo h.

    Each coefficient c has c*h'(beta) in Z[beta] (Euler's dual basis), so balls round to it exactly.
    """
    h, bits = below.h, 128 + 4 * f.height_bits()
    modulus = fmpq_poly(h)
    _, inverse, _ = fmpq_poly(h.derivative()).xgcd(modulus)
    while bits < MAX_BITS:
        with flint.ctx.workprec(bits):
            roots = monic_roots(f, bits)
            numerator, denominator = acb_poly([acb(c) for c in below.g.numer().coeffs()]), acb(below.g.denom())
            sums = list[acb_poly]()
            for block in below.blocks:
                beta = numerator(roots[block[0]]) / denominator
                others = acb_poly([acb(c) for c in _divide(h, beta)])
                local = acb_poly.from_roots([roots[i] for i in block]).coeffs()
                terms = [others * c for c in local]
                sums = [a + b for a, b in zip(sums, terms, strict=True)] if sums else terms
            exact = [s.unique_fmpz_poly() for s in sums]
        if all(e is not None for e in exact):
            return [(fmpq_poly(e) * inverse) % modulus for e in exact if e is not None]
        bits *= 2
    raise Unresolved("the relative polynomial of a step is too large")


def _divide(h: fmpz_poly, at: acb) -> list[acb]:
    """h(X)/(X - at), lowest coefficient first."""
    out, carry = list[acb](), acb(0)
    for c in list(h.coeffs())[:0:-1]:
        carry = carry * at + c
        out.append(carry)
    return out[::-1]
