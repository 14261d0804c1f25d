"""Functions of polynomials: powers, inverses, elementwise products and functions, diagonals, determinants.

Each is taken apart as far as an identity of real matrices allows, so that equal expressions meet in one normal form.
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd, lcm

from flint import fmpz

from closedform.algebra.noncommutative.letters import ONE, SYMMETRIC, Atom, Letter, Mono, ShapeFault, Unsupported
from closedform.algebra.noncommutative.polynomial import (
    Poly,
    add,
    bilinear,
    compound,
    conform,
    constant,
    eye,
    is_symmetric,
    mul,
    of_atom,
    of_letter,
    ones,
    product,
    scale,
    shown,
    size,
    transpose,
    zeros,
)


def unvec(v: Poly, rows: str, cols: str) -> Poly:
    """The matrix whose columns stand under each other in ``v``; linear, and undone by ``vec``."""
    out = zeros(rows, cols)
    for (m, word), c in v.terms.items():
        if len(word) == 1 and word[0].kind == "vec" and not word[0].t and word[0].args[0].rows == rows:
            body = word[0].args[0]
        else:
            column = Poly(v.rows, ONE, {((), word): Fraction(1)})
            body = of_letter(Letter("unvec", (column, rows, cols), rows, cols))
        out = add(out, mul(Poly(ONE, ONE, {(m, ()): c}), body))
    return out


def identity_is(p: Poly) -> bool:
    """Is ``p`` the identity, or a number?"""
    return p.scalar or all(not word for _, word in p.terms)


def content(p: Poly) -> tuple[Fraction, Mono]:
    """The rational and monomial factor common to all terms, with the sign of the first term by key."""
    cs = list(p.terms.values())
    num, den = 0, 1
    for c in cs:
        num, den = gcd(num, abs(c.numerator)), lcm(den, c.denominator)
    first = min(p.terms, key=lambda k: ([l.key for l in k[1]], [a.key for a, _ in k[0]]))
    sign = -1 if p.terms[first] < 0 else 1
    shared = dict(next(iter(p.terms))[0])
    for m, _ in p.terms:
        here = dict(m)
        shared = {a: min(e, here.get(a, Fraction(0))) for a, e in shared.items() if here.get(a, 0) * e > 0}
    mono = tuple(sorted(((a, e) for a, e in shared.items() if e), key=lambda x: x[0].key))
    return Fraction(sign * num, den), mono


def divide_mono(p: Poly, c: Fraction, m: Mono) -> Poly:
    return mul(Poly(ONE, ONE, {(tuple((a, -e) for a, e in m), ()): 1 / c}), p)


def power(p: Poly, e: Fraction | int) -> Poly:
    """A rational power of a scalar, or an integer power of a square matrix."""
    e = Fraction(e)
    if not p.scalar:
        if e.denominator != 1:
            raise Unsupported(f"a fractional power of the matrix {shown(p)}")
        base = p if e >= 0 else inverse(p)
        out = eye(p.rows)
        for _ in range(abs(int(e))):
            out = mul(out, base)
        return out
    if e == 0:
        return constant(1)
    if e.denominator == 1 and e > 0:
        return product(*[p] * int(e))
    if p.zero:
        if e < 0:
            raise Unsupported("a division by zero")
        return p
    c, m = content(p)
    if c < 0 and e.denominator != 1:
        c = -c
    low: dict[Atom, Fraction] = {}
    for n, _ in p.terms:  # no negative powers inside a power
        for a, x in n:
            low[a] = min(low.get(a, Fraction(0)), x)
    shared = dict(m)
    for a, x in low.items():
        if x < 0:
            shared[a] = x
    m = tuple(sorted(((a, x) for a, x in shared.items() if x), key=lambda x: x[0].key))
    rest = divide_mono(p, c, m)
    out = mul(_number_power(c, e), Poly(ONE, ONE, {(tuple((a, x * e) for a, x in m), ()): Fraction(1)}))
    return out if rest == constant(1) else mul(out, of_atom(Atom("poly", (rest,)), e))


def _number_power(c: Fraction, e: Fraction) -> Poly:
    if e.denominator == 1:
        return constant(c ** int(e))
    if c > 0:
        top, bottom = (fmpz(x).root(e.denominator) for x in (c.numerator, c.denominator))
        if top**e.denominator == c.numerator and bottom**e.denominator == c.denominator:
            return constant(Fraction(int(top), int(bottom)) ** e.numerator)
    return of_atom(Atom("num", (c,)), e)


def inverse(p: Poly) -> Poly:
    """The inverse of a square matrix, taken apart as far as that is valid whenever the inverse exists."""
    if p.rows != p.cols:
        raise ShapeFault(f"cannot invert: {shown(p)} is {p.rows} x {p.cols}, not square")
    if p.scalar:
        return power(p, -1)
    if p.zero:
        raise Unsupported("the inverse of a zero matrix")
    c, m = content(p)
    p = divide_mono(p, c, m)
    outside = Poly(ONE, ONE, {(tuple((a, -e) for a, e in m), ()): 1 / c})
    words = [w for _, w in p.terms]
    if not any(words):  # a scalar times the identity
        factor = Poly(ONE, ONE, dict(p.terms))
        return product(outside, power(factor, -1), eye(p.rows))
    first = words[0][0] if words[0] else None
    if first is not None and first.rows == first.cols and all(w and w[0] == first for w in words):
        rest = Poly(p.rows, p.cols, {(m2, w[1:]): c2 for (m2, w), c2 in p.terms.items()})
        tail = inverse(rest) if rest != eye(p.rows) else rest
        return product(outside, tail, letter_inverse(first))
    last = words[0][-1] if words[0] else None
    if last is not None and last.rows == last.cols and all(w and w[-1] == last for w in words):
        rest = Poly(p.rows, p.cols, {(m2, w[:-1]): c2 for (m2, w), c2 in p.terms.items()})
        return product(outside, letter_inverse(last), inverse(rest))
    if all(l.kind == "diag" for word in words for l in word):  # a sum of diagonal matrices
        column = mul(p, ones(p.rows))
        return mul(outside, diagonal(elementwise("recip", column)))
    flags = {"sym"} if is_symmetric(p) else set[str]()
    return mul(outside, of_letter(Letter("inv", (p,), p.rows, p.cols, frozenset(flags))))


def letter_inverse(l: Letter) -> Poly:
    if l.kind == "inv":
        return l.args[0]
    if "orth" in l.flags:
        return of_letter(l.T)
    if l.kind == "diag":
        return diagonal(elementwise("recip", l.args[0]))
    if l.kind == "kron" and all(a.rows == a.cols for a in l.args):
        return compound("kron", inverse(l.args[0]), inverse(l.args[1]), l.rows, l.cols)
    body = Poly(l.rows, l.cols, {((), (l,)): Fraction(1)})
    return of_letter(Letter("inv", (body,), l.rows, l.cols, l.flags & SYMMETRIC))


def hadamard(p: Poly, q: Poly) -> Poly:
    """The elementwise product; ones and outer products u v' become diagonal factors."""
    if p.scalar or q.scalar:
        return mul(p, q)
    conform(p, q, "cannot multiply elementwise")

    def make(a: Poly, b: Poly) -> Poly:
        for x, y in ((a, b), (b, a)):
            w = next(iter(x.terms))[1]
            if not w:  # the identity keeps the diagonal
                return diagonal(diagonal_of(y))
            cut = next((i for i in range(1, len(w)) if w[i].rows == ONE), 0)
            if cut:  # (u v') .* Y = diag(u) Y diag(v)
                u = Poly(x.rows, ONE, {((), w[:cut]): Fraction(1)})
                v = transpose(Poly(ONE, x.cols, {((), w[cut:]): Fraction(1)}))
                return product(diagonal(u), y, diagonal(v))
            if x.cols == ONE and (len(w) == 1 and w[0].kind == "ones"):
                return y
            if x.rows == ONE and (len(w) == 1 and w[0].kind == "ones"):
                return y
        if a.rows == ONE:
            return transpose(make(transpose(a), transpose(b)))
        if a.cols == ONE:  # columns: diag(a) b, the smaller key first
            u, v = sorted((a, b), key=lambda x: x.key)
            return mul(diagonal(u), v)
        factors: list[Poly] = []
        for x in (a, b):
            word = next(iter(x.terms))[1]
            factors += word[0].args if len(word) == 1 and word[0].kind == "had" else [x]
        factors.sort(key=lambda x: x.key)
        for x in factors:  # what is divided by itself is one
            over = elementwise("recip", x)
            if over in factors and over != x:
                factors.remove(x)
                factors.remove(over)
                out = of_fill(a.rows, a.cols)
                for q in factors:
                    out = hadamard(out, q)
                return out
        flags = frozenset({"sym"} if all(map(is_symmetric, factors)) else ())
        return of_letter(Letter("had", tuple(factors), a.rows, a.cols, flags))

    return bilinear(make, p, q, p.rows, p.cols)


