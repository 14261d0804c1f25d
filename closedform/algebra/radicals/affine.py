"""Primitive solvable groups of degree 8 and 9: affine groups over F_2^3 and F_3^2.

The roots are arranged as an affine space (30 or 840 arrangements; the right one is known by an integral invariant),
T_c = sum_v z^(c.v) a_v are the resolvents of the characters c, and the T_c^p are roots of a polynomial R over Q of
degree p^k - 1, solved by recursion. Everything that links the p-th roots lies in Q(r_x, r_y), r_c = T_c^p, for
one pair of characters: the Galois group acts freely on such pairs. Balls round to the only integers inside; nothing
is taken on their word, for the kernel proves the result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations, permutations, product
from math import prod

import flint
from flint import acb, acb_poly, arb, fmpq, fmpq_poly, fmpz_poly

from closedform.algebra.galois.subfields import locate, monic_roots
from closedform.algebra.radicals.fields import Element, NumberField, constant, generator
from closedform.algebra.radicals.terms import Unresolved, Workspace, polynomial, turn
from closedform.frozen import record
from closedform.kernel.expressions.tree import MINUS, Tree, add, mul, power

Vector = tuple[int, ...]
Pair = tuple[Vector, Vector]
Solve = Callable[[fmpz_poly, Workspace], list[Tree]]
BITS = (1024, 4096, 16384, 65536)


def affine_step(f: fmpz_poly, workspace: Workspace, solve: Solve) -> list[Tree]:
    """Every root of a monic irreducible f of degree 8 or 9 with a primitive solvable group."""
    p = 2 if f.degree() == 8 else 3
    for arrangement in _candidates(f, p):
        workspace.budget.check()
        for bits in BITS:
            with flint.ctx.workprec(bits):
                space = Space(f, p, arrangement, bits)
                if space.resolvent is None:
                    continue
                try:
                    return _solved(space, workspace, solve)
                except _WideBalls:
                    continue
    raise Unresolved("the roots are not an affine space over a small field, or a resolvent is too large")


class _WideBalls(Exception):
    """The balls are too wide for the integers that they enclose."""


def _arrangements(p: int) -> Iterator[list[Vector]]:
    """One of each class, under affine maps, of the ways to number the roots by vectors."""
    if p == 2:
        for r in range(3, 8):
            rest = [i for i in range(3, 8) if i != r]
            for images in permutations([(1, 0, 1), (0, 1, 1), (1, 1, 1)]):
                out: list[Vector] = [(0, 0, 0), (1, 0, 0), (0, 1, 0)] + [(0, 0, 0)] * 5
                out[r], out[rest[0]] = (1, 1, 0), (0, 0, 1)
                for i, v in zip(rest[1:], images, strict=True):
                    out[i] = v
                yield out
    else:
        for r in range(2, 9):
            rest = [i for i in range(2, 9) if i != r]
            for images in permutations([(0, 2), (1, 1), (1, 2), (2, 1), (2, 2)]):
                out = [(0, 0), (1, 0)] + [(0, 0)] * 7
                out[r], out[rest[0]] = (2, 0), (0, 1)
                for i, v in zip(rest[1:], images, strict=True):
                    out[i] = v
                yield out


def _candidates(f: fmpz_poly, p: int) -> Iterator[list[Vector]]:
    """Arrangements whose sum over the planes (p = 2) or lines (p = 3) of products of roots is close to an integer."""
    roots = [complex(z.real.mid(), z.imag.mid()) for z in monic_roots(f, 96)]
    vectors = list(product(range(p), repeat=3 if p == 2 else 2))
    flats = [s for s in combinations(vectors, 4 if p == 2 else 3) if not any(sum(c) % p for c in zip(*s, strict=True))]
    for arrangement in _arrangements(p):
        value = dict(zip(arrangement, roots, strict=True))
        total, scale = 0j, 1.0
        for flat in flats:
            term = prod(value[v] for v in flat)
            total, scale = total + term, scale + abs(term)
        if abs(total.imag) < 1e-9 * scale and abs(total.real - round(total.real)) < 1e-9 * scale:
            yield arrangement


class Space:
    """The resolvents of one arrangement, as balls at the current precision."""

    def __init__(self, f: fmpz_poly, p: int, arrangement: list[Vector], bits: int) -> None:
        self.f, self.p, self.bits = f, p, bits
        self.zeta = [acb(arb.cos_pi_fmpq(fmpq(2 * k, p)), arb.sin_pi_fmpq(fmpq(2 * k, p))) for k in range(p)]
        roots = monic_roots(f, bits)
        self.points = dict(zip(arrangement, roots, strict=True))
        self.characters = [c for c in self.points if any(c)]
        self.theta = {c: self._resolvent(c) for c in self.characters}
        self.rho = {c: t**p for c, t in self.theta.items()}
        self.resolvent = acb_poly.from_roots(list(self.rho.values())).unique_fmpz_poly()

    def _resolvent(self, c: Vector) -> acb:
        total = acb(0)
        for v, a in self.points.items():
            total += a * self.zeta[self.dot(c, v)]
        return total

    def dot(self, c: Vector, v: Vector) -> int:
        return sum(a * b for a, b in zip(c, v, strict=True)) % self.p

    def combine(self, weights: Vector, basis: tuple[Vector, ...]) -> Vector:
        return tuple(sum(w * b[k] for w, b in zip(weights, basis, strict=True)) % self.p for k in range(len(basis[0])))

    def independent(self) -> list[Pair]:
        return [
            (x, y)
            for x in self.characters
            for y in self.characters
            if y not in {tuple(k * a % self.p for a in x) for k in range(self.p)}
        ]


@record
class Pairs:
    """Q(r_x, r_y): an orbit of pairs, the polynomial of r_x + m r_y over it, and the field as a tower."""

    space: Space
    orbit: list[Pair]
    m: int
    minimal: fmpz_poly
    field: NumberField

    def element(self, value: Callable[[Vector, Vector], acb]) -> Element:
        """The element that takes these values, algebraic integers, over the orbit."""
        points = [self.space.rho[x] + self.space.rho[y] * self.m for x, y in self.orbit]
        exact = _interpolated(self.minimal, points, [value(x, y) for x, y in self.orbit])
        return self.field.at(exact, generator(1) + generator(2) * self.m)


def _interpolated(minimal: fmpz_poly, points: list[acb], values: list[acb]) -> fmpq_poly:
    """The polynomial c over Q with c(point) = value: sum value m(X)/(X - point) is integral, and is c m'."""
    total = acb_poly([])
    for point, value in zip(points, values, strict=True):
        out, carry = list[acb](), acb(0)
        for c in list(minimal.coeffs())[:0:-1]:
            carry = carry * point + c
            out.append(carry)
        total = total + acb_poly(out[::-1]) * value
    exact = total.unique_fmpz_poly()
    if exact is None:
        raise _WideBalls
    if minimal.degree() == 1:
        return fmpq_poly(exact)
    modulus = fmpq_poly(minimal)
    return (fmpq_poly(exact) * fmpq_poly(minimal.derivative()).xgcd(modulus)[1]) % modulus


