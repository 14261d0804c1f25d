"""Roots of irreducible polynomials over Q in radicals, by towers of subfields; see ``radical_roots``."""

from __future__ import annotations

from math import comb

import flint
from flint import acb, acb_poly, fmpq, fmpq_poly, fmpz, fmpz_poly

from closedform.algebra.galois.subfields import Subfield, TooLarge, chain, field_of, monic, monic_roots
from closedform.algebra.radicals.abelian import periods
from closedform.algebra.radicals.affine import affine_step
from closedform.algebra.radicals.fields import Element, NumberField, constant, generator
from closedform.algebra.radicals.kummer import prime_step
from closedform.algebra.radicals.steps import adjoin, dickson, extend
from closedform.algebra.radicals.terms import Unresolved, Workspace
from closedform.frozen import record
from closedform.kernel.expressions.tree import Tree

MAX_BITS = 1 << 15


def simplify(f: fmpz_poly) -> tuple[fmpz_poly, fmpq, fmpq]:
    """(g, scale, shift): g monic over Z, roots of f = scale * (roots of g) + shift."""
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


@record
class SolvedField:
    """A field with all its embeddings in radicals, and the root of a polynomial in it."""

    field: NumberField
    root: Element

    def trees(self) -> list[Tree]:
        return [self.field.tree(self.root, c) for c in self.field.conjugates]


def solve(f: fmpz_poly, workspace: Workspace) -> list[Tree]:
    """A tree for every root of the irreducible f, in the order of ``monic_roots(f)``."""
    return in_order(f, solved(f, workspace).trees(), workspace)


def solved(f: fmpz_poly, workspace: Workspace) -> SolvedField:
    """Q(alpha), f(alpha) = 0, with every embedding in radicals; raises ``Unresolved``."""
    workspace.budget.check()
    g, scale, shift = simplify(f)
    inner = _monic(g, workspace)
    return SolvedField(inner.field, inner.root * scale + shift)


def in_order(f: fmpz_poly, trees: list[Tree], workspace: Workspace) -> list[Tree]:
    """The trees in the order of ``monic_roots(f)``; each root exactly once."""
    for bits in (192, 768, 3072):
        roots = monic_roots(f, bits)
        found = dict[int, Tree]()
        for tree in trees:
            value = workspace.value(tree, bits)
            hit = [i for i, z in enumerate(roots) if z.overlaps(value)]
            if len(hit) == 1:
                found.setdefault(hit[0], tree)
        if len(found) == len(roots):
            return [found[i] for i in range(len(roots))]
    raise Unresolved("the expressions found do not match the roots one by one")


def _monic(f: fmpz_poly, workspace: Workspace) -> SolvedField:
    n = f.degree()
    if n > 2:
        sums = periods(f, workspace)
        if sums is not None:
            return opaque(f, sums, workspace)
        simple = dickson(NumberField(), [constant(fmpq(c)) for c in f.coeffs()], workspace)
        if simple is not None:
            return SolvedField(*simple)
    blocks = ()
    if n > 3 and not fmpz(n).is_prime():
        try:
            blocks = chain(f)
        except TooLarge as fault:
            raise Unresolved(str(fault)) from fault
    if not blocks:
        if n <= 4:
            return SolvedField(*extend(NumberField(), [constant(fmpq(c)) for c in f.coeffs()], workspace))
        if fmpz(n).is_prime():
            return opaque(f, prime_step(f, n, None, workspace, solved), workspace)
        if n in (8, 9):
            return opaque(f, affine_step(f, workspace, solve), workspace)
        raise Unresolved(f"no step for a primitive group of degree {n}")
    below = field_of(f, blocks[-1])
    step = n // below.degree
    if step <= 4 or fmpz(step).is_prime():
        g = relative_polynomial(f, below)
        if step <= 4 or looks_like_dickson(g, below):
            lower = solved(below.h, workspace)
            inside = [lower.field.at(c, lower.root) for c in g]
            found = extend(lower.field, inside, workspace) if step <= 4 else dickson(lower.field, inside, workspace)
            if found is not None:
                return SolvedField(*found)
        return opaque(f, prime_step(f, step, below, workspace, solved), workspace)
    raise Unresolved(f"no step of relative degree {step}")


def opaque(f: fmpz_poly, trees: list[Tree], workspace: Workspace) -> SolvedField:
    """The field with a root of f as its only generator."""
    y, relation = generator(1), [fmpq(c) for c in f.coeffs()]
    polynomial = NumberField().at(fmpq_poly(f), y)
    return SolvedField(
        adjoin(NumberField(), polynomial, f.degree(), [[workspace.named(t, relation) for t in trees]]), y
    )


def looks_like_dickson(g: list[fmpq_poly], below: Subfield) -> bool:
    """A necessary condition, cheap: the coefficient of x^(n-3) vanishes about the mean of the roots."""
    n, field = len(g) - 1, fmpq_poly(below.h)
    h = g[n - 1] * fmpq(-1, n)
    hh = h * h % field
    cubic = g[n - 3] + g[n - 2] * h * (n - 2) + g[n - 1] * hh * comb(n - 1, 2) + hh * h * comb(n, 3)
    return (cubic % field).is_zero()


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
