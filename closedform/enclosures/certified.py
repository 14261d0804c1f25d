"""Certificates as their claims are written: one that the kernel has accepted, and a list of all critical points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flint import arb

from closedform.algebra.roots import decimal_text
from closedform.frozen import record
from closedform.kernel.certificate import Certificate
from closedform.kernel.check import check_certificate
from closedform.kernel.reading import Json


@record
class ListedPoint:
    """A critical point as a certificate lists it; ``exact`` is written where it is rational."""

    balls: Mapping[str, arb]
    inertia: tuple[int, int, int] | None = None
    exact: Mapping[str, Any] | None = None


def certified(statement: Mapping[str, Json], claim: Mapping[str, Json], evidence: Mapping[str, Json]) -> Certificate:
    """The certificate, which the kernel has accepted; raises ``Refused``."""
    certificate = Certificate(dict(statement), dict(claim), dict(evidence))
    check_certificate(certificate)
    return certificate


def listing(
    statement: Mapping[str, Json],
    points: Sequence[ListedPoint],
    complex_count: int | None,
    evidence: Mapping[str, Json],
    digits: int,
) -> Certificate:
    """The claim that these are all critical points of what the statement says."""
    claimed = list[Json]()
    for p in points:
        texts = {x: decimal_text(ball, digits) for x, ball in p.balls.items()}
        item: dict[str, Json] = {"numeric": {x: t for x, (t, _) in texts.items()}}
        item["radius"] = {x: r for x, (_, r) in texts.items()}
        if p.inertia is not None and "loss" in statement:
            item["inertia"] = [str(k) for k in p.inertia]
        if p.exact is not None and all(v.is_Rational for v in p.exact.values()):
            item["exact"] = {x: str(v) for x, v in p.exact.items()}
        claimed.append(item)
    counts: dict[str, Json] = {"real": str(len(claimed))}
    if complex_count is not None:
        counts["complex"] = str(complex_count)
    claim: dict[str, Json] = {"kind": "critical_points", "complete": True, "points": claimed, "counts": counts}
    return Certificate(dict(statement), claim, dict(evidence))
