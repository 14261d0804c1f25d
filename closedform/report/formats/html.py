"""The report as a page that stands alone (MathML, nothing fetched), and as a card for a notebook.

In the card mathematics is ``$LaTeX$``: a notebook typesets it itself, also in one that is not trusted. The card has no
tables, which notebooks style in their own way, and reads well where its styles are taken away. On the page what is wider
than the screen scrolls by itself; nothing is cut.
"""

from __future__ import annotations

from base64 import b64encode
from datetime import date
from html import escape
from importlib.metadata import version
from typing import TYPE_CHECKING

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
from closedform.report.document.whole import compose
from closedform.report.formats import Asked
from closedform.report.formats.typeset import inline_latex, inline_mathml
from closedform.report.pictures import picture_of
from closedform.report.record import ReportRecord

if TYPE_CHECKING:
    from closedform.ladder.verdict import Statement

_COLOUR = {
    "closed": "#1a7f37",
    "partly_closed": "#9a6700",
    "no_critical_point": "#0969da",
    "not_closed": "#b42318",
    "undecided": "#6e40c9",
    "proved": "#1a7f37",
    "derived": "#0969da",
    "observed": "#9a6700",
}
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="closedform {version}">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --ink: #1f2328; --faint: #59636e; --paper: #fff; --code: #f6f8fa; --rule: #d1d9e0; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --ink: #e6edf3; --faint: #9198a1; --paper: #0d1117; --code: #161b22; --rule: #30363d; }}
  .badge {{ filter: brightness(1.6); }}
}}
* {{ box-sizing: border-box; }}
body {{ font: 16px/1.55 Georgia, "Times New Roman", serif; color: var(--ink); background: var(--paper);
       max-width: 52rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: break-word; }}
