"""Linear losses on a compact convex set: the support function of the set and a point where it is attained.

Ellipsoids (filled or not), boxes, balls, the l1 ball, the simplex, and positive semidefinite matrices of bounded trace.
After Rockafellar, *Convex Analysis* (1970), section 13.
"""

from __future__ import annotations

from fractions import Fraction

from closedform.algebra.noncommutative import polynomial as w
from closedform.algebra.noncommutative.facts import sign
from closedform.algebra.noncommutative.functions import content, divide_mono, elementwise, hadamard, inverse, power
from closedform.algebra.noncommutative.letters import ONE
from closedform.algebra.noncommutative.polynomial import Poly
from closedform.algebra.noncommutative.text import display
from closedform.attempt import Attempt, finding
from closedform.budget import Budget
from closedform.emit.source import identifier
from closedform.stationarity.matrix import MatrixSystem
from closedform.strategies.matrices.answer import by_theorem, single_unknown, source_of
from closedform.strategies.matrices.forms import Ellipsoid, ellipsoid
from closedform.strategies.matrices.proximal.sets import Set, sets_of

name = "linear loss on a compact set"
example = {
    "loss": "c'*x subject to x'*S*x <= 1",
    "unknowns": ["x"],
    "shapes": {"S": "k,k", "c": "k", "x": "k"},
    "assumptions": ["S spd"],
}
counterexample = {"loss": "||x - z||^2 subject to x >= 0", "unknowns": ["x"], "shapes": {"z": "k", "x": "k"}}


def declines(system: MatrixSystem) -> str | None:
    if (trouble := system.trouble_with("psd", "spd", "sym", "bounds")) is not None:
        return trouble
    one = single_unknown(system)
    if one is None or system.gradient is None:
        return "not one matrix unknown with a gradient"
    if one[0] in system.gradient[one[0]].names or system.gradient[one[0]].zero:
        return "the loss is not linear"
    if any(c.kind == "spd" for c in system.constraints):
        return "a definite unknown: a linear loss is least on the edge, which does not belong to the set"
    return None if system.constraints else "there is no set"


def attempt(system: MatrixSystem, budget: Budget) -> Attempt:
    budget.check()
    one = single_unknown(system)
    if one is None or system.gradient is None:
        return Attempt(name, "declined", "not one matrix unknown with a gradient")
    u, slope = one[0], system.gradient[one[0]]
    if len(system.constraints) == 1 and not _bound(system, u):
        found = ellipsoid(system.constraints[0], system, u)
        if found is not None:
            return _on_ellipsoid(system, u, slope, found)
    sets = sets_of(system, u)
    if sets is None or isinstance(sets, str):
        return Attempt(name, "declined", sets or "the set is not bounded")
    return _on_set(system, u, slope, sets)


def _bound(system: MatrixSystem, u: str) -> bool:
    return u in system.facts.positive | system.facts.nonnegative or bool(system.flags(u) & {"sym", "spd", "psd"})


def _on_ellipsoid(system: MatrixSystem, u: str, slope: Poly, e: Ellipsoid) -> Attempt:
    step = inverse(e.metric) * slope
    c, m = content(step)  # the direction alone counts
    if sign(Poly(ONE, ONE, {(m, ()): abs(c)}), system.facts) == 2:
        step, slope = divide_mono(step, abs(c), m), divide_mono(slope, abs(c), m)
    length = w.trace(slope.T * step)
    value = e.centre - w.product(power(e.size, Fraction(1, 2)), power(length, Fraction(-1, 2)), step)
    source = source_of(system)
    direction = source.let("direction", source.poly(step))
    rest = "" if e.centre.zero else f"{source.poly(e.centre)} - "
    size = source.factor(e.size)
    across = f"np.sum({source.factor(slope)} * {direction})"
    source.line(f"{identifier(u)} = {rest or '-'}{direction} * np.sqrt({size} / {across})")
    return by_theorem(
        system,
        name,
        finding("linear on an ellipsoid", metric=display(e.metric)),
        texts={u: display(value)},
        source=source.finish({u: identifier(u)}),
        conditions=(*e.conditions, f"{display(slope)} is not zero"),
        expression_class="linear_algebra",
        unique=True,
    )


