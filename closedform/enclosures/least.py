"""Why a point is the global minimum of a loss of numbers in several unknowns: each answer is a proof, or None.

``sublevel`` finds a box outside of which the loss is larger
than a value it takes, so that on a closed domain its least value is attained inside; ``convex`` reads convexity off
the expression by composition rules (M. Grant, S. Boyd, Y. Ye, *Disciplined convex programming*, 2006), also after
x = exp(u) in positive unknowns (posynomials; R. Duffin, E. Peterson, C. Zener, *Geometric programming*, 1967).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sympy as sp
from flint import arb

from closedform.algebra import bridge
from closedform.algebra.sampling import tree_of
from closedform.enclosures.ranges import Range, line, range_of
from closedform.kernel.expressions.tree import Tree
from closedform.kernel.reading import Refused

MAX_TERMS = 60  # of an expression that is written in several ways
REACH = (1, 2, 4, 8, 32, 1_000, 10**6)  # sides that are tried for the box


def tree_or_none(loss: Any) -> Tree | None:
    """The kernel's tree of an expression, None where it has none."""
    try:
        return tree_of(loss)
    except (bridge.NoTranslation, Refused, ValueError):
        return None


def sublevel(
    loss: Any,
    unknowns: Sequence[Any],
    value: arb,
    sides: Mapping[str, Range] | None = None,
    opened: frozenset[tuple[str, int]] = frozenset(),
) -> dict[str, Range] | None:
    """A bounded box such that the loss is larger than ``value`` at every point of ``sides`` outside of it.

    ``opened`` names the finite ends (unknown, -1 or 1) that do not belong to the domain: the box keeps away from them.

    >>> x, y = sp.symbols("x y", real=True)
    >>> box = sublevel(x**2 + sp.Abs(y) - 10*sp.cos(x), (x, y), arb(-10))
    >>> box["y"].high
    1.00000000000000
    """
    tree = tree_or_none(loss)
    if tree is None:
        return None
    whole = {u.name: (sides or {}).get(u.name, line()) for u in unknowns}
    return _shrunk(whole, lambda box: bool(range_of(tree, box).low > value), opened)


def zeros_within(
    equations: Sequence[Any],
    unknowns: Sequence[Any],
    sides: Mapping[str, Range],
    opened: frozenset[tuple[str, int]] = frozenset(),
) -> dict[str, Range] | None:
    """A bounded box that holds every common zero of the equations within ``sides``; None where none is found.

    >>> x = sp.Symbol("x", real=True)
    >>> zeros_within([x/4 - sp.sin(x)], [x], {"x": line()})["x"].high
    8.00000000000000
    """
    trees = [tree_or_none(f) for e in equations for f in _forms(e, unknowns)]
    known = [t for t in trees if t is not None]
    whole = {u.name: sides.get(u.name, line()) for u in unknowns}
    return _shrunk(whole, lambda box: any(range_of(t, box).excludes_zero() for t in known), opened)


def _forms(e: Any, unknowns: Sequence[Any]) -> list[Any]:
    """The expression, and written by Horner's rule in each unknown in which it is a polynomial: other enclosures."""
    out = [e]
    if sp.count_ops(e) < 300 and len(terms := sp.Add.make_args(sp.expand(e))) <= MAX_TERMS:
        for u in unknowns:
            powers = [t.as_coeff_exponent(u) for t in terms if t.is_polynomial(u)]
            if any(k > 1 for _, k in powers):
                out.append(_horner(powers, u) + sp.Add(*(t for t in terms if not t.is_polynomial(u))))
        out.append(sp.factor_terms(e))
    return list(dict.fromkeys(out))


def _horner(powers: Sequence[tuple[Any, Any]], u: Any) -> Any:
    """The sum of c*u^k by Horner's rule, with the coefficients as they are."""
    out = sp.S.Zero
    for k in range(int(max(k for _, k in powers)), -1, -1):
        out = out * u + sp.Add(*(c for c, j in powers if j == k))
    return out


def _shrunk(
    whole: dict[str, Range], free: Callable[[dict[str, Range]], bool], opened: frozenset[tuple[str, int]]
) -> dict[str, Range] | None:
    """The box with every infinite side (and every side in ``opened``) cut off where ``free`` holds of what is cut off."""
    box = dict(whole)
    todo = [
        (name, side)
        for name in whole
        for side in (-1, 1)
        if not (whole[name].high if side > 0 else whole[name].low).is_finite() or (name, side) in opened
    ]
    for _ in range(1 + len(todo)):
        left = list[tuple[str, int]]()
        for name, side in todo:
            own = box[name]
            for end in _cuts(own, side):
                past = Range(end, own.high) if side > 0 else Range(own.low, end)
                if free({**box, name: past}):
                    box[name] = Range(own.low, end) if side > 0 else Range(end, own.high)
                    break
            else:
                left.append((name, side))
        if not left:
            return box if all(bool(r.low <= r.high) for r in box.values()) else None
        if len(left) == len(todo):
            return None
        todo = left
    return None


