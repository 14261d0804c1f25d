"""One unknown is given by its own equation: put it in and solve the profile of the loss in the others.

An equation that is linear in an unknown, with a coefficient that cannot vanish on the domain, determines that unknown; by
the envelope theorem the critical points of the loss are those of its profile. The smaller problem is tried by the whole
ladder, so that also "no formula" for it, which then excludes one for the whole point, is found.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy as sp

from closedform.attempt import Attempt, Finding, finding
from closedform.budget import Budget
from closedform.calculus.roots.inversion import real_roots
from closedform.calculus.scalar import derivative
from closedform.calculus.signs import KnownSigns
from closedform.frozen import FrozenMap
from closedform.points import CriticalPoint
from closedform.stationarity.scalar import Stationarity, smaller
from closedform.stationarity.second_order import shape
from closedform.stationarity.system import Reduction
from closedform.strategies.reductions.lifted import lifted

name = "profile of the loss"
example = {
    "loss": "n*k*log(th) + n*loggamma(k) - (k - 1)*L + S/th",
    "unknowns": ["k", "th"],
    "assumptions": ["k>0", "th>0", "n>0", "S>0"],
}
counterexample = {"loss": "x^2*y + exp(x*y) + y^4", "unknowns": ["x", "y"]}

MAX_OPS = 400


def declines(system: Stationarity) -> str | None:
    """A sentence when no equation gives an unknown, else None."""
    if len(system.unknowns) < 2 or system.kind in ("piecewise", "sum"):
        return "there is one unknown only, or a case distinction"
    if sum(sp.count_ops(e) for e in system.equations) > MAX_OPS or any(
        e.has(sp.Sum, sp.Product) for e in system.equations
    ):
        return "the equations are too large"
    if system.problem.data is not None and any(e.has(sp.Indexed) for e in system.equations):
        return "the equations hold data"
    return None if _given(system) is not None else "no equation determines one unknown by the others"


def _given(system: Stationarity) -> tuple[Any, Any, int] | None:
    """An unknown, its only value, and the equation that gives it: with a loss, its derivative by that unknown."""
    facts = KnownSigns(system.relations)
    best: tuple[float, Any, Any, int] | None = None
    for i, e in enumerate(system.equations):
        for u in system.unknowns:
            if u not in e.free_symbols or (system.loss is not None and system.unknowns[i] != u):
                continue
            value = _value(e, u, facts)
            if value is None:
                continue
            deep = sum(
                1 if isinstance(a, (sp.log, sp.exp)) else 9
                for f in system.equations
                for a in f.atoms(sp.Function)
                if u in a.free_symbols
            )
            cost = 100.0 * deep + sp.count_ops(value)  # the unknown that stands in the fewest functions goes
            if best is None or cost < best[0]:
                best = (cost, u, value, i)
    return best[1:] if best is not None else None


def _value(e: Any, u: Any, facts: KnownSigns) -> Any:
    if e.is_polynomial(u) and sp.degree(e, u) == 1:
        a, b = sp.Poly(e, u).all_coeffs()
        return sp.cancel(-b / a) if facts.sign(a) in (1, -1) else None
    if not u.is_positive:
        return None
    found = real_roots(e, u, facts)
    if (
        found.obstacles
        or found.placeholders
        or found.turns_cut
        or len(found.values) != 1
        or sp.count_ops(found.values[0]) > 60
    ):
        return None
    return found.values[0] if facts.sign(found.values[0]) == 1 else None


def reduce(system: Stationarity, budget: Budget) -> Reduction:
    """The system in the other unknowns, the given one put in."""
    budget.check()
    found = _given(system)
    if found is None:
        raise ValueError("no equation determines one unknown")
    u, value, used = found
    rest = tuple(v for v in system.unknowns if v != u)
    loss = None
    if system.loss is not None:
        loss = _gathered(sp.expand_log(sp.expand_power_base(system.loss).subs(u, value)))
        equations = tuple(sp.numer(sp.together(derivative(loss, v))) for v in rest)
    else:
        equations = tuple(sp.numer(sp.together(e.subs(u, value))) for i, e in enumerate(system.equations) if i != used)
    relations = tuple(r.subs(u, value) if u in r.free_symbols else r for r in system.relations)
    if u.is_positive and not value.is_positive:
        relations += (sp.Gt(value, 0, evaluate=False),)
    relations = tuple(r for r in relations if hasattr(r, "rel_op"))
    nonzero = tuple(h.subs(u, value) for h in system.nonzero if h.subs(u, value).free_symbols & set(rest))
    inner = smaller(system, rest, equations, loss=loss, relations=relations, nonzero=nonzero)

    minimised = False
    if system.loss is not None:
        slice_ = smaller(system, (u,), (system.equations[used],), loss=system.loss)
        minimised = shape(slice_, KnownSigns(system.relations)).minimum

    def lift(attempts: tuple[Attempt, ...]) -> Attempt:
        a = attempts[0]
        statement = finding("profile", unknown=u, value=value)
        points = tuple(_lifted(p, u, value, system.unknowns, minimised) for p in a.points)
        if a.outcome == "not_closed":
            points = ()
        # Clearing the profile's denominators may add complex zeros: its counts are not those of the whole system.
        inner = tuple(_of_the_whole(f, u, value, rest) for f in a.findings)
        return replace(
            a,
            strategy=name,
            points=points,
            findings=(statement, *inner),
            counts=FrozenMap(),
            complete=a.complete and bool(points),
        )

    return Reduction(name, (inner,), lift)


def _of_the_whole(f: Finding, u: Any, value: Any, rest: tuple[Any, ...]) -> Finding:
    """A finding said of the profile; translates of its points by which u moves by a number as well, of the points."""
    shifts = f.shifts([v.name for v in rest])
    if shifts is not None:
        whole = list[FrozenMap[str, Any]]()
        for shift in shifts:
            moved = value.subs({v: v + shift[v.name] for v in rest if v.name in shift}, simultaneous=True)
            by = sp.simplify(moved - value)
            if by.free_symbols:
                break
            whole.append(FrozenMap({**shift, **({u.name: by} if by != 0 else {})}))
        else:
            return finding("translates of each unknown", shifts=tuple(whole))
    return replace(f, within=("of the profile", *f.within))


def _gathered(loss: Any) -> Any:
    """The loss with its terms outside of logarithms as one fraction, where that is shorter."""
    plain = [t for t in sp.Add.make_args(loss) if not t.has(sp.log)]
    before = sp.Add(*plain)
    if len(plain) < 2 or sp.count_ops(before) > MAX_OPS:
        return loss
    after = sp.cancel(sp.together(before))
    return loss - before + after if sp.count_ops(after) < sp.count_ops(before) else loss


def _lifted(p: CriticalPoint, u: Any, value: Any, unknowns: tuple[Any, ...], minimised: bool) -> CriticalPoint:
    whole = lifted(p, {u: value}, [v.name for v in unknowns])
    return replace(whole, inertia=None, kind=_kind(p.kind, minimised))


def _kind(kind: Any, minimised: bool) -> Any:
    """A minimum of the profile is one of the loss when the profile is the minimum over the unknown that was put in."""
    if minimised:
        return (
            kind
            if kind in ("global minimum", "local minimum", "boundary minimum")
            else "saddle"
            if kind in ("local maximum",)
            else "unclassified"
        )
    return "unclassified"
