"""What stands beside a loss in a call: unknowns, boxes, starting values and numbers for parameters.

Each comes as text or as a mapping and is read exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from closedform.errors import CallError
from closedform.expression import Node, free_names, name, to_tree
from closedform.frozen import record
from closedform.kernel.expressions.balls import evaluate
from closedform.kernel.expressions.tree import read as tree_of
from closedform.kernel.reading import Refused
from closedform.reading.data.handed import is_listed, is_mapping
from closedform.reading.language import parse, parts, unparse

_INFINITE = ("oo", "inf", "+oo", "+inf", "-oo", "-inf")


def names_of(value: Iterable[object] | str | None) -> tuple[str, ...] | None:
    """The unknowns that a call names, None where it names none."""
    if value is None:
        return None
    listed = value.split(",") if isinstance(value, str) else [str(part) for part in value]
    out = tuple(part.strip() for part in listed if part.strip())
    for part in out:
        if not part.isidentifier() or part.startswith("_"):
            raise CallError(f"{part[:60]!r} is not a name that can be an unknown")
    if len(set(out)) != len(out):
        raise CallError(f"an unknown is named twice in {', '.join(out)}")
    return out or None


def pairs_of(value: Mapping[str, object] | Iterable[str] | str | None, what: str, form: str) -> dict[str, object]:
    """``w=1,b=0`` (or several such texts, or a mapping) as names with what is given for them."""
    if value is None:
        return {}
    if is_mapping(value):
        return {str(key): entry for key, entry in value.items()}
    out = dict[str, object]()
    for text in (value,) if isinstance(value, str) else value:
        for part, _ in parts(str(text), 0):
            key, equal, entry = part.partition("=")
            if not equal or not key.strip().isidentifier():
                raise CallError(f"{what} must look like {form}, not {part.strip()[:60]}")
            if key.strip() in out:
                raise CallError(f"{what} is given twice for {key.strip()}")
            out[key.strip()] = entry.strip()
    return out


@record
class Box:
    """The closed interval of each unknown that has one, as text and as the relations that say the same."""

    sides: dict[str, tuple[str, str]]
    relations: tuple[Node, ...]


def box_of(value: Mapping[str, object] | str | None) -> Box:
    """A box such as ``w=-10:10``; an end may be any constant, or oo where the side is open.

    >>> [unparse(r) for r in box_of("x=1:pi").relations]
    ['x >= 1', 'x <= pi']
    """
    sides, relations = dict[str, tuple[str, str]](), list[Node]()
    for key, entry in pairs_of(value, "a box", "w=-10:10").items():
        ends = [str(end) for end in entry] if is_listed(entry) else str(entry).split(":")
        if len(ends) != 2:
            raise CallError(f"a box must look like w=-10:10, not {key}={str(entry)[:60]}")
        low, high = (constant(end, f"the box of {key}") for end in ends)
        if low is not None and high is not None and compare(low, high) == 1:
            raise CallError(f"the box of {key} is empty: {unparse(low)} is greater than {unparse(high)}")
        sides[key] = (unparse(low) if low is not None else "-oo", unparse(high) if high is not None else "oo")
        relations += [Node(">=", (name(key), low))] if low is not None else []
        relations += [Node("<=", (name(key), high))] if high is not None else []
    return Box(sides, tuple(relations))


def start_of(value: Mapping[str, object] | str | None) -> dict[str, str]:
    """Where a search starts, as text of constants."""
    out = dict[str, str]()
    for key, entry in pairs_of(value, "a start", "w=1,b=0").items():
        node = constant(_decimal(entry), f"the start of {key}")
        if node is None:
            raise CallError(f"the start of {key} must be finite")
        out[key] = unparse(node)
    return out


def values_of(value: Mapping[str, object] | Iterable[str] | str | None) -> tuple[dict[str, Node], dict[str, Any]]:
    """What is given in the place of parameters: numbers, read exactly, and arrays.

    >>> {key: unparse(node) for key, node in values_of("lam=0.1, nu=3")[0].items()}
    {'lam': '1/10', 'nu': '3'}
    """
    numbers, arrays = dict[str, Node](), dict[str, Any]()
    for key, entry in pairs_of(value, "a value", "lam=0.1").items():
        if isinstance(entry, (list, tuple)) or getattr(entry, "ndim", 0):
            arrays[key] = entry
            continue
        node = constant(_decimal(entry), f"the value of {key}")
        if node is None:
            raise CallError(f"the value of {key} must be finite")
        numbers[key] = node
    return numbers, arrays


def _decimal(entry: object) -> str:
    """A number as the shortest text that says it."""
    item: Any = entry
    if not isinstance(entry, (str, int, float)) and callable(getattr(item, "item", None)):
        item = item.item()
    return repr(item) if isinstance(item, float) else str(item)


def constant(text: str, what: str) -> Node | None:
    """The constant that a text writes, None for an infinite one."""
    cleaned = text.strip()
    if cleaned in _INFINITE:
        return None
    node = parse(cleaned)
    if free_names(node):
        raise CallError(f"{what}: {cleaned[:60]} is not a number")
    return node


def as_float(node: Node) -> float:
    """A constant in double precision."""
    value = node.number
    return float(evaluate(tree_of(to_tree(node)), {})) if value is None else float(value)


def compare(a: Node, b: Node) -> int | None:
    """-1, 0 or 1 as the constant ``a`` is less than, equal to or greater than ``b``; None where that is not clear."""
    one, two = a.number, b.number
    if one is not None and two is not None:
        return (one > two) - (one < two)
    try:
        x, y = evaluate(tree_of(to_tree(a)), {}), evaluate(tree_of(to_tree(b)), {})
    except (Refused, ValueError, ArithmeticError):
        return None
    return -1 if x < y else 1 if x > y else None
