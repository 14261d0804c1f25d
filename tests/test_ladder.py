"""The attempts in their order, the verdict's bookkeeping, and the child process under hostile jobs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import types
from dataclasses import replace
from pathlib import Path

import pytest

import closedform as cf
from closedform import problem
from closedform.attempt import Attempt, Finding, finding
from closedform.budget import Budget
from closedform.errors import OutOfTime
from closedform.frozen import FrozenMap
from closedform.kernel.certificate import Certificate
from closedform.ladder import attempts as ladder
from closedform.ladder import worker
from closedform.ladder.verdict import check, conclude, judge, largest_class
from closedform.points import CriticalPoint
from closedform.problem import Problem
from closedform.report.theorems.table import stated
from closedform.stationarity.large.streamed import Streamed
from closedform.stationarity.scalar import stationarity
from closedform.stationarity.system import Reduction
from closedform.strategies.reductions import profile

LINE = finding("affine family", dimension=1)
SOLVED = Attempt(
    "exact", "solved", points=(CriticalPoint(expression_class="radical", kind="global minimum", exact={"x": 1}),)
)


def strategy(monkeypatch, name, declines=lambda system: None, **parts):
    module = types.ModuleType(f"strategy_{name}")
    module.name, module.declines = name, declines
    for key, value in parts.items():
        setattr(module, key, value)
    monkeypatch.setitem(sys.modules, f"strategy_{name}", module)
    return f"strategy_{name}"


def system(source):
    return Streamed(Problem(source, None, ("x",)))


def attempted(*order, known=None):
    messages, steps = [], ladder.in_order(system("whole"), order, Budget.of(5), known or {})
    while True:
        try:
            messages.append(next(steps))
        except StopIteration as stop:
            return stop.value, messages


def test_no_strategy_is_tried_after_the_first_that_decides(monkeypatch):
    reached = []
    a = strategy(monkeypatch, "a", attempt=lambda s, b: Attempt("a", "failed", "not mine"))
    b = strategy(monkeypatch, "b", attempt=lambda s, b: SOLVED)
    c = strategy(monkeypatch, "c", attempt=lambda s, b: reached.append(1))
    conclusion, messages = attempted(a, b, c)
    assert conclusion.outcome == "solved"
    assert not reached
    assert [m.path for m in messages if isinstance(m, ladder.Finished)] == [("a",), ("b",)]


def test_not_closed_still_wants_numbers(monkeypatch):
    monkeypatch.setattr(ladder, "NUMBERS", frozenset(("strategy_numbers",)))
    no = strategy(
        monkeypatch,
        "no",
        attempt=lambda s, b: Attempt("no", "not_closed", findings=(LINE,)),
    )
    other = strategy(monkeypatch, "other", attempt=lambda s, b: pytest.fail("decided already"))
    numbers = strategy(
        monkeypatch,
        "numbers",
        attempt=lambda s, b: Attempt("numbers", "enclosed", points=(CriticalPoint(),), complete=True),
    )
    conclusion, _ = attempted(no, other, numbers)
    assert (conclusion.outcome, len(conclusion.points), conclusion.complete) == ("not_closed", 1, True)


def test_a_broken_strategy_is_a_failed_attempt(monkeypatch):
    def broken(system, budget):
        raise KeyError("oops")

    def slow(system, budget):
        raise OutOfTime

    conclusion, _ = attempted(
        strategy(monkeypatch, "broken", attempt=broken), strategy(monkeypatch, "slow", attempt=slow)
    )
    assert conclusion.outcome == "failed"
    assert "KeyError" in conclusion.reason
    assert judge(conclusion, stated).outcome == "undecided"


def test_reductions_try_all_strategies_on_their_parts_and_lift(monkeypatch):
    reduction = Reduction(
        "split",
        (system("left"), system("right")),
        lambda parts: replace(SOLVED, reason="+".join(p.reason for p in parts)),
    )
    part = strategy(
        monkeypatch,
        "part",
        declines=lambda s: "whole" if s.problem.source == "whole" else None,
        attempt=lambda s, b: replace(SOLVED, reason=s.problem.source),
    )
    split = strategy(
        monkeypatch,
        "split",
        declines=lambda s: None if s.problem.source == "whole" else "part",
        reduce=lambda s, b: reduction,
    )
    conclusion, _ = attempted(split, part)
    assert conclusion.reason == "left+right"


def test_known_attempts_are_not_made_again(monkeypatch):
    a = strategy(monkeypatch, "a", attempt=lambda s, b: pytest.fail("made again"))
    conclusion, _ = attempted(a, known={("a",): SOLVED})
    assert conclusion.outcome == "solved"


def test_proved_is_the_kernels_word():
    refused = Certificate({}, {"kind": "magic"}, {})
    attempt = Attempt(
        "a",
        "not_closed",
        certificates=(refused,),
        findings=(Finding("with", "proved", certificate=0), Finding("without", "proved")),
    )
    checked = check(attempt)
    assert [s.trust for s in checked.attempt.findings] == ["observed", "derived"]
    assert checked.attempt.certificates == ()
    assert "magic" in checked.refused[0]


def test_not_closed_needs_a_proof():
    assert (
        judge(
            Attempt("a", "not_closed", findings=(replace(LINE, trust="observed"),)),
            stated,
        ).outcome
        == "undecided"
    )
    assert (
        judge(
            Attempt("a", "not_closed", findings=(LINE,)),
            stated,
        ).outcome
        == "not_closed"
    )


def test_a_saddle_says_that_the_loss_is_not_convex():
    bent = replace(SOLVED, points=(*SOLVED.points, CriticalPoint(kind="local maximum", inertia=(0, 1, 0))))
    assert "not convex" in judge(bent, stated).statements[-1].text
    assert judge(SOLVED, stated).statements == ()
    # ... which is no proof that there is no closed form.
    assert judge(replace(bent, outcome="not_closed"), stated).outcome == "undecided"


def test_conclude_shifts_certificates():
    one, two = Certificate({}, {"kind": "1"}, {}), Certificate({}, {"kind": "2"}, {})
    no = Attempt("no", "not_closed", certificates=(one,), findings=(Finding("not convex", "proved", certificate=0),))
    numbers = Attempt(
        "n",
        "enclosed",
        points=(CriticalPoint(certificate=0),),
        certificates=(two,),
        findings=(Finding("not convex", "proved", certificate=0),),
    )
    both = conclude("ladder", [no, numbers])
    assert both.certificates == (one, two)
    assert [s.certificate for s in both.findings] == [0, 1]
    assert both.points[0].certificate == 1


def test_minimiser_and_class():
    verdict = judge(SOLVED, stated)
    assert (verdict.outcome, verdict.expression_class, verdict.minimiser) == ("closed", "radical", "closed")
    assert largest_class(["rational", None, "elementary", "radical"]) == "elementary"


JOBS = """
import time
from closedform.ladder.worker import Until

