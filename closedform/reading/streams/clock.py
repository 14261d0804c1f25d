"""The deadline of a call, as far as reading its data goes: every loop over blocks looks at it."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

from closedform.errors import InputError, option

_DEADLINE: ContextVar[float | None] = ContextVar("_DEADLINE", default=None)


@contextmanager
def reading_until(deadline: float) -> Generator[None]:
    """Within it ``look`` raises once the monotonic clock has passed the deadline."""
    token = _DEADLINE.set(deadline)
    try:
        yield
    finally:
        _DEADLINE.reset(token)


def look(what: str, done: int, unit: str = "rows") -> None:
    """Raises ``InputError`` when the time is over, saying how far reading had come."""
    deadline = _DEADLINE.get()
    if deadline is not None and time.monotonic() > deadline:
        raise InputError(
            f"{what} was not read in time: {done:,} {unit} were; a longer {option('timeout')} reads it all"
        )