h1 {{ font: 600 1.1rem/1.4 ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; }}
h2 {{ font-size: 1.1rem; margin: 1.8rem 0 .4rem; }}
math {{ font-family: "STIX Two Math", "Cambria Math", "Latin Modern Math", math; font-size: 1.08em; }}
.math {{ display: inline-block; max-width: 100%; vertical-align: middle; }}
.math, .scroll, pre {{ overflow-x: auto; overflow-y: hidden; scrollbar-width: thin; }}
table {{ border-collapse: collapse; }}
td, th {{ padding: .18rem .9rem .18rem 0; vertical-align: baseline; text-align: left; }}
td .math {{ max-width: none; }}
td:first-child {{ color: var(--faint); white-space: nowrap; }}
li {{ margin: .3rem 0; }}
img {{ max-width: 100%; background: #fff; border-radius: 6px; }}
pre {{ background: var(--code); padding: .8rem 1rem; font-size: .85rem; line-height: 1.4; margin: 0; }}
.code {{ position: relative; margin: .6rem 0; }}
.code button {{ position: absolute; top: .4rem; right: .4rem; font-size: .8rem; }}
footer {{ color: var(--faint); border-top: 1px solid var(--rule); margin-top: 2rem; padding-top: .5rem; font-size: .85rem; }}
.statement {{ display: grid; grid-template-columns: 6rem 1fr; gap: .2rem .6rem; margin: .4rem 0; }}
@media (max-width: 30rem) {{ .statement {{ grid-template-columns: 1fr; }} }}
</style>
</head>
<body>
<h1>{title}</h1>
{body}
<footer>{legend}<br>closedform {version}, {date}</footer>
</body>
</html>
"""
LEGEND = (
    "<strong>proved</strong>: a small kernel checked a certificate. <strong>derived</strong>: a cited theorem applies, and its hypotheses were "
    "checked. <strong>observed</strong>: seen in floating point only."
)
_COPY = "navigator.clipboard.writeText(this.nextElementSibling.textContent)"


def of_report(report: ReportRecord, asked: Asked) -> str:
    """The whole page, with the picture where there is one."""
    return render(compose(report, steps_of(report) if asked.steps else ()), picture_of(report))


def card_of(report: ReportRecord) -> str:
    """What a notebook shows of a report."""
    return card(brief(report, SHOWN_DIGITS), compose(report, digits=SHOWN_DIGITS))


def render(document: Document, picture: bytes | None = None) -> str:
    """A whole page that works from a file, offline; the ``picture``, a PNG, stands after the answer."""
    blocks = [_Page().block(b) for b in document.blocks]
    if picture is not None:
        data = b64encode(picture).decode()
        blocks.insert(1, f'<p><img alt="the loss and its critical points" src="data:image/png;base64,{data}"></p>')
    return _PAGE.format(
        title=escape(document.title),
        body="\n".join(blocks),
        legend=LEGEND,
        version=version("closedform"),
        date=date.today().isoformat(),
    )


def card(document: Document, whole: Document | None = None) -> str:
    """A short document for a notebook cell, and the ``whole`` one, where there is one, folded away under it."""
    head = f"<code>{escape(document.title)}</code>"
    body = "\n".join(_Card().block(b) for b in document.blocks)
    rest = "\n".join(_Card().block(b) for b in whole.blocks[1:]) if whole is not None else ""
    more = f"<details><summary>why one may believe it</summary>\n{rest}\n</details>" if rest else ""
    style = "border:1px solid #8884;border-radius:6px;padding:.6em 1em;max-width:60em;text-align:left"
    return f'<div style="{style}">{head}\n{body}\n{more}</div>'


class _Page:
    """Blocks as HTML, with MathML and tables."""

    def math(self, part: Math | Equation) -> str:
        return f'<span class="math">{inline_mathml(part)}</span>'

    def inline(self, part: Inline) -> str:
        if isinstance(part, Link):
            return f'<a href="#{escape(part.anchor, quote=True)}">{escape(part.text)}</a>'
        return escape(part) if isinstance(part, str) else self.math(part)

    def line(self, line: Line) -> str:
        return "".join(self.inline(part) for part in line)

    def block(self, block: Block) -> str:
        if isinstance(block, Answer):
            lines = "".join(f"<div>{self.line(line)}</div>" for line in block.lines)
            optimum = f"{_badge(block.optimum)} {block.sought}; all points: " if block.optimum else ""
            return f'<div style="margin:.6em 0">{optimum}{_badge(block.outcome)}{lines}</div>'
        if isinstance(block, Heading):
            anchor = f' id="{escape(block.anchor, quote=True)}"' if block.anchor else ""
            return f"<h2{anchor}>{escape(block.text)}</h2>" if block.text else ""
        if isinstance(block, Paragraph):
            return f"<p>{self.line(block.line)}</p>"
        if isinstance(block, Items):
            tag = "ol" if block.numbered else "ul"
            items = "".join(f"<li>{'<br>'.join(self.line(line) for line in item)}</li>" for item in block.items)
            return f"<{tag}>{items}</{tag}>"
        if isinstance(block, Claims):
            return "".join(self.claim(s) for s in block.statements)
        if isinstance(block, TableBlock):
            return self.table(block)
        return self.code(block)

    def claim(self, statement: Statement) -> str:
        extra = "".join(f"<br><em>assuming {escape(a)}</em>" for a in statement.assuming)
        source = f" <small>({escape(statement.reference)})</small>" if statement.reference else ""
        return f'<div class="statement"><div>{_badge(statement.trust)}</div><div>{escape(statement.text)}{source}{extra}</div></div>'

    def table(self, block: TableBlock) -> str:
        head = "<tr>" + "".join(f"<th>{escape(h)}</th>" for h in block.header) + "</tr>" if block.header else ""
        rows = "".join("<tr>" + "".join(f"<td>{self.inline(c)}</td>" for c in row) + "</tr>" for row in block.rows)
        return f'<div class="scroll"><table>{head}{rows}</table></div>'

    def code(self, block: Code) -> str:
        def shown(source: str) -> str:
            return f'<div class="code"><button onclick="{_COPY}">copy</button><pre>{escape(source)}</pre></div>'

        if block.source.strip() == block.main:
            return shown(block.main)
        return f"{shown(block.main)}<details><summary>the whole source</summary>{shown(block.source.strip())}</details>"


class _Card(_Page):
    """Blocks for a notebook: mathematics in dollars, and rows instead of tables."""

    def math(self, part: Math | Equation) -> str:
        return f"${escape(inline_latex(part))}$"

    def claim(self, statement: Statement) -> str:
        extra = "".join(f"; assuming {escape(a)}" for a in statement.assuming)
        source = f" <small>({escape(statement.reference)})</small>" if statement.reference else ""
        return f'<div style="margin:.3em 0">{_badge(statement.trust)} {escape(statement.text)}{source}{extra}</div>'

    def table(self, block: TableBlock) -> str:
        names = block.header or ("",) * max((len(r) for r in block.rows), default=0)
        rows = list[str]()
        for row in block.rows:
            label, rest = self.inline(row[0]), [self.inline(c) for c in row[1:]]
            cells = [f"{escape(h)} {c}" if h and c else c for h, c in zip(names[1:], rest, strict=False)]
            shown = (
                f'<span style="opacity:.7">{label}</span>&ensp;{", ".join(c for c in cells if c)}' if rest else label
            )
            rows.append(f'<div style="overflow-x:auto;white-space:nowrap">{shown}</div>')
        return "".join(rows)

    def code(self, block: Code) -> str:
        return f"<pre>{escape(block.main)}</pre>"


def _badge(word: str) -> str:
    colour = _COLOUR[word]
    style = f"color:{colour};border:1px solid {colour};border-radius:4px;padding:0 .4em;font:600 .8em sans-serif"
    return f'<span class="badge" style="{style}">{word.replace("_", " ")}</span>'
