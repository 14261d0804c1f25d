"""A formula in symbols, held against the text at random and extreme admissible values of its parameters and data.

This only refutes: a formula that stands at every value tried is not thereby proved. Only what the report prints is
used: the formulas, and the conditions beside them, read back by our own reader.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from flint import acb, arb, fmpq

from closedform.algebra.bridge import text
from closedform.attempt import Attempt
from closedform.audit.evaluation import Open, TextEvaluation, Undefined, tree_of, truth
from closedform.audit.question import Question
from closedform.audit.search import Search
from closedform.budget import Budget
from closedform.expression import Node, column_names, free_names, number, substitute
from closedform.frozen import record
from closedform.kernel.expressions.values import evaluate_complex
from closedform.kernel.reading import Refused
from closedform.points import CriticalPoint
from closedform.problem import Problem
from closedform.reading.data.handed import is_many
from closedform.reading.language import unparse

TRIALS = 100
TRIES = 30  # draws for one admissible instance
SEARCHED = 8  # instances whose list is held against a search
WORDS = "where it is real and lies in the domain"
MAX_TEXT = 4_000
VALUES = [Fraction(v) for v in ("1", "2", "3", "1/2", "1/3", "7/5", "5", "10", "1/10", "1000", "1/1000", "20000")]
EXTREME = [Fraction(v) for v in ("0", "-1000", "1000", "-1", "1", "-1/1000", "1/1000", "-20000", "20000")]
SIZES = (3, 2, 5, 1, 4)


@record
class Instance:
    """Values for every name but the unknowns, exact entries of the columns, and the problem with them put in."""

    values: Mapping[str, Fraction]
    columns: Mapping[str, list[fmpq]]
    question: Question

    @property
    def balls(self) -> dict[str, arb]:
        return {k: arb(fmpq(v.numerator, v.denominator)) for k, v in self.values.items()}

    @property
    def degenerate(self) -> bool:
        """Is a column constant?"""
        return any(len(set(c)) <= 1 for c in self.columns.values())

    def __str__(self) -> str:
        parts = [f"{k} = {v}" for k, v in self.values.items()]
        parts += [f"{k} = ({', '.join(map(str, c))})" for k, c in self.columns.items()]
        return ", ".join(parts)


def contradiction(problem: Problem, attempt: Attempt, budget: Budget) -> tuple[str, Attempt, tuple[str, ...]]:
    """Where a printed formula fails; else the attempt with the conditions that were missing, and which of them are faults.

    A formula that is no real number, or leaves the domain, at some values and stands at others lacks a condition: with
    it the claim says less, and is kept. That data which are constant need one is no fault that is told.
    """
    claims = list(_claims(attempt))
    whole = attempt.complete or attempt.outcome == "no_critical_point"
    stood, lacking, lacked = set[int](), dict[int, tuple[str, str]](), list[str]()
    if not claims and not whole:
        return "", attempt, ()
    beside = _Claim({}, _exceptions(attempt), "")  # the list is said to be whole where these hold
    for count, instance in enumerate(_instances(problem, budget)):
        listed, all_read = list[dict[str, arb]](), True
        for k, claim in enumerate(claims):
            if budget.remaining <= 0:
                break
            holds = claim.holds(instance)
            at = claim.coordinates(instance) if holds else None
            if isinstance(at, dict) and (why := instance.question.outside(at)):
                at = f"{claim.description} is no answer: {why}"
            if isinstance(at, str):
                if k not in lacking:
                    lacking[k] = (claim.missing(problem, instance), f"at {instance}: {at}")
                    lacked += [] if instance.degenerate else [lacking[k][1]]
                continue
            all_read = all_read and (at is not None or holds is False)
            if at is None:
                continue
            why = instance.question.refused(at, claim.kind) or instance.question.misnamed(at, claim.kind, None)
            if why:
                return f"at {instance}: {claim.description} is no answer: {why}", attempt, ()
            stood.add(k)
            listed.append(at)
        if budget.remaining <= 0:
            break
        why = ""
        if count < SEARCHED and all_read and whole and len(instance.question.unknowns) == 1 and beside.holds(instance):
            why = _left_out(instance.question, listed, budget)
        why = why or (_beaten(instance.question, claims, listed, budget) if count < SEARCHED else "")
        if why:
            return f"at {instance}: {why}", attempt, ()
    for k, (_, why) in lacking.items():
        if k not in stood:
            return why, attempt, ()
    return "", _conditioned(attempt, {k: c for k, (c, _) in lacking.items()}), tuple(lacked)


def _conditioned(attempt: Attempt, missing: Mapping[int, str]) -> Attempt:
    """The attempt with conditions added to its claims, by their place in ``_claims``."""
    if not missing:
        return attempt
    if not attempt.points and attempt.formula is not None:
        return replace(attempt, formula=replace(attempt.formula, conditions=(*attempt.formula.conditions, missing[0])))
    points, k = list[CriticalPoint](), -1
    for p in attempt.points:
        k += p.exact is not None
        points.append(replace(p, conditions=(*p.conditions, missing[k])) if p.exact is not None and k in missing else p)
    return replace(attempt, points=tuple(points))


@record
class _Claim:
    """One formula with its conditions, as printed."""

    formulas: Mapping[str, str]
    conditions: tuple[str, ...]
    kind: str

    @property
    def description(self) -> str:
        return ", ".join(f"{u} = {e[:60]}" for u, e in self.formulas.items())

    def holds(self, instance: Instance) -> bool | None:
        """Whether every condition holds there; None where one is in words or is not decided."""
        out: bool | None = True
        for condition in self.conditions:
            node = instance.question.read(condition)
            if node is None:
                return None
            try:
                holds = truth(TextEvaluation(instance.balls, {}, instance.columns), node)
            except (Open, Undefined):
                return None
            if holds is False:
                return False
            out = None if holds is None else out
        return out

    def missing(self, problem: Problem, instance: Instance) -> str:
        """The condition that the formula lacks, as far as it is a relation of the problem; else in words."""
        question = Question.of(problem)
        formulas = {u: node for u, e in self.formulas.items() if (node := question.read(e)) is not None}
        here = TextEvaluation(instance.balls, {}, instance.columns)
        for relation in question.relations:
            if not free_names(relation) & formulas.keys():
                continue
            there = substitute(relation, formulas)
            try:
                if truth(here, there) is False:
                    return unparse(there)
            except (Open, Undefined):
                continue
        return WORDS

    def coordinates(self, instance: Instance) -> dict[str, arb] | str | None:
        """Where the formula points to; a sentence where it is certainly no real number; None where that is open."""
        out = dict[str, arb]()
        for u in instance.question.unknowns:
            formula = self.formulas.get(u)
            node = instance.question.read(formula) if formula is not None and len(formula) <= MAX_TEXT else None
            if node is None or free_names(node) - instance.values.keys() - instance.columns.keys():
                return None
            value = _real(node, instance)
            if value is None or isinstance(value, str):
                return value and f"{u} = {formula} {value}"
            out[u] = value
        return out


def _real(node: Node, instance: Instance) -> arb | str | None:
    """A ball around the real value; why there is none; None where that is open."""
    why = ""
    try:
        ball = TextEvaluation(instance.balls, {}, instance.columns, strict=True).value(node).ball
        if ball.is_finite():
            return ball
    except Undefined as reason:
        why = f"is not defined: {reason}"
    except Open:
        return None
    tree = tree_of(node)
    try:
        value = None if tree is None else evaluate_complex(tree, {k: acb(v) for k, v in instance.balls.items()})
    except (Refused, ValueError, ArithmeticError):
        value = None
    if value is None or not value.is_finite():
        return why if "denominator" in why else None
    if not value.imag.contains(0):
        return "is no real number"
    return value.real if why else None


def _claims(attempt: Attempt) -> Iterator[_Claim]:
    for p in attempt.points:
        if p.exact is not None:
            yield _Claim({u: text(e) for u, e in p.exact.items()}, p.conditions, p.kind)
    if not attempt.points and attempt.formula is not None:
        yield _Claim(attempt.formula.unknown, attempt.formula.conditions, "")


def _exceptions(attempt: Attempt) -> tuple[str, ...]:
    listed = (f.about.get("exceptions") for f in attempt.findings)
    return tuple(f"{text(e)} != 0" for several in listed if is_many(several) for e in several)


def _left_out(question: Question, listed: Sequence[Mapping[str, arb]], budget: Budget) -> str:
    search = Search(question, listed, budget)
    try:
        if search.is_flat():
            return ""
        missed = search.missed()
    except (Open, Undefined):
        return ""
    return f"a critical point at {missed} is not listed" if missed else ""


def _beaten(question: Question, claims: Sequence[_Claim], listed: Sequence[Mapping[str, arb]], budget: Budget) -> str:
    """A point below what is called the global minimum, where the whole list was evaluated."""
    if len(listed) != len(claims):
        return ""
    for claim, at in zip(claims, listed, strict=True):
        height = question.height(at) if claim.kind == "global minimum" else None
        if height is None:
            continue
        try:
            lower = Search(question, listed, budget).lower(height)
        except (Open, Undefined):
            return ""
        if lower:
            return f"{claim.description} is no global minimum: {lower}"
    return ""


# -- admissible values ---------------------------------------------------------------------------------------------


def _instances(problem: Problem, budget: Budget) -> Iterator[Instance]:
    """Random admissible instances, small values first; those whose relations are not decided are left out."""
    question = Question.of(problem)
    parts = [*([problem.loss] if problem.loss is not None else []), *problem.equations, *question.relations]
    columns = frozenset[str]().union(*(column_names(p) for p in parts))
    sizes = frozenset[str]().union(*(_sizes(p) for p in parts))
    free = frozenset[str]().union(*(free_names(p) for p in parts)) - frozenset(problem.unknowns) - columns
    indices = frozenset[str]().union(*(_indices(p) for p in parts)) - sizes
    scalars = sorted(free - indices)
    own = [r for r in question.relations if not free_names(r) & frozenset(problem.unknowns)]
    source = random.Random(budget.seed)
    for trial in range(TRIALS):
        for _ in range(TRIES):
            if budget.remaining <= 0:
                return
            n = next((len(c) for c in question.columns.values()), SIZES[trial % len(SIZES)])
            reach = (
                len(VALUES) if trial % 3 == 2 else 4 if trial < 20 else 9
            )  # small values first, extreme ones between
            values = {
                s: Fraction(n) if s in sizes else _drawn(source, reach, "integer" in problem.properties.get(s, ()))
                for s in scalars
            }
            own_names = [s for s in scalars if s not in sizes and "integer" not in problem.properties.get(s, ())]
            if trial < 8:  # every pattern of signs of the first three names
                values |= {s: abs(values[s]) * (-1) ** (trial >> j) for j, s in enumerate(own_names[:3])}
            elif own_names and trial < 8 + len(EXTREME) * len(own_names):  # one name far out
                values[own_names[(trial - 8) % len(own_names)]] = EXTREME[(trial - 8) // len(own_names)]
            data = dict(question.columns) or {  # data that are given are no parameters
                c: [fmpq(v.numerator, v.denominator) for v in (_drawn(source, reach, False) for _ in range(n))]
                for c in sorted(columns)
            }
            if _admissible(own, values, data, indices, n):
                put = {k: number(v) for k, v in values.items()}
                yield Instance(values, data, _put(question, own, put, data))
                break


def _drawn(source: random.Random, reach: int, whole: bool) -> Fraction:
    if whole:
        return Fraction(source.choice((0, 1, 2, 3, 5, -1)))
    if source.random() < 0.06:
        return Fraction(0)
    return source.choice(VALUES[:reach]) * source.choice((1, 1, -1))


def _put(question: Question, own: Sequence[Node], put: Mapping[str, Node], data: Mapping[str, list[fmpq]]) -> Question:
    return replace(
        question,
        loss=None if question.loss is None else substitute(question.loss, put),
        equations=tuple(substitute(e, put) for e in question.equations),
        relations=tuple(substitute(r, put) for r in question.relations if r not in own),
        integers=question.integers & frozenset(question.unknowns),
        columns=data,
    )


def _admissible(
    relations: Sequence[Node],
    values: Mapping[str, Fraction],
    data: Mapping[str, list[fmpq]],
    indices: frozenset[str],
    n: int,
) -> bool:
    """Whether every relation among parameters and data certainly holds, for every row where it speaks of one."""
    balls = {k: arb(fmpq(v.numerator, v.denominator)) for k, v in values.items()}
    for relation in relations:
        bare = free_names(relation) & data.keys()
        rows = range(1, n + 1) if bare or free_names(relation) & indices else (1,)
        for row in rows:
            here = {**balls, **{i: arb(row) for i in indices}, **{c: arb(data[c][row - 1]) for c in bare}}
            try:
                if truth(TextEvaluation(here, {}, data), relation) is not True:
                    return False
            except (Open, Undefined):
                return False
    return True


def _sizes(node: Node) -> frozenset[str]:
    """The names that sums run to."""
    own = free_names(node.children[2]) if node.head in ("sum", "prod") and len(node.args) == 4 else frozenset[str]()
    return own.union(*(_sizes(child) for child in node.children))


def _indices(node: Node) -> frozenset[str]:
    """The names that stand as the index of a column outside of any sum (``x[i] > 0`` for every row)."""
    if node.head in ("sum", "prod") and len(node.args) == 4:
        return frozenset[str]().union(*(_indices(child) for child in node.children)) - {str(node.children[0].name)}
    own = frozenset((str(node.children[1].name),)) if node.head == "@" and node.children[1].name else frozenset[str]()
    return own.union(*(_indices(child) for child in node.children))
