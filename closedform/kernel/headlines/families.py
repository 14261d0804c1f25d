"""That a list of points in parameters lacks none, whatever their values: by distinction of cases.

A condition of a point, or what decides how many zeros there are, either follows from the case or divides it. In the end
each point of the list is there or not, and as many are there as there are different real zeros.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from itertools import combinations, product

from flint import fmpq

from closedform.kernel.algebra.rational import quotient
from closedform.kernel.algebra.relations import opposed, prove_relation
from closedform.kernel.algebra.tower import is_zero
from closedform.kernel.claims.formula import needs
from closedform.kernel.expressions.infix import infix
from closedform.kernel.expressions.substitution import substitute
from closedform.kernel.expressions.tree import MINUS, ZERO, Relation, Tree, add, as_integer, mul, power
from closedform.kernel.headlines.agreement import coefficient, splits, tree_of
from closedform.kernel.headlines.consequences import Consequences
from closedform.kernel.headlines.reported_points import ReportedPoint
from closedform.kernel.reading import Refused

DEPTH, MAX_CASES, MAX_WAYS = 8, 200, 12  # of cases in cases, and all together; conditions that may fail
OTHERWISE = {">": "<=", "<": ">=", ">=": "<", "<=": ">", "=": "!=", "!=": "="}  # what holds where a relation fails
ANALYTIC = {"+", "*", "^", "@", "sum", "exp"}  # with whole powers, what is zero on no open set, or everywhere
# The most different real zeros of a polynomial, by its degree and the sign of its discriminant.
ZEROS = {2: {">": 2, "=": 1, "<": 0}, 3: {">": 3, "=": 2, "<": 1}, 4: {">": 4, "=": 3, "<": 2}}


class Cases:
    """Closed points of a question, and what is known of the number of its critical points."""

    def __init__(self, question: Consequences, points: Sequence[ReportedPoint]) -> None:
        self.question, self.names = question, [*question.unknowns, *question.parameters]
        self.points = list[Point]()
        for p in (p for p in points if p.all_read):
            wanted = [n for op, a, b in p.where for n in (*needs((a, b)), (op, a, b))]
            self.points.append((p.exact or {}, [*wanted, *needs((p.exact or {}).values())]))
        self.cases = 0
        self.affine = question.determinant()
        self.coefficients = list[Tree]()  # of the numerator of the one derivative, the constant first
        self.exceptions = set[str]()  # where one of these is zero, a point may be missing
        with contextlib.suppress(Refused, KeyError):
            if len(slopes := question.slopes()) == len(question.unknowns) == 1:
                top = quotient(slopes[0], self.names, question.columns).top
                self.coefficients += [coefficient(top, self.names, 0, k) for k in range(int(top.degrees()[0]) + 1)]

    def complete(self) -> str:
        """Why no critical point is missing, "" where it is not shown."""
        known = [*self.question.assumptions]
        if self.affine is None or prove_relation(("!=", self.affine, ZERO), known):
            whole = self._all(self.points, known, DEPTH)
        else:  # a convex loss has no negative determinant
            sides = (">",) if self.question.convex() else (">", "<")
            whole = self._cases(self.affine, sides, self.points, known, DEPTH)
        if not whole or opposed(known):
            return ""
        where = f", where {' and '.join(sorted(self.exceptions))} is not 0" if self.exceptions else ""
        why = "in each case they are as many as the zeros of the derivative"
        return (why if self.affine is None else "the derivatives are affine, with one zero") + where

    def _all(self, points: list[Point], known: list[Relation], depth: int) -> bool:
        """Whether these points are all where the known relations hold, but for exceptions."""
        self.cases += 1
        if opposed(known, surely=True):
            return True
        points = [(point, rs) for point, rs in points if not opposed([*known, *rs], surely=True)]
        groups = list[dict[str, Tree]]()
        for point, wanted in points:
            inside = [*known, *self.question.bounds_at(point)]
            for op, a, b in wanted:
                if prove_relation((op, a, b), known):
                    continue
                # what follows from its lying in the domain may fail elsewhere, where another zero would be in its place
                if op == "!=" or not prove_relation((op, a, b), inside) or not self._zero(point, known):
                    sides = (">", "<") if op[0] in "<>" else ("!=",)
                    return self._cases(_gap(a, b), sides, points, known, depth)
            if not any(all(is_zero(_gap(g[x], point[x]), known) for x in point) for g in groups):
                groups.append(point)
        left = [*self.coefficients]
        while left and is_zero(left[-1], known):
            left.pop()
        if self.affine is not None:
            return len(groups) == 1 and prove_relation(("!=", self.affine, ZERO), known)
        if not self.coefficients:
            return len(groups) == 1 == self.question.degree()
        if not left or not prove_relation(("!=", left[-1], ZERO), known):
            return bool(left) and self._cases(left[-1], ("!=",), points, known, depth)
        x, n, roots = self.names[0], len(left) - 1, [g[self.names[0]] for g in groups]
        whole = quotient(add(*(mul(c, power(x, fmpq(k))) for k, c in enumerate(left))), self.names, {}).top
        if len(roots) == n and splits(whole, self.names, x, roots, known) is not None:
            return True
        most = n if not all(is_zero(c, known) for c in left[:-1]) else min(n, 1)
        if most > 1 and n in ZEROS:
            discriminant = tree_of(self.names, whole.discriminant(0).terms())
            ops = [op for op in ZEROS[n] if prove_relation((op, discriminant, ZERO), known)]
            if not ops:
                return self._cases(discriminant, (">", "<"), points, known, depth)
            most = ZEROS[n][ops[0]]
        # where not all n are real, a formal root that is not would be counted in the place of one that is
        real = most == n or all(prove_relation(r, known) for r in needs(roots))
        return (
            real and len(roots) == most and all(prove_relation(("!=", a, b), known) for a, b in combinations(roots, 2))
        )

    def _cases(self, gap: Tree, sides: Sequence[str], points: list[Point], known: list[Relation], depth: int) -> bool:
        """The same where the gap has one of the signs, and where it is zero; there an exception is made if it must be."""
        real = all(prove_relation(need, known) for need in needs([gap]))
        cases = [[*known, (side, gap, ZERO)] for side in sides]
        if not real or not depth or self.cases > MAX_CASES or not all(self._all(points, c, depth - 1) for c in cases):
            return False
        zero: list[Relation] = [*known, ("=", gap, ZERO)]
        if self._all(points, zero, depth - 1):
            return True
        self.exceptions.add(infix(gap))
        none = all(opposed([*zero, *rs], surely=True) for _, rs in points)  # none is said to be there
        return none and _is_analytic(gap) and not all(map(opposed, cases))

    def _zero(self, point: dict[str, Tree], known: list[Relation]) -> bool:
        """Whether the derivatives are zero there for all values that the relations allow."""
        return all(is_zero(substitute(slope, point), known) for slope in self.question.slopes())


def in_every_case(best: Sequence[ReportedPoint], known: Sequence[Relation]) -> bool:
    """Whether one of the points is there for all values of parameters, but where an analytic difference is zero."""
    ways = [[(OTHERWISE[op], a, b) for op, a, b in p.where if not _holds(op, a, b, known)] for p in best if p.all_read]
    return bool(ways) and sum(map(len, ways)) <= MAX_WAYS and all(opposed([*known, *f], True) for f in product(*ways))


def _holds(op: str, a: Tree, b: Tree, known: Sequence[Relation]) -> bool:
    rare = op == "!=" and _is_analytic(_gap(a, b)) and not is_zero(_gap(a, b), known)
    return rare or prove_relation((op, a, b), known)


Point = tuple[dict[str, Tree], list[Relation]]  # its expressions, and where they are a critical point


def _is_analytic(tree: Tree) -> bool:
    """Continued along every path but through single poles: a root or a logarithm of a square has one form on each side."""
    if not isinstance(tree, tuple):
        return True
    whole = tree[0] != "^" or as_integer(tree[2]) is not None
    return whole and tree[0] in ANALYTIC and all(map(_is_analytic, tree[1:]))


def _gap(a: Tree, b: Tree) -> Tree:
    return add(a, mul(MINUS, b))
