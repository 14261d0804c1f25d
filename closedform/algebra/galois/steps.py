"""Is the group of one step of a tower solvable? Proofs for primitive steps of degree up to 4, a prime, 8 and 9.

K < L = Q(alpha) without a field between: the stabiliser of a block of conjugates acts primitively on it. Each proof
below is a theorem on permutation groups whose hypothesis is an exact factorization over Z.

* p prime, more than one orbit on the pairs inside a block: a transitive group of prime degree is solvable or doubly
  transitive (Burnside 1901).
* p = 5, one orbit on pairs: the doubly transitive groups are F20, A5 and S5, and only F20 has more than one orbit on
  ({a, b}, c). p = 7: the transitive groups are C7, D7, F21, F42, PSL(3,2), A7, S7; the last three have orbits of
  length 7, 28 or 35 on triples, 35 together, and the others have not just these.
* any prime p: every root of a block is a rational function of any two of it, so only the identity fixes two, and the
  group is solvable (Galois 1832); found q-adically.
* 8: an orbit of 7 partitions 4|4 that form the parallel classes of planes of AG(3,2) puts the group into AGL(3,2); it
  acts on the 7 classes with the translations as kernel.
* 9: orbits on triples forming the 12 lines of AG(2,3), the only Steiner system S(2,3,9), put it into AGL(2,3), which
  is solvable.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from math import prod

import flint
from flint import acb, acb_poly, fmpz, fmpz_poly

from closedform.algebra.galois.frobenius import two_roots
from closedform.algebra.galois.subfields import (
    MAX_BITS,
    Blocks,
    TooLarge,
    locate,
    located_pairs,
    monic_roots,
    pair_orbits,
)
from closedform.budget import Budget
from closedform.frozen import record
from closedform.kernel.reading import Json

MAX_RESOLVENT = 1_100  # degree of a resolvent that is still factored
SHIFTS = (1, 2, -1, 3, -2, 5, -3, 7)

Label = tuple[tuple[int, ...], ...]


@record
class SolvableStep:
    """Why a step is solvable, and the evidence of it for the kernel, where there is one; else the reason is derived.

    With ``classes`` it is only if that polynomial is.
    """

    reason: str
    evidence: dict[str, Json] | None = None
    classes: fmpz_poly | None = None


def step_proof(f: fmpz_poly, blocks: Blocks, budget: Budget) -> SolvableStep | None:
    """Why the block stabiliser of a monic irreducible f acts on its block by a solvable group, None when not shown.

    ``blocks`` is a block system with primitive action inside the blocks (the single block for primitive f).
    """
    d = len(blocks[0])
    budget.check()
    if d <= 4:
        return SolvableStep(f"degree {d}", {})
    if fmpz(d).is_prime():
        return _prime(f, blocks, budget)
    if d == 9:
        return _nine(f, blocks)
    return _eight(f, blocks) if d == 8 else None


def _prime(f: fmpz_poly, blocks: Blocks, budget: Budget) -> SolvableStep | None:
    d = len(blocks[0])
    home = {i: k for k, b in enumerate(blocks) for i in b}
    burnside = f"degree {d}, not doubly transitive, so solvable by Burnside's theorem on prime degree"
    if len(blocks) == 1 and len((orbits := pair_orbits(f)).lengths) > 1:
        return SolvableStep(burnside, {"orbits": {"shift": str(orbits.shift)}})
    found = two_roots(f, blocks, budget)
    if found is not None:
        evidence: dict[str, Json] = {"shift": str(found[0]), "pairs": [str(c) for c in found[1].coeffs()]}
        return SolvableStep(
            f"degree {d}, and every root is a rational function of any two (Galois)", {"inside": evidence}
        )
    if len([orbit for orbit in located_pairs(f) if home[orbit[0][0]] == home[orbit[0][1]]]) > 1:
        return SolvableStep(burnside)
    if d == 5 and len(_lengths(f, blocks, _midpoints, _midpoint_value)) > 1:
        return SolvableStep("degree 5, with several orbits on pairs beside a point: inside F20")
    if d == 7:
        lengths = {k // len(blocks) for k in _lengths(f, blocks, _triples, _product_value)}
        if not lengths <= {7, 28, 35} or lengths == {7}:
            return SolvableStep("degree 7, and its orbits on triples are not those of PSL(3,2), A7 or S7")
    return None


# -- orbits on labels inside blocks ----------------------------------------------------------------------------------


def _triples(block: tuple[int, ...]) -> list[Label]:
    return [(s,) for s in combinations(block, 3)]


def _midpoints(block: tuple[int, ...]) -> list[Label]:
    return [((c,), s) for c in block for s in combinations([i for i in block if i != c], 2)]


def _halves(block: tuple[int, ...]) -> list[Label]:
    first, rest = block[0], block[1:]
    return [((first, *s), tuple(i for i in rest if i not in s)) for s in combinations(rest, len(block) // 2 - 1)]


def _product_value(shifted: list[acb], label: Label) -> acb:
    out = acb(1)
    for i in label[0]:
        out = out * shifted[i]
    return out


def _midpoint_value(shifted: list[acb], label: Label) -> acb:
    return shifted[label[1][0]] * shifted[label[1][1]] + 2 * shifted[label[0][0]]


def _halves_value(shifted: list[acb], label: Label) -> acb:
    return _product_value(shifted, label[:1]) + _product_value(shifted, label[1:])


Make = Callable[[tuple[int, ...]], list[Label]]
Value = Callable[[list[acb], Label], acb]


def _resolvent(f: fmpz_poly, blocks: Blocks, make: Make, value: Value) -> tuple[list[Label], int, list[fmpz_poly]]:
    """The labels in all blocks, the shift used, and the factors of the polynomial whose roots are their values.

    The values are algebraic integers permuted by the group, so the polynomial is integral and squarefree ones have
    the orbits as factors; it is the only integer polynomial inside the product of balls.
    """
    labels = [label for block in blocks for label in make(block)]
    if len(labels) > MAX_RESOLVENT:
        raise TooLarge(f"a resolvent of degree {len(labels)} would be needed")
    for shift in SHIFTS:
        bits = 128 + 4 * len(labels)
        while bits < MAX_BITS:
            with flint.ctx.workprec(bits):
                shifted = [z + shift for z in monic_roots(f, bits)]
                resolvent = acb_poly.from_roots([value(shifted, label) for label in labels]).unique_fmpz_poly()
            if resolvent is not None:
                break
            bits *= 2
        else:
            raise TooLarge(f"a resolvent needs more than {MAX_BITS} bits")
        if resolvent.gcd(resolvent.derivative()).degree() == 0:
            factors = sorted((q for q, _ in resolvent.factor()[1]), key=fmpz_poly.degree)
            return labels, shift, factors
    raise TooLarge("no small shift makes the resolvent squarefree")


def _lengths(f: fmpz_poly, blocks: Blocks, make: Make, value: Value) -> list[int]:
    return [q.degree() for q in _resolvent(f, blocks, make, value)[2]]


def _orbits(f: fmpz_poly, blocks: Blocks, make: Make, value: Value) -> tuple[int, list[tuple[fmpz_poly, list[Label]]]]:
    """The shift used, and each factor with its labels."""
    labels, shift, factors = _resolvent(f, blocks, make, value)
    bits = 128 + max(q.height_bits() for q in factors)
    while bits < MAX_BITS:
        with flint.ctx.workprec(bits):
            shifted = [z + shift for z in monic_roots(f, bits)]
            found = locate(tuple(factors), [(k, value(shifted, label)) for k, label in enumerate(labels)])
        if found is not None:
            return shift, [(q, [labels[k] for k in ks]) for q, ks in zip(factors, found, strict=True)]
        bits *= 2
    raise TooLarge("the values of a resolvent are too close together")


def _nine(f: fmpz_poly, blocks: Blocks) -> SolvableStep | None:
    shift, orbits = _orbits(f, blocks, _triples, _product_value)
    small = [item for item in orbits if len(item[1]) <= 12 * len(blocks)]
    for count in range(1, len(small) + 1):
        for chosen in combinations(small, count):
            lines = [set(label[0]) for _, labels in chosen for label in labels]
            if len(lines) != 12 * len(blocks):
                continue
            pairs = [pair for line in lines for pair in combinations(sorted(line), 2)]
            if len(set(pairs)) == len(pairs) == 36 * len(blocks):
                factor = prod((q for q, _ in chosen), start=fmpz_poly([1]))
                evidence: dict[str, Json] = {"shift": str(shift), "lines": [str(c) for c in factor.coeffs()]}
                reason = "degree 9, and it keeps the 12 lines of an affine plane: inside AGL(2,3)"
                return SolvableStep(reason, {"inside": evidence})
    return None


def _eight(f: fmpz_poly, blocks: Blocks) -> SolvableStep | None:
    shift, orbits = _orbits(f, blocks, _halves, _halves_value)
    for factor, labels in orbits:
        if len(labels) != 7 * len(blocks):
            continue
        if all(_planes([label for label in labels if set(label[0]) <= set(block)]) for block in blocks):
            evidence: dict[str, Json] = {"shift": str(shift), "planes": [str(c) for c in factor.coeffs()]}
            reason = "degree 8, inside AGL(3,2), solvable on the parallel classes of planes"
            return SolvableStep(reason, {"inside": evidence}, factor)
    return None


def _planes(labels: list[Label]) -> bool:
    """Are these the 7 parallel classes of planes of an affine space AG(3,2)?"""
    halves = {frozenset(side) for label in labels for side in label}
    if len(labels) != 7 or len(halves) != 14:
        return False
    sides = [frozenset(label[0]) for label in labels]
    return all(len(a & b) == 2 and a ^ b in halves for a, b in combinations(sides, 2)) and prod(map(len, sides)) == 4**7
