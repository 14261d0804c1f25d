"""Formulas for the positive root of a polynomial of degree at most three with symbols as coefficients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy as sp


@dataclass(frozen=True)
class RootFormula:
    """A formula for the generator t of a branch, positive under ``conditions``; ``note`` says what was not proved."""

    expression: Any
    conditions: tuple[str, ...] = ()
    note: str = ""


def positive_roots(c: list[Any], signs: list[int], degree: int, unique: bool) -> list[RootFormula]:
    """Formulas for the positive roots; ``unique``: each is a critical point of a strictly convex loss."""
    if degree == 1:
        value = sp.factor(-c[0] / c[1])
        sure = signs[0] * signs[1] < 0 or value.is_positive
        return [RootFormula(value, () if sure else (f"{value} > 0",))]
    changes = signs[0] * signs[degree] < 0
    if degree == 2:
        if changes:
            lead = 1 if signs[2] > 0 else -1
            return [RootFormula((-c[1] + lead * sp.sqrt(c[1] ** 2 - 4 * c[2] * c[0])) / (2 * c[2]))]
        return quadratic_roots(c)
    note = (
        "" if unique else "the largest real root of the cubic; that it is the one wanted was not proved for all values"
    )
    return [RootFormula(largest_cubic_root(c), () if changes else ("the cubic has a positive root",), note)]


def quadratic_roots(c: list[Any]) -> list[RootFormula]:
    square = sp.sqrt(c[1] ** 2 - 4 * c[2] * c[0])
    return [RootFormula((-c[1] + s * square) / (2 * c[2]), ("real and positive",)) for s in (1, -1)]


def _real_cube_root(u: Any) -> Any:
    return sp.sign(u, evaluate=False) * sp.Abs(u, evaluate=False) ** sp.Rational(1, 3)


def largest_cubic_root(c: list[Any]) -> Any:
    """The largest real root of c[3] x^3 + ... + c[0], by Cardano where one root is real, by cosines where three are."""
    shift = c[2] / (3 * c[3])
    p = (3 * c[3] * c[1] - c[2] ** 2) / (3 * c[3] ** 2)
    q = (2 * c[2] ** 3 - 9 * c[3] * c[2] * c[1] + 27 * c[3] ** 2 * c[0]) / (27 * c[3] ** 3)
    d = q**2 / 4 + p**3 / 27
    three = 2 * sp.sqrt(-p / 3) * sp.cos(sp.acos(3 * q / (2 * p) * sp.sqrt(-3 / p)) / 3)
    up, down = -q / 2 + sp.sqrt(d), -q / 2 - sp.sqrt(d)
    one = _real_cube_root(up) + _real_cube_root(down)
    pieces_ = sp.Piecewise((three, sp.StrictLessThan(d, 0, evaluate=False)), (one, True), evaluate=False)
    return sp.Add(pieces_, -shift)
