"""A problem as the kernel reads it: its loss or equations as trees, before anything is rewritten, with the columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flint import fmpq

from closedform.expression import Node, column_names, number, scalar_form, scalar_names, substitute, to_tree
from closedform.kernel.algebra.matrices import HEADS
from closedform.kernel.expressions.tree import read
from closedform.kernel.reading import Json, Refused, decimal
from closedform.problem import Problem


def columns_of(problem: Problem) -> dict[str, list[fmpq]]:
    """The exact entries of the columns that the problem's text indexes; empty without data."""
    if problem.data is None:
        return {}
    used = frozenset[str]().union(
        *(column_names(node) for node in (*_roots(problem), *problem.relations, *problem.constraints))
    )
    return {n: [fmpq(v.numerator, v.denominator) for v in problem.data.columns[n]] for n in sorted(used)}


def statement(problem: Problem) -> dict[str, Json]:
    """What a certificate about the problem itself states: the loss or the equations, the unknowns, the columns.

    The number of rows stands for the name that the sums end with.
    """
    columns = columns_of(problem)
    trees = [to_tree(scalar_form(node)) for node in _counted(problem, columns)]
    out: dict[str, Json] = {"unknowns": list[Json](problem.unknowns)}
    trees, columns = apart(trees, columns, problem.unknowns)
    out |= {"equations": trees} if problem.loss is None else {"loss": trees[0]}
    if columns:
        out["columns"] = columns_text(columns)
    return out


def columns_text(columns: Mapping[str, Sequence[fmpq]]) -> dict[str, Json]:
    """The columns as they stand in a statement."""
    return {n: [str(v) for v in column] for n, column in columns.items()}


def columns_in(statement: Mapping[str, Json]) -> dict[str, list[fmpq]]:
    """The columns of a statement, exactly."""
    given = statement.get("columns", {})
    if not isinstance(given, dict):
        raise Refused("the columns are no table")
    return {n: [decimal(v, n) for v in column] for n, column in given.items() if isinstance(column, list)}


def tree_of(problem: Problem) -> Json:
    """The tree of the loss, or ``{"equations": [...]}``; None where the kernel has no words for the problem."""
    if problem.constraints and problem.level != "matrix":
        return None
    if problem.level == "matrix":
        found = to_tree(problem.loss) if problem.loss is not None else None
        return found if found is not None and _known(found, HEADS) else None
    if problem.data is not None and not problem.data.columns:  # streamed, its entries are not kept
        return None
    stated = statement(problem)
    trees = stated.get("equations", [stated.get("loss")])
    if not isinstance(trees, list) or not all(_known(t) for t in trees):
        return None
    return {"equations": trees} if problem.loss is None else trees[0]


def _known(tree: Json, heads: Mapping[str, int] | None = None) -> bool:
    try:
        read(tree, heads=heads) if heads is not None else read(tree)
    except Refused:
        return False
    return True


def _counted(problem: Problem, columns: Mapping[str, object]) -> Iterator[Node]:
    """The loss or the equations, with the number of rows for the name that the sums end with."""
    rows = number(len(next(iter(problem.data.columns.values())))) if problem.data is not None and columns else None
    for node in _roots(problem):
        if rows is None:
            yield node
        else:
            ends = (_ends(node) | {"n"}) & (scalar_names(node) - set(problem.unknowns))
            yield substitute(node, dict.fromkeys(ends, rows))


def _roots(problem: Problem) -> tuple[Node, ...]:
    return problem.equations if problem.loss is None else (problem.loss,)


def _ends(node: Node) -> set[str]:
    own = {str(node.children[2].name)} if node.head in ("sum", "prod") else set[str]()
    return own.union(*(_ends(child) for child in node.children))


def apart(tree: Any, columns: Mapping[str, Any], unknowns: Sequence[str]) -> tuple[Any, dict[str, Any]]:
    """A kernel tree as JSON, and its columns, with names that no unknown bears (the kernel keeps them apart).

    >>> apart(["*", "x", ["@", "x", "i"]], {"x": [1]}, ["x"])
    (['*', 'x', ['@', 'x_', 'i']], {'x_': [1]})
    """
    new = dict[str, str]()
    for column in columns:
        name = column
        while name in unknowns or name in new.values():
            name += "_"
        new[column] = name

    def renamed(t: Json) -> Json:
        if not isinstance(t, list):
            return t
        if t and t[0] == "@":
            return ["@", new.get(str(t[1]), t[1]), renamed(t[2])]
        return [renamed(a) for a in t]

    return renamed(tree), {new[c]: rows for c, rows in columns.items()}
