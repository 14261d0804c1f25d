"""The story on one page: read, differentiate, climb, prove, enclose, classify, report."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from closedform import problem as problems
from closedform import worker
from closedform.attempt import Attempt
from closedform.budget import Budget
from closedform.errors import CallError
from closedform.frozen import FrozenMap
from closedform.ladder import BROKE, Finished, Outline, Path, audited
from closedform.points import CriticalPoints
from closedform.problem import Problem
from closedform.report.model import Report
from closedform.report.sense import turned
from closedform.report.solution import with_solution
from closedform.report.theorems.table import stated
from closedform.verdict import Checked, conclude, judge

Progress = Callable[[str], None]

FAULTS = "CLOSEDFORM_FAULTS"  # an environment variable: "error" where a withdrawn claim shall raise (in tests)
RESERVE = 0.3  # seconds of the timeout kept for writing the report


def derive(
    loss: Any = None,
    *,
    unknowns: Sequence[str] | str | None = None,
    equations: Sequence[Any] | str | None = None,
    data: Any = None,
    target: str | None = None,
    shapes: Mapping[str, Any] | str | None = None,
    assumptions: Sequence[str] = (),
    digits: int = 30,
    timeout: float = 60,
    box: Mapping[str, Any] | str | None = None,
    start: Mapping[str, Any] | str | None = None,
    exact: bool = True,
    maximize: bool = False,
    values: Mapping[str, Any] | str | None = None,
    progress: Progress | None = None,
    **keywords: Any,
) -> Report:
    """Derive the gradient of a loss, solve the stationarity system, and say with proof whether the answer is closed.

    ``loss`` is text, a SymPy expression, or the name of a catalogue loss; ``equations`` may be given instead. The
    optimum sought is the minimum, with ``maximize`` (or a text "maximize ...") the maximum.
    ``data`` is a table (a path, a DataFrame, a mapping of columns); ``digits`` and ``timeout`` (seconds) are obeyed:
    the report arrives within ``timeout`` + 2 s and says what it had no time for. Decimals are read exactly. ``exact``
    False skips the search for closed forms and gives certified numbers only. ``values`` puts numbers, read exactly, in
    the place of parameters; a ``box`` such as "x=1:2" is the domain 1 <= x <= 2.

    Raises ``InputError`` (a loss or data that cannot be read) and ``CallError`` (options that do not fit).

    >>> import closedform as cf
    >>> report = cf.derive("x**4 - x**2")
    >>> report.verdict.outcome, report.verdict.expression_class
    ('closed', 'radical')
    >>> [str(p.exact["x"]) for p in report.critical_points]
    ['-sqrt(2)/2', '0', 'sqrt(2)/2']
    """
    started = time.monotonic()
    if not 1 <= digits <= 100_000:
        raise CallError(f"digits = {digits} is out of range; 1 to 100000 work")
    if not 0 < timeout <= 1e6:
        raise CallError(f"timeout = {timeout} is out of range; it is a positive number of seconds")
    worker.warm()
    problem = problems.read(
        loss,
        unknowns=unknowns,
        equations=equations,
        data=data,
        target=target,
        shapes=shapes,
        assumptions=assumptions,
        box=box,
        start=start,
        maximize=maximize or None,
        values=values,
        **keywords,
    )
    return answer(problem, Budget(started + timeout, digits), exact=exact, progress=progress)


def answer(problem: Problem, budget: Budget, *, exact: bool = True, progress: Progress | None = None) -> Report:
    """The report on a problem that has been read."""
    started = time.monotonic()
    deadline = budget.deadline - min(RESERVE, 0.1 * budget.remaining)
    inner = Budget(deadline, budget.digits, budget.seed)
    known = dict[Path, Attempt]()
    trail = list[Finished]()
    outline: Outline | None = None
    checked: Checked | None = None
    trouble = ""

    def listen(message: object) -> None:
        nonlocal outline, checked
        if isinstance(message, worker.Until) and progress is not None:
            progress(message.what)
        elif isinstance(message, Outline):
            outline = message
        elif isinstance(message, Finished):
            known[message.path] = message.attempt
            trail.append(message)
        elif isinstance(message, Checked):
            checked = message

    if problem.level != "matrix":  # the answer comes back as SymPy expressions: import while the child works
        worker.import_meanwhile("sympy")
    while checked is None and inner.remaining > 0:
        job = worker.Job("closedform.ladder", "solve", (problem.minimised(), inner, dict(known), exact))
        try:
            worker.run(job, deadline, listen)
        except worker.Died as died:
            path = tuple(died.during.split(" > "))
            reason = "out of time" if died.overran else "the process ended: memory limit, or a crash in a library"
            lost = Attempt(path[-1], "timeout", reason)
            trail.append(Finished(path, lost))
            if outline is None or path in known or died.during.startswith(("checking", "starting")):
                trouble = f"{died.during}: {reason}"
                break
            known[path] = lost
    if checked is None:
        tops = [a for path, a in known.items() if len(path) == 1]
        checked = Checked(audited(problem.minimised(), conclude("ladder", tops), budget), ())
    _tell(checked.attempt)
    report = _report(problem.minimised(), outline, checked, tuple(trail), trouble, budget, time.monotonic() - started)
    report = with_solution(report) if problem.arrays else report
    return report if problem.sense == "min" else turned(report, problem)


def _tell(conclusion: Attempt) -> None:
    """A withdrawn claim is a fault of ours: it is said on standard error, and is an error where tests ask for that."""
    for fault in cast("tuple[str, ...]", conclusion.details.get("fault", ())):
        line = f"closedform: {'' if fault.startswith(BROKE) else 'a claim was withdrawn: '}{fault}"
        if os.environ.get(FAULTS) == "error":
            raise RuntimeError(line)
        print(line, file=sys.stderr)


def _report(
    problem: Problem,
    outline: Outline | None,
    checked: Checked,
    trail: tuple[Finished, ...],
    trouble: str,
    budget: Budget,
    seconds: float,
) -> Report:
    conclusion = checked.attempt
    attempts = tuple(_named(f) for f in trail)
    if trouble:
        attempts += (Attempt("deadline", "timeout", trouble),)
    details = dict(conclusion.details)
    if checked.refused:
        details["refused"] = checked.refused
    return Report(
        problem=problem,
        gradient=outline.gradient if outline else FrozenMap(),
        hessian=outline.hessian if outline else (),
        equations=outline.equations if outline else (),
        kind=outline.kind if outline else "unknown",
        verdict=judge(conclusion, stated),
        critical_points=CriticalPoints(conclusion.points),
        complete=conclusion.complete,
        counts=conclusion.counts,
        formula=conclusion.formula,
        certificates=conclusion.certificates,
        attempts=attempts,
        details=FrozenMap(details),
        digits=budget.digits,
        seconds=seconds,
    )


def _named(finished: Finished) -> Attempt:
    """The attempt without its payload, named by its place in the climb: what the report lists as tried."""
    a = finished.attempt
    return Attempt(" > ".join(finished.path), a.outcome, a.reason, seconds=a.seconds)
