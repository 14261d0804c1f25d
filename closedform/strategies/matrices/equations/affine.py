"""Losses whose stationarity equations are affine in each unknown: least squares in all its forms, and their kin.

The Lagrangian's gradient is solved unknown by unknown: collect ``sum L U R = C``, invert, put the value into the other
equations, go on (block elimination; multipliers last). Inverses of an unknown, as in Gaussian likelihoods, are cleared
by multiplying with it, sums ``L U + U R`` by Kronecker products. A family of minimisers is whole: see ``elimination``.
"""

from __future__ import annotations

import importlib
from dataclasses import replace

from closedform.algebra.noncommutative import polynomial as w
from closedform.algebra.noncommutative.derivative import differentiate
from closedform.algebra.noncommutative.facts import definite, gram, sign
from closedform.algebra.noncommutative.functions import content, identity_is, inverse
from closedform.algebra.noncommutative.letters import ONE, Letter
from closedform.algebra.noncommutative.naming import with_names
from closedform.algebra.noncommutative.polynomial import Poly
from closedform.algebra.noncommutative.shorten import shortened
from closedform.algebra.noncommutative.solve import Pair, Solution, collect, identity_multiple, kronecker, vanishes
from closedform.algebra.noncommutative.substitution import substitute
from closedform.algebra.noncommutative.text import display
from closedform.attempt import Attempt, Finding, Formula, finding
from closedform.budget import Budget
from closedform.emit.flops import count
from closedform.emit.solver import solver, two_terms
from closedform.frozen import FrozenMap, record
from closedform.stationarity.equalities import rewritten
from closedform.stationarity.matrix import MatrixSystem, lagrangian
from closedform.strategies.matrices.convexity import Convexity, affine, convexity
from closedform.strategies.matrices.equations.certificate import certificate
from closedform.strategies.matrices.equations.conditions import (
    consistency,
    constraint_rank,
    domain,
    granted,
    inverse_conditions,
    positive_definite,
    tidy,
)
from closedform.strategies.matrices.equations.elimination import (
    EliminationStep,
    back_substitute,
    eliminate,
    family,
    generalised,
    wide,
)

name = "matrix equation, affine in the unknown"
example = {
    "loss": "||X*a - y||^2 + lam*||a||^2",
    "unknowns": ["a"],
    "shapes": {"X": "n,k", "y": "n", "a": "k"},
    "assumptions": ["lam>0"],
}
counterexample = {"loss": "ones(n)'*exp(X*b) - y'*X*b", "unknowns": ["b"], "shapes": {"X": "n,k", "y": "n", "b": "k"}}


def declines(system: MatrixSystem) -> str | None:
    if (trouble := system.trouble_with("sym", "spd", "psd", "bounds", smooth=True)) is not None:
        return trouble
    for c in system.constraints:
        if c.kind not in ("zero", "spd", "sym", "positive"):
            return f"the constraint is not an equation: {c.kind}"
        if c.kind == "zero" and not affine(c.left, system.unknowns):
            return f"the constraint {display(c.left)} = 0 is not affine in the unknown"
    if any("orth" in system.flags(u) for u in system.unknowns):
        return "an unknown is orthogonal"
    return None


