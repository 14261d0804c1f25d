"""Expressions as the kernel sees them: read from JSON, differentiated, evaluated in balls, printed in infix.

A tree is a rational number (``fmpq``), a name (``str``), or a tuple ``(head, argument, ...)``. In JSON the same is
a number as text (``"-3/4"``), a name (``"x"``), or a list ``["+", "x", ["exp", "y"]]``. The heads are those of
``ARITY``; ``["@", "x", i]`` is entry ``i`` (counted from 1) of the column ``x``, and ``["sum", "i", low, high, body]``
runs over integers. Only what stands here can be stated: there is no call, no attribute, no code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flint import acb, arb, fmpq, fmpz

from closedform.kernel.reading import Json, name, rational, refuse

Tree = fmpq | str | tuple["Tree", ...]

MAX_DEPTH = 400
MAX_TERMS = 20_000_000  # rows that a sum may run over

ANY = -1
ARITY: dict[str, int] = {
    "+": ANY,
    "*": ANY,
    "^": 2,
    "exp": 1,
    "log": 1,
    "sqrt": 1,
    "sin": 1,
    "cos": 1,
    "tan": 1,
    "sinh": 1,
    "cosh": 1,
    "tanh": 1,
    "asin": 1,
    "acos": 1,
    "atan": 1,
    "atan2": 2,
    "abs": 1,
    "sign": 1,
    "max": ANY,
    "min": ANY,
    "gamma": 1,
    "loggamma": 1,
    "digamma": 1,
    "trigamma": 1,
    "erf": 1,
    "erfc": 1,
    "erfinv": 1,
    "zeta": 1,
    "besseli": 2,
    "besselj": 2,
    "lambertw": ANY,
    "pi": 0,
    "I": 0,
    "e": 0,
    "@": 2,
    "sum": 4,
    "prod": 4,
}

ZERO, ONE, TWO, MINUS = fmpq(0), fmpq(1), fmpq(2), fmpq(-1)


def read(value: Json, depth: int = 0) -> Tree:
    """The tree that a JSON value writes; refused when it is not one."""
    if depth > MAX_DEPTH:
        refuse("an expression is nested too deeply")
    if isinstance(value, str):
        return rational(value, "a number") if value[:1] in "-0123456789" else name(value, "a name")
    if not isinstance(value, list) or not value or not isinstance(value[0], str) or value[0] not in ARITY:
        refuse(f"not an expression: {str(value)[:60]}")
    head, arguments = value[0], value[1:]
    if ARITY[head] not in (ANY, len(arguments)) or (ARITY[head] == ANY and not arguments):
        refuse(f"{head} with {len(arguments)} arguments")
    return (head, *(read(a, depth + 1) for a in arguments))


def write(tree: Tree) -> Json:
    """The JSON value of a tree; ``read(write(t)) == t``."""
    if isinstance(tree, fmpq):
        return str(tree)
    if isinstance(tree, str):
        return tree
    return [str(tree[0]), *(write(a) for a in tree[1:])]


def head_of(tree: Tree) -> str:
    return str(tree[0]) if isinstance(tree, tuple) else ""


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
        return ("sum", args[0], args[1], args[2], differentiate(args[3], x))
    if head == "besseli":
        order, z = args
        both = add(("besseli", add(order, MINUS), z), ("besseli", add(order, ONE), z))
        return mul(fmpq(1, 2), both, differentiate(z, x))
    if head not in _DERIVATIVES:
        refuse(f"the kernel has no derivative of {head}")
    return mul(_DERIVATIVES[head](args[0]), differentiate(args[0], x))


_DERIVATIVES: dict[str, Callable[[Tree], Tree]] = {
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


# -- balls -------------------------------------------------------------------------------------------------------

Columns = Mapping[str, list[fmpq]]

_REAL: dict[str, Callable[[arb], arb]] = {
    "exp": arb.exp,
    "log": arb.log,
    "sqrt": arb.sqrt,
    "sin": arb.sin,
    "cos": arb.cos,
    "tan": arb.tan,
    "sinh": arb.sinh,
    "cosh": arb.cosh,
    "tanh": arb.tanh,
    "asin": arb.asin,
    "acos": arb.acos,
    "atan": arb.atan,
    "abs": abs,
    "sign": arb.sgn,
    "gamma": arb.gamma,
    "loggamma": arb.lgamma,
    "digamma": arb.digamma,
    "erf": arb.erf,
    "erfc": arb.erfc,
    "erfinv": arb.erfinv,
    "zeta": arb.zeta,
}


def as_integer(tree: Tree) -> int | None:
    return int(tree.p) if isinstance(tree, fmpq) and tree.q == 1 else None


def evaluate(tree: Tree, values: Mapping[str, arb], columns: Columns | None = None) -> arb:
    """A ball that contains the real value at every point of the given balls; not finite where it is undefined.

    ``values`` binds names to balls; ``columns`` binds the names under ``@`` to exact entries. The precision is
    FLINT's current one.
    """
    columns = columns or {}
    if isinstance(tree, fmpq):
        return arb(tree)
    if isinstance(tree, str):
        if tree not in values:
            refuse(f"no value for {tree}")
        return values[tree]
    head, args = str(tree[0]), tree[1:]
    if head in ("sum", "prod"):
        total = arb(0) if head == "sum" else arb(1)
        low, high = (_as_index(evaluate(a, values, columns)) for a in args[1:3])
        if high - low > MAX_TERMS:
            refuse("a sum has too many terms")
        for i in range(low, high + 1):
            term = evaluate(args[3], {**values, str(args[0]): arb(i)}, columns)
            total = total + term if head == "sum" else total * term
        return total
    if head == "@":
        column = columns.get(str(args[0]))
        index = _as_index(evaluate(args[1], values, columns))
        if column is None or not 1 <= index <= len(column):
            refuse(f"no entry {index} in column {args[0]}")
        return arb(column[index - 1])
    if head == "^":
        return _ball_power(args[0], args[1], values, columns)
    balls = [evaluate(a, values, columns) for a in args]
    if head == "+":
        return sum(balls[1:], balls[0])
    if head == "*":
        product = balls[0]
        for b in balls[1:]:
            product = product * b
        return product
    if head in ("max", "min"):
        best = balls[0]
        for b in balls[1:]:
            best = best.max(b) if head == "max" else best.min(b)
        return best
    if head == "pi":
        return arb.pi()
    if head == "e":
        return arb(1).exp()
    if head == "trigamma":
        return arb(2).zeta(balls[0])
    if head == "besseli":
        return balls[1].bessel_i(balls[0])
    if head == "besselj":
        return balls[1].bessel_j(balls[0])
    if head == "atan2":
        return arb.atan2(balls[0], balls[1])
    if head == "lambertw":
        return balls[0].lambertw(_as_index(balls[1]) if len(balls) > 1 else 0)
    if head not in _REAL:
        refuse(f"{head} has no real value")
    return _REAL[head](balls[0])


def _as_index(ball: arb) -> int:
    integer = ball.unique_fmpz()
    if integer is None:
        refuse("an index is not an integer")
    return int(integer)


def _ball_power(base: Tree, exponent: Tree, values: Mapping[str, arb], columns: Columns) -> arb:
    whole = as_integer(exponent)
    ball = evaluate(base, values, columns)
    if whole is not None and whole > 0 and ball.mid().is_zero():  # FLINT's power of a ball centred at zero is nan
        return _product_power(ball, whole)
    if whole is not None:
        return ball ** fmpz(whole)
    if isinstance(exponent, fmpq):
        if exponent.q % 2 == 1 and ball < 0:  # the real odd root is not meant: SymPy's principal branch is complex
            refuse("a fractional power of a negative number has no real principal value")
        root = ball.root(int(exponent.q)) if exponent.q < 2**30 else (ball.log() * arb(exponent)).exp()
        return root ** fmpz(int(exponent.p)) if exponent.q < 2**30 else root
    return (ball.log() * evaluate(exponent, values, columns)).exp()


def _product_power(ball: arb, exponent: int) -> arb:
    out = arb(1)
    while exponent:
        out, ball, exponent = out * ball if exponent % 2 else out, ball * ball, exponent // 2
    return out


def evaluate_complex(tree: Tree, values: Mapping[str, acb]) -> acb:
    """As ``evaluate``, over the complex numbers with principal branches; for expressions in radicals."""
    if isinstance(tree, fmpq):
        return acb(tree)
    if isinstance(tree, str):
        if tree not in values:
            refuse(f"no value for {tree}")
        return values[tree]
    head, args = str(tree[0]), tree[1:]
    if head == "I":
        return acb(0, 1)
    if head in ("pi", "e"):
        return acb(arb.pi() if head == "pi" else arb.const_e())
    balls = [evaluate_complex(a, values) for a in args]
    if head == "+":
        return sum(balls[1:], balls[0])
    if head == "*":
        product = balls[0]
        for b in balls[1:]:
            product = product * b
        return product
    if head == "^":
        whole = as_integer(args[1])
        return balls[0] ** fmpz(whole) if whole is not None else balls[0] ** balls[1]
    functions: dict[str, Callable[[acb], acb]] = {
        "sqrt": acb.sqrt,
        "exp": acb.exp,
        "log": acb.log,
        "sin": acb.sin,
        "cos": acb.cos,
        "tan": acb.tan,
        "acos": acb.acos,
        "asin": acb.asin,
        "atan": acb.atan,
    }
    if head not in functions:
        refuse(f"{head} has no complex value here")
    return functions[head](balls[0])


# -- printing ----------------------------------------------------------------------------------------------------


def infix(tree: Tree, above: int = 0) -> str:
    """The tree as a person would write it, in the text language of closedform."""
    if isinstance(tree, fmpq):
        plain = str(tree)
        return f"({plain})" if above and (tree < 0 or tree.q != 1) else plain
    if isinstance(tree, str):
        return tree
    head, args = str(tree[0]), tree[1:]
    if head == "+":
        out, level = infix(args[0], 1), 1
        for a in args[1:]:
            minus = _negated(a)
            out += f" + {infix(a, 1)}" if minus is None else f" - {infix(minus, 1)}"
    elif head == "*" and (minus := _negated(tree)) is not None:
        out, level = f"-{infix(minus, 2)}", 2
    elif head == "*":
        out, level = "*".join(infix(a, 2) for a in args), 2
    elif head == "^":
        out, level = f"{infix(args[0], 4)}^{infix(args[1], 4)}", 3
    elif head == "@":
        return f"{args[0]}[{infix(args[1])}]"
    else:
        return head if not args else f"{head}({', '.join(infix(a) for a in args)})"
    return f"({out})" if above >= level else out


def _negated(tree: Tree) -> Tree | None:
    """The tree without its minus sign, None where it has none."""
    if isinstance(tree, fmpq):
        return -tree if tree < 0 else None
    if head_of(tree) == "*" and isinstance(tree, tuple):
        first, *rest = tree[1:]
        return mul(-first, *rest) if isinstance(first, fmpq) and first < 0 else None
    return None
