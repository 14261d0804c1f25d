"""Noncommutative words: letters (matrices) -> words (products) -> polynomials with symbolic shapes.

A ``Poly`` is a sum of terms ``coefficient * scalar monomial * word``. A word is a tuple of letters whose sizes chain;
every 1 x 1 piece of a word is taken out as a commuting scalar (an ``Atom``), and traces are kept up to rotation and
transposition, so equal expressions have equal normal forms as far as the rules below reach. The rules are identities
of real matrices of every size: transposition, S S^-1 = I, Q'Q = I for declared orthogonal letters, 1'1 = n,
diag(v) 1 = v, bilinearity. Identity is textual: the ``key`` of a letter is its text in our language.

More than 400 lines, because the rules of one normal form call each other and change together.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from math import gcd, lcm
from typing import Any

from flint import fmpz

from closedform.errors import InputError

ONE = "1"
SYMMETRIC = frozenset({"sym", "spd", "psd", "diag"})
ADJOINTS = ("kronleft", "kronright")


class ShapeFault(InputError):
    """Two shapes that do not conform; the message names both."""


class Unsupported(InputError):
    """An expression outside this calculus; the message says which."""


class Letter:
    """One matrix symbol or compound (inverse, elementwise function, ...), possibly transposed."""

    __slots__ = ("args", "cols", "flags", "key", "kind", "names", "rows", "t")

    def __init__(
        self, kind: str, args: tuple, rows: str, cols: str, flags: frozenset[str] = frozenset(), t: bool = False
    ) -> None:
        self.args: tuple[Any, ...] = args
        self.kind, self.flags, self.t = kind, flags, t
        self.rows, self.cols = (cols, rows) if t else (rows, cols)
        inner = ", ".join(a if isinstance(a, str) else a.key for a in args)
        text = inner if kind == "name" else f"{kind}({inner})"
        if kind == "fn":
            text = f"{args[0]}({args[1].key})"
        elif kind == "had":
            text = f"({' .* '.join(f'({a.key})' for a in args)})"
        self.key = text + "'" if t else text
        names = frozenset(args) if kind == "name" else frozenset()
        for a in args:
            if not isinstance(a, str):
                names |= a.names
        self.names: frozenset[str] = names

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Letter) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return self.key

    @property
    def symmetric(self) -> bool:
        return bool(self.flags & SYMMETRIC)

    @property
    def T(self) -> Letter:
        if self.symmetric:
            return self
        if self.kind in ("inv", "fn", "had", "kron", *ADJOINTS):
            parts: tuple[Any, ...] = tuple(a if isinstance(a, str) else transpose(a) for a in self.args)
            if self.kind == "had":
                parts = tuple(sorted(parts, key=lambda a: a.key))
            return Letter(self.kind, parts, self.cols, self.rows, self.flags)
        rows, cols = (self.cols, self.rows) if self.t else (self.rows, self.cols)
        return Letter(self.kind, self.args, rows, cols, self.flags, not self.t)


class Atom:
    """One commuting scalar: a name, the trace of a word, a function of scalars, log det, ..."""

    __slots__ = ("args", "key", "kind", "names")

    def __init__(self, kind: str, args: tuple) -> None:
        self.args: tuple[Any, ...] = args
        self.kind = kind
        self.names: frozenset[str] = frozenset()
        if kind in ("name", "const"):
            self.key = args[0]
            self.names = frozenset(args if kind == "name" else ())
        elif kind == "num":
            self.key = str(args[0]) if args[0].denominator == 1 else f"({args[0]})"
        elif kind == "tr":
            word: Word = args[0]
            product = "*".join(l.key for l in word)
            self.key = product if word[0].rows == ONE else f"tr({product})"
            for l in word:
                self.names |= l.names
        else:
            inner = ", ".join(a if isinstance(a, str) else a.key for a in args[1 if kind == "fn" else 0 :])
            self.key = f"({inner})" if kind == "poly" else f"{args[0] if kind == 'fn' else kind}({inner})"
            for a in args:
                if not isinstance(a, str):
                    self.names |= a.names

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Atom) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return self.key


Word = tuple[Letter, ...]
Mono = tuple[tuple[Atom, Fraction], ...]


class Poly:
    """A sum of terms of one shape; 1 x 1 polynomials have empty words only. Treat as immutable."""

    __slots__ = ("_key", "cols", "rows", "terms")

    def __init__(self, rows: str, cols: str, terms: dict[tuple[Mono, Word], Fraction]) -> None:
        self.rows, self.cols, self.terms = rows, cols, terms
        self._key: str | None = None

    @property
    def key(self) -> str:
        if self._key is None:
            shown = sorted((term_text(c, m, w, self.rows), w) for (m, w), c in self.terms.items())
            shown.sort(key=lambda s: s[0].lstrip("-"))
            text = ""
            for s, _ in shown:
                text += s if not text else f" - {s[1:]}" if s.startswith("-") else f" + {s}"
            if text:
                self._key = text
            elif self.rows == self.cols == ONE:
                self._key = "0"
            else:
                self._key = f"zeros({self.rows}, {self.cols})"
        return self._key

    @property
    def names(self) -> frozenset[str]:
        return frozenset().union(*(x.names for m, w in self.terms for x in (*w, *(a for a, _ in m))))

    @property
    def scalar(self) -> bool:
        return self.rows == ONE == self.cols

    @property
    def zero(self) -> bool:
        return not self.terms

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Poly) and (self.rows, self.cols) == (other.rows, other.cols) and self.terms == other.terms
        )

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return self.key

    def __add__(self, other: Poly) -> Poly:
        return add(self, other)

    def __sub__(self, other: Poly) -> Poly:
        return add(self, scale(other, Fraction(-1)))

    def __mul__(self, other: Poly) -> Poly:
        return mul(self, other)

    def __neg__(self) -> Poly:
        return scale(self, Fraction(-1))

    @property
    def T(self) -> Poly:
        return transpose(self)

    def single(self) -> tuple[Fraction, Mono, Word] | None:
        """The only term, where there is just one."""
        if len(self.terms) != 1:
            return None
        (((m, w), c),) = self.terms.items()
        return c, m, w


def power_text(atom: Atom, e: Fraction) -> str:
    if e == 1:
        return atom.key
    base = f"({atom.key})" if atom.kind == "tr" and "*" in atom.key and not atom.key.startswith("tr(") else atom.key
    return f"{base}^{e}" if e.denominator == 1 and e > 0 else f"{base}^({e})"


def term_text(c: Fraction, m: Mono, w: Word, rows: str = ONE) -> str:
    """One term in our language, a minus sign first if it has one."""
    up = [power_text(a, e) for a, e in m if e > 0] + [l.key for l in w]
    down = [power_text(a, -e) for a, e in m if e < 0]
    if not w and rows != ONE:
        up.append(f"eye({rows})")
    if abs(c.numerator) != 1 or not up:
        up.insert(0, str(abs(c.numerator)))
    if c.denominator != 1:
        down.insert(0, str(c.denominator))
    # a division must come after scalars only, or at the very end of a product: matrices may stand before it
    text = "*".join(up) + "".join(f"/{d}" if d.isalnum() or d[0] == "(" or "*" not in d else f"/({d})" for d in down)
    return "-" + text if c < 0 else text


# -- building ------------------------------------------------------------------------------------------------------


def constant(value: Fraction | int) -> Poly:
    return Poly(ONE, ONE, {((), ()): Fraction(value)} if value else {})


def zeros(rows: str, cols: str) -> Poly:
    return Poly(rows, cols, {})


def eye(n: str) -> Poly:
    return constant(1) if n == ONE else Poly(n, n, {((), ()): Fraction(1)})


def of_atom(atom: Atom, e: Fraction | int = 1) -> Poly:
    return Poly(ONE, ONE, {(((atom, Fraction(e)),), ()): Fraction(1)})


def scalar(name: str) -> Poly:
    return of_atom(Atom("name", (name,)))


def size(n: str) -> Poly:
    return constant(int(n)) if n.isdigit() else scalar(n) if n.isidentifier() else of_atom(Atom("size", (n,)))


def of_letter(l: Letter) -> Poly:
    return term(Fraction(1), (), (l,), l.rows, l.cols)


def symbol(name: str, rows: str, cols: str, flags: Iterable[str] = ()) -> Poly:
    """A named matrix; a declared 1 x 1 one is a scalar."""
    if rows == cols == ONE:
        return scalar(name)
    return of_letter(Letter("name", (name,), rows, cols, frozenset(flags)))


def ones(n: str) -> Poly:
    return constant(1) if n == ONE else of_letter(Letter("ones", (n,), n, ONE))


def term(c: Fraction, m: Mono, w: Word, rows: str, cols: str) -> Poly:
    """``c * m * w`` in normal form: adjacent letters cancelled, 1 x 1 pieces taken out as scalars."""
    if c == 0:
        return zeros(rows, cols)
    w = cancel(w)
    cuts = [0] * (rows == ONE) + [i for i in range(1, len(w)) if w[i].rows == ONE]
    if w and cols == ONE:
        cuts.append(len(w))
    if not w or len(cuts) < 2 or ((rows, cols) == (ONE, ONE) and not w):
        return Poly(rows, cols, {(m, w): c})
    out = Poly(ONE, ONE, {(m, ()): c})
    for i, j in itertools.pairwise(cuts):
        out = mul(out, _inner(w[i:j]))
    rest = w[: cuts[0]] + w[cuts[-1] :]
    if not rest:
        return out
    return Poly(rows, cols, {(m2, rest): c2 for (m2, _), c2 in out.terms.items()})


def _inner(w: Word) -> Poly:
    """The scalar that a 1 x 1 word is."""
    if not w:
        return constant(1)
    if len(w) == 2 and w[0].kind == w[1].kind == "ones":
        return size(w[1].rows)
    if len(w) == 2 and w[0].kind == w[1].kind == "vec":
        p, q = w[0].args[0], w[1].args[0]
        if (p.rows, p.cols) == (q.rows, q.cols):
            return trace(p.T * q)
    back = tuple(l.T for l in reversed(w))
    return of_atom(Atom("tr", (min(w, back, key=lambda x: [l.key for l in x]),)))


def cancel(w: Word) -> Word:
    """Adjacent letters that multiply to the identity, or that absorb each other, until none are left."""
    out: list[Letter] = []
    todo = list(w)
    while todo:
        x = todo.pop(0)
        if not out:
            out.append(x)
            continue
        y = out[-1]
        if y.kind == "inv" and (s := y.args[0].single()) and len(s[2]) and (x, *todo)[: len(s[2])] == s[2]:
            out.pop()
            del todo[: len(s[2]) - 1]
            back = min(len(out), 3)  # what stood before may now cancel with what follows
        elif x.kind == "inv" and (s := x.args[0].single()) and len(s[2]) and tuple(out[-len(s[2]) :]) == s[2]:
            del out[-len(s[2]) :]
            back = min(len(out), 3)
        elif y.kind == "name" == x.kind and y.args == x.args and "orth" in x.flags and x.key != y.key:
            tall = y.t  # Q'Q = I always; QQ' = I for square Q
            if not tall and y.rows != y.cols:
                out.append(x)
                continue
            out.pop()
            back = min(len(out), 3)
        elif y.kind == x.kind == "diag" and x.key < y.key:  # diagonal matrices commute
            out.pop()
            todo[:0] = [x, y]
            back = min(len(out), 3)
        elif (joined := _joined(y, x)) is not None:
            out.pop()
            todo[:0] = joined
            back = min(len(out), 3)
        elif y.kind == "diag" and x.kind == "ones" and not x.t:
            out.pop()
            todo[:0] = next(iter(y.args[0].terms))[1]
            continue
        elif y.kind == "diag" and (v := _word_below(y)) and (x, *todo)[: len(v)] == v:
            out.pop()
            del todo[: len(v) - 1]
            todo.insert(0, Letter("ones", (y.rows,), y.rows, ONE))
            continue
        elif y.kind == "diag" and (spot := _undone(out, x)) is not None:  # diagonal matrices commute
            del out[spot]
            if x.kind != "diag":
                todo.insert(0, Letter("ones", (x.rows,), x.rows, ONE))
            back = min(len(out), 3)
        elif y.kind == "ones" and y.t and x.kind == "diag":
            out.pop()
            todo[:0] = next(iter(transpose(x.args[0]).terms))[1]
            continue
        else:
            out.append(x)
            continue
        if back:
            todo[:0] = out[-back:]
            del out[-back:]
    return tuple(out)


def _word_of(l: Letter) -> Word | None:
    """The word of the column v in diag(v)."""
    s = l.args[0].single()
    return s[2] if s is not None and s[:2] == (1, ()) else None


def _undone(out: list[Letter], x: Letter) -> int | None:
    """Where, in the diagonal matrices before x, the reciprocal of x (a column, or a diagonal matrix) stands."""
    mine = (x,) if x.cols == ONE else _word_of(x) if x.kind == "diag" else None
    if mine is None:
        return None
    for i in range(len(out) - 1, -1, -1):
        if out[i].kind != "diag":
            return None
        if _word_below(out[i]) == mine or (x.kind == "diag" and _word_below(x) == _word_of(out[i])):
            return i
    return None


def _word_below(l: Letter) -> Word | None:
    """The word v in diag(1 ./ v), where v is one word."""
    word = _word_of(l)
    if word is None or len(word) != 1 or word[0].kind != "fn" or word[0].args[0] != "recip":
        return None
    s = word[0].args[1].single()
    return s[2] if s is not None and s[:2] == (1, ()) else None


def _joined(y: Letter, x: Letter) -> Word | None:
    """(A (x) B)(C (x) D) = AC (x) BD and (A (x) B) vec(X) = vec(B X A'), where the factors conform."""
    out: Poly | None = None
    if y.kind == "kron" == x.kind and all(a.cols == b.rows for a, b in zip(y.args, x.args, strict=True)):
        out = compound("kron", y.args[0] * x.args[0], y.args[1] * x.args[1], y.rows, x.cols)
    elif y.kind == "kron" and x.kind == "vec" and not x.t:
        (a, b), inner = y.args, x.args[0]
        out = vec(product(b, inner, a.T)) if (b.cols, inner.cols) == (inner.rows, a.cols) else None
    elif y.kind == "vec" and y.t and x.kind == "kron":
        (a, b), inner = x.args, y.args[0]
        out = vec(product(b.T, inner, a)).T if (b.rows, inner.cols) == (inner.rows, a.rows) else None
    single = out.single() if out is not None else None
    return single[2] if single is not None and single[:2] == (1, ()) else None


def vec(p: Poly) -> Poly:
    """The columns of ``p`` under each other; linear."""
    if p.cols == ONE:
        return p
    rows = product_of_sizes(p.rows, p.cols)
    out = zeros(rows, ONE)
    for (m, word), c in p.terms.items():
        body = of_letter(Letter("vec", (Poly(p.rows, p.cols, {((), word): Fraction(1)}),), rows, ONE))
        out = add(out, mul(Poly(ONE, ONE, {(m, ()): c}), body))
    return out


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


def product_of_sizes(a: str, b: str) -> str:
    if a == ONE or b == ONE:
        return b if a == ONE else a
    if a.isdigit() and b.isdigit():
        return str(int(a) * int(b))
    parts = sorted(a.split("*") + b.split("*")) if re.fullmatch(r"[\w*]+", a + b) else [f"({a})", f"({b})"]
    return "*".join(parts)


def conform(a: Poly, b: Poly, doing: str) -> None:
    if (a.rows, a.cols) != (b.rows, b.cols):
        raise ShapeFault(f"{doing}: {shown(a)} is {a.rows} x {a.cols}, but {shown(b)} is {b.rows} x {b.cols}")


def shown(p: Poly) -> str:
    return p.key if len(p.key) < 60 else p.key[:57] + "..."


def add(*polys: Poly) -> Poly:
    first = polys[0]
    terms = dict(first.terms)
    for p in polys[1:]:
        conform(first, p, "cannot add")
        for k, c in p.terms.items():
            c2 = terms.get(k, 0) + c
            if c2:
                terms[k] = c2
            else:
                del terms[k]
    return Poly(first.rows, first.cols, terms)


def scale(p: Poly, c: Fraction | int) -> Poly:
    return Poly(p.rows, p.cols, {k: v * c for k, v in p.terms.items()} if c else {})


def _times(m: Mono, n: Mono) -> tuple[Mono, list[tuple[Poly, int]]]:
    """The product of monomials, and the polynomials that a root times itself sets free again."""
    if not m or not n:
        return m or n, []
    powers = dict(m)
    for a, e in n:
        powers[a] = powers.get(a, Fraction(0)) + e
    free: list[tuple[Poly, int]] = []
    for a in [a for a, e in powers.items() if a.kind in ("poly", "num") and e > 0 and e.denominator == 1]:
        base = a.args[0] if a.kind == "poly" else constant(a.args[0])
        free.append((base, int(powers.pop(a))))
    return tuple(sorted(((a, e) for a, e in powers.items() if e), key=lambda x: x[0].key)), free


def mul(p: Poly, q: Poly) -> Poly:
    """The product; a scalar multiplies anything."""
    if p.scalar or q.scalar:
        rows, cols = (q.rows, q.cols) if p.scalar else (p.rows, p.cols)
    else:
        if p.cols != q.rows:
            raise ShapeFault(
                f"cannot multiply: {shown(p)} is {p.rows} x {p.cols}, but {shown(q)} is {q.rows} x {q.cols}"
            )
        rows, cols = p.rows, q.cols
    simple = p.scalar or q.scalar
    terms: dict[tuple[Mono, Word], Fraction] = {}
    for (m1, w1), c1 in p.terms.items():
        for (m2, w2), c2 in q.terms.items():
            m, free = _times(m1, m2)
            if simple and not free:
                pieces = {(m, w1 or w2): c1 * c2}
            else:
                out = term(c1 * c2, m, w1 + w2, rows, cols)
                for base, e in free:
                    for _ in range(e):
                        out = mul(base, out)
                pieces = out.terms
            for k, c in pieces.items():
                c = terms.get(k, 0) + c
                if c:
                    terms[k] = c
                else:
                    terms.pop(k, None)
    return Poly(rows, cols, terms)


def product(*polys: Poly) -> Poly:
    out = polys[0]
    for p in polys[1:]:
        out = mul(out, p)
    return out


def transpose(p: Poly) -> Poly:
    if p.scalar:
        return p
    return Poly(p.cols, p.rows, {(m, tuple(l.T for l in reversed(w))): c for (m, w), c in p.terms.items()})


def identity_is(p: Poly) -> bool:
    """Is ``p`` the identity, or a number?"""
    return p.scalar or all(not word for _, word in p.terms)


def is_symmetric(p: Poly) -> bool:
    return p.rows == p.cols and transpose(p) == p


def trace(p: Poly) -> Poly:
    if p.rows != p.cols:
        raise ShapeFault(f"cannot take the trace: {shown(p)} is {p.rows} x {p.cols}, not square")
    if p.scalar:
        return p
    out = constant(0)
    for (m, w), c in p.terms.items():
        out = add(out, mul(Poly(ONE, ONE, {(m, ()): c}), _trace_word(w, p.rows)))
    return out


def _trace_word(w: Word, n: str) -> Poly:
    shrinking = True
    while shrinking and w:
        shrinking = False
        for i in range(len(w)):
            turned = w[i:] + w[:i]
            if turned[0].rows == ONE:
                return term(Fraction(1), (), turned, ONE, ONE)
            if len(less := cancel(turned)) < len(w):
                if not less:
                    n = turned[0].rows
                w, shrinking = less, True
                break
    if not w:
        return size(n)
    if len(w) == 1 and w[0].kind == "kron" and all(a.rows == a.cols for a in w[0].args):
        return mul(trace(w[0].args[0]), trace(w[0].args[1]))
    back = tuple(l.T for l in reversed(w))
    turns = [v[i:] + v[:i] for v in (w, back) for i in range(len(w))]
    return of_atom(Atom("tr", (min(turns, key=lambda x: [l.key for l in x]),)))


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


def _bilinear(make: Callable[[Poly, Poly], Poly], p: Poly, q: Poly, rows: str, cols: str) -> Poly:
    out = zeros(rows, cols)
    for (m1, w1), c1 in p.terms.items():
        for (m2, w2), c2 in q.terms.items():
            one = make(Poly(p.rows, p.cols, {((), w1): Fraction(1)}), Poly(q.rows, q.cols, {((), w2): Fraction(1)}))
            front = mul(Poly(ONE, ONE, {(m1, ()): c1}), Poly(ONE, ONE, {(m2, ()): c2}))
            out = add(out, mul(front, one))
    return out


def compound(kind: str, p: Poly, q: Poly, rows: str, cols: str) -> Poly:
    """Kronecker and Khatri-Rao products, and the adjoints of the former: bilinear letters.

    Of G, cut into blocks G_ij as A (x) B is: ``kronright(G, A) = sum a_ij G_ij``, ``kronleft(G, B)`` has the entries
    ``<G_ij, B>``, so that ``<G, A (x) B> = <kronright(G, A), B> = <kronleft(G, B), A>``.
    """

    def make(a: Poly, b: Poly) -> Poly:
        if kind == "kron" and a == eye(a.rows) and b == eye(b.rows):
            return eye(rows)
        if kind in ADJOINTS and (s := a.single()) and len(s[2]) == 1 and s[2][0].kind == "kron":
            left, right = s[2][0].args  # of A (x) B: <A, P> B, and <B, Q> A
            mine, other = (left, right) if kind == "kronright" else (right, left)
            if (mine.rows, mine.cols) == (b.rows, b.cols):
                return mul(trace(mine.T * b), other)
        sym = kind == "kron" and is_symmetric(a) and is_symmetric(b)
        return of_letter(Letter(kind, (a, b), rows, cols, frozenset({"sym"} if sym else ())))

    return _bilinear(make, p, q, rows, cols)


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

    return _bilinear(make, p, q, p.rows, p.cols)


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


def substitute(p: Poly, values: Mapping[str, Poly]) -> Poly:
    """Every name replaced by its polynomial (of the same shape), and everything brought to normal form again."""
    if not p.names & values.keys():
        return p
    out = zeros(p.rows, p.cols)
    for (m, w), c in p.terms.items():
        piece = constant(c)
        for a, e in m:
            piece = mul(piece, power(_image_atom(a, values), e) if a.names & values.keys() else of_atom(a, e))
        if w or not p.scalar:
            body = eye(p.rows) if not w else _image(w[0], values)
            for l in w[1:]:
                body = mul(body, _image(l, values))
            piece = mul(piece, body)
        out = add(out, piece)
    return out


def _image(l: Letter, values: Mapping[str, Poly]) -> Poly:
    if not l.names & values.keys():
        return of_letter(l)
    if l.kind == "name":
        return transpose(values[l.args[0]]) if l.t else values[l.args[0]]
    parts = [a if isinstance(a, str) else substitute(a, values) for a in l.args]
    out = rebuild(l, parts)
    return transpose(out) if l.t else out


def rebuild(l: Letter, parts: list) -> Poly:
    """A compound letter with other arguments (not transposed)."""
    if l.kind == "inv":
        return inverse(parts[0])
    if l.kind == "fn":
        return elementwise(parts[0], parts[1])
    if l.kind == "had":
        out = parts[0]
        for q in parts[1:]:
            out = hadamard(out, q)
        return out
    if l.kind == "diag":
        return diagonal(parts[0])
    if l.kind == "diagonal":
        return diagonal_of(parts[0])
    rows, cols = (l.cols, l.rows) if l.t else (l.rows, l.cols)
    if l.kind == "vec":
        return vec(parts[0])
    if l.kind == "unvec":
        return unvec(parts[0], parts[1], parts[2])
    if l.kind in ("kron", "khatrirao", *ADJOINTS):
        return compound(l.kind, parts[0], parts[1], rows, cols)
    return of_letter(Letter(l.kind, tuple(parts), rows, cols, l.flags))


def _image_atom(a: Atom, values: Mapping[str, Poly]) -> Poly:
    if a.kind == "name":
        return values[a.args[0]]
    if a.kind == "tr":
        body = _image(a.args[0][0], values)
        for l in a.args[0][1:]:
            body = mul(body, _image(l, values))
        return trace(body)
    parts: list[Any] = [x if isinstance(x, str) else substitute(x, values) for x in a.args]
    if a.kind == "poly":
        return parts[0]
    return scalar_function(parts[0], parts[1]) if a.kind == "fn" else matrix_scalar(a.kind, parts[0])


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
