"""Claim ``unsolvable``: no root of a polynomial over Q is expressible in radicals.

Evidence: ``types`` (primes with factor degrees; Dedekind), or ``subfield`` (h with f | h(g(x)) and a proof for h),
or ``pairs`` (orbits on pairs of roots).
"""

from __future__ import annotations

from flint import fmpz, fmpz_poly, nmod_poly

from closedform.kernel.algebra.fields import (
    MAX_PAIRED,
    MAX_REDUCED,
    factor_of_given,
    pair_lengths,
    prove_irreducible,
    subfield,
)
from closedform.kernel.algebra.polynomials import poly_text
from closedform.kernel.algebra.solvable_groups import Type, solvable_envelope_excludes
from closedform.kernel.reading import Json, fields, integer, refuse, sequence

MAX_NESTING = 5


def reduced_type(f: fmpz_poly, p: int) -> Type | None:
    """The factor degrees of f modulo the prime p; None where p divides the leading coefficient or discriminant."""
    g = nmod_poly([int(c % p) for c in f.coeffs()], p)
    if g.degree() != f.degree() or g.gcd(g.derivative()).degree() > 0:
        return None
    return tuple(sorted((q.degree() for q, _ in g.factor()[1]), reverse=True))


def sums(parts: Type) -> int:
    """The set of sums of sub-multisets, as bits."""
    reach = 1
    for part in parts:
        reach |= reach << part
    return reach


def prove_unsolvable(f: fmpz_poly, evidence: Json, depth: int = 0) -> str:
    """Why f is irreducible over Q with a group that is not solvable; refused unless the evidence shows it."""
    n = f.degree()
    if depth > MAX_NESTING or not isinstance(evidence, dict) or n < 5:
        refuse("no evidence for a polynomial of degree five or more")
    possible, types, why = (1 << (n + 1)) - 1, list[Type](), ""
    if "types" in evidence:
        for item in sequence(fields(evidence, ("types",))["types"], "types", max(3, MAX_REDUCED // n)):
            entry = fields(item, ("prime", "degrees"))
            p = integer(entry["prime"], "a prime", 2, 2**31)
            claimed = [integer(d, "a degree", 1, n) for d in sequence(entry["degrees"], "degrees", n)]
            if not fmpz(p).is_prime() or reduced_type(f, p) != tuple(sorted(claimed, reverse=True)):
                refuse(f"modulo {p} the polynomial does not split into distinct factors of these degrees")
            types.append(tuple(claimed))
            possible &= sums(types[-1])
            why += f"{', ' if why else ''}{'+'.join(map(str, sorted(claimed)))} modulo {p}"
        if not solvable_envelope_excludes(n, types):
            refuse(f"a solvable transitive group of degree {n} may have all of these cycle types")
        why = f"no solvable transitive group of degree {n} has the cycle types {why}"
    elif "subfield" in evidence:
        entry = fields(fields(evidence, ("subfield",))["subfield"], ("h", "g", "proof"))
        h, _ = subfield(f, entry)
        why = f"its root field contains a root of {poly_text(h)}; {prove_unsolvable(h, entry['proof'], depth + 1)}"
    else:
        entry = fields(fields(evidence, ("pairs",))["pairs"], ("shift",))
        if n > MAX_PAIRED or len(list(fmpz(n).factor())) == 1:
            refuse(f"pairs prove nothing in degree {n}")
        lengths = pair_lengths(f, integer(entry["shift"], "shift", -(10**6), 10**6))
        if any(sums(lengths) >> (n * (d - 1) // 2) & 1 for d in range(2, n) if n % d == 0):
            refuse("the orbits on pairs leave room for a block system")
        why = f"its group is primitive (orbits on pairs {lengths}) and {n} is no prime power"
    if possible != (1 | 1 << n):
        prove_irreducible(f)
    return why


def check(statement: dict[str, Json], claim: dict[str, Json], evidence: dict[str, Json]) -> str:
    """``{"kind": "unsolvable", "polynomial": [...]}``, a factor of the statement's polynomial where there is one."""
    f = factor_of_given(statement, claim)
    return f"{poly_text(f)} has no root in radicals over Q: it is irreducible, and {prove_unsolvable(f, evidence)}"
