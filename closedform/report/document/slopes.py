"""The gradient of a loss over the rows of a table as sums, where the rows written out would be long."""

from __future__ import annotations

from typing import Any

import sympy as sp

from closedform.algebra import bridge
from closedform.calculus.scalar import step
from closedform.expression import Node, substitute
from closedform.problem import Problem
from closedform.reading.language import parse


def as_sums(problem: Problem) -> dict[str, object]:
    """The derivative by each unknown of the loss as it is written, its sums kept; empty where it has none over columns.

    An unknown that is called like a column stands apart from it while the derivative is taken.
    """
    table = bridge.symbols(problem)
    own = {u: sp.Symbol(f"unknown_{k}", real=True) for k, u in enumerate(problem.unknowns)}
    assert problem.loss is not None
    loss = bridge.to_sympy(
        substitute(problem.loss, {u: Node("name", (str(s),)) for u, s in own.items()}),
        {**table, **{str(s): s for s in own.values()}},
    )
    if not loss.has(sp.Sum):
        return {}
    back = {str(s): Node("name", (u,)) for u, s in own.items()}
    return {u: substitute(_node(sp.diff(loss, s)), back) for u, s in own.items()}


def _node(value: Any) -> Node:
    value = value.replace(sp.Heaviside, step)
    return parse(bridge.text(value), (str(s) for s in value.free_symbols))
