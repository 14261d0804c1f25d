"""Functions of one real variable as trees: reading, Taylor coefficients in balls, switches, numerators, exact zeros.

A function here is a kernel tree with one name. Two more heads stand only here: ``("piecewise", ("piece", value,
condition), ...)`` and conditions ``("if", op, gap)``, ``("and", ...)``, ``("or", ...)``, ``("not", c)``, ``("true",)``.
Sums over given data are written out, so that every row can have its own branch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction

from flint import acb, arb, arb_series, ctx, fmpq, fmpz

from closedform.expression import RELATIONS, Node, scalar_form
from closedform.kernel.algebra import tower
from closedform.kernel.expressions import tree as kernel
from closedform.kernel.expressions.balls import evaluate
from closedform.kernel.expressions.tree import MINUS, ONE, ZERO, Tree, add, free_names, head_of, mul, power
from closedform.kernel.expressions.values import excludes_zero
from closedform.kernel.reading import Refused

MAX_ROWS = 2_000

ENTIRE = ("+", "*", "exp", "sin", "cos", "sinh", "cosh", "tanh", "atan", "erf", "abs", "sign", "max", "min")
SWITCHES = ("abs", "max", "min", "sign", "piecewise")


class Unclear(Exception):
    """Something was not decided; the sentence says what."""


# -- reading -----------------------------------------------------------------------------------------------------


def from_node(node: Node, columns: Mapping[str, list[fmpq]] | None = None) -> Tree:
    """The tree of a node of the text, with sums written out and entries of columns replaced; raises ``Unclear``."""
    return _read(scalar_form(node), columns or {}, {})


def _read(node: Node, columns: Mapping[str, list[fmpq]], bound: Mapping[str, int]) -> Tree:
    value = node.number
    if value is not None:
        return fmpq(value.numerator, value.denominator)
    if node.head == "name":
        return fmpq(bound[str(node.name)]) if node.name in bound else str(node.name)
    if node.head == "@":
        column = columns.get(str(node.children[0].name), [])
        i = _whole(_read(node.children[1], columns, bound))
        if not 1 <= i <= len(column):
            raise Unclear(f"row {i} of {node.children[0].name}")
        return column[i - 1]
    if node.head in ("sum", "prod") and len(node.children) == 4:
        index, low, high, body = node.children
        a, b = (_whole(_read(end, columns, bound)) for end in (low, high))
        if b - a > MAX_ROWS:
            raise Unclear("a sum has too many terms")
        terms = [_read(body, columns, {**bound, str(index.name): i}) for i in range(a, b + 1)]
        return add(*terms) if node.head == "sum" else mul(*terms)
    if node.head == "piecewise":
        pieces = (p.children for p in node.children)
        return (
            "piecewise",
            *(("piece", _read(v, columns, bound), _condition(c, columns, bound)) for v, c in pieces),
        )
    parts = [_read(c, columns, bound) for c in node.children]
    if node.head == "+":
        return add(*parts)
    if node.head == "*":
        return mul(*parts)
    if node.head == "^":
        return power(parts[0], parts[1])
    if node.head not in kernel.ARITY or node.head == "I":
        raise Unclear(f"{node.head} is no function of a real number here")
    return (node.head, *parts)


def _condition(node: Node, columns: Mapping[str, list[fmpq]], bound: Mapping[str, int]) -> Tree:
    word = (node.name or node.head).lower()
    if word in ("true", "false"):
        return (word,)
    if node.head in RELATIONS and len(node.children) == 2:
        left, right = (_read(c, columns, bound) for c in node.children)
        return ("if", node.head, add(left, mul(MINUS, right)))
    if node.head in ("and", "all", "or", "not"):
        return ("and" if node.head == "all" else node.head, *(_condition(c, columns, bound) for c in node.children))
    raise Unclear(f"the condition {node.head}")


def condition_of(node: Node, columns: Mapping[str, list[fmpq]] | None = None) -> Tree:
    """A condition of the text as a tree."""
    return _condition(scalar_form(node), columns or {}, {})


def _whole(tree: Tree) -> int:
    if not (isinstance(tree, fmpq) and tree.q == 1):
        raise Unclear("an index is no number")
    return int(tree.p)


# -- values ------------------------------------------------------------------------------------------------------


def taylor(tree: Tree, x: str, at: arb, count: int) -> list[arb]:
    """Enclosures of the Taylor coefficients 0 ... count-1 at every point of the ball; not finite where undefined."""
    try:
        series = _series(tree, x, arb_series([at, 1], prec=count), count)
    except (Refused, ValueError, ArithmeticError, OverflowError):
        return [arb("nan")] * count
    return [series[i] for i in range(count)]


def value(tree: Tree, x: str, at: arb | fmpq) -> arb:
    """A ball around the values on the ball; not finite where the tree is undefined or refused."""
    return taylor(tree, x, arb(at), 1)[0]


def _constant(c: arb, n: int) -> arb_series:
    return arb_series([c], prec=n)


def _series(tree: Tree, x: str, at: arb_series, n: int) -> arb_series:
    if isinstance(tree, fmpq):
        return _constant(arb(tree), n)
    if isinstance(tree, str):
        if tree != x:
            raise Refused(f"no value for {tree}")
        return at
    head, args = str(tree[0]), tree[1:]
    if head == "^" and isinstance(args[1], fmpq):
        return _series_power(_series(args[0], x, at, n), args[1], n)
    if head in ("piecewise", "abs", "max", "min", "sign") and n > 1:
        raise Refused(f"{head} has no Taylor series")
    if head == "piecewise":
        raise Refused("cases")
    parts = [_series(a, x, at, n) for a in args]
    if head == "+":
        return sum(parts[1:], parts[0])
    if head == "*":
        out = parts[0]
        for p in parts[1:]:
            out = out * p
        return out
    if head == "^":
        return (parts[0].log() * parts[1]).exp()
    if head in _SERIES:
        return _SERIES[head](parts[0])
    if not parts or n == 1 or all(len(p) <= 1 for p in parts):
        names = [f"u{i}" for i in range(len(parts))]
        return _constant(evaluate((head, *names), {k: p[0] for k, p in zip(names, parts, strict=True)}), n)
    if head in ("digamma", "trigamma"):
        longer = arb_series([parts[0][i] for i in range(n)], prec=n)
        base = arb_series([longer[0], 1], prec=n + 2).lgamma().derivative()
        base = base if head == "digamma" else base.derivative()
        shift = arb_series([arb(0), *(longer[i] for i in range(1, n))], prec=n)
        return arb_series([base[i] for i in range(n)], prec=n)(shift)
    raise Refused(f"no Taylor series of {head}")


def _series_power(base: arb_series, exponent: fmpq, n: int) -> arb_series:
    whole = int(exponent.p) if exponent.q == 1 else None
    if whole is not None:
        out, square, k = _constant(arb(1), n), base, abs(whole)
        while k:
            out, square, k = out * square if k % 2 else out, square * square if k > 1 else square, k // 2
        return out if whole >= 0 else _constant(arb(1), n) / out
    if exponent.q == 2:
        return _series_power(base.sqrt(), fmpq(exponent.p), n)
    if n == 1 and base[0] >= 0 and exponent > 0:
        return _constant(base[0].root(int(exponent.q)) ** fmpz(int(exponent.p)), n)
    if not base[0] > 0:
        raise Refused("a fractional power of a number that is not positive")
    return (base.log() * _constant(arb(exponent), n)).exp()


def _tanh(u: arb_series) -> arb_series:
    if u[0] < 0:
        return -_tanh(-u)
    e = (u * -2).exp()
    return (1 - e) / (1 + e)


_SERIES: dict[str, Callable[[arb_series], arb_series]] = {
    "exp": arb_series.exp,
    "log": arb_series.log,
    "sqrt": arb_series.sqrt,
    "sin": arb_series.sin,
    "cos": arb_series.cos,
    "tan": arb_series.tan,
    "sinh": lambda u: (u.exp() - (-u).exp()) / 2,
    "cosh": lambda u: (u.exp() + (-u).exp()) / 2,
    "tanh": _tanh,
    "asin": arb_series.asin,
    "acos": arb_series.acos,
    "atan": arb_series.atan,
    "gamma": arb_series.gamma,
    "loggamma": arb_series.lgamma,
    "erf": arb_series.erf,
    "erfc": arb_series.erfc,
}


def sign_of(ball: arb) -> int | None:
    """1, -1, 0 for the exact zero, None where the ball does not tell."""
    if ball > 0:
        return 1
    if ball < 0:
        return -1
    return 0 if ball.is_zero() else None


def sign_at(tree: Tree, x: str, at: fmpq) -> int | None:
    """The sign at a rational, decided: finer balls first, then the kernel's zero test; None where open."""
    for bits in (64, 128, 320, 1000):
        with ctx.workprec(bits):
            ball = value(tree, x, arb(at))
        found = sign_of(ball)
        if found is not None:
            return found
        if bits >= 320 and ball.is_finite() and vanishes(tree, x, at):
            return 0
        if not ball.is_finite() and bits >= 128:
            return None
    return None


