"""The stationarity system of a scalar problem: what must vanish, what must not, and what is known of the names."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, cast

from flint import fmpq

from closedform import expression
from closedform.algebra import bridge
from closedform.algebra.later import sp
from closedform.algebra.polynomial_loss import degree, polynomial
from closedform.algebra.sampling import Sampler, free_names
from closedform.calculus import scalar
from closedform.errors import CallError
from closedform.expression import MIRRORED, RELATIONS, Node, column_names, heads
from closedform.expression import free_names as free_names_of
from closedform.frozen import FrozenMap, record
from closedform.kernel.algebra.rational import generators
from closedform.kernel.expressions import tree as kernel
from closedform.kernel.reading import Refused
from closedform.problem import Problem
from closedform.statement import apart, columns_of
from closedform.stationarity.domain import EVERYWHERE, Domain
from closedform.stationarity.system import Outline

if TYPE_CHECKING:
    from sympy import Expr, Symbol
    from sympy.core.relational import Relational

SystemKind = Literal[
    "polynomial",  # polynomial in the unknowns, over Q(parameters)
    "rational",
    "algebraic",  # with roots of expressions in the unknowns
    "exponential",  # rational in the unknowns and in exponentials of linear forms in them
    "trigonometric",
    "transcendental",
    "piecewise",  # with abs, max, min or cases
    "sum",  # with a sum over data whose length is a symbol, which did not reduce to sufficient statistics
]


@record
class Stationarity:
    """A point is critical when every equation is zero there, no ``nonzero`` expression is, and all relations hold.

    ``gradient`` is that of ``loss`` by the unknowns in order, as differentiated (None where equations were given).
    ``equations`` may be its numerators. ``relations`` bound unknowns and parameters. ``problem`` is the one whose
    text and data the kernel differentiates again.
    """

    problem: Problem
    unknowns: tuple[Symbol, ...]
    parameters: tuple[Symbol, ...]
    loss: Expr | None
    gradient: tuple[Expr, ...] | None
    equations: tuple[Expr, ...]
    nonzero: tuple[Expr, ...] = ()
    relations: tuple[Relational, ...] = ()
    kind: SystemKind = "transcendental"
    constrained: Problem | None = None  # the problem with equality constraints whose Lagrange conditions these are
    domain: Domain = EVERYWHERE
    text: Node | None = None  # the loss as written, where these are the critical points of the problem's own loss

    @property
    def in_expressions(self) -> bool:
        return True

    def outline(self) -> Outline:
        """Gradient and Hessian by unknown, this while it is short."""
        gradient = FrozenMap({u.name: g for u, g in zip(self.unknowns, self.gradient or (), strict=False)})
        hessian = tuple[tuple[Any, ...], ...]()
        if self.gradient is not None and len(self.unknowns) <= 12 and sum(_size(g) for g in self.gradient) <= 2_000:
            upper = [[sp.diff(g, u) for u in self.unknowns[i:]] for i, g in enumerate(self.gradient)]
            size = range(len(upper))
            hessian = tuple(tuple(upper[min(i, j)][abs(i - j)] for j in size) for i in size)
        return Outline(gradient, hessian, self.equations, self.kind)


MAX_TERMS = 20_000  # of a polynomial that becomes an expression
EXPAND_LIMIT = 3_000  # nodes that a sum over given rows may become when it is written out
FEW = 250  # ... where a function stands in it that leaves no polynomial system of many rows
TRANSCENDENTAL = frozenset(("exp", "sin", "cos", "tan", "sinh", "cosh", "tanh", "atan", "erf"))


def stationarity(problem: Problem) -> Stationarity:
    """Differentiate the loss (or take the given equations), check the gradient, and clear denominators.

    Sums over given data become explicit: a polynomial loss is taken from the moments of its columns in exact arithmetic; a small other
    one is written out; a large other one stays a sum over columns, kind "transcendental" (``columns_of`` gives its data).
    Every component of the gradient has been compared with an independent derivative at random points.
    """
    table = bridge.symbols(problem)
    unknowns = tuple(table[u] for u in problem.unknowns if u in table)
    if not unknowns:
        raise CallError("the loss does not depend on any unknown")
    columns = columns_of(problem)
    rows = len(next(iter(columns.values()))) if columns else 0
    table |= {n: sp.Integer(rows) for n in _lengths(problem) if columns and n not in problem.unknowns}
    domain = Domain.of(problem)
    relations = (*_relations(problem, table), *_asked_in_sums(domain, table))
    if problem.loss is None:
        equations = tuple(_expression(e, problem, table, columns) for e in problem.equations)
        return replace(_system(problem, table, unknowns, None, None, equations, relations), domain=domain)
    loss = _expression(problem.loss, problem, table, columns)
    if loss.has(sp.zoo, sp.nan):
        raise CallError("the loss has no finite value: a part of it divides by zero or is taken at a pole")
    relations += scalar.real_domain(loss, unknowns)
    try:
        gradient = scalar.gradient(loss, unknowns)
    except ValueError as fault:
        raise CallError(f"the gradient cannot be written: {fault}") from fault
    relations = tuple(dict.fromkeys(alone(r, unknowns) for r in relations))
    bound = tuple(r for r in relations if isinstance(r, sp.Eq) and r.free_symbols & set(unknowns))
    if bound:
        return _lagrange(problem, table, unknowns, gradient, bound, tuple(r for r in relations if r not in bound))
    system = _system(problem, table, unknowns, loss, gradient, gradient, relations)
    wrong = _check(problem, system, columns)
    if wrong is not None:
        raise ArithmeticError(f"the derivative by {wrong} was refuted by an independent one")
    return replace(system, domain=domain, text=problem.loss)


def _asked_in_sums(domain: Domain, table: dict[str, Any]) -> tuple[Any, ...]:
    """What every term of a sum asks of the unknowns alone, as relations: a system in statistics has no terms left."""
    scalars = {k: v for k, v in table.items() if not isinstance(v, sp.IndexedBase)}
    out = list[Any]()
    for r in domain.own():
        indices = {index for index, _, _ in r.sums}
        if not r.sums or r.guards or r.op not in (">", ">=") or free_names_of(r.gap) & indices or column_names(r.gap):
            continue
        gap = bridge.to_sympy(r.gap, scalars)
        out.append((sp.StrictGreaterThan if r.op == ">" else sp.GreaterThan)(gap, 0, evaluate=False))
    return tuple(out)


def _lagrange(
    problem: Problem,
    table: dict[str, Any],
    unknowns: tuple[Any, ...],
    gradient: tuple[Any, ...],
    bound: tuple[Any, ...],
    relations: tuple[Any, ...],
) -> Stationarity:
    """Equality constraints: the Lagrange conditions in the unknowns and one multiplier for each constraint.

    They are necessary where the constraints' gradients are independent. The system's origin states them as equations.
    """
    values = [r.lhs - r.rhs for r in bound]
    multipliers = list[Any]()
    for k in range(len(bound)):
        name = f"multiplier_{k + 1}"
        while name in table:
            name += "_"
        multipliers.append(sp.Symbol(name, real=True))
    equations = tuple(
        g + sp.Add(*(m * sp.diff(h, u) for m, h in zip(multipliers, values, strict=True)))
        for g, u in zip(gradient, unknowns, strict=True)
    ) + tuple(values)
    everything = (*unknowns, *multipliers)
    table = {**table, **{m.name: m for m in multipliers}}
    try:
        nodes = tuple(bridge.from_sympy(e) for e in equations)
    except bridge.NoTranslation as fault:
        raise CallError(f"the Lagrange conditions cannot be written: {fault}") from fault
    origin = replace(
        problem,
        loss=None,
        unknowns=tuple(u.name for u in everything),
        equations=nodes,
        constraints=(),
        catalogue=None,
        relations=tuple(r for r in bridge.flat_relations(problem.relations) if r.head != "="),
    )
    system = _system(origin, table, everything, None, None, equations, relations)
    return replace(system, constrained=problem, domain=Domain.of(problem))


def smaller(
    system: Stationarity,
    unknowns: tuple[Any, ...],
    equations: tuple[Any, ...],
    *,
    loss: Any = None,
    relations: tuple[Any, ...] | None = None,
    nonzero: tuple[Any, ...] = (),
) -> Stationarity:
    """A system derived from another one, with its kind found anew; for reductions.

    In new unknowns, raises ``CallError`` for powers of open bases with a whole symbol as exponent: that it is whole stands in the problem,
    which the domain of the new loss does not see.
    """
    powers = loss.atoms(sp.Pow) if loss is not None and not set(unknowns) <= set(system.unknowns) else ()
    if any(p.exp.free_symbols and p.exp.is_integer and not p.base.is_positive for p in powers):
        raise CallError("where a power with a whole symbol as exponent is defined is open in a smaller system")
    relations = system.relations if relations is None else relations
    used = set[Any]().union(*(e.free_symbols for e in (*equations, *relations)))
    parameters = tuple(sorted((s for s in used if isinstance(s, sp.Symbol) and s not in unknowns), key=str))
    gradient = scalar.gradient(loss, unknowns) if loss is not None else None
    kind = _kind(equations, unknowns, loss)
    domain = Domain.of_relations(unknowns, relations, nonzero, loss)
    return Stationarity(
        system.problem, unknowns, parameters, loss, gradient, equations, nonzero, relations, kind, domain=domain
    )


def _kind(equations: tuple[Any, ...], unknowns: tuple[Any, ...], loss: Any) -> SystemKind:
    """The kind of the equations; that of a loss in cases where it jumps, which no gradient shows."""
    kind = scalar.kind_of(equations, unknowns)
    if kind != "sum" and loss is not None and loss.has(sp.Piecewise, sp.sign, sp.Heaviside):
        kind = "piecewise" if scalar.kind_of((loss,), unknowns) == "piecewise" else kind
    return cast(SystemKind, kind)


def sampler(system: Stationarity, seed: int = 0, rows: int = 4) -> Sampler:
    """Random admissible values for the unknowns and parameters of a system."""
    everything = [
        e for e in (system.loss, *(system.gradient or ()), *system.equations, *system.relations) if e is not None
    ]
    scalars, bases = free_names(everything)
    table = {s.name: s for e in everything for s in e.free_symbols if isinstance(s, sp.Symbol)}
    indexed = {str(b): b for e in everything for b in e.atoms(sp.IndexedBase)}
    lengths = {str(lim[2]) for e in everything for s in e.atoms(sp.Sum, sp.Product) for lim in s.limits}
    chosen = [table[n] for n in sorted(scalars | {u.name for u in system.unknowns}) if n in table]
    return Sampler(chosen, system.relations, [indexed[b] for b in sorted(bases)], lengths, rows, seed)


def _lengths(problem: Problem) -> set[str]:
    roots = [r for r in (problem.loss, *problem.equations) if r is not None]
    ends = {str(n.children[2].name) for r in roots for n in bridge.nodes(r) if n.head in ("sum", "prod")}
    return (ends - {"None"}) | {"n"}


def _relations(problem: Problem, table: dict[str, Any]) -> tuple[Any, ...]:
    """The relations as SymPy's, not evaluated: ``p > 0`` must stay although the symbol p is positive."""
    out = dict[Any, None]()
    scalars = {k: v for k, v in table.items() if not isinstance(v, sp.IndexedBase)}
    for r in bridge.flat_relations((*problem.relations, *problem.constraints)):
        try:
            if r.head in RELATIONS and len(r.children) == 2:
                left, right = (bridge.to_sympy(c, scalars) for c in r.children)
                if not (left.is_number and right.is_number):
                    out[sp.Rel(left, right, "==" if r.head == "=" else r.head, evaluate=False)] = None
        except bridge.NoTranslation:
            continue  # a sign of a column's entries: already among the assumptions
    return tuple(out)


