"""The report for a terminal: plain text within a width, with colours only where they are wanted."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Sequence

from closedform.report.document import steps_of
from closedform.report.document.answer import DIGITS as SHOWN_DIGITS
from closedform.report.document.blocks import (
    Answer,
    Block,
    Claims,
    Code,
    Document,
    Equation,
    Heading,
    Inline,
    Items,
    Line,
    Link,
    Math,
    Paragraph,
    TableBlock,
)
from closedform.report.document.brief import brief
from closedform.report.document.textbook import readable
from closedform.report.document.whole import compose
from closedform.report.formats import Asked
from closedform.report.record import DEFAULT_DIGITS, ReportRecord

WIDEST = 110  # columns: longer lines are hard to read
INDENT = 2
SHORT = 12  # lines of code that are shown in full
HELD = "\N{NO-BREAK SPACE}"  # a space at which no line ends
NARROWEST = 5  # of a column in a table

_STYLE = {
    "closed": "1;32",
    "partly_closed": "1;33",
    "no_critical_point": "1;36",
    "not_closed": "1;31",
    "undecided": "1;35",
    "proved": "32",
    "derived": "36",
    "observed": "33",
    "heading": "1",
    "faint": "2",
}
_WORD = {
    "closed": "CLOSED",
    "partly_closed": "PARTLY CLOSED",
    "no_critical_point": "NO CRITICAL POINT",
    "not_closed": "NOT CLOSED",
    "undecided": "UNDECIDED",
}


def of_report(report: ReportRecord, asked: Asked) -> str:
    """What matters, or with ``full`` all. Numbers have 12 digits unless others were asked for, here or in ``derive``."""
    digits = asked.digits or (report.digits if report.digits != DEFAULT_DIGITS else None)
    way = steps_of(report) if asked.steps else ()
    if asked.full:
        return render(compose(report, way, None if digits else SHOWN_DIGITS), asked.width, asked.colour)
    return render(brief(report, digits or SHOWN_DIGITS, way), asked.width, asked.colour)


def render(document: Document, width: int | None = None, colour: bool = False) -> str:
    """The document as text that ends in one newline."""
    columns = max(40, min(width or shutil.get_terminal_size((96, 24)).columns, WIDEST))
    return "\n".join(_Terminal(columns, colour).document(document)).rstrip().replace(HELD, " ") + "\n"


def headline(block: Answer) -> str:
    """The verdict in a word; where it is another one for the optimum, that first."""
    if not block.optimum:
        return _WORD[block.outcome]
    return f"{block.sought.capitalize()}: {_WORD[block.optimum]}; all points: {_WORD[block.outcome]}"


class _Terminal:
    def __init__(self, width: int, colour: bool) -> None:
        self.width, self.colour = width, colour

    def document(self, document: Document) -> list[str]:
        lines = list[str]()
        for block in document.blocks:
            lines += self.block(block)
        return lines

    def style(self, text: str, name: str) -> str:
        return f"\x1b[{_STYLE[name]}m{text}\x1b[0m" if self.colour else text

    def block(self, block: Block) -> list[str]:
        if isinstance(block, Answer):
            return self.answer(block)
        if isinstance(block, Heading):
            lines = self.wrapped(block.text, 0, INDENT) if block.text else []
            return ["", *(self.style(line, "heading") for line in lines)]
        if isinstance(block, Paragraph):
            return self.wrapped(self.line(block.line), INDENT)
        if isinstance(block, Items):
            return self.items(block)
        if isinstance(block, Claims):
            return self.claims(block)
        if isinstance(block, TableBlock):
            return self.table(block)
        return self.code(block)

    def line(self, line: Line) -> str:
        return "".join(self.inline(part) for part in line)

    def inline(self, part: Inline) -> str:
        if isinstance(part, Link):
            return part.text
        if isinstance(part, str):
            return part
        if isinstance(part, Math):
            return readable(part.value)
        return self.equation(part)

    @staticmethod
    def equation(part: Equation) -> str:
        decimal = part.decimal or ""
        if part.radius:
            decimal += f"{HELD}±{HELD}{part.radius}"
        sides = [readable(part.left)] + ([readable(part.right)] if part.right is not None else [])
        shown = " = ".join(sides)
        return f"{shown} ≈{HELD}{decimal}" if decimal else shown

    def wrapped(self, text: str, indent: int, hanging: int = 0) -> list[str]:
        return textwrap.wrap(
            text,
            self.width,
            initial_indent=" " * indent,
            subsequent_indent=" " * (indent + hanging),
            break_on_hyphens=False,
            break_long_words=len(text) > self.width,
        ) or [""]

    def answer(self, block: Answer) -> list[str]:
        lines = [self.style(headline(block), block.optimum or block.outcome)]
        for line in block.lines:
            lines += self.wrapped(self.line(line), INDENT, 2)
        return lines

    def code(self, block: Code) -> list[str]:
        whole, main = block.source.strip().splitlines(), block.main.splitlines()
        if len(whole) <= SHORT:
            return [" " * 4 + line for line in whole]
        more = f"... and {len(whole) - len(main)} more lines: report.formula.numpy has the whole, so has --json"
        return [*(" " * 4 + line for line in main), *self.wrapped(more, INDENT)]

    def items(self, block: Items) -> list[str]:
        out = list[str]()
        for i, (first, *rest) in enumerate(block.items, 1):
            mark = f"{i}." if block.numbered else "-"
            lead = INDENT + len(mark) + 1
            head = self.wrapped(self.line(first), lead, 2)
            head[0] = " " * INDENT + mark + head[0][lead - 1 :]
            out += head
            for line in rest:
                out += self.wrapped(self.line(line), lead + 1, 4)
        return out

    def claims(self, block: Claims) -> list[str]:
        out = list[str]()
        for s in block.statements:
            badge = f"[{s.trust}]"
            lead = INDENT + 11
            lines = self.wrapped(s.text, lead)
            lines[0] = " " * INDENT + self.style(badge, s.trust) + " " * (11 - len(badge)) + lines[0][lead:]
            out += lines
            for hypothesis in s.assuming:
                out += self.wrapped(f"assuming {hypothesis}", lead, 2)
            if s.reference:
                out += self.wrapped(f"({s.reference})", lead, 1)
        return out

    def table(self, block: TableBlock) -> list[str]:
        rows = [[self.inline(cell) for cell in row] for row in block.rows]
        if block.header:
            rows.insert(0, list(block.header))
        if not rows:
            return []
        columns = max(len(r) for r in rows)
        rows = [r + [""] * (columns - len(r)) for r in rows]
        widths = self.column_widths(rows)
        out = list[str]()
        for n, row in enumerate(rows):
            lines = self.row(row, widths)
            out += [self.style(line, "faint") for line in lines] if n == 0 and block.header else lines
        return out

    def column_widths(self, rows: Sequence[Sequence[str]]) -> list[int]:
        """Natural widths; where they don't fit, the widest column gives way."""
        widths = [max(len(r[c]) for r in rows) for c in range(len(rows[0]))]
        room = self.width - INDENT - 2 * (len(widths) - 1)
        while sum(widths) > room and max(widths) > NARROWEST:
            widest = widths.index(max(widths))
            others = max((w for i, w in enumerate(widths) if i != widest), default=0)
            excess = sum(widths) - room
            widths[widest] = max(NARROWEST, widths[widest] - excess, min(others, widths[widest] - 1))
        return widths

    def row(self, row: Sequence[str], widths: Sequence[int]) -> list[str]:
        cells = [
            textwrap.wrap(c, max(w, 1), break_on_hyphens=False, subsequent_indent="  " if w > 20 else "") or [""]
            for c, w in zip(row, widths, strict=True)
        ]
        out = list[str]()
        for i in range(max(len(c) for c in cells)):
            line = "  ".join((c[i] if i < len(c) else "").ljust(w) for c, w in zip(cells, widths, strict=True))
            out.append((" " * INDENT + line).rstrip())
        return out
