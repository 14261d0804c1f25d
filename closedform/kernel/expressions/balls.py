"""Real values of trees in balls, with sums over integers and over the rows of a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from flint import arb

from closedform.kernel.expressions.rows import Columns, entry, fold, in_blocks, in_rows
from closedform.kernel.expressions.scope import MAX_TERMS
from closedform.kernel.expressions.tree import Tree
from closedform.kernel.expressions.values import REAL, Evaluation, finite, whole
from closedform.kernel.reading import refuse


def evaluate(tree: Tree, values: Mapping[str, arb], columns: Columns | None = None) -> arb:
    """The real value, at FLINT's current precision; ``columns`` binds the names under ``@`` to exact entries."""
    return OverRows(columns or {}).value(tree, values)


class OverRows(Evaluation):
    """Real numbers, where a name may stand for a ball in each row."""

    def __init__(self, columns: Columns) -> None:
        super().__init__(arb, REAL)
        self.columns = columns

    def applied(self, f: Callable[..., Any], *balls: Any) -> Any:
        return in_rows(lambda *row: finite(arb, f(*row)), *balls)

    def over_rows(self, head: str, args: tuple[Tree, ...], values: Mapping[str, Any]) -> Any:
        if head == "@":
            places = in_rows(whole, self.value(args[1], values))
            return in_rows(arb, in_rows(partial(entry, self.columns, str(args[0])), places))
        low, high = (whole(self.value(a, values)) for a in args[1:3])
        if not -1 <= high - low <= MAX_TERMS:
            refuse("a sum has too many terms, or its limits run backwards")
        total, index = arb(0 if head == "sum" else 1), str(args[0])
        for body, own in in_blocks(args[3], index, low, high, self.columns, arb):
            total = fold(head, total, self.value(body, {**values, **own}), own[index])
        return total
