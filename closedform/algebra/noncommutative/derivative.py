"""Derivatives of normal forms: gradients by reverse mode, directional derivatives by forward mode.

The adjoint of a letter in ``tr(L Z R)`` is ``L' R'``, and compound letters (inverse, elementwise function, diag,
Hadamard and Kronecker product) hand their adjoint on to what they are made of. After Magnus and Neudecker, *Matrix
Differential Calculus* (1988). Both modes read one table of elementwise derivatives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

from closedform.algebra.noncommutative import polynomial as w
from closedform.algebra.noncommutative.functions import (
    diagonal,
    diagonal_of,
    elementwise,
    hadamard,
    inverse,
    of_fill,
    power,
    unvec,
)
from closedform.algebra.noncommutative.letters import ADJOINTS, ONE, Atom, Letter, Mono, Unsupported
from closedform.algebra.noncommutative.polynomial import Poly
from closedform.algebra.noncommutative.substitution import rebuild

# The derivative of an elementwise function at Z, as a function of Z and f(Z).
_DERIVATIVE: dict[str, Callable[[Poly], Poly]] = {
    "exp": lambda z: elementwise("exp", z),
    "log": lambda z: elementwise("recip", z),
    "softplus": lambda z: elementwise("sigmoid", z),
    "sigmoid": lambda z: _plus_fill(elementwise("sigmoid", z), lambda s, one: hadamard(s, one - s)),
    "tanh": lambda z: _plus_fill(elementwise("tanh", z), lambda s, one: one - hadamard(s, s)),
    "sin": lambda z: elementwise("cos", z),
    "cos": lambda z: -elementwise("sin", z),
    "sinh": lambda z: elementwise("cosh", z),
    "cosh": lambda z: elementwise("sinh", z),
    "recip": lambda z: -hadamard(elementwise("recip", z), elementwise("recip", z)),
    "sqrt": lambda z: w.scale(elementwise("recip", elementwise("sqrt", z)), Fraction(1, 2)),
    "loggamma": lambda z: elementwise("digamma", z),
    "tan": lambda z: _plus_fill(elementwise("tan", z), lambda s, one: one + hadamard(s, s)),
    "erf": lambda z: _bell(z),
    "erfc": lambda z: -_bell(z),
}
# ... and where it exists, for functions with a kink.
_ALMOST: dict[str, Callable[[Poly], Poly]] = {
    "abs": lambda z: elementwise("sign", z),
    "relu": lambda z: w.scale(elementwise("sign", z) + of_fill(z.rows, z.cols), Fraction(1, 2)),
    "sign": lambda z: w.zeros(z.rows, z.cols),
}


def _bell(z: Poly) -> Poly:
    """The derivative of erf."""
    root = power(w.of_atom(Atom("const", ("pi",))), Fraction(-1, 2))
    return w.scale(root * elementwise("exp", -hadamard(z, z)), 2)


def _plus_fill(s: Poly, combine: Callable[[Poly, Poly], Poly]) -> Poly:
    return combine(s, of_fill(s.rows, s.cols))


def _others(p: Poly, factors: tuple[Poly, ...], i: int) -> Poly:
    """``p`` times every factor but the i-th, elementwise."""
    for j, q in enumerate(factors):
        p = p if j == i else hadamard(p, q)
    return p


def derivative_of(f: str, z: Poly, almost: bool = False) -> Poly:
    if f in _DERIVATIVE:
        return _DERIVATIVE[f](z)
    if almost and f in _ALMOST:
        return _ALMOST[f](z)
    raise Unsupported(f"{f} has no derivative everywhere, so there is no gradient")


def differentiate(loss: Poly, unknowns: Mapping[str, Poly], almost: bool = False) -> dict[str, Poly]:
    """The gradient of a scalar by each unknown, of the unknown's shape; symmetric for a symmetric unknown.

    ``almost``: functions with a kink get the derivative that they have elsewhere; else they raise ``Unsupported``.
    """
    reverse = _Reverse(unknowns, almost)
    reverse.scalar(loss, w.constant(1))
    out = reverse.out
    for u, p in unknowns.items():
        if not p.scalar and any("diag" in l.flags for _, word in p.terms for l in word):
            out[u] = diagonal(diagonal_of(out[u]))
        elif not p.scalar and w.is_symmetric(p):
            out[u] = w.scale(out[u] + out[u].T, Fraction(1, 2))
    return out


class _Reverse:
    """Adjoints handed on from the loss to the unknowns, where they are summed up in ``out``."""

    def __init__(self, unknowns: Mapping[str, Poly], almost: bool) -> None:
        self.out = {u: w.zeros(p.rows, p.cols) for u, p in unknowns.items()}
        self.wanted, self.almost = frozenset(unknowns), almost

    def scalar(self, p: Poly, adjoint: Poly) -> None:
        for (m, _), c in p.terms.items():
            self.monomial(c, m, adjoint)

    def monomial(self, c: Fraction, m: Mono, adjoint: Poly) -> None:
        for i, (a, e) in enumerate(m):
            if a.names & self.wanted:
                rest = Poly(ONE, ONE, {(m[:i] + m[i + 1 :], ()): c * e})
                self.atom(a, w.product(adjoint, rest, w.of_atom(a, e - 1) if e != 1 else w.constant(1)))

    def atom(self, a: Atom, adjoint: Poly) -> None:
        if a.kind == "name":
            self.out[a.args[0]] = self.out[a.args[0]] + adjoint
        elif a.kind == "tr":
            word = a.args[0]
            for i, l in enumerate(word):
                if l.names & self.wanted:
                    rest = w.eye(l.cols)
                    for x in (*word[i + 1 :], *word[:i]):
                        rest = rest * w.of_letter(x)
                    self.letter(l, adjoint * rest.T)
        elif a.kind == "poly":
            self.scalar(a.args[0], adjoint)
        elif a.kind == "fn":
            self.scalar(a.args[1], adjoint * derivative_of(a.args[0], a.args[1], self.almost))
        elif a.kind == "logdet":
            self.matrix(a.args[0], adjoint * inverse(a.args[0]).T)
        elif a.kind == "det":
            self.matrix(a.args[0], adjoint * w.of_atom(a) * inverse(a.args[0]).T)
        elif a.kind == "nuclear" and self.almost:
            self.matrix(a.args[0], adjoint * w.of_letter(Letter("polar", (a.args[0],), a.args[0].rows, a.args[0].cols)))
        else:
            raise Unsupported(f"{a.key} is not differentiable everywhere, so there is no gradient")

    def matrix(self, p: Poly, adjoint: Poly) -> None:
        for (m, word), c in p.terms.items():
            front = Poly(ONE, ONE, {(m, ()): c})
            if any(a.names & self.wanted for a, _ in m):
                body = Poly(p.rows, p.cols, {((), word): Fraction(1)})
                self.monomial(c, m, w.trace(adjoint.T * body))
            for i, l in enumerate(word):
                if l.names & self.wanted:
                    left = Poly(p.rows, l.rows, {((), word[:i]): Fraction(1)})
                    right = Poly(l.cols, p.cols, {((), word[i + 1 :]): Fraction(1)})
                    self.letter(l, w.product(front, left.T, adjoint, right.T))

    def letter(self, l: Letter, adjoint: Poly) -> None:
        if l.kind == "name":
            name = l.args[0]
            self.out[name] = self.out[name] + (adjoint.T if l.t else adjoint)
            return
        if l.t and l.kind not in ("inv", "fn", "had", "kron", *ADJOINTS):
            adjoint = adjoint.T
        if l.kind == "inv":
            inner = w.of_letter(l).T
            self.matrix(l.args[0], -w.product(inner, adjoint, inner))
        elif l.kind == "fn":
            self.matrix(l.args[1], hadamard(adjoint, derivative_of(l.args[0], l.args[1], self.almost)))
        elif l.kind == "had":
            for i, arg in enumerate(l.args):
                self.matrix(arg, _others(adjoint, l.args, i))
        elif l.kind == "kron":
            left, right = l.args
            self.matrix(left, w.compound("kronleft", adjoint, right, left.rows, left.cols))
            self.matrix(right, w.compound("kronright", adjoint, left, right.rows, right.cols))
        elif l.kind in ADJOINTS:
            g, p = l.args
            sides = (p, adjoint) if l.kind == "kronright" else (adjoint, p)
            self.matrix(g, w.compound("kron", *sides, g.rows, g.cols))
            other = next(k for k in ADJOINTS if k != l.kind)
            self.matrix(p, w.compound(other, g, adjoint, p.rows, p.cols))
        elif l.kind == "vec":
            self.matrix(l.args[0], unvec(adjoint, l.args[0].rows, l.args[0].cols))
        elif l.kind == "unvec":
            self.matrix(l.args[0], w.vec(adjoint))
        elif l.kind == "diag":
            self.matrix(l.args[0], diagonal_of(adjoint))
        elif l.kind == "diagonal":
            self.matrix(l.args[0], diagonal(adjoint))
        else:
            raise Unsupported(f"the unknown stands inside {l.kind}(...), which has no derivative here")


def directional(p: Poly, name: str, direction: Poly) -> Poly:
    """The derivative of ``p`` when ``name`` moves in ``direction``; forward mode on words."""
    out = w.zeros(p.rows, p.cols)
    for (m, word), c in p.terms.items():
        body = Poly(p.rows, p.cols, {((), word): Fraction(1)}) if word or not p.scalar else w.constant(1)
        for i, (a, e) in enumerate(m):
            if name in a.names:
                rest = Poly(ONE, ONE, {(m[:i] + m[i + 1 :], ()): c * e})
                factor = w.of_atom(a, e - 1) if e != 1 else w.constant(1)
                out = out + w.product(rest, factor, _directional_atom(a, name, direction), body)
        for i, l in enumerate(word):
            if name in l.names:
                left = Poly(p.rows, l.rows, {(m, word[:i]): c})
                right = Poly(l.cols, p.cols, {((), word[i + 1 :]): Fraction(1)})
                out = out + w.product(left, _directional_letter(l, name, direction), right)
    return out


def _directional_atom(a: Atom, name: str, d: Poly) -> Poly:
    if a.kind == "name":
        return d
    if a.kind == "poly":
        return directional(a.args[0], name, d)
    if a.kind == "fn":
        return derivative_of(a.args[0], a.args[1]) * directional(a.args[1], name, d)
    if a.kind in ("logdet", "det"):
        inner = w.trace(inverse(a.args[0]) * directional(a.args[0], name, d))
        return inner if a.kind == "logdet" else w.of_atom(a) * inner
    if a.kind == "tr":
        word, out = a.args[0], w.constant(0)
        for i, l in enumerate(word):
            if name in l.names:
                rest = w.eye(l.cols)
                for x in (*word[i + 1 :], *word[:i]):
                    rest = rest * w.of_letter(x)
                out = out + w.trace(_directional_letter(l, name, d) * rest)
        return out
    raise Unsupported(f"{a.key} has no derivative here")


def _directional_letter(l: Letter, name: str, d: Poly) -> Poly:
    if l.kind == "name":
        return d.T if l.t else d
    if l.kind == "inv":
        return -w.product(w.of_letter(l), directional(l.args[0], name, d), w.of_letter(l))
    if l.kind == "fn":
        return hadamard(derivative_of(l.args[0], l.args[1]), directional(l.args[1], name, d))
    if l.kind == "had":
        parts = [_others(directional(arg, name, d), l.args, i) for i, arg in enumerate(l.args)]
        return w.add(*parts)
    if l.kind in ("kron", "khatrirao", *ADJOINTS):
        moved = [(directional(l.args[0], name, d), l.args[1]), (l.args[0], directional(l.args[1], name, d))]
        return w.add(*(rebuild(l, list(pair)) for pair in moved))
    if l.kind in ("vec", "unvec"):
        inner = rebuild(l, [directional(l.args[0], name, d), *l.args[1:]])
        return inner.T if l.t else inner
    if l.kind in ("diag", "diagonal"):
        inner = directional(l.args[0], name, d)
        out = diagonal(inner) if l.kind == "diag" else diagonal_of(inner)
        return out.T if l.t else out
    raise Unsupported(f"the unknown stands inside {l.kind}(...), which has no derivative here")