def echo(value):
    yield value

def sleepy(seconds):
    yield Until("sleeping", time.monotonic() + 0.3)
    time.sleep(seconds)

def raising():
    raise ValueError("from the child")
    yield

def crashing():
    import os
    os.abort()
    yield

def hungry():
    yield Until("eating", time.monotonic() + 20)
    import numpy
    pile = []
    while True:
        pile.append(numpy.zeros(1 << 27))  # address space alone, which is what is limited

def loud():
    print("this must not reach the pipe")
    yield "heard"
"""


@pytest.fixture
def jobs(tmp_path, monkeypatch):
    (tmp_path / "jobs_for_tests.py").write_text(JOBS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(worker, "_spare", None)

    def run(function, *arguments):
        heard = []
        worker.run(worker.Job("jobs_for_tests", function, arguments), time.monotonic() + 30, heard.append)
        return heard

    yield run
    if worker._spare is not None:
        worker._spare.kill()


def test_a_child_is_used_again(jobs):
    assert jobs("echo", 1) == [1]
    first = worker._spare
    assert jobs("echo", 2) == [2]
    assert worker._spare is first


def test_an_overrunning_job_is_killed_in_time(jobs):
    started = time.monotonic()
    with pytest.raises(worker.Died) as died:
        jobs("sleepy", 60)
    assert died.value.overran
    assert died.value.during == "sleeping"
    assert time.monotonic() - started < 5
    assert jobs("echo", "next") == ["next"]


def test_a_child_that_nobody_waits_for_ends_past_its_deadline(jobs, monkeypatch):
    """As when the command was killed: its child used the processor for minutes."""
    child = worker.Worker()
    try:
        worker._send(child._in, (worker.Job("jobs_for_tests", "sleepy", (60,)), time.monotonic() + 1))
        ended = time.monotonic() + 1 + worker.ORPHANED + 10
        while child.alive and time.monotonic() < ended:
            time.sleep(0.1)
        assert not child.alive
    finally:
        child.kill()


def test_crash_memory_and_exception(jobs):
    with pytest.raises(worker.Died) as died:
        jobs("crashing")
    assert not died.value.overran
    with pytest.raises(MemoryError):
        jobs("hungry")
    with pytest.raises(ValueError, match="from the child"):
        jobs("raising")
    assert jobs("loud") == ["heard"]


def test_a_profile_never_lends_its_counts_to_the_whole_system():
    # Clearing the profile's denominators adds complex zeros: 18 were once reported of a system that has 6
    # (rank-one approximation of a 2 x 2 x 2 tensor, Friedland and Ottaviani 2014).
    whole = stationarity(problem.read("(a*(1 + b^2) - 3*b)^2 + exp(b) + a^2", unknowns=["a", "b"]))
    reduction = profile.reduce(whole, Budget.of(20))
    inner = Attempt(
        "inner",
        "not_closed",
        counts=FrozenMap({"complex": 18, "real": 4}),
        findings=(LINE,),
    )
    lifted = reduction.lift((inner,))
    assert dict(lifted.counts) == {}
    assert lifted.findings[-1].within == ("of the profile",)


FORKED = """
import sys, threading, time
from closedform.errors import ON_COMMAND_LINE
from closedform.ladder import worker

