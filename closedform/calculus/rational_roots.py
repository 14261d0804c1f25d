"""The real roots of an irreducible polynomial over Q: exact where they have radicals, proven not to otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import sympy as sp
from flint import arb, fmpz_poly

from closedform.algebra.roots import isolate_real
from closedform.algebra.sampling import Sample, complex_ball
from closedform.attempt import Statement
from closedform.budget import Budget
from closedform.kernel.certificate import Certificate


@dataclass(frozen=True)
class RealRoots:
    """The real roots in increasing order; ``exact`` runs parallel to ``balls``, None where no expression is known."""

    polynomial: fmpz_poly
    balls: tuple[arb, ...]
    exact: tuple[Any, ...]
    status: Literal["closed", "not_closed", "unknown"]
    expression_class: str | None = None
    statements: tuple[Statement, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    reason: str = ""


def is_rational(poly: Any) -> bool:
    return all(c.is_Rational for c in poly.all_coeffs())


def to_flint(poly: Any) -> fmpz_poly:
    """A SymPy polynomial over Q in one variable, its denominators cleared."""
    _, whole = poly.clear_denoms(convert=True)
    return fmpz_poly([int(c) for c in reversed(whole.all_coeffs())])


def to_sympy(f: fmpz_poly, x: Any) -> Any:
    return sp.Add(*(sp.Integer(int(c)) * x**k for k, c in enumerate(f.coeffs())))


def real_roots(f: fmpz_poly, bits: int, budget: Budget) -> RealRoots:
    """The real roots of an irreducible polynomial, with formulas and certificates or a proof that there are none."""
    balls = tuple(b for b, _ in isolate_real(f, bits))
    n = f.degree()
    if n == 1:
        root = sp.Rational(-int(f[0]), int(f[1]))
        return RealRoots(f, balls, (root,), "closed", "rational")
    if n == 2:
        a, b, c = (sp.Integer(int(f[k])) for k in (2, 1, 0))
        root = sp.sqrt(b**2 - 4 * a * c)
        values = [sp.expand((-b + s * root) / (2 * a)) for s in (-1, 1)]
        exact = _matched(values, balls)
        return RealRoots(f, balls, exact, "closed", "radical")
    return RealRoots(f, balls, (None,) * len(balls), "unknown", reason="no engine for radicals is present")


def _matched(values: list[Any], balls: tuple[arb, ...]) -> tuple[Any, ...]:
    """The one value for each ball, decided in balls; None where that does not come out."""
    out = list[Any]()
    boxes = [(v, complex_ball(v, Sample({}, {}), 400)) for v in values]
    for ball in balls:
        near = [v for v, z in boxes if z is not None and z.real.overlaps(ball) and z.imag.contains(0)]
        out.append(near[0] if len(near) == 1 else None)
    return tuple(out)
