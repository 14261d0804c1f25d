"""What may be said once the ladder has been climbed, and on whose word.

Attempts are values; ``conclude`` folds those made on one system into one, and ``judge`` turns the last one into the
verdict. Nothing here looks at mathematics: it only refuses to say more than the attempts do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from closedform.attempt import Attempt, Scope, Statement
from closedform.frozen import FrozenMap
from closedform.kernel.certificate import Certificate
from closedform.kernel.check import check_certificate
from closedform.kernel.reading import Refused
from closedform.points import CriticalPoint, largest_class

VerdictOutcome = Literal["closed", "partly_closed", "no_critical_point", "not_closed", "undecided"]

DECISIVE = ("solved", "partial", "no_critical_point", "not_closed")
_WORDS: dict[str, VerdictOutcome] = {
    "solved": "closed",
    "partial": "partly_closed",
    "no_critical_point": "no_critical_point",
    "not_closed": "not_closed",
}


@dataclass(frozen=True)
class Verdict:
    """The answer: ``outcome`` with its class and scope, the same word for the global minimiser, and the statements.

    ``minimiser`` is None where no global minimiser is proved to exist. Every statement carries its own trust.
    """

    outcome: VerdictOutcome
    expression_class: str | None
    scope: Scope
    minimiser: VerdictOutcome | None
    statements: tuple[Statement, ...]


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
            return numbers
        tried = [a for a in attempts if a.outcome in ("failed", "timeout")]
        reason = "; ".join(f"{a.strategy}: {a.reason}" for a in tried) or "no strategy applies to this system"
        return Attempt(name, "failed", reason)
    if numbers is None or numbers is deciding or deciding.points or deciding.outcome == "no_critical_point":
        return deciding
    shift = len(deciding.certificates)
    return replace(
        deciding,
        points=tuple(_shift_point(p, shift) for p in numbers.points),
        complete=numbers.complete,
        counts=deciding.counts or numbers.counts,
        statements=deciding.statements + shifted(numbers.statements, shift),
        certificates=deciding.certificates + numbers.certificates,
        details=numbers.details or deciding.details,
    )


def shifted(statements: Sequence[Statement], by: int) -> tuple[Statement, ...]:
    """The statements with their certificate indices moved, for lists of certificates that are joined."""
    return tuple(s if s.certificate is None else replace(s, certificate=s.certificate + by) for s in statements)


def _shift_point(point: CriticalPoint, by: int) -> CriticalPoint:
    return point if point.certificate is None else replace(point, certificate=point.certificate + by)


@dataclass(frozen=True)
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
    statements = list[Statement]()
    for s in attempt.statements:
        if s.certificate is not None and s.certificate not in where:
            statements.append(
                replace(s, trust="observed", certificate=None, text=s.text + " (the kernel refused its certificate)")
            )
        elif s.certificate is not None:
            statements.append(replace(s, certificate=where[s.certificate]))
        else:
            statements.append(replace(s, trust="derived") if s.trust == "proved" else s)
    points = tuple(
        _as_certified(p if p.certificate is None else replace(p, certificate=where.get(p.certificate)), kept)
        for p in attempt.points
    )
    refused = tuple(objection for objection in verdicts if objection is not None)
    return Checked(replace(attempt, statements=tuple(statements), certificates=tuple(kept), points=points), refused)


def _as_certified(point: CriticalPoint, certificates: Sequence[Certificate]) -> CriticalPoint:
    """The point with the radii that a certificate proves of these very numbers, where one speaks of them."""
    for certificate in certificates:
        claimed = certificate.claim.get("points") if certificate.kind == "critical_points" else None
        for said in claimed if isinstance(claimed, list) else []:
            if isinstance(said, dict) and point.numeric is not None and said.get("numeric") == dict(point.numeric):
                radius = said.get("radius")
                if isinstance(radius, dict):
                    return replace(point, radius=FrozenMap({x: str(r) for x, r in radius.items()}))
    return point


def _objection(certificate: Certificate) -> str | None:
    try:
        check_certificate(certificate)
    except Refused as refused:
        return f"{certificate.kind}: {refused}"
    return None


def judge(conclusion: Attempt) -> Verdict:
    """The verdict that a concluded attempt supports."""
    outcome: VerdictOutcome = _WORDS.get(conclusion.outcome, "undecided")
    statements = conclusion.statements + _not_convex(conclusion)
    if outcome == "not_closed" and not any(s.trust in ("proved", "derived") for s in conclusion.statements):
        outcome = "undecided"
    expression_class = conclusion.expression_class
    if expression_class is None and outcome in ("closed", "partly_closed"):
        expression_class = largest_class([p.expression_class for p in conclusion.points])
    if outcome not in ("closed", "partly_closed"):
        expression_class = None
    return Verdict(outcome, expression_class, conclusion.scope, _minimiser(conclusion, outcome), statements)


def _not_convex(conclusion: Attempt) -> tuple[Statement, ...]:
    """A point with a negative eigenvalue says it: "closed" and "convex" are two different things."""
    bent = [p for p in conclusion.points if p.inertia is not None and p.inertia[1] > 0]
    if not bent:
        return ()
    text = f"the loss is not convex: at {len(bent)} of its critical points the Hessian has a negative eigenvalue"
    return (Statement(text, "derived"),)


def _minimiser(conclusion: Attempt, outcome: VerdictOutcome) -> VerdictOutcome | None:
    if conclusion.minimiser is not None:
        return conclusion.minimiser
    minima = [p for p in conclusion.points if p.kind in ("global minimum", "boundary minimum")]
    if not minima:
        return (
            "closed"
            if outcome == "closed" and conclusion.formula is not None and conclusion.formula.convexity
            else None
        )
    if all(p.exact is not None for p in minima):
        return "closed"
    return "not_closed" if outcome == "not_closed" else "undecided"
