"""Solvable by radicals, or proven not: the decision for one irreducible polynomial over Q, of any degree.

``decide(f, budget)`` goes from cheap to dear: degree at most four, binomials and cyclotomic polynomials; cycle types
of Frobenius elements against the envelope of solvable groups (proves unsolvability); a maximal tower of subfields
with a proof for each step (proves solvability), where an unsolvable subfield or a primitive group of a degree that is
no prime power proves unsolvability; then many more primes. Unsolvable answers carry a certificate for the kernel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from flint import fmpq_poly, fmpz, fmpz_poly

from closedform.algebra.galois.decompose import subfield_of_composition
from closedform.algebra.galois.explain import in_a_sentence, seen_types
from closedform.algebra.galois.frobenius import automorphism
from closedform.algebra.galois.labels import Label, label
from closedform.algebra.galois.steps import step_proof
from closedform.algebra.galois.subfields import (
    Blocks,
    Subfield,
    TooLarge,
    block_systems,
    chain,
    field_of,
    monic,
    pair_orbits,
)
from closedform.budget import Budget
from closedform.errors import OutOfTime
from closedform.frozen import record
from closedform.kernel.algebra.fields import MAX_FACTORED
from closedform.kernel.algebra.solvable_groups import solvable_envelope_excludes
from closedform.kernel.certificate import Certificate
from closedform.kernel.claims.solvable import prove_solvable, shape
from closedform.kernel.claims.unsolvable import prove_unsolvable, reduced_type, sums
from closedform.kernel.reading import Json, Refused

FIRST_PRIMES, SOME_PRIMES, MORE_PRIMES = 12, 60, 2_000
MAX_RECURSION = 6
MAX_NAMING = 20.0  # seconds; a name takes 2 at most on an idle machine, and nothing else depends on it

Type = tuple[int, ...]


@record
class Decision:
    """The answer for one irreducible polynomial.

    ``solvable`` is None only where nothing was proved, and ``reason`` then says what was tried. ``group``, ``order``
    and ``transitive`` ("5T2") are given where they are proved, else None; ``argument`` proves them, sentence by
    sentence. ``certificate`` is accepted by the kernel: always there where ``solvable`` is False, and where it is True for
    all but a few proofs by theorems on orbits. ``tower`` holds the degrees of the steps that prove solvability.
    """

    solvable: bool | None
    reason: str
    group: str | None = None
    order: int | None = None
    transitive: str | None = None
    certificate: Certificate | None = None
    tower: tuple[int, ...] = ()
    argument: tuple[str, ...] = ()


def certificate_of(
    f: fmpz_poly, solvable: bool, evidence: dict[str, Json], whole: fmpz_poly | None = None
) -> Certificate:
    """The certificate that f, a factor of ``whole``, has all its roots in radicals, or none."""
    statement: dict[str, Json] = {"polynomial": texts(f if whole is None else whole)}
    kind = "solvable" if solvable else "unsolvable"
    return Certificate(statement, {"kind": kind, "polynomial": texts(f)}, evidence)


def texts(f: fmpz_poly) -> list[Json]:
    return [str(c) for c in f.coeffs()]


def primes() -> Iterator[int]:
    """2, 3, 5, ... without end."""
    p = 2
    while True:
        if fmpz(p).is_prime():
            yield p
        p += 1 if p == 2 else 2


def types_evidence(types: dict[Type, int]) -> dict[str, Json]:
    return {"types": [{"prime": str(p), "degrees": [str(d) for d in sorted(t)]} for t, p in types.items()]}


class _Observed:
    """Cycle types seen so far, with a prime for each, and what they prove."""

    def __init__(self, f: fmpz_poly) -> None:
        self.f, self.n = f, f.degree()
        self.types = dict[Type, int]()
        self._primes = primes()
        self.used, self.tried = 0, 0
        self.degrees = (1 << self.n + 1) - 1  # degrees that a factor over Q may have, as bits
        self.proof: dict[Type, int] | None = None

    def look(self, count: int, budget: Budget) -> bool:
        """Reduce modulo more good primes until ``count`` were used; True when the types exclude every solvable one."""
        fresh = False
        while self.used < count and not self.complete:
            p = next(self._primes)
            seen = reduced_type(self.f, p)
            budget.check()
            self.tried += 1
            if seen is None:
                if self.tried > 1_000 + 2 * self.used:
                    return False
                continue
            self.used += 1
            if seen not in self.types:
                self.types[seen] = p
                self.degrees &= sums(seen)
                fresh = True
                if self.proof is None and solvable_envelope_excludes(self.n, [seen]):
                    self.proof = {seen: p}
        if self.proof is None and fresh and solvable_envelope_excludes(self.n, list(self.types)):
            self.proof = self._thin(budget)
        if self.complete and self.n > MAX_FACTORED:
            self.proof = dict(self.types)
        return self.complete

    @property
    def complete(self) -> bool:
        """Is insolubility proved, and irreducibility too where the kernel will not factor over Q for it?"""
        return self.proof is not None and (self.n <= MAX_FACTORED or self.degrees == 1 | 1 << self.n)

    def _thin(self, budget: Budget) -> dict[Type, int]:
        """A subset of the types that still excludes, from which none can be left out."""
        kept = dict(self.types)
        for t in list(kept):
            budget.check()
            fewer = [s for s in kept if s != t]
            if fewer and solvable_envelope_excludes(self.n, fewer):
                del kept[t]
        return kept


def decide(f: fmpz_poly, budget: Budget) -> Decision:
    """Are the roots of f, irreducible over Q, expressible in radicals? Never guesses.

    >>> decide(fmpz_poly([-1, -1, 0, 0, 0, 1]), Budget.of(10)).solvable
    False
    >>> d = decide(fmpz_poly([-6, 1, -6, -6, 0, 1]), Budget.of(10)); d.solvable, d.group
    (True, 'D5')
    """
    try:
        decision = _decide(tuple(int(c) for c in f.coeffs()), budget, 0)
    except OutOfTime:
        return Decision(None, "the time ran out before anything was proved")
    return decision if decision.solvable is None or decision.group else _named(f, decision, budget)


def _named(f: fmpz_poly, decision: Decision, budget: Budget) -> Decision:
    """With the group's name, where it is proved in time."""
    key = tuple(int(c) for c in f.coeffs())
    found = _labels.get(key)
    if found is None:
        try:
            found = label(f, bool(decision.solvable), budget.share(min(MAX_NAMING, budget.remaining / 2)))
        except OutOfTime:
            found = Label()
        if len(_labels) > 256:
            _labels.clear()
        _labels[key] = found
    return replace(decision, group=found.group, order=found.order, transitive=found.transitive, argument=found.argument)


