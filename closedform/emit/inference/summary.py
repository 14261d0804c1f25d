"""The statistics of a fit as the table that a statistician knows, in plain text."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from closedform.emit.inference.statistics import FitStatistics

WIDTH = 88
LONGEST = 24  # characters of a name


def table(s: FitStatistics) -> str:
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
