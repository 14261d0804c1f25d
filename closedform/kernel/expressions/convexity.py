"""Convexity by composition rules: the curvature of an expression as it is written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flint import arb, fmpq

from closedform.kernel.expressions.balls import evaluate
from closedform.kernel.expressions.rows import balls_of, in_blocks
from closedform.kernel.expressions.tree import Tree, free_names, head_of, mul

CONSTANT, AFFINE, CONVEX, CONCAVE, OPEN = "constant", "affine", "convex", "concave", "open"


def curvature(tree: Tree, unknowns: set[str], at: dict[str, Any], columns: dict[str, list[fmpq]]) -> str:
    """CONSTANT, AFFINE, CONVEX or CONCAVE in the unknowns (where defined), in every row of a sum, else OPEN."""
    if not free_names(tree) & unknowns:
        return CONSTANT
    if not isinstance(tree, tuple):
        return AFFINE
    head, args = head_of(tree), tree[1:]
    if head == "sum":
        low, high = (evaluate(a, at, columns).unique_fmpz() for a in args[1:3])
        if low is None or high is None:
            return OPEN
        blocks = in_blocks(args[3], str(args[0]), int(low), int(high), columns, arb)
        return _combined(curvature(body, unknowns, {**at, **own}, columns) for body, own in blocks)
    if head == "+":
        return _combined(curvature(a, unknowns, at, columns) for a in args)
    if head == "*":
        free = [a for a in args if free_names(a) & unknowns]
        factor = balls_of(evaluate(mul(*(a for a in args if not free_names(a) & unknowns)), at, columns), None)
        inner = curvature(free[0], unknowns, at, columns) if len(free) == 1 else OPEN
        if all(f.is_zero() for f in factor):
            return CONSTANT
        up, down = all(f >= 0 for f in factor), all(f <= 0 for f in factor)
        if inner in (AFFINE, OPEN) or not (up or down):
            return inner if inner == AFFINE else OPEN
        return inner if up else CONCAVE if inner == CONVEX else CONVEX
    inner = curvature(args[0], unknowns, at, columns)
    if head in ("max", "min"):
        bent = CONVEX if head == "max" else CONCAVE
        kinds = {inner, *(curvature(a, unknowns, at, columns) for a in args[1:])}
        return bent if kinds <= {CONSTANT, AFFINE, bent} else OPEN
    if head == "abs" and inner == AFFINE:
        return CONVEX
    exponent = args[1] if head == "^" else None
    if head == "exp" and inner in (AFFINE, CONVEX):
        return CONVEX
    if head == "log" and inner in (AFFINE, CONCAVE):
        return CONCAVE
    if head == "log" and _exponentials(args[0], unknowns, at, columns):
        return CONVEX
    if head in ("sqrt",) and inner in (AFFINE, CONCAVE):
        return CONCAVE
    if (
        head == "cosh" or (isinstance(exponent, fmpq) and exponent.q == 1 and exponent.p > 0 and exponent.p % 2 == 0)
    ) and (inner == AFFINE):
        return CONVEX
    return OPEN


def _combined(kinds: Iterator[str]) -> str:
    out = CONSTANT
    for kind in kinds:
        if kind == OPEN or {kind, out} == {CONVEX, CONCAVE}:
            return OPEN
        out = max(out, kind, key=(CONSTANT, AFFINE, CONVEX, CONCAVE).index)
    return out


def _exponentials(tree: Tree, unknowns: set[str], at: dict[str, Any], columns: dict[str, list[fmpq]]) -> bool:
    """Whether the tree is a sum of positive constants times exponentials of affine forms (log-sum-exp is convex)."""
    if not isinstance(tree, tuple):
        return isinstance(tree, fmpq) and tree > 0
    if tree[0] == "+":
        return all(_exponentials(a, unknowns, at, columns) for a in tree[1:])
    if not free_names(tree) & unknowns:
        return all(f > 0 for f in balls_of(evaluate(tree, at, columns), None))
    if head_of(tree) == "*":
        return all(_exponentials(a, unknowns, at, columns) for a in tree[1:])
    return head_of(tree) == "exp" and curvature(tree[1], unknowns, at, columns) == AFFINE
