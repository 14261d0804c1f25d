"""Values with first and second derivatives, in balls: forward differentiation of a kernel tree.

At every point of the given balls the true value, gradient and Hessian lie in the balls returned; where the function
is not twice differentiable on all of the box, a ball is not finite or the tree is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

from flint import arb, arb_mat, fmpq

from closedform.kernel.expressions.balls import evaluate
from closedform.kernel.expressions.derivatives import differentiate
from closedform.kernel.expressions.rows import Columns, Balls, balls_of, fold, in_blocks, in_rows
from closedform.kernel.expressions.scope import MAX_TERMS
from closedform.kernel.expressions.tree import ARITY, ONE, TWO, Tree, add, free_names, head_of, power
from closedform.kernel.reading import Refused, refuse


class Jet:
    """A value, its gradient by index, and its Hessian by pairs i <= j; absent entries are zero."""

    __slots__ = ("first", "second", "value")

    def __init__(self, value: arb, first: dict[int, arb], second: dict[tuple[int, int], arb]) -> None:
        self.value, self.first, self.second = value, first, second


def _unary_trees() -> dict[str, tuple[Tree, Tree, Tree]]:
    out: dict[str, tuple[Tree, Tree, Tree]] = {}
    for head, arity in ARITY.items():
        if arity == 1 and head not in ("abs", "sign"):
            whole: Tree = (head, "u")
            try:
                once = differentiate(whole, "u")
                out[head] = (whole, once, differentiate(once, "u"))
            except Refused:
                continue
    return out


_UNARY = _unary_trees()


def _through(u: Jet, f0: arb, f1: arb, f2: arb) -> Jet:
    """f(u) from the values f, f', f'' at u."""
    first = {i: f1 * a for i, a in u.first.items()}
    second = {key: f1 * a for key, a in u.second.items()}
    items = sorted(u.first.items())
    for n, (i, a) in enumerate(items):
        scaled = f2 * a
        for j, b in items[n:]:
            key = (i, j)
            second[key] = second[key] + scaled * b if key in second else scaled * b
    return Jet(f0, first, second)


def _unary(head: str, u: Jet) -> Jet:
    known: dict[Tree, Any] = {}
    for tree in _UNARY[head]:
        if tree not in known:  # exp is its own derivative
            known[tree] = evaluate(tree, {"u": u.value})
    return _through(u, *(known[tree] for tree in _UNARY[head]))


def _plus(total: Jet, term: Jet) -> None:
    """``total += term``, in place."""
    total.value = total.value + term.value
    for i, a in term.first.items():
        total.first[i] = total.first[i] + a if i in total.first else a
    for key, a in term.second.items():
        total.second[key] = total.second[key] + a if key in total.second else a


def _times(u: Jet, v: Jet) -> Jet:
    if not v.first:
        u, v = v, u
    c = u.value
    out = Jet(c * v.value, {i: c * a for i, a in v.first.items()}, {k: c * a for k, a in v.second.items()})
    if u.first:
        d = v.value
        _plus(out, Jet(arb(0), {i: d * a for i, a in u.first.items()}, {k: d * a for k, a in u.second.items()}))
        for i, a in u.first.items():
            for j, b in v.first.items():
                key, part = (min(i, j), max(i, j)), a * b
                part = part + part if i == j else part
                out.second[key] = out.second[key] + part if key in out.second else part
    return out


def _over(
    rows: Balls, body: Tree, place: Mapping[str, int], values: Mapping[str, Any], columns: Columns, bent: bool
) -> Jet:
    """The jet of a sum over rows: by the chain rule through the affine forms of the unknowns that its body is made of."""
    forms: dict[Tree, str] = {}
    inner = in_forms(body, set(place), forms)
    at = {own: evaluate(form, values, columns) for form, own in forms.items()}
    whole = jet(inner, {own: j for j, own in enumerate(at)}, {**values, **at}, columns)

    def matrix(columns_of_balls: list[Any]) -> arb_mat:
        wide = [balls_of(c, rows) for c in columns_of_balls]
        return arb_mat(len(wide), len(rows.balls), [ball for column in wide for ball in column])

    owners = [sorted(free_names(form) & set(place)) for form in forms]
    slopes: list[list[Any]] = [
        [evaluate(differentiate(form, x), values, columns) for x in own]
        for form, own in zip(forms, owners, strict=True)
    ]
    flat = [matrix(c) for c in slopes]
    out = Jet(fold("sum", arb(0), whole.value, rows), {}, {})
    for j, d in whole.first.items():
        for x, g in zip(owners[j], (flat[j] * matrix([d]).transpose()).entries(), strict=True):
            _plus(out, Jet(arb(0), {place[x]: g}, {}))
    for (j, m), d in whole.second.items() if bent else ():
        block = flat[j] * matrix([c * d for c in slopes[m]]).transpose()
        for (a, x), (b, y) in product(enumerate(owners[j]), enumerate(owners[m])):
            if j != m or place[x] <= place[y]:
                key = (min(place[x], place[y]), max(place[x], place[y]))
                part = block[a, b] * 2 if j != m and x == y else block[a, b]
                _plus(out, Jet(arb(0), {}, {key: part}))
    return out


