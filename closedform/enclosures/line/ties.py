"""Equal values proved: by exact forms, by a symmetry of the loss, or as the same algebraic number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flint import Ordering, arb, ctx, fmpq, fmpq_mpoly_ctx, fmpz_poly

from closedform.algebra.roots import isolate_real
from closedform.enclosures.line.cells import value_at
from closedform.enclosures.line.circles import circular_args, in_half_angle, period_of, unit_of
from closedform.enclosures.line.functions import identically_zero, put
from closedform.enclosures.line.spots import Spot, polynomial_of
from closedform.enclosures.line.stops import Stop
from closedform.kernel.algebra.rational import quotient
from closedform.kernel.expressions.balls import evaluate
from closedform.kernel.expressions.tree import MINUS, Tree, add, mul
from closedform.kernel.reading import Refused
from closedform.stationarity.location import integer_coefficients

MAX_DEGREE = 24


def equal_values(a: Stop, b: Stop) -> bool:
    """Proved: the loss has the same value at both stops."""
    s, t = a.spot or a.until, b.spot or b.until
    if s is None or t is None:
        return False
    if s.exact is not None and t.exact is not None:
        return identically_zero(add(put(a.tree, {s.x: s.exact}), mul(MINUS, put(b.tree, {t.x: t.exact}))))
    own, other = _values_of(a.tree, s), _values_of(b.tree, t)
    if own is None or other is None:
        return False
    both, bits = own * other, 1000
    u, v = a.value(bits), b.value(bits)
    if u is None or v is None or both.degree() > MAX_DEGREE:
        return False
    near = [ball for ball, _ in isolate_real(both, bits) if ball.overlaps(u) or ball.overlaps(v)]
    return len(near) == 1


def _values_of(tree: Tree, spot: Spot) -> fmpz_poly | None:
    """A polynomial over Z that vanishes at the value of the tree at the spot, where both are algebraic."""
    found = _value_polynomial(tree, spot)
    if found is not None or spot.defining is None or spot.defining[1] != 0:
        return found
    trees, x, inner = (
        (tree, spot.defining[0]),
        spot.x,
        circular_args(tree, spot.x) | circular_args(spot.defining[0], spot.x),
    )
    if len(inner) == 1:  # sin(x^2): in its argument
        (whole,) = inner
        trees, x = tuple(put(t, {whole: "u"}) for t in trees), "u"
    else:
        whole = spot.x
    unit = unit_of(trees, x)
    if unit is None:
        return None
    loss, slope = (in_half_angle(t, x, unit) for t in trees)
    poly = None if slope is None else polynomial_of(slope, "t")
    where = value_at(spot, whole, 1000)
    if loss is None or where is None or poly is None or poly.degree() < 1:
        return None
    with ctx.workprec(1000):
        tangent = (unit.ball() * where / 2).tan()
        near = [
            Spot("t", ball, poly=(part, i))
            for part, _ in poly.factor()[1]
            for i, (ball, _) in enumerate(isolate_real(part, 1000))
            if ball.overlaps(tangent)
        ]
    return _value_polynomial(loss, near[0]) if len(near) == 1 else None


def _value_polynomial(tree: Tree, spot: Spot) -> fmpz_poly | None:
    """A polynomial over Z that vanishes at the value of a rational function at a root of a polynomial."""
    if spot.rational is not None:
        poly = fmpz_poly([-int(spot.rational.p), int(spot.rational.q)])
    elif spot.poly is not None:
        poly = spot.poly[0]
    else:
        return None
    try:
        q = quotient(tree, [spot.x], {})
    except (Refused, ValueError, ArithmeticError):
        return None
    ring = fmpq_mpoly_ctx.get(["x", "v"], Ordering.lex)
    x, v = ring.gens()

    def lifted(p: Any) -> Any:
        out = ring.constant(0)
        for m, c in p.terms():
            out += c * x ** int(m[0])
        return out

    target = lifted(q.top) - v * lifted(q.bottom)
    own = ring.constant(0)
    for i, c in enumerate(poly.coeffs()):
        own += fmpq(c) * x**i
    found = own.resultant(target, "x")
    if found.is_zero():
        return None
    terms = {(int(m[1]),): c for m, c in found.terms()}
    line = fmpq_mpoly_ctx.get(["v"], Ordering.lex)
    return fmpz_poly(integer_coefficients(line.from_dict(terms)))


def symmetric(loss: Tree, a: Stop, b: Stop, stops: Sequence[Stop], x: str) -> bool:
    """Proved: a symmetry of the loss (even, or a period) takes one stop to the other, when all critical points are listed."""
    s, t = a.spot, b.spot
    if s is None or t is None or a.role != "critical" or b.role != "critical":
        return False
    u, v = s.at(200), t.at(200)
    others = [o.spot.at(200) for o in stops if o.spot is not None and o.role != "flat"]
    if (u + v).contains(0) and sum(o.overlaps(-v) for o in others) == 1:
        return (loss == a.tree and _even(loss, x)) or _even_with_switches(loss, x)
    period = period_of([loss], x)
    if period is None:
        return False
    with ctx.workprec(240):
        length = evaluate(period, {})
        turns = ((u - v) / length).unique_fmpz()
        if turns is None or turns == 0:
            near = round(float(((u - v) / length).mid()))
            if not near or not ((u - v) / length).contains(arb(near)):
                return False
            turns = near
        moved = v + length * int(turns)
    return sum(o.overlaps(moved) for o in others) == 1


def _even(tree: Tree, x: str) -> bool:
    return identically_zero(add(tree, mul(MINUS, put(tree, {x: mul(MINUS, x)}))))


def _even_with_switches(loss: Tree, x: str) -> bool:
    """Even by form: the mirrored tree is the same up to signs inside |.| and even powers."""
    return _plain(loss, x) == _plain(put(loss, {x: mul(MINUS, x)}), x)


def _plain(tree: Tree, x: str) -> Tree:
    """A normal form for comparing: sums and products sorted, |u| and u^2 without the sign of u."""
    if not isinstance(tree, tuple):
        return tree
    args = [_plain(a, x) for a in tree[1:]]
    head = str(tree[0])
    if head == "abs" or (head == "^" and isinstance(tree[2], fmpq) and tree[2].q == 1 and tree[2].p % 2 == 0):
        args[0] = _without_sign(args[0])
    if head in ("+", "*", "max", "min"):
        args.sort(key=repr)
    return (head, *args)


def _without_sign(tree: Tree) -> Tree:
    """The smaller of u and -u in the order of their texts."""
    terms = tree[1:] if isinstance(tree, tuple) and tree[0] == "+" else (tree,)
    negated = add(*(mul(MINUS, t) for t in terms))
    other = _plain(negated, "")
    return min(tree, other, key=repr)
