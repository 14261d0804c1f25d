"""Losses over the rows of a table that are made of exponentials, as of logistic regression: read from the text alone.

The kernel's trees hold all that the strategies for exponentials ask, so no expression of SymPy's is made.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from closedform.algebra import bridge
from closedform.algebra.spelled import Spelled
from closedform.expression import heads, scalar_form, to_tree
from closedform.frozen import FrozenMap
from closedform.kernel.expressions import tree as kernel
from closedform.kernel.expressions.binding import bind
from closedform.kernel.expressions.derivatives import differentiate
from closedform.kernel.expressions.tree import Tree
from closedform.kernel.reading import Refused
from closedform.problem import Problem
from closedform.reading.language import unparse
from closedform.statement import columns_in, statement
from closedform.stationarity.large.read import unbounded_loss
from closedform.stationarity.scalar import EXPAND_LIMIT
from closedform.stationarity.system import Outline
from closedform.stationarity.text.system import TextLoss, derivative_node

EXPONENTIAL = frozenset(("exp", "sinh", "cosh", "tanh"))
HEADS = frozenset(("sum", "@", "num", "name", "+", "*", "^", "log")) | EXPONENTIAL
MOST_UNKNOWNS = 12  # of a Hessian that is shown


class ExponentialRows(TextLoss):
    """The loss, its rows written out in ``tree``."""

    kind = "exponential"

    @cached_property
    def slopes(self) -> tuple[Tree, ...]:
        """The derivatives of the loss as it is written: sums over the rows."""
        loss = kernel.read(to_tree(scalar_form(self.text)))
        return tuple(differentiate(loss, u) for u in self.problem.unknowns)

    @cached_property
    def gradient(self) -> tuple[Spelled, ...]:
        return tuple(self._spelled(s) for s in self.slopes)

    @property
    def equations(self) -> tuple[Spelled, ...]:
        return self.gradient

    def outline(self) -> Outline:
        """Gradient and Hessian as sums over the rows."""
        unknowns, hessian = self.problem.unknowns, tuple[tuple[Any, ...], ...]()
        if len(unknowns) <= MOST_UNKNOWNS:
            half = [[self._spelled(differentiate(s, u)) for u in unknowns[: i + 1]] for i, s in enumerate(self.slopes)]
            hessian = tuple(tuple(half[max(i, j)][min(i, j)] for j in range(len(half))) for i in range(len(half)))
        return Outline(FrozenMap(dict(zip(unknowns, self.gradient, strict=True))), hessian, self.equations, self.kind)

    def _spelled(self, tree: Tree) -> Spelled:
        return Spelled(unparse(derivative_node(tree)), self.problem.unknowns)


def exponential_rows(problem: Problem) -> ExponentialRows | None:
    """The system of a loss of numbers over a table, of exponentials and logarithms that have a value everywhere; or None."""
    loss = unbounded_loss(problem)
    if problem.level != "scalar" or loss is None or problem.data is None or problem.box or problem.arrays:
        return None
    written = scalar_form(loss)
    used = heads(written)
    if "sum" not in used or not used & EXPONENTIAL or not used <= HEADS:
        return None
    if problem.data.rows * sum(1 for _ in bridge.nodes(written)) > EXPAND_LIMIT:
        return None
    try:
        stated = statement(problem)
        tree = bind(kernel.read(stated["loss"]), {}, columns_in(stated))
    except Refused:
        return None
    system = ExponentialRows(problem, loss, tree)
    unknowns = set(problem.unknowns)
    return system if kernel.free_names(tree) == unknowns and not system.domain.own() else None
