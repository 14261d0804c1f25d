"""Quadratic losses on an ellipsoidal Stiefel set: tr(U'MU) subject to U'BU = I, and bilinear ones in two such unknowns.

Principal components, Laplacian eigenmaps, spectral clustering (Fan 1949); canonical correlations (Hotelling 1936).
"""

from __future__ import annotations

from fractions import Fraction

from closedform.algebra.noncommutative import polynomial as w
from closedform.algebra.noncommutative.derivative import differentiate
from closedform.algebra.noncommutative.facts import definite, sign
from closedform.algebra.noncommutative.functions import content, divide_mono, power
from closedform.algebra.noncommutative.letters import ONE
from closedform.algebra.noncommutative.polynomial import Poly
from closedform.algebra.noncommutative.solve import collect, identity_multiple
from closedform.algebra.noncommutative.text import display
from closedform.attempt import Attempt, finding
from closedform.budget import Budget
from closedform.emit.source import identifier
from closedform.stationarity.matrix import Constraint, MatrixSystem
from closedform.strategies.matrices.answer import by_theorem, single_unknown, source_of
from closedform.strategies.matrices.forms import without_root

name = "spectral decomposition"
example = {
    "loss": "-tr(W'*S*W) subject to W'*W = eye(q)",
    "unknowns": ["W"],
    "shapes": {"S": "k,k", "W": "k,q"},
    "assumptions": ["S sym"],
}
counterexample = {"loss": "||X*a - y||^2", "unknowns": ["a"], "shapes": {"X": "n,k", "y": "n", "a": "k"}}


def declines(system: MatrixSystem) -> str | None:
    if (trouble := system.trouble_with("orth", smooth=True)) is not None:
        return trouble
    if not all(
        any(metric_of(c, system, u) is not None for c in system.constraints) or "orth" in system.flags(u)
        for u in system.unknowns
    ):
        return "not every unknown is normalised by U'BU = I"
    return None


def metric_of(c: Constraint, system: MatrixSystem, u: str) -> tuple[Poly, Poly] | None:
    """``(B, c)`` where the constraint says U'BU = c I (u'Bu = c for a column), with B free of unknowns."""
    rows, cols = system.shape(u)
    if c.kind != "zero" or (rows, cols) == (ONE, ONE) or c.left.names & frozenset(system.unknowns) != frozenset({u}):
        return None
    left = without_root(c.left, system) if c.left.scalar else c.left
    if left is None or (left.rows, left.cols) != (cols, cols):
        return None
    metric, target = w.zeros(rows, rows), w.constant(0)
    for (m, word), x in left.terms.items():
        front = Poly(ONE, ONE, {(tuple((a, e) for a, e in m if u not in a.names), ()): x})
        body = word
        inside = [(a, e) for a, e in m if u in a.names]
        if inside:
            if len(inside) != 1 or inside[0][1] != 1 or inside[0][0].kind != "tr" or not left.scalar:
                return None
            body = inside[0][0].args[0]
        elif u not in {n for l in word for n in l.names}:
            if word:
                return None
            target = target - front
            continue
        first, last = body[0], body[-1]
        if (
            first.kind != "name"
            or first.args != (u,)
            or last.kind != "name"
            or last.args != (u,)
            or not first.t
            or last.t
        ):
            return None
        middle = w.product(w.eye(rows), *(w.of_letter(l) for l in body[1:-1]))
        if u in middle.names:
            return None
        metric = metric + front * middle
    s, size = content(metric)[0] if metric.terms else 0, target
    if not s or not w.is_symmetric(metric):
        return None
    return w.scale(metric, 1 / s), w.scale(size, 1 / s)


def normalised(system: MatrixSystem, u: str) -> tuple[Poly, Poly] | None:
    for c in system.constraints:
        found = metric_of(c, system, u)
        if found is not None:
            return found
    return (w.eye(system.shape(u)[0]), w.constant(1)) if "orth" in system.flags(u) else None


