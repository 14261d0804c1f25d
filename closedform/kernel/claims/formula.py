"""Claim ``critical_point_formula``: a formula in symbols makes every derivative zero, wherever its conditions hold.

Format::

    statement  {"loss": tree | "equations": [tree, ...], "unknowns": [name, ...], "parameters": [name, ...],
                "assumptions": [[op, tree, tree], ...]}    op one of < <= > >= = !=
    claim      {"kind": "critical_point_formula", "point": {unknown: tree}, "conditions": [[op, tree, tree], ...]}
    evidence   {}

An index that stands free in an assumption or condition, as i in x[i] > 0, means every i. The derivatives of the loss,
with the point put in, reduce to zero in the tower. What was inverted on the way, every assumption on the unknowns, and
all that the loss as written needs to have a real value (logarithms, roots, denominators) is proved at the point from
the assumptions on the data, or stands among the conditions word for word.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flint import fmpq

from closedform.kernel.algebra.relations import opposed, prove_relation, read_relations
from closedform.kernel.algebra.tower import build, prove_zero
from closedform.kernel.expressions.derivatives import differentiate
from closedform.kernel.expressions.domain import requirements
from closedform.kernel.expressions.infix import infix
from closedform.kernel.expressions.scope import scoped
from closedform.kernel.expressions.substitution import substitute
from closedform.kernel.expressions.tree import ZERO, Relation, Tree, free_names, read
from closedform.kernel.reading import Json, fields, mapping, name, names, refuse, sequence

EVERY = "#"  # what stands before a free index: no name that can be written begins with it


@dataclass
class FormulaStatement:
    """The statement, read: what must vanish, what is assumed of the data, and what must hold at the point."""

    unknowns: list[str]
    parameters: list[str]
    trees: list[Tree]  # the loss, or the equations
    has_loss: bool
    data: list[Relation]  # assumptions without an unknown
    wanted: list[Relation]  # assumptions on the unknowns, and what the text as written needs

    @property
    def subject(self) -> str:
        if self.has_loss:
            return f"a critical point of {infix(self.trees[0])}"
        return "a solution of " + "; ".join(f"{infix(e)} = 0" for e in self.trees)

    def goals(self, point: dict[str, Tree]) -> list[Tree]:
        """What must reduce to zero."""
        slopes = [differentiate(self.trees[0], x) for x in self.unknowns] if self.has_loss else self.trees
        return [substitute(g, point) for g in slopes]

    def declared(self, relations: Iterable[Relation]) -> list[Relation]:
        """The relations with their free indices marked; refused where a name is none of the problem's."""
        return [for_every(r, {*self.unknowns, *self.parameters}) for r in relations]

    def missing(self, point: dict[str, Tree], conditions: list[Relation]) -> list[Relation]:
        """What is neither proved at the point nor among the conditions; refused where a derivative is not zero."""
        held, out = [*self.data, *conditions], list[Relation]()
        for goal in self.goals(point):
            for tree in prove_zero(goal, [*held, *out]):
                out.append(("!=", tree, ZERO))
        for op, left, right in self.wanted:
            there = (op, substitute(left, point), substitute(right, point))
            known = [*held, *out]
            if there not in known and not prove_relation(there, known):
                out.append(there)
        return out


def for_every(relation: Relation, declared: set[str]) -> Relation:
    """The relation with its free indices marked: it holds for every row."""
    op, left, right = relation
    free = (free_names(left) | free_names(right)) - declared
    at = {i: f"{EVERY}{i}" for i in free}
    out = (op, substitute(left, dict(at)), substitute(right, dict(at)))
    indices = _indices(out[1]) | _indices(out[2])
    if any(i.startswith(EVERY) and i not in indices for i in free_names(out[1]) | free_names(out[2])):
        refuse(f"{', '.join(sorted(free))} is neither an unknown nor a parameter, and no index of data")
    for side in out[1:]:
        scoped(side, {*declared, *at.values()})
    return out


def _indices(tree: Tree) -> set[str]:
    """The names that stand in places of columns."""
    if not isinstance(tree, tuple):
        return set()
    if tree[0] == "@":
        return free_names(tree[2])
    return set[str]().union(*(_indices(a) for a in tree[1:]))


def setting(statement: dict[str, Json]) -> FormulaStatement:
    given = fields(statement, ("unknowns", "parameters", "assumptions"), ("loss", "equations"))
    unknowns, parameters = names(given["unknowns"], "unknowns"), names(given["parameters"], "parameters")
    if ("loss" in given) == ("equations" in given) or not unknowns or set(unknowns) & set(parameters):
        refuse("a loss or equations are needed, and unknowns that are no parameters")
    has_loss = "loss" in given
    trees = [read(e) for e in ([given["loss"]] if has_loss else sequence(given["equations"], "equations", 1_000))]
    for tree in trees:
        scoped(tree, {*unknowns, *parameters}, None, unknowns)
    out = FormulaStatement(unknowns, parameters, trees, has_loss, [], [])
    for relation in out.declared(read_relations(given["assumptions"], "assumptions")):
        about = set(unknowns) & (free_names(relation[1]) | free_names(relation[2]))
        (out.wanted if about else out.data).append(relation)
    for tree in trees:
        for (op, left, right), inside in requirements(tree):
            at: dict[str, Tree] = {index: f"{EVERY}{index}" for index, *_ in inside}
            needed = (op, substitute(left, at), substitute(right, at))
            if needed not in out.wanted and needed not in out.data:
                out.wanted.append(needed)
    return out


def check(statement: dict[str, Json], claim: dict[str, Json], evidence: dict[str, Json]) -> str:
    """``critical_point_formula``: the point makes every derivative zero, wherever the conditions hold."""
    given = setting(statement)
    claimed, _ = fields(claim, ("kind", "point", "conditions")), fields(evidence, ())
    point = {name(k, "an unknown"): read(v) for k, v in mapping(claimed["point"], "point").items()}
    if point.keys() != set(given.unknowns):
        refuse("a value for every unknown is needed")
    for value in point.values():
        scoped(value, set(given.parameters))
    conditions = given.declared(read_relations(claimed["conditions"], "conditions"))
    if any(set(given.unknowns) & (free_names(a) | free_names(b)) for _, a, b in conditions):
        refuse("a condition is written with an unknown")
    held = [*given.data, *conditions]
    if opposed(held):
        refuse("the conditions contradict each other")
    lacking = given.missing(point, conditions)
    if lacking:
        op, left, right = lacking[0]
        refuse(f"nothing says that {_said(left)[:200]} {op} {_said(right)[:100]}")
    where = "; ".join(f"{_said(a)} {op} {_said(b)}" for op, a, b in held)
    at = ", ".join(f"{x} = {infix(point[x])}" for x in given.unknowns)
    return (
        f"{at} is {given.subject}"
        + (f" wherever {where}" if where else "")
        + ("" if _real(point.values(), held) else f"{' and' if where else ' wherever'} this is real")
        + (f", for {', '.join(given.parameters)} real" if given.parameters else "")
    )


def _real(values: Iterable[Tree], held: list[Relation]) -> bool:
    """Whether the values are surely real, by the generators that they are made of."""
    tower, normal = build(values, held)
    return all(tower.real(v) for v in normal)


def unmarked(tree: Tree) -> Tree:
    """The tree as a certificate writes it: free indices without their mark."""
    if isinstance(tree, str):
        return tree.removeprefix(EVERY)
    return tree if isinstance(tree, fmpq) else (str(tree[0]), *map(unmarked, tree[1:]))


def _said(tree: Tree) -> str:
    return infix(unmarked(tree))
