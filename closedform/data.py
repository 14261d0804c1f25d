"""Tables: read once, checked, and exact where they are small."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from closedform.errors import CallError, InputError
from closedform.frozen import FrozenMap

_NUMBER = re.compile(r"\s*[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,4})?\s*")


@dataclass(frozen=True)
class Table:
    """Columns of equal length under names, in file order; every entry the exact value of the decimal as written."""

    names: tuple[str, ...]
    rows: int
    columns: FrozenMap[str, tuple[Fraction, ...]]
    target: str | None = None
    source: str = ""
    notes: tuple[str, ...] = ()

    @property
    def features(self) -> tuple[str, ...]:
        """The columns other than the target, in file order."""
        return tuple(key for key in self.names if key != self.target)

    def without(self, column: str) -> Table:
        """The same table without one column."""
        names = tuple(key for key in self.names if key != column)
        kept = FrozenMap({key: self.columns[key] for key in names})
        return Table(names, self.rows, kept, self.target, self.source, self.notes)


def read_table(data: object, target: str | None = None) -> Table:
    """The table that a caller hands over; raises ``InputError`` with the place of the first fault."""
    if isinstance(data, Table):
        table = data
    elif isinstance(data, (str, os.PathLike)):
        table = _from_csv(Path(data))
    elif isinstance(data, Mapping):
        table = _from_columns({str(k): v for k, v in data.items()})
    else:
        raise InputError(f"data of type {type(data).__name__} cannot be read")
    if target is not None and target not in table.names:
        raise CallError(f"there is no column {target}; the columns are {', '.join(table.names)}")
    return Table(table.names, table.rows, table.columns, target, table.source, table.notes)


def _from_columns(columns: Mapping[str, Iterable[object]]) -> Table:
    out = {key: tuple(Fraction(str(v)) for v in values) for key, values in columns.items()}
    rows = len(next(iter(out.values()), ()))
    return Table(tuple(out), rows, FrozenMap(out))


def _from_csv(path: Path) -> Table:
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.reader(file))
    head = [cell.strip() for cell in lines[0]]
    columns = {key: tuple(Fraction(line[j].strip()) for line in lines[1:] if line) for j, key in enumerate(head)}
    return Table(tuple(head), len(next(iter(columns.values()))), FrozenMap(columns), source=str(path))
