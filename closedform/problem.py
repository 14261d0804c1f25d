"""What is asked, once the text has been read: nothing above this floor looks at the user's string again.

Long, because every option of a call meets the loss here.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from closedform.errors import CallError, ClosedFormError, InputError, option
from closedform.expression import (
    MATRIX_HEADS,
    RELATIONS,
    Node,
    add,
    column_names,
    free_names,
    heads,
    negate,
    number,
    scalar_form,
    scalar_names,
    substitute,
)
from closedform.frozen import FrozenMap, record
from closedform.losses import Draft, Entry, find, refuse_misspelt
from closedform.points import Sense
from closedform.reading.binding import Declared, bound_names, check_columns, choose_unknowns, refuse_idle, symbolic_sum
from closedform.reading.bounds import check_rows, check_together, put_in, stated_values
from closedform.reading.data.handed import is_many, is_mapping, is_path
from closedform.reading.data.selection import selected
from closedform.reading.data.tables import Table, listed, read_table
from closedform.reading.from_sympy import SympyReading
from closedform.reading.language import (
    Assumption,
    Reading,
    Size,
    declared_by,
    parse_assumption,
    parse_equations,
    parse_loss,
    parse_shapes,
    unparse,
)
from closedform.reading.matrices.shapes import SCALAR, is_matrix, settle
from closedform.reading.options import Box, as_float, box_of, names_of, start_of, values_of
from closedform.reading.powers import real_powers
from closedform.reading.statistics import as_sums

Level = Literal["scalar", "sum", "matrix"]


@record
class Problem:
    """A loss to minimise, or estimating equations to solve, with everything declared about its names.

    ``loss`` is None where ``equations`` (each to be zero) are given instead. ``relations`` are the assumptions and
    domain bounds as relation nodes (``p > 0``), those of the ``box`` among them; ``constraints`` what stands after "subject to". ``shapes`` gives
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
    values: FrozenMap[str, str] = FrozenMap()  # numbers that stand in the place of parameters

    def minimised(self) -> Problem:
        """The same question with the loss to be minimised: of a loss to be maximised, the negative."""
        if self.sense == "min" or self.loss is None:
            return self
        terms = self.loss.children if self.loss.head == "+" else (self.loss,)
        return replace(self, loss=add(*(negate(term) for term in terms)), sense="min")


# -- reading -----------------------------------------------------------------------------------------------------

MAX_SHOWN = 16  # entries of a matrix of the text that a note repeats
WAYS = ("features", "drop", "decimal", "missing")  # options on how a table is read


