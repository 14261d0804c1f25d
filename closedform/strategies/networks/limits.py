"""One sigmoid unit with a bias on one feature: what its outputs tend to as the weights go to infinity.

Along weights that go to infinity with a bounded loss, the outputs on the rows have a limit, and every limit is of one of
three kinds: a step c*[x > t], at whose jump the rows of one x may take any value between 0 and c (the hidden weight grows);
an exponential c*exp(w*x) (the bias goes to minus infinity, the output weight grows with it); or a constant, which is also
reached by finite weights. The least losses over steps are rational; over exponentials they are enclosed by the roots of a
polynomial in exp(w). A critical value below all of them is the global minimum.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from flint import acb, arb, fmpq, fmpz, fmpz_poly

from closedform.frozen import record
from closedform.kernel.claims.least_value import Squares, bind, squares
from closedform.kernel.expressions import tree as kernel
from closedform.kernel.expressions.derivatives import differentiate
from closedform.kernel.expressions.tree import ONE, ZERO, Tree
from closedform.kernel.reading import Refused
from closedform.statement import columns_in
from closedform.stationarity.scalar import Stationarity
from closedform.stationarity.text.system import TextLoss
from closedform.strategies.exponentials.field import NotExponential, common_measure, statement_json
from closedform.strategies.networks.interpolation import affine_in

MAX_DEGREE = 400
Rows = list[tuple[fmpq, fmpq]]  # x and y


@record
class Limits:
    """The least loss over steps, and the least values over exponentials in balls."""

    steps: fmpq
    exponentials: tuple[arb, ...]


def limits_of(system: Stationarity | TextLoss) -> Limits | None:
    """Of a loss sum (y - v*sigmoid(w*x + b))^2; None for any other."""
    rows = _rows(system)
    if rows is None:
        return None
    steps, exponentials = list(_steps(rows)), _exponentials(rows)
    return None if exponentials is None or not steps else Limits(min(steps), exponentials)


def _rows(system: Stationarity | TextLoss) -> Rows | None:
    """The rows of the table behind the loss, where it is one of these."""
    problem = system.problem
    if len(problem.unknowns) != 3 or problem.parameters or problem.relations or problem.constraints:
        return None
    try:
        statement = statement_json(system)
        loss, columns = kernel.read(statement["loss"]), columns_in(statement)
        parts = squares(loss, ONE, {}, columns)
        affine = affine_in([r for _, r in parts], list(problem.unknowns))
        if len(affine) != 1 or any(weight != 1 for weight, _ in parts):
            return None
        read = Squares.of(loss, affine, columns)
    except (Refused, NotExponential):
        return None
    hidden = [u for u in problem.unknowns if u not in affine]
    forms = list[tuple[fmpq, fmpq]]()
    for tree in read.coefficients[affine[0]]:
        form = _sigmoid(tree, hidden)
        if form is None:
            return None
        forms.append(form)
    for w, b in ((0, 1), (1, 0)):  # the bias has the slope one in every row, or minus one where the unit is mirrored
        slopes = {form[b] for form in forms}
        if slopes in ({ONE}, {-ONE}):
            return [(form[w] * form[b], y) for form, y in zip(forms, read.constants, strict=True)]
    return None


def _sigmoid(tree: Tree, hidden: list[str]) -> tuple[fmpq, fmpq] | None:
    """The linear form z of ``-1/(1 + exp(-z))``, by its coefficients; None for anything else."""
    if not isinstance(tree, tuple) or tree[0] != "*" or len(tree) != 3 or tree[1] != -1:
        return None
    power = tree[2]
    if not isinstance(power, tuple) or power[0] != "^" or power[2] != -1:
        return None
    base = power[1]
    if not isinstance(base, tuple) or base[0] != "+" or len(base) != 3 or ONE not in base:
        return None
    grown = base[2] if base[1] == ONE else base[1]
    if not isinstance(grown, tuple) or grown[0] != "exp":
        return None
    nothing: dict[str, Tree] = dict.fromkeys(hidden, ZERO)
    slopes = [bind(differentiate(grown[1], u), {}, {}) for u in hidden]
    if bind(grown[1], nothing, {}) != ZERO:
        return None
    numbers = [-c for c in slopes if isinstance(c, fmpq)]
    return (numbers[0], numbers[1]) if len(numbers) == 2 else None


def _steps(rows: Rows) -> Iterator[fmpq]:
    """The least loss of each step: zero on one side, a mean on the other, and at the jump a value between where that helps."""
    places = sorted({x for x, _ in rows})
    groups = [[y for x, y in rows if x == place] for place in places]
    for order in (groups, groups[::-1]):
        for j in range(1, len(order)):  # neither zero nor a constant everywhere: finite weights reach those
            low = [y for g in order[:j] for y in g]
            high = [y for g in order[j:] for y in g]
            yield _about(low, ZERO) + _about(high, _mean(high))
        for j in range(len(order)):
            low = [y for g in order[:j] for y in g]
            high = [y for g in order[j + 1 :] for y in g]
            top, middle = _mean(high), _mean(order[j])
            if high and (ZERO < middle < top or top < middle < ZERO):
                yield _about(low, ZERO) + _about(order[j], middle) + _about(high, top)


def _mean(values: list[fmpq]) -> fmpq:
    return sum(values, ZERO) / len(values) if values else ZERO


def _about(values: list[fmpq], centre: fmpq) -> fmpq:
    return sum(((v - centre) ** 2 for v in values), ZERO)


def _exponentials(rows: Rows) -> tuple[arb, ...] | None:
    """Losses of c*exp(w*x) at all w where they can be least inside, c minimised out: sum y^2 - N(t)^2/D(t), t = exp(w)."""
    measure = common_measure([x for x, _ in rows if x != 0] or [ONE])
    powers = [int((x / measure).p) for x, _ in rows]
    low = min(powers)
    if 2 * (max(powers) - low) > MAX_DEGREE:
        return None
    scale = fmpz(1)
    for _, y in rows:
        scale = scale.lcm(y.q)
    top, below = fmpz_poly([0]), fmpz_poly([0])
    for p, (_, y) in zip(powers, rows, strict=True):
        top += fmpz_poly([0] * (p - low) + [int((y * scale).p)])
        below += fmpz_poly([0] * (2 * (p - low)) + [1])
    whole = sum((y * y for _, y in rows), ZERO)
    slope = 2 * top.derivative() * below - top * below.derivative()
    while not slope.is_zero() and slope(1) == 0:  # w = 0 is a constant, which finite weights reach
        slope = slope // fmpz_poly([-1, 1])
    if slope.is_zero():
        return ()
    out = list[arb]()
    for root, _ in cast(list[tuple[acb, int]], slope.complex_roots()):
        if root.imag == 0 and not root.real <= 0:
            out.append(
                arb(whole) - _value_in_ball(top, root.real) ** 2 / _value_in_ball(below, root.real) / arb(scale) ** 2
            )
        elif root.imag.contains(0) and root.imag != 0 and not root.real < 0:
            return None  # it is open whether the root is real
    return tuple(out)


def _value_in_ball(p: fmpz_poly, x: arb) -> arb:
    total = arb(0)
    for c in reversed(p.coeffs()):
        total = total * x + arb(c)
    return total
