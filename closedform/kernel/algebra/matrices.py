"""Matrix expressions at random data modulo a prime, with their derivatives along a direction by dual numbers.

Functions such as exp stand for independent indeterminates at each argument, with their derivatives' relations.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from flint import fmpq, fmpz
from flint import nmod_mat as Matrix

from closedform.kernel.reading import Json, integer, name, rational, refuse, sequence

MAX_DEPTH, MAX_ENTRIES = 200, 1600
BITS = 60  # of the least prime that is drawn


_OF = dict[str, Callable[[int, "ModularSample"], int]]  # the derivative of a function at x


class DualMatrix(NamedTuple):
    """A matrix, its derivative (None for zero), and a bound on the degree of its entries."""

    value: Matrix
    slope: Matrix | None
    degree: int


@dataclass
class _Modulus:
    """The prime of the sample that is at work."""

    p: int = 2**BITS + 33


MODULUS = _Modulus()


def draw_prime(seed: str) -> int:
    """The first prime from a place between 2^60 and 2^61 on, which whoever writes a formula does not choose."""
    p = 2**BITS + int.from_bytes(hashlib.sha256(f"{seed}|prime".encode()).digest()[:16], "big") % 2**BITS
    while not fmpz(p).is_prime():
        p += 1
    return p


def matrix(rows: int, cols: int, entries: list[int]) -> Matrix:
    return Matrix(rows, cols, entries, MODULUS.p)


def entries(a: Matrix) -> list[int]:
    return [int(x) for x in a.entries()]


def _flip(a: Matrix) -> Matrix:
    return a.transpose()


def identity(n: int) -> Matrix:
    return matrix(n, n, [int(i == j) for i in range(n) for j in range(n)])


def trace(a: Matrix) -> Matrix:
    return matrix(1, 1, [sum(int(a[i, i]) for i in range(a.nrows())) % MODULUS.p])


class ModularSample:
    """One choice of random data, modulo the prime of its seed (of what stands before "|"); evaluates trees there."""

    def __init__(
        self, seed: str, shapes: dict[str, tuple[int, int]], properties: dict[str, list[str]], sizes: dict[str, int]
    ) -> None:
        self.seed, self.shapes, self.properties, self.sizes = seed, shapes, properties, sizes
        self.known: dict[str, DualMatrix] = {}
        MODULUS.p = draw_prime(seed.partition("|")[0])

    def draw(self, label: str) -> int:
        return int.from_bytes(hashlib.sha256(f"{self.seed}|{label}".encode()).digest()[:16], "big") % MODULUS.p

    def random(self, what: str, rows: int, cols: int) -> Matrix:
        return matrix(rows, cols, [self.draw(f"{what}[{i},{j}]") for i in range(rows) for j in range(cols)])

    def shaped(self, what: str, of: str) -> tuple[Matrix, int]:
        """A random matrix with the shape and properties of a name, and the degree of its entries."""
        rows, cols = self.shapes.get(of, (1, 1))
        words = self.properties.get(of, [])
        a = self.random(what, rows, cols)
        if "orth" in words and rows < cols:  # there is none
            raise ValueError
        if "orth" in words:  # the first columns of a Cayley transform
            skew = self.random(what, rows, rows)
            skew = skew - skew.transpose()
            full = (identity(rows) - skew) * (identity(rows) + skew).inv()
            if self.draw(f"{what} mirrored") % 2:  # a Cayley transform is a rotation
                full = full * _diag(matrix(rows, 1, [MODULUS.p - 1] + [1] * (rows - 1)))
            return matrix(rows, cols, [int(full[i, j]) for i in range(rows) for j in range(cols)]), rows + 1
        if words and rows != cols:
            refuse(f"{of} is not square")
        if "diag" in words:
            return matrix(rows, rows, [x * (i % (rows + 1) == 0) for i, x in enumerate(entries(a))]), 1
        if "spd" in words or "psd" in words:
            return a * a.transpose(), 2
        return (a + a.transpose(), 1) if "sym" in words else (a, 1)

    def name(self, n: str) -> DualMatrix:
        if n not in self.known:
            if n in self.sizes and n not in self.shapes:
                return DualMatrix(matrix(1, 1, [self.sizes[n]]), None, 0)
            value, degree = self.shaped(n, n)
            self.known[n] = DualMatrix(value, None, degree)
        return self.known[n]

    def size(self, tree: Json) -> int:
        got = self.tree(tree, 0).value
        value = int(got[0, 0])
        if value == 0 or value > MODULUS.p // 2:  # no matrix has so few rows: there is none at these sizes
            raise ValueError
        if got.nrows() != 1 or got.ncols() != 1 or value > MAX_ENTRIES:
            refuse("a size is out of range")
        return value

    def tree(self, tree: Json, depth: int) -> DualMatrix:
        if depth > MAX_DEPTH:
            refuse("an expression is nested too deeply")
        if isinstance(tree, str):
            if tree[:1] not in "-0123456789":
                return self.name(name(tree, "a name"))
            q: fmpq = rational(tree, "a number")
            return DualMatrix(matrix(1, 1, [int(q.p) * pow(int(q.q), -1, MODULUS.p) % MODULUS.p]), None, 0)
        head, *rest = sequence(tree, "an expression")
        if head in ("pi", "e") and not rest:  # an indeterminate
            return DualMatrix(matrix(1, 1, [self.draw(str(head))]), None, 1)
        if head in ("eye", "ones", "zeros") and len(rest) <= 2 - (head == "eye"):
            sizes = [self.size(t) for t in rest]
            rows, cols = sizes[0], sizes[-1] if head == "eye" or len(sizes) == 2 else 1
            full = identity(rows) if head == "eye" else matrix(rows, cols, [int(head == "ones")] * (rows * cols))
            return DualMatrix(full, None, 0)
        if head == "unvec":
            rows, cols = self.size(rest[1]), self.size(rest[2])
            return _map(self.tree(rest[0], depth + 1), lambda a: matrix(cols, rows, entries(a)).transpose())
        if head == "^" and len(rest) == 2:
            e = integer(rest[1], "an exponent", -8, 8)
            if isinstance(rest[0], list) and rest[0][0] == "norm" and e % 2 == 0:
                a = self.tree(rest[0][1], depth + 1)
                square = _map(_times(_map(a, _flip), a), trace)
                return _power(square, e // 2)
            return _power(self.tree(rest[0], depth + 1), e)
        args = [self.tree(t, depth + 1) for t in rest]
        if head == "+" or head == "*":
            out = args[0]
            for a in args[1:]:
                out = _plus(out, a) if head == "+" else _times(out, a)
            return out
        if len(args) == 2 and head in ("hadamard", "kron", "khatrirao"):
            return _bilinear({"hadamard": _hadamard, "kron": _kron, "khatrirao": _khatrirao}[head], *args)
        if len(args) == 2 and head in ("kronleft", "kronright"):
            return _bilinear(lambda g, a: _contracted(g, a, head == "kronleft"), *args)
        if len(args) != 1:
            refuse(f"{head} with {len(args)} arguments")
        a = args[0]
        if head == "transpose":
            return _map(a, _flip)
        if head == "inv":
            return _power(a, -1)
        if head == "tr":
            return _map(a, trace)
        if head == "vec":
            return _map(a, lambda m: matrix(m.nrows() * m.ncols(), 1, entries(m.transpose())))
        if head == "total":
            return _map(a, lambda m: matrix(1, 1, [sum(entries(m)) % MODULUS.p]))
        if head == "diag":
            return _map(a, _diag)
        if head in ("logdet", "det"):
            d = int(a.value.det())
            n, value = a.value.nrows(), d if head == "det" else self.draw(f"log({d})")
            factor = d if head == "det" else 1
            slope = None if a.slope is None else trace(a.value.inv() * a.slope) * factor
            return DualMatrix(matrix(1, 1, [value]), slope, (n + 2) * a.degree)
        if head not in _FUNCTIONS:
            refuse(f"no meaning for {str(head)[:40]} here")
        return self.function(str(head), a)

    def function(self, head: str, a: DualMatrix) -> DualMatrix:
        rows, cols, xs = a.value.nrows(), a.value.ncols(), entries(a.value)
        value = matrix(rows, cols, [self.at(head, x) for x in xs])
        if a.slope is None:
            return DualMatrix(value, None, a.degree + 1)
        rates = [_FUNCTIONS[head](x, self) for x in xs]
        slope = [r * s % MODULUS.p for r, s in zip(rates, entries(a.slope), strict=True)]
        return DualMatrix(value, matrix(rows, cols, slope), 2 * a.degree + 2)

    def at(self, head: str, x: int) -> int:
        """The function's value: exp and log are free, all others are written with them."""
        if head == "recip":
            return pow(x, -1, MODULUS.p)
        if head == "square":
            return x * x % MODULUS.p
        if head in ("exp", "log", "sin", "cos"):
            return self.draw(f"{head}({x})")
        if head == "softplus":
            return self.at("log", (1 + self.at("exp", x)) % MODULUS.p)
        up, half = self.at("exp", x), pow(2, -1, MODULUS.p)
        down = pow(up, -1, MODULUS.p)
        if head == "sigmoid":
            return up * pow(1 + up, -1, MODULUS.p) % MODULUS.p
        odd, even = (up - down) * half % MODULUS.p, (up + down) * half % MODULUS.p
        return odd * pow(even, -1, MODULUS.p) % MODULUS.p if head == "tanh" else odd if head == "sinh" else even


