"""One unknown, a rational gradient over Q: all real critical points, exact where radicals exist, with a global minimum.

The numerator is factored over Q; each factor's real roots are enclosed, and its solvability decided by Galois theory.
Signs of the gradient between neighbouring roots and poles give every kind, also of multiple roots; the losses of the
minima are compared in balls (equal ones by exact elimination).
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from flint import arb, ctx, fmpq, fmpq_poly, fmpz, fmpz_poly

from closedform.algebra import bridge
from closedform.algebra.later import sp
from closedform.algebra.roots import exact as dyadic
from closedform.algebra.roots import isolate_real
from closedform.algebra.sampling import Sample, real_ball
from closedform.algebra.spelled import spelled_number
from closedform.attempt import Attempt
from closedform.budget import Budget, working_bits
from closedform.calculus.roots import rational as rational_roots
from closedform.calculus.roots.rational import RealRoots
from closedform.enclosures.certified import ListedPoint, listing
from closedform.expression import Node, to_tree
from closedform.frozen import record, shown
from closedform.kernel.algebra.rational import quotient
from closedform.kernel.certificate import Certificate
from closedform.kernel.expressions import tree as kernel
from closedform.kernel.reading import Json, Refused
from closedform.points import Kind
from closedform.statement import columns_of
from closedform.stationarity.location import Location, Side, integer_coefficients
from closedform.stationarity.text.polynomial_line import PolynomialLine
from closedform.strategies.ending import Evidence, Found, FoundPoint, concluded

if TYPE_CHECKING:
    from closedform.stationarity.scalar import Stationarity

name = "univariate polynomial"
example = {"loss": "x**4 - x**2"}
counterexample = {"loss": "exp(x) - 2*x"}

MAX_DEGREE = 400


def declines(system: Stationarity | PolynomialLine) -> str | None:
    """A sentence when the system is not one rational equation in one unknown over Q, else None."""
    if isinstance(system, PolynomialLine):
        return None
    if len(system.unknowns) != 1 or len(system.equations) != 1:
        return "there is more than one unknown"
    if system.kind not in ("polynomial", "rational"):
        return f"the equation is {system.kind}, not rational"
    if (system.equations[0].free_symbols | _names(system.relations)) - set(system.unknowns):
        return "the coefficients hold parameters"
    if not system.equations[0].is_polynomial(*system.unknowns):
        return "the numerator is no polynomial"
    return None


def _names(relations: tuple[Any, ...]) -> set[Any]:
    return set[Any]().union(*(r.free_symbols for r in relations))


@record
class _Zero:
    """A real zero of the gradient in the domain."""

    ball: arb
    multiplicity: int
    roots: RealRoots
    index: int

    @property
    def exact(self) -> Any:
        return self.roots.values[self.index]


def attempt(system: Stationarity | PolynomialLine, budget: Budget) -> Attempt:
    """Every real critical point, with certificates; "failed" only where solvability was not decided."""
    if isinstance(system, PolynomialLine):
        f, d, sign = system.slope.numer(), fmpz_poly([1]), 1
    else:
        read = _read(system)
        if isinstance(read, Attempt):
            return read
        f, d, sign = read
    if f.degree() > MAX_DEGREE:
        return Attempt(name, "failed", f"the gradient has degree {f.degree()}, more than {MAX_DEGREE}")
    line = _GradientLine(system, f, d, sign, working_bits(budget.digits, 80), budget)
    zeros = list[_Zero]()
    outside = 0
    decided = list[RealRoots]()
    for g, m in f.factor()[1]:
        budget.check()
        roots = rational_roots.real_roots(g, line.bits, budget)
        where = [line.side(b, g) for b in roots.balls]
        if "unknown" in where:
            return Attempt(name, "failed", "it is open whether a zero of the gradient lies in the domain")
        inside = [i for i, side in enumerate(where) if side == "inside"]
        outside += len(roots.balls) - len(inside)
        if inside:
            decided.append(roots)
        zeros += [_Zero(roots.balls[i], int(m), roots, i) for i in inside]
    zeros.sort(key=lambda z: z.ball.mid())  # exact numbers; the balls are disjoint
    return _PolynomialAnswer(system, line, zeros, decided, budget).attempt(f)


def _read(system: Stationarity) -> tuple[fmpz_poly, fmpz_poly, int] | Attempt:
    """The gradient as a quotient of integer polynomials and a sign."""
    x = system.unknowns[0]
    source = system.gradient[0] if system.gradient is not None else system.equations[0]
    numerator, denominator = sp.fraction(sp.cancel(sp.together(source)))
    try:
        top, bottom = sp.Poly(numerator, x), sp.Poly(denominator, x)
    except sp.PolynomialError:
        return Attempt(name, "declined", "the gradient is not rational")
    if not all(c.is_Rational for c in (*top.all_coeffs(), *bottom.all_coeffs())):
        return Attempt(name, "declined", "the coefficients are not rational")
    if top.is_zero:
        return Attempt(name, "failed", "the gradient is zero everywhere")
    f, d = rational_roots.to_flint(top), rational_roots.to_flint(bottom)
    return f, d, _same_sign(top, f) * _same_sign(bottom, d)


def _same_sign(poly: Any, f: fmpz_poly) -> int:
    return 1 if (poly.LC() > 0) == (int(f.leading_coefficient()) > 0) else -1


class _GradientLine:
    """The real line with the sign of the gradient on it."""

    def __init__(
        self,
        system: Stationarity | PolynomialLine,
        f: fmpz_poly,
        d: fmpz_poly,
        sign: int,
        bits: int,
        budget: Budget,
    ) -> None:
        self.system, self.f, self.d, self.sign = system, f, d, sign
        self.x = system.unknowns[0].name
        self.within: fmpq | None = None  # some point of the domain, once its stretches are known
        edges = self._edges()
        zeros, ends = _factors(f), _factors(d, *(edges or ()))
        factors = {*zeros, *ends}
        while True:  # distinct factors have no root in common, so their balls part
            budget.check()
            roots = {g: [b for b, _ in isolate_real(fmpz_poly(list(g)), bits)] for g in factors}
            if all(
                a < b for a, b in pairwise(sorted((b for own in roots.values() for b in own), key=lambda b: b.mid()))
            ):
                break
            bits *= 2
        self.bits = bits
        self.beside = [b for g in {*zeros, *_factors(d)} for b in roots[g]]  # zeros and poles, disjoint
        self.cuts = None if edges is None else [b for g in ends for b in roots[g]]

    def _edges(self) -> list[fmpz_poly] | None:
        """Polynomials with the edges of the domain among their zeros; None where these are not known exactly."""
        out = list[fmpz_poly]()
        for r in self.system.domain.own():
            try:
                gap = quotient(kernel.read(to_tree(r.gap)), [self.x], columns_of(self.system.problem))
            except Refused:
                return None
            out += [fmpz_poly(integer_coefficients(p)) for p in (gap.top, gap.bottom) if not p.is_constant()]
        return out

    def side(self, ball: arb, minimal: fmpz_poly | None = None) -> Side:
        """Whether a real number, given as a ball and where known by its minimal polynomial, lies in the domain."""
        root = None if minimal is None else (minimal, self.x)
        location = Location(balls={self.x: ball}, root=root, columns=columns_of(self.system.problem), bits=self.bits)
        return self.system.domain.holds(location)

    def value(self, expr: Any, ball: arb) -> arb | None:
        return real_ball(expr, Sample({self.x: ball}, {}), self.bits)

    def slope(self, at: fmpq) -> int:
        """The sign of the gradient at a rational that is neither zero nor pole."""
        top, bottom = self.f(at), self.d(at)
        return self.sign * (1 if top > 0 else -1) * (1 if bottom > 0 else -1)

    def stretches(self, zeros: list[_Zero]) -> list[list[_Zero]] | None:
        """The zeros on each interval of the domain between poles; None where the domain's edges are not known exactly.

        The edges of the domain are the real zeros of the relations' differences, so an interval lies in it or outside.
        """
        if self.cuts is None:
            return None
        cuts = sorted(b.mid() for b in self.cuts)
        ends = [dyadic(c) for c in cuts]
        inner = [(a + b) / 2 for a, b in pairwise(ends)]
        middles = [ends[0] - 1, *inner, ends[-1] + 1] if ends else [fmpq(0)]
        out = list[list[_Zero]]()
        for k, middle in enumerate(middles):
            own = [z for z in zeros if (k == 0 or z.ball > cuts[k - 1]) and (k == len(cuts) or z.ball < cuts[k])]
            with ctx.workprec(2 * self.bits):
                side = self.side(arb(middle))
            if side == "inside":
                self.within = middle
                out.append(own)
            elif side == "unknown" or own:
                return None
        return out


class _PolynomialAnswer:
    def __init__(
        self,
        system: Stationarity | PolynomialLine,
        line: _GradientLine,
        zeros: list[_Zero],
        decided: list[RealRoots],
        budget: Budget,
    ) -> None:
        self.system, self.line, self.zeros, self.decided, self.budget = system, line, zeros, decided, budget
        self.x: str = system.unknowns[0].name
        self.polynomial = _over_rationals(system)

    def attempt(self, f: fmpz_poly) -> Attempt:
        record, points = Evidence(), self._points()
        for roots in self.decided:
            record.take(roots.findings, roots.certificates)
        certificate = self._certificate(points, f)
        if certificate is not None:
            bounded = bool(self.system.domain.own())
            record.say("exactly these points", certificate=certificate, count=len(points), bounded=bounded)
        if any(p.kind == "global minimum" for p in points):
            record.say("falls before and rises after the critical points")
        unknown = "; ".join(r.reason for r in self.decided if r.status == "unknown")
        found = Found(
            points,
            True,
            record,
            unsettled=f"solvability by radicals was not decided: {unknown}" if unknown else "",
            complex=_distinct(f) if self._in_the_plane() else None,
        )
        return concluded(name, self.system, found, self.budget)

    def _points(self) -> tuple[FoundPoint, ...]:
        """The points with kinds; a minimum is called global where the least loss is proved to be attained there."""
        kinds, attained = self._kinds()
        losses = [self._loss_ball(z) for z in self.zeros]
        candidates = [i for i, k in enumerate(kinds) if k == "local minimum"]
        best = self._least(candidates, losses) if attained and candidates else []
        points = list[FoundPoint]()
        for i, z in enumerate(self.zeros):
            inertia = (0, 0, 1) if z.multiplicity > 1 else (1, 0, 0) if kinds[i] == "local minimum" else (0, 1, 0)
            points.append(
                FoundPoint(
                    None if z.exact is None else {self.x: z.exact},
                    {self.x: z.ball},
                    "global minimum" if i in best else kinds[i],
                    inertia if self.system.loss is not None else None,
                    z.multiplicity,
                    self._loss(z),
                    None if z.exact is None else "rational" if z.exact.is_Rational else "radical",
                )
            )
        return tuple(points)

    def _kinds(self) -> tuple[list[Kind], bool]:
        """Each zero's kind from the gradient's sign on both sides; whether each stretch falls first and rises last."""
        if self.system.loss is None:
            return ["unclassified"] * len(self.zeros), False
        beside = {id(z): self._beside(z.ball, self.line.beside) for z in self.zeros}
        kinds = list[Kind]()
        for z in self.zeros:
            before, after = beside[id(z)]
            kinds.append("degenerate" if before == after else "local minimum" if before < 0 else "local maximum")
        groups = self.line.stretches(self.zeros)
        attained = bool(groups) and all(g and beside[id(g[0])][0] < 0 < beside[id(g[-1])][1] for g in groups or [])
        return kinds, attained

    def _beside(self, ball: arb, others: list[arb]) -> tuple[int, int]:
        """Signs of the gradient just left and right of a zero, at rationals between it and its neighbours."""
        middle, own = dyadic(ball.mid()), dyadic(ball.rad())
        gaps = [abs(dyadic(o.mid()) - middle) - dyadic(o.rad()) for o in others if not o.overlaps(ball)]
        step = (own + min(gaps, default=own + 2)) / 2  # outside the ball, which is wide where the root is huge
        return self.line.slope(middle - step), self.line.slope(middle + step)

    def _loss_ball(self, z: _Zero) -> arb | None:
        what = self.system.tree if isinstance(self.system, PolynomialLine) else self.system.loss
        return self.line.value(what, z.ball) if what is not None else None

    def _loss(self, z: _Zero) -> Any:
        """The exact loss, reduced modulo the factor where the loss is a polynomial; None where it would be long."""
        if z.exact is None:
            return None
        if self.polynomial is not None:
            rest = self.polynomial % fmpq_poly(z.roots.polynomial)
            if rest.degree() <= 0:
                return spelled_number(rest[0])
            if z.roots.surds:  # where the rest is linear
                a, b, d = z.roots.surds[z.index]
                return spelled_number(rest[0] + rest[1] * a, rest[1] * b, d)
            value = sp.expand(rational_roots.to_sympy(rest, shown(z.exact)))
        else:
            loss = self.system.loss
            if loss is None:
                return None
            x = self.system.unknowns[0]
            if loss.is_polynomial(x):
                loss = sp.rem(loss, rational_roots.to_sympy(z.roots.polynomial, x), x)
            value = loss.subs(x, shown(z.exact))
            value = sp.expand(value) if loss.is_polynomial(x) else sp.expand_log(value)
        return value if sp.count_ops(value) <= 200 else None

    def _least(self, candidates: list[int], losses: list[arb | None]) -> list[int]:
        """Indices of the least loss; empty when balls leave it open and no exact argument decides."""
        if any(losses[i] is None for i in candidates):
            return []
        balls = {i: losses[i] or arb(0) for i in candidates}
        best = min(candidates, key=lambda i: dyadic(balls[i].upper()))
        rivals = [i for i in candidates if not balls[i] > balls[best]]
        return rivals if all(self._equal(best, i, balls) for i in rivals) else []

    def _equal(self, i: int, j: int, balls: dict[int, arb]) -> bool:
        """Whether two losses whose balls meet are the same algebraic number."""
        if i == j:
            return True
        a, b = self.zeros[i], self.zeros[j]
        if a.roots is b.roots and (a.ball + b.ball).contains(0) and self._is_even():
            return True  # at a root and its negative, which is a root too
        if self.polynomial is not None and a.exact is not None and str(self._loss(a)) == str(self._loss(b)):
            return b.exact is not None
        loss: Any = self.system.loss
        x = self.system.unknowns[0]
        if not loss.is_polynomial(x):
            return False
        z = sp.Dummy("z")
        product = sp.S.One
        for zero in {id(k.roots): k for k in (a, b)}.values():
            g = rational_roots.to_sympy(zero.roots.polynomial, x)
            if sp.degree(g, x) > 12:
                return False
            product *= sp.resultant(g, z - sp.rem(loss, g, x), x)
        values = isolate_real(rational_roots.to_flint(sp.Poly(product, z)), self.line.bits)
        meeting = [v for v, _ in values if v.overlaps(balls[i]) or v.overlaps(balls[j])]
        return len(meeting) == 1

    def _is_even(self) -> bool:
        if self.polynomial is not None:
            return not any(self.polynomial.coeffs()[1::2])
        loss: Any = self.system.loss
        x = self.system.unknowns[0]
        return sp.expand(loss.subs(x, -x) - loss) == 0

    def _in_the_plane(self) -> bool:
        """Do complex roots count: is the loss a rational function, defined everywhere?"""
        if self.system.domain.own():
            return False
        loss = None if self.polynomial is not None else self.system.loss
        return loss is None or bool(loss.is_rational_function(self.system.unknowns[0]))

    def _certificate(self, points: Sequence[FoundPoint], f: fmpz_poly) -> Certificate | None:
        """The kernel claim ``critical_points`` by roots; None where the loss cannot be written for the kernel."""
        held = self.system.domain.own()
        if any(r.guards or r.sums or not _is_rational(r.gap, self.x) for r in held):
            return None  # the kernel asks on every root, also where such a relation has no real value
        # roots may come with twice the accuracy that was asked for; the kernel's own rounding must be finer still
        evidence: dict[str, Json] = {"method": "roots", "precision": str(2 * self.line.bits + 100)}
        if not points:
            if self.line.stretches([]) is None or self.line.within is None:
                return None
            evidence["inside"] = {self.x: str(self.line.within)}
        relations: list[Json] = [[r.op, to_tree(r.gap), "0"] for r in held]
        listed = [
            ListedPoint(p.balls or {}, p.inertia, None if p.exact is None else {self.x: p.exact[self.x]})
            for p in points
        ]
        count = _distinct(f) if self._in_the_plane() else None
        if isinstance(self.system, PolynomialLine):
            statement: dict[str, Json] = {"unknowns": [self.x], "loss": to_tree(self.system.text)}
            return listing(statement, listed, count, evidence, self.budget.digits)
        of_expressions = importlib.import_module("closedform.enclosures.certificates").listed_certificate
        return of_expressions(self.system, relations, listed, count, evidence, self.budget.digits)


def _over_rationals(system: Stationarity | PolynomialLine) -> fmpq_poly | None:
    """The loss as a polynomial over Q, where it is one."""
    if isinstance(system, PolynomialLine):
        return system.polynomial
    x, loss = system.unknowns[0], system.loss
    if loss is None or not loss.is_polynomial(x):
        return None
    coefficients = bridge.rationals(sp.Poly(loss, x).all_coeffs()[::-1])
    return None if coefficients is None else fmpq_poly([bridge.flint_rational(c) for c in coefficients])


def _is_rational(node: Node, x: str) -> bool:
    try:
        quotient(kernel.read(to_tree(node)), [x], {})
    except Refused:
        return False
    return True


def _factors(*polynomials: fmpz_poly) -> set[tuple[fmpz, ...]]:
    """The irreducible factors, each by its coefficients."""
    return {tuple(g.coeffs()) for f in polynomials for g, _ in f.factor()[1]}


def _distinct(f: fmpz_poly) -> int:
    return sum(int(g.degree()) for g, _ in f.factor()[1])
