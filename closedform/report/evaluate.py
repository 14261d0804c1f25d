"""Expressions evaluated in floating point on NumPy arrays, by walking the tree; no code is generated or run.

Used for plots and for the functions of scalar closed forms. Parameters broadcast; a sum over an index adds an axis.
Roots and logarithms of negative numbers are complex, as in the exact expressions (principal branches).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import mpmath
import numpy as np
from numpy.lib import scimath

from closedform.errors import CallError
from closedform.expression import Node

Array = Any


def _each(function: Callable[..., Any]) -> Callable[..., Array]:
    """An mpmath function on arrays, in double precision."""

    def one(*values: Any) -> Any:
        result = mpmath.mpc(function(*values))
        return complex(result) if result.imag else float(result.real)

    return lambda *arrays: np.vectorize(one)(*arrays)


def _sigmoid(u: Array) -> Array:
    return 0.5 * (1 + np.tanh(0.5 * u))


def _softplus(u: Array) -> Array:
    return np.logaddexp(0, u)


def _relu(u: Array) -> Array:
    return np.maximum(u, 0)


def _trigamma(u: Any) -> Any:
    return mpmath.psi(1, u)


def _lambertw(u: Any, branch: Any = 0) -> Any:
    return mpmath.lambertw(u, int(branch))


_FUNCTIONS: dict[str, Callable[..., Array]] = {
    "exp": np.exp,
    "log": scimath.log,
    "sqrt": scimath.sqrt,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "asin": scimath.arcsin,
    "acos": scimath.arccos,
    "atan": np.arctan,
    "atan2": np.arctan2,
    "abs": np.abs,
    "sign": np.sign,
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "relu": _relu,
    "gamma": _each(mpmath.gamma),
    "loggamma": _each(mpmath.loggamma),
    "digamma": _each(mpmath.digamma),
    "trigamma": _each(_trigamma),
    "erf": _each(mpmath.erf),
    "erfc": _each(mpmath.erfc),
    "erfinv": _each(mpmath.erfinv),
    "zeta": _each(mpmath.zeta),
    "besseli": _each(mpmath.besseli),
    "besselj": _each(mpmath.besselj),
    "lambertw": _each(_lambertw),
}
_CONSTANTS = {"pi": np.pi, "e": np.e, "I": 1j, "true": True, "false": False}
_COMPARE = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "=": np.equal,
    "!=": np.not_equal,
}


def evaluate(node: Node, values: Mapping[str, Array], columns: Mapping[str, Array]) -> Array:
    """The value of a scalar expression; ``values`` binds names, ``columns`` the names under ``[i]`` (first entry 1).

    >>> from closedform.reading.language import parse
    >>> float(evaluate(parse("sum(i, 1, 3, (x[i] - m)^2)"), {"m": 2.0}, {"x": np.array([1.0, 2.0, 4.0])}))
    5.0
    """
    if node.number is not None:
        return float(node.number)
    if node.name is not None:
        if node.name not in values:
            raise CallError(f"no value for {node.name}")
        return values[node.name]
    head, args = node.head, node.children
    if head in ("sum", "prod"):
        return _accumulated(head, args, values, columns)
    if head == "@":
        column = columns.get(args[0].name or "")
        if column is None:
            raise CallError(f"no column {args[0].name}")
        return column[np.asarray(evaluate(args[1], values, columns), dtype=int) - 1]
    if head in _CONSTANTS:
        return _CONSTANTS[head]
    if head == "piecewise":
        cases = [tuple(evaluate(c, values, columns) for c in piece.children) for piece in args]
        shape = np.broadcast_shapes(*(np.shape(v) for case in cases for v in case))
        spread = [[np.broadcast_to(v, shape) for v in case] for case in cases]
        return np.select([c for _, c in spread], [e for e, _ in spread], np.nan)
    if head == "^" and args[1].number is not None and args[1].number.denominator == 1:
        exponent = args[1].number
        return np.asarray(evaluate(args[0], values, columns)) ** (float(exponent) if exponent < 0 else int(exponent))
    given = [evaluate(a, values, columns) for a in args]
    if head == "+":
        return sum(given[1:], given[0])
    if head == "*":
        return np.prod(given, axis=0) if all(np.ndim(g) == 0 for g in given) else _times(given)
    if head == "^":
        return scimath.power(*given)
    if head in ("max", "min"):
        fold = np.maximum if head == "max" else np.minimum
        out = given[0]
        for g in given[1:]:
            out = fold(out, g)
        return out
    if head in _COMPARE:
        return _COMPARE[head](*given)
    if head in ("and", "or"):
        return np.logical_and.reduce(given) if head == "and" else np.logical_or.reduce(given)
    if head in _FUNCTIONS:
        return _FUNCTIONS[head](*given)
    raise CallError(f"{head} cannot be evaluated in floating point here")


def _times(given: list[Array]) -> Array:
    out = given[0]
    for g in given[1:]:
        out = out * g
    return out


def _accumulated(head: str, args: tuple[Node, ...], values: Mapping[str, Array], columns: Mapping[str, Array]) -> Array:
    low, high = (int(np.asarray(evaluate(a, values, columns))) for a in args[1:3])
    index = np.arange(low, high + 1)
    inner: dict[str, Array] = {k: np.asarray(v)[..., None] for k, v in values.items()}
    inner[args[0].name or ""] = index
    body = np.asarray(evaluate(args[3], inner, columns))
    body = np.broadcast_to(body, np.broadcast_shapes(body.shape, index.shape))
    return body.sum(axis=-1) if head == "sum" else body.prod(axis=-1)


def real_if_close(value: Array) -> Array:
    """Without the imaginary part where rounding alone can have made it."""
    value = np.asarray(value)
    if np.iscomplexobj(value) and np.all(np.abs(value.imag) <= 1e-9 * (1 + np.abs(value.real))):
        return value.real
    return value
