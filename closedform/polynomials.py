"""Polynomials in one unknown: all roots with proved radii, solvable by radicals or not, and the radicals.

``roots``, ``galois`` and ``radicals`` take text in our language, a SymPy expression or ``Poly``, or a list of
coefficients (highest first, as ``numpy.roots``); floats are read as the decimals they print as. Other names than the
unknown are parameters. Each result has ``to_dict``, ``to_json`` and ``to_text``, and certificates for the kernel.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar, cast

from flint import fmpz, fmpz_poly

from closedform.algebra.galois.compositum import Known, Together, together
from closedform.algebra.galois.decide import Decision, certificate_of, decide, shortcut, texts
from closedform.algebra.galois.explain import explain
from closedform.algebra.galois.family import decide_family, tree_of
from closedform.algebra.galois.monodromy import Monodromy, of_family
from closedform.algebra.galois.subfields import MAX_DEGREE
from closedform.algebra.newton import Unsuited
from closedform.algebra.radicals.engine import Withheld, radical_roots
from closedform.algebra.radicals.symbolic import radical_formulas
from closedform.algebra.radicals.terms import Unresolved
from closedform.algebra.radicals.terms import text as tree_text
from closedform.algebra.roots import Root, all_roots, tall
from closedform.algebra.univariate import GivenPolynomial, of_tree, read
from closedform.budget import Budget
from closedform.errors import CallError, InputError, OutOfTime
from closedform.frozen import record
from closedform.kernel.algebra.fields import MAX_FACTORED
from closedform.kernel.algebra.polynomials import poly_text
from closedform.kernel.certificate import Certificate
from closedform.kernel.check import check_certificate
from closedform.kernel.expressions.tree import read as read_tree
from closedform.kernel.expressions.tree import write as write_tree
from closedform.kernel.reading import Json
from closedform.ladder.worker import Died, Job
from closedform.ladder.worker import run as run_job
from closedform.report.polynomials import Factor, Galois, RadicalRoot, Radicals, Roots

R = TypeVar("R")

IN_PROCESS = 24  # degree times a thousandth of the bits above which FLINT may take long: then in a child process
LONG = 3_000_000  # degree times bits above which a single step towards the roots may take long: in a child process
QUICK_RADICALS = 12  # degree up to which radicals are sought in this process


# -- deadlines -----------------------------------------------------------------------------------------------------


def _heavy(f: fmpz_poly) -> bool:
    return f.degree() * (1 + f.height_bits() / 1000) > IN_PROCESS


def _in_child(
    job: Callable[..., Iterator[R]],
    arguments: tuple[object, ...],
    timeout: float,
    digits: int,
    out: list[R] | None = None,
) -> list[R]:
    """What the job yields, also put into ``out`` as it comes; raises ``OutOfTime`` when it did not finish."""
    budget, out = Budget.of(timeout, digits), [] if out is None else out
    try:
        run_job(Job("closedform.polynomials", job.__name__, (*arguments, timeout)), budget.deadline, out.append)
    except Died as died:
        raise OutOfTime(str(died)) from None
    return out


# -- roots ---------------------------------------------------------------------------------------------------------


def roots(polynomial: object, digits: int = 30, timeout: float = 60, unknown: str | None = None) -> Roots:
    """Every complex root, each with a proved radius and its multiplicity; real ones marked.

    >>> [(r.re, r.multiplicity) for r in roots("(x - 1)^2*(x + 1/2)", digits=5).roots]
    [('-0.50000', 1), ('1.0000', 2)]
    """
    if not 1 <= digits <= 100_000:
        raise CallError(f"digits = {digits}: between 1 and 100000")
    given = read(polynomial, unknown)
    if given.poly is None:
        raise InputError(f"roots in numbers need numbers: {', '.join(given.parameters)} have no value")
    f = given.poly
    try:
        found: tuple[Root, ...] | None = None
        if f.degree() * (f.height_bits() + 4 * digits) <= LONG:
            with contextlib.suppress(Unsuited):
                found = all_roots(f, digits, Budget.of(timeout, digits), by_flint=False)
        if found is None:
            found = tuple(_in_child(_roots_job, (texts(f), digits), timeout, digits))
    except OutOfTime:
        raise CallError(
            f"the roots of this polynomial of degree {f.degree()} were not all enclosed within {timeout} s; "
            "give more time, or ask for fewer digits"
        ) from None
    listed: list[Json] = [
        {"re": r.re, "im": r.im, "radius": r.radius, "multiplicity": str(r.multiplicity), "real": r.real} for r in found
    ]
    claim: dict[str, Json] = {"kind": "roots", "polynomial": texts(f), "roots": listed}
    return Roots(given.text, found, Certificate({}, claim, {}), given.notes)


def _roots_job(coefficients: list[str], digits: int, timeout: float) -> Iterator[Root]:
    yield from all_roots(_poly(coefficients), digits, Budget.of(timeout, digits))


def _poly(coefficients: list[str]) -> fmpz_poly:
    return fmpz_poly([fmpz(c) for c in coefficients])


# -- solvable or not -----------------------------------------------------------------------------------------------


def galois(polynomial: object, timeout: float = 60, unknown: str | None = None) -> Galois:
    """Is the polynomial solvable by radicals? Factor by factor, with the group where it is proved.

    >>> galois("x^5 - x - 1").solvable, galois("x^5 - 2").solvable
    (False, True)
    """
    given = read(polynomial, unknown)
    if given.poly is None:
        return _galois_family(given, timeout)
    f = given.poly
    at_sight = shortcut(f) if f.degree() > IN_PROCESS else ""
    if at_sight:  # solvable whether or not it is irreducible
        certificate = certificate_of(f, True, {"shape": True})
        whole = Factor(given.text, f.degree(), 1, True, None, None, at_sight, certificate)
        return Galois(given.text, True, (whole,), ("not factored: its roots are radicals at sight",))
    notes = given.notes
    if _heavy(f):
        try:
            decided = _in_child(_galois_job, (texts(f), given.unknown), timeout, 30)
        except OutOfTime as late:
            reason, notes = f"not factored or decided: {late}", (*notes, f"the time of {timeout} s ran out")
            decided = [Factor(given.text, f.degree(), 1, None, None, None, reason, None)]
    else:
        decided = list(_galois_job(texts(f), given.unknown, timeout))
    return Galois(
        given.text, _all(f.solvable for f in decided), tuple(decided), notes, _together(decided, given.unknown)
    )


def _together(decided: list[Factor], unknown: str) -> Together | None:
    """The group of several irreducible factors, all with known groups."""
    known = list[Known]()
    for factor in decided if len(decided) > 1 else []:
        f = read(factor.polynomial, unknown).poly
        if f is None or factor.group is None or factor.order is None:
            return None
        known.append(Known(f, factor.group, factor.order, factor.transitive))
    return together(known) if known else None


def _all(answers: Iterable[bool | None]) -> bool | None:
    """False when one is False, None when one is open, else True."""
    seen = list(answers)
    return False if False in seen else None if None in seen else True


def _galois_job(coefficients: list[Json], unknown: str, timeout: float) -> Iterator[Factor]:
    f = _poly(cast(list[str], coefficients))
    budget = Budget.of(timeout)
    for part, multiplicity in f.factor_squarefree()[1]:
        found = None
        if part.degree() > MAX_FACTORED:  # reductions may show that it is irreducible and insoluble at once
            found = decide(part, budget.share(budget.remaining / 2))
        if found is not None and found.solvable is False:
            yield _factor(f, part, int(multiplicity), unknown, found)
            continue
        for factor, _ in part.factor()[1]:
            yield _factor(f, factor, int(multiplicity), unknown, _decided(factor, budget))


def _decided(f: fmpz_poly, budget: Budget) -> Decision:
    """The decision; where the tower leaves it open, radicals that are proved settle it."""
    decision = decide(f, budget.share(budget.remaining * 2 / 3))
    if decision.solvable is None and f.degree() <= MAX_DEGREE and budget.remaining > 1:
        try:
            found = radical_roots(f, budget)
        except (OutOfTime, ArithmeticError, ValueError, RecursionError):
            return decision
        if not isinstance(found, Withheld):
            return Decision(True, "its roots were found in radicals and proved", certificate=found.certificate)
    return decision


def _factor(whole: fmpz_poly, f: fmpz_poly, multiplicity: int, unknown: str, decision: Decision) -> Factor:
    certificate = decision.certificate
    if certificate is not None and certificate.kind in ("solvable", "unsolvable"):
        certificate = certificate_of(f, certificate.kind == "solvable", certificate.evidence, whole)
    return Factor(
        poly_text(f, unknown, 0),
        f.degree(),
        multiplicity,
        decision.solvable,
        decision.group,
        decision.order,
        decision.reason,
        certificate,
        decision.transitive,
        decision.argument,
        explain(f, bool(decision.solvable), certificate.evidence, unknown)
        if certificate and certificate.evidence
        else (),
    )


def _galois_family(given: GivenPolynomial, timeout: float) -> Galois:
    f = of_tree(given)
    budget = Budget.of(timeout)
    out, notes = list[Factor](), list(given.notes)
    for factor, multiplicity in f.factor()[1]:
        degree = int(factor.degrees()[0])
        if degree == 0:
            continue  # a polynomial in the parameters alone, a unit of Q(parameters)
        try:
            decided = decide_family(factor, given.unknown, given.parameters, budget)
        except OutOfTime:
            out.append(Factor(str(factor), degree, int(multiplicity), None, None, None, "the time ran out", None))
            continue
        if decided.not_elementary:
            notes.append(decided.not_elementary)
        out.append(
            Factor(
                _spelled(str(factor)),
                degree,
                int(multiplicity),
                decided.solvable,
                decided.group,
                decided.order,
                decided.reason,
                decided.certificate,
            )
        )
    answer = _all(f.solvable for f in out)
    return Galois(given.text, answer, tuple(out), tuple(notes), unknown=given.unknown)


def _radicals_family(given: GivenPolynomial, timeout: float) -> Radicals:
    decided = _galois_family(given, timeout)
    out, certificates = list[RadicalRoot](), [*decided.certificates]
    for number, f in enumerate(decided.factors):
        found = list[_Formula]()
        if f.solvable and f.degree <= 2:
            found = list(_formulas_job(given.text, given.unknown, number, timeout))
        elif f.solvable:
            with contextlib.suppress(OutOfTime):
                found = _in_child(_formulas_job, (given.text, given.unknown, number), timeout / 2, 30)
        for root in found:
            out.append(RadicalRoot(root.exact, None, None, None, f.multiplicity, None, root.conditions))
            certificates.append(root.certificate)
        if not found:
            why = (
                f"there is no formula, proved: {f.reason}"
                if f.solvable is False
                else (f"no formula was written out and proved: {f.reason}")
            )
            out += [RadicalRoot(None, None, None, None, f.multiplicity, why)] * f.degree
    return Radicals(
        given.text,
        decided.solvable,
        tuple(out),
        tuple(certificates),
        notes=decided.notes,
        unknown=given.unknown,
    )


@record
class _Formula:
    """One root over Q(parameters) as text, where it is proved, and the certificate."""

    exact: str
    conditions: tuple[str, ...]
    certificate: Certificate


def _formulas_job(polynomial: str, unknown: str, number: int, timeout: float) -> Iterator[_Formula]:
    """Formulas for one irreducible factor, in the order of ``_galois_family``; none where none was found and proved."""
    given = read(polynomial, unknown)
    factors = [g for g, _ in of_tree(given).factor()[1] if g.degrees()[0] > 0]
    equation = tree_of(factors[number], (unknown, *given.parameters))
    try:
        found = radical_formulas(read_tree(equation), unknown)[0].roots
    except Unresolved:
        return
    for root in found:
        statement: dict[str, Json] = {
            "unknowns": [unknown],
            "parameters": list(given.parameters),
            "assumptions": [],
            "equations": [equation],
        }
        conditions: list[Json] = [[op, write_tree(a), write_tree(b)] for op, a, b in root.conditions]
        claim: dict[str, Json] = {
            "kind": "critical_point_formula",
            "point": {unknown: write_tree(root.exact)},
            "conditions": conditions,
        }
        certificate = Certificate(statement, claim, {})
        check_certificate(certificate)
        shown = tuple(f"{tree_text(a)} {op} {tree_text(b)}" for op, a, b in root.conditions)
        yield _Formula(tree_text(root.exact), shown, certificate)


def _spelled(text: str) -> str:
    return text.replace("+ -", "- ")


# -- radicals ------------------------------------------------------------------------------------------------------


@record
class _SolvedFactor:
    """What one irreducible factor contributes; crosses the process boundary."""

    solvable: bool | None
    roots: tuple[RadicalRoot, ...]
    steps: tuple[tuple[str, str], ...] = ()
    abbreviations: tuple[tuple[str, str], ...] = ()
    certificate: Certificate | None = None


FORMS = ("real", "radicals")


def radicals(
    polynomial: object, timeout: float = 60, unknown: str | None = None, digits: int = 30, form: str = "real"
) -> Radicals:
    """Every root in explicit radicals, each proved equal to its root, or a proof that there are none.

    With the form "real" a real root is written in real numbers where that is possible: three real roots of a cubic are
    cosines of a third of an angle. With "radicals" they are sums of complex cube roots.

    >>> [r.exact for r in radicals("x^2 - 2").roots]
    ['-sqrt(2)', 'sqrt(2)']
    """
    if form not in FORMS:
        raise CallError(f"form = {form!r}: one of {', '.join(FORMS)}")
    given = read(polynomial, unknown)
    if given.poly is None:
        return _radicals_family(given, timeout)
    f, parts, notes = given.poly, list[_SolvedFactor](), given.notes
    if _heavy(f) or f.degree() > QUICK_RADICALS or tall(f):
        try:
            _in_child(_radicals_job, (texts(f), given.unknown, form, digits), timeout, digits, parts)
        except OutOfTime as late:
            parts.append(_SolvedFactor(None, ()))
            notes = (*notes, f"the time of {timeout} s ran out: {late}")
    else:
        parts = list(_radicals_job(texts(f), given.unknown, form, digits, timeout))
    return Radicals(
        given.text,
        _all(p.solvable for p in parts),
        tuple(r for p in parts for r in p.roots),
        tuple(p.certificate for p in parts if p.certificate),
        tuple(s for p in parts for s in p.steps),
        notes,
        tuple(a for p in parts for a in p.abbreviations),
    )


def _radicals_job(
    coefficients: list[Json], unknown: str, form: str, digits: int, timeout: float
) -> Iterator[_SolvedFactor]:
    f, budget, taken = _poly(cast(list[str], coefficients)), Budget.of(timeout, digits), {unknown}
    for factor, multiplicity in f.factor()[1]:
        part = _radical_part(f, factor, int(multiplicity), form, frozenset(taken), budget)
        taken |= {name for name, _ in part.abbreviations}
        yield part


def _radical_part(
    whole: fmpz_poly, f: fmpz_poly, multiplicity: int, form: str, taken: frozenset[str], budget: Budget
) -> _SolvedFactor:
    decision = decide(f, budget)
    if decision.solvable is False and decision.certificate is not None:
        why = f"there is none, proved: {decision.reason}"
        certificate = certificate_of(f, False, decision.certificate.evidence, whole)
        return _SolvedFactor(False, _numbers(f, multiplicity, why, budget), certificate=certificate)
    try:
        found = radical_roots(f, budget, form == "real", taken)
    except OutOfTime:
        found = Withheld("the time ran out")
    except (ArithmeticError, ValueError, RecursionError) as fault:
        found = Withheld(f"the search for radicals failed: {fault}")
    if isinstance(found, Withheld):
        return _SolvedFactor(decision.solvable, _numbers(f, multiplicity, found.reason, budget))
    roots = tuple(
        RadicalRoot(r.exact, r.re, r.im, r.radius, multiplicity, r.withheld, (), r.short) for r in found.roots
    )
    steps = found.steps if any(r.withheld for r in found.roots) else ()
    return _SolvedFactor(True, roots, steps, found.abbreviations, found.certificate)


def _numbers(f: fmpz_poly, multiplicity: int, why: str, budget: Budget) -> tuple[RadicalRoot, ...]:
    """The roots in decimals, with the reason why no expression is given."""
    found = all_roots(f, budget.digits, budget.share(1e9)) if budget.remaining > 0 else ()
    return tuple(RadicalRoot(None, r.re, r.im, r.radius, multiplicity, why) for r in found)


# -- monodromy -----------------------------------------------------------------------------------------------------


def monodromy(polynomial: object, timeout: float = 60, unknown: str | None = None) -> Monodromy:
    """How the roots change places while the one parameter runs around loops in the complex plane; each step proved.

    >>> [loop.cycles for loop in monodromy("x^2 - t").loops]
    [((0, 1),)]
    """
    return of_family(read(polynomial, unknown), Budget.of(timeout))
