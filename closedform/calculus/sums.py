"""Sums over data of symbolic length: pulled apart into factors of the unknowns and sufficient statistics.

``separate`` expands a sum's body (logarithms of products and powers of products too, where signs allow; exponentials,
sines and cosines of a sum by their addition theorems) and takes out of the sum what does not depend on the index. When
no unknown is left inside, the sums that remain are statistics; ``Statistics`` names them as symbols with the signs and
the Cauchy-Schwarz inequalities that hold for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp
from sympy import Expr


def separate(expr: Expr, unknowns: Sequence[Any]) -> Expr:
    """The expression with every factor that is free of a sum's index taken out of it.

    >>> i, n = sp.Symbol("i", integer=True, positive=True), sp.Symbol("n", integer=True, positive=True)
    >>> x, a = sp.IndexedBase("x"), sp.Symbol("a")
    >>> separate(sp.Sum((x[i] - a)**2, (i, 1, n)), [a])
    a**2*n - 2*a*Sum(x[i], (i, 1, n)) + Sum(x[i]**2, (i, 1, n))
    """
    expr = expr.replace(lambda e: isinstance(e, sp.log) and isinstance(e.args[0], sp.Product), _log_of_product)
    return expr.replace(lambda e: isinstance(e, sp.Sum) and len(e.limits) == 1, lambda s: _apart(s, set(unknowns)))


def _log_of_product(e: Any) -> Any:
    product = e.args[0]
    return sp.Sum(sp.log(product.function), *product.limits)


def _apart(s: Any, unknowns: set[Any]) -> Any:
    index, low, high = s.limits[0]
    body = _expanded(_added(s.function, index, unknowns))
    if low == 1 and not s.function.has(index):
        return high * s.function
    out = sp.S.Zero
    for term in sp.Add.make_args(body):
        outside, inside = sp.S.One, sp.S.One
        for f in sp.Mul.make_args(term):
            if index in f.free_symbols or f.has(index):
                inside *= f
            else:
                outside *= f
        if inside == 1:
            out += outside * (high - low + 1)
        elif inside.free_symbols & unknowns:
            out += outside * sp.Sum(_tidy(inside), s.limits[0])
        else:
            out += outside * sp.Sum(inside, s.limits[0])
    return out


def _tidy(e: Any) -> Any:
    return sp.factor_terms(e)


def _added(body: Expr, index: Any, unknowns: set[Any]) -> Any:
    """The addition theorems for f(a + b), with a of the unknowns alone and b of the data alone."""

    def apart(e: Any) -> Any:
        own, data = sp.expand(e.args[-1]).as_independent(index, as_Add=True)
        if not own.free_symbols & unknowns or data.free_symbols & unknowns:
            return e
        if isinstance(e, sp.Pow):
            plain = not e.base.free_symbols & {index, *unknowns}
            return sp.Pow(e.base, own) * sp.Pow(e.base, data) if plain else e
        if isinstance(e, sp.exp):
            return sp.exp(own) * sp.exp(data)
        a, b = sp.Dummy(real=True), sp.Dummy(real=True)
        return sp.expand_trig(e.func(a + b)).xreplace({a: own, b: data})

    return body.replace(lambda e: isinstance(e, (sp.Pow, sp.exp, sp.sin, sp.cos, sp.sinh, sp.cosh)), apart)


def _expanded(body: Any) -> Any:
    e = sp.expand_log(body)
    e = sp.expand_power_base(e)
    e = sp.expand(e, power_base=True, power_exp=False, log=True)
    return sp.expand_power_base(e)


def indexed_sums(expressions: Sequence[Any]) -> list[Any]:
    """The distinct sums over data in the expressions, in a fixed order."""
    found = {s for e in expressions for s in e.atoms(sp.Sum)}
    outer = {s for s in found if not any(s is not t and t.has(s) for t in found)}
    return sorted(outer, key=sp.default_sort_key)


_SIGNS = ("positive", "negative", "nonnegative", "nonpositive")


class Statistics:
    """Symbols for sums over data, and what is known of them."""

    def __init__(self, sums: Sequence[Any], taken: Sequence[str]) -> None:
        self.symbols = dict[Any, Any]()
        for s in sums:
            name = _name(s, {*taken, *(v.name for v in self.symbols.values())})
            body = s.function
            sign = next((w for w in _SIGNS if getattr(body, f"is_{w}")), "real")
            self.symbols[s] = sp.Symbol(name, **{sign: True})

    @property
    def back(self) -> dict[Any, Any]:
        return {v: k for k, v in self.symbols.items()}

    def relations(self) -> list[Any]:
        """Cauchy-Schwarz inequalities between the statistics. They are strict only where the data are not proportional:

        which of them have to be strict is left to the conditions of each formula.
        """
        out = list[Any]()
        pairs = list(self.symbols.items())
        for s, a in pairs:
            f, length = s.function, s.limits[0][2] - s.limits[0][1] + 1
            for t, b in pairs:
                if s.limits != t.limits:
                    continue
                if sp.simplify(t.function - f**2) == 0:
                    out.append(sp.Ge(length * b, a**2, evaluate=False))
                if (
                    sp.simplify(t.function * f - 1) == 0
                    and f.is_positive
                    and sp.default_sort_key(s) < sp.default_sort_key(t)
                ):
                    out.append(sp.Ge(a * b, length**2, evaluate=False))
            for (t, b), (u, c) in (
                (p, q) for p in pairs for q in pairs if sp.default_sort_key(p[0]) < sp.default_sort_key(q[0])
            ):
                alike = s.limits == t.limits == u.limits and f != 1
                if (
                    alike
                    and t.function.is_nonnegative
                    and u.function.is_nonnegative
                    and sp.simplify(t.function * u.function - f**2) == 0
                ):
                    out.append(sp.Ge(b * c, a**2, evaluate=False))
        return list(dict.fromkeys(out))


def _name(s: Any, taken: set[str]) -> str:
    """A readable name for a statistic: sum_x, sum_xx, sum_xy, sum_3, ..."""
    body = s.function
    letters = ""
    for f in sp.Mul.make_args(body):
        base, exponent = f.as_base_exp()
        if not isinstance(base, sp.Indexed) or not exponent.is_Integer or not 0 < exponent <= 3:
            letters = ""
            break
        letters += str(base.base) * int(exponent)
    name = f"sum_{letters}" if letters else ""
    number = 1
    while not name or name in taken:
        name, number = f"sum_{number}", number + 1
    return name
