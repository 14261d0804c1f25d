"""Functions with their arguments read, and powers, as nodes: how many arguments, what they may be, how large."""

from __future__ import annotations

from closedform.expression import MAX_BITS, Node, number, power
from closedform.reading.tokens import LOGIC, Cursor
from closedform.reading.vocabulary import FUNCTIONS, SPECIAL


class Calls(Cursor):
    """What calls and powers mean, with a fault at the place where they mean nothing."""

    def called(self, word: str, args: list[Node], at: int) -> Node:
        """The function of its arguments."""
        if word in SPECIAL:
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
                raise self.fault(
                    at, f"the index of {word} must be a name with two ends", f"write {head}(i, 1, n, x[i])"
                )
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
            if argument.head != "tuple" or len(argument.children) != 2 or argument.children[1].head not in LOGIC:
                raise self.fault(
                    at, "Piecewise takes pairs of a value and a condition", "write Piecewise((x, x > 0), (-x, True))"
                )
            self.value(argument.children[0])
            pieces.append(Node("piece", argument.children, argument.at))
        if not pieces:
            raise self.fault(at, "Piecewise has no pieces")
        return Node("piecewise", tuple(pieces), at)

    def raised(self, base: Node, exponent: Node, at: int, op: str = "^") -> Node:
        self.value(base)
        self.value(exponent)
        if op == ".^" and not (base.number is not None and exponent.number is not None):
            return Node(".^", (base, exponent), at)
        b = exponent.number
        if b is not None and b < 0 and base.number == 0:
            raise self.fault(at, "a division by zero")
        if b is not None and abs(b) > 64 and _constant(base):
            size = (
                64
                if base.number is None
                else max(base.number.numerator.bit_length(), base.number.denominator.bit_length())
            )
            if base.number is None or abs(base.number) != 1:
                bits = size * abs(b)
                if bits > MAX_BITS:
                    digits = int(bits * 3 / 10)
                    count = (
                        f"{digits:,}"
                        if digits < 10**15
                        else f"10^{len(str(digits)) - 1}"
                        if digits < 10**4000
                        else "too many"
                    )
                    raise self.fault(at, f"this number has about {count} digits, too many to write out")
        return power(base, exponent)


def _constant(node: Node) -> bool:
    return node.head != "name" and all(_constant(child) for child in node.children)


def entrywise(op: str, left: Node, right: Node, numpy: bool, at: int) -> Node:
    """``left op right`` for ``@``, ``.*`` and ``./``; outside of NumPy's spelling a dot says that there are entries."""
    if op == "@":
        return Node("matmul", (left, right), at)
    if numpy:
        return Node(op, (left, right), at)
    return Node("hadamard", (left, right if op == ".*" else Node("./", (number(1), right), at)), at)