_FUNCTIONS: _OF = {
    "exp": lambda x, s: s.at("exp", x),
    "log": lambda x, s: pow(x, -1, MODULUS.p),
    "recip": lambda x, s: -pow(x, -2, MODULUS.p) % MODULUS.p,
    "square": lambda x, s: 2 * x,
    "softplus": lambda x, s: s.at("sigmoid", x),
    "sigmoid": lambda x, s: s.at("sigmoid", x) * (1 - s.at("sigmoid", x)) % MODULUS.p,
    "tanh": lambda x, s: 1 - pow(s.at("tanh", x), 2, MODULUS.p),
    "sin": lambda x, s: s.at("cos", x),
    "cos": lambda x, s: -s.at("sin", x) % MODULUS.p,
    "sinh": lambda x, s: s.at("cosh", x),
    "cosh": lambda x, s: s.at("sinh", x),
}


# What a matrix tree is made of, with the number of arguments (-1: any).
HEADS: dict[str, int] = {
    **dict.fromkeys(("+", "*", "ones", "zeros"), -1),
    **dict.fromkeys(("eye", "inv", "transpose", "tr", "det", "logdet", "diag", "norm", "vec", "total", *_FUNCTIONS), 1),
    **dict.fromkeys(("^", "hadamard", "kron", "khatrirao", "kronleft", "kronright"), 2),
    "unvec": 3,
    "pi": 0,
    "e": 0,
}


