"""Formulas in statistics of the data: shown as textbooks write them, equal to the sums, and read back."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from closedform import problem as problems
from closedform.expression import Node, name, to_tree
from closedform.kernel.expressions import balls
from closedform.kernel.expressions import tree as kernel
from closedform.kernel.expressions.derivatives import differentiate
from closedform.reading.language import parse, unparse
from closedform.reading.statistics import as_sums
from closedform.report.document.moments import condition
from closedform.report.document.textbook import gradient, in_words, textbook
from closedform.report.formats.typeset import latex_of

x, y, w = map(sp.IndexedBase, "xyw")
i, n = sp.symbols("i n", integer=True)
k, m = sp.symbols("k m", real=True)


def total(body):
    return sp.Sum(body, (i, 1, n))


SX, SY, SXX, SXY = total(x[i]), total(y[i]), total(x[i] ** 2), total(x[i] * y[i])
SHOWN = [
    (SX / n, "mean(x)"),
    (n / SX, "1/mean(x)"),
    ((n * SXY - SX * SY) / (n * SXX - SX**2), "cov(x, y)/var(x)"),
    ((SXX * SY - SX * SXY) / (n * SXX - SX**2), "mean(y) - mean(x)*cov(x, y)/var(x)"),
    (SXX / n - (SX / n) ** 2, "var(x)"),
    (sp.sqrt(n * SXX - SX**2) / n, "sqrt(var(x))"),
    (SXY / SXX, "sum(x*y)/sum(x**2)"),
    (total(w[i] * x[i]) / total(w[i]), "sum(w*x)/sum(w)"),
    (sp.exp(total(sp.log(x[i])) / n), "exp(mean(log(x)))"),
    (sp.log(SX / (n - SX)), "log(mean(x)/(1 - mean(x)))"),
    (SX / (k + n), "sum(x)/(k + n)"),
]


@pytest.mark.parametrize(("value", "shown"), SHOWN, ids=[s for _, s in SHOWN])
def test_the_words_of_a_textbook(value, shown):
    found = textbook(value)
    assert isinstance(found, Node)
    assert unparse(found) == shown


@pytest.mark.parametrize(("value", "shown"), SHOWN, ids=[s for _, s in SHOWN])
def test_what_is_shown_reads_back_to_the_same_number(value, shown):
    """SymPy's value of the sums against the kernel's of the words as they read back."""
    columns = {"x": [Fraction(1, 9), Fraction(2, 7), Fraction(1, 3)], "y": [2, 3, 7], "w": [1, 2, 1]}
    (node,) = as_sums([parse(shown)], columns, ())
    tree = kernel.read(to_tree(_at_three(node)))
    exact = {c: [_fmpq(v) for v in values] for c, values in columns.items()}
    found = balls.evaluate(tree, {"k": _fmpq(5)}, exact)
    expected = (
        value.subs(n, 3)
        .doit()
        .subs(
            {
                k: 5,
                **{
                    b[j + 1]: sp.Rational(str(columns[c][j]))
                    for c, b in (("x", x), ("y", y), ("w", w))
                    for j in range(3)
                },
            }
        )
    )
    assert float(found.mid()) == pytest.approx(float(expected), rel=1e-12)


def _at_three(node):
    return (
        Node("num", (Fraction(3),))
        if node == name("n")
        else Node(node.head, tuple(_at_three(a) if isinstance(a, Node) else a for a in node.args))
    )


def _fmpq(value):
    from flint import fmpq

    value = Fraction(value)
    return fmpq(value.numerator, value.denominator)


def test_variance_and_covariance_divide_by_n():
    """As NumPy's var, and cov with ddof=0, do."""
    columns = {"x": [1, 2, 4], "y": [3, 1, 1]}
    for text, expected in (("var(x)", np.var([1, 2, 4])), ("cov(x, y)", np.cov([1, 2, 4], [3, 1, 1], ddof=0)[0, 1])):
        (node,) = as_sums([parse(text)], columns, ())
        exact = {c: [_fmpq(v) for v in values] for c, values in columns.items()}
        found = balls.evaluate(kernel.read(to_tree(_at_three(node))), {}, exact)
        assert float(found.mid()) == pytest.approx(expected)


