"""The text of a problem in floating point, at many points at once: where to look, never what to say.

Values and slopes by forward differentiation over NumPy arrays; nan where a subexpression has no real value. Whatever
is found with this is confirmed in balls before it refutes anything.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from closedform.audit.evaluation import Open
from closedform.expression import Node

Floats = NDArray[np.float64]
MAX_CELLS = 2_000_000  # rows of a sum times points


@dataclass(frozen=True, slots=True)
class Dual:
    """Values at the points (a row of numbers, or one such row for each row of a sum), and slopes by unknown."""

    value: Floats
    slope: dict[int, Floats]


@dataclass
class FloatEvaluation:
    """Arrays for names (shape (1, points)) and columns; ``index`` says which unknowns slopes are taken by."""

    arrays: Mapping[str, Floats]
    index: Mapping[str, int]
    columns: Mapping[str, Floats]
    inner: bool = False  # inside a sum, whose rows lie along the first axis

    def dual(self, node: Node) -> Dual:
        """Value and slopes of a node at all points; raises ``Open`` for a head that has no rule here."""
        number = node.number
        if number is not None:
            return Dual(np.full((1, 1), _float(number)), {})
        if node.head == "name":
            name = str(node.name)
            if name not in self.arrays:
                raise Open(f"{name} has no value")
            array = self.arrays[name]
            return Dual(array, {self.index[name]: np.ones((1, 1))} if name in self.index else {})
        if not node.args and node.head in ("pi", "e"):
            return Dual(np.full((1, 1), math.pi if node.head == "pi" else math.e), {})
        rule = _RULES.get(node.head)
        if rule is not None:
            return rule(self, node)
        function = _FUNCTIONS.get(node.head)
        if function is None or len(node.children) != 1:
            raise Open(f"{node.head} is not evaluated in floating point")
        u = self.dual(node.children[0])
        value, slope = function(u.value)
        return Dual(value, {i: slope * a for i, a in u.slope.items()})


def _float(number: object) -> float:
    try:
        return float(number)  # type: ignore[arg-type]
    except OverflowError:
        return math.inf


def _add(one: Dual, other: Dual) -> Dual:
    slope = dict(one.slope)
    for i, a in other.slope.items():
        slope[i] = slope[i] + a if i in slope else a
    return Dual(one.value + other.value, slope)


def _times(one: Dual, other: Dual) -> Dual:
    slope = {i: a * other.value for i, a in one.slope.items()}
    for i, a in other.slope.items():
        part = a * one.value
        slope[i] = slope[i] + part if i in slope else part
    return Dual(one.value * other.value, slope)


def _sum(here: FloatEvaluation, node: Node) -> Dual:
    out = here.dual(node.children[0])
    for child in node.children[1:]:
        out = _add(out, here.dual(child))
    return out


def _product(here: FloatEvaluation, node: Node) -> Dual:
    out = here.dual(node.children[0])
    for child in node.children[1:]:
        out = _times(out, here.dual(child))
    return out


def _power(here: FloatEvaluation, node: Node) -> Dual:
    base, e = here.dual(node.children[0]), node.children[1].number
    if e is not None:
        exponent = _float(e)
        value = base.value**exponent
        once = exponent * base.value ** (exponent - 1) if exponent != 1 else np.ones((1, 1))
        return Dual(value, {i: once * a for i, a in base.slope.items()})
    exponent_dual = here.dual(node.children[1])
    if not exponent_dual.slope:
        value = base.value**exponent_dual.value
        once = exponent_dual.value * base.value ** (exponent_dual.value - 1)
        return Dual(value, {i: once * a for i, a in base.slope.items()})
    log = Dual(np.log(base.value), {i: a / base.value for i, a in base.slope.items()})
    up = _times(exponent_dual, log)
    grown = np.exp(up.value)
    return Dual(grown, {i: grown * a for i, a in up.slope.items()})


def _choose(chosen: NDArray[np.bool_], one: Dual, other: Dual) -> Dual:
    zero = np.zeros((1, 1))
    slope = {
        i: np.where(chosen, one.slope.get(i, zero), other.slope.get(i, zero)) for i in one.slope.keys() | other.slope
    }
    return Dual(np.where(chosen, one.value, other.value), slope)


def _extreme(sign: int) -> Callable[[FloatEvaluation, Node], Dual]:
    def rule(here: FloatEvaluation, node: Node) -> Dual:
        out = here.dual(node.children[0])
        for child in node.children[1:]:
            v = here.dual(child)
            out = _choose(sign * out.value >= sign * v.value, out, v)
        return out

    return rule


def _repeated(here: FloatEvaluation, node: Node) -> Dual:
    name, low, high, body = node.children
    first, last = (here.dual(end).value for end in (low, high))
    if first.size != 1 or last.size != 1 or node.head != "sum" or here.inner:
        raise Open("a sum within a sum, or a product")
    rows = np.arange(int(first.flat[0]), int(last.flat[0]) + 1, dtype=float)[:, None]
    width = max((a.shape[1] for a in here.arrays.values()), default=1)
    total = Dual(np.zeros((1, 1)), {})
    step = max(1, MAX_CELLS // max(1, width))
    for start in range(0, len(rows), step):
        part = rows[start : start + step]
        inner = FloatEvaluation({**here.arrays, str(name.name): part}, here.index, here.columns, True).dual(body)
        value, length = inner.value, len(part)
        full = value.sum(0, keepdims=True) if value.shape[0] == length else value * length
        slopes = {i: a.sum(0, keepdims=True) if a.shape[0] == length else a * length for i, a in inner.slope.items()}
        total = _add(total, Dual(full, slopes))
    return total


def _entry(here: FloatEvaluation, node: Node) -> Dual:
    column = here.columns.get(str(node.children[0].name))
    where = here.dual(node.children[1]).value
    if column is None or where.min() < 1 or where.max() > len(column):
        raise Open("an entry outside of the data")
    return Dual(column[where.astype(int) - 1], {})


def _piecewise(here: FloatEvaluation, node: Node) -> Dual:
    out = Dual(np.full((1, 1), np.nan), {})
    for piece in reversed(node.children):
        expression, condition = piece.children
        out = _choose(truth(here, condition), here.dual(expression), out)
    return out


def truth(here: FloatEvaluation, condition: Node) -> NDArray[np.bool_]:
    """Where a condition holds; raises ``Open`` for one that has no rule."""
    head = condition.head
    if head in ("and", "or", "all"):
        sides = [truth(here, part) for part in condition.children]
        out = sides[0]
        for side in sides[1:]:
            out = out | side if head == "or" else out & side
        return out
    if head == "not":
        return ~truth(here, condition.children[0])
    if head in ("true", "True") or condition.name in ("true", "True"):
        return np.full((1, 1), True)
    if head not in _COMPARED or len(condition.children) != 2:
        raise Open(f"{head} is no condition here")
    left, right = (here.dual(side).value for side in condition.children)
    return np.asarray(_COMPARED[head](left, right))


_COMPARED: dict[str, Callable[[Floats, Floats], NDArray[np.bool_]]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "=": np.equal,
    "!=": np.not_equal,
}
_RULES: dict[str, Callable[[FloatEvaluation, Node], Dual]] = {
    "+": _sum,
    "*": _product,
    "^": _power,
    "max": _extreme(1),
    "min": _extreme(-1),
    "sum": _repeated,
    "@": _entry,
    "piecewise": _piecewise,
}


def _digamma(u: Floats) -> Floats:
    """By recurrence up to 8 and the asymptotic series (Abramowitz and Stegun 6.3.18); nan at and below zero."""
    out, v = np.zeros_like(u), np.where(u > 0, u, np.nan)
    for _ in range(8):
        small = v < 8
        out = np.where(small, out - 1 / v, out)
        v = np.where(small, v + 1, v)
    w = 1 / (v * v)
    return out + np.log(v) - 0.5 / v - w * (1 / 12 - w * (1 / 120 - w * (1 / 252 - w / 240)))


def _one_by_one(f: Callable[[float], float]) -> Callable[[Floats], Floats]:
    def safe(u: float) -> float:
        try:
            return f(u)
        except (ValueError, OverflowError):
            return math.nan

    return lambda u: np.asarray(np.vectorize(safe, otypes=[float])(u))


_lgamma, _erf = _one_by_one(lambda u: math.lgamma(u) if u > 0 else math.nan), _one_by_one(math.erf)
_gamma = _one_by_one(math.gamma)
_Function = Callable[[Floats], tuple[Floats, Floats]]
_FUNCTIONS: dict[str, _Function] = {
    "exp": lambda u: (np.exp(u), np.exp(u)),
    "log": lambda u: (np.log(u), 1 / u),
    "sqrt": lambda u: (np.sqrt(u), 0.5 / np.sqrt(u)),
    "sin": lambda u: (np.sin(u), np.cos(u)),
    "cos": lambda u: (np.cos(u), -np.sin(u)),
    "tan": lambda u: (np.tan(u), 1 + np.tan(u) ** 2),
    "sinh": lambda u: (np.sinh(u), np.cosh(u)),
    "cosh": lambda u: (np.cosh(u), np.sinh(u)),
    "tanh": lambda u: (np.tanh(u), 1 - np.tanh(u) ** 2),
    "asin": lambda u: (np.arcsin(u), 1 / np.sqrt(1 - u * u)),
    "acos": lambda u: (np.arccos(u), -1 / np.sqrt(1 - u * u)),
    "atan": lambda u: (np.arctan(u), 1 / (1 + u * u)),
    "abs": lambda u: (np.abs(u), np.sign(u)),
    "sign": lambda u: (np.sign(u), np.zeros_like(u)),
    "loggamma": lambda u: (_lgamma(u), _digamma(u)),
    "gamma": lambda u: (_gamma(u), _gamma(u) * _digamma(u)),
    "erf": lambda u: (_erf(u), 2 / math.sqrt(math.pi) * np.exp(-u * u)),
    "erfc": lambda u: (1 - _erf(u), -2 / math.sqrt(math.pi) * np.exp(-u * u)),
}
