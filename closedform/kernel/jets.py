"""Values with first and second derivatives, in balls: forward differentiation of a kernel tree.

At every point of the given balls the true value, gradient and Hessian lie in the balls returned; where the function
is not twice differentiable on all of the box, a ball is not finite or the tree is refused.
"""

from __future__ import annotations

from collections.abc import Mapping

from flint import arb, fmpq

from closedform.kernel.balls import MAX_TERMS, Columns, evaluate
from closedform.kernel.expression import (
    ARITY,
    ONE,
    TWO,
    Tree,
    add,
    differentiate,
    head_of,
    power,
)
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


def jet(tree: Tree, place: Mapping[str, int], values: Mapping[str, arb], columns: Columns) -> Jet:
    """The jet of ``tree`` by the names in ``place`` (name -> index), at the balls ``values``."""
    if isinstance(tree, fmpq):
        return Jet(arb(tree), {}, {})
    if isinstance(tree, str):
        return Jet(values[tree], {place[tree]: arb(1)} if tree in place else {}, {})
    head, args = head_of(tree), tree[1:]
    if head == "sum":
        low, high = (evaluate(a, values, columns).unique_fmpz() for a in args[1:3])
        if low is None or high is None or high - low > MAX_TERMS:
            refuse("a sum has no whole limits, or too many terms")
        total = Jet(arb(0), {}, {})
        for i in range(int(low), int(high) + 1):
            _plus(total, jet(args[3], place, {**values, str(args[0]): arb(i)}, columns))
        return total
    if head == "@":
        return Jet(evaluate(tree, values, columns), {}, {})
    if head == "+":
        total = Jet(arb(0), {}, {})
        for a in args:
            _plus(total, jet(a, place, values, columns))
        return total
    parts = [jet(a, place, values, columns) for a in args]
    if not any(p.first for p in parts):
        names = [f"u{i}" for i in range(len(parts))]
        plain: Tree = (head, *names) if not (head == "^" and isinstance(args[1], fmpq)) else ("^", "u0", args[1])
        return Jet(evaluate(plain, dict(zip(names, (p.value for p in parts), strict=True))), {}, {})
    if head == "*":
        product = parts[0]
        for p in parts[1:]:
            product = _times(product, p)
        return product
    if head == "^" and isinstance(args[1], fmpq):
        e, at = args[1], {"u": parts[0].value}
        f0 = evaluate(("^", "u", e), at)
        f1 = arb(e) * evaluate(power("u", add(e, fmpq(-1))), at)
        f2 = arb(0) if e == ONE else arb(e * (e - 1)) * evaluate(power("u", add(e, fmpq(-2))), at)
        return _through(parts[0], f0, f1, f2 if e != TWO else arb(2))
    if head == "^":
        log_base = _through(parts[0], *(evaluate(t, {"u": parts[0].value}) for t in _UNARY["log"]))
        exponent = _times(parts[1], log_base)
        grown = exponent.value.exp()
        return _through(exponent, grown, grown, grown)
    if head not in _UNARY:
        refuse(f"the kernel has no derivatives of {head}")
    return _through(parts[0], *(evaluate(t, {"u": parts[0].value}) for t in _UNARY[head]))
