"""The list of claims, and the door through which every certificate goes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from closedform.kernel.claims import critical_points
from closedform.kernel.claims import descent_direction
from closedform.kernel.claims import exponential_eliminant
from closedform.kernel.claims import formula
from closedform.kernel.claims import least_value
from closedform.kernel.claims import matrices
from closedform.kernel.claims import radicals
from closedform.kernel.claims import roots
from closedform.kernel.claims import solvable
from closedform.kernel.claims import unsolvable
from closedform.kernel.claims import unsolvable_family
from closedform.kernel.claims.zeros import bezout, convex, cover, linear, multiples, newton
from closedform.kernel.claims.zeros import roots as roots_of_gradient
from closedform.kernel.certificate import Certificate
from closedform.kernel.reading import MALFORMED, Json, Refused, refuse

Checker = Callable[[dict[str, Json], dict[str, Json], dict[str, Json]], str]

# How critical points are shown to exist, and to be all, each read alone.
EXISTENCE: dict[str, critical_points.Existence] = {
    "newton": newton.found,
    "roots": roots_of_gradient.found,
    "linear": linear.found,
}
COMPLETENESS: dict[str, critical_points.Completeness] = {
    "convex": convex.complete,
    "bezout": bezout.complete,
    "cover": cover.complete,
    "multiples": multiples.complete,
}

# One line a claim: the checker gets (statement, claim, evidence), returns the sentence it has verified in plain
# words and infix, and raises ``Refused`` otherwise.
CLAIMS: dict[str, Checker] = {
    "roots": roots.check,
    "radicals": radicals.check,
    "solvable": solvable.check,
    "unsolvable": unsolvable.check,
    "unsolvable_family": unsolvable_family.check,
    "critical_points": partial(critical_points.check, existence=EXISTENCE, completeness=COMPLETENESS),
    "exponential_eliminant": exponential_eliminant.check,
    "descent_direction": descent_direction.check,
    "critical_point_formula": formula.check,
    "least_value": least_value.check,
    "matrix_stationary": matrices.check_matrix_stationary,
}


def check_certificate(certificate: Certificate | Json) -> str:
    """The sentence that the certificate proves; raises ``Refused`` with the failing step otherwise."""
    if not isinstance(certificate, Certificate):
        certificate = Certificate.from_dict(certificate)
    if certificate.kind not in CLAIMS:
        refuse(f"no checker for claims of kind {certificate.kind!r}")
    try:
        return CLAIMS[certificate.kind](certificate.statement, certificate.claim, certificate.evidence)
    except MALFORMED as fault:
        raise Refused(f"malformed evidence: {type(fault).__name__}: {str(fault)[:200]}") from fault
