"""Equations in a positive definite unknown that are not affine but share eigenvectors with the data.

Ridge-penalised precision (a quadratic matrix equation), Riccati equations A = X^-1 B X^-1 (geometric mean), and
probabilistic principal components.
"""

from __future__ import annotations

from closedform.algebra.noncommutative import polynomial as w
from closedform.algebra.noncommutative.facts import Definite, definite, sign
from closedform.algebra.noncommutative.functions import inverse, power
from closedform.algebra.noncommutative.letters import ONE
from closedform.algebra.noncommutative.polynomial import Poly
from closedform.algebra.noncommutative.solve import identity_multiple
from closedform.algebra.noncommutative.text import display
from closedform.attempt import Attempt, finding
from closedform.budget import Budget
from closedform.emit.source import identifier
from closedform.stationarity.matrix import MatrixSystem
from closedform.strategies.matrices.answer import by_theorem, source_of

name = "covariance matrix"
example = {
    "loss": "tr(C*T) - logdet(T) + rho*||T||^2",
    "unknowns": ["T"],
    "shapes": {"C": "k,k", "T": "k,k"},
    "assumptions": ["C sym", "T spd", "rho>0"],
}
counterexample = {"loss": "||X*a - y||^2", "unknowns": ["a"], "shapes": {"X": "n,k", "y": "n", "a": "k"}}


def declines(system: MatrixSystem) -> str | None:
    if (trouble := system.trouble_with("sym", "spd", "psd", smooth=True)) is not None:
        return trouble
    if any(c.kind not in ("spd", "sym", "psd") for c in system.constraints):
        return "there are constraints"
    if any("spd" in system.flags(u) for u in system.unknowns):
        return None
    return (
        None if "logdet(" in system.loss.key or "inv(" in system.loss.key else "no log det and no inverse of an unknown"
    )


def attempt(system: MatrixSystem, budget: Budget) -> Attempt:
    budget.check()
    if (found := _probabilistic(system)) is not None:
        return found
    if len(system.unknowns) != 1 or not {"spd"} & system.flags(system.unknowns[0]):
        return Attempt(name, "declined", "not one positive definite unknown")
    u = system.unknowns[0]
    if (found := _root(system, u)) is not None:
        return found
    g = (system.gradient or {})[u]
    return (
        _quadratic(system, u, g)
        or _riccati(system, u, g)
        or Attempt(name, "declined", "the equation is of no known kind")
    )


def _quadratic(system: MatrixSystem, u: str, g: Poly) -> Attempt | None:
    """b X + C - a X^-1 = 0 with a, b > 0."""
    rest, a, b = w.zeros(g.rows, g.cols), w.constant(0), w.constant(0)
    for (m, word), c in g.terms.items():
        front = Poly(ONE, ONE, {(m, ()): c})
        if len(word) == 1 and word[0].key == f"inv({u})":
            a = a - front
        elif len(word) == 1 and word[0].key == u:
            b = b + front
        elif any(u in l.names for l in word) or any(u in x.names for x, _ in m):
            return None
        else:
            rest = rest + Poly(g.rows, g.cols, {(m, word): c})
    if sign(a, system.facts) != 2 or sign(b, system.facts) != 2 or not w.is_symmetric(rest):
        return None
    k = g.rows
    source = source_of(system)
    values, vectors = source.locals("values vectors")
    source.line(
        f"{values}, {vectors} = "
        f"{source.call('_eigen', source.poly(rest) if not rest.zero else f'np.zeros(({source.size(k)},) * 2)')}"
    )
    disc = source.let("root", f"np.sqrt({values}**2 + {source.poly(w.scale(a * b, 4))})")
    # the form without cancellation, by the sign of the eigenvalue
    source.line(
        f"{values} = np.where({values} > 0, {source.poly(w.scale(a, 2))}/({values} + {disc}), ({disc} - "
        f"{values})/({source.poly(w.scale(b, 2))}))"
    )
    source.line(f"{identifier(u)} = ({vectors} * {values}) @ {vectors}.T")
    under = display(w.product(rest, rest) + w.scale(a * b, 4) * w.eye(k))
    text = (
        f"(sqrtm({under}) - {_wrap(display(rest))})/({display(w.scale(b, 2))})"
        if not rest.zero
        else f"sqrt({display(a * power(b, -1))})*eye({k})"
    )
    return by_theorem(
        system,
        name,
        finding("quadratic equation of commuting matrices", equation=display(g), unknown=u, rest=display(rest)),
        texts={u: text},
        source=source.finish({u: identifier(u)}),
        unique=True,
    )


