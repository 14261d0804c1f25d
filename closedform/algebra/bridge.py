"""Between the reader's ``Node``, SymPy and the kernel's trees; SymPy only ever gets names that the reader has read.

``symbols`` gives each name its assumptions (real, positive, integer, ...) from the problem's relations, ``to_sympy`` and
``from_sympy`` translate, ``to_tree`` and ``from_tree`` are for the kernel, and ``text`` prints an expression so that our
reader and ``sympify`` read the same value back. Nothing is evaluated as code.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from flint import fmpq

from closedform import expression
from closedform.algebra.later import sp
from closedform.algebra.spelled import Spelled
from closedform.expression import MIRRORED, RELATIONS, Node, name, number
from closedform.kernel.reading import Json
from closedform.problem import Problem

Symbols = Mapping[str, Any]  # a Symbol for each scalar name, an IndexedBase for each column


class NoTranslation(ValueError):
    """The expression has a part that the other side cannot write."""


# -- names and their assumptions ---------------------------------------------------------------------------------


def nodes(node: Node) -> Iterator[Node]:
    """The node and all below it."""
    stack = [node]
    while stack:
        top = stack.pop()
        yield top
        stack.extend(top.children)


def _roots(problem: Problem) -> list[Node]:
    loss = [problem.loss] if problem.loss is not None else []
    return [*loss, *problem.equations, *problem.relations, *problem.constraints]


def column_names(problem: Problem) -> set[str]:
    """Names that are indexed somewhere in the problem."""
    return {
        str(n.children[0].name)
        for root in _roots(problem)
        for n in nodes(root)
        if n.head == "@" and n.children[0].name is not None
    }


def flat_relations(relations: tuple[Node, ...]) -> list[Node]:
    """Relations one by one, conjunctions and chains (``0 < p < 1``) taken apart."""
    out = list[Node]()
    for r in relations:
        if r.head in ("and", "all"):
            out += flat_relations(r.children)
        elif r.head in RELATIONS and len(r.children) > 2:
            out += [Node(r.head, (a, b)) for a, b in zip(r.children, r.children[1:], strict=False)]
        else:
            out.append(r)
    return out


_POSITIVE = {">": "positive", ">=": "nonnegative", "<": "negative", "<=": "nonpositive"}


def symbols(problem: Problem) -> dict[str, Any]:
    """Every name of the problem as a SymPy symbol with what the relations say of its sign.

    Names are real. ``p > 0`` makes p positive, and so does ``b >= M`` where M is positive; only relations with the name
    alone on one side are used here, the others stay relations.
    """
    columns = column_names(problem)
    roots = _roots(problem)
    names = {*problem.unknowns, *problem.parameters}
    for root in roots:
        bound = {str(n.children[0].name) for n in nodes(root) if n.head in ("sum", "prod")}
        names |= {str(n.name) for n in nodes(root) if n.name is not None and n.name not in bound}
    names |= columns
    known: dict[str, set[str]] = {n: {"real"} for n in names}
    for n, words in problem.properties.items():
        if "integer" in words and n in known:
            known[n].add("integer")
    for root in roots:
        for n in nodes(root):
            if n.head in ("sum", "prod") and n.children[2].name in known:
                known[str(n.children[2].name)] |= {"integer", "positive"}  # a number of rows: data are never empty
    relations = flat_relations(problem.relations)
    relations += [r for r in flat_relations(problem.constraints) if r.head in _POSITIVE]

    def make(n: str) -> Any:
        symbol = sp.Symbol(n, **dict.fromkeys(known[n], True))
        return sp.IndexedBase(symbol) if n in columns else symbol

    both = columns & set(problem.unknowns)  # a coefficient named like its column

    def every() -> dict[str, Any]:
        scalar = {n: sp.Symbol(n, **dict.fromkeys(known[n], True)) for n in both}
        return {n: make(n) for n in sorted(names)} | {f"@{n}": make(n) for n in both} | scalar

    table = every()
    for _ in range(3):
        before = {n: set(v) for n, v in known.items()}
        for r in relations:
            if r.head not in _POSITIVE and r.head != "!=":
                continue
            left, right = r.children[:2]
            for head, own, other in ((r.head, left, right), (MIRRORED[r.head], right, left)):
                column = own.head == "@" and own.children[0].name in columns
                n = own.name or (own.children[0].name if column else None)
                if n is None or n not in known:
                    continue
                try:
                    bound = to_sympy(other, table)
                except NoTranslation:
                    continue
                known[n] |= _sign(head, bound)
        if before == known:
            break
        for n in names:
            if "positive" in known[n]:
                known[n].discard("nonnegative")
            if {"positive", "negative"} <= known[n] or {"positive", "nonpositive"} <= known[n]:
                known[n] = {"real"}  # contradictory relations: found later, not here
        table = every()
    return table


def _sign(head: str, bound: Any) -> set[str]:
    if (head == ">" and bound.is_nonnegative) or (head == ">=" and bound.is_positive):
        return {"positive"}
    if head == ">=" and bound.is_nonnegative:
        return {"nonnegative"}
    if (head == "<" and bound.is_nonpositive) or (head == "<=" and bound.is_negative):
        return {"negative"}
    if head == "<=" and bound.is_nonpositive:
        return {"nonpositive"}
    if head == "!=" and bound.is_zero:
        return {"nonzero"}
    return set()


# -- reading a node ----------------------------------------------------------------------------------------------

_CONSTANTS: dict[str, str] = {  # by SymPy's names
    "pi": "pi",
    "I": "I",
    "e": "E",
    "true": "true",
    "false": "false",
    "True": "true",
    "False": "false",
    "oo": "oo",
}
_NAMES: dict[str, str] = {  # what is read and written: our name, and that of SymPy's class
    "exp": "exp",
    "log": "log",
    "sin": "sin",
    "cos": "cos",
    "tan": "tan",
    "sinh": "sinh",
    "cosh": "cosh",
    "tanh": "tanh",
    "asin": "asin",
    "acos": "acos",
    "atan": "atan",
    "atan2": "atan2",
    "abs": "Abs",
    "sign": "sign",
    "max": "Max",
    "min": "Min",
    "gamma": "gamma",
    "loggamma": "loggamma",
    "digamma": "digamma",
    "trigamma": "trigamma",
    "erf": "erf",
    "erfc": "erfc",
    "erfinv": "erfinv",
    "zeta": "zeta",
    "besseli": "besseli",
    "besselj": "besselj",
    "lambertw": "LambertW",
    "=": "Equality",
    "!=": "Unequality",
    "<": "StrictLessThan",
    "<=": "LessThan",
    ">": "StrictGreaterThan",
    ">=": "GreaterThan",
    "and": "And",
    "or": "Or",
    "not": "Not",
}
_FUNCTIONS: dict[str, str | Callable[[sp.Expr], sp.Expr]] = {  # what is read
    **_NAMES,
    "sqrt": "sqrt",
    "asinh": "asinh",
    "acosh": "acosh",
    "atanh": "atanh",
    "cot": "cot",
    "sec": "sec",
    "csc": "csc",
    "polygamma": "polygamma",
    "beta": "beta",
    "factorial": "factorial",
    "binomial": "binomial",
    "floor": "floor",
    "ceiling": "ceiling",
    "sigmoid": lambda u: 1 / (1 + sp.exp(-u)),
    "softplus": lambda u: sp.log(1 + sp.exp(u)),
    "relu": lambda u: sp.Max(0, u),
}


def _function(head: str) -> Callable[..., Any]:
    found = _FUNCTIONS[head]
    return getattr(sp, found) if isinstance(found, str) else found


def sympy_rational(number: fmpq) -> Any:
    """An exact number of FLINT as SymPy's."""
    return sp.Rational(int(number.p), int(number.q))


