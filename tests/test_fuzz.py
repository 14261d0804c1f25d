"""Random losses against oracles of their own (SciPy and mpmath): no claim of a report may be contradicted.

Slow: minutes. The generators are seeded, so a failure repeats; CLOSEDFORM_FUZZ sets how many losses each makes. The
oracles know nothing of closedform: a dense grid and random places for heights and slopes, in double precision first,
and a root found by mpmath before a list is called incomplete. A claim that the audit withdrew is an error here too.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp
from scipy import optimize

import closedform as cf
from closedform.derive import FAULTS

COUNT = int(os.environ.get("CLOSEDFORM_FUZZ", "40"))
x, y, a, b = sp.symbols("x y a b", real=True)
Oracle = Callable[..., Any]

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def faults_are_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FAULTS, "error")


# -- losses -------------------------------------------------------------------------------------------------------------


class Draw:
    """Random parts of losses from one seed."""

    def __init__(self, seed: str) -> None:
        self.r = random.Random(seed)

    def k(self, low: int = -4, high: int = 4) -> int:
        return self.r.choice([v for v in range(low, high + 1) if v])

    def terms(self, low: int, high: int, makers: list[Callable[[], Any]]) -> Any:
        return sum((self.r.choice(makers)() for _ in range(self.r.randint(low, high))), sp.Integer(0))

    def one(self) -> Any:
        k, e = self.k, sp.exp
        families = [
            [lambda: k() * x**4, lambda: k() * x**3, lambda: k() * x**2, lambda: k() * x],
            [lambda: k() * e(k(-2, 2) * x), lambda: k() * x, lambda: k() * x**2, lambda: k() * sp.log(x**2 + abs(k()))],
            [lambda: k() * sp.sqrt(x), lambda: k() * x, lambda: k() / x, lambda: k() * sp.log(x), lambda: k() * x**2],
            [
                lambda: abs(k()) * sp.Abs(x - k()),
                lambda: k() * x,
                lambda: abs(k()) * x**2,
                lambda: sp.Max(0, k() * x + k()),
            ],
            [lambda: k() * sp.sin(x), lambda: k() * sp.cos(2 * x), lambda: k() * x],
            [lambda: k() * x**2 / (x**2 + abs(k())), lambda: k() * x / (x - k()), lambda: k() * x],
        ]
        return self.terms(2, 3, self.r.choice(families))

    def two(self) -> Any:
        k, m = self.k, lambda: x ** self.r.randint(0, 2) * y ** self.r.randint(0, 2)
        families = [
            [lambda: k() * m(), lambda: k() * x, lambda: k() * y, lambda: x**4 + y**4],
            [lambda: (k() * m() + k() * m() + k()) ** 2],
            [lambda: sp.exp(k(-1, 1) * x + k(-1, 1) * y), lambda: k() * x, lambda: k() * y, lambda: (x - y) ** 2],
            [lambda: abs(k()) * sp.Abs(x - k() * y), lambda: abs(k()) * x**2, lambda: abs(k()) * y**2, lambda: k() * x],
        ]
        return self.terms(2, 4, self.r.choice(families))

    def symbolic(self) -> Any:
        p = lambda: self.r.choice([a, b, a - 1, a * b, sp.Integer(self.k())])  # noqa: E731
        return self.r.choice(
            [
                lambda: p() * x**2 + p() * x,
                lambda: x**4 + p() * x**2,
                lambda: p() * sp.exp(x) + p() * x,
                lambda: (x - p()) ** 2 + p(),
                lambda: p() * x - p() * sp.log(x),
                lambda: (x - p()) ** 2 / 2 + sp.Abs(p()) * sp.Abs(x),
            ]
        )()

    def bounds(self, name: str) -> list[str]:
        low = self.r.randint(-4, 2)
        texts = [f"{name} >= {low}", f"{name} <= {low + self.r.randint(1, 6)}"]
        return self.r.choice([[], [], texts, texts[:1], texts[1:]])


# -- oracles ------------------------------------------------------------------------------------------------------------


def numeric(expression: Any, names: list[Any]) -> Oracle:
    """The expression over arrays; nan where it is not real."""
    f = sp.lambdify(names, expression, "numpy")

    def values(*arrays: Any) -> Any:
        with np.errstate(all="ignore"):
            out = np.asarray(
                f(*(np.asarray(v, dtype=complex) for v in arrays)) if not _kinked(expression) else f(*arrays)
            )
        out = np.where(np.abs(np.imag(out)) < 1e-12 * (1 + np.abs(np.real(out))), np.real(out), np.nan)
        return np.broadcast_to(out, np.shape(arrays[0])).astype(float)

    return values


def _kinked(expression: Any) -> bool:
    return bool(expression.has(sp.Abs, sp.Max, sp.Min))


def meets(texts: list[str], place: dict[str, Any], slack: float = 0.0) -> Any:
    out: Any = True
    for text in texts:
        name, op, bound = text.split()
        gap = (place[name] - float(bound)) * (1 if op == ">=" else -1)
        out = out & (gap >= -slack)
    return out


def numbers(report: cf.Report) -> list[tuple[dict[str, float], str]]:
    return [({u: float(v) for u, v in p.numeric.items()}, p.kind) for p in report.critical_points if p.numeric]


def held(report: cf.Report, loss: Any, names: list[Any], bounds: list[str], places: list[Any]) -> None:
    """Points lie in the domain; nothing seen lies below a global minimum or above a global maximum."""
    f = numeric(loss, names)
    inside = np.broadcast_to(
        meets(bounds, {n.name: v for n, v in zip(names, places, strict=True)}), np.shape(places[0])
    )
    seen = f(*places)[inside]
    seen = seen[np.isfinite(seen)]
    for place, kind in numbers(report):
        assert meets(bounds, place, 1e-9), (loss, bounds, place, kind)
        height = float(f(*(np.array([place[n.name]]) for n in names))[0])
        slack = 1e-7 * (1 + abs(height))
        if kind in ("global minimum", "boundary minimum") and len(seen):
            assert seen.min() >= height - slack, (loss, bounds, place, kind, seen.min())
        if kind == "global maximum" and len(seen):
            assert seen.max() <= height + slack, (loss, bounds, place, kind, seen.max())


def periodic(report: cf.Report) -> bool:
    words = " ".join([*(s.text for s in report.verdict.statements), *(p.note for p in report.critical_points)])
    return any(w in words for w in ("period", "translate", "any value", "famil", "curve"))


@pytest.mark.parametrize("seed", range(COUNT))
def test_one_unknown(seed: int) -> None:
    draw = Draw(f"one {seed}")
    loss, bounds = draw.one(), draw.bounds("x")
    if not loss.has(x):
        pytest.skip("no unknown is left")
    try:
        report = cf.derive(str(loss), unknowns=["x"], assumptions=bounds, timeout=12)
    except cf.InputError:
        pytest.skip("not a loss")
    grid = np.unique(np.concatenate([np.linspace(-12, 12, 24001), np.logspace(-7, 4, 2000), -np.logspace(-7, 4, 2000)]))
    held(report, loss, [x], bounds, [grid])
    if _kinked(loss) or periodic(report) or not (report.complete or report.verdict.outcome == "no_critical_point"):
        return
    slope = sp.diff(loss, x)
    values, heights = numeric(slope, [x])(grid), numeric(loss, [x])(grid)
    inside = np.broadcast_to(meets(bounds, {"x": grid}), grid.shape) & np.isfinite(values) & np.isfinite(heights)
    turns = np.flatnonzero(inside[:-1] & inside[1:] & (np.sign(values[:-1]) * np.sign(values[1:]) < 0))
    known, exactly = [p["x"] for p, _ in numbers(report)], sp.lambdify(x, slope, "mpmath")
    for j in turns[:40]:
        try:
            root = mpmath.findroot(exactly, (grid[j], grid[j + 1]), solver="anderson", tol=1e-20)
        except (ValueError, ZeroDivisionError):
            continue  # a pole, not a zero
        if abs(mpmath.im(root)) < 1e-15 and grid[j] <= root <= grid[j + 1] and abs(exactly(root)) < 1e-10:
            near = [v for v in known if abs(v - float(root)) <= 1e-6 * (1 + abs(v))]
            assert near, (loss, bounds, report.verdict.outcome, float(root), known)


@pytest.mark.parametrize("seed", range(COUNT))
def test_two_unknowns(seed: int) -> None:
    draw = Draw(f"two {seed}")
    loss = draw.two()
    bounds = draw.bounds("x") + draw.bounds("y") if draw.r.random() < 0.3 else []
    if not (loss.has(x) and loss.has(y)):
        pytest.skip("an unknown is left out")
    report = cf.derive(str(loss), unknowns=["x", "y"], assumptions=bounds, timeout=12)
    source = np.random.default_rng(seed)
    table = np.concatenate([source.normal(0, s, (4000, 2)) for s in (0.5, 2.0, 8.0)])
    held(report, loss, [x, y], bounds, [table[:, 0], table[:, 1]])
    if _kinked(loss) or periodic(report) or bounds or not report.complete:
        return
    if any(p.exact is not None and any(e.free_symbols for e in p.exact.values()) for p in report.critical_points):
        return
    gradient = sp.lambdify([x, y], [sp.diff(loss, v) for v in (x, y)], "numpy")
    hessian = sp.lambdify([x, y], sp.hessian(loss, (x, y)), "numpy")
    for start in table[:60]:
        with np.errstate(all="ignore"):
            found = optimize.root(lambda z: np.array(gradient(*z), float), start, tol=1e-12)
        if (
            not found.success
            or np.abs(found.x).max() > 50
            or abs(np.linalg.det(np.array(hessian(*found.x), float))) < 1e-6
        ):
            continue
        if np.abs(np.array(gradient(*found.x), float)).max() < 1e-10:
            gaps = [max(abs(p["x"] - found.x[0]), abs(p["y"] - found.x[1])) for p, _ in numbers(report)]
            assert gaps, (loss, found.x)
            assert min(gaps) <= 1e-5 * (1 + np.abs(found.x).max()), (loss, found.x)


@pytest.mark.parametrize("seed", range(COUNT))
def test_constraints(seed: int) -> None:
    """On a disk, an ellipse, or between lines: the least value is held against SciPy's and against random places."""
    draw = Draw(f"constraint {seed}")
    k = draw.k
    loss = k() * x + k() * y + draw.r.choice([0, x**2, (x - k()) ** 2 + (y - k()) ** 2, x * y])
    constraint = draw.r.choice([x**2 + y**2 - abs(k()), x**2 + 4 * y**2 - 4, x + y - abs(k())])
    report = cf.derive(f"{loss} subject to {constraint} <= 0", unknowns=["x", "y"], timeout=12)
    f, g = numeric(loss, [x, y]), numeric(constraint, [x, y])
    table = np.random.default_rng(seed).normal(0, 3, (20000, 2)).T
    seen = f(*table)[g(*table) <= 0]
    for place, kind in numbers(report):
        here = [np.array([place["x"]]), np.array([place["y"]])]
        assert g(*here)[0] <= 1e-9, (loss, constraint, place)
        if kind in ("global minimum", "boundary minimum") and len(seen):
            assert seen.min() >= f(*here)[0] - 1e-7, (loss, constraint, place, kind)