def _pairs(space: Space, home: dict[Vector, fmpz_poly]) -> Pairs:
    candidates = space.independent()
    for m in (2, 3, -2, 5, 7):
        values = [space.rho[x] + space.rho[y] * m for x, y in candidates]
        whole = acb_poly.from_roots(values).unique_fmpz_poly()
        if whole is None:
            raise _WideBalls
        if whole.gcd(whole.derivative()).degree() > 0:
            continue
        parts = tuple(g for g, _ in whole.factor()[1])
        located = locate(parts, list(enumerate(values)))
        if located is None:
            raise _WideBalls
        index = min(range(len(parts)), key=lambda i: (parts[i].degree(), parts[i].height_bits()))
        orbit = [candidates[i] for i in located[index]]
        first = home[orbit[0][0]]
        starts = sorted({x for x, _ in orbit})
        coefficients = list[list[acb]]()
        for x in starts:
            coefficients.append(list(acb_poly.from_roots([space.rho[y] for a, y in orbit if a == x]).coeffs()))
        y1, y2 = generator(1), generator(2)
        base = NumberField((NumberField().at(fmpq_poly(first), y1),), (first.degree(),), ((),))
        relation, degree = constant(0), len(orbit) // len(starts)
        for k in range(degree + 1):
            exact = _interpolated(first, [space.rho[x] for x in starts], [c[k] for c in coefficients])
            relation = relation + base.at(exact, y1) * y2**k
        field = NumberField((base.relations[0], relation), (first.degree(), degree), ((),))
        return Pairs(space, orbit, m, parts[index], field)
    raise Unresolved("no combination of two resolvents separates the pairs")


def _third(pairs: Pairs, x: Vector, y: Vector) -> Vector:
    """For p = 2, a third character chosen compatibly with the group, which acts on seven points as C7 or F21."""
    after = {b for a, b in pairs.orbit if a == y}
    if len(pairs.orbit) > 7:
        after &= {b for a, b in pairs.orbit if a == x}
    if len(after) != 1:
        raise Unresolved("the group of a primitive polynomial of degree 8 is not as expected")
    return after.pop()