def _root(system: MatrixSystem, u: str) -> Attempt | None:
    """||X^2 - A||^2 with X positive definite: the square root of A."""
    p = system.unknown(u)
    active = [q for q in system.pieces if u in (q.value.names | q.coefficient.names)]
    if len(active) != 1 or active[0].residual is None or sign(active[0].coefficient, system.facts) != 2:
        return None
    residual = active[0].residual
    square = p * p
    for s in (1, -1):
        a = square - w.scale(residual, s)
        level = definite(a, system.facts) if u not in a.names and w.is_symmetric(a) else None
        if level is not None and level.strict:
            source = source_of(system)
            source.line(f"{identifier(u)} = {source.call('_power', source.poly(a), '0.5')}")
            return by_theorem(
                system,
                name,
                finding("square root of a definite matrix", matrix=display(a)),
                texts={u: f"sqrtm({display(a)})"},
                source=source.finish({u: identifier(u)}),
                conditions=level.conditions,
            )
    return None


def _wrap(text: str) -> str:
    return f"({text})" if " " in text else text


def _riccati(system: MatrixSystem, u: str, g: Poly) -> Attempt | None:
    """A - X^-1 B X^-1 = 0 with A, B positive definite: the geometric mean of A^-1 and B."""
    a, b = w.zeros(g.rows, g.cols), w.zeros(g.rows, g.cols)
    for (m, word), c in g.terms.items():
        if len(word) >= 2 and word[0].key == f"inv({u})" == word[-1].key:
            b = b - Poly(g.rows, g.cols, {(m, word[1:-1]): c})
        else:
            a = a + Poly(g.rows, g.cols, {(m, word): c})
    if u in a.names | b.names or a.zero or b.zero or not (w.is_symmetric(a) and w.is_symmetric(b)):
        return None
    levels = [definite(x, system.facts) for x in (a, b)]
    if any(l is None or not l.strict for l in levels):
        return None
    scale = identity_multiple(a)
    if scale is not None:  # X a X = B: a root
        return _root_of(system, u, power(scale, -1) * b, levels)
    if (scale := identity_multiple(b)) is not None:
        return _root_of(system, u, power(scale, -1) * a, levels, "-0.5")
    source = source_of(system)
    ca, cb = source.let("A", source.poly(a)), source.let("B", source.poly(b))
    root, back = (
        source.let("root", source.call("_power", ca, "0.5")),
        source.let("back", source.call("_power", ca, "-0.5")),
    )
    source.line(f"{identifier(u)} = {back} @ {source.call('_power', f'{root} @ {cb} @ {root}', '0.5')} @ {back}")
    da, db = display(a), display(b)
    text = f"invsqrt({da})*sqrtm(sqrtm({da})*{_wrap(db)}*sqrtm({da}))*invsqrt({da})"
    return by_theorem(
        system,
        name,
        finding("geometric mean of definite matrices", unknown=u, left=da, right=db),
        texts={u: text},
        source=source.finish({u: identifier(u)}),
        unique=True,
        conditions=tuple(dict.fromkeys(c for l in levels if l for c in l.conditions)),
    )


def _root_of(system: MatrixSystem, u: str, p: Poly, levels: list[Definite | None], exponent: str = "0.5") -> Attempt:
    """X X = P, or X P X = I."""
    source = source_of(system)
    source.line(f"{identifier(u)} = {source.call('_power', source.poly(p), exponent)}")
    word = "sqrtm" if exponent == "0.5" else "invsqrt"
    return by_theorem(
        system,
        name,
        finding("one definite solution", solution=f"{word}({display(p)})"),
        texts={u: f"{word}({display(p)})"},
        source=source.finish({u: identifier(u)}),
        unique=True,
        conditions=tuple(dict.fromkeys(c for l in levels if l for c in l.conditions)),
    )


