"""Thirty-odd logistic designs and small networks: which have a closed form, and of what kind is the polynomial?

Run it:  python examples/designs_and_networks.py [FOLDER]
Every report is checked by the kernel; with a FOLDER it is written there too, for ``closedform verify FILE``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import closedform as cf


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    title: str
    degree: int | None
    group: str
    verdict: str
    expression_class: str
    complex: int | None
    real: int | None
    minima: int
    certificates: int
    accepted: bool


def labelled(x: list[int], y: list[int], intercept: bool = True) -> dict[str, Any]:
    return {"loss": "logistic", "data": {"x": x, "y": y}, "target": "y", "intercept": intercept}


def grouped(x: list[int], n: list[int], k: list[int], intercept: bool = True) -> dict[str, Any]:
    """k successes among n trials at each x."""
    lead = "a + " if intercept else ""
    terms = [f"{m}*log(1 + exp({lead}{v}*b)) - {j}*({lead}{v}*b)" for v, m, j in zip(x, n, k, strict=True)]
    return {"loss": " + ".join(terms), "unknowns": ["a", "b"] if intercept else ["b"]}


def neuron(x: list[int], y: list[int], **options: Any) -> dict[str, Any]:
    return {"loss": "nn", "data": {"x": x, "y": y}, "target": "y", **options}


def cases() -> Iterator[tuple[str, dict[str, Any]]]:
    """(title, keywords of ``cf.derive``)."""
    yield "logistic, no intercept, x = 1,2,3, y = 0,1,1", labelled([1, 2, 3], [0, 1, 1], False)
    yield "logistic, no intercept, x = 1,2, y = 1,0", labelled([1, 2], [1, 0], False)
    yield "logistic, no intercept, x = 1,2,3, y = 1,1,0", labelled([1, 2, 3], [1, 1, 0], False)
    yield "logistic, x = -2,-1,1,3, y = 0,1,0,1", labelled([-2, -1, 1, 3], [0, 1, 0, 1], False)
    yield "logistic, x = 1,2,3,4, y = 0,1,0,1", labelled([1, 2, 3, 4], [0, 1, 0, 1], False)
    yield "logistic, x = 1..6, y = 0,1,0,1,0,1", labelled([1, 2, 3, 4, 5, 6], [0, 1, 0, 1, 0, 1], False)
    yield "logistic, x = -1,1 (two values +-c), y mixed", labelled([-1, 1, 1, -1, 1], [0, 1, 1, 1, 1], False)
    yield "logistic, separable: x = 1,2,3, y = 0,0,1", labelled([1, 2, 3], [0, 0, 1])
    yield "logistic, quasi-separable: x = 1,2,2,3, y = 0,0,1,1", labelled([1, 2, 2, 3], [0, 0, 1, 1])
    yield "grouped, x = 1,2 (n = 3,4; k = 2,1)", grouped([1, 2], [3, 4], [2, 1], False)
    yield "grouped, x = 1,2,3 (n = 5,7,4; k = 4,3,2)", grouped([1, 2, 3], [5, 7, 4], [4, 3, 2], False)
    yield "intercept only (n = 9, k = 4)", {"loss": "9*log(1 + exp(a)) - 4*a", "unknowns": ["a"]}
    yield "intercept + binary feature", grouped([0, 1], [5, 7], [2, 6])
    yield "intercept + x in {0,1,2}", grouped([0, 1, 2], [5, 7, 4], [1, 3, 3])
    yield "intercept + x in {-1,0,1}", grouped([-1, 0, 1], [6, 5, 9], [2, 2, 7])
    yield "intercept + x in {0,1,3}", grouped([0, 1, 3], [5, 7, 4], [1, 3, 3])
    yield "intercept + x in {0,1,2,3}", grouped([0, 1, 2, 3], [4, 5, 6, 7], [1, 3, 4, 3])
    yield "intercept + x in {0..4}", grouped([0, 1, 2, 3, 4], [4, 5, 6, 7, 3], [1, 3, 4, 3, 2])
    yield "intercept + x in {0,2,5,7}", grouped([0, 2, 5, 7], [4, 5, 6, 7], [1, 3, 4, 3])
    yield "intercept + x in {0..5}", labelled([0, 1, 2, 3, 4, 5, 2, 3], [0, 1, 0, 1, 0, 1, 1, 0])
    yield (
        "two binary factors, additive",
        {
            "loss": "4*log(1+exp(a)) - a + 5*log(1+exp(a+b)) - 3*(a+b) + 6*log(1+exp(a+c)) - 2*(a+c) + 7*log(1+exp(a+b+c)) - 3*(a+b+c)",
            "unknowns": ["a", "b", "c"],
        },
    )
    yield (
        "two binary factors with interaction (saturated)",
        {
            "loss": "4*log(1+exp(a)) - a + 5*log(1+exp(a+b)) - 3*(a+b) + 6*log(1+exp(a+c)) - 2*(a+c)"
            " + 7*log(1+exp(a+b+c+d)) - 3*(a+b+c+d)",
            "unknowns": ["a", "b", "c", "d"],
        },
    )
    yield (
        "two features, no intercept",
        {
            "loss": "logistic",
            "data": {"x": [1, 2, 2, 3, 1, 3], "z": [0, 1, 0, 0, 1, 1], "y": [0, 1, 0, 1, 0, 1]},
            "target": "y",
            "intercept": False,
        },
    )
    yield (
        "softmax, three classes, no intercept",
        {
            "loss": "softmax",
            "data": {"x": [1, 2, 3, 1, 2, 3], "y": [0, 1, 2, 1, 2, 0]},
            "target": "y",
            "intercept": False,
        },
    )
    yield (
        "Poisson, x = 0,1,2, with intercept",
        {
            "loss": "poisson_regression",
            "data": {"x": [0, 1, 2], "y": [1, 2, 5]},
            "target": "y",
        },
    )
    yield (
        "Poisson, x = 1,2,5, no intercept",
        {
            "loss": "poisson_regression",
            "data": {"x": [1, 2, 5], "y": [1, 0, 3]},
            "target": "y",
            "intercept": False,
        },
    )
    yield (
        "exponential fit a*exp(b*x), x = 0,1,2",
        {"loss": "(1-a)^2 + (2-a*exp(b))^2 + (5-a*exp(2*b))^2", "unknowns": ["a", "b"]},
    )
    yield "neuron v*sigmoid(w*x), x = 1,2, y = 1,0", neuron([1, 2], [1, 0])
    yield "neuron, x = 1,2,3, y = 0,1,0", neuron([1, 2, 3], [0, 1, 0])
    yield "neuron, x = 1,2,3, y = 2,1,2", neuron([1, 2, 3], [2, 1, 2])
    yield "neuron, x = -1,1,2, y = 0,1,2", neuron([-1, 1, 2], [0, 1, 2])
    yield "neuron, x = -1,1,2, y = 3,-1,2", neuron([-1, 1, 2], [3, -1, 2])
    yield "neuron v*tanh(w*x), x = 1,2, y = 1,3", neuron([1, 2], [1, 3], activation="tanh")
    yield "neuron v*tanh(w*x), x = 1,2,3, y = 2,1,2", neuron([1, 2, 3], [2, 1, 2], activation="tanh")
    yield "neuron with bias, x = -1,0,1,2, y = 1,2,5,6", neuron([-1, 0, 1, 2], [1, 2, 5, 6], bias=True)


def decide(title: str, keywords: dict[str, Any], folder: Path | None = None) -> Row:
    """One line of the table, from the public interface alone."""
    report = cf.derive(**keywords, timeout=60)
    groups = [*report.verdict.about("irreducible over Q"), *report.verdict.about("coordinates not all in radicals")]
    largest = max(groups, key=lambda g: g["degree"], default=None)
    if folder is not None:
        name = "".join(c if c.isalnum() else "_" for c in title)[:60]
        (folder / f"{name}.json").write_text(report.to_json())
    return Row(
        title,
        largest["degree"] if largest else 1 if report.critical_points else None,
        (largest["group"] or "?") if largest else "",
        report.verdict.outcome,
        report.verdict.expression_class or "",
        report.counts.get("complex"),
        report.counts.get("real"),
        sum("minimum" in p.kind for p in report.critical_points),
        len(report.certificates),
        all(f.accepted for f in cf.verify(report).findings),
    )


def table(folder: Path | None = None) -> Iterator[Row]:
    for title, keywords in cases():
        yield decide(title, keywords, folder)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    print(
        f"{'problem':56} {'degree':>6} {'group':>6} {'verdict':18} {'class':11} {'complex':>7} {'real':>4} {'minima':>6} kernel"
    )
    for row in table(folder):
        shown = ["" if v is None else str(v) for v in (row.degree, row.group, row.complex, row.real)]
        kernel = (
            f"{row.certificates} accepted"
            if row.accepted and row.certificates
            else "none"
            if row.accepted
            else "REFUSED"
        )
        print(
            f"{row.title:56} {shown[0]:>6} {shown[1]:>6} {row.verdict:18} {row.expression_class:11} {shown[2]:>7} {shown[3]:>4} "
            f"{row.minima:>6} {kernel}"
        )


if __name__ == "__main__":
    main()
