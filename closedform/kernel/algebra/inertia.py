"""The signs of the eigenvalues of a symmetric matrix, of balls or of exact numbers."""

from __future__ import annotations

from flint import arb, fmpq


def inertia(matrix: list[list[arb]] | list[list[fmpq]]) -> tuple[int, int, int] | None:
    """Signs of the eigenvalues of a symmetric matrix by congruence (Sylvester); None where balls are too wide."""
    a, signs = [list(row) for row in matrix], [0, 0]
    while a:
        n = len(a)
        best = max(range(n), key=lambda i: _size(a[i][i]))
        if _size(a[best][best]) == 0:
            pairs = [(i, j) for i in range(n) for j in range(i) if _size(a[i][j]) > 0]
            if not pairs:
                zero = all(v == 0 for row in a for v in row)
                return (signs[0], signs[1], n) if zero else None
            best, j = max(pairs, key=lambda p: _size(a[p[0]][p[1]]))
            a[best] = [u + v for u, v in zip(a[best], a[j], strict=True)]
            for row in a:
                row[best] = row[best] + row[j]
            if _size(a[best][best]) == 0:
                return None
        pivot, lead = a[best][best], a[best]
        signs[0 if pivot > 0 else 1] += 1
        a = [[a[i][j] - a[i][best] * lead[j] / pivot for j in range(n) if j != best] for i in range(n) if i != best]
    return signs[0], signs[1], 0


def _size(v: arb | fmpq) -> arb:
    """A lower bound of |v| for choosing pivots; zero when the sign is open."""
    ball = v if isinstance(v, arb) else arb(v)
    return abs(ball).abs_lower() if ball > 0 or ball < 0 else arb(0)
