"""One real point, and what is proved to hold there.

A requirement is a comparison that must hold for a problem to make sense at a point; see ``stationarity/domain.py`` for
where requirements come from. Values are balls; what a ball cannot tell from zero is decided exactly by the kernel's
zero test where the point is given by an expression or as the root of a polynomial, and else stays unknown.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from math import lcm
from typing import Any, Literal

from flint import acb, arb, ctx, fmpq, fmpz_poly

from closedform.algebra import bridge
from closedform.algebra.later import sp
from closedform.algebra.sampling import Sample, complex_ball, real_ball, tree_of
from closedform.algebra.spelled import Spelled
from closedform.expression import RELATIONS, Node, add, free_names, negate, number, to_tree
from closedform.frozen import record
from closedform.kernel.algebra import tower
from closedform.kernel.algebra.rational import quotient
from closedform.kernel.expressions import balls
from closedform.kernel.expressions import tree as kernel
from closedform.kernel.expressions.derivatives import differentiate
from closedform.kernel.expressions.jets import jet
from closedform.kernel.expressions.substitution import substitute
from closedform.kernel.expressions.values import excludes_zero
from closedform.kernel.reading import Refused

Side = Literal["inside", "outside", "unknown"]
MAX_ROWS = 20_000  # entries that a requirement under a sum is checked at
FINER = (1, 3)  # multiples of the working precision that are tried before an exact decision


@record
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


class Location:
    """A real point given by expressions, by balls, or as a root of a polynomial; everything said of it is proved.

    ``exact`` maps names to expressions without free symbols; ``balls`` are fixed enclosures; ``root`` is
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
        self._balls_by_bits: dict[int, Mapping[str, arb] | None] = {}
        self._zero: dict[kernel.Tree, bool] = {}
        self._known: dict[kernel.Tree, fmpq] = {}  # parts whose exact value is proved
        self._trees: dict[str, kernel.Tree] = {}

    # -- coordinates -----------------------------------------------------------------------------------------------

    def at(self, bits: int | None = None) -> Mapping[str, arb] | None:
        """Balls of the coordinates; None where an expression has no real value, or none that was proved real."""
        bits = self.bits if bits is None else bits
        if self.balls is not None:
            return self.balls
        if bits not in self._balls_by_bits:
            out = dict[str, arb]()
            for key, value in (self.exact or {}).items():
                ball = real_value(value, bits)
                if ball is None:
                    self._balls_by_bits[bits] = None
                    break
                out[key] = ball
            else:
                self._balls_by_bits[bits] = out
        return self._balls_by_bits[bits]

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
            out = balls.evaluate(self._without_zeros(tree), {**where, **(more or {})}, self.columns)
            return out if out.is_finite() else None
        except (Refused, ValueError, ArithmeticError, OverflowError):
            return None
        finally:
            ctx.prec = previous

    def hessians(
        self, loss: Node | None, slopes: Sequence[kernel.Tree], names: Sequence[str]
    ) -> Iterator[list[list[arb]]]:
        """Balls around the second derivatives by the names: in one pass, then (often tighter) one entry after the other."""
        size, where = range(len(names)), self.at()
        if where is None:
            return
        if loss is not None and not self._known:
            with contextlib.suppress(Refused, ValueError, ArithmeticError, OverflowError), ctx.workprec(self.bits):
                place = {x: i for i, x in enumerate(names)}
                second = jet(kernel.read(to_tree(loss)), place, where, self.columns).second
                if all(v.is_finite() for v in second.values()):
                    yield [[second.get((min(i, j), max(i, j)), arb(0)) for j in size] for i in size]
        table = list[list[arb]]()
        for i, g in enumerate(slopes):
            try:
                row = [table[j][i] if j < i else self.value(differentiate(g, u)) for j, u in enumerate(names)]
            except Refused:
                return
            known = [v for v in row if v is not None]
            if len(known) < len(row):
                return
            table.append(known)
        yield table

    def _tree(self, node: Node) -> kernel.Tree | None:
        resolved = self.active(node)
        return None if resolved is None else kernel.read(to_tree(resolved))

    def _without_zeros(self, tree: kernel.Tree) -> kernel.Tree:
        """The tree with those parts replaced by their value that are proved to have it here."""
        if not self._known or not isinstance(tree, tuple):
            return tree
        if _sorted(tree) in self._known:
            return self._known[_sorted(tree)]
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
                self._known[_sorted(kernel.read(to_tree(argument)))] = fmpq(value.numerator, value.denominator)
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
            held = None if ball is None else compared(ball, op)
            if held is not None:
                return "inside" if held else "outside"
        if not more and self.vanishes(gap):
            return "inside" if op in (">=", "<=", "=") else "outside"
        return "unknown"

    def condition(self, node: Node) -> Side:
        """Whether a condition of a piece holds here."""
        if truth(node) is not None:
            return "inside" if truth(node) else "outside"
        if node.head == "not":
            return _OPPOSITE[self.condition(node.children[0])]
        if node.head in ("and", "all", "or"):
            sides = [self.condition(c) for c in node.children]
            stop: Side = "outside" if node.head != "or" else "inside"
            return stop if stop in sides else "unknown" if "unknown" in sides else _OPPOSITE[stop]
        if node.head in RELATIONS and len(node.children) == 2:
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
                self._known[_sorted(tree)] = fmpq(0)
        return self._zero[tree]

    def _proved_zero(self, tree: kernel.Tree) -> bool:
        if isinstance(tree, fmpq):
            return tree == 0
        if self.root is not None:
            f, name = self.root
            top = quotient(tree, [name], self.columns).top
            return top.is_zero() or (fmpz_poly(integer_coefficients(top)) % f).is_zero()
        if self.exact is None:
            return False
        if not self._trees:
            self._trees = {k: tree_of(v) for k, v in self.exact.items()}
        whole = substitute(tree, self._trees)
        needed = tower.prove_zero(whole)
        return all(excludes_zero(t, dict[str, acb]()) for t in needed)

    # -- the smooth piece around the point ----------------------------------------------------------------------------

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
        if condition.head in RELATIONS and len(condition.children) == 2:
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


