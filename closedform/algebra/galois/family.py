"""Polynomials with parameters: formulas in radicals for their roots over Q(parameters), or proof that there are none.

Unsolvable: one rational specialisation of the same degree, irreducible with an insoluble group, decides for the family
(specialisation: the group over Q is a subgroup of that over Q(parameters)); the kernel repeats it. Solvable: degree at
most four, or a decomposition over Q(parameters) into pieces of Ritt's theorem (degree <= 4, powers, Chebyshev).

Not elementary either: where one parameter t enters as N(x) - t D(x), N and D coprime, and a specialisation of the
others gives a group containing A_n, n >= 5, the monodromy group contains A_n too (it is normal in the group over Q(t),
and f is irreducible over C(t)), so x(t) is no elementary function and no quadrature (Khovanskii, *Topological Galois
Theory*, 2014). That is a statement about the function, not about single numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import factorial

from flint import fmpq, fmpq_mpoly, fmpq_poly, fmpz_poly

from closedform.algebra.galois.decide import Decision, decide
from closedform.budget import Budget
from closedform.frozen import record
from closedform.kernel.certificate import Certificate
from closedform.kernel.reading import Json

WITNESSES = 150
Coefficients = list[fmpq_mpoly]  # of a polynomial in the unknown, constant first, in the parameters


@record
class FamilyDecision:
    """``solvable``: is there a formula in radicals over Q(parameters)? ``not_elementary`` a proved statement, or ""."""

    solvable: bool | None
    reason: str
    certificate: Certificate | None = None
    witness: tuple[tuple[str, fmpq], ...] = ()
    group: str | None = None
    order: int | None = None
    not_elementary: str = ""


def coefficients_in(f: fmpq_mpoly, x: int) -> Coefficients:
    """The coefficients of f by powers of its generator number x."""
    context = f.context()
    out = list[dict[tuple[int, ...], fmpq]]([{} for _ in range(int(f.degrees()[x]) + 1)])
    for exponents, c in f.to_dict().items():
        rest = tuple(0 if i == x else int(e) for i, e in enumerate(exponents))
        out[int(exponents[x])][rest] = c
    return [context.from_dict(d) for d in out]


def decide_family(f: fmpq_mpoly, unknown: str, parameters: tuple[str, ...], budget: Budget) -> FamilyDecision:
    """The answer for f, irreducible over Q(parameters), whose context has the names (unknown, *parameters)."""
    coefficients = coefficients_in(f, 0)
    n = len(coefficients) - 1
    if n <= 4:
        return FamilyDecision(True, f"degree {n} in {unknown}: the formulas of degree at most four hold for symbols")
    reason = ritt(coefficients)
    if reason:
        return FamilyDecision(True, reason)
    for at in _witnesses(parameters):
        budget.check()
        special = specialise(coefficients, dict(zip(parameters, at, strict=True)), parameters)
        if special.degree() != n or len(special.factor()[1]) != 1 or special.factor()[1][0][1] != 1:
            continue
        decision = decide(special, budget.share(2))
        if decision.solvable is False and decision.certificate is not None:
            values = tuple(zip(parameters, at, strict=True))
            evidence: dict[str, Json] = {
                "at": {name: str(v) for name, v in values},
                "proof": decision.certificate.evidence,
            }
            claim: dict[str, Json] = {
                "kind": "unsolvable_family",
                "polynomial": tree_of(f, (unknown, *parameters)),
                "unknown": unknown,
                "parameters": list(parameters),
            }
            shown = ", ".join(f"{name} = {v}" for name, v in values)
            reason = f"no formula in radicals holds for all values, since it has none for {shown}: {decision.reason}"
            full = _contains_alternating(decision, n)
            elementary = _not_elementary(coefficients, unknown, parameters, at) if full else ""
            group, order = (f"S{n}", factorial(n)) if decision.group == f"S{n}" else (None, None)
            return FamilyDecision(False, reason, Certificate({}, claim, evidence), values, group, order, elementary)
    return FamilyDecision(None, "no decomposition, and no specialisation tried was proved to be unsolvable")


def _contains_alternating(decision: Decision, n: int) -> bool:
    return n >= 5 and decision.group in (f"S{n}", f"A{n}")


def _witnesses(parameters: tuple[str, ...]) -> Iterator[tuple[fmpq, ...]]:
    values = [fmpq(v) for v in (1, -1, 2, -2, 3, 5, -3, 7, -5, 11, 4, -7)]
    cells = product(range(len(values)), repeat=len(parameters)) if len(parameters) <= 3 else _sampled(len(parameters))
    ordered = sorted(cells, key=lambda c: (max(c), sum(c))) if len(parameters) <= 3 else list(cells)
    for cell in ordered[:WITNESSES]:
        yield tuple(values[i % len(values)] for i in cell)


def _sampled(count: int) -> Iterator[tuple[int, ...]]:
    """Deterministic tuples for many parameters (a linear congruence, no randomness)."""
    state = 1
    for _ in range(WITNESSES):
        out = list[int]()
        for _ in range(count):
            state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
            out.append(state >> 59)
        yield tuple(out)


def specialise(coefficients: Coefficients, at: dict[str, fmpq], parameters: tuple[str, ...]) -> fmpz_poly:
    """The polynomial over Z (content removed) for given values of the parameters."""
    values = [fmpq(0), *(at[p] for p in parameters)]
    return fmpq_poly([c(*values) for c in coefficients]).numer()


def tree_of(f: fmpq_mpoly, names: tuple[str, ...]) -> Json:
    """The polynomial as the kernel's expression tree."""
    terms = list[Json]()
    for exponents, c in f.to_dict().items():
        factors: list[Json] = [] if c == 1 and any(exponents) else [str(c)]
        for key, e in zip(names, exponents, strict=True):
            if e:
                factors.append(key if e == 1 else ["^", key, str(int(e))])
        terms.append(factors[0] if len(factors) == 1 else ["*", *factors])
    return terms[0] if len(terms) == 1 else ["+", *terms]


