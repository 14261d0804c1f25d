"""From the reader's nodes to words: shapes are checked here, and every fault names both shapes."""

from __future__ import annotations

from fractions import Fraction

from closedform.algebra.noncommutative import polynomial as w
from closedform.algebra.noncommutative.functions import (
    diagonal,
    diagonal_of,
    elementwise,
    hadamard,
    inverse,
    matrix_scalar,
    of_fill,
    power,
    scalar_function,
)
from closedform.algebra.noncommutative.letters import ONE, Atom, ShapeFault, Unsupported
from closedform.algebra.noncommutative.polynomial import Poly
from closedform.expression import Node
from closedform.frozen import FrozenMap, record

ELEMENTWISE = frozenset(
    {
        "exp",
        "log",
        "sqrt",
        "sin",
        "cos",
        "tan",
        "sinh",
        "cosh",
        "tanh",
        "sigmoid",
        "softplus",
        "relu",
        "abs",
        "sign",
        "erf",
        "erfc",
        "gamma",
        "loggamma",
        "digamma",
        "asin",
        "acos",
        "atan",
        "recip",
    }
)


@record
class Names:
    """What a name means: its shape (absent for a scalar), and what is known of it."""

    shapes: FrozenMap[str, tuple[str, str]]
    flags: FrozenMap[str, frozenset[str]] = FrozenMap()

    def poly(self, name: str) -> Poly:
        shape = self.shapes.get(name)
        return w.symbol(name, *shape, self.flags.get(name, ())) if shape else w.scalar(name)


def size_text(node: Node) -> str:
    """The canonical text of a size: a number, a symbol, ``n-2``, ``m*p``."""
    if node.head == "num":
        value = node.number
        if value is None or value.denominator != 1 or value < 1:
            raise ShapeFault(f"a size must be a positive whole number or a symbol, not {value}")
        return str(value.numerator)
    if node.head == "name":
        return str(node.name)
    poly = read(node, Names(FrozenMap()))
    if not poly.scalar or any(a.kind != "name" for m, _ in poly.terms for a, _ in m):
        raise ShapeFault(f"a size must be a number or an expression in size symbols, not {poly.key}")
    return poly.key.replace(" ", "")


def read(node: Node, names: Names) -> Poly:
    """The normal form of an expression; raises ``ShapeFault`` or ``Unsupported``."""
    head, kids = node.head, node.children
    if head == "num":
        return w.constant(node.number or 0)
    if head == "name":
        return names.poly(str(node.name))
    if head in ("pi", "e"):
        return w.of_atom(Atom("const", (head,)))
    if head in ("eye", "ones", "zeros"):
        sizes = [size_text(k) for k in kids]
        if head == "eye":
            return w.eye(sizes[0])
        rows, cols = sizes[0], sizes[1] if len(sizes) > 1 else ONE
        return w.zeros(rows, cols) if head == "zeros" else of_fill(rows, cols)
    args = [read(k, names) for k in kids]
    if head == "+":
        return _sum(args)
    if head == "*":
        out = args[0]
        for a in args[1:]:
            out = out * a
        return out
    if head == "^":
        return _power(args[0], args[1])
    if head == "transpose":
        return args[0].T
    if head == "inv":
        return inverse(args[0])
    if head == "tr":
        return w.trace(args[0])
    if head in ("logdet", "det", "nuclear", "rank"):
        return matrix_scalar(head, args[0])
    if head == "diag":
        return diagonal(args[0]) if ONE in (args[0].rows, args[0].cols) else diagonal_of(args[0])
    if head == "norm":
        return norm(args[0])
    if head == "norm1":
        return w.product(w.ones(args[0].rows).T, elementwise("abs", args[0]), w.ones(args[0].cols))
    if head == "total":
        return w.product(w.ones(args[0].rows).T, args[0], w.ones(args[0].cols))
    if head == "softmax":  # over a column, or along each row
        grown = elementwise("exp", args[0])
        if grown.cols == ONE:
            return grown * power(w.ones(grown.rows).T * grown, -1)
        return diagonal(elementwise("recip", grown * w.ones(grown.cols))) * grown
    if head == "hadamard":
        out = args[0]
        for a in args[1:]:
            out = hadamard(out, a)
        return out
    if head == "kron":
        p, q = args
        return w.compound("kron", p, q, w.product_of_sizes(p.rows, q.rows), w.product_of_sizes(p.cols, q.cols))
    if head == "khatrirao":
        p, q = args
        if p.cols != q.cols:
            raise ShapeFault(f"khatrirao needs as many columns: {p.key} has {p.cols}, but {q.key} has {q.cols}")
        return w.compound("khatrirao", p, q, w.product_of_sizes(p.rows, q.rows), p.cols)
    if head == "vec":
        return w.vec(args[0])
    if head in ("max", "min") and len(args) == 2 and any(a.zero for a in args):
        p = args[1] if args[0].zero else args[0]
        return elementwise("relu", p) if head == "max" else -elementwise("relu", -p)
    if head in ELEMENTWISE and len(args) == 1:
        return elementwise(head, args[0])
    if head == "@":
        raise Unsupported(
            "one entry of a matrix, as in A[1,2], is not read among matrices; write it as a product with unit vectors"
        )
    raise Unsupported(f"{head} has no meaning here among matrices")


def norm(p: Poly) -> Poly:
    if p.scalar:
        return scalar_function("abs", p)
    return power(w.trace(p.T * p), Fraction(1, 2))


def _sum(args: list[Poly]) -> Poly:
    shapes = {(a.rows, a.cols): a for a in args if not a.scalar}
    if not shapes:
        return w.add(*args)
    first = next(iter(shapes.values()))
    for other in shapes.values():
        w.conform(first, other, "cannot add")
    scalars = [a for a in args if a.scalar and not a.zero]
    if (
        scalars
        and first.cols != ONE
        and not any(l.kind == "fn" for a in shapes.values() for _, word in a.terms for l in word)
    ):
        raise ShapeFault(
            f"cannot add the number {scalars[0].key} to {w.shown(first)}, which is {first.rows} x "
            f"{first.cols}; "
            f"write {scalars[0].key}*eye({first.rows}) or {scalars[0].key}*ones({first.rows}, "
            f"{first.cols})"
        )
    fill = of_fill(first.rows, first.cols)
    return w.add(*(a * fill if a.scalar and not a.zero else a for a in args if not (a.scalar and a.zero)))


def _power(base: Poly, exponent: Poly) -> Poly:
    single = exponent.single()
    if exponent.zero or single is None or single[1]:
        if exponent.zero:
            return power(base, 0)
        raise Unsupported(f"the exponent {exponent.key} is not a number")
    e = single[0]
    if base.scalar:
        return power(base, e)
    entrywise = base.rows != base.cols or any(l.kind == "fn" for _, word in base.terms for l in word)
    if entrywise and e == -1:
        return elementwise("recip", base)
    if entrywise and e in (2, Fraction(1, 2)):
        return elementwise("square" if e == 2 else "sqrt", base)
    return power(base, e)
