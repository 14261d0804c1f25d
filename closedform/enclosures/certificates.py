"""Evidence for the kernel claim ``critical_points``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flint import acb, arb, fmpq

from closedform.algebra import bridge
from closedform.algebra.roots import decimal_text, exact, radius_text
from closedform.budget import working_bits
from closedform.enclosures.certified import ListedPoint, listing
from closedform.enclosures.evaluation import Function
from closedform.enclosures.krawczyk import Enclosed
from closedform.kernel.certificate import Certificate
from closedform.kernel.check import check_certificate
from closedform.kernel.reading import Json, Refused, decimal
from closedform.stationarity.scalar import Stationarity

MAX_POINTS = 400
COMPLEX_DIGITS = 20  # of the zeros that only count: Newton's test needs no more


def points_certificate(
    system: Stationarity,
    points: Sequence[Sequence[arb]],
    inertias: Sequence[tuple[int, int, int] | None],
    digits: int,
    others: Sequence[Sequence[acb]] | None = None,
    complete: dict[str, Json] | None = None,
    box: dict[str, Json] | None = None,
    bound: dict[str, Json] | None = None,
) -> Certificate | None:
    """The claim that each ball holds a critical point, proved by Newton's test; None where the kernel refuses it.

    ``others`` are one of each two conjugate zeros, where all zeros together reach the ``bound``; ``complete`` is other
    evidence that the list is complete (its method and leaves).
    """
    function = Function.of(system)
    if not function.writable or len(points) > MAX_POINTS or (not points and complete is None and others is None):
        return None
    if system.loss is None and len(system.equations) != len(system.unknowns):
        return None
    statement = dict(function.statement)
    claimed, hints = _by_newton(function, points, inertias, digits)
    claim: dict[str, Json] = {
        "kind": "critical_points",
        "complete": others is not None or complete is not None,
        "points": claimed,
    }
    evidence: dict[str, Json] = {"method": "newton" if claimed else "none", "precision": str(working_bits(digits))}
    if claimed:
        evidence["points"] = hints
    if complete is not None:
        evidence["complete"] = complete
        if box is not None:
            claim["box"] = box
    if others is not None:
        evidence["complete"] = {**(bound or {}), "others": [_complex_zero(function.names, z) for z in others]}
        claim["counts"] = {"real": str(len(claimed)), "complex": str(len(claimed) + 2 * len(others))}
    if complete is not None and system.relations:
        try:
            statement["relations"] = [
                [r.rel_op, bridge.to_tree(r.lhs), bridge.to_tree(r.rhs)] for r in system.relations
            ]
        except bridge.NoTranslation:
            return None
    for precision in (working_bits(digits), working_bits(2 * digits, 400)):
        evidence["precision"] = str(precision)
        certificate = Certificate(statement, dict(claim), dict(evidence))
        try:
            check_certificate(certificate)
            return certificate
        except Refused:
            continue
    return None


def _by_newton(
    function: Function,
    points: Sequence[Sequence[arb]],
    inertias: Sequence[tuple[int, int, int] | None],
    digits: int,
) -> tuple[list[Json], list[Json]]:
    """The points as a claim says them, and the wider boxes in which Newton's test holds."""
    claimed, hints = list[Json](), list[Json]()
    for point, signs in zip(points, inertias, strict=True):
        numeric, radius, wide = dict[str, Json](), dict[str, Json](), dict[str, Json]()
        for x, ball in zip(function.names, point, strict=True):
            text, bound = decimal_text(ball, digits)
            size = decimal(bound, "radius") * 2
            floor = fmpq(10) ** -(digits + 5) * (1 + exact(abs(ball).upper()))
            numeric[x], radius[x] = text, radius_text(max(size, floor))
            wide[x] = radius_text(max(size, floor) * 4)
        entry: dict[str, Json] = {"numeric": numeric, "radius": radius}
        if signs is not None and not signs[2] and function.loss is not None:
            entry["inertia"] = [str(v) for v in signs]
        claimed.append(entry)
        hints.append({"box": wide})
    return claimed, hints


def minimum_certificate(function: Function, point: Enclosed, digits: int, only: bool) -> Certificate:
    """The claim that a ball holds a critical point, the ``only`` one of a convex loss; shown to the kernel at the end.

    Over many rows the kernel's look at it is what costs time: it is not made twice.
    """
    claimed, hints = _by_newton(function, [point.point], [point.inertia], digits)
    claim: dict[str, Json] = {"kind": "critical_points", "complete": only, "points": claimed}
    evidence: dict[str, Json] = {"method": "newton", "precision": str(working_bits(digits)), "points": hints}
    if only:
        evidence["complete"] = {"method": "convex"}
    return Certificate(dict(function.statement), claim, evidence)


def listed_certificate(
    system: Stationarity,
    relations: Sequence[Json],
    points: Sequence[ListedPoint],
    complex_count: int | None,
    evidence: Mapping[str, Json],
    digits: int,
) -> Certificate | None:
    """The claim that these are all critical points (roots of one equation, or the zero of a linear system).

    None where the kernel cannot read the loss.
    """
    statement: dict[str, Json] = {"unknowns": list[Json](u.name for u in system.unknowns)}
    try:
        if system.loss is not None and system.problem.data is not None and (whole := Function.of(system).statement):
            statement = dict(whole)  # with the rows, as they were given
        elif system.loss is not None and system.loss.free_symbols <= set(system.unknowns):
            statement["loss"] = bridge.to_tree(system.loss)
        else:  # equations, or a loss with a parameter added, of which the kernel knows nothing
            statement["equations"] = [bridge.to_tree(e) for e in system.equations]
    except bridge.NoTranslation:
        return None
    if relations:
        statement["relations"] = list(relations)
    return listing(statement, points, complex_count, evidence, digits)


def _complex_zero(names: list[str], zero: Sequence[acb]) -> Json:
    """A zero that only counts, as the kernel reads it."""
    largest = max(exact(abs(v).upper()) for v in zero)
    numeric = dict[str, Json]()
    for x, v in zip(names, zero, strict=True):
        numeric[x] = [decimal_text(v.real, COMPLEX_DIGITS)[0], decimal_text(v.imag, COMPLEX_DIGITS)[0]]
    return {"numeric": numeric, "radius": radius_text(fmpq(10) ** (3 - COMPLEX_DIGITS) * (1 + largest))}
