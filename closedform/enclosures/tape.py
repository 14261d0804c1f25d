"""A loss with its gradient and Hessian as one list of steps on balls, each shared part once.

Branch and bound evaluates the same derivatives on thousands of boxes. The kernel's jets (``kernel/expressions/jets.py``) walk the tree
each time; here derivatives are written out once (``kernel.expressions.tree.differentiate``), equal parts are found by their
trees, and a box costs one pass over the list. What is claimed of it the kernel repeats with its jets.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from flint import arb, ctx, fmpq

from closedform.kernel.expressions.derivatives import differentiate
from closedform.kernel.expressions.tree import Tree
from closedform.kernel.expressions.values import operation
from closedform.kernel.reading import Refused

MAX_STEPS = 3_000


class Tape:
    """The loss, its gradient and its Hessian's upper triangle; raises ``Refused`` for trees over rows or too long.

    >>> from closedform.kernel.expressions.tree import read
    >>> tape = Tape(read(["*", "x", ["exp", "y"]]), ["x", "y"])
    >>> values, rows = tape.system([arb(2), arb(0)])
    >>> values, rows[1]
    ([1.00000000000000, 2.00000000000000], [1.00000000000000, 2.00000000000000])
    """

    def __init__(self, loss: Tree, names: Sequence[str]) -> None:
        self.size = len(names)
        self._steps = list[
            tuple[Callable[..., arb], int, int]
        ]()  # a function with the places of its arguments, -1 for none
        self._constants = list[Tree]()  # rational numbers, pi, e
        self._indices = dict[Tree, int]({name: i for i, name in enumerate(names)})
        slopes = [differentiate(loss, x) for x in names]
        seconds = [[differentiate(slopes[i], names[j]) for j in range(i, self.size)] for i in range(self.size)]
        trees = [loss, *slopes, *(s for row in seconds for s in row)]
        for tree in trees:
            self._collect(tree)
        self._first = self.size + len(self._constants)
        ends = list[int]()
        self._gradient_steps = 0
        for tree in trees:
            ends.append(self._index_of(tree))
            if len(ends) == 1 + self.size:
                self._gradient_steps = len(self._steps)
        self._loss, self._slopes, flat = ends[0], ends[1 : 1 + self.size], iter(ends[1 + self.size :])
        self._seconds = [[next(flat) for _ in range(i, self.size)] for i in range(self.size)]
        self._known = dict[int, list[arb]]()

    def system(self, box: Sequence[arb], jacobian: bool = True) -> tuple[list[arb], list[list[arb]]]:
        """Gradient and Hessian on a box, at FLINT's current precision; not numbers where the loss may be undefined."""
        at = [*box, *self._rounded()]
        for act, i, j in self._steps if jacobian else self._steps[: self._gradient_steps]:
            at.append(act(at[i]) if j < 0 else act(at[i], at[j]))
        if not at[self._loss].is_finite():
            at = [arb("nan")] * len(at)
        rows = [
            [at[self._seconds[min(i, j)][abs(i - j)]] for j in range(self.size)]
            for i in range(self.size if jacobian else 0)
        ]
        return [at[k] for k in self._slopes], rows

    def _rounded(self) -> list[arb]:
        """The constants as balls of the precision in use."""
        if ctx.prec not in self._known:
            self._known[ctx.prec] = [arb(c) if isinstance(c, fmpq) else operation(str(c[0]))() for c in self._constants]
        return self._known[ctx.prec]

    def _collect(self, tree: Tree) -> None:
        if isinstance(tree, fmpq) or (isinstance(tree, tuple) and len(tree) == 1):
            if tree not in self._indices:
                self._indices[tree] = self.size + len(self._constants)
                self._constants.append(tree)
        elif isinstance(tree, tuple):
            last = tree[0] == "^" and isinstance(tree[2], fmpq)
            for part in tree[1:2] if last else tree[1:]:
                self._collect(part)

    def _index_of(self, tree: Tree) -> int:
        """Where the value of the tree stands, its steps added where they are new."""
        if tree in self._indices:
            return self._indices[tree]
        if not isinstance(tree, tuple) or len(self._steps) > MAX_STEPS:
            raise Refused("a name without a value, or too many steps")
        head, args = str(tree[0]), tree[1:]
        if head in ("+", "*"):
            act: Callable[..., Any] = operator.add if head == "+" else operator.mul
            at = self._index_of(args[0])
            for k, part in enumerate(args[1:], 2):
                at = self._step(act, at, self._index_of(part), (head, *args[:k]))
        elif head == "^" and isinstance(args[1], fmpq):
            at = self._step(operation("^", args[1]), self._index_of(args[0]), -1, tree)
        elif len(args) in (1, 2):
            indices = [self._index_of(a) for a in args]
            at = self._step(operation(head), indices[0], indices[1] if len(indices) > 1 else -1, tree)
        else:
            raise Refused(f"{head} with {len(args)} arguments")
        return at

    def _step(self, act: Callable[..., arb], i: int, j: int, tree: Tree) -> int:
        if tree not in self._indices:
            self._indices[tree] = self._first + len(self._steps)
            self._steps.append((act, i, j))
        return self._indices[tree]
