"""Exact zero testing: normal forms in Q(names)[t1..tm] modulo relations t_i^k = A_i(t1..t_{i-1}).

Radicals, roots of unity, exp, log and Lambert W become generators with the relations that their principal values
satisfy; anything else (gamma, a sum over data, ...) is a free generator of its normalised arguments. A numerator that
reduces to zero is zero wherever what was inverted is not; one that does not reduce proves nothing.

(More than 400 lines: one ring, its signs, and one rule for each head; split up, no part could be checked alone.)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import lcm

from flint import Ordering, acb, fmpq, fmpq_mpoly, fmpq_mpoly_ctx, fmpz, fmpz_poly

from closedform.kernel.expressions.angles import angle, multiple_of
from closedform.kernel.expressions.balls import excludes_zero
from closedform.kernel.expressions.infix import infix
from closedform.kernel.expressions.substitution import substitute
from closedform.kernel.expressions.tree import MINUS, ONE, ZERO, Relation, Tree, add, free_names, mul, read
from closedform.kernel.reading import Json, Refused, refuse, sequence

Key = tuple[str, ...]
MAX_GENERATORS, MAX_TERMS, MAX_ROOT, MAX_ANGLE = 200, 60_000, 5_000, 100
HALF = fmpq(1, 2)
REAL_HEADS = ("abs", "sign", "max", "min", "gamma", "digamma", "trigamma", "erf", "erfc", "atan", "atan2")  # of reals


class _Regrow(Exception):
    """The tower needs (size, order): more generators, or finer roots of unity. It is rebuilt."""


@dataclass(frozen=True)
class Fraction:
    top: fmpq_mpoly
    bottom: fmpq_mpoly


@dataclass
class _Generator:
    poly: fmpq_mpoly
    positive: bool = False
    nonnegative: bool = False
    real: bool = False
    names: frozenset[str] = frozenset()
    relation: fmpq_mpoly | None = None
    log: Fraction | None = None  # its logarithm, where it is exp of something real
    exp: Fraction | None = None  # its exponential, where it is a logarithm
    root: tuple[Fraction, int] | None = None  # (a, k) where it is the k-th root of a positive a


class Tower:
    """Generators in order of creation; later ones stand higher in the lexicographic order, so that ``%`` reduces."""

    def __init__(self, relations: Iterable[Relation] = (), size: int = 10, order: int = 1) -> None:
        self.size, self.order = size, order
        self.ring = fmpq_mpoly_ctx.get([f"g{i}" for i in range(size)], Ordering.lex)
        self.variables = self.ring.gens()[::-1]
        self.one, self.zero = self.constant(1), self.constant(0)
        self.made: list[_Generator] = []
        self.known: dict[Key, Fraction] = {}
        self.chains: dict[Key, tuple[int, Fraction]] = {}
        self.inverted: list[tuple[Tree, Fraction]] = []
        self.facts: list[fmpq_mpoly] = []  # polynomials assumed positive
        self.nonzero: list[fmpq_mpoly] = []
        self.opposed = False  # a relation is openly false where the others hold
        self.columns: set[str] = set()  # with positive entries
        self.memo: dict[int, tuple[Tree, Fraction]] = {}  # by identity: hashing large trees costs more than they save
        self.meanings: dict[str, Fraction] = {}
        self.cycle: fmpq_mpoly | None = None
        if order > 2:
            z, relation = self.generator(("unity",)).top, self.ring.constant(0)
            for c in fmpz_poly.cyclotomic(order).coeffs()[::-1]:
                relation = relation * z + fmpq(c)
            self.made[-1].relation = relation
            self.cycle = z**order - 1  # a multiple of the relation, with two terms
        self._assume(list(relations))

    # -- the ring ------------------------------------------------------------------------------------------------

    def constant(self, value: fmpq | int) -> Fraction:
        return Fraction(self.ring.constant(fmpq(value)), self.ring.constant(1))

    def poly(self, p: fmpq_mpoly) -> Fraction:
        return Fraction(p, self.ring.constant(1))

    def generator(
        self, key: Key, positive: bool = False, real: bool = False, over: frozenset[str] = frozenset()
    ) -> Fraction:
        if key not in self.known:
            if len(self.made) == self.size:
                raise _Regrow(2 * self.size, self.order)
            p = self.variables[len(self.made)]
            self.made.append(_Generator(p, positive, positive, real or positive, over))
            self.known[key] = self.poly(p)
        return self.known[key]

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
            relation, at = self.made[k - 1].relation, self.size - k
            if relation is not None and degrees[at] >= relation.degrees()[at]:
                if k == 1 and self.cycle is not None:
                    p = divmod(p, self.cycle)[1]
                p = divmod(p, relation)[1]
                degrees = p.degrees()
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

    # -- signs ---------------------------------------------------------------------------------------------------

    def uses(self, *polys: fmpq_mpoly) -> list[_Generator]:
        return [g for p in polys for g, d in zip(self.made, p.degrees()[::-1], strict=False) if d]

    def real(self, a: Fraction) -> bool:
        return all(g.real for g in self.uses(a.top, a.bottom))

    def names_of(self, a: Fraction) -> frozenset[str]:
        return frozenset[str]().union(*(g.names for g in self.uses(a.top, a.bottom)))

    def single(self, p: fmpq_mpoly) -> _Generator | None:
        return next((g for g in self.uses(p) if g.poly == p), None)

    def positive(self, p: fmpq_mpoly, facts: bool = True) -> bool:
        """Proved positive: positive coefficients on non-negative monomials, or an assumed inequality plus such."""
        strict = False
        for exponents, coefficient in p.terms():
            used = [(g, e) for g, e in zip(self.made, exponents[::-1], strict=False) if e]
            if coefficient < 0 or not all(g.nonnegative or (g.real and e % 2 == 0) for g, e in used):
                break
            strict = strict or all(g.positive for g, _ in used)
        else:
            return strict
        for fact in self.facts if facts else ():
            scale = p.leading_coefficient() / fact.leading_coefficient()
            rest = p - fact * scale
            if scale > 0 and (rest.is_zero() or self.positive(rest, False)):
                return True
        return False

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

    def surely_positive(self, a: Fraction) -> bool:
        if a.top.is_zero():
            return False
        if self.positive(a.top) and self.positive(a.bottom):  # as a whole; its factors may not show it
            return True
        constant, _, rest = self.split(a)
        return constant > 0 and rest == self.one

    def surely_nonnegative(self, a: Fraction) -> bool:
        """By non-negative coefficients and monomials over a positive denominator; real squares are not negative."""
        below = a.bottom.is_constant() or self.positive(a.bottom)
        terms = [(c, zip(self.made, e[::-1], strict=False)) for e, c in a.top.terms()]
        return below and all(
            c > 0 and all(g.nonnegative or not e or (g.real and e % 2 == 0) for g, e in used) for c, used in terms
        )

    def surely_nonzero(self, a: Fraction) -> bool:
        if a.top.is_zero() or self.positive(a.top) or self.positive(-a.top):
            return not a.top.is_zero()
        return all(self._never(f) for f, _ in self.split(a)[2].top.factor()[1])

    def _never(self, f: fmpq_mpoly) -> bool:
        """A divisor of something known not to vanish, or else its norm down the top relation never vanishes."""
        known = [*self.nonzero, *self.facts, *(g.poly for g in self.made if g.exp is None and g.log is not None)]
        if self.positive(f) or self.positive(-f) or any(divmod(fact, f)[1].is_zero() for fact in known):
            return True
        over = next((g for g in reversed(self.uses(f)) if g.relation is not None), None)
        if over is None or over.relation is None or len(f) > 30:
            return False
        norm = self.reduce(f.resultant(over.relation, str(over.poly)))
        return not norm.is_zero() and self.surely_nonzero(self.poly(norm))

    def _assume(self, relations: list[Relation]) -> None:
        for op, a, b in relations:  # bounds of single names first, so that the others can use them
            for sign, x, bound in ((op, a, b), ({"<": ">", "<=": ">="}.get(op, ""), b, a)):
                if sign in (">", ">=") and isinstance(bound, fmpq) and bound >= 0:
                    if isinstance(x, str):
                        self._flag(self.read(x), sign == ">" or bound > 0)
                    elif (
                        isinstance(x, tuple)
                        and x[0] == "@"
                        and str(x[2]).startswith("#")
                        and (sign == ">" or bound > 0)
                    ):
                        self.columns.add(str(x[1]))  # of every entry, not of one
        for op, a, b in relations:
            low, high = (b, a) if op in (">", ">=", "!=", "=") else (a, b)
            gap = self.read(add(high, mul(MINUS, low)))
            if op not in ("<", ">", "!="):
                continue
            constant, _, rest = (ZERO, [], self.one) if gap.top.is_zero() else self.split(gap)
            if rest == self.one:  # the sign is known already
                self.opposed = self.opposed or constant == 0 or (op != "!=" and constant < 0)
            else:
                self.nonzero.append(rest.top)
                if op != "!=" and rest.bottom.is_constant():
                    self.facts.append(rest.top if constant > 0 else -rest.top)
                    if self.single(self.facts[-1]):
                        self._flag(self.poly(self.facts[-1]), True)
        self.inverted.clear()

    def _flag(self, a: Fraction, strict: bool) -> None:
        g = self.single(a.top)
        if g is not None:  # what is compared is real
            g.real, g.nonnegative, g.positive = True, True, g.positive or strict

    # -- roots, exponentials, logarithms -------------------------------------------------------------------------

    def unity(self, turn: fmpq) -> Fraction:
        """exp(2 pi i turn)."""
        if self.order % int(turn.q):
            if (order := lcm(self.order, int(turn.q))) > MAX_ROOT:
                refuse("a root of unity of too high an order")
            raise _Regrow(self.size, order)
        if self.order <= 2:
            return self.constant(1 if turn.q == 1 else -1)
        return self.whole(self.known["unity",], int(turn.p) * (self.order // int(turn.q)) % self.order)

    def chain(self, key: Key, r: fmpq, base: Fraction | None, like: _Generator) -> Fraction:
        """base^r for a base with its own principal roots, finer roots linked to the coarser ones already met."""
        finest, root = self.chains.get(key, (1, base))
        need = lcm(finest, int(r.q))
        if need > MAX_ROOT:
            refuse("a root of too high an order")
        if root is None or need != finest:
            k, number = need // finest, str(need)
            new = self.generator((*key, number), real=like.real, over=like.names)
            made = self.made[-1]
            if root is not None:  # s = b t has s^k = a b^(k-1) where t^k = a/b
                made.relation = new.top**k - root.top * root.bottom ** (k - 1)
                new = self.fraction(new.top, root.bottom)
            if like.positive and (root is None or root.bottom.is_constant()):
                made.positive = made.nonnegative = True
                made.log = self.times(like.log, self.constant(fmpq(1, need))) if like.log else None
                made.root = (base, need) if base is not None and not like.log else None
            finest, root = need, new
        self.chains[key] = (finest, root)
        return self.whole(root, int(r.p) * (finest // int(r.q)))

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
        for p, e in good:
            out = self.times(out, self._positive_root(p, r * e))
        for prime, e in _primes(abs(constant)):
            out = self.times(out, self._prime_root(prime, r * e))
        if constant < 0 and rest == self.one:
            return self.times(out, self.unity(r / 2))
        if rest != self.one:
            rest = self.times(rest, self.constant(-1)) if constant < 0 else rest
            like = _Generator(rest.top, names=self.names_of(rest))
            out = self.times(out, self.chain(("root", str(rest)), r, rest, like))
        return out

    def _positive_root(self, p: fmpq_mpoly, r: fmpq) -> Fraction:
        g, base = self.single(p), self.poly(p)
        if g is not None and g.log is not None:
            return self.exponential(self.times(g.log, self.constant(r)))
        if g is not None and g.root is not None:
            return self.rational_power(g.root[0], r / g.root[1])
        return self.chain(("root", str(p)), r, base, _Generator(p, True, True, True, self.names_of(base)))

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
        return self.chain(key, r, self.constant(fmpq(prime)), _Generator(self.one.top, True, True, True))

    def logarithm(self, a: Fraction, of: Tree = ZERO) -> Fraction:
        if a.top.is_zero():
            refuse(f"the logarithm of {infix(of)[:200]}, which is zero")
        self.inverted.append((of, a))
        constant, good, rest = self.split(a)
        rest = self.times(rest, self.constant(-1)) if constant < 0 else rest
        parts = [(self.poly(p), e, True) for p, e in good] + [
            (self.constant(fmpq(p)), e, True) for p, e in _primes(abs(constant))
        ]
        out = self.zero
        for base, e, real in parts if rest == self.one else [*parts, (rest, 1, False)]:
            g = self.single(base.top) if real else None
            if g is not None and g.log is not None:
                value = g.log
            elif g is not None and g.root is not None:
                value = self.times(self.logarithm(g.root[0]), self.constant(fmpq(1, g.root[1])))
            else:
                value = self.generator(("log", str(base)), base.top.is_constant() and real, real, self.names_of(base))
                next(g for g in self.made if g.poly == value.top).exp = base
            out = self.plus(out, self.times(self.constant(e), value))
        return out

    def exponential(self, u: Fraction) -> Fraction:
        """exp of a sum, term by term: exp(r log a) = a^r, exp(r m) = exp(m)^r, exp(W(a)) = a/W(a)."""
        out = self.one
        for exponents, coefficient in u.top.terms():
            part = self.fraction(self.ring.from_dict({exponents: fmpq(1)}), u.bottom)
            g = self.single(part.top) if part.bottom.is_constant() else None
            if g is not None and g.exp is not None and (g.real or g.names):
                out = self.times(out, self.rational_power(g.exp, fmpq(coefficient)))
                continue
            key, real = ("exp", str(part)), self.real(part)
            like = _Generator(part.top, real, real, real, self.names_of(part), log=part if real else None)
            out = self.times(out, self.chain(key, fmpq(coefficient), None, like))
        return out

    # -- trees ---------------------------------------------------------------------------------------------------

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
        if not isinstance(tree, tuple):
            return self.generator(("name", str(tree)), real=True, over=frozenset({str(tree)}))
        head, args = str(tree[0]), tree[1:]
        if head in ("+", "*"):
            out = self.read(args[0])
            for a in args[1:]:
                out = (self.plus if head == "+" else self.times)(out, self.read(a))
            return out
        if head == "sqrt" or (head == "^" and isinstance(args[1], fmpq)):
            r = args[1] if head == "^" and isinstance(args[1], fmpq) else HALF
            return self.rational_power(self.read(args[0]), r, args[0])
        if head == "^":
            r = self.read(args[1])
            if r.top.is_constant() and r.bottom.is_constant():
                return self.rational_power(
                    self.read(args[0]), fmpq(r.top.leading_coefficient()) if not r.top.is_zero() else ZERO, args[0]
                )
            return self.exponential(self.times(r, self.logarithm(self.read(args[0]), args[0])))
        if head == "log":
            return self.logarithm(self.read(args[0]), args[0])
        if head in ("e", "exp"):
            turn = multiple_of(args[0], ("I", "pi")) if args else None
            return (
                self.unity(turn / 2) if turn is not None else self.exponential(self.read(args[0]) if args else self.one)
            )
        if head == "I":
            return self.unity(fmpq(1, 4))
        if head == "pi":
            return self.generator(("pi",), True)
        if head in ("sinh", "cosh", "tanh"):
            up = self.exponential(self.read(args[0]))
            down = self.whole(up, -1)
            odd, even = self.plus(up, self.times(down, self.constant(-1))), self.plus(up, down)
            if head == "tanh":
                return self.times(odd, self.whole(even, -1)) if self.real(odd) else refuse("tanh off the real line")
            return self.times(odd if head == "sinh" else even, self.constant(HALF))
        if head in ("cos", "sin", "tan"):
            return self._circular(head, args[0])
        if head in ("sum", "prod"):
            return self._sum(head, args)
        if head == "@":
            key, over = str(args[0]), free_names(args[1]) | {str(args[0])}
            at = self.read(args[1])
            return self.generator(("@", key, str(at)), key in self.columns, True, frozenset(over))
        values = [self.read(a) for a in args]
        if head == "lambertw" and values[0].top.is_zero():
            return self.zero if len(values) == 1 else refuse("a branch of lambertw at zero")
        if head == "abs" and self.surely_positive(values[0]):
            return values[0]
        over = frozenset[str]().union(*(self.names_of(v) for v in values))
        positive = head == "lambertw" and len(values) == 1 and self.surely_positive(values[0])
        real = positive or (head in REAL_HEADS and all(map(self.real, values)))
        new = self.generator((head, *map(str, values)), positive, real, over)
        if head == "lambertw" and ("exp", str(new)) not in self.chains:
            self.inverted.append((args[0], values[0]))
            self.chains["exp", str(new)] = (1, self.times(values[0], self.whole(new, -1)))
            g = self.single(new.top)
            if g is not None and positive:
                g.log = self.plus(self.logarithm(values[0], args[0]), self.times(new, self.constant(-1)))
        return new

    def _circular(self, head: str, argument: Tree) -> Fraction:
        turn = multiple_of(argument, ("pi",))
        if turn is not None:
            up, down = self.unity(turn / 2), self.unity(-turn / 2)
            cosine = self.times(self.plus(up, down), self.constant(HALF))
            if head == "cos":
                return cosine
            sine = self.plus(self.times(up, self.constant(-HALF)), self.times(down, self.constant(HALF)))
            sine = self.times(sine, self.unity(fmpq(1, 4)))
        elif head != "tan" and (part := self._part_of_angle(head, argument)) is not None:
            return part
        else:
            u = self.read(argument)
            flip = not u.top.is_zero() and u.top.leading_coefficient() < 0
            u = self.times(u, self.constant(-1)) if flip else u
            cosine = self.generator(("cos", str(u)), real=self.real(u), over=self.names_of(u))
            new = ("sin", str(u)) not in self.known
            sine = self.generator(("sin", str(u)), real=self.real(u), over=self.names_of(u))
            if new:
                self.made[-1].relation = sine.top**2 + cosine.top**2 - 1
            sine = self.times(sine, self.constant(-1)) if flip else sine
        return {"cos": cosine, "sin": sine}.get(head) or self.times(
            sine, self.rational_power(cosine, MINUS, ("cos", argument))
        )

    def _part_of_angle(self, head: str, argument: Tree) -> Fraction | None:
        """g = cos(acos(a)/n + t pi), n t an integer: Chebyshev's T_n(g) = cos(acos(a) + n t pi) is a or -a."""
        turn, part, inside = angle(argument) or (ZERO, ZERO, None)
        turn = turn - HALF if head == "sin" else turn
        turn = turn if part > 0 else -turn
        n = int(part.q)
        if inside is None or abs(part.p) != 1 or (turn * n).q != 1 or n > MAX_ANGLE:
            return None
        a, turn = self.read(inside), turn - 2 * (turn / 2).floor()
        key = ("part of angle", str(a), str(n), str(turn))
        if key not in self.known:
            top, odd = a.top, (turn * n).p % 2
            g = self.generator(key, over=self.names_of(a)).top  # stands for the cosine times the denominator of a
            chebyshev = [fmpq(c) for c in fmpz_poly.chebyshev_t(n).coeffs()]
            whole = sum((g**k * a.bottom ** (n - k) * c for k, c in enumerate(chebyshev)), self.ring.constant(0))
            self.made[-1].relation = (whole - top * a.bottom ** (n - 1) * (-1 if odd else 1)) / chebyshev[n]
        return self.fraction(self.known[key].top, a.bottom)

    def _sum(self, head: str, args: tuple[Tree, ...]) -> Fraction:
        """Linear in its body: what does not depend on the index is drawn out."""
        index = f"#{_level(str(args[0]), args[3])}"  # the same name in every sum, but for sums that depend on it
        low, high = self.read(args[1]), self.read(args[2])
        body = self.read(substitute(args[3], {str(args[0]): index}))
        if index in self.names_of(self.poly(body.bottom)) or head == "prod":
            over = (self.names_of(body) | self.names_of(low) | self.names_of(high)) - {index}
            return self.generator((head, str(low), str(high), str(body)), real=self.real(body), over=over)
        groups: dict[str, tuple[fmpq_mpoly, fmpq_mpoly]] = {}
        bound = [index in g.names for g in self.made] + [False] * (self.size - len(self.made))
        for exponents, coefficient in body.top.terms():
            inner = self.ring.from_dict({tuple(e * b for e, b in zip(exponents, bound[::-1], strict=True)): fmpq(1)})
            outer = self.ring.from_dict(
                {tuple(e * (not b) for e, b in zip(exponents, bound[::-1], strict=True)): coefficient}
            )
            groups[str(inner)] = (inner, groups.get(str(inner), (inner, self.ring.constant(0)))[1] + outer)
        total = self.zero
        for name, (inner, outer) in groups.items():
            if inner.is_one():
                value = self.plus(self.plus(high, self.one), self.times(low, self.constant(-1)))
            else:
                over = (self.names_of(self.poly(inner)) | self.names_of(low) | self.names_of(high)) - {index}
                value = self.generator((head, str(low), str(high), name), False, self.real(self.poly(inner)), over)
            total = self.plus(total, self.times(value, Fraction(outer, body.bottom)))
        return total


