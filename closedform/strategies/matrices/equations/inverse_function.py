"""Losses that see the unknown through one elementwise function of an affine map, f(L w R + c), where the map is onto.

In the new unknown u = L w R + c the loss splits over the entries (saturated designs: as many rows as unknowns), or is a
square that can be made zero; then f(u) = v is inverted entry by entry and w found from u. After McCullagh and Nelder,
*Generalized Linear Models* (1989), section 2.3 (the saturated model).
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from closedform.algebra.noncommutative import polynomial as w
from closedform.algebra.noncommutative.facts import sign
from closedform.algebra.noncommutative.functions import elementwise, of_fill
from closedform.algebra.noncommutative.letters import ONE, Letter, Mono, Word
from closedform.algebra.noncommutative.polynomial import Poly
from closedform.algebra.noncommutative.solve import collect, solve
from closedform.algebra.noncommutative.substitution import rebuild
from closedform.algebra.noncommutative.text import display
from closedform.attempt import Attempt, finding
from closedform.budget import Budget
from closedform.emit.source import identifier
from closedform.frozen import record
from closedform.stationarity.matrix import MatrixSystem
from closedform.strategies.matrices.answer import by_theorem, single_unknown, source_of
from closedform.strategies.matrices.convexity import affine, convexity
from closedform.strategies.matrices.equations.conditions import inverse_conditions

name = "an elementwise function inverted"
example = {
    "loss": "ones(k)'*log(1 + exp(X*w)) - y'*X*w",
    "unknowns": ["w"],
    "shapes": {"X": "k,k", "y": "k", "w": "k"},
}
counterexample = {"loss": "ones(n)'*exp(X*b) - y'*X*b", "unknowns": ["b"], "shapes": {"X": "n,k", "y": "n", "b": "k"}}


@record
class Inverse:
    """The inverse of an increasing function on its range ``low < v < high`` (None: no bound), as words."""

    of: Callable[[Poly], Poly]
    low: int | None = None
    high: int | None = None


def _log_odds(v: Poly) -> Poly:
    return elementwise("log", v) - elementwise("log", of_fill(v.rows, v.cols) - v)


INVERSES: dict[str, Inverse] = {
    "exp": Inverse(lambda v: elementwise("log", v), 0),
    "log": Inverse(lambda v: elementwise("exp", v)),
    "sigmoid": Inverse(_log_odds, 0, 1),
    "tanh": Inverse(
        lambda v: w.scale(
            elementwise("log", of_fill(v.rows, v.cols) + v) - elementwise("log", of_fill(v.rows, v.cols) - v),
            Fraction(1, 2),
        ),
        -1,
        1,
    ),
    "softplus": Inverse(lambda v: elementwise("log", elementwise("exp", v) - of_fill(v.rows, v.cols)), 0),
}


def declines(system: MatrixSystem) -> str | None:
    if (trouble := system.trouble_with(smooth=True)) is not None:
        return trouble
    if system.constraints:
        return "there are constraints"
    if single_unknown(system) is None:
        return "not one matrix unknown"
    return None if _inner(system) is not None else "the unknown does not stand in one known function of an affine map"


def attempt(system: MatrixSystem, budget: Budget) -> Attempt:
    budget.check()
    u = system.unknowns[0]
    found = _inner(system)
    if found is None or system.gradient is None:
        return Attempt(name, "declined", "the unknown does not stand in one known function of an affine map")
    f, inside = found
    pairs = collect(inside, u, *system.shape(u))
    if pairs is None or len(pairs.plain) != 1 or pairs.flipped or pairs.entrywise is not None:
        return Attempt(name, "declined", "the map inside the function is not of the form L U R + c")
    left, right = pairs.plain[0]
    if left.rows != left.cols or right.rows != right.cols:
        return Attempt(name, "declined", "the map inside the function is not onto: it has more rows than unknowns")
    value, exact = _target(system, f, inside, left, right)
    if value is None:
        return Attempt(name, "declined", "the equation is not f(u) = v with v free of the unknown")
    inverse = INVERSES[f]
    back = solve(inside - inverse.of(value), u, *system.shape(u))
    if back is None:
        return Attempt(name, "declined", "the map inside the function could not be inverted")
    if not exact and convexity(system) is None:
        return Attempt(name, "declined", "nothing shows that the critical point is a minimum")
    conditions = inverse_conditions(system, {u: back.value})[0]
    conditions += _range(value, inverse, system)
    source = source_of(system)
    entry = source.let("v", source.poly(value))
    for bound, op in ((inverse.low, "<="), (inverse.high, ">=")):
        if bound is not None and not (bound == 0 and op == "<=" and _positive(value, system)):
            side = "above" if op == "<=" else "below"
            source.line(f"if np.any({entry} {op} {bound}):")
            source.line(
                f'    raise ValueError("an entry of {display(value)} is not {side} {bound}: there is no minimiser")'.replace(
                    "\\", ""
                )
            )
    source.line(f"{identifier(u)} = {source.poly(back.value)}")
    return by_theorem(
        system,
        name,
        finding(
            "residual of a function zero" if exact else "slope of a function zero",
            inside=display(inside),
            function=f,
            value=display(value),
        ),
        texts={u: display(back.value)},
        source=source.finish({u: identifier(u)}),
        conditions=conditions,
        expression_class="elementary",
        unique=not exact,
    )


def _functions(p: Poly, u: str) -> set[Letter]:
    """The functions of the unknown in the words of ``p``, outermost."""
    found = set[Letter]()
    for m, word in p.terms:
        letters = [*word, *(l for a, _ in m if a.kind == "tr" for l in a.args[0])]
        for l in letters:
            if u not in l.names or l.kind == "name":
                continue
            if l.kind == "fn":
                found.add(l)
            else:
                for a in l.args:
                    if isinstance(a, Poly):
                        found |= _functions(a, u)
    return found


def _inner(system: MatrixSystem) -> tuple[str, Poly] | None:
    """(f, P) where all functions of the unknown in the gradient are f(P) with P affine in it."""
    u = system.unknowns[0]
    if system.gradient is None:
        return None
    found = _functions(system.gradient[u], u)
    inside = {l.args[1] if not l.t else l.args[1].T for l in found} | {l.args[1].T for l in found}
    plain = {l.args[1].key: l.args[1] for l in found}
    kinds = {l.args[0] for l in found} & INVERSES.keys()
    if len(kinds) != 1 or len({min(p.key, p.T.key) for p in plain.values()}) != 1 or not inside:
        return None
    p = next(iter(plain.values()))
    if not affine(p, (u,)) or {l.args[0] for l in found} - kinds:
        return None
    return next(iter(kinds)), p


def _target(system: MatrixSystem, f: str, inside: Poly, left: Poly, right: Poly) -> tuple[Poly | None, bool]:
    """v where the equation says f(P) = v, and whether the loss is then zero."""
    u = system.unknowns[0]
    fresh = "f_"
    while fresh in system.names.shapes or fresh in system.problem.parameters:
        fresh += "_"
    image = w.symbol(fresh, inside.rows, inside.cols)
    moving = [p for p in system.pieces if u in (p.value.names | p.coefficient.names)]
    if (
        len(moving) == 1
        and moving[0].residual is not None
        and moving[0].metric is None
        and not moving[0].coefficient.names & {u}
    ):
        residual = _replaced(moving[0].residual, f, inside, image)
        if residual is not None and u not in residual.names and sign(moving[0].coefficient, system.facts) == 2:
            found = solve(residual, fresh, image.rows, image.cols)
            if found is not None and found.kind in ("direct", "entrywise"):
                return found.value, True
    if system.gradient is None:
        return None, False
    g = _stripped(system.gradient[u], left.T, right.T)
    equation = _replaced(g, f, inside, image) if g is not None else None
    if equation is None or u in equation.names:
        return None, False
    found = solve(equation, fresh, image.rows, image.cols)
    return (found.value, False) if found is not None and found.kind in ("direct", "entrywise") else (None, False)


def _stripped(g: Poly, left: Poly, right: Poly) -> Poly | None:
    """h with ``g = left h right``, for single words on both sides."""
    sides = [p.single() for p in (left, right)]
    if any(s is None or s[1] for s in sides):
        return None
    head, tail = (s[2] for s in sides if s is not None)
    out = dict[tuple[Mono, Word], Fraction]()
    for (m, word), c in g.terms.items():
        if word[: len(head)] != head or (tail and word[-len(tail) :] != tail):
            return None
        out[m, word[len(head) : len(word) - len(tail)]] = c
    return Poly(left.cols, right.rows, out)


def _replaced(p: Poly, f: str, inside: Poly, image: Poly) -> Poly | None:
    """``p`` with f(inside) replaced by a name; None where the letter cannot be put back into normal form."""
    for (m, word), _ in p.terms.items():
        if any(a.names & inside.names for a, _ in m if a.kind == "tr"):
            return None
        del word
    one = elementwise(f, inside)
    letter = one.single()
    if letter is None or len(letter[2]) != 1:
        return None
    return _swap(p, letter[2][0], image)


def _swap(p: Poly, old: Letter, new: Poly) -> Poly:
    out = w.zeros(p.rows, p.cols)
    for (m, word), c in p.terms.items():
        body = w.eye(p.rows) if not word else None
        for l in word:
            if l == old:
                one = new
            elif l == old.T:
                one = new.T
            elif old.key in l.key and l.kind != "name":
                one = rebuild(l, [_swap(a, old, new) if isinstance(a, Poly) else a for a in l.args])
                one = one.T if l.t else one
            else:
                one = w.of_letter(l)
            body = one if body is None else body * one
        out = out + Poly(ONE, ONE, {(m, ()): c}) * (body if body is not None else w.eye(p.rows))
    return out


def _positive(value: Poly, system: MatrixSystem) -> bool:
    s = value.single()
    return bool(
        s
        and s[0] > 0
        and len(s[2]) == 1
        and s[2][0].kind == "name"
        and s[2][0].args[0] in system.facts.positive
        and not s[1]
    )


def _range(value: Poly, inverse: Inverse, system: MatrixSystem) -> list[str]:
    shown = display(value)
    if inverse.low is not None and inverse.high is not None:
        return [f"every entry of {shown} lies strictly between {inverse.low} and {inverse.high}"]
    if inverse.low is None or _positive(value, system):
        return []
    return [f"every entry of {shown} is above {inverse.low}"]
