"""Claim ``least_value``: a sum of squares, affine in some unknowns, is nowhere below a number, and takes it at a point.

The loss is sum_i c_i*r_i^2 with c_i > 0 and r_i = d_i + sum_v a_iv*v over the affine unknowns v, where d_i is a number
and a_iv depends on the other unknowns. Each relation u has sum_i u_i*a_iv = 0 identically, for every v, so that u.r = u.d
wherever one stands, and the loss is at least the least sum c_i*s_i^2 over the s with u.s = u.d for all relations.
Either the loss at the point, with coordinates a + b*log(2), is that number exactly; or the unknowns under "within"
solve the normal equations at the point, and there are as many of them as residuals without the relations: then the
residuals fill all that the relations leave, and the least squares solution takes the bound. Without affine unknowns the
value is 0, and as many unknowns as residuals stand under "within", where Newton's test shows a zero of all residuals.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flint import arb, arb_mat, ctx, fmpq, fmpq_mat

from closedform.kernel import reading
from closedform.kernel.algebra.exponentials import Field, Key, Scales
from closedform.kernel.expressions.balls import evaluate
from closedform.kernel.expressions.binding import bind
from closedform.kernel.expressions.derivatives import differentiate
from closedform.kernel.expressions.infix import infix
from closedform.kernel.expressions.rows import Columns, column_text
from closedform.kernel.expressions.scope import scoped
from closedform.kernel.expressions.tree import (
    MINUS,
    ONE,
    TWO,
    ZERO,
    Tree,
    add,
    as_integer,
    free_names,
    head_of,
    mul,
    read,
)
from closedform.kernel.reading import Json, fields, names, rational, refuse, sequence

MAX_ROWS = 2_000
Kink = tuple[str, tuple[tuple[Key, fmpq], ...]]  # the head, max or log, and the linear form z


def check(statement: dict[str, Json], claim: dict[str, Json], evidence: dict[str, Json]) -> str:
    """The sentence proved; raises ``Refused`` otherwise."""
    given = fields(statement, ("loss", "unknowns"), ("columns",))
    unknowns, loss = names(given["unknowns"], "unknowns"), read(given["loss"])
    columns = reading.columns(given.get("columns", {}), unknowns)
    scoped(loss, set(unknowns), columns, unknowns)
    claimed = fields(claim, ("kind", "value", "point"), ("within",))
    fields(evidence, ("affine", "relations", "substitution"), ("precision",))
    squares = Squares.of(loss, names(evidence["affine"], "affine"), columns)
    rows = [
        [rational(c, "a relation") for c in sequence(u, "a relation")]
        for u in sequence(evidence["relations"], "the relations")
    ]
    scales = _scales(evidence["substitution"])
    for u in rows:
        squares.prove_relation(u, scales, unknowns)
    bound, value = squares.bound(rows), rational(claimed["value"], "the value")
    if value != bound:
        refuse(f"the relations leave {bound} as the least sum of squares, not {value}")
    point = {x: read(t) for x, t in reading.mapping(claimed["point"], "point").items()}
    within = reading.mapping(claimed.get("within", {}), "within")
    if set(point) & set(within) or {*point, *within} != set(unknowns):
        refuse("one value for each unknown is needed")
    bits = reading.integer(evidence.get("precision", "256"), "precision", 53, 40_000)
    if within:
        with ctx.workprec(bits):
            at = {x: evaluate(t, {}) for x, t in point.items()}
            if squares.coefficients:
                squares.prove_solved(at, within, len(rows))
            else:
                squares.prove_zero(at, within)
    else:
        reached = sum((c * _exactly(bind(r, point, {})) ** 2 for c, r in squares.rows), ZERO)
        if reached != value:
            refuse(f"the loss at the point is {reached}, not {value}")
    with ctx.workprec(bits):
        at = {x: evaluate(t, {}) for x, t in point.items()}
        at |= {x: arb(_decimal(v, "numeric", x), _decimal(v, "radius", x)) for x, v in within.items()}
        if not evaluate(loss, at, columns).is_finite():
            refuse("it is open whether the loss, as written, is defined at the point")
    where = [f"{x} = {infix(t)}" for x, t in point.items()]
    where += [f"{x} = {v['numeric']} (within {v['radius']})" for x, v in within.items() if isinstance(v, dict)]
    data = f" ({'; '.join(column_text(x, c) for x, c in columns.items())})" if columns else ""
    return f"{infix(loss)}{data} is nowhere below {value}, and takes this value at {', '.join(where)}"


def _scales(value: Json) -> Scales:
    out: dict[Key, tuple[str, fmpq]] = {}
    for item in sequence(value, "the substitution", 1_000):
        one = fields(item, ("form", "name", "scale"))
        form = tuple(sorted(names(one["form"], "a form")))
        out[form] = (reading.name(one["name"], "a name"), rational(one["scale"], "a scale"))
    return out


@dataclass
class Squares:
    """The loss as weights with residuals, and the residuals as constants with their coefficients, a tree each."""

    rows: list[tuple[fmpq, Tree]]
    constants: list[fmpq]
    coefficients: dict[str, list[Tree]]  # of each affine unknown

    @staticmethod
    def of(loss: Tree, affine: list[str], columns: Columns) -> Squares:
        """Read the loss so; refused where it is no sum of squares, or not affine with numbers as constants."""
        rows = squares(loss, ONE, {}, columns)
        zero: dict[str, Tree] = dict.fromkeys(affine, ZERO)
        constants = list[fmpq]()
        for _, r in rows if affine else ():
            constant = bind(r, zero, {})
            if not isinstance(constant, fmpq):
                refuse("a residual is no number without the affine unknowns")
            constants.append(constant)
        coefficients = {v: [bind(differentiate(r, v), {}, {}) for _, r in rows] for v in affine}
        if any(free_names(a) & set(affine) for column in coefficients.values() for a in column):
            refuse("the residuals are not affine in these unknowns")
        return Squares(rows, constants, coefficients)

    def prove_relation(self, u: list[fmpq], scales: Scales, unknowns: list[str]) -> None:
        """Refused unless the combination u of the coefficients is zero identically, for each affine unknown."""
        if len(u) != len(self.constants):
            refuse("a relation has one number for each residual")
        for v, column in self.coefficients.items():
            total: dict[Tree, fmpq] = {}
            for c, a in zip(u, column, strict=True):
                total[a] = total.get(a, ZERO) + c
            left = add(*(mul(c, a) for a, c in total.items() if c != 0))
            kinks = KinkNames(set(unknowns))
            left = kinks.replaced(left)
            known = [*unknowns, *kinks.generators.values()]
            if not Field(scales, known, {}).quotient(left, {})[0].is_zero():
                refuse(f"a relation does not hold for the coefficients of {v}")

    def bound(self, relations: list[list[fmpq]]) -> fmpq:
        """The least sum of c_i*s_i^2 with u.s = u.d for every relation u; refused where the relations are dependent."""
        if not relations:
            return ZERO
        inverse = [1 / c for c, _ in self.rows]
        gram = fmpq_mat(
            [[dot(u, [a * b for a, b in zip(v, inverse, strict=True)]) for v in relations] for u in relations]
        )
        right = fmpq_mat([[dot(u, self.constants)] for u in relations])
        solved = gram.solve(right)
        return sum((right[i, 0] * solved[i, 0] for i in range(len(relations))), ZERO)

    def prove_zero(self, at: Mapping[str, arb], within: Mapping[str, Json]) -> None:
        """Refused unless Newton's test shows a zero of all residuals, with the unknowns ``within`` where they are said to be."""
        if len(within) != len(self.rows):
            refuse("as many unknowns are needed as residuals")
        middle, radius = (
            {v: _decimal(claimed, key, v) for v, claimed in within.items()} for key in ("numeric", "radius")
        )
        centre, box = {**at, **middle}, {**at, **{v: arb(m, radius[v]) for v, m in middle.items()}}
        residuals = arb_mat([[evaluate(r, centre)] for _, r in self.rows])
        slopes = arb_mat([[evaluate(differentiate(r, v), box) for v in within] for _, r in self.rows])
        step = slopes.solve(residuals)  # slopes that may be singular are an error there
        for i, v in enumerate(within):
            if not abs(step[i, 0]) <= radius[v]:
                refuse(f"Newton's step leaves the stated radius in {v}")

    def prove_solved(self, at: Mapping[str, arb], within: Mapping[str, Json], relations: int) -> None:
        """Refused unless the unknowns ``within`` surely solve the normal equations at the point and span what is left."""
        solved = list(within)
        if not set(solved) <= set(self.coefficients) or len(solved) != len(self.rows) - relations:
            refuse("as many affine unknowns are needed as residuals without the relations")
        columns = [[evaluate(a, at) for a in self.coefficients[v]] for v in solved]
        rest = [arb(d) for d in self.constants]
        for v, column in self.coefficients.items():
            if v not in within and not at[v].is_zero():
                rest = [d + evaluate(a, at) * at[v] for d, a in zip(rest, column, strict=True)]
        weights = [arb(c) for c, _ in self.rows]
        gram = [
            [sum((w * a * b for w, a, b in zip(weights, p, q, strict=True)), arb(0)) for q in columns] for p in columns
        ]
        right = [[-sum((w * a * d for w, a, d in zip(weights, p, rest, strict=True)), arb(0))] for p in columns]
        found = arb_mat(gram).solve(arb_mat(right))  # a matrix that may be singular is an error there
        for i, v in enumerate(solved):
            if not abs(found[i, 0] - _decimal(within[v], "numeric", v)) <= _decimal(within[v], "radius", v):
                refuse(f"the solution is not shown to lie where it is said to in {v}")