def vanishes(tree: Tree, x: str, at: Tree) -> bool:
    """Proved: the tree is exactly zero where ``x`` has the value of the tree ``at`` (a number)."""
    try:
        needed = tower.prove_zero(put(tree, {x: at}))
        return all(excludes_zero(t, dict[str, acb]()) for t in needed)
    except (Refused, ValueError, ArithmeticError, RecursionError):
        return False


_AT_ZERO = {
    **dict.fromkeys(("sin", "tan", "sinh", "tanh", "asin", "atan", "erf", "sqrt", "abs", "sign"), ZERO),
    **dict.fromkeys(("cos", "exp", "cosh", "erfc"), ONE),
}


def put(tree: Tree, values: Mapping[Tree, Tree]) -> Tree:
    """The tree with parts replaced (names, or whole subtrees), and functions of 0 and 1 worked out.

    >>> put(("+", ("sin", "x"), ("exp", "x")), {"x": ZERO})
    1
    """
    if tree in values:
        return values[tree]
    if not isinstance(tree, tuple) or len(tree) == 1:
        return tree
    args = [put(a, values) for a in tree[1:]]
    head, first = str(tree[0]), args[0]
    if head == "*" and ZERO in args and not all(map(_is_finite, args)):
        return ("*", *args)  # 0/0 is no zero
    if head in ("+", "*"):
        return add(*args) if head == "+" else mul(*args)
    if first == ZERO and head in _AT_ZERO:
        return _AT_ZERO[head]
    if head == "log" and first == ONE:
        return ZERO
    if head == "^" and isinstance(args[1], fmpq):
        if first == ZERO and args[1] > 0:
            return ZERO
        if isinstance(first, fmpq) and first != 0 and args[1].q == 1 and abs(args[1]) < 64:
            return first ** int(args[1].p)
        return power(first, args[1])
    return (head, *args)


