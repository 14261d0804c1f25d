"""A stationarity system as functions on balls: values, gradients, Jacobians and inertia, data columns included.

Derivatives are the kernel's own (``kernel/expressions/jets.py``), so what is enclosed here is what the kernel will check.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flint import arb, arb_mat, ctx, fmpq, fmpq_poly, fmpz_poly

from closedform.algebra import bridge
from closedform.algebra.later import np
from closedform.algebra.polynomial_systems.elements import evaluated, inverted
from closedform.enclosures.over_rows import RowwiseLoss
from closedform.enclosures.tape import Tape
from closedform.expression import to_tree
from closedform.kernel.algebra.inertia import inertia as inertia_of
from closedform.kernel.algebra.rational import NotRational, Quotient, quotient, value_at
from closedform.kernel.expressions.balls import evaluate
from closedform.kernel.expressions.jets import jet
from closedform.kernel.expressions.tree import Tree, free_names, read
from closedform.kernel.reading import Json, Refused
from closedform.statement import apart, columns_of, columns_text
from closedform.stationarity.scalar import Stationarity

MANY_ROWS = 30  # from here on floats come from whole columns


@dataclass
class Function:
    """The loss (or the equations) of a system as kernel trees with exact columns."""

    names: list[str]
    loss: Tree | None
    equations: list[Tree]
    columns: dict[str, list[fmpq]] = field(default_factory=dict[str, list[fmpq]])
    statement: dict[str, Json] = field(
        default_factory=dict[str, Json]
    )  # for certificates; empty where the kernel has no words
    _loss_quotient: Quotient | None = None
    _over_rows: RowwiseLoss | None = None
    _tape: Tape | bool = True  # True: not tried yet; False: there is none

    @staticmethod
    def of(system: Stationarity) -> Function:
        """From a stationarity system; trees that the kernel cannot write are left out."""
        names = [u.name for u in system.unknowns]
        columns = columns_of(system.problem)
        statement: dict[str, Json] = {"unknowns": list[Json](names)}
        loss, equations = None, list[Tree]()
        try:
            if system.loss is not None:
                stated = _as_given(system, columns) or bridge.to_tree(system.loss)
                statement["loss"], columns = apart(stated, columns, names)
                loss = read(statement["loss"])
            else:
                listed: list[Json] = [bridge.to_tree(e) for e in system.equations]
                statement["equations"] = listed
                equations = [read(e) for e in listed]
        except (bridge.NoTranslation, Refused):
            statement = {}
        used = set[str]().union(*(_indexed(t) for t in ([loss] if loss is not None else equations)))
        columns = {k: v for k, v in columns.items() if k in used}
        if columns and statement:
            statement["columns"] = columns_text(columns)
        return Function(names, loss, equations, columns, statement)

    @property
    def writable(self) -> bool:
        return bool(self.statement)

    def floats(self, x: Sequence[float]) -> tuple[float | None, np.ndarray, np.ndarray]:
        """The loss, what must vanish and its Jacobian as floats, nan where undefined: from columns where rows are many."""
        if self.loss is not None and max((len(c) for c in self.columns.values()), default=0) >= MANY_ROWS:
            if self._over_rows is None:
                self._over_rows = RowwiseLoss(self.loss, self.names, self.columns)
            return self._over_rows.at(np.array(x))
        with ctx.workprec(80):
            box = [arb(float(v)) for v in x]
            values, jacobian = self.system(box)
            loss = self.loss_value(box)
            rows = [[_float(v) for v in row] for row in jacobian]
            return None if loss is None else _float(loss), np.array([_float(v) for v in values]), np.array(rows)

    def value(self, expr: Any, values: Mapping[str, arb], bits: int) -> arb | None:
        """A SymPy expression on balls, None where it has no real value."""
        try:
            with ctx.workprec(bits):
                out = evaluate(read(bridge.to_tree(expr)), dict(values), self.columns)
                return out if out.is_finite() else None
        except (bridge.NoTranslation, Refused, ArithmeticError, ValueError):
            return None

    def system(self, box: Sequence[arb], jacobian: bool = True) -> tuple[list[arb], list[list[arb]]]:
        """What must vanish and its Jacobian on a box, at FLINT's current precision."""
        tape = self._steps()
        if tape is not None:
            return tape.system(box, jacobian)
        k = len(self.names)
        index = {x: i for i, x in enumerate(self.names)}
        values = dict(zip(self.names, box, strict=True))
        zero = arb(0)
        if self.loss is not None:
            whole = jet(self.loss, index, values, self.columns, jacobian)
            rows = (
                [[whole.second.get((min(i, j), max(i, j)), zero) for j in range(k)] for i in range(k)]
                if jacobian
                else []
            )
            return [whole.first.get(i, zero) for i in range(k)], rows
        jets = [jet(e, index, values, self.columns) for e in self.equations]
        return [j.value for j in jets], [[j.first.get(i, zero) for i in range(k)] for j in jets]

    def _steps(self) -> Tape | None:
        """The loss as a list of steps, None where it has sums over rows or no second derivatives that are written."""
        if self._tape is True:
            try:
                self._tape = Tape(self.loss, self.names) if self.loss is not None and not self.columns else False
            except Refused:
                self._tape = False
        return self._tape if isinstance(self._tape, Tape) else None

    def loss_value(self, box: Sequence[arb]) -> arb | None:
        if self.loss is None:
            return None
        return evaluate(self.loss, dict(zip(self.names, box, strict=True)), self.columns)

    def inertia(self, box: Sequence[arb], bits: int) -> tuple[int, int, int] | None:
        """The signs of the Hessian's eigenvalues everywhere on the box; None where open."""
        if self.loss is None:
            return None
        try:
            with ctx.workprec(bits):
                return inertia_of(self.system(box)[1])
        except (Refused, ArithmeticError, ValueError):
            return None

    # -- exact, where the loss is rational ---------------------------------------------------------------------------

    @property
    def loss_terms(self) -> Quotient | None:
        """The loss as an exact quotient of polynomials, or None."""
        if self._loss_quotient is None and self.loss is not None:
            try:
                self._loss_quotient = quotient(self.loss, self.names, self.columns)
            except (NotRational, Refused, KeyError):
                return None
        return self._loss_quotient

    def exact_inertia(self, point: Sequence[fmpq]) -> tuple[int, int, int] | None:
        """The inertia at a rational point, zero eigenvalues included, in exact arithmetic."""
        whole = self.loss_terms
        if whole is None:
            return None
        at = list(point)
        rows = list[list[fmpq]]()
        for i in range(len(self.names)):
            first = whole.derivative(i)
            row = list[fmpq]()
            for j in range(len(self.names)):
                second = first.derivative(j)
                bottom = value_at(second.bottom, at)
                if bottom == 0:
                    return None
                row.append(value_at(second.top, at) / bottom)
            rows.append(row)
        return inertia_of(rows)

    def loss_in_field(self, elements: Sequence[fmpq_poly], factor: fmpz_poly) -> fmpq_poly | None:
        """The loss at a zero, as an element of Q[u]/factor; None where the loss is not rational."""
        whole = self.loss_terms
        if whole is None:
            return None
        g, values = fmpq_poly(factor), dict(enumerate(elements))
        top, bottom = (
            evaluated({tuple(int(k) for k in e): c for e, c in p.to_dict().items()}, values, g)
            for p in (whole.top, whole.bottom)
        )
        return top * inverted(bottom, g) % g


