"""Points proved: Newton's iteration in high precision, then the interval Newton test that the kernel repeats.

``enclose`` turns a floating guess into a ball that provably holds exactly one zero of the gradient (or system);
``all_in_box`` covers a box by pieces that hold none or one, with the cover as evidence.
"""

from __future__ import annotations

from collections.abc import Sequence

from flint import arb, arb_mat, ctx, fmpq

from closedform.budget import Budget, working_bits
from closedform.enclosures.evaluation import Function, solve_step
from closedform.errors import OutOfTime
from closedform.frozen import record
from closedform.kernel.algebra.inertia import inertia as inertia_of
from closedform.kernel.claims.zeros.cover import DIGITS
from closedform.kernel.reading import Refused

MAX_LEAVES = 60_000
NEAR = 1e-8  # a relative step of Newton's method after which its Jacobian is kept


@record
class Enclosed:
    """One zero: balls that hold it, the inertia of the Jacobian there where it is proved, and Newton's steps."""

    point: tuple[arb, ...]
    inertia: tuple[int, int, int] | None
    loss: arb | None
    steps: tuple[tuple[float, float], ...]  # residual, relative step


def enclose(function: Function, guess: Sequence[arb | float], digits: int, budget: Budget) -> Enclosed | None:
    """The zero near ``guess`` in balls of relative radius about 10^-digits; None where Newton does not arrive or prove."""
    bits = working_bits(digits, 100)
    x = [g.mid() if isinstance(g, arb) else arb(g) for g in guess]
    steps = list[tuple[float, float]]()
    try:
        for _ in range(3):
            with ctx.workprec(bits):
                found = _newton(function, x, digits, budget, steps)
                if found is not None:
                    return found
            bits *= 2
    except (Refused, ArithmeticError, ValueError):
        return None
    return None


