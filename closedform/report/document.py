"""The neutral document: what a report says, in blocks that know nothing of terminals, HTML or LaTeX.

``compose`` is the only place that decides what is told, in which order and in which words; the renderers decide how
it looks. The first block answers the question; everything after it says why one may believe the answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from closedform.points import SOUGHT
from closedform.report.blocks import (
    Answer,
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
    Table,
    with_carets,
)
from closedform.report.numbers import newton_steps
from closedform.report.points import coordinate, description, height, names_of, place, row, separated
from closedform.report.written import text_of

if TYPE_CHECKING:
    from closedform.report.model import Report


CLASS_WORDS = {
    "rational": "by + - * / alone",
    "radical": "in radicals",
    "elementary": "with exp, log and radicals",
    "lambert_w": "with Lambert's W function",
    "special": "with special functions",
    "linear_algebra": "by linear algebra: products, inverses, linear solves",
    "spectral": "by an eigenvalue or singular value decomposition",
    "piecewise": "by cases: min, max, sorting, thresholds",
}
_SOUGHT = {"min": ("minim", "convex", "local maximum"), "max": ("maxim", "concave", "local minimum")}
HIDDEN = frozenset(
    ("refused", "fault", "newton", "logarithms", "passed over")
)  # details that are shown elsewhere, or told by a statement
BRIEF = 160  # characters of the reason why something failed
FEW = 3  # unknowns that are listed under each other; more make a table
MANY = 8  # unknowns or critical points after which the long form gives way to a table


def compose(report: Report, steps: bool = False) -> Document:
    """The document of a report; with ``steps`` also the iterations of Newton's method."""
    source = report.problem.source
    title = source if len(source) <= 200 else source[:199] + "…"
    return Document(title, tuple(with_carets(block) for block in _blocks(report, steps)))


def _blocks(report: Report, steps: bool) -> Iterator[Block]:
    yield _answer(report)
    yield from _question(report)
    if report.formula is not None:
        yield from _formula(report)
    if report.critical_points:
        yield from _points(report)
    if report.verdict.statements:
        yield Heading("What is claimed, and on whose word")
        yield Claims(report.verdict.statements)
    yield from _details(report, steps)
    if report.formula is not None and report.formula.numpy:
        yield Heading("A function that computes it: report.function()")
        yield Code(report.formula.numpy)
    if report.attempts:
        yield Heading("What was tried")
        rows = [
            (_rung(a.strategy), a.outcome.replace("_", " "), _brief(a.reason), f"{a.seconds:.2f} s")
            for a in report.attempts
        ]
        told = [r for r in rows if r[1] != "declined"]
        if told:
            yield Table((), tuple(told))
        passed = dict.fromkeys(r[0].rpartition(" > ")[2] for r in rows if r[1] == "declined")
        if passed:
            yield Paragraph((f"Not for this kind of problem: {', '.join(passed)}.",))
    yield Heading("")
    yield Paragraph((_closing(report),))


def _rung(path: str) -> str:
    """The place of an attempt in the climb, without the numbers of the parts that a reduction made.

    >>> _rung("sufficient statistics > 0 > profile of the loss > 0 > linear system")
    'sufficient statistics > profile of the loss > linear system'
    """
    return " > ".join(step for step in path.split(" > ") if not step.isdigit())


def _brief(reason: str) -> str:
    return reason if len(reason) <= BRIEF else reason[: BRIEF - 1] + "…"


# -- the answer ---------------------------------------------------------------------------------------------------


