"""Relations before anything is solved: numbers put in, those that cannot hold together refused, idle ones too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from closedform.errors import CallError
from closedform.expression import RELATIONS, Node, add, free_names, mul, number, quotient, substitute
from closedform.reading.language import unparse
from closedform.reading.options import compare

_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_HOLDS = {
    "<": (-1,),
    "<=": (-1, 0),
    ">": (1,),
    ">=": (0, 1),
    "=": (0,),
    "!=": (-1, 1),
}


@dataclass(frozen=True)
class _End:
    """One end of the values that a name may have: ``said`` is the relation that sets it."""

    at: Node
    open: bool
    said: Node


def flat(relations: Iterable[Node]) -> Iterator[Node]:
    """Single comparisons: conjunctions taken apart."""
    for relation in relations:
        if relation.head == "and":
            yield from flat(relation.children)
        elif relation.head in RELATIONS:
            yield relation


def check_together(relations: Iterable[Node]) -> None:
    """Refuses relations that no values meet: of numbers alone, or bounds of one name by constants.

    Contradictions that take several names to see are left to the solver.
    """
    low, high = dict[str, _End](), dict[str, _End]()
    for relation in flat(relations):
        if not free_names(relation):
            if false(relation):
                raise CallError(f"{unparse(relation)} does not hold")
            continue
        bound = _bound(relation)
        if bound is None:
            continue
        key, head, at = bound
        end = _End(at, head in ("<", ">"), relation)
        if head in (">", ">=", "=") and _tighter(end, low.get(key), 1):
            low[key] = end
        if head in ("<", "<=", "=") and _tighter(end, high.get(key), -1):
            high[key] = end
    for key in low.keys() & high.keys():
        one, other = low[key], high[key]
        order = compare(one.at, other.at)
        if order == 1 or (order == 0 and (one.open or other.open)):
            raise CallError(f"{unparse(one.said)} and {unparse(other.said)} contradict each other")


def false(relation: Node) -> bool:
    """Whether a relation of constants is seen to be false."""
    order = compare(*relation.children)
    return order is not None and order not in _HOLDS[relation.head]


def _tighter(end: _End, known: _End | None, sign: int) -> bool:
    if known is None:
        return True
    order = compare(end.at, known.at)
    return order == sign or (order == 0 and end.open and not known.open)


def _bound(relation: Node) -> tuple[str, str, Node] | None:
    """``c*x + d op e`` with constants c != 0, d and e as (x, op, bound); None for any other relation."""
    left, right = relation.children
    form = _linear(add(left, mul(number(-1), right)))
    if form is None or relation.head == "!=":
        return None
    key, slope, rest = form
    if key is None or slope == 0:
        return None
    head = relation.head if slope > 0 else _MIRRORED.get(relation.head, relation.head)
    return key, head, quotient(mul(number(-1), rest), number(slope))


def _linear(node: Node) -> tuple[str | None, Fraction, Node] | None:
    """(x, c, d) for ``c*x + d`` with a rational c and a constant d that holds no name."""
    if not free_names(node):
        return None, Fraction(0), node
    if node.name is not None:
        return node.name, Fraction(1), number(0)
    if node.head == "+":
        key, slope, rest = None, Fraction(0), list[Node]()
        for child in node.children:
            form = _linear(child)
            if form is None or (key is not None and form[0] not in (None, key)):
                return None
            key, slope = key or form[0], slope + form[1]
            rest.append(form[2])
        return key, slope, add(*rest)
    if node.head == "*":
        scale, inner = Fraction(1), list[Node]()
        for child in node.children:
            if child.number is not None:
                scale *= child.number
            else:
                inner.append(child)
        form = _linear(inner[0]) if len(inner) == 1 else None
        return None if form is None else (form[0], form[1] * scale, mul(number(scale), form[2]))
    return None


def values_said(relations: Iterable[Node], unknowns: frozenset[str]) -> dict[str, Node]:
    """``lam = 1/10`` among the relations: numbers for names that are not unknown."""
    out = dict[str, Node]()
    for relation in relations:
        if relation.head != "=":
            continue
        for one, other in (relation.children, relation.children[::-1]):
            if one.name is not None and one.name not in unknowns and not free_names(other):
                if one.name in out and compare(out[one.name], other) != 0:
                    raise CallError(f"{one.name} is said to be {unparse(out[one.name])} and {unparse(other)}")
                out[one.name] = other
    return out


def put_in(relations: Iterable[Node], values: Mapping[str, Node]) -> tuple[Node, ...]:
    """The relations that are left when numbers stand for parameters; one that fails for them is refused."""
    out = list[Node]()
    for relation in relations:
        changed = substitute(relation, values)
        if free_names(changed):
            out.append(changed)
        elif false(changed):
            given = ", ".join(f"{key} = {unparse(values[key])}" for key in sorted(free_names(relation) & values.keys()))
            raise CallError(f"{given} contradicts the assumption {unparse(relation)}")
    return tuple(out)


def check_rows(relations: Iterable[Node], columns: Mapping[str, Sequence[Fraction]]) -> tuple[Node, ...]:
    """The relations that speak of more than columns; one of columns that fails in a row is refused with its row."""
    out = list[Node]()
    for relation in relations:
        names = sorted(free_names(relation))
        if not names or not set(names) <= columns.keys():
            out.append(relation)
            continue
        for row, entries in enumerate(zip(*(columns[key] for key in names), strict=True), 1):
            here = substitute(relation, {key: number(entry) for key, entry in zip(names, entries, strict=True)})
            if false(here):
                raise CallError(f"row {row} of the data contradicts the assumption {unparse(relation)}")
    return tuple(out)


def idle(relations: Iterable[Node], known: frozenset[str]) -> Node | None:
    """A relation that says nothing of the problem: no chain of relations leads from it to a known name."""
    left = list(relations)
    reached = set(known)
    while True:
        linked = [r for r in left if free_names(r) & reached or not free_names(r)]
        if not linked:
            return left[0] if left else None
        reached |= frozenset[str]().union(*(free_names(r) for r in linked))
        left = [r for r in left if r not in linked]
