"""Numbers worked out for show from a certified point: the loss there, and how Newton's method gets there.

By the kernel's own trees and FLINT's balls, so neither SymPy nor NumPy is needed. Nothing here adds to what is claimed.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from flint import arb, arb_mat, ctx, fmpq

from closedform.budget import working_bits
from closedform.expression import to_tree
from closedform.kernel.expressions.balls import evaluate
from closedform.kernel.expressions.derivatives import differentiate
from closedform.kernel.expressions.tree import Tree, read
from closedform.kernel.reading import Refused
from closedform.points import CriticalPoint
from closedform.problem import Problem
from closedform.reading.language import parse

MOST_ROWS = 2_000  # of data whose loss is evaluated for show
MOST_STEPS = 60
Step = dict[str, str]


@contextmanager
def _precision(bits: int) -> Generator[None]:
    before = ctx.prec
    ctx.prec = bits
    try:
        yield
    finally:
        ctx.prec = before


def _columns(problem: Problem) -> dict[str, list[fmpq]] | None:
    """The columns for the kernel's trees; None where the table is too long to be walked for show."""
    if problem.data is None:
        return {}
    if problem.data.rows > MOST_ROWS:
        return None
    return {key: [fmpq(v.numerator, v.denominator) for v in values] for key, values in problem.data.columns.items()}


def loss_at(problem: Problem, point: CriticalPoint, digits: int = 12) -> str | None:
    """The loss at the place of a point, by ball arithmetic from its certified coordinates; None where that fails."""
    columns = _columns(problem)
    if problem.loss is None or point.numeric is None or point.radius is None or columns is None:
        return None
    try:
        with _precision(64 + 4 * max((len(v) for v in point.numeric.values()), default=0)):  # also for what is read
            places = {u: arb(v, point.radius.get(u, "0")) for u, v in point.numeric.items()}
            ball = evaluate(read(to_tree(problem.loss)), places, columns)
            if not ball.is_finite():
                return None
            bits = ball.rel_accuracy_bits()
            if bits >= 12:
                return ball.mid().str(min(digits, int(bits * 0.301)), radius=False)
            return "0" if abs(ball) < 1e-12 else None
    except (Refused, ValueError, ArithmeticError):
        return None


def newton_steps(problem: Problem, point: CriticalPoint, digits: int) -> list[Step]:
    """Newton's method from the problem's start (else ten per cent off) to a point: each place, and how far it is off.

    Empty where the equations cannot be differentiated here, a step fails, or the table is too long.
    """
    columns, unknowns = _columns(problem), problem.unknowns
    if point.numeric is None or columns is None or any(u not in point.numeric for u in unknowns):
        return []
    try:
        with _precision(working_bits(digits, 64)):
            equations = _equations(problem)
            jacobian = [[differentiate(e, u) for u in unknowns] for e in equations]
            goal = [arb(point.numeric[u]) for u in unknowns]
            theta = [
                _number(problem.start[u]) if u in problem.start else g + abs(g).max(arb(1)) / 10
                for u, g in zip(unknowns, goal, strict=True)
            ]
            return list(_iterate(equations, jacobian, unknowns, theta, goal, columns, digits))
    except (Refused, ValueError, ArithmeticError):
        return []


def _number(text: str) -> arb:
    return evaluate(read(to_tree(parse(text))), {})


def _equations(problem: Problem) -> list[Tree]:
    if problem.loss is None:
        return [read(to_tree(e)) for e in problem.equations]
    loss = read(to_tree(problem.loss))
    return [differentiate(loss, u) for u in problem.unknowns]


def _iterate(
    equations: list[Tree],
    jacobian: list[list[Tree]],
    unknowns: tuple[str, ...],
    theta: list[arb],
    goal: list[arb],
    columns: dict[str, list[fmpq]],
    digits: int,
) -> Generator[Step]:
    if len(equations) != len(unknowns):
        return
    for number in range(MOST_STEPS):
        theta = [p.mid() for p in theta]
        off = max((abs(p - g).mid() for p, g in zip(theta, goal, strict=True)), key=float)
        shown = {u: p.str(min(digits, 24), radius=False) for u, p in zip(unknowns, theta, strict=True)}
        yield {"step": str(number), **(shown if len(unknowns) <= 3 else {}), "off by": off.str(2, radius=False)}
        if off < arb(10) ** (1 - digits):
            return
        here = dict(zip(unknowns, theta, strict=True))
        value = arb_mat([[evaluate(e, here, columns)] for e in equations])
        slope = arb_mat([[evaluate(e, here, columns) for e in row] for row in jacobian])
        move = slope.solve(value)
        theta = [p - move[i, 0] for i, p in enumerate(theta)]
        if not all(p.is_finite() for p in theta):
            return
