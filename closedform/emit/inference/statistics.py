"""What a statistician asks of a least-squares fit: standard errors, tests, intervals, R^2, F, the likelihood.

Definitions are those of statsmodels (OLS and WLS) and of R where both agree: the errors are independent with variance
sigma^2 / weight, R^2 is about the mean where the design has a constant column and about zero where it has none, AIC and
BIC count the coefficients only. A row of weight zero is no row (as in R). Robust covariances are those of White (1980)
and MacKinnon and White (1985): HC0, HC1 = HC0 n/(n - p), HC2 and HC3 with the residual over (1 - h)^(1/2) and (1 - h),
h the leverage.
"""

# a capital letter is a matrix, which a later step may replace
# pyright: reportConstantRedefinition=false

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from closedform.emit.inference.distributions import fisher_upper, student_quantile, student_two_sided
from closedform.emit.least_squares import EPSILON, LeastSquares
from closedform.emit.linear.moments import Block, Moments
from closedform.emit.linear.passes import Rows
from closedform.errors import CallError, InputError
from closedform.frozen import record

Array = NDArray[np.float64]

KINDS = ("nonrobust", "HC0", "HC1", "HC2", "HC3")
FULL = 1e-10  # distance of a leverage from one, below which its row is fitted whatever y is
SAME = 1e-8  # how nearly the rows of a robust covariance must give the moments of the fit


@record
class FitStatistics:
    """One output of a fit. What does not exist is nan, and ``notes`` has a sentence that says why.

    ``names`` has "intercept" first where there is one; arrays follow it. ``coefficients`` to ``p_values`` have p
    entries, ``intervals`` p x 2 (at ``level``), ``covariance`` p x p. ``rows`` counts the rows of positive weight,
    ``model_degrees`` the columns beside the constant, ``residual_degrees`` is rows - rank. ``kind`` is the covariance
    that was asked for; t and F come from it, and their p values from Student's t and F (of the normal distribution and
    F with ``student`` False).
    """

    names: tuple[str, ...]
    coefficients: Array
    standard_errors: Array
    t_values: Array
    p_values: Array
    intervals: Array
    covariance: Array
    level: float
    kind: str
    student: bool
    rows: int
    model_degrees: int
    residual_degrees: int
    constant: bool
    weighted: bool
    sigma: float
    residual_sum_of_squares: float
    total_sum_of_squares: float
    r_squared: float
    adjusted_r_squared: float
    f_value: float
    f_p_value: float
    log_likelihood: float
    aic: float
    bic: float
    condition: float
    notes: tuple[str, ...]

    def __str__(self) -> str:
        return _table(self)


def statistics(
    fit: LeastSquares,
    names: Sequence[str] | None = None,
    *,
    output: int = 0,
    penalty: float = 0.0,
    kind: str = "nonrobust",
    level: float = 0.95,
    student: bool = True,
    rows: Rows | None = None,
    intercept: str = "intercept",
) -> FitStatistics:
    """The statistics of one output of a fit; ``rows`` are its rows again, which HC0 to HC3 need.

    ``names`` are those of the columns, ``intercept`` is what the constant is called.

    Raises ``CallError`` on options that make no sense and ``InputError`` on rows that are not those of the fit.
    """
    if kind not in KINDS:
        raise CallError(f"the covariance is one of {', '.join(KINDS)}, not {str(kind)[:20]!r}")
    if not 0 < level < 1:
        raise CallError(f"the level of the intervals is between 0 and 1, not {level:g}")
    if kind != "nonrobust" and rows is None:
        raise CallError(f"{kind} needs the rows, and a fit keeps none: give X and y (and the weights) again")
    s, notes = fit.moments, list[str]()
    k = len(s.gram)
    labels = [str(n) for n in names] if names is not None else [f"x{j + 1}" for j in range(k)]
    slopes = fit.coefficients.reshape(k, -1)[:, output]
    level_of_y = np.asarray(fit.intercept).reshape(-1)[output]
    a = np.concatenate([[level_of_y], slopes]) if s.centred else slopes
    labels = [intercept, *labels] if s.centred else labels
    whole = _sums(fit, output, labels, penalty, notes)
    covariance = _covariance(fit, whole, output, kind, rows, notes)
    errors = np.sqrt(np.diag(covariance))
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(errors > 0, a / errors, np.nan)
    df = whole.residual_degrees
    of_t = float(df) if student else math.inf
    p = np.array([student_two_sided(float(v), of_t) for v in t])
    half = errors * (student_quantile(level, of_t) if df > 0 else math.nan)
    f = _f_value(fit, whole, a, covariance, kind, notes)
    logs, n = _log_likelihood(whole, s), s.used
    parameters = whole.model_degrees + whole.constant
    return FitStatistics(
        names=tuple(labels),
        coefficients=a,
        standard_errors=errors,
        t_values=t,
        p_values=p,
        intervals=np.column_stack([a - half, a + half]),
        covariance=covariance,
        level=level,
        kind=kind,
        student=student,
        rows=n,
        model_degrees=whole.model_degrees,
        residual_degrees=df,
        constant=whole.constant,
        weighted=bool(s.log_weight != 0 or s.weight != s.rows),
        sigma=whole.sigma,
        residual_sum_of_squares=whole.residual,
        total_sum_of_squares=whole.total,
        r_squared=_r_squared(whole),
        adjusted_r_squared=_adjusted(whole, n),
        f_value=f,
        f_p_value=fisher_upper(f, whole.model_degrees, df),
        log_likelihood=logs,
        aic=-2 * logs + 2 * parameters,
        bic=-2 * logs + math.log(n) * parameters,
        condition=fit.condition,
        notes=tuple(notes),
    )