def diagonal(v: Poly) -> Poly:
    """The diagonal matrix of a column."""
    if v.scalar:
        return v
    if v.cols != ONE:
        if v.rows == ONE:
            v = transpose(v)
        else:
            raise ShapeFault(f"diag needs a column: {shown(v)} is {v.rows} x {v.cols}")
    out = zeros(v.rows, v.rows)
    for (m, w), c in v.terms.items():
        body = Poly(v.rows, ONE, {((), w): Fraction(1)})
        whole = eye(v.rows) if len(w) == 1 and w[0].kind == "ones" else None
        if whole is None and len(w) > 1 and w[0].kind == "diag":
            whole = mul(of_letter(w[0]), diagonal(Poly(v.rows, ONE, {((), w[1:]): Fraction(1)})))
        if whole is None:
            whole = of_letter(Letter("diag", (body,), v.rows, v.rows, frozenset({"diag"})))
        out = add(out, mul(Poly(ONE, ONE, {(m, ()): c}), whole))
    return out


def diagonal_of(p: Poly) -> Poly:
    """The diagonal of a square matrix, as a column; linear in each term."""
    out = zeros(p.rows, ONE)
    for (m, w), c in p.terms.items():
        front = Poly(ONE, ONE, {(m, ()): c})
        cut = next((i for i in range(1, len(w)) if w[i].rows == ONE), 0)
        spot = next((i for i, l in enumerate(w) if l.kind == "diag"), -1)
        if not w:
            one = ones(p.rows)
        elif cut:
            one = hadamard(
                Poly(p.rows, ONE, {((), w[:cut]): Fraction(1)}),
                transpose(Poly(ONE, p.cols, {((), w[cut:]): Fraction(1)})),
            )
        elif spot >= 0:  # diag(L diag(v) R) = (L .* R') v
            n = w[spot].rows
            left = Poly(p.rows, n, {((), w[:spot]): Fraction(1)})
            right = Poly(n, p.cols, {((), w[spot + 1 :]): Fraction(1)})
            one = mul(hadamard(left, transpose(right)), w[spot].args[0])
        else:
            body = Poly(p.rows, p.cols, {((), w): Fraction(1)})
            body = min(body, transpose(body), key=lambda x: x.key)
            one = of_letter(Letter("diagonal", (body,), p.rows, ONE))
        out = add(out, mul(front, one))
    return out


