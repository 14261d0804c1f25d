"""Functional decomposition f = g(h(x)) over Q, and solvability by it in any degree (Ritt 1922)."""

from __future__ import annotations

from flint import fmpq, fmpq_poly, fmpz_poly

from closedform.algebra.galois.subfields import monic


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


def solvable_inner(h: fmpq_poly) -> str:
    """Why h(x) = b is solvable in radicals over Q(b) for every b (the pieces of Ritt's theorem); else empty."""
    d = h.degree()
    if d <= 4:
        return f"degree {d}"
    shift = -h[d - 1] / (d * h.leading_coefficient())
    centred = h(fmpq_poly([shift, 1])) / h.leading_coefficient()
    if all(centred[i] == 0 for i in range(1, d)):
        return f"a power of degree {d}"
    # Dickson: D_d(x + c/x, c) = x^d + (c/x)^d; the coefficient of x^(d-2) is -d c
    c = -centred[d - 2] / d
    before, current = fmpq_poly([2]), fmpq_poly([0, 1])
    for _ in range(d - 1):
        before, current = current, fmpq_poly([0, 1]) * current - c * before
    return f"a Chebyshev polynomial of degree {d}" if (current - centred).degree() <= 0 else ""


def subfield_of_composition(f: fmpz_poly) -> tuple[fmpz_poly, fmpq_poly, str] | None:
    """(H, h, why) with H monic irreducible, H(h(x)) = 0 mod f and x of solvable degree over h(x), whatever H is.

    From f = g(h(x)) with h a piece of Ritt's theorem, or from a palindromic f and h = x + 1/x. None when there is none.
    """
    n, rational = f.degree(), fmpq_poly(f)
    for d in (d for d in range(2, n) if n % d == 0):
        h = inner(rational, d)
        g = outer(rational, h)
        piece = solvable_inner(h) if g is not None else ""
        if g is not None and piece:
            numerator = g.numer()
            return monic(numerator), h * numerator.leading_coefficient(), piece
    if n > 2 and n % 2 == 0 and list(f.coeffs()) == list(f.coeffs())[::-1]:
        g = _reciprocal(f)
        inverse = fmpq_poly([fmpq(-c, f[0]) for c in list(f.coeffs())[1:]])  # 1/x modulo f
        return monic(g), (fmpq_poly([0, 1]) + inverse) * g.leading_coefficient(), "degree 2"
    return None


def cyclotomic_lift(f: fmpz_poly) -> bool:
    """Is x^n f(x + 1/x) cyclotomic, so that the roots of f are 2*cos of rational multiples of pi?"""
    if f.leading_coefficient() != 1:
        return False
    out, square, power = fmpz_poly([]), fmpz_poly([1, 0, 1]), fmpz_poly([1])
    for k in range(f.degree() + 1):
        out += f[k] * power.left_shift(f.degree() - k)
        power = power * square
    return out.is_cyclotomic() > 0


def _reciprocal(f: fmpz_poly) -> fmpz_poly:
    """g with f = x^(n/2) g(x + 1/x) for a palindromic f of even degree."""
    half = f.degree() // 2
    before, current = fmpz_poly([2]), fmpz_poly([0, 1])
    out = fmpz_poly([f[half]])
    for k in range(1, half + 1):
        out += f[half + k] * current
        before, current = current, fmpz_poly([0, 1]) * current - before
    return out