def _cuts(own: Range, side: int) -> list[arb]:
    """Where a side may be cut: far out, or for a finite end that is open ever closer to it."""
    edge = own.high if side > 0 else own.low
    if not edge.is_finite():
        return [arb(side * reach) for reach in REACH if own.low < side * reach < own.high]
    other = own.low if side > 0 else own.high
    width = abs(other - edge) if other.is_finite() else arb(1)
    return [(edge - side * width * arb(10) ** -k).mid() for k in (1, 2, 4, 8, 16)]


# -- convexity by composition -------------------------------------------------------------------------------------

CONSTANT, AFFINE, CONVEX, CONCAVE, OPEN = "constant", "affine", "convex", "concave", "open"
_TURNED = {CONVEX: CONCAVE, CONCAVE: CONVEX}


def convex(loss: Any, unknowns: Sequence[Any], sides: Mapping[str, Range]) -> bool:
    """Is the loss convex on a convex domain within ``sides``, by composition rules?

    >>> x, y = sp.symbols("x y", real=True)
    >>> convex(-sp.log(x) - sp.log(1 - x - y) + sp.exp(x - y)**2, (x, y), {"x": line(), "y": line()})
    True
    """
    return _shape(loss, set(unknowns), sides) in (CONSTANT, AFFINE, CONVEX)


def geodesically_convex(loss: Any, unknowns: Sequence[Any], sides: Mapping[str, Range]) -> bool:
    """Is the loss convex in u where x = exp(u) for every positive unknown x that allows it?"""
    own = [u for u in unknowns if u.is_positive]
    if not own:
        return False
    logs = {u: sp.Symbol(u.name, real=True) for u in own}
    turned = sp.expand(loss).subs({u: sp.exp(v) for u, v in logs.items()}, simultaneous=True)
    turned = sp.Add(*(sp.powsimp(sp.expand_log(t, force=True)) for t in sp.Add.make_args(turned)))
    free = {**sides, **{u.name: line() for u in own}}
    return convex(turned, [logs.get(u, u) for u in unknowns], free)


def _shape(e: Any, own: set[Any], sides: Mapping[str, Range]) -> str:
    if not e.free_symbols & own:
        return CONSTANT
    if e in own:
        return AFFINE
    if isinstance(e, sp.Add):
        return _of_sum(e, own, sides)
    if isinstance(e, sp.Mul):
        return _of_product(e, own, sides)
    if isinstance(e, sp.Pow):
        return _of_power(e, own, sides)
    if isinstance(e, (sp.Max, sp.Min)):
        shapes = {_shape(a, own, sides) for a in e.args}
        wanted = CONVEX if isinstance(e, sp.Max) else CONCAVE
        return wanted if shapes <= {CONSTANT, AFFINE, wanted} else OPEN
    if len(e.args) != 1:
        return OPEN
    inner = _shape(e.args[0], own, sides)
    return _of_function(e, inner, _range(e.args[0], sides), own, sides)


def _of_sum(e: Any, own: set[Any], sides: Mapping[str, Range]) -> str:
    """The terms; those of degree two at most count as one where they are together a convex quadratic."""
    names = sorted(own & e.free_symbols, key=str)
    flat = [t for t in e.args if t.is_polynomial(*names) and sp.Poly(t, *names).total_degree() <= 2]
    shapes = [_shape(t, own, sides) for t in e.args if t not in flat]
    if flat:
        hessian = sp.hessian(sp.Add(*flat), names)
        apart = _shape_of_sum([_shape(t, own, sides) for t in flat])
        if apart == OPEN and len(names) <= 8 and hessian.is_positive_semidefinite:
            apart = CONVEX
        shapes.append(apart)
    return _shape_of_sum(shapes)


def _shape_of_sum(shapes: Sequence[str]) -> str:
    found = set(shapes) - {CONSTANT}
    if not found:
        return CONSTANT
    if found == {AFFINE}:
        return AFFINE
    for word in (CONVEX, CONCAVE):
        if found <= {AFFINE, word}:
            return word
    return OPEN


def _range(e: Any, sides: Mapping[str, Range]) -> Range:
    tree = tree_or_none(e)
    return range_of(tree, sides) if tree is not None else line()


def _of_product(e: Any, own: set[Any], sides: Mapping[str, Range]) -> str:
    constant, rest = e.as_independent(*own, as_Add=False)
    if constant != 1:
        inner = _shape(rest, own, sides)
        if constant.is_negative:
            return _TURNED.get(inner, inner)
        return inner if constant.is_positive else OPEN if inner != CONSTANT else CONSTANT
    exponential = sp.powsimp(e)
    if isinstance(exponential, sp.exp):
        return _shape(exponential, own, sides)
    return _of_quotient(e, own, sides)


