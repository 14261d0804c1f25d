"""The certificate format, version 1, which ``FORMAT.md`` defines; ``kind`` names the checker."""

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
        parts = [part for part in (whole["statement"], whole["claim"], whole["evidence"]) if isinstance(part, dict)]
        return Certificate(*parts) if len(parts) == 3 else refuse("statement, claim and evidence must be objects")
