"""Proximal maps and projections: an isotropic square plus a penalty that splits, or a set that is easy to project on.

Soft thresholding, group and nuclear-norm thresholding, boxes, balls, the simplex, positive semidefinite matrices, and
entropic losses on the simplex. After Parikh and Boyd, *Proximal Algorithms* (2014), chapter 6.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from closedform.algebra.noncommutative import polynomial as w
from closedform.algebra.noncommutative.derivative import differentiate
from closedform.algebra.noncommutative.facts import sign
from closedform.algebra.noncommutative.functions import elementwise, hadamard, of_fill, power
from closedform.algebra.noncommutative.letters import ONE, Unsupported
from closedform.algebra.noncommutative.polynomial import Poly
from closedform.algebra.noncommutative.solve import collect, identity_multiple
from closedform.algebra.noncommutative.substitution import substitute
from closedform.algebra.noncommutative.text import display
from closedform.attempt import Attempt, finding
from closedform.budget import Budget
from closedform.emit.source import identifier
from closedform.stationarity.matrix import MatrixSystem
from closedform.strategies.matrices.answer import by_theorem, single_unknown, source_of
from closedform.strategies.matrices.proximal.sets import Set, penalty, sets_of, sum_equals

name = "proximal map"
example = {
    "loss": "||a - z||^2/2 + tau*norm1(a)",
    "unknowns": ["a"],
    "shapes": {"z": "k", "a": "k"},
    "assumptions": ["tau>0"],
}
counterexample = {
    "loss": "||X*a - y||^2 + tau*norm1(a)",
    "unknowns": ["a"],
    "shapes": {"X": "n,k", "y": "n", "a": "k"},
    "assumptions": ["tau>0"],
}


@dataclass
class ProximalProblem:
    """``curvature/2 ||a||^2 - target'a + penalties`` on a set; ``curvature`` a scalar, or a column of weights."""

    curvature: Poly
    target: Poly
    penalties: dict[str, Poly] = field(default_factory=dict[str, Poly])
    weighted: bool = False


def declines(system: MatrixSystem) -> str | None:
    if (trouble := system.trouble_with("psd", "spd", "sym", "bounds")) is not None:
        return trouble
    one = single_unknown(system)
    if one is None:
        return "not one matrix unknown"
    u = one[0]
    p = system.unknown(u)
    sets = (
        any(
            c.kind in ("psd", "spd", "atmost", "below", "nonnegative")
            or (c.kind == "zero" and not c.left.scalar and c.left in (p + p.T, -p - p.T))
            for c in system.constraints
            if p.rows == p.cols or c.kind != "zero"
        )
        or u in system.facts.nonnegative
    )
    kinked = any(penalty(a, e, u) for m, _ in system.loss.terms for a, e in m)
    return None if sets or kinked else "no penalty and no set that this strategy knows"


def split(system: MatrixSystem, u: str) -> ProximalProblem | str:
    p = system.unknown(u)
    smooth, penalties = w.constant(0), dict[str, Poly]()
    for (m, word), c in system.loss.terms.items():
        kinds = [(a, e, k) for a, e in m if (k := penalty(a, e, u))]
        if len(kinds) == 1 and not any(u in a.names for a, _ in m if a != kinds[0][0]):
            weight = Poly(ONE, ONE, {(tuple(x for x in m if x[0] != kinds[0][0]), ()): c})
            kind = kinds[0][2]
            if sign(weight, system.facts) not in (1, 2):
                return f"nothing shows that {display(weight)} is not negative"
            penalties[kind] = penalties[kind] + weight if kind in penalties else weight
        else:
            smooth = smooth + Poly(ONE, ONE, {(m, word): c})
    try:
        g = differentiate(smooth, {u: p})[u]
    except Unsupported as fault:
        return str(fault)
    found = collect(g, u, p.rows, p.cols)
    if found is None or found.flipped:
        return "the smooth part is not quadratic"
    target = -found.rest
    if found.entrywise is not None or not found.plain:
        if found.entrywise is not None and not found.plain:
            return ProximalProblem(found.entrywise, target, penalties, True)
        return ProximalProblem(w.constant(0), target, penalties) if found.entrywise is None else "the weights are mixed"
    if len(found.plain) == 1:
        a, b = found.plain[0]
        s, t = identity_multiple(a), identity_multiple(b)
        if s is not None and t is not None:
            if sign(s * t, system.facts) != 2:
                return f"nothing shows that {display(s * t)} is positive"
            return ProximalProblem(s * t, target, penalties)
        weights = _diagonal(a) if t is not None and p.cols == ONE else None
        if weights is not None and t is not None and _positive_column(weights, system):
            return ProximalProblem(weights * t, target, penalties, True)
    return "the quadratic part is not isotropic: the penalty does not split"


