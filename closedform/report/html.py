"""The report as a page that stands alone (MathML, no script, nothing fetched), and as a card for a notebook.

In the card mathematics is ``$LaTeX$``: a notebook typesets it itself, also in one that is not trusted.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from closedform.report.blocks import (
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
    Math,
    Paragraph,
    Table,
)
from closedform.report.typeset import inline_latex, inline_mathml

Setter = Callable[[Math | Equation], str]

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
<title>{title}</title>
<style>
body {{ font: 16px/1.55 Georgia, "Times New Roman", serif; color: #1f2328; background: #fff;
       max-width: 52rem; margin: 2.5rem auto; padding: 0 1.2rem; }}
h1 {{ font: 600 1.15rem/1.4 ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; }}
h2 {{ font-size: 1.1rem; margin: 1.8rem 0 .4rem; }}
math {{ font-family: "STIX Two Math", "Cambria Math", "Latin Modern Math", math; font-size: 1.08em; }}
.scroll {{ overflow-x: auto; }}
table {{ border-collapse: collapse; }}
td, th {{ padding: .18rem .9rem .18rem 0; vertical-align: baseline; text-align: left; }}
td:first-child {{ color: #59636e; white-space: nowrap; }}
pre {{ background: #f6f8fa; padding: .8rem 1rem; overflow-x: auto; font-size: .85rem; line-height: 1.4; }}
@media (prefers-color-scheme: dark) {{
  body {{ color: #e6edf3; background: #0d1117; }} pre {{ background: #161b22; }} td:first-child {{ color: #9198a1; }}
}}
</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""


def render(document: Document) -> str:
    """A whole page that works from a file, offline."""
    body = "\n".join(_block(b, inline_mathml) for b in document.blocks)
    return _PAGE.format(title=escape(document.title), body=body)


def card(document: Document) -> str:
    """The answer and the question for a notebook cell; the rest folded away under it."""
    shown, folded = document.blocks[:3], document.blocks[3:]
    head = f"<code>{escape(document.title)}</code>"
    body = "\n".join(_block(b, _dollars) for b in shown)
    rest = "\n".join(_block(b, _dollars) for b in folded)
    more = f"<details><summary>why one may believe it</summary>\n{rest}\n</details>" if rest else ""
    style = "border:1px solid #8884;border-radius:6px;padding:.6em 1em;max-width:60em"
    return f'<div style="{style}">{head}\n{body}\n{more}</div>'


def _dollars(part: Math | Equation) -> str:
    return f"${escape(inline_latex(part))}$"


def _inline(part: Inline, put: Setter) -> str:
    return escape(part) if isinstance(part, str) else put(part)


def _line(line: Line, put: Setter) -> str:
    return "".join(_inline(part, put) for part in line)


def _badge(word: str) -> str:
    colour = _COLOUR[word]
    style = f"color:{colour};border:1px solid {colour};border-radius:4px;padding:0 .4em;font:600 .8em sans-serif"
    return f'<span style="{style}">{word.replace("_", " ")}</span>'


def _block(block: Block, put: Setter) -> str:
    if isinstance(block, Answer):
        lines = "".join(f"<div>{_line(line, put)}</div>" for line in block.lines)
        return f'<div style="margin:.6em 0">{_badge(block.outcome)}{lines}</div>'
    if isinstance(block, Heading):
        return f"<h2>{escape(block.text)}</h2>" if block.text else "<hr>"
    if isinstance(block, Paragraph):
        return f"<p>{_line(block.line, put)}</p>"
    if isinstance(block, Items):
        tag = "ol" if block.numbered else "ul"
        items = "".join(f"<li>{'<br>'.join(_line(line, put) for line in item)}</li>" for item in block.items)
        return f'<{tag} class="scroll">{items}</{tag}>'
    if isinstance(block, Claims):
        return _claims(block)
    if isinstance(block, Table):
        return _table(block, put)
    if isinstance(block, Code):
        whole = f"<pre>{escape(block.source.strip())}</pre>"
        main = f"<pre>{escape(block.main)}</pre>"
        more = f"<details><summary>the whole source</summary>{whole}</details>"
        return main + more if block.source.strip() != block.main else main
    raise TypeError(f"no HTML for {type(block).__name__}")


def _claims(block: Claims) -> str:
    rows = list[str]()
    for s in block.statements:
        extra = "".join(f"<br><em>assuming {escape(a)}</em>" for a in s.assuming)
        source = f" <small>({escape(s.reference)})</small>" if s.reference else ""
        rows.append(f"<tr><td>{_badge(s.trust)}</td><td>{escape(s.text)}{source}{extra}</td></tr>")
    return f"<table>{''.join(rows)}</table>"


def _table(block: Table, put: Setter) -> str:
    head = "<tr>" + "".join(f"<th>{escape(h)}</th>" for h in block.header) + "</tr>" if block.header else ""
    rows = "".join("<tr>" + "".join(f"<td>{_inline(c, put)}</td>" for c in row) + "</tr>" for row in block.rows)
    return f'<div class="scroll"><table>{head}{rows}</table></div>'
