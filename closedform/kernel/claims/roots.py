"""Claim ``roots``: these discs hold all complex roots of a polynomial, one distinct root each, with multiplicities.

Newton's method goes on from each centre. A disc of radius n |f(z)/f'(z)| about z holds a root of f, of degree n, so n of
them that are disjoint hold one each; one about a real number then holds a real root. Where this does not succeed the
roots are enclosed again by FLINT (isolating balls; a real root has the imaginary part exactly zero).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from flint import acb, acb_poly, arb, ctx, fmpq, fmpq_poly, fmpz_poly

from closedform.kernel.algebra.polynomials import poly_text, polynomial
from closedform.kernel.reading import Json, decimal, fields, integer, refuse, sequence

MAX_DEGREE, MAX_BITS = 2_000, 400_000
STEPS = 6  # of Newton's method
MORE = (1, 2, 4, 8)  # times the precision
Disc = tuple[fmpq, fmpq, fmpq, int, bool]  # re, im, radius, multiplicity, real


def check(statement: dict[str, Json], claim: dict[str, Json], evidence: dict[str, Json]) -> str:
    """``{"kind": "roots", "polynomial": [...], "roots": [{"re", "im", "radius", "multiplicity", "real"}]}``."""
    fields(statement, ())
    fields(evidence, ())
    claimed = fields(claim, ("kind", "polynomial", "roots"))
    f = polynomial(claimed["polynomial"], "the polynomial")
    distinct = sum(s.degree() for s, _ in f.factor_squarefree()[1])
    if distinct > MAX_DEGREE:
        refuse(f"the kernel encloses roots up to degree {MAX_DEGREE}")
    if len(sequence(claimed["roots"], "roots", MAX_DEGREE)) != distinct:
        refuse(f"the polynomial has {distinct} distinct roots, not as many as discs")
    discs = list[Disc]()
    for item in sequence(claimed["roots"], "roots", MAX_DEGREE):
        root = fields(item, ("re", "im", "radius", "multiplicity", "real"))
        radius = decimal(root["radius"], "radius")
        if radius < 0 or not isinstance(root["real"], bool):
            refuse("a radius must not be negative, and real must be true or false")
        times = integer(root["multiplicity"], "multiplicity", 1, f.degree())
        discs.append((decimal(root["re"], "re"), decimal(root["im"], "im"), radius, times, root["real"]))
    bits = 64 + max((_bits(re, im, radius) for re, im, radius, _, _ in discs), default=0)
    if bits > MAX_BITS:
        refuse("the roots are given to more digits than the kernel follows")
    parts = [(s, [disc for disc in discs if disc[3] == m]) for s, m in f.factor_squarefree()[1]]
    if not all(len(own) == s.degree() and any(_isolated(s, own, bits * k) for k in MORE) for s, own in parts):
        _enclosed(f, discs, bits)
    count = sum(real for *_, real in discs)
    return f"{poly_text(f)} has {len(discs)} distinct complex roots, {count} real, one in each of the given discs"


def _isolated(f: fmpz_poly, discs: list[Disc], bits: int) -> bool:
    """Does Newton's method from the centres, in ``bits`` binary digits, prove one root in each disc?"""
    before, ctx.prec = ctx.prec, bits
    try:
        value, slope = (cast(Callable[[acb], acb], acb_poly(g)) for g in (f, f.derivative()))
        found = list[tuple[acb, arb]]()
        for re, im, radius, _, real in discs:
            centre = acb(arb(re), arb(im))
            z, r = acb(centre.real.mid()) if real else centre.mid(), arb(0)
            if radius == 0 and im == 0 and fmpq_poly(f)(re) == 0:
                z = centre
            else:
                for _ in range(STEPS):
                    step = value(z) / slope(z)
                    r = (f.degree() * abs(step)).upper()
                    if abs(z - centre) + r <= arb(radius):
                        break
                    z = (z - step).mid()
                else:
                    return False
            if not (z.imag == 0 if real else abs(z.imag) > r) or not all(
                abs(z - other) > r + its for other, its in found
            ):
                return False
            found.append((z, r))
        return True
    finally:
        ctx.prec = before


def _enclosed(f: fmpz_poly, discs: list[Disc], bits: int) -> None:
    """Refuses unless FLINT's enclosures of all roots fit the discs."""
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


def _bits(re: fmpq, im: fmpq, radius: fmpq) -> int:
    """Working precision at which a ball is much narrower than the disc."""
    if radius == 0:
        return 64
    ratio = (abs(re) + abs(im)) / radius
    return max(0, ratio.p.bit_length() - ratio.q.bit_length())


def _exactly(z: acb, re: fmpq, im: fmpq) -> bool:
    """A root that is the stated number itself."""
    return bool(z.real == arb(re)) and bool(z.imag == arb(im))
