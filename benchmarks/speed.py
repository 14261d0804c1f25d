#!/usr/bin/env python3
"""How quick the command is, and what SymPy's own solver makes of the same gradients.

usage: speed.py [--spine] [--catalogue] [--repeat 3] [--cap 30] [--names mean,quartic,..]

--spine      wall-clock seconds of whole commands, best of --repeat, and their ratio to `python -c "import sympy"`
--catalogue  each scalar loss of the catalogue: closedform's verdict and time, and what sympy.solve returns for the same
             gradient within --cap seconds, in a process of its own

Run it with nothing else running: every figure is wall-clock time on this machine.
"""

from __future__ import annotations

import argparse
import pickle
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


def seconds(command: list[str], repeat: int) -> tuple[float, int]:
    """The least wall-clock time of some runs, and the last exit code."""
    best, code = float("inf"), 0
    for _ in range(repeat):
        started = time.perf_counter()
        code = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode
        best = min(best, time.perf_counter() - started)
    return best, code


def spine(repeat: int) -> None:
    base, _ = seconds([sys.executable, "-c", "import sympy"], repeat)
    print(f"{'python -c import sympy':78} {base:6.2f} s\n")
    with tempfile.TemporaryDirectory() as folder:
        for name, table in TABLES.items():
            (Path(folder) / f"{name}.csv").write_text(table)
        for arguments in SPINE:
            given = [f"{folder}/{a[1:]}.csv" if a.startswith("@") else a for a in arguments]
            took, code = seconds([sys.executable, "-m", "closedform", *given], repeat)
            shown = " ".join(arguments)
            mark = "" if code == 0 else f"  exit {code}"
            print(f"{shown[:78]:78} {took:6.2f} s  {took / base:5.2f} x{mark}", flush=True)


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
    parser.add_argument("--spine", action="store_true")
    parser.add_argument("--catalogue", action="store_true")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--cap", type=float, default=30)
    parser.add_argument("--names")
    given = parser.parse_args()
    if given.spine or not given.catalogue:
        spine(given.repeat)
    if given.catalogue or not given.spine:
        catalogue(given.cap, given.names.split(",") if given.names else None)


if __name__ == "__main__":
    main()