# -- solvable by decomposition ---------------------------------------------------------------------------------------


Piece = tuple[str, Coefficients]  # why h(x) = b is solvable for every b, and the monic h


def ritt(coefficients: Coefficients) -> str:
    """A sentence when f decomposes over Q(parameters) into pieces that are always solvable; else empty."""
    pieces = [why for why, _ in pieces_of(monic_of(coefficients))]
    return f"a composition of {' and '.join(pieces)} (Ritt 1922)" if pieces else ""


def monic_of(coefficients: Coefficients) -> Coefficients:
    """The monic polynomial of (leading coefficient)*x."""
    lead, n = coefficients[-1], len(coefficients) - 1
    return [c * lead ** (n - 1 - i) for i, c in enumerate(coefficients[:-1])] + [lead**0]


def pieces_of(f: Coefficients) -> list[Piece]:
    """h_1, ..., h_r with f = h_r(...(h_1(x))), monic f, each always solvable; empty when none were found."""
    n = len(f) - 1
    whole = _always(f)
    if whole:
        return [(whole, f)]
    for d in range(2, n):
        if n % d == 0:
            h = _inner(f, d)
            g = _outer(f, h)
            piece = _always(h) if g is not None else ""
            if g is not None and piece:
                rest = pieces_of(g)
                if rest:
                    return [(piece, h), *rest]
    return []


def _inner(f: Coefficients, d: int) -> Coefficients:
    """As ``decompose.inner``, over Q[parameters]; only integers are divided by."""
    n, one = len(f) - 1, f[-1]
    r = n // d
    a = [f[n - i] for i in range(d)]
    b = [one]
    for k in range(1, d):
        total = one * 0
        for i in range(1, k + 1):
            total = total + a[i] * b[k - i] * (fmpq(i, r) - (k - i))
        b.append(total * fmpq(1, k))
    return [one * 0, *b[1:][::-1], one]


def _outer(f: Coefficients, h: Coefficients) -> Coefficients | None:
    d, rest, digits = len(h) - 1, list(f), list[fmpq_mpoly]()
    while rest:
        quotient = list[fmpq_mpoly]()
        while len(rest) > d:  # long division by the monic h
            top = rest.pop()
            quotient.append(top)
            for i in range(d):
                rest[len(rest) - d + i] = rest[len(rest) - d + i] - top * h[i]
        if any(not c.is_zero() for c in rest[1:]):
            return None
        digits.append(rest[0])
        rest = quotient[::-1]
    return digits


def _always(h: Coefficients) -> str:
    """Why h(x) = b is solvable for every b, h monic: degree, a power, or a Chebyshev polynomial, after a shift."""
    d, one = len(h) - 1, h[-1]
    if d <= 4:
        return f"degree {d}"
    shift = h[d - 1] * fmpq(-1, d)
    centred = [one * 0]
    for c in h[::-1]:  # Horner in x + shift
        moved = [one * 0, *centred]
        centred = [
            moved[i] + (centred[i] * shift if i < len(centred) else one * 0) + (c if i == 0 else one * 0)
            for i in range(len(moved))
        ]
    if all(c.is_zero() for c in centred[1:d]):
        return f"a power of degree {d}"
    c = centred[d - 2] * fmpq(-1, d)
    before, current = [one * 2], [one * 0, one]
    for _ in range(d - 1):
        following = [one * 0, *current]
        for i, value in enumerate(before):
            following[i] = following[i] - c * value
        before, current = current, following
    same = all((current[i] - centred[i]).is_zero() for i in range(1, d))
    return f"a Chebyshev polynomial of degree {d}" if same else ""


# -- not elementary --------------------------------------------------------------------------------------------------


def _not_elementary(coefficients: Coefficients, x: str, parameters: tuple[str, ...], at: tuple[fmpq, ...]) -> str:
    """The sentence of the module's docstring for the first parameter that enters linearly, or empty."""
    for k, t in enumerate(parameters):
        if max(int(c.degrees()[k + 1]) for c in coefficients) != 1:
            continue
        at_zero = [fmpq(0), *(fmpq(0) if i == k else v for i, v in enumerate(at))]
        at_one = [fmpq(0), *(fmpq(1) if i == k else v for i, v in enumerate(at))]
        low = fmpq_poly([c(*at_zero) for c in coefficients])
        slope = fmpq_poly([c(*at_one) for c in coefficients]) - low
        if slope.is_zero() or low.gcd(slope).degree() > 0:
            continue
        others = ", ".join(f"{p} = {v}" for p, v in zip(parameters, at, strict=True) if p != t)
        where = f" (for {others})" if others else ""
        return (
            f"{x} as a function of {t}{where} is not representable by elementary functions or quadratures: its "
            f"monodromy group contains the alternating group A{len(coefficients) - 1} (Jordan; Khovanskii 2014)"
        )
    return ""
