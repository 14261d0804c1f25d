"""The trusted checker: standard library and FLINT only, nothing of the rest of closedform.

It follows evidence and never searches, differentiates the statement itself, and fails by default.
"""

from closedform.kernel.certificate import Certificate
from closedform.kernel.check import check_certificate
from closedform.kernel.document import check_document
from closedform.kernel.finding import Finding
from closedform.kernel.reading import Refused

__all__ = ["Certificate", "Finding", "Refused", "check_certificate", "check_document"]
