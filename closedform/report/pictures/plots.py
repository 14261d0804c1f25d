"""Pictures of a report, with matplotlib (the ``plot`` extra) and without pyplot; the same file every time."""

# Matplotlib's own types leave keyword arguments open
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from closedform.algebra.galois.monodromy import of_family
from closedform.algebra.roots import Root, all_roots
from closedform.algebra.univariate import read
from closedform.budget import Budget
from closedform.errors import CallError
from closedform.report.document.textbook import readable
from closedform.report.evaluate import evaluate, real_if_close
from closedform.report.pictures.drawing import Axes, Drawing, FigureCanvasAgg
from closedform.report.pictures.tracks import tracks
from closedform.report.record import ReportRecord

if TYPE_CHECKING:
    from closedform.points import CriticalPoint

_MARK = {
    "global minimum": ("o", "#1a7f37"),
    "local minimum": ("o", "#6bbf7b"),
    "boundary minimum": ("s", "#1a7f37"),
    "boundary maximum": ("s", "#b42318"),
    "saddle": ("X", "#9a6700"),
    "local maximum": ("v", "#b42318"),
    "global maximum": ("v", "#b42318"),
    "degenerate": ("D", "#6e40c9"),
    "unclassified": (".", "#59636e"),
}
_LINE = "#0969da"
POINTS = 601  # of a curve
GRID = 121  # of a contour, each way


def draw(report: ReportRecord, what: str | None = None) -> Drawing:
    """``what`` is "loss" (a curve or contours, with the critical points), "roots" or "monodromy" (of the one equation)."""
    if what not in (None, "loss", "roots", "monodromy"):
        raise CallError(f"what = {what!r}: loss, roots or monodromy can be drawn")
    if what == "roots":
        return _roots(report)
    if what == "monodromy":
        return _monodromy(report)
    unknowns = report.problem.unknowns
    if report.problem.loss is None or len(unknowns) not in (1, 2) or report.problem.level != "scalar":
        raise CallError("a loss of one or two unknowns, without other symbols, can be drawn")
    if report.problem.parameters:
        raise CallError(f"to draw the loss, give numbers for {', '.join(report.problem.parameters)}")
    return _curve(report) if len(unknowns) == 1 else _contours(report)


def _figure() -> tuple[Drawing, Axes]:
    drawing = Drawing(figsize=(6.4, 4.0), layout="constrained")
    FigureCanvasAgg(drawing)
    axes = drawing.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return drawing, axes