def _is_finite(tree: Tree) -> bool:
    """Has the tree a finite value whatever its names are? Proved by its form, or by a ball where it has no names."""
    if not isinstance(tree, tuple):
        return True
    if not free_names(tree):
        try:
            return bool(evaluate(tree, {}).is_finite())
        except (Refused, ValueError, ArithmeticError, OverflowError):
            return False
    whole = tree[0] == "^" and isinstance(tree[2], fmpq) and tree[2] >= 0 and tree[2].q == 1
    return (whole or tree[0] in ENTIRE) and all(map(_is_finite, tree[1:]))


def identically_zero(tree: Tree) -> bool:
    """Proved zero wherever it is defined and nothing that was inverted vanishes."""
    return (isinstance(tree, fmpq) and tree == 0) or tower.is_zero(tree)


# -- switches ----------------------------------------------------------------------------------------------------


def has_switch(tree: Tree) -> bool:
    return isinstance(tree, tuple) and (tree[0] in SWITCHES or any(has_switch(a) for a in tree[1:]))


def switch_gaps(tree: Tree) -> Iterator[Tree]:
    """What must be compared with zero to resolve the innermost switches."""
    if not isinstance(tree, tuple):
        return
    inner = [g for a in tree[1:] for g in switch_gaps(a)]
    if inner:
        yield from inner
    elif tree[0] in ("abs", "sign"):
        yield tree[1]
    elif tree[0] in ("max", "min"):
        args = tree[1:]
        yield from (add(a, mul(MINUS, b)) for i, a in enumerate(args) for b in args[i + 1 :])
    elif tree[0] == "if":
        yield tree[2]


Sign = Callable[[Tree], int]


