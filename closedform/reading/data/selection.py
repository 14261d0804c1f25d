"""Which columns of a table a loss of the catalogue is about, and words made numbers: categories and labels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction

from closedform.errors import CallError, InputError, option
from closedform.frozen import FrozenMap
from closedform.reading.data.tables import Table, listed

MAX_LEVELS = 200  # of one category
_CATEGORY = re.compile(r"C\((.*)\)")
_POSITIVE = frozenset({"yes", "y", "true", "t", "positive", "pos", "success", "case", "on", "event", "1"})


def selected(table: Table, features: Iterable[str] | str | None, drop: Iterable[str] | str | None) -> Table:
    """The table with the target and these features, in this order, or without the columns of ``drop``.

    ``C(group)`` stays a mark on the column ``group`` until it is known whether there is an intercept
    (``with_categories``).
    """
    names = [key for key in table.names if key not in {_found(table, d, "drop") for d in _items(drop)}]
    if table.target is not None and table.target not in names:
        raise CallError(f"{table.target} is the target and cannot be dropped")
    categories = list[str]()
    if features is not None:
        text = features if isinstance(features, str) else ", ".join(features)
        left, tilde, right = text.partition("~")
        if tilde and _found(table, left.strip(), "features") != table.target:
            raise CallError(f"{option('features')} names the target {left.strip()}, and {option('target')} another one")
        chosen = list[str]()
        for item in re.split(r"[,+]", right if tilde else text):
            inner = _CATEGORY.fullmatch(item.strip())
            key = _found(table, inner[1].strip() if inner else item.strip(), "features")
            if key == table.target:
                raise CallError(f"{key} is the target and cannot be a feature")
            if key in chosen:
                raise CallError(f"{option('features')} names {key} twice")
            if key not in names:
                raise CallError(f"{key} is both a feature and dropped")
            chosen.append(key)
            categories += [key] if inner else []
        names = [*chosen, *([table.target] if table.target is not None else [])]
    return restricted(replace(table, categories=tuple(categories)), names)


def restricted(table: Table, names: Iterable[str]) -> Table:
    """The table with these columns, in this order."""
    kept = tuple(names)

    def only(of: Mapping[str, object]) -> FrozenMap[str, object]:
        return FrozenMap({key: of[key] for key in kept if key in of})

    return replace(
        table,
        names=kept,
        columns=only(table.columns),
        faults=only(table.faults),
        words=only(table.words),
        gaps=only(table.gaps),
        spelled=only(table.spelled),
    )


def _items(value: Iterable[str] | str | None) -> list[str]:
    if value is None:
        return []
    return [part.strip() for part in (value.split(",") if isinstance(value, str) else value) if part.strip()]


def _found(table: Table, wanted: str, word: str) -> str:
    for key in table.names:
        if wanted in (key, table.spelled.get(key)):
            return key
    raise CallError(f"{option(word)}: there is no column {wanted[:60]}; the columns are {listed(table.names)}")


# -- words -------------------------------------------------------------------------------------------------------


def with_categories(table: Table, intercept: bool) -> Table:
    """Indicator columns in the place of each category; beside an intercept the first level is the reference.

    The columns are called ``group_b`` for the level b of ``group``.
    """
    for key in table.categories:
        levels = _levels(table, key)
        kept = levels if not intercept else levels[1:]
        names, columns = list[str](), dict[str, tuple[Fraction, ...]]()
        words = _words(table, key)
        for level in kept:
            name = f"{key}_{re.sub(r'[^0-9a-zA-Z_]+', '_', level).strip('_') or len(names) + 1}"
            if name in columns or name in table.names:
                raise InputError(f"column {key}: the levels of this category give two columns the name {name}")
            names.append(name)
            columns[name] = tuple(Fraction(word == level) for word in words)
        note = f"{key} is a category with the levels {listed(levels)}" + (
            f"; {levels[0]} is the reference" if intercept else ""
        )
        place = table.names.index(key)
        table = replace(
            restricted(table, [k for k in table.names if k != key]),
            notes=(*table.notes, note),
            categories=table.categories,
        )
        table = replace(
            table,
            names=(*table.names[:place], *names, *table.names[place:]),
            columns=FrozenMap({**table.columns, **columns}),
        )
        intercept = True  # the indicators of one category sum to the constant: the next one needs a reference
    return replace(table, categories=())


def _levels(table: Table, key: str) -> list[str]:
    if not table.exact:
        raise InputError(f"the table has {table.rows:,} rows, too many for C({key}); give indicator columns")
    levels = sorted(set(_words(table, key)), key=lambda w: (_order(w), w))
    if not 2 <= len(levels) <= MAX_LEVELS:
        raise InputError(f"column {key} has {len(levels)} levels; a category has 2 to {MAX_LEVELS}")
    return levels


def _words(table: Table, key: str) -> tuple[str, ...]:
    if key in table.words:
        return table.words[key]
    if key in table.faults:
        raise InputError(table.faults[key])
    return tuple(str(entry) for entry in table.columns[key])


def _order(word: str) -> float:
    try:
        return float(Fraction(word))
    except ValueError:
        return float("inf")


def with_labels(table: Table) -> Table:
    """A target of two words as 0 and 1; a note says which counts as 1."""
    key = table.target
    if key is None or key in table.columns or key not in table.words:
        return table
    words = table.words[key]
    levels = sorted(set(words))
    if len(levels) != 2:
        raise InputError(
            f"column {key}, row 1: {words[0]!r} is not a label; the labels are 0 and 1, or two words, "
            f"and this column has {len(levels)} different entries"
        )
    positive = [level for level in levels if level.lower() in _POSITIVE]
    one = positive[0] if len(positive) == 1 else levels[1]
    note = f"column {key}: {one!r} counts as 1, {(levels[0] if one == levels[1] else levels[1])!r} as 0"
    return _numbered(table, key, {level: Fraction(level == one) for level in levels}, note)


def with_classes(table: Table) -> Table:
    """A target of words as the numbers 0, 1, ... of the words in their order."""
    key = table.target
    if key is None or key in table.columns or key not in table.words:
        return table
    levels = sorted(set(table.words[key]))
    numbered = ", ".join(f"{level!r} is {place}" for place, level in enumerate(levels[:20]))
    return _numbered(table, key, {w: Fraction(j) for j, w in enumerate(levels)}, f"column {key}: {numbered}")


def _numbered(table: Table, key: str, numbers: Mapping[str, Fraction], note: str) -> Table:
    entries = tuple(numbers[word] for word in table.words[key])
    return replace(
        table,
        columns=FrozenMap({**table.columns, key: entries}),
        faults=FrozenMap({k: v for k, v in table.faults.items() if k != key}),
        notes=(*table.notes, note),
    )


def refuse_faults(table: Table, words: Iterable[str] = ()) -> None:
    """Refuses a column that holds no numbers, naming the options that would help; ``words`` may hold words."""
    for key in table.names:
        if key not in table.faults or key in words:
            continue
        if key == table.target or len(table.names) == 1:
            raise InputError(table.faults[key])
        levels = len(set(table.words[key])) if key in table.words else 0
        category = (
            f", {option('features', f'..., C({key})')} makes it a category"
            if 1 < levels <= min(MAX_LEVELS, table.rows - 1)
            else ""
        )
        raise InputError(f"{table.faults[key]}; {option('drop', key)} leaves the column out{category}")
