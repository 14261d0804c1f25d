"""Tables: read once, checked, and exact where they are small.

A small table holds the exact rational value of every decimal as written; a Python or NumPy float counts as the
shortest decimal that prints it (0.1 is 1/10), and a note says so. A big one (``LARGE_CELLS``, ``LARGE_ROWS``) is read
as float64 blocks and never claims exactness. A column that holds words or misses cells is no fault until a loss uses
it.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from closedform.errors import CallError, InputError
from closedform.frozen import FrozenMap, record
from closedform.reading.data.cells import Column as Cells
from closedform.reading.data.cells import Decimal, decimal_mark, read_column, refuse_missing
from closedform.reading.data.handed import Column, array_columns, chunks_of, column_names, columns_of, is_path

if TYPE_CHECKING:
    import numpy as np

    from closedform.reading.streams.blocks import Blocks

LARGE_CELLS = 200_000
LARGE_ROWS = 100_000
MAX_COLUMNS = 100_000


def _files() -> Any:
    """What reads files: imported where there is one."""
    return importlib.import_module("closedform.reading.data.files")


@record
class Table:
    """Columns of equal length under names, in file order.

    ``columns`` has the exact entries of each numeric column, and is empty for a big table, whose entries come from
    ``chunks``. ``faults`` says of a column that cannot be used why; ``words`` has the cells of such a column, ``gaps``
    the rows (from 0) that a column misses. ``spelled`` gives names as they stood in the file. ``categories`` are the
    columns that are to become indicators; ``drops`` is whether rows with missing cells are left out.
    """

    names: tuple[str, ...]
    rows: int
    columns: FrozenMap[str, tuple[Fraction, ...]] = FrozenMap()
    target: str | None = None
    source: str = ""
    notes: tuple[str, ...] = ()
    faults: FrozenMap[str, str] = FrozenMap()
    spelled: FrozenMap[str, str] = FrozenMap()
    blocks: Blocks | None = None
    words: FrozenMap[str, tuple[str, ...]] = FrozenMap()
    gaps: FrozenMap[str, tuple[int, ...]] = FrozenMap()
    categories: tuple[str, ...] = ()
    drops: bool = False

    @property
    def exact(self) -> bool:
        return self.blocks is None

    @property
    def features(self) -> tuple[str, ...]:
        """The columns other than the target, in file order."""
        return tuple(key for key in self.names if key != self.target)

    def column(self, key: str) -> tuple[Fraction, ...]:
        """The exact entries of one column; raises ``InputError`` where it has none."""
        if key in self.faults:
            raise InputError(self.faults[key])
        if key not in self.names:
            raise InputError(f"there is no column {key}; the columns are {listed(self.names)}")
        if self.blocks is not None:
            raise InputError(f"the table is too big for exact arithmetic: {self.rows:,} rows")
        return self.columns[key]

    def completed(self, used: Iterable[str], words: Iterable[str] = ()) -> Table:
        """The table for a loss that uses these columns: rows with a missing cell in one are refused or left out.

        ``words`` are those of them that are used as words; in any other column a fault comes first.
        """
        usable = set(used) - (self.faults.keys() - set(words))
        holes = {key: self.gaps[key] for key in self.names if key in self.gaps and key in usable}
        if not holes:
            return self
        if not self.drops:
            key = next(iter(holes))
            raise refuse_missing(key, holes[key][0])
        if self.blocks is not None:
            blocks = self.blocks.without_gaps(tuple(holes))
            return replace(self, rows=blocks.rows, blocks=blocks, gaps=FrozenMap(), notes=self._dropped(blocks.rows))
        out = frozenset[int]().union(*holes.values())
        rows = self.rows - len(out)
        if rows == 0:
            raise InputError(f"every row has a missing cell in one of the columns {listed(tuple(holes))}")
        return replace(
            self,
            rows=rows,
            columns=FrozenMap({key: _kept(column, out) for key, column in self.columns.items()}),
            words=FrozenMap({key: _kept(column, out) for key, column in self.words.items()}),
            gaps=FrozenMap({key: gone for key, gone in self.gaps.items() if key not in holes}),
            notes=self._dropped(rows),
        )

    def _dropped(self, rows: int) -> tuple[str, ...]:
        return (*self.notes, f"{self.rows - rows:,} of {self.rows:,} rows miss a cell and are left out")

    def without(self, column: str) -> Table:
        """The same table without one column."""
        names = tuple(key for key in self.names if key != column)
        kept = FrozenMap({key: value for key, value in self.columns.items() if key != column})
        return replace(self, names=names, columns=kept)

    def chunks(self, columns: Sequence[str] | None = None, size: int | None = None) -> Iterator[np.ndarray]:
        """Float64 blocks of at most ``size`` rows (else of a few MB), one column of the block for each of ``columns``."""
        wanted = tuple(columns if columns is not None else self.names)
        for key in wanted:
            if key in self.faults or key not in self.names:
                raise InputError(
                    self.faults.get(key, f"there is no column {key}; the columns are {listed(self.names)}")
                )
        if self.blocks is not None:
            yield from self.blocks.chunks(wanted, size)
            return
        yield from _streams("blocks").of_columns([self.columns[key] for key in wanted], size)


def _streams(last: str) -> Any:
    return importlib.import_module(
        f"closedform.reading.streams.{last}"
    )  # NumPy costs 80 ms: only when numbers are wanted


def _is_large(rows: int, columns: int) -> bool:
    return rows >= LARGE_ROWS or rows * columns > LARGE_CELLS


def _kept(column: tuple[Any, ...], out: frozenset[int]) -> tuple[Any, ...]:
    return tuple(entry for row, entry in enumerate(column) if row not in out)


def listed(names: Sequence[str]) -> str:
    """Names for a message, the first twenty of them."""
    shown = ", ".join(names[:20])
    return f"{shown}, ... ({len(names)} in all)" if len(names) > 20 else shown


def read_table(
    data: object,
    target: str | None = None,
    *,
    decimal: str | None = None,
    missing: str | None = None,
) -> Table:
    """The table that a caller hands over; raises ``InputError`` naming the place of the first fault.

    Taken are paths of CSV, NPZ and Parquet files, data frames, mappings of columns, an array, a pair (X, y),
    ``{"X": ..., "y": ...}``, whose columns become x1, x2, ... and y, and iterables of such chunks. ``decimal`` is the
    decimal mark of text ("." or ","; otherwise what the cells show), ``missing`` is "error" or "drop".

    >>> table = read_table({"x": [1, 2], "y": ["0.1", "1e-1"]}, target="y")
    >>> table.features, table.columns["y"]
    (('x',), (Fraction(1, 10), Fraction(1, 10)))
    """
    if decimal not in (None, ".", ","):
        raise CallError(f"the decimal mark is . or , and not {decimal[:20]!r}")
    if missing not in (None, "error", "drop"):
        raise CallError(f"what is missing is an error or is to be left out: error or drop, not {missing[:20]!r}")
    mark: Decimal | None = "," if decimal == "," else "." if decimal else None
    if isinstance(data, Table):
        table = data
    elif is_path(data):
        table = _from_file(Path(data), mark)
    elif (chunks := chunks_of(data)) is not None:
        table = _from_chunks(chunks, mark)
    else:
        table = _from_columns(list(columns_of(data)), mark)
    table = replace(table, drops=missing == "drop")
    if target is None:
        return table
    for key in table.names:
        if target in (key, table.spelled.get(key)):
            return replace(table, target=key)
    raise CallError(f"there is no column {target}; the columns are {listed(table.names)}")


# -- columns, in memory and chunk by chunk -------------------------------------------------------------------------


def _from_chunks(chunks: Iterator[Any], mark: Decimal | None) -> Table:
    """A table of chunks that come one after the other, exact while it is small."""
    kept, rows, first = list[list[Column]](), 0, list[str]()

    def parts_of(chunk: Any) -> list[Column]:
        columns = list(columns_of(chunk))
        if first and [key for key, _ in columns] != first:
            raise InputError(
                f"the chunks differ in their columns: {listed(first)}, then {listed([k for k, _ in columns])}"
            )
        return columns

    for chunk in chunks:
        columns = parts_of(chunk)
        first = first or [key for key, _ in columns]
        kept.append(columns)
        rows += len(columns[0][1]) if columns else 0
        if _is_large(rows, len(first)):
            break
    else:
        if not kept:
            raise InputError("there are no chunks of data")
        joined = [(key, [cell for part in kept for cell in _cells(part[j][1])]) for j, key in enumerate(first)]
        return _from_columns(joined, mark)
    names, spelled, notes = _clean(first)
    every = chain(kept, map(parts_of, chunks))
    made = _streams("spool").spooled(names, ([values for _, values in part] for part in every), mark)
    return _large(made, names, spelled, _target(names), "", notes)


def _from_columns(columns: Sequence[Column], mark: Decimal | None, source: str = "") -> Table:
    """A table of columns in memory."""
    rows = _length({key: len(values) for key, values in columns})
    names, spelled, notes = _clean([key for key, _ in columns])
    target = _target(names)
    if _is_large(rows, len(columns)):
        made = _streams("spool").in_memory(names, [values for _, values in columns], mark)
        return _large(made, names, spelled, target, source, notes)
    return _exact_table(names, [_cells(values) for _, values in columns], mark, spelled, target, source, notes)


def _length(lengths: Mapping[str, int]) -> int:
    """The length that all columns have; raises ``InputError`` where there is none."""
    if not lengths:
        raise InputError("the table has no columns")
    if len(lengths) > MAX_COLUMNS:
        raise InputError(f"the table has {len(lengths):,} columns, more than {MAX_COLUMNS:,}")
    first, rows = next(iter(lengths.items()))
    for key, length in lengths.items():
        if length != rows:
            raise InputError(f"column {key} has {length} entries, column {first} has {rows}")
    if rows == 0:
        raise InputError("the table has no rows")
    return rows


def _target(names: Sequence[str]) -> str | None:
    """The target of arrays X and y, as their columns are called."""
    return "y" if {"X", "y"} <= set(names) or (names[-1] == "y" and names[0] == "x1") else None


def _exact_table(
    names: tuple[str, ...],
    cells: Sequence[Sequence[Any]],
    mark: Decimal | None,
    spelled: Mapping[str, str],
    target: str | None,
    source: str,
    notes: list[str],
) -> Table:
    seen = mark or decimal_mark(cells)
    if seen == "," and mark is None:
        notes.append("numbers are read with a decimal comma: 1,5 is 3/2")
    read = {name: read_column(name, column, seen) for name, column in zip(names, cells, strict=True)}
    if any(column.floats for column in read.values()):
        notes.append("floats are read as the shortest decimals that print them: 0.1 is 1/10")
    for column in read.values():
        notes += column.notes
    table = Table(
        names,
        len(cells[0]),
        FrozenMap({name: column.entries for name, column in read.items() if not column.fault}),
        target,
        source,
        tuple(notes),
        FrozenMap({name: column.fault for name, column in read.items() if column.fault}),
        FrozenMap(spelled),
        words=FrozenMap({name: column.words for name, column in read.items() if column.words}),
        gaps=FrozenMap({name: gaps for name, column in read.items() if (gaps := _gaps(column))}),
    )
    if len(table.faults) == len(table.names):
        raise InputError(next(iter(table.faults.values())))
    return table


def _gaps(column: Cells) -> tuple[int, ...]:
    return column.gaps or tuple(row for row, word in enumerate(column.words) if not word)


def _large(
    made: Any,
    names: tuple[str, ...],
    spelled: Mapping[str, str],
    target: str | None,
    source: str,
    notes: Sequence[str],
) -> Table:
    rows = made.blocks.rows
    note = f"the table has {rows:,} rows and is read as double precision numbers, not exactly"
    return Table(
        names,
        rows,
        FrozenMap(),
        target,
        source,
        (*notes, note),
        FrozenMap(made.faults),
        FrozenMap(spelled),
        made.blocks,
        gaps=FrozenMap(made.gaps),
    )


def _cells(values: Any) -> Sequence[Any]:
    """The cells of a column as Python objects; a short float by the shortest decimal that prints it."""
    kind = str(getattr(values, "dtype", "")).lower()
    if kind in ("float32", "float16"):
        return [str(value) for value in values]
    for way in ("tolist", "to_list"):
        if hasattr(values, way):
            return getattr(values, way)()
    return list(values)


def _clean(spelled: Sequence[str]) -> tuple[tuple[str, ...], dict[str, str], list[str]]:
    """Column names as names of the text language; two that become one are refused."""
    names, changed, notes = list[str](), dict[str, str](), list[str]()
    for place, title in enumerate(spelled, 1):
        name = re.sub(r"\W+", "_", title.strip()).strip("_")
        if not name:
            name = "index" if place == 1 else f"column{place}"
        if not name.isidentifier():
            name = f"x{name}"
        if name in names:
            first = spelled[names.index(name)]
            twice = (
                f"there are two columns named {name}"
                if first == title
                else f"columns {first!r} and {title!r} are both {name}"
            )
            raise InputError(twice)
        if name != title:
            changed[name] = title
            notes.append(f"column {title[:40]!r} is read as {name}")
        names.append(name)
    return tuple(names), changed, notes[:10]


# -- files -------------------------------------------------------------------------------------------------------


def _from_file(path: Path, mark: Decimal | None) -> Table:
    if path.is_dir():
        raise InputError(f"{path} is a directory, not a table")
    if not path.exists():
        raise InputError(f"there is no file {path}")
    try:
        if not path.is_file():  # a pipe can be read only once
            return _from_pipe(path, mark)
        if path.stat().st_size == 0:
            raise InputError(f"{path} is empty")
        suffix = path.suffix.lower()
        if suffix == ".npz":
            return _npz(path, mark)
        return _parquet(path, mark) if suffix in (".parquet", ".pq") else _csv(path, mark)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from None


def _from_pipe(path: Path, mark: Decimal | None) -> Table:
    with importlib.import_module("tempfile").TemporaryDirectory() as folder:
        copy = Path(folder) / "pipe.csv"
        copy.write_bytes(path.read_bytes())
        table = _from_file(copy, mark)
    if table.blocks is not None and hasattr(table.blocks.source, "layout"):
        raise InputError(f"{path} is a pipe and too big to keep; save it as a file first")
    return replace(table, source=str(path))


def _npz(path: Path, mark: Decimal | None) -> Table:
    archive = _streams("archive")
    found = archive.members(path)
    for member in found:
        if len(member.shape) not in (1, 2):
            dimensions = len(member.shape)
            raise InputError(f"{path}: array {member.key} has {dimensions} dimensions; a column has one, a matrix two")
    named = [(name, member) for member in found for name in column_names(member.key, member.shape)]
    rows = _length({name: member.shape[0] for name, member in named})
    if not _is_large(rows, len(named)):
        arrays = _files().npz(path)
        return _from_columns([c for key, array in arrays.items() for c in array_columns(key, array)], mark, str(path))
    names, spelled, notes = _clean([name for name, _ in named])
    return _large(archive.from_npz(path, found, names), names, spelled, _target(names), str(path), notes)


def _parquet(path: Path, mark: Decimal | None) -> Table:
    columnar = _streams("columnar")
    with columnar.opened(path) as file:
        rows, columns = int(file.metadata.num_rows), tuple(map(str, file.schema_arrow.names))
    lengths = dict[str, int](zip(columns, [rows] * len(columns), strict=True))
    if not _is_large(_length(lengths), len(columns)):
        return _from_columns(_files().parquet(path), mark, str(path))
    names, spelled, notes = _clean(columns)
    made = columnar.from_parquet(path, names, columns, mark)
    return _large(made, names, spelled, _target(names), str(path), notes)


def _csv(path: Path, mark: Decimal | None) -> Table:
    how = _files().layout(path)
    names, spelled, notes = _clean([f"x{j}" for j in range(1, len(how.head) + 1)] if how.bare else how.head)
    notes = [*how.notes, *notes]
    if how.bare:
        notes.append(f"the file has no header; its columns are read as {listed(names)}")
    if _files().has_more_lines(path, min(LARGE_ROWS, LARGE_CELLS // len(names))):
        made = _streams("text").from_csv(how, names, mark)
        return _large(made, names, spelled, None, str(path), notes)
    rows = list(_files().rows_of(how))
    if not rows:
        raise InputError(f"{path} has a header but no rows")
    return _exact_table(names, list(zip(*rows, strict=True)), mark, spelled, None, str(path), notes)
