"""Expressions as the kernel sees them: read from JSON and differentiated; where they are defined.

A tree is a rational number (``fmpq``), a name (``str``), or a tuple ``(head, argument, ...)``. In JSON the same is
a number as text (``"-3/4"``), a name (``"x"``), or a list ``["+", "x", ["exp", "y"]]``. The heads are those of
``ARITY``; ``["@", "x", i]`` is entry ``i`` (counted from 1) of the column ``x``, and ``["sum", "i", low, high, body]``
runs over integers. Only what stands here can be stated: there is no call, no attribute, no code.
"""

from __future__ import annotations

from collections.abc import Mapping

from flint import fmpq

from closedform.kernel.reading import Json, name, rational, refuse

Tree = fmpq | str | tuple["Tree", ...]

MAX_DEPTH = 400

ANY = -1
UNARY = (
    *("exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "asin", "acos", "atan", "abs", "sign"),
    *("gamma", "loggamma", "digamma", "trigamma", "erf", "erfc", "erfinv", "zeta"),
)
ARITY: dict[str, int] = {
    **dict.fromkeys(("+", "*", "max", "min", "lambertw"), ANY),
    **dict.fromkeys(UNARY, 1),
    **dict.fromkeys(("^", "atan2", "besseli", "besselj", "@"), 2),
    **dict.fromkeys(("sum", "prod"), 4),
    **dict.fromkeys(("pi", "I", "e"), 0),
}

ZERO, ONE, TWO, MINUS = fmpq(0), fmpq(1), fmpq(2), fmpq(-1)


def read(value: Json, depth: int = 0, heads: Mapping[str, int] = ARITY) -> Tree:
    """The tree that a JSON value writes with these heads; refused when it is not one."""
    if depth > MAX_DEPTH:
        refuse("an expression is nested too deeply")
    if isinstance(value, str):
        return rational(value, "a number") if value[:1] in "-0123456789" else name(value, "a name")
    if not isinstance(value, list) or not value or not isinstance(value[0], str) or value[0] not in heads:
        refuse(f"not an expression: {str(value)[:60]}")
    head, arguments = value[0], value[1:]
    if heads[head] not in (ANY, len(arguments)) or (heads[head] == ANY and not arguments):
        refuse(f"{head} with {len(arguments)} arguments")
    if head in ("sum", "prod", "@"):
        name(arguments[0], "an index or a column")
        if str(arguments[0])[:1] in "-0123456789":
            refuse("an index or a column must be a name")
    return (head, *(read(a, depth + 1, heads) for a in arguments))


def write(tree: Tree) -> Json:
    """The JSON value of a tree; ``read(write(t)) == t``."""
    if isinstance(tree, fmpq):
        return str(tree)
    if isinstance(tree, str):
        return tree
    return [str(tree[0]), *(write(a) for a in tree[1:])]


def head_of(tree: Tree) -> str:
    return str(tree[0]) if isinstance(tree, tuple) else ""


def as_integer(tree: Tree) -> int | None:
    return int(tree.p) if isinstance(tree, fmpq) and tree.q == 1 else None


def free_names(tree: Tree) -> set[str]:
    if isinstance(tree, str):
        return {tree}
    if isinstance(tree, fmpq):
        return set()
    if tree[0] == "@":  # columns have names of their own: a coefficient may be called like its column
        return free_names(tree[2])
    if tree[0] in ("sum", "prod"):
        return free_names(tree[2]) | free_names(tree[3]) | (free_names(tree[4]) - {str(tree[1])})
    out: set[str] = set()
    for a in tree[1:]:
        out |= free_names(a)
    return out


Relation = tuple[str, Tree, Tree]


# -- building, with just enough folding to keep derivatives small ------------------------------------------------


def add(*terms: Tree) -> Tree:
    constant, rest = ZERO, list[Tree]()
    for t in terms:
        for u in t[1:] if isinstance(t, tuple) and t[0] == "+" else (t,):
            if isinstance(u, fmpq):
                constant += u
            else:
                rest.append(u)
    if constant != 0:
        rest.append(constant)
    return rest[0] if len(rest) == 1 else ("+", *rest) if rest else ZERO


def mul(*factors: Tree) -> Tree:
    constant, rest = ONE, list[Tree]()
    for f in factors:
        for u in f[1:] if isinstance(f, tuple) and f[0] == "*" else (f,):
            if isinstance(u, fmpq):
                constant *= u
            else:
                rest.append(u)
    if constant == 0:
        return ZERO
    if constant != 1 or not rest:
        rest.insert(0, constant)
    return rest[0] if len(rest) == 1 else ("*", *rest)


def power(base: Tree, exponent: Tree) -> Tree:
    if exponent == ONE:
        return base
    if exponent == ZERO:
        return ONE
    return ("^", base, exponent)


def quotient(a: Tree, b: Tree) -> Tree:
    return mul(a, power(b, MINUS))
