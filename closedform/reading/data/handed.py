"""What a caller may hand over as data: frames, mappings, arrays, records, and chunks of them.

Objects are told by what they offer (``columns``, ``shape``, ``collect``), so that no library is imported for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from os import PathLike
from typing import Any, TypeGuard

from closedform.errors import InputError

Column = tuple[str, Sequence[Any]]


def is_mapping(data: object) -> TypeGuard[Mapping[Any, Any]]:
    return isinstance(data, Mapping)


def is_many(data: object) -> TypeGuard[Iterable[Any]]:
    return isinstance(data, Iterable) and not isinstance(data, str)


def is_tuple(data: object) -> TypeGuard[tuple[Any, ...]]:
    return isinstance(data, tuple)


def is_listed(data: object) -> TypeGuard[list[Any] | tuple[Any, ...]]:
    return isinstance(data, (list, tuple))


def is_path(data: object) -> TypeGuard[str | PathLike[str]]:
    return isinstance(data, (str, PathLike))


def columns_of(data: Any) -> Iterator[Column]:
    """Named columns of anything that is like a table."""
    if callable(getattr(data, "collect_schema", None)) and callable(getattr(data, "collect", None)):
        data = data.collect()  # a lazy frame of polars
    if callable(getattr(data, "toarray", None)) and callable(getattr(data, "tocsr", None)):
        data = data.toarray()  # a sparse matrix of SciPy
    if is_mapping(data):
        for key, values in data.items():
            yield from array_columns(str(key), values)
    elif hasattr(data, "columns") and hasattr(data, "__getitem__") and not isinstance(data.columns, int):
        keys = list(data.columns)
        for key in keys:
            if keys.count(key) > 1:
                raise InputError(f"there are two columns named {key}")
            yield str(key), data[key]
    elif is_tuple(data) and len(data) == 2 and dimensions(data[0]) == 2:
        yield from array_columns("x", data[0])
        yield from array_columns("y", data[1])
    elif fields := getattr(getattr(data, "dtype", None), "names", None):
        for key in fields:
            yield key, data[key]
    elif dimensions(data) == 2:
        yield from array_columns("x", data)
    elif _is_records(data):
        for key in dict.fromkeys(key for row in data for key in row):
            yield str(key), [row.get(key) for row in data]
    else:
        raise InputError(
            f"data of type {type(data).__name__} cannot be read; give a file, a data frame, arrays or columns"
        )


def _is_records(data: Any) -> bool:
    """Whether this is a list of rows, each a mapping of names to cells."""
    return (
        is_listed(data)
        and bool(data)
        and all(is_mapping(row) and not any(dimensions(cell) for cell in row.values()) for row in data)
    )


def chunks_of(data: Any) -> Iterator[Any] | None:
    """The chunks of an iterable of tables (or of Dask collections), None for data of any other kind."""
    if is_dask(data):
        return _of_dask([data], lambda parts: parts[0])
    if is_mapping(data) and any(is_dask(value) for value in data.values()):
        keys = [str(key) for key in data]
        return _of_dask(list(data.values()), lambda parts: dict(zip(keys, parts, strict=True)))
    if is_tuple(data) and len(data) == 2 and is_dask(data[0]):
        return _of_dask(list(data), lambda parts: {"X": parts[0], "y": parts[1]})
    if isinstance(data, (str, bytes, Mapping)) or hasattr(data, "columns") or hasattr(data, "shape"):
        return None
    if is_listed(data):
        tables = bool(data) and all(isinstance(d, Mapping) or hasattr(d, "columns") or dimensions(d) == 2 for d in data)
        return iter(data) if tables and not _is_records(data) and not (len(data) == 2 and _is_pair(data)) else None
    return iter(data) if hasattr(data, "__iter__") else None


def is_dask(data: Any) -> bool:
    """Whether this is an array, a frame or a series of Dask."""
    return callable(getattr(data, "to_delayed", None))


def _of_dask(collections: list[Any], made: Callable[[list[Any]], Any]) -> Iterator[Any]:
    """Blocks of rows of collections side by side, one after the other; chunks of columns are put together."""
    arrays = [c.rechunk({1: -1}) if getattr(c, "ndim", 1) == 2 and hasattr(c, "rechunk") else c for c in collections]
    if len(arrays) > 1:
        if not all(hasattr(a, "rechunk") for a in arrays):
            raise InputError("arrays of Dask stand beside other data; make all of them arrays of Dask")
        lengths = {a.shape[0] for a in arrays}
        if len(lengths) > 1:
            raise InputError(
                f"the arrays have {' and '.join(map(str, sorted(lengths)))} rows; they need the same number"
            )
        arrays = [arrays[0], *(a.rechunk({0: arrays[0].chunks[0]}) for a in arrays[1:])]
    delayed = [a.to_delayed() for a in arrays]
    flat = [d.ravel().tolist() if hasattr(d, "ravel") else list(d) for d in delayed]
    for parts in zip(*flat, strict=True):
        yield made([part.compute() for part in parts])


def _is_pair(data: Any) -> bool:
    return is_tuple(data) and dimensions(data[0]) == 2 and dimensions(data[1]) in (1, 2)


def dimensions(values: Any) -> int:
    """0 for a number, 1 for a vector, 2 for a matrix."""
    shape = getattr(values, "shape", None)
    if is_tuple(shape):
        return len(shape)
    if is_listed(values):
        return 1 + (dimensions(values[0]) if values else 0)
    return 0


def column_names(key: str, shape: tuple[int, ...]) -> list[str]:
    """What the columns of an array are called: as the vector, or x1, x2, ... of a matrix X."""
    if len(shape) == 1 or (shape[1] == 1 and key not in ("x", "X")):
        return [key]
    return [f"{'x' if key == 'X' else key}{j}" for j in range(1, shape[1] + 1)]


def array_columns(key: str, values: Any) -> Iterator[Column]:
    """One column for a vector; x1, x2, ... for a matrix X."""
    depth = dimensions(values)
    if depth == 1:
        yield key, values
    elif depth == 2:
        if hasattr(values, "iloc"):
            turned: list[Any] = [values.iloc[:, j] for j in range(values.shape[1])]
        elif hasattr(values, "shape") and not hasattr(values, "dtype"):  # a matrix of SymPy, a frame of polars
            turned = [[values[i, j] for i in range(values.shape[0])] for j in range(values.shape[1])]
        elif hasattr(values, "shape"):
            turned = [values[:, j] for j in range(values.shape[1])]
        else:
            if len({len(row) for row in values}) > 1:
                raise InputError(f"the rows of {key} differ in length")
            turned = [list(column) for column in zip(*values, strict=True)]
        yield from zip(column_names(key, (0, len(turned))), turned, strict=True)
    elif hasattr(values, "__len__") and hasattr(values, "__iter__") and not isinstance(values, (str, bytes, Mapping)):
        yield key, values
    else:
        raise InputError(f"column {key} is not a sequence of numbers")