def elementwise(f: str, p: Poly) -> Poly:
    """An elementwise function; ``log(1 + exp(z))`` is read as ``softplus(z)``, ``1/(1 + exp(-z))`` as ``sigmoid(z)``."""
    if p.scalar:
        return scalar_function(f, p)
    one = of_fill(p.rows, p.cols)
    if f == "log" and (s := (p - one).single()) and s[:2] == (1, ()) and s[2][0].kind == "fn" and len(s[2]) == 1:
        inner = s[2][0]
        if inner.args[0] == "exp":
            return elementwise("softplus", inner.args[1])
    if f == "log" and (z := _sigmoid_of(p)) is not None:  # a logit: its labels then stand linearly
        return add(z, -elementwise("softplus", z))
    if f == "log" and (z := _sigmoid_of(add(one, -p))) is not None:
        return -elementwise("softplus", z)
    if (
        f == "recip"
        and (s := (p - one).single())
        and s[:2] == (1, ())
        and len(s[2]) == 1
        and s[2][0].kind == "fn"
        and s[2][0].args[0] == "exp"
    ):
        return elementwise("sigmoid", -s[2][0].args[1])
    if f == "square":
        return hadamard(p, p)
    if f == "recip" and not p.zero:
        c, m = content(p)
        if (c, m) != (1, ()):
            return mul(
                Poly(ONE, ONE, {(tuple((a, -e) for a, e in m), ()): 1 / c}), elementwise(f, divide_mono(p, c, m))
            )
        if (s := p.single()) and len(s[2]) == 1 and s[2][0].kind == "had":
            out = elementwise(f, s[2][0].args[0])
            for q in s[2][0].args[1:]:
                out = hadamard(out, elementwise(f, q))
            return out
        if s and len(s[2]) == 1 and s[2][0].kind == "fn" and s[2][0].args[0] == "recip":
            return s[2][0].args[1]
        if s and all(l.kind == "ones" for l in s[2]):
            return p
    if f == "abs":
        c, _ = content(p) if p.terms else (Fraction(1), ())
        return scale(of_letter(Letter("fn", (f, scale(p, 1 / c)), p.rows, p.cols)), abs(c))
    flags = frozenset({"sym"} if is_symmetric(p) else ())
    return of_letter(Letter("fn", (f, p), p.rows, p.cols, flags))


