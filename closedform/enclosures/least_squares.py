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
    out = [c for s in starts if (c := descend(problem, np.array(s, dtype=float), budget)) is not None]
    if out and len(starts):
        return distinct(out)
    k, m = len(problem.names), len(problem.others)
    if m == 0:
        point = _completed(problem, np.zeros((1, k)))
        found = [] if point is None else [descend(problem, point[0][0], budget)]
        return [c for c in found if c is not None]
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
    half = budget.share(0.5 * budget.remaining)
    warm = [found for c in wide if half.remaining > 0 and (found := descend(problem, c, half, 12)) is not None]
    warm.sort(key=lambda c: c.loss)
    chosen = (
        _spread(np.array([c.point for c in warm]), np.array([c.loss for c in warm]), where, keep)
        if warm
        else wide[:keep]
    )
    for c in chosen:
        if budget.remaining < 1 or (out and budget.remaining < 3):
            break
        found = descend(problem, c, budget)
        if found is not None:
            out.append(found)
    out = distinct(out)
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
    warm = [
        c
        for start in _spread(points, loss, where, 60)
        if budget.remaining > 0 and (c := descend(problem, start, budget, 12))
    ]
    warm.sort(key=lambda c: c.loss)
    ended = [c for w in warm[:6] if budget.remaining > 0 and (c := descend(problem, w.point, budget))]
    return distinct(ended)


def _spread(points: np.ndarray, loss: np.ndarray, where: list[int], count: int) -> list[np.ndarray]:
    """Up to ``count`` points, the least loss first, that differ by 5 per cent in some nonlinear unknown."""
    chosen = list[np.ndarray]()
    for i in np.argsort(loss):
        if not np.isfinite(loss[i]) or len(chosen) >= count:
            break
        if all(np.max(np.abs(points[i] - c)[where] / (1e-9 + np.abs(c[where]))) > 0.05 for c in chosen):
            chosen.append(points[i])
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


def descend(problem: Residuals, start: np.ndarray, budget: Budget, limit: int = 400) -> LastIterate | None:
    """Levenberg-Marquardt on the projected residuals from one start."""
    inner = [problem.names.index(x) for x in problem.linear]
    outer = [problem.names.index(x) for x in problem.others]
    point = _solved(problem, start, inner)
    if point is None:
        return None
    r, j = (a[0] for a in problem.evaluate(point[None]))
    loss, damping, grow = float(r @ r), 1e-3, 2.0
    steps = list[tuple[float, float]]()
    scale = np.zeros(len(outer))
    for k in range(limit):
        if k % 20 == 0 and budget.remaining <= 0:
            break
        if not np.isfinite(j).all():
            return None
        slopes = j[:, outer]
        if inner:
            q, _ = np.linalg.qr(j[:, inner])
            slopes = slopes - q @ (q.T @ slopes)
        if not outer:
            break
        scale = np.maximum(scale, np.sqrt((slopes * slopes).sum(axis=0)))
        weights = np.where(scale > 0, scale, 1.0)
        a = np.concatenate([slopes / weights, np.sqrt(damping) * np.eye(len(outer))])
        step = -np.linalg.lstsq(a, np.concatenate([r, np.zeros(len(outer))]), rcond=None)[0] / weights
        trial = point.copy()
        trial[outer] += step
        solved = _solved(problem, trial, inner)
        size = float(np.max(np.abs(step) / (np.abs(point[outer]) + 1e-300)))
        if solved is not None:
            new_r, new_j = (a[0] for a in problem.evaluate(solved[None]))
            new_loss = float(new_r @ new_r)
            if np.isfinite(new_loss) and new_loss < loss:
                done = loss - new_loss <= 1e-15 * loss and size < 1e-9
                point, r, j, loss = solved, new_r, new_j, new_loss
                steps.append((loss, size))
                damping, grow = max(damping / 5, 1e-20), 2.0
                if done or loss < 1e-290:
                    break
                continue
        if size < 1e-13 or damping > 1e25:
            break
        damping, grow = damping * grow, grow * 2
    weight = np.sqrt((j * j).sum(axis=0)) * np.abs(point)
    return LastIterate(point, loss, steps, float(np.max(weight, initial=0.0))) if np.isfinite(loss) else None


def _solved(problem: Residuals, point: np.ndarray, inner: list[int]) -> np.ndarray | None:
    if not inner:
        return point
    trial = point.copy()
    trial[inner] = 0.0
    r, j = (a[0] for a in problem.evaluate(trial[None], problem.linear))
    if not (np.isfinite(r).all() and np.isfinite(j).all()):
        return None
    size = np.sqrt((j * j).sum(axis=0))
    size = np.where(size > 0, size, 1.0)
    trial[inner] = np.linalg.lstsq(j / size, -r, rcond=1e-15)[0] / size
    return trial


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
