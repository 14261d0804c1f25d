"""Theorems on matrices and on tables that are too large for exact arithmetic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from closedform.report.theorems.formulas import ALBERT
from closedform.report.theorems.words import Theorem, coordinates, when

CONVEX_RULES = "Boyd and Vandenberghe, Convex Optimization, 2004, sections 3.1 and 3.2"
CONVEX = "Boyd and Vandenberghe, Convex Optimization, 2004, sections 3.1 and 4.2.3"
_MEANS = {
    "rewritten": "the equations rewrite to zero for all sizes",
    "kronecker": "by vec(L U R) = (R' (x) L) vec(U)",
    "inverted": "the collected terms are inverted",
}


def _errors(errors: Mapping[str, str]) -> str:
    return f"the standard errors by the inverse of the Hessian are {coordinates(errors)}"


def _stationary(constrained: bool, formula: str, conditions: Sequence[str], means: str) -> str:
    where = " on the constraints" if constrained else ""
    return f"the loss is stationary{where} at {formula}{when(conditions)}: {_MEANS[means]}"


def _least(reason: str) -> str:
    return f"this point is a global minimum: {reason}"


def _convex(unknowns: str, strict: Sequence[str] | None) -> str:
    sentence = f"the loss is convex in {unknowns}, so that every critical point is a global minimum"
    if strict is None:
        return sentence
    condition = f"when {' and '.join(strict)}, " if strict else ""
    return f"{sentence}; {condition}it is strictly convex and has at most one"


def _family(family: str, free: Mapping[str, str], conditions: Sequence[str] = ()) -> str:
    any_ = " and ".join(
        f"{z} any {'number' if size == '1 x 1' else f'{size} matrix'}".replace(" x 1 matrix", " column")
        for z, size in free.items()
    )
    zero = ", ".join(f"{z} = 0" for z in free)
    return f"the minimisers form an affine family{when(conditions)}: {family}, with {any_}; the formula is the one with {zero}"


def _constant_slope(reason: str, open_set: bool, exceptions: Sequence[str] = ()) -> str:
    return f"{reason}, {'nor a minimum in the open set' if open_set else 'and the loss has no lower bound'}"


def _no_lower_bound(kind: str) -> str:
    if kind == "maximum":
        return "the loss is concave: this point is a global maximum, and there is no lower bound"
    return "the loss is quadratic and curved both ways (in sizes of 2 and more): a saddle, and there is no lower bound"


MATRICES: dict[str, Theorem] = {
    "stationary matrices": Theorem(_stationary, "Magnus and Neudecker, Matrix Differential Calculus, 1988"),
    "stationary at random matrices": Theorem(
        "the same, evaluated at random matrices modulo primes past 2^60 by the kernel's own dual numbers"
    ),
    "global minimum of the matrices": Theorem(_least, CONVEX),
    "gradient never zero": Theorem("{reason}", "Fermat", topic="no minimum"),
    "affine family of minimisers": Theorem(
        _family, "Penrose, Proc. Cambridge Phil. Soc. 51 (1955), theorem 2", topic="family"
    ),
    "constant slope": Theorem(_constant_slope, "Fermat", topic="no minimum"),
    "no lower bound": Theorem(
        _no_lower_bound, "Boyd and Vandenberghe, Convex Optimization, 2004, appendix A.5.4", topic="no minimum"
    ),
    "convex in the matrices": Theorem(_convex, CONVEX_RULES, topic="convex"),
    "least-norm family": Theorem(
        "if {design} lacks full column rank, the minimisers are the family a+ + v with v in the null space of the design; "
        "the least-norm one a+ is the pseudoinverse of the design times the target, and the emitted solver returns it with "
        "a warning",
        "Bjoerck, Numerical Methods for Least Squares Problems, 1996, theorem 1.2.10",
    ),
    "increasing function of a smaller loss": Theorem(
        "the loss is a strictly increasing function of a smaller loss, wherever it is defined, and has the same minimisers",
        "Boyd and Vandenberghe, Convex Optimization, 2004, section 4.1.3",
    ),
    "closed in the class spectral": Theorem(
        "eigenvectors and singular vectors of general matrices of size 5 and more are not radicals of the entries; the "
        "formula is closed in the class spectral",
        "Abel 1826; Galois 1832",
    ),
    "not beaten by neighbours": Theorem(
        "run on random data with {sizes} in double precision, the formula was not beaten by {neighbours} feasible "
        "neighbours"
    ),
    "normal equations of the rows": Theorem(
        "the stationarity system is the linear system ({matrix}) a = X'*y of the {rows:,} rows, X the columns that multiply "
        "the unknowns; where X has full column rank its one solution is the global minimiser, because the loss is a convex "
        "quadratic",
        "Gauss 1809; Å. Björck, Numerical Methods for Least Squares Problems, SIAM 1996, 1.1",
    ),
    "streamed floating point": Theorem(
        "computed in streamed floating point ({method}): condition number of the column-scaled X about {condition:.3g}, "
        "about {digits:.0f} digits to trust; no error radius is proved on this path"
    ),
    "dependent columns": Theorem(
        "the columns depend on each other to working precision ({relations}): the minimisers form a family; the one of "
        "least norm is given"
    ),
    "minimiser within rounding bounds": Theorem(
        "the loss is strictly convex, and its unique minimiser lies within the radii given: bounds of every rounding, of "
        "the least eigenvalue of the Hessian and of its change around the point",
        "F. Bach, Electron. J. Stat. 4 (2010) 384-414; S. M. Rump, BIT 46 (2006) 433-452",
    ),
    "rows as binary64 numbers": Theorem(
        "the numbers are for the {rows:,} rows as binary64 numbers; decimals of the file were rounded once, and more digits "
        "than these need a table small enough for exact arithmetic"
    ),
    "standard errors": Theorem(_errors),
    "labels separated in every row": Theorem(
        "there is no finite minimiser: the direction ({direction}) separates the labels strictly in every row, beyond all "
        "rounding",
        ALBERT,
    ),
}
