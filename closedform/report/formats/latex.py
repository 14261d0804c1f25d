"""The report as a LaTeX document that compiles as it stands (article, amsmath)."""

from __future__ import annotations

from closedform.report.document import steps_of
from closedform.report.document.blocks import (
    Answer,
    Block,
    Claims,
    Document,
    Heading,
    Inline,
    Items,
    Line,
    Link,
    Paragraph,
    TableBlock,
)
from closedform.report.document.whole import compose
from closedform.report.formats import Asked
from closedform.report.formats.typeset import answer_latex, inline_latex, latex_escape
from closedform.report.record import ReportRecord

_PREAMBLE = r"""\documentclass[11pt]{article}
\usepackage[utf8]{inputenc}
\usepackage[T1]{fontenc}
\usepackage{amsmath,amssymb}
\usepackage[margin=25mm]{geometry}
\setlength{\parindent}{0pt}
\sloppy
"""


def of_report(report: ReportRecord, asked: Asked) -> str:
    """The whole document of a report."""
    return render(compose(report, steps_of(report) if asked.steps else ()))


def answer_of(report: ReportRecord) -> str:
    """The answer alone, as one formula."""
    return answer_latex(compose(report))


def render(document: Document) -> str:
    """The whole document."""
    body = "\n\n".join(_block(b) for b in document.blocks)
    title = latex_escape(document.title)
    return f"{_PREAMBLE}\\begin{{document}}\n\\section*{{\\texttt{{{title}}}}}\n\n{body}\n\\end{{document}}\n"


def _inline(part: Inline) -> str:
    if isinstance(part, Link):
        return latex_escape(part.text)
    return latex_escape(part) if isinstance(part, str) else f"${inline_latex(part)}$"


def _line(line: Line) -> str:
    return "".join(_inline(part) for part in line)


def _block(block: Block) -> str:
    if isinstance(block, Answer):
        word = latex_escape(block.outcome.replace("_", " ").upper())
        return f"\\textbf{{{word}}}\n\n" + "\n\n".join(_line(line) for line in block.lines)
    if isinstance(block, Heading):
        return f"\\subsection*{{{latex_escape(block.text)}}}" if block.text else "\\medskip"
    if isinstance(block, Paragraph):
        return _line(block.line)
    if isinstance(block, Items):
        kind = "enumerate" if block.numbered else "itemize"
        items = "\n".join("\\item " + "\\\\\n".join(_line(line) for line in item) for item in block.items)
        return f"\\begin{{{kind}}}\n{items}\n\\end{{{kind}}}"
    if isinstance(block, Claims):
        return _claims(block)
    if isinstance(block, TableBlock):
        return _table(block)
    more = "" if block.source.strip() == block.main else "\nThe functions that it calls are in the JSON."
    return f"{{\\small\n\\begin{{verbatim}}\n{block.main}\n\\end{{verbatim}}\n}}{more}"


def _claims(block: Claims) -> str:
    items = list[str]()
    for s in block.statements:
        extra = "".join(f" Assuming {latex_escape(a)}." for a in s.assuming)
        source = f" ({latex_escape(s.reference)})" if s.reference else ""
        items.append(f"\\item[\\textsf{{{s.trust}}}] {latex_escape(s.text)}{extra}{source}")
    return "\\begin{description}\n" + "\n".join(items) + "\n\\end{description}"


def _table(block: TableBlock) -> str:
    columns = max((len(r) for r in block.rows), default=1)
    wide = 0.92 - 0.16 * (columns - 1)
    shape = "l" * (columns - 1) + f"p{{{max(wide, 0.3):.2f}\\textwidth}}" if columns <= 4 else "l" * columns
    rows = [" & ".join(_inline(c) for c in row) for row in block.rows]
    if block.header:
        rows.insert(0, " & ".join(f"\\textit{{{latex_escape(h)}}}" for h in block.header))
    body = " \\\\\n".join(rows)
    return f"\\begin{{tabular}}{{@{{}}{shape}@{{}}}}\n{body}\n\\end{{tabular}}"
