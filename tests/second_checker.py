"""A second checker for the claims ``roots`` and ``unsolvable``, written from ``closedform/kernel/FORMAT.md``.

Plain Python, exact fractions, nothing of closedform: not one line is shared with the kernel. It answers True, False, or None where
its simpler means leave a claim open (degrees past its table, roots closer than its discs).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations_with_replacement, product
from math import isqrt
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parent.parent / "closedform" / "tables" / "primitive_solvable_groups.json"
TABLED, MAX_TYPES = 64, 200_000
Type = tuple[int, ...]


def judge(certificate: dict[str, Any]) -> bool | None:
    """True where the claim is proved, False where it is refuted or malformed, None where it is open."""
    try:
        if set(certificate) != {"format", "statement", "claim", "evidence"} or certificate["format"] != 1:
            return False
        parts = (certificate["statement"], certificate["claim"], certificate["evidence"])
        return {"roots": roots, "unsolvable": unsolvable}[certificate["claim"]["kind"]](*parts)
    except (KeyError, ValueError, TypeError, ZeroDivisionError):
        return False


def coefficients(listed: list[str]) -> list[int]:
    out = [int(c) for c in listed]
    if len(out) < 2 or out[-1] == 0:
        raise ValueError("no polynomial")
    return out


# -- polynomials over Q: lists of fractions, the constant first ------------------------------------------------------


def trimmed(f: list[Any]) -> list[Any]:
    while f and f[-1] == 0:
        f = f[:-1]
    return f


def divided(f: list[Any], g: list[Any], inverse: Any) -> tuple[list[Any], list[Any]]:
    """Quotient and remainder; ``inverse`` inverts the leading coefficient."""
    f, out, over = list(f), [0] * max(len(f) - len(g) + 1, 0), inverse(g[-1])
    for k in reversed(range(len(out))):
        out[k] = c = f[k + len(g) - 1] * over
        for i, b in enumerate(g):
            f[k + i] -= c * b
    return out, trimmed(f[: len(g) - 1])


def common(f: list[Fraction], g: list[Fraction]) -> list[Fraction]:
    while g:
        f, g = g, divided(f, g, lambda c: 1 / c)[1]
    return [c / f[-1] for c in f]


def slope(f: list[Any]) -> list[Any]:
    return trimmed([k * c for k, c in enumerate(f)][1:])


def squarefree_parts(f: list[Fraction]) -> Iterator[tuple[list[Fraction], int]]:
    """The factors with their multiplicities (Yun), those of degree zero left out."""
    exact = lambda a, b: divided(a, b, lambda c: 1 / c)[0]  # noqa: E731
    shared, times = common(f, slope(f)), 1
    part = exact(f, shared)
    while len(part) > 1:
        rest = common(part, shared)
        own = exact(part, rest)
        if len(own) > 1:
            yield own, times
        part, shared, times = rest, exact(shared, rest), times + 1


# -- roots -----------------------------------------------------------------------------------------------------------

Point = tuple[Fraction, Fraction]


def times(a: Point, b: Point) -> Point:
    return a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]


def value(f: list[Fraction], z: Point) -> Point:
    out = (Fraction(0), Fraction(0))
    for c in reversed(f):
        out = times(out, z)
        out = (out[0] + c, out[1])
    return out


def over(a: Point, b: Point) -> Point:
    size = b[0] ** 2 + b[1] ** 2
    out = times(a, (b[0], -b[1]))
    return out[0] / size, out[1] / size


def length(z: Point) -> Fraction:
    """An upper bound of the absolute value, close to it."""
    square = z[0] ** 2 + z[1] ** 2
    scale = 10**120
    return Fraction(isqrt(int(square * scale**2)) + 1, scale) if square else Fraction(0)


def roots(statement: dict[str, Any], claim: dict[str, Any], evidence: dict[str, Any]) -> bool | None:
    """A disc of radius n |f(z)/f'(z)| about z holds a root of f (Laguerre): disjoint discs, one for each root."""
    if statement or evidence or set(claim) != {"kind", "polynomial", "roots"}:
        return False
    f = [Fraction(c) for c in coefficients(claim["polynomial"])]
    parts = list(squarefree_parts(f))
    listed = claim["roots"]
    if sorted(int(r["multiplicity"]) for r in listed) != sorted(m for g, m in parts for _ in g[1:]):
        return False
    discs, open_ones = list[tuple[Point, Fraction]](), False
    for root in listed:
        if set(root) != {"re", "im", "radius", "multiplicity", "real"}:
            return False
        given, allowed = (Fraction(root["re"]), Fraction(root["im"])), Fraction(root["radius"])
        g = next(g for g, m in parts if m == int(root["multiplicity"]))
        z, reach = sharpened(g, given)
        gap = length((z[0] - given[0], z[1] - given[1]))
        if gap > allowed + reach:
            return False
        real = z[1] == 0  # a disc about a real point is its own mirror image: its one root is real
        if gap + reach > allowed or (not real and abs(z[1]) <= reach):
            open_ones = True
        elif real is not root["real"]:
            return False
        discs.append((z, reach))
    for i, (z, r) in enumerate(discs):
        for w, s in discs[:i]:
            if length((z[0] - w[0], z[1] - w[1])) <= r + s:
                return None if length((z[0] - w[0], z[1] - w[1])) else False
    return None if open_ones else True


