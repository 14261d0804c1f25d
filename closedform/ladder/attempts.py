"""One strategy after the other, each in its slice of the time, until one decides and brings its points.

A reduction's sub-systems are tried by the same ladder; what was found is concluded, audited and checked.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import fields, replace
from typing import Any

from closedform.attempt import Attempt
from closedform.budget import Budget
from closedform.errors import ClosedFormError, OutOfTime
from closedform.frozen import record
from closedform.ladder import EXPONENTIALS, LARGE, LINE, MATRIX, NUMBERS, SCALAR, TEXT
from closedform.ladder.verdict import DECISIVE, SEARCHED, Checked, check, coherent, conclude
from closedform.ladder.worker import Until
from closedform.problem import Problem
from closedform.stationarity.large.streamed import Streamed
from closedform.stationarity.system import Outline, Reduction, System

LEAST = "global minimum"
MAX_DEPTH = 6  # reductions within reductions
BROKE = "the audit broke"
LAST = "closedform.strategies.scalar.observed"
KEPT = 0.35  # of the time of a problem in numbers, for the strategies that bring numbers
FEW, FURTHER = 4, 8.0  # unknowns, seconds: for all critical points of a loss of which a minimiser is known
GRACE = 0.5  # seconds past its slice before an attempt is ended from outside

Path = tuple[str, ...]


@record
class Strategy:
    """A module of ``strategies/`` as the ladder sees it: either ``attempt`` or ``reduce`` does its work."""

    name: str
    declines: Callable[[Any], str | None]
    attempt: Callable[[Any, Budget], Attempt] | None = None
    reduce: Callable[[Any, Budget], Reduction] | None = None
    share: float = 0.6  # of the time that is left
    encloses: bool = False  # it brings certified numbers, which are wanted even after "not closed"
    last_resort: bool = False  # only where no other brought a point


def strategy(dotted: str) -> Strategy:
    """The strategy at a line of the order."""
    module = importlib.import_module(dotted)
    given = {f.name: vars(module)[f.name] for f in fields(Strategy) if f.name in vars(module) and f.name != "encloses"}
    return Strategy(**given, encloses=dotted in NUMBERS)


@record
class Finished:
    """One strategy's attempt, with the reductions that led to it."""

    path: Path
    attempt: Attempt


Message = Until | Finished | Outline | Checked
Attempting = Generator[Message, None, Attempt]


def solve(problem: Problem, budget: Budget, known: dict[Path, Attempt], exact: bool = True) -> Iterator[Message]:
    """All attempts at a problem, as messages; runs in the child process.

    ``known`` holds the attempts of an earlier child, or at an earlier reading, which are not made again.
    """
    yield Until("deriving the gradient", budget.deadline)
    systems, conclusions, own = list[System](), list[Attempt](), budget
    for system, order in readings(problem):
        systems.append(system)
        if not exact:
            order = tuple(r for r in order if r in NUMBERS)
        if not order:
            continue
        yield system.outline()
        conclusion = yield from in_order(system, order, own, known)
        if problem.level == "matrix" and conclusion.formula is None and not problem.constraints:
            convex = importlib.import_module("closedform.strategies.matrices.convexity").found_convex(system)
            conclusion = replace(conclusion, findings=(*conclusion.findings, *convex))
        conclusions.append(conclusion)
        least = any(p.kind == LEAST for p in conclusion.points) and not conclusion.complete
        if least and problem.data is None and len(system.unknowns) <= FEW:
            own = budget.share(FURTHER)  # a minimiser is known: a moment more for all critical points
        elif least or conclusion.complete or _is_settled(conclusions):
            break
        elif order is EXPONENTIALS:  # its attempts are known to the ladder that follows
            conclusions.pop()
        yield Until("deriving the gradient", budget.deadline)
    found = [c for c in conclusions if c.outcome in (*DECISIVE, "enclosed")]
    found = [c for c in found if c.complete] or found
    conclusion = conclude("ladder", found) if found else conclusions[-1]
    yield Until("checking the certificates", budget.deadline)
    yield check(_with_number(systems[-1], audited(problem, conclusion, budget), budget))


