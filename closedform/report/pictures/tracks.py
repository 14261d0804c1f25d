"""Pictures of monodromy: the tracks of the roots around each loop, and an animation; needs the ``plot`` extra."""

# Matplotlib's own types leave keyword arguments open
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import numpy as np

from closedform.algebra.galois.monodromy import Loop, Monodromy
from closedform.report.pictures.drawing import Drawing, FigureCanvasAgg

_COLOURS = ("#0969da", "#b42318", "#1a7f37", "#9a6700", "#6e40c9", "#0f766e", "#59636e", "#c026d3")


def tracks(found: Monodromy) -> Drawing:
    """One panel a loop: each root's way from its start (ring) to where it ends (dot), while t runs around once."""
    columns = min(len(found.loops), 4)
    rows = -(-len(found.loops) // columns)
    drawing = Drawing(figsize=(3.2 * columns, 3.4 * rows), layout="constrained")
    FigureCanvasAgg(drawing)
    for k, loop in enumerate(found.loops):
        axes = drawing.add_subplot(rows, columns, k + 1)
        for i, way in enumerate(zip(*(roots for _, roots in loop.frames), strict=True)):
            colour = _COLOURS[i % len(_COLOURS)]
            axes.plot([z.real for z in way], [z.imag for z in way], color=colour, linewidth=1.3)
            axes.plot(way[0].real, way[0].imag, "o", color=colour, fillstyle="none", markersize=8)
            axes.plot(way[-1].real, way[-1].imag, "o", color=colour, markersize=3.5)
        axes.set_title(_title(loop), fontsize=9)
        axes.set_aspect("equal")
        axes.tick_params(labelsize=7)
    return drawing


def animate(loop: Loop, file: str, frames: int = 60) -> None:
    """The roots while t runs around the loop, as an animated GIF (written with Pillow)."""
    from PIL import Image

    ways = list(zip(*(roots for _, roots in loop.frames), strict=True))
    edge = 1.1 * max(max(abs(z.real), abs(z.imag)) for way in ways for z in way)
    last = len(loop.frames) - 1
    pictures = list[Image.Image]()
    for shown in range(frames):
        k = last * shown // max(frames - 1, 1)
        drawing = Drawing(figsize=(3.6, 3.6), layout="constrained")
        canvas = FigureCanvasAgg(drawing)
        axes = drawing.add_subplot()
        for i, way in enumerate(ways):
            colour = _COLOURS[i % len(_COLOURS)]
            axes.plot(
                [z.real for z in way[: k + 1]], [z.imag for z in way[: k + 1]], color=colour, linewidth=1, alpha=0.5
            )
            axes.plot(way[k].real, way[k].imag, "o", color=colour)
        axes.set(xlim=(-edge, edge), ylim=(-edge, edge), aspect="equal", title=_title(loop))
        canvas.draw()
        pictures.append(Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("P"))
    pictures[0].save(file, save_all=True, append_images=pictures[1:], duration=60, loop=0)


def _title(loop: Loop) -> str:
    cycles = "".join("(" + " ".join(str(i + 1) for i in c) + ")" for c in loop.cycles) or "no change"
    return f"t around {loop.around.real:.3g}{loop.around.imag:+.3g}i: {cycles}"
