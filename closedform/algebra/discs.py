"""Proved discs around all roots of a polynomial without multiple roots, at any precision.

Floating point proposes points (``approximate``) from values in balls; balls prove them. Where f has degree n, the disc around z of radius
n |f(z)/f'(z)| holds a root (Laguerre), so n such discs that are pairwise disjoint hold one root each; a disc with a real
centre then holds a real root, and one that does not meet the axis holds none. Points whose discs overlap are moved by
Aberth's correction, or replaced by the roots of the Taylor polynomial about their middle where they form a cluster, with
twice the precision when their values are noise. Once alone, a root r is refined by Newton's method with a bound of its
error: f'(z)/f(z) = 1/(z - r) + S with S the sum over the other roots, each known to lie in a disc elsewhere.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Iterable, Iterator
from typing import cast

from flint import acb, arb, ctx, fmpz_poly

from closedform.algebra.approximate import approximate, nodes_moved
from closedform.algebra.later import np
from closedform.algebra.newton import FREE, PAIR, REAL, SOME, RootDisc, Unsuited, Values, is_noise, log2, refined
from closedform.budget import Budget
from closedform.frozen import record

FIRST = 128  # binary digits of the first balls
CLUSTER = 16  # points that a Taylor polynomial separates
PATIENCE = 30  # rounds at one precision
MOST = 1 << 16  # binary digits in which a value is told from 0, if at all
ENTRIES = 1_000_000  # distances looked at in one piece
SLACK = 2.0**-40  # far more than floating point loses on a distance
TURN = acb(complex(cmath.rect(1, -0.5)))


@record
class _Disc:
    """The disc of a point, or the mirror image of it."""

    point: RootDisc
    mirrored: bool

    @property
    def centre(self) -> acb:
        return self.point.z.conjugate() if self.mirrored else self.point.z


def all_discs(f: fmpz_poly, bits: int, budget: Budget) -> list[acb]:
    """A ball for each root of f, which has no multiple root and not the root 0: disjoint, to ``bits`` relative bits.

    A real root has the imaginary part 0 exactly, and no other ball meets the axis.

    >>> sorted(round(complex(z).real, 3) for z in all_discs(fmpz_poly([-2, 0, 1]), 64, Budget.of(10)))
    [-1.414, 1.414]
    """
    values = Values(f)
    points = _Isolation(f, values, budget).run()
    balls = zip(points, refined(values, points, bits, budget), strict=True)
    with ctx.workprec(2 * max(bits, *(p.bits for p in points))):  # a conjugate is rounded
        return [z for p, ball in balls for z in ((ball, ball.conjugate()) if p.kind == PAIR else (ball,))]


# -- isolation -----------------------------------------------------------------------------------------------------


class _Isolation:
    """The points of one polynomial on their way to disjoint discs."""

    def __init__(self, f: fmpz_poly, values: Values, budget: Budget) -> None:
        powers = [k for k, c in enumerate(f.coeffs()) if c != 0]
        sizes = [math.log2(abs(int(f[k]))) for k in powers]
        start = approximate(powers, sizes, [1 if f[k] > 0 else -1 for k in powers])
        if start is None:
            raise Unsuited
        scale, floating = start
        self._values, self._budget, self._bits = values, budget, FIRST
        self._scale, self._unit = scale, arb(2) ** -scale  # brings all roots into the range of floating point
        self._points = _symmetric(floating, scale)

    def run(self) -> list[RootDisc]:
        """The points when each is alone in its disc."""
        rounds, moved = 0, False
        while True:
            with ctx.workprec(self._bits):
                self._measure([p for p in self._points if not p.alone])
                groups = self._compare()
                left = [p for p in self._points if not p.alone]
                if not left:
                    if len(self._discs()) != self._values.degree:
                        raise Unsuited
                    self._bound_pulls()
                    return self._points
            if not moved and max(map(len, groups), default=len(left)) > CLUSTER:
                moved = self._move_nodes()
                continue
            rounds += 1
            noise = all(p.noise for p in left)
            if noise or rounds > PATIENCE:
                self._bits, rounds = 2 * self._bits, 0
                if self._bits > MOST:
                    raise Unsuited
            with ctx.workprec(self._bits):
                for group in groups:
                    self._separate(group)
                if not noise:
                    self._correct([p for p in left if not p.noise and p in self._points])

    def _move_nodes(self) -> bool:
        """All points moved together, by the values of f there, while floating point tells them apart."""
        w = np.array([complex(d.centre * self._unit) for d in self._discs()], complex)
        scale, lead = arb(2) ** self._scale, log2(abs(self._values.at(acb(0), self._values.degree, 64)).mid())
        lead += self._scale * self._values.degree
        for _ in range(self._values.degree):
            self._budget.check()
            nodes = [acb(complex(z)) * scale for z in w]
            values = self._values.many(nodes, 0, self._bits)
            while (noise := [k for k, v in enumerate(values) if is_noise(v)]) and self._bits < MOST:
                self._budget.check()
                self._bits *= 2
                again = self._values.many([nodes[k] for k in noise], 0, self._bits)
                values = [again[noise.index(k)] if k in noise else v for k, v in enumerate(values)]
            logs = np.array([log2(abs(v).mid()) for v in values]) - lead
            found = nodes_moved(w, logs, np.array([_direction(v, False) for v in values]))
            if found is None or found[1]:
                break
            w = found[0]
        self._points = _symmetric(w, self._scale)
        return True

    def _measure(self, points: list[RootDisc]) -> None:
        """The disc of each point: four times the radius that holds a root."""
        for start in range(0, len(points), SOME):
            self._budget.check()
            part = points[start : start + SOME]
            values, slopes = (self._values.many([p.z for p in part], order, self._bits) for order in (0, 1))
            for point, value, slope in zip(part, values, slopes, strict=True):
                size, steep = value.abs_upper(), slope.abs_lower()
                point.value, point.slope, point.bits, point.noise = value, slope, self._bits, is_noise(value)
                point.radius = (4 * self._values.degree * size / steep).upper() if steep > 0 else None

    def _bound_pulls(self) -> None:
        """For each disc the sum of the inverse distances from its inner half to the inner quarters of the others, at most."""
        discs, w, r = self._floating()
        size, rows = np.abs(w), np.array([j for j, d in enumerate(discs) if not d.mirrored])
        count = max(1, ENTRIES // len(w))
        for start in range(0, len(rows), count):
            part = rows[start : start + count]
            near, far = r[part][:, None], size[part][:, None]
            gap = np.abs(w[part][:, None] - w) * (1 - SLACK) - SLACK * (size + far)
            clear = gap > 2 * (r + near)
            sums = np.where(clear, 1 / np.where(clear, gap - near / 2 - r / 4, 1), 0).sum(axis=1) * (1 + SLACK)
            for at, total, fits in zip(part, sums, clear, strict=True):
                pull, point = arb(float(total)) * self._unit, discs[int(at)].point
                for j in np.flatnonzero(~fits):
                    if j != at:
                        own, its = cast(arb, point.radius), cast(arb, discs[j].point.radius)
                        pull += 1 / ((point.z - discs[j].centre).abs_lower() - own / 2 - its / 4)
                point.pull = pull.upper()

    def _floating(self) -> tuple[list[_Disc], np.ndarray, np.ndarray]:
        """The discs that have a radius; their centres, and radii rounded up, in floating point."""
        discs = [d for d in self._discs() if d.point.radius is not None]
        w = np.array([complex(d.centre * self._unit) for d in discs], complex)
        r = np.array([float((cast(arb, d.point.radius) * self._unit).upper()) for d in discs])
        return discs, w, r * (1 + SLACK) + 1e-300

    def _compare(self) -> list[list[RootDisc]]:
        """Marks the points that are alone in their discs; the others in groups whose discs touch."""
        active = {p for p in self._points if not p.alone}
        for point in active:
            point.alone = point.radius is not None
        touching = list[tuple[RootDisc, RootDisc]]()
        for a, b in self._close(active):
            if not _apart(a, b):
                a.point.alone = b.point.alone = False
                touching.append((a.point, b.point))
        for k, point in enumerate(self._points):
            if point in active and point.alone and point.kind == FREE and _meets_axis(point):
                self._points[k] = self._onto_axis(point)
        return _connected(touching)

    def _discs(self) -> list[_Disc]:
        return [_Disc(p, m) for p in self._points for m in ((False, True) if p.kind == PAIR else (False,))]

    def _close(self, active: set[RootDisc]) -> Iterator[tuple[_Disc, _Disc]]:
        """Pairs of discs, one of them of an active point, that floating point does not prove disjoint."""
        discs, w, r = self._floating()
        size, rows = np.abs(w), np.flatnonzero([d.point in active for d in discs])
        count = max(1, ENTRIES // max(1, len(w)))
        for start in range(0, len(rows), count):
            part = rows[start : start + count]
            needed = r[part][:, None] + r + SLACK * (size[part][:, None] + size)
            near = ~(np.abs(w[part][:, None] - w) * (1 - SLACK) > needed)
            near[np.arange(len(part)), part] = False
            for i, j in zip(*np.nonzero(near), strict=True):
                yield discs[part[i]], discs[j]

    def _onto_axis(self, point: RootDisc) -> RootDisc:
        """A point whose disc meets the axis gets a real centre; it is alone if the new disc stays away from the others."""
        moved, point.alone = RootDisc(acb(point.z.real), REAL), False
        self._measure([moved])
        others = [_Disc(p, False) for p in self._points if p is not point and p.radius is not None]
        moved.alone = moved.radius is not None and all(_apart(_Disc(moved, False), other) for other in others)
        return moved if moved.alone else point

    def _separate(self, group: list[RootDisc]) -> None:
        """The points of a cluster replaced by the roots of the Taylor polynomial about their middle, if it governs them."""
        upper = all(p.kind == PAIR for p in group)
        above = upper and len(group) > 1
        free = any(p.kind == FREE for p in group)
        if free and any(
            p.kind == PAIR for p in group
        ):  # a mirror image that is not in the group would go with its pair
            return
        count = len(group) if above or free else sum(2 if p.kind == PAIR else 1 for p in group)
        known = any(p.separated == self._bits for p in group)
        if known or not 2 <= count <= min(CLUSTER, self._values.degree // 2):
            return
        axis = not above and not free
        centre = (sum((p.z for p in group), acb(0)) / len(group)).mid()
        centre = acb(centre.real) if axis else centre
        for _ in range(2):  # the zero of the derivative of order count - 1 is the middle of the roots
            top, below = (self._values.at(centre, j, self._bits) for j in (count, count - 1))
            if top.contains(0):
                return
            centre = (centre - below / (count * top)).mid()
        terms = [self._values.at(centre, j, self._bits) for j in range(count + 2)]
        sizes = [log2(t.abs_upper()) for t in terms]
        powers = [j for j in range(count + 1) if sizes[j] > -math.inf]
        if powers[0] != 0 or powers[-1] != count or terms[count].contains(0):
            return
        start = approximate(powers, [sizes[j] for j in powers], [_direction(terms[j], axis) for j in powers])
        if start is None:
            return
        scale, offsets = start
        if sizes[-1] + math.log2(np.abs(offsets).max()) + scale > sizes[count] - 1:
            return  # the next term is too large
        fresh = _symmetric(offsets, scale, None if axis else PAIR if above else FREE)
        for point in fresh:
            point.z, point.separated = (centre + point.z).mid(), self._bits
        self._points = [p for p in self._points if p not in group] + fresh

    def _correct(self, moving: list[RootDisc]) -> None:
        """Aberth's correction of some points; real ones and pairs that stay in the way become free."""
        discs, steps = self._discs(), list[acb]()
        w = np.array([complex(d.centre * self._unit) for d in discs], complex)
        for point in moving:
            gap = complex(point.z * self._unit) - w
            near = np.abs(gap) <= 2.0**-30 * np.abs(w)
            gap[near] = np.inf
            pull = acb(complex((1 / gap).sum())) * self._unit
            for other in (discs[j] for j in np.flatnonzero(near)):
                apart = point.z - other.centre
                pull += 0 if apart.contains(0) else 1 / apart
            newton = point.value.mid() / point.slope.mid()
            step = newton / (1 - newton * pull)
            steps.append(step.mid() if step.is_finite() else newton.mid())
        for point, step in zip(moving, steps, strict=True):
            if not step.is_finite():
                continue
            point.z, point.rounds = (point.z - step).mid(), point.rounds + 1
            point.z = acb(point.z.real) if point.kind == REAL else point.z
            if point.rounds % 4 == 0 and _meets_axis(point):
                self._release(point)

    def _release(self, point: RootDisc) -> None:
        """Away from a symmetry that would hold two real points on the axis, or a pair beside it, for ever."""
        x, y = acb(point.z.real), acb(0, point.z.imag)
        if point.kind == PAIR:
            self._points.append(RootDisc((x - y * TURN).mid(), FREE))
            point.z = (x + y * TURN).mid()
        elif point.kind == REAL and point.radius is not None:
            sign = 1 if self._points.index(point) % 2 else -1
            point.z = acb(point.z.real, (sign * point.radius / self._values.degree).mid())
        point.kind = FREE


