"""Whole documents: a report, the output of ``galois``, ``radicals`` or ``roots``, or a single certificate.

Three things are looked at. Every certificate is checked. What stands at the top of the document is held against what
they prove (``headlines``). And every document but a single certificate carries a ``seal``, the SHA-256 of its canonical
JSON: a change by accident is noticed where no certificate speaks of it; a seal proves integrity only, never truth.
"""

from __future__ import annotations

import hashlib
import json

from closedform.kernel.certificate import Certificate
from closedform.kernel.check import check_certificate
from closedform.kernel.ruling import PROVED, REFUSED, SEALED, Ruling
from closedform.kernel.headlines import headlines
from closedform.kernel.reading import Json, Refused, refuse

MAX_CERTIFICATES, MAX_DEPTH = 5_000, 100


def seal(document: dict[str, Json]) -> str:
    """The SHA-256 over the document without its ``seal``, in canonical JSON."""
    body = {key: value for key, value in document.items() if key != "seal"}
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def check_document(document: Json) -> list[Ruling]:
    """A finding for the seal, for each certificate in order, and for each headline of the document."""
    if not isinstance(document, dict):
        refuse("a document must be a JSON object")
    found, findings, proved = list[tuple[str, Json]](), list[Ruling](), dict[str, Certificate]()
    if document.keys() == {"format", "statement", "claim", "evidence"}:
        found.append(("certificate", document))
    else:
        intact = document.get("seal") == seal(document)
        why = (
            "is as it was"
            if intact
            else "was changed after it was"
            if "seal" in document
            else "carries no seal as it is"
        )
        findings.append(Ruling("seal", SEALED if intact else REFUSED, f"the document {why} written"))
        _collect(document, "", found, 0)
    for place, certificate in found:
        try:
            findings.append(Ruling(place, PROVED, check_certificate(certificate)))
            proved[place] = Certificate.from_dict(certificate)
        except Refused as refused:
            findings.append(Ruling(place, REFUSED, str(refused)))
    return findings + headlines(document, proved)


def _collect(value: Json, place: str, found: list[tuple[str, Json]], depth: int) -> None:
    if depth > MAX_DEPTH or len(found) > MAX_CERTIFICATES:
        refuse("the document is nested too deeply, or holds too many certificates")
    if isinstance(value, dict):
        if {"statement", "claim", "evidence"} <= value.keys():
            found.append((place, value))
            return
        for key, item in value.items():
            _collect(item, f"{place}.{key}".lstrip("."), found, depth + 1)
    elif isinstance(value, list):
        for i, item in enumerate(value):
            _collect(item, f"{place}[{i}]", found, depth + 1)
