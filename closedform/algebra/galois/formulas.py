"""Formulas in radicals for the roots of polynomials with parameters, each proved by the kernel where it holds.

Degrees 1 to 4 by the classical formulas (Cardano, Ferrari), powers, Chebyshev polynomials, and compositions of these.
A formula holds wherever the listed expressions are not zero: that is what the certificate says (claim
``critical_point_formula``, with the polynomial as the equation), for real parameters and principal values.
"""

from __future__ import annotations

from dataclasses import dataclass

from flint import fmpq, fmpq_mpoly

from closedform.algebra.galois.family import Coefficients, coefficients_in, monic_of, pieces_of, tree_of
from closedform.algebra.radicals.terms import text, unity
from closedform.kernel import tower
from closedform.kernel.certificate import Certificate
from closedform.kernel.check import check_certificate
from closedform.kernel.expression import ONE, ZERO, Tree, add, mul, power, quotient, read, write
from closedform.kernel.reading import Json, Refused

MAX_ROOTS = 64


@dataclass(frozen=True)
class FormulaRoot:
    """One root as text, the conditions under which it is proved, and the certificate."""

    exact: str
    conditions: tuple[str, ...]
    certificate: Certificate


@dataclass(frozen=True)
class _Value:
    """A polynomial in the parameters as long as it is one, so that it stays short; else a tree."""

    poly: fmpq_mpoly | None
    names: tuple[str, ...]
    written: Tree = ZERO

    @property
    def tree(self) -> Tree:
        if self.poly is None:
            return self.written
        return ZERO if self.poly.is_zero() else read(tree_of(self.poly, self.names))

    @property
    def is_zero(self) -> bool:
        return self.poly is not None and self.poly.is_zero()

    def _made(self, tree: Tree) -> _Value:
        return _Value(None, self.names, tree)

    def __add__(self, other: _Value) -> _Value:
        if self.poly is not None and other.poly is not None:
            return _Value(self.poly + other.poly, self.names)
        return other if self.is_zero else self if other.is_zero else self._made(add(self.tree, other.tree))

    def __mul__(self, other: _Value) -> _Value:
        if self.poly is not None and other.poly is not None:
            return _Value(self.poly * other.poly, self.names)
        if self.is_zero or other.is_zero:
            return _Value(self.poly * 0 if self.poly is not None else None, self.names)
        return self._made(mul(self.tree, other.tree))

    def times(self, c: fmpq | int) -> _Value:
        return _Value(self.poly * c, self.names) if self.poly is not None else self._made(mul(fmpq(c), self.tree))

    def turned(self, unit: Tree) -> _Value:
        return self if unit == ONE else self._made(mul(unit, self.tree))

    def __pow__(self, k: int) -> _Value:
        return _Value(self.poly**k, self.names) if self.poly is not None else self._made(power(self.tree, fmpq(k)))

    def over(self, other: _Value) -> _Value:
        return self if self.is_zero else self._made(quotient(self.tree, other.tree))

    def root(self, d: int) -> _Value:
        if self.is_zero:
            return self
        return self._made(("sqrt", self.tree) if d == 2 else power(self.tree, fmpq(1, d)))


def formula_roots(f: fmpq_mpoly, unknown: str, parameters: tuple[str, ...]) -> list[FormulaRoot] | None:
    """A formula for every root of f, irreducible over Q(parameters); None where none is known or the kernel refuses.

    >>> from flint import fmpq_mpoly_ctx
    >>> x, a = fmpq_mpoly_ctx.get(("x", "a"), "lex").gens()
    >>> [r.exact for r in formula_roots(x**2 - a, "x", ("a",)) or ()]
    ['sqrt(a)', '-sqrt(a)']
    """
    coefficients = coefficients_in(f, 0)
    names = (unknown, *parameters)
    n = len(coefficients) - 1
    if n > MAX_ROOTS:
        return None
    lead = _Value(coefficients[-1], names)
    if n == 1:
        values = [_Value(-coefficients[0], names)]
    else:
        pieces = pieces_of(monic_of(coefficients))
        if not pieces:
            return None
        values = [_Value(coefficients[0] * 0, names)]
        for _, h in reversed(pieces):
            values = [x for value in values for x in _solve(h, value)]
    trees = [(v if lead.tree == ONE else v.over(lead)).tree for v in values]
    equation = tree_of(f, names)
    try:
        return [_proved(tree, equation, unknown, parameters) for tree in trees]
    except (Refused, ArithmeticError, ValueError):
        return None


