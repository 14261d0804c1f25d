"""What may be said once all attempts are made, and on whose word.

Attempts are values; ``conclude`` folds those made on one system into one, and ``judge`` turns the last one into the
verdict. Nothing here looks at mathematics: it only refuses to say more than the attempts do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import field, replace
from decimal import Decimal
from typing import Any, Literal

from closedform.attempt import Attempt, Finding, Scope, Trust, finding, shifted
from closedform.expression import Node
from closedform.frozen import FrozenMap, record
from closedform.kernel.certificate import Certificate
from closedform.kernel.check import check_certificate
from closedform.kernel.reading import Refused
from closedform.points import LEAST_KINDS, CriticalPoint, Kind, largest_class
from closedform.problem import Problem

VerdictOutcome = Literal["closed", "partly_closed", "no_critical_point", "not_closed", "undecided"]

DECISIVE = ("solved", "partial", "no_critical_point", "not_closed")
_WORDS: dict[str, VerdictOutcome] = {
    "solved": "closed",
    "partial": "partly_closed",
    "no_critical_point": "no_critical_point",
    "not_closed": "not_closed",
}


SEARCHED = "least loss of a search"  # the finding that a search in floating point leaves
Topic = Literal[
    "",
    "no minimum",  # the loss has no global minimum
    "nowhere",  # it has no value at all
    "attained",  # it has one, at the listed point of least loss
    "convex",
    "period",  # the points listed stand for all their translates
    "search",  # a number that was found, where no point is listed
    "interval",  # those listed stand for all between them
    "family",  # the point listed is one of a family that the sentence describes
    "not radical",  # no expression in radicals: of the points that are shown without one, or for all data
    "not elementary",  # none from rational (for all data: from the data and algebraic) numbers by arithmetic, exp, log
    "not liouvillian",  # none with arithmetic, radicals, exp, log and integrals
    "not differentially algebraic",  # none of the former, nor any function with an algebraic differential equation
]


@record
class Statement:
    """One printed claim, with whose word it rests on.

    ``certificate`` indexes the report's certificates. ``assuming`` lists unproved hypotheses, such as Schanuel's
    conjecture; ``reference`` is the printed source of a cited theorem. ``topic`` marks a statement that the short report
    tells, too. ``exceptions`` are the conditions, such as ``a != 0``, without which nothing is said. ``finding`` is the
    same as data.
    """

    text: str
    trust: Trust
    assuming: tuple[str, ...] = ()
    reference: str = ""
    certificate: int | None = None
    topic: Topic = ""
    exceptions: tuple[str, ...] = ()
    finding: Finding | None = field(default=None, repr=False)


@record
class Verdict:
    """The answer: ``outcome`` with its class and scope, the same word for the global minimiser, and the statements.

    ``minimiser`` is None where no global minimiser is proved to exist. Every statement carries its own trust.
    """

    outcome: VerdictOutcome
    expression_class: str | None
    scope: Scope
    minimiser: VerdictOutcome | None
    statements: tuple[Statement, ...]

    def about(self, theorem: str) -> tuple[FrozenMap[str, Any], ...]:
        """What the statements by a theorem on the problem itself are about, as data."""
        found = (s.finding for s in self.statements)
        return tuple(f.about for f in found if f is not None and f.theorem == theorem and not f.within and not f.names)


def conclude(name: str, attempts: Sequence[Attempt]) -> Attempt:
    """One attempt that says what all attempts on a system say together.

    The first decisive attempt decides. An enclosure adds its points where the deciding attempt has none, and its
    statements; nothing else is merged, so no attempt can strengthen another one's claim.
    """
    deciding = next((a for a in attempts if a.outcome in DECISIVE), None)
    numbers = next((a for a in attempts if a.outcome == "enclosed" and a.points), None)
    numbers = numbers or next((a for a in attempts if a.outcome == "enclosed"), None)
    if deciding is None:
        if numbers is not None:
            return _with_search(numbers, attempts)
        tried = [a for a in attempts if a.outcome in ("failed", "timeout")]
        reason = "; ".join(f"{a.strategy}: {a.reason}" for a in tried) or "no strategy applies to this system"
        return Attempt(name, "failed", reason)
    if numbers is not None and numbers.complete and not deciding.complete and deciding.outcome in ("solved", "partial"):
        return _formulas_with_numbers(deciding, numbers)
    if numbers is None or numbers is deciding or deciding.points or deciding.outcome == "no_critical_point":
        return deciding
    shift = len(deciding.certificates)
    return replace(
        deciding,
        points=tuple(_shift_point(p, shift) for p in numbers.points),
        complete=numbers.complete,
        counts=numbers.counts if any(v is not None for v in numbers.counts.values()) else deciding.counts,
        findings=deciding.findings + shifted(numbers.findings, shift),
        certificates=deciding.certificates + numbers.certificates,
        newton=numbers.newton,
    )


def _with_search(numbers: Attempt, attempts: Sequence[Attempt]) -> Attempt:
    """The enclosure; where none of its points is a minimum, with the least loss that a search of another attempt met."""
    if any(p.kind.endswith("minimum") for p in numbers.points):
        return numbers
    seen = [f for a in attempts for f in a.findings if f.theorem == SEARCHED and f not in numbers.findings]
    return replace(numbers, findings=(*numbers.findings, *seen[:1]))


def _formulas_with_numbers(formulas: Attempt, numbers: Attempt) -> Attempt:
    """A complete list of enclosures, with the formulas that an incomplete list has for some of its points."""
    points, used = list[CriticalPoint](), set[int]()
    for q in numbers.points:
        same = [i for i, p in enumerate(formulas.points) if _meet(p, q)]
        if len(same) == 1 and formulas.points[same[0]].exact is not None:
            p = formulas.points[same[0]]
            points.append(
                replace(q, exact=p.exact, expression_class=p.expression_class, loss=p.loss, kind=_stronger(p, q))
            )
            used.add(same[0])
        else:
            points.append(q)
    if len(used) < len(formulas.points):
        return formulas
    closed = all(p.exact is not None for p in points)
    shift = len(numbers.certificates)
    return replace(
        numbers,
        strategy=formulas.strategy,
        outcome="solved" if closed else "partial",
        reason="" if closed else numbers.reason,
        points=tuple(points),
        minimiser=formulas.minimiser or numbers.minimiser,
        expression_class=formulas.expression_class,
        findings=numbers.findings + shifted(formulas.findings, shift),
        certificates=numbers.certificates + formulas.certificates,
    )


def _stronger(p: CriticalPoint, q: CriticalPoint) -> Kind:
    return p.kind if p.kind.startswith("global") or q.kind == "unclassified" else q.kind


def _meet(p: CriticalPoint, q: CriticalPoint) -> bool:
    """Do the decimals of two points agree within their radii?"""
    if (
        p.numeric is None
        or p.radius is None
        or q.numeric is None
        or q.radius is None
        or set(p.numeric) != set(q.numeric)
    ):
        return False
    return all(
        abs(Decimal(p.numeric[u]) - Decimal(q.numeric[u])) <= Decimal(p.radius[u]) + Decimal(q.radius[u])
        for u in p.numeric
    )


def _shift_point(point: CriticalPoint, by: int) -> CriticalPoint:
    return point if point.certificate is None else replace(point, certificate=point.certificate + by)


# -- what hangs together -----------------------------------------------------------------------------------------------

_ALL_TURNS = re.compile(r"translate|period|multiples? of|every integer|all integers|any integer", re.IGNORECASE)
_ALGEBRAIC = frozenset(("num", "name", "+", "*", "^", "@", "sum", "prod", "pi", "e"))


def coherent(problem: Problem, conclusion: Attempt) -> Attempt:
    """The conclusion without what its own parts contradict; it never says more than before.

    * of numbers, "every critical point is closed" needs a complete list, or a stated period (of a formula in symbols,
      that the family of critical points has one, of which no turn is left out);
    * an empty list is complete only where it is proved that there is nothing to list;
    * what is proved of a family of data is not said of a problem with numbers only (theory: T13-T15 speak of
      parameters that run over an interval);
    * complex solutions are counted for polynomial systems only, and an infinite set of solutions is not counted.
    """
    if problem.level == "matrix":
        return conclusion
    turns = any(f.of_all_turns for f in conclusion.findings) or any(
        _ALL_TURNS.search(p.note) for p in conclusion.points
    )
    whole = conclusion.complete or conclusion.formula is not None or turns
    cut = any(f.theorem == "turns are not listed" for f in conclusion.findings)
    if conclusion.outcome == "solved" and not whole and (cut or not problem.parameters):
        listed = any(p.exact is not None for p in conclusion.points)
        open_list = finding("further points are not proved absent", "observed")
        conclusion = replace(
            conclusion, outcome="partial" if listed else "failed", findings=(*conclusion.findings, open_list)
        )
    if conclusion.complete and not conclusion.points and conclusion.outcome in ("not_closed", "partial", "enclosed"):
        conclusion = replace(conclusion, complete=False)  # no list at all is no complete one
    if not problem.parameters:
        conclusion = _of_numbers(conclusion)
    return replace(conclusion, counts=_counted(problem, conclusion))


def _of_numbers(conclusion: Attempt) -> Attempt:
    """The conclusion about a problem with numbers only, without a family's theorem."""
    if conclusion.scope == "formula" and conclusion.outcome == "not_closed":
        reason = "what was proved speaks of a family of problems, and this is a single one"
        return replace(
            conclusion,
            outcome="enclosed" if conclusion.points else "failed",
            reason=reason,
            scope="instance",
            minimiser=None,
            findings=(),
            certificates=(),
            points=tuple(replace(p, certificate=None) for p in conclusion.points),
        )
    kept = tuple(f for f in conclusion.findings if f.certificate is not None or f.scope != "formula")
    return replace(conclusion, scope="instance", findings=kept)


