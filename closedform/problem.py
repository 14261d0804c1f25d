"""What is asked, once the text has been read: nothing above this floor looks at the user's string again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from closedform.expression import Node
from closedform.frozen import FrozenMap

if TYPE_CHECKING:
    from closedform.data import Table

Level = Literal["scalar", "sum", "matrix"]


@dataclass(frozen=True)
class Problem:
    """A loss to minimise, or estimating equations to solve, with everything declared about its names.

    ``loss`` is None where ``equations`` (each to be zero) are given instead. ``relations`` are the assumptions and
    domain bounds as relation nodes (``p > 0``); ``constraints`` what stands after "subject to". ``shapes`` gives
    (rows, columns) of each matrix or vector as nodes in size symbols; ``properties`` words such as "spd" or
    "integer". ``data`` is the table behind indexed names (``x[i]``), with ``n`` rows. ``level`` is "matrix" when a
    name has a shape, "sum" when a sum runs to a symbol that has no value, else "scalar".
    """

    source: str
    loss: Node | None
    unknowns: tuple[str, ...]
    parameters: tuple[str, ...] = ()
    equations: tuple[Node, ...] = ()
    relations: tuple[Node, ...] = ()
    constraints: tuple[Node, ...] = ()
    properties: FrozenMap[str, frozenset[str]] = FrozenMap()
    shapes: FrozenMap[str, tuple[Node, Node]] = FrozenMap()
    data: Table | None = None
    level: Level = "scalar"
    box: FrozenMap[str, tuple[str, str]] = FrozenMap()
    start: FrozenMap[str, str] = FrozenMap()
    catalogue: str | None = None  # the catalogue entry it came from; for the story told, never for the answer
    notes: tuple[str, ...] = ()
