"""The text of a problem at a point, in balls: value, slope, and whether every subexpression as written is defined there.

What is evaluated is the reader's tree, before anything was simplified, solved or rearranged. Three answers are kept
apart: certainly undefined (``Undefined``), met with equality as far as the ball shows (an *edge*: the radicand of a
square root that may be zero), and not decided (a *doubt*). Slopes at kinks are enclosures of Clarke's generalised
gradient (Clarke, Optimization and Nonsmooth Analysis, 1983, 2.3: sums, products and the chain rule hold as inclusions),
so a slope that excludes zero refutes a critical point there, smooth or not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from flint import arb, fmpq, fmpz

from closedform.expression import Node, to_tree
from closedform.kernel.expressions.balls import evaluate
from closedform.kernel.expressions.derivatives import differentiate
from closedform.kernel.expressions.tree import ARITY, Tree, read
from closedform.kernel.reading import Refused

Slope = dict[int, arb]
MAX_ROWS = 50_000


class Undefined(Exception):
    """A subexpression has no real value here; proved."""


class Open(Exception):
    """Nothing can be said here: a head without a rule, a sum too long, a name without a value."""


@dataclass(frozen=True, slots=True)
class Value:
    """A ball around the value and balls around its slope by unknown (by index; absent is zero; None where open)."""

    ball: arb
    slope: Slope | None


@dataclass
class TextEvaluation:
    """Where the text is evaluated: balls for names, exact columns; ``edges`` and ``doubts`` fill up on the way."""

    balls: Mapping[str, arb]
    index: Mapping[str, int] = field(default_factory=dict[str, int])  # the unknowns that slopes are taken by
    columns: Mapping[str, list[fmpq]] = field(default_factory=dict[str, list[fmpq]])
    edges: list[tuple[Node, Value]] = field(
        default_factory=list[tuple[Node, Value]]
    )  # requirements gap >= 0 that may hold with equality
    doubts: list[str] = field(default_factory=list[str])
    strict: bool = False  # what is undefined whatever the unknowns are is undefined too

    def value(self, node: Node) -> Value:
        """The value of a node here; raises ``Undefined`` or ``Open``."""
        number = node.number
        if number is not None:
            return Value(arb(fmpq(number.numerator, number.denominator)), {})
        if node.head == "name":
            return self._name(str(node.name))
        rule = _RULES.get(node.head)
        if rule is not None:
            return rule(self, node)
        if not node.args and node.head in ("pi", "e"):
            return Value(arb.pi() if node.head == "pi" else arb(1).exp(), {})
        return self._function(node, [self.value(child) for child in node.children])

    def _name(self, name: str) -> Value:
        if name not in self.balls:
            raise Open(f"{name} has no value")
        return Value(self.balls[name], {self.index[name]: arb(1)} if name in self.index else {})

    def _function(self, node: Node, args: list[Value]) -> Value:
        head = node.head
        if len(args) != 1 or ARITY.get(head) not in (1, -1):
            return self._of_several(head, args)
        u = args[0]
        ball = u.ball
        if head == "log":
            self.need(node, u, "a logarithm", strict=True)
        elif head == "sqrt":
            ball = self.need(node.children[0], u, "a square root")
        elif head in ("asin", "acos"):
            inside = Value(1 - u.ball * u.ball, _scaled(u.slope, -2 * u.ball))
            self.need(node, inside, head)
            if not bool(ball.abs_upper() < 1):
                ball = ball.max(arb(-1)).min(arb(1))
        elif head == "lambertw":
            self.need(node, Value(u.ball + arb(-1).exp(), u.slope), "Lambert's W")
        return Value(_plain((head, "u"), ball), self._chain(head, u, ball))

    def _of_several(self, head: str, args: list[Value]) -> Value:
        """A function of several arguments; its slope is open unless no argument depends on an unknown."""
        names = [f"u{k}" for k in range(len(args))]
        try:
            ball = evaluate((head, *names), dict(zip(names, (a.ball for a in args), strict=True)))
        except (Refused, ValueError, ArithmeticError) as reason:
            raise Open(str(reason)) from None
        return Value(ball, {} if all(a.slope == {} for a in args) else None)

    def _chain(self, head: str, u: Value, ball: arb) -> Slope | None:
        if not u.slope:
            return u.slope
        once = _derivative(head)
        return None if once is None else _scaled(u.slope, _plain(once, ball))

    def need(self, node: Node, gap: Value, what: str, strict: bool = False) -> arb:
        """The requirement gap >= 0 (or > 0) of a node: its ball cut at zero; ``Undefined`` where it certainly fails."""
        ball = gap.ball
        if bool(ball > 0):
            return ball
        if bool(ball < 0) or (strict and ball.is_zero()):
            if gap.slope == {} and not self.strict:  # wherever one stands: then nothing is said of the point
                raise Open(f"{what} is undefined whatever the unknowns are")
            raise Undefined(f"{what} of {ball.str(8, radius=False)}")
        if not ball.is_finite():
            self.doubts.append(what)
            return ball
        if strict:
            self.doubts.append(what)
        elif all(node != known for known, _ in self.edges):
            self.edges.append((node, gap))
        return ball.nonnegative_part()


def _plain(tree: Tree, u: arb) -> arb:
    try:
        return evaluate(tree, {"u": u})
    except (Refused, ValueError, ArithmeticError):
        return arb.nan()


_DERIVATIVE: dict[str, Tree | None] = {}


def _derivative(head: str) -> Tree | None:
    if head not in _DERIVATIVE:
        try:
            _DERIVATIVE[head] = differentiate((head, "u"), "u")
        except Refused:
            _DERIVATIVE[head] = None
    return _DERIVATIVE[head]


def _scaled(slope: Slope | None, by: arb) -> Slope | None:
    return None if slope is None else {i: by * a for i, a in slope.items()}


def _added(one: Slope | None, other: Slope | None) -> Slope | None:
    if one is None or other is None:
        return None
    out = dict(one)
    for i, a in other.items():
        out[i] = out[i] + a if i in out else a
    return out


def _hull(one: Slope | None, other: Slope | None) -> Slope | None:
    if one is None or other is None:
        return None
    zero = arb(0)
    return {i: one.get(i, zero).union(other.get(i, zero)) for i in one.keys() | other.keys()}


# -- one rule for each head that is not a plain function -----------------------------------------------------------


def _sum(here: TextEvaluation, node: Node) -> Value:
    ball, slope = arb(0), dict[int, arb]()
    total: Slope | None = slope
    for child in node.children:
        v = here.value(child)
        ball, total = ball + v.ball, _added(total, v.slope)
    return Value(ball, total)


def _product_of(one: Value, other: Value) -> Value:
    return Value(one.ball * other.ball, _added(_scaled(one.slope, other.ball), _scaled(other.slope, one.ball)))


def _product(here: TextEvaluation, node: Node) -> Value:
    out = here.value(node.children[0])
    for child in node.children[1:]:
        out = _product_of(out, here.value(child))
    return out


def _power(here: TextEvaluation, node: Node) -> Value:
    base, exponent = here.value(node.children[0]), node.children[1].number
    if exponent is None:
        return _general_power(here, base, here.value(node.children[1]))
    if exponent.denominator == 1:
        if exponent < 0:
            _nonzero(here, base)
        return _rational_power(base, exponent, base.ball)
    ball = here.need(node.children[0], base, "a root", strict=exponent < 0)
    return _rational_power(base, exponent, ball)


def _nonzero(here: TextEvaluation, value: Value) -> None:
    if value.ball.is_zero() and (value.slope != {} or here.strict):
        raise Undefined("a denominator is zero")
    if value.ball.contains(0):
        here.doubts.append("a denominator")


def _rational_power(base: Value, exponent: Fraction, ball: arb) -> Value:
    e = fmpq(exponent.numerator, exponent.denominator)
    value = _plain(("^", "u", e), ball) if e != 1 else ball
    if not base.slope:
        return Value(value, base.slope)
    once = arb(e) * _plain(("^", "u", e - 1), ball) if e != 1 else arb(1)
    if e == 2:
        once = 2 * ball
    return Value(value, _scaled(base.slope, once))


def _general_power(here: TextEvaluation, base: Value, exponent: Value) -> Value:
    whole = exponent.ball.unique_fmpz() if exponent.slope == {} and exponent.ball.is_exact() else None
    if whole is not None:
        if whole < 0:
            _nonzero(here, base)
        return _rational_power(base, Fraction(int(whole)), base.ball)
    if not bool(base.ball > 0):
        here.doubts.append("a power with a base that may not be positive")
        return Value(arb.nan(), None)
    log = Value(base.ball.log(), _scaled(base.slope, 1 / base.ball))
    up = _product_of(exponent, log)
    return Value(up.ball.exp(), _scaled(up.slope, up.ball.exp()))


def _abs(here: TextEvaluation, node: Node) -> Value:
    u = here.value(node.children[0])
    if bool(u.ball > 0):
        return u
    if bool(u.ball < 0):
        return Value(-u.ball, _scaled(u.slope, arb(-1)))
    return Value(abs(u.ball), _scaled(u.slope, arb(0, 1)))


def _sign(here: TextEvaluation, node: Node) -> Value:
    u = here.value(node.children[0])
    jumps = u.ball.contains(0) and u.slope != {}
    return Value(u.ball.sgn(), None if jumps else {})


def _extreme(sign: int) -> Callable[[TextEvaluation, Node], Value]:
    """Of max (sign 1) or min (-1): the hull of the slopes of those arguments that may be the extreme one."""

    def rule(here: TextEvaluation, node: Node) -> Value:
        values = [here.value(child) for child in node.children]
        best = values[0].ball
        for v in values[1:]:
            best = best.max(v.ball) if sign > 0 else best.min(v.ball)
        running = [v for v in values if not bool(v.ball * sign < best * sign)] or values
        slope = running[0].slope
        for v in running[1:]:
            slope = _hull(slope, v.slope)
        return Value(best, slope)

    return rule


def _repeated(here: TextEvaluation, node: Node) -> Value:
    """A sum or a product over integers."""
    name, low, high, body = node.children
    first, last = (here.value(end).ball.unique_fmpz() for end in (low, high))
    if first is None or last is None or last - first > MAX_ROWS:
        raise Open("a sum without whole ends, or too long")
    out = Value(arb(0 if node.head == "sum" else 1), {})
    for k in range(int(first), int(last) + 1):
        inner = replace(here, balls={**here.balls, str(name.name): arb(k)})
        term = inner.value(body)
        summed = node.head == "sum"
        out = Value(out.ball + term.ball, _added(out.slope, term.slope)) if summed else _product_of(out, term)
    return out


def _entry(here: TextEvaluation, node: Node) -> Value:
    column = here.columns.get(str(node.children[0].name))
    where = here.value(node.children[1]).ball.unique_fmpz()
    if column is None or where is None or not 1 <= where <= len(column):
        raise Open("an entry outside of the data")
    return Value(arb(column[int(fmpz(where)) - 1]), {})


def _piecewise(here: TextEvaluation, node: Node) -> Value:
    """The piece that holds; where that is open, the hull of the values. Where pieces meet the slope is open."""
    possible, seam = list[Value](), False
    for piece in node.children:
        expression, condition = piece.children
        holds = truth(here, condition)
        seam = seam or _is_seam(here, condition)
        if holds is not False:
            if holds is None:  # what is undefined in a piece that may not count is no more than a doubt
                try:
                    possible.append(here.value(expression))
                except Undefined as reason:
                    here.doubts.append(str(reason))
                    possible.append(Value(arb.nan(), None))
            else:
                possible.append(here.value(expression))
        if holds is True:
            break
    else:
        if not possible:
            raise Undefined("no piece of a definition by cases holds")
        here.doubts.append("which piece holds")
    if len(possible) == 1:
        return Value(possible[0].ball, None) if seam else possible[0]
    ball = possible[0].ball
    for v in possible[1:]:
        ball = ball.union(v.ball)
    return Value(ball, None)


def _is_seam(here: TextEvaluation, condition: Node) -> bool:
    """Does a comparison in the condition change its answer at the point, or may it?"""
    if condition.head in _HOLDS and len(condition.children) == 2:
        between = gap(here, condition)
        return between.ball.contains(0) and between.slope != {}
    return any(_is_seam(here, part) for part in condition.children)


_RULES: dict[str, Callable[[TextEvaluation, Node], Value]] = {
    "+": _sum,
    "*": _product,
    "^": _power,
    "abs": _abs,
    "sign": _sign,
    "max": _extreme(1),
    "min": _extreme(-1),
    "sum": _repeated,
    "prod": _repeated,
    "@": _entry,
    "piecewise": _piecewise,
}


# -- relations -----------------------------------------------------------------------------------------------------


def gap(here: TextEvaluation, relation: Node) -> Value:
    """What the relation compares with zero: right minus left for < and <=, left minus right otherwise."""
    left, right = (here.value(side) for side in relation.children[:2])
    if relation.head in ("<", "<="):
        left, right = right, left
    return Value(left.ball - right.ball, _added(left.slope, _scaled(right.slope, arb(-1))))


def truth(here: TextEvaluation, condition: Node) -> bool | None:
    """Whether a condition holds at every point of the balls, at none of them, or neither is shown.

    >>> from closedform.reading.language import parse
    >>> truth(TextEvaluation({"x": arb(2)}), parse("x >= 2")), truth(TextEvaluation({"x": arb(2, 1)}), parse("x > 2"))
    (True, None)
    """
    head = condition.head
    if head in ("and", "or", "all"):
        sides = [truth(here, part) for part in condition.children]
        stop = head == "or"
        return stop if stop in sides else None if None in sides else not stop
    if head == "not":
        inner = truth(here, condition.children[0])
        return None if inner is None else not inner
    if head in ("true", "True") or condition.name in ("True", "true"):
        return True
    if head in ("false", "False") or condition.name in ("False", "false"):
        return False
    if head not in _HOLDS or len(condition.children) != 2:
        return None
    return _HOLDS[head](gap(here, condition).ball)


def _at_least(ball: arb) -> bool | None:
    return True if bool(ball >= 0) else False if bool(ball < 0) else None


def _above(ball: arb) -> bool | None:
    return True if bool(ball > 0) else False if bool(ball <= 0) else None


def _equal(ball: arb) -> bool | None:
    return True if ball.is_zero() else None if ball.contains(0) else False


def _different(ball: arb) -> bool | None:
    same = _equal(ball)
    return None if same is None else not same


_HOLDS: dict[str, Callable[[arb], bool | None]] = {
    "<": _above,
    ">": _above,
    "<=": _at_least,
    ">=": _at_least,
    "=": _equal,
    "!=": _different,
}


def tree_of(node: Node) -> Tree | None:
    """The kernel's tree of a node, None where the kernel cannot write it."""
    try:
        return read(to_tree(node))
    except (Refused, ValueError):
        return None
