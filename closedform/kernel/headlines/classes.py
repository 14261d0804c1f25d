"""The class of an expression, as it is written."""

from __future__ import annotations

from flint import fmpq

from closedform.kernel.expressions.tree import Tree

ELEMENTARY_HEADS = {"exp", "log", "e"}
CLASSES = ("rational", "radical", "elementary", "lambert_w", "special")


def class_of(tree: Tree) -> str:
    """The class of an expression as it is written."""
    if not isinstance(tree, tuple):
        return "rational"
    inner = [class_of(a) for a in tree[1:]] or ["rational"]
    own = "rational"
    if tree[0] == "sqrt" or (tree[0] == "^" and isinstance(tree[2], fmpq) and tree[2].q != 1):
        own = "radical"
    elif tree[0] == "^" and not isinstance(tree[2], fmpq):
        own = "elementary"
    elif tree[0] == "lambertw":
        own = "lambert_w"
    elif tree[0] not in ("+", "*", "^"):
        own = "elementary" if tree[0] in ELEMENTARY_HEADS else "radical" if tree[0] == "I" else "special"
    return max([own, *inner], key=CLASSES.index)
