"""The list of claims, and the door through which every certificate goes."""

from __future__ import annotations

from collections.abc import Callable

from closedform.kernel.claims import critical_points
from closedform.kernel.claims import exponentials
from closedform.kernel.claims import formula
from closedform.kernel.claims import least_value
from closedform.kernel.claims import matrices
from closedform.kernel.claims import radicals
from closedform.kernel.claims import roots
from closedform.kernel.claims import solvable
from closedform.kernel.claims import unsolvable
from closedform.kernel.certificate import Certificate
from closedform.kernel.reading import MALFORMED, Json, Refused, refuse

Checker = Callable[[dict[str, Json], dict[str, Json], dict[str, Json]], str]

# One line a claim: the checker gets (statement, claim, evidence), returns the sentence it has verified in plain
# words and infix, and raises ``Refused`` otherwise.
CLAIMS: dict[str, Checker] = {
    "roots": roots.check,
    "radicals": radicals.check,
    "solvable": solvable.check,
    "unsolvable": unsolvable.check,
    "unsolvable_family": unsolvable.check_family,
    "critical_points": critical_points.check,
    "exponential_eliminant": exponentials.check_eliminant,
    "descent_direction": exponentials.check_descent,
    "critical_point_formula": formula.check,
    "least_value": least_value.check,
    "matrix_stationary": matrices.check_matrix_stationary,
}


def check_certificate(certificate: Certificate | Json) -> str:
    """The sentence that the certificate proves; raises ``Refused`` with the failing step otherwise.

    >>> check_certificate({"format": 1, "statement": {}, "claim": {"kind": "magic"}, "evidence": {}})
    Traceback (most recent call last):
        ...
    closedform.kernel.reading.Refused: no checker for claims of kind 'magic'
    """
    if not isinstance(certificate, Certificate):
        certificate = Certificate.from_dict(certificate)
    checker = CLAIMS.get(certificate.kind)
    if checker is None:
        refuse(f"no checker for claims of kind {certificate.kind!r}")
    try:
        return checker(certificate.statement, certificate.claim, certificate.evidence)
    except Refused:
        raise
    except MALFORMED as fault:
        raise Refused(f"malformed evidence: {type(fault).__name__}: {str(fault)[:200]}") from fault
