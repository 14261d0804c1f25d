"""Theorems on critical points and solutions: which there are, which is least, and how an unknown was taken out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from closedform.points import interval
from closedform.report.theorems.words import Theorem, coordinates, critical_points, short_text, there_are, unless

BEZOUT = "Fulton, Intersection theory, 8.4.6"
JOHN = "F. John, Extremum problems with inequalities as subsidiary conditions, 1948"
KUHN = "S. Boyd, L. Vandenberghe, Convex Optimization, 2004, section 5.5.3"


def _translates(shifts: Sequence[Any]) -> str:
    return f"the points stand for all their translates by {', '.join(map(_shift, shifts))}"


def _between_kinks(breaks: Sequence[Any]) -> str:
    return (
        f"the loss is smooth between {', '.join(map(short_text, breaks))}; on each piece the sign of its derivative is "
        "known between all its zeros, so these are all its local extrema"
    )


def _sets(sets: Sequence[str]) -> str:
    return f"{'; '.join(sets)}: a set of points, which is not counted"


def _roots_that_vanish(roots: Sequence[Any]) -> str:
    return (
        f"where {', '.join(short_text(r) for r in roots)} vanish{'es' if len(roots) == 1 else ''} the loss has no "
        "gradient; its slope in every direction was compared with zero there"
    )


def _roots_named(roots: Sequence[tuple[Any, Any]]) -> str:
    return f"with {', '.join(f'{s} = {short_text(r)}' for s, r in roots)} the equations are polynomials"


def _least_corners(flat: bool) -> str:
    return "the loss is convex, linear between its kinks, and falls along no edge that leaves a point listed: " + (
        "its minimisers are the convex combinations of these points" if flat else "this is its only minimiser"
    )


def _falls(corner: Mapping[Any, Any], way: Sequence[Any]) -> str:
    return (
        "the loss has no lower bound: it falls along the ray from "
        f"{', '.join(f'{u} = {v}' for u, v in corner.items())} in the direction ({', '.join(map(str, way))}), which meets no "
        "further kink that stops it"
    )


def _linear_forms(forms: Sequence[Any]) -> str:
    return (
        f"the loss is a sum of functions of one of {', '.join(short_text(f) for f in forms)} each, and these are "
        "independent: each is critical by itself"
    )


def _solutions(why: str) -> Theorem:
    def sentence(complex: int, real: int) -> str:
        count = f"{complex} distinct complex solution{'' if complex == 1 else 's'}, {real} of them real"
        return f"the stationarity system has {count}: each is proved by substitution; no others, {why}"

    return Theorem(sentence, BEZOUT if "Bezout" in why else "")


def _not_convex(points: int) -> str:
    return f"the loss is not convex: at {points} of its critical points the Hessian has a negative eigenvalue"


def _exactly(count: int, bounded: bool) -> str:
    where = " in the domain" if bounded else ""
    return f"{there_are(count)}{where}, enclosed as listed" if count else f"{there_are(0)}{where}"


def _enclosed(count: int, complete: bool) -> str:
    if complete:
        return f"{there_are(count)}, as listed"
    return f"within each stated radius lies a critical point: {critical_points(count, real=True)}, as listed"


def _in_box(box: Sequence[tuple[str, str, str]], count: int) -> str:
    sides = " and, ".join(f"{low} <= {x} <= {high}" for x, low, high in box)
    return f"in the box {sides} there {'is' if count == 1 else 'are'} {critical_points(count)} and no more"


def _in_a_box(count: int) -> str:
    many = "is one solution" if count == 1 else f"are {count} solutions"
    return f"in a box that holds the domain there {many} and no more"


def _radii(where: str, count: int) -> str:
    return f"within each stated radius{where} lies a critical point: {critical_points(count)}"


def _covered(complete: bool) -> str:
    rest = "" if complete else ", and whether one near the edge lies inside is open"
    return f"the bounded domain was covered by boxes; each holds no solution or exactly one{rest}"


def _cells(edges: bool) -> str:
    rest = ", with its faces, edges and corners" if edges else ""
    return f"every cell between the kinks was solved by itself{rest}"


def _no_other(why: str, exceptions: Sequence[object] = ()) -> str:
    return f"no other real critical point exists in the domain{unless(exceptions)}: {why}"


def _no_zero(what: str, why: str, exceptions: Sequence[object] = ()) -> str:
    but = unless(exceptions)
    return f"the {what} has no real zero in the domain{',' if but else ''}{but}: {why}, and none is left"


def _nowhere(what: str, part: str = "", relation: bool = False) -> str:
    if relation:
        return f"no values are admissible: {part} holds nowhere"
    return f"the {what} is defined nowhere{f': {part} is real for no admissible values' if part else ''}"


def _infimum(infimum: str, where: str) -> str:
    value = f"infimum {infimum} of the loss" if infimum else "infimum of the loss"
    return f"the {value} is not attained{f'; it is the limit{where}' if where else ''}"


def _multipliers(points: Sequence[tuple[Mapping[str, str], Mapping[str, str]]]) -> str:
    rows = (f"at {coordinates(at)}: {', '.join(f'{m} of {g}' for g, m in of.items())}" for at, of in points)
    return f"the multipliers of the bounds that are met are, {'; '.join(rows)}"


def _search(point: Mapping[str, str], loss: str, downhill: bool) -> str:
    if downhill:
        return (
            f"a search in floating point went on downhill to {coordinates(point)}, loss {loss}: there may be no minimum"
        )
    return f"the least loss that a search in floating point found is {loss}, at {coordinates(point)}"


def _vanishes(point: Mapping[str, object]) -> str:
    return f"{coordinates(point)} makes every derivative zero"


def _reversible(point: Mapping[str, object]) -> str:
    return f"{coordinates(point)} solves the system, by steps that can be reversed under its conditions"


def _kept(point: Mapping[str, object]) -> str:
    return (
        f"{coordinates(point)} solves the system, by steps that keep its solutions, and makes every derivative zero in "
        "ball arithmetic"
    )


def _kuhn_tucker(active: str, strict: bool) -> str:
    return (
        "the loss is a convex quadratic and the constraints are linear: a feasible point where the gradient is a "
        f"combination of those of the active constraints{f' ({active})' if active else ''}, with multipliers that are not "
        f"negative, is a global minimiser{', the only one because the Hessian is positive definite' if strict else ''}"
    )


def _bounds(edges: Sequence[tuple[object, object, bool]]) -> str:
    return "; ".join(
        f"the loss {'rises' if rises else 'falls'} strictly in {u} on the whole domain, so at a minimum {u} = "
        f"{short_text(edge)}, its bound, with a positive multiplier"
        for u, edge, rises in edges
    )


def _interval(low: object, high: object, kind: str) -> str:
    return (
        f"the loss is constant on an interval: any value in {interval(short_text(low), short_text(high))} is "
        f"{kind if kind == 'degenerate' else f'a {kind}'}, listed by its ends"
    )


def _squares(least: object) -> str:
    more = f" plus {short_text(least)}" if least else ""
    return f"the loss is a sum of squares{more} and takes the value {short_text(least)} at the global minimum"


def _shift(shift: Mapping[str, object]) -> str:
    if len(shift) == 1:
        ((u, by),) = shift.items()
        return f"{short_text(by)} in {u}"
    return f"({', '.join(map(short_text, shift.values()))}) in ({', '.join(shift)})"


def _statistics(names: Mapping[str, str]) -> str:
    listed = ", ".join(f"{k} = {v}" for k, v in names.items())
    if not listed:
        return "the gradient does not depend on single data"
    return f"the data enter the gradient only through {listed}"


POINTS: dict[str, Theorem] = {
    # how many, and whether all
    "no zero in the domain": Theorem(_no_zero),
    "defined nowhere": Theorem(_nowhere, topic="nowhere"),
    "no zero of the gradient in the domain": Theorem(
        "no zero of the gradient lies in the domain of the loss as written"
    ),
    "no other point": Theorem(_no_other),
    "further points are open": Theorem("whether there are further critical points is open"),
    "further points are not proved absent": Theorem(
        "whether there are other critical points is open: the list is not proved to be complete"
    ),
    "nothing about other points": Theorem("about critical points that are no global minimisers nothing is claimed"),
    "turns are not listed": Theorem(
        "further critical points come from whole turns of the circular functions, and are not listed"
    ),
    "translates by the period": Theorem(
        "the points stand for all their translates by the period {period}", topic="period"
    ),
    "translates of each unknown": Theorem(_translates, topic="period"),
    "withdrawn": Theorem("what was found did not stand up to the text of the problem and was withdrawn"),
    "exactly these points": Theorem(_exactly),
    "points enclosed": Theorem(_enclosed),
    "points within their radii": Theorem(_radii),
    "points of the box": Theorem(_in_box),
    "points of a box that holds the domain": Theorem(_in_a_box),
    "no other point in the box": Theorem("the box holds no other critical points"),
    "covered by boxes": Theorem(_covered),
    "every cell was solved": Theorem(_cells),
    "every solution of the line": Theorem(
        "no other solution lies in the domain: between those listed the equation keeps its sign, by balls on bounded "
        "intervals and by its growth at the ends"
    ),
    "every critical point of the line": Theorem(
        "every critical point in the domain is listed: between neighbours, and up to each end, the slope keeps its sign, "
        "by balls on bounded intervals and by its growth at the ends"
    ),
    "every extremum between the kinks": Theorem(_between_kinks),
    "multipliers": Theorem(_multipliers),
    "every point of John": Theorem(
        "all points of {parts} where the gradients of the loss and of the active constraints are linearly dependent were "
        "found",
        JOHN,
    ),
    "faces searched": Theorem("{parts} were searched, not all of them to the end"),
    "no point of any face": Theorem("no point of any face, edge or corner of the domain is critical, nor any inside"),
    "elimination leaves none": Theorem("elimination that keeps every solution leaves none in the domain"),
    "sets of critical points": Theorem(_sets),
    # equations
    "the gradient vanishes": Theorem(_vanishes),
    "steps that can be reversed": Theorem(_reversible),
    "steps that keep the solutions": Theorem(_kept),
    "regular linear gradient": Theorem("the gradient is linear with a regular matrix: it has this one zero"),
    "determinant is not zero": Theorem(
        "the equations are linear with the determinant {determinant}, which is not zero"
    ),
    "linear equations contradict each other": Theorem(
        "the linear equations contradict each other (row reduction over Q): there is no critical point"
    ),
    "affine family": Theorem("the critical points are this affine family of dimension {dimension}"),
    "no complex solution": Theorem("the stationarity system has no complex solution"),
    "solutions, by the product of the degrees": _solutions("as many as the product of the degrees (Bezout)"),
    "solutions, by multiples of the equations": _solutions(
        "as multiples of the equations reduce every polynomial to as many monomials"
    ),
    "solutions, by two engines": _solutions("by two engines: a Groebner basis over Q, and one modulo a prime"),
    "solutions, modulo two primes": _solutions("by Groebner bases modulo two primes"),
    "solutions, modulo one prime": _solutions("by a Groebner basis modulo one prime"),
    # smaller problems
    "a constraint gives an unknown": Theorem(
        "the constraint gives {unknown} = {value}, so the problem is one without it"
    ),
    "profile": Theorem(
        "at every critical point {unknown} = {value}, so the others are critical points of the profile of the loss"
    ),
    "roots that vanish": Theorem(_roots_that_vanish),
    "least corners": Theorem(_least_corners),
    "rises along every edge": Theorem(
        "the loss is convex, and at the point listed it rises along every edge of the cells between its kinks: this is its "
        "only minimiser"
    ),
    "falls along an edge": Theorem(_falls),
    "linear forms as unknowns": Theorem(_linear_forms),
    "roots as unknowns": Theorem(_roots_named),
    "a block of its own": Theorem(
        "the loss is a part without {unknown} plus a positive multiple of {block}, so {unknown} is critical for that alone"
    ),
    "sufficient statistics": Theorem(_statistics),
    # shape, and which point is least
    "not convex": Theorem(_not_convex),
    "positive definite quadratic": Theorem(
        "the loss is a quadratic polynomial with a positive definite Hessian: strictly convex"
    ),
    "positive semidefinite quadratic": Theorem(
        "the Hessian is positive semidefinite: the loss is convex, each point of the family is a global minimum"
    ),
    "convex with one critical point": Theorem(
        "the loss is convex, and at the critical point listed its Hessian is positive definite: it is the only critical "
        "point and the global minimum"
    ),
    "convex by composition with one critical point": Theorem(
        "the loss is convex on its domain, by composition of convex functions, and its Hessian is positive definite at "
        "the critical point listed: it is the only one and the global minimum"
    ),
    "strictly convex by cases": Theorem(
        "the loss is strictly convex on each piece and its kinks open upwards, so it is strictly convex: the case that "
        "holds gives its one minimiser"
    ),
    "global minimum": Theorem("{reason}"),
    "least of the points": Theorem("{reason}: the point of least loss listed is the global minimum"),
    "greatest of the points": Theorem(
        "with the sign of the loss turned, {reason}: the point of greatest loss listed is the global maximum"
    ),
    "least of the critical points and ends": Theorem(
        "between neighbouring critical points the slope keeps its sign, so the loss is least at one of them or at an end "
        "of the domain that belongs to it; their losses were compared"
    ),
    "solutions in integers": Theorem("of all solutions over the reals those in integers are listed"),
    "least of the integers": Theorem(
        "{unknown} is an integer: the loss is monotone between the critical points of its extension to the reals, so it "
        "is least at an integer next to one of its minima or to an end; these were compared"
    ),
    "least beside the limits at the ends": Theorem(
        "the loss is nowhere less than at its minimum: the limits at all open ends of its domain are not less"
    ),
    "falls before and rises after the critical points": Theorem(
        "the loss falls before the first and rises after the last critical point of each interval of its domain, so it "
        "has a global minimum, at the critical point of least loss"
    ),
    "falls before and rises after the points": Theorem(
        "before the first of them the loss does not rise, and after the last it does not fall: the least is the global "
        "minimum"
    ),
    "constant on an interval": Theorem(_interval, topic="interval"),
    "convex with sorted kinks": Theorem(
        "the loss is convex: a sum of {count:,} kinks with positive weights and of a parabola or a line; its slope, in "
        "exact arithmetic along the sorted kinks, changes its sign at the minima listed and nowhere else"
    ),
    "monotone on each piece": Theorem("the loss is strictly monotone on each piece and has no kink that opens upwards"),
    "coercive": Theorem(
        "the loss tends to infinity ({reason}), so it has a global minimum, at the critical point of least loss"
    ),
    "sum of squares": Theorem(_squares),
    "bounds of the terms": Theorem(
        "the loss is at least {value}: its terms are bounded by their form, and exactly at the points listed all bounds "
        "are met at once, so these are the global minimisers"
    ),
    "infimum not attained": Theorem(_infimum, topic="no minimum"),
    "unbounded below": Theorem("the loss is unbounded below{where}", topic="no minimum"),
    "no minimum without a critical point": Theorem(
        "the loss is smooth on an open domain, so its minimum would be a critical point, and there is none",
        topic="no minimum",
    ),
    "no critical point is a minimum": Theorem(
        "the loss is smooth on an open domain, so its minimum would be a critical point, and each of these is a saddle or "
        "a maximum",
        topic="no minimum",
    ),
    "lower than every critical point": Theorem(
        "the loss is smooth on an open domain, so its minimum would be a critical point, and{where} it falls below its "
        "values at all of them",
        topic="no minimum",
    ),
    "least loss of a search": Theorem(_search, topic="search"),
    # edges
    "edges are not listed": Theorem(
        "for data where the minimum lies on a closed edge of the domain it is not listed: those edges were not looked at"
    ),
    "monotone up to the edge": Theorem(
        "the loss {way} strictly on the whole domain, so its minimum is at the edge {unknown} = {edge}, with the "
        "multiplier of that bound positive"
    ),
    "monotone in unknowns up to their bounds": Theorem(_bounds),
    "one dip, clipped": Theorem(
        "the loss has one dip also beyond the closed bounds, at a point that is known: between them the minimiser is that "
        "point, or the bound next to it, with the multiplier's sign right"
    ),
    "vertex, clipped": Theorem(
        "a strictly convex quadratic between bounds falls to its vertex and rises after it: the minimiser is the vertex, "
        "clipped"
    ),
    "Karush-Kuhn-Tucker for a quadratic": Theorem(_kuhn_tucker, KUHN),
}
