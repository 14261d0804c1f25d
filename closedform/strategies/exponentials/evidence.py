"""Certificates for the kernel: the eliminant of an exponential system with its positive roots."""

from __future__ import annotations

import flint
from flint import fmpz_mpoly

from closedform.algebra.roots import exact, isolate_real
from closedform.enclosures.certified import certified
from closedform.kernel.algebra.exponentials import Field
from closedform.kernel.certificate import Certificate
from closedform.kernel.reading import Json, Refused
from closedform.strategies.exponentials.division import coefficients, dense, variables
from closedform.strategies.exponentials.field import (
    ExponentialSystem,
    NotExponential,
    polynomial_json,
    statement_json,
    substitution_json,
)
from closedform.strategies.exponentials.kinds import sign

MAX_TERMS = 3_000


def eliminant_certificate(where: ExponentialSystem) -> tuple[Certificate, fmpz_mpoly] | None:
    """The claim that every real critical point has f(t) = 0, and f: one exponential, at most one linear unknown.

    With one unknown in all the claim also lists an interval for each positive root: these are all critical points.
    """
    fld = where.field
    names = [u.name for u in where.system.unknowns]
    others = [u for u, how in where.of.items() if how is None]
    exponentials = [u for u, how in where.of.items() if how is not None]
    if where.loss is None or len(exponentials) != 1 or len(others) > 1 or where.parameters:
        return None
    how = where.of[exponentials[0]]
    t = how[0] if how is not None else ""
    try:
        statement = statement_json(where.system)
    except NotExponential:
        return None
    slope = where.quotients[names.index(exponentials[0])][0]
    if not others:
        cofactors, whole = [fld.one], slope
    else:
        linear = where.quotients[names.index(others[0])][0]
        divided = _pseudo_division(slope, linear, others[0], fld)
        if divided is None:
            return None
        power, quotient, whole = divided
        cofactors = [fld.one] * len(names)
        cofactors[names.index(exponentials[0])], cofactors[names.index(others[0])] = power, quotient * -1
    if whole.is_zero() or variables(whole, fld) - {t}:
        return None
    goal, nonvanishing = fld.one, list[fmpz_mpoly]()
    constant, factors = whole.factor()
    for f, e in factors:
        if sign(f, fld) != 0 or (len(variables(f, fld)) == 1 and not positive_roots(f, t, fld)):
            nonvanishing.append(f**e)
        else:
            goal = goal * f
            nonvanishing += [f] * (e - 1)
    nonvanishing.append(fld.one * constant)
    if sum(len(c) for c in cofactors) + len(goal) > MAX_TERMS:
        return None
    claim: dict[str, Json] = {
        "kind": "exponential_eliminant",
        "substitution": substitution_json(fld),
        "names": list(fld.names[len(fld.scales) :]),
        "polynomial": polynomial_json(goal),
    }
    if not others and len(names) == 1 and not where.system.relations:
        intervals = _intervals(goal, t, fld)
        if intervals is not None:
            claim["roots"] = intervals
    evidence: dict[str, Json] = {
        "cofactors": [polynomial_json(c) for c in cofactors],
        "nonvanishing": [polynomial_json(f) for f in nonvanishing],
    }
    try:
        return certified(statement, claim, evidence), goal
    except Refused:
        return None


def positive_roots(f: fmpz_mpoly, t: str, fld: Field) -> int:
    return sum(1 for z, _ in isolate_real(dense(f, t, fld)) if z > 0)


def _pseudo_division(
    p: fmpz_mpoly, q: fmpz_mpoly, name: str, fld: Field
) -> tuple[fmpz_mpoly, fmpz_mpoly, fmpz_mpoly] | None:
    """(c^k, Q, R) with c^k p = Q q + R, where q = c*name + ... is linear in ``name`` and R is free of it."""
    i, x = fld.names.index(name), fld.generator[name]
    parts = coefficients(q, name, fld)
    if len(parts) != 2:
        return None
    power, quotient = fld.one, fld.one * 0
    while not p.is_zero() and p.degrees()[i] > 0:
        k = p.degrees()[i]
        lead = coefficients(p, name, fld)[-1] * x ** (k - 1)
        p = p * parts[1] - lead * q
        power, quotient = power * parts[1], quotient * parts[1] + lead
    return power, quotient, p


def _intervals(goal: fmpz_mpoly, t: str, fld: Field) -> Json:
    """Short rational intervals, one around each positive root, with a change of sign."""
    f = dense(goal, t, fld)
    f = f // f.gcd(f.derivative()) if f.degree() > 0 else f
    out = list[Json]()
    if f.degree() < 1:
        return out
    with flint.ctx.workprec(128):
        for ball, _ in isolate_real(f, 128):
            if not ball > 0:
                continue
            middle, radius = exact(ball.mid()), exact(ball.rad())
            if f(middle) == 0:
                out.append([str(middle), str(middle)])
                continue
            places = 30
            while True:
                scale = 10**places
                low, high = ((middle - radius) * scale).floor(), ((middle + radius) * scale).ceil()
                low_q, high_q = (low - 1, high + 1)
                if f(_over(low_q, scale)) * f(_over(high_q, scale)) < 0:
                    out.append([str(_over(low_q, scale)), str(_over(high_q, scale))])
                    break
                places += 30
                if places > 2000:
                    return None
    return out


def _over(a: flint.fmpz, b: int) -> flint.fmpq:
    return flint.fmpq(a, b)
