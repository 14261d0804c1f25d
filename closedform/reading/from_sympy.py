"""SymPy expressions and matrix expressions as nodes, walked by class names so that SymPy is not imported here.

What a symbol is assumed to be (positive, integer, ...) and the shape of a matrix symbol are read along with it.
Nothing is evaluated, simplified or called: only ``args`` and names are looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from closedform.errors import InputError
from closedform.expression import Node, add, call, mul, name, number, power
from closedform.reading.language import MAX_NESTING, Size
from closedform.reading.vocabulary import FUNCTIONS

_PLAIN = frozenset(
    {
        "exp",
        "log",
        "sin",
        "cos",
        "tan",
        "sinh",
        "cosh",
        "tanh",
        "asin",
        "acos",
        "atan",
        "atan2",
        "asinh",
        "acosh",
        "atanh",
        "cot",
        "sec",
        "csc",
        "sech",
        "coth",
        "Abs",
        "sign",
        "gamma",
        "loggamma",
        "digamma",
        "trigamma",
        "polygamma",
        "erf",
        "erfc",
        "erfinv",
        "zeta",
        "besseli",
        "besselj",
        "LambertW",
        "Max",
        "Min",
        "factorial",
        "binomial",
        "beta",
        "Trace",
        "Determinant",
        "Transpose",
        "Inverse",
        "HadamardProduct",
        "KroneckerProduct",
        "Identity",
        "OneMatrix",
        "ZeroMatrix",
        "DiagMatrix",
        "Equality",
        "Unequality",
        "StrictLessThan",
        "LessThan",
        "StrictGreaterThan",
        "GreaterThan",
        "And",
        "Or",
        "Not",
    }
)
_CONSTANTS = {"Exp1": "e", "Pi": "pi", "ImaginaryUnit": "I", "BooleanTrue": "true", "BooleanFalse": "false"}
_SIGNS = (
    ("positive", "{} > 0"),
    ("negative", "{} < 0"),
    ("nonnegative", "{} >= 0"),
    ("nonpositive", "{} <= 0"),
    ("nonzero", "{} != 0"),
)  # the first that holds says all
_FOREIGN = ("zero", "even", "odd", "prime", "composite", "irrational", "infinite")  # what names cannot be told here


@dataclass
class SympyReading:
    """What was met on the way: the shapes of matrix symbols and what symbols are assumed to be, as text."""

    shapes: dict[str, Size] = field(default_factory=dict[str, Size])
    assumptions: dict[str, None] = field(default_factory=dict[str, None])

    def node(self, given: Any, depth: int = 0) -> Node:
        """The node of an expression; raises ``InputError`` where the language has no word for it.

        >>> import sympy
        >>> from closedform.reading.language import unparse
        >>> x = sympy.Symbol("x", positive=True)
        >>> reading = SympyReading()
        >>> unparse(reading.node(x**2 - 2*x + sympy.log(x))), list(reading.assumptions)
        ('x**2 - 2*x + log(x)', ['x > 0'])
        """
        kind = type(given).__name__
        if isinstance(given, (int, Fraction)) and not isinstance(given, bool):
            return number(given)
        expression: Any = given
        if depth > MAX_NESTING:
            raise InputError(f"the expression is nested more than {MAX_NESTING} deep")
        if not any(str(base.__module__).startswith("sympy.") for base in type(expression).__mro__):
            raise InputError(f"a loss is text or a SymPy expression, not an object of type {kind}")

        def walk(inner: Any) -> Node:
            return self.node(inner, depth + 1)

        if kind in ("Symbol", "Dummy", "Wild"):
            return self.symbol(expression)
        if kind in _CONSTANTS:
            return Node(_CONSTANTS[kind], ())
        if getattr(expression, "is_Rational", False):
            return number(Fraction(int(expression.p), int(expression.q)))
        if kind == "Float":
            return number(Fraction(_decimal(expression)))
        args = expression.args[:1] if kind == "Inverse" else expression.args  # (X, -1)
        if kind in ("Add", "MatAdd"):
            ordered = expression.as_ordered_terms() if kind == "Add" else args
            return add(*(walk(a) for a in ordered))
        if kind in ("Mul", "MatMul"):
            return mul(*(walk(a) for a in args))
        if kind in ("Pow", "MatPow"):
            base, exponent = walk(args[0]), walk(args[1])
            return call("exp", exponent) if base.head == "e" else power(base, exponent)
        if kind == "MatrixSymbol":
            return self.matrix_symbol(expression, walk)
        if kind in ("Indexed", "MatrixElement"):
            return Node("@", tuple(walk(a) for a in args))
        if kind in ("IndexedBase", "Str"):
            return self.named(str(args[0] if args else expression))
        if kind in ("Sum", "Product"):
            body = walk(args[0])
            for limit in args[1:]:
                if len(limit.args) != 3:
                    raise InputError(f"a {kind.lower()} needs an index with two ends")
                body = Node("sum" if kind == "Sum" else "prod", (*(walk(a) for a in limit.args), body))
            return body
        if kind == "Piecewise":
            return Node("piecewise", tuple(Node("piece", (walk(a.args[0]), walk(a.args[1]))) for a in args))
        if kind in ("ImmutableDenseMatrix", "MutableDenseMatrix", "ImmutableMatrix") and expression.shape == (1, 1):
            return walk(expression[0, 0])
        if kind in _PLAIN:
            low, high, build = FUNCTIONS[kind]
            if low <= len(args) <= high:
                try:
                    return build(*(walk(a) for a in args))
                except ValueError as error:
                    raise InputError(str(error)) from None
        raise InputError(f"SymPy's {kind} is not part of the language of losses: {str(expression)[:60]}")

    def symbol(self, symbol: Any) -> Node:
        """The name, with what SymPy assumes of it; refused where that is more than a real or an integer with a sign."""
        node = self.named(str(symbol.name))

        def holds(word: str) -> bool | None:
            return getattr(symbol, f"is_{word}", None)

        if holds("real") is False or (holds("complex") and holds("real") is None) or holds("commutative") is False:
            raise InputError(
                f"the symbol {symbol.name} is not real, and losses are functions of real numbers; "
                f"write Symbol('{symbol.name}', real=True)"
            )
        foreign = next((word for word in _FOREIGN if holds(word)), None)
        if foreign is not None:
            raise InputError(f"the symbol {symbol.name} is assumed {foreign}, which is not obeyed; leave that out")
        for word, text in _SIGNS:
            if holds(word):
                self.assumptions[text.format(symbol.name)] = None
                break
        if holds("integer"):
            self.assumptions[f"{symbol.name} integer"] = None
        return node

    def named(self, text: str) -> Node:
        if not text.isidentifier() or text.startswith("_"):
            raise InputError(f"the symbol {text[:60]!r} is not a name of letters, digits and underscores")
        return name(text)

    def matrix_symbol(self, symbol: Any, walk: Callable[[Any], Node]) -> Node:
        node = self.named(str(symbol.name))
        self.shapes[str(symbol.name)] = (walk(symbol.args[1]), walk(symbol.args[2]))
        return node


def _decimal(value: Any) -> str:
    """The shortest decimal of a double, else all digits that SymPy prints."""
    return repr(float(value)) if getattr(value, "_prec", 53) == 53 else str(value)
