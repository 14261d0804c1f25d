"""Losses that are linear in an orthogonal unknown: Procrustes problems, rotations, whitening, scaled forms."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from closedform.algebra.noncommutative import polynomial as w
from closedform.algebra.noncommutative.derivative import differentiate
from closedform.algebra.noncommutative.facts import definite, sign
from closedform.algebra.noncommutative.functions import content, divide_mono, inverse, matrix_scalar, power
from closedform.algebra.noncommutative.letters import ONE
from closedform.algebra.noncommutative.polynomial import Poly
from closedform.algebra.noncommutative.solve import collect, identity_multiple, solve
from closedform.algebra.noncommutative.substitution import substitute
from closedform.algebra.noncommutative.text import display
from closedform.attempt import Attempt, finding
from closedform.budget import Budget
from closedform.emit.source import identifier
from closedform.stationarity.matrix import Constraint, MatrixSystem
from closedform.strategies.matrices.answer import by_theorem, source_of
from closedform.strategies.matrices.convexity import convexity

name = "orthogonal matrix"
example = {
    "loss": "||A*R - B||^2 subject to R'*R = eye(k)",
    "unknowns": ["R"],
    "shapes": {"A": "n,k", "B": "n,k", "R": "k,k"},
}
counterexample = {"loss": "||X*a - y||^2", "unknowns": ["a"], "shapes": {"X": "n,k", "y": "n", "a": "k"}}


def declines(system: MatrixSystem) -> str | None:
    if (trouble := system.trouble_with("orth", smooth=True)) is not None:
        return trouble
    return None if _target(system) else "no unknown is orthogonal, up to scale or a metric"


def _target(system: MatrixSystem) -> tuple[str, str] | None:
    """The unknown, and how it is bound: "orth", "scaled" (U'U a multiple of I), "left" (U'SU = I), "right" (USU' = I)."""
    for u in system.unknowns:
        if "orth" in system.flags(u):
            return u, "orth"
        p = system.unknown(u)
        if p.scalar or p.rows != p.cols:
            continue
        for c in system.constraints:
            if c.kind == "zero" and not c.left.scalar:
                if _scaled(c, system, u):
                    return u, "scaled"
                if _fixed(c, system, u) is not None:
                    return u, "fixed"
                for side in ("left", "right"):
                    if _metric(c, system, u, side) is not None:
                        return u, side
    return None


def _metric(c: Constraint, system: MatrixSystem, u: str, side: str) -> Poly | None:
    """S where the constraint says U'SU = I (left) or USU' = I (right), with S positive definite."""
    p = system.unknown(u)
    if (c.left.rows, c.left.cols) != (p.rows, p.rows):
        return None
    metric, unit = w.zeros(p.rows, p.rows), w.constant(0)
    for (m, word), x in c.left.terms.items():
        front = Poly(ONE, ONE, {(m, ()): x})
        if not word:
            unit = unit - front
        elif (
            len(word) > 2
            and word[0].names == frozenset({u}) == word[-1].names
            and word[0].t == (side == "left") != word[-1].t
        ):
            metric = metric + front * w.product(*(w.of_letter(l) for l in word[1:-1]))
        else:
            return None
    if unit.zero or metric.zero or metric.names & frozenset(system.unknowns):
        return None
    metric = power(unit, -1) * metric
    level = definite(metric, system.facts) if w.is_symmetric(metric) else None
    return metric if level and level.strict else None


def _scaled(c: Constraint, system: MatrixSystem, u: str) -> bool:
    """U'U (or UU') = s I where s holds an unknown or U itself."""
    p = system.unknown(u)
    for gram in (p.T * p, p * p.T):
        rest = [t for t in c.left.terms if t not in gram.terms]
        whole = [t for t in c.left.terms if t in gram.terms]
        if len(whole) == 1 and rest and all(not word for _, word in rest):
            scalars = {n for m, _ in rest for a, _ in m for n in a.names}
            return bool(scalars & frozenset(system.unknowns))
    return False


def _fixed(c: Constraint, system: MatrixSystem, u: str) -> Poly | None:
    """c where the constraint says U'U = c I (or UU' = c I) with c free of unknowns."""
    p = system.unknown(u)
    for gram in (p.T * p, p * p.T):
        whole = [t for t in c.left.terms if t in gram.terms]
        rest = {t: x for t, x in c.left.terms.items() if t not in gram.terms}
        if len(whole) == 1 and rest and all(not word for _, word in rest):
            scale = Poly(ONE, ONE, {(m, ()): -x / c.left.terms[whole[0]] for (m, _), x in rest.items()})
            if not scale.names & frozenset(system.unknowns) and sign(scale, system.facts) == 2:
                return scale
    return None


def attempt(system: MatrixSystem, budget: Budget) -> Attempt:
    budget.check()
    target = _target(system)
    if target is None:
        return Attempt(name, "declined", "no unknown is orthogonal")
    u, how = target
    p = system.unknown(u)
    others = [v for v in system.unknowns if v != u]
    rotation, left_over = False, list[Constraint]()
    for c in system.constraints:
        if (
            c.kind == "zero"
            and matrix_scalar("det", p).names == c.left.names
            and c.left == matrix_scalar("det", p) - w.constant(1)
        ):
            rotation = True
        elif (
            c.kind == "zero"
            and not c.left.scalar
            and (
                _scaled(c, system, u)
                or _metric(c, system, u, how) is not None
                or (how == "fixed" and _fixed(c, system, u) is not None)
            )
        ):
            others = [v for v in others if not _only_there(v, system)]
        elif not (c.kind == "orth" and c.left == p):
            left_over.append(c)
    if left_over:
        return Attempt(name, "declined", "there are constraints besides orthogonality")
    # translations and the like: unknowns in which the loss is affine are eliminated first
    loss, lets = system.loss, list[tuple[str, Poly]]()
    scale: str | None = None
    for v in others:
        q = system.unknown(v)
        solution = None if q.scalar else solve(differentiate(loss, {v: q})[v], v, q.rows, q.cols)
        if solution is not None:
            lets.append((v, solution.value))
            loss = substitute(loss, {v: solution.value})
        elif q.scalar and scale is None:
            scale = v
        else:
            return Attempt(name, "declined", f"the loss is not affine in {v} after differentiation")
    return _linear(system, u, how, loss, lets, scale, rotation)


def _only_there(v: str, system: MatrixSystem) -> bool:
    return system.unknown(v).scalar and v not in system.loss.names


def _linear(
    system: MatrixSystem, u: str, how: str, loss: Poly, lets: list[tuple[str, Poly]], scale: str | None, rotation: bool
) -> Attempt:
    p = system.unknown(u)
    if how == "fixed":
        return (
            _multiple(system, u, loss, rotation, fixed=True)
            if scale is None and not lets
            else Attempt(name, "declined", "two scales")
        )
    if how == "scaled":
        return (
            _multiple(system, u, loss, rotation)
            if scale is None and not lets
            else Attempt(name, "declined", "two scales")
        )
    quadratic = None
    if scale is not None:
        parts = _powers(loss, scale)
        if parts is None or u in parts[2].names or u in parts[0].names:
            return Attempt(name, "declined", f"the loss is not quadratic in {scale}")
        quadratic, loss = parts[2], parts[1]
        if sign(quadratic, system.facts) not in (1, 2) and convexity(system, (scale, *(v for v, _ in lets))) is None:
            return Attempt(name, "declined", f"nothing shows that {display(quadratic)} is positive")
        if rotation and scale not in system.facts.positive | system.facts.nonnegative:
            return Attempt(name, "declined", f"{scale} must be declared positive for a rotation")
    found = collect(differentiate(loss, {u: p})[u], u, p.rows, p.cols)
    metric = next((m for c in system.constraints if (m := _metric(c, system, u, how)) is not None), None)
    if found is None or found.flipped or found.entrywise is not None:
        return Attempt(name, "declined", "the loss is not linear in the orthogonal unknown")
    if found.plain and (how == "orth" or scale is not None):
        return _two_sided(system, u, found.plain, found.rest, scale, lets, rotation)
    if any(identity_multiple(b if how == "left" else a) is None for a, b in found.plain):
        return Attempt(name, "declined", "the quadratic part is not constant on the constraint")
    if found.rest.zero:
        return Attempt(name, "declined", "the loss is constant on the constraint")
    target = -found.rest
    c, m = content(target)
    front = Poly(ONE, ONE, {(m, ()): abs(c)})
    if sign(front, system.facts) == 2:
        target = divide_mono(target, abs(c), m)
    source = source_of(system)
    needed = definite(metric, system.facts) if metric is not None else None
    conditions = needed.conditions if needed else ()
    wanted = target
    root = ""
    if metric is not None:  # U = Q S^(-1/2) or S^(-1/2) Q with Q orthogonal
        if _power_of(target, metric):
            code = source.call("_power", source.poly(metric), "-0.5")
            source.line(f"{identifier(u)} = {code}")
            return by_theorem(
                system,
                name,
                finding("Procrustes problem solved by the identity", unknown=u, metric=display(metric)),
                conditions=conditions,
                texts={u: f"invsqrt({display(metric)})"},
                source=source.finish({u: identifier(u)}),
            )
        root = source.let("root", source.call("_power", source.poly(metric), "-0.5"))
        inner = source.let(
            "M", f"{root} @ {source.factor(wanted)}" if how == "left" else f"{source.factor(wanted)} @ {root}"
        )
    else:
        inner = source.let("M", source.poly(wanted))
    left, values, right, sign_ = source.locals("P sigma Qt sign")
    source.line(f"{left}, {values}, {right} = np.linalg.svd({inner}, full_matrices=False)")
    if rotation:
        source.line(f"{sign_} = np.ones(len({values}))")
        source.line(f"{sign_}[-1] = np.sign(np.linalg.det({left} @ {right}))")
        code, top = f"({left} * {sign_}) @ {right}", f"({values} * {sign_}).sum()"
    else:
        code, top = f"{left} @ {right}", f"{values}.sum()"
    if root:
        code = f"{root} @ {code}" if how == "left" else f"{code} @ {root}"
    source.line(f"{identifier(u)} = {code}")
    source.solved.add(u)
    shown = display(target)
    word = "rotation" if rotation else "polar"
    texts = {
        u: f"{word}({shown})"
        if metric is None
        else (
            f"invsqrt({display(metric)})*polar(invsqrt({display(metric)})*({shown}))"
            if how == "left"
            else f"polar(({shown})*invsqrt({display(metric)}))*invsqrt({display(metric)})"
        )
    }
    outputs = {u: identifier(u)}
    if quadratic is not None and scale is not None:
        value = f"{source.poly(front) + '*' if front != w.constant(1) else ''}{top} / (2*({source.poly(quadratic)}))"
        source.line(f"{identifier(scale)} = {value}")
        source.solved.add(scale)
        outputs[scale] = identifier(scale)
        ratio = w.product(front, w.trace(target.T * w.symbol(u, p.rows, p.cols)), power(w.scale(quadratic, 2), -1))
        texts[scale] = display(ratio)
    for v, value in reversed(lets):
        source.line(f"{identifier(v)} = {source.poly(value)}")
        source.solved.add(v)
        outputs[v], texts[v] = identifier(v), display(value)
    return by_theorem(
        system,
        name,
        finding("special orthogonal factor" if rotation else "orthogonal polar factor", unknown=u, matrix=shown),
        texts={v: texts[v] for v in system.unknowns if v in texts},
        source=source.finish({v: outputs[v] for v in system.unknowns if v in outputs}),
        conditions=conditions,
        remarks=(finding("unique when of full rank", matrix=shown),),
    )


def _power_of(target: Poly, metric: Poly) -> bool:
    """Is the target a positive multiple of a power of the metric (the identity included)?"""
    for base in (w.eye(metric.rows), metric, inverse(metric), metric * metric):
        if target.terms and base.terms.keys() == target.terms.keys():
            ratio = {target.terms[k] / base.terms[k] for k in base.terms}
            return len(ratio) == 1 and next(iter(ratio)) > 0
    return False


def _powers(p: Poly, s: str) -> tuple[Poly, Poly, Poly] | None:
    """The coefficients of s^0, s^1, s^2."""
    out = [w.constant(0), w.constant(0), w.constant(0)]
    for (m, word), c in p.terms.items():
        e = next((e for a, e in m if a.key == s), Fraction(0))
        rest = tuple((a, x) for a, x in m if a.key != s)
        if e not in (0, 1, 2) or any(s in a.names for a, _ in rest):
            return None
        out[int(e)] = out[int(e)] + Poly(ONE, ONE, {(rest, word): c})
    return out[0], out[1], out[2]


def _multiple(system: MatrixSystem, u: str, loss: Poly, rotation: bool, fixed: bool = False) -> Attempt:
    """U = s R with R orthogonal: ||U||^2 terms are k s^2 tr(N)/k; minimise over both."""
    p = system.unknown(u)
    s = "scale_of_the_unknown"
    inner = replace(
        system,
        names=replace(
            system.names, flags=type(system.names.flags)({**system.names.flags, u: system.flags(u) | {"orth"}})
        ),
    )
    turned = substitute(loss, {u: w.scalar(s) * inner.unknown(u)})
    parts = _powers(turned, s)
    if (
        parts is None
        or u in parts[2].names
        or u in parts[0].names
        or (not fixed and sign(parts[2], system.facts) not in (1, 2))
    ):
        return Attempt(name, "declined", "the loss is not quadratic in the scale")
    found = collect(differentiate(parts[1], {u: inner.unknown(u)})[u], u, p.rows, p.cols)
    if found is None or found.plain or found.flipped or rotation:
        return Attempt(name, "declined", "the loss is not linear in the orthogonal factor")
    target = -found.rest
    c, m = content(target)
    front = Poly(ONE, ONE, {(m, ()): abs(c)})
    if sign(front, system.facts) != 2:
        front, body = w.constant(1), target
    else:
        body = divide_mono(target, abs(c), m)
    known = next((f for c in system.constraints if fixed and (f := _fixed(c, system, u)) is not None), None)
    if known is not None:
        root = power(known, Fraction(1, 2))
        source = source_of(system)
        left, right = source.locals("P Qt")
        source.line(f"{left}, _, {right} = np.linalg.svd({source.poly(body)}, full_matrices=False)")
        source.line(f"{identifier(u)} = {source.factor(root)} * ({left} @ {right})")
        return by_theorem(
            system,
            name,
            finding("multiple of an orthogonal matrix", unknown=u, root=display(root)),
            texts={u: f"{display(root)}*polar({display(body)})"},
            source=source.finish({u: identifier(u)}),
        )
    factor = front * power(w.scale(parts[2], 2), -1)
    source = source_of(system)
    left, values, right = source.locals("P sigma Qt")
    source.line(f"{left}, {values}, {right} = np.linalg.svd({source.poly(body)}, full_matrices=False)")
    source.line(f"{identifier(u)} = {source.factor(factor)} * {values}.sum() * ({left} @ {right})")
    outputs = {u: identifier(u)}
    texts = {u: f"{display(factor * matrix_scalar('nuclear', body))}*polar({display(body)})"}
    for v in system.unknowns:
        if v != u:
            outputs[v] = f"np.sum({identifier(u)}**2) / {source.size(p.cols)}"
            texts[v] = f"tr({u}'*{u})/{p.cols}"
    return by_theorem(
        system,
        name,
        finding("polar factor at every scale", unknown=u, matrix=display(body)),
        texts=texts,
        source=source.finish(outputs),
    )


def _two_sided(
    system: MatrixSystem,
    u: str,
    pairs: tuple[tuple[Poly, Poly], ...],
    rest: Poly,
    scale: str | None,
    lets: list[tuple[str, Poly]],
    rotation: bool,
) -> Attempt:
    """tr(R'ARB) with A, B symmetric and R square: eigenvectors in opposite order."""
    p = system.unknown(u)
    if len(pairs) != 1 or not rest.zero or scale or lets or rotation or p.rows != p.cols:
        return Attempt(name, "declined", "a quadratic term in the orthogonal unknown does not become constant")
    a, b = pairs[0]
    if (
        not (w.is_symmetric(a) and w.is_symmetric(b))
        or identity_multiple(a) is not None
        or identity_multiple(b) is not None
    ):
        return Attempt(name, "declined", "a quadratic term in the orthogonal unknown does not become constant")
    source = source_of(system)
    c, m = content(a)
    a, b = divide_mono(a, c, m), Poly(ONE, ONE, {(m, ()): c}) * b
    c, m = content(b)
    same = c < 0  # minus a positive multiple: eigenvectors in the same order
    b = divide_mono(b, c, m) if sign(Poly(ONE, ONE, {(m, ()): abs(c)}), system.facts) == 2 else -b if same else b
    left, right = source.locals("P Q")
    source.line(f"{left} = {source.call('_eigen', source.poly(a))}[1]")
    source.line(f"{right} = {source.call('_eigen', source.poly(b))}[1]")
    source.line(f"{identifier(u)} = {left} @ {right}{'' if same else '[:, ::-1]'}.T")
    return by_theorem(
        system,
        name,
        finding("eigenvectors matched by order"),
        texts={
            u: (
                f"smallest_eigenvectors({display(a)}, "
                f"{p.rows})*{'smallest' if same else 'largest'}_eigenvectors({display(b)}, "
                f"{p.rows})'"
            )
        },
        source=source.finish({u: identifier(u)}),
    )