def read(
    source: object = None,
    *,
    unknowns: Iterable[object] | str | None = None,
    equations: Iterable[object] | str | None = None,
    data: object = None,
    target: str | None = None,
    shapes: str | Mapping[str, object] | None = None,
    assumptions: Iterable[str] | str = (),
    values: Mapping[str, object] | Iterable[str] | str | None = None,
    box: Mapping[str, object] | str | None = None,
    start: Mapping[str, object] | str | None = None,
    maximize: bool | None = None,
    **keywords: object,
) -> Problem:
    """The problem that a call of ``derive`` states; raises ``InputError`` or ``CallError`` with one sentence.

    ``source`` is text, a catalogue name, a SymPy expression or a ``Node``. ``values`` puts numbers in the place of
    parameters. ``features``, ``drop``, ``decimal`` and ``missing`` say how a table is read; other ``keywords`` belong
    to the catalogue entry. Unknowns default to every free name that is no column, no size and no end of a sum.

    >>> read("x**4 - x**2").unknowns
    ('x',)
    """
    wanted, shaped = names_of(unknowns), parse_shapes(shapes or {})
    entry = find(source) if isinstance(source, str) and equations is None else None
    if entry is None and isinstance(source, str):
        refuse_misspelt(source, wanted)
    numbers, given_arrays = values_of(values)
    offered = _offered(
        None if equations is not None else source,
        entry,
        data if data is not None else given_arrays or None,
        shaped,
        wanted,
    )
    table, keywords = _table(entry, data if offered is None else None, target, keywords)
    given = _Given(_assumed(assumptions, wanted), numbers)
    text: object = source
    if entry is not None:
        draft = _draw(entry, table, keywords, given)
        text, wanted, table = draft.loss, wanted or draft.unknowns, draft.table or table
        given.shapes = parse_shapes(draft.shapes)
        given.implied += _assumed(draft.assumptions, wanted)
        given.notes += draft.notes
    given.settle_values(wanted)
    given.shapes |= shaped
    boxed, started = box_of(box), start_of(start)
    declared = frozenset(wanted or ()).union(
        given.names, boxed.sides, started, table.names if table is not None else ()
    )
    foreign = SympyReading()
    reading, shown = _read_source(text, equations, declared, foreign)
    if maximize and (equations is not None or reading.sense == "min"):
        other = "there are equations and no loss" if equations is not None else "the loss says minimize"
        raise CallError(f"the maximum is asked for, and {other}; leave one out")
    given.shapes = {**foreign.shapes, **given.shapes}
    given.implied += _assumed(foreign.assumptions, tuple(declared))
    given.notes += reading.notes
    reading, offered, given.notes = _with_literals(reading, offered, table, given.notes)
    if offered is not None:  # beside arrays a number stays a symbol too, and is put in where the formula is evaluated
        offered = {**offered, **given_arrays, **{key: as_float(node) for key, node in given.values.items()}}
        given.numbers = {}
    elif given_arrays:
        raise CallError(f"{min(given_arrays)} is an array, and the loss does not use it as a matrix")
    if not given.shapes and offered is None:
        columns = table.names if table is not None else None
        with_sums = as_sums(reading.expressions, columns, frozenset(wanted or ()).union(boxed.sides, started))
        reading = replace(reading, expressions=with_sums)
    found = _Names.of(reading)
    if table is not None:
        if entry is None and not found.all & {"n", *table.names}:
            raise CallError(f"data are given (the columns {listed(table.names)}), but the text does not use them")
        table = table.completed(found.columns)
        given.notes += table.notes
        if "n" not in found.bound | frozenset(wanted or ()):
            given.numbers.setdefault("n", number(table.rows))
    nodes, constraints = (
        tuple(substitute(node, given.numbers) for node in group) for group in (reading.expressions, reading.constraints)
    )
    stated = given.stated(table)
    relations = tuple(  # an equation between matrices keeps its transposes; a scalar problem has none
        dict.fromkeys(
            r if r.head == "=" and heads(r) & MATRIX_HEADS else scalar_form(r)
            for r in (*given.implications(), *stated, *boxed.relations)
        )
    )
    check_together((*relations, *constraints))
    free = frozenset[str]().union(*(scalar_names(node) for node in (*nodes, *constraints)))
    check_columns(table, free, found.columns, wanted, nodes)
    properties = given.properties(reading)
    matrix = table is None and (offered is not None or is_matrix((*nodes, *constraints), given.shapes, properties))
    bounded = frozenset[str]().union(*(scalar_names(r) for r in relations if r not in boxed.relations))
    names = choose_unknowns(
        wanted, free - (offered or {}).keys(), given.shapes, bounded, matrix, (*nodes, *constraints)
    )

    level: Level = "scalar"
    final = FrozenMap[str, tuple[Node, Node]]()
    sizes = frozenset[str]()
    arrays = dict[str, Any]()
    if matrix:
        bound = None
        if offered is not None:
            bound = importlib.import_module("closedform.reading.matrices.arrays").bind(
                offered, nodes, constraints, names, given.shapes, properties, bounded, relations
            )
        settled = bound or settle(
            nodes, constraints, given.shapes, properties, bounded, equations is None, unknowns=names
        )
        nodes, constraints, final = settled.expressions, settled.constraints, FrozenMap(settled.shapes)
        given.notes += settled.notes
        if bound is not None:
            arrays, properties, relations = bound.arrays, bound.properties, bound.relations
            free = frozenset[str]().union(*(scalar_names(node) for node in (*nodes, *constraints)))
        sizes = frozenset[str]().union(*(free_names(part) for shape in final.values() for part in shape))
        level = "matrix" if any(shape != SCALAR for shape in final.values()) else level
    beside = Declared(names, found.all | sizes, shaped, given.values, boxed.sides, started, given.given, stated)
    refuse_idle(beside, "the loss" if equations is None else "the equations")
    _check_box(boxed, final)
    if level != "matrix":
        nodes = tuple(scalar_form(node) for node in nodes)
        constraints = tuple(scalar_form(node) for node in constraints)
        relations = tuple(scalar_form(node) for node in relations)
        level = "sum" if any(symbolic_sum(node) for node in nodes) else level
    if level == "scalar":
        asked = real_powers((*nodes, *constraints), names, relations, properties).items()
        given.notes += [f"{unparse(p)} is read where {unparse(r)}" for p, r in asked]
    parameters = free.union(*(scalar_names(r) for r in relations), found.columns if table is None else ())
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
        box=FrozenMap(boxed.sides),
        start=FrozenMap(started),
        catalogue=entry.name if entry is not None else None,
        notes=tuple(dict.fromkeys(given.notes)),
        sense="max" if maximize else reading.sense or "min",
        values=FrozenMap({key: unparse(node) for key, node in given.values.items()}),
    )


