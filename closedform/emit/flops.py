"""What an emitted program costs, counted from its operations: its syntax tree is run on shapes instead of numbers.

The flops of each operation stand in ``operations``, where the tests that measure a run take them from too. Sizes are
polynomials in the size symbols that the program names when it reads its data. Branches: what only raises or warns is not
taken, nor what is called ``special``; other tests are taken to hold (data in general position, matrices of full rank). A
loop that ends on convergence counts ``ROUNDS`` times. The checks of the data are free.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from closedform.algebra.noncommutative import polynomial as w
from closedform.algebra.noncommutative.functions import power
from closedform.algebra.noncommutative.letters import Atom, Mono, Unsupported
from closedform.algebra.noncommutative.polynomial import Poly
from closedform.algebra.noncommutative.read import Names, read
from closedform.emit.operations import LINALG, extreme, product
from closedform.emit.shapes import NUMBER, Array, NumPy, is_list
from closedform.frozen import FrozenMap
from closedform.reading.data.handed import is_listed
from closedform.reading.language import parse

ROUNDS = 8
_OPERATORS: dict[type[ast.operator], Callable[[Poly, Poly], Poly]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}


class _Returned(Exception):
    def __init__(self, value: Any) -> None:
        self.value = value


def count(source: str) -> FrozenMap[str, str]:
    """``flops``, ``memory`` (numbers that the program names beside its data) and ``order``, as text in the size symbols.

    Empty where the program has a step that is not known here.

    >>> from closedform.emit.flops import count
    >>> program = "def solve(A, b):\\n A, b, flat = _read(('A', A, 'n', 'k'), ('b', b, 'n', '1'))\\n return {'x': A.T @ b}"
    >>> count(program)["flops"]
    '2*k*n'
    """
    tree = ast.parse(source)
    counter = _Counter({f.name: f for f in tree.body if isinstance(f, ast.FunctionDef)})
    try:
        counter.call("solve", [NUMBER for _ in counter.functions["solve"].args.args])
    except (Unsupported, KeyError):
        return FrozenMap()
    flops, memory = counter.flops, counter.memory
    return FrozenMap({"flops": _text(flops), "memory": _text(memory), "order": _order(flops)})


def _text(p: Poly) -> str:
    """The terms of highest degree first."""
    terms = sorted(
        ((m, c) for (m, _), c in p.terms.items()), key=lambda t: (-sum(e for _, e in t[0]), [a.key for a, _ in t[0]])
    )
    texts = list[str]()
    for m, c in terms:
        top = [f"{abs(c.numerator)}"] * (abs(c.numerator) != 1 or not m) + [
            _power(a, e, "**") for a, e in _low_powers_first(m)
        ]
        texts.append("-" * (c < 0) + "*".join(top) + f"/{c.denominator}" * (c.denominator != 1))
    return " + ".join(texts).replace("+ -", "- ") or "0"


def _low_powers_first(m: Mono) -> list[tuple[Atom, Fraction]]:
    """Low powers first, as in n k^2."""
    return sorted(m, key=lambda x: (x[1], x[0].key))


def _power(a: Atom, e: Fraction, sign: str) -> str:
    return a.key if e == 1 else f"{a.key}{sign}{e}"


def _order(p: Poly) -> str:
    """The terms of the flops that no other term outgrows, without their coefficients."""
    terms = {m for (m, _), c in p.terms.items() if c > 0}

    def below(m: Mono, n: Mono) -> bool:
        return m != n and all(dict(n).get(a, Fraction(0)) >= e for a, e in m)

    def raised(m: Mono) -> list[dict[Atom, Fraction]]:
        """The monomial with every min(a, b) in it replaced by a, and by b: what it is at most."""
        out: list[dict[Atom, Fraction]] = [{}]
        for a, e in m:
            inside = a.key[4:-1].split(", ") if a.key.startswith("min(") else []
            choices = [Atom("name", (x,)) for x in inside] or [a]
            out = [{**o, b: o.get(b, Fraction(0)) + e} for o in out for b in choices]
        return out

    def outgrown(m: Mono) -> bool:
        least = any(a.key.startswith("min(") for a, _ in m)
        return any(
            below(m, n)
            or (least and n != m and any(all(dict(n).get(a, 0) >= e for a, e in r.items()) for r in raised(m)))
            for n in terms
        )

    kept = [m for m in terms if not outgrown(m)]
    kept.sort(key=lambda m: (-len(m), [a.key for a, _ in _low_powers_first(m)]))
    texts = [" ".join(_power(a, e, "^") for a, e in _low_powers_first(m)) or "1" for m in kept]
    return f"O({' + '.join(texts)})" if texts else "O(1)"


class _Counter(NumPy):
    def __init__(self, functions: dict[str, ast.FunctionDef]) -> None:
        self.functions = functions
        self.flops, self.memory = w.constant(0), w.constant(0)

    # -- statements ----------------------------------------------------------------------------------------------

    def call(self, name: str, args: list[Any]) -> Any:
        function = self.functions[name]
        scope = dict(zip((a.arg for a in function.args.args), args, strict=False))
        try:
            self.run(function.body, scope)
        except _Returned as got:
            return got.value
        return None

    def run(self, body: list[ast.stmt], scope: dict[str, Any]) -> None:
        for s in body:
            if isinstance(s, ast.Return):
                raise _Returned(None if s.value is None else self.value(s.value, scope))
            if isinstance(s, ast.Assign):
                value = self.value(s.value, scope)
                for target in s.targets:
                    self.bind(target, value, scope)
            elif isinstance(s, ast.AugAssign):
                self.bind(s.target, self.binary(s.op, self.value(s.target, scope), self.value(s.value, scope)), scope)
            elif isinstance(s, ast.If):
                if not all(_gives_up(x) for x in s.body):
                    self.run(s.body if self.holds(s.test, scope) else s.orelse, scope)
                else:
                    self.value(s.test, scope)
                    self.run(s.orelse, scope)
            elif isinstance(s, ast.For):
                for _ in range(self.rounds(s)):
                    self.run(s.body, scope)
            elif isinstance(s, ast.Try):
                self.run(s.body, scope)
            elif isinstance(s, ast.Expr):
                if not isinstance(s.value, ast.Constant) and not _warns(s):
                    self.value(s.value, scope)
            elif not isinstance(s, ast.Import | ast.ImportFrom | ast.Break | ast.Pass | ast.Raise):
                raise Unsupported(f"a statement {type(s).__name__} is not counted")

    def rounds(self, s: ast.For) -> int:
        times_ = s.iter.args[0] if isinstance(s.iter, ast.Call) else None
        if not isinstance(times_, ast.Constant) or not isinstance(times_.value, int):
            raise Unsupported("a loop over data is not counted")
        ends = any(isinstance(x, ast.Break) for x in ast.walk(s))
        return min(times_.value, ROUNDS) if ends else times_.value

    def bind(self, target: ast.expr, value: Any, scope: dict[str, Any]) -> None:
        if isinstance(target, ast.Name):
            scope[target.id] = value
            if isinstance(value, Array) and value.shape:
                self.memory = self.memory + value.size
        elif isinstance(target, ast.Tuple | ast.List):
            values = value if is_listed(value) else [value] * len(target.elts)
            for t, v in zip(target.elts, values, strict=False):
                self.bind(t, v, scope)
        elif not isinstance(target, ast.Subscript | ast.Starred):
            raise Unsupported("an assignment that is not counted")

    def holds(self, test: ast.expr, scope: dict[str, Any]) -> bool:
        value = self.value(test, scope)
        if isinstance(test, ast.Name) and test.id == "special":
            return False
        return value if isinstance(value, bool) else True

    # -- expressions ---------------------------------------------------------------------------------------------

    def value(self, e: ast.expr, scope: dict[str, Any]) -> Any:
        if isinstance(e, ast.Constant):
            if isinstance(e.value, int) and not isinstance(e.value, bool):
                return w.constant(e.value)
            return NUMBER if isinstance(e.value, float) else e.value
        if isinstance(e, ast.Name):
            return scope.get(e.id, NUMBER)
        if isinstance(e, ast.Tuple | ast.List):
            return [self.value(x, scope) for x in e.elts]
        if isinstance(e, ast.Dict):
            return [self.value(x, scope) for x in e.values]
        if isinstance(e, ast.BinOp):
            return self.binary(e.op, self.value(e.left, scope), self.value(e.right, scope))
        if isinstance(e, ast.UnaryOp):
            inner = self.value(e.operand, scope)
            if isinstance(e.op, ast.Not):
                return not inner if isinstance(inner, bool) else isinstance(inner, Poly) and inner.zero
            if isinstance(inner, Poly):
                return -inner if isinstance(e.op, ast.USub) else inner
            return self.entrywise(inner) if isinstance(e.op, ast.USub) else inner
        if isinstance(e, ast.Compare):
            sides = [self.value(x, scope) for x in (e.left, *e.comparators)]
            if any(isinstance(x, ast.Constant) and x.value is None for x in e.comparators):
                return isinstance(e.ops[0], ast.IsNot) == (sides[0] is not None)
            shapes = [x for x in sides if isinstance(x, Array)]
            return self.broadcast(*shapes) if any(x.shape for x in shapes) else NUMBER
        if isinstance(e, ast.BoolOp):
            values = [self.value(x, scope) for x in e.values]
            known = [v for v in values if isinstance(v, bool)]
            if known and (all(known) if isinstance(e.op, ast.Or) else not all(known)):
                return isinstance(e.op, ast.Or)
            return NUMBER
        if isinstance(e, ast.IfExp):
            return self.value(e.body if self.holds(e.test, scope) else e.orelse, scope)
        if isinstance(e, ast.Attribute):
            return self.attribute(self.value(e.value, scope), e.attr)
        if isinstance(e, ast.Subscript):
            return self.subscript(self.value(e.value, scope), e.slice, scope)
        if isinstance(e, ast.GeneratorExp | ast.ListComp):
            (loop,) = e.generators
            out = list[Any]()
            for item in self.value(loop.iter, scope):
                inner_scope = dict(scope)
                self.bind(loop.target, item, inner_scope)
                out.append(self.value(e.elt, inner_scope))
            return out
        if isinstance(e, ast.Call):
            return self.called(e, scope)
        raise Unsupported(f"an expression {type(e).__name__} is not counted")

    def attribute(self, value: Any, name: str) -> Any:
        if isinstance(value, Array):
            if name == "T":
                return Array(value.shape[::-1])
            if name == "shape":
                return list(value.shape)
            if name == "size":
                return value.size
        return NUMBER

    def subscript(self, value: Any, index: ast.expr, scope: dict[str, Any]) -> Any:
        if is_list(value):
            return value[index.value] if isinstance(index, ast.Constant) and isinstance(index.value, int) else value
        if not isinstance(value, Array) or not value.shape:
            return NUMBER
        parts = index.elts if isinstance(index, ast.Tuple) else [index]
        shape, axis = list[Poly](), 0
        for part in parts:
            if isinstance(part, ast.Constant) and part.value is None:
                shape.append(w.constant(1))
                continue
            if axis >= len(value.shape):
                return NUMBER
            size = value.shape[axis]
            if isinstance(part, ast.Slice):
                shape.append(self.sliced(part, size, scope))
            else:
                found = self.value(part, scope)
                if isinstance(found, Array) and found.shape:  # a mask, or indices
                    shape.append(size)
            axis += 1
        return Array((*shape, *value.shape[axis:]))

    def sliced(self, part: ast.Slice, size: Poly, scope: dict[str, Any]) -> Poly:
        def bound(e: ast.expr) -> Poly:
            value = self.value(e, scope)
            return value if isinstance(value, Poly) else size

        if part.step is not None or (part.lower is None and part.upper is None):
            return size
        if isinstance(part.upper, ast.UnaryOp):  # [:-1]
            return size + bound(part.upper)
        if isinstance(part.lower, ast.UnaryOp):  # [-1:]
            return -bound(part.lower)
        upper = size if part.upper is None else bound(part.upper)
        return upper - bound(part.lower) if part.lower is not None else upper

    def binary(self, op: ast.operator, a: Any, b: Any) -> Any:
        if isinstance(op, ast.MatMult):
            self.flops = self.flops + product(a.shape, b.shape)
            return Array((*a.shape[:-1], *b.shape[1:]))
        if isinstance(a, Poly) and isinstance(b, Poly):
            if type(op) in _OPERATORS:
                return _OPERATORS[type(op)](a, b)
            if isinstance(op, ast.FloorDiv) and not b.zero:
                return a * power(b, -1)
            return NUMBER
        if isinstance(a, str) or isinstance(b, str):
            return ""
        return self.entrywise(a, b)

    def called(self, e: ast.Call, scope: dict[str, Any]) -> Any:
        f = e.func
        args = [self.value(x, scope) for x in e.args if not isinstance(x, ast.Starred)]
        keywords = {k.arg: self.value(k.value, scope) for k in e.keywords if k.arg}
        if isinstance(f, ast.Name):
            return self.function(f.id, e, args, scope)
        if not isinstance(f, ast.Attribute):
            raise Unsupported("a call that is not counted")
        if f.attr == "outer":  # np.add.outer and its kin
            out = Array((*args[0].shape, *args[1].shape))
            self.flops = self.flops + out.size
            return out
        if ast.unparse(f.value) in ("np", "np.linalg"):
            return self.numpy(f.attr, args, keywords)
        return self.method(self.value(f.value, scope), f.attr, args)

    def function(self, name: str, e: ast.Call, args: list[Any], scope: dict[str, Any]) -> Any:
        if name == "_read":
            return [*(self.datum(x) for x in e.args), NUMBER]
        if name == "_column":
            return args[0]
        if name in self.functions:
            return self.call(name, args)
        if name in LINALG:  # from SciPy
            self.flops = self.flops + LINALG[name](*(a.shape for a in args))
            return args[-1]
        if name in ("min", "max"):
            whole = [a for a in args if isinstance(a, Poly)]
            if len(whole) == len(args) == 2:
                return extreme(name, *whole)
            return whole[0] if len(whole) == 1 and len(args) == 1 else NUMBER
        if name in ("int", "len"):  # of how many singular values exceed a bound: of all
            inner = args[0]
            if isinstance(inner, Array) and inner.shape:
                return inner.shape[0]
            found = next((self.value(x, scope) for x in ast.walk(e) if isinstance(x, ast.Compare)), None)
            return found.shape[0] if isinstance(found, Array) and found.shape else inner
        return NUMBER

    def datum(self, item: ast.expr) -> Any:
        """What a line of ``_read`` says of one datum."""
        if not isinstance(item, ast.Tuple):
            raise Unsupported("data that are not read by name")
        third = item.elts[2]
        if isinstance(third, ast.Name):
            name = str(ast.literal_eval(item.elts[0]))
            return w.scalar(name) if third.id == "int" else NUMBER
        sizes = [str(ast.literal_eval(x)) for x in item.elts[2:4]]
        return Array(tuple(read(parse(s), Names(FrozenMap())) for s in sizes))


def _gives_up(s: ast.stmt) -> bool:
    nothing = isinstance(s, ast.Return) and isinstance(s.value, ast.Constant) and s.value.value is None
    return isinstance(s, ast.Raise) or nothing or _warns(s)


def _warns(s: ast.stmt) -> bool:
    return isinstance(s, ast.Expr) and isinstance(s.value, ast.Call) and ast.unparse(s.value.func) == "warnings.warn"
