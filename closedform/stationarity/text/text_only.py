"""The system of a loss as it is written: its derivatives are words over the rows, and nothing is multiplied out.

For strategies that read the text alone: of a network on a table the rows written out are what costs time.
"""

from __future__ import annotations

from typing import Any

from closedform.expression import scalar_form, to_tree
from closedform.frozen import FrozenMap
from closedform.kernel.expressions import tree as kernel
from closedform.kernel.expressions.derivatives import differentiate
from closedform.kernel.expressions.tree import Tree
from closedform.kernel.reading import Refused
from closedform.problem import Problem
from closedform.reading.language import unparse
from closedform.stationarity.system import Outline
from closedform.stationarity.text.system import TextSystem, derivative_node


class TextOnly(TextSystem):
    """The unknowns, the domain and the text of a problem, without derivatives."""

    kind = "transcendental"
    gradient: Any = None
    equations: tuple[Any, ...] = ()

    def outline(self) -> Outline:
        """The gradient, a sum over the rows for each unknown; at kinks it is not defined."""
        if self.text is None:
            return Outline(kind=self.kind)
        steps = Steps()
        tree = steps.taken(kernel.read(to_tree(scalar_form(self.text))))
        slopes = dict[str, str]()
        for x in self.problem.unknowns:
            try:
                slope = steps.returned(differentiate(tree, x))
            except Refused:
                continue
            slopes[x] = unparse(derivative_node(slope))
        return Outline(FrozenMap(slopes), (), tuple(slopes.values()), self.kind)


def text_only(problem: Problem) -> TextOnly:
    """The system of a problem whose text is all that is read."""
    return TextOnly(problem)


class Steps:
    """max(0, z) as z times a name that stands for the step (1 + sign(z))/2, which is constant away from its jump."""

    def __init__(self) -> None:
        self.steps = dict[str, Tree]()

    def taken(self, tree: Tree) -> Tree:
        """The tree with products in the place of max(0, z)."""
        if not isinstance(tree, tuple):
            return tree
        inner = [self.taken(a) for a in tree[1:]]
        if tree[0] == "max" and len(inner) == 2 and inner[0] == kernel.ZERO:
            key = f"step {len(self.steps)}"
            self.steps[key] = kernel.quotient(kernel.add(kernel.ONE, ("sign", inner[1])), kernel.TWO)
            return kernel.mul(key, inner[1])
        return (tree[0], *inner)

    def returned(self, tree: Tree) -> Tree:
        """The tree with the steps in the place of their names."""
        if isinstance(tree, str):
            return self.returned(self.steps[tree]) if tree in self.steps else tree
        return (tree[0], *(self.returned(a) for a in tree[1:])) if isinstance(tree, tuple) else tree