_labels: dict[tuple[int, ...], Label] = {}


def _decide(coefficients: tuple[int, ...], budget: Budget, depth: int) -> Decision:
    if coefficients in _known:
        return _known[coefficients]
    decision = _work(fmpz_poly(list(coefficients)), budget, depth)
    if len(_known) > 256:
        _known.clear()
    if decision.solvable is not None:
        _known[coefficients] = decision
    return decision


_known: dict[tuple[int, ...], Decision] = {}  # a subfield of one polynomial is often that of the next


def _work(f: fmpz_poly, budget: Budget, depth: int) -> Decision:
    n = f.degree()
    at_sight = shortcut(f)
    if at_sight:
        return Decision(True, at_sight, certificate=certificate_of(f, True, {"shape": True}), tower=(n,))
    observed = _Observed(f)
    if observed.look(FIRST_PRIMES, budget):
        return _unsolvable(f, types_evidence(observed.proof or {}))
    if depth > MAX_RECURSION:
        return Decision(None, "the tower is too deep")
    regular = (n,) in observed.types and all(len(set(t)) == 1 for t in observed.types)
    try:
        if regular and (found := automorphism(monic(f), observed.types[n,])) is not None:
            cyclic = _solvable(f, "", {"automorphism": texts(found)}, (n,))
            if cyclic.solvable:
                return replace(cyclic, group=f"C{n}", order=n, transitive=f"{n}T1", argument=(cyclic.reason,))
        answer = _by_composition(f, budget, depth) or _by_tower(f, budget, depth)
    except TooLarge as limit:
        answer = Decision(None, str(limit))
    if answer.solvable is None:
        for count in (SOME_PRIMES, MORE_PRIMES if n <= 60 else SOME_PRIMES):
            if observed.look(count, budget):
                return _unsolvable(f, types_evidence(observed.proof or {}))
    return answer


