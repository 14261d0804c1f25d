"""Kernel trees in radicals: tidy building, values in balls, size, and text that our reader and SymPy both read.

A ``Workspace`` holds the intermediate numbers ("let" steps) of one solution: each has a name, a tree in earlier names,
and the monic polynomial relation that it satisfies; that is what the kernel checks. Values are balls at any precision,
always those of the principal branches that the text denotes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import flint
from flint import acb, arb, fmpq, fmpq_poly, fmpz

from closedform.budget import Budget
from closedform.frozen import record
from closedform.kernel.expressions.tree import MINUS, ONE, ZERO, Tree, add, free_names, mul, power
from closedform.kernel.expressions.values import evaluate_complex

I: Tree = ("I",)
HALF = fmpq(1, 2)
WORKING_BITS = 192


class Unresolved(Exception):
    """This way does not lead to radicals here; the message says why. Nothing is proved by it."""


@record
class Let:
    """An intermediate number: ``exact`` in earlier names, and the relation (a tree that vanishes) that defines it."""

    name: str
    exact: Tree
    relation: Tree
    refined: Tree | None = None  # a factor of the relation that vanishes as well


@dataclass
class Workspace:
    """The steps made so far, with their values; ``budget`` bounds the whole search.

    With ``cosines`` three real roots of a cubic (and their kin) are cosines of parts of an angle, else complex roots.
    """

    budget: Budget
    cosines: bool = True
    lets: list[Let] = field(default_factory=list[Let])
    values: dict[int, dict[str, acb]] = field(default_factory=dict[int, dict[str, acb]])

    def name(self, exact: Tree, relation: fmpq_poly | Tree, refined: Tree | None = None) -> str:
        """Name a number; ``relation`` is a polynomial over Q in it, or a tree in the name that ``next_name`` gives."""
        own = self.next_name()
        tree = polynomial(relation, own) if isinstance(relation, fmpq_poly) else relation
        self.lets.append(Let(own, exact, tree, refined))
        return own

    def named(self, tree: Tree, relation: Sequence[Tree]) -> Tree:
        """A name for the tree, whose relation has these coefficients, constant first."""
        if isinstance(tree, (fmpq, str)):
            return tree
        return self.name(tree, polynomial(relation, self.next_name()))

    def next_name(self) -> str:
        return f"y{len(self.lets) + 1}"

    def value(self, tree: Tree, bits: int = WORKING_BITS) -> acb:
        with flint.ctx.workprec(bits):
            known = self.values.setdefault(bits, {})
            for step in self.lets[len(known) :]:
                known[step.name] = evaluate_complex(step.exact, known)
            return evaluate_complex(tree, known)

    def prune(self, trees: Sequence[Tree]) -> None:
        """Forget the steps that no tree needs."""
        wanted, needed = [n for t in trees for n in free_names(t)], set[str]()
        steps = {step.name: step for step in self.lets}
        while wanted:
            if (own := wanted.pop()) in steps and own not in needed:
                needed.add(own)
                step = steps[own]
                wanted += free_names(step.exact) | free_names(add(step.relation, step.refined or ZERO))
        self.lets = [step for step in self.lets if step.name in needed]
        self.values.clear()

    def root(self, radicand: Tree, k: int) -> Tree:
        """A k-th root as a tree whose principal value stays clear of the branch cut."""
        if isinstance(radicand, fmpq):
            return rational_root(radicand, k)
        value = self.value(radicand)
        if value.imag.contains(0) and value.real < 0:  # on the cut: the root of -a, turned
            return mul(I if k == 2 else unity(fmpq(1, 2 * k)), plain_root(negate(radicand), k))
        if not (value.real > 0 or not value.imag.contains(0)):
            raise Unresolved("a radicand is too close to zero")
        return plain_root(radicand, k)

    def real_root(self, radicand: Tree, k: int) -> Tree:
        """A k-th root: the real one where there is one and k is odd, else the principal one."""
        if k % 2 and self.value(radicand).imag.contains(0) and self.value(radicand).real < 0:
            return negate(self.root(negate(radicand), k))
        return self.root(radicand, k)


def turn(by: fmpq, tree: Tree) -> Tree:
    """exp(2 pi i by) times a tree that may begin with such a factor itself."""
    factors = tree[1:] if isinstance(tree, tuple) and tree[0] == "*" else (tree,)
    rest = list[Tree]()
    for a in factors:
        if isinstance(a, tuple) and a[0] == "exp" and isinstance(a[1], tuple) and isinstance(a[1][1], fmpq):
            by += a[1][1] / 2
        elif a == I:
            by += fmpq(1, 4)
        else:
            rest.append(a)
    return mul(unity(by), *rest)


def negate(tree: Tree) -> Tree:
    if isinstance(tree, tuple) and tree[0] == "+":
        return add(*(negate(a) for a in tree[1:]))
    return mul(MINUS, tree)


def is_negative(tree: Tree) -> bool:
    """Is it written with a minus sign in front?"""
    first = tree[1] if isinstance(tree, tuple) and tree[0] == "*" else tree
    return isinstance(first, fmpq) and first < 0


def plain_root(radicand: Tree, k: int) -> Tree:
    """The principal k-th root of something that is no number."""
    return ("sqrt", radicand) if k == 2 else ("^", radicand, fmpq(1, k))


def content(tree: Tree) -> fmpq:
    """The positive rational c with tree/c a sum of integer multiples without a common divisor."""
    top, bottom = fmpz(0), fmpz(1)
    for term in tree[1:] if isinstance(tree, tuple) and tree[0] == "+" else (tree,):
        first = term[1] if isinstance(term, tuple) and term[0] == "*" else term
        c = first if isinstance(first, fmpq) else ONE
        top, bottom = top.gcd(c.p), bottom.lcm(c.q)
    return fmpq(top, bottom) if top != 0 else ONE


def scaled(by: fmpq, tree: Tree) -> Tree:
    """The tree times a rational number, into every term of a sum."""
    if isinstance(tree, tuple) and tree[0] == "+":
        return add(*(mul(by, a) for a in tree[1:]))
    return mul(by, tree)


def rational_root(a: fmpq, k: int) -> Tree:
    """The principal k-th root of a rational, with powers drawn out: 12**(1/2) is 2*sqrt(3).

    >>> text(rational_root(fmpq(-12), 2)), text(rational_root(fmpq(16, 27), 3))
    ('2*I*sqrt(3)', '2*2**(1/3)/3')
    """
    if a == 0:
        return ZERO
    turn: Tree = ONE if a > 0 else (I if k == 2 else unity(fmpq(1, 2 * k)))
    size = abs(a)
    whole = fmpz(size.p * size.q ** (k - 1))  # (p/q)^(1/k) = (p q^(k-1))^(1/k) / q
    outside, inside, order = fmpq(1, size.q), fmpz(1), k
    factors = whole.factor() if whole.bit_length() < 200 else whole.factor(trial_limit=100_000)
    for prime, e in factors:
        outside *= fmpq(prime) ** (int(e) // k)
    rest = [(prime, int(e) % k) for prime, e in factors if int(e) % k]
    while rest and order > 1:  # 4**(1/4) is sqrt(2)
        common = next((d for d in range(order, 1, -1) if order % d == 0 and all(e % d == 0 for _, e in rest)), 1)
        if common == 1:
            break
        order, rest = order // common, [(prime, e // common) for prime, e in rest]
    for prime, e in rest:
        inside *= prime**e
    radical: Tree = ONE if inside == 1 else plain_root(fmpq(inside), order)
    return mul(outside, turn, radical)


def unity(turn: fmpq) -> Tree:
    """exp(2 pi i turn), simplified: 1, -1, I, -I, or an exponential with the turn in (-1/2, 1/2].

    >>> text(unity(fmpq(5, 7))), text(unity(fmpq(3, 4)))
    ('exp(-4*I*pi/7)', '-I')
    """
    turn = turn - turn.floor()
    if turn > HALF:
        turn -= 1
    if turn.q <= 2:
        return ONE if turn == 0 else MINUS
    if turn.q == 4:
        return I if turn > 0 else mul(MINUS, I)
    return ("exp", mul(2 * turn, I, ("pi",)))


def root_of_unity(k: int, order: int) -> acb:
    angle = fmpq(2 * (k % order), order)
    return acb(arb.cos_pi_fmpq(angle), arb.sin_pi_fmpq(angle))


def cosine(turn: fmpq) -> Tree:
    """cos(2 pi turn) with the turn in [0, 1/2]."""
    turn = abs(turn - turn.floor())
    turn = 1 - turn if turn > HALF else turn
    exact = {(0, 1): ONE, (1, 2): MINUS, (1, 3): -HALF, (1, 6): HALF, (1, 4): ZERO}.get((int(turn.p), int(turn.q)))
    return exact if exact is not None else ("cos", mul(2 * turn, ("pi",)))


def polynomial(coefficients: fmpq_poly | Sequence[Tree], at: Tree) -> Tree:
    """sum c_k at^k, highest power first."""
    given: list[Tree] = list(coefficients.coeffs()) if isinstance(coefficients, fmpq_poly) else list(coefficients)
    terms = [mul(c, power(at, fmpq(k))) if k else c for k, c in enumerate(given) if c != ZERO]
    return add(*terms[::-1]) if terms else ZERO


def operations(tree: Tree, lets: Mapping[str, Tree] | None = None, known: dict[str, int] | None = None) -> int:
    """How many operations the written-out text has; names count with what they stand for."""
    known = {} if known is None else known
    if isinstance(tree, fmpq):
        return 0
    if isinstance(tree, str):
        if lets is None or tree not in lets:
            return 0
        if tree not in known:
            known[tree] = operations(lets[tree], lets, known)
        return known[tree]
    inner = sum(operations(a, lets, known) for a in tree[1:])
    return inner + (len(tree) - 2 if tree[0] in ("+", "*") else 1 if len(tree) > 1 else 0)


def text(tree: Tree, names: Mapping[str, Tree] | None = None) -> str:
    """The tree in text, names replaced by what they stand for; reads back to the same value here and in SymPy.

    >>> text(("+", ("*", fmpq(-1, 2), ("sqrt", fmpq(5))), ("^", "x", fmpq(-1, 3)), fmpq(1, 2)), {"x": fmpq(7)})
    '(1 - sqrt(5) + 2/7**(1/3))/2'
    """
    texts = dict[str, tuple[str, int]]()
    return _text(tree, names or {}, texts)[0]


SUM, PRODUCT, UNARY, POWER, ATOM = range(5)


def _wrap(part: tuple[str, int], level: int) -> str:
    return part[0] if part[1] >= level else f"({part[0]})"


def _text(tree: Tree, names: Mapping[str, Tree], texts: dict[str, tuple[str, int]]) -> tuple[str, int]:
    if isinstance(tree, fmpq):
        return str(tree), UNARY if tree < 0 else PRODUCT if tree.q != 1 else ATOM
    if isinstance(tree, str):
        if tree not in names:
            return tree, ATOM
        if tree not in texts:
            texts[tree] = _text(names[tree], names, texts)
        return texts[tree]
    head, args = str(tree[0]), tree[1:]
    if head in ("+", "*"):
        args = _spliced(head, args, names)
    if head == "+":
        return _sum(args, names, texts)
    if head == "*":
        return _product(args, names, texts)
    if head == "^":
        base, exponent = args
        if isinstance(exponent, fmpq) and exponent < 0:
            return _product((tree,), names, texts)
        shown = _wrap(_text(exponent, names, texts), ATOM)
        return f"{_wrap(_text(base, names, texts), ATOM)}**{shown}", POWER
    if not args:
        return head, ATOM
    if head == "@":
        return f"{args[0]}[{_text(args[1], names, texts)[0]}]", ATOM
    return f"{head}({', '.join(_text(a, names, texts)[0] for a in args)})", ATOM


def _sum(args: Sequence[Tree], names: Mapping[str, Tree], texts: dict[str, tuple[str, int]]) -> tuple[str, int]:
    """Over one denominator; a number first, else a positive term."""
    bottom = content(("+", *args)).q
    pieces = [_wrap(_text(mul(fmpq(bottom), a), names, texts), PRODUCT) for a in args]
    numbers = [p for p, a in zip(pieces, args, strict=True) if isinstance(a, fmpq)]
    rest = [p for p, a in zip(pieces, args, strict=True) if not isinstance(a, fmpq)]
    rest.sort(key=lambda p: p.startswith("-") and not numbers)
    out = ""
    for piece in (*numbers, *rest):
        out += piece if not out else f" - {piece[1:]}" if piece.startswith("-") else f" + {piece}"
    return (out, SUM) if bottom == 1 else (f"({out})/{bottom}", PRODUCT)


def _spliced(head: str, args: Sequence[Tree], names: Mapping[str, Tree]) -> list[Tree]:
    """Sums within sums and products within products, where a name stands for one."""
    out = list[Tree]()
    for a in args:
        meaning = a
        while isinstance(meaning, str) and meaning in names:
            meaning = names[meaning]
        if isinstance(meaning, tuple) and meaning[0] == head:
            out += _spliced(head, meaning[1:], names)
        else:
            out.append(meaning if isinstance(meaning, fmpq) else a)
    return out


def _product(args: Sequence[Tree], names: Mapping[str, Tree], texts: dict[str, tuple[str, int]]) -> tuple[str, int]:
    constant, above, below = ONE, list[str](), list[str]()
    for a in args:
        if isinstance(a, fmpq):
            constant *= a
        elif isinstance(a, tuple) and a[0] == "^" and isinstance(a[2], fmpq) and a[2] < 0:
            opposite = ("sqrt", a[1]) if a[2] == -HALF else power(a[1], -a[2])
            below.append(_wrap(_text(opposite, names, texts), POWER))
        else:
            above.append(_wrap(_text(a, names, texts), POWER))
    if abs(constant.p) != 1 or not above:
        above.insert(0, str(abs(constant.p)))
    if constant.q != 1:
        below.insert(0, str(constant.q))
    out = "*".join(above)
    if below:
        out += f"/{below[0]}" if len(below) == 1 else f"/({'*'.join(below)})"
    return ("-" + out, UNARY) if constant < 0 else (out, PRODUCT)
