"""Table files: CSV as people save it (Excel's too), NPZ and Parquet, as named columns of cells."""

from __future__ import annotations

import csv
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from closedform.errors import InputError
from closedform.frozen import record
from closedform.reading.data.cells import NUMBER
from closedform.reading.streams.clock import look

LARGEST_LINE = 5_000_000  # characters of the first line
_SNIFFED = 64 * 1024  # bytes that are looked at for the encoding
_DECODED = 64 * 1024 * 1024  # bytes that are looked at for being UTF-8


@record
class Layout:
    """How a CSV file is written: its encoding, separator, the lines before its first row, and its header."""

    path: Path
    encoding: str
    separator: str
    skip: int  # lines before the first row of cells
    head: tuple[str, ...]  # as written; of a file without header the cells of its first row
    bare: bool  # the first line holds numbers already
    notes: tuple[str, ...] = ()


def layout(path: Path) -> Layout:
    """Looks at the start of a file; raises ``InputError`` where it is no text table."""
    encoding, notes = _encoding(path)
    separator, first, skip = "", "", 0
    with path.open(encoding=encoding, newline="", errors="replace") as file:
        for at, line in enumerate(file):
            if not separator and line.strip().lower().startswith("sep=") and len(line.strip()) == 5:
                separator = line.strip()[4]  # Excel's own way to name the separator
            elif line.strip() and not line.startswith("#"):
                first, skip = line, at
                break
    if not first:
        raise InputError(f"{path} is empty")
    if "\0" in first or len(first) > LARGEST_LINE:
        raise InputError(f"{path} is not a text table")
    separator = separator or (max(";\t,", key=first.count) if any(c in first for c in ";\t,") else ",")
    try:
        head = tuple(next(csv.reader([first], delimiter=separator)))
    except csv.Error as error:
        raise InputError(f"{path}: {error}") from None
    bare = all(NUMBER.fullmatch(cell.strip()) for cell in head) and any(cell.strip() for cell in head)
    return Layout(path, encoding, separator, skip + (not bare), head, bare, notes)


def _encoding(path: Path) -> tuple[str, tuple[str, ...]]:
    """UTF-8 (with or without mark), UTF-16 by its mark, else Western European as Excel saves it, which is said."""
    with path.open("rb") as file:
        start = file.read(_SNIFFED)
        if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return "utf-16", ()
        if b"\0" in start:
            raise InputError(f"{path} is not a text table")
        try:
            decoder = importlib.import_module("codecs").getincrementaldecoder("utf-8")()
            decoder.decode(start)
            while (piece := file.read(1 << 20)) and file.tell() < _DECODED:
                decoder.decode(piece)
                look(str(path), file.tell(), "bytes")
            if not piece:
                decoder.decode(b"", True)
        except UnicodeDecodeError:
            return "cp1252", ("the file is not UTF-8 and is read as Western European (Windows-1252)",)
    return "utf-8-sig", ()


def rows_of(where: Layout) -> Iterator[list[str]]:
    """The rows of cells, header left out; raises ``InputError`` naming the row that does not fit."""
    number = 0
    with where.path.open(encoding=where.encoding, newline="", errors="replace") as file:
        for _ in range(where.skip):
            file.readline()
        reader = csv.reader(file, delimiter=where.separator)
        try:
            for line in reader:
                if not any(cell.strip() for cell in line):
                    continue  # an empty line, or one of separators alone as Excel leaves at the end
                number += 1
                if len(line) == len(where.head) + 1 and not line[-1].strip():
                    line = line[:-1]  # a separator at the end of each row
                if len(line) != len(where.head):
                    plural = "" if len(line) == 1 else "s"
                    raise InputError(
                        f"{where.path}, row {number} has {len(line)} cell{plural}, the header has {len(where.head)}"
                    )
                yield line
        except csv.Error as error:
            raise InputError(f"{where.path}, row {number + 1}: {error}") from None


def has_more_lines(path: Path, limit: int) -> bool:
    """Whether a file has more line ends than ``limit``; no more is read than shows it."""
    count = 0
    with path.open("rb") as file:
        while count <= limit and (piece := file.read(1 << 20)):
            count += piece.count(b"\n")
    return count > limit


def npz(path: Path) -> dict[str, Any]:
    """The arrays of an NPZ file by name."""
    numpy = importlib.import_module("numpy")
    try:
        with numpy.load(path, allow_pickle=False) as archive:
            arrays = {str(key): archive[key] for key in archive.files}
    except (ValueError, OSError, KeyError, EOFError, importlib.import_module("zipfile").BadZipFile) as error:
        raise InputError(f"{path} is not an NPZ file of numbers: {error}") from None
    for key, array in arrays.items():
        if array.ndim not in (1, 2):
            raise InputError(f"{path}: array {key} has {array.ndim} dimensions; a column has one, a matrix two")
    return arrays


def parquet(path: Path) -> list[tuple[str, Any]]:
    """The columns of a Parquet file."""
    try:
        module = importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise InputError("reading Parquet needs pyarrow: pip install 'closedform[parquet]'") from None
    try:
        table = module.read_table(path)
    except Exception as error:  # pyarrow raises several unrelated kinds
        raise InputError(f"{path} is not a Parquet file: {str(error)[:200]}") from None
    return [(str(key), table.column(index).to_pylist()) for index, key in enumerate(table.column_names)]