def alone(r: Any, unknowns: tuple[Any, ...]) -> Any:
    """An inequality that is linear in one unknown, with a number before it, as a bound of that unknown."""
    if r.rel_op not in (">", ">=", "<", "<="):
        return r
    gap = sp.expand(r.lhs - r.rhs)
    own = gap.free_symbols & set(unknowns)
    if len(own) != 1 or own & {r.lhs, r.rhs}:
        return r
    (x,) = own
    if not gap.is_polynomial(x) or sp.degree(gap, x) != 1:
        return r
    a, b = sp.Poly(gap, x).all_coeffs()
    if not a.is_number or not a.is_real:
        return r
    op = r.rel_op if a.is_positive else MIRRORED[r.rel_op]
    return sp.Rel(x, -b / a, op, evaluate=False)


def _expression(node: Node, problem: Problem, table: dict[str, Any], columns: dict[str, list[fmpq]]) -> Any:
    if not columns:
        return _written_out(bridge.to_sympy(node, table))
    rows = len(next(iter(columns.values())))
    lengths = {n: expression.number(rows) for n in _lengths(problem) if n not in problem.unknowns}
    whole = expression.substitute(node, lengths)
    if degree(whole, frozenset(problem.unknowns)) is not None:
        form = polynomial(*apart(expression.to_tree(whole), columns, problem.unknowns), problem.unknowns)
        if form is not None and len(form) <= MAX_TERMS:
            return _from_polynomial(form, table)
    expr = bridge.to_sympy(node, table)
    limit = FEW if heads(expression.scalar_form(node)) & TRANSCENDENTAL else EXPAND_LIMIT
    if rows * sum(1 for _ in bridge.nodes(node)) > limit:
        return expr
    expr = _written_out(expr)
    entries = {
        e: bridge.sympy_rational(columns[str(e.base)][int(e.indices[0]) - 1])
        for e in expr.atoms(sp.Indexed)
        if e.indices[0].is_Integer and str(e.base) in columns
    }
    return expr.xreplace(entries)


