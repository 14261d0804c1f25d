"""The stationarity system of a scalar problem: what must vanish, what must not, and what is known of the names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from closedform.attempt import Attempt
from closedform.problem import Problem

if TYPE_CHECKING:
    from sympy import Expr, Symbol
    from sympy.core.relational import Relational

SystemKind = Literal[
    "polynomial",  # polynomial in the unknowns, over Q(parameters)
    "rational",
    "algebraic",  # with roots of expressions in the unknowns
    "exponential",  # rational in the unknowns and in exponentials of linear forms in them
    "trigonometric",
    "transcendental",
    "piecewise",  # with abs, max, min or cases
    "sum",  # with a sum over data whose length is a symbol, which did not reduce to sufficient statistics
]


@dataclass(frozen=True)
class Stationarity:
    """A point is critical when every equation is zero there, no ``nonzero`` expression is, and all relations hold.

    ``gradient`` is that of ``loss`` by the unknowns in order, as differentiated (None where equations were given).
    ``equations`` may be its numerators. ``relations`` bound unknowns and parameters. ``origin`` is the problem whose
    text and data the kernel differentiates again.
    """

    origin: Problem
    unknowns: tuple[Symbol, ...]
    parameters: tuple[Symbol, ...]
    loss: Expr | None
    gradient: tuple[Expr, ...] | None
    equations: tuple[Expr, ...]
    nonzero: tuple[Expr, ...] = ()
    relations: tuple[Relational, ...] = ()
    kind: SystemKind = "transcendental"


@dataclass(frozen=True)
class Reduction:
    """Smaller systems that together have the critical points of a larger one, and the way back.

    ``lift`` takes one attempt per system, in order, and says what they mean for the system that was reduced.
    """

    name: str
    systems: tuple[Stationarity, ...]
    lift: Callable[[tuple[Attempt, ...]], Attempt]
