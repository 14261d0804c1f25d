"""A quick search for what a report leaves out: a lower loss, or a critical point that is not listed.

Found in floating point, confirmed in balls, or not said. A search that finds nothing says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

import numpy as np
from flint import arb, arb_mat, fmpq

from closedform.audit.evaluation import Open, Undefined, tree_of, truth
from closedform.audit.floats import FloatEvaluation, Floats
from closedform.audit.floats import truth as truths
from closedform.audit.question import Question
from closedform.budget import Budget
from closedform.expression import Node, free_names, heads
from closedform.kernel.expressions.jets import jet
from closedform.kernel.reading import Refused

KINKS = frozenset(("abs", "max", "min", "sign", "piecewise"))
MOST = 40  # candidates that are confirmed
Box = Mapping[str, arb]


class Search:
    """The points looked at, and what was found there; ``listed`` are the balls of the points that are claimed."""

    def __init__(self, question: Question, listed: Sequence[Box], budget: Budget) -> None:
        self.q, self.listed, self.budget = question, listed, budget
        self.names = question.unknowns
        self.columns = {k: np.array([float(arb(v)) for v in c]) for k, c in question.columns.items()}
        self.what = [question.loss] if question.loss is not None else list(question.equations)
        self.kinked = any(KINKS & heads(part) for part in self.what)

    # -- where to look ------------------------------------------------------------------------------------------------

    def _ends(self) -> dict[str, list[float]]:
        """The constants that unknowns are compared with, by unknown."""
        out: dict[str, list[float]] = {u: [] for u in self.names}
        for relation in self.q.relations:
            for own, other in (relation.children, relation.children[::-1]):
                if own.name in out:
                    try:
                        ball = self.q.evaluation({}).value(other).ball
                    except (Open, Undefined):
                        continue
                    out[str(own.name)].append(float(ball.mid()))
        return out

    def grid(self) -> list[Floats]:
        """Points to look at, one array for each unknown."""
        ends = self._ends()
        near = [[float(box[u].mid()) for box in self.listed[:12]] for u in self.names]
        if len(self.names) == 1:
            (u,) = self.names
            small = np.logspace(-7, 0, 60)
            parts = [np.linspace(-12, 12, 481), np.logspace(-7, 5, 121), -np.logspace(-7, 5, 121)]
            for c in ends[u] + near[0]:
                parts += [np.array([c]), c + small * (1 + abs(c)), c - small * (1 + abs(c))]
            if len(ends[u]) >= 2:
                parts.append(np.linspace(min(ends[u]), max(ends[u]), 401))
            line = np.sort(np.concatenate(parts))
            return [line[np.append(True, np.diff(line) > 0)]]
        k, random = len(self.names), np.random.default_rng(self.budget.seed)
        parts = [random.normal(0, s, (150, k)) for s in (0.3, 1.0, 3.0, 10.0)]
        axis = np.array([-3.0, -2, -1, -0.5, 0, 0.5, 1, 2, 3])
        parts.append(axis[random.integers(0, len(axis), (300, k))])
        for point in zip(*near, strict=True):
            parts += [np.array(point) + random.normal(0, s, (20, k)) for s in (1e-3, 0.05, 0.5)]
        table = np.concatenate(parts)
        for j, u in enumerate(self.names):  # towards and onto the ends of each unknown
            e = ends[u]
            if e:
                hit = random.random(len(table)) < 0.25
                table[hit, j] = random.choice(e, hit.sum())
            if len(e) >= 2:
                spread = random.random(len(table)) < 0.5
                table[spread, j] = random.uniform(min(e), max(e), spread.sum())
            elif e:
                aside = random.random(len(table)) < 0.5
                table[aside, j] = e[0] + random.choice((-1, 1)) * np.abs(table[aside, j] - e[0])
        return [table[:, j] for j in range(k)]

    def floats(self, node: Node, arrays: Sequence[Floats]) -> tuple[Floats, list[Floats]]:
        """Values and slopes at the points, nan where undefined or not admissible."""
        sampled = FloatEvaluation(
            {u: a[None, :] for u, a in zip(self.names, arrays, strict=True)},
            {u: j for j, u in enumerate(self.names)},
            self.columns,
        )
        size = len(arrays[0])
        with np.errstate(all="ignore"):
            found = sampled.dual(node)
            allowed = np.full((1, size), True)
            for relation in self.q.relations:
                allowed = allowed & truths(sampled, relation)
            value = np.where(allowed, found.value, np.nan)
            zero = np.zeros((1, 1))
            slopes = [np.where(allowed, found.slope.get(j, zero), np.nan) for j in range(len(self.names))]
        return np.broadcast_to(value, (1, size))[0], [np.broadcast_to(s, (1, size))[0] for s in slopes]

    # -- a lower loss -------------------------------------------------------------------------------------------------

    def lower(self, height: arb, sign: int = 1) -> str:
        """Where the loss is certainly lower (``sign`` -1: higher) than a height; the empty text where that is not found."""
        if self.q.loss is None or self.q.integers:
            return ""
        arrays = self.grid()
        random = np.random.default_rng(self.budget.seed)
        limit = float((height * sign).mid())
        for step in range(6 if len(self.names) > 1 else 2):
            value, _ = self.floats(self.q.loss, arrays)
            value = np.where(np.isfinite(value), sign * value, np.inf)
            order = np.argsort(value)[:6]
            for j in order:
                if value[j] < limit - 1e-9 * (1 + abs(limit)):
                    at = {u: _exactly(a[j]) for u, a in zip(self.names, arrays, strict=True)}
                    there = self.q.height(at)
                    if there is not None and bool(there * sign < height * sign) and self._admissible(at):
                        where = ", ".join(f"{u} = {b.str(8, radius=False)}" for u, b in list(at.items())[:4])
                        return f"at {where} the loss is {there.str(10, radius=False)}"
            if self.budget.remaining <= 0 or not np.isfinite(value[order[0]]):
                break
            spread = 0.5**step
            table = np.stack([a[order] for a in arrays], 1)
            table = np.repeat(table, 40, 0)
            table = table + random.normal(0, spread, table.shape) * (0.05 + np.abs(table) * 0.3)
            arrays = [table[:, j] for j in range(len(self.names))]
        return ""

    def _admissible(self, at: Box) -> bool:
        evaluation = self.q.evaluation(at)
        try:
            return all(truth(evaluation, r) is True for r in self.q.relations)
        except (Open, Undefined):
            return False

    # -- a critical point that is not listed --------------------------------------------------------------------------

    def missed(self) -> str:
        """A point where a critical point (a solution) certainly lies and none is listed; the empty text if none is found."""
        if self.q.integers or any(r.head in ("=", "!=") for r in self.q.relations):
            return ""
        found = self._on_a_line() if len(self.names) == 1 else self._in_space()
        for box in found:
            if not any(all(box[u].overlaps(known[u]) for u in self.names) for known in self.listed):
                return ", ".join(f"{u} = {b.mid().str(10, radius=False)}" for u, b in list(box.items())[:4])
        return ""

    def edge(self) -> str:
        """A closed end of the domain in one unknown where the loss certainly rises inwards: a minimum on the edge."""
        if self.q.loss is None or len(self.names) != 1 or self.q.integers:
            return ""
        (u,) = self.names
        for relation in self.q.relations:
            for own, other, low in (
                (*relation.children[:2], relation.head == ">="),
                (*relation.children[1::-1], relation.head == "<="),
            ):
                if own.name != u or relation.head not in ("<=", ">=") or u in free_names(other):
                    continue
                try:
                    at = {u: self.q.evaluation({}).value(other).ball}
                    evaluation = self.q.evaluation(at)
                    slope = (evaluation.value(self.q.loss).slope or {}).get(0)
                except (Open, Undefined):
                    continue
                if slope is None or evaluation.edges or evaluation.doubts or not self._admissible(at):
                    continue
                if bool(slope > 0) if low else bool(slope < 0):
                    return f"{u} = {at[u].mid().str(10, radius=False)}"
        return ""

    def is_flat(self) -> bool:
        """Whether the slopes (the equations) vanish at almost all points looked at: then points are no isolated ones."""
        arrays = self.grid()
        for part in self.what:
            value, slopes = self.floats(part, arrays)
            for row in slopes if self.q.loss is not None else [value]:
                finite = row[np.isfinite(row)]
                if np.count_nonzero(finite) * 2 > len(finite):
                    return False
        return True

    def _slope(self, at: Box) -> arb | None:
        """The slope (of equations: the value, where it is continuous) in one unknown, if defined and admissible."""
        if len(self.what) != 1 or not self.q.inside(at):
            return None
        value = self.q.evaluation(at).value(self.what[0])
        if value.slope is None:  # also where pieces may not meet: a change of sign is then no zero
            return None
        return value.ball if self.q.loss is None else value.slope.get(0, arb(0))

    def _on_a_line(self) -> Iterator[Box]:
        if len(self.what) != 1:
            return
        (u,), (x,) = self.names, self.grid()
        value, (slope,) = self.floats(self.what[0], [x])
        value, slope = (value, slope) if self.q.loss is not None else (slope, value)
        good = np.isfinite(value) & np.isfinite(slope)
        turns = np.flatnonzero(good[:-1] & good[1:] & (np.sign(slope[:-1]) * np.sign(slope[1:]) < 0))[:MOST]
        for j in turns:
            if self.budget.remaining <= 0:
                return
            box = self._bracketed(u, float(x[j]), float(x[j + 1]), bool(slope[j] < 0))
            if box is not None:
                yield box
        for j in np.flatnonzero(good & (slope == 0))[:MOST]:
            at = {u: _exactly(x[j])}
            there = self._slope(at)
            if there is not None and there.is_zero():
                yield at

    def _bracketed(self, u: str, low: float, high: float, rising: bool) -> Box | None:
        """A small box around a change of sign of the slope, proved by the intermediate value theorem; else None."""
        if self.kinked and self.q.loss is not None and not rising:
            return None  # a maximum at a kink: whether that is a critical point is a matter of words
        for _ in range(60):
            middle = (low + high) / 2
            if not low < middle < high:
                break
            there = self._slope({u: _exactly(middle)})
            if there is None or not there.is_finite() or there.contains(0):
                break
            low, high = (middle, high) if bool(there < 0) == rising else (low, middle)
            if high - low < 1e-9 * (1 + abs(low)):
                break
        wider = (high - low) / 2 + 1e-12 * (1 + abs(low))  # an end may have met the kink itself
        a, b = _exactly(low - wider), _exactly(high + wider)
        ends = [self._slope({u: v}) for v in (a, b)]
        whole = {u: a.union(b)}
        middle_slope = self._slope(whole)
        if any(e is None for e in ends) or middle_slope is None or not middle_slope.is_finite():
            return None
        first, last = (e if rising else -e for e in ends if e is not None)
        return whole if bool(first < 0) and bool(last > 0) else None

    def _in_space(self) -> Iterator[Box]:
        k, parts = len(self.names), [tree_of(part) for part in self.what]
        if self.kinked or any(p is None for p in parts) or k > 6 or (self.q.loss is None and len(parts) != k):
            return
        table = np.stack(self.grid(), 1)
        yield from self._at_simple_points(table)
        table = table[np.random.default_rng(self.budget.seed).permutation(len(table))[:200]]
        tried = 0
        for row in self._newton(table):
            tried += 1
            if tried > MOST or self.budget.remaining <= 0:
                return
            if any(
                all(abs(row[j] - float(box[u].mid())) <= 1e-6 * (1 + abs(row[j])) for j, u in enumerate(self.names))
                for box in self.listed
            ):
                continue
            box = self._krawczyk(row)
            if box is not None:
                yield box

    def _at_simple_points(self, table: Floats) -> Iterator[Box]:
        """Points of the grid, also on the edge of the domain, where everything that must vanish is exactly zero."""
        arrays = [table[:, j] for j in range(len(self.names))]
        found = [self.floats(part, arrays) for part in self.what]
        rows = found[0][1] if self.q.loss is not None else [value for value, _ in found]
        zero = np.logical_and.reduce([row == 0 for row in rows])
        listed: list[list[float]] = table[zero].tolist()
        for row in sorted({tuple(row) for row in listed})[:MOST]:
            at = {u: _exactly(v) for u, v in zip(self.names, row, strict=True)}
            evaluation = self.q.evaluation(at)
            values = [evaluation.value(part) for part in self.what]
            exactly = [(values[0].slope or {}).get(j, arb(0)) for j in range(len(self.names))]
            if self.q.loss is None:
                exactly = [v.ball for v in values]
            if (
                all(e.is_zero() for e in exactly)
                and not evaluation.doubts
                and not evaluation.edges
                and self._admissible(at)
            ):
                yield at

    def _newton(self, table: Floats) -> Iterator[Floats]:
        """Points where Newton's method in floating point has come to rest, each once."""
        k = len(self.names)

        def vanish(rows: Floats) -> Floats:
            arrays = [rows[:, j] for j in range(k)]
            if self.q.loss is not None:
                return np.stack(self.floats(self.q.loss, arrays)[1], 1)
            return np.stack([self.floats(part, arrays)[0] for part in self.what], 1)

        length = np.empty((0, 1))
        with np.errstate(all="ignore"):
            for _ in range(30):
                here = vanish(table)
                steps = 1e-6 * (1 + np.abs(table))
                jacobian = np.empty((len(table), k, k))
                for j in range(k):
                    aside = table.copy()
                    aside[:, j] += steps[:, j]
                    jacobian[:, :, j] = (vanish(aside) - here) / steps[:, j, None]
                good = np.asarray(np.isfinite(jacobian).all((1, 2)) & np.isfinite(here).all(1))
                good &= np.abs(np.linalg.det(np.where(good[:, None, None], jacobian, 0.0))) > 1e-200
                table, here, jacobian = table[good], here[good], jacobian[good]
                if not len(table) or self.budget.remaining <= 0:
                    return
                move = np.linalg.solve(jacobian, here[:, :, None])[:, :, 0]
                length = np.linalg.norm(move, axis=1, keepdims=True)
                table = table - np.where(length > 2, move * 2 / length, move)
        rest = np.flatnonzero(np.ravel(length) < 1e-7 * (1 + np.abs(table).max(1)))
        seen = list[Floats]()
        for row in table[rest]:
            if not any(np.abs(row - s).max() <= 1e-6 * (1 + np.abs(s).max()) for s in seen):
                seen.append(row)
                yield row

    def _krawczyk(self, row: Floats) -> Box | None:
        """A box around a point with a zero in it, proved (Krawczyk 1969), inside the domain; else None."""
        k = len(self.names)
        middle = [_exactly(v) for v in row]
        radius = [arb(0, 1e-6 * (1 + abs(float(v)))) for v in row]
        box = [m + r for m, r in zip(middle, radius, strict=True)]
        whole = dict(zip(self.names, box, strict=True))
        if not self.q.inside(whole):
            return None
        try:
            here = self._jacobian(middle)[0]
            jacobian = self._jacobian(box)[1]
            centre = arb_mat([[e.mid() for e in line] for line in self._jacobian(middle)[1]])
            inverse = centre.inv()
        except (Refused, ValueError, ArithmeticError, KeyError):
            return None
        one = arb_mat([[arb(i == j) for j in range(k)] for i in range(k)])
        step = inverse * arb_mat([[v] for v in here])
        spread = (one - inverse * arb_mat(jacobian)) * arb_mat([[r] for r in radius])
        for i in range(k):
            moved = spread[i, 0] - step[i, 0]
            if not moved.is_finite() or not bool(moved.abs_upper() < radius[i].rad()):
                return None
        return whole

    def _jacobian(self, at: list[arb]) -> tuple[list[arb], list[list[arb]]]:
        """What must vanish, and its derivatives."""
        index = {u: j for j, u in enumerate(self.names)}
        values, k, zero = dict(zip(self.names, at, strict=True)), len(self.names), arb(0)
        if self.q.loss is not None:
            tree = tree_of(self.q.loss)
            if tree is None:
                raise ValueError("the kernel cannot write the loss")
            whole = jet(tree, index, values, dict(self.q.columns))
            rows = [[whole.second.get((min(i, j), max(i, j)), zero) for j in range(k)] for i in range(k)]
            return [whole.first.get(i, zero) for i in range(k)], rows
        trees = [tree_of(e) for e in self.q.equations]
        jets = [jet(t, index, values, dict(self.q.columns)) for t in trees if t is not None]
        return [j.value for j in jets], [[j.first.get(i, zero) for i in range(k)] for j in jets]


def _exactly(value: object) -> arb:
    """The floating-point number as an exact ball."""
    return arb(fmpq(*Fraction(float(value)).as_integer_ratio()))  # type: ignore[arg-type]
