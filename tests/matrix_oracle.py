"""An oracle for matrix formulas that shares nothing with the calculus on words.

It evaluates the reader's tree with NumPy and minimises it with SciPy from several starts.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from scipy.linalg import block_diag, eig, eigh, solve_sylvester, sqrtm
from scipy.optimize import minimize

from closedform import problem as problems
from closedform.budget import Budget
from closedform.expression import Node
from closedform.ladder import MATRIX
from closedform.problem import Problem
from closedform.stationarity.matrix import MatrixSystem, matrix_system

STRATEGIES = tuple(importlib.import_module(m) for m in MATRIX if ".matrices." in m and not m.endswith("monotone"))
SIZES = {"n": 9, "k": 3, "m": 4, "p": 5, "q": 2, "r": 2, "d": 3, "a": 3, "b": 2}

_FUNCTIONS = {
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "tanh": np.tanh,
    "abs": np.abs,
    "sign": np.sign,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "softplus": lambda x: np.logaddexp(0, x),
    "relu": lambda x: np.maximum(x, 0),
}


def derive(
    text: str, unknowns: str, shapes: str, assumptions: tuple[str, ...] = ()
) -> tuple[MatrixSystem, Any, list[str]]:
    """The system, the first attempt that solved it (or None), and why the others did not."""
    problem = problems.read(text, unknowns=unknowns.split(","), shapes=shapes, assumptions=list(assumptions))
    system, why = matrix_system(problem), list[str]()
    for strategy in STRATEGIES:
        reason = strategy.declines(system)
        if reason is None:
            attempt = strategy.attempt(system, Budget.of(30))
            if attempt.outcome == "solved":
                return system, attempt, why
            reason = attempt.reason
        why.append(f"{strategy.name}: {reason}")
    return system, None, why


def size(node: Node, sizes: dict[str, int]) -> int:
    return int(np.asarray(value(node, {k: np.float64(v) for k, v in sizes.items()}, sizes)).reshape(()))


def value(node: Node, at: dict[str, Any], sizes: dict[str, int]) -> Any:
    """The value of a tree; columns are n x 1, numbers are 0-d."""
    if node.number is not None:
        return float(node.number)
    if node.name is not None:
        return at[node.name] if node.name in at else float(sizes[node.name])
    head = node.head
    if head == "pi":
        return np.pi
    if head in ("eye", "ones", "zeros"):
        dims = [size(c, sizes) for c in node.children]
        return np.eye(dims[0]) if head == "eye" else (np.ones if head == "ones" else np.zeros)((*dims, 1)[:2])
    args = [value(c, at, sizes) for c in node.children]
    if head == "+":
        return sum(args[1:], args[0])
    if head == "*":
        out = args[0]
        for a in args[1:]:
            out = out * a if np.size(out) == 1 or np.size(a) == 1 else out @ a
        return out
    if head == "^":
        if np.ndim(args[0]) == 2 and np.size(args[0]) > 1:
            return (
                args[0] ** args[1]
                if args[0].shape[0] != args[0].shape[1]
                else np.linalg.matrix_power(args[0], int(args[1]))
            )
        return args[0] ** args[1]
    if head == "hadamard":
        return args[0] * args[1]
    if head in ("./", "recip"):
        return args[0] / args[1] if head == "./" else 1 / args[0]
    if head == "transpose":
        return args[0].T
    if head == "inv":
        return np.linalg.inv(args[0]) if np.ndim(args[0]) else 1 / args[0]
    if head in ("tr", "total"):
        return np.trace(args[0]) if head == "tr" else np.sum(args[0])
    if head == "norm":
        return np.linalg.norm(args[0])
    if head == "norm1":
        return np.abs(args[0]).sum()
    if head == "nuclear":
        return np.linalg.svd(args[0], compute_uv=False).sum()
    if head in SPECTRAL:
        return spectral(head, args)
    if head == "rank":
        return np.linalg.matrix_rank(args[0], tol=1e-9)
    if head == "logdet":
        return np.linalg.slogdet(np.atleast_2d(args[0]))[1]
    if head == "det":
        return np.linalg.det(np.atleast_2d(args[0]))
    if head == "diag":
        return np.diag(args[0].ravel()) if 1 in args[0].shape else np.diag(args[0]).reshape(-1, 1)
    if head == "kron":
        return np.kron(*args)
    if head in ("kronleft", "kronright"):
        blocks = args[0].reshape(-1, args[1].shape[0], args[0].shape[1] // args[1].shape[1], args[1].shape[1])
        if head == "kronleft":
            return np.einsum("ikjl,kl->ij", blocks, args[1])
        (n, m), (rows, cols) = args[1].shape, args[0].shape
        return sum(
            args[1][i, j] * args[0][i * rows // n : (i + 1) * rows // n, j * cols // m : (j + 1) * cols // m]
            for i in range(n)
            for j in range(m)
        )
    if head == "khatrirao":
        return np.vstack([np.kron(args[0][:, i], args[1][:, i]) for i in range(args[0].shape[1])]).T
    if head == "vec":
        return args[0].reshape(-1, 1, order="F")
    if head in ("max", "min"):
        return (np.maximum if head == "max" else np.minimum)(*args)
    return _FUNCTIONS[head](args[0])


SPECTRAL = {
    *("polar", "rotation", "sqrtm", "invsqrt", "positive_part", "truncated_svd", "shrink_singular_values"),
    *(
        "hard_threshold_singular_values",
        "first_factor",
        "last_factor",
        "left_singular_vectors",
        "right_singular_vectors",
    ),
    *("identity_block", "largest_eigenvectors", "smallest_eigenvectors", "largest_eigenvalues", "smallest_eigenvalues"),
    *("simplex_projection", "spectrahedron_projection", "l1_ball_projection", "left_canonical", "right_canonical"),
    *("largest_entry", "largest_entry_in_size", "ball_multiplier", "sphere_multiplier"),
    *("smallest_bordered_eigenvalue", "unvec", "sylvester"),
}


def _simplex(v: np.ndarray, total: float) -> np.ndarray:
    """By bisection on the threshold."""
    low, high = v.min() - total, v.max()
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if np.maximum(v - middle, 0).sum() > total else (low, middle)
    return np.maximum(v - high, 0)


def spectral(head: str, args: list[Any]) -> Any:
    """What the words of printed formulas mean, by SciPy and NumPy and from their definitions."""
    a = np.atleast_2d(args[0])
    if head == "sylvester":
        return solve_sylvester(*args)
    if head == "identity_block":
        return np.eye(int(args[0]), int(args[1]))
    if head == "unvec":
        return a.reshape(int(args[1]), int(args[2]), order="F")
    if head in ("sqrtm", "invsqrt"):
        root = np.real(sqrtm(a))
        return root if head == "sqrtm" else np.linalg.inv(root)
    if head == "positive_part":
        d, v = np.linalg.eigh((a + a.T) / 2)
        return (v * np.maximum(d, 0)) @ v.T
    if head.endswith(("eigenvectors", "eigenvalues")):
        d, v = eigh((a + a.T) / 2, *args[1:-1])
        order = slice(None, None, -1 if head.startswith("largest") else 1)
        q = int(args[-1])
        return v[:, order][:, :q] if head.endswith("vectors") else np.diag(d[order][:q])
    if head in ("ball_multiplier", "sphere_multiplier"):
        b = args[3] if len(args) == 4 else np.eye(len(a))
        pencil = np.block([[-a, args[1] @ args[1].T / args[2]], [b, -a]]), np.kron(np.eye(2), b)
        values = eig(*pencil)[0]
        t = values[np.abs(values.imag) < 1e-9 * (1 + np.abs(values))].real.max()
        return max(t, 0.0) if head == "ball_multiplier" else t
    if head == "smallest_bordered_eigenvalue":
        top = np.block([[a, args[1]], [args[1].T, np.reshape(args[2], (1, 1))]])
        below = (
            block_diag(np.eye(len(a)) * args[3] if np.ndim(args[3]) == 0 else args[3], args[4]) if args[3:] else None
        )
        return eigh(top, below)[0][0]
    if head in ("largest_entry", "largest_entry_in_size"):
        out, size = np.zeros(a.shape), np.abs(a) if head.endswith("size") else a
        at = np.unravel_index(np.argmax(size), a.shape)
        out[at] = np.sign(a[at]) if head.endswith("size") else 1
        return out
    if head == "simplex_projection":
        return _simplex(a, float(args[1]))
    if head == "l1_ball_projection":
        return a if np.abs(a).sum() <= args[1] else np.sign(a) * _simplex(np.abs(a), float(args[1]))
    if head == "spectrahedron_projection":
        d, v = np.linalg.eigh((a + a.T) / 2)
        return (v * _simplex(d, float(args[1]))) @ v.T
    if head in ("left_canonical", "right_canonical"):
        left, right = (np.linalg.inv(np.real(sqrtm(x))) for x in args[1:3])
        u, _, vt = np.linalg.svd(left @ a @ right)
        q = int(args[3])
        return left @ u[:, :q] if head == "left_canonical" else right @ vt[:q].T
    u, s, vt = np.linalg.svd(a, full_matrices=False)
    if head == "polar":
        return u @ vt
    if head == "rotation":
        return (u * np.append(np.ones(len(s) - 1), np.sign(np.linalg.det(u @ vt)))) @ vt
    if head == "shrink_singular_values":
        return (u * np.maximum(s - args[1], 0)) @ vt
    if head == "hard_threshold_singular_values":
        return (u * np.where(s > args[1], s, 0)) @ vt
    q = int(args[1])
    if head == "truncated_svd":
        return (u[:, :q] * s[:q]) @ vt[:q]
    side = u if head in ("first_factor", "left_singular_vectors") else vt.T
    return side[:, :q] if head.endswith("vectors") else side[:, :q] * np.sqrt(s[:q])


def sample(problem: Problem, rng: np.random.Generator, sizes: dict[str, int]) -> dict[str, Any]:
    """Random data with the declared properties."""
    positive = {r.children[0].name for r in problem.relations if r.head in (">", ">=")}
    out: dict[str, Any] = {}
    for name, (rows, cols) in problem.shapes.items():
        if name in problem.unknowns:
            continue
        words = problem.properties.get(name, frozenset())
        a = rng.normal(size=(size(rows, sizes), size(cols, sizes)))
        if "spd" in words:
            a = a @ a.T + 0.3 * np.eye(len(a))
        elif "psd" in words:
            a = a[:, :-1] @ a[:, :-1].T
        elif "sym" in words:
            a = a + a.T
        elif "orth" in words:
            a = np.linalg.qr(a)[0]
        out[name] = np.abs(a) + 0.2 if name in positive else a
    for name in problem.parameters:
        if name not in out and name not in sizes:
            out[name] = float(rng.uniform(0.4, 1.2))
    return out


class Minimisation:
    """The loss over free parameters: SPD unknowns as L L', a rank bound as a product, all else entry by entry."""

    def __init__(self, problem: Problem, data: dict[str, Any], sizes: dict[str, int]) -> None:
        self.problem, self.data, self.sizes = problem, data, sizes
        self.shapes = {
            u: tuple(size(s, sizes) for s in problem.shapes[u]) if u in problem.shapes else () for u in problem.unknowns
        }
        self.rank = next(
            (size(c.children[1], sizes) for c in problem.constraints if c.children[0].head == "rank"), None
        )
        self.equal = [c for c in problem.constraints if c.head == "="]
        self.less = [c for c in problem.constraints if c.head in ("<=", ">=") and c.children[0].head != "rank"]
        self.bound = {r.children[0].name for r in problem.relations if r.head in (">", ">=")}

    def words(self, u: str) -> frozenset[str]:
        own = self.problem.properties.get(u, frozenset())
        return own | {
            c.head for c in self.problem.constraints if c.children and c.children[0].name == u and len(c.children) == 1
        }

    def length(self, u: str) -> int:
        shape = self.shapes[u]
        return self.rank * sum(shape) if self.rank else int(np.prod(shape, initial=1))

    def unpack(self, x: np.ndarray) -> dict[str, Any]:
        out, at = dict(self.data), 0
        for u, shape in self.shapes.items():
            part = x[at : at + self.length(u)]
            at += self.length(u)
            if self.rank:
                left, right = part[: shape[0] * self.rank], part[shape[0] * self.rank :]
                thin = left.reshape(shape[0], self.rank)
                out[u] = thin @ (thin.T if "psd" in self.words(u) else right.reshape(self.rank, shape[1]))
            elif not shape:
                out[u] = float(np.exp(part[0]) if u in self.bound else part[0])
            else:
                a = part.reshape(shape)
                words = self.words(u)
                out[u] = a @ a.T if words & {"spd", "psd"} else (a + a.T) / 2 if "sym" in words else a
        return out

    def loss(self, at: dict[str, Any]) -> float:
        assert self.problem.loss is not None
        return float(np.asarray(value(self.problem.loss, at, self.sizes)).reshape(()))

    def violation(self, at: dict[str, Any]) -> float:
        worst = 0.0
        for c in self.equal:
            worst = max(worst, float(np.abs(self.gap(c, at)).max()))
        for c in self.less:
            worst = max(worst, float(-self.gap(c, at).min()))
        return worst

    def gap(self, c: Node, at: dict[str, Any]) -> np.ndarray:
        left, right = (value(k, at, self.sizes) for k in c.children)
        return np.ravel(np.asarray(left - right if c.head != "<=" else right - left))

    def best(self, rng: np.random.Generator, starts: int = 3) -> float:
        constraints = [{"type": "eq", "fun": lambda x, c=c: self.gap(c, self.unpack(x))} for c in self.equal]
        constraints += [{"type": "ineq", "fun": lambda x, c=c: self.gap(c, self.unpack(x))} for c in self.less]
        total = sum(map(self.length, self.shapes))
        found = np.inf
        for _ in range(starts):
            x0 = rng.normal(size=total)
            with np.errstate(all="ignore"):
                got = minimize(
                    lambda x: self.loss(self.unpack(x)),
                    x0,
                    method="SLSQP" if constraints else "BFGS",
                    constraints=constraints,
                    options={"maxiter": 400},
                )
                at = self.unpack(got.x)
                f = self.loss(at)
            if self.violation(at) < 1e-6 and np.isfinite(f):
                found = min(found, f)
        return found
