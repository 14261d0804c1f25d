"""Polynomial systems with few unknowns, taken apart exactly: factors, linear unknowns, resultants.

Every solution with nonzero positive generators lies on exactly one branch, a curve, or in what is left open. A branch
is a rational univariate representation: one generator is a root of an irreducible eliminant, the others are quotients
of polynomials in it (Cox, Little, O'Shea, *Ideals, Varieties, and Algorithms*, ch. 3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from flint import fmpq_poly, fmpz_mpoly

from closedform.algebra.roots import isolate_real
from closedform.budget import Budget
from closedform.frozen import record
from closedform.kernel.algebra.exponentials import Field, Quotient
from closedform.strategies.exponentials.division import (
    coefficients,
    common_factor,
    dense,
    divides,
    last_linear,
    substituted,
    variables,
)

MAX_PIECES = 400
MAX_SIZE = 12_000  # terms of a polynomial that is still factored
MAX_RESULTANT = 1_200  # degree of a resultant that is worked out
MAX_COUNTED = 24  # degree of a factor without positive roots whose complex solutions are counted
MAX_SYLVESTER = 20  # symbols times degree, past which a resultant does not end


@record
class Branch:
    """``eliminant`` = 0 in ``main`` (None: nothing is left to solve); ``values`` in the order of evaluation."""

    main: str | None
    eliminant: fmpz_mpoly | None
    values: tuple[tuple[str, Quotient], ...]
    nonzero: tuple[fmpz_mpoly, ...] = ()
    vanishing: tuple[fmpz_mpoly, ...] = ()  # factors of the system that were set to zero on the way

    def degree(self, fld: Field) -> int:
        if self.eliminant is None or self.main is None:
            return 1
        return int(self.eliminant.degrees()[fld.names.index(self.main)])


@record
class Curve:
    """Fewer equations than unknowns: ``equations`` in ``free`` generators, the others by ``values``."""

    free: tuple[str, ...]
    equations: tuple[fmpz_mpoly, ...]
    values: tuple[tuple[str, Quotient], ...]


@dataclass
class Decomposition:
    """What a system falls into. ``exhaustive`` complex solutions too, not only those with positive generators."""

    branches: list[Branch] = field(default_factory=list[Branch])
    curves: list[Curve] = field(default_factory=list[Curve])
    open: list[tuple[tuple[fmpz_mpoly, ...], str]] = field(default_factory=list[tuple[tuple[fmpz_mpoly, ...], str]])
    exhaustive: bool = True


@record
class _State:
    equations: tuple[fmpz_mpoly, ...]
    free: tuple[str, ...]
    values: tuple[tuple[str, Quotient], ...] = ()
    nonzero: tuple[fmpz_mpoly, ...] = ()
    vanishing: tuple[fmpz_mpoly, ...] = ()


def pieces(
    equations: Sequence[fmpz_mpoly], free: Sequence[str], fld: Field, budget: Budget, nonzero: Sequence[fmpz_mpoly] = ()
) -> Decomposition:
    """The solutions of the system in the ``free`` generators where no ``nonzero`` polynomial vanishes.

    Other names are parameters, generic and not zero.
    """
    out = Decomposition()
    stack = [_State(tuple(equations), tuple(free), nonzero=tuple(nonzero))]
    for steps in count():
        if not stack:
            return out
        budget.check()
        state = stack.pop()
        if steps > MAX_PIECES:
            out.open.append((state.equations, "the system falls into too many pieces"))
            continue
        stack += _step(state, fld, out)
    return out


def _step(state: _State, fld: Field, out: Decomposition) -> list[_State]:
    """Put the piece into ``out``, or replace it by smaller ones."""
    equations = list[fmpz_mpoly]()
    several = len(state.free) > 1
    for i, p in enumerate(state.equations):
        if p.is_zero():
            continue
        if len(p) > MAX_SIZE:
            out.open.append((state.equations, "an equation grows too large to be factored"))
            return []
        factors = list[fmpz_mpoly]()
        for f, _ in p.factor()[1]:
            used = variables(f, fld)
            if not used & set(state.free) or (len(f) == 1 and used <= fld.positive):
                continue  # a condition on parameters alone, or a generator that is positive
            if any(divides(f, q) for q in state.nonzero):
                continue
            if several and fld.sign(f) != 0:
                out.exhaustive = False
                continue
            factors.append(f)
        if not factors:
            return []
        if len(factors) > 1:
            rest = (*equations, *state.equations[i + 1 :])
            return [  # disjoint: on each piece the earlier factors are not zero
                replace(state, equations=(f, *rest), nonzero=(*state.nonzero, *factors[:k]))
                for k, f in enumerate(factors)
            ]
        if all(factors[0] != e for e in equations):
            equations.append(factors[0])
    if not equations:
        if state.free:
            out.curves.append(Curve(state.free, (), state.values))
        else:
            out.branches.append(Branch(None, None, state.values, state.nonzero, state.vanishing))
        return []
    if len(state.free) == 1:
        if len(equations) == 1:
            out.branches.append(Branch(state.free[0], equations[0], state.values, state.nonzero, state.vanishing))
        return []  # two different irreducible equations in one unknown
    linear = _linear(equations, state, fld)
    if linear is not None:
        return linear
    if len(equations) < len(state.free):
        out.curves.append(Curve(state.free, tuple(equations), state.values))
        return []
    if len(state.free) == 2 and len(equations) >= 2:
        return _by_resultant(replace(state, equations=tuple(equations)), fld, out)
    out.open.append((tuple(equations), f"{len(equations)} equations in {len(state.free)} unknowns are left"))
    return []


def _linear(equations: list[fmpz_mpoly], state: _State, fld: Field) -> list[_State] | None:
    """Solve an equation that is linear in an unknown, if there is one; its coefficient may have to be split off."""
    choices = list[tuple[tuple[bool, bool, int], int, str]]()
    for i, p in enumerate(equations):
        for name in state.free:
            if p.degrees()[fld.names.index(name)] == 1:
                c = coefficients(p, name, fld)[1]
                if (
                    not variables(c, fld) & set(state.free)
                    or fld.sign(c) != 0
                    or name not in fld.positive
                    or len(state.free) > 2
                ):
                    choices.append(((fld.sign(c) == 0, name in fld.positive, len(c)), i, name))
    if not choices:
        return None
    _, i, name = min(choices)
    rest, c = coefficients(equations[i], name, fld)
    others = [*equations[:i], *equations[i + 1 :]]
    out = list[_State]()
    free = tuple(n for n in state.free if n != name)
    sure = fld.sign(c) != 0 or not variables(c, fld) & set(state.free)
    if not sure:
        out.append(replace(state, equations=(c, rest, *others)))
    value = (-rest, c)
    known = state.nonzero if sure else (*state.nonzero, c)
    equations = [substituted(p, name, value, fld) for p in others]
    return [
        *out,
        _State(
            tuple(equations), free, ((name, value), *state.values), (*known, c) if not sure else known, state.vanishing
        ),
    ]


def _by_resultant(state: _State, fld: Field, out: Decomposition) -> list[_State]:
    """Two unknowns: eliminate one by a resultant, and write it as a quotient by the remainder sequence."""
    left: tuple[list[Branch], list[_State], list[fmpz_mpoly]] | None = None
    for gone, main in ((state.free[0], state.free[1]), (state.free[1], state.free[0])):
        found = _resultant(gone, main, state, fld, out)
        if found is not None and (left is None or len(found[2]) < len(left[2])):
            left = found
        if left is not None and not left[2]:
            break
    if left is None:
        out.open.append((state.equations, "the resultant is zero or too large"))
        return []
    out.branches += left[0]
    for f in left[2]:
        out.open.append(((f, *state.equations), "an unknown is no rational function of the other one on a factor"))
    return left[1]


def _resultant(
    gone: str, main: str, state: _State, fld: Field, out: Decomposition
) -> tuple[list[Branch], list[_State], list[fmpz_mpoly]] | None:
    """The branches over the factors of the resultant, smaller systems, and the factors that stay open."""
    i = fld.names.index(gone)
    first, second, *more = sorted(state.equations, key=lambda p: (p.degrees()[i], len(p)))
    m = fld.names.index(main)
    if first.degrees()[i] * second.degrees()[m] + second.degrees()[i] * first.degrees()[m] > MAX_RESULTANT:
        return None
    symbols = len((variables(first, fld) | variables(second, fld)) - set(state.free))
    if first.degrees()[i] == 0 or symbols * first.degrees()[i] > MAX_SYLVESTER:
        return None
    eliminant = first.resultant(second, i)
    if eliminant.is_zero() or len(eliminant) > MAX_SIZE:
        return None
    line, removed = last_linear(first, second, gone, fld)
    branches, smaller, failed = list[Branch](), list[_State](), list[fmpz_mpoly]()
    for f, _ in eliminant.factor()[1]:
        if main not in variables(f, fld) or (len(f) == 1 and main in fld.positive):
            continue
        if line is not None and not any(divides(f, r) for r in removed) and not divides(f, line[1]):
            if all(divides(f, substituted(p, gone, line, fld)) for p in (first, second, *more)):
                branches.append(Branch(main, f, ((gone, line), *state.values), state.nonzero, state.vanishing))
            continue  # else both leading coefficients vanish: no common root
        if f.degrees()[fld.names.index(main)] == 1:
            rest, c = coefficients(f, main, fld)
            equations = tuple(substituted(p, main, (-rest, c), fld) for p in state.equations)
            nonzero = tuple(substituted(p, main, (-rest, c), fld) for p in state.nonzero)
            if all(not q.is_zero() for q in nonzero):
                smaller.append(
                    _State(equations, (gone,), ((main, (-rest, c)), *state.values), nonzero, state.vanishing)
                )
            continue
        if variables(f, fld) != {main}:
            failed.append(f)
            continue
        if main in fld.positive and not any(z > 0 for z, _ in isolate_real(dense(f, main, fld))):
            if (
                f.degrees()[fld.names.index(main)] > MAX_COUNTED
                or len(
                    common_factor(
                        f,
                        main,
                        gone,
                        list(state.equations),
                        [resolved(p, state.values, fld) for p in state.nonzero],
                        fld,
                    )
                )
                > 1
            ):
                out.exhaustive = False  # no positive root; its complex solutions are not counted
            continue
        avoid = [resolved(p, state.values, fld) for p in state.nonzero]
        avoid += [fld.generator[gone]] if gone in fld.positive else []
        common = common_factor(f, main, gone, list(state.equations), avoid, fld)
        if len(common) == 2:
            value = _quotient(common[0] * -1, main, fld)
            branches.append(Branch(main, f, ((gone, value), *state.values), state.nonzero, state.vanishing))
        elif len(common) > 2:
            failed.append(f)
    return branches, smaller, failed


def _quotient(c: fmpq_poly, main: str, fld: Field) -> Quotient:
    """An element of Q[main]/f as a quotient."""
    above = fld.one * 0
    for k, a in enumerate(c.numer().coeffs()):
        above += fld.generator[main] ** k * a
    return above, fld.one * c.denom()


def resolved(p: fmpz_mpoly, values: Sequence[tuple[str, Quotient]], fld: Field) -> fmpz_mpoly:
    """The numerator of p with all values put in."""
    for name, value in reversed(values):
        p = substituted(p, name, value, fld)
    return p


def admissible(branch: Branch, fld: Field, symbols: Sequence[str] = ()) -> bool:
    """Whether no polynomial that must not vanish does so on the branch (all its conjugate solutions behave alike).

    With symbols: a polynomial that does not vanish for some values of them does not vanish generically.
    """
    at = {n: 7 + 4 * i + (i * i) % 5 for i, n in enumerate(symbols)}
    special = _specialised(branch, at, fld) if symbols else None
    for q in branch.nonzero:
        for f, _ in q.factor()[1]:
            if special is not None and not _vanishes(_with_values(f, at, fld), special, fld):
                continue
            if _vanishes(f, branch if special is None else _simplest(branch, fld), fld):
                return False
    return True


def _vanishes(q: fmpz_mpoly, branch: Branch, fld: Field) -> bool:
    p = resolved(q, branch.values, fld)
    return p.is_zero() or (branch.eliminant is not None and divides(branch.eliminant, p))


def _with_values(p: fmpz_mpoly, at: Mapping[str, int], fld: Field) -> fmpz_mpoly:
    for n, v in at.items():
        p = substituted(p, n, (fld.one * v, fld.one), fld)
    return p


def _specialised(branch: Branch, at: Mapping[str, int], fld: Field) -> Branch | None:
    """The branch at values of the symbols; None where the degree drops or a denominator is zero there."""
    values = tuple((n, (_with_values(a, at, fld), _with_values(b, at, fld))) for n, (a, b) in branch.values)
    eliminant = None if branch.eliminant is None else _with_values(branch.eliminant, at, fld)
    out = Branch(branch.main, eliminant, values)
    return None if out.degree(fld) != branch.degree(fld) or any(b.is_zero() for _, (_, b) in values) else out


def _simplest(branch: Branch, fld: Field) -> Branch:
    """The branch with a linear eliminant solved and put into the values."""
    if branch.eliminant is None or branch.main is None or branch.degree(fld) != 1:
        return branch
    rest, c = coefficients(branch.eliminant, branch.main, fld)
    known = (branch.main, (-rest, c))
    values = list[tuple[str, Quotient]]()
    for n, (a, b) in branch.values:
        i = fld.names.index(branch.main)
        up, down = a.degrees()[i], b.degrees()[i]
        above = substituted(a, branch.main, known[1], fld) * c**down
        values.append((n, fld.reduced(above, substituted(b, branch.main, known[1], fld) * c**up)))
    return Branch(None, None, (known, *values), branch.nonzero)