def flint_rational(number: sp.Rational) -> fmpq:
    """An exact number of SymPy as FLINT's."""
    return fmpq(int(number.p), int(number.q))


def rationals(values: Sequence[sp.Expr]) -> list[sp.Rational] | None:
    """The values, if all are rational numbers."""
    out = [v for v in values if isinstance(v, sp.Rational)]
    return out if len(out) == len(values) else None


def rational_terms(poly: sp.Poly) -> list[tuple[tuple[int, ...], fmpq]] | None:
    """Exponents and coefficients; None where a coefficient is not a rational number.

    >>> x = sp.Symbol("x")
    >>> rational_terms(sp.Poly(x**2 / 3 - 1, x)), rational_terms(sp.Poly(sp.sqrt(2) * x, x))
    ([((2,), 1/3), ((0,), -1)], None)
    """
    coefficients = rationals(poly.coeffs())
    return None if coefficients is None else list(zip(poly.monoms(), map(flint_rational, coefficients), strict=True))


def to_sympy(node: Node, table: Symbols) -> Any:
    """The node as a SymPy expression over the symbols of ``table``; raises ``NoTranslation`` for matrix heads.

    Sums and products stay unevaluated. A name that the table lacks is a bound index or an error.
    """
    if node.head == "num":
        value = node.number or Fraction(0)
        return sp.Rational(value.numerator, value.denominator)
    if node.head == "name":
        n = str(node.name)
        if n in table:
            return table[n]
        if n in _CONSTANTS:
            return getattr(sp, _CONSTANTS[n])
        raise NoTranslation(f"the name {n} is not declared")
    if node.head in _CONSTANTS and not node.args:
        return getattr(sp, _CONSTANTS[node.head])
    args = node.children
    if node.head in ("sum", "prod"):
        index = str(args[0].name)
        i = sp.Symbol(index, integer=True, positive=True)
        low, high = to_sympy(args[1], table), to_sympy(args[2], table)
        body = to_sympy(args[3], {**table, index: i})
        return (sp.Sum if node.head == "sum" else sp.Product)(body, (i, low, high))
    if node.head == "@":
        base = table.get(f"@{args[0].name}", table.get(str(args[0].name)))
        if not isinstance(base, sp.IndexedBase):
            raise NoTranslation(f"{args[0].name} is not a column")
        return base[tuple(to_sympy(a, table) for a in args[1:])]
    if node.head == "piecewise":
        return sp.Piecewise(*((to_sympy(p.children[0], table), to_sympy(p.children[1], table)) for p in args))
    values = [to_sympy(a, table) for a in args]
    if node.head == "+":
        return sp.Add(*values)
    if node.head == "*":
        return sp.Mul(*values)
    if node.head == "^":
        return sp.Pow(*values)
    if node.head not in _FUNCTIONS:
        raise NoTranslation(f"{node.head} is not a scalar function")
    if node.head in ("cos", "sin") and values[0].is_number and _is_part_of_angle(values[0]):
        # SymPy takes acos(c) for zero, on some runs, where c < 1 is close to 1, and would make cos(acos(c)/3) a 1
        return _function(node.head)(values[0], evaluate=False)
    return _function(node.head)(*values)


