"""Claim "matrix_stationary": a matrix formula makes every directional derivative of a matrix loss vanish.

The statement is the loss with its symbols' shapes (in size symbols), properties, unknowns and equality constraints; the
claim gives the unknowns' formulas in the order of evaluation; the evidence says which sizes must exceed which for the
inverses to exist, and nothing else. The kernel draws a prime p past 2^60, and random matrices modulo p for the data,
from a hash of statement and claim, evaluates the formulas, and differentiates the loss along random directions (tangent to
the constraints) by dual numbers of its own. A rational identity of degree D that is false survives a trial with probability
at most D/p (Schwartz 1980). A formula that is special to some sizes fails at others: each size takes more values than it
may be special at, counted by the numbers that sizes and traces may make, in every order of two sizes and past every
number in the shapes, which decide about ranks. That a formula is positive semidefinite is read off
how it is written. Functions such as
exp stand for independent indeterminates at each argument, with their derivatives' relations. What is proved is the
identity at the sizes stated, up to that probability, wherever the inverses exist.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from math import prod

from closedform.kernel.algebra.matrices import (
    BITS,
    HEADS,
    MAX_ENTRIES,
    MODULUS,
    DualMatrix,
    Matrix,
    ModularSample,
    entries,
    is_scalar,
    matrix,
)
from closedform.kernel.expressions.infix import infix
from closedform.kernel.expressions.tree import read
from closedform.kernel.reading import Json, fields, integer, mapping, name, names, rational, refuse, sequence

MAX_DATA = 20_000  # entries of one matrix
MIN_TRIALS, MAX_TRIALS, MIN_VALUES, STEP, MAX_VALUES, MAX_NUMBER = 4, 400, 3, 2, 24, 64
MIRRORS = 40  # trials for each orthogonal matrix, which is a rotation or not
MAX_DEGREE_BITS = 30  # a trial at a wrong formula then passes with probability below 2^-30
PROPERTIES = ("sym", "spd", "psd", "orth", "diag")


@dataclass
class Claim:
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


def _stated(statement: dict[str, Json], claim: dict[str, Json]) -> Claim:
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
    out = Claim(statement, unknowns, formulas, shapes, properties, sequence(stated["constraints"], "constraints", 50))
    if set(unknowns) & set(out.sizes) or any(len(p) != 2 for p in shapes.values()):
        refuse("an unknown is also a size, or a shape is no pair")
    if shapes.keys() & set(out.sizes):  # a size is a positive number, which a matrix of its name is not
        refuse("a size has a shape")
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


def definite(tree: Json, stated: Claim, seen: frozenset[str]) -> bool:
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


def _scalar(tree: Json, stated: Claim) -> bool:
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
    tried, worst = trials(
        [statement, claim],
        stated.sizes,
        tall,
        trees,
        [side for pair in stated.shapes.values() for side in pair],
        lambda s, seed: _trial(stated, s, seed),
        stated.properties,
    )
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
    shapes: list[Json],
    trial: Callable[[dict[str, int], str], int],
    properties: dict[str, list[str]],
) -> tuple[list[dict[str, int]], int]:
    """The sizes tried and the largest degree, where ``trial`` did not refuse at any sizes and seed drawn from the subject.

    Each size takes one value more than the trees may be special at, in each order with each other size and with each
    number in ``shapes``, which decide about ranks: every other draw keeps to ``tall``, so that enough inverses exist.
    Matrices of size k have identities of their own of degree 2k and more only (Amitsur and Levitzki 1950).
    """
    longest, least = sum(map(_length, trees)), MIN_TRIALS + MIRRORS * sum("orth" in w for w in properties.values())
    values = max(MIN_VALUES, 1 + special(trees, symbols, shapes), longest // 2)
    if symbols and values > MAX_VALUES:
        refuse("it may be special at too many sizes")
    numbers = _numbers([*shapes, *_inner(trees)], any(map(_multiplies, trees)))
    worst, tried, drawn = 0, list[dict[str, int]](), list[dict[str, int]]()
    apart = 0  # trials at different sizes, in the order that ``tall`` states
    for number in range(MAX_TRIALS):
        if apart >= least and not _thin(symbols, tried, values) and not _untried(symbols, drawn, values, numbers):
            break
        seed = hashlib.sha256(
            json.dumps([str(number), *sequence(subject, "a subject")], sort_keys=True).encode()
        ).hexdigest()
        rows, turn = (tall * (number % 2), number // 2) if tall else ([], number)
        sizes = draw_sizes(symbols, rows, seed, 1 + turn % (values + 1), numbers)
        drawn.append(sizes)
        try:
            worst = max(worst, trial(sizes, seed))
        except (ZeroDivisionError, ValueError):
            continue  # a matrix that is inverted has no inverse at these sizes
        tried.append(sizes)
        apart += len(set(sizes.values())) == len(sizes) and bool(rows or not tall)
    if apart < least:
        refuse(f"the formula has a value at {apart} of {MAX_TRIALS} choices of sizes, and {least} are needed")
    for size in _thin(symbols, tried, values):
        refuse(f"the formula has a value at too few values of {size}")
    for pair in _untried(symbols, drawn, values, numbers):
        refuse(f"too few sizes were drawn where {pair}")
    if worst >= 2**MAX_DEGREE_BITS:
        refuse("the degrees are too large for the test to mean anything")
    return tried, worst


def _thin(sizes: list[str], tried: list[dict[str, int]], values: int) -> list[str]:
    """The sizes that were not tried at enough values; then more are drawn."""
    return [size for size in sizes if len({s[size] for s in tried}) < values]


def _untried(symbols: list[str], drawn: list[dict[str, int]], values: int, numbers: list[int]) -> list[str]:
    """The orders of two sizes, or of a size and a number, that were not drawn with enough values of the size."""
    out = list[str]()
    for i, a in enumerate(symbols):
        for b in symbols[:i]:
            for sign, word in ((-1, "<"), (0, "="), (1, ">")):
                if len({s[a] for s in drawn if (s[a] > s[b]) - (s[a] < s[b]) == sign}) < values:
                    out.append(f"{a} {word} {b}")
        for c in numbers:
            below, past = {s[a] for s in drawn if s[a] < c}, {s[a] for s in drawn if s[a] > c}
            if len(below) < min(values, c - 1) or len(past) < values:
                out.append(f"{a} is compared with {c}")
    return out


def _numbers(sides: list[Json], multiplied: bool) -> list[int]:
    """The numbers past one that a number of rows or columns may be; ``multiplied``: products of them too."""
    found = {int(abs(rational(t, "a number").p)) for side in sides for t in _leaves(side) if t[:1] in "-0123456789"}
    found = {c for c in found if c > 1}
    whole = prod(found) if multiplied or any(isinstance(side, list) for side in sides) else max(found, default=1)
    if found and whole > MAX_NUMBER:
        refuse("a matrix has too many rows or columns for all sizes to be compared with them")
    return sorted(found | ({whole} if found else set()))


def _leaves(tree: Json) -> list[str]:
    return [t for a in tree[1:] for t in _leaves(a)] if isinstance(tree, list) else [str(tree)]


def _inner(trees: list[Json]) -> list[Json]:
    """The numbers of rows and columns that are written in trees."""
    out = list[Json]()
    for tree in trees:
        if isinstance(tree, list):
            out += tree[1:] if tree[0] in ("eye", "ones", "zeros") else tree[2:] if tree[0] == "unvec" else []
            out += _inner(tree[1:])
    return out


def _multiplies(tree: Json) -> bool:
    """Whether numbers of rows or columns are multiplied."""
    heads = ("kron", "khatrirao", "vec", "kronleft", "kronright")
    return isinstance(tree, list) and (tree[0] in heads or any(map(_multiplies, tree[1:])))


def special(trees: list[Json], symbols: list[str], shapes: list[Json]) -> int:
    """At how many values of a size an identity that is false may hold: each number that depends on sizes may be zero once.

    Such are the sizes themselves, traces, totals, norms and determinants, and products of two columns of ones, each of
    which may also be written as a diagonal or a vec; where a number of rows or columns is a polynomial in the sizes, as
    often as its degree. A determinant may be another polynomial at even sizes than at odd ones, as that of -I.
    """
    found = False
    sides = [*shapes, *_inner(trees)]
    degree = max([1, *(sum(t in symbols for t in _leaves(_powers(side))) for side in sides)])

    def count(tree: Json) -> int:  # twice the number
        nonlocal found
        if isinstance(tree, str):
            return 2 * int(tree in symbols)
        head, *args = sequence(tree, "an expression")
        if head == "^" and len(args) == 2:
            square = isinstance(args[0], list) and args[0][0] == "norm"
            return count(args[0]) * abs(integer(args[1], "an exponent", -8, 8)) // (2 if square else 1)
        found = found or head in ("det", "logdet")
        own = 2 if head in ("tr", "total", "norm", "det", "logdet") else int(head in ("ones", "vec", "diag"))
        inside = args[:1] if head == "unvec" else [] if head in ("eye", "ones", "zeros") else args
        return own * degree + sum(map(count, inside))

    once = (sum(map(count, trees)) + 1) // 2
    return once * (1 + found)


def _powers(tree: Json) -> Json:
    """The tree with its powers written as products."""
    if not isinstance(tree, list):
        return tree
    if tree[0] == "^" and len(tree) == 3:
        return ["*", *[_powers(tree[1])] * abs(integer(tree[2], "an exponent", -8, 8))]
    return [tree[0], *map(_powers, tree[1:])]


def _length(tree: Json) -> int:
    """How many letters are multiplied in a term at most."""
    if not isinstance(tree, list):
        return int(str(tree)[:1] not in "-0123456789")
    parts = list(map(_length, tree[1:]))
    if tree[0] == "^":
        return parts[0] * abs(integer(tree[2], "an exponent", -8, 8))
    return 0 if tree[0] in ("eye", "ones", "zeros") else (max if tree[0] == "+" else sum)(parts)


def draw_sizes(
    symbols: list[str], tall: list[list[str]], seed: str, least: int, numbers: list[int] | None = None
) -> dict[str, int]:
    """Sizes, the least as given, the others drawn; of a row (a, b, c) in ``tall``, a exceeds b + c.

    With ``numbers`` two sizes may be equal, or the larger ones exceed all of them; without, sizes differ.
    """

    def draw(label: str) -> int:
        return int.from_bytes(hashlib.sha256(f"{seed}|{label}".encode()).digest()[:4], "big")

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
    out, size = dict[str, int](), least
    far = (
        draw("far") % (2 * len(ranked)) if numbers and ranked else len(ranked)
    )  # from which size on the numbers are exceeded
    for i, s in enumerate(ranked):
        step = draw(f"step {s}")
        size += 0 if not out else 1 + step % STEP if numbers is None else step % (STEP + 1)
        if i == far and numbers:
            size = max(numbers) + least
        size = max([size, *(1 + sum(out[b] for b in row[1:]) for row in tall if row[0] == s)])
        out[s] = size
    return out


def _trial(stated: Claim, sizes: dict[str, int], seed: str) -> int:
    """One random choice of the data: refused unless the derivative vanishes; the degree of what was tested."""
    blank = ModularSample("", {}, {}, sizes)
    shapes = {key: (blank.size(rows), blank.size(cols)) for key, (rows, cols) in stated.shapes.items()}
    if any(rows * cols > MAX_DATA for rows, cols in shapes.values()):
        refuse("a matrix is too large")
    sample = ModularSample(seed, shapes, stated.properties, sizes)
    degrees = dict[str, int]()
    for key, tree in stated.formulas.items():
        value = sample.tree(tree, 0)
        if (value.value.nrows(), value.value.ncols()) != shapes.get(key, (1, 1)):
            refuse(f"the formula of {key} has the wrong shape")
        words = set(stated.properties.get(key, []))
        if words & {"sym", "spd", "psd"} and value.value != value.value.transpose():
            refuse(f"the formula of {key} is not symmetric")
        if "spd" in words and int(value.value.det()) == 0:
            raise ZeroDivisionError  # it is no value of the unknown
        sample.known[key], degrees[key] = value, value.degree
    for tree in stated.constraints:
        if any(entries(sample.tree(tree, 0).value)):
            refuse("a constraint is not met by the formula")
    for key, direction in _directions(sample, stated.unknowns, stated.constraints).items():
        sample.known[key] = DualMatrix(sample.known[key].value, direction, 2 * degrees[key] + 2)
    loss = sample.tree(stated.statement["loss"], 0)
    if not is_scalar(loss.value):
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


def _directions(sample: ModularSample, unknowns: list[str], constraints: list[Json]) -> dict[str, Matrix]:
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


def _symmetric(sample: ModularSample, n: str) -> Matrix:
    a = sample.random(f"d {n}", *sample.shapes.get(n, (1, 1)))
    return a + a.transpose()
