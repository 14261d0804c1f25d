"""Big tables as float64 blocks: parsed once and kept where they fit in memory, streamed from their file where not.

A missing cell is NaN in a block; ``Blocks.without_gaps`` leaves such rows out, and nothing else may be NaN.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from closedform.errors import InputError
from closedform.reading import files
from closedform.reading.cells import Decimal, decimal_mark, exact, missing, read_column
from closedform.reading.files import Layout

MAX_BYTES = 256 * 2**20  # of parsed numbers that are kept in memory
_CHUNK = 65_536


@dataclass(frozen=True)
class Blocks:
    """Rows of float64 numbers under names: in memory (``array``), in a file of raw doubles, or in a CSV file.

    A file is read anew by each ``chunks``. ``used`` are the places of the names among the columns of a CSV file,
    ``plain`` is whether its cells are all in the form that NumPy reads, ``free_of_gaps`` are the columns whose
    missing cells put their row out.
    """

    names: tuple[str, ...]
    rows: int
    array: np.ndarray | None = None
    path: str = ""
    layout: Layout | None = None
    used: tuple[int, ...] = ()
    plain: bool = True
    mark: Decimal = "."
    free_of_gaps: tuple[str, ...] = ()

    def chunks(self, columns: Sequence[str], size: int) -> Iterator[np.ndarray]:
        places = [self.names.index(key) for key in columns]
        kept = [self.names.index(key) for key in self.free_of_gaps]
        for block in self._blocks(size):
            if kept:
                block = block[~np.isnan(block[:, kept]).any(axis=1)]
            yield block[:, places]

    def _blocks(self, size: int) -> Iterator[np.ndarray]:
        array = self.array
        if array is None and self.layout is None:
            array = np.memmap(self.path, dtype=np.float64, mode="r").reshape(-1, len(self.names))
        if array is None:
            yield from _parse(self, size) if self.plain else _parse_cells(self, size)
            return
        for start in range(0, len(array), size):
            yield array[start : start + size]

    def without_gaps(self, columns: tuple[str, ...]) -> Blocks:
        """The blocks without the rows that miss a cell in one of these columns."""
        out = replace(self, free_of_gaps=columns)
        rows = sum(len(block) for block in out.chunks(columns[:1], _CHUNK))
        if rows == 0:
            raise InputError(f"every row has a missing cell in one of the columns {', '.join(columns[:20])}")
        return replace(out, rows=rows)


@dataclass(frozen=True)
class Made:
    """Blocks of the numeric columns, why the others cannot be used, and where cells are missing."""

    blocks: Blocks
    faults: dict[str, str]
    gaps: dict[str, tuple[int, ...]]  # the first row of each column that misses a cell


def of_columns(columns: Sequence[Sequence[Fraction]], size: int) -> Iterator[np.ndarray]:
    """Blocks of exact columns, each entry rounded once."""
    rows = len(columns[0]) if columns else 0
    for start in range(0, rows, size):
        yield np.array([[float(v) for v in column[start : start + size]] for column in columns]).T.copy()


def in_memory(names: tuple[str, ...], columns: Sequence[Any], mark: Decimal | None = None) -> Made:
    """Blocks of columns that are already in memory; a column with an entry that is no number has a fault."""
    kept, arrays, faults = list[str](), list[np.ndarray](), dict[str, str]()
    for name, values in zip(names, columns, strict=True):
        array = as_floats(name, values, mark)
        if isinstance(array, str):
            faults[name] = array
            continue
        kept.append(name)
        arrays.append(array)
    if not arrays:
        raise InputError(next(iter(faults.values())))
    whole = np.column_stack(arrays)
    return Made(Blocks(tuple(kept), len(whole), whole), faults, _first_gaps(kept, [whole]))


def as_floats(name: str, values: Any, mark: Decimal | None = None) -> np.ndarray | str:
    """A column as doubles with NaN where a cell is missing, or the sentence that says why it is none."""
    if hasattr(values, "to_numpy") and hasattr(values, "isna"):  # pandas, with its own missing values
        values = values.to_numpy(dtype=object, na_value=None) if str(values.dtype) != "float64" else values.to_numpy()
    array: np.ndarray | None = None
    with np.errstate(invalid="ignore"):
        try:
            given = np.asarray(values)
            array = given.astype(np.float64).reshape(-1) if given.dtype.kind in "fiub" else None
        except (TypeError, ValueError):
            array = None
    if array is None:
        cells = list(values)
        column = read_column(name, cells, mark or decimal_mark([cells]))
        if column.fault:
            return column.fault
        array = np.array([float(entry) for entry in column.entries])
        array[list(column.gaps)] = np.nan
    bad = np.flatnonzero(np.isinf(array))
    return f"column {name}, row {bad[0] + 1}: {array[bad[0]]} is not a finite number" if len(bad) else array


def _first_gaps(names: Sequence[str], blocks: Iterable[np.ndarray]) -> dict[str, tuple[int, ...]]:
    found, done = dict[str, tuple[int, ...]](), 0
    for block in blocks:
        holes = np.isnan(block)
        for place in np.flatnonzero(holes.any(axis=0)):
            found.setdefault(names[int(place)], (done + int(np.argmax(holes[:, place])),))
        done += len(block)
    return found


# -- chunks that come one after the other ------------------------------------------------------------------------


class Spool:
    """Rows that are taken in one after the other: kept in memory while they fit, else in a temporary file.

    The file goes when the spool does, or with the process.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names, self.rows = names, 0
        self.pieces, self.size = list[np.ndarray](), 0
        self.path = ""

    def add(self, block: np.ndarray) -> None:
        block = np.ascontiguousarray(block, dtype=np.float64)
        self.rows += len(block)
        self.size += block.nbytes
        self.pieces.append(block)
        if self.size > MAX_BYTES:
            self.flush()

    def flush(self) -> None:
        if not self.path:
            folder = tempfile.TemporaryDirectory(prefix="closedform-")
            self.path = str(Path(folder.name) / "rows.f64")
            _KEPT.append(folder)
        with open(self.path, "ab") as file:
            for piece in self.pieces:
                piece.tofile(file)
        self.pieces, self.size = [], 0

    def blocks(self) -> Blocks:
        if self.path:
            self.flush()
            return Blocks(self.names, self.rows, path=self.path)
        return Blocks(self.names, self.rows, np.concatenate(self.pieces))


