"""What the losses that are read without expressions have in common."""

from __future__ import annotations

from typing import Any

from flint import fmpq

from closedform.algebra.later import sp
from closedform.expression import Node
from closedform.frozen import FrozenMap, record
from closedform.kernel.reading import Json
from closedform.problem import Problem
from closedform.statement import columns_text


@record
class ReadLoss:
    """A loss with numbers only and without bounds; nothing of it is written out."""

    problem: Problem

    @property
    def unknowns(self) -> tuple[Any, ...]:
        """The unknowns as SymPy's symbols."""
        return tuple(sp.Symbol(u, real=True) for u in self.problem.unknowns)

    @property
    def parameters(self) -> tuple[Any, ...]:
        return ()

    @property
    def loss(self) -> None:
        return None

    @property
    def in_expressions(self) -> bool:
        return False


def unbounded_loss(problem: Problem) -> Node | None:
    """The loss, where nothing bounds an unknown, no name lacks a value, and the table, if there is one, is exact."""
    if problem.relations or problem.constraints or problem.parameters or problem.properties:
        return None
    return problem.loss if problem.data is None or problem.data.exact else None


def statement_of(problem: Problem, tree: Json, columns: dict[str, list[fmpq]]) -> FrozenMap[str, Json]:
    """The statement of a certificate: the loss as the kernel reads it, with its columns."""
    statement: dict[str, Json] = {"unknowns": list[Json](problem.unknowns), "loss": tree}
    if columns:
        statement["columns"] = columns_text(columns)
    return FrozenMap(statement)
