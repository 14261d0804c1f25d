"""A polynomial in one unknown with numbers for coefficients, written as a sum of its powers: read by FLINT, not by SymPy."""

from __future__ import annotations

from typing import Any

from flint import fmpq, fmpq_poly

from closedform.algebra.spelled import spelled_polynomial, spelled_product
from closedform.expression import Node, to_tree
from closedform.frozen import FrozenMap
from closedform.kernel.algebra.rational import quotient
from closedform.kernel.expressions import tree as kernel
from closedform.kernel.expressions.derivatives import differentiate
from closedform.problem import Problem
from closedform.stationarity.system import Outline
from closedform.stationarity.text.system import TextLoss

LEAST_DEGREE, MAX_DEGREE = 3, 401
SPELLED = (1, 2)  # degrees of factors whose roots are spelled without SymPy


class PolynomialLine(TextLoss):
    """The loss as a polynomial over Q."""

    kind = "polynomial"

    def __init__(self, problem: Problem, loss: Node, polynomial: fmpq_poly) -> None:
        super().__init__(problem, loss, kernel.read(to_tree(loss)))
        self.polynomial, self.slope = polynomial, polynomial.derivative()
        self.gradient: tuple[Any, ...] = (spelled_polynomial(self.slope, problem.unknowns[0]),)
        self.equations: tuple[Any, ...] = (spelled_product(self.slope, problem.unknowns[0]),)

    def outline(self) -> Outline:
        """Gradient, Hessian and equation."""
        x = self.problem.unknowns[0]
        second = spelled_polynomial(self.slope.derivative(), x)
        return Outline(FrozenMap({x: self.gradient[0]}), ((second,),), self.equations, self.kind)


def polynomial_line(problem: Problem) -> PolynomialLine | None:
    """The system of a loss that is written as a sum of powers of its one unknown, on the whole line; None for any other.

    >>> from closedform.problem import read
    >>> polynomial_line(read("x^4 - x^2")).slope, polynomial_line(read("x*(x - 1)"))
    (4*x^3 + (-2)*x, None)
    """
    if (
        problem.level != "scalar"
        or problem.loss is None
        or len(problem.unknowns) != 1
        or problem.parameters
        or problem.data is not None
        or problem.relations
        or problem.constraints
        or problem.properties
        or problem.box
    ):
        return None
    found = _powers(problem.loss, problem.unknowns[0])
    if found is None or not LEAST_DEGREE <= max(found, default=0) <= MAX_DEGREE:
        return None
    loss = fmpq_poly([found.get(k, fmpq(0)) for k in range(max(found) + 1)])
    if loss.degree() != max(found) or not _agrees(problem.loss, problem.unknowns[0], loss.derivative()):
        return None
    return PolynomialLine(problem, problem.loss, loss)


def answers_without_sympy(problem: Problem) -> bool:
    """Are the roots of the slope spelled here, or have they no radicals? (Few of degree five and more have some.)"""
    line = polynomial_line(problem)
    if line is None:
        return False
    return all(g.degree() in SPELLED or g.degree() > 4 for g, _ in line.slope.numer().factor()[1])


def _powers(node: Node, x: str) -> dict[int, fmpq] | None:
    """The coefficient of each power in a sum of powers; None for a node of another form."""
    out = dict[int, fmpq]()
    for term in node.children if node.head == "+" else (node,):
        found = _power(term, x)
        if found is None:
            return None
        k, c = found
        out[k] = out.get(k, fmpq(0)) + c
    return out


def _power(term: Node, x: str) -> tuple[int, fmpq] | None:
    """The exponent and the coefficient of a product of numbers and powers of x."""
    degree, coefficient = 0, fmpq(1)
    for factor in term.children if term.head == "*" else (term,):
        value = factor.number
        if value is not None:
            coefficient *= fmpq(value.numerator, value.denominator)
        elif factor.name == x:
            degree += 1
        elif factor.head == "^" and factor.children[0].name == x:
            exponent = factor.children[1].number
            if exponent is None or exponent.denominator != 1 or not 0 < exponent <= MAX_DEGREE:
                return None
            degree += exponent.numerator
        else:
            return None
    return degree, coefficient


def _agrees(loss: Node, x: str, slope: fmpq_poly) -> bool:
    """Is the slope the derivative that the kernel takes of the text, as a polynomial?"""
    own = quotient(differentiate(kernel.read(to_tree(loss)), x), [x], {})
    terms = {int(m[0]): c for m, c in own.top.terms()}
    return fmpq_poly([terms.get(k, fmpq(0)) for k in range(max(terms, default=0) + 1)]) == slope
