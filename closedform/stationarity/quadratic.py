"""Quadratic losses with numbers, read without expressions: a symmetric matrix, a vector and a number, all over Q.

Sums over the rows of a table go in as their moments. What is read here is defined everywhere, as written: it has no
denominator and no function in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy as sp
from flint import fmpq, fmpq_mat

from closedform.algebra import bridge
from closedform.algebra.polynomial_loss import degree, polynomial
from closedform.expression import to_tree
from closedform.frozen import FrozenMap
from closedform.kernel.reading import Json
from closedform.problem import Problem
from closedform.stationarity.scalar import EXPAND_LIMIT, apart, columns_of

MAX_SHOWN = 60  # unknowns for which the gradient is shown


@dataclass(frozen=True)
class QuadraticLoss:
    """The loss a'Ha/2 + g'a + c of the unknowns a; ``statement`` is the loss as the kernel reads it, with its columns."""

    problem: Problem
    hessian: fmpq_mat
    slope: tuple[fmpq, ...]  # g
    constant: fmpq
    statement: FrozenMap[str, Json]

    @property
    def unknowns(self) -> tuple[Any, ...]:
        """The unknowns as SymPy's symbols."""
        return tuple(sp.Symbol(u, real=True) for u in self.problem.unknowns)

    @property
    def parameters(self) -> tuple[Any, ...]:
        return ()

    @property
    def loss(self) -> None:
        """Nothing is written out."""

    @property
    def right(self) -> fmpq_mat:
        """The right side of the stationarity equations H a = -g."""
        return fmpq_mat([[-g] for g in self.slope])

    def value(self, point: fmpq_mat) -> fmpq:
        """The loss at a critical point, where the quadratic form is minus half of the linear one."""
        return self.constant + sum((g * v for g, v in zip(self.slope, point.entries(), strict=True)), fmpq(0)) / 2


def quadratic_loss(problem: Problem) -> QuadraticLoss | None:
    """The loss of the problem, where it is a quadratic form over Q without bounds, and large or given by a table.

    Small ones without a table are left to the rules for expressions, which show them as they were written.
    """
    loss = problem.loss
    if loss is None or problem.relations or problem.constraints or problem.parameters or problem.properties:
        return None
    if problem.data is None and sum(1 for _ in bridge.nodes(loss)) <= EXPAND_LIMIT / 10:
        return None
    if (problem.data is not None and not problem.data.exact) or degree(loss, frozenset(problem.unknowns)) != 2:
        return None
    stated, columns = apart(to_tree(loss), columns_of(problem), problem.unknowns)
    form = polynomial(stated, columns, problem.unknowns)
    if form is None:
        return None
    k = len(problem.unknowns)
    rows, slope, constant = [[fmpq(0)] * k for _ in range(k)], [fmpq(0)] * k, fmpq(0)
    for exponents, c in form.terms():
        places = [i for i, e in enumerate(exponents) for _ in range(int(e))]
        if len(places) == 2:
            rows[places[0]][places[1]] += c
            rows[places[1]][places[0]] += c
        elif places:
            slope[places[0]] = c
        else:
            constant = c
    statement: dict[str, Json] = {"unknowns": list[Json](problem.unknowns), "loss": stated}
    if columns:
        statement["columns"] = {key: [str(v) for v in column] for key, column in columns.items()}
    return QuadraticLoss(problem, fmpq_mat(rows), tuple(slope), constant, FrozenMap(statement))


def outline(system: QuadraticLoss) -> tuple[FrozenMap[str, Any], tuple[tuple[Any, ...], ...], tuple[Any, ...], str]:
    """What the report shows: gradient and Hessian by unknown, the equations, their kind."""
    unknowns = system.unknowns
    if len(unknowns) > MAX_SHOWN:
        return FrozenMap(), (), (), "polynomial"
    hessian = tuple(tuple(rational(v) for v in row) for row in system.hessian.tolist())
    gradient = [
        sp.Add(*(c * u for c, u in zip(row, unknowns, strict=True)), rational(g))
        for row, g in zip(hessian, system.slope, strict=True)
    ]
    shown = FrozenMap({u.name: g for u, g in zip(unknowns, gradient, strict=True)})
    return shown, hessian if len(unknowns) <= 12 else (), tuple(gradient), "polynomial"


def rational(v: fmpq) -> Any:
    return sp.Rational(int(v.p), int(v.q))
