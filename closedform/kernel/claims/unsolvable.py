"""Claims ``unsolvable`` and ``unsolvable_family``: no root of a polynomial is expressible in radicals.

Evidence: ``types`` (primes with factor degrees; Dedekind), or ``subfield`` (h with f | h(g(x)) and a proof for h),
or ``pairs`` (orbits on pairs of roots). The envelope of solvable groups is built here: a solvable transitive group lies
in an iterated wreath product of solvable primitive groups, which have prime-power degree (Galois; Huppert II.3.2).
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from functools import lru_cache
from itertools import product
from pathlib import Path

import flint
from flint import fmpq, fmpq_poly, fmpq_series, fmpz, fmpz_poly, fmpz_series, nmod_poly

from closedform.kernel.algebra.polynomials import poly_text, polynomial
from closedform.kernel.algebra.rational import quotient
from closedform.kernel.expressions.infix import infix
from closedform.kernel.expressions.tree import read
from closedform.kernel.reading import Json, fields, integer, mapping, name, names, rational, refuse, sequence

TABLE = Path(__file__).parent.parent.parent / "tables" / "primitive_solvable_groups.json"
TABLE_SHA256 = "88d5a5632904118bbb680365f25d133ecf89177167680128a312a81b00744b8b"
TABLED, EXACT = 64, 128  # degrees of the table; degrees up to which wreath products are followed exactly
MAX_REDUCED = 60_000  # primes, or degree of the subfield, times the degree
MAX_FACTORED, MAX_PAIRED, MAX_NESTING = 1_000, 44, 5

Type = tuple[int, ...]  # a cycle type, decreasing
Step = tuple[int, frozenset[Type] | None]  # a degree and the types of one solvable primitive group, None: unknown


# -- cycle types of solvable transitive groups ---------------------------------------------------------------------


@lru_cache(maxsize=1)
def _table() -> dict[int, list[frozenset[Type]]]:
    raw = TABLE.read_bytes()
    if hashlib.sha256(raw).hexdigest() != TABLE_SHA256:
        refuse("the table of primitive solvable groups is not the one this kernel was written for")
    out = dict[int, list[frozenset[Type]]]()
    for group in json.loads(raw)["groups"]:
        kinds = frozenset(tuple(sorted(map(int, t), reverse=True)) for t in group["cycle_types"])
        out.setdefault(int(group["degree"]), []).append(kinds)
    return {n: [a for a in set(groups) if not any(a < b for b in groups)] for n, groups in out.items()}


@lru_cache(maxsize=256)
def _primitive(q: int) -> list[frozenset[Type] | None]:
    """The maximal sets of cycle types of solvable primitive groups of prime-power degree q; [None] past the table."""
    if q <= TABLED:
        return list(_table()[q])
    if not fmpz(q).is_prime():
        return [None]
    affine = {(1,) * q, (q,)} | {(d,) * ((q - 1) // d) + (1,) for d in range(2, q) if (q - 1) % d == 0}
    return [frozenset(affine)]


def _prime_powers(n: int) -> list[int]:
    return [int(p**e) for p, top in fmpz(n).factor() for e in range(1, int(top) + 1)]


def _chains(n: int) -> list[tuple[int, ...]]:
    return [()] if n == 1 else [(q, *rest) for q in _prime_powers(n) for rest in _chains(n // q)]


def _order_primes(parts: Type) -> set[int]:
    return {int(p) for part in set(parts) if part > 1 for p, _ in fmpz(part).factor()}


@lru_cache(maxsize=256)
def _step_primes(q: int) -> frozenset[int]:
    """The primes dividing the order of AGL(k, p), q = p^k."""
    ((p, k),) = fmpz(q).factor()
    return frozenset({int(p)} | {int(r) for i in range(1, int(k) + 1) for r, _ in (p**i - 1).factor()} - {1})


def _affine(parts: Type, q: int) -> bool:
    """Can an affine map of a space with q = p^k points have this type? Fixed points of its powers form subspaces."""
    ((p, _),) = fmpz(q).factor()
    for j in {1, *parts}:
        fixed = sum(part for part in parts if j % part == 0)
        while fixed > 1 and fixed % int(p) == 0:
            fixed //= int(p)
        if fixed > 1:
            return False
    return True


def _quotients(parts: Type, size: int, group: frozenset[Type]) -> set[Type]:
    """All types of block permutations whose blocks of ``size`` points, moved by ``group`` inside, give ``parts``."""
    memo = dict[Type, set[Type]]()

    def go(left: Type) -> set[Type]:
        if not left:
            return {()}
        if left not in memo:
            out = set[Type]()
            have = Counter(left)
            for m in {left[0] // a for kind in group for a in kind if left[0] % a == 0}:
                for kind in group:
                    need = Counter(m * a for a in kind)
                    if left[0] in need and all(have[c] >= k for c, k in need.items()):
                        rest = tuple(sorted((have - need).elements(), reverse=True))
                        out |= {tuple(sorted((m, *others), reverse=True)) for others in go(rest)}
            memo[left] = out
        return memo[left]

    return go(parts)


def _in_wreath(parts: Type, chain: tuple[Step, ...]) -> bool:
    """May ``parts`` be a type in the wreath product of the chain, innermost blocks first? (True where unknown.)"""
    current = {parts}
    for size, group in chain:
        if group is None:
            return len(chain) > 1 or _affine(parts, size)
        current = {top for t in current for top in _quotients(t, size, group)}
    return bool(current)


def solvable_envelope_excludes(n: int, types: list[Type]) -> bool:
    """True only if no solvable transitive group of degree n has elements of all the given cycle types."""
    seen = [tuple(sorted(t, reverse=True)) for t in types if max(t) > 1]
    if any(sum(t) != n or min(t) < 1 for t in seen):
        refuse("a cycle type does not add up to the degree")
    primes = set[int]().union(*map(_order_primes, seen))
    for degrees in {tuple(sorted(c)) for c in _chains(n)} if n > EXACT else _chains(n):
        if not primes <= set[int]().union(*map(_step_primes, degrees)):
            continue
        if n > EXACT:
            return False
        for groups in product(*map(_primitive, degrees)):
            chain = tuple(zip(degrees, groups, strict=True))
            if all(_in_wreath(t, chain) for t in seen):
                return False
    return True


# -- following the evidence ----------------------------------------------------------------------------------------


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


def pair_lengths(f: fmpz_poly, shift: int) -> Type:
    """The factor degrees of the polynomial of (a + shift)(b + shift), {a, b} the pairs of roots of f."""
    n, lead = f.degree(), f.leading_coefficient()
    g = fmpz_poly([f[i] * lead ** (n - 1 - i) for i in range(n)] + [1])(fmpz_poly([-shift, 1]))
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
            said = [integer(d, "a degree", 1, n) for d in sequence(entry["degrees"], "degrees", n)]
            if not fmpz(p).is_prime() or reduced_type(f, p) != tuple(sorted(said, reverse=True)):
                refuse(f"modulo {p} the polynomial does not split into distinct factors of these degrees")
            types.append(tuple(said))
            possible &= sums(types[-1])
            why += f"{', ' if why else ''}{'+'.join(map(str, sorted(said)))} modulo {p}"
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
    if not types or possible != (1 | 1 << n):
        factors = f.factor()[1] if n <= MAX_FACTORED else []
        if len(factors) != 1 or factors[0][1] != 1:
            refuse("the polynomial is not shown to be irreducible")
    return why


def check(statement: dict[str, Json], claim: dict[str, Json], evidence: dict[str, Json]) -> str:
    """``{"kind": "unsolvable", "polynomial": [...]}``, a factor of the statement's polynomial where there is one."""
    fields(claim, ("kind", "polynomial"))
    f = polynomial(claim["polynomial"], "the polynomial")
    whole = fields(statement, (), ("polynomial",)).get("polynomial")
    if whole is not None and not (fmpq_poly(polynomial(whole, "the given polynomial")) % fmpq_poly(f)).is_zero():
        refuse("the polynomial is no factor of the given one")
    return f"{poly_text(f)} has no root in radicals over Q: it is irreducible, and {prove_unsolvable(f, evidence)}"


