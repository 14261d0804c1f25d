"""How much of a report its certificates cover: case by case, over the losses that the program was built for.

A case names what is sealed only; everything else must be covered. What is covered later is taken off its list.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import closedform as cf
from closedform.kernel import check_document
from closedform.kernel.ruling import REFUSED, SEALED

Ask = Callable[[], Any]
LINE = {"x": [1, 2, 3, 4], "y": [2, 3, 5, 4]}
LABELS = {"x": [1, 2, 3], "y": [0, 1, 1]}
FOUR = {"x": [1, 2, 3, 4], "y": [0, 1, 0, 1]}
BUMP = {"x": [1, 2, 3], "y": [0, 1, 0]}

CASES: dict[str, tuple[Ask, set[str]]] = {
    "least squares": (lambda: cf.derive("ols"), set()),
    "least squares on data": (lambda: cf.derive("ols", data=LINE, target="y", intercept=True), set()),
    "a line": (lambda: cf.derive("sum(i,1,n,(y[i]-a*x[i]-b)^2)", unknowns=["a", "b"]), set()),
    "a slope": (lambda: cf.derive("sum(i,1,n,(y[i]-a*x[i])^2)", unknowns=["a"]), set()),
    "ridge": (lambda: cf.derive("ridge"), set()),
    "ridge on data": (lambda: cf.derive("ridge", data=LINE, target="y", values={"lam": "0.1"}), set()),
    "ridge on data for every penalty": (lambda: cf.derive("ridge", data=LINE, target="y"), set()),
    "mean": (lambda: cf.derive("mean"), set()),
    "mean of data": (lambda: cf.derive("mean", data={"x": [1, 2, 4]}), set()),
    "median": (lambda: cf.derive("median"), set()),
    "median of data": (lambda: cf.derive("median", data={"x": [1, 2, 4]}), set()),
    "absolute values": (lambda: cf.derive("|x-1|+|x-2|+|x-5|"), set()),
    "quadratic": (lambda: cf.derive("x^2-3*x+1"), set()),
    "quadratic in symbols": (lambda: cf.derive("a*x^2+b*x+c", unknowns=["x"], assumptions=["a>0"]), set()),
    "equation of degree two": (lambda: cf.derive(equations=["a*x^2+b*x+c"], unknowns=["x"]), set()),
    "equation of degree three": (lambda: cf.derive(equations=["x^3+p*x+q"], unknowns=["x"]), set()),
    "cubic": (lambda: cf.derive("x^3-3*x"), set()),
    "quartic": (lambda: cf.derive("x^4-x^2"), set()),
    "quartic without symmetry": (lambda: cf.derive("x^4/4-x^3/3-x^2+x"), set()),
    "quintic": (lambda: cf.derive("x^5/5-x^3-x"), set()),
    "quintic derivative": (lambda: cf.derive("x^6/6-x^2/2-x"), set()),
    "solvable quintic derivative": (lambda: cf.derive("x^6/6-2*x"), set()),
    "logistic": (lambda: cf.derive("logistic"), set()),
    "logistic on data": (lambda: cf.derive("logistic", data=LABELS, target="y", intercept=False), set()),
    "logistic with an intercept": (lambda: cf.derive("logistic", data=FOUR, target="y"), set()),
    "separable": (
        lambda: cf.derive("logistic", data={"x": [-1, 1], "y": [0, 1]}, target="y", intercept=False),
        set(),
    ),
    "neuron on two rows": (lambda: cf.derive("nn", data={"x": [1, 2], "y": [1, 0]}, target="y"), set()),
    "neuron": (lambda: cf.derive("nn", data=BUMP, target="y"), set()),
    "waves": (lambda: cf.derive("10+x^2-10*cos(2*pi*x)", box={"x": (-5.12, 5.12)}), set()),
    "Rastrigin": (lambda: cf.derive("rastrigin"), set()),
    "Rosenbrock": (lambda: cf.derive("rosenbrock"), set()),
    "Himmelblau": (lambda: cf.derive("himmelblau"), set()),
    "neuron of relu": (lambda: cf.derive("nn", data=BUMP, target="y", activation="relu"), set()),
    "least absolute deviations": (
        lambda: cf.derive("lad", data={"x": [1, 2, 3, 4, 5], "y": [1, 3, 2, 5, 4]}, target="y"),
        set(),
    ),
    "median of an even number": (
        lambda: cf.derive("median", data={"x": [1, 2, 4, 7]}),
        {"complete", "verdict.outcome", "verdict.expression_class"},  # an interval
    ),
    "neuron for all data": (lambda: cf.derive("nn"), {"verdict.outcome", "verdict.minimiser"}),
    "quintic family": (lambda: cf.derive("x^6/6+a*x^2/2-x", unknowns=["x"]), set()),
    "Kepler's equation": (  # that nothing elementary solves it rests on Schanuel's conjecture
        lambda: cf.derive("x^2/2+cos(x)/2-x"),
        {"verdict.outcome", "verdict.minimiser"},
    ),
    "network": (lambda: cf.derive("nn", data={"x": [1, 2], "y": [0, 1]}, target="y", hidden=3, bias=True), set()),
    "Newton for a root of two": (lambda: cf.derive("x^3/3-2*x"), set()),
    "exponential": (lambda: cf.derive("exp(x)-2*x"), set()),
    "Lambert's function": (lambda: cf.derive("exp(x)+x^2/2"), set()),
}

for loss in (
    "attention_values",
    "batch_normalisation",
    "constrained_ols",
    "covariance",
    "elm",
    "factorisation_step",
    "gls",
    "kalman",
    "laplacian_eigenmap",
    "least_squares_classifier",
    "lqr",
    "lyapunov",
    "mean_variance",
    "min_variance",
    "multi_output",
    "ols_intercept",
    "pca",
    "precision",
    "rayleigh_quotient",
    "ridge_intercept",
    "smoother",
    "softmax",
    "sylvester",
    "tikhonov",
    "two_stage",
    "wls",
):
    CASES[loss] = (lambda loss=loss: cf.derive(loss), set())


@pytest.mark.parametrize("name", CASES)
def test_what_is_covered(name: str) -> None:
    ask, sealed = CASES[name]
    findings = check_document(ask().to_dict())
    assert [f for f in findings if f.word == REFUSED] == []
    assert {f.place for f in findings if f.headline and f.word == SEALED} == sealed
    assert sum(f.headline for f in findings) >= 2


def test_a_gradient_is_compared_inside_the_domain():
    """For x > 0 the derivative of |x| + x^2 is 1 + 2*x, which is another one beyond."""
    for loss in ("|x| + x^2", "sqrt(x^2) + x^2", "log(|x| + 1) + x"):
        assert "REFUSED" not in str(cf.verify(cf.derive(loss, assumptions=["x > 0"])))
