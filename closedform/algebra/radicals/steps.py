"""Quadratic, cubic and quartic extensions of a number field whose generators are already written in radicals."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb

from flint import acb, fmpq

from closedform.algebra.radicals.fields import (
    Element,
    NumberField,
    constant,
    content,
    generator,
    square_part,
)
from closedform.algebra.radicals.terms import HALF, I, Unresolved, Workshop, negate, rational_root, turn
from closedform.kernel.expression import MINUS, ONE, ZERO, Tree, add, mul, power

Embedding = tuple[Tree, ...]


def extend(field: NumberField, g: Sequence[Element], shop: Workshop) -> tuple[NumberField, Element]:
    """The field with a root of g (monic, irreducible over it, degree 1 to 4), and that root as an element."""
    return {1: _linear, 2: _quadratic, 3: _cubic, 4: _quartic}[len(g) - 1](field, g, shop)


def _linear(field: NumberField, g: Sequence[Element], shop: Workshop) -> tuple[NumberField, Element]:
    return field, -g[0]


def adjoin(field: NumberField, relation: Element, degree: int, trees: Sequence[Sequence[Tree]]) -> NumberField:
    """``trees[i]`` are the values of the new generator over conjugate i."""
    conjugates = tuple((*c, t) for c, ts in zip(field.conjugates, trees, strict=True) for t in ts)
    return NumberField((*field.relations, relation), (*field.degrees, degree), conjugates)


def _quadratic(field: NumberField, g: Sequence[Element], shop: Workshop) -> tuple[NumberField, Element]:
    c, b, _ = g
    return adjoin_square_root(field, field.times(b, b) - 4 * c, -b / 2, HALF, shop)


def adjoin_square_root(
    field: NumberField, d: Element, centre: Element, factor: fmpq, shop: Workshop
) -> tuple[NumberField, Element]:
    """The field with sqrt(d), and centre + factor*sqrt(d); sqrt(u + v y) is resolved if u^2 - v^2 y^2 is a square."""
    y = generator(field.level + 1)
    d, scale = _resolved(field, d)
    r = square_part(content(d))
    d, scale = d / (r * r), scale * r
    trees = list[list[Tree]]()
    for c in field.conjugates:
        shop.budget.check()
        root = shop.root(field.tree(d, c), 2)
        if not isinstance(root, (fmpq, str)) and not d.is_constant():
            sign = negative(root)
            own = shop.next_name()
            shop.name(negate(root) if sign else root, add(power(own, fmpq(2)), negate(field.tree(d, c))))
            root = own
        trees.append([root, negate(root)])
    bigger = adjoin(field, y * y - d, 2, trees)
    return bigger, centre + factor * bigger.times(scale, y)


def negative(tree: Tree) -> bool:
    return isinstance(tree, tuple) and tree[0] == "*" and isinstance(tree[1], fmpq) and tree[1] < 0


def _resolved(field: NumberField, d: Element) -> tuple[Element, Element]:
    """(e, s) with d = s^2 e, e in as low a field as is found: sqrt(u + v y) = sqrt(e) (1 + v y/(2e)), e = (u + w)/2."""
    level = next((k for k in range(field.level, 0, -1) if d.degrees()[8 - k]), 0)
    if level == 0 or field.degrees[level - 1] != 2:
        return d, constant(1)
    y, parts = generator(level), field.parts(d, level)
    u, v = parts.get(0, constant(0)), parts.get(1, constant(0))
    w = field.square_root(field.reduce(u * u - v * v * y * y), level - 1)
    if w is None:
        return d, constant(1)
    choices = [e for e in ((u + w) / 2, (u - w) / 2) if e != 0]
    e = min(choices, key=lambda a: (len(a), abs(content(a).p)))
    lower, scale = _resolved(field, e)
    return lower, field.times(scale, 1 + field.times(field.times(v, y), field.inverse(e)) / 2)


def cube_roots_of_unity() -> list[Tree]:
    half_root = mul(HALF, I, ("sqrt", fmpq(3)))
    return [ONE, add(-HALF, half_root), add(-HALF, negate(half_root))]


def real_root(radicand: Tree, k: int, shop: Workshop) -> Tree:
    """A k-th root: the real one where there is one and k is odd, else the principal one."""
    if k % 2 and shop.value(radicand).imag.contains(0) and shop.value(radicand).real < 0:
        return negate(shop.root(negate(radicand), k))
    return shop.root(radicand, k)


def _cubic(field: NumberField, g: Sequence[Element], shop: Workshop) -> tuple[NumberField, Element]:
    d, c, b, _ = g
    bb = field.times(b, b)
    p = c - bb / 3
    q = fmpq(2, 27) * field.times(bb, b) - field.times(b, c) / 3 + d
    y = generator(field.level + 1)
    trees = list[list[Tree]]()
    for embedding in field.conjugates:
        shop.budget.check()
        trees.append(depressed_cubic(field, p, q, embedding, shop))
    bigger = adjoin(field, y**3 + p * y + q, 3, trees)
    return bigger, y - b / 3


def depressed_cubic(field: NumberField, p: Element, q: Element, embedding: Embedding, shop: Workshop) -> list[Tree]:
    """Cardano: y = t - p/(3t), t^3 = -q/2 + s, s^2 = q^2/4 + p^3/27; each root named."""
    if p == 0:
        t = real_root(field.tree(-q, embedding), 3, shop)
        out = [mul(w, t) for w in cube_roots_of_unity()]
    else:
        half = -q / 2
        inside = field.times(half, half) + field.times(field.times(p, p), p) / 27
        s = square_root(inside, field, embedding, shop)
        centre = field.tree(half, embedding)
        options = [add(centre, s), add(centre, negate(s))]
        sizes = [abs(shop.value(o)).lower() for o in options]
        t = real_root(options[0] if not sizes[1] > sizes[0] else options[1], 3, shop)
        third, units = field.tree(-p / 3, embedding), cube_roots_of_unity()
        out = [add(mul(w, t), mul(third, units[-k % 3], power(t, MINUS))) for k, w in enumerate(units)]
    relation = [field.tree(q, embedding), field.tree(p, embedding), ZERO, ONE]
    return [named(tree, relation, shop) for tree in out]


def named(tree: Tree, relation: Sequence[Tree], shop: Workshop) -> Tree:
    """A name for the tree, whose relation has these coefficients, constant first."""
    if isinstance(tree, (fmpq, str)):
        return tree
    own = shop.next_name()
    terms = [mul(c, power(own, fmpq(k))) if k else c for k, c in enumerate(relation) if c != ZERO]
    return shop.name(tree, add(*terms[::-1]))


def square_root(a: Element, field: NumberField, embedding: Embedding, shop: Workshop) -> Tree:
    """The principal root of an element in one embedding, rational squares drawn out."""
    if a.is_constant():
        return rational_root(fmpq(a.leading_coefficient()) if a != 0 else ZERO, 2)
    r = square_part(content(a))
    return mul(r, shop.root(field.tree(a / (r * r), embedding), 2))


def _quartic(field: NumberField, g: Sequence[Element], shop: Workshop) -> tuple[NumberField, Element]:
    """Descartes: u^3 + 2p u^2 + (p^2 - 4r) u - q^2 = 0, w^2 = u, x = (+-w +- sqrt(-u - 2p -+ 2q/w))/2."""
    d, c, b, a, _ = g
    h = -a / 4
    powers = [constant(1)]
    for _ in range(4):
        powers.append(field.times(powers[-1], h))
    p = 6 * powers[2] + 3 * field.times(a, h) + b
    q = 4 * powers[3] + 3 * field.times(a, powers[2]) + 2 * field.times(b, h) + c
    r = powers[4] + field.times(a, powers[3]) + field.times(b, powers[2]) + field.times(c, h) + d
    if q == 0:
        raise Unresolved("a biquadratic step should have been two quadratic ones")
    y = generator(field.level + 1)
    cubic = [-field.times(q, q), field.times(p, p) - 4 * r, 2 * p, constant(1)]
    trees = list[list[Tree]]()
    for embedding in field.conjugates:
        shop.budget.check()
        trees.append(_depressed_quartic(field, p, q, r, cubic, embedding, shop))
    return adjoin(field, y**4 + p * y**2 + q * y + r, 4, trees), y + h


def _depressed_quartic(
    field: NumberField,
    p: Element,
    q: Element,
    r: Element,
    cubic: Sequence[Element],
    embedding: Embedding,
    shop: Workshop,
) -> list[Tree]:
    shift = cubic[2] / 3
    bb = field.times(cubic[2], cubic[2])
    pc = cubic[1] - bb / 3
    qc = fmpq(2, 27) * field.times(bb, cubic[2]) - field.times(cubic[2], cubic[1]) / 3 + cubic[0]
    centre = negate(field.tree(shift, embedding))
    choices = [add(t, centre) for t in depressed_cubic(field, pc, qc, embedding, shop)]
    u = max(choices, key=lambda t: _preference(shop.value(t)))
    w = shop.root(u, 2)
    relation = [field.tree(r, embedding), field.tree(q, embedding), field.tree(p, embedding), ZERO, ONE]
    out = list[Tree]()
    for sign in (1, -1):
        under = add(
            negate(u), field.tree(-2 * p, embedding), mul(fmpq(-sign), field.tree(2 * q, embedding), power(w, MINUS))
        )
        v = shop.root(under, 2)
        for other in (1, -1):
            out.append(named(add(mul(fmpq(sign, 2), w), mul(fmpq(other, 2), v)), relation, shop))
    return out


def _preference(value: acb) -> tuple[bool, float]:
    """Real and positive first, then far from zero."""
    return (value.imag.contains(0) and value.real > 0, float(abs(value).mid()))


def dickson(field: NumberField, g: Sequence[Element], shop: Workshop) -> tuple[NumberField, Element] | None:
    """x = u + a/u, u^n = b/2 + sqrt(b^2/4 - a^n), where g is D_n(x - h, a) - b; None where it is not.

    D_n is the Dickson polynomial, n/(n-i) binomial(n-i, i) (-a)^i x^(n-2i) summed; a = 0 is x^n - b. Declined for
    small and for even n, where a tower of smaller steps reads better.
    """
    n = len(g) - 1
    h = -g[n - 1] / n
    shifted = list(g)  # Taylor shift by h, Horner's scheme
    for i in range(n):
        for k in range(n - 1, i - 1, -1):
            shifted[k] = shifted[k] + field.times(h, shifted[k + 1])
    a = -shifted[n - 2] / n
    powers = [constant(1)]
    for _ in range(n):
        powers.append(field.times(powers[-1], a))
    target = [constant(0)] * (n + 1)
    for i in range(n // 2 + 1):
        target[n - 2 * i] = powers[i] * (fmpq(n, n - i) * comb(n - i, i) * (-1) ** i)
    if any(shifted[k] != target[k] for k in range(1, n)) or (a != 0 and (n < 5 or n % 2 == 0)):
        return None
    b = target[0] - shifted[0]
    trees = list[list[Tree]]()
    for embedding in field.conjugates:
        shop.budget.check()
        relation = [field.tree(c, embedding) for c in shifted]
        if a == 0:
            radicand = field.tree(b, embedding)
        else:
            s = square_root(field.times(b, b) / 4 - powers[n], field, embedding, shop)
            half = field.tree(b / 2, embedding)
            options = [add(half, s), add(half, negate(s))]
            radicand = (
                options[0]
                if not abs(shop.value(options[1])).lower() > abs(shop.value(options[0])).lower()
                else options[1]
            )
        u = real_root(radicand, n, shop)
        own = list[Tree]()
        for k in range(n):
            turned = turn(fmpq(k, n), u)
            tree = turned if a == 0 else add(turned, mul(field.tree(a, embedding), power(turned, MINUS)))
            own.append(named(tree, relation, shop))
        trees.append(own)
    y = generator(field.level + 1)
    polynomial = constant(0)
    for c in reversed(shifted):
        polynomial = polynomial * y + c
    return adjoin(field, polynomial, n, trees), y + h
