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


def _wide(formula: str, width: str, inputs: str, bias: bool, kinked: bool) -> str:
    often = "an open set of choices" if kinked else "almost every choice"
    only = "" if bias else ", no two of them parallel" if kinked else ", none of them zero and no two opposite,"
    return (
        f"with at least as many units ({width}) as there are different {inputs}{only} a global minimiser has a closed "
        f"form: {formula}, for {often} of the other unknowns"
    )


NETWORKS: Mapping[str, Theorem] = {
    "least sum of squares": Theorem(_least),
    "output weights by least squares": Theorem(_formula, HUANG_BABRI),
    "dimension of the minimisers": Theorem(
        "around the point listed the minimisers form a set of dimension {dimension}: there are {unknowns} unknowns, and "
        "{conditions} independent conditions",
        "implicit function theorem",
    ),
    "least over patterns": Theorem(
        "the loss is nowhere below {least}, and it is {least} at the point listed: on each of the {patterns} cones of hidden "
        "weights the active rows are fixed, and the loss is a sum of squares that is linear in the products of the weights, "
        "with a rational minimum between two rays"
    ),
    "zero of all residuals": Theorem(
        "the loss is a sum of squares, and all its residuals are zero at the point listed: a global minimum"
    ),
    "as many units as inputs": Theorem(_wide, HUANG_BABRI),
    "split units": Theorem(
        "that is so at every width: a critical point of the network with one unit gives a line of critical points of every "
        "wider one, a unit being split in two with the same hidden weights and output weights c*v and (1 - c)*v. It "
        "speaks of the list of all critical points, not of the global minimiser",
        "K. Fukumizu and S. Amari, Neural Networks 13 (2000) 317-327",
    ),
}
