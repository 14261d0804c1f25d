"""NumPy code of trees: sums over rows on whole columns, repeated parts computed once under a name.

Every name in the code is made here from a name of the problem, or is a fixed word: nothing of a user's text is copied.
"""

from __future__ import annotations

import keyword
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from flint import fmpq

from closedform.emit.auxiliaries import NUMPY
from closedform.emit.iterative.trees import HALF, WIDTH, NoCode
from closedform.kernel.expressions.tree import ONE, Tree, add, as_integer, free_names, mul

_OWN = {
    "sigmoid": "_sigmoid",
    "softplus": "_softplus",
    "logsumexp": "_logsumexp",
    "loggamma": "_loggamma",
    "gamma": "_gamma",
    "polygamma": "_polygamma",
    "erf": "_erf",
    "erfc": "_erfc",
    "besseli": "_bessel_i",
    "lambertw": "_lambertw",
}
_COMPARED = {"<": "<", "<=": "<=", ">": ">", ">=": ">=", "=": "==", "!=": "!="}
_CONSTANTS = {"pi": "np.pi", "e": "np.e"}
RESERVED = frozenset(
    (
        "np",
        "math",
        "theta",
        "start",
        "solve",
        "loss",
        "gradient",
        "hessian",
        "residuals",
        "jacobian",
        "design",
        "rows",
        "part",
        "out",
        "width",
        "data",
        "given",
        "r",
        "J",
        "H",
        "g",
        "starts",
        "runs",
        "iterations",
        "steps",
        "converged",
        "at",
        "block",
        "f",
        "df",
        "lower",
        "upper",
        "range",
        "sum",
        "int",
        "float",
        "len",
        "lambda",
        "max",
        "min",
        "zip",
    )
)


class PythonNames:
    """Python names for the names of a problem: each an identifier, no two alike, none a word of the emitted code."""

    def __init__(self) -> None:
        self.taken = set[str](RESERVED)
        self.of = dict[tuple[str, str], str]()  # by kind ("unknown", "column", "number", "part") and name

    def __call__(self, kind: str, name: str) -> str:
        if (kind, name) not in self.of:
            self.of[kind, name] = self.fresh(name)
        return self.of[kind, name]

    def fresh(self, wish: str) -> str:
        name = unicodedata.normalize("NFKC", wish)
        if not name.isidentifier() or name.startswith("_"):
            name = "u" + "".join(c for c in name if c.isalnum() and c.isascii())
        while name in self.taken or keyword.iskeyword(name):
            name += "_"
        self.taken.add(name)
        return name


