"""Convex losses of one unknown made of kinks: w |x - c| summed over many terms or the rows of a table, plus a parabola.

Read exactly and row by row into the places of the kinks and their weights; maxima of two lines are half their sum plus
half a kink.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flint import fmpq

from closedform.expression import heads, to_tree
from closedform.frozen import record
from closedform.kernel.expressions.rows import entry
from closedform.kernel.expressions.tree import ONE, TWO, ZERO, Tree, head_of, read
from closedform.kernel.reading import Refused
from closedform.problem import Problem
from closedform.statement import apart, columns_of
from closedform.stationarity.large.read import ReadLoss, unbounded_loss
from closedform.stationarity.system import Outline

FEW = 10  # kinks that the rules for expressions take one by one
MAX_DEPTH = 300


@dataclass
class Kinks:
    """bend x^2/2 + slope x + constant + the sum of weight |x - place|."""

    bend: fmpq = ZERO
    slope: fmpq = ZERO
    constant: fmpq = ZERO
    weights: dict[fmpq, fmpq] = field(default_factory=dict[fmpq, fmpq])

    def add(self, other: Kinks, factor: fmpq) -> None:
        self.bend += factor * other.bend
        self.slope += factor * other.slope
        self.constant += factor * other.constant
        for place, weight in other.weights.items():
            self.weights[place] = self.weights.get(place, ZERO) + factor * weight

    @property
    def is_line(self) -> bool:
        return self.bend == 0 and not self.weights

    def value(self, x: fmpq) -> fmpq:
        total = self.constant + x * (self.slope + x * self.bend / 2)
        return total + sum((w * abs(x - c) for c, w in self.weights.items()), ZERO)


@record
class KinkedLine(ReadLoss):
    """A convex loss of one unknown with kinks."""

    kinks: Kinks

    def outline(self) -> Outline:
        """At a kink there is no derivative."""
        return Outline(kind="piecewise")


def kinked_line(problem: Problem) -> KinkedLine | None:
    """The loss of a problem in one unknown without bounds as many kinks; None where it is none, or not convex."""
    loss = unbounded_loss(problem)
    if loss is None or len(problem.unknowns) != 1 or not heads(loss) & {"abs", "max"}:
        return None
    tree, columns = apart(to_tree(loss), columns_of(problem), problem.unknowns)
    try:
        kinks = _KinkReader(problem.unknowns[0], columns).read(read(tree), {})
    except (Refused, _Other, ZeroDivisionError):
        return None
    kinks.weights = {c: w for c, w in kinks.weights.items() if w != 0}
    if kinks.bend < 0 or any(w < 0 for w in kinks.weights.values()) or len(kinks.weights) <= FEW:
        return None
    return KinkedLine(problem, kinks)


class _Other(Exception):
    """The tree is no sum of kinks and parabolas."""


class _KinkReader:
    def __init__(self, unknown: str, columns: Mapping[str, list[fmpq]]) -> None:
        self.unknown, self.columns = unknown, columns

    def read(self, tree: Tree, at: Mapping[str, int]) -> Kinks:
        if isinstance(tree, fmpq):
            return Kinks(constant=tree)
        if isinstance(tree, str):
            return Kinks(slope=ONE) if tree == self.unknown else Kinks(constant=fmpq(at[tree]))
        head, args = head_of(tree), tree[1:]
        if head == "@":
            return Kinks(constant=entry(self.columns, str(args[0]), self._whole(args[1], at)))
        total = Kinks()
        if head == "sum":
            for i in range(self._whole(args[1], at), self._whole(args[2], at) + 1):
                total.add(self.read(args[3], {**at, str(args[0]): i}), ONE)
            return total
        parts = [self.read(a, at) for a in args]
        if head == "+":
            for part in parts:
                total.add(part, ONE)
            return total
        if head == "*":
            return self._product(parts)
        if head == "abs":
            return self._kink(parts[0], ONE)
        if head == "max" and len(parts) == 2:
            gap = Kinks()
            gap.add(parts[0], ONE)
            gap.add(parts[1], fmpq(-1))
            for part in parts:
                total.add(part, 1 / TWO)
            total.add(self._kink(gap, 1 / TWO), ONE)
            return total if all(p.is_line for p in parts) else self._other()
        if head == "^" and isinstance(args[1], fmpq) and args[1].q == 1:
            if parts[0].is_line and parts[0].slope == 0:
                return Kinks(constant=parts[0].constant ** int(args[1].p))
            if parts[0].is_line and args[1] == TWO:
                p, r = parts[0].slope, parts[0].constant
                return Kinks(2 * p * p, 2 * p * r, r * r)
        return self._other()

    def _product(self, parts: list[Kinks]) -> Kinks:
        moving = [p for p in parts if not p.is_line or p.slope != 0]
        factor = ONE
        for p in parts:
            if p not in moving:
                factor *= p.constant
        if len(moving) > 1:
            return self._other()
        total = Kinks()
        total.add(moving[0] if moving else Kinks(constant=ONE), factor)
        return total

    def _kink(self, line: Kinks, weight: fmpq) -> Kinks:
        if not line.is_line:
            return self._other()
        if line.slope == 0:
            return Kinks(constant=weight * abs(line.constant))
        return Kinks(weights={-line.constant / line.slope: weight * abs(line.slope)})

    def _whole(self, tree: Tree, at: Mapping[str, int]) -> int:
        value = self.read(tree, at)
        if not value.is_line or value.slope != 0 or value.constant.q != 1:
            self._other()
        return int(value.constant.p)

    def _other(self) -> Kinks:
        raise _Other
