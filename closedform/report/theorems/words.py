"""How a theorem is written down, and the parts that many sentences share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from closedform.frozen import record
from closedform.ladder.verdict import Topic
from closedform.reading.data.handed import is_many
from closedform.report.expressions import text_of

SHOWN = 300  # characters of one value in a sentence


@record
class Theorem:
    """One theorem in English: a template or a function of what it is about, with its printed source.

    Both take the keywords of the finding; ``topic`` marks what the short report tells, too. ``why``: the sentence is the
    reason why a formula, which the finding names as well, is a minimum.
    """

    sentence: str | Callable[..., str]
    reference: str = ""
    topic: Topic = ""
    why: bool = False


def short_text(value: object) -> str:
    """A value as text of our language, shortened where it is long.

    >>> short_text(3), short_text("x")
    ('3', 'x')
    """
    shown = text_of(value)
    return shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}... ({len(shown)} characters)"


def coordinates(point: Mapping[str, object]) -> str:
    """``x = 1, y = 2``."""
    return ", ".join(f"{u} = {short_text(v)}" for u, v in point.items())


def nonzero(exceptions: object) -> tuple[str, ...]:
    """Each as the condition that it does not vanish, ``a != 0``."""
    return tuple(f"{short_text(e)} != 0" for e in exceptions) if is_many(exceptions) else ()


def unless(exceptions: Iterable[object]) -> str:
    """What must not vanish, as `` where a != 0 and b != 0``, or nothing."""
    listed = " and ".join(nonzero(exceptions))
    return f" where {listed}" if listed else ""


def critical_points(count: int, real: bool = False) -> str:
    """``1 critical point``, ``2 real critical points``."""
    return f"{count} {'real ' if real else ''}critical point{'' if count == 1 else 's'}"


def there_are(count: int) -> str:
    """``there is exactly 1 real critical point`` and its kin, also for none."""
    if count == 0:
        return "there is no real critical point"
    return f"there {'is' if count == 1 else 'are'} exactly {critical_points(count, real=True)}"


def grouped(group: str | None, lead: str = ", with group ") -> str:
    """The Galois group in words, where it is known."""
    return f"{lead}{group}" if group else ""


def when(conditions: Iterable[str]) -> str:
    """`` when a and b``, or nothing."""
    listed = " and ".join(conditions)
    return f" when {listed}" if listed else ""
