"""Monodromy: what happens to the roots of F(x, t) when t runs around a loop. Computed by certified path following.

``monodromy(F)`` takes F as its coefficients by powers of x, polynomials in t over Q, and returns the branch points,
one loop around each, and how each loop permutes the roots. Every step is proved: for all t of a piece of the path each
root has a square of its own, disjoint from the others, in which Krawczyk's test shows exactly one root; so the roots
at the two ends of the piece belong together (Krawczyk 1969; Beltran and Leykin 2013 for the idea of certified
tracking). The permutations generate the Galois group over C(t) (Jordan); they are a statement about the family.
"""

from __future__ import annotations

import cmath
from itertools import pairwise
from typing import cast

import flint
from flint import acb, acb_poly, arb, fmpq, fmpq_mpoly_ctx, fmpq_poly, fmpz_poly

from closedform.algebra.galois.subfields import TooLarge
from closedform.algebra.univariate import GivenPolynomial, of_tree
from closedform.budget import Budget
from closedform.errors import CallError, OutOfTime
from closedform.frozen import record

BITS = 106
SMALLEST_STEP = 1e-9
SIDES = 12  # of the polygon around a branch point
MAX_GROUP = 50_000

Permutation = tuple[int, ...]


@record
class Loop:
    """A closed path from the base point around one branch point; root i of the start moves to root ``permutation[i]``.

    ``frames`` are for drawing: t and the roots along the way, in the order of the start.
    """

    around: complex
    permutation: Permutation
    frames: tuple[tuple[complex, tuple[complex, ...]], ...]

    @property
    def cycles(self) -> tuple[tuple[int, ...], ...]:
        """The permutation in cycles of length two or more."""
        seen, out = set[int](), list[tuple[int, ...]]()
        for i in range(len(self.permutation)):
            cycle = list[int]()
            while i not in seen:
                seen.add(i)
                cycle.append(i)
                i = self.permutation[i]
            if len(cycle) > 1:
                out.append(tuple(cycle))
        return tuple(out)


@record
class Monodromy:
    """The loops around all finite branch points, and the order of the group they generate (None when too large)."""

    base: complex
    roots: tuple[complex, ...]
    loops: tuple[Loop, ...]
    order: int | None


def of_family(given: GivenPolynomial, budget: Budget) -> Monodromy:
    """The loops of a polynomial with exactly one parameter; ``CallError`` where they are not computed."""
    if len(given.parameters) != 1:
        raise CallError("monodromy needs a polynomial with exactly one parameter, such as x^5 - x - t")
    f, coefficients = of_tree(given), list[fmpq_poly]()
    for k in range(int(f.degrees()[0]) + 1):
        powers = {int(e[1]): c for e, c in f.to_dict().items() if e[0] == k}
        coefficients.append(fmpq_poly([powers.get(j, 0) for j in range(max(powers, default=0) + 1)]))
    try:
        return monodromy(coefficients, budget)
    except (TooLarge, OutOfTime) as fault:
        raise CallError(f"no monodromy was computed: {fault}") from None


def monodromy(coefficients: list[fmpq_poly], budget: Budget, base: tuple[fmpq, fmpq] | None = None) -> Monodromy:
    """The monodromy of F(x, t) = sum of coefficients[k](t) x^k, for a constant leading coefficient.

    >>> m = monodromy([fmpq_poly([0, -1]), fmpq_poly([-1]), *[fmpq_poly([0])] * 3, fmpq_poly([1])], Budget.of(20))
    >>> [len(loop.cycles) for loop in m.loops], m.order
    ([1, 1, 1, 1], 120)
    """
    if coefficients[-1].degree() != 0:
        raise TooLarge("the leading coefficient must not depend on the parameter")
    branch = branch_points(coefficients)
    if not branch:
        raise TooLarge("there is no branch point: the roots do not move into one another")
    size = max(abs(b) for b in branch) or 1.0
    start = base or _base(branch, size)
    origin = complex(float(start[0].p) / float(start[0].q), float(start[1].p) / float(start[1].q))
    first = _start(coefficients, _point(origin))
    loops = list[Loop]()
    for b in branch:
        radius = min([abs(b - c) for c in branch if c != b] + [abs(b - origin)]) / 3
        entry = b + (origin - b) / abs(origin - b) * radius
        turn = [b + (entry - b) * cmath.exp(2j * cmath.pi * k / SIDES) for k in range(1, SIDES)]
        path = [origin, entry, *turn, entry, origin]
        frames = [(origin, _centres(first))]
        current = first
        for here, there in pairwise(path):
            current = _segment(coefficients, current, _point(here), _point(there), frames, budget)
        loops.append(Loop(b, _matching(first, current), tuple(frames)))
    return Monodromy(origin, _centres(first), tuple(loops), _order([loop.permutation for loop in loops]))


def branch_points(coefficients: list[fmpq_poly]) -> list[complex]:
    """The distinct t at which F(x, t) has a multiple root (zeros of the discriminant), as floats."""
    context = fmpq_mpoly_ctx.get(("x", "t"), "lex")
    terms = {(k, j): c for k, p in enumerate(coefficients) for j, c in enumerate(p.coeffs()) if c != 0}
    discriminant = context.from_dict(terms).discriminant("x")
    powers = {int(e[1]): c for e, c in discriminant.to_dict().items()}
    p = fmpq_poly([powers.get(j, fmpq(0)) for j in range(max(powers, default=0) + 1)])
    if p.degree() < 1:
        return []
    return [complex(z) for z, _ in cast(list[tuple[acb, int]], p.numer().complex_roots())]


