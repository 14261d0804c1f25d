"""Theorems on networks: the least loss of wide ones, and what is known of narrow ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from closedform.report.theorems.words import Theorem

HUANG_BABRI = "G.-B. Huang and H. A. Babri, IEEE Trans. Neural Networks 9 (1998) 224-229"
FEW = 6  # names that are all listed


def listed(names: Sequence[str]) -> str:
    """``v1, v2, v3``; of many the first three and the last.

    >>> listed([f"v{j}" for j in range(1, 10)])
    'v1, v2, v3, ..., v9'
    """
    return ", ".join(names) if len(names) <= FEW else f"{', '.join(names[:3])}, ..., {names[-1]}"


def _least(least: str) -> str:
    reason = "it is a sum of squares" if least == "0" else "the residuals cannot leave the span of the activations"
    return f"the loss is nowhere below {least} ({reason}), and it is {least} at the point listed: a global minimum"


def _formula(hidden: Sequence[str], output: Sequence[str], rank: int, kinked: bool) -> str:
    often = "an open set of choices" if kinked else "almost every choice"
    return (
        f"a global minimiser has a closed form: for {often} of the hidden unknowns ({listed(hidden)}) the others are "
        f"({listed(output)}) = pinv(A)*targets, where A has the activations of one residual in each row, "
        f"as soon as A has its largest rank {rank}, which it has at the point listed"
    )


NETWORKS: Mapping[str, Theorem] = {
    "least sum of squares": Theorem(_least),
    "output weights by least squares": Theorem(_formula, HUANG_BABRI),
    "dimension of the minimisers": Theorem(
        "around the point listed the minimisers form a set of dimension {dimension}: there are {unknowns} unknowns, and "
        "the activations have rank {rank}",
        "implicit function theorem",
    ),
}
