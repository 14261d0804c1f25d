"""The problem that a report answers, and the accepted certificates that are about it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self

from flint import fmpq

from closedform.kernel import reading
from closedform.kernel.algebra.matrices import HEADS
from closedform.kernel.algebra.relations import prove_relation, read_relations
from closedform.kernel.algebra.tower import is_zero
from closedform.kernel.certificate import Certificate
from closedform.kernel.claims.critical_points import Given
from closedform.kernel.claims.matrices import PROPERTIES
from closedform.kernel.expressions.derivatives import differentiate
from closedform.kernel.expressions.domain import requirements
from closedform.kernel.expressions.infix import infix
from closedform.kernel.expressions.scope import scoped
from closedform.kernel.expressions.substitution import substitute
from closedform.kernel.expressions.tree import MINUS, ONE, ZERO, Relation, Tree, add, as_integer, free_names, mul, read
from closedform.kernel.ruling import COVERED, SEALED, Ruling
from closedform.kernel.headlines.agreement import agree, heads, normal, same_need, subtrees
from closedform.kernel.headlines.text import parse
from closedform.kernel.reading import Json, Refused, decimal, mapping, names, refuse, sequence


@dataclass
class Stated:
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
    unread: bool = False  # whether some assumption stands in words
    shapes: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    properties: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    constraints: list[Tree] = field(default_factory=list[Tree])  # of matrices: what must be zero
    own: dict[str, Certificate] = field(default_factory=dict[str, Certificate])
    others: dict[str, Certificate] = field(default_factory=dict[str, Certificate])

    @classmethod
    def of(cls, problem: dict[str, Json], proved: Mapping[str, Certificate]) -> Self:
        """Read; refused where a text is not the print of the tree beside it."""
        unknowns, parameters = names(problem["unknowns"], "unknowns"), names(problem["parameters"], "parameters")
        declared, tree = {*names([*unknowns, *parameters], "unknowns and parameters")}, problem.get("tree")
        listed = sequence(tree.get("equations"), "equations", 1_000) if isinstance(tree, dict) else [tree]
        try:
            matrix, trees = False, [read(t) for t in listed if t is not None]
        except Refused:
            matrix, trees = True, [read(t, heads=HEADS) for t in listed]
        loss = trees[0] if trees and not isinstance(tree, dict) else None
        if trees and problem.get("loss") != (None if loss is None else infix(loss)):
            refuse("the text of the loss is not the print of its tree")
        if declared & {"e", "pi", "I"} & set[str]().union(*map(heads, trees)):
            refuse("a name is a constant, too")
        for t in () if matrix else trees:
            scoped(t, declared, None, unknowns)
        if problem.get("sense", "min") not in ("min", "max"):
            refuse("the sense is min or max")
        domain = relations_in(bounds := mapping(problem.get("domain", {}), "domain"), declared, matrix)
        equations = trees if loss is None else []
        out = cls(unknowns, parameters, matrix, problem.get("sense") == "max", domain, loss, equations)
        out.columns = reading.columns(problem.get("columns", {}), declared)
        bound = [str(c) for c in sequence(problem.get("constraints", []), "constraints")]
        if bound and not matrix:
            out.domain = None
        elif bound:
            out.constraints = _differences(bound)
            out.loss = out.loss if len(out.constraints) == len(bound) else None
        claimed = [str(v) for v in sequence(problem.get("assumptions", []), "assumptions")]
        for x, sides in mapping(problem.get("shapes", {}), "shapes").items():
            out.shapes[x] = [_plain(parse(str(side), (), HEADS)) for side in sequence(sides, "a shape", 2)]
        for line in [*claimed, *(f"{x} {word}" for x, text in bounds.items() for word in str(text).split(", "))]:
            x, _, word = line.partition(" ")
            if word in PROPERTIES:
                out.properties.setdefault(x, set()).add(word)
        read_ones = [relations_in({"": text}, declared, matrix) for text in claimed]
        out.unread = None in read_ones
        rest = [text for text, rs in zip(claimed, read_ones, strict=True) if rs is None and not out.is_property(text)]
        facts = [r for rs in read_ones for r in rs or []]
        # what is assumed of an unknown bounds where it may lie; so do words that may be about one
        bounded = None if any(map(out.may_bound, rest)) else filter(out.about_unknowns, facts)
        out.domain = None if out.domain is None or bounded is None else [*out.domain, *bounded]
        rows: list[Relation] = [(">", n, ZERO) for n in sorted(set[str]().union(*map(_ends, trees)) & set(parameters))]
        out.assumptions = [*(out.domain or []), *(r for r in facts if not out.about_unknowns(r)), *rows]
        out.admit_all(proved)
        given = {*out.columns, *parameters}
        if not set[str]().union(*map(_indexed, trees)) <= given:  # no certificate has the data
            out.loss, out.equations = None, []
        return out

    def about_unknowns(self, relation: Relation) -> bool:
        return bool(set(self.unknowns) & (free_names(relation[1]) | free_names(relation[2])))

    def is_property(self, text: str) -> bool:
        """Whether a text gives a matrix one of the properties that certificates know."""
        return self.matrix and text.partition(" ")[2] in PROPERTIES

    def may_bound(self, text: str) -> bool:
        """Whether an assumption that is not read may be about an unknown: it names one, or no other name."""
        claimed, sizes = _words(text), set[str]().union(*(_words(s) for sides in self.shapes.values() for s in sides))
        return bool(claimed & set(self.unknowns)) or not claimed & {*self.parameters, *self.shapes, *sizes}

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
        columns = reading.columns(stated.get("columns", {}))
        if columns and self.columns and columns != self.columns:
            return refuse(f"{name} is about other data than the certificates before it") if self.own else None
        if {*columns} & {*self.parameters} or not self._same(stated, columns) or not self._admits(stated):
            return  # a parameter stands for all data
        self.columns |= columns
        self.own[name] = self.others.pop(name)

    def _same_matrices(self, stated: dict[str, Json]) -> bool:
        """Whether a certificate has the same loss, shapes and constraints, and no more properties than the document."""
        if normal(read(stated["loss"], heads=HEADS), HEADS) != normal(self.loss or ZERO, HEADS):
            return False
        shapes = {
            x: [_plain(read(side, heads=HEADS)) for side in sequence(sides, "a shape")]
            for x, sides in mapping(stated["shapes"], "shapes").items()
        }
        words = {x: set(names(v, x)) for x, v in mapping(stated["properties"], "properties").items()}
        everything = {*shapes, *self.shapes}
        bound = [normal(read(c, heads=HEADS), HEADS) for c in sequence(stated["constraints"], "constraints")]
        return (
            self.everywhere
            and sorted(map(str, bound)) == sorted(str(normal(c, HEADS)) for c in self.constraints)
            and all(shapes.get(x, NUMBER) == self.shapes.get(x, NUMBER) for x in everything)
            and all(claimed <= self.properties.get(x, set()) for x, claimed in words.items())
            and all(words.get(x, set()) == self.properties.get(x, set()) for x in self.unknowns)
        )

    def _admits(self, stated: dict[str, Json]) -> bool:
        """Whether all that a formula assumes follows from the document, and what bounds its unknowns is assumed."""
        if "assumptions" not in stated:
            return True
        theirs = read_relations(stated["assumptions"], "assumptions")
        known = set(map(gap_text, [*self._needs(), *self.assumptions]))
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

    def finding(self, witness: str = "", shown: bool = False) -> Ruling:
        """The headline "problem"; ``witness`` are words for certificates about it at one set of data.

        ``shown``: the kernel's own derivatives of it are shown to vanish at a point.
        """
        if self.loss is None and not self.equations:
            return Ruling("problem", SEALED, "it stands in words only")
        why = witness or (self.own and f"by {', '.join(self.own)}") or (shown and "its derivatives are worked out here")
        return Ruling("problem", COVERED if why else SEALED, f"{self.words}: {why or 'no certificate is about it'}")

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
        theirs = read_relations(certificate.statement.get("relations", []), "relations")
        return self.domain is not None and set(map(gap_text, theirs)) <= set(map(gap_text, self.domain))

    def _needs(self) -> list[Relation]:
        """What holds wherever the loss or the equations have a value, but for what each row of a sum asks in turn."""
        every = ((r, inside) for t in self.trees for r, inside in requirements(t, necessary=True))
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
        needs = self._shape(self.assumptions)
        return needs is not None and all(op in ("<", ">", "!=") for op, *_ in needs)

    def _shape(self, known: list[Relation]) -> list[Relation] | None:
        """What the trees ask for and is not known; None where more may suffice: then the domain may be larger."""
        needs, enough = (
            {str(r): r for t in self.trees for r, _ in requirements(t, only) if not prove_relation(r, known)}
            for only in (True, False)
        )
        return list(needs.values()) if needs.keys() == enough.keys() else None

    def _interval(self, x: str, known: list[Relation]) -> bool:
        """Whether the domain is an interval in x for all values of the other names: half-lines, or no bounds."""
        needs = self._shape(known)
        gaps = [(op, add(a, mul(MINUS, b))) for op, a, b in (*(self.domain or []), *(needs or []))]
        return None not in (self.domain, needs) and all(
            x not in free_names(gap) or (op != "!=" and is_zero(differentiate(differentiate(gap, x), x), known))
            for op, gap in gaps
        )

    def same_domain(self, certificate: Certificate) -> bool:
        """Whether a list of points speaks of the very domain of the problem."""
        theirs = read_relations(certificate.statement.get("relations", []), "relations")
        own, implied = (set(map(gap_text, rs)) for rs in (self.domain or [], self._needs()))
        for x, ends in mapping(certificate.claim.get("box", {}), "box").items():
            low, high = (decimal(v, "an end") for v in sequence(ends, "a side", 2))
            for side in ((">", x, low), ("<", x, high)):
                if not any(_within(bound, side) for bound in self.domain or []):
                    theirs.append(side if gap_text(side) in own else (side[0] + "=", *side[1:]))
        return self.domain is not None and set(map(gap_text, theirs)) - implied == own - implied

    def slopes(self) -> list[Tree]:
        """What must vanish."""
        return [differentiate(self.loss, x) for x in self.unknowns] if self.loss is not None else self.equations

    def lists(self) -> Iterator[tuple[str, Certificate]]:
        """The certificates that list critical points of this problem."""
        return ((n, c) for n, c in self.own.items() if c.kind == "critical_points")


NUMBER = ["1", "1"]  # the shape of a name that has none
_RELATION = re.compile(r"(.+?) *(<=|>=|!=|<|>|=) *(.+)")


def _plain(tree: Tree) -> str:
    return infix(normal(tree, HEADS))


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


def relations_in(
    domain: dict[str, Json], known: set[str], matrix: bool = False, equal: bool = False
) -> list[Relation] | None:
    """The relations that the texts of a domain write; None where one is not read, as an equation unless ``equal``."""
    out = list[Relation]()
    for claimed in {str(text) for text in domain.values()} - {"real"}:
        for part in _parts(claimed):
            if matrix and part in PROPERTIES:  # read elsewhere
                continue
            match = _RELATION.fullmatch(part)
            try:
                if match is None or (match[2] == "=" and not equal):
                    return None
                out.append((match[2], parse(match[1], known), parse(match[3], known)))
            except Refused:
                return None
    return out


def _differences(texts: list[str]) -> list[Tree]:
    """What the texts of equations between matrices say to be zero; one that is no such equation is left out."""
    out = list[Tree]()
    for left, equals, right in (text.partition(" = ") for text in texts):
        with contextlib.suppress(Refused):
            if equals:
                out.append(add(parse(left, (), HEADS), mul(MINUS, parse(right, (), HEADS))))
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


def _within(bound: Relation, side: Relation) -> bool:
    """Whether what a bound by a number allows lies inside a side of a box."""
    (op, a, b), (wide, x, end) = bound, side
    if a != x or not isinstance(b, fmpq) or not isinstance(end, fmpq) or op[0] != wide:
        return False
    return b > end if wide == ">" else b < end


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
    sums = (t for t in subtrees(tree) if t[0] in ("sum", "prod") and t[2] == ONE)
    return {t[3] for t in sums if isinstance(t[3], str)}


def _indexed(tree: Tree) -> set[str]:
    """The columns of a tree."""
    return {str(t[1]) for t in subtrees(tree) if t[0] == "@"}
