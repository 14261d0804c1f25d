"""Periods of trees in which the unknown stands only under sin, cos and tan of affine arguments."""

from __future__ import annotations

from collections.abc import Iterable
from math import gcd, lcm

from flint import fmpq, fmpz_poly

from closedform.enclosures.line.constants import Const, constant_of
from closedform.enclosures.line.functions import Unclear, put
from closedform.kernel.expressions.derivatives import differentiate
from closedform.kernel.expressions.tree import MINUS, ONE, TWO, ZERO, Tree, add, free_names, mul, power
from closedform.kernel.reading import Refused

CIRCULAR = ("sin", "cos", "tan")


def has_circular(tree: Tree, x: str) -> bool:
    """Does the name stand under sin, cos or tan somewhere?"""
    if not isinstance(tree, tuple) or x not in free_names(tree):
        return False
    return tree[0] in CIRCULAR or any(has_circular(a, x) for a in tree[1:])


def circular_args(tree: Tree, x: str) -> set[Tree]:
    """The arguments of sin, cos and tan that hold the name."""
    if not isinstance(tree, tuple) or x not in free_names(tree):
        return set()
    if tree[0] in CIRCULAR:
        return {tree[1]}
    return set[Tree]().union(*(circular_args(a, x) for a in tree[1:]))


def period_of(trees: Iterable[Tree], x: str) -> Tree | None:
    """A common period of all the trees, proved by their form; None where none is seen.

    >>> period_of([("+", ("sin", ("*", fmpq(2), "x")), ("^", ("cos", "x"), fmpq(3)))], "x")
    ('*', 2, ('pi',))
    """
    frequency = unit_of(trees, x)
    if frequency is None:
        return None
    rational = frequency.rational
    if rational is not None:
        return mul(TWO / rational, ("pi",))
    if set(frequency.terms) == {(("pi",),)}:
        return TWO / frequency.terms[(("pi",),)]
    return mul(TWO, ("pi",), power(frequency.tree(), MINUS))


def unit_of(trees: Iterable[Tree], x: str) -> Const | None:
    """The greatest frequency that all circular functions' frequencies are whole multiples of; None where none is seen."""
    found = list[Const]()
    for tree in trees:
        frequencies = _frequencies(tree, x)
        if frequencies is None:
            return None
        found += frequencies
    found = [f for f in found if f.terms]
    if not found:
        return None
    base, ratios = found[0], list[fmpq]()
    for f in found:
        key = next(iter(base.terms))
        ratio = f.terms.get(key, ZERO) / base.terms[key]
        if ratio == 0 or base.scaled(ratio).key != f.key:
            return None
        ratios.append(abs(ratio))
    top, bottom = 0, 1
    for r in ratios:
        bottom = lcm(bottom, int(r.q))
    for r in ratios:
        top = gcd(top, int(r.p) * bottom // int(r.q))
    frequency = base.scaled(fmpq(top, bottom))
    return frequency.scaled(fmpq(-1)) if frequency.ball() < 0 else frequency


def in_half_angle(tree: Tree, x: str, unit: Const) -> Tree | None:
    """The tree as a rational function of t = tan(unit*x/2); None where a phase or another name stands in it."""
    names = free_names(tree)
    if x not in names:
        return None if names else tree
    if not isinstance(tree, tuple):
        return None
    if tree[0] in CIRCULAR:
        slope, phase = slope_of(tree[1], x), put(tree[1], {x: ZERO})
        if slope is None or phase != ZERO:
            return None
        key = next(iter(unit.terms))
        ratio = slope.terms.get(key, ZERO) / unit.terms[key]
        if ratio.q != 1 or unit.scaled(ratio).key != slope.key:
            return None
        return _half_angle(str(tree[0]), int(ratio.p))
    args = list[Tree]()
    for a in tree[1:]:
        inner = in_half_angle(a, x, unit)
        if inner is None:
            return None
        args.append(inner)
    return (tree[0], *args)


def _half_angle(head: str, k: int) -> Tree:
    """sin, cos or tan of k*u with t = tan(u/2): the parts of (1 + i*t)^(2k) / (1 + t^2)^k."""
    real, imaginary, t = fmpz_poly([1]), fmpz_poly([0]), fmpz_poly([0, 1])
    for _ in range(2 * abs(k)):
        real, imaginary = real - imaginary * t, real * t + imaginary
    top, bottom = imaginary if k >= 0 else -imaginary, power(add(ONE, power("t", TWO)), fmpq(-abs(k)))
    if head == "tan":
        return mul(_tree(top), power(_tree(real), MINUS))
    return mul(_tree(top if head == "sin" else real), bottom)


def _tree(poly: fmpz_poly) -> Tree:
    return add(*(mul(fmpq(c), power("t", fmpq(i))) for i, c in enumerate(poly.coeffs()) if c != 0))


def _frequencies(tree: Tree, x: str) -> list[Const] | None:
    """The frequencies of all circular functions; None where the name stands elsewhere."""
    if x not in free_names(tree):
        return []
    if not isinstance(tree, tuple):
        return None
    if tree[0] in CIRCULAR:
        slope = slope_of(tree[1], x)
        if slope is not None:
            return [slope.scaled(TWO if tree[0] == "tan" else ONE)]
    out = list[Const]()
    for a in tree[1:]:
        inner = _frequencies(a, x)
        if inner is None:
            return None
        out += inner
    return out


def slope_of(tree: Tree, x: str) -> Const | None:
    """The slope of an affine function, None for any other."""
    try:
        slope = differentiate(tree, x)
        return constant_of(slope) if x not in free_names(slope) else None
    except (Refused, Unclear):
        return None


def drift(tree: Tree, x: str) -> tuple[Tree, Tree] | None:
    """(p, a) where the tree is a*x plus p, with p periodic by its form; None where it is not of this kind."""
    terms = tree[1:] if isinstance(tree, tuple) and tree[0] == "+" else (tree,)
    waves, lines = list[Tree](), list[Tree]()
    for t in terms:
        (lines if _frequencies(t, x) is None else waves).append(t)
    line = add(*lines)
    if lines and slope_of(line, x) is None:
        return None
    return add(*waves), differentiate(line, x) if lines else ZERO
