"""Exponential systems with symbols in the data: formulas in the symbols, or proof that there is none.

The system is taken apart over the field of the symbols. An eliminant of degree at most three (in a power of t) gives a
formula; one of higher degree is specialised: if the specialised polynomial is not solvable, no formula in radicals of
the symbols holds (T13), and where a symbol enters as N - s*D with the alternating group, none with exp, log and
quadratures either (T14, T15). Bounds k < n between symbols are used by writing n = k + a positive number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sympy as sp
from flint import fmpq_mpoly, fmpq_mpoly_ctx, fmpz_mpoly

from closedform.algebra.galois.family import FamilyDecision, decide_family
from closedform.attempt import Attempt, Finding, Formula, finding
from closedform.budget import Budget
from closedform.calculus.roots.formulas import RootFormula, positive_roots, quadratic_roots
from closedform.calculus.signs import KnownSigns
from closedform.frozen import FrozenMap
from closedform.kernel.algebra.exponentials import Field
from closedform.kernel.algebra.rational import generators
from closedform.kernel.certificate import Certificate
from closedform.points import CriticalPoint
from closedform.stationarity.conditions import Opaque
from closedform.stationarity.scalar import Stationarity
from closedform.stationarity.second_order import Shape
from closedform.strategies.answer import numbers_only
from closedform.strategies.exponentials.branches import Branch, admissible, pieces
from closedform.strategies.exponentials.designs import about_design, design, three_on_a_line
from closedform.strategies.exponentials.division import coefficients, substituted, variables
from closedform.strategies.exponentials.field import (
    ExponentialSystem,
    NotExponential,
    setting,
    without_exponentials,
)
from closedform.strategies.exponentials.findings import SCHANUEL, substitution
from closedform.strategies.exponentials.kinds import is_convex, sign
from closedform.strategies.exponentials.points import logarithm, parameter_values, scale_of, to_sympy
from closedform.strategies.exponentials.source import numpy_source
from closedform.strategies.formula import Candidate, Candidates, formula_answer

name = "exponentials with symbols"
example = {
    "loss": "n*exp(a + b) + m*exp(a) - k*(a + b) - j*a",
    "unknowns": ["a", "b"],
    "assumptions": ["n>0", "m>0", "k>0", "j>0"],
}
counterexample = {"loss": "log(1+exp(b)) + log(1+exp(2*b)) - 2*b", "unknowns": ["b"]}

MAX_TERMS = 400  # of an eliminant that is written out
declines = without_exponentials


def attempt(system: Stationarity, budget: Budget) -> Attempt:
    """Formulas for the critical points, or "not_closed" for the formula over all data."""
    try:
        where = setting(system)
    except NotExponential as reason:
        return Attempt(name, "declined", str(reason))
    if not where.parameters or numbers_only(system):
        return Attempt(name, "declined", "the data have no symbols")  # constants such as log(2) are numbers
    shifted, shifts = _shifted(where)
    avoid = [q[1] for q in shifted.quotients if not q[1].is_constant()]
    avoid += [shifted.field.generator[n] for n in shifted.generators if n in shifted.field.positive]
    found = pieces([q[0] for q in shifted.quotients], shifted.generators, shifted.field, budget, avoid)
    if found.open or found.curves:
        reason = found.open[0][1] if found.open else "the critical points fill a curve"
        return Attempt(name, "failed", f"the system was not taken apart: {reason}")
    branches = [
        b
        for b in found.branches
        if admissible(b, shifted.field, shifted.parameters) and not _never_positive(b, shifted)
    ]
    convex = is_convex(where)
    unique = convex and (len(shifted.generators) == 1 or three_on_a_line(design(where)))
    items, refusals = list[Candidate](), list[tuple[Branch, FamilyDecision]]()
    sources = list[str]()
    for b in branches:
        roots = _roots(b, shifted, shifts, unique)
        if roots is None:
            names = variables(b.eliminant, shifted.field) if b.eliminant is not None else set[str]()
            constants = [n for n in names if n in ("pi", "e") or n.startswith("log(")]
            if constants:
                return Attempt(name, "failed", f"{constants[0]} is a number, of which no theorem on families speaks")
            refusals.append((b, _family(b, shifted, budget)))
            continue
        if any(r.note for r in roots):
            return Attempt(name, "failed", "it is open which root of the cubic is the one wanted")
        items += [Candidate(_point(b, r, shifted, shifts)) for r in roots]
        sources.append(numpy_source(b, shifted, shifts))
    total = sum(b.degree(shifted.field) for b in branches)
    counted = about_design(where, total if found.exhaustive else None)
    exceptions = KnownSigns(system.relations).exceptions([sp.factor(e) for e in system.equations], system.unknowns)
    exceptions += [e for b in branches for e in _leads(b, shifted, shifts)]
    candidates = Candidates(
        tuple(items),
        tuple(exceptions),
        complete=found.exhaustive,
        shape=Shape(False, True, finding("critical point of a convex loss")) if convex else Shape(),
        findings=(*_about_degrees(branches, where, shifted, convex), *counted),
        why="the exponentials are taken for unknowns, and elimination keeps every positive solution",
    )
    try:
        answer = formula_answer(name, system, candidates, budget)
    except Opaque as reason:
        return Attempt(name, "failed", str(reason))
    if refusals:
        points = list(answer.points) if answer.outcome == "solved" else []
        return _with(counted, _refused(refusals, points, where, FrozenMap()))
    if answer.outcome == "solved":
        answer = replace(answer, formula=_formula(answer, sources, convex))
    return answer


def _formula(answer: Attempt, sources: list[str], convex: bool) -> Formula | None:
    """The emitted source with the one formula that it computes."""
    if len(answer.points) != 1 or len(sources) != 1 or not sources[0]:
        return None
    (point,) = answer.points
    texts = FrozenMap({u: sp.sstr(e, order="none") for u, e in (point.exact or {}).items()})
    return Formula(texts, conditions=point.conditions, convexity="convex" if convex else "", numpy=sources[0])


def _leads(b: Branch, where: ExponentialSystem, shifts: Mapping[str, str]) -> list[Any]:
    """The leading coefficient of an eliminant, where it may vanish."""
    if b.eliminant is None or b.main is None:
        return []
    lead = coefficients(b.eliminant, b.main, where.field)[-1]
    return [] if sign(lead, where.field) else [to_sympy(lead, _given(where, shifts), where.field)]


def _with(more: list[Finding], attempt: Attempt) -> Attempt:
    return replace(attempt, findings=(*attempt.findings, *more))


# -- the symbols -------------------------------------------------------------------------------------------------


def _shifted(where: ExponentialSystem) -> tuple[ExponentialSystem, dict[str, str]]:
    """The setting with n replaced by n + k wherever k < n is assumed of two symbols; {n: k} says for which."""
    fld, shifts = where.field, dict[str, str]()
    quotients = list(where.quotients)
    for r in where.system.relations:
        low, high = (r.lhs, r.rhs) if r.rel_op == "<" else (r.rhs, r.lhs)
        if r.rel_op not in ("<", ">") or not isinstance(low, sp.Symbol) or not isinstance(high, sp.Symbol):
            continue
        a, b = low.name, high.name
        if a not in where.parameters or b not in where.parameters or b in shifts or a in shifts or b in shifts.values():
            continue
        value = (fld.generator[b] + fld.generator[a], fld.one)
        quotients = [fld.reduced(substituted(p, b, value, fld), substituted(q, b, value, fld)) for p, q in quotients]
        shifts[b] = a
    if not shifts:
        return where, {}
    return replace(where, quotients=tuple(quotients)), shifts


def _given(where: ExponentialSystem, shifts: Mapping[str, str]) -> dict[str, Any]:
    """The given generators as expressions in the user's symbols."""
    values = parameter_values(where)
    return values | {b: values[b] - values[a] for b, a in shifts.items()}


