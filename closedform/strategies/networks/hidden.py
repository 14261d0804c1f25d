"""Hidden weights at which every activation is a known number: whole multiples of log(2) in the exponents, else rationals.

At such weights the outputs of sigmoid and tanh units are rational, so that the last layer is found over Q.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from flint import arb, fmpq, fmpq_mat

from closedform.kernel.claims.least_value import Squares
from closedform.kernel.expressions.balls import evaluate
from closedform.kernel.expressions.derivatives import differentiate
from closedform.kernel.expressions.tree import ZERO, Tree, free_names
from closedform.kernel.reading import Refused
from closedform.strategies.exponentials.field import common_measure
from closedform.strategies.networks.dyadic import Pair, number

SMOOTH, KINKED = ("exp", "tanh"), ("max", "min", "abs", "sign")
MAX_DENOMINATOR = 2**10  # of the slope of an exponent: the power of two would be too large (deep layers)
Weights = dict[str, Pair]  # a + b*log(2)


class Hidden:
    """The unknowns inside the activations, and the matrix of the coefficients that they give."""

    def __init__(self, squares: Squares, unknowns: Sequence[str]) -> None:
        self.squares = squares
        self.columns = list(squares.coefficients.values())
        trees = [a for column in self.columns for a in column]
        used = set[str]().union(*(free_names(a) for a in trees))
        self.inner = [u for u in unknowns if u in used]
        exponents, kinks = (
            list(dict.fromkeys(form for a in trees for form in _arguments(a, heads))) for heads in (SMOOTH, KINKED)
        )
        self.kinks = kinks
        self.exponential = {x for form in exponents for x in free_names(form)}
        self.forms = exponents + kinks
        self.slopes = {
            x: [(form, differentiate(form, x)) for form in self.forms if x in free_names(form)] for x in self.inner
        }

    @property
    def kinked(self) -> bool:
        """Has an activation a kink, so that the matrix is not analytic in the weights?"""
        return bool(self.kinks)

    def smooth_at(self, weights: Weights) -> bool:
        """Is no argument of a kinked activation zero there (or not known exactly)?"""
        return all((value := self._value(form, weights)) is not None and value != (0, 0) for form in self.kinks)

    @property
    def deep(self) -> bool:
        """Is there an activation inside an activation?"""
        return any(_arguments(form, SMOOTH + KINKED) for form in self.forms)

    def draw(self, source: random.Random, size: int) -> Weights:
        """Small weights at random: each a multiple of the step that keeps its exponents whole, layer after layer.

        A weight with the same slope in all arguments, a bias, comes after the others of its layer and puts the argument of
        one row near zero, where activations differ most. Where an argument has no exact slope the weights are rational.
        """
        found: Weights = {}
        while len(found) < len(self.inner):
            layer = {x: steps for x in self.inner if x not in found and (steps := self._steps(x, found)) is not None}
            if not layer:
                return {x: found.get(x, (_half(source, size), ZERO)) for x in self.inner}
            biases = [x for x, steps in layer.items() if len(set(steps)) == 1 and len(self.forms) > 1]
            for x in [*(x for x in layer if x not in biases), *biases]:
                step = common_measure(layer[x]) if layer[x] else fmpq(1)
                if x in biases:
                    found[x] = self._centred(x, source, step, found)
                elif x in self.exponential and step.q < MAX_DENOMINATOR:
                    found[x] = (ZERO, _whole(source, size) / step)
                else:
                    found[x] = (_half(source, size) / max(step, fmpq(1, MAX_DENOMINATOR)), ZERO)
        return found

    def _centred(self, x: str, source: random.Random, step: fmpq, found: Weights) -> Pair:
        """A bias at which the argument of one row, drawn at random, is small."""
        shift = fmpq(source.randint(-1, 1)) if x in self.exponential else fmpq(source.choice((-1, 1)), 3)
        value = self._value(source.choice(self.slopes[x])[0], {**found, x: (ZERO, ZERO)}) or (ZERO, ZERO)
        kept = value[1] if x in self.exponential else value[0]
        moved = (shift - kept) / step
        return (ZERO, moved) if x in self.exponential else (moved, ZERO)

    def _steps(self, x: str, found: Mapping[str, Pair]) -> list[fmpq] | None:
        """The exact slopes of the arguments that hold x; None while one is not known."""
        out = list[fmpq]()
        for _, slope in self.slopes[x]:
            value = self._value(slope, found)
            if value is None or value[1] != 0:
                return None
            if value[0] != 0:
                out.append(value[0])
        return out

    def _value(self, tree: Tree, found: Mapping[str, Pair]) -> Pair | None:
        try:
            return number(tree, found)
        except Refused:
            return None

    def exactly(self, weights: Weights) -> fmpq_mat | None:
        """The coefficients over Q, one row a residual; None where one is not rational."""
        rows = list[list[fmpq]]()
        for i in range(len(self.squares.rows)):
            values = [self._value(column[i], weights) for column in self.columns]
            if any(v is None or v[1] != 0 for v in values):
                return None
            rows.append([v[0] for v in values if v is not None])
        return fmpq_mat(rows)

    def balls(self, weights: Weights) -> list[list[arb]]:
        """The coefficients in balls, at FLINT's current precision."""
        at = {x: arb(a) + arb(b) * arb(2).log() for x, (a, b) in weights.items()}
        return [[evaluate(column[i], at) for column in self.columns] for i in range(len(self.squares.rows))]


def _arguments(tree: Tree, heads: Sequence[str]) -> list[Tree]:
    """The arguments of these activations in a tree, the innermost first; a number beside them in a maximum is none."""
    if not isinstance(tree, tuple):
        return []
    inner = [form for a in tree[1:] for form in _arguments(a, heads)]
    return [*inner, *(a for a in tree[1:] if not isinstance(a, fmpq))] if tree[0] in heads else inner


def _whole(source: random.Random, size: int) -> fmpq:
    return fmpq(source.choice([k for k in range(-size, size + 1) if k]))


def _half(source: random.Random, size: int) -> fmpq:
    """A half of an odd number, so that integer data do not meet kinks."""
    return fmpq(2 * source.randint(-size, size) + 1, 2)
