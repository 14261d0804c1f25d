"""Drawings of a loss, of roots, of their loops: with the ``plot`` extra, which is imported when something is drawn."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from closedform.errors import CallError

if TYPE_CHECKING:
    from closedform.algebra.roots import Root
    from closedform.report.pictures.drawing import Drawing
    from closedform.report.record import ReportRecord

PLOTS = "closedform.report.pictures.plots"


def draw(report: ReportRecord, what: str | None = None) -> Drawing:
    """The picture of a report; raises ``CallError`` where there is nothing to draw, or no matplotlib to draw it."""
    return importlib.import_module(PLOTS).draw(report, what)


def draw_roots(roots: Sequence[Root], title: str) -> Drawing:
    """Roots in the complex plane."""
    return importlib.import_module(PLOTS).draw_roots(roots, title)


def picture_of(report: ReportRecord) -> bytes | None:
    """The picture of a report as PNG, where there is one."""
    try:
        return draw(report).png()
    except CallError:
        return None