def _from_polynomial(p: Any, table: dict[str, Any]) -> Any:
    written = dict(zip(generators(table), table.values(), strict=True))
    names = [written[n] for n in p.context().names()]
    terms = (
        sp.Mul(bridge.sympy_rational(c), *(u ** int(k) for u, k in zip(names, e, strict=True))) for e, c in p.terms()
    )
    return sp.Add(*terms)


def _written_out(expr: Any) -> Any:
    """Sums and products between two numbers written out."""
    short = {
        s: s.doit()
        for s in expr.atoms(sp.Sum, sp.Product)
        if all(hi.is_Integer and lo.is_Integer and hi - lo <= EXPAND_LIMIT for _, lo, hi in s.limits)
    }
    return expr.xreplace(short) if short else expr


def _system(
    problem: Problem,
    table: dict[str, Any],
    unknowns: tuple[Any, ...],
    loss: Any,
    gradient: tuple[Any, ...] | None,
    equations: tuple[Any, ...],
    relations: tuple[Any, ...],
) -> Stationarity:
    kind: str = _kind(equations, unknowns, loss)
    cleared, nonzero = list[Any](), dict[Any, None]()
    for e in equations:
        numerator, denominator = _fraction(e, unknowns) if kind not in ("piecewise", "sum") else (e, sp.S.One)
        cleared.append(numerator)
        for factor in sp.Mul.make_args(denominator):
            base = factor.base if isinstance(factor, sp.Pow) and factor.exp.is_Integer else factor
            if base.free_symbols & set(unknowns) and not base.is_nonzero:
                nonzero[base] = None
    if problem.data is not None and kind == "sum":
        kind = "transcendental"
    elif kind == "rational" and scalar.kind_of(cleared, unknowns) == "polynomial":
        kind = "rational" if nonzero else "polynomial"
    used = set[Any]().union(*(e.free_symbols for e in (*equations, *relations)))
    parameters = [table[p] for p in problem.parameters if isinstance(table.get(p), sp.Symbol)]
    parameters += sorted(
        (
            s
            for s in used
            if s in set(table.values()) and s not in (*unknowns, *parameters) and isinstance(s, sp.Symbol)
        ),
        key=str,
    )
    return Stationarity(
        problem,
        unknowns,
        tuple(parameters),
        loss,
        gradient,
        tuple(cleared),
        tuple(nonzero),
        relations,
        kind,
    )


