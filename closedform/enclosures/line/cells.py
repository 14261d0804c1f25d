"""The line cut into cells: where a problem is defined, and between which places its function is smooth.

Marks are places in order; each is in the domain or not. Cells are the open intervals between them. A requirement
``gap op 0`` cuts every cell at the zeros of the gap; a switch (|u|, max, min, sign, cases) cuts it where it changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from flint import arb, ctx, fmpq

from closedform.budget import Budget
from closedform.enclosures.line.functions import (
    Unclear,
    compares,
    condition_of,
    from_node,
    has_switch,
    holds,
    put,
    resolve,
    sign_at,
    switch_gaps,
)
from closedform.enclosures.line.spots import BITS, FINE, Spot, between
from closedform.enclosures.line.zeros import Zeros, zeros
from closedform.expression import Node, number, substitute
from closedform.kernel.expressions import tree as kernel
from closedform.kernel.expressions.balls import evaluate
from closedform.kernel.expressions.tree import ZERO, Tree
from closedform.kernel.reading import Refused
from closedform.stationarity.location import Requirement

MAX_CELLS = 2_000
PARTIAL = ("log", "sqrt", "asin", "acos", "gamma", "loggamma", "digamma", "lambertw", "erfinv", "tan", "piecewise")


@dataclass
class Mark:
    """A place between two cells. ``inside``: in the domain, None where that is open. ``zeros``: trees proved zero here."""

    spot: Spot
    inside: bool | None = True
    zeros: set[Tree] = field(default_factory=set[Tree])

    def sign_of(self, tree: Tree) -> int | None:
        if tree in self.zeros:
            return 0
        simpler = put(tree, dict.fromkeys(self.zeros, ZERO)) if self.zeros else tree
        if isinstance(simpler, fmpq):
            return (simpler > 0) - (simpler < 0)
        if self.spot.exact is not None and isinstance(self.spot.exact, fmpq):
            return sign_at(simpler, self.spot.x, self.spot.exact)
        found = self.spot.sign_of(simpler)
        if found == 0:
            self.zeros.add(tree)
        return found

    def resolved(self, tree: Tree) -> Tree:
        """Without switches, by the signs here (|0| is 0); raises ``Unclear``."""
        return resolve(tree, self.decided_sign)

    def decided_sign(self, gap: Tree) -> int:
        found = self.sign_of(gap)
        if found is None:
            raise Unclear("a sign at a place")
        return found

    def value(self, tree: Tree, bits: int = BITS) -> arb | None:
        """A finite ball around the value of a tree without switches; None where there is none."""
        return value_at(self.spot, put(tree, dict.fromkeys(self.zeros, ZERO)), bits)


def value_at(spot: Spot, tree: Tree, bits: int = BITS) -> arb | None:
    """A finite ball around the value of a tree at a spot, None where it has none or none was found."""
    with ctx.workprec(bits + 40):
        try:
            if spot.rational is not None:
                tree = put(tree, {spot.x: spot.rational})
            out = evaluate(tree, {spot.x: spot.at(bits)})
            return out if out.is_finite() else None
        except (Refused, ValueError, ArithmeticError, OverflowError):
            return None


class Line:
    """Marks in order and the cells around them: ``cells[i]`` lies between ``marks[i-1]`` and ``marks[i]``."""

    def __init__(self, x: str, budget: Budget, columns: Mapping[str, list[fmpq]] | None = None) -> None:
        self.x, self.budget, self.columns = x, budget, dict(columns or {})
        self.marks = list[Mark]()
        self.cells: list[bool] = [True]

    def ends(self, i: int) -> tuple[Spot | None, Spot | None]:
        return (
            self.marks[i - 1].spot if i else None,
            self.marks[i].spot if i < len(self.marks) else None,
        )

    def probe(self, i: int) -> fmpq:
        """A rational inside a cell."""
        low, high = self.ends(i)
        for bits in FINE:
            a, b = low.at(bits) if low else None, high.at(bits) if high else None
            if a is None or b is None or a < b:
                return between(a, b)
        raise Unclear("two places that were not told apart")

    def smooth(self, tree: Tree, i: int) -> Tree:
        """The tree on a cell, without switches: they have been cut at before."""
        if not has_switch(tree):
            return tree
        at = self.probe(i)

        def sign(gap: Tree) -> int:
            found = sign_at(gap, self.x, at)
            if found is None:
                raise Unclear("the sign of a switch")
            return found

        return resolve(tree, sign)

    # -- cutting -----------------------------------------------------------------------------------------------------

    def cut_switches(self, tree: Tree) -> None:
        """Cut wherever a switch in the tree may change."""
        for _ in range(12):
            gaps = list(dict.fromkeys(switch_gaps(tree)))
            if not gaps:
                return
            plain = [g for g in gaps if not has_switch(g)]
            for gap in plain:
                self.cut(gap)
            if not has_switch_inside(tree):
                return
            break
        for _ in range(12):  # switches within switches: cell by cell
            before = len(self.marks)
            for i in range(len(self.cells) - 1, -1, -1):
                if self.cells[i]:
                    for gap in self._gaps_on(tree, i):
                        self.cut(gap, only=i)
            if len(self.marks) == before:
                return

    def _gaps_on(self, tree: Tree, i: int) -> list[Tree]:
        """The gaps of all switches of the tree, themselves without switches on this cell."""
        out = dict[Tree, None]()

        def visit(t: Tree) -> None:
            if isinstance(t, tuple):
                for a in t[1:]:
                    visit(a)
                for gap in switch_gaps((t[0], *(ZERO if has_switch(a) and t[0] == "piecewise" else a for a in t[1:]))):
                    out[self.smooth(gap, i)] = None
                if t[0] in ("abs", "sign", "max", "min", "if"):
                    for gap in _own_gaps(t):
                        out[self.smooth(gap, i)] = None

        visit(tree)
        return [g for g in out if self.x in kernel.free_names(g)]

    def cut(self, gap: Tree, only: int | None = None) -> None:
        """Cut cells in the domain at the zeros of a tree without switches; raises ``Unclear`` where they are not all known."""
        for i in range(len(self.cells) - 1, -1, -1):
            if self.cells[i] and only in (None, i):
                self.budget.check()
                found = zeros(gap, self.x, *self.ends(i), self.budget)
                self._insert(i, found, gap)

    def _insert(self, i: int, found: Zeros, gap: Tree) -> None:
        if not found.complete:
            raise Unclear(found.why)
        self.marks[i:i] = [Mark(s, True, {gap}) for s in found.spots]
        self.cells[i : i + 1] = [self.cells[i]] * (len(found.spots) + 1)
        if len(self.cells) > MAX_CELLS:
            raise Unclear("too many pieces")

    # -- requirements ------------------------------------------------------------------------------------------------

    def require(self, r: Requirement) -> None:
        """Keep the part of the domain where a requirement holds."""
        for gap, guards in self._instances(r):
            if r.op == "finite":
                self._finite(gap)
                continue
            for guard in guards:
                self.cut_switches(("piecewise", ("piece", ZERO, guard), ("piece", ZERO, ("true",))))
            self.cut_switches(gap)
            for i in range(len(self.cells) - 1, -1, -1):
                if self.cells[i] and self._guarded(guards, i):
                    self.budget.check()
                    self._insert(i, zeros(self.smooth(gap, i), self.x, *self.ends(i), self.budget), gap)
            for i, alive in enumerate(self.cells):
                if alive and self._guarded(guards, i):
                    sign = sign_at(self.smooth(gap, i), self.x, self.probe(i))
                    if sign is None:
                        raise Unclear(f"{r.why}: the sign on an interval")
                    self.cells[i] = compares(sign, r.op)
            for mark in self.marks:
                if mark.inside is not False:
                    self._at_mark(mark, gap, r.op, guards)

    def _instances(self, r: Requirement) -> list[tuple[Tree, tuple[Tree, ...]]]:
        """The requirement for each value of its indices."""
        bindings: list[dict[str, Node]] = [{}]
        for index, low, high in r.sums:
            more = list[dict[str, Node]]()
            for b in bindings:
                ends = [from_node(substitute(e, b), self.columns) for e in (low, high)]
                if not all(isinstance(e, fmpq) and e.q == 1 for e in ends):
                    raise Unclear("the ends of a sum")
                a, z = (int(e.p) for e in ends if isinstance(e, fmpq))
                more += [{**b, index: number(k)} for k in range(a, z + 1)]
            bindings = more
        return [
            (
                from_node(substitute(r.gap, b), self.columns),
                tuple(condition_of(substitute(g, b), self.columns) for g in r.guards),
            )
            for b in bindings
        ]

    def _guarded(self, guards: Sequence[Tree], i: int) -> bool:
        if not guards:
            return True
        at = self.probe(i)

        def sign(gap: Tree) -> int:
            found = sign_at(gap, self.x, at)
            if found is None:
                raise Unclear("the condition of a piece")
            return found

        return all(holds(g, sign) for g in guards)

    def _at_mark(self, mark: Mark, gap: Tree, op: str, guards: Sequence[Tree]) -> None:
        try:
            if guards and not all(holds(g, mark.decided_sign) for g in guards):
                return
            sign = 0 if gap in mark.zeros else mark.sign_of(mark.resolved(gap))
        except Unclear:
            sign = None
        if sign is None:
            mark.inside = None
        elif not compares(sign, op):
            mark.inside = False

    def _finite(self, tree: Tree) -> None:
        """Gamma and its kin of a positive argument; anything else is left open."""
        u = tree[1] if isinstance(tree, tuple) else tree
        if isinstance(tree, tuple) and len(tree) == 2 and tree[0] in ("gamma", "digamma", "trigamma"):
            self.cut(u)
            for i, alive in enumerate(self.cells):
                if alive and sign_at(u, self.x, self.probe(i)) != 1:
                    raise Unclear(f"the poles of {tree[0]}")
            for mark in self.marks:
                if mark.inside and mark.sign_of(u) != 1:
                    mark.inside = False
            return
        raise Unclear("where a function is finite")


def _own_gaps(t: tuple[Tree, ...]) -> list[Tree]:
    if t[0] in ("abs", "sign"):
        return [t[1]]
    if t[0] == "if":
        return [t[2]]
    args = t[1:]
    return [kernel.add(a, kernel.mul(fmpq(-1), b)) for i, a in enumerate(args) for b in args[i + 1 :]]


def has_switch_inside(tree: Tree) -> bool:
    """Is there a switch within a switch?"""
    if not isinstance(tree, tuple):
        return False
    if tree[0] in ("abs", "sign", "max", "min", "piecewise"):
        return any(has_switch(a) for a in tree[1:])
    return any(has_switch_inside(a) for a in tree[1:])


def depth(node: Node) -> int:
    """How many functions that are not defined everywhere stand within each other."""
    inner = max((depth(c) for c in node.children), default=0)
    partial = (
        node.head in PARTIAL
        or (node.head == "^" and (node.children[1].number is None or node.children[1].number.denominator != 1))
        or (node.head == "^" and (node.children[1].number or 0) < 0)
    )
    return inner + partial


def line_of(
    x: str,
    requirements: Sequence[Requirement],
    budget: Budget,
    columns: Mapping[str, list[fmpq]] | None = None,
    start: Line | None = None,
) -> Line:
    """The domain that a list of requirements leaves of the line (or of ``start``); raises ``Unclear``.

    >>> from closedform.problem import read
    >>> from closedform.stationarity.domain import Domain
    >>> domain = Domain.of(read("sqrt(x^2 - 2)/(x - 3)", unknowns=["x"]))
    >>> line = line_of("x", domain.own(), Budget.of(5))
    >>> [(round(float(m.spot.at().mid()), 4), m.inside) for m in line.marks], line.cells
    ([(-1.4142, True), (1.4142, True), (3.0, False)], [True, False, True, True])
    """
    line = start or Line(x, budget, columns)
    with ctx.workprec(BITS):
        for r in sorted(requirements, key=lambda r: depth(r.gap) + sum(depth(g) for g in r.guards)):
            line.require(r)
    return line


def restricted(line: Line, low: Spot, high: Spot) -> Line:
    """The part of a whole line between two places, which are no marks of the domain but count as inside."""
    out = Line(line.x, line.budget, line.columns)
    out.marks, out.cells = [Mark(low), Mark(high)], [False, True, False]
    return out
