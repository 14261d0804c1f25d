"""Least squares on a table too large for exact arithmetic: the same formula, in streamed floating point.

Recognises a sum over rows of squares of expressions affine in the unknowns, each with a weight free of unknowns, plus a
constant times a sum of squares of unknowns; reads the design off it and solves from a mergeable state
(``emit/least_squares.py``). The formula is exact, the numbers are floats: they are given with the condition number and
the digits to trust, and no radius is claimed.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction

import numpy as np

from closedform.attempt import Attempt, Formula, finding
from closedform.budget import Budget
from closedform.emit.least_squares import Array, LeastSquares, solve_blocks
from closedform.emit.linear.moments import Block
from closedform.errors import InputError
from closedform.expression import Node, column_names, free_names, number
from closedform.expression import name as name_node
from closedform.frozen import FrozenMap, record
from closedform.problem import Problem
from closedform.reading.data.tables import Table
from closedform.stationarity.large.streamed import Streamed
from closedform.stationarity.system import System
from closedform.strategies.ending import in_floating_point

name = "streamed least squares"
share = 0.95
example = {
    "loss": "sum(i, 1, n, (y[i] - a - b*x[i])^2)",
    "unknowns": ["a", "b"],
    "data": {"x": np.arange(150_000) % 17 - 8.0, "y": np.arange(150_000) % 5 - 2.0},
}
counterexample = {
    "loss": "sum(i, 1, n, log(1 + exp(b*x[i])) - y[i]*b*x[i])",
    "unknowns": ["b"],
    "data": {"x": np.arange(150_000) % 17 - 8.0, "y": np.arange(150_000) % 2 * 1.0},
}


@record
class _Design:
    """The loss as ||sqrt(weight) (offset + sum_u coefficient_u u)||^2 over rows, plus ridge ||unknowns||^2."""

    coefficients: dict[str, Node]
    offset: Node
    weight: Node
    index: str
    ridge: dict[str, float]


class _NotLeastSquares(ValueError):
    """The loss has another shape; the message is the sentence."""


def declines(system: System) -> str | None:
    """A sentence when the loss is no least squares in the unknowns, else None."""
    if not isinstance(system, Streamed):
        return "the loss was read in another way"
    try:
        _design(system.problem)
    except _NotLeastSquares as reason:
        return str(reason)
    return None


def attempt(system: Streamed, budget: Budget) -> Attempt:
    """Solve in at most four passes over the rows; "solved" by the formula, its numbers observed."""
    problem = system.problem
    if problem.data is None:
        return Attempt(name, "failed", "there is no table of data to stream")
    rows = design_rows(problem)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # rank deficiency is reported below
        fit = rows.fit(budget.check)
    values = dict(zip(rows.slopes, fit.coefficients[:, 0].tolist(), strict=True))
    if rows.constant is not None:
        values[rows.constant] = float(fit.intercept[0]) / rows.height
    return _attempt(fit, {u: values[u] for u in problem.unknowns}, fit.rank < len(rows.slopes), rows.penalised)


@record
class DesignRows:
    """A least-squares loss over a table as rows: the unknowns with a column of their own, and the intercept if any.

    ``height`` is the number that stands with the intercept in every row; ``penalty`` has one number a slope.
    """

    design: _Design
    table: Table
    slopes: tuple[str, ...]
    constant: str | None
    height: float
    penalty: Array

    @property
    def penalised(self) -> bool:
        return len(self.design.ridge) > 0

    @property
    def weighted(self) -> bool:
        """Whether the weights differ from row to row."""
        return bool(column_names(self.design.weight))

    def blocks(self, check: Callable[[], None] = lambda: None, scaled: bool = True) -> Iterator[Block]:
        """The rows in blocks; without ``scaled`` a weight that is one number for all rows is left out."""
        d = self.design
        parts = [d.coefficients.get(u, number(0)) for u in self.slopes]
        plain = [str(n.children[0].name) for n in parts if n.head == "@" and n.children[1].name == d.index]
        every = frozenset[str]().union(*(column_names(n) for n in (*parts, d.offset, d.weight)))
        direct = len(plain) == len(parts) == len(set(plain)) and every <= set(self.table.names)
        first = plain if direct else []  # columns that are the design as they stand are not copied
        used = [*first, *sorted(every - set(first))] or [
            next(k for k in self.table.names if k not in self.table.faults)
        ]
        for block in self.table.chunks(used):
            check()
            X, y, w = _block(d, [] if direct else parts, dict(zip(used, block.T, strict=True)))
            yield block[:, : len(first)] if direct else X, y, w if scaled or self.weighted else None

    def fit(
        self, check: Callable[[], None] = lambda: None, scaled: bool = True, inference: bool = False
    ) -> LeastSquares:
        """The fit, by ``solve_blocks``; penalties that differ become rows of their own."""
        one = len(set(self.penalty.tolist())) <= 1

        def blocks() -> Iterator[Block]:
            yield from self.blocks(check, scaled)
            if not one:
                yield np.diag(np.sqrt(self.penalty)), np.zeros((len(self.slopes), 1)), None

        return solve_blocks(
            blocks,
            ridge=float(self.penalty[0]) if one and len(self.penalty) else 0.0,
            intercept=self.constant is not None,
            names=self.slopes,
            inference=inference,
        )


def design_rows(problem: Problem) -> DesignRows:
    """The rows of a loss over a table; raises ``ValueError`` with a sentence when it is no such least squares."""
    design = _design(problem)
    assert problem.data is not None
    constant = _constant_unknown(design, list(problem.unknowns))

    def penalty(of: tuple[str, ...]) -> Array:
        return np.array([design.ridge.get(u, 0.0) for u in of])

    slopes = tuple(u for u in problem.unknowns if u != constant)
    if len(set(penalty(slopes).tolist())) > 1 and constant is not None:
        constant, slopes = None, tuple(problem.unknowns)
    height = 1.0 if constant is None else float(_constant(design.coefficients[constant]) or 1.0)
    return DesignRows(design, problem.data, slopes, constant, height, penalty(slopes))


def _constant_unknown(design: _Design, unknowns: list[str]) -> str | None:
    """An unknown that stands in every row with one number: an intercept, which is eliminated by centring."""
    for u in unknowns:
        if u not in design.ridge and u in design.coefficients and _constant(design.coefficients[u]):
            return u
    return None


def _attempt(fit: LeastSquares, found: dict[str, float], deficient: bool, penalised: bool) -> Attempt:
    values = {u: _decimal(v) for u, v in found.items()}
    what = "X'*X + D" if penalised else "X'*X"
    findings = [
        finding("normal equations of the rows", matrix=what, rows=fit.rows),
        finding("streamed floating point", "observed", method=fit.method, condition=fit.condition, digits=fit.digits),
    ]
    if deficient:
        relations = "; ".join(fit.dependent[:5])
        findings.append(finding("dependent columns", "observed", relations=relations))
    point = in_floating_point(
        values,
        kind="degenerate" if deficient else "global minimum",
        note=f"floating point, about {fit.digits:.0f} digits",
    )
    formula = Formula(
        FrozenMap({"a": f"inv({what})*X'*y"}),
        conditions=("X has full column rank",) if not penalised else ("X'*X + D is nonsingular",),
        convexity="convex",
        cost=FrozenMap({"flops": "2*n*k**2 + k**3/3", "memory": "k**2", "order": "O(n k^2 + k^3)"}),
    )
    return Attempt(
        name,
        "solved",
        points=(point,),
        formula=formula,
        expression_class="linear_algebra",
        minimiser="undecided" if deficient else "closed",
        findings=tuple(findings),
    )


def _decimal(value: float) -> str:
    return format(Decimal(repr(float(value))), "f") if 1e-5 < abs(value) < 1e16 or value == 0 else repr(float(value))


# -- the design, read off the tree -------------------------------------------------------------------------------


def _design(problem: Problem) -> _Design:
    if problem.data is None or problem.loss is None:
        raise _NotLeastSquares("there is no table of data to stream")
    unknowns = set(problem.unknowns)
    if problem.constraints or any(free_names(r) & unknowns for r in problem.relations):
        raise _NotLeastSquares("the unknowns are bounded")
    if unknowns & {u for u, words in problem.properties.items() if words}:
        raise _NotLeastSquares("an unknown is declared to be of a kind")
    rows: _Design | None = None
    ridge = dict[str, float]()
    for scale, term in _terms(problem.loss):
        if term.head == "sum":
            if rows is not None:
                raise _NotLeastSquares("the loss has more than one sum over rows")
            low, high = term.children[1], term.children[2]
            if low.number != 1 or not (high.name == "n" or high.number == problem.data.rows):
                raise _NotLeastSquares("the sum does not run over all rows")
            if scale < 0:
                raise _NotLeastSquares("the sum over rows has a negative factor")
            rows = _row_term(term, scale, unknowns)
        elif (penalised := _square_of_unknown(term, unknowns)) is not None and scale > 0:
            ridge[penalised] = ridge.get(penalised, 0.0) + scale
        elif _degree(term, unknowns) > 0:
            raise _NotLeastSquares("a term outside the sum over rows is not a square of an unknown")
    if rows is None:
        raise _NotLeastSquares("the loss has no sum over rows")
    for node in (*rows.coefficients.values(), rows.offset, rows.weight):
        _check_known(node, rows.index, problem.data.names)
    # A constant factor of the whole loss weighs the penalty against it.
    return _Design(rows.coefficients, rows.offset, rows.weight, rows.index, ridge)


def _check_known(node: Node, index: str, columns: tuple[str, ...]) -> None:
    """Raises where a node is no number, no column at its row, and no function of such."""
    if node.number is not None:
        return
    if node.head == "@":
        if node.children[1] != name_node(index) or node.children[0].name not in columns:
            raise _NotLeastSquares(f"the column {node.children[0].name} is not indexed by the row {index}")
        return
    if node.name is not None:
        raise _NotLeastSquares(f"{node.name} is neither a number nor a column")
    if node.head not in ("+", "*", "^", *_FUNCTIONS):
        raise _NotLeastSquares(f"{node.head} of a column is not evaluated here")
    for child in node.children:
        _check_known(child, index, columns)


def _terms(node: Node, scale: float = 1.0) -> Iterator[tuple[float, Node]]:
    """The terms of a sum with their numeric factors, products with numbers distributed."""
    if node.head == "+":
        for child in node.children:
            yield from _terms(child, scale)
    elif node.head == "*":
        numbers = [c for c in node.children if _constant(c) is not None]
        rest = [c for c in node.children if _constant(c) is None]
        for c in numbers:
            scale *= _constant(c) or 0.0
        if len(rest) == 1:
            yield from _terms(rest[0], scale)
        else:
            yield scale, Node("*", tuple(rest)) if rest else number(1)
    else:
        yield scale, node


def _constant(node: Node) -> float | None:
    if node.number is not None:
        return float(node.number)
    if node.head == "^":
        base, exponent = (_constant(c) for c in node.children)
        return None if base is None or exponent is None else base**exponent
    return None


def _square_of_unknown(node: Node, unknowns: set[str]) -> str | None:
    if node.head == "^" and node.children[1].number == 2 and node.children[0].name in unknowns:
        return node.children[0].name
    return None


def _row_term(node: Node, scale: float, unknowns: set[str]) -> _Design:
    index, body = str(node.children[0].name), node.children[3]
    factors = list(body.children) if body.head == "*" else [body]
    squares = [f for f in factors if _degree(f, unknowns) > 0]
    if len(squares) != 1 or squares[0].head != "^" or squares[0].children[1].number != 2:
        raise _NotLeastSquares("the summand is not one square of an expression in the unknowns")
    weights = [f for f in factors if f is not squares[0]]
    factored = {key: _factored(part) for key, part in _affine(squares[0].children[0], unknowns).items()}
    first = next((c for key, (c, _) in factored.items() if key), Fraction(1))
    sign = -1 if first < 0 else 1  # y - X*a has the same square as X*a - y
    parts = {key: _times(sign * c, rest) for key, (c, rest) in factored.items()}
    offset = parts.pop("", number(0))
    return _Design(parts, offset, Node("*", (number(0) if scale == 0 else _number(scale), *weights)), index, {})


def _factored(node: Node) -> tuple[Fraction, Node]:
    """The product of the numbers that stand as factors, and the rest."""
    if node.number is not None:
        return Fraction(node.number), number(1)
    if node.head != "*":
        return Fraction(1), node
    out, rest = Fraction(1), list[Node]()
    for child in node.children:
        c, part = _factored(child)
        out *= c
        if part.number != 1:
            rest.append(part)
    return out, rest[0] if len(rest) == 1 else Node("*", tuple(rest)) if rest else number(1)


def _times(factor: Fraction, rest: Node) -> Node:
    if rest.number == 1 or factor == 0:
        return number(factor)
    return rest if factor == 1 else Node("*", (number(factor), rest))


def _number(value: float) -> Node:
    return number(str(Decimal(repr(value))))


def _degree(node: Node, unknowns: set[str]) -> int:
    """0 when free of unknowns, else 1 (more is not told apart here)."""
    if node.head == "@":
        return _degree(node.children[1], unknowns)
    if node.name is not None:
        return int(node.name in unknowns)
    return max((_degree(c, unknowns) for c in node.children), default=0)


def _affine(node: Node, unknowns: set[str]) -> dict[str, Node]:
    """The coefficient of each unknown, and under "" the rest; raises when the node is not affine."""
    if _degree(node, unknowns) == 0:
        return {"": node}
    if node.name is not None:
        return {node.name: number(1)}
    if node.head == "+":
        out = dict[str, list[Node]]()
        for child in node.children:
            for key, part in _affine(child, unknowns).items():
                out.setdefault(key, []).append(part)
        return {key: parts[0] if len(parts) == 1 else Node("+", tuple(parts)) for key, parts in out.items()}
    if node.head == "*":
        varying = [c for c in node.children if _degree(c, unknowns) > 0]
        if len(varying) == 1:
            fixed = tuple(c for c in node.children if c is not varying[0])
            return {key: Node("*", (*fixed, part)) for key, part in _affine(varying[0], unknowns).items()}
    raise _NotLeastSquares("an unknown enters a residual in another way than linearly")


# -- evaluating columns ------------------------------------------------------------------------------------------

_FUNCTIONS = {
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "tanh": np.tanh,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "abs": np.abs,
}


def _block(design: _Design, parts: list[Node], rows: dict[str, Array]) -> Block:
    count = len(next(iter(rows.values())))
    X = np.empty((count, len(parts)))
    for j, part in enumerate(parts):
        X[:, j] = _evaluate(part, rows, design.index)
    y = np.broadcast_to(-_evaluate(design.offset, rows, design.index), (count,)).reshape(-1, 1)
    weight = np.asarray(_evaluate(design.weight, rows, design.index))
    if np.any(weight < 0):
        raise InputError("a weight is negative, so the loss is not convex")
    return X, y, None if weight.ndim == 0 and weight == 1 else np.broadcast_to(weight, (count,))


def _evaluate(node: Node, rows: dict[str, Array], index: str) -> Array:
    if node.number is not None:
        return np.asarray(float(node.number))
    if node.head == "@":
        column, at = node.children
        if at != name_node(index) or column.name not in rows:
            raise ValueError(f"the column {column.name} is not indexed by the row {index}")
        return rows[str(column.name)]
    values = [_evaluate(c, rows, index) for c in node.children]
    if node.head == "+":
        return sum(values[1:], values[0])
    if node.head == "*":
        product = values[0]
        for v in values[1:]:
            product = product * v
        return product
    if node.head == "^":
        return values[0] ** values[1]
    if node.head in _FUNCTIONS:
        return _FUNCTIONS[node.head](values[0])
    raise ValueError(f"{node.head} of a column cannot be evaluated here")
