"""Logistic regression, small networks and their kin: exponentials become positive unknowns of a polynomial system.

The derivatives are rational in t = exp(scale*unknown); their numerators are taken apart exactly (``branches``), every
positive root is isolated, and each irreducible eliminant is decided: its roots are radicals, so that the unknown is a
logarithm of radicals, or proven not to be. With symbols in the data see ``exponentials_symbols``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flint import arb, fmpq, fmpz_mpoly

from closedform.algebra.spelled import Spelled
from closedform.attempt import Attempt
from closedform.budget import Budget
from closedform.calculus.roots.decided_numbers import Number, number, rational
from closedform.points import Kind
from closedform.stationarity.scalar import Stationarity
from closedform.stationarity.text.system import TextLoss
from closedform.strategies.answer import numbers_only
from closedform.strategies.ending import Evidence, Found, FoundPoint, concluded
from closedform.strategies.exponentials.branches import Branch, Decomposition, admissible, pieces
from closedform.strategies.exponentials.designs import about_design
from closedform.strategies.exponentials.division import dense
from closedform.strategies.exponentials.evidence import eliminant_certificate
from closedform.strategies.exponentials.field import (
    ExponentialSystem,
    NotExponential,
    setting,
    without_exponentials,
)
from closedform.strategies.exponentials.findings import about_engine, about_numbers, about_points, symbols_of
from closedform.strategies.exponentials.kinds import exact_loss, judge
from closedform.strategies.exponentials.points import (
    RealSolution,
    Undetermined,
    solutions,
    unknowns_exactly,
)
from closedform.strategies.exponentials.systems import solved

name = "exponentials"
example = {"loss": "log(1+exp(b)) + log(1+exp(2*b)) - 2*b", "unknowns": ["b"]}
counterexample = {"loss": "x*exp(x) - x", "unknowns": ["x"]}
share = 0.25


declines = without_exponentials


def attempt(system: Stationarity | TextLoss, budget: Budget) -> Attempt:
    """Every real critical point with its kind, closed or proven not to be."""
    try:
        return decided(setting(system), budget)
    except NotExponential as reason:
        return Attempt(name, "declined", str(reason))


def decided(where: ExponentialSystem, budget: Budget) -> Attempt:
    """The same for a system over its field."""
    if where.parameters or not numbers_only(where.system):
        return Attempt(name, "declined", "the data have symbols")
    found = taken_apart(where, budget)
    if found.open:
        return _through_engine(where, found.open[0][1], budget)
    return _from_pieces(where, found, budget)


def _through_engine(where: ExponentialSystem, why: str, budget: Budget) -> Attempt:
    """The verdict by the general engine for polynomial systems, where taking the system apart left a piece open."""
    answer = solved(where, budget)
    if not answer.complete:
        return Attempt(name, "failed", f"the polynomial system was not taken apart: {why}; {answer.reason}")
    judged = judge(list(answer.points), where, complete=True)
    points = tuple(
        _point(s, exact, n, kind, signs)
        for s, exact, n, (kind, signs) in zip(answer.points, answer.exact, answer.numbers, judged.kinds, strict=True)
    )
    different = list({id(n): n for n in answer.numbers}.values())
    certificates = tuple(n.certificate for n in different if n.certificate is not None)
    record = Evidence()
    findings = about_engine(where, answer.numbers, answer.complex, answer.completeness, certificates)
    record.take((*findings, *about_design(where, answer.complex)), certificates)
    unsettled = ""
    if any(n.closed is None for n in answer.numbers):
        unsettled = "the coordinates are algebraic in the exponentials, but were not written out"
    return concluded(name, where.system, Found(points, True, record, unsettled=unsettled), budget)


def _point(
    s: RealSolution,
    exact: Mapping[str, Any] | None,
    n: Number,
    kind: Kind,
    signs: tuple[int, int, int] | None,
    loss: fmpq | None = None,
) -> FoundPoint:
    return FoundPoint(
        exact,
        s.unknowns,
        kind,
        signs,
        multiplicity=1 if signs is not None else None,
        loss=None if loss is None else Spelled(str(loss)),
        expression_class=symbols_of(exact),
        note=n.reason if n.closed is None else "",
        decided=n.closed is False,
    )


def taken_apart(where: ExponentialSystem, budget: Budget) -> Decomposition:
    """The pieces of the system, without branches on which a denominator vanishes or a positive unknown is zero."""
    found = pieces([q[0] for q in where.quotients], where.generators, where.field, budget, avoided(where))
    found.branches = [b for b in found.branches if admissible(b, where.field)]
    return found


def avoided(where: ExponentialSystem) -> list[fmpz_mpoly]:
    """What is never zero at a critical point: the denominators and the positive generators."""
    out = [q[1] for q in where.quotients if not q[1].is_constant()]
    return out + [where.field.generator[n] for n in where.generators if n in where.field.positive]


def _from_pieces(where: ExponentialSystem, found: Decomposition, budget: Budget) -> Attempt:
    """Points, kinds, verdict and findings from the pieces."""
    try:
        real = [(b, solutions(b, where, budget.digits, budget)) for b in found.branches]
    except Undetermined as open_sign:
        return Attempt(name, "failed", str(open_sign))
    real = [(b, s) for b, s in real if s]
    if any(b.eliminant is not None and b.degree(where.field) > 200 for b, _ in real):
        budget.check()
    numbers = [_number(b, s, where, budget) for b, s in real]
    every = [s for _, group in real for s in group]
    judged = judge(every, where, complete=not found.curves)
    points = list[FoundPoint]()
    certificates = [n.certificate for n in numbers if n.certificate is not None]
    for (branch, group), n in zip(real, numbers, strict=True):
        for i, s in enumerate(group):
            values = unknowns_exactly(branch, n.expressions[i], where) if n.closed else None
            loss = exact_loss(s, where) if values is not None and isinstance(where.system, TextLoss) else None
            points.append(_point(s, values, n, *judged.kinds[len(points)], loss))
    eliminant = eliminant_certificate(where)
    goal = None
    if eliminant is not None:
        certificates.insert(0, eliminant[0])
        goal = eliminant[1]
    findings = about_numbers(where, found, real, numbers, goal, certificates)
    findings += about_points(where, found, judged, points, None if goal is None else 0)
    findings += about_design(where, _complex(found, where))
    record = Evidence()
    record.take(tuple(findings), tuple(certificates))
    unsettled = _unsettled(found, numbers)
    if not points and found.curves:
        return Attempt(name, "enclosed", unsettled, findings=tuple(findings), certificates=tuple(certificates))
    return concluded(name, where.system, Found(tuple(points), not found.curves, record, unsettled=unsettled), budget)


def _number(branch: Branch, group: list[RealSolution], where: ExponentialSystem, budget: Budget) -> Number:
    if branch.eliminant is None or branch.main is None:
        return rational(len(group))
    if branch.degree(where.field) == 1:
        return rational(len(group), dense(branch.eliminant, branch.main, where.field))
    roots = [s.root for s in group if isinstance(s.root, arb)]
    return number(dense(branch.eliminant, branch.main, where.field), roots, budget)


def _complex(found: Decomposition, where: ExponentialSystem) -> int | None:
    if found.curves or not found.exhaustive:
        return None
    return sum(b.degree(where.field) for b in found.branches)


def _unsettled(found: Decomposition, numbers: list[Number]) -> str:
    if found.curves:
        return "the other critical points fill a curve, given by its equation"
    return next((n.reason for n in numbers if n.closed is None), "")
