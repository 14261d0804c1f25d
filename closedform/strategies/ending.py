"""The ending for candidates over numbers: what a strategy found, and why it is all, becomes an attempt.

A strategy gives exact values or enclosures and what it proved; decimals with radii, classes, losses, the outcome, the word
on the minimiser and the counts are made here alone. The gate (``strategies.answer``) then holds every point against the
domain of the text as written. Answers with parameters end in ``strategies.formula``.
"""

from __future__ import annotations

import importlib
from collections.abc import Collection, Mapping
from dataclasses import field
from typing import Any, Literal, Protocol

from flint import arb, ctx

from closedform.algebra.later import sp
from closedform.algebra.roots import decimal_text
from closedform.algebra.spelled import Spelled, spelled_decimal
from closedform.attempt import Attempt, Finding, NewtonStep, Outcome, Trust, finding, shifted
from closedform.budget import Budget, working_bits
from closedform.frozen import FrozenMap, record, shown
from closedform.kernel.certificate import Certificate
from closedform.points import LEAST_KINDS, CriticalPoint, Kind, largest_class
from closedform.stationarity.location import real_value

SHORT = 12  # operations of an exact loss that is shown

SIMPLIFIED, SHOWN = 60, 150  # operations of a loss that is simplified, and of one that is shown


class Evidence:
    """The findings so far, each next to the certificate that it rests on."""

    def __init__(self, *findings: Finding) -> None:
        self.findings, self.certificates = list(findings), list[Certificate]()

    def say(
        self,
        theorem: str,
        trust: Trust = "derived",
        /,
        *,
        certificate: Certificate | None = None,
        assuming: tuple[str, ...] = (),
        **about: object,
    ) -> int | None:
        """A finding, "proved" where it comes with a certificate; the number of the certificate."""
        index = None
        if certificate is not None:
            self.certificates.append(certificate)
            index, trust = len(self.certificates) - 1, "proved"
        self.findings.append(Finding(theorem, trust, FrozenMap(about), index, assuming))
        return index

    def take(self, findings: tuple[Finding, ...], certificates: tuple[Certificate, ...]) -> None:
        """The findings of a part, with its certificates."""
        self.findings += shifted(findings, len(self.certificates))
        self.certificates += certificates


@record
class FoundPoint:
    """A point as a strategy found it: exact values, an enclosure of each unknown, or both.

    Exact values that keep an unknown as its own value are a family. ``kind`` and ``inertia`` are what the strategy
    itself proved; the gate finds those that it left open.
    """

    exact: Mapping[Any, Any] | None = None
    balls: Mapping[str, arb] | None = None
    kind: Kind = "unclassified"
    inertia: tuple[int, int, int] | None = None
    multiplicity: int | None = None
    loss: Any = None
    expression_class: str | None = None  # where it is not the one in which the values are written
    conditions: tuple[str, ...] = ()
    note: str = ""
    certificate: int | None = None
    decided: bool = False  # it is proved to have no formula, whatever is open of others


@record
class Found:
    """All that a strategy found over numbers.

    ``open``: of points without a formula it is not proved that they have none; ``unsettled`` is the same, but other
    strategies are to try; each is the reason. ``none`` says what an empty complete list means. ``complex`` is the number
    of complex zeros, of which the points are then all the real ones: proved where ``complete`` says so, else observed.
    """

    points: tuple[FoundPoint, ...] = ()
    complete: bool = False
    record: Evidence = field(default_factory=Evidence)
    open: str = ""
    unsettled: str = ""
    none: str = "the gradient has no real zero in the domain"
    complex: int | None = None
    ordered: bool = False  # the points come in an order that is meant
    newton: tuple[NewtonStep, ...] = ()


class Posed(Protocol):
    """What the ending needs of a system: the symbols of its unknowns and parameters, and the loss where it is written."""

    @property
    def unknowns(self) -> tuple[Any, ...]: ...
    @property
    def parameters(self) -> tuple[Any, ...]: ...
    @property
    def loss(self) -> Any: ...


def concluded(name: str, system: Posed, found: Found, budget: Budget) -> Attempt:
    """The attempt that the candidates support."""
    points = [pointed(system, c, budget.digits) for c in found.points]
    if not found.ordered and all(p.numeric is not None for p in points):
        points.sort(key=lambda p: [float(arb(v)) for v in (p.numeric or {}).values()])
    families = any(p.numeric is None for p in points)
    counted = (found.complete or found.complex is not None) and not families
    outcome, reason = _outcome(points, found)
    return Attempt(
        name,
        outcome,
        reason,
        points=tuple(points),
        complete=found.complete,
        minimiser=_minimiser(found),
        expression_class=largest_class([p.expression_class for p in points]),
        scope="formula" if system.parameters else "instance",
        counts=FrozenMap({"complex": found.complex, "real": len(points) if counted else None}),
        findings=tuple(found.record.findings),
        certificates=tuple(found.record.certificates),
        newton=found.newton,
    )


