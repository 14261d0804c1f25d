"""Exact zero testing with symbols: radicals, and exponentials, logarithms, Lambert W and sums over data.

What is none of these (gamma, ...) is a free generator of its normalised arguments.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from itertools import permutations

from flint import fmpq, fmpq_mpoly

from closedform.kernel.algebra.radicals import Fraction, Generator, RootRing, grown, prime_powers
from closedform.kernel.expressions.angles import HALF, multiple_of
from closedform.kernel.expressions.infix import infix
from closedform.kernel.expressions.substitution import substitute
from closedform.kernel.expressions.tree import MINUS, ZERO, Relation, Tree, add, free_names, mul
from closedform.kernel.reading import Refused, refuse

REAL_HEADS = ("abs", "sign", "max", "min", "gamma", "digamma", "trigamma", "erf", "erfc", "atan", "atan2")  # of reals


class Tower(RootRing):
    """The ring of radicals with relations between symbols that are assumed to hold."""

    def __init__(self, relations: Iterable[Relation] = (), size: int = 10, order: int = 1) -> None:
        super().__init__(size, order)
        self.facts: list[fmpq_mpoly] = []  # polynomials assumed positive
        self.nonzero: list[fmpq_mpoly] = []
        self.opposed = False  # a relation is openly false where the others hold
        self.columns: set[str] = set()  # with positive entries
        self._assume(list(relations))

    # -- signs ---------------------------------------------------------------------------------------------------

    def positive(self, p: fmpq_mpoly) -> bool:
        """Proved positive as it is, or as an assumed inequality plus what is."""
        if super().positive(p):
            return True
        for fact in self.facts:
            scale = p.leading_coefficient() / fact.leading_coefficient()
            rest = p - fact * scale
            if scale > 0 and (rest.is_zero() or super().positive(rest)):
                return True
        return False

    def surely_positive(self, a: Fraction) -> bool:
        if a.top.is_zero():
            return False
        if self.positive(a.top) and self.positive(a.bottom):  # as a whole; its factors may not show it
            return True
        constant, _, rest = self.split(a)
        return constant > 0 and rest == self.one

    def surely_nonnegative(self, a: Fraction) -> bool:
        """By non-negative coefficients and monomials over a positive denominator, or as p + q*sqrt(c) with q^2 c <= p^2, p >= 0."""
        below = a.bottom.is_constant() or self.positive(a.bottom)
        terms = [(c, zip(self.made, e[::-1], strict=False)) for e, c in a.top.terms()]
        if below and all(
            c > 0 and all(g.nonnegative or not e or (g.real and e % 2 == 0) for g, e in used) for c, used in terms
        ):
            return True
        whole = self.reduce(a.top * a.bottom)
        for g in self.uses(whole):
            i = self.size - 1 - self.made.index(g)
            if self.real(self.poly(whole)) and g.relation is not None and int(g.relation.degrees()[i]) == 2:
                q, square = whole.derivative(i), g.poly**2 - g.relation
                p = whole - q * g.poly
                both = (self.poly(p), self.poly(self.reduce(p**2 - q**2 * square)))
                return all(self.surely_positive(part) or self.surely_nonnegative(part) for part in both)
        return False

    def surely_nonzero(self, a: Fraction) -> bool:
        if a.top.is_zero() or self.positive(a.top) or self.positive(-a.top):
            return not a.top.is_zero()
        return not (rest := self.split(a)[2].top).is_zero() and all(self._never(f) for f, _ in rest.factor()[1])

    def _never(self, f: fmpq_mpoly) -> bool:
        """A divisor of something known not to vanish, or else its norm down the top relation never vanishes."""
        known = [*self.nonzero, *self.facts, *(g.poly for g in self.made if g.exp is None and g.log is not None)]
        before = [*self.vanishing]
        self.vanish(f)
        absurd = any(self.reduce(p).is_zero() for p in (self.ring.constant(1), *known))
        self.vanishing = before
        if absurd or self.positive(f) or self.positive(-f):
            return True
        over = next((g for g in reversed(self.uses(f)) if g.relation is not None), None)
        if over is None or over.relation is None or len(f) > 30:
            return False
        norm = self.reduce(f.resultant(over.relation, str(over.poly)))
        return not norm.is_zero() and self.surely_nonzero(self.poly(norm))

    def _assume(self, relations: list[Relation]) -> None:
        turned = [(op.replace("<", ">"), *((b, a) if op[0] == "<" else (a, b))) for op, a, b in relations]
        for op, high, low in turned:  # bounds of single names first, so that the others can use them
            if op[0] == ">" and isinstance(low, fmpq) and low >= 0:
                strict = op == ">" or low > 0
                if isinstance(high, str):
                    self._flag(self.read(high), strict)
                elif isinstance(high, tuple) and high[0] == "@" and str(high[2]).startswith("#") and strict:
                    self.columns.add(str(high[1]))  # of every entry, not of one
        bounds = list[Fraction]()
        for op, high, low in sorted(turned, key=lambda r: r[0] != "="):
            gap = self.read(add(high, mul(MINUS, low)))
            if op == "=":
                self.opposed = self.opposed or (gap.top.is_constant() and not gap.top.is_zero())
                self.vanish(gap.top)
                if self.opposed or self.reduce(self.ring.constant(1)).is_zero():
                    self.opposed, self.vanishing = True, []
                    return
                self.memo.clear()
            elif op == ">=":
                bounds.append(self.times(gap, self.constant(-1)))
            else:
                constant, _, rest = (ZERO, [], self.one) if gap.top.is_zero() else self.split(gap)
                if rest == self.one:  # the sign is known already
                    self.opposed = self.opposed or constant == 0 or (op != "!=" and constant < 0)
                    continue
                self.nonzero.append(rest.top)
                if op != "!=" and rest.bottom.is_constant():
                    self.facts.append(rest.top if constant > 0 else -rest.top)
                    if self.single(self.facts[-1]):
                        self._flag(self.poly(self.facts[-1]), True)
        self.opposed = self.opposed or any(map(self.surely_positive, bounds))
        self.inverted.clear()

    def _flag(self, a: Fraction, strict: bool) -> None:
        g = self.single(a.top)
        if g is not None:  # what is compared is real
            g.real, g.nonnegative, g.positive = True, True, g.positive or strict

    # -- exponentials and logarithms -------------------------------------------------------------------------------

    def _positive_root(self, p: fmpq_mpoly, r: fmpq) -> Fraction:
        g = self.single(p)
        log = g.log if g is not None else None
        return super()._positive_root(p, r) if log is None else self.exponential(self.times(log, self.constant(r)))

    def logarithm(self, a: Fraction, of: Tree = ZERO) -> Fraction:
        if a.top.is_zero():
            refuse(f"the logarithm of {infix(of)[:200]}, which is zero")
        self.inverted.append((of, a))
        constant, good, rest = self.split(a)
        rest = self.times(rest, self.constant(-1)) if constant < 0 else rest
        parts = [(self.poly(p), e, True) for p, e in good] + [
            (self.constant(fmpq(p)), e, True) for p, e in prime_powers(abs(constant))
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
            like = Generator(part.top, real, real, real, self.names_of(part), log=part if real else None)
            out = self.times(out, self.chain(key, fmpq(coefficient), None, like))
        return out

    # -- trees ---------------------------------------------------------------------------------------------------

    def _read(self, tree: Tree) -> Fraction:
        if not isinstance(tree, tuple):
            return super()._read(tree)
        head, args = str(tree[0]), tree[1:]
        if head == "^" and not isinstance(args[1], fmpq):
            r = self.read(args[1])
            if r.top.is_constant() and r.bottom.is_constant():
                return self.rational_power(
                    self.read(args[0]), fmpq(r.top.leading_coefficient()) if not r.top.is_zero() else ZERO, args[0]
                )
            return self.exponential(self.times(r, self.logarithm(self.read(args[0]), args[0])))
        if head == "log":
            return self.logarithm(self.read(args[0]), args[0])
        if head == "e" or (head == "exp" and multiple_of(args[0], ("I", "pi")) is None):
            return self.exponential(self.read(args[0]) if args else self.one)
        if head == "pi":
            return self.generator(("pi",), True)
        if head in ("sinh", "cosh", "tanh"):
            up = self.exponential(self.read(args[0]))
            down = self.whole(up, -1)
            odd, even = self.plus(up, self.times(down, self.constant(-1))), self.plus(up, down)
            if head == "tanh":
                return self.times(odd, self.whole(even, -1)) if self.real(odd) else refuse("tanh off the real line")
            return self.times(odd if head == "sinh" else even, self.constant(HALF))
        if head == "tan":
            cosine = ("cos", args[0])
            return self.times(self.read(("sin", args[0])), self.rational_power(self.read(cosine), MINUS, cosine))
        if head in ("cos", "sin"):
            value = self._circular(head, args[0])
            return self._wave(head, args[0]) if value is None else value
        if head in ("sum", "prod"):
            return self._sum(head, args)
        if head == "@":
            key, over = str(args[0]), free_names(args[1]) | {str(args[0])}
            at = self.read(args[1])
            return self.generator(("@", key, str(at)), key in self.columns, True, frozenset(over))
        if head in ("+", "*", "^", "sqrt", "exp", "I"):
            return (self._odd_root(args) if head == "*" else None) or super()._read(tree)
        return self._free(head, args)

    def _odd_root(self, factors: tuple[Tree, ...]) -> Fraction | None:
        """A product with sign(u)*|u|^r, the real root of odd order; None where there is none."""
        for pair in permutations(factors, 2):
            match pair:
                case ("sign", a), ("^", ("abs", b), fmpq() as r) if r > 0 and r.p % 2 == r.q % 2 == 1:
                    u, v = self.read(a), self.read(b)
                    if any(self.plus(u, self.times(v, self.constant(s))).top.is_zero() for s in (1, -1)):
                        like = Generator(u.top, real=self.real(u), names=self.names_of(u))
                        rest = mul(*(t for t in factors if t is not pair[0] and t is not pair[1]))
                        return self.times(self.chain(("odd root", str(u)), r, u, like), self.read(rest))
                case _:
                    pass
        return None

    def _wave(self, head: str, argument: Tree) -> Fraction:
        """Cosine and sine of anything else are generators, whose squares add up to one."""
        u = self.read(argument)
        flip = not u.top.is_zero() and u.top.leading_coefficient() < 0
        u = self.times(u, self.constant(-1)) if flip else u
        self.generator(key := ("cos", str(u)), real=self.real(u), over=self.names_of(u))
        return self.turned(key, ZERO if head == "cos" else HALF if flip else -HALF, self.ring.constant(1))

    def _free(self, head: str, args: tuple[Tree, ...]) -> Fraction:
        """Lambert W, whose exponential is known, absolute values, and functions that nothing is known of."""
        values = [self.read(a) for a in args]
        if head in ("abs", "lambertw") and values[0].top.is_zero():
            return self.zero if len(values) == 1 else refuse("a branch of lambertw at zero")
        if head == "abs" and self.real(values[0]):
            constant, good, rest = self.split(values[0])
            known = [self.whole(self.poly(p), e) for p, e in good] + [self.constant(abs(constant))]
            known += [self.magnitude(p, fmpq(e)) for p, e in ((rest.top, 1), (rest.bottom, -1)) if not p.is_constant()]
            return reduce(self.times, known)
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

    def _sum(self, head: str, args: tuple[Tree, ...]) -> Fraction:
        """Linear in its body: what does not depend on the index is drawn out."""
        index = f"#{_level(str(args[0]), args[3])}"  # the same name in every sum, but for sums that depend on it
        low, high = self.read(args[1]), self.read(args[2])
        body = self.read(substitute(args[3], {str(args[0]): index}))
        if index in self.names_of(self.poly(body.bottom)) or head == "prod":
            over = (self.names_of(body) | self.names_of(low) | self.names_of(high)) - {index}
            return self.generator((head, str(low), str(high), str(body)), real=self.real(body), over=over)
        groups, total = dict[tuple[int, ...], dict[tuple[int, ...], fmpq]](), self.zero
        bound = [index in g.names for g in self.made] + [False] * (self.size - len(self.made))
        for exponents, coefficient in body.top.terms():
            inside, outside = (
                tuple(e * (b is own) for e, b in zip(exponents, bound[::-1], strict=True)) for own in (True, False)
            )
            groups.setdefault(inside, {})[outside] = coefficient
        for inside, outer in groups.items():
            inner = self.poly(self.ring.from_dict({inside: fmpq(1)}))
            if any(inside):
                over = (self.names_of(inner) | self.names_of(low) | self.names_of(high)) - {index}
                value = self.generator((head, str(low), str(high), str(inner.top)), False, self.real(inner), over)
            else:
                value = self.plus(self.plus(high, self.one), self.times(low, self.constant(-1)))
            total = self.plus(total, self.times(value, Fraction(self.ring.from_dict(outer), body.bottom)))
        return total


def _level(index: str, tree: Tree) -> int:
    """One more than the levels of the sums inside that depend on the index."""
    if not isinstance(tree, tuple) or index not in free_names(tree):
        return 1
    inner = max((_level(index, a) for a in tree[1:]), default=1)
    return max(inner, 1 + _level(str(tree[1]), tree[4])) if tree[0] in ("sum", "prod") else inner


def build(trees: Iterable[Tree], relations: Iterable[Relation] = ()) -> tuple[Tower, list[Fraction]]:
    """One tower in which all the trees are read."""
    wanted, given = list(trees), list(relations)

    def make(size: int, order: int) -> tuple[Tower, list[Fraction]]:
        tower = Tower(given, size, order)
        return tower, [tower.read(t) for t in wanted]

    return grown(make)


def prove_zero(tree: Tree, assumptions: Iterable[Relation] = ()) -> list[Tree]:
    """Zero wherever the returned trees are not zero (and everything is defined); refused where not proved."""
    tower, (value,) = build([tree], assumptions)
    if not value.top.is_zero():
        refuse(f"not proved zero: {infix(tree)[:300]}")
    return list(dict.fromkeys(of for of, a in tower.inverted if of != ZERO and not tower.surely_nonzero(a)))


def is_zero(tree: Tree, assumptions: Iterable[Relation] = ()) -> bool:
    """True: proved zero wherever it is defined and its denominators do not vanish. False: not proved."""
    try:
        prove_zero(tree, assumptions)
    except Refused:
        return False
    return True
