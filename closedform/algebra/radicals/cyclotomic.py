"""Numbers in Q(z), z = exp(2 pi i/p): recognised in trees, and written with few terms."""

from __future__ import annotations

from collections.abc import Mapping

from flint import fmpq, fmpq_poly, fmpz_poly

from closedform.algebra.radicals.fields import LEVELS, Element, NumberField
from closedform.algebra.radicals.terms import I, cosine, negate, unity
from closedform.kernel.expression import ZERO, Tree, add, mul


def modulus(p: int) -> fmpq_poly:
    return fmpq_poly(fmpz_poly.cyclotomic(p))


def read(tree: Tree, p: int, names: Mapping[str, Tree]) -> fmpq_poly | None:
    """The tree as a polynomial in z, p an odd prime; None when it is not seen to lie in Q(z)."""
    if isinstance(tree, fmpq):
        return fmpq_poly([tree])
    if isinstance(tree, str):
        return read(names[tree], p, names) if tree in names else None
    head, args = str(tree[0]), tree[1:]
    if head == "+":
        total = fmpq_poly([])
        for a in args:
            part = read(a, p, names)
            if part is None:
                return None
            total = total + part
        return total
    if head == "*":
        factors, root = list(args), ("sqrt", fmpq(p))
        total = fmpq_poly([1])
        if p % 4 == 3 and I in factors and root in factors:
            factors.remove(I)
            factors.remove(root)
            total = gauss(p)
        for a in factors:
            part = read(a, p, names)
            if part is None:
                return None
            total = total * part % modulus(p)
        return total
    if head == "sqrt" and args[0] == p and p % 4 == 1:
        return gauss(p)
    if head in ("cos", "exp"):
        angle = next((a for a in (args[0][1:] if isinstance(args[0], tuple) else ()) if isinstance(a, fmpq)), fmpq(1))
        turn = angle / 2 * p  # of z; an integer or half of one
        if turn.q > 2:
            return None
        return _power(turn, p) if head == "exp" else (_power(turn, p) + _power(-turn, p)) / 2
    return None


def _power(turn: fmpq, p: int) -> fmpq_poly:
    """z^turn for an integer or half-integer turn, with z^(1/2) = exp(pi i/p) = -z^((p+1)/2)."""
    twice = int(2 * turn)
    k = twice // 2 % p if twice % 2 == 0 else (twice * (p + 1) // 2) % p
    monomial = fmpq_poly([0] * k + [1 if twice % 2 == 0 else -1])
    return monomial % modulus(p)


def gauss(p: int) -> fmpq_poly:
    """sum (a/p) z^a, which is sqrt(p) or I sqrt(p)."""
    signs = [0] + [1 if pow(a, (p - 1) // 2, p) == 1 else -1 for a in range(1, p)]
    return fmpq_poly(signs) % modulus(p)


def absorb(
    p: int, element: list[Element], field: NumberField, embedding: tuple[Tree, ...], names: Mapping[str, Tree]
) -> list[Tree] | None:
    """The rational coefficients of sum c_v z^v where every generator of the field lies in Q(z) in this embedding."""
    values = list[fmpq_poly]()
    for tree in embedding:
        value = read(tree, p, names)
        if value is None:
            return None
        values.append(value)
    total = fmpq_poly([])
    for v, c in enumerate(element):
        for exponents, coefficient in c.terms():
            term = fmpq_poly([0] * v + [fmpq(coefficient)]) % modulus(p)
            for level, value in enumerate(values, 1):
                for _ in range(int(exponents[LEVELS - level])):
                    term = term * value % modulus(p)
            total = total + term
    return [total[k] for k in range(p - 1)]


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