def _with_number(system: System, conclusion: Attempt, budget: Budget) -> Attempt:
    """The conclusion; of a problem in numbers that it leaves without any, with the least loss that a search meets."""
    claimed = any(f.theorem == SEARCHED or f.of_no_minimum for f in conclusion.findings)
    if claimed or conclusion.points or conclusion.outcome not in ("failed", "timeout", "enclosed"):
        return conclusion
    last = strategy(LAST)
    try:
        if not system.in_expressions or budget.remaining < 1 or last.declines(system) is not None or not last.attempt:
            return conclusion
        seen = last.attempt(system, budget)
    except (OutOfTime, ClosedFormError, ArithmeticError, ValueError):
        return conclusion
    return replace(conclusion, findings=(*conclusion.findings, *seen.findings))


def audited(problem: Problem, conclusion: Attempt, budget: Budget) -> Attempt:
    """The conclusion without what the text of the problem, or its own parts, contradict.

    An audit that breaks refutes nothing.
    """
    conclusion = coherent(problem, conclusion)
    if problem.level == "matrix" or _is_large(problem):
        return conclusion
    try:
        return importlib.import_module("closedform.audit").audit(problem, conclusion, budget)
    except Exception as fault:  # the audit is no part of the proof: what it breaks on is said and passes
        broken = f"{BROKE}: {type(fault).__name__}: {str(fault)[:200]}"
        return replace(conclusion, faults=(broken,))


def readings(problem: Problem) -> Iterator[tuple[System, tuple[str, ...]]]:
    """The problem as systems, each with its ladder: read without expressions where that can be done, then with them."""

    def module(last: str) -> Any:
        return importlib.import_module(f"closedform.stationarity.{last}")

    if problem.level == "matrix":
        yield module("matrix").matrix_system(problem), MATRIX
        return
    if _is_large(problem):
        yield Streamed(problem, "sum over streamed data"), LARGE
        return
    polynomial = module("text.polynomial_line").polynomial_line(problem)
    if polynomial is not None:
        yield polynomial, LINE
    for system in (module("large.quadratic").quadratic_loss(problem), module("large.kinked_line").kinked_line(problem)):
        if system is not None:
            yield system, LARGE
    rows = module("large.row_loss").row_loss(problem)
    if rows is not None:
        yield rows, LARGE
        yield Streamed(problem), LARGE
    text_only = module("text.text_only").text_only(problem)
    if any(strategy(dotted).declines(text_only) is None for dotted in TEXT):
        yield text_only, TEXT
    exponential = module("text.exponential_rows").exponential_rows(problem)
    if exponential is not None:
        yield exponential, EXPONENTIALS
    yield module("scalar").stationarity(problem), SCALAR


def system_of(problem: Problem, dotted: str = "") -> System:
    """The system that a strategy (the dotted name of its module) is offered: the first reading whose ladder has it, or the last of all."""
    offered = list[System]()
    for system, order in readings(problem):
        offered.append(system)
        if dotted in order:
            break
    return offered[-1]


def _is_large(problem: Problem) -> bool:
    return problem.data is not None and not problem.data.exact


def in_order(
    system: System, order: tuple[str, ...], budget: Budget, known: dict[Path, Attempt], path: Path = ()
) -> Attempting:
    """Try strategies until one decides and has its points (or proves that there are none); the conclusion is returned.

    Of a problem in numbers the last part of the time belongs to the strategies that bring numbers.
    """
    attempts = list[Attempt]()
    kept = KEPT * budget.remaining if not path and not system.parameters and not NUMBERS.isdisjoint(order) else 0.0
    early = replace(budget, deadline=budget.deadline - kept)
    for dotted in order:
        if _is_settled(attempts):
            break
        tried = strategy(dotted)
        own = budget if tried.encloses else early
        here = (*path, tried.name)
        if tried.last_resort and (path or any(a.points for a in attempts)):
            continue
        if tried.encloses and any(a.outcome == "enclosed" and a.complete for a in attempts):
            continue
        attempt = known.get(here)
        if attempt is None:
            if any(a.outcome in DECISIVE for a in attempts) and not tried.encloses:
                continue
            yield Until(" > ".join(here), own.deadline + GRACE)
            try:
                if own.remaining <= 0 or tried.declines(system) is not None:
                    continue
            except Exception as fault:
                attempts.append(_broken(tried.name, fault))
                yield Finished(here, attempts[-1])
                continue
            attempt = yield from _attempt(tried, system, order, own, known, here)
            if order is EXPONENTIALS:  # the other readings of a problem are different systems
                known[here] = attempt
        attempts.append(attempt)
    return _on_edges(system, conclude("ladder", attempts), budget)


