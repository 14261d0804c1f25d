"""``closedform atlas``: every loss of the catalogue that people train, decided while you wait.

Nothing is stored: each row is a report on the loss in symbols, for all data. What the models are called, and what would
change the verdict, stands in ``losses/models.py``.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from closedform.derive import derive
from closedform.errors import CallError
from closedform.expression import Node, heads
from closedform.frozen import record
from closedform.losses import catalogue
from closedform.losses.models import MODELS, Models
from closedform.report.document.blocks import Block, Document, Heading, Items, Link, Paragraph, TableBlock
from closedform.report.document.whole import compose
from closedform.report.formats import html, text
from closedform.report.model import Report

NOT_TRAINED = ("functions",)  # families of the catalogue that are no models
SECONDS = 12.0  # for one row
MOST = 120  # characters of the reason of an attempt
WORDS = {
    "closed": "closed",
    "partly_closed": "partly closed",
    "no_critical_point": "no critical point",
    "not_closed": "not closed",
    "undecided": "undecided",
}


@record
class Row:
    """One loss: the models that minimise it, the verdict for all data, on what basis, and what would change it.

    ``basis`` is the statement that the verdict rests on, or of an undecided loss the sentence that says what is missing.
    """

    name: str
    title: str
    family: str
    models: str
    outcome: str
    minimiser: str | None
    expression_class: str | None
    trust: str
    basis: str
    change: str
    seconds: float
    report: Report

    def to_dict(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.name != "report"}


@record
class Atlas:
    """The rows, and how they are shown."""

    rows: tuple[Row, ...]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def to_json(self) -> str:
        return json.dumps({"format": 1, "rows": [r.to_dict() for r in self.rows]}, ensure_ascii=False, indent=2)

    def to_text(self, width: int | None = None, *, colour: bool = False) -> str:
        return text.render(self._document(False), width, colour)

    def to_html(self) -> str:
        """A page that works offline: the table, and under it the report of each row, to which the row leads."""
        return html.render(self._document(True))

    def _document(self, whole: bool) -> Document:
        blocks = list[Block]()
        for family in dict.fromkeys(r.family for r in self.rows):
            blocks += [Heading(family), _table([r for r in self.rows if r.family == family], whole)]
        for r in self.rows if whole else ():
            blocks += [
                Heading(f"{r.name}: {r.title}", r.name),
                Paragraph((r.basis,)),
                *compose(r.report, digits=12).blocks,
            ]
        open_ = [] if whole else [r for r in self.rows if r.outcome == "undecided"]
        if open_:
            blocks += [Heading("What is missing"), Items(tuple(((f"{r.name}: {r.basis}.",),) for r in open_))]
        return Document("Which models have a closed form?", tuple(blocks))


def atlas(
    names: Sequence[str] | None = None, *, seconds: float = SECONDS, progress: Callable[[str], None] | None = None
) -> Atlas:
    """Decides the losses of the catalogue that people train, or those named; ``seconds`` is the time for each.

    >>> [(row.name, row.outcome, row.expression_class) for row in atlas(["ols"])]
    [('ols', 'closed', 'linear_algebra')]
    """
    known = {n: e for n, e in catalogue().items() if e.family not in NOT_TRAINED}
    for n in names or ():
        if n not in known:
            raise CallError(f"the atlas has no loss {n[:60]}; closedform losses lists them")
    return Atlas(tuple(_row(n, seconds, progress) for n in (known if names is None else names)))


def _row(name: str, seconds: float, progress: Callable[[str], None] | None) -> Row:
    if progress is not None:
        progress(name)
    entry, started = catalogue()[name], time.monotonic()
    report = derive(name, timeout=seconds)
    verdict, models = report.verdict, MODELS.get(name, Models(entry.title))
    decided = verdict.outcome != "undecided"
    bases = [s for s in verdict.statements if s.trust != "observed"] if decided else []
    bases.sort(key=lambda s: not s.topic)  # what the short report tells comes first
    return Row(
        name,
        entry.title,
        entry.family,
        models.names,
        verdict.outcome,
        verdict.minimiser,
        verdict.expression_class,
        bases[0].trust if bases else "",
        bases[0].text if bases else missing(report),
        models.change,
        round(time.monotonic() - started, 3),
        report,
    )


KINKS = frozenset({"abs", "max", "min", "relu", "norm1", "sign"})
GROWING = frozenset({"exp", "sigmoid", "softplus", "tanh"})
GAMMAS = frozenset({"gamma", "loggamma", "digamma", "binomial"})
OTHERS = frozenset({"besseli", "besselj", "zeta"})


def missing(report: Report) -> str:
    """One sentence: what a proof either way would need, by what the loss is made of; then how far the attempts came."""
    loss = report.problem.loss
    made_of = heads(loss) if loss is not None else frozenset[str]()
    if made_of & KINKS and not made_of & GROWING:
        sentence = (
            "on each pattern of active terms the minimiser has a formula, but which pattern holds depends on the data: "
            "missing is one formula for all sizes, or a proof that there is none"
        )
    elif loss is not None and _tower(loss):
        sentence = (
            "an exponential of the unknown stands in another: missing is a theorem on numbers x with P(x, exp(x), "
            "exp(exp(x))) = 0"
        )
    elif made_of & {"erf", "erfc"}:
        sentence = (
            "the equations hold the error function of the unknown: missing is a proof that what inverts sums of it leaves "
            "the elementary functions"
        )
    elif made_of & GAMMAS:
        sentence = (
            "the equations hold the digamma function of the unknowns: missing is a proof for several of them at once that "
            "no differentially algebraic formula gives them"
        )
    elif made_of & OTHERS:
        sentence = "the equations hold a special function of the unknown: missing is a theorem on its inverse"
    elif report.problem.level == "matrix":
        sentence = (
            "the equations are not affine in the unknowns: missing is a small data set whose polynomial system is within "
            "reach and has an unsolvable group, or a change of variables that makes it an eigenvalue problem"
        )
    else:
        sentence = (
            "missing is a small data set at which every critical point is proved to have no formula, or a formula"
        )
    return f"{sentence}{_how_far(report)}"


def _tower(node: Node) -> bool:
    """Does an exponential stand in an exponential?"""
    inner = any(heads(c) & GROWING for c in node.children)
    return (node.head in GROWING and inner) or any(_tower(c) for c in node.children)


def _how_far(report: Report) -> str:
    """The last reason of an attempt on the loss itself, where one failed."""
    tried = [a for a in report.attempts if a.outcome in ("failed", "timeout") and a.reason and " > " not in a.strategy]
    if not tried:
        return ""
    reason = tried[-1].reason if len(tried[-1].reason) <= MOST else f"{tried[-1].reason[: MOST - 1]}…"
    return f" (tried: {tried[-1].strategy}: {reason})"


def _table(rows: Sequence[Row], whole: bool) -> TableBlock:
    header = ("loss", "models", "verdict", "class", "trust", "seconds")
    cells = [
        (
            Link(r.name, r.name),
            r.models,
            _verdict(r),
            (r.expression_class or "").replace("_", " "),
            r.trust,
            f"{r.seconds:.1f}",
        )
        for r in rows
    ]
    if whole:
        return TableBlock((*header, "what changes it"), tuple((*c, r.change) for c, r in zip(cells, rows, strict=True)))
    return TableBlock(header, tuple(cells))


def _verdict(row: Row) -> str:
    if row.minimiser is None or row.minimiser == row.outcome:
        return WORDS[row.outcome]
    return f"{WORDS[row.outcome]}; minimiser {WORDS[row.minimiser]}"
