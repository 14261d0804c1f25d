"""No elementary formula in a parameter: one equation P(t, y, e^y) = 0 that ties y to its own exponential.

Theorem (Rosenlicht 1969; restated by Bronstein, Corless, Davenport and Jeffrey 2008). Let P be irreducible over C(t)
and involve both y and z. A non-constant function y(t) with P(t, y, e^y) = 0 lies in no Liouvillian extension of C(t):
no formula in arithmetic, roots, exp, log and quadratures gives it. The Lambert W function is of this very kind, so the
theorem does not exclude formulas with W; the strategies before this one look for those.

The equation is brought to this form by an invertible change y = (a x + b)/(c x + d) of the unknown; the parameters but
one are set to admissible rational numbers, which a formula for all parameters would survive. Irreducibility over C(t)
is checked by one of two sufficient tests: degree one in t with coprime coefficients, or irreducible over Q with a
smooth rational point.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import sympy as sp
from flint import fmpq
from sympy import Expr

from closedform.algebra import bridge
from closedform.attempt import Attempt, finding
from closedform.budget import Budget
from closedform.frozen import record
from closedform.stationarity.scalar import Stationarity, sampler
from closedform.strategies.exponentials.field import without_exponentials

name = "Rosenlicht's theorem on y and exp(y)"
example = {"loss": "(x - a)^2/2 + log(1 + exp(x))", "unknowns": ["x"]}
counterexample = {"loss": "x^6/6 - x^2/2 + a*x", "unknowns": ["x"]}

_TO_EXP = (sp.sin, sp.cos, sp.tan, sp.sinh, sp.cosh, sp.tanh)
_Y, _Z = sp.Symbol("_y"), sp.Symbol("_z")


@record
class _Form:
    """P(parameters, y, z) with z = e^y, and the change of unknown that gave it, for the sentence."""

    polynomial: Any
    change: str
    real: bool  # y is real on the domain, so z is positive


def declines(system: Stationarity) -> str | None:
    """A sentence when the equation is not of this kind, else None."""
    if len(system.unknowns) != 1 or len(system.equations) != 1:
        return "this theorem is about one equation in one unknown"
    if not system.parameters:
        return "this theorem is about a formula in a parameter, and there is none"
    if without_exponentials(system):
        return "the equation does not tie the unknown to its own exponential"
    if not system.equations[0].free_symbols & set(system.parameters):
        return "no parameter stands in the equation"
    return None


def attempt(system: Stationarity, budget: Budget) -> Attempt:
    """ "not_closed" when the theorem's hypotheses hold on every branch of the equation, else the reason why not."""
    form = _form(system.equations[0], system.unknowns[0])
    if isinstance(form, str):
        return Attempt(name, "failed", form)
    reasons = dict[str, None]()
    for t in sorted(form.polynomial.free_symbols & set(system.parameters), key=str):
        budget.check()
        outcome = _with_parameter(system, form, t)
        if isinstance(outcome, Attempt):
            return outcome
        reasons[outcome] = None
    return Attempt(name, "failed", "; ".join(reasons) or "no parameter is left in the equation")


def _form(equation: Expr, x: Any) -> _Form | str:
    """The equation as a polynomial in the parameters, y and z = e^y, or the reason why it has no such form."""
    turned = equation.has(*(f for f in (sp.sin, sp.cos, sp.tan)))
    expr = equation.rewrite(_TO_EXP, sp.exp) if equation.has(*_TO_EXP) else equation
    expr = expr.replace(lambda e: isinstance(e, sp.Pow) and e.exp.has(x), lambda e: sp.exp(e.exp * sp.log(e.base)))
    exponents = sorted({sp.expand(e.exp) for e in expr.atoms(sp.exp) if e.has(x)}, key=str)
    logs = sorted({e.args[0] for e in expr.atoms(sp.log) if e.has(x)}, key=str)
    if bool(exponents) == bool(logs):
        return (
            "the unknown stands under exponentials and logarithms at once" if logs else "no exponential of the unknown"
        )
    if logs:
        if len(logs) > 1:
            return "the unknown stands in several different logarithms"
        return _log_form(expr, x, logs[0])
    return _exp_form(expr, x, exponents, turned)


def _exp_form(expr: Any, x: Any, exponents: list[Any], turned: bool) -> _Form | str:
    first = exponents[0]
    ratios = [sp.cancel(e / first) for e in exponents]
    if not all(r.is_Rational for r in ratios):
        return "the exponents are not rational multiples of one another"
    unit = sp.gcd_list(ratios) * first  # every exponent is an integer multiple of y = unit
    if turned:
        unit = sp.expand(unit)
    inverse = _inverse(unit, x)
    if inverse is None:
        return "the exponent is not an invertible fraction in the unknown"
    powers = {sp.exp(e): _Z ** sp.cancel(e / unit) for e in exponents}
    image = {e: powers.get(sp.exp(sp.expand(e.exp)), e) for e in expr.atoms(sp.exp) if e.has(x)}
    return _cleared(expr.xreplace(image).xreplace({x: inverse}), f"y = {unit}", not turned)


def _log_form(expr: Any, x: Any, argument: Any) -> _Form | str:
    inverse = _inverse(argument, x, _Z)
    if inverse is None:
        return "the argument of the logarithm is not an invertible fraction in the unknown"
    return _cleared(expr.xreplace({sp.log(argument): _Y}).xreplace({x: inverse}), f"y = log({argument})", True)


