"""The catalogue of named losses, one file a family; every entry is text in our own language, no answer is stored."""

from __future__ import annotations

from closedform.losses.entry import Draft, Entry

__all__ = ["Draft", "Entry", "catalogue", "find", "losses"]


def catalogue() -> dict[str, Entry]:
    """Every entry by name."""
    return {}


def find(text: str) -> Entry | None:
    """The entry whose name or alias is exactly this text, else None."""
    return catalogue().get(text.strip())


def losses() -> dict[str, Entry]:
    """The catalogue, as ``closedform.losses()`` gives it."""
    return catalogue()
