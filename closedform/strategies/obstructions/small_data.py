"""A loss over data of any size, written out for a small size: every entry a scalar name, every sum and product done.

Sums over indexed columns and matrix expressions become scalar expressions; an entry of a column ``x`` is named
``x_1``, of a matrix ``X_2_1``. This is the loss itself for data of that size, so a formula for all data covers it.
"""

from __future__ import annotations

from collections.abc import Mapping

from closedform import expression
from closedform.expression import Node, add, call, mul, name, nodes, number, power
from closedform.frozen import record
from closedform.problem import Problem

ELEMENTWISE = frozenset(
    {"exp", "log", "sqrt", "tanh", "sinh", "cosh", "sigmoid", "softplus", "abs", "erf", "sin", "cos"}
)
MAX_ENTRIES = 60

Matrix = list[list[Node]]


class NotExpanded(ValueError):
    """The loss has a part that is not written out here; the message names it."""


@record
class Small:
    """The loss at one size; ``entries`` names the data, by the letter they belong to."""

    loss: Node
    unknowns: tuple[str, ...]
    entries: Mapping[str, tuple[str, ...]]
    sizes: Mapping[str, int]


def sizes_of(problem: Problem) -> tuple[str, ...]:
    """The symbols that say how many rows or columns there are, the number of rows of the first data first."""
    out = dict[str, None]()
    if problem.loss is None:
        return ()
    if problem.level == "sum":
        for node in nodes(problem.loss):
            if node.head in ("sum", "prod"):
                out |= dict.fromkeys(sorted(expression.free_names(node.children[2]) - set(problem.unknowns)))
    for letter, shape in problem.shapes.items():
        if letter not in problem.unknowns:
            for s in shape:
                out |= dict.fromkeys(sorted(expression.free_names(s)))
    for shape in problem.shapes.values():
        for s in shape:
            out |= dict.fromkeys(sorted(expression.free_names(s)))
    return tuple(out)


def written_out(problem: Problem, sizes: Mapping[str, int]) -> Small:
    """The loss at these sizes; raises ``NotExpanded``."""
    if problem.loss is None:
        raise NotExpanded("there is no loss")
    entries: dict[str, dict[str, None]] = {}
    table: dict[str, Matrix] = {}
    unknowns = list[str]()
    for letter, shape in problem.shapes.items():
        rows, columns = (_size(s, sizes) for s in shape)
        if rows * columns > MAX_ENTRIES:
            raise NotExpanded("the matrices are too large to be written out")
        plain = letter in problem.unknowns and rows == columns == 1
        labels = [
            [
                letter if plain else f"{letter}_{i + 1}" if columns == 1 else f"{letter}_{i + 1}_{j + 1}"
                for j in range(columns)
            ]
            for i in range(rows)
        ]
        table[letter] = [[name(label) for label in row] for row in labels]
        if letter in problem.unknowns:
            unknowns += [label for row in labels for label in row]
        else:
            entries[letter] = dict.fromkeys(label for row in labels for label in row)
    unknowns = [*(u for u in problem.unknowns if u not in problem.shapes), *unknowns]
    value = _Expansion(sizes, table, entries).value(problem.loss, {})
    if len(value) != 1 or len(value[0]) != 1:
        raise NotExpanded("the loss is not a number")
    loss = value[0][0]
    for p in sorted(expression.scalar_names(loss) - set(unknowns)):
        if not any(p in column for column in entries.values()):
            entries[p] = {p: None}
    return Small(loss, tuple(unknowns), {k: tuple(v) for k, v in entries.items()}, dict(sizes))


def _size(node: Node, sizes: Mapping[str, int]) -> int:
    value = expression.substitute(node, {n: number(v) for n, v in sizes.items()}).number
    if value is None or value.denominator != 1 or value < 1:
        raise NotExpanded("a size is not a number")
    return int(value)


