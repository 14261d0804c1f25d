"""Why a point is least, or the loss has a least value: reasons that other findings name, each a finding itself."""

from __future__ import annotations

from collections.abc import Mapping

from closedform.report.theorems.words import Theorem


def _leading_terms(reason: str, others: bool) -> str:
    return f"{reason}; the terms that are no polynomials are bounded below" if others else reason


def _highest_degree(degree: int, others: bool) -> str:
    return _leading_terms(f"its terms of highest degree {degree} are together positive away from zero", others)


def _weighted(others: bool) -> str:
    return _leading_terms(
        "with weights that make the highest powers of the unknowns equal, its leading terms are together positive "
        "away from zero",
        others,
    )


def _at_the_vertex(unknown: str, reason: str) -> str:
    rest = f"what is left {reason.removeprefix('it ')}" if reason.startswith("it ") else reason
    return f"for {unknown} at the vertex of a parabola {rest}"


REASONS: Mapping[str, Theorem] = {
    # the shape of the loss
    "convex terms": Theorem(
        "the loss is a sum of convex terms: squares of linear forms with weights that are not negative"
    ),
    "positive leading minors": Theorem(
        "the loss is strictly convex on its domain: every leading minor of the Hessian is positive"
    ),
    "no negative minor": Theorem("the loss is convex on its domain: no principal minor of the Hessian is negative"),
    "positive second derivative": Theorem(
        "the loss is strictly convex on its domain: its second derivative is positive"
    ),
    "no negative second derivative": Theorem("the loss is convex on its domain: its second derivative is not negative"),
    "slope changes its sign once": Theorem(
        "the gradient has the sign of an increasing function on the domain, so it changes sign once, from minus to plus"
    ),
    "one dip after another": Theorem(
        "for fixed others the loss has a single dip in one unknown, and so has what remains after minimising over it, "
        "and so on: its one critical point is the global minimum"
    ),
    "critical point of a convex loss": Theorem(
        "the loss is convex: its critical point, where it exists, is the global minimum"
    ),
    "convex by composition": Theorem("the loss is convex on its convex domain, by composition of convex functions"),
    "convex in logarithms": Theorem(
        "with x = exp(u) for the positive unknowns the loss is convex in u, by composition of convex functions"
    ),
    "convex, so local is global": Theorem(
        "the loss is convex, by composition of convex functions: a local minimum is the global one"
    ),
    "multipliers of a convex loss": Theorem(
        "the loss is convex on a convex domain, and its gradient is a combination of those of the active constraints with "
        "multipliers that are not negative: a global minimum (Karush, Kuhn, Tucker)"
    ),
    # a bound that is met
    "nowhere less by its form": Theorem("the form of the loss shows that it is nowhere less"),
    # a least value exists
    "least of a complete list": Theorem("{reason}, and the list is complete"),
    "least on the faces": Theorem(
        "{reason}, so the loss has a least value: the least among the points of every face, edge and corner"
    ),
    "larger outside of a box": Theorem(
        "outside of a bounded box in the domain the loss is larger than at a point listed"
    ),
    "every cell of a box": Theorem(
        "outside of a bounded box the loss is larger, and inside every cell was solved: the global minimum"
    ),
    "a compact domain": Theorem("the domain is closed and bounded"),
    "a closed domain": Theorem("the domain is closed and {reason}"),
    "grows without end": Theorem("the loss tends to infinity ({reason})"),
    "a least value": Theorem("the loss has a least value ({reason})"),
    # why a loss grows, or takes a least value
    "even powers": Theorem("it is a sum of terms that are never negative, among them an even power of each unknown"),
    "positive leading terms": Theorem(_weighted),
    "positive terms of highest degree": Theorem(_highest_degree),
    "tends to infinity": Theorem("it tends to infinity"),
    "small in a bounded set": Theorem("its points of small loss lie in a bounded set"),
    "exponentials vanish far out": Theorem(
        "far out its terms with exponentials vanish, so its points of small loss lie in a bounded set"
    ),
    "at the vertex": Theorem(_at_the_vertex),
}
