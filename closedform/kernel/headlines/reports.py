"""The headlines of a report: its problem, derivatives, points, counts, formula and verdict.

The problem stands in the document as a tree; everything else is text, read here. A headline is covered when an accepted
certificate about this very problem says it, or when it follows by a computation of the kernel's own: differentiating
the problem's loss, reducing an expression to zero, Newton's test on the document's own numbers. It is refused when such
a computation, or a certificate, shows the opposite. Otherwise it is sealed only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from closedform.kernel.certificate import Certificate
from closedform.kernel.expressions.derivatives import differentiate
from closedform.kernel.ruling import COVERED, REFUSED, SEALED, Ruling
from closedform.kernel.headlines.agreement import agree
from closedform.kernel.headlines.attained import grows
from closedform.kernel.headlines.consequences import Consequences
from closedform.kernel.headlines.families import Cases, in_every_case
from closedform.kernel.headlines.kinks import rooted
from closedform.kernel.headlines.matrices.findings import alike, matrices
from closedform.kernel.headlines.optimum import worth
from closedform.kernel.headlines.reported_points import ReportedPoint
from closedform.kernel.headlines.text import CLASSES, parse
from closedform.kernel.headlines.witness import refuted
from closedform.kernel.reading import Json, Refused, mapping, refuse, sequence

OUTCOMES = ("closed", "partly_closed", "no_critical_point", "not_closed", "undecided")


def report(document: dict[str, Json], proved: Mapping[str, Certificate]) -> list[Ruling]:
    """A finding for each headline of the report."""
    out = list(_statements(document, proved))
    if not isinstance(document["complete"], bool | None):
        out.append(Ruling("complete", REFUSED, "it is true or false"))
    try:
        question = Consequences.of(mapping(document["problem"], "problem"), proved)
    except Refused as fault:
        return [*out, Ruling("problem", REFUSED, str(fault))]
    try:
        none = refuted(question, document.get("witness"), proved)
        out += matrices(document, question, *none) if question.matrix else _scalar(document, question, *none)
    except Refused as fault:
        out.append(Ruling("critical_points", REFUSED, f"they cannot be read: {fault}"))
    return out


def _statements(document: dict[str, Json], proved: Mapping[str, Certificate]) -> Iterator[Ruling]:
    """Each statement called proved needs its certificate."""
    verdict = mapping(document.get("verdict"), "verdict")
    for i, claimed in enumerate(sequence(verdict.get("statements"), "statements")):
        number = claimed.get("certificate") if isinstance(claimed, dict) else None
        if not isinstance(claimed, dict) or claimed.get("trust") != "proved":
            continue
        at, proof = f"verdict.statements[{i}]", f"certificates[{number}]"
        if proof in proved:
            yield Ruling(at, SEALED, f"in words of its own; what {proof} proves stands above")
        else:
            yield Ruling(at, REFUSED, "called proved, and no accepted certificate stands for it")


# -- scalar problems ---------------------------------------------------------------------------------------------


def _scalar(document: dict[str, Json], question: Consequences, why_none: str, least: bool) -> list[Ruling]:
    """The findings; ``why_none`` says why no formula gives the critical points for all data, ``least`` if of the least one."""
    out = list(_gradient(document, question))
    shown = enumerate(sequence(document["critical_points"], "critical_points", 2_000))
    points = [ReportedPoint(question, f"critical_points[{i}]", mapping(p, "a point")) for i, p in shown]
    for point in points:
        out += point.findings()
    known = any(p.closed for p in points) or any(f.word == COVERED for f in out if f.place.startswith("gradient"))
    out.insert(0, question.finding(why_none, known))
    complete = _complete(document, question, points)
    out += [complete] if complete is not None else []
    if complete is not None and complete.word == REFUSED:
        return out
    whole = complete is not None and complete.word == COVERED
    out += _counts(document, question, points, whole)
    out += worth(question, points, whole)
    return [*out, *_verdict(document, question, points, whole, why_none, least)]


def _gradient(document: dict[str, Json], question: Consequences) -> Iterator[Ruling]:
    """The text of each derivative, against the kernel's own."""
    shown = mapping(document.get("stationarity"), "stationarity").get("gradient")
    if question.loss is None or not isinstance(shown, dict) or not shown:
        return
    for x, slope in shown.items():
        at = f"gradient by {x}"
        try:
            if x not in question.unknowns:
                refuse(f"{x} is no unknown")
            own = differentiate(rooted(question.loss), x)
            claimed = rooted(parse(str(slope), question.names))
            inside = (*(question.domain or ()), *question.assumptions)  # beyond, |x| may have been x
            answer = agree(own, claimed, question.names, question.columns, within=inside)
            answer = alike(own, claimed, question.columns) if answer is None else answer
        except Refused as fault:
            yield Ruling(at, SEALED, str(fault)[:200])
            continue
        kinks = "" if rooted(question.loss) == question.loss else ", but at kinks"
        word = SEALED if answer is None else COVERED if answer else REFUSED
        why = f"the kernel's own derivative{kinks}" if answer else "open" if answer is None else "it is another"
        yield Ruling(at, word, why)