def _base(branch: list[complex], size: float) -> tuple[fmpq, fmpq]:
    """A point from which the straight ways to the branch points keep clear of the other ones."""
    best, room = (fmpq(0), fmpq(0)), -1.0
    for k in range(24):
        angle = 2 * cmath.pi * (k + 0.37) / 24
        for r in (0.05, 0.6, 1.5):
            t = complex(round(size * r * cmath.cos(angle).real, 3), round(size * r * cmath.sin(angle).real, 3))
            clear = min([abs(t - b) for b in branch])
            for b in branch:
                for c in branch:
                    if c != b:
                        s = max(0.0, min(1.0, ((c - t) * (b - t).conjugate()).real / abs(b - t) ** 2))
                        clear = min(clear, abs(t + s * (b - t) - c))
            if clear > room:
                best, room = (fmpq(round(t.real * 1000), 1000), fmpq(round(t.imag * 1000), 1000)), clear
    return best


def _point(t: complex) -> acb:
    return acb(arb(t.real), arb(t.imag))


def _centres(discs: list[acb]) -> tuple[complex, ...]:
    return tuple(complex(z.mid()) for z in discs)


def _specialised(coefficients: list[fmpq_poly], t: acb) -> acb_poly:
    return acb_poly([acb_poly(c)(t) for c in coefficients])


def _start(coefficients: list[fmpq_poly], t: acb) -> list[acb]:
    """Enclosures of all the roots at t, each with exactly one, by Krawczyk's test around approximations."""
    with flint.ctx.workprec(BITS):
        f = _specialised(coefficients, t)
        near, out = [z.mid() for z in f.roots(tol=2.0**-60)], list[acb]()
        for i, z in enumerate(near):
            apart = min((abs(z - w).lower() for j, w in enumerate(near) if j != i), default=arb(1))
            tight = _krawczyk(f, f.derivative(), _square(z, apart * arb(2) ** -30))
            if tight is None:
                raise TooLarge("the roots at the base point are too close together")
            out.append(tight)
        return out


def _square(centre: acb, radius: arb) -> acb:
    side = arb(0, float(radius))
    return acb(centre.real.mid() + side, centre.imag.mid() + side)


def _krawczyk(f: acb_poly, derivative: acb_poly, square: acb) -> acb | None:
    """An enclosure of the only root of every member of f in the square; None when the test fails."""
    centre = square.mid()
    slope = derivative(centre).mid()
    if slope == 0:
        return None
    inverse = (1 / slope).mid()
    image = centre - inverse * f(centre) + (1 - inverse * derivative(square)) * (square - centre)
    return image if square.contains_interior(image) else None


def _segment(
    coefficients: list[fmpq_poly],
    roots: list[acb],
    here: acb,
    there: acb,
    frames: list[tuple[complex, tuple[complex, ...]]],
    budget: Budget,
) -> list[acb]:
    """Follow the roots from t = here to t = there along a straight line; proved, or ``TooLarge``."""
    done, step = 0.0, 0.125
    with flint.ctx.workprec(BITS):
        while done < 1.0:
            budget.check()
            if step < SMALLEST_STEP:
                raise TooLarge("the roots come too close together on the path")
            following = min(done + step, 1.0)
            moved = _advance(coefficients, roots, here + (there - here) * done, here + (there - here) * following)
            if moved is None:
                step /= 2
                continue
            roots, done, step = moved, following, step * 1.6
            frames.append((complex((here + (there - here) * done).mid()), _centres(roots)))
    return roots


def _advance(coefficients: list[fmpq_poly], roots: list[acb], here: acb, there: acb) -> list[acb] | None:
    """Enclosures of the same roots at the other end of a short piece; None when the piece is too long for the proof."""
    family = _specialised(coefficients, here.union(there))
    slopes, end = family.derivative(), _specialised(coefficients, there)
    end_slopes = end.derivative()
    out = list[acb]()
    for i, z in enumerate(roots):
        apart = min((abs(z - w).lower() for j, w in enumerate(roots) if j != i), default=arb(1))
        squares = [_square(z, apart / part) for part in (8, 24, 72)]
        square = next((q for q in squares if _krawczyk(family, slopes, q) is not None), None)
        if square is None or not square.contains_interior(z):
            return None
        refined = z.mid()
        for _ in range(6):
            refined = (refined - end(refined) / end_slopes(refined)).mid()
        tight = _krawczyk(end, end_slopes, _square(refined, apart * arb(2) ** -40))
        if tight is None or not square.contains(tight):
            return None
        out.append(tight)
    return out


def _matching(first: list[acb], last: list[acb]) -> Permutation:
    out = list[int]()
    for z in last:
        near = [k for k, w in enumerate(first) if w.overlaps(z)]
        if len(near) != 1:
            raise TooLarge("the roots at the end of a loop do not match those of its start")
        out.append(near[0])
    return tuple(out)


def _order(generators: list[Permutation]) -> int | None:
    group, frontier = set(generators), list(generators)
    while frontier and len(group) <= MAX_GROUP:
        fresh: set[Permutation] = {tuple(g[i] for i in h) for h in frontier for g in generators} - group
        group |= fresh
        frontier = list(fresh)
    return len(group) if len(group) <= MAX_GROUP else None


def family(f: fmpz_poly) -> list[fmpq_poly]:
    """The coefficients of F(x, t) = f(x) - t."""
    return [fmpq_poly([f[0], -1]), *(fmpq_poly([c]) for c in list(f.coeffs())[1:])]
