"""Polynomials in one unknown as certificates list them: integer coefficients, the constant first."""

from __future__ import annotations

from typing import cast

from flint import acb, fmpz, fmpz_poly

from closedform.kernel.reading import Json, integer, refuse, sequence

MAX_DEGREE = 20_000


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
