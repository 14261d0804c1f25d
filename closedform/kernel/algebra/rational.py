"""Trees as exact quotients of polynomials over Q; sizes are bounded before anything is multiplied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import lcm
from typing import Any

from flint import Ordering, fmpq, fmpq_mpoly, fmpq_mpoly_ctx, fmpz, fmpz_mpoly, fmpz_poly

from closedform.kernel.algebra.moments import summed
from closedform.kernel.algebra.polynomials import MAX_LENGTH, too_long
from closedform.kernel.expressions.rows import Columns, entry, has, in_blocks
from closedform.kernel.expressions.tree import Tree, as_integer, head_of
from closedform.kernel.reading import Refused, refuse

MAX_WORK, MAX_DEGREE, MAX_BITS = 20_000_000, 20_000, 4_000_000


class NotRational(Refused):
    """The tree is no quotient of polynomials in the given names."""


class Quotient:
    """``top / bottom``, not necessarily in lowest terms; ``bottom`` is not zero."""

    __slots__ = ("bottom", "top")

    def __init__(self, top: fmpq_mpoly, bottom: fmpq_mpoly) -> None:
        self.top, self.bottom = top, bottom

    def reduced(self) -> Quotient:
        if self.bottom.is_constant():
            return Quotient(self.top * (1 / self.bottom.leading_coefficient()), self.bottom.context().constant(1))
        common = self.top.gcd(self.bottom)
        return Quotient(self.top / common, self.bottom / common)

    def derivative(self, i: int) -> Quotient:
        if self.bottom.is_constant():
            return Quotient(self.top.derivative(i), self.bottom).reduced()
        top = product(self.top.derivative(i), self.bottom) - product(self.top, self.bottom.derivative(i))
        return Quotient(top, product(self.bottom, self.bottom)).reduced()


def product(a: fmpq_mpoly, b: fmpq_mpoly) -> fmpq_mpoly:
    if len(a) * len(b) > MAX_WORK or len(a) > MAX_LENGTH or len(b) > MAX_LENGTH:
        refuse("a polynomial grows too large")
    return a * b


def generators(names: Iterable[str]) -> tuple[str, ...]:
    """Names as FLINT takes them, in ASCII; different names stay different, for none has a backslash."""
    return tuple(n.encode("ascii", "backslashreplace").decode() for n in names)


def ring(names: Iterable[str]) -> fmpq_mpoly_ctx:
    return fmpq_mpoly_ctx.get(generators(names), Ordering.degrevlex)


def quotient(tree: Tree, names: list[str], columns: Columns, at: Mapping[str, int] | None = None) -> Quotient:
    """The tree as a quotient of polynomials in ``names``, exactly; raises ``NotRational``. ``at`` binds indices."""
    context = ring(names)
    return _read(tree, context, dict(zip(names, context.gens(), strict=True)), columns, at or {}).reduced()


def _read(
    tree: Tree, context: fmpq_mpoly_ctx, gens: Mapping[str, fmpq_mpoly], columns: Columns, at: Mapping[str, int]
) -> Quotient:
    one = context.constant(1)
    if isinstance(tree, fmpq):
        return Quotient(context.constant(tree), one)
    if isinstance(tree, str):
        return Quotient(gens[tree] if tree in gens else context.constant(at[tree]), one)
    head, args = head_of(tree), tree[1:]
    if head in ("sum", "prod"):
        low, high = (as_integer(a) for a in args[1:3])
        if low is None or high is None or not -1 <= high - low <= MAX_LENGTH:
            raise NotRational("a sum without whole limits")
        whole = _by_moments(args, (low, high), context, list(gens), columns, at) if head == "sum" else None
        if whole is not None:
            return Quotient(whole, one)
        rows = [_read(args[3], context, gens, columns, {**at, str(args[0]): i}) for i in range(low, high + 1)]
    elif head == "@":
        place = _read(args[1], context, {}, columns, at)
        i = place.top.leading_coefficient() / place.bottom.leading_coefficient() if not place.top.is_zero() else fmpq(0)
        if i.q != 1:
            refuse(f"no such entry of {args[0]}")
        return Quotient(context.constant(entry(columns, str(args[0]), int(i.p))), one)
    elif head == "^":
        return _power(_read(args[0], context, gens, columns, at), as_integer(args[1]), one)
    elif head in ("+", "*"):
        rows = [_read(a, context, gens, columns, at) for a in args]
    else:
        raise NotRational(f"{head} makes no quotient of polynomials")
    total = Quotient(context.constant(0 if head in ("+", "sum") else 1), one)
    for row in rows:
        if head in ("*", "prod"):
            total = Quotient(product(total.top, row.top), product(total.bottom, row.bottom))
        elif row.bottom == total.bottom:
            total.top = total.top + row.top
        else:
            top = product(total.top, row.bottom) + product(row.top, total.bottom)
            total = Quotient(top, product(total.bottom, row.bottom))
    return total


def _by_moments(
    args: Any, ends: tuple[int, int], context: fmpq_mpoly_ctx, names: list[str], columns: Columns, at: Mapping[str, int]
) -> fmpq_mpoly | None:
    """A sum over rows of a polynomial in the unknowns and the entries of a row; None where it is none."""
    if len(names) < context.nvars():  # within an index, which holds no unknowns
        return None
    total = context.constant(0)
    for row, own in in_blocks(args[3], str(args[0]), *ends, columns, fmpq):
        if has(row, "@", "sum", "prod"):
            return None
        wider = ring([*names, *own])
        one_row = _read(row, wider, dict(zip([*names, *own], wider.gens(), strict=True)), columns, at).reduced()
        if not one_row.bottom.is_constant():
            return None
        total += summed(one_row.top, context, [rows.balls for rows in own.values()])
    return total


def _power(base: Quotient, exponent: int | None, one: fmpq_mpoly) -> Quotient:
    if exponent is None:
        raise NotRational("a power that is not whole")
    if exponent < 0:
        if base.top.is_zero():
            refuse("a division by zero")
        base, exponent = Quotient(base.bottom, base.top), -exponent
    for part in (base.top, base.bottom):
        degree = max(int(part.total_degree()), 0)
        if degree * exponent > MAX_DEGREE or exponent * _bits(part) > MAX_BITS or too_long(part, exponent):
            refuse("a power is too large")
    out = Quotient(one, one)
    if len(base.top) <= 1 and len(base.bottom) <= 1:
        return Quotient(base.top**exponent, base.bottom**exponent)
    for _ in range(exponent):
        out = Quotient(product(out.top, base.top), product(out.bottom, base.bottom))
    return out


def _bits(p: fmpq_mpoly) -> int:
    return max((max(int(c.p.bit_length()), int(c.q.bit_length())) for c in p.coeffs()), default=0)


def dense(p: fmpq_mpoly) -> fmpz_poly:
    """A polynomial in one unknown, up to a constant factor, with integer coefficients."""
    scale = lcm(*(int(c.q) for c in p.coeffs()))
    out = [fmpz(0)] * (int(p.total_degree()) + 1 if not p.is_zero() else 1)
    for (e,), c in p.terms():
        out[int(e)] = (c * scale).p
    return fmpz_poly(out)


def value_at(p: fmpq_mpoly | fmpz_mpoly, at: list[Any], number: Any = fmpq) -> Any:
    """The value of a polynomial at rational numbers, or at balls made by ``number``."""
    total = number(0)
    for exponents, c in p.terms():
        term = number(c)
        for v, e in zip(at, exponents, strict=True):
            term = term * v ** int(e) if e else term
        total = total + term
    return total
