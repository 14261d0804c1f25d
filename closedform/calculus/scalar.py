"""Gradients of scalar losses, their independent check, the kind of an equation, and where a loss is real.

The gradient is SymPy's; before anything is made of it, every component is compared in balls at random admissible points
with the derivative that the kernel takes of the text as it was read (or, where the kernel has no rule, with a central
difference of the loss in high precision).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from flint import arb, ctx, fmpq

from closedform.algebra.later import sp
from closedform.algebra.sampling import Sample, Sampler, real_ball, tree_of
from closedform.kernel.expressions import tree as kernel
from closedform.kernel.expressions.derivatives import differentiate
from closedform.kernel.reading import Refused


@cache
def _piecewise() -> tuple[Any, ...]:
    return sp.Abs, sp.Max, sp.Min, sp.Piecewise, sp.sign, sp.Heaviside


@cache
def _circular() -> tuple[Any, ...]:
    return sp.sin, sp.cos, sp.tan, sp.cot, sp.sec, sp.csc


@cache
def _exponential() -> tuple[Any, ...]:
    return sp.sinh, sp.cosh, sp.tanh, sp.coth, sp.exp


def gradient(loss: Any, unknowns: Sequence[Any]) -> tuple[Any, ...]:
    """The partial derivatives of ``loss``; raises ``ValueError`` where SymPy leaves one unevaluated."""
    products = {p: sp.Dummy("p") for p in loss.atoms(sp.Product)}
    image = loss.xreplace(products)
    out = tuple(
        (
            derivative(image, u) + sp.Add(*(sp.diff(image, d) * d * _log_derivative(p, u) for p, d in products.items()))
        ).xreplace({d: p for p, d in products.items()})
        for u in unknowns
    )
    for g in out:
        if any(not isinstance(d.expr, sp.zeta) for d in g.atoms(sp.Derivative)):
            raise ValueError("a part of the loss has no derivative that can be written")
    return tuple(g.replace(sp.Heaviside, step) for g in out)


def derivative(e: Any, u: Any) -> Any:
    """By ``u``, with a power v^k for a whole symbol k as k*v^(k - 1)*v': SymPy's k*v^k*v'/v has a pole at v = 0."""
    whole = {
        p: sp.Dummy("w", real=p.is_real)
        for p in e.atoms(sp.Pow)
        if p.exp.free_symbols and p.exp.is_integer and not p.base.is_positive and u not in p.exp.free_symbols
    }
    if not whole:
        return sp.diff(e, u)
    image = e.xreplace(whole)
    chain = (sp.diff(image, w) * p.exp * p.base ** (p.exp - 1) * derivative(p.base, u) for p, w in whole.items())
    return (sp.diff(image, u) + sp.Add(*chain)).xreplace({w: p for p, w in whole.items()})


def step(z: Any, *_: Any) -> Any:
    """SymPy's Heaviside function in the words of the text language, which has no name for it."""
    return (1 + sp.sign(z)) / 2


def _log_derivative(product: Any, u: Any) -> Any:
    f = product.function
    return sp.Sum(sp.cancel(sp.diff(f, u) / f), *product.limits) if u in f.free_symbols else sp.S.Zero


def disagreement(
    loss: kernel.Tree,
    gradient: Sequence[Any],
    names: Sequence[str],
    sampler: Sampler,
    columns: dict[str, list[fmpq]] | None = None,
    points: int = 2,
) -> str | None:
    """The first component that an independent derivative refutes at a random point, or None.

    Independent: the kernel's derivative of the tree as read, else a central difference in 400 bits. Where neither can
    be evaluated nothing is refuted.
    """
    trees = list[kernel.Tree | None]()
    for g in gradient:
        try:
            trees.append(tree_of(g))
        except (ValueError, Refused):
            trees.append(None)
    for sample in sampler.draws(points):
        here = Sample(sample.values, {**sample.columns, **(columns or {})})
        for name, tree in zip(names, trees, strict=True):
            if tree is None or name not in here.values:
                continue
            own = real_ball(tree, here, 200)
            other = _independent(loss, name, here)
            if own is not None and other is not None and not own.overlaps(other):
                return name
    return None


