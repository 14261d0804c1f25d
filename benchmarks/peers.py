#!/usr/bin/env python3
"""The same work by closedform and by the libraries that people use for it: CPU seconds and correct digits, in one run.

usage: peers.py [--only ols,roots] [--cap 120] [--json FILE] [--markdown FILE]

Each pair of task and library runs in a process of its own with one thread. It does a small piece of the same kind first
(imports and start-up are not what is compared), then the work; the CPU seconds are those of the process and of its
children. Correct digits are counted against exact or 60-digit answers made here by FLINT and mpmath; "exact" means
rational numbers or isolated roots, "proved" that the answer comes with a proof. A library that is not installed is
left out, one that takes longer than --cap seconds is shown so.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
PACKAGES = {"FLINT": "python-flint", "NumPy": "numpy", "SciPy": "scipy", "SymPy": "sympy", "PARI": "cypari"}
Answer = list[Any]  # numbers as text or floats
TASKS: dict[str, dict[str, Callable[[Any], Answer]]] = {}
DATA: dict[str, tuple[Any, Any, Callable[[Any], list[Fraction]]]] = {}  # the work, a small one, the truth


def does(task: str, library: str) -> Callable[[Callable[[Any], Answer]], Callable[[Any], Answer]]:
    def put(f: Callable[[Any], Answer]) -> Callable[[Any], Answer]:
        TASKS.setdefault(task, {})[library] = f
        return f

    return put


# -- the work, always made from the same seed ----------------------------------------------------------------------


def table(rows: int, columns: int, family: str = "normal") -> tuple[np.ndarray, np.ndarray]:
    """Features and response with three decimals."""
    draw = np.random.default_rng(rows + columns)
    x = np.round(draw.standard_normal((rows, columns)), 3)
    eta = x @ draw.standard_normal(columns) / 2
    if family == "logistic":
        return x, (draw.random(rows) < 1 / (1 + np.exp(-eta))).astype(float)
    if family == "poisson":
        return x, draw.poisson(np.exp(eta / 2)).astype(float)
    return x, np.round(eta + draw.standard_normal(rows), 3)


def named(work: tuple[np.ndarray, np.ndarray]) -> dict[str, list[float]]:
    x, y = work
    return {**{f"x{j}": x[:, j].tolist() for j in range(x.shape[1])}, "y": y.tolist()}


def design(work: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    return np.column_stack([np.ones(len(work[0])), work[0]])


def numbers(report: Any) -> Answer:
    return list(report.critical_points[0].numeric.values())


# -- least squares -------------------------------------------------------------------------------------------------


def normal_equations(work: tuple[np.ndarray, np.ndarray]) -> list[Fraction]:
    from flint import fmpz_mat

    x = np.round(design(work) * 1000).astype(int)
    y = np.round(work[1] * 1000).astype(int)
    a, b = fmpz_mat(x.tolist()), fmpz_mat([[v] for v in y.tolist()])
    return [Fraction(int(v.p), int(v.q)) for v in (a.transpose() * a).solve(a.transpose() * b).entries()]


for size in ((400, 60), (2000, 60)):
    task = f"least squares, {size[0]:,} x {size[1]}"
    DATA[task] = (table(*size), table(20, 3), normal_equations)

    @does(task, "closedform")
    def _(work: Any) -> Answer:
        import closedform as cf

        return numbers(cf.derive("ols", data=named(work), target="y"))

    @does(task, "FLINT")
    def _(work: Any) -> Answer:
        return [str(v) for v in normal_equations(work)]

    @does(task, "NumPy")
    def _(work: Any) -> Answer:
        return np.linalg.lstsq(design(work), work[1], rcond=None)[0].tolist()

    @does(task, "scikit-learn")
    def _(work: Any) -> Answer:
        from sklearn.linear_model import LinearRegression

        fit = LinearRegression().fit(*work)
        return [float(fit.intercept_), *fit.coef_.tolist()]

    @does(task, "statsmodels")
    def _(work: Any) -> Answer:
        import statsmodels.api as sm

        return sm.OLS(work[1], design(work)).fit().params.tolist()


# -- generalised linear models -------------------------------------------------------------------------------------


def likelihood(family: str) -> Callable[[Any], list[Fraction]]:
    """Newton's method in 60 digits."""

    def truth(work: tuple[np.ndarray, np.ndarray]) -> list[Fraction]:
        from flint import arb, arb_mat, ctx, fmpq

        with ctx.workprec(250):
            z = [[arb(fmpq(round(v * 1000), 1000)) for v in row] for row in design(work).tolist()]
            a, y = arb_mat(z), [arb(v) for v in work[1].tolist()]
            b = arb_mat([[0]] * a.ncols())
            for _ in range(40):
                eta = (a * b).entries()
                mean = [1 / (1 + (-e).exp()) if family == "logistic" else e.exp() for e in eta]
                weight = [m * (1 - m) if family == "logistic" else m for m in mean]
                bent = arb_mat([[w * v for v in row] for w, row in zip(weight, z, strict=True)]).transpose() * a
                step = bent.solve(a.transpose() * arb_mat([[m - v] for m, v in zip(mean, y, strict=True)]))
                b = arb_mat([[(p - q).mid()] for p, q in zip(b.entries(), step.entries(), strict=True)])
                if all(abs(s) < 1e-60 for s in step.entries()):
                    break
            return [Fraction(v.mid().str(60, radius=False)) for v in b.entries()]

    return truth