@dataclass
class Writer:
    """Trees of one problem as code. ``rows`` is the last row of a full sum, by which whole columns are recognised."""

    names: PythonNames
    unknowns: frozenset[str]
    rows: Tree | None  # how many rows the columns have, as a limit of sums: "n", or a number
    known: tuple[str, ...] = ()  # the columns of the problem
    columns: dict[str, None] = field(default_factory=dict[str, None])  # that were used, in order
    entire: dict[str, None] = field(
        default_factory=dict[str, None]
    )  # those of them that a sum runs through from end to end
    numbers: dict[str, None] = field(default_factory=dict[str, None])
    used: dict[str, None] = field(default_factory=dict[str, None])  # the auxiliary functions

    # -- sums over rows as array operations ------------------------------------------------------------------------

    def vectorised(self, tree: Tree) -> Tree:
        """Sums as ``total`` of an expression on whole columns; those that hold other sums stay loops (``each``)."""
        if not isinstance(tree, tuple):
            return tree
        if tree[0] in ("sum", "prod"):
            index, low, high, body = str(tree[1]), self.vectorised(tree[2]), self.vectorised(tree[3]), tree[4]
            rows = self.rows_of(body, index, low, high)
            name = "total" if tree[0] == "sum" else "whole"
            if rows is None:
                return ("each", name, index, low, high, self.vectorised(body))
            if name == "total":
                return self._totalled(rows, low, high)
            return (name, rows) if varies(rows) else ("^", rows, self.count(low, high))
        if tree[0] == "@":
            return ("entry", str(tree[1]), self.vectorised(tree[2]))
        return (tree[0], *(self.vectorised(a) for a in tree[1:]))

    def _totalled(self, rows: Tree, low: Tree, high: Tree) -> Tree:
        """The sum of an expression on columns: what does not vary goes in front, or is counted."""
        if not varies(rows):
            return mul(self.count(low, high), rows)
        if isinstance(rows, tuple) and rows[0] == "*":
            front = [f for f in rows[1:] if not varies(f)]
            if front:
                return mul(*front, ("total", mul(*(f for f in rows[1:] if varies(f)))))
        return ("total", rows)

    def count(self, low: Tree, high: Tree) -> Tree:
        if low == 1 and high == self.rows and self.known:
            return ("rows",)
        return add(high, mul(fmpq(-1), low), ONE)

    def rows_of(self, body: Tree, index: str, low: Tree, high: Tree) -> Tree | None:
        """The body of a sum on columns, ``x[i + c]`` as a slice; None where it holds a sum or other places of columns."""
        if isinstance(body, str):
            return ("span", low, high) if body == index else body
        if isinstance(body, fmpq):
            return body
        if body[0] in ("sum", "prod"):
            return None if index in free_names(body) else self.vectorised(body)
        if body[0] == "@":
            if index not in free_names(body[2]):
                return ("entry", str(body[1]), self.vectorised(body[2]))
            shift = add(body[2], mul(fmpq(-1), index))
            flat = _without(shift, index)
            if flat is None:
                return None
            first, last = add(low, flat, fmpq(-1)), add(high, flat)
            if first == 0 and last == self.rows:
                return ("column", str(body[1]))
            return ("slice", str(body[1]), self.vectorised(first), self.vectorised(last))
        parts = [self.rows_of(a, index, low, high) for a in body[1:]]
        known = [p for p in parts if p is not None]
        if len(known) < len(parts):
            return None
        return add(*known) if body[0] == "+" else mul(*known) if body[0] == "*" else (body[0], *known)

    # -- code ------------------------------------------------------------------------------------------------------

    def code(self, tree: Tree, parts: Mapping[Tree, str] | None = None, bound: frozenset[str] = frozenset()) -> str:
        """Code of a vectorised tree; ``parts`` have names already; not in parentheses."""
        if parts and tree in parts:
            return parts[tree]
        if isinstance(tree, fmpq):
            return _number(tree)
        if isinstance(tree, str):
            return self._named(tree, bound)
        head, args = str(tree[0]), tree[1:]

        def go(t: Tree) -> str:
            return self.code(t, parts, bound)

        def tight(t: Tree) -> str:
            text = go(t)
            return text if _is_tight(text) else f"({text})"

        if head == "+":
            return _sum_of([go(a) for a in args])
        if head == "*":
            return _quotient(args, go, tight, parts or {})
        if head == "^":
            return _raised(args[0], args[1], go, tight)
        if head in ("column", "entry", "slice", "span", "filled", "each", "total", "whole"):
            return self._rows(head, args, go, bound)
        if head == "rows":
            return f"len({self.column(self.known[0])})"
        if head in _CONSTANTS:
            return _CONSTANTS[head]
        if head in NUMPY:
            return f"{NUMPY[head]}({go(args[0])})"
        if head in _OWN:
            if head == "lambertw" and len(args) != 1:
                raise NoCode("there is no code for other branches of lambertw")
            self.used[_OWN[head]] = None
            order = as_integer(args[0]) if head in ("polygamma", "besseli") else 0
            if order is None or order < 0 or (head == "polygamma" and order > 3):
                order = abs(order) if order is not None and head == "besseli" else None
                if order is None:
                    raise NoCode(f"there is no code for {head} of this order")
                args = (fmpq(order), *args[1:])
            return f"{_OWN[head]}({', '.join(go(a) for a in args)})"
        if head in ("max", "min"):
            out = go(args[0])
            for a in args[1:]:
                out = f"np.{head}imum({out}, {go(a)})"
            return out
        if head == "step":
            return f"np.heaviside({go(args[0])}, 0.5)"
        if head in _COMPARED:
            return f"({go(args[0])} {_COMPARED[head]} {go(args[1])})"
        if head in ("and", "or"):
            return "(" + (" & " if head == "and" else " | ").join(go(a) for a in args) + ")"
        if head == "true":
            return "True"
        if head == "piecewise":
            pieces = [p for p in args if isinstance(p, tuple)]
            out = "np.nan"
            for p in reversed(pieces):
                out = f"np.where({go(p[2])}, {go(p[1])}, {out})"
            return out
        raise NoCode(f"there is no NumPy code for {head}")

    def _named(self, name: str, bound: frozenset[str]) -> str:
        if name in bound:
            return self.names("index", name)
        if name in self.unknowns:
            return self.names("unknown", name)
        if name == WIDTH:
            return "width"
        if name.startswith("eta "):
            return self.names("part", name.replace("eta ", "eta"))
        self.numbers[name] = None
        return self.names("number", name)

    def column(self, name: str) -> str:
        self.columns[name] = None
        return self.names("column", name)

    def _rows(
        self,
        head: str,
        args: tuple[Tree, ...],
        go: Callable[[Tree], str],
        bound: frozenset[str],
    ) -> str:
        if head == "total":
            return f"np.sum({go(args[0])})"
        if head == "whole":
            return f"np.prod({go(args[0])})"
        if head == "column":
            self.entire[str(args[0])] = None
            return self.column(str(args[0]))
        if head == "entry":
            place = as_integer(args[1])
            return f"{self.column(str(args[0]))}[{place - 1 if place is not None else f'int({go(args[1])}) - 1'}]"
        if head == "filled":
            return f"np.ones({go(args[0])})"
        if head == "span":
            return f"np.arange({go(args[0])}, {go(add(args[1], ONE))})"
        if head == "slice":
            low, high = (str(p) if (p := as_integer(a)) is not None else f"int({go(a)})" for a in args[1:])
            return f"{self.column(str(args[0]))}[{low}:{high}]"
        name, index, low, high, body = args
        inner = self.code(body, None, bound | {str(index)})
        i = self.names("index", str(index))
        loop = f"{inner} for {i} in range(int({go(low)}), int({go(high)}) + 1)"
        return f"sum({loop})" if name == "total" else f"np.prod([{loop}])"

    # -- repeated parts --------------------------------------------------------------------------------------------

    def shared(self, trees: Iterable[Tree]) -> tuple[list[str], dict[Tree, str]]:
        """Lines that name the parts that occur more than once, inner ones first; the names by part."""
        counts, order = dict[Tree, int](), list[Tree]()

        def seen(t: Tree) -> None:
            if (
                not isinstance(t, tuple)
                or t[0] in ("column", "slice", "span", "entry", "rows", "filled")
                or t[0] in _CONSTANTS
            ):
                return
            counts[t] = counts.get(t, 0) + 1
            if counts[t] > 1:
                return
            if t[0] != "each":
                for a in t[1:]:
                    seen(a)
            order.append(t)

        for t in trees:
            seen(t)
        lines, parts = list[str](), dict[Tree, str]()
        for t in order:
            if counts[t] > 1 and _is_worth_a_name(t):
                text, letter, number = self.code(t, parts), _wish(t), 1
                while f"{letter}{number}" in self.names.taken or f"{letter}{number}" in parts.values():
                    number += 1
                parts[t] = f"{letter}{number}"
                lines.append(f"{parts[t]} = {text}")
        return lines, parts


