"""An unknown that stands both inside and outside circular functions: transcendental, and not elementary under Schanuel.

One unknown x, given numbers. With u = tan(q*x/2), cos and sin of whole multiples of q*x are rational in u, and the
equation is P(x, u) = 0 with P over Q. Were x algebraic and not zero, exp(i*q*x), and with it u, would be transcendental
(Lindemann), so an irreducible P in both variables could not vanish; and it is no number made by exp and log from
rationals, assuming Schanuel's conjecture, where P is irreducible over the algebraic numbers (F.-C. Lin 1983, for
exp(i*q*x)). u is infinite where q*x is an odd multiple of pi; there the equation is a polynomial in x, which must not be
zero. Kepler's equation with given numbers and cos(x) = x are of this kind.
"""

from __future__ import annotations

from math import gcd, lcm
from typing import Any

import sympy as sp

from closedform.algebra import bridge
from closedform.attempt import Attempt, finding
from closedform.budget import Budget
from closedform.stationarity.location import Location
from closedform.stationarity.scalar import Stationarity, columns_of
from closedform.strategies.exponentials.findings import SCHANUEL

name = "the unknown and its circular functions"
example = {"loss": "x^2/2 - sin(x)", "unknowns": ["x"]}
counterexample = {"loss": "x^2/2 - exp(x)", "unknowns": ["x"]}
share = 0.3

CIRCULAR = (sp.sin, sp.cos, sp.tan)
MAX_OPS, MAX_MULTIPLE = 400, 12


def declines(system: Stationarity) -> str | None:
    """A sentence when this is not one equation in one unknown with circular functions and numbers, else None."""
    if len(system.unknowns) != 1 or len(system.equations) != 1 or system.parameters:
        return "this argument is about one equation in one unknown with numbers"
    e = system.equations[0]
    if not e.has(*CIRCULAR) or sp.count_ops(e) > MAX_OPS or system.kind in ("piecewise", "sum"):
        return "there are no circular functions, or the equation is large"
    return None if _pieces(e, system.unknowns[0]) is not None else "other functions, or phases, stand in the equation"


def _pieces(e: Any, x: Any) -> tuple[Any, Any, Any, Any] | None:
    """(the equation in x, c, s; c; s; q) with c = cos(q*x) and s = sin(q*x); None where it is no polynomial over Q."""
    found = {f for f in e.atoms(sp.Function) if x in f.free_symbols}
    rates = {f: f.args[0] / x for f in found}
    if not all(isinstance(f, CIRCULAR) and r.is_Rational for f, r in rates.items()):
        return None
    q = sp.Rational(gcd(*(int(r.p) for r in rates.values())), lcm(*(int(r.q) for r in rates.values())))
    c, s = sp.Symbol("_c"), sp.Symbol("_s")
    put = dict[Any, Any]()
    for f, r in rates.items():
        k = int(r / q)
        if abs(k) > MAX_MULTIPLE:
            return None
        cosine, sine = sp.chebyshevt(abs(k), c), (1 if k > 0 else -1) * s * sp.chebyshevu(abs(k) - 1, c)
        put[f] = cosine if isinstance(f, sp.cos) else sine if isinstance(f, sp.sin) else sine / cosine
    whole = sp.numer(sp.together(e.xreplace(put)))
    if not whole.is_polynomial(x, c, s) or not all(v.is_Rational for v in sp.Poly(whole, x, c, s).coeffs()):
        return None
    return whole, c, s, q


def attempt(system: Stationarity, budget: Budget) -> Attempt:
    """ "not_closed" when every solution is a zero of an irreducible P(x, tan(q*x/2)) and zero is none."""
    x = system.unknowns[0]
    found = _pieces(system.equations[0], x)
    if found is None:
        return Attempt(name, "declined", "other functions, or phases, stand in the equation")
    whole, c, s, q = found
    if sp.expand(whole.subs({c: -1, s: 0})) == 0:
        return Attempt(name, "failed", f"odd multiples of pi/{q} are solutions")
    u = sp.Symbol("u")
    rational = whole.subs({c: (1 - u**2) / (1 + u**2), s: 2 * u / (1 + u**2)}, simultaneous=True)
    budget.check()
    mixed = list[Any]()
    for f, _ in sp.factor_list(sp.numer(sp.together(rational)))[1]:
        if f.free_symbols == {u} and sp.Poly(f, u).count_roots() == 0:
            continue
        if f.free_symbols != {x, u}:
            return Attempt(
                name, "failed", "a factor has the unknown without its circular functions, or the other way round"
            )
        mixed.append(f)
    if not mixed:
        return Attempt(name, "failed", "no factor has the unknown and its circular functions")
    outside = system.domain.holds(Location(exact={x.name: sp.S.Zero}, columns=columns_of(system.problem))) == "outside"
    if not outside and any(f.subs({x: 0, u: 0}) == 0 for f in mixed):
        return Attempt(name, "failed", "zero is a solution")
    shown = " and ".join(bridge.text(f) for f in mixed)
    findings = [finding("transcendental with its tangent", unknown=x, half=q / 2, polynomial=shown)]
    if all(1 in (sp.degree(f, x), sp.degree(f, u)) for f in mixed):
        findings.append(finding("no exp and log by degree one", assuming=(SCHANUEL,), unknown=x))
    return Attempt(name, "not_closed", "", findings=tuple(findings))
