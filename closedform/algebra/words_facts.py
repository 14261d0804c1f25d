"""What follows from what is declared: signs of scalars, definiteness of matrices, conditions under which they invert.

Every answer is sufficient, never a guess: None means "not known".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from closedform.algebra import words as w
from closedform.algebra.words import ONE, Atom, Letter, Mono, Poly, Word


@dataclass(frozen=True)
class Facts:
    """Names known to be positive or not negative; of a matrix name it is said of every entry."""

    positive: frozenset[str] = frozenset()
    nonnegative: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Definite:
    """``strict``: positive definite whenever the conditions hold; else positive semidefinite under them."""

    strict: bool
    conditions: tuple[str, ...] = ()


def sign(p: Poly, facts: Facts) -> int | None:
    """2 positive, 1 not negative, 0 zero, -1 not positive, -2 negative; None where not known."""
    if p.zero:
        return 0
    signs = [_sign_term(c, m, facts) for (m, _), c in p.terms.items()]
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
    if "psd" in l.flags:
        return Definite(False)
    if l.kind == "inv":
        inner = definite(l.args[0], facts)
        return Definite(True, inner.conditions) if inner else None
    if l.kind == "diag":
        word: Word = next(iter(l.args[0].terms))[1]
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


def definite(p: Poly, facts: Facts) -> Definite | None:
    """Is the symmetric ``p`` positive (semi)definite for all data that meet the declared properties?"""
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
            strict.append(() if s == 2 and not level.conditions else
                          (*level.conditions, *(() if s == 2 else (f"{w.term_text(c, m, ())} > 0",))))  # fmt: skip
        elif v and level.strict and s == 2:
            grams.append("*".join(l.key for l in v))
        elif v or not level.strict:
            if v or centre is not None:
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
        if text.endswith("'") and "*" not in text:
            return f"{text[:-1]} has full row rank"
        return f"{text} has full column rank"
    return f"[{'; '.join(grams)}] has full column rank"