def attempt(system: MatrixSystem, budget: Budget) -> Attempt:
    budget.check()
    counted = sum(c.kind == "zero" and bool(c.left.names & frozenset(system.unknowns)) for c in system.constraints)
    if counted > len(system.unknowns) or any(c.kind != "zero" for c in system.constraints):
        return Attempt(name, "declined", "there are constraints besides the normalisation")
    if len(system.unknowns) == 2:
        return _pair(system)
    one = single_unknown(system)
    found = normalised(system, one[0]) if one else None
    if one is None or found is None:
        return Attempt(name, "declined", "not one unknown normalised by U'BU = I")
    u = one[0]
    metric, size = found
    quadratic = quadratic_form(system.loss, system, u)
    if quadratic is None:
        return Attempt(name, "declined", "the loss is not of the form tr(U'MU)")
    level = definite(metric, system.facts)
    if level is None or not level.strict:
        return Attempt(name, "declined", f"nothing shows that {display(metric)} is positive definite")
    if sign(size, system.facts) != 2:
        return Attempt(name, "declined", f"nothing shows that {display(size)} is positive")
    return eigenvectors(system, name, u, quadratic, metric, size, level.conditions)


def quadratic_form(loss: Poly, system: MatrixSystem, u: str) -> Poly | None:
    """M (symmetric) where the loss is tr(U'MU) up to a constant."""
    g = differentiate(loss, {u: system.unknown(u)})[u]
    found = collect(g, u, *system.shape(u))
    if found is None or found.flipped or found.entrywise is not None or len(found.plain) != 1 or not found.rest.zero:
        return None
    a, b = found.plain[0]
    s = identity_multiple(b)
    if s is None or not w.is_symmetric(a):
        return None
    return w.scale(a * s, Fraction(1, 2))


def eigenvectors(
    system: MatrixSystem,
    strategy: str,
    u: str,
    m: Poly,
    metric: Poly,
    size: Poly,
    conditions: tuple[str, ...],
    scale_free: bool = False,
) -> Attempt:
    """U of the q smallest eigenvalues of M relative to B; of the largest of -M where that reads better."""
    rows, cols = system.shape(u)
    flip = sum(c < 0 for c in m.terms.values()) * 2 > len(m.terms)
    shown = -m if flip else m
    c, mono = content(shown)
    if c > 0 and sign(Poly(ONE, ONE, {(mono, ()): Fraction(1)}), system.facts) == 2:
        shown = divide_mono(shown, c, mono)
    side = "largest" if flip else "smallest"
    plain = identity_multiple(metric) is not None
    body = display(shown) if plain else f"{display(shown)}, {display(metric)}"
    scale = "" if size == w.constant(1) or scale_free else f"sqrt({display(size)})*"
    text = f"{scale}{side}_eigenvectors({body}, {cols})"
    source = source_of(system)
    k = source.size(cols)
    source.line(f"if not 1 <= {k} <= {source.size(rows)}:")
    source.line(f'    raise ValueError("{cols} must be at most {rows}")')
    pick = f"[:, ::-1][:, :{k}]" if flip else f"[:, :{k}]"
    factor = "" if not scale else f"np.sqrt({source.poly(size)})*"
    if plain:
        source.line(f"{identifier(u)} = {factor}{source.call('_eigen', source.poly(shown))}[1]{pick}")
    else:
        root = source.let("L", f"np.linalg.cholesky({source.poly(metric)})")
        inner = source.let("M", f"np.linalg.solve({root}, np.linalg.solve({root}, {source.poly(shown)}).T)")
        source.line(f"{identifier(u)} = {factor}np.linalg.solve({root}.T, {source.call('_eigen', inner)}[1]{pick})")
    pencil = display(shown) if plain else f"the pencil ({display(shown)}, {display(metric)})"
    count = cols if cols != ONE else None
    return by_theorem(
        system,
        strategy,
        finding("Ky Fan" if count else "Rayleigh-Ritz", pencil=pencil, side=side, count=count),
        texts={u: text},
        source=source.finish({u: identifier(u)}),
        conditions=conditions,
        remarks=(finding("unique up to a factor", pencil=pencil, side=side, count=count, scale_free=scale_free),),
    )


