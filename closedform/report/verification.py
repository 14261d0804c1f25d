"""``cf.verify``: a report, a result or a file, shown to the kernel and to nothing else."""

from __future__ import annotations

import json
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from closedform.errors import InputError
from closedform.kernel.document import Finding, check_document
from closedform.kernel.reading import Refused


@dataclass(frozen=True)
class Verification:
    """What the kernel found; true when there is at least one certificate and everything was accepted."""

    findings: tuple[Finding, ...]

    @property
    def proofs(self) -> tuple[Finding, ...]:
        """The findings that stand for a certificate (the seal proves integrity only)."""
        return tuple(f for f in self.findings if f.place != "seal")

    @property
    def refused(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if not f.accepted)

    def __bool__(self) -> bool:
        return bool(self.proofs) and not self.refused

    def __str__(self) -> str:
        lines = [f"{'proved ' if f.accepted else 'REFUSED'} {f.place}: {f.sentence}" for f in self.findings]
        return "\n".join(lines if self.proofs else [*lines, "no certificate: nothing is proved"])


def verify(report: Any) -> Verification:
    """Check every certificate again with the small kernel only.

    ``report`` is a ``Report`` or another result of closedform (anything with ``to_json``), a document that was read
    from JSON, or the path of a file. Raises ``InputError`` for a file that cannot be read.
    """
    if isinstance(report, str | PathLike):
        path = fspath(report)
        try:
            document = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as fault:
            raise InputError(f"{path}: cannot be read as JSON: {fault}") from None
    elif hasattr(report, "to_json"):
        document = json.loads(report.to_json())
    else:
        document = report
    try:
        return Verification(tuple(check_document(document)))
    except Refused as refused:
        raise InputError(f"not a document of closedform: {refused}") from None
