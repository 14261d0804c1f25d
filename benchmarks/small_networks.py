"""The table of small networks: what closedform finds, beside what theory.md says.

usage: python benchmarks/small_networks.py [--timeout 60] [ROW ...]

A row is right when everything that the table says of it was found. The table's numbers were computed with SymPy, FLINT and
PARI, apart from closedform; those of the rows marked "by hand" follow from linear least squares.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import closedform as cf


@dataclass(frozen=True)
class Row:
    """One network on one table, what is known of it, and whether a report says so."""

    name: str
    data: dict[str, list[int]]
    options: dict[str, Any]
    known: str
    said: Callable[[Any], bool]
    origin: str = "theory.md"
    loss: str = "nn"
    more: dict[str, Any] = field(default_factory=dict[str, Any])


def least(report: Any) -> float | None:
    """The loss at the global minimum, None where none is named."""
    found = [p.loss for p in report.critical_points if p.kind == "global minimum" and p.loss is not None]
    return float(found[0]) if found else None


def near(value: float | None, expected: float, digits: int = 6) -> bool:
    return value is not None and abs(value - expected) <= 10**-digits * (1 + abs(expected))


def holds_polynomial(report: Any, text: str) -> bool:
    """Does a statement name this polynomial?"""
    return any(text in s.text.replace("**", "^") for s in report.verdict.statements)


def no_minimum(report: Any) -> bool:
    return report.verdict.outcome == "no_critical_point" or any(
        s.topic == "no minimum" for s in report.verdict.statements
    )


def point(report: Any, **at: float) -> bool:
    """Is there a critical point with these coordinates, to four digits?"""
    return any(all(near(p.numbers.get(u), v, 4) for u, v in at.items()) for p in report.critical_points)


TABLE = (
    Row(
        "logistic, three rows",
        {"x": [1, 2, 3], "y": [0, 1, 1]},
        {"intercept": False},
        "t^5 - t^4 - 4*t^2 + t - 5, t = 2.0802488583836962, S5",
        lambda r: (
            r.verdict.outcome == "not_closed"
            and holds_polynomial(r, "t^5 - t^4 - 4*t^2 + t - 5")
            and point(r, x=0.7324876)  # log(2.0802488583836962)
        ),
        loss="logistic",
    ),
    Row(
        "logistic, four rows",
        {"x": [1, 2, 3, 4], "y": [0, 1, 0, 1]},
        {"intercept": False},
        "degree 9, contains A9",
        lambda r: r.verdict.outcome == "not_closed",
        loss="logistic",
    ),
    Row(
        "one unit, two rows",
        {"x": [1, 2], "y": [1, 0]},
        {},
        "closed, w = log(1 + sqrt(2))",
        lambda r: r.verdict.outcome == "closed" and point(r, w=0.881373587),
    ),
    Row(
        "one unit, three rows",
        {"x": [1, 2, 3], "y": [0, 1, 0]},
        {},
        "(t - 1)*(t^5 - 6*t^4 + 7*t^3 - 2*t^2 + 1): partly closed, S5",
        lambda r: r.verdict.outcome == "partly_closed" and holds_polynomial(r, "t^5 - 6*t^4 + 7*t^3 - 2*t^2 + 1"),
    ),
    Row(
        "one unit, rows on both sides",
        {"x": [-1, 1, 2], "y": [0, 1, 2]},
        {},
        "degree 7, S7",
        lambda r: r.verdict.outcome == "not_closed" and any("S7" in s.text for s in r.verdict.statements),
    ),
    Row(
        "one unit, a constant is best",
        {"x": [1, 2, 3], "y": [2, 1, 2]},
        {},
        "minimiser v = 10/3, w = 0; a saddle at (1.9037, 1.0308); S9",
        lambda r: r.verdict.minimiser == "closed" and point(r, v=10 / 3, w=0) and point(r, v=1.90372, w=1.03082),
    ),
    Row(
        "one unit, no minimum",
        {"x": [-1, 1, 2], "y": [3, -1, 2]},
        {},
        "no real critical point, the infimum is at infinity",
        lambda r: r.verdict.outcome == "no_critical_point" and no_minimum(r),
    ),
    Row(
        "tanh, three rows",
        {"x": [1, 2, 3], "y": [2, 1, 2]},
        {"activation": "tanh"},
        "solvable, none real but v = w = 0",
        lambda r: r.complete and len(r.critical_points) == 1 and point(r, v=0, w=0),
    ),
    Row(
        "one unit with bias, four rows",
        {"x": [-1, 0, 1, 2], "y": [1, 2, 5, 6]},
        {"bias": True},
        "22 complex, 1 real: a minimum, loss .276870; below every limit at infinity, so global",
        lambda r: (
            r.verdict.outcome == "not_closed"
            and r.complete
            and len(r.critical_points) == 1
            and near(least(r), 0.276870)
        ),
    ),
    Row(
        "two units, three rows",
        {"x": [1, 2, 3], "y": [2, 1, 2]},
        {"hidden": 2},
        "more unknowns than rows: loss 0",
        lambda r: least(r) == 0,
        "T17",
    ),
    Row(
        "two units, four rows",
        {"x": [-1, 0, 1, 2], "y": [1, 2, 5, 6]},
        {"hidden": 2},
        "f(-1) + f(1) = 2*f(0) whatever the weights, so nothing below 2/3; reached",
        lambda r: r.verdict.minimiser == "closed" and near(least(r), 2 / 3),
        "by hand; scipy.optimize.least_squares from 1,000 starts",
    ),
    Row(
        "one unit with bias, six rows",
        {"x": [-2, -1, 0, 1, 2, 3], "y": [0, 1, 1, 3, 4, 4]},
        {"bias": True},
        "least loss met: 0.5533755",
        lambda r: "0.55337551" in r.to_text() or near(least(r), 0.5533755148),
        "scipy.optimize.least_squares from 1,000 starts",
    ),
    Row(
        "softplus, three rows",
        {"x": [1, 2, 3], "y": [2, 1, 2]},
        {"activation": "softplus"},
        "v = 5/(3*log(2)), w = 0, loss 2/3",
        lambda r: point(r, v=2.404491734, w=0) and len(r.critical_points) == 1,
        "scipy.optimize.least_squares from 1,000 starts; a scan of the profile in w",
    ),
    Row(
        "quadratic, three rows",
        {"x": [1, 2, 3], "y": [2, 1, 2]},
        {"activation": "quadratic"},
        "y = c*x^2 by least squares: 153/49",
        lambda r: any(str(p.loss) == "153/49" for p in r.critical_points),
        "by hand",
    ),
    Row(
        "rectified, four rows",
        {"x": [-1, 0, 1, 2], "y": [1, 2, 5, 6]},
        {"activation": "relu"},
        "41/5",
        lambda r: r.verdict.minimiser == "closed" and near(least(r), 8.2),
        "by hand",
    ),
    Row(
        "rectified with bias, four rows",
        {"x": [-1, 0, 1, 2], "y": [1, 2, 5, 6]},
        {"activation": "relu", "bias": True},
        "the regression line: 4/5",
        lambda r: r.verdict.minimiser == "closed" and near(least(r), 0.8),
        "by hand",
    ),
)


def told(report: Any) -> str:
    """What was found, in one line."""
    words = [report.verdict.outcome.replace("_", " ")]
    if report.verdict.minimiser not in (None, report.verdict.outcome):
        words.append(f"minimiser {report.verdict.minimiser.replace('_', ' ')}")
    words.append(f"{len(report.critical_points)} points{', all' if report.complete else ''}")
    if (loss := least(report)) is not None:
        words.append(f"least loss {loss:.7g}")
    return "; ".join(words)


def decided(row: Row, timeout: float) -> tuple[Any, float]:
    started = time.monotonic()
    report = cf.derive(row.loss, data=row.data, target="y", timeout=timeout, **row.options)
    return report, time.monotonic() - started


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--timeout", type=float, default=60)
    asked = parser.parse_args()
    wrong = 0
    for row in TABLE:
        if asked.names and not any(n in row.name for n in asked.names):
            continue
        report, seconds = decided(row, asked.timeout)
        right = row.said(report)
        wrong += not right
        print(
            f"{'right' if right else 'WRONG'}  {row.name}: x = {row.data['x']}, y = {row.data['y']}  ({seconds:.1f} s)"
        )
        print(f"       known ({row.origin}): {row.known}")
        print(f"       found: {told(report)}", flush=True)
    print(f"{wrong} wrong")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
