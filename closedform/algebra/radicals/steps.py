"""Quadratic, cubic and quartic steps over a field Q(beta) whose generator is already written in radicals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from flint import acb, fmpq, fmpq_poly, fmpz

from closedform.algebra.radicals.terms import (
    HALF,
    I,
    Unresolved,
    Workshop,
    negate,
    over_common,
    polynomial,
    rational_root,
)  # fmt: skip
from closedform.kernel.expression import MINUS, ZERO, Tree, add, mul, power

Element = fmpq_poly


@dataclass(frozen=True)
class Field:
    """Q(beta): elements are polynomials in ``at`` (a name, or a rational for Q itself) modulo ``modulus``."""

    modulus: fmpq_poly
    at: Tree

    def times(self, a: Element, b: Element) -> Element:
        return (a * b) % self.modulus

    def inverse(self, a: Element) -> Element:
        common, left, _ = a.xgcd(self.modulus)
        if common.degree() != 0:
            raise Unresolved("a division by zero in a subfield")
        return (left / common[0]) % self.modulus

    def tree(self, a: Element) -> Tree:
        return over_common(a, self.at)


RATIONALS = Field(fmpq_poly([0, 1]), ZERO)


def constant(value: fmpq | int) -> Element:
    return fmpq_poly([fmpq(value)])


def square_part(value: fmpq) -> fmpq:
    """The largest r (up to factors past trial division) with value = r^2 * s, s an integer free of small squares."""
    if value == 0:
        return fmpq(1)
    whole = abs(value.p * value.q)
    factors = whole.factor() if whole.bit_length() < 200 else whole.factor(trial_limit=100_000)
    out = fmpq(1, value.q)
    for prime, e in factors:
        out *= fmpq(prime) ** (int(e) // 2)
    return out


def content(a: Element) -> fmpq:
    out = fmpz(0)
    for c in a.numer().coeffs():
        out = out.gcd(c)
    return fmpq(out, a.denom())


def square_root(a: Element, field: Field, shop: Workshop) -> Tree:
    """The principal root of an element, with rational squares drawn out and the easy nested roots resolved."""
    if a.degree() < 1:
        return rational_root(a[0], 2)
    r = square_part(content(a))
    inner = a / (r * r)
    simple = _denest(inner, field, shop)
    return mul(r, simple if simple is not None else shop.root(field.tree(inner), 2))


def _denest(a: Element, field: Field, shop: Workshop) -> Tree | None:
    """sqrt(u + v sqrt(d)) = sqrt((u + w)/2) +- sqrt((u - w)/2) where u^2 - v^2 d = w^2 over Q."""
    m = field.modulus
    if m.degree() != 2:
        return None
    half = -m[1] / (2 * m[2])  # beta = half + e with e^2 = d
    d = half * half - m[0] / m[2]
    u, v = a[0] + a[1] * half, a[1]
    w = rational_square_root(u * u - v * v * d)
    if w is None:
        return None
    first, second = rational_root((u + w) / 2, 2), rational_root((u - w) / 2, 2)
    target = shop.value(field.tree(a)).sqrt()
    for s, t in product((1, -1), repeat=2):
        candidate = add(mul(fmpq(s), first), mul(fmpq(t), second))
        if target.overlaps(shop.value(candidate)):
            return candidate
    return None


def rational_square_root(value: fmpq) -> fmpq | None:
    if value < 0:
        return None
    p, q = value.p.isqrt(), value.q.isqrt()
    return fmpq(p, q) if p * p == value.p and q * q == value.q else None


def relative_roots(g: Sequence[Element], field: Field, shop: Workshop) -> list[Tree]:
    """All roots of a monic polynomial of degree 1 to 4 over the field, each named with g as its relation."""
    formulas = {1: _linear, 2: _quadratic, 3: _cubic, 4: _quartic}
    return [named(tree, g, field, shop) for tree in formulas[len(g) - 1](g, field, shop)]


def named(tree: Tree, g: Sequence[Element], field: Field, shop: Workshop) -> Tree:
    if isinstance(tree, (fmpq, str)):
        return tree
    own = shop.next_name()
    return shop.name(tree, polynomial([field.tree(c) for c in g], own))


def _linear(g: Sequence[Element], field: Field, shop: Workshop) -> list[Tree]:
    return [field.tree(-g[0])]


def _quadratic(g: Sequence[Element], field: Field, shop: Workshop) -> list[Tree]:
    c, b, _ = g
    root = square_root(field.times(b, b) - 4 * c, field, shop)
    if root == ZERO:
        raise Unresolved("a step of a tower is not irreducible")
    centre = field.tree(-b / 2)
    return [add(mul(HALF, root), centre), add(mul(-HALF, root), centre)]


def cube_roots_of_unity() -> list[Tree]:
    half_root = mul(HALF, I, ("sqrt", fmpq(3)))
    return [fmpq(1), add(-HALF, half_root), add(-HALF, negate(half_root))]


def _cubic(g: Sequence[Element], field: Field, shop: Workshop) -> list[Tree]:
    """Cardano: y = t - p/(3t), t^3 = -q/2 + s, s^2 = q^2/4 + p^3/27."""
    d, c, b, _ = g
    bb = field.times(b, b)
    p = c - bb / 3
    q = fmpq(2, 27) * field.times(bb, b) - field.times(b, c) / 3 + d
    shift, half = field.tree(-b / 3), -q / 2
    if p == 0:
        t = real_root(field.tree(-q), 3, shop)
        return [add(mul(w, t), shift) for w in cube_roots_of_unity()]
    inside = field.times(half, half) + field.times(field.times(p, p), p) / 27
    s = square_root(inside, field, shop)
    options = [add(mul(fmpq(sign), s), field.tree(half)) for sign in (1, -1)]
    sizes = [abs(shop.value(o)).lower() for o in options]
    t = real_root(options[0] if not sizes[1] > sizes[0] else options[1], 3, shop)
    out = list[Tree]()
    for k, w in enumerate(cube_roots_of_unity()):
        other = cube_roots_of_unity()[-k % 3]
        out.append(add(mul(w, t), mul(field.tree(-p / 3), other, power(t, MINUS)), shift))
    return out


def real_root(radicand: Tree, k: int, shop: Workshop) -> Tree:
    """A k-th root: the real one where there is one and k is odd, else the principal one."""
    if k % 2 and (isinstance(radicand, fmpq) or shop.value(radicand).imag.contains(0)):
        value = shop.value(radicand)
        if value.real < 0:
            return mul(MINUS, shop.root(negate(radicand), k))
    return shop.root(radicand, k)


def _quartic(g: Sequence[Element], field: Field, shop: Workshop) -> list[Tree]:
    """Ferrari after Descartes: u a root of u^3 + 2p u^2 + (p^2 - 4r) u - q^2, x = (+-sqrt(u) +- sqrt(-u - 2p -+ 2q/sqrt(u)))/2."""
    d, c, b, a, _ = g
    h = -a / 4  # x = y + h
    powers = [constant(1)]
    for _ in range(4):
        powers.append(field.times(powers[-1], h))
    p = 6 * powers[2] + 3 * field.times(a, h) + b
    q = 4 * powers[3] + 3 * field.times(a, powers[2]) + 2 * field.times(b, h) + c
    r = powers[4] + field.times(a, powers[3]) + field.times(b, powers[2]) + field.times(c, h) + d
    shift = field.tree(h)
    if q == 0:
        middle = [named(t, [r, p, constant(1)], field, shop) for t in _quadratic([r, p, constant(1)], field, shop)]
        roots = [shop.root(m, 2) for m in middle]
        return [add(mul(fmpq(s), w), shift) for w in roots for s in (1, -1)]
    cubic = [-field.times(q, q), field.times(p, p) - 4 * r, 2 * p, constant(1)]
    choices = relative_roots(cubic, field, shop)
    u = max(choices, key=lambda t: _preference(shop.value(t)))
    w = shop.root(u, 2)
    out = list[Tree]()
    for sign in (1, -1):
        under = add(negate(u), field.tree(-2 * p), mul(fmpq(-sign), field.tree(2 * q), power(w, MINUS)))
        v = shop.root(under, 2)
        for other in (1, -1):
            out.append(add(mul(fmpq(sign, 2), w), mul(fmpq(other, 2), v), shift))
    return out


def _preference(value: acb) -> tuple[bool, float]:
    """Real and positive first, then far from zero."""
    return (value.imag.contains(0) and value.real > 0, float(abs(value).mid()))


def compose(p: fmpq_poly, point: fmpq_poly, modulus: fmpq_poly) -> fmpq_poly:
    out = fmpq_poly([])
    for c in list(p.coeffs())[::-1]:
        out = (out * point + c) % modulus
    return out
