"""Shapes of matrix expressions: checked where declared, inferred where not, everything conforming afterwards.

``settle`` gives each name a (rows, columns) pair. Sizes are nodes in size symbols and are compared as polynomials.
Undeclared names are resolved by unification: of all assignments of scalar, vector or matrix to them that make the
expression conform and the loss scalar, the one with the fewest surprises (a small letter is a scalar before it is a
vector, a capital a matrix) is taken, and a note says what was inferred.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice, product

from closedform.errors import CallError, InputError
from closedform.expression import (
    ENTRYWISE,
    MATRIX_HEADS,
    RELATIONS,
    Node,
    free_names,
    heads,
    mul,
    name,
)
from closedform.reading.language import Size
from closedform.reading.matrices.checker import SQUARE, Checker, Mismatch, NotEntrywise, Settled, same, shape_text
from closedform.reading.matrices.entrywise import SCALAR

_MAX_TRIES = 4000
_ONLY_MATRICES = MATRIX_HEADS - {"rank"}


def is_matrix(nodes: tuple[Node, ...], given: Mapping[str, Size], properties: Mapping[str, frozenset[str]]) -> bool:
    """Whether a shape or a matrix property is declared, or a matrix function occurs."""
    if any(shape != SCALAR for shape in given.values()):
        return True
    if any(
        words & (SQUARE | {"orth", "full rank", "full column rank", "full row rank"}) for words in properties.values()
    ):
        return True
    return any(heads(node) & (_ONLY_MATRICES | {"total", "average", "matmul", "psd", "spd"}) for node in nodes)


def settle(
    expressions: tuple[Node, ...],
    constraints: tuple[Node, ...],
    given: Mapping[str, Size],
    properties: Mapping[str, frozenset[str]],
    bounded: frozenset[str] = frozenset(),
    loss: bool = True,
    joined: bool = False,
    fixed: Mapping[str, str] | None = None,
    unknowns: tuple[str, ...] = (),
) -> Settled:
    """The expressions with all shapes known; raises ``InputError`` naming two factors that do not conform.

    ``bounded`` are names that an inequality speaks of: rather numbers than vectors; ``fixed`` are kinds that are known;
    of two names one of which must be a column it is rather the one that is not among the ``unknowns``.

    >>> from closedform.reading.language import parse, unparse
    >>> s = settle((parse("||X*a - y||^2 + lam*||a||^2"),), (), {}, {})
    >>> {key: tuple(map(unparse, shape)) for key, shape in s.shapes.items()}
    {'X': ('n', 'k'), 'a': ('k', '1'), 'y': ('n', '1')}
    """
    for key, shape in given.items():
        if properties.get(key, frozenset()) & SQUARE and not same(*shape):
            word = sorted(properties[key] & SQUARE)[0]
            raise CallError(f"{key} is declared {word} but is {shape_text(shape)}; only a square matrix can be")
    used = frozenset[str]().union(*(free_names(n) for n in (*expressions, *constraints)))
    sizes = frozenset[str]().union(*(_sizes(n) for n in (*expressions, *constraints)))
    sizes |= frozenset(s for shape in given.values() for part in shape for s in free_names(part))
    plain = _compared(constraints) | _not_shaped((*expressions, *constraints))
    open_names = sorted(used - given.keys() - sizes - plain)
    first: Mismatch | None = None
    broadcast = any(heads(node) & ENTRYWISE for node in expressions)
    for kinds in islice(_assignments(open_names, bool(given), properties, bounded, fixed or {}, unknowns), _MAX_TRIES):
        checker = Checker(given, kinds, properties, used, strict=bool(kinds), loss=loss, broadcast=broadcast)
        try:
            return checker.run(expressions, constraints)
        except Mismatch as error:
            if first is None or (isinstance(error, NotEntrywise) and not isinstance(first, NotEntrywise)):
                first = error
    for mended, note in (
        () if joined else islice(_products_of_sizes((*expressions, *constraints), given), _MAX_TRIES // 50)
    ):
        try:
            found = settle(expressions, constraints, mended, properties, bounded, loss, True, fixed, unknowns)
        except InputError:
            continue
        return Settled(found.expressions, found.constraints, found.shapes, (*found.notes, note))
    raise InputError(str(first))


def _products_of_sizes(nodes: tuple[Node, ...], given: Mapping[str, Size]) -> Iterator[tuple[dict[str, Size], str]]:
    """Where Kronecker products occur, a size symbol that stands nowhere else may be a product of two others."""
    if not any(heads(node) & {"kron", "khatrirao", "vec"} for node in nodes):
        return
    symbols = [part.name for shape in given.values() for part in shape if part.name]
    others = sorted(set(symbols))
    for key, shape in given.items():
        for i, part in enumerate(shape):
            if part.name is None or symbols.count(part.name) > 1 or any(part.name in free_names(n) for n in nodes):
                continue
            for a, b in product(others, others):
                if a <= b and part.name not in (a, b):
                    whole = mul(name(a), name(b))
                    yield (
                        {**given, key: (whole, shape[1]) if i == 0 else (shape[0], whole)},
                        f"{part.name} is read as {a}*{b}",
                    )


def _assignments(
    names: list[str],
    given: bool,
    properties: Mapping[str, frozenset[str]],
    bounded: frozenset[str],
    fixed: Mapping[str, str],
    unknowns: tuple[str, ...],
) -> Iterator[dict[str, str]]:
    """Kinds for the undeclared names, fewest surprises first."""
    costs = list[dict[str, int]]()
    for key in names:
        words = properties.get(key, frozenset())
        if key in fixed:
            costs.append({fixed[key]: 0})
        elif words & (SQUARE | {"orth", "full rank", "full column rank", "full row rank"}):
            costs.append({"matrix": 0})
        elif key in bounded or words & {"integer", "positive", "negative", "nonnegative", "complex"}:
            costs.append({"scalar": 0, "vector": 3, "matrix": 5})
        elif key[0].isupper():
            costs.append({"scalar": 0, "matrix": 1, "vector": 3} if given else {"matrix": 0, "scalar": 2, "vector": 3})
        else:
            costs.append({"scalar": 0, "vector": 2 if key in unknowns else 1, "matrix": 4})
    if len(names) > 8:  # too many for all: each at its usual kind or the next
        costs = [dict(sorted(cost.items(), key=lambda item: item[1])[: 2 if len(names) <= 12 else 1]) for cost in costs]
    kinds = sorted(product(*costs), key=lambda pick: sum(cost[k] for cost, k in zip(costs, pick, strict=True)))
    for pick in kinds:
        yield dict(zip(names, pick, strict=True))


def _sizes(node: Node) -> frozenset[str]:
    own = free_names(node) if node.head in ("eye", "ones", "zeros") else frozenset[str]()
    return own.union(*(_sizes(child) for child in node.children))


def _not_shaped(nodes: tuple[Node, ...]) -> frozenset[str]:
    """Indices, ends of sums, and a T that stands as an exponent."""

    def walk(node: Node) -> frozenset[str]:
        own = frozenset[str]()
        if node.head in ("sum", "prod") and len(node.args) == 4:
            own = free_names(node.children[0]) | free_names(node.children[1]) | free_names(node.children[2])
        elif node.head == "@":
            own = frozenset[str]().union(*(free_names(child) for child in node.children[1:]))
        elif node.head == "^" and node.children[1].name == "T":
            own = frozenset(("T",))
        return own.union(*(walk(child) for child in node.children))

    return frozenset[str]().union(*(walk(node) for node in nodes))


def _compared(constraints: tuple[Node, ...]) -> frozenset[str]:
    """The names that bound a rank, hence numbers."""
    out = frozenset[str]()
    for node in constraints:
        if node.head in RELATIONS and node.children[0].head == "rank":
            out |= free_names(node.children[1])
    return out
