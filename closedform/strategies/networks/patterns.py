"""One rectified unit on a table: the global minimum, by the patterns of active rows.

Let the residuals be d_i + c_i*v*max(0, f_i(w)) with f_i linear in one or two hidden unknowns w. The lines f_i = 0 cut the
directions of w into cones; on each the active rows are fixed, and with q = v*w the residuals are d_i + c_i*f_i(q), q in the
cone (v > 0) or opposite (v < 0): a least squares problem between two rays, whose minimum lies inside or on a ray. The
least of these finitely many rational numbers is the global minimum, and it is attained (theory: T19).
"""

from __future__ import annotations

from itertools import product

from flint import fmpq

from closedform.algebra.bridge import sympy_rational
from closedform.algebra.later import sp
from closedform.attempt import Attempt, finding
from closedform.budget import Budget
from closedform.frozen import record
from closedform.kernel.claims.least_value import Squares, bind, squares
from closedform.kernel.expressions import tree as kernel
from closedform.kernel.expressions.derivatives import differentiate
from closedform.kernel.expressions.tree import Tree
from closedform.kernel.reading import Refused
from closedform.statement import columns_in
from closedform.stationarity.scalar import Stationarity
from closedform.strategies.ending import FoundPoint, pointed
from closedform.strategies.exponentials.field import NotExponential, statement_json
from closedform.strategies.networks import interpolation

name = "patterns of active rows"
example = {
    "loss": "(1 - v*max(0, w + b))^2 + (3 - v*max(0, 2*w + b))^2 + (1 - v*max(0, 3*w + b))^2",
    "unknowns": ["v", "w", "b"],
}
counterexample = {"loss": "(1 - v*sigmoid(w))^2 + (3 - v*sigmoid(2*w))^2", "unknowns": ["v", "w"]}
share = 0.3

MAX_ROWS = 2_000
Vector = tuple[fmpq, ...]
ZERO, ONE = fmpq(0), fmpq(1)

declines = interpolation.declines


@record
class Unit:
    """Rows ``weight*(constant + slope*v*max(0, form.w))^2`` of one output unknown v and hidden unknowns w."""

    output: str
    hidden: tuple[str, ...]
    rows: tuple[tuple[fmpq, fmpq, fmpq, Vector], ...]  # weight, constant, slope, form


def attempt(system: Stationarity, budget: Budget) -> Attempt:
    """ "partial" with an exact global minimiser; declined where the loss is not that of one rectified unit."""
    try:
        unit = _read(system)
    except (Refused, NotExponential) as reason:
        return Attempt(name, "declined", str(reason))
    if isinstance(unit, str):
        return Attempt(name, "declined", unit)
    best, count = (sum((w * d * d for w, d, _, _ in unit.rows), ZERO), (ONE,) * len(unit.hidden), ZERO), 0
    for low, high in _cones(unit):
        budget.check()
        count += 1
        for sign in (ONE, -ONE):
            found = _least(unit, low, high, sign)
            if found[0] < best[0]:
                best = found
    least, direction, scale = best
    values = {sp.Symbol(u, real=True): sympy_rational(q) for u, q in zip(unit.hidden, direction, strict=True)}
    values[sp.Symbol(unit.output, real=True)] = sympy_rational(scale)
    point = FoundPoint(values, kind="global minimum", loss=sympy_rational(least), expression_class="rational")
    return Attempt(
        name,
        "partial",
        "a global minimiser; about other critical points nothing is claimed",
        points=(pointed(system, point, budget.digits),),
        minimiser="closed",
        expression_class="rational",
        findings=(finding("least over patterns", least=str(least), patterns=count),),
    )


def _read(system: Stationarity) -> Unit | str:
    """The one unit of the loss, or why it is none."""
    statement = statement_json(system)
    loss, columns = kernel.read(statement["loss"]), columns_in(statement)
    unknowns = list(system.problem.unknowns)
    if not 2 <= len(unknowns) <= 3:
        return "there are more hidden unknowns than two"
    rows = squares(loss, fmpq(1), {}, columns)
    affine = interpolation.affine_in([r for _, r in rows], unknowns)
    if len(affine) != 1 or len(rows) > MAX_ROWS:
        return "the residuals are not affine in one output weight alone"
    read, hidden = Squares.of(loss, affine, columns), tuple(u for u in unknowns if u not in affine)
    out = list[tuple[fmpq, fmpq, fmpq, Vector]]()
    for (weight, _), constant, tree in zip(read.rows, read.constants, read.coefficients[affine[0]], strict=True):
        part = _rectified(tree, hidden)
        if part is None or weight <= 0:
            return "the output weight does not multiply one rectified linear form in each row"
        out.append((weight, constant, *part))
    return Unit(affine[0], hidden, tuple(out))


