"""What one strategy or obstruction comes back with: failure is a value, and says why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from closedform.frozen import FrozenMap
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
Topic = Literal[
    "",
    "no minimum",  # the loss has no global minimum
    "convex",
    "not radical",  # no expression in radicals: of the points that are shown without one, or for all data
    "not elementary",  # none from rational (for all data: from the data and algebraic) numbers by arithmetic, exp, log
    "not liouvillian",  # none with arithmetic, radicals, exp, log and integrals
    "not differentially algebraic",  # none of the former, nor any function with an algebraic differential equation
]


@dataclass(frozen=True)
class Statement:
    """One printed claim, with whose word it rests on.

    ``certificate`` indexes the certificates of the attempt it came with (re-indexed into the report's). ``assuming``
    lists unproved hypotheses, such as Schanuel's conjecture; ``reference`` is the printed source of a cited theorem.
    ``topic`` marks a statement that the short report tells, too.
    """

    text: str
    trust: Trust
    assuming: tuple[str, ...] = ()
    reference: str = ""
    certificate: int | None = None
    topic: Topic = ""


@dataclass(frozen=True)
class Formula:
    """A closed form in symbols (matrices or symbolic data), with all that a user needs to trust and use it.

    ``unknown`` maps each unknown to text in our language that reads back; ``convexity`` says why the point is a
    minimum (the JSON key ``certificate``: ``convex``, or the name of the theorem). ``numpy`` is Python source that
    stands alone and defines ``solve(...)``. ``cost`` has flops, memory, order.
    """

    unknown: FrozenMap[str, str]
    latex: str = ""
    conditions: tuple[str, ...] = ()
    convexity: str = ""
    cost: FrozenMap[str, str] = FrozenMap()
    numpy: str = ""


@dataclass(frozen=True)
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
    statements: tuple[Statement, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    details: FrozenMap[str, object] = field(default=FrozenMap())  # named extras for the report (Newton steps, ...)
    seconds: float = 0.0
