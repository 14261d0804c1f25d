"""Quadratic, cubic and quartic extensions of a number field whose generators are already written in radicals."""

from __future__ import annotations

from collections.abc import Sequence

from flint import acb, fmpq

from closedform.algebra.radicals.dickson import Embedding, dickson_polynomial, dickson_roots
from closedform.algebra.radicals.fields import Element, NumberField, constant, content, generator, square_part
from closedform.algebra.radicals.terms import HALF, Unresolved, Workspace, is_negative, negate
from closedform.kernel.expressions.tree import MINUS, ONE, ZERO, Tree, add, mul, power


def extend(field: NumberField, g: Sequence[Element], workspace: Workspace) -> tuple[NumberField, Element]:
    """The field with a root of g (monic, irreducible over it, degree 1 to 4), and that root as an element."""
    return {1: _linear, 2: _quadratic, 3: _cubic, 4: _quartic}[len(g) - 1](field, g, workspace)


def _linear(field: NumberField, g: Sequence[Element], workspace: Workspace) -> tuple[NumberField, Element]:
    return field, -g[0]


def adjoin(field: NumberField, relation: Element, degree: int, trees: Sequence[Sequence[Tree]]) -> NumberField:
    """``trees[i]`` are the values of the new generator over conjugate i."""
    conjugates = tuple((*c, t) for c, ts in zip(field.conjugates, trees, strict=True) for t in ts)
    return NumberField((*field.relations, relation), (*field.degrees, degree), conjugates)


def _quadratic(field: NumberField, g: Sequence[Element], workspace: Workspace) -> tuple[NumberField, Element]:
    c, b, _ = g
    return adjoin_square_root(field, field.times(b, b) - 4 * c, -b / 2, HALF, workspace)


def adjoin_square_root(
    field: NumberField, d: Element, centre: Element, factor: fmpq, workspace: Workspace
) -> tuple[NumberField, Element]:
    """The field with sqrt(d), and centre + factor*sqrt(d); sqrt(u + v y) is resolved if u^2 - v^2 y^2 is a square."""
    y = generator(field.level + 1)
    d, scale = _resolved(field, d)
    r = square_part(content(d))
    d, scale = d / (r * r), scale * r
    trees = list[list[Tree]]()
    for c in field.conjugates:
        workspace.budget.check()
        root = workspace.root(field.tree(d, c), 2)
        if not isinstance(root, (fmpq, str)) and not d.is_constant():
            sign = is_negative(root)
            own = workspace.next_name()
            workspace.name(negate(root) if sign else root, add(power(own, fmpq(2)), negate(field.tree(d, c))))
            root = own
        trees.append([root, negate(root)])
    bigger = adjoin(field, y * y - d, 2, trees)
    return bigger, centre + factor * bigger.times(scale, y)


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
    choices = [e for e in ((u + w) / 2, (u - w) / 2) if not e.is_zero()]
    e = min(choices, key=lambda a: (len(a), abs(content(a).p)))
    lower, scale = _resolved(field, e)
    return lower, field.times(scale, 1 + field.times(field.times(v, y), field.inverse(e)) / 2)


def _cubic(field: NumberField, g: Sequence[Element], workspace: Workspace) -> tuple[NumberField, Element]:
    d, c, b, _ = g
    bb = field.times(b, b)
    p = c - bb / 3
    q = fmpq(2, 27) * field.times(bb, b) - field.times(b, c) / 3 + d
    y = generator(field.level + 1)
    trees = list[list[Tree]]()
    for embedding in field.conjugates:
        workspace.budget.check()
        trees.append(depressed_cubic(field, p, q, embedding, workspace))
    bigger = adjoin(field, y**3 + p * y + q, 3, trees)
    return bigger, y - b / 3


def depressed_cubic(
    field: NumberField, p: Element, q: Element, embedding: Embedding, workspace: Workspace
) -> list[Tree]:
    """The roots of y^3 + p y + q, each named."""
    relation = [field.tree(q, embedding), field.tree(p, embedding), ZERO, ONE]
    return dickson_roots(3, -p / 3, -q, field, embedding, relation, workspace)


