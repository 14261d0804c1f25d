"""The values at which a function takes a given value: real inverses with their guards, and the turns of angles."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, floor, pi
from typing import Any

import sympy as sp

from closedform.budget import Budget
from closedform.calculus.bounds import bounds_of, end_of
from closedform.calculus.roots.polynomial import ExactRoots, Obstacle, guarded
from closedform.calculus.signs import KnownSigns

MAX_TURNS = 500  # of an angle, beyond which one is followed
SLACK = 1e-9  # of the ends of a range in floating point: what it adds is dropped by the domain
WIDEST = 2 * pi  # no principal angle is larger


class Inverses:
    """Inversion in one unknown x, under facts; ``meaning`` is what x stands for in the ``original`` unknown."""

    def __init__(
        self, x: Any, facts: KnownSigns, meaning: Any, depth: int, budget: Budget, original: Any, period: Any
    ) -> None:
        self.x, self.facts, self.meaning, self.depth, self.budget = x, facts, meaning, depth, budget
        self.original, self.period, self.turns_cut = original, period, False

    def again(self, equation: Any, x: Any, meaning: Any) -> ExactRoots:
        """The roots of another equation, one level down."""
        raise NotImplementedError

    def invert(self, h: Any, inner: ExactRoots) -> ExactRoots:
        """Roots of h(x) = t for each value t, obstacles kept."""
        out = inner.with_values(())
        for t in inner.values:
            out |= self.preimages(h, t)
        return out

    def as_meaning(self, h: Any) -> Any:
        return h.subs(self.x, self.meaning) if self.meaning != self.x else h

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
        return self.translates(*principal_angles(h, t), h.args[0])

    def translates(self, angles: Iterable[Any], period: Any, argument: Any) -> list[Any]:
        """The angles, with every whole number of periods that may bring one into the range of the argument.

        Where that range is not bounded, those of an angle that is linear in the unknown within the equation's period;
        else the angles alone, with ``turns_cut`` (not for a linear one where no period is known).
        """
        u = self.original
        whole = argument.subs(self.x, self.meaning)
        bounds = bounds_of(u, self.facts.relations)
        low, high = end_of(whole, {u: bounds}, -1), end_of(whole, {u: bounds}, 1)
        angles = list(dict.fromkeys(angles))
        known = all(end is not None and end.is_number for end in (low, high))
        if known and float(high - low) < MAX_TURNS * float(period):
            low, high, p = float(low) - SLACK, float(high) + SLACK, float(period)
            ends = {a: _principal_range(a) for a in angles}
            turns = {(k, n): k for n, a in enumerate(angles) for k in range(*_between(*ends[a], low, high, p))}
            return list(dict.fromkeys(angles[n] + k * period for k, n in sorted(turns)))
        linear = whole.is_polynomial(u) and sp.degree(whole, u) <= 1
        if linear and self.period is not None:
            many = sp.simplify(sp.diff(whole, u) * self.period / period)
            if many.is_Integer and 0 < abs(many) <= MAX_TURNS:
                return [a + k * period for k in range(abs(int(many))) for a in angles]
            linear = False
        self.turns_cut = self.turns_cut or not linear or None not in bounds
        return angles


def _between(first: float, last: float, low: float, high: float, period: float) -> tuple[int, int]:
    """From which k on, and before which, an interval moved by k periods may meet the range from low to high."""
    return ceil((low - last) / period), floor((high - first) / period) + 1


def _principal_range(angle: Any) -> tuple[float, float]:
    """A range of the angle whatever its parameters are, by those of the inverse functions in it; else one turn each way."""
    half = sp.pi / 2
    ranges = {sp.asin: (-half, half), sp.atan: (-half, half), sp.acos: (sp.S.Zero, sp.pi), sp.atan2: (-sp.pi, sp.pi)}
    names = {f: sp.Dummy(real=True) for f in angle.atoms(*ranges)}
    own = {name: ranges[f.func] for f, name in names.items()}
    low, high = (end_of(angle.xreplace(names), own, side) for side in (-1, 1))
    if low is None or high is None:
        return -WIDEST, WIDEST
    return float(low), float(high)


def principal_angles(h: Any, value: Any) -> tuple[list[Any], Any]:
    """The angles of one period at which a sine, cosine or tangent has the value, and the period."""
    if isinstance(h, sp.sin):
        return [sp.asin(value), sp.pi - sp.asin(value)], 2 * sp.pi
    if isinstance(h, sp.cos):
        return [sp.acos(value), -sp.acos(value)], 2 * sp.pi
    return [sp.atan(value)], sp.pi
