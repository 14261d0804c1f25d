"""Polynomials in one unknown as certificates list them: integer coefficients, the constant first."""

from __future__ import annotations

from math import comb, prod
from typing import cast

from flint import acb, fmpq_mpoly, fmpz, fmpz_mpoly, fmpz_poly

from closedform.kernel.reading import Json, integer, refuse, sequence

MAX_DEGREE, MAX_LENGTH = 20_000, 200_000  # of a polynomial; how many terms it has


def polynomial(value: Json, what: str) -> fmpz_poly:
    out = fmpz_poly([fmpz(integer(c, f"a coefficient of {what}")) for c in sequence(value, what, MAX_DEGREE + 1)])
    if out.degree() < 1 or out.degree() + 1 != len(sequence(value, what)):
        refuse(f"{what} must have a nonzero leading coefficient and positive degree")
    return out


def poly_text(f: fmpz_poly, x: str = "x", limit: int = 300) -> str:
    """The polynomial in infix, its middle left out past ``limit`` characters (0: never)."""
    out = ""
    for i in range(f.degree(), -1, -1):
        c = f[i]
        if c != 0:
            power = "" if i == 0 else x if i == 1 else f"{x}^{i}"
            size = str(abs(c)) if abs(c) != 1 or i == 0 else ""
            sign = (" - " if c < 0 else " + ") if out else ("-" if c < 0 else "")
            out += sign + size + ("*" if size and power else "") + power
    return out if not 0 < limit < len(out) else out[: limit // 2] + " ... " + out[-(limit // 4) :]


def divides(f: fmpz_poly, g: fmpz_poly) -> bool:
    """Whether f divides g over Q; f has no multiple factor."""
    return f.gcd(g).degree() == f.degree()


def enclosed_roots(f: fmpz_poly) -> list[acb]:
    """The complex roots of a squarefree polynomial in disjoint balls, real ones with the imaginary part exactly zero."""
    return [acb(r) for r, _ in cast(list[tuple[acb, int]], f.complex_roots())]


def too_long(p: fmpq_mpoly | fmpz_mpoly, exponent: int) -> bool:
    """Whether the power may have too many terms: by the number of products, and of monomials of its degrees."""
    products = comb(len(p) + exponent - 1, exponent) if 1 < len(p) <= MAX_LENGTH else len(p)
    return min(products, prod(int(d) * exponent + 1 for d in p.degrees())) > MAX_LENGTH
