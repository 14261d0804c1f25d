"""Arrays for the names of a matrix text: which call means them, their kinds, and the sizes that they fix.

``data={"X": X, "y": y}`` beside ``||X*a - y||^2`` gives the matrices themselves; beside ``sum(i, 1, n, ...)`` it gives
the columns of a table. Arrays are meant where a two-dimensional one stands in the text without an index, or a
one-dimensional one in a text with matrix functions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from closedform.errors import CallError, InputError
from closedform.expression import (
    MATRIX_HEADS,
    Node,
    column_names,
    heads,
    name,
    number,
    rebuild,
    scalar_names,
    substitute,
)
from closedform.frozen import record
from closedform.reading.data.handed import dimensions, is_mapping, is_path
from closedform.reading.language import unparse
from closedform.reading.matrices.checker import Settled
from closedform.reading.matrices.shapes import SCALAR, Size, settle
from closedform.reading.streams.archive import Stored, members

Array = Any


def candidates(data: object) -> dict[str, Array] | None:
    """The arrays of a mapping or of an NPZ file by name; None where the data are of another kind."""
    if is_path(data) and Path(data).suffix.lower() == ".npz" and Path(data).is_file():
        try:
            return {member.key: Stored(Path(data), member) for member in members(Path(data))}
        except InputError:
            return None  # the reader of tables says what is wrong with the file
    return {str(key): value for key, value in data.items()} if is_mapping(data) else None


def literals(nodes: Iterable[Node], taken: Iterable[str]) -> tuple[tuple[Node, ...], dict[str, Array]]:
    """The nodes with a fresh name in the place of each matrix of numbers that stands in them, and those arrays.

    >>> from closedform.reading.language import parse
    >>> (node,), arrays = literals([parse("x'*[1, 2]")], ["x"])
    >>> unparse(node), {key: array.tolist() for key, array in arrays.items()}
    ("x'*A1", {'A1': [1.0, 2.0]})
    """
    used, names = set(taken), dict[Node, str]()

    def named(node: Node) -> Node:
        if node.head != "literal":
            return rebuild(node, tuple(map(named, node.children))) if node.children else node
        if node not in names:
            names[node] = next(key for k in count(1) if (key := f"A{k}") not in used)
            used.add(names[node])
        return name(names[node])

    def array(node: Node) -> Array:
        return [array(child) for child in node.children] if node.head == "literal" else float(node.number or 0)

    out = tuple(map(named, nodes))
    return out, {key: np.asarray(array(node)) for node, key in names.items()}


def meant(data: Mapping[str, Array], nodes: Iterable[Node], shaped: bool) -> bool:
    """Whether the text speaks of the arrays themselves; ``shaped`` when the caller declared shapes."""
    nodes = tuple(nodes)
    bare = frozenset[str]().union(*(scalar_names(n) for n in nodes)) - frozenset[str]().union(
        *(column_names(n) for n in nodes)
    )
    matrix = shaped or any(heads(n) & (MATRIX_HEADS - {"rank"}) for n in nodes)
    return any(dimensions(data[k]) >= 2 or (dimensions(data[k]) == 1 and matrix) for k in data.keys() & bare)


def numbers(data: Mapping[str, Array], known: frozenset[str], what: str) -> dict[str, Array]:
    """The arrays as float64; raises ``InputError`` on what is no finite real array, ``CallError`` on an unused name."""
    out = dict[str, Array]()
    for key, value in data.items():
        if key not in known:
            raise CallError(
                f"{key} is given as data, but {what} does not speak of it; its names are {', '.join(sorted(known))}"
            )
        if hasattr(value, "toarray") and hasattr(value, "tocsr"):
            value = value.toarray()
        if np.iscomplexobj(value):
            raise InputError(f"{key} is complex; matrices here are real")
        try:
            array = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError):
            raise InputError(f"{key} is not an array of numbers; give rows of equal length with numbers only") from None
        if array.ndim > 2:
            raise InputError(f"{key} has {array.ndim} dimensions; a vector has one, a matrix two")
        if array.size == 0:
            raise InputError(f"{key} is empty: its shape is {shape_text(array)}")
        if not np.isfinite(array).all():
            place = ", ".join(str(p + 1) for p in np.argwhere(~np.isfinite(array))[0])
            raise InputError(f"{key}[{place}] is not a finite number; remove or impute it")
        out[key] = array
    return out


def shape_text(array: Array) -> str:
    """The shape of an array, for a message."""
    return " x ".join(map(str, array.shape)) or "a number"


def kinds(arrays: Mapping[str, Array]) -> dict[str, str]:
    """ "scalar", "vector" (a column) or "matrix" for each array."""
    return {
        key: "scalar" if a.ndim == 0 else "vector" if a.ndim == 1 or a.shape[1] == 1 else "matrix"
        for key, a in arrays.items()
    }


def columns(array: Array) -> tuple[int, int]:
    """Rows and columns, a vector being one column."""
    return (1, 1) if array.ndim == 0 else (len(array), 1) if array.ndim == 1 else (array.shape[0], array.shape[1])


def measure(arrays: Mapping[str, Array], shapes: Mapping[str, Size]) -> dict[str, int]:
    """The value of each size symbol; raises ``InputError`` naming two arrays that do not conform.

    >>> from closedform.expression import name as n
    >>> measure({"X": np.ones((3, 2)), "y": np.ones(3)}, {"X": (n("n"), n("k")), "y": (n("n"), number(1))})
    {'n': 3, 'k': 2}
    """
    found, where = dict[str, int](), dict[str, str]()
    composed = list[tuple[str, Node, int]]()
    for key, array in arrays.items():
        if array.ndim == 0:
            continue
        if key not in shapes:
            raise InputError(f"{key} is {shape_text(array)}, where the text needs a number")
        rows, cols = columns(array)
        if array.ndim == 1 and shapes[key][0].number == 1 and shapes[key][1].number != 1:
            rows, cols = cols, rows  # a row given as a vector
        for node, size in zip(shapes[key], (rows, cols), strict=True):
            symbol = node.name
            if node.number is not None:
                if size != node.number:
                    raise InputError(
                        f"{key} is {shape_text(array)}, where the text needs {' x '.join(map(unparse, shapes[key]))}"
                    )
            elif symbol is None:
                composed.append((key, node, size))
            elif found.setdefault(symbol, size) != size:
                other = where[symbol]
                raise InputError(
                    f"{other} is {shape_text(arrays[other])} and {key} is {shape_text(array)}, which do not conform: "
                    f"both have the size {symbol}"
                )
            else:
                where.setdefault(symbol, key)
    for key, node, size in composed:  # n*p rows: the symbols that are known decide the one that is not
        factors = node.children if node.head == "*" else (node,)
        open_ = sorted(scalar_names(node) - found.keys())
        known = 1
        for factor in factors:
            known *= found.get(factor.name or "", int(factor.number) if factor.number is not None else 1)
        if len(open_) == 1 and node.head == "*" and size % known == 0:
            found[open_[0]] = size // known
            where[open_[0]] = key
        elif node.head == "*" and known * (1 if not open_ else 0) != size and len(open_) < 2:
            raise InputError(
                f"{key} is {shape_text(arrays[key])}, which is no multiple of the other sizes in {unparse(node)}"
            )
    return found


def _renamed(settled: Settled, old: str, new: str) -> Settled:
    """The same with one size symbol called otherwise."""
    swap = {old: name(new)}
    shapes = {key: (substitute(r, swap), substitute(c, swap)) for key, (r, c) in settled.shapes.items()}
    return Settled(
        tuple(substitute(n, swap) for n in settled.expressions),
        tuple(substitute(n, swap) for n in settled.constraints),
        shapes,
        settled.notes,
    )


@record
class Bound(Settled):
    """Expressions that conform, with the arrays of their names (sizes and numbers as arrays without dimensions)."""

    arrays: dict[str, Array] = field(default_factory=dict[str, Array])
    properties: dict[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    relations: tuple[Node, ...] = ()


def bind(
    offered: Mapping[str, Array],
    nodes: tuple[Node, ...],
    constraints: tuple[Node, ...],
    unknowns: tuple[str, ...],
    given: Mapping[str, Size],
    properties: Mapping[str, frozenset[str]],
    bounded: frozenset[str],
    relations: tuple[Node, ...],
) -> Bound:
    """The expressions with the shapes that the arrays give their names, and what the arrays are seen to be.

    A square array that is symmetric, or positive definite, is declared so; weights under ``diag`` that are positive
    and numbers that are positive are assumed positive. Raises ``InputError`` and ``CallError`` naming the array.
    """
    free = frozenset[str]().union(*(scalar_names(n) for n in (*nodes, *constraints)))
    declared = frozenset[str]().union(*(scalar_names(part) for shape in given.values() for part in shape))
    for key in unknowns:
        if key in offered:
            raise CallError(f"{key} is an unknown and cannot be given as data")
    arrays = numbers(offered, (free | declared) - frozenset(unknowns), "the loss")
    fixed = {key: kind for key, kind in kinds(arrays).items() if key not in given}
    settled = settle(nodes, constraints, given, properties, bounded, True, False, fixed, unknowns)
    sizes = measure({k: a for k, a in arrays.items() if k in free}, settled.shapes)
    tall = next((s for k, a in arrays.items() if a.ndim and (s := settled.shapes[k][0].name)), None)
    if "n" in free and "n" not in arrays and "n" not in sizes and "n" not in unknowns and tall:
        settled = _renamed(settled, tall, "n")  # n is the number of rows
        sizes = {"n" if s == tall else s: v for s, v in sizes.items()}
    for u in unknowns:
        rows, cols = (part.name for part in settled.shapes.get(u, SCALAR))
        if constraints and rows and cols and rows != cols and sizes.get(rows) == sizes.get(cols, 0) and sizes[rows] > 1:
            settled = _renamed(settled, cols, rows)
            del sizes[cols]
    for key, value in arrays.items():
        if value.ndim == 0 and key in sizes and sizes[key] != float(value):
            raise InputError(f"{key} = {float(value):g} is given, but the arrays have {key} = {sizes[key]}")
    seen, notes = dict(properties), [note for note in settled.notes if " is taken to be " not in note]
    notes += [
        f"{u} is taken to be {unparse(r)} by {unparse(c)}"
        for u, (r, c) in settled.shapes.items()
        if u in unknowns and u not in given
    ]
    more, swap = list[Node](), dict[str, Node]()
    dimensioned = frozenset[str]().union(*(scalar_names(part) for shape in settled.shapes.values() for part in shape))
    weights = frozenset[str]().union(*(_weights(n) for n in (*settled.expressions, *settled.constraints)))
    for key, value in arrays.items():
        shape = settled.shapes.get(key, SCALAR)
        if key in sizes or key in dimensioned:
            continue
        if value.ndim == 0:
            exact = number(repr(float(value)))
            if value > 0:
                more.append(Node(">", (name(key), number(0))))
            else:
                swap[key] = exact
        elif key in weights and (value > 0).all():
            more.append(Node(">", (name(key), number(0))))
        elif shape != SCALAR and shape[0] == shape[1] and not seen.get(key, frozenset()) & {"spd", "psd"}:
            word = _definiteness(value)
            if word and word not in seen.get(key, frozenset()):
                seen[key] = seen.get(key, frozenset()) | {word}
                notes.append(f"the array {key} is {_WORDS[word]}, which is assumed of {key}")
    fixed_sizes = {s: np.asarray(float(v)) for s, v in sizes.items() if s not in arrays}
    if sizes:
        notes.append(f"from the arrays: {', '.join(f'{s} = {v}' for s, v in sizes.items())}")
    return Bound(
        tuple(substitute(n, swap) for n in settled.expressions),
        tuple(substitute(n, swap) for n in settled.constraints),
        settled.shapes,
        tuple(notes),
        {**arrays, **fixed_sizes},
        seen,
        (*relations, *(r for r in more if r not in relations)),
    )


_WORDS = {"spd": "symmetric positive definite", "psd": "symmetric positive semidefinite", "sym": "symmetric"}


def _definiteness(array: Array) -> str:
    """ "spd", "psd" or "sym" of a square array, as double precision sees it; else the empty text."""
    if array.shape[0] < 2 or not np.array_equal(array, array.T):
        return ""
    values = np.linalg.eigvalsh(array)
    small = len(values) * np.finfo(np.float64).eps * max(abs(values[0]), abs(values[-1]))
    return "spd" if values[0] > small else "psd" if values[0] >= -small else "sym"


def _weights(node: Node) -> frozenset[str]:
    own = frozenset((node.children[0].name or "",)) if node.head == "diag" else frozenset[str]()
    return own.union(*(_weights(child) for child in node.children))