@dataclass
class _Given:
    """What is declared of names, as it is gathered: by the caller (``given``) and by the loss itself (``implied``)."""

    given: list[Assumption]
    values: dict[str, Node]  # of parameters
    implied: list[Assumption] = field(default_factory=list[Assumption])
    shapes: dict[str, Size] = field(default_factory=dict[str, Size])
    notes: list[str] = field(default_factory=list[str])
    numbers: dict[str, Node] = field(default_factory=dict[str, Node])  # the values, and the number of rows

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self.shapes).union(self.values, *(declared_by(a) for a in [*self.implied, *self.given]))

    def settle_values(self, unknowns: tuple[str, ...] | None) -> None:
        """Take ``lam = 1/10`` among the assumptions for a value, and refuse a value of an unknown."""
        unknown = frozenset(unknowns or ())
        self.values |= stated_values((r for a in self.given for r in a.relations), unknown)
        for key in self.values.keys() & unknown:
            raise CallError(f"{key} is an unknown and is given a value; leave one out")
        self.numbers = dict(self.values)

    def stated(self, table: Table | None) -> tuple[Node, ...]:
        """The relations of the caller with the numbers put in, those that the numbers or the rows decide left out."""
        left = put_in((r for a in self.given for r in a.relations), self.numbers)
        return left if table is None else check_rows(left, table.columns)

    def implications(self) -> tuple[Node, ...]:
        """The relations that come with the loss, where they still speak of a name."""
        put = (substitute(r, self.numbers) for a in self.implied for r in a.relations)
        return tuple(r for r in put if free_names(r))

    def properties(self, reading: Reading) -> dict[str, frozenset[str]]:
        out = dict[str, frozenset[str]]()
        for key, word in [*((a.name, a.property) for a in [*self.implied, *self.given] if a.name), *reading.properties]:
            out[key] = out.get(key, frozenset()) | {word}
        return out


@record
class _Names:
    """The names of a text as written: all, those that are indexed like data, and the indices of its sums."""

    all: frozenset[str]
    columns: frozenset[str]
    bound: frozenset[str]

    @staticmethod
    def of(reading: Reading) -> _Names:
        nodes = (*reading.expressions, *reading.constraints)
        return _Names(
            frozenset[str]().union(*(free_names(node) for node in nodes)),
            frozenset[str]().union(*(column_names(node) for node in nodes)),
            frozenset[str]().union(*(bound_names(node) for node in nodes)),
        )


