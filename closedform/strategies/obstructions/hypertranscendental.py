"""No formula in a parameter: the equation would make gamma, digamma or zeta satisfy an algebraic differential equation.

A function is differentially algebraic when it satisfies a polynomial differential equation; rational, algebraic,
elementary and Liouvillian functions, the Lambert W function and the Bessel functions are, and so are sums, products,
quotients, compositions and inverses of such functions (L. Rubel, Amer. Math. Monthly 96 (1989) 777-788). The gamma and
digamma functions are not (Hölder 1887), nor is the Riemann zeta function (Ostrowski 1920). Suppose that a non-constant
critical point x(t) were differentially algebraic: so would be its inverse t(x), and the stationarity equation
E(x, t(x)) = 0, read as a polynomial in the function and its derivatives with differentially algebraic coefficients,
would make that function differentially algebraic, unless all coefficients vanish. A rational combination of digammas
at shifts that are not integers apart is not differentially algebraic either, unless the weights of each class modulo 1
add up to zero (Hardouin and Singer 2008, on u(x + 1) - u(x) = R(x)).
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from closedform.attempt import Attempt, finding
from closedform.budget import Budget
from closedform.stationarity.scalar import Stationarity

name = "functions without an algebraic differential equation"
example = {"loss": "loggamma(k) - (k - 1)*m", "unknowns": ["k"], "assumptions": ["k>0"]}
counterexample = {"loss": "n*lam - S*log(lam)", "unknowns": ["lam"]}

_SPECIAL = (sp.polygamma, sp.gamma, sp.loggamma, sp.zeta)
# Functions of one argument, all differentially algebraic, that may stand in the coefficients.
_ALLOWED = (
    sp.exp,
    sp.log,
    sp.sin,
    sp.cos,
    sp.tan,
    sp.sinh,
    sp.cosh,
    sp.tanh,
    sp.asin,
    sp.acos,
    sp.atan,
    sp.erf,
    sp.erfc,
    sp.LambertW,
)


def declines(system: Stationarity) -> str | None:
    """A sentence when the equation is not of this kind, else None."""
    if len(system.unknowns) != 1 or len(system.equations) != 1:
        return "these theorems are about one equation in one unknown"
    x, equation = system.unknowns[0], system.equations[0]
    if not any(a.has(x) for a in equation.atoms(*_SPECIAL)):
        return "neither gamma, digamma nor zeta of the unknown stands in the equation"
    if not equation.free_symbols - {x}:
        return "these theorems are about a formula in a parameter, and there is none"
    return None


def attempt(system: Stationarity, budget: Budget) -> Attempt:
    """ "not_closed" when the hypotheses hold, else the reason why not."""
    x, equation = system.unknowns[0], sp.expand(_multiplied(system.equations[0], system.unknowns[0]))
    budget.check()
    atoms = {a for a in equation.atoms(*_SPECIAL, sp.Derivative, sp.Subs) if a.has(x)}
    markers = {a: sp.Dummy(f"h{i}") for i, a in enumerate(sorted(atoms, key=str))}
    image = sp.expand(equation.xreplace(markers))
    own = set(markers.values())
    if not image.is_polynomial(*own):
        return Attempt(name, "failed", "the equation is not a polynomial in the special functions")
    polynomial = sp.Poly(image, *own)
    for coefficient in polynomial.coeffs():
        if not _differentially_algebraic(coefficient):
            return Attempt(name, "failed", f"a coefficient has a function outside the theorem: {coefficient}"[:200])
    found = _theorem(atoms, markers, polynomial, x)
    if isinstance(found, str):
        return Attempt(name, "failed", found)
    what, theorem = found
    if not any(sum(m) > 0 and _cannot_vanish(c) for m, c in polynomial.terms()):
        return Attempt(name, "failed", "it was not shown that the coefficients cannot all vanish")
    names = ", ".join(sorted(str(s) for s in equation.free_symbols - {x}))
    statement = finding(theorem, scope="formula", unknown=x, parameters=names, function=what)
    return Attempt(name, "not_closed", scope="formula", findings=(statement,))


def _multiplied(equation: Any, x: Any) -> Any:
    """digamma(m*z + c) = log(m) + (digamma(z + c/m) + ... + digamma(z + (c + m - 1)/m))/m, until all slopes are equal."""
    arguments = {a.args[1] for a in equation.atoms(sp.polygamma) if a.args[0] == 0 and a.has(x)}
    slopes = {sp.diff(u, x) for u in arguments}
    if len(slopes) < 2 or not all(s.is_Rational and s > 0 for s in slopes):
        return equation
    unit = sp.gcd_list(list(slopes))
    new = dict[Any, Any]()
    for u in arguments:
        m = int(sp.diff(u, x) / unit)
        if m > 12:
            return equation
        if m > 1:
            new[sp.polygamma(0, u)] = (
                sp.log(m) + sp.Add(*(sp.polygamma(0, sp.expand((u + k) / m)) for k in range(m))) / m
            )
    return equation.xreplace(new)


def _differentially_algebraic(c: Any) -> bool:
    return all(isinstance(f, _ALLOWED) for f in c.atoms(sp.Function)) and not c.has(sp.Sum, sp.Derivative, sp.Subs)


def _cannot_vanish(c: Any) -> bool:
    """Is the coefficient non-zero wherever it is defined? A number, or a product of powers of signed factors."""
    if c.is_number:
        return not c.is_zero
    return bool(sp.factor(c).is_nonzero)


def _theorem(atoms: set[Any], markers: dict[Any, Any], polynomial: Any, x: Any) -> tuple[str, str] | str:
    """The function that would become differentially algebraic, with the theorem against that; or why none is found."""
    kinds = {_kind(a) for a in atoms}
    if len(kinds) != 1:
        return "several special functions stand in the equation together"
    kind = kinds.pop()
    arguments = {_argument(a) for a in atoms}
    for u in arguments:
        if not _linear(u, x):
            return f"the argument {u} is not linear in the unknown with coefficients free of parameters"
    if len(arguments) == 1:
        u = arguments.pop()
        if kind == "zeta":
            return f"zeta({u})", "Ostrowski"
        return f"{'digamma' if kind == 'polygamma' else 'gamma'}({u})", "Hoelder"
    if kind != "polygamma" or not all(a.args[0] == 0 for a in atoms):
        return "the special function stands at several arguments"
    return _shifted_digammas(atoms, markers, polynomial, x)


def _shifted_digammas(atoms: set[Any], markers: dict[Any, Any], polynomial: Any, x: Any) -> tuple[str, str] | str:
    ordered = list(atoms)
    if polynomial.total_degree() != 1:
        return "the equation is not linear in the digammas"
    weights = [polynomial.coeff_monomial(markers[a]) for a in ordered]
    ratios = [sp.cancel(w / weights[0]) for w in weights]
    slopes = {sp.diff(_argument(a), x) for a in ordered}
    shifts = [_argument(a).subs(x, 0) for a in ordered]
    if not all(r.is_Rational for r in ratios) or not all(s.is_Rational for s in shifts) or len(slopes) != 1:
        return "the weights or shifts of the digammas are not rational, or their slopes differ"
    classes = dict[Any, Any]()
    for r, s in zip(ratios, shifts, strict=True):
        classes[s - sp.floor(s)] = classes.get(s - sp.floor(s), 0) + r
    if not any(classes.values()):
        return "the digammas add up to a rational function"
    combination = sp.Add(*(r * a for r, a in zip(ratios, ordered, strict=True)))
    return str(combination).replace("polygamma(0, ", "digamma("), "Hardouin and Singer"


def _kind(a: Any) -> str:
    base = next(iter(a.atoms(*_SPECIAL))) if isinstance(a, (sp.Derivative, sp.Subs)) else a
    return "polygamma" if isinstance(base, sp.polygamma) else "zeta" if isinstance(base, sp.zeta) else "gamma"


def _argument(a: Any) -> Any:
    if isinstance(a, sp.Subs):
        return a.point[0]
    if isinstance(a, sp.Derivative):
        return _argument(a.expr)
    return a.args[1] if isinstance(a, sp.polygamma) else a.args[0]


def _linear(u: Any, x: Any) -> bool:
    slope = sp.diff(u, x)
    return slope.is_Rational and slope != 0 and sp.expand(u - slope * x).is_Rational