def _outcome(points: list[CriticalPoint], found: Found) -> tuple[Outcome, str]:
    if not points:
        return ("no_critical_point", found.none) if found.complete else ("failed", found.open or found.unsettled)
    exact = [p.exact is not None for p in points]
    if found.unsettled:
        return "enclosed", found.unsettled
    if all(exact) and not found.open:
        return "solved", ""
    if any(exact):
        return "partial", found.open
    return ("enclosed", found.open) if found.open else ("not_closed", "")


def _minimiser(found: Found) -> Literal["closed", "not_closed"] | None:
    """The word on the points proved to be least, None where it is open."""
    least = [p for p in found.points if p.kind in LEAST_KINDS]
    if least and all(p.exact is not None for p in least):
        return "closed"
    decided = (not found.open and not found.unsettled) or all(p.decided or p.exact is not None for p in least)
    return "not_closed" if least and decided else None


def pointed(system: Posed, c: FoundPoint, digits: int) -> CriticalPoint:
    """The point of a candidate, with decimals where it is one of numbers."""
    exact = None if c.exact is None else {str(u): expression(v) for u, v in c.exact.items()}
    names = [u.name for u in system.unknowns if u.name in (exact or c.balls or {})]  # multipliers are left out
    exact = None if exact is None else FrozenMap({n: exact[n] for n in names})
    balls = dict(c.balls) if c.balls is not None else _balls(exact, working_bits(digits))
    numeric = radius = None
    if balls is not None:
        with ctx.workprec(working_bits(digits)):
            texts = {n: decimal_text(balls[n], digits) for n in names}
        numeric, radius = (FrozenMap({n: t[i] for n, t in texts.items()}) for i in (0, 1))
    return CriticalPoint(
        exact,
        numeric,
        radius,
        c.kind,
        c.inertia,
        c.multiplicity,
        c.loss if c.loss is not None or c.balls is not None or exact is None else loss_at(system, exact),
        None if exact is None else c.expression_class or expression_class(exact.values()),
        c.conditions,
        c.note,
        c.certificate,
    )


def expression(value: Any) -> Any:
    """SymPy's expression of what a strategy gave, or ours."""
    return value if isinstance(value, Spelled) else sp.sympify(value)


def expression_class(values: Collection[Any]) -> str:
    """The class in which the values are written; a number of ours is rational or a root of one."""
    if all(isinstance(v, Spelled) for v in values):
        return "rational" if all(v.is_Rational for v in values) else "radical"
    return importlib.import_module("closedform.stationarity.candidates").expression_class(*map(shown, values))


def _balls(exact: Mapping[str, Any] | None, bits: int) -> dict[str, arb] | None:
    if exact is None or any(v.free_symbols for v in exact.values()):
        return None
    found = {n: real_value(v, bits) for n, v in exact.items()}
    known = {n: b for n, b in found.items() if b is not None}
    return known if len(known) == len(found) else None


def loss_at(system: Posed, exact: Mapping[str, Any]) -> Any:
    """The loss at exact values, where that is short."""
    if system.loss is None:
        return None
    value = system.loss.subs({u: exact[u.name] for u in system.unknowns}, simultaneous=True)
    if value.has(sp.nan, sp.zoo):
        return None
    if sp.count_ops(value) <= SIMPLIFIED:
        value = sp.expand_log(value) if value.has(sp.log, sp.exp) else sp.simplify(value)
    return value if sp.count_ops(value) <= SHOWN else None


def in_floating_point(
    numeric: Mapping[str, str], radius: Mapping[str, str] | None = None, **known: Any
) -> CriticalPoint:
    """A point of a table that is too large for exact arithmetic, in decimals; without radii nothing is proved of them."""
    return CriticalPoint(None, FrozenMap(numeric), None if radius is None else FrozenMap(radius), **known)


def least_seen(name: str, point: Mapping[str, float], loss: float, *, downhill: bool) -> Attempt:
    """The least loss that a search met, observed: no point is listed, for nothing is proved of it.

    ``downhill``: the search went so far out that the loss may have no minimum.
    """
    place = FrozenMap({u: f"{v:.10g}" for u, v in point.items()})
    statement = finding("least loss of a search", "observed", point=place, loss=f"{loss:.10g}", downhill=downhill)
    return Attempt(
        name, "enclosed", "a search in floating point; nothing is proved of what it found", findings=(statement,)
    )


def is_short(value: Any) -> bool:
    """Is an exact value of the loss shown beside its decimals?"""
    if value.is_Rational or isinstance(value, Spelled):
        return bool(value.is_Rational)
    return bool(value.is_extended_real) and value.count_ops() <= SHORT


def decimal(loss: arb, digits: int) -> Any:
    """The middle of a ball as a number of at most 20 digits."""
    text = decimal_text(loss, min(digits, 20))[0]
    return spelled_decimal(text) or sp.Float(text, 20)


def height(loss: arb | None, digits: int) -> Any:
    """The loss in a ball as a number of at most 20 digits."""
    if loss is None or not loss.is_finite():
        return None
    with ctx.workprec(working_bits(digits, 60)):
        return decimal(loss, digits)
