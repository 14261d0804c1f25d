"""Parts of a formula that stand in it more than once, pulled out and named: ``E where a = ..., P = ...``."""

from __future__ import annotations

from collections import Counter

from closedform.algebra.noncommutative import polynomial as w
from closedform.algebra.noncommutative.functions import power
from closedform.algebra.noncommutative.letters import Atom, Letter
from closedform.algebra.noncommutative.polynomial import Poly
from closedform.algebra.noncommutative.substitution import rebuild
from closedform.algebra.noncommutative.text import display

LONG = {"matrix": 14, "scalar": 8}  # characters from which a part that is repeated gets a name
SCALARS, MATRICES = "abcdefgh", "PQHFJLNV"


def named(p: Poly, taken: frozenset[str]) -> tuple[Poly, dict[str, Poly]]:
    """The formula with names in the place of repeated parts, and what these stand for, each in terms of earlier ones.

    >>> from closedform.algebra.noncommutative.functions import inverse, power
    >>> S, mu = w.symbol("S", "k", "k", ["spd"]), w.symbol("mu", "k", "1")
    >>> one = w.trace(mu.T * inverse(S) * mu)
    >>> named(power(one, -1) + one, frozenset())
    (1/a + a, {'a': mu'*inv(S)*mu})
    """
    found: dict[str, Poly] = {}
    for _ in range(6):
        counts, parts = Counter[str](), dict[str, Poly]()
        _count(p, counts, parts)
        whole = display(p)
        repeated = [
            k
            for k, n in counts.items()
            if n > 1 and len(text := display(parts[k])) >= LONG[_kind(parts[k])] and whole.count(text) > 1
        ]
        if not repeated:
            break
        key = max(repeated, key=lambda k: (_kind(parts[k]) == "matrix", len(k)))
        part = parts[key]
        pool = SCALARS if part.scalar else MATRICES
        name = next((x for x in pool if x not in taken and x not in found and x not in p.names), None)
        if name is None:
            break
        flags = {"sym"} if not part.scalar and w.is_symmetric(part) else set[str]()
        p = _replaced(p, key, w.symbol(name, part.rows, part.cols, flags))
        found[name] = part
    return p, _in_terms_of_each_other(found)


def _kind(p: Poly) -> str:
    return "scalar" if p.scalar else "matrix"


def _count(p: Poly, counts: Counter[str], parts: dict[str, Poly]) -> None:
    """How often each inverse and each scalar product stands in the terms as they are printed."""
    seen, signs = Counter[str](), dict[str, set[bool]]()
    for (m, word), _ in p.terms.items():
        for a, e in m:
            signs.setdefault(a.key, set()).add(e > 0)
            if a.kind in ("tr", "poly", "det", "logdet"):
                parts[a.key] = a.args[0] if a.kind == "poly" else w.of_atom(a)
                seen[a.key] += 1
                if a.kind == "poly":
                    _count(a.args[0], counts, parts)
        for l in word:
            if l.kind == "inv":
                parts[l.key] = w.of_letter(l)
                seen[l.key] += 1
            for x in l.args:
                if isinstance(x, Poly):
                    _count(x, counts, parts)
    for key, n in seen.items():
        shared = n == len(p.terms) and len(signs.get(key, ())) < 2  # a factor of all terms is printed once
        counts[key] += 1 if shared else n


def _replaced(p: Poly, key: str, new: Poly) -> Poly:
    def letter(l: Letter) -> Poly:
        if l.key == key:
            return new
        if l.T.key == key:
            return new.T
        if key not in l.key and not any(isinstance(a, Poly) for a in l.args):
            return w.of_letter(l)
        parts = [_replaced(a, key, new) if isinstance(a, Poly) else a for a in l.args]
        if parts == list(l.args):
            return w.of_letter(l)
        out = rebuild(l, parts)
        return out.T if l.t else out

    def atom(a: Atom) -> Poly:
        if a.key == key:
            return new
        if a.kind == "poly":
            return _replaced(a.args[0], key, new)
        if a.kind == "tr":
            body: Poly | None = None
            for l in a.args[0]:
                body = letter(l) if body is None else body * letter(l)
            return w.trace(body) if body is not None else w.of_atom(a)
        return w.of_atom(a)

    out = w.zeros(p.rows, p.cols)
    for (m, word), c in p.terms.items():
        piece = w.constant(c)
        for a, e in m:
            piece = piece * power(atom(a), e)
        body = w.eye(p.rows) if not word else letter(word[0])
        for l in word[1:]:
            body = body * letter(l)
        out = out + (piece * body if word or not p.scalar else piece)
    return out


def _in_terms_of_each_other(found: dict[str, Poly]) -> dict[str, Poly]:
    """Each definition with the matrices that were named already; matrices first."""
    order = sorted(found, key=lambda n: found[n].scalar)
    out: dict[str, Poly] = {}
    for name in order:
        part = found[name]
        for other in out:
            single = found[other].single()
            if single is not None and len(single[2]) == 1:
                flags = {"sym"} if w.is_symmetric(found[other]) else set[str]()
                part = _replaced(part, single[2][0].key, w.symbol(other, found[other].rows, found[other].cols, flags))
        out[name] = part
    return out


def with_names(p: Poly, taken: frozenset[str]) -> str:
    """The text of a formula, with a ``where`` for the parts that are named."""
    short, parts = named(p, taken)
    if not parts:
        return display(p)
    return f"{display(short)} where {', '.join(f'{n} = {display(q)}' for n, q in parts.items())}"
