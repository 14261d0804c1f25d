"""What follows about a question: convexity, counts of roots, growth, and what its certificates leave for its points."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from flint import acb, arb, ctx, fmpq, fmpz_poly

from closedform.kernel.algebra.exponentials import terms
from closedform.kernel.algebra.polynomials import MAX_DEGREE, enclosed_roots, polynomial
from closedform.kernel.algebra.rational import NotRational, dense, quotient
from closedform.kernel.algebra.relations import prove_relation
from closedform.kernel.algebra.tower import build, is_zero
from closedform.kernel.claims.formula import for_every
from closedform.kernel.claims.zeros.rational_gradient import quotients
from closedform.kernel.expressions.balls import evaluate
from closedform.kernel.expressions.convexity import AFFINE, CONVEX, curvature
from closedform.kernel.expressions.derivatives import differentiate
from closedform.kernel.expressions.substitution import substitute
from closedform.kernel.expressions.tree import MINUS, ONE, ZERO, Relation, Tree, add, free_names, mul, power, read
from closedform.kernel.headlines.agreement import MAX_PARTS, agree, heads, parts, written_out
from closedform.kernel.headlines.kinks import slopes
from closedform.kernel.headlines.question import Stated
from closedform.kernel.reading import Refused, mapping, rational, refuse, sequence

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
        """Whether a convex loss of one unknown falls to neither side of a rational point; ``strict``: rises to both."""
        at = [v for v in point.values() if isinstance(v, fmpq)]
        if len(self.unknowns) != 1 or not at or self.loss is None or not self.everywhere or not self.convex():
            return False
        try:
            sides = slopes(written_out(self.minimised, self.columns), self.unknowns[0], at[0])
        except Refused:
            return False
        return all(s > 0 if strict else s >= 0 for s in sides)

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

    def all_roots(self, points: Sequence[Mapping[str, Tree]]) -> Tree | None:
        """The leading coefficient c where the derivative by the one unknown is c times the product of all x - point."""
        if self.loss is None or len(self.unknowns) != 1 or not points:
            return None
        x = self.unknowns[0]
        with contextlib.suppress(Refused, KeyError):
            top = quotient(differentiate(self.loss, x), [x, *self.parameters], self.columns).top
            degree = int(top.degrees()[0])
            first = [(e, c) for e, c in top.terms() if e[0] == degree]
            lead = add(*(mul(c, *map(power, self.parameters, map(fmpq, e[1:]))) for e, c in first))
            whole = add(*(mul(c, *map(power, self.names, map(fmpq, e))) for e, c in top.terms()))
            product = mul(lead, *(add(x, mul(MINUS, p[x])) for p in points))
            if degree == len(points) and agree(whole, product, self.names, {}, self.assumptions):
                return lead
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

    def pinned(self, points: list[list[arb]]) -> str:
        """The certificate by which there is no critical point besides those in the balls; "" where none shows it.

        All critical points lie on the positive roots of its polynomial in t, the exponential of one unknown. On each
        root there is at most one: there is no other unknown, or the loss is strictly convex in the only other one.
        """
        for name, x, eliminant, scale in self._eliminants():
            others = [u for u in self.unknowns if u != x]
            if len(others) > 1 or any(not self._second_derivative(">", u) for u in others):
                continue
            at = self.unknowns.index(x)
            roots = [r.real for f, _ in eliminant.factor()[1] for r in enclosed_roots(f) if r.imag.is_zero()]
            balls = [(p[at] * arb(scale)).exp() for p in points if p]
            hit = [[i for i, r in enumerate(roots) if r.overlaps(b)] for b in balls]
            positive = sum(not r < 0 for r in roots if not r.is_zero())
            if len(balls) == len(points) == positive == len({i for h in hit for i in h}) and all(
                len(h) == 1 for h in hit
            ):
                return name
        return ""

    def inexpressible(self, point: list[arb], precision: int) -> bool:
        """Whether a coordinate of the point in the balls, or the exponential of it that a certificate names, is proved to be no radical."""
        bad = self._unsolvable()
        if not point:
            return False
        with ctx.workprec(precision):
            for equation, ball in self._equations_at(point):
                roots = [(f, r) for f, _ in equation.factor()[1] for r in enclosed_roots(f)]
                hit = [f for f, r in roots if r.overlaps(acb(ball))]
                if len(hit) == 1 and any(same(f, hit[0]) for f in bad):
                    return True
        return False

    def no_radical(self) -> tuple[str, bool]:
        """The certificate by which there are critical points, and of each an exponential is no radical; whether it is one."""
        bad = self._unsolvable()
        for name, _, eliminant, _ in self._eliminants():
            counted = self.own[name].claim.get("roots")
            factors = [f for f, _ in eliminant.factor()[1]]
            there = [
                f
                for f in factors
                if any(r.imag.is_zero() and not (r.real < 0 or r.real.is_zero()) for r in enclosed_roots(f))
            ]
            if isinstance(counted, list) and counted and all(any(same(f, g) for g in bad) for f in there):
                return name, len(counted) == 1
        return "", False

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

    def _equations_at(self, point: list[arb]) -> Iterator[tuple[fmpz_poly, arb]]:
        """Polynomials over Z that vanish at a coordinate of each critical point, or at an exponential of one; its ball."""
        if len(self.unknowns) == 1:
            with contextlib.suppress(NotRational, Refused):
                yield dense(quotients(self.given)[0].top), point[0]
        for _, x, eliminant, scale in self._eliminants():
            yield eliminant, (point[self.unknowns.index(x)] * arb(scale)).exp()

    def _eliminants(self) -> Iterator[tuple[str, str, fmpz_poly, fmpq]]:
        """The certificates by which a polynomial in t = exp(scale*x) vanishes at every critical point."""
        for name, certificate in self.own.items():
            used = certificate.claim.get("substitution")
            if certificate.kind != "exponential_eliminant" or not isinstance(used, list) or len(used) != 1:
                continue
            only, names_beside = mapping(used[0], "a substitution"), sequence(certificate.claim["names"], "names")
            powers = terms(certificate.claim["polynomial"], 1 + len(names_beside))
            form, top = sequence(only["form"], "a form"), max(first for first, *_ in powers)
            alone = len(form) == 1 and form[0] in self.unknowns and not any(any(rest) for _, *rest in powers)
            if alone and 0 < top <= MAX_DEGREE and self.within(certificate):
                dense = fmpz_poly([powers.get((k, *[0] * len(names_beside)), 0) for k in range(top + 1)])
                yield name, str(form[0]), dense, rational(only["scale"], "scale")


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