def _float(ball: arb) -> float:
    return float(ball.mid()) if ball.is_finite() else float("nan")


def as_written(system: Stationarity) -> bool:
    """Whether the system's loss is the one that the user wrote."""
    return system.loss is not None and _as_given(system, columns_of(system.problem)) is not None


def _as_given(system: Stationarity, columns: dict[str, list[fmpq]]) -> Json:
    """The loss as the user wrote it, with the number of rows for its name; None where the kernel has no such form."""
    origin = system.problem
    if origin.loss is None or set(origin.unknowns) != {u.name for u in system.unknowns} or system.parameters:
        return None
    rows = str(len(next(iter(columns.values())))) if columns else ""
    try:
        tree = to_tree(origin.loss)
        lengths = free_names(read(tree)) - set(origin.unknowns) - set(columns)
        if lengths - _limits(tree) - {"n"} or (lengths and not rows):
            return None
        given = _replaced(tree, lengths, rows)
        return given if _agree(read(given), read(bridge.to_tree(system.loss)), origin.unknowns, columns) else None
    except (Refused, bridge.NoTranslation):
        return None


def _agree(one: Tree, other: Tree, names: Sequence[str], columns: dict[str, list[fmpq]]) -> bool:
    """Whether two losses have the same values at a few points: a reduction may have changed the loss and kept the names."""
    met = 0
    with ctx.workprec(200):
        for k in range(6):
            at = {x: arb(fmpq(7 + 5 * k + 3 * i, 11 + 2 * k + i) * (-1) ** (k // 3 * i)) for i, x in enumerate(names)}
            try:
                a, b = (evaluate(t, at, columns) for t in (one, other))
            except (Refused, ArithmeticError, ValueError):
                continue
            if not a.is_finite() or not b.is_finite():
                continue
            if not a.overlaps(b):
                return False
            met += 1
    return met > 0


def _indexed(tree: Tree) -> set[str]:
    if not isinstance(tree, tuple):
        return set()
    own = {str(tree[1])} if tree[0] == "@" else set[str]()
    return own.union(*(_indexed(a) for a in tree[1:]))


def _limits(tree: Json) -> set[str]:
    if not isinstance(tree, list):
        return set()
    own = {tree[3]} if tree[0] == "sum" and isinstance(tree[3], str) else set[str]()
    return own.union(*(_limits(a) for a in tree[1:]))


def _replaced(tree: Json, names: set[str], by: str) -> Json:
    if isinstance(tree, list):
        return [tree[0], *(_replaced(a, names, by) for a in tree[1:])]
    return by if isinstance(tree, str) and tree in names else tree


def solve_step(jacobian: list[list[arb]], values: list[arb]) -> list[arb] | None:
    """An enclosure of J^-1 F, None where J may be singular."""
    try:
        return list(arb_mat(jacobian).solve(arb_mat([[v] for v in values])).entries())
    except ZeroDivisionError:
        return None