def _rectified(tree: Tree, hidden: tuple[str, ...]) -> tuple[fmpq, Vector] | None:
    """``c*max(0, form)`` as c and the form's coefficients; a form that is zero has no weight."""
    slope = ONE
    if isinstance(tree, tuple) and tree[0] == "*" and len(tree) == 3 and isinstance(tree[1], fmpq):
        slope, tree = tree[1], tree[2]
    if isinstance(tree, fmpq):
        return (ZERO, (ZERO,) * len(hidden)) if tree == 0 else None
    if not isinstance(tree, tuple) or tree[0] != "max" or len(tree) != 3 or ZERO not in tree[1:]:
        return None
    inner = tree[2] if tree[1] == ZERO else tree[1]
    nothing: dict[str, Tree] = dict.fromkeys(hidden, ZERO)
    form = tuple(bind(differentiate(inner, u), {}, {}) for u in hidden)
    if bind(inner, nothing, {}) != ZERO or not all(isinstance(c, fmpq) for c in form):
        return None
    return slope, tuple(c for c in form if isinstance(c, fmpq))


def _cones(unit: Unit) -> list[tuple[Vector, Vector]]:
    """Pairs of rays; between them no form changes its sign. With one hidden unknown the two directions, each twice."""
    if len(unit.hidden) == 1:
        return [((s,), (s,)) for s in (ONE, -ONE)]
    rays = dict[Vector, None]()
    for _, _, _, (a, b) in unit.rows:
        if (a, b) != (ZERO, ZERO):
            for ray in ((a, b), (-b, a)):  # the line of the form, and its normal, so that every cone is narrow
                rays |= {_primitive(ray): None, _primitive((-ray[0], -ray[1])): None}
    order = sorted(rays, key=_angle)
    return list(zip(order, [*order[1:], *order[:1]], strict=True))


def _primitive(ray: Vector) -> Vector:
    """The ray's direction with its larger coordinate of absolute value one."""
    size = max(abs(c) for c in ray)
    return tuple(c / size for c in ray)


def _angle(ray: Vector) -> tuple[int, fmpq]:
    """Increasing with the angle: the side of the square on which the direction lies, and where on it."""
    x, y = ray
    if x == 1 and y < 1:
        return 0, y
    if y == 1 and x > -1:
        return 1, -x
    if x == -1 and y > -1:
        return 2, -y
    return 3, x


def _least(unit: Unit, low: Vector, high: Vector, sign: fmpq) -> tuple[fmpq, Vector, fmpq]:
    """The least loss with v*w in the cone of two rays (or opposite), the direction w there, and v."""
    middle = tuple(a + b for a, b in zip(low, high, strict=True))
    rest, gram, right = ZERO, [[ZERO, ZERO], [ZERO, ZERO]], [ZERO, ZERO]
    for weight, constant, slope, form in unit.rows:
        rest += weight * constant * constant
        if _value_of_form(form, middle) <= 0:
            continue
        u = [sign * slope * _value_of_form(form, ray) for ray in (low, high)]
        for j, k in product((0, 1), repeat=2):
            gram[j][k] += weight * u[j] * u[k]
        for j in (0, 1):
            right[j] -= weight * u[j] * constant
    best = (rest, middle, ZERO)
    for scales in _candidates(gram, right):
        if min(scales) < 0:
            continue
        value = rest - sum(
            (
                2 * scales[j] * right[j] - scales[j] * sum((gram[j][k] * scales[k] for k in (0, 1)), ZERO)
                for j in (0, 1)
            ),
            ZERO,
        )
        place = tuple(scales[0] * a + scales[1] * b for a, b in zip(low, high, strict=True))
        size = max(abs(c) for c in place)
        if value < best[0] and size > 0:
            best = (value, tuple(c / size for c in place), sign * size)
    return best


def _candidates(gram: list[list[fmpq]], right: list[fmpq]) -> list[tuple[fmpq, fmpq]]:
    """Where a quadratic form between two rays can be least: its minimum on the plane, and those on the rays."""
    out = list[tuple[fmpq, fmpq]]()
    det = gram[0][0] * gram[1][1] - gram[0][1] * gram[1][0]
    if det != 0:
        out.append(
            (
                (right[0] * gram[1][1] - right[1] * gram[0][1]) / det,
                (right[1] * gram[0][0] - right[0] * gram[1][0]) / det,
            )
        )
    if gram[0][0] != 0:
        out.append((right[0] / gram[0][0], ZERO))
    if gram[1][1] != 0:
        out.append((ZERO, right[1] / gram[1][1]))
    return out


def _value_of_form(form: Vector, direction: Vector) -> fmpq:
    return sum((a * b for a, b in zip(form, direction, strict=True)), ZERO)