def _primes(value: fmpq) -> list[tuple[fmpz, int]]:
    """Coprime positive integers with exponents: primes, but for a large cofactor left as it is."""
    out = list[tuple[fmpz, int]]()
    for part, sign in ((value.p, 1), (value.q, -1)):
        if part != 1:
            pairs = part.factor() if part.bit_length() <= 130 else part.factor(trial_limit=10_000)
            out += [(p, int(e) * sign) for p, e in pairs]
    return out


def _level(index: str, tree: Tree) -> int:
    """One more than the levels of the sums inside that depend on the index."""
    if not isinstance(tree, tuple) or index not in free_names(tree):
        return 1
    inner = max((_level(index, a) for a in tree[1:]), default=1)
    return max(inner, 1 + _level(str(tree[1]), tree[4])) if tree[0] in ("sum", "prod") else inner


def build(
    trees: Iterable[Tree],
    relations: Iterable[Relation] = (),
    bound: Mapping[str, Tree] | None = None,
    where: Mapping[str, Tree] | None = None,
) -> tuple[Tower, list[Fraction]]:
    """One tower in which all the trees are read; ``bound`` gives names their relations, ``where`` their meanings."""
    wanted, given = list(trees), list(relations)
    size, order = 10, 1
    while size <= MAX_GENERATORS:
        try:
            tower = Tower(given, size, order)
            for name, relation in (bound or {}).items():
                tower.bind(name, relation)
            for name, meaning in (where or {}).items():
                tower.meanings[name] = tower.read(meaning)
                tower.memo.clear()
            return tower, [tower.read(t) for t in wanted]
        except _Regrow as more:
            size, order = int(more.args[0]), int(more.args[1])
    refuse("an expression needs too many generators")


