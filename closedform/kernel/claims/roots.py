"""Claim ``roots``: these discs hold all complex roots of a polynomial, one distinct root each, with multiplicities.

The roots are enclosed again by FLINT (isolating balls; a real root has the imaginary part exactly zero).
"""

from __future__ import annotations

from typing import cast

from flint import acb, arb, ctx, fmpq

from closedform.kernel.algebra.polynomials import poly_text, polynomial
from closedform.kernel.reading import Json, decimal, fields, integer, refuse, sequence

MAX_DEGREE, MAX_BITS = 2_000, 400_000


def check(statement: dict[str, Json], claim: dict[str, Json], evidence: dict[str, Json]) -> str:
    """``{"kind": "roots", "polynomial": [...], "roots": [{"re", "im", "radius", "multiplicity", "real"}]}``."""
    fields(statement, ())
    fields(evidence, ())
    said = fields(claim, ("kind", "polynomial", "roots"))
    f = polynomial(said["polynomial"], "the polynomial")
    distinct = sum(s.degree() for s, _ in f.factor_squarefree()[1])
    if distinct > MAX_DEGREE:
        refuse(f"the kernel encloses roots up to degree {MAX_DEGREE}")
    if len(sequence(said["roots"], "roots", MAX_DEGREE)) != distinct:
        refuse(f"the polynomial has {distinct} distinct roots, not as many as discs")
    discs = list[tuple[fmpq, fmpq, fmpq, int, bool]]()
    for item in sequence(said["roots"], "roots", MAX_DEGREE):
        root = fields(item, ("re", "im", "radius", "multiplicity", "real"))
        radius = decimal(root["radius"], "radius")
        if radius < 0 or not isinstance(root["real"], bool):
            refuse("a radius must not be negative, and real must be true or false")
        times = integer(root["multiplicity"], "multiplicity", 1, f.degree())
        discs.append((decimal(root["re"], "re"), decimal(root["im"], "im"), radius, times, root["real"]))
    bits = 64 + max((_bits(re, im, radius) for re, im, radius, _, _ in discs), default=0)
    if bits > MAX_BITS:
        refuse("the roots are given to more digits than the kernel follows")
    before, ctx.prec = ctx.prec, bits
    try:
        parts = [(s, int(m)) for s, m in f.factor_squarefree()[1]]
        left = [(z, m) for s, m in parts for z, _ in cast(list[tuple[acb, int]], s.complex_roots())]
        for re, im, radius, times, real in discs:
            centre = acb(arb(re), arb(im))
            inside = [k for k, (z, _) in enumerate(left) if abs(z - centre) <= arb(radius) or _exactly(z, re, im)]
            fits = [k for k in inside if left[k][1] == times and bool(left[k][0].imag == 0) == real]
            if not fits:
                refuse(f"no root of this kind within {radius} of {re} + {im}*I")
            left.pop(fits[0])
    finally:
        ctx.prec = before
    count = sum(real for *_, real in discs)
    return f"{poly_text(f)} has {len(discs)} distinct complex roots, {count} real, one in each of the given discs"


def _bits(re: fmpq, im: fmpq, radius: fmpq) -> int:
    """Working precision at which a ball is much narrower than the disc."""
    if radius == 0:
        return 64
    ratio = (abs(re) + abs(im)) / radius
    return max(0, ratio.p.bit_length() - ratio.q.bit_length())


def _exactly(z: acb, re: fmpq, im: fmpq) -> bool:
    """A root that is the stated number itself."""
    return bool(z.is_exact()) and bool(z.real == arb(re)) and bool(z.imag == arb(im))
