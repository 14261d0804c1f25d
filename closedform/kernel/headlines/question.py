"""The problem that a report answers, and the accepted certificates that are about it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flint import acb, arb, ctx, fmpq, fmpz_poly

from closedform.kernel.headlines.agreement import MAX_PARTS, agree, normal, parts, same_need, written_out
from closedform.kernel.balls import evaluate
from closedform.kernel.certificate import Certificate
from closedform.kernel.claims.critical_points import CONVEX, Given, curvature, enclosed_roots
from closedform.kernel.claims.matrices import HEADS, PROPERTIES
from closedform.kernel.finding import COVERED, SEALED, Finding
from closedform.kernel.claims.exponentials import terms
from closedform.kernel.claims.tower import build, is_zero, prove_relation, substitute
from closedform.kernel.coefficients import MAX_DEGREE, polynomial
from closedform.kernel.expression import (
    MINUS,
    ONE,
    ZERO,
    Relation,
    Tree,
    add,
    as_integer,
    differentiate,
    free_names,
    mul,
    power,
    read,
    requirements,
)
from closedform.kernel.infix import infix
from closedform.kernel.headlines.text import parse
from closedform.kernel.rational import NotRational, dense, quotient
from closedform.kernel.reading import Json, Refused, decimal, mapping, names, rational, refuse, sequence

if TYPE_CHECKING:
    from closedform.kernel.headlines.places import Place


@dataclass
class Question:
    """``loss`` is None where there are ``equations``, or where the kernel has no words for it."""

    unknowns: list[str]
    parameters: list[str]
    matrix: bool
    maximised: bool
    domain: list[Relation] | None  # besides what is written; None where it stands in words that are not read
    loss: Tree | None
    equations: list[Tree]
    assumptions: list[Relation] = field(default_factory=list[Relation])  # of the document, those on unknowns among them
    columns: dict[str, list[fmpq]] = field(default_factory=dict[str, list[fmpq]])
    shapes: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    properties: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    own: dict[str, Certificate] = field(default_factory=dict[str, Certificate])
    others: dict[str, Certificate] = field(default_factory=dict[str, Certificate])

    @staticmethod
    def of(problem: dict[str, Json], proved: Mapping[str, Certificate]) -> Question:
        """Read; refused where a text is not the print of the tree beside it."""
        unknowns, parameters = names(problem["unknowns"], "unknowns"), names(problem["parameters"], "parameters")
        tree = problem.get("tree")
        listed = sequence(tree.get("equations"), "equations", 1_000) if isinstance(tree, dict) else [tree]
        try:
            matrix, trees = False, [read(t) for t in listed if t is not None]
        except Refused:
            matrix, trees = True, [read(t, heads=HEADS) for t in listed]
        loss = trees[0] if trees and not isinstance(tree, dict) else None
        if loss is not None and infix(loss) != problem.get("loss"):
            refuse("the text of the loss is not the print of its tree")
        out = Question(
            unknowns,
            parameters,
            matrix,
            problem.get("sense") == "max",
            relations_in(mapping(problem.get("domain", {}), "domain"), {*unknowns, *parameters}),
            loss,
            trees if loss is None else [],
        )
        if problem.get("constraints"):
            out.domain = None
        said = [str(v) for v in sequence(problem.get("assumptions", []), "assumptions")]
        for x, sides in mapping(problem.get("shapes", {}), "shapes").items():
            out.shapes[x] = [normal(parse(str(side), (), HEADS), HEADS) for side in sequence(sides, "a shape", 2)]
        bounds = mapping(problem.get("domain", {}), "domain").items()
        for line in [*said, *(f"{x} {word}" for x, text in bounds for word in str(text).split(", "))]:
            x, _, word = line.partition(" ")
            if word in PROPERTIES:
                out.properties.setdefault(x, set()).add(word)
        read_ones = (relations_in({"": text}, {*unknowns, *parameters}) for text in said)
        rows: list[Relation] = [(">", n, ZERO) for n in sorted(set[str]().union(*map(_ends, trees)) & set(parameters))]
        out.assumptions = [*(out.domain or []), *(r for rs in read_ones for r in rs or []), *rows]
        out.admit_all(proved)
        if (
            set[str]().union(*map(_indexed, trees)) - out.columns.keys() - set(parameters)
        ):  # no certificate has the data
            out.loss, out.equations = None, []
        return out

    def admit_all(self, proved: Mapping[str, Certificate]) -> None:
        """Sort the accepted certificates into those about this problem and others."""
        for name, certificate in proved.items():
            self._admit(name, certificate)

    def _admit(self, name: str, certificate: Certificate) -> None:
        """Take a certificate for one about this problem, where it is proved to be."""
        stated = certificate.statement
        self.others[name] = certificate
        if sorted(map(str, sequence(stated.get("unknowns", []), "unknowns"))) != sorted(self.unknowns):
            return
        if self.matrix:
            if certificate.kind == "matrix_stationary" and self.loss is not None and self._same_matrices(stated):
                self.own[name] = self.others.pop(name)
            return
        columns = {
            x: [decimal(v, x) for v in sequence(c, x)] for x, c in mapping(stated.get("columns", {}), "columns").items()
        }
        if self.own and columns and self.columns and columns != self.columns:
            refuse(f"{name} is about other data than the certificates before it")
        if not self._same(stated, columns) or not self._admits(stated):
            return
        self.columns |= columns
        self.own[name] = self.others.pop(name)

    def _same_matrices(self, stated: dict[str, Json]) -> bool:
        """Whether a certificate has the same loss and shapes, no constraints, and no more properties than the document."""
        if normal(read(stated["loss"], heads=HEADS), HEADS) != normal(self.loss or ZERO, HEADS):
            return False
        shapes = {
            x: [normal(read(side, heads=HEADS), HEADS) for side in sequence(sides, "a shape")]
            for x, sides in mapping(stated["shapes"], "shapes").items()
        }
        words = {x: set(names(v, x)) for x, v in mapping(stated["properties"], "properties").items()}
        everything = {*shapes, *self.shapes}
        return (
            self.domain is not None
            and not stated["constraints"]
            and all(shapes.get(x, NUMBER) == self.shapes.get(x, NUMBER) for x in everything)
            and all(said <= self.properties.get(x, set()) for x, said in words.items())
        )

    def _admits(self, stated: dict[str, Json]) -> bool:
        """Whether all that a formula assumes follows from the document, and what bounds its unknowns is assumed."""
        if "assumptions" not in stated:
            return True
        theirs = relations_of(stated["assumptions"])
        known = self._written_bounds() | set(map(gap_text, self.assumptions))
        return (
            self.domain is not None
            and set(map(gap_text, self.domain)) <= set(map(gap_text, theirs))
            and all(gap_text(r) in known or prove_relation(r, self.assumptions) for r in theirs)
        )

    def _same(self, stated: dict[str, Json], columns: dict[str, list[fmpq]]) -> bool:
        if self.loss is not None and "loss" in stated:
            pairs = [(self.minimised, read(stated["loss"]))]
        elif self.equations and isinstance(stated.get("equations"), list):
            theirs = [read(e) for e in sequence(stated["equations"], "equations")]
            pairs = list(zip(self.equations, theirs, strict=False)) if len(theirs) == len(self.equations) else []
        else:
            return False
        return bool(pairs) and all(
            agree(own, other, self.names, columns) is True and same_need(own, other, columns) for own, other in pairs
        )

    def finding(self, witness: str = "", shown: bool = False) -> Finding:
        """The headline "problem"; ``witness`` are words for certificates about it at one set of data.

        ``shown``: the kernel's own derivatives of it are shown to vanish at a point.
        """
        if self.loss is None and not self.equations:
            return Finding("problem", SEALED, "it stands in words only")
        if witness:
            return Finding("problem", COVERED, f"{self.words}: {witness}")
        if self.own:
            return Finding("problem", COVERED, f"{self.words}: by {', '.join(self.own)}")
        if shown:
            return Finding("problem", COVERED, f"{self.words}: its derivatives are worked out here")
        return Finding("problem", SEALED, f"{self.words}: no certificate is about it")

    @property
    def names(self) -> list[str]:
        return [*self.unknowns, *self.parameters]

    @property
    def minimised(self) -> Tree:
        """The loss, or its negative where the maximum is sought."""
        return mul(MINUS, self.loss or ZERO) if self.maximised else self.loss or ZERO

    @property
    def words(self) -> str:
        if self.loss is not None:
            return f"{'maximum' if self.maximised else 'minimum'} of {infix(self.loss)[:200]}"
        return "; ".join(f"{infix(e)[:100]} = 0" for e in self.equations[:6])

    @property
    def given(self) -> Given:
        """The problem as the claim ``critical_points`` reads it."""
        return Given(self.loss, self.equations, self.unknowns, self.columns, self.domain or [])

    @property
    def everywhere(self) -> bool:
        """Whether the domain is all of space, but for what is written."""
        return self.domain == []

    @property
    def trees(self) -> list[Tree]:
        return self.equations if self.loss is None else [self.loss]

    def within(self, certificate: Certificate) -> bool:
        """Whether the domain of the problem lies in that of the certificate."""
        theirs = relations_of(certificate.statement.get("relations", []))
        return self.domain is not None and set(map(gap_text, theirs)) <= set(map(gap_text, self.domain))

    def _written_bounds(self) -> set[str]:
        """What the loss or the equations ask of the unknowns as they are written."""
        return set(map(gap_text, self._needs()))

    def _needs(self) -> list[Relation]:
        """What must hold for the loss or the equations to have a value, but for what each row of a sum asks in turn."""
        every = ((r, inside) for t in self.trees for r, inside in requirements(t))
        return [
            (op, a, b)
            for (op, a, b), inside in every
            if not any(index in free_names(a) | free_names(b) or not _rows(low, high) for index, low, high in inside)
        ]

    def bounds_at(self, point: Mapping[str, Tree]) -> list[Relation]:
        """What says that a point lies in the domain."""
        every = (*(self.domain or []), *self._needs())
        return [(op, substitute(a, point), substitute(b, point)) for op, a, b in every]

    def open_domain(self) -> bool:
        """Whether the domain has no edge that belongs to it."""
        if self.domain is None or any(op in ("<=", ">=") for op, *_ in self.domain):
            return False
        needs = (r for t in self.trees for r, _ in requirements(t))
        return all(op in ("<", ">", "!=") or prove_relation((op, a, b), self.assumptions) for op, a, b in needs)

    def _interval(self, x: str, known: list[Relation]) -> bool:
        """Whether the domain is an interval in x for all values of the other names: half-lines, or no bounds."""
        needs = [r for t in self.trees for r, _ in requirements(t)]
        open_ones = [*(self.domain or []), *(r for r in needs if not prove_relation(r, known))]
        gaps = [(op, add(a, mul(MINUS, b))) for op, a, b in open_ones]
        return self.domain is not None and all(
            x not in free_names(gap) or (op != "!=" and is_zero(differentiate(differentiate(gap, x), x), known))
            for op, gap in gaps
        )

    def same_domain(self, certificate: Certificate) -> bool:
        """Whether a list of points speaks of the very domain of the problem."""
        theirs = relations_of(certificate.statement.get("relations", []))
        own, written = set(map(gap_text, self.domain or [])), self._written_bounds()
        for x, ends in mapping(certificate.claim.get("box", {}), "box").items():
            low, high = (decimal(v, "an end") for v in sequence(ends, "a side", 2))
            for side in ((">", x, low), ("<", x, high)):
                theirs.append(side if gap_text(side) in own else (side[0] + "=", *side[1:]))
        return self.domain is not None and set(map(gap_text, theirs)) - written == own - written

    def slopes(self) -> list[Tree]:
        """What must vanish."""
        return [differentiate(self.loss, x) for x in self.unknowns] if self.loss is not None else self.equations

    def lists(self) -> Iterator[tuple[str, Certificate]]:
        """The certificates that list critical points of this problem."""
        return ((n, c) for n, c in self.own.items() if c.kind == "critical_points")

    def no_eliminant(self, certificate: Certificate) -> bool:
        """Whether the certificate says that a constant vanishes at every critical point."""
        terms = certificate.claim.get("polynomial")
        return (
            certificate.kind == "exponential_eliminant"
            and isinstance(terms, list)
            and len(terms) == 1
            and all(str(e) == "0" for t in terms if isinstance(t, list) for e in sequence(t[1], "exponents"))
        )

    # -- consequences ------------------------------------------------------------------------------------------------

    def convex(self, where: Sequence[Relation] = (), sign: fmpq = ONE) -> bool:
        """Whether the loss to be minimised, times the sign, is convex where some relations of parameters hold.

        By composition rules, whose functions have convex domains, or by the second derivative of one unknown.
        """
        if self.loss is None:
            return False
        if not self.parameters:
            with contextlib.suppress(Refused):
                if curvature(mul(sign, self.minimised), set(self.unknowns), {}, self.columns) == CONVEX:
                    return True
        return len(self.unknowns) == 1 and self._second_derivative(">=", self.unknowns[0], where, sign)

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
            return short and self._interval(x, known) and prove_relation((op, second, ZERO), [*known, *self._needs()])
        except Refused:  # a kink
            return False

    def never_less(self, value: fmpq) -> bool:
        """Whether the loss to be minimised is nowhere less than the value."""
        for certificate in self.own.values():
            if certificate.kind == "least_value" and rational(certificate.claim["value"], "a value") >= value:
                return True
        gap = add(written_out(self.minimised, self.columns), -value)
        return self.loss is not None and prove_relation((">=", gap, ZERO), self.assumptions)

    def on_edge(self, ball: list[arb]) -> bool:
        """Whether the point may lie on an edge of the domain, or the domain is not known."""
        values = dict(zip(self.unknowns, ball, strict=True))
        if self.domain is None:
            return True
        return any((evaluate(a, values) - evaluate(b, values)).contains(0) for _, a, b in self.domain)

    def grows(self) -> bool:
        """A polynomial in one unknown, of even degree with a positive leading coefficient: it has a minimum."""
        if self.loss is None or len(self.unknowns) != 1 or not self.everywhere or self.parameters:
            return False
        if not all(prove_relation(need, ()) for need, _ in requirements(self.loss)):
            return False
        try:
            whole = Given(self.minimised, [], self.unknowns, self.columns, []).whole()
        except (NotRational, Refused):
            return False
        if not whole.bottom.is_constant() or whole.top.is_constant():
            return False
        f = whole.top * (1 / whole.bottom.leading_coefficient())
        return int(f.total_degree()) % 2 == 0 and f.leading_coefficient() > 0

    def pinned(self, places: list[Place]) -> str:
        """The certificate by which there is no critical point besides the places; "" where none shows it.

        All critical points lie on the positive roots of its polynomial in t, the exponential of one unknown. On each
        root there is at most one: there is no other unknown, or the loss is strictly convex in the only other one.
        """
        for name, x, eliminant, scale in self._eliminants():
            others = [u for u in self.unknowns if u != x]
            if len(others) > 1 or any(not self._second_derivative(">", u) for u in others):
                continue
            at = self.unknowns.index(x)
            roots = [r.real for f, _ in eliminant.factor()[1] for r in enclosed_roots(f) if r.imag.is_zero()]
            balls = [(p.ball[at] * arb(scale)).exp() for p in places if p.settled]
            hit = [[i for i, r in enumerate(roots) if r.overlaps(b)] for b in balls]
            positive = sum(not r < 0 for r in roots if not r.is_zero())
            if len(balls) == len(places) == positive == len({i for h in hit for i in h}) and all(
                len(h) == 1 for h in hit
            ):
                return name
        return ""

    def inexpressible(self, place: Place) -> bool:
        """Whether a coordinate of the point, or the exponential of it that a certificate names, is proved to be no radical."""
        bad = self._unsolvable()
        if not place.settled or not bad:
            return False
        with ctx.workprec(place.precision):
            for equation, ball in self._equations_at(place):
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

    def _unsolvable(self) -> list[fmpz_poly]:
        return [polynomial(c.claim["polynomial"], "f") for c in self.others.values() if c.kind == "unsolvable"]

    def _equations_at(self, place: Place) -> Iterator[tuple[fmpz_poly, arb]]:
        """Polynomials over Z that vanish at a coordinate of each critical point, or at an exponential of one; its ball."""
        if len(self.unknowns) == 1:
            with contextlib.suppress(NotRational, Refused):
                yield dense(self.given.quotients()[0].top), place.ball[0]
        for _, x, eliminant, scale in self._eliminants():
            yield eliminant, (place.ball[self.unknowns.index(x)] * arb(scale)).exp()

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


def same(f: fmpz_poly, g: fmpz_poly) -> bool:
    """Whether two polynomials are equal up to a factor."""
    return f.gcd(g).degree() == g.degree() == f.degree()


NUMBER = ["1", "1"]  # the shape of a name that has none
_RELATION = re.compile(r"(.+?) *(<=|>=|!=|<|>) *(.+)")


def relations_in(domain: dict[str, Json], known: set[str]) -> list[Relation] | None:
    """The relations that the texts of a domain write; None where one is not read."""
    out = list[Relation]()
    for said in {str(text) for text in domain.values()} - {"real"}:
        for part in _parts(said):
            match = _RELATION.fullmatch(part)
            try:
                if match is None:
                    return None
                out.append((match[2], parse(match[1], known), parse(match[3], known)))
            except Refused:
                return None
    return out


def _parts(text: str) -> Iterator[str]:
    """The text cut at the commas outside parentheses."""
    kept = ""
    for piece in text.split(", "):
        kept = f"{kept}, {piece}" if kept else piece
        if kept.count("(") == kept.count(")"):
            yield kept
            kept = ""
    if kept:
        yield kept


def relations_of(value: Json) -> list[Relation]:
    """The relations of an accepted certificate."""
    listed = (sequence(r, "a relation", 3) for r in sequence(value, "relations"))
    return [(str(op), read(a), read(b)) for op, a, b in listed]


def gap_text(relation: Relation) -> str:
    """The relation as a sign of one difference: the same text for the same bound."""
    op, a, b = relation
    if op[0] == "<":
        op, a, b = op.replace("<", ">"), b, a
    return f"{normal(add(a, mul(MINUS, b)))} {op} 0"


def _rows(low: Tree, high: Tree) -> bool:
    """Whether a sum between these has a row."""
    first, last = as_integer(low), as_integer(high)
    return first is not None and (isinstance(high, str) if last is None else first <= last) and first <= 1


def _ends(tree: Tree) -> set[str]:
    """The names that a sum over rows ends with: there is at least one row."""
    if not isinstance(tree, tuple):
        return set()
    own = {tree[3]} if tree[0] in ("sum", "prod") and tree[2] == ONE and isinstance(tree[3], str) else set[str]()
    return own.union(*map(_ends, tree[1:]))


def _indexed(tree: Tree) -> set[str]:
    """The columns of a tree."""
    if not isinstance(tree, tuple):
        return set()
    return ({str(tree[1])} if tree[0] == "@" else set[str]()).union(*map(_indexed, tree[1:]))
