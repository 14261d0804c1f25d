"""Claim ``critical_point_formula``: a formula in symbols makes every derivative zero, wherever its conditions hold.

An index that stands free in an assumption or condition, as i in x[i] > 0, means every i. The derivatives of the loss,
with the point put in, reduce to zero in the tower. What was inverted on the way, every assumption on the unknowns, and
all that the loss as written needs to have a real value (logarithms, roots, denominators) is proved at the point from
the assumptions on the data, or stands among the conditions word for word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

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

    def declared(self, relations: Iterable[Relation]) -> list[Relation]:
        """The relations with their free indices marked; refused where a name is none of the problem's."""
        return [for_every(r, {*self.unknowns, *self.parameters}) for r in relations]

    def missing(self, point: dict[str, Tree], conditions: list[Relation]) -> list[Relation]:
        """What is neither proved at the point nor among the conditions; refused where a derivative is not zero."""
        held, out = [*self.data, *conditions], list[Relation]()
        for slope in [differentiate(self.trees[0], x) for x in self.unknowns] if self.has_loss else self.trees:
            out += [("!=", tree, ZERO) for tree in prove_zero(substitute(slope, point), [*held, *out])]
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
    for r in out.declared(read_relations(given["assumptions"], "assumptions")):
        (out.wanted if set(unknowns) & (free_names(r[1]) | free_names(r[2])) else out.data).append(r)
    out.wanted += [r for r in dict.fromkeys(needs(trees)) if r not in (*out.wanted, *out.data)]
    return out


def needs(trees: Iterable[Tree]) -> Iterator[Relation]:
    """What suffices for real values, in every row."""
    for (op, left, right), inside in (need for tree in trees for need in requirements(tree)):
        at: dict[str, Tree] = {index: f"{EVERY}{index}" for index, *_ in inside}
        yield op, substitute(left, at), substitute(right, at)


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
    for op, left, right in given.missing(point, conditions):
        refuse(f"nothing says that {_said(left)[:200]} {op} {_said(right)[:100]}")
    tower, normal = build(point.values(), held)
    told = ("; ".join(f"{_said(a)} {op} {_said(b)}" for op, a, b in held), "this is real")
    where = " and ".join(filter(None, told[: 1 if all(map(tower.real, normal)) else 2]))
    at = ", ".join(f"{x} = {infix(point[x])}" for x in given.unknowns)
    zeros = "; ".join(f"{infix(e)} = 0" for e in given.trees)
    subject = f"a critical point of {infix(given.trees[0])}" if given.has_loss else f"a solution of {zeros}"
    real = f", for {', '.join(given.parameters)} real" if given.parameters else ""
    return f"{at} is {subject}" + (f" wherever {where}" if where else "") + real


def _said(tree: Tree) -> str:
    """The tree as a certificate writes it: free indices without their mark."""
    return infix(tree).replace(EVERY, "")