def attempt(system: MatrixSystem, budget: Budget) -> Attempt:
    loss, multipliers = lagrangian(system)
    names = {**{u: system.unknown(u) for u in system.unknowns}, **multipliers}
    if not loss.names & frozenset(system.unknowns):
        return Attempt(name, "failed", "the loss does not contain the unknown")
    equations = differentiate(loss, names)
    for u, g in equations.items():
        if u in system.unknowns and not g.zero and not g.names & frozenset(names):
            statement = f"the gradient {display(g)} by {u} does not depend on the unknowns: there is no critical point unless it is zero"
            left_out = (display(g),) if g.names else ()
            open_set = bool(system.flags(u) & {"spd", "positive"}) or u in system.facts.positive
            return Attempt(
                name,
                "no_critical_point",
                statement,
                complete=True,
                scope="formula",
                minimiser="no_critical_point",
                findings=(finding("constant slope", reason=statement, open_set=open_set, exceptions=left_out),),
            )
    singular = generalised(wide(system)) if _squares(system) else None
    steps = eliminate(equations, names, frozenset(multipliers), budget, singular, system.facts)
    if isinstance(steps, str):
        return Attempt(name, "declined", steps)
    steps = [_square_root(system, s) or s for s in steps] if len(steps) == 1 else steps
    values, hidden, order = back_substitute(steps, system.unknowns, equations, names)
    every, free = family(steps, values, frozenset({*system.names.shapes, *system.problem.parameters, *multipliers}))
    holds, agreeing = True, list[tuple[Poly, Poly]]()
    for u, g in equations.items():
        left = substitute(g, hidden)
        for v in reversed(order):
            left = substitute(left, {v: every[v]})
        if vanishes(rewritten(left, system.rules)):
            continue
        if u in multipliers and any(s.solution.ranges and s.unknown in multipliers for s in steps):
            agreeing.append(consistency(left))
        else:
            holds = False
    if (free or agreeing) and not holds:
        return Attempt(name, "failed", "the family of solutions did not rewrite the equations to zero")
    values = {u: shortened(rewritten(p, system.rules)) for u, p in values.items()}
    return _answer(system, steps, values, order, holds, Loose(every, free, tuple(agreeing)))


@record
class Loose:
    """What singular coefficients leave: the family of all solutions, its free matrices, what the data must satisfy."""

    values: dict[str, Poly]
    free: dict[str, str]
    agreeing: tuple[tuple[Poly, Poly], ...]


def _squares(system: MatrixSystem) -> bool:
    """Is the loss a sum of squares of affine residuals with weights that are not negative, so that it has a minimum?"""
    own = frozenset(system.unknowns)
    return all(
        not (p.coefficient * p.value).names & own
        or (
            p.residual is not None
            and affine(p.residual, system.unknowns)
            and not (p.coefficient.names | (p.metric.names if p.metric is not None else frozenset())) & own
            and sign(p.coefficient, system.facts) in (1, 2)
        )
        for p in system.pieces
    )


def _kronecker(steps: list[EliminationStep]) -> bool:
    return any(s.solution.kind in ("kronecker", "entrywise") for s in steps)


def _square_root(system: MatrixSystem, step: EliminationStep) -> EliminationStep | None:
    """min ||sum L U R - E||^2 through the map itself: U = K^-1 vec(E) where K is square, else by K'K."""
    active = [p for p in system.pieces if step.unknown in (p.value.names | p.coefficient.names)]
    if w.is_symmetric(system.unknown(step.unknown)):
        return None  # the map is then only known on symmetric matrices
    if (
        step.solution.kind != "kronecker"
        or len(active) != 1
        or active[0].residual is None
        or active[0].metric is not None
    ):
        return None
    rows, cols = system.shape(step.unknown)
    found = collect(active[0].residual, step.unknown, rows, cols)
    if found is None or found.flipped or found.entrywise is not None:
        return None
    kron, target = kronecker(found.plain, rows, cols), w.vec(-found.rest)
    square = (active[0].residual.rows, active[0].residual.cols) == (rows, cols)
    inner = inverse(kron) * target if square else w.product(inverse(kron.T * kron), kron.T, target)
    value = w.of_letter(Letter("unvec", (inner, rows, cols), rows, cols)) if inner.terms else w.zeros(rows, cols)
    return replace(step, solution=Solution(value, (kron,), "kronecker"))


