"""Whether every name in an expression is declared, and how many terms its sums have."""

from __future__ import annotations

from collections.abc import Iterable

from closedform.kernel.expressions.tree import Tree, as_integer, free_names
from closedform.kernel.reading import refuse

MAX_TERMS = 2_000_000  # that the sums of a tree may run over


def scoped(tree: Tree, declared: set[str], columns: Iterable[str] | None = None, unknowns: Iterable[str] = ()) -> None:
    """Refused unless every name is declared, no index bears the name of anything else, and no unknown is a limit."""
    known = None if columns is None else set(columns)

    def walk(t: Tree, taken: set[str]) -> None:
        if isinstance(t, str) and t not in taken:
            refuse(f"{t} is not declared")
        if not isinstance(t, tuple):
            return
        if t[0] in ("sum", "prod"):
            index, low, high, body = str(t[1]), *t[2:]
            if index in taken:
                refuse(f"the index {index} bears the name of something else")
            if (free_names(low) | free_names(high)) & set(unknowns):
                refuse(f"the limits of a {t[0]} depend on an unknown")
            for limit in (low, high):
                walk(limit, taken)
            walk(body, {*taken, index})
        elif t[0] == "@":
            if known is not None and str(t[1]) not in known:
                refuse(f"there is no column {t[1]}")
            if free_names(t[2]) & set(unknowns):
                refuse("a place in a column depends on an unknown")
            walk(t[2], taken)
        else:
            if len(t) == 1 and str(t[0]) in taken:
                refuse(f"{t[0]} is a name and a constant at once")
            for a in t[1:]:
                walk(a, taken)

    if terms(tree) > MAX_TERMS:
        refuse("the sums have too many terms")
    walk(tree, set(declared))


def terms(tree: Tree) -> int:
    """How many terms the sums between numbers have when they are written out, those inside others multiplied."""
    if not isinstance(tree, tuple):
        return 1
    rows = 1
    if tree[0] in ("sum", "prod"):
        low, high = as_integer(tree[2]), as_integer(tree[3])
        rows = 1 if low is None or high is None else max(high - low + 1, 1)
    return max(1, rows * sum(terms(a) for a in tree[1:] if isinstance(a, tuple)))
