"""Whether the conditions of a formula hold at given values: decided in balls on the values as they are.

A double is an exact number, so that ``n*sum(x^2) > sum(x)^2`` is decided and not lost in rounding. Columns longer than
``MAX_ROWS`` and arrays of more than ``MAX_VALUES`` parameters are compared in floating point instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from flint import arb, ctx, fmpq

from closedform.errors import CallError
from closedform.expression import Node, add, column_names, free_names, negate, scalar_names, to_tree
from closedform.kernel.expressions import balls
from closedform.kernel.expressions import tree as kernel
from closedform.kernel.reading import Refused
from closedform.reading.language import parse, unparse
from closedform.report.evaluate import evaluate

Array = Any
MAX_ROWS, MAX_VALUES = 20_000, 2_000
BITS = 333
OPERATORS = (">", ">=", "<", "<=", "=", "!=")
SLACK = 1e-9  # relative, for what was computed in floating point


def relations(texts: Sequence[str], names: Sequence[str] = ()) -> list[Node]:
    """The conditions that are comparisons, with these names declared; words are for the reader of the report."""
    out = list[Node]()
    for t in texts:
        try:
            node = parse(t, names)
        except Exception:
            continue
        if node.head in OPERATORS and len(node.children) == 2:
            out.append(node)
    return out


def failing(
    conditions: Sequence[Node], values: Mapping[str, Array], columns: Mapping[str, Array], *, slack: bool = False
) -> str | None:
    """The first condition that fails somewhere at the values, as a sentence; None when all hold.

    With ``slack`` a closed bound may be missed by rounding. Conditions about names without a value are passed over.
    """
    for c in conditions:
        for node, more in _rows(c, columns):
            if not (scalar_names(node) <= values.keys() | more.keys() and column_names(node) <= columns.keys()):
                continue
            at = _fails_at(node, {**values, **more}, columns, slack)
            if at is not None:
                given = ", ".join(f"{k} = {v}" for k, v in at.items())
                return f"the condition {unparse(c)} does not hold" + (f" at {given}" if given else " for these data")
    return None


def _rows(c: Node, columns: Mapping[str, Array]) -> list[tuple[Node, dict[str, Array]]]:
    """A bound on a column's name is one on its entries: all of them at once, as an array under that name."""
    bare = scalar_names(c) & columns.keys()
    return [(c, {name: np.asarray(columns[name]) for name in bare})]


def _fails_at(
    node: Node, values: Mapping[str, Array], columns: Mapping[str, Array], slack: bool
) -> dict[str, Any] | None:
    """The values at which the comparison fails first; None when it holds everywhere."""
    used = {n: np.asarray(values[n], dtype=float) for n in free_names(node) if n in values}
    shape = np.broadcast_shapes(*(v.shape for v in used.values()))
    size = int(np.prod(shape, dtype=int))
    spread = {n: np.broadcast_to(v, shape) for n, v in used.items()}
    gap = add(node.children[0], negate(node.children[1]))
    rows = max((len(c) for n, c in columns.items() if n in column_names(node)), default=0)
    exact = size <= MAX_VALUES and rows <= MAX_ROWS and not slack
    tree = _tree(gap) if exact else None
    if tree is not None:
        entries = {n: [fmpq(*float(v).as_integer_ratio()) for v in columns[n]] for n in column_names(node)}
        for index in np.ndindex(shape):
            here = {n: float(v[index]) for n, v in spread.items()}
            if not all(np.isfinite(v) for v in here.values()):
                raise CallError("a value is not a finite number")
            held = _compared(tree, here, entries, node.head)
            if held is None:
                break
            if not held:
                return here
        else:
            return None
    left, right = (np.broadcast_to(np.asarray(evaluate(c, dict(values), dict(columns))), shape) for c in node.children)
    with np.errstate(all="ignore"):
        room = SLACK * (np.abs(left) + np.abs(right)) if slack else 0.0
        ok = {
            ">": left > right - room,
            ">=": left >= right - room,
            "<": left < right + room,
            "<=": left <= right + room,
            "=": np.abs(left - right) <= SLACK * (np.abs(left) + np.abs(right)),
            "!=": left != right,
        }[node.head]
    if np.all(ok):
        return None
    index = np.unravel_index(int(np.argmin(ok)), shape) if shape else ()
    return {n: float(v[index]) for n, v in spread.items()}


def _tree(gap: Node) -> kernel.Tree | None:
    try:
        return kernel.read(to_tree(gap))
    except Refused:
        return None


def _compared(tree: kernel.Tree, values: Mapping[str, float], columns: dict[str, list[fmpq]], op: str) -> bool | None:
    """Whether ``tree op 0``; None where the kernel has no rule for it. What the balls cannot tell from zero is zero."""
    previous = ctx.prec
    ctx.prec = BITS
    try:
        ball = balls.evaluate(tree, {n: arb(v) for n, v in values.items()}, columns)
    except Refused as reason:
        return False if "real" in str(reason) or "zero" in str(reason) else None
    except (ValueError, ArithmeticError, OverflowError):
        return None
    finally:
        ctx.prec = previous
    if not ball.is_finite():
        return False
    if ball.contains(0):
        return op in (">=", "<=", "=")
    return op in ((">", ">=", "!=") if ball > 0 else ("<", "<=", "!="))
