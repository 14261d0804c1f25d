"""The catalogue: every entry reads, gives the loss it says, and is refused data it cannot mean."""

from __future__ import annotations

import numpy as np
import pytest

from closedform import problem
from closedform.errors import CallError, InputError
from closedform.expression import free_names, to_tree
from closedform.kernel.expressions import balls
from closedform.kernel.expressions import tree as kernel
from closedform.losses import catalogue, find, losses
from closedform.reading.language import parse, unparse

DATA = {"u": [1, 2, "0.5", 4], "v": [0, 1, 1, 3], "y": [1, 0, 1, 1]}


def value(read: problem.Problem, point: dict[str, float]) -> float:
    """The loss at a point, by the kernel's balls."""
    from flint import arb, fmpq

    assert read.loss is not None
    columns = {
        key: [fmpq(v.numerator, v.denominator) for v in col]
        for key, col in (read.data.columns.items() if read.data else ())
    }
    ball = balls.evaluate(kernel.read(to_tree(read.loss)), {k: arb(v) for k, v in point.items()}, columns)
    return float(ball.mid())


@pytest.mark.parametrize("name", list(catalogue()))
def test_every_entry_reads_and_round_trips(name: str) -> None:
    entry = catalogue()[name]
    read = problem.read(name)
    assert read.loss is not None
    assert (read.catalogue, read.unknowns) == (name, entry.draft.unknowns)
    assert parse(unparse(read.loss), free_names(read.loss)) == read.loss
    assert set(entry.draft.unknowns).isdisjoint(entry.parameters)
    assert (read.level == "matrix") == bool(entry.draft.shapes)
    assert entry.title
    assert entry.explanation
    assert entry.family
    if read.level != "matrix":
        kernel.read(to_tree(read.loss))


def test_names_and_aliases_are_unambiguous() -> None:
    everything = [key for entry in catalogue().values() for key in (entry.name, *entry.aliases)]
    assert len(everything) == len(set(everything)) >= 60
    assert find("Gaussian") is catalogue()["normal"]
    assert find("x**4 - x**2") is None
    assert losses() == catalogue()


def test_a_named_loss_is_the_text_it_says() -> None:
    text = problem.read("||X*a - y||^2 + lam*||a||^2", unknowns="a", shapes="X=n,k;y=n;a=k", assumptions="lam > 0")
    named = problem.read("ridge")
    assert (named.loss, named.shapes, named.relations) == (text.loss, text.shapes, text.relations)


def test_regression_losses_on_data_have_the_right_value() -> None:
    """Against NumPy, written out by hand."""
    u, v, y = np.array([1, 2, 0.5, 4]), np.array([0, 1, 1, 3]), np.array([1, 0, 1, 1])
    point = {"intercept": 0.25, "u": -0.5, "v": 0.75}
    eta = 0.25 - 0.5 * u + 0.75 * v
    want = {
        "ols": ((y - eta) ** 2).sum(),
        "logistic": (np.log1p(np.exp(eta)) - y * eta).sum(),
        "poisson_regression": (np.exp(eta) - y * eta).sum(),
        "lad": np.abs(y - eta).sum(),
        "cloglog": ((1 - y) * np.exp(eta) - y * np.log(1 - np.exp(-np.exp(eta)))).sum(),
    }
    for name, number in want.items():
        read = problem.read(name, data=DATA, target="y")
        assert read.unknowns == ("intercept", "u", "v")
        assert value(read, point) == pytest.approx(number, rel=1e-12), name
    ridge = problem.read("ridge", data=DATA, target="y", lam=0.1)
    assert value(ridge, point) == pytest.approx(want["ols"] + 0.1 * (0.25 + 0.5625))
    soft = problem.read("softmax", data=DATA, target="y")
    assert value(soft, {f"{key}_1": x for key, x in point.items()}) == pytest.approx(want["logistic"])
    assert problem.read("ols", data=DATA, target="y", intercept=False).unknowns == ("u", "v")
    weighted = problem.read("wls", data={**DATA, "w": [2, 2, 2, 2]}, target="y", weights="w")
    assert value(weighted, point) == pytest.approx(2 * want["ols"])