class _Expansion:
    def __init__(
        self, sizes: Mapping[str, int], table: Mapping[str, Matrix], entries: dict[str, dict[str, None]]
    ) -> None:
        self.sizes, self.table, self.entries = sizes, table, entries

    def value(self, node: Node, bound: Mapping[str, int]) -> Matrix:
        head, args = node.head, node.children
        if head == "num":
            return [[node]]
        if head == "name":
            n = str(node.name)
            if n in bound:
                return [[number(bound[n])]]
            if n in self.table:
                return self.table[n]
            return [[number(self.sizes[n])]] if n in self.sizes else [[node]]
        if head == "@":
            label = "_".join([str(args[0].name), *(str(self.whole(a, bound)) for a in args[1:])])
            self.entries.setdefault(str(args[0].name), {})[label] = None
            return [[name(label)]]
        if head == "sum":
            low, high = self.whole(args[1], bound), self.whole(args[2], bound)
            if high - low > MAX_ENTRIES:
                raise NotExpanded("a sum is too long to be written out")
            rows = [self.value(args[3], {**bound, str(args[0].name): i}) for i in range(low, high + 1)]
            return [[add(*(r[0][0] for r in rows))]] if rows else [[number(0)]]
        if head in ("ones", "zeros"):
            shape = [self.whole(a, bound) for a in args] + [1]
            return [[number(1 if head == "ones" else 0)] * shape[1] for _ in range(shape[0])]
        if head == "eye":
            k = self.whole(args[0], bound)
            return [[number(int(i == j)) for j in range(k)] for i in range(k)]
        values = [self.value(a, bound) for a in args]
        if head == "+":
            out = values[0]
            for v in values[1:]:
                out = _paired(out, v, add)
            return out
        if head == "*":
            out = values[0]
            for v in values[1:]:
                out = _product(out, v)
            return out
        if head == "hadamard":
            return _paired(values[0], values[1], mul)
        if head == "^" and _is_scalar(values[0]):
            return [[power(values[0][0][0], values[1][0][0])]]
        if head == "transpose":
            return [list(row) for row in zip(*values[0], strict=True)]
        if head == "tr":
            return [[add(*(values[0][i][i] for i in range(len(values[0]))))]]
        if head == "norm":
            return [[call("sqrt", add(*(power(e, number(2)) for row in values[0] for e in row)))]]
        if len(values) == 1 and (_is_scalar(values[0]) or head in ELEMENTWISE):
            return [[call(head, e) for e in row] for row in values[0]]
        raise NotExpanded(f"{head} is not written out in scalars")

    def whole(self, node: Node, bound: Mapping[str, int]) -> int:
        value = expression.substitute(node, {n: number(v) for n, v in {**self.sizes, **bound}.items()}).number
        if value is None or value.denominator != 1:
            raise NotExpanded("an index or a bound is not a number")
        return int(value)


def _is_scalar(m: Matrix) -> bool:
    return len(m) == len(m[0]) == 1


def _paired(a: Matrix, b: Matrix, combine: object) -> Matrix:
    if _is_scalar(a) and not _is_scalar(b):
        a = [[a[0][0]] * len(b[0]) for _ in b]
    if _is_scalar(b) and not _is_scalar(a):
        b = [[b[0][0]] * len(a[0]) for _ in a]
    if len(a) != len(b) or len(a[0]) != len(b[0]):
        raise NotExpanded("shapes do not agree at this size")
    join = add if combine is add else mul
    return [[join(x, y) for x, y in zip(r, s, strict=True)] for r, s in zip(a, b, strict=True)]


def _product(a: Matrix, b: Matrix) -> Matrix:
    if _is_scalar(a) or _is_scalar(b):
        return _paired(a, b, mul)
    if len(a[0]) != len(b):
        raise NotExpanded("shapes do not agree at this size")
    return [[add(*(mul(x, b[k][j]) for k, x in enumerate(row))) for j in range(len(b[0]))] for row in a]
