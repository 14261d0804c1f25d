"""Sums of squares that are affine in some unknowns: the least value, where those reach all that the others allow.

Let the residuals be d + A(w)v, as for a network with hidden weights w and output weights v. Whatever w and v are, A(w)v
lies in the span S of all columns that A has for any w, so the loss is at least the squared distance from -d to S. As
soon as A(w) has rank dim S for one w, the least squares solution v takes that value: a global minimiser with a formula.
A hidden layer with at least as many units as different rows has this rank at almost every w (Huang and Babri 1998);
equal inputs, and what sigmoid(z) + sigmoid(-z) = 1 does to inputs x and -x without a bias, only make S smaller.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from flint import arb, arb_mat, ctx, fmpq, fmpq_mat

from closedform.algebra import bridge
from closedform.algebra.later import sp
from closedform.algebra.roots import decimal_text
from closedform.attempt import Attempt, finding
from closedform.budget import Budget, working_bits
from closedform.enclosures.certified import certified
from closedform.expression import column_names, heads
from closedform.kernel.claims.least_value import KinkNames, Squares, bind, squares
from closedform.kernel.expressions import tree as kernel
from closedform.kernel.expressions.derivatives import differentiate
from closedform.kernel.expressions.tree import Tree
from closedform.kernel.reading import Json, Refused
from closedform.points import CriticalPoint
from closedform.statement import columns_in
from closedform.stationarity.scalar import Stationarity
from closedform.strategies.ending import FoundPoint, pointed
from closedform.strategies.exponentials.field import NotExponential, exponentials, statement_json
from closedform.strategies.networks.hidden import Hidden
from closedform.strategies.networks.span import Reached, reached

name = "as many units as rows"
example = {
    "loss": "(1 - u*sigmoid(w) - v*sigmoid(z))^2 + (3 - u*sigmoid(2*w) - v*sigmoid(2*z))^2",
    "unknowns": ["u", "v", "w", "z"],
}
counterexample = {"loss": "(1 - v*sigmoid(w))^2 + (3 - v*sigmoid(2*w))^2", "unknowns": ["v", "w"]}
share = 0.4

ACTIVATIONS = frozenset(("exp", "tanh", "max"))
MAX_ENTRIES = 40_000  # residuals times affine unknowns
MAX_EXPLICIT = 4  # output weights over irrational activations that are written out


def declines(system: Stationarity) -> str | None:
    """A sentence when the loss is no sum of squares with activations in it, else None."""
    problem = system.problem
    if problem.loss is None or problem.constraints or problem.relations or problem.box:
        return "this is about losses on the whole space"
    if len(problem.unknowns) < 2 or not heads(problem.loss) & ACTIVATIONS or "^" not in heads(problem.loss):
        return "this is about squares of activations"
    if problem.parameters or problem.properties or (problem.data is None and column_names(problem.loss)):
        return "this is about losses of numbers"
    return None


def attempt(system: Stationarity, budget: Budget) -> Attempt:
    """ "partial" with a global minimiser, or the reason why the affine unknowns do not reach all of the span."""
    try:
        statement = statement_json(system)
        found = _read(statement, [u.name for u in system.unknowns])
    except (Refused, NotExponential) as reason:
        return Attempt(name, "declined", str(reason))
    if isinstance(found, str):
        return Attempt(name, "declined", found)
    hidden = Hidden(found, [u.name for u in system.unknowns])
    filled = reached(hidden, budget)
    if isinstance(filled, str):
        return Attempt(name, "failed", filled)
    try:
        return _Interpolation(system, statement, hidden, filled, budget).attempt()
    except Refused as reason:
        return Attempt(name, "failed", f"what holds of the activations was not proved: {reason}")


def _read(statement: dict[str, Json], unknowns: list[str]) -> Squares | str:
    """The loss as squares of residuals that are affine in some unknowns; or why it is none."""
    loss, columns = kernel.read(statement["loss"]), columns_in(statement)
    rows = squares(loss, fmpq(1), {}, columns)
    affine = affine_in([r for _, r in rows], unknowns)
    if not affine or len(affine) == len(unknowns) or len(affine) * len(rows) > MAX_ENTRIES:
        return "the residuals are not affine in some of the unknowns alone"
    return Squares.of(loss, affine, columns)


def affine_in(residuals: list[Tree], unknowns: list[str]) -> list[str]:
    """The unknowns, from the first on, in which all residuals are affine together."""
    out, taken = list[str](), set[str]()  # ... and the unknowns in their coefficients
    for v in unknowns:
        own, known = set[str](), {*out, v}
        try:
            for r in residuals:
                own |= kernel.free_names(bind(differentiate(r, v), {}, {}))
                if own & known:
                    break
        except Refused:  # inside a kink
            continue
        if not own & known and v not in taken:
            out.append(v)
            taken |= own
    return out


class _Interpolation:
    """The answer from hidden weights that fill the span."""

    def __init__(
        self, system: Stationarity, statement: dict[str, Json], hidden: Hidden, filled: Reached, budget: Budget
    ) -> None:
        self.system, self.statement, self.hidden, self.budget = system, statement, hidden, budget
        self.squares, self.draw, self.relations = hidden.squares, filled.draw, filled.relations
        self.affine = list(self.squares.coefficients)
        self.solved = [self.affine[j] for j in filled.columns]
        self.columns, self.rows = filled.columns, filled.draw.independent(transposed=True)
        rank = len(self.solved)  # the residuals bend only within the span, to which they are orthogonal there
        self.inertia = (rank, 0, len(system.unknowns) - rank)
        self.bits = working_bits(budget.digits, 200)

    def attempt(self) -> Attempt:
        least = self.squares.bound(self.relations)
        exact = self._exactly()
        enclosed = {} if exact is not None else self._enclosed()
        certificate = certified(self.statement, *self._claim(least, exact, enclosed))
        point = self._point(least, exact, enclosed)
        rank, size = len(self.solved), len(self.system.unknowns)
        hidden = [u for u in self.system.problem.unknowns if u in self.draw.weights]
        kinked = self.hidden.kinked
        return Attempt(
            name,
            "partial",
            "a global minimiser; about other critical points nothing is claimed",
            points=(point,),
            minimiser="closed",
            expression_class=point.expression_class or "linear_algebra",
            findings=(
                finding("least sum of squares", "proved", certificate=0, least=str(least)),
                finding("output weights by least squares", hidden=hidden, output=self.affine, rank=rank, kinked=kinked),
                finding("dimension of the minimisers", dimension=size - rank, unknowns=size, conditions=rank),
            ),
            certificates=(certificate,),
        )

    # -- the output weights ------------------------------------------------------------------------------------------

    @cached_property
    def nearest(self) -> list[fmpq]:
        """The point of the span that is nearest to the targets: the residuals' constants without what no weight reaches."""
        target = [-d for d in self.squares.constants]
        if not self.relations:
            return target
        inverse = [1 / c for c, _ in self.squares.rows]
        across = fmpq_mat(self.relations)
        scaled = fmpq_mat([[c * u[i] for u in self.relations] for i, c in enumerate(inverse)])
        missed = scaled * (across * scaled).solve(across * fmpq_mat([[t] for t in target]))
        return [t - missed[i, 0] for i, t in enumerate(target)]

    def _exactly(self) -> dict[str, fmpq] | None:
        """The output weights over Q; None where an activation is irrational."""
        if self.draw.exact is None:
            return None
        matrix = fmpq_mat([[self.draw.exact[i, j] for j in self.columns] for i in self.rows])
        solution = matrix.solve(fmpq_mat([[self.nearest[i]] for i in self.rows]))
        return {v: solution[k, 0] for k, v in enumerate(self.solved)}

    def _enclosed(self) -> dict[str, arb]:
        """The output weights in balls."""
        with ctx.workprec(self.bits):
            entries = self.hidden.balls(self.draw.weights)
            matrix = arb_mat([[entries[i][j] for j in self.columns] for i in self.rows])
            solution = matrix.solve(arb_mat([[arb(self.nearest[i])] for i in self.rows]))
            return {v: solution[k, 0] for k, v in enumerate(self.solved)}

    def _explicit_weights(self) -> dict[str, Any]:
        """The output weights by Cramer's rule, in the irrational activations."""
        table = {x: sp.Symbol(x, real=True) for x in self.draw.weights}
        at = {table[x]: v for x, v in self._hidden_values().items()}
        matrix = sp.Matrix(
            [
                [bridge.from_tree(kernel.write(self.hidden.columns[j][i]), table).subs(at) for j in self.columns]
                for i in self.rows
            ]
        )
        right, whole = (
            sp.Matrix([bridge.sympy_rational(self.nearest[i]) for i in self.rows]),
            matrix.det(method="berkowitz"),
        )
        out = dict[str, Any]()
        for k, v in enumerate(self.solved):
            replaced = matrix.copy()
            replaced[:, k] = right
            out[v] = replaced.det(method="berkowitz") / whole
        return out

    def _hidden_values(self) -> dict[str, Any]:
        return {
            x: bridge.sympy_rational(a) + bridge.sympy_rational(b) * sp.log(2)
            for x, (a, b) in self.draw.weights.items()
        }

    def _point(self, least: fmpq, exact: dict[str, fmpq] | None, enclosed: dict[str, arb]) -> CriticalPoint:
        values = {**dict.fromkeys(self.affine, sp.S.Zero), **self._hidden_values()}
        explicit = exact is not None or (len(self.solved) <= MAX_EXPLICIT and not self.hidden.deep)
        if exact is not None:
            values |= {v: bridge.sympy_rational(q) for v, q in exact.items()}
        elif explicit:
            values |= self._explicit_weights()
        with ctx.workprec(self.bits):
            balls = {x: arb(a) + arb(b) * arb(2).log() for x, (a, b) in self.draw.weights.items()}
        point = FoundPoint(
            values if explicit else None,
            {**dict.fromkeys(self.affine, arb(0)), **balls, **enclosed},
            "global minimum",
            self.inertia,
            loss=bridge.sympy_rational(least),
            note="" if explicit else "the output weights solve A*v = targets, with the activations A at the others",
            certificate=0,
        )
        return pointed(self.system, point, self.budget.digits)

    # -- for the kernel ------------------------------------------------------------------------------------------------

    def _claim(
        self, least: fmpq, exact: dict[str, fmpq] | None, enclosed: dict[str, arb]
    ) -> tuple[dict[str, Json], dict[str, Json]]:
        log2: Tree = ("log", fmpq(2))
        point = {x: kernel.write(kernel.add(a, kernel.mul(b, log2))) for x, (a, b) in self.draw.weights.items()}
        point |= {v: str((exact or {}).get(v, fmpq(0))) for v in self.affine if v not in enclosed}
        claim: dict[str, Json] = {"kind": "least_value", "value": str(least), "point": point}
        evidence: dict[str, Json] = {
            "affine": list[Json](self.affine),
            "relations": [[str(c) for c in u] for u in self.relations],
            "substitution": self._substitution() if self.relations else [],
        }
        if enclosed:
            texts = {v: decimal_text(ball, self.budget.digits) for v, ball in enclosed.items()}
            claim["within"] = {v: {"numeric": middle, "radius": radius} for v, (middle, radius) in texts.items()}
            evidence["precision"] = str(self.bits)
        return claim, evidence

    def _substitution(self) -> list[Json]:
        """The exponentials that the coefficients hold, for the kernel's identities."""
        trees = [a for column in self.hidden.columns for a in column]
        scales, _ = exponentials([KinkNames(set(self.system.problem.unknowns)).replaced(t) for t in trees], {})
        return [{"form": list(key), "name": t, "scale": str(scale)} for key, (t, scale) in scales.items()]
