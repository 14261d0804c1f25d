"""Text as trees: a small reader for what stands at the top of documents; and how an expression is written.

It knows numbers, names, ``+ - * / ^ **``, ``.* ./`` of matrices, calls, ``x[i]`` and the transpose ``X'``; text that says more than the given
heads is refused. ``pi``, ``I`` and ``e`` are the constants unless they are declared as names.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from flint import fmpq

from closedform.kernel.expressions.angles import HALF, angle
from closedform.kernel.expressions.infix import infix
from closedform.kernel.expressions.tree import ARITY, MINUS, ONE, ZERO, Tree, add, mul, power
from closedform.kernel.reading import decimal, refuse

MAX_TEXT, MAX_DEPTH = 200_000, 150
_TOKEN = re.compile(r"\s*(?:(\d+(?:\.(?![*/])\d*)?(?:[eE][+-]?\d+)?)|([^\W\d]\w*)|(\*\*|\.[*/]|[-+*/^()\[\],']))\s*")
CLASS_OF = {
    **dict.fromkeys(("+", "*", "sum", "prod", "@"), "rational"),
    "sqrt": "radical",
    "I": "radical",
    "lambertw": "lambert_w",
    **dict.fromkeys(("exp", "log", "e"), "elementary"),
    **dict.fromkeys(("abs", "sign", "max", "min"), "piecewise"),
}
CLASSES = ("rational", "radical", "elementary", "lambert_w", "special", "piecewise")
_RUNNING = {"Sum": "sum", "Product": "prod"}
_SPELLED = {"Abs": "abs", "Max": "max", "Min": "min", "LambertW": "lambertw"}


def parse(text: str, names: Collection[str] = (), heads: Mapping[str, int] = ARITY) -> Tree:
    """The tree that a text writes; refused where it is not of the language above."""
    if len(text) > MAX_TEXT:
        refuse("a text is too long to be read")
    reader = _Reader(text, names, heads)
    tree = reader.sum(0)
    if reader.token:
        refuse(f"{reader.token[:40]} is one word too many")
    return tree


class _Reader:
    """Recursive descent, one method a rank; ``token`` is the word that comes next."""

    def __init__(self, text: str, names: Collection[str], heads: Mapping[str, int]) -> None:
        self.text, self.names, self.heads = text, names, heads
        self.at, self.token, self.kind = 0, "", 0
        self.next()

    def next(self) -> str:
        """The word that stood here; the one after it takes its place."""
        before, match = self.token, _TOKEN.match(self.text, self.at)
        if match is None and self.at < len(self.text):
            refuse(f"{self.text[self.at : self.at + 20]!r} cannot be read")
        self.token, self.kind = (match[match.lastindex or 0], match.lastindex or 0) if match else ("", 0)
        self.at = match.end() if match else self.at
        return before

    def take(self, word: str) -> None:
        if self.next() != word:
            refuse(f"{word} is missing")

    def sum(self, depth: int) -> Tree:
        if depth > MAX_DEPTH:
            refuse("a text is nested too deeply")
        terms = [self.product(depth)]
        while self.token in ("+", "-"):
            minus = self.next() == "-"
            term = self.product(depth)
            terms.append(mul(MINUS, term) if minus else term)
        return add(*terms) if len(terms) > 1 else terms[0]

    def product(self, depth: int) -> Tree:
        factors = [self.signed(depth)]
        while self.token in ("*", "/", ".*", "./"):
            word = self.next()
            over, factor = word == "/", self.signed(depth)
            if word[0] == ".":
                factors = [self.entrywise(mul(*factors), factor, word)]
                continue
            if over and factor == ZERO:
                refuse("a division by zero")
            factors.append(_inverse(factor) if over else factor)
        return mul(*factors) if len(factors) > 1 else factors[0]

    def entrywise(self, left: Tree, right: Tree, word: str) -> Tree:
        """The product or quotient entry by entry; a number on the left multiplies every entry."""
        if "hadamard" not in self.heads:
            refuse("there are no entries here")
        right = ("recip", right) if word == "./" else right
        return mul(left, right) if isinstance(left, fmpq) else ("hadamard", left, right)

    def signed(self, depth: int) -> Tree:
        if self.token in ("+", "-"):
            minus = self.next() == "-"
            inner = self.signed(depth + 1) if depth < MAX_DEPTH else refuse("a text is nested too deeply")
            return mul(MINUS, inner) if minus else inner
        base = self.atom(depth)
        while self.token == "'":
            self.next()
            base = ("transpose", base)
        if self.token in ("^", "**"):
            self.next()
            return power(base, self.signed(depth + 1) if depth < MAX_DEPTH else refuse("a text is nested too deeply"))
        return base

    def listed(self, depth: int) -> list[Tree]:
        """Sums with commas between them."""
        out = [self.sum(depth)]
        while self.token == ",":
            self.next()
            out.append(self.sum(depth))
        return out

    def atom(self, depth: int) -> Tree:
        kind, word = self.kind, self.next()
        if kind == 1:
            return decimal(word, "a number")
        if word == "(":
            inner = self.sum(depth + 1)
            self.take(")")
            return inner
        if kind != 2:
            refuse(f"{word[:40] or 'the end'} stands where a term should")
        if self.token == "[":
            self.next()
            place = self.sum(depth + 1)
            self.take("]")
            return ("@", word, place)
        if self.token != "(" or word in self.names:
            constant = word in ("pi", "I", "e") and word not in self.names
            return (word,) if constant else word
        self.next()
        if word in _RUNNING:
            return self.running(_RUNNING[word], depth + 1)
        arguments = self.listed(depth + 1)
        self.take(")")
        head = _SPELLED.get(word, word)
        if self.heads.get(head) not in (-1, len(arguments)):
            refuse(f"there is no {word[:40]} with {len(arguments)} arguments here")
        return (head, *arguments)

    def running(self, head: str, depth: int) -> Tree:
        """What follows "Sum(": body, (index, low, high))."""
        body = self.sum(depth)
        self.take(",")
        self.take("(")
        index, low, high = self.listed(depth)
        self.take(")")
        self.take(")")
        return (head, index, low, high, body) if isinstance(index, str) else refuse("an index is no name")


def _inverse(factor: Tree) -> Tree:
    if isinstance(factor, fmpq):
        return ONE / factor
    if isinstance(factor, tuple) and factor[0] == "^" and isinstance(factor[2], fmpq) and factor[2] > 0:
        return power(factor[1], -factor[2])
    return power(factor, MINUS)


def class_of(tree: Tree) -> str:
    """The class of an expression as it is written."""
    if not isinstance(tree, tuple):
        return "rational"
    inner = [class_of(a) for a in tree[1:]] or ["rational"]
    own, part = CLASS_OF.get(str(tree[0]), "special"), angle(tree[1]) if tree[0] in ("cos", "sin") else None
    if part is not None:  # cos(acos(a)/n) is (w + 1/w)/2 with w^n = a + sqrt(a^2 - 1)
        return max("radical", class_of(part[2] or HALF), key=CLASSES.index)
    if tree[0] == "^":
        own = "elementary" if not isinstance(tree[2], fmpq) else "rational" if tree[2].q == 1 else "radical"
    return max([own, *inner], key=CLASSES.index)


def spelled(tree: Tree) -> str:
    """The text of the tree in that spelling: trees of the same text have the same value wherever it is defined."""
    return infix(_canonical(tree))


def _canonical(tree: Tree) -> Tree:
    if not isinstance(tree, tuple):
        return tree
    head, args = str(tree[0]), [_canonical(a) for a in tree[1:]]
    if head == "sqrt":
        head, args = "^", [args[0], HALF]
    if head == "^" and isinstance(args[1], fmpq) and args[1].q == 1:
        base = args[0]  # (u^a)^n is u^(a*n) for a whole n
        if isinstance(base, tuple) and base[0] == "^" and isinstance(base[2], fmpq):
            args = [base[1], base[2] * args[1]]
    if head not in ("+", "*"):
        return (head, *args)
    out = add(*args) if head == "+" else mul(*args)
    if not isinstance(out, tuple) or out[0] not in ("+", "*"):
        return out
    if out[0] == "*" and len(out) == 3 and isinstance(out[1], fmpq):
        number, rest = out[1:]
        if isinstance(rest, tuple) and rest[0] == "+":
            return _canonical(("+", *(mul(number, a) for a in rest[1:])))
    return (out[0], *sorted(out[1:], key=infix))
