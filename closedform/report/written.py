"""Expressions as text of our language: the form in which everything is written to JSON and reads back.

Takes what the floors below hand on: a SymPy expression, a ``Node``, or text that is already in the language.
"""

from __future__ import annotations

from fractions import Fraction

from sympy import Basic, sstr

from closedform.expression import RELATIONS, Node

_SUM, _PRODUCT, _POWER, _ATOM = 1, 2, 3, 4


def text_of(value: object) -> str:
    """The expression as text; long ones in full.

    >>> from sympy import Symbol, sqrt
    >>> text_of(-sqrt(2) / 2), text_of(Node("transpose", (Node("name", ("X",)),)))
    ('-sqrt(2)/2', "X'")
    """
    if isinstance(value, str):
        return value
    if isinstance(value, Node):
        return _infix(value, 0)
    if isinstance(value, Basic):
        return sstr(value)
    return str(value)


def _infix(node: Node, above: int) -> str:
    if node.number is not None:
        value = node.number
        return f"({value})" if above > _SUM and (value < 0 or value.denominator != 1) else str(value)
    if node.name is not None:
        return node.name
    out, level = _compound(node)
    return f"({out})" if above > level or (above == level == _POWER) else out


def _compound(node: Node) -> tuple[str, int]:
    head, args = node.head, node.children
    if head == "+":
        terms = [_infix(a, _SUM) for a in args]
        return "".join(t if i == 0 else f" - {t[1:]}" if t.startswith("-") else f" + {t}"
                       for i, t in enumerate(terms)), _SUM  # fmt: skip
    if head == "*":
        return _product(args)
    if head == "^":
        return f"{_infix(args[0], _ATOM)}^{_infix(args[1], _ATOM)}", _POWER
    if head == "hadamard":
        return ".*".join(_infix(a, _POWER) for a in args), _PRODUCT
    if head == "transpose":
        return f"{_infix(args[0], _ATOM)}'", _ATOM
    if head == "norm":
        return f"||{_infix(args[0], 0)}||", _ATOM
    if head == "@":
        return f"{_infix(args[0], _ATOM)}[{', '.join(_infix(a, 0) for a in args[1:])}]", _ATOM
    if head == "piecewise":
        pieces = ", ".join(f"({_infix(p.children[0], 0)}, {_infix(p.children[1], 0)})" for p in args)
        return f"Piecewise({pieces})", _ATOM
    if head in RELATIONS:
        return f"{_infix(args[0], 0)} {head} {_infix(args[1], 0)}", 0
    if not args and not node.args:
        return head, _ATOM
    return f"{head}({', '.join(_infix(a, 0) for a in args)})", _ATOM


def _product(args: tuple[Node, ...]) -> tuple[str, int]:
    """Factors in order; a power with exponent -1 after the first factor is a division."""
    sign = ""
    if args[0].number is not None and args[0].number < 0 and len(args) > 1:
        sign, rest = "-", args[1:]
        if args[0].number != -1:
            rest = (Node("num", (-args[0].number,)), *rest)
        args = rest
    out = ""
    for i, a in enumerate(args):
        if i and a.head == "^" and a.children[1].number == Fraction(-1):
            out += "/" + _infix(a.children[0], _POWER)
        else:
            out += ("*" if i else "") + _infix(a, _PRODUCT)
    return sign + out, _SUM if sign else _PRODUCT
