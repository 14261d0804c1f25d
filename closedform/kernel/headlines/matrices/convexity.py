"""Convexity of a matrix loss, and uniqueness of its critical point, by how it is written: for all data and sizes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flint import fmpq

from closedform.kernel.algebra.matrices import HEADS
from closedform.kernel.claims.matrices import Claim, definite
from closedform.kernel.expressions.infix import infix
from closedform.kernel.expressions.tree import MINUS, Tree, as_integer, free_names, mul, read, write
from closedform.kernel.headlines.consequences import Consequences
from closedform.kernel.headlines.text import parse
from closedform.kernel.reading import Json

LINEAR = ("+", "transpose", "tr", "vec", "diag", "total")  # of their arguments


def degree(tree: Tree, unknowns: set[str]) -> int:
    """A bound of the degree in the unknowns, as it is written; past 2 where it is no polynomial."""
    if not isinstance(tree, tuple):
        return int(tree in unknowns)
    parts = [degree(a, unknowns) for a in tree[1:]]
    if tree[0] == "^":
        exponent, inside = as_integer(tree[2]) or -1, tree[1]
        if isinstance(inside, tuple) and inside[0] == "norm" and exponent % 2 == 0:
            parts[0] = degree(inside[1], unknowns)
        return parts[0] * exponent if exponent > 0 else 3 * max(parts)
    if tree[0] in ("*", "hadamard", "kron", "khatrirao"):
        return sum(parts)
    return max(parts, default=0) * (1 if tree[0] in LINEAR else 3)


def bowl(question: Consequences) -> bool:
    """Whether the loss is convex on the points that meet the constraints, for all data and sizes."""
    unknowns = set(question.unknowns)
    affine = all(degree(c, unknowns) <= 1 for c in question.constraints)
    return affine and any(convex(loss, unknowns, letters_of(question)) for loss in _forms(question))


def strict(question: Consequences) -> str:
    """Why a loss of positive definite matrices has one critical point at most: -log det of each of them is strictly convex."""
    given, unknowns = letters_of(question), set(question.unknowns)
    for loss in _forms(question):
        bent = {t for t in unknowns if any(_barrier(part, t, given) for part in split("+", loss))}
        if bent == unknowns and convex(loss, unknowns, given):
            return "the loss is strictly convex, in the inverses where it is written with them"
    return ""


def _forms(question: Consequences) -> list[Tree]:
    """The loss, and the loss in the inverses of the unknowns, which the constraints are not written in."""
    loss = question.minimised
    return [loss] if question.constraints else [loss, turned(loss, question)]


def split(head: str, tree: Tree) -> list[Tree]:
    """The terms of a sum, or the factors of a product."""
    return list(tree[1:]) if isinstance(tree, tuple) and tree[0] == head else [tree]


def _barrier(tree: Tree, unknown: str, given: KnownLetters) -> bool:
    """Whether the tree is a negative multiple of log det of the unknown, a positive definite matrix."""
    factors, log = split("*", tree), ("logdet", unknown)
    rest = [a for a in factors if a != log and a not in given.positive]
    negative = len(rest) == 1 and isinstance(rest[0], fmpq) and rest[0] < 0
    return factors.count(log) == 1 and negative and given.spd(unknown)


def _base(tree: Tree) -> Tree:
    """What a power is taken of."""
    return tree[1] if isinstance(tree, tuple) and tree[0] == "^" else tree


def turned(tree: Tree, question: Consequences) -> Tree:
    """The loss in the inverses of its positive definite unknowns: these are the positive definite matrices again."""
    if not isinstance(tree, tuple):
        spd = isinstance(tree, str) and tree in question.unknowns and "spd" in question.properties.get(tree, set())
        return ("inv", tree) if spd else tree
    parts = [turned(a, question) for a in tree[1:]]
    inside = parts[0] if parts else None
    if tree[0] in ("inv", "logdet") and isinstance(inside, tuple) and inside[0] == "inv":
        return inside[1] if tree[0] == "inv" else mul(MINUS, ("logdet", inside[1]))
    return mul(*parts) if tree[0] == "*" else (tree[0], *parts)


def letters_of(question: Consequences) -> KnownLetters:
    """What is known of the letters of the question."""
    signs, shapes = _signs(question), question.shapes
    numbers = {x for x in signs if shapes.get(x, ["1", "1"]) == ["1", "1"]}
    own = {x: sorted(words) for x, words in question.properties.items()} | {x: ["psd"] for x in numbers}
    above = {a for op, a, b in question.assumptions if isinstance(a, str) and op == ">" and infix(b) == "0"}
    stated = Claim({}, [], {}, shape_trees(question), own, [])
    return KnownLetters(stated, signs, numbers, numbers & (above | set(sizes_of(question))))


def _diagonal(column: str) -> str:
    """The letter of a diagonal matrix; no name has a blank."""
    return f"diag {column}"


@dataclass
class KnownLetters:
    """Letters by what is known of them: matrices as in a certificate, ``signs`` with no negative entry, of these ``numbers``."""

    stated: Claim
    signs: set[str]
    numbers: set[str]
    positive: set[str]

    def __post_init__(self) -> None:
        sides = {x: list(self.stated.shapes.get(x, ["1", "1"])) for x in self.signs}
        columns = {x: rows for x, (rows, cols) in sides.items() if cols == "1"}
        diagonals, psd = {_diagonal(x): [r, r] for x, r in columns.items()}, {_diagonal(x): ["psd"] for x in columns}
        own = self.stated
        self.stated = replace(own, shapes=own.shapes | diagonals, properties=own.properties | psd)

    def spd(self, letter: Tree) -> bool:
        return isinstance(letter, str) and "spd" in self.stated.properties.get(letter, [])

    def factors(self, tree: Tree) -> list[Tree]:
        """The factors of a product, without numbers that are not negative."""
        return [a for a in split("*", tree) if not (a > 0 if isinstance(a, fmpq) else _base(a) in self.numbers)]

    def definite(self, factors: list[Tree]) -> bool:
        """Whether a product is positive semidefinite as it is written."""
        product: Json = ["*", *(write(self._plain(f)) for f in factors)]
        return not factors or definite(product, self.stated, frozenset())

    def _plain(self, tree: Tree) -> Tree:
        """The tree with a letter for the diagonal of each column that is not negative: another column has another one."""
        if not isinstance(tree, tuple):
            return tree
        if tree[0] == "diag" and isinstance(tree[1], str) and tree[1] in self.signs:
            return _diagonal(tree[1])
        return (tree[0], *(self._plain(a) for a in tree[1:]))

    def flat(self, tree: Tree) -> list[Tree]:
        """The factors of a product, with transposes taken inside."""
        if not isinstance(tree, tuple):
            return [tree]
        if tree[0] == "*":
            return [f for a in tree[1:] for f in self.flat(a)]
        inside = tree[1] if tree[0] == "transpose" else None
        if isinstance(inside, tuple) and inside[0] in ("*", "transpose"):
            return [self.flipped(f) for f in reversed(self.flat(inside))]
        return [self.flipped(inside)] if inside is not None else [tree]

    def flipped(self, tree: Tree) -> Tree:
        """The transpose of a factor."""
        if isinstance(tree, tuple) and tree[0] == "transpose":
            return tree[1]
        symmetric = isinstance(tree, str) and {"sym", "spd", "psd"} & set(self.stated.properties.get(tree, []))
        scalar = isinstance(tree, fmpq) or (
            isinstance(tree, str) and self.stated.shapes.get(tree, ["1", "1"]) == ["1", "1"]
        )
        return tree if symmetric or scalar else ("transpose", tree)


def convex(tree: Tree, unknowns: set[str], given: KnownLetters) -> bool:
    """Convex in the unknowns taken together, for all data and sizes.

    A sum of affine terms, even powers of norms of affine expressions U, traces of U*P*U' with P definite, and -log det of
    positive definite letters.
    """
    if degree(tree, unknowns) <= 1 or not isinstance(tree, tuple):
        return True
    if tree[0] == "+":
        return all(convex(a, unknowns, given) for a in tree[1:])
    if tree[0] == "tr":
        inside = tree[1]
        if isinstance(inside, tuple) and inside[0] == "+":
            return all(convex(("tr", a), unknowns, given) for a in inside[1:])
        return _quadratic(given.flat(inside), unknowns, given)
    if tree[0] == "*":
        rest = given.factors(tree)
        if len(rest) == 1:
            return convex(rest[0], unknowns, given)
        log = rest[1] if len(rest) == 2 and isinstance(rest[0], fmpq) and rest[0] < 0 else None
        if isinstance(log, tuple) and log[0] == "logdet" and given.spd(log[1]):
            return True
        return _quadratic(given.flat(("*", *rest)), unknowns, given)
    if tree[0] != "^" or not isinstance(tree[1], tuple) or tree[1][0] != "norm":
        return False
    exponent = as_integer(tree[2]) or 0
    return exponent > 0 and exponent % 2 == 0 and degree(tree[1][1], unknowns) <= 1


def _quadratic(factors: list[Tree], unknowns: set[str], given: KnownLetters) -> bool:
    """Whether a product is U*P*U' with U affine and P definite, times numbers that are not negative."""
    middle, around = given.factors(("*", *factors)), 0
    while len(middle) > 1 and given.flipped(middle[-1]) == middle[0]:
        around += degree(middle[0], unknowns)
        middle = middle[1:-1]
        if around == 1 and not any(degree(f, unknowns) for f in middle):
            return given.definite(middle)
    return False


def _signs(question: Consequences) -> set[str]:
    """The names of data that are assumed to be no less than zero, entry by entry; sizes are positive."""
    claimed = {a for op, a, b in question.assumptions if isinstance(a, str) and op in (">", ">=") and infix(b) == "0"}
    return (claimed | set(sizes_of(question))) - set(question.unknowns)


def sizes_of(question: Consequences) -> list[str]:
    sides = (read(side, heads=HEADS) for sides in shape_trees(question).values() for side in sides)
    return sorted(set[str]().union(*map(free_names, sides)))


def shape_trees(question: Consequences) -> dict[str, list[Json]]:
    return {x: [write(parse(side, (), HEADS)) for side in sides] for x, sides in question.shapes.items()}
