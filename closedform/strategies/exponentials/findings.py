"""What is found: what is proved of these data, and of the formula over all data, no stronger than the theorems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from flint import fmpq, fmpz_mpoly

from closedform.algebra.later import sp
from closedform.attempt import Finding, finding
from closedform.calculus.roots.decided_numbers import Number, text
from closedform.kernel.algebra.exponentials import Field
from closedform.kernel.certificate import Certificate
from closedform.strategies.ending import FoundPoint, expression
from closedform.strategies.exponentials.branches import Branch, Curve, Decomposition
from closedform.strategies.exponentials.division import dense, variables
from closedform.strategies.exponentials.field import ExponentialSystem
from closedform.strategies.exponentials.kinds import SolutionKinds
from closedform.strategies.exponentials.points import RealSolution, value_at

SCHANUEL = "Schanuel's conjecture"
SHOWN = 300  # characters of a polynomial in a sentence


def substitution(where: ExponentialSystem, t: str) -> str:
    """``t = exp(b)`` in words."""
    for key, (name, scale) in where.field.scales.items():
        if name == t:
            product = "*".join(key)
            if scale == 1:
                return f"{t} = exp({product})"
            return f"{t} = exp({product}/{scale.q})" if scale.p == 1 else f"{t} = exp({scale}*{product})"
    return t


def short(f: Any, x: str) -> str:
    whole = text(f, x)
    return whole if len(whole) <= SHOWN else f"a polynomial of degree {f.degree()}"


def about_numbers(
    where: ExponentialSystem,
    found: Decomposition,
    real: list[tuple[Branch, list[RealSolution]]],
    numbers: list[Number],
    goal: fmpz_mpoly | None,
    certificates: list[Certificate],
) -> list[Finding]:
    """The eliminants, their groups, and what follows for the unknowns; certificate 0 proves ``goal`` = 0."""
    out = list[Finding]()
    if goal is not None and goal.is_constant():
        out.append(finding("derivatives never vanish together", "proved", certificate=0))
    elif goal is not None:
        factors = goal.factor()[1]
        t = next(iter(variables(goal, where.field)))
        product = (
            "*".join(f"({short(dense(f, t, where.field), t)})" for f, _ in factors)
            if len(factors) > 1
            else short(dense(goal, t, where.field), t)
        )
        out.append(finding("eliminant", "proved", certificate=0, substitution=substitution(where, t), product=product))
    for (branch, _), n in zip(real, numbers, strict=True):
        if branch.main is None or n.polynomial.degree() < 2:
            continue
        t, f = branch.main, short(n.polynomial, branch.main)
        out.append(
            finding(
                "irreducible over Q",
                polynomial=f,
                degree=int(n.polynomial.degree()),
                group=n.group,
                root="" if goal is not None and len(real) == 1 else substitution(where, t),
            )
        )
        if n.closed and n.certificate in certificates:
            index = certificates.index(n.certificate)
            out.append(finding("roots as written", "proved", certificate=index, polynomial=f))
        if n.closed is not False:
            continue
        index = certificates.index(n.certificate) if n.certificate in certificates else None
        out.append(
            finding(
                "not in radicals for these data",
                "proved" if index is not None else "derived",
                certificate=index,
                exponential=t,
                polynomial=f,
            )
        )
        unknown = next((u for u, how in where.of.items() if how is not None and how[0] == t), None)
        if unknown is None:
            continue
        out.append(finding("transcendental for these data", unknown=unknown, exponential=t))
        out.append(finding("no exp and log for these data", assuming=(SCHANUEL,), unknown=unknown))
    out += about_formula(where, found, numbers)
    return out


def about_engine(
    where: ExponentialSystem,
    numbers: tuple[Number, ...],
    total: int | None,
    completeness: str,
    certificates: tuple[Certificate, ...],
) -> list[Finding]:
    """What the general engine's factors say: not all exponentials at a point are radicals."""
    count = len(numbers)
    out = [finding("points by the engine", count=count, completeness=completeness, total=total)]
    names = ", ".join(substitution(where, t) for t, _ in where.field.scales.values())
    for n in {id(n): n for n in numbers}.values():
        if n.closed is False and n.certificate in certificates:
            out.append(
                finding("coordinates not all in radicals", degree=n.polynomial.degree(), group=n.group, names=names)
            )
            out.append(
                finding(
                    "no root in radicals on the way",
                    "proved",
                    certificate=certificates.index(n.certificate),
                    polynomial=short(n.polynomial, "u"),
                    group=None,
                )
            )
    return out


