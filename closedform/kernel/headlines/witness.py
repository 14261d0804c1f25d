"""A formula for all data is refuted by one set of data: the loss of a report, written out at the data of its witness.

There the loss is one of a few unknowns, without letters for data. What the certificates prove of its critical points,
they prove of what a formula for all data would have to give there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from functools import partial, reduce

from flint import arb, fmpq

from closedform.kernel.certificate import Certificate
from closedform.kernel.expressions.balls import evaluate
from closedform.kernel.expressions.substitution import substitute
from closedform.kernel.expressions.tree import MINUS, ONE, TWO, Tree, add, as_integer, free_names, mul, power
from closedform.kernel.headlines.agreement import written_out
from closedform.kernel.headlines.consequences import Consequences
from closedform.kernel.headlines.text import parse
from closedform.kernel.reading import Json, Refused, mapping, rational, refuse, sequence

Entries = list[list[Tree]]

MAX_ENTRIES = 400
BY_ENTRY = ("exp", "log", "tanh", "sin", "cos", "sinh", "cosh")


def instance(question: Consequences, witness: Json, proved: Mapping[str, Certificate]) -> Consequences:
    """The question at the data of the witness, with the certificates about it; refused where it is none of this question."""
    given = {x: [rational(v, x) for v in sequence(vs, x, MAX_ENTRIES)] for x, vs in mapping(witness, "witness").items()}
    if set(given) & {*question.unknowns, *question.columns} or question.loss is None or not question.everywhere:
        refuse("the witness gives values to unknowns or to data that are given, or there are bounds")
    if question.unread or question.properties or question.constraints:
        refuse("whether the witness meets the assumptions is not read")
    numbers = {x: v[0] for x, v in given.items() if len(v) == 1}
    for op, a, b in question.assumptions:
        gap = evaluate(add(a, mul(MINUS, b)), {x: arb(v) for x, v in numbers.items()}, given)
        if not {">": gap > 0, ">=": gap >= 0, "<": gap < 0, "<=": gap <= 0, "!=": not gap.contains(0)}[op]:
            refuse("the witness does not meet the assumptions")
    if question.matrix:
        writer = _Writer(question, given, numbers)
        loss, unknowns = writer.value(question.loss)[0][0], writer.unknowns
    else:
        loss, unknowns = written_out(substitute(question.loss, dict(numbers)), given), question.unknowns
    if not free_names(loss) <= set(unknowns):
        refuse("the witness gives no value to some letter")
    out = Consequences(list(unknowns), [], False, question.maximised, [], loss, [])
    out.admit_all(proved)
    return out


class _Writer:
    """Matrix trees as lists of scalar trees, at the sizes and entries of a witness."""

    def __init__(self, question: Consequences, given: Mapping[str, list[fmpq]], sizes: Mapping[str, fmpq]) -> None:
        self.sizes = sizes
        self.known: dict[str, Entries] = {}
        self.unknowns = list[str]()
        for x, sides in question.shapes.items():
            rows, cols = (self.size(parse(side)) for side in sides)
            if x in question.unknowns:
                plain = rows == cols == 1
                self.known[x] = [
                    [x if plain else f"{x}_{i}" if cols == 1 else f"{x}_{i}_{j}" for j in range(1, cols + 1)]
                    for i in range(1, rows + 1)
                ]
                self.unknowns += [str(e) for row in self.known[x] for e in row]
            elif len(given.get(x, ())) == rows * cols:
                self.known[x] = [list(given[x][i * cols : (i + 1) * cols]) for i in range(rows)]
            else:
                refuse(f"the witness does not give {x}")

    def size(self, tree: Tree) -> int:
        value = as_integer(written_out(substitute(tree, dict(self.sizes)), {}))
        return value if value is not None and 1 <= value <= MAX_ENTRIES else refuse("a size has no value")

    def value(self, tree: Tree) -> Entries:
        if isinstance(tree, fmpq):
            return [[tree]]
        if isinstance(tree, str):
            if tree in self.known:
                return self.known[tree]
            return [[self.sizes[tree]]] if tree in self.sizes else refuse(f"the witness does not give {tree}")
        head = str(tree[0])
        if head in ("eye", "ones", "zeros"):
            sizes = [self.size(a) for a in tree[1:]]
            rows, cols = sizes[0], sizes[-1] if head == "eye" or len(sizes) == 2 else 1
            return [[fmpq(int(head == "ones" or (head == "eye" and i == j))) for j in range(cols)] for i in range(rows)]
        if head == "^":
            inside, exponent = tree[1], tree[2]
            if isinstance(inside, tuple) and inside[0] == "norm" and exponent == TWO:
                return [[add(*(power(e, TWO) for row in self.value(inside[1]) for e in row))]]
            ((base,),) = self.value(inside)
            return [[power(base, exponent)]]
        args = [self.value(a) for a in tree[1:]]
        if head in ("+", "*", "hadamard"):
            return reduce({"+": partial(_entrywise, add), "*": _times}.get(head, partial(_entrywise, mul)), args)
        (a,) = args
        if head == "transpose":
            return [list(column) for column in zip(*a, strict=True)]
        if head in ("total", "tr"):
            cells = [e for i, row in enumerate(a) for j, e in enumerate(row) if head == "total" or i == j]
            return [[add(*cells)]]
        return [[_applied(head, e) for e in row] for row in a]


def _applied(head: str, e: Tree) -> Tree:
    if head in BY_ENTRY:
        return (head, e)
    if head == "sigmoid":
        return power(add(ONE, ("exp", mul(MINUS, e))), MINUS)
    if head == "softplus":
        return ("log", add(ONE, ("exp", e)))
    return power(e, TWO) if head == "square" else refuse(f"{head} is not written out here")


def _entrywise(of: Callable[[Tree, Tree], Tree], a: Entries, b: Entries) -> Entries:
    return [[of(x, y) for x, y in zip(u, v, strict=True)] for u, v in zip(a, b, strict=True)]


def _times(a: Entries, b: Entries) -> Entries:
    if len(a) == len(a[0]) == 1 or len(b) == len(b[0]) == 1:
        number, rest = (a[0][0], b) if len(a) == len(a[0]) == 1 else (b[0][0], a)
        return [[mul(number, e) for e in row] for row in rest]
    columns = list(zip(*b, strict=True))
    return [[add(*(mul(x, y) for x, y in zip(row, column, strict=True))) for column in columns] for row in a]


def refuted(question: Consequences, witness: Json, proved: Mapping[str, Certificate]) -> tuple[str, bool]:
    """Why no formula for all data gives the critical points, "" where it is not shown; whether it is so of the least one."""
    if witness is None:
        return question.unsolvable_family(), False
    with contextlib.suppress(Refused, ValueError):  # another witness than is read here
        at = instance(question, witness, proved)
        if name := at.no_radical():
            return f"at the witness, by {name}, and a formula for all data would give it there", at.convex()
    return "", False
