"""What follows about a question: convexity, counts of roots, growth, and what its certificates leave for its points."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from flint import arb, ctx, fmpq, fmpz_poly

from closedform.kernel.algebra.polynomials import polynomial
from closedform.kernel.algebra.rational import quotient
from closedform.kernel.algebra.relations import prove_relation
from closedform.kernel.algebra.tower import build, is_zero
from closedform.kernel.claims.formula import for_every
from closedform.kernel.expressions.balls import evaluate
from closedform.kernel.expressions.convexity import AFFINE, CONVEX, curvature
from closedform.kernel.expressions.derivatives import differentiate
from closedform.kernel.expressions.substitution import substitute
from closedform.kernel.expressions.tree import MINUS, ONE, ZERO, Relation, Tree, add, free_names, mul, read
from closedform.kernel.headlines.agreement import MAX_PARTS, agree, heads, parts, written_out
from closedform.kernel.headlines.elimination import Numerators
from closedform.kernel.headlines.kinks import slopes
from closedform.kernel.headlines.question import Stated
from closedform.kernel.reading import Refused, rational, refuse

MAX_AFFINE = 4  # unknowns of an affine gradient
CONTINUOUS = {"+", "*", "^", "@", "sum", "exp", "log", "sqrt", "abs"}


@dataclass
class Consequences(Stated):
    """A problem with its certificates, and what the kernel concludes from both."""

    def convex(self, where: Sequence[Relation] = (), sign: fmpq = ONE) -> bool:
        """Whether the loss to be minimised, times the sign, is convex where some relations of parameters hold.

        By composition rules, whose functions have convex domains, or by the second derivative of one unknown.
        """
        if self.loss is None:
            return False
        with contextlib.suppress(Refused):
            goal, unknowns = mul(sign, self.minimised), set(self.unknowns)
            if self.parameters:
                goal = _in_numbers(goal, unknowns, self._about_parameters([*self.assumptions, *where]))
            if curvature(goal, unknowns, {}, self.columns) == CONVEX:
                return True
        return len(self.unknowns) == 1 and self._second_derivative(">=", self.unknowns[0], where, sign)

    def _about_parameters(self, known: list[Relation]) -> list[Relation]:
        """The relations without an unknown, for every row where an index stands free."""
        out = list[Relation]()
        for r in known:
            with contextlib.suppress(Refused):
                if not set(self.unknowns) & (free_names(r[1]) | free_names(r[2])):
                    out.append(for_every(r, set(self.names)))
        return out

    def bottom(self, point: Mapping[str, Tree], strict: bool = False) -> bool:
        """Whether a convex loss of one or two unknowns falls to no side of a rational point; ``strict``: rises to all."""
        at = {x: v for x, v in point.items() if isinstance(v, fmpq)}
        if len(at) < len(self.unknowns) or self.loss is None or not self.everywhere or not self.convex():
            return False
        with contextlib.suppress(Refused):
            sides = slopes(written_out(self.minimised, self.columns), at)
            return all(s > 0 if strict else s >= 0 for s in sides)
        return False

    def least_at(self, point: Mapping[str, Tree]) -> str:
        """By which certificate the loss is least at the point; "" where there is none."""
        for name, certificate in self.own.items():
            claimed = certificate.claim.get("point") if certificate.kind == "least_value" and self.everywhere else None
            known = {x: read(t) for x, t in claimed.items()} if isinstance(claimed, dict) else {}
            if known.keys() == point.keys() and self.same_point(known, point):
                return f"by {name}: the loss is least there"
        return ""

    def same_point(self, one: Mapping[str, Tree], other: Mapping[str, Tree]) -> bool | None:
        """Whether two points have the same expressions, for all values of the parameters."""
        answers = [agree(one[x], other[x], self.parameters, {}, self.assumptions) for x in self.unknowns]
        return False if False in answers else None if None in answers else True

    def sign_at(self, point: Mapping[str, Tree], where: Sequence[Relation]) -> tuple[int, int, int] | None:
        """The sign of the second derivative by the one unknown at a point, as an inertia."""
        if self.loss is None or len(self.unknowns) != 1:
            return None
        with contextlib.suppress(Refused):
            second = differentiate(differentiate(self.loss, self.unknowns[0]), self.unknowns[0])
            there = substitute(written_out(second, self.columns), point)
            for op, signs in ((">", (1, 0, 0)), ("<", (0, 1, 0))):
                if prove_relation((op, there, ZERO), [*self.assumptions, *where]):
                    return signs
        return None

    def determinant(self) -> Tree | None:
        """The determinant of the second derivatives, where none of them holds an unknown: the gradient is affine."""
        if self.loss is None or len(self.unknowns) > MAX_AFFINE:
            return None
        with contextlib.suppress(Refused):
            slopes = [differentiate(written_out(self.loss, self.columns), x) for x in self.unknowns]
            rows = [[differentiate(s, x) for x in self.unknowns] for s in slopes]
            free, found = (differentiate(e, x) for row in rows for e in row for x in self.unknowns), _determinant(rows)
            if all(is_zero(e, self.assumptions) for e in free) and not is_zero(found, self.assumptions):
                return found
        return None

    def degree(self) -> int | None:
        """How many zeros the derivative by the one unknown has at most, by the degree of its numerator; None: open."""
        if self.loss is None or len(self.unknowns) != 1:
            return None
        x = self.unknowns[0]
        with contextlib.suppress(Refused):
            tower, (slope,) = build([differentiate(self.loss, x)], self.assumptions)
            own = tower.generator(("name", x), real=True, over=frozenset({x})).top
            if any(x in g.names and g.poly != own for g in tower.uses(slope.top)):
                return None
            at = tower.ring.gens().index(own)
            degree = int(slope.top.degrees()[at])
            lead = {(*e[:at], 0, *e[at + 1 :]): c for e, c in slope.top.terms() if e[at] == degree}
            return degree if tower.surely_nonzero(tower.poly(tower.ring.from_dict(lead))) else None
        return None

    def strictly_convex(self) -> bool:
        return len(self.unknowns) == 1 and self._second_derivative(">", self.unknowns[0])

    def _second_derivative(self, op: str, x: str, where: Sequence[Relation] = (), sign: fmpq = ONE) -> bool:
        """Whether its sign is proved, for all values of the names that satisfy the assumptions, on an interval."""
        if self.loss is None:
            return False
        known = [*self.assumptions, *where]
        try:
            second = written_out(differentiate(differentiate(mul(sign, self.minimised), x), x), self.columns)
            short = parts(second) <= MAX_PARTS
            if not short or not self._interval(x, known):
                return False
            known += self._needs()
            return any(prove_relation((op, low, ZERO), known) for low in (second, _without_waves(second)))
        except Refused:  # a kink
            return False

    def never_less(self, value: fmpq) -> bool:
        """Whether the loss to be minimised is nowhere less than the value."""
        for certificate in self.own.values():
            if certificate.kind == "least_value" and rational(certificate.claim["value"], "a value") >= value:
                return True
        gap = add(_without_waves(written_out(self.minimised, self.columns)), -value)
        return self.loss is not None and prove_relation((">=", gap, ZERO), self.assumptions)

    def on_edge(self, ball: list[arb]) -> bool:
        """Whether the point may lie on an edge of the domain, or the domain is not known."""
        values = dict(zip(self.unknowns, ball, strict=True))
        if self.domain is None:
            return True
        return any((evaluate(a, values) - evaluate(b, values)).contains(0) for _, a, b in self.domain)

    def holds_zero(self) -> bool:
        """Whether zero lies in the domain, where the loss is defined."""
        with contextlib.suppress(Refused, ArithmeticError, ValueError):
            return self.given.inside([arb(0)] * len(self.unknowns))
        return False

    @cached_property
    def numerators(self) -> Numerators:
        """Those of the derivatives, which are zero together at every critical point; none where they are not read."""
        if not self.parameters and self.domain is not None and len(self.unknowns) <= 2:
            with contextlib.suppress(Refused, ArithmeticError, ValueError):
                return Numerators.of([written_out(s, self.columns) for s in self.slopes()], self.unknowns)
        return Numerators([], [], [])

    def inexpressible(self, point: list[arb], precision: int) -> bool:
        """Whether a coordinate of the point in the balls, or an exponential of it, is proved to be no radical."""
        bad = self._unsolvable()
        if not point or not bad:
            return False
        with ctx.workprec(precision):
            hits = (c.hit(c.image(point[self.unknowns.index(c.unknown)])) for c in self.numerators.coordinates)
            return any(len(hit) == 1 and any(same(f, hit[0]) for f in bad) for hit in hits)

    def no_radical(self) -> str:
        """The certificate by which there are critical points, of each of which a coordinate, or its exponential, is no radical."""
        bad = self._unsolvable()
        found = self.numerators.candidates
        if found and all(any(same(f, g) for f in fs for g in bad) for fs in found):
            return next((n for n, c in self.own.items() if c.claim.get("roots") or c.claim.get("points")), "")
        return ""

    def unsolvable_family(self) -> str:
        """Why no formula in radicals gives the critical points, "" where no certificate shows it.

        Each is a root of the certificate's polynomial, which has one wherever its degree, an odd number, does not drop.
        The parameters must run over an open set: nothing is known of such roots for one number.
        """
        free = not self.unread and all(map(_open, self.assumptions))
        if self.loss is None or len(self.unknowns) != 1 or not self.everywhere or not free:
            return ""
        for name, certificate in self.others.items():
            if certificate.kind != "unsolvable_family" or certificate.claim["unknown"] != self.unknowns[0]:
                continue
            with contextlib.suppress(Refused):
                trees = (differentiate(self.loss, self.unknowns[0]), read(certificate.claim["polynomial"]))
                slope, family = (quotient(t, self.names, self.columns) for t in trees)
                ratio, rest = divmod(slope.top, family.top)
                degree = int(family.top.degrees()[0])
                if rest.is_zero() and ratio.is_constant() and slope.bottom.is_constant() and degree % 2:
                    return f"the critical points are the roots of {name}, for which there is no formula in radicals"
        return ""

    def _unsolvable(self) -> list[fmpz_poly]:
        return [polynomial(c.claim["polynomial"], "f") for c in self.others.values() if c.kind == "unsolvable"]


def _in_numbers(tree: Tree, unknowns: set[str], known: list[Relation]) -> Tree:
    """A tree as convex as this one, with 1 or -1 by its sign for what is written in parameters, and a row for a sum.

    The sign of what multiplies an affine expression does not matter; else it must be known.
    """
    if not unknowns & free_names(tree):
        above = prove_relation((">=", tree, ZERO), known)
        return tree if isinstance(tree, fmpq) else ONE if above else MINUS
    if not isinstance(tree, tuple):
        return tree
    if tree[0] == "sum":  # no name that can be written is like the index of any row
        return _in_numbers(substitute(tree[4], {str(tree[1]): f"#{tree[1]}"}), unknowns, known)
    if tree[0] != "*":
        return (tree[0], *(a if isinstance(a, fmpq) else _in_numbers(a, unknowns, known) for a in tree[1:]))
    factor = mul(*(a for a in tree[1:] if not unknowns & free_names(a)))
    rest = mul(*(_in_numbers(a, unknowns, known) for a in tree[1:] if unknowns & free_names(a)))
    for op, sign in ((">=", ONE), ("<=", MINUS)):
        if prove_relation((op, factor, ZERO), known):
            return mul(sign, rest)
    return rest if curvature(rest, unknowns, {}, {}) == AFFINE else refuse("the sign of a factor is not known")


def _open(relation: Relation) -> bool:
    """Whether it holds on an open set, if anywhere: it is strict, between functions without jumps."""
    op, *sides = relation
    return op in ("<", ">", "!=") and set[str]().union(*map(heads, sides)) <= CONTINUOUS


def _determinant(rows: list[list[Tree]]) -> Tree:
    """By the first row."""
    if not rows:
        return ONE
    first, below = rows[0], rows[1:]
    parts = (
        mul(fmpq((-1) ** j), e, _determinant([[*row[:j], *row[j + 1 :]] for row in below])) for j, e in enumerate(first)
    )
    return add(*parts)


def _without_waves(tree: Tree) -> Tree:
    """A sum that is nowhere greater: c*cos(u) and c*sin(u) are at least -|c|."""
    if not isinstance(tree, tuple):
        return tree
    if tree[0] == "+":
        return add(*map(_without_waves, tree[1:]))
    factor, wave = (tree[1], tree[2]) if tree[0] == "*" and len(tree) == 3 else (ONE, tree)
    bounded = isinstance(factor, fmpq) and isinstance(wave, tuple) and wave[0] in ("cos", "sin")
    return -abs(factor) if bounded and isinstance(factor, fmpq) else tree


def same(f: fmpz_poly, g: fmpz_poly) -> bool:
    """Whether two polynomials are equal up to a factor."""
    return f.gcd(g).degree() == g.degree() == f.degree()