def columns_of(tree: Tree) -> dict[str, None]:
    """The columns that a tree reads, in order."""
    if not isinstance(tree, tuple):
        return {}
    own = {str(tree[1]): None} if tree[0] in ("@", "column", "entry", "slice") else {}
    return {**own, **{c: None for a in tree[1:] for c in columns_of(a)}}


def varies(tree: Tree) -> bool:
    """Does the expression have a value for each row?"""
    if not isinstance(tree, tuple) or tree[0] in ("total", "whole", "each", "entry"):
        return isinstance(tree, str) and tree.startswith("eta ")
    return tree[0] in ("column", "slice", "span", "filled") or any(varies(a) for a in tree[1:])


def _without(shift: Tree, index: str) -> Tree | None:
    """``index - index + c`` as c; None where the index does not cancel."""
    terms = list(shift[1:]) if isinstance(shift, tuple) and shift[0] == "+" else [shift]
    negative = mul(fmpq(-1), index)
    if index in terms and negative in terms:
        terms.remove(index)
        terms.remove(negative)
    out = add(*terms)
    return None if index in free_names(out) else out


def _wish(tree: Tree) -> str:
    head = str(tree[0]) if isinstance(tree, tuple) else ""
    words = {"+": "s", "*": "p", "^": "q", "exp": "e", "sigmoid": "g", "log": "l", "tanh": "t", "total": "m"}
    return words.get(head, "c")


