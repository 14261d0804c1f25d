"""Expressions and numbers of our own: text in our language, which becomes SymPy's when somebody asks for that.

What is polynomial in one unknown is read, solved, audited and shown without SymPy. The text is in SymPy's spelling and
order, so nobody sees from it who made it. Everything that SymPy's expressions can do these can: they hand it on.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from flint import fmpq, fmpq_poly, fmpz, fmpz_poly

from closedform.algebra.later import sp
from closedform.expression import Node, column_names, to_tree
from closedform.kernel.expressions import tree as kernel
from closedform.reading.language import parse


class Spelled:
    """An expression as text over real ``names``; ``decimal`` marks a rounded number of 20 digits.

    >>> half = Spelled("-sqrt(2)/2")
    >>> str(half), half.is_Rational, half.sympy**2
    ('-sqrt(2)/2', False, 1/2)
    """

    def __init__(self, text: str, names: Sequence[str] = (), decimal: bool = False) -> None:
        self.text, self.names, self.is_Float = text, tuple(names), decimal

    @cached_property
    def node(self) -> Node:
        return parse(self.text, self.names)

    @cached_property
    def tree(self) -> kernel.Tree:
        """The kernel's tree."""
        return kernel.read(to_tree(self.node))

    @cached_property
    def sympy(self) -> Any:
        """The expression as SymPy's, its names real."""
        if self.is_Float:
            return sp.Float(self.text, DIGITS)
        bridge = importlib.import_module("closedform.algebra.bridge")
        table = {n: sp.Symbol(n, real=True) for n in self.names}
        columns = {f"@{c}": sp.IndexedBase(sp.Symbol(c, real=True)) for c in column_names(self.node)}
        return bridge.to_sympy(self.node, {**table, **columns})

    @property
    def shown(self) -> Any:
        """What a user of Python sees."""
        return self.sympy

    @property
    def is_Rational(self) -> bool:
        return not self.is_Float and self.node.number is not None

    @property
    def name(self) -> str:
        """Of a symbol its name."""
        return self.text

    @property
    def is_integer(self) -> bool | None:
        """None where that is not known."""
        value = self.node.number
        return None if self.names else self.sympy.is_integer if value is None else value.denominator == 1

    @property
    def is_number(self) -> bool:
        return not self.names

    @property
    def free_symbols(self) -> Any:
        return self.sympy.free_symbols if self.names else frozenset[Any]()

    def _sympy_(self) -> Any:
        return self.sympy

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("_"):
            raise AttributeError(attribute)
        return getattr(self.sympy, attribute)

    def __reduce__(self) -> Any:
        return Spelled, (self.text, self.names, self.is_Float)

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        return self.text == other.text if isinstance(other, Spelled) else bool(self.sympy == other)

    def __hash__(self) -> int:
        return hash(self.sympy)

    def __float__(self) -> float:
        value = self.node.number
        return float(self.sympy if value is None else value)

    def __neg__(self) -> Any:
        return -self.sympy

    def __add__(self, other: Any) -> Any:
        return self.sympy + other

    def __mul__(self, other: Any) -> Any:
        return self.sympy * other

    __radd__, __rmul__ = __add__, __mul__


# -- polynomials in one unknown ------------------------------------------------------------------------------------------

DIGITS = 20  # of a rounded number


def spelled_polynomial(f: fmpq_poly, x: str) -> Spelled:
    """The polynomial in falling powers.

    >>> spelled_polynomial(fmpq_poly([-1, 0, 3, fmpq(1, 2)]), "x")
    x**3/2 + 3*x**2 - 1
    """
    return Spelled(_falling(f, x), (x,))


def spelled_product(f: fmpq_poly, x: str) -> Spelled:
    """The polynomial with its content and its powers of the unknown taken out, where it has such powers.

    >>> spelled_product(fmpq_poly([0, -2, 0, 4]), "x")
    2*x*(2*x**2 - 1)
    """
    low = next(k for k, c in enumerate(f.coeffs()) if c)
    rest = fmpq_poly(f.coeffs()[low:])
    if not low or not rest.degree():
        return spelled_polynomial(f, x)
    content = fmpq(abs(fmpz_poly(rest.numer()).content()), rest.denom())
    power = x if low == 1 else f"{x}**{low}"
    top = "" if content.p == 1 else f"{content.p}*"
    bottom = "" if content.q == 1 else f"/{content.q}"
    return Spelled(f"{top}{power}*({_falling(rest / content, x)}){bottom}", (x,))


def _falling(f: fmpq_poly, x: str) -> str:
    terms = [(fmpq(c), k) for k, c in enumerate(f.coeffs()) if c][::-1]
    if len(terms) == 2 and terms[1][1] == 0 and terms[1][0] > 0 > terms[0][0]:
        terms.reverse()  # 1 - x
    out = ""
    for c, k in terms:
        text = _term(abs(c), "" if not k else x if k == 1 else f"{x}**{k}")
        out += f" {'-' if c < 0 else '+'} {text}" if out else f"{'-' if c < 0 else ''}{text}"
    return out or "0"


def _term(c: fmpq, what: str) -> str:
    """A positive number times what is written."""
    if not what:
        return str(c)
    return f"{'' if c.p == 1 else f'{c.p}*'}{what}{'' if c.q == 1 else f'/{c.q}'}"


# -- numbers -----------------------------------------------------------------------------------------------------------


def spelled_number(a: fmpq, b: fmpq | int = 0, d: fmpz | int = 1) -> Spelled:
    """The number a + b*sqrt(d), d a positive integer that is no square.

    >>> [spelled_number(fmpq(1, 2), fmpq(s, 2), 5) for s in (-1, 1)]
    [1/2 - sqrt(5)/2, 1/2 + sqrt(5)/2]
    """
    b = fmpq(b)
    if not b:
        return Spelled(str(a))
    root = _term(abs(b), f"sqrt({d})")
    if not a:
        return Spelled(f"-{root}" if b < 0 else root)
    below = a * a < b * b * d  # in absolute value
    if a > 0 > b or (b > 0 and (a < 0 or below)) or (b < 0 and not below):  # the lesser first, but 1 - sqrt(2)
        return Spelled(f"{a} {'-' if b < 0 else '+'} {root}")
    return Spelled(f"{'-' if b < 0 else ''}{root} {'-' if a < 0 else '+'} {abs(a)}")


def spelled_decimal(text: str) -> Spelled | None:
    """A number rounded to at most 20 digits; None where its size asks for another spelling than 0.123."""
    sign, digits = text[: text.startswith("-")], text.lstrip("-")
    whole, _, after = digits.partition(".")
    if not (whole + after).isdigit() or not (whole + after).strip("0") or len(whole) > DIGITS:
        return None
    leading = len(after) - len(after.lstrip("0")) if whole == "0" else 0
    if leading > 3:
        return None
    shown = DIGITS + leading if whole == "0" else DIGITS - len(whole)
    return Spelled(f"{sign}{whole}.{after.ljust(shown, '0')}", decimal=True) if len(after) <= shown else None
