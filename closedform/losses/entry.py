"""What an entry of the catalogue is: a loss in the text language, in symbols and on data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from closedform.data import Table
from closedform.errors import CallError


@dataclass(frozen=True)
class Draft:
    """A loss as text with what is declared of its names; ``problem.read`` reads it like any other text."""

    loss: str
    unknowns: tuple[str, ...]
    shapes: str = ""
    assumptions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


OnData = Callable[[Table, Mapping[str, object]], Draft]


@dataclass(frozen=True)
class Entry:
    """One named loss. ``on_data`` writes it as a sum over the rows of a table; None where data make no sense."""

    name: str
    title: str
    draft: Draft
    explanation: str
    family: str
    aliases: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    on_data: OnData | None = None
    symbolic: Callable[[Mapping[str, object]], Draft] | None = None

    def draw(self, table: Table | None, target: str | None, options: Mapping[str, object]) -> Draft:
        """The text of this loss for a table (or in symbols) and these options."""
        for key in options:
            if key not in self.options:
                known = f"; it takes {', '.join(self.options)}" if self.options else ""
                raise CallError(f"{self.name} has no option {key}{known}")
        if table is None:
            return self.symbolic(options) if self.symbolic is not None and options else self.draft
        if self.on_data is None:
            raise CallError(f"{self.name} is a loss in symbols and takes no data")
        return self.on_data(table, options)
