"""What can be asked of every system, however the problem was read: in expressions, in matrices, or row by row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from closedform.attempt import Attempt
from closedform.frozen import FrozenMap, record
from closedform.problem import Problem


@record
class Outline:
    """A system as it is shown: gradient and Hessian by unknown, the equations, their kind."""

    gradient: FrozenMap[str, Any] = FrozenMap()
    hessian: tuple[tuple[Any, ...], ...] = ()
    equations: tuple[Any, ...] = ()
    kind: str = "transcendental"


class System(Protocol):
    """A problem in the form that some strategies solve."""

    @property
    def problem(self) -> Problem:
        """The problem whose text and data the kernel reads again."""
        ...

    @property
    def unknowns(self) -> tuple[Any, ...]:
        """What is sought, as symbols or names."""
        ...

    @property
    def parameters(self) -> tuple[Any, ...]:
        """The names without a value."""
        ...

    @property
    def in_expressions(self) -> bool:
        """Are there expressions and a domain, so that the ending can hold each point against them?"""
        ...

    def outline(self) -> Outline:
        """What the report shows of it."""
        ...


@record
class Reduction:
    """Smaller systems that together have the critical points of a larger one, and the way back.

    ``lift`` takes one attempt per system, in order, and says what they mean for the system that was reduced. Systems that
    need the answers to the first ones come from ``following``; their attempts are handed to ``lift`` after those.
    """

    name: str
    systems: tuple[System, ...]
    lift: Callable[[tuple[Attempt, ...]], Attempt]
    following: Callable[[tuple[Attempt, ...]], tuple[System, ...]] | None = None
