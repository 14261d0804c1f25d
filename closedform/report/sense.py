"""A report on a loss to be maximised, made from the report on its negative.

Every strategy minimises; the problem with sense "max" is solved as the minimisation of its negative, and here, in one
place, what was found is said of the loss as the user wrote it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from closedform.attempt import Formula
from closedform.expression import add, negate
from closedform.frozen import FrozenMap
from closedform.ladder.verdict import Statement, Verdict
from closedform.points import CriticalPoint, Kind
from closedform.reading.language import parse, unparse
from closedform.report.model import Report

if TYPE_CHECKING:
    from closedform.problem import Problem

_TURNED: dict[Kind, Kind] = {
    "global minimum": "global maximum",
    "local minimum": "local maximum",
    "boundary minimum": "boundary maximum",
    "local maximum": "local minimum",
    "global maximum": "global minimum",
    "boundary maximum": "boundary minimum",
}
_OF_THE_LOSS = re.compile(
    r"loss|minim|maxim|convex|concave|eigenvalue|hessian|definite|least|largest|infimum|supremum|bounded|below|above"
    r"|lower|upper|increas|decreas|monoton|slope|sign|kink",
    re.IGNORECASE,
)
NEGATIVE = "for the negative of the loss: "


def turned(report: Report, problem: Problem) -> Report:
    """The report on ``problem`` (sense "max") that the report on ``problem.minimised()`` amounts to.

    The critical points are the same; kinds, inertia, losses, gradient and Hessian change their sign. Certificates are
    about the negative, and so are statements that speak of heights or curvature: those say so.
    """
    return replace(
        report,
        problem=problem,
        gradient=FrozenMap({u: _negative(g) for u, g in report.gradient.items()}),
        hessian=None if report.hessian is None else tuple(tuple(_negative(e) for e in row) for row in report.hessian),
        verdict=_verdict(report.verdict),
        critical_points=tuple(_point(p) for p in report.critical_points),
        formula=None if report.formula is None else _formula(report.formula),
    )


def _verdict(verdict: Verdict) -> Verdict:
    return replace(verdict, statements=tuple(_statement(s) for s in verdict.statements))


def _statement(statement: Statement) -> Statement:
    return replace(statement, text=NEGATIVE + statement.text) if _OF_THE_LOSS.search(statement.text) else statement


def _point(point: CriticalPoint) -> CriticalPoint:
    inertia = point.inertia
    return replace(
        point,
        kind=_TURNED.get(point.kind, point.kind),
        inertia=None if inertia is None else (inertia[1], inertia[0], inertia[2]),
        loss=None if point.loss is None else -point.loss,
        note=NEGATIVE + point.note if _OF_THE_LOSS.search(point.note) else point.note,
    )


def _formula(formula: Formula) -> Formula:
    why = formula.convexity
    return replace(formula, convexity="concave" if why == "convex" else NEGATIVE + why if why else "")


def _negative(value: Any) -> object:
    """The negative of a SymPy expression, or of text in our language."""
    if not isinstance(value, str):
        return -value
    node = parse(value)
    return unparse(add(*(negate(term) for term in (node.children if node.head == "+" else (node,)))))
