"""Derivation of matrix losses: from the reader's nodes to formula, code and certificate, in process.

usage: python benchmarks/matrices.py [--repeat 5]

Prints the CPU milliseconds of each catalogue loss of level "matrix" (the best of a few repetitions, everything cold but the
imports) and the median, which is to stay under 5 ms. SymPy must not be imported by any of it.
"""

from __future__ import annotations

import argparse
import importlib
import statistics
import sys
import time

import closedform as cf
from closedform import problem as problems
from closedform.budget import Budget
from closedform.errors import ClosedFormError
from closedform.ladder import MATRIX
from closedform.stationarity.matrix import matrix_system


def first_solved(problem, modules) -> str:
    """The first strategy that solves the problem; "-" where none does."""
    system = matrix_system(problem)
    for module in modules:
        if module.declines(system) is None and module.attempt(system, Budget.of(20)).outcome == "solved":
            return module.name
    return "-"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=5)
    repeat = parser.parse_args().repeat
    modules = [importlib.import_module(m) for m in MATRIX if ".matrix_" in m]
    modules = [m for m in modules if hasattr(m, "attempt")]
    times = []
    for entry in cf.losses():
        name = getattr(entry, "name", entry)
        try:
            problem = problems.read(name)
        except ClosedFormError:
            continue
        if problem.level != "matrix":
            continue
        best, strategy = float("inf"), "-"
        for _ in range(repeat):
            start = time.process_time()
            strategy = first_solved(problem, modules)
            best = min(best, time.process_time() - start)
        times.append(best)
        print(f"{1e3 * best:8.2f} ms  {strategy:20} {name}")
    print(
        f"\nmedian {1e3 * statistics.median(times):.2f} ms over {len(times)} losses, largest {1e3 * max(times):.1f} ms"
    )
    print("SymPy imported:", "sympy" in sys.modules)
    return 0 if statistics.median(times) < 5e-3 and "sympy" not in sys.modules else 1


if __name__ == "__main__":
    sys.exit(main())
