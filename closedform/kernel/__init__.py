"""The trusted checker: standard library and FLINT only, nothing of the rest of closedform.

It follows evidence and never searches, differentiates the statement itself, and fails by default. The names below are
imported when they are first used: who reads a number with the kernel's rules needs no checker of documents.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from closedform.kernel.certificate import Certificate
    from closedform.kernel.check import check_certificate
    from closedform.kernel.document import check_document
    from closedform.kernel.ruling import Ruling
    from closedform.kernel.reading import Refused

__all__ = ["Certificate", "Refused", "Ruling", "check_certificate", "check_document"]

_PLACES = {
    "Certificate": "certificate",
    "Ruling": "ruling",
    "Refused": "reading",
    "check_certificate": "check",
    "check_document": "document",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'closedform.kernel' has no attribute {name!r}")
    return getattr(importlib.import_module(f"closedform.kernel.{_PLACES[name]}"), name)
