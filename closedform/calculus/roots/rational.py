"""The real roots of an irreducible polynomial over Q: exact where they have radicals, proven not to otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import sympy as sp
from flint import arb, fmpz_poly

from closedform.algebra import bridge
from closedform.algebra.galois.decide import decide
from closedform.algebra.radicals.engine import Withheld, radical_roots
from closedform.algebra.roots import isolate_real
from closedform.algebra.sampling import Sample, complex_ball
from closedform.attempt import Finding, finding
from closedform.budget import Budget
from closedform.kernel.certificate import Certificate
from closedform.reading.language import parse


@dataclass(frozen=True)
class RealRoots:
    """The real roots in increasing order; ``exact`` runs parallel to ``balls``, None where no expression is known."""

    polynomial: fmpz_poly
    balls: tuple[arb, ...]
    exact: tuple[Any, ...]
    status: Literal["closed", "not_closed", "unknown"]
    expression_class: str | None = None
    findings: tuple[Finding, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    reason: str = ""


def is_rational(poly: Any) -> bool:
    return all(c.is_Rational for c in poly.coeffs())


def to_flint(poly: Any) -> fmpz_poly:
    """A SymPy polynomial over Q in one variable, its denominators cleared."""
    _, whole = poly.clear_denoms(convert=True)
    return fmpz_poly([int(c) for c in reversed(whole.all_coeffs())])


def to_sympy(f: fmpz_poly, x: Any) -> Any:
    return sp.Add(*(sp.Integer(int(c)) * x**k for k, c in enumerate(f.coeffs())))


def real_roots(f: fmpz_poly, bits: int, budget: Budget) -> RealRoots:
    """The real roots of an irreducible polynomial, with formulas and certificates or a proof that there are none.

    >>> found = real_roots(fmpz_poly([-1, -1, 0, 0, 0, 1]), 64, Budget.of(10))
    >>> found.status, found.exact
    ('not_closed', (None,))
    """
    balls = tuple(b for b, _ in isolate_real(f, bits))
    n = f.degree()
    if n == 1:
        root = sp.Rational(-int(f[0]), int(f[1]))
        return RealRoots(f, balls, (root,), "closed", "rational")
    if not balls:
        return RealRoots(f, (), (), "closed", "rational")
    if n == 2:
        a, b, c = (sp.Integer(int(f[k])) for k in (2, 1, 0))
        root = sp.sqrt(b**2 - 4 * a * c)
        values = [sp.expand((-b + s * root) / (2 * a)) for s in (-1, 1)]
        return RealRoots(f, balls, _matched(values, balls), "closed", "radical")
    nothing = (None,) * len(balls)
    decision = decide(f, budget)
    shown = to_sympy(f, sp.Symbol("x"))
    if decision.solvable is False and decision.certificate is not None:
        statement = finding("no root in radicals", "proved", certificate=0, polynomial=shown, group=decision.group)
        return RealRoots(f, balls, nothing, "not_closed", None, (statement,), (decision.certificate,))
    if decision.solvable is None:
        return RealRoots(f, balls, nothing, "unknown", reason=decision.reason)
    solution = radical_roots(f, budget)
    if isinstance(solution, Withheld):
        return RealRoots(f, balls, nothing, "unknown", reason=f"solvable by radicals, but {solution.reason}")
    exact = list[Any]()
    for ball in balls:
        near = [r for r in solution.roots if r.real and _holds(ball, r.re, r.radius)]
        text = near[0].exact if len(near) == 1 else None
        value = None if text is None else bridge.to_sympy(parse(text), {})
        # SymPy takes acos(c) for zero where c < 1 is close to 1: what it made of the text is held against the root
        exact.append(None if value is None else _matched([value], (ball,))[0])
    statement = finding("roots in radicals", "proved", certificate=0, polynomial=shown, cosines="acos" in str(exact))
    if None in exact:
        reason = "solvable by radicals, but the expressions are too long to be written out"
        return RealRoots(
            f, balls, nothing, "unknown", reason=reason, findings=(statement,), certificates=(solution.certificate,)
        )
    return RealRoots(f, balls, tuple(exact), "closed", "radical", (statement,), (solution.certificate,))


def _holds(ball: arb, numeric: str, radius: str) -> bool:
    return bool(arb(arb(numeric), arb(radius)).overlaps(ball))


def _matched(values: list[Any], balls: tuple[arb, ...]) -> tuple[Any, ...]:
    """The one value for each ball, decided in balls; None where that does not come out."""
    out = list[Any]()
    boxes = [(v, complex_ball(v, Sample({}, {}), 400)) for v in values]
    for ball in balls:
        near = [v for v, z in boxes if z is not None and z.real.overlaps(ball) and z.imag.contains(0)]
        out.append(near[0] if len(near) == 1 else None)
    return tuple(out)
