"""``closedform cost``: the closed form against gradient descent, predicted from its symbols and measured here."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from closedform.derive import derive
from closedform.emit import cost as least_squares
from closedform.errors import CallError
from closedform.expression import scalar_names
from closedform.reading.language import parse
from closedform.report.evaluate import evaluate

SAME_AS_LEAST_SQUARES = "X'*X"  # a formula that solves with this Gram matrix is measured as least squares


@dataclass(frozen=True)
class Comparison:
    """The predicted cost and, where the loss is one of least squares, the measured one."""

    name: str
    formula: str
    order: str
    predicted: dict[str, float]
    least_squares: least_squares.Cost | None
    measured: least_squares.Measured | None

    def to_dict(self) -> dict[str, Any]:
        asdict = dataclasses.asdict
        return {
            "format": 1,
            "loss": self.name,
            "formula": self.formula,
            "order": self.order,
            "predicted": self.predicted,
            "gradient_descent": None if self.least_squares is None else asdict(self.least_squares),
            "measured": None if self.measured is None else asdict(self.measured),
        }

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), indent=2)

    def to_text(self) -> str:
        head = [f"{self.name}: {self.formula}", f"  order   {self.order}"]
        if self.least_squares is None:
            head += [f"  {key:7} {value:.4g}" for key, value in self.predicted.items()]
            return "\n".join([*head, "  gradient descent is compared for losses of least squares only"]) + "\n"
        return "\n".join([*head, "", least_squares.describe(self.least_squares, self.measured)]) + "\n"

    def __str__(self) -> str:
        return self.to_text()


def cost(
    name: str, n: float, k: float, condition: float = 1e3, progress: Callable[[str], None] | None = None
) -> Comparison:
    """What a loss of the catalogue costs for n rows and k columns: its formula put in numbers, and both ways measured.

    The other way is gradient descent, for a design with this ``condition`` number.
    """
    n, k = int(n), int(k)
    report = derive(name, progress=progress)
    formula = report.formula
    if formula is None:
        raise CallError(f"{name} has no closed form in matrices ({report.verdict.outcome}): no cost to compare")
    shown = "; ".join(f"{u} = {e}" for u, e in formula.unknown.items())
    sizes = {"n": np.float64(n), "k": np.float64(k)}
    predicted = dict[str, float]()
    for key in ("flops", "memory"):
        expression = parse(formula.cost[key]) if key in formula.cost else None
        if expression is not None and scalar_names(expression) <= sizes.keys():
            predicted[key] = float(evaluate(expression, sizes, {}))
    order = formula.cost.get("order", "")
    if not any(SAME_AS_LEAST_SQUARES in e for e in formula.unknown.values()):
        return Comparison(name, shown, order, predicted, None, None)
    expected = least_squares.predict(n, k, condition)
    if progress is not None:
        progress("measuring")
    return Comparison(name, shown, order, predicted, expected, least_squares.measure(expected))
