"""The iterations of emitted solvers; their source is copied word for word, so each needs NumPy and nothing else."""

# the text of these functions is what a user gets, NumPy alone: it has no annotations
# pyright: basic

from __future__ import annotations

import math

import numpy as np


def _columns(**given):
    """The data columns as float arrays, each finite and all of one length."""
    arrays = {name: np.asarray(value, dtype=float).ravel() for name, value in given.items()}
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise ValueError(f"{name} has NaN or infinite entries")
    if len({len(array) for array in arrays.values()}) > 1:
        raise ValueError(
            "the columns " + ", ".join(f"{k} ({len(a)} rows)" for k, a in arrays.items()) + " differ in length"
        )
    return arrays.values()


def _design(rows, *columns):
    """The columns side by side; a number stands for a column of it."""
    return np.column_stack([np.broadcast_to(np.asarray(c, dtype=float), (int(rows),)) for c in columns])


def _newton(loss, gradient, hessian, start, lower=None, upper=None, steps=200, tolerance=1e-11):
    """Newton's method, damped: curvatures in absolute value (Nocedal and Wright 2006, 3.4), steps halved until the loss falls.

    Between bounds it is projected (Bertsekas 1982): unknowns that press against one are held.
    """
    lower = np.full(len(start), -np.inf) if lower is None else np.asarray(lower, dtype=float)
    upper = np.full(len(start), np.inf) if upper is None else np.asarray(upper, dtype=float)
    theta, converged = np.clip(np.asarray(start, dtype=float), lower, upper), False
    value, slope = loss(theta), gradient(theta)
    taken, last, level = 0, np.inf, None
    while taken < steps:
        H = hessian(theta)
        if not (np.isfinite(value) and np.isfinite(slope).all() and np.isfinite(H).all()):
            break
        free = ~((theta <= lower) & (slope > 0)) & ~((theta >= upper) & (slope < 0))
        if not free.any():
            converged = True
            break
        H = H[np.ix_(free, free)]
        scale = np.sqrt(np.maximum(np.abs(np.diag(H)), 1e-300 + 1e-16 * np.abs(H).max()))
        curvature, axes = np.linalg.eigh(H / np.outer(scale, scale))
        level = np.zeros(len(theta))
        level[free] = axes[:, 0] / scale if curvature[0] <= 1e-13 * curvature[-1] else 0.0
        bend = np.maximum(np.abs(curvature), 1e-13 * max(np.abs(curvature).max(), 1e-300))
        step = np.zeros(len(theta))
        step[free] = -(axes @ ((axes.T @ (slope[free] / scale)) / bend)) / scale
        decrement = -(slope @ step)
        size = np.max(np.abs(step) / np.maximum(np.abs(theta), 1e-8 * max(1.0, np.abs(theta).max())))
        near = free.all() and curvature.min() > 0 and decrement <= 1e-8 * abs(value)
        if near and size < 0.5 * last:  # the loss itself tells no more
            theta, last, taken = theta + step, size, taken + 1
            value, slope = loss(theta), gradient(theta)
            continue
        if near and size <= 1e-7:  # steps that no longer shrink are rounding
            converged = True
            break
        small = size <= tolerance or decrement <= 1e-15 * tolerance * abs(value)
        length = 1.0
        while length > 1e-14:
            trial = np.clip(theta + length * step, lower, upper)
            at = loss(trial)
            if np.isfinite(at) and (at <= value + 1e-4 * (slope @ (trial - theta)) or at <= value + 1e-14 * abs(value)):
                new = gradient(trial)
                if at < value - 1e-14 * abs(value) or np.linalg.norm(new) < np.linalg.norm(slope):
                    break
            length /= 2
        else:  # rounding hides any further progress
            converged = bool(size <= 1e-5 and decrement <= 1e-12 * (abs(value) + 1e-12) and curvature.min() > -1e-8)
            break
        theta, value, slope, taken = trial, at, new, taken + 1
        if small and length == 1.0:
            converged = bool(curvature.min() > -1e-8)
            break
    if converged and level is not None and level.any():  # on a plateau nothing says that this is a minimum
        far = level * 10 * (1 + np.abs(theta).max()) / np.abs(level).max()
        converged = any(loss(theta + way * far) > value + 1e-14 * abs(value) for way in (1, -1))
    return theta, taken, bool(converged)


def _levenberg_marquardt(residuals, jacobian, start, steps=500, tolerance=1e-12):
    """Levenberg and Marquardt's method for a sum of squares, with the damping of Nielsen (1999) in Marquardt's scaling."""
    theta, damping, growth, converged = np.asarray(start, dtype=float), 1e-3, 2.0, False
    r = residuals(theta)
    scale = np.full(len(theta), 1e-300)
    taken = 0
    while taken < steps:
        taken += 1
        J = jacobian(theta)
        if not (np.isfinite(r).all() and np.isfinite(J).all()):
            break
        scale = np.maximum(scale, np.linalg.norm(J, axis=0))
        scale[scale <= 1e-300] = 1.0
        Q, R = np.linalg.qr(np.vstack([J / scale, np.sqrt(damping) * np.eye(len(theta))]))
        step = np.linalg.solve(R, -(Q[: len(r)].T @ r)) / scale
        trial = theta + step
        new = residuals(trial)
        gain = r @ r - new @ new if np.isfinite(new).all() else -np.inf
        if np.all(np.abs(step) <= tolerance * (np.abs(theta) + tolerance)):
            converged = True
            break
        if gain > 0:
            expected = r @ r - np.sum((r + J @ step) ** 2)
            theta, r = trial, new
            damping = max(damping * max(1 / 3, 1 - (2 * gain / max(expected, 1e-300) - 1) ** 3), 1e-15)
            growth = 2.0
        else:
            damping, growth = damping * growth, growth * 2
            if damping > 1e20:
                break
    return theta, taken, converged


