"""The short report: the verdict, the points, the derivative, one line of trust, and where to read on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from closedform.errors import ON_COMMAND_LINE
from closedform.report.document.answer import answer, iteration, optima, thing
from closedform.report.document.blocks import (
    Block,
    Document,
    Equation,
    Heading,
    Inline,
    Items,
    Line,
    Math,
    Paragraph,
    TableBlock,
    in_language,
)
from closedform.report.document.points import coordinate, height, names_of, separated, together, when
from closedform.report.document.textbook import gradient, namesakes
from closedform.report.record import ReportRecord

if TYPE_CHECKING:
    from closedform.points import CriticalPoint

FEW = 3  # derivatives, and unknowns of a point on one line
MOST = 12  # points or unknowns that are listed
TRUSTED = {
    "proved": "proved by a certificate",
    "derived": "derived from theorems",
    "observed": "observed in floating point",
}


def brief(report: ReportRecord, digits: int, steps: Sequence[Block] = ()) -> Document:
    """The short document: what one reads in ten seconds, and the ``steps`` where they are wanted."""
    return Document(report.problem.source, tuple(in_language(b) for b in _blocks(report, digits, steps)))


def _blocks(report: ReportRecord, digits: int, steps: Sequence[Block]) -> Iterator[Block]:
    yield answer(report, digits)
    rows = tuple(_question(report))
    if rows:
        yield Heading("")
        yield TableBlock((), rows)
    if _is_more_to_list(report):
        yield Heading("")
        yield from _points(report, digits)
    yield from steps
    yield Heading("")
    if sentence := iteration(report):
        yield Paragraph((sentence,))
    yield Paragraph((_trust(report),))
    yield Paragraph((_further(report),))


def _question(report: ReportRecord) -> Iterator[tuple[Inline, ...]]:
    problem = report.problem
    if problem.catalogue is not None and problem.loss is not None:
        yield "loss" if problem.sense == "min" else "to be maximised", Math(problem.loss)
    for e in report.raw.equations[:FEW] if problem.loss is None else ():
        yield "equation", Equation(e, 0)
    for u, g in list(gradient(problem, report.raw.gradient).items())[:FEW]:
        yield f"d/d{u}", Math(g)
    if len(report.raw.gradient) > FEW:
        yield "", f"… and {len(report.raw.gradient) - FEW} more derivatives"
    if sentence := namesakes(problem):
        yield "where", sentence
    for note in problem.notes:
        yield "note", note
    if report.formula is not None and report.formula.convexity:
        yield "why", report.formula.convexity
    if report.formula is not None and "order" in report.formula.cost:
        yield "cost", report.formula.cost["order"]


def _is_more_to_list(report: ReportRecord) -> bool:
    """Does the answer's sentence leave out a point, or a coordinate?"""
    points = report.raw.points
    return len(points) > 1 or any(len(names_of(p)) > 4 for p in points)


def _points(report: ReportRecord, digits: int) -> Iterator[Block]:
    points = report.raw.points
    if len(names_of(points[0])) > FEW:
        best = next(iter(optima(report) or points))
        rows: list[tuple[Inline, ...]] = [(coordinate(best, u, digits),) for u in names_of(best)[:MOST]]
        yield Paragraph(_described(report, best, digits))
        yield TableBlock((), tuple(rows))
        left = len(names_of(best)) - MOST
        if left > 0:
            yield Paragraph((f"… and {left} more unknowns.",))
        if len(points) > 1:
            yield Paragraph((f"… and {len(points) - 1} more {thing(report)}s.",))
        return
    lines = list[tuple[Line, ...]]()
    groups = together(points)
    for cases in groups[:MOST]:
        where = separated([coordinate(cases[0], u, digits) for u in names_of(cases[0])])
        sentence = _by_cases(report, cases, digits)
        lines.append(((*where, ": ", *sentence) if sentence else where,))
    yield Items(tuple(lines), numbered=True)
    shown = [part for (line,) in lines for part in line if isinstance(part, Equation)]
    if any(part.right is None for part in shown) and all(p.exact for p in points):
        yield Paragraph(("The exact expressions are long; the full report has them.",))
    if len(groups) > MOST:
        yield Paragraph((f"… and {len(groups) - MOST} more.",))


def _by_cases(report: ReportRecord, cases: Sequence[CriticalPoint], digits: int) -> Line:
    """What one expression is a point of, under the conditions of each case, and the loss there."""
    if not any(p.conditions for p in cases):
        return _described(report, cases[0], digits)
    kinds = {p.kind: [q for q in cases if q.kind == p.kind] for p in cases}
    sentence = [
        f"{'unclassified' if kind == 'unclassified' and len(kinds) > 1 else _kind(same[0])} {when(report.problem, same)}".strip()
        for kind, same in kinds.items()
    ]
    value = height(report.problem, cases[0], digits)
    said = "; ".join(filter(None, sentence))  # a point of no known kind, everywhere, has nothing said of it
    return ((f"{said}; loss " if said else "loss "), *value) if value else (said,) if said else ()


def _kind(point: CriticalPoint) -> str:
    return "" if point.kind == "unclassified" else point.kind


def _described(report: ReportRecord, point: CriticalPoint, digits: int) -> Line:
    """The kind of a point and the loss there."""
    value = height(report.problem, point, digits)
    kind = _kind(point)
    return (kind, ", loss " if kind else "loss ", *value) if value else (kind,) if kind else ()


def _trust(report: ReportRecord) -> str:
    """How many statements stand behind the answer, by whose word."""
    counts = {t: sum(s.trust == t for s in report.verdict.statements) for t in TRUSTED}
    sentence = [f"{n} {TRUSTED[t]}" for t, n in counts.items() if n]
    return f"Statements: {', '.join(sentence)}." if sentence else "Nothing more is claimed."


def _further(report: ReportRecord) -> str:
    if not ON_COMMAND_LINE.get():
        return "More: to_text(full=True), to_text(steps=True), plot()."
    numbers = report.problem.level == "matrix" and report.problem.catalogue is not None and report.problem.data is None
    data = " --data FILE --target COL (numbers for your data)," if numbers else ""
    return f"More:{data} --full, --steps, --plot FILE, --json."
