"""The text language: a Pratt parser from text to ``Node``, and back. Nothing that is read is ever evaluated as code.

More than 400 lines, because the grammar, its function table and its printer describe one language and change together.

``parse`` reads one expression; ``parse_loss`` a loss with "subject to"; ``parse_equations`` a list; ``parse_assumption``
and ``parse_shapes`` what is declared of names. Every fault is a ``TextFault`` with a caret under the place. After
Pratt, *Top down operator precedence* (POPL 1973).
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from flint import fmpq, fmpz

from closedform.errors import TextFault
from closedform.expression import MAX_BITS, RELATIONS, Node, add, call, mul, name, negate, number, power, quotient

MAX_TEXT = 1_000_000  # characters
MAX_NESTING = 200
MAX_EXPONENT = 10_000  # of ten, in a decimal

PROPERTIES: Mapping[str, str] = {
    "spd": "spd", "pd": "spd", "psd": "psd", "sym": "sym", "symmetric": "sym", "orth": "orth", "orthogonal": "orth",
    "diag": "diag", "diagonal": "diag", "integer": "integer", "int": "integer", "real": "real",
    "complex": "complex", "positive": "positive", "negative": "negative", "nonnegative": "nonnegative",
    "invertible": "invertible", "nonsingular": "invertible", "full rank": "full rank",
    "full column rank": "full column rank", "full row rank": "full row rank", "fullrank": "full rank",
}  # fmt: skip

# -- tokens ------------------------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+(?:\.(?![*T'])[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[^\W\d²³¹][^\W²³¹]*)"
    r"|(?P<op>\*\*|\.\*|\.T(?!\w)|<=|>=|==|!=|\|\||[-+*/^(),;\[\]|'<>=@&~:])"
    r"|(?P<space>\s+)"
    r"|(?P<other>.)",
    re.DOTALL,
)
_UNICODE = str.maketrans({
    "−": "-", "–": "-", "·": "*", "×": "*", "⋅": "*", "∗": "*", "⊙": "∘", "’": "'", "ᵀ": "'", "‖": "∥",
})  # fmt: skip
_SPELLINGS = {"≤": "<=", "≥": ">=", "≠": "!=", "∥": "||", "∘": ".*", "⊤": "'", "²": "^", "³": "^"}

Token = tuple[str, str, int]


def _tokens(text: str) -> list[Token]:
    out: list[Token] = []
    for match in _TOKEN.finditer(text.translate(_UNICODE)):
        kind, word, at = match.lastgroup or "", match.group(), match.start()
        if kind == "space":
            continue
        if kind == "name":
            if word[0] == "_" and not (out and out[-1][1] == "||" and word in ("_F", "_1", "_2")):
                raise TextFault(text, at, "a name may not start with an underscore")
            word = unicodedata.normalize("NFKC", word)
        elif kind == "other":
            if word not in _SPELLINGS:
                raise TextFault(text, at, *_foreign(word))
            kind = "op"
            if word in "²³":
                out.append(("op", "^", at))
                kind, word = "number", "2" if word == "²" else "3"
            else:
                word = _SPELLINGS[word]
        out.append((kind, word, at))
    out.append(("end", "", len(text)))
    return out


def _foreign(word: str) -> tuple[str, str]:
    if word == ".":
        return "a dot stands where it has no meaning", "only decimals, .T (transpose) and .* (elementwise) have one"
    if word in "\"`":
        return "quotation marks have no meaning here", "write the expression without them"
    if word == "!":
        return "! has no meaning here", "write gamma(n + 1) for n!"
    return f"{word!r} has no meaning here", "the language has + - * / ^ ( ) |x| ||v|| X' x[i] and functions"


# -- functions ---------------------------------------------------------------------------------------------------

Builder = Callable[..., Node]


def _inverse_hyperbolic(sign: int) -> Builder:
    return lambda u: call("log", add(u, call("sqrt", add(power(u, number(2)), number(sign)))))


def _log(u: Node, base: Node | None = None) -> Node:
    return call("log", u) if base is None else quotient(call("log", u), call("log", base))


def _binomial(n: Node, k: Node) -> Node:
    one = number(1)
    below = mul(_gamma(add(k, one)), _gamma(add(n, negate(k), one)))
    return quotient(_gamma(add(n, one)), below)


def _gamma(u: Node) -> Node:
    value = u.number
    if value is not None and value.denominator == 1 and 0 < value <= 170:
        return number(int(fmpz(int(value) - 1).fac_ui(int(value) - 1)))
    return call("gamma", u)


def _polygamma(order: Node, u: Node) -> Node:
    if order.number == 0:
        return call("digamma", u)
    if order.number == 1:
        return call("trigamma", u)
    raise ValueError("polygamma is read for the orders 0 and 1 only")


def _exp(u: Node) -> Node:
    return Node("e", ()) if u.number == 1 else call("exp", u)


def _one_of(head: str) -> Builder:
    return lambda *args: Node(head, args)


def _rational(p: Node, q: Node | None = None) -> Node:
    if p.number is None or (q is not None and not q.number):
        raise ValueError("Rational takes two integers, the second not zero")
    return p if q is None else quotient(p, q)


def _integral(*_: Node) -> Node:
    raise ValueError("integrals and derivatives are not part of a loss here")


_PLAIN = ["log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "asin", "acos", "atan", "abs", "sign", "gamma", "loggamma", "digamma", "trigamma", "erf", "erfc", "erfinv", "zeta", "sigmoid", "softplus", "relu", "softmax", "inv", "tr", "logdet", "det", "diag", "norm", "norm1", "nuclear", "rank", "vec", "transpose"]
FUNCTIONS: dict[str, tuple[int, int, Builder]] = {
    **{head: (1, 1, _one_of(head)) for head in _PLAIN},
    "exp": (1, 1, _exp), "log": (1, 2, _log), "ln": (1, 1, _log), "gamma": (1, 1, _gamma),
    "max": (1, 9999, _one_of("max")), "min": (1, 9999, _one_of("min")), "atan2": (2, 2, _one_of("atan2")),
    "besseli": (2, 2, _one_of("besseli")), "besselj": (2, 2, _one_of("besselj")), "lambertw": (1, 2, _one_of("lambertw")),
    "eye": (1, 1, _one_of("eye")), "ones": (1, 2, _one_of("ones")), "zeros": (1, 2, _one_of("zeros")),
    "hadamard": (2, 2, _one_of("hadamard")), "kron": (2, 2, _one_of("kron")),
    "khatrirao": (2, 2, _one_of("khatrirao")),
    "dot": (2, 2, lambda a, b: mul(call("transpose", a), b)),
    "cot": (1, 1, lambda u: power(call("tan", u), number(-1))),
    "sec": (1, 1, lambda u: power(call("cos", u), number(-1))),
    "csc": (1, 1, lambda u: power(call("sin", u), number(-1))),
    "sech": (1, 1, lambda u: power(call("cosh", u), number(-1))),
    "coth": (1, 1, lambda u: power(call("tanh", u), number(-1))),
    "asinh": (1, 1, _inverse_hyperbolic(1)), "acosh": (1, 1, _inverse_hyperbolic(-1)),
    "atanh": (1, 1, lambda u: mul(number("1/2"), add(call("log", add(number(1), u)),
                                                     negate(call("log", add(number(1), negate(u))))))),
    "log2": (1, 1, lambda u: _log(u, number(2))), "log10": (1, 1, lambda u: _log(u, number(10))),
    "log1p": (1, 1, lambda u: call("log", add(number(1), u))),
    "expm1": (1, 1, lambda u: add(_exp(u), number(-1))),
    "logit": (1, 1, lambda u: add(call("log", u), negate(call("log", add(number(1), negate(u)))))),
    "square": (1, 1, lambda u: power(u, number(2))),
    "cbrt": (1, 1, lambda u: power(u, number("1/3"))),
    "root": (2, 2, lambda u, k: power(u, power(k, number(-1)))),
    "pow": (2, 2, power), "Pow": (2, 2, power), "Add": (1, 9999, add), "Mul": (1, 9999, mul),
    "factorial": (1, 1, lambda u: _gamma(add(u, number(1)))), "binomial": (2, 2, _binomial),
    "beta": (2, 2, lambda a, b: quotient(mul(_gamma(a), _gamma(b)), _gamma(add(a, b)))),
    "logbeta": (2, 2, lambda a, b: add(call("loggamma", a), call("loggamma", b), negate(call("loggamma", add(a, b))))),
    "polygamma": (2, 2, _polygamma), "Rational": (1, 2, _rational), "Integer": (1, 1, _rational),
    "normcdf": (1, 1, lambda u: mul(number("1/2"), add(number(1), call("erf", quotient(u, call("sqrt", number(2))))))),
    "Eq": (2, 2, _one_of("=")), "Ne": (2, 2, _one_of("!=")), "Lt": (2, 2, _one_of("<")), "Le": (2, 2, _one_of("<=")),
    "Gt": (2, 2, _one_of(">")), "Ge": (2, 2, _one_of(">=")),
    "And": (1, 9999, _one_of("and")), "Or": (1, 9999, _one_of("or")), "Not": (1, 1, _one_of("not")),
    "Integral": (1, 9999, _integral), "Derivative": (1, 9999, _integral), "diff": (1, 9999, _integral),
}  # fmt: skip
_ALIASES = {
    "Abs": "abs", "Max": "max", "Min": "min", "maximum": "max", "minimum": "min", "arcsin": "asin", "arccos": "acos",
    "arctan": "atan", "arctan2": "atan2", "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh",
    "lgamma": "loggamma", "gammaln": "loggamma", "lngamma": "loggamma", "psi": "digamma",
    "LambertW": "lambertw", "W": "lambertw", "expit": "sigmoid", "logistic": "sigmoid", "sgn": "sign", "ReLU": "relu",
    "trace": "tr", "Trace": "tr", "Tr": "tr", "inverse": "inv", "Inverse": "inv", "Transpose": "transpose",
    "determinant": "det", "Determinant": "det", "Identity": "eye", "identity": "eye", "OneMatrix": "ones",
    "ZeroMatrix": "zeros", "HadamardProduct": "hadamard", "KroneckerProduct": "kron", "DiagMatrix": "diag",
    "Norm": "norm", "l1": "norm1", "Phi": "normcdf", "MatMul": "Mul", "MatAdd": "Add", "MatPow": "Pow",
    "Equality": "Eq", "Unequality": "Ne", "StrictLessThan": "Lt", "LessThan": "Le", "StrictGreaterThan": "Gt",
    "GreaterThan": "Ge", "Float": "Integer",
}  # fmt: skip
FUNCTIONS.update({alias: FUNCTIONS[plain] for alias, plain in _ALIASES.items()})
_SPECIAL = ("sum", "Sum", "prod", "product", "Product", "Piecewise", "ITE")
_CONSTANTS = {"e": "e", "E": "e", "pi": "pi", "π": "pi", "i": "I", "I": "I"}
_BINARY = {"|": 2, "&": 3, **dict.fromkeys(("<", "<=", ">", ">=", "=", "==", "!="), 5), "+": 10, "-": 10,
           "*": 20, "@": 20, "/": 20, ".*": 20, "^": 30, "**": 30}  # fmt: skip
_LOGIC = RELATIONS | {"and", "or", "not", "true", "false"}
_POSTFIX = ("'", ".T", "[")


class _Parser:
    """One pass over one text. ``names`` are those that are declared, hence neither functions nor constants."""

    def __init__(self, text: str, names: frozenset[str]) -> None:
        if len(text) > MAX_TEXT:
            shown = f"{text[:40]} ..."
            raise TextFault(shown, 0, f"the text has {len(text):,} characters, more than the limit of {MAX_TEXT:,}")
        self.text, self.names = text, names
        self.tokens, self.k = _tokens(text), 0
        self.depth, self.bars = 0, list[str]()
        self.decimals = list[str]()
        self.constants = False

    def fault(self, at: int, cause: str, hint: str = "") -> TextFault:
        return TextFault(self.text, at, cause, hint)

    def take(self, op: str, why: str) -> None:
        kind, word, at = self.tokens[self.k]
        if kind != "op" or word != op:
            said = "the text ends" if kind == "end" else f"{word!r} stands"
            raise self.fault(at, f"{said} where {op!r} is missing", why)
        self.k += 1

    # -- expressions ---------------------------------------------------------------------------------------------

    def expression(self, floor: int = 0) -> Node:
        """An expression whose binary operators bind at least as tightly as ``floor``."""
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise self.fault(self.tokens[self.k][2], f"the text is nested more than {MAX_NESTING} deep")
        left = self.prefix()
        while True:
            kind, op, at = self.tokens[self.k]
            if kind == "op" and op in _POSTFIX:
                left = self.postfix(left, op, at)
                continue
            if kind == "op":
                if op[0] == "|" and (self.bars or op == "||" or left.head not in _LOGIC):
                    break
                bp = _BINARY.get(op)
                if bp is None:
                    if op == "(":
                        bp = 20
                    else:
                        break
            elif kind == "end":
                break
            else:
                bp = 20
            if bp < floor:
                if kind != "op" and floor == 30 and self.tokens[self.k - 1][0] == "number":
                    raise self.fault(at, "it is not clear what belongs to the exponent", "write parentheses or *")
                break
            if bp == 20:
                left = self.product(left)
            elif bp == 10:
                left = self.sum_of(left)
            elif bp == 30:
                self.k += 1
                left = self.raised(left, self.expression(30), at)
            elif bp == 5:
                left = self.relation(left)
            else:
                self.k += 1
                right = self.expression(bp + 1)
                left = Node("or" if op == "|" else "and", (left, right), at)
        self.depth -= 1
        return left

    def sum_of(self, left: Node) -> Node:
        self.value(left)
        terms = [left]
        while True:
            kind, op, _ = self.tokens[self.k]
            if kind != "op" or op not in "+-":
                return add(*terms)
            self.k += 1
            right = self.value(self.expression(11))
            terms.append(right if op == "+" else negate(right))

    def product(self, left: Node) -> Node:
        self.value(left)
        factors, divided = [left], False
        while True:
            kind, op, at = self.tokens[self.k]
            if kind == "op" and op in ("*", "@", "/", ".*"):
                self.k += 1
                right = self.value(self.expression(21))
                if op == "/":
                    if right.number == 0:
                        raise self.fault(at, "a division by zero")
                    right, divided = power(right, number(-1)), True
                if op == ".*":
                    factors = [Node("hadamard", (mul(*factors), right), at)]
                else:
                    factors.append(right)
            elif kind in ("number", "name") or op == "(":
                self.implied(kind, op, at, divided)
                factors.append(self.value(self.expression(21)))
            else:
                return mul(*factors)

    def implied(self, kind: str, word: str, at: int, divided: bool) -> None:
        """Whether what stands here may be multiplied with what stands before, without a sign."""
        before, last, place = self.tokens[self.k - 1]
        spaced = place + len(last) < at
        fits = (
            (before == "number" and kind != "number")
            or (before == "name" and kind == "name" and spaced)
            or (before == "op" and last in (")", "]", "'", ".T") and kind != "number")
        )
        if not fits:
            raise self.fault(at, f"an operator is missing before {word!r}", "write * for a product")
        if divided:
            raise self.fault(at, "it is not clear what is divided here", "write / and * with parentheses")

    def relation(self, left: Node) -> Node:
        self.value(left)
        links = list[Node]()
        while True:
            kind, op, at = self.tokens[self.k]
            if kind != "op" or _BINARY.get(op) != 5:
                return links[0] if len(links) == 1 else Node("and", tuple(links), links[0].at)
            self.k += 1
            right = self.value(self.expression(6))
            links.append(Node("=" if op == "==" else op, (left, right), at))
            left = right

    def raised(self, base: Node, exponent: Node, at: int) -> Node:
        self.value(base)
        self.value(exponent)
        b = exponent.number
        if b is not None and b < 0 and base.number == 0:
            raise self.fault(at, "a division by zero")
        if b is not None and abs(b) > 64 and _constant(base):
            size = 64 if base.number is None else max(base.number.numerator.bit_length(), base.number.denominator.bit_length())
            if base.number is None or abs(base.number) != 1:
                bits = size * abs(b)
                if bits > MAX_BITS:
                    digits = int(bits * 3 / 10)
                    count = f"{digits:,}" if digits < 10**15 else f"10^{len(str(digits)) - 1}" if digits < 10**4000 else "too many"
                    raise self.fault(at, f"this number has about {count} digits, too many to write out")
        return power(base, exponent)

    def value(self, node: Node) -> Node:
        """The node, if it is a value: not a comparison, not a list."""
        if node.head in _LOGIC:
            raise self.fault(max(node.at, 0), "a comparison stands where a number is expected")
        if node.head == "tuple":
            raise self.fault(max(node.at, 0), "a list in parentheses stands where a number is expected")
        return node

    # -- what an expression starts with --------------------------------------------------------------------------

    def prefix(self) -> Node:
        kind, word, at = self.tokens[self.k]
        self.k += 1
        if kind == "number":
            return self.number(word, at)
        if kind == "name":
            return self.word(word, at)
        if word == "(":
            return self.parenthesis(at)
        if word in ("-", "+"):
            operand = self.value(self.expression(21))
            return negate(operand) if word == "-" else operand
        if word in ("|", "||"):
            return self.bar(word, at)
        if word == "~":
            return Node("not", (self.expression(4),), at)
        if kind == "end":
            raise self.fault(at, "the text ends where a term should stand", "write a number or a name")
        if word == "'":
            raise self.fault(at, "' is the transpose and must follow a term", "text in quotation marks has no meaning")
        if word == ")":
            raise self.fault(at, "a parenthesis closes where a term should stand")
        raise self.fault(at, f"{word!r} stands where a term should", "write a number or a name")

    def number(self, word: str, at: int) -> Node:
        if word.isdigit():
            return Node("num", (Fraction(int(word) if len(word) < 4000 else int(fmpz(word))),), at)
        mantissa, _, exponent = word.lower().partition("e")
        if len(exponent) > 8 or abs(int(exponent or "0")) > MAX_EXPONENT:
            raise self.fault(at, f"the exponent of ten is past {MAX_EXPONENT:,}")
        whole, _, fraction = mantissa.partition(".")
        digits, scale = (whole + fraction) or "0", int(exponent or "0") - len(fraction)
        value = Fraction(int(fmpz(digits)))
        if "." in word or scale < 0:
            self.decimals.append(word)
        return Node("num", (value * Fraction(10) ** scale,), at)

    def word(self, word: str, at: int) -> Node:
        kind, after, _ = self.tokens[self.k]
        if kind == "op" and after == "(" and word not in self.names:
            return self.function(word, at)
        if kind == "op" and after == "(" and word in self.names and word in FUNCTIONS:
            raise self.fault(at, f"{word} is declared as a name here, so {word}(...) is not the function",
                             f"write {word}*(...) or rename it")  # fmt: skip
        if word in ("True", "False", "true", "false") and word not in self.names:
            return Node(word.lower(), (), at)
        if word in _CONSTANTS:
            self.constants = True
        return Node("name", (word,), at)

    def parenthesis(self, at: int) -> Node:
        bars, self.bars = self.bars, []
        inner = self.expression()
        if self.tokens[self.k][1] == ",":
            parts = [inner]
            while self.tokens[self.k][:2] == ("op", ","):
                self.k += 1
                if self.tokens[self.k][:2] == ("op", ")"):
                    break
                parts.append(self.expression())
            inner = Node("tuple", tuple(parts), at)
        self.close(at)
        self.bars = bars
        return inner

    def close(self, at: int) -> None:
        kind, word, here = self.tokens[self.k]
        if (kind, word) == ("op", ")"):
            self.k += 1
            return
        if kind == "end":
            raise self.fault(at, "this parenthesis is never closed", "write a )")
        if word == "|" and not self.bars:
            raise self.fault(here, "this | closes nothing", "write abs(x) or close the parenthesis first")
        raise self.fault(here, f"{word!r} stands where ) is missing")

    def bar(self, word: str, at: int) -> Node:
        self.bars.append(word)
        inner = self.value(self.expression())
        kind, closer, here = self.tokens[self.k]
        if kind != "op" or closer[0] != "|":
            self.bars.pop()
            raise self.fault(at, f"this {word} is never closed", f"write {word}x{word}")
        self.bars.pop()
        if word == "|":
            if closer == "||":  # two bars close one after the other
                self.tokens[self.k] = ("op", "|", here + 1)
            else:
                self.k += 1
            return Node("abs", (inner,), at)
        if closer == "|":  # || opened two absolute values, the inner of which closes here
            self.k += 1
            self.bars.append("|")
            whole = self.rest(Node("abs", (inner,), at))
            self.bars.pop()
            if self.tokens[self.k][1][:1] != "|":
                raise self.fault(at, "this || is never closed", "write ||v||")
            if self.tokens[self.k][1] == "||":
                self.tokens[self.k] = ("op", "|", self.tokens[self.k][2] + 1)
            else:
                self.k += 1
            return Node("abs", (whole,), at)
        self.k += 1
        kind, suffix, _ = self.tokens[self.k]
        if kind == "name" and suffix in ("_F", "_2", "_1"):
            self.k += 1
            return Node("norm1" if suffix == "_1" else "norm", (inner,), at)
        return Node("norm", (inner,), at)

    def rest(self, left: Node) -> Node:
        """What follows ``left`` up to the closing bar."""
        k = self.k - 1
        saved = self.tokens[k]
        self.tokens[k] = ("ready", "", saved[2])
        self.ready, self.k = left, k
        prefix, self.prefix = self.prefix, self._ready  # type: ignore[method-assign]
        self._after = prefix
        out = self.expression()
        self.tokens[k] = saved
        return out

    def _ready(self) -> Node:
        self.prefix = self._after  # type: ignore[method-assign]
        self.k += 1
        return self.ready

    def postfix(self, left: Node, op: str, at: int) -> Node:
        self.k += 1
        self.value(left)
        if op == "[":
            if left.head != "name":
                raise self.fault(at, "only a name can have an index", "write x[i]")
            bars, self.bars = self.bars, []
            index = [self.value(self.expression())]
            while self.tokens[self.k][1] == ",":
                self.k += 1
                index.append(self.value(self.expression()))
            self.bars = bars
            self.take("]", "an index is written x[i]")
            return Node("@", (left, *index), left.at)
        return left.children[0] if left.head == "transpose" else Node("transpose", (left,), left.at)

    # -- functions -----------------------------------------------------------------------------------------------

    def function(self, word: str, at: int) -> Node:
        if word not in FUNCTIONS and word not in _SPECIAL:
            raise self.fault(at, *_unknown_function(word))
        open_at = self.tokens[self.k][2]
        self.k += 1
        bars, self.bars = self.bars, []
        args = list[Node]()
        if self.tokens[self.k][:2] != ("op", ")"):
            args.append(self.expression())
            while self.tokens[self.k][:2] == ("op", ","):
                self.k += 1
                args.append(self.expression())
        self.close(open_at)
        self.bars = bars
        if word in _SPECIAL:
            return self.special(word, args, at)
        low, high, build = FUNCTIONS[word]
        if not low <= len(args) <= high:
            wanted = f"{low}" if low == high else f"{low} or more" if high > 2 else f"{low} or {high}"
            raise self.fault(at, f"{word} takes {wanted} argument{'s' * (wanted != '1')}, not {len(args)}")
        if word not in ("And", "Or", "Not"):
            for argument in args:
                self.value(argument)
        if build is power:
            return self.raised(args[0], args[1], at)
        biggest = max((abs(a.number) for a in args if a.number is not None), default=0)
        if biggest > 100_000 and word in ("gamma", "factorial", "binomial", "beta", "zeta"):
            raise self.fault(at, f"{word} of so large a number cannot be written out", "use loggamma")
        try:
            node = build(*args)
        except (ValueError, ZeroDivisionError) as error:
            raise self.fault(at, str(error)) from None
        return Node(node.head, node.args, at)

    def special(self, word: str, args: list[Node], at: int) -> Node:
        if word in ("Piecewise", "ITE"):
            return self.piecewise(word, args, at)
        head = "sum" if word.lower() == "sum" else "prod"
        if len(args) == 1 and head == "sum":
            return Node("total", (self.value(args[0]),), at)
        if len(args) >= 2 and all(a.head == "tuple" for a in args[1:]):
            body, ranges = args[0], [list(a.children) for a in args[1:]]
        elif len(args) == 4:
            body, ranges = args[3], [args[:3]]
        else:
            raise self.fault(at, f"{word} takes an index, two ends and a body", f"write {head}(i, 1, n, x[i])")
        self.value(body)
        for one in ranges:
            if len(one) != 3 or one[0].head != "name":
                raise self.fault(at, f"the index of {word} must be a name with two ends", f"write {head}(i, 1, n, x[i])")
            for part in one:
                self.value(part)
            body = Node(head, (one[0], one[1], one[2], body), at)
        return body

    def piecewise(self, word: str, args: list[Node], at: int) -> Node:
        if word == "ITE":
            if len(args) != 3:
                raise self.fault(at, "ITE takes a condition and two values")
            args = [Node("tuple", (args[1], args[0]), at), Node("tuple", (args[2], Node("true", ())), at)]
        pieces = list[Node]()
        for argument in args:
            if argument.head != "tuple" or len(argument.children) != 2 or argument.children[1].head not in _LOGIC:
                raise self.fault(at, "Piecewise takes pairs of a value and a condition",
                                 "write Piecewise((x, x > 0), (-x, True))")  # fmt: skip
            self.value(argument.children[0])
            pieces.append(Node("piece", argument.children, argument.at))
        if not pieces:
            raise self.fault(at, "Piecewise has no pieces")
        return Node("piecewise", tuple(pieces), at)

    # -- the end -------------------------------------------------------------------------------------------------

    def finish(self, node: Node) -> Node:
        """The node with constants told from names; refused when anything is left or it is too deep."""
        kind, word, at = self.tokens[self.k]
        if kind != "end":
            if word == ")":
                raise self.fault(at, "this parenthesis closes nothing", "leave it out or open one before")
            if word == ";":
                raise self.fault(at, "a ; separates equations, and one expression is expected here")
            if word == ",":
                raise self.fault(at, "a comma stands outside of any parentheses")
            if word == ":":
                raise self.fault(at, "a colon has no meaning here")
            raise self.fault(at, f"{word!r} stands where an operator or the end should")
        return self.settled(node)

    def settled(self, node: Node) -> Node:
        if node.head == "tuple":
            raise self.fault(max(node.at, 0), "a list in parentheses stands where a number is expected")
        if _deeper_than(node, MAX_NESTING):
            raise self.fault(0, f"the expression is nested more than {MAX_NESTING} deep")
        return _resolve(node, self.names) if self.constants else node


def _constant(node: Node) -> bool:
    return node.head != "name" and all(_constant(child) for child in node.children)


def _deeper_than(node: Node, limit: int) -> bool:
    layer = [node]
    for _ in range(limit):
        layer = [child for one in layer for child in one.children]
        if not layer:
            return False
    return True


def _resolve(node: Node, names: frozenset[str]) -> Node:
    """The node with undeclared ``e``, ``pi``, ``i`` as constants, powers of e as ``exp``."""
    if node.head == "name":
        word = str(node.args[0])
        return node if word in names or word not in _CONSTANTS else Node(_CONSTANTS[word], (), node.at)
    if not node.children:
        return node
    if node.head == "@":
        column, *indices = node.children
        return Node("@", (column, *(_resolve(i, names | {"i"}) for i in indices)), node.at)
    if node.head in ("sum", "prod") and len(node.args) == 4:
        index, low, high, body = node.children
        inner = names | {index.name or ""}
        return Node(node.head, (index, _resolve(low, names), _resolve(high, names), _resolve(body, inner)), node.at)
    children = tuple(_resolve(child, names) for child in node.children)
    if node.head == "^" and children[0].head == "e":
        return _exp(children[1])
    return Node(node.head, children, node.at)


def _unknown_function(word: str) -> tuple[str, str]:
    known = [*FUNCTIONS, *_SPECIAL]
    near = difflib.get_close_matches(word[:60], known, 1, 0.6) or difflib.get_close_matches(word[:60].lower(), known, 1, 0.6)
    shown = word if len(word) <= 40 else word[:40] + "..."
    return f"there is no function {shown}", f"did you mean {near[0]}?" if near else f"for a product write {shown}*(...)"


# -- the texts that are read -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reading:
    """What one text says: a loss or equations, constraints, properties of names, and notes on how it was read."""

    expressions: tuple[Node, ...]
    constraints: tuple[Node, ...] = ()
    properties: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


def parse(text: str, names: Iterable[str] = ()) -> Node:
    """The expression that a text writes; a name among ``names`` is neither function nor constant.

    >>> from closedform.expression import to_tree
    >>> to_tree(parse("2x - 0.1/y"))
    ['+', ['*', '2', 'x'], ['*', '-1/10', ['^', 'y', '-1']]]
    """
    parser = _Parser(text, frozenset(names))
    return parser.finish(parser.expression())


_SUBJECT = re.compile(r"\bsubject\s+to\b|\bs\.t\.", re.IGNORECASE)
_PROPERTY = re.compile(r"\s*([^\W\d]\w*)\s+(?:is\s+)?(" + "|".join(sorted(PROPERTIES, key=len, reverse=True)) + r")\s*$")


def parse_loss(text: str, names: Iterable[str] = ()) -> Reading:
    """A loss, and what stands after "subject to"."""
    declared = frozenset(names)
    cut = _SUBJECT.search(text[:MAX_TEXT])
    head = text[: cut.start()] if cut else text
    parser = _Parser(head, declared)
    loss = parser.finish(parser.expression())
    if loss.head in _LOGIC:
        raise TextFault(text, max(loss.at, 0), "a loss is a number, and this is a comparison",
                        "give equations by --equations or equations=")  # fmt: skip
    constraints, properties = list[Node](), list[tuple[str, str]]()
    decimals = parser.decimals
    if cut:
        for part, at in _parts(text, cut.end()):
            said = _PROPERTY.match(part)
            if said:
                word = PROPERTIES[said[2]]
                properties.append((said[1], word))
                constraints.append(Node(word, (name(said[1]),), at))
                continue
            inner = _Parser(" " * min(at, 2000) + part if at <= 2000 else part, declared)
            node = inner.finish(inner.expression())
            if node.head not in RELATIONS and node.head != "and":
                raise TextFault(text, at, "a constraint must be an equation, an inequality or a property",
                                "write C*a = d, rank(B) <= r or X psd")  # fmt: skip
            constraints.extend(node.children if node.head == "and" else (node,))
            decimals += inner.decimals
    return Reading((loss,), tuple(constraints), tuple(properties), _notes(decimals))


def parse_equations(texts: str | Iterable[str], names: Iterable[str] = ()) -> Reading:
    """Equations, each to be zero: ``e1; e2``, where ``lhs = rhs`` stands for ``lhs - rhs``."""
    declared = frozenset(names)
    out, decimals = list[Node](), list[str]()
    for text in (texts,) if isinstance(texts, str) else texts:
        for part, at in _parts(text, 0, ";"):
            parser = _Parser(" " * at + part if at <= 2000 else part, declared)
            node = parser.finish(parser.expression())
            if node.head in _LOGIC and node.head != "=":
                raise TextFault(text, max(node.at, 0), "an equation is expected here, not an inequality")
            out.append(add(node.children[0], negate(node.children[1])) if node.head == "=" else node)
            decimals += parser.decimals
    return Reading(tuple(out), notes=_notes(decimals))


@dataclass(frozen=True)
class Assumption:
    """Relations that hold (``p > 0``), or a property of one name (``S spd``)."""

    relations: tuple[Node, ...] = ()
    name: str = ""
    property: str = ""


def parse_assumption(text: str, names: Iterable[str] = ()) -> Assumption:
    """One assumption. A lone ``e`` or ``i`` bounded by numbers (``0 < e < 1``) is a name there.

    >>> parse_assumption("S spd").property, len(parse_assumption("0 < p < 1").relations)
    ('spd', 2)
    """
    said = _PROPERTY.match(text[:1000])
    if said:
        return Assumption(name=said[1], property=PROPERTIES[said[2]])
    parser = _Parser(text, frozenset(names))
    node = parser.expression()
    words = {token[1] for token in parser.tokens if token[0] == "name"} - FUNCTIONS.keys()
    if words and words <= {*_CONSTANTS, "oo", "inf", "pi"}:
        parser.names |= words - {"pi", "π", "oo", "inf"}
    node = parser.finish(node)
    relations = node.children if node.head == "and" else (node,)
    for relation in relations:
        if relation.head not in RELATIONS:
            last = text.split()[-1:] or [""]
            raise TextFault(text, max(len(text.rstrip()) - len(last[0]), 0), "this is not an assumption",
                            "write p>0, 0<p<1, k<n, m integer, S spd, L psd, A sym or Q orth")  # fmt: skip
    infinite = {name("oo"), name("inf"), negate(name("oo")), negate(name("inf"))}
    return Assumption(tuple(r for r in relations if not infinite & set(r.children)))


def declared_by(assumption: Assumption) -> frozenset[str]:
    """The constant-like names (``e``, ``i``) that an assumption makes ordinary names."""
    def walk(node: Node) -> frozenset[str]:
        own = frozenset((node.name,)) if node.name in _CONSTANTS else frozenset[str]()
        return own.union(*(walk(child) for child in node.children))

    named = frozenset((assumption.name,)) if assumption.name else frozenset[str]()
    return named.union(*(walk(relation) for relation in assumption.relations))


Size = tuple[Node, Node]


def parse_shapes(shapes: str | Mapping[str, object]) -> dict[str, Size]:
    """``X=n,k;y=n`` or ``{"X": "n,k", "y": ("n",)}`` as (rows, columns); a vector has one column, "scalar" is 1 by 1."""
    if isinstance(shapes, str):
        pairs = list[tuple[str, object]]()
        for part, at in _parts(shapes, 0, ";"):
            left, equal, right = part.partition("=")
            if not equal or not left.strip().isidentifier():
                raise TextFault(shapes, at, "a shape must look like X=n,k")
            pairs.append((left.strip(), right))
    else:
        pairs = list(shapes.items())
    out = dict[str, Size]()
    for key, value in pairs:
        if isinstance(value, str):
            sizes: list[object] = [*value.strip().strip("()").rstrip(",").replace(" x ", ",").split(",")]
            if sizes in ([""], ["scalar"]):
                sizes = ["1"]
        elif isinstance(value, (tuple, list)):
            sizes = list(value)
        else:
            sizes = [value]
        if len(sizes) > 2:
            raise TextFault(f"{key} = {value}", 0, "a shape has one size or two: X=n,k or y=n")
        nodes = [_size(str(size), f"{key} = {value}") for size in sizes]
        out[str(key)] = (nodes[0] if nodes else number(1), nodes[1] if len(nodes) > 1 else number(1))
    return out


def _size(text: str, whole: str) -> Node:
    node = parse(text, ("e", "i", "I", "E", "pi", "N", "S"))
    value = node.number
    if value is not None and (value.denominator != 1 or value < 1):
        raise TextFault(whole, 0, f"a size is a positive integer or a name, not {text.strip()}")
    return node


def _parts(text: str, start: int, separators: str = ",;") -> list[tuple[str, int]]:
    """The parts of a text between separators outside of all brackets, each with its place; empty parts left out."""
    out, depth, begin = list[tuple[str, int]](), 0, start
    for at in range(start, len(text) + 1):
        character = text[at] if at < len(text) else separators[0]
        if character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
        if at == len(text) or (depth <= 0 and character in separators):
            part = text[begin:at]
            if part.strip():
                out.append((part, begin))
            begin = at + 1
    return out


def _notes(decimals: list[str]) -> tuple[str, ...]:
    if not decimals:
        return ()
    first = decimals[0]
    exact = parse(first).number or Fraction(0)
    more = f", and {len(set(decimals)) - 1} more" if len(set(decimals)) > 1 else ""
    return (f"decimals are read exactly: {first} is {fmpq(exact.numerator, exact.denominator)}{more}",)


# -- back to text ------------------------------------------------------------------------------------------------

_PRINTED = {"abs": "Abs", "max": "Max", "min": "Min", "lambertw": "LambertW", "and": "And", "or": "Or", "not": "Not",
            "true": "True", "false": "False", "e": "E", "pi": "pi", "I": "I", "total": "sum"}  # fmt: skip


def unparse(node: Node) -> str:
    """Text that reads back to the same node (its free names declared), in SymPy's spelling of powers.

    >>> unparse(parse("-x^2/2 + 3*(y - 1)"))
    '-x**2/2 + 3*(y - 1)'
    """
    return _print(node, 0)


def _print(node: Node, floor: int) -> str:
    text, level = _printed(node)
    return f"({text})" if level < floor else text


def _printed(node: Node) -> tuple[str, int]:
    """The text of a node and how tightly its outermost operator binds."""
    head, children = node.head, node.children
    value = node.number
    if value is not None:
        text = str(fmpq(value.numerator, value.denominator))
        return text, 50 if value >= 0 and value.denominator == 1 else 20 if value >= 0 else 15
    if head == "name":
        return str(node.args[0]), 50
    if head == "+":
        out = ""
        for term in children:
            text = _print(term, 11)
            if out:
                text = f" - {text[1:]}" if text.startswith("-") else f" + {text}"
            out += text
        return out, 10
    if head == "*":
        return _printed_product(children)
    if head == "^":
        base, exponent = children
        if exponent.number is not None and exponent.number == -1:
            return f"1/{_print(base, 31)}", 20
        return f"{_print(base, 31)}**{_print(exponent, 31)}", 30
    if head == "@":
        return f"{_print(children[0], 50)}[{', '.join(map(unparse, children[1:]))}]", 50
    if head == "transpose":
        return f"{_print(children[0], 40)}'", 40
    if head == "hadamard":
        return f"({_print(children[0], 21)} .* {_print(children[1], 21)})", 50
    if head in RELATIONS:
        return f"{_print(children[0], 6)} {head} {_print(children[1], 6)}", 5
    if head == "piecewise":
        return f"Piecewise({', '.join(map(unparse, children))})", 50
    if head == "piece":
        return f"({', '.join(map(unparse, children))})", 50
    word = _PRINTED.get(head, head)
    if not children:
        return word, 50
    if head in PROPERTIES and len(children) == 1 and children[0].name and head not in FUNCTIONS:
        return f"{children[0].name} {head}", 5
    return f"{word}({', '.join(map(unparse, children))})", 50


def _printed_product(factors: tuple[Node, ...]) -> tuple[str, int]:
    out, level = "", 20
    for factor in factors:
        value = factor.number
        base, exponent = factor.children if factor.head == "^" else (factor, factor)
        if not out and value == -1:
            out, level = "-", 15
        elif out not in ("", "-"):
            if value is not None and value.numerator == 1 and value.denominator > 1:
                out += f"/{value.denominator}"
            elif value is not None and value > 0:
                out += f"*{fmpq(value.numerator, value.denominator)}"
            elif factor.head == "^" and exponent.number is not None and exponent.number < 0:
                out += f"/{_print(power(base, number(-exponent.number)), 21)}"
            else:
                out += f"*{_print(factor, 21)}"
        elif value is not None:
            out += str(fmpq(value.numerator, value.denominator))
            level = 15 if value < 0 else level
        elif factor.head == "^" and exponent.number is not None and exponent.number < 0:
            out += f"1/{_print(power(base, number(-exponent.number)), 21)}"
        else:
            out += _print(factor, 21)
    return out, level