def _diagonal(p: Poly) -> Poly | None:
    out = w.zeros(p.rows, ONE)
    for (m, word), c in p.terms.items():
        front = Poly(ONE, ONE, {(m, ()): c})
        if not word:
            out = out + front * w.ones(p.rows)
        elif len(word) == 1 and word[0].kind == "diag":
            out = out + front * word[0].args[0]
        else:
            return None
    return out


def _positive_column(v: Poly, system: MatrixSystem) -> bool:
    return all(
        sign(Poly(ONE, ONE, {(m, ()): c}), system.facts) == 2
        and len(word) == 1
        and (word[0].kind == "ones" or word[0].args[0] in system.facts.positive)
        for (m, word), c in v.terms.items()
    )


def attempt(system: MatrixSystem, budget: Budget) -> Attempt:
    budget.check()
    one = single_unknown(system)
    if one is None:
        return Attempt(name, "declined", "not one matrix unknown")
    u, _, _ = one
    parts = split(system, u)
    if isinstance(parts, str):
        return Attempt(name, "declined", parts)
    sets = None if "entropy" in parts.penalties else sets_of(system, u)
    if isinstance(sets, str):
        return Attempt(name, "declined", sets)
    kinds = frozenset(parts.penalties)
    if "entropy" in kinds:
        return _entropic(system, u, parts, sets)
    if parts.curvature.zero:
        return Attempt(name, "declined", "there is no quadratic term")
    if "rank" in kinds:
        if kinds != frozenset({"rank"}) or sets or parts.weighted:
            return Attempt(name, "declined", "a rank penalty with other terms")
        return _hard_threshold(system, u, parts)
    if sets and kinds - {"norm1"}:
        return Attempt(name, "declined", "a penalty and a set together")
    if ("nuclear" in kinds and kinds != frozenset({"nuclear"})) or (parts.weighted and kinds - {"norm1"}):
        return Attempt(name, "declined", "these penalties do not split together")
    return _project(system, u, parts, sets) if sets else _threshold(system, u, parts)


def _centre(parts: ProximalProblem) -> Poly:
    """The unconstrained minimiser of the smooth part."""
    if parts.weighted:
        return hadamard(parts.target, elementwise("recip", parts.curvature))
    return power(parts.curvature, -1) * parts.target


def _divided(weight: Poly, parts: ProximalProblem) -> Poly:
    if parts.weighted:
        return weight * elementwise("recip", parts.curvature)
    return weight * power(parts.curvature, -1)


def _threshold(system: MatrixSystem, u: str, parts: ProximalProblem) -> Attempt:
    z, source = _centre(parts), source_of(system)
    here, shown = source.let("z", source.poly(z)), display(z)
    steps, remarks = list[str](), (finding("unique by strict convexity"),)
    if "nuclear" in parts.penalties:
        t = _divided(parts.penalties["nuclear"], parts)
        left, values, right = source.locals("U sigma Vt")
        source.line(f"{left}, {values}, {right} = np.linalg.svd({here}, full_matrices=False)")
        source.line(f"{identifier(u)} = ({left} * np.maximum({values} - {source.factor(t)}, 0)) @ {right}")
        return by_theorem(
            system,
            name,
            finding("singular value soft thresholding"),
            texts={u: f"shrink_singular_values({shown}, {display(t)})"},
            source=source.finish({u: identifier(u)}),
            remarks=remarks,
            unique=True,
        )
    text = shown
    if "norm1" in parts.penalties:
        t = _divided(parts.penalties["norm1"], parts)
        source.line(f"{here} = np.sign({here}) * np.maximum(np.abs({here}) - {source.factor(t)}, 0)")
        text = f"sign({text}) .* max(abs({text}) - {_plain(t)}, 0)"
        steps.append("soft thresholding")
    if "norm" in parts.penalties:
        t = _divided(parts.penalties["norm"], parts)
        length = source.let("length", f"np.linalg.norm({here})")
        source.line(f"{here} = {here} * (max(0.0, 1 - {source.factor(t)}/{length}) if {length} else 0.0)")
        text = f"max(1 - {_plain(t)}/norm({text}), 0)*{text if ' ' not in text else f'({text})'}"
        steps.append("group thresholding")
    source.line(f"{identifier(u)} = {here}")
    return by_theorem(
        system,
        name,
        finding("proximal map of the penalty", steps=tuple(steps)),
        texts={u: text},
        source=source.finish({u: identifier(u)}),
        expression_class="piecewise",
        remarks=remarks,
        unique=True,
    )


