"""Equations that the Lambert function solves: linear times exponential, and their forms with logarithms and powers.

With E = exp(k*x): a + b*x + c*E = 0 gives x = -a/b - W(z)/k, z = (k*c/b)*exp(-k*a/b); (a + b*x)*E = d the like; a
monomial against an exponential takes a root first. Both real branches are listed (Corless et al., *On the Lambert W
function*, Adv. Comput. Math. 5 (1996)); W_0 is real for z >= -1/e, W_-1 for -1/e <= z < 0.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sympy as sp


def _is_real(w: Any) -> bool | None:
    """Whether a value of the Lambert function is real, as far as SymPy knows the sign of z and of z + 1/e.

    SymPy 1.14 calls W_-1(z) not real wherever it knows z < 0 but not z > -1/e, and then the whole formula.

    >>> sp.LambertW(-sp.Symbol("a", positive=True), -1).is_real is None
    True
    """
    z, *branch = w.args
    right, branch = z + sp.exp(-1), branch[0] if branch else sp.S.Zero
    if branch == 0:
        return True if right.is_nonnegative else False if right.is_negative else None
    if branch != -1:
        return False if branch.is_integer and (branch + 1).is_nonzero and z.is_extended_real else None
    if right.is_negative or z.is_nonnegative:
        return False
    return True if right.is_nonnegative and z.is_negative else None


sp.LambertW._prop_handler["extended_real"] = _is_real  # pyright: ignore[reportPrivateUsage]


def lambert_roots(equation: Any, x: Any, generators: Iterable[Any]) -> tuple[Any, ...] | None:
    """Candidates by the Lambert function, every real root among them; None when the equation is not of this form.

    >>> x = sp.Symbol("x", positive=True)
    >>> lambert_roots(x * sp.exp(x) - 1, x, {sp.exp(x)})
    (LambertW(1),)
    """
    found = list(generators)
    if not found:
        return None
    if all(isinstance(h, sp.exp) for h in found):
        return _exponential(equation, x, found)
    logs = [h for h in found if isinstance(h, sp.log)]
    if len(logs) == len(found) == 1:
        return _logarithm(equation, x, logs[0])
    return None


def _exponential(equation: Any, x: Any, found: list[Any]) -> tuple[Any, ...] | None:
    rates = [h.args[0] / x for h in found]
    if any(x in k.free_symbols for k in (sp.cancel(r) for r in rates)):
        return None
    ratios = [sp.simplify(r / rates[0]) for r in rates]
    if len(found) > 2 or (len(found) == 2 and ratios[1] != -1):
        return None
    k, e = sp.cancel(rates[0]), sp.Dummy("E")
    powers = {found[0]: e} | ({found[1]: 1 / e} if len(found) == 2 else {})
    reduced = sp.numer(sp.together(equation.subs(powers)))
    p = sp.Poly(sp.expand(reduced), e)
    while p.degree() >= 1 and p.coeff_monomial(1) == 0:
        p = sp.Poly(sp.cancel(p.as_expr() / e), e)
    if p.degree() != 1:
        return None
    above, below = p.all_coeffs()  # above*E + below = 0, both polynomials in x
    if not above.is_polynomial(x) or not below.is_polynomial(x):
        return None
    if x in above.free_symbols and x not in below.free_symbols:
        above, below, k = below, above, -k
    if x in above.free_symbols:
        common = sp.gcd(above, below)
        if x in common.free_symbols:
            return None  # a factor that the caller splits off
        return None
    return _against(sp.Poly(below, x), above, k, x)


def _against(linear: Any, c: Any, k: Any, x: Any) -> tuple[Any, ...] | None:
    """polynomial(x) + c*exp(k*x) = 0 for a linear polynomial or a power of one."""
    n = linear.degree()
    if n == 1:
        b, a = linear.all_coeffs()
        return _branches(a, b, c, k)
    lead = linear.LC()
    shift = sp.cancel(-linear.all_coeffs()[1] / (n * lead))
    if sp.expand(linear.as_expr() - lead * (x - shift) ** n) != 0:
        return None
    ratio = sp.cancel(-c / lead)  # (x - shift)^n = ratio * exp(k*x)
    sizes = [] if ratio.is_negative else [sp.root(ratio, n)]
    if n % 2 == 0:
        sizes += [-s for s in sizes]
    elif not ratio.is_nonnegative:
        sizes.append(-sp.root(-ratio, n))  # the one that is real, where the sign of the ratio is open
    out = list[Any]()
    for size in sizes:
        out += _branches(-shift, sp.S.One, -size, k / n)
    return tuple(dict.fromkeys(out))


def _branches(a: Any, b: Any, c: Any, k: Any) -> tuple[Any, ...]:
    """All real x with a + b*x + c*exp(k*x) = 0."""
    z = sp.simplify(k * c / b * sp.exp(sp.expand(-k * a / b)))
    z = sp.powsimp(z)
    values = [sp.expand(-a / b) - sp.LambertW(z) / k]
    if not z.is_nonnegative:
        values.append(sp.expand(-a / b) - sp.LambertW(z, -1) / k)
    return tuple(values)


def _logarithm(equation: Any, x: Any, log: Any) -> tuple[Any, ...] | None:
    """a + b*x + c*log(m*x) = 0, or the same in 1/x."""
    inside = log.args[0]
    scale, rest = inside.as_independent(x, as_Add=False)
    if rest != x:
        return None
    t = sp.Dummy("t")
    p = sp.Poly(sp.expand(sp.numer(sp.together(equation.subs(log, t)))), t)
    if p.degree() != 1:
        return None
    c, linear = p.all_coeffs()
    if not linear.is_polynomial(x) or not c.is_polynomial(x):
        return None
    if x in c.free_symbols:
        if c.as_independent(x, as_Add=False)[1] == x and x not in linear.free_symbols:  # c*x*log(m*x) + a = 0
            c0 = c / x
            z = sp.powsimp(-linear / c0 * scale)
            return tuple(-linear / c0 / w for w in (sp.LambertW(z), sp.LambertW(z, -1)))
        return None
    if sp.degree(linear, x) != 1:
        return None
    b, a = sp.Poly(linear, x).all_coeffs()
    z = sp.powsimp(sp.simplify(b / (c * scale) * sp.exp(-sp.expand(a / c))))
    values = [c / b * sp.LambertW(z)]
    if not z.is_nonnegative:
        values.append(c / b * sp.LambertW(z, -1))
    return tuple(values)
