"""A quadratic loss on an ellipsoid, filled or not: the trust-region subproblem.

The minimiser is (M + t B)^-1 (b - M m) + m with t the largest real eigenvalue of a pencil of twice the size
(Gander, Golub and von Matt 1989); the emitted code finds the same t from its secular equation (More and Sorensen 1983).
"""

from __future__ import annotations

from closedform.algebra.noncommutative import polynomial as w
from closedform.algebra.noncommutative.facts import definite
from closedform.algebra.noncommutative.functions import content, divide_mono, identity_is, inverse
from closedform.algebra.noncommutative.polynomial import Poly
from closedform.algebra.noncommutative.text import display
from closedform.attempt import Attempt, finding
from closedform.budget import Budget
from closedform.emit.source import identifier
from closedform.stationarity.matrix import MatrixSystem
from closedform.strategies.matrices.answer import by_theorem, single_unknown, source_of
from closedform.strategies.matrices.forms import ellipsoid, quadratic

name = "quadratic loss on an ellipsoid"
example = {
    "loss": "x'*S*x/2 - b'*x subject to x'*x <= r^2",
    "unknowns": ["x"],
    "shapes": {"S": "k,k", "b": "k", "x": "k"},
    "assumptions": ["S sym", "r>0"],
}
counterexample = {"loss": "||x - z||^2 subject to x >= 0", "unknowns": ["x"], "shapes": {"z": "k", "x": "k"}}


def declines(system: MatrixSystem) -> str | None:
    if (trouble := system.trouble_with()) is not None:
        return trouble
    one = single_unknown(system)
    if one is None or system.gradient is None:
        return "not one column with a gradient"
    if len(system.constraints) != 1 or ellipsoid(system.constraints[0], system, one[0]) is None:
        return "the constraint is not one ellipsoid"
    return None


def attempt(system: MatrixSystem, budget: Budget) -> Attempt:
    budget.check()
    one = single_unknown(system)
    set_ = ellipsoid(system.constraints[0], system, one[0]) if one else None
    form = quadratic(system.loss, system, one[0]) if one else None
    if one is None or set_ is None or form is None:
        return Attempt(name, "declined", "the loss is not quadratic, or the constraint no ellipsoid")
    u, m, b = one[0], form[0], -form[1]
    if m.zero:
        return Attempt(name, "declined", "the loss is linear")
    if b.zero and set_.centre.zero:
        return Attempt(name, "declined", "a form without a linear term is for eigenvectors")
    target = b - m * set_.centre
    c, mono = content(m)
    front = Poly("1", "1", {(mono, ()): abs(c)})
    level = definite(front, system.facts)
    if level is not None and level.strict:
        m, target = divide_mono(m, abs(c), mono), divide_mono(target, abs(c), mono)
    metric, size = set_.metric, set_.size
    t = next(x for x in ("t", "t_", "t__") if x not in {*system.names.shapes, *system.problem.parameters})
    whole = inverse(m + w.scalar(t) * metric) * target + set_.centre
    parts = [display(m), display(target), display(size), *([] if identity_is(metric) else [display(metric)])]
    found = definite(m, system.facts)
    sure = found is not None and found.strict and not found.conditions and set_.filled
    word = "ball_multiplier" if set_.filled else "sphere_multiplier"
    source = source_of(system)
    v, root = identifier(u), ""
    a, h = source.poly(m), source.poly(target)
    if not identity_is(metric):
        root = source.let("L", f"np.linalg.cholesky({source.poly(metric)})")
        a = source.let("A", f"np.linalg.solve({root}, np.linalg.solve({root}, {a}).T)")
        h = source.let("h", f"np.linalg.solve({root}, {h})")
    y = source.call("_sphere", a, h, source.poly(size), str(set_.filled))
    y = f"np.linalg.solve({root}.T, {y})" if root else y
    source.line(f"{v} = {y}" if set_.centre.zero else f"{v} = {source.poly(set_.centre)} + {y}")
    pencil = display(m) if identity_is(metric) else f"the pencil ({display(m)}, {display(metric)})"
    text = f"{display(whole)} where {t} = {word}({', '.join(parts)})"
    return by_theorem(
        system,
        name,
        finding(
            "multiplier of an ellipsoid",
            multiplier=t,
            filled=set_.filled,
            quadratic=display(m),
            metric=display(metric),
            target=display(target),
            size=display(size),
        ),
        texts={u: text},
        source=source.finish({u: v}),
        conditions=(
            *set_.conditions,
            *(() if sure else (f"{display(m + w.scalar(t) * metric)} is invertible",)),
        ),
        remarks=(finding("hard case of an ellipsoid", target=display(target), pencil=pencil, multiplier=t),),
        unique=sure,
    )
