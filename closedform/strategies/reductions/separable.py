"""One unknown stands in a block of its own: solve the block, then the rest.

The loss is rest + B*g(m), where neither the rest nor B holds m, g holds no other unknown, and B is positive on the domain. Then
m is critical exactly when it is for g, also where g has kinks, and the others see g only through its value.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import sympy as sp

from closedform.attempt import Attempt, Statement
from closedform.budget import Budget
from closedform.calculus.signs import Facts
from closedform.frozen import FrozenMap
from closedform.points import CLASSES, CriticalPoint
from closedform.stationarity.candidates import expression_class
from closedform.stationarity.scalar import Reduction, Stationarity, smaller

name = "a block of its own"
example = {"loss": "3*log(b) + (|1 - m| + |4 - m| + |6 - m|)/b", "unknowns": ["m", "b"], "assumptions": ["b>0"]}
counterexample = {"loss": "exp(x*y) + x^2 + y^4", "unknowns": ["x", "y"]}

MAX_POINTS = 64


def declines(system: Stationarity) -> str | None:
    """A sentence when no unknown stands in a block of its own, else None."""
    if len(system.unknowns) < 2 or system.loss is None or system.kind == "sum":
        return "there is one unknown only, no loss, or a sum over data"
    return None if _block(system) is not None else "no unknown stands in a block of its own"


def _block(system: Stationarity) -> tuple[Any, Any, Any, Any] | None:
    """The unknown m, g, B and the rest."""
    facts, loss = Facts(system.relations), sp.sympify(system.loss)
    for m in system.unknowns:
        others = set(system.unknowns) - {m}
        if any(m in r.free_symbols and others & r.free_symbols for r in system.relations):
            continue
        for form in (loss, sp.expand(loss)):
            rest, dependent = form.as_independent(m, as_Add=True)
            weight, g = sp.factor_terms(dependent).as_independent(m, as_Add=False)
            if g.free_symbols & others or m not in g.free_symbols:
                continue
            sign = facts.sign(weight)
            if sign == -1:
                weight, g, sign = -weight, -g, 1
            if sign == 1 and (rest.free_symbols | weight.free_symbols) & others:
                return m, g, weight, rest
    return None


def reduce(system: Stationarity, budget: Budget) -> Reduction:
    """The block, and the rest with a symbol for the block's value."""
    budget.check()
    found = _block(system)
    if found is None:
        raise ValueError("no unknown stands in a block of its own")
    m, g, weight, rest = found
    coupled = bool(weight.free_symbols & set(system.unknowns))
    value = sp.Symbol("block_value", **({"positive": True} if g.is_nonnegative else {"real": True}))
    others = tuple(u for u in system.unknowns if u != m)
    loss = rest + (weight * value if coupled else 0)
    own = smaller(
        system,
        (m,),
        (sp.diff(g, m),),
        loss=g,
        relations=tuple(r for r in system.relations if not r.free_symbols & set(others)),
    )
    equations = tuple(sp.numer(sp.together(sp.diff(loss, u))) for u in others)
    remaining = smaller(
        system, others, equations, loss=loss, relations=tuple(r for r in system.relations if m not in r.free_symbols)
    )

    def lift(attempts: tuple[Attempt, ...]) -> Attempt:
        first, second = attempts
        said = Statement(
            f"the loss is a part without {m} plus a positive multiple of {g}, so {m} is critical for that alone",
            "derived",
        )
        bad = next((a for a in attempts if a.outcome not in ("solved", "no_critical_point", "not_closed")), None)
        if bad is not None:
            return Attempt(name, "failed", f"a part was not solved: {bad.reason}")
        empty = next((a for a in attempts if a.outcome == "no_critical_point"), None)
        closing = next((a for a in attempts if a.outcome == "not_closed"), None)
        deciding = empty or closing
        if deciding is not None:
            return replace(deciding, strategy=name, points=(), complete=False, statements=(said, *deciding.statements))
        points = list[CriticalPoint]()
        for p, q in product(first.points, second.points):
            joined = _joined(system, m, g, value, coupled, p, q)
            if joined is None:
                return Attempt(name, "failed", "the value of the block is not known or not positive")
            points.append(joined)
        if len(points) > MAX_POINTS:
            return Attempt(name, "failed", f"more than {MAX_POINTS} combinations")
        minima = [p for p in points if p.kind == "global minimum"]
        classes = [p.expression_class for p in points if p.expression_class]
        shift = len(first.certificates)
        moved = tuple(
            s if s.certificate is None else replace(s, certificate=s.certificate + shift) for s in second.statements
        )
        return Attempt(
            name,
            "solved",
            points=tuple(points),
            complete=first.complete and second.complete,
            expression_class=max(classes, key=CLASSES.index) if classes else None,
            minimiser="closed" if minima else None,
            scope="formula" if system.parameters else "instance",
            statements=(said, *first.statements, *moved),
            certificates=first.certificates + second.certificates,
        )

    return Reduction(name, (own, remaining), lift)


def _joined(
    system: Stationarity, m: Any, g: Any, value: Any, coupled: bool, p: CriticalPoint, q: CriticalPoint
) -> CriticalPoint | None:
    if p.exact is None or q.exact is None:
        return None
    put = dict[Any, Any]()
    if coupled:
        put[value] = sp.simplify(g.subs(m, p.exact[m.name]))
        if m in put[value].free_symbols or (value.is_positive and not put[value].is_positive):
            return None
    exact = {u.name: p.exact[m.name] if u == m else q.exact[u.name].subs(put) for u in system.unknowns}
    both = {p.kind, q.kind}
    kind = (
        "global minimum"
        if both == {"global minimum"}
        else "local minimum"
        if both <= {"global minimum", "local minimum"}
        else "unclassified"
    )
    classes = [expression_class(v) for v in exact.values()]
    conditions = tuple(
        dict.fromkeys((*p.conditions, *(c.replace("block_value", str(put.get(value, value))) for c in q.conditions)))
    )
    return CriticalPoint(
        FrozenMap(exact),
        kind=kind,
        expression_class=max(classes, key=CLASSES.index),
        conditions=conditions,
        note=p.note or q.note,
    )