def _sorted(tree: kernel.Tree) -> kernel.Tree:
    """The tree with the parts of its sums and products in one order, so that equal parts are found again."""
    if not isinstance(tree, tuple):
        return tree
    parts = [_sorted(a) for a in tree[1:]]
    return (tree[0], *(sorted(parts, key=repr) if tree[0] in ("+", "*", "max", "min") else parts))


def truth(condition: Node) -> bool | None:
    """The value of a condition that is the word true or false; None for any other."""
    return {"true": True, "false": False}.get((condition.name or condition.head).lower())


_OPPOSITE: dict[Side, Side] = {"inside": "outside", "outside": "inside", "unknown": "unknown"}


def compared(ball: arb, op: str) -> bool | None:
    """Whether ``ball op 0``, None where the ball does not tell."""
    if ball > 0:
        return op in (">", ">=", "!=")
    if ball < 0:
        return op in ("<", "<=", "!=")
    if ball.is_zero():
        return op in (">=", "<=", "=", "==")
    if ball >= 0 and op in (">=", "<"):
        return op == ">="
    if ball <= 0 and op in ("<=", ">"):
        return op == "<="
    return None


def integer_coefficients(top: Any) -> list[Any]:
    """Integer coefficients, lowest first, of a nonzero polynomial over Q in one name."""
    terms = {int(m[0]): c for m, c in top.terms()}
    common = 1
    for c in terms.values():
        common = lcm(common, int(c.q))
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
    if isinstance(value, Spelled):
        return False
    if value.has(sp.zoo, sp.nan, sp.oo, sp.S.NegativeInfinity):
        return True
    z = complex_ball(value, Sample({}, {}), bits + 200)
    return z is not None and not z.imag.contains(0)
