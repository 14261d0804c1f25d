"""An immutable, hashable, picklable mapping that keeps its order; the field type of every result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self, SupportsIndex, TypeVar, cast

K = TypeVar("K")
V = TypeVar("V")


class FrozenMap(Mapping[K, V]):
    """A mapping that cannot be changed.

    >>> m = FrozenMap({"x": 1})
    >>> m["x"], dict(m)
    (1, {'x': 1})
    """

    __slots__ = ("_items",)

    _items: dict[K, V]

    def __init__(self, items: Mapping[K, V] | Iterable[tuple[K, V]] = ()) -> None:
        object.__setattr__(self, "_items", dict(items))

    def __getitem__(self, key: K) -> V:
        return self._items[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return hash(tuple(self._items.items()))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a FrozenMap cannot be changed")

    def __reduce__(self) -> tuple[type[FrozenMap[K, V]], tuple[dict[K, V]]]:
        return (FrozenMap, (dict(self._items),))

    def __repr__(self) -> str:
        return f"FrozenMap({self._items!r})"


def shown(value: Any) -> Any:
    """The value as a user of Python is to have it: what can be shown as something else is."""
    return value.shown if hasattr(value.__class__, "shown") else value


class Shown(tuple[V, ...]):
    """A tuple whose entries are made into what a user is to have when they are asked for; ``raw`` has them as they are."""

    __slots__ = ()

    def __new__(cls, entries: Iterable[V] = ()) -> Self:
        return super().__new__(cls, entries.raw if isinstance(entries, Shown) else entries)

    @property
    def raw(self) -> tuple[V, ...]:
        return super().__getitem__(slice(None))

    def __iter__(self) -> Iterator[V]:
        return map(shown, super().__iter__())

    def __getitem__(self, which: SupportsIndex | slice[Any, Any, Any]) -> Any:
        if isinstance(which, slice):
            return tuple(map(shown, super().__getitem__(which)))
        return shown(super().__getitem__(which))

    def __add__(self, other: Any) -> Any:
        return tuple(self) + other

    def __radd__(self, other: Any) -> Any:
        return other + tuple(self)

    def __mul__(self, times: Any) -> Any:
        return tuple(self) * times

    __rmul__ = __mul__


class ShownMap(FrozenMap[K, V]):
    """The same for a mapping."""

    __slots__ = ()

    def __init__(self, items: Mapping[K, V] | Iterable[tuple[K, V]] = ()) -> None:
        if isinstance(items, ShownMap):
            items = cast(ShownMap[K, V], items).raw  # isinstance forgets what it maps
        super().__init__(items)

    @property
    def raw(self) -> FrozenMap[K, V]:
        return FrozenMap(self._items)

    def __getitem__(self, key: K) -> V:
        return shown(self._items[key])

    def __reduce__(self) -> Any:
        return (ShownMap, (dict(self._items),))