def prove_zero(
    tree: Tree,
    assumptions: Iterable[Relation] = (),
    bound: Mapping[str, Tree] | None = None,
    values: Mapping[str, acb] | None = None,
    where: Mapping[str, Tree] | None = None,
) -> list[Tree]:
    """Zero wherever the returned trees are not zero (and everything is defined); refused where not proved.

    ``bound`` gives a name the polynomial relation it satisfies, ``where`` an expression for it, ``values`` balls for
    names that are numbers.
    """
    tower, (value,) = build([tree], assumptions, bound, where)
    if not value.top.is_zero():
        refuse(f"not proved zero: {infix(tree)[:300]}")
    needed = list[Tree]()
    for of, a in tower.inverted:
        if of == ZERO or of in needed or tower.surely_nonzero(a):
            continue
        if free_names(of) <= (values or {}).keys() and excludes_zero(of, values or {}):
            continue
        needed.append(of)
    return needed


def prove_relation(relation: Relation, assumptions: Iterable[Relation]) -> bool:
    """True: the relation follows, wherever everything in it is defined, from the assumptions. False: not proved."""
    op, left, right = relation
    high, low = (left, right) if op[0] in ">!=" else (right, left)
    try:
        tower, (gap,) = build([add(high, mul(MINUS, low))], assumptions)
    except Refused:
        return False
    if any(not tower.surely_nonzero(a) for _, a in tower.inverted):
        return False
    if gap.top.is_zero():
        return op in ("=", ">=", "<=")
    if op == "!=":
        return tower.surely_nonzero(gap)
    if op == "=" or tower.surely_positive(gap) or (op in (">=", "<=") and tower.surely_nonnegative(gap)):
        return op != "="
    if op in (">=", "<=") and low == ZERO and _even_power(high, assumptions):
        return True
    terms = high[1:] if isinstance(high, tuple) and high[0] == "+" and low == ZERO else ()
    if not terms:  # else the sum of what is positive each for itself
        return False
    signs = [">" if op in (">", "<") and i == 0 else ">=" for i in range(len(terms))]
    return all(prove_relation((sign, term, ZERO), assumptions) for sign, term in zip(signs, terms, strict=True))


