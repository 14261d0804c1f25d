"""Operators whose meaning depends on shapes: entry by entry ``.* ./ .^``, NumPy's ``@``, and the mean of entries.

The parser leaves them as they were written. Here the shapes are known and each becomes what it means: of numbers the plain
operation, of matrices a Hadamard product, entrywise reciprocals and powers; ``@`` of two columns is their inner product.
"""

from __future__ import annotations

from collections.abc import Callable

from closedform.expression import Node, call, mul, number, power
from closedform.reading.language import Size, unparse

ONE = number(1)
SCALAR: Size = (ONE, ONE)
MAX_POWER = 8  # a whole power of entries becomes that many factors

Unify = Callable[[Node, Node], bool]


class NoMeaning(Exception):
    """The operands' shapes give the operator no meaning; the text says which and what would."""


def entrywise(head: str, a: tuple[Node, Size], b: tuple[Node, Size], unify: Unify) -> tuple[Node, Size]:
    """What ``a head b`` means for operands of these shapes, with its shape; raises ``NoMeaning``."""
    if head == "matmul":
        return _matmul(a, b, unify)
    if head == ".^":
        return _power(a, b)
    (left, s), (right, t) = a, b
    if s != SCALAR and t != SCALAR and not (unify(s[0], t[0]) and unify(s[1], t[1])):
        verb = "multiplied" if head == ".*" else "divided"
        raise NoMeaning(f"{unparse(left)} and {unparse(right)} cannot be {verb} entry by entry: their shapes differ")
    if head == "./":
        right = power(right, number(-1)) if t == SCALAR else call("recip", right)
    product = mul(left, right) if SCALAR in (s, t) else Node("hadamard", (left, right), left.at)
    return product, t if s == SCALAR else s


def mean(inner: Node, shape: Size, total: Node) -> Node:
    """The mean of the entries of ``inner``, whose sum is ``total``."""
    return inner if shape == SCALAR else mul(power(mul(*shape), number(-1)), total)


def _matmul(a: tuple[Node, Size], b: tuple[Node, Size], unify: Unify) -> tuple[Node, Size]:
    (left, s), (right, t) = a, b
    if SCALAR in (s, t):
        raise NoMeaning(
            f"{unparse(left)} @ {unparse(right)}: @ multiplies arrays, and one of these is a number; write *"
        )
    if (
        s[1] == ONE and t[0] != ONE
    ):  # a one-dimensional array on the left: v @ w, or v @ M, which is one-dimensional again
        if not unify(s[0], t[0]):
            raise NoMeaning(f"{unparse(left)} @ {unparse(right)}: the lengths differ")
        if t[1] == ONE:
            return mul(call("transpose", left), right), SCALAR
        return mul(call("transpose", right), left), (t[1], ONE)
    if not unify(s[1], t[0]):
        raise NoMeaning(f"{unparse(left)} and {unparse(right)} cannot be multiplied by @: their inner sizes differ")
    return mul(left, right), (s[0], t[1])


def _power(a: tuple[Node, Size], b: tuple[Node, Size]) -> tuple[Node, Size]:
    (base, s), (exponent, t) = a, b
    if SCALAR == s == t:
        return power(base, exponent), SCALAR
    if t != SCALAR:
        if base.head == "e" or (base.number is not None and base.number > 0):
            return call("exp", exponent if base.head == "e" else mul(call("log", base), exponent)), t
        raise NoMeaning(
            f"a power with the exponents {unparse(exponent)} needs a positive number as its base; use exp and log"
        )
    k = exponent.number
    if (
        k is None
        or (2 * k).denominator != 1
        or (k.denominator == 2 and abs(k) != number("1/2").number)
        or abs(k) > MAX_POWER
    ):
        raise NoMeaning(
            f"entries are raised to whole powers up to {MAX_POWER} and to 1/2, not to {unparse(exponent)}; use exp and log"
        )
    if k == 0:
        return Node("ones", s if s[1] != ONE else s[:1], base.at), s
    out = base if k.denominator == 1 else call("sqrt", base)
    for _ in range(abs(k.numerator) - 1 if k.denominator == 1 else 0):
        out = Node("hadamard", (out, base), base.at)
    return (out if k > 0 else call("recip", out)), s
