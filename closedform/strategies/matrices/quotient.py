"""Quotients of quadratic forms: Rayleigh, Fisher, trace and determinant ratios, total least squares."""

from __future__ import annotations

from fractions import Fraction

from closedform.algebra.noncommutative import polynomial as w
from closedform.algebra.noncommutative.derivative import differentiate
from closedform.algebra.noncommutative.facts import definite, sign
from closedform.algebra.noncommutative.functions import inverse
from closedform.algebra.noncommutative.letters import ONE, Atom, Letter
from closedform.algebra.noncommutative.polynomial import Poly
from closedform.algebra.noncommutative.solve import collect, identity_multiple
from closedform.algebra.noncommutative.text import display
from closedform.attempt import Attempt, finding
from closedform.budget import Budget
from closedform.emit.source import identifier
from closedform.stationarity.matrix import MatrixSystem
from closedform.strategies.matrices.answer import by_theorem, single_unknown, source_of
from closedform.strategies.matrices.forms import quadratic
from closedform.strategies.matrices.spectral import canonical_pair, eigenvectors

name = "quotient of forms"
example = {
    "loss": "x'*A*x/(x'*B*x)",
    "unknowns": ["x"],
    "shapes": {"A": "k,k", "B": "k,k", "x": "k"},
    "assumptions": ["A sym", "B spd"],
}
counterexample = {"loss": "||X*a - y||^2", "unknowns": ["a"], "shapes": {"X": "n,k", "y": "n", "a": "k"}}


def declines(system: MatrixSystem) -> str | None:
    if (trouble := system.trouble_with(smooth=True)) is not None:
        return trouble
    if system.constraints:
        return "there are constraints"
    if single_unknown(system) is None and not _columns(system):
        return "not one matrix unknown"
    u = system.unknowns[0]
    below = any(e < 0 and u in a.names for m, _ in system.loss.terms for a, e in m)
    inside = any(a.kind in ("tr", "logdet") and u in a.names for m, _ in system.loss.terms for a, _ in m)
    return (
        None
        if below or (inside and f"inv({u}'" in system.loss.key) or "logdet(" in system.loss.key
        else "not a quotient of forms"
    )


def attempt(system: MatrixSystem, budget: Budget) -> Attempt:
    budget.check()
    if _columns(system):
        return _correlation(system) or Attempt(
            name, "declined", "the loss is not a correlation u'Cv of normalised columns"
        )
    u = system.unknowns[0]
    found = _ratio(system, u) or _trace_ratio(system, u) or _determinants(system, u)
    if found is None:
        return Attempt(name, "declined", "the loss is not a quotient of quadratic forms")
    if isinstance(found, Attempt):
        return found
    m, metric = found
    level = definite(metric, system.facts)
    if level is None or not level.strict:
        return Attempt(name, "declined", f"nothing shows that {display(metric)} is positive definite")
    if system.shape(u)[1] == ONE and (v := dyad(-m)) is not None:
        return _direction(system, u, v, metric, level.conditions)
    return eigenvectors(system, name, u, m, metric, w.constant(1), level.conditions, scale_free=True)


def _columns(system: MatrixSystem) -> bool:
    """Are the unknowns two columns?"""
    return len(system.unknowns) == 2 and all(c == ONE and r != ONE for r, c in map(system.shape, system.unknowns))


