"""The expression tree that the reader makes and everything else consumes.

A ``Node`` has the head of the kernel's trees (``kernel/expressions/tree.py``: "+", "*", "^", "exp", "@", "sum", ...) or one
of the heads for matrices and constraints that only stand here (``MATRIX_HEADS``). Products keep their order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from flint import fmpq, fmpz

from closedform.kernel.reading import Json

MATRIX_HEADS = frozenset(
    {
        "transpose",
        "inv",
        "tr",
        "logdet",
        "det",
        "diag",
        "eye",
        "ones",
        "zeros",
        "norm",
        "norm1",
        "nuclear",
        "rank",
        "hadamard",
        "kron",
        "khatrirao",
        "vec",
    }
)
ENTRYWISE = frozenset(
    {".*", "./", ".^", "matmul", "average"}
)  # as read; ``reading/matrices/entrywise.py`` settles what they mean
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!=", "==": "=="}  # a < b is b > a
RELATIONS = frozenset(MIRRORED) - {"=="}


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


# -- building: flat sums and products, neighbouring numbers folded, nothing else rewritten -----------------------

MAX_BITS = 200_000  # of a power of numbers that is worked out


def add(*terms: Node) -> Node:
    """The sum, flat; numbers that stand side by side are added."""
    out = list[Node]()
    for term in terms:
        for part in term.children if term.head == "+" else (term,):
            value = part.number
            last = out[-1].number if out else None
            if value is not None and last is not None:
                out[-1] = Node("num", (last + value,), out[-1].at)
            else:
                out.append(part)
    if len(out) > 1:
        out = [part for part in out if part.number != 0] or [number(0)]
    return out[0] if len(out) == 1 else Node("+", tuple(out), terms[0].at) if out else number(0)


def mul(*factors: Node) -> Node:
    """The product in its order, flat; numbers that stand side by side are multiplied, ones left out."""
    out = list[Node]()
    for factor in factors:
        for part in factor.children if factor.head == "*" else (factor,):
            value = part.number
            last = out[-1].number if out else None
            if value is not None and last is not None:
                out[-1] = Node("num", (last * value,), out[-1].at)
            else:
                out.append(part)
    if len(out) > 1:
        kept = list[Node]()
        for part in out:
            if part.number == 1:
                continue
            value, last = part.number, kept[-1].number if kept else None
            if value is not None and last is not None:
                kept[-1] = Node("num", (last * value,), kept[-1].at)
            else:
                kept.append(part)
        out = kept or [number(1)]
    return out[0] if len(out) == 1 else Node("*", tuple(out), factors[0].at) if out else number(1)


def power(base: Node, exponent: Node) -> Node:
    """The power; worked out for a rational number and an integer while it has at most ``MAX_BITS`` bits."""
    a, b = base.number, exponent.number
    if b == 1:
        return base
    inner = base.children[1].number if base.head == "^" else None
    if b == -1 and inner is not None and inner > 0:  # (u^k)^-1 is u^-k everywhere; (u^-1)^-1 is not u at zero
        return power(base.children[0], number(-inner))
    if a is not None and b is not None and b.denominator == 1 and (a != 0 or b > 0):
        size = max(a.numerator.bit_length(), a.denominator.bit_length())
        if abs(a) == 1 or a == 0 or size * abs(b.numerator) <= MAX_BITS:
            return Node("num", (a ** (b.numerator if abs(a) != 1 else b.numerator % 2),), base.at)
    return Node("^", (base, exponent), base.at)


def negate(node: Node) -> Node:
    return mul(number(-1), node)


def quotient(a: Node, b: Node) -> Node:
    return mul(a, power(b, number(-1)))


def call(head: str, *args: Node) -> Node:
    return Node(head, args)


# -- looking at and changing trees -------------------------------------------------------------------------------


def free_names(node: Node) -> frozenset[str]:
    """Every name that occurs free, those under ``@`` (columns) too; the index of a sum is bound in its body."""
    if node.head == "name":
        return frozenset((str(node.args[0]),))
    if node.head in ("sum", "prod") and len(node.args) == 4:
        index, low, high, body = node.children
        return free_names(low) | free_names(high) | (free_names(body) - {index.name or ""})
    return frozenset[str]().union(*(free_names(child) for child in node.children))


def column_names(node: Node) -> frozenset[str]:
    """The names that are indexed somewhere (``x`` in ``x[i]``)."""
    return frozenset(n.children[0].name or "" for n in nodes(node) if n.head == "@")


def scalar_names(node: Node) -> frozenset[str]:
    """The names that occur free other than as a column."""
    if node.head == "name":
        return frozenset((str(node.args[0]),))
    if node.head == "@":
        return frozenset[str]().union(*(scalar_names(child) for child in node.children[1:]))
    if node.head in ("sum", "prod") and len(node.args) == 4:
        index, low, high, body = node.children
        return scalar_names(low) | scalar_names(high) | (scalar_names(body) - {index.name or ""})
    return frozenset[str]().union(*(scalar_names(child) for child in node.children))


def nodes(node: Node) -> Iterator[Node]:
    """The node and all below it, each before its parts."""
    yield node
    for child in node.children:
        yield from nodes(child)


def heads(node: Node) -> frozenset[str]:
    return frozenset(n.head for n in nodes(node))


def rebuild(node: Node, children: tuple[Node, ...]) -> Node:
    """The node with other children, through the building functions above."""
    if node.head == "+":
        return add(*children)
    if node.head == "*":
        return mul(*children)
    if node.head == "^":
        return power(*children)
    return Node(node.head, children, node.at)


def substitute(node: Node, values: Mapping[str, Node]) -> Node:
    """The node with free names replaced; a column (``x`` in ``x[i]``) and a bound index keep their names."""
    if node.head == "name":
        return values.get(str(node.args[0]), node)
    if not node.children:
        return node
    if node.head == "@":
        column, *indices = node.children
        return Node("@", (column, *(substitute(i, values) for i in indices)), node.at)
    if node.head in ("sum", "prod") and len(node.args) == 4:
        index, low, high, body = node.children
        inner = {key: value for key, value in values.items() if key != index.name}
        ends = (substitute(low, values), substitute(high, values))
        return Node(node.head, (index, *ends, substitute(body, inner)), node.at)
    return rebuild(node, tuple(substitute(child, values) for child in node.children))


def scalar_form(node: Node) -> Node:
    """The node with every function that the kernel has no head for written out (sigmoid, softplus, relu, ...).

    >>> to_tree(scalar_form(Node("sigmoid", (name("x"),))))
    ['^', ['+', '1', ['exp', ['*', '-1', 'x']]], '-1']
    """
    children = tuple(scalar_form(child) for child in node.children)
    if node.head in ("num", "name"):
        return node
    if node.head in _WRITTEN_OUT and len(children) == 1:
        return _WRITTEN_OUT[node.head](children[0])
    if node.head in ("norm", "norm1", "nuclear") and len(children) == 1:  # of a scalar
        return Node("abs", children, node.at)
    if node.head in ("transpose", "tr", "det", "diag", "vec") and len(children) == 1:
        return children[0]
    if node.head == "logdet" and len(children) == 1:
        return Node("log", children, node.at)
    if node.head == "inv" and len(children) == 1:
        return power(children[0], number(-1))
    if node.head in ("hadamard", "kron", "matmul", ".*"):
        return mul(*children)
    if node.head == "./":
        return quotient(*children)
    if node.head == ".^":
        return power(*children)
    if node.head in ("total", "average", "recip") and len(children) == 1:
        return children[0] if node.head != "recip" else power(children[0], number(-1))
    return rebuild(node, children) if children else node


_WRITTEN_OUT: dict[str, Callable[[Node], Node]] = {
    "sigmoid": lambda u: power(add(number(1), call("exp", negate(u))), number(-1)),
    "softplus": lambda u: call("log", add(number(1), call("exp", u))),
    "relu": lambda u: call("max", number(0), u),
    "softmax": lambda _: number(1),
}


def to_tree(node: Node) -> Json:
    """The node as the kernel's JSON tree.

    >>> to_tree(Node("+", (name("x"), number("-1/2"))))
    ['+', 'x', '-1/2']
    """
    value = node.number
    if value is not None:  # through FLINT: Python refuses to print an integer of more than 4,300 digits
        return str(fmpq(value.numerator, value.denominator))
    if node.head == "name":
        return str(node.args[0])
    return [node.head, *(to_tree(a) for a in node.children)]


def from_tree(tree: Json) -> Node:
    """The node of a kernel JSON tree, as it stands; ``from_tree(to_tree(n)) == n`` for nodes of this module."""
    if isinstance(tree, str):
        if tree[:1] not in "-0123456789":
            return name(tree)
        p, _, q = tree.partition("/")
        return number(Fraction(int(fmpz(p)), int(fmpz(q or "1"))))
    if not isinstance(tree, list) or not tree:
        raise ValueError("not an expression tree")
    return Node(str(tree[0]), tuple(from_tree(a) for a in tree[1:]))