def _of_quotient(e: Any, own: set[Any], sides: Mapping[str, Range]) -> str:
    """A square (or even power) of an affine form over one that is positive; x log x and its kin."""
    top, bottom = sp.fraction(e)
    if bottom != 1 and _shape(bottom, own, sides) == AFFINE and _range(bottom, sides).low >= 0:
        base, power = top.as_base_exp()
        if power.is_Integer and power.is_even and power.is_positive and _shape(base, own, sides) in (AFFINE, CONSTANT):
            return CONVEX
    logs = [f for f in e.args if isinstance(f, sp.log)]
    if len(logs) == 1:
        ratio = sp.simplify(e / logs[0] / logs[0].args[0])
        if ratio.is_number and _shape(logs[0].args[0], own, sides) == AFFINE:
            return CONVEX if ratio.is_positive else CONCAVE
    return OPEN


def _of_power(e: Any, own: set[Any], sides: Mapping[str, Range]) -> str:
    base, power = e.base, e.exp
    if power.free_symbols & own:
        if base.is_positive and base.is_number and _shape(power, own, sides) == AFFINE:
            return CONVEX
        if base is sp.E and _shape(power, own, sides) == CONVEX:
            return CONVEX
        return OPEN
    if not power.is_real:
        return OPEN
    inner, values = _shape(base, own, sides), _range(base, sides)
    if power.is_Integer and power.is_even and power.is_positive:
        if inner == AFFINE or (inner == CONVEX and values.low >= 0) or (inner == CONCAVE and values.high <= 0):
            return CONVEX
        return OPEN
    positive = values.low >= 0 or not power.is_integer  # a power that is no integer is real on this side only
    if not positive:
        return OPEN
    if power > 1:
        return CONVEX if inner == AFFINE or (inner == CONVEX and values.low >= 0) else OPEN
    if power > 0:
        if power == sp.S.Half and _norm(base, own):
            return CONVEX
        return CONCAVE if inner in (AFFINE, CONCAVE) else OPEN
    return CONVEX if inner in (AFFINE, CONCAVE) else OPEN


def _norm(base: Any, own: set[Any]) -> bool:
    """Is the square root of it the length of an affine map: a sum of squares with a positive semidefinite whole form?"""
    names = sorted(own & base.free_symbols, key=str)
    if not base.is_polynomial(*names) or sp.Poly(base, *names).total_degree() != 2 or len(names) > 6:
        return False
    one = sp.Dummy()
    form = sp.Add(
        *(
            c * one ** (2 - sum(m)) * sp.Mul(*(u**k for u, k in zip(names, m, strict=True)))
            for m, c in sp.Poly(base, *names).terms()
        )
    )
    return bool(sp.hessian(form, [*names, one]).is_positive_semidefinite)


_CONVEX_EVEN = (sp.cosh, sp.Abs)


def _of_function(e: Any, inner: str, values: Range, own: set[Any], sides: Mapping[str, Range]) -> str:
    if isinstance(e, sp.exp):
        return CONVEX if inner in (AFFINE, CONVEX) else OPEN
    if isinstance(e, sp.log):
        if _log_convex(e.args[0], own, sides):
            return CONVEX
        return CONCAVE if inner in (AFFINE, CONCAVE) else OPEN
    if isinstance(e, _CONVEX_EVEN):
        if inner == AFFINE or (inner == CONVEX and values.low >= 0) or (inner == CONCAVE and values.high <= 0):
            return CONVEX
        return OPEN
    if isinstance(e, sp.loggamma):
        return CONVEX if inner == AFFINE and values.low >= 0 else OPEN
    if isinstance(e, (sp.sinh, sp.tanh, sp.atan)):
        rising = isinstance(e, sp.sinh)
        if values.low >= 0 and inner in ((AFFINE, CONVEX) if rising else (AFFINE, CONCAVE)):
            return CONVEX if rising else CONCAVE
        if values.high <= 0 and inner in ((AFFINE, CONCAVE) if rising else (AFFINE, CONVEX)):
            return CONCAVE if rising else CONVEX
    return OPEN


def _log_convex(e: Any, own: set[Any], sides: Mapping[str, Range]) -> bool:
    """Is log(e) convex: a sum of products of positive constants and exponentials of convex functions?"""
    if isinstance(e, sp.Add):
        return all(_log_convex(t, own, sides) for t in e.args)
    if isinstance(e, sp.Mul):
        return all(_log_convex(f, own, sides) for f in e.args)
    if not e.free_symbols & own:
        return bool(e.is_positive)
    if isinstance(e, sp.exp):
        return _shape(e.args[0], own, sides) in (AFFINE, CONVEX)
    if isinstance(e, sp.cosh):
        return _shape(e.args[0], own, sides) == AFFINE
    if isinstance(e, sp.Pow) and e.exp.is_number and e.exp.is_positive:
        return _log_convex(e.base, own, sides)
    return False
