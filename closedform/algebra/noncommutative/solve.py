"""Solving for one letter: collecting ``L U R`` terms, inverting what stands around the unknown, testing for zero."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from closedform.algebra.noncommutative import polynomial as w
from closedform.algebra.noncommutative.functions import (
    content,
    diagonal,
    divide_mono,
    elementwise,
    hadamard,
    inverse,
    of_fill,
    power,
)
from closedform.algebra.noncommutative.letters import ONE, Letter, Unsupported
from closedform.algebra.noncommutative.polynomial import Poly
from closedform.frozen import record

Pair = tuple[Poly, Poly]
Singular = Callable[[Poly], Pair | None]  # a generalised inverse, and the projector on the range; None: invertible


@record
class Linear:
    """``sum L U R + sum L U' R + rest``, where no L, R or rest contains U; each coefficient is in its L."""

    plain: tuple[Pair, ...]
    flipped: tuple[Pair, ...]
    rest: Poly
    entrywise: Poly | None = None  # M, where M .* U stands too


@record
class Solution:
    """``value`` with ``L value R + ... = 0``; ``pivots`` are the matrices that must be invertible; ``kind`` how."""

    value: Poly
    pivots: tuple[Poly, ...]
    kind: str = "direct"
    ranges: Pair | None = None  # projectors Q, R: every value + Z - Q Z R is a solution too


def collect(p: Poly, name: str, rows: str, cols: str) -> Linear | None:
    """``p`` as an affine function of the unknown, or None where it is not one of this form."""
    plain: list[Pair] = []
    flipped: list[Pair] = []
    rest, entrywise = w.zeros(p.rows, p.cols), None
    for (m, word), c in p.terms.items():
        inside = [(a, e) for a, e in m if name in a.names]
        indices = [i for i, l in enumerate(word) if name in l.names]
        if not inside and not indices:
            rest = rest + Poly(p.rows, p.cols, {(m, word): c})
            continue
        if len(inside) + len(indices) != 1:
            return None
        if inside:
            a, e = inside[0]
            free = tuple(x for x in m if x[0] != a)
            if e != 1:
                return None
            if a.kind == "name":
                plain.append((w.constant(1), Poly(p.rows, p.cols, {(free, word): c})))
                continue
            if a.kind != "tr" or sum(name in l.names for l in a.args[0]) != 1:
                return None
            chain = a.args[0]
            i = next(i for i, l in enumerate(chain) if name in l.names)
            l = chain[i]
            if l.kind != "name" or cols != ONE or chain[0].rows != ONE:
                return None  # the trace of a matrix unknown times a matrix: not of the form L U R
            body = Poly(p.rows, p.cols, {(free, word): c})
            ahead = w.product(w.constant(1), *(w.of_letter(x) for x in chain[:i]))
            behind = w.product(w.constant(1), *(w.of_letter(x) for x in chain[i + 1 :]))
            left, right = (behind.T, ahead.T) if l.t else (ahead, behind)
            if right.scalar and p.cols == ONE:  # (c' u) W = W c' u for a column W
                plain.append((_outer(body, right * left), w.constant(1)))
                continue
            return None
        i = indices[0]
        l = word[i]
        behind = word[i + 1 :]
        if (
            l.kind == "diag" and p.cols == ONE and behind and all(x.rows != ONE for x in behind)
        ):  # diag(u) v = diag(v) u
            column = Poly(l.cols, ONE, {((), behind): Fraction(1)})
            left = Poly(p.rows, l.rows, {(m, word[:i]): c})
            inner = collect(l.args[0], name, rows, cols)
            if inner is None or inner.flipped or inner.entrywise is not None or not inner.rest.zero:
                return None
            plain += [(w.product(left, diagonal(column), a), b) for a, b in inner.plain]
            continue
        left = Poly(p.rows, l.rows, {(m, word[:i]): c})
        right = Poly(l.cols, p.cols, {((), word[i + 1 :]): Fraction(1)})
        if l.kind == "name":
            (flipped if l.t else plain).append((left, right))
        elif l.kind == "had" and len(word) == 1 and not l.t:
            others = [a for a in l.args if name not in a.names]
            mine = [a for a in l.args if name in a.names]
            if len(mine) != 1 or mine[0] != w.of_letter(Letter("name", (name,), rows, cols)):
                return None
            mask = others[0]
            for q in others[1:]:
                mask = hadamard(mask, q)
            mask = Poly(ONE, ONE, {(m, ()): c}) * mask
            entrywise = mask if entrywise is None else entrywise + mask
        else:
            return None
    return Linear(_merge(plain), _merge(flipped), rest, entrywise)


