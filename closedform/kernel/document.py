"""Whole documents: a report, the output of ``galois``, ``radicals`` or ``roots``, or a single certificate.

Two things are checked. Every certificate in the document is checked by the kernel. And every document carries a
``seal``, the SHA-256 of its canonical JSON, so that a number changed by accident or by hand is noticed even where no
certificate speaks of it; a seal proves integrity only, never truth.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from closedform.kernel.check import check_certificate
from closedform.kernel.headlines import contradictions
from closedform.kernel.reading import Json, Refused, refuse


@dataclass(frozen=True)
class Finding:
    """What the kernel says of one certificate: the place in the document, accepted or not, and the sentence."""

    place: str
    accepted: bool
    sentence: str


def seal(document: dict[str, Json]) -> str:
    """The SHA-256 over the document without its ``seal``, in canonical JSON."""
    body = {key: value for key, value in document.items() if key != "seal"}
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def check_document(document: Json) -> list[Finding]:
    """One finding for the seal (where the document has one) and one for each certificate in it, in order.

    A document without any certificate has an empty list of findings: nothing in it is proved.
    """
    if not isinstance(document, dict):
        refuse("a document must be a JSON object")
    findings = list[Finding]()
    if "seal" in document:
        intact = document["seal"] == seal(document)
        said = "the document is as it was written" if intact else "the document was changed after it was written"
        findings.append(Finding("seal", intact, said))
    elif "statement" not in document:
        findings.append(Finding("seal", False, "the document carries no seal"))
    findings += [Finding("headline", False, said) for said in contradictions(document)]
    for place, certificate in _certificates(document, ""):
        try:
            findings.append(Finding(place, True, check_certificate(certificate)))
        except Refused as refused:
            findings.append(Finding(place, False, str(refused)))
    return findings


def _certificates(value: Json, place: str) -> list[tuple[str, Json]]:
    if isinstance(value, dict):
        if {"statement", "claim", "evidence"} <= value.keys():
            return [(place or "certificate", value)]
        return [found for key, item in value.items() for found in _certificates(item, f"{place}.{key}".lstrip("."))]
    if isinstance(value, list):
        return [found for i, item in enumerate(value) for found in _certificates(item, f"{place}[{i}]")]
    return []
