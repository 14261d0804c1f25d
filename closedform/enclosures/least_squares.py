"""Candidates for the minima of a sum of squares: separable least squares from many scaled starts.

Unknowns that enter the residuals linearly are eliminated (variable projection: Golub and Pereyra 1973, with Kaufman's
Jacobian); the rest start from draws at the scales of the data, are screened in bulk by their projected residuals, and
the best go through Levenberg and Marquardt's iteration. Floating point: candidates only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flint import fmpq

from closedform.algebra.floating import Derivatives, value
from closedform.algebra.later import np
from closedform.budget import Budget
from closedform.kernel.expressions.tree import Tree, free_names, head_of

BATCH = 400
ENTRIES = 2_000_000  # floats of a Jacobian of all points that move at once


@dataclass
class Residuals:
    """Blocks of residuals, each a tree that runs along rows (or a single number); their squares sum to the loss."""

    names: list[str]
    blocks: list[tuple[Tree, dict[str, np.ndarray], int]]  # tree, its columns, its number of rows

    def __post_init__(self) -> None:
        self.derivatives = [Derivatives(tree, self.names) for tree, _, _ in self.blocks]
        linear = [set(d.linear()) for d in self.derivatives]
        common = linear[0].intersection(*linear[1:]) if linear else set[str]()
        self.linear = [x for x in self.names if x in common]
        self.others = [x for x in self.names if x not in common]

    def rows(self) -> int:
        return sum(n for _, _, n in self.blocks)

    def evaluate(self, point: np.ndarray, which: Sequence[str] | None = None) -> tuple[np.ndarray, np.ndarray]:
        """r of shape (S, n) and dr by the named unknowns of shape (S, n, len(which)), at points of shape (S, k)."""
        which = self.names if which is None else which
        values = {x: point[:, i : i + 1] for i, x in enumerate(self.names)}
        residuals, jacobians = list[np.ndarray](), list[np.ndarray]()
        with np.errstate(all="ignore"):
            for (tree, columns, n), d in zip(self.blocks, self.derivatives, strict=True):
                shape = (len(point), n)
                residuals.append(np.broadcast_to(value(tree, values, columns), shape))
                slopes = [np.broadcast_to(value(d.parts[x], values, columns), shape) for x in which]
                jacobians.append(np.stack(slopes, axis=-1) if slopes else np.zeros((*shape, 0)))
        return np.concatenate(residuals, axis=1), np.concatenate(jacobians, axis=1)


def residuals_of(loss: Tree, names: list[str], columns: dict[str, list[fmpq]]) -> Residuals | None:
    """The loss as a sum of squares, or None where it is not written as one."""
    floats = {k: np.array([float(v.p) / float(v.q) for v in c]) for k, c in columns.items()}
    blocks = list[tuple[Tree, dict[str, np.ndarray], int]]()
    for term in loss[1:] if head_of(loss) == "+" and isinstance(loss, tuple) else (loss,):
        scale: Tree = fmpq(1)
        n, own = 1, dict[str, np.ndarray]()
        for _ in range(3):
            if not isinstance(term, tuple):
                break
            if term[0] == "*":
                free = [a for a in term[1:] if free_names(a) & set(names) or head_of(a) == "sum"]
                if len(free) != 1:
                    return None
                scale = ("*", scale, *(a for a in term[1:] if a is not free[0]))
                term = free[0]
            elif term[0] == "sum":
                if not (isinstance(term[2], fmpq) and isinstance(term[3], fmpq)):
                    return None
                low, high = int(term[2].p), int(term[3].p)
                n = high - low + 1
                own = {k: c[low - 1 : high] for k, c in floats.items()}
                own[str(term[1])] = np.arange(low, high + 1, dtype=float)
                term = term[4]
        if isinstance(term, fmpq):
            continue
        if not (isinstance(term, tuple) and term[0] == "^" and term[2] == fmpq(2)) or n < 1:
            return None
        with np.errstate(all="ignore"):
            weight = value(scale, {}, own)
        if not np.all(weight > 0):
            return None
        blocks.append((("*", ("^", scale, fmpq(1, 2)), term[1]) if scale != fmpq(1) else term[1], own, n))
    return Residuals(names, blocks) if blocks else None


@dataclass
class LastIterate:
    """A point where the iteration came to rest, its loss, and the steps that led there."""

    point: np.ndarray
    loss: float
    steps: list[tuple[float, float]]  # loss, length of the step
    sensitivity: float = 0.0  # how much the residuals move with the unknowns, relatively; breaks ties of the loss


def candidates(
    problem: Residuals, starts: Sequence[np.ndarray], budget: Budget, seed: int = 0, keep: int = 24
) -> list[LastIterate]:
    """Local minima found, the least loss first; ``starts`` are tried first and kept whatever their loss."""
    if starts and (found := descend(problem, np.array(starts, dtype=float), budget)):
        return distinct(found)
    k, m = len(problem.names), len(problem.others)
    if m == 0:
        point = _completed(problem, np.zeros((1, k)))
        return [] if point is None else descend(problem, point[0], budget)
    rng = np.random.default_rng(seed)
    where = [problem.names.index(x) for x in problem.others]
    pool, losses = list[np.ndarray](), list[np.ndarray]()
    end = budget.share(min(6.0, max(0.5, budget.remaining / 5)))
    draws = draw(problem, where, min(30_000, 4_000 * m), rng)
    for begin in range(0, len(draws), BATCH):
        if end.remaining <= 0 and pool:
            break
        completed = _completed(problem, draws[begin : begin + BATCH])
        if completed is not None:
            points, loss = completed
            best = np.argsort(loss)[:40]
            pool.append(points[best])
            losses.append(loss[best])
    if not pool:
        return []
    points, loss = np.concatenate(pool), np.concatenate(losses)
    wide = _spread(points, loss, where, 5 * keep)
    warm = descend(problem, np.array(wide), budget.share(0.5 * budget.remaining), 12) if wide else []
    warm.sort(key=lambda c: c.loss)
    if warm:
        wide = _spread(np.array([c.point for c in warm]), np.array([c.loss for c in warm]), where, keep)
    out = distinct(descend(problem, np.array(wide[:keep]), budget.share(0.7 * budget.remaining))) if wide else []
    for _ in range(4):
        better = _hop(problem, out[0], where, rng, budget.share(budget.remaining * 0.3)) if out and m > 1 else []
        if not better or better[0].loss > (1 - 1e-9) * out[0].loss:
            break
        out = distinct([*out, *better])
    return out


def _hop(
    problem: Residuals, best: LastIterate, where: list[int], rng: np.random.Generator, budget: Budget
) -> list[LastIterate]:
    """Minima reached after one to three nonlinear unknowns of the best one have been drawn anew."""
    count = 1_200
    points = np.repeat(best.point[None], count, axis=0)
    fresh = draw(problem, where, count, rng)
    mask = rng.random((count, len(where))) < rng.choice([1.2, 2.0, 3.0], (count, 1)) / len(where)
    points[:, where] = np.where(mask, fresh[:, where], points[:, where])
    pool = [
        c for k in range(0, count, BATCH) if budget.remaining > 0 and (c := _completed(problem, points[k : k + BATCH]))
    ]
    if not pool:
        return []
    points, loss = np.concatenate([c[0] for c in pool]), np.concatenate([c[1] for c in pool])
    wide = _spread(points, loss, where, 60)
    warm = sorted(descend(problem, np.array(wide), budget, 12), key=lambda c: c.loss) if wide else []
    return distinct(descend(problem, np.array([c.point for c in warm[:6]]), budget)) if warm else []


def _spread(points: np.ndarray, loss: np.ndarray, where: list[int], count: int) -> list[np.ndarray]:
    """Up to ``count`` points, the least loss first, that differ by 5 per cent in some nonlinear unknown."""
    order = [i for i in np.argsort(loss) if np.isfinite(loss[i])]
    points, chosen = points[order], list[np.ndarray]()
    while len(points) and len(chosen) < count:
        first = points[0]
        chosen.append(first)
        away = np.abs(points - first)[:, where] / (1e-9 + np.abs(first[where]))
        points = points[np.max(away, axis=1) > 0.05]
    return chosen


def distinct(found: list[LastIterate]) -> list[LastIterate]:
    """Different points, the least loss first; of equal losses (aliases of a period, say) the least sensitive first."""
    out, rank = list[LastIterate](), list[tuple[int, float]]()
    group, last = 0, None
    for c in sorted(found, key=lambda c: c.loss):
        if all(np.max(np.abs(c.point - o.point) / (np.abs(o.point) + 1e-12)) > 1e-3 for o in out):
            group += last is not None and abs(c.loss - last) > 1e-6 * abs(last)
            last = c.loss
            out.append(c)
            rank.append((group, c.sensitivity))
    return [out[i] for i in sorted(range(len(out)), key=lambda i: rank[i])]


def draw(problem: Residuals, where: list[int], count: int, rng: np.random.Generator) -> np.ndarray:
    """Starts for the unknowns that enter nonlinearly, at the scales of the columns and at all powers of ten."""
    columns = [c for _, own, _ in problem.blocks for c in own.values() if len(c)]
    low, high = min((c.min() for c in columns), default=0.0), max((c.max() for c in columns), default=1.0)
    lows = np.array([c.min() for c in columns] or [0.0])
    highs = np.array([c.max() for c in columns] or [1.0])
    sizes = np.maximum(np.abs(lows), np.abs(highs)) + 1e-300
    shape = (count, len(where))
    column = rng.integers(0, len(lows), shape)
    sign = rng.choice([-1.0, 1.0], shape, p=[0.35, 0.65])
    kinds = rng.integers(0, 6, shape)
    inside = lows[column] + (highs - lows)[column] * rng.random(shape)
    options = np.stack(
        [
            sign * 10.0 ** rng.uniform(-4, 4, shape),
            inside,
            sign * 10.0 ** rng.uniform(-2, 1.5, shape) / sizes[column],
            sign * 10.0 ** rng.uniform(-2, 1.5, shape) * (highs - lows + 1e-12)[column],
            sign * 10.0 ** rng.uniform(-8, 4.5, shape),
            10.0 ** rng.uniform(-2, 1, shape),
        ]
    )
    chosen = np.take_along_axis(options, kinds[None], axis=0)[0]
    chosen[: count // 5] = (
        inside[: count // 5] * (rng.random((count // 5, len(where))) < 0.5) + chosen[: count // 5] * 0.5
    )
    chosen[0] = 0.0
    chosen[1] = 1.0
    chosen[2] = 1e-6
    out = np.zeros((count, len(problem.names)))
    out[:, where] = chosen
    _ = (low, high)
    return out


def _completed(problem: Residuals, points: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """The linear unknowns solved for, at each point; the points that stay finite, and their losses."""
    index = [problem.names.index(x) for x in problem.linear]
    points = points.copy()
    points[:, index] = 0.0
    r, j = problem.evaluate(points, problem.linear)
    good = (
        np.isfinite(r).all(axis=1) & np.isfinite(j).all(axis=(1, 2)) & (np.abs(j).max(axis=(1, 2), initial=0) < 1e100)
    )
    good &= np.abs(r).max(axis=1) < 1e100
    points, r, j = points[good], r[good], j[good]
    if not len(points):
        return None
    if index:
        size = np.sqrt((j * j).sum(axis=1, keepdims=True))
        scaled = j / np.where(size > 0, size, 1)
        gram = np.swapaxes(scaled, 1, 2) @ scaled + 1e-13 * np.eye(len(index))
        side = -(np.swapaxes(scaled, 1, 2) @ r[:, :, None])
        with np.errstate(all="ignore"):
            solved = np.linalg.solve(gram, side)
        points[:, index] = (solved[:, :, 0]) / np.where(size > 0, size, 1)[:, 0, :]
        r = r + (j @ points[:, index][:, :, None])[:, :, 0]
    return points, (r * r).sum(axis=1)


def descend(problem: Residuals, starts: np.ndarray, budget: Budget, limit: int = 400) -> list[LastIterate]:
    """Levenberg-Marquardt on the projected residuals from all starts, of shape (S, k), at once; those that stay finite."""
    size = max(1, ENTRIES // (problem.rows() * (len(problem.names) + 1)))
    return [
        found
        for begin in range(0, len(starts), size)
        if begin == 0 or budget.remaining > 0
        for found in _descend(problem, starts[begin : begin + size], budget, limit)
    ]


def _descend(problem: Residuals, starts: np.ndarray, budget: Budget, limit: int) -> list[LastIterate]:
    inner = [problem.names.index(x) for x in problem.linear]
    outer = [problem.names.index(x) for x in problem.others]
    points, good = _solved(problem, starts, inner)
    points = points[good]
    r, j = problem.evaluate(points)
    good = _finite(r, j)
    points, r, j = points[good], r[good], j[good]
    loss = (r * r).sum(axis=1)
    damping, grow, scale = np.full(len(points), 1e-3), np.full(len(points), 2.0), np.zeros((len(points), len(outer)))
    steps = [list[tuple[float, float]]() for _ in range(len(points))]
    moving, kept = np.arange(len(points) if outer else 0), np.isfinite(loss)
    for k in range(limit):
        if not len(moving) or (k % 20 == 0 and budget.remaining <= 0):
            break
        slopes = j[moving][:, :, outer]
        if inner:
            q = np.linalg.qr(j[moving][:, :, inner]).Q
            slopes = slopes - q @ (np.swapaxes(q, 1, 2) @ slopes)
        scale[moving] = np.maximum(scale[moving], np.sqrt((slopes * slopes).sum(axis=1)))
        weights = np.where(scale[moving] > 0, scale[moving], 1.0)
        damped = np.sqrt(damping[moving])[:, None, None] * np.eye(len(outer))
        a = np.concatenate([slopes / weights[:, None], damped], axis=1)
        side = np.concatenate([r[moving], np.zeros((len(moving), len(outer)))], axis=1)
        step = -_least_squares(a, side) / weights
        trial = points[moving]
        size = np.max(np.abs(step) / (np.abs(trial[:, outer]) + 1e-300), axis=1)
        trial[:, outer] += step
        trial, good = _solved(problem, trial, inner)
        new_r, new_j = problem.evaluate(trial)
        with np.errstate(all="ignore"):
            new_loss = (new_r * new_r).sum(axis=1)
            better = good & np.isfinite(new_loss) & (new_loss < loss[moving])
            gain = loss[moving] - new_loss
            done = better & (((gain <= 1e-15 * loss[moving]) & (size < 1e-9)) | (new_loss < 1e-290))
        ended = done | (~better & ((size < 1e-13) | (damping[moving] > 1e25)))
        moved = moving[better]
        points[moved], r[moved], j[moved], loss[moved] = trial[better], new_r[better], new_j[better], new_loss[better]
        for i, length in zip(map(int, moved), map(float, size[better]), strict=True):
            steps[i].append((float(loss[i]), length))
        damping[moved], grow[moved] = np.maximum(damping[moved] / 5, 1e-20), 2.0
        back = moving[~better]
        damping[back], grow[back] = damping[back] * grow[back], grow[back] * 2
        broken = better & ~_finite(new_r, new_j)
        kept[moving[broken & ~ended]] = False
        moving = moving[~(ended | broken)]
    with np.errstate(all="ignore"):
        weight = np.sqrt((j * j).sum(axis=1)) * np.abs(points)
    return [
        LastIterate(points[i], float(loss[i]), steps[i], float(np.max(weight[i], initial=0.0)))
        for i in range(len(points))
        if kept[i]
    ]


def _solved(problem: Residuals, points: np.ndarray, inner: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """The points with the linear unknowns solved for, and where that went well."""
    if not inner:
        return points, np.ones(len(points), dtype=bool)
    points = points.copy()
    points[:, inner] = 0.0
    r, j = problem.evaluate(points, problem.linear)
    good = _finite(r, j)
    r, j = np.where(good[:, None], r, 0.0), np.where(good[:, None, None], j, 0.0)
    size = np.sqrt((j * j).sum(axis=1))
    good &= np.isfinite(size).all(axis=1)
    size = np.where((size > 0) & np.isfinite(size), size, 1.0)
    points[:, inner] = -_least_squares(j / size[:, None], r) / size
    return points, good


def _finite(r: np.ndarray, j: np.ndarray) -> np.ndarray:
    return np.asarray(np.isfinite(r).all(axis=1) & np.isfinite(j).all(axis=(1, 2)))


def _least_squares(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The shortest solutions of many least-squares problems at once, by singular values."""
    u, sizes, v = np.linalg.svd(a, full_matrices=False)
    kept = sizes > 1e-15 * sizes[:, :1]
    along = (np.swapaxes(u, 1, 2) @ b[:, :, None])[:, :, 0]
    along = np.where(kept, along / np.where(kept, sizes, 1.0), 0.0)
    return (np.swapaxes(v, 1, 2) @ along[:, :, None])[:, :, 0]