def _correlation(system: MatrixSystem) -> Attempt | None:
    """-(u'Cv)^e / ((u'Au)^(e/2) (v'Bv)^(e/2)) for e = 1 or 2: the same at all multiples, so that both may be normalised."""
    u, v = system.unknowns
    moving = Poly(ONE, ONE, {t: c for t, c in system.loss.terms.items() if any({u, v} & a.names for a, _ in t[0])})
    below = {a: e for m, _ in moving.terms for a, e in m if e < 0 and {u, v} & a.names}
    if len(below) != 2 or set(below.values()) not in ({Fraction(-1)}, {Fraction(-1, 2)}):
        return None
    metrics = dict[str, Poly]()
    for a in below:
        one = next(iter(a.names & {u, v}))
        found = quadratic(w.of_atom(a) if a.kind != "poly" else a.args[0], system, one)
        if found is None or len(a.names & {u, v}) != 1 or not (found[1].zero and found[2].zero):
            return None
        metrics[one] = found[0]
    top = w.product(moving, *(w.of_atom(a, -e) for a, e in below.items()))
    squared = next(iter(below.values())) == -1
    root = _square_root(top) if squared else -top
    cross = None if root is None else collect(differentiate(root, {u: system.unknown(u)})[u], u, *system.shape(u))
    if len(metrics) != 2 or cross is None or cross.plain or cross.flipped:
        return None
    inner = collect(cross.rest, v, *system.shape(v))
    if (
        inner is None
        or not inner.rest.zero
        or len(inner.plain) != 1
        or (s := identity_multiple(inner.plain[0][1])) is None
    ):
        return None
    c = inner.plain[0][0] * s
    return canonical_pair(system, name, u, v, c, metrics[u], metrics[v], scale_free=True)


def _square_root(p: Poly) -> Poly | None:
    """r with p = -r^2 where p is one such square, up to a positive factor."""
    squares = [(c, m) for (m, _), c in p.terms.items() if any(e == 2 for _, e in m)]
    if not squares or any(c >= 0 for c, _ in squares):
        return None
    (c0, m0), out = squares[0], w.constant(0)
    first = next(a for a, e in m0 if e == 2)
    for (m, _), c in p.terms.items():
        if dict(m).get(first) == 2:
            out = out + w.of_atom(first)
        elif dict(m).get(first) == 1:
            other = Poly(ONE, ONE, {(tuple(x for x in m if x[0] != first), ()): c / (2 * c0)})
            out = out + other
    ratio = w.product(Poly(ONE, ONE, {(tuple(x for x in m0 if x[0] != first), ()): -c0}), out, out)
    return out if ratio == -p else None


def _ratio(system: MatrixSystem, u: str) -> tuple[Poly, Poly] | Attempt | None:
    """N/D with one quadratic D below, the loss up to a constant."""
    below = {a for m, _ in system.loss.terms for a, e in m if e < 0 and u in a.names}
    if len(below) != 1:
        return None
    atom: Atom = next(iter(below))
    if all(e == Fraction(-1, 2) for m, _ in system.loss.terms for a, e in m if a == atom):
        return _sharpe(system, u, atom)
    if any(e not in (-1,) for m, _ in system.loss.terms for a, e in m if a == atom):
        return None
    constant = w.Poly(ONE, ONE, {t: c for t, c in system.loss.terms.items() if not any(u in a.names for a, _ in t[0])})
    denominator = w.of_atom(atom) if atom.kind != "poly" else atom.args[0]
    top = (system.loss - constant) * w.of_atom(atom)
    if any(a == atom for m, _ in top.terms for a, e in m if e < 0):
        return None
    above, under = quadratic(top, system, u), quadratic(denominator, system, u)
    if above is None or under is None or not under[1].zero:
        return None
    if above[1].zero and above[2].zero and under[2].zero:
        return above[0], under[0]
    if system.shape(u)[1] != ONE or under[2].zero:
        return None
    return _augmented(system, u, above, under)


def _sharpe(system: MatrixSystem, u: str, atom: Atom) -> Attempt | None:
    """-m'x / sqrt(x'Bx): the direction B^-1 m, by the Cauchy-Schwarz inequality."""
    moving = Poly(ONE, ONE, {t: c for t, c in system.loss.terms.items() if any(u in a.names for a, _ in t[0])})
    top = moving * w.of_atom(atom, Fraction(1, 2))
    under = quadratic(w.of_atom(atom) if atom.kind != "poly" else atom.args[0], system, u)
    above = quadratic(top, system, u)
    if under is None or above is None or system.shape(u)[1] != ONE or not (under[1].zero and under[2].zero):
        return None
    if not above[0].zero or not above[2].zero or above[1].zero:
        return None
    level = definite(under[0], system.facts)
    return (
        _direction(system, u, w.scale(above[1], -2), under[0], level.conditions)
        if level is not None and level.strict
        else None
    )


