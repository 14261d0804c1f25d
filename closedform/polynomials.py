"""Polynomials in one unknown: all roots with proved radii, solvable by radicals or not, and the radicals.

``roots``, ``galois`` and ``radicals`` take text in our language, a SymPy expression or ``Poly``, or a list of
coefficients (highest first, as ``numpy.roots``); floats are read as the decimals they print as. Other names than the
unknown are parameters. Each result has ``to_dict``, ``to_json`` and ``to_text``, and certificates for the kernel.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, cast

from flint import fmpz, fmpz_poly

from closedform.algebra.galois.decide import Decision, certificate_of, decide, shortcut, texts
from closedform.algebra.galois.family import decide_family
from closedform.algebra.galois.subfields import MAX_DEGREE
from closedform.algebra.radicals.engine import Withheld, radical_roots
from closedform.algebra.roots import Root, all_roots
from closedform.algebra.univariate import Given, of_tree, read, short
from closedform.budget import Budget
from closedform.errors import CallError, InputError, OutOfTime
from closedform.kernel.certificate import Certificate
from closedform.kernel.document import seal
from closedform.kernel.reading import Json
from closedform.kernel.unsolvable import MAX_FACTORED, poly_text
from closedform.worker import Died, Job
from closedform.worker import run as run_job

IN_PROCESS = 24  # degree times a thousandth of the bits above which FLINT may take long: then in a child process
QUICK_RADICALS = 12  # degree up to which radicals are sought in this process
FORMAT = 1


# -- results -------------------------------------------------------------------------------------------------------


class _Result:
    """JSON, text and a Jupyter card, from ``to_dict`` and ``to_text``."""

    def to_dict(self) -> dict[str, Json]:
        raise NotImplementedError

    def to_text(self) -> str:
        raise NotImplementedError

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False)

    def __str__(self) -> str:
        return self.to_text()

    def _repr_markdown_(self) -> str:
        return f"```text\n{self.to_text()}\n```"


@dataclass(frozen=True)
class Factor:
    """An irreducible factor over Q (or over Q(parameters)) and what was decided about it."""

    polynomial: str
    degree: int
    multiplicity: int
    solvable: bool | None
    group: str | None
    order: int | None
    reason: str
    certificate: Certificate | None

    def to_dict(self) -> dict[str, Json]:
        return {
            "polynomial": self.polynomial, "degree": self.degree, "multiplicity": self.multiplicity,
            "group": self.group, "order": self.order, "solvable": self.solvable,
            "certificate": self.certificate.to_dict() if self.certificate else None, "reason": self.reason,
        }  # fmt: skip


@dataclass(frozen=True)
class Galois(_Result):
    """Is every root expressible in radicals? ``solvable`` is None only where nothing was proved."""

    polynomial: str
    solvable: bool | None
    factors: tuple[Factor, ...]
    notes: tuple[str, ...] = ()

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        return tuple(f.certificate for f in self.factors if f.certificate)

    def to_dict(self) -> dict[str, Json]:
        out: dict[str, Json] = {
            "format": FORMAT, "polynomial": self.polynomial, "solvable": self.solvable,
            "factors": [f.to_dict() for f in self.factors], "notes": list(self.notes),
        }  # fmt: skip
        return {**out, "seal": seal(out)}

    def to_text(self) -> str:
        lines = [f"{short(self.polynomial)}: {_solvable_words(self.solvable)}"]
        for f in self.factors:
            times = f" (multiplicity {f.multiplicity})" if f.multiplicity > 1 else ""
            group = f", Galois group {f.group} of order {f.order}" if f.group else ""
            lines.append(f"  factor {short(f.polynomial)}{times}: degree {f.degree}{group}")
            trust = "proved" if f.certificate else "derived" if f.solvable else "not decided"
            lines.append(f"    {_solvable_words(f.solvable)} [{trust}]: {f.reason}")
        return "\n".join([*lines, *(f"  note: {n}" for n in self.notes)])


@dataclass(frozen=True)
class Roots(_Result):
    """Every complex root in decimals: the true value lies within ``radius`` of ``re + im*I``."""

    polynomial: str
    roots: tuple[Root, ...]
    certificate: Certificate
    notes: tuple[str, ...] = ()

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        return (self.certificate,)

    def to_dict(self) -> dict[str, Json]:
        out: dict[str, Json] = {
            "format": FORMAT, "polynomial": self.polynomial,
            "roots": [{"numeric": {"re": r.re, "im": r.im}, "radius": r.radius, "multiplicity": r.multiplicity,
                       "real": r.real} for r in self.roots],
            "certificates": [self.certificate.to_dict()], "notes": list(self.notes),
        }  # fmt: skip
        return {**out, "seal": seal(out)}

    def to_text(self) -> str:
        lines = [f"{short(self.polynomial)}: {len(self.roots)} distinct complex roots, "
                 f"{sum(r.real for r in self.roots)} real"]  # fmt: skip
        for r in self.roots:
            times = f"  multiplicity {r.multiplicity}" if r.multiplicity > 1 else ""
            lines.append(f"  {_complex_text(r.re, r.im, r.real)}  +/- {r.radius}{times}{'  real' if r.real else ''}")
        return "\n".join([*lines, *(f"  note: {n}" for n in self.notes)])


@dataclass(frozen=True)
class RadicalRoot:
    """A root: ``exact`` is text in radicals, proved equal to the root in the disc, or None with the reason why.

    The decimals are None only where coefficients are parameters.
    """

    exact: str | None
    re: str | None
    im: str | None
    radius: str | None
    multiplicity: int
    withheld: str | None


@dataclass(frozen=True)
class Radicals(_Result):
    """The roots in explicit radicals, or a proof that there are none."""

    polynomial: str
    solvable: bool | None
    roots: tuple[RadicalRoot, ...]
    certificates: tuple[Certificate, ...] = ()
    steps: tuple[tuple[str, str], ...] = ()  # numbers named on the way, where an expression is withheld for its length
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Json]:
        found: list[Json] = [
            {"exact": r.exact, "numeric": {"re": r.re, "im": r.im}, "radius": r.radius,
             "multiplicity": r.multiplicity, "withheld": r.withheld} for r in self.roots
        ]  # fmt: skip
        out: dict[str, Json] = {
            "format": FORMAT, "polynomial": self.polynomial, "solvable": self.solvable, "roots": found,
            "steps": [{"name": n, "exact": e} for n, e in self.steps],
            "certificates": [c.to_dict() for c in self.certificates], "notes": list(self.notes),
        }  # fmt: skip
        return {**out, "seal": seal(out)}

    def to_text(self) -> str:
        lines = [f"{short(self.polynomial)}: {_solvable_words(self.solvable)}"]
        lines += [f"  with {name} = {exact}" for name, exact in self.steps]
        for r in self.roots:
            times = f"  (multiplicity {r.multiplicity})" if r.multiplicity > 1 else ""
            lines.append(f"  {r.exact if r.exact is not None else f'withheld: {r.withheld}'}{times}")
            if r.re is not None and r.im is not None:
                lines.append(f"    = {_complex_text(r.re, r.im, r.im == '0')}  +/- {r.radius}")
        return "\n".join([*lines, *(f"  note: {n}" for n in self.notes)])


def _solvable_words(solvable: bool | None) -> str:
    if solvable is None:
        return "not decided whether solvable by radicals"
    return "solvable by radicals" if solvable else "not solvable by radicals"


def _complex_text(re: str, im: str, real: bool) -> str:
    if real:
        return re
    return f"{re} {'-' if im.startswith('-') else '+'} {im.lstrip('-')}*I"


# -- deadlines -----------------------------------------------------------------------------------------------------


def _heavy(f: fmpz_poly) -> bool:
    return f.degree() * (1 + f.height_bits() / 1000) > IN_PROCESS


def _in_child(
    function: str, arguments: tuple[object, ...], timeout: float, digits: int, out: list[Any] | None = None
) -> list[Any]:
    """What the job yields, also put into ``out`` as it comes; raises ``OutOfTime`` when it did not finish."""
    budget, out = Budget.of(timeout, digits), [] if out is None else out
    try:
        run_job(Job("closedform.polynomials", function, (*arguments, timeout)), budget.deadline, out.append)
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
    if _heavy(f) or digits > 5_000:
        try:
            found = cast(tuple[Root, ...], tuple(_in_child("_roots_job", (texts(f), digits), timeout, digits)))
        except OutOfTime:
            raise CallError(
                f"the roots of this polynomial of degree {f.degree()} were not all enclosed within {timeout} s; "
                "give more time, or ask for fewer digits"
            ) from None
    else:
        found = all_roots(f, digits, Budget.of(timeout, digits))
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
        whole = Factor(given.text, f.degree(), 1, True, None, None, at_sight, None)
        return Galois(given.text, True, (whole,), ("not factored: its roots are radicals at sight",))
    notes = given.notes
    if _heavy(f):
        try:
            said = cast(list[Factor], _in_child("_galois_job", (texts(f), given.unknown), timeout, 30))
        except OutOfTime as late:
            reason, notes = f"not factored or decided: {late}", (*notes, f"the time of {timeout} s ran out")
            said = [Factor(given.text, f.degree(), 1, None, None, None, reason, None)]
    else:
        said = list(_galois_job(texts(f), given.unknown, timeout))
    return Galois(given.text, _all(f.solvable for f in said), tuple(said), notes)


def _all(answers: Iterable[bool | None]) -> bool | None:
    """False when one is False, None when one is open, else True."""
    seen = list(answers)
    return False if False in seen else None if None in seen else True


def _galois_job(coefficients: list[Json], unknown: str, timeout: float) -> Iterator[Factor]:
    f = _poly(cast(list[str], coefficients))
    budget = Budget.of(timeout)
    for part, multiplicity in f.factor_squarefree()[1]:
        part, found = cast(fmpz_poly, part), None
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
        except OutOfTime:
            return decision
        if not isinstance(found, Withheld):
            return Decision(True, "its roots were found in radicals and proved", certificate=found.certificate)
    return decision


def _factor(whole: fmpz_poly, f: fmpz_poly, multiplicity: int, unknown: str, decision: Decision) -> Factor:
    certificate = decision.certificate
    if certificate is not None and certificate.kind == "unsolvable":
        certificate = certificate_of(f, certificate.evidence, whole)
    return Factor(poly_text(f, unknown, 0), f.degree(), multiplicity, decision.solvable, decision.group,
                  decision.order, decision.reason, certificate)  # fmt: skip


def _galois_family(given: Given, timeout: float) -> Galois:
    f = of_tree(given)
    budget = Budget.of(timeout)
    out, notes = list[Factor](), list(given.notes)
    for factor, multiplicity in f.factor()[1]:
        degree = int(factor.degrees()[0])
        if degree == 0:
            continue  # a polynomial in the parameters alone, a unit of Q(parameters)
        try:
            said = decide_family(factor, given.unknown, given.parameters, budget)
        except OutOfTime:
            out.append(Factor(str(factor), degree, int(multiplicity), None, None, None, "the time ran out", None))
            continue
        if said.not_elementary:
            notes.append(said.not_elementary)
        out.append(Factor(_spelled(str(factor)), degree, int(multiplicity), said.solvable, said.group, said.order,
                          said.reason, said.certificate))  # fmt: skip
    return Galois(given.text, _all(f.solvable for f in out), tuple(out), tuple(notes))


def _radicals_family(given: Given, timeout: float) -> Radicals:
    decided = _galois_family(given, timeout)
    out = list[RadicalRoot]()
    for f in decided.factors:
        why = f"there is no formula, proved: {f.reason}" if f.solvable is False else f"not written out: {f.reason}"
        out += [RadicalRoot(None, None, None, None, f.multiplicity, why)] * f.degree
    return Radicals(given.text, decided.solvable, tuple(out), decided.certificates, (), decided.notes)


def _spelled(text: str) -> str:
    return text.replace("+ -", "- ")


# -- radicals ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Part:
    """What one irreducible factor contributes; crosses the process boundary."""

    solvable: bool | None
    roots: tuple[RadicalRoot, ...]
    steps: tuple[tuple[str, str], ...]
    certificate: Certificate | None


def radicals(polynomial: object, timeout: float = 60, unknown: str | None = None, digits: int = 30) -> Radicals:
    """Every root in explicit radicals, each proved equal to its root, or a proof that there are none.

    >>> [r.exact for r in radicals("x^2 - 2").roots]
    ['-sqrt(2)', 'sqrt(2)']
    """
    given = read(polynomial, unknown)
    if given.poly is None:
        return _radicals_family(given, timeout)
    f, parts, notes = given.poly, list[_Part](), given.notes
    if _heavy(f) or f.degree() > QUICK_RADICALS:
        try:
            _in_child("_radicals_job", (texts(f), digits), timeout, digits, parts)
        except OutOfTime as late:
            parts.append(_Part(None, (), (), None))
            notes = (*notes, f"the time of {timeout} s ran out: {late}")
    else:
        parts = list(_radicals_job(texts(f), digits, timeout))
    return Radicals(
        given.text, _all(p.solvable for p in parts), tuple(r for p in parts for r in p.roots),
        tuple(p.certificate for p in parts if p.certificate), tuple(s for p in parts for s in p.steps), notes,
    )  # fmt: skip


def _radicals_job(coefficients: list[Json], digits: int, timeout: float) -> Iterator[_Part]:
    f, budget = _poly(cast(list[str], coefficients)), Budget.of(timeout, digits)
    for factor, multiplicity in f.factor()[1]:
        yield _radical_part(f, factor, int(multiplicity), budget)


def _radical_part(whole: fmpz_poly, f: fmpz_poly, multiplicity: int, budget: Budget) -> _Part:
    decision = decide(f, budget)
    if decision.solvable is False and decision.certificate is not None:
        why = f"there is none, proved: {decision.reason}"
        certificate = certificate_of(f, decision.certificate.evidence, whole)
        return _Part(False, _numbers(f, multiplicity, why, budget), (), certificate)
    try:
        found = radical_roots(f, budget)
    except OutOfTime:
        found = Withheld("the time ran out")
    if isinstance(found, Withheld):
        return _Part(decision.solvable, _numbers(f, multiplicity, found.reason, budget), (), None)
    roots = tuple(RadicalRoot(r.exact, r.re, r.im, r.radius, multiplicity, r.withheld) for r in found.roots)
    steps = found.steps if any(r.withheld for r in found.roots) else ()
    return _Part(True, roots, steps, found.certificate)


def _numbers(f: fmpz_poly, multiplicity: int, why: str, budget: Budget) -> tuple[RadicalRoot, ...]:
    """The roots in decimals, with the reason why no expression is given."""
    found = all_roots(f, budget.digits, budget.share(1e9)) if budget.remaining > 0 else ()
    return tuple(RadicalRoot(None, r.re, r.im, r.radius, multiplicity, why) for r in found)
