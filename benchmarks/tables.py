"""Statistics of a fit, and files larger than one likes to hold, against statsmodels, pandas with scikit-learn, and NumPy.

    OMP_NUM_THREADS=1 python benchmarks/tables.py [--rows 100000] [--columns 50] [--only summary|files]

Each line is a process of its own on the same data: CPU seconds (children too), the ratio to the first line of its
kind in the block, and the peak memory beyond what was held before. ``error`` is the largest relative difference of the
standard errors (summary) or coefficients (files) from QR on the same numbers. A peer that is not installed is left out.
For 1e6 x 100 against lstsq, and for 20 GB past the solver, see ``least_squares.py``.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

SMALL = 100_001  # rows of the table that is read before the measured one: enough to be streamed


def data(n: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, k)) + rng.standard_normal(k)
    return X, X @ rng.standard_normal(k) + rng.standard_normal(n)


def cpu() -> float:
    return sum(
        r.ru_utime + r.ru_stime for r in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def peak(process: int | str = "self") -> float:
    """The most that a process held; ru_maxrss would count what its parent held when it started it."""
    return _status(process, "VmHWM")


def resident() -> float:
    """What this process holds now."""
    return _status("self", "VmRSS")


def _status(process: int | str, key: str) -> float:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(key))


CHILD: list[float] = []  # the peak of closedform's child process, where one was started


# -- what is measured: each takes (X, y) or a path and returns an array to compare ---------------------------------


def summary_here(X: np.ndarray, y: np.ndarray, kind: str) -> np.ndarray:
    from closedform import LeastSquaresRegressor

    s = LeastSquaresRegressor().fit(X, y).statistics(X, y, covariance=kind)
    str(s)
    return s.standard_errors


def summary_statsmodels(X: np.ndarray, y: np.ndarray, kind: str) -> np.ndarray:
    import statsmodels.api as sm

    fit = sm.OLS(y, sm.add_constant(X)).fit(cov_type=kind)
    str(fit.summary())
    return fit.bse


def errors_by_qr(X: np.ndarray, y: np.ndarray, kind: str) -> np.ndarray:
    D = np.column_stack([np.ones(len(X)), X])
    Q, R = np.linalg.qr(D)
    r = y - Q @ (Q.T @ y)
    inverse = np.linalg.inv(R)
    if kind == "nonrobust":
        return np.linalg.norm(inverse, axis=1) * np.sqrt(r @ r / (len(D) - D.shape[1]))
    V = (Q * (r / (1 - np.einsum("ij,ij->i", Q, Q)))[:, None]) @ inverse.T
    return np.linalg.norm(V, axis=0)


def derived(path: str) -> np.ndarray:
    import closedform as cf
    from closedform.ladder import worker

    report = cf.derive("ols", data=path, target="y", timeout=3600)
    assert worker._spare is not None
    CHILD.append(peak(worker._spare._child.pid))
    worker._stop()
    return np.array(list(report.solution.values()))


def streamed(path: str) -> np.ndarray:
    """What ``derive`` does in its child process, without the start of that."""
    from closedform import problem
    from closedform.strategies.large.least_squares import design_rows

    fit = design_rows(problem.read("ols", data=path, target="y")).fit()
    return np.array([fit.intercept[0], *fit.coefficients[:, 0]])


def table_read(path: str) -> None:
    from closedform.reading.data.tables import read_table

    for block in read_table(path, target="y").chunks():
        block.sum()


def numpy_read(path: str) -> tuple[np.ndarray, np.ndarray]:
    if path.endswith("npz"):
        with np.load(path) as archive:
            X, y = archive["X"], archive["y"]
        X.sum()
        return X, y
    if path.endswith("parquet"):
        import pyarrow.parquet

        table = pyarrow.parquet.read_table(path)
        whole = np.column_stack([table.column(j).to_numpy() for j in range(table.num_columns)])
    else:
        whole = np.loadtxt(path, delimiter=",", skiprows=1)
    whole.sum()
    return whole[:, :-1], whole[:, -1]


def numpy_fit(path: str) -> np.ndarray:
    X, y = numpy_read(path)
    return np.linalg.lstsq(np.column_stack([np.ones(len(X)), X]), y, rcond=None)[0]


def pandas_fit(path: str) -> np.ndarray:
    import pandas as pd
    from sklearn.linear_model import LinearRegression

    if path.endswith("npz"):
        X, y = numpy_read(path)
        frame = pd.DataFrame(X).assign(y=y)
    else:
        frame = pd.read_parquet(path) if path.endswith("parquet") else pd.read_csv(path)
    model = LinearRegression().fit(frame.drop(columns="y").to_numpy(), frame["y"].to_numpy())
    return np.array([model.intercept_, *model.coef_])


SUMMARY: dict[str, Callable[..., Any]] = {"closedform": summary_here, "statsmodels": summary_statsmodels}
FILES: dict[str, Callable[..., Any]] = {
    "closedform, read": table_read,
    "NumPy or pyarrow, read": numpy_read,
    "closedform, streamed fit": streamed,
    "closedform, derive": derived,
    "NumPy, read and lstsq": numpy_fit,
    "pandas and scikit-learn": pandas_fit,
}


def one(what: str, peer: str, argument: str, n: int, k: int) -> None:
    """Measure one line in this process, after a small run that loads what is loaded lazily."""
    if what == "summary":
        X, y = data(n, k)
        SUMMARY[peer](X[: 4 * k], y[: 4 * k], argument)
        run = lambda: SUMMARY[peer](X, y, argument)  # noqa: E731
    else:
        FILES[peer](str(Path(argument).with_name(f"{SMALL}{Path(argument).suffix}")))
        run = lambda: FILES[peer](argument)  # noqa: E731
    before, memory = cpu(), resident()
    found = run()
    grown = CHILD[-1] - CHILD[0] if CHILD else 0.0
    told = {"cpu": cpu() - before, "error": None, "mb": max(peak() - memory, grown)}
    if what == "summary":
        want = errors_by_qr(*data(n, k), argument)
        told["error"] = float(np.max(np.abs(found - want) / want))
    elif isinstance(found, np.ndarray):
        X, y = data(n, k)
        D = np.column_stack([np.ones(n), X])
        want = np.linalg.solve(np.linalg.qr(D, mode="r"), np.linalg.qr(D)[0].T @ y)
        told["error"] = float(np.max(np.abs(found - want) / np.abs(want)))
    print(json.dumps(told))


def written(folder: Path, n: int, k: int) -> dict[str, Path]:
    """The same table as NPZ, CSV and, where pyarrow is there, Parquet."""
    X, y = data(n, k)
    out = {".npz": folder / f"{n}.npz", ".csv": folder / f"{n}.csv"}
    np.savez(out[".npz"], X=X, y=y)
    head = ",".join([f"x{j + 1}" for j in range(k)] + ["y"])
    np.savetxt(out[".csv"], np.column_stack([X, y]), delimiter=",", header=head, comments="", fmt="%.17g")
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        return out
    out[".parquet"] = folder / f"{n}.parquet"
    columns = {f"x{j + 1}": X[:, j] for j in range(k)} | {"y": y}
    pyarrow.parquet.write_table(pyarrow.table(columns), out[".parquet"])
    return out


def block(title: str, what: str, peers: list[str], argument: str, n: int, k: int) -> None:
    print(f"\n{title}")
    print(f"{'':26}{'CPU s':>9}{'ratio':>8}{'extra MB':>10}{'error':>10}")
    base: dict[bool, float] = {}
    for peer in peers:
        command = [sys.executable, __file__, "--rows", str(n), "--columns", str(k), "--one", what, peer, argument]
        run = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
        if run.returncode:
            print(f"{peer:26} left out: {run.stderr.strip().splitlines()[-1][:80]}")
            continue
        r = json.loads(run.stdout.splitlines()[-1])
        first = base.setdefault(peer.endswith("read"), r["cpu"])
        error = "" if r["error"] is None else f"{r['error']:.1e}"
        print(f"{peer:26}{r['cpu']:9.2f}{r['cpu'] / first:8.2f}{r['mb']:10.0f}{error:>10}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--columns", type=int, default=50)
    parser.add_argument("--only", choices=["summary", "files"])
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.one:
        one(*a.one, a.rows, a.columns)
        return
    print(f"{a.rows:,} rows of {a.columns} columns, one thread")
    if a.only != "files":
        for kind in ("nonrobust", "HC3"):
            block(f"fit and summary, {kind} covariance", "summary", list(SUMMARY), kind, a.rows, a.columns)
    if a.only != "summary":
        with tempfile.TemporaryDirectory() as folder:
            written(Path(folder), SMALL, 1)
            for path in written(Path(folder), a.rows, a.columns).values():
                size = path.stat().st_size / 1e6
                block(f"{path.suffix}, {size:.0f} MB", "files", list(FILES), str(path), a.rows, a.columns)


if __name__ == "__main__":
    main()