@record
class _Sums:
    residual: float
    total: float
    explained: float
    model_degrees: int
    residual_degrees: int
    constant: bool
    sigma: float
    exact: bool  # the residuals are rounding
    penalised: bool


def _sums(fit: LeastSquares, output: int, labels: list[str], penalty: float, notes: list[str]) -> _Sums:
    s = fit.moments
    rank = fit.rank + (1 if s.centred else 0)
    place = np.flatnonzero(s.constant & (s.low != 0)) if not s.centred else np.zeros(0, dtype=int)
    constant = s.centred or len(place) > 0
    residual, total = float(fit.residual[output]), float(s.square[output])
    slopes = fit.coefficients.reshape(len(s.gram), -1)[:, output]
    explained = float(slopes @ s.gram @ slopes)
    if len(place):
        mean = float(s.moment[place[0], output]) / float(s.low[place[0]])  # the sum of w y
        total = max(0.0, total - mean**2 / s.weight)
        explained = max(0.0, explained - mean**2 / s.weight)
    if residual < 0.5 * total:
        explained = total - residual
    df = s.used - rank
    exact = residual <= float(fit.rounding[output])
    sigma = math.nan
    if penalty > 0:
        notes.append(
            f"ridge = {penalty:g} makes the coefficients biased: standard errors, tests, intervals, the adjusted R^2, "
            "F, the likelihood, AIC and BIC are not those of least squares and are not given"
        )
    elif df <= 0:
        notes.append(
            f"there are no more rows ({s.used}) than independent columns ({rank}): no degree of freedom is left for sigma, "
            "and standard errors, tests, intervals, F and the likelihood do not exist"
        )
    elif exact and not fit.from_rows:
        notes.append(
            "the residuals are too small for the state to tell, whose sums of squares they are the difference of: sigma, "
            "standard errors, tests, F and the likelihood are not given; fit to all rows at once gives them"
        )
    elif exact:
        sigma = 0.0
        notes.append(
            "the residuals are no larger than the rounding of this computation: sigma is taken as 0, and t, F, the "
            "likelihood, AIC and BIC do not exist"
        )
    else:
        sigma = math.sqrt(residual / df)
        known = math.log10(residual / float(fit.rounding[output])) / 2 if fit.rounding[output] > 0 else math.inf
        if known < 4:
            notes.append(f"the residuals are small beside rounding: sigma is known to about {known:.0f} digits or more")
        size = (
            total
            + s.weight * float(s.level[output]) ** 2
            + float((np.diag(s.gram) + s.weight * s.centre**2) @ slopes**2)
        )
        if residual <= EPSILON**2 * size:
            notes.append("the residuals are no larger than the rounding of the data: the fit is essentially perfect")
    if fit.rank < len(s.gram):
        lost = [name for name, kept in zip(labels, fit.estimable, strict=True) if not kept]
        shown = ", ".join(lost[:10]) + (", ..." if len(lost) > 10 else "")
        notes.append(
            f"the columns depend on each other ({'; '.join(fit.dependent[:5])}), and the data do not determine the "
            f"coefficients of {shown}: the least norm is given, and their standard errors, tests and intervals do not exist"
        )
    if not constant:
        notes.append("R^2 and F are about zero, as the design has no constant column")
    if fit.digits < 8:
        notes.append(
            f"the condition number of X is {fit.condition:.1e}: about {fit.digits:.0f} digits of the coefficients and of "
            "their standard errors can be trusted"
        )
    if total <= EPSILON**2 * s.weight * float(s.level[output]) ** 2 or total == 0:
        notes.append("y is constant: R^2 and F do not exist")
        total, explained = 0.0, 0.0
    degrees = rank - (1 if constant else 0)
    return _Sums(residual, total, explained, degrees, df, constant, sigma, exact, penalty > 0)