def _probabilistic(system: MatrixSystem) -> Attempt | None:
    """log det(WW' + s I) + tr((WW' + s I)^-1 S), in W and s or in W alone."""
    poles = {
        a.args[0]
        for m, _ in system.loss.terms
        for a, _ in m
        if a.kind == "logdet" and a.names & frozenset(system.unknowns)
    }
    if len(poles) != 1:
        return None
    pole = next(iter(poles))
    factor = next((u for u in system.unknowns if not system.unknown(u).scalar), None)
    if factor is None or {"spd", "sym", "psd"} & system.flags(factor):
        return None
    f = system.unknown(factor)
    for gram in (f * f.T, f.T * f):
        if (gram.rows, gram.cols) == (pole.rows, pole.cols) and factor not in (pole - gram).names:
            break
    else:
        return None
    noise = identity_multiple(pole - gram)
    others = [u for u in system.unknowns if u != factor]
    if noise is None or (others and (len(others) > 1 or noise != w.scalar(others[0]))):
        return None
    if not others and sign(noise, system.facts) != 2:
        return None
    turned = inverse(pole)
    c, scatter = w.constant(0), w.zeros(pole.rows, pole.rows)
    for (m, _), x in system.loss.terms.items():
        inside = [(a, e) for a, e in m if a.names & frozenset(system.unknowns)]
        if not inside:
            continue
        (a, e), rest = inside[0], Poly(ONE, ONE, {(tuple(y for y in m if y not in inside), ()): x})
        if len(inside) != 1 or e != 1:
            return None
        if a.kind == "logdet":
            c = c + rest
        elif a.kind == "tr":
            word = a.args[0]
            spots = [i for i, l in enumerate(word) if l.names & frozenset(system.unknowns)]
            if len(spots) != 1 or w.of_letter(word[spots[0]]) != turned:
                return None
            i = spots[0]
            scatter = scatter + rest * w.product(
                w.eye(pole.rows), *(w.of_letter(l) for l in (*word[i + 1 :], *word[:i]))
            )
        else:
            return None
    if sign(c, system.facts) != 2 or scatter.zero or not w.is_symmetric(scatter):
        return None
    level = definite(scatter, system.facts)
    if level is None:
        return None
    s = power(c, -1) * scatter
    q, k = (f.cols if gram == f * f.T else f.rows), pole.rows
    source = source_of(system)
    values, vectors = source.locals("values vectors")
    source.line(f"{values}, {vectors} = {source.call('_eigen', source.poly(s))}")
    n = source.size(q)
    source.line(f"if not 1 <= {n} < len({values}):")
    source.line(f'    raise ValueError("{q} must be smaller than {k}")')
    source.line(f"{values}, {vectors} = {values}[::-1], {vectors}[:, ::-1]")
    level_code = source.let("noise", f"{values}[{n}:].mean()" if others else source.poly(noise))
    source.line(f"{identifier(factor)} = {vectors}[:, :{n}] * np.sqrt(np.maximum({values}[:{n}] - {level_code}, 0))")
    if gram != f * f.T:
        source.line(f"{identifier(factor)} = {identifier(factor)}.T")
    shown = display(s)
    above = others[0] if others else display(noise) if noise.single() else f"({display(noise)})"
    above = f"eye({q})" if above == "1" else f"{above}*eye({q})"
    text = f"largest_eigenvectors({shown}, {q})*sqrt(positive_part(largest_eigenvalues({shown}, {q}) - {above}))"
    texts = {factor: text if gram == f * f.T else f"({text})'"}
    outputs = {factor: identifier(factor)}
    if others:
        texts[others[0]] = f"(tr({shown}) - tr(largest_eigenvalues({shown}, {q})))/({k} - {q})"
        outputs[others[0]] = level_code
    return by_theorem(
        system,
        name,
        finding("probabilistic principal components"),
        texts={u: texts[u] for u in system.unknowns},
        source=source.finish({u: outputs[u] for u in system.unknowns}),
        conditions=((f"the {k} - {q} smallest eigenvalues of {shown} are not all zero"),) if others else (),
        remarks=(finding("unique up to an orthogonal factor, others saddles"),),
    )
