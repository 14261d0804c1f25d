"""No other critical point in a box, by cutting it in halves until none can be in a part."""

from __future__ import annotations

from collections.abc import Iterator

from flint import arb, arb_mat, fmpq

from closedform.kernel.claims.critical_points import Given, Point
from closedform.kernel.claims.zeros.newton import system
from closedform.kernel.reading import Json, decimal, fields, refuse, sequence, text

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def complete(given: Given, points: list[Point], how: dict[str, Json], box: Json) -> tuple[None, str]:
    """The words for the box."""
    sides = fields(box, tuple(given.unknowns))
    ends = [[decimal(v, "box") for v in sequence(sides[x], "box", 2)] for x in given.unknowns]
    if any(low > high for low, high in ends):
        refuse("an end of the box is on the wrong side of the other")
    leaves = iter(text(how["leaves"], "leaves"))
    _cover(given, points, [(low, high) for low, high in ends], leaves, 0)
    if next(leaves, None) is not None:
        refuse("leaves are left over")
    words = ", ".join(f"{low} <= {x} <= {high}" for x, (low, high) in zip(given.unknowns, ends, strict=True))
    return None, f" with {words}"


def _cover(given: Given, points: list[Point], box: list[tuple[fmpq, fmpq]], leaves: Iterator[str], depth: int) -> None:
    mark = next(leaves, "")
    if mark in DIGITS and mark and DIGITS.index(mark) < len(box) and depth < 200:
        i = DIGITS.index(mark)
        low, high = box[i]
        middle = (low + high) / 2
        for half in ((low, middle), (middle, high)):
            _cover(given, points, [*box[:i], half, *box[i + 1 :]], leaves, depth + 1)
        return
    middle = [arb((low + high) / 2) for low, high in box]
    radii = [(high - low) / 2 for low, high in box]
    ball = [arb(m, arb(r)) for m, r in zip(middle, radii, strict=True)]
    values, jacobian = system(given, ball, mark in "MNU")
    if mark == "E" and any(not v.contains(0) for v in values):
        return
    if mark in ("M", "N"):
        at_middle, _ = system(given, middle, False)
        if mark == "M" and any(
            not (v + sum((d * (b - m) for d, b, m in zip(row, ball, middle, strict=True)), arb(0))).contains(0)
            for v, row in zip(at_middle, jacobian, strict=True)
        ):
            return
        if mark == "N":
            step = arb_mat(jacobian).solve(arb_mat([[v] for v in at_middle])).entries()
            if any(bool(abs(s) > arb(r)) for s, r in zip(step, radii, strict=True)):
                return
    if (
        mark == "U"
        and any(all(bool(abs(b - m) <= arb(r)) for b, m, r in zip(p.ball, middle, radii, strict=True)) for p in points)
        and not arb_mat(jacobian).det().contains(0)
    ):
        return
    refuse(f"a leaf of the cover does not hold: {mark!r}")
