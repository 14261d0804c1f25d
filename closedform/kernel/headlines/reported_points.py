"""The critical points that a report lists: numbers, expressions, kinds and values, held against the problem."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from flint import arb, ctx, fmpq

from closedform.kernel.algebra.polynomials import divides, enclosed_roots, polynomial
from closedform.kernel.algebra.rational import dense, value_at
from closedform.kernel.algebra.relations import opposed, prove_relation
from closedform.kernel.algebra.tower import prove_zero
from closedform.kernel.certificate import Certificate
from closedform.kernel.claims import formula
from closedform.kernel.claims.critical_points import Point
from closedform.kernel.claims.zeros.newton import by_newton, inertia_at, system
from closedform.kernel.claims.zeros.rational_gradient import quotients
from closedform.kernel.expressions.balls import evaluate
from closedform.kernel.expressions.binding import bind
from closedform.kernel.expressions.domain import requirements
from closedform.kernel.expressions.substitution import substitute
from closedform.kernel.expressions.tree import Relation, Tree, free_names, read, write
from closedform.kernel.expressions.values import evaluate_complex, excludes_zero
from closedform.kernel.ruling import COVERED, REFUSED, SEALED, Ruling
from closedform.kernel.headlines.agreement import MAX_PARTS, agree, parts, written_out
from closedform.kernel.headlines.consequences import Consequences
from closedform.kernel.headlines.polynomial_results import in_radicals
from closedform.kernel.headlines.question import gap_text, relations_in, relations_of
from closedform.kernel.headlines.spelling import CLASSES, class_of, spelled
from closedform.kernel.headlines.text import parse
from closedform.kernel.reading import Json, Refused, decimal, mapping, refuse, sequence

BITS, MAX_BITS = 320, 40_000
_DECIMAL = re.compile(r"-?\d+\.\d+(?:[eE][-+]?\d+)?")
KINDS = {"minimum": (1, 0), "maximum": (0, 1), "saddle": (1, 1)}  # the signs that a nondegenerate Hessian has
WORDS = {f"{reach}{end}": KINDS[end] for reach in ("local ", "global ") for end in ("minimum", "maximum")} | KINDS


@dataclass
class ReportedPoint:
    """One listed point; ``ball`` holds the critical point that is proved to lie there, ``closed`` that its expression is it."""

    question: Consequences
    at: str
    claimed: dict[str, Json]
    exact: dict[str, Tree] | None = None
    ball: list[arb] = field(default_factory=list[arb])
    closed: bool = False
    proved_best: bool = False
    expression_class: str | None = None

    @staticmethod
    def of(question: Consequences, value: Json, number: int) -> ReportedPoint:
        return ReportedPoint(question, f"critical_points[{number}]", mapping(value, "a point"))

    @property
    def settled(self) -> bool:
        return bool(self.ball)

    @property
    def known(self) -> bool:
        """Whether a critical point of the domain is proved to lie there."""
        return self.closed if self.question.parameters else self.settled and self.inside()

    @property
    def numbers(self) -> tuple[list[fmpq], list[fmpq]] | None:
        """The centre and the radii, where the report gives both."""
        numeric, radius = self.claimed.get("numeric"), self.claimed.get("radius")
        if not isinstance(numeric, dict) or not isinstance(radius, dict):
            return None
        if not set(self.question.unknowns) == numeric.keys() == radius.keys():
            return None
        sides = [[decimal(d[x], x) for x in self.question.unknowns] for d in (numeric, radius)]
        return None if any(r < 0 for r in sides[1]) else (sides[0], sides[1])

    @property
    def where(self) -> list[Relation]:
        """The conditions on parameters at the point, as far as they are read: one on an unknown is no fact about it."""
        if not self.question.parameters:
            return []
        names = {*self.question.unknowns, *self.question.parameters}
        texts = [str(c) for c in sequence(self.claimed.get("conditions", []), "conditions")]
        read_ones = [r for text in texts for r in relations_in({"": text}, names) or ()]
        return [r for r in read_ones if not self.question.about_unknowns(r)]

    @property
    def conditions(self) -> int:
        """How many conditions stand at the point, read or not."""
        return len(sequence(self.claimed.get("conditions", []), "conditions"))

    @property
    def precision(self) -> int:
        radii = [r for r in (self.numbers or ([], []))[1] if r]
        return min(MAX_BITS, BITS + 2 * max((int(r.q.bit_length()) for r in radii), default=0))

    def listed_in(self, certificate: Certificate) -> bool:
        """Whether a certificate that lists critical points has these very numbers."""
        pair = {"numeric": self.claimed.get("numeric"), "radius": self.claimed.get("radius")}
        listed = sequence(certificate.claim["points"], "points")
        return any(isinstance(p, dict) and {k: p[k] for k in pair} == pair for p in listed)

    @staticmethod
    def apart(points: Sequence[ReportedPoint]) -> bool:
        """Whether no two of the points can be the same."""
        pairs = ((p.ball, q.ball) for i, p in enumerate(points) for q in points[:i])
        return all(any(not a.overlaps(b) for a, b in zip(u, v, strict=True)) for u, v in pairs)

    # -- one finding a headline --------------------------------------------------------------------------------------

    def findings(self) -> Iterator[Ruling]:
        with ctx.workprec(self.precision):
            if str(self.claimed.get("kind")).startswith("boundary"):
                yield self.finding("kind", SEALED, "on the edge of the domain, where the slope need not be zero")
                return
            trouble = self._read()
            if trouble is not None:
                yield self._expression(trouble)
            if self.claimed.get("numeric") is not None:
                yield self._numeric()
            if self.settled and self.outside():
                yield self.finding("numeric", REFUSED, "the point is not in the domain")
            yield from self._kind()
            if self.claimed.get("loss") is not None:
                yield self._loss()

    def finding(self, what: str, word: str, why: str) -> Ruling:
        return Ruling(f"{self.at}.{what}", word, why)

    def _numeric(self) -> Ruling:
        for name, certificate in self.question.lists():
            if self.listed_in(certificate) and self.numbers is not None:
                centre, radii = self.numbers
                self.ball = self.ball or [arb(c, arb(r)) for c, r in zip(centre, radii, strict=True)]
                return self.finding("numeric", COVERED, f"by {name}")
        if self.numbers is None:
            return self.finding("numeric", SEALED, "numbers without a radius")
        centre, radii = self.numbers
        if self.question.parameters and not self._same_for_all():
            return self.finding("numeric", SEALED, "not shown for all values of the parameters")
        if self.closed:
            return self.finding("numeric", COVERED, "the value of the expression")
        point = Point(centre, radii, {}, [])
        try:
            by_newton(self.question.given, point, [8 * max(radii) + fmpq(1, 10**60)] * len(radii))
            self.ball = point.ball
            return self.finding("numeric", COVERED, "Newton's test on these numbers")
        except (Refused, ArithmeticError, ValueError, KeyError) as fault:
            why = f"Newton's test leaves it open: {str(fault)[:100]}"
        there = [arb(c, arb(r)) for c, r in zip(centre, radii, strict=True)]
        if self._slope_excludes_zero(there):
            return self.finding("numeric", REFUSED, "a derivative is not zero anywhere near it")
        return self.finding("numeric", SEALED, why)

    def _same_for_all(self) -> bool:
        """Whether the expression holds no parameter, and its value is within the radius of the numbers."""
        if self.exact is None or self.numbers is None or any(map(free_names, self.exact.values())):
            return False
        try:
            balls = [evaluate(self.exact[x], {}) for x in self.question.unknowns]
        except Refused:
            return False
        return all(abs(b - arb(c)) <= arb(r) for b, c, r in zip(balls, *self.numbers, strict=True))

    def _slope_excludes_zero(self, ball: list[arb]) -> bool:
        """Whether the point is proved to be no critical point; on an edge of the domain it need not be one."""
        try:
            if self.question.on_edge(ball):
                return False
            values, _ = system(self.question.given, ball, False)
        except (Refused, ArithmeticError, ValueError, KeyError):
            return False
        return any(v.is_finite() and not v.contains(0) for v in values)

    def _read(self) -> str | None:
        """Read the expression; the reason where it cannot be, None where there is none."""
        exact = self.claimed.get("exact")
        if exact is None:
            return None
        try:
            texts = mapping(exact, "exact")
            if texts.keys() != set(self.question.unknowns):
                refuse("an expression for every unknown is needed")
            self.exact = {x: parse(str(v), self.question.names) for x, v in texts.items()}
        except Refused as fault:
            return str(fault)[:200]
        self.expression_class = max((class_of(t) for t in self.exact.values()), key=CLASSES.index)
        return ""

    def _expression(self, trouble: str) -> Ruling:
        """What the expression is worth: reduced to zero in every derivative, and within the radius."""
        if self.exact is None:
            return self.finding("exact", SEALED, f"not read here: {trouble}")
        if self.question.parameters:
            return self._formula()
        try:
            balls = self._value_of_expression(self.exact)
        except (Refused, ArithmeticError, ValueError) as fault:
            return self.finding("exact", SEALED, f"no real value was found: {fault}")
        if self.numbers is not None:
            gaps = [(abs(b - arb(c)), arb(r)) for b, c, r in zip(balls, *self.numbers, strict=True)]
            if any(g > r for g, r in gaps):
                return self.finding("exact", REFUSED, "its value is not within the radius of the numbers")
            if not all(g <= r for g, r in gaps):
                return self.finding("exact", SEALED, "its value is not shown to be within the radius of the numbers")
        if self._slope_excludes_zero(balls):
            return self.finding("exact", REFUSED, "a derivative is not zero there")
        try:
            slopes = self.question.slopes()
        except Refused as fault:  # a kink
            if not self.question.bottom(self.exact):
                return self.finding("exact", SEALED, str(fault))
            self.ball, self.closed = balls, True
            return self.finding("exact", COVERED, "the loss is convex, and falls to neither side")
        proved = self._rational_zero() or all(self._vanishes(s) for s in slopes)
        if not proved and not self._is_certified_root():
            return self.finding("exact", SEALED, "not reduced to zero here")
        self.ball = balls
        value = self.value() if self.question.loss is not None else arb(0)
        if value is None or not value.is_finite():
            self.ball = []
            return self.finding("exact", SEALED, "whether the loss, as written, is defined there is open")
        self.closed = True
        return self.finding("exact", COVERED, "every derivative reduces to zero there")

    def _value_of_expression(self, exact: dict[str, Tree]) -> list[arb]:
        """Real balls; an expression with complex parts must single out a real root of the one equation."""
        try:
            return [evaluate(exact[x], {}) for x in self.question.unknowns]
        except Refused:
            if len(exact) != 1:
                raise
        (tree,) = exact.values()
        value = evaluate_complex(tree, {})
        equation = dense(quotients(self.question.given)[0].top)
        near = [r for f, _ in equation.factor()[1] for r in enclosed_roots(f) if r.overlaps(value)]
        return (
            [near[0].real] if len(near) == 1 and near[0].imag.is_zero() else refuse("its value is not shown to be real")
        )

    def outside(self) -> bool:
        """Whether the point is proved to be outside the domain."""
        return self._in_domain() is False

    def inside(self) -> bool:
        """Whether the point is proved to be in the domain."""
        return self.question.domain is not None and self._in_domain() is True

    def _in_domain(self) -> bool | None:
        try:
            return self.question.given.inside(self.ball)
        except (Refused, ArithmeticError, ValueError, KeyError):
            return None

    def _rational_zero(self) -> bool:
        """Whether the point is rational and every derivative, a quotient of polynomials, is zero there."""
        at = [v for v in (self.exact or {}).values() if isinstance(v, fmpq)]
        if len(at) < len(self.question.unknowns):
            return False
        try:
            slopes = quotients(self.question.given)
            return all(value_at(f.top, at) == 0 != value_at(f.bottom, at) for f in slopes)
        except (Refused, KeyError):
            return False

    def _is_certified_root(self) -> bool:
        """Whether a certificate proves this very expression a root of a factor of the derivative by the one unknown."""
        if len(self.question.unknowns) != 1 or self.exact is None:
            return False
        try:
            top, (own,) = dense(quotients(self.question.given)[0].top), map(spelled, self.exact.values())
        except (Refused, KeyError):
            return False
        for certificate in self.question.others.values():
            if certificate.kind == "radicals":
                f = polynomial(certificate.statement["polynomial"], "f")
                if divides(f, top) and any(spelled(tree) == own for tree, _ in in_radicals(certificate)):
                    return True
        return False

    def _vanishes(self, slope: Tree) -> bool:
        try:
            goal = substitute(written_out(slope, self.question.columns), self.exact or {})
            if parts(goal) > MAX_PARTS:
                return False
            return all(excludes_zero(t, {}) for t in prove_zero(goal))
        except (Refused, ArithmeticError, ValueError, RecursionError):
            return False

    def _formula(self) -> Ruling:
        """An expression in parameters must be that of a certificate, with its conditions."""
        for name, certificate in self.question.own.items():
            point = certificate.claim.get("point")
            if certificate.kind != "critical_point_formula" or not isinstance(point, dict) or self.exact is None:
                continue
            answers = [
                agree(self.exact[x], read(point[x]), self.question.parameters, {}, self.question.assumptions)
                for x in self.question.unknowns
            ]
            if all(answers):
                known = [*self.question.assumptions, *self.where]
                held = set(map(gap_text, known))
                wanted = relations_of(certificate.claim["conditions"])
                if opposed(known) or not all(gap_text(r) in held or prove_relation(r, known) for r in wanted):
                    return self.finding("exact", SEALED, f"{name} has conditions that are not shown at the point")
                self.closed = True
                return self.finding("exact", COVERED, f"by {name}")
            if False in answers and len(self.question.own) == 1:
                return self.finding("exact", REFUSED, f"{name} has another formula")
        if self._is_formula():
            self.closed = True
            return self.finding("exact", COVERED, "the derivatives there reduce to zero under its conditions")
        return self.finding("exact", SEALED, "no certificate has it")

    def _is_formula(self) -> bool:
        """Whether the expression is a critical point wherever assumptions and conditions hold: the claim of that kind."""
        question = self.question
        stated: dict[str, Json] = {
            "unknowns": list[Json](question.unknowns),
            "parameters": list[Json](question.parameters),
            "assumptions": [[op, write(a), write(b)] for op, a, b in question.assumptions],
        }
        trees: list[Json] = [write(written_out(t, question.columns)) for t in question.trees]
        stated |= {"equations": trees} if question.loss is None else {"loss": trees[0]}
        claim: dict[str, Json] = {
            "kind": "critical_point_formula",
            "point": {x: write(v) for x, v in (self.exact or {}).items()},
            "conditions": [[op, write(a), write(b)] for op, a, b in self.where],
        }
        try:
            return question.domain is not None and bool(formula.check(stated, claim, {}))
        except (Refused, ArithmeticError, ValueError, RecursionError):
            return False

    def _kind(self) -> Iterator[Ruling]:
        """The kind and the inertia, against the signs of the Hessian at the point."""
        kind, shown = str(self.claimed.get("kind")), self.claimed.get("inertia")
        signs = self._inertia()
        if signs is None:
            if kind not in ("unclassified", "None") and not kind.startswith("global"):
                yield self.finding("kind", SEALED, f"{kind}: the signs of the second derivatives are open")
            return
        if shown is not None and str(shown) != str(list(signs)):
            yield self.finding("inertia", REFUSED, f"the second derivatives have the signs {list(signs)}")
        if kind not in ("unclassified", "None"):
            wrong = WORDS.get(kind) != (int(signs[0] > 0), int(signs[1] > 0)) and not signs[2]
            if wrong or kind not in (*WORDS, "degenerate"):
                yield self.finding("kind", REFUSED, f"{kind}: the second derivatives have the signs {list(signs)}")
            elif not kind.startswith("global"):
                yield self.finding("kind", SEALED if signs[2] else COVERED, f"{kind}, by the signs {list(signs)}")

    def _inertia(self) -> tuple[int, int, int] | None:
        if self.question.parameters and self.closed and self.exact is not None:
            return self.question.sign_at(self.exact, self.where)
        if not self.settled or self.question.loss is None or self.question.parameters:
            return None
        try:
            return inertia_at(self.question.given, self.ball)
        except (Refused, ArithmeticError, ValueError, KeyError):
            return None

    def value(self) -> arb | None:
        """The loss, as the user wrote it, at the point."""
        if not self.settled or self.question.loss is None:
            return None
        try:
            with ctx.workprec(self.precision):
                values = dict(zip(self.question.unknowns, self.ball, strict=True))
                return evaluate(self.question.loss, values, self.question.columns)
        except (Refused, ArithmeticError, ValueError, KeyError):
            return None

    def exact_value(self) -> Tree | None:
        if self.exact is None or not self.closed or self.question.loss is None:
            return None
        return bind(self.question.loss, self.exact, self.question.columns, asks=requirements)

    def _loss(self) -> Ruling:
        shown, value = str(self.claimed["loss"]), self.value()
        try:
            claimed = parse(shown, self.question.names)
            if self.question.parameters:
                answer = self._same_value(claimed)
                word = COVERED if answer else SEALED if answer is None else REFUSED
                return self.finding("loss", word, "the loss, with the formula put in")
            close = evaluate(claimed, {})
        except (Refused, ArithmeticError, ValueError, KeyError) as fault:
            return self.finding("loss", SEALED, f"not read here: {str(fault)[:100]}")
        if value is None or not value.is_finite():
            return self.finding("loss", SEALED, "the point is not proved")
        if _DECIMAL.fullmatch(shown):  # rounded: one unit of its last place
            unit = fmpq(10) ** (
                int(shown.lower().partition("e")[2] or 0) - len(shown.partition(".")[2].partition("e")[0])
            )
            gap = abs(value - close)
            word = COVERED if gap <= arb(unit) else REFUSED if gap > arb(unit) else SEALED
            return self.finding(
                "loss", word, "within one unit of its last place" if word == COVERED else "it is another"
            )
        if not value.overlaps(close):
            return self.finding("loss", REFUSED, f"the loss there is {value.str(12, radius=False)}")
        return self.finding("loss", COVERED if self._same_value(claimed) else SEALED, "the loss at the expression")

    def _same_value(self, claimed: Tree) -> bool | None:
        own = self.exact_value()
        return None if own is None else agree(own, claimed, self.question.parameters, {}, self.question.assumptions)
