#!/usr/bin/env python3
"""Polynomial systems with known numbers of zeros: closedform with and without msolve, msolve, and SymPy, in one run.

usage: systems.py [--systems FILE] [--only katsura-6,noon-4] [--cap 120] [--sympy] [--json FILE] [--markdown FILE]

Each pair runs in a process of its own with one thread; CPU seconds are those of the work and of the programs that it
starts, after the imports. "zeros" is closedform's exact form of all zeros, each proved; "answer" has radicals or the
proof that there are none, decimals with radii and the kernel's certificate as well. A count is marked "proved" where
the kernel accepted that there are no more zeros, "derived" where that rests on two engines. msolve is taken from the
path or from the extra of that name; its answer has no proof. FILE holds systems as in a list of {"name", "variables",
"equations", "complex"}; without it the families that the literature times are made here.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sympy as sp

Case = dict[str, Any]
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
COLUMNS = ("msolve", "closedform, zeros", "with msolve, zeros", "closedform, answer", "with msolve, answer", "SymPy")


# -- the families --------------------------------------------------------------------------------------------------


def katsura(n: int) -> Case:
    """Magnetism (Katsura 1990): 2^n zeros in n + 1 unknowns."""
    u = [f"u{i}" for i in range(n + 1)]

    def convolution(m: int) -> str:
        pairs = [(abs(i), abs(m - i)) for i in range(-n, n + 1)]
        return " + ".join(f"{u[i]}*{u[j]}" for i, j in pairs if i <= n and j <= n)

    equations = [f"{convolution(m)} - {u[m]}" for m in range(n)]
    return case(f"katsura-{n}", u, [*equations, f"{u[0]} + " + " + ".join(f"2*{v}" for v in u[1:]) + " - 1"], 2**n)


def noon(n: int) -> Case:
    """A neural network (Noonburg 1989): 3^n - 2 n zeros."""
    x = [f"x{i + 1}" for i in range(n)]
    squares = [" + ".join(f"{w}**2" for w in x if w != v) for v in x]
    equations = [f"10*{v}*({s}) - 11*{v} + 10" for v, s in zip(x, squares, strict=True)]
    return case(f"noon-{n}", x, equations, 3**n - 2 * n)


def eco(n: int) -> Case:
    """Economics (Morgan 1987): 2^(n - 2) zeros."""
    x = [f"x{i + 1}" for i in range(n)]
    equations = list[str]()
    for k in range(1, n):
        terms = [x[k - 1], *(f"{x[i]}*{x[i + k]}" for i in range(n - k - 1))]
        equations.append(f"{x[-1]}*({' + '.join(terms)}) - {k}")
    return case(f"eco-{n}", x, [*equations, " + ".join(x[:-1]) + " + 1"], 2 ** (n - 2))


def cyclic(n: int) -> Case:
    """Roots of the cyclic convolution (Bjorck 1990): 70 and 156 zeros for 5 and 6."""
    x = [f"x{i + 1}" for i in range(n)]
    sums = [" + ".join("*".join(x[(i + j) % n] for j in range(k)) for i in range(n)) for k in range(1, n)]
    return case(f"cyclic-{n}", x, [*sums, "*".join(x) + " - 1"], {5: 70, 6: 156}[n])


def himmelblau() -> Case:
    a, b = "(x**2 + y - 11)", "(x + y**2 - 7)"
    return case("Himmelblau", ["x", "y"], [f"4*x*{a} + 2*{b}", f"2*{a} + 4*y*{b}"], 9)


def case(name: str, variables: list[str], equations: list[str], complex_: int) -> Case:
    return {"name": name, "variables": variables, "equations": equations, "complex": complex_}


def families() -> list[Case]:
    return [
        himmelblau(),
        *map(katsura, (4, 5, 6, 7, 8)),
        *map(noon, (3, 4, 5)),
        *map(eco, (5, 6, 7, 8)),
        *map(cyclic, (5, 6)),
    ]


# -- who solves them -----------------------------------------------------------------------------------------------


def polynomials(given: Case) -> list[sp.Poly]:
    xs = sp.symbols(given["variables"])
    return [sp.Poly(sp.sympify(e, locals={x.name: x for x in xs}), *xs) for e in given["equations"]]


def by_msolve(given: Case, cap: float) -> tuple[float, str]:
    from closedform.algebra.polynomial_systems.msolve import program

    command = program()
    if command is None:
        return 0.0, ""
    equations = [str(p.as_expr()).replace("**", "^").replace(" ", "") for p in polynomials(given)]
    with tempfile.TemporaryDirectory() as folder:
        file, out = Path(folder, "in"), Path(folder, "out")
        file.write_text(",".join(given["variables"]) + "\n0\n" + ",\n".join(equations) + "\n")
        begin = children()
        subprocess.run([command, "-f", file, "-o", out, "-t", "1"], timeout=cap, check=True, capture_output=True)
        seconds = children() - begin
        real = json.loads(out.read_text().strip().rstrip(":").replace(" / 2^", ",").replace("/", ","))[1][1]
    return seconds, f"{len(real)} real"


def ours(whole: bool, helped: bool) -> Callable[[Case, float], tuple[float, str]]:
    def run(given: Case, cap: float) -> tuple[float, str]:
        import numpy  # noqa: F401  (else loaded by the first matrix, within the time)
        from flint import Ordering, fmpq, fmpq_mpoly_ctx

        from closedform.algebra.polynomial_systems import msolve, solve
        from closedform.budget import Budget
        from closedform.problem import Problem
        from closedform.reading.language import parse
        from closedform.stationarity.scalar import stationarity
        from closedform.strategies.scalar import polynomial_system

        if helped and msolve.program() is None:
            return 0.0, ""
        if not helped:
            msolve.program = lambda: None
        names = tuple(given["variables"])
        ring = fmpq_mpoly_ctx.get(names, Ordering.degrevlex)
        equations = [ring.from_dict({m: fmpq(int(c.p), int(c.q)) for m, c in p.terms()}) for p in polynomials(given)]
        texts = tuple(parse(e) for e in given["equations"])
        system = stationarity(Problem("", None, names, equations=texts))
        begin = time.process_time() + children()
        if not whole:
            found = solve.solve_system(equations, names, [], Budget.of(cap))
            counts = {"complex": found.complex_count, "real": found.real_count}
            word = f"by {found.completeness}" if found.completeness else found.reason
        else:
            answer = polynomial_system.attempt(system, Budget.of(cap))
            counts = dict(answer.counts)
            proved = any(c.claim["kind"] == "critical_points" and c.claim["complete"] for c in answer.certificates)
            word = "proved" if proved else "derived" if answer.complete else "observed"
        seconds = time.process_time() + children() - begin
        wrong = "" if counts["complex"] == given["complex"] or not given.get("complex") else "WRONG "
        return seconds, f"{wrong}{counts['complex']}, {counts['real']} real, {word}"

    return run


def by_sympy(given: Case, cap: float) -> tuple[float, str]:
    system = polynomials(given)
    begin = time.process_time()
    found = sp.solve_poly_system([p.as_expr() for p in system], *sp.symbols(given["variables"]))
    return time.process_time() - begin, f"{len(found or [])} listed"


WORKERS = dict(
    zip(
        COLUMNS,
        (by_msolve, ours(False, False), ours(False, True), ours(True, False), ours(True, True), by_sympy),
        strict=True,
    )
)


def children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


# -- the run -------------------------------------------------------------------------------------------------------


def measured(given: Case, column: str, cap: float) -> dict[str, Any]:
    """Seconds and words from a process of its own."""
    command = [sys.executable, __file__, "--work", column, "--cap", str(cap)]
    environment = {**os.environ, **ONE_THREAD}
    try:
        done = subprocess.run(
            command, input=json.dumps(given), capture_output=True, text=True, timeout=cap * 6, env=environment
        )
        return json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return {"seconds": None, "said": f"none in {cap:g} s"}
    except ValueError:
        return {"seconds": None, "said": "failed: " + (done.stderr.strip().splitlines() or ["?"])[-1][:80]}


def shown(entry: dict[str, Any] | None) -> str:
    if not entry or not entry["said"]:
        return ""
    return f"{entry['seconds']:.3g} s; {entry['said']}" if entry["seconds"] is not None else entry["said"]


def markdown(rows: list[dict[str, Any]], columns: list[str]) -> str:
    lines = ["| system | zeros | " + " | ".join(columns) + " |", "|---" * (len(columns) + 2) + "|"]
    lines += [
        f"| {r['name']} | {r['complex']} | " + " | ".join(shown(r["by"].get(c)) for c in columns) + " |" for r in rows
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--systems", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--cap", type=float, default=120.0)
    parser.add_argument("--sympy", action="store_true")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--work", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        seconds, said = WORKERS[options.work](json.load(sys.stdin), options.cap)
        json.dump({"seconds": seconds, "said": said}, sys.stdout)
        return
    cases = json.loads(options.systems.read_text(encoding="utf-8")) if options.systems else families()
    columns = [c for c in COLUMNS if options.sympy or c != "SymPy"]
    rows = list[dict[str, Any]]()
    for given in cases:
        if options.only and given["name"] not in options.only.split(","):
            continue
        by = {c: measured(given, c, options.cap) for c in columns}
        rows.append({"name": given["name"], "complex": given.get("complex"), "by": by})
        print(given["name"], *(f"{c}: {shown(e)}" for c, e in by.items() if e["said"]), sep="\n    ", flush=True)
    about = {"date": time.strftime("%Y-%m-%d"), "machine": platform.machine(), "python": platform.python_version()}
    if options.json:
        options.json.write_text(json.dumps({**about, "rows": rows}, indent=1) + "\n", encoding="utf-8")
    if options.markdown:
        options.markdown.write_text(markdown(rows, columns), encoding="utf-8")


if __name__ == "__main__":
    main()
