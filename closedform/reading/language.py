"""The text language: what a text says, and text that says it again.

``parse`` reads one expression, ``parse_loss`` a loss with "subject to", ``parse_equations`` a list,
``parse_assumption`` and ``parse_shapes`` what is declared of names; ``unparse`` writes. Every fault is a ``TextFault``
with a caret under the place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fractions import Fraction

from flint import fmpq

from closedform.errors import TextFault, option
from closedform.expression import RELATIONS, Node, add, name, negate, number, power, substitute
from closedform.frozen import record
from closedform.points import Sense
from closedform.reading.data.handed import is_listed
from closedform.reading.parser import MAX_NESTING, Parser
from closedform.reading.tokens import LOGIC, MAX_TEXT
from closedform.reading.vocabulary import CONSTANTS, FUNCTIONS, PROPERTIES

__all__ = [
    "MAX_NESTING",
    "MAX_TEXT",
    "Assumption",
    "Reading",
    "Size",
    "declared_by",
    "parse",
    "parse_assumption",
    "parse_equations",
    "parse_loss",
    "parse_shapes",
    "parts",
    "unparse",
]

# -- the texts that are read -------------------------------------------------------------------------------------


@record
class Reading:
    """What one text says: a loss or equations, constraints, properties of names, and notes on how it was read.

    ``sense`` is None where the text does not say which optimum is sought.
    """

    expressions: tuple[Node, ...]
    constraints: tuple[Node, ...] = ()
    properties: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    sense: Sense | None = None


def parse(text: str, names: Iterable[str] = ()) -> Node:
    """The expression that a text writes; a name among ``names`` is neither function nor constant.

    >>> from closedform.expression import to_tree
    >>> to_tree(parse("2x - 0.1/y"))
    ['+', ['*', '2', 'x'], ['*', '-1/10', ['^', 'y', '-1']]]
    >>> to_tree(parse("2a + a*b where a = x + 1, b = 1/a"))
    ['+', ['*', '2', ['+', 'x', '1']], ['*', ['+', 'x', '1'], ['^', ['+', 'x', '1'], '-1']]]
    """
    main, meant = parse_defined(text, names)
    whole = dict[str, Node]()
    for key, node in meant.items():
        whole[key] = substitute(node, whole)
    return substitute(main, whole)


def parse_defined(text: str, names: Iterable[str] = ()) -> tuple[Node, dict[str, Node]]:
    """The expression before ``where``, and what the names after it stand for, in their order; none without a ``where``."""
    cut, declared = _WHERE.search(text[:MAX_TEXT]), frozenset(names)
    if cut is None:
        parser = Parser(text, declared)
        return parser.finish(parser.expression()), {}
    meant, texts = dict[str, Node](), list(parts(text, cut.end()))
    local = declared | {match[1] for part, _ in texts if (match := _DEFINITION.match(part))}
    for part, at in texts:
        match = _DEFINITION.match(part)
        if match is None:
            raise TextFault(text, at, "after 'where' stand definitions", "write E where a = x + 1, b = 2*a")
        inner = Parser(" " * match.end() + part[match.end() :], local)
        meant[match[1]] = inner.finish(inner.expression())
    parser = Parser(text[: cut.start()], local)
    return parser.finish(parser.expression()), meant


_WHERE = re.compile(r"\s+where\s+(?=[^\W\d]\w*\s*=)")
_DEFINITION = re.compile(r"\s*([^\W\d]\w*)\s*=(?!=)")


_SUBJECT = re.compile(r"\bsubject\s+to\b|\bs\.t\.", re.IGNORECASE)
_PROPERTY = re.compile(
    r"\s*([^\W\d]\w*)\s+(?:is\s+)?(" + "|".join(sorted(PROPERTIES, key=len, reverse=True)) + r")\s*$"
)


_NO_PROPERTY = re.compile(r"\s*[^\W\d]\w*(?:\s+([^\W\d]\w*))+\s*$")
_ASSUMPTIONS = "write p>0, 0<p<1, k<n, m integer, S spd, L psd, A sym or Q orth"


def parse_loss(text: str, names: Iterable[str] = ()) -> Reading:
    """A loss with the optimum that is sought ("maximize ..."), and what stands after "subject to".

    >>> reading = parse_loss("maximize 5*x - x^2")
    >>> unparse(reading.expressions[0]), reading.sense
    ('5*x - x**2', 'max')
    """
    declared = frozenset(names)
    cut = _SUBJECT.search(text[:MAX_TEXT])
    head = text[: cut.start()] if cut else text
    parser = Parser(head, declared)
    sense = parser.sense()
    loss = parser.finish(parser.expression())
    if loss.head in LOGIC:
        raise TextFault(
            text,
            max(loss.at, 0),
            "a loss is a number, and this is a comparison",
            f"give it as {option('equations', text.strip()[:60])}",
        )
    constraints, properties = list[Node](), list[tuple[str, str]]()
    decimals = parser.decimals
    if cut:
        for part, at in parts(text, cut.end()):
            match = _PROPERTY.match(part)
            if match:
                word = PROPERTIES[match[2]]
                properties.append((match[1], word))
                constraints.append(Node(word, (name(match[1]),), at))
                continue
            inner = Parser(" " * min(at, 2000) + part if at <= 2000 else part, declared)
            node = inner.finish(inner.expression())
            if node.head not in RELATIONS and node.head != "and":
                raise TextFault(
                    text,
                    at,
                    "a constraint must be an equation, an inequality or a property",
                    "write C*a = d, rank(B) <= r or X psd",
                )
            constraints.extend(node.children if node.head == "and" else (node,))
            decimals += inner.decimals
    return Reading((loss,), tuple(constraints), tuple(properties), _notes(decimals), sense)


def parse_equations(texts: str | Iterable[str], names: Iterable[str] = ()) -> Reading:
    """Equations, each to be zero: ``e1; e2``, where ``lhs = rhs`` stands for ``lhs - rhs``."""
    declared = frozenset(names)
    out, decimals = list[Node](), list[str]()
    for text in (texts,) if isinstance(texts, str) else texts:
        for part, at in parts(text, 0, ";"):
            parser = Parser(" " * at + part if at <= 2000 else part, declared)
            node = parser.finish(parser.expression())
            if node.head in LOGIC and node.head != "=":
                raise TextFault(text, max(node.at, 0), "an equation is expected here, not an inequality")
            out.append(add(node.children[0], negate(node.children[1])) if node.head == "=" else node)
            decimals += parser.decimals
    return Reading(tuple(out), notes=_notes(decimals))


@record
class Assumption:
    """Relations that hold (``p > 0``), or a property of one name (``S spd``)."""

    relations: tuple[Node, ...] = ()
    name: str = ""
    property: str = ""


def parse_assumption(text: str, names: Iterable[str] = ()) -> Assumption:
    """One assumption. A lone ``e`` or ``i`` bounded by numbers (``0 < e < 1``) is a name there.

    >>> parse_assumption("S spd").property, len(parse_assumption("0 < p < 1").relations)
    ('spd', 2)
    """
    match = _PROPERTY.match(text[:1000])
    if match:
        word = PROPERTIES[match[2]]
        sign = {"positive": ">", "negative": "<", "nonnegative": ">="}.get(word)
        if sign is None:
            return Assumption(name=match[1], property=word)
        return Assumption((Node(sign, (name(match[1]), number(0))),))
    if wrong := _NO_PROPERTY.match(text[:1000]):
        raise TextFault(text, wrong.start(1), "this is not an assumption", _ASSUMPTIONS)
    parser = Parser(text, frozenset(names))
    node = parser.expression()
    words = {token[1] for token in parser.tokens if token[0] == "name"} - FUNCTIONS.keys()
    if words and words <= {*CONSTANTS, "oo", "inf", "pi"}:
        parser.names |= words - {"pi", "π", "oo", "inf"}
    node = parser.finish(node)
    relations = node.children if node.head == "and" else (node,)
    for relation in relations:
        if relation.head not in RELATIONS:
            last = text.split()[-1:] or [""]
            raise TextFault(
                text,
                max(len(text.rstrip()) - len(last[0]), 0),
                "this is not an assumption",
                _ASSUMPTIONS,
            )
    infinite = {name("oo"), name("inf"), negate(name("oo")), negate(name("inf"))}
    return Assumption(tuple(r for r in relations if not infinite & set(r.children)))


def declared_by(assumption: Assumption) -> frozenset[str]:
    """The constant-like names (``e``, ``i``) that an assumption makes ordinary names."""

    def walk(node: Node) -> frozenset[str]:
        own = frozenset((node.name,)) if node.name in CONSTANTS else frozenset[str]()
        return own.union(*(walk(child) for child in node.children))

    named = frozenset((assumption.name,)) if assumption.name else frozenset[str]()
    return named.union(*(walk(relation) for relation in assumption.relations))


Size = tuple[Node, Node]


def parse_shapes(shapes: str | Mapping[str, object]) -> dict[str, Size]:
    """``X=n,k;y=n`` or ``{"X": "n,k", "y": ("n",)}`` as (rows, columns); a vector has one column."""
    if isinstance(shapes, str):
        pairs = list[tuple[str, object]]()
        for part, at in parts(shapes, 0, ";"):
            left, equal, right = part.partition("=")
            if not equal or not left.strip().isidentifier():
                raise TextFault(shapes, at, "a shape must look like X=n,k")
            pairs.append((left.strip(), right))
    else:
        pairs = list(shapes.items())
    out = dict[str, Size]()
    for key, value in pairs:
        if isinstance(value, str):
            sizes: list[object] = [*value.strip().strip("()").rstrip(",").replace(" x ", ",").split(",")]
            if sizes in ([""], ["scalar"]):
                sizes = ["1"]
        elif is_listed(value):
            sizes = list(value)
        else:
            sizes = [value]
        if len(sizes) > 2:
            raise TextFault(f"{key} = {value}", 0, "a shape has one size or two: X=n,k or y=n")
        nodes = [_size(str(size), f"{key} = {value}") for size in sizes]
        out[str(key)] = (nodes[0] if nodes else number(1), nodes[1] if len(nodes) > 1 else number(1))
    return out


def _size(text: str, whole: str) -> Node:
    node = parse(text, ("e", "i", "I", "E", "pi", "N", "S"))
    value = node.number
    if value is not None and (value.denominator != 1 or value < 1):
        raise TextFault(whole, 0, f"a size is a positive integer or a name, not {text.strip()}")
    return node


def parts(text: str, start: int, separators: str = ",;") -> list[tuple[str, int]]:
    """The parts of a text between separators outside of all brackets, each with its place; empty parts left out."""
    out, depth, begin = list[tuple[str, int]](), 0, start
    for at in range(start, len(text) + 1):
        character = text[at] if at < len(text) else separators[0]
        if character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
        if at == len(text) or (depth <= 0 and character in separators):
            part = text[begin:at]
            if part.strip():
                out.append((part, begin))
            begin = at + 1
    return out


def _notes(decimals: list[str]) -> tuple[str, ...]:
    if not decimals:
        return ()
    first = decimals[0]
    exact = parse(first).number or Fraction(0)
    more = f", and {len(set(decimals)) - 1} more" if len(set(decimals)) > 1 else ""
    return (f"decimals are read exactly: {first} is {fmpq(exact.numerator, exact.denominator)}{more}",)


# -- back to text ------------------------------------------------------------------------------------------------

_PRINTED = {
    "abs": "Abs",
    "max": "Max",
    "min": "Min",
    "lambertw": "LambertW",
    "and": "And",
    "or": "Or",
    "not": "Not",
    "true": "True",
    "false": "False",
    "e": "E",
    "pi": "pi",
    "I": "I",
    "total": "sum",
    "average": "mean",
}


def unparse(node: Node) -> str:
    """Text that reads back to the same node (its free names declared), in SymPy's spelling of powers.

    >>> unparse(parse("-x^2/2 + 3*(y - 1)"))
    '-x**2/2 + 3*(y - 1)'
    """
    return _print(node, 0)


def _print(node: Node, floor: int) -> str:
    text, level = _printed(node)
    return f"({text})" if level < floor else text


def _printed(node: Node) -> tuple[str, int]:
    """The text of a node and how tightly its outermost operator binds."""
    head, children = node.head, node.children
    value = node.number
    if value is not None:
        text = str(fmpq(value.numerator, value.denominator))
        return text, 50 if value >= 0 and value.denominator == 1 else 20 if value >= 0 else 15
    if head == "name":
        return str(node.args[0]), 50
    if head == "+":
        out = ""
        for term in children:
            text = _print(term, 11)
            if out:
                text = f" - {text[1:]}" if text.startswith("-") else f" + {text}"
            out += text
        return out, 10
    if head == "*":
        return _printed_product(children)
    if head == "^":
        base, exponent = children
        if exponent.number is not None and exponent.number == -1:
            return f"1/{_print(base, 31)}", 20
        return f"{_print(base, 31)}**{_print(exponent, 31)}", 30
    if head == "@":
        return f"{_print(children[0], 50)}[{', '.join(map(unparse, children[1:]))}]", 50
    if head == "transpose":
        return f"{_print(children[0], 40)}'", 40
    if head in ("hadamard", ".*", "./", ".^"):
        operator = ".*" if head == "hadamard" else head
        return f"({_print(children[0], 21)} {operator} {_print(children[1], 21)})", 50
    if head == "literal":
        return f"[{', '.join(map(unparse, children))}]", 50
    if head == "matmul":
        return f"{_print(children[0], 20)}*{_print(children[1], 21)}", 20
    if head == "recip":
        return f"(1 ./ {_print(children[0], 21)})", 50
    if head in RELATIONS:
        return f"{_print(children[0], 6)} {head} {_print(children[1], 6)}", 5
    if head == "piecewise":
        return f"Piecewise({', '.join(map(unparse, children))})", 50
    if head == "piece":
        return f"({', '.join(map(unparse, children))})", 50
    word = _PRINTED.get(head, head)
    if not children:
        return word, 50
    if head in PROPERTIES and len(children) == 1 and children[0].name and head not in FUNCTIONS:
        return f"{children[0].name} {head}", 5
    return f"{word}({', '.join(map(unparse, children))})", 50


def _printed_product(factors: tuple[Node, ...]) -> tuple[str, int]:
    out, level = "", 20
    for factor in factors:
        value = factor.number
        base, exponent = factor.children if factor.head == "^" else (factor, factor)
        if not out and value == -1:
            out, level = "-", 15
        elif out not in ("", "-"):
            if value is not None and value.numerator == 1 and value.denominator > 1:
                out += f"/{value.denominator}"
            elif value is not None and value > 0:
                out += f"*{fmpq(value.numerator, value.denominator)}"
            elif factor.head == "^" and exponent.number is not None and exponent.number < 0:
                out += f"/{_print(power(base, number(-exponent.number)), 21)}"
            else:
                out += f"*{_print(factor, 21)}"
        elif value is not None:
            out += str(fmpq(value.numerator, value.denominator))
            level = 15 if value < 0 else level
        elif factor.head == "^" and exponent.number is not None and exponent.number < 0:
            out += f"1/{_print(power(base, number(-exponent.number)), 21)}"
        else:
            out += _print(factor, 21)
    return out, level
