"""Convexity read off the loss as it was written: sums of squares of affine residuals, and known convex functions.

All answers are sufficient conditions (Boyd and Vandenberghe, *Convex Optimization*, chapter 3); None is "not known".
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from closedform.algebra.noncommutative import polynomial as w
from closedform.algebra.noncommutative.facts import definite, full_column_rank, sign
from closedform.algebra.noncommutative.functions import content, divide_mono
from closedform.algebra.noncommutative.letters import ADJOINTS, ONE, Atom, Letter
from closedform.algebra.noncommutative.polynomial import Poly
from closedform.algebra.noncommutative.solve import Linear, collect, identity_multiple
from closedform.algebra.noncommutative.text import display
from closedform.attempt import Finding, finding
from closedform.frozen import record
from closedform.stationarity.matrix import MatrixSystem, Piece

_LINEAR_LETTERS = frozenset({"had", "diag", "diagonal", "vec", "unvec", "kron", "khatrirao", *ADJOINTS})
_CONVEX = frozenset({"exp", "softplus", "abs", "relu"})
_STRICT = frozenset({"exp", "softplus"})  # strictly convex on the whole line
_CONCAVE = frozenset({"log", "sqrt"})


@record
class Convexity:
    """The loss is jointly convex in all unknowns; ``strict``: conditions for strict convexity, None if not known."""

    reason: str
    strict: tuple[str, ...] | None


def found_convex(system: MatrixSystem) -> tuple[Finding, ...]:
    """That the loss is convex, and under which conditions it has at most one minimiser; nothing where it is not."""
    found = convexity(system)
    if found is None:
        return ()
    return (finding("convex in the matrices", unknowns=", ".join(system.unknowns), strict=found.strict),)


def affine(p: Poly, unknowns: Iterable[str]) -> bool:
    """Does every term hold at most one unknown, once, in a linear place?"""
    wanted = frozenset(unknowns)
    for m, word in p.terms:
        count = 0
        for a, e in m:
            if a.names & wanted:
                if e != 1:
                    return False
                count += _degree_atom(a, wanted)
        count += sum(_degree(l, wanted) for l in word)
        if count > 1:
            return False
    return True


def _degree_atom(a: Atom, wanted: frozenset[str]) -> int:
    if a.kind == "name":
        return 1
    return sum(_degree(l, wanted) for l in a.args[0]) if a.kind == "tr" else 2


def _degree(l: Letter, wanted: frozenset[str]) -> int:
    if not l.names & wanted:
        return 0
    if l.kind == "name":
        return 1
    inside = [a for a in l.args if not isinstance(a, str) and a.names & wanted]
    return 1 if l.kind in _LINEAR_LETTERS and len(inside) == 1 and affine(inside[0], wanted) else 2


def convexity(system: MatrixSystem, unknowns: Iterable[str] | None = None) -> Convexity | None:
    """Joint convexity in the unknowns (all of them if none are named), where it can be seen."""
    wanted = tuple(unknowns or system.unknowns)
    curved = False
    strict: tuple[str, ...] | None = None
    for piece in system.pieces:
        bent = curvature(piece, system, wanted)
        if bent is None:
            return None
        if bent == "strict":
            strict = ()
        curved = curved or bent != "affine"
    if not curved:
        return Convexity("the loss is affine", None)
    if strict is None:
        strict = strict_conditions(system, wanted)
    squares = all(p.residual is not None or curvature(p, system, wanted) == "affine" for p in system.pieces)
    how = "sum of squares of affine residuals" if squares else "sum of convex terms"
    if strict is None:
        return Convexity(f"convex: {how}", None)
    if not strict:
        return Convexity(f"strictly convex: {how}, one of them strictly convex in every unknown", ())
    return Convexity(f"convex: {how}; strictly convex when {' and '.join(strict)}", strict)


def curvature(piece: Piece, system: MatrixSystem, wanted: tuple[str, ...]) -> str | None:
    """ "affine", "convex" or "strict"; None where not known."""
    names = frozenset(wanted)
    if piece.coefficient.names & names:
        return None
    s = sign(piece.coefficient, system.facts)
    fixed = piece.metric is None or not piece.metric.names & names
    if piece.residual is not None and fixed and s is not None and s >= 0 and affine(piece.residual, wanted):
        return "convex"
    whole = piece.coefficient * piece.value
    if affine(whole, wanted):
        return "affine"
    worst = "affine"
    for (m, _), c in whole.terms.items():
        inside = [(a, e) for a, e in m if a.names & names]
        if not inside:
            continue
        rest = Poly(ONE, ONE, {(tuple(x for x in m if x not in inside), ()): c})
        direction = sign(rest, system.facts)
        term = Poly(ONE, ONE, {(m, ()): c})
        if affine(term, wanted):
            continue
        if len(inside) != 1 or direction is None:
            return None
        bent = _bend(*inside[0], system, wanted)
        if bent is None or direction == 0 or (direction > 0) != (bent[0] > 0):
            return None
        worst = "strict" if "strict" in (worst, bent[1]) and abs(direction) == 2 else "convex"
    return worst


def _bend(a: Atom, e: Fraction, system: MatrixSystem, wanted: tuple[str, ...]) -> tuple[int, str] | None:
    """(+1 convex or -1 concave, "strict" or "convex") of one atom to a power; None where not known."""
    if a.kind == "logdet" and e == 1 and affine(a.args[0], wanted):
        alone = len(wanted) == 1 and a.args[0].single() and a.args[0].names == frozenset(wanted)
        return -1, "strict" if alone else "convex"
    if a.kind == "nuclear" and e == 1 and affine(a.args[0], wanted):
        return 1, "convex"
    if a.kind == "poly" and e == Fraction(1, 2):
        return None
    if a.kind == "fn" and affine(a.args[1], wanted):
        if e == 1 and a.args[0] in _CONVEX | _CONCAVE:
            return (1 if a.args[0] in _CONVEX else -1), "convex"
        return None
    if a.kind != "tr":
        return None
    word = a.args[0]
    if e == Fraction(1, 2) and len(word) == 2 and word[1] == word[0].T and _degree(word[1], frozenset(wanted)) == 1:
        return 1, "convex"  # a norm
    if e != 1:
        return None
    bent = [l for l in word if l.names & frozenset(wanted)]
    if len(bent) == 1 and bent[0].kind == "fn" and all(l.kind == "ones" for l in word if l is not bent[0]):
        f, inner = bent[0].args
        if f in _CONVEX | _CONCAVE and affine(inner, wanted):
            return (1 if f in _CONVEX else -1), "convex"
        if f == "log" and (s := inner.single()) and s[:2] == (1, ()):  # log(exp(P) 1): log-sum-exp of the rows
            grown = [l for l in s[2] if l.names & frozenset(wanted)]
            if (
                len(grown) == 1
                and grown[0].kind == "fn"
                and grown[0].args[0] == "exp"
                and affine(grown[0].args[1], wanted)
            ) and all(l.kind == "ones" for l in s[2] if l is not grown[0]):
                return 1, "convex"
    if len(bent) == 1 and bent[0].kind == "inv" and affine(bent[0].args[0], wanted):
        i = word.index(bent[0])
        rest = w.product(w.eye(bent[0].rows), *(w.of_letter(l) for l in (*word[i + 1 :], *word[:i])))
        level = definite(rest, system.facts) if w.is_symmetric(rest) else None
        return (1, "strict" if level.strict and len(wanted) == 1 else "convex") if level else None
    if len(bent) == 2 and word[0].kind != "fn":  # a quadratic form tr(U' M U N)
        half = next((turned for i in range(len(word)) if (turned := word[i:] + word[:i])[0] == bent[0]), None)
        if half:
            j = next(k for k in range(1, len(half)) if half[k].names & frozenset(wanted))
            if half[j] == half[0].T or (half[0].symmetric and half[0] == half[j]):
                parts = list[Any]()
                for l, piece in ((half[0].cols, half[1:j]), (half[j].cols, half[j + 1 :])):
                    mid = w.product(w.eye(l), *(w.of_letter(x) for x in piece))
                    parts.append(definite(mid, system.facts) if w.is_symmetric(mid) else None)
                if None not in parts:
                    return 1, "convex"
    return None


def linear_parts(p: Poly, system: MatrixSystem, wanted: Iterable[str]) -> dict[str, Linear] | None:
    """``p`` as an affine function of each unknown it holds; the rest of each is what is left without that unknown."""
    out = dict[str, Linear]()
    for u in wanted:
        if u in p.names:
            found = collect(p, u, *system.shape(u))
            if found is None:
                return None
            out[u] = found
    return out


def _measured(piece: Piece) -> Poly | None:
    """The matrix of which the piece is a strictly convex function: a residual squared, or inside a sum of f(entry)."""
    if piece.residual is not None:
        return piece.residual
    if len(piece.value.terms) != 1:
        return None
    ((atoms, _), c), *_ = piece.value.terms.items()
    if c <= 0 or len(atoms) != 1 or atoms[0][1] != 1 or atoms[0][0].kind != "tr":
        return None
    word = atoms[0][0].args[0]
    bent = [l for l in word if l.kind != "ones"]
    return bent[0].args[1] if len(bent) == 1 and bent[0].kind == "fn" and bent[0].args[0] in _STRICT else None


def strict_conditions(system: MatrixSystem, wanted: tuple[str, ...]) -> tuple[str, ...] | None:
    """When only the zero direction leaves every square unchanged; None where this cannot be said in such words."""
    rows = list[tuple[Piece, dict[str, Linear]]]()
    for piece in system.pieces:
        inside = _measured(piece)
        if inside is None or sign(piece.coefficient, system.facts) != 2:
            continue
        if piece.metric is not None and piece.metric.names & frozenset(wanted):
            return None
        parts = linear_parts(inside, system, wanted) if affine(inside, wanted) else None
        if parts is None:
            return None
        if parts:
            rows.append((piece, parts))
    left = set(wanted)
    conditions = list[str]()
    grown = True
    while grown:
        grown = False
        for piece, parts in rows:
            here = [u for u in parts if u in left]
            if len(here) != 1:
                continue
            found = parts[here[0]]
            pairs = found.plain or found.flipped
            if len(pairs) != 1 or (found.plain and found.flipped) or found.entrywise is not None:
                continue
            scales = [identity_multiple(q) for q in pairs[0]]
            level = definite(piece.metric, system.facts) if piece.metric is not None else None
            if piece.metric is not None and (level is None or not level.strict):
                continue
            if all(s is not None and sign(s, system.facts) in (2, -2) for s in scales):
                left.discard(here[0])
                conditions += level.conditions if level else ()
                grown = True
    if not left:
        return tuple(dict.fromkeys(conditions))
    order = [u for u in wanted if u in left]
    stacked, stacked_scalars = list[str](), list[str]()
    for piece, parts in rows:
        here = {u: parts[u] for u in order if u in parts}
        if not here:
            continue
        row = list[str]()
        for u in order:
            found = here.get(u)
            if found is None:
                row.append("0")
                continue
            pairs = found.plain or found.flipped
            if len(pairs) != 1 or (found.plain and found.flipped) or found.entrywise is not None:
                return None
            a, b = pairs[0]
            side = identity_multiple(b)
            number = system.shape(u) == (ONE, ONE)
            if side is None and not number:
                if len(order) == 1 and len(rows) == 1 and piece.metric is None:
                    both = [] if identity_multiple(a) is not None else [full_column_rank([_plain(a)])]
                    return (*conditions, *both, full_column_rank([_plain(b.T)]))
                return None
            front = a * b if number else a
            if len(order) == 1 and number:
                stacked_scalars.append(_plain(front))
            level = definite(piece.metric, system.facts) if piece.metric is not None else None
            text = _plain(front)
            if level is not None and not level.strict and piece.metric is not None:
                text = (
                    display(piece.metric) if identity_multiple(front) is not None else f"{display(piece.metric)}*{text}"
                )
            row.append(text)
        stacked.append(row[0] if len(row) == 1 else "[" + ", ".join(row) + "]")
    if not stacked:
        return None
    if stacked_scalars:
        names = list(dict.fromkeys(stacked_scalars))
        return (
            tuple(conditions)
            if any(n.startswith("ones(") for n in names)
            else (*conditions, f"{names[0]} is not zero" if len(names) == 1 else f"{', '.join(names)} are not all zero")
        )
    if stacked == ["ones(" + stacked[0][5:]] and len(stacked) == 1 and stacked[0].startswith("ones("):
        return tuple(conditions)
    return (*conditions, full_column_rank(list(dict.fromkeys(stacked))))


def _plain(p: Poly) -> str:
    """The matrix without its scalar factor and sign: the rank is the same."""
    c, m = content(p)
    text = display(divide_mono(p, c, m))
    return f"({text})" if " " in text and not text.startswith("[") and "(" not in text else text
