"""Kinks: the slopes to either side of one, exactly, and derivatives that hold everywhere else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod

from flint import fmpq

from closedform.kernel.expressions.tree import MINUS, TWO, Tree, add, as_integer, mul, power
from closedform.kernel.reading import refuse

MAX_EXPONENT = 100
HALF = fmpq(1, 2)

Moved = tuple[fmpq, fmpq]  # a value, and how fast it changes along a direction


def rooted(tree: Tree) -> Tree:
    """The tree with |u| as the root of u^2, of which the derivative has no value where u is zero."""
    if not isinstance(tree, tuple):
        return tree
    head, parts = str(tree[0]), [rooted(a) for a in tree[1:]]
    if head == "abs":
        return power(power(parts[0], TWO), HALF)
    if head == "sign":
        return mul(parts[0], power(power(parts[0], TWO), -HALF))
    if head not in ("max", "min"):
        return (head, *parts)
    out, turn = parts[0], HALF if head == "max" else -HALF
    for other in parts[1:]:
        apart = power(power(add(out, mul(MINUS, other)), TWO), HALF)
        out = add(mul(HALF, out), mul(HALF, other), mul(turn, apart))
    return out


def slopes(tree: Tree, at: Mapping[str, fmpq]) -> list[fmpq]:
    """How fast the tree, without sums, changes along directions from a point of one or two unknowns.

    Along a direction between two neighbours of these it changes by a combination of theirs, not negative: the slope is
    linear but where the rate of something that has a kink there changes its sign. Refused past piecewise polynomials.
    """
    names = list(at)
    ways: list[tuple[fmpq, ...]] = [tuple(fmpq(int(i == j)) for j in range(len(names))) for i in range(len(names))]
    if len(names) == 2:
        ways += [(_rate(u, at, (fmpq(0), fmpq(1))), -_rate(u, at, (fmpq(1), fmpq(0)))) for u in _bent(tree, at)]
    elif len(names) != 1:
        refuse("no slopes in more than two unknowns are taken here")
    return [_rate(tree, at, tuple(sign * c for c in way)) for way in ways if any(way) for sign in (1, -1)]


def _rate(tree: Tree, at: Mapping[str, fmpq], way: tuple[fmpq, ...]) -> fmpq:
    return _along(tree, {x: (v, c) for (x, v), c in zip(at.items(), way, strict=True)})[1]


def _bent(tree: Tree, at: Mapping[str, fmpq]) -> Iterator[Tree]:
    """What is zero there inside |.|, or as a difference of what max or min compares; itself without a kink."""
    if not isinstance(tree, tuple):
        return
    for a in tree[1:]:
        yield from _bent(a, at)
    if tree[0] in ("abs", "max", "min"):
        gaps = [add(a, mul(MINUS, b)) for i, a in enumerate(tree[1:]) for b in tree[1 : 1 + i]] or [tree[1]]
        still = {x: (v, fmpq(0)) for x, v in at.items()}
        for gap in gaps:
            if _along(gap, still)[0] == 0:
                yield gap if not any(_bent(gap, at)) else refuse("a kink in a kink")


def _along(tree: Tree, point: Mapping[str, Moved]) -> Moved:
    if isinstance(tree, fmpq):
        return tree, fmpq(0)
    if isinstance(tree, str):
        return point[tree] if tree in point else refuse(f"{tree} has no value")
    head, exponent = str(tree[0]), tree[2] if tree[0] == "^" else fmpq(1)
    parts = [_along(a, point) for a in (tree[1:2] if head == "^" else tree[1:])]
    values, rates = [v for v, _ in parts], [r for _, r in parts]
    if head == "+":
        return sum(values, fmpq(0)), sum(rates, fmpq(0))
    if head == "*":
        others = (prod(values[:i] + values[i + 1 :], start=fmpq(1)) for i in range(len(values)))
        return prod(values, start=fmpq(1)), sum((r * c for r, c in zip(rates, others, strict=True)), fmpq(0))
    whole = as_integer(exponent)
    if head == "^" and whole is not None and 1 <= whole <= MAX_EXPONENT:
        return values[0] ** whole, whole * values[0] ** (whole - 1) * rates[0]
    if head == "abs":
        rate = rates[0] if values[0] > 0 else -rates[0] if values[0] < 0 else abs(rates[0])
        return abs(values[0]), rate
    if head in ("max", "min"):
        best = max if head == "max" else min
        top = best(values)
        return top, best(r for v, r in parts if v == top)
    refuse(f"no slopes of {head} are taken here")
