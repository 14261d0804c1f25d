"""Claim ``critical_points``: where the gradient of a loss (or every given equation) is zero, and where else it is not.

A method shows that the points exist, another that there are no others: each in a file of ``zeros``, read alone.
The domain is where the relations hold and every subexpression, as written, has a real value. A point says: a critical
point of the domain lies within ``radius`` of ``numeric``, another one for each. *newton*: the kernel's own
derivatives in balls, N(X) = m - J(X)^-1 F(m) inside X, hence one zero in X, and it lies in N(X) (Neumaier, *Interval methods for
systems of equations*, 5.1). *roots*: one unknown, a rational gradient; the real roots of its numerator by FLINT, so
the claim is complete by itself. *linear*: the gradient is linear with rational coefficients and has one zero.
*convex*: every term of the loss is convex by composition rules; at the one point Newton's test shows a regular Hessian.
*bezout*: as many complex zeros (``others``: {"numeric": {name: [re, im]}, "radius": decimal}, one of each conjugate
pair) as the product of the degrees (Fulton, *Intersection theory*, 8.4.6); *multiples*: as there are standard monomials
(format and proof in ``algebra/standard_monomials``). For both, equations may be ``solved`` for an unknown each before.
*cover*: ``box`` is cut in halves along the digits of ``leaves`` (base 36: the unknown); at a leaf ``E`` an equation has no zero, ``M`` nor has its
mean value form, ``N`` Newton's step leaves the box, ``U`` J is regular and a claimed point lies inside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from flint import acb, arb, ctx, fmpq

from closedform.kernel import reading
from closedform.kernel.expressions.balls import evaluate
from closedform.kernel.expressions.domain import Binding, requirements
from closedform.kernel.expressions.infix import infix
from closedform.kernel.expressions.rows import column_text
from closedform.kernel.expressions.scope import scoped
from closedform.kernel.expressions.tree import MINUS, Relation, Tree, add, mul, read
from closedform.kernel.reading import Json, Refused, decimal, fields, integer, mapping, rational, refuse, sequence

RELATIONS = ("<", "<=", ">", ">=", "!=")
TOLD = ("others", "leaves", "solved", "standard", "consequences", "multiples")  # by some method of completeness
Vanishes = Callable[[Tree, Mapping[str, int]], bool]  # whether a tree is zero, with numbers for its indices


@dataclass(eq=False)
class Given:
    """The statement, read."""

    loss: Tree | None
    equations: list[Tree]
    unknowns: list[str]
    columns: dict[str, list[fmpq]]
    relations: list[tuple[str, Tree, Tree]]

    @property
    def trees(self) -> list[Tree]:
        return [self.loss] if self.loss is not None else self.equations

    def inside(self, box: list[arb], vanishes: Vanishes | None = None) -> bool:
        """Whether the box lies in the domain; refused when that is open. ``vanishes`` knows what is zero there."""
        values = dict(zip(self.unknowns, box, strict=True))
        if not all(self._holds(r, values, {}, vanishes) for r in self.relations):
            return False
        try:
            if all(evaluate(t, values, self.columns).is_finite() for t in self.trees):
                return True
        except Refused:
            pass  # a root of a negative number: below it is decided which
        needs = ((r, at) for t in self.trees for r, inside in requirements(t) for at in self.rows(inside, values, {}))
        if all(self._holds(r, values, at, vanishes) for r, at in needs):
            refuse("it is open whether the loss, as written, is defined at a point")
        return False

    def rows(self, inside: tuple[Binding, ...], values: dict[str, arb], at: dict[str, int]) -> Iterator[dict[str, int]]:
        """The numbers of the indices for each row of sums inside one another."""
        if not inside:
            yield at
            return
        (index, *limits), rest = inside[0], inside[1:]
        here = {**values, **{k: arb(v) for k, v in at.items()}}
        low, high = (evaluate(t, here, self.columns).unique_fmpz() for t in limits)
        if low is None or high is None:
            refuse("a sum has no whole limits")
        for i in range(int(low), int(high) + 1):
            yield from self.rows(rest, values, {**at, index: i})

    def _holds(self, relation: Relation, values: dict[str, arb], at: dict[str, int], vanishes: Vanishes | None) -> bool:
        sign, left, right = relation
        here = {**values, **{k: arb(v) for k, v in at.items()}}
        try:
            gap = evaluate(left, here, self.columns) - evaluate(right, here, self.columns)
        except Refused:
            gap = arb("nan")
        holds = {"<": gap < 0, "<=": gap <= 0, ">": gap > 0, ">=": gap >= 0, "!=": not gap.contains(0)}[sign]
        fails = {"<": gap >= 0, "<=": gap > 0, ">": gap <= 0, ">=": gap < 0, "!=": gap.is_zero()}[sign]
        if gap.is_finite() and (holds or fails):
            return bool(holds)
        if vanishes is not None and vanishes(add(left, mul(MINUS, right)), at):
            return sign in ("<=", ">=")
        refuse(f"it is open whether {infix(left)[:200]} {sign} {infix(right)[:200]} holds at a point")


@dataclass
class Point:
    """One claimed point: centre and radii as rationals, and the ball where it was proved to lie."""

    centre: list[fmpq]
    radius: list[fmpq]
    claimed: dict[str, Json]
    ball: list[arb]
    vanishes: Vanishes | None = None  # what is zero there

    def holds(self, ball: list[arb]) -> bool:
        return all(bool(abs(b - arb(c)) <= arb(r)) for b, c, r in zip(ball, self.centre, self.radius, strict=True))


@dataclass
class Proved:
    """What a method shows, once it has put each point into its ball."""

    inertia: Callable[[Point], tuple[int, int, int] | None]  # of the Hessian at a point
    total: int | None = None  # how many complex zeros there are, where they are counted
    complete: bool = False  # whether there can be no other real zero


Existence = Callable[[Given, list[Point], dict[str, Json]], Proved]
Completeness = Callable[[Given, list[Point], dict[str, Json], Json], tuple[int | None, str]]  # zeros; words for where


def check(
    statement: dict[str, Json],
    claim: dict[str, Json],
    evidence: dict[str, Json],
    existence: Mapping[str, Existence],
    completeness: Mapping[str, Completeness],
) -> str:
    """The sentence proved, by one of the methods for either half; raises ``Refused`` otherwise."""
    given = _given(statement)
    fields(claim, ("kind", "complete", "points"), ("box", "counts"))
    fields(evidence, ("method", "precision"), ("points", "complete", "inside"))
    points = [_point(p, given.unknowns) for p in sequence(claim["points"], "points", 100_000)]
    complete, how = claim["complete"], evidence.get("complete")
    if not isinstance(complete, bool) or not (complete or points):
        refuse("complete must be true or false, and true where no point is listed")
    with ctx.workprec(integer(evidence["precision"], "precision", 53, 40_000)):
        found, where = _found(given, points, evidence, existence), ""
        for i, point in enumerate(points):
            if not given.inside(point.ball, point.vanishes):
                refuse(f"point {i + 1} is outside the domain")
            _said(given, point, found)
        if not points:
            _not_empty(given, evidence.get("inside"), claim.get("box"))
        total = found.total
        if complete and not found.complete:
            told = fields(mapping(how, "complete"), ("method",), TOLD)
            method = reading.text(told["method"], "method", 20)
            if method not in completeness:
                refuse(f"unknown method {method!r}")
            total, where = completeness[method](given, points, told, claim.get("box"))
        elif how is not None or (claim.get("box") is not None):
            refuse("evidence of completeness that nothing asks for")
    counts = fields(claim.get("counts", {}), (), ("real", "complex"))
    if counts and not complete:
        refuse("counts need a complete list")
    if "real" in counts and integer(counts["real"], "real") != len(points):
        refuse("the number of real points is not the number of points")
    if "complex" in counts and integer(counts["complex"], "complex") != total:
        refuse("the number of complex points is not proved")
    what = (
        f"the gradient of {_short(given.loss)}"
        if given.loss is not None
        else "the system " + "; ".join(f"{_short(e)} = 0" for e in given.equations[:6])
    )
    listed = "; ".join(_sentence(p) for p in points[:20]) + (" ..." if len(points) > 20 else "")
    if given.relations:
        what += " where " + ", ".join(f"{infix(a)[:100]} {sign} {infix(b)[:100]}" for sign, a, b in given.relations)
    if given.columns:
        what += f" ({'; '.join(column_text(x, c) for x, c in given.columns.items())})"
    only = f", and no other real zero{where}{' in this domain' if given.relations else ''}" if complete else ""
    return f"{what} has a zero, one each, at {listed}{only}" if points else f"{what} has no real zero{where}"


def _found(given: Given, points: list[Point], evidence: dict[str, Json], existence: Mapping[str, Existence]) -> Proved:
    method = reading.text(evidence["method"], "method", 20)
    if method == "none" and not points:
        return Proved(lambda point: None)
    return existence[method](given, points, evidence) if method in existence else refuse(f"unknown method {method!r}")


def _not_empty(given: Given, inside: Json, box: Json) -> None:
    """That something has no critical point says nothing where the domain is empty: a point of it is shown."""
    if inside is not None:
        claimed = fields(inside, tuple(given.unknowns))
        exact = [rational(claimed[x], "inside") for x in given.unknowns]
    elif box is not None:
        sides = [sequence(v, "box", 2) for v in fields(box, tuple(given.unknowns)).values()]
        exact = [sum((decimal(v, "box") for v in side), fmpq(0)) / 2 for side in sides]
    else:
        exact = [fmpq(0)] * len(given.unknowns)
    if not given.inside([arb(v) for v in exact]):
        refuse("the point that shows that the domain is not empty is outside it")


def _said(given: Given, point: Point, found: Proved) -> None:
    """The inertia and the loss claimed of a point whose ball is proved."""
    if "loss" in point.claimed:
        loss = fields(point.claimed["loss"], ("numeric", "radius"))
        values = dict(zip(given.unknowns, point.ball, strict=True))
        centre, radius = decimal(loss["numeric"], "loss"), decimal(loss["radius"], "radius")
        if given.loss is None or not abs(evaluate(given.loss, values, given.columns) - arb(centre)) <= arb(radius):
            refuse("the loss at a point is not within its radius")
    if "inertia" in point.claimed:
        claimed = tuple(integer(v, "inertia") for v in sequence(point.claimed["inertia"], "inertia", 3))
        signs = found.inertia(point) if given.loss is not None else refuse("inertia needs a loss")
        if signs != claimed:
            refuse(f"the inertia is {signs or 'open'}, not {claimed}")


def _short(tree: Tree) -> str:
    whole = infix(tree)
    return whole if len(whole) <= 200 else whole[:200] + "..."


def _sentence(point: Point) -> str:
    exact = point.claimed.get("exact")
    if isinstance(exact, dict):
        return ", ".join(f"{x} = {v}" for x, v in exact.items())
    numeric, radius = mapping(point.claimed["numeric"], "numeric"), mapping(point.claimed["radius"], "radius")
    return ", ".join(f"{x} = {v} (within {radius[x]})" for x, v in numeric.items())


def _given(statement: dict[str, Json]) -> Given:
    fields(statement, ("unknowns",), ("loss", "equations", "columns", "relations"))
    if ("loss" in statement) == ("equations" in statement):
        refuse("give a loss or equations")
    unknowns = reading.names(statement["unknowns"], "unknowns")
    loss = read(statement["loss"]) if "loss" in statement else None
    equations = [read(e) for e in sequence(statement.get("equations", []), "equations", 1000)]
    data = reading.columns(statement.get("columns", {}), unknowns)
    relations = list[tuple[str, Tree, Tree]]()
    for item in sequence(statement.get("relations", []), "relations", 1000):
        sign, left, right = sequence(item, "a relation", 3)
        if sign not in RELATIONS:
            refuse(f"not a relation: {sign}")
        relations.append((str(sign), read(left), read(right)))
    if not unknowns or not (equations or loss is not None):
        refuse("unknowns are needed")
    pairs = (side for _, left, right in relations for side in (left, right))
    for tree in (*([loss] if loss is not None else equations), *pairs):
        scoped(tree, set(unknowns), data, unknowns)
    return Given(loss, equations, unknowns, data, relations)


def _point(value: Json, unknowns: list[str]) -> Point:
    claimed = fields(value, ("numeric", "radius"), ("inertia", "loss", "exact"))
    numeric, radius = (fields(claimed[key], tuple(unknowns)) for key in ("numeric", "radius"))
    centre, radii = ([decimal(given[x], x) for x in unknowns] for given in (numeric, radius))
    return Point(centre, radii, claimed, [])


def exact_values(point: Point, unknowns: list[str]) -> list[fmpq]:
    exact = fields(point.claimed.get("exact"), tuple(unknowns))
    return [rational(exact[x], "exact") for x in unknowns]


def apart(u: list[arb] | list[acb], v: list[arb] | list[acb]) -> bool:
    return any(not (a - b).contains(0) for a, b in zip(u, v, strict=True))