@pytest.mark.parametrize("seed", range(COUNT))
def test_parameters(seed: int) -> None:
    """At admissible values every formula is a real critical point wherever the conditions beside it hold."""
    draw = Draw(f"parameters {seed}")
    loss = draw.symbolic()
    used = sorted(loss.free_symbols & {a, b}, key=str)
    if not used or not loss.has(x):
        pytest.skip("no parameter is left")
    assumed = [f"{p} > 0" for p in used if draw.r.random() < 0.4]
    report = cf.derive(str(loss), unknowns=["x"], assumptions=assumed, timeout=12)
    pool = [sp.Rational(v) for v in ("-7", "-2", "-1", "0", "1", "2", "5", "1/2", "-1/3", "1000", "1/1000")]
    for _ in range(20):
        put = {p: draw.r.choice(pool) for p in used}
        if any(put[sp.Symbol(t[0], real=True)] <= 0 for t in assumed):
            continue
        for p in report.critical_points:
            holds = [_condition(c, put) for c in p.conditions]
            if p.exact is None or any(h is not True for h in holds):
                continue
            value = sp.N(
                sp.sympify(p.exact["x"]).xreplace(
                    {s: put[t] for s in p.exact["x"].free_symbols for t in put if s.name == t.name}
                ),
                30,
            )
            if value.free_symbols:
                continue
            assert value.is_real, (loss, assumed, put, p.exact, p.conditions)
            if not _kinked(loss):
                slope = sp.N(sp.diff(loss, x).subs(put).subs(x, value), 30)
                assert abs(slope) <= 1e-12 * (1 + abs(value)) * (1 + sum(abs(v) for v in put.values())), (
                    loss,
                    put,
                    p.exact,
                )


def _condition(text: str, put: dict[Any, Any]) -> bool | None:
    """Whether a printed condition holds, None for words."""
    for op in ("!=", ">=", "<=", ">", "<"):
        if text.count(op) == 1 and (op in ("!=", ">=", "<=") or f"{op}=" not in text):
            left, right = text.split(op)
            try:
                gap = sp.N((sp.sympify(left, {"a": a, "b": b}) - sp.sympify(right, {"a": a, "b": b})).subs(put), 30)
            except (sp.SympifyError, TypeError, SyntaxError):
                return None
            if not gap.is_real:
                return False
            return bool({"!=": gap != 0, ">=": gap >= 0, "<=": gap <= 0, ">": gap > 0, "<": gap < 0}[op])
    return None