def _augmented(
    system: MatrixSystem, u: str, above: tuple[Poly, Poly, Poly], under: tuple[Poly, Poly, Poly]
) -> Attempt | None:
    """(x'Ax + 2c'x + d)/(x'Bx + e): the smallest eigenvalue of a bordered pencil."""
    a, c, d = above
    b, _, e = under
    level, last = definite(b, system.facts), definite(e, system.facts)
    if level is None or not level.strict or last is None or not last.strict:
        return None
    source = source_of(system)
    c_code = source.let("c", source.poly(c))
    top = source.let("N", f"np.block([[{source.poly(a)}, {c_code}], [{c_code}.T, np.full((1, 1), {source.poly(d)})]])")
    if identity_multiple(b) == e:
        vector = f"{source.call('_eigen', top)}[1][:, :1]"
    else:
        zero = f"np.zeros(({source.size(b.rows)}, 1))"
        bottom = source.let(
            "D", f"np.block([[{source.poly(b)}, {zero}], [{zero}.T, np.full((1, 1), {source.poly(e)})]])"
        )
        root = source.let("L", f"np.linalg.cholesky({bottom})")
        inner = source.let("M", f"np.linalg.solve({root}, np.linalg.solve({root}, {top}).T)")
        vector = f"np.linalg.solve({root}.T, {source.call('_eigen', inner)}[1][:, :1])"
    v = source.let("v", vector)
    source.line(f"if abs({v}[-1, 0]) < 1e-14 * np.abs({v}).max():")
    source.line('    raise ValueError("the infimum is not attained: the last component of the eigenvector is zero")')
    source.line(f"{identifier(u)} = {v}[:-1] / {v}[-1, 0]")
    t = next(x for x in ("t", "t_", "t__") if x not in {*system.names.shapes, *system.problem.parameters})
    value = -(inverse(a - w.scalar(t) * b) * c)
    same = identity_multiple(b) == w.constant(1) == e
    parts = [display(x) for x in (a, c, d, *(() if same else (b, e)))]
    border = f"the bordered matrix [{display(a)}, {display(c)}; ({display(c)})', {display(d)}]"
    pencil = border if same else f"{border} relative to diag({display(b)}, {display(e)})"
    return by_theorem(
        system,
        name,
        finding("smallest bordered eigenvalue", multiplier=t, pencil=pencil),
        texts={u: f"{display(value)} where {t} = smallest_bordered_eigenvalue({', '.join(parts)})"},
        source=source.finish({u: identifier(u)}),
        conditions=(*level.conditions, *last.conditions, "the last component of that eigenvector is not zero"),
    )


def _trace_ratio(system: MatrixSystem, u: str) -> tuple[Poly, Poly] | None:
    """tr((U'BU)^-1 U'AU)."""
    p = system.unknown(u)
    total, pole = w.zeros(p.rows, p.rows), None
    for (m, _), c in system.loss.terms.items():
        inside = [(a, e) for a, e in m if u in a.names]
        if not inside:
            continue
        if len(inside) != 1 or inside[0][1] != 1 or inside[0][0].kind != "tr":
            return None
        word = inside[0][0].args[0]
        spot = next((i for i, l in enumerate(word) if l.kind == "inv" and u in l.names), None)
        if spot is None:
            return None
        turned = word[spot:] + word[:spot]
        inner: Poly = turned[0].args[0]
        if pole is not None and pole != inner:
            return None
        pole = inner
        first, last = turned[1], turned[-1]
        if (
            first.names != {u}
            or last.names != {u}
            or first.kind != "name"
            or last.kind != "name"
            or not first.t
            or last.t
        ):
            return None
        body = w.product(w.eye(p.rows), *(w.of_letter(l) for l in turned[2:-1]))
        if u in body.names:
            return None
        total = total + Poly(ONE, ONE, {(tuple(x for x in m if x not in inside), ()): c}) * body
    metric = _inside(pole, u, p) if pole is not None else None
    return None if metric is None or not w.is_symmetric(total) else (total, metric)


