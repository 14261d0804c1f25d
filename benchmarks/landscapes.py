"""Every critical point in a box, beside global optimisers that sample it; and boxes per second beside plain interval loops.

usage: python benchmarks/landscapes.py [--peers PYTHON]

The first table: closedform proves that its list is complete and which points are least; SciPy's shgo and
differential_evolution (in PYTHON, where SciPy is installed) return minima that they happened to find. CPU seconds of whole
processes, the imports of each apart. The second: gradient and Hessian of a loss on one box after the other, by the
enclosures of this package, by python-flint's arb on formulas written by hand, and by mpmath's iv.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from typing import Any

import mpmath
from flint import arb, ctx, fmpq

from closedform.enclosures.evaluation import Function
from closedform.problem import read
from closedform.stationarity.scalar import stationarity

# name: loss, box, minima known (Jamil and Yang 2013; Rastrigin: 11 x 11 in the box)
CASES = {
    "six-hump camel": ("(4 - 2.1*x^2 + x^4/3)*x^2 + x*y + (4*y^2 - 4)*y^2", {"x": (-3, 3), "y": (-2, 2)}, 6),
    "Himmelblau": ("(x^2 + y - 11)^2 + (x + y^2 - 7)^2", {"x": (-6, 6), "y": (-6, 6)}, 4),
    "Branin": (
        "(y - 5.1/(4*pi^2)*x^2 + 5/pi*x - 6)^2 + 10*(1 - 1/(8*pi))*cos(x) + 10",
        {"x": (-5, 10), "y": (0, 15)},
        3,
    ),
    "McCormick": ("sin(x+y) + (x-y)^2 - 1.5*x + 2.5*y + 1", {"x": (-1.5, 4), "y": (-3, 4)}, 2),
    "Rastrigin": (
        "20 + x^2 - 10*cos(2*pi*x) + y^2 - 10*cos(2*pi*y)",
        {"x": (-5.12, 5.12), "y": (-5.12, 5.12)},
        121,
    ),
}
OURS = """
import json, sys, time, closedform as cf
loss, box = json.loads(sys.argv[1])
r = cf.derive(loss, box={k: v for k, v in box.items()}, timeout=120)
kinds = [p.kind for p in r.critical_points]
print(json.dumps([len(kinds), sum("minimum" in k for k in kinds), r.complete, sum(k == "global minimum" for k in kinds)]))
"""
SCIPY = """
import json, math, sys, time
import numpy as np
from scipy.optimize import shgo, differential_evolution
loss, box = json.loads(sys.argv[1])
code = loss.replace("^", "**").replace("pi", "math.pi").replace("cos", "np.cos").replace("sin", "np.sin")
f = eval("lambda v: (lambda x, y: " + code + ")(*v)")
bounds = list(box.values())
out = []
for run in (lambda: shgo(f, bounds, n=256, iters=3, sampling_method="sobol"), lambda: differential_evolution(f, bounds, seed=0)):
    began = time.process_time(); found = run()
    many = len(found.xl) if hasattr(found, "xl") and found.success else 1
    out.append([time.process_time() - began, many])
print(json.dumps(out))
"""


def timed(python: str, program: str, *arguments: str) -> tuple[float, Any]:
    """CPU seconds of the process with its children, and what it printed."""
    code = f"import resource, subprocess, sys; p = subprocess.run([{python!r}, '-c', {program!r}, *sys.argv[1:]], "
    code += "capture_output=True, text=True); u = resource.getrusage(resource.RUSAGE_CHILDREN); "
    code += "print(u.ru_utime + u.ru_stime); print(p.stdout or p.stderr[-300:])"
    said = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True).stdout
    seconds, _, rest = said.partition("\n")
    return float(seconds), json.loads(rest) if rest.strip().startswith("[") else rest.strip()


def landscapes(peers: str | None) -> None:
    print("| function | minima in the box | closedform | shgo | differential evolution |\n|---|---|---|---|---|")
    for name, (loss, box, known) in CASES.items():
        sides = ",".join(f"{u}={a}:{b}" for u, (a, b) in box.items())
        seconds, found = timed(
            sys.executable, OURS.replace("{k: v for k, v in box.items()}", repr(sides)), json.dumps([loss, box])
        )
        points, minima, complete, least = found
        whole = "proved complete" if complete else "not complete"
        ours = f"{seconds:.1f} s, {minima} minima of {points} points, {whole}, {least} global"
        shgo = evolution = "not run"
        if peers is not None:
            _, (a, b) = timed(peers, SCIPY, json.dumps([loss, box]))
            shgo, evolution = (f"{s:.2f} s, {n} found" for s, n in (a, b))
        print(f"| {name} | {known} | {ours} | {shgo} | {evolution} |", flush=True)


def boxes(count: int = 400) -> None:
    loss = "sin(x)*cos(y)*exp(-z^2/10) + (x^2 + y^2 + z^2)/10 + x*y*z/20"
    function = Function.of(stationarity(read(loss)))
    grid = [(fmpq(i % 8 - 4), fmpq(i // 8 % 8 - 4), fmpq(i // 64 - 3)) for i in range(count)]
    rates = dict[str, float]()
    with ctx.workprec(80):
        began = time.process_time()
        for place in grid:
            function.system([arb(c, fmpq(1, 2)) for c in place])
        rates["closedform"] = count / (time.process_time() - began)
        began = time.process_time()
        for place in grid:
            _by_hand(*(arb(c, fmpq(1, 2)) for c in place), arb)
        rates["arb by hand"] = count / (time.process_time() - began)
    mpmath.iv.prec = 80
    began = time.process_time()
    for place in grid[: count // 8]:
        _by_hand(*(mpmath.iv.mpf([float(c) - 0.5, float(c) + 0.5]) for c in place), mpmath.iv)
    rates["mpmath.iv"] = count // 8 / (time.process_time() - began)
    print("\n| gradient and Hessian in three unknowns | boxes per second | closedform against it |\n|---|---|---|")
    for name, rate in rates.items():
        print(f"| {name} | {rate:,.0f} | {rates['closedform'] / rate:.2f} |")


def _by_hand(x: Any, y: Any, z: Any, of: Any) -> list[Any]:
    """Gradient and Hessian, each entry as one would write it."""
    if of is arb:
        sx, cx, sy, cy, e = x.sin(), x.cos(), y.sin(), y.cos(), (-z * z / 10).exp()
    else:
        sx, cx, sy, cy, e = of.sin(x), of.cos(x), of.sin(y), of.cos(y), of.exp(-z * z / 10)
    return [
        cx * cy * e + x / 5 + y * z / 20,
        -sx * sy * e + y / 5 + x * z / 20,
        -z / 5 * sx * cy * e + z / 5 + x * y / 20,
        -sx * cy * e + 1 / (x * 0 + 5),
        -cx * sy * e + z / 20,
        -z / 5 * cx * cy * e + y / 20,
        -sx * cy * e + 1 / (x * 0 + 5),
        z / 5 * sx * sy * e + x / 20,
        (z * z / 25 - 1 / (x * 0 + 5)) * sx * cy * e + 1 / (x * 0 + 5),
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", metavar="PYTHON", help="an interpreter that has SciPy")
    landscapes(parser.parse_args().peers)
    boxes()
