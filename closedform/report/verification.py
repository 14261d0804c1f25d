"""``cf.verify``: a report, a result or a file, shown to the kernel and to nothing else."""

from __future__ import annotations

import json
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from closedform.errors import InputError
from closedform.frozen import record
from closedform.kernel.process import TIMEOUT, check_text
from closedform.kernel.reading import Refused
from closedform.kernel.ruling import PROVED, Ruling, summary


@record
class Verification:
    """What the kernel found; true when at least one certificate was accepted and nothing refused."""

    findings: tuple[Ruling, ...]

    @property
    def proofs(self) -> tuple[Ruling, ...]:
        """The findings that stand for an accepted certificate."""
        return tuple(f for f in self.findings if f.word == PROVED)

    @property
    def headlines(self) -> tuple[Ruling, ...]:
        """What stands at the top of the document: covered by certificates, or sealed only."""
        return tuple(f for f in self.findings if f.headline)

    @property
    def refused(self) -> tuple[Ruling, ...]:
        return tuple(f for f in self.findings if not f.accepted)

    def __bool__(self) -> bool:
        return bool(self.proofs) and not self.refused

    def __str__(self) -> str:
        return summary(list(self.findings))


def verify(report: Any, timeout: float = TIMEOUT) -> Verification:
    """Check every certificate and headline again with the small kernel only, in a process with limits.

    ``report`` is a ``Report`` or another result of closedform (anything with ``to_json``), a document that was read
    from JSON, or the path of a file. Raises ``InputError`` for what cannot be read within ``timeout`` seconds.
    """
    try:
        if isinstance(report, str | PathLike):
            text = Path(fspath(report)).read_bytes()
        else:
            text = (report.to_json() if hasattr(report, "to_json") else json.dumps(report)).encode()
        return Verification(tuple(check_text(text, timeout)))
    except (OSError, TypeError, Refused) as fault:
        raise InputError(f"not a document that can be checked: {fault}") from None
