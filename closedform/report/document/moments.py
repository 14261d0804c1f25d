"""An expression in sums over rows, rewritten in means and centred moments: of several identities the shortest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp

from closedform.algebra import bridge
from closedform.errors import InputError
from closedform.expression import MIRRORED, Node, mul, substitute
from closedform.reading.language import parse, unparse
from closedform.reading.statistics import columns_only

LONGEST = 400  # operations in an expression that is rewritten
MOST_SUMS = 10


def shortest(value: Any) -> object:
    """The value in sums, in means, or in variances and covariances; as it is where its sums are of another kind."""
    sums = sorted(value.atoms(sp.Sum), key=str)
    totals = [columns_only(_node(s)) for s in sums]
    ends = {s.limits[0][2] for s in sums}
    if len(sums) > MOST_SUMS or len(ends) != 1 or None in totals or sp.count_ops(value) > LONGEST:
        return value
    (end,) = ends
    rows = sp.Symbol(str(end), integer=True, positive=True)
    words = _Words()
    plain, means, centred = dict[Any, Any]({end: rows}), dict[Any, Any]({end: rows}), dict[Any, Any]({end: rows})
    for s, total in zip(sums, totals, strict=True):
        assert total is not None
        (body,) = total.children
        plain[s] = words.symbol(total)
        means[s] = rows * words.symbol(Node("average", (body,)))
        centred[s] = rows * words.centred(body)
    moments = _reduced(value.xreplace(centred))
    ways = [value.xreplace(plain), _reduced(value.xreplace(means)), moments, sp.expand(moments)]
    best = min(ways, key=lambda way: _length(way, rows))
    return substitute(_positive_first(_node(best)), words.nodes())


def condition(text: str, table: Mapping[str, Any]) -> str:
    """A comparison of sums as one of their moments with zero (``var(x) > 0``); the text as it is where none is shorter.

    ``table`` has the names of the problem as SymPy's symbols. The difference of the sides is divided by positive numbers
    and powers of the number of rows only.
    """
    if "sum(" not in text.lower():
        return text
    try:
        node = parse(text)
        left, right = (bridge.to_sympy(side, table) for side in node.children)
    except (InputError, bridge.NoTranslation, ValueError):
        return text
    if node.head not in ("<", "<=", ">", ">=", "!="):
        return text
    short = shortest(left - right)
    if not isinstance(short, Node):
        return text
    factors, head = list(short.children if short.head == "*" else (short,)), node.head
    if factors[0].number is not None and factors[0].number < 0:
        head = MIRRORED[head]
    ends = {s.limits[0][2].name for s in (left - right).atoms(sp.Sum)}
    kept = [f for f in factors if f.number is None and (f.children[0] if f.head == "^" else f).name not in ends]
    shorter = f"{unparse(mul(*kept))} {head} 0"
    return shorter if len(shorter) < len(text) else text


def _positive_first(node: Node) -> Node:
    """A sum with a term that has no minus sign in front."""
    if node.head != "+":
        return node
    return Node("+", tuple(sorted(node.children, key=_is_negative)))


def _is_negative(term: Node) -> bool:
    return unparse(term).startswith("-")


class _Words:
    """Symbols that stand for statistics of the data."""

    def __init__(self) -> None:
        self.known = dict[Node, Any]()

    def symbol(self, node: Node) -> Any:
        return self.known.setdefault(node, sp.Symbol(f"statistic_{len(self.known)}", real=True))

    def centred(self, body: Node) -> Any:
        """The mean of the body; of a product of two columns by their covariance."""
        pair = _pair(body)
        if pair is None:
            return self.symbol(Node("average", (body,)))
        first, second = (self.symbol(Node("average", (column,))) for column in pair)
        moment = Node("var", pair[:1]) if pair[0] == pair[1] else Node("cov", pair)
        return self.symbol(moment) + first * second

    def nodes(self) -> dict[str, Node]:
        return {str(symbol): node for node, symbol in self.known.items()}


def _pair(body: Node) -> tuple[Node, Node] | None:
    """The two columns of which the body is the product."""
    if body.head == "^" and body.children[1].number == 2 and body.children[0].name:
        return body.children[0], body.children[0]
    if body.head == "*" and len(body.children) == 2 and all(c.name for c in body.children):
        first, second = sorted(body.children, key=lambda c: c.name or "")
        return first, second
    return None


def _reduced(value: Any) -> Any:
    """Each rational function in the value in lowest terms, from the inside out."""
    if value.is_Atom:
        return value
    value = value.func(*(_reduced(a) for a in value.args))
    if not (value.is_Add or value.is_Mul):
        return value
    above, below = sp.fraction(sp.factor_terms(sp.cancel(value)))
    return -above / sp.expand(-below) if below.is_Add and above.could_extract_minus_sign() else above / below


def _length(way: Any, rows: Any) -> tuple[int, int]:
    return int(sp.count_ops(way)) + way.has(rows), len(way.free_symbols)


def _node(value: Any) -> Node:
    return parse(bridge.text(value), (str(s) for s in value.free_symbols))