def _meets_axis(point: RootDisc) -> bool:
    """Unless the disc is proved to stay away from the real axis."""
    return point.radius is None or not abs(point.z.imag) > point.radius


def _apart(a: _Disc, b: _Disc) -> bool:
    """Are two discs proved disjoint?"""
    if a.point.radius is None or b.point.radius is None:
        return False
    return bool((a.centre - b.centre).abs_lower() > a.point.radius + b.point.radius)


def _symmetric(w: np.ndarray, scale: int, kind: str | None = None) -> list[RootDisc]:
    """The points 2^scale w; without a kind, real ones and pairs where the numbers allow it."""
    unit, near, height = arb(2) ** scale, 1e-9 * np.abs(w), np.imag(w)
    upper, lower = height > near, height < -near
    if kind is None and upper.sum() == lower.sum():
        real = [RootDisc(acb(float(z.real) * unit), REAL) for z in w[~upper & ~lower]]
        return real + [RootDisc(acb(complex(z)) * unit, PAIR) for z in w[upper]]
    return [RootDisc(acb(complex(z)) * unit, kind or FREE) for z in w]


def _connected(pairs: Iterable[tuple[RootDisc, RootDisc]]) -> list[list[RootDisc]]:
    """The connected parts of a graph."""
    parent = dict[RootDisc, RootDisc]()

    def root(p: RootDisc) -> RootDisc:
        while parent.setdefault(p, p) is not p:
            parent[p] = parent[parent[p]]
            p = parent[p]
        return p

    for a, b in pairs:
        parent[root(a)] = root(b)
    out = dict[RootDisc, list[RootDisc]]()
    for p in list(parent):
        out.setdefault(root(p), []).append(p)
    return list(out.values())


def _direction(value: acb, real: bool) -> complex:
    """The direction of a number, any where it is noise."""
    middle = value.mid()
    if middle.is_zero():
        return 1
    if real:
        return 1 if middle.real > 0 else -1
    return complex(middle / abs(middle))
