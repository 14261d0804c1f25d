"""Galois groups of degree 3 to 11 against PARI's ``polgalois``, its whole range; skips when cypari is missing.

usage: galois_groups.py [--pari PYTHON] [--galdata DIR] [--count N] [--seed S]

``--pari`` is a Python with cypari (default: this one), ``--galdata`` the directory of PARI's package galdata, needed by
it past degree 7. Polynomials: small random ones, compositions g(h(x)), and polynomials of sums and products of roots,
which have small groups. Prints how often each number was met, every disagreement, and the times.
"""

from __future__ import annotations

import argparse
import collections
import importlib.util
import json
import random
import statistics
import subprocess
import sys
import time

from flint import fmpz_poly

from closedform.algebra.galois.decide import decide
from closedform.algebra.galois.steps import SHIFTS
from closedform.algebra.galois.subfields import pair_resolvent
from closedform.budget import Budget

ASK = """
import json, sys
from cypari import pari
if len(sys.argv) > 1: pari.default("datadir", sys.argv[1])
pari.allocatemem(2 * 10**9, silent=True)
for line in sys.stdin:
    print(json.dumps([int(a) for a in list(pari("polgalois(Polrev(%s))" % line.strip()))[:3]]), flush=True)
"""


def pool(count: int, seed: int) -> list[fmpz_poly]:
    """Irreducible monic polynomials of degree 3 to 11, many with small groups."""
    pick, out = random.Random(seed), dict[tuple[int, ...], fmpz_poly]()

    def small(n: int, size: int, sparse: float = 0.5) -> fmpz_poly:
        return fmpz_poly([pick.randint(-size, size) * (pick.random() > sparse) for _ in range(n)] + [1])

    while len(out) < count:
        kind = pick.randrange(4)
        if kind == 0:
            found = [small(pick.randint(3, 11), 5, 0.7)]
        elif kind == 1:
            a, b = pick.choice([(2, 2), (2, 3), (3, 2), (2, 4), (4, 2), (3, 3), (2, 5), (5, 2)])
            found = [small(b, 4, 0.4)(small(a, 4, 0.4))]
        elif kind == 2:
            found = [g for g, _ in pair_resolvent(small(pick.randint(3, 6), 4), pick.choice(SHIFTS)).factor()[1]]
        else:
            n = pick.choice([8, 9, 10])
            found = [fmpz_poly([pick.randint(-9, 9) * (i % pick.choice([2, 3, 4]) == 0) for i in range(n)] + [1])]
        for f in found:
            if 3 <= f.degree() <= 11 and len(f.factor()[1]) == 1 and f.factor()[1][0][1] == 1 and f.height_bits() < 60:
                out[tuple(int(c) for c in f.coeffs())] = f
    return list(out.values())[:count]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--pari", default=sys.executable)
    options.add_argument("--galdata", default="")
    options.add_argument("--count", type=int, default=400)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    if given.pari == sys.executable and importlib.util.find_spec("cypari") is None:
        print("skipped: cypari is not installed (pip install cypari, or --pari PYTHON)")
        return
    polynomials = pool(given.count, given.seed)
    lines = "\n".join(str([int(c) for c in f.coeffs()]) for f in polynomials)
    command = [given.pari, "-c", ASK, *([given.galdata] if given.galdata else [])]
    said = subprocess.run(command, input=lines, capture_output=True, text=True, check=True).stdout.splitlines()
    met, seconds, open_, wrong = collections.Counter[str](), collections.defaultdict[int, list[float]](list), 0, 0
    for f, line in zip(polynomials, said, strict=True):
        order, _, number = json.loads(line)
        start = time.perf_counter()
        found = decide(f, Budget.of(60))
        seconds[f.degree()].append(time.perf_counter() - start)
        label = f"{f.degree()}T{number}"
        met[label] += 1
        if found.transitive is None:
            open_ += 1
            print(f"open: {label} {f}")
        elif (found.transitive, found.order) != (label, order):
            wrong += 1
            print(f"WRONG: {found.transitive} of order {found.order}, PARI {label} of order {order}: {f}")
    print(f"{len(polynomials)} polynomials, {len(met)} of the 172 groups met, {open_} open, {wrong} wrong")
    for n, times in sorted(seconds.items()):
        print(
            f"degree {n:2}: {len(times):4} polynomials, median {statistics.median(times):.3f} s, most {max(times):.2f} s"
        )


if __name__ == "__main__":
    main()
