"""The domain of a problem: what its relations and box ask, and where every part of the text as written is defined.

A point lies in it when each ``Requirement`` holds there. The requirements are read off the text before anything is
simplified: ``exp(log(x))`` asks for x > 0 although it is x, ``1/x - 1/x`` for x != 0. The answer at a point is inside,
outside or unknown; what a ball cannot tell apart is decided exactly (kernel/claims/tower.py) where the point is given
by an expression or as a root of a polynomial, and stays unknown otherwise: it is then neither inside nor outside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import sympy as sp
from flint import acb, arb, ctx, fmpq, fmpz_poly

from closedform.algebra import bridge
from closedform.algebra.sampling import Sample, complex_ball, real_ball, tree_of
from closedform.expression import Node, add, call, free_names, negate, number, to_tree
from closedform.kernel import expression as kernel
from closedform.kernel.claims import tower
from closedform.kernel.rational import quotient
from closedform.kernel.reading import Refused
from closedform.problem import Problem
from closedform.reading.language import unparse

Side = Literal["inside", "outside", "unknown"]
MAX_ROWS = 20_000  # entries that a requirement under a sum is checked at
FINER = (1, 3)  # multiples of the working precision that are tried before an exact decision
_NEGATED = {">": "<=", ">=": "<", "<": ">=", "<=": ">", "=": "!=", "!=": "="}


@dataclass(frozen=True)
class Requirement:
    """``gap op 0`` must hold, with ``op`` a comparison or "finite" (the gap has a finite real value).

    ``why`` names where it comes from. ``guards`` are the conditions of the pieces around it: it only counts where they
    all hold. ``sums`` are the indices that it must hold for, each with its ends.
    """

    gap: Node
    op: str
    why: str
    guards: tuple[Node, ...] = ()
    sums: tuple[tuple[str, Node, Node], ...] = ()
    edge: tuple[Node, Fraction] | None = None  # what the argument is where the gap is zero

    @property
    def text_names(self) -> frozenset[str]:
        return free_names(self.gap) - {index for index, _, _ in self.sums}


@dataclass(frozen=True)
class Domain:
    """Where a problem asks its question. ``requirements`` in the order of the text, inner parts before outer ones."""

    unknowns: tuple[str, ...]
    requirements: tuple[Requirement, ...]

    @staticmethod
    def of(problem: Problem) -> Domain:
        """The domain of a problem with scalar unknowns.

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
        out = dict[Requirement, None].fromkeys(stated)
        texts = [t for t in (problem.loss, *problem.equations) if t is not None]
        for text in (*texts, *(c for r in _stated(problem) for c in r.children)):
            for requirement in _definedness(text, (), (), frozenset(positive)):
                out[requirement] = None
        return Domain(problem.unknowns, tuple(out))

    @staticmethod
    def of_relations(unknowns: tuple[Any, ...], relations: tuple[Any, ...], nonzero: tuple[Any, ...]) -> Domain:
        """The domain of a reduced system: its SymPy relations, and expressions that must not vanish."""
        out = list[Requirement]()
        for r in relations:
            try:
                left, right = bridge.from_sympy(r.lhs), bridge.from_sympy(r.rhs)
            except bridge.NoTranslation:
                continue
            op = {"==": "="}.get(r.rel_op, r.rel_op)
            out += [*_definedness(add(left, negate(right)), (), (), frozenset()), _requirement(op, left, right)]
        for e in nonzero:
            try:
                node = bridge.from_sympy(e)
            except bridge.NoTranslation:
                continue
            out.append(Requirement(node, "!=", "a denominator"))
        return Domain(tuple(u.name for u in unknowns), tuple(dict.fromkeys(out)))

    def own(self) -> tuple[Requirement, ...]:
        """The requirements that speak of an unknown."""
        return tuple(r for r in self.requirements if r.text_names & set(self.unknowns))

    def holds(self, place: Place) -> Side:
        """Whether the place lies in the domain; proved unless "unknown"."""
        side: Side = "inside"
        for requirement in self.requirements:
            found = place.meets(requirement)
            if found == "outside":
                return "outside"
            if found == "unknown":
                side = "unknown"
        return side


