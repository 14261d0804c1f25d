"""The answer to one problem as data: everything that was found out, frozen and picklable."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from closedform.attempt import Attempt, Formula, NewtonStep
from closedform.frozen import FrozenMap, Shown, ShownMap, record
from closedform.kernel.certificate import Certificate
from closedform.ladder.verdict import Verdict
from closedform.points import SOUGHT, CriticalPoint, CriticalPoints
from closedform.problem import Problem
from closedform.report.expressions import text_of

NO_POINTS = CriticalPoints()
DEFAULT_DIGITS = 30  # that are worked out where no others are asked for


@record
class RawExpressions:
    """The expressions of a report as they were found: SymPy's, ours, or text in our language."""

    points: tuple[CriticalPoint, ...]
    gradient: FrozenMap[str, object]
    hessian: tuple[tuple[object, ...], ...] | None
    equations: tuple[object, ...]


@record
class Computed:
    """What floating point gave on the problem's own data, a formula's value or an iteration's: observed, never proved.

    ``condition`` is that of the matrices that the formula inverts; standard errors, sigma and R^2 are those of least
    squares (None where there are none); ``iterations`` and ``converged`` belong to an iteration.
    """

    values: FrozenMap[str, Any]  # a number, or rows of numbers, for each unknown
    loss: float | None = None
    condition: float | None = None
    standard_errors: tuple[float | None, ...] | None = None
    sigma: float | None = None
    r_squared: float | None = None
    iterations: int | None = None
    converged: bool | None = None

    def to_dict(self) -> dict[str, Any]:
        """The values, and beside them what is known; an unknown's own name comes first."""
        known: dict[str, Any] = {"trust": "observed", "condition": self.condition}
        if self.condition is not None:
            known["digits"] = max(0.0, round(15.95 - math.log10(max(1.0, self.condition)), 1))
        known |= {"loss": self.loss, "converged": self.converged}
        out = {key: value for key, value in known.items() if value is not None}
        if self.standard_errors is not None:
            errors = {next(iter(self.values)): list(self.standard_errors)}
            out |= {"standard_errors": errors, "sigma": self.sigma, "r_squared": self.r_squared}
        return {**self.values, **{key: value for key, value in out.items() if key not in self.values}}


@record
class ReportRecord:
    """What a ``Report`` holds; what is told and drawn of a report is made from this alone.

    ``gradient`` maps each unknown to a SymPy expression (scalar and sum level) or to text in our language (matrix
    level); so do ``hessian`` (rows of entries) and ``equations``. ``complete`` is true only when it is proved that
    there are no further real critical points. ``counts`` are the numbers of distinct complex and real solutions,
    where known. ``attempts`` is what was tried, in order.
    """

    problem: Problem
    gradient: FrozenMap[str, object]
    hessian: tuple[tuple[object, ...], ...] | None
    equations: tuple[object, ...]
    kind: str
    verdict: Verdict
    critical_points: CriticalPoints = NO_POINTS
    complete: bool = False
    counts: FrozenMap[str, int | None] = FrozenMap()
    formula: Formula | None = None
    certificates: tuple[Certificate, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    newton: tuple[NewtonStep, ...] = ()
    computed: Computed | None = None
    faults: tuple[str, ...] = ()  # claims that our own audit withdrew
    refused: tuple[
        str, ...
    ] = ()  # what the kernel objected to in certificates of ours: a fault of closedform, exit code 3
    digits: int = DEFAULT_DIGITS
    seconds: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        for key, kind in (("critical_points", CriticalPoints), ("gradient", ShownMap), ("equations", Shown)):
            object.__setattr__(self, key, kind(getattr(self, key)))
        if self.hessian is not None:
            object.__setattr__(self, "hessian", tuple(Shown(row) for row in self.hessian))

    @property
    def raw(self) -> RawExpressions:
        """Points and derivatives as they were found: what is told of them needs their text, and no expression of SymPy's."""
        rows = None if self.hessian is None else tuple(Shown(row).raw for row in self.hessian)
        return RawExpressions(
            CriticalPoints(self.critical_points).raw, ShownMap(self.gradient).raw, rows, Shown(self.equations).raw
        )

    @property
    def solution(self) -> Mapping[str, Any] | None:
        """The optimum by name: numbers of a problem in numbers, else the formulas as text; None where none is known.

        >>> from closedform import derive
        >>> derive("x^2 - 2*x").solution
        {'x': 1.0}
        """
        if self.computed is not None and self.problem.arrays:
            return dict(self.computed.values)
        whole, edge = SOUGHT[self.problem.sense]
        best = next((p for kind in (whole, edge) for p in self.raw.points if p.kind == kind), None)
        if best is not None and (best.numbers or best.exact is not None):
            return best.numbers or {u: text_of(v) for u, v in (best.exact or {}).items()}
        return dict(self.formula.unknown) if self.formula is not None and self.verdict.minimiser == "closed" else None
