"""The neutral document: what a report says, in blocks that know nothing of terminals, HTML or LaTeX.

``compose`` is the only place that decides what is told, in which order and in which words; the renderers decide how
it looks. The first block answers the question; everything after it says why one may believe the answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from closedform.reading.data.handed import is_listed, is_mapping
from closedform.report.document.answer import (
    DIGITS,
    MANY,
    SOUGHT_STEM,
    answer,
    iteration,
    sentence,
    thing,
    where_it_holds,
)
from closedform.report.document.blocks import (
    Block,
    Claims,
    Code,
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
from closedform.report.document.points import description, equation, names_of, row
from closedform.report.document.textbook import conditions, gradient, namesakes
from closedform.report.expressions import text_of
from closedform.report.record import DEFAULT_DIGITS, ReportRecord

if TYPE_CHECKING:
    from closedform.ladder.verdict import Statement


BRIEF = 160  # characters of the reason why something failed
WHOLE_LINE = {"every critical point of the line", "every solution of the line"}  # theorems by which nothing is left out
FEW = 3  # unknowns that are listed under each other; more make a table


def compose(report: ReportRecord, steps: Sequence[Block] = (), digits: int | None = None) -> Document:
    """The whole document of a report, with the ``steps`` that led to the answer where they are wanted.

    Numbers have ``digits`` digits; without, all that were worked out, each with its proved radius.
    """
    source = report.problem.source
    title = source if len(source) <= 200 else source[:199] + "…"
    return Document(title, tuple(in_language(block) for block in _blocks(report, steps, digits)))


def _blocks(report: ReportRecord, steps: Sequence[Block], digits: int | None) -> Iterator[Block]:
    yield answer(report, _in_sentences(report, digits))
    if report.raw.points:
        yield from _points(report, digits)
    if report.formula is not None:
        yield from _formula(report)
    yield from _question(report)
    if report.verdict.statements:
        yield Heading("What is claimed, and on whose word")
        yield Claims(_as_sentences(report))
    yield from steps
    yield from _computed(report)
    if report.formula is not None and report.formula.numpy:
        yield Heading("A function that computes it: report.function()")
        yield Code(report.formula.numpy)
    if report.attempts:
        yield Heading("What was tried")
        rows = [
            (_strategies_of(a.strategy), a.outcome.replace("_", " "), _brief(a.reason), f"{a.seconds:.2f} s")
            for a in report.attempts
        ]
        tried = [r for r in rows if r[1] != "declined"]
        if tried:
            yield TableBlock((), tuple(tried))
        passed = dict.fromkeys(r[0].rpartition(" > ")[2] for r in rows if r[1] == "declined")
        if passed:
            yield Paragraph((f"Not for this kind of problem: {', '.join(passed)}.",))
    yield Heading("")
    if iterated := iteration(report):
        yield Paragraph((iterated,))
    yield Paragraph((_closing(report),))


def _as_sentences(report: ReportRecord) -> tuple[Statement, ...]:
    names = (*report.problem.unknowns, *report.problem.parameters)
    return tuple(replace(s, text=sentence(s.text, names)) for s in report.verdict.statements)


def _strategies_of(path: str) -> str:
    """The strategies that led to an attempt, without the numbers of the parts that a reduction made.

    >>> _strategies_of("sufficient statistics > 0 > profile of the loss > 0 > linear system")
    'sufficient statistics > profile of the loss > linear system'
    """
    return " > ".join(step for step in path.split(" > ") if not step.isdigit())


def _brief(reason: str) -> str:
    return reason if len(reason) <= BRIEF else reason[: BRIEF - 1] + "…"


# -- the question -------------------------------------------------------------------------------------------------


def _question(report: ReportRecord) -> Iterator[Block]:
    problem = report.problem
    yield Heading("The question")
    rows = list[tuple[Inline, ...]]()
    if problem.loss is not None:
        rows.append(("loss" if problem.sense == "min" else "to be maximised", Math(problem.loss)))
    for c in problem.constraints:
        rows.append(("subject to", Math(c)))
    names = list(problem.unknowns[:MANY])
    if len(problem.unknowns) > MANY:
        names.append(f"… ({len(problem.unknowns)} in all)")
    rows.append(("unknown" + "s" * (len(names) > 1), ", ".join(names)))
    if problem.relations:
        rows.append(("where", ", ".join(text_of(r) for r in problem.relations)))
    for u, g in list(gradient(problem, report.raw.gradient).items())[:MANY]:
        rows.append((f"d/d{u}", Math(g)))
    if len(report.raw.gradient) > MANY:
        rows.append(("", f"… and {len(report.raw.gradient) - MANY} more derivatives (all are in the JSON)"))
    if not report.raw.gradient:
        rows += [("equation", Equation(e, 0)) for e in report.raw.equations[:MANY]]
    if report.raw.hessian is not None and len(report.raw.hessian) == 1:
        rows.append(("second derivative" if problem.level != "matrix" else "Hessian", Math(report.raw.hessian[0][0])))
    if named := namesakes(problem):
        rows.append(("where", named))
    for note in problem.notes:
        rows.append(("note", note))
    yield TableBlock((), tuple(rows))


# -- the formula --------------------------------------------------------------------------------------------------

COST_WORDS = {"flops": "operations", "memory": "memory (numbers held)", "order": "order"}


def _formula(report: ReportRecord) -> Iterator[Block]:
    """What the answer's first lines leave out: why the formula gives a minimum, and what it costs."""
    formula = report.formula
    assert formula is not None
    rows = list[tuple[Inline, ...]]()
    if formula.convexity:
        rows.append((f"why a {SOUGHT_STEM[report.problem.sense]}um", formula.convexity))
    for key, value in formula.cost.items():
        rows.append((COST_WORDS.get(key, key.replace("_", " ")), value if key == "order" else Math(value)))
    if rows:
        yield Heading("The formula")
        yield TableBlock((), tuple(rows))
    if len(formula.unknown) > MANY:
        for u, e in formula.unknown.items():
            yield Paragraph((Equation(u, e),))


