"""Parquet files as blocks: record batches, turned into doubles without Python objects (extra ``parquet``)."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from closedform.errors import InputError
from closedform.frozen import record
from closedform.reading.data.cells import Decimal
from closedform.reading.streams.blocks import Made, as_floats, block_rows, scanned
from closedform.reading.streams.clock import look
from closedform.reading.streams.spool import ArrayFile, Temporary

_NUMBERS = ("int", "uint", "float", "double", "halffloat", "bool", "decimal")
_BUFFER = 1 << 16  # bytes that are read ahead of each column
AT_ONCE = 12  # columns that are read side by side: each open one holds a page and a dictionary, some 2.5 MB


@record
class ParquetFile:
    """``names`` are ours, ``columns`` those of the file."""

    path: str
    names: tuple[str, ...]
    columns: tuple[str, ...]
    mark: Decimal | None

    def blocks(self, indices: Sequence[int], size: int) -> Iterator[np.ndarray]:
        done = 0
        with opened(Path(self.path)) as file:
            for batch in file.iter_batches(size, columns=[self.columns[p] for p in indices], use_threads=False):
                out = np.empty((len(indices), batch.num_rows))  # a column after the other, as the file has them
                for j, index in enumerate(indices):
                    out[j] = self._column(batch.column(self.columns[index]), index, done)
                done += batch.num_rows
                yield out.T

    def _column(self, cells: Any, index: int, done: int) -> np.ndarray:
        kind = str(cells.type)
        if kind.startswith("dictionary"):
            cells = cells.dictionary_decode()
            kind = str(cells.type)
        if kind.startswith(_NUMBERS):
            cells = (
                cells.cast("float64")
                if kind.startswith("decimal")
                else cells.cast("uint8")
                if kind == "bool"
                else cells
            )
            return cells.to_numpy(zero_copy_only=False)
        array = as_floats(self.names[index], cells.to_pylist(), self.mark, done)
        if isinstance(array, str):
            raise InputError(array)
        return array


def opened(path: Path) -> Any:
    """The file, with small buffers; raises ``InputError`` where it cannot be read."""
    try:
        module = importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise InputError("reading Parquet needs pyarrow: pip install 'closedform[parquet]'") from None
    try:
        return module.ParquetFile(path, buffer_size=_BUFFER, pre_buffer=False)
    except Exception as error:  # pyarrow raises several unrelated kinds
        raise InputError(f"{path} is not a Parquet file: {str(error)[:200]}") from None


def from_parquet(path: Path, names: tuple[str, ...], columns: tuple[str, ...], mark: Decimal | None) -> Made:
    """Blocks of a Parquet file; a column of words is looked through alone, since it may hold numbers as text."""
    faults, kept = dict[str, str](), list[int]()
    whole = ParquetFile(str(path.resolve()), names, columns, mark)
    with opened(path) as file:
        kinds, rows = [str(kind) for kind in file.schema_arrow.types], file.metadata.num_rows
    for index, kind in enumerate(kinds):
        if not kind.startswith(_NUMBERS):
            try:
                for _ in whole.blocks([index], 4096):
                    pass
            except InputError as fault:
                faults[names[index]] = str(fault)
                continue
        kept.append(index)
    source = ParquetFile(whole.path, tuple(names[p] for p in kept), tuple(columns[p] for p in kept), mark)
    unpacked = _unpacked(source, rows) if len(kept) > AT_ONCE else None
    return scanned(source.names, unpacked or source, faults, str(path))


def _unpacked(source: ParquetFile, rows: int) -> ArrayFile | None:
    """The columns one after the other in a temporary file, read a few at a time; None where the disk has no room."""
    out, k = Temporary(), len(source.columns)
    if shutil.disk_usage(Path(out.path).parent).free < 2 * 8 * rows * k:
        return None
    with open(out.path, "wb") as file:
        for first in range(0, k, AT_ONCE):
            indices, done = range(first, min(k, first + AT_ONCE)), 0
            for block in source.blocks(indices, block_rows(len(indices))):
                for index, column in zip(indices, block.T, strict=True):
                    file.seek(8 * (index * rows + done))
                    file.write(np.ascontiguousarray(column).data)
                done += len(block)
                look(source.path, done)
    return ArrayFile(out.path, 0, "<f8", (rows, k), True, out)
