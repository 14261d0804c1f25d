"""A loss over the rows of a table, which strategies take from the text and the table themselves."""

from __future__ import annotations

from closedform.frozen import record
from closedform.problem import Problem
from closedform.stationarity.system import Outline


@record
class Streamed:
    """The problem as it is; ``kind`` says what it is shown as."""

    problem: Problem
    kind: str = "sum over rows"

    @property
    def unknowns(self) -> tuple[str, ...]:
        return self.problem.unknowns

    @property
    def parameters(self) -> tuple[str, ...]:
        return self.problem.parameters

    @property
    def in_expressions(self) -> bool:
        return False

    def outline(self) -> Outline:
        return Outline(kind=self.kind)
