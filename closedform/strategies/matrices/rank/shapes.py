"""What a loss of matrices of bounded rank looks like: a square through data, with ridge terms, over chains of unknowns."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from closedform.algebra.noncommutative import polynomial as w
from closedform.algebra.noncommutative.derivative import differentiate
from closedform.algebra.noncommutative.facts import definite, sign
from closedform.algebra.noncommutative.functions import content, identity_is, power
from closedform.algebra.noncommutative.letters import ONE, Atom, Letter, Word
from closedform.algebra.noncommutative.polynomial import Poly
from closedform.algebra.noncommutative.solve import collect, identity_multiple
from closedform.algebra.noncommutative.text import display
from closedform.frozen import record
from closedform.stationarity.matrix import MatrixSystem

NAME = "low rank"  # of the strategy
INNER = "one_"  # the inner size of a product of columns


def orthonormal_unknowns(system: MatrixSystem) -> str | None:
    """The one of two unknowns that has orthonormal columns."""
    found = [u for u in system.unknowns if "orth" in system.flags(u)]
    return found[0] if len(found) == 1 and len(system.unknowns) == 2 and not system.constraints else None


def folded_into_one(system: MatrixSystem, letters: Word) -> tuple[Poly, Letter] | None:
    """The loss as a function of the product alone, and the letter that stands for it."""
    fresh = "B"
    while fresh in system.names.shapes or fresh in system.problem.parameters:
        fresh += "_"
    gram = len(letters) == 2 and letters[1] == letters[0].T
    flags = frozenset({"sym"} if gram else ())
    whole = Letter("name", (fresh,), letters[0].rows, letters[-1].cols, flags)
    loss = _fold(system.loss, letters, whole)
    return None if loss is None or loss.names & frozenset(system.unknowns) else (loss, whole)


@record
class Ridge:
    """Penalties ``c1 ||U||^2 + c2 ||V||^2``: at a given product their least value is 2 sqrt(c1 c2) times its nuclear norm.

    It is attained with U multiplied by s and V divided by it, ``s^4 = c2/c1`` (s is None where the weights agree).
    """

    weight: Poly  # sqrt(c1 c2)
    scale: dict[str, Poly]  # what each unknown is multiplied with; empty where the weights agree


def ridge_of(system: MatrixSystem) -> tuple[Ridge | None, MatrixSystem | None]:
    """The penalties and the rest of the loss; (None, system) where there are none, (None, None) where they do not fit."""
    weights, rest, own = list[Poly](), system.loss, frozenset(system.unknowns)
    for u in system.unknowns:
        p = system.unknown(u)
        gram = w.trace(p.T * p).single()
        if gram is None:
            return None, None
        total = w.constant(0)
        for (m, _), c in system.loss.terms.items():
            if gram[1][0] in m and not any(a.names & own for a, _ in m if a != gram[1][0][0]):
                total = total + Poly(ONE, ONE, {(tuple(x for x in m if x != gram[1][0]), ()): c})
        weights.append(total)
        rest = rest - total * w.trace(p.T * p)
    if all(t.zero for t in weights):
        return None, system
    without = replace(system, loss=rest)
    if all(t == weights[0] for t in weights):
        return (Ridge(weights[0], {}), without) if sign(weights[0], system.facts) in (1, 2) else (None, None)
    if len(weights) != 2 or any(sign(t, system.facts) != 2 for t in weights):
        return None, None
    ratio = power(weights[1] * power(weights[0], -1), Fraction(1, 4))
    scale = {u: power(ratio, e) for u, e in zip(system.unknowns, (1, -1), strict=True)}
    return Ridge(power(weights[0] * weights[1], Fraction(1, 2)), scale), without


Form = tuple[Poly, Poly, Poly, Fraction]  # L, R, K, c: the loss is c (tr(B'LBR)/2 - tr(K'B)) + const


def quadratic_form(loss: Poly, u: str, p: Poly) -> Form | str:
    found = collect(differentiate(loss, {u: p})[u], u, p.rows, p.cols)
    if found is None or found.flipped or found.entrywise is not None or len(found.plain) != 1:
        return "the loss is not a quadratic form with one two-sided term"
    a, b = found.plain[0]
    if a.rows != a.cols or b.rows != b.cols or not (w.is_symmetric(a) and w.is_symmetric(b)):
        return "the quadratic term is not symmetric"
    k, c = -found.rest, abs(content(a)[0]) * abs(content(b)[0])
    a, b, k = w.scale(a, 1 / abs(content(a)[0])), w.scale(b, 1 / abs(content(b)[0])), w.scale(k, 1 / c)
    s, t = identity_multiple(a), identity_multiple(b)
    if s is not None and t is None:
        a, b = w.eye(a.rows), b * s
    elif t is not None:
        a, b = a * t, w.eye(b.rows)
    return a, b, k, c


def definite_when(system: MatrixSystem, p: Poly) -> tuple[str, ...] | None:
    level = definite(p, system.facts)
    return level.conditions if level is not None and level.strict else None


def whitened(left: Poly | None, right: Poly | None, k: Poly, rank: str) -> str:
    """L^(-1/2) [L^(-1/2) K R^(-1/2)]_r R^(-1/2) as text, with L^(1/2) T where K is L T."""
    front, back = "" if left is None else f"{_root(left, -1)}*", "" if right is None else f"*{_root(right, -1)}"
    inner_front, inner_back = front, back
    if left is not None and (rest := _without(left, k)) is not None:
        k, inner_front = rest, f"{_root(left, 1)}*"
    if right is not None and (rest := _without(right, k.T)) is not None:
        k, inner_back = rest.T, f"*{_root(right, 1)}"
    if identity_is(k) and k == w.eye(k.rows) and (inner_front or inner_back):
        body = (inner_front + inner_back).strip("*").replace("**", "*")
    else:
        shown = display(k)
        body = f"{inner_front}{f'({shown})' if ' ' in shown and (inner_front or inner_back) else shown}{inner_back}"
    return f"{front}truncated_svd({body}, {rank}){back}"


def _without(left: Poly, k: Poly) -> Poly | None:
    """T with K = L T, for an L of one term that K's words begin with."""
    head = left.single()
    if head is None or head[1]:
        return None
    c, _, word = head
    if not word or any(w_[: len(word)] != word for _, w_ in k.terms):
        return None
    rest = Poly(left.cols, k.cols, {(m, w_[len(word) :]): x / c for (m, w_), x in k.terms.items()})
    return rest if left * rest == k else None


