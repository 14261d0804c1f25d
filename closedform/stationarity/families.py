"""Curves, lines and larger sets of solutions: a parametrisation, its dimension, and where it is real.

A candidate that leaves unknowns free is a set of solutions where its coordinates are real and in the domain. The conditions
are read off the expressions (radicands, logarithms, denominators, relations). In one free unknown over Q they are solved:
into bounds, into nothing, or into single points. That every member is a solution is shown by simplification.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import sympy as sp
from sympy import Expr

from closedform.algebra import bridge
from closedform.algebra.bridge import text
from closedform.calculus.signs import KnownSigns
from closedform.expression import MIRRORED
from closedform.frozen import record
from closedform.stationarity.location import Requirement
from closedform.stationarity.scalar import Stationarity

MAX_OPS = 400
UNCLEAR = "where a family of solutions is defined was not understood"
MAX_ASKED = 6  # conditions that are held against each other


@record
class Family:
    """``point`` gives each unknown in terms of the ``free`` ones, under ``conditions`` on these."""

    point: Mapping[Any, Any]
    free: tuple[Any, ...]
    conditions: tuple[str, ...]
    gaps: tuple[tuple[Any, str], ...]  # the same as expressions compared with zero

    @property
    def words(self) -> str:
        kind = {1: "a curve", 2: "a surface"}.get(len(self.free), f"a set of dimension {len(self.free)}")
        given = ", ".join(f"{u} = {text(v)}" for u, v in self.point.items() if u != v)
        where = f" where {' and '.join(self.conditions)}" if self.conditions else ""
        return f"{kind}: {given}{', ' if given else ''}{', '.join(map(str, self.free))} free{where}"

    def holds(self, point: Mapping[Any, Any]) -> bool:
        """Is a single point, or every member of another family, a member of this one, exactly?"""
        at = {u: point[u] for u in self.free}
        if self.gaps and any(v.free_symbols for v in point.values()):
            return False
        try:
            if any(sp.simplify(v.subs(at, simultaneous=True) - point[u]) != 0 for u, v in self.point.items()):
                return False
            return all(_meets(g.subs(at, simultaneous=True), op) for g, op in self.gaps)
        except (TypeError, ValueError):
            return False


def largest(families: Iterable[Family]) -> list[Family]:
    """The families without those that lie in another one."""
    kept = list[Family]()
    for family in families:
        if not any(other.holds(family.point) for other in kept):
            kept = [other for other in kept if not family.holds(other.point)] + [family]
    return kept


def family_of(system: Stationarity, point: Mapping[Any, Any]) -> Family | list[dict[Any, Any]] | str:
    """The set of solutions of a candidate with free unknowns; single points where that is all; words where it is open.

    An empty list: no member is real or in the domain.
    """
    free = tuple(u for u in system.unknowns if point[u] == u)
    if _is_unclear(system.domain.own()):
        return UNCLEAR
    if set().union(*(v.free_symbols for v in point.values())) - set(free):
        return "a family of solutions was not understood"
    gaps = _gaps(system, point)
    left = _open(system, gaps, free)
    if left is None:
        return []
    if not _solves(system, point):
        return "that every member of a family solves the equations was not shown"
    conditions, points = _conditions(left, free)
    if conditions is None:
        return [{u: sp.simplify(v.subs(free[0], p)) if u != free[0] else p for u, v in point.items()} for p in points]
    return Family(dict(point), free, _as_text(left) if points else conditions, tuple(left))


def where(system: Stationarity, point: Mapping[Any, Any]) -> tuple[str, ...] | str | None:
    """Which members of a family of solutions lie in the domain: conditions, words where it is open, None for no member."""
    free = tuple(u for u in system.unknowns if u in point and point[u] == u)
    asked = system.domain.own()
    if _is_unclear(asked):
        return UNCLEAR
    left = _open(system, _asked(system, asked, point), free)
    if left is None:
        return None
    conditions, points = _conditions(left, free)
    return "a family of solutions meets the domain in single points" if points else conditions


def _is_unclear(asked: Iterable[Requirement]) -> bool:
    return any(r.sums or r.guards or r.op == "finite" for r in asked)


def _conditions(left: list[tuple[Any, str]], free: tuple[Any, ...]) -> tuple[tuple[str, ...] | None, list[Any]]:
    """The conditions, solved for one free unknown over Q, None where they leave no interval; and the single points they leave."""
    solved = _on_the_line(left, free[0]) if left and len(free) == 1 else None
    if solved is None:
        return _as_text(left), []
    pieces, points = solved
    return _worded(pieces, free[0]) if pieces else None, points


def _as_text(gaps: Iterable[tuple[Any, str]]) -> tuple[str, ...]:
    return tuple(f"{text(g)} {op} 0" for g, op in gaps)


def _open(system: Stationarity, gaps: Iterable[tuple[Any, str]], free: tuple[Any, ...]) -> list[tuple[Any, str]] | None:
    """What is asked of the free unknowns and not proved; None where it is refuted."""
    asked = _asked(system, (r for r in system.domain.own() if f" {r.op} " not in r.why), {}, stated=False)
    asked = list(asked)
    known = [r for r in system.relations if r.free_symbols and r.free_symbols <= set(free)]
    known = [
        r for r in known if not any(_is_same(r, gap, op) for gap, op in asked)
    ]  # what the text asks is told, not known
    facts = KnownSigns(known)
    left = dict[tuple[Any, str], None]()
    for gap, op in gaps:
        gap = sp.factor(gap) if sp.count_ops(gap) < MAX_OPS else gap
        if not gap.free_symbols:
            if not _meets(gap, op):
                return None
            continue
        sign = facts.sign(gap)
        if (sign in (1, 2) and op == ">=") or (sign == 1 and op in (">", "!=")) or (sign == -1 and op == "!="):
            continue
        if (sign == -1 and op in (">", ">=")) or (sign in (0, -2) and op == ">") or (sign == 0 and op == "!="):
            return None
        left[gap, op] = None
    for gap, op in sorted(left, key=lambda part: -sp.count_ops(part[0])) if len(left) <= MAX_ASKED else ():
        others = [sp.Rel(g, 0, o) for g, o in left if (g, o) != (gap, op)]
        sign = KnownSigns([*known, *others]).sign(gap)
        if sign == 1:
            del left[gap, op]  # it follows
        elif sign == -1 and op in (">", ">="):
            return None  # no member
    return list(left)


def _is_same(relation: Any, gap: Any, op: str) -> bool:
    """Does a relation say that ``gap`` compares with zero so, up to a positive factor and the side it stands on?"""
    turned = relation.rel_op in ("<", "<=")
    own = relation.rhs - relation.lhs if turned else relation.lhs - relation.rhs
    return (MIRRORED[relation.rel_op] if turned else relation.rel_op) == op and bool(sp.cancel(own / gap).is_positive)


def _gaps(system: Stationarity, point: Mapping[Any, Any]) -> list[tuple[Any, str]]:
    """What must be compared with zero: parts of the coordinates, relations, what must not vanish."""
    out = dict[tuple[Any, str], None]()
    for v in point.values():
        for node in sp.preorder_traversal(v):
            if isinstance(node, sp.Pow) and node.base.free_symbols:
                if node.exp.is_number and not node.exp.is_integer:
                    out[node.base, ">=" if node.exp.is_positive else ">"] = None
                elif node.exp.is_negative:
                    out[node.base, "!="] = None
            elif isinstance(node, sp.log) and node.free_symbols:
                out[node.args[0], ">"] = None
    out |= dict.fromkeys(_asked(system, system.domain.own(), point))
    for e in system.nonzero:
        base, power = e.subs(dict(point), simultaneous=True).as_base_exp()
        out[(base, ">") if power.is_Rational and not power.is_integer else (base**power, "!=")] = None
    return list(out)


def _asked(
    system: Stationarity, requirements: Iterable[Requirement], point: Mapping[Any, Any], stated: bool = True
) -> Iterator[tuple[Any, str]]:
    """The relations (if ``stated``) and the requirements at the members of a family, turned to >, >= and !=."""
    table = bridge.symbols(system.problem) | {u.name: u for u in system.unknowns}
    own = set(system.unknowns) if stated else set[Any]()
    asked = [(r.lhs - r.rhs, r.rel_op) for r in system.relations if r.free_symbols & own]
    asked += [(bridge.to_sympy(r.gap, table), r.op) for r in requirements]
    for gap, op in asked:
        if op not in ("==", "="):
            gap = gap.subs(dict(point), simultaneous=True)
            yield (gap, op) if op in (">", ">=", "!=") else (-gap, MIRRORED[op])


def _meets(gap: Expr, op: str) -> bool:
    gap = sp.simplify(gap)
    if not gap.is_comparable:
        return False
    return bool({">": gap > 0, ">=": gap >= 0, "!=": gap != 0}[op])


def _solves(system: Stationarity, point: Mapping[Any, Any]) -> bool:
    for e in system.gradient or system.equations:
        at = e.subs(dict(point), simultaneous=True)
        if sp.count_ops(at) > MAX_OPS or sp.simplify(sp.expand(at)) != 0:
            return False
    return True


def _on_the_line(gaps: list[tuple[Any, str]], x: Any) -> tuple[list[tuple[Any, Any, bool, bool]], list[Any]] | None:
    """The intervals (low, high, closed at low, at high) and single points where all hold; None where it is no task over Q."""
    marks = set[Any]()
    for gap, _ in gaps:
        top, bottom = sp.fraction(sp.together(gap))
        for e in (top, bottom):
            if x not in e.free_symbols:
                continue
            if not e.is_polynomial(x) or not all(c.is_Rational for c in sp.Poly(e, x).all_coeffs()):
                return None
            marks |= set(sp.real_roots(sp.Poly(e, x)))
    ends = sorted(marks)
    probes = [ends[0] - 1, *((a + b) / 2 for a, b in itertools.pairwise(ends)), ends[-1] + 1] if ends else [sp.S.Zero]

    def all_hold(value: Any) -> bool:
        for gap, op in gaps:
            at = gap.subs(x, value)
            if at.has(sp.zoo, sp.nan) or not _meets(at, op):
                return False
        return True

    inside = [all_hold(p) for p in probes]
    at_mark = [all_hold(m) for m in ends]
    pieces, points = list[tuple[Any, Any, bool, bool]](), list[Any]()
    start: tuple[Any, bool] | None = None
    for i, holds in enumerate(inside):
        before = at_mark[i - 1] if i else False
        if holds and start is None:
            start = (ends[i - 1] if i else None, before)
        if i < len(ends):
            if start is not None and not (at_mark[i] and inside[i + 1]):
                pieces.append((start[0], ends[i], start[1], at_mark[i]))
                start = None
            elif start is None and at_mark[i] and not inside[i + 1]:
                points.append(ends[i])
    if start is not None:
        pieces.append((start[0], None, start[1], False))
    return pieces, points


def _worded(pieces: list[tuple[Any, Any, bool, bool]], x: Any) -> tuple[str, ...]:
    def one(piece: tuple[Any, Any, bool, bool]) -> list[str]:
        low, high, at_low, at_high = piece
        out = [] if low is None else [f"{text(low)} {'<=' if at_low else '<'} {x}"]
        return out if high is None else [*out, f"{x} {'<=' if at_high else '<'} {text(high)}"]

    if len(pieces) == 1:
        return tuple(one(pieces[0]))
    holes = [b[0] for a, b in itertools.pairwise(pieces) if a[1] == b[0]]
    if len(holes) == len(pieces) - 1 and pieces[0][0] is None and pieces[-1][1] is None:
        return tuple(f"{x} != {text(h)}" for h in holes)
    return (" or ".join(" and ".join(one(p)) for p in pieces),)
