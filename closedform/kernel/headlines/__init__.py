"""What stands at the top of a document, held against what its accepted certificates prove."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from closedform.kernel.certificate import Certificate
from closedform.kernel.ruling import REFUSED, SEALED, Ruling
from closedform.kernel.headlines.polynomial_results import galois, radicals, roots
from closedform.kernel.headlines.reports import report
from closedform.kernel.reading import MALFORMED, Json, Refused

Judge = Callable[[dict[str, Json], Mapping[str, Certificate]], list[Ruling]]

# The kinds of document, each known by keys that only it has: what else is looked at, and what of that no rule speaks of.
KINDS: dict[str, tuple[Judge, str, str]] = {
    "factors solvable": (
        galois,
        "polynomial unknown",
        "the factors' orders, transitive groups, reasons, arguments, steps",
    ),
    "roots polynomial": (radicals, "unknown solvable certificates", "the roots' short forms, conditions, reasons"),
    "problem critical_points": (
        report,
        "verdict stationarity complete counts formula witness certificates",
        "the other statements, inertias of open sign, scope, source, notes, Hessian, equations, multiplicities, "
        "conditions in words, LaTeX, cost, code",
    ),
}


def headlines(document: dict[str, Json], proved: Mapping[str, Certificate]) -> list[Ruling]:
    """A finding for each headline of the document; ``proved`` are the accepted certificates by their places."""
    if document.keys() == {"format", "statement", "claim", "evidence"}:
        return []
    kinds = [keys for keys in KINDS if document.keys() >= {*keys.split()}]
    if len(kinds) != 1:
        word, why = (REFUSED, "two kinds at once") if kinds else (SEALED, "no kind that is known here")
        return [Ruling("headlines", word, f"the document is of {why}")]
    judge, looked_at, silent = KINDS[kinds[0]]
    judge = roots if judge is radicals and "solvable" not in document else judge
    beside = ", ".join(sorted(document.keys() - {"seal", *kinds[0].split(), *looked_at.split()}))
    try:
        return [*judge(document, proved), Ruling("the rest", SEALED, f"{silent}, {beside}")]
    except (Refused, *MALFORMED) as fault:
        return [Ruling("headlines", REFUSED, f"they cannot be read: {type(fault).__name__}: {str(fault)[:200]}")]
