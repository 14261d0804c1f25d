"""The results of ``roots``, ``galois`` and ``radicals``: values with ``to_dict``, ``to_json`` and ``to_text``.

Their JSON is sealed and carries every certificate, so that ``closedform verify`` reads it.
"""

from __future__ import annotations

import importlib
import json
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from closedform.algebra.galois.compositum import Together
from closedform.algebra.roots import Root
from closedform.algebra.univariate import short
from closedform.frozen import record
from closedform.kernel.certificate import Certificate
from closedform.kernel.document import seal
from closedform.kernel.reading import Json
from closedform.report.document.blocks import Block, Document, Equation, Items, Line, Paragraph
from closedform.report.pictures import draw_roots

if TYPE_CHECKING:
    from closedform.report.pictures.drawing import Drawing

FORMAT = 1
LATEX, HTML = "closedform.report.formats.latex", "closedform.report.formats.html"


def _format(place: str) -> Any:
    """A printer, imported when something is printed with it."""
    return importlib.import_module(place)


class Result:
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


@record
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
    transitive: str | None = None
    argument: tuple[str, ...] = ()  # why the group is this one, a sentence for each step
    steps: tuple[str, ...] = ()  # why it is solvable or not, sentence by sentence

    @property
    def about_the_group(self) -> tuple[str, ...]:
        """The argument for the group's name, in sentences."""
        if self.group is None:
            return ()
        sentences = tuple(f"{a[:1].upper()}{a[1:]}." for a in self.argument)
        return (*sentences, f"So the group is {self.group}, of order {self.order}.")

    def to_dict(self) -> dict[str, Json]:
        return {
            "polynomial": self.polynomial,
            "degree": self.degree,
            "multiplicity": self.multiplicity,
            "group": self.group,
            "order": self.order,
            "transitive": self.transitive,
            "solvable": self.solvable,
            "certificate": self.certificate.to_dict() if self.certificate else None,
            "reason": self.reason,
            "argument": list(self.argument),
            "steps": list(self.steps),
        }


@record
class Galois(Result):
    """Is every root expressible in radicals? ``solvable`` is None only where nothing was proved."""

    polynomial: str
    solvable: bool | None
    factors: tuple[Factor, ...]
    notes: tuple[str, ...] = ()
    together: Together | None = None  # the group of several factors, where it is proved
    unknown: str = ""  # its name, where other names are parameters

    @property
    def group(self) -> str | None:
        """The name of the Galois group of the whole polynomial, where it is proved."""
        if self.together is not None:
            return self.together.group
        return self.factors[0].group if len(self.factors) == 1 else None

    @property
    def order(self) -> int | None:
        if self.together is not None:
            return self.together.order
        return self.factors[0].order if len(self.factors) == 1 else None

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        return tuple(f.certificate for f in self.factors if f.certificate)

    def to_dict(self) -> dict[str, Json]:
        out: dict[str, Json] = {
            "format": FORMAT,
            "polynomial": self.polynomial,
            **({"unknown": self.unknown} if self.unknown else {}),
            "solvable": self.solvable,
            "group": self.group,
            "order": self.order,
            "factors": [f.to_dict() for f in self.factors],
            "notes": list(self.notes),
        }
        return {**out, "seal": seal(out)}

    def to_text(self, steps: bool = False) -> str:
        """The answer factor by factor; with ``steps`` the whole argument."""
        lines = [f"{short(self.polynomial)}: {_solvable_words(self.solvable)}"]
        for f in self.factors:
            times = f" (multiplicity {f.multiplicity})" if f.multiplicity > 1 else ""
            group = f", Galois group {f.group} of order {f.order} ({f.transitive})" if f.group else ""
            lines.append(f"  factor {short(f.polynomial)}{times}: degree {f.degree}{group}")
            trust = "proved" if f.certificate else "derived" if f.solvable else "not decided"
            lines.append(f"    {_solvable_words(f.solvable)} [{trust}]: {f.reason}")
            if steps:
                for sentence in (*f.steps, *f.about_the_group):
                    lines += textwrap.wrap(sentence, 100, initial_indent="      ", subsequent_indent="        ")
        if self.together is not None:
            lines.append(f"  all factors: Galois group {self.together.group} of order {self.together.order}")
            lines.append(f"    {self.together.reason}")
        return "\n".join([*lines, *(f"  note: {n}" for n in self.notes)])


@record
class Roots(Result):
    """Every complex root in decimals: the true value lies within ``radius`` of ``re + im*I``.

    It is iterated like a list of its roots, each of which is a number to ``float``, ``complex`` and ``value``.
    """

    polynomial: str
    roots: tuple[Root, ...]
    certificate: Certificate
    notes: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Root]:
        return iter(self.roots)

    def __len__(self) -> int:
        return len(self.roots)

    def __getitem__(self, index: int) -> Root:
        return self.roots[index]

    def plot(self, file: str | None = None) -> Drawing:
        """The roots in the complex plane, saved to ``file`` when one is given; needs the ``plot`` extra."""
        drawing = draw_roots(self.roots, short(self.polynomial))
        if file is not None:
            drawing.save(file)
        return drawing

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        return (self.certificate,)

    def to_dict(self) -> dict[str, Json]:
        out: dict[str, Json] = {
            "format": FORMAT,
            "polynomial": self.polynomial,
            "roots": [
                {
                    "numeric": {"re": r.re, "im": r.im},
                    "radius": r.radius,
                    "multiplicity": r.multiplicity,
                    "real": r.real,
                }
                for r in self.roots
            ],
            "certificates": [self.certificate.to_dict()],
            "notes": list(self.notes),
        }
        return {**out, "seal": seal(out)}

    def to_text(self) -> str:
        lines = [
            f"{short(self.polynomial)}: {len(self.roots)} distinct complex root{'' if len(self.roots) == 1 else 's'}, "
            f"{sum(r.real for r in self.roots)} real"
        ]
        for r in self.roots:
            times = f"  multiplicity {r.multiplicity}" if r.multiplicity > 1 else ""
            lines.append(f"  {_complex_text(r.re, r.im, r.real)}  +/- {r.radius}{times}{'  real' if r.real else ''}")
        return "\n".join([*lines, *(f"  note: {n}" for n in self.notes)])


