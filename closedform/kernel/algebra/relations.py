"""What follows from assumed relations between symbols, by their normal forms and signs."""

from __future__ import annotations

from collections.abc import Iterable

from flint import fmpq

from closedform.kernel.algebra.tower import Tower, build
from closedform.kernel.expressions.tree import MINUS, ZERO, Relation, Tree, add, mul, read
from closedform.kernel.reading import Json, Refused, refuse, sequence


def prove_relation(relation: Relation, assumptions: Iterable[Relation]) -> bool:
    """True: the relation follows, wherever everything in it is defined, from the assumptions. False: not proved."""
    op, left, right = relation
    high, low = (left, right) if op[0] in ">!=" else (right, left)
    try:
        tower, (gap,) = build([add(high, mul(MINUS, low))], assumptions)
    except Refused:
        return False
    if any(not tower.surely_nonzero(a) for _, a in tower.inverted):
        return False
    if gap.top.is_zero():
        return op in ("=", ">=", "<=")
    if op == "!=":
        return tower.surely_nonzero(gap)
    if op == "=" or tower.surely_positive(gap) or (op in (">=", "<=") and tower.surely_nonnegative(gap)):
        return op != "="
    if op in (">=", "<=") and low == ZERO and _even_power(high, assumptions):
        return True
    terms = high[1:] if isinstance(high, tuple) and high[0] == "+" and low == ZERO else ()
    if not terms:  # else the sum of what is positive each for itself
        return False
    signs = [">" if op in (">", "<") and i == 0 else ">=" for i in range(len(terms))]
    return all(prove_relation((sign, term, ZERO), assumptions) for sign, term in zip(signs, terms, strict=True))


def _even_power(tree: Tree, assumptions: Iterable[Relation]) -> bool:
    """Whether the tree is an even power of something real, or a product of such and of what is not negative."""
    if not isinstance(tree, tuple) or tree[0] not in ("^", "*"):
        return False
    if tree[0] == "*":
        return all(_even_power(a, assumptions) or prove_relation((">=", a, ZERO), assumptions) for a in tree[1:])
    whole = isinstance(tree[2], fmpq) and tree[2].q == 1 and tree[2] > 0 and tree[2].p % 2 == 0
    if not whole:
        return False
    tower, (base,) = build([tree[1]], assumptions)
    return tower.real(base)


def opposed(relations: list[Relation], surely: bool = False) -> bool:
    """Whether some of the relations say openly that others, or they themselves, are false; where they are not read, as asked."""
    tower = Tower()
    try:
        tower, _ = build([], relations)
    except Refused:
        return not surely
    doubtful = (
        tower.surely_nonnegative(tower.poly(tower.reduce(-f))) or any((f + g).is_zero() for g in tower.facts)
        for f in tower.facts
    )
    return tower.opposed or any(doubtful)


def read_relations(value: Json, what: str) -> list[Relation]:
    out = list[Relation]()
    for item in sequence(value, what, 1_000):
        if not isinstance(item, list) or len(item) != 3 or item[0] not in ("<", "<=", ">", ">=", "=", "!="):
            refuse(f"{what} must be comparisons of two expressions")
        out.append((str(item[0]), read(item[1]), read(item[2])))
    return out
