"""The gradient of a loss, or equations, as rational functions, and what is zero at a point."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

from flint import fmpq_mpoly

from closedform.kernel.algebra.rational import NotRational, Quotient, quotient
from closedform.kernel.claims.critical_points import Given, Vanishes
from closedform.kernel.expressions.derivatives import differentiate
from closedform.kernel.expressions.domain import requirements
from closedform.kernel.expressions.tree import Tree, free_names


@lru_cache(maxsize=8)
def quotients(given: Given) -> list[Quotient]:
    """The gradient (or the equations) as reduced rational functions; refused when they are none."""
    if given.loss is None:
        return [quotient(e, given.unknowns, given.columns) for e in given.equations]
    try:
        whole = quotient(given.loss, given.unknowns, given.columns)
    except NotRational:  # logarithms, whose derivatives are rational all the same
        return [quotient(differentiate(given.loss, x), given.unknowns, given.columns) for x in given.unknowns]
    return [whole.derivative(i) for i in range(len(given.unknowns))]


@lru_cache(maxsize=8)
def poles(given: Given) -> tuple[list[fmpq_mpoly], bool]:
    """The polynomials that must not be zero, as the trees are written, in any row of sums; whether that is all they ask."""
    out, every = dict[str, fmpq_mpoly](), True
    for (op, left, _), inside in (need for t in given.trees for need in requirements(t)):
        every = every and op == "!="
        for at in given.rows(inside, {}, {}) if op == "!=" and free_names(left) & {*given.unknowns} else ():
            top = quotient(left, given.unknowns, given.columns, at).top
            out |= {} if top.is_constant() else {str(top): top}
    return [*out.values()], every


def vanishing(given: Given, zero: Callable[[Quotient], bool]) -> Vanishes:
    """Whether a tree is zero, where that of a rational function is known."""

    def vanishes(tree: Tree, at: Mapping[str, int]) -> bool:
        try:
            return zero(quotient(tree, given.unknowns, given.columns, at))
        except NotRational:
            return False

    return vanishes