def _is_part_of_angle(value: Any) -> bool:
    return value.has(sp.acos, sp.asin) and not isinstance(value, (sp.acos, sp.asin))


# -- writing a node ----------------------------------------------------------------------------------------------

_HEADS = {sympys: ours for ours, sympys in _NAMES.items()}


def _node(head: str, *args: Node) -> Node:
    return Node(head, args)


def from_sympy(expr: Any) -> Node:
    """The expression as a node; raises ``NoTranslation`` where the text language has no word for a part.

    >>> from_sympy(sp.Symbol("x") - sp.Rational(1, 2)).head
    '+'
    """
    if isinstance(expr, Spelled):
        return expr.node
    if isinstance(expr, sp.Rational):
        return number(Fraction(int(expr.p), int(expr.q)))
    if isinstance(expr, sp.Float):
        return from_sympy(sp.Rational(expr))
    if isinstance(expr, sp.Symbol):
        return name(expr.name)
    if isinstance(expr, sp.Indexed):
        return _node("@", name(str(expr.base)), *(from_sympy(i) for i in expr.indices))
    if expr is sp.pi:
        return Node("pi", ())
    if expr is sp.E:
        return Node("e", ())
    if expr is sp.I:
        return Node("I", ())
    if expr is sp.EulerGamma:
        return _node("*", number(-1), _node("digamma", number(1)))
    if expr in (sp.true, sp.false):
        return name(str(expr))
    if isinstance(expr, (sp.Sum, sp.Product)):
        out = from_sympy(expr.function)
        for index, low, high in expr.limits:
            head = "sum" if isinstance(expr, sp.Sum) else "prod"
            out = _node(head, name(str(index)), from_sympy(low), from_sympy(high), out)
        return out
    if isinstance(expr, sp.Add):
        return _node("+", *(from_sympy(a) for a in expr.args))
    if isinstance(expr, sp.Mul):
        return _node("*", *(from_sympy(a) for a in expr.args))
    if isinstance(expr, sp.Pow):
        if expr.exp == sp.S.Half:
            return _node("sqrt", from_sympy(expr.base))
        return _node("^", from_sympy(expr.base), from_sympy(expr.exp))
    if isinstance(expr, sp.exp):
        return _node("exp", from_sympy(expr.args[0]))
    if isinstance(expr, sp.Piecewise):
        return _node("piecewise", *(_node("piece", from_sympy(p.expr), from_sympy(p.cond)) for p in expr.args))
    if isinstance(expr, sp.polygamma) and expr.args[0] in (0, 1):
        return _node("digamma" if expr.args[0] == 0 else "trigamma", from_sympy(expr.args[1]))
    if isinstance(expr, sp.factorial):
        return _node("gamma", from_sympy(expr.args[0] + 1))
    if isinstance(expr, sp.binomial):
        return from_sympy(expr.rewrite(sp.gamma))
    head = _HEADS.get(type(expr).__name__)
    if head is None or (head == "zeta" and len(expr.args) != 1):
        raise NoTranslation(f"{type(expr).__name__} has no word in the text language")
    return _node(head, *(from_sympy(a) for a in expr.args))


