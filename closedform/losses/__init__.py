"""The catalogue of named losses, one file a family; every entry is text in our own language, no answer is stored."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from closedform.errors import CallError
from closedform.frozen import FrozenMap
from closedform.losses import functions, glm, learning, least_squares, likelihoods, matrices, networks
from closedform.losses.entry import Draft, Entry

__all__ = ["Draft", "Entry", "catalogue", "find", "losses", "refuse_misspelt"]

_WORDS = re.compile(r"[^\W\d]\w*(?:[ -][^\W\d]\w*){0,3}")

FAMILIES = {
    "least squares": least_squares,
    "generalised linear models": glm,
    "networks": networks,
    "likelihoods": likelihoods,
    "matrices": matrices,
    "learning methods": learning,
    "functions": functions,
}


@cache
def catalogue() -> FrozenMap[str, Entry]:
    """Every entry by name, family after family."""
    return FrozenMap(
        {entry.name: replace(entry, family=family) for family, module in FAMILIES.items() for entry in module.ENTRIES}
    )


@cache
def _by_alias() -> dict[str, Entry]:
    entries = catalogue()
    return {alias: entry for entry in entries.values() for alias in entry.aliases} | dict(entries)


def find(text: str) -> Entry | None:
    """The entry whose name or alias is exactly this text, else None.

    >>> find("ols").title
    'ordinary least squares'
    """
    return _by_alias().get(text.strip().lower()) if len(text) < 100 else None


def refuse_misspelt(text: str, declared: Iterable[str] | None) -> None:
    """Refuses a text that is a word or two and nearly the name of an entry: "did you mean ols?".

    >>> from closedform.errors import CallError
    >>> try:
    ...     refuse_misspelt("olss", None)
    ... except CallError as error:
    ...     print(error)
    there is no loss olss in the catalogue; did you mean ols?
    """
    words = text.strip()
    if len(words) < 3 or not _WORDS.fullmatch(words) or words in (declared or ()):
        return
    near = difflib.get_close_matches(words.lower(), _by_alias(), 1, 0.7)
    if near:
        raise CallError(f"there is no loss {words[:60]} in the catalogue; did you mean {near[0]}?")


def losses() -> FrozenMap[str, Entry]:
    """The catalogue: name to entry (title, text of the loss, unknowns, what it takes).

    >>> losses()["ols"].title
    'ordinary least squares'
    """
    return catalogue()
