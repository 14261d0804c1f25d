"""What a report tells, in which order: neutral blocks, made from a report; no terminal, HTML or LaTeX here."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from closedform.report.document.blocks import Block
    from closedform.report.record import ReportRecord


def steps_of(report: ReportRecord) -> tuple[Block, ...]:
    """The way to the answer; it works with SymPy, which a short report of matrices does not need."""
    return importlib.import_module("closedform.report.document.steps").steps(report)
