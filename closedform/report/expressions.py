"""Expressions as text of our language: the form in which everything is written to JSON and reads back.

Takes what the floors below hand on: a SymPy expression, a ``Node``, or text that is already in the language. SymPy is
imported only once an expression of its is at hand: a matrix loss never needs it.
"""

from __future__ import annotations

import sys

from closedform.algebra.spelled import Spelled
from closedform.expression import Node
from closedform.reading.language import unparse


def text_of(value: object) -> str:
    """The expression as text; long ones in full.

    >>> from sympy import Symbol, sqrt
    >>> text_of(-sqrt(2) / 2), text_of(Node("transpose", (Node("name", ("X",)),)))
    ('-sqrt(2)/2', "X'")
    """
    if isinstance(value, str):
        return value
    if isinstance(value, Node):
        return unparse(value)
    if isinstance(value, Spelled):
        return value.text
    try:
        return _in_full(value)
    except ValueError:  # Python refuses to print an integer of more than 4,300 digits unless told otherwise
        limit = sys.get_int_max_str_digits()
        sys.set_int_max_str_digits(0)
        try:
            return _in_full(value)
        finally:
            sys.set_int_max_str_digits(limit)


def _in_full(value: object) -> str:
    if not hasattr(value, "free_symbols"):
        return str(value)
    from closedform.algebra import bridge  # a lazy face: it brings SymPy, which this expression has brought already

    return bridge.text(value)
