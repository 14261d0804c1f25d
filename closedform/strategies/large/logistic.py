"""Convex regression on large tables: logistic and Poisson fits in floating point, then a proof of the error.

The loss is a sum over rows of positive multiples of log(1 + exp(eta)) and exp(eta) and of linear terms, eta affine in
the unknowns, plus a non-negative multiple of squares. Newton's method with the step halved finds b. The proof: with D
scaling the Hessian H to a unit diagonal, lam <= the least eigenvalue of DHD, g the scaled gradient and R >= the norm of
every scaled row, H(b + Dv) >= exp(-R|v|) H(b) (generalised self-concordance: |f'''| <= f''; F. Bach, Electron. J.
Stat. 4 (2010)), so the gradient points outward on the sphere of radius r when lam*(1 - exp(-R r))/R > |g|: the unique
minimiser lies inside. Every rounding is bounded: sums by Higham's gamma (Accuracy and Stability of Numerical
Algorithms, 3.1), exp by FLINT's balls, the eigenvalue by a shifted Cholesky factorisation (Rump 2006).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

import flint
import numpy as np
from flint import arb

from closedform.attempt import Attempt, finding
from closedform.budget import Budget
from closedform.frozen import FrozenMap
from closedform.reading.data.tables import Table
from closedform.stationarity.large.streamed import Streamed
from closedform.stationarity.system import System
from closedform.strategies.ending import in_floating_point
from closedform.strategies.large.linear_predictor import Array, NotConvexFit, PredictorGroup, linear_model, rows_of

name = "convex fit"
share = 0.95
example = {
    "loss": "sum(i, 1, n, log(1 + exp(b*x[i])) - y[i]*b*x[i])",
    "unknowns": ["b"],
    "data": {"x": np.arange(150_000) % 17 - 8.0, "y": np.arange(150_000) % 2 * 1.0},
}
counterexample = {
    "loss": "sum(i, 1, n, (y[i] - a - b*x[i])^2)",
    "unknowns": ["a", "b"],
    "data": {"x": np.arange(150_000) % 17 - 8.0, "y": np.arange(150_000) % 5 - 2.0},
}

U = 2.0**-53
SLACK = 1 + 1e-9  # covers the rounding of the bounds themselves, which are sums of fewer than 1e6 positive terms
MAX_CELLS = 40_000_000
MAX_STEPS = 60
BLOCK = 4_096


def declines(system: System) -> str | None:
    """A sentence when the loss is no such sum over a table, else None."""
    if not isinstance(system, Streamed):
        return "the loss was read in another way"
    try:
        linear_model(system.problem)
    except NotConvexFit as reason:
        return str(reason)
    return None


def attempt(system: Streamed, budget: Budget) -> Attempt:
    """The minimiser with proved radii and standard errors, or a separating vector."""
    problem = system.problem
    model = linear_model(problem)
    assert problem.data is not None
    unknowns = list(problem.unknowns)
    if problem.data.rows * len(unknowns) * len(model.groups) > MAX_CELLS:
        return Attempt(
            name, "failed", f"{problem.data.rows:,} rows of {len(unknowns)} unknowns are more than are kept in memory"
        )
    try:
        rows = [rows_of(g, model.index, unknowns, problem.data) for g in model.groups]
    except NotConvexFit as reason:
        return Attempt(name, "declined", str(reason))
    if any((r.softplus < 0).any() or (r.exponential < 0).any() for r in rows):
        return Attempt(name, "declined", "a weight is negative, so the loss need not be convex")
    ridge = np.array([model.ridge.get(u, 0.0) for u in unknowns])
    b, separated = _newton(rows, ridge, budget)
    if separated:
        return _no_minimiser(unknowns, b)
    proof = _proof(rows, ridge, b)
    if isinstance(proof, str):
        return Attempt(name, "failed", proof)
    radii, errors = proof
    return _attempt(unknowns, b, radii, errors, problem.data)


# -- Newton ------------------------------------------------------------------------------------------------------


def _parts_at(r: PredictorGroup, b: Array) -> tuple[Array, Array, Array]:
    """eta, the first and the second derivative of each row by eta."""
    eta = r.x @ b + r.offset
    s = np.where(eta >= 0, 1 / (1 + np.exp(-np.abs(eta))), np.exp(-np.abs(eta)) / (1 + np.exp(-np.abs(eta))))
    e = np.exp(np.minimum(eta, 700)) if r.exponential.any() else 0.0
    return eta, r.softplus * s + r.exponential * e + r.linear, r.softplus * s * (1 - s) + r.exponential * e


def _loss(rows: Sequence[PredictorGroup], ridge: Array, b: Array) -> float:
    total = float(ridge @ b**2)
    for r in rows:
        eta = r.x @ b + r.offset
        total += float(r.softplus @ np.logaddexp(0, eta) + r.linear @ eta)
        if r.exponential.any():
            total += float(r.exponential @ np.exp(np.minimum(eta, 700)))
    return total


def _system(rows: Sequence[PredictorGroup], ridge: Array, b: Array) -> tuple[Array, Array]:
    gradient, hessian = 2 * ridge * b, np.diag(2 * ridge)
    for r in rows:
        _, first, second = _parts_at(r, b)
        gradient = gradient + r.x.T @ first
        root = r.x * np.sqrt(second)[:, None]
        hessian = hessian + root.T @ root  # symmetric: half the work
    return gradient, hessian


def _newton(rows: Sequence[PredictorGroup], ridge: Array, budget: Budget) -> tuple[Array, bool]:
    """Damped Newton steps; the point, and whether the point separates the labels."""
    b = np.zeros(len(ridge))
    loss, last = _loss(rows, ridge, b), math.inf
    start = loss
    for _ in range(MAX_STEPS):
        budget.check()
        gradient, hessian = _system(rows, ridge, b)
        try:
            step = np.linalg.solve(hessian, gradient)
        except np.linalg.LinAlgError:
            step = np.linalg.lstsq(hessian, gradient, rcond=None)[0]
        decrement = float(gradient @ step)
        if (
            not np.isfinite(decrement)
            or decrement <= 1e-24 * (1 + abs(loss))
            or (decrement < 1e-12 and decrement >= last / 4)
        ):
            break
        last, size = decrement, 1.0
        if decrement > 1e-8:
            while (trial := _loss(rows, ridge, b - size * step)) > loss - 0.1 * size * decrement and size > 1e-6:
                size /= 2
            loss = trial
        b = b - size * step
        if not ridge.any() and loss < 0.5 * start and _separated(rows, b):
            return b, True
    return b, False


# -- proofs ------------------------------------------------------------------------------------------------------


def _gamma(n: int) -> float:
    return n * U / (1 - n * U)


def _eta_error(r: PredictorGroup, b: Array) -> Array:
    """A bound of the rounding error of X b + offset for any order of summation."""
    return _gamma(len(b) + 2) * (np.abs(r.x) @ np.abs(b) + np.abs(r.offset)) * SLACK + 1e-300


def _separated(rows: Sequence[PredictorGroup], b: Array) -> bool:
    """Whether eta has the right sign in every row, beyond rounding; for plain labels 0 and 1 only."""
    if len(rows) != 1 or rows[0].exponential.any() or rows[0].offset.any() or np.abs(b).max() == 0:
        return False
    r = rows[0]
    label = -r.linear / np.where(r.softplus > 0, r.softplus, 1)
    if not (((label == 0) | (label == 1)) & (r.softplus > 0)).all():
        return False
    eta = (2 * label - 1) * (r.x @ b)
    return bool((eta > 0).all()) and bool((eta > _eta_error(r, b)).all())


def _proof(rows: Sequence[PredictorGroup], ridge: Array, b: Array) -> tuple[Array, Array] | str:
    """Radii around b that hold the minimiser, and standard errors; or why nothing was proved."""
    k = len(b)
    _, hessian = _system(rows, ridge, b)
    if not np.isfinite(hessian).all() or (np.diag(hessian) <= 0).any():
        return "the Hessian is singular in floating point"
    scale = 2.0 ** np.round(-np.log2(np.diag(hessian)) / 2)  # powers of two: scaling is exact
    gradient, radius, spread = [list[float]() for _ in range(k)], np.zeros(k), 0.0
    scaled, trace, reach = np.diag(2 * ridge * scale**2), 2 * U * float((ridge * scale**2).sum()), 0.0
    for r in rows:
        eta, error = r.x @ b + r.offset, _eta_error(r, b)
        first, second, e1, e2 = _derivatives(r, eta, error)
        x = r.x * scale
        squares = np.einsum("ij,ij->i", x, x)
        reach = max(reach, float(np.sqrt(squares.max())))
        for start in range(0, len(eta), BLOCK):
            part = slice(start, start + BLOCK)
            for j, v in enumerate(x[part].T @ first[part]):
                gradient[j].append(float(v))
            radius += np.abs(x[part]).T @ (e1[part] + _gamma(BLOCK + 1) * np.abs(first[part]))
            root = x[part] * np.sqrt(second[part])[:, None]
            scaled += root.T @ root
        blocks = len(eta) // BLOCK + 2
        trace += float((e2 + _gamma(BLOCK + blocks + 3) * second) @ squares)
        spread += len(eta)
    total = np.array([math.fsum(g) for g in gradient]) + 2 * ridge * b * scale
    radius = (radius + 4 * U * np.abs(total) + 4 * U * np.abs(2 * ridge * b * scale)) * SLACK
    bound = float(np.sqrt(((np.abs(total) + radius) ** 2).sum())) * SLACK
    # |error of DHD| <= |X|' E |X|, whose norm is at most its trace
    least = _least_eigenvalue(scaled) - trace * SLACK * (1 + 4 * U * spread)
    reach *= SLACK
    if least <= 0:
        return "the Hessian was not proved to be positive definite"
    ratio = bound * reach / least * SLACK
    if ratio >= 0.5:
        return "the gradient at the float solution is too large for the proof"
    r0 = (-math.log1p(-ratio) / reach if reach > 0 else bound / least) * (1 + 1e-6) + 1e-300
    inverse = np.linalg.inv(scaled)
    return r0 * scale * (1 + 4 * U) + 4 * U * np.abs(b), np.sqrt(np.diag(inverse)) * scale


def _derivatives(r: PredictorGroup, eta: Array, error: Array) -> tuple[Array, Array, Array, Array]:
    """First and second derivative of each row by eta, with bounds of their errors."""
    with flint.ctx.workprec(64):
        s = np.array([float((1 / (1 + (-arb(v)).exp())).mid()) for v in eta.tolist()])
        p = np.array([float(arb(v).exp().mid()) for v in eta.tolist()]) if r.exponential.any() else np.zeros(len(eta))
    wide = np.expm1(error)  # exp(eta + d) <= exp(eta) * (1 + wide)
    slope = s * (1 - s)
    es, ep = error / 4 + 4 * U * s, p * (wide + 4 * U)
    first = r.softplus * s + r.exponential * p + r.linear
    second = r.softplus * slope + r.exponential * p
    e1 = (
        r.softplus * es
        + r.exponential * ep
        + 4 * U * (np.abs(r.softplus * s) + np.abs(r.exponential * p) + np.abs(r.linear))
    )
    e2 = r.softplus * (es + 4 * U * s) + r.exponential * ep + 8 * U * second
    return first, second, e1 * SLACK, e2 * SLACK


def _least_eigenvalue(a: Array) -> float:
    """A proved lower bound: Cholesky of a - c*I runs to completion only if the least eigenvalue is above c - error."""
    k = len(a)
    c = 0.9 * float(np.linalg.eigvalsh(a)[0])
    for _ in range(20):
        if c <= 0:
            return -1.0
        try:
            np.linalg.cholesky(a - c * np.eye(k))
            return c - (_gamma(k + 2) / (1 - _gamma(k + 2)) + 4 * U) * float(np.trace(np.abs(a))) * SLACK
        except np.linalg.LinAlgError:
            c *= 0.5
    return -1.0


# -- the report --------------------------------------------------------------------------------------------------


def _attempt(unknowns: list[str], b: Array, radii: Array, errors: Array, table: Table) -> Attempt:
    point = in_floating_point(
        {u: _decimal(v) for u, v in zip(unknowns, b, strict=True)},
        {u: _upward(v) for u, v in zip(unknowns, radii, strict=True)},
        kind="global minimum",
        inertia=(len(unknowns), 0, 0),
        multiplicity=1,
    )
    findings = (
        finding("minimiser within rounding bounds"),
        finding("rows as binary64 numbers", "observed", rows=table.rows),
        finding(
            "standard errors",
            "observed",
            errors=FrozenMap({u: f"{v:.6g}" for u, v in zip(unknowns, errors, strict=True)}),
        ),
    )
    return Attempt(
        name,
        "enclosed",
        "the table is too large for an exact elimination",
        points=(point,),
        complete=True,
        counts=FrozenMap({"real": 1}),
        findings=findings,
    )


def _no_minimiser(unknowns: list[str], v: Array) -> Attempt:
    along = ", ".join(f"{u}: {c:.6g}" for u, c in zip(unknowns, v, strict=True))
    return Attempt(
        name,
        "no_critical_point",
        "",
        complete=True,
        counts=FrozenMap({"real": 0}),
        findings=(finding("labels separated in every row", direction=along),),
    )


def _decimal(value: float) -> str:
    return format(Decimal(repr(float(value))), "f") if abs(value) > 1e-15 else repr(float(value))


def _upward(value: float) -> str:
    exponent = math.floor(math.log10(value))
    digits = math.ceil(value / 10.0 ** (exponent - 1) * (1 + 1e-9)) + 1
    return f"{digits}e{exponent - 1}"
