"""The story on one page: read, differentiate, try, prove, enclose, classify, report."""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from closedform import problem as problems
from closedform.attempt import Attempt
from closedform.budget import Budget
from closedform.errors import CallError
from closedform.frozen import FrozenMap
from closedform.ladder import worker
from closedform.ladder.attempts import BROKE, Finished, Path, audited
from closedform.ladder.verdict import Checked, conclude, judge
from closedform.points import CriticalPoints
from closedform.problem import Problem
from closedform.reading.streams.clock import reading_until
from closedform.report.model import Report
from closedform.report.sense import turned
from closedform.report.theorems.table import explained, stated
from closedform.stationarity.system import Outline

Progress = Callable[[str], None]

FAULTS = "CLOSEDFORM_FAULTS"  # an environment variable: "error" where a withdrawn claim shall raise (in tests)
RESERVE = 0.3  # seconds of the timeout kept for writing the report
FOR_NUMBERS = 1.2  # ... and for an iteration in floating point, so that data never come back without a number


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

    >>> import closedform as cf
    >>> report = cf.derive("x**4 - x**2")
    >>> report.verdict.outcome, report.verdict.expression_class
    ('closed', 'radical')
    >>> [str(p.exact["x"]) for p in report.critical_points]
    ['-sqrt(2)/2', '0', 'sqrt(2)/2']

    Parameters
    ----------
    loss
        Text in our language, a SymPy expression, or the name of a loss of the catalogue (``cf.losses()``).

        >>> cf.derive("ols").formula.unknown["a"]
        "inv(X'*X)*X'*y"

    unknowns
        What to solve for; otherwise every free name.

        >>> str(cf.derive("a*x^2 + b*x", unknowns=["x"], assumptions=["a > 0"]).critical_points[0].exact["x"])
        '-b/(2*a)'

    equations
        Estimating equations, each to be zero, instead of a loss.

        >>> cf.derive(equations=["x + y - 3", "x - y - 1"]).critical_points[0].numbers
        {'x': 2.0, 'y': 1.0}

    data
        A table: the path of a CSV, NPZ or Parquet file, a data frame, or a mapping of columns; also arrays for the
        names of a matrix text. Decimals are read exactly.

        >>> str(cf.derive("sum(i, 1, n, (x[i] - m)^2)", data={"x": ["0.1", "0.2"]}).critical_points[0].exact["m"])
        '3/20'

    target
        The column that a loss of the catalogue predicts. More keywords for tables: ``features``, ``drop``, ``decimal``,
        ``missing``, ``intercept``, ``design``.

        >>> cf.derive("ols", data={"x": [1, 2, 3], "y": [2, 4, 6]}, target="y", intercept=False).solution
        {'x': 2.0}

    shapes
        Sizes of matrices and vectors, ``"X=n,k; y=n"`` or a mapping.

        >>> cf.derive("||X*a - y||^2", unknowns="a", shapes="X=n,k; y=n").formula.conditions
        ('X has full column rank',)

    assumptions
        What holds of the names: ``p > 0``, ``0 < p < 1``, ``m integer``, ``S spd``. Names are real. A bound on an
        unknown is its domain, and the minimum may lie on its edge.

        >>> cf.derive("x^2", assumptions=["x >= 1"]).critical_points[0].kind
        'boundary minimum'

    digits
        Decimal digits of every number.

        >>> cf.derive("x^2 - 2*x*sqrt(2)", digits=40).critical_points[0].numeric["x"]
        '1.414213562373095048801688724209698078570'

    timeout
        Seconds; the report arrives at most two seconds later, and says what it had no time for.
    box
        The domain as bounds, ``"x=1:2"``: only points in it count, and the minimum may lie on its edge.

        >>> cf.derive("x^3 - 3*x", box="x=0:5").solution
        {'x': 1.0}

    start
        Where Newton's method starts, ``"w=1, b=0"``: for the iterations that ``to_text(steps=True)`` shows.
    exact
        False tries only the strategies that enclose points in certified numbers, which may recognise some of them.

    maximize
        The maximum is sought; as a text ``maximize ...`` says.

        >>> cf.derive("5*x - x^2", maximize=True).critical_points[0].kind
        'global maximum'

    values
        Numbers for parameters, read exactly, or arrays.

        >>> cf.derive("(x - c)^2", unknowns="x", values={"c": "0.1"}).solution
        {'x': 0.1}

    progress
        A function that is told what is being tried.
    keywords
        Options of a loss of the catalogue: ``hidden``, ``activation``, ``bias``, ``layers`` of ``nn``, ``lam`` of ridge.

    Returns
    -------
    Report
        Its parts are values (``verdict``, ``critical_points``, ``formula``, ``solution``, ``certificates``), its forms
        ``to_text``, ``to_json``, ``to_html``, ``to_latex``, ``plot``, ``function``.

    Raises
    ------
    InputError
        A loss or data that cannot be read.
    CallError
        Options that do not fit together, or are not used.
    """
    started = time.monotonic()
    if not 1 <= digits <= 100_000:
        raise CallError(f"digits = {digits} is out of range; 1 to 100000 work")
    if not 0 < timeout <= 1e6:
        raise CallError(f"timeout = {timeout} is out of range; it is a positive number of seconds")
    worker.prepare()
    with reading_until(started + timeout):
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
    kept = RESERVE + (FOR_NUMBERS if problem.arrays or (problem.data is not None and problem.data.exact) else 0.0)
    deadline = budget.deadline - min(kept, 0.1 * budget.remaining)
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

    fork = worker.can_fork()
    library = _library(problem)
    if library and fork:  # the child has it then
        worker.import_before_fork(library)
    elif library:
        worker.import_meanwhile(library)
    asked = replace(problem.minimised(), arrays=FrozenMap())  # formulas are found without arrays, which may be large
    while checked is None and inner.remaining > 0:
        job = worker.Job("closedform.ladder.attempts", "solve", (asked, inner, dict(known), exact))
        try:
            worker.run(job, deadline, listen, fork)
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
    settled = report.verdict.outcome in ("closed", "no_critical_point")
    if not problem.arrays and (problem.data is None or settled):  # nothing is left for NumPy to work out
        return report if problem.sense == "min" else turned(report, problem)
    if problem.arrays:
        report = importlib.import_module("closedform.report.solution").with_solution(report)
    report = report if problem.sense == "min" else turned(report, problem)
    return importlib.import_module("closedform.report.solver").with_iteration(report)


def _library(problem: Problem) -> str:
    """What is imported both to find the answer and to report on it: nothing where it is in trees of ours, without data."""
    asked = problem.minimised()
    if problem.level == "matrix" or _is_in_trees("stationarity.text.polynomial_line", asked):
        return ""
    if _is_in_trees("strategies.exponentials.field", asked):
        return "numpy"
    return "sympy.tensor.tensor"  # the first sum of expressions asks for it


def _is_in_trees(reading: str, problem: Problem) -> bool:
    """Is all of the answer in trees of ours, by this reading of the problem?"""
    return importlib.import_module(f"closedform.{reading}").answers_without_sympy(problem)


def _tell(conclusion: Attempt) -> None:
    """A withdrawn claim is a fault of ours: it is said on standard error, and is an error where tests ask for that."""
    for fault in conclusion.faults:
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
    if outline is None and not trouble:
        trouble = "out of time before anything was tried"
    if trouble:
        attempts += (Attempt("deadline", "timeout", trouble),)
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
        formula=explained(conclusion.formula),
        certificates=conclusion.certificates,
        attempts=attempts,
        newton=conclusion.newton,
        faults=conclusion.faults,
        refused=checked.refused,
        digits=budget.digits,
        seconds=seconds,
    )


def _named(finished: Finished) -> Attempt:
    """The attempt without its payload, named with the reductions that led to it: what the report lists as tried."""
    a = finished.attempt
    return Attempt(" > ".join(finished.path), a.outcome, a.reason, seconds=a.seconds)
