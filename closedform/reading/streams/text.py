"""CSV files as blocks: parsed once, by NumPy where its cells are plain, and kept as doubles; cell by cell where not."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from closedform.errors import InputError
from closedform.frozen import record
from closedform.reading.data import files
from closedform.reading.data.cells import Decimal, decimal_mark, exact, missing, read_column
from closedform.reading.data.files import Layout
from closedform.reading.streams.blocks import Made, Scan, block_rows
from closedform.reading.streams.spool import Spool

_LOOKED_AT = 100  # rows that decide what a column holds


class _NotPlain(Exception):
    """NumPy does not read the file as it is: its cells are read one by one."""


@record
class CsvFile:
    """``names`` are those columns of the file, at the indices ``used``, that hold numbers."""

    layout: Layout
    names: tuple[str, ...]
    used: tuple[int, ...]
    plain: bool
    mark: Decimal

    def blocks(self, indices: Sequence[int], size: int) -> Iterator[np.ndarray]:
        if self.plain:
            yield from self._parsed(indices, size)
        else:
            yield from self._cells(indices, size)

    def _parsed(self, indices: Sequence[int], size: int) -> Iterator[np.ndarray]:
        how = self.layout
        with how.path.open(encoding=how.encoding, errors="replace") as file:
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
                            usecols=[self.used[p] for p in indices],
                        )
                except ValueError as error:
                    raise _NotPlain from error
                if block.size == 0:
                    return
                yield block

    def _cells(self, indices: Sequence[int], size: int) -> Iterator[np.ndarray]:
        """The rows cell by cell, by the rules for small tables."""
        rows = list[list[float]]()
        for number, line in enumerate(files.rows_of(self.layout), 1):
            rows.append([self._float(line[self.used[p]], p, number) for p in indices])
            if len(rows) >= size:
                yield np.array(rows)
                rows = []
        if rows:
            yield np.array(rows)

    def _float(self, cell: str, index: int, row: int) -> float:
        if missing(cell):
            return np.nan
        value = exact(cell, self.mark)
        if value is None:
            fault = read_column(self.names[index], [cell], self.mark).fault
            raise InputError(fault.replace("row 1:", f"row {row}:", 1))
        return float(value)


def from_csv(how: Layout, names: tuple[str, ...], mark: Decimal | None) -> Made:
    """Blocks of a CSV file; the first rows decide which columns hold numbers, and in which form."""
    head = list[list[str]]()
    for row in files.rows_of(how):
        head.append(row)
        if len(head) >= _LOOKED_AT:
            break
    if not head:
        raise InputError(f"{how.path} has a header but no rows")
    cells = [[row[index] for row in head] for index in range(len(names))]
    seen = mark or decimal_mark(cells)
    faults, used, plain = dict[str, str](), list[int](), seen == "." and how.encoding == "utf-8-sig"
    for index, name in enumerate(names):
        column = read_column(name, cells[index], seen)
        if column.fault:
            faults[name] = column.fault
            continue
        used.append(index)
        plain = plain and not column.gaps and all(_is_plain(cell) for cell in cells[index])
    if not used:
        raise InputError(next(iter(faults.values())))
    source = CsvFile(how, tuple(names[p] for p in used), tuple(used), plain, seen)
    try:
        return _kept(source, faults)
    except _NotPlain:
        return _kept(replace(source, plain=False), faults)


def _kept(source: CsvFile, faults: dict[str, str]) -> Made:
    """The numbers of the file, parsed once where there is room for them; else the file itself, parsed in each pass."""
    k = len(source.names)
    scan, spool = Scan(source.names, str(source.layout.path)), Spool(k)
    for block in source.blocks(range(k), block_rows(k)):
        scan.see(block)
        spool.add(block)
    return scan.made(source if spool.full else spool.source(), faults)


def _is_plain(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
