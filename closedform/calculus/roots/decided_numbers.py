"""One irreducible polynomial over Z: does its root have an expression in radicals, which one, and on whose word."""

from __future__ import annotations

from typing import Any

from flint import arb, fmpz, fmpz_poly

from closedform.algebra import bridge
from closedform.algebra.galois import decide as galois
from closedform.algebra.later import sp
from closedform.algebra.radicals.engine import RadicalSolution, radical_roots
from closedform.budget import Budget
from closedform.frozen import record
from closedform.kernel.certificate import Certificate
from closedform.kernel.claims.unsolvable import reduced_type
from closedform.reading.language import parse


@record
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
        value = sp.expand((-b + sign * square) / (2 * a))
        if abs(float(value) - float(root.mid())) < abs(float(square / a)) / 4:
            return value
    raise ArithmeticError("no root of the quadratic lies in the ball")


def monic(f: fmpz_poly) -> fmpz_poly:
    """With a positive leading coefficient and content one."""
    f = f // f.content() if f.content() != 1 else f
    return -f if f.leading_coefficient() < fmpz(0) else f


def rational(count: int, f: fmpz_poly | None = None) -> Number:
    """Points whose generators are all rational, the main one the root of f: nothing is left to decide."""
    return Number(fmpz_poly([0, 1]) if f is None else monic(f), True, "1", (None,) * count)


def number(f: fmpz_poly, roots: list[arb], budget: Budget) -> Number:
    """What is known of these real roots of an irreducible polynomial, each given by a ball that isolates it."""
    f = monic(f)
    if f.degree() <= 2:
        return Number(f, True, "C2" if f.degree() == 2 else "1", tuple(quadratic(f, r) for r in roots))
    decision = galois.decide(f, budget.share(max(1.0, 0.5 * budget.remaining)))
    if decision.solvable is False:
        return Number(f, False, decision.group or alternating(f, budget), (), decision.certificate, decision.reason)
    if decision.solvable is None:
        return Number(f, None, decision.group, reason=decision.reason)
    found = radicals(f, roots, budget)
    if found is None:
        return Number(f, None, decision.group, reason="solvable by radicals, but the expression was not written out")
    return Number(f, True, decision.group, found[0], found[1])


def alternating(f: fmpz_poly, budget: Budget, primes: int = 60) -> str | None:
    """ "S9" or "A9" when the group of an irreducible f is proved to be one of these, else None.

    Jordan: a transitive group of degree n with an r-cycle, r prime and n/2 < r < n - 2, contains A_n. A Frobenius
    element with one factor of degree r (and no other degree divisible by r, as r > n/2) has such a power. It is A_n
    when the discriminant is a square.
    """
    n, p = f.degree(), fmpz(2)
    for _ in range(primes):
        budget.check()
        seen = reduced_type(f, int(p))
        if seen is not None and any(n < 2 * d and d < n - 2 and fmpz(d).is_prime() for d in seen):
            odd = any(
                sum(d - 1 for d in t) % 2 for t in (reduced_type(f, q) for q in (2, 3, 5, 7, 11, 13, 17, 19)) if t
            )
            if odd:
                return f"S{n}"
            return f"A{n}" if f.discriminant().is_square() else f"S{n}"
        p = fmpz(int(p) + 1)
        while not p.is_prime():
            p = fmpz(int(p) + 1)
    return None


def radicals(f: fmpz_poly, roots: list[arb], budget: Budget) -> tuple[tuple[Any, ...], Certificate] | None:
    """Expressions in radicals for the roots in the balls, proved by the certificate; None where one is missing."""
    found = radical_roots(f, budget)
    if not isinstance(found, RadicalSolution):
        return None
    out = list[Any]()
    for ball in roots:
        near = [r for r in found.roots if r.real and arb(r.re, arb(r.radius)).overlaps(ball)]
        if len(near) != 1 or near[0].exact is None:
            return None
        out.append(bridge.to_sympy(parse(near[0].exact), {}))
    return tuple(out), found.certificate