def _on_edges(system: System, conclusion: Attempt, budget: Budget) -> Attempt:
    """The conclusion with the closed edges of the domain looked at."""
    if not system.in_expressions or any(f.of_no_value for f in conclusion.findings):
        return conclusion
    conclusion = importlib.import_module("closedform.strategies.line").completed(system, conclusion, budget)
    if _finds_its_least(system):
        return conclusion
    if len(system.unknowns) > 1:
        conclusion = importlib.import_module("closedform.strategies.norms").completed(system, conclusion, budget)
    boundary = importlib.import_module("closedform.strategies.edges")
    try:
        return boundary.completed(system, conclusion, budget) if boundary.bounded(system) else conclusion
    except (OutOfTime, ArithmeticError, ValueError, TypeError):
        return replace(conclusion, minimiser=None)


def _is_settled(attempts: list[Attempt]) -> bool:
    return any(
        a.outcome in ("solved", "partial", "no_critical_point")
        or (a.outcome == "not_closed" and (a.points or a.scope == "formula"))
        for a in attempts
    )


def _attempt(
    tried: Strategy,
    system: System,
    order: tuple[str, ...],
    budget: Budget,
    known: dict[Path, Attempt],
    here: Path,
) -> Attempting:
    started = time.monotonic()
    part = budget.share(max(0.5, tried.share * budget.remaining))
    name = tried.name
    yield Until(" > ".join(here), part.deadline + GRACE)
    try:
        budget.check()
        if tried.reduce is not None:
            if sum(step.isdigit() for step in here) >= MAX_DEPTH:
                attempt = Attempt(name, "failed", f"more than {MAX_DEPTH} reductions within each other")
            else:
                reduction = tried.reduce(system, part)
                parts = list[Attempt]()
                systems = list(reduction.systems)
                for i, smaller in enumerate(systems):
                    parts.append((yield from in_order(smaller, order, budget, known, (*here, str(i)))))
                    if i + 1 == len(reduction.systems) and reduction.following is not None:
                        systems += reduction.following(tuple(parts))
                yield Until(" > ".join(here), budget.deadline)
                attempt = reduction.lift(tuple(parts))
        elif tried.attempt is not None:
            attempt = tried.attempt(system, part)
        else:
            attempt = Attempt(name, "failed", "it has neither an attempt nor a reduction")
        if system.in_expressions:
            attempt = importlib.import_module("closedform.strategies.answer").answer(system, attempt, budget)
            if not system.parameters and not _finds_its_least(system):
                attempt = importlib.import_module("closedform.strategies.least_point").promoted(system, attempt, budget)
    except OutOfTime:
        attempt = Attempt(name, "timeout", f"stopped after {time.monotonic() - started:.3g} s")
    except MemoryError:
        attempt = Attempt(name, "timeout", "stopped at the memory limit")
    except ClosedFormError as fault:
        attempt = Attempt(name, "failed", str(fault))
    except Exception as fault:  # a strategy that breaks must not take the others with it; the report shows the fault
        attempt = _broken(name, fault)
    attempt = replace(attempt, seconds=time.monotonic() - started)
    yield Finished(here, attempt)
    return attempt


def _finds_its_least(system: System) -> bool:
    """Is the point of least loss for its strategies, or ``strategies.line``, to say, and nothing after them?"""
    return getattr(system, "finds_its_least", False)


def _broken(name: str, fault: Exception) -> Attempt:
    return Attempt(name, "failed", f"a fault of closedform: {type(fault).__name__}: {str(fault)[:200]}")
