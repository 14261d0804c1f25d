"""A certificate that the kernel has accepted, for what goes no further without one."""

from __future__ import annotations

from collections.abc import Mapping

from closedform.kernel.certificate import Certificate
from closedform.kernel.check import check_certificate
from closedform.kernel.reading import Json


def certified(statement: Mapping[str, Json], claim: Mapping[str, Json], evidence: Mapping[str, Json]) -> Certificate:
    """The certificate, which the kernel has accepted; raises ``Refused``."""
    certificate = Certificate(dict(statement), dict(claim), dict(evidence))
    check_certificate(certificate)
    return certificate