# -- critical points ----------------------------------------------------------------------------------------------


def _in_sentences(report: ReportRecord, digits: int | None) -> int:
    """The digits of numbers in sentences: those asked for, also where every coordinate is given in full."""
    return digits or (report.digits if report.digits != DEFAULT_DIGITS else DIGITS)


def _points(report: ReportRecord, digits: int | None) -> Iterator[Block]:
    points = report.raw.points
    count = f"{len(points)}{_no_others(report)}"
    complex_count, real_count = report.counts.get("complex"), report.counts.get("real")
    yield Heading(f"{thing(report).capitalize()}s ({count})")
    if complex_count is not None:
        some = "" if real_count is None else f", {real_count} of them real"
        real = ", all real" if real_count == complex_count else some
        plural = "s" * (complex_count != 1)
        yield Paragraph((f"The equations have {complex_count} distinct complex solution{plural}{real}.",))
    elif _are_all_with_translates(report):
        yield Paragraph(("With their translates these are all.",))
    elif not report.complete:
        yield Paragraph(("There may be others: it is not proved that the list is complete.",))
    if len(names_of(points[0])) > FEW:
        for p in points[:MANY]:
            yield Paragraph(description(report.problem, p, _in_sentences(report, digits)))
            header = (
                ("unknown", "value", "exactly") if digits is not None else ("unknown", "value", "within", "exactly")
            )
            yield TableBlock(header, tuple(row(p, u, digits) for u in names_of(p)))
        if len(points) > MANY:
            yield Paragraph((f"… and {len(points) - MANY} more (all are in the JSON).",))
        return
    items = list[tuple[Line, ...]]()
    for p in points[: 3 * MANY]:
        lines = [equation(p, u, digits) for u in names_of(p)]
        extra: list[Line] = [(f"where {', '.join(conditions(report.problem, p.conditions))}",)] if p.conditions else []
        if p.note:
            extra.append((p.note,))
        items.append((description(report.problem, p, _in_sentences(report, digits)), *lines, *extra))
    yield Items(tuple(items), numbered=True)
    if len(points) > 3 * MANY:
        yield Paragraph((f"… and {len(points) - 3 * MANY} more (all are in the JSON).",))


def _are_all_with_translates(report: ReportRecord) -> bool:
    statements = report.verdict.statements
    found = {s.finding.theorem for s in statements if s.finding is not None and not s.finding.within}
    return any(s.topic == "period" for s in statements) and bool(found & WHOLE_LINE)


def _no_others(report: ReportRecord) -> str:
    """On whose word the list is complete: a certificate's, which says so of these very unknowns, or a theorem's."""
    if not report.complete:
        return ""
    if any(s.topic == "interval" for s in report.verdict.statements):
        return ", the ends of intervals"
    own = list(report.problem.unknowns)
    for c in report.certificates:
        if c.claim.get("complete") is True and c.statement.get("unknowns") == own:
            return ", and it is proved that there are no others"
    return f", and there are no others{where_it_holds(report)} (derived)"


# -- the rest -----------------------------------------------------------------------------------------------------


def _computed(report: ReportRecord) -> Iterator[Block]:
    """The numbers at the arrays, and what is known beside them."""
    if report.computed is None or not report.problem.arrays:
        return
    yield Heading("Solution")
    rows = [(key.replace("_", " "), _cell(value)) for key, value in report.computed.to_dict().items()]
    yield TableBlock((), tuple(rows))


def _cell(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "not known"}[value]
    if is_mapping(value):
        return "; ".join(f"{key}: {_cell(part)}" for key, part in value.items())
    return ", ".join(map(_cell, value)) if is_listed(value) else str(value)


def _closing(report: ReportRecord) -> str:
    number = len(report.certificates)
    kept = "no certificate" if not number else f"{number} certificate{'s' * (number > 1)}, checked by the kernel"
    return f"{kept}; {report.seconds:.2f} s, {report.digits} digits."
