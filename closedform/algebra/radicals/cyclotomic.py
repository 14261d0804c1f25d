"""Numbers in Q(z), z = exp(2 pi i/p): recognised by lattice reduction, and written with few terms.

A recognised number is only a candidate (its coefficients are small where an accident would have large ones); the
kernel proves the expressions in which it is used.
"""

from __future__ import annotations

from dataclasses import replace

import flint
from flint import acb, arb, fmpq, fmpq_poly, fmpz_mat, fmpz_poly

from closedform.algebra.radicals.fields import LEVELS, Element, NumberField
from closedform.algebra.radicals.terms import Workshop, cosine, negate, operations, unity
from closedform.kernel.claims.tower import substitute
from closedform.kernel.expression import ZERO, Tree, add, free_names, mul, power

MAX_COEFFICIENT_BITS = 36


def modulus(p: int) -> fmpq_poly:
    return fmpq_poly(fmpz_poly.cyclotomic(p))


def root_of_unity(k: int, order: int) -> acb:
    angle = fmpq(2 * (k % order), order)
    return acb(arb.cos_pi_fmpq(angle), arb.sin_pi_fmpq(angle))


def relation(value: acb, basis: list[acb], bits: int, most: int) -> list[fmpq] | None:
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


def recognised(tree: Tree, p: int, shop: Workshop) -> fmpq_poly | None:
    """The tree as a polynomial in z, p prime; None when it does not seem to lie in Q(z)."""
    if isinstance(tree, fmpq):
        return fmpq_poly([tree])
    bits = 64 + 45 * p
    value = shop.value(tree, bits + 64)
    with flint.ctx.workprec(bits + 64):
        found = relation(value, [root_of_unity(k, p) for k in range(p - 1)], bits, MAX_COEFFICIENT_BITS)
    return None if found is None else fmpq_poly(found)


def absorb(p: int, field: NumberField, shop: Workshop) -> NumberField:
    """The same field, with the names that lie in Q(z) written in z, in all steps so far."""
    wanted = {n for embedding in field.conjugates for t in embedding for n in free_names(t)}
    known = dict[str, Tree]()
    for step in shop.lets:
        shop.budget.check()
        if step.name in wanted:
            inside = recognised(step.name, p, shop)
            if inside is not None:
                known[step.name] = written(p, [inside[k] for k in range(p - 1)])
    if not known:
        return field
    shop.lets = [
        replace(s, exact=substitute(s.exact, known), relation=substitute(s.relation, known))
        if s.name not in known
        else s
        for s in shop.lets
    ]
    conjugates = tuple(tuple(substitute(t, known) for t in embedding) for embedding in field.conjugates)
    return NumberField(field.relations, field.degrees, conjugates)


class Writer:
    """Writes elements of M (x) Q(z) in one embedding of M, generators of M that lie in Q(z) merged with z."""

    def __init__(self, p: int, field: NumberField, embedding: tuple[Tree, ...], shop: Workshop) -> None:
        self.p, self.field, self.embedding = p, field, embedding
        self.names = {step.name: step.exact for step in shop.lets}
        self.inside = [recognised(t, p, shop) for t in embedding]

    def tree(self, element: list[Element]) -> Tree:
        """sum c_v z^v: the shorter of two forms, nested in the generators, or merged with z where that is possible."""
        plain = written(self.p, [self.field.tree(c, self.embedding) for c in element])
        if all(value is None for value in self.inside):
            return plain
        merged = self._merged(element)
        return min(merged, plain, key=lambda t: operations(t, self.names))

    def _merged(self, element: list[Element]) -> Tree:
        groups, m = dict[tuple[int, ...], fmpq_poly](), modulus(self.p)
        for v, c in enumerate(element):
            for exponents, coefficient in c.terms():
                term = fmpq_poly([0] * v + [fmpq(coefficient)]) % m
                left = list[int]()
                for level, value in enumerate(self.inside, 1):
                    e = int(exponents[LEVELS - level])
                    left.append(e if value is None else 0)
                    if value is not None:
                        for _ in range(e):
                            term = term * value % m
                groups[tuple(left)] = groups.get(tuple(left), fmpq_poly([])) + term
        terms = list[Tree]()
        for exponents, value in sorted(groups.items())[::-1]:
            powers = [power(t, fmpq(e)) for t, e in zip(self.embedding, exponents, strict=True) if e]
            terms.append(mul(written(self.p, [value[k] for k in range(self.p - 1)]), *powers))
        kept = [t for t in terms if t != ZERO]
        return add(*kept) if kept else ZERO


def written(p: int, coefficients: list[Tree]) -> Tree:
    """sum c_v z^v over v < p - 1, rewritten with few terms and cosines where z^v and z^-v go together."""
    c = [*coefficients, *[ZERO] * (p - len(coefficients))]
    spread = max(c[1:], key=lambda x: (c[1:].count(x), x == ZERO))
    if spread != ZERO and all(isinstance(x, fmpq) for x in c):
        c = [add(x, negate(spread)) for x in c]
    terms = [c[0]] if c[0] != ZERO else []
    for v in range(1, (p + 1) // 2):
        if c[v] == c[p - v]:
            if c[v] != ZERO:
                terms.append(mul(fmpq(2), c[v], cosine(fmpq(v, p))))
        else:
            terms += [mul(c[k], unity(fmpq(k, p))) for k in (v, p - v) if c[k] != ZERO]
    return add(*terms) if terms else ZERO
