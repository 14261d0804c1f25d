"""One table from the name of a theorem to its sentence and source: findings become the statements that are printed.

No other place writes a claim in English. A strategy names the theorem, says what it is about and on whose word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from closedform.attempt import Finding
from closedform.ladder.verdict import Statement, Topic
from closedform.report.theorems.formulas import FORMULAS
from closedform.report.theorems.matrices import MATRICES
from closedform.report.theorems.networks import NETWORKS
from closedform.report.theorems.points import POINTS
from closedform.report.theorems.words import Theorem, nonzero, written

OF_THE_WHOLE: tuple[Topic, ...] = (
    "no minimum",
    "attained",
    "convex",
    "interval",
)  # what a part has, the problem may not have
THEOREMS: Mapping[str, Theorem] = {**POINTS, **FORMULAS, **MATRICES, **NETWORKS}


def stated(finding: Finding) -> Statement:
    """The finding in English, with its printed source.

    >>> stated(Finding("affine family", about={"dimension": 2})).text
    'the critical points are this affine family of dimension 2'
    """
    theorem = THEOREMS[finding.theorem]
    about = {k: v if isinstance(v, int | float) else _value(v) for k, v in finding.about.items()}
    sentence = theorem.sentence
    text = sentence.format(**about) if isinstance(sentence, str) else sentence(**finding.about)
    text = ": ".join((*finding.within, text))
    used = {k: v for k, v in finding.names.items() if k in text}
    if used:
        text += f" (with {', '.join(f'{k} = {v}' for k, v in finding.names.items())})"
    if finding.refused:
        text += " (the kernel refused its certificate)"
    reference = theorem.reference.format(**about)
    topic = "" if finding.within and theorem.topic in OF_THE_WHOLE else theorem.topic
    exceptions = tuple(_renamed(e, finding.names) for e in nonzero(finding.about.get("exceptions", ())))
    return Statement(text, finding.trust, finding.assuming, reference, finding.certificate, topic, exceptions, finding)


def _renamed(text: str, names: Mapping[str, str]) -> str:
    """The text with the names of sums written out, as the conditions of points have them."""
    return re.sub(r"[A-Za-z_]\w*", lambda name: f"({names[name[0]]})" if name[0] in names else name[0], text)


def _value(value: object) -> str:
    return value if isinstance(value, str) else written(value)
