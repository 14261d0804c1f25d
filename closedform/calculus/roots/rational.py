"""The real roots of an irreducible polynomial over Q: exact where they have radicals, proven not to otherwise."""

from __future__ import annotations

import importlib
from typing import Any, Literal

from flint import arb, fmpq, fmpq_poly, fmpz, fmpz_poly

from closedform.algebra import bridge
from closedform.algebra.later import sp
from closedform.algebra.roots import isolate_real
from closedform.algebra.spelled import spelled_number
from closedform.attempt import Finding
from closedform.budget import Budget
from closedform.frozen import record, shown
from closedform.kernel.certificate import Certificate

TRIED = 3512  # primes whose squares are taken out of a root, those below 2^15
Surd = tuple[fmpq, fmpq, fmpz]  # a + b*sqrt(d)


@record
class RealRoots:
    """The real roots in increasing order; ``exact`` runs parallel to ``balls``, None where no expression is known.

    ``values`` has the same before anybody asks for SymPy's expressions; of a quadratic it comes with ``surds``, each
    root as a + b*sqrt(d).
    """

    polynomial: fmpz_poly
    balls: tuple[arb, ...]
    values: tuple[Any, ...]
    status: Literal["closed", "not_closed", "unknown"]
    expression_class: str | None = None
    findings: tuple[Finding, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    reason: str = ""
    surds: tuple[Surd, ...] = ()

    @property
    def exact(self) -> tuple[Any, ...]:
        return tuple(shown(v) for v in self.values)


def is_rational(poly: Any) -> bool:
    return all(c.is_Rational for c in poly.coeffs())


def to_flint(poly: Any) -> fmpz_poly:
    """A SymPy polynomial over Q in one variable, its denominators cleared."""
    _, whole = poly.clear_denoms(convert=True)
    return fmpz_poly([int(c) for c in reversed(whole.all_coeffs())])


def to_sympy(f: fmpz_poly | fmpq_poly, x: Any) -> Any:
    return sp.Add(*(bridge.sympy_rational(fmpq(c)) * x**k for k, c in enumerate(f.coeffs())))


def real_roots(f: fmpz_poly, bits: int, budget: Budget) -> RealRoots:
    """The real roots of an irreducible polynomial, with formulas and certificates or a proof that there are none.

    >>> found = real_roots(fmpz_poly([-1, -1, 0, 0, 0, 1]), 64, Budget.of(10))
    >>> found.status, found.exact
    ('not_closed', (None,))
    """
    balls = tuple(b for b, _ in isolate_real(f, bits))
    n = f.degree()
    if n == 1:
        root = fmpq(-f[0], f[1])
        return RealRoots(f, balls, (spelled_number(root),), "closed", "rational", surds=((root, fmpq(0), fmpz(1)),))
    if not balls:
        return RealRoots(f, (), (), "closed", "rational")
    if n == 2:
        surds = quadratic_roots(f)
        return RealRoots(f, balls, tuple(spelled_number(*r) for r in surds), "closed", "radical", surds=surds)
    return importlib.import_module("closedform.calculus.roots.in_radicals").roots_in_radicals(f, balls, budget)


def quadratic_roots(f: fmpz_poly) -> tuple[Surd, Surd]:
    """The real roots of an irreducible quadratic, the lesser first.

    >>> quadratic_roots(fmpz_poly([-2, 0, 4]))
    ((0, -1/2, 2), (0, 1/2, 2))
    """
    a, b, d = f[2], f[1], f[1] ** 2 - 4 * f[2] * f[0]
    outside = fmpz(1)
    for p, k in d.factor(trial_limit=TRIED):
        whole = p.isqrt()
        outside *= whole**k if whole**2 == p else p ** (k // 2)
    shift, half = fmpq(-b, 2 * a), abs(fmpq(outside, 2 * a))
    inside = d // outside**2
    return (shift, -half, inside), (shift, half, inside)
