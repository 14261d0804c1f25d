"""Zero-dimensional polynomial systems over Q: all complex zeros, as one univariate polynomial and rational functions.

The way: unknowns that occur linearly with a constant factor are eliminated; a Groebner basis modulo a prime (F4) gives
the number of zeros and a univariate form; Newton's iteration lifts the form to Q; exact substitution proves that every
root of its polynomial ``q`` is a zero of the system, all distinct. Multiple zeros are made simple first by adding the
squarefree parts of the unknowns' eliminants (Seidenberg's lemma), found modulo several primes. Where msolve is installed
the form comes from it, and is proved by the same substitution.

Why there are no more zeros, ``SystemSolution.completeness`` says:

* ``bezout``: as many distinct zeros as the product of the degrees (Bezout; Fulton, *Intersection theory*, 8.4.6);
* ``multiples``: as many as standard monomials, to which multiples of the equations reduce all others (see ``counting``);
* ``engines``: two engines agree, FLINT's Groebner basis over Q and F4 modulo a prime;
* ``primes``: F4 modulo two primes only. Finitely many primes are unlucky, so nothing is proved;
* empty: not even that was reached in time.

With one of the first three a caller may say ``complete`` (trust "derived"); on two primes the count is only observed.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

from flint import Ordering, fmpq_mpoly, fmpz, fmpz_mpoly, fmpz_mpoly_ctx, fmpz_poly, nmod_poly

from closedform.algebra.polynomial_systems.basis import Monomials, Row, groebner
from closedform.algebra.polynomial_systems.counting import multiples, solved_for
from closedform.algebra.polynomial_systems.lift import Parametrisation, Terms, are_isolated, lift, reconstruct_all
from closedform.algebra.polynomial_systems.msolve import zeros_by_msolve
from closedform.algebra.polynomial_systems.quotient import (
    QuotientAlgebra,
    Univariate,
    dimension,
    is_basis,
    minimal_polynomial,
    quotient,
    univariate,
)
from closedform.algebra.polynomial_systems.rational import basis as basis_over_q
from closedform.algebra.polynomial_systems.rational import leading_monomials
from closedform.algebra.polynomial_systems.solution import SystemSolution
from closedform.algebra.polynomial_systems.univariate_roots import count_real
from closedform.budget import Budget
from closedform.errors import OutOfTime
from closedform.kernel.reading import Json

LARGE = 30  # zeros that the degrees allow, from which on another process is worth its start
PRIMES = (
    2147483629,
    2147483587,
    2147483579,
    2147483563,
    2147483549,
    2147483543,
    2147483497,
    2147483489,
    2147483477,
    2147483423,
    2147483399,
    2147483353,
    2147483323,
    2147483269,
    2147483249,
    2147483237,
    2147483179,
    2147483171,
    2147483137,
    2147483123,
    2147483077,
    2147483069,
    2147483059,
    2147483053,
    2147483033,
    2147483029,
    2147482951,
    2147482949,
    2147482943,
    2147482937,
    2147482921,
    2147482877,
    2147482873,
    2147482867,
    2147482859,
    2147482819,
    2147482817,
    2147482811,
    2147482801,
    2147482763,
)


def solve_system(
    equations: Sequence[fmpq_mpoly], names: Sequence[str], nonzero: Sequence[fmpq_mpoly], budget: Budget
) -> SystemSolution:
    """All common zeros of the equations at which no ``nonzero`` polynomial vanishes.

    The polynomials live in one ring with generators ``names``. Zeros found are exact and proved; see the module for
    what is said of their number. A run that does not finish says so in ``reason`` and leaves ``space`` None.
    """
    names = tuple(names)
    work: list[Terms] = [_integral(f) for f in equations if not f.is_zero()]
    for h in nonzero:  # Rabinowitsch: one further unknown w with w h = 1 for each
        if not h.is_constant():
            k = max((len(e) for f in work for e in f), default=len(names))
            work = [{(*e, 0): c for e, c in f.items()} for f in work]
            inverse = Terms()
            for e, c in _integral(h).items():
                inverse[(*e, *(0,) * (k - len(e)), 1)] = c
            inverse[(0,) * (k + 1)] = -1
            work.append(inverse)
    total = max((len(next(iter(f))) for f in work), default=len(names))
    work = [{e + (0,) * (total - len(e)): c for e, c in f.items()} for f in work]
    if not work:
        return SystemSolution(names, len(names), reason="no equation is left")
    if any(not any(e for m in f for e in m) for f in work):
        return SystemSolution(
            names, -1, 0, 0, 0, complete=True, completeness="bezout", reason="an equation is a nonzero constant"
        )
    try:
        return _solve(work, names, total, budget)
    except OutOfTime:
        return SystemSolution(names, None, reason="the time ran out before all zeros were found")
    except MemoryError as large:
        return SystemSolution(names, None, reason=f"the system is too large: {large}")
    except OverflowError:
        return SystemSolution(names, None, reason="a degree is too large")


def _solve(work: list[Terms], names: tuple[str, ...], total: int, budget: Budget) -> SystemSolution:
    times = dict[str, float]()
    kept, eliminated, system = eliminate_linear(work, total)
    if any(not any(any(e) for e in f) for f in system):
        return SystemSolution(
            names,
            -1,
            0,
            0,
            0,
            complete=True,
            completeness="bezout",
            bound=_bezout(work, names, total, eliminated),
            reason="the equations contradict each other",
        )
    k = len(kept)
    begin = time.perf_counter()
    p = PRIMES[0]
    most = math.prod(max(sum(e) for e in f) for f in system) if len(system) == k else None  # zeros, if finitely many
    form = zeros_by_msolve(system, k, budget) if k > 1 and (most or LARGE) >= LARGE else None
    if form is not None:
        times["msolve"] = time.perf_counter() - begin
        if most is not None and form.q.degree() == most and are_isolated(form, system, p):
            bound = _bezout(work, names, total, eliminated)
            return _finished(names, kept, eliminated, form, most, ("bezout", bound), times, budget)
    begin = time.perf_counter()
    ring, basis = _basis(system, k, p, budget) if k else (None, [])
    times["basis"] = time.perf_counter() - begin
    if ring is None:
        form = Parametrisation((), fmpz_poly([0, 1]), (), fmpz_poly([1]))
        return _finished(
            names, kept, eliminated, form, 1, ("bezout", _bezout(work, names, total, eliminated)), times, budget
        )
    space = dimension([ring.unpack(row[0][0]) for row in basis], k)
    if space > 0:
        return SystemSolution(names, space, reason=f"the zero set has dimension {space} (observed modulo a prime)")
    if space < 0:
        bound = multiples(work, eliminated, kept, (), budget)
        completeness = (
            "multiples" if bound else "engines" if _over_q(system, k, times["basis"], budget) == 0 else "primes"
        )
        if total > len(names):
            bound = None
        return SystemSolution(
            names,
            -1,
            0,
            0,
            0,
            complete=completeness != "primes",
            completeness=completeness,
            bound=bound,
            reason="1 is in the ideal",
        )
    small = quotient(ring, basis, p, budget)
    if small is None:
        return SystemSolution(names, 0, reason="there are too many zeros")
    degree = small.dimension
    if form is None or form.q.degree() != degree:
        start = univariate(small, budget)
        lifted = system
        if start is None:
            lifted, start = _simple(system, k, p, small, budget)
            if start is None:
                return SystemSolution(names, 0, degree=degree, reason="the multiple zeros did not separate")
        times["univariate"] = time.perf_counter() - begin
        form = lift(lifted, start, p, budget)
        times["lift"] = time.perf_counter() - begin
    if form is None:
        return SystemSolution(names, 0, degree=degree, reason="the univariate form did not lift to the rationals")
    completeness, bound = "", None
    if form.q.degree() == most:
        completeness, bound = "bezout", _bezout(work, names, total, eliminated)
    elif form.q.degree() == degree:
        bound = multiples(work, eliminated, kept, [ring.unpack(m) for m in small.standard], budget)
        completeness = "multiples" if bound else ""
    completeness = completeness or _by_engines(system, k, degree, times["basis"], budget)
    times["completeness"] = time.perf_counter() - begin
    if total > len(names):  # with unknowns that the equations as written do not have
        bound = None
    return _finished(names, kept, eliminated, form, degree, (completeness, bound), times, budget)


def _bezout(
    work: list[Terms], names: tuple[str, ...], total: int, eliminated: list[tuple[int, Terms, int]]
) -> dict[str, Json] | None:
    solved, _ = solved_for(work, eliminated, total)
    return None if solved is None or total > len(names) else {"method": "bezout", "solved": solved}


def _basis(system: list[Terms], k: int, p: int, budget: Budget) -> tuple[Monomials, list[Row]]:
    return groebner(system, k, p, budget, enough=lambda ring, rows: is_basis(ring, rows, system, p, budget))


def _finished(
    names: tuple[str, ...],
    kept: list[int],
    eliminated: list[tuple[int, Terms, int]],
    form: Parametrisation,
    degree: int,
    why: tuple[str, dict[str, Json] | None],
    times: dict[str, float],
    budget: Budget,
) -> SystemSolution:
    budget.check()
    factors = tuple(sorted((f for f, _ in form.q.factor()[1]), key=lambda f: (f.degree(), str(f))))
    real = sum(count_real(f) for f in factors)
    return SystemSolution(
        names,
        0,
        int(form.q.degree()),
        real,
        degree,
        form,
        tuple(kept),
        tuple(eliminated),
        factors,
        why[0] in ("bezout", "multiples", "engines"),
        *why,
        "",
        times,
    )


def _by_engines(system: list[Terms], k: int, degree: int, seconds: float, budget: Budget) -> str:
    if _over_q(system, k, seconds, budget) == degree:
        return "engines"
    if seconds > min(5.0, budget.remaining / 4):
        return ""
    try:
        ring, basis = _basis(system, k, PRIMES[1], budget.share(budget.remaining / 2))
        second = quotient(ring, basis, PRIMES[1], budget)
    except (OutOfTime, MemoryError):
        return ""
    return "primes" if second is not None and second.dimension == degree else ""


def _over_q(system: list[Terms], k: int, seconds: float, budget: Budget) -> int | None:
    """D from FLINT's Groebner basis over Q, where that comes cheaply; None otherwise.

    ``seconds`` is what the modular basis took: the rational one is tried in this process while that was little, then
    in one of its own.
    """
    if seconds > 3:
        return None
    leading = basis_over_q(system, k, (100, 500, 3000)) if seconds < 0.3 else None
    if leading is None:
        leading = leading_monomials(system, k, min(6.0, budget.remaining / 6))
    if leading is None:
        return None
    if any(not any(e) for e in leading):
        return 0
    layer, count = {(0,) * k}, 0
    while layer and count <= 2000:
        layer = {m for m in layer if not any(all(a >= b for a, b in zip(m, e, strict=True)) for e in leading)}
        count += len(layer)
        layer = {(*m[:i], m[i] + 1, *m[i + 1 :]) for m in layer for i in range(k)}
    return count


# -- preparation -------------------------------------------------------------------------------------------------


def _integral(f: fmpq_mpoly) -> Terms:
    """The polynomial times the common denominator, divided by its content."""
    scale, content = fmpz(1), fmpz(0)
    for c in f.coeffs():
        scale = scale.lcm(c.q)
    terms = {tuple(int(v) for v in e): (c * scale).p for e, c in f.to_dict().items()}
    for c in terms.values():
        content = content.gcd(c)
    return {e: int(c // content) for e, c in terms.items()}


def eliminate_linear(
    system: list[Terms], n: int, longest: int = 8
) -> tuple[list[int], list[tuple[int, Terms, int]], list[Terms]]:
    """Solve short equations for an unknown that stands in them once, linearly and with a constant factor.

    Returns the unknowns kept (by old index), what was eliminated as (index, terms, scale): x = terms / scale over the
    old unknowns, and the system in the kept ones.
    """
    ring = fmpz_mpoly_ctx.get(tuple(f"x{i}" for i in range(n)), Ordering.degrevlex)
    gens = ring.gens()
    polynomials = [ring.from_dict(f) for f in system]
    eliminated = list[tuple[int, Terms, int]]()
    gone = set[int]()
    while True:
        polynomials = list({str(f): f for f in (g.primitive()[1] for g in polynomials if not g.is_zero())}.values())
        step = _linear_step(polynomials, gone, longest)
        if step is None:
            break
        f, i = step
        factor = f.derivative(i)
        rest, scale = factor * gens[i] - f, int(factor.leading_coefficient())
        new = list[fmpz_mpoly]()
        for g in polynomials:
            if g is f:
                continue
            power = int(g.degrees()[i])
            if power == 0:
                new.append(g)
                continue
            parts: dict[int, dict[tuple[int, ...], int]] = {}
            for e, c in g.to_dict().items():
                parts.setdefault(int(e[i]), {})[(*e[:i], 0, *e[i + 1 :])] = int(c)
            new.append(
                sum((ring.from_dict(d) * rest**j * scale ** (power - j) for j, d in parts.items()), ring.constant(0))
            )
        polynomials = new
        gone.add(i)
        eliminated.append((i, {tuple(int(v) for v in e): int(c) for e, c in rest.to_dict().items()}, scale))
    kept = [i for i in range(n) if i not in gone]
    out = [{tuple(int(e[i]) for i in kept): int(c) for e, c in f.to_dict().items()} for f in polynomials]
    return kept, eliminated, out


def _linear_step(polynomials: list[fmpz_mpoly], gone: set[int], longest: int) -> tuple[fmpz_mpoly, int] | None:
    """An equation and the unknown that it is solved for, shortest equations first."""
    for f in sorted(polynomials, key=len):
        if len(f) > longest or f.total_degree() > 3:
            continue
        for i, d in enumerate(f.degrees()):
            if d == 1 and i not in gone and f.derivative(i).is_constant():
                others = [int(g.degrees()[i]) for g in polynomials if g is not f]
                if len(f) <= 2 or f.total_degree() == 1 or max(others, default=0) <= 2:
                    return f, i
    return None


def _simple(
    system: list[Terms], k: int, p: int, small: QuotientAlgebra, budget: Budget
) -> tuple[list[Terms], Univariate | None]:
    """The system with the squarefree eliminant of each unknown added: the same zeros, each simple."""
    eliminants = [[minimal_polynomial(small, i)] for i in range(k)]
    squarefree: list[Terms | None] = [None] * k
    used = [p]
    for prime in PRIMES[1:]:
        budget.check()
        ring, basis = groebner(system, k, prime, budget)
        other = quotient(ring, basis, prime, budget)
        if other is None or other.dimension != small.dimension:
            continue
        used.append(prime)
        for i in range(k):
            eliminants[i].append(minimal_polynomial(other, i))
        modulus = 1
        for q in used:
            modulus *= q
        for i in range(k):
            if squarefree[i] is None:
                squarefree[i] = _squarefree(eliminants[i], used, modulus, i, k)
        if all(s is not None for s in squarefree):
            break
    more = [*system, *(s for s in squarefree if s is not None)]
    ring, basis = groebner(more, k, p, budget)
    fewer = quotient(ring, basis, p, budget)
    return more, (univariate(fewer, budget) if fewer is not None else None)


def _squarefree(residues: list[nmod_poly], primes: list[int], modulus: int, i: int, k: int) -> Terms | None:
    degree = max(r.degree() for r in residues)
    if any(r.degree() != degree for r in residues):
        return None
    values = list[int]()
    for j in range(degree + 1):
        c = 0
        for r, q in zip(residues, primes, strict=True):
            other = modulus // q
            c += int(r[j]) * other * pow(other, -1, q)
        values.append(c % modulus)
    found = reconstruct_all(values, modulus)
    if found is None:
        return None
    whole = fmpz_poly(found[0])
    part = whole // whole.gcd(whole.derivative()) if degree else whole
    return {tuple(j if m == i else 0 for m in range(k)): int(c) for j, c in enumerate(part.coeffs()) if c}