def _map(a: DualMatrix, f: Callable[[Matrix], Matrix]) -> DualMatrix:
    return DualMatrix(f(a.value), None if a.slope is None else f(a.slope), a.degree)


def _total(parts: list[Matrix]) -> Matrix | None:
    out = parts[0] if parts else None
    for part in parts[1:]:
        out = part if out is None else out + part
    return out


def is_scalar(a: Matrix) -> bool:
    return a.nrows() == 1 == a.ncols()


def _product(a: Matrix, b: Matrix) -> Matrix:
    if is_scalar(a) or is_scalar(b):
        return b * int(a[0, 0]) if is_scalar(a) else a * int(b[0, 0])
    if a.ncols() != b.nrows():
        refuse("matrices in a product do not conform")
    return a * b


def _times(a: DualMatrix, b: DualMatrix) -> DualMatrix:
    return _bilinear(_product, a, b)


def _bilinear(f: Callable[[Matrix, Matrix], Matrix], a: DualMatrix, b: DualMatrix) -> DualMatrix:
    parts = [f(x, y) for x, y in ((a.slope, b.value), (a.value, b.slope)) if x is not None and y is not None]
    value = f(a.value, b.value)
    if value.nrows() * value.ncols() > MAX_ENTRIES * MAX_ENTRIES:
        refuse("a matrix is too large")
    return DualMatrix(value, _total(parts), a.degree + b.degree)


