"""The blocks of which documents are made; they know nothing of terminals, HTML or LaTeX."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from closedform.frozen import record
from closedform.report.document.textbook import in_words

if TYPE_CHECKING:
    from closedform.ladder.verdict import Statement


@record
class Math:
    """An expression to be typeset: SymPy, ``Node``, or text in our language."""

    value: object


@record
class Equation:
    """``left = right``, with an optional decimal after it (a true value lies within ``radius`` of it)."""

    left: object
    right: object | None
    decimal: str | None = None
    radius: str | None = None


@record
class Link:
    """Words that lead to the heading with this ``anchor``, where the format has such a thing."""

    text: str
    anchor: str


Inline = str | Math | Equation | Link
Line = tuple[Inline, ...]


@record
class Answer:
    """The verdict in a word, and in plain sentences; ``optimum`` is the word for the optimum alone where it differs."""

    outcome: str
    lines: tuple[Line, ...]
    optimum: str = ""
    sought: str = "minimum"


@record
class Heading:
    """The start of a section; an empty one is a mere gap. ``anchor`` is a name that a ``Link`` may lead to."""

    text: str
    anchor: str = ""


@record
class Paragraph:
    line: Line


@record
class Items:
    """A list; each item has a first line and lines that belong under it."""

    items: tuple[tuple[Line, ...], ...]
    numbered: bool = False


@record
class Claims:
    """Statements, each with its badge."""

    statements: tuple[Statement, ...]


@record
class TableBlock:
    header: tuple[str, ...]
    rows: tuple[tuple[Inline, ...], ...]


@record
class Code:
    """Python source; a renderer may show the first function alone, and say so."""

    source: str

    @property
    def main(self) -> str:
        """The first function at the left margin, without what stands around it."""
        lines = self.source.splitlines()
        start = next((i for i, line in enumerate(lines) if line.startswith("def ")), 0)
        end = next((i for i in range(start + 1, len(lines)) if lines[i][:1].strip()), len(lines))
        return "\n".join(lines[start:end]).rstrip()


Block = Answer | Heading | Paragraph | Items | Claims | TableBlock | Code


@record
class Document:
    title: str
    blocks: tuple[Block, ...]


def in_language(block: Block) -> Block:
    """The block with the expressions in its sentences as they are written in the text language: ``^``, ``sum(x*y)``."""

    def line(parts: Line) -> Line:
        return tuple(_spelled(p) if isinstance(p, str) else p for p in parts)

    if isinstance(block, Claims):
        return Claims(tuple(replace(s, text=_spelled(s.text)) for s in block.statements))
    if isinstance(block, TableBlock):
        return TableBlock(block.header, tuple(line(row) for row in block.rows))
    if isinstance(block, Items):
        return Items(tuple(tuple(line(part) for part in item) for item in block.items), block.numbered)
    if isinstance(block, Answer):
        return replace(block, lines=tuple(line(part) for part in block.lines))
    return Paragraph(line(block.line)) if isinstance(block, Paragraph) else block


def _spelled(sentence: str) -> str:
    return in_words(sentence).replace("**", "^")