def _quartic(field: NumberField, g: Sequence[Element], workspace: Workspace) -> tuple[NumberField, Element]:
    """Descartes: u^3 + 2p u^2 + (p^2 - 4r) u - q^2 = 0, w^2 = u, x = (+-w +- sqrt(-u - 2p -+ 2q/w))/2."""
    d, c, b, a, _ = g
    h = -a / 4
    powers = [constant(1)]
    for _ in range(4):
        powers.append(field.times(powers[-1], h))
    p = 6 * powers[2] + 3 * field.times(a, h) + b
    q = 4 * powers[3] + 3 * field.times(a, powers[2]) + 2 * field.times(b, h) + c
    r = powers[4] + field.times(a, powers[3]) + field.times(b, powers[2]) + field.times(c, h) + d
    if q.is_zero():
        raise Unresolved("a biquadratic step should have been two quadratic ones")
    y = generator(field.level + 1)
    cubic = [-field.times(q, q), field.times(p, p) - 4 * r, 2 * p, constant(1)]
    trees = list[list[Tree]]()
    for embedding in field.conjugates:
        workspace.budget.check()
        trees.append(_depressed_quartic(field, p, q, r, cubic, embedding, workspace))
    return adjoin(field, y**4 + p * y**2 + q * y + r, 4, trees), y + h


def _depressed_quartic(
    field: NumberField,
    p: Element,
    q: Element,
    r: Element,
    cubic: Sequence[Element],
    embedding: Embedding,
    workspace: Workspace,
) -> list[Tree]:
    shift = cubic[2] / 3
    bb = field.times(cubic[2], cubic[2])
    pc = cubic[1] - bb / 3
    qc = fmpq(2, 27) * field.times(bb, cubic[2]) - field.times(cubic[2], cubic[1]) / 3 + cubic[0]
    centre = negate(field.tree(shift, embedding))
    choices = [add(t, centre) for t in depressed_cubic(field, pc, qc, embedding, workspace)]
    u = max(choices, key=lambda t: _preference(workspace.value(t)))
    w = workspace.root(u, 2)
    relation = [field.tree(r, embedding), field.tree(q, embedding), field.tree(p, embedding), ZERO, ONE]
    out = list[Tree]()
    for sign in (1, -1):
        under = add(
            negate(u), field.tree(-2 * p, embedding), mul(fmpq(-sign), field.tree(2 * q, embedding), power(w, MINUS))
        )
        v = workspace.root(under, 2)
        for other in (1, -1):
            out.append(workspace.named(add(mul(fmpq(sign, 2), w), mul(fmpq(other, 2), v)), relation))
    return out


def _preference(value: acb) -> tuple[bool, float]:
    """Real and positive first, then far from zero."""
    return (value.imag.contains(0) and value.real > 0, float(abs(value).mid()))


def dickson(field: NumberField, g: Sequence[Element], workspace: Workspace) -> tuple[NumberField, Element] | None:
    """The field with a root of g where g is D_n(x - h, a) - b; None where it is not.

    Declined for small and for even n, where a tower of smaller steps reads better.
    """
    n = len(g) - 1
    h = -g[n - 1] / n
    shifted = list(g)  # Taylor shift by h, Horner's scheme
    for i in range(n):
        for k in range(n - 1, i - 1, -1):
            shifted[k] = shifted[k] + field.times(h, shifted[k + 1])
    a = -shifted[n - 2] / n
    target = dickson_polynomial(n, a, field)
    if any(shifted[k] != target[k] for k in range(1, n)) or (not a.is_zero() and (n < 5 or n % 2 == 0)):
        return None
    b = target[0] - shifted[0]
    trees = list[list[Tree]]()
    for embedding in field.conjugates:
        workspace.budget.check()
        relation = [field.tree(c, embedding) for c in shifted]
        trees.append(dickson_roots(n, a, b, field, embedding, relation, workspace))
    y = generator(field.level + 1)
    polynomial = constant(0)
    for c in reversed(shifted):
        polynomial = polynomial * y + c
    return adjoin(field, polynomial, n, trees), y + h
