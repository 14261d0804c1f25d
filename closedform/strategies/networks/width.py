"""Networks with one layer of units of which there may be any number, over data in symbols: what is known at each width.

A critical point of the narrow network gives a line of critical points of every wider one: one unit is split in two with
the same hidden weights, its output weight v as c*v and (1 - c)*v (Fukumizu and Amari 2000). So a witness against a
formula for one unit is one against a formula for all critical points at any width. It says nothing of the minimiser:
as soon as there are as many units as different inputs, that has a formula (``interpolation``).
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import replace

from closedform import expression
from closedform.attempt import Attempt, Finding, finding
from closedform.budget import Budget
from closedform.expression import Node, add, nodes
from closedform.frozen import FrozenMap, record
from closedform.problem import Problem
from closedform.reading.language import unparse
from closedform.stationarity.system import System

name = "networks of every width"
example = {"loss": "nn_matrix"}
counterexample = {"loss": "ols"}
share = 0.5

RATIONAL = ("sigmoid", "tanh", "exp")  # in exponentials of the hidden unknowns
ACTIVATIONS = (*RATIONAL, "softplus", "relu")


@record
class Network:
    """A squared loss whose outputs are combinations of equal units, with what is said of it."""

    narrow: Problem  # the same with one unit
    activation: str
    deep: bool  # are there layers below
    bias: bool  # has every hidden layer one
    formula: str  # the output weights by least squares, in the language of the problem
    width: str  # what the number of units is called
    inputs: str


def declines(system: System) -> str | None:
    """A sentence when the loss is no squared loss of units over data in symbols, else None."""
    problem = system.problem
    if problem.loss is None or problem.constraints or problem.relations or problem.data is not None:
        return "this is about networks over data in symbols"
    return None if network(problem) is not None else "the loss is no squared loss of a layer of equal units"


def attempt(system: System, budget: Budget) -> Attempt:
    """ "not_closed" for the list of all critical points, with what is known of the minimiser at each width."""
    found = network(system.problem)
    if found is None:
        return Attempt(name, "declined", "the loss is no squared loss of a layer of equal units")
    kinked = found.activation == "relu"
    wide = finding(
        "as many units as inputs",
        scope="formula",
        formula=found.formula,
        width=found.width,
        inputs=found.inputs,
        bias=found.bias,
        kinked=kinked,
    )
    known = () if kinked and found.deep and not found.bias else (wide,)
    if found.deep or found.activation not in RATIONAL:
        return Attempt(name, "enclosed", "no witness against a formula is known here", scope="formula", findings=known)
    all_data = importlib.import_module("closedform.strategies.obstructions.all_data")
    narrow: Attempt = all_data.witnessed(found.narrow, budget)
    if narrow.outcome != "not_closed":
        return Attempt(name, "enclosed", narrow.reason, scope="formula", findings=known)
    return replace(
        narrow,
        strategy=name,
        minimiser="undecided",
        findings=(*map(_of_one_unit, narrow.findings), finding("split units", scope="formula"), *known),
    )


def _of_one_unit(statement: Finding) -> Finding:
    """What is said of a critical point of the narrow network, said of the list of all of them."""
    if "subject" not in statement.about:
        return statement
    return replace(statement, about=FrozenMap({**statement.about, "subject": "every critical point"}))


def network(problem: Problem) -> Network | None:
    """The network behind a loss in matrices or a sum over rows; None where it is none of this kind."""
    if problem.loss is None:
        return None
    return _in_matrices(problem) if problem.level == "matrix" else _over_rows(problem)


# -- in matrices -------------------------------------------------------------------------------------------------------


def _in_matrices(problem: Problem) -> Network | None:
    """||V*f(W*X + b*ones') - Y||^2, or with the data in rows; W*X may hold deeper layers."""
    loss = problem.loss
    if loss is None or loss.head != "^" or loss.children[0].head != "norm" or loss.children[1].number != 2:
        return None
    unknowns, every = frozenset(problem.unknowns), _names(loss)
    if any(every.count(u) != 1 for u in unknowns):
        return None
    layers, targets = list[tuple[list[Node], int]](), list[Node]()
    for term in _terms(loss.children[0].children[0]):
        factors, sign = _signed(term)
        if not expression.free_names(term) & unknowns:
            targets.append(term)
        elif not _is_shift(factors, unknowns):
            layers.append((factors, sign))
    if len(layers) != 1 or len(layers[0][0]) != 2:
        return None
    (left, right), sign = layers[0]
    rows = left.head in ACTIVATIONS
    units, output = (left, right) if rows else (right, left)
    inputs = _inputs(units, unknowns)
    if units.head not in ACTIVATIONS or inputs is None or output.name not in unknowns:
        return None
    bias, deep, data = inputs
    target = add(*(term if sign < 0 else expression.negate(term) for term in targets))
    shown = f"({unparse(target)})" if target.head == "+" else unparse(target)
    activated = unparse(units)
    formula = f"{output.name} = pinv({activated})*{shown}" if rows else f"{output.name} = {shown}*pinv({activated})"
    width = unparse(problem.shapes[str(output.name)][0 if rows else 1])
    return Network(
        problem, units.head, deep, bias, formula, width, f"{'rows' if rows else 'columns'} of {unparse(data)}"
    )


def _terms(node: Node) -> list[Node]:
    return [t for c in node.children for t in _terms(c)] if node.head == "+" else [node]


def _signed(term: Node) -> tuple[list[Node], int]:
    """The factors of a product without a factor -1, and its sign."""
    factors = list(term.children) if term.head == "*" else [term]
    if factors[0].number == -1 and len(factors) > 1:
        return factors[1:], -1
    return factors, 1


def _names(node: Node) -> list[str]:
    return [str(node.name)] if node.name is not None else [n for c in node.children for n in _names(c)]


def _is_shift(factors: Sequence[Node], unknowns: frozenset[str]) -> bool:
    """Is the product an unknown column or row, repeated: b*ones(n)' or ones(n)*b'?"""
    plain = [f.children[0] if f.head == "transpose" else f for f in factors]
    return len(plain) == 2 and {f.head for f in plain} == {"name", "ones"} and any(f.name in unknowns for f in plain)


def _inputs(units: Node, unknowns: frozenset[str]) -> tuple[bool, bool, Node] | None:
    """Whether the units have a bias, whether there are layers below, and the data that come in."""
    products, bias = list[list[Node]](), False
    for term in _terms(units.children[0]) if units.children else []:
        factors, sign = _signed(term)
        if _is_shift(factors, unknowns):
            bias = True
        elif sign > 0:
            products.append(factors)
    if len(products) != 1 or len(products[0]) != 2:
        return None
    weights = [f for f in products[0] if f.name in unknowns]
    if len(weights) != 1:
        return None
    below = products[0][1] if products[0][0] is weights[0] else products[0][0]
    if not expression.free_names(below) & unknowns:
        return bias, False, below
    deeper = _inputs(below, unknowns) if below.head in ACTIVATIONS else None
    return (bias and deeper[0], True, deeper[2]) if deeper is not None else None


# -- over rows ---------------------------------------------------------------------------------------------------------


def _over_rows(problem: Problem) -> Network | None:
    """sum (y[i] - sum_j v_j*f(w_j*x[i] + b_j))^2 with two units or more, alike but for the names of their unknowns."""
    loss, unknowns = problem.loss, frozenset(problem.unknowns)
    if loss is None or loss.head != "sum" or loss.children[3].head != "^" or loss.children[3].children[1].number != 2:
        return None
    terms = _distributed(loss.children[3].children[0], 1)
    units = [t for t in terms if expression.scalar_names(t) & unknowns]
    kinds = {_alike(t, problem.unknowns) for t in units}
    owned = [expression.scalar_names(t) & unknowns for t in units]
    if len(units) < 2 or len(kinds) != 1 or sum(map(len, owned)) != len(unknowns):
        return None
    outputs = [[f.name for f in _signed(t)[0] if f.name in unknowns] for t in units]
    if any(len(o) != 1 for o in outputs):
        return None
    found = expression.heads(units[0])
    activation = "relu" if "max" in found else "softplus" if "log" in found else "sigmoid"
    rest = [t for t in terms if t not in units]
    body = expression.power(add(*rest, units[0]), expression.number(2))
    narrow = replace(
        problem,
        loss=Node("sum", (*loss.children[:3], body)),
        unknowns=tuple(u for u in problem.unknowns if u in owned[0]),
        catalogue=None,
    )
    formula = f"({', '.join(str(o[0]) for o in outputs)}) = pinv(A)*targets with the activations A"
    bias = any(u.name in unknowns for n in nodes(units[0]) if n.head == "+" for u in n.children)
    return Network(narrow, activation, False, bias, formula, str(len(units)), "rows of inputs")


def _distributed(node: Node, sign: int) -> list[Node]:
    """The terms of a sum, with factors -1 before sums multiplied in."""
    if node.head == "+":
        return [t for c in node.children for t in _distributed(c, sign)]
    factors, own = _signed(node)
    if len(factors) == 1 and factors[0].head == "+":
        return _distributed(factors[0], sign * own)
    return [node if sign > 0 else expression.negate(node)]


def _alike(term: Node, unknowns: Sequence[str]) -> Node:
    """The term with its unknowns numbered in the order in which they stand."""
    order = list(dict.fromkeys(n for n in _names(term) if n in unknowns))
    return expression.substitute(term, {n: expression.name(f"unknown {k}") for k, n in enumerate(order)})