def sharpened(f: list[Fraction], z: Point) -> tuple[Point, Fraction]:
    """A point close to the root near z, by Newton's steps rounded to 60 digits, and the radius of its disc."""
    n, scale = len(f) - 1, 10**60
    for _ in range(9):
        if value(f, z) == (0, 0):
            return z, Fraction(0)
        below = value(slope(f), z)
        if below == (0, 0):
            raise ValueError("a zero of the derivative")
        step = over(value(f, z), below)
        reach = n * length(step)
        if reach < Fraction(1, 10**55):
            return z, reach
        z = tuple(Fraction(round((a - b) * scale), scale) for a, b in zip(z, step, strict=True))  # type: ignore[assignment]
    return z, reach


# -- cycle types modulo a prime --------------------------------------------------------------------------------------


def cycle_type(f: list[int], p: int) -> Type | None:
    """The degrees of the irreducible factors modulo p; None where there are multiple ones, or the degree drops."""
    if p < 2 or any(p % q == 0 for q in range(2, isqrt(p) + 1)) or f[-1] % p == 0:
        return None
    invert = lambda c: pow(c, -1, p)  # noqa: E731

    def reduced(a: list[int]) -> list[int]:
        return trimmed([c % p for c in a])

    def gcd(a: list[int], b: list[int]) -> list[int]:
        while b:
            a, b = b, reduced(divided(a, b, invert)[1])
        return a

    def multiplied(a: list[int], b: list[int], m: list[int]) -> list[int]:
        out = [0] * max(len(a) + len(b) - 1, 0)
        for i, x in enumerate(a):
            for j, y in enumerate(b):
                out[i + j] += x * y
        return reduced(divided(reduced(out), m, invert)[1])

    left = reduced(f)
    if len(gcd(left, reduced(slope(left)))) != 1:
        return None
    degrees, power, d = list[int](), reduced(divided([0, 1], left, invert)[1]), 0
    while len(left) - 1 > 2 * d:
        d += 1
        base, power = power, [1]
        for bit in bin(p)[2:]:
            power = multiplied(power, power, left)
            power = multiplied(power, base, left) if bit == "1" else power
        moved = [*power, 0, 0]
        moved[1] -= 1
        shared = gcd(left, reduced(moved))
        degrees += [d] * ((len(shared) - 1) // d)
        left = reduced(divided(left, shared, invert)[0])
        power = reduced(divided(power, left, invert)[1]) if len(left) > 1 else []
    return tuple(sorted(degrees + ([len(left) - 1] if len(left) > 1 else [])))


# -- solvable groups -------------------------------------------------------------------------------------------------


def primitive(q: int) -> list[set[Type]]:
    groups = json.loads(TABLE.read_text())["groups"]
    return [{tuple(sorted(t)) for t in g["cycle_types"]} for g in groups if g["degree"] == q]


def envelope(n: int) -> Iterator[set[Type]]:
    """The sets of cycle types of the groups in W(n)."""
    if n == 1:
        yield {(1,)}
        return
    for q in range(2, n + 1):
        if n % q == 0 and len({r for r in range(2, q + 1) if q % r == 0 and all(r % s for s in range(2, r))}) == 1:
            for inner, outer in product(primitive(q), envelope(n // q)):
                yield {t for top in outer for t in blown_up(inner, top)}


def blown_up(inner: set[Type], top: Type) -> set[Type]:
    """The types of a wreath product over one type of the block permutation."""
    out: set[Type] = {()}
    for m in sorted(set(top)):
        choices = combinations_with_replacement(sorted(inner), top.count(m))
        grown = {tuple(sorted(m * a for t in chosen for a in t)) for chosen in choices}
        out = {tuple(sorted(a + b)) for a, b in product(out, grown)}
        if len(out) > MAX_TYPES:
            raise OverflowError
    return out


def sums(parts: Type) -> set[int]:
    out = {0}
    for part in parts:
        out |= {part + s for s in out}
    return out


def irreducible(f: list[int], types: list[Type]) -> bool | None:
    """By degrees modulo primes, the given ones and its own."""
    possible = set(range(len(f))).intersection(*map(sums, types))
    for p in range(2, 400):
        if possible == {0, len(f) - 1}:
            return True
        own = cycle_type(f, p)
        possible &= sums(own) if own is not None else possible
    return None


def unsolvable(statement: dict[str, Any], claim: dict[str, Any], evidence: dict[str, Any]) -> bool | None:
    """By cycle types; the other kinds of evidence are open here."""
    f = coefficients(claim["polynomial"])
    n = len(f) - 1
    if set(claim) != {"kind", "polynomial"} or set(statement) - {"polynomial"} or n < 5:
        return False
    if "polynomial" in statement:
        whole = [Fraction(c) for c in coefficients(statement["polynomial"])]
        if divided(whole, [Fraction(c) for c in f], lambda c: 1 / c)[1]:
            return False
    if set(evidence) != {"types"} or n > TABLED:
        return None
    types = list[Type]()
    for item in evidence["types"]:
        said = tuple(sorted(map(int, item["degrees"])))
        if cycle_type(f, int(item["prime"])) != said:
            return False
        types.append(said)
    try:
        if any(set(types) <= group | {(1,) * n} for group in envelope(n)):
            return False
    except OverflowError:
        return None
    return irreducible(f, types)
