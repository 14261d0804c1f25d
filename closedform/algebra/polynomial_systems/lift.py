"""From a univariate form modulo p to one over Q, by Newton's iteration, and its exact proof.

The zeros are simple modulo p, so the form lifts to p^2, p^4, ... (Giusti, Lecerf, Salvy, J. Complexity 17 (2001), section
4); rational reconstruction gives q in Z[T] and w_i in Z[T] with x_i = w_i(u) / (d q'(u)) at each root u of q. The result
is then substituted into every equation: q must divide each of them. So every zero listed is one, whatever the prime;
that there are no more is not shown here.
"""

from __future__ import annotations

import random
from typing import Any

from flint import fmpz, fmpz_mod_ctx, fmpz_mod_poly, fmpz_mod_poly_ctx, fmpz_poly, nmod_poly

from closedform.algebra.polynomial_systems.quotient import Univariate
from closedform.budget import Budget
from closedform.frozen import record

Terms = dict[tuple[int, ...], int]  # exponents -> integer coefficient
MAX_BITS = 400_000
SMALL_BITS = 130  # up to here the overhead of a step is what costs


@record
class Parametrisation:
    """x_i = numerators[i](u) / denominator(u) at each root u of the squarefree primitive ``q``; u is the ``form``."""

    form: tuple[int, ...]
    q: fmpz_poly
    numerators: tuple[fmpz_poly, ...]
    denominator: fmpz_poly


class _ModularRing:
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
    """Polynomials at one point of a ring; products are kept, and reduced only where they are factors again."""

    def __init__(self, ring: _ModularRing, x: list[fmpz_mod_poly]) -> None:
        self.ring, self.x = ring, x
        self.known: dict[tuple[int, ...], fmpz_mod_poly] = {(0,) * len(x): ring.constant(1)}
        self.raw: dict[tuple[int, ...], fmpz_mod_poly] = dict(self.known)

    def _reduced(self, e: tuple[int, ...]) -> fmpz_mod_poly:
        if e not in self.known:
            self.known[e] = self._product(e) % self.ring.q
        return self.known[e]

    def _product(self, e: tuple[int, ...]) -> fmpz_mod_poly:
        if e not in self.raw:
            i = next(i for i in reversed(range(len(e))) if e[i])
            self.raw[e] = self._reduced((*e[:i], e[i] - 1, *e[i + 1 :])) * self.x[i]
        return self.raw[e]

    def value(self, f: Terms) -> fmpz_mod_poly:
        total = self.ring.constant(0)
        for e, c in f.items():
            total = total + self._product(e) * c
        return total % self.ring.q


def derivative(f: Terms, i: int) -> Terms:
    return {(*e[:i], e[i] - 1, *e[i + 1 :]): c * e[i] for e, c in f.items() if e[i]}


def lift(system: list[Terms], start: Univariate, p: int, budget: Budget) -> Parametrisation | None:
    """The form over Q, proved to consist of zeros; None when some zero is multiple or the size limit is met."""
    n = len(start.coordinates)
    jacobian = [[derivative(f, i) for i in range(n)] for f in system]
    q, x = _integers(start.q), [_integers(v) for v in start.coordinates]
    left = _left_inverse(_ModularRing(fmpz(p), q), x, jacobian)
    if left is None:
        return None
    inverse = [[_integers(v) for v in row] for row in left]
    done, known = 1, 1  # the exponents of p to which the zeros, and the inverse of the Jacobian, are right
    while done * p.bit_length() < MAX_BITS:
        budget.check()
        evaluation = _newton(system, start.form, p, done, known, q, x, inverse)
        done += known
        found = _over_q(start.form, q, x, fmpz(p) ** done)
        if found is not None:
            budget.check()
            if proves(found, system, budget):
                return found
        # The inverse at a part of the precision costs more steps and far fewer products: n^3 of its products stand
        # against those of one evaluation.
        part = 1.0 if done * p.bit_length() < SMALL_BITS else (len(evaluation.raw) / (8 * n**3)) ** 0.5
        while known < min(1.0, part) * done:
            known = min(2 * known, done)
            ring = _ModularRing(fmpz(p) ** known, q)
            evaluation = _Evaluation(ring, [ring.of(v) for v in x])
            inverse = _improved(ring, inverse, [[evaluation.value(d) for d in row] for row in jacobian], budget)
    return None