def _two_sided_condition(system: MatrixSystem, steps: list[EliminationStep]) -> str | None:
    """When the map U -> sum L U R is injective, in the terms of the field."""
    if len(steps) != 1 or steps[0].solution.kind != "kronecker":
        return None
    kron = steps[0].solution.pivots[0]
    residual = next((p.residual for p in system.pieces if p.residual is not None), None)
    rows, cols = system.shape(steps[0].unknown)
    found = collect(residual, steps[0].unknown, rows, cols) if residual is not None else None
    if found is not None and len(system.pieces) == 1 and len(found.plain) == 2 and residual is not None:
        (a, b), (c, d) = found.plain
        if identity_multiple(a) is not None:
            (a, b), (c, d) = (c, d), (a, b)
        if identity_multiple(b) is not None and identity_multiple(c) is not None and a.rows == rows and d.cols == cols:
            left, right = a * b if b.scalar else a, d
            if right == left.T:
                return f"no two eigenvalues of {display(left)} add up to zero"
            return f"no eigenvalue of {display(left)} is minus an eigenvalue of {display(right)}"
        if (
            residual.rows == rows
            and residual.cols == cols
            and identity_multiple(c) is not None
            and identity_multiple(d) is not None
        ):
            return (
                f"no product of an eigenvalue of {display(a)} with one of {display(b)} equals "
                f"{'1' if _negative(c, d) else '-1'}"
            )
    square = residual is not None and (residual.rows, residual.cols) == (rows, cols)
    return f"{display(kron)} {'is invertible' if square else 'has full column rank'}"


def _negative(c: Poly, d: Poly) -> bool:
    s, t = identity_multiple(c), identity_multiple(d)
    return s is not None and t is not None and content(s * t)[0] < 0


# -- what is said --------------------------------------------------------------------------------------------------


def _answer(
    system: MatrixSystem,
    steps: list[EliminationStep],
    values: dict[str, Poly],
    order: tuple[str, ...],
    holds: bool,
    loose: Loose,
) -> Attempt:
    shape = convexity(system)
    given = inverse_conditions(system, {"": system.loss})[0]
    conditions, known = inverse_conditions(system, values)
    special = _two_sided_condition(system, steps)
    constrained = any(c.kind == "zero" for c in system.constraints)
    unique = True
    if shape and shape.strict is not None and not constrained and not loose.free:
        strict = [c for c in shape.strict if not granted(c, system)]
        unique = bool(conditions) or not known or not strict  # else one formula of many minimisers, where they fail
        conditions = [*given, *strict] if conditions or not known else conditions
    if special and (conditions or not known):
        conditions = [special]
    reason = shape.reason if shape else ""
    reason = reason.partition("; strictly")[0] if loose.free else reason
    findings, kind = list[Finding](), "minimum"
    if shape is None:
        reason, extra = _otherwise(system, steps)
        if reason is None:
            return Attempt(name, "declined", "the critical point was found, but nothing shows that it is a minimum")
        reason, kind = ("", reason) if reason in ("maximum", "saddle") else (reason, kind)
        conditions += [c for c in extra if c not in conditions]
    bad = domain(system, values)
    if isinstance(bad, str):
        return Attempt(name, "declined", bad)
    conditions += [c for c in bad if c not in conditions]
    for c in system.constraints:
        if c.kind == "zero":
            rank = constraint_rank(c.left, system)
            if rank and rank not in conditions:
                conditions.insert(0, rank)
    conditions = [
        *tidy(conditions),
        *(e.text for e in system.assumed),
        *(f"{display(a)} = {display(b)}" for a, b in loose.agreeing),
    ]
    kinds = [s.solution.kind for s in steps]
    source, plan = solver(system, [(u, values[u]) for u in order], constrained, kinds, loose.agreeing)
    taken = frozenset({*system.names.shapes, *system.problem.parameters, *system.unknowns})
    shown = {u: formula_text(values[u], system, taken) for u in system.unknowns}
    two = two_terms(system) if plan == "sylvester" else None
    if two is not None and two[0] == "sum" and values[system.unknowns[0]].terms:
        a, b, c = two[1:]
        shown = {system.unknowns[0]: f"sylvester({display(a)}, {display(b)}, {display(c)})"}
    listed = ", ".join(f"{u} = {t}" for u, t in shown.items())
    proof = None if loose.agreeing or system.rules else certificate(system, values, order)
    if proof is None and not holds:
        return Attempt(name, "failed", "the formula neither rewrote the equations to zero nor could the kernel test it")
    drawn = "closedform.strategies.matrices.observed"  # random data bring NumPy, which a proof does without
    if proof is None and not importlib.import_module(drawn).has_value(system, values):
        return Attempt(name, "failed", "the formula inverts a matrix that was singular at all sizes tried")
    findings.append(
        finding(
            "stationary matrices",
            constrained=constrained,
            formula=listed,
            conditions=tuple(conditions),
            means="rewritten" if holds else "kronecker" if _kronecker(steps) else "inverted",
        )
    )
    if proof is not None:
        findings.append(finding("stationary at random matrices", "proved", certificate=0))
    if kind == "minimum":
        findings.append(finding("global minimum of the matrices", reason=reason))
    else:
        findings.append(finding("no lower bound", kind=kind))
    if loose.free:
        whole = ", ".join(f"{u} = {display(loose.values[u])}" for u in system.unknowns)
        needed = tuple(inverse_conditions(system, loose.values)[0])
        findings.append(finding("affine family of minimisers", family=whole, free=loose.free, conditions=needed))
    if plan == "least squares" and not constrained and shape is not None:
        findings += _rank_statements([c for c in conditions if c in (shape.strict or ())])
    formula = Formula(FrozenMap(shown), "", tuple(conditions), reason, count(source), source)
    simple = all(system.shape(u) == (ONE, ONE) for u in system.unknowns) and "inv(" not in listed
    return Attempt(
        name,
        "solved",
        "stationarity is affine and was solved by inverses",
        formula=formula,
        complete=unique,
        minimiser="closed" if reason else None,
        expression_class="rational" if simple else "linear_algebra",
        scope="formula",
        findings=tuple(findings),
        certificates=(proof,) if proof else (),
    )


