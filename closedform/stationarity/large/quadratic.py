"""Quadratic losses with numbers, read without expressions: a symmetric matrix, a vector and a number, all over Q.

Sums over the rows of a table go in as their moments. What is read here is defined everywhere, as written: it has no
denominator and no function in it.
"""

from __future__ import annotations

from flint import fmpq, fmpq_mat

from closedform.algebra import bridge
from closedform.algebra.later import sp
from closedform.algebra.polynomial_loss import degree, polynomial
from closedform.expression import to_tree
from closedform.frozen import FrozenMap, record
from closedform.kernel.reading import Json
from closedform.problem import Problem
from closedform.statement import apart, columns_of
from closedform.stationarity.large.read import ReadLoss, statement_of, unbounded_loss
from closedform.stationarity.scalar import EXPAND_LIMIT
from closedform.stationarity.system import Outline

MAX_SHOWN = 60  # unknowns for which the gradient is shown


@record
class QuadraticLoss(ReadLoss):
    """The loss a'Ha/2 + g'a + c of the unknowns a; ``statement`` is the loss as the kernel reads it, with its columns."""

    hessian: fmpq_mat
    slope: tuple[fmpq, ...]  # g
    constant: fmpq
    statement: FrozenMap[str, Json]

    @property
    def right(self) -> fmpq_mat:
        """The right side of the stationarity equations H a = -g."""
        return fmpq_mat([[-g] for g in self.slope])

    def value(self, point: fmpq_mat) -> fmpq:
        """The loss at a critical point, where the quadratic form is minus half of the linear one."""
        return self.constant + sum((g * v for g, v in zip(self.slope, point.entries(), strict=True)), fmpq(0)) / 2

    def outline(self) -> Outline:
        """While it is short."""
        unknowns = self.unknowns
        if len(unknowns) > MAX_SHOWN:
            return Outline(kind="polynomial")
        hessian = tuple(tuple(bridge.sympy_rational(v) for v in row) for row in self.hessian.tolist())
        gradient = [
            sp.Add(*(c * u for c, u in zip(row, unknowns, strict=True)), bridge.sympy_rational(g))
            for row, g in zip(hessian, self.slope, strict=True)
        ]
        shown = FrozenMap({u.name: g for u, g in zip(unknowns, gradient, strict=True)})
        return Outline(shown, hessian if len(unknowns) <= 12 else (), tuple(gradient), "polynomial")


def quadratic_loss(problem: Problem) -> QuadraticLoss | None:
    """The loss of the problem, where it is a quadratic form over Q without bounds, and large or given by a table.

    Small ones without a table are left to the rules for expressions, which show them as they were written.
    """
    loss = unbounded_loss(problem)
    if loss is None or (problem.data is None and sum(1 for _ in bridge.nodes(loss)) <= EXPAND_LIMIT / 10):
        return None
    if degree(loss, frozenset(problem.unknowns)) != 2:
        return None
    tree, columns = apart(to_tree(loss), columns_of(problem), problem.unknowns)
    form = polynomial(tree, columns, problem.unknowns)
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
    return QuadraticLoss(problem, fmpq_mat(rows), tuple(slope), constant, statement_of(problem, tree, columns))
