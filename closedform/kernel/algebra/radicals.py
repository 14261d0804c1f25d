"""Exact zero testing for numbers in radicals: normal forms in Q(names)[t1..tm] modulo relations t_i^k = A_i(t1..t_{i-1}).

Roots and roots of unity become generators with the relations that their principal values satisfy. A numerator that
reduces to zero is zero wherever what was inverted is not; one that does not reduce proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import lcm, prod
from typing import TypeVar

from flint import Ordering, fmpq, fmpq_mpoly, fmpq_mpoly_ctx, fmpz, fmpz_poly

from closedform.kernel.expressions.angles import HALF, angle, multiple_of
from closedform.kernel.expressions.infix import infix
from closedform.kernel.expressions.tree import ONE, ZERO, Tree, free_names
from closedform.kernel.reading import refuse

Key = tuple[str, ...]
Grown = TypeVar("Grown")
MAX_GENERATORS, MAX_TERMS, MAX_ROOT, MAX_ANGLE = 200, 60_000, 5_000, 100


class Regrow(Exception):
    """The ring needs (size, order): more generators, or finer roots of unity. It is rebuilt."""


@dataclass(frozen=True)
class Fraction:
    top: fmpq_mpoly
    bottom: fmpq_mpoly


@dataclass
class Generator:
    poly: fmpq_mpoly
    positive: bool = False
    nonnegative: bool = False
    real: bool = False
    names: frozenset[str] = frozenset()
    relation: fmpq_mpoly | None = None
    degree: int = 0  # of its relation, once that is used
    log: Fraction | None = None  # its logarithm, where it is exp of something real
    exp: Fraction | None = None  # its exponential, where it is a logarithm
    root: tuple[Fraction, int] | None = None  # (a, k) where it is the k-th root of a positive a


class RootRing:
    """Generators in order of creation; later ones stand higher in the lexicographic order, so that ``%`` reduces."""

    def __init__(self, size: int = 10, order: int = 1) -> None:
        self.size, self.order = size, order
        self.ring = fmpq_mpoly_ctx.get([f"g{i}" for i in range(size)], Ordering.lex)
        self.variables = self.ring.gens()[::-1]
        self.one, self.zero = self.constant(1), self.constant(0)
        self.made: list[Generator] = []
        self.known: dict[Key, Fraction] = {}
        self.chains: dict[Key, tuple[int, Fraction]] = {}
        self.inverted: list[tuple[Tree, Fraction]] = []
        self.vanishing: list[fmpq_mpoly] = []  # polynomials that are zero: by assumption, or for products of roots
        self.roots: dict[
            tuple[int, bool], list[tuple[Fraction, Fraction]]
        ] = {}  # a with a^(1/n), by n, and whether of any sign
        self.memo: dict[int, tuple[Tree, Fraction]] = {}  # by identity: hashing large trees costs more than they save
        self.turns: dict[
            Key, fmpq
        ] = {}  # of the first cosine of a part of an angle: the others stand in it and its sine
        self.meanings: dict[str, Fraction] = {}
        self.cycle: fmpq_mpoly | None = None
        if order > 2:
            z, relation = self.generator(("unity",)).top, self.ring.constant(0)
            for c in fmpz_poly.cyclotomic(order).coeffs()[::-1]:
                relation = relation * z + fmpq(c)
            self.made[-1].relation = relation
            self.cycle = z**order - 1  # a multiple of the relation, with two terms

    def constant(self, value: fmpq | int) -> Fraction:
        return Fraction(self.ring.constant(fmpq(value)), self.ring.constant(1))

    def poly(self, p: fmpq_mpoly) -> Fraction:
        return Fraction(p, self.ring.constant(1))

    def generator(
        self, key: Key, positive: bool = False, real: bool = False, over: frozenset[str] = frozenset()
    ) -> Fraction:
        if key not in self.known:
            if len(self.made) == self.size:
                raise Regrow(2 * self.size, self.order)
            p = self.variables[len(self.made)]
            self.made.append(Generator(p, positive, positive, real or positive, over))
            self.known[key] = self.poly(p)
        return self.known[key]

    def fraction(self, top: fmpq_mpoly, bottom: fmpq_mpoly) -> Fraction:
        top, bottom = self.reduce(top), self.reduce(bottom)
        if bottom.is_zero():
            refuse("a denominator is zero")
        if top.is_zero():
            return self.zero
        if not bottom.is_constant():
            common = top.gcd(bottom)
            top, bottom = top / common, bottom / common
        lead = bottom.leading_coefficient()
        return Fraction(top / lead, bottom / lead)

    def reduce(self, p: fmpq_mpoly) -> fmpq_mpoly:
        if len(p) > MAX_TERMS:
            refuse("an expression grows past the limit of its normal form")
        degrees = p.degrees()
        for k in range(len(self.made), 0, -1):
            made, at = self.made[k - 1], self.size - k
            relation = made.relation
            if relation is None or not degrees[at]:
                continue
            made.degree = made.degree or int(relation.degrees()[at])
            if degrees[at] >= made.degree:
                if k == 1 and self.cycle is not None:
                    p = divmod(p, self.cycle)[1]
                p = divmod(p, relation)[1]
                degrees = p.degrees()
        for zero in self.vanishing:
            if (rest := divmod(p, zero)[1]) != p:
                return self.reduce(rest)
        return p

    def plus(self, a: Fraction, b: Fraction) -> Fraction:
        if a.bottom == b.bottom:
            return self.fraction(a.top + b.top, a.bottom)
        common = a.bottom.gcd(b.bottom)
        left, right = b.bottom / common, a.bottom / common
        return self.fraction(a.top * left + b.top * right, left * a.bottom)

    def times(self, a: Fraction, b: Fraction) -> Fraction:
        return self.fraction(a.top * b.top, a.bottom * b.bottom)

    def whole(self, a: Fraction, n: int) -> Fraction:
        if n < 0:
            if a.top.is_zero():
                refuse("division by zero")
            a, n = self.fraction(a.bottom, a.top), -n
        if n > MAX_ROOT:
            refuse("an exponent is too large")
        out = self.one
        for bit in bin(n)[2:]:
            out = self.times(out, out)
            out = self.times(out, a) if bit == "1" else out
        return out

    def uses(self, *polys: fmpq_mpoly) -> list[Generator]:
        return [g for p in polys for g, d in zip(self.made, p.degrees()[::-1], strict=False) if d]

    def real(self, a: Fraction) -> bool:
        return all(g.real for g in self.uses(a.top, a.bottom))

    def names_of(self, a: Fraction) -> frozenset[str]:
        return frozenset[str]().union(*(g.names for g in self.uses(a.top, a.bottom)))

    def single(self, p: fmpq_mpoly) -> Generator | None:
        return next((g for g in self.uses(p) if g.poly == p), None)

    def positive(self, p: fmpq_mpoly) -> bool:
        """Proved positive, by positive coefficients on non-negative monomials."""
        strict = False
        for exponents, coefficient in p.terms():
            used = [(g, e) for g, e in zip(self.made, exponents[::-1], strict=False) if e]
            if coefficient < 0 or not all(g.nonnegative or (g.real and e % 2 == 0) for g, e in used):
                return False
            strict = strict or all(g.positive for g, _ in used)
        return strict

    def split(self, a: Fraction) -> tuple[fmpq, list[tuple[fmpq_mpoly, int]], Fraction]:
        """(c, positive factors with exponents, the rest) whose product is a."""
        constant, good, rest = ONE, list[tuple[fmpq_mpoly, int]](), self.one
        for p, sign in ((a.top, 1), (a.bottom, -1)):
            small = len(p) <= 60 and max(p.degrees()) <= 24
            content, factors = p.factor() if small else (ONE, [(p, 1)])
            constant *= fmpq(content) ** sign
            for factor, e in factors:
                if not self.positive(factor) and self.positive(-factor):
                    factor, constant = -factor, constant if e % 2 == 0 else -constant
                if self.positive(factor):
                    good.append((factor, int(e) * sign))
                else:
                    rest = self.times(rest, self.whole(self.poly(factor), int(e) * sign))
        return constant, good, rest

    def unity(self, turn: fmpq) -> Fraction:
        """exp(2 pi i turn)."""
        if self.order % int(turn.q):
            if (order := lcm(self.order, int(turn.q))) > MAX_ROOT:
                refuse("a root of unity of too high an order")
            raise Regrow(self.size, order)
        if self.order <= 2:
            return self.constant(1 if turn.q == 1 else -1)
        return self.whole(self.known["unity",], int(turn.p) * (self.order // int(turn.q)) % self.order)

    def chain(self, key: Key, r: fmpq, base: Fraction | None, like: Generator) -> Fraction:
        """base^r for a base with its own principal roots, finer roots linked to the coarser ones already met."""
        finest, root = self.chains.get(key, (1, base))
        need = lcm(finest, int(r.q))
        if need > MAX_ROOT:
            refuse("a root of too high an order")
        odd, first = key[0] == "odd root", base if finest == 1 < need and key[0] in ("root", "odd root") else None
        first = None if first is None or first.top.is_constant() else first
        for product, other in self._products(need, first, False) if first is not None and not odd else ():
            finest, root, first = need, self.times(product, self.whole(other, -1)), None
            break
        if root is None or need != finest:
            k, number = need // finest, str(need)
            new = self.generator((*key, number), real=like.real, over=like.names)
            made = self.made[-1]
            if root is not None:  # s = b t has s^k = a b^(k-1) where t^k = a/b
                made.relation = new.top**k - root.top * root.bottom ** (k - 1)
                new = self.fraction(new.top, root.bottom)
            if like.nonnegative and (root is None or root.bottom.is_constant()):
                made.positive, made.nonnegative = like.positive, True
                made.log = self.times(like.log, self.constant(fmpq(1, need))) if like.log else None
                made.root = (base, need) if base is not None and not like.log else None
            for product, other in self._products(need, first, True) if first is not None and odd else ():
                self.vanish(self.plus(self.times(new, other), self.times(product, self.constant(-1))).top)
            if first is not None:
                self.roots.setdefault((need, odd), []).append((first, new))
            finest, root = need, new
        self.chains[key] = (finest, root)
        return self.whole(root, int(r.p) * (finest // int(r.q)))

    def vanish(self, p: fmpq_mpoly) -> None:
        """Let a polynomial be zero, without multiple factors, and the others reduced by it; all is, where 1 is."""
        others, self.vanishing = self.vanishing, []
        for q in (self.reduce(p), *others):
            q = self.reduce(q)
            if not q.is_zero():
                self.vanishing.append(prod((f for f, _ in q.factor()[1]), start=self.ring.constant(1)))

    def _products(self, n: int, a: Fraction, odd: bool) -> Iterator[tuple[Fraction, Fraction]]:
        """(p, b^(1/n)) for roots met before: a^(1/n) b^(1/n) = p, of real roots of odd order, or where a or b is positive."""
        for b, other in self.roots.get((n, odd), []):
            whole, root = self.times(a, b), self.one
            known = odd or any(self.positive(c.top * c.bottom) for c in (a, b))
            (c, over), (d, under) = (p.factor() if 0 < len(p) <= 60 else (ZERO, []) for p in (whole.top, whole.bottom))
            factors = [*over, *((f, -e) for f, e in under)]
            fits = (e % n == 0 and (self.real(self.poly(f)) if odd else self.positive(f)) for f, e in factors)
            if known and c * d != 0 and (odd or c * d > 0) and all(fits):
                for prime, e in prime_powers(abs(fmpq(c / d))):
                    root = self.times(root, self._prime_root(prime, fmpq(e, n)))
                for f, e in factors:
                    root = self.times(root, self.whole(self.poly(f), e // n))
                yield self.times(root, self.constant(-1 if c * d < 0 else 1)), other

    def rational_power(self, a: Fraction, r: fmpq, of: Tree = ZERO) -> Fraction:
        """The principal a^r: positive factors are drawn out one by one, the rest keeps one root of its own."""
        if r < 0:
            if a.top.is_zero():
                refuse(f"division by {infix(of)[:200]}, which is zero")
            self.inverted.append((of, a))
        if r.q == 1:
            return self.whole(a, int(r.p))
        if r < 0:
            return self.whole(self.rational_power(a, -r), -1)
        if a.top.is_zero():
            return a
        constant, good, rest = self.split(a)
        out = self.one
        for prime, e in prime_powers(abs(constant)):
            out = self.times(out, self._prime_root(prime, r * e))
        for p, e in good:
            out = self.times(out, self._positive_root(p, r * e))
        for p, sign in ((rest.top, 1), (rest.bottom, -1)) if r.q % 2 == 0 else ():  # f^2 is not negative
            for f, e in p.factor()[1]:
                if e % 2 == 0 and self.real(self.poly(f)):
                    out = self.times(out, self.magnitude(f, r * e * sign))
                    rest = self.times(rest, self.whole(self.poly(f), -e * sign))
        if constant < 0 and rest == self.one:
            return self.times(out, self.unity(r / 2))
        if rest != self.one:
            rest = self.times(rest, self.constant(-1)) if constant < 0 else rest
            like = Generator(rest.top, names=self.names_of(rest))
            out = self.times(out, self.chain(("root", str(rest)), r, rest, like))
        return out

    def _positive_root(self, p: fmpq_mpoly, r: fmpq) -> Fraction:
        g, base = self.single(p), self.poly(p)
        if g is not None and g.root is not None:
            return self.rational_power(g.root[0], r / g.root[1])
        return self.chain(("root", str(p)), r, base, Generator(p, True, True, True, self.names_of(base)))

    def magnitude(self, p: fmpq_mpoly, r: fmpq) -> Fraction:
        """|p|^r of a real p, as the root of its square."""
        p = -p if p.leading_coefficient() < 0 else p
        like = Generator(p, False, True, True, self.names_of(self.poly(p)))
        return self.chain(("abs", str(p)), r / 2, self.poly(self.reduce(p * p)), like)

    def _prime_root(self, prime: fmpz, r: fmpq) -> Fraction:
        key, p = ("root", str(prime)), int(prime)
        if key not in self.chains and r.q % 2 == 0 and p < MAX_ROOT:
            if p == 2 and self.order % 8 == 0:  # sqrt(2) = z8 + 1/z8
                self.chains[key] = (2, self.plus(self.unity(fmpq(1, 8)), self.unity(fmpq(-1, 8))))
            elif p > 2 and prime.is_prime() and self.order % (p if p % 4 == 1 else 4 * p) == 0:
                total = self.zero  # Gauss: sum (a/p) z^a is sqrt(p), or i sqrt(p) when p = 3 mod 4
                for a in range(1, p):
                    sign = self.constant(1 if pow(a, (p - 1) // 2, p) == 1 else -1)
                    total = self.plus(total, self.times(sign, self.unity(fmpq(a, p))))
                self.chains[key] = (2, total if p % 4 == 1 else self.times(total, self.unity(fmpq(-1, 4))))
        return self.chain(key, r, self.constant(fmpq(prime)), Generator(self.one.top, True, True, True))

    def read(self, tree: Tree) -> Fraction:
        """The normal form of the principal value of a tree."""
        if isinstance(tree, fmpq):
            return self.constant(tree)
        if isinstance(tree, str) and tree in self.meanings:
            return self.meanings[tree]
        if id(tree) not in self.memo:
            self.memo[id(tree)] = (tree, self._read(tree))
        return self.memo[id(tree)][1]

    def _read(self, tree: Tree) -> Fraction:
        """The same of a tree that is no number, looked at for the first time."""
        if not isinstance(tree, tuple):
            return self.times(self.generator(("name", str(tree)), False, True, frozenset({str(tree)})), self.one)
        head, args = str(tree[0]), tree[1:]
        if head in ("+", "*"):
            out = self.read(args[0])
            for a in args[1:]:
                out = (self.plus if head == "+" else self.times)(out, self.read(a))
            return out
        if head == "sqrt" or (head == "^" and isinstance(args[1], fmpq)):
            r = args[1] if head == "^" and isinstance(args[1], fmpq) else HALF
            return self.rational_power(self.read(args[0]), r, args[0])
        if head == "exp" and (turn := multiple_of(args[0], ("I", "pi"))) is not None:
            return self.unity(turn / 2)
        if head == "I":
            return self.unity(fmpq(1, 4))
        if head in ("cos", "sin") and (value := self._circular(head, args[0])) is not None:
            return value
        refuse(f"{infix(tree)[:100]} is no radical")

    def _circular(self, head: str, argument: Tree) -> Fraction | None:
        """The cosine or sine of a rational multiple of pi, or of a part of an angle; None of anything else."""
        turn = multiple_of(argument, ("pi",))
        return self._part_of_angle(head, argument) if turn is None else self.circular(head, turn)

    def circular(self, head: str, turn: fmpq) -> Fraction:
        """The cosine or sine of turn*pi."""
        quarters = 2 * (turn - HALF if head == "sin" else turn)
        if quarters.q == 1:
            return self.constant((1, 0, -1, 0)[int(quarters.p) % 4])
        up, down = self.unity(quarters / 4), self.unity(-quarters / 4)
        return self.times(self.plus(up, down), self.constant(HALF))

    def _part_of_angle(self, head: str, argument: Tree) -> Fraction | None:
        """g = cos(acos(a)/n + t pi), n t an integer: Chebyshev's T_n(g) = cos(acos(a) + n t pi) is a or -a."""
        turn, part, inside = angle(argument) or (ZERO, ZERO, None)
        turn = turn - HALF if head == "sin" else turn
        turn = turn if part > 0 else -turn
        n = int(part.q)
        if inside is None or abs(part.p) != 1 or (turn * n).q != 1 or n > MAX_ANGLE:
            return None
        a, turn = self.read(inside), turn - 2 * (turn / 2).floor()
        key = ("part of angle", str(a), str(n))
        if key not in self.known:
            top, odd = a.top, (turn * n).p % 2
            g = self.generator(key, over=self.names_of(a)).top  # stands for the cosine times the denominator of a
            chebyshev = [fmpq(c) for c in fmpz_poly.chebyshev_t(n).coeffs()]
            whole = sum((g**k * a.bottom ** (n - k) * c for k, c in enumerate(chebyshev)), self.ring.constant(0))
            self.made[-1].relation = (whole - top * a.bottom ** (n - 1) * (-1 if odd else 1)) / chebyshev[n]
            self.turns[key] = turn
        return self.turned(key, turn - self.turns[key], a.bottom)

    def turned(self, key: Key, turn: fmpq, bottom: fmpq_mpoly) -> Fraction:
        """cos(u + turn*pi) = cos(u) cos(turn*pi) - sin(u) sin(turn*pi), where the known generator is the bottom times cos(u)."""
        cosine = self.known[key].top
        if turn == 0:
            return self.fraction(cosine, bottom)
        g = self.uses(cosine)[0]
        sine = self.generator(("sine", *key), real=g.real, over=g.names).top
        self.uses(sine)[0].relation = sine**2 + cosine**2 - bottom**2
        left, right = (self.times(self.poly(p), self.circular(h, turn)) for p, h in ((cosine, "cos"), (-sine, "sin")))
        return self.times(self.plus(left, right), self.fraction(self.ring.constant(1), bottom))

    def bind(self, name: str, relation: Tree) -> None:
        """Let ``name`` be a root of ``relation``, which is a polynomial with rational leading coefficient in it."""
        todo = [relation]
        while todo:  # the coefficients first, so that the new generator stands above theirs
            part = todo.pop()
            if name not in free_names(part):
                self.read(part)
            elif isinstance(part, tuple):
                todo += part[1:]
        g = self.generator(("name", name)).top
        top = self.read(relation)
        lead = top.top.leading_coefficient()
        d = top.top.degrees()[self.ring.gens().index(g)]
        if d < 1 or not top.bottom.is_constant() or (top.top - g**d * lead).degrees()[self.ring.gens().index(g)] >= d:
            refuse(f"the relation of {name} is not monic in it")
        if self.made[-1].poly != g:
            refuse(f"the relation of {name} is not a polynomial in it")
        self.made[-1].relation = top.top / lead
        self.memo.clear()


def prime_powers(value: fmpq) -> list[tuple[fmpz, int]]:
    """Coprime positive integers with exponents: primes, but for a large cofactor left as it is."""
    out = list[tuple[fmpz, int]]()
    for part, sign in ((value.p, 1), (value.q, -1)):
        if part != 1:
            pairs = part.factor() if part.bit_length() <= 130 else part.factor(trial_limit=10_000)
            out += [(p, int(e) * sign) for p, e in pairs]
    return out


def grown(make: Callable[[int, int], Grown]) -> Grown:
    """What is made in a ring of (size, order) that is large enough."""
    size, order = 10, 1
    while size <= MAX_GENERATORS:
        try:
            return make(size, order)
        except Regrow as more:
            size, order = int(more.args[0]), int(more.args[1])
    refuse("an expression needs too many generators")
