"""What is asked, once the text has been read: nothing above this floor looks at the user's string again.

Long, because every option of a call meets the loss here.
"""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Literal

from closedform.errors import CallError, ClosedFormError, InputError
from closedform.expression import (
    RELATIONS,
    Node,
    add,
    column_names,
    free_names,
    negate,
    number,
    scalar_form,
    scalar_names,
    substitute,
)
from closedform.frozen import FrozenMap
from closedform.losses import Entry, find
from closedform.points import Sense
from closedform.reading.from_sympy import SympyReading
from closedform.reading.language import (
    Assumption,
    Reading,
    declared_by,
    parse,
    parse_assumption,
    parse_equations,
    parse_loss,
    parse_shapes,
    unparse,
)
from closedform.reading.shapes import SCALAR, is_matrix, settle
from closedform.reading.tables import Table, listed, read_table

Level = Literal["scalar", "sum", "matrix"]


@dataclass(frozen=True)
class Problem:
    """A loss to minimise, or estimating equations to solve, with everything declared about its names.

    ``loss`` is None where ``equations`` (each to be zero) are given instead. ``relations`` are the assumptions and
    domain bounds as relation nodes (``p > 0``); ``constraints`` what stands after "subject to". ``shapes`` gives
    (rows, columns) of each matrix or vector as nodes in size symbols; ``properties`` words such as "spd" or
    "integer". ``data`` is the table behind indexed names (``x[i]``), with ``n`` rows; ``arrays`` are the numbers of
    names of a matrix text, which the derivation leaves symbols. ``level`` is "matrix" when a name has a shape, "sum"
    when a sum runs to a symbol that has no value, else "scalar".
    """

    source: str
    loss: Node | None  # as the user wrote it, whatever the sense
    unknowns: tuple[str, ...]
    parameters: tuple[str, ...] = ()
    equations: tuple[Node, ...] = ()
    relations: tuple[Node, ...] = ()
    constraints: tuple[Node, ...] = ()
    properties: FrozenMap[str, frozenset[str]] = FrozenMap()
    shapes: FrozenMap[str, tuple[Node, Node]] = FrozenMap()
    data: Table | None = None
    arrays: FrozenMap[str, Any] = field(default=FrozenMap(), compare=False)
    level: Level = "scalar"
    box: FrozenMap[str, tuple[str, str]] = FrozenMap()
    start: FrozenMap[str, str] = FrozenMap()
    catalogue: str | None = None  # the catalogue entry it came from; for the story told, never for the answer
    notes: tuple[str, ...] = ()
    sense: Sense = "min"

    def minimised(self) -> Problem:
        """The same question with the loss to be minimised: of a loss to be maximised, the negative."""
        if self.sense == "min" or self.loss is None:
            return self
        terms = self.loss.children if self.loss.head == "+" else (self.loss,)
        return replace(self, loss=add(*(negate(term) for term in terms)), sense="min")


# -- reading -----------------------------------------------------------------------------------------------------


