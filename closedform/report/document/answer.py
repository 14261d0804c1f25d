"""The first lines of every report: the verdict in plain words, for the optimum first and then for the other points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from closedform.points import SOUGHT, CriticalPoint
from closedform.report.document.blocks import Answer, Equation, Inline, Line
from closedform.report.document.points import coordinate, height, names_of, separated, together, when
from closedform.report.document.textbook import conditions
from closedform.report.expressions import text_of
from closedform.report.record import ReportRecord

if TYPE_CHECKING:
    from closedform.ladder.verdict import Topic

HOW = {
    "rational": "by arithmetic alone",
    "radical": "in radicals",
    "elementary": "with exp, log and radicals",
    "lambert_w": "with Lambert's W function",
    "special": "with special functions",
    "linear_algebra": "by linear algebra: products, inverses, linear solves",
    "spectral": "by an eigenvalue or singular value decomposition",
    "piecewise": "by cases: min, max, sorting, thresholds",
}
EXCLUDED: dict[Topic, str] = {
    "not radical": "in radicals",
    "not elementary": "made of arithmetic, exp and log",
    "not liouvillian": "made of arithmetic, radicals, exp, log and integrals",
    "not differentially algebraic": "made of arithmetic, radicals, exp, log, integrals, Lambert's W or any other "
    "function that satisfies an algebraic differential equation",
}
_RANK = {topic: rank for rank, topic in enumerate(EXCLUDED)}
SOUGHT_STEM = {"min": "minim", "max": "maxim"}  # of minimum, minimiser, maximum, maximiser
MANY = 8  # unknowns after which only the first ones are shown
DIGITS = 12  # of numbers in sentences


def answer(report: ReportRecord, digits: int = DIGITS) -> Answer:
    """The verdict, the formula or the place of the optimum, and why there is none where there is none."""
    verdict = report.verdict
    sought = SOUGHT_STEM[report.problem.sense]
    lines = [*_formula(report)] if report.formula is not None else [*_optimum(report, digits)]
    lines += [(_verdict(report),)] if report.formula is None else []
    without = [s.text for s in verdict.statements if s.topic == "no minimum"]
    if without and verdict.minimiser in (None, "no_critical_point"):
        lines.append((f"There is no global {sought}um: {min(without, key=len).rstrip('.')}.",))
    elif verdict.minimiser is not None and verdict.minimiser != verdict.outcome:
        lines.append((_of_the_optimum(report),))
    if not optima(report):
        lines += [(sentence(s.text),) for s in verdict.statements if s.topic == "attained"]
    lines += [(sentence(s.text),) for s in verdict.statements if s.topic in ("convex", "period", "interval", "family")]
    if not report.raw.points and report.formula is None and not without:  # no problem in numbers ends without a number
        lines += [(sentence(s.text),) for s in verdict.statements if s.topic == "search"]
    if report.refused:
        lines.append((f"FAULT: our own kernel refused a certificate: {'; '.join(report.refused)}",))
    if report.faults:
        lines.append((f"FAULT: our own audit withdrew a claim: {'; '.join(report.faults)}",))
    return Answer(
        verdict.outcome,
        tuple(lines),
        "" if verdict.minimiser in (None, verdict.outcome) else verdict.minimiser,
        f"{sought}um",
    )


def iteration(report: ReportRecord) -> str:
    """What the solver's iteration came to on the data, where it was run and converged; empty otherwise."""
    run = report.computed
    if run is None or run.iterations is None:
        return ""
    steps = f"{run.iterations} step{'s' * (run.iterations != 1)} on your data"
    lead = "No formula; report.solver()" if report.verdict.minimiser == "not_closed" else "report.solver()"
    where = ""
    if not report.raw.points and all(isinstance(v, float) for v in run.values.values()):
        shown = list(run.values.items())[:MANY]
        where = f", at {', '.join(f'{u} = {v:.10g}' for u, v in shown)}{', …' if len(run.values) > MANY else ''}"
    if not run.converged:
        seen = any(s.topic in ("search", "no minimum") for s in report.verdict.statements)
        far = f"report.solver() did not converge: after {steps} the loss is {run.loss:.10g}{where}"
        return "" if seen else f"{far}; there may be no minimum."
    return f"{lead} iterates: {steps}, to the loss {run.loss:.10g}{where}."


