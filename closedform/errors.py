"""Every error that a caller can mend, as one tree.

    ClosedFormError
    ├── CallError          a wrong call: options that do not go together, a name nobody declared   exit 2
    ├── InputError         data or loss that cannot be read                                        exit 65
    │   └── TextFault      ... with the place in the text, shown with a caret
    ├── ConditionError     values at which a formula's stated conditions fail; a ValueError too    exit 65
    └── OutOfTime          the budget ran out; caught inside, never shown as a traceback

A message is one sentence: what was read, where, and what would have worked. ``option`` spells an option as the caller
wrote it, so that a hint on the command line never shows Python.
"""

from __future__ import annotations

from contextvars import ContextVar

ON_COMMAND_LINE: ContextVar[bool] = ContextVar("ON_COMMAND_LINE", default=False)
_SPELLED = {"values": "--set", "assumptions": "--assume"}


def option(word: str, example: str = "") -> str:
    """An option as its caller spells it: ``data=`` in Python, ``--data`` on the command line.

    >>> option("unknowns", "a"), option("values")
    ("unknowns='a'", 'values=')
    """
    if ON_COMMAND_LINE.get():
        flag = _SPELLED.get(word, f"--{word}")
        return f"{flag} '{example}'" if example else flag
    return f"{word}='{example}'" if example else f"{word}="


class ClosedFormError(Exception):
    """Base of all errors that closedform raises on purpose."""

    exit_code = 2


class CallError(ClosedFormError):
    """The call itself is wrong (an unknown option value, a name that was not declared)."""

    exit_code = 2


class InputError(ClosedFormError):
    """Data, a file or a loss that cannot be read."""

    exit_code = 65


class TextFault(InputError):
    """A fault at a place in a text; ``str()`` shows the line, a caret under the place, and the mend.

    >>> print(TextFault("x + ", 4, "the text ends where a term should stand", "write a number or a name"))
    the text ends where a term should stand; write a number or a name
      x +
          ^
    """

    def __init__(self, text: str, at: int, cause: str, hint: str = "") -> None:
        self.text, self.at, self.cause, self.hint = text, at, cause, hint
        super().__init__(text, at, cause, hint)

    def __str__(self) -> str:
        start = self.text.rfind("\n", 0, self.at) + 1
        end = self.text.find("\n", self.at)
        line = self.text[start : end if end >= 0 else len(self.text)]
        column = self.at - start
        if len(line) > 100:  # a window around the place: a 10 MB line must not be echoed whole
            left = max(0, column - 50)
            line, column = line[left : left + 100], column - left
        head = f"{self.cause}; {self.hint}" if self.hint else self.cause
        return f"{head}\n  {line.rstrip()}\n  {' ' * column}^"


class ConditionError(ClosedFormError, ValueError):
    """A stated condition of a formula fails at the values that it was called with."""

    exit_code = 65


class OutOfTime(ClosedFormError):
    """The budget of an attempt ran out; the attempt is then reported as such, never as a verdict."""

    exit_code = 0
