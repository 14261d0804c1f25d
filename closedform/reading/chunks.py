"""Big tables as float64 blocks: parsed once and kept where they fit in memory, streamed from the file where not."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from closedform.errors import InputError

MAX_BYTES = 256 * 2**20  # of parsed numbers that are kept in memory
_CHUNK = 65_536
_BAD_CELL = re.compile(r"could not convert string (.*) to float64 at row (\d+), column (\d+)")
_RAGGED = re.compile(r"number of columns changed from (\d+) to (\d+) at row (\d+)")


@dataclass(frozen=True)
class Blocks:
    """Rows of float64 numbers under names, in memory (``array``) or in a CSV file read anew by each ``chunks``."""

    names: tuple[str, ...]
    rows: int
    array: np.ndarray | None = None
    path: str = ""
    delimiter: str = ","
    skip: int = 0
    used: tuple[int, ...] = ()

    def chunks(self, columns: Sequence[str], size: int) -> Iterator[np.ndarray]:
        places = [self.names.index(key) for key in columns]
        if self.array is not None:
            for start in range(0, self.rows, size):
                yield self.array[start : start + size][:, places]
            return
        for block in _parse(self, size):
            yield block[:, places]


@dataclass(frozen=True)
class Made:
    """Blocks of the numeric columns, and why the others cannot be used."""

    blocks: Blocks
    faults: dict[str, str]


def of_columns(columns: Sequence[Sequence[Fraction]], size: int) -> Iterator[np.ndarray]:
    """Blocks of exact columns, each entry rounded once."""
    rows = len(columns[0]) if columns else 0
    for start in range(0, rows, size):
        yield np.array([[float(v) for v in column[start : start + size]] for column in columns]).T.copy()


def in_memory(names: tuple[str, ...], columns: Sequence[Any]) -> Made:
    """Blocks of columns that are already in memory; refused where an entry is not a finite number."""
    kept, arrays, faults = list[str](), list[np.ndarray](), dict[str, str]()
    for name, values in zip(names, columns, strict=True):
        try:
            array = np.asarray(values, dtype=np.float64)
        except (TypeError, ValueError):
            faults[name] = f"column {name} holds entries that are not numbers"
            continue
        bad = np.flatnonzero(~np.isfinite(array))
        if len(bad):
            faults[name] = f"column {name}, row {bad[0] + 1}: {array[bad[0]]} is not a finite number"
            continue
        kept.append(name)
        arrays.append(array.reshape(-1))
    if not arrays:
        raise InputError(next(iter(faults.values())))
    return Made(Blocks(tuple(kept), len(arrays[0]), np.column_stack(arrays)), faults)


def from_csv(path: Path, names: tuple[str, ...], delimiter: str, header: bool) -> Made:
    """Blocks of a CSV file; text anywhere in a used column is refused with its place."""
    skip, first = _start(path, header)
    faults, used = dict[str, str](), list[int]()
    cells = [cell.strip().strip('"') for cell in first.rstrip("\r\n").split(delimiter)]
    for place, name in enumerate(names):
        cell = cells[place] if place < len(cells) else ""
        try:
            float(cell)
            used.append(place)
        except ValueError:
            faults[name] = f"column {name}, row 1: {cell[:40]!r} is not a number"
    if not used:
        raise InputError(next(iter(faults.values()), f"{path} has no rows"))
    blocks = Blocks(tuple(names[p] for p in used), 0, None, str(path), delimiter, skip, tuple(used))
    pieces, size, rows = list[np.ndarray](), 0, 0
    for block in _parse(blocks, _CHUNK):
        pieces.append(block)
        size += block.nbytes
        rows += len(block)
        if size > MAX_BYTES:
            rows = _count_rows(path, skip)
            return Made(Blocks(blocks.names, rows, None, str(path), delimiter, skip, blocks.used), faults)
    return Made(Blocks(blocks.names, rows, np.concatenate(pieces)), faults)


def _start(path: Path, header: bool) -> tuple[int, str]:
    """How many lines stand before the first row, and that row."""
    with path.open(encoding="utf-8-sig") as file:
        seen = not header
        for at, line in enumerate(file):
            if not line.strip() or line.startswith("#"):
                continue
            if seen:
                return at, line
            seen = True
    raise InputError(f"{path} has a header but no rows")


def _count_rows(path: Path, skip: int) -> int:
    with path.open("rb") as file:
        return sum(1 for line in file if line.strip()) - skip


def _parse(blocks: Blocks, size: int) -> Iterator[np.ndarray]:
    done = 0
    with open(blocks.path, encoding="utf-8-sig") as file:
        for _ in range(blocks.skip):
            file.readline()
        while True:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # loadtxt warns at the end of the file
                    block = np.loadtxt(
                        file,
                        delimiter=blocks.delimiter,
                        comments=None,
                        max_rows=size,
                        ndmin=2,
                        quotechar='"',
                        usecols=blocks.used,
                    )
            except ValueError as error:
                raise InputError(_explained(str(error), blocks, done)) from None
            if block.size == 0:
                return
            if not np.isfinite(block).all():
                row, column = np.argwhere(~np.isfinite(block))[0]
                value = block[row, column]
                raise InputError(f"column {blocks.names[column]}, row {done + row + 1}: {value} is not a finite number")
            done += len(block)
            yield block


def _explained(message: str, blocks: Blocks, done: int) -> str:
    cell, ragged = _BAD_CELL.search(message), _RAGGED.search(message)
    if cell:
        place = int(cell[3]) - 1
        key = blocks.names[blocks.used.index(place)] if place in blocks.used else f"number {place + 1}"
        return f"column {key}, row {done + int(cell[2]) + 1}: {cell[1][:40]} is not a number"
    if ragged:
        return f"{blocks.path}, row {done + int(ragged[3])} has {ragged[2]} cells, the rows before it {ragged[1]}"
    return f"{blocks.path}, after row {done}: {message[:150]}"
