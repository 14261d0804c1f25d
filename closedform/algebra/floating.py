"""Kernel trees in floating point: values over many points at once, and first derivatives along the rows of a table.

Only for finding candidates; nothing computed here is ever claimed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from flint import arb, fmpq

from closedform.algebra.later import np
from closedform.kernel.expressions import balls
from closedform.kernel.expressions.derivatives import differentiate
from closedform.kernel.expressions.tree import Tree, free_names, head_of
from closedform.kernel.reading import Refused

if TYPE_CHECKING:
    Values = Mapping[str, np.ndarray]

_SAME = ("exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "abs", "sign")
_UNARY = {**{head: head for head in _SAME}, "asin": "arcsin", "acos": "arccos", "atan": "arctan"}  # NumPy's names


def value(tree: Tree, values: Values, columns: Values) -> np.ndarray:
    """The tree at arrays of values of shape (S, 1); columns have shape (n,), rows run along the last axis."""
    if isinstance(tree, fmpq):
        return np.array(float(tree.p) / float(tree.q))
    if isinstance(tree, str):
        return values[tree] if tree in values else columns[tree]
    head, args = head_of(tree), tree[1:]
    if head == "sum":
        body = value(args[3], values, _rows(args, columns))
        n = _count(args)
        return body.sum(axis=-1, keepdims=True) if body.ndim and body.shape[-1] == n and n > 1 else body * n
    if head == "@":
        return columns[str(args[0])] if not isinstance(args[1], fmpq) else columns[str(args[0])][int(args[1].p) - 1]
    parts = [value(a, values, columns) for a in args]
    if head == "+":
        return sum(parts[1:], parts[0])
    if head == "*":
        out = parts[0]
        for p in parts[1:]:
            out = out * p
        return out
    if head == "^":
        e = args[1]
        if isinstance(e, fmpq) and e.q == 1:
            return parts[0] ** int(e.p) if e.p >= 0 else 1.0 / parts[0] ** int(-e.p)
        return np.power(parts[0], parts[1])
    if head in ("max", "min"):
        return (np.maximum if head == "max" else np.minimum).reduce(np.broadcast_arrays(*parts))
    if head in ("pi", "e"):
        return np.array(np.pi if head == "pi" else np.e)
    if head in _UNARY:
        return getattr(np, _UNARY[head])(parts[0])
    names = [f"u{i}" for i in range(len(parts))]
    return _through_balls((head, *names), names, parts)


def _through_balls(tree: Tree, names: list[str], parts: list[np.ndarray]) -> np.ndarray:
    """Special functions, one entry at a time, by the kernel's own evaluation."""
    arrays = np.broadcast_arrays(*parts)
    out = np.empty(arrays[0].shape if arrays else ())
    for index in np.ndindex(out.shape):
        try:
            out[index] = float(
                balls.evaluate(tree, {n: arb(float(a[index])) for n, a in zip(names, arrays, strict=True)}).mid()
            )
        except (ArithmeticError, ValueError, Refused):
            out[index] = np.nan
    return out


def _count(args: tuple[Tree, ...]) -> int:
    low, high = args[1], args[2]
    if not isinstance(low, fmpq) or not isinstance(high, fmpq):
        raise NotImplementedError("a sum without whole limits")
    return int(high.p) - int(low.p) + 1


def _rows(args: tuple[Tree, ...], columns: Values) -> dict[str, np.ndarray]:
    low = int(args[1].p) if isinstance(args[1], fmpq) else 1
    n = _count(args)
    index = {str(args[0]): np.arange(low, low + n, dtype=float)}
    return {**{k: v[low - 1 : low - 1 + n] for k, v in columns.items()}, **index}


class Derivatives:
    """Partial derivatives of a tree as trees, each made once; ``grouped`` evaluates them along rows."""

    def __init__(self, tree: Tree, names: list[str]) -> None:
        self.tree, self.names = tree, names
        self.parts = {x: differentiate(tree, x) for x in names}

    def linear(self) -> list[str]:
        """A largest-first choice of unknowns in which the tree is jointly affine."""
        chosen = list[str]()
        for x in sorted(self.names, key=lambda n: len(str(self.parts[n]))):
            used = free_names(self.parts[x])
            if x not in used and not used & set(chosen) and not any(x in free_names(self.parts[c]) for c in chosen):
                chosen.append(x)
        return sorted(chosen, key=self.names.index)
