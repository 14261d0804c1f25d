"""What a report leaves out, of a polynomial in one unknown on the whole line: all its slope's zeros, and its ends.

The places of ``search`` are found in floating point and then confirmed; here FLINT has them all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from flint import acb, arb, fmpq_poly

from closedform.audit.evaluation import tree_of
from closedform.audit.question import Question
from closedform.kernel.algebra.rational import quotient
from closedform.kernel.expressions.domain import requirements
from closedform.kernel.reading import Refused

MAX_DEGREE = 60
NEAR = 40  # powers of two at which the line is looked at, before those past which the leading term decides


class ExactSearch:
    """As ``Search``, for a loss or an equation that is a polynomial; ``listed`` are the balls of the points claimed."""

    def __init__(self, question: Question, polynomial: fmpq_poly, listed: Sequence[Mapping[str, arb]]) -> None:
        (self.u,), self.polynomial, self.listed = (
            question.unknowns,
            polynomial,
            [box[question.unknowns[0]] for box in listed],
        )
        vanishing = polynomial if question.loss is None else polynomial.derivative()
        found = vanishing.numer().complex_roots() if vanishing.degree() > 0 else []
        zeros = [z for z, _ in cast("list[tuple[acb, int]]", found)]
        self.zeros = [z.real for z in zeros if z.imag == 0]

    def missed(self) -> str:
        """A critical point (a solution) that is not listed; the empty text if there is none."""
        missing = [z for z in self.zeros if not any(z.overlaps(known) for known in self.listed)]
        return f"{self.u} = {missing[0].mid().str(10, radius=False)}" if missing else ""

    def edge(self) -> str:
        """The line has no edges."""
        return ""

    def _height(self, place: arb) -> arb:
        out = arb(0)
        for c in reversed(self.polynomial.coeffs()):
            out = out * place + arb(c)
        return out

    def _past(self, height: arb) -> int:
        """A power of two beyond which the loss does not come back to a height (Cauchy's bound of their difference)."""
        mantissa, exponent = height.abs_upper().man_exp()
        own = max(0, mantissa.bit_length() + int(exponent))
        return int(self.polynomial.numer().height_bits() + self.polynomial.denom().bit_length()) + own + 4

    def lower(self, height: arb, sign: int = 1) -> str:
        """Where the loss is certainly lower (``sign`` -1: higher) than a height; the empty text where it is nowhere."""
        ends = (arb(way) * arb(2) ** k for k in (*range(0, NEAR, 4), self._past(height)) for way in (1, -1))
        for place in (*self.zeros, *ends):
            there = self._height(place)
            if bool(there * sign < height * sign):
                return f"at {self.u} = {place.mid().str(8, radius=False)} the loss is {there.str(10, radius=False)}"
        return ""


def exact_search(question: Question, listed: Sequence[Mapping[str, arb]]) -> ExactSearch | None:
    """The search where the text is a polynomial of its one unknown and nothing bounds that; None elsewhere."""
    texts = [question.loss] if question.loss is not None else list(question.equations)
    if len(question.unknowns) != 1 or len(texts) != 1 or question.relations or question.integers or question.columns:
        return None
    tree = tree_of(texts[0])
    try:
        # a division by the unknown, though it cancel, leaves a hole in the line: (x^2 - 1)/(x - 1) is not x + 1 at 1
        whole = None if tree is None or requirements(tree) else quotient(tree, list(question.unknowns), {})
    except Refused:
        return None
    if whole is None or not whole.bottom.is_constant() or whole.top.total_degree() > MAX_DEGREE:
        return None
    terms = {int(m[0]): c for m, c in whole.top.terms()}
    polynomial = fmpq_poly([terms.get(k, 0) for k in range(max(terms, default=0) + 1)])
    return ExactSearch(question, polynomial, listed)