def _counted(problem: Problem, conclusion: Attempt) -> FrozenMap[str, int | None]:
    counts = dict(conclusion.counts)
    if any(f.of_many_points for f in conclusion.findings) or any(
        p.exact is not None and _free(p) for p in conclusion.points
    ):
        counts = dict.fromkeys(counts)  # infinitely many
    roots = (problem.loss,) if problem.loss is not None else problem.equations
    if not all(_is_algebraic(root) for root in roots) and counts.get("complex") is not None:
        counts["complex"] = None
    return FrozenMap(counts)


def _free(point: CriticalPoint) -> bool:
    """Is the point a family: does a coordinate run free?"""
    return any(getattr(e, "free_symbols", ()) for e in (point.exact or {}).values())


def _is_algebraic(node: Node) -> bool:
    """Does the text write a rational function of its names, with integers as exponents?"""
    if node.head == "^":
        exponent = node.children[1].number
        return exponent is not None and exponent.denominator == 1 and _is_algebraic(node.children[0])
    return node.head in _ALGEBRAIC and all(_is_algebraic(child) for child in node.children)


@record
class Checked:
    """An attempt after the kernel has seen its certificates; ``refused`` lists its objections."""

    attempt: Attempt
    refused: tuple[str, ...]


def check(attempt: Attempt) -> Checked:
    """Show every certificate to the kernel; a statement whose certificate is refused is not shown as proved.

    "proved" without any certificate becomes "derived": the word is the kernel's to give.
    """
    verdicts = list[str | None]()
    for certificate in attempt.certificates:
        verdicts.append(_objection(certificate))
    kept, where = list[Certificate](), dict[int, int]()
    for i, certificate in enumerate(attempt.certificates):
        if verdicts[i] is None:
            where[i] = len(kept)
            kept.append(certificate)
    findings = list[Finding]()
    for f in attempt.findings:
        if f.certificate is not None and f.certificate not in where:
            findings.append(replace(f, trust="observed", certificate=None, refused=True))
        elif f.certificate is not None:
            findings.append(replace(f, certificate=where[f.certificate]))
        else:
            findings.append(replace(f, trust="derived") if f.trust == "proved" else f)
    points = tuple(
        _as_certified(p if p.certificate is None else replace(p, certificate=where.get(p.certificate)), kept)
        for p in attempt.points
    )
    refused = tuple(objection for objection in verdicts if objection is not None)
    return Checked(replace(attempt, findings=tuple(findings), certificates=tuple(kept), points=points), refused)