def to_tree(expr: Any) -> Json:
    """The expression as the kernel's JSON tree; raises ``NoTranslation``."""
    return expression.to_tree(from_sympy(expr))


def from_tree(tree: Json, table: Symbols) -> Any:
    """The kernel's JSON tree as a SymPy expression over ``table``."""
    return to_sympy(node_of(tree), table)


def node_of(tree: Json) -> Node:
    """The kernel's JSON tree as a node."""
    if isinstance(tree, str):
        return number(tree) if tree[:1] in "-0123456789" else name(tree)
    if not isinstance(tree, list) or not tree:
        raise NoTranslation("not a tree")
    return Node(str(tree[0]), tuple(node_of(a) for a in tree[1:]))


# -- text --------------------------------------------------------------------------------------------------------


PRINTING = "closedform.algebra.printing"  # a class of SymPy's stands in it


def text(expr: Any) -> str:
    """``sstr`` text of the expression that our reader and ``sympify`` read back to the same value.

    >>> text(sp.E * sp.Symbol("E"))
    'exp(1)*E'
    """
    if isinstance(expr, Spelled):
        return expr.text
    taken = any(s.name == "I" for s in getattr(expr, "free_symbols", ()) if isinstance(s, sp.Symbol))
    return str(importlib.import_module(PRINTING).Printer({"full_prec": "taken" if taken else "auto"}).doprint(expr))
