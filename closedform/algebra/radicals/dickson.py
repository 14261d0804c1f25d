"""The n roots of D_n(x, a) = b, D_n Dickson's polynomial: x = u + v, u v = a, u^n + v^n = b.

D_n(x, a) is n/(n-i) binomial(n-i, i) (-a)^i x^(n-2i) summed over i: x^3 - 3a x for n = 3 (every cubic, after a shift),
x^n for a = 0. Three ways to write the roots: u and v as real n-th roots where they are real; 2 sqrt(a) times cosines
of parts of an angle where a and b are real and b^2/4 < a^n (the casus irreducibilis: then all roots are real, and no
expression in real radicals gives them when n is an odd prime); else u a complex n-th root.
"""

from __future__ import annotations

from flint import fmpq

from closedform.algebra.radicals.fields import Element, NumberField, constant, content, square_part
from closedform.algebra.radicals.terms import HALF, Workspace, cosine, is_negative, negate, rational_root, turn
from closedform.kernel.expressions.tree import MINUS, ZERO, Tree, add, mul, power

Embedding = tuple[Tree, ...]
ARCS: dict[fmpq, Tree] = {  # cos(2 pi t), by t
    fmpq(1, 12): mul(HALF, ("sqrt", fmpq(3))),
    fmpq(1, 8): mul(HALF, ("sqrt", fmpq(2))),
    fmpq(1, 6): HALF,
    fmpq(1, 4): ZERO,
    fmpq(1, 3): -HALF,
    fmpq(3, 8): mul(-HALF, ("sqrt", fmpq(2))),
    fmpq(5, 12): mul(-HALF, ("sqrt", fmpq(3))),
}


def dickson_polynomial(n: int, a: Element, field: NumberField, kind: int = 1) -> list[Element]:
    """The coefficients, constant first, of u^n + v^n (first kind) or (u^n - v^n)/(u - v) in x = u + v, u v = a."""
    before, now = ([constant(2)], [constant(0), constant(1)]) if kind == 1 else ([constant(0)], [constant(1)])
    for _ in range(n):
        after = [constant(0), *now]
        for i, c in enumerate(before):
            after[i] = after[i] - field.times(a, c)
        before, now = now, after
    return before


def dickson_roots(
    n: int, a: Element, b: Element, field: NumberField, embedding: Embedding, relation: list[Tree], workspace: Workspace
) -> list[Tree]:
    """A name for each root of D_n(x, a) = b, whose coefficients as trees, constant first, are ``relation``."""
    if a.is_zero():
        u = workspace.real_root(field.tree(b, embedding), n)
        return [workspace.named(turn(fmpq(k, n), u), relation) for k in range(n)]
    powers = a
    for _ in range(n - 1):
        powers = field.times(powers, a)
    under = field.times(b, b) / 4 - powers
    real = all(workspace.value(field.tree(c, embedding)).imag.contains(0) for c in (a, b))
    below = real and workspace.value(field.tree(under, embedding)).real < 0
    if below and workspace.cosines:
        return [workspace.named(t, relation) for t in cosines(n, a, b, field, embedding, workspace)]
    s = square_root(under, field, embedding, workspace)
    half = field.tree(b / 2, embedding)
    above, other = add(half, s), add(half, negate(s))
    if real and not below and n % 2:
        return [workspace.named(t, relation) for t in _real_pair(n, a, above, other, field, embedding, workspace)]
    larger = above if not abs(workspace.value(other)).lower() > abs(workspace.value(above)).lower() else other
    u = workspace.real_root(larger, n)
    scale = field.tree(a, embedding)
    roots = [turn(fmpq(k, n), u) for k in range(n)]
    return [workspace.named(add(t, mul(scale, power(t, MINUS))), relation) for t in roots]


def square_root(a: Element, field: NumberField, embedding: Embedding, workspace: Workspace) -> Tree:
    """The principal root of an element in one embedding, rational squares drawn out."""
    if a.is_constant():
        return rational_root(ZERO if a.is_zero() else fmpq(a.leading_coefficient()), 2)
    r = square_part(content(a))
    return mul(r, workspace.root(field.tree(a / (r * r), embedding), 2))


def _real_pair(
    n: int, a: Element, above: Tree, other: Tree, field: NumberField, embedding: Embedding, workspace: Workspace
) -> list[Tree]:
    """z^k u + z^-k v with u and v the real n-th roots of the two numbers, whose product is a^n."""
    first, second = (above, other) if not workspace.value(above).contains(0) else (other, above)
    own = workspace.next_name()
    u = workspace.name(workspace.real_root(first, n), add(power(own, fmpq(n)), negate(first)))
    lower = a
    for _ in range(n - 2):
        lower = field.times(lower, a)
    scale = field.tree(field.inverse(lower), embedding)  # v = a/u = a u^(n-1)/u^n, and u^n other = a^n
    own = workspace.next_name()
    link = add(own, mul(MINUS, scale, second, power(u, fmpq(n - 1))))
    v = workspace.name(workspace.real_root(second, n), add(power(own, fmpq(n)), negate(second)), link)
    return [add(turn(fmpq(k, n), u), turn(fmpq(-k, n), v)) for k in range(n)]


def cosines(
    n: int, a: Element, b: Element, field: NumberField, embedding: Embedding, workspace: Workspace
) -> list[Tree]:
    """2 sqrt(a) cos((acos(c) + 2 pi k)/n), c = b/(2 a^(n/2))."""
    root = square_root(a, field, embedding, workspace)
    lower = a
    for _ in range((n + 1) // 2 - 1):
        lower = field.times(lower, a)
    inside = field.tree(field.times(b, field.inverse(lower)) / 2, embedding)
    return [mul(fmpq(2), root, t) for t in parts_of_angle(n, mul(inside, root) if n % 2 else inside)]


def parts_of_angle(n: int, c: Tree) -> list[Tree]:
    """cos((acos(c) + 2 pi k)/n) for all k, those without pi where there is such a form.

    >>> from closedform.algebra.radicals.terms import text
    >>> [text(t) for t in parts_of_angle(3, fmpq(-1, 4))]
    ['cos(acos(-1/4)/3)', '-cos(acos(1/4)/3)', 'sin(asin(1/4)/3)']
    """
    known = next((turn for turn in ARCS if ARCS[turn] == c), None)
    if known is not None:
        return [cosine((known + k) / n) for k in range(n)]
    out = list[Tree]()
    quarter = (n - 1) // 4 if n % 4 == 1 else n - (n + 1) // 4
    for k in range(n):
        if n % 2 and k == (n - 1) // 2:  # (acos c + (n - 1) pi)/n = pi - acos(-c)/n
            out.append(mul(MINUS, ("cos", mul(fmpq(1, n), ("acos", negate(c))))))
        elif n % 2 and k == quarter:  # acos c = pi/2 - asin c
            odd = mul(MINUS, ("sin", mul(fmpq(1, n), ("asin", c))))
            even = ("sin", mul(fmpq(1, n), ("asin", negate(c))))
            sine = even if is_negative(c) else odd
            out.append(sine if n % 4 == 3 else negate(sine))
        else:
            out.append(("cos", mul(fmpq(1, n), add(("acos", c), mul(fmpq(2 * k), ("pi",)) if k else ZERO))))
    return out
