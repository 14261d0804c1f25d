"""Several unknowns, rational equations over Q: every critical point, exact where radicals exist, and how many there are.

The zeros come from ``algebra.polynomial_systems`` (Groebner basis, univariate form, proved by substitution). Each irreducible
factor of the univariate polynomial is decided by Galois theory: where its group is not solvable, no coordinate system
in radicals exists for its points; else each coordinate's own minimal polynomial gives the radicals. Kinds come from the
Hessian in balls. A global minimum is named only where the loss is coercive and the list complete, or where the loss is
a sum of squares that vanishes at the point.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import Any

import sympy as sp
from flint import Ordering, arb, fmpq, fmpq_mpoly, fmpq_mpoly_ctx, fmpq_poly, fmpz_poly

from closedform.algebra import bridge
from closedform.algebra.galois.decide import Decision, decide
from closedform.algebra.polynomial_systems.elements import coordinates, evaluated, matching, minimal_polynomial
from closedform.algebra.polynomial_systems.solution import RealPoint, SystemSolution
from closedform.algebra.polynomial_systems.solve import solve_system
from closedform.algebra.polynomial_systems.univariate_roots import count_real
from closedform.attempt import Attempt
from closedform.budget import Budget, working_bits
from closedform.calculus.roots import rational as rational_roots
from closedform.calculus.roots.rational import RealRoots
from closedform.enclosures.certificates import COMPLEX_DIGITS, points_certificate
from closedform.enclosures.coercive import coercive, lower_bound
from closedform.enclosures.evaluation import Function
from closedform.frozen import FrozenMap
from closedform.kernel.algebra.rational import quotient
from closedform.kernel.expressions.tree import read
from closedform.kernel.reading import Refused
from closedform.points import Kind
from closedform.stationarity.scalar import Stationarity
from closedform.strategies.ending import Evidence, Found, FoundPoint, concluded

name = "polynomial system"
example = {"loss": "(x^2 + y - 11)^2 + (x + y^2 - 7)^2"}
counterexample = {"loss": "exp(x) + x^2 + y^2 - x*y"}

share = 0.8  # of the time left; less where a loss leaves something to certified numbers
MAX_TERMS = 20_000
MAX_RATIONAL = 1_000  # operations in an equation whose denominators are not cleared yet
MAX_DEGREE = 60
COUNTED = {  # why there are no more solutions than those found, by what shows it
    "bezout": "solutions, by the product of the degrees",
    "multiples": "solutions, by multiples of the equations",
    "engines": "solutions, by two engines",
    "primes": "solutions, modulo two primes",
    "": "solutions, modulo one prime",
}
MAX_DENSE = 3_000  # monomials that an equation may have once its products are multiplied out


def declines(system: Stationarity) -> str | None:
    """A sentence when the system is not rational over Q in several unknowns (or equations), else None."""
    if len(system.unknowns) < 2 and len(system.equations) < 2:
        return "there is one equation in one unknown"
    if system.kind not in ("polynomial", "rational"):
        return f"the equations are {system.kind}, not rational"
    if system.parameters:
        return "the coefficients hold parameters"
    if any(r.rel_op == "==" for r in system.relations):
        return "there are equality constraints"
    if any(_heavy(e, system.unknowns) for e in system.equations):
        return "clearing denominators would make the equations too large"
    return None


def _heavy(e: Any, unknowns: tuple[Any, ...]) -> bool:
    """Whether writing the equation out (or clearing its denominators) is out of reach, from its form alone."""
    if not e.is_polynomial(*unknowns):
        return sp.count_ops(e) > MAX_RATIONAL
    degree = _degree(e)
    return degree > MAX_DEGREE or (
        len(e.args) < MAX_TERMS
        and comb(len(unknowns) + degree, degree) > MAX_DENSE
        and sp.count_ops(e) > 200
        and any(_degree(a) > 1 and _nested(a) for a in e.args)
    )


def _degree(e: Any) -> int:
    """An upper bound of the degree in all names, without expanding."""
    if e.is_Symbol:
        return 1
    if isinstance(e, sp.Pow) and e.exp.is_Integer:
        return int(e.exp) * _degree(e.base)
    degrees = [_degree(a) for a in e.args]
    return max(degrees, default=0) if e.is_Add else sum(degrees)


def _nested(e: Any) -> bool:
    return any(a.is_Add or (isinstance(a, sp.Pow) and a.base.is_Add) for a in sp.Mul.make_args(e))


def attempt(system: Stationarity, budget: Budget) -> Attempt:
    """All complex and real zeros; "solved" only where their list is complete and every real one is exact."""
    names = tuple(u.name for u in system.unknowns)
    try:
        equations, nonzero = polynomials(system)
    except NotImplementedError as fault:
        return Attempt(name, "declined", str(fault))
    if all(f.is_zero() for f in equations):
        return Attempt(name, "failed", "the equations vanish everywhere")
    if max(int(f.total_degree()) for f in equations) > MAX_DEGREE:
        return Attempt(name, "failed", f"the equations have degree more than {MAX_DEGREE}")
    if system.loss is not None:  # certified numbers come after
        budget = budget.share(budget.remaining * 0.7)
    solution = solve_system(equations, names, nonzero, budget)
    return answer(system, solution, budget)


def polynomials(system: Stationarity) -> tuple[list[fmpq_mpoly], list[fmpq_mpoly]]:
    """Numerators, and what must not vanish; raises ``NotImplementedError`` with a sentence."""
    ring = fmpq_mpoly_ctx.get(tuple(f"v{i}" for i in range(len(system.unknowns))), Ordering.degrevlex)
    equations, nonzero = list[fmpq_mpoly](), list[fmpq_mpoly]()
    for e in system.equations:
        if not e.is_polynomial(*system.unknowns):
            e, denominator = sp.fraction(sp.together(e))
            nonzero.append(_mpoly(denominator, system.unknowns, ring))
        equations.append(_mpoly(e, system.unknowns, ring))
    nonzero += [_mpoly(e, system.unknowns, ring) for e in system.nonzero]
    seen: dict[str, fmpq_mpoly] = {}
    for h in nonzero:
        for factor, _ in h.factor()[1]:
            seen[str(factor)] = factor
    return equations, list(seen.values())


def _mpoly(e: Any, unknowns: tuple[Any, ...], ring: fmpq_mpoly_ctx) -> fmpq_mpoly:
    try:
        poly = sp.Poly(e, *unknowns)
    except sp.PolynomialError as fault:
        raise NotImplementedError("an equation is not polynomial in the unknowns") from fault
    if len(poly.terms()) > MAX_TERMS:
        raise NotImplementedError("an equation has too many terms")
    terms = bridge.rational_terms(poly)
    if terms is None:
        raise NotImplementedError("a coefficient is not rational")
    return ring.from_dict(dict(terms))


@dataclass
class _SystemZero:
    """A real zero in the domain, with what has been found about it."""

    point: RealPoint
    exact: FrozenMap[str, Any] | None = None
    klass: str | None = None
    inertia: tuple[int, int, int] | None = None
    degenerate: bool = False
    loss: arb | None = None
    loss_exact: Any = None


def answer(system: Stationarity, solution: SystemSolution, budget: Budget) -> Attempt:
    """The attempt that a solved system supports; a reduction may call it with its own system."""
    if solution.space is None or (solution.form is None and solution.space != -1):
        return Attempt(name, "failed", solution.reason or "the system was not solved")
    return _SystemAnswer(system, solution, budget).attempt()


class _SystemAnswer:
    def __init__(self, system: Stationarity, solution: SystemSolution, budget: Budget) -> None:
        self.system, self.solution, self.budget = system, solution, budget
        self.names = [u.name for u in system.unknowns]
        self.record = Evidence()
        self.bits = working_bits(budget.digits)
        self.function = Function.of(system)
        self.open = False

    def attempt(self) -> Attempt:
        solution = self.solution
        self._say_counts()
        zeros = [z for z in map(_SystemZero, solution.real_points(self.budget.digits + 12)) if self._inside(z)]
        complete = solution.complete and not self.open
        status = self._exact(zeros)
        kinds = self._kinds(zeros, complete)
        self._certify(zeros, complete)
        points = tuple(self._point(z, k) for z, k in zip(zeros, kinds, strict=True))
        unsettled = ""
        if not complete:
            unsettled = "that there are no further critical points is observed, not proved"
        elif "unknown" in status.values():
            unsettled = "solvability by radicals was not decided, or the radicals are too long"
        found = Found(
            points,
            complete,
            self.record,
            unsettled=unsettled,
            none="the equations have no real common zero" + (" in the domain" if self.system.relations else ""),
            complex=None if self.system.relations else solution.complex_count,
        )
        return concluded(name, self.system, found, self.budget)

    def _say_counts(self) -> None:
        s = self.solution
        trust = "derived" if s.complete else "observed"
        if s.space == -1:
            self.record.say("no complex solution", trust)
            return
        self.record.say(COUNTED[s.completeness], trust, complex=s.complex_count, real=s.real_count)

    def _inside(self, zero: _SystemZero) -> bool:
        """Whether the relations hold; a difference that stays near zero is tested exactly in the zero's field."""
        values = dict(zip(self.names, zero.point.coordinates, strict=True))
        for r in self.system.relations:
            gap = self.function.value(r.lhs - r.rhs, values, self.bits)
            if gap is None:
                return False
            if gap.contains(0):
                if not self._on_the_edge(zero, r.lhs - r.rhs):
                    self.open = True  # too close to tell
                if r.rel_op in (">", "<", "!="):
                    return False
            elif not {">": gap > 0, ">=": gap > 0, "<": gap < 0, "<=": gap < 0, "!=": True}.get(r.rel_op, True):
                return False
        return True

    def _on_the_edge(self, zero: _SystemZero, expr: Any) -> bool:
        """Whether a rational expression is exactly zero at the point, in the point's field."""
        factor = self.solution.factors[zero.point.factor]
        try:
            value = quotient(read(bridge.to_tree(expr)), self.names, {})
            top = {tuple(int(k) for k in e): c for e, c in value.top.to_dict().items()}
            return evaluated(top, dict(enumerate(coordinates(self.solution, factor))), fmpq_poly(factor)).is_zero()
        except (bridge.NoTranslation, Refused, ZeroDivisionError):
            return False

    # -- exact expressions -------------------------------------------------------------------------------------------

    def _exact(self, zeros: list[_SystemZero]) -> dict[int, str]:
        """Fill in exact coordinates; per factor "closed", "not_closed" or "unknown"."""
        status: dict[int, str] = {}
        known: dict[str, RealRoots] = {}
        for number in sorted({z.point.factor for z in zeros}):
            self.budget.check()
            own = [z for z in zeros if z.point.factor == number]
            factor = self.solution.factors[number]
            decision = self._decide(factor)
            if decision.solvable is not True:
                status[number] = "not_closed" if decision.solvable is False else "unknown"
                continue
            try:
                elements = coordinates(self.solution, factor)
                done = all(self._exact_point(z, elements, factor, known) for z in own)
            except ZeroDivisionError:
                done = False
            status[number] = "closed" if done else "unknown"
        for roots in known.values():
            if roots.certificates and roots.status == "closed":
                self.record.take(roots.findings, roots.certificates)
        return status

    def _decide(self, factor: fmpz_poly) -> Decision:
        if factor.degree() <= 2:
            return Decision(True, "degree at most two")
        decision = decide(factor, self.budget.share(self.budget.remaining * 0.4))
        if decision.solvable is False and decision.certificate is not None:
            self.record.say(
                "points without radicals",
                certificate=decision.certificate,
                count=count_real(factor),
                form=sp.Add(*(c * u for c, u in zip(self._form(), self.system.unknowns, strict=True))),
                degree=int(factor.degree()),
                group=decision.group,
            )
        return decision

    def _form(self) -> list[int]:
        form = [0] * len(self.names)
        if self.solution.form is not None:
            for i, c in zip(self.solution.kept, self.solution.form.form, strict=True):
                if i < len(form):
                    form[i] = c
        return form

    def _exact_point(
        self, zero: _SystemZero, elements: list[fmpq_poly], factor: fmpz_poly, known: dict[str, RealRoots]
    ) -> bool:
        exact, klass = dict[str, Any](), "rational"
        for x, e, ball in zip(self.names, elements, zero.point.coordinates, strict=True):
            value, k = self._element(e, factor, ball, known)
            if value is None:
                return False
            exact[x] = value
            klass = k if k != "rational" else klass
        zero.exact, zero.klass = FrozenMap(exact), klass
        return True

    def _element(self, e: fmpq_poly, factor: fmpz_poly, ball: arb, known: dict[str, RealRoots]) -> tuple[Any, str]:
        if e.degree() < 1:
            c = e[0]
            return bridge.sympy_rational(c), "rational"
        minimal = minimal_polynomial(e, factor)
        if minimal is None:
            return None, ""
        key = str(minimal)
        if key not in known:
            known[key] = rational_roots.real_roots(minimal, self.bits, self.budget)
        found = known[key]
        i = matching(found.balls, ball)
        return (
            (None, "") if i is None or found.exact[i] is None else (found.exact[i], found.expression_class or "radical")
        )

    # -- kinds -------------------------------------------------------------------------------------------------------

    def _kinds(self, zeros: list[_SystemZero], complete: bool) -> list[Kind]:
        if self.system.loss is None:
            return ["unclassified"] * len(zeros)
        for z in zeros:
            self.budget.check()
            z.inertia = self.function.inertia(z.point.coordinates, self.bits)
            if z.inertia is None:
                z.inertia, z.degenerate = self._exact_inertia(z)
            values = dict(zip(self.names, z.point.coordinates, strict=True))
            z.loss = self.function.value(self.system.loss, values, self.bits)
            if z.klass == "rational" and z.exact is not None:
                value = self.system.loss.subs({u: z.exact[u.name] for u in self.system.unknowns})
                z.loss_exact = value if value.is_number and sp.count_ops(value) < 200 else None
        kinds: list[Kind] = [_kind(z) for z in zeros]
        best = self._global(zeros, complete)
        return ["global minimum" if i in best else k for i, k in enumerate(kinds)]

    def _exact_inertia(self, zero: _SystemZero) -> tuple[tuple[int, int, int] | None, bool]:
        """At a rational point the Hessian is rational; elsewhere None. And whether its determinant is zero."""
        if zero.exact is None or zero.klass != "rational":
            return None, True
        found = self.function.exact_inertia([fmpq(int(v.p), int(v.q)) for v in zero.exact.values()])
        return found, True

    def _global(self, zeros: list[_SystemZero], complete: bool) -> set[int]:
        """Indices of the points proved to be global minima."""
        least = lower_bound(self.system)
        if least is not None:
            zero = [i for i, z in enumerate(zeros) if z.loss_exact is not None and z.loss_exact == least]
            if zero:
                self.record.say("sum of squares", least=least)
                if complete:
                    zero += [
                        i
                        for i, z in enumerate(zeros)
                        if i not in zero
                        and z.loss is not None
                        and z.loss.contains(0)
                        and not (z.loss > 0)
                        and self._same_loss(zeros, zero[0], i)
                    ]
                return self._of_one_loss(zeros, zero)
        if not complete or self.system.relations or any(z.loss is None for z in zeros):
            return set()
        reason = coercive(self.system, self.budget)
        if reason is None:
            return set()
        losses = [z.loss if z.loss is not None else arb(0) for z in zeros]
        best = min(range(len(zeros)), key=lambda i: float(losses[i].mid()))
        rivals = [i for i in range(len(zeros)) if not losses[i] > losses[best]]
        if not all(self._same_loss(zeros, best, i) for i in rivals):
            return set()
        self.record.say("coercive", reason=reason)
        return self._of_one_loss(zeros, rivals)

    def _of_one_loss(self, zeros: list[_SystemZero], tied: list[int]) -> set[int]:
        """The points whose losses were proved equal: an exact loss of one is the loss of all."""
        exact = next((zeros[i].loss_exact for i in tied if zeros[i].loss_exact is not None), None)
        for i in tied:
            zeros[i].loss_exact = exact
        return set(tied)

    def _same_loss(self, zeros: list[_SystemZero], i: int, j: int) -> bool:
        """Whether two losses whose balls meet are the same number."""
        if i == j:
            return True
        if self.function.loss_terms is None:
            return False
        minimal = list[fmpz_poly | None]()
        for z in (zeros[i], zeros[j]):
            factor = self.solution.factors[z.point.factor]
            try:
                value = self.function.loss_in_field(coordinates(self.solution, factor), factor)
            except ZeroDivisionError:
                return False
            minimal.append(None if value is None else minimal_polynomial(value, factor))
        if minimal[0] is None or minimal[0] != minimal[1]:
            return False
        balls = [b for b, _ in rational_roots.isolate_real(minimal[0], self.bits)]
        a, b = zeros[i].loss, zeros[j].loss
        return (
            a is not None
            and b is not None
            and matching(balls, a) is not None
            and matching(balls, a) == matching(balls, b)
        )

    # -- the result ----------------------------------------------------------------------------------------------------

    def _certify(self, zeros: list[_SystemZero], complete: bool) -> None:
        boxes, signs, digits = [z.point.coordinates for z in zeros], [z.inertia for z in zeros], self.budget.digits
        certificate, bound = None, self.solution.bound if complete and not self.system.relations else None
        if bound is not None:
            others = self.solution.pairs(COMPLEX_DIGITS)
            certificate = points_certificate(self.system, boxes, signs, digits, others, bound=bound)
        only = certificate is not None
        if certificate is None:
            certificate = points_certificate(self.system, boxes, signs, digits)
        if certificate is not None:
            self.record.say("points enclosed", certificate=certificate, count=len(zeros), complete=only)

    def _point(self, zero: _SystemZero, kind: Kind) -> FoundPoint:
        return FoundPoint(
            None if zero.exact is None else {u: zero.exact[u.name] for u in self.system.unknowns},
            dict(zip(self.names, zero.point.coordinates, strict=True)),
            kind,
            zero.inertia if self.system.loss is not None else None,
            multiplicity=1 if self.solution.degree == self.solution.complex_count else None,
            loss=zero.loss_exact,
            expression_class=zero.klass,
        )


def _kind(zero: _SystemZero) -> Kind:
    if zero.inertia is None or zero.inertia[2]:
        if zero.inertia is not None and zero.inertia[0] and zero.inertia[1]:
            return "saddle"
        return "degenerate" if zero.degenerate else "unclassified"
    positive, negative, _ = zero.inertia
    return "saddle" if positive and negative else "local minimum" if positive else "local maximum"
