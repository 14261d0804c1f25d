"""What one strategy or obstruction comes back with: failure is a value, and says why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, NamedTuple, cast

from closedform.frozen import FrozenMap, record
from closedform.kernel.certificate import Certificate
from closedform.points import CriticalPoint

Outcome = Literal[
    "solved",  # every critical point in its domain has an exact expression, or the family of them has
    "partial",  # some have one; the others are proven not to
    "no_critical_point",  # proved that there is none
    "not_closed",  # proved that no critical point (or not the minimiser) has an expression of the stated classes
    "enclosed",  # certified numbers only; nothing is said about closed forms
    "declined",  # not this strategy's kind of system
    "failed",  # tried, and stopped for the reason given
    "timeout",  # the deadline or the memory limit ended it
]
Trust = Literal["proved", "derived", "observed"]
Scope = Literal["formula", "instance"]


@record
class Finding:
    """A claim as data: which theorem, about what, on whose word; ``report.theorems`` says it in English.

    ``about`` has what the theorem's sentence speaks of. ``certificate`` indexes the certificates of the attempt (in a
    report, the report's). ``assuming`` lists unproved hypotheses, such as Schanuel's conjecture. With scope "formula" it
    is a theorem on a family of problems, never on one of them. ``within`` names the smaller problems that it speaks of,
    ``names`` what symbols of these stand for; ``refused``: the kernel did not accept its certificate.
    """

    theorem: str
    trust: Trust = "derived"
    about: FrozenMap[str, object] = FrozenMap()
    certificate: int | None = None
    assuming: tuple[str, ...] = ()
    scope: Scope = "instance"
    within: tuple[str, ...] = ()
    names: FrozenMap[str, str] = FrozenMap()
    refused: bool = False

    @property
    def of_no_minimum(self) -> bool:
        """Does it say that the loss has no global minimum, and where it falls to?"""
        return self.theorem in WITHOUT_MINIMUM

    @property
    def of_no_value(self) -> bool:
        """Does it say that the loss is defined nowhere?"""
        return self.theorem == "defined nowhere" and not self.within

    @property
    def of_no_formula(self) -> bool:
        """Does it say that a point has no expression of some class?"""
        return self.theorem.startswith(WITHOUT_FORMULA)

    @property
    def of_many_points(self) -> bool:
        """Does each listed point stand for others?"""
        return self.theorem in OF_MANY_POINTS

    @property
    def of_the_list(self) -> bool:
        """Does it count the points listed, or name the least or greatest of them, because there is one?"""
        return self.theorem in OF_THE_LIST and self.certificate is None

    @property
    def of_all_turns(self) -> bool:
        """Do the listed points stand for all their translates by a period?"""
        return self.theorem in OF_ALL_TURNS

    def shifts(self, unknowns: Sequence[str]) -> tuple[Mapping[str, Any], ...] | None:
        """By what the listed points are translated, each as what is added to which unknown; None for a smaller problem."""
        if self.within or not self.of_all_turns:
            return None
        if self.theorem == "translates by the period":
            return (FrozenMap({unknowns[0]: self.about["period"]}),)
        return cast("tuple[Mapping[str, Any], ...]", self.about["shifts"])


OF_THE_LIST = (  # these count or compare the points listed, so they fall with a point that leaves the list
    "exactly these points",
    "taken apart exactly",
    "global minimum",
    "least of the points",
    "greatest of the points",
    "least of the critical points and ends",
    "least beside the limits at the ends",
    "falls before and rises after the critical points",
    "falls before and rises after the points",
    "coercive",
    "rises far out",
)
WITHOUT_FORMULA = ("no root in radicals", "points without radicals", "coordinates not all", "transcendental", "no exp")
WITHOUT_MINIMUM = ("unbounded below", "infimum not attained")
OF_ALL_TURNS = ("translates by the period", "translates of each unknown")
OF_MANY_POINTS = (
    *OF_ALL_TURNS,
    "affine family",
    "sets of critical points",
    "constant on an interval",
    "a curve of critical points",
)


def finding(
    theorem: str,
    trust: Trust = "derived",
    /,
    *,
    certificate: int | None = None,
    assuming: tuple[str, ...] = (),
    scope: Scope = "instance",
    **about: object,
) -> Finding:
    """A finding about the keywords.

    >>> finding("affine family", dimension=1).about["dimension"]
    1
    """
    return Finding(theorem, trust, FrozenMap(about), certificate, assuming, scope)


def shifted(findings: Sequence[Finding], by: int) -> tuple[Finding, ...]:
    """The findings with their certificate indices moved, for lists of certificates that are joined."""
    return tuple(f if f.certificate is None else replace(f, certificate=f.certificate + by) for f in findings)


@record
class Formula:
    """A closed form in symbols (matrices or symbolic data), with all that a user needs to trust and use it.

    ``unknown`` maps each unknown to text in our language that reads back; ``latex`` is that text typeset, in a report.
    ``convexity`` says why the point is a minimum (the JSON key ``certificate``: ``convex``, or what a theorem says),
    ``theorem`` the same as data where it is a theorem. ``numpy`` is Python source that stands alone and defines
    ``solve(...)``. ``cost`` has flops, memory, order.
    """

    unknown: FrozenMap[str, str]
    latex: str = ""
    conditions: tuple[str, ...] = ()
    convexity: str = ""
    cost: FrozenMap[str, str] = FrozenMap()
    numpy: str = ""
    theorem: Finding | None = None

    @property
    def is_minimum(self) -> bool:
        """Is there a reason why the point is a global minimum?"""
        return bool(self.convexity) or self.theorem is not None


class NewtonStep(NamedTuple):
    """Where a step of Newton's method began: the largest residual there, and the step's length relative to the point."""

    residual: float
    length: float


@record
class Attempt:
    """The outcome of one strategy on one system."""

    strategy: str
    outcome: Outcome
    reason: str = ""
    points: tuple[CriticalPoint, ...] = ()
    formula: Formula | None = None
    complete: bool = False  # proved that there are no further real critical points (in the domain)
    minimiser: Literal["closed", "not_closed", "no_critical_point", "undecided"] | None = None
    expression_class: str | None = None
    scope: Scope = "instance"
    counts: FrozenMap[str, int | None] = FrozenMap()  # complex, real: distinct solutions where known
    findings: tuple[Finding, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    faults: tuple[str, ...] = ()  # claims that our own audit withdrew, each with its reason
    newton: tuple[NewtonStep, ...] = ()  # that led to the first point
    seconds: float = 0.0
