"""The parser: one pass over a text by operator precedence, to ``Node``; nothing that is read is ever evaluated.

After Pratt, *Top down operator precedence* (POPL 1973).
"""

from __future__ import annotations

import difflib
from fractions import Fraction

from flint import fmpz

from closedform.expression import Node, add, mul, negate, number, power
from closedform.reading.calls import Calls, entrywise
from closedform.reading.tokens import LOGIC
from closedform.reading.vocabulary import (
    CONSTANTS,
    FUNCTIONS,
    NUMPY,
    NUMPY_CONSTANTS,
    SPECIAL,
    exponential,
    unknown_function,
)

MAX_NESTING = 200
MAX_EXPONENT = 10_000  # of ten, in a decimal

_BINARY = {
    "|": 2,
    "&": 3,
    **dict.fromkeys(("<", "<=", ">", ">=", "=", "==", "!="), 5),
    "+": 10,
    "-": 10,
    "*": 20,
    "@": 20,
    "/": 20,
    ".*": 20,
    "./": 20,
    "^": 30,
    "**": 30,
    ".^": 30,
}
_END = {"min": "least of values", "max": "largest of values"}
_POSTFIX = ("'", ".T", "[", ".sum()", ".mean()")
_NUMPY = {"*": ".*", "/": "./", "^": ".^", "**": ".^"}  # what NumPy's operators mean, entry by entry


