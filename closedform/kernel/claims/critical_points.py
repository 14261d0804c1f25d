"""Claim ``critical_points``: where the gradient of a loss (or every given equation) is zero, and where else it is not.

More than 400 lines: existence, inertia and completeness are one claim. Format, numbers as text, ``?`` may be left out::

    statement  {"loss": tree | "equations": [tree, ...], "unknowns": [name, ...],
                "columns"?: {name: [decimal, ...]},     entries under "@", exact; their names are those of no unknown
                "relations"?: [["<"|"<="|">"|">="|"!=", tree, tree], ...]}   the domain, besides what is written
    claim      {"kind": "critical_points", "complete": bool, "box"?: {name: [low, high]},
                "counts"?: {"real", "complex"?},
                "points": [{"numeric": {name: decimal}, "radius": {name: decimal},
                            "inertia"?: [positive, negative, zero], "loss"?: {"numeric", "radius"},
                            "exact"?: {name: rational}}, ...]}
    evidence   {"method": "newton" | "roots" | "linear" | "none", "precision": bits,
                "inside"?: {name: rational},                     a point of the domain, when no points are listed
                "points"?: [{"box": {name: decimal}}, ...],       newton: a wider box in which the zero is unique
                "complete"?: {"method": "convex"} | {"method": "bezout", "others": [...]}
                           | {"method": "multiples", "standard": words, "multiples": [words, ...], "others": [...]}
                           | {"method": "cover", "leaves": text}}

The domain is where the relations hold and every subexpression, as written, has a real value. A point says: a critical
point of the domain lies within ``radius`` of ``numeric``, another one for each. *newton*: the kernel's own
derivatives in balls, N(X) = m - J(X)^-1 F(m) inside X, hence one zero in X, and it lies in N(X) (Neumaier, *Interval methods for
systems of equations*, 5.1). *roots*: one unknown, a rational gradient; the real roots of its numerator by FLINT, so
the claim is complete by itself. *linear*: the gradient is linear with rational coefficients and has one zero.
*convex*: every term of the loss is convex by composition rules; at the one point Newton's test shows a regular Hessian.
*bezout*: as many complex zeros (``others``: {"numeric": {name: [re, im]}, "radius": decimal}, one of each conjugate
pair) as the product of the degrees (Fulton, *Intersection theory*, 8.4.6); *multiples*: as there are standard monomials
(``algebra/standard_monomials``). For both, equations may be ``solved`` for an unknown each before. *cover*: ``box`` is cut in halves
along the digits of ``leaves`` (base 36: the unknown); at a leaf ``E`` an equation has no zero, ``M`` nor has its
mean value form, ``N`` Newton's step leaves the box, ``U`` J is regular and a claimed point lies inside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from flint import acb, acb_mat, arb, arb_mat, ctx, fmpq, fmpq_mat, fmpq_mpoly, fmpz_poly

from closedform.kernel.algebra.inertia import inertia
from closedform.kernel.algebra.polynomials import divides, enclosed_roots
from closedform.kernel.algebra.rational import NotRational, Quotient, dense, quotient, value_at
from closedform.kernel.algebra.standard_monomials import without_solved, zeros_at_most
from closedform.kernel.expressions.balls import evaluate
from closedform.kernel.expressions.convexity import AFFINE, CONVEX, curvature
from closedform.kernel.expressions.infix import infix
from closedform.kernel.expressions.jets import Jet, jet
from closedform.kernel.expressions.rows import column_text
from closedform.kernel.expressions.tree import (
    Binding,
    Relation,
    Tree,
    add,
    differentiate,
    mul,
    read,
    requirements,
    scoped,
)
from closedform.kernel.reading import (
    Json,
    Refused,
    columns,
    decimal,
    fields,
    integer,
    mapping,
    names,
    rational,
    refuse,
    sequence,
    text,
)

RELATIONS = ("<", "<=", ">", ">=", "!=")
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass
class Given:
    """The statement, read."""

    loss: Tree | None
    equations: list[Tree]
    unknowns: list[str]
    columns: dict[str, list[fmpq]]
    relations: list[tuple[str, Tree, Tree]]
    worked_out: list[Quotient] = field(default_factory=list[Quotient])

    @property
    def place(self) -> dict[str, int]:
        return {x: i for i, x in enumerate(self.unknowns)}

    @property
    def trees(self) -> list[Tree]:
        return [self.loss] if self.loss is not None else self.equations

    def system(self, box: list[arb], jacobian: bool) -> tuple[list[arb], list[list[arb]]]:
        """The functions that must vanish, and their Jacobian, on a box."""
        k, values = len(self.unknowns), dict(zip(self.unknowns, box, strict=True))
        if self.loss is not None:
            whole = jet(self.loss, self.place, values, self.columns, jacobian)
            return [whole.first.get(i, arb(0)) for i in range(k)], _hessian(whole, k) if jacobian else []
        jets = [jet(e, self.place, values, self.columns) for e in self.equations]
        return [j.value for j in jets], [[j.first.get(i, arb(0)) for i in range(k)] for j in jets]

    def quotients(self) -> list[Quotient]:
        """The gradient (or the equations) as reduced rational functions; refused when they are none."""
        if not self.worked_out:
            self.worked_out = self._quotients()
        return self.worked_out

    def _quotients(self) -> list[Quotient]:
        if self.loss is None:
            return [quotient(e, self.unknowns, self.columns) for e in self.equations]
        try:
            whole = self.whole()
        except NotRational:  # logarithms, whose derivatives are rational all the same
            return [quotient(differentiate(self.loss, x), self.unknowns, self.columns) for x in self.unknowns]
        return [whole.derivative(i) for i in range(len(self.unknowns))]

    def whole(self) -> Quotient:
        """The loss as a reduced rational function."""
        return quotient(self.loss or fmpq(0), self.unknowns, self.columns)

    def defined_nowhere_on(self, factor: fmpz_poly) -> bool:
        """Whether a denominator, as written, is zero at all roots of an irreducible polynomial, complex ones too."""
        rows = [(relation, inside) for t in self.trees for relation, inside in requirements(t)]
        try:
            return any(
                not inside and op == "!=" and divides(factor, dense(quotient(left, self.unknowns, self.columns).top))
                for (op, left, _), inside in rows
            )
        except NotRational:
            return False

    def inside(self, box: list[arb], vanishes: Callable[[Quotient], bool] | None = None) -> bool:
        """Whether the box lies in the domain; refused when that is open. ``vanishes`` knows what is zero there."""
        values = dict(zip(self.unknowns, box, strict=True))
        for relation in self.relations:
            if not self._holds(relation, values, {}, vanishes):
                return False
        try:
            if all(evaluate(t, values, self.columns).is_finite() for t in self.trees):
                return True
        except Refused:
            pass  # a root of a negative number: below it is decided which
        rows = [r for t in self.trees for r in requirements(t)]
        if all(self._needed(relation, list(inside), values, {}, vanishes) for relation, inside in rows):
            refuse("it is open whether the loss, as written, is defined at a point")
        return False

    def _needed(
        self,
        relation: Relation,
        inside: list[Binding],
        values: dict[str, arb],
        at: dict[str, int],
        vanishes: Callable[[Quotient], bool] | None,
    ) -> bool:
        if not inside:
            return self._holds(relation, values, at, vanishes)
        (index, *limits), rest = inside[0], inside[1:]
        here = {**values, **{k: arb(v) for k, v in at.items()}}
        low, high = (evaluate(t, here, self.columns).unique_fmpz() for t in limits)
        if low is None or high is None:
            refuse("a sum has no whole limits")
        rows = range(int(low), int(high) + 1)
        return all(self._needed(relation, rest, values, {**at, index: i}, vanishes) for i in rows)

    def _holds(
        self,
        relation: Relation,
        values: dict[str, arb],
        at: dict[str, int],
        vanishes: Callable[[Quotient], bool] | None,
    ) -> bool:
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
        difference = add(left, mul(fmpq(-1), right))
        try:
            if vanishes is not None and vanishes(quotient(difference, self.unknowns, self.columns, at)):
                return sign in ("<=", ">=")
        except NotRational:
            pass
        refuse(f"it is open whether {infix(left)[:200]} {sign} {infix(right)[:200]} holds at a point")


def _hessian(whole: Jet, k: int) -> list[list[arb]]:
    return [[whole.second.get((min(i, j), max(i, j)), arb(0)) for j in range(k)] for i in range(k)]


@dataclass
class Point:
    """One claimed point: centre and radii as rationals, and the ball where it was proved to lie."""

    centre: list[fmpq]
    radius: list[fmpq]
    said: dict[str, Json]
    ball: list[arb]
    jacobian: list[list[arb]] = field(default_factory=list[list[arb]])  # on a box around the ball

    def holds(self, ball: list[arb]) -> bool:
        return all(bool(abs(b - arb(c)) <= arb(r)) for b, c, r in zip(ball, self.centre, self.radius, strict=True))


def check(statement: dict[str, Json], claim: dict[str, Json], evidence: dict[str, Json]) -> str:
    """The sentence proved; raises ``Refused`` otherwise."""
    given = _given(statement)
    fields(claim, ("kind", "complete", "points"), ("box", "counts"))
    fields(evidence, ("method", "precision"), ("points", "complete", "inside"))
    points = [_point(p, given.unknowns) for p in sequence(claim["points"], "points", 100_000)]
    complete, how = claim["complete"], evidence.get("complete")
    if not isinstance(complete, bool):
        refuse("complete must be true or false")
    with ctx.workprec(integer(evidence["precision"], "precision", 53, 40_000)):
        method = text(evidence["method"], "method", 20)
        total: int | None = None
        if method == "roots":
            total = _by_roots(given, points)
        elif method == "linear":
            total = _by_linear(given, points)
        elif method == "newton":
            boxes = sequence(evidence.get("points", [{} for _ in points]), "points")
            for point, hint in zip(points, boxes, strict=True):
                wide = fields(fields(hint, (), ("box",)).get("box", point.said["radius"]), tuple(given.unknowns))
                by_newton(given, point, [decimal(wide[x], x) for x in given.unknowns])
        elif method != "none" or points:
            refuse(f"unknown method {method!r}")
        if method == "newton" and any(not _apart(p.ball, q.ball) for i, p in enumerate(points) for q in points[:i]):
            refuse("two of the points may be the same")
        for i, point in enumerate(points):
            exact = _exact(point, given.unknowns) if "exact" in point.said else None
            if not given.inside(point.ball, None if exact is None else _at_point(exact)):
                refuse(f"point {i + 1} is outside the domain")
            _said(given, point, method)
        if not points:
            _not_empty(given, evidence.get("inside"), claim.get("box"))
        where = ""
        if complete and method in ("newton", "none"):
            total, where = _complete(
                given,
                points,
                fields(mapping(how, "complete"), ("method",), ("others", "leaves", "solved", "standard", "multiples")),
                claim.get("box"),
            )
        elif how is not None or (claim.get("box") is not None):
            refuse("evidence of completeness that nothing asks for")
    counts = fields(claim.get("counts", {}), (), ("real", "complex"))
    if counts and not complete:
        refuse("counts need a complete list")
    if "real" in counts and integer(counts["real"], "real") != len(points):
        refuse("the number of real points is not the number of points")
    if "complex" in counts and (total is None or integer(counts["complex"], "complex") != total):
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


def _at_point(exact: list[fmpq]) -> Callable[[Quotient], bool]:
    return lambda f: value_at(f.top, exact) == 0 != value_at(f.bottom, exact)


def _not_empty(given: Given, inside: Json, box: Json) -> None:
    """That something has no critical point says nothing where the domain is empty: a point of it is shown."""
    if inside is not None:
        said = fields(inside, tuple(given.unknowns))
        exact = [rational(said[x], "inside") for x in given.unknowns]
    elif box is not None:
        sides = [sequence(v, "box", 2) for v in fields(box, tuple(given.unknowns)).values()]
        exact = [sum((decimal(v, "box") for v in side), fmpq(0)) / 2 for side in sides]
    else:
        exact = [fmpq(0)] * len(given.unknowns)
    if not given.inside([arb(v) for v in exact], _at_point(exact)):
        refuse("the point that shows that the domain is not empty is outside it")


def _short(tree: Tree) -> str:
    written = infix(tree)
    return written if len(written) <= 200 else written[:200] + "..."


def _sentence(point: Point) -> str:
    exact = point.said.get("exact")
    if isinstance(exact, dict):
        return ", ".join(f"{x} = {v}" for x, v in exact.items())
    numeric, radius = mapping(point.said["numeric"], "numeric"), mapping(point.said["radius"], "radius")
    return ", ".join(f"{x} = {v} (within {radius[x]})" for x, v in numeric.items())


def _given(statement: dict[str, Json]) -> Given:
    fields(statement, ("unknowns",), ("loss", "equations", "columns", "relations"))
    if ("loss" in statement) == ("equations" in statement):
        refuse("give a loss or equations")
    unknowns = names(statement["unknowns"], "unknowns")
    loss = read(statement["loss"]) if "loss" in statement else None
    equations = [read(e) for e in sequence(statement.get("equations", []), "equations", 1000)]
    data = columns(statement.get("columns", {}), unknowns)
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
    said = fields(value, ("numeric", "radius"), ("inertia", "loss", "exact"))
    numeric, radius = (fields(said[key], tuple(unknowns)) for key in ("numeric", "radius"))
    radii = [decimal(radius[x], x) for x in unknowns]
    if any(r < 0 for r in radii):
        refuse("a radius is negative")
    return Point([decimal(numeric[x], x) for x in unknowns], radii, said, [])


# -- that the points exist ---------------------------------------------------------------------------------------


def by_newton(given: Given, point: Point, radii: list[fmpq]) -> None:
    """Enclose the one zero within ``radii`` of the centre in the point's ball; refused where Newton's step shows none."""
    if len(given.equations or given.unknowns) != len(given.unknowns):
        refuse("Newton's test needs as many equations as unknowns")
    middle = [arb(c) for c in point.centre]
    _, jacobian = given.system([arb(c, r) for c, r in zip(middle, map(arb, radii), strict=True)], True)
    values, _ = given.system(middle, False)
    step = arb_mat(jacobian).solve(arb_mat([[v] for v in values])).entries()
    if not all(bool(abs(s) < arb(r)) for s, r in zip(step, radii, strict=True)):
        refuse("Newton's step leaves the box")
    point.ball = [m - s for m, s in zip(middle, step, strict=True)]
    point.jacobian = jacobian
    if not point.holds(point.ball):
        refuse("the zero is not proved to lie within the radius")


def _by_roots(given: Given, points: list[Point]) -> int | None:
    """Every real root of the numerator is one claimed point or outside the domain; the number of complex roots."""
    whole = [f for f in given.quotients() if not f.top.is_zero()]
    if len(given.unknowns) != 1 or not whole:
        refuse("roots are listed for one unknown and an equation that is not zero everywhere")
    common = whole[0].top
    for f in whole[1:]:
        common = common.gcd(f.top)
    left, total = list(points), 0
    for factor, _ in dense(common).factor()[1]:
        if given.defined_nowhere_on(factor):
            continue
        for ball in enclosed_roots(factor):
            total += 1
            if not ball.imag.is_zero() or not given.inside([ball.real], _on(factor)):
                continue
            owner = next((p for p in left if p.holds([ball.real])), None)
            if owner is None:
                refuse(f"the real root near {ball.real.str(15, radius=False)} is not among the points")
            owner.ball = [ball.real]
            left.remove(owner)
    if left:
        refuse(f"{len(left)} of the points are no roots, or the same one twice")
    whole_plane = not given.relations and all(op == "!=" for t in given.trees for (op, *_), _ in requirements(t))
    return total if whole_plane else None


def _on(factor: fmpz_poly) -> Callable[[Quotient], bool]:
    """What is zero at every root of an irreducible polynomial."""

    def vanishes(f: Quotient) -> bool:
        top, bottom = dense(f.top), dense(f.bottom)
        return divides(factor, top) and not divides(factor, bottom)

    return vanishes


def _by_linear(given: Given, points: list[Point]) -> int:
    k = len(given.unknowns)
    rows, sides = list[list[fmpq]](), list[fmpq]()
    for f in given.quotients():
        if f.bottom.total_degree() > 0 or f.top.total_degree() > 1:
            refuse("the gradient is not linear")
        row, side = [fmpq(0)] * k, fmpq(0)
        for exponents, c in f.top.terms():
            if any(exponents):
                row[[int(e) for e in exponents].index(1)] = c
            else:
                side = -c
        rows.append(row)
        sides.append(side)
    exact = _exact(points[0], given.unknowns) if len(points) == 1 else []
    if not exact or any(
        sum((a * v for a, v in zip(row, exact, strict=True)), fmpq(0)) != b for row, b in zip(rows, sides, strict=True)
    ):
        refuse("a linear system needs one exact point that solves it")
    if fmpq_mat(rows).rank() != k:
        refuse("the linear system has more than one solution")
    points[0].ball = [arb(v) for v in exact]
    if not points[0].holds(points[0].ball):
        refuse("the exact point is not within the radius")
    return 1


# -- what is said of them ----------------------------------------------------------------------------------------


def _exact(point: Point, unknowns: list[str]) -> list[fmpq]:
    exact = fields(point.said.get("exact"), tuple(unknowns))
    return [rational(exact[x], "exact") for x in unknowns]


def _said(given: Given, point: Point, method: str) -> None:
    """The inertia, the loss and the exact values claimed of a point whose ball is proved."""
    values = dict(zip(given.unknowns, point.ball, strict=True))
    if "exact" in point.said:
        exact = _exact(point, given.unknowns)
        for f in given.quotients():
            if value_at(f.bottom, exact) == 0 or value_at(f.top, exact) != 0:
                refuse("the exact values are no critical point")
        if not point.holds([arb(v) for v in exact]):
            refuse("the exact point is not within the radius")
    if "loss" in point.said:
        loss = fields(point.said["loss"], ("numeric", "radius"))
        centre, radius = decimal(loss["numeric"], "loss"), decimal(loss["radius"], "radius")
        if given.loss is None or not abs(evaluate(given.loss, values, given.columns) - arb(centre)) <= arb(radius):
            refuse("the loss at a point is not within its radius")
    if "inertia" in point.said:
        claimed = tuple(integer(v, "inertia") for v in sequence(point.said["inertia"], "inertia", 3))
        if given.loss is None:
            refuse("inertia needs a loss")
        k = len(given.unknowns)
        if method == "linear":  # the second derivatives are exact numbers
            exact_rows = [
                [
                    f.top.derivative(j).leading_coefficient() if not f.top.derivative(j).is_zero() else fmpq(0)
                    for j in range(k)
                ]
                for f in given.quotients()
            ]
            found = inertia([[arb(v) for v in row] for row in exact_rows]) or inertia(exact_rows)
        else:
            found = _inertia_in(given, point)
            if found is None and method == "roots":
                f = given.quotients()[0]
                if (f.top.gcd(f.top.derivative(0))).total_degree() > 0:
                    found = _flat(f, point)
        if found is None or found != claimed:
            refuse(f"the inertia is {found or 'open'}, not {claimed}")


def _flat(f: Quotient, point: Point) -> tuple[int, int, int] | None:
    """(0, 0, 1) when the point is a multiple root of the gradient's numerator."""
    for factor, times in dense(f.top).factor()[1]:
        if times > 1 and any(point.holds([r.real]) and r.imag.is_zero() for r in enclosed_roots(factor)):
            return (0, 0, 1)
    return None


