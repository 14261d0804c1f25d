"""The catalogue of named losses, one file a family; every entry is text in our own language, no answer is stored."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from closedform.frozen import FrozenMap
from closedform.losses import functions, glm, least_squares, likelihoods, matrices, networks
from closedform.losses.entry import Draft, Entry

__all__ = ["Draft", "Entry", "catalogue", "find", "losses"]

FAMILIES = {
    "least squares": least_squares,
    "generalised linear models": glm,
    "networks": networks,
    "likelihoods": likelihoods,
    "matrices": matrices,
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


def losses() -> FrozenMap[str, Entry]:
    """The catalogue: name to entry (title, text of the loss, unknowns, what it takes)."""
    return catalogue()
