#!/usr/bin/env python3
"""How the cost grows: CPU seconds against degree, digits, rows and unknowns, with the exponent of a power that fits.

usage: growth.py [--only roots] [--cap 120] [--markdown FILE]

Each size runs in a process of its own with one thread, a small piece of the same kind first; children count. The exponent is
the slope of the logarithms over the upper half of the sizes, where start-up does not hide it.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from peers import ONE_THREAD, cpu_seconds, named, table

import closedform as cf


def dense(degree: int) -> list[int]:
    return [7, *np.random.default_rng(degree).integers(-9, 10, degree - 1).tolist(), 5]


def quartic(unknowns: int) -> str:
    return " + ".join(f"(x{i} - {i})^2" for i in range(unknowns)) + f" + x0*x{unknowns - 1}/3"


KINDS: dict[str, tuple[str, list[int], Callable[[int], Any]]] = {
    "roots, 30 digits": ("degree", [50, 100, 200, 400, 800], lambda n: cf.roots(dense(n))),
    "roots of degree 50": ("digits", [500, 1000, 2000, 4000], lambda n: cf.roots(dense(50), digits=n)),
    "one unknown, dense": ("degree", [5, 10, 20, 40], lambda n: cf.derive(_power_sum(dense(n)))),
    "least squares, 5 columns": ("rows", [1000, 4000, 16_000, 64_000], lambda n: _fit("ols", n, 5)),
    "least squares, 1,000 rows": ("columns", [5, 10, 20, 40], lambda n: _fit("ols", 1000, n)),
    "logistic regression, 5 columns": ("rows", [500, 2000, 8000], lambda n: _fit("logistic", n, 5)),
    "logistic regression, 1,000 rows": ("columns", [3, 6, 12], lambda n: _fit("logistic", 1000, n)),
    "quadratic": ("unknowns", [10, 20, 40, 80], lambda n: cf.derive(quartic(n))),
    "median": ("rows", [1000, 4000, 16_000], lambda n: cf.derive("median", data={"x": _column(n)})),
}


def _power_sum(coefficients: list[int]) -> str:
    top = len(coefficients) // 2 * 2
    return " + ".join([f"x^{top + 2}", *(f"({c})*x^{k}" for k, c in enumerate(coefficients))])


def _fit(loss: str, rows: int, columns: int) -> Any:
    return cf.derive(loss, data=named(table(rows, columns, "logistic" if loss == "logistic" else "normal")), target="y")


def _column(rows: int) -> list[float]:
    return np.round(np.random.default_rng(rows).standard_normal(rows), 3).tolist()


def run_one(kind: str, size: int) -> None:
    _, sizes, work = KINDS[kind]
    work(sizes[0])
    before = cpu_seconds()
    work(size)
    print(json.dumps(cpu_seconds() - before))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--only", default="")
    options.add_argument("--cap", type=float, default=120)
    options.add_argument("--markdown", type=Path)
    options.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.run:
        run_one(given.run[0], int(given.run[1]))
        return
    lines = ["| work | size | CPU seconds | exponent |", "|---|---|---|---|"]
    print("\n".join(lines))
    for kind, (what, sizes, _) in KINDS.items():
        if given.only and not any(part in kind for part in given.only.split(",")):
            continue
        seconds = [measured(kind, size, given.cap) for size in sizes]
        upper = [(n, s) for n, s in zip(sizes, seconds, strict=True) if s is not None and s > 0][
            -max(2, len(sizes) // 2) :
        ]
        slope = (
            np.polyfit([math.log(n) for n, _ in upper], [math.log(s) for _, s in upper], 1)[0] if upper[1:] else None
        )
        shown = ", ".join(f"more than {given.cap:g}" if s is None else f"{s:.2g}" for s in seconds)
        power = "" if slope is None else f"{slope:.1f}"
        lines.append(f"| {kind} | {what} {', '.join(f'{n:,}' for n in sizes)} | {shown} | {power} |")
        print(lines[-1], flush=True)
    if given.markdown:
        given.markdown.write_text(f"{time.strftime('%Y-%m-%d')}\n\n" + "\n".join(lines) + "\n")


def measured(kind: str, size: int, cap: float) -> float | None:
    command = [sys.executable, __file__, "--run", kind, str(size)]
    try:
        done = subprocess.run(command, env={**os.environ, **ONE_THREAD}, capture_output=True, text=True, timeout=cap)
        return float(json.loads(done.stdout.splitlines()[-1]))
    except subprocess.TimeoutExpired:
        return None
    except (IndexError, ValueError):
        sys.exit(done.stderr)


if __name__ == "__main__":
    main()