def sentence(text: str, names: tuple[str, ...] = ()) -> str:
    """The text as a full sentence; a first word that is a name stays as it is.

    >>> sentence("the loss is convex"), sentence("x = 2 is a root."), sentence("lambda is positive", ("lambda",))
    ('The loss is convex.', 'x = 2 is a root.', 'lambda is positive.')
    """
    first = text.split(" ", 1)[0].rstrip(",:;")
    if first.isalpha() and first.islower() and (len(first) > 1 or first == "a") and first not in names:
        text = text[0].upper() + text[1:]
    return text if text.endswith((".", ":")) else f"{text}."


def thing(report: ReportRecord) -> str:
    """What is looked for: a loss has critical points, equations have solutions."""
    return "critical point" if report.problem.loss is not None else "solution"


def where_it_holds(report: ReportRecord) -> str:
    """``, where a != 0``: the parameters for which the list is the whole list; empty where that is all of them."""
    needed = list(dict.fromkeys(c for s in report.verdict.statements for c in s.exceptions))
    return f", where {' and '.join(conditions(report.problem, needed))}" if needed else ""


def optima(report: ReportRecord) -> list[CriticalPoint]:
    """The global optima; else those on the edge of the domain."""
    for kind in SOUGHT[report.problem.sense]:
        if found := [p for p in report.raw.points if p.kind == kind]:
            return found
    return []


# -- the verdict ------------------------------------------------------------------------------------------------------


def _verdict(report: ReportRecord) -> str:
    verdict, points = report.verdict, report.raw.points
    what, how = thing(report), HOW.get(verdict.expression_class or "", "")
    merged = together(points)
    exact, listed = sum(cases[0].exact is not None for cases in merged), len(merged)
    if verdict.outcome == "closed" and verdict.scope == "formula":
        turns = any(s.topic == "period" for s in verdict.statements)
        if points and not report.complete and not turns:  # only one turn of sin or cos, or special data left aside
            return (
                f"Each {what} listed has a formula {_everywhere(report)}, {how}; that there are no others is not said."
            )
        return f"Every {what} has a formula {_everywhere(report)}, {how}{where_it_holds(report)}."
    if verdict.outcome == "closed":
        edge = any(p.kind.startswith("boundary") or p.note.startswith("on the edge") for p in points)
        named = bool(optima(report)) and not edge
        rest = (
            "" if not is_whole(report) else "inside the domain there are no others" if edge else "there are no others"
        )
        return _all_exact(_counted(points, "point" if edge else what), len(points), how, rest, named)
    if verdict.outcome == "partly_closed" and exact == listed:
        many = f"The {what} listed has" if exact == 1 else f"The {exact} {what}s listed have"
        return f"{many} an exact expression, {how}; whether there are others is open."
    if verdict.outcome == "partly_closed":
        excluded = excluded_classes(report)
        rest = f"the others have none {excluded}" if excluded else "of the others this is open, or they have none"
        have = "has" if exact == 1 else "have"
        return f"{exact} of the {listed} {what}s {have} an exact expression, {how}; {rest}."
    if verdict.outcome == "no_critical_point":
        why = next((s.text for s in verdict.statements if s.topic == "nowhere"), "")
        if not why and report.problem.loss is not None:
            why = "the gradient vanishes nowhere in the domain"
        return f"There is no {what}: {why or 'the equations are met nowhere in the domain'}{where_it_holds(report)}."
    if verdict.outcome == "not_closed":
        return _none(report, what)
    cut = any(a.outcome == "timeout" and "memory" not in a.reason for a in report.attempts)
    short = "; the time was up before all was tried" if cut else ""
    return f"It is open whether there is a closed form: none was found, and none is excluded{short}."