def inertia_at(given: Given, ball: list[arb]) -> tuple[int, int, int] | None:
    """The signs of the Hessian of the loss, the same at every point of the ball; None where they are open."""
    return inertia(given.system(ball, True)[1])


def _inertia_in(given: Given, point: Point) -> tuple[int, int, int] | None:
    """The same at a point, whose wider box has its Jacobian already."""
    return (inertia(point.jacobian) if point.jacobian else None) or inertia_at(given, point.ball)


# -- that there are no others ------------------------------------------------------------------------------------


def _complete(given: Given, points: list[Point], how: dict[str, Json], box: Json) -> tuple[int | None, str]:
    """The number of complex zeros where it comes out, and the words for the region; refused when not proved."""
    method = text(how["method"], "method", 20)
    if method == "cover":
        sides = fields(box, tuple(given.unknowns))
        ends = [[decimal(v, "box") for v in sequence(sides[x], "box", 2)] for x in given.unknowns]
        if any(low > high for low, high in ends):
            refuse("an end of the box is on the wrong side of the other")
        leaves = iter(text(how["leaves"], "leaves"))
        _cover(given, points, [(low, high) for low, high in ends], leaves, 0)
        if next(leaves, None) is not None:
            refuse("leaves are left over")
        words = ", ".join(f"{low} <= {x} <= {high}" for x, (low, high) in zip(given.unknowns, ends, strict=True))
        return None, f" with {words}"
    if box is not None:
        refuse("a box goes with the method cover")
    if method == "convex":
        if (
            given.loss is None
            or len(points) != 1
            or curvature(given.loss, set(given.unknowns), {}, given.columns) not in (CONVEX, AFFINE)
        ):
            refuse("the loss is not convex by the rules known here, or has not one point")
        return None, ""
    quotients = given.quotients()
    if any(not f.bottom.is_constant() for f in quotients):
        refuse("the equations are not polynomial")
    system = [f.top for f in quotients]
    left, gone = without_solved(system, how.get("solved", []))
    if method == "bezout":
        if len(system) != len(given.unknowns):
            refuse("a product of degrees needs as many equations as unknowns")
        bound = 1
        for f in left:
            if f.is_zero():
                refuse("an equation is zero everywhere")
            bound *= int(f.total_degree())
    elif method == "multiples":
        free = [i for i in range(len(given.unknowns)) if i not in gone]
        bound = zeros_at_most(left, free, how["standard"], how["multiples"])
    else:
        refuse(f"unknown method {method!r}")
    others = [_complex_zero(given, system, o) for o in sequence(how.get("others", []), "others", 5000)]
    boxes = [[acb(b) for b in p.ball] for p in points] + others + [[b.conjugate() for b in z] for z in others]
    if any(not _apart(u, v) for i, u in enumerate(boxes) for v in boxes[:i]):
        refuse("two of the zeros may be the same")
    if len(boxes) != bound:
        refuse(f"{len(boxes)} zeros, and up to {bound} are possible")
    return bound, ""


