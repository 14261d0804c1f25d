"""Polynomial systems with known numbers of solutions, timed in process; SymPy's solver beside it under a cap.

usage: python benchmarks/systems.py SYSTEMS.json [--sympy SECONDS]
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import time
from pathlib import Path
from typing import Any

import sympy as sp
from flint import Ordering, fmpq, fmpq_mpoly_ctx

from closedform.algebra.polynomial_systems.solve import solve_system
from closedform.budget import Budget


def ours(case: dict[str, Any]) -> tuple[float, str]:
    ring = fmpq_mpoly_ctx.get(tuple(case["variables"]), Ordering.degrevlex)
    xs = sp.symbols(case["variables"])
    polys = [sp.Poly(sp.sympify(e, locals={x.name: x for x in xs}), *xs) for e in case["equations"]]
    equations = [ring.from_dict({m: fmpq(int(c.p), int(c.q)) for m, c in p.terms()}) for p in polys]
    begin = time.perf_counter()
    found = solve_system(equations, case["variables"], [], Budget.of(120))
    right = found.complex_count == case.get("complex") and case.get("real") in (None, found.real_count)
    word = "right" if right else found.reason or "WRONG"
    return (
        time.perf_counter() - begin,
        f"{word} {found.complex_count} complex, {found.real_count} real, ground {found.ground or '-'}",
    )


def _sympy(case: dict[str, Any], out: Any) -> None:
    xs = sp.symbols(case["variables"])
    found = sp.solve([sp.sympify(e, locals={x.name: x for x in xs}) for e in case["equations"]], xs, dict=True)
    out.put(len(found))


def theirs(case: dict[str, Any], cap: float) -> str:
    context = multiprocessing.get_context("spawn")
    out = context.Queue()
    child = context.Process(target=_sympy, args=(case, out))
    begin = time.perf_counter()
    child.start()
    child.join(cap)
    if child.is_alive():
        child.kill()
        return f"none in {cap:g} s"
    return f"{out.get() if not out.empty() else 'error'} solutions, {time.perf_counter() - begin:.2f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("systems", type=Path)
    parser.add_argument("--sympy", type=float, default=0.0, metavar="SECONDS")
    options = parser.parse_args()
    for case in json.loads(options.systems.read_text(encoding="utf-8")):
        seconds, words = ours(case)
        beside = f"   SymPy: {theirs(case, options.sympy)}" if options.sympy else ""
        print(f"{case['name']:28} {seconds:7.3f} s  {words}{beside}", flush=True)


if __name__ == "__main__":
    main()
