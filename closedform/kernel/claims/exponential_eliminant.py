"""Claim ``exponential_eliminant``: with t = exp(scale*form), a polynomial vanishes at every real critical point of a loss.

The derivatives are quotients of polynomials in the names and t; cofactors combine their numerators to the polynomial.
"""

from __future__ import annotations

from typing import Any

from flint import acb, arb, ctx, fmpz_mpoly

from closedform.kernel.algebra.exponentials import Field, dense
from closedform.kernel.claims.exponential_loss import ExponentialStatement, substituted
from closedform.kernel.expressions.balls import evaluate
from closedform.kernel.expressions.derivatives import differentiate
from closedform.kernel.expressions.infix import infix
from closedform.kernel.expressions.tree import ZERO
from closedform.kernel.reading import Json, decimal, fields, refuse, sequence


def check(statement: dict[str, Json], claim: dict[str, Json], evidence: dict[str, Json]) -> str:
    """A polynomial vanishes at every real critical point: sum of cofactors times numerators = it times nonvanishing ones."""
    fields(claim, ("kind", "substitution", "names", "polynomial"), ("roots",))
    fields(evidence, ("cofactors", "nonvanishing"))
    setting = substituted(statement, claim)
    field, loss, unknowns, words = setting.field, setting.loss, setting.unknowns, setting.words
    goal, left = field.polynomial(claim["polynomial"]), field.one * 0
    right = goal
    for item in sequence(evidence["nonvanishing"], "the nonvanishing factors", 1000):
        factor = field.polynomial(item)
        if factor.is_zero():
            refuse("a factor is zero everywhere")
        if not (field.sign(factor) or factor.is_constant() or divmod(goal, factor)[1].is_zero()):
            roots_in(field, factor, [])
        right *= factor
    cofactors = sequence(evidence["cofactors"], "cofactors")
    if goal.is_zero():
        refuse("one cofactor for each unknown is needed, and a polynomial that is not zero")
    for u, c in zip(unknowns, cofactors, strict=True):
        left += field.polynomial(c) * field.quotient(differentiate(loss, u), {})[0]
    if left != right:
        refuse("the cofactors do not combine the derivatives to the polynomial")
    if goal.is_constant() and not claim.get("roots"):
        return f"{infix(loss)} has no real critical point in {', '.join(unknowns)}{setting.given}, with {words}"
    claimed = (
        f"with {words}, every real critical point of {infix(loss)} in {', '.join(unknowns)}{setting.given} "
        f"has {field.infix(goal)} = 0"
    )
    if "roots" not in claim:
        return claimed
    if [*field.scales] != [tuple(unknowns)] or field.names[1:] or not field.polynomial(cofactors[0]).is_one():
        refuse("roots are only counted for one unknown, where every root is a critical point")
    found = roots_in(field, goal, claim["roots"])
    _defined_at(setting, claim["roots"])
    return f"{claimed}, and has exactly {found} such point{'' if found == 1 else 's'}, one for each given interval of {field.names[0]}"


def _defined_at(setting: ExponentialStatement, intervals: Json) -> None:
    """The loss, as written, has a real value at every root: refused where balls do not show it."""
    ((_, (_, scale)),) = setting.field.scales.items()
    for low, high in (sequence(i, "an interval", 2) for i in sequence(intervals, "roots")):
        with ctx.workprec(400):
            t = arb(decimal(low, "an end")).union(arb(decimal(high, "an end")))
            values = {setting.unknowns[0]: t.log() / arb(scale)}
            if not evaluate(setting.loss, values, setting.field.columns).is_finite():
                refuse("it is open whether the loss, as written, is defined at a root")


def roots_in(field: Field, goal: fmpz_mpoly, intervals: Json) -> int:
    """The number of positive roots, when each of the disjoint positive intervals holds exactly one and none is outside."""
    used = [i for i, d in enumerate(goal.degrees()) if d > 0]
    if len(used) != 1 or field.names[used[0]] not in field.positive:
        refuse(f"not a polynomial in one positive generator: {field.infix(goal)[:200]}")
    f = dense(goal, used[0])
    f = f // f.gcd(f.derivative())
    found: Any = f.complex_roots()
    real = [z.real for z in (acb(root) for root, _ in found) if z.imag.is_zero()]
    above = sum(not (z < 0 or z.is_zero()) for z in real)  # too many at most, and then there are too few intervals
    last = ZERO
    listed = [sequence(i, "an interval", 2) for i in sequence(intervals, "roots", 10_000)]
    for pair in listed:
        low, high = (decimal(v, "an end") for v in pair)
        if not last < low <= high or not (f(low) * f(high) < 0 or (low == high and f(low) == 0)):
            refuse("the intervals are not disjoint, positive and ascending with a change of sign")
        last = high
    if len(listed) != above:
        refuse(f"{above} positive roots, {len(listed)} intervals")
    return len(listed)