def _answer(report: Report) -> Answer:
    verdict = report.verdict
    how = CLASS_WORDS.get(verdict.expression_class or "", "")
    lines = list[Line]()
    if verdict.outcome == "closed" and verdict.scope == "formula":
        lines.append((f"Yes: one formula gives the answer for all data, {how}.",))
    elif verdict.outcome == "closed":
        lines.append((f"Yes: every real {_thing(report)} has an exact expression, {how}.",))
    elif verdict.outcome == "partly_closed" and not report.complete and all(p.exact for p in report.critical_points):
        lines.append(
            (f"In part: the {_thing(report)}s listed have an exact expression; about others nothing is claimed.",)
        )
    elif verdict.outcome == "partly_closed":
        lines.append(
            (
                f"In part: some {_thing(report)}s have an exact expression; the others are shown to have none of "
                "the kinds that the statements below name.",
            )
        )
    elif verdict.outcome == "no_critical_point":
        vanish = "the gradient vanishes" if report.problem.loss is not None else "the equations are met"
        lines.append((f"There is nothing to solve for: {vanish} nowhere in the domain.",))
    elif verdict.outcome == "not_closed":
        general = verdict.scope == "formula"
        subject = "no formula gives the answer for all data" if general else "there is no closed form"
        lines.append((f"No: {subject}, of the kinds that the statements below name.",))
    else:
        lines.append(("Not decided: neither a closed form nor a proof that there is none was found.",))
    lines += _formula_lines(report) if report.formula is not None else _minimum_lines(report)
    sought, bending, other = _SOUGHT[report.problem.sense]
    bent = next((p.kind for p in report.critical_points if p.kind in ("saddle", other) and p.inertia), None)
    if bent is not None:
        lines.append((f"The loss is not {bending}: it has a {bent}.",))
    if verdict.minimiser is not None and verdict.minimiser != verdict.outcome:
        word = {
            "closed": f"The global {sought}iser itself has a closed form.",
            "not_closed": f"The global {sought}iser is among those that have none.",
            "no_critical_point": f"No global {sought}iser exists.",
            "partly_closed": f"Of the global {sought}isers some have a closed form.",
            "undecided": f"Whether the global {sought}iser has a closed form is not decided.",
        }[verdict.minimiser]
        lines.append((word,))
    if report.refused:
        lines.append((f"FAULT: our own kernel refused a certificate: {'; '.join(report.refused)}",))
    withdrawn = report.details.get("fault")
    if isinstance(withdrawn, tuple):
        lines.append((f"FAULT: our own audit withdrew a claim: {'; '.join(map(str, withdrawn))}",))
    return Answer(verdict.outcome, tuple(lines))


def _thing(report: Report) -> str:
    """What is looked for: a loss has critical points, equations have solutions."""
    return "critical point" if report.problem.loss is not None else "solution"


def _formula_lines(report: Report) -> list[Line]:
    assert report.formula is not None
    lines = list[Line]([(Equation(u, e),) for u, e in report.formula.unknown.items()][:MANY])
    if report.formula.conditions:
        lines.append((f"when {', and '.join(report.formula.conditions)}.",))
    return lines


def _minimum_lines(report: Report) -> list[Line]:
    whole, edge = SOUGHT[report.problem.sense]
    word = f"{_SOUGHT[report.problem.sense][0]}um"
    minima, subject = [p for p in report.critical_points if p.kind == whole], f"The {word}"
    if not minima:
        minima = [p for p in report.critical_points if p.kind == edge]
        subject = f"A {word} on the edge of the domain"
    if not minima:
        return _kinds(report)
    first = minima[0]
    value = height(report.problem, first)
    value = (" (", *value, ")") if value else ()
    if len(minima) > 3:
        return [(subject, *value, f" is reached at {len(minima)} points.")]
    if len(names_of(first)) > 4:
        return [(subject, *value, " is reached at the point listed below.")]
    line: list[Inline] = [subject, *value, " is reached at "]
    for i, p in enumerate(minima):
        line += [" and at "] if i else []
        line += separated([coordinate(p, u, 12) for u in names_of(p)])
    return [(*line, ".")]


def _kinds(report: Report) -> list[Line]:
    """What there is when no optimum over the whole domain is known."""
    points = report.critical_points
    if not points:
        return []
    if len(points) == 1 and len(names_of(points[0])) <= 4:
        (point,) = points
        place = separated([coordinate(point, u, 12) for u in names_of(point)])
        kind = _KIND_WORDS.get(point.kind, point.kind)
        if report.problem.loss is None and point.kind == "unclassified":
            return [("The one solution found is ", *place, ".")]
        return [(f"The one {_thing(report)} found, at ", *place, f", is {kind}.")]
    if report.problem.loss is None and all(p.kind == "unclassified" for p in points):
        return [(f"Solutions found: {len(points)}.",)]
    tally = [(kind, sum(p.kind == kind for p in points)) for kind in dict.fromkeys(p.kind for p in points)]
    return [(f"Critical points found: {', '.join(f'{n} {_plural(kind, n)}' for kind, n in tally)}.",)]