def _loss(report: ReportRecord, **values: np.ndarray) -> np.ndarray:
    """The loss on arrays, in pieces so that data of many rows do not fill the memory."""
    assert report.problem.loss is not None
    columns = columns_of(report)
    rows = max((len(c) for c in columns.values()), default=1)
    names, arrays = list(values), [np.asarray(v, dtype=float) for v in values.values()]
    flat = [a.reshape(-1) for a in np.broadcast_arrays(*arrays)]
    step = max(1, 4_000_000 // rows)
    pieces = list[np.ndarray]()
    fixed = {"n": np.asarray(rows)} if columns else {}
    with np.errstate(all="ignore"):
        for start in range(0, len(flat[0]), step):
            part = {n: f[start : start + step] for n, f in zip(names, flat, strict=True)}
            out: np.ndarray = real_if_close(evaluate(report.problem.loss, {**fixed, **part}, columns))
            pieces.append(np.broadcast_to(np.where(np.iscomplex(out), np.nan, np.real(out)), part[names[0]].shape))
    return np.concatenate(pieces).reshape(np.broadcast_shapes(*(a.shape for a in arrays)))


def columns_of(report: ReportRecord) -> dict[str, np.ndarray]:
    """The columns of the data in floating point."""
    data = report.problem.data
    return {} if data is None else {n: np.asarray([float(v) for v in c]) for n, c in data.columns.items()}


def _coordinates(points: tuple[CriticalPoint, ...], unknown: str) -> list[float]:
    return [float(p.numeric[unknown]) for p in points if p.numeric is not None and unknown in p.numeric]


def _range(report: ReportRecord, unknown: str, room: float) -> tuple[float, float]:
    """Where to look: the box, else around the critical points with room on both sides, within the domain's names."""
    if unknown in report.problem.box:
        low, high = report.problem.box[unknown]
        return float(low), float(high)
    found = _coordinates(report.critical_points, unknown)
    if not found:
        return -3.0, 3.0
    low, high = min(found), max(found)
    reach = (high - low) * room or max(1.0, 0.6 * abs(low))
    return low - reach, high + reach


def _curve(report: ReportRecord) -> Drawing:
    (x,) = report.problem.unknowns
    drawing, axes = _figure()
    grid = np.linspace(*_range(report, x, 0.35), POINTS)
    values = _loss(report, **{x: grid})
    axes.plot(grid, values, color=_LINE, linewidth=1.8, zorder=1)
    drawn = [p for p in report.critical_points if p.numeric is not None]
    heights = _loss(report, **{x: np.asarray(_coordinates(tuple(drawn), x))}) if drawn else np.zeros(0)
    if drawn and np.isfinite(values).any():  # steep ends must not flatten the part that matters
        low, high = np.nanmin(heights), np.nanmax(heights)
        span = high - low or max(1e-9, float(np.nanpercentile(values, 60) - low))
        axes.set_ylim(low - 0.35 * span, high + 1.2 * span)
    for p, height in zip(drawn, heights, strict=True):
        _mark(axes, p, float((p.numeric or {})[x]), float(height))
    axes.set_xlabel(x)
    axes.set_ylabel("loss")
    _title(axes, report)
    _legend(axes)
    return drawing


def _contours(report: ReportRecord) -> Drawing:
    first, second = report.problem.unknowns
    drawing, axes = _figure()
    a = np.linspace(*_range(report, first, 0.6), GRID)
    b = np.linspace(*_range(report, second, 0.6), GRID)
    values = _loss(report, **{first: a[None, :], second: b[:, None]})
    low = float(np.nanmin(values))
    height = np.log1p((values - low) / max(float(np.nanmedian(values)) - low, 1e-12))
    axes.contourf(a, b, height, levels=24, cmap="Blues_r", zorder=0)
    axes.contour(a, b, height, levels=24, colors="white", linewidths=0.4, zorder=1)
    for p in report.critical_points:
        if p.numeric is not None:
            _mark(axes, p, float(p.numeric[first]), float(p.numeric[second]))
    axes.set_xlabel(first)
    axes.set_ylabel(second)
    _title(axes, report)
    _legend(axes)
    return drawing


def _roots(report: ReportRecord) -> Drawing:
    if len(report.equations) != 1 or report.kind != "polynomial" or report.problem.parameters:
        raise CallError("the roots of one polynomial equation, without other symbols, can be drawn")
    poly = read(readable(report.equations[0], 1_000_000)).poly
    assert poly is not None, "a polynomial without parameters has numbers as coefficients"
    return draw_roots(all_roots(poly, 15, Budget.of(60, 15)), f"{readable(report.equations[0], 200)} = 0")


def _monodromy(report: ReportRecord) -> Drawing:
    if len(report.equations) != 1 or len(report.problem.unknowns) != 1:
        raise CallError("the monodromy of one polynomial equation in one unknown, with one parameter, can be drawn")
    given = read(readable(report.equations[0], 1_000_000), report.problem.unknowns[0])
    return tracks(of_family(given, Budget.of(60)))


def draw_roots(found: Sequence[Root], title: str) -> Drawing:
    """The roots in the complex plane, the real ones apart."""
    drawing, axes = _figure()
    axes.axhline(0, color="#8888", linewidth=0.8, zorder=0)
    axes.axvline(0, color="#8888", linewidth=0.8, zorder=0)
    for real, label in ((True, "real"), (False, "complex")):
        chosen = [r for r in found if r.real is real]
        colour = "#1a7f37" if real else _LINE
        axes.scatter(
            [float(r.re) for r in chosen],
            [float(r.im) for r in chosen],
            color=colour,
            s=46,
            label=label,
            zorder=2,
        )
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xlabel("real part")
    axes.set_ylabel("imaginary part")
    axes.set_title(title, fontsize=10)
    _legend(axes)
    return drawing


def _mark(axes: Axes, point: CriticalPoint, x: float, y: float) -> None:
    marker, colour = _MARK[point.kind]
    axes.scatter(
        [x], [y], s=58, marker=marker, color=colour, edgecolors="white", linewidths=0.8, zorder=3, label=point.kind
    )


def _title(axes: Axes, report: ReportRecord) -> None:
    source = readable(report.problem.source)
    axes.set_title(source if len(source) <= 70 else source[:69] + "…", fontsize=10)


def _legend(axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    unique = dict(zip(labels, handles, strict=True))
    if unique:
        axes.legend(unique.values(), unique.keys(), frameon=False, fontsize=9)
