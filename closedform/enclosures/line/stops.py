"""The places of interest of a function of one real variable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from flint import arb

from closedform.enclosures.line.cells import Mark, value_at
from closedform.enclosures.line.spots import BITS, Spot
from closedform.kernel.expressions import tree as kernel
from closedform.kernel.expressions.tree import Tree

Role = Literal["critical", "kink", "end", "isolated", "flat"]
Shape = Literal["minimum", "maximum", "neither", "both", "unknown"]


@dataclass
class Stop:
    """A place of interest. ``before`` and ``after``: the sign of the slope beside it, 0 where constant, None without domain.

    ``stationary``: the slope exists there and is zero. ``tree`` has the value of the loss there. A flat stretch is a stop
    with ``until`` its other end (None: infinity); its ``spot`` is None where it begins at -oo.
    """

    spot: Spot | None
    role: Role
    before: int | None
    after: int | None
    shape: Shape
    stationary: bool
    tree: Tree
    mark: Mark | None = None
    until: Spot | None = None

    def value(self, bits: int = BITS) -> arb | None:
        spot = self.spot or self.until
        if self.role == "flat" or spot is None:
            return value_at(Spot.at_number("x", kernel.ZERO) if spot is None else spot, self.tree, bits)
        return self.mark.value(self.tree, bits) if self.mark is not None else value_at(spot, self.tree, bits)
