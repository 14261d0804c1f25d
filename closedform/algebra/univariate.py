"""What a user calls a polynomial, read into FLINT: text, a SymPy expression or ``Poly``, or a list of coefficients."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, cast

from flint import fmpq, fmpq_mpoly, fmpq_mpoly_ctx, fmpq_poly, fmpz, fmpz_poly

from closedform.errors import CallError, InputError
from closedform.expression import Node, free_names
from closedform.frozen import record
from closedform.kernel.algebra.polynomials import poly_text
from closedform.kernel.algebra.rational import generators
from closedform.reading.data.handed import is_many
from closedform.reading.from_sympy import SympyReading
from closedform.reading.language import parse, unparse

LARGEST_DEGREE = 100_000


def short(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:120]} ... {text[-60:]}"


@record
class GivenPolynomial:
    """A polynomial as read: integer coefficients (content removed) when there is no parameter, else the tree."""

    text: str
    unknown: str
    parameters: tuple[str, ...]
    poly: fmpz_poly | None
    tree: Node | None
    notes: tuple[str, ...] = ()


def read(polynomial: object, unknown: str | None = None) -> GivenPolynomial:
    """Read what a user calls a polynomial; raises ``InputError`` or ``TextFault`` where it is none."""
    if isinstance(polynomial, str):
        node = parse(polynomial)
    elif isinstance(polynomial, Node):
        node = polynomial
    elif hasattr(polynomial, "all_coeffs") and len(getattr(polynomial, "gens", ())) == 1:  # sympy.Poly
        poly = cast(Any, polynomial)
        if not poly.free_symbols_in_domain:
            return _from_coefficients([str(c) for c in poly.all_coeffs()], str(poly.gens[0]))
        node = SympyReading().node(poly.as_expr())
    elif hasattr(polynomial, "free_symbols"):
        node = SympyReading().node(polynomial)
    elif isinstance(polynomial, fmpz_poly):
        return _integral(fmpq_poly(polynomial), unknown or "x")
    elif isinstance(polynomial, fmpq_poly):
        return _integral(polynomial, unknown or "x")
    elif is_many(polynomial):
        return _from_coefficients(list(polynomial), unknown or "x")
    else:
        raise CallError(f"a polynomial is text, a SymPy expression or a list of coefficients, not {polynomial!r}"[:200])
    if node.head == "=":
        node = Node("+", (node.children[0], Node("*", (Node("num", (Fraction(-1),)), node.children[1]))))
    names = sorted(free_names(node))
    if unknown is not None and unknown not in names and names:
        raise CallError(f"the unknown {unknown} does not occur; the names are {', '.join(names)}")
    if not names:
        _integral(_of_node(node, "x"), "x")
        raise InputError(f"{short(unparse(node))} is a constant: a polynomial needs an unknown")
    chosen = unknown or next((x for x in ("x", "z", "t", "y") if x in names), names[-1])
    parameters = tuple(n for n in names if n != chosen)
    if not parameters:
        return _integral(_of_node(node, chosen), chosen)
    verb = "are parameters" if len(parameters) > 1 else "is a parameter"
    notes = (f"the unknown is {chosen}; {', '.join(parameters)} {verb}",)
    return GivenPolynomial(unparse(node), chosen, parameters, None, node, notes)


def _coefficient(value: object) -> fmpq:
    """A number, a float as the decimal that it prints as, or text; exactly."""
    if isinstance(value, (int, fmpz)) and not isinstance(value, bool):
        return fmpq(value)
    if isinstance(value, (Fraction, fmpq)):
        return fmpq(value.numerator, value.denominator) if isinstance(value, Fraction) else value
    read_as = parse(str(value)).number if not isinstance(value, bool) else None
    if read_as is None:
        raise InputError(f"the coefficient {short(str(value))} is not a rational number")
    return fmpq(read_as.numerator, read_as.denominator)


def _from_coefficients(highest_first: list[object], unknown: str) -> GivenPolynomial:
    if len(highest_first) > LARGEST_DEGREE + 1:
        raise InputError(f"the degree is past the limit of {LARGEST_DEGREE}")
    return _integral(fmpq_poly([_coefficient(c) for c in highest_first[::-1]]), unknown)


def _integral(f: fmpq_poly, unknown: str) -> GivenPolynomial:
    if f.is_zero():
        raise InputError("the zero polynomial: every number is a root")
    g = f.numer()
    g = g // fmpz_poly([g.content()])
    if g.degree() == 0:
        raise InputError(f"{short(str(f[0]))} is a constant: it has no roots")
    return GivenPolynomial(poly_text(g, unknown, 0), unknown, (), g, None)


def _of_node(node: Node, x: str) -> fmpq_poly:
    """The polynomial over Q that a tree in the one name x writes."""
    if node.head == "num":
        value = cast(Fraction, node.number)
        return fmpq_poly([fmpq(value.numerator, value.denominator)])
    if node.head == "name":
        return fmpq_poly([0, 1])
    if node.head == "+":
        sparse, out = dict[int, fmpq](), fmpq_poly([])
        for child in node.children:
            monomial = _monomial(child)
            if monomial is None:
                out += _of_node(child, x)
            else:
                sparse[monomial[0]] = sparse.get(monomial[0], fmpq(0)) + monomial[1]
        dense = [fmpq(0)] * (max(sparse, default=-1) + 1)
        for k, c in sparse.items():
            dense[k] = c
        return out + fmpq_poly(dense)
    if node.head == "*":
        out = fmpq_poly([1])
        for child in node.children:
            out *= _of_node(child, x)
            _within(out.degree())
        return out
    exponent = node.children[1].number if node.head == "^" else None
    if exponent is not None and exponent.denominator == 1:
        base, k = _of_node(node.children[0], x), exponent.numerator
        if k < 0 and base.degree() == 0:
            base, k = fmpq_poly([1 / base[0]]), -k
        if k >= 0:
            _within(max(base.degree(), 0) * k)
            if k * max(abs(c.p).bit_length() + c.q.bit_length() for c in base.coeffs() or [fmpq(0)]) > 10_000_000:
                raise InputError(f"the power {short(unparse(node))} is too large to write out")
            return base**k
    raise InputError(f"{short(unparse(node))} is not a polynomial in {x} with rational coefficients")


def _monomial(node: Node) -> tuple[int, fmpq] | None:
    """(exponent, coefficient) of c*x^k, so that a sum of many terms is read in linear time."""
    coefficient, exponent = fmpq(1), 0
    for part in node.children if node.head == "*" else (node,):
        if part.number is not None:
            coefficient *= fmpq(part.number.numerator, part.number.denominator)
            continue
        k = part.children[1].number if part.head == "^" else Fraction(1)
        if (part.children[0] if part.head == "^" else part).name is None or k is None:
            return None
        if k.denominator != 1 or k < 0:
            return None
        exponent += k.numerator
        _within(exponent)
    return exponent, coefficient


def _within(degree: int) -> None:
    if degree > LARGEST_DEGREE:
        raise InputError(f"the degree {degree} is past the limit of {LARGEST_DEGREE}")


def of_tree(given: GivenPolynomial) -> fmpq_mpoly:
    """The polynomial in (unknown, parameters) that the tree writes."""
    names = (given.unknown, *given.parameters)
    context = fmpq_mpoly_ctx.get(generators(names), "lex")
    at = dict(zip(names, context.gens(), strict=True))

    def go(node: Node) -> fmpq_mpoly:
        if node.number is not None:
            return context.constant(fmpq(node.number.numerator, node.number.denominator))
        if node.name is not None:
            return at[node.name]
        if node.head == "+":
            out = context.constant(0)
            for child in node.children:
                out = out + go(child)
            return out
        if node.head == "*":
            out = context.constant(1)
            for child in node.children:
                out = out * go(child)
            return out
        exponent = node.children[1].number if node.head == "^" else None
        if exponent is not None and exponent.denominator == 1:
            base, k = go(node.children[0]), exponent.numerator
            if 0 <= k <= 1_000:
                return base**k
            if k < 0 and base.is_constant() and not base.is_zero():
                return context.constant((1 / base.leading_coefficient()) ** -k)
        raise InputError(f"{short(unparse(node))} is not a polynomial in {', '.join(names)}; multiply denominators out")

    f = go(cast(Node, given.tree))
    if f.is_zero():
        raise InputError("the zero polynomial: every number is a root")
    if f.degrees()[0] == 0:
        raise InputError(f"{short(given.text)} does not depend on {given.unknown}")
    return f
