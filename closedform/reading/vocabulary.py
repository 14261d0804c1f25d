"""The words of the text language: functions with their arguments, aliases, constants, and properties of names.

A function that the kernel has no head for is written out by its builder (``log10``, ``binomial``, ``asinh``).
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping
from fractions import Fraction

from closedform.expression import Node, add, call, mul, negate, number, power, quotient
from closedform.points import Sense

PROPERTIES: Mapping[str, str] = {
    "spd": "spd",
    "pd": "spd",
    "psd": "psd",
    "sym": "sym",
    "symmetric": "sym",
    "orth": "orth",
    "orthogonal": "orth",
    "diag": "diag",
    "diagonal": "diag",
    "integer": "integer",
    "int": "integer",
    "real": "real",
    "complex": "complex",
    "positive": "positive",
    "negative": "negative",
    "nonnegative": "nonnegative",
    "invertible": "invertible",
    "nonsingular": "invertible",
    "full rank": "full rank",
    "full column rank": "full column rank",
    "full row rank": "full row rank",
    "fullrank": "full rank",
}

NUMPY_CONSTANTS: Mapping[str, str] = {"pi": "pi", "e": "e"}

SENSES: Mapping[str, Sense] = {
    "minimize": "min",
    "minimise": "min",
    "argmin": "min",
    "maximize": "max",
    "maximise": "max",
    "argmax": "max",
}

Builder = Callable[..., Node]


def _inverse_hyperbolic(sign: int) -> Callable[[Node], Node]:
    return lambda u: call("log", add(u, call("sqrt", add(power(u, number(2)), number(sign)))))


def _log(u: Node, base: Node | None = None) -> Node:
    return call("log", u) if base is None else quotient(call("log", u), call("log", base))


MAX_FACTORS = 40  # of a binomial coefficient that is written as a polynomial


def _binomial(n: Node, k: Node) -> Node:
    one, size = number(1), k.number
    if size is not None and size.denominator == 1 and 0 <= size <= MAX_FACTORS:  # a polynomial in n
        falling = [add(n, number(-i)) for i in range(int(size))]
        return mul(number(Fraction(1, math.factorial(int(size)))), *falling)
    below = mul(_gamma(add(k, one)), _gamma(add(n, negate(k), one)))
    return quotient(_gamma(add(n, one)), below)


def _gamma(u: Node) -> Node:
    value = u.number
    if value is not None and value.denominator == 1 and 0 < value <= 170:
        return number(math.factorial(int(value) - 1))
    return call("gamma", u)


def _polygamma(order: Node, u: Node) -> Node:
    if order.number == 0:
        return call("digamma", u)
    if order.number == 1:
        return call("trigamma", u)
    raise ValueError("polygamma is read for the orders 0 and 1 only")


def exponential(u: Node) -> Node:
    return Node("e", ()) if u.number == 1 else call("exp", u)


def _one_of(head: str) -> Builder:
    return lambda *args: Node(head, args)


def _rational(p: Node, q: Node | None = None) -> Node:
    if p.number is None or (q is not None and not q.number):
        raise ValueError("Rational takes two integers, the second not zero")
    return p if q is None else quotient(p, q)


def _integral(*_: Node) -> Node:
    raise ValueError("integrals and derivatives are not part of a loss here")


_PLAIN = [
    "log",
    "sqrt",
    "sin",
    "cos",
    "tan",
    "sinh",
    "cosh",
    "tanh",
    "asin",
    "acos",
    "atan",
    "abs",
    "sign",
    "gamma",
    "loggamma",
    "digamma",
    "trigamma",
    "erf",
    "erfc",
    "erfinv",
    "zeta",
    "sigmoid",
    "softplus",
    "relu",
    "softmax",
    "inv",
    "tr",
    "logdet",
    "det",
    "diag",
    "norm",
    "norm1",
    "nuclear",
    "rank",
    "vec",
    "transpose",
]
# Words of matrix formulas, with the number of their arguments: eigen- and singular vectors, and maps made of them.
SPECTRAL: Mapping[str, tuple[int, int]] = {
    **dict.fromkeys(("polar", "rotation", "sqrtm", "invsqrt", "positive_part"), (1, 1)),
    **dict.fromkeys(("largest_entry", "largest_entry_in_size"), (1, 1)),
    **dict.fromkeys(("first_factor", "last_factor", "left_singular_vectors", "right_singular_vectors"), (2, 2)),
    "identity_block": (2, 2),
    **dict.fromkeys(("largest_eigenvectors", "smallest_eigenvectors"), (2, 3)),
    **dict.fromkeys(("largest_eigenvalues", "smallest_eigenvalues"), (2, 3)),
    **dict.fromkeys(("truncated_svd", "shrink_singular_values", "hard_threshold_singular_values"), (2, 2)),
    **dict.fromkeys(("simplex_projection", "spectrahedron_projection", "l1_ball_projection"), (2, 2)),
    **dict.fromkeys(("left_canonical", "right_canonical"), (4, 4)),
    **dict.fromkeys(("ball_multiplier", "sphere_multiplier"), (3, 4)),
    "smallest_bordered_eigenvalue": (3, 5),
    "unvec": (3, 3),
    "sylvester": (3, 3),  # the X with A X + X B = C
}


def _of_one(build: Callable[[Node], Node]) -> tuple[int, int, Builder]:
    return 1, 1, build


def _of_two(build: Callable[[Node, Node], Node]) -> tuple[int, int, Builder]:
    return 2, 2, build


FUNCTIONS: dict[str, tuple[int, int, Builder]] = {
    **{head: (low, high, _one_of(head)) for head, (low, high) in SPECTRAL.items()},
    **{head: (1, 1, _one_of(head)) for head in _PLAIN},
    "exp": (1, 1, exponential),
    "log": (1, 2, _log),
    "ln": (1, 1, _log),
    "gamma": (1, 1, _gamma),
    "max": (1, 9999, _one_of("max")),
    "min": (1, 9999, _one_of("min")),
    "atan2": (2, 2, _one_of("atan2")),
    "besseli": (2, 2, _one_of("besseli")),
    "besselj": (2, 2, _one_of("besselj")),
    "lambertw": (1, 2, _one_of("lambertw")),
    "eye": (1, 1, _one_of("eye")),
    "ones": (1, 2, _one_of("ones")),
    "zeros": (1, 2, _one_of("zeros")),
    "hadamard": (2, 2, _one_of("hadamard")),
    "kron": (2, 2, _one_of("kron")),
    "khatrirao": (2, 2, _one_of("khatrirao")),
    "kronleft": (2, 2, _one_of("kronleft")),
    "kronright": (2, 2, _one_of("kronright")),
    "var": (1, 1, _one_of("var")),
    "cov": (2, 2, _one_of("cov")),
    "dot": _of_two(lambda a, b: mul(call("transpose", a), b)),
    "matmul": (2, 2, _one_of("matmul")),
    "outer": _of_two(lambda a, b: mul(a, call("transpose", b))),
    "mean": (1, 1, _one_of("average")),
    "logaddexp": _of_two(lambda a, b: call("log", add(exponential(a), exponential(b)))),
    "cot": _of_one(lambda u: power(call("tan", u), number(-1))),
    "sec": _of_one(lambda u: power(call("cos", u), number(-1))),
    "csc": _of_one(lambda u: power(call("sin", u), number(-1))),
    "sech": _of_one(lambda u: power(call("cosh", u), number(-1))),
    "coth": _of_one(lambda u: power(call("tanh", u), number(-1))),
    "asinh": (1, 1, _inverse_hyperbolic(1)),
    "acosh": (1, 1, _inverse_hyperbolic(-1)),
    "atanh": _of_one(
        lambda u: mul(
            number("1/2"), add(call("log", add(number(1), u)), negate(call("log", add(number(1), negate(u)))))
        ),
    ),
    "log2": _of_one(lambda u: _log(u, number(2))),
    "log10": _of_one(lambda u: _log(u, number(10))),
    "log1p": _of_one(lambda u: call("log", add(number(1), u))),
    "expm1": _of_one(lambda u: add(exponential(u), number(-1))),
    "logit": _of_one(lambda u: add(call("log", u), negate(call("log", add(number(1), negate(u)))))),
    "square": _of_one(lambda u: power(u, number(2))),
    "cbrt": _of_one(lambda u: power(u, number("1/3"))),
    "root": _of_two(lambda u, k: power(u, power(k, number(-1)))),
    "pow": (2, 2, power),
    "Pow": (2, 2, power),
    "Add": (1, 9999, add),
    "Mul": (1, 9999, mul),
    "factorial": _of_one(lambda u: _gamma(add(u, number(1)))),
    "binomial": (2, 2, _binomial),
    "beta": _of_two(lambda a, b: quotient(mul(_gamma(a), _gamma(b)), _gamma(add(a, b)))),
    "logbeta": _of_two(lambda a, b: add(call("loggamma", a), call("loggamma", b), negate(call("loggamma", add(a, b))))),
    "polygamma": (2, 2, _polygamma),
    "Rational": (1, 2, _rational),
    "Integer": (1, 1, _rational),
    "normcdf": _of_one(lambda u: mul(number("1/2"), add(number(1), call("erf", quotient(u, call("sqrt", number(2))))))),
    "Eq": (2, 2, _one_of("=")),
    "Ne": (2, 2, _one_of("!=")),
    "Lt": (2, 2, _one_of("<")),
    "Le": (2, 2, _one_of("<=")),
    "Gt": (2, 2, _one_of(">")),
    "Ge": (2, 2, _one_of(">=")),
    "And": (1, 9999, _one_of("and")),
    "Or": (1, 9999, _one_of("or")),
    "Not": (1, 1, _one_of("not")),
    "Integral": (1, 9999, _integral),
    "Derivative": (1, 9999, _integral),
    "diff": (1, 9999, _integral),
}
_ALIASES = {
    "Abs": "abs",
    "Max": "max",
    "Min": "min",
    "maximum": "max",
    "minimum": "min",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "arctan2": "atan2",
    "arcsinh": "asinh",
    "arccosh": "acosh",
    "arctanh": "atanh",
    "lgamma": "loggamma",
    "gammaln": "loggamma",
    "lngamma": "loggamma",
    "psi": "digamma",
    "LambertW": "lambertw",
    "W": "lambertw",
    "expit": "sigmoid",
    "logistic": "sigmoid",
    "sgn": "sign",
    "ReLU": "relu",
    "trace": "tr",
    "Trace": "tr",
    "Tr": "tr",
    "inverse": "inv",
    "Inverse": "inv",
    "Transpose": "transpose",
    "determinant": "det",
    "Determinant": "det",
    "Identity": "eye",
    "identity": "eye",
    "OneMatrix": "ones",
    "ZeroMatrix": "zeros",
    "HadamardProduct": "hadamard",
    "KroneckerProduct": "kron",
    "DiagMatrix": "diag",
    "Norm": "norm",
    "norm2": "norm",
    "l1": "norm1",
    "Phi": "normcdf",
    "MatMul": "Mul",
    "MatAdd": "Add",
    "MatPow": "Pow",
    "Equality": "Eq",
    "Unequality": "Ne",
    "StrictLessThan": "Lt",
    "LessThan": "Le",
    "StrictGreaterThan": "Gt",
    "GreaterThan": "Ge",
    "Float": "Integer",
}
FUNCTIONS.update({alias: FUNCTIONS[plain] for alias, plain in _ALIASES.items()})
# NumPy's and SciPy's names for our functions, after np., np.linalg. or scipy.special.: our own words and aliases, ...
_NUMPY_WORDS = """sum mean exp log log2 log10 log1p expm1 sqrt cbrt square sin cos tan sinh cosh tanh abs sign det inv norm
diag kron outer matmul transpose eye ones zeros erf erfc loggamma digamma logit gamma logaddexp arcsin arccos arctan
arctan2 arcsinh arccosh arctanh maximum minimum trace expit gammaln psi"""
NUMPY: Mapping[str, str] = {
    **{word: _ALIASES.get(word, word) for word in _NUMPY_WORDS.split()},
    "absolute": "abs",  # ... and those that are none, or mean something else there
    "where": "ITE",
    "power": "pow",
    "dot": "matmul",
    "vdot": "dot",
    "inner": "dot",
    "matrix_rank": "rank",
}
SPECIAL = ("sum", "Sum", "prod", "product", "Product", "Piecewise", "ITE")
CONSTANTS = {"e": "e", "E": "e", "pi": "pi", "π": "pi", "i": "I", "I": "I"}


def unknown_function(word: str) -> tuple[str, str]:
    known = [*FUNCTIONS, *SPECIAL]
    near = difflib.get_close_matches(word[:60], known, 1, 0.6) or difflib.get_close_matches(
        word[:60].lower(), known, 1, 0.6
    )
    shown = word if len(word) <= 40 else word[:40] + "..."
    return f"there is no function {shown}", f"did you mean {near[0]}?" if near else f"for a product write {shown}*(...)"
