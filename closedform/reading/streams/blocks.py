"""Rows of float64 numbers under names, read block by block, and what is wrong with which column.

A missing cell is NaN in a block; ``Blocks.without_gaps`` leaves such rows out, and nothing else may be NaN. A source is
small when pickled: a path, or an array that is kept in memory because it is small, so that a process that is handed a
table reads the rows itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Protocol

import numpy as np

from closedform.errors import InputError
from closedform.frozen import record
from closedform.reading.data.cells import Decimal, decimal_mark, read_column
from closedform.reading.streams.clock import look

BLOCK_BYTES = 4 * 2**20  # of one block: small enough for the cache, and for a look at the clock
MOST_ROWS = 65_536


class RowSource(Protocol):
    """Where rows come from; ``blocks`` may be called any number of times and in another process."""

    def blocks(self, indices: Sequence[int], size: int) -> Iterator[np.ndarray]:
        """Blocks of at most ``size`` rows, one column for each of ``indices``."""
        ...


@record
class InMemory:
    """An array that is small, or that the caller keeps."""

    array: np.ndarray

    def blocks(self, indices: Sequence[int], size: int) -> Iterator[np.ndarray]:
        every = list(indices) == list(range(self.array.shape[1]))
        for start in range(0, len(self.array), size):
            block = self.array[start : start + size]
            yield block if every else block[:, indices]


@record
class Blocks:
    """``rows`` rows under ``names``; ``free_of_gaps`` are the columns whose missing cells put their row out."""

    names: tuple[str, ...]
    rows: int
    source: RowSource
    free_of_gaps: tuple[str, ...] = ()

    def chunks(self, columns: Sequence[str], size: int | None = None) -> Iterator[np.ndarray]:
        """Blocks of these columns; of about ``BLOCK_BYTES`` where no size is asked for."""
        whole = [*columns, *(key for key in self.free_of_gaps if key not in columns)]
        kept = [whole.index(key) for key in self.free_of_gaps]
        for block in self.source.blocks([self.names.index(key) for key in whole], size or block_rows(len(whole))):
            if kept:
                block = block[~np.isnan(block[:, kept]).any(axis=1)]
            yield block if len(whole) == len(columns) else block[:, : len(columns)]

    def without_gaps(self, columns: tuple[str, ...]) -> Blocks:
        """The blocks without the rows that miss a cell in one of these columns."""
        out = replace(self, free_of_gaps=columns)
        rows = sum(len(block) for block in out.chunks(columns[:1]))
        if rows == 0:
            raise InputError(f"every row has a missing cell in one of the columns {', '.join(columns[:20])}")
        return replace(out, rows=rows)


@record
class Made:
    """Blocks of the numeric columns, why the others cannot be used, and where cells are missing."""

    blocks: Blocks
    faults: dict[str, str]
    gaps: dict[str, tuple[int, ...]]  # the first row of each column that misses a cell


def block_rows(columns: int) -> int:
    """How many rows of so many columns make a block."""
    return max(64, min(MOST_ROWS, BLOCK_BYTES // (8 * max(1, columns))))


def of_columns(columns: Sequence[Sequence[Fraction]], size: int | None) -> Iterator[np.ndarray]:
    """Blocks of exact columns, each entry rounded once."""
    rows = len(columns[0]) if columns else 0
    size = size or block_rows(len(columns))
    for start in range(0, rows, size):
        yield np.array([[float(v) for v in column[start : start + size]] for column in columns]).T.copy()


@dataclass
class Scan:
    """What is seen of the columns as their blocks go by: the first gap and the first infinity of each."""

    names: tuple[str, ...]
    what: str
    rows: int = 0

    def __post_init__(self) -> None:
        self.gaps, self.faults = dict[str, tuple[int, ...]](), dict[str, str]()

    def see(self, block: np.ndarray) -> None:
        """One pass where all is well: a sum is finite only if every entry is, or it overflows, which is looked into."""
        with np.errstate(over="ignore", invalid="ignore"):
            fine = block.dtype.kind in "iub" or np.isfinite(block.sum(dtype=np.float64))
        if not fine:
            finite = np.isfinite(block)
            for index in np.flatnonzero(~finite.all(axis=0)):
                self._odd(self.names[int(index)], block[:, index])
        self.rows += len(block)
        look(self.what, self.rows)

    def _odd(self, name: str, column: np.ndarray) -> None:
        holes, ends = np.isnan(column), np.isinf(column)
        if holes.any():
            self.gaps.setdefault(name, (self.rows + int(np.argmax(holes)),))
        if ends.any():
            row = int(np.argmax(ends))
            self.faults.setdefault(
                name, f"column {name}, row {self.rows + row + 1}: {column[row]} is not a finite number"
            )

    def made(self, source: RowSource, faults: dict[str, str]) -> Made:
        """The blocks, with faults that were found before."""
        every = faults | self.faults
        if len(self.faults) == len(self.names):
            raise InputError(next(iter(every.values())))
        return Made(Blocks(self.names, self.rows, source), every, self.gaps)


def scanned(names: tuple[str, ...], source: RowSource, faults: dict[str, str], what: str) -> Made:
    """The blocks of a source that stays where it is; one pass over it."""
    if not names:
        raise InputError(next(iter(faults.values())))
    scan = Scan(names, what)
    for block in source.blocks(range(len(names)), block_rows(len(names))):
        scan.see(block)
    if not scan.rows:
        raise InputError(f"{what} has no rows")
    return scan.made(source, faults)


# -- columns as numbers ------------------------------------------------------------------------------------------


def as_floats(name: str, values: Any, mark: Decimal | None = None, first: int = 0) -> np.ndarray | str:
    """A column as doubles with NaN where a cell is missing, or the sentence that says why it is none.

    ``first`` is the number of rows before these, for the sentence.
    """
    array = numeric(values)
    if array is None:
        cells = list(values)
        column = read_column(name, cells, mark or decimal_mark([cells]))
        if column.fault:
            return re.sub(r"(, row )(\d+)", lambda m: f"{m[1]}{int(m[2]) + first}", column.fault, count=1)
        array = np.array([float(entry) for entry in column.entries])
        array[list(column.gaps)] = np.nan
    return array.astype(np.float64, copy=False)


def numeric(values: Any) -> np.ndarray | None:
    """The values as an array of numbers (not yet doubles), without a copy where that can be; None where they are none."""
    if hasattr(values, "to_numpy") and hasattr(values, "isna") and str(values.dtype) != "float64":
        values = values.to_numpy(dtype=object, na_value=None)  # pandas, with its own missing values
    try:
        given = np.asarray(values)
    except (TypeError, ValueError):
        return None
    return given.reshape(-1) if given.dtype.kind in "fiub" else None


def joined(arrays: Iterable[np.ndarray]) -> np.ndarray:
    """Columns side by side as doubles."""
    return np.column_stack([np.asarray(a, dtype=np.float64) for a in arrays])