EVERYWHERE = Domain((), ())


# -- reading requirements ----------------------------------------------------------------------------------------


def _stated(problem: Problem) -> list[Node]:
    """Relations, constraints and the box (closed ends), conjunctions and chains taken apart."""
    out = bridge.flat_relations((*problem.relations, *problem.constraints))
    return [r for r in out if r.head in _NEGATED and len(r.children) == 2]


def _of_relation(relation: Node) -> list[Requirement]:
    return [_requirement(relation.head, *relation.children)]


def _requirement(op: str, left: Node, right: Node) -> Requirement:
    if left.number is not None and right.number is None:  # 0 < x is x > 0
        left, right, op = right, left, {">": "<", ">=": "<=", "<": ">", "<=": ">="}.get(op, op)
    gap = left if right.number == 0 else add(left, negate(right))
    return Requirement(gap, op, f"{unparse(left)} {op} {unparse(right)}")


def _definedness(
    node: Node, guards: tuple[Node, ...], sums: tuple[tuple[str, Node, Node], ...], positive: frozenset[str]
) -> Iterator[Requirement]:
    """What the parts of an expression need to be real and finite, inner parts first."""
    if node.head in ("num", "name", "@"):
        return
    if node.head == "piecewise":
        yield from _of_pieces(node, guards, sums, positive)
        return
    inner = sums
    if node.head in ("sum", "prod") and len(node.children) == 4:
        index, low, high, _ = node.children
        inner = (*sums, (str(index.name), low, high))
        positive = positive - {str(index.name)}
    for child in node.children:
        yield from _definedness(child, guards, inner, positive)
    for op, gap in _needs(node):
        if op in (">", ">=", "!=") and _plainly_positive(gap, positive, op == ">="):
            continue
        edge = None
        if node.head in ("asin", "acos"):
            (u,) = node.children
            edge = (u, Fraction(-1 if gap == add(_ONE, u) else 1))
        yield Requirement(gap, op, unparse(node), guards, sums, edge)


def _of_pieces(
    node: Node, guards: tuple[Node, ...], sums: tuple[tuple[str, Node, Node], ...], positive: frozenset[str]
) -> Iterator[Requirement]:
    earlier = tuple[Node, ...]()
    for piece in node.children:
        value, condition = piece.children
        here = (*guards, *earlier) if _truth(condition) else (*guards, *earlier, condition)
        yield from _definedness(value, here, sums, positive)
        for part in condition.children:
            yield from _definedness(part, (*guards, *earlier), sums, positive)
        earlier = (*earlier, call("not", condition))


def _needs(node: Node) -> list[tuple[str, Node]]:
    """The comparisons (op, gap) with zero that one node asks for beyond its parts."""
    args = node.children
    if node.head == "^":
        return _needs_of_power(*args)
    rule = _RULES.get(node.head)
    return rule(*args) if rule is not None else []


def _needs_of_power(base: Node, exponent: Node) -> list[tuple[str, Node]]:
    k = exponent.number
    if k is not None and k.denominator == 1:
        return [("!=", base)] if k < 0 else []
    if k is not None:
        return [(">=" if k > 0 else ">", base)]
    if (base.number is not None and base.number > 0) or base.head in ("e", "pi", "exp"):
        return []
    return [(">", base)]


_ONE = number(1)
_RULES: dict[str, Callable[..., list[tuple[str, Node]]]] = {
    "log": lambda u: [(">", u)],
    "loggamma": lambda u: [(">", u)],
    "sqrt": lambda u: [(">=", u)],
    "tan": lambda u: [("!=", call("cos", u))],
    "asin": lambda u: [(">=", add(_ONE, u)), (">=", add(_ONE, negate(u)))],
    "acos": lambda u: [(">=", add(_ONE, u)), (">=", add(_ONE, negate(u)))],
    "erfinv": lambda u: [(">", add(_ONE, u)), (">", add(_ONE, negate(u)))],
    "lambertw": lambda u, *branch: [(">=", add(u, call("exp", number(-1)))), *(("<", u) for b in branch if b.number)],
    "gamma": lambda u: [("finite", call("gamma", u))],
    "digamma": lambda u: [("finite", call("digamma", u))],
    "trigamma": lambda u: [("finite", call("trigamma", u))],
    "zeta": lambda u: [("finite", call("zeta", u))],
}