def _apart(u: list[arb] | list[acb], v: list[arb] | list[acb]) -> bool:
    return any(not (a - b).contains(0) for a, b in zip(u, v, strict=True))


def _complex_zero(given: Given, system: list[fmpq_mpoly], value: Json) -> list[acb]:
    said, k = fields(value, ("numeric", "radius")), len(given.unknowns)
    numeric, radius = fields(said["numeric"], tuple(given.unknowns)), arb(decimal(said["radius"], "radius"))
    pairs = [[arb(decimal(v, "numeric")) for v in sequence(numeric[x], "numeric", 2)] for x in given.unknowns]
    middle = [acb(re, im) for re, im in pairs]
    ball = [acb(arb(re, radius), arb(im, radius)) for re, im in pairs]
    jacobian = acb_mat([[value_at(f.derivative(i), ball, acb) for i in range(k)] for f in system])
    step = jacobian.solve(acb_mat([[value_at(f, middle, acb)] for f in system])).entries()
    if not all(bool(abs(s.real) < radius) and bool(abs(s.imag) < radius) for s in step):
        refuse("Newton's step leaves the box of a complex zero")
    return [m - s for m, s in zip(middle, step, strict=True)]


def _cover(given: Given, points: list[Point], box: list[tuple[fmpq, fmpq]], leaves: Iterator[str], depth: int) -> None:
    mark = next(leaves, "")
    if mark in DIGITS and mark and DIGITS.index(mark) < len(box) and depth < 200:
        i = DIGITS.index(mark)
        low, high = box[i]
        middle = (low + high) / 2
        for half in ((low, middle), (middle, high)):
            _cover(given, points, [*box[:i], half, *box[i + 1 :]], leaves, depth + 1)
        return
    middle = [arb((low + high) / 2) for low, high in box]
    radii = [(high - low) / 2 for low, high in box]
    ball = [arb(m, arb(r)) for m, r in zip(middle, radii, strict=True)]
    values, jacobian = given.system(ball, mark in "MNU")
    if mark == "E" and any(not v.contains(0) for v in values):
        return
    if mark in ("M", "N"):
        at_middle, _ = given.system(middle, False)
        if mark == "M" and any(
            not (v + sum((d * (b - m) for d, b, m in zip(row, ball, middle, strict=True)), arb(0))).contains(0)
            for v, row in zip(at_middle, jacobian, strict=True)
        ):
            return
        if mark == "N":
            step = arb_mat(jacobian).solve(arb_mat([[v] for v in at_middle])).entries()
            if any(bool(abs(s) > arb(r)) for s, r in zip(step, radii, strict=True)):
                return
    if (
        mark == "U"
        and any(all(bool(abs(b - m) <= arb(r)) for b, m, r in zip(p.ball, middle, radii, strict=True)) for p in points)
        and not arb_mat(jacobian).det().contains(0)
    ):
        return
    refuse(f"a leaf of the cover does not hold: {mark!r}")


# -- convexity by composition ------------------------------------------------------------------------------------