def _newton(
    system: list[Terms],
    form: tuple[int, ...],
    p: int,
    done: int,
    known: int,
    q: list[int],
    x: list[list[int]],
    inverse: list[list[list[int]]],
) -> _Evaluation:
    """One step, in place: from p^done to p^(done + known), with the inverse of the Jacobian modulo p^known."""
    reached, small = p**done, _ModularRing(fmpz(p) ** known, q)
    ring = _ModularRing(fmpz(p) ** (done + known), q)
    at = [ring.of(v) for v in x]
    evaluation = _Evaluation(ring, at)
    values = [small.of([c // reached for c in _integers(evaluation.value(f))]) for f in system]
    step = list[fmpz_mod_poly]()
    for row in inverse:
        total = small.constant(0)
        for c, v in zip(row, values, strict=True):
            if c:
                total = total - small.of(c) * v
        step.append(total % small.q)
    moved = ring.of([0, -1])  # what the form takes there, less T
    for c, v in zip(form, at, strict=True):
        moved = moved + v * c
    moved = small.of([c // reached for c in _integers(moved % ring.q)])
    for c, v in zip(form, step, strict=True):
        moved = moved + v * c
    moved = moved % small.q
    for i, (v, s) in enumerate(zip(x, step, strict=True)):
        x[i] = _moved(v, s - moved * small.of(v).derivative() % small.q, reached)
    q[:] = _moved(q, -(moved * small.q.derivative() % small.q), reached)
    return evaluation


def _moved(old: list[int], step: fmpz_mod_poly, scale: int) -> list[int]:
    steps = _integers(step)
    return [
        (old[k] if k < len(old) else 0) + (scale * steps[k] if k < len(steps) else 0)
        for k in range(max(len(old), len(steps)))
    ]


def _integers(f: Any) -> list[int]:
    return [int(c) for c in f.coeffs()]


def _left_inverse(
    ring: _ModularRing, x: list[list[int]], jacobian: list[list[Terms]]
) -> list[list[fmpz_mod_poly]] | None:
    """L with L J = 1 over the ring; rows are mixed at random so that no pivot is a divisor of zero."""
    n, m = len(x), len(jacobian)
    evaluation = _Evaluation(ring, [ring.of(v) for v in x])
    j = [[evaluation.value(d) for d in row] for row in jacobian]
    p = int(ring.modulus)
    draw = random.Random(1)
    mix = [[draw.randrange(p) for _ in range(m)] for _ in range(n)]
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
    ring: _ModularRing, inverse: list[list[list[int]]], j: list[list[fmpz_mod_poly]], budget: Budget
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
    ring = _ModularRing(modulus, q)
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


def are_isolated(found: Parametrisation, system: list[Terms], p: int) -> bool:
    """Whether modulo p the Jacobian is invertible at the roots of q: then it is at each zero, and no curve runs through one."""
    q = nmod_poly([int(c) for c in found.q.coeffs()], p)
    bottom = nmod_poly([int(c) for c in found.denominator.coeffs()], p)
    common, inverse, _ = bottom.xgcd(q)
    if q.degree() != found.q.degree() or common.degree() != 0:
        return False
    q *= 1 / q[q.degree()]
    scaled = inverse * (1 / common[0])
    x = [_integers(nmod_poly([int(c) for c in top.coeffs()], p) * scaled % q) for top in found.numerators]
    jacobian = [[derivative(f, i) for i in range(len(x))] for f in system]
    return _left_inverse(_ModularRing(fmpz(p), _integers(q)), x, jacobian) is not None


def _divides(q: fmpz_poly, f: fmpz_poly) -> bool:
    """Whether primitive q divides f; by Gauss's lemma the quotient has integer coefficients."""
    return f.is_zero() or divmod(f, q)[1].is_zero()