def _plainly_positive(node: Node, positive: frozenset[str], or_zero: bool) -> bool:
    """Is the value positive (or zero, where that will do) whatever the names are, by its form alone?"""
    value = node.number
    if value is not None:
        return value > 0 or (or_zero and value == 0)
    if node.head == "name":
        return node.name in positive
    if node.head in ("exp", "cosh", "pi", "e"):
        return True
    args = node.children
    if node.head == "+":
        return all(_plainly_positive(a, positive, True) for a in args) and (
            or_zero or any(_plainly_positive(a, positive, False) for a in args)
        )
    if node.head in ("*", "max"):
        return (any if node.head == "max" else all)(_plainly_positive(a, positive, or_zero) for a in args)
    if node.head == "^":
        base, exponent = args
        k = exponent.number
        even = k is not None and k.denominator == 1 and k.numerator % 2 == 0
        return (
            (even and k > 0 and or_zero)
            if even and k is not None and k > 0
            else _plainly_positive(base, positive, False)
        )
    if node.head in ("abs", "sqrt"):
        return or_zero or (node.head == "sqrt" and _plainly_positive(args[0], positive, False))
    return False


# -- a place, and what holds there -------------------------------------------------------------------------------


class Place:
    """A real point given by expressions, by balls, or as a root of a polynomial; everything said of it is proved.

    ``exact`` maps names to SymPy expressions without free symbols; ``balls`` are fixed enclosures; ``root`` is
    (polynomial, name) where the one unknown is a root of an irreducible integer polynomial.
    """

    def __init__(
        self,
        *,
        exact: Mapping[str, Any] | None = None,
        balls: Mapping[str, arb] | None = None,
        root: tuple[fmpz_poly, str] | None = None,
        columns: Mapping[str, list[fmpq]] | None = None,
        bits: int = 333,
    ) -> None:
        self.exact, self.balls, self.root = exact, balls, root
        self.columns, self.bits = dict(columns or {}), bits
        self._at: dict[int, Mapping[str, arb] | None] = {}
        self._zero: dict[kernel.Tree, bool] = {}
        self._known: dict[kernel.Tree, fmpq] = {}  # parts whose exact value is proved
        self._trees: dict[str, kernel.Tree] = {}

    # -- coordinates -----------------------------------------------------------------------------------------------

    def at(self, bits: int | None = None) -> Mapping[str, arb] | None:
        """Balls of the coordinates; None where an expression has no real value, or none that was proved real."""
        bits = self.bits if bits is None else bits
        if self.balls is not None:
            return self.balls
        if bits not in self._at:
            out = dict[str, arb]()
            for key, value in (self.exact or {}).items():
                ball = real_value(value, bits)
                if ball is None:
                    self._at[bits] = None
                    break
                out[key] = ball
            else:
                self._at[bits] = out
        return self._at[bits]

    def value(
        self, node: Node | kernel.Tree, bits: int | None = None, more: Mapping[str, arb] | None = None
    ) -> arb | None:
        """A finite ball around the value of an expression here; None where there is none."""
        bits = self.bits if bits is None else bits
        where = self.at(bits)
        if where is None:
            return None
        previous = ctx.prec
        ctx.prec = bits
        try:
            tree = self._tree(node) if isinstance(node, Node) else node
            if tree is None:
                return None
            out = kernel.evaluate(self._without_zeros(tree), {**where, **(more or {})}, self.columns)
            return out if out.is_finite() else None
        except (Refused, ValueError, ArithmeticError, OverflowError):
            return None
        finally:
            ctx.prec = previous

    def _tree(self, node: Node) -> kernel.Tree | None:
        resolved = self.active(node)
        return None if resolved is None else kernel.read(to_tree(resolved))

    def _without_zeros(self, tree: kernel.Tree) -> kernel.Tree:
        """The tree with those parts replaced by their value that are proved to have it here."""
        if not self._known or not isinstance(tree, tuple):
            return tree
        if tree in self._known:
            return self._known[tree]
        return (tree[0], *(self._without_zeros(a) for a in tree[1:]))

    # -- comparisons -----------------------------------------------------------------------------------------------

    def meets(self, requirement: Requirement) -> Side:
        for guard in requirement.guards:
            side = self.condition(guard)
            if side == "outside":
                return "inside"  # the piece is not the one that counts here
            if side == "unknown":
                return "inside" if self._everywhere(requirement) == "inside" else "unknown"
        return self._everywhere(requirement)

    def _everywhere(self, requirement: Requirement) -> Side:
        if not requirement.sums:
            side = self.compare(requirement.gap, requirement.op)
            if side == "inside" and requirement.edge is not None and self.vanishes(requirement.gap):
                argument, value = requirement.edge
                self._known[kernel.read(to_tree(argument))] = fmpq(value.numerator, value.denominator)
            return side
        worst: Side = "inside"
        for values in self._indices(requirement.sums):
            if values is None:
                return "unknown"
            side = self.compare(requirement.gap, requirement.op, values)
            if side == "outside":
                return side
            worst = side if side == "unknown" else worst
        return worst

    def _indices(self, sums: tuple[tuple[str, Node, Node], ...]) -> Iterator[dict[str, arb] | None]:
        (index, low, high), rest = sums[0], sums[1:]
        ends = [self.value(end) for end in (low, high)]
        integers = [b.unique_fmpz() if b is not None else None for b in ends]
        if integers[0] is None or integers[1] is None or integers[1] - integers[0] > MAX_ROWS:
            yield None
            return
        for i in range(int(integers[0]), int(integers[1]) + 1):
            for inner in self._indices(rest) if rest else [{}]:
                yield None if inner is None else {index: arb(i), **inner}

    def compare(self, gap: Node | kernel.Tree, op: str, more: Mapping[str, arb] | None = None) -> Side:
        """Whether ``gap op 0`` holds: balls first, finer ones next, then an exact proof that the gap is zero."""
        for factor in FINER if self.balls is None else (1,):
            ball = self.value(gap, factor * self.bits, more)
            if op == "finite":
                return "inside" if ball is not None else "unknown"
            held = None if ball is None else _compared(ball, op)
            if held is not None:
                return "inside" if held else "outside"
        if not more and self.vanishes(gap):
            return "inside" if op in (">=", "<=", "=") else "outside"
        return "unknown"

    def condition(self, node: Node) -> Side:
        """Whether a condition of a piece holds here."""
        if _truth(node) is not None:
            return "inside" if _truth(node) else "outside"
        if node.head == "not":
            return _OPPOSITE[self.condition(node.children[0])]
        if node.head in ("and", "all", "or"):
            sides = [self.condition(c) for c in node.children]
            stop: Side = "outside" if node.head != "or" else "inside"
            return stop if stop in sides else "unknown" if "unknown" in sides else _OPPOSITE[stop]
        if node.head in _NEGATED and len(node.children) == 2:
            return self.compare(add(node.children[0], negate(node.children[1])), node.head)
        return "unknown"

    def vanishes(self, gap: Node | kernel.Tree) -> bool:
        """Proved to be exactly zero here."""
        tree = self._tree(gap) if isinstance(gap, Node) else gap
        if tree is None:
            return False
        if tree not in self._zero:
            self._zero[tree] = False
            try:
                self._zero[tree] = self._proved_zero(tree)
            except (Refused, bridge.NoTranslation, ValueError, ArithmeticError, RecursionError):
                return False
            if self._zero[tree] and isinstance(tree, tuple):
                self._known[tree] = fmpq(0)
        return self._zero[tree]

    def _proved_zero(self, tree: kernel.Tree) -> bool:
        if isinstance(tree, fmpq):
            return tree == 0
        if self.root is not None:
            f, name = self.root
            top = quotient(tree, [name], self.columns).top
            return fmpz_poly(_integers(top)) % f == 0 if not top.is_zero() else True
        if self.exact is None:
            return False
        if not self._trees:
            self._trees = {k: tree_of(v) for k, v in self.exact.items()}
        whole = tower.substitute(tree, self._trees)
        needed = tower.prove_zero(whole)
        return all(tower.excludes_zero(t, dict[str, acb]()) for t in needed)

    # -- the smooth piece around the place ----------------------------------------------------------------------------

    def active(self, node: Node, smooth: bool = False) -> Node | None:
        """The expression with the pieces that hold here; None where that is not decided.

        With ``smooth``, |u|, max, min and sign are replaced by the branch that holds in a neighbourhood: None at a kink.
        """
        if node.head in ("num", "name", "@") or not node.children:
            return node
        if node.head == "piecewise":
            return self._active_piece(node, smooth)
        children = list[Node]()
        for child in node.children:
            resolved = self.active(child, smooth)
            if resolved is None:
                return None
            children.append(resolved)
        if smooth and node.head in ("abs", "sign", "max", "min"):
            return self._branch(node.head, children)
        return Node(node.head, tuple(children), node.at)

    def _active_piece(self, node: Node, smooth: bool) -> Node | None:
        for piece in node.children:
            value, condition = piece.children
            side = self.condition(condition)
            if smooth and side != "unknown" and self._at_edge(condition):
                return None
            if side == "inside":
                return self.active(value, smooth)
            if side == "unknown":
                return None
        return None

    def _at_edge(self, condition: Node) -> bool:
        if condition.head in _NEGATED and len(condition.children) == 2:
            gap = add(condition.children[0], negate(condition.children[1]))
            return self.compare(gap, "!=") != "inside"
        return any(self._at_edge(c) for c in condition.children)

    def _branch(self, head: str, args: list[Node]) -> Node | None:
        here = self.at()
        if here is None or any(free_names(a) - here.keys() for a in args):
            return None  # under a sum each row has its own branch
        if head in ("abs", "sign"):
            (u,) = args
            way = 1 if self.compare(u, ">") == "inside" else -1 if self.compare(u, "<") == "inside" else 0
            if way == 0:
                return None
            return number(way) if head == "sign" else u if way > 0 else negate(u)
        for i, u in enumerate(args):
            others = [v for j, v in enumerate(args) if j != i]
            op = ">" if head == "max" else "<"
            if all(self.compare(add(u, negate(v)), op) == "inside" for v in others):
                return u
        return None


