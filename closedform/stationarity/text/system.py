"""Systems that are read from the text without SymPy.

They answer in the trees that strategies, gate and audit work with; what only SymPy's expressions can answer they pass
to the system that ``scalar`` makes of the same problem.
"""

from __future__ import annotations

import importlib
from functools import cached_property
from typing import TYPE_CHECKING, Any

from closedform.algebra import bridge
from closedform.algebra.spelled import Spelled
from closedform.expression import Node, mul, number, power
from closedform.kernel.expressions import tree as kernel
from closedform.kernel.expressions.tree import Tree
from closedform.problem import Problem
from closedform.reading.language import unparse
from closedform.stationarity.domain import Domain

if TYPE_CHECKING:
    from closedform.stationarity.scalar import Stationarity


class TextSystem:
    """The text of a problem; ``in_symbols`` is the same system in SymPy's expressions."""

    in_expressions = True
    finds_its_least = True  # the strategies, or the line, say which point is least
    kind: str
    loss: Any = None
    relations: tuple[Any, ...] = ()
    nonzero: tuple[Any, ...] = ()
    constrained: Problem | None = None

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.text: Any = problem.loss  # None of equations
        self.unknowns: tuple[Any, ...] = tuple(Spelled(u, (u,)) for u in problem.unknowns)
        self.parameters: tuple[Any, ...] = tuple(Spelled(p, (p,)) for p in problem.parameters)
        self.domain = Domain.of(problem)

    @cached_property
    def in_symbols(self) -> Stationarity:
        return importlib.import_module("closedform.stationarity.scalar").stationarity(self.problem)

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("__") or attribute == "in_symbols":
            raise AttributeError(attribute)
        return getattr(self.in_symbols, attribute)


class TextLoss(TextSystem):
    """A smooth loss of numbers on the whole space, and its tree."""

    def __init__(self, problem: Problem, loss: Node, tree: Tree) -> None:
        super().__init__(problem)
        self.tree, self.loss = tree, _Loss(self, loss)


class _Loss(Spelled):
    """The loss as it is written; in SymPy's expressions that of the system in symbols, whose rows are written out."""

    def __init__(self, system: TextSystem, loss: Node) -> None:
        super().__init__(unparse(loss), system.problem.unknowns)
        self.system = system

    @cached_property
    def sympy(self) -> Any:
        return self.system.in_symbols.loss


def derivative_node(tree: Tree) -> Node:
    """A derivative of the kernel's as it is read: x^2*exp(x)/(1 + exp(x)), where the chain rule leaves x/(1 + exp(x))*x*exp(x)."""
    return _collected(bridge.node_of(kernel.write(tree)))


def _collected(node: Node) -> Node:
    """The same products, equal factors as powers and what divides at their ends."""
    if node.head != "*":
        return Node(node.head, tuple(_collected(c) if isinstance(c, Node) else c for c in node.args), node.at)
    above, below = dict[Node, int](), dict[Node, int]()  # apart: x/x is not 1 at zero
    for factor in map(_collected, node.children):
        exponent = factor.children[1].number if factor.head == "^" else None
        if exponent is None or exponent.denominator != 1:
            above[factor] = above.get(factor, 0) + 1
        else:
            side = above if exponent > 0 else below
            side[factor.children[0]] = side.get(factor.children[0], 0) + exponent.numerator
    return mul(*(base if e == 1 else power(base, number(e)) for side in (above, below) for base, e in side.items()))
