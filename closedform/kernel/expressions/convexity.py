"""Convexity by composition rules: the curvature of an expression as it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from flint import arb, fmpq

from closedform.kernel.expressions.balls import evaluate
from closedform.kernel.expressions.rows import balls_of, in_blocks
from closedform.kernel.expressions.substitution import substitute
from closedform.kernel.expressions.tree import Tree, free_names, head_of, mul

CONSTANT, AFFINE, CONVEX, CONCAVE, OPEN = "constant", "affine", "convex", "concave", "open"


Signs = Callable[[Tree], set[str]]  # which of > >= <= hold between a tree and zero, as far as it is known


def curvature(
    tree: Tree, unknowns: set[str], at: dict[str, Any], columns: dict[str, list[fmpq]], signs: Signs | None = None
) -> str:
    """CONSTANT, AFFINE, CONVEX or CONCAVE in the unknowns (where defined), in every row of a sum, else OPEN.

    Where names besides the unknowns have no values, ``signs`` knows what is known of what is written with them.
    """
    if not free_names(tree) & unknowns:
        return CONSTANT
    if not isinstance(tree, tuple):
        return AFFINE
    head, args = head_of(tree), tree[1:]
    if head == "sum" and signs is not None:  # any row: no name that can be written is like that of its index
        row = substitute(args[3], {str(args[0]): f"#{args[0]}"})
        return curvature(row, unknowns, at, columns, signs)
    if head == "sum":
        low, high = (evaluate(a, at, columns).unique_fmpz() for a in args[1:3])
        if low is None or high is None:
            return OPEN
        blocks = in_blocks(args[3], str(args[0]), int(low), int(high), columns, arb)
        return _joined(curvature(body, unknowns, {**at, **own}, columns) for body, own in blocks)
    if head == "+":
        return _joined(curvature(a, unknowns, at, columns, signs) for a in args)
    if head == "*":
        free = [a for a in args if free_names(a) & unknowns]
        sign = _signs(mul(*(a for a in args if not free_names(a) & unknowns)), at, columns, signs)
        inner = curvature(free[0], unknowns, at, columns, signs) if len(free) == 1 else OPEN
        if {">=", "<="} <= sign:
            return CONSTANT
        if inner in (AFFINE, OPEN) or not sign:
            return inner if inner == AFFINE else OPEN
        return inner if ">=" in sign else CONCAVE if inner == CONVEX else CONVEX
    inner = curvature(args[0], unknowns, at, columns, signs)
    if head in ("max", "min"):
        bent = CONVEX if head == "max" else CONCAVE
        kinds = {inner, *(curvature(a, unknowns, at, columns, signs) for a in args[1:])}
        return bent if kinds <= {CONSTANT, AFFINE, bent} else OPEN
    if head == "abs" and inner == AFFINE:
        return CONVEX
    exponent = args[1] if head == "^" else None
    if head == "exp" and inner in (AFFINE, CONVEX):
        return CONVEX
    if head == "log" and inner in (AFFINE, CONCAVE):
        return CONCAVE
    if head == "log" and _exponentials(args[0], unknowns, at, columns, signs):
        return CONVEX
    if head in ("sqrt",) and inner in (AFFINE, CONCAVE):
        return CONCAVE
    if (
        head == "cosh" or (isinstance(exponent, fmpq) and exponent.q == 1 and exponent.p > 0 and exponent.p % 2 == 0)
    ) and (inner == AFFINE):
        return CONVEX
    return OPEN


def _joined(kinds: Iterator[str]) -> str:
    out = CONSTANT
    for kind in kinds:
        if kind == OPEN or {kind, out} == {CONVEX, CONCAVE}:
            return OPEN
        out = max(out, kind, key=(CONSTANT, AFFINE, CONVEX, CONCAVE).index)
    return out


def _signs(tree: Tree, at: dict[str, Any], columns: dict[str, list[fmpq]], signs: Signs | None) -> set[str]:
    """Which of > >= <= hold between the tree and zero, in every row."""
    if signs is not None:
        return signs(tree)
    values = balls_of(evaluate(tree, at, columns), None)
    return {
        op
        for op, holds in (
            (">", all(v > 0 for v in values)),
            (">=", all(v >= 0 for v in values)),
            ("<=", all(v <= 0 for v in values)),
        )
        if holds
    }


def _exponentials(
    tree: Tree, unknowns: set[str], at: dict[str, Any], columns: dict[str, list[fmpq]], signs: Signs | None
) -> bool:
    """Whether the tree is a sum of positive constants times exponentials of affine forms (log-sum-exp is convex)."""
    if not isinstance(tree, tuple):
        return isinstance(tree, fmpq) and tree > 0
    if tree[0] == "+":
        return all(_exponentials(a, unknowns, at, columns, signs) for a in tree[1:])
    if not free_names(tree) & unknowns:
        return ">" in _signs(tree, at, columns, signs)
    if head_of(tree) == "*":
        return all(_exponentials(a, unknowns, at, columns, signs) for a in tree[1:])
    return head_of(tree) == "exp" and curvature(tree[1], unknowns, at, columns, signs) == AFFINE