def projector(p: Poly) -> tuple[Poly, Poly] | None:
    """``(s, Q)`` with ``p = s Q``, Q symmetric and Q Q = Q, neither zero nor the identity: then ``p`` is singular.

    >>> one = w.ones("n")
    >>> projector(w.size("n") * w.eye("n") - one * one.T)
    (n, eye(n) - ones(n)*ones(n)'/n)
    """
    if p.scalar or p.zero or identity_multiple(p) is not None or not w.is_symmetric(p):
        return None
    square = p * p
    if square.zero:
        return None
    plain = {m: c for (m, word), c in p.terms.items() if not word}
    if plain:
        scale = Poly(ONE, ONE, {(m, ()): c for m, c in plain.items()})
    else:
        (m, word), c = next(iter(p.terms.items()))
        same = {n: x for (n, other), x in square.terms.items() if other == word}
        scale = Poly(ONE, ONE, {(n, ()): x / c for n, x in same.items()}) * power(
            Poly(ONE, ONE, {(m, ()): Fraction(1)}), -1
        )
    return (scale, power(scale, -1) * p) if not scale.zero and square == scale * p else None


def _outer(column: Poly, row: Poly) -> Poly:
    """``column * row`` kept as a matrix word, even where both are 1 x 1 pieces of something."""
    if column.scalar or row.scalar:
        return column * row
    out = w.zeros(column.rows, row.cols)
    for (m1, w1), c1 in column.terms.items():
        for (m2, w2), c2 in row.terms.items():
            m = w.mul(Poly(ONE, ONE, {(m1, ()): c1}), Poly(ONE, ONE, {(m2, ()): c2}))
            for (m3, _), c3 in m.terms.items():
                out = out + Poly(column.rows, row.cols, {(m3, w1 + w2): c3})
    return out


def _merge(pairs: list[Pair]) -> tuple[Pair, ...]:
    """Pairs with the same right factor joined, then those with the same left factor."""
    by_right: dict[Poly, Poly] = {}
    for left, right in pairs:
        by_right[right] = by_right[right] + left if right in by_right else left
    by_left: dict[Poly, Poly] = {}
    for right, left in by_right.items():
        if left.zero:
            continue
        c, m = content(left)
        base = divide_mono(left, c, m)
        scaled = Poly(ONE, ONE, {(m, ()): c}) * right
        by_left[base] = by_left[base] + scaled if base in by_left else scaled
    return tuple((left, right) for left, right in by_left.items() if not right.zero)


def identity_multiple(p: Poly) -> Poly | None:
    """The scalar ``s`` with ``p = s I``."""
    if p.scalar:
        return p
    if any(word for _, word in p.terms):
        return None
    return Poly(ONE, ONE, dict(p.terms))


def solve(
    p: Poly, name: str, rows: str, cols: str, symmetric: bool = False, singular: Singular | None = None
) -> Solution | None:
    """Where ``p = 0`` determines the unknown by inverses: its value; None where this is not an affine equation for it.

    ``singular``: the equation is known to be consistent, and this gives generalised inverses of singular coefficients.
    """
    found = collect(p, name, rows, cols)
    if found is not None and found.flipped and found.plain and not symmetric:
        return _both(found, rows, cols)
    if found is None:
        return None
    if found.flipped and not found.plain:
        flipped = solve(p.T, name, rows, cols, singular=singular)
        return flipped
    pairs, rest = found.plain, found.rest
    if found.entrywise is not None:
        mask = found.entrywise
        for left, right in pairs:
            s, t = identity_multiple(left), identity_multiple(right)
            if s is None or t is None:
                return None
            mask = mask + s * t * of_fill(rows, cols)
        return Solution(-hadamard(rest, elementwise("recip", mask)), (mask,), "entrywise")
    if not pairs:
        return None
    if len(pairs) == 1:
        ((left, right),) = pairs
        if rows == cols == ONE and not left.scalar:
            return None
        if left.rows != left.cols or right.rows != right.cols:
            return None
        if singular is not None and not (rows == cols == ONE):
            loose = [singular(left), singular(right)]
            if any(loose):
                (a, q), (b, r) = (x or (inverse(y), w.eye(y.rows)) for x, y in zip(loose, (left, right), strict=True))
                return Solution(-w.product(a, rest, b), (), ranges=(q, r))
        value = -w.product(inverse(left), rest, inverse(right))
        return Solution(
            value, tuple(q for q in (left, right) if identity_multiple(q) is None or (q.scalar and rows == cols == ONE))
        )
    if any(q.rows != q.cols for pair in pairs for q in pair):
        return None
    kron = kronecker(pairs, rows, cols)
    column = inverse(kron) * w.vec(-rest)
    value = w.of_letter(Letter("unvec", (column, rows, cols), rows, cols)) if column.terms else w.zeros(rows, cols)
    return Solution(value, (kron,), "kronecker")


