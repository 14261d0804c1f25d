"""Long expressions with names for the roots and cosines that occur more than once: "(u + v)/3 where u = ..."."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from flint import fmpq

from closedform.algebra.radicals.terms import text
from closedform.kernel.expressions.angles import angle
from closedform.kernel.expressions.tree import Tree, free_names, power

LONG = 120  # characters, past which an expression is abbreviated
SHORT = 10  # characters of a subexpression that is not worth a name
LETTERS = "uvwrstpqabcdfghjklmn"


def abbreviated(
    trees: Sequence[Tree], taken: frozenset[str] = frozenset()
) -> tuple[tuple[tuple[str, Tree], ...], tuple[Tree, ...]]:
    """Names with their meanings (in earlier names), and the trees in those names; no names where all are short.

    >>> a = ("^", ("+", fmpq(2), ("sqrt", fmpq(5))), fmpq(1, 3))
    >>> names, short = abbreviated([("+", *(("*", fmpq(7), ("^", a, fmpq(-k))) for k in range(1, 8)))])
    >>> [(n, text(t)) for n, t in names], [text(t) for t in short]
    ([('u', '(2 + sqrt(5))**(1/3)')], ['7/u + 7/u**2 + 7/u**3 + 7/u**4 + 7/u**5 + 7/u**6 + 7/u**7'])
    """
    if max((len(text(t)) for t in trees), default=0) <= LONG:
        return (), tuple(trees)
    counted = Counter(part for tree in trees for part in _roots(tree))
    repeated = sorted((part for part, times in counted.items() if times > 1), key=lambda part: len(text(part)))
    names, letters = dict[Tree, str](), (a for a in LETTERS if a not in taken)
    steps = list[tuple[str, Tree]]()
    for part in repeated:
        short = _named(part, names)
        if len(text(short)) < SHORT or isinstance(short, str):
            continue
        own = next(letters, None)
        if own is None:
            break
        steps.append((own, short))
        names[part] = own
    shorter = tuple(_named(t, names) for t in trees)
    used = _needed(shorter, dict(steps))
    return tuple(s for s in steps if s[0] in used), shorter


def _roots(tree: Tree) -> Iterator[Tree]:
    """The subexpressions that may get a name: roots and cosines of something else than numbers, as they occur."""
    if not isinstance(tree, tuple):
        return
    part = _base(tree)
    if part is not None:
        yield part
    for a in tree[1:]:
        yield from _roots(a)


def _base(tree: Tree) -> Tree | None:
    """The root of which the tree is an integer power, or the cosine that it is."""
    if not isinstance(tree, tuple) or not any(isinstance(a, tuple) for a in tree[1:]):
        return None
    if tree[0] in ("cos", "sin"):
        part = angle(tree[1])
        return tree if part is not None and part[2] is not None else None
    if tree[0] == "sqrt":
        return tree
    if tree[0] == "^" and isinstance(tree[2], fmpq) and tree[2].q > 1:
        return ("sqrt", tree[1]) if tree[2].q == 2 else ("^", tree[1], fmpq(1, tree[2].q))
    return None


def _named(tree: Tree, names: dict[Tree, str]) -> Tree:
    part = _base(tree)
    if part is not None and part in names and isinstance(tree, tuple):
        exponent = tree[2] if tree[0] == "^" else None
        return power(names[part], fmpq(exponent.p)) if isinstance(exponent, fmpq) else names[part]
    if not isinstance(tree, tuple):
        return tree
    return (tree[0], *(_named(a, names) for a in tree[1:]))


def _needed(trees: Sequence[Tree], steps: dict[str, Tree]) -> set[str]:
    used, todo = set[str](), [n for t in trees for n in free_names(t)]
    while todo:
        own = todo.pop()
        if own in steps and own not in used:
            used.add(own)
            todo += free_names(steps[own])
    return used
