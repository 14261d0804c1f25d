"""The emitted least-squares solver against NumPy's lstsq and scikit-learn, in one run, one thread.

    OMP_NUM_THREADS=1 python benchmarks/least_squares.py [--n 1000000] [--k 100]

Each solver runs in a process of its own on the same data (condition number of X 1e6, no noise), so that its peak
memory beyond the data can be read; the ratio of CPU seconds is the figure to quote. ``--stream 20`` sends 20 GB past
the solver in chunks (made on the fly from one block, never all in memory) and prints the peak memory of the process.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time

PEERS = ("closedform", "numpy.linalg.lstsq", "sklearn.LinearRegression")


def data(n: int, k: int):
    import numpy as np

    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, k), dtype=np.float64)
    turn = np.linalg.qr(rng.standard_normal((k, k)))[0]
    mix = (turn * np.geomspace(1, 1e-6, k)) @ turn.T
    for i in range(0, n, 10_000):  # in place: the peak must be the solver's, not the data's
        X[i : i + 10_000] = X[i : i + 10_000] @ mix
    truth = rng.standard_normal(k)
    return X, X @ truth, truth


def one(peer: str, n: int, k: int) -> None:
    import numpy as np

    X, y, truth = data(n, k)
    if peer == "closedform":
        from closedform.emit.least_squares import solve

        run = lambda X, y: solve(X, y).coefficients  # noqa: E731
    elif peer == "numpy.linalg.lstsq":
        run = lambda X, y: np.linalg.lstsq(X, y, rcond=None)[0]  # noqa: E731
    else:
        from sklearn.linear_model import LinearRegression

        run = lambda X, y: LinearRegression(fit_intercept=False, tol=1e-12).fit(X, y).coef_  # noqa: E731
    run(X[: 2 * k], y[: 2 * k])  # load what is loaded lazily
    before = resource.getrusage(resource.RUSAGE_SELF)
    started = time.perf_counter()
    a = run(X, y)
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            {
                "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
                "wall": wall,
                "extra_mb": (after.ru_maxrss - before.ru_maxrss) / 1024,
                "error": float(np.linalg.norm(a - truth) / np.linalg.norm(truth)),
            }
        )
    )


def stream(gigabytes: float, k: int) -> None:
    import numpy as np

    from closedform.emit.least_squares import solve_blocks

    rng = np.random.default_rng(0)
    block = rng.standard_normal((20_000, k))
    truth = rng.standard_normal(k)
    count = int(gigabytes * 1e9 / block.nbytes)

    def chunks():
        scaled = np.empty_like(block)
        for i in range(count):
            np.multiply(block, 1 + (i % 97) / 97, out=scaled)
            yield scaled, scaled @ truth[:, None], None

    started = time.perf_counter()
    fit = solve_blocks(chunks)
    wall = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    error = float(np.linalg.norm(fit.coefficients[:, 0] - truth) / np.linalg.norm(truth))
    print(
        f"{count * block.nbytes / 1e9:.3g} GB in {count:,} chunks, {fit.rows:,} rows, k = {k}: "
        f"{wall:.0f} s in three passes, peak {peak:.0f} MB (whole process), error {error:.1e}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=1_000_000)
    parser.add_argument("--k", type=int, default=100)
    parser.add_argument("--peer")
    parser.add_argument("--stream", type=float, help="gigabytes to stream instead")
    a = parser.parse_args()
    if a.stream:
        stream(a.stream, a.k)
        return
    if a.peer:
        one(a.peer, a.n, a.k)
        return
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    print(f"n = {a.n:,}, k = {a.k}, condition 1e6, one thread\n")
    print(f"{'solver':28}{'CPU s':>9}{'ratio':>8}{'wall s':>9}{'extra MB':>10}{'error':>10}")
    base = None
    for peer in PEERS:
        command = [sys.executable, __file__, "--peer", peer, "--n", str(a.n), "--k", str(a.k)]
        run = subprocess.run(command, capture_output=True, text=True, env=environment)
        if run.returncode:
            print(f"{peer:28} {run.stderr.strip().splitlines()[-1][:80]}")
            continue
        r = json.loads(run.stdout)
        base = base or r["cpu"]
        print(f"{peer:28}{r['cpu']:9.2f}{r['cpu'] / base:8.1f}{r['wall']:9.2f}{r['extra_mb']:10.0f}{r['error']:10.1e}")


if __name__ == "__main__":
    main()
