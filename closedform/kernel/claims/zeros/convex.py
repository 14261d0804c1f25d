"""No other critical point, as the loss is convex: at the one point Newton's test shows a regular Hessian."""

from __future__ import annotations

from closedform.kernel.claims.critical_points import Given, Point
from closedform.kernel.expressions.convexity import AFFINE, CONVEX, curvature
from closedform.kernel.reading import Json, refuse


def complete(given: Given, points: list[Point], how: dict[str, Json], box: Json) -> tuple[None, str]:
    """Every term of the loss is convex by composition rules."""
    if box is not None:
        refuse("a box goes with the method cover")
    unknowns = set(given.unknowns)
    if (
        given.loss is None
        or len(points) != 1
        or curvature(given.loss, unknowns, {}, given.columns) not in (CONVEX, AFFINE)
    ):
        refuse("the loss is not convex by the rules known here, or has not one point")
    return None, ""
