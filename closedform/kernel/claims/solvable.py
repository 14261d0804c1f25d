"""The claim ``solvable``: every root of a polynomial over Q is expressible in radicals.

Evidence, each proved here: a shape (degree at most four, a power, a Chebyshev polynomial, a cyclotomic one, cosines); an
automorphism of the root field that moves all conjugates in one cycle; a subfield Q(g(a)) whose generator is solvable,
with x over it of degree at most four or of such a shape; or, inside the blocks of that subfield (one block: none is
given), Galois' theorem in prime degree, the lines of an affine plane of nine points, the planes of a space of eight.

Two facts decide what no ball can. An algebraic integer all of whose conjugates are less than one in size is zero. And
if L divides a squarefree R and all but deg L roots of R are not roots of L, then these are.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from math import prod

from flint import acb, acb_poly, ctx, fmpq, fmpq_poly, fmpz, fmpz_poly

from closedform.kernel.algebra.fields import (
    MAX_FACTORED,
    MAX_PAIRED,
    factor_of_given,
    monic,
    pair_lengths,
    prove_irreducible,
    subfield,
)
from closedform.kernel.algebra.polynomials import enclosed_roots, poly_text, polynomial
from closedform.kernel.reading import Json, fields, integer, refuse, sequence

MAX_NESTING, MAX_ROOTS, MAX_LABELS, MAX_BITS, MAX_LIFTED = 12, 200, 1_200, 1 << 17, 400

Block = list[int]
Label = tuple[tuple[int, ...], ...]


def check(statement: dict[str, Json], claim: dict[str, Json], evidence: dict[str, Json]) -> str:
    """``{"kind": "solvable", "polynomial": [...]}``, a factor of the statement's polynomial where there is one."""
    f = factor_of_given(statement, claim)
    return f"every root of {poly_text(f)} is expressible in radicals over Q: {prove_solvable(f, evidence)}"


def prove_solvable(f: fmpz_poly, evidence: Json, depth: int = 0) -> str:
    """Why every root of f is expressible in radicals; refused unless the evidence shows it."""
    if depth > MAX_NESTING or not isinstance(evidence, dict) or len(evidence) != 1:
        refuse("no evidence of solvability")
    ((kind, given),) = evidence.items()
    if kind == "shape":
        return shape(f) if given is True else refuse("a shape is claimed by true")
    prove_irreducible(f)
    if kind == "over":
        return _over(f, given, depth)
    if kind == "orbits":
        shift = integer(fields(given, ("shift",))["shift"], "shift", -(10**6), 10**6)
        if not fmpz(f.degree()).is_prime() or f.degree() > MAX_PAIRED or len(pair_lengths(f, shift)) == 1:
            refuse("one orbit on pairs, or no prime degree")
        return "its prime degree and several orbits on pairs (Burnside: solvable or doubly transitive)"
    if kind == "automorphism":
        numerator = _whole_numbers(given, "numerator")
        return _sharpened(lambda r, _: _automorphism(monic(f), r, numerator), f, None, numerator)
    if kind == "inside":
        return _inside(f, None, given, depth)
    refuse(f"no proof of solvability by {kind}")


def _whole_numbers(value: Json, what: str) -> fmpz_poly:
    return fmpz_poly([fmpz(integer(c, what)) for c in sequence(value, what, MAX_LABELS)])


# -- at sight ------------------------------------------------------------------------------------------------------


def shape(f: fmpz_poly) -> str:
    """Why a look at f shows its roots to be radicals."""
    n, lift = f.degree(), fmpz_poly([])
    if n <= 4:
        return f"its degree, {n}, is at most four"
    if (why := piece(fmpq_poly(f))) != "":
        return f"it is {why}"
    if f.is_cyclotomic():
        return "it is cyclotomic"
    if n <= MAX_LIFTED:
        square, power = fmpz_poly([1, 0, 1]), fmpz_poly([1])
        for k in range(n + 1):  # x^n f(x + 1/x)
            lift += f[k] * power.left_shift(n - k)
            power = power * square
        if lift.is_cyclotomic():
            return "its roots are sums z + 1/z of roots of unity"
    refuse(f"{poly_text(f)} has no shape that shows its roots")


def piece(g: fmpq_poly) -> str:
    """Why g(x) = b is solvable in radicals for every b (Ritt's pieces), else nothing."""
    d = g.degree()
    if d <= 4:
        return f"of degree {d}"
    shift, expected = g[d - 1] / (d * g[d]), g[d]
    for k in range(d - 1, 0, -1):  # coefficient by coefficient, so that a wrong one ends it at once
        expected *= shift * fmpq(k + 1, d - k)
        if expected != g[k]:
            break
    else:
        return f"a power of degree {d}"
    if d > MAX_FACTORED:
        return ""
    centred = g(fmpq_poly([-shift, 1])) / g[d]
    before, now = fmpq_poly([2]), fmpq_poly([0, 1])
    for _ in range(d - 1):
        before, now = now, fmpq_poly([0, 1]) * now + centred[d - 2] / d * before
    return f"a Chebyshev polynomial of degree {d}" if (now - centred).degree() <= 0 else ""