def _never_positive(b: Branch, where: ExponentialSystem) -> bool:
    """Whether the eliminant has only coefficients of one sign, so that it has no positive root."""
    return b.eliminant is not None and b.main in where.field.positive and where.field.sign(b.eliminant) != 0


# -- formulas ----------------------------------------------------------------------------------------------------


def _roots(b: Branch, where: ExponentialSystem, shifts: Mapping[str, str], unique: bool) -> list[RootFormula] | None:
    """Candidates for the positive root of the eliminant, None when its degree is too high for a formula."""
    fld = where.field
    if b.eliminant is None or b.main is None:
        return [RootFormula(None)]
    parts = coefficients(b.eliminant, b.main, fld)
    powers = [i for i, c in enumerate(parts) if not c.is_zero()]
    step = 0
    for i in powers:
        step = int(sp.igcd(step, i))
    degree = (len(parts) - 1) // max(step, 1)
    if degree > 3 or len(b.eliminant) > MAX_TERMS:
        return None
    values = _given(where, shifts)
    c = [to_sympy(parts[i * step], values, fld) for i in range(degree + 1)]
    signs = [sign(parts[i * step], fld) for i in range(degree + 1)]
    positive = b.main in fld.positive
    if positive:
        one = positive_roots(c, signs, degree, unique)
        one = [r for r in one if r.expression.free_symbols or sp.N(r.expression, 30).is_positive]
        return [replace(r, expression=r.expression ** sp.Rational(1, step)) for r in one]
    if degree == 1:
        return [RootFormula(sp.factor(-c[0] / c[1]))]
    return None if degree != 2 else [RootFormula(r.expression, r.conditions) for r in quadratic_roots(c)]


def _log(value: Any, long: bool) -> Any:
    return sp.log(value, evaluate=False) if long else logarithm(value)