def _table(
    entry: Entry | None, data: object, target: str | None, keywords: dict[str, object]
) -> tuple[Table | None, dict[str, object]]:
    """The table of a call, and the keywords that are left for the catalogue entry."""
    left = {key: value for key, value in keywords.items() if value is not None}
    ways: dict[str, Any] = {key: left.pop(key) for key in WAYS if key in left}
    design = left.pop("design", None)
    if left and entry is None:
        raise CallError(f"only a loss of the catalogue takes {', '.join(sorted(left))}")
    asked = [*(["target"] if target is not None else []), *(["design"] if design is not None else []), *ways]
    if data is None and design is None:
        for key in asked:
            what = f"the target {target} is a column" if key == "target" else f"{option(key)} is about a table"
            raise CallError(f"{what}, and there are no data; give {option('data')}")
        return None, left
    if design is not None and (data is not None or target is not None):
        raise CallError("a design has features and no target: give data with a target, or a design, not both")
    for key in asked if entry is None else ():
        if key in ("target", "design", "features", "drop"):
            raise CallError(f"{option(key)} is for a loss of the catalogue; a text names its columns itself")
    if entry is not None and design is not None and "lam" not in entry.options:
        raise CallError(f"{option('design')} asks about logistic regression, not about {entry.name}")
    features, drop = ways.pop("features", None), ways.pop("drop", None)
    table = read_table(data if design is None else design, target, **ways)
    return selected(table, features, drop) if features is not None or drop is not None else table, left


def _offered(
    source: object, entry: Entry | None, data: object, given: Mapping[str, object], wanted: tuple[str, ...] | None
) -> dict[str, Any] | None:
    """The arrays that a call gives for names of a matrix text; None where its data are a table, or there are none."""
    if (
        not (is_mapping(data) or is_path(data))
        or source is None
        or (is_mapping(data) and not data)
        or (is_path(data) and not str(data).endswith(".npz"))
    ):
        return None
    arrays = importlib.import_module(
        "closedform.reading.matrices.arrays"
    )  # NumPy costs 80 ms: only when there are arrays
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


def _with_literals(
    reading: Reading, offered: dict[str, Any] | None, table: Table | None, notes: list[str]
) -> tuple[Reading, dict[str, Any] | None, list[str]]:
    """Matrices of numbers that stand in the text become arrays with a name; the notes say which is which."""
    nodes = (*reading.expressions, *reading.constraints)
    if not any("literal" in heads(node) for node in nodes):
        return reading, offered, notes
    if table is not None:
        raise CallError("the text has a matrix of numbers, and the data are a table; give arrays instead of the table")
    arrays = importlib.import_module("closedform.reading.matrices.arrays")
    taken = frozenset[str]().union(offered or (), *(free_names(node) for node in nodes))
    named, found = arrays.literals(nodes, taken)
    k = len(reading.expressions)
    notes = [*notes, *(f"{key} is {array.tolist()}" for key, array in found.items() if array.size <= MAX_SHOWN)]
    return replace(reading, expressions=named[:k], constraints=named[k:]), {**(offered or {}), **found}, notes


def _draw(entry: Entry, table: Table | None, options: dict[str, object], given: _Given) -> Draft:
    """The text of a catalogue entry; an option that is called like one of its parameters is a value of that."""
    for key in options.keys() & {*entry.parameters, "lam"}:
        given.values |= values_of({key: options[key]})[0]
    options = {key: value for key, value in options.items() if key not in given.values}
    return entry.draw(
        table, {**options, **{key: True for key in given.values if key == "lam" and key in entry.options}}
    )


def _check_box(box: Box, shapes: Mapping[str, Size]) -> None:
    for key in box.sides:
        if shapes.get(key, SCALAR) != SCALAR:
            raise CallError(f"{key} is a matrix, and a box bounds numbers; state bounds by {option('assumptions')}")


def _assumed(texts: Iterable[str] | str, names: tuple[str, ...] | None) -> list[Assumption]:
    return [parse_assumption(str(t), names or ()) for t in ((texts,) if isinstance(texts, str) else texts)]


def _read_source(
    source: object, equations: object, declared: frozenset[str], foreign: SympyReading
) -> tuple[Reading, str]:
    """The reading of a loss or of equations, and the text to show for it."""
    if equations is not None:
        if source is not None:
            raise CallError("give a loss or equations, not both")
        items = list(equations) if is_many(equations) else [equations]
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