def _solved(space: Space, workspace: Workspace, solve: Solve) -> list[Tree]:
    resolvent = space.resolvent
    if resolvent is None or resolvent.gcd(resolvent.derivative()).degree() > 0:
        raise Unresolved("the resolvent of an affine group has a double root")
    p, factors = space.p, [g for g, _ in resolvent.factor()[1]]
    if min(g.degree() for g in factors) < 2:
        raise Unresolved("a resolvent of an affine group is rational")
    home = {c: next(g for g in factors if g(r).contains(acb(0))) for c, r in space.rho.items()}
    pairs = _pairs(space, home)
    trees = dict[Vector, Tree]()
    for g in factors:
        for tree in solve(g, workspace):
            value = workspace.value(tree)
            hit = [c for c, r in space.rho.items() if r.overlaps(value)]
            if len(hit) != 1:
                raise Unresolved("the roots of a resolvent are too close together")
            trees[hit[0]] = tree
    x, y = min(pairs.orbit, key=lambda o: not workspace.value(trees[o[0]]).imag.contains(0))
    basis = (x, y) if p == 3 else (x, y, _third(pairs, x, y))

    def over(a: Vector, b: Vector) -> tuple[Vector, ...]:
        return (a, b) if p == 3 else (a, b, _third(pairs, a, b))

    weights = {space.combine(w, basis): w for w in product(range(p), repeat=len(basis)) if any(w)}
    names, elements = dict[Vector, Tree](), dict[Vector, Element]({x: generator(1), y: generator(2)})
    for c in sorted(space.characters, key=lambda c: (c != x, c != y)):
        own, relation = workspace.next_name(), home[c]
        if c == x:
            refined: Tree | None = None
        elif c == y:
            refined = pairs.field.tree(pairs.field.relations[1], (names[x], own))
        else:
            w = weights[c]
            elements[c] = pairs.element(lambda a, b, w=w: space.rho[space.combine(w, over(a, b))])
            refined = add(own, mul(MINUS, pairs.field.tree(elements[c], (names[x], names[y]))))
        names[c] = workspace.name(trees[c], polynomial(fmpq_poly(relation), own), refined)
    links = dict[Vector, Element]()
    for c, w in weights.items():
        if c in basis:
            continue

        def integral(a: Vector, b: Vector, w: Vector = w) -> acb:
            here = over(a, b)
            out = space.theta[space.combine(w, here)]
            for e, d in zip(w, here, strict=True):
                out = out * (space.theta[d] ** (p - e) if e else acb(1))
            return out

        link = pairs.element(integral)
        for e, d in zip(w, basis, strict=True):
            if e:
                link = pairs.field.times(link, _inverse(pairs.field, elements[d], home[d]))
        links[c] = link
    workspace.budget.check()
    return [
        _root(space, v, basis, weights, names, links, pairs.field, (names[x], names[y]), workspace)
        for v in space.points
    ]


def _inverse(field: NumberField, a: Element, minimal: fmpz_poly) -> Element:
    """1/a from the minimal polynomial of a."""
    return field.at(fmpq_poly(list(minimal.coeffs())[1:]), a) * (fmpq(-1) / minimal[0])


def _root(
    space: Space,
    v: Vector,
    basis: tuple[Vector, ...],
    weights: dict[Vector, Vector],
    names: dict[Vector, Tree],
    links: dict[Vector, Element],
    field: NumberField,
    embedding: tuple[Tree, ...],
    workspace: Workspace,
) -> Tree:
    """a_v = (sum over the characters of z^(-c.v) T_c)/p^k, each term a p-th root with its own relation."""
    p, own_names = space.p, dict[Vector, Tree]()
    for c in (*basis, *(c for c in weights if c not in basis)):
        target = space.theta[c] * space.zeta[-space.dot(c, v) % p]
        principal = workspace.root(names[c], p)
        value = workspace.value(principal)
        turns = [s for s in range(p) if target.overlaps(value * space.zeta[s])]
        if len(turns) != 1:
            raise Unresolved("a resolvent is too close to zero")
        own = workspace.next_name()
        relation = add(power(own, fmpq(p)), mul(MINUS, names[c]))
        refined: Tree | None = None
        if c in links:
            product_ = [power(own_names[b], fmpq(e)) for e, b in zip(weights[c], basis, strict=True) if e]
            refined = add(own, mul(MINUS, field.tree(links[c], embedding), *product_))
        own_names[c] = workspace.name(turn(fmpq(turns[0], p), principal), relation, refined)
    n = space.f.degree()
    return mul(fmpq(1, n), add(*own_names.values(), fmpq(-space.f[n - 1])))
