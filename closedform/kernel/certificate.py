"""The certificate format, version 1.

A certificate is JSON with exactly four keys::

    {"format": 1,
     "statement": {...},                 what is given: a loss, a polynomial, a design
     "claim": {"kind": "...", ...},      what is said about it
     "evidence": {...}}                  what the checker needs to follow; it never searches

Numbers are text (``"-3/4"``, ``"1.25"``), expressions are trees (see ``expressions/tree.py``). ``kind`` names the checker.
"""

from __future__ import annotations

from dataclasses import dataclass

from closedform.kernel.reading import Json, fields, refuse

FORMAT = 1


@dataclass(frozen=True)
class Certificate:
    """One claim with its evidence, JSON-able; nothing is proved until ``closedform.kernel.check`` accepts it."""

    statement: dict[str, Json]
    claim: dict[str, Json]
    evidence: dict[str, Json]

    @property
    def kind(self) -> str:
        return str(self.claim.get("kind", ""))

    def to_dict(self) -> dict[str, Json]:
        return {"format": FORMAT, "statement": self.statement, "claim": self.claim, "evidence": self.evidence}

    @staticmethod
    def from_dict(value: Json) -> Certificate:
        """Read one, strictly; raises ``Refused``."""
        whole = fields(value, ("format", "statement", "claim", "evidence"))
        if whole["format"] != FORMAT or isinstance(whole["format"], bool):
            refuse(f"this kernel reads certificates of format {FORMAT}")
        parts = (whole["statement"], whole["claim"], whole["evidence"])
        for part in parts:
            if not isinstance(part, dict):
                refuse("statement, claim and evidence must be objects")
        statement, claim, evidence = (part for part in parts if isinstance(part, dict))
        return Certificate(statement, claim, evidence)
