"""The expression tree that the reader makes and everything else consumes.

A ``Node`` has the head of the kernel's trees (``kernel/expression.py``: "+", "*", "^", "exp", "@", "sum", ...) or one
of the heads for matrices and constraints that only stand here (``MATRIX_HEADS``). Products keep their order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from closedform.kernel.reading import Json

MATRIX_HEADS = frozenset({
    "transpose", "inv", "tr", "logdet", "det", "diag", "eye", "ones", "zeros", "norm", "norm1", "nuclear", "rank",
    "hadamard", "kron", "khatrirao", "vec",
})  # fmt: skip
RELATIONS = frozenset({"=", "!=", "<", "<=", ">", ">="})


@dataclass(frozen=True, slots=True)
class Node:
    """One node: a number (head "num", one Fraction), a name (head "name", one str), or a head with child nodes.

    Subtraction is a sum with a factor -1, division a power with exponent -1. ``norm`` is the Euclidean or Frobenius
    norm; ``["@", name, index]`` an entry of a column; ``sum``/``prod`` have children (name, low, high, body);
    ``piecewise`` has children ``piece`` (expression, condition). ``at`` is the offset in the source text.
    """

    head: str
    args: tuple[Node | str | Fraction, ...]
    at: int = field(default=-1, compare=False)

    @property
    def children(self) -> tuple[Node, ...]:
        return tuple(a for a in self.args if isinstance(a, Node))

    @property
    def number(self) -> Fraction | None:
        value = self.args[0] if self.head == "num" else None
        return value if isinstance(value, Fraction) else None

    @property
    def name(self) -> str | None:
        value = self.args[0] if self.head == "name" else None
        return value if isinstance(value, str) else None


def number(value: Fraction | int | str) -> Node:
    return Node("num", (Fraction(value),))


def name(text: str) -> Node:
    return Node("name", (text,))


def to_tree(node: Node) -> Json:
    """The node as the kernel's JSON tree.

    >>> to_tree(Node("+", (name("x"), number("-1/2"))))
    ['+', 'x', '-1/2']
    """
    if node.head in ("num", "name"):
        return str(node.args[0])
    return [node.head, *(to_tree(a) for a in node.children)]