def _solve(h: Coefficients, value: _Value) -> list[_Value]:
    """The roots x of h(x) = value; h monic, of degree at most four, a power or a Chebyshev polynomial up to a shift."""
    d, names = len(h) - 1, value.names
    shift = h[d - 1] * fmpq(-1, d)
    centred = [_Value(c, names) for c in _taylor(h, shift)]
    constant = centred[0] + value.times(-1)
    if all(c.is_zero for c in centred[1:d]):
        root = constant.times(-1).root(d)
        found = [root.turned(unity(fmpq(k, d))) for k in range(d)]
    elif d == 3:
        found = _cubic(centred[1], constant)
    elif d == 4:
        found = _quartic(centred[2], centred[1], constant)
    else:  # Chebyshev: x = u + c/u with u^d + (c/u)^d = b
        c, b = centred[d - 2].times(fmpq(-1, d)), constant.times(-1)
        if d % 2 == 0:  # the constant term of the Dickson polynomial itself, 2 (-c)^(d/2)
            b = b + (c.times(-1) ** (d // 2)).times(2)
        u = (b + (b**2 + (c**d).times(-4)).root(2)).times(fmpq(1, 2)).root(d)
        found = [t + c.over(t) for t in (u.turned(unity(fmpq(k, d))) for k in range(d))]
    back = _Value(shift, names)
    return [t + back for t in found]


def _taylor(h: Coefficients, shift: fmpq_mpoly) -> Coefficients:
    """h(x + shift)."""
    zero = h[-1] * 0
    out = [zero]
    for c in h[::-1]:
        moved = [zero, *out]
        for i, low in enumerate(out):
            moved[i] = moved[i] + low * shift
        moved[0] = moved[0] + c
        out = moved
    return out[: len(h)]


def _cubic(p: _Value, q: _Value) -> list[_Value]:
    """x^3 + p x + q = 0 (Cardano), p not identically zero."""
    inside = (q**2).times(fmpq(1, 4)) + (p**3).times(fmpq(1, 27))
    u = (q.times(fmpq(-1, 2)) + inside.root(2)).root(3)
    return [t + p.times(fmpq(-1, 3)).over(t) for t in (u.turned(unity(fmpq(k, 3))) for k in range(3))]


def _quartic(p: _Value, q: _Value, r: _Value) -> list[_Value]:
    """x^4 + p x^2 + q x + r = 0: biquadratic where q is identically zero, else Ferrari."""
    out = list[_Value]()
    if q.is_zero:
        inner = (p**2 + r.times(-4)).root(2)
        for sign in (1, -1):
            y = (p.times(-1) + inner.times(sign)).times(fmpq(1, 2)).root(2)
            out += [y, y.times(-1)]
        return out
    # s^2 = 2 m with m^3 + p m^2 + (p^2/4 - r) m - q^2/8 = 0
    linear = (p**2).times(fmpq(-1, 12)) + r.times(-1)
    constant = (p**3).times(fmpq(-1, 108)) + (p * r).times(fmpq(1, 3)) + (q**2).times(fmpq(-1, 8))
    depressed = constant.times(-1).root(3) if linear.is_zero else _cubic(linear, constant)[0]
    m = depressed + p.times(fmpq(-1, 3))
    s = m.times(2).root(2)
    for sign in (1, -1):
        root = (p.times(-2) + m.times(-2) + q.times(-2 * sign).over(s)).root(2)
        out += [(s.times(sign) + root.times(other)).times(fmpq(1, 2)) for other in (1, -1)]
    return out


def _proved(tree: Tree, equation: Json, unknown: str, parameters: tuple[str, ...]) -> FormulaRoot:
    substituted = tower.substitute(read(equation), {unknown: tree})
    conditions = list[tower.Relation]()
    while True:
        missing = tower.prove_zero(substituted, conditions)
        if not missing:
            break
        conditions += [("!=", t, ZERO) for t in missing]
        if len(conditions) > 20:
            raise ValueError("too many conditions")
    statement: dict[str, Json] = {
        "unknowns": [unknown], "parameters": list(parameters), "assumptions": [], "equations": [equation],
    }  # fmt: skip
    claim: dict[str, Json] = {
        "kind": "critical_point_formula", "point": {unknown: write(tree)},
        "conditions": [[op, write(a), write(b)] for op, a, b in conditions],
    }  # fmt: skip
    certificate = Certificate(statement, claim, {})
    check_certificate(certificate)
    return FormulaRoot(text(tree), tuple(f"{text(a)} != 0" for _, a, _ in conditions), certificate)