def check_family(statement: dict[str, Json], claim: dict[str, Json], evidence: dict[str, Json]) -> str:
    """``{"kind": "unsolvable_family", "polynomial": tree, "unknown", "parameters"}`` by one rational specialisation."""
    fields(statement, ())
    said = fields(claim, ("kind", "polynomial", "unknown", "parameters"))
    x, tree = name(said["unknown"], "unknown"), read(said["polynomial"])
    parameters = names(said["parameters"], "parameters")
    given = fields(evidence, ("at", "proof"))
    at = {key: rational(v, key) for key, v in mapping(given["at"], "at").items()}
    if set(at) != set(parameters) or x in at:
        refuse("the witness must give every parameter one value")
    whole = quotient(tree, [x, *parameters], {})
    if not whole.bottom.is_constant():
        refuse(f"not a polynomial: {infix(tree)[:60]}")
    f = whole.top
    special = fmpq_poly([])
    for exponents, c in f.to_dict().items():
        for key, e in zip(parameters, exponents[1:], strict=True):
            c *= at[key] ** int(e)
        special += fmpq_poly([0] * int(exponents[0]) + [c])
    if special.degree() != f.degrees()[0]:
        refuse("the degree drops at the witness")
    why = prove_unsolvable(special.numer(), given["proof"])
    values = ", ".join(f"{key} = {at[key]}" for key in parameters)
    return (
        f"the roots {x} of {infix(tree)} have no formula in radicals over Q({', '.join(parameters)}): "
        f"for {values} it is {poly_text(special.numer(), x)}, irreducible, and {why}"
    )
