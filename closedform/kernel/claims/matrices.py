"""Claim "matrix_stationary": a matrix formula makes every directional derivative of a matrix loss vanish.

The statement is the loss with its symbols' shapes (in size symbols), properties, unknowns and equality constraints; the
claim gives the unknowns' formulas in the order of evaluation; the evidence says which sizes must exceed which for the
inverses to exist, and nothing else. The kernel draws a prime p past 2^60, and random matrices modulo p for the data,
from a hash of statement and claim, evaluates the formulas, and differentiates the loss along random directions (tangent to
the constraints) by dual numbers of its own. A rational identity of degree D that is false survives a trial with probability
at most D/p (Schwartz 1980). A formula that is special to some sizes fails at others: each size takes more values than it
may be special at, counted by the numbers that sizes and traces may make. That a formula is positive semidefinite is read off
how it is written. Functions such as
exp stand for independent indeterminates at each argument, with their derivatives' relations. What is proved is the
identity at the sizes stated, up to that probability, wherever the inverses exist. Long, for its matrix functions.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from flint import fmpq, fmpz
from flint import nmod_mat as Matrix

from closedform.kernel.expressions.infix import infix
from closedform.kernel.expressions.tree import read
from closedform.kernel.reading import Json, fields, integer, mapping, name, names, rational, refuse, sequence

BITS = 60  # of the least prime that is drawn
MAX_DEPTH, MAX_ENTRIES, MAX_DATA = 200, 1600, 20_000
MIN_TRIALS, MAX_TRIALS, MIN_VALUES, STEP, MAX_VALUES = 4, 100, 3, 3, 24
PROPERTIES = ("sym", "spd", "psd", "orth", "diag")
_OF = dict[str, Callable[[int, "Sample"], int]]  # the derivative of a function at x


class Dual(NamedTuple):
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


class Sample:
    """One choice of random data, modulo the prime of its seed (of what stands before "|"); evaluates trees there."""

    def __init__(
        self, seed: str, shapes: dict[str, tuple[int, int]], properties: dict[str, list[str]], sizes: dict[str, int]
    ) -> None:
        self.seed, self.shapes, self.properties, self.sizes = seed, shapes, properties, sizes
        self.known: dict[str, Dual] = {}
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
        if "orth" in words and rows >= cols:  # the first columns of a Cayley transform
            skew = self.random(what, rows, rows)
            skew = skew - skew.transpose()
            full = (identity(rows) - skew) * (identity(rows) + skew).inv()
            return matrix(rows, cols, [int(full[i, j]) for i in range(rows) for j in range(cols)]), rows + 1
        if words and rows != cols:
            refuse(f"{of} is not square")
        if "diag" in words:
            return matrix(rows, rows, [x * (i % (rows + 1) == 0) for i, x in enumerate(entries(a))]), 1
        if "spd" in words or "psd" in words:
            return a * a.transpose(), 2
        return (a + a.transpose(), 1) if "sym" in words else (a, 1)

    def name(self, n: str) -> Dual:
        if n not in self.known:
            if n in self.sizes and n not in self.shapes:
                return Dual(matrix(1, 1, [self.sizes[n]]), None, 0)
            value, degree = self.shaped(n, n)
            self.known[n] = Dual(value, None, degree)
        return self.known[n]

    def size(self, tree: Json) -> int:
        got = self.tree(tree, 0).value
        value = int(got[0, 0])
        if got.nrows() != 1 or got.ncols() != 1 or not 1 <= value <= MAX_ENTRIES:
            refuse("a size is out of range")
        return value

    def tree(self, tree: Json, depth: int) -> Dual:
        if depth > MAX_DEPTH:
            refuse("an expression is nested too deeply")
        if isinstance(tree, str):
            if tree[:1] not in "-0123456789":
                return self.name(name(tree, "a name"))
            q: fmpq = rational(tree, "a number")
            return Dual(matrix(1, 1, [int(q.p) * pow(int(q.q), -1, MODULUS.p) % MODULUS.p]), None, 0)
        head, *rest = sequence(tree, "an expression")
        if head in ("pi", "e") and not rest:  # an indeterminate
            return Dual(matrix(1, 1, [self.draw(str(head))]), None, 1)
        if head in ("eye", "ones", "zeros"):
            sizes = [self.size(t) for t in rest]
            rows, cols = sizes[0], sizes[-1] if head == "eye" or len(sizes) == 2 else 1
            full = identity(rows) if head == "eye" else matrix(rows, cols, [int(head == "ones")] * (rows * cols))
            return Dual(full, None, 0)
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
            return Dual(matrix(1, 1, [value]), slope, (n + 2) * a.degree)
        if head not in _FUNCTIONS:
            refuse(f"no meaning for {str(head)[:40]} here")
        return self.function(str(head), a)

    def function(self, head: str, a: Dual) -> Dual:
        rows, cols, xs = a.value.nrows(), a.value.ncols(), entries(a.value)
        value = matrix(rows, cols, [self.at(head, x) for x in xs])
        if a.slope is None:
            return Dual(value, None, a.degree + 1)
        rates = [_FUNCTIONS[head](x, self) for x in xs]
        slope = [r * s % MODULUS.p for r, s in zip(rates, entries(a.slope), strict=True)]
        return Dual(value, matrix(rows, cols, slope), 2 * a.degree + 2)

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
    **dict.fromkeys(("+", "*", "eye", "ones", "zeros"), -1),
    **dict.fromkeys(("inv", "transpose", "tr", "det", "logdet", "diag", "norm", "vec", "total", *_FUNCTIONS), 1),
    **dict.fromkeys(("^", "hadamard", "kron", "khatrirao", "kronleft", "kronright"), 2),
    "unvec": 3,
    "pi": 0,
    "e": 0,
}


def _map(a: Dual, f: Callable[[Matrix], Matrix]) -> Dual:
    return Dual(f(a.value), None if a.slope is None else f(a.slope), a.degree)


def _total(parts: list[Matrix]) -> Matrix | None:
    out = parts[0] if parts else None
    for part in parts[1:]:
        out = part if out is None else out + part
    return out


def _is_scalar(a: Matrix) -> bool:
    return a.nrows() == 1 == a.ncols()


def _product(a: Matrix, b: Matrix) -> Matrix:
    if _is_scalar(a) or _is_scalar(b):
        return b * int(a[0, 0]) if _is_scalar(a) else a * int(b[0, 0])
    if a.ncols() != b.nrows():
        refuse("matrices in a product do not conform")
    return a * b


def _times(a: Dual, b: Dual) -> Dual:
    return _bilinear(_product, a, b)


def _bilinear(f: Callable[[Matrix, Matrix], Matrix], a: Dual, b: Dual) -> Dual:
    parts = [f(x, y) for x, y in ((a.slope, b.value), (a.value, b.slope)) if x is not None and y is not None]
    value = f(a.value, b.value)
    if value.nrows() * value.ncols() > MAX_ENTRIES * MAX_ENTRIES:
        refuse("a matrix is too large")
    return Dual(value, _total(parts), a.degree + b.degree)


def _plus(a: Dual, b: Dual) -> Dual:
    rows, cols = max(a.value.nrows(), b.value.nrows()), max(a.value.ncols(), b.value.ncols())

    def spread(m: Matrix) -> Matrix:  # a number added to a matrix is added to every entry
        return matrix(rows, cols, [int(m[0, 0])] * (rows * cols)) if _is_scalar(m) else m

    if (spread(a.value).nrows(), spread(a.value).ncols()) != (spread(b.value).nrows(), spread(b.value).ncols()):
        refuse("matrices in a sum do not conform")
    slopes = [spread(s) for s in (a.slope, b.slope) if s is not None]
    return Dual(spread(a.value) + spread(b.value), _total(slopes), a.degree + b.degree)


def _power(a: Dual, e: int) -> Dual:
    n = a.value.nrows()
    if n != a.value.ncols():
        refuse("a power of a matrix that is not square")
    if e < 0:
        inverse = a.value.inv()
        a = Dual(
            inverse, None if a.slope is None else (inverse * a.slope * inverse) * (MODULUS.p - 1), (n + 2) * a.degree
        )
    out = Dual(identity(n), None, 0)
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


@dataclass
class Stated:
    """The statement and the formulas, read."""

    statement: dict[str, Json]
    unknowns: list[str]
    formulas: dict[str, Json]  # in the order of evaluation
    shapes: dict[str, list[Json]]
    properties: dict[str, list[str]]
    constraints: list[Json]

    @property
    def sizes(self) -> list[str]:
        found = set[str]().union(*(_names(s) for pair in self.shapes.values() for s in pair))
        return sorted(s for s in found if s[:1] not in "-0123456789")


def _stated(statement: dict[str, Json], claim: dict[str, Json]) -> Stated:
    stated = fields(statement, ("loss", "unknowns", "shapes", "properties", "constraints"))
    unknowns = names(stated["unknowns"], "unknowns")
    pairs = [sequence(p, "a formula", 2) for p in sequence(claim["formula"], "formula", 100)]
    formulas = {name(p[0], "an unknown"): p[1] for p in pairs}
    if sorted(formulas) != sorted(unknowns) or not unknowns or len(pairs) != len(unknowns):
        refuse("the formulas are not those of the unknowns")
    shapes = {k: sequence(v, "a shape", 2) for k, v in mapping(stated["shapes"], "shapes").items()}
    properties = {k: names(v, k) for k, v in mapping(stated["properties"], "properties").items()}
    if any(word not in PROPERTIES for words in properties.values() for word in words):
        refuse("an unknown property")
    out = Stated(statement, unknowns, formulas, shapes, properties, sequence(stated["constraints"], "constraints", 50))
    if set(unknowns) & set(out.sizes) or any(len(p) != 2 for p in shapes.values()):
        refuse("an unknown is also a size, or a shape is no pair")
    defined = set[str]()
    for key, tree in formulas.items():  # a formula may use unknowns that came before it, never later ones
        if _names(tree) & (set(unknowns) - defined):
            refuse(f"the formula of {key} uses an unknown that has no value yet")
        defined.add(key)
        words = set(properties.get(key, []))
        if words & {"orth", "diag"}:
            refuse(f"{key} is bound to a curved or sparse set, which this claim does not cover")
        if words & {"spd", "psd"} and not definite(tree, out, frozenset()):
            refuse(f"nothing shows that the formula of {key} is positive semidefinite")
    return out


def definite(tree: Json, stated: Stated, seen: frozenset[str]) -> bool:
    """Positive semidefinite as it is written: A*A', A'*P*A, inverses, sums and positive multiples of such."""
    if isinstance(tree, str):
        if tree in stated.formulas and tree not in seen:
            return definite(stated.formulas[tree], stated, seen | {tree})
        number = tree[:1] in "-0123456789"
        return (number and rational(tree, "a number") >= 0) or (
            tree in stated.sizes or bool({"spd", "psd"} & set(stated.properties.get(tree, [])))
        )
    head, *args = sequence(tree, "an expression")
    if head in ("eye", "e", "pi") or (head in ("inv", "transpose", "tr", "det") and definite(args[0], stated, seen)):
        return True
    if head == "^" and len(args) == 2:
        even = integer(args[1], "an exponent", -8, 8) % 2 == 0
        return definite(args[0], stated, seen) or (even and (_scalar(args[0], stated) or args[0] == _flipped(args[0])))
    if head == "+":
        return all(definite(a, stated, seen) for a in args)
    if head != "*":
        return False
    factors = [a for a in args if not (_scalar(a, stated) and definite(a, stated, seen))]
    while len(factors) > 1 and factors[0] == _flipped(factors[-1]):
        factors = factors[1:-1]
    return not factors or (len(factors) == 1 and definite(factors[0], stated, seen))


def _scalar(tree: Json, stated: Stated) -> bool:
    """Whether the tree is a number, by how it is written."""
    if isinstance(tree, str):
        return list(stated.shapes.get(tree, ["1", "1"])) == ["1", "1"]
    head, *args = sequence(tree, "an expression")
    if head in ("+", "*", "^", "inv"):
        return all(_scalar(a, stated) for a in args)
    return head in ("tr", "det", "logdet", "total", "norm", "pi", "e")


def _flipped(tree: Json) -> Json:
    """The transpose of a tree as it would be written."""
    if isinstance(tree, list) and tree[0] == "transpose":
        return tree[1]
    if isinstance(tree, list) and tree[0] == "*":
        return ["*", *[_flipped(a) for a in reversed(tree[1:])]]
    return ["transpose", tree]


def check_matrix_stationary(statement: dict[str, Json], claim: dict[str, Json], evidence: dict[str, Json]) -> str:
    """Accepts when all random trials give zero; see the head of this file for what that proves."""
    fields(claim, ("kind", "formula"))
    stated = _stated(statement, claim)
    tall = [names(p, "a row of sizes") for p in sequence(fields(evidence, ("tall",))["tall"], "tall", 100)]
    if any(len(p) < 2 or not set(p) <= set(stated.sizes) for p in tall):
        refuse("tall must name rows of two or more sizes")
    trees = [stated.statement["loss"], *stated.formulas.values(), *stated.constraints]
    tried, worst = trials([statement, claim], stated.sizes, tall, trees, lambda s, seed: _trial(stated, s, seed))
    at = "; ".join(", ".join(f"{k} = {v}" for k, v in s.items()) for s in tried[:8] if s)
    inverted = dict.fromkeys(_text(t) for f in stated.formulas.values() for t in inverses(f))
    where = " and ".join([*(f"{t} is invertible" for t in inverted)] or ["everything in it is defined"])
    formulas = ", ".join(f"{k} = {_text(v)}" for k, v in stated.formulas.items())
    return (
        f"at {formulas} every {'feasible ' * bool(stated.constraints)}directional derivative of "
        f"{_text(stated.statement['loss'])} is zero wherever {where}: {len(tried)} random trials modulo primes past 2^60"
        f"{f' at the sizes {at}' if at else ''} (at these sizes wrong with probability below "
        f"2^-{BITS - worst.bit_length()} each)"
    )


def trials(
    subject: Json,
    symbols: list[str],
    tall: list[list[str]],
    trees: list[Json],
    trial: Callable[[dict[str, int], str], int],
) -> tuple[list[dict[str, int]], int]:
    """The sizes tried and the largest degree, where ``trial`` did not refuse at any sizes and seed drawn from the subject.

    Each size takes one value more than the trees may be special at; matrices of size k have identities of their own of
    degree 2k and more only (Amitsur and Levitzki 1950).
    """
    longest = sum(map(_length, trees))
    worst, tried, values = 0, list[dict[str, int]](), max(MIN_VALUES, 1 + special(trees, symbols), longest // 2)
    if symbols and values > MAX_VALUES:
        refuse("it may be special at too many sizes")
    for number in range(MAX_TRIALS):
        if len(tried) >= MIN_TRIALS and not _thin(symbols, tried, values):
            break
        seed = hashlib.sha256(
            json.dumps([str(number), *sequence(subject, "a subject")], sort_keys=True).encode()
        ).hexdigest()
        sizes = draw_sizes(symbols, tall, seed, 2 + number % (values + 1))
        try:
            worst = max(worst, trial(sizes, seed))
        except (ZeroDivisionError, ValueError):
            continue  # a matrix that is inverted has no inverse at these sizes
        tried.append(sizes)
        if not symbols and len(tried) == 2:
            break
    if len(tried) < (MIN_TRIALS if symbols else 2):
        refuse(f"the formula has a value at {len(tried)} of {MAX_TRIALS} choices of sizes, and {MIN_TRIALS} are needed")
    for size in _thin(symbols, tried, values):
        refuse(f"the formula has a value at too few values of {size}")
    if worst >= 2**50:
        refuse("the degrees are too large for the test to mean anything")
    return tried, worst


def _thin(sizes: list[str], tried: list[dict[str, int]], values: int) -> list[str]:
    """The sizes that were not tried at enough values; then more are drawn."""
    return [size for size in sizes if len({s[size] for s in tried}) < values]


def special(trees: list[Json], symbols: list[str]) -> int:
    """At how many values of a size an identity that is false may hold: each number that depends on sizes may be zero once.

    Such are the sizes themselves, traces, totals, norms and determinants, and products of two columns of ones, each of
    which may also be written as a diagonal or a vec.
    """

    def count(tree: Json) -> int:  # twice the number
        if isinstance(tree, str):
            return 2 * int(tree in symbols)
        head, *args = sequence(tree, "an expression")
        if head == "^" and len(args) == 2:
            square = isinstance(args[0], list) and args[0][0] == "norm"
            return count(args[0]) * abs(integer(args[1], "an exponent", -8, 8)) // (2 if square else 1)
        own = 2 if head in ("tr", "total", "norm", "det", "logdet") else int(head in ("ones", "vec", "diag"))
        inside = args[:1] if head == "unvec" else [] if head in ("eye", "ones", "zeros") else args
        return own + sum(map(count, inside))

    return (sum(map(count, trees)) + 1) // 2


def _length(tree: Json) -> int:
    """How many letters are multiplied in a term at most."""
    if not isinstance(tree, list):
        return int(str(tree)[:1] not in "-0123456789")
    parts = list(map(_length, tree[1:]))
    if tree[0] == "^":
        return parts[0] * abs(integer(tree[2], "an exponent", -8, 8))
    return 0 if tree[0] in ("eye", "ones", "zeros") else (max if tree[0] == "+" else sum)(parts)


def draw_sizes(symbols: list[str], tall: list[list[str]], seed: str, least: int) -> dict[str, int]:
    """Distinct sizes, the least as given, the others drawn from the seed; of a row (a, b, c) in ``tall``, a exceeds b + c."""
    order = sorted(symbols, key=lambda s: hashlib.sha256(f"{seed}|{s}".encode()).digest())
    above = {s: [b for row in tall if row[0] == s for b in row[1:]] for s in symbols}
    ranked = list[str]()

    def place(s: str, path: tuple[str, ...]) -> None:
        if s in path:
            refuse("the pairs of sizes run in a circle")
        if s not in ranked:
            for b in above[s]:
                place(b, (*path, s))
            ranked.append(s)

    for s in order:
        place(s, ())
    out, size = dict[str, int](), least - 1
    for s in ranked:
        size += 1 + (hashlib.sha256(f"{seed}|step {s}".encode()).digest()[0] % STEP if out else 0)
        size = max([size, *(1 + sum(out[b] for b in row[1:]) for row in tall if row[0] == s)])
        out[s] = size
    return out


def _trial(stated: Stated, sizes: dict[str, int], seed: str) -> int:
    """One random choice of the data: refused unless the derivative vanishes; the degree of what was tested."""
    blank = Sample("", {}, {}, sizes)
    shapes = {key: (blank.size(rows), blank.size(cols)) for key, (rows, cols) in stated.shapes.items()}
    if any(rows * cols > MAX_DATA for rows, cols in shapes.values()):
        refuse("a matrix is too large")
    sample = Sample(seed, shapes, stated.properties, sizes)
    degrees = dict[str, int]()
    for key, tree in stated.formulas.items():
        value = sample.tree(tree, 0)
        if (value.value.nrows(), value.value.ncols()) != shapes.get(key, (1, 1)):
            refuse(f"the formula of {key} has the wrong shape")
        words = set(stated.properties.get(key, []))
        if words & {"sym", "spd", "psd"} and value.value != value.value.transpose():
            refuse(f"the formula of {key} is not symmetric")
        if "spd" in words and int(value.value.det()) == 0:
            refuse(f"the formula of {key} is singular")
        sample.known[key], degrees[key] = value, value.degree
    for tree in stated.constraints:
        if any(entries(sample.tree(tree, 0).value)):
            refuse("a constraint is not met by the formula")
    for key, direction in _directions(sample, stated.unknowns, stated.constraints).items():
        sample.known[key] = Dual(sample.known[key].value, direction, 2 * degrees[key] + 2)
    loss = sample.tree(stated.statement["loss"], 0)
    if not _is_scalar(loss.value):
        refuse("the loss is not a number")
    if loss.slope is not None and int(loss.slope[0, 0]) != 0:
        refuse("the derivative of the loss at the formula is not zero")
    return 2 * loss.degree + 2


def _text(tree: Json) -> str:
    return infix(read(tree, heads=HEADS))


def inverses(tree: Json) -> list[Json]:
    """What is inverted, or divided by, in a tree."""
    if not isinstance(tree, list):
        return []
    below = tree[0] == "inv" or (tree[0] == "^" and str(tree[2]).startswith("-"))
    return [*(tree[1:2] if below else []), *(t for a in tree[1:] for t in inverses(a))]


def _names(tree: Json) -> set[str]:
    if isinstance(tree, str):
        return {tree}
    return set[str]().union(*(_names(t) for t in tree[1:])) if isinstance(tree, list) else set()


def _directions(sample: Sample, unknowns: list[str], constraints: list[Json]) -> dict[str, Matrix]:
    """Random directions of the unknowns, tangent to the constraints and to symmetry."""
    if not constraints:
        return {
            n: sample.shaped(f"d {n}", n)[0] if "spd" not in sample.properties.get(n, []) else _symmetric(sample, n)
            for n in unknowns
        }
    basis = list[tuple[str, Matrix]]()
    for n in unknowns:
        rows, cols = sample.shapes.get(n, (1, 1))
        symmetric = bool(set(sample.properties.get(n, [])) & {"sym", "spd", "psd"})
        for i in range(rows):
            for j in range(i if symmetric else 0, cols):
                spots = {(i, j), (j, i)} if symmetric else {(i, j)}
                basis.append((n, matrix(rows, cols, [int((a, b) in spots) for a in range(rows) for b in range(cols)])))
    if len(basis) > MAX_ENTRIES:
        refuse("too many unknown entries")
    columns = list[list[int]]()
    here = dict(sample.known)
    for n, direction in basis:
        sample.known[n] = here[n]._replace(slope=direction)
        column = list[int]()
        for tree in constraints:
            moved = sample.tree(tree, 0)
            column += entries(moved.slope) if moved.slope is not None else [0] * len(entries(moved.value))
        columns.append(column)
        sample.known[n] = here[n]
    jacobian = matrix(len(columns), len(columns[0]), [x for c in columns for x in c]).transpose()
    kernel, nullity = jacobian.nullspace()
    out = {
        n: matrix(
            *sample.shapes.get(n, (1, 1)), [0] * (sample.shapes.get(n, (1, 1))[0] * sample.shapes.get(n, (1, 1))[1])
        )
        for n in unknowns
    }
    for c in range(nullity):
        weight = sample.draw(f"tangent {c}")
        for r, (n, direction) in enumerate(basis):
            out[n] = out[n] + direction * (weight * int(kernel[r, c]) % MODULUS.p)
    return out


def _symmetric(sample: Sample, n: str) -> Matrix:
    a = sample.random(f"d {n}", *sample.shapes.get(n, (1, 1)))
    return a + a.transpose()
