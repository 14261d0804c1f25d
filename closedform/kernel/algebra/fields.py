"""Of the root field of a polynomial: its irreducibility, its subfields, the orbits of its group on pairs of roots."""

from __future__ import annotations

import flint
from flint import fmpq, fmpq_poly, fmpq_series, fmpz_poly, fmpz_series

from closedform.kernel.algebra.polynomials import polynomial
from closedform.kernel.algebra.solvable_groups import Type
from closedform.kernel.reading import Json, fields, rational, refuse, sequence

MAX_REDUCED = 60_000  # primes, or degree of the subfield, times the degree
MAX_FACTORED, MAX_PAIRED = 1_000, 44


def factor_of_given(statement: dict[str, Json], claim: dict[str, Json]) -> fmpz_poly:
    """The polynomial of the claim, a factor of the statement's where there is one."""
    f = polynomial(fields(claim, ("kind", "polynomial"))["polynomial"], "the polynomial")
    whole = fields(statement, (), ("polynomial",)).get("polynomial")
    if whole is not None and not (fmpq_poly(polynomial(whole, "the given polynomial")) % fmpq_poly(f)).is_zero():
        refuse("the polynomial is no factor of the given one")
    return f


def prove_irreducible(f: fmpz_poly) -> None:
    factors = f.factor()[1] if f.degree() <= MAX_FACTORED else []
    if len(factors) != 1 or factors[0][1] != 1:
        refuse("the polynomial is not shown to be irreducible")


def monic(f: fmpz_poly) -> fmpz_poly:
    """The monic polynomial of the roots of f times its leading coefficient."""
    n, lead = f.degree(), f.leading_coefficient()
    return fmpz_poly([f[i] * lead ** (n - 1 - i) for i in range(n)] + [1])


def pair_lengths(f: fmpz_poly, shift: int) -> Type:
    """The factor degrees of the polynomial of (a + shift)(b + shift), {a, b} the pairs of roots of f."""
    n, g = f.degree(), monic(f)(fmpz_poly([-shift, 1]))
    size = n * (n - 1) // 2
    before, flint.ctx.cap = flint.ctx.cap, 2 * size + 2
    try:
        p = fmpz_series(list(g.derivative().coeffs())[::-1]) / fmpz_series(list(g.coeffs())[::-1])
        log = [fmpq(0), *(fmpq(p[2 * k] - p[k] * p[k], 2 * k) for k in range(1, size + 1))]
        resolvent = fmpq_poly(list(fmpq_series(log, 1, size + 1).exp())[: size + 1])
    finally:
        flint.ctx.cap = before
    if resolvent.degree() != size or resolvent.gcd(resolvent.derivative()).degree() > 0:
        refuse("the pair polynomial is not squarefree for this shift")
    return tuple(sorted((q.degree() for q, _ in resolvent.numer().factor()[1]), reverse=True))


def subfield(f: fmpz_poly, entry: dict[str, Json]) -> tuple[fmpz_poly, fmpq_poly]:
    """The h and g of the entry; refused unless f divides h(g(x)) and g(x) is no number modulo f."""
    n, h = f.degree(), polynomial(entry["h"], "h")
    g = fmpq_poly([rational(c, "a coefficient of g") for c in sequence(entry["g"], "g", n)])
    if g.degree() < 1:
        refuse("g must have positive degree")
    if h.degree() * n > MAX_REDUCED:
        refuse("the degrees are too large to be followed")
    value, modulus = fmpq_poly([]), fmpq_poly(f)
    for c in list(h.coeffs())[::-1]:
        value = (value * g + c) % modulus
    if not value.is_zero():
        refuse("the polynomial does not divide h(g(x))")
    return h, g