_KEPT = list["tempfile.TemporaryDirectory[str]"]()  # folders of this process, removed at its end


def spooled(names: tuple[str, ...], chunks: Iterable[Sequence[Any]], mark: Decimal | None) -> Made:
    """Blocks of chunks, each a sequence of columns in the order of the names."""
    spool, done = Spool(names), 0
    faults, gaps = dict[str, str](), dict[str, tuple[int, ...]]()
    for columns in chunks:
        arrays = list[np.ndarray]()
        for name, values in zip(names, columns, strict=True):
            array = as_floats(name, values, mark)
            if isinstance(array, str):
                faults.setdefault(name, array)
                array = np.zeros(len(values))
            arrays.append(array)
        block = np.column_stack(arrays)
        for key, rows in _first_gaps(names, [block]).items():
            gaps.setdefault(key, (done + rows[0],))
        done += len(block)
        spool.add(block)
    if len(faults) == len(names):
        raise InputError(next(iter(faults.values())))
    return Made(spool.blocks(), faults, gaps)


# -- CSV ---------------------------------------------------------------------------------------------------------


def from_csv(how: Layout, names: tuple[str, ...], mark: Decimal | None) -> Made:
    """Blocks of a CSV file; the first rows decide which columns hold numbers, and in which form."""
    head = list[list[str]]()
    for row in files.rows_of(how):
        head.append(row)
        if len(head) >= 100:
            break
    if not head:
        raise InputError(f"{how.path} has a header but no rows")
    cells = [[row[place] for row in head] for place in range(len(names))]
    seen = mark or decimal_mark(cells)
    faults, used, plain = dict[str, str](), list[int](), seen == "." and how.encoding == "utf-8-sig"
    for place, name in enumerate(names):
        column = read_column(name, cells[place], seen)
        if column.fault:
            faults[name] = column.fault
            continue
        used.append(place)
        plain = plain and not column.gaps and all(_is_plain(cell) for cell in cells[place])
    if not used:
        raise InputError(next(iter(faults.values())))
    blocks = Blocks(tuple(names[p] for p in used), 0, None, str(how.path), how, tuple(used), plain, seen)
    return _kept(blocks, faults)


def _kept(blocks: Blocks, faults: dict[str, str]) -> Made:
    """The blocks in memory where they fit, and where cells are missing; one pass over the file."""
    pieces, size, rows, gaps = list[np.ndarray](), 0, 0, dict[str, tuple[int, ...]]()
    try:
        for block in blocks.chunks(blocks.names, _CHUNK):
            for key, first in _first_gaps(blocks.names, [block]).items():
                gaps.setdefault(key, (rows + first[0],))
            rows += len(block)
            size += block.nbytes
            pieces = [*pieces, block] if size <= MAX_BYTES else []
    except _NotPlain:
        return _kept(replace(blocks, plain=False), faults)
    if size > MAX_BYTES:
        return Made(replace(blocks, rows=rows), faults, gaps)
    return Made(Blocks(blocks.names, rows, np.concatenate(pieces)), faults, gaps)


def _is_plain(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


class _NotPlain(Exception):
    """NumPy does not read the file as it is: its cells are read one by one."""


def _parse(blocks: Blocks, size: int) -> Iterator[np.ndarray]:
    how = blocks.layout
    assert how is not None
    done = 0
    with open(blocks.path, encoding=how.encoding) as file:
        for _ in range(how.skip):
            file.readline()
        while True:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # loadtxt warns at the end of the file
                    block = np.loadtxt(
                        file,
                        delimiter=how.separator,
                        comments=None,
                        max_rows=size,
                        ndmin=2,
                        quotechar='"',
                        usecols=blocks.used,
                    )
            except ValueError as error:
                raise _NotPlain from error
            if block.size == 0:
                return
            if np.isinf(block).any():
                row, column = np.argwhere(np.isinf(block))[0]
                raise InputError(
                    f"column {blocks.names[column]}, row {done + row + 1}: {block[row, column]} is not a finite number"
                )
            done += len(block)
            yield block


def _parse_cells(blocks: Blocks, size: int) -> Iterator[np.ndarray]:
    """The rows cell by cell, by the rules for small tables."""
    how = blocks.layout
    assert how is not None
    rows = list[list[float]]()
    for number, line in enumerate(files.rows_of(how), 1):
        rows.append([_float(line[p], blocks, k, number) for k, p in enumerate(blocks.used)])
        if len(rows) >= size:
            yield np.array(rows)
            rows = []
    if rows:
        yield np.array(rows)


def _float(cell: str, blocks: Blocks, place: int, row: int) -> float:
    if missing(cell):
        return np.nan
    value = exact(cell, blocks.mark)
    if value is None:
        fault = read_column(blocks.names[place], [cell], blocks.mark).fault
        raise InputError(fault.replace("row 1:", f"row {row}:", 1))
    return float(value)