def _root(p: Poly, side: int) -> str:
    """p^(1/2) or p^(-1/2); of the square of a definite matrix that matrix, or its inverse."""
    s = p.single()
    if s is not None and s[:2] == (1, ()) and len(s[2]) == 2 and s[2][0] == s[2][1] and s[2][0].flags & {"spd"}:
        return s[2][0].key if side > 0 else f"inv({s[2][0].key})"
    return f"{'sqrtm' if side > 0 else 'invsqrt'}({display(p)})"


def chains_of(system: MatrixSystem) -> list[Word]:
    """Runs of unknown letters that hold every unknown once (or U beside U'), fewest transpositions first."""
    unknowns = frozenset(system.unknowns)
    found = dict[Word, None]()
    for m, _ in system.loss.terms:
        for a, _e in m:
            word: Word = a.args[0] if a.kind == "tr" else ()
            for i in range(len(word)):
                turned = word[i:] + word[:i]
                size = 2 if len(unknowns) == 1 else len(unknowns)
                part: list[Letter] = list(turned[:size])
                if len(part) < size or not all(l.kind == "name" and l.names <= unknowns for l in part):
                    continue
                if frozenset(x for l in part for x in l.names) == unknowns and (
                    size == len(unknowns) or part[1] == part[0].T
                ):
                    back = tuple(l.T for l in reversed(part))
                    found[min(tuple(part), back, key=lambda x: (sum(l.t for l in x), x[0].key))] = None
    return sorted(found, key=lambda x: (sum(l.t for l in x), x[0].t, x[0].key))


def _fold(loss: Poly, letters: Word, whole: Letter) -> Poly | None:
    """The loss with the product of the letters replaced by one letter, wherever it stands (turning traces)."""
    back = tuple(l.T for l in reversed(letters))
    out = w.constant(0)
    unknowns = {n for l in letters for n in l.names}
    norms: list[Atom] = []
    if len(letters) == 2 and letters[0].cols == INNER and letters[1] != letters[0].T:  # ||u||^2 ||v||^2 = ||u v'||^2
        norms = [next(iter(w.trace(w.of_letter(l) * w.of_letter(l.T)).terms))[0][0][0] for l in letters]
    for (m, _), c in loss.terms.items():
        piece = w.constant(c)
        if norms and all(dict(m).get(a) == 1 for a in norms):
            piece = piece * w.trace(w.of_letter(whole.T) * w.of_letter(whole))
            m = tuple(x for x in m if x[0] not in norms)
        for a, e in m:
            if not a.names & unknowns:
                piece = piece * w.of_atom(a, e)
                continue
            if a.kind != "tr":
                return None
            done = None
            for i in range(len(a.args[0])):
                word = _replace(a.args[0][i:] + a.args[0][:i], letters, back, whole)
                if not {n for l in word for n in l.names} & unknowns:
                    done = word
                    break
            if done is None:
                return None
            body = w.of_letter(done[0])
            for l in done[1:]:
                body = body * w.of_letter(l)
            piece = piece * power(w.trace(body), e)
        out = out + piece
    return out


def _replace(word: Word, letters: Word, back: Word, whole: Letter) -> Word:
    out, i, n = list[Letter](), 0, len(letters)
    while i < len(word):
        if word[i : i + n] == letters:
            out.append(whole)
            i += n
        elif word[i : i + n] == back:
            out.append(whole.T)
            i += n
        else:
            out.append(word[i])
            i += 1
    return tuple(out)


def size_text(n: str) -> str:
    return "1" if n == INNER else n
