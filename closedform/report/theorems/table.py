"""One table from the name of a theorem to its sentence and source: findings become the statements that are printed.

No other place writes a claim in English. A strategy names the theorem, says what it is about and on whose word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from closedform.attempt import Finding, Formula
from closedform.ladder.verdict import Statement, Topic
from closedform.report.formats.typeset import latex_of
from closedform.report.theorems.formulas import FORMULAS
from closedform.report.theorems.matrices import MATRICES
from closedform.report.theorems.minimisers import MINIMISERS
from closedform.report.theorems.networks import NETWORKS
from closedform.report.theorems.points import POINTS
from closedform.report.theorems.reasons import REASONS
from closedform.report.theorems.words import Theorem, nonzero, short_text, when

OF_THE_WHOLE: tuple[Topic, ...] = (
    "no minimum",
    "nowhere",
    "attained",
    "convex",
    "interval",
)  # what a part has, the problem may not have
CLAIMED = ("formula", "conditions")  # what a finding of a minimum is about, beside the reason why
OF = "of"  # the theorem that a remark belongs to, and its source with it
THEOREMS: Mapping[str, Theorem] = {**POINTS, **REASONS, **FORMULAS, **MATRICES, **MINIMISERS, **NETWORKS}


def stated(finding: Finding) -> Statement:
    """The finding in English, with its printed source.

    >>> stated(Finding("affine family", about={"dimension": 2})).text
    'the critical points are this affine family of dimension 2'
    """
    theorem, text = THEOREMS[finding.theorem], sentence_of(finding)
    if theorem.why:
        conditions = cast("tuple[str, ...]", finding.about["conditions"])
        text = f"{finding.about['formula']} is a global minimum{when(conditions)}: {text}"
    text = ": ".join((*finding.within, text))
    used = {k: v for k, v in finding.names.items() if k in text}
    if used:
        text += f" (with {', '.join(f'{k} = {v}' for k, v in finding.names.items())})"
    if finding.refused:
        text += " (the kernel refused its certificate)"
    reference = THEOREMS[str(finding.about.get(OF, finding.theorem))].reference.format(**_values(finding.about))
    topic = "" if finding.within and theorem.topic in OF_THE_WHOLE else theorem.topic
    exceptions = tuple(_renamed(e, finding.names) for e in nonzero(finding.about.get("exceptions", ())))
    return Statement(text, finding.trust, finding.assuming, reference, finding.certificate, topic, exceptions, finding)


def explained(formula: Formula | None) -> Formula | None:
    """The formula typeset, and with its theorem in English as what makes it a minimum."""
    if formula is None:
        return None
    latex = ",\\quad ".join(f"\\hat{{{latex_of(u)}}} = {latex_of(e)}" for u, e in formula.unknown.items())
    convexity = formula.convexity if formula.theorem is None else sentence_of(formula.theorem)
    return replace(formula, latex=latex, convexity=convexity)


def sentence_of(finding: Finding) -> str:
    """What the theorem says of what the finding is about; of a minimum, the reason why it is one. A reason may be a finding."""
    theorem = THEOREMS[finding.theorem]
    about = {k: sentence_of(v) if isinstance(v, Finding) else v for k, v in finding.about.items()}
    if isinstance(theorem.sentence, str):
        return theorem.sentence.format(**_values(about))
    beside = (OF, *CLAIMED) if theorem.why else (OF,)
    return theorem.sentence(**{key: value for key, value in about.items() if key not in beside})


def _values(about: Mapping[str, object]) -> dict[str, object]:
    return {k: v if isinstance(v, int | float) else _value(v) for k, v in about.items()}


def _renamed(text: str, names: Mapping[str, str]) -> str:
    """The text with the names of sums written out, as the conditions of points have them."""
    return re.sub(r"[A-Za-z_]\w*", lambda name: f"({names[name[0]]})" if name[0] in names else name[0], text)


def _value(value: object) -> str:
    return value if isinstance(value, str) else short_text(value)
