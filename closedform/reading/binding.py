"""Which names of a problem are columns, indices, sizes, parameters and unknowns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from closedform.errors import CallError, InputError, option
from closedform.expression import Node, free_names, heads
from closedform.frozen import record
from closedform.reading.bounds import idle
from closedform.reading.data.tables import Table, listed
from closedform.reading.language import Assumption, unparse


def _past_the_end(node: Node, rows: int) -> str:
    """A column indexed past its last row by a sum with ends in numbers, or by a number; else the empty text."""
    if node.head == "@":
        place = node.children[1].number
        if place is not None and not (1 <= place <= rows and place.denominator == 1):
            return unparse(node)
    if node.head in ("sum", "prod") and len(node.args) == 4:
        index, low, high, body = node.children
        ends = (low.number, high.number)
        inside = all(end is not None and 1 <= end <= rows for end in ends)
        if not inside and None not in ends and _indexes(body, index.name or ""):
            return f"{index.name} = {unparse(low)} ... {unparse(high)}"
    return next((found for child in node.children if (found := _past_the_end(child, rows))), "")


def _indexes(node: Node, index: str) -> bool:
    return (node.head == "@" and node.children[1].name == index) or any(_indexes(c, index) for c in node.children)


def check_columns(
    table: Table | None,
    free: frozenset[str],
    indexed: frozenset[str],
    wanted: tuple[str, ...] | None,
    nodes: tuple[Node, ...],
) -> None:
    """Refuses what no table or sum can mean: an unknown column, a column without its index, an index out of nowhere."""
    loose = frozenset[str]().union(*(loose_indices(node) for node in nodes))
    lengths = frozenset[str]().union(*(ends(node) for node in nodes))  # x[n], the last of n
    for key in sorted(loose - frozenset(wanted or ()) - lengths):
        raise InputError(f"the index {key} is not bound; write sum({key}, 1, n, ...)")
    if table is None:
        for key in sorted(indexed & frozenset(wanted or ())):
            raise CallError(f"{key} is indexed like data ({key}[i]) and cannot be an unknown")
        return
    for key in sorted(indexed - frozenset(table.names)):
        raise InputError(f"there is no column {key}; the columns are {listed(table.names)}")
    for found in filter(None, (_past_the_end(node, table.rows) for node in nodes)):
        raise InputError(f"the data have {table.rows} rows, and {found} goes outside of 1 ... {table.rows}")
    for key in sorted(indexed & table.faults.keys()):
        raise InputError(table.faults[key])
    for key in wanted or ():
        if key in table.names and key not in free:
            raise CallError(f"{key} is a column of the data and cannot be an unknown")
    for key in sorted((free & frozenset(table.names)) - frozenset(wanted or ())):
        raise InputError(f"{key} is a column of the data; write {key}[i] inside sum(i, 1, n, ...)")


@record
class Declared:
    """What a call says of names beside its loss; ``known`` are the names of the loss as written, with the sizes."""

    unknowns: tuple[str, ...]
    known: frozenset[str]
    shapes: Mapping[str, tuple[Node, Node]]
    values: Mapping[str, Node]
    box: Mapping[str, object]
    start: Mapping[str, object]
    assumptions: Sequence[Assumption]
    relations: tuple[Node, ...]


def refuse_idle(declared: Declared, what: str) -> None:
    """Refuses, by its name, everything that is said of a name that ``what`` (the loss) has not."""
    among = f"{what} has the names {', '.join(sorted(declared.known)) or 'none'}"
    for given, word in ((declared.box, "a box"), (declared.start, "a start")):
        for key in given:
            if key not in declared.unknowns:
                raise CallError(f"{key} has {word}, but the unknowns are {', '.join(declared.unknowns)}")
    for key in declared.unknowns:
        if key not in declared.known:
            raise CallError(f"the unknown {key} does not occur in {what}; {among}")
    related = frozenset[str]().union(
        *(free_names(r) for a in declared.assumptions for r in a.relations if r.head != "=")
    )
    for key in declared.values:
        if key not in declared.known | related:
            raise CallError(f"{key} is given a value and does not occur; {among}")
    for key in declared.shapes:
        if key not in declared.known:
            raise CallError(f"{key} is given a shape and does not occur; {among}")
    for a in declared.assumptions:
        if a.name and a.name not in declared.known:
            raise CallError(f"the assumption {a.name} {a.property} speaks of a name that does not occur; {among}")
    useless = idle(declared.relations, declared.known)
    if useless is not None:
        raise CallError(f"the assumption {unparse(useless)} speaks of names that do not occur; {among}")


def bound_names(node: Node) -> frozenset[str]:
    """The indices of sums and products."""
    own = frozenset((node.children[0].name or "",)) if node.head in ("sum", "prod") else frozenset[str]()
    return own.union(*(bound_names(child) for child in node.children))


def loose_indices(node: Node, bound: frozenset[str] = frozenset()) -> frozenset[str]:
    """The names that index a column without being bound by a sum around it."""
    if node.head in ("sum", "prod") and len(node.args) == 4:
        index, low, high, body = node.children
        inner = bound | {index.name or ""}
        return loose_indices(low, bound) | loose_indices(high, bound) | loose_indices(body, inner)
    own = frozenset[str]()
    if node.head == "@":
        own = frozenset[str]().union(*(free_names(child) for child in node.children[1:])) - bound
    return own.union(*(loose_indices(child, bound) for child in node.children))


def choose_unknowns(
    wanted: tuple[str, ...] | None,
    free: frozenset[str],
    given: Mapping[str, object],
    bounded: frozenset[str],
    matrix: bool,
    nodes: tuple[Node, ...],
) -> tuple[str, ...]:
    """The unknowns wanted, else every free name that is no end of a sum and no size; never a guess among matrices."""
    if wanted is not None:
        return wanted
    candidates = free - frozenset[str]().union(*(ends(node) for node in nodes))
    if not candidates:
        constants = sorted(frozenset[str]().union(*(heads(node) for node in nodes)) & {"e", "pi", "I"})
        hint = "".join(f"; {c} is a constant unless it is named, as in {option('unknowns', c)}" for c in constants[:1])
        raise InputError(f"the loss has no unknowns: no name in it is free{hint}")
    if not matrix:
        return tuple(sorted(candidates))
    left = candidates - given.keys() - bounded
    if len(left) != 1 and len(candidates) > 1:
        raise CallError(
            f"which of {', '.join(sorted(candidates))} are unknown? Name them, as in "
            f"{option('unknowns', min(candidates, key=lambda name: (not name.islower(), '_' in name, name)))}"
        )
    return tuple(left or candidates)


def ends(node: Node) -> frozenset[str]:
    """The names that a sum or product runs to, or that size a matrix."""
    own = frozenset[str]()
    if node.head in ("sum", "prod") and len(node.args) == 4:
        own = free_names(node.children[1]) | free_names(node.children[2])
    elif node.head in ("eye", "ones", "zeros"):
        own = free_names(node)
    return own.union(*(ends(child) for child in node.children))


def symbolic_sum(node: Node) -> bool:
    if node.head in ("sum", "prod") and any(child.number is None for child in node.children[1:3]):
        return True
    return any(symbolic_sum(child) for child in node.children)