def is_whole(report: ReportRecord) -> bool:
    """Is every critical point listed, none of them standing for a whole interval?"""
    return report.complete and not any(s.topic == "interval" for s in report.verdict.statements)


def _counted(points: Sequence[CriticalPoint], what: str) -> str:
    """What the listed ones are, one by one: points, or families of them."""
    families = sum(p.is_family for p in points)
    if not families:
        return what
    return f"family of {what}s" if families == len(points) else f"{what} or family"


def _all_exact(what: str, count: int, how: str, rest: str, named: bool) -> str:
    if count == 1 and not named:
        return f"It is exact, {how}."
    if count == 1:
        return f"It is the only {what}, and exact {how}." if rest else f"The {what} is exact, {how}."
    if count == 0:
        return f"Every {what} has an exact expression, {how}."
    many = f"Both {_plural(what, 2)}" if count == 2 else f"All {count} {_plural(what, count)}"
    return f"{many} are exact, {how}; {rest}." if rest else f"{many} listed are exact, {how}."


def _none(report: ReportRecord, what: str) -> str:
    excluded = excluded_classes(report)
    if not excluded:
        reasons = [s.text for s in report.verdict.statements if s.trust != "observed"]
        return f"There is no closed form: {reasons[0].rstrip('.')}." if reasons else "There is no closed form."
    if report.verdict.scope == "formula":
        best = report.verdict.minimiser == "not_closed"
        subject = f"the global {SOUGHT_STEM[report.problem.sense]}iser" if best else f"every {what}"
        return f"No formula {excluded} gives {subject} {_everywhere(report)}."
    count = len(report.raw.points)
    if count == 1 and is_whole(report):
        return f"It is the only {what}, and has no expression {excluded}."
    return (
        f"None of the {count} {what}s has an expression {excluded}."
        if count > 1
        else (f"No {what} has an expression {excluded}.")
    )


def excluded_classes(report: ReportRecord) -> str:
    """In words, the largest class that is excluded for every point without an exact expression.

    Statements about several points may exclude different classes: then only what all of them exclude is said.
    """
    found = [s for s in report.verdict.statements if s.topic in EXCLUDED and s.trust != "observed"]
    found.sort(key=lambda s: _RANK[s.topic])
    several = sum(p.exact is None for p in report.raw.points) > 1
    firm = [s for s in found if not s.assuming]
    kept = [(firm or found)[0 if several else -1]] if found else []
    if not several:
        kept += [s for s in found[-1:] if s.assuming and firm and _RANK[s.topic] > _RANK[firm[-1].topic]]
    return ", nor ".join(
        EXCLUDED[s.topic] + (f" (assuming {' and '.join(s.assuming)})" if s.assuming else "") for s in kept
    )


def _everywhere(report: ReportRecord) -> str:
    """Over what a formula runs: all data, or all values of a few named parameters."""
    problem = report.problem
    if problem.level == "scalar" and problem.data is None and 0 < len(problem.parameters) <= 3:
        return f"in {', '.join(problem.parameters)}"
    return "for all data"


def _of_the_optimum(report: ReportRecord) -> str:
    sought = SOUGHT_STEM[report.problem.sense]
    return {
        "closed": f"The global {sought}iser itself has a closed form.",
        "not_closed": f"The global {sought}iser is among those that have none.",
        "no_critical_point": f"There is no global {sought}iser.",
        "partly_closed": f"Some of the global {sought}isers have a closed form.",
        "undecided": f"Whether the global {sought}iser has a closed form is open.",
    }[report.verdict.minimiser or "undecided"]


# -- formula and place ------------------------------------------------------------------------------------------------


def _formula(report: ReportRecord) -> list[Line]:
    assert report.formula is not None
    how = HOW.get(report.verdict.expression_class or "", "")
    best = report.verdict.minimiser == "closed"
    subject = f"The global {SOUGHT_STEM[report.problem.sense]}iser" if best else f"The {thing(report)}"
    lines: list[Line] = [(f"{subject} has a formula {_everywhere(report)}, {how}.",)]
    lines += [("  ", Equation(u, e)) for u, e in report.formula.unknown.items()][:MANY]
    if report.formula.conditions:
        lines.append((f"This holds when {', and '.join(report.formula.conditions)}.",))
    return lines


