"""Evidence for the kernel claim ``critical_points``."""

from __future__ import annotations

from collections.abc import Sequence

from flint import acb, arb, fmpq

from closedform.algebra import bridge
from closedform.algebra.roots import decimal_text, exact, radius_text
from closedform.enclosures.evaluation import Function
from closedform.kernel.certificate import Certificate
from closedform.kernel.check import check_certificate
from closedform.kernel.reading import Json, Refused, decimal
from closedform.stationarity.scalar import Stationarity

MAX_POINTS = 400


def points_certificate(
    system: Stationarity,
    points: Sequence[Sequence[arb]],
    inertias: Sequence[tuple[int, int, int] | None],
    digits: int,
    others: Sequence[Sequence[acb]] | None = None,
    complete: dict[str, Json] | None = None,
    box: dict[str, Json] | None = None,
) -> Certificate | None:
    """The claim that each ball holds a critical point, proved by Newton's test; None where the kernel refuses it.

    ``others`` are all complex zeros of a system whose Bezout number they reach; ``complete`` is other evidence that the
    list is complete (its method and leaves).
    """
    function = Function.of(system)
    if not function.writable or len(points) > MAX_POINTS or (not points and complete is None):
        return None
    if system.loss is None and len(system.equations) != len(system.unknowns):
        return None
    statement = dict(function.written)
    said, hints = list[Json](), list[Json]()
    for point, signs in zip(points, inertias, strict=True):
        numeric, radius, wide = dict[str, Json](), dict[str, Json](), dict[str, Json]()
        for x, ball in zip(function.names, point, strict=True):
            text, bound = decimal_text(ball, digits)
            size = decimal(bound, "radius") * 2
            floor = fmpq(10) ** -(digits + 5) * (1 + exact(abs(ball).upper()))
            numeric[x], radius[x] = text, radius_text(max(size, floor))
            wide[x] = radius_text(max(size, floor) * 4)
        entry: dict[str, Json] = {"numeric": numeric, "radius": radius}
        if signs is not None and not signs[2] and system.loss is not None:
            entry["inertia"] = [str(v) for v in signs]
        said.append(entry)
        hints.append({"box": wide})
    claim: dict[str, Json] = {
        "kind": "critical_points",
        "complete": others is not None or complete is not None,
        "points": said,
    }
    evidence: dict[str, Json] = {"method": "newton" if said else "none", "precision": str(int(digits * 3.4) + 120)}
    if said:
        evidence["points"] = hints
    if complete is not None:
        evidence["complete"] = complete
        if box is not None:
            claim["box"] = box
    if others is not None:
        evidence["complete"] = {"method": "bezout", "others": _conjugate_classes(function.names, others, digits)}
        claim["counts"] = {"real": str(len(said)), "complex": str(len(others))}
    if complete is not None and system.relations:
        try:
            statement["relations"] = [
                [r.rel_op, bridge.to_tree(r.lhs), bridge.to_tree(r.rhs)] for r in system.relations
            ]
        except bridge.NoTranslation:
            return None
    for precision in (int(digits * 3.4) + 120, int(digits * 6.8) + 400):
        evidence["precision"] = str(precision)
        certificate = Certificate(statement, dict(claim), dict(evidence))
        try:
            check_certificate(certificate)
            return certificate
        except Refused:
            continue
    return None


def _conjugate_classes(names: list[str], zeros: Sequence[Sequence[acb]], digits: int) -> list[Json]:
    """One of each pair of conjugate zeros, as the kernel reads them."""
    out = list[Json]()
    for zero in zeros:
        above = next((v.imag for v in zero if not v.imag.contains(0)), None)
        if above is None or above < 0:
            continue
        numeric = dict[str, Json]()
        for x, v in zip(names, zero, strict=True):
            numeric[x] = [decimal_text(v.real, digits)[0], decimal_text(v.imag, digits)[0]]
        largest = max(exact(abs(v).upper()) for v in zero)
        out.append({"numeric": numeric, "radius": radius_text(fmpq(10) ** (3 - digits) * (1 + largest))})
    return out
