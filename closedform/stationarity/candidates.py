"""Judging candidate points independently of how they were found: at random admissible data in balls, then exactly.

A candidate is a critical point at a sample when every equation's ball there contains zero with a tiny radius, every
relation holds, and it is real. A candidate that fails anywhere inside the domain is never returned; the exact proof that
the gradient vanishes identically is the kernel's (claim ``critical_point_formula``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import sympy as sp
from flint import arb, fmpq

from closedform import expression
from closedform.algebra import bridge
from closedform.algebra.roots import isolate_real
from closedform.algebra.sampling import Sample, complex_ball, real_ball, tree_of
from closedform.budget import Budget, working_bits
from closedform.calculus.roots.polynomial import Placeholder
from closedform.calculus.roots.rational import to_flint
from closedform.frozen import record
from closedform.kernel.certificate import Certificate
from closedform.kernel.check import check_certificate
from closedform.kernel.claims import formula
from closedform.kernel.expressions.infix import infix
from closedform.kernel.expressions.substitution import substitute
from closedform.kernel.expressions.tree import MINUS, add, free_names, mul, read, write
from closedform.kernel.reading import Json, Refused
from closedform.points import CLASSES
from closedform.stationarity.location import Location, not_real
from closedform.stationarity.scalar import Stationarity, columns_of, sampler

Word = Literal["root", "outside", "not", "unknown"]
TINY = fmpq(1, 10**15)
MORE_SAMPLES = 60
MAX_PROOF = 500  # operations of a point whose gradient the kernel is asked to reduce to zero


@record
class TestedCandidate:
    """A candidate with its fate at each sample; ``balls`` are the coordinates at the samples, None where not real."""

    point: Mapping[Any, Any]
    words: tuple[Word, ...]
    balls: tuple[Mapping[str, arb] | None, ...]

    @property
    def sometimes(self) -> bool:
        """Critical for some data; where it is not, it lies outside the domain or is no root (a square was taken)."""
        return "root" in self.words

    @property
    def never(self) -> bool:
        return "root" not in self.words and "unknown" not in self.words


class Judge:
    """Evaluates candidates of a system at samples of its parameters."""

    def __init__(self, system: Stationarity, budget: Budget, count: int = 10) -> None:
        self.system = system
        self.precision = max(333, working_bits(budget.digits))
        draw = sampler(system)
        draw.leave_out({u.name for u in system.unknowns})
        self.numeric = not draw.ranges and not draw.columns
        self.samples = [Sample({}, {})] if self.numeric else draw.draws(count)
        self._draw = draw
        self._equations = [self._tree(e) for e in (system.gradient or system.equations)]
        self._relations = [(self._tree(r.lhs - r.rhs), r.rel_op) for r in system.relations]
        self._nonzero = [self._tree(e) for e in system.nonzero]

    def _tree(self, e: Any) -> Any:
        try:
            return tree_of(e)
        except (bridge.NoTranslation, Refused):
            return None

    def judge(self, point: Mapping[Any, Any], placeholders: Sequence[Placeholder] = ()) -> TestedCandidate:
        """The fate of one candidate at every sample; with placeholders, of each of their real roots (the best one counts)."""
        if self.numeric and not any(v.free_symbols for v in point.values()):
            word, at = self._judged_at(point)
            return TestedCandidate(point, (word,), (at,))
        words, balls = list[Word](), list[Mapping[str, arb] | None]()
        used = [s for s in placeholders if any(s.symbol in v.free_symbols for v in point.values())]
        for sample in self.samples:
            bindings = self._bindings(used, sample)
            best: tuple[Word, Mapping[str, arb] | None] = ("unknown", None) if bindings is None else ("outside", None)
            for extra in bindings or ():
                word, at = self._judged_at_sample(point, Sample({**sample.values, **extra}, sample.columns))
                if word == "root" or best[0] == "outside":
                    best = (word, at)
            words.append(best[0])
            balls.append(best[1])
        return TestedCandidate(point, tuple(words), tuple(balls))

    def _judged_at(self, point: Mapping[Any, Any]) -> tuple[Word, Mapping[str, arb] | None]:
        """The fate of a point in numbers, held against the domain of the text as written."""
        values = {u.name: sp.sympify(v) for u, v in point.items()}
        location = Location(exact=values, columns=columns_of(self.system.problem), bits=self.precision)
        at = location.at()
        if at is None:
            return ("outside" if any(not_real(v, self.precision) for v in values.values()) else "unknown"), None
        side = self.system.domain.holds(location)
        if side != "inside":
            return side, at
        for tree in self._equations:
            ball = location.value(tree) if tree is not None else None
            if ball is None:
                return "unknown", at
            if not ball.contains(0):
                return "not", at
            if ball.rad() > arb(TINY):
                return "unknown", at
        return "root", at

    def judge_all(
        self, points: Sequence[Mapping[Any, Any]], placeholders: Sequence[Placeholder] = ()
    ) -> list[TestedCandidate]:
        """The fates of all candidates; when none is critical at any sample, more data are tried."""
        out = [self.judge(p, placeholders) for p in points]
        if self.numeric or not self.samples or not points or any("root" in j.words for j in out):
            return out
        first = self.samples
        for _ in range(MORE_SAMPLES):
            sample = self._draw.draw()
            if sample is None:
                break
            self.samples = [sample]
            if any("root" in self.judge(p, placeholders).words for p in points):
                self.samples = [*first[:4], sample]
                return [self.judge(p, placeholders) for p in points]
        self.samples = first
        return out

    def _bindings(self, used: Sequence[Placeholder], sample: Sample) -> list[dict[str, arb]] | None:
        """The real roots behind the placeholder; None where they cannot be found, which says nothing about the candidate."""
        if not used:
            return [{}]
        if len(used) > 1:
            return None
        s = used[0]
        if s.ball is not None:
            return [{s.symbol.name: s.ball}]
        values = {
            p: bridge.sympy_rational(v)
            for p in s.polynomial.free_symbols
            if p.name in sample.values
            for v in [sample.values[p.name]]
        }
        poly = sp.Poly(s.polynomial.subs(values), s.variable)
        if not all(c.is_Rational for c in poly.all_coeffs()) or poly.degree() < 1:
            return None
        return [{s.symbol.name: b} for b, _ in isolate_real(to_flint(poly), self.precision)]

    def coordinate(self, value: Any, sample: Sample) -> arb | None:
        """The real ball of an expression that may pass through complex numbers; None when it is not real there."""
        ball = real_ball(value, sample, self.precision)
        if ball is not None:
            return ball
        z = complex_ball(value, sample, self.precision + 200)
        if z is None or not z.imag.contains(0) or z.imag.rad() > arb(TINY):
            return None
        return z.real

    def _not_real(self, value: Any, sample: Sample) -> bool:
        """Is the value proved not to be a real number there (an imaginary part, a pole, no real branch of W)?

        The root of a negative number inside it proves nothing: Cardano's formula passes through such roots.
        """
        if value.has(sp.zoo, sp.nan, sp.oo):
            return True
        z = complex_ball(value, sample, self.precision + 200)
        if z is not None:
            return not z.imag.contains(0)
        for node in sp.preorder_traversal(value):
            if isinstance(node, (sp.LambertW, sp.erfinv)):
                u = real_ball(node.args[0], sample, self.precision)
                if u is None:
                    continue
                no_branch = u < -(arb(-1).exp()) or (len(node.args) == 2 and node.args[1] == -1 and u >= 0)
                if (abs(u) >= 1) if isinstance(node, sp.erfinv) else no_branch:
                    return True
        return False

    def _judged_at_sample(self, point: Mapping[Any, Any], sample: Sample) -> tuple[Word, Mapping[str, arb] | None]:
        at = dict[str, arb]()
        free = {k: v for k, v in point.items() if v == k}
        for k in free:  # a coordinate that stays free takes a value of its own
            at[k.name] = arb(fmpq(3, 7) if k.is_nonnegative else fmpq(-2, 7))
        for k, v in point.items():
            if k in free:
                continue
            ball = self.coordinate(v, Sample({**sample.values, **at}, sample.columns))
            if ball is None:
                return (
                    "outside" if self._not_real(v, Sample({**sample.values, **at}, sample.columns)) else "unknown"
                ), None
            at[k.name] = ball
        here = Sample({**sample.values, **at}, sample.columns)
        for tree, op in self._relations:
            gap = real_ball(tree, here, self.precision) if tree is not None else None
            if gap is None:
                return "unknown", at
            if not {">": gap > 0, ">=": not gap < 0, "<": gap < 0, "<=": not gap > 0, "!=": gap != 0}.get(
                op, gap.contains(0)
            ):
                return "outside", at
        for tree in self._nonzero:
            ball = real_ball(tree, here, self.precision) if tree is not None else arb(1)
            if ball is None or ball.contains(0):
                return "outside", at
        for tree in self._equations:
            ball = real_ball(tree, here, self.precision) if tree is not None else None
            if tree is None:
                return "unknown", at
            if ball is None:
                return "outside", at
            if not ball.contains(0):
                return "not", at
            if ball.rad() > arb(TINY):
                return "unknown", at
        return "root", at


def prove(system: Stationarity, point: Mapping[Any, Any]) -> tuple[Certificate, tuple[Any, ...]] | None:
    """A certificate, accepted by the kernel, that the point is critical wherever some expressions are not zero.

    Those expressions come back as SymPy conditions ``!= 0``. None where the kernel's reduction does not come to zero.
    """
    if any(sp.count_ops(v) > MAX_PROOF or v == k for k, v in point.items()):
        return None
    try:
        statement = _statement(system)
        values: dict[str, Json] = {u.name: bridge.to_tree(point[u]) for u in system.unknowns}
        lacking = formula.setting(statement).missing({k: read(v) for k, v in values.items()}, [])
        marked = {n for _, a, b in lacking for n in free_names(a) | free_names(b)}
        plain = {n: n.removeprefix(formula.EVERY) for n in marked}
        conditions = [(op, substitute(a, plain), substitute(b, plain)) for op, a, b in lacking]
        listed: list[Json] = [[op, write(a), write(b)] for op, a, b in conditions]
        claim: dict[str, Json] = {"kind": "critical_point_formula", "point": values, "conditions": listed}
        certificate = Certificate(statement, claim, {})
        check_certificate(certificate)
    except (Refused, bridge.NoTranslation, ValueError, ArithmeticError, RecursionError):
        return None
    table = {s.name: s for e in (*point.values(), *(system.gradient or system.equations)) for s in e.free_symbols}
    back = list[Any]()
    for c in (c for c in conditions if c[0] == "!="):
        try:
            back.append(bridge.from_tree(write(c[1]), table) - bridge.from_tree(write(c[2]), table))
        except bridge.NoTranslation:
            back.append(sp.Symbol(infix(add(c[1], mul(MINUS, c[2])))))
    return certificate, tuple(back)


def _statement(system: Stationarity) -> dict[str, Json]:
    assumptions: list[Json] = []
    for s in dict.fromkeys((*system.parameters, *system.unknowns)):
        if s.is_positive or s.is_nonnegative or s.is_negative:
            assumptions.append([">" if s.is_positive else ">=" if s.is_nonnegative else "<", s.name, "0"])
    for r in system.relations:
        assumptions.append([{"==": "="}.get(r.rel_op, r.rel_op), bridge.to_tree(r.lhs), bridge.to_tree(r.rhs)])
    unknowns: list[Json] = [u.name for u in system.unknowns]
    parameters: list[Json] = [p.name for p in system.parameters]
    statement: dict[str, Json] = {"unknowns": unknowns, "parameters": parameters, "assumptions": assumptions}
    origin = system.problem
    same = origin.level == "scalar" and origin.data is None and tuple(unknowns) == origin.unknowns
    if same and origin.loss is not None and system.loss is not None:
        statement["loss"] = expression.to_tree(origin.loss)
    elif system.loss is not None:
        statement["loss"] = bridge.to_tree(system.loss)
    else:
        statement["equations"] = [bridge.to_tree(e) for e in system.equations]
    stated = statement["loss"] if "loss" in statement else statement["equations"]
    trees = [read(t) for t in (stated if "equations" in statement and isinstance(stated, list) else [stated])]
    free = set[str]().union(*map(free_names, trees)) - set(map(str, (*unknowns, *parameters)))
    parameters += sorted(free)  # sizes of data, and names that the reduction left as they are
    return statement


_SPECIAL = (sp.erf, sp.erfc, sp.erfinv, sp.gamma, sp.loggamma, sp.polygamma, sp.zeta, sp.besseli, sp.besselj)
_CASES = (sp.Max, sp.Min, sp.Abs, sp.sign, sp.Piecewise, sp.Heaviside)
_ELEMENTARY = (sp.exp, sp.log, sp.sin, sp.cos, sp.tan, sp.asin, sp.acos, sp.atan, sp.atan2, sp.sinh, sp.cosh, sp.tanh)


def expression_class(*expressions: Any) -> str:
    """The smallest class of ``points.CLASSES`` that holds the expressions, judged by how they are written.

    >>> expression_class(sp.sqrt(2) / 3), expression_class(sp.log(2)), expression_class(sp.cos(sp.pi / 7))
    ('radical', 'elementary', 'radical')
    """
    worst = 0
    for e in expressions:
        stack = [e]
        while stack:
            node = stack.pop()
            found = "rational"
            if isinstance(node, _CASES):
                found = "piecewise"
            elif isinstance(node, sp.LambertW):
                found = "lambert_w"
            elif isinstance(node, _SPECIAL):
                found = "special"
            elif isinstance(node, (sp.sin, sp.cos, sp.tan)) and (node.args[0] / sp.pi).is_Rational:
                worst = max(worst, 1)
                continue
            elif isinstance(node, _ELEMENTARY) or node in (sp.pi, sp.E):
                found = "elementary"
            elif isinstance(node, sp.Pow) and not node.exp.is_Integer:
                found = "radical" if node.exp.is_Rational else "elementary"
            elif node is sp.I:
                found = "radical"
            worst = max(worst, CLASSES.index(found))
            stack.extend(a for a in node.args if not (isinstance(node, sp.Pow) and a is node.exp and a.is_Rational))
    return CLASSES[worst]