def test_networks_on_data() -> None:
    data = {"x": [1, 2, 3], "y": [0, 1, 0]}
    one = problem.read("nn", data=data, target="y")
    assert one.unknowns == ("v", "w")
    x, y = np.array([1, 2, 3]), np.array([0, 1, 0])
    assert value(one, {"v": 2, "w": 0.5}) == pytest.approx(((y - 2 / (1 + np.exp(-0.5 * x))) ** 2).sum())
    two = problem.read("nn", data=data, target="y", hidden=2, bias=True, activation="tanh")
    assert two.unknowns == ("v1", "v2", "w1_1", "w2_1", "b1", "b2")
    want = ((y - 2 * np.tanh(0.5 * x + 1) + np.tanh(x / 4 - 1)) ** 2).sum()
    assert value(two, {"v1": 2, "v2": -1, "w1_1": 0.5, "w2_1": 0.25, "b1": 1, "b2": -1}) == pytest.approx(want)
    assert problem.read("nn", data={**data, "z": [1, 1, 2]}, target="y").unknowns == ("v1", "w1_1", "w1_2")
    assert problem.read("nn", data=data, target="y", layers=2).unknowns == ("v", "w", "u2")


def test_likelihoods_on_data() -> None:
    read = problem.read("normal", data={"t": [1, 2, 4]})
    assert value(read, {"mu": 1, "sigma": 2}) == pytest.approx(3 * np.log(2) + 10 / 8)
    assert [unparse(r) for r in read.relations] == ["sigma > 0"]


def test_a_design_without_labels_has_counts_as_symbols() -> None:
    read = problem.read("logistic", design={"x": [0, 1, 1, 2]})
    assert read.unknowns == ("intercept", "x")
    assert read.parameters == ("k1", "k2", "k3", "n1", "n2", "n3")
    assert "k2 > 0" in [unparse(r) for r in read.relations]


def test_columns_and_unknowns_may_share_names() -> None:
    for column in ("i", "n", "j", "lambda", "e", "pi", "gamma", "intercept", "I"):
        read = problem.read("ols", data={column: [1, 2, 3], "y": [1, 2, 4]}, target="y")
        point = dict.fromkeys(read.unknowns, 0.5)
        want = sum((y - (0.5 + 0.5 * x)) ** 2 for x, y in ((1, 1), (2, 2), (3, 4)))
        assert read.unknowns[1] == column
        assert value(read, point) == pytest.approx(want), column


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("ols", {"data": DATA}, "which column is the target"),
        ("ols", {"foo": 1}, "ols has no option foo"),
        ("ols", {"data": DATA, "target": "y", "intercept": 3}, "intercept is true or false"),
        ("ols", {"data": {"y": [1, 2]}, "target": "y", "intercept": False}, "nothing to fit"),
        ("logistic", {"data": {"x": [1, 2], "y": [0, 5]}, "target": "y"}, "column y, row 2: 5 is not a label"),
        ("poisson", {"data": {"x": [1, -2]}}, "column x, row 2: -2 is not a count"),
        ("pca", {"data": DATA}, "is given as data, but the loss does not speak of it"),
        ("nn", {"activation": "swish"}, "no activation swish"),
        ("nn", {"hidden": 0}, "whole number from 1"),
        ("nn", {"hidden": 9, "layers": 9}, "too large"),
        ("nn", {"data": DATA}, "which column"),
        ("wls", {"data": DATA, "target": "y"}, "weights must name a column"),
        ("normal", {"data": DATA}, "which column is meant"),
        ("softmax", {"data": {"x": [1], "y": [1]}, "target": "y"}, "2 to 20"),
        ("logistic", {"data": DATA, "design": DATA}, "not both"),
    ],
)
def test_wrong_options_are_one_line(name: str, options: dict[str, object], says: str) -> None:
    with pytest.raises((CallError, InputError), match=says):
        problem.read(name, **options)  # type: ignore[arg-type]
