#!/usr/bin/env python3
"""What a command costs, and what SymPy's own solver makes of the same gradients.

usage: speed.py [--floor] [--spine] [--catalogue] [--repeat 3] [--cap 30] [--names mean,quartic,..]

--floor      CPU seconds (user and system, children too) of the commands that have a target, as ratios to
             `python -c "import sympy"`, all in turn in one run, the best of --repeat; exit status 1 where one is missed
--spine      the same for more commands, without targets
--catalogue  each scalar loss of the catalogue: closedform's verdict and time, and what sympy.solve returns for the same
             gradient within --cap seconds, in a process of its own

CPU seconds grow on a busy machine too, but alike for all that is measured in one run.
"""

from __future__ import annotations

import argparse
import os
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import closedform as cf

TABLES = {
    "logistic": "x,y\n1,0\n2,1\n3,1\n",
    "separable": "x,y\n1,0\n2,1\n",
    "neuron2": "x,y\n1,1\n2,0\n",
    "neuron3": "x,y\n1,0\n2,1\n3,0\n",
    "line": "x,y\n1,2\n2,3\n3,5\n4,4\n",
}
SPINE = [
    ["--help"],
    ["derive", "x +"],
    ["derive", "ols"],
    ["derive", "||X*a - y||^2 + lam*||a||^2", "--unknowns", "a", "--shapes", "X=n,k;y=n;a=k", "--assume", "lam>0"],
    ["derive", "ols", "--data", "@line", "--target", "y"],
    ["derive", "x**4 - x**2"],
    ["derive", "x^6/6 - x^2/2 - x"],
    ["derive", "a*x^2 + b*x + c", "--unknowns", "x", "--assume", "a>0"],
    ["derive", "x^6/6 - 2*x"],
    ["derive", "x^6/6 - 5*x^2/2 + 12*x"],
    ["derive", "logistic"],
    ["derive", "logistic", "--data", "@logistic", "--target", "y", "--no-intercept"],
    ["derive", "logistic", "--data", "@separable", "--target", "y", "--no-intercept"],
    ["derive", "nn", "--data", "@neuron2", "--target", "y"],
    ["derive", "nn", "--data", "@neuron3", "--target", "y"],
    ["galois", "x^5 - x - 1"],
    ["radicals", "x^5 - 5*x + 12"],
    ["roots", "x^5 - x - 1", "--digits", "50"],
]
SOLVE = """
import pickle, sys, sympy
equations, unknowns = pickle.load(sys.stdin.buffer)
found = sympy.solve(equations, unknowns, dict=True)
print(len(found))
"""


FLOOR = {  # the most that a command may cost, in units of `import sympy`
    ("--help",): 0.2,
    ("roots", "x^5 - x - 1"): 0.6,
    ("galois", "x^5 - x - 1"): 0.6,
    ("verify", "@quartic"): 0.6,
    ("derive", "x**4 - x**2"): 0.6,
    ("derive", "ols"): 0.6,
    ("derive", "logistic", "--data", "@logistic", "--target", "y"): 1.5,
    ("derive", "nn", "--data", "@neuron3", "--target", "y"): 1.5,
}
IMPORT = [sys.executable, "-c", "import sympy"]


def cpu(command: list[str]) -> tuple[float, int]:
    """The CPU seconds of a command with its children, and its exit code; byte code is cached, as for a user."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    code = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, env=environment, check=False
    ).returncode
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, code


def table(commands: dict[tuple[str, ...], float | None], repeat: int) -> bool:
    """Print what the commands cost beside the import; whether all met their targets."""
    met = True
    with tempfile.TemporaryDirectory() as folder:
        for name, rows in TABLES.items():
            (Path(folder) / f"{name}.csv").write_text(rows)
        (Path(folder) / "quartic.csv").write_text(cf.derive("x**4 - x**2").to_json())
        lines = {
            arguments: [
                sys.executable,
                "-m",
                "closedform",
                *(f"{folder}/{a[1:]}.csv" if a[0] == "@" else a for a in arguments),
            ]
            for arguments in commands
        }
        best = dict[tuple[str, ...], float]()
        codes = dict[tuple[str, ...], int]()
        for run in range(repeat + 1):  # the first run writes byte code
            for arguments, line in {(): IMPORT, **lines}.items():
                took, codes[arguments] = cpu(line)
                best[arguments] = min(took, best[arguments]) if run else float("inf")
    base = best[()]
    print(f"{'python -c import sympy':78} {base:6.2f} s\n")
    for arguments, most in commands.items():
        ratio = best[arguments] / base
        mark = "" if codes[arguments] == 0 else f"  exit {codes[arguments]}"
        if most is not None:
            mark += f"  at most {most} x" + ("" if ratio <= most else ": MISSED")
            met = met and ratio <= most
        print(f"{' '.join(arguments)[:78]:78} {best[arguments]:6.2f} s  {ratio:5.2f} x{mark}", flush=True)
    return met


def solve_by_sympy(report: cf.Report, cap: float) -> tuple[str, float]:
    """What sympy.solve says to the gradient of a report within the cap, and how long it took."""
    import sympy

    equations = list(report.gradient.values())
    names = {s.name: s for e in equations for s in e.free_symbols if isinstance(s, sympy.Symbol)}  # type: ignore[attr-defined]
    unknowns = [names[u] for u in report.problem.unknowns if u in names]
    started = time.perf_counter()
    try:
        done = subprocess.run(
            [sys.executable, "-c", SOLVE],
            input=pickle.dumps((equations, unknowns)),
            capture_output=True,
            timeout=cap,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "no answer", cap
    took = time.perf_counter() - started
    if done.returncode:
        return done.stderr.decode().strip().splitlines()[-1].partition(":")[0], took
    return f"{done.stdout.decode().strip()} solutions", took


def catalogue(cap: float, names: list[str] | None) -> None:
    print(f"{'loss':26} {'closedform':34} {'s':>6}   {'sympy.solve':26} {'s':>6}")
    for name in cf.losses():
        if names and name not in names:
            continue
        report = cf.derive(name, timeout=cap)
        if report.problem.level == "matrix" or not report.gradient:
            continue
        count = len(report.critical_points)
        ours = f"{report.verdict.outcome}, {count} points" + (" (all)" if report.complete else "")
        theirs, took = solve_by_sympy(report, cap)
        print(f"{name:26} {ours:34} {report.seconds:6.2f}   {theirs:26} {took:6.2f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--floor", action="store_true")
    parser.add_argument("--spine", action="store_true")
    parser.add_argument("--catalogue", action="store_true")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--cap", type=float, default=30)
    parser.add_argument("--names")
    given = parser.parse_args()
    every = not (given.floor or given.spine or given.catalogue)
    met = table(dict(FLOOR), given.repeat) if given.floor or every else True
    if given.spine or every:
        table({tuple(arguments): None for arguments in SPINE}, given.repeat)
    if given.catalogue or every:
        catalogue(given.cap, given.names.split(",") if given.names else None)
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