def _plural(kind: str, count: int) -> str:
    if count == 1 or kind in ("degenerate", "unclassified"):
        return kind
    return f"{kind[:-2]}a" if kind.endswith("um") else f"{kind}s"


# -- the question -------------------------------------------------------------------------------------------------


def _question(report: Report) -> Iterator[Block]:
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
    for u, g in list(report.gradient.items())[:MANY]:
        rows.append((f"d/d{u}", Math(g)))
    if len(report.gradient) > MANY:
        rows.append(("", f"… and {len(report.gradient) - MANY} more derivatives (all are in the JSON)"))
    if not report.gradient:
        rows += [("equation", Equation(e, 0)) for e in report.equations[:MANY]]
    if report.hessian is not None and len(report.hessian) == 1:
        rows.append(("second derivative" if problem.level != "matrix" else "Hessian", Math(report.hessian[0][0])))
    for note in problem.notes:
        rows.append(("note", note))
    yield Table((), tuple(rows))


# -- the formula --------------------------------------------------------------------------------------------------

_KIND_WORDS = {
    "local minimum": "a local minimum",
    "saddle": "a saddle",
    "local maximum": "a local maximum",
    "global maximum": "the global maximum",
    "global minimum": "the global minimum",
    "unclassified": "not classified",
}
COST_WORDS = {"flops": "operations", "memory": "memory (numbers held)", "order": "order"}


def _formula(report: Report) -> Iterator[Block]:
    """What the answer's first lines leave out: why the formula gives a minimum, and what it costs."""
    formula = report.formula
    assert formula is not None
    rows = list[tuple[Inline, ...]]()
    if formula.convexity:
        rows.append((f"why a {_SOUGHT[report.problem.sense][0]}um", formula.convexity))
    for key, value in formula.cost.items():
        rows.append((COST_WORDS.get(key, key.replace("_", " ")), value if key == "order" else Math(value)))
    if rows:
        yield Heading("The formula")
        yield Table((), tuple(rows))
    if len(formula.unknown) > MANY:
        for u, e in formula.unknown.items():
            yield Paragraph((Equation(u, e),))


# -- critical points ----------------------------------------------------------------------------------------------


def _points(report: Report) -> Iterator[Block]:
    points = report.critical_points
    count = f"{len(points)}{_no_others(report)}"
    complex_count, real_count = report.counts.get("complex"), report.counts.get("real")
    yield Heading(f"{_thing(report).capitalize()}s ({count})")
    if complex_count is not None:
        some = "" if real_count is None else f", {real_count} of them real"
        real = ", all real" if real_count == complex_count else some
        plural = "s" * (complex_count != 1)
        yield Paragraph((f"The equations have {complex_count} distinct complex solution{plural}{real}.",))
    elif not report.complete:
        yield Paragraph(("There may be others: it is not proved that the list is complete.",))
    if len(names_of(points[0])) > FEW:
        for p in points[:MANY]:
            yield Paragraph(description(report.problem, p))
            yield Table(("unknown", "value", "within", "exactly"), tuple(row(p, u) for u in names_of(p)))
        if len(points) > MANY:
            yield Paragraph((f"… and {len(points) - MANY} more (all are in the JSON).",))
        return
    items = list[tuple[Line, ...]]()
    for p in points[: 3 * MANY]:
        lines = [place(p, u) for u in names_of(p)]
        extra: list[Line] = [(f"where {', '.join(p.conditions)}",)] if p.conditions else []
        if p.note:
            extra.append((p.note,))
        items.append((description(report.problem, p), *lines, *extra))
    yield Items(tuple(items), numbered=True)
    if len(points) > 3 * MANY:
        yield Paragraph((f"… and {len(points) - 3 * MANY} more (all are in the JSON).",))