def resolve(tree: Tree, sign: Sign) -> Tree:
    """The tree without switches where ``sign`` gives the signs of the gaps (inner switches are resolved first)."""
    if not isinstance(tree, tuple):
        return tree
    head = str(tree[0])
    if head == "piecewise":
        for piece in tree[1:]:
            assert isinstance(piece, tuple)
            if _holds(piece[2], sign):
                return resolve(piece[1], sign)
        raise Unclear("no case applies")
    if not has_switch(tree):
        return tree
    args = [resolve(a, sign) for a in tree[1:]]
    if head in ("abs", "sign"):
        s = sign(args[0])
        return fmpq(s) if head == "sign" else mul(fmpq(s), args[0])
    if head in ("max", "min"):
        way, best = (1 if head == "max" else -1), args[0]
        for a in args[1:]:
            if sign(add(a, mul(MINUS, best))) == way:
                best = a
        return best
    if head == "+":
        return add(*args)
    return mul(*args) if head == "*" else (head, *args)


def _holds(condition: Tree, sign: Sign) -> bool:
    assert isinstance(condition, tuple)
    head = condition[0]
    if head in ("true", "false"):
        return head == "true"
    if head == "not":
        return not _holds(condition[1], sign)
    if head in ("and", "or"):
        return (all if head == "and" else any)(_holds(c, sign) for c in condition[1:])
    return compares(sign(resolve(condition[2], sign)), str(condition[1]))


holds = _holds


def compares(sign: int, op: str) -> bool:
    """Whether ``gap op 0`` for a gap of that sign."""
    return {
        ">": sign > 0,
        ">=": sign >= 0,
        "<": sign < 0,
        "<=": sign <= 0,
        "=": sign == 0,
        "!=": sign != 0,
    }[op]


# -- forms -------------------------------------------------------------------------------------------------------


def factors(tree: Tree) -> list[tuple[Tree, fmpq]]:
    """(base, exponent) of the factors that may vanish or be infinite; numbers, exponentials and cosh left out."""
    if isinstance(tree, fmpq):
        return []
    if isinstance(tree, tuple) and tree[0] == "*":
        return [f for a in tree[1:] for f in factors(a)]
    if isinstance(tree, tuple) and tree[0] == "^" and isinstance(tree[2], fmpq):
        return [(b, e * tree[2]) for b, e in factors(tree[1])]
    if isinstance(tree, tuple) and tree[0] == "sqrt":
        return [(b, e / 2) for b, e in factors(tree[1])]
    if isinstance(tree, tuple) and tree[0] in ("exp", "cosh", "pi", "e"):
        return []
    if isinstance(tree, tuple) and tree[0] == "^" and isinstance(tree[1], fmpq) and tree[1] > 0:
        return []
    return [(tree, ONE)]


def numerator(tree: Tree, x: str) -> Tree:
    """The sum times the powers of the denominators and roots of its terms: it has the same zeros where these are none.

    Terms are multiplied by each base's most negative exponent; tan and tanh stay.
    """
    if head_of(tree) != "+" or not isinstance(tree, tuple):
        return tree
    terms = [_as_powers(t) for t in tree[1:]]
    lowest = dict[Tree, fmpq]()
    for powers in terms:
        for base, e in powers.items():
            if x in kernel.free_names(base):
                lowest[base] = min(lowest.get(base, ZERO), e)
    lowest = {b: e for b, e in lowest.items() if e < 0}
    if not lowest:
        return tree
    out = list[Tree]()
    for powers in terms:
        shifted = {**powers}
        for base, e in lowest.items():
            shifted[base] = shifted.get(base, ZERO) - e
        out.append(mul(*(power(b, e) for b, e in shifted.items() if e != 0)))
    return add(*out)


def _as_powers(tree: Tree) -> dict[Tree, fmpq]:
    """A product as exponents of its bases; numbers are bases too."""
    out = dict[Tree, fmpq]()

    def put(t: Tree, e: fmpq) -> None:
        if isinstance(t, tuple) and t[0] == "*" and e.q == 1:
            for a in t[1:]:
                put(a, e)
        elif isinstance(t, tuple) and t[0] == "^" and isinstance(t[2], fmpq) and (t[2].q != 1 or e.q == 1):
            put(t[1], t[2] * e)
        elif isinstance(t, tuple) and t[0] == "sqrt":
            put(t[1], e / 2)
        else:
            out[t] = out.get(t, ZERO) + e

    put(tree, ONE)
    return out


def rational(value: Fraction | int) -> fmpq:
    f = Fraction(value)
    return fmpq(f.numerator, f.denominator)