def _plus(a: DualMatrix, b: DualMatrix) -> DualMatrix:
    rows, cols = max(a.value.nrows(), b.value.nrows()), max(a.value.ncols(), b.value.ncols())

    def spread(m: Matrix) -> Matrix:  # a number added to a matrix is added to every entry
        return matrix(rows, cols, [int(m[0, 0])] * (rows * cols)) if is_scalar(m) else m

    if (spread(a.value).nrows(), spread(a.value).ncols()) != (spread(b.value).nrows(), spread(b.value).ncols()):
        refuse("matrices in a sum do not conform")
    slopes = [spread(s) for s in (a.slope, b.slope) if s is not None]
    return DualMatrix(spread(a.value) + spread(b.value), _total(slopes), a.degree + b.degree)


def _power(a: DualMatrix, e: int) -> DualMatrix:
    n = a.value.nrows()
    if n != a.value.ncols():
        refuse("a power of a matrix that is not square")
    if e < 0:
        inverse = a.value.inv()
        a = DualMatrix(
            inverse, None if a.slope is None else (inverse * a.slope * inverse) * (MODULUS.p - 1), (n + 2) * a.degree
        )
    out = DualMatrix(identity(n), None, 0)
    for _ in range(abs(e)):
        out = _times(out, a)
    return out


def _diag(a: Matrix) -> Matrix:
    if min(a.nrows(), a.ncols()) == 1:
        n, xs = max(a.nrows(), a.ncols()), entries(a)
        return matrix(n, n, [xs[i] if i == j else 0 for i in range(n) for j in range(n)])
    return matrix(a.nrows(), 1, [int(a[i, i]) for i in range(a.nrows())])


def _hadamard(a: Matrix, b: Matrix) -> Matrix:
    if (a.nrows(), a.ncols()) != (b.nrows(), b.ncols()):
        refuse("matrices in an elementwise product do not conform")
    return matrix(a.nrows(), a.ncols(), [x * y % MODULUS.p for x, y in zip(entries(a), entries(b), strict=True)])


def _kron(a: Matrix, b: Matrix) -> Matrix:
    rows, cols = a.nrows() * b.nrows(), a.ncols() * b.ncols()
    if rows * cols > MAX_ENTRIES * MAX_ENTRIES:
        refuse("a Kronecker product is too large")
    q, s = b.nrows(), b.ncols()
    return matrix(
        rows,
        cols,
        [int(a[i // q, j // s]) * int(b[i % q, j % s]) % MODULUS.p for i in range(rows) for j in range(cols)],
    )


def _khatrirao(a: Matrix, b: Matrix) -> Matrix:
    q, cols = b.nrows(), a.ncols()
    if cols != b.ncols():
        refuse("a Khatri-Rao product of matrices with different numbers of columns")
    return matrix(
        a.nrows() * q,
        cols,
        [int(a[i // q, j]) * int(b[i % q, j]) % MODULUS.p for i in range(a.nrows() * q) for j in range(cols)],
    )


def _contracted(g: Matrix, a: Matrix, left: bool) -> Matrix:
    """The adjoints of the Kronecker product: the blocks of G weighted by A's entries, or (left) their products with A."""
    rows, cols = a.nrows(), a.ncols()
    if g.nrows() % rows or g.ncols() % cols:
        refuse("the blocks of a matrix do not conform")
    p, q = g.nrows() // rows, g.ncols() // cols
    spots = [(i, j, int(a[i, j])) for i in range(rows) for j in range(cols)]

    def at(i: int, j: int, k: int, l: int) -> int:
        return int(g[k * rows + i, l * cols + j] if left else g[i * p + k, j * q + l])

    return matrix(p, q, [sum(at(i, j, k, l) * x for i, j, x in spots) % MODULUS.p for k in range(p) for l in range(q)])
