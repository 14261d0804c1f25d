"""Where a loss in several unknowns escapes to: its proved limit along simple paths that lead out of every bounded set.

On a path each unknown stays, or runs as t, -t, t^2, -t^2, 1/t or -1/t; the loss is then a function of t alone, and its
expansion at infinity (``enclosures.line.growth``) proves the limit. Which paths are looked at is decided in floating
point: a path that is missed costs an answer, never a false one.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Literal

from flint import arb, fmpq

from closedform.algebra.sampling import Sample, real_ball
from closedform.enclosures.least import tree_or_none
from closedform.enclosures.line.constants import Const
from closedform.enclosures.line.expansion import expansion
from closedform.enclosures.line.functions import Unclear, put
from closedform.enclosures.line.zeros import TAILS
from closedform.frozen import record
from closedform.kernel.expressions.tree import MINUS, Tree, mul, power

PARAMETER = "@t"  # no name of a loss
MAX_UNKNOWNS = 3
TRIED = 8  # paths whose limit is worked out
FAR = (16, 256, 65_536)  # where the loss is looked at
DEEP = -1000.0  # a loss from which it may well fall without end
_T: Tree = PARAMETER
_RUNS: dict[str, Tree] = {
    "t": _T,
    "-t": mul(MINUS, _T),
    "1/t": power(_T, MINUS),
    "-1/t": mul(MINUS, power(_T, MINUS)),
    "t^2": power(_T, fmpq(2)),
    "-t^2": mul(MINUS, power(_T, fmpq(2))),
}


@record
class Gap:
    """What must hold in the end of a path: the tree ``op`` 0, with ">", ">=" or "!="."""

    tree: Tree
    op: str


@record
class PathLimit:
    """The limit of a loss along a path, as t -> oo: "-oo", or a number (``exact`` where it is one in closed form)."""

    path: tuple[tuple[str, str], ...]
    limit: Literal["-oo", "number"]
    ball: arb | None = None
    exact: Const | None = None


def lowest_limit(
    loss: Any,
    unknowns: Sequence[Any],
    near: Sequence[Mapping[str, arb]],
    gaps: Sequence[Gap] = (),
) -> PathLimit | None:
    """The lowest limit found along the paths from points near by; None where none is proved.

    In the end each path meets the ``gaps``.

    >>> from sympy import cos, symbols
    >>> x, y = symbols("x y", real=True)
    >>> lowest_limit(x**2 - y**2 + cos(x), (x, y), [{"x": arb(0), "y": arb(0)}])
    PathLimit(path=(('x', '0'), ('y', 't')), limit='-oo', ball=None, exact=None)
    >>> found = lowest_limit((x*y - 1)**2 + x**2, (x, y), [{"x": arb(0), "y": arb(0)}])
    >>> found.path, found.exact.rational
    ((('x', '1/t'), ('y', 't')), 0)
    """
    whole = tree_or_none(loss)
    if whole is None or len(unknowns) > MAX_UNKNOWNS:
        return None
    names = [u.name for u in unknowns]
    seen = list[tuple[float, int, dict[str, tuple[str, Tree]]]]()
    for path in _paths(names, near):
        run = dict[Tree, Tree]({n: r for n, (_, r) in path.items()})
        heights = [real_ball(put(whole, run), Sample({PARAMETER: fmpq(t)}, {}), 120) for t in FAR]
        if any(h is None for h in heights):
            continue
        low = [float(h.mid()) for h in heights if h is not None]
        if low[-1] <= min(low):
            seen.append((low[-1], len(seen), path))
    falling = [s for s in seen if s[0] < DEEP][:TRIED]  # the simple ones first
    lowest = sorted(seen, key=lambda s: s[:2])[:TRIED]
    tried = {number: path for _, number, path in [*falling, *lowest, *seen[:TRIED]]}  # each path once, in this order
    found = dict[int, PathLimit]()
    for number, path in tried.items():
        limit = _limit_along(whole, gaps, path)
        if limit is not None and limit.limit == "-oo":
            return limit
        if limit is not None and limit.ball is not None:
            found[number] = limit
    best: PathLimit | None = None
    for number in sorted(found):  # of equal limits the simplest path
        if best is None or _is_lower(found[number].ball, best.ball):
            best = found[number]
    return best


def _paths(names: Sequence[str], near: Sequence[Mapping[str, arb]]) -> list[dict[str, tuple[str, Tree]]]:
    """Every way of running, the simple ones first; those that stay at one point are none."""
    starts = list[dict[str, fmpq]]()
    for at in near:
        start = {n: _rational_near(at[n]) for n in names}
        if start not in starts:
            starts.append(start)
    out = dict[tuple[str, ...], dict[str, tuple[str, Tree]]]()
    for start in starts:
        for ways in itertools.product(("", *_RUNS), repeat=len(names)):
            if not any(ways):
                continue
            path = {n: (w, _RUNS[w]) if w else (str(start[n]), start[n]) for n, w in zip(names, ways, strict=True)}
            out.setdefault(tuple(text for text, _ in path.values()), path)
    return list(out.values())


def _limit_along(whole: Tree, gaps: Sequence[Gap], path: Mapping[str, tuple[str, Tree]]) -> PathLimit | None:
    run = dict[Tree, Tree]({n: r for n, (_, r) in path.items()})
    for start in TAILS:
        try:
            signs = [(expansion(put(g.tree, run), PARAMETER, start).sign(), g.op) for g in gaps]
            if any(s == 0 if op == "!=" else s < 0 or (op == ">" and s == 0) for s, op in signs):
                return None
            kind, ball, exact = expansion(put(whole, run), PARAMETER, start).limit()
        except Unclear:
            continue
        coordinates = tuple((n, text) for n, (text, _) in path.items())
        if kind == "-oo":
            return PathLimit(coordinates, "-oo")
        return PathLimit(coordinates, "number", ball, exact) if kind == "number" else None
    return None


def _is_lower(a: arb | None, b: arb | None) -> bool:
    return a is not None and (b is None or bool(a < b))


def _rational_near(ball: arb) -> fmpq:
    value = Fraction(float(ball.mid())).limit_denominator(16)
    return fmpq(value.numerator, value.denominator)