def read(
    source: object = None,
    *,
    unknowns: Iterable[object] | str | None = None,
    equations: Iterable[object] | str | None = None,
    data: object = None,
    target: str | None = None,
    shapes: str | Mapping[str, object] | None = None,
    assumptions: Iterable[str] | str = (),
    box: Mapping[str, object] | str | None = None,
    start: Mapping[str, object] | str | None = None,
    maximize: bool | None = None,
    **keywords: object,
) -> Problem:
    """The problem that a call of ``derive`` states; raises ``InputError`` or ``CallError`` with one sentence.

    ``source`` is text, a catalogue name, a SymPy expression or a ``Node``; ``keywords`` belong to the catalogue entry.
    Unknowns default to every free name that is no column, no size and no end of a sum.

    >>> read("x**4 - x**2").unknowns
    ('x',)
    """
    keywords = {key: value for key, value in keywords.items() if value is not None}
    design = keywords.pop("design", None)
    if target is not None and data is None and design is None:
        raise CallError(f"the target {target} is a column, and there are no data; give data=")
    if design is not None:
        if data is not None or target is not None:
            raise CallError("a design has features and no target: give data with a target, or a design, not both")
        data = design
    entry = find(source) if isinstance(source, str) and equations is None else None
    wanted = _names_of(unknowns)
    given = parse_shapes(shapes or {})
    values = _pairs_of_values(keywords.pop("values", None))
    offered = _offered(
        source if equations is None else None, entry, data if data is not None else values, given, wanted
    )
    if offered is not None:
        offered = {**offered, **values}
    elif values:
        keywords.update({key: str(value) for key, value in values.items()})
    table = read_table(data, target) if data is not None and offered is None else None
    said = _assumed(assumptions, wanted)
    notes = list[str](table.notes if table is not None else ())
    text = source
    if entry is not None:
        draft = entry.draw(table, keywords)
        text, wanted = draft.loss, wanted or draft.unknowns
        given = {**parse_shapes(draft.shapes), **given}
        said = [*_assumed(draft.assumptions, wanted), *said]
        notes += draft.notes
    elif keywords:
        raise CallError(f"only a loss of the catalogue takes {', '.join(sorted(keywords))}")
    boxed, started = _box(box), _start(start)
    columns = frozenset(table.names) if table is not None else frozenset(offered or ())
    declared = frozenset(wanted or ()).union(given, boxed, started, columns, *(declared_by(a) for a in said))
    foreign = SympyReading()
    reading, shown = _read_source(text, equations, declared, foreign)
    if maximize and (equations is not None or reading.sense == "min"):
        other = "there are equations and no loss" if equations is not None else "the loss says minimize"
        raise CallError(f"maximize is asked for, and {other}; leave one out")
    given = {**foreign.shapes, **given}
    said += _assumed(foreign.assumptions, tuple(declared))
    notes += reading.notes
    relations = tuple(scalar_form(r) for a in said for r in a.relations)
    _check_bounds(relations)
    properties = dict[str, frozenset[str]]()
    for key, word in [*((a.name, a.property) for a in said if a.name), *reading.properties]:
        properties[key] = properties.get(key, frozenset()) | {word}

    nodes, constraints = reading.expressions, reading.constraints
    if table is not None and entry is None and not any(free_names(n) & {"n", *table.names} for n in nodes):
        what = "the loss" if equations is None else "the equations"
        raise CallError(f"data are given (the columns {listed(table.names)}), but {what} does not use them")
    if table is not None and "n" not in (wanted or ()):
        nodes = tuple(substitute(node, {"n": number(table.rows)}) for node in nodes)
        constraints = tuple(substitute(node, {"n": number(table.rows)}) for node in constraints)
    free = frozenset[str]().union(*(scalar_names(node) for node in (*nodes, *constraints)))
    indexed = frozenset[str]().union(*(column_names(node) for node in (*nodes, *constraints)))
    _check_columns(table, free, indexed, wanted, nodes)
    matrix = table is None and (offered is not None or is_matrix((*nodes, *constraints), given, properties))
    bounded = frozenset[str]().union(*(scalar_names(r) for r in relations))
    names = _unknowns(wanted, free, given, bounded, matrix, (*nodes, *constraints))
    for key in [*boxed, *started]:
        if key not in names:
            raise CallError(f"{key} has a box or a start, but the unknowns are {', '.join(names)}")
    for key in names:
        if key not in free:
            what = "the loss" if equations is None else "the equations"
            raise CallError(
                f"the unknown {key} does not occur in {what}, whose names are "
                f"{', '.join(sorted(free | indexed)) or 'none'}"
            )

    level: Level = "scalar"
    final = FrozenMap[str, tuple[Node, Node]]()
    sizes = frozenset[str]()
    arrays = dict[str, Any]()
    if matrix:
        bound = None
        if offered is not None:
            bound = importlib.import_module("closedform.reading.arrays").bind(
                offered, nodes, constraints, names, given, properties, bounded, relations
            )
        settled = bound or settle(nodes, constraints, given, properties, bounded, equations is None)
        nodes, constraints, final = settled.expressions, settled.constraints, FrozenMap(settled.shapes)
        notes += settled.notes
        if bound is not None:
            arrays, properties, relations = bound.arrays, bound.properties, bound.relations
        sizes = frozenset().union(*(free_names(part) for shape in final.values() for part in shape))
        level = "matrix" if any(shape != SCALAR for shape in final.values()) else level
    if level != "matrix":
        nodes = tuple(scalar_form(node) for node in nodes)
        constraints = tuple(scalar_form(node) for node in constraints)
        level = "sum" if any(_symbolic_sum(node) for node in nodes) else level
    free = frozenset[str]().union(*(scalar_names(node) for node in (*nodes, *constraints))) if arrays else free
    parameters = free.union(*(scalar_names(r) for r in relations), indexed if table is None else ())
    return Problem(
        source=shown if entry is None else str(source).strip(),
        loss=nodes[0] if equations is None else None,
        unknowns=names,
        parameters=tuple(sorted(parameters - frozenset(names) - (sizes - final.keys()))),
        equations=() if equations is None else nodes,
        relations=relations,
        constraints=constraints,
        properties=FrozenMap(properties),
        shapes=final,
        data=table,
        arrays=FrozenMap(arrays),
        level=level,
        box=FrozenMap(boxed),
        start=FrozenMap(started),
        catalogue=entry.name if entry is not None else None,
        notes=tuple(dict.fromkeys(notes)),
        sense="max" if maximize else reading.sense or "min",
    )


