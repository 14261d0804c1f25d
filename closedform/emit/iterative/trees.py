"""Scalar losses as trees made for floating point: stable functions recognised, kinks rounded off, differentiated.

A tree is that of ``kernel.expressions.tree``, with further heads: ``sigmoid``, ``softplus``, ``logsumexp``, ``polygamma`` (order
first), ``piecewise`` with ``piece``, ``step`` (1 where positive, else 0). Nothing here is a proof; it is what code is made of.
"""

from __future__ import annotations

from collections.abc import Callable

from flint import fmpq

from closedform.expression import Node, to_tree
from closedform.kernel.expressions.derivatives import DERIVATIVES
from closedform.kernel.expressions.tree import MINUS, ONE, TWO, ZERO, Tree, add, free_names, mul, power, quotient
from closedform.kernel.reading import Json

HALF = fmpq(1, 2)
WIDTH = "kink_width"  # the name of the width to which kinks are rounded off


class NoCode(ValueError):
    """There is no code for this expression; one sentence."""


def tree_of(node: Node) -> Tree:
    """The node as a tree in which no exponential overflows that a stable function could stand for."""
    return stable(_read(to_tree(node)))


def _read(value: Json) -> Tree:
    if isinstance(value, str):
        return fmpq(*(int(part) for part in value.split("/"))) if value[:1] in "-0123456789" else value
    assert isinstance(value, list)
    return (str(value[0]), *(_read(a) for a in value[1:]))


def stable(tree: Tree) -> Tree:
    """The tree rebuilt, with logarithms of sums of exponentials and their relatives by functions that do not overflow."""
    if not isinstance(tree, tuple):
        return tree
    head = str(tree[0])
    if head in ("sum", "prod", "@"):
        return (head, tree[1], *(stable(a) for a in tree[2:]))
    args = tuple(stable(a) for a in tree[1:])
    if head == "+":
        return _sum(args)
    if head == "*":
        return _product(args)
    if head == "^":
        return _power(args[0], args[1])
    if head == "sqrt":
        return power(args[0], HALF)
    if head == "log":
        return _log(args[0])
    if head == "relu":
        return ("max", ZERO, args[0])
    if head == "digamma":
        return ("polygamma", ZERO, args[0])
    if head == "trigamma":
        return ("polygamma", ONE, args[0])
    if head == "recip":
        return power(args[0], MINUS)
    if head == "norm":
        return ("abs", args[0])
    return (head, *args)


def _sum(terms: tuple[Tree, ...]) -> Tree:
    """1 - sigmoid(z) is sigmoid(-z); c + c*erf(z) is c*erfc(-z)."""
    whole = add(*terms)
    if not isinstance(whole, tuple) or whole[0] != "+" or len(whole) != 3:
        return whole
    constant, rest = whole[2], whole[1]
    if isinstance(constant, fmpq):
        coefficient, inner = _scaled(rest)
        if inner is not None and inner[0] == "sigmoid" and coefficient == -constant:
            return mul(constant, ("sigmoid", mul(MINUS, inner[1])))
        if inner is not None and inner[0] == "erf" and coefficient in (constant, -constant):
            return mul(constant, ("erfc", inner[1] if coefficient == -constant else mul(MINUS, inner[1])))
    return whole


def _scaled(tree: Tree) -> tuple[fmpq, tuple[Tree, ...] | None]:
    """A number times a function, taken apart."""
    if isinstance(tree, tuple) and tree[0] == "*" and len(tree) == 3 and isinstance(tree[1], fmpq):
        inner = tree[2]
        return tree[1], inner if isinstance(inner, tuple) else None
    return ONE, tree if isinstance(tree, tuple) else None


def _product(factors: tuple[Tree, ...]) -> Tree:
    """exp(z)*sigmoid(-z) is sigmoid(z)."""
    whole = mul(*factors)
    if not isinstance(whole, tuple) or whole[0] != "*":
        return whole
    rest = list(whole[1:])
    for e in [f for f in rest if isinstance(f, tuple) and f[0] == "exp"]:
        twin = ("sigmoid", mul(MINUS, e[1]))
        if twin in rest and e in rest:
            rest.remove(e)
            rest[rest.index(twin)] = ("sigmoid", e[1])
    return mul(*rest)


def _power(base: Tree, exponent: Tree) -> Tree:
    """1/(1 + exp(z)) is sigmoid(-z); a power of a power of whole numbers is one."""
    z = _one_plus_exp(base)
    if z is not None and exponent == MINUS:
        return ("sigmoid", mul(MINUS, z))
    if z is not None and isinstance(exponent, fmpq) and exponent.q == 1 and exponent < 0:
        return power(("sigmoid", mul(MINUS, z)), -exponent)
    if isinstance(base, fmpq) and isinstance(exponent, fmpq) and exponent.q == 1 and (base != 0 or exponent > 0):
        return base ** int(exponent.p)
    return power(base, exponent)


def _one_plus_exp(tree: Tree) -> Tree | None:
    """z of 1 + exp(z)."""
    if isinstance(tree, tuple) and tree[0] == "+" and len(tree) == 3 and tree[2] == ONE:
        inner = tree[1]
        return inner[1] if isinstance(inner, tuple) and inner[0] == "exp" else None
    return None


def _log(inner: Tree) -> Tree:
    if isinstance(inner, tuple) and inner[0] == "sigmoid":
        return mul(MINUS, ("softplus", mul(MINUS, inner[1])))
    if isinstance(inner, tuple) and inner[0] == "exp":
        return inner[1]
    z = _one_plus_exp(inner)
    if z is not None:
        return ("softplus", z)
    if isinstance(inner, tuple) and inner[0] == "+":
        exponents = [_exponent(t) for t in inner[1:]]
        known = [e for e in exponents if e is not None]
        if len(known) == len(exponents) and any(not isinstance(e, fmpq) for e in known):
            return ("logsumexp", *known)
    return ("log", inner)