def _truth(condition: Node) -> bool | None:
    """The value of a condition that is the word true or false; None for any other."""
    return {"true": True, "false": False}.get((condition.name or condition.head).lower())


_OPPOSITE: dict[Side, Side] = {"inside": "outside", "outside": "inside", "unknown": "unknown"}


def _compared(ball: arb, op: str) -> bool | None:
    """Whether ``ball op 0``, None where the ball does not tell."""
    if ball > 0:
        return op in (">", ">=", "!=")
    if ball < 0:
        return op in ("<", "<=", "!=")
    if ball.is_zero():
        return op in (">=", "<=", "=")
    if ball >= 0 and op in (">=", "<"):
        return op == ">="
    if ball <= 0 and op in ("<=", ">"):
        return op == "<="
    return None


def _integers(top: Any) -> list[Any]:
    """Integer coefficients, lowest first, of a nonzero polynomial over Q in one name."""
    terms = {int(m[0]): c for m, c in top.terms()}
    common = 1
    for c in terms.values():
        common = common * int(c.q) // sp.igcd(common, int(c.q))
    return [int((terms.get(i, fmpq(0)) * common).p) for i in range(max(terms) + 1)]


TINY = fmpq(1, 10**15)


def real_value(value: Any, bits: int) -> arb | None:
    """The ball of a number that may pass through complex numbers; None where it is not shown to be real."""
    nothing = Sample({}, {})
    ball = real_ball(value, nothing, bits)
    if ball is not None:
        return ball
    z = complex_ball(value, nothing, bits + 200)
    if z is None or not z.imag.contains(0) or z.imag.rad() > arb(TINY):
        return None
    return z.real


def not_real(value: Any, bits: int) -> bool:
    """Proved to be no real number: an imaginary part that excludes zero, or no value at all."""
    if value.has(sp.zoo, sp.nan, sp.oo, sp.S.NegativeInfinity):
        return True
    z = complex_ball(value, Sample({}, {}), bits + 200)
    return z is not None and not z.imag.contains(0)