def _covariance(fit: LeastSquares, whole: _Sums, output: int, kind: str, rows: Rows | None, notes: list[str]) -> Array:
    p = len(fit.estimable)
    if fit.root is None or math.isnan(whole.sigma):
        return np.full((p, p), np.nan)
    if whole.sigma == 0 and kind != "nonrobust":
        covariance = np.zeros((p, p))
    elif kind == "nonrobust":
        covariance = whole.sigma**2 * (fit.root @ fit.root.T)
    else:
        assert rows is not None
        covariance = _robust(fit, output, kind, rows, notes)
    covariance[~fit.estimable] = np.nan
    covariance[:, ~fit.estimable] = np.nan
    return covariance


@record
class Meat:
    """Of a block: its moments, the sum of c_i w_i^2 e_i^2 z_i z_i' with z_i = root' x_i, and the first row of leverage 1.

    All about the means, as the root is.
    """

    state: Moments
    root: Array
    slopes: Array
    output: int
    kind: str

    def __call__(self, block: Block) -> tuple[Moments, Array, int]:
        s, (X, Y, w) = self.state, block
        A, B = s.about_mean(X, Y)  # the residuals have mean zero, so the level is theirs
        inner = self.root[1:, 1:] if s.centred else self.root
        Z, e = A @ inner, B[:, self.output] - A @ self.slopes
        if s.centred:
            Z = np.hstack([np.full((len(X), 1), 1 / math.sqrt(s.weight)), Z])
        weights = np.ones(len(X)) if w is None else w
        left = 1 - weights * np.einsum("ij,ij->i", Z, Z)
        part, full = weights * e, 0
        if self.kind in ("HC2", "HC3"):
            whole = (left < FULL) & (weights > 0)
            full = int(np.argmax(whole)) + 1 if whole.any() else 0
            part = part / np.where(whole, 1.0, left) ** (0.5 if self.kind == "HC2" else 1.0)
        V = Z * part[:, None]
        return Moments.of(X, Y, w, s.centred), V.T @ V, full


def _meats(a: tuple[Moments, Array, int], b: tuple[Moments, Array, int]) -> tuple[Moments, Array, int]:
    return a[0] + b[0], a[1] + b[1], a[2] or (a[0].rows + b[2] if b[2] else 0)


def _robust(fit: LeastSquares, output: int, kind: str, rows: Rows, notes: list[str]) -> Array:
    """root (sum of c_i w_i^2 e_i^2 z_i z_i') root', in one pass."""
    s, root = fit.moments, fit.root
    assert root is not None
    slopes = fit.coefficients.reshape(len(s.gram), -1)[:, output]
    total = rows.total(Meat(s, root, slopes, output, kind), _meats)
    _same(s, None if total is None else total[0])
    assert total is not None
    _, meat, full = total
    if full:
        notes.append(
            f"row {full} has leverage 1 (it is fitted whatever its y is): {kind} does not exist; HC0 and HC1 do"
        )
        return np.full((len(root), len(root)), np.nan)
    rank = fit.rank + (1 if s.centred else 0)
    return (s.used / (s.used - rank) if kind == "HC1" else 1.0) * (root @ meat @ root.T)


def _same(fit: Moments, seen: Moments | None) -> None:
    """Refuses rows that are not those of the fit, by their number, weight and moments."""
    if seen is None or seen.gram.shape != fit.gram.shape or seen.rows != fit.rows:
        got = "none" if seen is None else f"{seen.rows} of {len(seen.gram)} columns"
        raise InputError(f"the fit saw {fit.rows} rows of {len(fit.gram)} columns; the rows given now are {got}")
    size = np.sqrt(np.outer(np.diag(fit.gram), np.diag(fit.gram)))
    far = np.abs(seen.gram - fit.gram) > SAME * size + 1e-300
    other = (
        np.abs(seen.square - fit.square) > SAME * fit.square + 1e-300 if seen.square.shape == fit.square.shape else True
    )
    if abs(seen.weight - fit.weight) > SAME * fit.weight or far.any() or np.any(other):
        raise InputError("the rows (or weights) given now are not those of the fit: their sums differ")


