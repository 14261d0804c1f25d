"""A loss that falls apart in other coordinates: as many independent linear forms as unknowns, each in terms of its own.

log(1 + exp(a*w1 + c*w2)) + log(1 + exp(b*w1 + d*w2)) - w1 with a*d - b*c > 0 is a sum of functions of one form each. The
forms are then the unknowns (a regular linear map keeps critical points, their inertia and which of them is the least).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sympy as sp
from sympy import Expr, Symbol

from closedform.algebra.bridge import text
from closedform.attempt import Attempt, finding
from closedform.budget import Budget
from closedform.calculus.scalar import gradient
from closedform.calculus.signs import KnownSigns
from closedform.frozen import FrozenMap
from closedform.points import CriticalPoint
from closedform.stationarity.scalar import Stationarity, smaller
from closedform.stationarity.system import Reduction
from closedform.strategies.reductions.lifted import lifted

name = "linear forms as unknowns"
example = {
    "loss": "log(1 + exp(a*w1 + c*w2)) + log(1 + exp(b*w1 + d*w2)) - k*(a*w1 + c*w2) - m*(b*w1 + d*w2)",
    "unknowns": ["w1", "w2"],
    "assumptions": ["a*d-b*c>0", "0<k<1", "0<m<1"],
}
counterexample = {"loss": "exp(x + y) + exp(x - y) + x^2*y^2", "unknowns": ["x", "y"]}

MAX_UNKNOWNS = 5
MAX_OPS = 600


def declines(system: Stationarity) -> str | None:
    """A sentence when there is one unknown only, a bound on one, or no such forms, else None."""
    if len(system.unknowns) < 2 or len(system.unknowns) > MAX_UNKNOWNS or system.loss is None or system.kind == "sum":
        return "there is one unknown only, there are many, or there is no loss without sums"
    if any(r.free_symbols & set(system.unknowns) for r in system.relations) or sp.count_ops(system.loss) > MAX_OPS:
        return "an unknown is bounded, or the loss is large"
    return None if _apart(system) is not None else "no linear forms are seen in which the loss falls apart"


def _apart(system: Stationarity) -> tuple[dict[Symbol, Expr], Expr] | None:
    """The unknowns as linear expressions in new ones, and the loss in these: a sum of functions of one each."""
    loss, unknowns = system.loss, system.unknowns
    if loss is None:
        return None
    forms = _forms(loss, unknowns)
    if len(forms) != len(unknowns) or all(len(f.free_symbols & set(unknowns)) == 1 for f in forms):
        return None
    matrix = sp.Matrix([[sp.diff(f, u) for u in unknowns] for f in forms])
    determinant = sp.factor(matrix.det(method="berkowitz"))
    if KnownSigns(system.relations).sign(determinant) not in (1, -1):
        return None
    taken = {s.name for s in loss.free_symbols}
    new = [sp.Symbol(_fresh(f"form_{i + 1}", taken), real=True) for i in range(len(forms))]
    values = (matrix.adjugate() * sp.Matrix(new) / determinant).applyfunc(lambda v: _in_terms(v, new))
    back = dict(zip(unknowns, values, strict=True))
    terms = list[Any]()
    for t in sp.Add.make_args(loss.subs(back, simultaneous=True)):
        t = t.replace(_is_function, lambda f: f.func(*(_in_terms(a, new) for a in f.args)))
        terms += sp.Add.make_args(_in_terms(t, new) if t.is_polynomial(*new) else t)
    if any(len(t.free_symbols & set(new)) > 1 for t in terms):
        return None
    linear = sp.Add(*(t for t in terms if t.is_polynomial(*new)))
    return back, sp.Add(*(t for t in terms if not t.is_polynomial(*new))) + _in_terms(linear, new)


def _forms(loss: Any, unknowns: tuple[Any, ...]) -> list[Any]:
    """The different linear parts of the arguments of functions and powers, up to a factor."""
    out = list[Any]()
    for e in sp.preorder_traversal(loss):
        for a in e.args if _is_function(e) or isinstance(e, sp.Pow) else ():
            if not isinstance(a, sp.Expr) or not a.free_symbols & set(unknowns) or not a.is_polynomial(*unknowns):
                continue
            p = sp.Poly(a, *unknowns)
            if p.total_degree() != 1:
                continue
            form = sp.Add(*(p.coeff_monomial(u) * u for u in unknowns))
            if not any(_parallel(form, f, unknowns) for f in out):
                out.append(form)
    return out


def _is_function(e: Any) -> bool:
    return isinstance(e, (sp.Function, sp.exp))


def _parallel(f: Any, g: Any, unknowns: tuple[Any, ...]) -> bool:
    own, other = ([sp.diff(h, u) for u in unknowns] for h in (f, g))
    n = len(unknowns)
    return all(sp.expand(own[i] * other[j] - own[j] * other[i]) == 0 for i in range(n) for j in range(i))


def _in_terms(e: Any, new: list[Any]) -> Any:
    """A polynomial in the new unknowns with coefficients in lowest terms; another expression as it stands."""
    if not e.is_polynomial(*new):
        return e
    return sp.Add(
        *(sp.factor(c) * sp.Mul(*(u**k for u, k in zip(new, m, strict=True))) for m, c in sp.Poly(e, *new).terms())
    )


def _fresh(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name


def reduce(system: Stationarity, budget: Budget) -> Reduction:
    """The loss in the forms."""
    budget.check()
    found = _apart(system)
    if found is None:
        raise ValueError("no linear forms are seen in which the loss falls apart")
    back, loss = found
    known = _parameters(system)
    symbols = {s for v in back.values() for s in v.free_symbols if isinstance(s, Symbol) and s not in known}
    new = tuple(sorted(symbols, key=str))
    inner = smaller(system, new, gradient(loss, new), loss=loss)

    def lift(attempts: tuple[Attempt, ...]) -> Attempt:
        a = attempts[0]
        asked = a.formula.conditions if a.formula is not None else ()
        points = tuple(_lifted(p, back, system, asked) for p in a.points)
        forms = _forms(system.loss, system.unknowns)
        meant = FrozenMap({s.name: text(f) for s, f in zip(new, forms, strict=True)})
        statement = [finding("linear forms as unknowns", forms=tuple(forms))]
        for f in a.findings:
            shifts = f.shifts([s.name for s in new])
            if shifts is not None:
                statement.append(
                    finding("translates of each unknown", shifts=tuple(_moved(s, back, new) for s in shifts))
                )
            elif f.certificate is None:
                statement.append(
                    replace(f, within=("in these forms", *f.within), names=FrozenMap({**meant, **f.names}))
                )
        return replace(a, strategy=name, points=points, formula=None, findings=tuple(statement), certificates=())

    return Reduction(name, (inner,), lift)


def _moved(shift: Mapping[str, Any], back: dict[Any, Any], new: tuple[Any, ...]) -> Mapping[str, Any]:
    """What a translation of the forms adds to the unknowns that it moves."""
    by = {s: sp.sympify(shift.get(s.name, 0)) for s in new}
    moved = {u.name: sp.expand(v.subs(by) - v.subs(dict.fromkeys(new, 0))) for u, v in back.items()}
    return FrozenMap({u: v for u, v in moved.items() if v != 0})


def _parameters(system: Stationarity) -> set[Any]:
    return system.loss.free_symbols - set(system.unknowns) if system.loss is not None else set()


def _lifted(p: CriticalPoint, back: dict[Any, Any], system: Stationarity, asked: tuple[str, ...]) -> CriticalPoint:
    whole = lifted(p, back, [u.name for u in system.unknowns])
    return replace(whole, certificate=None, conditions=tuple(dict.fromkeys((*p.conditions, *asked))))
