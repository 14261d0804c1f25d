"""NPZ files as blocks: members that are stored plainly are read where they lie, compressed ones are unpacked first."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from closedform.errors import InputError
from closedform.frozen import record
from closedform.reading.streams.blocks import Made, Scan, block_rows
from closedform.reading.streams.clock import look
from closedform.reading.streams.spool import ArrayFile, Temporary

_LOCAL_HEADER = 30  # bytes of a zip member's local header before its name
_PIECE = 1 << 20


@record
class Member:
    """An array of an archive, by its header alone."""

    key: str
    entry: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    by_columns: bool
    stored_at: int | None  # where its numbers begin, None when they are compressed


@record
class Stored:
    """An array of an archive that is loaded when its numbers are asked for; its shape and type are known before."""

    path: Path
    member: Member

    @property
    def shape(self) -> tuple[int, ...]:
        return self.member.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.member.dtype

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        with np.load(self.path, allow_pickle=False) as archive:
            return np.asarray(archive[self.member.key], dtype=dtype)


def members(path: Path) -> list[Member]:
    """The arrays of an NPZ file; raises ``InputError`` where it is none."""
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as raw:
            return [_member(archive, raw, info) for info in archive.infolist() if info.filename.endswith(".npy")]
    except (ValueError, OSError, KeyError, EOFError, NotImplementedError, RuntimeError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is not an NPZ file of numbers: {str(error)[:200]}") from None


def _member(archive: zipfile.ZipFile, raw: IO[bytes], info: zipfile.ZipInfo) -> Member:
    with archive.open(info) as stream:
        shape, by_columns, kind = _header(stream)
        length = stream.tell()
    at = None
    if info.compress_type == zipfile.ZIP_STORED:
        raw.seek(info.header_offset + _LOCAL_HEADER - 4)
        name, extra = struct.unpack("<HH", raw.read(4))
        at = info.header_offset + _LOCAL_HEADER + name + extra + length
    return Member(info.filename.removesuffix(".npy"), info.filename, shape, kind, by_columns, at)


def _header(stream: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, by_columns, kind = read(stream)
    if kind.hasobject:
        raise ValueError("Object arrays cannot be read")
    return shape, by_columns, kind


@record
class Archive:
    """The columns of arrays in files: each is a column of one of ``parts``."""

    parts: tuple[ArrayFile, ...]
    columns: tuple[tuple[int, int], ...]  # of each name, the part and the place in it

    def blocks(self, indices: Sequence[int], size: int) -> Iterator[np.ndarray]:
        rows = self.parts[0].shape[0]
        runs = list[tuple[int, list[int]]]()
        for part, inside in (self.columns[p] for p in indices):
            if runs and runs[-1][0] == part:
                runs[-1][1].append(inside)
            else:
                runs.append((part, [inside]))
        for start in range(0, rows, size):
            if len(runs) == 1:
                block = self.parts[runs[0][0]].read(runs[0][1], start, start + size)
                yield block.astype(np.float64, copy=False)
                continue
            block, done = np.empty((min(size, rows - start), len(indices))), 0
            for part, inside in runs:
                block[:, done : done + len(inside)] = self.parts[part].read(inside, start, start + size)
                done += len(inside)
            yield block


def from_npz(path: Path, found: Sequence[Member], names: tuple[str, ...]) -> Made:
    """Blocks of the arrays, whose columns have these names in their order."""
    parts, columns, kept, faults, done = list[ArrayFile](), list[tuple[int, int]](), list[str](), dict[str, str](), 0
    for member in found:
        count = member.shape[1] if len(member.shape) > 1 else 1
        own, done = names[done : done + count], done + count
        if member.dtype.kind not in "fiub":
            faults |= {
                name: f"column {name}: the array {member.key} has the type {member.dtype}, not numbers" for name in own
            }
            continue
        columns += [(len(parts), j) for j in range(count)]
        kept += own
        parts.append(_file(path, member))
    if not kept:
        raise InputError(next(iter(faults.values())))
    scans = [
        Scan(tuple(n for n, (at, _) in zip(kept, columns, strict=True) if at == p), str(path))
        for p in range(len(parts))
    ]
    for scan, part in zip(scans, parts, strict=True):  # each array as it lies, not put beside the others
        for block in part.blocks(range(part.columns), block_rows(part.columns)):
            scan.see(block)
    whole = Scan(tuple(kept), str(path), scans[0].rows)
    for scan in scans:
        whole.gaps |= scan.gaps
        whole.faults |= scan.faults
    return whole.made(Archive(tuple(parts), tuple(columns)), faults)


def _file(path: Path, member: Member) -> ArrayFile:
    kind = member.dtype.str
    if member.stored_at is not None:
        return ArrayFile(str(path.resolve()), member.stored_at, kind, member.shape, member.by_columns)
    out, done = Temporary(), 0
    try:
        with zipfile.ZipFile(path) as archive, archive.open(member.entry) as stream, open(out.path, "wb") as target:
            _header(stream)
            while piece := stream.read(_PIECE):
                target.write(piece)
                done += len(piece)
                look(str(path), done, "bytes")
    except (zipfile.BadZipFile, EOFError) as error:
        raise InputError(f"{path} is not an NPZ file of numbers: {str(error)[:200]}") from None
    return ArrayFile(out.path, 0, kind, member.shape, member.by_columns, out)