def _fraction(e: Any, unknowns: tuple[Any, ...]) -> tuple[Any, Any]:
    size = _size(e)
    if size > 1_500 or e.has(sp.Sum, sp.Product):
        return e, sp.S.One
    if size > 400 and not any(
        p.exp.could_extract_minus_sign() and p.free_symbols & set(unknowns) for p in e.atoms(sp.Pow)
    ):
        return e, sp.S.One  # many exponentials have no common denominator that is of use
    numerator, denominator = sp.fraction(sp.together(e))
    if denominator.free_symbols & set(unknowns) or not denominator.is_number:
        return numerator, denominator
    return numerator / denominator, sp.S.One


def _size(e: Any) -> int:
    count, stack = 0, [e]
    while stack and count < 100_000:
        top = stack.pop()
        count += 1
        stack.extend(top.args)
    return count


def _check(problem: Problem, system: Stationarity, columns: dict[str, list[fmpq]]) -> str | None:
    """The name of an unknown whose derivative an independent one refutes, or None."""
    rows = len(next(iter(columns.values()))) if columns else 4
    if rows > 2_000 or problem.loss is None or system.gradient is None:
        return None
    lengths = {n: sp.Integer(rows) for n in _lengths(problem) if columns and n not in problem.unknowns}
    try:
        loss = problem.loss
        if lengths:
            loss = expression.substitute(loss, {n: expression.number(rows) for n in lengths})
        tree = kernel.read(expression.to_tree(expression.scalar_form(loss)))
    except Refused:
        return None
    names = [u.name for u in system.unknowns]
    return scalar.disagreement(tree, system.gradient, names, sampler(system, rows=rows), columns)