def formula_text(p: Poly, system: MatrixSystem, taken: frozenset[str]) -> str:
    """The value as text; a single square as a square, repeated parts named."""
    squares = gram(p, system.facts) if len(p.terms) > 2 else None
    if squares is not None and len(squares) == 1 and squares[0][2] is None and len(squares[0][1].terms) > 1:
        c, r, _ = squares[0]
        k, _ = content(r)
        c, r = w.scale(c, k * k), w.scale(r, 1 / k)
        body = f"||{display(r)}||^2" if p.scalar else f"({display(r)})'*({display(r)})"
        lead = display(c)
        return body if lead == "1" else f"{body}/{lead[2:]}" if lead.startswith("1/") else f"{lead}*{body}"
    return _coefficient(p, system) or with_names(p, taken)


def _coefficient(p: Poly, system: MatrixSystem) -> str | None:
    """The multiple of B that is nearest to A, tr(B'A)/||B||^2, where the loss is one square ||c B - A||^2."""
    moving = [q for q in system.pieces if q.value.names & frozenset(system.unknowns)]
    if (
        len(system.unknowns) != 1
        or not p.scalar
        or len(moving) != 1
        or moving[0].residual is None
        or moving[0].metric is not None
    ):
        return None
    residual = moving[0].residual
    found = collect(residual, system.unknowns[0], ONE, ONE)
    if found is None or len(found.plain) != 1 or found.flipped or len(p.terms) < 3:
        return None
    b, a = w.product(*found.plain[0]), -found.rest
    if p * w.trace(b.T * b) != w.trace(b.T * a) and not vanishes(p * w.trace(b.T * b) - w.trace(b.T * a)):
        return None
    left, right = (f"({display(x)})" if " " in display(x) else display(x) for x in (b.T, a))
    top = f"{left}*{right}" if b.cols == ONE else f"tr({left}*{right})"
    return f"{top}/||{display(b)}||^2"


