"""Do the headlines of a report, or of a ``roots`` or ``galois`` document, say what its certificates prove?

A seal only shows that nobody changed a document without knowing how it is sealed; here the numbers and verdicts at
the top are held against the claims below them. Documents of other kinds pass in silence.
"""

from __future__ import annotations

import re

from flint import fmpz, fmpz_poly

from closedform.kernel.reading import Json
from closedform.kernel.claims.unsolvable import poly_text


def contradictions(document: dict[str, Json]) -> list[str]:
    """What stands at the top without a certificate that says so."""
    if "factors" in document and "solvable" in document:
        return _galois(document)
    if "roots" in document and "solvable" not in document and "polynomial" in document:
        return _roots(document)
    if "critical_points" in document and "problem" in document:
        return _report(document)
    return []


def _report(document: dict[str, Json]) -> list[str]:
    """Where a certificate lists critical points of the problem, the report's numbers and counts must be its."""
    problem, said, counts = document["problem"], list[Json](), list[dict[str, Json]]()
    own = problem.get("unknowns") if isinstance(problem, dict) else None
    certificates = document.get("certificates")
    for certificate in certificates if isinstance(certificates, list) else []:
        claim, statement = (
            certificate.get(key) if isinstance(certificate, dict) else None for key in ("claim", "statement")
        )
        if not isinstance(claim, dict) or not isinstance(statement, dict) or statement.get("unknowns") != own:
            continue
        points = claim.get("points") if claim.get("kind") == "critical_points" else None
        if isinstance(points, list):
            said += [{"numeric": p.get("numeric"), "radius": p.get("radius")} for p in points if isinstance(p, dict)]
            counted = claim.get("counts")
            counts += [counted] if isinstance(counted, dict) else []
    if not said:
        return []
    listed, shown = document["critical_points"], document.get("counts")
    points = [
        p for p in (listed if isinstance(listed, list) else []) if isinstance(p, dict) and p.get("radius") is not None
    ]
    stray = [p for p in points if {"numeric": p.get("numeric"), "radius": p.get("radius")} not in said]
    out = ["a critical point is not one of those of the certificate"] if stray and len(said) >= len(points) else []
    for claimed in counts:
        for key, value in claimed.items():
            if isinstance(shown, dict) and shown.get(key) is not None and str(shown[key]) != value:
                out.append(f"the number of {key} critical points is not that of the certificate")
    return out


def _roots(document: dict[str, Json]) -> list[str]:
    listed, said = document["roots"], list[Json]()
    certificates = document.get("certificates")
    for certificate in certificates if isinstance(certificates, list) else []:
        claim = certificate.get("claim") if isinstance(certificate, dict) else None
        roots = claim.get("roots") if isinstance(claim, dict) and claim.get("kind") == "roots" else None
        if isinstance(claim, dict) and isinstance(roots, list) and _writes(document["polynomial"], claim["polynomial"]):
            said += roots
    shown = list[Json]()
    for root in listed if isinstance(listed, list) else []:
        if isinstance(root, dict) and isinstance(numeric := root.get("numeric"), dict):
            shown.append(
                {
                    "re": numeric.get("re"),
                    "im": numeric.get("im"),
                    "radius": root.get("radius"),
                    "multiplicity": str(root.get("multiplicity")),
                    "real": root.get("real"),
                }
            )
    return [] if shown == said else ["the roots listed are not those of the certificate"]


def _galois(document: dict[str, Json]) -> list[str]:
    out, answers = list[str](), list[Json]()
    factors = document["factors"]
    for factor in factors if isinstance(factors, list) else []:
        if not isinstance(factor, dict):
            return ["a factor is not an object"]
        answers.append(factor.get("solvable"))
        certificate = factor.get("certificate")
        claim = certificate.get("claim") if isinstance(certificate, dict) else None
        kind = str(claim.get("kind")) if isinstance(claim, dict) else ""
        proved, said = kind.startswith("unsolvable"), str(factor.get("polynomial"))[:80]
        if factor.get("solvable") is False and not proved:
            out.append(f"{said} is called unsolvable without a certificate")
        if proved and factor.get("solvable") is not False:
            out.append(f"{said} is called solvable against its certificate")
        if kind == "solvable" and factor.get("solvable") is not True:
            out.append(f"{said} is not called solvable as its certificate says")
        own = claim.get("polynomial") if isinstance(claim, dict) and kind in ("solvable", "unsolvable") else None
        if own is not None and not _writes(factor.get("polynomial"), own):
            out.append("a certificate is about another polynomial than its factor")
    whole = False if False in answers else None if None in answers else True
    return out if document["solvable"] is whole else [*out, "the answer is not that of the factors"]


def _writes(text: Json, coefficients: Json) -> bool:
    """Is the text that of the polynomial with these coefficients, whatever its unknown is called?"""
    if not isinstance(text, str) or not isinstance(coefficients, list):
        return False
    unknown = re.search(r"[^\W\d]\w*", text)
    try:
        f = fmpz_poly([fmpz(str(c)) for c in coefficients])
    except ValueError:
        return False
    return unknown is not None and poly_text(f, unknown[0], 0) == text