def _on_set(system: MatrixSystem, u: str, slope: Poly, sets: Set) -> Attempt:
    p, v, target = system.unknown(u), identifier(u), -slope
    source = source_of(system)
    total = sets.total
    if sets.kind != "box" and (total is None or sign(total, system.facts) != 2):
        return Attempt(name, "declined", "nothing shows that the set is bounded and has more than one point")
    conditions, kind = list[str](), "piecewise"
    shown = display(target)
    if sets.kind == "box" and sets.low is not None and sets.high is not None:
        low, high = display(sets.low), display(sets.high)
        middle, half = w.scale(sets.low + sets.high, Fraction(1, 2)), w.scale(sets.high - sets.low, Fraction(1, 2))
        value = middle + hadamard(elementwise("sign", target), half)
        source.line(f"if np.any({source.poly(half)} < 0):")
        source.line('    raise ValueError("a lower bound is above the upper one: no point is feasible")')
        source.line(f"{v} = {source.poly(value)}")
        text = display(value)
        theorem = finding("linear on a box", low=low, high=high)
    elif sets.kind == "ball" and total is not None:
        value = w.product(total, power(w.trace(target.T * target), Fraction(-1, 2)), target)
        source.line(f"{v} = {source.poly(value)}")
        text, kind = display(value), "radical"
        theorem = finding("linear on a ball")
        conditions.append(f"{shown} is not zero")
    elif sets.kind in ("simplex", "ball1") and total is not None:
        t = source.let("t", source.poly(target))
        size, at = f"np.abs({t})" if sets.kind == "ball1" else t, source.fresh("at")
        source.line(f"{at} = np.unravel_index(np.argmax({size}), {t}.shape)")
        source.line(f"{v} = np.zeros({t}.shape)")
        sign_ = f"np.sign({t}[{at}]) * " if sets.kind == "ball1" else ""
        source.line(f"{v}[{at}] = {sign_}{source.factor(total)}")
        word = "largest_entry" if sets.kind == "simplex" else "largest_entry_in_size"
        text = f"{word}({shown})" if total == w.constant(1) else f"{display(total)}*{word}({shown})"
        theorem = finding("linear on a simplex" if sets.kind == "simplex" else "linear on an l1 ball")
    elif sets.kind == "spectrahedron" and total is not None:
        target = w.scale(target + target.T, Fraction(1, 2))
        shown, kind = display(target), "spectral"
        values, vectors = source.locals("values vectors")
        source.line(f"{values}, {vectors} = {source.call('_eigen', source.poly(target))}")
        source.line(f"{v} = {source.factor(total)} * ({vectors}[:, -1:] @ {vectors}[:, -1:].T)")
        flip = all(c < 0 for c in target.terms.values())
        one = f"smallest_eigenvectors({display(-target)}, 1)" if flip else f"largest_eigenvectors({shown}, 1)"
        text = f"{'' if total == w.constant(1) else display(total) + '*'}{one}*{one}'"
        matrix, side = (display(-target), "smallest") if flip else (shown, "largest")
        theorem = finding("linear on a spectrahedron", total=display(total), matrix=matrix, side=side)
        if sets.upto:
            source.line(f"{v} = {v} * ({values}[-1] > 0)")
            statement = (
                f"{display(-target)} has a negative eigenvalue" if flip else f"{shown} has a positive eigenvalue"
            )
            conditions.append(f"{statement} (otherwise {u} = zeros({p.rows}, {p.rows}))")
    else:
        return Attempt(name, "declined", f"a linear loss on this set ({sets.kind}) is not known here")
    return by_theorem(
        system,
        name,
        theorem,
        texts={u: text},
        source=source.finish({u: v}),
        conditions=conditions,
        expression_class=kind,
        remarks=() if kind == "radical" else (finding("unique unless attained twice"),),
        unique=kind == "radical",
    )