for family, catalogue, size in (
    ("logistic", "logistic", (1000, 5)),
    ("logistic", "logistic", (10_000, 10)),
    ("poisson", "poisson_regression", (1000, 5)),
):
    task = f"{family} regression, {size[0]:,} x {size[1]}"
    DATA[task] = (table(*size, family), table(150, 2, family), likelihood(family))

    @does(task, "closedform")
    def _(work: Any, catalogue: str = catalogue) -> Answer:
        import closedform as cf

        return numbers(cf.derive(catalogue, data=named(work), target="y", timeout=100))

    @does(task, "scikit-learn")
    def _(work: Any, family: str = family) -> Answer:
        from sklearn.linear_model import LogisticRegression, PoissonRegressor

        if family == "logistic":
            fit = LogisticRegression(C=np.inf, tol=1e-12, max_iter=10_000, solver="newton-cholesky").fit(*work)
            return [float(fit.intercept_[0]), *fit.coef_[0].tolist()]
        fit = PoissonRegressor(alpha=0, tol=1e-12, max_iter=10_000, solver="newton-cholesky").fit(*work)
        return [float(fit.intercept_), *fit.coef_.tolist()]

    @does(task, "statsmodels")
    def _(work: Any, family: str = family) -> Answer:
        import statsmodels.api as sm

        kind = sm.families.Binomial() if family == "logistic" else sm.families.Poisson()
        return sm.GLM(work[1], design(work), family=kind).fit(tol=1e-14).params.tolist()


# -- exact mathematics ---------------------------------------------------------------------------------------------


