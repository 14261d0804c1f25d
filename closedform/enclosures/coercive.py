"""Lower bounds of a loss and its growth at infinity, from its form; each answer is a proof or None."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import sympy as sp
from flint import arb, ctx, fmpq, fmpq_mat

from closedform.algebra import bridge
from closedform.algebra.sampling import tree_of
from closedform.attempt import Finding, finding
from closedform.budget import Budget
from closedform.enclosures.evaluation import as_written
from closedform.enclosures.ranges import line, range_of
from closedform.errors import OutOfTime
from closedform.expression import Node
from closedform.kernel.reading import Refused
from closedform.stationarity.scalar import Stationarity

MAX_BOXES = 20_000


def lower_bound(system: Stationarity) -> Fraction | None:
    """A constant c with loss >= c everywhere, read off the loss as written: c plus terms that are never negative.

    >>> from closedform.reading.language import parse
    >>> _least(parse("(x^2 - 1)^2 + 3 + 2*abs(y)"))
    Fraction(3, 1)
    """
    return _least(system.problem.loss) if as_written(system) and system.problem.loss is not None else None


def _least(node: Node) -> Fraction | None:
    total = Fraction(0)
    for term in node.children if node.head == "+" else (node,):
        if term.number is not None:
            total += term.number
        elif not _nonnegative(term):
            return None
    return total


def _nonnegative(node: Node) -> bool:
    if node.number is not None:
        return node.number >= 0
    if node.head in ("abs", "exp", "cosh", "sqrt", "norm"):
        return True
    if node.head in ("+", "*"):
        return all(_nonnegative(a) for a in node.children)
    if node.head == "sum":
        return _nonnegative(node.children[3])
    if node.head == "^":
        power = node.children[1].number
        even = power is not None and power.denominator == 1 and power.numerator % 2 == 0
        return even or _nonnegative(node.children[0])
    return False


def coercive(system: Stationarity, budget: Budget) -> Finding | None:
    """Why the loss tends to infinity with its unknowns; None where that is not shown."""
    names = {u.name for u in system.unknowns}
    if as_written(system) and system.problem.loss is not None and _least(system.problem.loss) is not None:
        loss = system.problem.loss
        held = {n for term in (loss.children if loss.head == "+" else (loss,)) for n in _pure(term)}
        if names <= held:
            return finding("even powers")
    return None if system.loss is None else grows(system.loss, system.unknowns, budget)


def grows(loss: Any, unknowns: Sequence[Any], budget: Budget) -> Finding | None:
    """Why an expression that is finite everywhere tends to infinity with its unknowns; None where that is not shown.

    Its polynomial terms do, by their leading terms, and the others together are bounded below.

    >>> x, y = sp.symbols("x y", real=True)
    >>> grows(x**2 - x*y + y**2 - 10*sp.cos(x), (x, y), Budget.of(5)) is not None
    True
    """
    own, rest = list[Any](), list[Any]()
    for term in sp.Add.make_args(sp.expand(loss) if loss.is_polynomial(*unknowns) else _expanded(loss, unknowns)):
        (own if term.is_polynomial(*unknowns) else rest).append(term)
    if not own:
        return None
    if rest:
        try:
            least = range_of(tree_of(sp.Add(*rest)), {u.name: line() for u in unknowns})
        except (bridge.NoTranslation, Refused):
            return None
        if not least.low.is_finite() or not least.everywhere:
            return None
    poly = sp.Poly(sp.Add(*own), *unknowns)
    terms = bridge.rational_terms(poly)
    if terms is None:
        return None
    if _weighted(poly):
        return finding("positive leading terms", others=bool(rest))
    degree = poly.total_degree()
    if degree % 2 or degree == 0:
        return None
    top = [(m, c) for m, c in terms if sum(m) == degree]
    if _positive(top, len(unknowns), budget):
        return finding("positive terms of highest degree", degree=int(degree), others=bool(rest))
    return None


def _expanded(loss: Any, unknowns: Sequence[Any]) -> Any:
    """The polynomial terms written out, the others as they are."""
    return sp.Add(*(sp.expand(t) if t.is_polynomial(*unknowns) else t for t in sp.Add.make_args(loss)))


def _weighted(poly: sp.Poly) -> bool:
    """Whether the leading part for the weights 1/d_i, x_i^d_i the highest pure powers, is a positive definite form in the x_i^(d_i/2).

    Every other term is then of smaller weight, so along any way to infinity the leading part outgrows it.
    """
    n = len(poly.gens)
    terms = bridge.rational_terms(poly)
    if terms is None:
        return False
    degrees = [max((m[i] for m in poly.monoms() if sum(m) == m[i]), default=0) for i in range(n)]
    if any(d == 0 or d % 2 for d in degrees):
        return False
    gram = [[fmpq(0)] * n for _ in range(n)]
    for m, c in terms:
        weight = sum((Fraction(int(e), int(d)) for e, d in zip(m, degrees, strict=True)), Fraction(0))
        if weight > 1:
            return False
        if weight < 1:
            continue
        halves = [i for i in range(n) for _ in range(2 * m[i] // degrees[i])]
        if any(2 * m[i] % degrees[i] for i in range(n)):
            return False
        i, j = halves
        gram[i][j] += c / 2
        gram[j][i] += c / 2
    return all(fmpq_mat([row[:k] for row in gram[:k]]).det() > 0 for k in range(1, n + 1))


def _pure(term: Node) -> set[str]:
    """The unknown of a term c*x^(2k) with c > 0."""
    if term.head == "*":
        numbers = [a.number for a in term.children if a.number is not None]
        rest = [a for a in term.children if a.number is None]
        return _pure(rest[0]) if len(rest) == 1 and all(v > 0 for v in numbers) else set()
    if term.head == "^" and term.children[0].name is not None:
        power = term.children[1].number
        if power is not None and power > 0 and power.denominator == 1 and power.numerator % 2 == 0:
            return {str(term.children[0].name)}
    return set()


def _positive(form: list[tuple[tuple[int, ...], fmpq]], n: int, budget: Budget) -> bool:
    """Whether an even form is positive on the surface of the cube: bisection in balls, each unknown in turn being 1."""
    if all(c > 0 and not any(e % 2 for e in m) for m, c in form):
        return all(any(m[i] == sum(m) for m, _ in form) for i in range(n))
    if n > 5:
        return False
    count = 0
    with ctx.workprec(64):
        # where unknowns tie, as in x^2 - y^2, no middle of a box would ever meet the zero
        for corner in product((Fraction(-1), Fraction(1)), repeat=n):
            if _value(form, [(c, c) for c in corner]) <= 0:
                return False
        for face in range(n):
            stack: list[list[tuple[Fraction, Fraction]]] = [
                [(Fraction(1), Fraction(1)) if i == face else (Fraction(-1), Fraction(1)) for i in range(n)]
            ]
            while stack:
                box = stack.pop()
                count += 1
                if count > MAX_BOXES:
                    return False
                if count % 500 == 0 and budget.remaining <= 0:
                    raise OutOfTime("out of time")
                if _value(form, box) > 0:
                    continue
                middle = [(a + b) / 2 for a, b in box]
                if _value(form, [(m, m) for m in middle]) <= 0:
                    return False
                i = max(range(n), key=lambda k: box[k][1] - box[k][0])
                stack.append([*box[:i], (box[i][0], middle[i]), *box[i + 1 :]])
                stack.append([*box[:i], (middle[i], box[i][1]), *box[i + 1 :]])
    return True


def _value(form: list[tuple[tuple[int, ...], fmpq]], box: list[tuple[Fraction, Fraction]]) -> Any:
    balls = [arb(fmpq(a.numerator, a.denominator)).union(arb(fmpq(b.numerator, b.denominator))) for a, b in box]
    total = arb(0)
    for m, c in form:
        term = arb(c)
        for b, e in zip(balls, m, strict=True):
            if e:
                square = (b * b).nonnegative_part()
                for _ in range(e // 2):
                    term = term * square
                term = term * b if e % 2 else term
        total = total + term
    return total
