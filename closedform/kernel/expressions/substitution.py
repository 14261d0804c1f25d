"""Trees with values put in for names: entries of columns looked up, sums written out, numbers folded."""

from __future__ import annotations

from collections.abc import Mapping

from flint import fmpq

from closedform.kernel.expressions.tree import Tree, free_names
from closedform.kernel.reading import refuse


def substitute(tree: Tree, values: Mapping[str, Tree]) -> Tree:
    """The tree with names replaced; refused where an index of a sum would capture a name."""
    if isinstance(tree, fmpq):
        return tree
    if isinstance(tree, str):
        return values.get(tree, tree)
    head, args = str(tree[0]), tree[1:]
    if head == "@":
        return (head, args[0], substitute(args[1], values))
    if head in ("sum", "prod"):
        inner = {k: v for k, v in values.items() if k != args[0]}
        if any(str(args[0]) in free_names(v) for k, v in inner.items() if k in free_names(args[3])):
            refuse(f"the index {args[0]} would capture a name")
        return (head, args[0], *(substitute(a, values) for a in args[1:3]), substitute(args[3], inner))
    return (head, *(substitute(a, values) for a in args))
