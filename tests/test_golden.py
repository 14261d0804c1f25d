"""The short text of the spine, word for word: what a reader sees first is changed on purpose or not at all.

``pytest tests/test_golden.py --accept-golden`` writes the texts anew; read them before they are committed.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import closedform as cf

GOLDEN = Path(__file__).parent / "golden"
LINE = {"x": [1, 2, 4, 6, 7, 9], "y": ["2.5", "3.5", "5", "9", "8", "11"]}
LABELS = {"x": [1, 2, 3], "y": [0, 1, 1]}
CASES = {
    "quartic": ("x**4 - x**2", {}),
    "parabola": ("(x - 3)^2 + 1/2", {}),
    "sextic": ("x^6/6 - x^2/2 - x", {}),
    "cubic": ("x^3", {}),
    "line": ("2*x + 1", {}),
    "lambert": ("exp(x) + x^2", {}),
    "entropy": ("x*log(x) - x/2", {}),
    "sine": ("sin(x)", {}),
    "mixed": ("x^3/3 + exp(x)*(x - 1)", {}),
    "maximum": ("maximize 5*x - x^2", {}),
    "edge": ("x^2", {"assumptions": ["x >= 1"]}),
    "absolute": ("|x - 1| + x^2", {}),
    "two_unknowns": ("x^2 + x*y + y^2 - 3*x", {}),
    "saddle": ("x^2*y - x + y^2", {}),
    "family": ("a*x^2 + b*x", {"unknowns": ["x"], "assumptions": ["a > 0"]}),
    "equations": (None, {"equations": ["x^2 + y - 1", "x - y^2"], "unknowns": ["x", "y"]}),
    "mean": ("sum(i, 1, n, (x[i] - m)^2)", {"unknowns": ["m"]}),
    "regression": ("sum(i, 1, n, (y[i] - a - b*x[i])^2)", {"unknowns": ["a", "b"]}),
    "through_zero": ("sum(i, 1, n, (y[i] - b*x[i])^2)", {"unknowns": ["b"]}),
    "ols": ("ols", {}),
    "ridge": ("ridge", {}),
    "pca": ("pca", {}),
    "logistic": ("logistic", {}),
    "ols_on_data": ("ols", {"data": LINE, "target": "y"}),
    "logistic_on_data": ("logistic", {"data": LABELS, "target": "y", "intercept": False}),
    "neuron": ("nn", {"data": {"x": [1, 2], "y": [1, 0]}, "target": "y"}),
    "neuron_not_closed": ("nn", {"data": {"x": [1, 2, 3], "y": [0, 1, 0]}, "target": "y"}),
    "matrix_text": (
        "||X*a - y||^2 + lam*||a||^2",
        {"unknowns": ["a"], "shapes": "X=n,k;y=n", "assumptions": ["lam>0"]},
    ),
    "procrustes": ("||A*R - B||^2 subject to R'*R = eye(k)", {"unknowns": ["R"], "shapes": "A=n,k;B=n,k;R=k,k"}),
    "weights": ("sum(i, 1, n, w[i]*(x[i] - m)^2)", {"unknowns": ["m"], "assumptions": ["w > 0"]}),
}


STEPS = re.compile(r"iterates: [0-9]+ steps")  # their number is the floating point's of the machine


@pytest.mark.parametrize("name", CASES)
def test_the_text_is_the_accepted_one(name, request):
    source, options = CASES[name]
    shown = STEPS.sub("iterates: N steps", cf.derive(source, **options).to_text(width=88))
    file = GOLDEN / f"{name}.txt"
    if request.config.getoption("--accept-golden"):
        file.write_text(shown)
    assert shown == file.read_text()


def test_every_text_belongs_to_a_case_and_fits_a_screen():
    assert {file.stem for file in GOLDEN.glob("*.txt")} == set(CASES)
    assert max(len(file.read_text().splitlines()) for file in GOLDEN.glob("*.txt")) <= 24
    assert len((GOLDEN / "ols.txt").read_text().splitlines()) <= 20
    assert len((GOLDEN / "quartic.txt").read_text().splitlines()) <= 14
