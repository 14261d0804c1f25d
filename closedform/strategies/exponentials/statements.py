"""The sentences: what is proved of these data, and of the formula over all data, no stronger than the theorems."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import sympy as sp
from flint import fmpq, fmpz_mpoly

from closedform.attempt import Statement
from closedform.calculus.decided_numbers import Number, text
from closedform.kernel.certificate import Certificate
from closedform.kernel.claims.exponentials import Field
from closedform.points import CriticalPoint
from closedform.strategies.exponentials.branches import Branch, Curve, Pieces, dense, variables
from closedform.strategies.exponentials.field import Setting
from closedform.strategies.exponentials.kinds import Judged, rational_value
from closedform.strategies.exponentials.points import Solution

HERMITE_LINDEMANN = "Hermite-Lindemann theorem (A. Baker, Transcendental Number Theory, Theorem 1.4)"
CHOW = "T. Y. Chow, What is a closed-form number?, Amer. Math. Monthly 106 (1999) 440-448"
KHOVANSKII = "C. Jordan 1870; A. Khovanskii, Topological Galois Theory, Springer 2014"
SCHANUEL = "Schanuel's conjecture"
SHOWN = 300  # characters of a polynomial in a sentence


def substitution(where: Setting, t: str) -> str:
    """``t = exp(b)`` in words."""
    for key, (name, scale) in where.field.scales.items():
        if name == t:
            product = "*".join(key)
            if scale == 1:
                return f"{t} = exp({product})"
            return f"{t} = exp({product}/{scale.q})" if scale.p == 1 else f"{t} = exp({scale}*{product})"
    return t


def short(f: Any, x: str) -> str:
    written = text(f, x)
    return written if len(written) <= SHOWN else f"a polynomial of degree {f.degree()}"


def about_numbers(
    where: Setting,
    found: Pieces,
    real: list[tuple[Branch, list[Solution]]],
    numbers: list[Number],
    goal: fmpz_mpoly | None,
    certificates: list[Certificate],
) -> list[Statement]:
    """The eliminants, their groups, and what follows for the unknowns; certificate 0 proves ``goal`` = 0."""
    out = list[Statement]()
    if goal is not None and goal.is_constant():
        out.append(
            Statement(
                "There is no real critical point: the derivatives combine to a function that is never zero.",
                "proved",
                certificate=0,
            )
        )
    elif goal is not None:
        factors = goal.factor()[1]
        t = next(iter(variables(goal, where.field)))
        product = (
            "*".join(f"({short(dense(f, t, where.field), t)})" for f, _ in factors)
            if len(factors) > 1
            else short(dense(goal, t, where.field), t)
        )
        out.append(
            Statement(
                f"With {substitution(where, t)}, every real critical point has {product} = 0.", "proved", certificate=0
            )
        )
    for (branch, _), n in zip(real, numbers, strict=True):
        if n.polynomial is None or branch.main is None or n.polynomial.degree() < 2:
            continue
        t, f = branch.main, short(n.polynomial, branch.main)
        group = f", with group {n.group}" if n.group else ""
        which = (
            ""
            if goal is not None and len(real) == 1
            else f"At the points concerned {substitution(where, t)} is a root of it. "
        )
        out.append(
            Statement(
                f"{f[0].upper() + f[1:] if f[0] == 'a' else f} is irreducible over Q{group}. {which}".strip(), "derived"
            )
        )
        if n.closed and n.certificate in certificates:
            index = certificates.index(n.certificate)
            out.append(
                Statement(f"The roots of {f} are expressible in radicals, as written.", "proved", certificate=index)
            )
        if n.closed is not False:
            continue
        index = certificates.index(n.certificate) if n.certificate in certificates else None
        out.append(
            Statement(
                f"For these data {t} is not expressible in radicals: {f} is irreducible, and no root of it is.",
                "proved" if index is not None else "derived",
                reference="Galois",
                certificate=index,
            )
        )
        unknown = next((u for u, how in where.of.items() if how is not None and how[0] == t), None)
        if unknown is None:
            continue
        out.append(
            Statement(
                f"For these data {unknown} is transcendental, because {t} is algebraic and not 1: it "
                f"is not in radicals.",
                "derived",
                reference=HERMITE_LINDEMANN,
                topic="not radical",
            )
        )
        out.append(
            Statement(
                f"For these data {unknown} is no number made from rationals by arithmetic, exp and log.",
                "derived",
                (SCHANUEL,),
                CHOW,
                topic="not elementary",
            )
        )
    out += about_formula(where, found, numbers)
    return out


def engine_statements(
    where: Setting, numbers: tuple[Number, ...], total: int | None, ground: str, certificates: tuple[Certificate, ...]
) -> list[Statement]:
    """What the general engine's factors say: not all exponentials at a point are radicals."""
    count = len(numbers)
    how = "no real critical point" if count == 0 else f"exactly {count} real critical point{'s' if count != 1 else ''}"
    verb = "is" if count < 2 else "are"
    known = "the loss is convex" if ground == "convex" else f"completeness on ground {ground}"
    by = f"the polynomial system has {total} complex solutions by a Groebner basis"
    out = [Statement(f"There {verb} {how} ({known}); {by}.", "derived")]
    names = ", ".join(substitution(where, t) for t, _ in where.field.scales.values())
    for n in {id(n): n for n in numbers}.values():
        group = f" with group {n.group}" if n.group else ""
        if n.closed is False and n.certificate in certificates:
            out.append(
                Statement(
                    f"The coordinates generate the field of a root of an irreducible polynomial of "
                    f"degree {n.polynomial.degree()}{group}: "
                    f"not all of {names} and the polynomial unknowns are expressible in radicals.",
                    "derived",
                    reference="Galois",
                )
            )
            out.append(
                Statement(
                    f"{short(n.polynomial, 'u')} has no root in radicals.",
                    "proved",
                    certificate=certificates.index(n.certificate),
                )
            )
    return out


