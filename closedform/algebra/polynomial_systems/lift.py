"""From a univariate form modulo p to one over Q, by Newton's iteration, and its exact proof.

The zeros are simple modulo p, so the form lifts to p^2, p^4, ... (Giusti, Lecerf, Salvy, J. Complexity 17 (2001), section
4); rational reconstruction gives q in Z[T] and w_i in Z[T] with x_i = w_i(u) / (d q'(u)) at each root u of q. The result
is then substituted into every equation: q must divide each of them. So every zero listed is one, whatever the prime;
that there are no more is not shown here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpz, fmpz_mod_ctx, fmpz_mod_poly, fmpz_mod_poly_ctx, fmpz_poly, nmod_poly

from closedform.algebra.polynomial_systems.quotient import Univariate
from closedform.budget import Budget

Terms = dict[tuple[int, ...], int]  # exponents -> integer coefficient
MAX_BITS = 400_000


@dataclass(frozen=True)
class Parametrisation:
    """x_i = numerators[i](u) / denominator(u) at each root u of the squarefree primitive ``q``; u is the ``form``."""

    form: tuple[int, ...]
    q: fmpz_poly
    numerators: tuple[fmpz_poly, ...]
    denominator: fmpz_poly


class _Ring:
    """(Z/modulus)[T]/q for monic q."""

    def __init__(self, modulus: fmpz, q: list[int]) -> None:
        self.modulus = modulus
        self.context = fmpz_mod_poly_ctx(fmpz_mod_ctx(modulus))
        self.q = self.context([int(c) for c in q])

    def of(self, coefficients: Any) -> fmpz_mod_poly:
        return self.context(coefficients)

    def constant(self, c: int) -> fmpz_mod_poly:
        return self.context([c % int(self.modulus)])

    def times(self, a: fmpz_mod_poly, b: fmpz_mod_poly) -> fmpz_mod_poly:
        return (a * b) % self.q


class _Evaluation:
    """Monomials at one point of a ring, each computed once."""

    def __init__(self, ring: _Ring, x: list[fmpz_mod_poly]) -> None:
        self.ring, self.x = ring, x
        self.known: dict[tuple[int, ...], fmpz_mod_poly] = {(0,) * len(x): ring.constant(1)}

    def monomial(self, e: tuple[int, ...]) -> fmpz_mod_poly:
        if e not in self.known:
            i = next(i for i in reversed(range(len(e))) if e[i])
            self.known[e] = self.ring.times(self.monomial((*e[:i], e[i] - 1, *e[i + 1 :])), self.x[i])
        return self.known[e]

    def value(self, f: Terms) -> fmpz_mod_poly:
        total = self.ring.constant(0)
        for e, c in f.items():
            total = total + self.monomial(e) * c
        return total


def derivative(f: Terms, i: int) -> Terms:
    return {(*e[:i], e[i] - 1, *e[i + 1 :]): c * e[i] for e, c in f.items() if e[i]}


def lift(system: list[Terms], start: Univariate, p: int, budget: Budget) -> Parametrisation | None:
    """The form over Q, proved to consist of zeros; None when some zero is multiple or the size limit is met."""
    n = len(start.coordinates)
    jacobian = [[derivative(f, i) for i in range(n)] for f in system]
    modulus, q = fmpz(p), [int(c) for c in start.q.coeffs()]
    x = [[int(c) for c in v.coeffs()] for v in start.coordinates]
    left = _left_inverse(_Ring(modulus, q), x, jacobian)
    if left is None:
        return None
    inverse = [[[int(c) for c in v.coeffs()] for v in row] for row in left]
    while modulus.bit_length() < MAX_BITS:
        budget.check()
        modulus = modulus * modulus
        ring = _Ring(modulus, q)
        at = [ring.of(v) for v in x]
        evaluation = _Evaluation(ring, at)
        values = [evaluation.value(f) for f in system]
        step = list[fmpz_mod_poly]()
        for row in inverse:
            total = ring.constant(0)
            for c, v in zip(row, values, strict=True):
                if c:
                    total = total - ring.of(c) * v
            step.append(total % ring.q)
        new_x = [v + s for v, s in zip(at, step, strict=True)]
        moved = ring.of([0, -1])  # what the form takes there, less T
        for c, v in zip(start.form, new_x, strict=True):
            moved = moved + v * c
        moved = moved % ring.q
        new_x = [(v - moved * v.derivative()) % ring.q for v in new_x]
        new_q = ring.q - (moved * ring.q.derivative()) % ring.q
        q, x = [int(c) for c in new_q.coeffs()], [[int(c) for c in v.coeffs()] for v in new_x]
        found = _over_q(start.form, q, x, modulus)
        if found is not None:
            budget.check()
            if proves(found, system, budget):
                return found
        ring = _Ring(modulus, q)
        evaluation = _Evaluation(ring, [ring.of(v) for v in x])
        inverse = _improved(ring, inverse, [[evaluation.value(d) % ring.q for d in row] for row in jacobian], budget)
    return None


def _left_inverse(ring: _Ring, x: list[list[int]], jacobian: list[list[Terms]]) -> list[list[fmpz_mod_poly]] | None:
    """L with L J = 1 over the ring; rows are mixed at random so that no pivot is a divisor of zero."""
    n, m = len(x), len(jacobian)
    evaluation = _Evaluation(ring, [ring.of(v) for v in x])
    j = [[evaluation.value(d) % ring.q for d in row] for row in jacobian]
    p = int(ring.modulus)
    rng = np.random.default_rng(1)
    mix = [[int(v) for v in row] for row in rng.integers(0, p, (n, m))]
    zero = ring.constant(0)
    rows = [
        [sum((j[k][i] * r[k] for k in range(m)), zero) for i in range(n)] + [ring.constant(c) for c in r] for r in mix
    ]
    q = nmod_poly([int(c) for c in ring.q.coeffs()], p)
    for i in range(n):
        pivot = nmod_poly([int(c) for c in rows[i][i].coeffs()], p)
        common, inverse, _ = pivot.xgcd(q)
        if common.degree() != 0:
            return None
        scale = ring.of([int(c) for c in (inverse * (1 / common[0])).coeffs()])
        rows[i] = [ring.times(v, scale) for v in rows[i]]
        for k in range(n):
            if k != i and rows[k][i] != zero:
                factor = rows[k][i]
                rows[k] = [v - ring.times(factor, u) if u != zero else v for v, u in zip(rows[k], rows[i], strict=True)]
    return [row[n:] for row in rows]


def _improved(
    ring: _Ring, inverse: list[list[list[int]]], j: list[list[fmpz_mod_poly]], budget: Budget
) -> list[list[list[int]]]:
    """(2 - L J) L."""
    n, m, zero = len(inverse), len(j), ring.constant(0)
    left = [[ring.of(v) for v in row] for row in inverse]
    out = list[list[list[int]]]()
    rest = list[list[fmpz_mod_poly]]()
    for a in range(n):
        budget.check()
        row = list[fmpz_mod_poly]()
        for b in range(n):
            total = ring.constant(2 if a == b else 0)
            for k in range(m):
                if j[k][b] != zero and left[a][k] != zero:
                    total = total - left[a][k] * j[k][b]
            row.append(total % ring.q)
        rest.append(row)
    for a in range(n):
        budget.check()
        line = list[list[int]]()
        for k in range(m):
            total = zero
            for b in range(n):
                if rest[a][b] != zero and left[b][k] != zero:
                    total = total + rest[a][b] * left[b][k]
            line.append([int(c) for c in (total % ring.q).coeffs()])
        out.append(line)
    return out


def reconstruct(value: int, modulus: int, bound: int) -> tuple[int, int] | None:
    """The fraction a/b = value modulo ``modulus`` with |a|, b <= bound, or None (Wang 1981)."""
    r0, r1, s0, s1 = modulus, value % modulus, 0, 1
    while r1 > bound:
        k = r0 // r1
        r0, r1, s0, s1 = r1, r0 - k * r1, s1, s0 - k * s1
    if s1 == 0 or abs(s1) > bound:
        return None
    return (r1, s1) if s1 > 0 else (-r1, -s1)


def reconstruct_all(values: list[int], modulus: int) -> tuple[list[int], int] | None:
    """Integers a_i and one denominator d with a_i/d = values_i, all well below the root of the modulus; or None."""
    root = int(fmpz(modulus).isqrt())
    bound, margin, d = root // 2, root >> 8, 1
    out = list[int]()
    for v in values:
        c = v * d % modulus
        c = c - modulus if c > modulus // 2 else c
        if abs(c) > margin:
            found = reconstruct(v * d, modulus, bound)
            if found is None:
                return None
            c, more = found
            if abs(c) > margin or d * more > margin:
                return None
            out = [a * more for a in out]
            d *= more
        out.append(c)
    return out, d


def _over_q(form: tuple[int, ...], q: list[int], x: list[list[int]], modulus: fmpz) -> Parametrisation | None:
    ring = _Ring(modulus, q)
    prime = ring.q.derivative()
    first = reconstruct_all(q, int(modulus))
    if first is None:
        return None
    coefficients, d = first
    whole = fmpz_poly(list(coefficients))
    numerators, denominators = list[list[int]](), list[int]()
    for v in x:
        w = [int(c) for c in ((ring.of(v) * prime) % ring.q).coeffs()]
        found = reconstruct_all(w, int(modulus))
        if found is None:
            return None
        numerators.append(found[0])
        denominators.append(found[1])
    common = fmpz(1)
    for e in denominators:
        common = common.lcm(e)
    tops = tuple(fmpz_poly([a * int(common) // e for a in w]) for w, e in zip(numerators, denominators, strict=True))
    # q = whole / d is monic, so its derivative is whole' / d
    scale = common * 1
    bottom = whole.derivative() * scale
    return Parametrisation(form, _primitive(whole), tuple(t * d for t in tops), bottom)


def _primitive(f: fmpz_poly) -> fmpz_poly:
    content = f.content()
    return f // content if content > 1 else f


def proves(found: Parametrisation, system: list[Terms], budget: Budget) -> bool:
    """Whether q is squarefree, u has the values it should, and every equation vanishes at every root of q: exact."""
    q, bottom, tops = found.q, found.denominator, found.numerators
    if q.degree() < 1 or bottom.gcd(q).degree() > 0 or q.gcd(q.derivative()).degree() > 0:
        return False
    u = sum((t * c for t, c in zip(tops, found.form, strict=True)), fmpz_poly([0]))
    if not _divides(q, u - bottom * fmpz_poly([0, 1])):
        return False
    powers = [[fmpz_poly([1])] for _ in (*tops, bottom)]

    def power(i: int, e: int) -> fmpz_poly:
        while len(powers[i]) <= e:
            powers[i].append(powers[i][-1] * (bottom if i == len(tops) else tops[i]))
        return powers[i][e]

    for f in system:
        budget.check()
        degree = max(sum(e) for e in f)
        total = fmpz_poly([0])
        for e, c in f.items():
            term = power(len(tops), degree - sum(e)) * c
            for i, k in enumerate(e):
                if k:
                    term = term * power(i, k)
            total = total + term
        if not _divides(q, total):
            return False
    return True


def _divides(q: fmpz_poly, f: fmpz_poly) -> bool:
    """Whether primitive q divides f; by Gauss's lemma the quotient has integer coefficients."""
    return f.is_zero() or divmod(f, q)[1].is_zero()
