"""A function of one unknown with absolute values, maxima and cases, cut into smooth pieces.

The places where a piece can change are the zeros of the switching functions (arguments of ``Abs``, differences under
``Max``, sides of a condition). Between two neighbouring ones every switch has one sign, so one smooth expression holds
there. All orders and signs are proved: in balls for numbers, by ``calculus.signs`` for symbols.
"""

from __future__ import annotations

from itertools import combinations, pairwise, product
from typing import Any

import sympy as sp

from closedform.algebra.sampling import Sample, real_ball
from closedform.budget import Budget
from closedform.calculus.roots.inversion import real_roots
from closedform.calculus.signs import KnownSigns
from closedform.frozen import record

MAX_BREAKS = 40
_SWITCHES = (sp.Abs, sp.Max, sp.Min, sp.Piecewise, sp.sign, sp.Heaviside)


class Undecided(ValueError):
    """An order or a sign was not proved; the message says which."""


@record
class Pieces:
    """``breaks`` in increasing order; ``smooth`` has one expression more, from left to right."""

    breaks: tuple[Any, ...]
    smooth: tuple[Any, ...]


class Cutter:
    """Signs of expressions in the parameters, and the cutting of a loss."""

    def __init__(self, x: Any, facts: KnownSigns, budget: Budget) -> None:
        self.x, self.facts, self.budget = x, facts, budget

    def sign(self, expr: Any) -> int:
        """-1, 0 or 1, proved; raises ``Undecided``."""
        if not expr.free_symbols:
            if sp.simplify(expr) == 0:
                return 0
            ball = real_ball(expr, Sample({}, {}), 300)
            if ball is not None and (ball > 0 or ball < 0):
                return 1 if ball > 0 else -1
            raise Undecided(f"the sign of {expr}")
        out = self.facts.sign(sp.factor(expr))
        if out not in (-1, 0, 1):
            raise Undecided(f"the sign of {expr}")
        return int(out)

    def cut(self, loss: Any) -> Pieces:
        breaks = list[Any]()
        for s in self._switching(loss):
            found = real_roots(s, self.x, self.facts, budget=self.budget)
            if found.obstacles or found.placeholders or found.everywhere or s.has(sp.sin, sp.cos, sp.tan):
                raise Undecided(f"where {s} changes its sign")  # of circular functions one turn is listed only
            breaks += [v for v in found.values if v.is_real is not False]
        ordered = self.sorted(list(dict.fromkeys(sp.nsimplify(b) if b.is_Rational else b for b in breaks)))
        if len(ordered) > MAX_BREAKS:
            raise Undecided(f"more than {MAX_BREAKS} places where the loss changes its form")
        if not ordered:
            return Pieces((), (self._resolved(loss, sp.S.Zero),))
        probes = [ordered[0] - 1, *((a + b) / 2 for a, b in pairwise(ordered)), ordered[-1] + 1]
        return Pieces(tuple(ordered), tuple(sp.expand(self._resolved(loss, p)) for p in probes))

    def sorted(self, values: list[Any]) -> list[Any]:
        out = list[Any]()
        for v in values:
            place = 0
            for w in out:
                s = self.sign(v - w)
                if s == 0:
                    break
                place += s > 0
            else:
                out.insert(place, v)
        return out

    def _switching(self, loss: Any) -> list[Any]:
        """The switching functions with x, nested switches taken with either sign."""
        raw = list[Any]()
        for node in sp.preorder_traversal(loss):
            if not isinstance(node, _SWITCHES) or self.x not in node.free_symbols:
                continue
            if isinstance(node, (sp.Max, sp.Min)):
                raw += [a - b for a, b in combinations(node.args, 2)]
            elif isinstance(node, sp.Piecewise):
                raw += [r.lhs - r.rhs for piece in node.args for r in piece.cond.atoms(sp.Rel)]
            else:
                raw.append(node.args[0])
        out = dict[Any, None]()
        for e in raw:
            inner = [a for a in e.atoms(*_SWITCHES) if self.x in a.free_symbols]
            if not inner:
                out[e] = None
                continue
            choices = [
                (a.args[0], -a.args[0])
                if isinstance(a, sp.Abs)
                else a.args
                if isinstance(a, (sp.Max, sp.Min))
                else (1, -1, 0)
                for a in inner
            ]
            for c in product(*choices):
                out[e.subs(dict(zip(inner, c, strict=True)))] = None
        return [e for e in out if self.x in e.free_symbols]

    def _resolved(self, e: Any, probe: Any) -> Any:
        """The smooth expression that holds around the probe."""
        if self.x not in e.free_symbols or not e.has(*_SWITCHES):
            return e
        if isinstance(e, sp.Piecewise):
            for piece in e.args:
                if self._true(piece.cond, probe):
                    return self._resolved(piece.expr, probe)
            raise Undecided(f"no case of {e} holds")
        args = [self._resolved(a, probe) for a in e.args]
        if isinstance(e, sp.Abs):
            return args[0] * (self.sign(args[0].subs(self.x, probe)) or 1)
        if isinstance(e, sp.sign):
            return sp.Integer(self.sign(args[0].subs(self.x, probe)))
        if isinstance(e, sp.Heaviside):
            return sp.Integer(1 if self.sign(args[0].subs(self.x, probe)) > 0 else 0)
        if isinstance(e, (sp.Max, sp.Min)):
            best = args[0]
            for a in args[1:]:
                s = self.sign((a - best).subs(self.x, probe))
                if (s > 0) == isinstance(e, sp.Max) and s != 0:
                    best = a
            return best
        return e.func(*args)

    def _true(self, condition: Any, probe: Any) -> bool:
        if condition in (sp.true, sp.false):
            return bool(condition)
        if isinstance(condition, sp.And):
            return all(self._true(c, probe) for c in condition.args)
        if isinstance(condition, sp.Or):
            return any(self._true(c, probe) for c in condition.args)
        if isinstance(condition, sp.Not):
            return not self._true(condition.args[0], probe)
        gap = self.sign(self._resolved(condition.lhs - condition.rhs, probe).subs(self.x, probe))
        return {">": gap > 0, ">=": gap >= 0, "<": gap < 0, "<=": gap <= 0, "==": gap == 0, "!=": gap != 0}[
            condition.rel_op
        ]