def _promising(starts, few, loss):
    """After ``few`` steps from each start, the three runs of least loss."""
    ends = [few(theta) for theta in starts]
    finite = [end for end in ends if np.isfinite(end[0]).all() and np.isfinite(loss(end[0]))]
    return sorted(finite, key=lambda end: loss(end[0]))[:3]


def _outcome(values, run, loss, gradient, lower=-np.inf, upper=np.inf):
    """The values by name, with the number of iterations, whether they converged, the loss and the gradient's norm."""
    theta, iterations, converged = run
    ways = [
        np.ones(len(theta)),
        *np.eye(len(theta))[np.abs(theta) > 20],
    ]  # all unknowns outwards, and each large one alone
    far = [[np.clip(theta * (1 + more * way), lower, upper) for more in (0.37, 2.1)] for way in ways]
    level = loss(theta) + 1e-14 * abs(loss(theta))
    if any(all((at != theta).any() and loss(at) <= level for at in pair) for pair in far):
        converged = False  # the loss does not rise towards infinity: nothing says that a minimum is attained
    norm = float(np.linalg.norm(gradient(theta)))
    found = {"iterations": iterations, "converged": bool(converged), "loss": float(loss(theta)), "gradient_norm": norm}
    return {**found, **values}


def _best(runs, loss):
    """The run of least loss; among equals one that converged, the shortest."""
    finite = [run for run in runs if np.isfinite(run[0]).all() and np.isfinite(loss(run[0]))]
    if not finite:
        raise ValueError("the loss is not finite at any start that was tried; give start=")
    least = min(loss(run[0]) for run in finite)
    near = [run for run in finite if loss(run[0]) <= least + 1e-9 * (abs(least) + 1e-12)]
    return min(near, key=lambda run: (not run[2], run[1]))


def _starts(start, default, random, count, loss):
    """The given start alone; else a plain one and ``count`` random ones, those at which the loss is finite."""
    if start is not None:
        return [np.asarray(start, dtype=float).ravel()]
    default, random = np.asarray(default, dtype=float), np.asarray(random, dtype=bool)
    draws = np.random.default_rng(0)
    starts = [default] + [
        default + random * draws.normal(0, (0.5, 1.0, 3.0)[i % 3], len(default)) for i in range(count)
    ]
    return [s for s in starts if np.isfinite(loss(s))]


def _logdet(A):
    """log det A of a matrix with a positive determinant; else nan."""
    sign, value = np.linalg.slogdet(A)
    return value if sign > 0 else np.nan


def _sigmoid(z):
    """1/(1 + exp(-z)), without overflow."""
    return 0.5 * (1 + np.tanh(0.5 * np.asarray(z)))


def _softplus(z):
    """log(1 + exp(z)), without overflow."""
    return np.logaddexp(0, z)


def _logsumexp(*terms):
    """log(exp(a) + exp(b) + ...), without overflow."""
    out = terms[0]
    for term in terms[1:]:
        out = np.logaddexp(out, term)
    return out


def _loggamma(z):
    """log Gamma(z) for z > 0."""
    return np.vectorize(lambda t: math.lgamma(t) if t > 0 else np.nan, otypes=[float])(z)


def _gamma(z):
    """Gamma(z)."""
    return np.vectorize(math.gamma, otypes=[float])(z)


def _polygamma(order, z):
    """The derivative of order 0, 1, 2 or 3 of digamma at z > 0: recurrence to z >= 12, then Stirling's series."""
    z = np.where(np.asarray(z, dtype=float) > 0, z, np.nan)
    total = np.zeros_like(z)
    sign, factor = (-1.0) ** order, math.factorial(order)
    for _ in range(12):
        total = total - sign * factor / z ** (order + 1)
        z = z + 1
    bernoulli = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
    if order == 0:
        total = total + np.log(z) - 1 / (2 * z)
        return total - sum(b / (2 * k * z ** (2 * k)) for k, b in enumerate(bernoulli, 1))
    total = total - sign * (math.factorial(order - 1) / z**order + factor / (2 * z ** (order + 1)))
    return total - sign * sum(
        b * math.factorial(2 * k + order - 1) / (math.factorial(2 * k) * z ** (2 * k + order))
        for k, b in enumerate(bernoulli, 1)
    )


def _erf(z):
    """The error function."""
    return np.vectorize(math.erf, otypes=[float])(z)


def _erfc(z):
    """One minus the error function, without cancellation."""
    return np.vectorize(math.erfc, otypes=[float])(z)


def _bessel_i(order, z):
    """The modified Bessel function I of whole order: the trapezoidal rule on its integral, exact to rounding."""
    angle = (np.arange(400) + 0.5) * np.pi / 400
    z = np.asarray(z, dtype=float)
    return np.mean(np.exp(z[..., None] * np.cos(angle)) * np.cos(order * angle), axis=-1)


def _lambertw(z):
    """The principal branch of Lambert's W by Halley's method."""
    z = np.asarray(z, dtype=float)
    w = np.where(z > 1, np.log1p(np.abs(z)) * 0.7, z / (1 + np.abs(z)))
    for _ in range(60):
        e = np.exp(w)
        f = w * e - z
        w = w - f / (e * (w + 1) - (w + 2) * f / (2 * w + 2))
    return w