def _even_power(tree: Tree, assumptions: Iterable[Relation]) -> bool:
    """Whether the tree is an even power of something real, or a product of such and of what is not negative."""
    if not isinstance(tree, tuple) or tree[0] not in ("^", "*"):
        return False
    if tree[0] == "*":
        return all(_even_power(a, assumptions) or prove_relation((">=", a, ZERO), assumptions) for a in tree[1:])
    whole = isinstance(tree[2], fmpq) and tree[2].q == 1 and tree[2] > 0 and tree[2].p % 2 == 0
    if not whole:
        return False
    tower, (base,) = build([tree[1]], assumptions)
    return tower.real(base)


def opposed(relations: list[Relation]) -> bool:
    """Whether some of the relations say openly that the others, or they themselves, are false."""
    tower = Tower()
    try:
        tower, _ = build([], relations)
    except Refused:
        return True
    doubtful = (tower.positive(-f, facts=False) or any((f + g).is_zero() for g in tower.facts) for f in tower.facts)
    return tower.opposed or any(doubtful)


def is_zero(tree: Tree, assumptions: Iterable[Relation] = ()) -> bool:
    """True: proved zero wherever it is defined and its denominators do not vanish. False: not proved."""
    try:
        prove_zero(tree, assumptions)
    except Refused:
        return False
    return True


def read_relations(value: Json, what: str) -> list[Relation]:
    out = list[Relation]()
    for item in sequence(value, what, 1_000):
        if not isinstance(item, list) or len(item) != 3 or item[0] not in ("<", "<=", ">", ">=", "=", "!="):
            refuse(f"{what} must be comparisons of two expressions")
        out.append((str(item[0]), read(item[1]), read(item[2])))
    return out
