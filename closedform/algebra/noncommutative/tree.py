"""Words as the kernel's JSON trees."""

from __future__ import annotations

from fractions import Fraction

from closedform.algebra.noncommutative.letters import ONE, Atom, Letter, Mono, Unsupported, Word
from closedform.algebra.noncommutative.polynomial import Poly
from closedform.expression import to_tree
from closedform.kernel.reading import Json
from closedform.reading.language import parse


def size_tree(n: str) -> Json:
    return n if n.isidentifier() or n.isdigit() else to_tree(parse(n))


def tree(p: Poly) -> Json:
    """The tree of a polynomial; raises ``Unsupported`` for roots, norms and the like, which the kernel does not read."""
    if p.zero:
        return "0" if p.scalar else ["zeros", size_tree(p.rows), size_tree(p.cols)]
    terms = [_term(c, m, word, p.rows) for (m, word), c in p.terms.items()]
    return terms[0] if len(terms) == 1 else ["+", *terms]


def _term(c: Fraction, m: Mono, word: Word, rows: str) -> Json:
    factors: list[Json] = [str(c)] if c != 1 else []
    for a, e in m:
        if e.denominator != 1:
            raise Unsupported("a root has no place in the kernel's matrix trees")
        factors.append(["^", _atom(a), str(e)] if e != 1 else _atom(a))
    factors += [_letter(l) for l in word]
    if not word and rows != ONE:
        factors.append(["eye", size_tree(rows)])
    return "1" if not factors else factors[0] if len(factors) == 1 else ["*", *factors]


def _atom(a: Atom) -> Json:
    if a.kind == "const":
        return [a.args[0]]
    if a.kind in ("name", "size"):
        return size_tree(a.args[0])
    if a.kind == "poly":
        return tree(a.args[0])
    if a.kind == "tr":
        word = [_letter(l) for l in a.args[0]]
        body: Json = word[0] if len(word) == 1 else ["*", *word]
        return body if a.args[0][0].rows == ONE else ["tr", body]
    if a.kind in ("logdet", "det"):
        return [a.kind, tree(a.args[0])]
    if a.kind == "fn":
        return [a.args[0], tree(a.args[1])]
    raise Unsupported(f"{a.kind} has no place in the kernel's matrix trees")


def _letter(l: Letter) -> Json:
    if l.kind == "name":
        out: Json = l.args[0]
    elif l.kind == "ones":
        out = ["ones", size_tree(l.args[0])]
    elif l.kind == "fn":
        return [l.args[0], tree(l.args[1])]
    elif l.kind == "had":
        out = tree(l.args[0])
        for a in l.args[1:]:
            out = ["hadamard", out, tree(a)]
        return out
    elif l.kind in ("inv", "kron"):
        return [l.kind, *(tree(a) for a in l.args)]
    elif l.kind == "unvec":
        out = ["unvec", tree(l.args[0]), size_tree(l.args[1]), size_tree(l.args[2])]
    else:
        out = ["diag" if l.kind == "diagonal" else l.kind, *(tree(a) for a in l.args)]
    return ["transpose", out] if l.t else out
