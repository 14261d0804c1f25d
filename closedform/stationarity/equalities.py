"""Equations between data that are assumed to hold: what they say of one name, else rules that rewrite words.

``X'*X = eye(k)`` makes X orthonormal, ``A = A'`` symmetric; ``X'*X = n*eye(k)``, ``tr(S) = 1``, ``S*v = c*v`` replace the
left side wherever it stands, in traces up to rotation. An equation that changes nothing in the loss is refused.
"""

from __future__ import annotations

from collections.abc import Sequence

from closedform.algebra.noncommutative import polynomial as w
from closedform.algebra.noncommutative.functions import content, matrix_scalar, of_fill, power, scalar_function
from closedform.algebra.noncommutative.letters import ONE, Atom, Letter, Word
from closedform.algebra.noncommutative.polynomial import Poly
from closedform.algebra.noncommutative.read import Names, read
from closedform.algebra.noncommutative.substitution import rebuild
from closedform.errors import CallError
from closedform.expression import free_names
from closedform.frozen import record
from closedform.problem import Problem
from closedform.reading.language import unparse

ROUNDS = 50


@record
class Equality:
    """``left = right`` as it was written, the sides of one shape."""

    text: str
    left: Poly
    right: Poly

    def same(self, p: Poly) -> bool:
        """Does it say that ``p`` is zero?"""
        gap = self.left - self.right
        return not gap.zero and (gap.rows, gap.cols) == (p.rows, p.cols) and _unit(gap) == _unit(p)


def _unit(p: Poly) -> Poly:
    return w.scale(p, 1 / content(p)[0])


def equalities(problem: Problem, names: Names) -> list[Equality]:
    """The assumed equations that hold a matrix; raises ``ShapeFault``, or ``CallError`` where one holds an unknown."""
    out = list[Equality]()
    for relation in problem.relations:
        if relation.head != "=" or len(relation.children) != 2 or not free_names(relation) & problem.shapes.keys():
            continue
        text = unparse(relation)
        if own := sorted(free_names(relation) & set(problem.unknowns)):
            raise CallError(
                f"the assumption {text} speaks of the unknown {own[0]}: write it after 'subject to', as a constraint"
            )
        left, right = (read(c, names) for c in relation.children)
        if left.scalar != right.scalar:
            shape = right if left.scalar else left
            fill = of_fill(shape.rows, shape.cols)
            left, right = (p * fill if p.scalar else p for p in (left, right))
        w.conform(left, right, "an assumption compares")
        out.append(Equality(text, left, right))
    return out


def flags_of(found: Sequence[Equality], names: Names) -> dict[str, str]:
    """Names that an equation makes orthonormal or symmetric."""
    out = dict[str, str]()
    for e in found:
        for name, (rows, cols) in names.shapes.items():
            p = names.poly(name)
            if p.scalar or cols == ONE:
                continue
            if e.same(p.T * p - w.eye(cols)) or (rows == cols and e.same(p * p.T - w.eye(rows))):
                out[name] = "orth"
            elif rows == cols and e.same(p - p.T):
                out[name] = "sym"
    return out


Rule = tuple[Word, Poly]  # a word (of a trace, where the other side is a number) and what it equals


def rules_of(found: Sequence[Equality]) -> list[Rule]:
    """Rewriting rules; an equation neither side of which is one term gives none."""
    out = list[Rule]()
    for e in found:
        for one, other in ((e.left, e.right), (e.right, e.left)):
            s = one.single()
            if s is None:
                continue
            c, m, word = s
            if one.scalar and len(m) == 1 and m[0][1] == 1 and m[0][0].kind == "tr":
                out.append((m[0][0].args[0], w.scale(other, 1 / c)))
                break
            if not one.scalar and word and not m:
                value = w.scale(other, 1 / c)
                out.append((word, value))
                back = tuple(l.T for l in reversed(word))
                if back != word:
                    out.append((back, value.T))
                break
    return out


def rewritten(p: Poly, rules: Sequence[Rule]) -> Poly:
    """The polynomial with every rule applied until none applies."""
    for _ in range(ROUNDS if rules else 0):
        changed = _once(p, rules)
        if changed == p:
            return p
        p = changed
    return p


def _once(p: Poly, rules: Sequence[Rule]) -> Poly:
    out = w.zeros(p.rows, p.cols)
    for (m, word), c in p.terms.items():
        piece = w.constant(c)
        for a, e in m:
            piece = piece * power(_atom(a, rules), e)
        body = _word(word, rules) if word else w.eye(p.rows)
        out = out + (piece if p.scalar and not word else piece * body)
    return out


def _word(word: Word, rules: Sequence[Rule]) -> Poly:
    for target, value in rules:
        if value.scalar and target[0].rows != ONE:  # a trace
            continue
        n = len(target)
        for i in range(len(word) - n + 1):
            if word[i : i + n] == target and not value.scalar:
                parts = [w.of_letter(l) for l in word[:i]], [w.of_letter(l) for l in word[i + n :]]
                return w.product(*parts[0], value, *parts[1])
    letters = [_letter(l, rules) for l in word]
    return w.product(letters[0], *letters[1:])


def _letter(l: Letter, rules: Sequence[Rule]) -> Poly:
    parts = [_once(a, rules) if isinstance(a, Poly) else a for a in l.args]
    if all(isinstance(a, str) for a in l.args) or parts == list(l.args):
        return w.of_letter(l)
    out = rebuild(l, parts)
    return out.T if l.t else out


def _atom(a: Atom, rules: Sequence[Rule]) -> Poly:
    if a.kind == "poly":
        return _once(a.args[0], rules)
    if a.kind == "fn":
        return scalar_function(a.args[0], _once(a.args[1], rules))
    if a.kind in ("logdet", "det", "nuclear", "rank"):
        return matrix_scalar(a.kind, _once(a.args[0], rules))
    if a.kind != "tr":
        return w.of_atom(a)
    for target, value in rules:
        if value.scalar and w.of_atom(a) == w.of_atom(Atom("tr", (target,))):
            return value
    word: Word = a.args[0]
    for i in range(len(word)):
        turned = word[i:] + word[:i]
        if word[0].rows == ONE and i:
            break
        new = _word(turned, rules)
        if new != w.product(*(w.of_letter(l) for l in turned)):
            return w.trace(new)
    return w.of_atom(a)


def unused(e: Equality) -> CallError:
    return CallError(f"the assumption {e.text} changes nothing in this loss, and is not used; leave it out")