def _inverse(u: Any, x: Any, name: Any = _Y) -> Any | None:
    """x as a function of the value of u = (a x + b)/(c x + d), None when u is not such a fraction."""
    top, bottom = sp.fraction(sp.together(u))
    if not (top.is_polynomial(x) and bottom.is_polynomial(x)):
        return None
    p, q = sp.Poly(top, x), sp.Poly(bottom, x)
    if max(p.total_degree(), q.total_degree()) != 1:
        return None
    (a, b), (c, d) = ((f.coeff_monomial(x), f.coeff_monomial(1)) for f in (p, q))
    if sp.simplify(a * d - b * c) == 0:
        return None
    return (d * name - b) / (a - c * name)


def _cleared(image: Any, change: str, real: bool) -> _Form | str:
    numerator = sp.expand(sp.fraction(sp.together(sp.powsimp(image)))[0])
    if not numerator.is_polynomial(_Y, _Z):
        return "the equation is not a polynomial in y and e^y"
    return _Form(numerator, change, real)


def _with_parameter(system: Stationarity, form: _Form, t: Any) -> Attempt | str:
    """The theorem with ``t`` as the variable, the other parameters specialised."""
    others = sorted(form.polynomial.free_symbols - {t, _Y, _Z}, key=str)
    values = _specialise(system, [o for o in others if o.is_Symbol])
    if values is None:
        return "no admissible rational values for the other parameters were found"
    special = sp.expand(form.polynomial.xreplace(values))
    if not special.is_polynomial(t, _Y, _Z) or not _rational_coefficients(special, t):
        return f"the equation is not a polynomial in {t} with rational coefficients"
    gaussian = special.has(sp.I)
    _, factors = sp.factor_list(special, t, _Y, _Z, gaussian=gaussian)
    kept = [f for f, _ in factors if not _never_zero(f, t, form.real)]
    if not kept:
        return "no factor of the equation can vanish"
    for f in kept:
        if not (f.has(_Y) and f.has(_Z)):
            return f"the factor {f} does not tie y to e^y"
        if not f.has(t):
            return f"the factor {f} does not involve {t}"
        if _lambert(f):
            return "the equation has the shape that the Lambert W function solves"
        if not _absolutely_irreducible(f, t, gaussian):
            return f"irreducibility over C({t}) was not shown"
    given = ", ".join(f"{k} = {v}" for k, v in values.items())
    shown = str(kept[0]).replace("_y", "y").replace("_z", "z")
    return Attempt(
        name,
        "not_closed",
        scope="formula",
        findings=(
            finding("Rosenlicht", scope="formula", parameter=t, given=given, change=form.change, equation=shown),
        ),
    )


def _specialise(system: Stationarity, others: list[Any]) -> dict[Any, Any] | None:
    if not others:
        return {}
    for sample in sampler(system).draws(1):
        drawn = {o: sample.values.get(o.name) for o in others}
        values = {o: bridge.sympy_rational(v) for o, v in drawn.items() if isinstance(v, fmpq)}
        if len(values) == len(others):
            return values
    return None


def _rational_coefficients(p: Any, t: Any) -> bool:
    return all(
        c.is_Rational or (c / sp.I).is_Rational or all(part.is_Rational for part in c.as_real_imag())
        for c in sp.Poly(p, t, _Y, _Z).coeffs()
    )


def _never_zero(f: Any, t: Any, real: bool) -> bool:
    """A power of z, a factor in t alone, or (for real y) a polynomial in z > 0 with coefficients of one sign."""
    own = f.free_symbols - {t}
    if f == _Z or not own:
        return True
    if own != {_Z} or f.has(t) or not real:
        return False
    coefficients = sp.Poly(f, _Z).coeffs()
    return all(c > 0 for c in coefficients) or all(c < 0 for c in coefficients)


def _lambert(f: Any) -> bool:
    """Is it z^m = c (y - r)^j, up to a factor free of y? Then W gives y, and "not closed" would say too much."""
    terms = sp.Poly(f, _Z).terms()
    if len(terms) != 2:
        return False
    powers = list[int]()
    for _, coefficient in terms:
        factors = [(g, k) for g, k in sp.factor_list(coefficient)[1] if g.has(_Y)]
        if len(factors) > 1 or any(sp.degree(g, _Y) > 1 for g, _ in factors):
            return False
        powers.append(sum(k for _, k in factors))
    return 0 in powers


def _absolutely_irreducible(f: Any, t: Any, gaussian: bool) -> bool:
    """Sufficient for irreducibility over C(t), for a factor irreducible over Q (or Q(i)) and involving t."""
    in_t = sp.Poly(f, t)
    if in_t.degree() == 1:
        a, b = in_t.coeff_monomial(t), in_t.coeff_monomial(1)
        return sp.gcd(a, b, _Y, _Z, gaussian=gaussian).is_number
    if gaussian:
        return False
    # Irreducible over Q with a smooth Q-point: were it to split over C, its conjugate factors would all meet there.
    slopes = [sp.diff(f, v) for v in (t, _Y, _Z)]
    for point in _small_points():
        at = dict(zip((t, _Y, _Z), point, strict=True))
        if f.subs(at) == 0 and any(s.subs(at) != 0 for s in slopes):
            return True
    return False


def _small_points() -> Iterator[tuple[Any, ...]]:
    values = [sp.Rational(*v) for v in ((0, 1), (1, 1), (-1, 1), (2, 1), (-2, 1), (1, 2), (-1, 2), (3, 1), (-3, 1))]
    return product(values, repeat=3)
