"""Relations before anything is solved: numbers put in, those that cannot hold together refused, idle ones too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction

from closedform.errors import CallError
from closedform.expression import MIRRORED, RELATIONS, Node, add, free_names, mul, number, quotient, substitute
from closedform.frozen import record
from closedform.reading.language import unparse
from closedform.reading.options import compare

_HOLDS = {
    "<": (-1,),
    "<=": (-1, 0),
    ">": (1,),
    ">=": (0, 1),
    "=": (0,),
    "!=": (-1, 1),
}


_Atom = tuple[str, bool]  # a name, or the text of an even power or absolute value, which is never negative
_Key = tuple[tuple[str, bool, Fraction], ...]  # a linear form: atoms with their coefficients, the first of them 1


@record
class _End:
    """One end of the values that a form may have: ``relation`` is the one that sets it."""

    at: Node
    open: bool
    relation: Node


def flat(relations: Iterable[Node]) -> Iterator[Node]:
    """Single comparisons: conjunctions taken apart."""
    for relation in relations:
        if relation.head == "and":
            yield from flat(relation.children)
        elif relation.head in RELATIONS:
            yield relation


def check_together(relations: Iterable[Node]) -> None:
    """Refuses relations that no values meet: of numbers alone, or bounds of one linear form by constants.

    ``x + y = 1`` and ``2*x + 2*y > 3`` bound the same form. Even powers and absolute values stand in forms like names, and
    a sum of them is not negative. Contradictions that take several forms to see are left to the solver.
    """
    low, high = dict[_Key, _End](), dict[_Key, _End]()
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
    for key, other in high.items():
        order = compare(other.at, number(0)) if all(even and c > 0 for _, even, c in key) else None
        if order == -1 or (order == 0 and other.open):
            raise CallError(
                f"{unparse(other.relation)} holds nowhere: even powers and absolute values are not negative"
            )
    for key in low.keys() & high.keys():
        one, other = low[key], high[key]
        order = compare(one.at, other.at)
        if order == 1 or (order == 0 and (one.open or other.open)):
            raise CallError(f"{unparse(one.relation)} and {unparse(other.relation)} contradict each other")


def false(relation: Node) -> bool:
    """Whether a relation of constants is seen to be false."""
    order = compare(*relation.children)
    return order is not None and order not in _HOLDS[relation.head]


def _tighter(end: _End, known: _End | None, sign: int) -> bool:
    if known is None:
        return True
    order = compare(end.at, known.at)
    return order == sign or (order == 0 and end.open and not known.open)


def _bound(relation: Node) -> tuple[_Key, str, Node] | None:
    """``c*f + d op e``, f a linear form with leading coefficient 1, as (f, op, (e - d)/c); None for other relations."""
    left, right = relation.children
    form = _linear(add(left, mul(number(-1), right)))
    if form is None or relation.head == "!=":
        return None
    terms, rest = form
    left_over = sorted((atom, even, c) for (atom, even), c in terms.items() if c != 0)
    if not left_over:
        return None
    lead = left_over[0][2]
    key = tuple((atom, even, c / lead) for atom, even, c in left_over)
    head = relation.head if lead > 0 else MIRRORED[relation.head]
    return key, head, quotient(mul(number(-1), rest), number(lead))


def _linear(node: Node) -> tuple[dict[_Atom, Fraction], Node] | None:
    """The rational coefficients of names, even powers and absolute values, and the constant that is added to them."""
    if not free_names(node):
        return {}, node
    if node.name is not None:
        return {(node.name, False): Fraction(1)}, number(0)
    exponent = node.children[-1].number if node.head == "^" else None
    if node.head == "abs" or (
        exponent is not None and exponent.denominator == 1 and exponent % 2 == 0 and exponent > 0
    ):
        return {(unparse(node), True): Fraction(1)}, number(0)
    if node.head == "+":
        terms, rest = dict[_Atom, Fraction](), list[Node]()
        for child in node.children:
            form = _linear(child)
            if form is None:
                return None
            for atom, c in form[0].items():
                terms[atom] = terms.get(atom, Fraction(0)) + c
            rest.append(form[1])
        return terms, add(*rest)
    if node.head == "*":
        scale, inner = Fraction(1), list[Node]()
        for child in node.children:
            if child.number is not None:
                scale *= child.number
            else:
                inner.append(child)
        form = _linear(inner[0]) if len(inner) == 1 else None
        return None if form is None else ({a: c * scale for a, c in form[0].items()}, mul(number(scale), form[1]))
    return None


def stated_values(relations: Iterable[Node], unknowns: frozenset[str]) -> dict[str, Node]:
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