def _complete(document: dict[str, Json], question: Consequences, points: list[ReportedPoint]) -> Ruling | None:
    """Whether the list is proved to be complete; None where the report does not say so."""
    inner = [p for p in points if not str(p.claimed.get("kind")).startswith("boundary")]
    for name, certificate in question.lists():
        if certificate.claim["complete"] is not True or not question.same_domain(certificate):
            continue
        if sorted(map(_numbers, sequence(certificate.claim["points"], "points"))) == sorted(
            _numbers(p.claimed) for p in inner
        ):
            if document["complete"] is True:
                return Ruling("complete", COVERED, f"by {name}")
        elif "box" not in certificate.claim:  # closed, where the domain may be open: a zero on its side is not listed
            return Ruling("critical_points", REFUSED, f"they are not those of {name}, which lists all")
    if document["complete"] is not True:
        return None
    for name, certificate in question.own.items():
        if certificate.kind == "descent_direction" and question.within(certificate):
            return Ruling("complete", REFUSED if inner else COVERED, f"by {name}: there is no critical point")
        counted = certificate.claim.get("roots") if certificate.kind == "exponential_eliminant" else None
        if question.everywhere and isinstance(counted, list) and len(counted) != len(points):
            return Ruling("complete", REFUSED, f"{name} counts {len(counted)} critical points")
    if question.parameters and all(p.closed for p in points) and (why := Cases(question, points).complete()):
        return Ruling("complete", COVERED, why)
    for p in points if len(points) == 1 else ():
        if p.known and not p.claimed.get("conditions") and question.strictly_convex():
            return Ruling("complete", COVERED, "the loss is strictly convex: it has at most one critical point")
        if question.bottom(p.exact or {}, strict=True):
            return Ruling("complete", COVERED, "the loss is convex, and rises to all sides")
        if question.everywhere and p.known and p.regular() and question.convex():
            return Ruling("complete", COVERED, "the loss is convex, and strictly so at its critical point")
    proved = question.everywhere and all(p.known for p in points) and ReportedPoint.apart(points)
    left = question.numerators.candidates if proved and (points or question.holds_zero()) else None
    if left is not None and len(left) == len(points):
        return Ruling("complete", COVERED, "elimination from the derivatives leaves no more")
    return Ruling("complete", SEALED, "no certificate about this problem says so")


def _numbers(point: Json) -> str:
    """The numbers of a point, as a text to sort by: a point listed twice stands for no second one."""
    claimed = mapping(point, "a point")
    return str([sorted(v.items()) if isinstance(v := claimed.get(k), dict) else v for k in ("numeric", "radius")])


