"""Expressions as text of our language: the form in which everything is written to JSON and reads back.

Takes what the floors below hand on: a SymPy expression, a ``Node``, or text that is already in the language. SymPy's
``str`` is its ``sstr``, so SymPy is not imported here, nor anywhere in ``report``: a matrix loss never needs it.
"""

from __future__ import annotations

import sys

from closedform.expression import Node
from closedform.language import unparse


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
    try:
        return str(value)
    except ValueError:  # Python refuses to print an integer of more than 4,300 digits unless told otherwise
        limit = sys.get_int_max_str_digits()
        sys.set_int_max_str_digits(0)
        try:
            return str(value)
        finally:
            sys.set_int_max_str_digits(limit)
