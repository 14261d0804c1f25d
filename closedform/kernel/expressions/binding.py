"""Trees with numbers put in for names: entries of columns looked up, sums written out, numbers folded."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flint import fmpq

from closedform.kernel.expressions.rows import Columns, entry
from closedform.kernel.expressions.tree import ONE, ZERO, Tree, add, as_integer, free_names, mul, power
from closedform.kernel.reading import refuse

MAX_ROWS, MAX_POWER = 2_000, 1_000  # of a sum that is written out; of a number

Asks = Callable[[Tree], object]
_AT_ZERO: dict[str, Tree] = {
    **dict.fromkeys(("exp", "cos", "cosh"), ONE),
    **dict.fromkeys(("sin", "tan", "sinh", "tanh", "atan"), ZERO),
}


_OF_NUMBERS: dict[str, Callable[[list[fmpq]], fmpq]] = {"max": max, "min": min, "abs": lambda v: abs(v[0])}


def bind(tree: Tree, at: Mapping[str, Tree], columns: Columns, rows: int = MAX_ROWS, asks: Asks | None = None) -> Tree:
    """The tree; refused where a sum has no short whole limits, or an entry no place.

    With ``asks``, which says whether a tree asks something of its names, these stay as they are; so does what multiplies
    zero and asks something: 0*log(x) is not 0 everywhere.
    """
    if isinstance(tree, fmpq):
        return tree
    if isinstance(tree, str):
        return at.get(tree, tree)
    head, args = str(tree[0]), tree[1:]
    if head in ("sum", "prod"):
        index, (low, high) = str(args[0]), (bind(a, at, columns, rows, asks) for a in args[1:3])
        first, last = as_integer(low), as_integer(high)
        if first is not None and last is not None and last - first <= rows:
            terms = [bind(args[3], {**at, index: fmpq(i)}, columns, rows, asks) for i in range(first, last + 1)]
            return add(*terms) if head == "sum" else mul(*terms)
        inner = {name: value for name, value in at.items() if name != index}
        if any(index in free_names(value) for value in inner.values()):
            refuse(f"the index {index} would capture a name")
        kept = (head, index, low, high, bind(args[3], inner, columns, rows, asks))
        return refuse("a sum has no whole limits, or too many rows") if asks is None else kept
    if head == "@":
        place = bind(args[1], at, columns, rows, asks)
        number = as_integer(place)
        if number is not None and (asks is None or str(args[0]) in columns):
            return entry(columns, str(args[0]), number)
        return refuse("a place is no number") if asks is None else ("@", args[0], place)
    inside = [bind(a, at, columns, rows, asks) for a in args]
    folded = _folded(head, inside)
    return (head, *inside) if asks is not None and folded == ZERO and any(map(asks, inside)) else folded


def _folded(head: str, args: list[Tree]) -> Tree:
    if head in ("+", "*"):
        return add(*args) if head == "+" else mul(*args)
    if head == "^":
        base, whole = args[0], as_integer(args[1])
        if isinstance(base, fmpq) and whole is not None and (whole >= 0 or base != 0) and abs(whole) < MAX_POWER:
            return base**whole
        return power(base, args[1]) if args[1] == ONE else ("^", *args)
    if head in _AT_ZERO and args[0] == ZERO:
        return _AT_ZERO[head]
    numbers = [a for a in args if isinstance(a, fmpq)]
    if head not in _OF_NUMBERS or len(numbers) < len(args):
        return (head, *args)
    return _OF_NUMBERS[head](numbers)
