"""What must hold of the parameters for a formula to be a point of the domain: proved away, refuted, or printed.

The requirements are those of the domain (``stationarity.domain``) at the formula and those of the formula itself: its
roots, logarithms and denominators. ``calculus.signs`` decides; a requirement that it proves goes, one that it refutes
excludes the formula, and the others stay as relations ``gap > 0`` (``>=``, ``!=``, ``==``) between parameters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import sympy as sp

from closedform.algebra import bridge
from closedform.algebra.bridge import text
from closedform.calculus.signs import KnownSigns
from closedform.expression import MIRRORED, Node
from closedform.stationarity.domain import defined
from closedform.stationarity.location import Requirement
from closedform.stationarity.scalar import Stationarity

MAX_OPS = 150  # of a condition that is factored
MAX_HELD = 80  # operations of conditions that are held against each other
MAX_PRUNED = 6  # conditions that are held against each other
TRUE_AT = {">": (1,), ">=": (1, 0, 2), "!=": (1, -1), "==": (0,)}
IMPLIED = {">": (">", ">=", "!="), ">=": (">=",), "==": ("==", ">="), "!=": ("!=",)}
FALSE_AT = {">": (-1, 0, -2), ">=": (-1,), "!=": (0,), "==": (1, -1)}


class Opaque(ValueError):
    """The formula passes through complex numbers, so that no sign rule tells where it is real."""


class Conditions:
    """The requirements of one system, and the sign rules for its parameters."""

    def __init__(self, system: Stationarity, more: Sequence[Any] = ()) -> None:
        self.system = system
        self.own = set(system.unknowns)
        given = [r for r in system.relations if not r.free_symbols & self.own]
        self.facts = KnownSigns((*given, *more))
        self.given = (*given, *more)
        self._gaps = {t.lhs - t.rhs: t.rel_op for t in map(_turned, self.given) if isinstance(t, sp.Rel)}
        self._table = self._names()
        self._under = dict[tuple[Any, ...], Conditions]()  # the same cases are asked again and again

    def _names(self) -> dict[str, Any]:
        system = self.system
        table = dict(bridge.symbols(system.problem))
        for e in (system.loss, *(system.gradient or ()), *system.equations, *system.relations):
            if e is not None:
                columns = {b.label for b in e.atoms(sp.IndexedBase)}
                table |= {s.name: s for s in e.free_symbols - columns if isinstance(s, sp.Symbol)}
        return table | {u.name: u for u in system.unknowns}

    @cached_property
    def asked(self) -> tuple[Any, ...]:
        """What the text asks of the parameters alone to be defined at all, as far as it is not given."""
        own = (r for r in self.system.domain.requirements if not (self._unknown_in(r) or r.sums or r.guards))
        return self.joined((), [self._relation(r, {}) for r in own])

    def under(self, conditions: Sequence[Any]) -> Conditions:
        """The same rules with conditions taken as given."""
        key = tuple(conditions)
        if key and key not in self._under:
            self._under[key] = Conditions(self.system, (*self.given, *key))
        return self._under[key] if key else self

    # -- deciding ---------------------------------------------------------------------------------------------------

    def decide(self, relation: Any) -> bool | None:
        """Whether a relation between parameters holds for all of them, or for none; None where neither is proved."""
        if relation in (sp.true, sp.false):
            return bool(relation)
        relation = _turned(relation)
        gap = relation.lhs - relation.rhs
        if relation.rel_op in ("!=", "==") and self.facts.is_nonzero(gap):
            return relation.rel_op == "!="
        sign = self.facts.sign(gap)
        if sign is None and _is_tame(gap):
            sign = self.facts.sign(sp.factor(sp.together(gap)))
        if sign in TRUE_AT[relation.rel_op]:
            return True
        if sign in FALSE_AT[relation.rel_op]:
            return False
        return True if relation.rel_op in IMPLIED.get(self._gaps.get(gap, ""), ()) else None

    def signed(self, value: Any) -> Any:
        """The value without factors of a proved sign, turned so that its sign is kept."""
        kept, way = sp.S.One, 1
        for f in sp.Mul.make_args(value):
            base, exponent = f.as_base_exp()
            sign = self.facts.sign(f)
            if sign in (1, -1):
                way *= sign
            elif exponent.is_Rational and not exponent.is_integer:
                kept *= base if exponent > 0 else sp.S.One  # a root is positive where its radicand is
            elif exponent.is_integer and exponent.is_negative and base.is_real:
                kept *= sp.S.One if exponent.is_even else base  # a denominator, which is not zero where it counts
            else:
                kept *= f
        return way * kept

    def vanishing(self, value: Any) -> Any:
        """What is zero exactly where the value is: its factors above the line that are not proved to differ from zero."""
        powers = [f.as_base_exp() for f in sp.Mul.make_args(value)]
        return sp.Mul(*(b for b, e in powers if not e.is_negative and self.facts.sign(b) not in (1, -1)))

    def _simple(self, relation: Any) -> Any:
        """An equivalent relation ``gap op 0`` without factors of a known sign, true or false where that is decided."""
        decided = self.decide(relation)
        if decided is not None:
            return sp.true if decided else sp.false
        relation = _turned(relation)
        gap, op = _bare(relation.lhs - relation.rhs, relation.rel_op), relation.rel_op
        if _is_tame(gap):
            gap = sp.factor(sp.together(gap))
            gap = self.signed(gap) if op in (">", "!=") else _positive_factors_out(gap, self.facts)
            if op in ("!=", "=="):
                powers = [f.as_base_exp() for f in sp.Mul.make_args(gap) if f.free_symbols]
                bases = [b for b, e in powers if op == "!=" or not e.is_negative]  # nothing divided is zero
                gap = sp.Mul(*(b for b in bases if not self.facts.is_nonzero(b)))
                gap = -gap if gap.could_extract_minus_sign() else gap
        weak = self.facts.sign(gap)
        if op == "!=" and weak in (2, -2):
            gap, op = (gap if weak == 2 else -gap), ">"
        powers = [f.as_base_exp() for f in sp.Mul.make_args(gap) if f.free_symbols]
        if op == ">=" and powers and all(e.is_integer and e.is_negative for _, e in powers):
            gap, op = self.signed(gap), ">"  # one over something is not zero
        return sp.Rel(gap, 0, op)

    def joined(self, conditions: Sequence[Any], more: Iterable[Any]) -> tuple[Any, ...]:
        """The conditions with more of them, each as short as the others allow; those are left out that follow."""
        out = dict.fromkeys(conditions)
        for r in more:
            for part in _factors_apart(self._simple(r)):
                out[part] = None
        out.pop(sp.true, None)
        if sp.false in out:
            return tuple(out)
        kept = self._put_in(list(out))
        if sp.false in kept:
            return tuple(kept)
        kept = _strict(kept)
        if not 1 < len(kept) <= MAX_PRUNED or not all(map(_is_short, kept)):
            return tuple(kept)
        changed = True
        while changed:
            changed = False
            for c in sorted(kept, key=lambda r: (r.rel_op == ">", -sp.count_ops(r))):
                short = self.under([k for k in kept if k is not c])._simple(c) if len(kept) > 1 else c
                if short == sp.false:
                    return (sp.false,)
                if short == sp.true:
                    kept.remove(c)
                elif _length(short) < _length(c):
                    kept[kept.index(c)], changed = short, True
        return tuple(_strict(list(dict.fromkeys(kept))))

    def _put_in(self, conditions: list[Any]) -> list[Any]:
        """With the values put in that the equalities among them fix."""
        put = solved(conditions)
        if not put:
            return conditions
        out = list[Any]()
        for c in conditions:
            there = c if c.rel_op == "==" or not c.free_symbols & put.keys() else _substituted(c, put)
            if there is not c and there not in (sp.true, sp.false):
                there = self._simple(there) if sp.count_ops(there) <= sp.count_ops(c) else c
            out += [part for part in _factors_apart(there) if part != sp.true]
        return out

    def possible(self, conditions: Sequence[Any]) -> bool:
        """False where the conditions are proved to contradict each other."""
        if sp.false in conditions or self._contradict(conditions):
            return False
        if len(conditions) > MAX_PRUNED or not all(map(_is_short, conditions)):
            return True
        return all(self.under([k for k in conditions if k is not c]).decide(c) is not False for c in conditions)

    def _contradict(self, conditions: Sequence[Any]) -> bool:
        """Is one of them refuted once the equalities among them are put in?"""
        put = solved(conditions)
        return bool(put) and any(_substituted(c, put) == sp.false for c in conditions if c.rel_op != "==")

    # -- reading ----------------------------------------------------------------------------------------------------

    def at(self, point: Mapping[Any, Any], guards: Sequence[Any] = (), closed: bool = True) -> tuple[Any, ...] | None:
        """The conditions under which the point is real and in the domain; None where they are never met.

        With ``closed`` false the closed bounds that the problem states are left out. Raises ``Opaque``.
        """
        relations = list[Any](guards)
        for v in point.values():
            if v.has(sp.nan, sp.zoo, sp.oo, sp.S.NegativeInfinity):
                return None
            if v.is_real is False and not v.has(sp.I):
                return None
            if v.has(sp.I) or self._cancels_complex_parts(v):
                raise Opaque("a formula passes through complex numbers")
            for r in defined(bridge.from_sympy(v)):
                relations.append(self._relation(r, {}))
        for r in self.system.domain.requirements:
            if not closed and r.op in (">=", "<=") and f" {r.op} " in r.why:
                continue
            if self._unknown_in(r):
                relations.append(self._relation(r, point))
        relations += self.asked
        for u in self.system.unknowns:
            if u.is_positive and point[u] != u:
                relations.append(sp.Gt(point[u], 0, evaluate=False))
        relations += [sp.Ne(e.subs(point, simultaneous=True), 0) for e in self.system.nonzero]
        out = self.joined((), [r for r in relations if r != sp.true])
        return out if self.possible(out) else None

    def _cancels_complex_parts(self, value: Any) -> bool:
        """May a formula be real where a root in it is not, as Cardano's with two cube roots is at three real roots?

        A single root of odd order is not: what it asks is then necessary, too.
        """
        powers = [p for p in value.atoms(sp.Pow) if p.exp.is_Rational and not p.exp.is_Integer]
        if any(p.base.is_negative for p in powers):
            return True
        odd = [p for p in powers if p.exp.q > 2 and not p.base.is_nonnegative]
        return len(odd) > 1 and sum(self.decide(sp.Ge(p.base, 0)) is not True for p in odd) > 1

    def _unknown_in(self, r: Requirement) -> bool:
        return bool(r.text_names & {u.name for u in self.system.unknowns})

    def _relation(self, r: Requirement, point: Mapping[Any, Any]) -> Any:
        indices = {i: sp.Symbol(i, integer=True, positive=True) for i, _, _ in r.sums}
        gap = self._expression(r.gap, indices).subs(point, simultaneous=True)
        op = {"=": "=="}.get(r.op, r.op)
        if op == "finite":
            gap, op = gap.args[-1] if gap.args else gap, ">"
        if r.guards:  # asked where the piece counts alone: elsewhere a number stands for the gap that meets it
            where = sp.And(*(self._expression(g, indices).subs(point, simultaneous=True) for g in r.guards))
            gap = sp.Piecewise((gap, where), (_MEETS[op], True), evaluate=False)
        relation = sp.Rel(gap, 0, op, evaluate=r.op != "finite") if gap.free_symbols else _of_number(gap, op)
        if r.sums and relation != sp.true and self.decide(relation) is not True:
            raise Opaque(f"it is open for every row whether {r.why} is real")
        return relation

    def _expression(self, node: Node, more: Mapping[str, Any]) -> Any:
        return bridge.to_sympy(node, {**self._table, **more})

    def solving(self, point: Mapping[Any, Any], conditions: Sequence[Any]) -> tuple[Any, ...] | None:
        """The equations that are left to hold at the point; None where they are too long to be asked."""
        out = list[Any]()
        for e in self.system.equations:
            value = e.subs(point, simultaneous=True)
            if sp.count_ops(value) > MAX_OPS:
                return None
            value = sp.simplify(value)
            if value == 0:
                continue
            relation = sp.Eq(value, 0, evaluate=False)
            if sp.count_ops(value) > 60 or self.under(conditions).decide(relation) is False:
                return None
            out.append(relation)
        return tuple(out)


def solved(conditions: Sequence[Any]) -> dict[Any, Any]:
    """The parameters that equalities fix, each linear in one with a number as its coefficient."""
    out = dict[Any, Any]()
    for c in conditions:
        if c.rel_op != "==":
            continue
        gap = (c.lhs - c.rhs).subs(out)
        for s in sorted(gap.free_symbols, key=str):
            if gap.is_polynomial(s) and sp.degree(gap, s) == 1 and not sp.diff(gap, s).free_symbols:
                value = sp.expand(s - gap / sp.diff(gap, s))
                out = {k: v.subs(s, value) for k, v in out.items()} | {s: value}
                break
    return out


def _factors_apart(relation: Any) -> tuple[Any, ...]:
    """Of a*b^2 > 0 (a*|b| > 0) the relations a > 0 and b != 0: an even power or absolute value can only vanish."""
    if relation in (sp.true, sp.false) or relation.rel_op != ">" or relation.rhs != 0:
        return (relation,)
    factors = [f.as_base_exp() for f in sp.Mul.make_args(relation.lhs)]
    even = [b for b, e in factors if (isinstance(b, sp.Abs) or (e.is_even and b.is_real)) and e.is_positive]
    if not even:
        return (relation,)
    rest = sp.Mul(*(base**power for base, power in factors if base not in even))
    apart = [sp.Ne(b.args[0] if isinstance(b, sp.Abs) else b, 0, evaluate=False) for b in even]
    if not rest.free_symbols:
        return tuple(apart) if rest > 0 else (sp.false,)
    return (sp.Gt(rest, 0, evaluate=False), *apart)


def _bare(gap: Any, op: str) -> Any:
    """A product compared with zero, with u in place of sign(u), and of |u| where only zero counts."""
    same = (sp.sign, sp.Abs) if op in ("!=", "==") else (sp.sign,)
    if not gap.has(*same):
        return gap
    powers = [f.as_base_exp() for f in sp.Mul.make_args(gap)]
    bare = [(b.args[0] if isinstance(b, same) and b.args[0].is_real else b, e) for b, e in powers]
    if op in ("!=", "=="):  # zero once is zero twice
        bare = dict.fromkeys((b, sp.S.One if e.is_positive else e) for b, e in bare)
    return sp.Mul(*(b**e for b, e in bare))


def _substituted(relation: Any, put: Mapping[Any, Any]) -> Any:
    """The relation at values of some parameters; false where it divides by zero, itself where a root seems not real."""
    gap = (relation.lhs - relation.rhs).subs(put)
    if gap.has(sp.zoo, sp.nan):
        return sp.false
    return relation if gap.is_extended_real is False else sp.Rel(gap, 0, relation.rel_op)


def _length(relation: Any) -> tuple[int, int]:
    return len(relation.free_symbols), sp.count_ops(relation)


def _strict(conditions: list[Any]) -> list[Any]:
    """With gap > 0 for the two of gap >= 0 and gap != 0."""
    nonzero = {way * (c.lhs - c.rhs): c for c in conditions if c.rel_op == "!=" for way in (1, -1)}
    out = dict[Any, None]()
    dropped = list[Any]()
    for c in conditions:
        if c.rel_op == ">=" and (twin := nonzero.get(c.lhs - c.rhs)) is not None:
            dropped.append(twin)
            c = sp.Gt(c.lhs, c.rhs, evaluate=False)
        out[c] = None
    return [c for c in out if c not in dropped]


_MEETS = {">": 1, ">=": 1, "!=": 1, "<": -1, "<=": -1, "==": 0}


def _is_short(relation: Any) -> bool:
    return relation in (sp.true, sp.false) or sp.count_ops(relation) <= MAX_HELD


def _is_tame(gap: Any) -> bool:
    """Is the expression short, without roots in roots or case distinctions, so that factoring it is quick?"""
    if sp.count_ops(gap) > MAX_OPS or gap.has(sp.Abs, sp.sign, sp.acos, sp.Piecewise):
        return False
    roots = [p for p in gap.atoms(sp.Pow) if not p.exp.is_integer and p.free_symbols]
    return len(roots) <= 3 and not any(q is not p and q.has(p) for p in roots for q in roots)


def _turned(relation: Any) -> Any:
    """The relation with < and <= written as > and >=."""
    if isinstance(relation, sp.Rel) and relation.rel_op in ("<", "<="):
        return sp.Rel(relation.rhs, relation.lhs, MIRRORED[relation.rel_op])
    return relation


def _of_number(gap: Any, op: str) -> Any:
    value = {">": gap > 0, ">=": gap >= 0, "<": gap < 0, "<=": gap <= 0, "!=": sp.Ne(gap, 0), "==": sp.Eq(gap, 0)}[op]
    return value


def _positive_factors_out(gap: Any, facts: KnownSigns) -> Any:
    kept, way = sp.S.One, 1
    for f in sp.Mul.make_args(gap):
        sign = facts.sign(f)
        if sign in (1, -1):
            way *= sign
        else:
            kept *= f
    return way * kept


def shown(relation: Any) -> str:
    """The relation as text that reads back: terms with a minus sign on the other side.

    >>> a, b = sp.symbols("a b", real=True)
    >>> shown(sp.Gt(50 - a, 0)), shown(sp.Ne(a * b, 0)), shown(sp.Ge(a**2 - 4 * b, 0))
    ('a < 50', 'a*b != 0', 'a**2 >= 4*b')
    """
    if relation in (sp.true, sp.false):
        return str(bool(relation)).lower()
    gap, op = relation.lhs - relation.rhs, relation.rel_op
    terms = sp.Add.make_args(sp.expand(gap) if sp.count_ops(gap) < 30 and not isinstance(gap, sp.Mul) else gap)
    if isinstance(gap, sp.Mul) and op in (">", ">=", "<", "<=") and gap.could_extract_minus_sign():
        gap, op = -gap, MIRRORED[op]
        terms = (gap,)
    left = [t for t in terms if not t.could_extract_minus_sign() and t.free_symbols]
    right = [-t for t in terms if t not in left]
    if not left:
        left, right, op = right, [], MIRRORED[op]
        numbers = [t for t in left if not t.free_symbols]
        left, right = [t for t in left if t.free_symbols], [-t for t in numbers]
    sides = sp.Add(*left), sp.Add(*right)
    return f"{text(sides[0])} {'=' if op == '==' else op} {text(sides[1])}"
