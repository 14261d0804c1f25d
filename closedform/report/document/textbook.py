"""Formulas as a textbook writes them: mean(x), var(x), cov(x, y), sum(x*y) for sums over the rows of a table.

``var`` and ``cov`` divide by n. The words read back (``reading/statistics.py``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from closedform.errors import InputError
from closedform.expression import Node, mul
from closedform.reading.language import parse, unparse
from closedform.reading.statistics import columns_only
from closedform.report.expressions import text_of

LONGEST = 400  # characters of one expression; the JSON has it whole
LONG = 60  # characters of a derivative written out over the rows

if TYPE_CHECKING:
    from closedform.problem import Problem


def textbook(value: Any) -> object:
    """The value in the statistics that make it shortest; as it is where it has no sums over rows.

    >>> from sympy import IndexedBase, Sum, symbols
    >>> (i, n), x = symbols("i n", integer=True), IndexedBase("x")
    >>> unparse(textbook(Sum(x[i], (i, 1, n))/n))
    'mean(x)'
    """
    if "Sum(" not in text_of(value) or not hasattr(value, "free_symbols"):
        return value
    from closedform.report.document import moments

    return moments.shortest(value)


def gradient(problem: Problem, found: Mapping[str, object]) -> Mapping[str, object]:
    """The gradient as it is shown: of a loss over data as sums over the rows where they are shorter."""
    texts = [text_of(g) for g in found.values()]
    short = max(map(len, texts), default=0) <= LONG or any("sum(" in text for text in texts)  # or sums already
    if problem.data is None or problem.loss is None or problem.level != "scalar" or short:
        return found
    from closedform.report.document import slopes

    sums = slopes.as_sums(problem)
    return {u: min(sums[u], g, key=lambda shown: len(text_of(shown))) if u in sums else g for u, g in found.items()}


def namesakes(problem: Problem) -> str:
    """What a name stands for that is both an unknown and a column; empty where there is none."""
    both = [u for u in problem.unknowns if problem.data is not None and u in problem.data.columns]
    if not both:
        return ""
    some = f"{both[0]}[i]" if len(both) == 1 else ", ".join(f"{u}[i]" for u in both[:3]) + (", …" if both[3:] else "")
    return f"{some} is the column, the name without an index its coefficient"


def conditions(problem: Problem, texts: Sequence[str]) -> list[str]:
    """The conditions of an answer, comparisons of sums as comparisons of moments with zero."""
    if problem.level == "matrix" or not any("sum(" in text.lower() for text in texts):
        return list(texts)
    from closedform.algebra import bridge  # a lazy face: only a scalar loss needs SymPy
    from closedform.report.document import moments

    table = bridge.symbols(problem)
    return list(dict.fromkeys(moments.condition(text, table) for text in texts))


def in_words(text: str) -> str:
    """The text with each ``Sum(...)`` of SymPy's in our language: ``sum(x*y)`` of columns, else with its index.

    >>> in_words("a = Sum(x[i]*y[i], (i, 1, n))/n and Sum(a - x[i], (i, 1, n))")
    'a = sum(x*y)/n and sum(i, 1, n, a - x[i])'
    """
    out, at = "", 0
    for found in re.finditer(r"\bSum\(", text):
        if found.start() < at:
            continue
        end = _closing(text, found.end())
        try:
            node = parse(text[found.start() : end])
        except InputError:
            continue
        out += text[at : found.start()] + unparse(columns_only(node) or _repeated(node) or node)
        at = end
    return out + text[at:]


def _closing(text: str, start: int) -> int:
    depth = 1
    for at in range(start, len(text)):
        depth += (text[at] == "(") - (text[at] == ")")
        if depth == 0:
            return at + 1
    return len(text)


def _repeated(total: Node) -> Node | None:
    """``2*n`` for a sum from 1 to n of 2."""
    if total.head != "sum" or total.children[1].number != 1 or total.children[3].number is None:
        return None
    return mul(total.children[3], total.children[2])


def readable(value: object, longest: int = LONGEST) -> str:
    """An expression in our language with ``^`` for powers; a long one is cut, and its size said.

    >>> readable("x**2 - 1")
    'x^2 - 1'
    """
    whole = in_words(text_of(value))
    if len(whole) > longest:
        operations = len(re.findall(r"\*\*|[-+*/^(]", whole))
        return f"{whole[: longest - 120].replace('**', '^')} … (about {operations:,} operations; whole with --json)"
    return re.sub(r"\bnorm\(([^()]*)\)", r"||\1||", whole.replace("**", "^"))
