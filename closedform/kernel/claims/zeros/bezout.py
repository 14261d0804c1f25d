"""No other critical point: as many complex zeros as the product of the degrees (Fulton, *Intersection theory*, 8.4.6)."""

from __future__ import annotations

from math import prod

from flint import fmpq_mpoly

from closedform.kernel.claims.critical_points import Given, Point
from closedform.kernel.claims.zeros.complex_zeros import counted
from closedform.kernel.reading import Json, refuse


def complete(given: Given, points: list[Point], how: dict[str, Json], box: Json) -> tuple[int | None, str]:
    """However many equations there are, they have as many isolated zeros at most as the product of their degrees."""

    def bound(system: list[fmpq_mpoly], gone: list[int]) -> int:
        if any(f.is_zero() for f in system):
            refuse("an equation is zero everywhere")
        return prod(int(f.total_degree()) for f in system)

    return counted(given, points, how, box, bound)