@pytest.mark.parametrize(
    "value", [total((x[i] - m) ** 2) / n, sp.Sum(x[i], (i, 2, n)), total(i * x[i]), total(k * x[i])]
)
def test_sums_of_other_kinds_stay(value):
    assert textbook(value) == value


def test_conditions_are_moments_compared_with_zero():
    table = {"x": x, "n": sp.Symbol("n", integer=True, positive=True)}
    assert condition("n*sum(i, 1, n, x[i]^2) > sum(i, 1, n, x[i])^2", table) == "var(x) > 0"
    assert condition("sum(i, 1, n, x[i])^2 <= n*sum(i, 1, n, x[i]^2)", table) == "var(x) >= 0"
    assert condition("X has full column rank", table) == "X has full column rank"


def test_sentences_lose_the_spelling_of_sympy():
    assert in_words("with s = Sum(x[i]*y[i], (i, 1, n)) it is") == "with s = sum(x*y) it is"
    assert in_words("Sum(a - x[i], (i, 1, n))") == "sum(i, 1, n, a - x[i])"
    assert in_words("Sum(x[i]") == "Sum(x[i]"


def test_latex_has_bars():
    assert latex_of(textbook(SX / n)) == "\\overline{x}"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("(a - mean(x))^2", "(a - sum(i, 1, n, x[i])/n)**2"),
        ("mean((y - a)^2)", "sum(i, 1, n, (y[i] - a)**2)/n"),
        ("(a - sum(x*y)/sum(x^2))^2", "(a - sum(i, 1, n, x[i]*y[i])/sum(i, 1, n, x[i]**2))**2"),
        ("(i - mean(x))^2 + a", "(i - sum(j, 1, n, x[j])/n)**2 + a"),
    ],
)
def test_a_loss_may_be_written_in_statistics(text, written):
    unknowns = ["a", "i"] if text.startswith("(i") else ["a"]
    assert unparse(problems.read(text, unknowns=unknowns).loss) == written


def test_a_loss_on_a_table_may_be_written_in_statistics():
    found = problems.read("mean((y - a - b*x)^2)", data={"x": [1, 2, 3], "y": [1, 2, 4]})
    assert unparse(found.loss) == "sum(i, 1, 3, (y[i] - a - b*x[i])**2)/3"
    assert found.unknowns == ("a", "b")


def test_a_sum_of_a_vector_stays_one():
    assert problems.read("||a||^2 - sum(a)", unknowns=["a"]).level == "matrix"


def test_a_gradient_over_rows_is_a_sum_that_is_the_derivative():
    """Against the kernel's own derivative of the loss, at a point; the coefficient is called like its column."""
    problem = problems.read("logistic", data={"x": [1, 2, 3], "y": [0, 1, 1]}, target="y", intercept=False)
    long = sp.Symbol("x", real=True) ** sum(range(400)) + sum(sp.Symbol(f"a{j}") for j in range(40))
    found = gradient(problem, {"x": long})["x"]
    assert unparse(found) == "sum(i, 1, 3, -x[i]*y[i] + exp(x*x[i])*x[i]/(exp(x*x[i]) + 1))"
    columns = {"x": [_fmpq(v) for v in (1, 2, 3)], "y": [_fmpq(v) for v in (0, 1, 1)]}
    at = {"x": _fmpq(Fraction(1, 3))}
    expected = balls.evaluate(differentiate(kernel.read(to_tree(problem.loss)), "x"), at, columns)
    assert balls.evaluate(kernel.read(to_tree(found)), at, columns).overlaps(expected)


def test_a_short_gradient_stays_as_it_was_worked_out():
    problem = problems.read("logistic", data={"x": [1, 2, 3], "y": [0, 1, 1]}, target="y", intercept=False)
    assert gradient(problem, {"x": "2*x - 1"}) == {"x": "2*x - 1"}