def _f_value(fit: LeastSquares, whole: _Sums, a: Array, covariance: Array, kind: str, notes: list[str]) -> float:
    """F of the hypothesis that nothing but the constant matters; with a robust covariance Wald's statistic over q."""
    q = whole.model_degrees
    if q <= 0 or math.isnan(whole.sigma) or whole.exact or whole.total == 0:
        return math.nan
    if kind == "nonrobust":
        return whole.explained / q / whole.sigma**2
    if not fit.estimable.all():
        notes.append("the robust F is not given where columns depend on each other")
        return math.nan
    s = fit.moments
    tested = np.arange(len(a)) > 0 if s.centred else ~(s.constant & (s.low != 0))
    if tested.sum() != q or np.isnan(covariance).any():
        return math.nan
    scale = 1 / np.sqrt(np.diag(covariance)[tested])
    matrix = covariance[np.ix_(tested, tested)] * scale[:, None] * scale
    if np.linalg.matrix_rank(matrix, hermitian=True) != q:
        notes.append("the robust covariance is singular: its F does not exist")
        return math.nan
    b = a[tested] * scale
    return float(b @ np.linalg.solve(matrix, b)) / q


def _r_squared(whole: _Sums) -> float:
    if whole.total <= 0:
        return math.nan
    return 1 - whole.residual / whole.total if whole.model_degrees else 0.0


def _adjusted(whole: _Sums, n: int) -> float:
    if whole.total <= 0 or whole.residual_degrees <= 0 or whole.penalised:
        return math.nan
    if not whole.model_degrees:
        return 0.0
    return 1 - (n - whole.constant) / whole.residual_degrees * whole.residual / whole.total


def _log_likelihood(whole: _Sums, s: Moments) -> float:
    """Of the normal model with sigma^2 = residual / n, its maximum."""
    if whole.penalised or whole.exact or whole.residual_degrees <= 0:
        return math.nan
    n = s.used
    return -n / 2 * (math.log(2 * math.pi * whole.residual / n) + 1) + s.log_weight / 2


# -- the table ------------------------------------------------------------------------------------------------------

WIDTH = 88
LONGEST = 24  # characters of a name


def _table(s: FitStatistics) -> str:
    """What was fitted, one row for each coefficient, and the notes; a hyphen stands for what does not exist."""
    estimator = "weighted least squares" if s.weighted else "ordinary least squares"
    robust = f", robust covariance {s.kind}" if s.kind != "nonrobust" else ""
    head = [
        ("rows", f"{s.rows:,}", "R^2", _number(s.r_squared)),
        ("degrees of freedom", f"{s.residual_degrees:,}", "adjusted R^2", _number(s.adjusted_r_squared)),
        ("sigma", _number(s.sigma), f"F({s.model_degrees}, {max(0, s.residual_degrees):,})", _number(s.f_value)),
        ("log-likelihood", _number(s.log_likelihood), "P(F)", _probability(s.f_p_value)),
        ("AIC", _number(s.aic), "BIC", _number(s.bic)),
    ]
    lines = [f"{estimator}{robust}", ""]
    lines += [f"{a:20}{b:>18}    {c:20}{d:>18}" for a, b, c, d in head]
    letter, share = ("t" if s.student else "z"), f"{100 * s.level:.10g}%"
    names = [n if len(n) <= LONGEST else n[: LONGEST - 3] + "..." for n in s.names]
    wide = max(8, *(len(n) for n in names)) if names else 8
    title = f"{'':{wide}}{'coefficient':>14}{'std. error':>14}{letter:>12}{f'P(>|{letter}|)':>12}"
    title += f"{f'{share} from':>14}{'to':>14}"
    lines += ["", title]
    for name, a, e, t, p, (low, high) in zip(
        names, s.coefficients, s.standard_errors, s.t_values, s.p_values, s.intervals, strict=True
    ):
        row = f"{name:{wide}}{_number(a):>14}{_number(e):>14}{_number(t, 4):>12}{_probability(p):>12}"
        lines.append(f"{row}{_number(low):>14}{_number(high):>14}")
    for note in s.notes:
        lines += ["", *textwrap.wrap(note, WIDTH)] if note is s.notes[0] else textwrap.wrap(note, WIDTH)
    return "\n".join(line.rstrip() for line in lines)


def _number(value: float, digits: int = 6) -> str:
    return "-" if math.isnan(value) else f"{float(value):.{digits}g}"


def _probability(value: float) -> str:
    return "-" if math.isnan(value) else f"{float(value):.4f}" if value >= 1e-4 else f"{float(value):.2e}"
