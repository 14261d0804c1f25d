"""Shapes of matrix expressions under one choice of the undeclared names: checked, and sizes found by unification.

Sizes are nodes in size symbols and are compared as polynomials.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import product

from closedform.expression import (
    ENTRYWISE,
    MATRIX_HEADS,
    RELATIONS,
    Node,
    free_names,
    mul,
    name,
    number,
    rebuild,
)
from closedform.frozen import record
from closedform.reading.language import Size, unparse
from closedform.reading.matrices.entrywise import ONE, SCALAR, NoMeaning, entrywise, mean

SQUARE = frozenset({"spd", "psd", "sym", "diag", "invertible"})


@record
class Settled:
    """Conforming expressions: a scalar in a sum with a matrix is written with ones, a power -1 as ``inv``."""

    expressions: tuple[Node, ...]
    constraints: tuple[Node, ...]
    shapes: dict[str, Size]
    notes: tuple[str, ...]


class Mismatch(Exception):
    """Shapes that do not conform; the text says which."""


class NotEntrywise(Mismatch):
    """A power of a column, which a person may have meant entry by entry."""


def shape_text(shape: Size) -> str:
    """A shape as a person says it."""
    return "a scalar" if shape == SCALAR else f"{unparse(shape[0])} by {unparse(shape[1])}"


Polynomial = dict[tuple[str, ...], Fraction]


def _polynomial(node: Node) -> Polynomial:
    value = node.number
    if value is not None:
        return {(): value} if value else {}
    if node.head == "+":
        out: Polynomial = {}
        for child in node.children:
            for key, c in _polynomial(child).items():
                out[key] = out.get(key, Fraction(0)) + c
        return {key: c for key, c in out.items() if c}
    if node.head == "*":
        out = {(): Fraction(1)}
        for child in node.children:
            step: Polynomial = {}
            for (a, x), (b, y) in product(out.items(), _polynomial(child).items()):
                key = tuple(sorted((*a, *b)))
                step[key] = step.get(key, Fraction(0)) + x * y
            out = step
        return {key: c for key, c in out.items() if c}
    return {(unparse(node),): Fraction(1)}


def same(a: Node, b: Node) -> bool:
    return a == b or _polynomial(a) == _polynomial(b)


class Checker:
    """Shapes under one assignment of kinds; size variables (names that start with ?) are bound as it goes."""

    def __init__(
        self,
        given: Mapping[str, Size],
        kinds: Mapping[str, str],
        properties: Mapping[str, frozenset[str]],
        used: frozenset[str],
        strict: bool,
        loss: bool,
        broadcast: bool,
    ) -> None:
        self.broadcast = broadcast  # NumPy's rule: a number is added to every entry
        self.shapes, self.bound, self.strict, self.used, self.loss = dict(given), dict[str, Node](), strict, used, loss
        self.inferred = [key for key, kind in kinds.items() if kind != "scalar"]
        for key in self.inferred:
            rows = name(f"?{key}1")
            square = properties.get(key, frozenset()) & SQUARE
            columns = ONE if kinds[key] == "vector" else rows if square else name(f"?{key}2")
            self.shapes[key] = (rows, columns)

    def run(self, expressions: tuple[Node, ...], constraints: tuple[Node, ...]) -> Settled:
        out = list[Node]()
        for node in expressions:
            node, shape = self.shape(node)
            if self.loss and shape != SCALAR:
                raise Mismatch(f"the loss must be a scalar, but {_short(node)} is {shape_text(self.known(shape))}")
            out.append(node)
        limits = [self.constraint(node) for node in constraints]
        fresh = self.christen()
        shapes = {
            key: self.known(shape) for key, shape in self.shapes.items() if key in self.used or key in self.inferred
        }
        notes = tuple(f"{key} is taken to be {shape_text(shapes[key])}" for key in self.inferred)
        final = tuple(_renamed(node, self, fresh) for node in out)
        return Settled(final, tuple(_renamed(node, self, fresh) for node in limits), shapes, notes)

    # -- sizes

    def size(self, node: Node) -> Node:
        while node.name is not None and node.name in self.bound:
            node = self.bound[node.name]
        if node.head in ("+", "*"):
            return rebuild(node, tuple(self.size(child) for child in node.children))
        return node

    def known(self, shape: Size) -> Size:
        return (self.size(shape[0]), self.size(shape[1]))

    def unify(self, a: Node, b: Node) -> bool:
        a, b = self.size(a), self.size(b)
        if a == b:
            return True
        for one, other in ((a, b), (b, a)):
            if one.name is not None and one.name[0] == "?" and other.number != 1:
                if one.name in free_names(other):
                    return False
                self.bound[one.name] = other
                return True
        return same(a, b)

    def conform(self, a: Size, b: Size) -> bool:
        return self.unify(a[0], b[0]) and self.unify(a[1], b[1])

    def christen(self) -> dict[str, Node]:
        """Names for the size variables that are still free: n and k for the first matrix, then m, p, q, ..."""
        taken, letters = set(self.used), list[str]()
        for shape in self.shapes.values():
            for part in self.known(shape):
                taken |= free_names(part)
        letters = [x for x in ("n", "k", "m", "p", "q", "r", "s", "h", "d", "l") if x not in taken]
        letters += [f"n{j}" for j in range(1, 200) if f"n{j}" not in taken]
        order = sorted(self.inferred, key=lambda key: (self.known(self.shapes[key])[1] == ONE,))
        for key in order:
            for part in self.shapes[key]:
                part = self.size(part)
                if part.name is not None and part.name[0] == "?":
                    self.bound[part.name] = name(letters.pop(0))
        return self.bound

    # -- expressions

    def shape(self, node: Node) -> tuple[Node, Size]:
        """The node made conforming, and its shape."""
        head = node.head
        if head in ("num", "pi", "e", "I"):
            return node, SCALAR
        if head == "name":
            return node, self.known(self.shapes.get(str(node.args[0]), SCALAR))
        if head == "@":
            return node, SCALAR
        if head == "*":
            return self.product(node)
        if head == "+":
            return self.sum_of(node)
        if head in ("eye", "ones", "zeros"):
            sizes = node.children
            if head == "eye":
                return node, (sizes[0], sizes[0])
            return node, (sizes[0], sizes[1] if len(sizes) > 1 else ONE)
        if head in ("sum", "prod"):
            index, low, high, body = node.children
            body, shape = self.shape(body)
            return Node(head, (index, low, high, body), node.at), shape
        if head == "^":
            return self.power(node)
        if head in ENTRYWISE:
            return self.entrywise(node)
        pairs = [self.shape(child) for child in node.children]
        children, shapes = tuple(p[0] for p in pairs), [p[1] for p in pairs]
        out = Node(head, children, node.at)
        if head in MATRIX_HEADS or head == "total":
            return self.matrix_function(out, shapes)
        if head in RELATIONS or head in ("and", "or", "not", "true", "false"):
            return out, SCALAR
        if head in ("max", "min", "atan2", "piecewise"):
            wide = next((s for s in shapes if s != SCALAR), SCALAR)
            for child, s in zip(children, shapes, strict=True):
                if s != SCALAR and not self.conform(s, wide):
                    raise Mismatch(
                        f"{_short(child)} is {shape_text(self.known(s))}, the other argument of {head} {shape_text(wide)}"
                    )
            return out, self.known(wide)
        return out, shapes[0] if shapes else SCALAR  # a function of one argument acts on every entry

    def product(self, node: Node) -> tuple[Node, Size]:
        factors, shape, so_far = list[Node](), SCALAR, list[Node]()
        for child in node.children:
            child, s = self.shape(child)
            factors.append(child)
            shape = self.known(shape)
            if s == SCALAR:
                continue
            if shape == SCALAR:
                shape, so_far = s, [child]
                continue
            if not self.unify(shape[1], s[0]):
                left = mul(*so_far)
                raise Mismatch(
                    f"{_short(left)} and {_short(child)} cannot be multiplied: {_short(left)} is "
                    f"{shape_text(self.known(shape))}, {_short(child)} is {shape_text(self.known(s))}"
                )
            shape = self.known((shape[0], s[1]))
            so_far.append(child)
        return mul(*factors), self.known(shape)

    def sum_of(self, node: Node) -> tuple[Node, Size]:
        pairs = [self.shape(child) for child in node.children]
        wide = next(((n, s) for n, s in pairs if s != SCALAR), None)
        if wide is None:
            return rebuild(node, tuple(n for n, _ in pairs)), SCALAR
        terms = list[Node]()
        for term, s in pairs:
            if s == SCALAR:
                named = free_names(term) & set(self.shapes) == frozenset() and free_names(term)
                if self.strict and named and not self.broadcast:
                    raise Mismatch(
                        f"{_short(term)} is a scalar, {_short(wide[0])} is {shape_text(self.known(wide[1]))}"
                    )
                rows, columns = self.known(wide[1])
                ones = Node("ones", (rows,) if columns == ONE else (rows, columns))
                terms.append(mul(term, ones))
                continue
            if not self.conform(s, wide[1]):
                raise Mismatch(
                    f"{_short(wide[0])} and {_short(term)} cannot be added: {_short(wide[0])} is "
                    f"{shape_text(self.known(wide[1]))}, {_short(term)} is {shape_text(self.known(s))}"
                )
            terms.append(term)
        return rebuild(node, tuple(terms)), self.known(wide[1])

    def power(self, node: Node) -> tuple[Node, Size]:
        base, s = self.shape(node.children[0])
        exponent = node.children[1]
        if s == SCALAR:
            inner, t = self.shape(exponent)
            if t != SCALAR:
                raise Mismatch(f"the exponent {_short(inner)} is {shape_text(t)}, not a scalar")
            return rebuild(node, (base, inner)), SCALAR
        if exponent.name == "T" and "T" not in self.shapes:
            return Node("transpose", (base,), node.at), (s[1], s[0])
        k = exponent.number
        if k is None or k.denominator != 1 or abs(k) > 8:
            raise Mismatch(
                f"{_short(base)} is {shape_text(self.known(s))}: only integer powers of a "
                "square matrix are read; write .* for products of entries"
            )
        small = any(
            key[0].islower() for key in free_names(base) & set(self.inferred)
        )  # never a matrix by inference alone
        if small or not self.unify(*s):
            word = shape_text((self.size(s[0]), ONE)) if small else shape_text(self.known(s))
            what = word if "?" not in word else "a column"
            raise NotEntrywise(
                f"{_short(base)} is {what} and has no power {k}; write ({_short(base)}).^{k} for powers of its entries"
            )
        factor = base if k > 0 else Node("inv", (base,), node.at)
        return mul(*[factor] * abs(int(k))), self.known(s)

    def entrywise(self, node: Node) -> tuple[Node, Size]:
        pairs = [self.shape(child) for child in node.children]
        if node.head == "average":
            total, _ = self.matrix_function(Node("total", (pairs[0][0],), node.at), [pairs[0][1]])
            return mean(pairs[0][0], self.known(pairs[0][1]), total), SCALAR
        try:
            out, shape = entrywise(node.head, pairs[0], pairs[1], self.unify)
        except NoMeaning as fault:
            raise Mismatch(str(fault)) from None
        return out, self.known(shape)

    def matrix_function(self, node: Node, shapes: list[Size]) -> tuple[Node, Size]:
        head, inner = node.head, node.children[0]
        s = self.known(shapes[0])
        fits = not (free_names(inner) & self.shapes.keys()) and s == SCALAR
        if self.strict and fits and head in ("norm", "norm1", "nuclear", "transpose", "diag", "total", "tr", "rank"):
            raise Mismatch(f"{head} is taken of {_short(inner)}, which is a scalar")
        if head in ("inv", "tr", "logdet", "det"):
            if not self.unify(*s):
                raise Mismatch(f"{head} needs a square matrix, but {_short(inner)} is {shape_text(s)}")
            s = self.known(s)
            if s == SCALAR:
                if head == "inv":
                    return rebuild(Node("^", (inner, number(-1))), (inner, number(-1))), SCALAR
                return (Node("log", (inner,), node.at) if head == "logdet" else inner), SCALAR
            return node, s if head == "inv" else SCALAR
        if head in ("norm", "norm1", "nuclear", "rank"):
            if s == SCALAR and head != "rank":
                return Node("abs", (inner,), node.at), SCALAR
            return node, SCALAR
        if head == "transpose":
            return (inner if s == SCALAR else node), (s[1], s[0])
        if head == "diag":
            return node, (s[0], s[0]) if s[1] == ONE else (s[0], ONE)
        if head == "vec":
            return node, (mul(s[0], s[1]), ONE)
        if head == "total":
            if s == SCALAR:
                return inner, SCALAR
            if inner.head == "hadamard":  # the sum of products of entries is an inner product
                a, b = inner.children
                whole = mul(Node("transpose", (a,)), b)
                return (whole if s[1] == ONE else Node("tr", (whole,), node.at)), SCALAR
            left = Node("transpose", (Node("ones", (s[0],)),)) if s[0] != ONE else ONE
            right = Node("ones", (s[1],)) if s[1] != ONE else ONE
            return mul(left, inner, right), SCALAR
        t = self.known(shapes[1])
        other = node.children[1]
        if head == "hadamard":
            if SCALAR in (s, t):
                if self.strict and any(k == SCALAR and free_names(c) for k, c in ((s, inner), (t, other))):
                    raise Mismatch(f"{_short(node)} is a product of entries, and one of its factors is a number")
                return mul(*node.children), t if s == SCALAR else s
            if not self.conform(s, t):
                raise Mismatch(
                    f"{_short(inner)} and {_short(other)} cannot be multiplied entry by entry: "
                    f"{_short(inner)} is {shape_text(s)}, {_short(other)} is {shape_text(t)}"
                )
            return node, self.known(s)
        if head == "khatrirao":
            if not self.unify(s[1], t[1]):
                raise Mismatch(
                    f"khatrirao needs equally many columns: {_short(inner)} is {shape_text(s)}, {_short(other)} is {shape_text(t)}"
                )
            return node, (mul(s[0], t[0]), s[1])
        return node, (mul(s[0], t[0]), mul(s[1], t[1]))  # kron

    def constraint(self, node: Node) -> Node:
        if node.head not in RELATIONS:  # a property: X psd
            inner, s = self.shape(node.children[0])
            if node.head in SQUARE and not self.unify(*s):
                raise Mismatch(f"{_short(inner)} is {shape_text(s)}; only a square matrix can be {node.head}")
            return Node(node.head, (inner,), node.at)
        (a, s), (b, t) = (self.shape(child) for child in node.children)
        if s != SCALAR and t != SCALAR and not self.conform(s, t):
            raise Mismatch(
                f"the sides of a constraint differ in shape: {_short(a)} is {shape_text(self.known(s))}, "
                f"{_short(b)} is {shape_text(self.known(t))}"
            )
        for one, shape, other in ((a, s, t), (b, t, s)):
            if self.strict and shape == SCALAR and other != SCALAR and free_names(one) - self.shapes.keys():
                raise Mismatch(f"{_short(one)} is a scalar, the other side is {shape_text(self.known(other))}")
        return Node(node.head, (a, b), node.at)


def _renamed(node: Node, checker: Checker, fresh: Mapping[str, Node]) -> Node:
    if node.name is not None:
        return checker.size(node) if node.name in fresh else node
    return rebuild(node, tuple(_renamed(c, checker, fresh) for c in node.children)) if node.children else node


def _short(node: Node) -> str:
    text = unparse(node)
    return text if len(text) <= 60 else text[:57] + "..."
