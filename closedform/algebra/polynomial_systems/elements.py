"""Numbers in the field of a zero: an unknown, or a loss, at the roots of one irreducible factor of a univariate form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flint import acb, acb_poly, arb, ctx, fmpq, fmpq_poly, fmpz, fmpz_poly

from closedform.algebra.polynomial_systems.solution import SystemSolution
from closedform.algebra.polynomial_systems.univariate_roots import roots_at

MAX_DEGREE = 40
MAX_BITS = 200_000


def coordinates(solution: SystemSolution, factor: fmpz_poly) -> list[fmpq_poly]:
    """Every unknown as a polynomial in u modulo ``factor``, over Q."""
    form = solution.form
    if form is None:
        raise ValueError("no parametrisation")
    g = fmpq_poly(factor)
    inverse = inverted(fmpq_poly(form.denominator) % g, g)
    values: dict[int, fmpq_poly] = {
        i: fmpq_poly(t) % g * inverse % g for i, t in zip(solution.kept, form.numerators, strict=True)
    }
    for i, terms, scale in reversed(solution.eliminated):
        values[i] = evaluated(terms, values, g) / scale
    return [values[i] for i in range(len(solution.names))]


def inverted(a: fmpq_poly, g: fmpq_poly) -> fmpq_poly:
    """The inverse of a modulo g; they must be coprime."""
    common, s, _ = a.xgcd(g)
    if common.degree() != 0:
        raise ZeroDivisionError("not invertible")
    return s / common[0] % g


def evaluated(terms: Mapping[tuple[int, ...], int | fmpq], values: dict[int, fmpq_poly], g: fmpq_poly) -> fmpq_poly:
    """A polynomial in the unknowns at given elements of Q[u]/g."""
    powers: dict[tuple[int, int], fmpq_poly] = {}
    total = fmpq_poly([0])
    for e, c in terms.items():
        term = fmpq_poly([c])
        for i, k in enumerate(e):
            if k:
                if (i, k) not in powers:
                    powers[i, k] = pow_mod(values[i], k, g)
                term = term * powers[i, k] % g
        total = total + term
    return total % g


def pow_mod(a: fmpq_poly, k: int, g: fmpq_poly) -> fmpq_poly:
    out, base = fmpq_poly([1]), a
    while k:
        if k & 1:
            out = out * base % g
        base, k = base * base % g, k >> 1
    return out


def minimal_polynomial(element: fmpq_poly, factor: fmpz_poly) -> fmpz_poly | None:
    """The minimal polynomial over Q of element(u), u a root of the irreducible ``factor``; None past the size limits.

    The characteristic polynomial is the product of d X - n(u_j) over all roots, times a power of the leading
    coefficient; its integer coefficients are read off balls that hold one integer each.
    """
    if element.degree() < 1:
        c = element[0]
        return fmpz_poly([-c.p, c.q])
    if factor.degree() > MAX_DEGREE:
        return None
    d = element.denom()
    n = fmpz_poly([int(c) for c in element.numer().coeffs()])
    scale = factor.leading_coefficient() ** n.degree()
    bits = 200
    while bits < MAX_BITS:
        with ctx.workprec(bits):
            product = acb_poly([acb(arb(scale))])
            for root in roots_at(factor, bits):
                product = product * acb_poly([-horner(n, root), acb(arb(d))])
            whole = list[fmpz]()
            for c in product.coeffs():
                integer = c.real.unique_fmpz()
                if integer is None or not c.imag.contains(0):
                    break
                whole.append(integer)
            else:
                candidates = fmpz_poly(whole).factor()[1]
                return candidates[0][0] if len(candidates) == 1 else None
        bits *= 2
    return None


def horner(f: fmpz_poly, u: acb) -> acb:
    total = acb(0)
    for c in reversed(f.coeffs()):
        total = total * u + c
    return total


def matching(balls: Sequence[arb], value: arb) -> int | None:
    """The index of the one ball that meets the value."""
    near = [i for i, b in enumerate(balls) if b.overlaps(value)]
    return near[0] if len(near) == 1 else None
