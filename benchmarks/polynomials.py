"""Speed of the polynomial questions: decision, radicals, roots; against SymPy, and PARI where cypari is installed.

usage: python benchmarks/polynomials.py [POLYNOMIALS.json]

One run on one machine; times in process, the import aside, the best of three. The optional file is a list of objects
with a key "poly" (text in x); without it the polynomials below are used.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from closedform.algebra.galois import decide as engine
from closedform.algebra.galois import subfields
from closedform.polynomials import galois, radicals, roots

BUILT_IN = [
    "x^5 - x - 1",
    "x^5 - 5*x + 12",
    "x^5 - 6*x^3 - 6*x^2 + x - 6",
    "x^6 - 3*x^2 + 1",
    "x^7 - 7*x + 3",
    "x^7 + 7*x^3 + 7*x^2 + 7*x - 1",
    "x^8 - x^7 + 29*x^2 + 29",
    "x^8 - 10*x^4 + 1",
    "x^9 + 27*x - 24",
    "x^9 - 3*x^8 - 24*x^5 - 24*x^4 - 48*x + 16",
    "x^10 - 2*x^5 - 2",
    "x^12 - 21*x^4 + 49",
    "x^14 - x - 1",
    "x^16 + x - 3",
    "x^20 - x + 5",
]
SINGLE: list[tuple[str, Callable[[], Any], float]] = [
    ("decide x^100 - x - 1", lambda: galois("x^100 - x - 1"), 1.0),
    ("radicals, degree 5 (D5)", lambda: radicals("x^5 - 5*x + 12"), 0.05),
    ("radicals, degree 7 (C7)", lambda: radicals("x^7 + x^6 - 12*x^5 - 7*x^4 + 28*x^3 + 14*x^2 - 9*x + 1"), 0.2),
    ("radicals, degree 11 (C11)", lambda: radicals("x^11 - 11*x^9 + 44*x^7 - 77*x^5 + 55*x^3 - 11*x - 1"), 3.0),
    ("1,000 digits of the roots of x^5 - x - 1", lambda: roots("x^5 - x - 1", digits=1000), 0.05),
]


def forget() -> None:
    """Empty every cache, so that each run does the work."""
    engine._known.clear()
    for cached in (subfields._pair_orbits, subfields._block_systems, subfields._reference):
        cached.cache_clear()


def best(action: Callable[[], Any], repeat: int = 3) -> float:
    times = list[float]()
    for _ in range(repeat):
        forget()
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return min(times)


def peers(texts: list[str]) -> None:
    import sympy

    x = sympy.Symbol("x")
    small = [sympy.Poly(sympy.sympify(t.replace("^", "**")), x) for t in texts]
    small = [p for p in small if p.degree() <= 6]
    start = time.perf_counter()
    for p in small:
        p.galois_group()
    each = (time.perf_counter() - start) / max(len(small), 1)
    print(f"SymPy galois_group (degree <= 6, all it can): {each * 1000:.1f} ms each over {len(small)}")
    start = time.perf_counter()
    sympy.solve(x**5 - 5 * x + 12, x)
    print(f"SymPy solve(x^5 - 5 x + 12): {time.perf_counter() - start:.2f} s")
    try:
        import cypari  # type: ignore[import-not-found]
    except ImportError:
        print("PARI: cypari is not installed")
        return
    answered = list[float]()
    for text in texts:
        start = time.perf_counter()
        try:
            cypari.pari(f"polgalois({text})")
        except Exception:
            continue
        answered.append(time.perf_counter() - start)
    middle = statistics.median(answered) * 1000
    print(f"PARI polgalois: answered {len(answered)} of {len(texts)}, median {middle:.2f} ms")


def main() -> None:
    texts = BUILT_IN
    if len(sys.argv) > 1:
        texts = [case["poly"] for case in json.loads(Path(sys.argv[1]).read_text())]
    galois("x^5 - x - 1")  # tables read
    times = [best(lambda t=t: galois(t)) for t in texts]
    print(
        f"galois: {len(texts)} polynomials, median {statistics.median(times) * 1000:.2f} ms, "
        f"largest {max(times) * 1000:.0f} ms (wanted: median under 5 ms)"
    )
    for name, action, wanted in SINGLE:
        print(f"{name}: {best(action) * 1000:.1f} ms (wanted: under {wanted * 1000:.0f} ms)")
    peers(texts)


if __name__ == "__main__":
    main()