def _as_certified(point: CriticalPoint, certificates: Sequence[Certificate]) -> CriticalPoint:
    """The point with the radii that a certificate proves of these very numbers, where one speaks of them."""
    for certificate in certificates:
        claimed = certificate.claim.get("points") if certificate.kind == "critical_points" else None
        for entry in claimed if isinstance(claimed, list) else []:
            if isinstance(entry, dict) and point.numeric is not None and entry.get("numeric") == dict(point.numeric):
                radius = entry.get("radius")
                if isinstance(radius, dict):
                    return replace(point, radius=FrozenMap({x: str(r) for x, r in radius.items()}))
    return point


def _objection(certificate: Certificate) -> str | None:
    try:
        check_certificate(certificate)
    except Refused as refused:
        return f"{certificate.kind}: {refused}"
    return None


def judge(conclusion: Attempt, say: Callable[[Finding], Statement]) -> Verdict:
    """The verdict that a concluded attempt supports, its findings in the words of ``say``."""
    outcome: VerdictOutcome = _WORDS.get(conclusion.outcome, "undecided")
    statements = tuple(say(f) for f in (*conclusion.findings, *_not_convex(conclusion)))
    if outcome == "not_closed" and not any(f.trust in ("proved", "derived") for f in conclusion.findings):
        outcome = "undecided"
    expression_class = conclusion.expression_class
    if expression_class is None and outcome in ("closed", "partly_closed"):
        expression_class = largest_class([p.expression_class for p in conclusion.points])
    if outcome not in ("closed", "partly_closed"):
        expression_class = None
    return Verdict(outcome, expression_class, conclusion.scope, _minimiser(conclusion, outcome), statements)


def _not_convex(conclusion: Attempt) -> tuple[Finding, ...]:
    """A point with a negative eigenvalue for all parameters says it: "closed" and "convex" are two different things."""
    bent = [p for p in conclusion.points if p.inertia is not None and p.inertia[1] > 0 and not p.conditions]
    return (finding("not convex", points=len(bent)),) if bent else ()


def _minimiser(conclusion: Attempt, outcome: VerdictOutcome) -> VerdictOutcome | None:
    if conclusion.minimiser is not None:
        return conclusion.minimiser
    minima = [p for p in conclusion.points if p.kind in LEAST_KINDS]
    if not minima:
        return (
            "closed"
            if outcome == "closed" and conclusion.formula is not None and conclusion.formula.is_minimum
            else None
        )
    if all(p.exact is not None for p in minima):
        return "closed"
    return "not_closed" if outcome == "not_closed" else "undecided"