def sorted_middle(work: list[float]) -> list[Fraction]:
    return [Fraction(str(sorted(work)[len(work) // 2]))]


def some(count: int) -> list[float]:
    return np.round(np.random.default_rng(count).standard_normal(count) * 100, 2).tolist()


DATA["median of 10,001"] = (some(10_001), some(51), sorted_middle)


@does("median of 10,001", "closedform")
def _(work: Any) -> Answer:
    import closedform as cf

    return numbers(cf.derive("median", data={"x": work}))


@does("median of 10,001", "NumPy")
def _(work: Any) -> Answer:
    return [float(np.median(work))]


def polynomial(degree: int) -> list[int]:
    return [int(v) for v in np.random.default_rng(degree).integers(-9, 10, degree)] + [7]


def real_roots(work: list[int]) -> list[Fraction]:
    from flint import ctx, fmpz_poly

    with ctx.workprec(300):
        found = [r for r, _ in fmpz_poly(work).complex_roots() if r.imag == 0]
        return sorted(Fraction(r.real.mid().str(60, radius=False)) for r in found)


ROOTS = "real roots, degree 51, 50 digits"
DATA[ROOTS] = (polynomial(51), polynomial(5), real_roots)


@does(ROOTS, "closedform")
def _(work: Any) -> Answer:
    import closedform as cf

    text = " + ".join(f"({c})*x^{k}" for k, c in enumerate(work))
    found = cf.roots(text, digits=50).to_dict()["roots"]
    return sorted((r["numeric"]["re"] for r in found if r["real"]), key=float)


@does(ROOTS, "mpmath")
def _(work: Any) -> Answer:
    import mpmath

    with mpmath.workdps(50):
        found = mpmath.polyroots(work[::-1], maxsteps=2000, extraprec=400)
        return sorted((mpmath.nstr(r.real, 50) for r in found if abs(r.imag) < 1e-40), key=float)


@does(ROOTS, "SymPy")
def _(work: Any) -> Answer:
    import sympy as sp

    x = sp.Symbol("x")
    return [str(r.n(50)) for r in sp.real_roots(sp.Poly(work[::-1], x))]


@does(ROOTS, "NumPy")
def _(work: Any) -> Answer:
    found = np.roots(work[::-1])
    return sorted(found.real[abs(found.imag) < 1e-9].tolist())


@does(ROOTS, "PARI")
def _(work: Any) -> Answer:
    from cypari import pari

    pari.set_real_precision(50)
    text = " + ".join(f"({c})*x^{k}" for k, c in enumerate(work))
    return [str(r).replace(" E", "e") for r in pari(f"polrootsreal({text})")]


def wilkinson(degree: int) -> list[int]:
    out = [1]
    for k in range(1, degree + 1):
        out = [a - k * b for a, b in zip([0, *out], [*out, 0], strict=True)]
    return out


def power_sum(work: list[int]) -> str:
    return " + ".join(f"({c})*x^{k}" for k, c in enumerate(work))


def lengths(found: list[tuple[str, str]]) -> Answer:
    """The absolute values of complex roots in order."""
    import mpmath

    with mpmath.workdps(60):
        return [mpmath.nstr(a, 50) for a in sorted(mpmath.hypot(re, im) for re, im in found)]


def true_lengths(work: list[int]) -> list[Fraction]:
    import closedform as cf
    from closedform.kernel.check import check_certificate

    found = cf.roots(work[::-1], digits=60)
    check_certificate(found.certificate)
    return [Fraction(v) for v in lengths([(r.re, r.im) for r in found.roots])]


for task, work, small, truth in (
    (
        "roots of Wilkinson's polynomial, degree 200",
        wilkinson(200),
        wilkinson(30),
        lambda work: sorted(map(Fraction, range(1, len(work)))),
    ),
    ("complex roots, degree 200", polynomial(200), polynomial(31), true_lengths),
):
    DATA[task] = (work, small, truth)

    @does(task, "closedform")
    def _(work: Any) -> Answer:
        import closedform as cf

        return lengths([(r.re, r.im) for r in cf.roots(work[::-1], digits=30).roots])

    @does(task, "PARI")
    def _(work: Any) -> Answer:
        from cypari import pari

        pari.allocatemem(2 * 10**9, 2 * 10**9, silent=True)
        found = pari(power_sum(work)).polroots(precision=116)
        pari.set_real_precision(30)
        return lengths([(str(pari.real(z)).replace(" E", "e"), str(pari.imag(z)).replace(" E", "e")) for z in found])

    @does(task, "FLINT")
    def _(work: Any) -> Answer:
        from flint import ctx, fmpz_poly

        with ctx.workprec(116):
            found = [z for z, _ in fmpz_poly(work).complex_roots()]
            return lengths([(z.real.str(34, radius=False), z.imag.str(34, radius=False)) for z in found])

    @does(task, "NumPy")
    def _(work: Any) -> Answer:
        return lengths([(repr(float(z.real)), repr(float(z.imag))) for z in np.roots([float(c) for c in work[::-1]])])


def decay(rows: int) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(rows)
    x = np.round(np.linspace(0.1, 6, rows), 3)
    return x, np.round(2.5 * np.exp(-0.7 * x) + 0.05 * draw.standard_normal(rows), 3)


def decay_fitted(work: tuple[np.ndarray, np.ndarray]) -> list[Fraction]:
    """Gauss and Newton's method in 60 digits."""
    import mpmath

    x, y = ([mpmath.mpf(repr(v)) for v in column.tolist()] for column in work)

    def gradient(a: Any, b: Any) -> list[Any]:
        grown = [mpmath.exp(-b * u) for u in x]
        gaps = [a * e - v for e, v in zip(grown, y, strict=True)]
        return [
            mpmath.fsum(g * e for g, e in zip(gaps, grown, strict=True)),
            mpmath.fsum(g * u * e for g, u, e in zip(gaps, x, grown, strict=True)),
        ]

    with mpmath.workdps(60):
        return [Fraction(mpmath.nstr(v, 55)) for v in mpmath.findroot(gradient, (2.5, 0.7))]


DECAY = "nonlinear least squares, a*exp(-b*x), 50 rows"
DATA[DECAY] = (decay(50), decay(30), decay_fitted)


@does(DECAY, "closedform")
def _(work: Any) -> Answer:
    import closedform as cf

    data = {"x": work[0].tolist(), "y": work[1].tolist()}
    report = cf.derive("sum(i, 1, n, (y[i] - a*exp(-b*x[i]))^2)", data=data, unknowns=["a", "b"])
    return [report.critical_points[0].numeric[name] for name in "ab"]


@does(DECAY, "SciPy")
def _(work: Any) -> Answer:
    from scipy.optimize import curve_fit

    return curve_fit(lambda x, a, b: a * np.exp(-b * x), *work, p0=(1, 1), ftol=1e-15, xtol=1e-15, gtol=1e-15)[
        0
    ].tolist()


@does(DECAY, "lmfit")
def _(work: Any) -> Answer:
    import lmfit

    model = lmfit.Model(lambda x, a, b: a * np.exp(-b * x))
    return list(model.fit(work[1], x=work[0], a=1, b=1).best_values.values())


# -- the run -------------------------------------------------------------------------------------------------------


def cpu_seconds() -> float:
    """Of this process and of its living children, on Linux."""
    total, tick = time.process_time(), os.sysconf("SC_CLK_TCK")
    own = Path(f"/proc/{os.getpid()}/task")
    children = [c for t in own.iterdir() for c in (t / "children").read_text().split()] if own.exists() else []
    for child in children:
        fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
        total += sum(int(v) for v in fields[11:15]) / tick
    return total


def run_one(task: str, library: str) -> None:
    work, small, _ = DATA[task]
    f = TASKS[task][library]
    f(small)
    before = cpu_seconds()
    answer = f(work)
    print(json.dumps({"seconds": cpu_seconds() - before, "answer": [str(v) for v in answer]}))


def digits(answer: list[str], truth: list[Fraction]) -> float:
    """The fewest correct digits of any number; 0 where there are too few or too many numbers."""
    if len(answer) != len(truth):
        return 0.0
    gaps = [abs(Fraction(a) - t) / (abs(t) or 1) for a, t in zip(answer, truth, strict=True)]
    return min(60.0 if g == 0 else float(-np.log10(float(g))) if g > Fraction(1, 10**300) else 60.0 for g in gaps)


def installed(library: str) -> str | None:
    try:
        return version(PACKAGES.get(library, library))
    except PackageNotFoundError:
        return None


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--only", default="", help="parts of the names of tasks, with commas")
    options.add_argument("--cap", type=float, default=120)
    options.add_argument("--json", type=Path)
    options.add_argument("--markdown", type=Path)
    options.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.run:
        run_one(*given.run)
        return
    rows = list[dict[str, Any]]()
    for task, libraries in TASKS.items():
        if given.only and not any(part in task for part in given.only.split(",")):
            continue
        truth = DATA[task][2](DATA[task][0])
        for library in libraries:
            known = installed(library)
            if known is None:
                continue
            command = [sys.executable, __file__, "--run", task, library]
            row: dict[str, Any] = {"task": task, "library": library, "version": known}
            try:
                done = subprocess.run(
                    command, env={**os.environ, **ONE_THREAD}, capture_output=True, text=True, timeout=given.cap
                )
                out = json.loads(done.stdout.splitlines()[-1])
                row |= {"seconds": out["seconds"], "digits": digits(out["answer"], truth)}
            except subprocess.TimeoutExpired:
                row["failed"] = f"more than {given.cap:g} s"
            except (IndexError, ValueError, KeyError):
                row["failed"] = (done.stderr.strip().splitlines() or ["no answer"])[-1][:100]
            rows.append(row)
            print(line(row), flush=True)
    head = f"{time.strftime('%Y-%m-%d')}, {platform.machine()}, Python {platform.python_version()}, one thread"
    if given.json:
        given.json.write_text(json.dumps({"run": head, "rows": rows}, indent=1) + "\n")
    if given.markdown:
        table_lines = ["| work | library | CPU seconds | correct digits |", "|---|---|---|---|"]
        given.markdown.write_text(f"{head}\n\n" + "\n".join([*table_lines, *map(line, rows)]) + "\n")


def line(row: dict[str, Any]) -> str:
    if "failed" in row:
        return f"| {row['task']} | {row['library']} {row['version']} | {row['failed']} | |"
    shown = "exact" if row["digits"] >= 60 else f"{row['digits']:.1f}"
    return f"| {row['task']} | {row['library']} {row['version']} | {row['seconds']:.3g} | {shown} |"


if __name__ == "__main__":
    main()
