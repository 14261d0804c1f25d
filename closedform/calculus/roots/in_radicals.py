"""The real roots of an irreducible polynomial of degree three and more: in radicals, or proved to have none.

It brings Galois theory and SymPy's expressions: for who has no such polynomial it is not imported.
"""

from __future__ import annotations

from typing import Any

from flint import arb, fmpq_poly, fmpz_poly

from closedform.algebra import bridge
from closedform.algebra.galois.decide import decide
from closedform.algebra.radicals.engine import Withheld, radical_roots
from closedform.algebra.sampling import Sample, complex_ball
from closedform.algebra.spelled import spelled_polynomial
from closedform.attempt import finding
from closedform.budget import Budget
from closedform.calculus.roots.rational import RealRoots
from closedform.reading.language import parse


def roots_in_radicals(f: fmpz_poly, balls: tuple[arb, ...], budget: Budget) -> RealRoots:
    """The roots in these balls, with formulas and certificates or a proof that there are none."""
    nothing = (None,) * len(balls)
    decision = decide(f, budget)
    equation = spelled_polynomial(fmpq_poly(f), "x")
    if decision.solvable is False and decision.certificate is not None:
        statement = finding("no root in radicals", "proved", certificate=0, polynomial=equation, group=decision.group)
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
    statement = finding("roots in radicals", "proved", certificate=0, polynomial=equation, cosines="acos" in str(exact))
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