def _both(found: Linear, rows: str, cols: str) -> Solution | None:
    """a U + b U' + C = 0 with scalars a, b: U = (b C' - a C)/(a^2 - b^2)."""
    if rows != cols or found.entrywise is not None:
        return None
    totals = list[Poly]()
    for pairs in (found.plain, found.flipped):
        total = w.constant(0)
        for left, right in pairs:
            s, t = identity_multiple(left), identity_multiple(right)
            if s is None or t is None:
                return None
            total = total + s * t
        totals.append(total)
    a, b = totals
    gap = a * a - b * b
    if gap.zero:
        return None
    return Solution(power(gap, -1) * (b * found.rest.T - a * found.rest), (gap,))


def kronecker(pairs: tuple[Pair, ...], rows: str, cols: str) -> Poly:
    """The matrix K with vec(sum L U R) = K vec(U): the sum of R' (x) L."""
    out: Poly | None = None
    for left, right in pairs:
        one = w.compound(
            "kron", right.T, left, w.product_of_sizes(right.cols, left.rows), w.product_of_sizes(cols, rows)
        )
        out = one if out is None else out + one
    if out is None:
        raise Unsupported("no terms")
    return out


def vanishes(p: Poly, rounds: int = 60) -> bool:
    """Rewriting to zero: ``inv(P)`` next to the largest word of P is replaced by the rest of P; True only if zero."""
    for _ in range(rounds):
        if p.zero:
            return True
        changed = rewrite(p) or _without_denominators(p)
        if changed is None or len(changed.terms) > 2000:
            return False
        p = changed
    return p.zero


def _without_denominators(p: Poly) -> Poly | None:
    """``p`` times a sum that some term divides by."""
    low = {a: e for m, _ in p.terms for a, e in m if a.kind == "poly" and e < 0}
    for a in low:
        least = min(e for m, _ in p.terms for b, e in m if b == a)
        if least.denominator != 1:
            return None
        out = w.zeros(p.rows, p.cols)
        for (m, word), c in p.terms.items():
            rest = Poly(p.rows, p.cols, {(tuple(x for x in m if x[0] != a), word): c})
            exponent = dict(m).get(a, Fraction(0)) - least
            out = out + power(a.args[0], exponent) * rest
        return out
    return None


def rewrite(p: Poly) -> Poly | None:
    for (m, word), c in p.terms.items():
        for i, l in enumerate(word):
            if l.kind != "inv":
                continue
            inner: Poly = l.args[0]
            (m0, w0), c0 = max(
                inner.terms.items(),
                key=lambda t: (all(x.rows != ONE for x in t[0][1]), len(t[0][1]), [x.key for x in t[0][1]]),
            )
            if not w0:
                continue
            rest = inner - Poly(inner.rows, inner.cols, {(m0, w0): c0})
            front = Poly(ONE, ONE, {(tuple((a, -e) for a, e in m0), ()): 1 / c0})
            for j, k, before in ((i + 1, i + 1 + len(w0), False), (i - len(w0), i, True)):
                if j < 0 or word[j:k] != w0:
                    continue
                body = w.of_letter(l)
                new = front * (w.eye(l.rows) - (rest * body if before else body * rest))
                start, stop = (j, i + 1) if before else (i, k)
                left = Poly(p.rows, new.rows, {(m, word[:start]): c})
                right = Poly(new.cols, p.cols, {((), word[stop:]): Fraction(1)})
                return p - Poly(p.rows, p.cols, {(m, word): c}) + w.product(left, new, right)
    return None
