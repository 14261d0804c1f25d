"""Other people's spelling of matrix texts: NumPy, MATLAB, and matrices of numbers in the text."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

import closedform as cf
from closedform import problem
from closedform.errors import ClosedFormError
from closedform.reading.language import unparse
from closedform.stationarity.matrix import matrix_system
from closedform.strategies.matrices.observed import loss_function

LINEAR = "X=n,k;y=n;a=k"
NORMAL = "inv(X'*X)*X'*y"  # the normal equations


def read(text, **given):
    return problem.read(text, **given)


@pytest.mark.parametrize(
    "text",
    [
        "np.sum((X @ a - y)**2)",
        "((X @ a - y)**2).sum()",
        "np.linalg.norm(X @ a - y)**2",
        "(y - X@a).T @ (y - X@a)",
        "numpy.dot(X @ a - y, X @ a - y)",
        "sum((X*a - y).^2)",
        "norm2(X*a - y)^2",
    ],
)
def test_least_squares_in_many_spellings(text):
    report = cf.derive(text, unknowns=["a"], shapes=LINEAR)
    assert report.formula.unknown["a"] == NORMAL


def test_in_numpy_a_star_multiplies_entries_and_an_at_sign_matrices():
    """NumPy reference, numpy.multiply and numpy.matmul: 1-D operands of @ give the inner product."""
    shapes = "x=n;b=n"
    assert unparse(read("x @ x - 2*b @ x", unknowns=["x"], shapes=shapes).loss) == "x'*x - (2*b)'*x"
    assert unparse(read("np.sum(b*np.exp(x))", unknowns=["x"], shapes=shapes).loss) == "b'*exp(x)"


def test_numpy_on_numbers_is_plain_arithmetic():
    report = cf.derive("np.exp(x) - 2*x")
    assert report.critical_points[0].exact["x"] == sp.log(2)
    assert read("np.exp(x) - 2*x").level == "scalar"


def test_a_number_is_added_to_every_entry_in_numpy():
    report = cf.derive("np.mean((x - m)**2)", unknowns=["m"])
    x = np.array([1.0, 2.0, 6.0])
    assert report.function()(x=x)["m"] == pytest.approx(3.0, abs=1e-14)


def test_entrywise_powers_and_quotients_are_those_of_numpy():
    """Each text is read, written, read again and evaluated; the expected values are NumPy's own."""
    x, b = np.array([1.3, 0.4]), np.array([0.7, 2.0])
    for text, value in [
        ("np.sum(x**3/b - 3*x)", lambda x: np.sum(x**3 / b - 3 * x)),
        ("np.sum(np.sqrt(x)*b + 1/x**2)", lambda x: np.sum(np.sqrt(x) * b + 1 / x**2)),
        ("np.mean(b/x + x**0.5)", lambda x: np.mean(b / x + x**0.5)),
        ("sum(b.*x.^2 - x./b)", lambda x: np.sum(b * x**2 - x / b)),
    ]:
        first = read(text, unknowns=["x"], shapes="x=n;b=n")
        again = read(unparse(first.loss), unknowns=["x"], shapes="x=n;b=n")
        for one in (first, again):
            measure = loss_function(matrix_system(one))
            assert measure({"b": b}, {"n": 2}, {"x": x}) == pytest.approx(value(x), rel=1e-14)


@pytest.mark.parametrize(
    ("text", "given", "words"),
    [
        ("sum((x - m)^2)", {"unknowns": ["m"]}, "write (x - m).^2"),
        ("np.expp(x)", {}, "did you mean np.exp?"),
        ("np.sum((A*X - B)**2)", {"unknowns": ["X"], "shapes": "A=n,k;X=k,m;B=n,m"}, "their shapes differ"),
        ("np.sum(x**1.7)", {"unknowns": ["x"], "shapes": "x=n"}, "not to 17/10"),
        ("||[[1,2],[3,4,5]]*a||^2", {"unknowns": ["a"]}, "not of one length"),
        ("||[[1,b],[3,4]]*a||^2", {"unknowns": ["a"]}, "is written as a number here"),
        ("A[1,2]*x^2 + x", {"unknowns": ["x"], "shapes": "A=2,2"}, "one entry of a matrix"),
        ("x @ 2", {}, "one of these is a number"),
        ("np.sum", {}, "is a function"),
    ],
)
def test_what_has_no_meaning_is_refused_in_one_line(text, given, words):
    with pytest.raises(ClosedFormError) as caught:
        cf.derive(text, **given)
    assert words in str(caught.value)


def test_a_matrix_of_numbers_in_the_text_is_an_array():
    report = cf.derive("x'*[[2,1],[1,3]]*x - [1,2]'*x", unknowns=["x"])
    found = report.to_dict()["solution"]
    # 2 A x = b by hand: x = (1/10, 3/10)
    assert found["x"] == pytest.approx([0.1, 0.3], abs=1e-14)
    assert found["loss"] == pytest.approx(-0.35, abs=1e-14)
