"""How a report looks: a line a format, which the report, the command line and the tests read.

A format is a module with ``of_report(report, asked)``, which gives the text. It is imported when it is wanted.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from closedform.frozen import record

if TYPE_CHECKING:
    from closedform.report.record import ReportRecord


@record
class Asked:
    """What was asked for; a format takes of it what it can show."""

    steps: bool = False  # the way to the answer
    full: bool = False  # every statement and what was tried, where a short text is the rule
    digits: int | None = None
    width: int | None = None  # columns of a terminal
    colour: bool = False


@record
class Format:
    """``module`` is what renders, ``help`` the line of the command line's option; ``to_file``: it is written to a file."""

    module: str
    help: str
    to_file: bool = False

    def render(self, report: ReportRecord, asked: Asked) -> str:
        of_report: Callable[[ReportRecord, Asked], str] = importlib.import_module(self.module).of_report
        return of_report(report, asked)


FORMATS: dict[str, Format] = {
    "text": Format("closedform.report.formats.text", "Plain text for a terminal."),
    "json": Format("closedform.report.formats.sealed", "The report as JSON on standard output."),
    "latex": Format("closedform.report.formats.latex", "The report as a LaTeX document on standard output."),
    "html": Format("closedform.report.formats.html", "The report as a page that works offline.", to_file=True),
}