def _optimum(report: ReportRecord, digits: int) -> list[Line]:
    best = optima(report)
    if not best:
        return _kinds(report, digits)
    whole, _ = SOUGHT[report.problem.sense]
    word = f"{SOUGHT_STEM[report.problem.sense]}um"
    subject = f"The {word}" if best[0].kind == whole else f"A {word} on the edge of the domain"
    by_cases = len({p.conditions for p in best}) > 1
    heights = {text_of(p.loss): p for p in best if p.loss is not None}
    lowest = heights[min(heights, key=len)] if heights else best[0]  # one value, in its shortest form
    value = height(report.problem, lowest, digits) if not by_cases or len(heights) <= 1 else ()
    rounded = bool(value) and isinstance(value[0], str)
    opening: list[Inline] = [subject, " " if rounded else " is ", *value] if value else [subject]
    points = together(best)
    if len(points) > 3:
        told = f"{len(points)} points"
        if any(p.conditions or p.numeric is None for p in best):
            told = f"the points listed below{', under their conditions' if any(p.conditions for p in best) else ''}"
        return [(*opening, f"{',' if value else ' is'} reached at {told}.")]
    if len(names_of(best[0])) > 4:
        return [(*opening, f"{',' if value else ' is'} reached at the point listed below.")]
    line: list[Inline] = [*opening, ", at " if value else " is reached at "]
    for i, cases in enumerate(points):
        line += [", and at " if by_cases else " and at "] if i else []
        line += separated([coordinate(cases[0], u, digits) for u in names_of(cases[0])])
        line += [f" {when(report.problem, cases)}".rstrip()] if by_cases else []
    where = [] if by_cases else conditions(report.problem, best[0].conditions)
    return [(*line, f", when {', and '.join(where)}." if where else ".")]


def _kinds(report: ReportRecord, digits: int) -> list[Line]:
    """What there is when no optimum over the whole domain is known."""
    points = report.raw.points
    if not points:
        return []
    if len(points) == 1 and len(names_of(points[0])) <= 4:
        (point,) = points
        where = separated([coordinate(point, u, digits) for u in names_of(point)])
        only = "The only" if is_whole(report) else "A"
        given = conditions(report.problem, point.conditions)
        under = f", when {', and '.join(given)}" if given else ""
        if point.kind == "unclassified":
            return [(f"{only} {_counted([point], thing(report))} is at ", *where, f"{under}.")]
        return [(f"{only} {thing(report)}, at ", *where, f", is {KINDS.get(point.kind, point.kind)}{under}.")]
    if report.problem.loss is None and all(p.kind == "unclassified" for p in points):
        return [(f"There are {len(points)} solutions." if report.complete else f"Solutions found: {len(points)}.",)]
    if any(p.conditions for p in points):
        count = len(together(points))
        are = "is one expression" if count == 1 else f"are {count} expressions"
        return [(f"There {are} for {thing(report)}s; what each is of, and when, stands below.",)]
    tally = [(kind, sum(p.kind == kind for p in points)) for kind in dict.fromkeys(p.kind for p in points)]
    return [(f"Critical points found: {', '.join(f'{n} {_plural(kind, n)}' for kind, n in tally)}.",)]


KINDS = {
    "local minimum": "a local minimum",
    "saddle": "a saddle",
    "local maximum": "a local maximum",
    "global maximum": "the global maximum",
    "global minimum": "the global minimum",
}


def _plural(kind: str, count: int) -> str:
    if count == 1 or kind in ("degenerate", "unclassified"):
        return kind
    if "family" in kind:
        return kind.replace(" or family", "s or families").replace("family of", "families of")
    return f"{kind[:-2]}a" if kind.endswith("um") else f"{kind}s"
