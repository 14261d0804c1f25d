"""One irreducible polynomial over Z: does its root have an expression in radicals, which one, and on whose word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy as sp
from flint import arb, fmpz, fmpz_poly

from closedform.algebra.galois import decide as galois
try:  # while the module is being written
    from closedform.algebra.radicals import radical_roots
except ImportError:
    radical_roots = None
from closedform.budget import Budget
from closedform.kernel.certificate import Certificate


@dataclass(frozen=True)
class Number:
    """What is known of the roots of an irreducible polynomial.

    ``closed`` True: ``expressions`` holds one for every real root asked for; False: proven to have none, by
    ``certificate``; None: open, ``reason`` says why.
    """

    polynomial: fmpz_poly
    closed: bool | None
    group: str | None
    expressions: tuple[Any, ...] = ()
    certificate: Certificate | None = None
    reason: str = ""


def text(f: fmpz_poly, x: str = "t") -> str:
    """The polynomial for people, highest power first.

    >>> text(fmpz_poly([-1, -2, 1]))
    't^2 - 2*t - 1'
    """
    out = ""
    for i, c in reversed(list(enumerate(f.coeffs()))):
        if c == 0:
            continue
        power = "" if i == 0 else x if i == 1 else f"{x}^{i}"
        size = str(abs(c)) if abs(c) != 1 or not power else ""
        sign = (" - " if c < 0 else " + ") if out else ("-" if c < 0 else "")
        out += sign + size + ("*" if size and power else "") + power
    return out or "0"


def quadratic(f: fmpz_poly, root: arb) -> Any:
    """The root of a polynomial of degree one or two in the ball, as a SymPy expression."""
    c, b, a = (*(int(x) for x in f.coeffs()), 0)[:3]
    if a == 0:
        return sp.Rational(-c, b)
    square = sp.sqrt(b * b - 4 * a * c)
    for sign in (1, -1):
        value = sp.nsimplify((-b + sign * square) / (2 * a))
        if abs(float(value) - float(root.mid())) < abs(float(square / a)) / 4:
            return sp.expand(value)
    raise ArithmeticError("no root of the quadratic lies in the ball")


def monic(f: fmpz_poly) -> fmpz_poly:
    """With a positive leading coefficient and content one."""
    f = f // f.content() if f.content() != 1 else f
    return -f if f.leading_coefficient() < fmpz(0) else f


def number(f: fmpz_poly, roots: list[arb], budget: Budget) -> Number:
    """What is known of these real roots of an irreducible polynomial, each given by a ball that isolates it."""
    f = monic(f)
    if f.degree() <= 2:
        return Number(f, True, "C2" if f.degree() == 2 else "1", tuple(quadratic(f, r) for r in roots))
    decision = galois.decide(f, budget.share(max(1.0, 0.5 * budget.remaining)))
    if decision.solvable is False:
        return Number(f, False, decision.group, (), decision.certificate, decision.reason)
    if decision.solvable is None:
        return Number(f, None, decision.group, reason=decision.reason)
    found = radicals(f, roots, budget)
    if found is None:
        return Number(f, None, decision.group, reason="solvable by radicals, but the expression was not written out")
    return Number(f, True, decision.group, found)


def radicals(f: fmpz_poly, roots: list[arb], budget: Budget) -> tuple[Any, ...] | None:
    """Expressions in radicals for the roots in the given balls, each proved equal to its root; None where one is missing."""
    if radical_roots is None:
        return None
    return None
