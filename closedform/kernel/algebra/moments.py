"""Sums over the rows of a table of a polynomial in the unknowns and the columns: its moments, taken at once.

The sum of a row's polynomial is the polynomial whose coefficients are sums over rows of products of columns. Each such
product is split into two halves; the halves as columns of two matrices of integers, one product of these matrices
holds all the moments.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from flint import fmpq, fmpq_mpoly, fmpq_mpoly_ctx, fmpz, fmpz_mat

from closedform.kernel.reading import refuse

MAX_WORK = 4_000_000_000  # products of entries

Monomial = tuple[int, ...]  # the places of its factors, each as often as it occurs


def summed(row: fmpq_mpoly, context: fmpq_mpoly_ctx, entries: list[list[fmpq]]) -> fmpq_mpoly:
    """The sum over rows of ``row``, a polynomial in the generators of ``context`` and then in ``entries``."""
    known = len(context.gens())
    terms = [(e[:known], _factors(e[known:]), c) for e, c in row.terms()]
    often = Counter(place for _, factors, _ in terms for place in factors)
    halves = {f: _halves(f, often) for _, f, _ in terms}
    moments = _moments(halves, entries)
    coefficients: dict[tuple[int, ...], fmpq] = {}
    for exponents, factors, c in terms:
        coefficients[exponents] = coefficients.get(exponents, fmpq(0)) + c * moments[factors]
    return context.from_dict(coefficients)


def _factors(exponents: tuple[int, ...]) -> Monomial:
    return tuple(place for place, e in enumerate(exponents) for _ in range(int(e)))


def _halves(factors: Monomial, often: Mapping[int, int]) -> tuple[Monomial, Monomial]:
    """What is common to many products stands in the left half: there are few different halves then."""
    order = sorted(factors, key=lambda place: (-often[place], place))
    middle = (len(order) + 1) // 2
    return tuple(order[:middle]), tuple(order[middle:])


def _moments(halves: Mapping[Monomial, tuple[Monomial, Monomial]], entries: list[list[fmpq]]) -> dict[Monomial, fmpq]:
    left, right = (
        {half: j for j, half in enumerate(dict.fromkeys(h[side] for h in halves.values()))} for side in (0, 1)
    )
    rows = len(entries[0])
    if rows * len(left) * len(right) > MAX_WORK:
        refuse("a sum over rows has too many moments")
    whole, scales = list[list[fmpz]](), list[fmpz]()
    for column in entries:
        scale = fmpz(1)
        for v in column:
            scale = scale.lcm(v.q)
        whole.append([v.p * (scale // v.q) for v in column])
        scales.append(scale)

    def matrix(side: Mapping[Monomial, int]) -> fmpz_mat:
        columns = [_product(half, whole, rows) for half in side]
        return fmpz_mat(len(columns), rows, [v for column in columns for v in column])

    gram = matrix(left) * matrix(right).transpose()
    out: dict[Monomial, fmpq] = {}
    for factors, (a, b) in halves.items():
        scale = fmpz(1)
        for place in factors:
            scale *= scales[place]
        out[factors] = fmpq(gram[left[a], right[b]], scale)
    return out


def _product(places: Monomial, columns: list[list[fmpz]], rows: int) -> list[fmpz]:
    out = [fmpz(1)] * rows
    for place in places:
        out = [a * b for a, b in zip(out, columns[place], strict=True)]
    return out
