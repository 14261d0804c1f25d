"""``mean(x)``, ``var(x)``, ``cov(x, y)`` and ``sum(x*y)`` of columns, written out as sums over the rows.

In these words a column stands without its index; ``var`` and ``cov`` divide by n.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from closedform.expression import (
    MATRIX_HEADS,
    Node,
    add,
    column_names,
    free_names,
    heads,
    mul,
    name,
    negate,
    number,
    power,
    quotient,
    rebuild,
    scalar_names,
)

WORDS = frozenset({"average", "var", "cov"})
ROWS = name("n")
_OF_MATRICES = MATRIX_HEADS | {"matmul", ".*", "./", ".^"}


def as_sums(nodes: Sequence[Node], table: Collection[str] | None, scalars: Collection[str]) -> tuple[Node, ...]:
    """The expressions with the statistics of columns written out; those of vectors and matrices as they are.

    Columns are the names of the ``table``, names that have an index somewhere, and, without a table, those that stand in
    these words alone and are not among ``scalars`` (the unknowns).

    >>> from closedform.reading.language import parse, unparse
    >>> [unparse(e) for e in as_sums([parse("(a - mean(x))^2")], None, ["a"])]
    ['(a - sum(i, 1, n, x[i])/n)**2']
    """
    indexed = frozenset[str]().union(*(column_names(node) for node in nodes))
    if any(heads(node) & _OF_MATRICES for node in nodes) or not (
        table or indexed or any(_speaks_of_columns(node) for node in nodes)
    ):
        return tuple(nodes)
    outside = frozenset(scalars).union(*(_outside(node) for node in nodes))
    inside = frozenset[str]().union(*(free_names(node) for node in nodes)) - outside
    columns = indexed | (inside & frozenset(table) if table is not None else inside)
    taken = frozenset[str]().union(*(free_names(node) for node in nodes))
    index = name(next(i for i in ("i", "j", "row") if i not in taken))
    return tuple(_written_out(node, columns, index) for node in nodes)


def _speaks_of_columns(node: Node) -> bool:
    """Does a word occur that matrices lack, or ``sum`` of what has no meaning for a vector?"""
    if node.head in WORDS:
        return True
    if node.head == "total" and heads(node.children[0]) <= {"name", "num", "*", "^", "+", "log", "exp"}:
        return _is_product(node.children[0])
    return any(_speaks_of_columns(child) for child in node.children)


def _is_product(node: Node) -> bool:
    return (node.head == "*" and sum(c.name is not None for c in node.children) > 1) or (
        node.head == "^" and node.children[0].name is not None
    )


def _outside(node: Node) -> frozenset[str]:
    """The names that stand outside of the words."""
    if node.head in WORDS or node.head == "total":
        return frozenset()
    if not node.children:
        return scalar_names(node)
    return frozenset[str]().union(*(_outside(child) for child in node.children)) & scalar_names(node)


def _written_out(node: Node, columns: frozenset[str], index: Node) -> Node:
    word = _MEANING.get(node.head)
    if word is not None:
        return word(index, *(_indexed(child, columns, index) for child in node.children))
    return rebuild(node, tuple(_written_out(c, columns, index) for c in node.children)) if node.children else node


def _indexed(node: Node, columns: frozenset[str], index: Node) -> Node:
    """The body of a sum: columns with their index."""
    if node.name in columns:
        return Node("@", (node, index), node.at)
    if node.head == "@" or not node.children:
        return node
    return rebuild(node, tuple(_indexed(child, columns, index) for child in node.children))


def _total(index: Node, body: Node) -> Node:
    return Node("sum", (index, number(1), ROWS, body))


def _mean(index: Node, body: Node) -> Node:
    return quotient(_total(index, body), ROWS)


def _covariance(index: Node, x: Node, y: Node) -> Node:
    return add(_mean(index, mul(x, y)), negate(mul(_mean(index, x), _mean(index, y))))


def _variance(index: Node, x: Node) -> Node:
    return add(_mean(index, power(x, number(2))), negate(power(_mean(index, x), number(2))))


_MEANING: dict[str, Callable[..., Node]] = {
    "total": _total,
    "average": _mean,
    "cov": _covariance,
    "var": _variance,
}


def columns_only(total: Node) -> Node | None:
    """``sum(x*y)`` for a sum from 1 to n of an expression in columns alone, under its index."""
    if total.head != "sum" or len(total.args) != 4:
        return None
    index, low, high, body = total.children
    alone = scalar_names(body) <= {index.name} and not scalar_names(body) & column_names(body)
    if low.number != 1 or high.name is None or not column_names(body) or not alone or _loose(body, index.name or ""):
        return None
    return Node("total", (_without(body),))


def _loose(node: Node, index: str) -> bool:
    """Does the index stand elsewhere than alone in brackets?"""
    if node.head == "@":
        return not (len(node.children) == 2 and node.children[1].name == index)
    return node.name == index or any(_loose(child, index) for child in node.children)


def _without(node: Node) -> Node:
    """The body of a sum with ``x`` for ``x[i]``."""
    if node.head == "@":
        return node.children[0]
    return Node(node.head, tuple(_without(a) if isinstance(a, Node) else a for a in node.args))
