"""The values at which a function takes a given value: real inverses with their guards, and the turns of angles."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sympy as sp

from closedform.budget import Budget
from closedform.calculus.bounds import bounds_of, end_of
from closedform.calculus.roots.polynomial import ExactRoots, Obstacle, guarded
from closedform.calculus.signs import KnownSigns

MAX_TURNS = 500  # of an angle, beyond which one is followed


class Inverses:
    """Inversion in one unknown x, under facts; ``meaning`` is what x stands for in the ``original`` unknown."""

    def __init__(self, x: Any, facts: KnownSigns, meaning: Any, depth: int, budget: Budget, original: Any) -> None:
        self.x, self.facts, self.meaning, self.depth, self.budget = x, facts, meaning, depth, budget
        self.original, self.turns_cut = original, False

    def again(self, equation: Any, x: Any, meaning: Any) -> ExactRoots:
        """The roots of another equation, one level down."""
        raise NotImplementedError

    def invert(self, h: Any, inner: ExactRoots) -> ExactRoots:
        """Roots of h(x) = t for each value t, obstacles kept."""
        out = inner.with_values(())
        for t in inner.values:
            out |= self.preimages(h, t)
        return out

    def preimages(self, h: Any, t: Any) -> ExactRoots:
        """All real x in the domain with h(x) = t, where h has a real inverse."""
        x = self.x
        if t.is_extended_real is False:
            return ExactRoots()
        if h == x:
            return ExactRoots((t,))
        if not isinstance(h, (sp.Pow, sp.exp, sp.Function)):
            return self.again(h - t, x, self.meaning)
        u, values = h.args[0], list[Any]()
        outer = ExactRoots()  # with guards: where the value is taken by the function at all
        if isinstance(h, sp.exp):
            if t.is_nonpositive:
                return ExactRoots()
            values = [sp.expand_log(sp.log(sp.factor(t))) if sp.count_ops(t) < 12 else sp.log(t)]
        elif isinstance(h, sp.Pow):
            if x in h.exp.free_symbols:  # a power whose exponent is no constant has a positive base
                return (
                    ExactRoots()
                    if t.is_nonpositive
                    else self.again(h.exp * sp.log(h.base) - sp.log(t), x, self.meaning)
                )
            if t.is_zero:
                outer = guarded(sp.S.Zero, self._holds(h.exp, ">"))
            elif h.exp.is_integer:  # 1/u^k = t
                return self.again(1 - t * u ** (-h.exp), x, self.meaning)
            elif t.is_negative:
                return ExactRoots()
            elif h.exp.is_integer is False:
                outer = guarded(sp.Pow(t, 1 / h.exp), self._holds(t, ">="))
            else:
                values = [sp.Pow(t, 1 / h.exp)]
                if h.exp.is_even and not u.is_nonnegative:
                    values.append(-values[0])
        elif isinstance(h, sp.log):
            values = [sp.exp(t)]
        elif isinstance(h, sp.erf):
            values = [sp.erfinv(t)]
        elif isinstance(h, sp.erfc):
            values = [sp.erfinv(1 - t)]
        elif isinstance(h, sp.atan):
            outer = guarded(sp.tan(t), self._holds(t + sp.pi / 2, ">"), self._holds(sp.pi / 2 - t, ">"))
        elif isinstance(h, sp.asin):
            outer = guarded(sp.sin(t), self._holds(t + sp.pi / 2, ">="), self._holds(sp.pi / 2 - t, ">="))
        elif isinstance(h, sp.acos):
            outer = guarded(sp.cos(t), self._holds(t, ">="), self._holds(sp.pi - t, ">="))
        elif isinstance(h, sp.LambertW) and len(h.args) == 1:
            outer = guarded(t * sp.exp(t), self._holds(t + 1, ">="))
        elif isinstance(h, sp.polygamma) and h.args[0] == 0 and self._positive_twin(h, t):
            u, values = h.args[1], [t.args[1]]  # digamma rises strictly on the positive numbers
        elif isinstance(h, (sp.sin, sp.cos, sp.tan)):
            values = self._angles(h, t)
        else:
            reason = f"{type(h).__name__} has no inverse among the known functions"
            return ExactRoots((), (Obstacle(h - t, x, self.meaning, reason),))
        out = outer.with_values(())
        for v in (*values, *outer.values):
            out |= ExactRoots((v,)) if u == x else self.again(u - v, x, self.meaning)
        return out

    def _positive_twin(self, h: Any, t: Any) -> bool:
        """Is t a digamma too, and are both arguments positive?"""
        return isinstance(t, sp.polygamma) and t.args[0] == 0 and all(self.facts.is_positive(f.args[1]) for f in (h, t))

    def _holds(self, gap: Any, op: str) -> Any:
        """The relation ``gap op 0``: decided by the facts (or, of a number, by its value), else as it stands."""
        sign = self.facts.sign(gap) if gap.free_symbols else None
        if sign in (1, -1, 0) or (sign == 2 and op == ">="):
            return sp.S.true if sign == 1 or (sign in (0, 2) and op == ">=") else sp.S.false
        return sp.Gt(gap, 0) if op == ">" else sp.Ge(gap, 0)

    def _angles(self, h: Any, t: Any) -> list[Any]:
        """One period, then its translates while a bounded domain may hold them."""
        base, period = principal_angles(h, t)
        turns = self._turns(h.args[0], period)
        return list(dict.fromkeys(b + k * period for k in turns for b in base))

    def _turns(self, argument: Any, period: Any) -> Iterable[int]:
        """The turns that the range of the argument may hold; one, and ``turns_cut``, where that is not bounded.

        An angle that is linear in an unknown without bounds runs through all turns alike: that is the period's business.
        """
        u = self.original
        whole = argument.subs(self.x, self.meaning)
        bounds = bounds_of(u, self.facts.relations)
        low, high = end_of(whole, {u: bounds}, -1), end_of(whole, {u: bounds}, 1)
        p = float(period)
        if low is not None and high is not None and float(high - low) < MAX_TURNS * p:
            return range(int(float(low) // p) - 1, int(float(high) // p) + 2)
        linear = whole.is_polynomial(u) and sp.degree(whole, u) <= 1
        self.turns_cut = self.turns_cut or not linear or None not in bounds
        return (0,)


def principal_angles(h: Any, value: Any) -> tuple[list[Any], Any]:
    """The angles of one period at which a sine, cosine or tangent has the value, and the period."""
    if isinstance(h, sp.sin):
        return [sp.asin(value), sp.pi - sp.asin(value)], 2 * sp.pi
    if isinstance(h, sp.cos):
        return [sp.acos(value), -sp.acos(value)], 2 * sp.pi
    return [sp.atan(value)], sp.pi
