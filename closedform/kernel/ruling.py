"""What the kernel says of one place in a document."""

from __future__ import annotations

from dataclasses import dataclass

PROVED, COVERED, SEALED, REFUSED = "proved", "covered", "sealed", "REFUSED"


@dataclass(frozen=True)
class Ruling:
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


def _printable(line: str) -> str:
    """One line, whatever stands in the document: no line break, no control of the terminal, no turn of direction."""
    return "".join(c if c.isprintable() else "?" for c in line)


def summary(findings: list[Ruling]) -> str:
    """The findings as lines of text, with the share of the headlines that is covered."""
    lines = [_printable(f"{f.word:8}{f.place}: {f.sentence}") for f in findings]
    covered, sealed = (sum(f.word == word and f.headline for f in findings) for word in (COVERED, SEALED))
    if covered + sealed:
        lines.append(f"{covered} of {covered + sealed} headlines are covered, {sealed} sealed only")
    if not any(f.word == PROVED for f in findings):
        lines.append("no certificate in this document was accepted: nothing is proved")
    return "\n".join(lines)
