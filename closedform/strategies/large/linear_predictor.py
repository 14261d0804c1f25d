"""Convex losses of a linear predictor over the rows of a table, read from the text: softplus, exponential and linear parts.

The rows of each part become arrays, with the ridge terms apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from closedform import expression
from closedform.expression import Node, add, mul, number
from closedform.frozen import record
from closedform.problem import Problem
from closedform.reading.data.tables import Table

Array = np.ndarray


class NotConvexFit(ValueError):
    """The loss has another shape; the message is the sentence."""


@dataclass
class _Group:
    """Rows with a common eta: ``coefficients`` by unknown, ``offset``; weights of softplus, exp and of eta itself."""

    coefficients: dict[str, Node]
    offset: Node
    softplus: list[Node] = field(default_factory=list[Node])
    exponential: list[Node] = field(default_factory=list[Node])
    linear: list[Node] = field(default_factory=list[Node])


@record
class _Model:
    index: str
    groups: tuple[_Group, ...]
    ridge: dict[str, float]


@record
class PredictorGroup:
    """One group in numbers: eta = X b + offset."""

    x: Array
    offset: Array
    softplus: Array
    exponential: Array
    linear: Array


def linear_model(problem: Problem) -> _Model:
    if problem.data is None or problem.loss is None:
        raise NotConvexFit("there is no table of data to fit")
    if problem.constraints or any(expression.free_names(r) & set(problem.unknowns) for r in problem.relations):
        raise NotConvexFit("the unknowns are bounded")
    unknowns, index = set(problem.unknowns), ""
    groups: dict[object, _Group] = {}
    ridge: dict[str, float] = {}
    for scale, term in _terms(expression.scalar_form(problem.loss)):
        if term.head == "sum":
            low, high = term.children[1].number, term.children[2].number
            full = term.children[2].name == "n" or high == problem.data.rows
            if low != 1 or not full:
                raise NotConvexFit("the sum does not run over all rows")
            index = str(term.children[0].name)
            for factor, part in _parts(term.children[3]):
                _sort_in(mul(scale, factor), part, unknowns, groups)
            continue
        ridged = term.children[0].name if term.head == "^" and term.children[1].number == 2 else None
        if ridged in unknowns and scale.number is not None and scale.number > 0:
            ridge[str(ridged)] = ridge.get(str(ridged), 0.0) + float(scale.number)
        elif expression.scalar_names(term) & unknowns:
            raise NotConvexFit("a term outside the sum over rows is not the square of an unknown")
    if not any(g.softplus or g.exponential for g in groups.values()):
        raise NotConvexFit("the loss has no log(1 + exp(eta)) or exp(eta) over rows")
    return _Model(index, tuple(groups.values()), ridge)


def _terms(node: Node) -> Iterator[tuple[Node, Node]]:
    """(number, term) of a sum outside of the rows."""
    if node.head == "+":
        for c in node.children:
            yield from _terms(c)
    elif node.head == "*":
        numbers = [c for c in node.children if c.number is not None]
        rest = [c for c in node.children if c.number is None]
        if len(rest) == 1 and rest[0].head == "+":
            for scale, t in _terms(rest[0]):
                yield mul(*numbers, scale), t
        else:
            yield mul(number(1), *numbers), mul(*rest)
    else:
        yield number(1), node


def _parts(body: Node) -> Iterator[tuple[Node, Node]]:
    """(factor, part) of a sum inside a row; the factor stands before a single other factor."""
    if body.head == "+":
        for c in body.children:
            yield from _parts(c)
    elif body.head == "*":
        cores = [c for c in body.children if c.head in ("log", "exp", "+")]
        if len(cores) == 1:
            rest = mul(number(1), *(c for c in body.children if c is not cores[0]))
            yield rest, cores[0]
        else:
            yield number(1), body
    else:
        yield number(1), body


def _sort_in(weight: Node, part: Node, unknowns: set[str], groups: dict[object, _Group]) -> None:
    inner: Node | None = None
    if part.head == "log" and part.children[0].head == "+":
        one = [c for c in part.children[0].children if c.number == 1]
        rest = [c for c in part.children[0].children if c.head == "exp"]
        if len(one) == len(rest) == 1 and len(part.children[0].children) == 2:
            inner = rest[0].children[0]
    elif part.head == "exp":
        inner = part.children[0]
    if not expression.scalar_names(mul(weight, part)) & unknowns:
        return
    if expression.scalar_names(weight) & unknowns:
        weight, part = number(1), mul(weight, part)
    eta = _affine(inner if inner is not None else part, unknowns)
    if eta is None:
        raise NotConvexFit("a term over rows is not log(1 + exp(eta)), exp(eta) or eta with eta affine in the unknowns")
    key = (frozenset(eta[0].items()), eta[1])
    group = groups.setdefault(key, _Group(*eta))
    (group.linear if inner is None else group.exponential if part.head == "exp" else group.softplus).append(weight)


def _affine(node: Node, unknowns: set[str]) -> tuple[dict[str, Node], Node] | None:
    if not expression.scalar_names(node) & unknowns:
        return {}, node
    if node.head == "name":
        return {str(node.name): number(1)}, number(0)
    if node.head == "+":
        total: dict[str, Node] = {}
        offset = number(0)
        for c in node.children:
            part = _affine(c, unknowns)
            if part is None:
                return None
            total = {
                u: add(total[u], part[0][u]) if u in total and u in part[0] else total.get(u, part[0].get(u, number(0)))
                for u in (*total, *(v for v in part[0] if v not in total))
            }
            offset = add(offset, part[1])
        return total, offset
    if node.head == "*":
        free = [c for c in node.children if expression.scalar_names(c) & unknowns]
        if len(free) != 1:
            return None
        inner = _affine(free[0], unknowns)
        rest = [c for c in node.children if c is not free[0]]
        return None if inner is None else ({u: mul(*rest, c) for u, c in inner[0].items()}, mul(*rest, inner[1]))
    return None


def rows_of(group: _Group, index: str, unknowns: Sequence[str], table: Table) -> PredictorGroup:
    wanted = sorted(
        set[str]().union(
            *(
                expression.column_names(n)
                for n in (
                    *group.coefficients.values(),
                    group.offset,
                    *group.softplus,
                    *group.exponential,
                    *group.linear,
                )
            )
        )
    )
    parts = list[tuple[Array, ...]]()
    for block in table.chunks(wanted) if wanted else iter([np.empty((table.rows, 0))]):
        columns = dict(zip(wanted, block.T, strict=True))
        size = len(block)

        def column(nodes: Sequence[Node], columns: dict[str, Array] = columns, size: int = size) -> Array:
            return sum((np.broadcast_to(_value(n, columns, index), (size,)) for n in nodes), np.zeros(size))

        x = np.column_stack([column([group.coefficients[u]] if u in group.coefficients else []) for u in unknowns])
        parts.append(
            (x, column([group.offset]), column(group.softplus), column(group.exponential), column(group.linear))
        )
    return PredictorGroup(*(np.concatenate(p) for p in zip(*parts, strict=True)))


def _value(node: Node, columns: dict[str, Array], index: str) -> Array | float:
    """A node free of unknowns on a block; products and sums of more than numbers and one column may round."""
    if node.number is not None:
        return float(node.number)
    if node.head == "@" and node.children[1].name == index:
        return columns[str(node.children[0].name)]
    values = [_value(c, columns, index) for c in node.children]
    if node.head == "+":
        return sum(values[1:], values[0])
    if node.head == "*":
        return math.prod(values[1:], start=values[0])  # type: ignore[arg-type]
    if node.head == "^" and node.children[1].number is not None:
        return values[0] ** float(node.children[1].number)
    raise NotConvexFit(f"a coefficient over rows has {node.head}, which is not read here")