def _counts(
    document: dict[str, Json], question: Consequences, points: list[ReportedPoint], whole: bool
) -> Iterator[Ruling]:
    shown = mapping(document.get("counts", {}), "counts")
    if shown.get("real") is not None:
        inner = sum(not str(p.claimed.get("kind")).startswith("boundary") for p in points)
        claimed, exact = str(shown["real"]), whole and not question.parameters
        word = REFUSED if exact and claimed not in (str(inner), str(len(points))) else SEALED
        why = "the number of points listed" if whole else "the list is not proved complete"
        yield Ruling("counts.real", COVERED if exact and claimed == str(inner) else word, why)
    if shown.get("complex") is not None:
        claimed = ((n, mapping(c.claim.get("counts", {}), "counts").get("complex")) for n, c in question.lists())
        numbers = {str(number): n for n, number in claimed if number is not None}
        name = numbers.get(str(shown["complex"]))
        word = COVERED if name else REFUSED if numbers else SEALED
        yield Ruling("counts.complex", word, f"by {name}" if name else "no certificate has this number")


def _verdict(
    document: dict[str, Json], question: Consequences, points: list[ReportedPoint], whole: bool, none: str, least: bool
) -> Iterator[Ruling]:
    verdict = mapping(document["verdict"], "verdict")
    closed = [p.closed and (p.inside is True or bool(question.parameters)) for p in points]
    wide = [c and p.wide for c, p in zip(closed, points, strict=True)]
    refuted = [not p.closed and question.inexpressible(p.ball, p.precision) for p in points]
    outcome, word, why = verdict.get("outcome"), SEALED, "no certificate says so"
    every = whole and bool(closed) and all(closed)
    if outcome in ("closed", "partly_closed") and every:
        word = COVERED if outcome == "closed" else REFUSED
        why = "every point has its expression, and there are no others"
    elif outcome == "closed" and whole and any(refuted):
        word, why = REFUSED, "a point is proved to have no expression in radicals"
    elif outcome == "partly_closed" and any(wide):
        word, why = COVERED, "a point has its expression"
    elif outcome == "no_critical_point":
        word, why = (REFUSED, "critical points are listed") if points else (word, why)
        if whole and not points and question.open_domain():
            word, why = COVERED, "the complete list is empty, and the domain has no edge"
    elif outcome == "not_closed":
        if any(wide):
            word, why = REFUSED, "a point has its expression"
        elif whole and refuted and all(refuted):
            word, why = COVERED, "no point, or no exponential of it, is expressible in radicals"
        elif none:
            word, why = COVERED, none
    if outcome not in ("no_critical_point", "undecided") and whole and not points:
        word, why = REFUSED, "the complete list of critical points is empty"
    if outcome not in OUTCOMES:
        word, why = REFUSED, "it is no outcome"
    if outcome != "undecided":
        yield Ruling("verdict.outcome", word, f"{outcome}: {why}")
    best = [i for i, p in enumerate(points) if p.proved_best]
    claimed = verdict.get("minimiser")
    if claimed is not None:
        shown, not_closed = [points[i] for i in best if (closed if every else wide)[i]], any(refuted[i] for i in best)
        always = in_every_case(shown, question.assumptions)
        always = always or (every and bool(question.parameters) and grows(question, question.minimised))
        at_most = every and bool(shown) and not always and question.open_domain()  # no optimum is on an edge
        open_ = (False, claimed not in OUTCOMES or (bool(best) and all(wide[i] for i in best)))
        good, bad = {"closed": (always or at_most, not_closed), "not_closed": (not_closed, bool(shown) or always)}.get(
            str(claimed), open_
        )
        word = REFUSED if bad else COVERED if good or (none and least and claimed == "not_closed") else SEALED
        yield Ruling("verdict.minimiser", word, f"{claimed}{', wherever there is one' if at_most else ''}")
    classes = [p.expression_class for p in points if p.claimed.get("exact") is not None]
    claimed = verdict.get("expression_class")
    if claimed is not None:
        largest = None if None in classes else max((c for c in classes if c), key=CLASSES.index, default=None)
        word, why = COVERED if claimed == largest else SEALED, f"the expressions are {largest} as written"
        yield Ruling("verdict.expression_class", word, why)
    if document.get("formula") is not None:
        yield Ruling("formula", SEALED, "the points have their own expressions")
