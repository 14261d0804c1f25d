"""Exact numbers a + b*log(2): values of activations where the exponents are whole multiples of log(2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flint import fmpq

from closedform.kernel.expressions.tree import ONE, TWO, ZERO, Tree, as_integer
from closedform.kernel.reading import refuse

MAX_EXPONENT = 20_000
Pair = tuple[fmpq, fmpq]  # a + b*log(2)


def plain(value: Pair) -> fmpq:
    return value[0] if value[1] == 0 else refuse("a number with log(2) where a rational one is needed")


def number(tree: Tree, at: Mapping[str, Pair]) -> Pair:
    """The exact value of a tree at coordinates a + b*log(2); refused where it is no such number."""
    if isinstance(tree, fmpq):
        return tree, ZERO
    if isinstance(tree, str):
        return at[tree] if tree in at else refuse(f"no value for {tree}")
    values = [number(a, at) for a in tree[1:]]
    return _COMBINED[str(tree[0])](values) if tree[0] in _COMBINED else refuse(f"no exact value of {tree[0]}")


def _sum(values: list[Pair]) -> Pair:
    return sum((a for a, _ in values), ZERO), sum((b for _, b in values), ZERO)


def _product(values: list[Pair]) -> Pair:
    a, b = ONE, ZERO
    for c, d in values:
        if b != 0 and d != 0:
            refuse("a product of two logarithms")
        a, b = a * c, a * d + b * c
    return a, b


def _power(values: list[Pair]) -> Pair:
    base, exponent = plain(values[0]), as_integer(plain(values[1]))
    if exponent is None or abs(exponent) > MAX_EXPONENT or (exponent < 0 and base == 0):
        refuse("a power has no exact value here")
    return base**exponent, ZERO


def _exp(value: Pair) -> fmpq:
    whole = as_integer(value[1])
    if value[0] != 0 or whole is None or abs(whole) > MAX_EXPONENT:
        refuse("an exponential is no power of two")
    return TWO**whole


def _log(value: Pair) -> Pair:
    p, q = plain(value).p, plain(value).q
    whole = p.bit_length() - q.bit_length()
    return (ZERO, fmpq(int(whole))) if fmpq(p, q) == TWO ** int(whole) else refuse("a logarithm of no power of two")


def _tanh(value: Pair) -> fmpq:
    square = _exp((2 * value[0], 2 * value[1]))
    return (square - 1) / (square + 1)


_COMBINED: dict[str, Callable[[list[Pair]], Pair]] = {
    "+": _sum,
    "*": _product,
    "^": _power,
    "exp": lambda values: (_exp(values[0]), ZERO),
    "log": lambda values: _log(values[0]),
    "tanh": lambda values: (_tanh(values[0]), ZERO),
    "max": lambda values: (max(plain(v) for v in values), ZERO),
}
