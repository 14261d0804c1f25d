"""Number fields as towers Q[y1, ..., yk] modulo monic relations, with a tree for every generator in every embedding.

Elements are reduced polynomials (``fmpq_mpoly``); a later generator stands higher in the lexicographic order, so
division by the relations, last one first, is the normal form, as in the kernel's tower.
"""

from __future__ import annotations

from functools import cached_property, lru_cache

from flint import Ordering, fmpq, fmpq_mat, fmpq_mpoly, fmpq_mpoly_ctx, fmpq_poly, fmpz

from closedform.algebra.radicals.terms import Unresolved, negate
from closedform.frozen import record
from closedform.kernel.expressions.tree import ZERO, Tree, add, mul, power

LEVELS = 8
Element = fmpq_mpoly


@lru_cache(maxsize=1)
def ring() -> fmpq_mpoly_ctx:
    return fmpq_mpoly_ctx.get([f"y{k}" for k in range(LEVELS, 0, -1)], Ordering.lex)


def constant(value: fmpq | int) -> Element:
    return ring().constant(fmpq(value))


def generator(level: int) -> Element:
    """y_level, counted from 1."""
    return ring().gens()[LEVELS - level]


@record
class NumberField:
    """Generators y1..yk with their relations; ``conjugates`` gives their trees in each of the embeddings."""

    relations: tuple[Element, ...] = ()
    degrees: tuple[int, ...] = ()
    conjugates: tuple[tuple[Tree, ...], ...] = ((),)

    @property
    def level(self) -> int:
        return len(self.relations)

    @property
    def degree(self) -> int:
        return len(self.conjugates)

    def reduce(self, a: Element) -> Element:
        for relation in reversed(self.relations):
            a = divmod(a, relation)[1]
        return a

    def times(self, a: Element, b: Element) -> Element:
        return self.reduce(a * b)

    def at(self, p: fmpq_poly, point: Element) -> Element:
        """p(point)."""
        out = constant(0)
        for c in list(p.coeffs())[::-1]:
            out = self.times(out, point) + c
        return out

    @cached_property
    def basis(self) -> list[tuple[int, ...]]:
        exponents: list[tuple[int, ...]] = [()]
        for d in self.degrees:
            exponents = [(e, *rest) for rest in exponents for e in range(d)]
        padding = (0,) * (LEVELS - self.level)
        return [(*padding, *e) for e in exponents]

    def vector(self, a: Element) -> list[fmpq]:
        known = {tuple(map(int, e)): c for e, c in a.terms()}
        return [fmpq(known.get(e, fmpq(0))) for e in self.basis]

    def inverse(self, a: Element) -> Element:
        n = len(self.basis)
        columns = [self.vector(self.times(a, ring().from_dict({e: fmpq(1)}))) for e in self.basis]
        matrix = fmpq_mat(n, n, [columns[j][i] for i in range(n) for j in range(n)])
        try:
            solution = matrix.solve(fmpq_mat(n, 1, self.vector(constant(1))))
        except ZeroDivisionError as fault:
            raise Unresolved("a division by zero in a subfield") from fault
        return ring().from_dict({e: solution[i, 0] for i, e in enumerate(self.basis) if solution[i, 0] != 0})

    def parts(self, a: Element, level: int) -> dict[int, Element]:
        """The coefficients of the powers of y_level."""
        out = dict[int, dict[tuple[int, ...], fmpq]]()
        index = LEVELS - level
        for exponents, c in a.terms():
            e = tuple(map(int, exponents))
            out.setdefault(e[index], {})[(*e[:index], 0, *e[index + 1 :])] = fmpq(c)
        return {k: ring().from_dict(terms) for k, terms in out.items()}

    def tree(self, a: Element, conjugate: tuple[Tree, ...]) -> Tree:
        """The element in one embedding: nested, the highest generator outside, the rational content in front."""
        return self._tree(a, conjugate, self.level)

    def _tree(self, a: Element, conjugate: tuple[Tree, ...], level: int) -> Tree:
        if a.is_zero():
            return ZERO
        while level and a.degrees()[LEVELS - level] == 0:
            level -= 1
        if level == 0:
            return fmpq(a.leading_coefficient())
        scale = content(a)
        if a.leading_coefficient() < 0:
            scale = -scale
        parts, y = self.parts(a / scale, level), conjugate[level - 1]
        terms = [
            mul(self._tree(c, conjugate, level - 1), power(y, fmpq(k)) if k else fmpq(1))
            for k, c in sorted(parts.items())[::-1]
        ]
        inner = add(*terms)
        return mul(scale, inner) if scale != -1 or len(terms) == 1 else negate(inner)

    def square_root(self, a: Element, level: int | None = None) -> Element | None:
        """A square root inside the field, where the generators that matter are square roots; None if none is found."""
        level = self.level if level is None else level
        if a.is_zero():
            return a
        if level == 0:
            root = rational_square_root(fmpq(a.leading_coefficient()))
            return None if root is None else constant(root)
        if self.degrees[level - 1] != 2:
            return self.square_root(a, level - 1) if a.degrees()[LEVELS - level] == 0 else None
        y, parts = generator(level), self.parts(a, level)
        d = y * y - self.relations[level - 1]
        if d.degrees()[LEVELS - level] != 0:
            return None
        u, v = parts.get(0, constant(0)), parts.get(1, constant(0))
        if v.is_zero():
            inside = self.square_root(u, level - 1)
            if inside is not None:
                return inside
            other = self.square_root(self.times(u, self.inverse(d)), level - 1)
            return None if other is None else self.times(other, y)
        w = self.square_root(self.reduce(u * u - v * v * d), level - 1)
        if w is None:
            return None
        for sign in (1, -1):
            s = self.square_root((u + w * sign) / 2, level - 1)
            if s is not None and not s.is_zero():
                return s + self.times(self.times(v, y), self.inverse(s)) / 2
        return None


def content(a: Element) -> fmpq:
    top, bottom = fmpz(0), fmpz(1)
    for c in a.coeffs():
        top, bottom = top.gcd(c.p), bottom * c.q // bottom.gcd(c.q)
    return fmpq(top, bottom)


def rational_square_root(value: fmpq) -> fmpq | None:
    if value < 0:
        return None
    p, q = value.p.isqrt(), value.q.isqrt()
    return fmpq(p, q) if p * p == value.p and q * q == value.q else None


def square_part(value: fmpq) -> fmpq:
    """The largest r (up to factors past trial division) with value = r^2 * s, s an integer free of small squares."""
    if value == 0:
        return fmpq(1)
    whole = abs(value.p * value.q)
    factors = whole.factor() if whole.bit_length() < 200 else whole.factor(trial_limit=100_000)
    out = fmpq(1, value.q)
    for prime, e in factors:
        out *= fmpq(prime) ** (int(e) // 2)
    return out