# -- subfields -----------------------------------------------------------------------------------------------------


def _over(f: fmpz_poly, given: Json, depth: int) -> str:
    """a root of f has the value g(a), a root of h, which is solvable; what is left is the step from Q(g(a)) to Q(a)."""
    entry = fields(given, ("h", "g", "proof"), ("inside",))
    h, g = subfield(f, entry)
    prove_irreducible(h)
    below = f"its root field contains a root of {poly_text(h)}, where {prove_solvable(h, entry['proof'], depth + 1)}"
    step = f.degree() // h.degree()
    if "inside" in entry:
        return f"{below}; {_inside(f, (h, g), entry['inside'], depth)}"
    if step <= 4:
        return f"{below}; the step above it has degree {step}"
    if (why := piece(g)) == "":
        refuse(f"nothing is said of a step of degree {step}")
    return f"{below}; the step above it is {why}"


# -- groups on the roots of a block --------------------------------------------------------------------------------


class _MoreBits(Exception):
    """The balls are too wide to tell."""


def _located(f: fmpz_poly, below: tuple[fmpz_poly, fmpq_poly] | None) -> tuple[list[acb], list[Block]]:
    """The roots of the monic polynomial of lc(f) a, f(a) = 0, and their numbers in blocks of equal g(a)."""
    roots = enclosed_roots(monic(f))
    if below is None:
        return roots, [list(range(len(roots)))]
    h, g = below
    top, bottom = acb_poly([acb(c) for c in g.numer().coeffs()]), acb(g.denom())
    values = enclosed_roots(h)
    blocks: list[Block] = [[] for _ in values]
    for i, a in enumerate(roots):
        near = [k for k, b in enumerate(values) if b.overlaps(top(a / f.leading_coefficient()) / bottom)]
        if len(near) != 1:
            raise _MoreBits
        blocks[near[0]].append(i)
    return roots, blocks


def _sharpened(
    prove: Callable[[list[acb], list[Block]], str],
    f: fmpz_poly,
    below: tuple[fmpz_poly, fmpq_poly] | None,
    evidence: fmpz_poly,
) -> str:
    """The proof from the roots and blocks, at a precision at which the balls tell."""
    before, bits = ctx.prec, 256 + 2 * evidence.height_bits()
    if f.degree() > MAX_ROOTS:
        refuse("too many roots")
    try:
        while bits < MAX_BITS:
            ctx.prec = bits
            try:
                return prove(*_located(f, below))
            except _MoreBits:
                bits *= 2
    finally:
        ctx.prec = before
    refuse("the roots are too close together, or a number is not what it is said to be")


def _inside(f: fmpz_poly, below: tuple[fmpz_poly, fmpq_poly] | None, given: Json, depth: int) -> str:
    """The stabiliser of a block acts on it by a solvable group."""
    entry = fields(given, ("shift",), ("pairs", "lines", "planes", "proof"))
    shift, size = integer(entry["shift"], "shift", -(10**6), 10**6), f.degree() // (below[0].degree() if below else 1)
    if "pairs" in entry and fmpz(size).is_prime():
        numerator = _whole_numbers(entry["pairs"], "pairs")
        return _sharpened(lambda r, b: _two_suffice(monic(f), r, b, shift, numerator), f, below, numerator)
    kind = {8: "planes", 9: "lines"}.get(size, "")
    if kind not in entry:
        refuse(f"nothing is said of a step of degree {size}")
    factor = polynomial(entry[kind], kind)
    if size == 9:
        return _sharpened(lambda r, b: _lines(r, b, shift, factor), f, below, factor)
    why = _sharpened(lambda r, b: _planes(r, b, shift, factor), f, below, factor)
    return f"{why}; these are roots of {poly_text(factor)}: {prove_solvable(factor, entry.get('proof'), depth + 1)}"


def _integral(values: list[acb]) -> fmpz_poly:
    """The integral polynomial with these roots, a set that the group keeps."""
    found = acb_poly.from_roots(values).unique_fmpz_poly()
    if found is None:
        raise _MoreBits
    if found.gcd(found.derivative()).degree() > 0:
        refuse("two values agree: another shift is needed")
    return found


