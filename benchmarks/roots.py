#!/usr/bin/env python3
"""All complex roots by closedform and its peers in one run: CPU seconds, how many of the roots are right, and the ratios.

usage: roots.py [--digits 30,1000] [--only wilkinson] [--cap 60] [--json FILE]

Peers: FLINT (the call with the same digits), PARI where cypari is installed, mpmath and NumPy up to a degree. Each pair runs in
a process of its own with one thread, a small polynomial first. A list is right when it has as many entries as the polynomial has
distinct roots and each lies within 10^(2 - digits), relatively, of a root of its own; the roots are closedform's with 20 digits
more, each certified by the kernel.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from flint import acb, arb, ctx, fmpz, fmpz_poly

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
x = fmpz_poly([0, 1])


def product(factors: list[fmpz_poly]) -> fmpz_poly:
    return math.prod(factors, start=fmpz_poly([1]))


def dense(degree: int, size: int = 9) -> fmpz_poly:
    draw = random.Random(degree)
    return fmpz_poly([draw.choice((-1, 1)) * draw.randint(1, size) for _ in range(degree + 1)])


def unlike(degree: int) -> fmpz_poly:
    draw = random.Random(degree)
    return fmpz_poly([draw.randint(1, 9) * 10 ** draw.randint(0, 60) for _ in range(degree + 1)])


def mandelbrot(k: int) -> fmpz_poly:
    f = fmpz_poly([1])
    for _ in range(k - 1):
        f = x * f * f + 1
    return f


POLYNOMIALS: dict[str, Callable[[], fmpz_poly]] = {
    **{f"dense {n}": (lambda n=n: dense(n)) for n in (20, 30, 50, 100, 200, 500, 1000)},
    **{f"wilkinson {n}": (lambda n=n: product([x - k for k in range(1, n + 1)])) for n in (20, 50, 100, 200)},
    **{f"chebyshev {n}": (lambda n=n: fmpz_poly.chebyshev_t(n)) for n in (50, 100, 200)},
    "swinnerton-dyer 64": lambda: fmpz_poly.swinnerton_dyer(6),
    "mignotte 50, 1000": lambda: x**50 - 2 * (1000 * x - 1) ** 2,
    "mignotte 100, 10^10": lambda: x**100 - 2 * (10**10 * x - 1) ** 2,
    "x^50 - (1000x - 1)^2": lambda: x**50 - (1000 * x - 1) ** 2,
    **{
        f"truncated exponential {n}": (lambda n=n: fmpz_poly([fmpz.fac_ui(n) // fmpz.fac_ui(k) for k in range(n + 1)]))
        for n in (50, 100, 200)
    },
    "unlike sizes 100": lambda: unlike(100),
    "mandelbrot 127": lambda: mandelbrot(8),
    "unity 200": lambda: x**200 - 1,
    "multiple": lambda: dense(12) ** 2 * dense(11) ** 3 * (7 * x**3 - 3 * x + 1),
}


def ours(f: fmpz_poly, digits: int) -> list[tuple[str, str]]:
    import closedform as cf

    return [(r.re, r.im) for r in cf.roots(f, digits=digits, timeout=300).roots]


def flint(f: fmpz_poly, digits: int) -> list[tuple[str, str]]:
    with ctx.workprec(int(digits * 3.3220) + 16):
        return [_text(z, digits) for z, _ in f.complex_roots()]


def pari(f: fmpz_poly, digits: int) -> list[tuple[str, str]]:
    from cypari import pari as gp

    gp.allocatemem(2 * 10**9, 2 * 10**9, silent=True)
    gp.set_real_precision(digits)
    found = gp(f"Pol({[int(c) for c in f.coeffs()[::-1]]})").polroots(precision=int(digits * 3.3220) + 16)
    return [(str(gp.real(z)).replace(" E", "e"), str(gp.imag(z)).replace(" E", "e")) for z in found]


def mp(f: fmpz_poly, digits: int) -> list[tuple[str, str]]:
    import mpmath

    with mpmath.workdps(digits):
        found = mpmath.polyroots([int(c) for c in f.coeffs()[::-1]], maxsteps=500, extraprec=10 * digits)
        return [(mpmath.nstr(mpmath.re(z), digits), mpmath.nstr(mpmath.im(z), digits)) for z in found]


def floating(f: fmpz_poly, digits: int) -> list[tuple[str, str]]:
    import numpy as np

    return [(repr(float(z.real)), repr(float(z.imag))) for z in np.roots([float(int(c)) for c in f.coeffs()[::-1]])]


def _text(z: acb, digits: int) -> tuple[str, str]:
    return z.real.str(digits, radius=False), z.imag.str(digits, radius=False)


LIBRARIES = {"closedform": ours, "FLINT": flint, "PARI": pari, "mpmath": mp, "NumPy": floating}
HIGHEST = {"mpmath": 50, "FLINT": 200, "NumPy": 2000, "PARI": 500}  # degrees past which a library is not waited for


def right(found: list[tuple[str, str]], f: fmpz_poly, digits: int) -> str:
    """How many of the distinct roots are in the list, each at an entry of its own."""
    import closedform as cf
    from closedform.kernel.check import check_certificate

    truth = cf.roots(f, digits=digits + 20, timeout=300)
    check_certificate(truth.certificate)
    with ctx.workprec(4 * digits + 400):
        left = [acb(arb(re), arb(im)) for re, im in found]
        near, hits = arb(10) ** (2 - digits), 0
        for r in truth.roots:
            z = acb(arb(r.re), arb(r.im))
            k = next((k for k, w in enumerate(left) if bool(abs(w - z) <= near * abs(z))), None)
            if k is not None:
                hits += 1
                left.pop(k)
    return f"{hits} of {len(truth.roots)}" + (f", {len(found)} given" if len(found) != len(truth.roots) else "")


def run_one(name: str, library: str, digits: int) -> None:
    find, f = LIBRARIES[library], POLYNOMIALS[name]()
    find(fmpz_poly([-3, 7, 0, 0, 1]), digits)
    find(dense(31), digits)
    before = time.process_time()
    found = find(f, digits)
    print(json.dumps({"seconds": time.process_time() - before, "found": found}))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--digits", default="30")
    options.add_argument("--only", default="")
    options.add_argument("--cap", type=float, default=60)
    options.add_argument("--json")
    options.add_argument("--run", nargs=3, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.run:
        run_one(given.run[0], given.run[1], int(given.run[2]))
        return
    rows = list[dict[str, Any]]()
    print("| polynomial | digits | " + " | ".join(LIBRARIES) + " | to FLINT | to PARI |")
    print("|---" * (len(LIBRARIES) + 4) + "|")
    for digits in map(int, given.digits.split(",")):
        for name in (n for n in POLYNOMIALS if not given.only or any(p in n for p in given.only.split(","))):
            f, seconds, cells = POLYNOMIALS[name](), dict[str, float](), list[str]()
            for library in LIBRARIES:
                cell = "" if f.degree() > HIGHEST.get(library, 10**9) else measured(name, library, digits, given.cap, f)
                if isinstance(cell, dict):
                    seconds[library] = cell["seconds"]
                    rows.append({"polynomial": name, "digits": digits, "library": library, **cell})
                    cell = f"{cell['seconds']:.3g} s, {cell['right']}"
                cells.append(cell)
            ratios = [
                f"{seconds['closedform'] / seconds[peer]:.2f}" if peer in seconds and "closedform" in seconds else ""
                for peer in ("FLINT", "PARI")
            ]
            print(f"| {name} | {digits} | " + " | ".join([*cells, *ratios]) + " |", flush=True)
    if given.json:
        with open(given.json, "w", encoding="utf-8") as out:
            json.dump(rows, out, indent=1)


def measured(name: str, library: str, digits: int, cap: float, f: fmpz_poly) -> dict[str, Any] | str:
    command = [sys.executable, __file__, "--run", name, library, str(digits)]
    try:
        done = subprocess.run(command, env={**os.environ, **ONE_THREAD}, capture_output=True, text=True, timeout=cap)
        out = json.loads(done.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired:
        return f"more than {cap:g} s"
    except (IndexError, ValueError):
        return (done.stderr.strip().splitlines() or ["no answer"])[-1][:60]
    found = [(re, im) for re, im in out["found"]]
    return {"seconds": out["seconds"], "right": right(found, f, min(digits, 14) if library == "NumPy" else digits)}


if __name__ == "__main__":
    main()
