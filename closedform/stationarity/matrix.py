"""Matrix problems in words: the stationarity system of a loss with symbolic shapes.

Sums of squares are also kept as they were written: they are what convexity is read off, and what a numerically good
solver needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from closedform.algebra.noncommutative import polynomial as w
from closedform.algebra.noncommutative.derivative import differentiate, directional
from closedform.algebra.noncommutative.facts import Facts, definite
from closedform.algebra.noncommutative.functions import content, diagonal, of_fill
from closedform.algebra.noncommutative.letters import ONE, ShapeFault, Unsupported
from closedform.algebra.noncommutative.polynomial import Poly
from closedform.algebra.noncommutative.read import Names, read, size_text
from closedform.algebra.noncommutative.solve import collect, identity_multiple
from closedform.algebra.noncommutative.text import display
from closedform.expression import MIRRORED, RELATIONS, Node
from closedform.frozen import FrozenMap, record
from closedform.problem import Problem
from closedform.stationarity.equalities import Equality, Rule, equalities, flags_of, rewritten, rules_of, unused
from closedform.stationarity.system import Outline


@record
class Piece:
    """One term of the loss: ``weight * ||residual||^2`` in the metric ``metric`` (None: the identity), or any other.

    A square is ``coefficient * tr(residual' metric residual)``; otherwise ``residual`` is None and ``value`` the term.
    """

    coefficient: Poly
    value: Poly
    residual: Poly | None = None
    metric: Poly | None = None


@record
class Constraint:
    """``kind``: "zero" (``left`` is zero), "rank" (of ``left``, at most ``bound``), "atmost" (``left <= 0``), "below" (``left < 0``),
    or a property."""

    kind: str
    left: Poly
    bound: str = ""


_BINDING = frozenset({"sym", "spd", "psd", "diag", "orth", "integer", "complex"})


@record
class MatrixSystem:
    """A matrix problem in words. ``gradient`` is that of the loss alone; None where the loss is not smooth."""

    problem: Problem
    names: Names
    facts: Facts
    loss: Poly
    pieces: tuple[Piece, ...]
    unknowns: tuple[str, ...]
    constraints: tuple[Constraint, ...]
    gradient: FrozenMap[str, Poly] | None
    trouble: str = ""  # why there is no gradient
    given: Names | None = None  # the names without what the constraints add to them
    assumed: tuple[Equality, ...] = ()  # equations between data, and the rules that they give
    rules: tuple[Rule, ...] = ()

    @property
    def parameters(self) -> tuple[str, ...]:
        return self.problem.parameters

    @property
    def in_expressions(self) -> bool:
        return False

    def outline(self) -> Outline:
        """Gradient, Hessian (matrices where it is one, else an operator), the equations and their kind."""
        shown = FrozenMap({u: display(g) for u, g in shown_gradient(self).items()})
        try:
            if self.gradient is None:
                raise Unsupported(self.trouble)
            table = second(self)
            rows = tuple(
                tuple(_shown_second(table[u, v], self, v) for v in self.unknowns) for u in shown if (u, u) in table
            )
        except Unsupported:
            rows = ()
        equations = [*shown.values(), *(display(c.left) for c in self.constraints if c.kind == "zero")]
        return Outline(shown, rows, tuple(equations), "matrix")

    def shape(self, name: str) -> tuple[str, str]:
        return self.names.shapes.get(name, (ONE, ONE))

    def flags(self, name: str) -> frozenset[str]:
        return self.names.flags.get(name, frozenset())

    def unknown(self, name: str) -> Poly:
        return self.names.poly(name)

    def trouble_with(self, *allowed: str, smooth: bool = False) -> str | None:
        """A property or bound of an unknown that a strategy cannot keep, other than the allowed ones, or, where it has to be
        ``smooth``, why the loss has no gradient; None if there is none."""
        for u in self.unknowns:
            for word in sorted(self.flags(u) & _BINDING - set(allowed)):
                return f"{u} is declared {word}, which this strategy cannot keep"
            if u in self.names.shapes and "bounds" not in allowed and u in self.facts.positive | self.facts.nonnegative:
                return f"the entries of {u} are bounded, which this strategy cannot keep"
        return self.trouble if smooth and self.gradient is None else None


# -- reading -------------------------------------------------------------------------------------------------------


def matrix_system(problem: Problem) -> MatrixSystem:
    """The system of a problem of level "matrix"; raises ``ShapeFault`` or ``Unsupported``, one line each."""
    if problem.loss is None:
        raise Unsupported("estimating equations between matrices are not read yet; give the loss they come from")
    shapes = {n: (size_text(r), size_text(c)) for n, (r, c) in problem.shapes.items()}
    flags = {n: frozenset(f) for n, f in problem.properties.items()}
    facts = _facts(problem, shapes)
    for name, words in flags.items():
        rows, cols = shapes.get(name, (ONE, ONE))
        if words & {"spd", "psd", "sym", "diag", "orth"} and rows != cols and words != frozenset({"orth"}):
            raise ShapeFault(f"{name} is said to be {' '.join(sorted(words))}, but it is {rows} x {cols}, not square")
    plain = Names(FrozenMap(shapes), FrozenMap(flags))
    assumed = equalities(problem, plain)
    for name, word in flags_of(assumed, plain).items():
        flags[name] = flags.get(name, frozenset()) | {word}
    given, names = plain, Names(FrozenMap(shapes), FrozenMap(flags))  # shown is the loss as it was written
    constraints = [c for node in problem.constraints if (c := _constraint(node, names))]
    for name in problem.unknowns:  # U'U = I makes the letter itself orthogonal, so that normal forms know it
        if name in shapes and any(_orthonormal(c, names.poly(name)) for c in constraints):
            flags[name] = flags.get(name, frozenset()) | {"orth"}
        if name in shapes and any(
            c.kind == "zero" and _same_up_to_scale(c.left, names.poly(name) - names.poly(name).T)
            for c in constraints
            if shapes[name][0] == shapes[name][1]
        ):
            flags[name] = flags.get(name, frozenset()) | {"sym"}
    names = Names(FrozenMap(shapes), FrozenMap(flags))
    constraints = [c for node in problem.constraints if (c := _constraint(node, names))]
    stated = {(c.kind, c.left.key) for c in constraints}
    for u in problem.unknowns:  # a declared definiteness binds the unknown like a constraint
        for word in ("spd", "psd"):
            if word in flags.get(u, ()) and (word, u) not in stated:
                constraints.append(Constraint(word, names.poly(u)))
    loss = read(problem.loss, names)
    if not loss.scalar:
        raise ShapeFault(f"a loss must be a number, but this one is {loss.rows} x {loss.cols}")
    rules = list[Rule]()
    for e in assumed:
        if found := flags_of([e], plain):
            if not found.keys() & loss.names:
                raise unused(e)
            continue
        if rewritten(loss, mine := rules_of([e])) == loss:
            raise unused(e)
        rules += mine
    loss = rewritten(loss, rules)
    system = MatrixSystem(
        problem,
        names,
        facts,
        loss,
        _pieces(problem.loss, names, facts, frozenset(problem.unknowns)),
        problem.unknowns,
        tuple(c for c in constraints if not c.left.zero),
        None,
        given=given,
        assumed=tuple(assumed),
        rules=tuple(rules),
    )
    try:
        return replace(system, gradient=FrozenMap(differentiate(loss, {u: names.poly(u) for u in problem.unknowns})))
    except Unsupported as fault:
        return replace(system, trouble=str(fault))


def shown_gradient(system: MatrixSystem) -> dict[str, Poly]:
    """The gradient of the loss as written (the constraints not used); with kinks the one that it has almost everywhere."""
    names, node = system.given or system.names, system.problem.loss
    if system.gradient is not None and names == system.names and not system.rules:
        return dict(system.gradient)
    try:
        loss = read(node, names) if node is not None else system.loss
        return differentiate(loss, {u: names.poly(u) for u in system.unknowns}, almost=True)
    except Unsupported:
        return {}


def _facts(problem: Problem, shapes: Mapping[str, tuple[str, str]]) -> Facts:
    positive, nonnegative = set[str](), set[str]()
    for relation in problem.relations:
        if len(relation.children) != 2:
            continue
        left, right = relation.children
        head = relation.head
        if head in ("<", "<="):
            left, right, head = right, left, MIRRORED[head]
        low = right.number
        if left.name and low is not None and head in (">", ">="):
            if low > 0 or (low == 0 and head == ">"):
                positive.add(left.name)
            elif low == 0:
                nonnegative.add(left.name)
    for name, words in problem.properties.items():
        if "positive" in words:
            positive.add(name)
        if "nonnegative" in words:
            nonnegative.add(name)
    for rows, cols in shapes.values():
        positive |= {s for s in (rows, cols) if s.isidentifier()}
    return Facts(frozenset(positive), frozenset(nonnegative))


def _constraint(node: Node, names: Names) -> Constraint | None:
    kids: tuple[Node, ...] = tuple(node.children)
    if node.head not in RELATIONS and kids[0].name:
        return Constraint(node.head, names.poly(kids[0].name))
    if node.head in (">", ">="):
        kids = (kids[1], kids[0])
    if node.head != "=" and kids[0].head == "rank":
        bound = (
            size_text(kids[1])
            if node.head in ("<=", ">=")
            else size_text(Node("+", (kids[1], Node("num", (Fraction(-1),)))))
        )
        return Constraint("rank", read(kids[0].children[0], names), bound)
    if node.head == "=" and kids[0].head == "rank":
        return Constraint("rank", read(kids[0].children[0], names), size_text(kids[1]))
    left, right = (read(k, names) for k in kids)
    if left.scalar and not right.scalar:
        left = left * of_fill(right.rows, right.cols)
    if right.scalar and not left.scalar:
        right = right * of_fill(left.rows, left.cols)
    w.conform(left, right, "a constraint compares")
    kind = {"=": "zero", "<": "below", ">": "below"}.get(
        node.head, "atmost"
    )  # "below" has no edge that it could attain
    return Constraint(kind, left - right)


def _same_up_to_scale(p: Poly, q: Poly) -> bool:
    if p.zero or q.zero or (p.rows, p.cols) != (q.rows, q.cols):
        return False
    return w.scale(p, 1 / content(p)[0]) == w.scale(q, 1 / content(q)[0])


def _orthonormal(c: Constraint, u: Poly) -> bool:
    if c.kind != "zero" or u.scalar or c.left.rows != c.left.cols:
        return False
    return (
        _same_up_to_scale(c.left, u.T * u - w.eye(u.cols))
        if u.cols != ONE and c.left.rows == u.cols
        else (u.rows == u.cols and _same_up_to_scale(c.left, u * u.T - w.eye(u.rows)))
    )


# -- the loss as it was written ------------------------------------------------------------------------------------


def _pieces(
    node: Node,
    names: Names,
    facts: Facts,
    unknowns: frozenset[str],
    coefficient: Poly | None = None,
    traced: bool = False,
) -> tuple[Piece, ...]:
    """The additive terms of the loss, squares recognised where they stand."""
    coefficient = coefficient or w.constant(1)
    chain = list[tuple[Node, Poly]]()
    for f, flipped in _chain(node):
        p = read(f, names)
        if p.scalar and not p.names & unknowns:
            coefficient = coefficient * p
        else:
            chain.append((f, p.T if flipped else p))
    if not chain:
        return (Piece(coefficient, w.constant(1)),)
    if len(chain) == 1:
        f, p = chain[0]
        if f.head == "+":
            return tuple(q for k in f.children for q in _pieces(k, names, facts, unknowns, coefficient, traced))
        if f.head == "tr":
            return _pieces(f.children[0], names, facts, unknowns, coefficient, True)
        if f.head == "^" and f.children[1].number == 2 and p.scalar:
            base = f.children[0]
            return (_square(coefficient, read(base.children[0] if base.head == "norm" else base, names), None),)
    polys = [p for _, p in chain]
    for turn in range(len(polys) if traced else 1):  # any rotation of a trace will do
        turned = polys[turn:] + polys[:turn]
        i, j = 0, len(turned) - 1
        while i < j and turned[j] == w.transpose(turned[i]):
            i, j = i + 1, j - 1
        if i == j + 1 and i > 0:
            return (_square(coefficient, w.product(*turned[i:]), None),)
        if 0 < i <= j:  # tr(R' M R)
            metric = w.product(*turned[i : j + 1])
            if w.is_symmetric(metric) and definite(metric, facts) is not None:
                return (_square(coefficient, w.product(*turned[j + 1 :]), metric),)
    value = w.product(*polys)
    return (Piece(coefficient, w.trace(value) if traced else value),)


def _chain(node: Node, flipped: bool = False) -> list[tuple[Node, bool]]:
    """The factors of a product, transposed products opened; each with whether it stands transposed."""
    if node.head == "transpose":
        return _chain(node.children[0], not flipped)
    if node.head == "*":
        parts = [_chain(k, flipped) for k in node.children]
        return [f for part in (reversed(parts) if flipped else parts) for f in part]
    return [(node, flipped)]


def _square(coefficient: Poly, residual: Poly, metric: Poly | None) -> Piece:
    body = residual.T * (residual if metric is None else metric * residual)
    return Piece(coefficient, w.trace(body), residual, metric)


def lagrangian(system: MatrixSystem) -> tuple[Poly, dict[str, Poly]]:
    """The loss plus ``tr(multiplier' * constraint)`` for every equation, with the multipliers' symbols."""
    loss, multipliers = system.loss, dict[str, Poly]()
    for i, c in enumerate(c for c in system.constraints if c.kind == "zero"):
        name = f"mu{i + 1}"
        while name in system.names.shapes or name in system.problem.parameters:
            name += "_"
        multipliers[name] = w.symbol(name, c.left.rows, c.left.cols)
        loss = loss + w.trace(multipliers[name].T * c.left)
    return loss, multipliers


def second(system: MatrixSystem) -> dict[tuple[str, str], Poly]:
    """The Hessian as an operator: for unknowns U, V the derivative of the U-gradient in the direction ``d_V``."""
    out = dict[tuple[str, str], Poly]()
    for u, g in shown_gradient(system).items():
        for v in system.unknowns:
            out[u, v] = directional(g, v, w.symbol(f"d_{v}", *system.shape(v), system.flags(v) & {"sym", "spd", "psd"}))
    return out


def as_matrix(p: Poly, system: MatrixSystem, v: str) -> Poly | None:
    """The matrix of a linear map of ``d_v``: by ``vec`` where there are matrices, as R' (x) L for L d_v R.

    None where the transpose of a matrix direction stands in it (that needs a commutation matrix).
    """
    rows, cols = system.shape(v)
    found = collect(p, f"d_{v}", rows, cols)
    if found is None or not found.rest.zero or found.flipped:
        return None
    height = w.product_of_sizes(p.rows, p.cols)
    out = w.zeros(height, w.product_of_sizes(rows, cols))
    if found.entrywise is not None:
        out = out + diagonal(w.vec(found.entrywise))
    for left, right in found.plain:
        if rows == cols == ONE:
            one = w.vec(left * right)
        elif cols == ONE == right.cols:
            s = identity_multiple(right)
            if s is None:
                return None
            one = left * s
        else:
            one = w.compound("kron", right.T, left, out.rows, out.cols)
        if (one.rows, one.cols) != (out.rows, out.cols):
            return None
        out = out + one
    return out


def _shown_second(p: Poly, system: MatrixSystem, v: str) -> str:
    whole = as_matrix(p, system, v)
    return display(p if whole is None else whole)
