"""Sums over the rows of a table, accumulated exactly as one polynomial in the unknowns without building expressions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from flint import Ordering, fmpq, fmpq_mpoly, fmpq_mpoly_ctx

from closedform.expression import Node

MAX_TERMS = 20_000
MAX_ROWS = 200_000


class NotPolynomial(ValueError):
    """The node is not a polynomial in the unknowns with rational coefficients."""


def polynomial(
    node: Node, unknowns: Sequence[str], columns: Mapping[str, Sequence[fmpq]], values: Mapping[str, int]
) -> fmpq_mpoly:
    """The node as a polynomial over Q in ``unknowns``, its sums over rows carried out.

    ``columns`` holds exact entries counted from 1, ``values`` integers for names such as the number of rows. Raises
    ``NotPolynomial`` when a function, another name or a negative power of an unknown stands in the way.

    >>> from closedform.expression import Node, name, number
    >>> x_i = Node("@", (name("x"), name("i")))
    >>> square = Node("^", (Node("+", (x_i, name("a"))), number(2)))
    >>> loss = Node("sum", (name("i"), number(1), name("n"), square))
    >>> polynomial(loss, ["a"], {"x": [fmpq(1), fmpq(2)]}, {"n": 2})
    2*a^2 + 6*a + 5
    """
    ring = fmpq_mpoly_ctx.get(tuple(unknowns), Ordering.degrevlex)
    generators = dict(zip(unknowns, ring.gens(), strict=True))
    return _Reader(ring, generators, columns).read(node, {k: fmpq(v) for k, v in values.items()})


class _Reader:
    def __init__(
        self, ring: fmpq_mpoly_ctx, generators: Mapping[str, fmpq_mpoly], columns: Mapping[str, Sequence[fmpq]]
    ) -> None:
        self.ring, self.generators, self.columns = ring, generators, columns

    def read(self, node: Node, bound: Mapping[str, fmpq]) -> fmpq_mpoly:
        out = self._value(node, bound)
        return out if isinstance(out, fmpq_mpoly) else self.ring.constant(out)

    def _value(self, node: Node, bound: Mapping[str, fmpq]) -> fmpq_mpoly | fmpq:
        """A number where no unknown occurs, which keeps the work on rows in rational numbers."""
        head = node.head
        if head == "num":
            value = node.number or Fraction(0)
            return fmpq(value.numerator, value.denominator)
        if head == "name":
            n = str(node.name)
            if n in self.generators:
                return self.generators[n]
            if n in bound:
                return bound[n]
            raise NotPolynomial(n)
        args = node.children
        if head == "@":
            index = self._integer(args[1], bound)
            column = self.columns.get(str(args[0].name))
            if column is None or not 1 <= index <= len(column):
                raise NotPolynomial(f"no entry {index}")
            return column[index - 1]
        if head == "+":
            total = self._value(args[0], bound)
            for a in args[1:]:
                total = total + self._value(a, bound)
            return total
        if head == "*":
            product = self._value(args[0], bound)
            for a in args[1:]:
                product = product * self._value(a, bound)
            return product
        if head == "^":
            base, exponent = self._value(args[0], bound), self._integer(args[1], bound)
            if exponent < 0 and (isinstance(base, fmpq_mpoly) or base == 0):
                raise NotPolynomial("a negative power")
            if abs(exponent) > 200:
                raise NotPolynomial("a large power")
            if isinstance(base, fmpq_mpoly) and len(base) > 1 and len(base) ** min(exponent, 4) > MAX_TERMS**2:
                raise NotPolynomial("too many terms")
            return base**exponent
        if head in ("sum", "prod"):
            low, high = self._integer(args[1], bound), self._integer(args[2], bound)
            if high - low > MAX_ROWS:
                raise NotPolynomial("too many rows")
            index = str(args[0].name)
            out: fmpq_mpoly | fmpq = fmpq(0) if head == "sum" else fmpq(1)
            for i in range(low, high + 1):
                term = self._value(args[3], {**bound, index: fmpq(i)})
                out = out + term if head == "sum" else out * term
                if isinstance(out, fmpq_mpoly) and len(out) > MAX_TERMS:
                    raise NotPolynomial("too many terms")
            return out
        raise NotPolynomial(head)

    def _integer(self, node: Node, bound: Mapping[str, fmpq]) -> int:
        value = self._value(node, bound)
        if isinstance(value, fmpq_mpoly) or value.q != 1:
            raise NotPolynomial("not an integer")
        return int(value.p)
