"""Tables: read once, checked, and exact where they are small.

More than 400 lines: each form in which data come is read here, by the same checks.

A small table holds the exact rational value of every decimal as written; a Python or NumPy float counts as the
shortest decimal that prints it (0.1 is 1/10), and a note says so. A big one (``LARGE_CELLS``, ``LARGE_ROWS``) is read
as float64 blocks and never claims exactness. A column that holds text is no fault until a loss uses it.
"""

from __future__ import annotations

import csv
import importlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flint import fmpz

from closedform.errors import CallError, InputError
from closedform.frozen import FrozenMap

if TYPE_CHECKING:
    import numpy as np

    from closedform.reading.chunks import Blocks

LARGE_CELLS = 200_000
LARGE_ROWS = 100_000
MAX_COLUMNS = 100_000

_NUMBER = re.compile(r"([-+]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([-+]?[0-9]{1,3}))?")
_FRACTION = re.compile(r"([-+]?[0-9]+)/([0-9]+)")
_NOT_FINITE = re.compile(r"[-+]?(nan|na|n/a|null|none|inf|infinity)", re.IGNORECASE)


@dataclass(frozen=True)
class Table:
    """Columns of equal length under names, in file order.

    ``columns`` has the exact entries of each numeric column, and is empty for a big table, whose entries come from
    ``chunks``. ``faults`` says of a column that cannot be used why; ``spelled`` gives names as they stood in the file.
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

    def completed(self, used: Iterable[str]) -> Table:
        """The table for a loss that uses these columns."""
        return self

    def without(self, column: str) -> Table:
        """The same table without one column."""
        names = tuple(key for key in self.names if key != column)
        kept = FrozenMap({key: value for key, value in self.columns.items() if key != column})
        return replace(self, names=names, columns=kept)

    def chunks(self, columns: Sequence[str] | None = None, size: int = 65_536) -> Iterator[np.ndarray]:
        """Float64 blocks of at most ``size`` rows, one column of the block for each of ``columns``, memory bounded."""
        wanted = tuple(columns if columns is not None else self.names)
        for key in wanted:
            if key in self.faults or key not in self.names:
                raise InputError(
                    self.faults.get(key, f"there is no column {key}; the columns are {listed(self.names)}")
                )
        if self.blocks is not None:
            yield from self.blocks.chunks(wanted, size)
            return
        blocks = importlib.import_module("closedform.reading.chunks")  # NumPy costs 80 ms: only when numbers are wanted
        yield from blocks.of_columns([self.columns[key] for key in wanted], size)


def listed(names: Sequence[str]) -> str:
    """Names for a message, the first twenty of them."""
    shown = ", ".join(names[:20])
    return f"{shown}, ... ({len(names)} in all)" if len(names) > 20 else shown


def read_table(data: object, target: str | None = None) -> Table:
    """The table that a caller hands over; raises ``InputError`` naming the place of the first fault.

    Taken are paths of CSV, NPZ and Parquet files, data frames, mappings of columns, an array, a pair (X, y), and
    ``{"X": ..., "y": ...}``, whose columns become x1, x2, ... and y.

    >>> table = read_table({"x": [1, 2], "y": ["0.1", "1e-1"]}, target="y")
    >>> table.features, table.columns["y"]
    (('x',), (Fraction(1, 10), Fraction(1, 10)))
    """
    if isinstance(data, Table):
        table = data
    elif isinstance(data, (str, os.PathLike)):
        table = _from_file(Path(data))
    else:
        table = _from_columns(list(_columns_of(data)))
    if target is None:
        return table
    for key in table.names:
        if target in (key, table.spelled.get(key)):
            return replace(table, target=key)
    raise CallError(f"there is no column {target}; the columns are {listed(table.names)}")


# -- what a caller may hand over ---------------------------------------------------------------------------------

Column = tuple[str, Sequence[Any]]


def _columns_of(data: Any) -> Iterator[Column]:
    """Named columns of anything that is like a table."""
    if isinstance(data, Mapping):
        for key, values in data.items():
            yield from _array_columns(str(key), values)
    elif hasattr(data, "columns") and hasattr(data, "__getitem__") and not isinstance(data.columns, int):
        keys = list(data.columns)
        for key in keys:
            if keys.count(key) > 1:
                raise InputError(f"there are two columns named {key}")
            yield str(key), data[key]
    elif isinstance(data, tuple) and len(data) == 2 and _depth(data[0]) == 2:
        yield from _array_columns("x", data[0])
        yield from _array_columns("y", data[1])
    elif getattr(getattr(data, "dtype", None), "names", None):
        for key in data.dtype.names:  # pyright: ignore[reportAttributeAccessIssue]
            yield key, data[key]
    elif _depth(data) == 2:
        yield from _array_columns("x", data)
    else:
        raise InputError(
            f"data of type {type(data).__name__} cannot be read; give a file, a data frame, arrays or columns"
        )


def _depth(values: Any) -> int:
    shape = getattr(values, "shape", None)
    if isinstance(shape, tuple):
        return len(shape)
    if isinstance(values, (list, tuple)):
        return 1 + (_depth(values[0]) if values else 0)
    return 0


def _array_columns(key: str, values: Any) -> Iterator[Column]:
    """One column for a vector; x1, x2, ... for a matrix X."""
    depth = _depth(values)
    if depth == 1:
        yield key, values
    elif depth == 2:
        if hasattr(values, "shape"):
            turned: list[Any] = [values[:, j] for j in range(values.shape[1])]
        else:
            if len({len(row) for row in values}) > 1:
                raise InputError(f"the rows of {key} differ in length")
            turned = [list(column) for column in zip(*values, strict=True)]
        if len(turned) == 1 and key not in ("x", "X"):
            yield key, turned[0]
            return
        stem = "x" if key == "X" else key
        for j, column in enumerate(turned, 1):
            yield f"{stem}{j}", column
    elif hasattr(values, "__len__") and hasattr(values, "__iter__") and not isinstance(values, (str, bytes, Mapping)):
        yield key, values
    else:
        raise InputError(f"column {key} is not a sequence of numbers")


def _from_columns(columns: list[Column], source: str = "") -> Table:
    """A table of columns in memory."""
    if not columns:
        raise InputError("the table has no columns")
    if len(columns) > MAX_COLUMNS:
        raise InputError(f"the table has {len(columns):,} columns, more than {MAX_COLUMNS:,}")
    lengths = {key: len(values) for key, values in columns}
    rows = len(columns[0][1])
    for key, length in lengths.items():
        if length != rows:
            raise InputError(f"column {key} has {length} entries, column {columns[0][0]} has {rows}")
    if rows == 0:
        raise InputError("the table has no rows")
    names, spelled, notes = _clean([key for key, _ in columns])
    target = "y" if {"X", "y"} <= lengths.keys() or (names[-1] == "y" and names[0] == "x1") else None
    if rows >= LARGE_ROWS or rows * len(columns) > LARGE_CELLS:
        blocks = importlib.import_module("closedform.reading.chunks")
        made = blocks.in_memory(names, [values for _, values in columns])
        return Table(
            names,
            rows,
            FrozenMap(),
            target,
            source,
            (*notes, _large(rows)),
            FrozenMap(made.faults),
            FrozenMap(spelled),
            made.blocks,
        )
    exact, faults, floats = dict[str, tuple[Fraction, ...]](), dict[str, str](), False
    for name, (_, values) in zip(names, columns, strict=True):
        try:
            entries, some = _entries(name, values)
        except InputError as error:
            faults[name] = str(error)
            continue
        exact[name], floats = entries, floats or some
    if floats:
        notes.append("floats are read as the shortest decimals that print them: 0.1 is 1/10")
    return _usable(
        Table(names, rows, FrozenMap(exact), target, source, tuple(notes), FrozenMap(faults), FrozenMap(spelled))
    )


def _large(rows: int) -> str:
    return f"the table has {rows:,} rows and is read as double precision numbers, not exactly"


def _usable(table: Table) -> Table:
    if len(table.faults) == len(table.names):
        raise InputError(next(iter(table.faults.values())))
    return table


def _entries(key: str, values: Any) -> tuple[tuple[Fraction, ...], bool]:
    """The exact entries of a column, and whether a float that is not whole was among them."""
    kind = str(getattr(values, "dtype", "")).lower()
    short = kind in ("float32", "float16")
    if not short and hasattr(values, "tolist"):
        values = values.tolist()
    elif not short and hasattr(values, "to_list"):
        values = values.to_list()
    out, floats = list[Fraction](), False
    for row, value in enumerate(values, 1):
        if isinstance(value, (bool, int)):
            out.append(Fraction(int(value)))
            continue
        text = value if isinstance(value, str) else str(value) if short else _number_text(value)
        out.append(_exact(text, key, row))
        floats = floats or (not isinstance(value, (str, Fraction)) and out[-1].denominator != 1)
    return tuple(out), floats


def _number_text(value: Any) -> str:
    if isinstance(value, float):
        return repr(float(value))
    if isinstance(value, complex):
        return "a complex number"
    return str(value)


def _exact(text: str, key: str, row: int) -> Fraction:
    """The exact value of a decimal (or p/q) as written."""
    text = text.strip()
    match = _NUMBER.fullmatch(text)
    if match and (match[2] or match[3]):
        digits, exponent = match[2] + (match[3] or ""), int(match[4] or 0) - len(match[3] or "")
        whole = int(digits) if len(digits) < 4000 else int(fmpz(digits))
        if match[1] == "-":
            whole = -whole
        return Fraction(whole * 10**exponent) if exponent >= 0 else Fraction(whole, 10**-exponent)
    ratio = _FRACTION.fullmatch(text) if len(text) < 4000 else None
    if ratio and int(ratio[2]):
        return Fraction(int(ratio[1]), int(ratio[2]))
    if not text:
        raise InputError(f"column {key}, row {row} is empty")
    if _NOT_FINITE.fullmatch(text):
        raise InputError(f"column {key}, row {row}: {text} is not a finite number")
    shown = text if len(text) <= 40 else text[:40] + "..."
    hint = "; write decimals with a point" if re.fullmatch(r"[-+]?[0-9]+,[0-9]+", text) else ""
    raise InputError(f"column {key}, row {row}: {shown!r} is not a number{hint}")


def _clean(spelled: Sequence[str]) -> tuple[tuple[str, ...], dict[str, str], list[str]]:
    """Column names as names of the text language; two that become one are refused."""
    names, changed, notes = list[str](), dict[str, str](), list[str]()
    for place, written in enumerate(spelled, 1):
        name = re.sub(r"\W+", "_", written.strip()).strip("_")
        if not name:
            name = "index" if place == 1 else f"column{place}"
        if not name.isidentifier():
            name = f"x{name}"
        if name in names:
            first = spelled[names.index(name)]
            twice = (
                f"there are two columns named {name}"
                if first == written
                else f"columns {first!r} and {written!r} are both {name}"
            )
            raise InputError(twice)
        if name != written:
            changed[name] = written
            notes.append(f"column {written[:40]!r} is read as {name}")
        names.append(name)
    return tuple(names), changed, notes[:10]


# -- files -------------------------------------------------------------------------------------------------------


def _from_file(path: Path) -> Table:
    if path.is_dir():
        raise InputError(f"{path} is a directory, not a table")
    if not path.exists():
        raise InputError(f"there is no file {path}")
    try:
        if not path.is_file():  # a pipe can be read only once
            return _from_pipe(path)
        if path.stat().st_size == 0:
            raise InputError(f"{path} is empty")
        suffix = path.suffix.lower()
        if suffix == ".npz":
            return _from_columns(_npz(path), str(path))
        if suffix in (".parquet", ".pq"):
            return _from_columns(_parquet(path), str(path))
        return _csv(path)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is not UTF-8 text (byte {error.start}); save it as UTF-8 CSV, NPZ or Parquet"
        ) from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from None


def _from_pipe(path: Path) -> Table:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "pipe.csv"
        copy.write_bytes(path.read_bytes())
        table = _from_file(copy)
    if table.blocks is not None and table.blocks.path:
        raise InputError(f"{path} is a pipe and too big to keep; save it as a file first")
    return replace(table, source=str(path))


def _npz(path: Path) -> list[Column]:
    numpy = importlib.import_module("numpy")
    try:
        with numpy.load(path, allow_pickle=False) as archive:
            arrays = {str(key): archive[key] for key in archive.files}
    except (ValueError, OSError, KeyError, EOFError, importlib.import_module("zipfile").BadZipFile) as error:
        raise InputError(f"{path} is not an NPZ file of numbers: {error}") from None
    for key, array in arrays.items():
        if array.ndim not in (1, 2):
            raise InputError(f"{path}: array {key} has {array.ndim} dimensions; a column has one, a matrix two")
    return [column for key, array in arrays.items() for column in _array_columns(key, array)]


def _parquet(path: Path) -> list[Column]:
    try:
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise InputError("reading Parquet needs pyarrow: pip install 'closedform[parquet]'") from None
    try:
        table = parquet.read_table(path)
    except Exception as error:  # pyarrow raises several unrelated kinds
        raise InputError(f"{path} is not a Parquet file: {str(error)[:200]}") from None
    return [(str(key), table.column(place).to_pylist()) for place, key in enumerate(table.column_names)]


def _csv(path: Path) -> Table:
    with path.open(encoding="utf-8-sig", newline="") as file:
        first = ""
        for line in file:
            if line.strip() and not line.startswith("#"):
                first = line
                break
        if not first:
            raise InputError(f"{path} is empty")
        if "\0" in first or len(first) > 5_000_000:
            raise InputError(f"{path} is not a text table")
        delimiter = max(",;\t", key=first.count) if any(c in first for c in ",;\t") else ","
        head = next(csv.reader([first], delimiter=delimiter))
        bare = all(_NUMBER.fullmatch(cell.strip()) for cell in head) and any(cell.strip() for cell in head)
        names, spelled, notes = _clean([f"x{j}" for j in range(1, len(head) + 1)] if bare else head)
        if bare:
            notes.append(f"the file has no header; its columns are read as {listed(names)}")
        lines = _count_lines(path)
        if lines > LARGE_ROWS or lines * len(names) > LARGE_CELLS:
            blocks = importlib.import_module("closedform.reading.chunks")
            made = blocks.from_csv(path, names, delimiter, header=not bare)
            return Table(
                names,
                made.blocks.rows,
                FrozenMap(),
                None,
                str(path),
                (*notes, _large(made.blocks.rows)),
                FrozenMap(made.faults),
                FrozenMap(spelled),
                made.blocks,
            )
        body = csv.reader(file, delimiter=delimiter)
        return _csv_exact(path, [head] if bare else [], body, (names, spelled, notes))


def _csv_exact(
    path: Path,
    first: list[list[str]],
    body: Iterable[list[str]],
    header: tuple[tuple[str, ...], dict[str, str], list[str]],
) -> Table:
    names, spelled, notes = header
    cells: list[list[str]] = [[] for _ in names]
    rows = 0
    try:
        for line in (*first, *body):
            if not line or (len(line) == 1 and not line[0].strip() and len(names) > 1):
                continue
            rows += 1
            if len(line) != len(names):
                raise InputError(f"{path}, row {rows} has {len(line)} cells, the header has {len(names)}")
            for column, cell in zip(cells, line, strict=True):
                column.append(cell)
    except csv.Error as error:
        raise InputError(f"{path}, row {rows + 1}: {error}") from None
    if rows == 0:
        raise InputError(f"{path} has a header but no rows")
    exact, faults = dict[str, tuple[Fraction, ...]](), dict[str, str]()
    for name, column in zip(names, cells, strict=True):
        try:
            exact[name] = tuple(_exact(cell, name, row) for row, cell in enumerate(column, 1))
        except InputError as error:
            faults[name] = str(error)
    return _usable(
        Table(names, rows, FrozenMap(exact), None, str(path), tuple(notes), FrozenMap(faults), FrozenMap(spelled))
    )


def _count_lines(path: Path) -> int:
    count = 0
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            count += piece.count(b"\n")
    return count