def _hard_threshold(system: MatrixSystem, u: str, parts: ProximalProblem) -> Attempt:
    """c/2 ||X - Z||^2 + t rank(X): keeping a singular value s costs t and saves c s^2/2."""
    z = _centre(parts)
    cut = power(_divided(w.scale(parts.penalties["rank"], 2), parts), Fraction(1, 2))
    source = source_of(system)
    left, values, right = source.locals("U sigma Vt")
    source.line(f"{left}, {values}, {right} = np.linalg.svd({source.poly(z)}, full_matrices=False)")
    source.line(f"{identifier(u)} = ({left} * np.where({values} > {source.poly(cut)}, {values}, 0)) @ {right}")
    return by_theorem(
        system,
        name,
        finding("hard thresholding of singular values", cut=display(cut)),
        texts={u: f"hard_threshold_singular_values({display(z)}, {display(cut)})"},
        source=source.finish({u: identifier(u)}),
        remarks=(finding("unique unless at the cut", cut=display(cut)),),
    )


def _wrapped(p: Poly) -> str:
    text = display(p)
    return f"({text})" if " " in text or text.startswith("-") else text


def _plain(p: Poly) -> str:
    text = display(p)
    return f"({text})" if " " in text else text


# -- sets ----------------------------------------------------------------------------------------------------------


def _project(system: MatrixSystem, u: str, parts: ProximalProblem, sets: Set) -> Attempt:
    p, z = system.unknown(u), _centre(parts)
    if sets.upto:
        return Attempt(name, "declined", "a projection where the sum has an upper bound is not known here")
    if parts.weighted and sets.kind != "box":
        return Attempt(name, "declined", "a weighted projection on this set has no closed form here")
    source = source_of(system)
    shown, kind = display(z), "piecewise"
    v, conditions = identifier(u), list[str]()
    if "norm1" in parts.penalties:
        if sets.kind != "box" or sets.low is None or not sets.low.zero or sets.high is not None:
            return Attempt(name, "declined", "a penalty and a set together")
        z = z - _divided(parts.penalties["norm1"] * of_fill(p.rows, p.cols), parts) if not parts.weighted else z
        if parts.weighted:
            return Attempt(name, "declined", "weights, a penalty and a set together")
        shown = display(z)
    if sets.kind == "box":
        code, text = source.poly(z), shown
        if sets.low is not None:
            code = f"np.maximum({code}, {source.poly(sets.low) if not sets.low.zero else '0'})"
            bound = "0" if sets.low.zero else display(sets.low)
            text = f"max({text}, {bound})"
        if sets.high is not None:
            code = f"np.minimum({code}, {source.poly(sets.high)})"
            text = f"min({text}, {display(sets.high)})"
        if sets.low is not None and sets.high is not None:
            source.line(f"if np.any({source.poly(sets.high - sets.low)} < 0):")
            source.line('    raise ValueError("a lower bound is above the upper one: no point is feasible")')
        source.line(f"{v} = {code}")
        theorem = finding("projection on a box")
        if sets.low is not None and sets.high is not None and not sets.low.zero:
            conditions.append("the lower bounds are not above the upper ones")
    elif sets.kind == "simplex" and sets.total is not None:
        if sign(sets.total, system.facts) != 2:
            return Attempt(name, "declined", f"nothing shows that {display(sets.total)} is positive")
        source.line(f"{v} = {source.call('_simplex', source.poly(z), source.poly(sets.total))}")
        theorem = finding("projection on a simplex", total=display(sets.total))
        text = f"simplex_projection({shown}, {display(sets.total)})"
    elif sets.kind == "ball" and sets.total is not None:
        here = source.let("z", source.poly(z))
        length = source.let("length", f"np.linalg.norm({here})")
        r = source.factor(sets.total)
        source.line(f"{v} = {here} * ({r}/{length} if {length} > {r} else 1.0)")
        text = f"min(1, {_plain(sets.total)}/norm({shown}))*({shown})"
        theorem = finding("projection on a ball")
    elif sets.kind == "ball1" and sets.total is not None:
        here = source.let("z", source.poly(z))
        r = source.poly(sets.total)
        source.line(f"{v} = {here}")
        source.line(f"if np.abs({here}).sum() > {r}:")
        source.line(f"    {v} = np.sign({here}) * {source.call('_simplex', f'np.abs({here})', r)}")
        text = f"l1_ball_projection({shown}, {display(sets.total)})"
        theorem = finding("projection on an l1 ball")
    elif sets.kind == "halfspace" and sets.total is not None:
        normal = differentiate(sets.total, {u: p})[u]
        if normal.names & {u} or normal.zero:
            return Attempt(name, "declined", "the constraint is not an inequality in the unknown")
        excess, length = substitute(sets.total, {u: z}), w.trace(normal.T * normal)
        source.line(
            f"{v} = {source.poly(z)} - max(0.0, {source.poly(excess)})/({source.poly(length)}) * "
            f"{source.factor(normal)}"
        )
        text = f"{display(z)} - max({display(excess)}, 0)/({display(length)})*{_wrapped(normal)}"
        theorem = finding("projection on a half-space")
        conditions.append(f"{display(normal)} is not zero")
    elif sets.kind == "skew":
        value = w.scale(z - z.T, Fraction(1, 2))
        source.line(f"{v} = {source.poly(value)}")
        text = display(value)
        theorem, kind = finding("projection on skew-symmetric matrices"), "linear_algebra"
    else:
        if p.rows != p.cols or "norm1" in parts.penalties:
            return Attempt(name, "declined", "not a square matrix")
        half = w.scale(z + z.T, Fraction(1, 2))
        shown, kind = display(half), "spectral"
        values, vectors = source.locals("values vectors")
        source.line(f"{values}, {vectors} = {source.call('_eigen', source.poly(z))}")
        if sets.total is not None:
            if any(c.kind == "spd" for c in system.constraints):
                return Attempt(name, "declined", "a trace and a definite unknown: the infimum may not be attained")
            if sign(sets.total, system.facts) != 2:
                return Attempt(name, "declined", f"nothing shows that {display(sets.total)} is positive")
            source.line(f"{v} = ({vectors} * {source.call('_simplex', values, source.poly(sets.total))}) @ {vectors}.T")
            text = f"spectrahedron_projection({shown}, {display(sets.total)})"
            theorem = finding("projection on a spectrahedron")
        else:
            source.line(f"{v} = ({vectors} * np.maximum({values}, 0)) @ {vectors}.T")
            text = f"positive_part({shown})"
            theorem = finding("projection on semidefinite matrices")
        if any(c.kind == "spd" for c in system.constraints):
            conditions.append(f"{shown} is positive definite (otherwise the infimum is not attained)")
    return by_theorem(
        system,
        name,
        theorem,
        texts={u: text},
        conditions=conditions,
        source=source.finish({u: v}),
        expression_class=kind,
        unique=True,
        remarks=(finding("a projection is unique"),),
    )


