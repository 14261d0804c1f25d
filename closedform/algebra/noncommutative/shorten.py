"""Formulas made shorter by identities that hold wherever both sides are defined.

``inv(M)*N`` next to the largest word of M becomes the identity less a smaller term (so ``inv(X'X + c I)*X'X`` is
``I - c*inv(X'X + c I)``); Woodbury's identity is read from right to left; scalar coefficients are brought over a common
denominator and cancelled (FLINT). What does not get shorter stays as it is.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from flint import Ordering, fmpq_mpoly_ctx

from closedform.algebra.noncommutative import polynomial as w
from closedform.algebra.noncommutative.functions import inverse, power
from closedform.algebra.noncommutative.letters import ONE, Atom, Mono, Word
from closedform.algebra.noncommutative.polynomial import Poly
from closedform.algebra.noncommutative.solve import rewrite
from closedform.algebra.noncommutative.substitution import rebuild
from closedform.algebra.noncommutative.text import display

MAX_GENERATORS, MAX_ROUNDS = 12, 20


def shortened(p: Poly) -> Poly:
    """An equal polynomial whose text is not longer.

    >>> from closedform.algebra.noncommutative.functions import inverse
    >>> X = w.symbol("X", "n", "k")
    >>> G = X.T * X
    >>> shortened(inverse(G + w.scalar("c") * w.eye("k")) * G + w.scalar("c") * inverse(G + w.scalar("c") * w.eye("k")))
    eye(k)
    """
    tried = [p, _everywhere(p)]
    tried += [woodbury(q) for q in tried]
    tried += [over_common_denominators(q) for q in tried]
    return min(tried, key=lambda q: len(display(q)))


def _everywhere(p: Poly) -> Poly:
    """Products ``inv(M)*N`` taken apart wherever they stand, in the arguments of compound letters first."""
    out = w.zeros(p.rows, p.cols)
    for (m, word), c in p.terms.items():
        body = w.eye(p.rows) if not word else None
        for l in word:
            one = w.of_letter(l)
            if l.kind in ("diag", "diagonal", "fn", "had", "kron", "inv"):
                parts = [_everywhere(a) if isinstance(a, Poly) else a for a in l.args]
                if parts != list(l.args):
                    one = rebuild(l, parts)
                    one = one.T if l.t else one
            body = one if body is None else body * one
        out = out + Poly(ONE, ONE, {(m, ()): c}) * (body if body is not None else w.eye(p.rows))
    for _ in range(MAX_ROUNDS):
        changed = rewrite(out)
        if changed is None:
            break
        out = changed
    return out


# -- Woodbury ------------------------------------------------------------------------------------------------------


def woodbury(p: Poly) -> Poly:
    """``A^-1 - A^-1 U (U' A^-1 U + C^-1)^-1 U' A^-1`` as ``(A + U C U')^-1``, wherever both terms stand."""
    for (m, word), c in p.terms.items():
        for i, l in enumerate(word):
            if l.kind != "inv" or not l.symmetric:
                continue
            for size in range(1, min(i, len(word) - i - 1) + 1):
                back, ahead = word[i - size : i], word[i + 1 : i + 1 + size]
                if ahead != tuple(x.T for x in reversed(back)):
                    break
                found = _contracted(p, m, word, c, i, size)
                if found is not None:
                    return woodbury(found)
    return p


def _contracted(p: Poly, m: Mono, word: Word, c: Fraction, i: int, size: int) -> Poly | None:
    back = word[i - size : i]
    pole = back[0] if back[0].kind in ("inv", "name") and back[0].symmetric and size > 1 else None
    inner: Poly = word[i].args[0]
    a = w.of_letter(pole) if pole is not None else w.eye(back[0].rows)
    u = w.product(*(w.of_letter(x) for x in (back[1:] if pole is not None else back)))
    whole = w.product(u.T, a, u)
    if len(whole.terms) != 1:
        return None
    (key, x), *_ = whole.terms.items()
    if key not in inner.terms:
        return None
    factor = inner.terms[key] / x
    rest = inner - w.scale(whole, factor)
    if len(rest.terms) != 1:
        return None
    partner = m, (*word[: i - size], *((pole,) if pole is not None else ()), *word[i + 1 + size :])
    # A^-1 - k A^-1 U (f U'A^-1 U + E)^-1 U'A^-1 is contracted when k = f
    if p.terms.get(partner) is None or -c / p.terms[partner] != factor:
        return None
    middle = w.product(u, inverse(rest), u.T)
    new = inverse(inverse(a) + w.scale(middle, factor))
    left = Poly(p.rows, new.rows, {(m, word[: i - size]): p.terms[partner]})
    right = Poly(new.cols, p.cols, {((), word[i + 1 + size :]): Fraction(1)})
    kept = Poly(p.rows, p.cols, {k: v for k, v in p.terms.items() if k not in ((m, word), partner)})
    return kept + w.product(left, new, right)


# -- coefficients --------------------------------------------------------------------------------------------------


def over_common_denominators(p: Poly) -> Poly:
    """Each word's coefficient as one reduced fraction in the scalars; as it is where there are roots in it."""
    groups: dict[Word, dict[Mono, Fraction]] = {}
    for (m, word), c in p.terms.items():
        groups.setdefault(word, {})[m] = c
    if not any(a.kind == "poly" or e < 0 for part in groups.values() for m in part for a, e in m):
        return p
    atoms = sorted(
        {b for part in groups.values() for m in part for a, e in m for b in _base(a, e)}, key=lambda a: a.key
    )
    if not atoms or len(atoms) > MAX_GENERATORS or any(a.kind == "root" for a in atoms):
        return p
    ring = fmpq_mpoly_ctx.get([f"x{i}" for i in range(len(atoms))], Ordering.lex)
    gens = dict(zip(atoms, ring.gens(), strict=True))
    out = w.zeros(p.rows, p.cols)
    for word, part in groups.items():
        top, bottom = ring.constant(0), ring.constant(1)
        for m, c in part.items():
            t, b = _fraction(m, c, gens, ring)
            top, bottom = top * b + t * bottom, bottom * b
            shared = top.gcd(bottom)
            top, bottom = top / shared, bottom / shared
        coefficient = _back(top, atoms) * power(_back(bottom, atoms), -1)
        body = Poly(p.rows, p.cols, {((), word): Fraction(1)}) if word or not p.scalar else w.constant(1)
        out = out + coefficient * body
    return out


def _base(a: Atom, e: Fraction) -> list[Atom]:
    """The atoms of which a power is a rational function; one of kind "root" where it is none."""
    if e.denominator != 1:
        return [Atom("root", (a.key,))]
    if a.kind == "poly":
        return [b for m, _ in a.args[0].terms for x, f in m for b in _base(x, f)]
    return [a]


def _fraction(m: Mono, c: Fraction, gens: dict[Atom, Any], ring: Any) -> tuple[Any, Any]:
    top, bottom = ring.constant(1), ring.constant(1)
    top = top * c.numerator / c.denominator
    for a, e in m:
        if a.kind == "poly":
            t, b = ring.constant(0), ring.constant(1)
            for (n, _), x in a.args[0].terms.items():
                nt, nb = _fraction(n, x, gens, ring)
                t, b = t * nb + nt * b, b * nb
        else:
            t, b = gens[a], ring.constant(1)
        t, b = (t ** int(e), b ** int(e)) if e > 0 else (b ** int(-e), t ** int(-e))
        top, bottom = top * t, bottom * b
    return top, bottom


def _back(q: Any, atoms: list[Atom]) -> Poly:
    out = w.constant(0)
    for powers, c in q.to_dict().items():
        m = tuple((a, Fraction(int(e))) for a, e in zip(atoms, powers, strict=True) if e)
        one = Poly(ONE, ONE, {(tuple(sorted(m, key=lambda x: x[0].key)), ()): Fraction(int(c.p), int(c.q))})
        out = out + one
    return out
