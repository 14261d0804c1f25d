"""A formula at given values, and whether its conditions hold there: in balls, on the values as they are.

A double is an exact number, so that ``n*sum(x^2) > sum(x)^2`` is decided and not lost in rounding. Columns longer than
``MAX_ROWS`` and arrays of more than ``MAX_VALUES`` parameters are taken in floating point instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sympy as sp
from flint import arb, ctx, fmpq

from closedform.errors import CallError
from closedform.expression import Node, add, column_names, free_names, negate, scalar_names, to_tree
from closedform.kernel.expressions import balls
from closedform.kernel.expressions import tree as kernel
from closedform.kernel.reading import Refused
from closedform.reading.language import parse, unparse
from closedform.report.evaluate import evaluate
from closedform.stationarity.location import Location

Array = Any
MAX_ROWS, MAX_VALUES = 20_000, 2_000
BITS, ENOUGH_BITS, NOUGHT = 333, 60, 1e-60
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
            held = _holds(node, tree, here, entries)
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


def precise(node: Node, values: Mapping[str, Array], columns: Mapping[str, Array]) -> Array | None:
    """The values of a formula, each to the last digits of a double or within 1e-60 of zero; None where balls do not.

    Where terms cancel the formula in floating point loses digits that are not lost here: Cardano's root of
    x^3 + 10^6*x + 1 has ten of sixteen there.
    """
    used = {n: np.asarray(values[n], dtype=float) for n in free_names(node) if n in values}
    shape = np.broadcast_shapes(*(v.shape for v in used.values()))
    rows = max((len(columns[n]) for n in column_names(node)), default=0)
    if int(np.prod(shape, dtype=int)) > MAX_VALUES or rows > MAX_ROWS:
        return None
    entries = {n: [fmpq(*float(v).as_integer_ratio()) for v in columns[n]] for n in column_names(node)}
    spread = {n: np.broadcast_to(v, shape) for n, v in used.items()}
    tree, out = _tree(node), np.empty(shape)
    for index in np.ndindex(shape):
        here = {n: float(v[index]) for n, v in spread.items()}
        ball = _ball(tree, here, entries)[0] if tree is not None else None
        if ball is None or ball.rel_accuracy_bits() < ENOUGH_BITS:
            ball = _location(here, entries, node).value(node)
        if ball is None or not (ball.rel_accuracy_bits() >= ENOUGH_BITS or ball.abs_upper() < NOUGHT):
            return None
        out[index] = 0.0 if ball.contains(0) else float(ball.mid())
    return out


def _location(values: Mapping[str, float], columns: dict[str, list[fmpq]], node: Node) -> Location:
    """The values, with what is known to vanish there of the expression's parts: it is no ball around zero."""
    exact = {n: sp.Rational(*v.as_integer_ratio()) for n, v in values.items()}
    where = Location(exact=exact, columns=columns, bits=BITS)
    for part in _parts(node):
        where.compare(part, "=")
    return where


def _parts(node: Node) -> list[Node]:
    """The arguments that roots, absolute values and signs are of, inner ones first."""
    inner = [p for c in node.children for p in _parts(c)]
    return [*inner, node.children[0]] if node.head in ("sqrt", "abs", "sign", "^") else inner


def _tree(gap: Node) -> kernel.Tree | None:
    try:
        return kernel.read(to_tree(gap))
    except Refused:
        return None


def _holds(node: Node, tree: kernel.Tree, values: Mapping[str, float], columns: dict[str, list[fmpq]]) -> bool | None:
    """Whether the comparison holds; None where the kernel has no rule for its ``tree``. What stays open is zero."""
    op = node.head
    ball, refused = _ball(tree, values, columns)
    if ball is not None and not ball.contains(0):
        return op in ((">", ">=", "!=") if ball > 0 else ("<", "<=", "!="))
    gap = add(node.children[0], negate(node.children[1]))
    side = _location(values, columns, gap).compare(gap, op)
    if side != "unknown":
        return side == "inside"
    if ball is None:
        return False if refused is None or "real" in refused or "zero" in refused else None
    return op in (">=", "<=", "=")


def _ball(
    tree: kernel.Tree, values: Mapping[str, float], columns: dict[str, list[fmpq]]
) -> tuple[arb | None, str | None]:
    """The value in a finite ball, or None and why the kernel gives none."""
    previous = ctx.prec
    ctx.prec = BITS
    try:
        ball = balls.evaluate(tree, {n: arb(v) for n, v in values.items()}, columns)
    except Refused as reason:
        return None, str(reason)
    except (ValueError, ArithmeticError, OverflowError):
        return None, "no rule"
    finally:
        ctx.prec = previous
    return (ball, None) if ball.is_finite() else (None, None)
