"""The critical points that a report lists: numbers, expressions, kinds and values, held against the problem."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from flint import arb, ctx, fmpq

from closedform.kernel.algebra.polynomials import enclosed_roots, polynomial
from closedform.kernel.algebra.rational import dense, value_at
from closedform.kernel.algebra.relations import opposed, prove_relation, read_relations
from closedform.kernel.algebra.tower import prove_zero
from closedform.kernel.certificate import Certificate
from closedform.kernel.claims import formula
from closedform.kernel.claims.critical_points import Point
from closedform.kernel.claims.least_value import Squares
from closedform.kernel.claims.zeros.newton import by_newton, inertia_at, system
from closedform.kernel.claims.zeros.rational_gradient import quotients
from closedform.kernel.expressions.balls import evaluate
from closedform.kernel.expressions.binding import bind
from closedform.kernel.expressions.domain import requirements
from closedform.kernel.expressions.substitution import substitute
from closedform.kernel.expressions.tree import Relation, Tree, add, free_names, head_of, mul, power, read, write
from closedform.kernel.expressions.values import evaluate_complex, excludes_zero
from closedform.kernel.ruling import COVERED, REFUSED, SEALED, Ruling
from closedform.kernel.headlines.agreement import MAX_PARTS, agree, parts, written_out
from closedform.kernel.headlines.consequences import Consequences, same
from closedform.kernel.headlines.elimination import Coordinate
from closedform.kernel.headlines.polynomial_results import in_radicals
from closedform.kernel.headlines.question import gap_text, relations_in
from closedform.kernel.headlines.text import CLASSES, class_of, parse, spelled
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

    @property
    def settled(self) -> bool:
        return bool(self.ball)

    @property
    def known(self) -> bool:
        """Whether a critical point of the domain is proved to lie there."""
        return self.closed if self.question.parameters else self.settled and self.inside is True

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
        """The conditions on parameters at the point, as far as they are read."""
        return [r for rs in self._conditions() for r in rs] if self.question.parameters else []

    @property
    def all_read(self) -> bool:
        """Whether every condition is read, and is on parameters alone."""
        return not self.question.parameters or all(self._conditions())

    def _conditions(self) -> Iterator[list[Relation]]:
        """What each condition says; nothing where it is not read, or is on an unknown: that is no fact about it."""
        for text in sequence(self.claimed.get("conditions", []), "conditions"):
            read_ones = relations_in({"": str(text)}, {*self.question.names}, equal=True) or []
            yield [] if any(map(self.question.about_unknowns, read_ones)) else read_ones

    @property
    def wide(self) -> bool:
        """Whether its conditions are read, none is an equation, and none holds with equality alone: an open set, if any."""
        strict: list[Relation] = [(op[0] if op in (">=", "<=") else op, a, b) for op, a, b in self.where]
        narrow = any(op == "=" for op, *_ in strict) or opposed([*self.question.assumptions, *strict])
        return not self.question.parameters or (self.all_read and not narrow)

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
            if self.settled and self.inside is False:
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
        if self.question.parameters and not self._same_for_all():
            return self.finding("numeric", SEALED, "not shown for all values of the parameters")
        if self.closed:
            return self.finding("numeric", COVERED, "the value of the expression")
        why = self.isolate()
        if not why:
            return self.finding("numeric", COVERED, "Newton's test on these numbers")
        there = [arb(c, arb(r)) for c, r in zip(*self.numbers, strict=True)]
        if self._slope_excludes_zero(there):
            return self.finding("numeric", REFUSED, "a derivative is not zero anywhere near it")
        return self.finding("numeric", SEALED, f"Newton's test leaves it open: {why}")

    def isolate(self) -> str:
        """Put the one critical point near the numbers in the ball; a reason where that is not shown."""
        try:
            centre, radii = self.numbers or refuse("there are no numbers")
            point = Point(centre, radii, {}, [])
            with ctx.workprec(self.precision):
                by_newton(self.question.given, point, [8 * max(radii) + fmpq(1, 10**60)] * len(radii))
        except (Refused, ArithmeticError, ValueError, KeyError) as fault:
            return str(fault)[:100] or "no regular zero"
        self.ball = point.ball
        return ""

    def _same_for_all(self) -> bool:
        """Whether the expression holds no parameter, and its value is within the radius of the numbers."""
        if self.exact is None or self.numbers is None or any(map(free_names, self.exact.values())):
            return False
        with contextlib.suppress(Refused):
            return self._near([evaluate(t, {}) for t in self.exact.values()]) is True
        return False

    def _near(self, values: list[arb]) -> bool | None:
        """Whether the values are within the radii of the numbers; None: open."""
        gaps = [(abs(v - arb(c)), arb(r)) for v, c, r in zip(values, *(self.numbers or ([], [])), strict=True)]
        return False if any(g > r for g, r in gaps) else True if all(g <= r for g, r in gaps) else None

    def _slope_excludes_zero(self, ball: list[arb]) -> bool:
        """Whether the point is proved to be no critical point; on an edge of the domain it need not be one."""
        with contextlib.suppress(Refused, ArithmeticError, ValueError, KeyError):
            values, _ = system(self.question.given, ball, False) if not self.question.on_edge(ball) else ([], [])
            return any(v.is_finite() and not v.contains(0) for v in values)
        return False

    def _read(self) -> str | None:
        """Read the expression; the reason where it cannot be, None where there is none."""
        exact = self.claimed.get("exact")
        if exact is None:
            return None
        try:
            texts = mapping(exact, "exact")
            if texts.keys() != set(self.question.unknowns):
                refuse("an expression for every unknown is needed")
            self.exact = {x: parse(str(texts[x]), self.question.names) for x in self.question.unknowns}
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
        if self.numbers is not None and self._near(balls) is not True:
            word, shown = (REFUSED, "") if self._near(balls) is False else (SEALED, "shown to be ")
            return self.finding("exact", word, f"its value is not {shown}within the radius of the numbers")
        if self._slope_excludes_zero(balls):
            return self.finding("exact", REFUSED, "a derivative is not zero there")
        try:
            slopes = self.question.slopes()
        except Refused as fault:  # a kink
            low = self.question.bottom(self.exact) and "the loss is convex, and falls to no side"
            low = low or self.question.least_at(self.exact)
            if not low:
                return self.finding("exact", SEALED, str(fault))
            self.ball, self.closed = balls, True
            return self.finding("exact", COVERED, low)
        proved = self._rational_zero() or all(self._vanishes(s) for s in slopes)
        if not proved and not self._is_certified_root(balls):
            return self.finding("exact", SEALED, "not reduced to zero here")
        self.ball = balls
        values = self._values()
        if not values or not all(v.is_finite() for v in values):
            self.ball = []
            return self.finding("exact", SEALED, "whether the problem, as written, is defined there is open")
        self.closed = True
        return self.finding("exact", COVERED, "every derivative reduces to zero there")

    def _value_of_expression(self, exact: dict[str, Tree]) -> list[arb]:
        """Real balls; an expression with complex parts must single out a real root of the one equation."""
        with contextlib.suppress(Refused):
            return [evaluate(t, {}) for t in exact.values()]
        (tree,) = exact.values() if len(exact) == 1 else refuse("its value is not shown to be real")
        value, equation = evaluate_complex(tree, {}), dense(quotients(self.question.given)[0].top)
        near = [r for f, _ in equation.factor()[1] for r in enclosed_roots(f) if r.overlaps(value)]
        real = len(near) == 1 and near[0].imag.is_zero()
        return [near[0].real] if real else refuse("its value is not shown to be real")

    @property
    def inside(self) -> bool | None:
        """Whether the point is in the domain; None where that is open."""
        with contextlib.suppress(Refused, ArithmeticError, ValueError, KeyError):
            inside = self.question.given.inside(self.ball)
            return inside if not inside or self.question.domain is not None else None
        return None

    def _rational_zero(self) -> bool:
        """Whether the point is rational and every derivative, a quotient of polynomials, is zero there."""
        at = [v for v in (self.exact or {}).values() if isinstance(v, fmpq)]
        if len(at) < len(self.question.unknowns):
            return False
        with contextlib.suppress(Refused, KeyError):
            return all(value_at(f.top, at) == 0 != value_at(f.bottom, at) for f in quotients(self.question.given))
        return False

    def _is_certified_root(self, values: list[arb]) -> bool:
        """Whether each coordinate, or its exponential, is proved to be the very root that the critical point there has."""
        found = self.question.numerators.coordinates
        if len(found) > 1 and self.isolate():
            return False
        there = self.ball or values
        return all(
            any(self._is_root(c, own, u.union(v)) for c in found if c.unknown == x)
            for (x, own), u, v in zip((self.exact or {}).items(), values, there, strict=True)
        )

    def _is_root(self, c: Coordinate, tree: Tree, ball: arb) -> bool:
        """Whether a number in the ball, or the exponential meant, is the one root there of what elimination leaves."""
        hit, own = c.hit(c.image(ball)), mul(c.scale, tree) if c.scale != 0 else tree
        if len(hit) != 1 or (c.scale != 0 and head_of(own) != "log"):
            return False
        own = own[1] if c.scale != 0 and isinstance(own, tuple) else own
        for certificate in self.question.others.values():
            if any(spelled(root) == spelled(own) for root, _ in in_radicals(certificate)):
                return same(polynomial(certificate.statement["polynomial"], "f"), hit[0])
        return self._vanishes(add(*(mul(fmpq(a), power(own, fmpq(k))) for k, a in enumerate(hit[0].coeffs()))))

    def _vanishes(self, slope: Tree) -> bool:
        with contextlib.suppress(Refused, ArithmeticError, ValueError, RecursionError):
            goal = substitute(written_out(slope, self.question.columns), self.exact or {})
            return parts(goal) <= MAX_PARTS and all(excludes_zero(t, {}) for t in prove_zero(goal))
        return False

    def _formula(self) -> Ruling:
        """An expression in parameters must be that of a certificate, with its conditions."""
        other = ""
        for name, certificate in self.question.own.items():
            point = certificate.claim.get("point")
            if certificate.kind != "critical_point_formula" or not isinstance(point, dict) or self.exact is None:
                continue
            answer = self.question.same_point(self.exact, {x: read(t) for x, t in point.items()})
            if answer:
                known = [*self.question.assumptions, *self.where]
                held = set(map(gap_text, known))
                wanted = read_relations(certificate.claim["conditions"], "conditions")
                if opposed(known) or not all(gap_text(r) in held or prove_relation(r, known) for r in wanted):
                    return self.finding("exact", SEALED, f"{name} has conditions that are not shown at the point")
                self.closed = True
                return self.finding("exact", COVERED, f"by {name}")
            other = name if answer is False and len(self.question.own) == 1 else other
        if self._is_formula():
            self.closed = True
            return self.finding("exact", COVERED, "the derivatives there reduce to zero under its conditions")
        word, why = (REFUSED, f"{other} has another formula") if other else (SEALED, "no certificate has it")
        return self.finding("exact", word, why)

    def _is_formula(self) -> bool:
        """Whether the expression is a critical point wherever assumptions and conditions hold: the claim of that kind."""
        question = self.question
        known, where = ([[op, write(a), write(b)] for op, a, b in rs] for rs in (question.assumptions, self.where))
        trees: list[Json] = [write(written_out(t, question.columns)) for t in question.trees]
        stated: dict[str, Json] = {"equations": trees} if question.loss is None else {"loss": trees[0]}
        stated |= {"unknowns": [*question.unknowns], "parameters": [*question.parameters], "assumptions": [*known]}
        point: dict[str, Json] = {x: write(v) for x, v in (self.exact or {}).items()}
        claim: dict[str, Json] = {"kind": "critical_point_formula", "point": point, "conditions": [*where]}
        with contextlib.suppress(Refused, ArithmeticError, ValueError, RecursionError):
            return question.domain is not None and bool(formula.check(stated, claim, {}))
        return False

    def _kind(self) -> Iterator[Ruling]:
        """The kind and the inertia, against the signs of the Hessian at the point."""
        kind, shown = str(self.claimed.get("kind")), self.claimed.get("inertia")
        signs = self.inertia()
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

    def regular(self) -> bool:
        """Whether it is a critical point with a Hessian that is regular."""
        signs = self.inertia() if self.settled and not self.question.parameters else None
        return signs is not None and sum(signs) > 0 == signs[2]

    def inertia(self) -> tuple[int, int, int] | None:
        if self.question.parameters and self.closed and self.exact is not None:
            return self.question.sign_at(self.exact, self.where)
        with contextlib.suppress(Refused, ArithmeticError, ValueError, KeyError):
            if self.settled and self.question.loss is not None and not self.question.parameters:
                return inertia_at(self.question.given, self.ball)
        return None

    def _values(self) -> list[arb]:
        """The loss, or the equations, as the user wrote them, at the point; empty where they are not evaluated."""
        with contextlib.suppress(Refused, ArithmeticError, ValueError, KeyError), ctx.workprec(self.precision):
            at = dict(zip(self.question.unknowns, self.ball, strict=True))
            return [evaluate(t, at, self.question.columns) for t in self.question.trees]
        return []

    def value(self) -> arb | None:
        """The loss at the point."""
        return next(iter(self._values()), None) if self.settled and self.question.loss is not None else None

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
            digits, _, exponent = shown.lower().partition("e")
            unit, gap = arb(fmpq(10) ** (int(exponent or 0) - len(digits.partition(".")[2]))), abs(value - close)
            word = COVERED if gap <= unit else REFUSED if gap > unit else SEALED
            near = "within one unit of its last place"
            return self.finding("loss", word, near if word == COVERED else "it is another")
        if not value.overlaps(close):
            return self.finding("loss", REFUSED, f"the loss there is {value.str(12, radius=False)}")
        proved = self._same_value(claimed) or (claimed == 0 and self.squares_vanish())
        return self.finding("loss", COVERED if proved else SEALED, "the loss at the expression")

    def _same_value(self, claimed: Tree) -> bool | None:
        own, known = self.exact_value(), [*self.question.assumptions, *self.where]
        return None if own is None else agree(own, claimed, self.question.parameters, {}, known, self.where)

    def squares_vanish(self) -> bool:
        """Whether the critical point is the common zero of as many squares as there are unknowns, by Newton's test."""
        numeric, radius = self.claimed.get("numeric"), self.claimed.get("radius")
        if self.question.parameters or not isinstance(numeric, dict) or not isinstance(radius, dict):
            return False
        within: dict[str, Json] = {x: {"numeric": numeric[x], "radius": radius[x]} for x in self.question.unknowns}
        with contextlib.suppress(Refused, ArithmeticError, ValueError), ctx.workprec(self.precision):
            Squares.of(self.question.minimised, [], self.question.columns).prove_zero({}, within)
            return not self.isolate()
        return False
