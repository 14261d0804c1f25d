"""Powers whose exponent is a name: where they are real, whatever the exponent is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from math import prod

from closedform.expression import MIRRORED, Node, free_names, heads, number
from closedform.reading.bounds import flat

Properties = Mapping[str, frozenset[str]]


def real_powers(
    parts: Iterable[Node], unknowns: Iterable[str], relations: Iterable[Node], properties: Properties
) -> dict[Node, Node]:
    """The powers with a parameter in the exponent, each with what makes it real at every value of that parameter.

    For most values ``x^a`` asks for x > 0, for some (a = 2) for less; what is said for all of them is said where x > 0.
    Left out are bases that are positive by their form or by a bound, exponents that are declared to be whole and at
    least zero, pieces of case distinctions and what stands under a sum.

    >>> from closedform.reading.language import parse, unparse
    >>> [unparse(r) for r in real_powers([parse("x^a + 2^a")], ["x"], (), {}).values()]
    ['x > 0']
    """
    own, stated = frozenset(unknowns), tuple(relations)
    least = lower_bounds(stated)
    positive = frozenset(k for k, (low, strict) in least.items() if low > 0 or (low == 0 and strict))
    first = whole_names(stated, properties)
    out = dict[Node, Node]()
    for part in parts:
        for p in _powers(part):
            base, exponent = p.children
            if not free_names(exponent) - own or {"@", "I"} & heads(p) or plainly_positive(base, positive, False):
                continue
            least = least_whole(exponent, first)
            if least is None or least < 0:
                out[p] = Node(">" if least is None else "!=", (base, number(0)))
    return out


def _powers(node: Node) -> Iterator[Node]:
    if node.head in ("piecewise", "sum", "prod"):
        return
    for child in node.children:
        yield from _powers(child)
    if node.head == "^":
        yield node


def lower_bounds(relations: Iterable[Node]) -> dict[str, tuple[Fraction, bool]]:
    """The greatest number that each name is said to exceed, and whether it is never met."""
    out = dict[str, tuple[Fraction, bool]]()
    for r in flat(relations):
        chain = zip(r.children, r.children[1:], strict=False)
        for left, right in chain:
            a, b, op = (left, right, r.head) if left.name is not None else (right, left, MIRRORED.get(r.head, ""))
            low = b.number
            if a.name is not None and low is not None and op in (">", ">=", "="):
                out[a.name] = max(out.get(a.name, (low, False)), (low, op == ">"))
    return out


def whole_names(relations: Iterable[Node], properties: Properties) -> dict[str, Fraction]:
    """The names that are declared to be integers and bounded from below, each with its least value."""
    out = dict[str, Fraction]()
    for key, (low, strict) in lower_bounds(relations).items():
        if "integer" in properties.get(key, ()):
            out[key] = Fraction(low.__floor__() + 1 if strict else low.__ceil__())
    return out


def least_whole(exponent: Node, first: Mapping[str, Fraction | None]) -> Fraction | None:
    """A lower bound of an exponent in whole names, each with its least value; -1 where none is seen, None if not whole."""
    value = exponent.number
    if value is not None:
        return None
    least, whole = Fraction(0), True
    for term in exponent.children if exponent.head == "+" else (exponent,):
        factors = term.children if term.head == "*" else (term,)
        scale = prod((f.number for f in factors if f.number is not None), start=Fraction(1))
        names = [f for f in factors if f.number is None]
        if scale.denominator != 1 or any(f.name not in first for f in names):
            return None
        starts = [first[str(f.name)] for f in names]
        if any(v is None or v.denominator != 1 for v in starts):
            return None
        known = [v for v in starts if v is not None]
        whole = whole and (not known or (scale > 0 and min(known) >= 0))
        least += scale * prod(known, start=Fraction(1))
    return least if whole else Fraction(-1)


def plainly_positive(node: Node, positive: frozenset[str], or_zero: bool) -> bool:
    """Is the value positive (or zero, where that will do) whatever the names are, by its form alone?"""
    value = node.number
    if value is not None:
        return value > 0 or (or_zero and value == 0)
    if node.head == "name":
        return node.name in positive
    if node.head in ("exp", "cosh", "pi", "e"):
        return True
    args = node.children
    if node.head == "+":
        return all(plainly_positive(a, positive, True) for a in args) and (
            or_zero or any(plainly_positive(a, positive, False) for a in args)
        )
    if node.head in ("*", "max"):
        return (any if node.head == "max" else all)(plainly_positive(a, positive, or_zero) for a in args)
    if node.head == "^":
        base, exponent = args
        k = exponent.number
        even = k is not None and k.denominator == 1 and k.numerator % 2 == 0
        return (
            (even and k > 0 and or_zero)
            if even and k is not None and k > 0
            else plainly_positive(base, positive, False)
        )
    if node.head in ("abs", "sqrt"):
        return or_zero or (node.head == "sqrt" and plainly_positive(args[0], positive, False))
    return False
