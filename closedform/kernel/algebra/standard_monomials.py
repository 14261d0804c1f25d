"""How many common zeros polynomials have at most, by linear algebra modulo a prime.

Let B be monomials, and W the span of some monomial multiples of the equations. If the monomials of W outside B include
1 and x_i b (for each b in B) unless those are in B, and are linearly independent columns of the multiples, then modulo
W each x_i b is a combination of B: at a zero z the vector of values b(z) is not zero and an eigenvector of matrices that
do not depend on z, with eigenvalues z_i. Eigenvectors of different zeros are independent, so there are at most |B|.
Columns that are independent modulo a prime are so over Q. To the equations consequences may be added: combinations of
multiples, formed here over the integers, which vanish where the equations do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import gcd, lcm

from flint import fmpq_mpoly, nmod_mat

from closedform.kernel.reading import Json, integer, refuse, sequence, text

PRIME = 2_147_483_647
MAX_ROWS, MAX_COLUMNS = 5_000, 2_000  # in all, and of one block
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
Integral = dict[tuple[int, ...], int]  # exponents -> coefficient


def zeros_at_most(system: list[fmpq_mpoly], unknowns: list[int], how: dict[str, Json]) -> int:
    """The number of ``standard`` monomials; refused where the ``multiples`` do not reduce what they must.

    A monomial is a word of exponents in base 36, one for each generator; the words of a text are separated by blanks.
    ``multiples``: a text of monomials for each equation and then for each consequence.
    """
    k = system[0].context().nvars()
    basis, rows = set(_words(how["standard"], k)), list[Integral]()
    equations = _with_consequences([primitive(f) for f in system], how.get("consequences", []), k)
    for f, factors in zip(equations, sequence(how["multiples"], "multiples", 5000), strict=True):
        terms = {e: c % PRIME for e, c in f.items()}
        rows += [{m: c for e, c in terms.items() if (m := _times(a, e)) not in basis} for a in _words(factors, k)]
        if len(rows) > MAX_ROWS:
            refuse("there are too many multiples")
    units = [tuple(int(i == j) for j in range(k)) for i in unknowns]
    if not {(0,) * k, *(_times(b, e) for b in basis for e in units)} <= basis.union(*rows):
        refuse("a standard monomial times an unknown is not among the monomials")
    for block in blocks(rows):
        columns = {m: j for j, m in enumerate({m for i in block for m in rows[i]})}
        if len(block) != len(columns) or len(block) > MAX_COLUMNS:
            refuse("the multiples are as many as the monomials that they reduce, within the limit")
        matrix = nmod_mat(len(block), len(block), PRIME)
        for n, i in enumerate(block):
            for m, c in rows[i].items():
                matrix[n, columns[m]] = c
        if matrix.rank() != len(block):
            refuse("the multiples do not reduce all monomials to the standard ones")
    return len(basis)


def _with_consequences(system: list[Integral], value: Json, k: int) -> list[Integral]:
    """The equations, then one combination for each text: terms ``place:monomial:factor`` of multiples of those before."""
    for terms in sequence(value, "consequences", 2000):
        total = Integral()
        for term in text(terms, "a consequence").split():
            place, word, factor = term.split(":")
            (a,), c = _words(word, k), integer(factor, "a factor")
            for e, v in system[integer(place, "a place", 0)].items():
                m = _times(a, e)
                total[m] = total.get(m, 0) + c * v
        system = [*system, without_content(total)]
    return system


def primitive(f: fmpq_mpoly) -> Integral:
    """A constant multiple with coprime integer coefficients, the one of the greatest exponents positive."""
    scale = lcm(*(int(c.q) for c in f.coeffs()))
    return without_content({tuple(int(v) for v in e): int((c * scale).p) for e, c in f.to_dict().items()})


def without_content(f: Integral) -> Integral:
    f = {e: c for e, c in f.items() if c}
    content = gcd(*f.values()) * (1 if not f or f[max(f)] > 0 else -1)
    return {e: c // content for e, c in f.items()}


def blocks(supports: Sequence[Iterable[tuple[int, ...]]]) -> list[list[int]]:
    """The places of the rows that share monomials, directly or through others, together."""
    block, owner, out = list(range(len(supports))), dict[tuple[int, ...], int](), dict[int, list[int]]()

    def first(j: int) -> int:
        while block[j] != j:
            block[j] = j = block[block[j]]
        return j

    for j, support in enumerate(supports):
        for m in support:
            block[first(owner.setdefault(m, j))] = first(j)
    for j in range(len(supports)):
        out.setdefault(first(j), []).append(j)
    return list(out.values())


def _words(value: Json, k: int) -> list[tuple[int, ...]]:
    words = text(value, "monomials").split()
    if any(len(w) != k or not set(w) <= set(DIGITS) for w in words):
        refuse("a monomial has one exponent for each unknown")
    return [tuple(DIGITS.index(c) for c in w) for w in words]


def _times(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(u + v for u, v in zip(a, b, strict=True))