def _point(b: Branch, r: RootFormula, where: ExponentialSystem, shifts: Mapping[str, str]) -> dict[Any, Any]:
    """The critical point as formulas: the unknown behind t by the symbols, the others by t = exp(that unknown)."""
    fld, values = where.field, _given(where, shifts)
    of = where.of
    symbols = {s.name: s for s in where.system.unknowns}
    given = {s.name: s for s in where.system.parameters}
    main = next((u for u, how in of.items() if (how[0] if how else u) == b.main), None)
    long = r.expression is not None and sp.count_ops(r.expression) > 60
    exact: dict[str, Any] = {}
    if main is not None and r.expression is not None:
        how = of[main]
        if how is None:
            exact[main], values[main] = r.expression, r.expression
        else:
            whole = scale_of(how, given)
            exact[main] = (
                sp.Mul(sp.log(r.expression, evaluate=False), 1 / whole) if long else logarithm(r.expression) / whole
            )
            values[how[0]] = sp.exp(whole * symbols[main]) if long else r.expression
    for n, (above, below) in b.values:
        values[n] = (
            sp.factor(to_sympy(above, values, fld) / to_sympy(below, values, fld))
            if not long
            else (to_sympy(above, values, fld) / to_sympy(below, values, fld))
        )
    for u, how in of.items():
        if u in exact:
            continue
        if how is None:
            exact[u] = values[u]
        else:
            whole = scale_of(how, given)
            exact[u] = _log(values[how[0]], long) / whole
    return {u: exact[u.name] for u in where.system.unknowns}


def _about_degrees(
    branches: list[Branch], where: ExponentialSystem, shifted: ExponentialSystem, convex: bool
) -> list[Finding]:
    fld, out = shifted.field, list[Finding]()
    for b in branches:
        if b.main is None or b.degree(fld) < 2 or b.degree(fld) > 3:
            continue
        p = sum(1 for c in coefficients(b.eliminant, b.main, fld) if not c.is_zero()) if b.eliminant is not None else 0
        out.append(
            finding(
                "root of a polynomial over the symbols",
                substitution=substitution(where, b.main),
                degree=b.degree(fld),
                terms=p,
            )
        )
    if convex and any(b.degree(fld) == 3 for b in branches):
        out.append(finding("one positive root of the cubic"))
    return out


# -- no formula --------------------------------------------------------------------------------------------------


def _family(b: Branch, where: ExponentialSystem, budget: Budget) -> FamilyDecision:
    used = [p for p in where.parameters if b.eliminant is not None and p in variables(b.eliminant, where.field)]
    return decide_family(over_rationals(b, used, where.field), str(b.main), tuple(used), budget)


def over_rationals(b: Branch, used: list[str], fld: Field) -> fmpq_mpoly:
    """The eliminant in FLINT's rational polynomials with the unknown first, then the symbols."""
    if b.eliminant is None or b.main is None:
        raise ValueError("nothing is left to solve")
    context = fmpq_mpoly_ctx.get(generators((b.main, *used)), "lex")
    indices = [fld.names.index(n) for n in (b.main, *used)]
    return context.from_dict({tuple(int(m[i]) for i in indices): int(c) for m, c in _terms(b.eliminant)})


def _terms(p: fmpz_mpoly) -> list[tuple[Any, Any]]:
    return list(zip(p.monoms(), p.coeffs(), strict=True))


def _refused(
    refusals: list[tuple[Branch, FamilyDecision]],
    points: list[CriticalPoint],
    where: ExponentialSystem,
    counts: FrozenMap[str, int | None],
) -> Attempt:
    findings, certificates = list[Finding](), list[Certificate]()
    for b, d in refusals:
        t = substitution(where, str(b.main))
        degree = b.degree(where.field)
        if d.solvable is not False or d.certificate is None:
            return Attempt(
                name,
                "failed",
                f"{t} is a root of a polynomial of degree {degree} over the symbols: {d.reason}",
                counts=counts,
            )
        certificates.append(d.certificate)
        witness = ", ".join(f"{n} = {v}" for n, v in d.witness)
        findings.append(finding("irreducible over the symbols", substitution=t, degree=degree, group=d.group))
        findings.append(
            finding(
                "no radicals of the symbols",
                "proved",
                certificate=len(certificates) - 1,
                scope="formula",
                unknown=b.main,
                witness=witness,
            )
        )
        if d.not_elementary:
            findings.append(finding("monodromy is not solvable", reason=d.not_elementary))
        else:
            findings.append(finding("no exp and log for all data", assuming=(SCHANUEL,), scope="formula"))
    return Attempt(
        name,
        "partial" if points else "not_closed",
        "",
        points=tuple(points),
        complete=False,
        minimiser="not_closed" if not points else None,
        scope="formula",
        counts=counts,
        findings=tuple(findings),
        certificates=tuple(certificates),
    )