def symmetries(
    loss: Tree, names: list[str], columns: dict[str, list[fmpq]], around: np.ndarray, limit: int = 24
) -> list[tuple[list[int], np.ndarray]]:
    """Permutations with signs under which the loss keeps its value near ``around``: places to look for more minima."""
    floats = {k: np.array([float(v.p) / float(v.q) for v in c]) for k, c in columns.items()}
    k = len(names)
    rng = np.random.default_rng(5)
    base = around * rng.uniform(0.8, 1.25, (4, k))

    def same(order: list[int], signs: np.ndarray) -> bool:
        moved = base[:, order] * signs
        with np.errstate(all="ignore"):
            a, b = (
                np.ravel(value(loss, {x: p[:, i : i + 1] for i, x in enumerate(names)}, floats)) for p in (base, moved)
            )
        return bool(np.isfinite(a).any() and np.allclose(a, b, rtol=1e-9, atol=0, equal_nan=True))

    one = np.ones(k)
    found = list[tuple[list[int], np.ndarray]]()
    for i in range(k):
        for j in range(i, k):
            signs = one.copy()
            signs[i] = signs[j] = -1.0
            if same(list(range(k)), signs):
                found.append((list(range(k)), signs))
    pairs = [(i, j) for i in range(k) for j in range(i)]

    def swapped(swaps: Sequence[tuple[int, int]]) -> list[int]:
        order = list(range(k))
        for i, j in swaps:
            order[i], order[j] = j, i
        return order

    groups: list[list[tuple[int, int]]] = [[]]
    for _ in range(3):  # products of up to three disjoint transpositions
        groups = [
            [*g, p] for g in groups for p in pairs if all(not set(p) & set(q) for q in g) and (not g or p > g[-1])
        ]
        if len(groups) > 4000:
            break
        found += [(swapped(g), one) for g in groups if same(swapped(g), one)]
    group = [(list(range(k)), one)]
    seen = {(tuple(range(k)), tuple(one))}
    for order, signs in group:
        for o, s in found:
            new = ([order[i] for i in o], signs[o] * s)
            key = (tuple(new[0]), tuple(new[1]))
            if key not in seen and len(group) < limit:
                seen.add(key)
                group.append(new)
    return group[1:]