assert not worker.can_fork()  # not on a command line
ON_COMMAND_LINE.set(True)
assert worker.can_fork()

def run(function, *arguments):
    heard = []
    worker.run(worker.Job("jobs_for_tests", function, arguments), time.monotonic() + 30, heard.append, True)
    return heard

assert run("echo", 1) == [1] and isinstance(worker._spare._child, worker._Forked)
first = worker._spare
assert run("echo", 2) == [2] and worker._spare is first
for function, arguments in (("sleepy", (60,)), ("crashing", ())):
    try:
        run(function, *arguments)
    except worker.Died as died:
        assert died.overran == (function == "sleepy"), function
    else:
        raise AssertionError(function)
assert run("loud") == ["heard"]
try:
    run("raising")
except ValueError as error:
    print(error)
waiting = threading.Event()
threading.Thread(target=waiting.wait).start()
assert not worker.can_fork()  # a thread runs
waiting.set()
"""


def test_a_command_forks_its_child(tmp_path):
    (tmp_path / "jobs_for_tests.py").write_text(JOBS)
    (tmp_path / "forked.py").write_text(FORKED)
    package = str(Path(cf.__file__).parents[1])
    found = subprocess.run(
        [sys.executable, str(tmp_path / "forked.py")],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(tmp_path), package))},
        timeout=60,
    )
    assert (found.stdout, found.stderr, found.returncode) == ("from the child\n", "", 0)


def test_a_saddle_alone_does_not_hide_what_a_search_saw():
    """The least loss of a search stays beside an enclosed point that is no minimum, not beside one that is."""
    seen = finding("least loss of a search", "observed", point=FrozenMap({"x": "1"}), loss="2", downhill=False)
    searched = Attempt("search", "enclosed", "", findings=(seen,))
    for kind, kept in (("saddle", (seen,)), ("local minimum", ())):
        point = CriticalPoint(None, FrozenMap({"x": "0"}), FrozenMap({"x": "1e-9"}), kind)
        assert conclude("both", [searched, Attempt("numbers", "enclosed", "", points=(point,))]).findings == kept


def test_a_known_minimiser_does_not_end_the_search_for_all_points():
    """By hand: the equation of y gives y = a*exp(b), which makes the others vanish; all of it is at loss 0."""
    report = cf.derive("(y - a*exp(b))^2")
    assert (report.verdict.outcome, report.complete) == ("closed", True)
    (point,) = report.critical_points
    assert str(point.exact["a"]) == "y*exp(-b)"
    assert point.kind == "global minimum"


def test_a_family_within_another_is_no_point_of_its_own():
    """(y - a*x)^2 vanishes on y = a*x, which holds x = y = 0 for all a; x*y = 0 is two lines, neither in the other."""
    (point,) = cf.derive("(y - a*x)^2").critical_points
    assert str(point.exact["y"]) == "a*x"
    assert len(cf.derive("(x*y)^2").critical_points) == 2
