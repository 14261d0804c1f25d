"""The figure that all pictures are drawn on, with matplotlib (the ``plot`` extra) and without pyplot."""

# Matplotlib's own types leave keyword arguments open
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from io import BytesIO
from typing import Any

from closedform.errors import CallError

try:
    import matplotlib as mpl
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
except ImportError as missing:  # an optional extra
    raise CallError("plots need matplotlib: pip install 'closedform[plot]'") from missing

_METADATA: dict[str, dict[str, Any]] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {"Software": None}}

__all__ = ["Axes", "Drawing", "FigureCanvasAgg"]


class Drawing(Figure):
    """A figure that saves to the same bytes every time and shows itself in a notebook."""

    def save(self, file: str) -> None:
        kind = file.rpartition(".")[2].lower()
        with mpl.rc_context({"svg.hashsalt": "closedform", "svg.fonttype": "path"}):
            self.savefig(file, format=kind, metadata=_METADATA.get(kind), dpi=150)

    def png(self) -> bytes:
        out = BytesIO()
        self.savefig(out, format="png", metadata=_METADATA["png"], dpi=100)
        return out.getvalue()

    def _repr_png_(self) -> bytes:
        return self.png()
