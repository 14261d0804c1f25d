"""What an entry of the catalogue is: a loss in the text language, in symbols and on data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Literal

from closedform.errors import CallError, InputError, option
from closedform.expression import free_names
from closedform.frozen import record
from closedform.reading.data.selection import refuse_faults, restricted, with_categories, with_classes, with_labels
from closedform.reading.data.tables import Table, listed
from closedform.reading.language import parse

Options = Mapping[str, object]
ABOUT_DATA = ("intercept", "weights")  # options that only make sense for a table
PENALTY = ("lam > 0",)


@record
class Draft:
    """A loss as text with what is declared of its names; ``problem.read`` reads it like any other text."""

    loss: str
    unknowns: tuple[str, ...]
    shapes: str = ""
    assumptions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    table: Table | None = None  # the table with the columns that the loss speaks of, where they had to be made


OnData = Callable[[Table, Options], Draft]


@record
class Entry:
    """One named loss: its text in symbols, and where data make sense a function that writes it over a table's rows.

    ``on_data(table, options)`` and ``symbolic(options)`` return a ``Draft``; the answer is never stored anywhere.
    """

    name: str
    title: str
    draft: Draft
    explanation: str
    aliases: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    on_data: OnData | None = None
    symbolic: Callable[[Options], Draft] | None = None
    family: str = ""
    uses: Literal["features", "a column"] = "features"  # what of a table
    target: Literal["a number", "a label", "a class"] = "a number"  # what words in the target column mean

    @property
    def parameters(self) -> tuple[str, ...]:
        """The free names of the text that are not unknown."""
        declared = (*self.draft.unknowns, *(part.partition("=")[0] for part in self.draft.shapes.split(";")))
        head = self.draft.loss.partition(" subject to ")[0]
        return tuple(sorted(free_names(parse(head, declared)) - set(self.draft.unknowns)))

    def draw(self, table: Table | None, options: Options) -> Draft:
        """The text of this loss for a table (or in symbols) under these options."""
        given = {key: value for key, value in options.items() if value is not None}
        for key in given:
            if key not in self.options:
                known = f"; it takes {', '.join(self.options)}" if self.options else ""
                raise CallError(f"{self.name} has no option {key}{known}")
        if table is None:
            about_data = [key for key in given if key in ABOUT_DATA or self.symbolic is None]
            if about_data and about_data[0] not in self.parameters:
                raise CallError(
                    f"{option(about_data[0])} is about a table, and there are no data; give {option('data')}"
                )
            return self.symbolic(given) if self.symbolic is not None and given else self.draft
        if self.on_data is None:
            raise CallError(f"{self.name} is a loss in symbols and takes no data")
        table = self.prepared(table, given)
        return replace(self.on_data(table, given), table=table)

    def prepared(self, table: Table, options: Options) -> Table:
        """The table with the columns that this loss uses as numbers: no cell missing, labels and categories turned."""
        if self.uses == "a column":
            table = restricted(table, [only_column(table)])
        target = [table.target] if table.target is not None and self.target != "a number" else []
        words = [*table.categories, *(key for key in target if key in table.words)]
        refuse_faults(table, words)
        table = table.completed(table.names, words)
        if target:
            table = with_labels(table) if self.target == "a label" else with_classes(table)
        return with_categories(table, flag(options, "intercept", True))


# -- writing a loss over the rows of a table ---------------------------------------------------------------------


@record
class LinearPredictor:
    """A linear predictor over the rows of a table: the names of its coefficients and its text."""

    table: Table
    index: str
    coefficients: tuple[str, ...]
    slopes: tuple[str, ...]
    predictor: str

    @property
    def response(self) -> str:
        return f"{self.table.target}[{self.index}]"

    def sum(self, body: str) -> str:
        return f"sum({self.index}, 1, {self.table.rows}, {body})"


def rows(table: Table, options: Options, need_target: bool = True) -> LinearPredictor:
    """The linear predictor of all features, the intercept first unless ``intercept=False``."""
    if need_target and table.target is None:
        raise CallError(f"which column is the target? The columns are {listed(table.names)}")
    intercept = flag(options, "intercept", True)
    constant = "intercept" if "intercept" not in table.names else "intercept_"
    features = table.features
    if not features and not intercept:
        raise InputError("there is no feature column and no intercept, so nothing to fit")
    index = free_index((*features, constant))
    terms = [constant] * intercept + [f"{key}*{key}[{index}]" for key in features]
    names = ((constant,) if intercept else ()) + features
    return LinearPredictor(table, index, names, features, " + ".join(terms))


def free_index(names: tuple[str, ...]) -> str:
    """A name for the row index that is no unknown."""
    return next(x for x in ("i", "j", "r", *(f"i{k}" for k in range(1, len(names) + 2))) if x not in names)


def only_column(table: Table) -> str:
    """The column of a loss of one variable: the target, or the only one."""
    if table.target is not None:
        return table.target
    if len(table.names) == 1:
        return table.names[0]
    raise CallError(f"which column is meant? Name it as target; the columns are {listed(table.names)}")


def flag(options: Options, key: str, default: bool) -> bool:
    value = options.get(key, default)
    if not isinstance(value, bool):
        raise CallError(f"{key} is true or false, not {value!r}")
    return value


def count(options: Options, key: str, default: int, high: int) -> int:
    value = options.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= high:
        raise CallError(f"{key} is a whole number from 1 to {high}, not {value!r}")
    return value


def check_entries(table: Table, column: str, holds: Callable[[Fraction], bool], wanted: str) -> None:
    """Refuses a column with an entry outside of what the loss allows, naming the first such row."""
    for row, value in enumerate(table.columns.get(column, ()), 1):
        if not holds(value):
            raise InputError(f"column {column}, row {row}: {value} is not {wanted}")
