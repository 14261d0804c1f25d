"""What follows from what is declared: signs of scalars, definiteness of matrices, conditions under which they invert.

Every answer is sufficient, never a guess: None means "not known".
"""

from __future__ import annotations

import re
from fractions import Fraction

from closedform.algebra.noncommutative import polynomial as w
from closedform.algebra.noncommutative.letters import ONE, Atom, Letter, Mono, Word, term_text
from closedform.algebra.noncommutative.polynomial import Poly
from closedform.algebra.noncommutative.text import display
from closedform.frozen import record


@record
class Facts:
    """Names known to be positive or not negative; of a matrix name it is said of every entry."""

    positive: frozenset[str] = frozenset()
    nonnegative: frozenset[str] = frozenset()


@record
class Definite:
    """``strict``: positive definite whenever the conditions hold; else positive semidefinite under them."""

    strict: bool
    conditions: tuple[str, ...] = ()


def sign(p: Poly, facts: Facts) -> int | None:
    """2 positive, 1 not negative, 0 zero, -1 not positive, -2 negative; None where not known."""
    if p.zero:
        return 0
    signs = [_sign_term(c, m, facts) for (m, _), c in p.terms.items()]
    if None in signs or (any(s > 0 for s in signs if s) and any(s < 0 for s in signs if s)):
        return 1 if gram(p, facts) is not None else -1 if gram(-p, facts) is not None else None
    if all(s is not None and s > 0 for s in signs):
        return max(s for s in signs if s is not None)
    if all(s is not None and s < 0 for s in signs):
        return min(s for s in signs if s is not None)
    return None


def _sign_term(c: Fraction, m: Mono, facts: Facts) -> int | None:
    out = 2 if c > 0 else -2
    for a, e in m:
        s = _sign_atom(a, e, facts)
        if s is None or s == 0:
            return None
        out = (1 if min(abs(out), abs(s)) == 1 else 2) * (1 if out * s > 0 else -1)
    return out


def _sign_atom(a: Atom, e: Fraction, facts: Facts) -> int | None:
    s = sign_of_atom(a, facts)
    if e.denominator == 1 and e.numerator % 2 == 0:
        return 2 if s in (2, -2) else 1
    return s


def sign_of_atom(a: Atom, facts: Facts) -> int | None:
    if a.kind in ("name", "size"):
        name = a.args[0]
        return 2 if name in facts.positive or a.kind == "size" else 1 if name in facts.nonnegative else None
    if a.kind == "const":
        return 2
    if a.kind == "num":
        return 2 if a.args[0] > 0 else -2
    if a.kind == "poly":
        return sign(a.args[0], facts)
    if a.kind in ("nuclear", "rank"):
        return 1
    if a.kind == "fn" and a.args[0] in ("exp", "sigmoid", "softplus"):
        return 2
    if a.kind == "fn" and a.args[0] in ("abs", "relu"):
        return 1
    if a.kind == "det":
        return 2 if (d := definite(a.args[0], facts)) and d.strict else None
    if a.kind == "tr":
        word: Word = a.args[0]
        if word[0].rows == ONE and (word[0].kind == "ones" and all(nonnegative(l, facts) for l in word)):
            return 1
        for i in range(len(word)):  # any rotation of a trace will do
            turned = word[i:] + word[:i]
            half = palindrome(turned)
            if half is not None and half[1] is None:
                return 1
            level = definite_letter(half[1], facts) if half is not None and half[1] is not None else None
            if half is not None and level is not None:
                fixed = (bool(half[0]) and all(l.kind == "ones" for l in half[0])) or not half[0]
                return 2 if level.strict and not level.conditions and fixed else 1
    return None


def nonnegative(l: Letter, facts: Facts) -> bool:
    """Is every entry known to be at least zero?"""
    if l.kind == "ones":
        return True
    if l.kind == "name":
        return l.args[0] in facts.positive or l.args[0] in facts.nonnegative
    return l.kind == "fn" and l.args[0] in ("exp", "sigmoid", "softplus", "relu", "abs", "square")


