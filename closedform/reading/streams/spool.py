"""Rows that are taken in one after the other: kept in memory while they are few, else as raw doubles in a file.

The file is temporary: it goes when nothing in the process that made it refers to it, or when that process ends.
"""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from closedform.errors import InputError
from closedform.frozen import record
from closedform.reading.data.cells import Decimal
from closedform.reading.streams.blocks import InMemory, Made, RowSource, Scan, as_floats, block_rows, joined, numeric

MAX_BYTES = 16 * 2**20  # of numbers that are kept in memory, and go to another process as they are


class Temporary:
    """A file of this process that is removed with the last reference; in another process only its path."""

    def __init__(self) -> None:
        handle, self.path = tempfile.mkstemp(prefix="closedform-", suffix=".f64")
        os.close(handle)
        self._end = weakref.finalize(self, _remove, self.path, os.getpid())

    def __reduce__(self) -> Any:
        return _elsewhere, (self.path,)


def _remove(path: str, owner: int) -> None:
    if os.getpid() == owner:
        Path(path).unlink(missing_ok=True)


def _elsewhere(path: str) -> Temporary:
    out = Temporary.__new__(Temporary)
    out.path = path
    return out


@record
class ArrayFile:
    """An array as it lies in a file from ``offset`` on; one column where it has one dimension.

    ``kept`` holds on to a temporary file.
    """

    path: str
    offset: int
    dtype: str
    shape: tuple[int, ...]
    by_columns: bool = False
    kept: Temporary | None = None

    @property
    def columns(self) -> int:
        return self.shape[1] if len(self.shape) > 1 else 1

    def read(self, indices: Sequence[int], start: int, stop: int) -> np.ndarray:
        """Rows from ``start`` up to ``stop``, as they are stored."""
        kind, rows, k = np.dtype(self.dtype), min(stop, self.shape[0]) - start, self.columns
        if self.by_columns and k > 1:
            out = np.empty((rows, len(indices)), dtype=kind)
            for j, index in enumerate(indices):
                out[:, j] = self._items(kind, index * self.shape[0] + start, rows)
            return out
        whole = self._items(kind, start * k, rows * k).reshape(rows, k)
        return whole if list(indices) == list(range(k)) else whole[:, indices]

    def _items(self, kind: np.dtype[Any], first: int, count: int) -> np.ndarray:
        items = np.fromfile(self.path, dtype=kind, count=count, offset=self.offset + first * kind.itemsize)
        if len(items) < count:
            raise InputError(f"{self.path} ends before its last row")
        return items

    def blocks(self, indices: Sequence[int], size: int) -> Iterator[np.ndarray]:
        for start in range(0, self.shape[0], size):
            yield self.read(indices, start, start + size)


class Spool:
    """Takes blocks and becomes a source; ``full`` is whether the disk could not hold them."""

    def __init__(self, columns: int) -> None:
        self.columns, self.rows, self.full = columns, 0, False
        self._pieces, self._size = list[np.ndarray](), 0
        self._file: Temporary | None = None

    def add(self, block: np.ndarray) -> None:
        """Takes one block; a block that does not fit in memory goes to the file with those before it."""
        block = np.ascontiguousarray(block, dtype=np.float64)
        self.rows += len(block)
        self._size += block.nbytes
        self._pieces.append(block)
        if self._size > (MAX_BYTES if self._file is None else MAX_BYTES // 4):
            self._flush()

    def _flush(self) -> None:
        if not self.full:
            try:
                self._file = self._file or Temporary()
                with open(self._file.path, "ab") as file:
                    for piece in self._pieces:
                        piece.tofile(file)
            except OSError:
                self._file, self.full = None, True
        self._pieces, self._size = [], 0

    def source(self) -> RowSource:
        """What was taken; raises ``InputError`` when the disk could not hold it."""
        if self._file is not None:
            self._flush()
        if self.full:
            raise InputError(
                f"the rows do not fit into memory ({MAX_BYTES // 2**20} MB), and {tempfile.gettempdir()} has no room for "
                "them; set TMPDIR to a folder that has, or save them as NPZ or Parquet"
            )
        if self._file is None:
            return InMemory(np.concatenate(self._pieces))
        return ArrayFile(self._file.path, 0, "<f8", (self.rows, self.columns), False, self._file)


def in_memory(names: tuple[str, ...], columns: Sequence[Any], mark: Decimal | None = None) -> Made:
    """Blocks of columns that are already in memory; a column with an entry that is no number has a fault."""
    kept, arrays, faults = list[str](), list[np.ndarray](), dict[str, str]()
    for name, values in zip(names, columns, strict=True):
        array = numeric(values)
        array = as_floats(name, values, mark) if array is None else array
        if isinstance(array, str):
            faults[name] = array
            continue
        kept.append(name)
        arrays.append(array)
    if not arrays:
        raise InputError(next(iter(faults.values())))
    rows, size = len(arrays[0]), block_rows(len(arrays))
    parts = (joined(a[start : start + size] for a in arrays) for start in range(0, rows, size))
    return _spooled(tuple(kept), parts, faults, "the table", lambda: InMemory(joined(arrays)))


def spooled(names: tuple[str, ...], chunks: Iterable[Sequence[Any]], mark: Decimal | None) -> Made:
    """Blocks of chunks, each a sequence of columns in the order of the names."""
    faults = dict[str, str]()

    def parts() -> Iterator[np.ndarray]:
        done = 0
        for columns in chunks:
            arrays = list[np.ndarray]()
            for name, values in zip(names, columns, strict=True):
                array = as_floats(name, values, mark, done)
                if isinstance(array, str):
                    faults.setdefault(name, array)
                    array = np.zeros(len(values))
                arrays.append(array)
            done += len(arrays[0])
            yield joined(arrays)
        if len(faults) == len(names):
            raise InputError(next(iter(faults.values())))

    return _spooled(names, parts(), faults, "the chunks")


def _spooled(
    names: tuple[str, ...],
    parts: Iterable[np.ndarray],
    faults: dict[str, str],
    what: str,
    otherwise: Callable[[], RowSource] | None = None,
) -> Made:
    """``otherwise`` is what to do when the disk cannot hold the rows."""
    scan, spool = Scan(names, what), Spool(len(names))
    for block in parts:
        scan.see(block)
        spool.add(block)
    return scan.made(otherwise() if otherwise is not None and spool.full else spool.source(), faults)
