"""Claims that expressions in radicals are roots of a polynomial over Q: exact reduction, then balls for the branch.

``let`` names intermediate numbers in order: each has an expression in the earlier names and radicals, and a monic
relation that it is proved to satisfy; later steps use the relation alone, or the factor of it called ``refined``. An
expression E with f(E) = 0, proved in the tower, is the root of f that its ball (principal values) singles out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from flint import acb, arb, ctx, fmpq, fmpz, fmpz_poly

from closedform.kernel.algebra.polynomials import poly_text
from closedform.kernel.algebra.radicals import Fraction, RootRing, grown
from closedform.kernel.expressions.angles import angle, multiple_of
from closedform.kernel.expressions.derivatives import differentiate
from closedform.kernel.expressions.infix import infix
from closedform.kernel.expressions.substitution import substitute
from closedform.kernel.expressions.tree import ZERO, Tree, add, as_integer, free_names, mul, power, read
from closedform.kernel.expressions.values import evaluate_complex, excludes_zero
from closedform.kernel.reading import Json, decimal, fields, integer, name, refuse, sequence

HEADS = ("+", "*", "^", "sqrt", "exp", "cos", "sin", "I", "pi")
PRECISIONS = (192, 768, 3072, 12288)
ROOT = "_root"
MAX_DEGREE = 400
Proved = dict[tuple[Tree, ...], list[Tree]]  # what was inverted, for each claim of the tower already proved
MAX_FACTOR = 100  # degree of a refined relation


def check(statement: dict[str, Json], claim: dict[str, Json], evidence: dict[str, Json]) -> str:
    """Every listed expression is the root of the polynomial that lies in its disc."""
    coefficients = sequence(fields(statement, ("polynomial",))["polynomial"], "polynomial", MAX_DEGREE + 1)
    f = fmpz_poly([fmpz(integer(c, "a coefficient")) for c in coefficients])
    claimed, _ = fields(claim, ("kind", "let", "roots")), fields(evidence, ())
    if f.degree() < 1 or f.gcd(f.derivative()).degree() > 0:
        refuse("the polynomial must be squarefree and not constant")
    relations, meanings, first = dict[str, Tree](), dict[str, Tree](), dict[str, Tree]()
    for item in sequence(claimed["let"], "let", 4 * MAX_DEGREE):
        step = fields(item, ("name", "exact", "relation"), ("refined",))
        own, tree, relation = name(step["name"], "a name"), read(step["exact"]), read(step["relation"])
        _only_radicals(tree, meanings)
        refined = read(step["refined"]) if "refined" in step else relation
        if own in meanings or own == ROOT or not free_names(add(relation, refined)) <= meanings.keys() | {own}:
            refuse(f"the step {own} is out of order")
        meanings[own], first[own], relations[own] = tree, relation, refined
    roots = [fields(r, ("exact", "numeric", "radius")) for r in sequence(claimed["roots"], "roots", MAX_DEGREE)]
    trees = [read(r["exact"]) for r in roots]
    places = [fields(r["numeric"], ("re", "im")) for r in roots]
    discs = [
        (decimal(z["re"], "re"), decimal(z["im"], "im"), decimal(r["radius"], "radius"))
        for z, r in zip(places, roots, strict=True)
    ]
    for tree in trees:
        _only_radicals(tree, meanings)
    values = _place(f, meanings, trees, discs)
    horner: Tree = add(*(mul(fmpq(f[k]), power(ROOT, fmpq(k))) for k in range(f.degree() + 1) if f[k] != 0))
    if f.degree() <= 40:  # fewer products; nested too deeply past that
        horner = fmpq(f[f.degree()])
        for k in reversed(range(f.degree())):
            horner = add(fmpq(f[k]), mul(horner, ROOT))
    proved: Proved = {}
    for own, tree in [*meanings.items(), *((ROOT, t) for t in trees)]:
        _vanishes(own, first.get(own, horner), tree, relations, values, proved)
        if own in first and relations[own] != first[own]:
            _refines(own, first[own], relations, meanings, proved)
    where = "; ".join(f"{own} = {infix(tree)}" for own, tree in meanings.items())
    share = "the roots" if len(trees) == f.degree() else f"{len(trees)} of the {f.degree()} roots"
    return f"{share} of {poly_text(f)} are {', '.join(map(infix, trees))}" + (f" where {where}" if where else "")


def _vanishes(
    own: str, relation: Tree, tree: Tree, relations: dict[str, Tree], values: dict[str, acb], proved: Proved
) -> None:
    """relation = 0 at own = tree, from the relations of the earlier names alone.

    So what is proved once holds for all names with the same relations; only what was inverted is looked at again.
    """
    alias, order = _aliases(own, (relation, tree), relations)
    goal, meaning, *rest = (substitute(t, alias) for t in (relation, tree, *(relations[n] for n in order)))
    key = (goal, meaning, *rest)
    if key not in proved:
        bound = {str(alias[n]): r for n, r in zip(order, rest, strict=True)}
        proved[key] = prove_zero(goal, bound, {ROOT: meaning})
    balls = {str(alias[n]): values[n] for n in order}
    for inverted in proved[key]:
        if not excludes_zero(inverted, balls):
            refuse(f"not proved different from zero: {infix(inverted)[:200]}")


def _refines(own: str, relation: Tree, relations: dict[str, Tree], meanings: dict[str, Tree], proved: Proved) -> None:
    """The factor g of the relation R vanishes too, at the value y of the name.

    g divides R, exactly. g of degree d has a root within d |g(y)/g'(y)| of y. That is a root of R, and R is injective
    on that disc because the enclosure of R' there, which is convex, excludes zero: so it is y.
    """
    alias, order = _aliases(own, (relation, relations[own]), relations)
    g, big, *rest = (substitute(t, alias) for t in (relations[own], relation, *(relations[n] for n in order)))
    bound = {**{str(alias[n]): r for n, r in zip(order, rest, strict=True)}, ROOT: g}
    key = (ROOT, big, g, *rest)
    if key not in proved:
        proved[key] = prove_zero(big, bound, {})
    if proved[key]:
        refuse("a relation with denominators cannot be refined")
    if degree_in(g, ROOT) > MAX_FACTOR:
        refuse("a refined relation of too high a degree")
    slopes = differentiate(g, ROOT), differentiate(big, ROOT)
    for precision in PRECISIONS:
        with ctx.workprec(precision):
            values = _values(meanings, own)
            at = {str(alias[n]): values[n] for n in (*order, own)}
            radius = MAX_FACTOR * abs(evaluate_complex(g, at)).upper() / abs(evaluate_complex(slopes[0], at)).lower()
            around = values[own] + acb(arb(0, radius.upper()), arb(0, radius.upper()))
            slope = evaluate_complex(slopes[1], {**at, ROOT: around})
            if radius.is_finite() and radius >= 0 and slope.is_finite() and not slope.contains(acb(0)):
                return
    refuse(f"nothing shows that {own} satisfies the refined relation")


def _values(meanings: dict[str, Tree], last: str = "") -> dict[str, acb]:
    """Balls for the names at the current precision, up to the last that is wanted."""
    values = dict[str, acb]()
    for own, tree in meanings.items():
        values[own] = evaluate_complex(tree, values)
        if own == last:
            break
    return values


def _aliases(own: str, parts: tuple[Tree, ...], relations: dict[str, Tree]) -> tuple[dict[str, Tree], list[str]]:
    alias = dict[str, Tree]({own: ROOT})
    for part in parts:
        _collect(part, relations, alias)
    return alias, [n for n in alias if n != own]


def prove_zero(tree: Tree, bound: Mapping[str, Tree], where: Mapping[str, Tree]) -> list[Tree]:
    """Zero wherever the returned trees are not zero; refused where not proved.

    ``bound`` gives names the polynomial relations that they satisfy, ``where`` expressions for names.
    """

    def value(size: int, order: int) -> tuple[RootRing, Fraction]:
        ring = RootRing(size, order)
        for x, relation in bound.items():
            ring.bind(x, relation)
        for x, meaning in where.items():
            ring.meanings[x] = ring.read(meaning)
            ring.memo.clear()
        return ring, ring.read(tree)

    ring, zero = grown(value)
    if not zero.top.is_zero():
        refuse(f"not proved zero: {infix(tree)[:300]}")
    return list(dict.fromkeys(of for of, a in ring.inverted if of != ZERO and not a.top.is_constant()))


def degree_in(tree: Tree, x: str) -> int:
    """A bound of the degree of a polynomial tree in x."""
    if not isinstance(tree, tuple):
        return int(tree == x)
    if tree[0] == "^":
        whole = as_integer(tree[2])
        return degree_in(tree[1], x) * (whole if whole is not None and whole > 0 else MAX_FACTOR + 1)
    degrees = [degree_in(a, x) for a in tree[1:]]
    return sum(degrees) if tree[0] == "*" else max(degrees, default=0)


def _collect(tree: Tree, relations: dict[str, Tree], alias: dict[str, Tree]) -> None:
    """New names for those in the tree, each after those that its relation needs."""
    if isinstance(tree, str) and tree not in alias:
        alias_before = {**alias, tree: tree}
        for n in sorted(free_names(relations[tree]) - alias_before.keys()):
            _collect(n, relations, alias)
        alias[tree] = f"_{len(alias)}"
    elif isinstance(tree, tuple):
        for a in tree[1:]:
            _collect(a, relations, alias)


def _only_radicals(tree: Tree, earlier: dict[str, Tree]) -> None:
    """sqrt, rational powers, rationals, I, earlier names; cos, sin, exp of rational multiples of pi (of pi I).

    cos and sin of part of an angle too: cos(acos(a)/n) is (w + 1/w)/2 with w^n = a + sqrt(a^2 - 1).
    """
    if isinstance(tree, str) and tree not in earlier:
        refuse(f"{tree} stands for nothing")
    if not isinstance(tree, tuple):
        return
    head, args = str(tree[0]), tree[1:]
    if head not in HEADS or (head == "^" and not isinstance(args[1], fmpq)) or head == "pi":
        refuse(f"{head} is not a radical here")
    if head in ("cos", "sin", "exp"):
        found = (multiple_of(args[0], ("I", "pi")), ZERO, None) if head == "exp" else angle(args[0])
        if found is not None and found[2] is not None:
            _only_radicals(found[2], earlier)
        elif found is None or found[0] is None:
            refuse(f"{infix(tree)[:100]} is not taken at a rational multiple of pi")
    else:
        for a in args:
            _only_radicals(a, earlier)


def _place(
    f: fmpz_poly, meanings: dict[str, Tree], trees: list[Tree], discs: list[tuple[fmpq, fmpq, fmpq]]
) -> dict[str, acb]:
    """Each principal value lies in its disc and meets the enclosure of one root of f, a different one for each."""
    before, problem = ctx.prec, ""
    try:
        for precision in PRECISIONS:
            ctx.prec = precision
            values = _values(meanings)
            enclosures = [acb(z) for z, _ in cast(list[tuple[acb, int]], f.complex_roots())]
            problem, met = "", set[int]()
            for tree, (x, y, r) in zip(trees, discs, strict=True):
                ball = evaluate_complex(tree, values)
                hit = [i for i, z in enumerate(enclosures) if z.overlaps(ball)]
                if len(hit) != 1 or hit[0] in met:
                    problem = f"the value of {infix(tree)[:100]} does not single out a root of its own"
                elif not abs(ball - acb(arb(x), arb(y))) <= arb(r):
                    problem = f"{infix(tree)[:100]} is not proved to lie in its disc"
                met.update(hit)
            if not problem:
                return values
    finally:
        ctx.prec = before
    refuse(problem)