def _pairs_of_values(value: object) -> dict[str, Any]:
    """What is given in the place of parameters, as text, numbers or arrays."""
    if isinstance(value, Mapping):
        return {str(key): entry for key, entry in value.items()}
    return dict(_pairs(value, "a value", "lam=0.1")) if isinstance(value, str) else {}


def _offered(
    source: object, entry: Entry | None, data: object, given: Mapping[str, object], wanted: tuple[str, ...] | None
) -> dict[str, Any] | None:
    """The arrays that a call gives for names of a matrix text; None where its data are a table, or there are none."""
    if (
        not isinstance(data, Mapping | str | os.PathLike)
        or source is None
        or (isinstance(data, (str, os.PathLike)) and not str(data).endswith(".npz"))
    ):
        return None
    arrays = importlib.import_module("closedform.reading.arrays")  # NumPy costs 80 ms: only when there are arrays
    offered = arrays.candidates(data)
    if not offered:
        return None
    if entry is not None:
        known = parse_shapes(entry.draft.shapes).keys() - frozenset(entry.draft.unknowns)
        if entry.on_data is None:
            return offered if known else None
        return offered if offered.keys() <= known and not offered.keys() <= {"X", "y"} else None
    foreign = SympyReading()
    try:
        reading, _ = _read_source(source, None, frozenset(wanted or ()).union(given, offered), foreign)
    except ClosedFormError:
        return None  # the reading proper says what is wrong
    shaped = bool(given or foreign.shapes)
    return offered if arrays.meant(offered, (*reading.expressions, *reading.constraints), shaped) else None