def _newton(
    function: Function, x: list[arb], digits: int, budget: Budget, steps: list[tuple[float, float]]
) -> Enclosed | None:
    tolerance, half = arb(10) ** (-digits - 3), arb(10) ** (-digits // 2 - 3)  # a step in a box squares its width
    previous, jacobian = None, list[list[arb]]()
    for count in range(60):
        budget.check()
        near = previous is not None and previous < NEAR  # the Jacobian does not change any more
        values, fresh = function.system(x, not near)
        jacobian = jacobian if near else fresh
        step = solve_step(jacobian, values)
        if step is None or not all(s.is_finite() for s in step):
            return None
        size = max((_relative(s, v) for s, v in zip(step, x, strict=True)), default=0.0)
        steps.append((_norm(values), size))
        if size > 1e8 or (count > 25 and previous is not None and size > previous):
            return None
        previous, small = size, tolerance if size < tolerance else half
        if all(bool(abs(s) <= small * (abs(v) + tolerance)) for s, v in zip(step, x, strict=True)):
            found = _prove(function, x, values, step, digits, steps)
            narrow = found is not None and all(bool(p.rad() <= tolerance * (abs(p) + tolerance)) for p in found.point)
            if narrow or small is tolerance:
                return found
        x = [(v - s).mid() for v, s in zip(x, step, strict=True)]
    return None


def _prove(
    function: Function,
    x: list[arb],
    values: list[arb],
    step: list[arb],
    digits: int,
    steps: list[tuple[float, float]],
) -> Enclosed | None:
    """Newton's step from x, which is about ``step``, with the Jacobian of a box that holds x and the zero."""
    small = arb(10) ** (-digits - 4)
    radii = [(4 * abs(s) + small * (abs(v) + small)).upper() for s, v in zip(step, x, strict=True)]
    box = [arb(v, r) for v, r in zip(x, radii, strict=True)]
    _, jacobian = function.system(box)
    step_in_box = solve_step(jacobian, values)
    if step_in_box is None or not all(bool(abs(s) < r) for s, r in zip(step_in_box, radii, strict=True)):
        return None
    point = tuple(v - s for v, s in zip(x, step_in_box, strict=True))
    signs = inertia_of(jacobian) if function.loss is not None else None
    return Enclosed(point, signs, function.loss_value(list(point)), tuple(steps))


def _relative(step: arb, at: arb) -> float:
    size = abs(at) + arb(10) ** -30
    return float((abs(step) / size).mid())


def _norm(values: Sequence[arb]) -> float:
    return float(max(abs(v).mid() for v in values))


@record
class Cover:
    """All zeros in a box; ``leaves`` is the evidence for the kernel's method "cover"."""

    points: tuple[Enclosed, ...]
    leaves: str


def all_in_box(function: Function, box: Sequence[tuple[fmpq, fmpq]], digits: int, budget: Budget) -> Cover | None:
    """Every zero in the box with a proof that there are no more, or None (out of leaves, or a zero that is not simple)."""
    points, leaves = list[Enclosed](), list[str]()
    stack = [list(box)]
    with ctx.workprec(80):
        while stack:
            if len(leaves) > MAX_LEAVES:
                return None
            if len(leaves) % 16 == 0 and budget.remaining <= 0:
                raise OutOfTime("out of time")
            current = stack.pop()
            mark = _leaf(function, current, digits, budget, points)
            if mark is None:
                sizes = [(high - low) / (b - a) for (low, high), (a, b) in zip(current, box, strict=True)]
                i = max(range(len(sizes)), key=lambda k: sizes[k])
                if sizes[i] < fmpq(1, 2**40):
                    return None
                low, high = current[i]
                middle = (low + high) / 2
                stack.append([*current[:i], (middle, high), *current[i + 1 :]])
                stack.append([*current[:i], (low, middle), *current[i + 1 :]])
                mark = DIGITS[i]
            leaves.append(mark)
    return Cover(tuple(points), "".join(leaves))


def _leaf(
    function: Function, box: list[tuple[fmpq, fmpq]], digits: int, budget: Budget, points: list[Enclosed]
) -> str | None:
    middle = [arb((low + high) / 2) for low, high in box]
    radii = [arb((high - low) / 2) for low, high in box]
    ball = [arb(m, r) for m, r in zip(middle, radii, strict=True)]
    try:
        values, jacobian = function.system(ball)
    except (Refused, ArithmeticError, ValueError):
        return None
    if any(v.is_finite() and not v.contains(0) for v in values):
        return "E"
    if not all(d.is_finite() for row in jacobian for d in row):
        return None
    at, _ = function.system(middle, False)
    for v, row in zip(at, jacobian, strict=True):
        if not (v + sum((d * (b - m) for d, b, m in zip(row, ball, middle, strict=True)), arb(0))).contains(0):
            return "M"
    step = solve_step(jacobian, at)
    if step is None or not all(s.is_finite() for s in step):
        return None
    if any(bool(abs(s) > r) for s, r in zip(step, radii, strict=True)):
        return "N"
    if arb_mat(jacobian).det().contains(0):
        return None
    found = enclose(function, [(m - s).mid() for m, s in zip(middle, step, strict=True)], digits, budget)
    if found is not None and all(bool(abs(p - m) <= r) for p, m, r in zip(found.point, middle, radii, strict=True)):
        points.append(found)
        return "U"
    return None


def widened(low: fmpq, high: fmpq) -> tuple[fmpq, fmpq]:
    """A slightly larger interval whose dyadic cuts avoid the round numbers where zeros like to lie."""
    size = high - low
    return low - size * fmpq(1237, 1000003), high + size * fmpq(2311, 1000003)


def separate(points: Sequence[Enclosed]) -> list[Enclosed]:
    """The points that are proved different from all earlier ones."""
    out = list[Enclosed]()
    for p in points:
        if all(any(not (a - b).contains(0) for a, b in zip(p.point, q.point, strict=True)) for q in out):
            out.append(p)
    return out
