"""That a loss has an optimum, and that it is at a critical point: by growth, on a closed interval, or by its limits."""

from __future__ import annotations

import contextlib

from flint import arb, fmpq, fmpz_mpoly

from closedform.kernel.algebra.exponentials import Field, dense
from closedform.kernel.algebra.polynomials import MAX_DEGREE
from closedform.kernel.algebra.rational import NotRational, quotient
from closedform.kernel.algebra.relations import prove_relation
from closedform.kernel.expressions.balls import evaluate
from closedform.kernel.expressions.derivatives import differentiate
from closedform.kernel.expressions.domain import requirements
from closedform.kernel.expressions.tree import ONE, ZERO, Tree, mul
from closedform.kernel.headlines.agreement import coefficient
from closedform.kernel.headlines.consequences import Consequences
from closedform.kernel.headlines.elimination import Coordinate
from closedform.kernel.reading import Refused


def attained(question: Consequences, sign: fmpq, value: arb | fmpq) -> bool:
    """Whether ``sign`` times the loss to be minimised is least at a critical point, where one has this value of the loss."""
    if question.loss is None or question.parameters:
        return False
    goal = mul(sign, question.minimised)
    best = value * (-sign if question.maximised else sign)
    with contextlib.suppress(Refused):
        if question.everywhere and all(prove_relation(need, ()) for need, _ in requirements(question.loss)):
            return grows(question, goal) or _worse_far_out(question, goal, best)
        return _worse_at_the_ends(question, goal, best)
    return False


def grows(question: Consequences, goal: Tree) -> bool:
    """A polynomial in one unknown, of even degree with a positive leading coefficient, for all values of the parameters."""
    with contextlib.suppress(NotRational, Refused):
        whole = quotient(goal, question.names, question.columns)
        if len(question.unknowns) == 1 and whole.bottom.is_constant() and question.everywhere:
            f = whole.top * (1 / whole.bottom.leading_coefficient())
            lead = coefficient(f, question.names, 0, n := int(f.degrees()[0]))
            return n % 2 == 0 and prove_relation((">", lead, ZERO), question.assumptions)
    return False


def _worse_at_the_ends(question: Consequences, goal: Tree, best: arb | fmpq) -> bool:
    """On a closed interval, where the loss is continuous."""
    if len(question.unknowns) != 1 or question.domain is None:
        return False
    x, ends = question.unknowns[0], dict[str, fmpq]()
    for op, a, b in question.domain:
        if a == x and isinstance(b, fmpq) and op in ("<=", ">=") and op not in ends:
            ends[op] = b
        else:
            return False
    smooth = (goal, differentiate(goal, x))  # refused where the loss jumps
    between = {x: arb(ends[">="]).union(arb(ends["<="]))} if len(ends) == 2 else {}
    if not between or not all(evaluate(t, between, question.columns).is_finite() for t in smooth):
        return False
    return all(evaluate(goal, {x: arb(end)}, question.columns) >= best for end in ends.values())


def _worse_far_out(question: Consequences, goal: Tree, best: arb | fmpq) -> bool:
    """The loss, least in a second unknown in which it is quadratic, is rational in t = exp(scale*x), with no lower limits."""
    scales = dict(zip(question.numerators.unknowns, question.numerators.scales, strict=True))
    used = {(x,): ("t", c) for x, c in scales.items() if c != 0}
    if len(used) != 1:
        return False
    field = Field(used, [x for x, c in scales.items() if c == 0], question.columns)
    limits = _limits(field, *field.quotient(goal, {}))
    return bool(limits) and all(v is None or (v >= best if isinstance(best, fmpq) else arb(v) > best) for v in limits)


def _positive(p: fmpz_mpoly) -> bool:
    """Whether a polynomial in the first generator is positive wherever that is."""
    if p.is_zero() or int(p.degrees()[0]) > MAX_DEGREE:
        return False
    f = dense(p, 0)
    return f.leading_coefficient() > 0 and not Coordinate("", ONE, f).roots


def _limits(field: Field, top: fmpz_mpoly, bottom: fmpz_mpoly) -> list[fmpq | None]:
    """The limits for t to zero and infinity of the least value in v, None if infinite; [] if there is none, or no least value."""
    if len(field.names) > 1:
        if any(k for _, k in bottom.monoms()):  # v in a denominator: no quadratic
            return []
        by_power = [field.one * 0 for _ in range(3)]
        for (e, k), c in zip(top.monoms(), top.coeffs(), strict=True):
            if k > 2:
                return []
            by_power[k] = by_power[k] + field.ctx.from_dict({(int(e), 0): c})
        none, once, twice = by_power
        if not _positive(twice * bottom):
            return []
        top, bottom = 4 * twice * none - once * once, 4 * twice * bottom
    if top.is_zero():
        return [fmpq(0), fmpq(0)]
    out = list[fmpq | None]()
    for end in (min, max):
        (high, a), (low, b) = (
            end((int(m[0]), c) for m, c in zip(p.monoms(), p.coeffs(), strict=True)) for p in (top, bottom)
        )
        far = high > low if end is max else high < low
        if far and (a > 0) != (b > 0):
            return []
        out.append(None if far else fmpq(a, b) if high == low else fmpq(0))
    return out
