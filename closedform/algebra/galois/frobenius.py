"""Field automorphisms and rational relations between roots, found q-adically by Frobenius; the kernel proves them.

``two_roots`` leads to the proof that a step of prime degree is solvable (Galois 1832), ``automorphism`` to that of a
cyclic Galois group. What they give is a candidate: nothing is proved before the claim ``solvable`` is accepted.
"""

from __future__ import annotations

import flint
from flint import acb, acb_poly, fmpq, fmpz, fmpz_mod_ctx, fmpz_mod_poly, fmpz_mod_poly_ctx, fmpz_poly, nmod_poly

from closedform.algebra.galois.subfields import MAX_BITS, Blocks, TooLarge, from_power_sums, monic_roots, power_sums
from closedform.budget import Budget

MAX_CYCLIC = 200  # degree
MAX_PAIRS = 1_100  # ordered pairs inside blocks
SHIFTS = (1, 2, -1, 3, -2, 5, -3, 7)


def two_roots(f: fmpz_poly, blocks: Blocks, budget: Budget) -> tuple[int, fmpz_poly] | None:
    """(shift, N) for monic irreducible f and blocks of prime size p, where any two roots of a block should give it all.

    With a prime q modulo which all factors of f have degree p, the Frobenius map s numbers the q-adic roots of a block,
    a_i = s^i(a_0). A solvable group acts on the numbers by affine maps, so (a_i, a_j) -> a_(2j-i) commutes with it and
    N(y) = sum a_(2j-i) m(y)/(y - t_ij), t_ij = a_i a_j^2 (shifted), m the product of all y - t_ij, is integral. N is
    read off modulo q^k; then a_(2j-i) = N(t_ij)/m'(t_ij).
    """
    n, p = f.degree(), len(blocks[0])
    pairs = [(i, j) for block in blocks for i in block for j in block if i != j]
    size = len(pairs)
    if size > MAX_PAIRS:
        return None
    for shift in SHIFTS:
        moved = f(fmpz_poly([-shift, 1]))
        m = _pair_product(f, pairs, shift)
        if m.gcd(m.derivative()).degree() == 0:
            break
    else:
        return None
    q = _inert_prime(moved, p, m, budget)
    if q == 0:
        return None
    coarse = [z + shift for z in monic_roots(f, 96)]
    bits = _product_bits(coarse, pairs)
    modulus = fmpz(q) ** (bits // (q.bit_length() - 1) + 1)
    context = fmpz_mod_poly_ctx(fmpz_mod_ctx(modulus))
    fm = context(list(moved.coeffs()))
    images = _frobenius_roots(moved, q, p, fm, context, modulus)
    coefficients, sums_by_power = list(m.coeffs()), [context([0])] * size
    for d in range(1, p):
        budget.check()
        theta = (images[0] * ((images[d] * images[d]) % fm)) % fm
        image, carry = images[2 * d % p], context([1])
        for i in range(size - 1, -1, -1):
            sums_by_power[i] = sums_by_power[i] + image * carry
            carry = (theta * carry + coefficients[i]) % fm
    traces = [int(t) for t in power_sums(moved, n - 1)]
    numerator = [sum(int(c) * t for c, t in zip((s % fm).coeffs(), traces, strict=False)) for s in sums_by_power]
    half = modulus // 2
    return shift, fmpz_poly([(fmpz(c) + half) % modulus - half for c in numerator])


def _pair_product(f: fmpz_poly, pairs: list[tuple[int, int]], shift: int) -> fmpz_poly:
    """The integral polynomial with the roots a_i a_j^2 (shifted), (i, j) in ``pairs``, a set kept by the group."""
    n, size = f.degree(), len(pairs)
    if size == n * (n - 1):
        sums = power_sums(f(fmpz_poly([-shift, 1])), 3 * size)
        return from_power_sums([fmpq(sums[k] * sums[2 * k] - sums[3 * k]) for k in range(size + 1)], size)
    bits = 128 + 8 * size
    while bits < MAX_BITS:
        with flint.ctx.workprec(bits):
            shifted = [z + shift for z in monic_roots(f, bits)]
            found = acb_poly.from_roots([shifted[i] * shifted[j] * shifted[j] for i, j in pairs]).unique_fmpz_poly()
        if found is not None:
            return found
        bits *= 2
    raise TooLarge(f"a resolvent needs more than {MAX_BITS} bits")


def _inert_prime(f: fmpz_poly, p: int, m: fmpz_poly, budget: Budget) -> int:
    """A prime modulo which f has factors of degree p only, and m stays squarefree; 0 when none is found."""
    q = 1
    for _ in range(120 * p):
        q = _next_prime(q)
        budget.check()
        reduced = nmod_poly(f, q)
        if reduced.gcd(reduced.derivative()).degree() == 0 and {g.degree() for g, _ in reduced.factor()[1]} == {p}:
            mq = nmod_poly(m, q)
            if mq.gcd(mq.derivative()).degree() == 0:
                return q
    return 0


def _product_bits(shifted: list[acb], pairs: list[tuple[int, int]]) -> int:
    """Bits that hold twice the coefficients of N: at most sum |a_k| times the product of all 1 + |a_i a_j^2|."""
    sizes = [abs(z).upper() for z in shifted]
    total = (sum(sizes[1:], sizes[0]) * len(sizes) ** 2 + 1).log()
    for i, j in pairs:
        total += (sizes[i] * sizes[j] * sizes[j] + 1).log()
    return int(float((total / flint.arb(2).log()).upper())) + 64


def _next_prime(q: int) -> int:
    q += 1
    while not fmpz(q).is_prime():
        q += 1
    return q


def _frobenius(f: fmpz_poly, q: int, fm: fmpz_mod_poly, context: fmpz_mod_poly_ctx, modulus: fmpz) -> fmpz_mod_poly:
    """The root of f in (Z/q^k)[t]/(f) that is t^q modulo q (Newton's iteration); f irreducible modulo q."""
    reduced = nmod_poly([int(c % q) for c in f.coeffs()], q)
    slope = nmod_poly([int(c % q) for c in f.derivative().coeffs()], q)
    start = nmod_poly([0, 1], q).pow_mod(q, reduced)
    _, inverse, _ = slope.compose_mod(start, reduced).xgcd(reduced)
    s = context([int(c) for c in start.coeffs()])
    u = context([int(c) for c in inverse.coeffs()])
    fprime, whole = context(list(f.derivative().coeffs())), context(list(f.coeffs()))
    precision = fmpz(q)
    while precision < modulus:
        precision = precision * precision
        s = (s - whole.compose_mod(s, fm) * u) % fm
        u = (u * (2 - fprime.compose_mod(s, fm) * u)) % fm
    return s


def _frobenius_roots(
    f: fmpz_poly, q: int, order: int, fm: fmpz_mod_poly, context: fmpz_mod_poly_ctx, modulus: fmpz
) -> list[fmpz_mod_poly]:
    """The roots of f in (Z/q^k)[t]/(f), a_0 = t and each the Frobenius image of the one before."""
    s = _frobenius(f, q, fm, context, modulus)
    out = [context([0, 1])]
    for _ in range(order - 1):
        out.append(out[-1].compose_mod(s, fm))
    return out


def automorphism(f: fmpz_poly, q: int) -> fmpz_poly | None:
    """A for monic f irreducible modulo the prime q, where a -> A(a)/f'(a) should generate a cyclic Galois group.

    If the group is cyclic of order deg f, the Frobenius map at q is an automorphism of this form, A integral with known
    bounds; it is read off modulo q^k.
    """
    n = f.degree()
    if n > MAX_CYCLIC:
        return None
    bound = max(abs(z).upper() for z in monic_roots(f, 96)) + 1
    bits = int(float(((bound + 1).log() * n / flint.arb(2).log()).upper())) + n.bit_length() + 32
    modulus = fmpz(q) ** (bits // (q.bit_length() - 1 or 1) + 1)
    context = fmpz_mod_poly_ctx(fmpz_mod_ctx(modulus))
    fm = context(list(f.coeffs()))
    s = _frobenius(f, q, fm, context, modulus)
    half = modulus // 2
    lifted = (s * context(list(f.derivative().coeffs()))) % fm
    return fmpz_poly([(fmpz(int(c)) + half) % modulus - half for c in lifted.coeffs()])
