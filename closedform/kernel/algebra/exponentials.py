"""Exponentials as positive generators: with t = exp(scale*form) a tree becomes a quotient of integer polynomials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from flint import fmpq, fmpz_mpoly, fmpz_mpoly_ctx, fmpz_poly

from closedform.kernel import reading
from closedform.kernel.algebra.polynomials import MAX_LENGTH, too_long
from closedform.kernel.expressions.infix import infix
from closedform.kernel.expressions.tree import ZERO, Tree, as_integer, mul
from closedform.kernel.reading import Json, refuse

Key = tuple[str, ...]  # a product of names, sorted; log(2), pi() and e() count as names that nobody else can bear
Quotient = tuple[fmpz_mpoly, fmpz_mpoly]
Scales = Mapping[Key, tuple[str, fmpq]]  # product -> (name of t, scale): t = exp(scale*product)
MAX_POWER = 10_000


class Field:
    """Q(names) with a generator t for each exponential; translates trees into quotients of integer polynomials.

    ``values`` binds names to rationals, ``columns`` names under ``@``. Names outside the generators are refused.
    """

    def __init__(self, scales: Scales, names: Sequence[str], columns: Mapping[str, list[fmpq]]) -> None:
        self.scales, self.columns = scales, columns
        self.names = [*(t for t, _ in scales.values()), *names]
        if len(set(self.names)) != len(self.names):
            refuse("two generators have the same name")
        self.ctx = fmpz_mpoly_ctx.get([f"g{i}" for i in range(len(self.names))], "lex")
        self.generator = dict(zip(self.names, self.ctx.gens(), strict=True))
        self.one: fmpz_mpoly = self.ctx.constant(1)
        self.positive = {t for t, _ in scales.values()}

    def expand(self, tree: Tree, values: Mapping[str, fmpq]) -> dict[Key, fmpq]:
        """The tree as a rational-linear combination of products of names; refused when it is none."""
        if isinstance(tree, fmpq):
            return {(): tree}
        if isinstance(tree, str):
            return {(): values[tree]} if tree in values else {(tree,): fmpq(1)}
        head, args = str(tree[0]), tree[1:]
        if head == "@":
            return {(): self.entry(tree, values)}
        if head in ("pi", "e") and not args:
            return {(f"{head}()",): fmpq(1)}
        inside = args[0] if args else ZERO
        if head == "log" and isinstance(inside, fmpq) and inside > 0:
            parts = [*((p, e) for p, e in inside.p.factor()), *((q, -e) for q, e in inside.q.factor())]
            return {(f"log({p})",): fmpq(e) for p, e in parts}
        if head == "+":
            out: dict[Key, fmpq] = {}
            for a in args:
                for k, c in self.expand(a, values).items():
                    out[k] = out.get(k, ZERO) + c
            return {k: c for k, c in out.items() if c != 0}
        if head in ("*", "^"):
            power = 1 if head == "*" else as_integer(args[1])
            factors = [self.expand(a, values) for a in (args if head == "*" else args[:1])]
            if power is None or abs(power) > 64:
                refuse(f"not a product of names: {infix(tree)[:80]}")
            if power < 0:
                if set(factors[0]) != {()}:
                    refuse(f"division by a name in an exponent: {infix(tree)[:80]}")
                factors, power = [{(): 1 / factors[0][()]}], -power
            out = {(): fmpq(1)}
            for f in factors * power:
                out = _product(out, f)
            return out
        refuse(f"not a linear form: {infix(tree)[:80]}")

    def entry(self, tree: Tree, values: Mapping[str, fmpq]) -> fmpq:
        _, name, place = tree if isinstance(tree, tuple) else ("", "", "")
        column, at = self.columns.get(str(name)), self.expand(place, values)
        index = as_integer(at.get((), ZERO)) if set(at) <= {()} else None
        if column is None or index is None or not 1 <= index <= len(column):
            refuse(f"no entry {infix(tree)}")
        return column[index - 1]

    def exponential(self, exponent: Mapping[Key, fmpq]) -> Quotient:
        above, below = self.one, self.one
        for key, c in exponent.items():
            if key not in self.scales:
                refuse(f"no generator for the exponential of {'*'.join(key) or 'a number'}")
            t, scale = self.scales[key]
            e = as_integer(c / scale)
            if e is None or abs(e) > 10**9:
                refuse(f"{c} is not a multiple of the scale {scale}")
            above, below = (
                (above * self.generator[t] ** e, below) if e > 0 else (above, below * self.generator[t] ** -e)
            )
        return above, below

    def quotient(self, tree: Tree, values: Mapping[str, fmpq]) -> Quotient:
        """The tree as a reduced quotient; equal to it wherever the tree is defined."""
        if isinstance(tree, fmpq):
            return self.one * tree.p, self.one * tree.q
        if isinstance(tree, str):
            return self.quotient(values[tree], values) if tree in values else (self._named(tree), self.one)
        head, args = str(tree[0]), tree[1:]
        if head == "@":
            return self.quotient(self.entry(tree, values), values)
        if head == "+":
            return self.total([self.quotient(a, values) for a in args])
        if head == "*":
            a, b = self.one, self.one
            for f in args:
                c, d = self.quotient(f, values)
                a, b = self.reduced(a * c, b * d)
            return a, b
        if head == "sum":
            low, high = (as_integer(self.expand(a, values).get((), ZERO)) for a in args[1:3])
            if low is None or high is None or high - low > reading.MAX_ITEMS:
                refuse("a sum has no bounds that are numbers")
            return self.total([self.quotient(args[3], {**values, str(args[0]): fmpq(i)}) for i in range(low, high + 1)])
        if head in ("exp", "tanh", "sinh", "cosh"):
            double = mul(fmpq(2) if head == "tanh" else fmpq(1), args[0])
            a, b = self.exponential(self.expand(double, values))
            sign = 1 if head == "cosh" else -1
            return {"exp": (a, b), "tanh": (a - b, a + b)}.get(head, (a * a + sign * b * b, 2 * a * b))
        if head == "^":
            whole = as_integer(args[1])
            if whole is None and isinstance(args[0], fmpq) and args[0] > 0:
                return self.quotient(("exp", mul(args[1], ("log", args[0]))), values)
            if whole is None or abs(whole) > MAX_POWER:
                refuse(f"not rational: {infix(tree)[:80]}")
            a, b = self.quotient(args[0], values)
            if whole < 0 and a.is_zero():
                refuse("division by zero")
            if too_long(a, abs(whole)) or too_long(b, abs(whole)):
                refuse("a power is too large")
            return (a**whole, b**whole) if whole >= 0 else (b**-whole, a**-whole)
        if head == "log" and isinstance(args[0], fmpq) and args[0] > 0:
            return self.total([(self._named(k[0]) * c.p, self.one * c.q) for k, c in self.expand(tree, values).items()])
        if head in ("pi", "e"):
            return self._named(f"{head}()"), self.one
        refuse(f"{head} is not rational in the unknowns and their exponentials")

    def _named(self, name: str) -> fmpz_mpoly:
        if name not in self.generator:
            refuse(f"no generator for {name}")
        return self.generator[name]

    def reduced(self, a: fmpz_mpoly, b: fmpz_mpoly) -> Quotient:
        g = a.gcd(b)
        return (a, b) if g.is_one() else (a // g, b // g)

    def total(self, terms: list[Quotient]) -> Quotient:
        """The sum, over the least common denominator; equal denominators first, then in pairs."""
        groups: dict[object, Quotient] = {}
        for a, b in terms:
            key = (tuple(b.monoms()), tuple(b.coeffs()))
            groups[key] = (groups[key][0] + a, b) if key in groups else (a, b)
        level = [self.reduced(a, b) for a, b in groups.values()]
        while len(level) > 1:
            pairs = zip(level[::2], level[1::2], strict=False)
            level = [self._sum(p, q) for p, q in pairs] + ([level[-1]] if len(level) % 2 else [])
        return level[0] if level else (self.one * 0, self.one)

    def _sum(self, p: Quotient, q: Quotient) -> Quotient:
        g = p[1].gcd(q[1])
        left, right = p[1] // g, q[1] // g
        sizes = (int(d) + int(e) + 1 for d, e in zip(left.degrees(), q[1].degrees(), strict=True))
        if min(len(left) * len(q[1]), prod(sizes)) > MAX_LENGTH:
            refuse("a sum of quotients is too large")
        return self.reduced(p[0] * right + q[0] * left, left * q[1])

    def sign(self, p: fmpz_mpoly) -> int:
        """1 or -1 when the polynomial is never zero where its generators are positive, by its coefficients; else 0."""
        if any(e and n not in self.positive for m in p.monoms() for n, e in zip(self.names, m, strict=True)):
            return 0
        coefficients = p.coeffs()
        return 1 if all(c > 0 for c in coefficients) else -1 if all(c < 0 for c in coefficients) else 0

    def polynomial(self, value: Json) -> fmpz_mpoly:
        """Read a polynomial: a list of [coefficient, exponents in the order of the generators]."""
        return self.ctx.from_dict(terms(value, len(self.names)))

    def infix(self, p: fmpz_mpoly) -> str:
        out = ""
        for m, c in zip(p.monoms(), p.coeffs(), strict=True):
            body = "*".join(f"{n}^{e}" if e > 1 else n for n, e in zip(self.names, m, strict=True) if e)
            size = str(abs(c)) if abs(c) != 1 or not body else ""
            out += (" - " if c < 0 else " + ") if out else "-" if c < 0 else ""
            out += size + ("*" if size and body else "") + body
        return out or "0"


def dense(p: fmpz_mpoly, at: int) -> fmpz_poly:
    """A polynomial in the one generator at a place."""
    out = [0] * (int(p.degrees()[at]) + 1)
    for m, c in zip(p.monoms(), p.coeffs(), strict=True):
        out[int(m[at])] = int(c)
    return fmpz_poly(out)


def terms(value: Json, size: int) -> dict[tuple[int, ...], int]:
    """The coefficients of a polynomial in ``size`` generators by exponents, each monomial once."""
    out: dict[tuple[int, ...], int] = {}
    for term in reading.sequence(value, "a polynomial"):
        coefficient, exponents = reading.sequence(term, "a term", 2)
        powers = tuple(reading.integer(e, "an exponent", 0, 10**9) for e in reading.sequence(exponents, "exponents"))
        if len(powers) != size:
            refuse("a term has the wrong number of exponents")
        if powers in out:
            refuse("a monomial stands twice")
        out[powers] = reading.integer(coefficient, "a coefficient")
    return out


def _product(a: Mapping[Key, fmpq], b: Mapping[Key, fmpq]) -> dict[Key, fmpq]:
    out: dict[Key, fmpq] = {}
    for k, c in a.items():
        for m, d in b.items():
            key = tuple(sorted(k + m))
            out[key] = out.get(key, ZERO) + c * d
    return out
