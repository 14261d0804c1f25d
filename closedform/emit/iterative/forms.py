"""From the reader's nodes to programs, and from programs to NumPy code."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fractions import Fraction

from closedform.algebra.noncommutative import read as words
from closedform.algebra.noncommutative.letters import ONE
from closedform.algebra.noncommutative.read import ELEMENTWISE, size_text
from closedform.emit.auxiliaries import NUMPY
from closedform.emit.iterative.program import SCALAR, Program, Shape
from closedform.emit.iterative.trees import NoCode
from closedform.emit.source import identifier
from closedform.expression import Node
from closedform.stationarity.matrix import MatrixSystem

WIDTH = "width"
_KINKS = ("abs", "relu", "sign")


class Reader:
    """The loss of a system as steps of a program; with ``rounded`` kinks are rounded off to ``width``."""

    def __init__(self, system: MatrixSystem, program: Program, rounded: bool) -> None:
        self.system, self.program, self.rounded, self.kinked = system, program, rounded, False

    def __call__(self, node: Node) -> int:
        p, head, kids = self.program, node.head, node.children
        if node.number is not None:
            return p.number(node.number)
        if node.name is not None:
            return p.leaf(node.name, self.system.shape(node.name))
        if head in ("pi", "e"):
            return p.number(f"np.{head}")
        if head in ("eye", "ones", "zeros"):
            sizes = [size_text(k) for k in kids]
            if head == "eye":
                return p.number(Fraction(1)) if sizes[0] == ONE else p.step("eye", (), (sizes[0], sizes[0]))
            return p.fill(0 if head == "zeros" else 1, (sizes[0], sizes[1] if len(sizes) > 1 else ONE))
        if head == "^":
            return self._power(node)
        args = [self(k) for k in kids]
        if head == "+":
            return self._sum(args)
        if head == "*":
            return self._product(args)
        simple: dict[str, Callable[[int], int]] = {
            "transpose": p.transpose,
            "inv": p.inverse,
            "tr": p.trace,
            "total": p.total,
            "norm": lambda a: p.power(p.total(p.power(a, Fraction(2))), Fraction(1, 2)),
            "norm1": lambda a: p.total(self._function("abs", a)),
            "diag": lambda a: p.diagonal_matrix(a) if ONE in p.shape(a) else p.diagonal_of(a),
            "softmax": self._softmax,
            "logdet": lambda a: p.function("log", a) if p.shape(a) == SCALAR else p.step("logdet", (a,), SCALAR),
            "vec": self._column,
        }
        if head in simple and len(args) == 1:
            return simple[head](args[0])
        if head == "hadamard":
            return self._product(args, entrywise=True)
        if head in ("max", "min") and len(args) == 2 and any(p.constant(a) == 0 for a in args):
            z = args[1] if p.constant(args[0]) == 0 else args[0]
            if head == "max":
                return self._function("relu", z)
            return p.scale(-1, self._function("relu", p.scale(-1, z)))
        if head in ELEMENTWISE and len(args) == 1:
            return self._function(head, args[0])
        raise NoCode(f"there is no code for {head} of matrices")

    def _column(self, a: int) -> int:
        if self.program.shape(a)[1] != ONE:
            raise NoCode("there is no code for vec")
        return a

    def _sum(self, args: Sequence[int]) -> int:
        """Terms of one shape; a number beside matrices is added to every entry."""
        shape = next((self.program.shape(a) for a in args if self.program.shape(a) != SCALAR), SCALAR)
        return self.program.add(
            *(self.program.spread(a, shape) if self.program.shape(a) == SCALAR else a for a in args)
        )

    def _product(self, args: Sequence[int], entrywise: bool = False) -> int:
        out = args[0]
        for a in args[1:]:
            out = self.program.times(out, a) if entrywise else self.program.matmul(out, a)
        return out

    def _power(self, node: Node) -> int:
        base, exponent = node.children
        p, a, e = self.program, self(base), exponent.number
        if e is None:
            if p.shape(a) != SCALAR:
                raise NoCode("the exponent of a matrix is not a number")
            return p.function("exp", p.times(self(exponent), p.function("log", a)))
        if base.head == "norm" and e == 2:  # the square, and no square root
            return p.total(p.power(self(base.children[0]), Fraction(2)))
        if p.shape(a) == SCALAR:
            return p.power(a, e)
        square = p.shape(a)[0] == p.shape(a)[1]
        if not square or self._grown(base):
            return p.power(a, e)
        if e == -1:
            return p.inverse(a)
        if e.denominator != 1 or not 0 < e < 5:
            raise NoCode(f"there is no code for the power {e} of a matrix")
        return self._product([a] * int(e))

    def _grown(self, base: Node) -> bool:
        """Does a sum of elementwise functions stand under the power? Then it is meant entry by entry."""
        poly = words.read(base, self.system.given or self.system.names)
        return any(l.kind == "fn" for _, word in poly.terms for l in word)

    def _softmax(self, a: int) -> int:
        p = self.program
        cols = p.shape(a)[1]
        grown = p.function("exp", a)
        if cols == ONE:
            return p.times(p.power(p.total(grown), Fraction(-1)), grown)
        sums = p.matmul(grown, p.fill(1, (cols, ONE)))
        return p.times(grown, p.matmul(p.power(sums, Fraction(-1)), p.fill(1, (ONE, cols))))

    def _function(self, f: str, a: int) -> int:
        p = self.program
        s = p.steps[a]
        if f in _KINKS:
            self.kinked = True
            if self.rounded:
                width = p.times(p.leaf(WIDTH, SCALAR), p.leaf(WIDTH, SCALAR))
                root = p.power(p.add(p.power(a, Fraction(2)), p.spread(width, s.shape)), Fraction(1, 2))
                if f == "abs":
                    return root
                return (
                    p.scale(Fraction(1, 2), p.add(a, root)) if f == "relu" else p.times(a, p.power(root, Fraction(-1)))
                )
        if f == "log":
            return self._log(a)
        if f == "recip" and (z := self._one_and(a, "exp")) is not None:
            return p.function("sigmoid", p.scale(-1, z))
        return p.function(f, a)

    def _log(self, a: int) -> int:
        """log(1 + exp(z)), log(sigmoid(z)) and log(1 - sigmoid(z)) by softplus."""
        p = self.program
        s = p.steps[a]
        if (z := self._one_and(a, "exp")) is not None:
            return p.function("softplus", z)
        if s.op == "function" and s.about[0] == "sigmoid":
            return p.scale(-1, p.function("softplus", p.scale(-1, s.args[0])))
        if (z := self._one_and(a, "sigmoid", -1)) is not None:
            return p.scale(-1, p.function("softplus", z))
        return p.function("log", a)

    def _one_and(self, a: int, f: str, sign: int = 1) -> int | None:
        """z of ``1 + sign*f(z)``."""
        p = self.program
        s = p.steps[a]
        if s.op != "add" or 1 not in [p.constant(t) for t in s.args]:
            return None
        other = next(t for t in s.args if p.constant(t) != 1)
        inner = p.steps[other]
        if sign == -1:
            if inner.op != "scale" or inner.about[0] != -1:
                return None
            inner = p.steps[inner.args[0]]
        return inner.args[0] if inner.op == "function" and inner.about[0] == f else None


# -- code --------------------------------------------------------------------------------------------------------------

_OWN = ("sigmoid", "softplus", "erf", "erfc", "loggamma", "gamma")
_LOOSE, _PRODUCT, _TIGHT = 0, 1, 2  # how strongly the outermost operator of a piece of code binds


class CodePrinter:
    """Steps as lines of code; those used more than once get names, ``names`` those that leaves have."""

    def __init__(self, program: Program, taken: set[str]) -> None:
        self.program, self.taken = program, taken
        self.used, self.sizes, self.lines = dict[str, None](), dict[str, None](), list[str]()
        self.known = dict[int, str]()

    def codes(self, results: Sequence[int]) -> list[str]:
        """The code of results; what they share stands in ``lines``."""
        uses = dict[int, int]()

        def count(i: int) -> None:
            uses[i] = uses.get(i, 0) + 1
            if uses[i] == 1:
                for a in self.program.steps[i].args:
                    count(a)

        for r in results:
            count(r)
        number = 1
        for i in sorted(uses):
            s = self.program.steps[i]
            if uses[i] > 1 and s.args and s.op not in ("transpose", "scale"):
                text = self._code(i)[0]
                while f"T{number}" in self.taken:
                    number += 1
                self.taken.add(f"T{number}")
                self.lines.append(f"T{number} = {text}")
                self.known[i] = f"T{number}"
        return [self._code(r)[0] for r in results]

    def size(self, s: str) -> str:
        def named(match: re.Match[str]) -> str:
            self.sizes[match[0]] = None
            return identifier(match[0])

        return re.sub(r"[^\W\d]\w*", named, s)

    def _bound_tightly(self, i: int, least: int) -> str:
        text, binds = self._code(i)
        return text if binds >= least else f"({text})"

    def _code(self, i: int) -> tuple[str, int]:
        if i in self.known:
            return self.known[i], _TIGHT
        s = self.program.steps[i]
        args, about = s.args, s.about
        if s.op == "leaf":
            self.sizes[about[0]] = None
            return (identifier(about[0]) if about[0] != WIDTH else WIDTH), _TIGHT
        if s.op == "number":
            return _number(about[0])
        if s.op == "fill":
            shape = f"np.ones(({self.size(s.shape[0])}, {self.size(s.shape[1])}))"
            return (shape, _TIGHT) if about[0] == 1 else (f"{_number(about[0])[0]}*{shape}", _PRODUCT)
        if s.op == "eye":
            return f"np.eye({self.size(s.shape[0])})", _TIGHT
        if s.op == "add":
            left, right = self._term(args[0], _LOOSE), self._term(args[1], _PRODUCT)
            return f"{left} - {right[1:]}" if right.startswith("-") else f"{left} + {right}", _LOOSE
        if s.op == "scale":
            whole = about[0].denominator == 1
            return _scaled(about[0], self._bound_tightly(args[0], _PRODUCT if whole else _TIGHT)), _PRODUCT
        if s.op == "times":
            return f"{self._bound_tightly(args[0], _TIGHT)}*{self._bound_tightly(args[1], _TIGHT)}", _PRODUCT
        if s.op == "matmul":
            code = f"{self._factor(args[0])} @ {self._factor(args[1])}"
            return (f"({code}).item()", _TIGHT) if s.shape == SCALAR else (code, _PRODUCT)
        if s.op == "transpose":
            return f"{self._bound_tightly(args[0], _TIGHT)}.T", _TIGHT
        if s.op == "power":
            return self._raised(args[0], about[0])
        if s.op == "function":
            return self._function(about[0], self._code(args[0])[0]), _TIGHT
        if s.op == "spread":
            ones = f"np.ones(({self.size(s.shape[0])}, {self.size(s.shape[1])}))"
            return f"{self._bound_tightly(args[0], _TIGHT)}*{ones}", _PRODUCT
        forms = {
            "total": "np.sum({})",
            "inverse": "np.linalg.inv({})",
            "logdet": "_logdet({})",
            "diag": "np.diag(np.ravel({}))",
            "diagonal": "np.diag({}).reshape(-1, 1)",
        }
        if s.op == "logdet":
            self.used["_logdet"] = None
        return forms[s.op].format(self._code(args[0])[0]), _TIGHT

    def _term(self, i: int, least: int) -> str:
        """A term of a sum, where a number stands for a matrix of it."""
        s = self.program.steps[i]
        return _number(s.about[0])[0] if s.op == "fill" else self._bound_tightly(i, least)

    def _factor(self, i: int) -> str:
        """A factor of a matrix product: products of matrices associate, all else in parentheses."""
        text, binds = self._code(i)
        return text if binds == _TIGHT else f"({text})"

    def _raised(self, a: int, e: Fraction) -> tuple[str, int]:
        if e == Fraction(1, 2):
            return f"np.sqrt({self._code(a)[0]})", _TIGHT
        base = self._bound_tightly(a, _TIGHT)
        if e == -1:
            return f"1/{base}", _PRODUCT
        if e < 0:
            return f"1/{base}**{_exponent(-e)}", _PRODUCT
        return f"{base}**{_exponent(e)}", _PRODUCT

    def _function(self, f: str, code: str) -> str:
        if f in NUMPY:
            return f"{NUMPY[f]}({code})"
        if f in _OWN:
            self.used[f"_{f}"] = None
            return f"_{f}({code})"
        if f == "relu":
            return f"np.maximum({code}, 0)"
        if f == "step":
            return f"np.heaviside({code}, 0.5)"
        if f == "digamma" or f.startswith("polygamma "):
            self.used["_polygamma"] = None
            return f"_polygamma({f[10:] if f != 'digamma' else 0}, {code})"
        raise NoCode(f"there is no NumPy code for {f}")


def _scaled(c: Fraction, code: str) -> str:
    sign, top = "-" if c < 0 else "", abs(c.numerator)
    return f"{sign}{f'{top}*' if top != 1 else ''}{code}{f'/{c.denominator}' if c.denominator != 1 else ''}"


def _exponent(e: Fraction) -> str:
    return str(e) if e.denominator == 1 else f"({e})"


def _number(value: object) -> tuple[str, int]:
    text = str(value)
    return text, _TIGHT if text.isdigit() or text in ("np.pi", "np.e") else _LOOSE


def symbols(*shapes: Shape) -> list[str]:
    """The size symbols of shapes."""
    return [m for shape in shapes for s in shape for m in re.findall(r"[^\W\d]\w*", s)]
