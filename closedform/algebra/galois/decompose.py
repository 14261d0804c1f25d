"""Functional decomposition f = g(h(x)) over Q, and solvability by it in any degree (Ritt 1922)."""

from __future__ import annotations

from flint import fmpq, fmpq_poly, fmpz_poly

from closedform.algebra.galois.subfields import monic
from closedform.kernel.claims.solvable import piece


def decompose(f: fmpq_poly) -> tuple[fmpq_poly, fmpq_poly] | None:
    """(g, h) with f = g(h(x)), h monic without constant term and of least degree above one; None when f has none.

    >>> decompose(fmpq_poly([5, 0, -2, 0, 1]))
    (x^2 + (-2)*x + 5, x^2)
    """
    n = f.degree()
    for d in range(2, n):
        if n % d == 0:
            h = inner(f, d)
            g = outer(f, h)
            if g is not None:
                return g, h
    return None


def inner(f: fmpq_poly, d: int) -> fmpq_poly:
    """The only candidate h of degree d: the polynomial part of the n/d-th root of f at infinity."""
    n, lead = f.degree(), f.leading_coefficient()
    r = n // d
    a = [f[n - i] / lead for i in range(d)]  # reversed coefficients; b = a^(1/r) by the logarithmic derivative
    b = [fmpq(1)]
    for k in range(1, d):
        total = sum((fmpq(i, r) * a[i] * b[k - i] - fmpq(k - i) * b[k - i] * a[i] for i in range(1, k + 1)), fmpq(0))
        b.append(total / k)
    return fmpq_poly([fmpq(0), *b[1:][::-1], fmpq(1)])


def outer(f: fmpq_poly, h: fmpq_poly) -> fmpq_poly | None:
    """g with f = g(h(x)), or None."""
    digits, rest = list[fmpq](), f
    while not rest.is_zero():
        rest, digit = divmod(rest, h)
        if digit.degree() > 0:
            return None
        digits.append(digit[0])
    return fmpq_poly(digits)


def subfield_of_composition(f: fmpz_poly) -> tuple[fmpz_poly, fmpq_poly, str] | None:
    """(H, h, why) with H monic irreducible, H(h(x)) = 0 mod f and x of solvable degree over h(x), whatever H is.

    From f = g(h(x)) with h a piece of Ritt's theorem, or from a palindromic f and h = x + 1/x. None when there is none.
    """
    n, rational = f.degree(), fmpq_poly(f)
    for d in (d for d in range(2, n) if n % d == 0):
        h = inner(rational, d)
        g = outer(rational, h)
        why = piece(h) if g is not None else ""
        if g is not None and why:
            numerator = g.numer()
            return monic(numerator), h * numerator.leading_coefficient(), why
    if n > 2 and n % 2 == 0 and list(f.coeffs()) == list(f.coeffs())[::-1]:
        g = _reciprocal(f)
        inverse = fmpq_poly([fmpq(-c, f[0]) for c in list(f.coeffs())[1:]])  # 1/x modulo f
        return monic(g), (fmpq_poly([0, 1]) + inverse) * g.leading_coefficient(), "of degree 2"
    return None


def _reciprocal(f: fmpz_poly) -> fmpz_poly:
    """g with f = x^(n/2) g(x + 1/x) for a palindromic f of even degree."""
    half = f.degree() // 2
    before, current = fmpz_poly([2]), fmpz_poly([0, 1])
    out = fmpz_poly([f[half]])
    for k in range(1, half + 1):
        out += f[half + k] * current
        before, current = current, fmpz_poly([0, 1]) * current - before
    return out
