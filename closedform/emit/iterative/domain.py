"""The domain of an iteration: closed bounds of single unknowns, strict relations, and a start that keeps them."""

from __future__ import annotations

from closedform import expression
from closedform.emit.iterative.code import Writer, columns_of, varies
from closedform.emit.iterative.trees import NoCode, tree_of
from closedform.expression import MIRRORED, Node, scalar_form
from closedform.kernel.expressions.tree import free_names
from closedform.problem import Problem
from closedform.reading.language import unparse

OPERATORS = (">", ">=", "<", "<=")
Bounds = dict[str, list[str]]  # for an unknown, the code of what bounds it


def bounds(problem: Problem, writer: Writer) -> tuple[Bounds, Bounds, list[str]]:
    """Closed bounds of single unknowns as code, and the strict relations as conditions."""
    lower, upper, strict = dict[str, list[str]](), dict[str, list[str]](), list[str]()
    own = set(problem.unknowns)
    for r in _flat(problem.relations):
        if r.head not in OPERATORS or len(r.children) != 2:
            if expression.free_names(r) & own:
                raise NoCode(f"the iteration cannot keep {unparse(r)}")
            continue
        left, right = (writer.vectorised(tree_of(scalar_form(c))) for c in r.children)
        held = (free_names(left) | free_names(right)) & own
        if not held:
            continue
        if any(varies(t) or columns_of(t) for t in (left, right)):
            raise NoCode(f"the iteration cannot keep {unparse(r)}")
        if r.head in (">", "<"):
            strict.append(f"{writer.code(left)} {r.head} {writer.code(right)}")
            continue
        if isinstance(right, str) and right in own and not free_names(left) & own:
            left, right, head = right, left, MIRRORED[r.head]
        else:
            head = r.head
        if not isinstance(left, str) or left not in own or free_names(right) & own:
            raise NoCode(f"the iteration keeps bounds of single unknowns, and not {unparse(r)}")
        (lower if head == ">=" else upper).setdefault(left, []).append(writer.code(right))
    return lower, upper, strict


def defaults(problem: Problem) -> list[str]:
    """A plain start for each unknown: 0, or what the relations about it alone allow."""
    out = list[str]()
    for u in problem.unknowns:
        own = [
            r for r in _flat(problem.relations) if expression.free_names(r) == frozenset((u,)) and r.head in OPERATORS
        ]
        trial = (0, 1, 0.5, 2, -1, 0.1, 10, -0.5, 5, 100, 0.01)
        out.append(str(next((t for t in trial if all(_holds(r, u, t) for r in own)), 1)))
    return out


def _flat(relations: tuple[Node, ...]) -> list[Node]:
    out = list[Node]()
    for r in relations:
        if r.head in ("and", "all"):
            out += _flat(r.children)
        elif len(r.children) > 2:
            out += [Node(r.head, pair) for pair in zip(r.children, r.children[1:], strict=False)]
        else:
            out.append(r)
    return out


def _holds(relation: Node, unknown: str, value: float) -> bool:
    """Does a relation between the unknown and a number hold, strictly?"""
    ends = list[float]()
    for c in relation.children:
        if c.name == unknown:
            ends.append(value)
        elif c.number is not None:
            ends.append(float(c.number))
        else:
            return True
    return {">": ends[0] > ends[1], ">=": ends[0] > ends[1], "<": ends[0] < ends[1], "<=": ends[0] < ends[1]}[
        relation.head
    ]
