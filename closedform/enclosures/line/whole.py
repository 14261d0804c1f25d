"""One unknown and numbers only: the landscape of a problem's loss, or all solutions of its equations, from its text."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flint import ctx, fmpq

from closedform.algebra import bridge
from closedform.budget import Budget
from closedform.enclosures.line.cells import Line, Mark, line_of, restricted
from closedform.enclosures.line.circles import period_of
from closedform.enclosures.line.functions import Unclear, from_node, has_switch, identically_zero, put, sign_at
from closedform.enclosures.line.landscape import Landscape, landscape, period_of_loss
from closedform.enclosures.line.spots import BITS, Spot
from closedform.enclosures.line.zeros import zeros
from closedform.expression import Node
from closedform.kernel.expressions import tree as kernel
from closedform.kernel.expressions.derivatives import differentiate
from closedform.kernel.expressions.tree import Tree, add, mul
from closedform.kernel.reading import Refused
from closedform.statement import columns_of
from closedform.stationarity.domain import defined
from closedform.stationarity.location import Requirement

if TYPE_CHECKING:
    from closedform.stationarity.scalar import Stationarity
    from closedform.stationarity.text.system import TextSystem

STARTS = (fmpq(-1, 10), fmpq(-13, 100), fmpq(-7, 100), fmpq(-31, 100), fmpq(-3, 7))


@dataclass
class CommonZeros:
    """The common zeros in the domain, in order; modulo the ``period`` where there is one."""

    x: str
    spots: list[Spot] = field(default_factory=list[Spot])
    open: list[str] = field(default_factory=list[str])
    period: Tree | None = None
    intervals: bool = False  # zero on an interval

    @property
    def complete(self) -> bool:
        return not self.open and not self.intervals


def landscape_of(system: Stationarity | TextSystem, budget: Budget) -> Landscape:
    """The landscape of the loss of a system with one unknown over numbers; raises ``Unclear`` where nothing is known.

    >>> from closedform.problem import read
    >>> from closedform.stationarity.scalar import stationarity
    >>> found = landscape_of(stationarity(read("x - log(x)", assumptions=["2<=x<=3"])), Budget.of(5))
    >>> [(s.role, s.shape, float(s.spot.at().mid())) for s in found.stops]
    [('end', 'minimum', 2.0), ('end', 'maximum', 3.0)]
    """
    x = _unknown(system)
    node = system.text if system.text is not None else _node(system.loss)
    columns = columns_of(system.problem)
    loss = from_node(node, columns)
    line, period, drift = _line(system, [loss], x, budget, True)
    found = landscape(loss, line, budget, period)
    found.drift = drift
    if period is not None and drift is not None and drift != fmpq(0):
        for extreme in (found.least, found.greatest):
            extreme.state, extreme.stops, extreme.value, extreme.why = "unbounded", [], None, ""
    return found


def solutions_of(system: Stationarity | TextSystem, budget: Budget) -> CommonZeros:
    """All solutions of a system of equations in one unknown over numbers; raises ``Unclear`` where nothing is known.

    >>> from closedform.problem import read
    >>> from closedform.stationarity.scalar import stationarity
    >>> found = solutions_of(stationarity(read(equations=["abs(x^2 - 2*x) - 4"])), Budget.of(5))
    >>> [round(float(s.at().mid()), 4) for s in found.spots], found.complete
    ([-1.2361, 3.2361], True)
    """
    x = _unknown(system)
    columns = columns_of(system.problem)
    whole = system.problem.unknowns == (x,)
    nodes = (system.problem.equations if whole else ()) or tuple(_node(e) for e in system.equations)
    trees = [_without_idle_factors(from_node(n, columns), x, budget) for n in nodes]
    line, period, _ = _line(system, trees, x, budget, False)
    return _common_zeros(trees, line, period, budget)


def exact_zeros(equation: Any, x: Any, budget: Budget) -> tuple[Any, ...] | None:
    """All real zeros of an expression in one symbol, as expressions.

    None where that is open, one has no formula, or they fill an interval.

    >>> from sympy import Symbol, exp
    >>> x = Symbol("x", real=True)
    >>> exact_zeros(x**3 * exp(4 / x) + 8 * exp(x), x, Budget.of(5))
    (-2,)
    """
    if equation.free_symbols != {x}:
        return None
    try:
        node = _node(equation)
        line = line_of(x.name, defined(node), budget)
        found = _common_zeros([from_node(node)], line, None, budget)
    except (Unclear, Refused):
        return None
    importlib.import_module("closedform.enclosures.line.formulas").add_formulas(found.spots, budget)
    values = [_formula_of(s) for s in found.spots]
    return tuple(values) if found.complete and not found.intervals and None not in values else None


def _formula_of(spot: Spot) -> Any:
    return spot.formula if spot.exact is None else bridge.from_tree(kernel.write(spot.exact), {})


def _common_zeros(trees: Sequence[Tree], line: Line, period: Tree | None, budget: Budget) -> CommonZeros:
    """The common zeros of trees on a line."""
    x, (first, *others) = line.x, trees
    out = CommonZeros(x, period=period)
    with ctx.workprec(BITS):
        line.cut_switches(first)
        for i, alive in enumerate(line.cells):
            if alive:
                found = zeros(line.smooth(first, i), x, *line.ends(i), budget)
                out.intervals = out.intervals or found.everywhere
                if not found.complete:
                    out.open.append(found.why)
                out.spots += found.spots
            if i < len(line.marks) and not (period is not None and i == len(line.marks) - 1):
                mark = line.marks[i]
                if mark.inside is False:
                    continue
                sign = mark.sign_of(mark.resolved(first))
                if sign is None or (mark.inside is None and sign == 0):
                    out.open.append("whether a place at an edge is a solution")
                elif sign == 0:
                    out.spots.append(mark.spot)
        for other in others:
            kept = list[Spot]()
            for s in out.spots:
                sign = 0 if not has_switch(other) and s.is_zero_of(other) else _sign_at(s, other)
                if sign is None:
                    out.open.append("whether a solution of one equation solves another")
                elif sign == 0:
                    kept.append(s)
            out.spots = kept
    return out


def _without_idle_factors(tree: Tree, x: str, budget: Budget) -> Tree:
    """The tree without those factors of which every zero on the line is one of another factor as well."""
    if not isinstance(tree, tuple) or tree[0] != "*":
        return tree
    left = list[Tree](tree[1:])
    for f in tree[1:]:
        others = [g for g in left if g is not f]
        if len(others) == len(left) - 1 and others and _zeros_are_shared(f, others, x, budget):
            left = others
    return mul(*left)


def _zeros_are_shared(f: Tree, others: Sequence[Tree], x: str, budget: Budget) -> bool:
    try:
        found = zeros(f, x, None, None, budget) if not has_switch(f) else None
    except Unclear:
        return False
    if found is None or not found.complete or found.everywhere:
        return False
    places = [s.exact for s in found.spots]
    return all(e is not None and any(identically_zero(put(g, {x: e})) for g in others) for e in places)


def _sign_at(spot: Spot, tree: Tree) -> int | None:
    mark = Mark(spot)
    try:
        return mark.sign_of(mark.resolved(tree))
    except Unclear:
        return None


def _unknown(system: Stationarity | TextSystem) -> str:
    if len(system.unknowns) != 1:
        raise Unclear("there is more than one unknown")
    return system.unknowns[0].name


def _node(expr: object) -> Node:
    try:
        return bridge.from_sympy(expr)
    except bridge.NoTranslation as fault:
        raise Unclear(str(fault)) from fault


def _line(
    system: Stationarity | TextSystem, trees: list[Tree], x: str, budget: Budget, loss: bool
) -> tuple[Line, Tree | None, Tree | None]:
    """The domain; one period of it (with the period, and the drift of the loss) where everything is periodic."""
    own = system.domain.own()
    columns = columns_of(system.problem)
    period, drift = _period(own, trees, x, loss, columns)
    if period is None:
        return line_of(x, own, budget, columns), None, None
    for start in STARTS:
        if all(sign_at(t, x, start) for t in _watched(own, trees, x, loss, columns)):
            low, high = Spot.at_number(x, start), Spot.at_number(x, add(start, period))
            whole = Line(x, budget, columns)
            return line_of(x, own, budget, columns, restricted(whole, low, high)), period, drift
    raise Unclear("where to begin a period")


def _gaps(own: Sequence[Requirement], columns: dict[str, list[fmpq]]) -> list[Tree] | None:
    if any(r.sums or r.guards or r.op == "finite" for r in own):
        return None
    return [from_node(r.gap, columns) for r in own]


def _period(
    own: Sequence[Requirement], trees: list[Tree], x: str, loss: bool, columns: dict[str, list[fmpq]]
) -> tuple[Tree | None, Tree | None]:
    gaps = _gaps(own, columns)
    if gaps is None:
        return None, None
    if loss:
        found = period_of_loss(trees[0], gaps, x)
        return found if found is not None else (None, None)
    return period_of([*trees, *gaps], x), None


def _watched(
    own: Sequence[Requirement], trees: list[Tree], x: str, loss: bool, columns: dict[str, list[fmpq]]
) -> list[Tree]:
    """What must not vanish where a period begins."""
    out = [*(_gaps(own, columns) or [])]
    for t in trees:
        if loss and not has_switch(t):
            try:
                out.append(differentiate(t, x))
                continue
            except Refused:
                pass
        out.append(t)
    return out
