"""What cannot be changed: records, and the mappings and tuples that they hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, FrozenInstanceError, dataclass, field, fields, is_dataclass
from typing import Any, NoReturn, Self, SupportsIndex, TypeVar, cast, dataclass_transform

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(cls: type[T]) -> type[T]:
    """The class as ``dataclass(frozen=True)`` makes it, in a quarter of the time.

    ``dataclass`` compiles six functions for each frozen class, and every command waits for the classes that it imports.
    Here ``__init__`` alone is compiled; the others are shared, and do not replace what the class has of its own.
    """
    made = cast(Any, dataclass(init=False, repr=False, eq=False)(cls))
    made.__init__ = _init(made)
    made.__setattr__, made.__delattr__ = _refuse, _refuse
    if made.__repr__ is object.__repr__:
        made.__repr__ = _text
    if made.__eq__ is object.__eq__:
        made.__eq__, made.__hash__ = _equal, _hash
    return made


def _init(made: Any) -> Any:
    """The function that fills the fields; its text has nothing in it but their names."""
    space: dict[str, Any] = {"set_field": object.__setattr__}
    taken, lines = ["self"], list[str]()
    for f in fields(made):
        value, default = f.name, f.default
        if f.default_factory is not MISSING:
            default, value = f.default_factory, f"default_{f.name}() if {f.name} is default_{f.name} else {f.name}"
        space[f"default_{f.name}"] = default
        taken.append(f.name if default is MISSING else f"{f.name}=default_{f.name}")
        lines.append(f"set_field(self, {f.name!r}, {value})")
    if hasattr(made, "__post_init__"):
        lines.append("self.__post_init__()")
    exec(f"def __init__({', '.join(taken)}):\n    " + "\n    ".join(lines or ["pass"]), space)
    made_init = space["__init__"]
    made_init.__qualname__ = f"{made.__qualname__}.__init__"
    made_init.__annotations__ = {f.name: f.type for f in fields(made)}
    return made_init


def _refuse(self: Any, name: str, *value: object) -> NoReturn:
    raise FrozenInstanceError(f"cannot change {name!r}: a {type(self).__name__} stays as it is")


def _values(one: Any) -> tuple[Any, ...]:
    return tuple([getattr(one, f.name) for f in fields(one) if f.compare])


def _equal(self: Any, other: object) -> Any:
    if type(other) is not type(self):
        return NotImplemented
    try:
        return _values(self) == _values(other)
    except ValueError:  # arrays are compared by entries
        return _same(_values(self), _values(other))


def _same(one: Any, other: Any) -> bool:
    """Equality of values that may hold arrays."""
    if getattr(one, "shape", ()) != getattr(other, "shape", ()):
        return False
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        a, b = cast(Mapping[Any, Any], one), cast(Mapping[Any, Any], other)
        return a.keys() == b.keys() and all(_same(a[k], b[k]) for k in a)
    if isinstance(one, tuple | list) and isinstance(other, tuple | list):
        left, right = cast(tuple[Any, ...], one), cast(tuple[Any, ...], other)
        return len(left) == len(right) and all(map(_same, left, right))
    equal: Any = one == other
    return bool(equal.all()) if hasattr(equal, "all") else bool(equal)


def _hash(self: Any) -> int:
    values = _values(self)
    try:
        return hash(values)
    except TypeError:
        return _hashed(values)


def _hashed(value: Any) -> int:
    """A hash also of lists, mappings and arrays, equal where the values are."""
    if isinstance(value, Mapping):
        entries = cast(Mapping[Any, Any], value)
        return hash(frozenset((k, _hashed(v)) for k, v in entries.items()))
    if isinstance(value, tuple | list):
        return hash(tuple(map(_hashed, cast(tuple[Any, ...], value))))
    try:
        return hash(value)
    except TypeError:  # a certificate, an array
        return _hashed(_values(value)) if is_dataclass(value) else hash(value.shape)


def _text(self: Any) -> str:
    shown = ", ".join(f"{f.name}={getattr(self, f.name)!r}" for f in fields(self) if f.repr)
    return f"{type(self).__qualname__}({shown})"


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
        return _hashed(self._items)

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
