"""The Galois group of an irreducible polynomial of degree 3 to 11 as a numbered permutation group, proved.

Cycle types, the discriminant and the orbits on pairs leave a list of candidates, each left out with a proof. Where more
than one is left, Stauduhar's method (1973) goes down from S_n or A_n through maximal subgroups: the group lies in a
conjugate of H < G exactly when the value at the roots of a polynomial with stabiliser H in G is an integer that no other
image takes. Balls prove both answers: a value whose ball holds no integer is none; an integer k in the ball of one value
v is v when the integer R(k), R the product of all X - v', is less than one in size and no other factor vanishes.
"""

from __future__ import annotations

import flint
from flint import acb, acb_poly, arb, fmpz, fmpz_poly

from closedform.algebra.galois.subfields import TooLarge, monic, monic_roots, pair_orbits
from closedform.algebra.galois.transitive import (
    DEGREES,
    Alternant,
    Term,
    Transitive,
    Type,
    invariant,
    reach,
    transitive_groups,
)
from closedform.budget import Budget
from closedform.frozen import record

MAX_INDEX = 2_600  # images of an invariant that are evaluated at most
MAX_BITS = 1 << 19
TRANSFORMS = ([0, 1], [0, 1, 1], [0, 1, 0, 1], [0, 2, 1, 1], [0, 1, 3, 0, 1])


@record
class Identified:
    """The group, and the argument in sentences, one for each fact used."""

    group: Transitive
    steps: tuple[str, ...]


def identify(f: fmpz_poly, types: frozenset[Type], even: bool, solvable: bool, budget: Budget) -> Identified | None:
    """The group of the irreducible f from cycle types seen, its parity and its solvability; None where it is not proved.

    >>> from closedform.budget import Budget
    >>> identify(fmpz_poly([3, -7, 0, 0, 0, 0, 0, 1]), frozenset({(1, 2, 4)}), True, False, Budget.of(9)).group.name
    'PSL(3,2)'
    """
    n = f.degree()
    if n not in DEGREES:
        return None
    every = transitive_groups(n)
    left = {g.number for g in every if g.even == even and g.solvable == solvable and types <= g.types}
    steps = [_counted(every, left, f"the cycle types seen, the discriminant ({'' if even else 'not '}a square)")]
    if len(left) > 1:
        pairs = pair_orbits(f).lengths
        left = {k for k in left if every[k - 1].pairs == pairs}
        lengths = ", ".join(map(str, pairs))
        steps.append(_counted(every, left, f"the orbits on pairs of roots, of length {lengths}"))
    here = len(every) - (1 if even and n > 2 else 0)
    if len(left) > 1:
        found = _descend(monic(f), here, left, steps, budget)
        return None if found is None else Identified(every[found - 1], tuple(steps))
    return Identified(every[left.pop() - 1], tuple(steps))


def _counted(every: tuple[Transitive, ...], left: set[int], why: str) -> str:
    names = ", ".join(every[k - 1].label for k in sorted(left))
    kept = names if len(left) <= 8 else f"{len(left)} groups"
    return f"{why} leave {kept} of the {len(every)} transitive groups of degree {every[0].degree}"


