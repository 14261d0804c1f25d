"""The roots of a step of prime degree written from their Lagrange resolvents; see ``roots_from``."""

from __future__ import annotations

from collections.abc import Sequence

from flint import acb, fmpq, fmpz_poly

from closedform.algebra.galois.subfields import monic_roots
from closedform.algebra.radicals.dickson import Embedding, cosines, dickson_polynomial
from closedform.algebra.radicals.fields import Element, NumberField, constant
from closedform.algebra.radicals.terms import Unresolved, Workspace, negate, polynomial, root_of_unity, turn
from closedform.frozen import record
from closedform.kernel.expressions.tree import MINUS, Tree, add, mul, power


@record
class Resolvents:
    """What is known of T_1, ..., T_{p-1} in the field of a pair: for each j, and for T_0.

    ``link[j]`` is T_j/T_1^j and ``opposite[j]`` is T_-j/T_-1^j; they are zero where T_j is.
    """

    p: int
    field: NumberField
    centre: Element
    radicand: list[Element]
    norm: list[Element]
    link: list[Element]
    opposite: list[Element]


def roots_from(f: fmpz_poly, known: Resolvents, workspace: Workspace) -> list[Tree]:
    """The roots, block by block, from the embeddings that are needed; real ones first."""
    roots, found = monic_roots(f, 192), list[Tree]()
    missing = set(range(len(roots)))
    for embedding in sorted(
        known.field.conjugates, key=lambda c: not all(workspace.value(t).imag.contains(0) for t in c)
    ):
        workspace.budget.check()
        trees = _cosines(known, embedding, workspace) if workspace.cosines else []
        for tree in trees or _roots(known, embedding, workspace):
            hits = [i for i in missing if roots[i].overlaps(workspace.value(tree))]
            if len(hits) == 1:
                missing.remove(hits[0])
                found.append(tree)
        if not missing:
            return found
    raise Unresolved(f"the resolvents of a step of degree {known.p} do not give every root")


def _roots(known: Resolvents, embedding: Embedding, workspace: Workspace) -> list[Tree]:
    """(T_0 + ... + T_{p-1})/p for each p-th root T_1: every T_j a p-th root of its own, linked to T_1."""
    p, field = known.p, known.field
    principal = dict[int, tuple[Tree, Tree]]()  # j: a p-th root of the radicand, and the radicand
    for j in range(1, p):
        if not known.radicand[j].is_zero():
            under = field.tree(known.radicand[j], embedding)
            principal[j] = (workspace.real_root(under, p), under)
    first = workspace.value(principal[1][0])
    turns = dict[int, int]()
    for j, (root, _) in principal.items():
        wanted = workspace.value(field.tree(known.link[j], embedding)) * first**j
        turns[j] = _turn(wanted / workspace.value(root), p)
    out = list[Tree]()
    for s in range(p):
        names = dict[int, Tree]()
        for j, (root, under) in principal.items():
            own = workspace.next_name()
            relation = add(power(own, fmpq(p)), negate(under))
            link = mul(MINUS, field.tree(known.link[j], embedding), power(names[1], fmpq(j))) if j > 1 else None
            turned = turn(fmpq(turns[j] + j * s, p), root)
            names[j] = workspace.name(turned, relation, add(own, link) if link is not None else None)
        out.append(mul(fmpq(1, p), add(field.tree(known.centre, embedding), *names.values())))
    return out


def _turn(ratio: acb, p: int) -> int:
    """t with exp(2 pi i t/p) in the ball."""
    fits = [t for t in range(p) if root_of_unity(t, p).overlaps(ratio)]
    if len(fits) != 1:
        raise Unresolved("a resolvent is too close to zero")
    return fits[0]


def _cosines(known: Resolvents, embedding: Embedding, workspace: Workspace) -> list[Tree]:
    """(T_0 + sum_j c_j)/p, c_j = T_j + T_-j, where all roots of the block are real; else nothing.

    Then T_-j is conjugate to T_j. With c = c_1, N = T_1 T_-1, d = T_1 - T_-1, r_j = T_j^p, T_1^j + T_-1^j = V_j(c) and
    T_1^j - T_-1^j = d U_j(c): d = (c^2 - 4N) U_p(c)/(r_1 - r_-1), which writes every c_j over the real field of c.
    """
    p, field = known.p, known.field
    real = workspace.value(field.tree(known.norm[1], embedding))
    twist = workspace.value(field.tree(known.radicand[1] - known.radicand[-1], embedding))
    if not real.imag.contains(0) or not real.real > 0 or not twist.real.contains(0) or twist.contains(0):
        return []
    middles = [j for j in range(1, (p + 1) // 2) if not known.radicand[j].is_zero()]
    both = {j: known.radicand[j] + known.radicand[p - j] for j in middles}
    values = {j: cosines(p, known.norm[j], both[j], field, embedding, workspace) for j in middles}
    relations = dict[int, list[Tree]]()
    for j in middles:
        least, *rest = dickson_polynomial(p, known.norm[j], field)
        relations[j] = [field.tree(c, embedding) for c in (least - both[j], *rest)]
    apart = field.inverse(known.radicand[1] - known.radicand[-1])
    out = list[Tree]()
    for tree in values[1]:
        c = workspace.named(tree, relations[1])
        names = [c]
        for j in middles[1:]:
            even = (known.link[j] + known.opposite[j]) / 2
            odd = field.times((known.link[j] - known.opposite[j]) / 2, apart)
            inside = _sum_of_opposite(p, j, even, odd, known.norm[1], field, embedding, c)
            wanted = workspace.value(inside)
            fits = [t for t in values[j] if workspace.value(t).overlaps(wanted)]
            if len(fits) != 1:
                raise Unresolved("the cosines of a step do not match")
            own = workspace.next_name()
            relation = polynomial(relations[j], own)
            names.append(workspace.name(fits[0], relation, add(own, negate(inside))))
        out.append(mul(fmpq(1, p), add(field.tree(known.centre, embedding), *names)))
    return out


def _sum_of_opposite(
    p: int, j: int, even: Element, odd: Element, norm: Element, field: NumberField, embedding: Embedding, c: Tree
) -> Tree:
    """even V_j(c) + odd (c^2 - 4N) U_p(c) U_j(c) as a tree in c."""
    v, u, top = (dickson_polynomial(k, norm, field, kind) for k, kind in ((j, 1), (j, 2), (p, 2)))
    right = _product(_product([-4 * norm, constant(0), constant(1)], top, field), u, field)
    whole = [field.times(odd, a) for a in right]
    for i, a in enumerate(v):
        whole[i] = whole[i] + field.times(even, a)
    return polynomial([field.tree(a, embedding) for a in whole], c)


def _product(a: Sequence[Element], b: Sequence[Element], field: NumberField) -> list[Element]:
    out = [constant(0)] * (len(a) + len(b) - 1)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            out[i + j] = out[i + j] + field.times(x, y)
    return out
