"""A reduction: a strictly increasing function (log, exp, root, norm) of a smaller loss has its minimisers."""

from __future__ import annotations

from dataclasses import replace

from closedform.algebra.noncommutative.facts import sign
from closedform.algebra.noncommutative.letters import Unsupported
from closedform.algebra.noncommutative.polynomial import Poly
from closedform.algebra.noncommutative.read import read
from closedform.attempt import Attempt, finding
from closedform.budget import Budget
from closedform.expression import Node, number, power
from closedform.reading.language import unparse
from closedform.stationarity.matrix import MatrixSystem, matrix_system
from closedform.stationarity.system import Reduction

name = "increasing function of a smaller matrix loss"
example = {"loss": "log(||X*a - y||^2)", "unknowns": ["a"], "shapes": {"X": "n,k", "y": "n", "a": "k"}}
counterexample = {"loss": "||X*a - y||^2", "unknowns": ["a"], "shapes": {"X": "n,k", "y": "n", "a": "k"}}


def declines(system: MatrixSystem) -> str | None:
    return None if _peel(system) is not None else "the loss is not an increasing function of a smaller one"


def _peel(system: MatrixSystem) -> tuple[Node, tuple[str, ...]] | None:
    """The smaller loss, one or more layers down, and what must hold at its minimiser for the larger one to have a value.

    None where nothing but factors and constants could be taken off.
    """
    node, peeled, asked = system.problem.loss, False, list[str]()
    while node is not None:
        unknowns = frozenset(system.unknowns)
        if node.head in ("+", "*"):
            moving = [k for k in node.children if read(k, system.names).names & unknowns]
            fixed = [read(k, system.names) for k in node.children if k not in moving]
            if (
                len(moving) != 1
                or not all(p.scalar for p in fixed)
                or (node.head == "*" and not _positive(fixed, system))
            ):
                break
            inner: Node = moving[0]
        elif (
            node.head in ("log", "exp", "sqrt")
            and len(node.children) == 1
            and read(node.children[0], system.names).scalar
        ):
            inner, peeled = node.children[0], True
            known = _sign(inner, system)
            if node.head == "sqrt" and known not in (1, 2):
                return None  # the root ends where its argument is zero, and has its minimum there
            if node.head == "log" and known != 2:
                asked.append(f"{unparse(inner)} > 0 at this point")
        elif node.head == "norm":
            return power(node, number(2)), tuple(asked)
        elif node.head == "^" and _is_root(node, system):
            inner, peeled = node.children[0], True
        else:
            break
        node = inner
    return (node, tuple(asked)) if peeled and node is not None else None


def _sign(node: Node, system: MatrixSystem) -> int | None:
    """The sign as ``facts.sign`` has it, of a sum also by its terms as written."""
    parts = [sign(read(k, system.names), system.facts) for k in node.children] if node.head == "+" else []
    if parts and all(s in (1, 2) for s in parts):
        return max(s for s in parts if s is not None)
    return sign(read(node, system.names), system.facts)


def _positive(factors: list[Poly], system: MatrixSystem) -> bool:
    signs = [sign(p, system.facts) for p in factors]
    return (
        None not in signs
        and 0 not in signs
        and 1 not in signs
        and -1 not in signs
        and sum(s == -2 for s in signs) % 2 == 0
    )


def _is_root(node: Node, system: MatrixSystem) -> bool:
    """A positive power, other than a square, of a scalar that is never negative."""
    base, exponent = node.children[0], node.children[-1].number
    if exponent is None or exponent <= 0 or exponent in (1, 2):
        return False
    inner = read(base, system.names)
    return inner.scalar and sign(inner, system.facts) in (1, 2)


def reduce(system: MatrixSystem, budget: Budget) -> Reduction:
    budget.check()
    peeled = _peel(system)
    if peeled is None:
        raise Unsupported("the loss is not an increasing function of a smaller one")
    inner, asked = peeled
    smaller = matrix_system(replace(system.problem, loss=inner))

    def lift(attempts: tuple[Attempt, ...]) -> Attempt:
        found = attempts[0]
        if found.outcome != "solved" or found.formula is None or not found.formula.is_minimum:
            return Attempt(name, "declined", f"the smaller loss was not solved: {found.reason}")
        statement = finding("increasing function of a smaller loss")
        formula = replace(found.formula, conditions=(*found.formula.conditions, *asked))
        return replace(found, findings=(statement, *found.findings), formula=formula, complete=False)

    return Reduction(name, (smaller,), lift)
