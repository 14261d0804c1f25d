"""Losses over the rows of a table that stay sums: the expression of one row, and the columns.

Taken here are smooth losses without bounds in which the unknowns and the entries of a row meet under a function, so
that no statistics of the columns stand for the rows, on tables too long to be written out.
"""

from __future__ import annotations

from flint import fmpq

from closedform.algebra import bridge
from closedform.algebra.polynomial_loss import degree
from closedform.errors import InputError
from closedform.expression import Node, column_names, heads, name, scalar_names, to_tree
from closedform.frozen import FrozenMap, record
from closedform.kernel.expressions.derivatives import differentiate
from closedform.kernel.expressions.tree import Tree, read
from closedform.kernel.reading import Json, Refused
from closedform.problem import Problem
from closedform.reading.language import unparse
from closedform.statement import apart, columns_of
from closedform.stationarity.large.read import ReadLoss, statement_of, unbounded_loss
from closedform.stationarity.scalar import EXPAND_LIMIT
from closedform.stationarity.system import Outline
from closedform.stationarity.text.system import derivative_node

KINKS = frozenset(("abs", "max", "min", "sign", "piecewise"))
SHOWN = 20_000  # nodes of a gradient that is shown


@record
class RowLoss(ReadLoss):
    """A loss as the kernel reads it (``statement``), with its columns."""

    tree: Tree
    columns: dict[str, list[fmpq]]
    statement: FrozenMap[str, Json]

    def outline(self) -> Outline:
        """The gradient, a sum over the rows for each unknown, while it is short."""
        slopes, size = dict[str, str](), 0
        whole = read(to_tree(self.problem.loss)) if self.problem.loss is not None else self.tree
        for x in self.problem.unknowns:
            try:
                node = derivative_node(differentiate(whole, x))
            except (Refused, InputError):
                break
            size += sum(1 for _ in bridge.nodes(node))
            if size > SHOWN:
                break
            slopes[x] = unparse(node)
        shown = FrozenMap(slopes) if len(slopes) == len(self.problem.unknowns) else FrozenMap[str, str]()
        return Outline(shown, (), tuple(shown.values()))


def row_loss(problem: Problem) -> RowLoss | None:
    """The loss of a problem as a sum over rows; None where it is small, bounded, not smooth, or has statistics."""
    loss = unbounded_loss(problem)
    if loss is None or problem.data is None or heads(loss) & KINKS:
        return None
    sums = [n for n in bridge.nodes(loss) if n.head == "sum"]
    if not sums or all(_has_statistics(n.children[3], frozenset(problem.unknowns)) for n in sums):
        return None
    if not more_rows_than(problem, EXPAND_LIMIT / sum(1 for _ in bridge.nodes(loss))):
        return None
    tree, columns = apart(to_tree(loss), columns_of(problem), problem.unknowns)
    try:
        return RowLoss(problem, read(tree), columns, statement_of(problem, tree, columns))
    except Refused:
        return None


def more_rows_than(problem: Problem, most: float) -> bool:
    """Whether the columns of the loss have more different rows."""
    if problem.data is None or problem.data.rows <= most:
        return False
    seen = set[tuple[object, ...]]()
    for row in zip(*(problem.data.columns[key] for key in sorted(bridge.column_names(problem))), strict=True):
        seen.add(row)
        if len(seen) > most:
            return True
    return False


def _has_statistics(body: Node, unknowns: frozenset[str]) -> bool:
    """Whether a row is a polynomial in functions of the unknowns alone, and of its entries alone."""
    names = dict[Node, str]()

    def pulled(node: Node) -> Node:
        moving, rows = bool(scalar_names(node) & unknowns), bool(column_names(node))
        if moving != rows and node.head not in ("+", "*"):
            return name(names.setdefault(node, f"#{len(names)}"))
        return Node(node.head, tuple(pulled(a) if isinstance(a, Node) else a for a in node.args), node.at)

    whole = pulled(body)
    return degree(whole, frozenset(names.values())) is not None