@record
class RadicalRoot:
    """A root: ``exact`` is text in radicals, proved equal to the root in the disc, or None with the reason why.

    The decimals are None only where coefficients are parameters; ``short`` is the text in the abbreviations.
    """

    exact: str | None
    re: str | None
    im: str | None
    radius: str | None
    multiplicity: int
    withheld: str | None
    conditions: tuple[str, ...] = ()  # where coefficients are parameters: what must not vanish
    short: str | None = None


@record
class Radicals(Result):
    """The roots in explicit radicals, or a proof that there are none."""

    polynomial: str
    solvable: bool | None
    roots: tuple[RadicalRoot, ...]
    certificates: tuple[Certificate, ...] = ()
    steps: tuple[tuple[str, str], ...] = ()  # numbers named on the way, where an expression is withheld for its length
    notes: tuple[str, ...] = ()
    abbreviations: tuple[tuple[str, str], ...] = ()  # (name, text in earlier names)
    unknown: str = ""  # its name, where other names are parameters

    def to_dict(self) -> dict[str, Json]:
        found: list[Json] = [
            {
                "exact": r.exact,
                **({"short": r.short} if self.abbreviations else {}),
                "numeric": {"re": r.re, "im": r.im},
                "radius": r.radius,
                "multiplicity": r.multiplicity,
                "withheld": r.withheld,
                **({"conditions": list(r.conditions)} if r.conditions else {}),
            }
            for r in self.roots
        ]
        out: dict[str, Json] = {
            "format": FORMAT,
            "polynomial": self.polynomial,
            **({"unknown": self.unknown} if self.unknown else {}),
            "solvable": self.solvable,
            "roots": found,
            "where": [{"name": n, "exact": e} for n, e in self.abbreviations],
            "steps": [{"name": n, "exact": e} for n, e in self.steps],
            "certificates": [c.to_dict() for c in self.certificates],
            "notes": list(self.notes),
        }
        return {**out, "seal": seal(out)}

    def to_text(self) -> str:
        lines = [f"{short(self.polynomial)}: {_solvable_words(self.solvable)}"]
        lines += [f"  with {name} = {exact}" for name, exact in self.steps]
        for r in self.roots:
            times = f"  (multiplicity {r.multiplicity})" if r.multiplicity > 1 else ""
            lines.append(f"  {r.short or r.exact or f'withheld: {r.withheld}'}{times}")
            lines += [f"    where {c}" for c in r.conditions]
            if r.re is not None and r.im is not None:
                lines.append(f"    = {_complex_text(r.re, r.im, r.im == '0')}  +/- {r.radius}")
        lines += [f"  {'where' if not i else '  and'} {n} = {e}" for i, (n, e) in enumerate(self.abbreviations)]
        return "\n".join([*lines, *(f"  note: {n}" for n in self.notes)])

    def document(self) -> Document:
        """The same in blocks, from which LaTeX and HTML are made."""
        roots = list[tuple[Line, ...]]()
        for k, r in enumerate(self.roots, 1):
            times = f" (multiplicity {r.multiplicity})" if r.multiplicity > 1 else ""
            if r.exact is None:
                roots.append(((f"withheld: {r.withheld}{times}",),))
                continue
            decimal = _complex_text(r.re, r.im, r.im == "0") if r.re is not None and r.im is not None else ""
            under = (*((f"where {c}",) for c in r.conditions), *(((f"≈ {decimal} ± {r.radius}",),) if decimal else ()))
            roots.append(((Equation(f"x[{k}]", r.short or r.exact), times), *under))
        where = tuple(((Equation(n, e),),) for n, e in (*self.steps, *self.abbreviations))
        blocks: list[Block] = [Paragraph((f"{_solvable_words(self.solvable)}.".capitalize(),)), Items(tuple(roots))]
        if where:
            blocks += [Paragraph(("Here",)), Items(where)]
        return Document(short(self.polynomial), (*blocks, *(Paragraph((n,)) for n in self.notes)))

    def to_latex(self) -> str:
        return _format(LATEX).render(self.document())

    def to_html(self) -> str:
        return _format(HTML).render(self.document())

    def _repr_html_(self) -> str:
        return _format(HTML).card(self.document())


def _solvable_words(solvable: bool | None) -> str:
    if solvable is None:
        return "not decided whether solvable by radicals"
    return "solvable by radicals" if solvable else "not solvable by radicals"


def _complex_text(re: str, im: str, real: bool) -> str:
    if real:
        return re
    return f"{re} {'-' if im.startswith('-') else '+'} {im.lstrip('-')}*I"