def _names_of(value: Iterable[object] | str | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    parts = value.split(",") if isinstance(value, str) else [str(part) for part in value]
    out = tuple(part.strip() for part in parts if part.strip())
    for part in out:
        if not part.isidentifier() or part.startswith("_"):
            raise CallError(f"{part[:60]!r} is not a name that can be an unknown")
    if len(set(out)) != len(out):
        raise CallError(f"an unknown is named twice in {', '.join(out)}")
    return out or None


def _assumed(texts: Iterable[str] | str, names: tuple[str, ...] | None) -> list[Assumption]:
    return [parse_assumption(str(t), names or ()) for t in ((texts,) if isinstance(texts, str) else texts)]


def _pairs(value: Mapping[str, object] | str | None, what: str, form: str) -> dict[str, str]:
    if value is None:
        return {}
    if isinstance(value, str):
        parts = [part.partition("=") for part in re.split(r"[,;]", value) if part.strip()]
        if any(not equal for _, equal, _ in parts):
            raise CallError(f"{what} must look like {form}, not {value[:60]}")
        return {key.strip(): text.strip() for key, _, text in parts}
    out = dict[str, str]()
    for key, entry in value.items():
        out[str(key)] = ":".join(str(x) for x in entry) if isinstance(entry, (tuple, list)) else str(entry)
    return out


def _constant_text(text: str, what: str) -> str:
    cleaned = text.strip()
    if cleaned in ("oo", "inf", "+oo", "+inf", "-oo", "-inf"):
        return "-oo" if cleaned[0] == "-" else "oo"
    if free_names(parse(cleaned)):
        raise CallError(f"{what}: {cleaned[:60]} is not a number")
    return unparse(parse(cleaned))


def _box(value: Mapping[str, object] | str | None) -> dict[str, tuple[str, str]]:
    out = dict[str, tuple[str, str]]()
    for key, text in _pairs(value, "a box", "w=-10:10").items():
        low, colon, high = text.partition(":")
        if not colon:
            raise CallError(f"a box must look like w=-10:10, not {key}={text[:60]}")
        out[key] = (_constant_text(low, f"the box of {key}"), _constant_text(high, f"the box of {key}"))
    return out


def _start(value: Mapping[str, object] | str | None) -> dict[str, str]:
    return {
        key: _constant_text(text, f"the start of {key}") for key, text in _pairs(value, "a start", "w=1,b=0").items()
    }


def _read_source(
    source: object, equations: object, declared: frozenset[str], foreign: SympyReading
) -> tuple[Reading, str]:
    """The reading of a loss or of equations, and the text to show for it."""
    if equations is not None:
        if source is not None:
            raise CallError("give a loss or equations, not both")
        items = [equations] if isinstance(equations, str) or not isinstance(equations, Iterable) else list(equations)
        if not items:
            raise InputError("there are no equations")
        readings = [
            parse_equations(item, declared) if isinstance(item, str) else Reading((_zero(foreign.node(item)),))
            for item in items
        ]
        nodes = tuple(node for reading in readings for node in reading.expressions)
        if not nodes:
            raise InputError("there are no equations")
        return Reading(nodes, notes=tuple(note for r in readings for note in r.notes)), "; ".join(map(str, items))
    if source is None:
        raise CallError("there is nothing to derive: give a loss or equations")
    if isinstance(source, str):
        if not source.strip():
            raise InputError("the loss is empty; write an expression such as x**4 - x**2, or a name of the catalogue")
        return parse_loss(source, declared), source.strip()
    if isinstance(source, Node):
        return Reading((source,)), unparse(source)
    if isinstance(source, (int, float)):
        return parse_loss(str(source), declared), str(source)
    node = foreign.node(source)
    if node.head in RELATIONS:
        raise InputError("a loss is a number, and this is a comparison; give equations=")
    return Reading((node,)), unparse(node)


def _zero(node: Node) -> Node:
    return add(node.children[0], negate(node.children[1])) if node.head == "=" else node


def _check_bounds(relations: tuple[Node, ...]) -> None:
    """Refuses bounds by numbers that no value of a name can meet."""
    low, high = dict[str, tuple[Fraction, bool, Node]](), dict[str, tuple[Fraction, bool, Node]]()
    for relation in relations:
        left, right = relation.children
        if left.number is not None and right.name is not None:
            left, right, head = right, left, _MIRRORED.get(relation.head, relation.head)
        else:
            head = relation.head
        key, bound = left.name, right.number
        if key is None or bound is None or head not in ("<", "<=", ">", ">=", "="):
            continue
        open_end = head in ("<", ">")
        if head in (">", ">=", "=") and (key not in low or (bound, open_end) > low[key][:2]):
            low[key] = (bound, open_end, relation)
        if head in ("<", "<=", "=") and (key not in high or (bound, not open_end) < (high[key][0], not high[key][1])):
            high[key] = (bound, open_end, relation)
    for key in low.keys() & high.keys():
        (a, a_open, one), (b, b_open, other) = low[key], high[key]
        if a > b or (a == b and (a_open or b_open)):
            raise CallError(f"the assumptions {unparse(one)} and {unparse(other)} contradict each other")


_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


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


def _check_columns(
    table: Table | None,
    free: frozenset[str],
    indexed: frozenset[str],
    wanted: tuple[str, ...] | None,
    nodes: tuple[Node, ...],
) -> None:
    """Refuses what no table or sum can mean: an unknown column, a column without its index, an index out of nowhere."""
    loose = frozenset[str]().union(*(_loose_indices(node) for node in nodes))
    for key in sorted(loose - frozenset(wanted or ())):
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


def _loose_indices(node: Node, bound: frozenset[str] = frozenset()) -> frozenset[str]:
    """The names that index a column without being bound by a sum around it."""
    if node.head in ("sum", "prod") and len(node.args) == 4:
        index, low, high, body = node.children
        inner = bound | {index.name or ""}
        return _loose_indices(low, bound) | _loose_indices(high, bound) | _loose_indices(body, inner)
    own = frozenset[str]()
    if node.head == "@":
        own = frozenset[str]().union(*(free_names(child) for child in node.children[1:])) - bound
    return own.union(*(_loose_indices(child, bound) for child in node.children))


def _unknowns(
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
    candidates = free - frozenset[str]().union(*(_ends(node) for node in nodes))
    if not candidates:
        raise InputError("the loss has no unknowns: no name in it is free")
    if not matrix:
        return tuple(sorted(candidates))
    left = candidates - given.keys() - bounded
    if len(left) != 1 and len(candidates) > 1:
        raise CallError(f"which of {', '.join(sorted(candidates))} are unknown? Name them, as in unknowns=a")
    return tuple(left or candidates)


def _ends(node: Node) -> frozenset[str]:
    """The names that a sum or product runs to, or that size a matrix."""
    own = frozenset[str]()
    if node.head in ("sum", "prod") and len(node.args) == 4:
        own = free_names(node.children[1]) | free_names(node.children[2])
    elif node.head in ("eye", "ones", "zeros"):
        own = free_names(node)
    return own.union(*(_ends(child) for child in node.children))


def _symbolic_sum(node: Node) -> bool:
    if node.head in ("sum", "prod") and any(child.number is None for child in node.children[1:3]):
        return True
    return any(_symbolic_sum(child) for child in node.children)