def _independent(loss: kernel.Tree, name: str, sample: Sample) -> arb | None:
    try:
        out = real_ball(differentiate(loss, name), sample, 200)
        if out is not None:
            return out
    except Refused:
        pass
    h = fmpq(1, 2**60)
    at = sample.values[name]
    up = real_ball(loss, sample.with_values({name: at + h}), 400)
    down = real_ball(loss, sample.with_values({name: at - h}), 400)
    if up is None or down is None:
        return None
    previous = ctx.prec
    ctx.prec = 300
    try:
        slope = (up - down) / arb(2 * h)
        return slope + arb(0, 1e-20) * (1 + abs(slope))
    finally:
        ctx.prec = previous


def kind_of(equations: Sequence[Any], unknowns: Sequence[Any]) -> str:
    """The kind of a system in the words of ``stationarity.SystemKind``; sums without unknowns count as parameters."""
    own = set(unknowns)
    found = set[str]()
    for e in equations:
        stack = [e]
        while stack:
            node = stack.pop()
            if not (node.free_symbols & own) or isinstance(node, sp.Symbol):
                continue
            if isinstance(node, (sp.Sum, sp.Product)):
                return "sum"
            if isinstance(node, _piecewise()):
                found.add("piecewise")
            elif isinstance(node, _circular()):
                found.add("trigonometric")
                if not _linear(node.args[0], own):
                    found.add("transcendental")
                continue
            elif isinstance(node, _exponential()) or (isinstance(node, sp.Pow) and node.exp.free_symbols & own):
                found.add("exponential")
                argument = node.args[0] if not isinstance(node, sp.Pow) else node.exp
                if not _linear(argument, own) or (isinstance(node, sp.Pow) and node.base.free_symbols & own):
                    found.add("transcendental")
                continue
            elif isinstance(node, sp.Pow):
                if node.exp.is_Integer:
                    if node.exp < 0:
                        found.add("rational")
                elif node.exp.is_Rational:
                    found.add("algebraic")
                else:
                    found.add("transcendental")
            elif not isinstance(node, (sp.Add, sp.Mul)):
                found.add("transcendental")
            stack.extend(node.args)
    for kind in ("piecewise", "transcendental"):
        if kind in found:
            return kind
    if len(found - {"rational"}) > 1:
        return "transcendental"
    for kind in ("exponential", "trigonometric", "algebraic", "rational"):
        if kind in found:
            return kind
    return "polynomial"


def _linear(argument: Any, own: set[Any]) -> bool:
    return all(not (argument.diff(u).free_symbols & own) for u in own & argument.free_symbols)


def real_domain(loss: Any, unknowns: Sequence[Any]) -> tuple[Any, ...]:
    """Relations under which every logarithm and root of even order in the loss is real, where that is not plain.

    An argument whose sign SymPy derives from the assumptions needs no relation.
    """
    own = set(unknowns)
    out = dict[Any, None]()
    if loss.has(*_piecewise()):
        return ()
    for node in sp.preorder_traversal(loss):
        if isinstance(node, (sp.Sum, sp.Product)):
            return ()
        if not node.free_symbols & own:
            continue
        if isinstance(node, (sp.log, sp.loggamma)) and not node.args[0].is_positive:
            argument = node.args[0]
            if not (isinstance(argument, sp.Abs) or _plainly_positive(argument)):
                out[sp.Gt(argument, 0)] = None
        elif (
            isinstance(node, sp.Pow)
            and node.exp.is_number
            and not node.exp.is_integer
            and not node.base.is_nonnegative
            and not _plainly_positive(node.base)
        ):
            out[(sp.Gt if node.exp.is_negative else sp.Ge)(node.base, 0)] = None
    strict = {r.lhs for r in out if isinstance(r, sp.StrictGreaterThan)}
    return tuple(
        r for r in out if r not in (sp.true, sp.false) and not (isinstance(r, sp.GreaterThan) and r.lhs in strict)
    )


def _plainly_positive(argument: Any) -> bool:
    expanded = sp.expand(argument)
    return bool(expanded.is_positive or sp.factor_terms(argument).is_positive)


def generators(equation: Any, x: Any) -> tuple[set[Any], bool]:
    """The maximal subexpressions in which the equation is a polynomial, x itself aside; and whether x occurs bare."""
    found, bare = set[Any](), False
    stack = [equation]
    while stack:
        e = stack.pop()
        if x not in e.free_symbols:
            continue
        if e == x:
            bare = True
        elif isinstance(e, (sp.Add, sp.Mul)):
            stack.extend(e.args)
        elif isinstance(e, sp.Pow) and e.exp.is_Integer and e.exp > 0:
            stack.append(e.base)
        else:
            found.add(e)
    return found, bare