def _two_suffice(f: fmpz_poly, roots: list[acb], blocks: list[Block], shift: int, numerator: fmpz_poly) -> str:
    """N/M' at t_ij = a_i a_j^2 (shifted) is a root of the same block, and these give all of it from any two."""
    moved, shifted = f(fmpz_poly([-shift, 1])), [z + shift for z in roots]
    pairs = [(i, j) for block in blocks for i in block for j in block if i != j]
    if len(pairs) > MAX_LABELS:
        refuse("too many pairs")
    values = [shifted[i] * shifted[j] * shifted[j] for i, j in pairs]
    slope = acb_poly(_integral(values).derivative())
    third = dict[tuple[int, int], int]()
    for pair, t in zip(pairs, values, strict=True):
        third[pair] = _image(moved, shifted, acb_poly(numerator)(t), slope(t))
    if not all(_generate(third, block, i, j) for block in blocks for i in block for j in block if i < j):
        refuse("two roots do not give all of their block")
    return f"in the step of degree {len(blocks[0])} every root is a rational function of any two (Galois 1832)"


def _image(f: fmpz_poly, roots: list[acb], top: acb, slope: acb) -> int:
    """The root of the monic f that top/slope is: slope^n f(top/slope), an integer as all its conjugates, is tiny."""
    total, power = acb(0), acb(1)
    for c in list(f.coeffs())[::-1]:
        total, power = total * top + power * c, power * slope
    near = [k for k, z in enumerate(roots) if z.overlaps(top / slope)]
    if abs(total) > 1:
        refuse("a number is not the root that it is said to be")
    if not abs(total) < 1 or len(near) != 1:
        raise _MoreBits
    return near[0]


def _generate(third: dict[tuple[int, int], int], block: Block, i: int, j: int) -> bool:
    known, fresh = {i, j}, {i, j}
    while fresh:
        fresh = {third[a, b] for a in known for b in known if a != b} - known
        if not fresh <= set(block):
            return False
        known |= fresh
    return known == set(block)


def _automorphism(f: fmpz_poly, roots: list[acb], numerator: fmpz_poly) -> str:
    """a -> A(a)/f'(a) moves all n roots in one cycle: the root field has n automorphisms, a cyclic group."""
    slope, top = acb_poly(f.derivative()), acb_poly(numerator)
    image = [_image(f, roots, top(a), slope(a)) for a in roots]
    k, steps = image[0], 1
    while k != 0 and steps < len(image):
        k, steps = image[k], steps + 1
    if k != 0 or steps != len(image):
        refuse("the automorphism does not move all roots in one cycle")
    return "its group is cyclic, generated by an automorphism of the root field"


def _chosen(blocks: list[Block], labels: list[Label], values: list[acb], factor: fmpz_poly) -> list[list[Label]]:
    """For each block the labels whose values are the roots of the factor."""
    if len(labels) > MAX_LABELS:
        refuse("too many labels")
    if divmod(_integral(values), factor)[1].degree() >= 0:
        refuse("the factor does not divide the polynomial of all values")
    inside = [label for label, v in zip(labels, values, strict=True) if factor(v).contains(acb(0))]
    if len(inside) != factor.degree():
        raise _MoreBits
    return [[label for label in inside if set(label[0]) <= set(block)] for block in blocks]


def _lines(roots: list[acb], blocks: list[Block], shift: int, factor: fmpz_poly) -> str:
    labels: list[Label] = [(s,) for block in blocks for s in combinations(block, 3)]
    values = [prod((roots[i] + shift for i in label[0]), start=acb(1)) for label in labels]
    for chosen in _chosen(blocks, labels, values, factor):
        pairs = [pair for label in chosen for pair in combinations(label[0], 2)]
        if len(chosen) != 12 or len(set(pairs)) != 36:
            refuse("these triples are not the lines of an affine plane")
    return "the step of degree 9 keeps the twelve lines of an affine plane, so its group lies in AGL(2,3)"


def _planes(roots: list[acb], blocks: list[Block], shift: int, factor: fmpz_poly) -> str:
    labels: list[Label] = []
    for first, *rest in blocks:
        labels += [((first, *s), tuple(i for i in rest if i not in s)) for s in combinations(rest, 3)]
    values = [sum((prod((roots[i] + shift for i in side), start=acb(1)) for side in label), acb(0)) for label in labels]
    for chosen in _chosen(blocks, labels, values, factor):
        sides, every = [frozenset(a) for a, _ in chosen], {frozenset(side) for label in chosen for side in label}
        if len(chosen) != 7 or not all(len(a & b) == 2 and a ^ b in every for a, b in combinations(sides, 2)):
            refuse("these partitions are not the parallel classes of planes of an affine space")
    return "the step of degree 8 keeps the planes of an affine space, and only translations fix their seven classes"
