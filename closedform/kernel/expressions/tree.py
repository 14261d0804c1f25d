"""Expressions as the kernel sees them: read from JSON and differentiated; where they are defined.

A tree is a rational number (``fmpq``), a name (``str``), or a tuple ``(head, argument, ...)``. In JSON the same is
a number as text (``"-3/4"``), a name (``"x"``), or a list ``["+", "x", ["exp", "y"]]``. The heads are those of
``ARITY``; ``["@", "x", i]`` is entry ``i`` (counted from 1) of the column ``x``, and ``["sum", "i", low, high, body]``
runs over integers. Only what stands here can be stated: there is no call, no attribute, no code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from flint import fmpq

from closedform.kernel.reading import Json, name, rational, refuse

Tree = fmpq | str | tuple["Tree", ...]

MAX_DEPTH = 400
MAX_TERMS = 2_000_000  # that the sums of a tree may run over

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


def scoped(tree: Tree, declared: set[str], columns: Iterable[str] | None = None, unknowns: Iterable[str] = ()) -> None:
    """Refused unless every name is declared, no index bears the name of anything else, and no unknown is a limit."""
    known = None if columns is None else set(columns)

    def walk(t: Tree, taken: set[str]) -> None:
        if isinstance(t, str) and t not in taken:
            refuse(f"{t} is not declared")
        if not isinstance(t, tuple):
            return
        if t[0] in ("sum", "prod"):
            index, low, high, body = str(t[1]), *t[2:]
            if index in taken:
                refuse(f"the index {index} bears the name of something else")
            if (free_names(low) | free_names(high)) & set(unknowns):
                refuse(f"the limits of a {t[0]} depend on an unknown")
            for limit in (low, high):
                walk(limit, taken)
            walk(body, {*taken, index})
        elif t[0] == "@":
            if known is not None and str(t[1]) not in known:
                refuse(f"there is no column {t[1]}")
            if free_names(t[2]) & set(unknowns):
                refuse("a place in a column depends on an unknown")
            walk(t[2], taken)
        else:
            if len(t) == 1 and str(t[0]) in taken:
                refuse(f"{t[0]} is a name and a constant at once")
            for a in t[1:]:
                walk(a, taken)

    if terms(tree) > MAX_TERMS:
        refuse("the sums have too many terms")
    walk(tree, set(declared))


def terms(tree: Tree) -> int:
    """How many terms the sums between numbers have when they are written out, those inside others multiplied."""
    if not isinstance(tree, tuple):
        return 1
    rows = 1
    if tree[0] in ("sum", "prod"):
        low, high = as_integer(tree[2]), as_integer(tree[3])
        rows = 1 if low is None or high is None else max(high - low + 1, 1)
    return max(1, rows * sum(terms(a) for a in tree[1:] if isinstance(a, tuple)))


Relation = tuple[str, Tree, Tree]
Binding = tuple[str, Tree, Tree]  # an index with its limits


def requirements(tree: Tree) -> list[tuple[Relation, tuple[Binding, ...]]]:
    """What must hold for the tree, as written, to have a real value: each relation with the indices that run in it."""
    out = list[tuple[Relation, tuple[Binding, ...]]]()

    def walk(t: Tree, inside: tuple[Binding, ...]) -> None:
        if not isinstance(t, tuple):
            return
        if t[0] in ("sum", "prod"):
            walk(t[2], inside)
            walk(t[3], inside)
            walk(t[4], (*inside, (str(t[1]), t[2], t[3])))
            return
        for relation in _needs(str(t[0]), t[1:]):
            if not _evident(relation):
                out.append((relation, inside))
        for a in t[2:] if t[0] == "@" else t[1:]:
            walk(a, inside)

    walk(tree, ())
    return out


def _needs(head: str, args: tuple[Tree, ...]) -> list[Relation]:
    u = args[0] if args else ZERO
    if head == "^":
        exponent = args[1]
        if not isinstance(exponent, fmpq):
            return [(">", u, ZERO)]
        if exponent.q == 1:
            return [("!=", u, ZERO)] if exponent < 0 else []
        return [(">" if exponent < 0 else ">=", u, ZERO)]
    square = power(u, TWO)
    table: dict[str, list[Relation]] = {
        "log": [(">", u, ZERO)],
        "sqrt": [(">=", u, ZERO)],
        "tan": [("!=", ("cos", u), ZERO)],
        "asin": [("<=", square, ONE)],
        "acos": [("<=", square, ONE)],
        "erfinv": [("<", square, ONE)],
        "gamma": [(">", u, ZERO)],
        "loggamma": [(">", u, ZERO)],
        "digamma": [(">", u, ZERO)],
        "trigamma": [(">", u, ZERO)],
        "zeta": [(">", u, ONE)],
        "lambertw": [(">=", mul(("e",), u), MINUS)],
        "besseli": [(">", args[-1] if args else ZERO, ZERO)],
        "besselj": [(">", args[-1] if args else ZERO, ZERO)],
        "atan2": [("!=", add(*(power(a, TWO) for a in args)) if args else ZERO, ZERO)],
        "I": [("=", ONE, ZERO)],
    }
    return table.get(head, [])


def _evident(relation: Relation) -> bool:
    op, a, b = relation
    if not isinstance(a, fmpq) or not isinstance(b, fmpq):
        return False
    return {">": a > b, ">=": a >= b, "<": a < b, "<=": a <= b, "!=": a != b, "=": a == b}[op]


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


def differentiate(tree: Tree, x: str) -> Tree:
    """The derivative by the scalar name ``x``; refused where none is defined here (abs, max, ... depend on the place)."""
    if isinstance(tree, fmpq):
        return ZERO
    if isinstance(tree, str):
        return ONE if tree == x else ZERO
    head, args = str(tree[0]), tree[1:]
    if x not in free_names(tree):
        return ZERO
    if head == "+":
        return add(*(differentiate(a, x) for a in args))
    if head == "*":
        return add(*(mul(*args[:i], differentiate(a, x), *args[i + 1 :]) for i, a in enumerate(args)))
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