def _entropic(system: MatrixSystem, u: str, parts: ProximalProblem, sets: Set | str | None) -> Attempt:
    p, eps = system.unknown(u), parts.penalties["entropy"]
    total = None
    for c in system.constraints:
        if c.kind == "zero" and c.left.scalar and (t := sum_equals(c, p)) is not None and total is None:
            total = t
        elif c.kind not in ("nonnegative", "positive") and not (c.kind in ("atmost", "below") and c.left == -p):
            return Attempt(name, "declined", "a constraint that this strategy does not know")
    if len(parts.penalties) > 1 or not parts.curvature.zero or p.cols != ONE or sign(eps, system.facts) != 2:
        return Attempt(name, "declined", "an entropy with other terms")
    if total is not None and sign(total, system.facts) != 2:
        return Attempt(name, "declined", f"nothing shows that {display(total)} is positive")
    g = power(eps, -1) * parts.target
    source = source_of(system)
    v = identifier(u)
    if total is None:
        value = elementwise("exp", g - w.ones(p.rows))
        source.line(f"{v} = {source.poly(value)}")
        text = display(value)
    else:
        here = source.let("z", source.poly(g))
        source.line(f"{here} = np.exp({here} - {here}.max())")
        lead = "" if total == w.constant(1) else f"{source.factor(total)} * "
        source.line(f"{v} = {lead}{here} / {here}.sum()")
        shown = display(g)
        times = "" if total == w.constant(1) else f"{display(total)}*"
        text = f"{times}exp({shown})/(ones({p.rows})'*exp({shown}))"
    del sets
    return by_theorem(
        system,
        name,
        finding("entropy on a simplex"),
        texts={u: text},
        source=source.finish({u: v}),
        expression_class="elementary",
        unique=True,
    )
