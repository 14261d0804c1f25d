"""Matrix losses that are convex by how they are written: sums of even powers of norms of affine expressions."""

from __future__ import annotations

from flint import fmpq

from closedform.kernel.expression import Tree, as_integer

LINEAR = ("+", "transpose", "tr", "vec", "diag", "total")  # affine where their arguments are


def convex(tree: Tree, unknowns: set[str]) -> bool:
    """Convex in the unknowns taken together, for all data and sizes."""
    if not _uses(tree, unknowns):
        return True
    if not isinstance(tree, tuple):
        return True
    if tree[0] == "+":
        return all(convex(a, unknowns) for a in tree[1:])
    if tree[0] == "*":
        numbers = [a for a in tree[1:] if isinstance(a, fmpq)]
        rest = [a for a in tree[1:] if not isinstance(a, fmpq)]
        return all(n > 0 for n in numbers) and len(rest) == 1 and convex(rest[0], unknowns)
    if tree[0] != "^" or not isinstance(tree[1], tuple) or tree[1][0] != "norm":
        return False
    exponent = as_integer(tree[2]) or 0
    return exponent > 0 and exponent % 2 == 0 and affine(tree[1][1], unknowns)


def affine(tree: Tree, unknowns: set[str]) -> bool:
    """Of degree one at most in the unknowns, as it is written."""
    if not isinstance(tree, tuple) or not _uses(tree, unknowns):
        return True
    if tree[0] in LINEAR:
        return all(affine(a, unknowns) for a in tree[1:])
    moving = [a for a in tree[1:] if _uses(a, unknowns)]
    return tree[0] in ("*", "hadamard", "kron") and len(moving) == 1 and affine(moving[0], unknowns)


def _uses(tree: Tree, unknowns: set[str]) -> bool:
    """Whether an unknown stands in it; all names of a matrix tree are free."""
    return any(_uses(a, unknowns) for a in tree[1:]) if isinstance(tree, tuple) else tree in unknowns