def about_formula(where: Setting, found: Pieces, numbers: list[Number]) -> list[Statement]:
    """One unknown: the critical point of loss - s*unknown as a function of s (T13 to T15)."""
    if len(where.system.unknowns) != 1 or len(where.quotients) != 1 or len(found.branches) != 1 or where.loss is None:
        return []
    branch, n = found.branches[0], next((m for m in numbers if m.closed is False), None)
    if n is None or branch.main is None or n.polynomial is None:
        return []
    above, below = where.quotients[0]
    f = dense(above, branch.main, where.field)
    g = dense(below, branch.main, where.field)
    unknown = where.system.unknowns[0].name
    if f.degree() < g.degree() or n.polynomial.degree() != f.degree():
        return []  # the degree over Q(s) would be another one
    group = n.group or ""
    alternating = group in (f"S{f.degree()}", f"A{f.degree()}") and f.degree() >= 5
    out = [
        Statement(
            f"As a function of s, the critical point of loss - s*{unknown} has no formula in radicals of s over Q: "
            f"exp of it satisfies N(t) - s*D(t) = 0 with N, D coprime, and s = 0 is a witness (specialisation).",
            "derived",
            reference="Galois; B. L. van der Waerden, Algebra I, section 66",
        )
    ]
    if alternating:
        out.append(
            Statement(
                f"As a function of s, the critical point of loss - s*{unknown} (for logistic "
                f"regression, s shifts the label sum) has no "
                f"formula with arithmetic, radicals, exp, log and quadratures: N(t) - s*D(t) is "
                f"irreducible over C(s), its group over "
                f"Q(s) contains the alternating group of degree {f.degree()}, and so does its monodromy group.",
                "derived",
                reference=KHOVANSKII,
            )
        )
    return out


def about_points(
    where: Setting, found: Pieces, judged: Judged, points: list[CriticalPoint], eliminant: int | None
) -> list[Statement]:
    """Completeness, curves of degenerate points, and what happens at infinity."""
    out = list[Statement]()
    trust = "proved" if eliminant is not None and len(where.system.unknowns) == 1 else "derived"
    count = len(points)
    if not found.curves and not (count == 0 and eliminant is not None):
        how = (
            "no real critical point"
            if count == 0
            else f"exactly {count} real critical point{'s' if count != 1 else ''}"
        )
        total = sum(b.degree(where.field) for b in found.branches) if found.exhaustive else None
        whole = f"; the polynomial system has {total} complex solutions" if total is not None else ""
        out.append(
            Statement(
                f"There {'is' if count < 2 else 'are'} {how}{whole}: the system was taken apart exactly.",
                trust,
                certificate=eliminant if trust == "proved" else None,
            )
        )
    for c in found.curves:
        lead = (
            "Degenerate critical points fill"
            if has_real_points(c, where.field)
            else "Further critical points, if any, lie on"
        )
        equations = ", ".join(f"{where.field.infix(e)} = 0" for e in c.equations) or "no further equation"
        fixed = ", ".join(f"{n} = ({where.field.infix(a)})/({where.field.infix(b)})" for n, (a, b) in c.values)
        names = ", ".join(substitution(where, n) for n in c.free)
        out.append(
            Statement(
                f"{lead} a curve: {fixed}{' with ' if fixed else ''}{equations}, where {names}.",
                "derived",
            )
        )
    if judged.attained is False:
        if isinstance(judged.infimum, fmpq):
            out.append(
                Statement(
                    f"The infimum {judged.infimum} of the loss is approached at infinity and not attained.",
                    "derived",
                    topic="no minimum",
                )
            )
        elif judged.infimum == "-":
            out.append(Statement("The loss is unbounded below.", "derived", topic="no minimum"))
    elif judged.attained and any(p.kind == "global minimum" for p in points):
        out.append(Statement("The global minimum is attained, at the point so marked.", "derived"))
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
        value = rational_value(c.equations[0], at, fld)
        if value == 0:
            return True
        seen.add(bool(value > 0))
    return len(seen) == 2


def symbols_of(values: Mapping[str, Any] | None) -> str | None:
    """The class of the expressions: rational, radical or elementary."""
    if values is None:
        return None
    if all(sp.sympify(v).is_Rational for v in values.values()):
        return "rational"
    return "elementary" if any(sp.sympify(v).has(sp.log, sp.exp) for v in values.values()) else "radical"


__all__ = ["about_numbers", "about_points", "fmpz_mpoly", "symbols_of"]
