"""Balls for the rows of a sum, one each, with the arithmetic of a single ball.

An expression of one row is evaluated for all rows at once, a block of rows after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import reduce
from operator import add, mul
from typing import Any

from flint import fmpq

from closedform.kernel.expressions.tree import Tree
from closedform.kernel.reading import refuse

Columns = Mapping[str, list[fmpq]]
Block = tuple[Tree, dict[str, Any]]

BLOCK = 4_096  # rows that are held at a time


class Balls:
    """A ball for each row; what is done with it and with single balls is done in every row."""

    __slots__ = ("balls",)

    def __init__(self, balls: list[Any]) -> None:
        self.balls = balls

    def __add__(self, other: Any) -> Balls:
        if isinstance(other, Balls):
            return Balls([a + b for a, b in zip(self.balls, other.balls, strict=True)])
        return Balls([a + other for a in self.balls])

    def __mul__(self, other: Any) -> Balls:
        if isinstance(other, Balls):
            return Balls([a * b for a, b in zip(self.balls, other.balls, strict=True)])
        return Balls([a * other for a in self.balls])

    __radd__, __rmul__ = __add__, __mul__


def in_rows(f: Callable[..., Any], *arguments: Any) -> Any:
    """``f`` of balls, in every row where one of them is given by rows."""
    length = next((len(a.balls) for a in arguments if isinstance(a, Balls)), None)
    if length is None:
        return f(*arguments)
    columns = (a.balls if isinstance(a, Balls) else [a] * length for a in arguments)
    return Balls([f(*row) for row in zip(*columns, strict=True)])


def in_blocks(body: Tree, index: str, low: int, high: int, columns: Columns, number: Any) -> Iterator[Block]:
    """The body of a sum with what its names stand for, a block of rows after the other.

    Entries at the index itself become names of their own. A body with sums of its own is taken row by row.
    """
    if has(body, "sum", "prod"):
        yield from ((body, {index: number(i)}) for i in range(low, high + 1))
        return
    used: dict[str, str] = {}
    named = _named(body, index, used)
    for start in range(low, high + 1, BLOCK):
        stop = min(start + BLOCK, high + 1)
        own = {index: Balls([number(i) for i in range(start, stop)])}
        for column, key in used.items():
            own[key] = Balls([number(v) for v in entries(columns, column, start, stop)])
        yield named, own


def _named(tree: Tree, index: str, used: dict[str, str]) -> Tree:
    if not isinstance(tree, tuple):
        return tree
    if tree[0] == "@":
        return used.setdefault(str(tree[1]), f"{tree[1]}[{index}]") if tree[2] == index else tree
    return (tree[0], *(_named(a, index, used) for a in tree[1:]))


def entries(columns: Columns, column: str, start: int, stop: int) -> list[fmpq]:
    """The entries of a column from ``start`` on, before ``stop``, counted from 1."""
    rows = columns.get(column)
    if rows is None or not 1 <= start <= stop <= len(rows) + 1:
        refuse(f"column {column} has not all the entries {start} to {stop - 1}")
    return rows[start - 1 : stop - 1]


def has(tree: Tree, *heads: str) -> bool:
    return isinstance(tree, tuple) and (tree[0] in heads or any(has(a, *heads) for a in tree[1:]))


def balls_of(value: Any, index: Any) -> list[Any]:
    """A value in each row of ``index``, which is a single ball where there are no rows."""
    return value.balls if isinstance(value, Balls) else [value] * (len(index.balls) if isinstance(index, Balls) else 1)


def fold(head: str, total: Any, term: Any, index: Any) -> Any:
    """``total`` with a term added or multiplied (``head``) for each row of ``index``."""
    return reduce(mul if head == "prod" else add, balls_of(term, index), total)


def entry(columns: Columns, column: str, index: int) -> fmpq:
    return entries(columns, column, index, index + 1)[0]


def column_text(name: str, entries: list[fmpq]) -> str:
    """A column in a sentence: its first entries, and how many there are."""
    shown = ", ".join(map(str, entries[:8]))
    return f"{name} = {shown}" + (f", ... {len(entries)} rows" if len(entries) > 8 else "")
