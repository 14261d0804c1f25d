"""Gradients that are an invertible factor times something simple: M (U - B) = 0, or M = 0, with M known to be definite.

M may hold the unknown: log det(I + X X') has the gradient 2 (I + X X')^-1 X, zero at X = 0 alone; log det X has the
gradient X^-T, which is never zero. That the point is the minimum is seen along rays: the slope of the loss from B to U is
<U - B, M (U - B)>, which is positive when M is positive definite.
"""

from __future__ import annotations

from closedform.algebra.noncommutative import polynomial as w
from closedform.algebra.noncommutative.facts import definite, sign
from closedform.algebra.noncommutative.letters import ONE, Letter
from closedform.algebra.noncommutative.polynomial import Poly
from closedform.algebra.noncommutative.text import common, display
from closedform.attempt import Attempt, finding
from closedform.budget import Budget
from closedform.emit.source import identifier
from closedform.stationarity.matrix import MatrixSystem
from closedform.strategies.matrices.answer import by_theorem, single_unknown, source_of

name = "a definite factor"
example = {"loss": "logdet(eye(n) + X*X')", "unknowns": ["X"], "shapes": {"X": "n,k"}}
counterexample = {"loss": "||X*a - y||^2", "unknowns": ["a"], "shapes": {"X": "n,k", "y": "n", "a": "k"}}


def declines(system: MatrixSystem) -> str | None:
    if (trouble := system.trouble_with("sym", "spd")) is not None:
        return trouble
    if system.gradient is None:
        return system.trouble
    if any(c.kind not in ("sym", "spd") for c in system.constraints):
        return "there are constraints"
    if single_unknown(system) is None:
        return "not one matrix unknown"
    g = system.gradient[system.unknowns[0]]
    if g.zero or system.unknowns[0] not in g.names:
        return "the gradient does not depend on the unknown"
    return None if "inv(" in g.key else "the gradient has no inverse of the unknown in it"


def attempt(system: MatrixSystem, budget: Budget) -> Attempt:
    budget.check()
    u = system.unknowns[0]
    g = dict(system.gradient or {})[u]
    single = g.single()
    if single is not None and single[2] and all(_invertible(l) for l in single[2]):
        front = Poly(ONE, ONE, {(single[1], ()): single[0]})
        if sign(front, system.facts) in (2, -2):
            statement = (
                f"the gradient {display(g)} by {u} is an invertible matrix wherever the loss is defined, and never zero"
            )
            return Attempt(
                name,
                "no_critical_point",
                statement,
                complete=True,
                scope="formula",
                minimiser="no_critical_point",
                findings=(finding("gradient never zero", reason=statement),),
            )
    if system.flags(u) & {"spd", "sym"}:
        return Attempt(name, "declined", "a symmetric unknown with a definite factor is not known here")
    found = _factor(g, u, system)
    if found is None:
        return Attempt(name, "declined", "the gradient is not a definite matrix times the unknown")
    p = system.unknown(u)
    value = w.zeros(p.rows, p.cols)
    source = source_of(system)
    source.line(f"{identifier(u)} = {source.poly(value)}")
    return by_theorem(
        system,
        name,
        finding("definite factor of the gradient", factor=display(found), unknown=u),
        texts={u: display(value)},
        source=source.finish({u: identifier(u)}),
        expression_class="rational",
        unique=True,
    )


def _invertible(l: Letter) -> bool:
    return l.kind == "inv" or bool(l.flags & {"spd", "invertible"}) or ("orth" in l.flags and l.rows == l.cols)


def _factor(g: Poly, u: str, system: MatrixSystem) -> Poly | None:
    """M where the gradient is M U or U M, M positive definite for every U for which the loss is defined."""
    head, tail, _ = common([(c, m, word) for (m, word), c in g.terms.items()])
    if len(g.terms) == 1:
        head = tail = next(iter(g.terms))[1]
    for word, behind in ((tail, True), (head, False)):
        if not word or word[-1 if behind else 0].key != u:
            continue
        terms = {(m, x[:-1] if behind else x[1:]): c for (m, x), c in g.terms.items()}
        m = Poly(g.rows, g.rows, terms) if behind else Poly(g.cols, g.cols, terms)
        level = definite(m, system.facts) if w.is_symmetric(m) else None
        if level is not None and level.strict and not level.conditions:
            return m
    return None