def _no_others(report: Report) -> str:
    """On whose word the list is complete: a certificate's, which says so of these very unknowns, or a theorem's."""
    if not report.complete:
        return ""
    own = list(report.problem.unknowns)
    for c in report.certificates:
        if c.claim.get("complete") is True and c.statement.get("unknowns") == own:
            return ", and it is proved that there are no others"
    return ", and there are no others (derived)"


# -- the rest -----------------------------------------------------------------------------------------------------


def _details(report: Report, steps: bool) -> Iterator[Block]:
    """Extras by name: text becomes a paragraph, a mapping a table of pairs, a sequence of rows a table."""
    if steps:
        yield from _newton(report)
    small = list[tuple[Inline, ...]]()
    for name, value in report.details.items():
        title = name.replace("_", " ")
        if name in HIDDEN:
            continue
        if isinstance(value, float):
            small.append((title, f"{value:.6g}"))
        elif isinstance(value, str | int) and len(str(value)) <= BRIEF:
            small.append((title, str(value)))
        else:
            yield Heading(title.capitalize())
            yield from _detail(value)
    if small:
        yield Heading("Also known")
        yield Table((), tuple(small))


def _newton(report: Report) -> Iterator[Block]:
    """The steps that were taken while solving, or else those that lead to the best point that was found."""
    taken: object = report.details.get("newton")
    whole, edge = SOUGHT[report.problem.sense]
    ranked = sorted(report.critical_points, key=lambda p: (p.kind != whole, edge.split()[-1] not in p.kind))
    yield Heading("Newton's steps")
    if not taken and ranked:
        taken = newton_steps(report.problem, ranked[0], report.digits)
    if taken:
        yield from _detail(taken)
    else:
        yield Paragraph(("None: there is no point in numbers that Newton's method could go to.",))


def _detail(value: object) -> Iterator[Block]:
    if isinstance(value, Mapping):
        yield Table((), tuple((str(k).replace("_", " "), _cell(v)) for k, v in value.items()))
    elif isinstance(value, list | tuple) and value and all(isinstance(r, Mapping) for r in value):
        header = tuple(str(k) for k in value[0])
        yield Table(header, tuple(tuple(_field(r, k) for k in header) for r in value))
    elif isinstance(value, list | tuple) and value and all(isinstance(r, list | tuple) for r in value):
        yield Table((), tuple(tuple(_cell(c) for c in r) for r in value))
    elif isinstance(value, list | tuple):
        yield Items(tuple(((_cell(v),),) for v in value))
    else:
        yield Paragraph((_cell(value),))


def _field(row: Mapping[str, object], key: str) -> Inline:
    value = row.get(key, "")
    if key == "polynomial" and isinstance(value, list | tuple):
        return Math(polynomial(str(row.get("unknown", "x")), [str(c) for c in value]))
    return _cell(value)


def polynomial(unknown: str, coefficients: Sequence[str]) -> str:
    """The polynomial with these coefficients, the constant one first, as text.

    >>> polynomial("t", ["-5", "1", "0", "-1"])
    '-t^3 + t - 5'
    """
    out = ""
    for degree in range(len(coefficients) - 1, -1, -1):
        c = coefficients[degree]
        if c == "0":
            continue
        size, power = c.lstrip("-"), f"{unknown}^{degree}" if degree > 1 else unknown
        term = size if degree == 0 else power if size == "1" else f"{size}*{power}"
        sign = ("-" if c.startswith("-") else "") if not out else " - " if c.startswith("-") else " + "
        out += sign + term
    return out or "0"


def _cell(value: object) -> Inline:
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "not known"}[value]
    if isinstance(value, list | tuple):
        return ", ".join(str(v) for v in value)
    return Math(value) if hasattr(value, "free_symbols") else str(value)


def _closing(report: Report) -> str:
    number = len(report.certificates)
    kept = "no certificate" if not number else f"{number} certificate{'s' * (number > 1)}, checked by the kernel"
    return f"{kept}; {report.seconds:.2f} s, {report.digits} digits."
