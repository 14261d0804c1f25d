"""Derivatives of expressions, by the kernel's own rules."""

from __future__ import annotations

from collections.abc import Callable

from flint import fmpq

from closedform.kernel.expressions.tree import MINUS, ONE, TWO, ZERO, Tree, add, free_names, mul, power, quotient
from closedform.kernel.reading import refuse


def differentiate(tree: Tree, x: str) -> Tree:
    """The derivative by the scalar name ``x``; refused where none is defined here (abs, max, ... depend on the place)."""
    if not isinstance(tree, tuple):
        return ONE if tree == x else ZERO
    head, args = str(tree[0]), tree[1:]
    if head == "+":
        return add(*(differentiate(a, x) for a in args))
    if head == "*":
        return add(
            *(mul(*args[:i], d, *args[i + 1 :]) for i, a in enumerate(args) if (d := differentiate(a, x)) != ZERO)
        )
    if x not in free_names(tree):
        return ZERO
    if head == "^":
        base, exponent = args
        if x not in free_names(exponent):
            return mul(exponent, power(base, add(exponent, MINUS)), differentiate(base, x))
        return mul(
            tree,
            add(mul(differentiate(exponent, x), ("log", base)), mul(exponent, quotient(differentiate(base, x), base))),
        )
    if head == "sum":
        if x in free_names(args[1]) | free_names(args[2]):
            refuse(f"the limits of a sum depend on {x}")
        return ("sum", args[0], args[1], args[2], differentiate(args[3], x))
    if head == "besseli" and x not in free_names(args[0]):
        order, z = args
        both = add(("besseli", add(order, MINUS), z), ("besseli", add(order, ONE), z))
        return mul(fmpq(1, 2), both, differentiate(z, x))
    if head not in DERIVATIVES:
        refuse(f"the kernel has no derivative of {head}")
    return mul(DERIVATIVES[head](args[0]), differentiate(args[0], x))


DERIVATIVES: dict[str, Callable[[Tree], Tree]] = {
    "exp": lambda u: ("exp", u),
    "log": lambda u: power(u, MINUS),
    "sqrt": lambda u: mul(fmpq(1, 2), power(u, fmpq(-1, 2))),
    "sin": lambda u: ("cos", u),
    "cos": lambda u: mul(MINUS, ("sin", u)),
    "tan": lambda u: add(ONE, power(("tan", u), TWO)),
    "sinh": lambda u: ("cosh", u),
    "cosh": lambda u: ("sinh", u),
    "tanh": lambda u: add(ONE, mul(MINUS, power(("tanh", u), TWO))),
    "asin": lambda u: power(add(ONE, mul(MINUS, power(u, TWO))), fmpq(-1, 2)),
    "acos": lambda u: mul(MINUS, power(add(ONE, mul(MINUS, power(u, TWO))), fmpq(-1, 2))),
    "atan": lambda u: power(add(ONE, power(u, TWO)), MINUS),
    "gamma": lambda u: mul(("gamma", u), ("digamma", u)),
    "loggamma": lambda u: ("digamma", u),
    "digamma": lambda u: ("trigamma", u),
    "erf": lambda u: mul(TWO, power(("pi",), fmpq(-1, 2)), ("exp", mul(MINUS, power(u, TWO)))),
    "erfc": lambda u: mul(fmpq(-2), power(("pi",), fmpq(-1, 2)), ("exp", mul(MINUS, power(u, TWO)))),
}