def _decimal(value: Json, key: str, what: str) -> arb:
    return arb(reading.decimal(fields(value, ("numeric", "radius"))[key], what))


@dataclass
class KinkNames:
    """Names for the functions max(0, z) and log(1 + exp(z)) of linear forms z, one name for z and -z, and for logarithms."""

    taken: set[str]
    generators: dict[Kink, str] = field(default_factory=dict[Kink, str])

    def replaced(self, tree: Tree) -> Tree:
        """The tree with names, by max(0, c*z) = c*max(0, z) for c > 0 and f(-z) = f(z) - z for either function."""
        if not isinstance(tree, tuple):
            return tree
        inside = _kink(tree)
        if inside is None and tree[0] == "log" and isinstance(tree[1], fmpq):
            return self.named("log", {(): tree[1]})
        if inside is None:
            return (tree[0], *(self.replaced(a) for a in tree[1:]))
        form = Field({}, [], {}).expand(inside, {})
        if not set(form) - {()}:
            return tree
        head, lead = head_of(tree), form[min(k for k in form if k)]
        size = abs(lead) if head == "max" else ONE
        turned = size * (-1 if lead < 0 else 1)
        known = self.named(head, {k: c / turned for k, c in form.items()})
        upright = mul(1 / turned, inside)
        return mul(size, known if lead > 0 else add(known, mul(MINUS, upright)))

    def named(self, head: str, form: Mapping[Key, fmpq]) -> str:
        key = (head, tuple(sorted(form.items())))
        known = self.generators.setdefault(key, f"{head}_{len(self.generators)}")
        while known in self.taken:
            known = self.generators[key] = f"{known}_"
        return known