def _inside(p: Poly, u: str, x: Poly) -> Poly | None:
    """B where p = U'BU."""
    out = w.zeros(x.rows, x.rows)
    for (m, word), c in p.terms.items():
        if (
            len(word) < 2
            or word[0].names != frozenset({u})
            or word[-1].names != frozenset({u})
            or word[0].kind != "name"
            or not word[0].t
            or word[-1].t
        ):
            return None
        body = w.product(w.eye(x.rows), *(w.of_letter(l) for l in word[1:-1]))
        if u in body.names:
            return None
        out = out + Poly(ONE, ONE, {(m, ()): c}) * body
    return out if w.is_symmetric(out) else None


def _determinants(system: MatrixSystem, u: str) -> tuple[Poly, Poly] | None:
    """log det(U'AU) - log det(U'BU): the same eigenvectors (Wilks' criterion)."""
    p, parts = system.unknown(u), dict[int, Poly]()
    size: Poly | None = None
    for (m, _), c in system.loss.terms.items():
        inside = [(a, e) for a, e in m if u in a.names]
        if not inside:
            continue
        weight = Poly(ONE, ONE, {(tuple(x for x in m if x not in inside), ()): c})
        s = sign(weight, system.facts)
        if len(inside) != 1 or inside[0][1] != 1 or inside[0][0].kind != "logdet" or s not in (2, -2):
            return None
        if size is not None and weight not in (size, -size):
            return None
        size = weight
        found = _inside(inside[0][0].args[0], u, p)
        if found is None or s // 2 in parts:
            return None
        parts[s // 2] = found
    if len(parts) != 2:
        return None
    level = definite(parts[1], system.facts)
    return (parts[1], parts[-1]) if level is not None and level.strict else None


def dyad(p: Poly) -> Poly | None:
    """v (a column) where p = s v v' with s > 0; the scalar s is left out."""
    columns: dict[tuple[Letter, ...], None] = {}
    table: dict[tuple[tuple[Letter, ...], tuple[Letter, ...]], Fraction] = {}
    shared = None
    for (m, word), c in p.terms.items():
        cut = next((i for i in range(1, len(word)) if word[i].rows == ONE), None)
        if cut is None or (shared is not None and m != shared):
            return None
        shared = m
        left, right = word[:cut], tuple(l.T for l in reversed(word[cut:]))
        columns[left] = None
        table[left, right] = c
    pivot = next((x for x in sorted(columns, key=lambda x: [l.key for l in x]) if table.get((x, x), 0) > 0), None)
    if pivot is None:
        return None
    v = w.zeros(p.rows, ONE)
    for x in columns:
        v = v + Poly(p.rows, ONE, {((), x): table.get((pivot, x), Fraction(0)) / table[pivot, pivot]})
    for x in columns:
        for y in columns:
            expected = table.get((pivot, x), Fraction(0)) * table.get((pivot, y), Fraction(0)) / table[pivot, pivot]
            if table.get((x, y), Fraction(0)) != expected:
                return None
    return v if not any(c == 0 for c in v.terms.values()) else None


def _direction(system: MatrixSystem, u: str, v: Poly, metric: Poly, conditions: tuple[str, ...]) -> Attempt:
    value = inverse(metric) * v
    source = source_of(system)
    source.line(f"{identifier(u)} = {source.poly(value)}")
    return by_theorem(
        system,
        name,
        finding("Cauchy-Schwarz for a quotient", metric=display(metric)),
        texts={u: display(value)},
        source=source.finish({u: identifier(u)}),
        expression_class="linear_algebra",
        conditions=(*conditions, f"{display(v)} is not zero"),
    )
