"""The cycle types that solvable transitive groups have.

A solvable transitive group lies in an iterated wreath product of solvable primitive groups, which have prime-power
degree (Galois; Huppert II.3.2). The types of the primitive ones up to degree 64 come from a table.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from functools import lru_cache
from itertools import product
from pathlib import Path

from flint import fmpz

from closedform.kernel.reading import refuse

TABLE = Path(__file__).parent.parent.parent / "tables" / "primitive_solvable_groups.json"
TABLE_SHA256 = "88d5a5632904118bbb680365f25d133ecf89177167680128a312a81b00744b8b"
TABLED, EXACT = 64, 128  # degrees of the table; degrees up to which wreath products are followed exactly

Type = tuple[int, ...]  # a cycle type, decreasing
Step = tuple[int, frozenset[Type] | None]  # a degree and the types of one solvable primitive group, None: unknown


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
