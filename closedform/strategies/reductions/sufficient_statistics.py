"""Sums over data of any length: where the unknowns separate, solve with the sufficient statistics as parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import sympy as sp

from closedform.attempt import Attempt, finding
from closedform.budget import Budget
from closedform.calculus.sums import Statistics, indexed_sums, separate
from closedform.frozen import FrozenMap
from closedform.points import CriticalPoint
from closedform.stationarity.candidates import expression_class
from closedform.stationarity.scalar import Stationarity, smaller
from closedform.stationarity.system import Reduction
from closedform.strategies.reductions.lifted import with_values

name = "sufficient statistics"
example = {
    "loss": "sum(i, 1, n, lambda*x[i] - log(lambda))",
    "unknowns": ["lambda"],
    "assumptions": ["lambda>0", "x>0"],
}
counterexample = {"loss": "sum(i, 1, n, exp(b*x[i]) - y[i]*b*x[i])", "unknowns": ["b"]}


def declines(system: Stationarity) -> str | None:
    """A sentence when there is no sum over data, or an unknown cannot be taken out of one, else None."""
    if not any(e.has(sp.Sum, sp.Product) for e in system.equations):
        return "there is no sum over data"
    own = set(system.unknowns)
    for e in _separated(system):
        if any(s.free_symbols & own for s in e.atoms(sp.Sum, sp.Product)):
            return "an unknown cannot be taken out of a sum over data"
    return None


def _separated(system: Stationarity) -> Iterator[Any]:
    """The equations with their sums pulled apart, powers of a product that is not zero dropped."""
    for e in system.equations:
        whole = separate(e, system.unknowns)
        kept = [
            f
            for f in sp.Mul.make_args(sp.factor_terms(whole))
            if not (isinstance(f, sp.Product) and f.function.is_positive)
        ]
        yield sp.expand(sp.Mul(*kept))


def reduce(system: Stationarity, budget: Budget) -> Reduction:
    """One system in the statistics; its points are written back as sums over the data."""
    budget.check()
    equations = tuple(_separated(system))
    loss = separate(system.loss, system.unknowns) if system.loss is not None else None
    own = set(system.unknowns)
    if loss is not None and any(s.free_symbols & own for s in loss.atoms(sp.Sum, sp.Product)):
        loss = None
    sums = indexed_sums([*equations, *([loss] if loss is not None else [])])
    taken = [s.name for s in (*system.unknowns, *system.parameters)]
    statistics = Statistics(sums, taken)
    images = tuple(sp.numer(sp.together(e.xreplace(statistics.symbols))) for e in equations)
    image = loss.xreplace(statistics.symbols) if loss is not None else None
    relations = (*(r for r in system.relations if not r.has(sp.Sum)), *statistics.relations())
    nonzero = dict[Any, None]()
    for e in equations:
        bottom = sp.denom(sp.together(e.xreplace(statistics.symbols)))
        for f in sp.Mul.make_args(bottom):
            base = f.as_base_exp()[0]
            if base.free_symbols & own and not base.is_nonzero:
                nonzero[base] = None
    reduced = smaller(system, system.unknowns, images, loss=image, relations=relations, nonzero=tuple(nonzero))
    if image is None:
        reduced = replace(reduced, gradient=None, loss=None)

    def lift(attempts: tuple[Attempt, ...]) -> Attempt:
        return _lifted(attempts[0], statistics)

    return Reduction(name, (reduced,), lift)


def _lifted(inner: Attempt, statistics: Statistics) -> Attempt:
    back = statistics.back
    names = {v.name: str(k) for k, v in statistics.symbols.items()}
    points = tuple(_point(p, back) for p in inner.points)
    findings = tuple(replace(f, names=FrozenMap({**f.names, **names})) for f in inner.findings)
    first = finding("sufficient statistics", names=FrozenMap(names))
    classes = [p.expression_class for p in points if p.expression_class]
    reason = _in_data(inner.reason, names)
    return replace(
        inner,
        strategy=name,
        points=points,
        findings=(first, *findings),
        scope="formula",
        reason=reason,
        expression_class=inner.expression_class if classes else None,
    )


def _in_data(text: str, names: dict[str, str]) -> str:
    """Whole names of statistics replaced by their sums: sum_x stands inside sum_xx."""
    if not names:
        return text
    longest = sorted(names, key=len, reverse=True)
    return re.sub(rf"\b({'|'.join(map(re.escape, longest))})\b", lambda m: names[m.group()], text)


def _point(p: CriticalPoint, back: dict[Any, Any]) -> CriticalPoint:
    if p.exact is None:
        return p
    exact = FrozenMap({k: v.xreplace(back) for k, v in p.exact.items()})
    conditions = [with_values(c, {k.name: v for k, v in back.items()}) for c in p.conditions]
    loss = p.loss.xreplace(back) if p.loss is not None else None
    return replace(
        p,
        exact=exact,
        conditions=tuple(dict.fromkeys(conditions)),
        loss=loss,
        expression_class=expression_class(*exact.values()),
    )
