"""Real critical points from the branches of an exponential system: balls and exact logarithms.

A branch gives the generators; an unknown is log(t)/scale or a generator itself. All numbers are balls; a sign that
stays open at high precision makes the point "unclassified", never a guess.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import flint
from flint import arb, fmpq, fmpq_poly, fmpz, fmpz_mpoly

from closedform.algebra import bridge
from closedform.algebra.later import sp
from closedform.algebra.roots import isolate_real
from closedform.algebra.spelled import Spelled
from closedform.budget import Budget, working_bits
from closedform.frozen import record
from closedform.kernel.algebra.exponentials import Field, Quotient
from closedform.kernel.expressions import balls
from closedform.kernel.expressions import tree as kernel
from closedform.kernel.reading import Refused
from closedform.statement import columns_of
from closedform.stationarity.text.system import TextSystem
from closedform.strategies.exponentials.branches import Branch
from closedform.strategies.exponentials.division import dense, substituted
from closedform.strategies.exponentials.field import ExponentialSystem

MOST_BITS = 20_000
MOST_ROOTS = 24
Number = TypeVar("Number", arb, fmpq)


class Undetermined(Exception):
    """A sign could not be settled at the highest precision."""


@record
class RealSolution:
    """One real solution: its branch, the ball of the main generator, and balls of all generators and unknowns."""

    branch: Branch
    root: arb | None
    generators: Mapping[str, arb]
    unknowns: Mapping[str, arb]


def value_at(p: fmpz_mpoly, values: Mapping[str, Number], fld: Field, number: Callable[[fmpz], Number]) -> Number:
    """The value of a polynomial at balls (``number`` is ``arb``) or at rational values (``fmpq``) of its generators."""
    total = number(fmpz(0))
    for m, c in zip(p.monoms(), p.coeffs(), strict=True):
        term = number(c)
        for n, e in zip(fld.names, m, strict=True):
            if e:
                term = term * values[n] ** fmpz(int(e))
        total = total + term
    return total


def solutions(branch: Branch, where: ExponentialSystem, digits: int, budget: Budget) -> list[RealSolution]:
    """The real solutions on a branch whose generators are positive where they must be, in the domain of the loss."""
    fld = where.field
    f = None if branch.eliminant is None else dense(branch.eliminant, str(branch.main), fld)
    count = len(isolate_real(f, 64)) if f is not None else 1
    out = list[RealSolution]()
    for i in range(count):
        bits = working_bits(digits, 96)
        while True:
            budget.check()
            with flint.ctx.workprec(bits):
                root = None if f is None else isolate_real(f, bits)[i][0]
                found = _one(branch, where, root)
                if found is None:
                    break
                if isinstance(found, RealSolution) and all(_relative(v, digits) for v in found.unknowns.values()):
                    out.append(found)
                    break
            bits *= 2
            if bits > MOST_BITS:
                raise Undetermined("a sign or a digit stays open at the highest precision")
    return out


def scale_ball(how: tuple[str, fmpq, tuple[str, ...]]) -> arb:
    """The number s with t = exp(s*unknown): a rational times constants such as log(2) or pi."""
    out = arb(how[1])
    for n in how[2]:
        out = out * balls.evaluate(kernel.read(bridge.to_tree(_atom(n, {}))), {}, {})
    return out


def scale_of(how: tuple[str, fmpq, tuple[str, ...]], symbols: Mapping[str, Any]) -> Any:
    """As ``scale_ball``, exactly, the constants (or parameters) by their names."""
    return bridge.sympy_rational(how[1]) * sp.Mul(*(_atom(n, symbols) for n in how[2]))


def _relative(v: arb, digits: int) -> bool:
    return bool(v.is_exact()) or bool(v.rad() * arb(10) ** (digits + 2) < arb(1).max(abs(v.mid())))


def _one(branch: Branch, where: ExponentialSystem, root: arb | None) -> RealSolution | str | None:
    """The solution over one root; None when it is not admissible, text when that is open at this precision."""
    fld = where.field
    values: dict[str, arb] = {}
    if root is not None:
        values[str(branch.main)] = root
    for name, (above, below) in branch.values:
        values[name] = value_at(above, values, fld, arb) / value_at(below, values, fld, arb)
    for name, v in values.items():
        if not v.is_finite():
            return "a denominator may vanish"
        if name in fld.positive:
            if v < 0 or v == 0:
                return None
            if not v > 0:
                return "a sign is open"
    unknowns: dict[str, arb] = {}
    for u, how in where.of.items():
        unknowns[u] = values[u] if how is None else values[how[0]].log() / scale_ball(how)
    if not _in_domain(where, unknowns):
        return None
    return RealSolution(branch, root, values, unknowns)


def _in_domain(where: ExponentialSystem, unknowns: Mapping[str, arb]) -> bool:
    """Whether the loss is real there and no relation is violated; what the balls leave open counts as held."""
    columns = columns_of(where.system.problem)
    try:
        for r in where.system.relations:
            low, high = (balls.evaluate(kernel.read(bridge.to_tree(e)), unknowns, columns) for e in (r.lhs, r.rhs))
            gap = low - high
            wrong = {">": gap <= 0, ">=": gap < 0, "<": gap >= 0, "<=": gap > 0, "!=": gap.is_zero()}.get(
                r.rel_op, False
            )
            if wrong:
                return False
        if where.loss is not None:
            return bool(balls.evaluate(where.loss, unknowns, columns).is_finite())
    except (Refused, bridge.NoTranslation):
        return True
    return True


# -- exact expressions -------------------------------------------------------------------------------------------


def rational_generators(branch: Branch, where: ExponentialSystem) -> dict[str, fmpq] | None:
    """The generators on a branch on which all of them are rational; None on any other."""
    fld, f = where.field, branch.eliminant
    if where.parameters or (f is not None and branch.degree(fld) != 1):
        return None
    values: dict[str, fmpq] = {}
    if f is not None and branch.main is not None:
        c, b = dense(f, branch.main, fld).coeffs()
        values[branch.main] = fmpq(-c, b)
    for name, (above, below) in branch.values:
        values[name] = value_at(above, values, fld, fmpq) / value_at(below, values, fld, fmpq)
    return values


def unknowns_exactly(branch: Branch, root: Any, where: ExponentialSystem) -> dict[str, Any]:
    """The unknowns as expressions, given one for the main generator; as text where the system is read as text."""
    rational = rational_generators(branch, where)
    as_text = isinstance(where.system, TextSystem)
    if as_text and rational is not None and all(how is None or rational[how[0]] == 1 for how in where.of.values()):
        return {u: Spelled(str(rational[u] if how is None else fmpq(0))) for u, how in where.of.items()}
    if rational is not None and branch.main is not None:
        root = bridge.sympy_rational(rational[branch.main])
    out = _in_sympy(branch, root, where)
    return {u: Spelled(bridge.text(v)) for u, v in out.items()} if as_text else out


def _in_sympy(branch: Branch, root: Any, where: ExponentialSystem) -> dict[str, Any]:
    fld = where.field
    symbols = {s.name: s for s in (*where.system.unknowns, *where.system.parameters)}
    values = parameter_values(where)
    if branch.main is not None:
        values[branch.main] = root
    for name, quotient in branch.values:
        values[name] = _value(branch, name, quotient, values, fld)
    out: dict[str, Any] = {}
    for u, how in where.of.items():
        if how is None:
            out[u] = values[u]
            continue
        out[u] = logarithm(values[how[0]]) / scale_of(how, symbols)
    return out


def parameter_values(where: ExponentialSystem) -> dict[str, Any]:
    """The generators that are given: symbols, constants, and exponentials of symbols."""
    symbols = {s.name: s for s in (*where.system.unknowns, *where.system.parameters)}
    return {p: _parameter(p, where, symbols) for p in where.parameters}


def _atom(name: str, symbols: Mapping[str, Any]) -> Any:
    if name.startswith("log("):
        return sp.log(int(name[4:-1]))
    return symbols[name] if name in symbols else {"pi()": sp.pi, "e()": sp.E}[name]


def _parameter(name: str, where: ExponentialSystem, symbols: Mapping[str, Any]) -> Any:
    for key, (t, scale) in where.field.scales.items():
        if t == name:
            return sp.exp(bridge.sympy_rational(scale) * sp.Mul(*(_atom(n, symbols) for n in key)))
    return _atom(name, symbols)


def logarithm(value: Any) -> Any:
    """log(value) with powers and exponentials of symbols taken out where everything is positive.

    >>> logarithm(sp.cbrt(2)), logarithm(sp.sqrt(2) / 2), logarithm(1 + sp.sqrt(2))
    (log(2)/3, -log(2)/2, log(1 + sqrt(2)))
    """
    if value.free_symbols:
        return sp.expand_log(sp.log(sp.factor_terms(value)), force=True) if value.has(sp.exp) else sp.log(value)
    powers = [f.as_base_exp() for f in sp.Mul.make_args(value)]
    roots = [
        power.q for base, power in powers if base.is_positive and base.is_Rational and isinstance(power, sp.Rational)
    ]
    if len(roots) == len(powers):
        root = math.lcm(*roots)
        if 1 < root <= MOST_ROOTS:
            return sp.log(value**root) / root  # a rational number's
    return sp.log(value)


def _value(branch: Branch, name: str, quotient: Quotient, values: Mapping[str, Any], fld: Field) -> Any:
    """One generator: reduced modulo the eliminant when it is a number field element, else the plain quotient."""
    above, below = quotient
    rest = [n for n, _ in branch.values]
    if branch.eliminant is not None and not branch.eliminant.is_constant():
        main = str(branch.main)
        earlier = branch.values[: rest.index(name)]
        if not _symbols_in(branch, fld):
            top, bottom = _by_values(above, below, earlier, fld)
            modulus = fmpq_poly(dense(branch.eliminant, main, fld))
            g, inverse, _ = (fmpq_poly(dense(bottom, main, fld)) % modulus).xgcd(modulus)
            element = fmpq_poly(dense(top, main, fld)) * inverse / g[0] % modulus
            parts = [bridge.sympy_rational(fmpq(c)) * values[main] ** k for k, c in enumerate(element.coeffs())]
            return sp.expand(sp.Add(*parts)) if modulus.degree() <= 2 else sp.Add(*parts)
    return (
        sp.factor(to_sympy(above, values, fld) / to_sympy(below, values, fld))
        if not branch.eliminant
        else (to_sympy(above, values, fld) / to_sympy(below, values, fld))
    )


def _symbols_in(branch: Branch, fld: Field) -> bool:
    used = {
        n
        for p in (branch.eliminant, *(q for _, pair in branch.values for q in pair))
        if p is not None
        for n, d in zip(fld.names, p.degrees(), strict=True)
        if d > 0
    }
    return not used <= {branch.main, *(n for n, _ in branch.values)}


def _by_values(above: Any, below: Any, earlier: tuple[tuple[str, Quotient], ...], fld: Field) -> tuple[Any, Any]:
    """The quotient with earlier values put in, as a quotient in the main generator alone."""
    for n, (a, b) in reversed(earlier):
        i = fld.names.index(n)
        up, down = above.degrees()[i], below.degrees()[i]
        above, below = substituted(above, n, (a, b), fld) * b**down, substituted(below, n, (a, b), fld) * b**up
    return above, below


def to_sympy(p: Any, values: Mapping[str, Any], fld: Field) -> Any:
    """A polynomial as a SymPy expression."""
    terms = list[Any]()
    for m, c in zip(p.monoms(), p.coeffs(), strict=True):
        terms.append(sp.Mul(sp.Integer(int(c)), *(values[n] ** int(e) for n, e in zip(fld.names, m, strict=True) if e)))
    return sp.Add(*terms)
