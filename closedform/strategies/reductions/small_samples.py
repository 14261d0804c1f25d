"""Sums over data whose unknowns do not separate: a formula for all data would hold for the smallest samples.

The sum is written out for three and five rows with the data as symbols (or small integers where they are many); a proof
that this problem has no formula is one for data of any length. A formula for a small sample proves nothing here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import sympy as sp
from sympy import Expr

from closedform.attempt import Attempt, finding
from closedform.budget import Budget
from closedform.stationarity.scalar import Stationarity, smaller
from closedform.stationarity.system import Reduction

name = "small samples as witnesses"
example = {"loss": "sum(i, 1, n, log(1 + (y[i] - t*x[i])**2))", "unknowns": ["t"]}
counterexample = {"loss": "(x - 1)^2"}
share = 0.7

SIZES = (3, 5)
MAX_SYMBOLS = 4
LOGARITHMS = (2, 4, 6, 10, 16)
NUMBERS = {"x": (0, 1, 5, 3, 11), "y": (1, 0, 2, 3, 1)}


def declines(system: Stationarity) -> str | None:
    """A sentence when there is no sum of symbolic length with an unknown in it, else None."""
    if system.kind != "sum" or system.problem.data is not None:
        return "there is no sum over data of symbolic length with an unknown in it"
    if len(_lengths(system)) != 1:
        return "the sums do not run to one and the same symbol"
    if len(system.unknowns) > 2:
        return "there are more than two unknowns"
    return None


def _lengths(system: Stationarity) -> set[Any]:
    return {
        limit[2]
        for e in system.equations
        for s in e.atoms(sp.Sum, sp.Product)
        for limit in s.limits
        if not limit[2].is_number
    }


def reduce(system: Stationarity, budget: Budget) -> Reduction:
    """The written-out problems, the smallest first."""
    length = next(iter(_lengths(system)))
    systems = list[Stationarity]()
    for size in SIZES:
        budget.check()
        put = {e: _expanded(e, length, size) for e in (*system.equations, system.loss) if e is not None}
        entries = sorted({a for e in put.values() for a in e.atoms(sp.Indexed)}, key=str)
        values = _values(entries, _exponents(put.values()))
        equations = tuple(sp.numer(sp.together(put[e].xreplace(values))) for e in system.equations)
        loss = put[system.loss].xreplace(values) if system.loss is not None else None
        relations = tuple(r for r in system.relations if length not in r.free_symbols)
        systems.append(smaller(system, system.unknowns, equations, loss=loss, relations=relations))

    def lift(attempts: tuple[Attempt, ...]) -> Attempt:
        for size, a in zip(SIZES, attempts, strict=False):
            if a.outcome != "not_closed":
                continue
            statement = finding("no formula for a small sample", rows=size)
            return replace(
                a, strategy=name, scope="formula", points=(), complete=False, findings=(statement, *a.findings)
            )
        return Attempt(name, "failed", "no small sample was proved to have no formula")

    return Reduction(name, tuple(systems), lift)


def _expanded(e: Expr, length: Any, size: int) -> Expr:
    return e.subs(length, size).replace(lambda s: isinstance(s, (sp.Sum, sp.Product)), lambda s: s.doit())


def _exponents(expressions: Iterable[Any]) -> set[Any]:
    """Columns that stand in exponents: their witnesses are logarithms, whose exponentials are integers."""
    powers = [p.exp for e in expressions for p in e.atoms(sp.Pow) | e.atoms(sp.exp) if not p.exp.is_number]
    return {a.base for p in powers for a in p.atoms(sp.Indexed) if p.coeff(a) in (1, -1)}


def _values(entries: list[Any], exponents: set[Any]) -> dict[Any, Any]:
    """Symbols with the signs of their columns, or small integers or their logarithms when there would be too many."""
    out = dict[Any, Any]()
    if len(entries) <= MAX_SYMBOLS:
        for a in entries:
            sign = {"positive": True} if a.is_positive else {"real": True}
            out[a] = sp.Symbol(f"{a.base}_{a.indices[0]}", **sign)
        return out
    for a in entries:
        numbers = NUMBERS["y" if str(a.base) == "y" else "x"]
        k = int(a.indices[0]) - 1
        if a.base in exponents:
            out[a] = sp.log(LOGARITHMS[k % len(LOGARITHMS)])
            continue
        out[a] = sp.Integer(numbers[k % len(numbers)] + (1 if a.is_positive else 0))
    return out