def _pair(system: MatrixSystem) -> Attempt:
    """tr(U'CV) with U'AU = I and V'BV = I; squares that the constraints make constant are left out."""
    u, v = system.unknowns
    metric_u, metric_v = normalised(system, u), normalised(system, v)
    if metric_u is None or metric_v is None or system.gradient is None:
        return Attempt(name, "declined", "not both unknowns are normalised")
    (a, sa), (b, sb) = metric_u, metric_v
    if system.shape(u)[1] != system.shape(v)[1] or sa != w.constant(1) or sb != w.constant(1):
        return Attempt(name, "declined", "the unknowns are not normalised alike")
    g = system.gradient[u]
    found = collect(g, u, *system.shape(u))
    if (
        found is None
        or found.flipped
        or any(_proportional(p * (identity_multiple(q) or w.constant(0)), a) is None for p, q in found.plain)
    ):
        return Attempt(name, "declined", "the loss is not bilinear on the constraints")
    cross = collect(found.rest, v, *system.shape(v))
    other = collect(system.gradient[v], v, *system.shape(v))
    if (
        cross is None
        or cross.flipped
        or len(cross.plain) != 1
        or not cross.rest.zero
        or other is None
        or other.flipped
        or any(_proportional(p * (identity_multiple(q) or w.constant(0)), b) is None for p, q in other.plain)
    ):
        return Attempt(name, "declined", "the loss is not bilinear on the constraints")
    c, right = cross.plain[0]
    s = identity_multiple(right)
    if s is None:
        return Attempt(name, "declined", "the loss is not bilinear on the constraints")
    return canonical_pair(system, name, u, v, -(c * s), a, b)


def canonical_pair(
    system: MatrixSystem, strategy: str, u: str, v: str, c: Poly, a: Poly, b: Poly, scale_free: bool = False
) -> Attempt:
    """U, V of the largest tr(U'CV) with U'AU = I and V'BV = I."""
    levels = [definite(x, system.facts) for x in (a, b)]
    if any(l is None or not l.strict for l in levels):
        return Attempt(strategy, "declined", "nothing shows that the metrics are positive definite")
    conditions = tuple(dict.fromkeys(x for l in levels if l for x in l.conditions))
    k, mono = content(c)
    if sign(Poly(ONE, ONE, {(mono, ()): Fraction(abs(k))}), system.facts) == 2:
        c = divide_mono(c, abs(k), mono)
    q = system.shape(u)[1]
    source = source_of(system)
    roots = [
        None if identity_multiple(x) is not None else source.let(l, f"np.linalg.cholesky({source.poly(x)})")
        for l, x in (("L", a), ("R", b))
    ]
    inner = source.let("M", source.poly(c))
    if roots[0]:
        source.line(f"{inner} = np.linalg.solve({roots[0]}, {inner})")
    if roots[1]:
        source.line(f"{inner} = np.linalg.solve({roots[1]}, {inner}.T).T")
    left, back = source.locals("P Qt")
    source.line(f"{left}, _, {back} = np.linalg.svd({inner}, full_matrices=False)")
    n = source.size(q)
    for x, root, code in ((u, roots[0], f"{left}[:, :{n}]"), (v, roots[1], f"{back}[:{n}].T")):
        source.line(f"{identifier(x)} = {f'np.linalg.solve({root}.T, {code})' if root else code}")
    shown = [display(c), display(a), display(b)]
    pair = {u: f"left_canonical({', '.join(shown)}, {q})", v: f"right_canonical({', '.join(shown)}, {q})"}
    return by_theorem(
        system,
        strategy,
        finding("canonical pair", a=shown[1], b=shown[2], c=shown[0], count=q),
        texts=pair,
        source=source.finish({u: identifier(u), v: identifier(v)}),
        conditions=conditions,
        remarks=(finding("multiples of either column"),) * scale_free,
    )


def _proportional(p: Poly, q: Poly) -> Poly | None:
    """The scalar s with p = s q, where it is one term."""
    if p.zero:
        return w.constant(0)
    (cp, mp), (cq, mq) = content(p), content(q)
    if divide_mono(p, cp, mp) != divide_mono(q, cq, mq):
        return None
    return w.mul(Poly(ONE, ONE, {(mp, ()): cp}), power(Poly(ONE, ONE, {(mq, ()): cq}), -1))
