"""Functional decomposition f = g(h(x)) over Q, and solvability by it in any degree (Ritt 1922)."""

from __future__ import annotations

from collections.abc import Callable

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


def composition_proof(f: fmpz_poly, solvable: Callable[[fmpz_poly], bool | None]) -> str:
    """Why f is solvable, by a decomposition whose inner part is always solvable and whose outer part is; or empty.

    ``solvable`` decides the outer polynomial, which is irreducible when f is.
    """
    n = f.degree()
    rational = fmpq_poly(f)
    if solvable_inner(rational):
        return f"{solvable_inner(rational)}"
    for d in range(2, n):
        if n % d:
            continue
        h = inner(rational, d)
        g = outer(rational, h)
        piece = solvable_inner(h) if g is not None else ""
        if g is not None and piece and solvable(monic(g.numer())):
            return f"f = g(h(x)) with h {piece} and g of degree {g.degree()} solvable"
    if n % 2 == 0 and list(f.coeffs()) == list(f.coeffs())[::-1]:
        g = _reciprocal(f)
        if solvable(g):
            return f"reciprocal: a quadratic step over x + 1/x, of degree {n // 2} and solvable"
    return ""


def _reciprocal(f: fmpz_poly) -> fmpz_poly:
    """g with f = x^(n/2) g(x + 1/x) for a palindromic f of even degree."""
    half = f.degree() // 2
    before, current = fmpz_poly([2]), fmpz_poly([0, 1])
    out = fmpz_poly([f[half]])
    for k in range(1, half + 1):
        out += f[half + k] * current
        before, current = current, fmpz_poly([0, 1]) * current - before
    return out
