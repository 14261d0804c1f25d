"""No other critical point: as many complex zeros as there are standard monomials."""

from __future__ import annotations

from flint import fmpq_mpoly

from closedform.kernel.algebra.standard_monomials import zeros_at_most
from closedform.kernel.claims.critical_points import Given, Point
from closedform.kernel.claims.zeros.complex_zeros import counted
from closedform.kernel.reading import Json


def complete(given: Given, points: list[Point], how: dict[str, Json], box: Json) -> tuple[int | None, str]:
    """Multiples of the equations reduce all monomials to the standard ones."""

    def bound(system: list[fmpq_mpoly], gone: list[int]) -> int:
        free = [i for i in range(len(given.unknowns)) if i not in gone]
        return zeros_at_most(system, free, how)

    return counted(given, points, how, box, bound)