def about_formula(where: ExponentialSystem, found: Decomposition, numbers: list[Number]) -> list[Finding]:
    """One unknown: the critical point of loss - s*unknown as a function of s (T13 to T15)."""
    if len(where.system.unknowns) != 1 or len(where.quotients) != 1 or len(found.branches) != 1 or where.loss is None:
        return []
    branch, n = found.branches[0], next((m for m in numbers if m.closed is False), None)
    if n is None or branch.main is None:
        return []
    above, below = where.quotients[0]
    f = dense(above, branch.main, where.field)
    g = dense(below, branch.main, where.field)
    unknown = where.system.unknowns[0].name
    if f.degree() < g.degree() or n.polynomial.degree() != f.degree():
        return []  # the degree over Q(s) would be another one
    group = n.group or ""
    alternating = group in (f"S{f.degree()}", f"A{f.degree()}") and f.degree() >= 5
    out = [finding("no radicals in the shift", unknown=unknown)]
    if alternating:
        out.append(finding("no quadratures in the shift", unknown=unknown, degree=f.degree()))
    return out


def about_points(
    where: ExponentialSystem,
    found: Decomposition,
    judged: SolutionKinds,
    points: Sequence[FoundPoint],
    eliminant: int | None,
) -> list[Finding]:
    """Completeness, curves of degenerate points, and what happens at infinity."""
    out = list[Finding]()
    trust = "proved" if eliminant is not None and len(where.system.unknowns) == 1 else "derived"
    count = len(points)
    if not found.curves and not (count == 0 and eliminant is not None):
        total = sum(b.degree(where.field) for b in found.branches) if found.exhaustive else None
        out.append(
            finding(
                "taken apart exactly",
                trust,
                certificate=eliminant if trust == "proved" else None,
                count=count,
                total=total,
            )
        )
    for c in found.curves:
        equations = ", ".join(f"{where.field.infix(e)} = 0" for e in c.equations) or "no further equation"
        fixed = ", ".join(f"{n} = ({where.field.infix(a)})/({where.field.infix(b)})" for n, (a, b) in c.values)
        names = ", ".join(substitution(where, n) for n in c.free)
        out.append(
            finding(
                "a curve of critical points",
                real=has_real_points(c, where.field),
                fixed=fixed,
                equations=equations,
                names=names,
            )
        )
    if judged.attained is False:
        if isinstance(judged.infimum, fmpq):
            out.append(finding("infimum at infinity", infimum=str(judged.infimum)))
        elif judged.infimum == "-":
            out.append(finding("unbounded below", where=""))
    elif judged.attained and any(p.kind == "global minimum" for p in points):
        out.append(finding("global minimum attained"))
    return out


def has_real_points(c: Curve, fld: Field) -> bool:
    """Whether a curve given by one equation in positive generators has real points: the equation takes both signs."""
    if not c.equations:
        return True
    if len(c.equations) != 1 or not variables(c.equations[0], fld) <= fld.positive:
        return False
    seen = set[bool]()
    for powers in product((-6, -2, 0, 2, 6), repeat=len(c.free)):
        at = {n: fmpq(2) ** e for n, e in zip(c.free, powers, strict=True)}
        value = value_at(c.equations[0], at, fld, fmpq)
        if value == 0:
            return True
        seen.add(bool(value > 0))
    return len(seen) == 2


def symbols_of(values: Mapping[str, Any] | None) -> str | None:
    """The class of the expressions: rational, radical or elementary."""
    if values is None:
        return None
    if all(expression(v).is_Rational for v in values.values()):
        return "rational"
    return "elementary" if any(sp.sympify(v).has(sp.log, sp.exp) for v in values.values()) else "radical"
