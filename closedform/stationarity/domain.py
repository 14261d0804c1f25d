"""The domain of a problem: what its relations and box ask, and where every part of the text as written is defined.

A point lies in it when each ``Requirement`` holds there. The requirements are read off the text before anything is
simplified: ``exp(log(x))`` asks for x > 0 although it is x, ``1/x - 1/x`` for x != 0. The answer at a point is inside,
outside or unknown; what a ball cannot tell apart is decided exactly (kernel/algebra/tower.py) where the point is given
by an expression or as a root of a polynomial, and stays unknown otherwise: it is then neither inside nor outside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from fractions import Fraction
from typing import Any

from closedform.algebra import bridge
from closedform.errors import CallError
from closedform.expression import MIRRORED, RELATIONS, Node, add, call, free_names, negate, number
from closedform.frozen import FrozenMap, record
from closedform.problem import Problem
from closedform.reading.language import unparse
from closedform.reading.powers import least_whole, plainly_positive, whole_names
from closedform.stationarity.location import Location, Requirement, Side, truth


@record
class Domain:
    """Where a problem asks its question. ``requirements`` in the order of the text, inner parts before outer ones."""

    unknowns: tuple[str, ...]
    requirements: tuple[Requirement, ...]

    @staticmethod
    def of(problem: Problem) -> Domain:
        """The domain of a problem with scalar unknowns; raises ``CallError`` where a part of constants is not real.

        >>> from closedform.problem import read
        >>> [(r.op, r.why) for r in Domain.of(read("log(x - 1)/(x - 2)", assumptions=["x<=9"])).requirements]
        [('<=', 'x <= 9'), ('>', 'log(x - 1)'), ('!=', '1/(x - 2)')]
        """
        stated = [r for relation in _stated(problem) for r in _of_relation(relation)]
        positive = {
            str(r.gap.name)
            for r in stated
            if r.op == ">" and r.gap.name is not None  # x > 0 as it stands
        }
        exponents = whole_names((*problem.relations, *problem.constraints), problem.properties)
        out = dict[Requirement, None].fromkeys(stated)
        texts = [t for t in (problem.loss, *problem.equations) if t is not None]
        for text in (*texts, *(c for r in _stated(problem) for c in r.children)):
            for requirement in _definedness(text, (), (), frozenset(positive), exponents):
                out[requirement] = None
        whole = any("integer" in words for words in problem.properties.values())  # (-1)^k is real for these
        for r in out:
            if (
                not whole
                and not r.text_names
                and not r.guards
                and not r.sums
                and Location(balls={}).meets(r) == "outside"
            ):
                raise CallError(f"{r.why} is not real: {unparse(r.gap)} {r.op} 0 does not hold")
        return Domain(problem.unknowns, _strictest(out))

    @staticmethod
    def of_relations(
        unknowns: tuple[Any, ...], relations: tuple[Any, ...], nonzero: tuple[Any, ...], loss: Any = None
    ) -> Domain:
        """The domain of a reduced system: its SymPy relations, expressions that must not vanish, where its loss is real."""
        out = list[Requirement]()
        for r in relations:
            try:
                left, right = bridge.from_sympy(r.lhs), bridge.from_sympy(r.rhs)
            except bridge.NoTranslation:
                continue
            op = "=" if r.rel_op == "==" else str(r.rel_op)
            out += [*_definedness(add(left, negate(right)), (), (), frozenset()), _requirement(op, left, right)]
        for e in nonzero:
            try:
                node = bridge.from_sympy(e)
            except bridge.NoTranslation:
                continue
            out.append(Requirement(node, "!=", "a denominator"))
        if loss is not None:
            with suppress(bridge.NoTranslation):
                out += defined(bridge.from_sympy(loss))
        return Domain(tuple(u.name for u in unknowns), _strictest(dict.fromkeys(out)))

    def own(self) -> tuple[Requirement, ...]:
        """The requirements that speak of an unknown."""
        return tuple(r for r in self.requirements if r.text_names & set(self.unknowns))

    def holds(self, location: Location) -> Side:
        """Whether the point lies in the domain; proved unless "unknown"."""
        side: Side = "inside"
        for requirement in self.requirements:
            found = location.meets(requirement)
            if found == "outside":
                return "outside"
            if found == "unknown":
                side = "unknown"
        return side


def _strictest(requirements: Iterable[Requirement]) -> tuple[Requirement, ...]:
    """The requirements without u >= 0 or u != 0 where u > 0 is asked as well."""
    listed = tuple(requirements)
    strict = {(r.gap, r.guards, r.sums) for r in listed if r.op == ">"}
    return tuple(r for r in listed if r.op not in (">=", "!=") or (r.gap, r.guards, r.sums) not in strict)


EVERYWHERE = Domain((), ())


def defined(value: Node) -> tuple[Requirement, ...]:
    """Where an expression has a real value: what its parts ask for, inner parts before outer ones."""
    return tuple(dict.fromkeys(_definedness(value, (), (), frozenset())))


# -- reading requirements ----------------------------------------------------------------------------------------


def _stated(problem: Problem) -> list[Node]:
    """Relations, constraints and the box (closed ends), conjunctions and chains taken apart."""
    out = bridge.flat_relations((*problem.relations, *problem.constraints))
    return [r for r in out if r.head in RELATIONS and len(r.children) == 2]


def _of_relation(relation: Node) -> list[Requirement]:
    return [_requirement(relation.head, *relation.children)]


def _requirement(op: str, left: Node, right: Node) -> Requirement:
    if left.number is not None and right.number is None:  # 0 < x is x > 0
        left, right, op = right, left, MIRRORED[op]
    gap = left if right.number == 0 else add(left, negate(right))
    return Requirement(gap, op, f"{unparse(left)} {op} {unparse(right)}")


def _definedness(
    node: Node,
    guards: tuple[Node, ...],
    sums: tuple[tuple[str, Node, Node], ...],
    positive: frozenset[str],
    whole: Mapping[str, Fraction] = FrozenMap(),
) -> Iterator[Requirement]:
    """What the parts of an expression need to be real and finite, inner parts first; ``whole`` names have least values."""
    if node.head in ("num", "name", "@"):
        return
    if node.head == "piecewise":
        yield from _of_pieces(node, guards, sums, positive, whole)
        return
    inner = sums
    if node.head in ("sum", "prod") and len(node.children) == 4:
        index, low, high, _ = node.children
        inner = (*sums, (str(index.name), low, high))
        positive = positive - {str(index.name)}
    for child in node.children:
        yield from _definedness(child, guards, inner, positive, whole)
    for op, gap in _needs(node, {**whole, **{index: low.number for index, low, _ in inner}}):
        if op in (">", ">=", "!=") and plainly_positive(gap, positive, op == ">="):
            continue
        edge = None
        if node.head in ("asin", "acos"):
            u = node.children[0]
            edge = (u, Fraction(-1 if gap == add(_ONE, u) else 1))
        yield Requirement(gap, op, unparse(node), guards, sums, edge)


def _of_pieces(
    node: Node,
    guards: tuple[Node, ...],
    sums: tuple[tuple[str, Node, Node], ...],
    positive: frozenset[str],
    whole: Mapping[str, Fraction],
) -> Iterator[Requirement]:
    earlier = tuple[Node, ...]()
    for piece in node.children:
        value, condition = piece.children
        here = (*guards, *earlier) if truth(condition) else (*guards, *earlier, condition)
        yield from _definedness(value, here, sums, positive, whole)
        for part in condition.children:
            yield from _definedness(part, (*guards, *earlier), sums, positive, whole)
        earlier = (*earlier, call("not", condition))


def _needs(node: Node, whole: Mapping[str, Fraction | None]) -> list[tuple[str, Node]]:
    """The comparisons (op, gap) with zero that one node asks for beyond its parts."""
    args = node.children
    if node.head == "^":
        least = least_whole(args[1], whole)
        return _needs_of_power(args[0], args[1] if least is None else number(least))
    if node.head == "I":
        return [_NEVER]
    rule = _RULES.get(node.head)
    return rule(*args) if rule is not None else []


def _needs_of_power(base: Node, exponent: Node) -> list[tuple[str, Node]]:
    k = exponent.number
    if k is not None and k.denominator == 1:
        return _nonzero(base) if k < 0 else []
    if k is not None:
        return [(">=" if k > 0 else ">", base)]
    if (base.number is not None and base.number > 0) or base.head in ("e", "pi", "exp"):
        return []
    fixed = not free_names(exponent) and Location(balls={}).compare(exponent, ">") == "inside"
    return [(">=" if fixed else ">", base)]  # 0^pi is 0


def _nonzero(base: Node) -> list[tuple[str, Node]]:
    """What a denominator asks for: of each factor that it is not zero, of a root that its argument is positive."""
    if base.head == "*":
        return [need for factor in base.children if factor.number is None for need in _nonzero(factor)]
    if base.head == "sqrt":
        return [(">", base.children[0])]
    k = base.children[1].number if base.head == "^" else None
    if k is not None and k > 0:
        return _nonzero(base.children[0]) if k.denominator == 1 else [(">", base.children[0])]
    return [("!=", base)]


_ONE = number(1)
_OF_ONE: dict[str, Callable[[Node], list[tuple[str, Node]]]] = {
    "log": lambda u: [(">", u)],
    "loggamma": lambda u: [(">", u)],
    "sqrt": lambda u: [(">=", u)],
    "tan": lambda u: [("!=", call("cos", u))],
    "asin": lambda u: [(">=", add(_ONE, u)), (">=", add(_ONE, negate(u)))],
    "acos": lambda u: [(">=", add(_ONE, u)), (">=", add(_ONE, negate(u)))],
    "erfinv": lambda u: [(">", add(_ONE, u)), (">", add(_ONE, negate(u)))],
    "gamma": lambda u: [("finite", call("gamma", u))],
    "digamma": lambda u: [("finite", call("digamma", u))],
    "trigamma": lambda u: [("finite", call("trigamma", u))],
    "zeta": lambda u: [("finite", call("zeta", u))],
}
_NEVER = (">", number(-1))


def _of_lambertw(u: Node, *branch: Node) -> list[tuple[str, Node]]:
    return [(">=", add(u, call("exp", number(-1)))), *(("<", u) for b in branch if b.number)]


_RULES: dict[str, Callable[..., list[tuple[str, Node]]]] = {**_OF_ONE, "lambertw": _of_lambertw}
