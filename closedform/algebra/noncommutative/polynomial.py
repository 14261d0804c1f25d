"""Sums of words (products of letters) with symbolic shapes, in normal form.

A ``Poly`` is a sum of terms ``coefficient * scalar monomial * word``. A word is a tuple of letters whose sizes chain;
every 1 x 1 piece of a word is taken out as a commuting scalar (an ``Atom``), and traces are kept up to rotation and
transposition, so equal expressions have equal normal forms as far as the rules below reach. The rules are identities
of real matrices of every size: transposition, S S^-1 = I, Q'Q = I for declared orthogonal letters, 1'1 = n,
diag(v) 1 = v, bilinearity.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable
from fractions import Fraction

from closedform.algebra.noncommutative.letters import ADJOINTS, ONE, Atom, Letter, Mono, ShapeFault, Word, term_text


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
        return frozenset[str]().union(*(x.names for m, w in self.terms for x in (*w, *(a for a, _ in m))))

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
        elif (joined := _one_for_two(y, x)) is not None:
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


def _one_for_two(y: Letter, x: Letter) -> Word | None:
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


def bilinear(make: Callable[[Poly, Poly], Poly], p: Poly, q: Poly, rows: str, cols: str) -> Poly:
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

    return bilinear(make, p, q, rows, cols)
