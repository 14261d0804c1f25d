"""What stands at the top of a document, held against what its accepted certificates prove."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from closedform.kernel.certificate import Certificate
from closedform.kernel.finding import REFUSED, SEALED, Finding
from closedform.kernel.headlines.polynomial_results import galois, radicals, roots
from closedform.kernel.headlines.reports import report
from closedform.kernel.reading import MALFORMED, Json, Refused

Judge = Callable[[dict[str, Json], Mapping[str, Certificate]], list[Finding]]

# The kinds of document, each known by keys that only it has.
KINDS: tuple[tuple[set[str], Judge], ...] = (
    ({"factors", "solvable"}, galois),
    ({"roots", "solvable"}, radicals),
    ({"roots", "polynomial"}, roots),
    ({"problem", "critical_points"}, report),
)


def headlines(document: dict[str, Json], proved: Mapping[str, Certificate]) -> list[Finding]:
    """A finding for each headline of the document; ``proved`` are the accepted certificates by their places."""
    judges = [judge for keys, judge in KINDS if keys <= document.keys()]
    single = document.keys() == {"format", "statement", "claim", "evidence"}
    if not judges and not single:
        return [Finding("headlines", SEALED, "this is no kind of document that is known here")]
    if report in judges and len(judges) > 1:
        return [Finding("headlines", REFUSED, "the document is of two kinds at once")]
    try:
        return judges[0](document, proved) if judges else []
    except (Refused, *MALFORMED) as fault:
        return [Finding("headlines", REFUSED, f"they cannot be read: {type(fault).__name__}: {str(fault)[:200]}")]
