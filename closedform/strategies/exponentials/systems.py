"""Exponential systems in three and more unknowns: the general polynomial engine, and what its factors decide.

The engine writes all solutions by one number u, a rational combination of the coordinates (``algebra.systems``). Where
the irreducible factor of a real point has an unsolvable group, not all of its coordinates are radicals, because u is
not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import flint
from flint import arb, fmpq, fmpq_mpoly, fmpq_mpoly_ctx, fmpz_mpoly

from closedform.algebra import bridge
from closedform.algebra.later import sp
from closedform.algebra.polynomial_systems.solution import SystemSolution
from closedform.algebra.polynomial_systems.solve import solve_system
from closedform.budget import Budget, working_bits
from closedform.calculus.roots.decided_numbers import Number, number
from closedform.frozen import record
from closedform.kernel.algebra.rational import generators
from closedform.strategies.exponentials.branches import Branch
from closedform.strategies.exponentials.field import ExponentialSystem
from closedform.strategies.exponentials.kinds import is_convex
from closedform.strategies.exponentials.points import RealSolution, scale_ball, scale_of

MAX_UNKNOWNS = 6
MAX_TERMS = 400  # of an equation that is handed to the engine


@record
class SolvedSystem:
    """The real points with what is known of their factor; ``reason`` where the engine did not finish."""

    points: tuple[RealSolution, ...] = ()
    numbers: tuple[Number, ...] = ()  # one a point
    exact: tuple[Mapping[str, Any] | None, ...] = ()  # the unknowns, where the factor is solvable
    complex: int | None = None
    complete: bool = False
    completeness: str = ""
    reason: str = ""


def solved(where: ExponentialSystem, budget: Budget) -> SolvedSystem:
    """All real critical points by the general engine, or why not."""
    fld, names = where.field, list(where.generators)
    if len(names) > MAX_UNKNOWNS or any(len(q[0]) > MAX_TERMS for q in where.quotients):
        return SolvedSystem(reason="the polynomial system is too large for the general engine")
    context = fmpq_mpoly_ctx.get(generators(names), "degrevlex")
    indices = [fld.names.index(n) for n in names]

    def converted(p: fmpz_mpoly) -> fmpq_mpoly:
        return context.from_dict(
            {tuple(int(m[i]) for i in indices): int(c) for m, c in zip(p.monoms(), p.coeffs(), strict=True)}
        )

    avoid = dict[str, fmpz_mpoly]()
    for _, below in where.quotients:
        for f, _ in below.factor()[1]:
            avoid[str(f)] = f
    product = fld.one
    for f in avoid.values():
        product = product * f
    for n in names:
        if n in fld.positive and str(fld.generator[n]) not in avoid:
            product = product * fld.generator[n]
    answer = solve_system([converted(q[0]) for q in where.quotients], names, [converted(product)], budget)
    if answer.form is None:
        return SolvedSystem(reason=answer.reason or "the general engine did not finish", complex=answer.complex_count)
    found = _points(answer, where, names, budget)
    if not (answer.complete or (len(found.points) == 1 and is_convex(where))):
        return SolvedSystem(reason="the list of solutions rests on one engine", complex=answer.complex_count)
    return found if answer.complete else replace(found, completeness="convex")


def _points(answer: SystemSolution, where: ExponentialSystem, names: list[str], budget: Budget) -> SolvedSystem:
    known: dict[int, Number] = {}
    points, numbers, exact = list[RealSolution](), list[Number](), list[Mapping[str, Any] | None]()
    for p in answer.real_points(budget.digits + 4):
        budget.check()
        values = dict(zip(names, p.coordinates, strict=True))
        signs = [values[n] > 0 for n in names if n in where.field.positive]
        if not all(signs):
            if any(not (values[n] < 0) for n in names if n in where.field.positive and not values[n] > 0):
                return SolvedSystem(reason="the sign of a generator is open")
            continue
        with flint.ctx.workprec(working_bits(budget.digits, 96)):
            unknowns = {
                u: values[u] if how is None else values[how[0]].log() / scale_ball(how) for u, how in where.of.items()
            }
        if p.factor not in known:
            known[p.factor] = number(answer.factors[p.factor], [p.u], budget)
        points.append(RealSolution(Branch(None, None, ()), None, values, unknowns))
        numbers.append(known[p.factor])
        roots = [p.u]
        here = known[p.factor]
        radicals = radicals_at(here, roots, budget)
        exact.append(None if radicals is None else _exactly(answer, where, names, radicals))
    return SolvedSystem(tuple(points), tuple(numbers), tuple(exact), answer.complex_count, True, answer.completeness)


def _exactly(answer: SystemSolution, where: ExponentialSystem, names: list[str], u: Any) -> Mapping[str, Any] | None:
    """The unknowns as expressions, from one for u."""
    if answer.form is None:
        return None
    values: dict[int, Any] = {}
    for i, top in zip(answer.kept, answer.form.numerators, strict=True):
        values[i] = _substituted(top, u) / _substituted(answer.form.denominator, u)
    for i, terms, scale in reversed(answer.eliminated):
        total = sp.Integer(0)
        for e, c in terms.items():
            total += sp.Integer(int(c)) * sp.Mul(*(values[k] ** int(power) for k, power in enumerate(e) if power))
        values[i] = total / sp.Integer(int(scale))
    generators = {n: values[i] for i, n in enumerate(names)}
    out: dict[str, Any] = {}
    for unknown, how in where.of.items():
        if how is None:
            out[unknown] = generators[unknown]
        else:
            out[unknown] = sp.log(generators[how[0]], evaluate=False) / scale_of(how, {})
    return out


def _substituted(p: Any, u: Any) -> Any:
    """A polynomial over Z or Q at an expression."""
    coefficients = [fmpq(c) for c in p.coeffs()]
    return sp.Add(*(bridge.sympy_rational(c) * u**k for k, c in enumerate(coefficients)))


def radicals_at(known: Number, roots: list[arb], budget: Budget) -> Any | None:
    """An expression for the root in the ball, when its polynomial is solvable."""
    if known.closed is not True:
        return None
    return number(known.polynomial, roots, budget).expressions[0]
