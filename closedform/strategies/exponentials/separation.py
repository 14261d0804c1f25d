"""No finite minimiser: a direction along which the loss falls everywhere (separable and quasi-separable data).

The slope of log(sum of positive exponentials) along v is less than the largest slope of an exponent. When these bounds,
with the linear parts, add up to no rise along v, and are strict somewhere, the loss has no critical point (Albert and
Anderson 1984 for logistic regression, where such a v separates the classes, perhaps weakly). The directions are a
rational cone; an exact simplex method with Bland's rule finds one or proves that this cone has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from flint import fmpq, fmpz, fmpz_mat

from closedform.algebra.later import np, sp
from closedform.attempt import Attempt, finding
from closedform.budget import Budget
from closedform.enclosures.certified import certified
from closedform.frozen import FrozenMap
from closedform.kernel.algebra.exponentials import Field
from closedform.kernel.claims.descent_direction import slopes, summands
from closedform.kernel.expressions import tree as kernel
from closedform.kernel.expressions.derivatives import differentiate
from closedform.kernel.expressions.tree import Tree
from closedform.kernel.reading import Json, Refused
from closedform.statement import columns_in
from closedform.stationarity.scalar import Stationarity
from closedform.stationarity.text.system import TextLoss
from closedform.strategies.exponentials.field import (
    NotExponential,
    exponentials,
    statement_json,
    substitution_json,
    without_exponentials,
)

name = "separation"
example = {"loss": "log(1+exp(a+b)) + log(1+exp(a-2*b)) - a - b", "unknowns": ["a", "b"]}
counterexample = {"loss": "log(1+exp(b)) + log(1+exp(2*b)) - 2*b", "unknowns": ["b"]}
share = 0.3

MAX_ROWS = 4_000  # summands that are looked at
MAX_CONSTRAINTS = 500  # distinct ones that the simplex method takes

Vector = list[fmpq]


def declines(system: Stationarity | TextLoss) -> str | None:
    """A sentence when the loss is no sum of functions of exponentials, else None."""
    if system.loss is None or system.problem.loss is None or without_exponentials(system):
        return "no exponential of an unknown occurs"
    if system.parameters:
        return "the data have symbols"
    if tuple(u.name for u in system.unknowns) != system.problem.unknowns:
        return "the system is part of a larger one"
    if any(r.free_symbols & set(system.unknowns) for r in system.relations):
        return "the unknowns are bounded"
    if not isinstance(system, TextLoss) and not system.loss.has(sp.exp, sp.tanh, sp.cosh, sp.sinh):
        return "no exponential of an unknown occurs"
    return None


def attempt(system: Stationarity | TextLoss, budget: Budget) -> Attempt:
    """ "no_critical_point" with the direction as its proof, or declined."""
    try:
        statement = statement_json(system)
        loss = kernel.read(statement["loss"])
        columns = columns_in(statement)
        field, rows, width = constraints(loss, [u.name for u in system.unknowns], columns, budget)
    except (Refused, NotExponential) as reason:
        return Attempt(name, "declined", str(reason))
    unknowns = [u.name for u in system.unknowns]
    large = len(rows) > MAX_CONSTRAINTS
    found = guessed(rows, width, budget) if large else descent(rows, width, budget)
    if found is None and large:
        reason = f"no direction was found by floats, and {len(rows)} constraints are too many for an exact search"
        return Attempt(name, "declined", reason)
    if found is None:
        return Attempt(name, "declined", "no direction lowers every summand: the data are not separable")
    v = found[: len(unknowns)]
    direction = {u: c for u, c in zip(unknowns, whole(v), strict=True) if c != 0}
    claim: dict[str, Json] = {
        "kind": "descent_direction",
        "substitution": substitution_json(field),
        "names": list(field.names[len(field.scales) :]),
        "direction": {u: str(c) for u, c in direction.items()},
    }
    try:
        certificate = certified(statement, claim, {})
    except Refused as refused:
        return Attempt(name, "failed", f"the kernel refused the direction: {refused}")
    along = ", ".join(f"{u}: {c}" for u, c in direction.items())
    return Attempt(
        name,
        "no_critical_point",
        "",
        complete=True,
        counts=FrozenMap({"real": 0}),
        findings=(
            finding("falls along a direction", "proved", certificate=0, direction=along),
            finding("the direction separates"),
        ),
        certificates=(certificate,),
    )


@dataclass
class _Block:
    """Summands bounded together: logarithms of sums of exponentials (factor, exponents above, below), a linear part."""

    logarithms: list[tuple[fmpq, list[Vector], list[Vector]]]
    linear: Vector
    cone: list[Vector]  # exponents of plain exponentials, none of which may rise


def constraints(
    loss: Tree, unknowns: list[str], columns: dict[str, list[fmpq]], budget: Budget
) -> tuple[Field, list[Vector], int]:
    """Rows a with a·(v, u) <= 0 which say that no block of summands rises along v; u bounds logarithms, after v.

    Returns the field, the rows and their width. A row of data is a block of its own where its linear part stands
    beside it; else all logarithms and linear parts are one block. Raises ``Refused`` or ``NotExponential``.
    """
    derivatives = [differentiate(loss, u) for u in unknowns]
    scales, names = exponentials(derivatives, columns)
    if not scales or names & set(unknowns):
        raise NotExponential("an unknown stands outside exponentials")
    field = Field(scales, sorted(names), columns)
    k = len(unknowns)
    blocks = dict[tuple[int, ...], _Block]()
    for key, factor, part, values in _by_block(loss, field):
        budget.check()
        block = blocks.setdefault(key, _Block([], [fmpq(0)] * k, []))
        one = [slopes(part, values, field, {u: fmpq(1)}) for u in unknowns]
        if one[0][0] is not None:
            block.linear = [a + factor * (s[0] or 0) for a, s in zip(block.linear, one, strict=True)]
            continue
        ups, downs = ([list(c) for c in zip(*(s[i] for s in one), strict=True)] for i in (1, 2))
        if isinstance(part, tuple) and part[0] == "log":
            block.logarithms.append((factor, ups, downs))
        elif factor > 0 and len(downs) == 1:
            block.cone += [[a - b for a, b in zip(m, downs[0], strict=True)] for m in ups]
        else:
            raise NotExponential("a summand is neither an exponential nor the logarithm of a sum of them")
    if len(blocks) > MAX_ROWS:
        raise NotExponential(f"{len(blocks)} summands are more than are looked at here")
    return field, *_rows(list(blocks.values()), k)


def _by_block(loss: Tree, field: Field) -> list[tuple[tuple[int, ...], fmpq, Tree, dict[str, fmpq]]]:
    """The summands, each with its block: the row when all linear parts stand inside sums, one block else."""
    out = [
        (tuple(int(i.p) for i in values.values()), factor, part, values)
        for factor, part, values in summands(loss, fmpq(1), {}, field)
    ]
    loose = any(
        not key and not (isinstance(part, (tuple, str)) and part[0] in ("log", "exp")) for key, _, part, _ in out
    )
    return [((), f, p, v) for _, f, p, v in out] if loose or all(not key for key, *_ in out) else out


def _rows(blocks: list[_Block], k: int) -> tuple[list[Vector], int]:
    bounded = list[tuple[_Block, list[list[Vector]]]]()
    width = k
    for block in blocks:
        choices = [_choices(*one) for one in block.logarithms]
        bounded.append((block, choices))
        width += len(choices) if len(choices) > 1 else 0
    rows: dict[tuple[str, ...], Vector] = {}
    free = k

    def add(row: Vector) -> None:
        row = whole(row)
        if any(c != 0 for c in row):
            rows[tuple(str(c) for c in row)] = row

    for block, choices in bounded:
        for m in block.cone:
            add([*m, *[fmpq(0)] * (width - k)])
        if len(choices) == 1:
            for m in choices[0]:
                add([*(a + b for a, b in zip(m, block.linear, strict=True)), *[fmpq(0)] * (width - k)])
            continue
        total = [*block.linear, *[fmpq(0)] * (width - k)]
        for one in choices:
            for m in one:
                row = [*m, *[fmpq(0)] * (width - k)]
                row[free] = fmpq(-1)
                add(row)
            total[free] = fmpq(1)
            free += 1
        add(total)
    return list(rows.values()), width


def _choices(factor: fmpq, ups: list[Vector], downs: list[Vector]) -> list[Vector]:
    """The vectors whose largest product with v bounds the slope of factor*log(ups/downs)."""
    if factor < 0:
        ups, downs, factor = downs, ups, -factor
    if len(ups) * len(downs) > 10_000:
        raise NotExponential("a logarithm has too many terms")
    return [[factor * (a - b) for a, b in zip(m, d, strict=True)] for m in ups for d in downs]


def descent(rows: Sequence[Vector], k: int, budget: Budget) -> Vector | None:
    """A v with a·v <= 0 for all rows and a·v < 0 for at least one, by exact linear programming; None: there is none.

    Maximise the sum of s_r = -a_r·v under 0 <= s_r <= 1; v is free, so each of its parts is a difference.
    """
    if not rows:
        return None
    m, columns = len(rows), 2 * k
    # constraints: a_r·(p - q) <= 0 and -a_r·(p - q) <= 1, all variables non-negative; slack basis is feasible
    table = [[*r, *(-c for c in r)] for r in rows] + [[*(-c for c in r), *r] for r in rows]
    side = [fmpq(0)] * m + [fmpq(1)] * m
    gain = [-sum((r[j] for r in rows), fmpq(0)) for j in range(k)]
    gain += [-g for g in gain]
    basis, outside = list(range(columns, columns + 2 * m)), list(range(columns))
    while True:
        budget.check()
        entering = min((j for j in range(columns) if gain[j] > 0), key=lambda j: outside[j], default=None)
        if entering is None:
            break
        ratios = [(side[i] / table[i][entering], basis[i], i) for i in range(2 * m) if table[i][entering] > 0]
        if not ratios:
            break  # cannot be: every s_r is bounded, so the gain is
        _, _, leaving = min(ratios)
        _pivot(table, side, gain, leaving, entering)
        basis[leaving], outside[entering] = outside[entering], basis[leaving]
    values = [fmpq(0)] * columns
    for i, b in enumerate(basis):
        if b < columns:
            values[b] = side[i]
    v = [values[j] - values[k + j] for j in range(k)]
    return v if any(_dot(r, v) < 0 for r in rows) else None


def guessed(rows: Sequence[Vector], width: int, budget: Budget) -> Vector | None:
    """A v with a·v <= 0 for all rows, found by Newton steps on sum log(1 + exp(a·v)) in floats and checked exactly."""
    a: np.ndarray = np.array([[float(c.p) / float(c.q) for c in r] for r in rows])
    a /= np.maximum(np.abs(a).max(axis=1, keepdims=True), 1e-300)
    v = np.zeros(width)
    for _ in range(100):
        budget.check()
        slope = a @ v
        if (slope < 0).all():
            top = np.abs(v).max()
            exact = [fmpq(round(float(c / top) * 10**9), 10**9) for c in v]
            if all(_dot(r, exact) <= 0 for r in rows):
                return exact
        s = 1 / (1 + np.exp(-np.clip(slope, -700, 700)))
        hessian = a.T @ (a * (s * (1 - s))[:, None]) + 1e-12 * np.eye(width)
        step, size, loss = np.linalg.solve(hessian, a.T @ s), 1.0, np.logaddexp(0, slope).sum()
        while size > 1e-4 and np.logaddexp(0, a @ (v - size * step)).sum() > loss:
            size /= 2
        v = v - size * step
        if not np.isfinite(v).all() or np.abs(v).max() > 1e9:
            break
    return _on_the_boundary(rows, a, v / max(1e-300, np.abs(v).max())) if np.isfinite(v).all() else None


def _on_the_boundary(rows: Sequence[Vector], a: np.ndarray, v: np.ndarray) -> Vector | None:
    """The first direction that holds among guesses of which rows are zero on it."""
    for small in (1e-3, 1e-2, 3e-2, 0.1):
        found = _with_ties(rows, a, v, small)
        if found is not None:
            return found
    return None


def _with_ties(rows: Sequence[Vector], a: np.ndarray, v: np.ndarray, small: float) -> Vector | None:
    """A direction near v on which the rows that are nearly zero are exactly zero; checked exactly, None when refused."""
    tight = [[int(c) for c in r] for r, slope in zip(rows, a @ v, strict=True) if abs(slope) < small]
    if not tight:
        return None
    kernel_basis, nullity = fmpz_mat(tight).nullspace()
    if nullity == 0:
        return None
    width = len(v)
    basis = [[fmpq(kernel_basis[i, j]) for i in range(width)] for j in range(nullity)]
    plain = np.array([[float(c.p) / float(c.q) for c in w] for w in basis]).T
    plain_scale = np.abs(plain).max(axis=0)
    nearest = cast(np.ndarray, np.linalg.lstsq(plain / plain_scale, v, rcond=None)[0])  # NumPy's stubs leave it open
    weights = nearest / plain_scale
    parts = [
        fmpq(round(float(w * s) * 10**6), 10**6) / fmpq(round(float(s)))
        for w, s in zip(weights, plain_scale, strict=True)
    ]
    exact = [sum((p * w[i] for p, w in zip(parts, basis, strict=True)), fmpq(0)) for i in range(width)]
    slopes_ = [_dot(r, exact) for r in rows]
    return exact if all(c <= 0 for c in slopes_) and any(c < 0 for c in slopes_) else None


def _pivot(table: list[Vector], side: Vector, gain: Vector, i: int, j: int) -> None:
    pivot = table[i][j]
    row = [c / pivot for c in table[i]]
    row[j] = 1 / pivot
    table[i], side[i] = row, side[i] / pivot
    for h in range(len(table)):
        factor = table[h][j]
        if h != i and factor != 0:
            new = [c - factor * r if r != 0 else c for c, r in zip(table[h], row, strict=True)]
            new[j] = -factor * row[j]
            table[h], side[h] = new, side[h] - factor * side[i]
    factor = gain[j]
    for h in range(len(gain)):
        if h != j:
            gain[h] -= factor * row[h]
    gain[j] = -factor * row[j]


def _dot(a: Vector, b: Vector) -> fmpq:
    return sum((x * y for x, y in zip(a, b, strict=True)), fmpq(0))


def whole(v: Sequence[Any]) -> Vector:
    """The vector times a positive rational, in coprime integers."""
    denominator, divisor = fmpz(1), fmpz(0)
    for c in v:
        denominator = denominator.lcm(fmpq(c).q)
    for c in v:
        divisor = divisor.gcd((fmpq(c) * denominator).p)
    return [fmpq(c) * denominator / divisor if divisor != 0 else fmpq(c) for c in v]