def _otherwise(system: MatrixSystem, steps: list[EliminationStep]) -> tuple[str | None, list[str]]:
    """Minimality where the loss is not jointly convex: one unknown after the other, or the Hessian as a condition.

    "maximum" and "saddle" for a quadratic loss without a lower bound; None where nothing is known.
    """
    partial, constrained = replace(system), any(c.kind == "zero" for c in system.constraints)
    reasons, conditions = list[str](), list[str]()
    for step in steps:
        u = step.unknown
        if u not in system.unknowns:
            continue
        inner = convexity(partial, (u,))
        if inner is not None:
            reasons.append(f"{inner.reason.partition(':')[0]} in {u}")
        elif (turned := _in_inverse(partial, u)) is not None:
            reasons.append(f"{turned} in the inverse of {u}")
        else:
            pivots = step.solution.pivots
            if len(system.unknowns) == 1 and not step.cleared and len(pivots) <= 1 and system.gradient:
                found = collect(system.gradient[u], u, *system.shape(u))
                if found and len(found.plain) == 1 and all(c.kind == "zero" for c in system.constraints):
                    a, b = found.plain[0]
                    s = identity_multiple(b)
                    h = a * s if s is not None else None
                    if h is not None and not identity_is(h) and w.is_symmetric(h) and not found.flipped:
                        if definite(-h, system.facts) is not None:
                            return "maximum", []
                        statement = f"{positive_definite(h, system)} is positive definite"
                        return f"convex when {statement}", [statement]
                if found and not constrained:
                    return _by_parts(found.plain, found.flipped, system), []
            return None, []
        partial = replace(
            partial,
            pieces=tuple(
                replace(
                    p,
                    coefficient=substitute(p.coefficient, {u: step.solution.value}),
                    value=substitute(p.value, {u: step.solution.value}),
                    residual=None if p.residual is None else substitute(p.residual, {u: step.solution.value}),
                    metric=None if p.metric is None else substitute(p.metric, {u: step.solution.value}),
                )
                for p in partial.pieces
            ),
        )
    if not reasons:
        return None, []
    joined = ", then ".join(reasons)
    return (f"minimised one unknown after the other: {joined}" if len(reasons) > 1 else joined), conditions


def _by_parts(plain: tuple[Pair, ...], flipped: tuple[Pair, ...], system: MatrixSystem) -> str | None:
    """The kind of the critical point where the gradient is a U + b U' + C: U + U' has the factor a + b, U - U' has a - b."""
    totals = list[Poly]()
    for pairs in (plain, flipped):
        scales = [(identity_multiple(a), identity_multiple(b)) for a, b in pairs]
        total = w.constant(0)
        for s, t in scales:
            if s is None or t is None:
                return None
            total = total + s * t
        totals.append(total)
    signs = {sign(totals[0] + totals[1], system.facts), sign(totals[0] - totals[1], system.facts)}
    if signs <= {2}:
        return "strictly convex in the symmetric and in the skew-symmetric part"
    return "maximum" if signs <= {-2} else "saddle" if signs == {2, -2} else None


def _in_inverse(system: MatrixSystem, u: str) -> str | None:
    """Convexity after the change of variable V = U^-1 (or 1/u), which keeps critical points and minima."""
    p = system.unknown(u)
    if not p.scalar and not {"spd"} & system.flags(u):
        return None
    turned = inverse(p)
    pieces = tuple(
        replace(
            q,
            coefficient=substitute(q.coefficient * q.value, {u: turned}),
            value=w.constant(1),
            residual=None,
            metric=None,
        )
        for q in system.pieces
    )
    pieces = tuple(replace(q, coefficient=w.constant(1), value=q.coefficient) for q in pieces)
    found: Convexity | None = convexity(replace(system, pieces=pieces), (u,))
    return found.reason.partition(":")[0] if found else None


def _rank_statements(conditions: list[str]) -> list[Finding]:
    out = list[Finding]()
    if any(c.endswith("full column rank") for c in conditions):
        rank = next(c for c in conditions if c.endswith("full column rank"))
        design = rank.removesuffix(" has full column rank")
        out.append(finding("least-norm family", design=design))
    return out
