"""The sets over which a square is least in closed form: balls, simplices, halfspaces, cones, read from the constraints."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from closedform.algebra.noncommutative import polynomial as w
from closedform.algebra.noncommutative.facts import sign
from closedform.algebra.noncommutative.functions import power
from closedform.algebra.noncommutative.letters import ONE, Atom
from closedform.algebra.noncommutative.polynomial import Poly
from closedform.stationarity.matrix import Constraint, MatrixSystem
from closedform.strategies.matrices.convexity import affine


def penalty(a: Atom, e: Fraction, u: str) -> str | None:
    """The kind of a nonsmooth or entropic atom in the unknown itself."""
    if u not in a.names:
        return None
    if a.kind in ("nuclear", "rank") and e == 1:
        s = a.args[0].single()
        return a.kind if s and s[:2] == (1, ()) and len(s[2]) == 1 and s[2][0].kind == "name" else None
    if a.kind != "tr":
        return None
    word = a.args[0]
    plain = [l for l in word if l.names == {u}]
    if e == Fraction(1, 2) and len(word) == 2 and all(l.kind == "name" and l.args == (u,) for l in word):
        return "norm"
    if e != 1:
        return None
    if (
        len(plain) == 1
        and plain[0].kind == "fn"
        and plain[0].args[0] == "abs"
        and all(l.kind == "ones" for l in word if l is not plain[0])
    ):
        s = plain[0].args[1].single()
        return "norm1" if s and s[:2] == (1, ()) and len(s[2]) == 1 and s[2][0].kind == "name" else None
    if len(word) == 2 and len(plain) == 2 and {l.kind for l in word} == {"fn", "name"}:
        f = next(l for l in word if l.kind == "fn")
        s = f.args[1].single()
        return (
            "entropy"
            if f.args[0] == "log" and s and s[:2] == (1, ()) and len(s[2]) == 1 and s[2][0].kind == "name"
            else None
        )
    return None


@dataclass
class Set:
    """What the constraints say together: kind, and its bounds."""

    kind: str  # box, simplex, ball, ball1, psd, spectrahedron
    low: Poly | None = None
    high: Poly | None = None
    total: Poly | None = None
    upto: bool = False  # the sum is at most the total


def sets_of(system: MatrixSystem, u: str) -> Set | str | None:
    p = system.unknown(u)
    if u in system.facts.positive or any(c.kind in ("below", "positive") for c in system.constraints):
        return "a strict inequality: its edge does not belong to the set, and the infimum may not be attained"
    low: Poly | None = w.zeros(p.rows, p.cols) if u in system.facts.nonnegative else None
    high, total, found, upto = None, None, None, False
    for c in sorted(system.constraints, key=lambda c: c.kind not in ("psd", "spd")):
        if c.kind == "nonnegative":
            low = w.zeros(p.rows, p.cols)
        elif c.kind in ("psd", "spd"):
            found = "psd"
        elif c.kind == "sym":
            continue
        elif c.kind == "zero" and c.left.scalar and total is None and (t := sum_equals(c, p)) is not None:
            total = t
        elif c.kind == "atmost" and found == "psd" and total is None and (t := sum_equals(c, p)) is not None:
            total, upto = t, True
        elif c.kind == "atmost" and not c.left.scalar and c.left.names >= {u}:
            rest = c.left - p if c.left.terms.get(next(iter(p.terms))) == 1 else c.left + p
            if u in rest.names:
                return "an inequality that is not a bound on the entries"
            if rest == c.left - p:
                high = -rest if high is None else "twice"  # type: ignore[assignment]
            else:
                low = rest if low is None or low.zero else "twice"  # type: ignore[assignment]
        elif (
            c.kind == "atmost"
            and c.left.scalar
            and total is None
            and found is None
            and (b := _ball(c, u, system)) is not None
        ):
            found, total = b
        elif c.kind == "atmost" and c.left.scalar and total is None and found is None and affine(c.left, (u,)):
            found, total = "halfspace", c.left
        elif c.kind == "zero" and p.rows == p.cols and not p.scalar and c.left in (p + p.T, -(p + p.T)):
            found = "skew"
        else:
            return "a constraint that this strategy does not know"
    if isinstance(low, str) or isinstance(high, str):
        return "two bounds on the same side"
    if found == "psd":
        return (
            Set("spectrahedron" if total is not None else "psd", total=total, upto=upto)
            if low is None and high is None
            else "psd with bounds"
        )
    if found is not None:
        return Set(found, total=total) if low is None and high is None else "a ball with bounds"
    if total is not None:
        if low is not None and low.zero and high is None:
            return Set("simplex", total=total)
        return "a sum without bounds below" if low is None else "a sum with bounds"
    return Set("box", low, high) if low is not None or high is not None else None


def sum_equals(c: Constraint, p: Poly) -> Poly | None:
    """t where the constraint says that the entries sum to t (the trace, for a matrix)."""
    for body in [w.ones(p.rows).T * p] if p.cols == ONE else [w.trace(p)] if p.rows == p.cols else []:
        for s in (1, -1):
            rest = body - w.scale(c.left, s)
            if not rest.names & p.names:
                return rest
    return None


def _ball(c: Constraint, u: str, system: MatrixSystem) -> tuple[str, Poly] | None:
    inside = [(m, x) for (m, _), x in c.left.terms.items() if any(u in a.names for a, _ in m)]
    if len(inside) != 1 or len(inside[0][0]) != 1 or inside[0][1] <= 0:
        return None
    ((a, e),) = inside[0][0]
    radius = w.scale(-(c.left - Poly(ONE, ONE, {(inside[0][0], ()): inside[0][1]})), 1 / inside[0][1])
    kind = penalty(a, e, u)
    if kind in ("norm", "norm1") and sign(radius, system.facts) == 2:
        return ("ball" if kind == "norm" else "ball1"), radius
    if penalty(a, Fraction(1, 2), u) == "norm" and e == 1 and sign(radius, system.facts) == 2:
        return "ball", power(radius, Fraction(1, 2))
    return None