def _sigmoid_of(p: Poly) -> Poly | None:
    """z, where the polynomial is sigmoid(z) alone."""
    s = p.single()
    if s is None or s[:2] != (1, ()) or len(s[2]) != 1 or s[2][0].kind != "fn" or s[2][0].args[0] != "sigmoid":
        return None
    z = s[2][0].args[1]
    return transpose(z) if s[2][0].t else z


def of_fill(rows: str, cols: str) -> Poly:
    return mul(ones(rows), transpose(ones(cols)))


def scalar_function(f: str, p: Poly) -> Poly:
    if f == "sqrt":
        return power(p, Fraction(1, 2))
    if f == "recip":
        return power(p, -1)
    if f == "log" and (s := p.single()):
        if s[0] == 1 and len(s[1]) == 1 and s[1][0][0].kind == "det":
            return scale(matrix_scalar("logdet", s[1][0][0].args[0]), s[1][0][1])
        if s[0] == 1 and len(s[1]) == 1 and s[1][0][1] != 1:
            return scale(scalar_function("log", of_atom(s[1][0][0])), s[1][0][1])
        if p == constant(1):
            return constant(0)
    if f == "log" and (s := p.single()) and not s[2] and s[0] > 0:
        plain = [(a, e) for a, e in s[1] if a.kind in ("num", "const")]
        if (plain or s[0] != 1) and len(plain) < len(s[1]):  # log(2*pi*s) = log(2) + log(pi) + log(s)
            out = scalar_function("log", Poly(ONE, ONE, {(tuple(x for x in s[1] if x not in plain), ()): Fraction(1)}))
            for a, e in plain:
                out = add(out, scale(of_atom(Atom("fn", ("log", of_atom(a)))), e))
            return out if s[0] == 1 else add(out, of_atom(Atom("fn", ("log", constant(s[0])))))
    if f == "exp" and p.zero:
        return constant(1)
    if f == "abs" and (s := p.single()):
        return scale(of_atom(Atom("fn", (f, scale(p, 1 / s[0])))), abs(s[0]))
    return of_atom(Atom("fn", (f, p)))


def matrix_scalar(kind: str, p: Poly) -> Poly:
    """log det, det, nuclear norm and rank of a matrix."""
    if kind in ("logdet", "det"):
        if p.rows != p.cols:
            raise ShapeFault(f"cannot take the determinant: {shown(p)} is {p.rows} x {p.cols}, not square")
        if p.scalar:
            return p if kind == "det" else scalar_function("log", p)
    if kind == "nuclear" and not p.zero:
        c, _ = content(p)
        return scale(of_atom(Atom(kind, (scale(p, 1 / c),))), abs(c))
    if kind == "logdet" and (s := p.single()):
        c, m, w = s
        out = constant(0)
        for a, e in m:
            out = add(out, product(constant(e), size(p.rows), scalar_function("log", of_atom(a))))
        if c != 1:
            out = add(out, mul(size(p.rows), scalar_function("log", constant(c))))
        if all(l.rows == l.cols for l in w):
            for l in w:
                if l.kind == "inv":
                    out = add(out, -matrix_scalar("logdet", l.args[0]))
                else:
                    base = min(l, l.T, key=lambda x: x.key)
                    out = add(out, of_atom(Atom("logdet", (of_letter(base),))))
            return out
        return add(out, of_atom(Atom("logdet", (Poly(p.rows, p.cols, {((), w): Fraction(1)}),))))
    return of_atom(Atom(kind, (p,)))