def _descend(f: fmpz_poly, number: int, left: set[int], steps: list[str], budget: Budget) -> int | None:
    """The number of the group, going down from ``number``, which contains it; the group is one of ``left``."""
    n = f.degree()
    every = transitive_groups(n)
    root_at = tuple(range(n))  # the root at each point of the present group
    tested = dict[int, set[int]]()  # classes known not to hold it, by the position in the list of the present group
    while True:
        budget.check()
        group, done = every[number - 1], tested.setdefault(number, set())
        open_ = [i for i in range(len(group.maximal)) if i not in done]
        open_ = [i for i in open_ if reach(n, group.maximal[i].number) & left]
        possible = {number} & left
        for i in open_:
            possible |= reach(n, group.maximal[i].number) & left
        if len(possible) == 1:
            return possible.pop()
        if not open_:
            return None
        which = min(open_, key=lambda i: group.order // every[group.maximal[i].number - 1].order)
        below = group.maximal[which]
        small = every[below.number - 1]
        if group.order // small.order > MAX_INDEX:
            return None
        found = _inside(f, number, which, root_at, budget)
        pair = f"{small.label} ({small.name}) in {group.label} ({group.name})"
        if found is None:
            done.add(which)
            steps.append(f"no conjugate of {pair} holds it: no value of the invariant is an integer")
        else:
            coset, value = found
            steps.append(f"it lies in a conjugate of {pair}: the invariant takes the value {value}, once")
            root_at = tuple(root_at[coset[below.point_of[i]]] for i in range(n))
            number = below.number


def _inside(
    f: fmpz_poly, number: int, which: int, root_at: tuple[int, ...], budget: Budget
) -> tuple[tuple[int, ...], fmpz] | None:
    """The coset whose conjugate holds the Galois group, with the value of the invariant there, or None (proved)."""
    found = invariant(f.degree(), number, which)
    for transform in TRANSFORMS:
        bits = 128
        while bits <= MAX_BITS:
            values = _values(f, found.forms, root_at, transform, bits, budget)
            with flint.ctx.workprec(bits):
                seen = _seen(values)
            if seen == "no integer":
                return None
            if seen == "twice" and bits >= 1024:
                break
            if not isinstance(seen, str):
                coset, k, size = seen
                if _vanishes(f, found.forms[coset], root_at, transform, k, size, budget):
                    return found.cosets[coset], k
            bits *= 2
        else:
            raise TooLarge(f"a value of an invariant needs more than {MAX_BITS} bits")
    raise TooLarge("no small transform of the roots separates the values of an invariant")


def _seen(values: list[acb]) -> str | tuple[int, fmpz, int]:
    """What the balls tell: "wide" for nothing, "no integer", "twice" for one that several may take, or a candidate.

    A candidate (c, k, b): k may be the value of c alone, and the product of all value' - k is less than 2^(b - 1).
    """
    hits = list[tuple[int, fmpz]]()
    for c, v in enumerate(values):
        if not v.imag.contains(0):
            continue
        if not v.real.rad() < arb(2) ** -20:
            return "wide"
        k = v.real.unique_fmpz()
        if k is not None:
            hits.append((c, k))
    if not hits:
        return "no integer"
    c, k = hits[0]
    others = [abs(v - k) for i, v in enumerate(values) if i != c]
    if any(w.contains(0) for w in others):
        return "twice"
    return c, k, sum(_bits(w) for w in others) + 2


def _bits(size: arb) -> int:
    """b with size < 2^b."""
    above = (size.upper() + 1).floor().unique_fmpz()
    if above is None:
        raise TooLarge("a value of an invariant is too large")
    return int(above.bit_length()) + 1


def _vanishes(
    f: fmpz_poly,
    form: tuple[Term, ...],
    root_at: tuple[int, ...],
    transform: list[int],
    k: fmpz,
    size: int,
    budget: Budget,
) -> bool:
    """Is |value - k| < 2^-size? It is then k, as the product of all value' - k is an integer less than one in size."""
    bits = size + 512
    while bits <= MAX_BITS:
        value = _values(f, (form,), root_at, transform, bits, budget)[0]
        with flint.ctx.workprec(bits):
            gap = abs(value - k)
            if gap < arb(2) ** -size:
                return True
            if not gap.contains(0):
                return False
        bits *= 2
    raise TooLarge(f"a value of an invariant needs more than {MAX_BITS} bits")


def _values(
    f: fmpz_poly,
    forms: tuple[tuple[Term, ...], ...],
    root_at: tuple[int, ...],
    transform: list[int],
    bits: int,
    budget: Budget,
) -> list[acb]:
    """The value of every form when the root ``root_at[i]`` is at point i, at this precision."""
    with flint.ctx.workprec(bits):
        roots = monic_roots(f, bits)
        change = acb_poly(transform)
        points = [change(roots[i]) for i in root_at]
        powers = [[acb(1), z, z * z, z * z * z] for z in points]
        known = dict[Term, acb]()
        out = list[acb]()
        for form in forms:
            budget.check()
            total = acb(0)
            for term in form:
                value = known.get(term)
                if value is None:
                    value = _alternant(term, points) if isinstance(term, Alternant) else _monomial(term, powers)
                    known[term] = value
                total = total + value
            out.append(total)
        return out


def _monomial(exponents: tuple[int, ...], powers: list[list[acb]]) -> acb:
    value = acb(1)
    for i, e in enumerate(exponents):
        if e:
            value = value * powers[i][e]
    return value


def _alternant(term: Alternant, points: list[acb]) -> acb:
    value = acb(term.sign)
    for sets in term.lists:
        sums = [sum((points[i] for i in s[1:]), points[s[0]]) for s in sets]
        for i, a in enumerate(sums):
            for b in sums[:i]:
                value = value * (b - a)
    return value
