"""How many common zeros polynomials have at most, by linear algebra modulo a prime.

Let B be monomials, and W the span of some monomial multiples of the equations. If the monomials of W outside B include
1 and x_i b (for each b in B) unless those are in B, and are linearly independent columns of the multiples, then modulo
W each x_i b is a combination of B: at a zero z the vector of values b(z) is not zero and an eigenvector of matrices that
do not depend on z, with eigenvalues z_i. Eigenvectors of different zeros are independent, so there are at most |B|.
Columns that are independent modulo a prime are so over Q.
"""

from __future__ import annotations

from flint import fmpq_mpoly, fmpz, nmod_mat

from closedform.kernel.reading import Json, refuse, sequence, text

PRIME = 2_147_483_647
MAX_COLUMNS = 2_000
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def zeros_at_most(system: list[fmpq_mpoly], unknowns: list[int], standard: Json, multiples: Json) -> int:
    """The number of standard monomials; refused where the multiples do not reduce what they must.

    A monomial is a word of exponents in base 36, one for each generator; the words of a list are separated by blanks.
    """
    k = system[0].context().nvars()
    basis, rows = set(_words(standard, k)), list[dict[tuple[int, ...], int]]()
    for f, factors in zip(system, sequence(multiples, "multiples", 1000), strict=True):
        scale = fmpz(1)
        for c in f.coeffs():
            scale = scale.lcm(c.q)
        terms = {tuple(int(v) for v in e): int((c * scale).p) % PRIME for e, c in f.to_dict().items()}
        rows += [{_times(a, e): c for e, c in terms.items()} for a in _words(factors, k)]
        if len(rows) > MAX_COLUMNS:
            refuse("there are too many multiples")
    columns = {m: j for j, m in enumerate({m for row in rows for m in row} - basis)}
    units = [tuple(int(i == j) for j in range(k)) for i in unknowns]
    if not {(0,) * k, *(_times(b, e) for b in basis for e in units)} <= basis | columns.keys():
        refuse("a standard monomial times an unknown is not among the monomials")
    if len(rows) != len(columns):
        refuse("the multiples are as many as the monomials that they reduce")
    if rows:
        entries = [0] * len(rows) ** 2
        for i, row in enumerate(rows):
            for m, c in row.items():
                if m in columns:
                    entries[i * len(rows) + columns[m]] = c
        if nmod_mat(len(rows), len(rows), entries, PRIME).rank() != len(rows):
            refuse("the multiples do not reduce all monomials to the standard ones")
    return len(basis)


def _words(value: Json, k: int) -> list[tuple[int, ...]]:
    words = text(value, "monomials").split()
    if any(len(w) != k or not set(w) <= set(DIGITS) for w in words):
        refuse("a monomial has one exponent for each unknown")
    return [tuple(DIGITS.index(c) for c in w) for w in words]


def _times(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(u + v for u, v in zip(a, b, strict=True))