def _by_composition(f: fmpz_poly, budget: Budget, depth: int) -> Decision | None:
    """By f = g(h(x)) with h always solvable, which reduces the question to g, both ways; None when there is none."""
    found = subfield_of_composition(f)
    if found is None:
        return None
    outer, generator, piece = found
    lower = _decide(tuple(int(c) for c in outer.coeffs()), budget, depth + 1)
    if lower.solvable is False and lower.certificate is not None:
        return _through_subfield(f, outer, generator, lower.certificate)
    if lower.solvable is None:
        return None
    steps = (*lower.tower, f.degree() // outer.degree())
    reason = f"a step {piece} over a root of a solvable polynomial of degree {outer.degree()} ({lower.reason})"
    return _solvable(f, reason, _over(outer, generator, lower, {}), steps)


def _by_tower(f: fmpz_poly, budget: Budget, depth: int) -> Decision:
    n = f.degree()
    systems = block_systems(f)
    budget.check()
    if not systems:
        if len(list(fmpz(n).factor())) > 1:
            return _unsolvable(f, {"pairs": {"shift": str(pair_orbits(f).shift)}})
        return _by_step(f, (tuple(range(n)),), None, budget, depth)
    top = chain(f)[-1]
    undecided = None
    for system in (top, *(s for s in systems if len(s) >= 5 and s != top)):
        field = field_of(f, system)
        lower = _decide(tuple(int(c) for c in field.h.coeffs()), budget, depth + 1)
        if lower.solvable is False and lower.certificate is not None:
            return _through_subfield(f, field.h, field.g, lower.certificate)
        if system == top and lower.solvable:
            answer = _by_step(f, top, (field, lower), budget, depth)
            if answer.solvable is not None:
                return answer
            undecided = answer
        elif lower.solvable is None:
            undecided = Decision(None, f"the subfield of degree {len(system)} is undecided: {lower.reason}")
    return undecided or Decision(None, "no step of the tower was decided")


def _by_step(
    f: fmpz_poly, blocks: Blocks, below: tuple[Subfield, Decision] | None, budget: Budget, depth: int
) -> Decision:
    """The field of ``blocks`` is solvable, as decided ``below``; is the last step, up to the root field of f?"""
    degree = len(blocks[0])
    step = step_proof(monic(f), blocks, budget)
    if step is None:
        return Decision(None, f"the step of degree {degree} was not shown to be solvable, nor the contrary")
    reason, evidence = step.reason, step.evidence
    if step.classes is not None:
        classes = _decide(tuple(int(c) for c in step.classes.coeffs()), budget, depth + 1)
        if not classes.solvable:
            return Decision(None, f"the step of degree 8 is undecided: {classes.reason}")
        reason = f"{reason} ({classes.reason})"
        inside = evidence["inside"] if evidence is not None else None
        evidence = None
        if classes.certificate is not None and isinstance(inside, dict):
            whole: dict[str, Json] = {**inside, "proof": classes.certificate.evidence}
            evidence = dict[str, Json](inside=whole)
    if below is None:
        return _solvable(f, reason, evidence, (degree,))
    field, lower = below
    steps = (*lower.tower, degree)
    reason_given = f"tower of fields with steps {', '.join(map(str, steps))}; last step: {reason}"
    return _solvable(f, reason_given, None if evidence is None else _over(field.h, field.g, lower, evidence), steps)


def _over(h: fmpz_poly, g: fmpq_poly, lower: Decision, last: dict[str, Json]) -> dict[str, Json] | None:
    """The evidence by a subfield that is solvable itself; ``last`` is that of the step above it."""
    if lower.certificate is None:
        return None
    generator: list[Json] = [str(c) for c in g.coeffs()]
    return {"over": {"h": texts(h), "g": generator, "proof": lower.certificate.evidence, **last}}


def _through_subfield(f: fmpz_poly, h: fmpz_poly, g: fmpq_poly, lower: Certificate) -> Decision:
    generator: list[Json] = [str(c) for c in g.coeffs()]
    return _unsolvable(f, {"subfield": {"h": texts(h), "g": generator, "proof": lower.evidence}})


def _unsolvable(f: fmpz_poly, evidence: dict[str, Json]) -> Decision:
    try:
        reason = prove_unsolvable(f, evidence)
    except Refused as refused:  # never shown as unsolvable without the kernel's word
        return Decision(None, f"the evidence was refused: {refused}")
    if (seen := seen_types(evidence)) is not None:
        reason = in_a_sentence(seen, f.degree())
    return Decision(False, reason, certificate=certificate_of(f, False, evidence))


def _solvable(f: fmpz_poly, reason: str, evidence: dict[str, Json] | None, steps: tuple[int, ...]) -> Decision:
    """Solvable, as the kernel says where it is asked; without evidence for it, for the reason given."""
    if evidence is None:
        return Decision(True, reason, tower=steps)
    try:
        reason_given = prove_solvable(f, evidence)
    except Refused as refused:  # what the search came up with was no proof
        return Decision(None, f"the evidence was refused: {refused}")
    return Decision(True, reason or reason_given, certificate=certificate_of(f, True, evidence), tower=steps)


def shortcut(f: fmpz_poly) -> str:
    """A sentence when the roots are radicals at sight, else nothing."""
    try:
        return shape(f)
    except Refused:
        return ""