def in_forms(tree: Tree, unknowns: set[str], forms: dict[Tree, str]) -> Tree:
    """The tree with a name, which no user can write, for each of its largest parts that are affine in the unknowns."""
    if not free_names(tree) & unknowns:
        return tree
    if not isinstance(tree, tuple) or _affine(tree, unknowns):
        return forms.setdefault(tree, f"#{len(forms)}")
    if tree[0] == "+":
        straight = [a for a in tree[1:] if free_names(a) & unknowns and _affine(a, unknowns)]
        rest = [a for a in tree[1:] if a not in straight]
        return add(*(in_forms(a, unknowns, forms) for a in [*([add(*straight)] if straight else []), *rest]))
    return (tree[0], *(in_forms(a, unknowns, forms) for a in tree[1:]))


def _affine(tree: Tree, unknowns: set[str]) -> bool:
    if not isinstance(tree, tuple) or not free_names(tree) & unknowns:
        return True
    moving = [a for a in tree[1:] if free_names(a) & unknowns]
    return (tree[0] == "+" or (tree[0] == "*" and len(moving) == 1)) and all(_affine(a, unknowns) for a in moving)


def jet(tree: Tree, place: Mapping[str, int], values: Mapping[str, Any], columns: Columns, bent: bool = True) -> Jet:
    """The jet of ``tree`` by the names in ``place`` (name -> index), at the balls ``values``.

    Where ``bent`` is false the second derivatives are not asked for: those of sums over rows are left out.
    """
    if isinstance(tree, fmpq):
        return Jet(arb(tree), {}, {})
    if isinstance(tree, str):
        return Jet(values[tree], {place[tree]: arb(1)} if tree in place else {}, {})
    head, args = head_of(tree), tree[1:]
    if head == "sum":
        low, high = (evaluate(a, values, columns).unique_fmpz() for a in args[1:3])
        if low is None or high is None or not -1 <= high - low <= MAX_TERMS:
            refuse("a sum has no whole limits, or too many terms")
        total = Jet(arb(0), {}, {})
        index = str(args[0])
        for body, own in in_blocks(args[3], index, int(low), int(high), columns, arb):
            if isinstance(rows := own[index], Balls):
                _plus(total, _over(rows, body, place, {**values, **own}, columns, bent))
            else:
                _plus(total, jet(body, place, {**values, **own}, columns, bent))
        return total
    if head == "@":
        return Jet(evaluate(tree, values, columns), {}, {})
    if head == "+":
        total = Jet(arb(0), {}, {})
        for a in args:
            _plus(total, jet(a, place, values, columns, bent))
        return total
    parts = [jet(a, place, values, columns, bent) for a in args]
    if not any(p.first for p in parts):
        names = [f"u{i}" for i in range(len(parts))]
        plain: Tree = (head, *names) if not (head == "^" and isinstance(args[1], fmpq)) else ("^", "u0", args[1])
        return Jet(evaluate(plain, dict(zip(names, (p.value for p in parts), strict=True))), {}, {})
    if head == "*":
        whole = parts[0]
        for p in parts[1:]:
            whole = _times(whole, p)
        return whole
    if head == "^" and isinstance(args[1], fmpq):
        e, at = args[1], {"u": parts[0].value}
        f0 = evaluate(("^", "u", e), at)
        f1 = arb(e) * evaluate(power("u", add(e, fmpq(-1))), at)
        f2 = arb(0) if e == ONE else arb(e * (e - 1)) * evaluate(power("u", add(e, fmpq(-2))), at)
        return _through(parts[0], f0, f1, f2 if e != TWO else arb(2))
    if head == "^":
        log_base = _unary("log", parts[0])
        exponent = _times(parts[1], log_base)
        grown = in_rows(arb.exp, exponent.value)
        return _through(exponent, grown, grown, grown)
    if head not in _UNARY:
        refuse(f"the kernel has no derivatives of {head}")
    return _unary(head, parts[0])