def _is_worth_a_name(tree: Tree) -> bool:
    if not isinstance(tree, tuple) or tree[0] in ("piece", "<", "<=", ">", ">=", "=", "!="):
        return False
    if tree[0] == "*" and len(tree) == 3 and isinstance(tree[1], fmpq) and not isinstance(tree[2], tuple):
        return False
    return not (tree[0] == "^" and not isinstance(tree[1], tuple) and tree[2] in (fmpq(2), fmpq(-1)))


def _number(value: fmpq) -> str:
    if value.q == 1:
        return str(value.p) if abs(value.p) < 10**15 else repr(float(int(value.p)))
    if abs(value.p) < 10**15 and value.q < 10**15:
        return f"{value.p}/{value.q}"
    return repr(int(value.p) / int(value.q))


def _is_tight(text: str) -> bool:
    """No operator outside of parentheses."""
    depth = 0
    for c in text:
        depth += (c in "([") - (c in ")]")
        if depth == 0 and c in "+-*/ ":
            return False
    return True


def _sum_of(terms: list[str]) -> str:
    out = ""
    for text in terms:
        if not out:
            out = text
        elif text.startswith("-"):
            out += " - " + text[1:]
        else:
            out += " + " + text
    return out


def _quotient(
    args: tuple[Tree, ...], go: Callable[[Tree], str], tight: Callable[[Tree], str], named: Mapping[Tree, str]
) -> str:
    up, down, sign = list[str](), list[str](), ""
    for a in args:
        if isinstance(a, fmpq):
            sign = "-" if a < 0 else ""
            p, q = abs(a.p), a.q
            if p != 1:
                up.append(_number(fmpq(p)))
            if q != 1:
                down.append(_number(fmpq(q)))
        elif isinstance(a, tuple) and a[0] == "^" and isinstance(a[2], fmpq) and a[2] < 0 and a not in named:
            down.append(tight(a[1]) if a[2] == -1 else _raised(a[1], -a[2], go, tight))
        else:
            up.append(tight(a))
    if not down:
        return sign + "*".join(up or ["1"])
    below = down[0] if len(down) == 1 and ("*" not in down[0] or "**" in down[0]) else f"({'*'.join(down)})"
    return f"{sign}{'*'.join(up or ['1'])}/{below}"


def _raised(base: Tree, exponent: Tree, go: Callable[[Tree], str], tight: Callable[[Tree], str]) -> str:
    if exponent == HALF:
        return f"np.sqrt({go(base)})"
    if exponent == -HALF:
        return f"1/np.sqrt({go(base)})"
    if exponent == -1:
        return f"1/{tight(base)}"
    if isinstance(exponent, fmpq) and exponent < 0:
        return f"1/{tight(base)}**{tight(-exponent)}"
    return f"{tight(base)}**{tight(exponent)}"
