"""Flops of the operations that emitted programs are made of, from shapes in symbols or in numbers.

Golub and Van Loan, *Matrix Computations*, 4th ed.: products 1.1.15, LU 3.2.2, Cholesky 4.2.5, least squares and thin
singular values table 8.6.1, symmetric eigenvalues 8.3, Bartels-Stewart 7.6.3. Entrywise operations and sums cost one a
number; moving, sorting and comparing numbers costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from closedform.algebra.noncommutative import polynomial as w
from closedform.algebra.noncommutative.letters import Atom
from closedform.algebra.noncommutative.polynomial import Poly
from closedform.algebra.noncommutative.text import display

Shape = Sequence[Any]  # sizes: polynomials in symbols, or whole numbers


def extreme(word: str, a: Any, b: Any) -> Any:
    """min or max of two sizes; of symbols one symbol, its arguments sorted."""
    if not isinstance(a, Poly) and not isinstance(b, Poly):
        return (min if word == "min" else max)(a, b)
    a, b = (x if isinstance(x, Poly) else w.constant(x) for x in (a, b))
    gap = a - b
    if gap.zero:
        return a
    if w.constant(1) in (a, b):  # sizes are at least 1
        other = b if a == w.constant(1) else a
        return w.constant(1) if word == "min" else other
    if not gap.names and (s := gap.single()) is not None and not s[1]:
        return b if (s[0] > 0) == (word == "min") else a
    first, second = sorted((display(a), display(b)))
    return w.of_atom(Atom("name", (f"{word}({first}, {second})",)))


def times(c: Fraction | int, *sizes: Any) -> Any:
    """The product of a number and sizes."""
    if any(isinstance(s, Poly) for s in sizes):
        return w.scale(w.product(w.constant(1), *(s if isinstance(s, Poly) else w.constant(s) for s in sizes)), c)
    out = Fraction(c)
    for s in sizes:
        out *= s
    return out


def product(a: Shape, b: Shape) -> Any:
    return times(2, a[0] if len(a) == 2 else 1, a[-1], b[1] if len(b) == 2 else 1)


def _thin(a: Shape) -> Any:
    if a[0] == a[1]:
        return times(22, a[0], a[0], a[0])
    low = extreme("min", *a)
    return times(6, extreme("max", *a), low, low) + times(20, low, low, low)


def _values(a: Shape) -> Any:
    low = extreme("min", *a)
    return times(4, extreme("max", *a), low, low) + times(Fraction(-4, 3), low, low, low)


def _cube(c: Fraction | int) -> Callable[[Shape], Any]:
    return lambda a: times(c, a[0], a[0], a[0])


def _full(a: Shape) -> Any:
    """All of U and V: table 8.6.1, U, S, V."""
    return times(4, a[0], a[0], a[1]) + times(8, a[0], a[1], a[1]) + times(9, a[1], a[1], a[1])


def _solve(g: Shape, c: Shape) -> Any:
    return times(Fraction(2, 3), *[g[0]] * 3) + times(2, g[0], g[0], c[1] if len(c) == 2 else 1)


def _norm(a: Shape) -> Any:
    return times(2, *a)


def _lstsq(a: Shape, _: Shape) -> Any:
    small = extreme("min", *a)
    return times(4, extreme("max", *a), small, small) + times(8, small, small, small)


def _sylvester(a: Shape, b: Shape, _: Shape) -> Any:
    return times(25, *[a[0]] * 3) + times(25, *[b[0]] * 3) + times(5, a[0], a[0], b[0]) + times(5, a[0], b[0], b[0])


LINALG: Mapping[str, Callable[..., Any]] = {
    "solve": _solve,
    "cholesky": _cube(Fraction(1, 3)),
    "eigh": _cube(9),
    "eigvalsh": _cube(Fraction(4, 3)),
    "eig": _cube(25),
    "eigvals": _cube(10),
    "svd": _thin,
    "full_svd": _full,
    "cond": _values,
    "det": _cube(Fraction(2, 3)),
    "slogdet": _cube(Fraction(2, 3)),
    "norm": _norm,
    "lstsq": _lstsq,
    "solve_sylvester": _sylvester,
}
ENTRYWISE = frozenset(
    {
        *("exp", "log", "logaddexp", "sqrt", "abs", "sign", "maximum", "minimum"),
        *("sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan"),
    }
)
REDUCED = frozenset({"sum", "max", "min", "mean", "cumsum", "trace"})