class Parser(Calls):
    """One pass over one text."""

    def __init__(self, text: str, names: frozenset[str]) -> None:
        super().__init__(text, names)
        self.depth, self.bars = 0, list[str]()
        self.decimals = list[str]()
        self.constants = False

    # -- expressions ---------------------------------------------------------------------------------------------

    def expression(self, floor: int = 0, left: Node | None = None) -> Node:
        """An expression whose binary operators bind as tightly as ``floor`` or more; ``left`` has been read."""
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise self.fault(self.tokens[self.k][2], f"the text is nested more than {MAX_NESTING} deep")
        left = self.prefix() if left is None else left
        while True:
            kind, op, at = self.tokens[self.k]
            if kind == "op" and op in _POSTFIX:
                left = self.postfix(left, op, at)
                continue
            if kind == "op":
                if op[0] == "|" and (self.bars or op == "||" or left.head not in LOGIC):
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
                left = self.raised(left, self.expression(30), at, _NUMPY.get(op, op) if self.numpy else op)
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
            kind, op, at = self.tokens[self.k]
            if kind != "op" or op not in "+-":
                self.writable(terms, at)
                return add(*terms)
            self.k += 1
            right = self.value(self.expression(11))
            terms.append(right if op == "+" else negate(right))

    def product(self, left: Node) -> Node:
        self.value(left)
        factors, divided = [left], False
        while True:
            kind, op, at = self.tokens[self.k]
            if kind == "op" and op in ("*", "@", "/", ".*", "./"):
                self.k += 1
                right = self.value(self.expression(21))
                if op in ("/", "./") and right.number == 0:
                    raise self.fault(at, "a division by zero")
                divided = divided or op in ("/", "./")
                one = mul(*factors)
                meant = _NUMPY.get(op, op) if self.numpy else op
                numbers = right.number is not None or one.number is not None
                if meant == "@" or (op == ".*" and not self.numpy) or (meant in (".*", "./") and not numbers):
                    self.writable(factors, at)
                    factors = [entrywise(meant, one, right, self.numpy, at)]
                elif meant == "./" and right.number is None:
                    factors.append(Node("./", (number(1), right), at))
                else:
                    factors.append(power(right, number(-1)) if op in ("/", "./") else right)
            elif kind in ("number", "name") or op == "(":
                self.implied(kind, op, at, divided)
                factors.append(self.value(self.expression(21)))
            else:
                self.writable(factors, at)
                return mul(*factors)

    def implied(self, kind: str, word: str, at: int, divided: bool) -> None:
        """Whether what stands here may be multiplied with what stands before, without a sign."""
        before, last, place = self.tokens[self.k - 1]
        fits = (before == "number" and kind != "number") or (
            before == "op" and last in (")", "]", "'", ".T") and kind != "number"
        )
        if not fits and before == "name":
            raise self.fault(at, *self.side_by_side(last, word, place == self.tokens[0][2]))
        if not fits:
            raise self.fault(at, f"an operator is missing before {word!r}", "write * for a product")
        if divided:
            raise self.fault(at, "it is not clear what is divided here", "write / and * with parentheses")

    def side_by_side(self, one: str, other: str, first: bool) -> tuple[str, str]:
        """What is said of a name that is followed by another name, a number or a parenthesis."""
        if first and one in ("min", "max"):
            rest = self.text[self.tokens[self.k][2] :].strip()[:60]
            return (
                f"{one} needs parentheses",
                f"write {one}imize {rest} for an optimum, {one}(x, y) for the {_END[one]}",
            )
        if one in FUNCTIONS or one in SPECIAL:
            return f"the function {one} needs parentheses", f"write {one}({other})"
        return f"{one} and {other} stand side by side", f"write {one}*{other} for their product"

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

    # -- what an expression starts with --------------------------------------------------------------------------

    def prefix(self) -> Node:
        kind, word, at = self.tokens[self.k]
        self.k += 1
        if kind == "number":
            return self.number(word, at)
        if kind == "module":
            return self.foreign(word, at)
        if kind == "name":
            return self.word(word, at)
        if word == "(":
            return self.parenthesis(at)
        if word == "[":
            return self.literal(at)
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
            raise self.fault(
                at,
                f"{word} is declared as a name here, so {word}(...) is not the function",
                f"write {word}*(...) or rename it",
            )
        if word in ("True", "False", "true", "false") and word not in self.names:
            return Node(word.lower(), (), at)
        if word in CONSTANTS:
            self.constants = True
        return Node("name", (word,), at)

    def foreign(self, module: str, at: int) -> Node:
        """What a name of NumPy or SciPy means: ``np.sum`` is ``sum``."""
        _, word, _ = self.tokens[self.k]
        self.k += 1
        if word in NUMPY_CONSTANTS:
            return Node(NUMPY_CONSTANTS[word], (), at)
        if word not in NUMPY:
            near = difflib.get_close_matches(word, NUMPY, 1, 0.6)
            hint = f"did you mean {module}{near[0]}?" if near else f"those that are: {', '.join(sorted(NUMPY))}"
            raise self.fault(at, f"{module}{word} is not read here", hint)
        if self.tokens[self.k][:2] != ("op", "("):
            raise self.fault(at, f"{module}{word} is a function", f"write {module}{word}(...)")
        return self.function(NUMPY[word], at)

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

    def literal(self, at: int) -> Node:
        """``[1, 2]``, a column, or ``[[1, 2], [3, 4]]``, a matrix by its rows."""
        bars, self.bars = self.bars, []
        items = [self.value(self.expression())]
        while self.tokens[self.k][:2] == ("op", ","):
            self.k += 1
            items.append(self.value(self.expression()))
        self.bars = bars
        self.take("]", "a column is written [1, 2], a matrix [[1, 2], [3, 4]]")
        rows = [item.children if item.head == "literal" else (item,) for item in items]
        if len({(item.head == "literal", len(row)) for item, row in zip(items, rows, strict=True)}) > 1:
            raise self.fault(at, "the rows of this matrix are not of one length")
        for entry in (entry for row in rows for entry in row):
            if entry.number is None:
                raise self.fault(
                    max(entry.at, at),
                    "an entry of a matrix is written as a number here",
                    "give a name an array instead",
                )
        return Node("literal", tuple(items), at)

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
            whole = self.value(self.expression(0, Node("abs", (inner,), at)))
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
        if op in (".sum()", ".mean()"):
            return Node("total" if op == ".sum()" else "average", (left,), left.at)
        return left.children[0] if left.head == "transpose" else Node("transpose", (left,), left.at)

    # -- functions -----------------------------------------------------------------------------------------------

    def function(self, word: str, at: int) -> Node:
        if word not in FUNCTIONS and word not in SPECIAL:
            raise self.fault(at, *unknown_function(word))
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
        return self.called(word, args, at)

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
        node = _resolve(node, self.names) if self.constants else node
        return _transposed(node) if "T" not in self.names and _only_raises(node, "T") else node


def _only_raises(node: Node, word: str) -> bool:
    """Whether a name occurs, and only as an exponent of something other than a number: ``X^T``."""
    every, raised = _places(node, word)
    return 0 < every == raised


def _places(node: Node, word: str) -> tuple[int, int]:
    if node.name is not None:
        return int(node.name == word), 0
    every, raised = 0, 0
    if node.head == "^" and node.children[1].name == word and node.children[0].head not in ("num", "e", "pi"):
        every, raised = _places(node.children[0], word)
        return every + 1, raised + 1
    for child in node.children:
        one, other = _places(child, word)
        every, raised = every + one, raised + other
    return every, raised


def _transposed(node: Node) -> Node:
    children = tuple(_transposed(child) for child in node.children)
    if node.head == "^" and children[1].name == "T":
        return children[0].children[0] if children[0].head == "transpose" else Node("transpose", children[:1], node.at)
    return Node(node.head, children, node.at) if children else node


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
        return node if word in names or word not in CONSTANTS else Node(CONSTANTS[word], (), node.at)
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
        return exponential(children[1])
    return Node(node.head, children, node.at)
