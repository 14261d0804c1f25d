"""The zeros of a polynomial system as they were found: how many, why no more, and in balls at any precision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from flint import acb, acb_poly, arb, ctx, fmpz_poly

from closedform.algebra.polynomial_systems.lift import Parametrisation, Terms
from closedform.algebra.polynomial_systems.univariate_roots import real_roots_at, roots_at
from closedform.budget import working_bits
from closedform.frozen import record
from closedform.kernel.reading import Json


@record
class SystemSolution:
    """The zero set. ``space`` is its dimension over C: -1 empty, 0 finite, more: curves or larger, no counts.

    ``form`` holds the exact zeros (None when empty, infinite, or not reached); ``eliminated`` holds (index, terms, scale)
    in the order of back substitution; ``completeness`` says why there are no more zeros (see ``solve``), ``bound`` the same to
    the kernel, where it has a method for it.
    """

    names: tuple[str, ...]
    space: int | None
    complex_count: int | None = None
    real_count: int | None = None
    degree: int | None = None  # zeros with multiplicity
    form: Parametrisation | None = None
    kept: tuple[int, ...] = ()
    eliminated: tuple[tuple[int, Terms, int], ...] = ()
    factors: tuple[fmpz_poly, ...] = ()
    complete: bool = False
    completeness: str = ""
    bound: dict[str, Json] | None = None
    reason: str = ""
    seconds: dict[str, float] = field(default_factory=dict[str, float])

    def real_points(self, digits: int) -> list[RealPoint]:
        """The real zeros in balls of radius at most 10^-digits (relative to 1 + |x|), by factor and place."""
        if self.form is None:
            return []
        out = list[RealPoint]()
        for number, factor in enumerate(self.factors):
            bits, more = working_bits(digits, 40), factor.height_bits() // 2 + factor.degree()
            while True:
                roots = real_roots_at(factor, bits + more)
                with ctx.workprec(bits + more):
                    points = [[v.real for v in p] for p in self.at([acb(r) for r in roots])]
                if _narrow(points, digits):
                    break
                more *= 2
            out.extend(RealPoint(number, u, tuple(p)) for u, p in zip(roots, points, strict=True))
        return sorted(out, key=lambda p: [float(c.mid()) for c in p.coordinates])

    def pairs(self, digits: int) -> list[list[acb]]:
        """One of each two conjugate zeros that are not real, in balls of radius at most 10^-digits (relative to 1 + |x|)."""
        if self.form is None:
            return []
        bits, more = working_bits(digits, 40), self.form.q.height_bits() // 2 + self.form.q.degree()
        while True:
            roots = [r for f in self.factors for r in roots_at(f, bits + more) if r.imag > 0]
            with ctx.workprec(bits + more):
                points = self.at(roots)
            if _narrow([[w for v in p for w in (v.real, v.imag)] for p in points], digits):
                return points
            more *= 2

    def at(self, roots: Sequence[acb]) -> list[list[acb]]:
        """All unknowns at each of some roots of q, in balls at the working precision."""
        if self.form is None:
            raise ValueError("no parametrisation")
        bottom = acb_poly(self.form.denominator)
        tops = [acb_poly(t) for t in self.form.numerators]
        return [self._unknowns(dict(zip(self.kept, [t(u) / bottom(u) for t in tops], strict=True))) for u in roots]

    def _unknowns(self, values: dict[int, acb]) -> list[acb]:
        for i, terms, scale in reversed(self.eliminated):
            total = acb(0)
            for e, c in terms.items():
                term = acb(c)
                for k, power in enumerate(e):
                    for _ in range(power):  # FLINT's power of a ball centred at zero is nan
                        term = term * values[k]
                total = total + term
            values[i] = total / scale
        return [values[i] for i in range(len(self.names))]


@record
class RealPoint:
    """A real zero: the irreducible factor it belongs to, its root u, and its coordinates as balls."""

    factor: int
    u: arb
    coordinates: tuple[arb, ...]


def _narrow(points: list[list[arb]], digits: int) -> bool:
    limit = arb(10) ** (-digits)
    return all(bool(c.rad() <= limit * (1 + abs(c.mid()))) for p in points for c in p)
