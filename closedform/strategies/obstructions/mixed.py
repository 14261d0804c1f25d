"""An unknown that stands both inside and outside exponentials: transcendental, and not elementary under Schanuel.

One unknown x, given numbers, P(x, t) = 0 at the critical points with t = exp(scale*x) and P irreducible over Q in both
variables. If x were algebraic and not zero, t would be transcendental (Hermite-Lindemann) and a root of P(x, .) over
an algebraic field, so P(x, .) = 0 identically, and P would have a factor in x alone. Hence x is transcendental. If P
is irreducible over the algebraic numbers too (it is, when it has degree one in x or in t), x is no number made by exp
and log from rationals, assuming Schanuel's conjecture (F.-C. Lin 1983). Ridge-penalised logistic regression is of this
kind. Where P = 0 is t^m = c*(x - r)^j or the like, the Lambert W function gives x, and "not closed" would say too
much.
"""

from __future__ import annotations

import sympy as sp
from flint import fmpq, fmpz_mpoly

from closedform.algebra import bridge
from closedform.attempt import Attempt, finding
from closedform.budget import Budget
from closedform.kernel.algebra.exponentials import Field
from closedform.kernel.expressions import tree as kernel
from closedform.kernel.expressions.derivatives import differentiate
from closedform.kernel.reading import Refused
from closedform.stationarity.location import Location
from closedform.stationarity.scalar import Stationarity, columns_of
from closedform.strategies.exponentials.division import coefficients, substituted, variables
from closedform.strategies.exponentials.field import NotExponential, exponentials, without_exponentials
from closedform.strategies.exponentials.findings import SCHANUEL

name = "the unknown and its exponential"
example = {"loss": "log(1 + exp(b)) + log(1 + exp(2*b)) - 2*b + b^2", "unknowns": ["b"]}
counterexample = {"loss": "log(1 + exp(b)) + log(1 + exp(2*b)) - 2*b", "unknowns": ["b"]}
share = 0.3

MAX_TERMS = 5_000


def declines(system: Stationarity) -> str | None:
    """A sentence when this is not one equation in one unknown with numbers, else None."""
    if len(system.unknowns) != 1 or len(system.equations) != 1:
        return "this argument is about one equation in one unknown"
    if system.parameters:
        return "the data have symbols"
    return without_exponentials(system)


def attempt(system: Stationarity, budget: Budget) -> Attempt:
    """ "not_closed" when every critical point is a zero of one irreducible P(x, exp(x)) and zero is none."""
    x = system.unknowns[0].name
    try:
        found = _mixed(system, x)
    except (Refused, NotExponential, bridge.NoTranslation) as reason:
        return Attempt(name, "declined", str(reason))
    if isinstance(found, str):
        return Attempt(name, "failed", found)
    budget.check()
    field, p, t, scale = found
    whole = field.infix(p)
    shown = whole if len(whole) <= 200 else f"a polynomial with {len(p)} terms"
    findings = [
        finding("transcendental with its exponential", unknown=x, exponential=t, scale=str(scale), polynomial=shown)
    ]
    if 1 in (p.degrees()[field.names.index(x)], p.degrees()[field.names.index(t)]):
        findings.append(finding("no exp and log by degree one", assuming=(SCHANUEL,), unknown=x))
    return Attempt(name, "not_closed", "", findings=tuple(findings))


def _mixed(system: Stationarity, x: str) -> tuple[Field, fmpz_mpoly, str, fmpq] | str:
    """The field, P, the name of t and its scale; or why there is no such P."""
    columns = columns_of(system.problem)
    stated = kernel.read(bridge.to_tree(system.equations[0] if system.loss is None else system.loss))
    tree = stated if system.loss is None else differentiate(stated, x)
    scales, names = exponentials([tree], columns, bounded=True)
    if set(scales) != {(x,)} or names != {x}:
        return "the unknown does not stand both inside and outside of one exponential"
    t, scale = scales[(x,)]
    field = Field(scales, [x], columns)
    above, _ = field.quotient(tree, {})
    if len(above) > MAX_TERMS:
        return "the equation is too large to be factored"
    mixed = list[fmpz_mpoly]()
    for f, _ in above.factor()[1]:
        if len(f) == 1 and variables(f, field) == {t}:
            continue
        if field.sign(f) != 0:
            continue
        if variables(f, field) != {x, t}:
            return "a factor has the unknown without its exponential, or the other way round"
        mixed.append(f)
    if len(mixed) != 1:
        return f"{len(mixed)} factors have the unknown and its exponential"
    p = mixed[0]
    at_zero = substituted(substituted(p, x, (field.one * 0, field.one), field), t, (field.one, field.one), field)
    if at_zero.is_zero() and system.domain.holds(Location(exact={x: sp.S.Zero}, columns=columns)) != "outside":
        return "zero is a critical point"
    if all(c.is_zero() for c in coefficients(p, x, field)[1:]):
        return "the unknown stands only inside the exponential"
    if _lambert(p, x, t, field):
        return "the equation has the shape that the Lambert W function solves"
    return field, p, t, scale


def _lambert(p: fmpz_mpoly, x: str, t: str, field: Field) -> bool:
    """Is it a power of t against a power of one linear form in x, up to constants?"""
    parts = [c for c in coefficients(p, t, field) if not c.is_zero()]
    moving = [f for c in parts for f, _ in c.factor()[1] if x in variables(f, field)]
    return len(parts) == 2 and [f.degrees()[field.names.index(x)] for f in moving] == [1]