def _exponent(term: Tree) -> Tree | None:
    """z of exp(z), also times a positive number, or the logarithm of one."""
    if isinstance(term, fmpq):
        return (ZERO if term == 1 else ("log", term)) if term > 0 else None
    coefficient, inner = _scaled(term)
    if inner is None or inner[0] != "exp" or coefficient <= 0:
        return None
    return inner[1] if coefficient == 1 else add(inner[1], ("log", coefficient))


# -- kinks -------------------------------------------------------------------------------------------------------------


def kinked(tree: Tree) -> bool:
    return isinstance(tree, tuple) and (tree[0] in ("abs", "max", "min", "sign") or any(kinked(a) for a in tree[1:]))


def rounded(tree: Tree) -> Tree:
    """|z| as sqrt(z^2 + width^2), maxima and minima by it: smooth, and within a width of the tree."""
    if not isinstance(tree, tuple):
        return tree
    args = tuple(rounded(a) for a in tree[1:])
    head = str(tree[0])
    if head == "abs":
        return _soft(args[0])
    if head in ("max", "min"):
        sign = ONE if head == "max" else MINUS
        out = args[0]
        for b in args[1:]:
            out = mul(HALF, add(out, b, mul(sign, _soft(add(out, mul(MINUS, b))))))
        return out
    if head == "sign":
        return quotient(args[0], _soft(args[0]))
    return add(*args) if head == "+" else mul(*args) if head == "*" else (head, *args)


def _soft(z: Tree) -> Tree:
    return power(add(power(z, TWO), power(WIDTH, TWO)), HALF)


# -- derivatives -------------------------------------------------------------------------------------------------------


def derivative(tree: Tree, x: str) -> Tree:
    """The derivative by the name x; at kinks the one that holds beside them. Raises ``NoCode``."""
    if isinstance(tree, fmpq | str):
        return ONE if tree == x else ZERO
    if x not in free_names(tree):
        return ZERO
    head, args = str(tree[0]), tree[1:]
    if head == "+":
        return add(*(derivative(a, x) for a in args))
    if head == "*":
        return add(*(mul(*args[:i], derivative(a, x), *args[i + 1 :]) for i, a in enumerate(args)))
    if head == "^":
        return _of_power(args[0], args[1], x)
    if head in ("sum", "prod", "@"):
        return _of_rows(tree, x)
    if head in ("max", "min"):
        return _of_extreme(head, args, x)
    if head == "logsumexp":
        return add(*(mul(("exp", add(z, mul(MINUS, tree))), derivative(z, x)) for z in args))
    if head == "piecewise":
        pieces = [(str(p[0]), derivative(p[1], x), p[2]) for p in args if isinstance(p, tuple)]
        return ("piecewise", *pieces)
    if head in ("polygamma", "besseli") and x not in free_names(args[0]):
        order, z = args
        if head == "polygamma":
            return mul(("polygamma", add(order, ONE), z), derivative(z, x))
        both = add(("besseli", add(order, MINUS), z), ("besseli", add(order, ONE), z))
        return mul(HALF, both, derivative(z, x))
    if head not in _DERIVATIVES or len(args) != 1:
        raise NoCode(f"{head} has no derivative in code")
    return mul(_DERIVATIVES[head](args[0]), derivative(args[0], x))


def _of_power(base: Tree, exponent: Tree, x: str) -> Tree:
    if x not in free_names(exponent):
        return mul(exponent, power(base, add(exponent, MINUS)), derivative(base, x))
    inner = mul(derivative(exponent, x), ("log", base))
    return mul(power(base, exponent), add(inner, mul(exponent, quotient(derivative(base, x), base))))


def _of_rows(tree: Tree, x: str) -> Tree:
    assert isinstance(tree, tuple)
    if tree[0] == "@" or x in free_names(tree[2]) | free_names(tree[3]):
        raise NoCode(f"a place in a column, or the end of a sum, depends on {x}")
    inner = derivative(tree[4], x)
    if tree[0] == "sum":
        return ("sum", *tree[1:4], inner)
    return mul(tree, ("sum", *tree[1:4], quotient(inner, tree[4])))


def _of_extreme(head: str, args: tuple[Tree, ...], x: str) -> Tree:
    first, rest = args[0], args[1:]
    if not rest:
        return derivative(first, x)
    other: Tree = rest[0] if len(rest) == 1 else (head, *rest)
    gap = add(first, mul(MINUS, other)) if head == "max" else add(other, mul(MINUS, first))
    return add(
        mul(("step", gap), derivative(first, x)),
        mul(("step", mul(MINUS, gap)), derivative(other, x)),
    )


_DERIVATIVES: dict[str, Callable[[Tree], Tree]] = {
    **DERIVATIVES,
    "sigmoid": lambda u: mul(("sigmoid", u), ("sigmoid", mul(MINUS, u))),
    "softplus": lambda u: ("sigmoid", u),
    "abs": lambda u: ("sign", u),
    "sign": lambda _: ZERO,
    "step": lambda _: ZERO,
    "gamma": lambda u: mul(("gamma", u), ("polygamma", ZERO, u)),
    "loggamma": lambda u: ("polygamma", ZERO, u),
    "lambertw": lambda u: quotient(("lambertw", u), mul(u, add(ONE, ("lambertw", u)))),
}
