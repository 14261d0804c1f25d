"""Whether two expressions agree wherever both are defined: True and False are proved, None is open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from flint import arb, ctx, fmpq, fmpq_mpoly

from closedform.kernel.algebra.rational import NotRational, quotient
from closedform.kernel.algebra.relations import prove_relation
from closedform.kernel.algebra.tower import prove_zero
from closedform.kernel.expressions.balls import evaluate
from closedform.kernel.expressions.binding import bind
from closedform.kernel.expressions.domain import requirements
from closedform.kernel.expressions.infix import infix
from closedform.kernel.expressions.rows import Columns
from closedform.kernel.expressions.tree import ARITY, MINUS, Relation, Tree, add, free_names, mul, power
from closedform.kernel.headlines.text import parse
from closedform.kernel.reading import Refused

MAX_ROWS, MAX_PARTS = 400, 3_000  # a sum that is written out; the parts of a tree that is reduced to normal form
SAMPLES, DIGITS = 5, 200


def agree(
    one: Tree,
    other: Tree,
    names: Sequence[str],
    columns: Columns,
    assumptions: Sequence[Relation] = (),
    within: Sequence[Relation] = (),
) -> bool | None:
    """The difference is reduced to zero, or is not zero at one of a few fixed points, which lie ``within`` relations."""
    if infix(one) == infix(other) and free_names(one) == free_names(other):  # a constant may read like a name
        return True
    try:
        try:  # sums over rows as they stand: by their moments
            same = quotient(add(one, mul(MINUS, other)), list(names), columns).top.is_zero()
            if same or all(op != "=" for op, *_ in assumptions):
                return same
        except (NotRational, KeyError):
            pass
        one, other = (written_out(t, columns) for t in (one, other))
        difference = add(one, mul(MINUS, other))
        if _apart(one, other, names, within):
            return False
        if parts(difference) <= MAX_PARTS:
            prove_zero(difference, assumptions)
            return True
    except (Refused, ArithmeticError, ValueError, RecursionError):
        pass
    return None


def splits(
    top: fmpq_mpoly, names: Sequence[str], x: str, roots: Sequence[Tree], known: Sequence[Relation] = ()
) -> Tree | None:
    """The leading coefficient c of a polynomial in x and other names, where it is c times the product of all x - root."""
    at, degree = list(names).index(x), len(roots)
    lead = coefficient(top, names, at, degree)
    product = mul(lead, *(add(x, mul(MINUS, r)) for r in roots))
    all_of_them = int(top.degrees()[at]) == degree and agree(tree_of(names, top.terms()), product, names, {}, known)
    return lead if all_of_them else None


def coefficient(p: fmpq_mpoly, names: Sequence[str], at: int, k: int) -> Tree:
    """Of the k-th power of one of the names."""
    return tree_of(names, (((*e[:at], 0, *e[at + 1 :]), c) for e, c in p.terms() if e[at] == k))


def tree_of(names: Sequence[str], terms: Iterable[tuple[tuple[int, ...], fmpq]]) -> Tree:
    """The polynomial with these terms."""
    return add(*(mul(c, *map(power, names, map(fmpq, e))) for e, c in terms))


def _apart(one: Tree, other: Tree, names: Sequence[str], within: Sequence[Relation] = ()) -> bool:
    """Whether the values differ at some point where both are defined."""
    with ctx.workprec(DIGITS):
        for k in range(SAMPLES):
            at = {x: arb(fmpq(7 + 5 * k + 3 * i, 11 + 2 * k + i) * (-1) ** (k * (i + 1))) for i, x in enumerate(names)}
            try:
                sides = [(op, evaluate(a, at) - evaluate(b, at)) for op, a, b in within]
                if not all({">": gap > 0, "<": gap < 0, "!": True, "=": False}[op[0]] for op, gap in sides):
                    continue
                gap = evaluate(one, at) - evaluate(other, at)
            except Refused:
                continue
            if gap.is_finite() and not gap.contains(0):
                return True
    return False


def written_out(tree: Tree, columns: Columns) -> Tree:
    """The tree with the entries of columns put in, and sums between numbers written out while they are short."""
    return bind(tree, {}, columns, MAX_ROWS, requirements)


def subtrees(tree: Tree) -> Iterator[tuple[Tree, ...]]:
    """All that have a head."""
    if isinstance(tree, tuple):
        yield tree
        for part in tree[1:]:
            yield from subtrees(part)


def heads(tree: Tree) -> set[str]:
    return {str(t[0]) for t in subtrees(tree)}


def parts(tree: Tree) -> int:
    return 1 + sum(len(t) - 1 for t in subtrees(tree))


def same_need(one: Tree, other: Tree, columns: Mapping[str, list[fmpq]]) -> bool:
    """Whether both are defined at the same places, as far as it is not proved that they are defined everywhere."""
    return _open_needs(one, columns) == _open_needs(other, columns)


def _open_needs(tree: Tree, columns: Columns) -> set[str]:
    needs = (r for r, _ in requirements(written_out(tree, columns)) if not prove_relation(r, ()))
    return {f"{normal(a)} {op} {normal(b)}" for op, a, b in needs}


def normal(tree: Tree, heads: Mapping[str, int] = ARITY) -> Tree:
    """The tree as its text reads back: the same for trees that differ by folding only."""
    return parse(infix(tree), free_names(tree), heads)