def _kink(tree: Tree) -> Tree | None:
    """The z of max(0, z) or log(1 + exp(z)), as written; None for anything else."""
    head, args = head_of(tree), _arguments(tree)
    if head == "max" and len(args) == 2 and ZERO in args:
        return args[1] if args[0] == ZERO else args[0]
    inside = args[0] if head == "log" else ZERO
    if isinstance(inside, tuple) and inside[0] == "+" and len(inside) == 3 and ONE in inside:
        last = inside[2] if inside[1] == ONE else inside[1]
        return last[1] if isinstance(last, tuple) and last[0] == "exp" else None
    return None


def _arguments(tree: Tree) -> list[Tree]:
    return list(tree[1:]) if isinstance(tree, tuple) else []


# -- reading the loss ----------------------------------------------------------------------------------------------


def squares(tree: Tree, weight: fmpq, at: Mapping[str, Tree], columns: Columns) -> list[tuple[fmpq, Tree]]:
    """The weights and residuals of a sum of squares, with indices and entries put in; refused where it is none."""
    head, args = head_of(tree), _arguments(tree)
    if head == "+":
        return [row for a in args for row in squares(a, weight, at, columns)]
    if head == "*":
        factors = [bind(a, at, columns) if not isinstance(a, tuple) or a[0] in ("^", "@") else a for a in args]
        for c in factors:
            weight = weight * c if isinstance(c, fmpq) else weight
        rest = [a for a, c in zip(args, factors, strict=True) if not isinstance(c, fmpq)]
        if len(rest) == 1:
            return squares(rest[0], weight, at, columns)
    if head == "sum":
        low, high = (as_integer(bind(a, at, columns)) for a in args[1:3])
        if low is None or high is None or high - low > MAX_ROWS:
            refuse("a sum has no whole limits, or too many rows")
        return [
            row
            for i in range(low, high + 1)
            for row in squares(args[3], weight, {**at, str(args[0]): fmpq(i)}, columns)
        ]
    if head == "^" and args[1] == TWO and weight > 0:
        return [(weight, bind(args[0], at, columns))]
    refuse(f"not a sum of squares: {infix(tree)[:80]}")


def dot(a: list[fmpq], b: list[fmpq]) -> fmpq:
    return sum((x * y for x, y in zip(a, b, strict=True)), ZERO)


def _exactly(tree: Tree) -> fmpq:
    """The value of a number, with t = exp(log(2)) = 2; refused where log(2) stays, or there are other logarithms."""
    above, below = Field({("log(2)",): ("t", ONE)}, ["log(2)"], {}).quotient(tree, {})
    top, bottom = (p.compose(p.context().constant(2), p.context().gens()[1]) for p in (above, below))
    if not top.is_constant() or not bottom.is_constant():
        refuse(f"no exact value of {infix(tree)[:80]}")
    return fmpq(top.leading_coefficient() if not top.is_zero() else 0, bottom.leading_coefficient())
