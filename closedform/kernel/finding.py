"""What the kernel says of one place in a document."""

from __future__ import annotations

from dataclasses import dataclass

PROVED, COVERED, SEALED, REFUSED = "proved", "covered", "sealed", "REFUSED"


@dataclass(frozen=True)
class Finding:
    """A place and a word: a certificate is ``proved`` or ``REFUSED``; a headline is ``covered`` by certificates, only
    ``sealed`` (nothing here proves it), or ``REFUSED`` because it contradicts them."""

    place: str
    word: str
    sentence: str

    @property
    def accepted(self) -> bool:
        return self.word != REFUSED

    @property
    def headline(self) -> bool:
        beside = self.place in ("seal", "the rest") or self.place.startswith("verdict.statements")
        return self.word in (COVERED, SEALED) and not beside