def palindrome(word: Word) -> tuple[Word, Letter | None] | None:
    """``(v, M)`` with ``word = v' M v`` (M None for the identity), where the word has that form."""
    n = len(word)
    for i in range(n // 2):
        if word[n - 1 - i] != word[i].T:
            return None
    centre = word[n // 2] if n % 2 else None
    if centre is not None and not (centre.symmetric or centre.kind == "ones"):
        return None
    return word[(n + 1) // 2 :], centre


def definite_letter(l: Letter, facts: Facts) -> Definite | None:
    if "spd" in l.flags:
        return Definite(True)
    if l.kind == "inv" and (inner := definite(l.args[0], facts)):  # where there is an inverse it is definite
        return Definite(True, inner.conditions)
    if "psd" in l.flags:
        return Definite(False)
    if l.kind == "inv":
        return None
    if l.kind == "diag":
        word: Word = next(iter(l.args[0].terms))[1]
        inner = word[0].args[1].single() if word[0].kind == "fn" and word[0].args[0] == "recip" else None
        word = inner[2] if inner is not None and inner[:2] == (1, ()) else word
        if len(word) == 1 and word[0].kind == "name" and word[0].args[0] in facts.positive:
            return Definite(True)
        return Definite(False) if all(nonnegative(x, facts) for x in word) else None
    if l.kind in ("had", "kron"):
        parts = [definite(x, facts) for x in l.args]
        if None in parts:
            return None
        both = [d for d in parts if d is not None]
        return Definite(all(d.strict for d in both), tuple(dict.fromkeys(c for d in both for c in d.conditions)))
    return None


def gram(p: Poly, facts: Facts) -> list[tuple[Poly, Poly, Letter | None]] | None:
    """``p`` as a sum of ``c R' M R`` with c not negative and M (None: I) semidefinite: triples (c, R, M).

    Also for a scalar, whose 1 x 1 words are read as such products. Centred forms ``v'v - v'11'v/n`` count as squares.
    """
    table: dict[tuple[Mono, str], dict[tuple[Word, Word], Fraction]] = {}
    centres: dict[str, Letter | None] = {}
    for (m, word), c in p.terms.items():
        if p.scalar:
            inside = [a for a, e in m if a.kind == "tr" and e == 1 and a.args[0][0].rows == ONE]
            if len(inside) != 1:
                return None
            m, word = tuple(x for x in m if x[0] != inside[0]), inside[0].args[0]
        half = _halves(word)
        if half is None:
            return None
        left, centre, right = half
        key = centre.key if centre else ""
        centres[key] = centre
        block = table.setdefault((m, key), {})
        for pair in ((left, right), (right, left)):
            block[pair] = block.get(pair, Fraction(0)) + c / 2
    _centre(table)
    out: list[tuple[Poly, Poly, Letter | None]] = []
    for (m, key), block in table.items():
        centre = centres[key]
        if centre is not None and definite_letter(centre, facts) is None:
            return None
        scale = Poly(ONE, ONE, {(m, ()): Fraction(1)})
        s = _sign_term(Fraction(1), m, facts)
        if s is None or s < 0:
            return None
        found = _squares(block)
        if found is None:
            return None
        out += [(w.scale(scale, c), r, centre) for c, r in found]
    return out


def _halves(word: Word) -> tuple[Word, Letter | None, Word] | None:
    """(u, M, v) with ``word = u' M v``, cut in the middle of its length or at a semidefinite letter near it."""
    n = len(word)
    cut = next((i for i in range(1, n) if word[i].rows == ONE), None)
    if cut is not None and word[0].rows != ONE:  # an outer product u v'
        return tuple(l.T for l in reversed(word[:cut])), None, word[cut:]
    best: tuple[int, int, Letter | None] | None = None
    for i in range(n + 1):
        if i < n and word[i].symmetric and (best is None or abs(2 * i + 1 - n) < best[0]):
            best = (abs(2 * i + 1 - n), i, word[i])
    if best is not None and best[0] <= 1:
        i = best[1]
        return tuple(l.T for l in reversed(word[:i])), best[2], word[i + 1 :]
    for i in (n // 2, (n + 1) // 2):
        left, right = word[:i], word[i:]
        if (
            left
            and right
            and (left[-1].t or left[-1].rows != ONE)
            and (n % 2 == 0 or (i > 0 and left[-1].t != right[0].t))
        ):
            return tuple(l.T for l in reversed(left)), None, right
    return None


def _centre(table: dict[tuple[Mono, str], dict[tuple[Word, Word], Fraction]]) -> None:
    """Take ``d (v'v - v'11'v/n)`` out where it stands: it is a square."""
    for (m, key), block in list(table.items()):
        for (u, v), c in list(block.items()):
            if u != v or c >= 0 or not u or u[0].kind != "ones" or not u[0].t:
                continue
            n, body = u[0].cols, u[1:]
            plain = tuple((a, e + 1) if a.key == n else (a, e) for a, e in m)
            plain = tuple((a, e) for a, e in plain if e)
            other = table.get((plain, key))
            if (len(plain) == len(m) and plain == m) or other is None or other.get((body, body), Fraction(0)) < -c:
                continue
            del block[u, v]
    for key in [k for k, b in table.items() if not b]:
        del table[key]


def _squares(block: dict[tuple[Word, Word], Fraction]) -> list[tuple[Fraction, Poly]] | None:
    """The symmetric table as a sum of squares, by exact elimination; None where it is not semidefinite."""
    words = sorted({u for pair in block for u in pair}, key=lambda u: (-len(u), [l.key for l in u]))
    table = {(u, v): block.get((u, v), Fraction(0)) for u in words for v in words}
    out: list[tuple[Fraction, Poly]] = []
    while words:
        pivot = next((u for u in words if table[u, u] > 0), None)
        if pivot is None:
            return out if all(table[u, v] == 0 for u in words for v in words) else None
        d = table[pivot, pivot]
        row = {v: table[pivot, v] / d for v in words if table[pivot, v]}
        first = pivot[0]
        r = Poly(first.rows, pivot[-1].cols, {((), v): x for v, x in row.items()})
        out.append((d, r))
        for u in words:
            for v in words:
                table[u, v] -= d * row.get(u, Fraction(0)) * row.get(v, Fraction(0))
        words.remove(pivot)
        if any(table[u, u] < 0 for u in words):
            return None
    return out


def definite(p: Poly, facts: Facts) -> Definite | None:
    """Is the symmetric ``p`` positive (semi)definite for all data that meet the declared properties?"""
    plain = _definite_by_terms(p, facts)
    if plain is not None or p.scalar:
        return plain
    squares = gram(p, facts)
    if squares is None:
        return None
    full = [
        r
        for c, r, centre in squares
        if sign(c, facts) == 2 and (centre is None or ((d := definite_letter(centre, facts)) is not None and d.strict))
    ]
    centred = any(l.kind == "ones" for _, word in p.terms for l in word)
    if not full or centred:
        return Definite(False, (f"{display(p)} is invertible",))
    return Definite(True, (full_column_rank([display(r) if len(r.terms) == 1 else f"({display(r)})" for r in full]),))


def _definite_by_terms(p: Poly, facts: Facts) -> Definite | None:
    if p.scalar:
        s = sign(p, facts)
        return None if s is None or s < 1 else Definite(s == 2, () if s == 2 else (f"{p.key} > 0",))
    strict: list[tuple[str, ...]] = []
    grams: list[str] = []
    for (m, word), c in p.terms.items():
        s = _sign_term(c, m, facts)
        if s is None or s < 0:
            return None
        half = palindrome(word)
        if half is None:
            return None
        v, centre = half
        level = Definite(True) if centre is None else definite_letter(centre, facts)
        if level is None:
            return None
        if not v and level.strict:
            strict.append(
                ()
                if s == 2 and not level.conditions
                else (*level.conditions, *(() if s == 2 else (f"{term_text(c, m, ())} > 0",)))
            )
        elif v and level.strict and s == 2:
            grams.append("*".join(l.key for l in v))
        elif (v or not level.strict) and (v or centre is not None):
            grams.append("" if not v or not level.strict else "*".join(l.key for l in v))
    if strict:
        best = min(strict, key=len)
        return Definite(True, best)
    if grams and all(grams):
        return Definite(True, (full_column_rank(grams),))
    return Definite(False, (f"{w.shown(p)} is invertible",))


def full_column_rank(grams: list[str]) -> str:
    """The condition that the stacked factors have independent columns, in words."""
    if len(grams) == 1:
        text = re.sub(r"^(\w+)\*inv\(\1'\*\1\)\*", "", grams[0])
        if text.endswith("'") and "*" not in text and not text.startswith("("):
            return f"{text[:-1]} has full row rank"
        if plain := re.fullmatch(r"diag\(([^\W\d]\w*)\)", text):
            return f"no entry of {plain[1]} is zero"
        return f"{text} has full column rank"
    return f"[{'; '.join(grams)}] has full column rank"
