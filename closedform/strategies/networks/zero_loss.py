"""Sums of squares with more unknowns than squares: a zero of all residuals, which is a global minimum.

A search in floating point (Levenberg and Marquardt) says where to look. As many unknowns as there are residuals are
left free, the others are held at short numbers nearby, and Newton's test proves a zero of that square system. Around it
the zeros fill a set of dimension unknowns less residuals, so no list of critical points can be complete.

Where the residuals obey linear relations, whatever the hidden unknowns are, no zero may exist: the least value is then the
squared distance that the relations leave, and what is sought is a zero of the residuals less those at that distance.

The numbers held are multiples of log(2) where an unknown stands in exponents: then the system is rational in the
exponentials of the others, and may be solved exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations, islice, product
from typing import Any

from flint import arb, ctx, fmpq, fmpq_mat

from closedform.algebra import bridge
from closedform.algebra.later import np
from closedform.algebra.roots import decimal_text
from closedform.attempt import Attempt, finding
from closedform.budget import Budget, working_bits
from closedform.enclosures.certified import certified
from closedform.enclosures.evaluation import Function
from closedform.enclosures.krawczyk import enclose
from closedform.enclosures.least_squares import LastIterate, candidates, residuals_of
from closedform.errors import CallError, OutOfTime
from closedform.frozen import record
from closedform.kernel.algebra.exponentials import Field
from closedform.kernel.claims.least_value import KinkNames, Squares, bind, squares
from closedform.kernel.expressions import tree as kernel
from closedform.kernel.expressions.balls import evaluate
from closedform.kernel.expressions.tree import Tree
from closedform.kernel.reading import Json, Refused
from closedform.statement import columns_in
from closedform.stationarity.scalar import Stationarity, stationarity
from closedform.strategies.ending import FoundPoint, least_seen, pointed
from closedform.strategies.exponentials import instance
from closedform.strategies.exponentials.field import NotExponential, exponentials, statement_json
from closedform.strategies.networks import interpolation
from closedform.strategies.networks.hidden import Hidden
from closedform.strategies.networks.interpolation import affine_in
from closedform.strategies.networks.span import leading, spanned

name = "more unknowns than residuals"
example = {
    "loss": "(1 - v*sigmoid(w + b))^2 + (3 - v*sigmoid(2*w + b))^2",
    "unknowns": ["v", "w", "b"],
}
counterexample = {"loss": "(1 - v*sigmoid(w))^2 + (3 - v*sigmoid(2*w))^2", "unknowns": ["v", "w"]}
share = 0.5

REACHED = 1e-22  # of the loss, relative to the sum of squares of the residuals' scale: a zero in floating point
TRIED = 4  # ends of the search that Newton's test is given
FAR = 1e4  # coordinates after which the search went on downhill
MANY = 4  # unknowns after which all critical points are not easily had
HELD = (1, -1, 2, -2, 3, -3)  # multiples of log(2)
SLICES = 16
LOG2: Tree = ("log", fmpq(2))

declines = interpolation.declines


def attempt(system: Stationarity, budget: Budget) -> Attempt:
    """ "partial" with an exact global minimiser, "enclosed" with one in numbers, or why there is none."""
    try:
        statement = statement_json(system)
        loss = kernel.read(statement["loss"])
        rows = squares(loss, fmpq(1), {}, columns_in(statement))
    except (Refused, NotExponential) as reason:
        return Attempt(name, "declined", str(reason))
    if len(rows) >= len(system.unknowns) and len(system.unknowns) < MANY:
        return Attempt(name, "declined", "there are not more unknowns than residuals, and few enough to solve for")
    return _ZeroLossSearch(
        system, statement, loss, [r for _, r in rows], _left(system, statement, budget), budget
    ).attempt()


@record
class Left:
    """What relations between the residuals leave: the least value, and at it the residuals of independent rows."""

    value: fmpq
    rows: tuple[int, ...]
    residuals: tuple[fmpq, ...]


def _left(system: Stationarity, statement: dict[str, Json], budget: Budget) -> Left | None:
    """The relations that hold in the span of the activations, each proved; None where there are none, or none is proved."""
    unknowns = [u.name for u in system.unknowns]
    try:
        loss, columns = kernel.read(statement["loss"]), columns_in(statement)
        affine = affine_in([r for _, r in squares(loss, fmpq(1), {}, columns)], unknowns)
        if not affine or len(affine) == len(unknowns):
            return None
        read = Squares.of(loss, affine, columns)
        hidden = Hidden(read, unknowns)
        draw = spanned(hidden, budget)
        relations = [] if draw is None else draw.relations()
        if draw is None or not relations:
            return None
        coefficients = [KinkNames(set(unknowns)).replaced(a) for column in hidden.columns for a in column]
        scales, _ = exponentials(coefficients, {})
        for u in relations:
            read.prove_relation(u, scales, unknowns)
        value = read.bound(relations)
    except (Refused, NotExponential, ZeroDivisionError):
        return None
    inverse = [1 / c for c, _ in read.rows]
    across = fmpq_mat(relations)
    scaled = fmpq_mat([[c * u[i] for u in relations] for i, c in enumerate(inverse)])
    missed = scaled * (across * scaled).solve(across * fmpq_mat([[d] for d in read.constants]))
    rows = draw.independent(transposed=True)
    return Left(value, tuple(rows), tuple(missed[i, 0] for i in rows))


@record
class Zero:
    """Unknowns held at trees, and the others in balls around a zero of all residuals, with expressions where known."""

    held: Mapping[str, Tree]
    balls: Mapping[str, arb]
    exact: Mapping[str, Any] | None = None


class _ZeroLossSearch:
    def __init__(
        self,
        system: Stationarity,
        statement: dict[str, Json],
        loss: Tree,
        residuals: list[Tree],
        left: Left | None,
        budget: Budget,
    ) -> None:
        self.system, self.statement, self.loss, self.left = system, statement, loss, left
        self.rows = tuple(range(len(residuals))) if left is None else left.rows
        self.residuals = residuals
        if left is not None:  # what they are at the least value is taken away
            self.residuals = [kernel.add(residuals[i], -c) for i, c in zip(left.rows, left.residuals, strict=True)]
        self.unknowns, self.budget = list(system.problem.unknowns), budget
        self.bits = working_bits(budget.digits, 200)

    def attempt(self) -> Attempt:
        spare = len(self.unknowns) - len(self.residuals)
        if spare < 0:
            return Attempt(name, "declined", "there are not more unknowns than independent residuals")
        try:
            zero = self._exactly(spare)
            if zero is not None:
                return self._concluded(zero)
            found = self._candidates()
            zero = self._nearby(found)
            return self._seen(found) if zero is None else self._concluded(zero)
        except Refused as reason:
            return Attempt(name, "failed", f"the zero of all residuals was not proved: {reason}")

    def _candidates(self) -> list[LastIterate]:
        """Local minima in floating point, the least loss first; of zeros those with the smallest coordinates.

        Far out the loss may only tend to zero.
        """
        problem = residuals_of(self.loss, self.unknowns, columns_in(self.statement))
        if problem is None:
            return []
        with np.errstate(all="ignore"):
            found = candidates(problem, [], self.budget.share(0.7 * self.budget.remaining), self.budget.seed)
            size = float((problem.evaluate(np.zeros((1, len(self.unknowns))))[0] ** 2).sum())
        finite = [c for c in found if np.isfinite(c.point).all()]
        floor = REACHED * (1 + size) + (0.0 if self.left is None else float(arb(self.left.value)) * (1 + 1e-9))
        return sorted(finite, key=lambda c: (max(c.loss, floor), float(np.abs(c.point).max())))

    def _seen(self, found: list[LastIterate]) -> Attempt:
        """What the search saw, where nothing was proved."""
        if not found:
            return Attempt(name, "failed", "a search in floating point came to no end")
        best = found[0]
        point = dict(zip(self.unknowns, best.point.tolist(), strict=True))
        return least_seen(name, point, best.loss, downhill=bool(np.abs(best.point).max() > FAR))

    # -- exactly -----------------------------------------------------------------------------------------------------

    def _exactly(self, spare: int) -> Zero | None:
        """A zero with hidden unknowns held at multiples of log(2), solved in the exponentials of the others.

        The first one with expressions, else the first one in numbers.
        """
        affine = affine_in(self.residuals, self.unknowns)
        hidden = [u for u in self.unknowns if u not in affine]
        end, first = self.budget.share(0.2 * self.budget.remaining), None
        for values in islice(product(HELD, repeat=spare), SLICES):
            for held in islice(combinations(hidden, spare), 2):
                if end.remaining <= 0:
                    return first
                at = {u: kernel.mul(fmpq(k), LOG2) for u, k in zip(held, values, strict=True)}
                found = self._solved(at, end)
                if found is not None and found.exact is not None:
                    return found
                first = first or found
        return first

    def _solved(self, held: Mapping[str, Tree], budget: Budget) -> Zero | None:
        free = tuple(u for u in self.unknowns if u not in held)
        try:
            equations = tuple(bridge.node_of(kernel.write(folded(bind(r, held, {})))) for r in self.residuals)
            origin = replace(
                self.system.problem, source="", loss=None, unknowns=free, equations=equations, data=None, catalogue=None
            )
            smaller = stationarity(origin)
            answer = instance.attempt(smaller, budget.share(2)) if instance.declines(smaller) is None else None
        except (Refused, CallError, OutOfTime, ArithmeticError, ValueError):
            return None
        points = sorted(answer.points if answer is not None else (), key=lambda p: p.exact is None)
        for p in points:
            if p.numeric is not None and p.radius is not None:
                with ctx.workprec(self.bits):
                    balls = {u: arb(arb(p.numeric[u]), arb(p.radius[u])) for u in free}
                values = {u: bridge.from_tree(kernel.write(t), {}) for u, t in held.items()}
                return Zero(held, balls, None if p.exact is None else {**p.exact, **values})
        return None

    # -- in numbers --------------------------------------------------------------------------------------------------

    def _nearby(self, found: list[LastIterate]) -> Zero | None:
        """A zero with the unknowns that matter least held at short decimals."""
        problem = residuals_of(self.loss, self.unknowns, columns_in(self.statement))
        if problem is None:
            return None
        for c in found[:TRIED]:
            slopes = problem.evaluate(c.point[None])[1][0]
            kept = leading(slopes[list(self.rows)] * np.maximum(np.abs(c.point), 0.1), len(self.residuals))
            held: dict[str, Tree] = {
                u: fmpq(round(1_000 * v), 1_000)
                for u, v in zip(self.unknowns, c.point.tolist(), strict=True)
                if self.unknowns.index(u) not in kept
            }
            free = [self.unknowns[i] for i in kept]
            function = Function(free, None, [bind(r, held, {}) for r in self.residuals])
            proved = enclose(function, [float(c.point[i]) for i in kept], self.budget.digits, self.budget.share(5))
            if proved is not None:
                return Zero(held, dict(zip(free, proved.point, strict=True)))
        return None

    # -- the answer --------------------------------------------------------------------------------------------------

    def _concluded(self, zero: Zero) -> Attempt:
        size, conditions = len(self.unknowns), len(self.residuals)
        least = fmpq(0) if self.left is None else self.left.value
        certificates = (certified(self.statement, *self._claim(zero)),) if self.left is None else ()
        reached = finding("zero of all residuals", "proved", certificate=0)
        if self.left is not None:
            reached = finding("least sum of squares", least=str(least))
        with ctx.workprec(self.bits):
            balls = {u: evaluate(t, {}) for u, t in zero.held.items()} | dict(zero.balls)
        inertia = (conditions, 0, size - conditions)
        loss = bridge.sympy_rational(least)
        found = FoundPoint(
            zero.exact, balls, "global minimum", inertia, loss=loss, certificate=0 if certificates else None
        )
        point = pointed(self.system, found, self.budget.digits)
        return Attempt(
            name,
            "partial" if zero.exact is not None else "enclosed",
            "a global minimiser; about other critical points nothing is claimed",
            points=(point,),
            minimiser="closed" if zero.exact is not None else "undecided",
            expression_class=point.expression_class,
            findings=(
                reached,
                finding(
                    "dimension of the minimisers", dimension=size - conditions, unknowns=size, conditions=conditions
                ),
            ),
            certificates=certificates,
        )

    def _claim(self, zero: Zero) -> tuple[dict[str, Json], dict[str, Json]]:
        within = dict[str, Json]()
        for u, ball in zero.balls.items():
            with ctx.workprec(self.bits):
                middle, radius = decimal_text(ball, self.budget.digits)
                wide = 4 * arb(radius) + arb(10) ** -self.budget.digits * (1 + abs(arb(middle)))
                within[u] = {"numeric": middle, "radius": decimal_text(wide.mid(), 2)[0]}
        claim: dict[str, Json] = {
            "kind": "least_value",
            "value": "0",
            "point": {u: kernel.write(t) for u, t in zero.held.items()},
            "within": within,
        }
        evidence: dict[str, Json] = {
            "affine": [],
            "relations": [],
            "substitution": [],
            "precision": str(self.bits),
        }
        return claim, evidence


def folded(tree: Tree) -> Tree:
    """The tree with exp(c + k*log(2)) as 2^k*exp(c), for integers k, and tanh of such an argument by exponentials."""
    if not isinstance(tree, tuple):
        return tree
    inner = [folded(a) for a in tree[1:]]
    if tree[0] == "tanh" and "log" in str(kernel.write(inner[0])):
        double = folded(("exp", kernel.mul(kernel.TWO, inner[0])))
        return kernel.quotient(kernel.add(double, kernel.MINUS), kernel.add(double, kernel.ONE))
    if tree[0] != "exp":
        return (tree[0], *inner)
    form = Field({}, [], {}).expand(inner[0], {})
    whole = kernel.as_integer(form.pop(("log(2)",), fmpq(0)))
    if whole is None:
        return ("exp", inner[0])
    rest = kernel.add(*(kernel.mul(c, *key) for key, c in form.items()))
    return kernel.mul(kernel.TWO**whole, ("exp", rest) if form else kernel.ONE)
