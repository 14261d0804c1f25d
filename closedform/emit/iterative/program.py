"""Losses of matrices as straight-line programs, differentiated by reverse mode; the gradient, a program too, by forward mode.

A step is an operation on earlier steps (Griewank and Walther, *Evaluating Derivatives*, 2008, chapters 3 and 5). Equal steps
are made once. Shapes are size texts; a number is a 1 x 1 step that Python sees as a scalar.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from closedform.algebra.noncommutative.letters import ONE
from closedform.emit.iterative.trees import NoCode
from closedform.frozen import record

Shape = tuple[str, str]
SCALAR: Shape = (ONE, ONE)


@record
class ProgramStep:
    """An operation, what it takes (numbers of steps), what else says it, and the shape of its value."""

    op: str
    args: tuple[int, ...]
    about: tuple[Any, ...]
    shape: Shape


@dataclass
class Program:
    """Steps in the order in which they are worked out."""

    steps: list[ProgramStep] = field(default_factory=list[ProgramStep])
    numbers: dict[ProgramStep, int] = field(default_factory=dict[ProgramStep, int])

    def step(self, op: str, args: Sequence[int], shape: Shape, *about: Any) -> int:
        made = ProgramStep(op, tuple(args), about, shape)
        if made not in self.numbers:
            self.numbers[made] = len(self.steps)
            self.steps.append(made)
        return self.numbers[made]

    def shape(self, i: int) -> Shape:
        return self.steps[i].shape

    # -- operations ------------------------------------------------------------------------------------------------

    def leaf(self, name: str, shape: Shape) -> int:
        return self.step("leaf", (), shape, name)

    def number(self, value: Fraction | int | str) -> int:
        return self.step("number", (), SCALAR, value)

    def fill(self, value: Fraction | int, shape: Shape) -> int:
        """A matrix of one number; of shape 1 x 1 the number itself."""
        return self.number(Fraction(value)) if shape == SCALAR else self.step("fill", (), shape, Fraction(value))

    def constant(self, i: int) -> Fraction | None:
        """The number that every entry of a step is."""
        s = self.steps[i]
        return s.about[0] if s.op in ("number", "fill") and isinstance(s.about[0], Fraction) else None

    def add(self, *terms: int) -> int:
        out: int | None = None
        for t in terms:
            if self.constant(t) == 0:
                continue
            if out is None:
                out = t
                continue
            a, b = self.constant(out), self.constant(t)
            known = None if a is None or b is None else a + b
            out = self.step("add", (out, t), self.shape(t)) if known is None else self.fill(known, self.shape(t))
        return out if out is not None else self.fill(0, self.shape(terms[0]))

    def scale(self, c: Fraction | int, a: int) -> int:
        c = Fraction(c)
        known = self.constant(a)
        if known is not None:
            return self.fill(c * known, self.shape(a))
        s = self.steps[a]
        if s.op == "scale":
            return self.scale(c * s.about[0], s.args[0])
        return a if c == 1 else self.fill(0, s.shape) if c == 0 else self.step("scale", (a,), s.shape, c)

    def times(self, a: int, b: int) -> int:
        """The product entry by entry, of equal shapes or with a number on one side."""
        for x, y in ((a, b), (b, a)):
            known = self.constant(x)
            if known is not None and (self.shape(x) == SCALAR or self.shape(x) == self.shape(y)):
                return self.scale(known, y)
            s = self.steps[x]
            if s.op == "scale":
                return self.scale(s.about[0], self.times(s.args[0], y))
        shape = self.shape(b) if self.shape(a) == SCALAR else self.shape(a)
        return self.step("times", (a, b) if self.shape(a) == SCALAR or a <= b else (b, a), shape)

    def matmul(self, a: int, b: int) -> int:
        if SCALAR in (self.shape(a), self.shape(b)):
            return self.times(a, b)
        shape = (self.shape(a)[0], self.shape(b)[1])
        if 0 in (self.constant(a), self.constant(b)):
            return self.fill(0, shape)
        for x, y, left in ((a, b, True), (b, a, False)):
            s = self.steps[x]
            if s.op == "eye":
                return y
            if s.op == "scale":
                inner = self.matmul(s.args[0], y) if left else self.matmul(y, s.args[0])
                return self.scale(s.about[0], inner)
        return self.step("matmul", (a, b), shape)

    def transpose(self, a: int) -> int:
        s = self.steps[a]
        if s.shape == SCALAR or s.op == "eye":
            return a
        if s.op == "transpose":
            return s.args[0]
        if s.op == "fill":
            return self.fill(s.about[0], (s.shape[1], s.shape[0]))
        if s.op == "scale":
            return self.scale(s.about[0], self.transpose(s.args[0]))
        return self.step("transpose", (a,), (s.shape[1], s.shape[0]))

    def total(self, a: int) -> int:
        """The sum of all entries."""
        s = self.steps[a]
        if s.shape == SCALAR:
            return a
        if s.op == "scale":
            return self.scale(s.about[0], self.total(s.args[0]))
        return self.number(Fraction(0)) if self.constant(a) == 0 else self.step("total", (a,), SCALAR)

    def spread(self, a: int, shape: Shape) -> int:
        """A number in every entry."""
        known = self.constant(a)
        if known is not None:
            return self.fill(known, shape)
        return a if shape == SCALAR else self.step("spread", (a,), shape)

    def power(self, a: int, e: Fraction) -> int:
        known = self.constant(a)
        if e == 1:
            return a
        if e == 0:
            return self.fill(1, self.shape(a))
        if known is not None and e.denominator == 1 and (known != 0 or e > 0):
            return self.fill(known ** int(e), self.shape(a))
        return self.step("power", (a,), self.shape(a), e)

    def function(self, f: str, a: int) -> int:
        if f == "sqrt":
            return self.power(a, Fraction(1, 2))
        if f == "recip":
            return self.power(a, Fraction(-1))
        return self.step("function", (a,), self.shape(a), f)

    def inverse(self, a: int) -> int:
        return self.power(a, Fraction(-1)) if self.shape(a) == SCALAR else self.step("inverse", (a,), self.shape(a))

    def diagonal_matrix(self, a: int) -> int:
        n = next(s for s in (*self.shape(a), ONE) if s != ONE)
        return self.step("diag", (a,), (n, n))

    def diagonal_of(self, a: int) -> int:
        return self.step("diagonal", (a,), (self.shape(a)[0], ONE))

    def trace(self, a: int) -> int:
        s = self.steps[a]
        if s.shape == SCALAR:
            return a
        if s.op == "matmul":
            return self.total(self.times(self.transpose(s.args[0]), s.args[1]))
        if s.op == "add":
            return self.add(*(self.trace(t) for t in s.args))
        if s.op == "scale":
            return self.scale(s.about[0], self.trace(s.args[0]))
        return self.total(self.diagonal_of(a))

    # -- derivatives -----------------------------------------------------------------------------------------------

    def slope(self, f: str, a: int, value: int) -> int:
        """The derivative of an elementwise function; at a kink the one beside it."""
        one = self.fill(1, self.shape(a))
        if f in ("exp",):
            return value
        if f == "log":
            return self.power(a, Fraction(-1))
        if f == "sigmoid":
            return self.times(value, self.add(one, self.scale(-1, value)))
        if f == "tanh":
            return self.add(one, self.scale(-1, self.power(value, Fraction(2))))
        if f == "tan":
            return self.add(one, self.power(value, Fraction(2)))
        if f in ("step", "sign"):
            return self.fill(0, self.shape(a))
        if f in ("erf", "erfc"):
            bell = self.times(
                self.number("2/np.sqrt(np.pi)"), self.function("exp", self.scale(-1, self.power(a, Fraction(2))))
            )
            return bell if f == "erf" else self.scale(-1, bell)
        if f in ("asin", "acos", "atan"):
            square = self.power(a, Fraction(2))
            if f == "atan":
                return self.power(self.add(one, square), Fraction(-1))
            root = self.power(self.add(one, self.scale(-1, square)), Fraction(-1, 2))
            return root if f == "asin" else self.scale(-1, root)
        if f not in _SIMPLE:
            raise NoCode(f"{f} has no derivative in code")
        sign, g = _SIMPLE[f]
        return self.scale(sign, self.function(g, a))

    def reverse(self, loss: int, leaves: Sequence[int]) -> list[int]:
        """The gradient of a number by leaves, as further steps."""
        wanted, count = set(leaves), loss + 1
        held = list[bool]()
        for i, s in enumerate(self.steps[:count]):
            held.append(i in wanted or any(held[a] for a in s.args))
        adjoint = dict[int, int]({loss: self.number(Fraction(1))})
        for i in range(loss, -1, -1):
            if i not in adjoint or not held[i] or not self.steps[i].args:
                continue
            for a, g in self._back(self.steps[i], i, adjoint[i]):
                if held[a]:
                    adjoint[a] = self.add(adjoint[a], g) if a in adjoint else g
        return [adjoint.get(x, self.fill(0, self.shape(x))) for x in leaves]

    def _back(self, s: ProgramStep, i: int, g: int) -> list[tuple[int, int]]:
        """What each argument of a step gets of its adjoint."""
        op, args = s.op, s.args
        if op == "add":
            return [(a, g) for a in args]
        if op == "scale":
            return [(args[0], self.scale(s.about[0], g))]
        if op == "times":
            a, b = args
            return [(a, self._fitted(self.times(g, b), a)), (b, self._fitted(self.times(g, a), b))]
        if op == "matmul":
            a, b = args
            return [
                (a, self.matmul(g, self.transpose(b))),
                (b, self.matmul(self.transpose(a), g)),
            ]
        if op == "transpose":
            return [(args[0], self.transpose(g))]
        if op == "total":
            return [(args[0], self.spread(g, self.shape(args[0])))]
        if op == "spread":
            return [(args[0], self.total(g))]
        if op == "power":
            e = s.about[0]
            return [(args[0], self.times(g, self.scale(e, self.power(args[0], e - 1))))]
        if op == "function":
            return [(args[0], self.times(g, self.slope(s.about[0], args[0], i)))]
        if op == "inverse":
            t = self.transpose(i)
            return [(args[0], self.scale(-1, self.matmul(self.matmul(t, g), t)))]
        if op == "logdet":
            return [(args[0], self.times(g, self.transpose(self.inverse(args[0]))))]
        if op == "diag":
            got = self.diagonal_of(g)
            return [(args[0], got if self.shape(args[0])[1] == ONE else self.transpose(got))]
        if op == "diagonal":
            return [(args[0], self.diagonal_matrix(g))]
        raise NoCode(f"{op} has no derivative in code")

    def _fitted(self, g: int, a: int) -> int:
        """An adjoint summed where a number was spread over a matrix."""
        return self.total(g) if self.shape(a) == SCALAR != self.shape(g) else g

    def forward(self, results: Sequence[int], moved: dict[int, int]) -> list[int]:
        """The derivative of results along the leaves' directions, as further steps."""
        count = max([*results, *moved]) + 1
        tangent = dict(moved)
        for i, s in enumerate(self.steps[:count]):
            if i in tangent or not any(a in tangent for a in s.args):
                continue
            parts = [self._ahead(s, i, k, tangent[a]) for k, a in enumerate(s.args) if a in tangent]
            tangent[i] = self.add(*parts)
        return [tangent.get(r, self.fill(0, self.shape(r))) for r in results]

    def _ahead(self, s: ProgramStep, i: int, k: int, d: int) -> int:
        """How a step moves with its argument number k."""
        op, args = s.op, s.args
        if op == "add":
            return d
        if op == "scale":
            return self.scale(s.about[0], d)
        if op == "times":
            return self.times(d, args[1 - k])
        if op == "matmul":
            return self.matmul(d, args[1]) if k == 0 else self.matmul(args[0], d)
        if op == "power":
            e = s.about[0]
            return self.times(d, self.scale(e, self.power(args[0], e - 1)))
        if op == "function":
            return self.times(d, self.slope(s.about[0], args[0], i))
        if op == "inverse":
            return self.scale(-1, self.matmul(self.matmul(i, d), i))
        if op == "logdet":
            return self.total(self.times(self.transpose(self.inverse(args[0])), d))
        linear: dict[str, Callable[[int], int]] = {
            "transpose": self.transpose,
            "total": self.total,
            "diag": self.diagonal_matrix,
            "diagonal": self.diagonal_of,
        }
        if op == "spread":
            return self.spread(d, s.shape)
        if op not in linear:
            raise NoCode(f"{op} has no derivative in code")
        return linear[op](d)


_SIMPLE: dict[str, tuple[int, str]] = {
    "softplus": (1, "sigmoid"),
    "sin": (1, "cos"),
    "cos": (-1, "sin"),
    "sinh": (1, "cosh"),
    "cosh": (1, "sinh"),
    "relu": (1, "step"),
    "abs": (1, "sign"),
    "loggamma": (1, "polygamma 0"),
    "digamma": (1, "polygamma 1"),
    "polygamma 0": (1, "polygamma 1"),
    "polygamma 1": (1, "polygamma 2"),
    "polygamma 2": (1, "polygamma 3"),
}
