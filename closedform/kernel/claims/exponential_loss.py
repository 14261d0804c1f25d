"""A loss with a substitution t = exp(scale*form): the statement of the claims about exponentials."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flint import fmpq

from closedform.kernel import reading
from closedform.kernel.algebra.exponentials import Field, Key
from closedform.kernel.expressions.rows import column_text
from closedform.kernel.expressions.scope import scoped
from closedform.kernel.expressions.tree import Tree, read
from closedform.kernel.reading import Json, fields, refuse

_CONSTANT = re.compile(r"log\([1-9][0-9]*\)|pi\(\)|e\(\)")


@dataclass
class ExponentialStatement:
    """The statement with the substitution of the claim, read."""

    field: Field
    loss: Tree
    unknowns: list[str]
    words: str  # the substitution
    given: str  # what the statement adds to the loss: positive unknowns, the data


def substituted(statement: dict[str, Json], claim: dict[str, Json]) -> ExponentialStatement:
    given = fields(statement, ("loss", "unknowns"), ("columns", "relations"))
    loss, unknowns = read(given["loss"]), reading.names(given["unknowns"], "unknowns")
    columns = reading.columns(given.get("columns", {}), unknowns)
    scoped(loss, set(unknowns), columns, unknowns)
    scales: dict[Key, tuple[str, fmpq]] = {}
    words = list[str]()
    for item in reading.sequence(claim["substitution"], "the substitution", 100):
        one = fields(item, ("form", "name", "scale"))
        form = tuple(sorted(reading.text(n, "a form", 200) for n in reading.sequence(one["form"], "a form", 10)))
        if form in scales:
            refuse("a form is substituted twice")
        scales[form] = (reading.name(one["name"], "a name"), reading.rational(one["scale"], "a scale"))
        words.append(f"{scales[form][0]} = exp({scales[form][1]}*{'*'.join(form)})")
    own = [reading.text(n, "a name", 200) for n in reading.sequence(claim["names"], "names", 100)]
    new = {t for t, _ in scales.values()}
    if new & {*unknowns, *columns} or any(
        n not in unknowns and not _CONSTANT.fullmatch(n) for n in (*own, *(n for form in scales for n in form))
    ):
        refuse("a generator bears a name of the problem, or a name is none of the problem's")
    field = Field(scales, own, columns)
    positive = list[str]()
    for item in reading.sequence(given.get("relations", []), "relations", 1000):
        op, x, zero = reading.sequence(item, "a relation", 3)
        if op != ">" or x not in unknowns or zero != "0":
            refuse("only unknowns that are positive are followed here")
        positive.append(str(x))
    field.positive |= {n for n in own if _CONSTANT.fullmatch(n)} | set(positive)
    parts = [f"where {x} > 0" for x in positive] + [column_text(x, c) for x, c in columns.items()]
    return ExponentialStatement(field, loss, unknowns, ", ".join(words), f" ({'; '.join(parts)})" if parts else "")
